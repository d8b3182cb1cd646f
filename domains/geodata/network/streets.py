"""A street network as flat arrays: junctions, street pieces with their lines, and who may go which way."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from domains.geodata.network.hierarchy import Elimination, Hierarchy
from domains.geodata.projection import WGS84, LocalProjection
from shared.errors import HexadError, SettingsError, require
from shared.result import Result
from shared.runtime.array_of import ArrayOf
from shared.text import count_of, format_number, sentences
from shared.typing import Bools, Floats, Ints

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["COSTS", "StreetNetwork", "check_network", "find_strong"]

COSTS = ("time", "distance")
TEXTS = ("names", "classes")


@dataclass(frozen=True, repr=False)
class StreetNetwork(Result):
    """Streets for one way of moving.

    Attributes
    ----------
    mode : str
        "drive", "walk" or "bike".
    lon, lat : numpy.ndarray of shape (n_nodes,)
        Junctions and ends of streets, in degrees.
    node_ids : numpy.ndarray of int64
        OpenStreetMap's.
    tail, head : numpy.ndarray of int, shape (n_pieces,)
        Nodes at the ends of each street piece.
    length, seconds : numpy.ndarray
        Metres along the line, on the sphere, and what that takes.
    forward, backward : numpy.ndarray of bool
        Whether one may go from tail to head, and back.
    way_ids : numpy.ndarray of int64
    names, classes : numpy.ndarray of str
        Of the street, empty where it has no name, and the class of the road.
    points : numpy.ndarray of shape (n_points, 2)
        Longitude and latitude along all lines; across the 180th meridian longitudes run on beyond 180.
    first, last : numpy.ndarray of int
        Each piece's line: from point `first` to point `last`, both included.
    below : numpy.ndarray of bool
        Whether a piece runs under the ground.
    notes : tuple of str
        What was found and done.

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(3, 3, spacing=100.0)
    >>> town.n_nodes, town.n_pieces
    (9, 12)
    >>> town.explain()
    'Streets to walk: 9 junctions and 12 street pieces, 1.2 km.'
    """

    mode: str
    lon: Floats
    lat: Floats
    node_ids: Ints
    tail: Ints
    head: Ints
    length: Floats
    seconds: Floats
    forward: Bools
    backward: Bools
    way_ids: Ints
    names: Any
    classes: Any
    points: Floats
    first: Ints
    last: Ints
    below: Bools
    notes: tuple[str, ...] = field(default=())

    def __getstate__(self) -> dict[str, Any]:
        """What is saved: the arrays, each text once; what is worked out of them is worked out again."""
        state = {one.name: getattr(self, one.name) for one in fields(self)}
        for name in TEXTS:
            listed, codes = np.unique(state.pop(name).astype(str), return_inverse=True)
            state |= {f"{name}_listed": listed, f"{name}_codes": codes.astype(np.int32)}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take up what was saved."""
        found = dict(state)
        for name in TEXTS:
            found[name] = found.pop(f"{name}_listed")[found.pop(f"{name}_codes")].astype(object)
        self.__dict__.update(found)

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of the arrays of every network; see `shared.runtime.array_checks`."""
        n, m, points = len(self.lon), len(self.tail), len(self.points)
        node, point = ArrayOf("i", (m,), low=0, high=n - 1), ArrayOf("i", (m,), low=0, high=points - 1)
        cost = ArrayOf("f", (m,), low=0)
        degrees, way = ArrayOf("f", (n,), finite=True), ArrayOf("b", (m,))
        return {
            "mode": str,
            "notes": tuple,
            "names": np.ndarray,
            "classes": np.ndarray,
            "lon": degrees,
            "lat": degrees,
            "node_ids": ArrayOf("i", (n,)),
            "way_ids": ArrayOf("i", (m,)),
            "tail": node,
            "head": node,
            "length": cost,
            "seconds": cost,
            "forward": way,
            "backward": way,
            "points": ArrayOf("f", (None, 2), finite=True),
            "first": point,
            "last": point,
            "below": way,
        }

    @property
    def n_nodes(self) -> int:
        """Number of junctions and ends."""
        return len(self.lon)

    @property
    def n_pieces(self) -> int:
        """Number of street pieces."""
        return len(self.tail)

    @property
    def directed(self) -> bool:
        """Whether some street may be used one way only, so that the way to a place and from it differ."""
        return bool((self.forward != self.backward).any())

    @cached_property
    def projection(self) -> LocalProjection:
        """The plane in which this network is drawn and measured."""
        return LocalProjection.around(self.points[:, 0], self.points[:, 1])

    @cached_property
    def plane(self) -> Floats:
        """All points of all lines in metres, of shape (n_points, 2)."""
        return np.column_stack(self.projection.to_plane(self.points[:, 0], self.points[:, 1]))

    @cached_property
    def node_plane(self) -> Floats:
        """Junctions in metres, of shape (n_nodes, 2)."""
        return np.column_stack(self.projection.to_plane(self.lon, self.lat))

    @cached_property
    def strong(self) -> Bools:
        """Nodes of the largest part in which every node can be reached from every other."""
        return find_strong(self.n_nodes, *self.arcs()[:2])

    @cached_property
    def usable(self) -> Bools:
        """Pieces of that part that somebody may use."""
        return self.strong[self.tail] & self.strong[self.head] & (self.forward | self.backward)

    @cached_property
    def open_air(self) -> Bools:
        """Usable pieces that points are snapped to: none under the ground, since nobody enters a tunnel midway."""
        above = self.usable & ~self.below
        return above if above.any() else self.usable

    def arcs(self) -> tuple[Ints, Ints, Ints]:
        """Tail, head and piece of every direction that is open.

        >>> from domains.geodata import make_grid_town
        >>> len(make_grid_town(2, 2).arcs()[0])
        8
        """
        there, back = np.flatnonzero(self.forward), np.flatnonzero(self.backward)
        tail = np.concatenate([self.tail[there], self.head[back]])
        head = np.concatenate([self.head[there], self.tail[back]])
        return tail, head, np.concatenate([there, back])

    def cost(self, by: str) -> Floats:
        """Cost of each piece: seconds, or metres.

        Parameters
        ----------
        by : {"time", "distance"}

        Raises
        ------
        SettingsError

        >>> from domains.geodata import make_grid_town
        >>> float(make_grid_town(2, 2, spacing=50.0).cost("distance").round()[0])
        50.0
        """
        if by not in COSTS:
            raise SettingsError(f"by={by!r}: costs are measured by 'time' (seconds) or 'distance' (metres)")
        return self.seconds if by == "time" else self.length

    @cached_property
    def _elimination(self) -> Elimination:
        tail, head, _ = self.arcs()
        return Elimination.order(self.n_nodes, tail, head)

    @cached_property
    def _hierarchies(self) -> dict[str, Hierarchy]:
        return {}

    def hierarchy(self, by: str) -> Hierarchy:
        """What shortest paths are computed on; made at the first call.

        Parameters
        ----------
        by : {"time", "distance"}
        """
        cost = self.cost(by)
        if by not in self._hierarchies:
            tail, head, piece = self.arcs()
            self._hierarchies[by] = self._elimination.weigh(tail, head, cost[piece])
        return self._hierarchies[by]

    def lines(self, pieces: Ints, *, plane: bool = False) -> Any:
        """Lines of some pieces, as shapely geometries.

        Parameters
        ----------
        pieces : numpy.ndarray of int
        plane : bool
            In metres of the plane; else in degrees.
        """
        import shapely

        points, counts = self.piece_points(pieces)
        found = (self.plane if plane else self.points)[points]
        return shapely.linestrings(found, indices=np.repeat(np.arange(len(pieces)), counts))

    def piece_points(self, pieces: Ints) -> tuple[Ints, Ints]:
        """Places of the points along some pieces, one piece after the other, and how many each has.

        Parameters
        ----------
        pieces : numpy.ndarray of int
        """
        counts = self.last[pieces] - self.first[pieces] + 1
        starts = np.cumsum(counts) - counts
        places = np.arange(int(counts.sum())) + np.repeat(self.first[pieces] - starts, counts)
        return places, counts

    @cached_property
    def tree(self) -> tuple[Any, Ints]:
        """Index of the lines of the pieces that points are snapped to, in the plane, and which pieces they are."""
        import shapely

        pieces = np.flatnonzero(self.open_air)
        if not len(pieces):
            raise HexadError(f"there is no street to {self.mode} on in this map; take another extract, or another mode")
        return shapely.STRtree(self.lines(pieces, plane=True)), pieces

    def to_frame(self) -> gpd.GeoDataFrame:
        """The street pieces as a GeoDataFrame in WGS 84, with their lines.

        >>> from domains.geodata import make_grid_town
        >>> list(make_grid_town(2, 2).to_frame().columns[:6])
        ['way', 'name', 'class', 'length', 'seconds', 'forward']
        """
        require("geopandas", package="geopandas", extra="geodata")
        import geopandas as gpd

        return gpd.GeoDataFrame(
            {
                "way": self.way_ids,
                "name": self.names,
                "class": self.classes,
                "length": self.length,
                "seconds": self.seconds,
                "forward": self.forward,
                "backward": self.backward,
                "tail": self.node_ids[self.tail],
                "head": self.node_ids[self.head],
            },
            geometry=self.lines(np.arange(self.n_pieces)),
            crs=WGS84,
        )

    def nodes_to_frame(self) -> gpd.GeoDataFrame:
        """The junctions as a GeoDataFrame in WGS 84: "node", whether it is in the "strong" part, and the point.

        >>> from domains.geodata import make_grid_town
        >>> len(make_grid_town(2, 2).nodes_to_frame())
        4
        """
        require("geopandas", package="geopandas", extra="geodata")
        import geopandas as gpd

        return gpd.GeoDataFrame(
            {"node": self.node_ids, "lon": self.lon, "lat": self.lat, "strong": self.strong},
            geometry=gpd.points_from_xy(self.lon, self.lat),
            crs=WGS84,
        )

    def explain(self) -> str:
        """Say how large it is, and what was found and done."""
        size = (
            f"Streets to {self.mode}: {count_of(self.n_nodes, 'junction')} and"
            f" {count_of(self.n_pieces, 'street piece')},"
            f" {format_number(self.length.sum() / 1000)} km."
        )
        return f"{size} {sentences(self.notes)}".strip()


def check_network(network: object, by: str = "time") -> None:
    """Refuse what is no network, and costs by what none are measured.

    Parameters
    ----------
    network : StreetNetwork
    by : {"time", "distance"}

    Raises
    ------
    SettingsError

    >>> check_network("town.osm.pbf")
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: a str is no street network; give the streets of a map for one way of moving, as in
    read_osm(path).streets('walk')
    """
    if not isinstance(network, StreetNetwork):
        raise SettingsError(
            f"a {type(network).__name__} is no street network; give the streets of a map for one way of moving, as in"
            " read_osm(path).streets('walk')"
        )
    network.cost(by)


def find_strong(n_nodes: int, tail: Ints, head: Ints) -> Bools:
    """Find the largest set of nodes in which every one can be reached from every other.

    Parameters
    ----------
    n_nodes : int
    tail, head : numpy.ndarray of int
        Ends of the arcs.

    >>> find_strong(3, np.array([0, 1, 1]), np.array([1, 0, 2])).tolist()
    [True, True, False]
    """
    if n_nodes == 0:
        return np.zeros(0, dtype=bool)
    graph = sparse.csr_array((np.ones(len(tail), dtype=np.int8), (tail, head)), (n_nodes, n_nodes))
    _, part = connected_components(graph, directed=True, connection="strong")
    return np.asarray(part == np.bincount(part).argmax())
