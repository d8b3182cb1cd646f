"""From distances to evidence by the tail that most of them show, so that odd ones of before do not hide new ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.typing import Floats

__all__ = ["TailScale"]

MIDDLE, HIGH = 0.5, 0.9
# The 90 % quantile lies at the most so many times as far above the median as the 10 % quantile below; else it is odd.
SKEWED = 3.0
ROUGH = 1e-3  # where all distances are alike, in spreads of the series


@dataclass(frozen=True)
class TailScale:
    """Distances of a series' stretches, and how fast they get rarer between their median and their 90 % quantile.

    Attributes
    ----------
    scores : numpy.ndarray of float64, shape (n,)
        Sorted.
    high : float
        Their 90 % quantile.
    unit : float
        Distance on which those beyond it fall to 1/e, if they go on as between the median and there.

    Notes
    -----
    An exponential tail through two quantiles. A tenth of the rows may be odd without a say in what is.

    >>> scale = TailScale.of(np.random.default_rng(0).exponential(size=10_000))
    >>> scale.evidence(np.array([0.1, 5.0, 20.0])).round(1).tolist()
    [0.1, 5.0, 19.9]
    """

    scores: Floats
    high: float
    unit: float

    @classmethod
    def of(cls, scores: Floats, reach: int = 0) -> TailScale:
        """Make a scale of distances.

        Parameters
        ----------
        scores : numpy.ndarray of float64, shape (n,)
            In any order; at least one.
        reach : int
            Rows to which a single odd value may give a great distance: where they are more than a tenth, the upper
            quantile is held against the lower one.
        """
        ordered = np.sort(scores)
        low, middle, high = (float(one) for one in np.quantile(ordered, [1 - HIGH, MIDDLE, HIGH]))
        if reach > (1 - HIGH) * len(ordered) and middle > low:
            high = min(high, middle + SKEWED * (middle - low))
        unit = (high - middle) / np.log((1 - MIDDLE) / (1 - HIGH))
        if not unit > 0:
            unit = float(ordered.std()) or ROUGH
        return cls(ordered, high, unit)

    def evidence(self, scores: Floats) -> Floats:
        """Minus the natural logarithm of the chance of as great a distance.

        Parameters
        ----------
        scores : numpy.ndarray of float64, shape (n,)
        """
        n = len(self.scores)
        chance = (1 + n - np.searchsorted(self.scores, scores, side="left")) / (1 + n)
        beyond = np.maximum(scores - self.high, 0.0) / self.unit
        return np.asarray(beyond - np.log(np.clip(chance, 1 - HIGH, 1.0)))
