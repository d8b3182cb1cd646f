"""Errors of point and quantile forecasts of numbers: pure functions of arrays, in the field's definitions.

Every function takes arrays of shape (n,) and returns a float. What cannot be computed is refused with the reason, never
returned as infinity.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from shared.errors import HexadError
from shared.evaluation.metrics.base import check_arrays

__all__ = ["crps_from_quantiles", "mae", "mape", "pinball", "r2", "rmse", "smape"]


def mae(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Mean absolute error, in the unit of y (scikit-learn's).

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)

    >>> mae([1, 2], [2, 4])
    1.5
    """
    from sklearn.metrics import mean_absolute_error

    true, pred = check_arrays(y_true, y_pred)
    return float(mean_absolute_error(true, pred))


def rmse(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Root mean squared error, in the unit of y (scikit-learn's).

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)

    >>> rmse([1, 2], [1, 4])
    1.414...
    """
    from sklearn.metrics import root_mean_squared_error

    true, pred = check_arrays(y_true, y_pred)
    return float(root_mean_squared_error(true, pred))


def r2(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Coefficient of determination, 1 at best (scikit-learn's); refused for a constant y.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)

    >>> r2([1, 2, 3], [1, 2, 3])
    1.0
    """
    from sklearn.metrics import r2_score

    true, pred = check_arrays(y_true, y_pred)
    if len(true) < 2 or np.ptp(true) == 0:
        raise HexadError("R2 is not defined where y_true is constant; use MAE instead")
    return float(r2_score(true, pred))


def mape(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Mean absolute percentage error as a fraction (scikit-learn's); refused where y has zeros.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)

    >>> mape([1, 2], [2, 2])
    0.5
    """
    from sklearn.metrics import mean_absolute_percentage_error

    true, pred = check_arrays(y_true, y_pred)
    zeros = int((true == 0).sum())
    if zeros:
        raise HexadError(f"MAPE divides by y_true, which is zero in {zeros:,} rows; use MASE or sMAPE instead")
    return float(mean_absolute_percentage_error(true, pred))


def smape(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Symmetric mean absolute percentage error in percent, 0 to 200, as in the M4 competition.

    ``200 / n * sum(|y - f| / (|y| + |f|))``; a pair of zeros counts as no error. Source: Makridakis, Spiliotis &
    Assimakopoulos (2020), The M4 Competition, International Journal of Forecasting 36(1), equation 2.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)

    >>> smape([1, 0], [3, 0])
    50.0
    """
    true, pred = check_arrays(y_true, y_pred)
    size = np.abs(true) + np.abs(pred)
    error = np.abs(true - pred)
    return float(200 * np.mean(np.divide(error, size, out=np.zeros_like(error), where=size > 0)))


def pinball(y_true: ArrayLike, y_quantile: ArrayLike, *, quantile: float) -> float:
    """Mean pinball (quantile) loss, in the unit of y (scikit-learn's).

    Parameters
    ----------
    y_true, y_quantile : array-like of shape (n,)
    quantile : float
        Probability of the quantile, between 0 and 1.

    >>> pinball([1, 2], [2, 2], quantile=0.1)
    0.45
    """
    from sklearn.metrics import mean_pinball_loss

    true, pred = check_arrays(y_true, y_quantile)
    if not 0 < quantile < 1:
        raise HexadError(f"quantile={quantile} does not lie between 0 and 1")
    return float(mean_pinball_loss(true, pred, alpha=quantile))


def crps_from_quantiles(y_true: ArrayLike, y_quantiles: ArrayLike, quantiles: Sequence[float]) -> float:
    """Continuous ranked probability score from quantiles, in the unit of y: twice the mean pinball loss.

    Parameters
    ----------
    y_true : array of shape (n,)
    y_quantiles : array of shape (n, n_quantiles)
        One column a quantile.
    quantiles : sequence of float
        Their levels, best equally spaced and symmetric; the score is exact only in their limit.

    Notes
    -----
    Source: Gneiting & Raftery (2007), JASA 102(477), equation 33 in Laio & Tamea's (2007) quantile form.

    >>> crps_from_quantiles([1.0], [[2.0]], [0.5])
    1.0
    """
    matrix = np.asarray(y_quantiles, dtype=float)
    if matrix.ndim != 2 or matrix.shape[1] != len(quantiles) or len(quantiles) == 0:
        raise HexadError(f"y_quantiles has shape {matrix.shape}, but {len(quantiles)} quantiles were named")
    losses = [pinball(y_true, matrix[:, place], quantile=level) for place, level in enumerate(quantiles)]
    return float(2 * np.mean(losses))
