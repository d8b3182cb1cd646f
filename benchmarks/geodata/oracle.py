"""Ways along the streets by plain means: points set on the nearest piece by arithmetic, and scipy's search on the pieces cut there."""

from __future__ import annotations

import itertools

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from domains.geodata import StreetNetwork
from shared.typing import Floats, Ints

__all__ = ["count_within", "measure_all", "measure_nodes", "snap"]

BLOCK = 64  # points set on streets at once
TOUCHING = 1e-6  # m


def snap(network: StreetNetwork, lon: Floats, lat: Floats) -> tuple[Ints, Floats, Floats]:
    """The piece nearest to each point of those that points are set on, how far along it, and how far off.

    Parameters
    ----------
    network : StreetNetwork
    lon, lat : numpy.ndarray of shape (n,)
    """
    pieces = np.flatnonzero(network.open_air)
    places, counts = network.piece_points(pieces)
    points, of = network.plane[places], np.repeat(pieces, counts)
    inside = of[1:] == of[:-1]
    start, step, of = points[:-1][inside], np.diff(points, axis=0)[inside], of[1:][inside]
    long = np.hypot(*step.T)
    total = np.bincount(of, long, minlength=network.n_pieces)
    along = np.cumsum(long) - long
    _, first = np.unique(of, return_index=True)
    along -= np.repeat(along[first], np.diff([*first, len(of)]))
    x, y = network.projection.to_plane(lon, lat)
    found: list[tuple[Ints, Floats, Floats]] = []
    for block in range(0, len(x), BLOCK):
        here = np.column_stack([x[block : block + BLOCK], y[block : block + BLOCK]])
        away = here[:, None] - start
        part = np.clip((away * step).sum(axis=2) / np.maximum(long**2, 1e-300), 0.0, 1.0)
        off = np.hypot(*(away - part[..., None] * step).transpose(2, 0, 1))
        row, near = np.arange(len(here)), off.argmin(axis=1)
        share = (along[near] + part[row, near] * long[near]) / np.maximum(total[of[near]], 1e-300)
        found.append((of[near], share, off[row, near]))
    piece, share, off = (np.concatenate(part) for part in zip(*found, strict=True))
    # What is at a junction is at it, whatever the last digit says.
    share = np.where(share * total[piece] < TOUCHING, 0.0, share)
    return piece, np.where((1.0 - share) * total[piece] < TOUCHING, 1.0, share), off


def cut(network: StreetNetwork, piece: Ints, share: Floats, by: str) -> tuple[sparse.csr_matrix, Ints]:
    """The streets as a matrix with a node for every point, and the points' nodes.

    Parameters
    ----------
    network : StreetNetwork
    piece : numpy.ndarray of int, shape (n,)
    share : numpy.ndarray of shape (n,)
    by : {"time", "distance"}
    """
    cost = network.seconds if by == "time" else network.length
    n = network.n_nodes
    nodes = np.where(share <= 0, network.tail[piece], network.head[piece])
    between = np.flatnonzero((share > 0) & (share < 1))
    nodes[between] = n + np.arange(len(between))
    arcs: list[tuple[int, int, float]] = []
    stops: dict[int, list[tuple[float, int]]] = {}
    for point in between.tolist():
        stops.setdefault(int(piece[point]), []).append((float(share[point]), int(nodes[point])))
    for one in range(network.n_pieces):
        chain = [(0.0, int(network.tail[one])), *sorted(stops.get(one, ())), (1.0, int(network.head[one]))]
        for (low, here), (high, there) in itertools.pairwise(chain):
            step = float(cost[one]) * (high - low)
            if network.forward[one]:
                arcs.append((here, there, step))
            if network.backward[one]:
                arcs.append((there, here, step))
    tail, head = (np.array([arc[end] for arc in arcs]) for end in (0, 1))
    length = np.array([arc[2] for arc in arcs])
    # A sparse matrix would add parallel arcs up: the cheapest is kept.
    order = np.lexsort((length, head, tail))
    size = n + len(between)
    _, first = np.unique(tail[order] * size + head[order], return_index=True)
    kept = order[first]
    return sparse.csr_matrix((length[kept], (tail[kept], head[kept])), (size, size)), nodes


def measure_all(network: StreetNetwork, start: tuple[Ints, Floats], end: tuple[Ints, Floats], by: str) -> Floats:
    """Costs from points to points, given as pieces and shares.

    Parameters
    ----------
    network : StreetNetwork
    start, end : tuple of (numpy.ndarray, numpy.ndarray)
    by : {"time", "distance"}

    Returns
    -------
    numpy.ndarray of shape (n_start, n_end)
    """
    piece, share = (np.concatenate([one, other]) for one, other in zip(start, end, strict=True))
    graph, nodes = cut(network, piece, share, by)
    from_nodes, to_nodes = nodes[: len(start[0])], nodes[len(start[0]) :]
    # From the fewer side, against the arrows where that is the end.
    if len(to_nodes) < len(from_nodes):
        return np.asarray(dijkstra(graph.T.tocsr(), indices=to_nodes)[:, from_nodes].T)
    return np.asarray(dijkstra(graph, indices=from_nodes)[:, to_nodes])


def measure_nodes(network: StreetNetwork, nodes: Ints, by: str) -> Floats:
    """Costs between some junctions.

    Parameters
    ----------
    network : StreetNetwork
    nodes : numpy.ndarray of int, shape (n,)
    by : {"time", "distance"}

    Returns
    -------
    numpy.ndarray of shape (n, n)
    """
    graph, _ = cut(network, np.zeros(0, dtype=np.int64), np.zeros(0), by)
    return np.asarray(dijkstra(graph, indices=nodes)[:, nodes])


def count_within(
    network: StreetNetwork, places: tuple[Ints, Floats], by: str, limit: float, slack: float
) -> tuple[Ints, Ints]:
    """How many places each junction reaches within a limit, at the least and the most: ties are decided by rounding.

    Parameters
    ----------
    network : StreetNetwork
    places : tuple of (numpy.ndarray, numpy.ndarray)
        Pieces and shares.
    by : {"time", "distance"}
    limit, slack : float
    """
    graph, nodes = cut(network, *places, by)
    back = graph.T.tocsr()
    least, most = np.zeros(network.n_nodes, dtype=np.int64), np.zeros(network.n_nodes, dtype=np.int64)
    for node in nodes.tolist():
        far = dijkstra(back, indices=node, limit=limit + slack)[: network.n_nodes]
        least += far <= limit - slack
        most += far <= limit + slack
    return least, most
