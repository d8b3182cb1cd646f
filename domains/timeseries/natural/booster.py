"""Natural-gradient boosting as a scikit-learn regressor that predicts a distribution for every row."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from domains.timeseries.natural.distributions import LogNormal, Normal
from shared.checks import is_whole
from shared.errors import DataError, Problem, SettingsError
from shared.runtime.array_of import ArrayOf
from shared.typing import Bytes, Floats

__all__ = ["NaturalGradientBoosting"]

# Rows that the edges of bins are found from; quantiles of so many are known to a thousandth.
SAMPLE = 200_000


class NaturalGradientBoosting(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Boost the mean and the spread of a distribution together, along the natural gradient.

    The algorithm is NGBoost's. Its base learner is a tree on histograms: columns are sorted into at most 255 bins once,
    and all trees of all rounds and parameters count in these bins.

    Parameters
    ----------
    distribution : {"normal", "lognormal"}
        Of the target; the second one needs values above zero.
    n_estimators : int
        Rounds; each grows one tree for the mean and one for the log standard deviation.
    learning_rate : float
        Share of each round's step that is taken.
    max_depth : int
        Splits from the root to a leaf, at most 8.
    min_samples_leaf : int
        Least rows of a leaf.
    l2 : float
        Rows of zero gradient that each leaf is drawn towards.
    max_bins : int
        Bins of a column, from 2 to 255.
    tol : float
        Rounds end where the mean step is smaller.

    Attributes
    ----------
    losses_ : numpy.ndarray
        Mean negative log-likelihood of the training rows before every round, and after the last.
    n_features_in_ : int

    Notes
    -----
    Source: Duan et al. (2020), NGBoost: Natural Gradient Boosting for Probabilistic Prediction, ICML.

    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(size=(500, 1))
    >>> y = X[:, 0] + (0.1 + X[:, 0]) * rng.normal(size=500)
    >>> spread = NaturalGradientBoosting().fit(X, y).predict_distribution([[0.1], [0.9]]).scale
    >>> bool(spread[1] > 2 * spread[0])
    True
    """

    def __init__(
        self,
        distribution: Literal["normal", "lognormal"] = "normal",
        *,
        n_estimators: int = 150,
        learning_rate: float = 0.05,
        max_depth: int = 3,
        min_samples_leaf: int = 20,
        l2: float = 0.0,
        max_bins: int = 255,
        tol: float = 1e-4,
    ) -> None:
        self.distribution = distribution
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2 = l2
        self.max_bins = max_bins
        self.tol = tol

    def fit(self, X: Any, y: object) -> NaturalGradientBoosting:
        """Learn the trees.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        y : array of shape (n_samples,)

        Raises
        ------
        SettingsError
            A parameter is out of its range.
        DataError
            A lognormal target is not above zero.
        """
        from domains.timeseries.natural.kernels import boost

        self._check()
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        y = np.asarray(y, dtype=np.float64)
        if self.distribution == "lognormal":
            wrong = np.flatnonzero(y <= 0)
            if len(wrong):
                raise DataError(
                    "y",
                    [
                        Problem(
                            f"{len(wrong):,} values are not above zero, which a lognormal distribution needs",
                            rows=tuple(wrong[:5].tolist()),
                            count=len(wrong),
                            fix="Use distribution='normal'.",
                        )
                    ],
                )
            y = np.log(y)
        self.edges_ = [_edges(column, self.max_bins) for column in X.T]
        used = np.array([len(edges) + 1 for edges in self.edges_], dtype=np.int64)
        # Values in units of their own spread: the tolerance then means the same for every target.
        self.centre_, self.unit_ = float(y.mean()), float(y.std()) or 1.0
        self.start_ = np.zeros(2)
        self.feature_, self.split_, self.value_, losses = boost(
            self._bin(X),
            used,
            (y - self.centre_) / self.unit_,
            self.start_,
            self.n_estimators,
            float(self.learning_rate),
            self.max_depth,
            self.min_samples_leaf,
            float(self.l2),
            float(self.tol),
        )
        self.losses_ = losses + np.log(self.unit_)
        return self

    def predict(self, X: Any) -> Floats:
        """Expected values, shape (n_samples,).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        return self.predict_distribution(X).mean()

    def predict_distribution(self, X: NDArray[Any]) -> Normal | LogNormal:
        """Distribution of every row.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)

        Returns
        -------
        Normal or LogNormal
            With ``mean``, ``quantile``, ``interval``, ``cdf``, ``logpdf``, ``crps`` and ``sample``.
        """
        from domains.timeseries.natural.kernels import HIGHEST, LOWEST, sum_leaves

        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        theta = sum_leaves(self._bin(X), self.feature_, self.split_, self.value_, self.start_, self.max_depth)
        spread = np.exp(np.clip(theta[1], LOWEST, HIGHEST))
        normal = Normal(self.centre_ + self.unit_ * theta[0], self.unit_ * spread)
        return normal if self.distribution == "normal" else LogNormal(normal)

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of the arrays of every fitted one; checked when a model is loaded."""
        self._check()
        nodes, rounds = 2**self.max_depth - 1, len(self.feature_)
        return {
            "feature_": ArrayOf("i", (rounds, 2, nodes), low=-1, high=self.n_features_in_ - 1),
            "split_": ArrayOf("i", (rounds, 2, nodes)),
            "value_": ArrayOf("f", (rounds, 2, nodes + 1), finite=True),
            "start_": ArrayOf("f", (2,), finite=True),
            "edges_": ArrayOf("f", (None,), increasing=True),
            "losses_": ArrayOf("f"),
            "centre_": ArrayOf("f", (), finite=True),
            "unit_": ArrayOf("f", (), low=0, finite=True),
        }

    def _bin(self, X: Floats) -> Bytes:
        bins = np.empty(X.shape, dtype=np.uint8)
        for place, edges in enumerate(self.edges_):
            bins[:, place] = np.searchsorted(edges, X[:, place], side="left")
        return bins

    def _check(self) -> None:
        if self.distribution not in {"normal", "lognormal"}:
            raise SettingsError(f"distribution={self.distribution!r}: there are 'normal' and 'lognormal'")
        ranges = (
            ("n_estimators", 1, 1_000_000),
            ("max_depth", 1, 8),
            ("min_samples_leaf", 1, 2**53),
            ("max_bins", 2, 255),
        )
        for name, least, most in ranges:
            value = getattr(self, name)
            if not is_whole(value, least, most):
                raise SettingsError(f"{name}={value!r}: give a whole number from {least} to {most:,}")
        if not 0 < self.learning_rate <= 1:
            raise SettingsError(f"learning_rate={self.learning_rate!r}: give a share above 0, at most 1")
        if not self.l2 >= 0 or not self.tol >= 0:
            raise SettingsError(f"l2={self.l2!r}, tol={self.tol!r}: neither may be below 0")


def _edges(column: Floats, most: int) -> Floats:
    """Inner edges of a column's bins: halfway between its values where they are few, quantiles otherwise."""
    if len(column) > SAMPLE:
        column = column[np.linspace(0, len(column) - 1, SAMPLE).astype(np.int64)]
    distinct = np.unique(column)
    if len(distinct) <= most:
        with np.errstate(over="ignore"):
            return np.asarray(distinct[:-1] / 2 + distinct[1:] / 2)
    return np.unique(np.quantile(column, np.linspace(0, 1, most + 1)[1:-1]))
