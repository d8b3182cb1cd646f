"""Shortest paths by elimination: nodes are taken out one by one, and searches then run up and down what is left.

A (min, +) factorisation: the order of elimination is the minimum degree of SuperLU, the paths through each node are
passed on to its neighbours, and the costs from an origin are a search up the elimination tree and one sweep down it,
for sixteen origins at a time (customizable contraction hierarchies: Dibbelt, Strasser & Wagner 2016; sweeps: PHAST,
Delling et al. 2011). Exact, for one-way streets, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from shared.runtime.parallel import map_parallel
from shared.typing import Codes, Floats, Ints

__all__ = ["Elimination", "Hierarchy"]

# Origins that are swept at once: their labels of a node fill two cache lines (measured: 8, 16, 32 and 64 take 3.4, 1.0,
# 1.2 and 1.5 times as long).
WIDTH = 16
PIECE = 256  # origins a piece of work
SURPLUS = 1e-7  # of the diagonal over the rest of its row


@dataclass(frozen=True)
class Elimination:
    """An order in which the nodes of a network are eliminated, and what each is then joined to.

    Attributes
    ----------
    rank : numpy.ndarray of int32, shape (n_nodes,)
        Place of each node in the order.
    ptr, above : numpy.ndarray
        By place: the neighbours that are eliminated later, ascending.

    >>> chain = Elimination.order(3, np.array([0, 1]), np.array([1, 2]))
    >>> len(chain.above)
    2
    """

    rank: Codes
    ptr: Ints
    above: Codes

    @classmethod
    def order(cls, n_nodes: int, tail: Ints, head: Ints) -> Elimination:
        """Find an order with few joints.

        Parameters
        ----------
        n_nodes : int
        tail, head : numpy.ndarray of int
            Ends of the edges.
        """
        from scipy.sparse.linalg import splu

        if n_nodes == 0:
            return cls(np.zeros(0, np.int32), np.zeros(1, np.int64), np.zeros(0, np.int32))
        both = sparse.csr_array(
            (np.ones(2 * len(tail)), (np.concatenate([tail, head]), np.concatenate([head, tail]))), (n_nodes, n_nodes)
        )
        both.setdiag(0.0)
        both.eliminate_zeros()
        both.data[:] = -1.0
        # Diagonally dominant: never pivoted, and nothing cancels, so that the factor's pattern is that of the
        # elimination. Barely so: with a larger surplus entries fade along long roads to an exact 0, and are dropped.
        matrix = sparse.csc_array(both + sparse.diags_array(np.asarray(-both.sum(axis=1)).ravel() + SURPLUS))
        factor = splu(
            sparse.csc_matrix(matrix),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            relax=1,
            options={"SymmetricMode": True},
        )
        lower = factor.L.tocsc()
        lower.sort_indices()
        column = np.repeat(np.arange(n_nodes), np.diff(lower.indptr))
        below = lower.indices != column
        counts = np.bincount(column[below], minlength=n_nodes)
        return cls(
            factor.perm_c.astype(np.int32),
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            lower.indices[below].astype(np.int32),
        )

    def weigh(self, tail: Ints, head: Ints, cost: Floats) -> Hierarchy:
        """Pass the costs of arcs on through the order.

        Parameters
        ----------
        tail, head : numpy.ndarray of int
            Ends of the arcs, each in its direction; of parallel ones the cheapest counts.
        cost : numpy.ndarray
            At least 0.
        """
        from domains.geodata.network.kernels import close_triangles

        n_nodes = len(self.rank)
        low, high = self.rank[tail].astype(np.int64), self.rank[head].astype(np.int64)
        rises = low < high
        first, last = np.minimum(low, high), np.maximum(low, high)
        keys = np.repeat(np.arange(n_nodes, dtype=np.int64), np.diff(self.ptr)) * n_nodes + self.above
        proper = low != high
        place = np.searchsorted(keys, (first * n_nodes + last)[proper])
        up, down = np.full(len(keys), np.inf), np.full(len(keys), np.inf)
        rises, cost = rises[proper], cost[proper]
        np.minimum.at(up, place[rises], cost[rises])
        np.minimum.at(down, place[~rises], cost[~rises])
        close_triangles(self.ptr, self.above, up, down)
        return Hierarchy(self, up, down)

    def find_above(self, nodes: Ints) -> Codes:
        """Places of nodes and of all that stand above them, the last eliminated first.

        Parameters
        ----------
        nodes : numpy.ndarray of int
        """
        n_nodes = len(self.rank)
        wanted = np.zeros(n_nodes, dtype=bool)
        parent = np.full(n_nodes, -1, dtype=np.int64)
        some = np.diff(self.ptr) > 0
        parent[some] = self.above[self.ptr[:-1][some]]
        here = np.unique(self.rank[nodes]).astype(np.int64)
        while len(here):
            wanted[here] = True
            here = np.unique(parent[here])
            here = here[here >= 0]
            here = here[~wanted[here]]
        return np.flatnonzero(wanted)[::-1].astype(np.int32)


@dataclass(frozen=True)
class Hierarchy:
    """An elimination with costs.

    Attributes
    ----------
    elimination : Elimination
    up, down : numpy.ndarray
        Cost from a node to each neighbour above, and back.

    >>> line = Elimination.order(3, np.array([0, 1]), np.array([1, 2]))
    >>> one_way = line.weigh(np.array([0, 1]), np.array([1, 2]), np.array([5.0, 7.0]))
    >>> one_way.measure(np.array([[0, 0], [2, 2]]), np.zeros((2, 2))).tolist()
    [[0.0, 5.0, 12.0], [inf, inf, 0.0]]
    """

    elimination: Elimination
    up: Floats
    down: Floats

    def reverse(self) -> Hierarchy:
        """The same network with every arc turned round: costs to a node in place of costs from it."""
        return Hierarchy(self.elimination, self.down, self.up)

    def measure(self, seeds: Ints, costs: Floats, targets: Ints | None = None, *, n_jobs: int | None = None) -> Floats:
        """Least costs from origins to nodes.

        Parameters
        ----------
        seeds, costs : numpy.ndarray of shape (n_origins, 2)
            Two nodes at which each origin enters the network, and what that costs (infinite for a way that is closed).
        targets : numpy.ndarray of int, optional
            The nodes wanted; all where left out.
        n_jobs : int, optional
            Threads.

        Returns
        -------
        numpy.ndarray of shape (n_origins, n_targets)
            Infinite where there is no way.
        """
        order = self.elimination
        n_nodes = len(order.rank)
        if targets is None:
            wanted, rows = np.arange(n_nodes - 1, -1, -1, dtype=np.int32), order.rank
        else:
            wanted, rows = order.find_above(targets), order.rank[targets]
        entries = order.rank[seeds] if len(seeds) else np.zeros((0, 2), np.int32)
        pieces = [slice(start, start + PIECE) for start in range(0, len(seeds), PIECE)]
        blocks = map_parallel(_measure_piece, pieces, n_jobs=n_jobs, common=(self, entries, costs, wanted, rows))
        if not blocks:
            return np.empty((0, len(rows)))
        return np.concatenate(blocks) if len(blocks) > 1 else blocks[0]


def _measure_piece(part: slice, of: Hierarchy, entries: Codes, costs: Floats, wanted: Codes, rows: Codes) -> Floats:
    from domains.geodata.network.kernels import climb, sweep

    order = of.elimination
    entries, costs = entries[part], costs[part]
    out = np.empty((len(entries), len(rows)))
    for start in range(0, len(entries), WIDTH):
        some = slice(start, start + WIDTH)
        labels = np.full((len(order.rank), len(entries[some])), np.inf)
        climb(order.ptr, order.above, of.up, entries[some], costs[some], labels)
        sweep(order.ptr, order.above, of.down, wanted, labels)
        out[some] = labels[rows].T
    return out
