"""The chapters of the marketing report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shared.reporting import Run
from shared.text import count_of, join_words, sentences

from . import chapters, sayings
from .learning import Learnt
from .plan import LEVEL, Plan
from .sayings import number
from .settings import MarketingSettings
from .simulated import Simulated
from .trial import BARE, CURVES


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
        title = "What to spend" if plan.go else "What the curves favour, not recommended"
        run.add_section(title, *chapters.split_parts(plan, learnt, settings))
        run.add_section("What limits it, and what that costs", *chapters.limit_parts(plan, learnt, settings))
        if len(plan.searches):
            run.add_section("Searches beside the proof", *chapters.search_parts(plan, learnt))
    true = simulated.curves if simulated else None
    run.add_section("What the table tells of each channel", *chapters.curve_parts(plan, learnt, true))
    if simulated is not None:
        run.add_section(
            "What really comes of it (simulated)",
            *chapters.truth_parts(simulated.truth, plan, learnt),
            *simulated.parts(),
        )
        run.add_section("A real series", *simulated.series_parts())
    run.add_section("When not to believe it", *_doubt_parts(learnt, plan, settings, simulated))


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


def data_parts(learnt: Learnt, settings: MarketingSettings) -> list[str]:
    """What is to be known of the data."""
    repaired = [sentences(learnt.history.notes)] if learnt.history.notes else []
    return [
        *repaired,
        *settings.columns.explain_missing(),
        f"Columns taken for money spent: {join_words(learnt.history.channels)}.",
    ]


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
