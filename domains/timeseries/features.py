"""A table of features for people's own models: key, stamp, value, and what was known one step before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.timeseries.kernels import Canvas, feature_names, origin_block, target_block
from domains.timeseries.recipe import Recipe
from shared.data import columns as names
from shared.data.panel import Panel, SeriesColumns
from shared.errors import DataError, Problem

__all__ = ["lag_features"]


def lag_features(
    table: Any,
    recipe: Recipe,
    *,
    unique_id: str = names.UNIQUE_ID,
    ds: str = names.DS,
    y: str = names.Y,
    freq: str | int | None = None,
    tz: str | None = None,
) -> pd.DataFrame:
    """Features of every row from the rows before it, for a regressor of your own.

    Parameters
    ----------
    table : frame
        Rows of ``unique_id, ds, y`` and the recipe's variables, in any order; left unchanged.
    recipe : Recipe
        The features; all of them end before the row that they belong to, but the calendar and variables known in the
        future, which are read at the row itself.
    unique_id, ds, y : str
        Column names.
    freq : str or int, optional
        Step of the grid; recognised where left out.
    tz : str, optional
        Zone of naive stamps.

    Returns
    -------
    pandas.DataFrame
        Key, stamp, value and one float64 column a feature, sorted by key and stamp; rows without all features, at the
        beginning of each series, are left out.

    Raises
    ------
    DataError
        Everything that is wrong with the table; or no row has all features.

    >>> table = pd.DataFrame({"ds": [1, 2, 3, 4], "y": [1.0, 2.0, 4.0, 8.0]})
    >>> lag_features(table, Recipe(lags=(1, 2)))["y lag 2"].tolist()
    [1.0, 2.0]
    """
    columns = SeriesColumns(unique_id, ds, y, recipe.exogenous_columns)
    panel = Panel.from_frame(table, columns, freq=freq, tz=tz)
    steps = recipe.resolve(panel.frequency)
    # Rows before that lack some window for sure; what else lacks one is found by its gaps.
    reach = max([1, *steps.lags, *(window.steps + window.lag - 1 for window in steps.rolling)])
    long = np.maximum(panel.lengths - reach, 0)
    series = np.repeat(np.arange(panel.n_series), long)
    within = np.arange(len(series)) - np.repeat(np.cumsum(long) - long, long) + reach
    begin = panel.indptr[series]
    rows = begin + within
    canvas = Canvas.on(panel.frequency, panel.values, panel.exogenous, panel.ordinals())
    X = origin_block(canvas, steps, rows, begin)
    at_row = target_block(canvas, steps, rows, np.zeros(len(rows), dtype=np.int64), begin)
    if at_row.shape[1]:
        X = np.hstack([X, at_row])
    if panel.exogenous or steps.seasonal:
        full = np.isfinite(X).all(axis=1)
        X, rows, series = X[full], rows[full], series[full]
    if len(rows) == 0:
        raise DataError("series table", [Problem(
            f"no row has all features; the longest of {panel.n_series:,} series has {int(panel.lengths.max()):,} rows",
            mend="Give longer histories, or a recipe with shorter lags, seasons and windows.",
        )])  # fmt: skip
    made = panel.key_frame(series, canvas.ordinals[rows])
    made[y] = panel.values[rows]
    origin, target = feature_names(steps, y)
    return pd.concat([made, pd.DataFrame(X, columns=origin + target, copy=False)], axis=1)
