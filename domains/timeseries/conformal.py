"""Conformal intervals and sample paths from errors made on data that the model had not learnt from."""

from __future__ import annotations

import numpy as np

from domains.timeseries.breaks import find_breaks, find_waking
from domains.timeseries.metrics import seasonal_change
from shared.data.panel import Panel
from shared.errors import CalibrationError
from shared.typing import Bools, Floats, Ints

__all__ = [
    "change_sums",
    "count_independent",
    "fading_weights",
    "find_constant",
    "interval_radius",
    "redrawn",
    "series_scales",
]

# Errors over the whole horizon without which paths would repeat one another.
LEAST_PATHS = 10
# Independent errors expected beyond a quantile from which it is read off; with fewer, Student's t says more and more.
TOLD = 5.0
# Levels below which a wider one may not fall.
LEVELS = (50.0, 60.0, 70.0, 80.0, 85.0, 90.0, 95.0, 97.5, 99.0)
# Errors that likeness in time is measured on; more tell the same.
SAMPLE = 5000
# Rows of one and the same value from which a series is taken for a constant.
LEAST_CONSTANT = 8


def interval_radius(
    errors: Floats, level: float, weights: Floats | None = None, independent: Floats | None = None
) -> Floats:
    """Half-width of the interval of each step.

    The k-th smallest absolute error with ``k = ceil((n + 1) * level / 100)`` covers the next one with at least the
    nominal probability where errors are exchangeable. They are only nearly so in time, so look at the coverage that
    an evaluation finds. With weights, errors count as much as they say and the next one counts 1. Where there are too
    few independent errors to read a quantile off (fewer than five are expected beyond it), it goes over into that of
    Student's t for as many as there are, and is at least as much wider than that of a lower level as errors of equal
    chance would make it.

    Parameters
    ----------
    errors : numpy.ndarray of shape (n, horizon)
        Errors made out of sample; NaN where there is none.
    level : float
        Nominal coverage in percent.
    weights : numpy.ndarray of shape (n,), optional
        Of each error, at most 1; see `fading_weights`.
    independent : numpy.ndarray of shape (horizon,), optional
        How many independent errors those of each step are worth (`count_independent`); all where left out.

    Returns
    -------
    numpy.ndarray of shape (horizon,)

    Raises
    ------
    CalibrationError
        There are no errors, or with weights too few for the level.

    Notes
    -----
    Source: Lei et al. (2018), Distribution-free predictive inference for regression, JASA 113(523), algorithm 2. Of the
    weights: Barber, Candès, Ramdas & Tibshirani (2023), Annals of Statistics 51(2), equation 10.

    >>> interval_radius(np.tile(np.arange(1.0, 10.0), 20)[:, None], 80).tolist()
    [8.0]
    >>> interval_radius(np.array([[1.0], [-1.0], [1.0]]), 95).round(2).tolist()
    [3.18]
    """
    if weights is not None:
        return _weigh(np.abs(errors), level, weights)
    ordered = np.sort(np.abs(errors), axis=0)
    counts = np.isfinite(ordered).sum(axis=0)
    if len(counts) == 0 or counts.min() == 0:
        raise CalibrationError(
            f"a {level:g} % interval needs errors out of sample, but at step"
            f" {int(np.argmin(counts)) + 1 if len(counts) else 1} there are none. Give a longer history, or a shorter"
            " horizon."
        )
    told = counts if independent is None else np.minimum(independent, counts)
    few = (1 - level / 100) * told < TOLD
    lower = [
        _blend(ordered, counts, one, independent) * np.where(few, level / one, 1.0) for one in LEVELS if one < level
    ]
    return np.asarray(np.max([*lower, _blend(ordered, counts, level, independent)], axis=0))


def _blend(ordered: Floats, counts: Ints, level: float, independent: Floats | None) -> Floats:
    """Quantile of ordered absolute errors, and of Student's t in the measure in which there are too few."""
    told = counts if independent is None else np.minimum(independent, counts)
    share = np.minimum(1.0, (1 - level / 100) * told / TOLD)
    ranks = np.ceil((counts + 1) * level / 100 - 1e-9).astype(int)
    share = np.where(ranks > counts, 0.0, share)
    seen = ordered[np.minimum(ranks, counts) - 1, np.arange(ordered.shape[1])]
    if (share == 1).all():
        return np.asarray(seen)
    from scipy.stats import t as student

    size = np.sqrt(np.nanmean(ordered**2, axis=0))
    return np.asarray(share * seen + (1 - share) * size * student.ppf(0.5 + level / 200, np.maximum(told, 1.0)))


