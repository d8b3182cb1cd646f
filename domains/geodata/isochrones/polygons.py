"""Areas from which, or to which, one gets within a limit along the streets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from domains.geodata.isochrones.mesh import BEYOND, Mesh, make_mesh
from domains.geodata.network.snap import MAX_SNAP, Positions, find_entries, snap_points
from domains.geodata.network.streets import StreetNetwork, check_network
from domains.geodata.osm.speeds import WALKING_PACE
from domains.geodata.projection import WGS84, join_meridian
from shared.checks import as_tuple, is_number
from shared.errors import HexadError, SettingsError, require
from shared.typing import Floats, Ints

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["compute_isochrones"]

# Metres between corners of the mesh along a street: a third of a street piece, within bounds. In Porto Alegre (pieces
# of 71 m) 25 m give recall and precision of .999 along streets; in the centre of Helsinki (21 m) 20 m give .986, 7 m
# .995.
FINEST, COARSEST = 8.0, 25.0
FOOT = WALKING_PACE / 3.6  # m/s, off the streets
SLIVER = 25.0  # m²; rings below are rounding at the ends of streets
BLOCK = 256  # origins whose labels are held at once
NEVER = np.inf


def compute_isochrones(
    network: StreetNetwork,
    origins: Any,
    limits: Sequence[float] | float,
    *,
    by: str = "time",
    direction: str | None = None,
    detail: float | None = None,
    merge: bool = False,
    max_snap: float = MAX_SNAP,
) -> gpd.GeoDataFrame:
    """Compute the areas within limits of street cost around each origin.

    Costs are exact along the streets; an area reaches off a street as far as one could still walk, and some 60 m at
    most. Contours are traced through a mesh of triangles whose corners lie on the streets.

    Parameters
    ----------
    network : StreetNetwork
    origins : frame, GeoDataFrame or Positions
    limits : float, timedelta, or several of them
        Seconds, or metres.
    by : {"time", "distance"}
    direction : {"from", "to"}
        Whether one goes from the origin, or comes to it; has to be said where streets are one-way.
    detail : float, optional
        Metres between corners of the mesh along a street; a third of a street piece, from 8 to 25, where left out.
    merge : bool
        Whether the areas around all origins are one: from where, or to where, one gets to the nearest of them.
    max_snap : float

    Returns
    -------
    geopandas.GeoDataFrame
        A row an origin and limit (or a limit, with `merge`): "origin", "limit", "area" in square metres and the area,
        in WGS 84; empty where the origin is on no street.

    Raises
    ------
    DataError, SettingsError

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(9, 9, spacing=100.0)
    >>> middle = town.nodes_to_frame().iloc[[40]]
    >>> areas = compute_isochrones(town, middle, [100, 200], by="distance")
    >>> areas["area"].round(-4).astype(int).tolist()
    [20000, 80000]
    """
    require("geopandas", package="geopandas", extra="geodata")
    import geopandas as gpd
    import shapely

    wanted = check_limits(limits)
    check_network(network, by)
    check_direction(network, direction)
    if detail is not None and not is_number(detail, least=1.0):
        raise SettingsError(f"detail={detail!r}: give metres, 1 or more")
    start = snap_points(network, origins, max_snap=max_snap, source="origins")
    mesh = find_mesh(network, detail)
    shapes, areas = _draw_all(network, mesh, start, wanted, by, direction == "to", merge)

    def unfold(points: Floats) -> Floats:
        lon, lat = network.projection.to_degrees(points[:, 0], points[:, 1])
        return np.column_stack([join_meridian(lon), lat])

    n = len(wanted)
    return gpd.GeoDataFrame(
        {
            "origin": ["all"] * n if merge else start.labels.repeat(n),
            "limit": np.tile(wanted, 1 if merge else len(start)),
            "area": areas,
        },
        geometry=shapely.transform(shapes, unfold),
        crs=WGS84,
    )


def check_limits(limits: Sequence[float] | float) -> Floats:
    """Refuse limits that are no numbers above 0.

    Parameters
    ----------
    limits : float, timedelta, or several of them

    >>> check_limits(300).tolist(), check_limits([timedelta(minutes=5), 600]).tolist()
    ([300.0], [300.0, 600.0])
    """
    listed = [one.total_seconds() if isinstance(one, timedelta) else one for one in as_tuple(limits, "limits")]
    if not listed or not all(is_number(one) and float(one) > 0 for one in listed):
        raise SettingsError(f"limits={limits!r}: give one or more numbers above 0, seconds or metres")
    return np.array(listed, dtype=float)


def check_direction(network: StreetNetwork, direction: str | None) -> None:
    """Refuse to guess whether one goes or comes where that makes a difference.

    Parameters
    ----------
    network : StreetNetwork
    direction : {"from", "to"}, optional

    >>> from domains.geodata import make_grid_town
    >>> check_direction(make_grid_town(2, 2), None)
    """
    if direction not in {None, "from", "to"}:
        raise SettingsError(f"direction={direction!r}: it is 'from' the point or 'to' the point")
    if direction is None and network.directed:
        raise SettingsError(
            "direction= is needed: some streets are one-way, so that the way to a point and from it differ; pass"
            " direction='from' (as a delivery goes) or direction='to' (as customers come)"
        )


def find_mesh(network: StreetNetwork, detail: float | None = None) -> Mesh:
    """The mesh of a network, made once.

    Parameters
    ----------
    network : StreetNetwork
    detail : float, optional
    """
    if not network.usable.any():
        raise HexadError(f"there is no street to {network.mode} on in this map")
    if detail is None:
        detail = float(np.clip(network.length[network.open_air].mean() / 3, FINEST, COARSEST))
    kept: dict[float, Mesh] = network.__dict__.setdefault("_meshes", {})
    if detail not in kept:
        kept[detail] = make_mesh(network, detail)
    return kept[detail]


class _Tracer:
    """Traces contours on one mesh and gathers their rings."""

    def __init__(self, mesh: Mesh, limits: Floats, pace: float) -> None:
        self.mesh, self.limits, self.pace = mesh, limits, pace
        self.seen = np.full(len(mesh.triangles), -1, dtype=np.int32)
        self.rings: list[Floats] = []
        self.counts: list[Ints] = []
        self.owners: list[Ints] = []
        self.shells: list[Ints] = []
        self.n_rings = 0

    def trace(self, corner: Floats, place: int) -> None:
        """Trace all limits around one origin."""
        from domains.geodata.isochrones.kernels import assign_holes, find_reached, trace_contour

        mesh = self.mesh
        some = find_reached(mesh.triangles, corner, self.limits.max())
        for band, limit in enumerate(self.limits):
            stamp = place * len(self.limits) + band
            line, starts = trace_contour(
                mesh.triangles, mesh.neighbours, mesh.points, corner, limit, some, self.pace, BEYOND, self.seen, stamp
            )
            parent, areas = assign_holes(line, starts)
            large = np.flatnonzero((np.abs(areas) >= SLIVER) & (parent >= 0))
            large = large[np.abs(areas[parent[large]]) >= SLIVER]
            large = large[np.lexsort((areas[large] < 0, parent[large]))]
            self.rings.extend(line[starts[ring] : starts[ring + 1]] for ring in large)
            self.counts.append(np.diff(starts)[large])
            self.owners.append(np.full(len(large), stamp))
            self.shells.append(parent[large] + self.n_rings)
            self.n_rings += len(starts)


def _draw_all(
    network: StreetNetwork, mesh: Mesh, start: Positions, limits: Floats, by: str, come: bool, merge: bool
) -> tuple[Any, Floats]:
    from domains.geodata.isochrones.kernels import fill_corners

    pace = FOOT if by == "time" else 1.0
    seeds, costs = find_entries(network, start, by, leave=not come)
    hierarchy = network.hierarchy(by).reverse() if come else network.hierarchy(by)
    ends = _measure_ends(network, mesh, by, come)
    air = mesh.air / pace
    corner = np.full(len(mesh.points), np.inf)
    nearest = corner.copy()
    tracer = _Tracer(mesh, limits, pace)
    for first in range(0, len(start), BLOCK):
        part = slice(first, first + BLOCK)
        labels = hierarchy.measure(seeds[part], costs[part])
        for place in range(len(labels)):
            if not start.snapped[first + place]:
                continue
            fill_corners(labels[place], *ends, mesh.nearest, air, corner)
            _fill_own_piece(network, mesh, start, first + place, by, come, corner)
            if merge:
                np.minimum(nearest, corner, out=nearest)
            else:
                tracer.trace(corner, first + place)
    if merge:
        tracer.trace(nearest, 0)
    n = 1 if merge else len(start)
    return _assemble(tracer.rings, tracer.counts, tracer.owners, tracer.shells, n * len(limits))


def _measure_ends(network: StreetNetwork, mesh: Mesh, by: str, come: bool) -> tuple[Any, Any, Floats, Floats]:
    """For corners on streets: both ends of their piece and the cost between; infinite against a one-way street."""
    piece = mesh.piece
    whole = network.cost(by)[piece]
    open_tail, open_head = network.forward[piece], network.backward[piece]
    if come:
        open_tail, open_head = open_head, open_tail
    from_tail = np.where(open_tail | (mesh.share <= 0), whole * mesh.share, np.inf)
    from_head = np.where(open_head | (mesh.share >= 1), whole * (1 - mesh.share), np.inf)
    return network.tail[piece].astype(np.int32), network.head[piece].astype(np.int32), from_tail, from_head


def _fill_own_piece(
    network: StreetNetwork, mesh: Mesh, start: Positions, origin: int, by: str, come: bool, corner: Floats
) -> None:
    """Corners on the origin's own piece are reached straight along it."""
    piece, share = int(start.piece[origin]), float(start.share[origin])
    mine = np.flatnonzero(mesh.piece == piece)
    if not len(mine):
        return
    step = (mesh.share[mine] - share) * (-1 if come else 1)
    allowed = np.where(step >= 0, network.forward[piece], network.backward[piece])
    direct = np.where(allowed, np.abs(step) * network.cost(by)[piece], np.inf)
    corner[mine] = np.minimum(corner[mine], direct)


def _assemble(
    rings: list[Floats], counts: list[Ints], owners: list[Ints], shells: list[Ints], n: int
) -> tuple[Any, Floats]:
    """Rings to polygons, and polygons to one area an origin and limit."""
    import shapely

    shapes = np.full(n, shapely.MultiPolygon(), dtype=object)
    if not rings:
        return shapes, np.zeros(n)
    lengths = np.concatenate(counts)
    loops = shapely.linearrings(np.concatenate(rings), indices=np.repeat(np.arange(len(lengths)), lengths))
    _, shell = np.unique(np.concatenate(shells), return_inverse=True)
    polygons = shapely.polygons(loops, indices=shell)
    owner = pd.Series(np.concatenate(owners)).groupby(shell).first().to_numpy()
    wrong = ~shapely.is_valid(polygons)
    if wrong.any():
        polygons[wrong] = shapely.make_valid(polygons[wrong], method="structure")
    held, place = np.unique(owner, return_inverse=True)
    shapes[held] = shapely.multipolygons(polygons, indices=place)
    return shapes, shapely.area(shapes)
