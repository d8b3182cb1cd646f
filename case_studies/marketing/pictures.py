"""The figures of the marketing report: spending now and then, and the curves with where one is on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from domains.optimization import ResponseCurves
from shared.reporting import Figure
from shared.reporting.figures import NARROW, SIZE, add_legend, draw, finish_axes, is_narrow
from shared.text import format_value

from .learning import Learnt
from .plan import Plan
from .sayings import say_largest_change, say_next
from .settings import MarketingSettings
from .tables import Tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes


__all__ = ["draw_curves", "draw_spending"]

MOST_CHANNELS = 12  # whose curves are drawn, those with most money first
SHORT = 28  # letters of a name beside a bar


def draw_spending(plan: Plan, learnt: Learnt, tables: Tables, settings: MarketingSettings) -> Figure:
    """Bars of what is spent now and what to spend, with the range over draws.

    Parameters
    ----------
    plan : Plan
    learnt : Learnt
    tables : Tables
    settings : MarketingSettings

    >>> from .example import SETTINGS, make_example
    >>> learnt, plan, tables = make_example()
    >>> draw_spending(plan, learnt, tables, SETTINGS).caption
    'Spending now, and to spend; the thin lines show where amounts lie if curves are drawn again.'
    """
    rows = tables.plan.sort_values("spend", ascending=False, kind="stable").head(MOST_CHANNELS)
    places = -np.arange(len(rows), dtype=float)
    names = [shorten(str(name)) for name in rows["channel"]]
    now, then, low, high = (rows[name].to_numpy(dtype=float) for name in ("now", "spend", "low", "high"))
    split = "to spend" if plan.go else "not recommended"
    unit = f", {settings.currency}" if settings.currency else ""

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        height = 0.27 if is_narrow(axes) else 0.36
        axes.barh(places + height / 2, now, height=height, color=colours["soft"], label="now")
        axes.barh(places - height / 2, then, height=height, color=colours["accent"], label=split)
        axes.hlines(places - height / 2, low, high, color=colours["ink"], linewidth=1, label="range over draws")
        for place, value, end in zip(places, then, np.fmax(then, high), strict=True):
            where = (end, place - height / 2)
            axes.annotate(format_value(value), where, (4, 0), textcoords="offset points", va="center", ha="left")
        if is_narrow(axes):
            axes.set_yticks([])
            left = axes.get_yaxis_transform()
            for place, name in zip(places, names, strict=True):
                axes.annotate(name, (0.0, place + 0.32), xycoords=left, va="bottom", ha="left")
            axes.set_ylim(places.min() - 0.45, 0.75)
        else:
            axes.set_yticks(places, names)
        axes.grid(visible=False, axis="y")
        finish_axes(axes, f"a {learnt.history.period}{unit}", "")
        axes.xaxis.set_major_formatter("{x:,.0f}" if plan.total >= 100 else "{x:,.3g}")
        axes.margins(x=0.1)
        add_legend(axes, ends=False)

    word = "to spend" if plan.go else "what the curves favour, which is not recommended"
    return draw(
        paint,
        alt="Bars: spending now and by the split, by channel.",
        caption=f"Spending now, and {word}; the thin lines show where amounts lie if curves are drawn again.",
        title=say_largest_change(tables, settings) if plan.go else "What the curves favour, not recommended",
        size=(SIZE[0], max(1.8, 0.46 * len(rows) + 0.9)),
        narrow=(NARROW, max(1.8, 0.56 * len(rows) + 0.9)),
        data=tables.plan,
    )


def shorten(name: str) -> str:
    """Keep a name beside a bar short.

    >>> shorten("a" * 40)[-3:]
    'aa…'
    """
    return name if len(name) <= SHORT else f"{name[: SHORT - 1]}…"


def draw_curves(plan: Plan, learnt: Learnt, tables: Tables, truth: ResponseCurves | None = None) -> list[Figure]:
    """A picture a channel: its curve from the least to the most seen, the band, and where spending is.

    Parameters
    ----------
    plan : Plan
    learnt : Learnt
    tables : Tables
    truth : ResponseCurves, optional
        What is really so, where that is known.

    >>> from .example import make_example
    >>> learnt, plan, tables = make_example()
    >>> [figure.alt for figure in draw_curves(plan, learnt, tables)][0]
    'Curve of web with its band, and spending now and by the split.'
    """
    most = learnt.history.most
    chosen = plan.now.sort_values(ascending=False, kind="stable").index[:MOST_CHANNELS]
    places = {name: place for place, name in enumerate(learnt.history.channels)}
    return [
        _draw_curve(str(name), places[name], float(most[name]), plan, learnt, truth).tell(
            say_next(str(name), learnt, tables)
        )
        for name in chosen
    ]


def _draw_curve(name: str, place: int, most: float, plan: Plan, learnt: Learnt, truth: ResponseCurves | None) -> Figure:
    at = np.linspace(float(learnt.history.spend[name].min()), most, 60)
    now, then = float(plan.now[name]), float(plan.spend[name])
    one = np.array([place])

    def over_now(curves: ResponseCurves, x: ArrayLike) -> Any:
        """What is sold more than with today's spending: the level itself the table cannot tell."""
        part = curves.take(one)
        return part.value(np.asarray(x)[:, None])[:, 0] - part.value(np.array([now]))[0]

    drawn = np.array([over_now(curves, at) for curves in learnt.model.steady_draws_])
    low, high = np.percentile(drawn, [5, 95], axis=0)

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        axes.fill_between(at, low, high, color=colours["accent"], alpha=0.15, linewidth=0, label="90 %")
        axes.plot(at, drawn.mean(axis=0), color=colours["accent"], label="curve")
        if truth is not None:
            axes.plot(at, over_now(truth, at), color=colours["ink"], linestyle=(0, (4, 3)), label="simulated truth")
        axes.plot([now], [0.0], "o", color=colours["soft"], label="now")
        mean = float(np.mean([over_now(curves, [then])[0] for curves in learnt.model.steady_draws_]))
        if len(plan.now) > 1:
            axes.plot([then], [mean], "D", color=colours["accent"], label="split")
        finish_axes(axes, f"spent a {learnt.history.period}", f"{learnt.history.response.capitalize()} beyond today's")
        axes.xaxis.set_major_formatter("{x:,.0f}" if most >= 100 else "{x:,.3g}")
        add_legend(axes)

    return draw(paint, alt=f"Curve of {name} with its band, and spending now and by the split.", size=(6.0, 2.6))
