"""The catchment study at work: new points, the nearest place of each, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.map_file import set_on_streets
from case_studies.common.saved_run import SavedRun
from case_studies.common.town import add_columns, measure_edge, measure_minutes, usual_speed
from domains.geodata import Positions, StreetNetwork, compute_costs
from shared.data import datasets
from shared.data.io.tables import read_table
from shared.data.schema import first_rows
from shared.errors import Argument, DataError, Fix, Problem, StoreError
from shared.result import Result
from shared.typing import Bools, Floats, Ints

from .settings import CatchmentSettings

__all__ = ["Ways", "predict"]

DRIFT = Argument("accept_drift", True)


@dataclass(frozen=True, repr=False)
class Ways(Result):
    """New points with their way to the nearest place.

    Attributes
    ----------
    table : pandas.DataFrame
        The points with "minutes", "place", "metres" along the streets and "metres to the street".
    minutes : numpy.ndarray
    limit : float

    >>> Ways(pd.DataFrame(), np.array([3.0, 20.0]), 15.0).explain()
    '1 of 2 points reaches a place within 15 minutes; the way takes 3.0 to 20.0 minutes.'
    """

    table: pd.DataFrame
    minutes: Any
    limit: float

    def to_frame(self) -> pd.DataFrame:
        """A row a point, in their order."""
        return self.table

    def explain(self) -> str:
        """Say how many reach a place in time."""
        there = self.minutes[np.isfinite(self.minutes)]
        near = int((there <= self.limit).sum())
        told = (
            f"{near:,} of {len(self.minutes):,} points reach{'es' if near == 1 else ''} a place within {self.limit:g}"
        )
        span = f"; the way takes {there.min():.1f} to {there.max():.1f} minutes" if len(there) else ""
        return f"{told} minutes{span}."


def predict(settings: CatchmentSettings, run: SavedRun, data: Path | str, accept_drift: bool) -> tuple[Ways, list[str]]:
    """Read new points and find the nearest place of each.

    Returns
    -------
    ways, notes

    >>> from shared.data.contract import TableContract
    >>> run = SavedRun(Path("runs/none"), "catchment", TableContract(()))
    >>> predict(CatchmentSettings(), run, "no-such-file.csv", False)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file...
    """
    asked = settings.columns
    own = asked.table_schema(people=None)
    table, reading = datasets.load_with_report("helsinki_addresses", data, own=own, **settings.read_options)
    network = run.model()
    if not isinstance(network, StreetNetwork):
        raise StoreError(f"{run.folder / 'model.hexad'} holds no streets. Run the study again")
    known = _read_places(run)
    places = set_on_streets(network, known, "places.parquet", max_snap=settings.max_snap)
    start = set_on_streets(network, table, reading.source, lon=asked.lon, lat=asked.lat, max_snap=settings.max_snap)
    notes = [*reading.repairs, *_check_far(start.snapped, settings, reading.source, accept_drift)]
    minutes, nearest, metres = _find_ways(network, start, places, settings)
    there, names = np.isfinite(minutes), known["place"].tolist()
    edge = measure_edge(network, start) / usual_speed(network)
    if near := int((edge < minutes)[there].sum()):
        notes.append(
            f"{near:,} are nearer to the edge of the map than to their place: there may be a nearer one beyond it"
        )
    if settings.mode != "walk":
        notes.append("minutes are those of the fastest way, metres those of the shortest")
    answers = add_columns(
        table,
        minutes=np.where(there, minutes.round(2), np.nan),
        place=[names[which] if on else None for which, on in zip(nearest, there, strict=True)],
        metres=np.where(there, metres.round(1), np.nan),
        **{"metres to the street": start.off.round(1)},
    )
    return Ways(answers, minutes, settings.limits[-1]), notes


def _check_far(snapped: Bools, settings: CatchmentSettings, source: str, accept_drift: bool) -> list[str]:
    """Refuse points that no street of the map is near, or tell how many get no answer."""
    off = ~snapped
    if not off.any():
        return []
    far = f"further than {settings.max_snap:g} m from any street of the map"
    what = f"{int(off.sum()):,} of {len(off):,} points are {far}"
    if accept_drift:
        return [f"{what}: they get no answer"]
    fix = Fix("Leave them out, run the study on a larger map, or let them go unanswered: ", DRIFT, ".")
    raise DataError(source, [Problem(what, rows=tuple(first_rows(off)), count=int(off.sum()), fix=fix)])


def _find_ways(
    network: StreetNetwork, start: Positions, places: Positions, settings: CatchmentSettings
) -> tuple[Floats, Ints, Floats]:
    """Minutes to the nearest place, which it is, and metres along the streets."""
    minutes, metres = np.full(len(start), np.inf), np.full(len(start), np.inf)
    nearest = np.zeros(len(start), dtype=np.int64)
    for part, found in measure_minutes(network, start, places, settings.n_jobs):
        row, best = np.arange(len(found)), found.argmin(axis=1)
        along = compute_costs(network, start.take(part), places, by="distance", n_jobs=settings.n_jobs).values
        minutes[part], nearest[part], metres[part] = found[row, best], best, along[row, best]
    return minutes, nearest, metres


def _read_places(run: SavedRun) -> pd.DataFrame:
    path = run.folder / "places.parquet"
    try:
        found: pd.DataFrame = read_table(path)
        return found[["place", "lon", "lat"]].astype({"place": str})
    except (DataError, OSError, KeyError) as error:
        raise StoreError(f"{path} is missing or damaged ({str(error)[:200]}). Run the study again") from error
