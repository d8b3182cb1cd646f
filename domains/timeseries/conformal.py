"""Conformal intervals: half-widths from errors made on data that the model had not learnt from, a step at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from shared.data.panel import Panel
from shared.errors import CalibrationError

__all__ = ["interval_radius", "series_scales"]

Floats = np.ndarray[Any, np.dtype[np.float64]]


def interval_radius(errors: Floats, level: float) -> Floats:
    """Half-width of the interval of each step.

    The k-th smallest absolute error with ``k = ceil((n + 1) * level / 100)`` covers the next one with at least the
    nominal probability where errors are exchangeable. They are only nearly so in time, so look at the coverage that
    an evaluation finds.

    Parameters
    ----------
    errors : numpy.ndarray of shape (n, horizon)
        Errors made out of sample; NaN where there is none.
    level : float
        Nominal coverage in percent.

    Returns
    -------
    numpy.ndarray of shape (horizon,)

    Raises
    ------
    CalibrationError
        There are too few errors for the level.

    Notes
    -----
    Source: Lei et al. (2018), Distribution-free predictive inference for regression, JASA 113(523), algorithm 2.

    >>> interval_radius(np.arange(1.0, 10.0)[:, None], 80).tolist()
    [8.0]
    """
    ordered = np.sort(np.abs(errors), axis=0)
    counts = np.isfinite(ordered).sum(axis=0)
    ranks = np.ceil((counts + 1) * level / 100 - 1e-9).astype(int)
    short = ranks > counts
    if short.any() or len(counts) == 0:
        needed = int(np.ceil(level / (100 - level) - 1e-9))
        least = int(counts.min()) if len(counts) else 0
        raise CalibrationError(
            f"a {level:g} % interval needs at least {needed} errors out of sample a step, but there are {least} at step "
            f"{int(np.argmin(counts)) + 1 if len(counts) else 1}. Give a longer history, or ask for a lower level."
        )
    return np.asarray(ordered[ranks - 1, np.arange(ordered.shape[1])])


def series_scales(panel: Panel, values: Floats, season: int) -> Floats:
    """Typical change of each series over a season, by which errors of different series become comparable.

    Parameters
    ----------
    panel : Panel
    values : numpy.ndarray of shape (n_rows,)
        The panel's values on the model's scale.
    season : int
        Steps; 1 is taken for series no longer than it.

    Returns
    -------
    numpy.ndarray of shape (n_series,)
        Mean absolute differences; 1 where a series never changes.

    >>> import pandas as pd
    >>> panel = Panel.from_frame(pd.DataFrame({"ds": [1, 2, 3], "y": [1.0, 3.0, 6.0]}))
    >>> series_scales(panel, panel.values, 1).tolist()
    [2.5]
    """
    scales = np.ones(panel.n_series)
    for i in range(panel.n_series):
        own = values[panel.rows_of(i)]
        lag = season if len(own) > season else 1
        change = float(np.mean(np.abs(own[lag:] - own[:-lag]))) if len(own) > lag else 0.0
        scales[i] = change if change > 0 else 1.0
    return scales
