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
from shared.errors import DataError, Problems

__all__ = ["ahead", "predict"]

DS, Y = COLUMNS.ds, COLUMNS.y


def predict(
    settings: DemandSettings, run: SavedRun, data: Path | str, accept_drift: bool
) -> tuple[Forecast, list[str]]:
    """Read new rows, hold them against what the model learnt from, and forecast what follows them.

    Returns
    -------
    forecast, notes
    """
    options = {**settings.read_options, "allow_missing": True}  # rows of the future have no demand yet
    table, reading = datasets.load_with_report("vic_elec", data, **options)
    known = table[Y].notna()
    last = int(np.flatnonzero(known.to_numpy())[-1]) if known.any() else -1
    checked = run.contract.check(table.iloc[: last + 1], reading.source, accept_drift=accept_drift) if last >= 0 else ()
    forecast, notes = ahead(settings, run.model(), table, reading.source)
    return forecast, [*reading.repairs, *checked, *notes]


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
    """
    known = table[Y].notna().to_numpy()
    if not known.any():
        raise _refused(source, "holds no values", "Give the demand of at least the first new row.")
    last = int(np.flatnonzero(known)[-1])
    past, rest = table.iloc[: last + 1], table.iloc[last + 1 :]
    panel = Panel.from_frame(past, COLUMNS, tz=settings.timezone, repair=settings.panel_repairs, source=source,
                             frequency=model.panel_.frequency)  # fmt: skip
    notes = list(panel.repairs)
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
    elif not horizon["Holiday"].any():
        notes.append(
            "no public holiday is known in the horizon; add rows without demand that name it, or set upcoming_holidays"
        )
    return model.predict(future=horizon, levels=[settings.level]), notes


def _after(model: LagForecaster, panel: Panel, source: str) -> tuple[pd.DataFrame | None, int]:
    """Rows after those that the model knows, and how many it knew already."""
    before = model.panel_
    first, end = int(panel.starts[0]), int(before.ends[0])
    overlap = max(0, min(end, int(panel.ends[0])) - first)
    at = first - int(before.starts[0])
    if overlap and at >= 0:
        for name, values, known in [(Y, panel.values, before.values)] + [
            (name, panel.exogenous[name], before.exogenous[name]) for name in before.exogenous
        ]:
            other = ~np.isclose(values[:overlap], known[at : at + overlap], rtol=1e-9, atol=1e-9)
            if other.any():
                rows = [int(row) + 1 for row in np.flatnonzero(other)[:6]]
                raise _refused(
                    source, f"{int(other.sum()):,} values differ from those that the model learnt from",
                    "The past was revised: run the study again, or give only newer rows.", name, rows, int(other.sum()),
                )  # fmt: skip
    elif overlap:
        overlap = end - first
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
