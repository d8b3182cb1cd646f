"""What studies on a map share: addresses, names of spots, minutes along the streets, and the edge of the map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shared.typing import Floats

if TYPE_CHECKING:
    from domains.geodata import OsmMap, Points, Positions, StreetNetwork

__all__ = [
    "add_columns",
    "list_addresses",
    "measure_edge",
    "measure_minutes",
    "name_crossings",
    "name_streets",
    "tell_apart",
    "usual_speed",
]

BLOCK = 4_000_000  # pairs that are held at once: 32 MB
CORNER = 35.0  # m within which a street is one of a crossing's: half a wide one, and some room
NEXT = 150.0  # m within which another street says where along the first a spot is: a block


def add_columns(table: pd.DataFrame, **answers: Any) -> pd.DataFrame:
    """Put answers beside a table; one whose name the table has already is called "... (found)".

    Parameters
    ----------
    table : pandas.DataFrame
    **answers
        Columns by their names.

    >>> add_columns(pd.DataFrame({"minutes": [1]}), minutes=[2.0], place=["a"]).columns.tolist()
    ['minutes', 'minutes (found)', 'place']
    """
    free = {f"{name} (found)" if name in table.columns else name: values for name, values in answers.items()}
    return table.assign(**free)


def tell_apart(names: Sequence[str]) -> list[str]:
    """Names that differ: those that are missing or come twice get a number.

    Parameters
    ----------
    names : sequence of str

    >>> tell_apart(["a", "b", "a", "", "a (1)"])
    ['a (2)', 'b', 'a (3)', 'without a name', 'a (1)']
    """
    plain = [name.strip() or "without a name" for name in names]
    counts = pd.Series(plain, dtype=object).value_counts()
    taken = {name for name in plain if counts[name] == 1}
    seen: dict[str, int] = {}
    told = []
    for name in plain:
        shown = name
        while counts[name] > 1 and (shown == name or shown in taken):
            seen[name] = seen.get(name, 0) + 1
            shown = f"{name} ({seen[name]})"
        taken.add(shown)
        told.append(shown)
    return told


def list_addresses(town: OsmMap) -> pd.DataFrame:
    """Every street and number of a map once, at the first point that has it: "lon" and "lat".

    Parameters
    ----------
    town : OsmMap

    >>> from domains.geodata import find_map, read_osm
    >>> list_addresses(read_osm(find_map("helsinki"), streets=["walk"])).columns.tolist()
    ['lon', 'lat']
    """
    found = town.addresses
    named = found[found["street"] != ""].drop_duplicates(["town", "postcode", "street", "number"])
    # A shop often lacks the postcode that the building has.
    named = named.drop_duplicates(["street", "number"])
    others = found[found["street"] == ""].drop_duplicates(["lon", "lat"])
    kept = found.loc[sorted([*named.index, *others.index]), ["lon", "lat"]]
    return pd.DataFrame(kept).reset_index(drop=True)


def name_streets(network: StreetNetwork, positions: Positions) -> Any:
    """Name of the street that each position is on, or else of the nearest one that has a name.

    Parameters
    ----------
    network : StreetNetwork
    positions : Positions

    Returns
    -------
    numpy.ndarray of str
        Empty where no street of the map has a name.

    >>> from domains.geodata import make_grid_town, snap_points
    >>> town = make_grid_town(2, 2, lon=8.0, lat=50.0)
    >>> len(name_streets(town, snap_points(town, pd.DataFrame({"lon": [8.0], "lat": [50.0]}))))
    1
    """
    import shapely

    found = np.array(network.names[positions.piece], dtype=object)
    lost = found == ""
    named = np.flatnonzero(network.open_air & (network.names != ""))
    if lost.any() and len(named):
        tree = shapely.STRtree(network.lines(named, plane=True))
        x, y = network.projection.to_plane(positions.lon[lost], positions.lat[lost])
        (_, which) = tree.query_nearest(shapely.points(x, y), all_matches=False)
        found[lost] = network.names[named[which]]
    return found


def name_crossings(network: StreetNetwork, positions: Positions) -> list[str]:
    """The nearest crossing of each position: "Elm Street / Oak Street" at it, "Elm Street near Oak Street" a block off.

    Parameters
    ----------
    network : StreetNetwork
    positions : Positions

    Returns
    -------
    list of str
        Empty texts where no street of the map has a name.

    >>> from domains.geodata import make_grid_town, snap_points
    >>> town = make_grid_town(2, 2, lon=8.0, lat=50.0)
    >>> name_crossings(town, snap_points(town, pd.DataFrame({"lon": [8.0], "lat": [50.0]})))
    ['1. Avenue & 1. Street']
    """
    import shapely

    named = np.flatnonzero(network.open_air & (network.names != ""))
    if not len(named):
        return [""] * len(positions)
    tree = shapely.STRtree(network.lines(named, plane=True))
    dots = shapely.points(*network.projection.to_plane(positions.lon, positions.lat))
    who, which = tree.query(dots, predicate="dwithin", distance=NEXT)
    near = pd.DataFrame({"who": who, "name": network.names[named[which]].astype(str)})
    near["off"] = shapely.distance(dots[who], tree.geometries[which]).round(1)
    near = near.sort_values(["who", "off", "name"], kind="stable").drop_duplicates(["who", "name"])
    found, first = [str(name) for name in name_streets(network, positions)], set[int]()
    for place, name, off in near.groupby("who").head(2).itertuples(index=False, name=None):
        found[place] = _join(found[place], name, off) if place in first else name
        first.add(place)
    return found


def _join(one: str, other: str, off: float) -> str:
    """Two streets at a corner, or one near another."""
    return " & ".join(sorted([one, other])) if off <= CORNER else f"{one} near {other}"


def usual_speed(network: StreetNetwork) -> float:
    """Usual speed along the streets in metres a minute.

    Parameters
    ----------
    network : StreetNetwork

    >>> from domains.geodata import make_grid_town
    >>> round(usual_speed(make_grid_town(2, 2)))
    80
    """
    used = network.usable
    return float(60 * network.length[used].sum() / network.seconds[used].sum())


def measure_minutes(
    network: StreetNetwork, origins: Positions, targets: Positions, n_jobs: int
) -> Iterator[tuple[slice, Floats]]:
    """Minutes from every origin to every target, some rows at a time; the ways to and from the street are walked.

    Parameters
    ----------
    network : StreetNetwork
    origins, targets : Positions
    n_jobs : int

    >>> from domains.geodata import make_grid_town, snap_points
    >>> town = make_grid_town(3, 3, spacing=80.0)
    >>> corners = snap_points(town, town.nodes_to_frame().iloc[[0, 8]])
    >>> [found.round(2).tolist() for _, found in measure_minutes(town, corners, corners, 1)]
    [[[0.0, 4.0], [4.0, 0.0]]]
    """
    from domains.geodata import WALKING_PACE, compute_costs

    foot = WALKING_PACE / 0.06  # metres a minute
    rows = max(1, BLOCK // max(len(targets), 1))
    for first in range(0, len(origins), rows):
        part = slice(first, min(first + rows, len(origins)))
        some = origins.take(part)
        seconds = compute_costs(network, some, targets, by="time", n_jobs=n_jobs).values
        minutes = seconds / 60 + some.off[:, None] / foot + targets.off[None, :] / foot
        yield part, minutes.round(9)  # the last digits decide nothing: neither between equal ones, nor at a limit


def measure_edge(network: StreetNetwork, positions: Positions | Points) -> Floats:
    """Metres, as the crow flies, from points to the outline of all streets of the map; 0 beyond it.

    Parameters
    ----------
    network : StreetNetwork
    positions : Positions or Points

    >>> from domains.geodata import make_grid_town, snap_points
    >>> town = make_grid_town(3, 3, spacing=100.0)
    >>> middle = snap_points(town, town.nodes_to_frame().iloc[[4]])
    >>> measure_edge(town, middle).round().tolist()
    [100.0]
    """
    import shapely

    inside = shapely.convex_hull(shapely.multipoints(network.plane))
    shapely.prepare(inside)
    dots = shapely.points(*network.projection.to_plane(positions.lon, positions.lat))
    return np.where(shapely.contains_properly(inside, dots), shapely.distance(inside.boundary, dots), 0.0)
