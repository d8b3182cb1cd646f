"""A table of features for people's own models: key, stamp, value, and what was known one step before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from domains.timeseries.kernels import Canvas, feature_names, fill_origin_block, origin_width, target_block
from domains.timeseries.recipe import Recipe, Steps
from domains.timeseries.task import repaired_before
from shared.data import columns as names
from shared.data.panel import Panel, SeriesColumns
from shared.errors import DataError, Problem
from shared.typing import Floats, Ints

__all__ = ["lag_features"]

PART = 20_000


def lag_features(
    table: object,
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
    roles = SeriesColumns(unique_id, ds, y, recipe.exogenous_columns, owner="lag_features")
    with repaired_before(roles):
        panel = Panel.from_frame(table, roles, freq=freq, tz=tz)
    steps = recipe.resolve(panel.frequency)
    # Rows before that lack some window for sure; what else lacks one is found by its gaps.
    reach = max([1, *steps.lags, *(window.steps + window.lag - 1 for window in steps.rolling)])
    long = np.maximum(panel.lengths - reach, 0)
    origin, target = feature_names(steps, y)
    made = _keys(panel, long, reach)
    columns = _fill(panel, steps, long, reach, len(origin) + len(target))
    named = dict(zip(origin + target, columns, strict=True))
    made = pd.DataFrame({**{name: made.pop(name) for name in list(made.columns)}, **named}, copy=False)
    if panel.exogenous or steps.seasonal:
        full = np.logical_and.reduce([np.isfinite(column) for column in columns])
        made = made if full.all() else made[full].reset_index(drop=True)
    if len(made) == 0:
        raise DataError(
            "series table",
            [
                Problem(
                    f"no row has all features; the longest of {panel.n_series:,} series has"
                    f" {int(panel.lengths.max()):,} rows",
                    fix="Give longer histories, or a recipe with shorter lags, seasons and windows.",
                )
            ],
        )
    return made


def _keys(panel: Panel, long: Ints, reach: int) -> pd.DataFrame:
    """Key, stamp and value of the rows from `reach` on of every series."""
    series = np.repeat(np.arange(panel.n_series), long)
    ordinals = np.arange(len(series))
    ordinals += (panel.starts + reach - (np.cumsum(long) - long))[series]
    made = panel.key_frame(series, ordinals)
    ordinals += (panel.indptr[:-1] - panel.starts)[series]
    made[panel.columns.y] = panel.values[ordinals]
    return made


def _fill(panel: Panel, steps: Steps, long: Ints, reach: int, width: int) -> list[Floats]:
    """Features of these rows, a column each, some series at a time: nothing else of their size is ever held."""
    columns = [np.empty(int(long.sum())) for _ in range(width)]
    ends = np.cumsum(long)
    # Clocks of the whole table are looked up only where a feature asks for them.
    canvas = Canvas(panel.frequency, panel.values, panel.exogenous, np.empty(0, dtype=np.int64))
    if steps.calendar or steps.fourier or steps.seasonal or steps.exogenous or steps.holidays:
        canvas = Canvas(panel.frequency, panel.values, panel.exogenous, panel.ordinals())
    first, at_origin = 0, origin_width(steps)
    while first < panel.n_series:
        last = max(first + 1, int(np.searchsorted(ends, (ends[first - 1] if first else 0) + PART, side="right")))
        own = long[first:last]
        begin = np.repeat(panel.indptr[first:last], own)
        rows = begin + np.arange(len(begin)) - np.repeat(np.cumsum(own) - own, own) + reach
        part = np.empty((len(rows), width))
        fill_origin_block(canvas, steps, rows, begin, part)
        if at_origin < width:
            part[:, at_origin:] = target_block(canvas, steps, rows, np.zeros(len(rows), dtype=np.int64), begin)
        for column, values in zip(columns, part.T, strict=True):
            column[ends[last - 1] - len(rows) : ends[last - 1]] = values
        first = last
    return columns
