"""Classical decomposition: whether there is a season, and what it adds or multiplies by."""

from __future__ import annotations

import numpy as np

from shared.typing import Floats

__all__ = ["is_seasonal", "seasonal_effects", "seasonal_indices"]


def is_seasonal(values: Floats, m: int) -> bool:
    """M4's test: whether the autocorrelation at lag m exceeds its 90 % limit (Bartlett's formula).

    >>> is_seasonal(np.array([1.0, 3.0] * 12), 2), is_seasonal(np.arange(4.0), 2)
    (True, False)
    """
    n = len(values)
    if n < 3 * m:
        return False
    centred = values - values.mean()
    power = float(centred @ centred)
    if power == 0:
        return False
    correlations = np.array([float(centred[lag:] @ centred[: n - lag]) / power for lag in range(1, m + 1)])
    limit = 1.645 * np.sqrt((1 + 2 * float(np.sum(correlations[:-1] ** 2))) / n)
    return bool(abs(correlations[-1]) > limit)


def seasonal_effects(values: Floats, m: int) -> Floats:
    """Additive seasonal effects of the classical decomposition, mean 0.

    >>> seasonal_effects(np.array([-1.0, 1.0] * 6), 2).tolist()
    [-1.0, 1.0]
    """
    trend = _centred_mean(values, m)
    effects = np.array([np.nanmean((values - trend)[k::m]) for k in range(m)])
    return np.asarray(effects - effects.mean())


def _centred_mean(values: Floats, m: int) -> Floats:
    """Moving average over a season around each value; NaN at the ends."""
    weights = np.r_[0.5, np.ones(m - 1), 0.5] / m if m % 2 == 0 else np.ones(m) / m
    half, trend = len(weights) // 2, np.full(len(values), np.nan)
    trend[half : len(values) - half] = np.convolve(values, weights, mode="valid")
    return trend


def seasonal_indices(values: Floats, m: int) -> Floats:
    """Multiplicative seasonal indices of the classical decomposition, mean 1; ones where the trend touches zero.

    >>> seasonal_indices(np.array([1.0, 3.0] * 6), 2).tolist()
    [0.5, 1.5]
    """
    trend = _centred_mean(values, m)
    if np.any(trend == 0):
        return np.ones(m)
    ratios = values / trend
    figure = np.array([np.nanmean(ratios[k::m]) for k in range(m)])
    figure /= figure.mean()
    return np.asarray(figure) if (figure != 0).all() and np.isfinite(figure).all() else np.ones(m)
