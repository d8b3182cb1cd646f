"""Where a series began to be what it is now: after a leading run of one value, or after a jump of its level."""

from __future__ import annotations

import numpy as np

from shared.typing import Floats, Ints

__all__ = ["find_breaks", "find_waking"]

# Rows after a break, and before a jump; with fewer there is nothing to tell it by.
LEAST, LEAST_BEFORE = 12, 5
# Values other than that of a leading run without which nothing has begun: what was sold once may never be again.
LEAST_OTHERS = 4
# Rows on either side of a jump that its levels are measured on.
WINDOW = 30


def find_breaks(values: Floats, begin: Ints, end: Ints) -> Ints:
    """First row of each series' present regime; `begin` where it has always been what it is.

    Two breaks are known, each with at least 12 rows after it that are not all the same. A leading run of one value, at
    least ten rows and more than three times as long as any later run of one: a product not yet sold, a meter not yet
    connected. And a single jump: the largest change of the series, ten times the usual and three times the second
    largest, between levels (medians of up to 30 rows) twice as far apart as values lie on either side. Steps that come
    again are no break.

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (n_rows,)
        Values of all series, one after the other.
    begin, end : numpy.ndarray of int64, shape (n_series,)
        First row of each series, and the row after its last one.

    >>> values = np.r_[np.zeros(40), np.arange(20.0) % 3 + 1]
    >>> find_breaks(values, np.array([0]), np.array([60])).tolist()
    [40]
    """
    from domains.timeseries.rolling import find_candidates

    runs, places = find_candidates(values, begin, end, LEAST, LEAST_BEFORE)
    found = begin.copy()
    for i in np.flatnonzero((runs > begin) | (places > begin)):
        if runs[i] > begin[i] and _has_left(values[runs[i] : end[i]], values[begin[i]]):
            found[i] = runs[i]
        elif places[i] > begin[i] and _is_jump(values[begin[i] : end[i]], places[i] - begin[i]):
            found[i] = places[i]
    return found


def find_waking(values: Floats, begin: Ints, end: Ints) -> Ints:
    """Last row of a long leading run of one value that too few rows follow to call it a break; `begin` where none is.

    Most of these rows hold another value: what was sold once, and not again, has hardly begun.

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (n_rows,)
    begin, end : numpy.ndarray of int64, shape (n_series,)

    >>> find_waking(np.r_[np.zeros(40), 3.0, 5.0], np.array([0]), np.array([42])).tolist()
    [39]
    """
    from domains.timeseries.rolling import find_candidates

    runs, _ = find_candidates(values, begin, end, 1, LEAST_BEFORE)
    found = begin.copy()
    for i in np.flatnonzero((runs > begin) & (end - runs < LEAST)):
        if 2 * int((values[runs[i] : end[i]] != values[begin[i]]).sum()) > end[i] - runs[i]:
            found[i] = runs[i] - 1
    return found


def _is_jump(own: Floats, place: int) -> bool:
    """Whether the largest change of a series is one between two levels that lie clearly apart."""
    before, after = own[max(0, place - WINDOW) : place], own[place : place + WINDOW]
    changes = np.abs(np.diff(own))
    apart = abs(np.median(after) - np.median(before))
    spread = max(np.subtract(*np.quantile(side, [0.9, 0.1])) for side in (before, after))
    return bool(changes[place - 1] >= 10 * np.median(changes) and apart > 2 * spread and _varies(own[place:]))


def _has_left(later: Floats, level: float) -> bool:
    """Whether what follows a run of one value is not that value again, but for a row or two: a product sold once."""
    return int((later != level).sum()) >= LEAST_OTHERS and _varies(later)


def _varies(values: Floats) -> bool:
    return bool((values != values[0]).any())
