"""Columns on one scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.runtime.array_of import ArrayOf
from shared.typing import Floats

__all__ = ["Standardiser"]

# Spreads from the mean beyond which a value counts as no further: else one wild value would make all others alike.
MOST = 5.0


@dataclass(frozen=True)
class Standardiser:
    """Means and standard deviations of columns.

    Attributes
    ----------
    mean, spread : numpy.ndarray of float64, shape (n_columns,)
        The spread of a constant column is infinite: it then tells nothing.

    >>> Standardiser.of(np.array([[0.0, 1.0], [2.0, 1.0]])).apply(np.array([[3.0, 5.0]])).tolist()
    [[2.0, 0.0]]
    """

    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, X: Floats) -> Standardiser:
        """Measure columns."""
        filled = X if not np.isnan(X).any() else np.where(np.isnan(X), _means(X), X)
        spread = filled.std(axis=0)
        # Sums of equal values can differ from their multiple in the last bits.
        flat = (filled == filled[:1]).all(axis=0) | ~(spread > 0)
        return cls(filled.mean(axis=0), np.where(flat, np.inf, spread))

    def apply(self, X: Floats, most: float = MOST) -> NDArray[np.float32]:
        """Give values in spreads from the mean, at most `most` of them; what is missing is taken for the mean."""
        return np.nan_to_num(np.clip((X - self.mean) / self.spread, -most, most)).astype(np.float32)

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of the arrays of every one; checked when a model is loaded."""
        return {
            "mean": ArrayOf("f", (None,), finite=True),
            "spread": ArrayOf("f", (len(self.mean),), low=0),
        }


def _means(X: Floats) -> Floats:
    """Means of what is there; 0 where nothing is."""
    there = (~np.isnan(X)).sum(axis=0)
    return np.asarray(np.nansum(X, axis=0) / np.maximum(there, 1))
