"""Signs of an anomaly in every row of a series, and how much they weigh against those of its past."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from domains.anomaly.evidence import ScoreScale
from domains.anomaly.series.peaks import Peaks
from domains.anomaly.series.standstill import StandstillScale
from domains.anomaly.series.tail import TailScale
from shared.typing import Floats

__all__ = ["KINDS", "SignScales", "Signs"]

KINDS = ("stretch", "value", "standstill")
# Evidence below which a single value, or a standstill, says nothing beside its stretch: one row of fifty has it.
COMMON = float(np.log(50))


@dataclass(frozen=True)
class Signs:
    """Three signs of each row; not a number where its stretch is not known, or was mostly filled in.

    Attributes
    ----------
    stretch : numpy.ndarray of float64, shape (n,)
        Distance of the stretch around it to the nearest ones.
    value : numpy.ndarray of float64, shape (n,)
        Distance of its value from what is usual after such rows.
    standstill : numpy.ndarray of float64, shape (n, n_columns)
        Rows for which a column has not moved.

    >>> len(Signs(np.zeros(3), np.zeros(3), np.zeros((3, 1))).rows(slice(1, 3)).stretch)
    2
    """

    stretch: Floats
    value: Floats
    standstill: Floats

    def rows(self, which: slice) -> Signs:
        """Those of some rows.

        Parameters
        ----------
        which : slice
        """
        return Signs(self.stretch[which], self.value[which], self.standstill[which])


@dataclass(frozen=True)
class SignScales:
    """What the signs of a series have been, against which those of other rows are judged.

    Attributes
    ----------
    stretch : TailScale
    value : ScoreScale
    standstill : tuple of StandstillScale
        One a column.
    peaks : Peaks
        Of the sum of their evidence.

    >>> rng = np.random.default_rng(0)
    >>> past = Signs(rng.random(100), rng.random(100), np.zeros((100, 1)))
    >>> scales = SignScales.of(past, 5)
    >>> odd = Signs(np.array([0.5, 9.0]), np.array([0.5, 0.5]), np.zeros((2, 1)))
    >>> scales.peaks.rates(scales.parts(odd).sum(axis=1)).round(2).tolist()
    [1.0, 0.01]
    """

    stretch: TailScale
    value: ScoreScale
    standstill: tuple[StandstillScale, ...]
    peaks: Peaks

    @classmethod
    def of(cls, past: Signs, window: int) -> SignScales:
        """Make the scales of what has been.

        Parameters
        ----------
        past : Signs
            Of rows compared with others than themselves, in the order of time.
        window : int
            Rows of a stretch.
        """
        known = ~np.isnan(past.stretch)
        stretch, value = (one[known] if known.any() else np.zeros(1) for one in (past.stretch, past.value))
        still = tuple(StandstillScale.of(column) for column in past.standstill.T)
        made = cls(TailScale.of(stretch, 2 * window), ScoreScale.of(value), still, Peaks(np.empty(0), 0))
        return replace(made, peaks=Peaks.of(made.parts(past, own=True).sum(axis=1), window))

    @property
    def clear(self) -> float:
        """Sign of a value from which it counts by itself."""
        return float(np.quantile(self.value.scores, 1 - np.exp(-COMMON)))

    def parts(self, signs: Signs, *, own: bool = False) -> Floats:
        """Evidence of each sign, which adds up; a value or a standstill counts beyond what one row of fifty has.

        Parameters
        ----------
        signs : Signs
        own : bool
            Whether they are those that the scales were made of: each is judged by the others then.

        Returns
        -------
        numpy.ndarray of float64, shape (n, 3)
            In the order of `KINDS`.
        """
        read = ScoreScale.own_evidence if own else ScoreScale.evidence
        columns = zip(self.standstill, signs.standstill.T, strict=True)
        still = np.max([scale.evidence(runs, own=own) for scale, runs in columns], axis=0)
        known = ~np.isnan(signs.stretch)
        parts = np.zeros((len(known), 3))
        parts[known, 0] = self.stretch.evidence(signs.stretch[known])
        parts[known, 1] = np.maximum(read(self.value, signs.value[known]) - COMMON, 0.0)
        parts[:, 2] = np.maximum(still - COMMON, 0.0)
        return parts
