"""Two looks at a series: at all of it, both ways; and row by row, each from its past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from domains.anomaly.series.signs import Signs, SignScales
from domains.anomaly.series.stretches import NEAR, REFERENCES, Comparison, compare_stretches, find_window, run_lengths
from shared.typing import Floats, Ints

__all__ = ["BLOCK", "LASTING", "Look", "Measure", "look_back", "look_both_ways", "look_on"]

# Rows after which references and scales are renewed.
BLOCK = 64
# Steps of up to a twentieth of the usual ones do not count as moves.
STILL = 0.05
LASTING = 8  # stretches after which a change is no incident any more
FEW = 5  # rows without a move that come by chance
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


def look_both_ways(values: Floats, measure: Measure, rng: np.random.Generator) -> Look:
    """Compare every stretch with others of the series, earlier and later ones that share no row with it.

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (n, n_columns)
        On the measure's scale.
    measure : Measure
    rng : numpy.random.Generator

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
    starts = np.clip(np.arange(n) - length // 2, 0, last)
    references = _draw(0, last + 1, rng)
    seen = compare_stretches(values, length, starts, np.arange(n) - starts, references, apart=True)
    each = seen.distance[length // 2 : length // 2 + last + 1]
    summed = np.concatenate([[0.0], np.cumsum(each)])
    first, stop = np.maximum(np.arange(n) - length + 1, 0), np.minimum(np.arange(n), last) + 1
    signs = Signs((summed[stop] - summed[first]) / (stop - first), seen.surprise, _stand(values, measure))
    scales = SignScales.of(signs, length)
    parts = scales.parts(signs, own=True)
    total = parts.sum(axis=1)
    usual = measure.centre + measure.unit * seen.usual
    return Look(signs, parts, total, scales.peaks.rates(total, own=True), usual, scales.clear)


def look_back(values: Floats, measure: Measure, rng: np.random.Generator) -> Signs:
    """Signs of the rows that are learnt from, each from the stretch that ends at it; not a number before there is one.

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (n, n_columns)
        On the measure's scale.
    measure : Measure
    rng : numpy.random.Generator

    >>> values = np.arange(80.0)[:, None]
    >>> int(np.isnan(look_back(values, Measure.of(values, 10), np.random.default_rng(0)).stretch).sum())
    9
    """
    n, length = len(values), measure.window
    starts = np.arange(n - length + 1)
    references = _draw(0, len(starts), rng)
    seen = compare_stretches(values, length, starts, np.full(len(starts), length - 1), references, apart=True)
    before = np.full(length - 1, np.nan)
    return Signs(
        np.concatenate([before, seen.distance]),
        np.concatenate([before, seen.surprise]),
        _stand(values, measure),
    )


def look_on(
    values: Floats, known: Signs, measure: Measure, *, origin: int, learnt: int, memory: int, seed: list[int]
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

    Notes
    -----
    What a row is compared with is drawn anew every 64 rows from the rows before them, counted from where learning
    ended, so that it does not matter in how many pieces rows come.

    >>> values = np.r_[np.tile([0.0, 1.0, 0.0], 50), [0.0, 5.0]][:, None]
    >>> measure = Measure.of(values[:150], 12)
    >>> scaled = measure.apply(values)
    >>> known = look_back(scaled[:150], measure, np.random.default_rng(0))
    >>> look_on(scaled, known, measure, origin=0, learnt=150, memory=1000, seed=[0]).rates.round(2).tolist()
    [1.0, 0.01]
    """
    first, n, length = len(known.stretch), len(values), measure.window
    stretch, value = (np.concatenate([one, np.full(n - first, np.nan)]) for one in (known.stretch, known.value))
    signs = Signs(stretch, value, np.concatenate([known.standstill, _stand(values, measure)[first:]]))
    parts, usual = np.empty((n - first, 3)), np.empty((n - first, values.shape[1]))
    evidence, rates = np.empty(n - first), np.empty(n - first)
    row, clear = first, 0.0
    while row < n:
        number = (row + origin - learnt) // BLOCK
        begin = learnt + number * BLOCK - origin
        stop = min(begin + BLOCK, n)
        rows, new = np.arange(row, stop), slice(row - first, stop - first)
        seen = _compare_with_past(values, measure, rows, begin, memory, np.random.default_rng([*seed, number]))
        stretch[row:stop], value[row:stop] = seen.distance, seen.surprise
        since = max(0, begin - memory)
        whole = since + int(np.isnan(stretch[since:begin]).sum())  # the first rows of all have no stretch
        scales = SignScales.of(signs.rows(slice(whole, begin)), length)
        parts[new] = scales.parts(signs.rows(slice(row, stop)))
        total = parts[new].sum(axis=1)
        evidence[new], rates[new] = total, scales.peaks.rates(total)
        clear = clear or scales.clear
        usual[new] = measure.centre + measure.unit * seen.usual
        row = stop
    return Look(signs.rows(slice(first, n)), parts, evidence, rates, usual, clear)


def _compare_with_past(
    values: Floats, measure: Measure, rows: Ints, begin: int, memory: int, rng: np.random.Generator
) -> Comparison:
    """Compare the stretches that end at some rows with those that end before the first of the block's begins.

    References are drawn from all that is remembered; and, so that what lasts becomes ordinary, from the last eight
    stretches, once there are as many: what is near in either is ordinary.
    """
    length = measure.window
    starts, places = rows - length + 1, np.full(len(rows), length - 1)
    past = begin - 2 * length + 2
    past = past if past >= length else begin - length + 1  # too few yet: any that were complete
    seen = compare_stretches(values, length, starts, places, _draw(max(0, past - memory), past, rng))
    lately = past - LASTING * length
    if lately < 0:
        return seen
    return seen.or_nearer(compare_stretches(values, length, starts, places, _draw(lately, past, rng), near=NEAR))


def _draw(begin: int, stop: int, rng: np.random.Generator) -> Ints:
    """Draw references among the stretches that begin in a range."""
    count = min(REFERENCES, stop - begin)
    return np.asarray(begin + rng.choice(stop - begin, count, replace=False), dtype=np.int64)


def _stand(values: Floats, measure: Measure) -> Floats:
    """How long each column has stood still, in every row; a few rows are nothing."""
    runs = [run_lengths(column, still) for column, still in zip(values.T, measure.tolerance, strict=True)]
    return np.where((found := np.column_stack(runs)) < FEW, 0.0, found)
