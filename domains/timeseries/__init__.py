"""Forecasting with lag features on panels of series, with baselines and honest intervals."""

from domains.timeseries.automatic import AutoForecaster, Choice
from domains.timeseries.baselines import Drift, HistoricalMean, Naive2, SeasonalMean, SeasonalNaive, SimilarDay
from domains.timeseries.bidding import FlexibleLoad, flexible_load
from domains.timeseries.drivers import drivers, follows
from domains.timeseries.features import lag_features
from domains.timeseries.forecast import Forecast
from domains.timeseries.horizon import horizon_parts
from domains.timeseries.lag_forecaster import LagForecaster
from domains.timeseries.metrics import forecast_metric
from domains.timeseries.natural import LogNormal, NaturalGradientBoosting, Normal
from domains.timeseries.per_series import PerSeries
from domains.timeseries.power import estimate_power
from domains.timeseries.quantile_boosting import QuantileBoosting
from domains.timeseries.recipe import Exogenous, Fourier, Recipe, Rolling
from domains.timeseries.reliability import Reliability, reliability
from domains.timeseries.reserve import Reserve, reserve_needed
from domains.timeseries.ridge import StandardizedRidge
from domains.timeseries.task import ForecastTask

__all__ = [
    "AutoForecaster",
    "Choice",
    "Drift",
    "Exogenous",
    "FlexibleLoad",
    "Forecast",
    "ForecastTask",
    "Fourier",
    "HistoricalMean",
    "LagForecaster",
    "LogNormal",
    "Naive2",
    "NaturalGradientBoosting",
    "Normal",
    "PerSeries",
    "QuantileBoosting",
    "Recipe",
    "Reliability",
    "Reserve",
    "Rolling",
    "SeasonalMean",
    "SeasonalNaive",
    "SimilarDay",
    "StandardizedRidge",
    "drivers",
    "estimate_power",
    "flexible_load",
    "follows",
    "forecast_metric",
    "horizon_parts",
    "lag_features",
    "reliability",
    "reserve_needed",
]


def __dir__() -> list[str]:
    return sorted(__all__)
