"""The mean of small counts: what sells now and then, whose median is zero while its sum is what people plan by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from domains.timeseries.automatic.past import Past
from shared.data.frequency import MAX_STEPS
from shared.runtime.array_of import ArrayOf
from shared.typing import Bools, Floats

__all__ = ["CountMean", "find_counts"]

# Counts up to about which the median lies well beside the mean.
FEW = 10
# Weights of the newest value that are tried; 0 is the plain mean of the past.
WEIGHTS = (0.0, 0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True)
class CountMean:
    """Smoothed means of series of small counts, with the places of a season where these differ.

    The smoothing weight is the one whose one-step forecasts have the least squared error over all series; until it is
    reached the plain mean of the past counts. Places in a season count as far as their means differ by more than chance
    makes them.

    Attributes
    ----------
    weight : float
        Of the newest value; 0 for the plain mean.
    season : int
        Steps.
    share : float
        Of the seasonal differences that is believed, from 0 to 1.

    Notes
    -----
    Source: Teunter, Syntetos & Babai (2011), European Journal of Operational Research 214(3), with one weight for size
    and demand, which makes it simple exponential smoothing: unbiased at every origin, and it fades where nothing sells.

    >>> past = Past(np.array([0.0, 1, 0, 0] * 10), np.array([0]), np.array([40]), np.array([0]))
    >>> CountMean.learn(past, 1).forecast(past, 2).round(9).tolist()
    [[0.25, 0.25]]
    """

    weight: float
    season: int
    share: float

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its numbers; checked when a model is loaded."""
        return {
            "weight": ArrayOf("f", (), low=0, high=1),
            "season": ArrayOf("i", (), low=1, high=MAX_STEPS),
            "share": ArrayOf("f", (), low=0, high=1),
        }

    @classmethod
    def learn(cls, past: Past, season: int) -> CountMean:
        """Choose the weight, and how much of a season to believe.

        Parameters
        ----------
        past : Past
            Series of counts.
        season : int
            Steps; 1 for none.
        """
        if len(past.begin) == 0:
            return cls(0.0, 1, 0.0)
        from domains.timeseries.automatic.kernels import seasonal_variance, smooth

        losses = [smooth(past.values, past.begin, past.end, weight)[1] for weight in WEIGHTS]
        scale = np.where(losses[0] > 0, losses[0], np.inf)
        relative = [float(np.mean(loss / scale)) for loss in losses]
        weight = WEIGHTS[int(np.argmin(relative))]
        share = 0.0
        if season > 1:
            between, noise = seasonal_variance(past.values, past.begin, past.end, season)
            share = float(max(0.0, between - noise) / between) if between > 0 else 0.0
        return cls(weight, season, share)

    def forecast(self, past: Past, horizon: int) -> Floats:
        """Means of what is to come, shape (n_series, horizon)."""
        from domains.timeseries.automatic.kernels import seasonal_effects, smooth

        level, _ = smooth(past.values, past.begin, past.end, self.weight)
        means = np.repeat(level[:, None], horizon, axis=1)
        if self.share > 0:
            means += self.share * seasonal_effects(past.values, past.begin, past.end, self.season, horizon)
        return np.maximum(means, 0.0)


def find_counts(past: Past) -> Bools:
    """Which series are of small counts (whole numbers from zero, ten at most in the median) or zero half of the time.

    >>> find_counts(Past(np.array([0.0, 2.0, 0.5, 1.0]), np.array([0, 2]), np.array([2, 4]), np.array([0, 1]))).tolist()
    [True, False]
    """
    found = [past.values[begin:end] for begin, end in zip(past.begin, past.end, strict=True)]
    medians = [float(np.median(own)) if own.min() >= 0 else np.inf for own in found]
    return np.array(
        [
            middle == 0 or (middle <= FEW and bool((own == np.rint(own)).all()))
            for middle, own in zip(medians, found, strict=True)
        ]
    )
