"""The chapters of the marketing report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.optimization import ResponseCurves
from shared.reporting import Run
from shared.text import capitalise, count_of, sentences

from . import sayings
from .firms import Truth
from .learning import BARE, CURVES, Learnt
from .pictures import draw_curves, draw_spending
from .plan import LEVEL, Plan
from .sayings import number
from .settings import MarketingSettings
from .simulated import Simulated


def summarise(run: Run, settings: MarketingSettings, learnt: Learnt, plan: Plan, simulated: Simulated | None) -> None:
    """Sentences for a manager and the numbers behind them."""
    history = learnt.history
    first, last = (f"{pd.Timestamp(one):%Y-%m-%d}" for one in history.table[history.time].iloc[[0, -1]])
    kind = "simulated channel" if simulated else "channel"
    run.report.subtitle = f"{count_of(len(history.table), history.period)} from {first} to {last}; {count_of(len(history.channels), kind)}."
    if simulated is not None:
        run.add_summary(sayings.SIMULATED)
    if len(history.channels) == 1:
        text = sayings.say_one_channel(learnt, settings)
        run.add_summary(f"{text} {sayings.say_split(plan, learnt, settings)}" if plan.doubts else text)
    else:
        run.add_summary(sayings.say_split(plan, learnt, settings))
        if plan.go:
            run.add_summary(f"{sayings.say_gain(plan, learnt)} {sayings.say_limits(plan, learnt, settings)}")
            mean, low, high = plan.gain
            run.add_fact(
                f"{mean:+,.0f}" if abs(mean) >= 1000 else f"{mean:+.3g}",
                f"{history.response} a {history.period} ({LEVEL} %: {number(low)} to {number(high)})",
            )
            moved = float((plan.spend - plan.same).clip(lower=0).sum()) / plan.total
            run.add_fact(f"{100 * moved:.0f} %", "of the budget goes elsewhere than now")
        else:
            run.add_fact("don't move", "money on this")
    run.add_summary(" ".join(one for one in (sayings.say_trial(learnt), sayings.say_range(plan)) if one))
    if learnt.trial is not None:
        run.add_fact(
            number(learnt.trial.error(CURVES)), f"error held out; {number(learnt.trial.error(BARE))} without curves"
        )
    warning = "Don't believe it for amounts that were never spent, or once prices, offers or competitors change."
    run.add_summary(" ".join([warning, *sayings.say_doubts(learnt)]))
    if simulated is not None:
        run.add_summary(sayings.say_truth(simulated.truth, learnt, plan), simulated.say_series())


def add_chapters(
    run: Run, settings: MarketingSettings, learnt: Learnt, plan: Plan, simulated: Simulated | None
) -> None:
    """All chapters but the closing."""
    if len(learnt.history.channels) > 1:
        run.add_section("What to spend", *_split_parts(plan, learnt, settings))
        run.add_section("What limits it, and what that costs", *_limit_parts(plan, learnt, settings))
        if len(plan.searches):
            run.add_section("Searches beside the proof", *_search_parts(plan, learnt))
    true = simulated.curves if simulated else None
    run.add_section("What the table tells of each channel", *_curve_parts(plan, learnt, true))
    if simulated is not None:
        run.add_section(
            "What really comes of it (simulated)", *_truth_parts(simulated.truth, plan, learnt), *simulated.parts()
        )
        run.add_section("A real series", *simulated.series_parts())
    run.add_section("When not to believe it", *_doubt_parts(learnt, plan, settings, simulated))


def _split_parts(plan: Plan, learnt: Learnt, settings: MarketingSettings) -> list[Any]:
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
    head = [] if plan.go else [sayings.say_split(plan, learnt, settings), "What follows is what the curves favour:"]
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


def _limit_parts(plan: Plan, learnt: Learnt, settings: MarketingSettings) -> list[Any]:
    found = plan.decision.binding
    parts: list[Any] = [sayings.say_limits(plan, learnt, settings)]
    if len(found):
        rows = [(limit, side, number(at), number(price)) for limit, side, at, price in found.to_numpy()]
        table = pd.DataFrame(rows, columns=["limit", "side", "at", "one unit more room brings"]).set_index("limit")
        parts.append((table, f"Limits that hold the split back; what room brings is in {learnt.history.response}."))
    return parts


def _search_parts(plan: Plan, learnt: Learnt) -> list[Any]:
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


def _curve_parts(plan: Plan, learnt: Learnt, truth: ResponseCurves | None) -> list[Any]:
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


def _truth_parts(truth: Truth, plan: Plan, learnt: Learnt) -> list[Any]:
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


def _doubt_parts(learnt: Learnt, plan: Plan, settings: MarketingSettings, simulated: Simulated | None) -> list[str]:
    told = [
        "Spending that followed sales (more money when sales were good anyhow) looks like an effect of spending. Only"
        " money that was varied on purpose, against what one would have done, shows what it does.",
        f"What lies outside of the amounts seen is a guess; the split keeps within them. The total of"
        f" {settings.money(plan.total)} is taken as given: whether it pays at all is not decided here.",
        "Channels are taken to act side by side: that one helps another is left out, as are offers, prices and"
        " competitors, unless columns of them are named (--set columns.known).",
        "Curves of the past hold for the past. Move part of the money, look whether what was promised comes, and decide"
        " again.",
    ]
    if len(learnt.model.notes_):
        told.append(sentences(learnt.model.notes_))
    if simulated is not None:
        told.insert(0, f"{sayings.SIMULATED} Its curves have the very form that is fitted; real ones do not.")
    against = [f"What speaks against moving money: {'; '.join(plan.doubts)}."] if plan.doubts else []
    return [*against, *sayings.say_doubts(learnt), *told]


def measure(learnt: Learnt, plan: Plan, simulated: Simulated | None) -> dict[str, float]:
    """The figures of the run."""
    found = {
        "budget": plan.total,
        "gain": plan.gain[0],
        "gain low": plan.gain[1],
        "gain high": plan.gain[2],
        "gain over equal": plan.gain_over_equal[0],
        "recommended": float(plan.go),
        "variance explained": learnt.model.r2_,
    }
    if learnt.trial is not None:
        found |= {"error held out": learnt.trial.error(CURVES), "error without advertising": learnt.trial.error(BARE)}
    if simulated is not None:
        found |= simulated.measure()
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}
