"""What the delivery study reads: a map, the stops of a day, and the depots; bundled, or the user's own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from case_studies.common.map_file import load_map, set_on_streets
from case_studies.common.town import tell_apart
from domains.geodata import OsmMap, StreetNetwork
from shared.data.contract import contract_of
from shared.errors import DataError, Problem
from shared.reporting import Run

from .datasets import draw_stops, find_depot
from .day import Day, make_day
from .settings import MAP, DeliverySettings

__all__ = ["Order", "place_depots", "read_order"]

NO_DEPOT = "the stop nearest to the middle"
NO_LIMIT = "No capacity was given: vehicles carry any load (--set capacity=...)."


@dataclass(frozen=True)
class Order:
    """A day as it was read.

    Attributes
    ----------
    map : OsmMap
    streets : StreetNetwork
        As the map has them.
    day : Day
    made : str
        What was made up or is not looked at, as whole sentences; empty where nothing is.
    kind : str
        What a stop is called: "made-up stop" where they are.

    >>> Order.__name__
    'Order'
    """

    map: OsmMap
    streets: StreetNetwork
    day: Day
    made: str = ""
    kind: str = "stop"


def read_order(out: Run, settings: DeliverySettings) -> tuple[Order, list[str]]:
    """Read the bundled map with stops that are made up, or the user's own files.

    Parameters
    ----------
    out : Run
    settings : DeliverySettings

    Returns
    -------
    order, sentences
        The latter say how tables were read.

    Raises
    ------
    DataError
        A file cannot be used.

    >>> from pathlib import Path
    >>> read_order(Run("demo", Path("none"), "A demo", "", {"map": "no-such.osm"}), DeliverySettings())
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such.osm (map): there is no such file ...
    """
    asked, told = settings.columns, list[str]()
    town = load_map(out, MAP, streets=[settings.mode])
    network = town.streets(settings.mode)
    drawn = draw_stops(town.places)
    made = ""
    if "" in out.files:
        table, reading = out.load_table("helsinki_stops", settings.own_table())
        source = reading.source
        told += [reading.explain(), *asked.keep(table.columns).explain_missing()]
    else:
        table, source = _rename(drawn, asked), town.source
        if not len(table):
            fix = "Give stops of your own: --data stops=FILE."
            raise DataError(source, [Problem("holds no place with a name to deliver to", fix=fix)])
        made = _say_made(drawn, town)
    set_on_streets(network, table, source, lon=asked.lon, lat=asked.lat, max_snap=settings.max_snap)
    depots, start = _find_depots(out, town, table, settings, told)
    kept = _keep_roles(out, table, settings)
    day = make_day(network, kept, source, depots, settings)
    unlimited = NO_LIMIT if asked.keep(table.columns).load and not settings.capacity else ""
    told_first = " ".join(filter(None, [made, start, unlimited]))
    return Order(town, network, day, told_first, "made-up stop" if made else "stop"), told


def _keep_roles(out: Run, table: pd.DataFrame, settings: DeliverySettings) -> pd.DataFrame:
    """The columns that fill roles; new days need them, too, with names and times of their own."""
    asked = settings.columns.keep(table.columns)
    roles = [name for role in type(asked).roles() for name in asked.columns_of(role)]
    kept = pd.DataFrame(table[roles])
    free = {asked.name, asked.early, asked.late}
    learnt = contract_of(kept)
    columns = tuple(replace(one, labels=(), missing=one.name in free) for one in learnt.columns)
    out.contract = replace(learnt, columns=columns)
    return kept


def _rename(drawn: pd.DataFrame, asked: object) -> pd.DataFrame:
    """Stops that were drawn, under the names that were asked for."""
    names = {one: getattr(asked, role) for one, role in zip(drawn.columns, ["name", *drawn.columns[1:]], strict=True)}
    return drawn.rename(columns=names)


def _say_made(drawn: pd.DataFrame, town: OsmMap) -> str:
    return (
        f"The stops are made up, as no map knows who is delivered to: {len(drawn):,} restaurants, cafés and other"
        f" places of {town.source}, with loads, windows and minutes, all drawn by chance."
    )


def _find_depots(
    out: Run, town: OsmMap, table: pd.DataFrame, settings: DeliverySettings, told: list[str]
) -> tuple[pd.DataFrame, str]:
    """Depots of the user's own table, or else one; and a sentence where it was made up."""
    asked = settings.columns
    if "depots" in out.files:
        of = asked.depots
        found, reading = out.load_table("helsinki_depots", of.table_schema("columns.depots"), table="depots")
        of = of.keep(found.columns)
        told += [reading.explain(), *of.explain_missing()]
        streets = town.streets(settings.mode)
        limit, setting = settings.max_snap, "columns.depots"
        set_on_streets(streets, found, reading.source, lon=of.lon, lat=of.lat, setting=setting, max_snap=limit)
        names = [str(one).strip() for one in found[of.name].fillna("")] if of.name else [""] * len(found)
        places = pd.DataFrame(
            {
                "depot": tell_apart([name or f"depot {row}" for row, name in enumerate(names, 1)]),
                "lon": found[of.lon].to_numpy(float),
                "lat": found[of.lat].to_numpy(float),
                "own": found[of.vehicles].to_numpy(float) if of.vehicles else np.nan,
            }
        )
        return place_depots(streets, places, reading.source, len(table), settings), ""
    where = pd.DataFrame({"lon": table[asked.lon].to_numpy(float), "lat": table[asked.lat].to_numpy(float)})
    if "" in out.files:
        across = (where["lon"] - where["lon"].mean()) * np.cos(np.radians(where["lat"].mean()))
        off = np.hypot(across, where["lat"] - where["lat"].mean()).to_numpy(float)
        depot = where.iloc[[int(off.argmin())]].assign(depot=NO_DEPOT)
        made = f"No depot was given: vehicles start and end at {NO_DEPOT} (--data depots=FILE says where)."
    else:
        depot = find_depot(town.places, where)
        made = "The depot is made up, too: the supermarket furthest from their middle."
        if not len(depot):
            depot, made = where.iloc[[0]].assign(depot="the first stop"), "Vehicles start and end at the first stop."
    depot = depot.reset_index(drop=True).assign(own=np.nan)
    return place_depots(town.streets(settings.mode), depot, town.source, len(table), settings), made


