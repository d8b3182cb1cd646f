"""What the catchment study reads: a map, the places to be reached in it, and where people are."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from case_studies.common.map_file import load_map, set_on_streets
from domains.geodata import OsmMap, Positions, StreetNetwork
from shared.data.contract import contract_of
from shared.errors import DataError, Problem
from shared.reporting import Run
from shared.typing import Floats

from .datasets import list_addresses
from .edge import measure_edge
from .places import Places, find_places
from .settings import MAP, CatchmentSettings

__all__ = ["People", "Town", "read_town", "spread_points"]

FEW = 50  # addresses, below which a map says nothing of where people are


@dataclass(frozen=True)
class People:
    """Where people are.

    Attributes
    ----------
    positions : Positions
        On streets, in the order of the table.
    weight : numpy.ndarray
        How many are there.
    unit : str
        What they are called: "addresses", or the user's own column.
    table : pandas.DataFrame
        The rows they came from.
    source : str
        Where they come from, as a whole sentence; empty for a table of the user's own.

    >>> from domains.geodata import make_grid_town, snap_points
    >>> points = pd.DataFrame({"lon": [8.0], "lat": [50.0]})
    >>> People(snap_points(make_grid_town(2, 2, lon=8.0, lat=50.0), points), np.array([7.0]), "souls").count(3)
    '3 souls'
    """

    positions: Positions
    weight: Floats
    unit: str
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    source: str = ""

    @property
    def total(self) -> float:
        """All of them."""
        return float(self.weight.sum())

    def count(self, number: float) -> str:
        """Write how many of them.

        Parameters
        ----------
        number : float
        """
        return f"{number:,.0f} {self.unit}"


@dataclass(frozen=True)
class Town:
    """A map with what is asked of it.

    Attributes
    ----------
    map : OsmMap
    network : StreetNetwork
    places : Places
    people : People
    edge : numpy.ndarray
        Metres from where people are to the edge of the map.
    notes : tuple of str
        What was left out.
    """

    map: OsmMap
    network: StreetNetwork
    places: Places
    people: People
    edge: Floats
    notes: tuple[str, ...] = ()


def read_town(out: Run, settings: CatchmentSettings) -> tuple[Town, list[str]]:
    """Read the bundled map and places, or the user's own files.

    Parameters
    ----------
    out : Run
    settings : CatchmentSettings

    Returns
    -------
    town, sentences
        The latter say how tables were read.

    Raises
    ------
    DataError, SettingsError
        A file cannot be used, or no place is there.

    >>> from pathlib import Path
    >>> read_town(Run("demo", Path("none"), "A demo", "", {"map": "no-such.osm"}), CatchmentSettings())
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such.osm (map): there is no such file ...
    """
    own = out.files
    town = load_map(out, MAP, streets=[settings.mode])
    network = town.streets(settings.mode)
    read: list[str] = []
    table: pd.DataFrame | None = None
    source = ""
    if "" in own:
        table, reading = out.load_table("helsinki_addresses", settings.own_table())
        read.append(reading.explain())
        source = reading.source
    places, told = find_places(out, town, network, settings)
    people, left = _find_people(town, network, table, source, settings)
    columns = [settings.columns.lon, settings.columns.lat]
    out.contract = contract_of(people.table[columns])
    edge = measure_edge(network, people.positions)
    return Town(town, network, places, people, edge, (*left, *places.notes)), [*read, *told]


def _find_people(
    town: OsmMap, network: StreetNetwork, table: pd.DataFrame | None, name: str, settings: CatchmentSettings
) -> tuple[People, tuple[str, ...]]:
    asked, told = settings.columns, ""
    if table is not None:
        asked = asked.keep(table.columns)
        unit, thing = (f"“{asked.people}”" if asked.people else "rows"), "rows"
    else:
        made, unit, told = _make_people(town, network, settings)
        table = made.rename(columns={"lon": asked.lon, "lat": asked.lat, "people": asked.people})
        name = thing = unit
    weight = table[asked.people].to_numpy(dtype=float) if asked.people else np.ones(len(table))
    if not weight.sum() > 0:
        fix = "Give at least one number above 0."
        raise DataError(name, [Problem("adds up to nobody", column=asked.people or None, fix=fix)])
    found = set_on_streets(network, table, name, lon=asked.lon, lat=asked.lat, max_snap=settings.max_snap)
    on = found.snapped
    left: tuple[str, ...] = ()
    if not on.all():
        lost = f"{int((~on).sum()):,} of {len(on):,} {thing}"
        whom = f", with {weight[~on].sum():,.0f} of {weight.sum():,.0f} {unit}," if unit != thing else ""
        left = (
            f"{lost}{whom} are further than {settings.max_snap:g} m from any street of the map and left out of all"
            " figures (--set max_snap=... takes more)",
        )
    roles = [column for column in (asked.lon, asked.lat, asked.people) if column]
    kept = pd.DataFrame(table.loc[on, roles]).reset_index(drop=True)
    return People(found.take(on), weight[on], unit, kept, told), left


def _make_people(town: OsmMap, network: StreetNetwork, settings: CatchmentSettings) -> tuple[pd.DataFrame, str, str]:
    """Where people may be, by the map alone: a table, what its rows are called, and a sentence that says so."""
    addresses = list_addresses(town)
    if settings.demand == "addresses" and len(addresses) >= FEW:
        told = (
            f"The map knows no people: each of its {len(addresses):,} addresses counts as one household, also where"
            " only a shop or an office is, and houses whose number the map lacks do not count."
        )
        return addresses, "addresses", told
    points = spread_points(network, settings.spacing)
    few = f" (of addresses it has {len(addresses):,}, too few)" if settings.demand == "addresses" else ""
    told = (
        f"The map knows no people{few}: a point every {settings.spacing:g} m along its streets counts as one household,"
        " whether somebody lives there or not."
    )
    return points, "points along the streets", told


def spread_points(network: StreetNetwork, spacing: float) -> pd.DataFrame:
    """Points along all streets that can be used: "lon", "lat", "people" (1 each).

    Parameters
    ----------
    network : StreetNetwork
    spacing : float
        Metres between them; a street piece has at least one, in its middle.

    >>> from domains.geodata import make_grid_town
    >>> len(spread_points(make_grid_town(2, 2, spacing=100.0), 50.0))
    8
    """
    import shapely

    pieces = np.flatnonzero(network.open_air)
    count = np.maximum(1, np.round(network.length[pieces] / spacing)).astype(int)
    place = np.repeat(np.arange(len(pieces)), count)
    step = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    share = (step + 0.5) / count[place]
    dots = shapely.line_interpolate_point(network.lines(pieces)[place], share, normalized=True)
    return pd.DataFrame({"lon": shapely.get_x(dots), "lat": shapely.get_y(dots), "people": 1})
