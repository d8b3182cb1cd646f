"""Values far outside what their columns held: no detector of densities need see one among many columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from domains.anomaly.columns import Standardiser
from domains.anomaly.evidence import ScoreScale
from shared.runtime.array_of import ArrayOf
from shared.typing import Floats, Ints

__all__ = ["RangeGuard"]

# Where a column never varied, a difference of this share of its size is one spread (of 1 where all were 0); as many
# spreads are the most.
HAIR, MOST = 0.01, 1e6


@dataclass(frozen=True)
class RangeGuard:
    """Ranges of columns, and how far rows left those of other rows.

    Attributes
    ----------
    low, high, unit : numpy.ndarray of float64, shape (n_columns,)
        Smallest and largest value of each column, and its spread.
    inner_low, inner_high : numpy.ndarray of float64, shape (n_columns,)
        The same of all rows but the one that alone reaches as far: what this row itself is held against.
    scale : ScoreScale
        How far, at most over the columns, a row lay outside the range of all others.

    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> guard, _ = RangeGuard.of(X, np.arange(200))
    >>> guard.excess(np.array([[0.0, X[:, 1].max() + 3 * X[:, 1].std()]])).round(3).tolist()
    [[0.0, 3.0]]
    """

    low: Floats
    high: Floats
    inner_low: Floats
    inner_high: Floats
    unit: Floats
    scale: ScoreScale

    @classmethod
    def of(cls, X: Floats, judged: Ints) -> tuple[RangeGuard, Floats]:
        """Measure the ranges of all rows; return with the guard how far each row judged leaves that of the others."""
        spread = Standardiser.of(X).spread
        low, high = _range(X)
        size = np.where(low <= high, np.maximum(np.abs(low), np.abs(high)), 0.0)
        unit = np.where(np.isfinite(spread), spread, np.where(size > 0, HAIR * size, 1.0))
        inner_low, inner_high = np.minimum(-_second(-X, -low), high), np.maximum(_second(X, high), low)
        beyond = _excess(X, low, high, inner_low, inner_high, unit, 0.0).max(axis=1, initial=0.0)
        return cls(low, high, inner_low, inner_high, unit, ScoreScale.of(beyond[judged])), beyond[judged]

    def excess(self, X: Floats) -> Floats:
        """How far each value lies outside its column's range, in spreads; 0 inside, and where it is missing.

        The one value that the range ends at lies outside that of the others where it leaves them by more than their
        whole range: so an impossible value is found in the table that the range was learnt from, too.
        """
        return _excess(X, self.low, self.high, self.inner_low, self.inner_high, self.unit, 1.0)

    def renew(self, X: Floats, rng: np.random.Generator) -> RangeGuard:
        """Widen the ranges by new rows, which were held against the old ones before."""
        low, high = _range(X)
        scale = self.scale.renew(self.excess(X).max(axis=1), rng)
        inner_low = -_inner(-self.low, -self.inner_low, -low, _second(-X, -low))
        inner_high = _inner(self.high, self.inner_high, high, _second(X, high))
        ends = np.minimum(self.low, low), np.maximum(self.high, high)
        return RangeGuard(*ends, inner_low, inner_high, self.unit, scale)

    def evidence(self, X: Floats, *, new: bool = False) -> Floats:
        """Evidence of the value of each row that lies furthest outside; 0 for rows inside, and `new` ones at an end."""
        ends = self.low, self.high, self.inner_low, self.inner_high
        beyond = (_excess(X, *ends, self.unit, np.inf) if new else self.excess(X)).max(axis=1)
        return np.where(beyond > 0, self.scale.evidence(beyond), 0.0)

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of the arrays of every one; checked when a model is loaded."""
        shape = (len(self.low),)
        return {
            "low": ArrayOf("f", shape),
            "high": ArrayOf("f", shape),
            "inner_low": ArrayOf("f", shape),
            "inner_high": ArrayOf("f", shape),
            "unit": ArrayOf("f", shape, low=0, finite=True),
            "scale": ScoreScale,
        }


def _range(X: Floats) -> tuple[Floats, Floats]:
    """Smallest and largest value of each column; infinite the other way where all are missing."""
    return np.fmin.reduce(X, axis=0, initial=np.inf), np.fmax.reduce(X, axis=0, initial=-np.inf)


def _second(X: Floats, high: Floats) -> Floats:
    """Largest value of each column in all rows but one that holds the largest; minus infinity where there is none."""
    found = np.full(X.shape[1], -np.inf)
    for j, most in enumerate(high):
        values = X[:, j]
        at_most = values == most
        if at_most.sum() > 1:
            found[j] = most
        else:
            found[j] = np.fmax.reduce(values[~at_most], initial=-np.inf)
    return found


def _inner(high: Floats, inner: Floats, new_high: Floats, new_inner: Floats) -> Floats:
    """The second largest of two sets of rows of which the largest and second largest are known."""
    return np.where(new_high > high, np.maximum(high, new_inner), np.maximum(inner, new_high))


def _excess(
    X: Floats, low: Floats, high: Floats, inner_low: Floats, inner_high: Floats, unit: Floats, least: float
) -> Floats:
    """Distance of values from ranges; a column that never had a value, or had one alone, has none.

    The value that alone ends a range has its distance from that of the others, where this is more than `least` times
    as long as theirs.
    """
    distance = np.where(low <= high, np.fmax(low - X, X - high), 0.0)
    width = np.maximum(inner_high - inner_low, 0.0)
    # Where the others are all alike, one that differs is rare, as a word is that was seen once, and not impossible.
    apart = (low < high) & ((width > 0) | (least == 0))
    room = np.full(len(width), np.inf)
    if np.isfinite(least):
        room[apart] = least * width[apart]
    above, below = high - inner_high, inner_low - low
    distance = np.where((high == X) & (above > room), above, distance)
    distance = np.where((low == X) & (below > room), below, distance)
    return np.minimum(np.nan_to_num(np.maximum(distance, 0.0)) / unit, MOST)
