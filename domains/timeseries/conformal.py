"""Conformal intervals and sample paths from errors made on data that the model had not learnt from."""

from __future__ import annotations

import numpy as np

from domains.timeseries.metrics import seasonal_change
from shared.data.panel import Panel
from shared.errors import CalibrationError
from shared.typing import Floats, Ints

__all__ = ["fading_weights", "interval_radius", "redrawn", "series_scales"]

# Errors over the whole horizon without which paths would repeat one another.
LEAST_PATHS = 10


def interval_radius(errors: Floats, level: float, weights: Floats | None = None) -> Floats:
    """Half-width of the interval of each step.

    The k-th smallest absolute error with ``k = ceil((n + 1) * level / 100)`` covers the next one with at least the
    nominal probability where errors are exchangeable. They are only nearly so in time, so look at the coverage that
    an evaluation finds. With weights, errors count as much as they say and the next one counts 1.

    Parameters
    ----------
    errors : numpy.ndarray of shape (n, horizon)
        Errors made out of sample; NaN where there is none.
    level : float
        Nominal coverage in percent.
    weights : numpy.ndarray of shape (n,), optional
        Of each error, at most 1; see `fading_weights`.

    Returns
    -------
    numpy.ndarray of shape (horizon,)

    Raises
    ------
    CalibrationError
        There are too few errors for the level.

    Notes
    -----
    Source: Lei et al. (2018), Distribution-free predictive inference for regression, JASA 113(523), algorithm 2. Of the
    weights: Barber, Candès, Ramdas & Tibshirani (2023), Annals of Statistics 51(2), equation 10.

    >>> interval_radius(np.arange(1.0, 10.0)[:, None], 80).tolist()
    [8.0]
    >>> interval_radius(np.arange(1.0, 10.0)[:, None], 80, np.r_[np.ones(8), 0.2]).tolist()
    [8.0]
    """
    if weights is not None:
        return _weigh(np.abs(errors), level, weights)
    ordered = np.sort(np.abs(errors), axis=0)
    counts = np.isfinite(ordered).sum(axis=0)
    ranks = np.ceil((counts + 1) * level / 100 - 1e-9).astype(int)
    short = ranks > counts
    if short.any() or len(counts) == 0:
        needed = int(np.ceil(level / (100 - level) - 1e-9))
        least = int(counts.min()) if len(counts) else 0
        raise CalibrationError(
            f"a {level:g} % interval needs at least {needed} errors out of sample a step, but there are {least} at step"
            f" {int(np.argmin(counts)) + 1 if len(counts) else 1}. Give a longer history, or ask for a lower level."
        )
    return np.asarray(ordered[ranks - 1, np.arange(ordered.shape[1])])


def _weigh(sizes: Floats, level: float, weights: Floats) -> Floats:
    """The smallest error of each step up to which errors weigh the level's share of all and of the next one."""
    steps = np.arange(sizes.shape[1])
    order = np.argsort(sizes, axis=0, kind="stable")  # NaN comes last
    reached = np.cumsum(np.where(np.isfinite(sizes), weights[:, None], 0.0)[order, steps], axis=0)
    total = reached[-1] if len(reached) else np.zeros(len(steps))
    enough = reached >= level / 100 * (total + 1) - 1e-9
    if len(reached) == 0 or not enough[-1].all():
        raise CalibrationError(
            f"a {level:g} % interval needs errors that weigh {level / (100 - level):.0f} in all, but those of the last "
            f"time weigh {total.min():.1f}. Let them fade more slowly, or ask for a lower level."
        )
    first = enough.argmax(axis=0)
    return np.asarray(sizes[order[first, steps], steps])


def fading_weights(origins: Ints, half_life: float) -> Floats:
    """Weights of errors that halve with every half-life between their origin and the last one.

    Parameters
    ----------
    origins : numpy.ndarray of int64
        Grid numbers of the origins.
    half_life : float
        Steps.

    >>> fading_weights(np.array([0, 5, 10]), 5.0).tolist()
    [0.25, 0.5, 1.0]
    """
    return np.asarray(0.5 ** ((origins.max(initial=0) - origins) / half_life))


def redrawn(errors: Floats, horizon: int, weights: Floats | None = None) -> tuple[Floats, Floats]:
    """Errors of whole horizons, to be drawn as joint paths, and the probability of each.

    Raises
    ------
    CalibrationError
        There are too few of them.

    >>> paths, chances = redrawn(np.ones((20, 3)), 2)
    >>> paths.shape, round(float(chances.sum()), 6)
    ((20, 2), 1.0)
    """
    whole = np.isfinite(errors[:, :horizon]).all(axis=1)
    if whole.sum() < LEAST_PATHS:
        raise CalibrationError(
            f"sample paths are drawn from at least {LEAST_PATHS} errors over the whole horizon, but there are "
            f"{int(whole.sum())}. Give a longer history, or a shorter horizon."
        )
    chances = np.ones(int(whole.sum())) if weights is None else weights[whole]
    return errors[whole, :horizon], chances / chances.sum()


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
        change = seasonal_change(own, season if len(own) > season else 1)
        scales[i] = change if change > 0 else 1.0
    return scales
