"""Tables of a page: numbers of a column with one number of decimals, words set as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shared.result import OneLine
from shared.text import format_column, format_stamp, format_value

__all__ = ["Table", "cell_text", "lay_out"]

MAX_TABLE_ROWS = 60
LETTERS = 12


@dataclass(frozen=True, repr=False)
class Table(OneLine):
    """A table of a report, and the name under which it can be taken away.

    Attributes
    ----------
    frame : pandas.DataFrame
        Its index is the first column.
    caption : str
    best : object
        Index label of the row to stand out.
    name : str
        Of its file; made from the chapter's title where left out.
    data : pandas.DataFrame, optional
        What the file holds, where the shown table is made for reading: all rows, numbers as they are.
    fold : bool
        Whether the page shows it only when asked to, under its caption; in print it is open.

    >>> Table(pd.DataFrame({"n": [1]}), "One row.").caption
    'One row.'
    """

    frame: pd.DataFrame
    caption: str = ""
    best: object = None
    name: str = ""
    data: pd.DataFrame | None = None
    fold: bool = False

    def to_file(self) -> pd.DataFrame:
        """The table as its file holds it, the index as the first column.

        >>> Table(pd.DataFrame({"n": [1]}, index=pd.Index(["a"], name="who"))).to_file().to_dict("list")
        {'who': ['a'], 'n': [1]}
        """
        if self.data is not None:
            return self.data
        index = str(self.frame.index.name or "name")
        while index in self.frame.columns:
            index = f"{index}_"
        return self.frame.rename_axis(index).reset_index()


def lay_out(table: Table) -> dict[str, Any]:
    """Cells, header and caption of a table as the page shows them.

    Parameters
    ----------
    table : Table

    >>> lay_out(Table(pd.DataFrame({"n": [1.5, 22.0]}, index=["a", "b"])))["rows"][1]["cells"]
    ['b', '22.0']
    """
    frame, caption = table.frame, table.caption
    shown = frame.head(MAX_TABLE_ROWS)
    if len(frame) > len(shown):
        caption = f"{caption} The first {len(shown)} of {len(frame):,} rows.".strip()
    columns = [[cell_text(label) for label in shown.index]]
    columns += [_write_column(shown.iloc[:, place]) for place in range(shown.shape[1])]
    header = [str(frame.index.name or ""), *map(str, frame.columns)]
    # Columns of words are set like text: to the left, over several lines.
    words = [any(sum(map(str.isalpha, cell)) > LETTERS for cell in cells) for cells in columns]
    rows = [
        {"cells": list(cells), "best": table.best is not None and label == table.best}
        for label, cells in zip(shown.index, zip(*columns, strict=True), strict=True)
    ]
    return {"header": header, "rows": rows, "words": words, "caption": caption, "fold": table.fold}


def _write_column(values: pd.Series[Any]) -> list[str]:
    found = values.tolist()
    numbers = [isinstance(one, float | np.floating) and not isinstance(one, bool) for one in found]
    missing = [one is None or one is pd.NA for one in found]
    if any(numbers) and all(map(any, zip(numbers, missing, strict=True))):
        return format_column([float("nan") if gone else float(one) for one, gone in zip(found, missing, strict=True)])
    return [cell_text(one) for one in found]


def cell_text(value: object) -> str:
    """Write a table cell for people: few digits, thousands marked, missing values empty.

    >>> cell_text(0.51837), cell_text(12345.6), cell_text(7), cell_text(float("nan")), cell_text(True)
    ('0.518', '12,346', '7', '', 'yes')
    """
    if isinstance(value, str):
        return value
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, pd.Timestamp):
        return format_stamp(value)
    if isinstance(value, int | np.integer):
        return f"{value:,}".replace("-", "−")
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else format_value(value)
    return str(value)
