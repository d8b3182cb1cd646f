"""The quickest honest way to ask a fitted regressor the same question at every step of a recursion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shared.typing import Floats

__all__ = ["fast_predictor"]


def fast_predictor(regressor: Any) -> Callable[[Floats], Floats]:
    """Return a function that predicts from checked, finite rows.

    scikit-learn and LightGBM check every table anew, which takes longer than the answer where it is asked 48 times for
    some hundred rows. Linear models, also behind a `StandardScaler`, are one product with a vector; LightGBM's
    regressors are asked through their booster; everything else answers as it always does.

    >>> from sklearn.linear_model import LinearRegression
    >>> fast_predictor(LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0]))(np.array([[2.0]])).round(9).tolist()
    [5.0]
    """
    own = getattr(regressor, "predict_unchecked", None)
    if own is not None:
        return own  # type: ignore[no-any-return]
    line = _line(regressor)
    if line is not None:
        weights, constant = line
        return lambda X: np.asarray(X @ weights + constant)
    booster = getattr(regressor, "booster_", None)
    if type(regressor).__module__.startswith("lightgbm.") and type(regressor).__name__ == "LGBMRegressor":
        return booster.predict  # type: ignore[union-attr, no-any-return]
    return regressor.predict  # type: ignore[no-any-return]


def _line(regressor: Any) -> tuple[Floats, float] | None:
    """Weights and constant of a regressor that is linear in its columns."""
    if not type(regressor).__module__.startswith(("sklearn.linear_model.", "sklearn.pipeline")):
        return None
    # Only those who pass one pay for loading all linear models.
    from sklearn.linear_model._base import LinearModel
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    scalers: list[StandardScaler] = []
    if type(regressor) is Pipeline:
        *before, regressor = (step for _, step in regressor.steps)
        if any(type(step) is not StandardScaler for step in before):
            return None
        scalers = before
    own = type(regressor).__module__.startswith("sklearn.linear_model.")
    if not own or not isinstance(regressor, LinearModel):
        return None
    weights, constant = np.asarray(regressor.coef_, dtype=float), regressor.intercept_
    if weights.ndim != 1 or np.ndim(constant) != 0:
        return None
    for scaler in reversed(scalers):
        if scaler.scale_ is not None:
            weights = weights / scaler.scale_
        if scaler.mean_ is not None and scaler.with_mean:
            constant = constant - float(scaler.mean_ @ weights)
    return weights, float(constant)
