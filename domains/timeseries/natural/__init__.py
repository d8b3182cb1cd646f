"""Natural-gradient boosting of whole distributions, on histograms."""

from domains.timeseries.natural.booster import NaturalGradientBoosting
from domains.timeseries.natural.distributions import LogNormal, Normal

__all__ = ["LogNormal", "NaturalGradientBoosting", "Normal"]
