"""Boosted quantiles that never cross."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from shared.errors import SettingsError
from shared.runtime.array_of import ArrayOf
from shared.typing import Floats

__all__ = ["QuantileBoosting"]


class QuantileBoosting(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Gradient-boosted trees for several quantiles, put in order where they would cross; the prediction is the median.

    Parameters
    ----------
    quantiles : tuple of float
        Probabilities, ascending, between 0 and 1.
    max_iter, learning_rate, max_leaf_nodes, min_samples_leaf
        As in scikit-learn's `HistGradientBoostingRegressor`, of each quantile.
    random_state : int, optional
        Seed.

    Attributes
    ----------
    boosters_ : list of HistGradientBoostingRegressor
        One a quantile.
    n_iter_ : int
        Rounds of each.

    Notes
    -----
    Source of the rearrangement, which never makes quantiles worse: Chernozhukov, Fernández-Val & Galichon (2010),
    Quantile and probability curves without crossing, Econometrica 78(3).

    >>> X = np.arange(400.0)[:, None] % 10
    >>> y = X[:, 0] + np.random.default_rng(0).normal(size=400)
    >>> low, high = QuantileBoosting().fit(X, y).predict_quantiles([[5.0]], (0.1, 0.9))[0]
    >>> bool(3 < low < 5 < high < 7)
    True
    """

    def __init__(
        self,
        quantiles: tuple[float, ...] = (0.05, 0.25, 0.5, 0.75, 0.95),
        *,
        max_iter: int = 100,
        learning_rate: float = 0.1,
        max_leaf_nodes: int = 15,
        min_samples_leaf: int = 20,
        random_state: int | None = None,
    ) -> None:
        self.quantiles = quantiles
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.random_state = random_state

    def fit(self, X: Any, y: object) -> QuantileBoosting:
        """Learn every quantile.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        y : array of shape (n_samples,)

        Raises
        ------
        SettingsError
            Quantiles do not ascend between 0 and 1.
        """
        from sklearn.ensemble import HistGradientBoostingRegressor

        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        levels = np.asarray(self.quantiles, dtype=float)
        if (
            levels.ndim != 1
            or len(levels) == 0
            or not (levels[0] > 0 and levels[-1] < 1 and (np.diff(levels) > 0).all())
        ):
            raise SettingsError(f"quantiles={self.quantiles!r}: give probabilities between 0 and 1, ascending")
        self.boosters_ = [
            HistGradientBoostingRegressor(
                loss="quantile",
                quantile=float(level),
                max_iter=self.max_iter,
                learning_rate=self.learning_rate,
                max_leaf_nodes=self.max_leaf_nodes,
                min_samples_leaf=self.min_samples_leaf,
                early_stopping=False,
                random_state=self.random_state,
            ).fit(X, y)
            for level in levels
        ]
        self.levels_ = levels
        self.n_iter_ = self.max_iter
        return self

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        if not self.boosters_:
            raise ValueError("it has no booster")
        return {"levels_": ArrayOf("f", (len(self.boosters_),), low=0, high=1, increasing=True, finite=True)}

    def predict(self, X: ArrayLike) -> Floats:
        """Predict the median, shape (n_samples,).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        return np.asarray(self.predict_quantiles(X, (0.5,))[:, 0])

    def predict_quantiles(self, X: object, quantiles: tuple[float, ...] | None = None) -> Floats:
        """Predict quantiles, ascending in every row.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        quantiles : tuple of float, optional
            Probabilities; those learnt where left out. Between two that were learnt it is interpolated, beyond the
            outermost the outermost is taken.

        Returns
        -------
        numpy.ndarray of shape (n_samples, n_quantiles)
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        found = np.sort(np.column_stack([booster.predict(X) for booster in self.boosters_]), axis=1)
        if quantiles is None:
            return found
        place = np.interp(np.asarray(quantiles, dtype=float), self.levels_, np.arange(len(self.levels_)))
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, len(self.levels_) - 1)
        return np.asarray(found[:, low] + (place - low) * (found[:, high] - found[:, low]))
