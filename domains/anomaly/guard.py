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
    scale : ScoreScale
        How far, at most over the columns, a row lay outside the range of all others.

    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> guard, _ = RangeGuard.of(X, np.arange(200))
    >>> guard.excess(np.array([[0.0, X[:, 1].max() + 3 * X[:, 1].std()]])).round(3).tolist()
    [[0.0, 3.0]]
    """

    low: Floats
    high: Floats
    unit: Floats
    scale: ScoreScale

    @classmethod
    def of(cls, X: Floats, judged: Ints) -> tuple[RangeGuard, Floats]:
        """Measure the ranges of all rows; return with the guard how far each row judged leaves that of the others."""
        spread = Standardiser.of(X).spread
        low, high = _range(X)
        size = np.where(low <= high, np.maximum(np.abs(low), np.abs(high)), 0.0)
        unit = np.where(np.isfinite(spread), spread, np.where(size > 0, HAIR * size, 1.0))
        beyond = np.zeros(len(X))
        for j in np.flatnonzero(low < high):
            for sign, most in ((1.0, high[j]), (-1.0, -low[j])):
                values = sign * X[:, j]
                first = np.flatnonzero(values == most)
                if len(first) == 1:  # else the others reach as far
                    values[first] = -np.inf
                    gap = (most - np.nanmax(values)) / unit[j]
                    beyond[first] = np.maximum(beyond[first], min(gap, MOST))
        return cls(low, high, unit, ScoreScale.of(beyond[judged])), beyond[judged]

    def excess(self, X: Floats) -> Floats:
        """How far each value lies outside its column's range, in spreads; 0 inside, and where it is missing."""
        return _excess(X, self.low, self.high, self.unit)

    def renew(self, X: Floats, rng: np.random.Generator) -> RangeGuard:
        """Widen the ranges by new rows, which were held against the old ones before."""
        low, high = _range(X)
        scale = self.scale.renew(self.excess(X).max(axis=1), rng)
        return RangeGuard(np.minimum(self.low, low), np.maximum(self.high, high), self.unit, scale)

    def evidence(self, X: Floats) -> Floats:
        """Evidence of the value of each row that lies furthest outside; 0 for rows inside."""
        beyond = self.excess(X).max(axis=1)
        return np.where(beyond > 0, self.scale.evidence(beyond), 0.0)

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of the arrays of every one; checked when a model is loaded."""
        shape = (len(self.low),)
        return {
            "low": ArrayOf("f", shape),
            "high": ArrayOf("f", shape),
            "unit": ArrayOf("f", shape, low=0, finite=True),
            "scale": ScoreScale,
        }


def _range(X: Floats) -> tuple[Floats, Floats]:
    """Smallest and largest value of each column; infinite the other way where all are missing."""
    return np.fmin.reduce(X, axis=0, initial=np.inf), np.fmax.reduce(X, axis=0, initial=-np.inf)


def _excess(X: Floats, low: Floats, high: Floats, unit: Floats) -> Floats:
    """Distance of values from ranges; a column that never had a value has none."""
    known = low <= high
    distance = np.where(known, np.fmax(low - X, X - high), 0.0)
    return np.minimum(np.nan_to_num(np.maximum(distance, 0.0)) / unit, MOST)
