"""Differences of any seasons, and their way back."""

from __future__ import annotations

from collections import Counter

import numpy as np

from shared.typing import Floats, Ints

__all__ = ["change_lags", "changes_over", "difference", "integrate"]


def difference(values: Floats, begin: Ints, seasons: tuple[int, ...]) -> list[Floats]:
    """Values, their differences over the first season, the differences of those over the second, and so on.

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (n_rows,)
        Series, one after the other.
    begin : numpy.ndarray of int64, shape (n_rows,)
        First row of each row's series.
    seasons : tuple of int
        Steps.

    Returns
    -------
    list of numpy.ndarray
        One array more than seasons; NaN where a series has not begun early enough.

    >>> [stage.tolist() for stage in difference(np.array([1.0, 2.0, 4.0]), np.zeros(3, dtype=int), (1,))]
    [[1.0, 2.0, 4.0], [nan, 1.0, 2.0]]
    """
    stages = [values]
    for season in seasons:
        rows = np.arange(len(values)) - season
        before = np.where(rows >= begin, stages[-1][np.maximum(rows, 0)], np.nan)
        stages.append(stages[-1] - before)
    return stages


def change_lags(seasons: tuple[int, ...]) -> tuple[int, ...]:
    """Steps back to the values that differences are made of: where the product of all ``1 - B**season`` is not zero.

    >>> change_lags((7,)), change_lags((1, 7)), change_lags((1, 1))
    ((0, 7), (0, 1, 7, 8), (0, 1, 2))
    """
    weights = Counter({0: 1})
    for season in seasons:
        earlier = Counter({lag + season: weight for lag, weight in weights.items()})
        weights.subtract(earlier)
    return tuple(sorted(lag for lag, weight in weights.items() if weight))


def changes_over(level: Floats, seasons: tuple[int, ...], stages: list[Floats], origins: Ints) -> Floats:
    """Take differences over a horizon, of values that follow a history; what `integrate` undoes.

    >>> stages = difference(np.array([1.0, 2.0, 4.0]), np.zeros(3, dtype=int), (1,))
    >>> changes_over(np.array([[5.0, 7.0]]), (1,), stages, np.array([3])).tolist()
    [[1.0, 2.0]]
    """
    for number, season in enumerate(seasons):
        before = np.empty_like(level)
        for step in range(level.shape[1]):
            before[:, step] = level[:, step - season] if step >= season else stages[number][origins + step - season]
        level = level - before
    return level


def integrate(changes: Floats, seasons: tuple[int, ...], stages: list[Floats] | None, origins: Ints) -> Floats:
    """Undo differences over a horizon.

    Parameters
    ----------
    changes : numpy.ndarray of float64, shape (n, horizon)
        Forecasts of the last differences (or their errors).
    seasons : tuple of int
        As they were taken.
    stages : list of numpy.ndarray or None
        What `difference` returned; None where all that came before counts as zero, as for errors.
    origins : numpy.ndarray of int64, shape (n,)
        Row of the first step of each forecast.

    >>> stages = difference(np.array([1.0, 2.0, 4.0]), np.zeros(3, dtype=int), (1,))
    >>> integrate(np.array([[1.0, 1.0]]), (1,), stages, np.array([3])).tolist()
    [[5.0, 6.0]]
    """
    for number in reversed(range(len(seasons))):
        season = seasons[number]
        level = changes.copy()
        for step in range(changes.shape[1]):
            if step >= season:
                level[:, step] += level[:, step - season]
            elif stages is not None:
                level[:, step] += stages[number][origins + step - season]
        changes = level
    return changes
