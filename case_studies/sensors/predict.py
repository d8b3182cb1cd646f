"""The sensors study's detector at work: the rows that follow, and what happened in them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from case_studies.common.saved_run import SavedRun
from domains.anomaly import Incidents, SeriesDetector
from shared.data import datasets
from shared.errors import RepairWarning, StoreError
from shared.result import Result
from shared.text import count_of

from .settings import SensorSettings

__all__ = ["Sightings", "predict"]

FIRST = 10  # incidents that are told in the terminal; all are in the table


@dataclass(frozen=True, repr=False)
class Sightings(Result):
    """Every new row with its evidence, and what happened where an incident is.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row each: series, stamp, columns, "evidence", "rate", "usual", "incident" (0 for none) and "why".
    incidents : Incidents

    >>> Sightings(pd.DataFrame(), Incidents((), 3, "the oddest")).explain()
    'Nothing is reported in 3 rows, the oddest.'
    """

    frame: pd.DataFrame
    incidents: Incidents

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.frame

    def explain(self) -> str:
        """Say how many incidents are reported; what happened stands in the table."""
        return self.incidents.explain().split("\n", 1)[0]


def predict(
    settings: SensorSettings, run: SavedRun, data: Path | str, accept_drift: bool
) -> tuple[Sightings, list[str]]:
    """Read the rows that follow and look at them.

    Returns
    -------
    sightings, notes

    >>> from shared.data.contract import TableContract
    >>> predict(SensorSettings(), SavedRun(Path("runs/none"), "sensors", TableContract(())), "no-such-file.csv", False)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file...
    """
    settings = settings.for_table(run.contract.names)  # the roles that the run's own table filled
    own = settings.columns.table_schema(value={"allow_missing": True})
    table, reading = datasets.load_with_report("pedestrian", data, own=own, **settings.read_options)
    model = run.model()
    if not isinstance(model, SeriesDetector) or (model.ds, model.y) != (settings.columns.time, settings.columns.value):
        raise StoreError(f"{run.folder / 'model.hexad'} holds no model of this study. Run the study again")
    later, known = model.drop_known(table)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RepairWarning)
        found = model.find_incidents(later, budget=settings.incidents, repair=settings.repairs)
    bridged = [
        f"{str(one.message).rstrip('.')}: bridged to look across, as in the run, and never reported"
        for one in caught
        if issubclass(one.category, RepairWarning)
    ]
    why = {number: incident.text for number, incident in enumerate(found.incidents, 1)}
    frame = found.rows.assign(why=[why.get(number, "") for number in found.rows["incident"]])
    # Whatever drifted is among the incidents, so there is nothing more to accept.
    notes = ["accept_drift changes nothing here: rows far off are what is reported"] if accept_drift else []
    if known:
        notes.append(f"{count_of(known, 'row')} known from before {'is' if known == 1 else 'are'} passed over")
    told = [incident.explain().rstrip(".") for incident in found.incidents[:FIRST]]
    if more := len(found.incidents) - len(told):
        told.append(f"{more:,} more {'stands' if more == 1 else 'stand'} in the table, under “why”")
    return Sightings(frame, found), [*reading.repairs, *bridged, *notes, *told]
