"""Reading Excel workbooks: a sheet's values, cell by cell, and what is wrong with them."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shared.data.io.frames import check_names, refuse_unusable
from shared.data.io.limits import BOMB_RATIO, MAX_CELLS, MAX_COLUMNS, MAX_SHEET_ROWS, SHEET_LEAST
from shared.data.io.sources import check_path, fail
from shared.data.io.subprocess_reader import read_in_subprocess
from shared.errors import Problems, quote, require, shorten
from shared.text import count_of

__all__ = ["read_excel"]


def read_excel(path: Path, sheet: str | int, max_bytes: int) -> pd.DataFrame:
    """Read a sheet of a workbook; the first row holds the column names.

    Raises
    ------
    DataError
        The workbook is missing, torn, larger than `max_bytes` once unpacked, or its header is not in order.
    MissingExtraError
        openpyxl is not installed.

    >>> read_excel(Path("no-such-book.xlsx"), 0, 100)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-book.xlsx: there is no such file. ...
    """
    check_path(path)
    if path.suffix.lower() not in {".xlsx", ".xlsm"}:
        raise fail(path.name, f"workbooks of type {path.suffix} are not read", "Save it as .xlsx or CSV.")
    require("openpyxl", package="openpyxl", extra="excel")
    size = _measure_unpacked(path)
    if size > max_bytes:
        raise fail(path.name, f"the workbook unpacks to {size / 1e6:,.0f} MB, above the limit", "Raise max_bytes.")
    cells, broken = _sheet_cells(path, sheet, size)
    if len(cells) == 0:
        raise fail(path.name, "the sheet is empty", "Give a header and at least one row.")
    if broken:
        rows, texts = zip(*broken, strict=True)
        problems = Problems(path.name)
        problems.add(
            f"{len(broken):,} cells hold an error of the workbook or a date off the calendar:"
            f" {quote(dict.fromkeys(texts))}",
            rows=rows,
            count=len(broken),
            fix="Correct the cells, or empty them; formulas get their values when a spreadsheet program saves the"
            " workbook.",
        )
        problems.raise_if_any()
    names = ["" if pd.isna(value) else str(value).strip() for value in cells.iloc[0]]
    empty = [place for place, column in enumerate(names, 1) if not column]
    if empty:
        raise fail(
            path.name,
            f"{count_of(len(empty), 'column has', 'columns have')} no name (place {quote(empty)})",
            "Name them or remove them.",
        )
    check_names(names, path.name)
    frame = cells.iloc[1:].reset_index(drop=True)
    frame.columns = names
    return refuse_unusable(frame.infer_objects(), path.name)


def _measure_unpacked(path: Path) -> int:
    """Bytes that a workbook unpacks to; one that swells beyond belief is refused."""
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = [(member.file_size, member.compress_size) for member in archive.infolist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise fail(
            path.name, f"the sheet cannot be read ({shorten(error, 200)})", "Check file and sheet name."
        ) from error
    if any(size > SHEET_LEAST and size > BOMB_RATIO * max(packed, 1) for size, packed in sizes):
        what = f"it swells to more than {BOMB_RATIO} times its size when unpacked"
        raise fail(path.name, what, "Save the sheet as CSV if you trust it.")
    return sum(size for size, _ in sizes)


def _sheet_cells(path: Path, sheet: str | int, size: int) -> tuple[pd.DataFrame, list[tuple[int, str]]]:
    """Values of a sheet, row by row, and the cells that hold an error, with their rows below the header."""
    filled: dict[int, list[Any]] = {}
    broken: list[tuple[int, str]] = []
    frames = read_in_subprocess(
        "sheet", path, unpacked=size, sheet=sheet, max_rows=MAX_SHEET_ROWS, max_columns=MAX_COLUMNS, max_cells=MAX_CELLS
    )
    for _, rows, odd in frames:
        filled.update((number, [_cell(value) for value in values]) for number, values in rows)
        broken += odd
    width, end = max(map(len, filled.values()), default=0), max(filled, default=-1) + 1
    rows = [filled.get(number, []) for number in range(end)]
    rows = [[*row, *[None] * (width - len(row))] for row in rows]
    cells = pd.DataFrame(rows, dtype=object)
    return cells.where(cells.notna(), np.nan), broken


def _cell(value: object) -> Any:
    """A cell's value; dates and times come in parts."""
    if not isinstance(value, tuple):
        return value
    kind, *parts = value
    if kind == "timedelta":
        return dt.timedelta(*parts)
    read: dict[str, Any] = {"datetime": dt.datetime, "date": dt.date, "time": dt.time}
    return read[kind].fromisoformat(parts[0])
