"""Lags, rolling statistics, ranges and leaps of many cells in one pass over flat arrays (compiled once, cached)."""

from __future__ import annotations

import numpy as np

from shared.runtime.compile import jit
from shared.typing import Floats, Ints

__all__ = ["STATISTIC_CODES", "bounds", "fill_lags", "fill_window", "find_candidates"]

STATISTIC_CODES = {"mean": 0, "std": 1, "min": 2, "max": 3}


@jit()
def bounds(z: Floats, begin: Ints, end: Ints) -> tuple[Floats, Floats]:
    """The range of each history, extended by its width on either side."""
    low, high = np.empty(len(begin)), np.empty(len(begin))
    for i in range(len(begin)):
        least, most = np.inf, -np.inf
        for t in range(begin[i], end[i]):
            least, most = min(least, z[t]), max(most, z[t])
        low[i], high[i] = 2 * least - most, 2 * most - least
    return low, high


@jit()
def fill_lags(values: Floats, origin: Ints, begin: Ints, lags: Ints, out: Floats, first: int) -> None:
    """Write the values `lags` before each origin into columns of `out`, from `first` on; NaN before the first."""
    for r in range(len(origin)):
        for c in range(len(lags)):
            at = origin[r] - lags[c]
            out[r, first + c] = values[at] if at >= begin[r] else np.nan


@jit()
def fill_window(
    values: Floats, origin: Ints, begin: Ints, lag: int, steps: int, statistic: int, out: Floats, column: int
) -> None:
    """Write a statistic of the `steps` values that end `lag` before each origin; NaN where they are not all there.

    Cells that follow each other share their work: the flat array is cut into blocks of the window's length, and a
    window is the end of one block and the beginning of the next, so that each costs a few operations whatever its
    length, and no rounding builds up (van Herk 1992, Pattern Recognition Letters 13(7); Gil & Werman 1993, IEEE PAMI
    15(5)). Means and variances of the two parts are joined as in Chan, Golub & LeVeque (1983), The American
    Statistician 37(3).
    """
    w = steps
    tail, spread = np.empty(w + 1), np.zeros(w + 1)  # of the last j values of the block before
    block, last = -1, -1
    head, head_spread, count = 0.0, 0.0, 0
    for r in range(len(origin)):
        end = origin[r] - lag
        if end - w + 1 < begin[r]:
            out[r, column] = np.nan
            continue
        if end // w != block or end < last:
            block = end // w
            start = block * w
            tail[0], spread[0] = (np.inf if statistic == 2 else -np.inf if statistic == 3 else 0.0), 0.0
            for j in range(1, w + 1):
                at = start - j
                if at < begin[r]:
                    break
                tail[j], spread[j] = _add_value(tail[j - 1], spread[j - 1], j - 1, values[at], statistic)
            head, head_spread, count, last = tail[0], 0.0, 0, start - 1
        while last < end:
            last += 1
            head, head_spread = _add_value(head, head_spread, count, values[last], statistic)
            count += 1
        rest = w - count
        if statistic == 0:
            out[r, column] = (head + tail[rest]) / w
        elif statistic == 1:
            apart = head - tail[rest] if rest > 0 else 0.0
            total = head_spread + spread[rest] + apart * apart * count * rest / w
            out[r, column] = np.sqrt(total / (w - 1))
        elif rest == 0 or np.isnan(head):
            out[r, column] = head
        else:
            other = tail[rest]
            below = other < head or np.isnan(other)
            out[r, column] = other if (below if statistic == 2 else other > head or np.isnan(other)) else head


@jit()
def _add_value(state: float, spread: float, count: int, value: float, statistic: int) -> tuple[float, float]:
    """Sum, mean and squared deviations, or extreme (NaN where there is one) of `count` values and one more."""
    if statistic == 0:
        return state + value, 0.0
    if statistic == 1:
        apart = value - state
        mean = state + apart / (count + 1)
        return mean, spread + apart * (value - mean)
    if np.isnan(state) or np.isnan(value):
        return np.nan, 0.0
    if statistic == 2:
        return min(state, value), 0.0
    return max(state, value), 0.0


@jit()
def find_candidates(values: Floats, begin: Ints, end: Ints, least: int, least_before: int) -> tuple[Ints, Ints]:
    """Row after a long leading run, and row of a change three times as large as any other; `begin` where none is."""
    runs, places = begin.copy(), begin.copy()
    for i in range(len(begin)):
        b, e = begin[i], end[i]
        if e - b < least + least_before:
            continue
        run = b + 1
        while run < e and values[run] == values[b]:
            run += 1
        later = longest = 0
        for t in range(run, e):
            later = later + 1 if values[t] == values[t - 1] else 1
            longest = max(longest, later)
        if run - b >= 10 and e - run >= least and run - b > 3 * longest:
            runs[i] = run
        place, most, second = b, 0.0, 0.0
        for t in range(b + 1, e):
            change = abs(values[t] - values[t - 1])
            if change > most:
                place, most, second = t, change, most
            elif change > second:
                second = change
        if place - b >= least_before and e - place >= least and most >= 3 * second:
            places[i] = place
    return runs, places