def count_independent(errors: Floats, origins: Ints, first: int | None = None) -> Floats:
    """How many independent errors those of each step are worth, as far as a spread is concerned; shape (horizon,).

    Errors of forecasts whose horizons overlap are alike: what they tell of a variance is told by the sum of their
    squared autocorrelations within the horizon (Bartlett 1946, JRSS Supplement 8(1)).

    Parameters
    ----------
    errors : numpy.ndarray of shape (n, horizon)
        Series by series, in the order of their origins; NaN where there is none.
    origins : numpy.ndarray of int64, shape (n,)
        Grid numbers.
    first : int, optional
        Rows from the beginning that are in that order; all where left out.

    >>> noise = np.random.default_rng(0).normal(size=(400, 2))
    >>> bool(200 < count_independent(noise, np.arange(400))[1] <= 400)
    True
    >>> count_independent(np.repeat(noise, 4, axis=0)[:, [0] * 8], np.arange(1600))[7] < 900
    np.True_
    """
    counts = np.isfinite(errors).sum(axis=0).astype(float)
    sample = slice(SAMPLE if first is None else min(first, SAMPLE))
    some, at = np.nan_to_num(errors[sample]), origins[sample]
    power = (some**2).sum(axis=0) / np.maximum(np.isfinite(errors[sample]).sum(axis=0), 1)
    every = int(np.median(np.diff(at)[np.diff(at) > 0])) if (np.diff(at) > 0).any() else 1
    inflation = np.ones(errors.shape[1])
    steps = np.arange(errors.shape[1])
    for lag in range(1, -(-errors.shape[1] // every)):
        pairs = np.flatnonzero(at[lag:] - at[:-lag] == lag * every) if lag < len(at) else np.empty(0, dtype=np.int64)
        if len(pairs) < 2:
            break
        alike = (some[pairs] * some[pairs + lag]).sum(axis=0) / len(pairs) / np.where(power > 0, power, np.inf)
        inflation += np.where(steps >= lag * every, 2 * np.clip(alike, 0.0, 1.0) ** 2, 0.0)
    return np.asarray(counts / inflation)


def find_constant(panel: Panel) -> Bools:
    """Series that have had one value throughout, at least eight times.

    Parameters
    ----------
    panel : Panel

    >>> import pandas as pd
    >>> find_constant(Panel.from_frame(pd.DataFrame({"ds": range(9), "y": [7.0] * 9}))).tolist()
    [True]
    """
    begin = panel.indptr[:-1]
    same = np.minimum.reduceat(panel.values, begin) == np.maximum.reduceat(panel.values, begin)
    return np.asarray(same & (panel.lengths >= LEAST_CONSTANT))


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
        Mean absolute differences since the last break (`find_breaks`); 1 where a series never changes.

    >>> import pandas as pd
    >>> panel = Panel.from_frame(pd.DataFrame({"ds": [1, 2, 3], "y": [1.0, 3.0, 6.0]}))
    >>> series_scales(panel, panel.values, 1).tolist()
    [2.5]
    """
    scales = np.ones(panel.n_series)
    rows = panel.values, panel.indptr[:-1], panel.indptr[1:]
    live = np.maximum(find_breaks(*rows), find_waking(*rows))
    for i in range(panel.n_series):
        own = values[live[i] : panel.indptr[i + 1]]
        change = seasonal_change(own, season if len(own) > season else 1)
        scales[i] = change if change > 0 else 1.0
    return scales


def change_sums(panel: Panel, values: Floats, season: int) -> tuple[Floats, Ints]:
    """Running sums of the changes that `series_scales` takes the mean of, and of their number; shape (n_rows + 1,).

    >>> import pandas as pd
    >>> panel = Panel.from_frame(pd.DataFrame({"ds": [1, 2, 3], "y": [1.0, 3.0, 6.0]}))
    >>> [sums.tolist() for sums in change_sums(panel, panel.values, 1)]
    [[0.0, 0.0, 2.0, 5.0], [0, 0, 1, 2]]
    """
    bounds = panel.values, panel.indptr[:-1], panel.indptr[1:]
    live = np.maximum(find_breaks(*bounds), find_waking(*bounds))
    before = np.arange(len(values)) - np.repeat(np.where(bounds[2] - live > season, season, 1), panel.lengths)
    has = before >= np.repeat(live, panel.lengths)
    changes = np.where(has, np.abs(values - values[np.maximum(before, 0)]), 0.0)
    return np.r_[0.0, changes.cumsum()], np.r_[0, has.cumsum()]
