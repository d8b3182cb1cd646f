"""From workbooks, Parquet files and other libraries' frames to pandas, without losing a digit or a column."""

from __future__ import annotations

import datetime as dt
import os
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from shared.data.io.apart import read_apart
from shared.data.io.limits import BOMB_LEAST, BOMB_RATIO, MAX_CELLS, MAX_COLUMNS, MAX_SHEET_ROWS, SHEET_LEAST
from shared.data.io.parse import off_calendar
from shared.data.io.sources import check_path, fail, too_large
from shared.data.schema import missing_column
from shared.errors import DataError, Problems, quote, require, shorten

__all__ = ["arrow_to_pandas", "as_pandas", "from_excel", "from_parquet"]


def arrow_to_pandas(table: pa.Table, source: str = "table") -> pd.DataFrame:
    """Turn an Arrow table into a frame; whole numbers and truth values with gaps keep their type.

    >>> arrow_to_pandas(pa.table({"id": [2**53 + 1, None]})).id.tolist()[0]
    9007199254740993
    """
    columns: dict[str, Any] = {}
    length = table.num_rows
    for name in table.column_names:
        # What is converted is let go, so that a large table is not held twice.
        column, table = table.column(0), table.remove_column(0)
        gaps = column.null_count > 0
        if gaps and (pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)):
            missing = np.asarray(column.is_null())
            filled = column.fill_null(False if pa.types.is_boolean(column.type) else 0).to_numpy()
            array: Any = pd.arrays.BooleanArray if pa.types.is_boolean(column.type) else pd.arrays.IntegerArray
            columns[name] = array(np.array(filled), missing)
        else:
            try:
                if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                    column.validate(full=True)  # text that is no UTF-8 would come to light far from here
                columns[name] = column.to_pandas(date_as_object=False)
            except MemoryError:  # Arrow has one of its own, which is an error of Arrow, too
                raise
            except (pa.ArrowException, UnicodeDecodeError, ValueError, OverflowError, KeyError) as error:
                what = f"column {quote([name])} cannot be read ({str(error)[:120]})"
                raise fail(source, what, "Write it again with UTF-8 text and a known time zone.") from error
    return pd.DataFrame(columns, index=pd.RangeIndex(length))


def as_pandas(source: Any, name: str, *, copy: bool = True) -> pd.DataFrame:
    """Bring a pandas, Polars or Arrow frame to a pandas frame; a named index becomes columns.

    With `copy=False` the values may be those of the source: for callers that only read them.

    Raises
    ------
    DataError
        It is no frame, has no rows, or has repeated column names.

    >>> as_pandas(pa.table({"a": [1]}), "table").a.tolist()
    [1]
    """
    if isinstance(source, pd.DataFrame):
        named = [level for level in source.index.names if level is not None]
        clash = set(named) & set(source.columns)
        frame = source.reset_index() if named and not clash else source.copy(deep=copy)
    elif isinstance(source, pa.Table):
        check_names(source.column_names, name)
        frame = arrow_to_pandas(source, name)
    else:
        import narwhals as nw

        try:
            native = nw.from_native(source)
        except TypeError as error:
            raise fail(name, f"a {type(source).__name__} is no table", _how_to_table(source)) from error
        eager = native.collect() if isinstance(native, nw.LazyFrame) else native
        frame = arrow_to_pandas(eager.to_arrow(), name)
    frame.columns = [str(column) for column in frame.columns]
    return _check_frame(frame, name)


def _how_to_table(source: object) -> str:
    """Say how to make a table of what was given."""
    if isinstance(source, str | os.PathLike):
        return "Read the file first: read_table(path)."
    if isinstance(source, pd.Series):
        return "Make a table of it: series.rename_axis('ds').reset_index(name='y'), with your own column names."
    if isinstance(source, dict) or (isinstance(source, list) and source and isinstance(source[0], dict)):
        return "Make a table of it: pandas.DataFrame(...)."
    return "Give a pandas, Polars or Arrow frame; read_table takes a path, too."


def from_parquet(path: Path, max_bytes: int, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a Parquet file, or some of its columns; an index that pandas stored becomes columns where it has names.

    Raises
    ------
    DataError
        The file is missing, torn, empty or larger than `max_bytes` once unpacked.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pd.DataFrame({"a": [1, 2]}).to_parquet(Path(folder) / "t.parquet")
    ...     from_parquet(Path(folder) / "t.parquet", 10_000).a.tolist()
    [1, 2]
    """
    import pyarrow.parquet as pq

    check_path(path)
    try:
        metadata = pq.read_metadata(path)
        names = metadata.schema.to_arrow_schema().names
        check_names(names, path.name)
        wanted = [name for name in columns or names if not name.startswith("__index_level_")]
        check_columns(wanted, names, path.name)
        read = [_read_parquet(path, max_bytes, wanted)]
    except DataError:
        raise
    except MemoryError:  # Arrow has one of its own, which is an error of Arrow, too
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise fail(
            path.name, f"this is no readable Parquet file ({shorten(error, 200)})", "Fetch or write it again."
        ) from error
    return _check_frame(arrow_to_pandas(read.pop().select(wanted), path.name), path.name)


def check_columns(wanted: Sequence[str], present: Sequence[str], source: str) -> None:
    """Refuse columns that a table does not have, with the nearest ones that it has.

    Raises
    ------
    DataError

    >>> check_columns(["a"], ["a", "b"], "table")
    """
    problems = Problems(source)
    for name in wanted:
        if name not in present:
            missing_column(name, list(present), problems)
    problems.raise_if_any()


def from_excel(path: Path, sheet: str | int, max_bytes: int) -> pd.DataFrame:
    """Read a sheet of a workbook; the first row holds the column names.

    Raises
    ------
    DataError
        The workbook is missing, torn, larger than `max_bytes` once unpacked, or its header is not in order.
    MissingExtraError
        openpyxl is not installed.

    >>> from_excel(Path("no-such-book.xlsx"), 0, 100)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-book.xlsx: there is no such file: ...
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
            fix="Correct the cells, or empty them; formulas get their values when a spreadsheet program saves the workbook.",
        )
        problems.raise_if_any()
    names = ["" if pd.isna(value) else str(value).strip() for value in cells.iloc[0]]
    empty = [place for place, column in enumerate(names, 1) if not column]
    if empty:
        raise fail(path.name, f"{len(empty)} columns have no name (place {quote(empty)})", "Name them or remove them.")
    check_names(names, path.name)
    frame = cells.iloc[1:].reset_index(drop=True)
    frame.columns = names
    return _check_frame(frame.infer_objects(), path.name)


