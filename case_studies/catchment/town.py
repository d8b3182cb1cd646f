"""What the catchment study reads: a map, the places to be reached in it, and where people are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from case_studies.common.map_file import load_map, set_on_streets
from case_studies.common.town import measure_edge
from domains.geodata import OsmMap, Positions, StreetNetwork
from shared.data.contract import contract_of
from shared.errors import DataError, Problem
from shared.reporting import Run
from shared.typing import Floats

from .datasets import list_addresses
from .places import Places, find_places
from .settings import MAP, CatchmentSettings

__all__ = ["People", "Town", "read_town", "spread_points"]

FEW = 50  # addresses, below which a map says nothing of where people are
GAP = 200.0  # metres to the next address, beyond which a street is not covered by them
MOST_GAPS = 0.25  # share of the streets that may be so, for addresses to stand in for people unasked
ALONG = "points along the streets"


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
        Where they come from, in whole sentences; empty for a table of the user's own.
    along : Positions, optional
        Points along the streets, where addresses stand in for people: the other way to count.

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
    along: Positions | None = None

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
    source : str
        The map file.
    network : StreetNetwork
    places : Places
    people : People
    edge : numpy.ndarray
        Metres from where people are to the edge of the map.
    notes : tuple of str
        What was left out.

    >>> from .example import make_example
    >>> len(make_example().places)
    2
    """

    source: str
    network: StreetNetwork
    places: Places
    people: People
    edge: Floats
    notes: tuple[str, ...] = ()


def read_town(out: Run, settings: CatchmentSettings) -> tuple[Town, OsmMap, list[str]]:
    """Read the bundled map and places, or the user's own files.

    Parameters
    ----------
    out : Run
    settings : CatchmentSettings

    Returns
    -------
    town, map, sentences
        The last say how tables were read.

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
    places, told = find_places(out, town, network, settings)
    if "" in own:

        def check(table: pd.DataFrame, source: str) -> None:
            _set_people(network, table, source, settings)

        table, reading = out.load_table("helsinki_addresses", settings.own_table(), check=check)
        read += [reading.explain(), *settings.columns.keep(table.columns).explain_missing()]
        people, left = _set_people(network, table, reading.source, settings)
    else:
        people, left = _make_people(town, network, settings)
    columns = [settings.columns.lon, settings.columns.lat]
    out.contract = contract_of(people.table[columns])
    edge = measure_edge(network, people.positions)
    return Town(town.source, network, places, people, edge, (*left, *places.notes)), town, [*read, *told]


def _set_people(
    network: StreetNetwork, table: pd.DataFrame, source: str, settings: CatchmentSettings, unit: str = ""
) -> tuple[People, tuple[str, ...]]:
    """Set the rows of a table on streets; those that are too far off are left out and counted."""
    asked = settings.columns.keep(table.columns)
    thing, unit = unit or "rows", unit or (f"“{asked.people}”" if asked.people else "rows")
    weight = table[asked.people].to_numpy(dtype=float) if asked.people else np.ones(len(table))
    if not weight.sum() > 0:
        fix = "Give at least one number above 0."
        raise DataError(source, [Problem("adds up to nobody", column=asked.people or None, fix=fix)])
    found = set_on_streets(network, table, source, lon=asked.lon, lat=asked.lat, max_snap=settings.max_snap)
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
    return People(found.take(on), weight[on], unit, kept), left


def _make_people(town: OsmMap, network: StreetNetwork, settings: CatchmentSettings) -> tuple[People, tuple[str, ...]]:
    """Where people may be, by the map alone, with a sentence that says so."""
    addresses, points = list_addresses(town), spread_points(network, settings.spacing)
    asked = settings.columns
    names = {"lon": asked.lon, "lat": asked.lat, "people": asked.people or "people"}
    along, left = _set_people(network, points.rename(columns=names), ALONG, settings, ALONG)
    gaps = _find_gaps(network, addresses, along.positions)
    uneven = settings.demand == "guess" and gaps > MOST_GAPS
    if settings.demand == "streets" or len(addresses) < FEW or uneven:
        few = f", and {100 * gaps:.0f} % of its streets have no address within {GAP:g} m" if uneven else ""
        few = f", and {len(addresses):,} addresses" if len(addresses) < FEW else few
        told = (
            f"The map knows no people{few}: a point every {settings.spacing:g} m along its streets counts as one"
            " household, whether somebody lives there or not."
        )
        return replace(along, source=told), left
    people, left = _set_people(network, addresses.rename(columns=names), "addresses", settings, "addresses")
    covered = f"{100 * (1 - gaps):.0f} % of its streets have one within {GAP:g} m"
    told = (
        f"The map knows no people: each of its {len(addresses):,} addresses counts as one household, also where only a"
        f" shop or an office is; {covered}."
    )
    return replace(people, source=told, along=along.positions), left


def _find_gaps(network: StreetNetwork, addresses: pd.DataFrame, along: Positions) -> float:
    """Share of points along the streets that no address is near."""
    if addresses.empty:
        return 1.0
    lon, lat = addresses["lon"].to_numpy(float), addresses["lat"].to_numpy(float)
    there = np.column_stack(network.projection.to_plane(lon, lat))
    points = np.column_stack(network.projection.to_plane(along.lon, along.lat))
    return float(np.isinf(KDTree(there).query(points, distance_upper_bound=GAP)[0]).mean())


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
