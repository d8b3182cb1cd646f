"""A panel in a few sentences: how many series, how long, from when to when, and what looks odd."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.result import Result
from shared.typing import Floats, Ints

__all__ = ["PanelSummary"]


@dataclass(frozen=True, repr=False)
class PanelSummary(Result):
    """What a panel holds.

    Attributes
    ----------
    series, rows : int
    shortest, longest : int
        Rows of a series.
    first, last : str
        Stamps, in the user's zone.
    step : str
        Of the grid.
    low, mean, high : float
        Of all values.
    constant, with_zeros, with_negatives : int
        Series that never change, and those that hold zeros or negative values.

    >>> import pandas as pd
    >>> from shared.data.panel import Panel
    >>> table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=3), "y": [1.0, 0.0, 2.0]})
    >>> print(Panel.from_frame(table).summary().explain())
    1 series of 3 rows, one every 1 day, from 2024-01-01 00:00:00 to 2024-01-03 00:00:00; values from 0 to 2, on average
    1. 1 series hold zeros.
    """

    series: int
    rows: int
    shortest: int
    longest: int
    first: str
    last: str
    step: str
    low: float
    mean: float
    high: float
    constant: int
    with_zeros: int
    with_negatives: int

    @classmethod
    def of(cls, values: Floats, indptr: Ints, *, first: str, last: str, step: str) -> PanelSummary:
        """Summarise the values of series; a few numbers a series are held, whatever its length.

        Parameters
        ----------
        values : numpy.ndarray of float64, shape (n_rows,)
        indptr : numpy.ndarray of int64, shape (n_series + 1,)
            Where each series begins and ends among them.
        first, last, step : str
            Stamps and grid, for people.
        """
        begin = indptr[:-1]
        lows, highs = np.minimum.reduceat(values, begin), np.maximum.reduceat(values, begin)
        zeros = np.add.reduceat((values == 0).astype(np.int32), begin) > 0
        lengths = np.diff(indptr)
        return cls(
            len(begin),
            len(values),
            int(lengths.min()),
            int(lengths.max()),
            first,
            last,
            step,
            float(lows.min()),
            float(values.mean()),
            float(highs.max()),
            int((lows == highs).sum()),
            int(zeros.sum()),
            int((lows < 0).sum()),
        )

    def explain(self) -> str:
        """Say it in sentences."""
        length = f"{self.longest:,}" if self.shortest == self.longest else f"{self.shortest:,} to {self.longest:,}"
        odd = [
            f"{count:,} series {what}"
            for count, what in (
                (self.constant, "never change"),
                (self.with_zeros, "hold zeros"),
                (self.with_negatives, "hold negative values"),
            )
            if count
        ]
        return (
            f"{self.series:,} series of {length} rows, one every {self.step}, from {self.first} to {self.last}; values"
            f" from {self.low:.4g} to {self.high:.4g}, on average {self.mean:.4g}."
            + (f" {', '.join(odd)}." if odd else "")
        )
