"""The chapters of the fraud report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.anomaly import Alerts
from shared.reporting import Run
from shared.reporting.charts import line_figure
from shared.text import capitalise, count_of, join_words

from .features import MADE
from .payments import FEW_ODD, Payments
from .settings import FraudSettings
from .trial import BLIND, LEARNT, RULE, Comparison, Models, Saving

SHORT = {RULE: "the largest amounts of each day", BLIND: "a detector that knows no label", LEARNT: "a classifier"}


def summary(
    run: Run,
    settings: FraudSettings,
    payments: Payments,
    models: Models,
    alerts: Alerts,
    comparison: Comparison | None,
    saving: Saving | None,
) -> None:
    """Sentences for a manager and the numbers behind them."""
    n_new, days = len(payments.new), len(np.unique(payments.new_day))
    learnt = "and their labels" if models.classifier is not None else "without any label"
    whose = "" if run.data is not None else " All of them are simulated."
    run.report.subtitle = (
        f"Learnt from the first {payments.n_learnt:,} of {len(payments.table):,} payments, {learnt}; the other"
        f" {n_new:,}, of {count_of(days, 'day')}, are new.{whose}"
    )
    count = len(alerts.alerts)
    run.add_summary(
        f"Of {count_of(alerts.n_rows, 'payment')} of the last day, {count:,} {'is' if count == 1 else 'are'} to"
        " be looked at,"
        " each with its reasons in words."
    )
    if comparison is not None:
        run.add_summary(_compare(comparison, settings), _say_lead(comparison))
        best = comparison.table.loc[comparison.best]
        run.add_fact(f"{100 * best['fraud found']:.0f} %", f"of fraud found, at {settings.per_day:,} payments a day")
        run.add_fact(f"{100 * best['fraud among them']:.0f} %", "of the payments looked at are fraud")
    if saving is not None:
        run.add_summary(_say_saving(saving, settings))
        if saving.realised is not None:
            run.add_fact(settings.money(saving.realised), "would have been saved by looking where it pays")


def _compare(comparison: Comparison, settings: FraudSettings) -> str:
    shares = {str(name): f"{100 * share:.0f} %" for name, share in comparison.table["fraud found"].items()}
    told = [f"{SHORT[name]} {share}" for name, share in list(shares.items())[::-1]]
    return (
        f"Share of the new fraud that is found by looking at {count_of(settings.per_day, 'payment')} a day:"
        f" {join_words(told)}."
    )


def _say_lead(comparison: Comparison) -> str:
    lead, low, high = (100 * one for one in comparison.lead)
    unsure = "" if low > 0 or high < 0 else " That is too little to say which finds more."
    return (
        f"{capitalise(SHORT[comparison.best])} finds {abs(lead):.0f} percentage points"
        f" {'more' if lead >= 0 else 'less'} of"
        f" the fraud than the largest amounts do (90 % interval {low:.0f} to {high:.0f}, by resampling days).{unsure}"
    )


def _say_saving(saving: Saving, settings: FraudSettings) -> str:
    if not saving.looked:
        return f"At {settings.look_cost:g} {settings.currency} a look, looking at no new payment pays.".replace(
            "  ", " "
        )
    told = (
        f"At {settings.look_cost:g} {settings.currency} a look, looking pays at"
        f" {count_of(saving.looked, 'new payment')}: by"
        f" their chances {settings.money(saving.expected)} are expected to be saved"
    ).replace("  ", " ")
    if saving.realised is None or saving.found is None:
        return f"{told}."
    off = 100 * (saving.realised / saving.expected - 1)
    return (
        f"{told}; by the labels it would have been {settings.money(saving.realised)}, {abs(off):.0f} %"
        f" {'more' if off >= 0 else 'less'}, and {100 * saving.found:.0f} % of the fraud found by this choice."
    )


def alert_parts(alerts: Alerts, payments: Payments, settings: FraudSettings) -> list[Any]:
    """The payments of the last day to look at, with their reasons."""
    asked, last = settings.columns, payments.table.iloc[len(payments.table) - alerts.n_rows :]
    rows = last.iloc[[alert.place for alert in alerts.alerts]]
    frame = alerts.to_frame()
    cards = [f"{one}, " for one in rows[asked.card]] if asked.card else [""] * len(rows)
    places = zip(frame["row"], cards, rows[asked.time], strict=True)
    named = [f"{name} ({card}{time:%H:%M})" for name, card, time in places]
    shown = pd.DataFrame({"payment": named, "amount": [f"{one:,.2f}" for one in rows[asked.amount]]})
    if "chance" in frame:
        shown["chance"] = [f"{100 * one:.0f} %" if one >= 0.01 else "below 1 %" for one in frame["chance"]]
    shown["why"] = frame["why"]  # begins with a name of the user, which stays as it is
    by = "the chance of fraud" if "chance" in frame else "how unlike the payments learnt from they are"
    made = [means for name, means in MADE.items() if name in payments.columns]
    return [
        f"Ordered by {by}; beside each payment {'its card and ' if asked.card else ''}its time of day. The"
        " reasons are what"
        " speaks most for it, the strongest first; “similar rows” are the payments learnt from that are nearest"
        " by all else.",
        (
            shown.set_index("payment"),
            f"{rows[asked.time].iloc[0]:%A, %Y-%m-%d}: {len(shown):,} of {count_of(alerts.n_rows, 'payment')}.",
        ),
        f"Looked at is what the table holds, and what is made of it from the past of the card: {join_words(made)}."
        if asked.card
        else "Looked at is what the table holds, and the hour of the day.",
    ]


def found_parts(
    payments: Payments, models: Models, comparison: Comparison | None, settings: FraudSettings
) -> list[Any]:
    """How much of the fraud is found, by each way of ranking."""
    if comparison is None:
        known = (
            models.why_not
            if payments.odd is None
            else f"fewer than {FEW_ODD} of the new payments are known to be fraud"
        )
        return [
            f"How much is found cannot be said, because {known}. Look at the payments above, write down which"
            " were fraud,"
            " and run again with that column as columns.label."
        ]
    table = comparison.table
    shown = pd.DataFrame(
        {
            "looked at": [f"{one:,}" for one in table["looked at"]],
            "fraud found": [f"{100 * one:.0f} %" for one in table["fraud found"]],
            "fraud among them": [f"{100 * one:.0f} %" for one in table["fraud among them"]],
            "amount found": [settings.money(one) for one in table["amount found"]],
            "after costs": [settings.money(one) for one in table["after costs"]],
        },
        index=table.index,
    )
    return [
        f"Each way of ranking may look at {count_of(settings.per_day, 'payment')} of each new day; labels say"
        " afterwards"
        f" what was fraud: {int(payments.new_odd.sum()):,} of {len(payments.new):,} payments.",
        (shown, f"What is found; a look costs {settings.look_cost:g} {settings.currency}".rstrip() + "."),
        _say_lead(comparison),
        line_figure(
            {name: (comparison.budgets, 100 * curve) for name, curve in comparison.curves.items()},
            x_label="payments looked at each day",
            y_label="fraud found, %",
            alt="Lines: share of the fraud found by how many payments are looked at each day, by each way of ranking.",
            caption="Share of the fraud found by how many payments are looked at each day.",
        ),
    ]


def chance_parts(models: Models, saving: Saving | None, settings: FraudSettings) -> list[Any]:
    """Whether chances come true, and where it pays to look."""
    if models.classifier is None or saving is None:
        return [f"No chances were learnt from labels: {models.why_not}."]
    calibration = models.classifier.calibration_
    frame = calibration.to_frame()
    frame = frame[frame["rows"] > 0]
    table = pd.DataFrame(
        {
            "chance": [
                f"{100 * low:g} to {100 * high:g} %" for low, high in zip(frame["from"], frame["to"], strict=True)
            ],
            "payments": [f"{rows:,}" for rows in frame["rows"]],
            "mean chance": [f"{100 * one:.2g} %" for one in frame["chance"]],
            "were fraud": [f"{100 * one:.2g} %" for one in frame["odd"]],
        }
    ).set_index("chance")
    return [
        "A chance of 30 % comes true if, of payments with that chance, three in ten are fraud. This was checked on the"
        " last fifth of the payments learnt from, from which nothing was learnt. " + calibration.explain(),
        (table, "Chances, and what came."),
        calibration.plot(),
        "Looking pays where the chance times the amount is more than what looking costs. "
        + _say_saving(saving, settings),
    ]


def doubts(own: bool, payments: Payments, models: Models, comparison: Comparison | None) -> list[str]:
    """When not to believe it."""
    told = [
        "An alert is a reason to look, not a proof."
        if comparison is None
        else "An alert is a reason to look, not a proof:"
        f" {100 * (1 - float(comparison.table['fraud among them'].iloc[-1])):.0f} % of the payments looked at"
        " were honest.",
        "Fraud changes once it is found. What was learnt from old patterns knows nothing of the next one; learn"
        " again often.",
    ]
    if "times_usual" in payments.columns:
        told.append("The first payments of a card have little or no past to be compared with.")
    if comparison is not None:
        told.append(
            "What is found or saved counts the whole amount of each fraud that is looked at, as if looking"
            " always came in"
            " time and always saw it."
        )
    if models.classifier is not None:
        told.append(
            "Labels are what people found. Fraud that nobody reported counts as honest, in learning and in judging."
        )
    if not own:
        told.insert(
            0,
            "The payments are simulated by this project, fraud and all. The figures show how the study works,"
            " and that its"
            " parts fit together; they say nothing about real fraud, which is neither so regular nor so much alike.",
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


def metrics(
    payments: Payments, models: Models, alerts: Alerts, comparison: Comparison | None, saving: Saving | None
) -> dict[str, float]:
    """The figures of the run."""
    found = {
        "payments learnt from": float(payments.n_learnt),
        "new payments": float(len(payments.new)),
        "alerts of the last day": float(len(alerts.alerts)),
    }
    if comparison is not None:
        for name, row in comparison.table.iterrows():
            found |= {f"{column}, {name}": float(row[column]) for column in comparison.table.columns[1:4]}
        found["lead in fraud found"] = comparison.lead[0]
    if models.classifier is not None:
        found["average precision of later rows"] = models.classifier.calibration_.average_precision
    if saving is not None:
        found |= {"looks that pay": float(saving.looked), "expected saving": saving.expected}
        if saving.realised is not None:
            found["realised saving"] = saving.realised
    return found
