"""The first screen of the fraud report: which payments to look at, what that finds, and when not to believe it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from shared.reporting import Claim, Figure, Run, Said, given
from shared.reporting.charts import bar_figure, line_figure
from shared.text import count_of

from .payments import Payments
from .sayings import (
    NOTHING,
    SHORT,
    SIMULATED,
    say_alerts,
    say_found,
    say_honest,
    say_lead,
    say_saved,
    say_unknown,
    verdict_of,
)
from .settings import FraudSettings
from .tables import Tables
from .trial import BLIND, LEARNT, LEVEL, RULE, Comparison, Models

COLOURS = {RULE: "second", BLIND: "third", LEARNT: "accent"}
REASONS = {
    "hour": "hour of the day",
    "times_usual": "amount against the card's usual",
    "hours_since_last": "time since the last payment",
    "payments_in_last_hour": "payments within the hour before",
    "new_country": "a country new to the card",
    "new_category": "a sort of thing new to the card",
}
MOST_BARS = 8
MISSED = 0.2  # of what was expected to be saved, from which on a shortfall is a reason for doubt


def write_first_screen(
    run: Run,
    settings: FraudSettings,
    payments: Payments,
    models: Models,
    tables: Tables,
    comparison: Comparison | None,
) -> None:
    """Which payments to look at, what looking found so far, and what speaks against it."""
    own = run.data is not None
    days = count_of(len(np.unique(payments.new_day)), "day")
    learnt = "and their labels" if models.classifier is not None else "without any label"
    run.report.subtitle = (
        f"Learnt from the first {payments.n_learnt:,} of {len(payments.table):,} payments, {learnt}; the other"
        f" {len(payments.new):,}, of {days}, are new.{'' if own else ' All of them are simulated.'}"
    )
    if comparison is not None and verdict_of(comparison) != "better":
        run.advise_against(NOTHING)
    run.add_advice(say_alerts(tables, payments, settings))
    if comparison is None:
        run.add_certainty(say_unknown(payments, models))
    else:
        run.add_certainty(say_found(tables, settings), say_lead(tables, comparison))
    run.add_doubt(*_list_doubts(own, tables, comparison, settings))
    _add_cards(run, settings, tables, comparison)
    if comparison is not None:
        run.show(draw_found(tables, comparison, settings))
    elif len(tables.alerts):
        run.show(draw_reasons(tables))


def _add_cards(run: Run, settings: FraudSettings, tables: Tables, comparison: Comparison | None) -> None:
    run.add_fact(tables.rows("alerts").count("payment"), "of the last day to look at")
    if comparison is None:
        return
    row, claim = tables.rows("lead"), say_lead(tables, comparison)
    low, high, lead = (row.value(name, decimals=0).text for name in ("low", "high", "lead"))
    best = tables.rows("ways", way=comparison.best)
    share, n = best.value("fraud_found", "%", decimals=1), given(settings.per_day, decimals=0)
    found = Claim.of("Of all fraud, {share} is found at {n} payments a day.", share=share, n=n)
    run.add_fact(share.text, f"of fraud found, at {n.text} payments a day", found)
    side = {"better": f"{lead} points more", "worse": f"{lead.lstrip('−')} points less"}
    words = f"by the largest amounts ({LEVEL} % interval: {low} to {high} percentage points)"
    if verdict_of(comparison) in side:
        run.add_fact(side[verdict_of(comparison)], f"of fraud found than {words}", claim)
    else:
        run.add_fact("No difference shown", f"in fraud found, to that {words}", claim)
    run.add_fact(best.value("fraud_among_them", "%", decimals=0), "of the payments looked at are fraud")


def _list_doubts(own: bool, tables: Tables, comparison: Comparison | None, settings: FraudSettings) -> Iterator[Said]:
    if not own:
        yield SIMULATED
    if _fell_short(tables):
        yield Claim.join("Chances promise too much here. ", say_saved(tables, settings))
    if comparison is None:
        yield "An alert is a reason to look, not a proof."
    else:
        yield say_honest(tables, comparison)


def _fell_short(tables: Tables) -> bool:
    """Whether clearly less was saved than was expected."""
    if "realised" not in tables.saving:
        return False
    came, hoped = (float(tables.saving[name].iloc[0]) for name in ("realised", "expected"))
    return came < (1 - MISSED) * hoped


def draw_found(tables: Tables, comparison: Comparison, settings: FraudSettings) -> Figure:
    """Lines of the share found by the number of payments looked at each day."""
    mine, its = (
        tables.rows("ways", way=way).value("fraud_found", "%", decimals=1)
        for way in (comparison.best, tables.ways["way"][0])
    )
    title = Claim.of(
        "At {n} payments a day, {mine} of the fraud is found; by the largest amounts {its}",
        n=given(settings.per_day, decimals=0),
        mine=mine,
        its=its,
    )
    return line_figure(
        {_short(name): (comparison.budgets, 100 * curve) for name, curve in comparison.curves.items()},
        x_label="payments looked at each day",
        y_label="Fraud found, %",
        alt="Lines: share of the fraud found by how many payments are looked at each day, by each way of ranking.",
        colours={_short(name): COLOURS.get(name, "soft") for name in comparison.curves},
        title=title,
    ).tell(title, data=tables.curves)


def _short(way: str) -> str:
    return {RULE: "largest amounts", BLIND: "without labels", LEARNT: "with labels"}.get(way, SHORT.get(way, way))


def draw_reasons(tables: Tables) -> Figure:
    """Bars of how often each reason comes first."""
    found = Counter(tables.alerts["reason"]).most_common(MOST_BARS)
    top = found[0][0]
    title = Claim.of(
        f"The first reason of {{n}} of {{all}} alerts: {REASONS.get(top, top)}",
        n=tables.rows("alerts", reason=top).count(),
        all=tables.rows("alerts").count(),
    )
    return bar_figure(
        {REASONS.get(name, name): float(count) for name, count in found},
        x_label="alerts",
        alt="Bars: how often each column is the first reason of an alert.",
        title=title,
    )
