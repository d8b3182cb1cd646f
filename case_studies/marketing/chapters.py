"""Single chapters of the marketing report: the split, its limits, searches, curves, and what is true."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.optimization import ResponseCurves
from shared.reporting import Table
from shared.text import capitalise

from . import sayings
from .learning import Learnt
from .pictures import draw_curves
from .plan import LEVEL, Plan
from .sayings import number
from .settings import MarketingSettings
from .simulated import Simulated
from .tables import Tables
from .words import say_what_is_known


def _span(low: float, high: float) -> str:
    return f"{number(low)} to {number(high)}".replace("-", "−")


def split_parts(plan: Plan, learnt: Learnt, tables: Tables, settings: MarketingSettings) -> list[Any]:
    """What to spend, with ranges and reasons."""
    values, history = plan.decision.values, learnt.history
    found = tables.plan.sort_values("spend", ascending=False, kind="stable").set_index("channel")
    unit = f", {settings.currency}" if settings.currency else ""
    table = pd.DataFrame(
        {
            f"now{unit}": found["now"],
            f"split{unit}": found["spend"],
            "range if curves are drawn again": [_span(*ends) for ends in found[["low", "high"]].to_numpy()],
        }
    )
    why = pd.DataFrame(
        {
            "next unit brings": found["next"],
            "its interval": [_span(*ends) for ends in found[["next_low", "next_high"]].to_numpy()],
            "why": [found["why"][name] or _say_even(plan, name, values) for name in found.index],
        }
    )
    head = []
    if not plan.go:
        head = [sayings.say_split(plan, learnt, tables, settings), "What follows is what the curves favour."]
    wide = sayings.say_range(tables)
    return [
        *head,
        Table(
            table,
            f"Money a {history.period}, the largest amounts first; ranges hold {LEVEL} % of the draws.",
            name="plan",
            data=tables.plan,
        ),
        [sayings.say_gain(plan, learnt, tables), sayings.say_equal(plan, tables), *([wide] if wide else [])],
        Table(
            why,
            f"What one unit of money more brings of {history.response}, and what holds each amount.",
            name="reasons",
        ),
        f"“Now” is the mean of the last {min(settings.recent, len(history.table)):,} rows. Money is taken to be spent"
        f" evenly, the same every {history.period}, with all that is carried over from one to the next.",
    ]


def _say_even(plan: Plan, name: str, values: pd.DataFrame) -> str:
    """Say that a channel gets as much as pays, where its next unit brings what any other would."""
    budget = plan.decision.binding.loc[plan.decision.binding["limit"] == "the budget", "price"]
    price = float(budget.iloc[0]) if len(budget) else 0.0
    return "as much as pays" if abs(float(values["next"][name]) - price) <= 0.01 * price else ""


def limit_parts(plan: Plan, learnt: Learnt, tables: Tables, settings: MarketingSettings) -> list[Any]:
    """Limits that hold the split back, and what they cost."""
    found = plan.decision.binding
    parts: list[Any] = [sayings.say_limits(plan, learnt, tables, settings)]
    if len(found):
        table = found.rename(columns={"price": "one unit more room brings"}).set_index("limit")
        caption = f"Limits that hold the split back; what room brings is in {learnt.history.response}."
        parts.append(Table(table, caption, name="limits"))
    return parts


def search_parts(plan: Plan, learnt: Learnt) -> list[Any]:
    """The proof and searches."""
    found = plan.searches.set_index("way")
    reached = found["feasible"].to_numpy(dtype=bool)
    table = pd.DataFrame(
        {
            "evaluations": found["evaluations"].astype(int),
            "meets the limits": found["feasible"].astype(bool),
            f"{learnt.history.response} short of the bound": np.where(
                reached, found["gap"] * found["response"], np.nan
            ),
            "gap, %": np.where(reached, 100 * found["gap"], np.nan),
        }
    )
    return [
        "Two searches of the project's own, with as many evaluations each, look for the same split. They may come as"
        " near, but only the proof says so; it looks at no single splits.",
        Table(table, "The proof and two searches; the gap bounds what may be missing.", name="searches"),
    ]


def curve_parts(plan: Plan, learnt: Learnt, tables: Tables, truth: ResponseCurves | None) -> list[Any]:
    """What is known of each channel."""
    model, history = learnt.model, learnt.history
    shown = model.table_[[f"carry_over{end}" for end in ("", "_low", "_high")]].to_numpy()
    table = pd.DataFrame(
        {
            "carried over, %": (100 * shown[:, 0]).round(0),
            "its interval, %": [f"{100 * low:.0f} to {100 * high:.0f}" for low, high in shown[:, 1:]],
            "smallest amount": [float(history.spend[name].min()) for name in history.channels],
            "largest amount": [float(history.most[name]) for name in history.channels],
            "effect shown": [name not in model.idle_ for name in history.channels],
        },
        index=pd.Index(list(history.channels), name="channel"),
    )
    compared = sayings.say_comparison(learnt)
    leaks = [] if learnt.trial is None else [learnt.trial.scores.explain_leaks()]
    return [
        [sayings.say_trial(learnt, tables), *([compared] if compared else [])],
        f"{capitalise(say_what_is_known(learnt))}. What a channel brings in all cannot be told where its spending"
        " never came near 0: the curves show what is sold beyond today's, over the amounts seen.",
        *draw_curves(plan, learnt, tables, truth),
        Table(
            table,
            f"Share of the effect that is carried over to the next {history.period}, and amounts seen in one.",
            name="channels",
            fold=True,
        ),
        *leaks,
    ]


def truth_parts(learnt: Learnt, tables: Tables) -> list[Any]:
    """What is true beside what was learnt."""
    found = tables.curves.set_index("channel")
    inside = (found["low"] <= found["truth"]) & (found["truth"] <= found["high"])
    table = pd.DataFrame(
        {
            "truth": found["truth"],
            "learnt": found["learnt"],
            "its interval": [_span(*ends) for ends in found[["low", "high"]].to_numpy()],
            "inside": inside,
        }
    )
    caption = (
        f"What {learnt.history.response} a {learnt.history.period} differ by between half of now and one and a half."
    )
    told = [sayings.say_truth(learnt, tables), sayings.say_possible(tables)]
    return [told, Table(table, caption, name="truth", data=tables.curves)]


def firm_parts(tables: Tables) -> list[Any]:
    """What came true of promises to further firms."""
    firms = tables.firms
    shown = pd.DataFrame(
        {
            "promised": firms["promised"],
            "its interval": [_span(*ends) for ends in firms[["low", "high"]].to_numpy()],
            "came true": firms["came"],
            "possible": firms["possible"],
            "moved": firms["moved"],
        }
    ).set_index(pd.RangeIndex(1, len(firms) + 1, name="firm"))
    caption = "Gain a week over today's split, of further simulated firms with other curves, spending and luck."
    return [sayings.say_firms(tables), Table(shown, caption, name="firms", data=firms)]


def series_parts(simulated: Simulated, tables: Tables) -> list[Any]:
    """The chapter on the real series."""
    compared = sayings.say_comparison(simulated.series, "series")
    return [
        simulated.say_series(),
        [sayings.say_trial(simulated.series, tables, "series"), *([compared] if compared else [])],
        sayings.say_one_channel(simulated.series, tables, "series"),
    ]
