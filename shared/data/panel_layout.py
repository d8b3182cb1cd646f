"""From a typed table to the flat arrays of a panel: series side by side, on one grid, without gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from shared.data.columns import SeriesColumns
from shared.data.frequency import Frequency
from shared.data.panel_checks import (
    Cells,
    check_has_values,
    check_kind,
    check_on_grid,
    fill_gaps,
    find_grid,
    keep_distinct,
    refuse_dates_in_numbers,
    sort_rows,
    stamps_of,
)
from shared.data.panel_table import series_codes
from shared.errors import Problems
from shared.typing import Ints

__all__ = ["lay_out"]


def lay_out(
    table: pd.DataFrame,
    columns: SeriesColumns,
    freq: str | int | None,
    tz: str | None,
    frequency: Frequency | None,
    asked: frozenset[str],
    need_y: bool,
    source: str,
) -> tuple[dict[str, Any], Ints]:
    """Sort a table's rows, find their grid, and refuse or mend what does not lie on it.

    Returns
    -------
    parts : dict of str to object
        The panel's attributes, but its columns.
    rows : numpy.ndarray of int64, shape (n_rows,)
        Position of each row in the table, from 0; -1 for a row that a repair put in.

    Raises
    ------
    DataError
        As `Panel.from_frame` says.

    >>> table = pd.DataFrame({"ds": [2, 1], "y": [2.0, 1.0]})
    >>> parts, rows = lay_out(table, SeriesColumns(), 1, None, None, frozenset(), True, "table")
    >>> parts["values"].tolist(), rows.tolist()
    ([1.0, 2.0], [1, 0])
    """
    has_key = columns.unique_id in table.columns
    problems = Problems(source)
    codes, keys, appearance = series_codes(table, columns, has_key, problems)
    stamps, zone, unit, integer = stamps_of(table[columns.ds], codes, columns, tz, problems)
    if frequency is not None:
        check_kind(frequency, zone, integer, columns, problems)
    elif integer and freq is None:
        refuse_dates_in_numbers(stamps, columns, problems)
    problems.raise_if_any()
    order = sort_rows(codes, stamps)
    codes, stamps = codes[order], stamps[order]
    repairs: list[str] = []
    keep = keep_distinct(codes, stamps, keys, order, columns, asked, problems, repairs, "" if integer else zone)
    if not keep.all():
        order, codes, stamps = order[keep], codes[keep], stamps[keep]
    grid = frequency or find_grid(codes, stamps, freq, zone, integer, columns, source)
    repeats = len(problems.found)  # which are told together with what else is found
    check_on_grid(grid, stamps, order, columns, problems)
    if len(problems.found) > repeats:
        problems.raise_if_any()
    ordinals = grid.ordinals(stamps)
    del stamps, keep  # tables may be as large as memory allows
    wanted = ([columns.y] if need_y else []) + list(columns.exogenous)
    data = {name: table[name].to_numpy(dtype=float, na_value=np.nan)[order] for name in wanted}
    cells = Cells(codes, ordinals, order, data)
    if need_y:
        check_has_values(cells, keys, columns, problems)
    if len(problems.found) > repeats:
        problems.raise_if_any()
    cells = fill_gaps(cells, grid, keys, columns, asked, problems, repairs)
    problems.raise_if_any()
    counts = np.bincount(cells.codes, minlength=len(keys))
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    values = cells.data.pop(columns.y) if need_y else np.full(len(cells.codes), np.nan)
    parts = {
        "keys": keys,
        "values": values,
        "indptr": indptr,
        "starts": cells.ordinals[indptr[:-1]],
        "frequency": grid,
        "exogenous": cells.data,
        "appearance": appearance,
        "has_key": has_key,
        "unit": unit,
        "repairs": tuple(repairs),
    }
    return parts, cells.rows
