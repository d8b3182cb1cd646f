"""The chapters of the marketing report in their order, and its figures."""

from __future__ import annotations

from typing import Any

import numpy as np

from shared.reporting import Claim, Run
from shared.text import join_words, sentences

from . import chapters, sayings
from .learning import Learnt
from .plan import Plan
from .settings import MarketingSettings
from .simulated import Simulated
from .tables import Tables
from .trial import BARE, CURVES


def add_chapters(
    run: Run, settings: MarketingSettings, learnt: Learnt, plan: Plan, tables: Tables, simulated: Simulated | None
) -> None:
    """All chapters but the closing."""
    if len(learnt.history.channels) > 1:
        title = "What to spend" if plan.go else "What the curves favour, not recommended"
        run.add_section(title, *chapters.split_parts(plan, learnt, tables, settings))
        run.add_section("What limits it", *chapters.limit_parts(plan, learnt, tables, settings))
    true = simulated.curves if simulated else None
    run.add_section("What the table tells", *chapters.curve_parts(plan, learnt, tables, true))
    if simulated is not None:
        run.add_section(
            "What really comes of it (simulated)",
            *chapters.truth_parts(learnt, tables),
            *chapters.firm_parts(tables),
        )
        run.add_section("A real series", *chapters.series_parts(simulated, tables))
    run.add_section("When not to believe it", *_doubt_parts(learnt, plan, tables, settings, simulated))
    if len(plan.searches):
        run.add_section("Searches beside the proof", *chapters.search_parts(plan, learnt), fold=True)


def _doubt_parts(
    learnt: Learnt, plan: Plan, tables: Tables, settings: MarketingSettings, simulated: Simulated | None
) -> list[Any]:
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
    against = (
        [Claim.join("What speaks against moving money: ", sayings.say_against(tables), ".")] if plan.doubts else []
    )
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
