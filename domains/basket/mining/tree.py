"""Sets of items as a tree in flat arrays: what the miner gives, what supports are counted on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shared.data import Incidence
from shared.typing import Codes, Ints, Lengths

__all__ = ["Layout", "Tree", "tree_of"]


@dataclass(frozen=True, eq=False)
class Tree:
    """Sets in the order of a walk, each one item longer than its prefix.

    Attributes
    ----------
    order : numpy.ndarray of int32
        Number of the item at each rank; ranks ascend along every path.
    item, length, count : numpy.ndarray, shape (n_sets,)
        Rank of the last item, number of items, and number of baskets.

    >>> tree = Tree(np.array([0, 1]), np.array([0, 1, 1]), np.array([1, 2, 1], np.int16), np.array([2, 1, 3]))
    >>> tree.indptr.tolist(), tree.codes.tolist()
    ([0, 1, 3, 4], [0, 0, 1, 1])
    """

    order: Codes
    item: Codes
    length: Lengths
    count: Codes

    @cached_property
    def indptr(self) -> Ints:
        """Where each set begins in `codes`."""
        ptr = np.zeros(len(self.item) + 1, dtype=np.int64)
        np.cumsum(self.length, out=ptr[1:])
        return ptr

    @cached_property
    def codes(self) -> Codes:
        """Numbers of the items of every set, one set after the other."""
        from domains.basket.mining.kernels import expand_sets

        return expand_sets(_small(self.item), self.length, self.indptr, _small(self.order))


@dataclass(frozen=True, eq=False)
class Layout:
    """Baskets in the order of ranks: rows, and for each item its rows and where its successors lie in them.

    >>> layout = Layout.of(Incidence.from_lists([["a", "b"], ["b"]]), np.array([0, 1]))
    >>> layout.row_items.tolist(), layout.item_ptr.tolist()
    ([0, 1, 1], [0, 1, 3])
    """

    order: Codes
    row_ptr: Ints
    row_items: Codes
    item_ptr: Ints
    held: Codes
    begins: Codes
    stops: Codes

    @classmethod
    def of(cls, baskets: Incidence, order: object) -> Layout:
        """Lay baskets out with the items of `order` at its ranks; other items are left out."""
        from domains.basket.mining.kernels import lay_out

        order = _small(order)
        rank = np.full(max(baskets.n_items, 1), -1, dtype=np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        return cls(order, *lay_out(baskets.indptr, baskets.codes, rank, len(order)))

    def counts(self, tree: Tree) -> Codes:
        """Count the baskets that hold each set of a tree over the same order.

        >>> baskets = Incidence.from_lists([["a", "b"], ["b"]])
        >>> tree, place = tree_of(np.array([0, 2]), np.array([0, 1]), 2)
        >>> int(Layout.of(baskets, tree.order).counts(tree)[place[0]])
        1
        """
        from domains.basket.mining.kernels import count_sets

        return count_sets(self.row_items, self.item_ptr, self.begins, self.stops, _small(tree.item), tree.length)


def tree_of(indptr: Ints, codes: object, n_items: int, order: object = None) -> tuple[Tree, Ints]:
    """Put any sets into a tree with all their prefixes; counts are zero.

    Parameters
    ----------
    indptr, codes : numpy.ndarray
        The sets, flat; none is empty, and items within a set differ.
    n_items : int
        Size of the vocabulary.
    order : numpy.ndarray, optional
        Items by rank; by number where left out.

    Returns
    -------
    tree, place
        The tree, and where in it each set is.

    >>> tree, place = tree_of(np.array([0, 2, 3]), np.array([1, 0, 1]), 2)
    >>> tree.length.tolist(), place.tolist()
    ([1, 2, 1], [1, 2])
    """
    order = np.arange(n_items, dtype=np.int32) if order is None else _small(order)
    rank = np.empty(max(n_items, 1), dtype=np.int64)
    rank[order] = np.arange(len(order))
    lengths = np.diff(indptr)
    if len(lengths) == 0:
        none = np.zeros(0, dtype=np.int32)
        return Tree(order, none, none.astype(np.int16), none), np.zeros(0, dtype=np.int64)
    longest = int(lengths.max())
    table = np.full((len(lengths), longest), -1, dtype=np.int64)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    table[rows, np.arange(indptr[-1]) - np.repeat(indptr[:-1], lengths)] = rank[np.asarray(codes)]
    table = np.sort(np.where(table < 0, n_items, table), axis=1)  # padding behind
    table[table == n_items] = -1
    by_path = np.lexsort(table.T[::-1])
    sorted_sets = table[by_path]
    same = np.ones(len(table), dtype=bool)  # whether the prefix so far is that of the set before
    same[0] = False
    fresh = np.zeros(table.shape, dtype=bool)
    for depth in range(longest):
        same[1:] &= sorted_sets[1:, depth] == sorted_sets[:-1, depth]
        fresh[:, depth] = ~same & (sorted_sets[:, depth] >= 0)
    set_row, depth_of = np.nonzero(fresh)
    item = sorted_sets[set_row, depth_of].astype(np.int32)
    # A set lies at the last node at or before its own that is as long as it is.
    ends = np.cumsum(fresh.sum(axis=1)) - 1
    place = np.empty(len(table), dtype=np.int64)
    place[by_path] = ends
    node_length = (depth_of + 1).astype(np.int16)
    return Tree(order, item, node_length, np.zeros(len(item), dtype=np.int32)), place


def _small(values: object) -> Codes:
    return np.ascontiguousarray(values, dtype=np.int32)
