"""How good intervals are: the share of outcomes that they hold, and a score that weighs width against misses."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from shared.checks import check_level
from shared.errors import HexadError
from shared.evaluation.metrics.base import check_arrays

__all__ = ["coverage", "interval_score"]


def coverage(y_true: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> float:
    """Share of values inside the interval, bounds included.

    Parameters
    ----------
    y_true, lower, upper : array-like of shape (n,)

    >>> coverage([1, 5], [0, 0], [2, 2])
    0.5
    """
    true, low, high = check_arrays(y_true, lower, upper)
    return float(np.mean((low <= true) & (true <= high)))


def interval_score(y_true: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, level: float) -> float:
    """Mean interval (Winkler) score, in the unit of y: width plus a fine for every miss; lower is better.

    Parameters
    ----------
    y_true, lower, upper : array-like of shape (n,)
    level : float
        Nominal coverage in percent, between 0 and 100.

    Notes
    -----
    Source: Gneiting & Raftery (2007), JASA 102(477), equation 43.

    >>> round(interval_score([1, 3], [0, 0], [2, 2], level=90), 9)
    12.0
    """
    true, low, high = check_arrays(y_true, lower, upper)
    check_level(level)
    if (low > high).any():
        raise HexadError(f"the lower bound lies above the upper one in {int((low > high).sum()):,} rows")
    missed = np.maximum(low - true, 0) + np.maximum(true - high, 0)
    return float(np.mean(high - low) + 2 / (1 - level / 100) * np.mean(missed))
