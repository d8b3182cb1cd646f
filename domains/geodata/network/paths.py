"""The way from one place to another as a line along the streets, with its length, time and street names."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from domains.geodata.network.snap import MAX_SNAP, Positions, find_entries, snap_points
from domains.geodata.network.streets import StreetNetwork, check_network
from domains.geodata.projection import WGS84
from shared.errors import SettingsError, require
from shared.typing import Floats, Ints

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["find_routes", "trace_pairs"]

MOST_NAMES = 12


def find_routes(
    network: StreetNetwork, origins: Any, targets: Any, *, by: str = "time", max_snap: float = MAX_SNAP
) -> gpd.GeoDataFrame:
    """Find the way from each origin to the target in the same row.

    Parameters
    ----------
    network : StreetNetwork
    origins, targets : frame, GeoDataFrame or Positions
        As many of one as of the other; see `read_points`.
    by : {"time", "distance"}
        What is kept least.
    max_snap : float

    Returns
    -------
    geopandas.GeoDataFrame
        A row a pair: "origin", "target", "seconds", "length" in metres, "streets" (their names in order) and the line,
        in WGS 84. Of pairs that no street joins seconds and length are infinite, and the line is empty.

    Raises
    ------
    DataError, SettingsError

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(3, 3, spacing=100.0)
    >>> nodes = town.nodes_to_frame()
    >>> way = find_routes(town, nodes.iloc[[0]], nodes.iloc[[2]])
    >>> way["length"].round().tolist(), way["streets"].tolist()
    ([200.0], ['1. Street'])
    """
    check_network(network, by)
    start = snap_points(network, origins, max_snap=max_snap, source="origins")
    end = snap_points(network, targets, max_snap=max_snap, source="targets")
    if len(start) != len(end):
        raise SettingsError(
            f"there are {len(start)} origins and {len(end)} targets; give as many of one as of the other"
        )
    return trace_pairs(network, start, end, by)


def trace_pairs(network: StreetNetwork, start: Positions, end: Positions, by: str) -> gpd.GeoDataFrame:
    """See `find_routes`, for positions.

    Parameters
    ----------
    network : StreetNetwork
    start, end : Positions
    by : {"time", "distance"}

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(2, 2, spacing=100.0)
    >>> corners = snap_points(town, town.nodes_to_frame())
    >>> trace_pairs(town, corners.take([0]), corners.take([3]), "distance")["length"].round().tolist()
    [200.0]
    """
    require("geopandas", package="geopandas", extra="geodata")
    import geopandas as gpd
    import shapely

    search = _Search.make(network, by)
    found = [search.trace(start, end, row) for row in range(len(start))]
    lines = [shapely.LineString(one.points) if len(one.points) > 1 else shapely.LineString() for one in found]
    return gpd.GeoDataFrame(
        {
            "origin": start.labels,
            "target": end.labels,
            "seconds": [one.seconds for one in found],
            "length": [one.length for one in found],
            "streets": [one.streets for one in found],
        },
        geometry=lines,
        crs=WGS84,
    )


@dataclass(frozen=True)
class _Way:
    seconds: float
    length: float
    streets: str
    points: Floats


@dataclass
class _Search:
    """Dijkstra's algorithm over the junctions, and the pieces between them."""

    network: StreetNetwork
    by: str
    graph: Any
    keys: Ints
    pieces: Ints

    @classmethod
    def make(cls, network: StreetNetwork, by: str) -> _Search:
        tail, head, piece = network.arcs()
        cost = network.cost(by)[piece]
        proper = tail != head
        tail, head, piece, cost = tail[proper], head[proper], piece[proper], cost[proper]
        # Of parallel arcs the cheapest; a sparse matrix would add them up.
        order = np.lexsort((cost, head, tail))
        key = tail[order] * network.n_nodes + head[order]
        first = order[np.concatenate([[True], key[1:] != key[:-1]])] if len(order) else order
        graph = sparse.csr_array((cost[first], (tail[first], head[first])), (network.n_nodes, network.n_nodes))
        return cls(network, by, graph, np.unique(key), piece[first])

    def trace(self, start: Positions, end: Positions, row: int) -> _Way:
        """The way of one pair."""
        network = self.network
        nowhere = _Way(np.inf, np.inf, "", np.zeros((0, 2)))
        if not start.snapped[row] or not end.snapped[row]:
            return nowhere
        one, other = start.take(slice(row, row + 1)), end.take(slice(row, row + 1))
        seeds, leave = find_entries(network, one, self.by, leave=True)
        nodes, come = find_entries(network, other, self.by, leave=False)
        best, ends = np.inf, (-1, -1)
        trees = {}
        for side in np.flatnonzero(np.isfinite(leave[0])).tolist():
            trees[side] = dijkstra(self.graph, indices=int(seeds[0, side]), return_predecessors=True)
            for to in np.flatnonzero(np.isfinite(come[0])).tolist():
                cost = leave[0, side] + trees[side][0][nodes[0, to]] + come[0, to]
                if cost < best:
                    best, ends = float(cost), (side, to)
        straight = self._go_straight(one, other)
        if np.isfinite(straight) and straight <= best:
            return self._join([(int(one.piece[0]), float(one.share[0]), float(other.share[0]))])
        if ends[0] < 0:
            return nowhere
        side, to = ends
        legs = [(int(one.piece[0]), float(one.share[0]), float(side))]
        legs += self._follow(trees[side][1], int(seeds[0, side]), int(nodes[0, to]))
        legs.append((int(other.piece[0]), float(to), float(other.share[0])))
        return self._join(legs)

    def _go_straight(self, one: Positions, other: Positions) -> float:
        """Cost of going along one piece only; infinite where that is not possible."""
        if one.piece[0] != other.piece[0]:
            return np.inf
        step = float(other.share[0] - one.share[0])
        allowed = self.network.forward if step >= 0 else self.network.backward
        if not allowed[one.piece[0]] and step != 0:
            return np.inf
        return abs(step) * float(self.network.cost(self.by)[one.piece[0]])

    def _follow(self, before: Ints, start: int, end: int) -> list[tuple[int, float, float]]:
        nodes = [end]
        while nodes[-1] != start:
            nodes.append(int(before[nodes[-1]]))
        nodes.reverse()
        legs = []
        for here, there in itertools.pairwise(nodes):
            piece = int(self.pieces[np.searchsorted(self.keys, here * self.network.n_nodes + there)])
            along = self.network.tail[piece] == here
            legs.append((piece, 0.0, 1.0) if along else (piece, 1.0, 0.0))
        return legs

    def _join(self, legs: list[tuple[int, float, float]]) -> _Way:
        network = self.network
        seconds = sum(abs(to - start) * float(network.seconds[piece]) for piece, start, to in legs)
        length = sum(abs(to - start) * float(network.length[piece]) for piece, start, to in legs)
        names: list[str] = []
        for piece, start, to in legs:
            name = str(network.names[piece])
            if name and start != to and (not names or names[-1] != name):
                names.append(name)
        more = ["..."] if len(names) > MOST_NAMES else []
        parts = [self._cut(*leg) for leg in legs]
        points = np.concatenate(parts)
        fresh = np.concatenate([[True], (points[1:] != points[:-1]).any(axis=1)])
        return _Way(seconds, length, ", ".join(names[:MOST_NAMES] + more), points[fresh])

    def _cut(self, piece: int, start: float, to: float) -> Floats:
        """Points along a part of a piece, in the direction of travel."""
        network = self.network
        line = slice(network.first[piece], network.last[piece] + 1)
        points, flat = network.points[line], network.plane[line]
        if start > to:
            points, flat, start, to = points[::-1], flat[::-1], 1.0 - start, 1.0 - to
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(flat, axis=0).T))])
        along /= max(along[-1], 1e-12)
        inside = (along > start) & (along < to)
        ends = [[float(np.interp(at, along, points[:, axis])) for axis in (0, 1)] for at in (start, to)]
        return np.concatenate([[ends[0]], points[inside], [ends[1]]])
