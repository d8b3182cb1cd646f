"""The size that errors are expected to have: intervals that are wide where forecasting is hard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from domains.timeseries.ridge import StandardizedRidge
from shared.errors import SettingsError
from shared.runtime.array_of import ArrayOf
from shared.typing import Floats

__all__ = ["OwnSpread", "Spread", "own_size"]

# Errors without which the spread is taken to be equal everywhere.
LEAST_ROWS = 30
QUARTILES = (0.25, 0.75)
# Share of the usual error below which no expected one falls: no interval closes on a row fitted well by chance.
FLOOR = 0.03


class Spread(BaseEstimator):  # type: ignore[misc]
    """Expected size of the errors of one step, learnt from the features that the forecast was made from.

    The logarithm of the absolute error, with a little of the median error added against zeros, is regressed on the
    features. What is expected stays within the range of what was expected in training.

    Parameters
    ----------
    regressor : estimator, optional
        `StandardizedRidge` where left out.

    Notes
    -----
    Source: Lei et al. (2018), Distribution-free predictive inference for regression, JASA 113(523), section 5.2.

    >>> X = np.linspace(0, 1, 200)[:, None]
    >>> errors = np.random.default_rng(0).normal(size=200) * (0.1 + X[:, 0])
    >>> small, large = Spread().fit(X, errors).predict(np.array([[0.1], [0.9]]))
    >>> bool(2 < large / small < 8)
    True
    """

    def __init__(self, regressor: object = None) -> None:
        self.regressor = regressor

    def fit(self, X: Floats, errors: Floats) -> Spread:
        """Learn from features of shape (n, n_features) and errors of shape (n,)."""
        sizes = np.abs(errors)
        usual = float(np.median(sizes)) if len(sizes) else 0.0
        self.floor_ = FLOOR * usual
        self.usual_ = usual if usual > 0 else 1.0
        self.regressor_ = None
        if len(sizes) >= LEAST_ROWS and usual > 0:
            made = StandardizedRidge() if self.regressor is None else clone(self.regressor)
            self.regressor_ = made.fit(X, np.log(sizes + self.floor_))
            expected = np.asarray(self.regressor_.predict(X), dtype=np.float64)
            self.low_, self.high_ = float(expected.min()), float(expected.max())
        return self

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its numbers; checked when a model is loaded."""
        learnt = self.regressor_ is not None
        return {
            "usual_": ArrayOf("f", (), low=0, finite=True),
            "floor_": ArrayOf("f", (), low=0, finite=True, optional=not learnt),
            "low_": ArrayOf("f", (), optional=not learnt),
            "high_": ArrayOf("f", (), optional=not learnt),
        }

    def predict(self, X: Floats) -> Floats:
        """Expected sizes, shape (n,); the usual one where there were too few errors, or a feature is missing."""
        expected = np.full(len(X), self.usual_)
        full = np.isfinite(X).all(axis=1)
        if self.regressor_ is not None and full.any():
            told = np.clip(self.regressor_.predict(X[full]), self.low_, self.high_)
            expected[full] = np.exp(told)
        return expected

    def out_of_block(self, X: Floats, errors: Floats, blocks: Sequence[Any]) -> Floats:
        """Expected sizes of errors by spreads that had not seen them; shape (n,).

        Parameters
        ----------
        X : numpy.ndarray of shape (n, n_features)
        errors : numpy.ndarray of shape (n,)
        blocks : sequence of boolean masks of shape (n,)
            Blocks that are left out in turn.
        """
        expected = np.full(len(errors), np.nan)
        for out in blocks:
            if out.any():
                expected[out] = Spread(self.regressor).fit(X[~out], errors[~out]).predict(X[out])
        left = np.isnan(expected)
        if left.any():
            expected[left] = Spread(self.regressor).fit(X, errors).predict(X[left])
        return expected


class OwnSpread(Spread):
    """Expected size of the errors as a regressor tells it that knows a distribution: half its interquartile range.

    >>> from domains.timeseries.natural import NaturalGradientBoosting
    >>> X = np.linspace(0, 1, 400)[:, None]
    >>> y = np.random.default_rng(0).normal(size=400) * (0.1 + X[:, 0])
    >>> spread = OwnSpread().from_regressor(NaturalGradientBoosting().fit(X, y), X)
    >>> small, large = spread.predict(np.array([[0.1], [0.9]]))
    >>> bool(large > 2 * small)
    True
    """

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its numbers; checked when a model is loaded."""
        if self.regressor_ is None:
            raise ValueError("no regressor tells it the size of errors")
        return {"usual_": ArrayOf("f", (), low=0, finite=True)}

    def from_regressor(self, regressor: object, X: Floats) -> OwnSpread:
        """Take a fitted regressor for what it learnt from X."""
        sizes = own_size(regressor, X)
        self.usual_ = float(np.median(sizes)) or 1.0
        self.regressor_ = regressor
        return self

    def predict(self, X: Floats) -> Floats:
        """Expected sizes, shape (n,), at least a little of the usual one; that one where a feature is missing."""
        expected = np.full(len(X), self.usual_)
        full = np.isfinite(X).all(axis=1)
        if full.any():
            expected[full] = np.maximum(own_size(self.regressor_, X[full]), FLOOR * self.usual_)
        return expected


def own_size(regressor: Any, X: Floats) -> Floats:
    """Half the interquartile range that a regressor expects, shape (n,).

    Known are ``predict_quantiles(X, quantiles)`` (`QuantileBoosting`), ``predict_distribution(X)``
    (`NaturalGradientBoosting`), NGBoost's ``pred_dist(X)``, and ``predict(X, quantiles=...)`` of the package
    quantile-forest.

    Raises
    ------
    SettingsError
        The regressor knows no distribution.

    >>> own_size(StandardizedRidge(), np.ones((1, 1)))
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: spread='own' needs a regressor that knows a distribution, but StandardizedRidge does
    not: ...
    """
    if hasattr(regressor, "predict_quantiles"):
        low, high = np.asarray(regressor.predict_quantiles(X, QUARTILES)).T
    elif hasattr(regressor, "predict_distribution"):
        found = regressor.predict_distribution(X)
        low, high = (np.asarray(found.quantile(q)) for q in QUARTILES)
    elif hasattr(regressor, "pred_dist"):
        found = regressor.pred_dist(X)
        low, high = (np.asarray(found.ppf(q)) for q in QUARTILES)
    elif type(regressor).__module__.startswith("quantile_forest."):
        low, high = np.asarray(regressor.predict(X, quantiles=list(QUARTILES))).T
    else:
        raise SettingsError(
            f"spread='own' needs a regressor that knows a distribution, but {type(regressor).__name__} does not: take "
            "QuantileBoosting, NaturalGradientBoosting, NGBoost or quantile-forest, or spread=True"
        )
    return np.asarray((high - low) / 2, dtype=np.float64)
