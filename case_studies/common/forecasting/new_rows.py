"""New rows for a model that is at work: which of them it knows already, and which follow those."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.timeseries import LagForecaster
from shared.data import Panel, SeriesColumns
from shared.errors import DataError, Problems, quote

__all__ = ["last_known", "rows_after"]


def last_known(table: pd.DataFrame, columns: SeriesColumns, source: str) -> int:
    """Place of the last row whose value is known; rows after it are the future.

    Raises
    ------
    DataError
        No value is known.

    >>> last_known(pd.DataFrame({"ds": [1, 2, 3], "y": [1.0, 2.0, None]}), SeriesColumns(), "new.csv")
    1
    """
    known = np.flatnonzero(table[columns.y].notna().to_numpy())
    if len(known) == 0:
        raise _refuse(source, "holds no values", columns.y, "Give the value of at least the first new row.")
    return int(known[-1])


def rows_after(
    model: LagForecaster, panel: Panel, source: str, *, derived: tuple[str, ...] = ()
) -> tuple[Panel | None, int]:
    """Rows of a panel of one series after those that a model knows, and how many it knew already.

    Parameters
    ----------
    model : LagForecaster
        Of one series.
    panel : Panel
        The new rows, one series on the model's grid.
    source : str
        What their table is called.
    derived : tuple of str
        Columns that the study made itself: what differs in them does elsewhere, too.

    Raises
    ------
    DataError
        Rows are missing between what the model knows and the new ones, or differ from what it knows.

    >>> table = pd.DataFrame({"ds": range(60), "y": [float(i % 4) for i in range(60)]})
    >>> model = LagForecaster(horizon=1).fit(table[:50])
    >>> new, seen = rows_after(model, Panel.from_frame(table[48:]), "new.csv")
    >>> len(new.values), seen
    (10, 2)
    """
    before, y, ds = model.panel_, model.y, model.ds
    whose = f"series {quote(panel.keys)}: " if panel.has_key else ""
    first, end = int(panel.starts[0]), int(before.ends[0])
    overlap = max(0, min(end, int(panel.ends[0])) - first)
    skipped = max(0, int(before.starts[0]) - first)  # rows from before the model's own history
    at = max(0, first - int(before.starts[0]))
    if overlap > skipped:
        for name, values, known in [(y, panel.values, before.values)] + [
            (name, panel.exogenous[name], before.exogenous[name]) for name in before.exogenous if name not in derived
        ]:
            length = overlap - skipped
            other = ~np.isclose(values[skipped:overlap], known[at : at + length], rtol=1e-9, atol=1e-9)
            if other.any():
                count = int(other.sum())
                rows = [int(row) + skipped + 1 for row in np.flatnonzero(other)[:6]]
                raise _refuse(
                    source,
                    f"{whose}{count:,} {'value differs' if count == 1 else 'values differ'} from those that the model"
                    " learnt from",
                    name,
                    "The past was revised: run the study again, or give only newer rows.",
                    rows,
                    count,
                )
    if first > end:
        stamps = before.stamp_text(end - 1), before.stamp_text(first)
        raise _refuse(
            source,
            f"{whose}begins at {stamps[1]}, but the model knows the values only up to {stamps[0]}",
            ds,
            "Give the rows between, too.",
        )
    return (panel.span(overlap) if overlap < len(panel.values) else None), overlap


def _refuse(source: str, what: str, column: str, fix: str, rows: list[int] | None = None, count: int = 0) -> DataError:
    problems: Any = Problems(source)
    problems.add(what, column=column, rows=rows or [], count=count, fix=fix)
    return DataError(source, problems.found)
