"""Loops over the rows of many ragged series: equations of autoregressions, recursion, features of cells, theta, counts.

Every kernel reads a flat array between `begin` and `end` of each series and nothing beyond, so that the same array
serves every origin. They are compiled once (numba, cached), and each has a plain counterpart in the tests.
"""

from __future__ import annotations

import numpy as np

from shared.runtime.compile import jit
from shared.typing import Bools, Floats, Ints

__all__ = [
    "cell_features",
    "normal_equations",
    "recurse",
    "seasonal_effects",
    "seasonal_variance",
    "smooth",
    "standardise",
    "theta_forecast",
]


@jit()
def standardise(values: Floats, begin: Ints, end: Ints, window: int, difference: bool) -> tuple[Floats, Floats, Floats]:
    """Values (or their changes) of every series over the size of its last `window` ones; and centre and size."""
    x = np.full(len(values), np.nan)
    centre, spread = np.zeros(len(begin)), np.ones(len(begin))
    for i in range(len(begin)):
        first = begin[i] + 1 if difference else begin[i]
        if end[i] <= first:
            continue
        recent = max(first, end[i] - window)
        if not difference:
            for t in range(recent, end[i]):
                centre[i] += values[t]
            centre[i] /= end[i] - recent
        power = 0.0
        for t in range(first, end[i]):
            x[t] = values[t] - values[t - 1] if difference else values[t] - centre[i]
            if t >= recent:
                power += x[t] * x[t]
        size = np.sqrt(power / (end[i] - recent))
        spread[i] = size if size > 1e-12 * (1.0 + abs(centre[i])) else 1.0
        for t in range(first, end[i]):
            x[t] /= spread[i]
    return x, centre, spread


@jit()
def normal_equations(x: Floats, first: Ints, end: Ints, lags: Ints, used: Ints) -> tuple[Floats, Floats, Floats]:
    """Sums of products of the first `used` lags with one another and with the value, and the rows, of each series."""
    p = len(lags)
    gram, moment, rows = np.zeros((len(first), p, p)), np.zeros((len(first), p)), np.zeros(len(first))
    row = np.empty(p)
    for i in range(len(first)):
        q = used[i]
        if q == 0:
            continue
        for t in range(first[i] + lags[q - 1], end[i]):
            for a in range(q):
                row[a] = x[t - lags[a]]
            for a in range(q):
                moment[i, a] += row[a] * x[t]
                for b in range(a + 1):
                    gram[i, a, b] += row[a] * row[b]
            rows[i] += 1
        for a in range(q):
            for b in range(a):
                gram[i, b, a] = gram[i, a, b]
    return gram, moment, rows


@jit()
def recurse(
    x: Floats, first: Ints, end: Ints, lags: Ints, weights: Floats, horizon: int, difference: bool
) -> tuple[Floats, Bools]:
    """Feed each forecast back; bounded by the history's range, extended by its width on either side.

    Returns the forecasts (of differences: their running sums), and which series met a bound.
    """
    n, p = weights.shape
    result, bounded = np.full((n, horizon), np.nan), np.zeros(n, np.bool_)
    reach = lags[p - 1]
    path = np.empty(reach + horizon)
    for i in range(n):
        length = end[i] - first[i]
        if length < 1 or np.isnan(weights[i, 0]):
            continue
        low, high, level = 0.0, 0.0, 0.0
        if not difference:
            low, high = np.inf, -np.inf
        for t in range(first[i], end[i]):
            level = level + x[t] if difference else x[t]
            low, high = min(low, level), max(high, level)
        start = level if difference else 0.0
        width = max(high - low, 1e-9)
        low, high = low - width - start, high + width - start
        for back in range(1, reach + 1):
            path[reach - back] = x[end[i] - back] if back <= length else 0.0
        total = 0.0
        for step in range(horizon):
            value = 0.0
            for a in range(p):
                value += weights[i, a] * path[reach + step - lags[a]]
            reached = total + value if difference else value
            if reached < low or reached > high or np.isnan(reached):
                bounded[i] = True
                reached = high if reached > high else low
            path[reach + step] = reached - total if difference else reached
            total = reached
            result[i, step] = reached
    return result, bounded


