"""Weights of one-item rules for completing baskets: shrunk, and freed of chance and of indirect effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domains.basket.mining.search import as_baskets
from shared.data import Incidence
from shared.typing import Floats, Ints

__all__ = ["RuleWeights", "rule_weights"]

# Average baskets added to each item's popularity, so that an item seen once is not favoured without bound.
PRIOR_BASKETS = 5.0
# Items up to which the product of all weights fits into memory (200 MB).
DENSE_ITEMS = 5000
BLOCK = 256


@dataclass(frozen=True)
class RuleWeights:
    """Rules "who has a buys c" in compressed rows, an antecedent a row.

    Attributes
    ----------
    indptr, indices : numpy.ndarray of int
        Consequents of antecedent a are ``indices[indptr[a]:indptr[a + 1]]``.
    weights : numpy.ndarray of float64
        On a scale on which the strongest rules of the antecedents are 1 on average.
    joint_counts : numpy.ndarray of int
        Baskets that hold both.
    share : numpy.ndarray of float64, shape (n_items,)
        Weighted popularity of each item, 1 for the most popular.

    >>> found = rule_weights(Incidence.from_lists([["a", "b"]] * 9 + [["c", "d"]] * 9))
    >>> found.indices.tolist(), found.weights.round(2).tolist()
    ([1, 0, 3, 2], [1.0, 1.0, 1.0, 1.0])
    """

    indptr: Ints
    indices: Ints
    weights: Floats
    joint_counts: Ints
    share: Floats


def rule_weights(
    baskets: object,
    *,
    shrinkage: float = 50.0,
    popularity: float = 0.4,
    indirect: float = 0.4,
    significance: float | None = None,
    max_rules: int = 200,
) -> RuleWeights:
    """Weigh all rules of one item on either side.

    A basket of s items counts 1/s, so that large ones do not rule. Confidence is shrunk by `shrinkage` average baskets
    without the consequent and divided by a power of the consequent's popularity; what flows from a to c through
    third items, the product of the weights, is taken off; the strongest rules of each antecedent stay. Over more than
    5,000 items these are picked first, so that the product stays small.

    Parameters
    ----------
    baskets : Incidence, or what `frequent_itemsets` takes
    shrinkage : float
        Average baskets without the consequent that are added to each antecedent's; 0 leaves confidence as it is.
    popularity : float
        Power of the consequent's popularity by which weights are divided, 0 to 1.
    indirect : float
        Share of what flows through third items that is taken off, 0 to 1.
    significance : float, optional
        Only pairs whose p-value by Fisher's exact test, not corrected, is at most this are weighed; all where left out.
    max_rules : int
        Rules that an antecedent keeps at most.

    >>> baskets = Incidence.from_lists([["a", "b"]] * 9 + [["c"]] * 9)
    >>> len(rule_weights(baskets, significance=0.05).weights)
    2
    """
    from scipy import sparse

    baskets = as_baskets(baskets)
    n_items = baskets.n_items
    each = np.where(baskets.sizes >= 2, 1.0 / np.maximum(baskets.sizes, 1), 0.0)
    unit = float(each.mean()) if baskets.n_rows and each.any() else 1.0
    inside = sparse.csr_array(baskets.to_sparse())
    alike = sparse.csr_array(inside.T @ (sparse.diags_array(each) @ inside))
    both = sparse.csr_array(inside.T @ inside)
    alike.sort_indices()
    both.sort_indices()
    mass = alike.diagonal()
    row, column, common = _pairs(both)
    together = common.astype(np.int64)
    _, _, weighted = _pairs(alike)  # the same pairs: whatever is together at all has a weight
    if significance is not None:
        keep = _find_associated(baskets, row, column, together, significance)
        row, column, together, weighted = row[keep], column[keep], together[keep], weighted[keep]
    mean = mass.mean() or 1.0
    rare = ((mass + PRIOR_BASKETS * unit) / mean) ** -popularity
    weight = weighted / (mass[row] + shrinkage * unit) * rare[column]
    if n_items > DENSE_ITEMS:  # what flows through others is worked out over the strongest rules alone
        keep = _strongest(row, weight, n_items, max_rules)
        row, column, together, weight = row[keep], column[keep], together[keep], weight[keep]
    if indirect:
        weight = _direct(row, column, weight, n_items, indirect)
    keep = (weight > 0) & _strongest(row, weight, n_items, max_rules)
    row, column, together, weight = row[keep], column[keep], together[keep], weight[keep]
    best = np.zeros(n_items)
    np.maximum.at(best, row, weight)
    scale = best[best > 0].mean() if (best > 0).any() else 1.0
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n_items))]).astype(np.int64)
    return RuleWeights(indptr, column, weight / scale, together, mass / max(mass.max(initial=0.0), 1e-300))


def _pairs(matrix: Any) -> tuple[Ints, Ints, Floats]:
    """Rows, columns and values of a matrix off its diagonal, row by row."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    off = row != matrix.indices
    return row[off], matrix.indices[off].astype(np.int64), matrix.data[off]


def _find_associated(baskets: Incidence, row: Ints, column: Ints, together: Ints, significance: float) -> NDArray[Any]:
    """Pairs that are together more often than chance gives, by Fisher's exact test."""
    from domains.basket.rules.kernels import fisher_tail

    counts = baskets.counts.astype(np.int64)
    return fisher_tail(baskets.n_rows, together, counts[row], counts[column], True) <= significance


def _direct(row: Ints, column: Ints, weight: Floats, n_items: int, indirect: float) -> Floats:
    """Weights less what flows through third items, block of antecedents by block."""
    from scipy import sparse

    if len(weight) == 0:
        return weight
    whole = sparse.csr_array((weight, (row, column)), shape=(n_items, n_items))
    active = max(int((np.diff(whole.indptr) > 0).sum()), 1)
    flow = indirect / (whole.sum() / active)
    right = whole.toarray() if n_items <= DENSE_ITEMS else whole
    begin = np.searchsorted(row, np.arange(0, n_items + BLOCK, BLOCK))
    out = np.empty(len(weight))
    for number, first in enumerate(range(0, n_items, BLOCK)):
        piece = slice(begin[number], begin[number + 1])
        through = whole[first : first + BLOCK] @ right
        dense = through if isinstance(through, np.ndarray) else through.toarray()
        out[piece] = weight[piece] - flow * dense[row[piece] - first, column[piece]]
    return out


def _strongest(row: Ints, weight: Floats, n_items: int, most: int) -> NDArray[Any]:
    """Mark the strongest rules of every antecedent."""
    order = np.lexsort((-weight, row))
    begin = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n_items))])
    place = np.empty(len(row), dtype=np.int64)
    place[order] = np.arange(len(row)) - begin[row[order]]
    return place < most
