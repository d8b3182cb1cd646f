"""The chapters of the shuttle report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.anomaly import Alerts, AnomalyDetector, detection_curve
from shared.data.contract import TableContract
from shared.evaluation import Scores, compare
from shared.reporting import Table
from shared.text import count_of, join_words, sentences

from .sayings import (
    say_comparison,
    say_cost,
    say_found,
    say_unknown,
)
from .settings import ShuttleSettings
from .tables import Tables
from .trial import BASELINE, OURS, Costs, Rows

ROWS = 20
METRIC = "average_precision"


def alert_parts(tables: Tables, alerts: Alerts) -> list[Any]:
    """The rows to look at, with their reasons."""
    if not alerts.alerts:
        return [alerts.explain()]
    shown = tables.alerts.head(ROWS).set_index("row")[["why", "p_value"]].rename(columns={"p_value": "p-value"})
    shown["p-value"] = [f"{p:.2g}" for p in shown["p-value"]]
    parts: list[Any] = [
        "Every row is compared with those learnt from, each of which was held out in turn. Its p-value is the share of"
        " them that are as odd. The reasons are the columns that carry the evidence; “similar rows” are the"
        " nearest ones by all other columns.",
        Table(
            shown,
            f"The first {len(shown)} of {count_of(len(alerts.alerts), 'row')} to look at; the file has all.",
            name="rows to look at",
            data=tables.alerts,
        ),
        alerts.plot(),
    ]
    return parts + ([sentences(alerts.notes)] if alerts.notes else [])


def found_parts(rows: Rows, tables: Tables, costs: Costs | None, settings: ShuttleSettings) -> list[Any]:
    """How much is found by looking at more rows, and what that costs."""
    if not rows.judged or costs is None:
        return [
            f"{say_unknown(rows)} Look at the rows above, write down which are odd, and run again with that column as"
            " columns.label."
        ]
    table = costs.table.set_index("share looked at")
    shown = table.assign(**{name: 100 * table[name] for name in table.columns if name != "cost a row"})
    shown = shown.rename(columns={name: f"{name}, %" for name in table.columns if name != "cost a row"})
    shown.index = pd.Index([f"{100 * share:g} %" for share in shown.index], name="looked at")
    curve = detection_curve(rows.new_odd, tables.new["oddness"].to_numpy())
    return [
        curve.tell(say_found(tables)) if tables.judged else curve,
        [say_cost(tables, costs, settings), "It was chosen on every other new row, and the table is of the rest."],
        Table(shown, "What looking costs and brings. Of costs less is better, of shares found more.", name="costs"),
    ]


def protocol_parts(detector: AnomalyDetector, scores: Scores | None, settings: ShuttleSettings) -> list[Any]:
    """How it was tested, and against what."""
    parts: list[Any] = [
        "Four detectors of different kind are summed, and a guard watches for values that nobody has seen; nothing was"
        " chosen by labels. A row's score does not depend on the rows it is scored with."
    ]
    if detector.notes_:
        parts.append(sentences(detector.notes_))
    if scores is None:
        return parts
    table = pd.DataFrame(
        {
            name: {model: float(scores.values(model, name).mean()) for model in (OURS, BASELINE)}
            for name in ("average_precision", "roc_auc")
        }
    ).rename(columns={"average_precision": "average precision", "roc_auc": "area under the ROC curve"})
    return [
        *parts,
        f"All rows were parted into {settings.folds} parts; detectors learnt from the others, without labels, and were"
        f" judged on each. The baseline, called “{BASELINE}”, is scikit-learn's, on the columns of numbers; text and"
        " dates it does not see.",
        Table(
            table.rename_axis("detector"),
            f"Means over {count_of(settings.folds, 'part')}: more is better.",
            OURS,
            name="detectors",
        ),
        [say_comparison(compare(scores, OURS, BASELINE, metric=name).items[0]) for name in (METRIC, "roc_auc")],
        scores.explain_leaks(),
    ]


def doubts(rows: Rows) -> list[str]:
    """What the share of alerts cannot say."""
    told = [
        f"The share of alerts is right for rows like the first {rows.n_learnt:,}: if the table is sorted, or something"
        " changed since, it is not. Learn again after a change.",
    ]
    if rows.n_learnt < 1000:
        told.append(
            f"With {rows.n_learnt:,} rows learnt from, no share below {100 / rows.n_learnt:.2g} % can be told apart."
        )
    return told


def data_parts(own: bool, used: TableContract, settings: ShuttleSettings) -> list[str]:
    """What is to be known of the data."""
    told = [text for text in settings.columns.explain_missing() if " for features " not in text]
    names = [one.name for one in used.columns]
    told.append(f"Looked at were the columns {join_words(names)}." if len(names) > 1 else f"Looked at was {names[0]}.")
    if not own:
        told = [
            "The set's odd rows are five rare states of a radiator system, and its ordinary ones a common state;"
            " another common one was left out by its makers. Real tables are seldom so clear.",
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
