"""The fraud study's models at work: new payments beside the past of their cards, and which of them to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.saved_run import SavedRun
from domains.anomaly import AlertClassifier, Alerts, AnomalyDetector
from shared.data import datasets
from shared.data.io.tables import read_table
from shared.data.schema import Schema
from shared.errors import DataError, Problem, StoreError
from shared.result import Result
from shared.text import count_of

from .features import add_history, pick_columns, put_in_words
from .payments import Payments, number_days
from .settings import FraudSettings
from .trial import pick_each_day

__all__ = ["Judgements", "keep_history", "predict"]

FIRST = 10  # alerts that are told in the terminal; all are in the table


@dataclass(frozen=True, repr=False)
class Judgements(Result):
    """Every new payment with its evidence and its chance, and the reasons of those that are reported.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row each: what it is called, "evidence", "p_value", "chance" (where labels were learnt), "reported" and "why".
    per_day : int
        Payments reported of each day, at most.

    >>> Judgements(pd.DataFrame({"reported": [True, False]}), 20).explain()
    '1 of 2 payments is reported, at most 20 of each day.'
    """

    frame: pd.DataFrame
    per_day: int

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.frame

    def explain(self) -> str:
        """Say how many payments are reported; why each is stands in the table."""
        count = int(self.frame["reported"].sum())
        verb = "is" if count == 1 else "are"
        total = count_of(len(self.frame), "payment")
        return f"{count:,} of {total} {verb} reported, at most {self.per_day:,} of each day."


def keep_history(payments: Payments, settings: FraudSettings) -> dict[str, pd.DataFrame]:
    """The table "history" of what new payments are compared with; nothing where no column says which card paid.

    Parameters
    ----------
    payments : Payments
    settings : FraudSettings

    >>> table = pd.DataFrame({"amount": [1.0, 2.0]})
    >>> keep_history(Payments(table, ["amount"], np.zeros(2, int), None, 1), FraudSettings(columns={"card": ""}))
    {}
    """
    return {"history": payments.table[_history_columns(settings)]} if settings.columns.card else {}


def _history_columns(settings: FraudSettings) -> list[str]:
    asked = settings.columns
    named = [asked.payment, asked.time, asked.card, asked.amount, asked.category, asked.country]
    return [name for name in named if name]


def predict(
    settings: FraudSettings, run: SavedRun, data: Path | str, accept_drift: bool
) -> tuple[Judgements, list[str]]:
    """Read new payments and judge them.

    Returns
    -------
    judgements, notes

    >>> from shared.data.contract import TableContract
    >>> predict(FraudSettings(), SavedRun(Path("runs/none"), "fraud", TableContract(())), "no-such-file.csv", False)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file...
    """
    settings = settings.for_table(run.contract.names)  # the roles that the run's own table filled
    own = settings.new_table()
    table, reading = datasets.load_with_report("cards", data, own=own, **settings.read_options)
    model = run.model()
    if not isinstance(model, AnomalyDetector | AlertClassifier):
        raise StoreError(f"{run.folder / 'model.hexad'} holds no model of this study. Run the study again")
    history = _read_history(run, settings)
    table, known = _drop_known(table, history, settings, reading.source)
    made = _add_past(table, history, settings, reading.source)
    frame, alerts = _judge(model, made, settings, reading.source)
    # Whatever drifted is in the reasons, so there is nothing more to accept.
    notes = ["accept_drift changes nothing here: payments far off are what is reported"] if accept_drift else []
    if known:
        notes.append(f"{count_of(known, 'payment')} known from before {'is' if known == 1 else 'are'} passed over")
    reasons = [alert.explain().rstrip(".") for alert in alerts.alerts[:FIRST]]
    return Judgements(frame, settings.per_day), [*reading.repairs, *notes, *reasons]


def _read_history(run: SavedRun, settings: FraudSettings) -> pd.DataFrame | None:
    """What the run knew of each card."""
    if not settings.columns.card:
        return None
    columns = _history_columns(settings)
    schema = Schema(tuple(column for column in settings.new_table().columns if column.name in columns))
    try:
        return read_table(run.folder / "history.parquet", schema)[columns]
    except (DataError, OSError) as error:
        raise StoreError(
            f"{run.folder / 'history.parquet'} is missing or damaged ({str(error)[:200]}). Run the study again"
        ) from error


def _drop_known(
    table: pd.DataFrame, history: pd.DataFrame | None, settings: FraudSettings, source: str
) -> tuple[pd.DataFrame, int]:
    """Leave out payments that the run has seen already, where payments have names."""
    name = settings.columns.payment
    if history is None or not name:
        return table.reset_index(drop=True), 0
    known = table[name].isin(set(history[name])).to_numpy()
    if known.all():
        what = f"all of its {len(table):,} payments are known from the run"
        raise DataError(source, [Problem(what, column=name, fix="Give later ones.")])
    return table[~known].reset_index(drop=True), int(known.sum())


def _add_past(table: pd.DataFrame, history: pd.DataFrame | None, settings: FraudSettings, source: str) -> pd.DataFrame:
    """Compare new payments with the past of their cards; in the order of the file."""
    time = settings.columns.time
    if history is None:
        return add_history(table, settings.columns)
    zones = [one[time].dt.tz for one in (table, history)]
    if (zones[0] is None) != (zones[1] is None):
        here, there = ("without a time zone" if zone is None else f"in {zone}" for zone in zones)
        what = f"has stamps {here}, but the run learnt from stamps {there}"
        raise DataError(source, [Problem(what, column=time, fix="Bring them to the same.")])
    if zones[1] is not None:
        table = table.assign(**{time: table[time].dt.tz_convert(zones[1])})
    both = pd.concat([history, table], ignore_index=True).sort_values(time, kind="stable")
    return add_history(both, settings.columns).loc[len(history) :].sort_index().reset_index(drop=True)


def _judge(
    model: AnomalyDetector | AlertClassifier, made: pd.DataFrame, settings: FraudSettings, source: str
) -> tuple[pd.DataFrame, Alerts]:
    """Evidence and chance of every payment, and the reasons of those that come first each day."""
    asked = settings.columns
    detector = model if isinstance(model, AnomalyDetector) else model.detector_
    named = made[asked.payment].astype(str) if asked.payment else pd.RangeIndex(1, len(made) + 1)
    rows = detector.check_rows(made[pick_columns(made, asked)], source).set_axis(pd.Index(named))
    judged: dict[str, Any] = {"evidence": detector.evidence(rows), "p_value": detector.p_values(rows)}
    if isinstance(model, AlertClassifier):
        judged["chance"] = model.predict_proba(rows)[:, 1]
    order = judged.get("chance", judged["evidence"])
    reported = pick_each_day(np.asarray(order), number_days(made[asked.time]), settings.per_day)
    chosen = np.flatnonzero(reported)
    alerts = model.find_alerts(rows.iloc[chosen], budget=len(chosen), n_reasons=settings.reasons)
    alerts = put_in_words(alerts, made.iloc[chosen], asked)
    why = {int(chosen[alert.place]): "; ".join(one.text for one in alert.reasons) for alert in alerts.alerts}
    frame = pd.DataFrame(
        {
            asked.payment or "payment": rows.index,
            **judged,
            "reported": reported,
            "why": [why.get(place, "") for place in range(len(rows))],
        }
    )
    return frame, alerts
