"""Weights of a regularised linear model over whole baskets: what one need brings in counts once, not item by item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domains.basket.mining.search import as_baskets
from shared.errors import HexadError
from shared.runtime.parallel import use_one_blas_thread
from shared.typing import Floats, Ints

__all__ = ["EaseWeights", "ease_weights"]

# Most frequent items that the model is about: the inverse takes 8 bytes a pair of them, 128 MB, and a few copies of it.
MOST_ITEMS = 4000


@dataclass(frozen=True)
class EaseWeights:
    """What each item of a basket adds to the others, in compressed rows.

    Attributes
    ----------
    indptr, indices : numpy.ndarray of int
        Items that item a adds to or takes from are ``indices[indptr[a]:indptr[a + 1]]``.
    weights : numpy.ndarray of float64
        Summed over a basket's items they estimate the share of such baskets that hold the item.
    joint_counts : numpy.ndarray of int
        Baskets that hold both.
    modelled : numpy.ndarray of bool, shape (n_items,)
        Items that the model is about.

    >>> found = ease_weights([["a", "b"]] * 90 + [["c", "d"]] * 90, penalty=10)
    >>> found.indices.tolist(), found.weights.round(1).tolist()
    ([1, 0, 3, 2], [0.9, 0.9, 0.9, 0.9])
    """

    indptr: Ints
    indices: Ints
    weights: Floats
    joint_counts: Ints
    modelled: NDArray[np.bool_]


def ease_weights(
    baskets: object, *, penalty: float = 50.0, max_weights: int = 200, max_items: int = MOST_ITEMS
) -> EaseWeights:
    """Regress every item on all others at once, under a ridge penalty.

    The closed form of Steck (2019), "Embarrassingly shallow autoencoders for sparse data" (EASE): with P the inverse of
    the items' co-occurrence matrix plus the penalty on its diagonal, item a adds ``-P[a, c] / P[c, c]`` to item c.

    Parameters
    ----------
    baskets : Incidence, or what `frequent_itemsets` takes
        Those of one item say nothing, and do not count.
    penalty : float
        In baskets; above 0.
    max_weights : int
        Weights kept for each item, the largest in size.
    max_items : int
        Only the most frequent items are modelled, at most this many.

    Raises
    ------
    HexadError
        The penalty is so small that no inverse is found.

    >>> found = ease_weights([["a", "b"]] * 90 + [["c"], ["c", "d"]] * 90)
    >>> found.joint_counts.tolist()
    [90, 90, 90, 90]
    """
    from scipy import sparse
    from scipy.linalg.lapack import dpotrf, dpotri

    found = as_baskets(baskets)
    found = found.take(np.flatnonzero(found.sizes >= 2))
    counts = found.counts.astype(np.int64)
    chosen = np.sort(np.argsort(-counts, kind="stable")[: min(max_items, int((counts > 0).sum()))])
    modelled = np.zeros(found.n_items, dtype=bool)
    modelled[chosen] = True
    indptr = np.zeros(found.n_items + 1, dtype=np.int64)
    if len(chosen) == 0:
        return EaseWeights(indptr, np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64), modelled)
    inside = sparse.csr_array(found.to_sparse().astype(float))[:, chosen]
    together = sparse.csr_array(inside.T @ inside)
    inverse = together.toarray()
    inverse[np.diag_indices(len(chosen))] += penalty
    with use_one_blas_thread():
        factor, failed = dpotrf(inverse, lower=True, overwrite_a=True)
        inverse, singular = dpotri(factor, lower=True, overwrite_c=True)
    if failed or singular:
        raise HexadError(f"penalty={penalty!r} is too small for these baskets: their items determine one another")
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    weights = -inverse / np.diag(inverse)
    weights[np.diag_indices(len(chosen))] = 0.0
    if len(chosen) > max_weights:
        size = np.abs(weights)
        weights[size < np.partition(size, -max_weights, axis=1)[:, [-max_weights]]] = 0.0
    row, column = np.nonzero(weights)
    joint = np.asarray(together[row, column]).astype(np.int64)
    indptr[1:] = np.cumsum(np.bincount(chosen[row], minlength=found.n_items))
    return EaseWeights(indptr, chosen[column], weights[row, column], joint, modelled)
