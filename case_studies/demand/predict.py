"""The demand study's model at work: new rows after those it learnt from, and the forecast that follows them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from case_studies.common.forecasting.new_rows import last_known, rows_after
from case_studies.common.saved_run import SavedRun
from domains.timeseries import Forecast, LagForecaster
from shared.data import Panel, SeriesColumns, datasets
from shared.errors import SettingsError, StoreError
from shared.text import count_of

from .settings import DemandSettings

__all__ = ["ahead", "predict"]


def predict(
    settings: DemandSettings, run: SavedRun, data: Path | str, accept_drift: bool
) -> tuple[Forecast, list[str]]:
    """Read new rows, hold them against what the model learnt from, and forecast what follows them.

    Returns
    -------
    forecast, notes

    >>> from shared.data.contract import TableContract
    >>> predict(DemandSettings(), SavedRun(Path("runs/none"), "demand", TableContract(())), "no-such-file.csv", False)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file. ...
    """
    options = {**settings.read_options, "allow_missing": True}  # rows of the future have no demand yet
    settings = settings.for_table(run.contract.names)  # the roles that the run's own table filled
    columns = settings.columns
    table, reading = datasets.load_with_report("vic_elec", data, own=columns.table_schema(), **options)
    model = run.model()
    if not isinstance(model, LagForecaster) or (model.ds, model.y) != (columns.time, columns.demand):
        raise StoreError(f"{run.folder / 'model.hexad'} holds no model of this study. Run the study again")
    table, filled = settings.fill_holidays(table, reading.source)
    table = table.sort_values(columns.time, kind="stable", ignore_index=True)  # from a file with the newest first, too
    last = last_known(table, settings.series, reading.source)
    past = table.iloc[: last + 1]
    # Gaps are told, or filled, with the series as a whole.
    checked = run.contract.check(past.dropna(), reading.source, accept_drift=accept_drift)
    forecast, notes = ahead(settings, model, table, reading.source)
    return forecast, [*reading.repairs, *filled, *checked, *notes]


def ahead(
    settings: DemandSettings, model: LagForecaster, table: pd.DataFrame, source: str
) -> tuple[Forecast, list[str]]:
    """Take new rows in as history and forecast what follows them.

    Rows without demand at the end are taken for the future: their holidays are known. Rows that the model has seen are
    compared with what it saw.

    Parameters
    ----------
    settings : DemandSettings
    model : LagForecaster
        As it was saved.
    table : pandas.DataFrame
        New rows, in the columns that the study reads.
    source : str
        What the table is called.

    Returns
    -------
    forecast, notes

    Raises
    ------
    DataError
        Rows are missing between what the model knows and the new ones, or differ from what it knows.

    >>> table = pd.DataFrame({"ds": range(60), "y": [float(i % 4) for i in range(60)]})
    >>> model = LagForecaster(horizon=1).fit(table)
    >>> ahead(DemandSettings(horizon=2), model, table, "week.csv")
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: horizon=2: this model was fitted for 1 step; run the study again
    """
    if not settings.horizon:
        settings = settings.for_grid(model.panel_.frequency)
    steps = model.panel_.frequency.steps(settings.horizon)
    if steps > model.horizon_:
        raise SettingsError(
            f"horizon={settings.horizon!r}: this model was fitted for {count_of(model.horizon_, 'step')}; run the"
            " study again"
        )
    past = table.iloc[: last_known(table, settings.series, source) + 1]
    panel = Panel.from_frame(
        past,
        settings.series,
        tz=settings.zone,
        repair=settings.panel_repairs,
        source=source,
        frequency=model.panel_.frequency,
    )
    notes = [f"{text}, as the run's read.repair says" for text in panel.repairs]
    left = 0
    new, seen = rows_after(model, panel, source)
    if seen:
        notes.append(f"{seen:,} rows were known already, and agree")
    if new is not None:
        usable, left = model.cut_at_origin(new)
        if left:
            notes.append(f"the last {left:,} rows are not used: the model forecasts from {_clock(model)} only")
        if usable is not None:
            model.update(usable)
    horizon = settings.upcoming(model.panel_)
    rest = table.iloc[len(past) - left :]
    ds, day_off = settings.columns.time, settings.columns.holiday
    if len(rest) and day_off:
        stamps = Panel.from_frame(
            rest,
            SeriesColumns(ds=ds, y=settings.columns.demand, exogenous=(day_off,)),
            tz=settings.zone,
            frequency=panel.frequency,
            source=source,
            need_y=False,
        ).to_frame()
        named = dict(zip(stamps[ds], stamps[day_off].astype(bool), strict=True))
        horizon[day_off] = [
            bool(named.get(stamp, day)) for stamp, day in zip(horizon[ds], horizon[day_off], strict=True)
        ]
    if day_off and not horizon[day_off].any() and len(rest) == left:
        notes.append(
            "no public holiday is known in the horizon; add rows without demand that name it, or set upcoming_holidays"
        )
    return model.predict(steps, future=horizon, levels=[settings.level]), notes


def _clock(model: LagForecaster) -> str:
    return f"{pd.Timestamp(model.panel_.stamp_text(model.panel_.ends[0])):%H:%M}"
