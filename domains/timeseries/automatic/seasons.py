"""Which seasons a panel may have: those of its grid, or those that its autocorrelation shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domains.timeseries.automatic.past import Past
from shared.data.frequency import Frequency, frequency_of, parse_duration

__all__ = ["Grid", "grid_of", "seasons_of", "find_seasons"]

DAY_NS = 86400 * 10**9
# A season has to be seen three times: once to learn it, once to check it, once to forecast.
LEAST_SEASONS = 3
MAX_LAG = 400
# Series looked at, spread over all.
SAMPLE = 200
# Mean autocorrelation from which a peak is a season; of noise, 100 rows scatter by 0.1.
LIMIT = 0.3


@dataclass(frozen=True)
class Grid:
    """What the field takes for granted about a grid.

    Attributes
    ----------
    seasons : tuple of int
        Candidate seasons in steps, the shortest first; None where only the data can tell.
    horizon : int
        Steps that are usually forecast: the M4 competition's (two days of hours, 14 days, 13 weeks, 18 months, 8
        quarters, 6 years).
    metric_season : int
        Season of the naive in MASE, as M4 had it.

    >>> Grid((7,), 14, 1).horizon
    14
    """

    seasons: tuple[int, ...] | None
    horizon: int
    metric_season: int


def grid_of(frequency: Frequency, named: str | int | None = None) -> Grid:
    """Look up a grid; `named` is a frequency that the user gave beside whole-number stamps.

    >>> grid_of(Frequency("month", 1)).seasons, grid_of(Frequency("integer", 1), "h").seasons
    ((12,), (24, 168))
    """
    if frequency.kind == "integer":
        if not isinstance(named, str) or parse_duration(named).steps:
            return Grid(None, 12, 1)
        frequency = frequency_of(named, np.zeros(1, dtype=np.int64), None, integer=False)
    if frequency.kind == "business":
        week = frequency.days_a_week
        return Grid((week,) if frequency.step == 1 else (), 2 * week, 1)
    if frequency.kind == "month":
        year = 12 // frequency.step if frequency.step < 12 and 12 % frequency.step == 0 else 0
        return Grid((year,) if year else (), {1: 18, 3: 8}.get(frequency.step, 6), max(year, 1))
    if frequency.step % DAY_NS == 0:
        days = frequency.step // DAY_NS
        return {1: Grid((7,), 14, 1), 7: Grid((52,), 13, 1)}.get(days, Grid((), 12, 1))
    if DAY_NS % frequency.step == 0:
        day = DAY_NS // frequency.step
        return Grid((day, 7 * day), min(2 * day, 96), day)
    return Grid(None, 12, 1)


def seasons_of(grid: Grid, past: Past) -> tuple[int, ...]:
    """Return the seasons that at least half of the rows have seen three times.

    >>> past = Past(np.arange(40.0), np.array([0]), np.array([40]), np.array([0]))
    >>> seasons_of(Grid((12, 52), 6, 1), past)
    (12,)
    """
    candidates = find_seasons(past) if grid.seasons is None else grid.seasons
    weight = past.lengths / max(int(past.lengths.sum()), 1)
    long = [season for season in candidates if weight[past.lengths >= LEAST_SEASONS * season].sum() >= 0.5]
    return tuple(sorted(long))


def find_seasons(past: Past) -> tuple[int, ...]:
    """Find the season, if any, that the autocorrelation of the changes of (up to 200) series shows.

    The shortest lag whose mean autocorrelation is a peak, above 0.3 and within a fifth of the highest one; and a
    multiple of it that is clearly higher still.

    >>> past = Past(np.tile([1.0, 2.0, 5.0, 3.0], 30), np.array([0]), np.array([120]), np.array([0]))
    >>> find_seasons(past)
    (4,)
    """
    most = int(min(MAX_LAG, np.median(past.lengths) // LEAST_SEASONS))
    if most < 2:
        return ()
    chosen = np.unique(np.linspace(0, len(past.begin) - 1, min(SAMPLE, len(past.begin))).astype(int))
    sums, count = np.zeros(most + 2), 0
    for i in chosen:
        changes = np.diff(past.values[max(past.begin[i], past.end[i] - 5 * most - 1) : past.end[i]])
        own = _autocorrelation(changes, most + 1)
        if own is not None:
            sums[: len(own)] += own
            count += 1
    if count == 0:
        return ()
    mean = sums / count
    inner = mean[2 : most + 1]
    peaks = [lag for lag in range(2, most + 1) if mean[lag] >= mean[lag - 1] and mean[lag] >= mean[lag + 1]]
    high = float(inner.max())
    fitting = [lag for lag in peaks if mean[lag] > LIMIT and mean[lag] >= 0.8 * high]
    if not fitting:
        return ()
    first = fitting[0]
    longer = [lag for lag in peaks if lag % first == 0 and lag > first and mean[lag] > mean[first] + 0.05]
    return (first, max(longer, key=lambda lag: mean[lag])) if longer else (first,)


def _autocorrelation(x: NDArray[Any], most: int) -> Any:
    x = x - x.mean() if len(x) else x
    power = float(x @ x)
    if len(x) < 2 * most or power <= 0:
        return None
    size = 1 << int(2 * len(x) - 1).bit_length()
    spectrum = np.fft.rfft(x, size)
    return np.fft.irfft(spectrum * np.conj(spectrum), size)[: most + 1] / power
