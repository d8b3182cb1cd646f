"""The first screen of the marketing report: what to spend, how sure that is, and when not to believe it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from case_studies.common.report import add_comparison
from shared.reporting import Run, Said
from shared.text import count_of, format_stamp

from . import sayings
from .learning import Learnt
from .pictures import draw_curves, draw_spending
from .plan import LEVEL, Plan
from .settings import MarketingSettings
from .simulated import Simulated
from .tables import Tables


def write_first_screen(
    run: Run, settings: MarketingSettings, learnt: Learnt, plan: Plan, tables: Tables, simulated: Simulated | None
) -> None:
    """What to spend on each channel, what that would bring, and what speaks against it."""
    history, many = learnt.history, len(learnt.history.channels) > 1
    first, last = (format_stamp(pd.Timestamp(one)) for one in history.table[history.time].iloc[[0, -1]])
    run.report.subtitle = (
        f"{count_of(len(history.table), history.period)} from {first} to {last};"
        f" {count_of(len(history.channels), 'channel')}."
        f"{'' if simulated is None else ' All channels, spending and sales here are simulated by the project.'}"
    )
    if not plan.go:
        run.add_advice(sayings.NOTHING)
    if not many:
        run.add_advice(sayings.say_one_channel(learnt, tables))
    if many or not plan.go:
        run.add_advice(sayings.say_split(plan, learnt, tables, settings))
    if many and plan.go:
        run.add_advice(sayings.say_gain(plan, learnt, tables))
    comparison = sayings.say_comparison(learnt)
    run.add_certainty(comparison if comparison is not None else sayings.say_trial(learnt, tables))
    if many and plan.go:
        run.add_certainty(sayings.say_proof(tables))
    run.add_doubt(*_list_doubts(learnt, tables, simulated))
    _add_cards(run, learnt, plan, tables)
    if many:
        run.show(draw_spending(plan, learnt, tables, settings))
    else:
        run.show(draw_curves(plan, learnt, tables)[0])


def _add_cards(run: Run, learnt: Learnt, plan: Plan, tables: Tables) -> None:
    history = learnt.history
    if not plan.go:
        run.add_fact("Don't move", "money on this", verdict="none")
    elif len(history.channels) > 1:
        row = tables.rows("gain")
        gain, low, high = (row.value(name).text for name in ("gain", "low", "high"))
        label = f"a {history.period} beyond today's ({LEVEL} % interval: {low} to {high})"
        sign = "" if gain.startswith("−") else "+"
        run.add_fact(f"{sign}{gain} {history.response}", label, sayings.say_gain(plan, learnt, tables))
        run.add_fact(tables.rows("plan").sum("moved", "%", decimals=0), "of the budget moves to other channels")
    comparison = sayings.say_comparison(learnt)
    if learnt.trial is not None and comparison is not None:
        add_comparison(run, replace(learnt.trial.comparison, against="no advertising known"), comparison)
    if len(tables.truth):
        run.add_fact(
            tables.rows("truth").value("came"),
            f"{history.response} a {history.period} really came of it, in the simulation",
        )


def _list_doubts(learnt: Learnt, tables: Tables, simulated: Simulated | None) -> Iterator[Said]:
    if simulated is not None:
        yield "The firm is simulated: the figures say nothing about any real channel."
        yield sayings.say_truth(learnt, tables)
    if idle := sayings.say_idle(learnt):
        yield idle
    yield "Don't believe it for amounts that were never spent, or once prices, offers or competitors change."
    yield from sayings.say_doubts(learnt)
