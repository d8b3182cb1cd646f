"""The shuttle study's detector at work: new rows, and which of them to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from case_studies.common.saved_run import SavedRun
from domains.anomaly import Alerts, AnomalyDetector
from shared.data import datasets
from shared.errors import StoreError
from shared.result import Result

from .settings import ShuttleSettings
from .trial import pick_columns

__all__ = ["Judgements", "predict"]

FIRST = 10  # alerts that are told in the terminal; all are in the table


@dataclass(frozen=True, repr=False)
class Judgements(Result):
    """Every new row with its evidence, and the reasons of those that are reported.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row each: what it is called, "evidence", "p_value", "reported" and "why".
    alerts : Alerts

    >>> Judgements(pd.DataFrame(), Alerts((), 3, "the oddest")).explain()
    'None of 3 rows is reported, the oddest.'
    """

    frame: pd.DataFrame
    alerts: Alerts

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.frame

    def explain(self) -> str:
        """Say how many rows are reported; why each is stands in the table."""
        return self.alerts.explain().split("\n", 1)[0]


def predict(
    settings: ShuttleSettings, run: SavedRun, data: Path | str, accept_drift: bool
) -> tuple[Judgements, list[str]]:
    """Read new rows and judge them.

    Returns
    -------
    judgements, notes

    >>> from shared.data.contract import TableContract
    >>> predict(ShuttleSettings(), SavedRun(Path("runs/none"), "shuttle", TableContract(())), "no-such-file.csv", False)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file. ...
    """
    table, reading = datasets.load_with_report("shuttle", data, own=settings.own_table(), **settings.read_options)
    model = run.model()
    if not isinstance(model, AnomalyDetector):
        raise StoreError(f"{run.folder / 'model.hexad'} holds no model of this study. Run the study again")
    asked = settings.columns.model_copy(update={"label": "", "features": []})
    rows = model.check_rows(table[pick_columns(table, settings.model_copy(update={"columns": asked}))], reading.source)
    key = settings.columns.row
    name = key or "row"
    rows = rows.set_axis(pd.Index(table[key].astype(str)) if key else pd.RangeIndex(1, len(table) + 1))
    alerts = model.find_alerts(rows, budget=settings.budget, n_reasons=settings.reasons)
    why = {alert.place: "; ".join(reason.text for reason in alert.reasons) for alert in alerts.alerts}
    frame = pd.DataFrame(
        {
            name: rows.index,
            "evidence": model.evidence(rows),
            "p_value": model.p_values(rows),
            "reported": [place in why for place in range(len(rows))],
            "why": [why.get(place, "") for place in range(len(rows))],
        }
    )
    # Whatever drifted is in the reasons, so there is nothing more to accept.
    notes = ["accept_drift changes nothing here: rows far off are what is reported"] if accept_drift else []
    reasons = [alert.explain().rstrip(".") for alert in alerts.alerts[:FIRST]]
    return Judgements(frame, alerts), [*reading.repairs, *notes, *reasons]
