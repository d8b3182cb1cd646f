"""The prices study's model at work: new prices after those it learnt from, and the forecast of the day that follows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from case_studies.common.forecasting.new_rows import rows_after
from case_studies.common.saved_run import SavedRun
from domains.timeseries import Forecast, LagForecaster, PerSeries
from shared.data import SeriesColumns, datasets
from shared.errors import DataError, Problems, StoreError, quote

from .markets import NEIGHBOURS, Markets
from .settings import PricesSettings

__all__ = ["predict"]

KNOWN_ROWS = 3


def predict(
    settings: PricesSettings, run: SavedRun, data: Path | str, accept_drift: bool
) -> tuple[Forecast, list[str]]:
    """Read new rows, hold them against what the model learnt from, and forecast the day that follows them.

    The day to be forecast stands at the end of the table, without prices, with what is known ahead.

    Returns
    -------
    forecast, notes

    >>> from shared.data.contract import TableContract
    >>> predict(PricesSettings(), SavedRun(Path("runs/none"), "prices", TableContract(())), "no-such-file.csv", False)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file. ...
    """
    settings = settings.for_table(run.contract.names)
    series = settings.series
    table, reading = datasets.load_with_report(
        "epf_fr_be", data, own=settings.columns.table_schema(), **settings.read_options
    )
    model = run.model()
    if not isinstance(model, PerSeries) or not all(
        isinstance(one, LagForecaster) for one in model.forecasters_.values()
    ):
        raise StoreError(f"{run.folder / 'model.hexad'} holds no model of this study. Run the study again")
    table = table if table[series.y].notna().any() else _after_what_is_known(table, model, series, reading.source)
    checked = run.contract.check(table.dropna(subset=[series.y]), reading.source, accept_drift=accept_drift)
    grid = next(iter(model.forecasters_.values())).panel_.frequency
    markets = Markets.of(table, settings, reading.source, hold_back=False, frequency=grid)
    _same_markets(model, markets, reading.source)
    # What is known of the day ahead moves the forecast most: it is held against what was learnt from, too.
    ahead = tuple(column for column in run.contract.columns if column.name in series.exogenous)
    checked += replace(run.contract, columns=ahead).check(
        markets.future[list(series.exogenous)], f"{reading.source}, day to be forecast", accept_drift=accept_drift
    )
    notes = [*reading.repairs, *checked, *markets.notes]
    fresh = []
    for place, key in enumerate(markets.panel.keys):
        new, seen = rows_after(
            model.forecasters_[key], markets.panel.take([place]), reading.source, derived=(NEIGHBOURS,)
        )
        if seen:
            notes.append(f"{seen:,} rows of {key} were known already, and agree")
        if new is not None:
            fresh.append(new.to_frame())
    if fresh:
        model.update(pd.concat(fresh, ignore_index=True))
    return model.predict(markets.steps, future=markets.future, levels=settings.levels), notes


def _after_what_is_known(table: pd.DataFrame, model: PerSeries, series: SeriesColumns, source: str) -> pd.DataFrame:
    """Rows of a day without prices, with the last known ones behind them: errors name the file's rows."""
    last: pd.DataFrame = pd.concat([one.panel_.to_frame().tail(KNOWN_ROWS) for one in model.forecasters_.values()])
    if table[series.ds].dt.tz is None and last[series.ds].dt.tz is not None:
        last[series.ds] = last[series.ds].dt.tz_localize(None)
    problems = Problems(source)
    if table[series.ds].min() <= last[series.ds].max():
        problems.add(
            f"no row has a price, but the model knows prices up to {last[series.ds].max()} and the rows begin at"
            f" {table[series.ds].min()}",
            column=series.y,
            fix="Give the prices that are known, or only rows after those.",
        )
    problems.raise_if_any()
    return pd.concat([table, last[[name for name in last.columns if name in table.columns]]], ignore_index=True)


def _same_markets(model: PerSeries, markets: Markets, source: str) -> None:
    """Refuse a table whose markets are not those that the model learnt."""
    problems = Problems(source)
    if lost := [key for key in model.forecasters_ if key not in markets.keys]:
        problems.add(
            f"there are no rows of {quote(lost)}",
            column=markets.columns.unique_id,
            fix="Give the rows of every market that was learnt.",
        )
    if new := [key for key in markets.keys if key not in model.forecasters_]:
        problems.add(
            f"the model does not know {quote(new)}",
            column=markets.columns.unique_id,
            fix="Leave it out, or run the study again with it.",
        )
    one = next(iter(model.forecasters_.values()))
    if (NEIGHBOURS in one.panel_.exogenous) != markets.neighbours and not problems.found:
        problems.add(
            "the model uses what the other markets paid, but the markets do not cover the same time",
            column=markets.columns.unique_id,
            fix="Give the same stamps for every market.",
        )
    if problems.found:
        raise DataError(source, problems.found)
