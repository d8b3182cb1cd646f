"""Columns one by one: what lies at the end of its column is odd."""

from __future__ import annotations

import numpy as np

from domains.anomaly.base import BLOCK, Judged, MatrixDetector, load_kernels
from shared.runtime.array_of import ArrayOf
from shared.typing import Floats, Seed

__all__ = ["MarginDetector"]

# Values that a column's tails are counted among.
MOST_SORTED = 10_000


class MarginDetector(MatrixDetector):
    """How rare a row's values are in their columns: evidence of both tails, summed over the columns.

    Parameters
    ----------
    budget : float
        Share of rows that `predict` reports, above 0 and at most 0.5.
    random_state : int, RandomState or None
        Draws the rows that are counted among where there are more than 10,000.

    Attributes
    ----------
    scale_ : ScoreScale
        Scores of training rows without themselves.
    offset_ : float
    n_features_in_ : int

    Notes
    -----
    As ECOD (Li et al. 2022, "Unsupervised outlier detection using empirical cumulative distribution functions"), but
    the tails are counted once, in fitting, so that a row's score depends on no other new row.

    >>> X = np.random.default_rng(0).normal(size=(500, 2))
    >>> MarginDetector().fit(X).predict([[0.0, 0.0], [4.0, -4.0]]).tolist()
    [1, -1]
    """

    _allow_missing = True

    def __init__(self, *, budget: float = 0.01, random_state: Seed = None) -> None:
        self.budget = budget
        self.random_state = random_state

    def _learn(self, X: Floats, judged: Judged, rng: np.random.Generator) -> Floats:
        """Sort the columns; rows are judged without themselves."""
        chosen = np.arange(len(X))
        if len(X) > MOST_SORTED:
            chosen = rng.choice(len(X), MOST_SORTED, replace=False)
        self._sort(X[chosen])
        known = np.zeros(len(X), dtype=bool)
        known[chosen] = True
        return np.asarray(self._tails(X[judged.rows], known[judged.rows] & ~judged.as_new).sum(axis=1))

    def _sort(self, X: Floats) -> None:
        self.ordered_ = np.ascontiguousarray(np.sort(X, axis=0).T)  # what is missing comes last
        self.counts_ = np.sum(~np.isnan(self.ordered_), axis=1)

    def _renew(self, X: Floats, pool: Floats, share: float, rng: np.random.Generator) -> None:
        """Sort the columns of rows of all times."""
        self._sort(pool)

    def _tails(self, X: Floats, known: object) -> Floats:
        tails = np.empty(X.shape)
        load_kernels().column_tails(X, self.ordered_, self.counts_, known, tails)
        return tails

    def _oddness(self, X: Floats) -> Floats:
        out = np.empty(len(X))
        for first in range(0, len(X), BLOCK):
            some = X[first : first + BLOCK]
            out[first : first + BLOCK] = self._tails(some, np.zeros(len(some), dtype=bool)).sum(axis=1)
        return out

    def _column_parts(self, X: Floats) -> Floats:
        return self._tails(X, np.zeros(len(X), dtype=bool))

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of the arrays of every fitted one; checked when a model is loaded."""
        return super().declare_arrays() | {
            "ordered_": ArrayOf("f", (self.n_features_in_, None)),
            "counts_": ArrayOf("i", (self.n_features_in_,), low=0, high=self.ordered_.shape[1]),
        }
