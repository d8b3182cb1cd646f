"""Single chapters of the marketing report: the split, its limits, searches, curves, and what is true."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.optimization import ResponseCurves
from shared.text import capitalise

from . import sayings
from .firms import Truth
from .learning import Learnt
from .pictures import draw_curves, draw_spending
from .plan import LEVEL, Plan
from .sayings import number
from .settings import MarketingSettings


def split_parts(plan: Plan, learnt: Learnt, settings: MarketingSettings) -> list[Any]:
    """What to spend, with ranges and reasons."""
    values, history = plan.decision.values, learnt.history
    order = plan.spend.sort_values(ascending=False, kind="stable").index
    names = pd.Index([str(name) for name in order], name="channel")
    table = pd.DataFrame(
        {
            "now": [number(plan.now[name]) for name in order],
            "split": [number(plan.spend[name]) for name in order],
            "best amount if curves are drawn again": [
                f"{number(values['low'][name])} to {number(values['high'][name])}" for name in order
            ],
        },
        index=names,
    )
    why = pd.DataFrame(
        {
            "next unit brings": [
                f"{number(values['next'][name])} ({number(plan.last['low'][name])} to {number(plan.last['high'][name])})"
                for name in order
            ],
            "why": [values["why"][name] or _say_even(plan, str(name)) for name in order],
        },
        index=names,
    )
    unit = f" in {settings.currency}" if settings.currency else ""
    head = [] if plan.go else [sayings.say_split(plan, learnt, settings), "What follows is what the curves favour."]
    return [
        *head,
        draw_spending(plan, learnt),
        (table, f"Money a {history.period}{unit}, the largest amounts first; ranges hold {LEVEL} % of the draws."),
        (why, f"What one unit of money more brings of {history.response}, and what holds each amount."),
        f"{sayings.say_gain(plan, learnt)} {sayings.say_range(plan)}",
        f"“Now” is the mean of the last {min(settings.recent, len(history.table)):,} rows. Money is taken to be spent evenly,"
        f" the same every {history.period}, with all that is carried over from one to the next.",
    ]


def _say_even(plan: Plan, name: str) -> str:
    """Say that a channel gets as much as pays, where its next unit brings what any other would."""
    budget = plan.decision.binding.loc[plan.decision.binding["limit"] == "the budget", "price"]
    price = float(budget.iloc[0]) if len(budget) else 0.0
    return "as much as pays" if abs(float(plan.decision.values["next"][name]) - price) <= 0.01 * price else ""


def limit_parts(plan: Plan, learnt: Learnt, settings: MarketingSettings) -> list[Any]:
    """Limits that hold the split back, and what they cost."""
    found = plan.decision.binding
    parts: list[Any] = [sayings.say_limits(plan, learnt, settings)]
    if len(found):
        rows = [(limit, side, number(at), number(price)) for limit, side, at, price in found.to_numpy()]
        table = pd.DataFrame(rows, columns=["limit", "side", "at", "one unit more room brings"]).set_index("limit")
        parts.append((table, f"Limits that hold the split back; what room brings is in {learnt.history.response}."))
    return parts


def search_parts(plan: Plan, learnt: Learnt) -> list[Any]:
    """The proof and searches."""
    found = plan.searches.set_index("way")
    table = pd.DataFrame(
        {
            "evaluations": ["" if one == 0 else f"{one:,}" for one in found["evaluations"]],
            f"{learnt.history.response} short of the bound": [
                number(gap * value) if ok else "meets no limits"
                for gap, value, ok in zip(found["gap"], found["response"], found["feasible"], strict=True)
            ],
            "gap": [
                f"{100 * gap:.2g} %" if ok else "" for gap, ok in zip(found["gap"], found["feasible"], strict=True)
            ],
        },
        index=found.index,
    )
    return [
        "Two searches of the project's own, with as many evaluations each, look for the same split. They may come as near,"
        " but only the proof says so; it looks at no single splits.",
        (table, "The proof and two searches; the gap is what may be missing to the best at most."),
    ]


def curve_parts(plan: Plan, learnt: Learnt, truth: ResponseCurves | None) -> list[Any]:
    """What is known of each channel."""
    model, history = learnt.model, learnt.history
    shown = model.table_[[f"carry_over{end}" for end in ("", "_low", "_high")]]
    table = pd.DataFrame(
        {
            "carried over": [
                f"{100 * a:.0f} % ({100 * b:.0f} to {100 * c:.0f})" for a, b, c in shown.itertuples(index=False)
            ],
            "least spent": [number(history.spend[name].min()) for name in history.channels],
            "most spent": [number(history.most[name]) for name in history.channels],
            "effect shown": ["no" if name in model.idle_ else "yes" for name in history.channels],
        },
        index=pd.Index(list(history.channels), name="channel"),
    )
    known = sayings.say_what_is_known(learnt)
    trial = (
        []
        if learnt.trial is None
        else [capitalise(learnt.trial.comparison.explain()), learnt.trial.scores.explain_leaks()]
    )
    return [
        f"{sayings.say_trial(learnt)} {' '.join(trial)}",
        f"{capitalise(known)}. What a channel brings in all cannot be told where its spending never came near 0: the curves"
        " show what is sold beyond today's, from the least to the most that was spent in a period.",
        (table, f"Share of the effect that is carried over to the next {history.period}, and amounts seen."),
        *draw_curves(plan, learnt, truth),
    ]


def truth_parts(truth: Truth, plan: Plan, learnt: Learnt) -> list[Any]:
    """What is true beside what was learnt."""
    found = truth.curves
    low, high = (found[side].to_numpy(dtype=float) for side in ("low", "high"))
    inside = np.where((low <= found["truth"].to_numpy()) & (found["truth"].to_numpy() <= high), "yes", "no")
    table = pd.DataFrame(
        {
            "truth": [number(one) for one in found["truth"]],
            "learnt": [
                f"{number(a)} ({number(b)} to {number(c)})" for a, b, c in found[["learnt", "low", "high"]].to_numpy()
            ],
            "inside": inside,
        },
        index=found.index,
    )
    caption = (
        f"What {learnt.history.response} a {learnt.history.period} differ by between half less and half more than now."
    )
    return [sayings.say_truth(truth, learnt, plan), (table, caption)]
