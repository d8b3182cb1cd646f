"""Compiled loops of the isochrones: costs at the corners of the mesh, and contours traced through its triangles."""

from __future__ import annotations

import numpy as np

from shared.runtime.compile import jit
from shared.typing import Codes, Floats, Ints

__all__ = ["assign_holes", "fill_corners", "find_reached", "trace_contour"]


@jit(nogil=True)
def fill_corners(
    labels: Floats,
    tail: Codes,
    head: Codes,
    from_tail: Floats,
    from_head: Floats,
    nearest: Codes,
    air: Floats,
    corner: Floats,
) -> None:
    """Costs at corners: on a street by its ends, off the streets by the nearest corner on one, in place.

    Parameters
    ----------
    labels : numpy.ndarray of shape (n_nodes,)
        Cost at each junction.
    tail, head, from_tail, from_head : numpy.ndarray of shape (n_on,)
        Of corners on streets: the junctions at both ends of their piece, and the cost from there.
    nearest, air : numpy.ndarray of shape (n_off,)
        Of the other corners: the corner on a street nearest to each, and what getting there costs.
    corner : numpy.ndarray of shape (n_on + n_off,)
    """
    n_on = len(tail)
    for i in range(n_on):
        corner[i] = min(labels[tail[i]] + from_tail[i], labels[head[i]] + from_head[i])
    for i in range(len(nearest)):
        corner[n_on + i] = corner[nearest[i]] + air[i]


@jit(nogil=True)
def find_reached(triangles: Codes, corner: Floats, level: float) -> Ints:
    """Triangles of which some corner costs less than a level.

    Parameters
    ----------
    triangles : numpy.ndarray of shape (n_triangles, 3)
    corner : numpy.ndarray of shape (n_corners,)
    level : float
    """
    found = np.empty(len(triangles), dtype=np.int64)
    n = 0
    for t in range(len(triangles)):
        a, b, c = corner[triangles[t, 0]], corner[triangles[t, 1]], corner[triangles[t, 2]]
        if a < level or b < level or c < level:
            found[n] = t
            n += 1
    return found[:n].copy()


@jit(nogil=True)
def trace_contour(
    triangles: Codes,
    neighbours: Codes,
    points: Floats,
    corner: Floats,
    level: float,
    some: Ints,
    pace: float,
    reach: float,
    seen: Codes,
    stamp: int,
) -> tuple[Floats, Ints]:
    """Trace the line at which the cost passes a level; what is cheaper lies on its left.

    Parameters
    ----------
    triangles, neighbours : numpy.ndarray of shape (n_triangles, 3)
        Corners, counter-clockwise, and the triangle opposite each; those at the rim have none cheaper.
    points : numpy.ndarray of shape (n_corners, 2)
    corner : numpy.ndarray of shape (n_corners,)
        Cost; infinite where nobody gets.
    level : float
    some : numpy.ndarray of int
        Triangles that may be passed.
    pace : float
        Metres a unit of cost off the streets.
    reach : float
        Metres that the line may lie off a street, towards where nobody gets.
    seen : numpy.ndarray of shape (n_triangles,)
        Changed: triangles passed get the stamp.
    stamp : int

    Returns
    -------
    points : numpy.ndarray of shape (n, 2)
        Of all rings, one after the other, not closed.
    starts : numpy.ndarray
        Where each begins, and the end.
    """
    mixed = 0
    for i in range(len(some)):
        t = some[i]
        inside = 0
        for k in range(3):
            inside += corner[triangles[t, k]] < level
        mixed += 0 < inside < 3
    line = np.empty((mixed, 2))
    starts = np.empty(mixed + 1, dtype=np.int64)
    n_points, n_rings = 0, 0
    for i in range(len(some)):
        start = some[i]
        if seen[start] == stamp:
            continue
        inside = 0
        for k in range(3):
            inside += corner[triangles[start, k]] < level
        if inside == 0 or inside == 3:
            continue
        starts[n_rings] = n_points
        n_rings += 1
        t = start
        while seen[t] != stamp:
            seen[t] = stamp
            a = corner[triangles[t, 0]] < level
            b = corner[triangles[t, 1]] < level
            c = corner[triangles[t, 2]] < level
            # The corner that differs from the two others.
            odd = 0 if b == c else 1 if a == c else 2
            one, two = (odd + 1) % 3, (odd + 2) % 3
            if (a, b, c)[odd]:
                low, high, leave = triangles[t, odd], triangles[t, one], one
            else:
                low, high, leave = triangles[t, two], triangles[t, odd], two
            x, y = points[low, 0], points[low, 1]
            dx, dy = points[high, 0] - x, points[high, 1] - y
            left = level - corner[low]
            if np.isinf(corner[high]):
                share = min(left * pace, reach) / np.sqrt(dx * dx + dy * dy)
            else:
                share = left / (corner[high] - corner[low])
            share = min(max(share, 1e-6), 1.0 - 1e-6)
            line[n_points, 0] = x + share * dx
            line[n_points, 1] = y + share * dy
            n_points += 1
            t = neighbours[t, leave]
    starts[n_rings] = n_points
    return line[:n_points], starts[: n_rings + 1]


@jit(nogil=True)
def assign_holes(points: Floats, starts: Ints) -> tuple[Ints, Floats]:
    """Say which ring each hole lies in, and the signed area of every ring.

    Parameters
    ----------
    points, starts : numpy.ndarray
        See `trace_contour`; outlines run counter-clockwise, holes clockwise.

    Returns
    -------
    parent : numpy.ndarray of int
        Of a hole the ring around it; of an outline itself.
    areas : numpy.ndarray
    """
    n = len(starts) - 1
    areas = np.zeros(n)
    for r in range(n):
        j = starts[r + 1] - 1
        for i in range(starts[r], starts[r + 1]):
            areas[r] += (points[j, 0] * points[i, 1] - points[i, 0] * points[j, 1]) / 2
            j = i
    parent = np.arange(n)
    for r in range(n):
        if areas[r] > 0:
            continue
        parent[r] = -1
        x, y = points[starts[r], 0], points[starts[r], 1]
        best = np.inf
        for o in range(n):
            if areas[o] <= 0 or areas[o] >= best:
                continue
            inside = False
            j = starts[o + 1] - 1
            for i in range(starts[o], starts[o + 1]):
                if (points[i, 1] > y) != (points[j, 1] > y):
                    cut = points[j, 0] + (y - points[j, 1]) / (points[i, 1] - points[j, 1]) * (
                        points[i, 0] - points[j, 0]
                    )
                    if x < cut:
                        inside = not inside
                j = i
            if inside:
                best = areas[o]
                parent[r] = o
    return parent, areas