@jit()
def cell_features(
    z: Floats,
    begin: Ints,
    origin: Ints,
    lead: Ints,
    lags: Ints,
    seasons: Ints,
    depths: Ints,
    window: int,
    anchor_season: int,
) -> tuple[Floats, Floats, Floats]:
    """Features of cells (an origin and a lead), each in units of its own last `window` values.

    Returns the features, and by cell what a value is counted from, and its unit. Columns: the last values; for each
    season the same place in earlier seasons, their mean, the mean of the two beside the latest, and the change over a
    season at the origin; the mean of the last four and of the window before the last; the mean change of the last four;
    the lead; the value counted from. The unit is the mean absolute deviation, at least a thousandth of the mean.
    """
    count = len(lags) + np.sum(depths) + 3 * len(seasons) + 5
    X = np.full((len(origin), count), np.nan)
    base, unit = np.empty(len(origin)), np.empty(len(origin))
    last_origin, last_begin, centre, size, near, far, slope = -1, -1, 0.0, 1.0, np.nan, np.nan, np.nan
    for r in range(len(origin)):
        o, b, t = origin[r], begin[r], origin[r] + lead[r]
        if o != last_origin or b != last_begin:  # cells of one origin lie together
            last_origin, last_begin = o, b
            recent = max(b, o - window)
            centre = 0.0
            for p in range(recent, o):
                centre += z[p]
            centre /= o - recent
            size = 0.0
            for p in range(recent, o):
                size += abs(z[p] - centre)
            size = max(size / (o - recent), 1e-3 * abs(centre))
            size = size if size > 0 else 1.0
            near, far, slope = 0.0, np.nan, np.nan
            few = max(b, o - 4)
            for p in range(few, o):
                near += z[p]
            near = (near / (o - few) - centre) / size
            if o - 2 * window >= b:
                far = 0.0
                for p in range(o - 2 * window, o - window):
                    far += z[p]
                far = (far / window - centre) / size
            if o - 4 > b:
                slope = (z[o - 1] - z[o - 5]) / 4 / size
        c = 0
        for lag in lags:
            if o - lag >= b:
                X[r, c] = (z[o - lag] - centre) / size
            c += 1
        anchor = (z[o - 1] - centre) / size
        for s in range(len(seasons)):
            season = seasons[s]
            place = t - (lead[r] // season + 1) * season
            total, seen = 0.0, 0
            for j in range(depths[s]):
                p = place - j * season
                if p >= b:
                    X[r, c] = (z[p] - centre) / size
                    total += X[r, c]
                    seen += 1
                c += 1
            if seen > 0:
                X[r, c] = total / seen
            if place - 1 >= b and place + 1 < o:
                X[r, c + 1] = ((z[place - 1] + z[place + 1]) / 2 - centre) / size
            if o - 1 - season >= b:
                X[r, c + 2] = (z[o - 1] - z[o - 1 - season]) / size
            if season == anchor_season and place >= b:
                anchor = (z[place] - centre) / size
            c += 3
        X[r, c], X[r, c + 1], X[r, c + 2], X[r, c + 3] = near, far, slope, lead[r]
        X[r, c + 4] = anchor
        base[r], unit[r] = centre + anchor * size, size
    return X, base, unit


@jit()
def theta_forecast(values: Floats, begin: Ints, end: Ints, season: int, horizon: int) -> Floats:
    """Theta forecasts of every series, on seasonally adjusted values where a season shows.

    The season is M4's: an autocorrelation at one season beyond its 90 % limit, then classical multiplicative indices
    (additive ones where a value is not above zero). The smoothing constant minimises the squared one-step errors.
    """
    n = len(begin)
    result = np.full((n, horizon), np.nan)
    for i in range(n):
        m = end[i] - begin[i]
        if m < 4:
            continue
        y = values[begin[i] : end[i]].copy()
        figure, multiply = _season_of(y, season)
        for t in range(m):
            y[t] = y[t] / figure[t % season] if multiply else y[t] - figure[t % season]
        middle, mean = (m - 1) / 2, np.mean(y)
        top, bottom = 0.0, 0.0
        for t in range(m):
            top += (t - middle) * (y[t] - mean)
            bottom += (t - middle) ** 2
        slope = top / bottom / 2
        best, alpha, level = np.inf, 0.5, y[0]
        for step in range(1, 21):
            a = step / 20 if step < 20 else 0.99
            state, loss = y[0], 0.0
            for t in range(1, m):
                error = y[t] - state
                loss += error * error
                state += a * error
            if loss < best:
                best, alpha, level = loss, a, state
        for k in range(horizon):
            value = level + slope * (k + (1 - (1 - alpha) ** m) / alpha)
            s = figure[(m + k) % season]
            result[i, k] = value * s if multiply else value + s
    return result


@jit()
def _season_of(y: Floats, season: int) -> tuple[Floats, bool]:
    m = len(y)
    multiply = bool(np.min(y) > 0)
    neutral = np.ones(season) if multiply else np.zeros(season)
    if season < 2 or m < 3 * season:
        return neutral, multiply
    centred = y - np.mean(y)
    power = np.sum(centred * centred)
    if power <= 0:
        return neutral, multiply
    squares, last = 0.0, 0.0
    for lag in range(1, season + 1):
        last = np.sum(centred[lag:] * centred[: m - lag]) / power
        if lag < season:
            squares += last * last
    if abs(last) <= 1.645 * np.sqrt((1 + 2 * squares) / m):
        return neutral, multiply
    half = season // 2
    totals, counts = np.zeros(season), np.zeros(season)
    for t in range(half, m - half):
        trend = 0.0
        for k in range(-half, half + 1):
            weight = 0.5 if season % 2 == 0 and abs(k) == half else 1.0
            trend += weight * y[t + k]
        trend /= season
        totals[t % season] += y[t] / trend if multiply else y[t] - trend
        counts[t % season] += 1
    figure = totals / counts
    figure = figure / np.mean(figure) if multiply else figure - np.mean(figure)
    if multiply and np.min(figure) <= 0:
        return neutral, multiply
    return figure, multiply


@jit()
def smooth(values: Floats, begin: Ints, end: Ints, weight: float) -> tuple[Floats, Floats]:
    """Smoothed level of each series, and its mean squared one-step error in the last two thirds."""
    level, loss = np.zeros(len(begin)), np.zeros(len(begin))
    for i in range(len(begin)):
        first = begin[i] + (end[i] - begin[i]) // 3
        for t in range(begin[i], end[i]):
            error = values[t] - level[i]
            if t > first:
                loss[i] += error * error / (end[i] - first)
            level[i] += max(weight, 1 / (t - begin[i] + 1)) * error
    return level, loss


@jit()
def seasonal_variance(values: Floats, begin: Ints, end: Ints, season: int) -> tuple[float, float]:
    """Variance between the means of places in a season, and what chance alone makes of it; means over the series."""
    total_between = total_noise = 0.0
    for i in range(len(begin)):
        n = end[i] - begin[i]
        if n < 2 * season:
            continue
        sums, counts = np.zeros(season), np.zeros(season)
        mean = square = 0.0
        for t in range(n):
            value = values[begin[i] + t]
            sums[t % season] += value
            counts[t % season] += 1
            mean += value / n
            square += value * value
        within = square
        between = noise = 0.0
        for k in range(season):
            within -= sums[k] * sums[k] / counts[k]
        within /= max(n - season, 1)
        for k in range(season):
            between += (sums[k] / counts[k] - mean) ** 2 / (season - 1)
            noise += within / counts[k] / season
        variance = square / n - mean * mean
        if variance > 0:
            total_between += between / variance
            total_noise += noise / variance
    return total_between, total_noise


@jit()
def seasonal_effects(values: Floats, begin: Ints, end: Ints, season: int, horizon: int) -> Floats:
    """Mean of the same place in the season less the mean of all, for every step; zero where a place was not seen."""
    found = np.zeros((len(begin), horizon))
    for i in range(len(begin)):
        n = end[i] - begin[i]
        if n < 2 * season:
            continue
        sums, counts = np.zeros(season), np.zeros(season)
        mean = 0.0
        for t in range(n):
            sums[t % season] += values[begin[i] + t]
            counts[t % season] += 1
            mean += values[begin[i] + t] / n
        for step in range(horizon):
            place = (n + step) % season
            found[i, step] = sums[place] / counts[place] - mean
    return found
