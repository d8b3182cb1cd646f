"""Errors of forecasts, scaled by what the seasonal naive gets wrong inside the training data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from shared.data import columns as names
from shared.data.columns import SeriesColumns
from shared.data.splits import Split
from shared.errors import HexadError, SettingsError
from shared.evaluation.metrics import ArrayMetric, Metric, interval_score, mae, metric, rmse
from shared.evaluation.metrics.base import check_arrays, group_rows
from shared.evaluation.metrics.registry import INTERVAL, check_level, split_name

__all__ = ["ScaledMetric", "forecast_metric", "mase", "msis", "naive_scale", "owa", "rmsse", "seasonal_change"]

DEFAULT_COLUMNS = SeriesColumns()
POINT = ("mae", "rmse", "r2", "mape", "smape")
# Squared errors are least around the mean, absolute ones around the median: each is measured where it is least.
SQUARED = ("rmse", "r2", "rmsse")


def seasonal_change(values: ArrayLike, season: int, *, squared: bool = False) -> float:
    """Mean absolute (or squared) change of a series over a season; NaN where it is no longer than that.

    Parameters
    ----------
    values : array of shape (n,)
        One series, in time order.
    season : int
        Steps.
    squared : bool

    >>> seasonal_change([1.0, 2.0, 4.0], 1)
    1.5
    """
    own = np.asarray(values, dtype=float)
    if len(own) <= season:
        return float("nan")
    change = own[season:] - own[:-season]
    return float(np.mean(change**2 if squared else np.abs(change)))


def naive_scale(y_train: ArrayLike, seasonality: int, *, squared: bool = False) -> float:
    """Mean absolute (or squared) error of the seasonal naive inside the training data: MASE's denominator.

    Parameters
    ----------
    y_train : array of shape (n,)
        One series, in time order.
    seasonality : int
        Steps in a season, m; 1 for none.
    squared : bool
        Mean squared instead of mean absolute error, as RMSSE needs it.

    Raises
    ------
    HexadError
        The series is no longer than a season, or repeats itself exactly, so that the scale is zero.

    Notes
    -----
    Source: Hyndman & Koehler (2006), International Journal of Forecasting 22(4), section 3.

    >>> naive_scale([1, 2, 4], 1)
    1.5
    """
    (train,) = check_arrays(y_train)
    if seasonality < 1 or len(train) <= seasonality:
        raise HexadError(f"the scale needs more than one season of {seasonality} steps; there are {len(train)} rows")
    scale = seasonal_change(train, seasonality, squared=squared)
    if scale == 0:
        raise HexadError("MASE is not defined: the training data repeat themselves exactly; use MAE instead")
    return scale


def mase(y_true: ArrayLike, y_pred: ArrayLike, *, scale: float) -> float:
    """Mean absolute scaled error: MAE over the naive's error inside the training data (see `naive_scale`).

    Source: Hyndman & Koehler (2006), International Journal of Forecasting 22(4), section 3.

    >>> mase([1, 2], [2, 4], scale=naive_scale([1, 2, 4], 1))
    1.0
    """
    return mae(y_true, y_pred) / _positive(scale)


def rmsse(y_true: ArrayLike, y_pred: ArrayLike, *, scale: float) -> float:
    """Root mean squared scaled error; `scale` is the naive's mean squared error (``squared=True``).

    Source: Makridakis, Spiliotis & Assimakopoulos (2022), The M5 accuracy competition, equation 1.

    >>> rmsse([1, 2], [2, 3], scale=4.0)
    0.5
    """
    return rmse(y_true, y_pred) / float(np.sqrt(_positive(scale)))


def owa(smape_value: float, mase_value: float, *, naive2_smape: float, naive2_mase: float) -> float:
    """Overall weighted average of M4: mean of sMAPE and MASE relative to Naive2's.

    Source: Makridakis, Spiliotis & Assimakopoulos (2020), International Journal of Forecasting 36(1), section 2.

    >>> owa(9.0, 1.2, naive2_smape=18.0, naive2_mase=2.4)
    0.5
    """
    if not (np.isfinite(smape_value) and np.isfinite(mase_value)):
        raise HexadError(f"OWA needs finite values, but sMAPE is {smape_value} and MASE {mase_value}")
    return float((smape_value / _positive(naive2_smape) + mase_value / _positive(naive2_mase)) / 2)


def msis(y_true: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, level: float, scale: float) -> float:
    """Mean scaled interval score of M4: the interval score over MASE's scale.

    Source: Makridakis, Spiliotis & Assimakopoulos (2020), International Journal of Forecasting 36(1), equation 6.

    >>> round(msis([1, 3], [0, 0], [2, 2], level=90, scale=2.0), 9)
    6.0
    """
    return interval_score(y_true, lower, upper, level=level) / _positive(scale)


@dataclass(frozen=True)
class ScaledMetric(ArrayMetric):
    """A metric whose function takes a ``scale=``: the seasonal naive's error on the training rows of the same series.

    Parameters
    ----------
    seasonality : int
        Steps in a season.
    squared : bool
        Whether the scale is a mean squared error.
    ds, y : str
        Columns of the training rows; `unit` is their key.

    >>> frame = pd.DataFrame({"ds": [1, 2, 3], "y": [1.0, 2.0, 4.0], "mean": [1.0, 2.0, 1.0]})
    >>> found = ScaledMetric("mase", mase, ("y", "mean"))
    >>> found.units(frame, found.prepare(frame)).tolist()
    [0.666...]
    """

    seasonality: int = 1
    squared: bool = False
    ds: str = names.DS
    y: str = names.Y

    def prepare(self, train: pd.DataFrame) -> dict[Any, float]:
        """Scale of each series, from its training rows; of a table without the key column under None.

        Series that are no longer than a season, or repeat themselves exactly, have none, and are left out.

        Raises
        ------
        HexadError
            No series has a scale.
        """
        ordered = train.sort_values(self.ds, kind="stable")
        if self.unit is None or self.unit not in train.columns:
            return {None: naive_scale(ordered[self.y], self.seasonality, squared=self.squared)}
        found, last = {}, None
        for key, values in ordered.groupby(self.unit, observed=True)[self.y]:
            try:
                found[key] = naive_scale(values, self.seasonality, squared=self.squared)
            except HexadError as error:
                last = HexadError(f"series {key!r}: {error}")
        if not found and last is not None:
            raise last
        return found

    def units(self, predictions: pd.DataFrame, prepared: Mapping[Any, float] | None = None) -> pd.Series[float]:
        """One value a series.

        Raises
        ------
        HexadError
            There are no scales, or none of these series.
        """
        if prepared is None:
            raise HexadError(f"{self.name} needs the scales of the series; see ScaledMetric.prepare")
        arrays, keys = self._arrays(predictions), self._keys(predictions)
        if keys is None:
            return pd.Series([self.function(*arrays, scale=prepared[None], **self.options)], dtype=float)
        columns = [array.to_numpy(dtype=float) for array in arrays]
        groups = list(group_rows(keys))
        groups = [(key, rows) for key, rows in groups if key in prepared]
        if not groups:
            raise HexadError(f"{self.name} is not defined for any of these series: see ScaledMetric.prepare")
        values = [
            self.function(*(column[rows] for column in columns), scale=prepared[key], **self.options)
            for key, rows in groups
        ]
        return pd.Series(values, index=[key for key, _ in groups], dtype=float)

    def notes(self, predictions: pd.DataFrame, prepared: Mapping[Any, float] | None = None) -> tuple[str, ...]:
        """Say which series have no scale.

        Parameters
        ----------
        predictions : pandas.DataFrame
        prepared : mapping of object to float
        """
        keys = self._keys(predictions)
        if keys is None or prepared is None:
            return ()
        lost = [key for key in keys.drop_duplicates() if key not in prepared]
        return (f"{self.name} left out {say_series(lost)} without {SCALE_TOLD}",) if lost else ()


# What a scaled error needs of a series, and why it may have none.
SCALE_TOLD = "a scale before the first split (none of its rows, a constant, or no more than a season)"


def say_series(keys: Sequence[Any]) -> str:
    """Name some series.

    >>> say_series(["a"]), say_series(list("abcdefg"))
    ("1 series ('a')", "7 series ('a', 'b', 'c', ...)")
    """
    shown = ", ".join(repr(key) for key in keys[:3]) + (", ..." if len(keys) > 3 else "")
    return f"{len(keys):,} series ({shown})"


SCALED: Mapping[str, tuple[Callable[..., float], bool]] = {
    "mase": (mase, False),
    "rmsse": (rmsse, True),
    "msis": (msis, False),
}


def forecast_metric(
    name: str,
    columns: SeriesColumns = DEFAULT_COLUMNS,
    *,
    seasonality: int = 1,
    level: float | None = None,
    label: str | None = None,
) -> ArrayMetric:
    """Make a metric of forecasts by its name: "mase", "rmsse" and "msis", and what `shared.evaluation.metric` knows.

    Squared errors ("rmse", "r2", "rmsse") are those of the mean, absolute ones those of the median.

    Parameters
    ----------
    name : str
        With its level behind it where it has one, as in "coverage-90".
    columns : SeriesColumns
        Names of the table's columns; every series counts alike.
    seasonality : int
        Steps in a season, for the scaled ones.
    level : float, optional
        Nominal coverage in percent.
    label : str, optional
        Name in the score table; the metric's own where left out.

    Raises
    ------
    SettingsError
        There is no such metric, or its level is missing.

    >>> forecast_metric("mase", seasonality=336).seasonality
    336
    """
    base, level, _ = split_name(name, level, None)
    point = names.MEAN if base in SQUARED else names.MEDIAN
    reads: tuple[str, ...] = (columns.y, point)
    options: dict[str, Any] = {}
    shown = base
    if base == "msis" or base in INTERVAL:
        level = check_level(base, level)
        reads = (columns.y, *names.interval_columns(level))
        options, shown = {"level": level}, f"{base}-{level:g}"
    if base in POINT or base in INTERVAL:
        return metric(base, reads=reads, unit=columns.unique_id, level=level, label=label)
    if base not in SCALED:
        raise SettingsError(
            f"there is no metric {name!r} of forecasts; there are {', '.join([*POINT, *SCALED, *INTERVAL])}"
        )
    function, squared = SCALED[base]
    return ScaledMetric(
        label or shown,
        function,
        reads,
        unit=columns.unique_id,
        options=options,
        seasonality=seasonality,
        squared=squared,
        ds=columns.ds,
        y=columns.y,
    )


def _positive(scale: float) -> float:
    if not 0 < scale < np.inf:
        raise HexadError(f"a scale has to be positive, but {scale} was given")
    return float(scale)


def refuse_undefined(
    metric: Metric, data: pd.DataFrame, splits: Sequence[Split], columns: SeriesColumns = DEFAULT_COLUMNS
) -> None:
    """Refuse, before any fit, a scaled error or R2 that no series of a split allows.

    Parameters
    ----------
    metric : Metric
    data : pandas.DataFrame
    splits : sequence of Split
    columns : SeriesColumns

    Raises
    ------
    HexadError

    >>> table = pd.DataFrame({"ds": range(4), "y": [1.0, 2.0, 3.0, 3.0]})
    >>> refuse_undefined(forecast_metric("r2"), table, [Split(2, np.array([0, 1]), np.array([2, 3]))])
    Traceback (most recent call last):
    ...
    shared.errors.HexadError: r2 is not defined after 2: no outcomes vary there; use mae or rmse
    """
    if isinstance(metric, ScaledMetric) and metric.unit in data.columns:
        scaled = metric.prepare(data.iloc[splits[0].train])
        for split in splits:
            if not data[metric.unit].iloc[split.test].isin(list(scaled)).any():
                raise HexadError(
                    f"{metric.name} is not defined after {split.label}: no series there has {SCALE_TOLD}; use mae"
                )
    if not isinstance(metric, ArrayMetric) or not metric.varies:
        return
    key, y = columns.unique_id, columns.y
    for split in splits:
        test = data.iloc[split.test]
        kinds = test.groupby(key, observed=True)[y].nunique() if key in data.columns else test[y].nunique()
        if np.max(kinds) < 2:
            few = "there is one row" if len(test) == 1 else "no outcomes vary there"
            raise HexadError(f"{metric.name} is not defined after {split.label}: {few}; use mae or rmse")
