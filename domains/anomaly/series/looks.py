"""Two looks at a series: at all of it, both ways; and row by row, each from its past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from domains.anomaly.series.signs import Signs, SignScales
from domains.anomaly.series.standstill import run_lengths
from domains.anomaly.series.stretches import NEAR, REFERENCES, Comparison, compare_stretches, find_window
from shared.typing import Bools, Floats, Ints

__all__ = ["LASTING", "Look", "Measure", "look_back", "look_both_ways", "look_on", "rows_needed"]

# Rows after which references are renewed, and blocks of them after which scales are; in the first ones after each.
BLOCK, BLOCKS, EARLY = 64, 4, 32
# Steps of up to a twentieth of the usual ones do not count as moves.
STILL = 0.05
LASTING = 8  # stretches after which a change is no incident any more
GAPS = 8  # a stretch tells nothing where more than one row in so many was filled in
ROUGH = 1e-3


@dataclass(frozen=True)
class Measure:
    """What a series is measured with.

    Attributes
    ----------
    window : int
        Rows of a stretch.
    centre, unit, tolerance : numpy.ndarray of float64, shape (n_columns,)
        Mean and spread of each column, and the step up to which it does not move, on the scale of these; -1 where it
        never moved, so that it says nothing if it goes on.

    >>> Measure.of(np.arange(80.0)[:, None], None).window
    20
    """

    window: int
    centre: Floats
    unit: Floats
    tolerance: Floats

    @classmethod
    def of(cls, values: Floats, window: int | None) -> Measure:
        """Take the measure of some rows.

        Parameters
        ----------
        values : numpy.ndarray of float64, shape (n, n_columns)
        window : int, optional
            Found from the first column where left out.
        """
        spread = values.std(axis=0)
        level = np.abs(values.mean(axis=0))
        unit = np.where(spread > 0, spread, np.where(level > 0, ROUGH * level, 1.0))  # a constant has no spread
        steps = np.abs(np.diff(values, axis=0)) / unit
        moves = [column[column > 0] for column in steps.T]
        tolerance = np.array([STILL * float(np.median(column)) if len(column) else -1.0 for column in moves])
        length = find_window(values[:, 0]) if window is None else min(window, len(values) // 4)
        return cls(length, values.mean(axis=0), unit, tolerance)

    def apply(self, values: Floats) -> Floats:
        """Bring rows to its scale.

        Parameters
        ----------
        values : numpy.ndarray of float64, shape (n, n_columns)
        """
        return (values - self.centre) / self.unit


@dataclass(frozen=True)
class Look:
    """What is seen in some rows.

    Attributes
    ----------
    signs : Signs
    parts : numpy.ndarray of float64, shape (n, 3)
        Evidence of each sign.
    evidence : numpy.ndarray of float64, shape (n,)
        Of all three together: their sum.
    rates : numpy.ndarray of float64, shape (n,)
        Incidents a row that are as odd.
    usual : numpy.ndarray of float64, shape (n, n_columns)
        What the nearest stretches have, on the series' own scale.
    clear : float
        Sign of a value that one row in fifty of before has.

    >>> values = np.sin(np.arange(200.0))[:, None]
    >>> look_both_ways(values, Measure.of(values, None), np.random.default_rng(0)).evidence.shape
    (200,)
    """

    signs: Signs
    parts: Floats
    evidence: Floats
    rates: Floats
    usual: Floats
    clear: float


def look_both_ways(values: Floats, measure: Measure, rng: np.random.Generator, *, filled: Bools | None = None) -> Look:
    """Compare every stretch with others of the series, earlier and later ones that share no row with it.

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (n, n_columns)
        On the measure's scale.
    measure : Measure
    rng : numpy.random.Generator
    filled : numpy.ndarray of bool, shape (n,), optional
        Rows that were not observed: where they are more than an eighth of a stretch, it tells nothing.

    Notes
    -----
    A row's stretch counts as the mean of all that cover it; its value is judged in the middle of the one around it.

    >>> values = np.sin(np.arange(400) * 2 * np.pi / 25)[:, None] + np.random.default_rng(0).normal(0, 0.1, (400, 1))
    >>> values[200] = 3.0
    >>> measure = Measure.of(values, None)
    >>> int(look_both_ways(measure.apply(values), measure, np.random.default_rng(0)).evidence.argmax())
    200
    """
    n, length = len(values), measure.window
    last = n - length
    usable = _usable(filled, n, length)
    starts = np.clip(np.arange(n) - length // 2, 0, last)
    references = _draw(np.flatnonzero(usable), rng)
    seen = _compare(values, length, starts, np.arange(n) - starts, references, usable, apart=True)
    each = seen.distance[length // 2 : length // 2 + last + 1]
    summed = np.concatenate([[0.0], np.cumsum(np.nan_to_num(each))])
    counted = np.concatenate([[0], np.cumsum(~np.isnan(each))])
    first = np.clip(np.arange(n) - length + 1, 0, max(last - length + 1, 0))  # as many at the ends as elsewhere
    stop = np.minimum(first + length, last + 1)
    count = counted[stop] - counted[first]
    stretch = np.where(np.isnan(seen.surprise), np.nan, (summed[stop] - summed[first]) / np.maximum(count, 1))
    signs = Signs(stretch, seen.surprise, _stand(values, measure, filled))
    scales = SignScales.of(signs, length)
    parts = scales.parts(signs, own=True)
    total = parts.sum(axis=1)
    usual = measure.centre + measure.unit * seen.usual
    return Look(signs, parts, total, scales.peaks.rates(total, own=True), usual, scales.clear)


def look_back(values: Floats, measure: Measure, rng: np.random.Generator, *, filled: Bools | None = None) -> Signs:
    """Signs of the rows that are learnt from, each from the stretch that ends at it; not a number before there is one.

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (n, n_columns)
        On the measure's scale.
    measure : Measure
    rng : numpy.random.Generator
    filled : numpy.ndarray of bool, shape (n,), optional
        As in `look_both_ways`.

    >>> values = np.arange(80.0)[:, None]
    >>> int(np.isnan(look_back(values, Measure.of(values, 10), np.random.default_rng(0)).stretch).sum())
    9
    """
    n, length = len(values), measure.window
    starts = np.arange(n - length + 1)
    usable = _usable(filled, n, length)
    places = np.full(len(starts), length - 1)
    seen = _compare(values, length, starts, places, _draw(np.flatnonzero(usable), rng), usable, apart=True)
    before = np.full(length - 1, np.nan)
    return Signs(
        np.concatenate([before, seen.distance]),
        np.concatenate([before, seen.surprise]),
        _stand(values, measure, filled),
    )


def look_on(
    values: Floats,
    known: Signs,
    measure: Measure,
    *,
    origin: int,
    learnt: int,
    memory: int,
    seed: list[int],
    filled: Bools | None = None,
) -> Look:
    """Look at the rows that follow known ones, each from its past alone.

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (n, n_columns)
        Known rows and those that follow, on the measure's scale.
    known : Signs
        Of the known rows.
    measure : Measure
    origin, learnt : int
        Number of the first row of `values`, and of the first that was not learnt from, since the series began.
    memory : int
        Rows of the past that count.
    seed : list of int
    filled : numpy.ndarray of bool, shape (n,), optional
        As in `look_both_ways`.

    Notes
    -----
    What a row is compared with is drawn anew every 64 rows, and scales are made anew as often, later every 256, from
    the rows before them, counted from where learning ended, so that it does not matter in how many pieces rows come.

    >>> values = np.r_[np.tile([0.0, 1.0, 0.0], 50), [0.0, 5.0]][:, None]
    >>> measure = Measure.of(values[:150], 12)
    >>> scaled = measure.apply(values)
    >>> known = look_back(scaled[:150], measure, np.random.default_rng(0))
    >>> look_on(scaled, known, measure, origin=0, learnt=150, memory=1000, seed=[0]).rates.round(2).tolist()
    [1.0, 0.01]
    """
    first, n, length = len(known.stretch), len(values), measure.window
    stretch, value = (np.concatenate([one, np.full(n - first, np.nan)]) for one in (known.stretch, known.value))
    signs = Signs(stretch, value, np.concatenate([known.standstill, _stand(values, measure, filled)[first:]]))
    usable = _usable(filled, n, length)
    parts, usual = np.empty((n - first, 3)), np.empty((n - first, values.shape[1]))
    evidence, rates = np.empty(n - first), np.empty(n - first)
    row, clear = first, 0.0
    scales: SignScales | None = None
    while row < n:
        number = (row + origin - learnt) // BLOCK
        begin = learnt + number * BLOCK - origin
        stop = min(begin + BLOCK, n)
        rows, new = np.arange(row, stop), slice(row - first, stop - first)
        seen = _compare_with_past(values, measure, rows, begin, memory, usable, np.random.default_rng([*seed, number]))
        stretch[row:stop], value[row:stop] = seen.distance, seen.surprise
        behind = number % BLOCKS if number > EARLY else 0
        if scales is None or behind == 0:
            upto = begin - behind * BLOCK
            scales = SignScales.of(signs.rows(slice(max(min(length, upto) - 1, upto - memory), upto)), length)
        parts[new] = scales.parts(signs.rows(slice(row, stop)))
        total = parts[new].sum(axis=1)
        evidence[new], rates[new] = total, scales.peaks.rates(total)
        clear = clear or scales.clear
        usual[new] = measure.centre + measure.unit * seen.usual
        row = stop
    return Look(signs.rows(slice(first, n)), parts, evidence, rates, usual, clear)


def rows_needed(memory: int, window: int) -> int:
    """Rows of the past that have to be kept to look on from any row.

    Parameters
    ----------
    memory, window : int

    >>> rows_needed(1000, 50)
    1356
    """
    return max(memory, LASTING * window) + 2 * window + BLOCK * BLOCKS


def _compare_with_past(
    values: Floats,
    measure: Measure,
    rows: Ints,
    begin: int,
    memory: int,
    usable: Bools,
    rng: np.random.Generator,
) -> Comparison:
    """Compare the stretches that end at some rows with those that end before the first of the block's begins.

    References are drawn from all that is remembered; and, so that what lasts becomes ordinary, from the last eight
    stretches, once there are as many: what is near in either is ordinary.
    """
    length = measure.window
    starts, places = rows - length + 1, np.full(len(rows), length - 1)
    past = begin - 2 * length + 2
    past = past if past >= length else begin - length + 1  # too few yet: any that were complete
    all_past = np.flatnonzero(usable[:past])
    seen = _compare(values, length, starts, places, _draw(all_past[all_past >= past - memory], rng), usable)
    lately = all_past[all_past >= past - LASTING * length]
    if past < LASTING * length or len(lately) < length:
        return seen
    return seen.or_nearer(_compare(values, length, starts, places, _draw(lately, rng), usable, near=NEAR))


def _compare(
    values: Floats,
    window: int,
    starts: Ints,
    places: Ints,
    references: Ints,
    usable: Bools,
    *,
    near: int | None = None,
    apart: bool = False,
) -> Comparison:
    """Compare stretches with references; not a number for those that are not usable, or where nothing is to compare."""
    if len(references) == 0:
        blank = np.full(len(starts), np.nan)
        return Comparison(blank, blank.copy(), np.full((len(starts), values.shape[1]), np.nan))
    near = None if near is None else min(near, len(references))
    seen = compare_stretches(values, window, starts, places, references, near=near, apart=apart)
    told = usable[starts] & np.isfinite(seen.distance)
    return Comparison(np.where(told, seen.distance, np.nan), np.where(told, seen.surprise, np.nan), seen.usual)


def _usable(filled: Bools | None, n: int, window: int) -> Bools:
    """Which stretches, by their first row, were observed but for an eighth."""
    if filled is None or not filled.any():
        return np.ones(n - window + 1, dtype=bool)
    counted = np.concatenate([[0], np.cumsum(filled)])
    return np.asarray(counted[window:] - counted[: n - window + 1] <= window // GAPS)


def _draw(among: Ints, rng: np.random.Generator) -> Ints:
    """Draw references among stretches, by their first rows."""
    if len(among) <= REFERENCES:
        return among
    return np.asarray(among[rng.choice(len(among), REFERENCES, replace=False)], dtype=np.int64)


def _stand(values: Floats, measure: Measure, filled: Bools | None = None) -> Floats:
    """How long each column has stood still, in every row; what was filled in is none."""
    runs = [run_lengths(column, still) for column, still in zip(values.T, measure.tolerance, strict=True)]
    found = np.column_stack(runs)
    if filled is not None and filled.any():
        rows = np.arange(len(values))
        since = rows - np.maximum.accumulate(np.where(filled, rows, -1))
        found = np.minimum(found, np.maximum(since - 1, 0)[:, None])
    return found
