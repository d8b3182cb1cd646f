"""Compiled loops of the shortest paths: triangles of the elimination, searches up, and sweeps down for many origins."""

from __future__ import annotations

from shared.runtime.compile import jit
from shared.typing import Codes, Floats, Ints

__all__ = ["climb", "close_triangles", "sweep"]


@jit(nogil=True)
def close_triangles(ptr: Ints, above: Codes, up: Floats, down: Floats) -> None:
    """Let each eliminated node pass its paths on to the pairs of its neighbours above, in place.

    Parameters
    ----------
    ptr, above : numpy.ndarray
        Neighbours of each node that are eliminated later, ascending; closed under elimination.
    up, down : numpy.ndarray
        Cost from the node to the neighbour, and back; infinite where there is no way.
    """
    for v in range(len(ptr) - 1):
        first, last = ptr[v], ptr[v + 1]
        for a in range(first, last):
            low = above[a]
            into, out = down[a], up[a]
            place = ptr[low]
            for b in range(a + 1, last):
                high = above[b]
                while above[place] != high:
                    place += 1
                up[place] = min(up[place], into + up[b])
                down[place] = min(down[place], down[b] + out)


@jit(nogil=True)
def climb(ptr: Ints, above: Codes, up: Floats, seeds: Codes, costs: Floats, labels: Floats) -> None:
    """From the two entries of each origin up the elimination tree; labels get the costs, one column an origin.

    Parameters
    ----------
    ptr, above, up : numpy.ndarray
        See `close_triangles`.
    seeds, costs : numpy.ndarray of shape (n_origins, 2)
        Nodes at which an origin enters the network, and what that costs; infinite where it does not.
    labels : numpy.ndarray of shape (n_nodes, n_origins)
        Infinite; changed in place.
    """
    for k in range(len(seeds)):
        v, w = seeds[k, 0], seeds[k, 1]
        labels[v, k] = costs[k, 0]
        labels[w, k] = min(labels[w, k], costs[k, 1])
        # All neighbours above a node lie on its path to the root: two paths are walked together, lowest node first.
        while v >= 0:
            if w >= 0 and w < v:
                v, w = w, v
            for e in range(ptr[v], ptr[v + 1]):
                labels[above[e], k] = min(labels[above[e], k], labels[v, k] + up[e])
            parent = above[ptr[v]] if ptr[v] < ptr[v + 1] else -1
            if w == v or w == parent:
                w = -1
            v = parent
            if v < 0:
                v, w = w, -1


@jit(nogil=True)
def sweep(ptr: Ints, above: Codes, down: Floats, nodes: Codes, labels: Floats) -> None:
    """From the last eliminated node to the first: each gets what its neighbours above offer, for all origins at once.

    Parameters
    ----------
    ptr, above, down : numpy.ndarray
        See `close_triangles`.
    nodes : numpy.ndarray
        The nodes wanted, descending, with all that stand above them.
    labels : numpy.ndarray of shape (n_nodes, n_origins)
        Changed in place.
    """
    width = labels.shape[1]
    for i in range(len(nodes)):
        v = nodes[i]
        for e in range(ptr[v], ptr[v + 1]):
            u = above[e]
            cost = down[e]
            for k in range(width):
                offer = labels[u, k] + cost
                labels[v, k] = min(labels[v, k], offer)
