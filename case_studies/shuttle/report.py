"""The chapters of the shuttle report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.anomaly import Alerts, AnomalyDetector, detection_curve
from shared.evaluation import Scores, compare
from shared.reporting import Run
from shared.text import capitalise, count_of, join_words

from .settings import ShuttleSettings
from .trial import BASELINE, FEW_ODD, OURS, Costs, Rows

ROWS = 20
METRIC = "average_precision"


def summary(
    run: Run,
    settings: ShuttleSettings,
    rows: Rows,
    detector: AnomalyDetector,
    alerts: Alerts,
    scores: Scores | None,
    costs: Costs | None,
) -> None:
    """Sentences for a manager and the numbers behind them."""
    n_new = len(rows.new)
    run.report.subtitle = (
        f"Learnt from the first {rows.n_learnt:,} of {len(rows.features):,} rows, without any label; the others are"
        " looked at as new ones."
    )
    count = len(alerts.alerts)
    few = count >= n_new
    run.add_summary(
        f"All {n_new:,} new rows are reported, because as many were asked for."
        if few
        else f"Of {n_new:,} new rows, {count:,} are reported, the oddest; the reasons of the first {min(count, ROWS)}"
        " are below."
        if count
        else f"None of {n_new:,} new rows is reported."
    )
    run.add_fact(f"{count:,}", f"of {n_new:,} new rows to look at")
    low, high = detector.expected_band(n_new)
    if settings.budget < 1 and high > 0:
        inside = low <= count / n_new <= high
        run.add_summary(
            f"Asked for were {100 * settings.budget:.3g} % of rows like those learnt from: {100 * low:.2g} to"
            f" {100 * high:.2g} % were to be expected, {100 * count / n_new:.2g} % came."
            + ("" if inside else " The new rows are not like those learnt from: something changed, or rows are sorted.")
        )
    if rows.judged and count:
        looked = np.array([alert.place for alert in alerts.alerts])
        hits = int(rows.new_odd[looked].sum())
        total = int(rows.new_odd.sum())
        run.add_summary(
            f"{hits:,} of these {count:,} rows are odd by the labels ({100 * hits / count:.0f} %; of all new rows"
            f" {100 * total / n_new:.1f} % are). They are {100 * hits / total:.0f} % of all odd ones."
        )
        run.add_fact(f"{100 * hits / count:.0f} %", "of the rows to look at are odd")
    if scores is not None:
        run.add_summary(capitalise(compare(scores, OURS, BASELINE, metric=METRIC).explain()))
    if costs is not None:
        run.add_summary(_cheapest(costs))


def _cheapest(costs: Costs) -> str:
    if costs.share == 0:
        return "At the costs that were set, it pays to look at no row at all."
    return (
        f"At the costs that were set, looking at the oddest {100 * costs.share:.3g} % is cheapest: {costs.cost:.3f}"
        f" a row, where looking at none costs {costs.none:.3f}, and at all of them {costs.every:.3f}."
    )


def alert_parts(alerts: Alerts) -> list[Any]:
    """The rows to look at, with their reasons."""
    if not alerts.alerts:
        return [alerts.explain()]
    frame = alerts.to_frame().head(ROWS)
    shown = pd.DataFrame(
        {
            "row": frame["row"].astype(str),
            "why": frame["why"],
            "p-value": frame["p_value"].map(lambda p: f"{p:.2g}"),
        }
    ).set_index("row")
    parts: list[Any] = [
        "Every row is compared with those learnt from, each of which was held out in turn. Its p-value is the share of"
        " them that are as odd. The reasons are the columns that carry most of the evidence; “similar rows” are the"
        " nearest ones by all other columns.",
        (shown, f"The {len(shown)} oddest of {len(alerts.alerts):,} rows to look at."),
        alerts.plot(),
    ]
    return parts + ([" ".join(f"{note[0].upper()}{note[1:]}." for note in alerts.notes)] if alerts.notes else [])


def found_parts(rows: Rows, oddness: Any, costs: Costs | None) -> list[Any]:
    """How much is found by looking at more rows, and what that costs."""
    if not rows.judged or costs is None:
        known = "no label is known" if rows.odd is None else f"fewer than {FEW_ODD} of the new rows are known to be odd"
        return [
            f"How much is found cannot be said, because {known}. Look at the rows above, write down which are odd, and"
            " run again with that column as columns.label."
        ]
    table = pd.DataFrame(
        {
            name: [f"{value:.4f}" if name == "cost a row" else f"{100 * value:.3g} %" for value in costs.table[name]]
            for name in costs.table.columns
        }
    ).set_index("share looked at")
    return [
        detection_curve(rows.new_odd, oddness),
        _cheapest(costs) + " It was chosen on every other new row, and the table is of the rest.",
        (table, "What looking costs and brings."),
    ]


def protocol_parts(detector: AnomalyDetector, scores: Scores | None, settings: ShuttleSettings) -> list[Any]:
    """How it was tested, and against what."""
    parts: list[Any] = [
        "Four detectors of different kind are summed, and a guard watches for values that nobody has seen; nothing was"
        " chosen by labels. A row's score does not depend on the rows it is scored with."
    ]
    if detector.notes_:
        parts.append(" ".join(f"{note[0].upper()}{note[1:]}." for note in detector.notes_))
    if scores is None:
        return parts
    table = pd.DataFrame(
        {
            name: {model: f"{scores.values(model, name).mean():.3f}" for model in (OURS, BASELINE)}
            for name in ("average_precision", "roc_auc")
        }
    ).rename(columns={"average_precision": "average precision", "roc_auc": "area under the ROC curve"})
    return [
        *parts,
        f"All rows were parted into {settings.folds} parts; detectors learnt from the others, without labels, and were"
        f" judged on each. The baseline, called “{BASELINE}”, is scikit-learn's, on the columns of numbers; text and"
        " dates it does not see.",
        (table.rename_axis("detector"), f"Means over {count_of(settings.folds, 'part')}."),
        *(
            capitalise(compare(scores, OURS, BASELINE, metric=name).explain())
            for name in ("average_precision", "roc_auc")
        ),
        scores.explain_leaks(),
    ]


def doubts(rows: Rows) -> list[str]:
    """When not to believe it."""
    told = [
        "Rare is not wrong: an alert says that a row is unlike others, and in what.",
        "What is common among the rows learnt from counts as ordinary, however wrong it is.",
        f"The share of alerts is right for rows like the first {rows.n_learnt:,}: if the table is sorted, or something"
        " changed since, it is not. Learn again after a change.",
    ]
    if rows.n_learnt < 1000:
        told.append(
            f"With {rows.n_learnt:,} rows learnt from, no share below {100 / rows.n_learnt:.2g} % can be told apart."
        )
    return told


def data_parts(own: bool, rows: Rows, settings: ShuttleSettings) -> list[str]:
    """What is to be known of the data."""
    told = [text for text in settings.columns.explain_missing() if " for features " not in text]
    names = [str(name) for name in rows.features.columns]
    told.append(f"Looked at were the columns {join_words(names)}." if len(names) > 1 else f"Looked at was {names[0]}.")
    if not own:
        told = [
            "The set's odd rows are five rare states of a radiator system, and its ordinary ones the most common state;"
            " the second most common was left out by its makers. Real tables are seldom so clear.",
            *told,
        ]
    return told


def metrics(rows: Rows, alerts: Alerts, scores: Scores | None, costs: Costs | None) -> dict[str, float]:
    """The figures of the run."""
    found = {
        "rows learnt from": float(rows.n_learnt),
        "new rows": float(len(rows.new)),
        "alerts": float(len(alerts.alerts)),
    }
    if rows.judged and alerts.alerts:
        looked = np.array([alert.place for alert in alerts.alerts])
        found["odd among alerts"] = float(rows.new_odd[looked].mean())
        found["odd rows found"] = float(rows.new_odd[looked].sum() / rows.new_odd.sum())
    if scores is not None:
        for model in (OURS, BASELINE):
            for name in ("average_precision", "roc_auc"):
                found[f"{name.replace('_', ' ')} of {model}"] = float(scores.values(model, name).mean())
    if costs is not None:
        found |= {"cheapest share": costs.share, "cost a row": costs.cost}
    return found
