"""Points set on the street nearest to each: which piece, how far along it, and how far off the point was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from domains.geodata.network.streets import StreetNetwork, check_network
from domains.geodata.points import Points, read_points
from shared.checks import is_number
from shared.errors import DataError, Problem, SettingsError, quote
from shared.result import OneLine
from shared.typing import Bools, Floats, Ints

__all__ = ["MAX_SNAP", "Positions", "check_rows", "find_entries", "join_positions", "snap_points"]

# Metres within which a point belongs to a street: a large block, a yard, a field by the road.
MAX_SNAP = 1000.0


@dataclass(frozen=True, repr=False)
class Positions(OneLine):
    """Points on streets.

    Attributes
    ----------
    labels : pandas.Index
    piece : numpy.ndarray of int, shape (n,)
        Street piece that each lies on.
    share : numpy.ndarray
        How far along it, from 0 at its tail to 1 at its head.
    off : numpy.ndarray
        Metres from the point to the street.
    snapped : numpy.ndarray of bool
        Whether a street is near enough; those without one are reached by nobody.
    lon, lat : numpy.ndarray
        Of the points as they were given.
    notes : tuple of str

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(2, 2, spacing=100.0, lon=0.0, lat=0.0)
    >>> snap_points(town, pd.DataFrame({"lon": [0.0005], "lat": [0.0001]})).off.round(1).tolist()
    [11.1]
    """

    labels: pd.Index[Any]
    piece: Ints
    share: Floats
    off: Floats
    snapped: Bools
    lon: Floats
    lat: Floats
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.piece)

    def take(self, rows: Any) -> Positions:
        """Some of them.

        Parameters
        ----------
        rows : numpy.ndarray of int or bool
        """
        names = ("labels", "piece", "share", "off", "snapped", "lon", "lat")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})


def snap_points(
    network: StreetNetwork,
    points: ArrayLike,
    *,
    max_snap: float = MAX_SNAP,
    source: str = "points",
    lon: str | None = None,
    lat: str | None = None,
    key: str | None = None,
) -> Positions:
    """Set points on the nearest street from which one gets everywhere and back.

    Parameters
    ----------
    network : StreetNetwork
    points : frame, GeoDataFrame, Points or Positions
        See `read_points`; positions come back as they are.
    max_snap : float
        Metres beyond which a point is on no street.
    source, lon, lat, key : str, optional
        See `read_points`.

    Raises
    ------
    DataError, SettingsError

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(2, 2, spacing=100.0, lon=0.0, lat=0.0)
    >>> snap_points(town, pd.DataFrame({"lon": [0.02], "lat": [0.0]}), max_snap=500).snapped.tolist()
    [False]
    """
    check_network(network)
    if isinstance(points, Positions):
        return points
    if not is_number(max_snap, least=0):
        raise SettingsError(f"max_snap={max_snap!r}: give metres, 0 or more")
    import shapely

    low, high = network.points.min(axis=0), network.points.max(axis=0)
    corners = Points(np.array([low[0], high[0]]), np.array([low[1], high[1]]), pd.Index([0, 1]))
    found = read_points(points, source, lon=lon, lat=lat, key=key, around=corners)
    tree, pieces = network.tree
    x, y = network.projection.to_plane(found.lon, found.lat)
    dots = shapely.points(x, y)
    (_, which), off = tree.query_nearest(dots, return_distance=True, all_matches=False)
    lines = tree.geometries[which]
    share = shapely.line_locate_point(lines, dots, normalized=True)
    snapped = off <= max_snap
    lost = int((~snapped).sum())
    notes = found.notes
    if lost:
        rows = ", ".join(map(str, (np.flatnonzero(~snapped)[:5] + 1).tolist()))
        dots_ = ", ..." if lost > 5 else ""
        verb = "is" if lost == 1 else "are"
        notes = (
            *notes,
            f"{lost:,} of {len(found):,} rows of {source} {verb} further than {max_snap:g} m from any street (row"
            f"{'s' if lost > 1 else ''} {rows}{dots_}; the furthest {off.max():,.0f} m): nobody gets there",
        )
    return Positions(
        found.labels, pieces[which], np.nan_to_num(np.clip(share, 0.0, 1.0)), off, snapped, found.lon, found.lat, notes
    )


def check_rows(positions: Positions, source: str, *, unique: bool = True) -> None:
    """Refuse a table without rows, and rows that go by one name: nobody could tell which of them is meant.

    Parameters
    ----------
    positions : Positions
    source : str
        What the table is called in messages.
    unique : bool
        Whether names matter.

    Raises
    ------
    DataError

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(2, 2)
    >>> check_rows(snap_points(town, town.nodes_to_frame()), "candidates")
    """
    if not len(positions):
        raise DataError(source, [Problem("the table has no rows", fix="Give at least one row.")])
    twice = np.asarray(positions.labels.duplicated()) & unique
    if twice.any():
        rows = (np.flatnonzero(twice)[:6] + 1).tolist()
        fix = "Name a column that tells them apart with key=, or reset the index."
        what = f"the index repeats {quote(positions.labels[twice].unique())}"
        raise DataError(source, [Problem(what, rows=tuple(rows), count=int(twice.sum()), fix=fix)])


def join_positions(parts: Sequence[Positions], labels: pd.Index[Any]) -> Positions:
    """Put positions one after the other, under new labels.

    Parameters
    ----------
    parts : sequence of Positions
    labels : pandas.Index

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(2, 2)
    >>> corner = snap_points(town, town.nodes_to_frame().iloc[[0]])
    >>> len(join_positions([corner, corner], pd.Index(["a", "b"])))
    2
    """

    def join(name: str) -> Any:
        return np.concatenate([getattr(one, name) for one in parts])

    notes = tuple(note for one in parts for note in one.notes)
    return Positions(
        labels, join("piece"), join("share"), join("off"), join("snapped"), join("lon"), join("lat"), notes
    )


def find_entries(network: StreetNetwork, positions: Positions, by: str, *, leave: bool) -> tuple[Ints, Floats]:
    """The two junctions between which each position lies, and what it costs to get there or to come from there.

    Parameters
    ----------
    network : StreetNetwork
    positions : Positions
    by : {"time", "distance"}
    leave : bool
        Whether one leaves the position; else one comes to it.

    Returns
    -------
    nodes : numpy.ndarray of int, shape (n, 2)
    costs : numpy.ndarray of shape (n, 2)
        Infinite where a street is one-way the other way, and where a point is on no street.

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(2, 2, spacing=100.0)
    >>> corner = snap_points(town, town.nodes_to_frame().iloc[[0]])
    >>> sorted(find_entries(town, corner, "distance", leave=True)[1].round()[0].tolist())
    [0.0, 100.0]
    """
    piece = positions.piece
    whole = network.cost(by)[piece]
    to_tail, to_head = whole * positions.share, whole * (1.0 - positions.share)
    open_tail, open_head = network.backward[piece], network.forward[piece]
    if not leave:
        open_tail, open_head = open_head, open_tail
    # At a junction itself every street that begins there is at hand.
    nodes = np.column_stack([network.tail[piece], network.head[piece]])
    at_tail, at_head = positions.share <= 0.0, positions.share >= 1.0
    costs = np.column_stack(
        [np.where(open_tail | at_tail, to_tail, np.inf), np.where(open_head | at_head, to_head, np.inf)]
    )
    costs[~positions.snapped] = np.inf
    return nodes, costs
