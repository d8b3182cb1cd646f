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
# A season that no calendar names has to be seen three times: once to learn it, once to check it, once to forecast.
LEAST_SEASONS = 3
MAX_LAG = 400
# Series looked at, spread over all.
SAMPLE = 200
# Mean autocorrelation from which a peak is a season; of noise, 100 rows scatter by 0.1.
LIMIT = 0.3
# The same of means of several rows, of which there are fewer.
LIMIT_OF_MEANS = 0.45
# Autocorrelation by which a season's peak stands above the lowest lag beside it.
DIP = 0.2
# Rows of a season from which noise moves its peak.
SLOW = 20
# Rows whose means are compared where single rows show no season.
WIDTHS = (1, 4, 16)


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
    year : int
        Steps in a year, which is a season where the data show it; 0 where it is among the others, or too long.
    fine : bool
        Whether the grid is so fine that there may be seasons within a day, or an hour.

    >>> Grid((7,), 14, 1).horizon
    14
    """

    seasons: tuple[int, ...] | None
    horizon: int
    metric_season: int
    year: int = 0
    fine: bool = False


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
        return Grid((week,) if frequency.step == 1 else (), 2 * week, 1, 52 * week + 1 if frequency.step == 1 else 0)
    if frequency.kind == "month":
        year = 12 // frequency.step if frequency.step < 12 and 12 % frequency.step == 0 else 0
        return Grid((year,) if year else (), {1: 18, 3: 8}.get(frequency.step, 6), max(year, 1))
    if frequency.step % DAY_NS == 0:
        days = frequency.step // DAY_NS
        return {1: Grid((7,), 14, 1, 365), 7: Grid((52,), 13, 1)}.get(days, Grid((), 12, 1))
    if DAY_NS % frequency.step == 0:
        day = DAY_NS // frequency.step
        return Grid((day, 7 * day), min(2 * day, 96), day, fine=day > 48)
    return Grid(None, 12, 1)


def seasons_of(grid: Grid, past: Past) -> tuple[int, ...]:
    """Return the seasons that at least half of the rows have seen: those of the calendar twice, others three times.

    >>> past = Past(np.arange(40.0), np.array([0]), np.array([40]), np.array([0]))
    >>> seasons_of(Grid((12, 52), 6, 1), past)
    (12,)
    """
    weight = past.lengths / max(int(past.lengths.sum()), 1)

    def seen(season: int, times: int) -> bool:
        return bool(weight[past.lengths >= times * season].sum() >= 0.5)

    named = [season for season in grid.seasons or () if seen(season, 2)]
    if grid.year and seen(grid.year, 2) and has_season(past, grid.year):
        named.append(grid.year)
    if grid.seasons is None or grid.fine:
        named += [season for season in find_seasons(past) if seen(season, LEAST_SEASONS)]
    return tuple(sorted(set(named)))


def find_seasons(past: Past) -> tuple[int, ...]:
    """Find the season, if any, that the autocorrelation of the changes of (up to 200) series shows.

    The shortest lag whose mean autocorrelation is a peak, above 0.3 and within a fifth of the highest one; and a
    multiple of it that is clearly higher still. Where single changes show none, those between the means of 4 and of 16
    rows are looked at, in which a long smooth cycle stands out from noise.

    >>> past = Past(np.tile([1.0, 2.0, 5.0, 3.0], 30), np.array([0]), np.array([120]), np.array([0]))
    >>> find_seasons(past)
    (4,)
    >>> cycle = 10 * np.sin(2 * np.pi * np.arange(900) / 60) + np.random.default_rng(0).normal(size=900)
    >>> find_seasons(Past(cycle, np.array([0]), np.array([900]), np.array([0])))
    (60,)
    """
    most = int(min(MAX_LAG, np.median(past.lengths) // LEAST_SEASONS))
    for width in WIDTHS:
        if most // width < 2:
            break
        mean = _mean_autocorrelation(past, most, width)
        found = _find_peaks(mean, most // width, LIMIT if width == 1 else LIMIT_OF_MEANS)
        if found and width == 1:
            slow = len(found) == 1 and found[0] >= SLOW
            return (_refine(past, found[0], found[0] // 10),) if slow else found
        if found:  # to the row: the lag around it at which values, less what is slower, are most alike
            return (_refine(past, found[0] * width, width),)
    return ()


def has_season(past: Past, season: int) -> bool:
    """Whether the autocorrelation of changes between means of a twentieth of a season peaks at the season.

    >>> yearly = np.cos(2 * np.pi * np.arange(1461) / 365.25) + np.random.default_rng(0).normal(size=1461)
    >>> has_season(Past(yearly, np.array([0]), np.array([1461]), np.array([0])), 365)
    True
    """
    width = max(1, season // 20)
    lag = round(season / width)
    mean = _mean_autocorrelation(past, (lag + 2) * width, width)
    if len(mean) <= lag + 1:
        return False
    near = float(mean[lag - 1 : lag + 2].max())
    return near > LIMIT and near > float(mean[lag // 2 - 1 : lag // 2 + 2].max()) + LIMIT


def _mean_autocorrelation(past: Past, most: int, width: int) -> NDArray[Any]:
    """Mean autocorrelation over a sample of series of the changes between means of `width` rows."""
    chosen = np.unique(np.linspace(0, len(past.begin) - 1, min(SAMPLE, len(past.begin))).astype(int))
    lags = most // width
    sums, count = np.zeros(lags + 2), 0
    for i in chosen:
        own = past.values[max(past.begin[i], past.end[i] - 5 * most - 1) : past.end[i]]
        if width > 1:
            own = own[len(own) % width :].reshape(-1, width).mean(axis=1)
        found = _autocorrelation(np.diff(own), lags + 1)
        if found is not None:
            sums[: len(found)] += found
            count += 1
    return sums / count if count else np.zeros(0)


def _find_peaks(mean: NDArray[Any], most: int, limit: float) -> tuple[int, ...]:
    if len(mean) == 0:
        return ()
    high = float(mean[2 : most + 1].max())
    peaks = [lag for lag in range(2, most + 1) if mean[lag] >= mean[lag - 1] and mean[lag] >= mean[lag + 1]]
    fitting = [lag for lag in peaks if mean[lag] > limit and mean[lag] >= 0.8 * high]
    # Between a season and the next values are unlike: small peaks on the slope from lag zero are chance.
    between = {lag: mean[lag + 1 : 2 * lag] if 2 * lag <= len(mean) else mean[2:lag] for lag in fitting}
    fitting = [lag for lag in fitting if len(between[lag]) == 0 or between[lag].min() < mean[lag] - DIP]
    if not fitting:
        return ()
    first = fitting[0]
    longer = [lag for lag in peaks if lag % first == 0 and lag > first and mean[lag] > mean[first] + 0.05]
    return (first, max(longer, key=lambda lag: mean[lag])) if longer else (first,)


def _refine(past: Past, season: int, width: int) -> int:
    """The lag around a season at which smoothed values are most alike."""
    lags = np.arange(max(2, season - width), season + width + 1)
    i = int(np.argmax(past.lengths))
    own = past.values[past.begin[i] : past.end[i]][-20 * season :]
    smooth = np.convolve(own, np.ones(width) / width, "valid")
    slow = np.convolve(own, np.ones(season) / season, "valid")
    off = (len(smooth) - len(slow)) // 2
    apart = smooth[off : off + len(slow)] - slow
    alike = [float(np.mean(apart[lag:] * apart[:-lag])) if lag < len(apart) else -np.inf for lag in lags]
    return int(lags[int(np.argmax(alike))])


def _autocorrelation(x: NDArray[Any], most: int) -> Any:
    x = x - x.mean() if len(x) else x
    power = float(x @ x)
    if len(x) < most + most // 2 or power <= 0:
        return None
    size = 1 << int(2 * len(x) - 1).bit_length()
    spectrum = np.fft.rfft(x, size)
    return np.fft.irfft(spectrum * np.conj(spectrum), size)[: most + 1] / power
