"""Metrics of point and interval forecasts: pure functions of arrays, in the field's definitions.

Every function takes arrays of shape (n,) and returns a float. `per_series` gives the same metric for each series of
a long table. What cannot be computed is refused with the reason, never returned as infinity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from shared.errors import HexadError, quoted

__all__ = [
    "coverage",
    "crps_from_quantiles",
    "interval_score",
    "mae",
    "mape",
    "mase",
    "msis",
    "naive_scale",
    "owa",
    "per_series",
    "pinball",
    "r2",
    "rmse",
    "rmsse",
    "smape",
]

Floats = np.ndarray[Any, np.dtype[np.float64]]


def _arrays(*given: ArrayLike) -> list[Floats]:
    arrays = [np.asarray(one, dtype=float) for one in given]
    if any(array.ndim != 1 for array in arrays) or len({len(array) for array in arrays}) != 1:
        raise HexadError(f"metrics take arrays of one length, but these have shapes {[a.shape for a in arrays]}")
    if len(arrays[0]) == 0:
        raise HexadError("metrics need at least one value")
    for array in arrays:
        if not np.isfinite(array).all():
            count = int((~np.isfinite(array)).sum())
            raise HexadError(
                f"metrics need finite values, but {count:,} are missing or infinite; drop those rows first"
            )
    return arrays


def mae(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Mean absolute error, in the unit of y (scikit-learn's).

    >>> mae([1, 2], [2, 4])
    1.5
    """
    from sklearn.metrics import mean_absolute_error

    true, pred = _arrays(y_true, y_pred)
    return float(mean_absolute_error(true, pred))


