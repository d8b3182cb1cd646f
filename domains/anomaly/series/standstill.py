"""How long a column stands still, and how much that weighs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.typing import Floats

__all__ = ["StandstillScale", "run_lengths"]

FEW = 5  # rows without a move that come by chance


def run_lengths(values: Floats, tolerance: float) -> Floats:
    """Rows for which a column has hardly moved, from 0; shape (n,).

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (n,)
    tolerance : float
        Steps up to this do not count as moves.

    >>> run_lengths(np.array([1.0, 1.0, 1.0, 2.0]), 0.0).tolist()
    [0.0, 1.0, 2.0, 0.0]
    """
    rows = np.arange(len(values))
    moved = np.concatenate([[True], np.abs(np.diff(values)) > tolerance])
    return np.asarray(rows - np.maximum.accumulate(np.where(moved, rows, 0)), dtype=float)


@dataclass(frozen=True)
class StandstillScale:
    """How long a column has stood still before.

    Attributes
    ----------
    runs : numpy.ndarray of float64, shape (n,)
        Rows without a move, in every row; sorted.
    stay : float
        Share of the rows without a move that were followed by another.

    Notes
    -----
    A run weighs by the share of those as long; beyond the longest, more by the logarithm of how much less likely it
    would be if every row were a new throw (a geometric distribution).

    >>> scale = StandstillScale.of(np.r_[np.zeros(94), np.arange(6.0)])
    >>> scale.evidence(np.array([3.0, 5.0, 20.0])).round(1).tolist()
    [0.0, 3.9, 5.8]
    """

    runs: Floats
    stay: float

    @classmethod
    def of(cls, runs: Floats) -> StandstillScale:
        """Take the runs of a column.

        Parameters
        ----------
        runs : numpy.ndarray of float64, shape (n,)
            Rows without a move, in the order of time.
        """
        return cls(np.sort(runs), float(((runs > 1).sum() + 1) / ((runs > 0).sum() + 2)))

    def evidence(self, runs: Floats, *, own: bool = False) -> Floats:
        """Minus the natural logarithm of the chance of as long a run; 0 for a few rows.

        Parameters
        ----------
        runs : numpy.ndarray of float64, shape (n,)
        own : bool
            Whether they are those that the scale was made of.
        """
        n, more = len(self.runs), 0 if own else 1
        as_long = n - np.searchsorted(self.runs, runs, side="left") + more
        known = -np.log(as_long / (n + more))
        thrown = -runs * np.log(self.stay)
        highest = self.runs[-1] if not own else np.max(self.runs, where=self.runs < self.runs[-1], initial=0.0)
        beyond = np.where(runs > highest, np.log1p(np.maximum(thrown - known, 0.0)), 0.0)
        return np.asarray(np.where(runs < FEW, 0.0, known + beyond))
