"""A mesh of triangles whose corners lie on the streets, closer than a house front, and sparsely between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from domains.geodata.network.streets import StreetNetwork
from shared.typing import Codes, Floats, Ints

__all__ = ["BEYOND", "REACH", "Mesh", "make_mesh"]

# Metres off a street that still count as reached from it: a deep house and its yard; and on towards where nobody gets.
REACH, BEYOND = 60.0, 30.0
# Metres between corners off the streets: only large blocks, parks and water hold any.
COARSE = 60.0
# Metres from the streets up to which there are such corners; beyond, nobody gets.
RIM = 3 * COARSE


@dataclass(frozen=True)
class Mesh:
    """Corners and triangles.

    Attributes
    ----------
    points : numpy.ndarray of shape (n_corners, 2)
        Metres of the plane: first the corners on streets, then those between, then the rim.
    triangles, neighbours : numpy.ndarray of int32, shape (n_triangles, 3)
    piece, share : numpy.ndarray of shape (n_on,)
        Of each corner on a street.
    nearest, air : numpy.ndarray of shape (n_off,)
        Of each corner between: the nearest on a street, and metres to it; infinite where that is too far.

    >>> from domains.geodata import make_grid_town
    >>> make_mesh(make_grid_town(2, 2, spacing=100.0), 25.0).n_on
    16
    """

    points: Floats
    triangles: Codes
    neighbours: Codes
    piece: Ints
    share: Floats
    nearest: Codes
    air: Floats

    @property
    def n_on(self) -> int:
        """Number of corners on streets."""
        return len(self.piece)


def make_mesh(network: StreetNetwork, detail: float) -> Mesh:
    """Make a mesh over the usable streets of a network.

    Parameters
    ----------
    network : StreetNetwork
    detail : float
        Metres between corners along a street, at most.

    >>> from domains.geodata import make_grid_town
    >>> mesh = make_mesh(make_grid_town(2, 2, spacing=100.0), 50.0)
    >>> mesh.triangles.shape == mesh.neighbours.shape
    True
    """
    from scipy.spatial import Delaunay, cKDTree

    piece, share, on = _walk_streets(network, detail)
    tree = cKDTree(on)
    off = _fill_between(on, tree)
    air, nearest = tree.query(off) if len(off) else (np.zeros(0), np.zeros(0, dtype=np.int64))
    points = np.concatenate([on, off, _surround(on)])
    mesh = Delaunay(points)
    return Mesh(
        points,
        mesh.simplices.astype(np.int32),
        mesh.neighbors.astype(np.int32),
        piece,
        share,
        nearest.astype(np.int32),
        np.where(air <= REACH, air, np.inf),
    )


def _walk_streets(network: StreetNetwork, detail: float) -> tuple[Ints, Floats, Floats]:
    """Corners along the lines of the usable pieces: their ends, once each, and points between at equal steps."""
    pieces = np.flatnonzero(network.open_air)
    steps = np.maximum(np.ceil(network.length[pieces] / detail).astype(np.int64), 1)
    inner = steps - 1
    row = np.repeat(np.arange(len(pieces)), inner)
    piece = pieces[row]
    number = np.arange(int(inner.sum())) - np.repeat(np.cumsum(inner) - inner, inner) + 1
    share = number / steps[row]
    middle = _go_along(network, pieces, row, share)
    # Each junction once: at the tail or the head of the first piece that has it.
    ends = np.concatenate([network.tail[pieces], network.head[pieces]])
    nodes, first = np.unique(ends, return_index=True)
    at_end = np.concatenate([pieces, pieces])[first]
    end_share = (first >= len(pieces)).astype(float)
    points = np.concatenate([network.node_plane[nodes], middle])
    # Two corners in one place (streets over one another) would leave one of them out of the mesh.
    centimetres = np.round(100 * points).astype(np.int64)
    _, kept = np.unique((centimetres[:, 0] << 32) + centimetres[:, 1], return_index=True)
    kept.sort()
    return (
        np.concatenate([at_end, piece])[kept],
        np.concatenate([end_share, share])[kept],
        points[kept],
    )


def _go_along(network: StreetNetwork, pieces: Ints, row: Ints, share: Floats) -> Floats:
    """Points at shares of the lengths of some pieces' lines in the plane."""
    places, counts = network.piece_points(pieces)
    flat = network.plane[places]
    last = np.cumsum(counts) - 1
    first = last - counts + 1
    steps = np.hypot(*np.diff(flat, axis=0).T)
    steps[last[:-1]] = 0.0  # from one line to the next
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = along[first[row]] + share * (along[last] - along[first])[row]
    start = np.clip(np.searchsorted(along, wanted, "right") - 1, first[row], last[row] - 1)
    part = np.divide(wanted - along[start], steps[start], out=np.zeros_like(wanted), where=steps[start] > 0)
    return np.asarray(flat[start] + part[:, None] * (flat[start + 1] - flat[start]))


def _fill_between(on: Floats, tree: object) -> Floats:
    low, high = on.min(axis=0) - RIM, on.max(axis=0) + RIM
    axes = [np.arange(low[k], high[k] + COARSE, COARSE) for k in range(2)]
    # Rows of a grid, every other one shifted by half a step.
    x, y = np.meshgrid(*axes)
    x = x + (np.arange(len(axes[1])) % 2)[:, None] * COARSE / 2
    grid = np.column_stack([x.ravel(), y.ravel()])
    far, _ = tree.query(grid, distance_upper_bound=RIM)  # type: ignore[attr-defined]
    return np.asarray(grid[(far > COARSE * 0.6) & np.isfinite(far)])


def _surround(on: Floats) -> Floats:
    """Eight corners far outside, that nobody reaches: every contour closes before them."""
    low, high = on.min(axis=0), on.max(axis=0)
    middle, half = (low + high) / 2, (high - low).max() + 10 * RIM
    angle = np.arange(8) * np.pi / 4
    return np.asarray(middle + 2 * half * np.column_stack([np.cos(angle), np.sin(angle)]))
