"""The demand study's model at work: new rows after those it learnt from, and the forecast that follows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from case_studies.demand_parts.models import COLUMNS
from case_studies.demand_parts.settings import DemandSettings
from case_studies.saved import SavedRun
from domains.timeseries import Forecast, LagForecaster
from shared.data import Panel, datasets
from shared.errors import DataError, Problems, SettingsError, StoreError

__all__ = ["ahead", "predict"]

DS, Y = COLUMNS.ds, COLUMNS.y


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
    shared.errors.DataError: no-such-file.csv: there is no such file: ...
    """
    options = {**settings.read_options, "allow_missing": True}  # rows of the future have no demand yet
    table, reading = datasets.load_with_report("vic_elec", data, **options)
    model = run.model()
    if not isinstance(model, LagForecaster) or (model.ds, model.y) != (DS, Y):
        raise StoreError(f"{run.folder / 'model.hexad'} holds no model of this study. Run the study again")
    table = table.sort_values(DS, kind="stable", ignore_index=True)  # from a file with the newest first, too
    last = _last_known(table, reading.source)
    past = table.iloc[: last + 1]
    # Gaps are told, or filled, with the series as a whole.
    checked = run.contract.check(past.dropna(), reading.source, accept_drift=accept_drift)
    forecast, notes = ahead(settings, model, table, reading.source)
    return forecast, [*reading.repairs, *checked, *notes]


def _last_known(table: pd.DataFrame, source: str) -> int:
    """Place of the last row whose demand is known."""
    known = np.flatnonzero(table[Y].notna().to_numpy())
    if len(known) == 0:
        raise _refused(source, "holds no values", "Give the demand of at least the first new row.")
    return int(known[-1])


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
    shared.errors.SettingsError: horizon=2: this model was fitted for 1 steps; run the study again
    """
    steps = model.panel_.frequency.steps(settings.horizon)
    if steps > model.horizon_:
        raise SettingsError(
            f"horizon={settings.horizon!r}: this model was fitted for {model.horizon_} steps; run the study again"
        )
    past = table.iloc[: _last_known(table, source) + 1]
    panel = Panel.from_frame(past, COLUMNS, tz=settings.timezone, repair=settings.panel_repairs, source=source,
                             frequency=model.panel_.frequency)  # fmt: skip
    notes = list(panel.repairs)
    left = 0
    new, seen = _after(model, panel, source)
    if seen:
        notes.append(f"{seen:,} rows were known already, and agree")
    if new is not None:
        usable, left = model.up_to_an_origin(new)
        if left:
            notes.append(f"the last {left:,} rows are not used: the model forecasts from {_clock(model)} only")
        if len(usable):
            model.update(usable)
    horizon = settings.upcoming(model.panel_)
    rest = table.iloc[len(past) - left :]
    if len(rest):
        stamps = Panel.from_frame(
            rest.assign(**{Y: 0.0, "Temperature": 0.0}),
            COLUMNS,
            tz=settings.timezone,
            frequency=panel.frequency,
            source=source,
        ).to_frame()
        named = dict(zip(stamps[DS], stamps["Holiday"].astype(bool), strict=True))
        horizon["Holiday"] = [
            bool(named.get(stamp, day)) for stamp, day in zip(horizon[DS], horizon["Holiday"], strict=True)
        ]
    if not horizon["Holiday"].any() and len(rest) == left:
        notes.append(
            "no public holiday is known in the horizon; add rows without demand that name it, or set upcoming_holidays"
        )
    return model.predict(steps, future=horizon, levels=[settings.level]), notes


def _after(model: LagForecaster, panel: Panel, source: str) -> tuple[pd.DataFrame | None, int]:
    """Rows after those that the model knows, and how many it knew already."""
    before = model.panel_
    first, end = int(panel.starts[0]), int(before.ends[0])
    overlap = max(0, min(end, int(panel.ends[0])) - first)
    skipped = max(0, int(before.starts[0]) - first)  # rows from before the model's own history
    at = max(0, first - int(before.starts[0]))
    if overlap > skipped:
        for name, values, known in [(Y, panel.values, before.values)] + [
            (name, panel.exogenous[name], before.exogenous[name]) for name in before.exogenous
        ]:
            length = overlap - skipped
            other = ~np.isclose(values[skipped:overlap], known[at : at + length], rtol=1e-9, atol=1e-9)
            if other.any():
                rows = [int(row) + skipped + 1 for row in np.flatnonzero(other)[:6]]
                raise _refused(
                    source, f"{int(other.sum()):,} {'value differs' if other.sum() == 1 else 'values differ'} from those that the model learnt from",
                    "The past was revised: run the study again, or give only newer rows.", name, rows, int(other.sum()),
                )  # fmt: skip
    if first > end:
        stamps = before.stamp_text(end), before.stamp_text(first)
        raise _refused(
            source, f"begins at {stamps[1]}, but the model knows the demand only up to {stamps[0]}",
            "Give the rows between, too.", DS,
        )  # fmt: skip
    frame = panel.to_frame().iloc[overlap:]
    return (frame if len(frame) else None), overlap


def _clock(model: LagForecaster) -> str:
    return f"{pd.Timestamp(model.panel_.stamp_text(model.panel_.ends[0])):%H:%M}"


def _refused(
    source: str, what: str, mend: str, column: str = Y, rows: list[int] | None = None, count: int = 0
) -> DataError:
    problems: Any = Problems(source)
    problems.add(what, column=column, rows=rows or [], count=count, mend=mend)
    return DataError(source, problems.found)
