"""The chapters of the fraud report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import pandas as pd

from shared.reporting import Claim, Table
from shared.text import format_stamp, join_words

from .features import MADE
from .payments import Payments
from .sayings import SIMULATED, say_chances, say_found, say_honest, say_lead, say_paying, say_saved, say_unknown
from .settings import FraudSettings
from .tables import Tables
from .trial import Comparison, Models


def alert_parts(tables: Tables, payments: Payments, settings: FraudSettings) -> list[Any]:
    """The payments of the last day to look at, with their reasons."""
    asked, found = settings.columns, tables.alerts
    unit = f", {settings.currency}" if settings.currency else ""
    shown = pd.DataFrame({"at": [f"{time:%H:%M}" for time in found["time"]], f"amount{unit}": found["amount"]})
    if asked.card:
        shown.insert(0, "card", found["card"])
    if "chance" in found:
        shown["chance, %"] = [f"{100 * one:.0f}" if one >= 0.01 else "<1" for one in found["chance"]]
    shown["why"] = found["why"]  # begins with a name of the user, which stays as it is
    by = "the chance of fraud" if "chance" in found else "how unlike the payments learnt from they are"
    made = [means for name, means in MADE.items() if name in payments.columns]
    day = format_stamp(payments.table[asked.time].iloc[-1].normalize())
    return [
        Table(
            shown.set_index(pd.Index(found["row"], name="payment")),
            f"Payments of {day} to look at, ordered by {by}.",
            name="alerts",
            data=found,
        ),
        "The reasons are what speaks for an alert, the strongest first; “similar rows” are the payments learnt from"
        " that are nearest by all else.",
        f"Looked at is what the table holds, and what is made of it from the past of the card: {join_words(made)}."
        if asked.card
        else "Looked at is what the table holds, and the hour of the day.",
    ]


def found_parts(
    payments: Payments, models: Models, tables: Tables, comparison: Comparison | None, settings: FraudSettings
) -> list[Any]:
    """How much of the fraud is found, by each way of ranking."""
    if comparison is None:
        return [say_unknown(payments, models)]
    table, unit = comparison.table, f", {settings.currency}" if settings.currency else ""
    shown = pd.DataFrame(
        {
            "looked at": table["looked at"].astype(int),
            "fraud found, %": (100 * table["fraud found"]).round(0),
            "fraud among them, %": (100 * table["fraud among them"]).round(0),
            f"amount found{unit}": table["amount found"].round(0),
            f"after costs{unit}": table["after costs"].round(0),
        }
    )
    cost = f"{settings.look_cost:g} {settings.currency}".rstrip()
    return [
        [say_found(tables, settings), say_lead(tables, comparison)],
        Table(
            shown,
            f"What each way of ranking finds in the new payments, at {settings.per_day:,} a day. Every column should be"
            f" high but “looked at”, which is the same for all; a look costs {cost}.",
            comparison.best,
            name="ways",
            data=tables.ways,
        ),
        Claim.of(
            "Labels say afterwards what was fraud: {fraud} of {all} new payments.",
            fraud=tables.rows("days").sum("fraud", decimals=0),
            all=tables.rows("days").sum("payments", decimals=0),
        ),
    ]


def chance_parts(models: Models, tables: Tables, settings: FraudSettings) -> list[Any]:
    """Whether chances come true, and where it pays to look."""
    if models.classifier is None or not len(tables.saving):
        return [f"No chances were learnt from labels: {models.why_not}."]
    calibration, frame = models.classifier.calibration_, tables.chances
    span = [f"{100 * low:g} to {100 * high:g}" for low, high in zip(frame["from"], frame["to"], strict=True)]
    table = pd.DataFrame(
        {
            "payments": frame["rows"].astype(int).to_numpy(),
            "mean chance, %": 100 * frame["chance"].to_numpy(),
            "were fraud, %": 100 * frame["odd"].to_numpy(),
        },
        index=pd.Index(span, name="chance, %"),
    )
    return [
        [say_paying(tables, settings), say_saved(tables, settings)],
        "Looking pays where the chance times the amount is above what looking costs. A chance of 30 % comes true if, of"
        " payments with that chance, three in ten are fraud.",
        calibration.plot().tell(say_chances(tables)),
        Table(
            table,
            "Chances, and what came of them, on the last fifth of the payments learnt from.",
            name="chances",
            data=frame,
        ),
        "From that last fifth nothing was learnt.",
    ]


def doubts(own: bool, payments: Payments, models: Models, tables: Tables, comparison: Comparison | None) -> list[Any]:
    """When not to believe it."""
    told: list[Any] = [] if own else [SIMULATED]
    told += ["An alert is a reason to look, not a proof." if comparison is None else say_honest(tables, comparison)]
    told.append(
        "Fraud changes once it is found. What was learnt from old patterns knows nothing of the next one; learn again"
        " often."
    )
    if "times_usual" in payments.columns:
        told.append("The first payments of a card have little or no past to be compared with.")
    if comparison is not None:
        told.append(
            "What is found or saved counts the whole amount of each fraud that is looked at, as if looking always"
            " came in time and always saw it."
        )
    if models.classifier is not None:
        told.append(
            "Labels are what people found. Fraud that nobody reported counts as honest, in learning and in judging."
        )
    if payments.n_learnt < 1000:
        told.append(f"With {payments.n_learnt:,} payments learnt from, nothing rarer than one in as many can be told.")
    return told


def data_parts(own: bool, payments: Payments, settings: FraudSettings) -> list[str]:
    """What is to be known of the data."""
    told = [text for text in settings.columns.explain_missing() if " for features " not in text]
    told.append(f"Looked at were the columns {join_words([str(one) for one in payments.columns if one not in MADE])}.")
    if not own:
        told.insert(
            0,
            "Cards have a home, a level of spending and habits; some travel, shop a whole afternoon or buy"
            " something large."
            " Fraud is of three patterns: a stolen card, testing by many small payments, and payments abroad at night.",
        )
    return told
