"""What the fraud report says of its results, sentence by sentence, each worked out from a table of the run."""

from __future__ import annotations

from case_studies.common.report import weave
from shared.reporting import Claim, Said, given
from shared.reporting.claims import Verdict
from shared.text import capitalise, format_stamp

from .payments import FEW_ODD, Payments
from .settings import FraudSettings
from .tables import Tables
from .trial import BLIND, LEARNT, RULE, Comparison, Models

SHORT = {RULE: "the largest amounts of each day", BLIND: "a detector that knows no label", LEARNT: "a classifier"}
SIMULATED = (
    "The payments are simulated by this project, fraud and all: the figures say nothing about real fraud, which is"
    " neither so regular nor so much alike."
)
NOTHING = "Nothing was found beyond the largest amounts of each day: look at those first."


def verdict_of(comparison: Comparison) -> Verdict:
    """Whether the way that knows most finds more fraud than the largest amounts do.

    >>> import pandas as pd
    >>> verdict_of(Comparison(pd.DataFrame(), {}, [], (0.1, -0.1, 0.2)))
    'none'
    """
    _, low, high = comparison.lead
    return "better" if low > 0 else "worse" if high < 0 else "none"


def say_alerts(tables: Tables, payments: Payments, settings: FraudSettings) -> Claim:
    """How many payments of the last day to look at, and which one first."""
    day = format_stamp(payments.table[settings.columns.time].iloc[-1].normalize())
    count, of = tables.rows("alerts").count(), tables.rows("days", last=True).value("payments", decimals=0)
    if not len(tables.alerts):
        return Claim.of(f"None of {{of}} payments of {day} is to be looked at.", of=of)
    first = tables.rows("alerts", place=1)
    told = Claim.of(
        f"Look at {{count}} of the {{of}} payments of {day}, first at {{name}}: {{amount}}",
        count=count,
        of=of,
        name=first.value("row"),
        amount=first.value("amount", settings.currency, decimals=2),
    )
    if "chance" not in tables.alerts:
        return Claim.join(told, ".")
    likely = Claim.of(", fraud with a chance of {chance}.", chance=first.value("chance", "%", decimals=0))
    return Claim.join(told, likely)


def say_found(tables: Tables, settings: FraudSettings) -> Claim:
    """How much of the fraud each way of ranking finds."""
    parts: list[Said] = [
        Claim.of(
            f"{SHORT.get(way, way)} {{share}}", share=tables.rows("ways", way=way).value("fraud_found", "%", decimals=1)
        )
        for way in tables.ways["way"][::-1]
    ]
    begin = Claim.of("Of the new fraud, looking at {n} payments a day finds: ", n=given(settings.per_day, decimals=0))
    return Claim.join(begin, *weave(parts), ".")


def say_lead(tables: Tables, comparison: Comparison) -> Claim:
    """Whether labels, or a detector, find more than the largest amounts do."""
    verdict, row = verdict_of(comparison), tables.rows("lead")
    who = capitalise(SHORT.get(comparison.best, comparison.best))
    low, high = (row.value(end, decimals=0) for end in ("low", "high"))
    level, sure = row.value("level", "%"), "{level} interval, by resampling days"
    if verdict == "none":
        return Claim.of(
            f"{who} and the largest amounts cannot be told apart: the difference in fraud found lies between {{low}}"
            f" and {{high}} percentage points ({sure}).",
            low=low,
            high=high,
            level=level,
        )
    side = "more" if verdict == "better" else "less"
    return Claim.of(
        f"{who} finds {side} of the fraud than the largest amounts do, by {{lead}} percentage points ({{low}} to"
        f" {{high}}; {sure}).",
        lead=row.value("lead", decimals=0),
        low=low,
        high=high,
        level=level,
    )


def say_honest(tables: Tables, comparison: Comparison) -> Claim:
    """How many of the payments looked at are fraud at all."""
    share = tables.rows("ways", way=comparison.best).value("fraud_among_them", "%", decimals=0)
    return Claim.of(
        "Of the payments looked at, {share} were fraud: an alert is a reason to look, not a proof.", share=share
    )


def say_paying(tables: Tables, settings: FraudSettings) -> Claim:
    """At how many payments looking pays."""
    row = tables.rows("saving")
    cost = given(settings.look_cost, settings.currency)
    if not int(tables.saving["looked"].iloc[0]):
        return Claim.of("At {cost} a look, looking at no new payment pays.", cost=cost)
    return Claim.of(
        "At {cost} a look, looking pays at {n} of {of} new payments, {a_day} a day.",
        cost=cost,
        n=row.value("looked", decimals=0),
        of=tables.rows("days").sum("payments", decimals=0),
        a_day=row.value("a_day", digits=2),
    )


def say_saved(tables: Tables, settings: FraudSettings) -> Claim:
    """What looking there is expected to save, and what it would have saved by the labels."""
    row = tables.rows("saving")
    expected = row.value("expected", settings.currency, decimals=0)
    if "realised" not in tables.saving:
        return Claim.of("Looking there is expected to save {expected}.", expected=expected)
    return Claim.of(
        "Looking there was expected to save {expected}; by the labels it would have been {realised}, with"
        " {found} of the fraud found.",
        expected=expected,
        realised=row.value("realised", settings.currency, decimals=0),
        found=row.value("found", "%", decimals=0),
    )


def say_chances(tables: Tables) -> Claim:
    """Whether chances came true on payments held back."""
    row = tables.rows("chances")
    return Claim.of(
        "Of {n} payments held back, {fraud} were fraud, and {expected} were to be expected by their chances",
        n=row.sum("rows", decimals=0),
        fraud=row.sum("fraud", decimals=0),
        expected=row.sum("expected", decimals=0),
    )


def say_unknown(payments: Payments, models: Models) -> str:
    """Why nothing can be said of how much is found."""
    known = models.why_not
    if payments.odd is not None:
        known = f"fewer than {FEW_ODD} of the new payments are known to be fraud"
    return (
        f"How much is found cannot be said, because {known}. Look at the payments, write down which were fraud, and run"
        " again with that column as columns.label."
    )