def place_depots(
    network: StreetNetwork, places: pd.DataFrame, source: str, n_stops: int, settings: DeliverySettings
) -> pd.DataFrame:
    """Depots with how many vehicles stand there at most.

    Parameters
    ----------
    network : StreetNetwork
    places : pandas.DataFrame
        "depot", "lon", "lat" and "own", their own number of vehicles or NaN.
    source : str
    n_stops : int
        More vehicles than stops are of no use.
    settings : DeliverySettings

    Raises
    ------
    DataError
        A depot is on no street, or there is no vehicle.

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> small.day.depots["vehicles"].tolist()  # placed by the small day itself
    [2]
    """
    asked = settings.columns.depots
    found = set_on_streets(network, places, source, setting="columns.depots", max_snap=settings.max_snap)
    if not found.snapped.all():
        rows = tuple((np.flatnonzero(~found.snapped)[:6] + 1).tolist())
        what = f"depots further than {settings.max_snap:g} m from any street of the map"
        fix = "Correct them, or set max_snap."
        raise DataError(source, [Problem(what, rows=rows, count=int((~found.snapped).sum()), fix=fix)])
    standard = min(settings.vehicles or n_stops, n_stops)
    vehicles = np.minimum(np.where(np.isnan(places["own"]), standard, places["own"]), n_stops).astype(int)
    if not vehicles.any():
        fix = "Give one a vehicle, or name no such column."
        raise DataError(source, [Problem("no vehicle stands at any depot", column=asked.vehicles, fix=fix)])
    return places.assign(vehicles=vehicles)
