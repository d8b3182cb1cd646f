"""Forecasts without settings: a small set of members, chosen and combined inside the training data."""

from domains.timeseries.automatic.choice import Choice
from domains.timeseries.automatic.forecaster import AutoForecaster

__all__ = ["AutoForecaster", "Choice"]
