"""Metrics of ranked lists in which one item is the right one: where it stands, and what that is worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from shared.typing import Floats

__all__ = ["gains", "hit_rate", "hits", "mean_ranks", "ndcg", "reciprocal_rank", "reciprocal_ranks"]


def mean_ranks(scores: object, target: object, *, excluded: object = None) -> Floats:
    """Rank of the right item in each row, from 1; items of equal scores share the mean of their ranks.

    Parameters
    ----------
    scores : array of shape (n_rows, n_items)
        The higher the better; all finite.
    target : array of int, shape (n_rows,)
        The right item of each row.
    excluded : array of bool, shape (n_rows, n_items), optional
        Items that are not ranked.

    Raises
    ------
    ValueError
        A score is not finite, or a right item is excluded.

    >>> mean_ranks(np.array([[0.5, 0.9, 0.5, 0.1]]), [0]).tolist()
    [2.5]
    """
    values, right = np.asarray(scores), np.asarray(target, dtype=np.int64)
    if not np.isfinite(values).all():
        raise ValueError("scores are not all finite, so that items cannot be ranked")
    rows = np.arange(len(values))
    own = values[rows, right][:, None]
    counts = np.ones(values.shape, dtype=bool) if excluded is None else ~np.asarray(excluded, dtype=bool)
    if not counts[rows, right].all():
        raise ValueError("a right item is among the excluded ones")
    above = ((values > own) & counts).sum(axis=1)
    equal = ((values == own) & counts).sum(axis=1)
    ranks: Floats = above + (equal + 1) / 2
    return ranks


def hits(ranks: ArrayLike, k: int = 10) -> Floats:
    """Whether the right item of each row is among the first k: 1 or 0.

    >>> hits([1, 11, 4]).tolist()
    [1.0, 0.0, 1.0]
    """
    return np.asarray(np.asarray(ranks, dtype=float) <= k, dtype=float)


def hit_rate(ranks: ArrayLike, k: int = 10) -> float:
    """Share of rows whose right item is among the first k (HR@k; with one right item also recall@k).

    Parameters
    ----------
    ranks : array of shape (n,)
        Of the right items, from 1.
    k : int

    >>> hit_rate([1, 11, 4])
    0.6666666666666666
    """
    return float(hits(ranks, k).mean())


def gains(ranks: ArrayLike, k: int = 10) -> Floats:
    """What the right item of each row is worth where it stands: ``1 / log2(1 + rank)``, 0 beyond k.

    >>> gains([1, 3, 11]).tolist()
    [1.0, 0.5, 0.0]
    """
    placed = np.asarray(ranks, dtype=float)
    return np.where(placed <= k, 1 / np.log2(1 + placed), 0.0)


def ndcg(ranks: ArrayLike, k: int = 10) -> float:
    """Normalised discounted cumulative gain at k with one right item; see `gains`.

    Järvelin & Kekäläinen, ACM Transactions on Information Systems 20:422 (2002).

    Parameters
    ----------
    ranks : array of shape (n,)
        Of the right items, from 1.
    k : int

    >>> round(ndcg([1, 3]), 3)
    0.75
    """
    return float(gains(ranks, k).mean())


def reciprocal_ranks(ranks: ArrayLike) -> Floats:
    """One over each rank.

    >>> reciprocal_ranks([1, 2]).tolist()
    [1.0, 0.5]
    """
    return 1 / np.asarray(ranks, dtype=float)


def reciprocal_rank(ranks: ArrayLike) -> float:
    """Mean of one over the rank (MRR).

    Parameters
    ----------
    ranks : array-like of shape (n,)
        Rank of the right item in each row, from 1.

    >>> reciprocal_rank([1, 2])
    0.75
    """
    return float(reciprocal_ranks(ranks).mean())
