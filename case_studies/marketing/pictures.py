"""The figures of the marketing report: spending now and then, and the curves with where one is on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from domains.optimization import ResponseCurves
from shared.reporting import Figure
from shared.reporting.figures import add_legend, draw, finish_axes

from .learning import Learnt
from .plan import Plan

__all__ = ["draw_curves", "draw_spending"]

MOST_CHANNELS = 12  # whose curves are drawn, those with most money first
SHORT = 28  # letters of a name beside a bar


def draw_spending(plan: Plan, learnt: Learnt) -> Figure:
    """Bars of what is spent now and what to spend, with the range over draws.

    Parameters
    ----------
    plan : Plan
    learnt : Learnt

    >>> import pandas as pd
    >>> from shared.decision import Decision
    >>> decision = Decision("optimal", pd.DataFrame({"value": [2.0], "low": 1.0, "high": 3.0}, ["tv"]))
    >>> now = pd.Series({"tv": 2.0})
    >>> plan = Plan(decision, None, now, now, np.zeros(2), np.zeros(2), pd.DataFrame())
    >>> from types import SimpleNamespace
    >>> history = SimpleNamespace(period="week")
    >>> draw_spending(plan, Learnt(history, None, None)).alt
    'Bars: spending now and by the split, by channel.'
    """
    values = plan.decision.values.loc[plan.spend.sort_values(kind="stable").index]
    places = np.arange(len(values))

    def paint(axes: Any, colours: Mapping[str, str]) -> None:
        axes.barh(places + 0.19, plan.now[values.index], height=0.34, color=colours["soft"], label="now")
        axes.barh(
            places - 0.19,
            values["value"],
            height=0.34,
            color=colours["accent"],
            label="best split" if plan.go else "not recommended",
        )
        axes.hlines(places - 0.19, values["low"], values["high"], color=colours["ink"], linewidth=1, label="over draws")
        names = [str(name) for name in values.index]
        axes.set_yticks(places, [one if len(one) <= SHORT else f"{one[: SHORT - 1]}…" for one in names])
        axes.grid(visible=False, axis="y")
        finish_axes(axes, f"a {learnt.history.period}", "")
        axes.xaxis.set_major_formatter("{x:,.0f}" if plan.total >= 100 else "{x:,.3g}")
        add_legend(axes)

    word = "best split" if plan.go else "split that the curves favour, not recommended"
    return draw(
        paint,
        alt="Bars: spending now and by the split, by channel.",
        caption=f"Spending now, and the {word}; the lines show where the best amounts lie if curves are drawn again.",
        size=(6.0, max(1.8, 0.5 * len(values) + 1.0)),
    )


def draw_curves(plan: Plan, learnt: Learnt, truth: ResponseCurves | None = None) -> list[Figure]:
    """A picture a channel: its curve from the least to the most seen, the band, and where spending is.

    Parameters
    ----------
    plan : Plan
    learnt : Learnt
    truth : ResponseCurves, optional
        What is really so, where that is known.

    >>> import pandas as pd
    >>> from domains.optimization import BayesianResponseModel
    >>> from shared.decision import Decision
    >>> table = pd.DataFrame({"y": range(40), "tv": [1.0, 2.0, 4.0, 3.0] * 10})
    >>> from types import SimpleNamespace
    >>> seen = {"spend": table[["tv"]], "most": table[["tv"]].max(), "channels": ("tv",)}
    >>> history = SimpleNamespace(period="week", response="y", **seen)
    >>> model = BayesianResponseModel(n_draws=20, sweeps=20, evaluations=100).fit(history.spend, table["y"])
    >>> decision, now = Decision("optimal", pd.DataFrame({"value": [3.0]}, ["tv"])), pd.Series({"tv": 2.0})
    >>> plan = Plan(decision, None, now, now, np.zeros(2), np.zeros(2), pd.DataFrame())
    >>> [one.alt for one in draw_curves(plan, Learnt(history, model, None))]
    ['Curve of tv with its band, and spending now and by the split.']
    """
    most = learnt.history.most
    chosen = plan.now.sort_values(ascending=False, kind="stable").index[:MOST_CHANNELS]
    places = {name: place for place, name in enumerate(learnt.history.channels)}
    return [_draw_curve(str(name), places[name], float(most[name]), plan, learnt, truth) for name in chosen]


def _draw_curve(name: str, place: int, most: float, plan: Plan, learnt: Learnt, truth: ResponseCurves | None) -> Figure:
    at = np.linspace(float(learnt.history.spend[name].min()), most, 60)
    now, then = float(plan.now[name]), float(plan.spend[name])
    one = np.array([place])

    def over_now(curves: ResponseCurves, x: Any) -> Any:
        """What is sold more than with today's spending: the level itself the table cannot tell."""
        part = curves.take(one)
        return part.value(np.asarray(x)[:, None])[:, 0] - part.value(np.array([now]))[0]

    drawn = np.array([over_now(curves, at) for curves in learnt.model.steady_draws_])
    low, high = np.percentile(drawn, [5, 95], axis=0)

    def paint(axes: Any, colours: Mapping[str, str]) -> None:
        axes.fill_between(at, low, high, color=colours["accent"], alpha=0.15, linewidth=0, label="90 %")
        axes.plot(at, drawn.mean(axis=0), color=colours["accent"], label="curve")
        if truth is not None:
            axes.plot(at, over_now(truth, at), color=colours["third"], linestyle=(0, (4, 3)), label="simulator's truth")
        axes.plot([now], [0.0], "o", color=colours["soft"], label="now")
        mean = float(np.mean([over_now(curves, [then])[0] for curves in learnt.model.steady_draws_]))
        if len(plan.now) > 1:
            axes.plot([then], [mean], "D", color=colours["second"], label="split")
        finish_axes(axes, f"spent a {learnt.history.period}", f"{name}: {learnt.history.response} beyond today's")
        axes.xaxis.set_major_formatter("{x:,.0f}" if most >= 100 else "{x:,.3g}")
        add_legend(axes)

    return draw(paint, alt=f"Curve of {name} with its band, and spending now and by the split.", size=(6.0, 2.6))