def rmse(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Root mean squared error, in the unit of y (scikit-learn's).

    >>> rmse([1, 2], [1, 4])
    1.414...
    """
    from sklearn.metrics import root_mean_squared_error

    true, pred = _arrays(y_true, y_pred)
    return float(root_mean_squared_error(true, pred))


def r2(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Coefficient of determination, 1 at best (scikit-learn's); refused for a constant y.

    >>> r2([1, 2, 3], [1, 2, 3])
    1.0
    """
    from sklearn.metrics import r2_score

    true, pred = _arrays(y_true, y_pred)
    if len(true) < 2 or np.ptp(true) == 0:
        raise HexadError("R2 is not defined where y_true is constant; use MAE instead")
    return float(r2_score(true, pred))


def mape(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Mean absolute percentage error as a fraction (scikit-learn's); refused where y has zeros.

    >>> mape([1, 2], [2, 2])
    0.5
    """
    from sklearn.metrics import mean_absolute_percentage_error

    true, pred = _arrays(y_true, y_pred)
    zeros = int((true == 0).sum())
    if zeros:
        raise HexadError(f"MAPE divides by y_true, which is zero in {zeros:,} rows; use MASE or sMAPE instead")
    return float(mean_absolute_percentage_error(true, pred))


def smape(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Symmetric mean absolute percentage error in percent, 0 to 200, as in the M4 competition.

    ``200 / n * sum(|y - f| / (|y| + |f|))``; a pair of zeros counts as no error. Source: Makridakis, Spiliotis &
    Assimakopoulos (2020), The M4 Competition, International Journal of Forecasting 36(1), equation 2.

    >>> smape([1, 0], [3, 0])
    50.0
    """
    true, pred = _arrays(y_true, y_pred)
    size = np.abs(true) + np.abs(pred)
    error = np.abs(true - pred)
    return float(200 * np.mean(np.divide(error, size, out=np.zeros_like(error), where=size > 0)))


def naive_scale(y_train: ArrayLike, seasonality: int, *, squared: bool = False) -> float:
    """Mean absolute (or squared) error of the seasonal naive inside the training data: MASE's denominator.

    Parameters
    ----------
    y_train : array of shape (n,)
        One series, in time order.
    seasonality : int
        Steps in a season, m; 1 for none.
    squared : bool
        Mean squared instead of mean absolute error, as RMSSE needs it.

    Raises
    ------
    HexadError
        The series is no longer than a season, or repeats itself exactly, so that the scale is zero.

    Notes
    -----
    Source: Hyndman & Koehler (2006), International Journal of Forecasting 22(4), section 3.

    >>> naive_scale([1, 2, 4], 1)
    1.5
    """
    (train,) = _arrays(y_train)
    if seasonality < 1 or len(train) <= seasonality:
        raise HexadError(f"the scale needs more than one season of {seasonality} steps; there are {len(train)} rows")
    differences = train[seasonality:] - train[:-seasonality]
    scale = float(np.mean(differences**2 if squared else np.abs(differences)))
    if scale == 0:
        raise HexadError("MASE is not defined: the training data repeat themselves exactly; use MAE instead")
    return scale


def mase(y_true: ArrayLike, y_pred: ArrayLike, *, scale: float) -> float:
    """Mean absolute scaled error: MAE over the naive's error inside the training data (see `naive_scale`).

    Source: Hyndman & Koehler (2006), International Journal of Forecasting 22(4), section 3.

    >>> mase([1, 2], [2, 4], scale=naive_scale([1, 2, 4], 1))
    1.0
    """
    return mae(y_true, y_pred) / _positive(scale)


def rmsse(y_true: ArrayLike, y_pred: ArrayLike, *, scale: float) -> float:
    """Root mean squared scaled error; `scale` is the naive's mean squared error (``squared=True``).

    Source: Makridakis, Spiliotis & Assimakopoulos (2022), The M5 accuracy competition, equation 1.

    >>> rmsse([1, 2], [2, 3], scale=4.0)
    0.5
    """
    return rmse(y_true, y_pred) / float(np.sqrt(_positive(scale)))


def owa(smape_value: float, mase_value: float, *, naive2_smape: float, naive2_mase: float) -> float:
    """Overall weighted average of M4: mean of sMAPE and MASE relative to Naive2's.

    Source: Makridakis, Spiliotis & Assimakopoulos (2020), International Journal of Forecasting 36(1), section 2.

    >>> owa(9.0, 1.2, naive2_smape=18.0, naive2_mase=2.4)
    0.5
    """
    if not (np.isfinite(smape_value) and np.isfinite(mase_value)):
        raise HexadError(f"OWA needs finite values, but sMAPE is {smape_value} and MASE {mase_value}")
    return float((smape_value / _positive(naive2_smape) + mase_value / _positive(naive2_mase)) / 2)


def pinball(y_true: ArrayLike, y_quantile: ArrayLike, *, quantile: float) -> float:
    """Mean pinball (quantile) loss, in the unit of y (scikit-learn's).

    >>> pinball([1, 2], [2, 2], quantile=0.1)
    0.45
    """
    from sklearn.metrics import mean_pinball_loss

    true, pred = _arrays(y_true, y_quantile)
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


def coverage(y_true: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> float:
    """Share of values inside the interval, bounds included.

    >>> coverage([1, 5], [0, 0], [2, 2])
    0.5
    """
    true, low, high = _arrays(y_true, lower, upper)
    return float(np.mean((low <= true) & (true <= high)))


def interval_score(y_true: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, level: float) -> float:
    """Mean interval (Winkler) score, in the unit of y: width plus a fine for every miss; lower is better.

    Parameters
    ----------
    level : float
        Nominal coverage in percent, between 0 and 100.

    Notes
    -----
    Source: Gneiting & Raftery (2007), JASA 102(477), equation 43.

    >>> round(interval_score([1, 3], [0, 0], [2, 2], level=90), 9)
    12.0
    """
    true, low, high = _arrays(y_true, lower, upper)
    if not 0 < level < 100:
        raise HexadError(f"level={level} does not lie between 0 and 100 percent")
    if (low > high).any():
        raise HexadError(f"the lower bound lies above the upper one in {int((low > high).sum()):,} rows")
    missed = np.maximum(low - true, 0) + np.maximum(true - high, 0)
    return float(np.mean(high - low) + 2 / (1 - level / 100) * np.mean(missed))


def msis(y_true: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, level: float, scale: float) -> float:
    """Mean scaled interval score of M4: the interval score over MASE's scale.

    Source: Makridakis, Spiliotis & Assimakopoulos (2020), International Journal of Forecasting 36(1), equation 6.

    >>> round(msis([1, 3], [0, 0], [2, 2], level=90, scale=2.0), 9)
    6.0
    """
    return interval_score(y_true, lower, upper, level=level) / _positive(scale)


def per_series(
    metric: Callable[..., float],
    series: ArrayLike,
    *arrays: ArrayLike,
    scale: Mapping[Any, float] | None = None,
    **options: Any,
) -> pd.Series[float]:
    """Compute a metric for each series of a long table.

    Parameters
    ----------
    metric : callable
        One of this module's functions.
    series : array of shape (n,)
        Key of each row's series.
    *arrays : arrays of shape (n,)
        The metric's arrays.
    scale : mapping, optional
        Each series' scale, for scaled metrics.
    **options
        The metric's further arguments.

    Returns
    -------
    pandas.Series
        One value a series, in order of first appearance.

    >>> per_series(mae, ["a", "a", "b"], [1, 2, 3], [1, 3, 5]).to_dict()
    {'a': 0.5, 'b': 2.0}
    """
    keyed = pd.Series(series).reset_index(drop=True)
    lengths = {len(keyed), *(len(np.asarray(array)) for array in arrays)}
    if len(lengths) != 1 or not len(keyed):
        raise HexadError(f"keys and values have to be of one length, and at least one; these have {sorted(lengths)}")
    if keyed.isna().any():
        raise HexadError(f"{int(keyed.isna().sum()):,} rows have no key; give every row the key of its series")
    codes, keys = pd.factorize(keyed)
    if scale is not None and (lost := [key for key in keys if key not in scale]):
        raise HexadError(f"there is no scale for the series {quoted(lost)}: no training rows before the first cutoff")
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(keys) + 1))
    columns = [np.asarray(array, dtype=float) for array in arrays]
    values = []
    for place, key in enumerate(keys):
        rows = order[bounds[place] : bounds[place + 1]]
        own = {} if scale is None else {"scale": scale[key]}
        values.append(metric(*(column[rows] for column in columns), **own, **options))
    return pd.Series(values, index=keys, dtype=float)


def _positive(scale: float) -> float:
    if not 0 < scale < np.inf:
        raise HexadError(f"a scale has to be positive, but {scale} was given")
    return float(scale)
