"""Metrics bound to their parameters, as the runner takes them: by name, with what they need from the training data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from shared.data import columns as names
from shared.data.columns import SeriesColumns
from shared.errors import HexadError, SettingsError
from shared.evaluation import metrics

__all__ = ["Scorer", "scorer"]

POINT: dict[str, Callable[..., float]] = {
    "mae": metrics.mae,
    "rmse": metrics.rmse,
    "r2": metrics.r2,
    "mape": metrics.mape,
    "smape": metrics.smape,
}
SCALED: dict[str, Callable[..., float]] = {"mase": metrics.mase, "rmsse": metrics.rmsse}
INTERVAL: dict[str, Callable[..., float]] = {
    "coverage": metrics.coverage,
    "interval_score": metrics.interval_score,
    "msis": metrics.msis,
}


@dataclass(frozen=True)
class Scorer:
    """One metric with its parameters; build it with `scorer`.

    Attributes
    ----------
    name : str
        Name in the score table.
    metric : str
        Name of the function in `shared.evaluation.metrics`.
    seasonality : int
        Steps in a season, for scaled metrics.
    level : float, optional
        Nominal coverage in percent, for interval metrics.

    >>> scorer("coverage", level=90).name
    'coverage-90'
    """

    name: str
    metric: str
    seasonality: int = 1
    level: float | None = None

    @property
    def scaled(self) -> bool:
        """Whether it needs a scale from the training data."""
        return self.metric in SCALED or self.metric == "msis"

    def scales(self, train: pd.DataFrame, columns: SeriesColumns) -> dict[Any, float] | None:
        """Scale of each series from its training rows; None where the metric has none."""
        if not self.scaled:
            return None
        ordered = train.sort_values(columns.ds, kind="stable")
        squared = self.metric == "rmsse"
        if columns.unique_id not in train.columns:
            return {None: metrics.naive_scale(ordered[columns.y], self.seasonality, squared=squared)}
        found = {}
        for key, values in ordered.groupby(columns.unique_id, observed=True)[columns.y]:
            try:
                found[key] = metrics.naive_scale(values, self.seasonality, squared=squared)
            except HexadError as error:
                raise HexadError(f"series {key!r}: {error}") from error
        return found

    def score(self, predictions: pd.DataFrame, columns: SeriesColumns, scales: dict[Any, float] | None = None) -> float:
        """Score predictions: the mean of the metric over all series.

        Rows without an actual value or a prediction are an error of the metric, not left out.
        """
        true = predictions[columns.y]
        if self.scaled and scales is None:
            raise HexadError(f"{self.name} needs the scales of the series; see Scorer.scales")
        options: dict[str, Any] = {}
        if self.metric in INTERVAL:
            level = self.level if self.level is not None else 90.0
            low, high = names.interval_columns(level)
            if low not in predictions.columns or high not in predictions.columns:
                raise HexadError(
                    f"{self.name} needs the columns {low!r} and {high!r}; forecast with levels=({level:g},)"
                )
            arrays = [true, predictions[low], predictions[high]]
            function = INTERVAL[self.metric]
            if self.metric != "coverage":
                options["level"] = level
        else:
            arrays = [true, predictions[names.MEAN]]
            function = POINT.get(self.metric) or SCALED[self.metric]
        if columns.unique_id in predictions.columns:
            series = predictions[columns.unique_id]
            return float(metrics.per_series(function, series, *arrays, scale=scales, **options).mean())
        if scales is not None:
            options["scale"] = scales[None]
        return function(*arrays, **options)


def scorer(metric: str, *, seasonality: int = 1, level: float | None = None, name: str | None = None) -> Scorer:
    """Bind a metric to its parameters.

    Parameters
    ----------
    metric : str
        "mae", "rmse", "r2", "mape", "smape", "mase", "rmsse", "coverage", "interval_score" or "msis".
    seasonality : int
        Steps in a season, for "mase", "rmsse" and "msis".
    level : float, optional
        Nominal coverage in percent, which "coverage", "interval_score" and "msis" need.
    name : str, optional
        Name in the score table; that of the metric where left out.

    Raises
    ------
    SettingsError
        There is no such metric, or its level is missing.

    >>> scorer("mase", seasonality=336)
    Scorer(name='mase', metric='mase', seasonality=336, level=None)
    """
    known = [*POINT, *SCALED, *INTERVAL]
    if metric not in known:
        raise SettingsError(f"there is no metric {metric!r}; there are {', '.join(known)}")
    if metric in INTERVAL:
        if level is None:
            raise SettingsError(f"metric {metric!r} needs level=, the nominal coverage in percent")
        if not 0 < level < 100:
            raise SettingsError(f"level={level} does not lie between 0 and 100 percent")
        return Scorer(name or f"{metric}-{level:g}", metric, seasonality, level)
    return Scorer(name or metric, metric, seasonality)
