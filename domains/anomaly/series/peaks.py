"""How often something as odd comes in a series: rows that lie together count once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.typing import Floats

__all__ = ["Peaks"]


@dataclass(frozen=True)
class Peaks:
    """The peaks of scores along a series, against which other rows are judged.

    Attributes
    ----------
    heights : numpy.ndarray of float64, shape (n_peaks,)
        Sorted; scores that no row within a stretch exceeds.
    n_rows : int
        Rows that were scored.

    Notes
    -----
    One odd value is seen in every stretch that holds it. Were each of these rows to count, a single incident would
    make the next one ordinary. So what counts is incidents a row, as in extreme-value statistics, where runs over a
    threshold are counted as one (runs declustering: Smith & Weissman 1994, JRSS B 56).

    >>> peaks = Peaks.of(np.array([0.1, 0.2, 5.0, 4.0, 0.2, 0.1, 0.3, 0.2, 0.1]), 2)
    >>> peaks.heights.tolist(), peaks.rates(np.array([0.0, 4.0, 6.0])).round(1).tolist()
    ([0.3, 5.0], [1.0, 0.2, 0.1])
    """

    heights: Floats
    n_rows: int

    @classmethod
    def of(cls, scores: Floats, window: int) -> Peaks:
        """Take the peaks of scores.

        Parameters
        ----------
        scores : numpy.ndarray of float64, shape (n,)
            In the order of time, none negative; at least one.
        window : int
            Rows within which a peak is the highest.
        """
        from scipy.ndimage import maximum_filter1d

        highest = maximum_filter1d(scores, 2 * window + 1, mode="nearest")
        top = (scores == highest) & (scores > 0)
        top[1:] &= (scores[1:] != scores[:-1]) | ~top[:-1]  # of several as high side by side the first
        return cls(np.sort(scores[top]), len(scores))

    def rates(self, scores: Floats, *, own: bool = False) -> Floats:
        """Incidents a row that are as odd, the row itself included; 1 for rows below every peak.

        Parameters
        ----------
        scores : numpy.ndarray of float64, shape (n,)
        own : bool
            Whether they are those that the peaks were taken of.
        """
        more = 0 if own else 1
        as_high = len(self.heights) - np.searchsorted(self.heights, scores, side="left")
        rates = (as_high + more) / (self.n_rows + more)
        ordinary = scores < self.heights[0] if len(self.heights) else scores <= 0
        return np.asarray(np.where(ordinary, 1.0, rates))
