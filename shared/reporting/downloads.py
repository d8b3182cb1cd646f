"""The tables of a report as files: a CSV each, and one workbook of all."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shared.errors import StoreError, quote
from shared.runtime.export import disarm, table_bytes
from shared.runtime.manifest import MANIFEST, Manifest

__all__ = ["WORKBOOK", "check_downloads", "remove_downloads", "workbook_bytes", "write_downloads"]

WORKBOOK = "all-tables.xlsx"
EPOCH = datetime(2000, 1, 1)  # files of the same tables are the same, whenever they are made
LONGEST_SHEET = 31  # letters of a sheet's name
MOST_ROWS = 100_000  # of a sheet; the CSV has all
FIRST_YEAR = 1901  # of stamps in a workbook; earlier ones are texts
WIDEST = 60  # letters of a column
LONGEST_TEXT = 32_000  # letters of a cell
ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def check_downloads(folder: Path) -> None:
    """Refuse a folder of tables that no run made, or that was changed since.

    Raises
    ------
    StoreError
        Nothing was touched.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     check_downloads(Path(place) / "tables")
    """
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise StoreError(f"{quote([folder], longest=200)} is no folder of tables; name another folder for the run")
    listed = Manifest.of(folder)
    others = [path.name for path in folder.iterdir() if path.name != MANIFEST]
    if others and not listed.list_files():
        raise StoreError(f"{quote([folder], longest=200)} was not made by a run; name a folder that is new or empty")
    if changed := listed.find_changed():
        raise StoreError(
            f"{quote(changed)} in {quote([folder], longest=200)} was changed since the run wrote it. Nothing was"
            " touched; move it elsewhere, or name a folder that is new or empty"
        )


def remove_downloads(folder: Path) -> None:
    """Remove the tables that a run wrote, and the folder if nothing else is in it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     write_downloads(Path(place) / "tables", {"a": pd.DataFrame({"n": [1]})})
    ...     remove_downloads(Path(place) / "tables")
    ...     list(Path(place).iterdir())
    []
    """
    if folder.is_dir() and not folder.is_symlink():
        Manifest.of(folder).dissolve()


def write_downloads(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write tables as CSV, and all of them as a workbook; those of an earlier run are replaced.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    tables : mapping of str to pandas.DataFrame
        By the name of their files.

    Raises
    ------
    StoreError
        The folder is not ours; nothing was touched.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     write_downloads(Path(place), {"a": pd.DataFrame({"n": [1]})})
    ...     sorted(path.name for path in Path(place).iterdir())
    ['a.csv', 'all-tables.xlsx', 'hexad-files.sha256']
    """
    check_downloads(folder)
    remove_downloads(folder)
    folder.mkdir(exist_ok=True)
    own = Manifest.of(folder)
    for name, frame in tables.items():
        own.write(f"{name}.csv", table_bytes(frame, Path(f"{name}.csv")))
    own.write(WORKBOOK, workbook_bytes(tables))
    own.settle()


def workbook_bytes(tables: Mapping[str, pd.DataFrame]) -> bytes:
    """One workbook with a sheet for each table: numbers are numbers, texts are texts, and nothing is a formula.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame

    >>> made = workbook_bytes({"a": pd.DataFrame({"n": [1], "who": ["=1+1"]})})
    >>> made == workbook_bytes({"a": pd.DataFrame({"n": [1], "who": ["=1+1"]})}), b"<f>" in made
    (True, False)
    """
    from xlsxwriter import Workbook

    made = io.BytesIO()
    # In memory, since files of others may lie where temporary ones go; text stays text, whatever it looks like.
    plain = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    book = Workbook(made, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss", **plain})
    book.set_properties({"created": EPOCH})
    head, taken = book.add_format({"bold": True}), set[str]()
    for name, frame in (tables or {"tables": pd.DataFrame()}).items():
        sheet = book.add_worksheet(_name_sheet(name, taken))
        _fill_sheet(sheet, disarm(frame.head(MOST_ROWS)), head)
    book.close()
    return _without_clock(made)


def _name_sheet(name: str, taken: set[str]) -> str:
    short = re.sub(r"[\[\]:*?/\\]", "-", name)[:LONGEST_SHEET].strip("'") or "table"
    short = f"{short}-" if short.lower() == "history" else short  # a name that Excel keeps for itself
    sheet, number = short, 1
    while sheet.lower() in taken:
        number += 1
        sheet = f"{short[: LONGEST_SHEET - 4]}-{number}"
    taken.add(sheet.lower())
    return sheet


def _fill_sheet(sheet: Any, frame: pd.DataFrame, head: Any) -> None:
    sheet.freeze_panes(1, 0)
    for place, name in enumerate(frame.columns):
        values = [_plain(value) for value in frame.iloc[:, place].tolist()]
        longest = max((len(str(value)) for value in [name, *values[:200]] if value is not None), default=8)
        sheet.set_column(place, place, min(WIDEST, longest + 2))
        sheet.write_string(0, place, _legal(str(name)), head)
        for row, value in enumerate(values, start=1):
            if isinstance(value, str):
                sheet.write_string(row, place, _legal(value))
            elif value is not None:
                sheet.write(row, place, value)


def _legal(text: str) -> str:
    """A text as XML can hold it, and a cell."""
    return ILLEGAL.sub("\ufffd", text)[:LONGEST_TEXT]


def _plain(value: object) -> Any:
    """A value as a workbook can hold it: stamps lose their zone, what is missing is empty."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, pd.Timestamp):
        plain = value.tz_localize(None)
        return plain.to_pydatetime(warn=False) if plain.year >= FIRST_YEAR else str(plain)
    if isinstance(value, bool | int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return str(value)


def _without_clock(made: io.BytesIO) -> bytes:
    """The same workbook with one date on all its parts."""
    again = io.BytesIO()
    with zipfile.ZipFile(made) as parts, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as kept:
        for part in sorted(parts.namelist()):
            text = parts.read(part)
            if part == "docProps/core.xml":
                stamp = EPOCH.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                text = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, text)
            kept.writestr(zipfile.ZipInfo(part, EPOCH.timetuple()[:6]), text, zipfile.ZIP_DEFLATED)
    return again.getvalue()
