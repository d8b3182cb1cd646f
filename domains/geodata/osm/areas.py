"""Lines and areas of a map's objects: closed ways are areas, and so are relations whose ways close to rings."""

from __future__ import annotations

from typing import Any

import numpy as np

from shared.typing import Bools, Floats, Ints

__all__ = ["NodePositions", "draw_relation", "draw_ways"]

LEAST_RING = 4  # points of a triangle that ends where it begins


class NodePositions:
    """Where nodes are.

    Parameters
    ----------
    ids : numpy.ndarray of int64
        Of one that is there twice the last counts.
    lon, lat : numpy.ndarray
        Degrees; nodes beyond the globe are nowhere.

    >>> where = NodePositions(np.array([7, 3]), np.array([1.0, 2.0]), np.array([5.0, 6.0]))
    >>> points, known = where.find(np.array([3, 4, 7]))
    >>> points[known].tolist(), known.tolist()
    ([[2.0, 6.0], [1.0, 5.0]], [True, False, True])
    """

    def __init__(self, ids: Ints, lon: Floats, lat: Floats) -> None:
        real = (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0)
        points = np.column_stack([lon, lat])
        if not real.all():
            ids, points = ids[real], points[real]
        if not (ids[1:] > ids[:-1]).all():
            order = np.argsort(ids, kind="stable")
            order = order[np.append(ids[order][1:] != ids[order][:-1], True)[: len(order)]]
            ids, points = ids[order], points[order]
        self.ids, self.points = ids, points

    def find(self, nodes: Ints) -> tuple[Floats, Bools]:
        """Positions of nodes, and which are known; others are NaN.

        Parameters
        ----------
        nodes : numpy.ndarray of int64
        """
        if not len(self.ids):
            return np.full((len(nodes), 2), np.nan), np.zeros(len(nodes), dtype=bool)
        place = np.minimum(np.searchsorted(self.ids, nodes), len(self.ids) - 1)
        known = self.ids[place] == nodes
        found = self.points[place]
        if not known.all():
            found[~known] = np.nan
        return found, known


def draw_ways(points: Floats, starts: Ints, drawn: Bools) -> Any:
    """Draw ways: areas where they close, lines else.

    Parameters
    ----------
    points : numpy.ndarray of shape (n_points, 2)
        Longitude and latitude.
    starts : numpy.ndarray of shape (n_ways + 1,)
        Where each way's points begin; at least two each.
    drawn : numpy.ndarray of bool, shape (n_ways,)
        Whether a way is a line even where it closes.

    Returns
    -------
    numpy.ndarray of shapely geometries

    >>> ring = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [5.0, 5.0], [6.0, 6.0]])
    >>> [one.geom_type for one in draw_ways(ring, np.array([0, 4, 6]), np.array([False, False]))]
    ['MultiPolygon', 'LineString']
    """
    import shapely

    counts = np.diff(starts)
    way = np.repeat(np.arange(len(counts)), counts)
    shapes = shapely.linestrings(points, indices=way) if len(points) else np.zeros(0, dtype=object)
    ends = (points[starts[:-1]] == points[starts[1:] - 1]).all(axis=1)
    closed = np.flatnonzero(ends & (counts >= LEAST_RING) & ~drawn)
    if len(closed):
        areas = shapely.polygons(
            shapely.linearrings(shapely.get_coordinates(shapes[closed]), indices=_number(closed, counts))
        )
        wrong = ~shapely.is_valid(areas)
        areas[wrong] = shapely.make_valid(areas[wrong], method="structure")
        flat = np.flatnonzero((shapely.get_dimensions(areas) == 2) & ~shapely.is_empty(areas))
        parts, of = shapely.get_parts(areas[flat], return_index=True)
        shapes[closed[flat]] = shapely.multipolygons(parts, indices=of)
    return shapes


def _number(kept: Ints, counts: Ints) -> Ints:
    return np.repeat(np.arange(len(kept)), counts[kept])


def draw_relation(lines: list[Any]) -> Any | None:
    """Draw the area whose outer and inner rings some lines are, in whatever order; None where they close to none.

    Parameters
    ----------
    lines : list of shapely.LineString

    >>> import shapely
    >>> outer, inner = shapely.box(0, 0, 3, 3).exterior, shapely.box(1, 1, 2, 2).exterior
    >>> draw_relation([shapely.LineString(outer.coords), shapely.LineString(inner.coords)]).area
    8.0
    """
    import shapely

    area = shapely.build_area(shapely.multilinestrings([lines])[0])
    return None if area.is_empty else shapely.multipolygons(shapely.get_parts(area))