def _read_parquet(path: Path, max_bytes: int, columns: list[str]) -> pa.Table:
    """Read a Parquet file, part by part, up to the limit; text that could swell is first looked at in coded form.

    A column of text may hold each text once, and numbers for the rows; what it takes when it is written out is known
    from the two before it is. What single columns take is not asked of the file: a damaged answer ends the process.
    """
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(path)
    schema = metadata.schema.to_arrow_schema()
    _refuse_nested(schema, columns, path.name)
    packed = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    if packed > max_bytes and len(columns) == metadata.num_columns:
        raise too_large(path.name, packed, max_bytes)
    texts = [name for name in columns if _is_text(schema.field(name).type)]
    swells = metadata.num_rows * packed > max(max_bytes // 2, BOMB_LEAST)
    coded = texts if swells else []
    file = pq.ParquetFile(path, read_dictionary=coded)
    least = 8 * metadata.num_rows * max(1, len(columns))
    if not swells and least < BOMB_LEAST:
        return file.read(columns)
    parts, size = [], 0
    for batch in file.iter_batches(batch_size=1 << 17, columns=columns):
        size += sum(_expand(column) for column in batch.columns)
        if size > max_bytes:
            raise too_large(path.name, size, max_bytes, "at least ")
        if size > 2 * BOMB_LEAST and size > BOMB_RATIO * path.stat().st_size:
            what = f"it swells to more than {BOMB_RATIO} times its size when unpacked"
            raise fail(path.name, what, "Write it as CSV, or in smaller parts, if you trust it.")
        arrays = [
            column.dictionary_decode() if name in coded and pa.types.is_dictionary(column.type) else column
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        ]
        parts.append(pa.Table.from_arrays(arrays, names=batch.schema.names))
    return pa.concat_tables(parts) if parts else file.read(columns)


def _is_text(kind: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return any(test(kind) for test in tests)


def _expand(column: pa.Array) -> int:
    """Bytes of an array once every row has its own value."""
    if not pa.types.is_dictionary(column.type):
        return max(int(column.nbytes), 8 * len(column))  # of nothing but gaps, too, there is a value a row in a frame
    import pyarrow.compute as pc

    if not _is_text(column.dictionary.type):
        return 8 * len(column)
    lengths = pc.binary_length(column.dictionary).cast(pa.int64())
    return int(pc.sum(lengths.take(column.indices)).as_py() or 0) + 8 * len(column)


def _refuse_nested(schema: pa.Schema, columns: list[str], source: str) -> None:
    """Refuse lists and the like: one row of them may be larger than any table."""
    problems = Problems(source)
    for name in columns:
        if pa.types.is_nested(schema.field(name).type):
            problems.add(
                f"holds {schema.field(name).type}, not single values",
                column=name,
                fix="Write each part into a column of its own, or read other columns (columns=).",
            )
    problems.raise_if_any()


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
    frames = read_apart(
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


def check_names(names: Sequence[str], source: str) -> None:
    """Refuse column names that are empty, repeated or too many.

    >>> check_names(["a"], "table")
    """
    empty = [place for place, name in enumerate(names, 1) if not str(name).strip()]
    if empty:
        raise fail(source, f"{len(empty)} columns have no name (place {quote(empty)})", "Name them or remove them.")
    if len(names) > MAX_COLUMNS:
        raise fail(
            source, f"the table has {len(names):,} columns, more than {MAX_COLUMNS:,}", "Give one row a value instead."
        )
    repeated = sorted(name for name, count in Counter(map(str, names)).items() if count > 1)
    if repeated:
        raise fail(source, f"repeated column names: {quote(repeated)}", "Give every column a name of its own.")


def _check_frame(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    check_names(list(frame.columns), source)
    if len(frame) == 0:
        raise fail(source, "the table has no rows", "Give at least one row.")
    problems = Problems(source)
    for name in frame.columns:
        if pd.api.types.is_datetime64_any_dtype(frame[name].dtype):
            far = off_calendar(frame[name])
            if far.any():
                rows = (np.flatnonzero(far[:]) + 1)[:6]
                problems.add(
                    f"{int(far.sum()):,} stamps lie outside the years 1 to 9999",
                    column=name,
                    rows=rows,
                    count=int(far.sum()),
                    fix="Correct them, or leave the cells empty.",
                )
    problems.raise_if_any()
    return frame
