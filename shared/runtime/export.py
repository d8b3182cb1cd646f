"""Tables for other programs: Parquet as it is, CSV in which no cell starts a formula."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pandas as pd

from shared.errors import SettingsError, quote
from shared.runtime.files import write_bytes

__all__ = ["disarm", "table_bytes", "write_table"]

# Signs that start a formula, also as wide letters, which some programs take for the same; at the text's begin, and
# behind what a spreadsheet of another country takes for a separator.
FORMULA = re.compile(r"(^|[;\t])([=+\-@＝＋－＠])")


def write_table(frame: pd.DataFrame, path: Path) -> None:
    r"""Write a table whole or not at all, as Parquet or CSV by its name.

    In a CSV text that a spreadsheet would take for a formula gets an apostrophe in front, column names too.

    Raises
    ------
    SettingsError
        The name ends in neither .parquet nor .csv.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.csv"
    ...     write_table(pd.DataFrame({"a": ["=1+1", "x"], "n": [-1.5, 2.0]}), path)
    ...     path.read_text()
    "a,n\n'=1+1,-1.5\nx,2.0\n"
    """
    write_bytes(path, table_bytes(frame, path))


def table_bytes(frame: pd.DataFrame, path: Path) -> bytes:
    r"""Bytes of a table in the format that a file's name stands for; see `write_table`.

    >>> table_bytes(pd.DataFrame({"a": [1]}), Path("a.csv"))
    b'a\n1\n'
    """
    suffix = path.suffix.lower()
    if suffix in {".parquet", ".pq"}:
        return frame.to_parquet(index=False)
    if suffix == ".csv":
        safe = disarm(frame)
        texts = [safe.iloc[:, place].astype(str) for place in range(safe.shape[1])]
        broken = any("\r" in str(name) for name in safe.columns) or any(text.str.contains("\r").any() for text in texts)
        # A lone carriage return would start a row of its own, and a formula behind it would live.
        quoting: Any = csv.QUOTE_NONNUMERIC if broken else csv.QUOTE_MINIMAL
        return safe.to_csv(index=False, lineterminator="\n", quoting=quoting).encode()
    raise SettingsError(f"{quote([path.name])}: tables are written as .csv or .parquet; name the file so")


def disarm(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame whose text starts no formula: an apostrophe stands before =, +, -, @, tab and line ends.

    So it does behind a semicolon or a tab inside a text: a spreadsheet may split it there.

    >>> disarm(pd.DataFrame({"=a": ["@b", "c"]})).to_dict("list")
    {"'=a": ["'@b", 'c']}
    """
    made = frame.copy()
    for place in range(frame.shape[1]):
        values = frame.iloc[:, place]
        if not pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_datetime64_any_dtype(values.dtype):
            made.isetitem(place, values.map(_safe).array)
    made.columns = pd.Index([_safe(str(name)) for name in frame.columns])
    return made


def _safe(value: object) -> Any:
    if not isinstance(value, str):
        return value
    safe = FORMULA.sub(r"\1'\2", value)
    return f"'{safe}" if safe.startswith(("\t", "\r", "\n")) else safe
