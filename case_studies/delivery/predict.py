"""The delivery study at work: the stops of a new day, which vehicle serves each, and when."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from case_studies.common.map_file import set_on_streets
from case_studies.common.saved_run import SavedRun
from domains.geodata import RoutePlan, StreetNetwork
from shared.data import datasets
from shared.data.io.tables import read_table
from shared.errors import DataError, StoreError
from shared.result import Result
from shared.text import count_of, format_number

from .answers import list_answers
from .day import make_day
from .plans import search_best
from .reading import place_depots
from .settings import DeliverySettings

__all__ = ["DayPlan", "predict"]

TOLD = 5  # stops that are named with the reason why nobody serves them


@dataclass(frozen=True, repr=False)
class DayPlan(Result):
    """The stops of a new day with vehicle, place in its round, and times.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a stop: those of a vehicle in the order in which it serves them, at the end those that nobody serves.
    plan : RoutePlan

    >>> DayPlan.__name__
    'DayPlan'
    """

    table: pd.DataFrame
    plan: RoutePlan

    def to_frame(self) -> pd.DataFrame:
        """A row a stop, in the order of the day."""
        return self.table

    def explain(self) -> str:
        """Say how many vehicles serve how many stops."""
        routes, served = self.plan.routes, len(self.plan.stops)
        told = (
            f"{count_of(len(routes), 'vehicle')} {'serves' if len(routes) == 1 else 'serve'} {served:,} of"
            f" {count_of(len(self.table), 'stop')} with {format_number(routes['driving'].sum(), 3)} minutes of driving"
            f" ({format_number(routes['length'].sum() / 1000, 3)} km)"
        )
        return f"{told}; found by search, not proven to be the least."


def predict(
    settings: DeliverySettings, run: SavedRun, data: Path | str, accept_drift: bool
) -> tuple[DayPlan, list[str]]:
    """Read the stops of a new day and plan its routes.

    Returns
    -------
    plan, notes

    >>> from shared.data.contract import TableContract
    >>> run = SavedRun(Path("runs/none"), "delivery", TableContract(()))
    >>> predict(DeliverySettings(), run, "no-such-file.csv", False)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file. ...
    """
    asked = settings.columns
    table, reading = datasets.load_with_report(
        "helsinki_stops", data, own=settings.own_table(), **settings.read_options
    )
    notes = [*reading.repairs, *run.contract.check(table, reading.source, accept_drift=accept_drift)]
    network = run.model()
    if not isinstance(network, StreetNetwork):
        raise StoreError(f"{run.folder / 'model.hexad'} holds no streets. Run the study again")
    set_on_streets(network, table, reading.source, lon=asked.lon, lat=asked.lat, max_snap=settings.max_snap)
    depots = place_depots(network, _read_depots(run), "depots.parquet", len(table), settings)
    day = make_day(network, table, reading.source, depots, settings)
    plan = search_best(day.with_margin(settings.margin), settings)[0]
    return DayPlan(list_answers(day, plan), plan), [*notes, *_say_unserved(day.names, plan)]


def _say_unserved(names: list[str], plan: RoutePlan) -> list[str]:
    if not len(plan.unserved):
        return []
    first = [f"{names[int(stop)]} ({why})" for stop, why in plan.unserved.head(TOLD).itertuples(index=False)]
    more = [f"{len(plan.unserved) - TOLD:,} more"] if len(plan.unserved) > TOLD else []
    return [f"nobody serves {count_of(len(plan.unserved), 'stop')}: {'; '.join([*first, *more])}"]


def _read_depots(run: SavedRun) -> pd.DataFrame:
    path = run.folder / "depots.parquet"
    try:
        found: pd.DataFrame = read_table(path)
        kinds = {"depot": str, "lon": float, "lat": float, "own": float}
        return found.assign(own=found.get("own", np.nan))[[*kinds]].astype(kinds)
    except (DataError, OSError, KeyError, ValueError) as error:
        raise StoreError(f"{path} is missing or damaged ({str(error)[:200]}). Run the study again") from error
