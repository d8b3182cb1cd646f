"""Neighbours in a random sample: what is far from its nearest rows is odd."""

from __future__ import annotations

import numpy as np

from domains.anomaly.base import BLOCK, Judged, MatrixDetector, is_share, load_kernels
from domains.anomaly.columns import Standardiser
from shared.checks import is_whole
from shared.errors import SettingsError
from shared.runtime.array_of import ArrayOf
from shared.typing import Floats, Ints, Seed

__all__ = ["NeighbourDetector"]


class NeighbourDetector(MatrixDetector):
    """Distance to the k-th nearest of some reference rows, in units of the columns' spreads.

    A sample as reference is quick, and thins out anomalies that stand together, so that they do not vouch for one
    another; k is a share of it, so that it means the same for any size.

    Parameters
    ----------
    n_references : int
        Rows drawn as references; all where there are fewer.
    share : float
        k as a share of the references, above 0 and at most 0.5.
    budget : float
        Share of rows that `predict` reports, above 0 and at most 0.5.
    random_state : int, RandomState or None

    Attributes
    ----------
    scale_ : ScoreScale
        Scores of training rows without themselves.
    offset_ : float
    n_features_in_ : int

    Notes
    -----
    Sources: Ramaswamy, Rastogi and Shim (2000), "Efficient algorithms for mining outliers", for the distance; Sugiyama
    and Borgwardt (2013), "Rapid distance-based outlier detection via sampling". Columns are standardised, values beyond
    five spreads count as five: how far out is said by other detectors. Missing values are taken for the mean.

    >>> X = np.random.default_rng(0).normal(size=(500, 2))
    >>> NeighbourDetector(random_state=0).fit(X).predict([[0.0, 0.0], [4.0, 4.0]]).tolist()
    [1, -1]
    """

    _allow_missing = True

    def __init__(
        self, *, n_references: int = 2000, share: float = 0.025, budget: float = 0.01, random_state: Seed = None
    ) -> None:
        self.n_references = n_references
        self.share = share
        self.budget = budget
        self.random_state = random_state

    def _learn(self, X: Floats, judged: Judged, rng: np.random.Generator) -> Floats:
        """Draw the references; rows are judged without themselves."""
        self.standardiser_ = Standardiser.of(X)
        chosen = rng.choice(len(X), min(self.n_references, len(X)), replace=False)
        self.references_ = np.ascontiguousarray(self.standardiser_.apply(X[chosen]).T)
        self.k_ = max(1, min(len(chosen) - 1, round(self.share * len(chosen))))
        own = np.full(len(X), -1)
        own[chosen] = np.arange(len(chosen))
        return self._distances(X[judged.rows], np.where(judged.as_new, -1, own[judged.rows]))

    def _renew(self, X: Floats, pool: Floats, share: float, rng: np.random.Generator) -> None:
        """Draw the references anew."""
        self.standardiser_ = Standardiser.of(pool)
        chosen = rng.choice(len(pool), min(self.references_.shape[1], len(pool)), replace=False)
        self.references_ = np.ascontiguousarray(self.standardiser_.apply(pool[chosen]).T)

    def _distances(self, X: Floats, own: Ints) -> Floats:
        out = np.empty(len(X))
        for first in range(0, len(X), BLOCK):
            some = slice(first, first + BLOCK)
            load_kernels().kth_distances(
                self.standardiser_.apply(X[some]), self.references_, own[some], self.k_, out[some]
            )
        return out

    def _oddness(self, X: Floats) -> Floats:
        return self._distances(X, np.full(len(X), -1))

    def _column_parts(self, X: Floats) -> Floats:
        parts = np.empty(X.shape)
        load_kernels().neighbour_parts(self.standardiser_.apply(X), self.references_, self.k_, parts)
        return parts

    def _check_settings(self) -> None:
        super()._check_settings()
        if not is_whole(self.n_references, 2, 1_000_000):
            raise SettingsError(f"n_references={self.n_references!r}: give a whole number from 2 to 1,000,000")
        if not is_share(self.share) or self.share > 0.5:
            raise SettingsError(f"share={self.share!r}: give k as a share of the references, above 0 and at most 0.5")

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of the arrays of every fitted one; checked when a model is loaded."""
        self._check_settings()
        return super().declare_arrays() | {
            "standardiser_": Standardiser,
            "references_": ArrayOf("f", (self.n_features_in_, None), finite=True),
            "k_": ArrayOf("i", (), low=1, high=self.references_.shape[1]),
        }
