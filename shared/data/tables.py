"""Read a table: from a file or a frame, checked against a schema, repaired only where asked."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from shared.data.parse import Parsed, Reading, guess_kind, parse_column, sniff_decimal
from shared.data.schema import Column, Schema, first_rows
from shared.data.sniff import parse_csv
from shared.data.sources import fail, read_bytes, read_text
from shared.errors import Problems, RepairWarning, SettingsError, quoted, require

__all__ = [
    "MAX_BYTES",
    "REPAIRS",
    "Repair",
    "TableReport",
    "check_frame",
    "fingerprint",
    "read_table",
    "read_table_with_report",
]

MAX_BYTES = 2 * 1024**3
"""Default limit of a table's size in bytes, once unpacked."""

Repair = Literal["drop_ragged_rows", "drop_bad_rows", "keep_last_duplicate", "blank_unreadable"]
REPAIRS: dict[str, str] = {
    "drop_ragged_rows": "leave out rows with another number of fields than the header",
    "blank_unreadable": "make values missing that cannot be read as their kind",
    "drop_bad_rows": "leave out rows with missing, unreadable or out-of-range values",
    "keep_last_duplicate": "of rows with the same key keep the last",
}


@dataclass(frozen=True)
class TableReport:
    """How a table was read and what was repaired.

    Attributes
    ----------
    source : str
        File name or kind of frame.
    rows, columns : int
        Size of the table that came out.
    notes : tuple of str
        What was recognised: encoding, separator, kinds kept as text.
    repairs : tuple of str
        What was repaired, and where; empty unless asked for.
    fingerprint : str
        SHA-256 of the values that came out.

    >>> frame, report = read_table_with_report(pd.DataFrame({"a": [1, 2]}))
    >>> report.rows, report.repairs
    (2, ())
    """

    source: str
    rows: int
    columns: int
    notes: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    fingerprint: str = ""

    def explain(self) -> str:
        """Say in plain sentences how the table was read.

        >>> TableReport("a.csv", 2, 1).explain()
        'a.csv: 2 rows, 1 columns. Nothing was repaired.'
        """
        notes = " ".join(f"{note[0].upper()}{note[1:]}." for note in self.notes)
        repairs = " ".join(f"{text}." for text in self.repairs) or "Nothing was repaired."
        return " ".join(filter(None, [f"{self.source}: {self.rows:,} rows, {self.columns} columns.", notes, repairs]))


@dataclass
class _Desk:
    """What is gathered while one table is read."""

    source: str
    repairs_asked: frozenset[str]
    problems: Problems
    notes: list[str] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)


def read_table(
    source: Any,
    schema: Schema | None = None,
    *,
    repair: Repair | Iterable[Repair] = (),
    separator: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    dates: str | None = None,
    tz: str | None = None,
    sheet: str | int = 0,
    max_bytes: int = MAX_BYTES,
) -> pd.DataFrame:
    r"""Read a table and check it, changing nothing silently.

    Parameters
    ----------
    source : path or frame
        CSV (plain, gzip, bz2, xz or zip), Parquet or Excel; or a pandas, Polars or Arrow frame.
    schema : Schema, optional
        What the table has to look like. Without it kinds are recognised, and left as text where in doubt.
    repair : str or iterable of str
        Repairs to make, of `REPAIRS`; each one made is told by a `RepairWarning`.
    separator, decimal, encoding : str, optional
        Of a CSV file; recognised where left out.
    dates : str, optional
        "iso", "day-first", "month-first" or a format such as "%d/%m/%y".
    tz : str, optional
        Zone in which stamps with an offset are shown, as in "Europe/Berlin".
    sheet : str or int
        Sheet of an Excel file.
    max_bytes : int
        Largest size accepted, once unpacked.

    Returns
    -------
    pandas.DataFrame
        A copy; the source is never changed. Whole numbers with missing values are Int64, so no digit is lost.

    Raises
    ------
    DataError
        Listing every problem with column, rows, count and mend.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "shops.csv"
    ...     _ = path.write_text("shop;country;sales\n007;NA;1,5\n012;DE;2,25\n")
    ...     read_table(path).to_dict("list")
    {'shop': ['007', '012'], 'country': ['NA', 'DE'], 'sales': [1.5, 2.25]}
    """
    frame, report = read_table_with_report(
        source,
        schema,
        repair=repair,
        separator=separator,
        decimal=decimal,
        encoding=encoding,
        dates=dates,
        tz=tz,
        sheet=sheet,
        max_bytes=max_bytes,
    )
    for text in report.repairs:
        warnings.warn(f"{report.source}: {text}.", RepairWarning, stacklevel=2)
    return frame


def read_table_with_report(
    source: Any,
    schema: Schema | None = None,
    *,
    repair: Repair | Iterable[Repair] = (),
    separator: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    dates: str | None = None,
    tz: str | None = None,
    sheet: str | int = 0,
    max_bytes: int = MAX_BYTES,
) -> tuple[pd.DataFrame, TableReport]:
    """Read a table as `read_table` does, and return beside it how it was read and what was repaired.

    >>> frame, report = read_table_with_report(pd.DataFrame({"a": ["x"]}))
    >>> print(report.explain())
    DataFrame: 1 rows, 1 columns. Nothing was repaired.
    """
    asked = frozenset([repair] if isinstance(repair, str) else repair)
    if unknown := asked - set(REPAIRS):
        raise SettingsError(f"unknown repair {quoted(sorted(unknown))}; there are {quoted(REPAIRS)}")
    if decimal not in {None, ".", ","}:
        raise SettingsError(f"decimal={decimal!r} is not known; it is '.' or ','")
    reading = Reading(decimal, dates, tz)
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        desk = _Desk(path.name, asked, Problems(path.name))
        frame = _from_path(path, schema, desk, reading, separator, encoding, sheet, max_bytes)
        frame = _checked(frame, schema, desk)
    else:
        desk = _Desk(type(source).__name__, asked, Problems(type(source).__name__))
        frame = _checked(_typed_frame(as_pandas(source, desk.source), schema, desk, reading), schema, desk)
    report = TableReport(
        desk.source, len(frame), frame.shape[1], tuple(desk.notes), tuple(desk.repairs), fingerprint(frame)
    )
    return frame, report


def check_frame(frame: Any, schema: Schema, source: str) -> pd.DataFrame:
    """Bring a frame's declared columns to their kinds and check them, as `read_table` does, without a report.

    >>> check_frame(pd.DataFrame({"ds": ["2024-01-31"]}), Schema((Column("ds", "datetime"),)), "table").ds.dt.day.tolist()
    [31]
    """
    desk = _Desk(source, frozenset(), Problems(source))
    return _checked(_typed_frame(as_pandas(frame, source), schema, desk, Reading()), schema, desk)


def fingerprint(frame: pd.DataFrame) -> str:
    """SHA-256 of a table's column names and values; independent of the pandas version and of the index.

    >>> a = pd.DataFrame({"a": [1.0, 2.0]})
    >>> fingerprint(a) == fingerprint(a.copy()), fingerprint(a) == fingerprint(a + 1)
    (True, False)
    """
    digest = hashlib.sha256()
    for name in frame.columns:
        values = frame[name]
        digest.update(str(name).encode())
        if isinstance(values.dtype, pd.DatetimeTZDtype):
            values = values.dt.tz_convert("UTC").dt.tz_localize(None)
        if values.dtype.kind == "M":
            values = values.astype("datetime64[ns]").astype("int64")
        if values.dtype.kind in "biuf":
            digest.update(np.ascontiguousarray(values.to_numpy()).tobytes())
        else:
            hashes = pd.util.hash_pandas_object(values.astype(object).astype(str), index=False, categorize=True)
            digest.update(hashes.to_numpy().tobytes())
    return digest.hexdigest()


def _from_path(
    path: Path,
    schema: Schema | None,
    desk: _Desk,
    reading: Reading,
    separator: str | None,
    encoding: str | None,
    sheet: str | int,
    max_bytes: int,
) -> pd.DataFrame:
    suffix = path.suffix.lower()
    if suffix in {".xlsx", ".xlsm", ".xls", ".ods"}:
        require("openpyxl", package="openpyxl", extra="excel")
        data, _ = _excel_bytes(path, max_bytes)
        try:
            frame = pd.read_excel(data, sheet_name=sheet, dtype=object, keep_default_na=False, na_values=[""])
        except (ValueError, KeyError, OSError) as error:
            raise fail(path.name, f"the sheet cannot be read ({error})", "Check file and sheet name.") from error
        return _typed_frame(frame, schema, desk, reading)
    if suffix in {".parquet", ".pq"}:
        return _typed_frame(_parquet(path, max_bytes), schema, desk, reading)
    if suffix in {".pkl", ".pickle", ".joblib"}:
        raise fail(path.name, "pickles are never read: they can run code", "Save the table as Parquet or CSV.")
    data, compression = read_bytes(path, max_bytes)
    text = read_text(data, path.name, encoding, compression)
    desk.notes.extend(text.notes)
    raw = parse_csv(text.data, path.name, separator, drop_ragged="drop_ragged_rows" in desk.repairs_asked)
    if raw.dropped:
        desk.repairs.append(f"left out {len(raw.dropped):,} ragged rows: {quoted(raw.dropped)}")
    return _typed_text(raw.table, raw.separator, schema, desk, reading)


def _excel_bytes(path: Path, max_bytes: int) -> tuple[Any, int]:
    if not path.exists():
        raise fail(path.name, f"there is no such file: {path}", "Check the spelling and the folder.")
    import io
    import zipfile

    size = path.stat().st_size
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    if size > max_bytes:
        raise fail(path.name, f"the workbook unpacks to {size / 1e6:,.0f} MB, above the limit", "Raise max_bytes.")
    return io.BytesIO(path.read_bytes()), size


def _parquet(path: Path, max_bytes: int) -> pd.DataFrame:
    import pyarrow.parquet as pq

    if not path.exists():
        raise fail(path.name, f"there is no such file: {path}", "Check the spelling and the folder.")
    try:
        metadata = pq.read_metadata(path)
        size = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
        if size > max_bytes:
            raise fail(path.name, f"the table unpacks to {size / 1e6:,.0f} MB, above the limit", "Raise max_bytes.")
        frame = pq.read_table(path).to_pandas(integer_object_nulls=True)
    except pa.ArrowException as error:
        raise fail(path.name, f"this is no readable Parquet file ({error})", "Fetch or write it again.") from error
    return cast("pd.DataFrame", frame.reset_index() if frame.index.name else frame)


def as_pandas(source: Any, name: str) -> pd.DataFrame:
    """Copy a pandas, Polars or Arrow frame into a pandas frame, and refuse what is none.

    Raises
    ------
    DataError
        It is no frame, has no rows, or has repeated column names.

    >>> as_pandas(pa.table({"a": [1]}), "table").a.tolist()
    [1]
    """
    if isinstance(source, pd.DataFrame):
        frame = source.copy()
    else:
        import narwhals as nw

        try:
            native = nw.from_native(source)
        except TypeError as error:
            raise fail(
                name,
                "this is neither a path nor a frame",
                "Give a path or a pandas, Polars or Arrow frame.",
            ) from error
        frame = (native.collect() if isinstance(native, nw.LazyFrame) else native).to_pandas()
    frame.columns = [str(name) for name in frame.columns]
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise fail(name, f"repeated column names: {quoted(repeated)}", "Give every column a name of its own.")
    if len(frame) == 0:
        raise fail(name, "the table has no rows", "Give at least one row.")
    return frame


def _typed_text(table: pa.Table, separator: str, schema: Schema | None, desk: _Desk, reading: Reading) -> pd.DataFrame:
    arrays = {name: table.column(name).combine_chunks() for name in table.column_names}
    if reading.decimal is None:
        decimal = sniff_decimal(list(arrays.values()), separator)
        if decimal == ",":
            desk.notes.append("decimal mark ',' recognised")
        reading = Reading(decimal, reading.dates, reading.tz)
    declared = {column.name: column for column in schema.columns} if schema else {}
    columns = {
        name: _typed_column(strings, name, declared.get(name), desk, reading) for name, strings in arrays.items()
    }
    return pd.DataFrame(columns)


def _typed_column(
    strings: pa.Array, name: str, declared: Column | None, desk: _Desk, reading: Reading
) -> pd.Series[Any]:
    if declared is None:
        kind, notes = guess_kind(pa.array(pd.Series(strings.to_pandas()).str.strip(), pa.string()), reading)
        desk.notes.extend(f"'{name}' {note}" for note in notes)
    else:
        kind = declared.kind
    parsed = parse_column(strings, kind, reading)
    desk.notes.extend(f"'{name}': {note}" for note in parsed.notes)
    _report_unreadable(parsed, name, desk, examples=strings)
    return parsed.values


def _report_unreadable(parsed: Parsed, name: str, desk: _Desk, examples: pa.Array) -> None:
    count = int(parsed.bad.sum())
    if not count:
        return
    shown = quoted(dict.fromkeys(examples.take(pa.array(np.flatnonzero(parsed.bad)[:20])).to_pylist()))
    text = f"{count:,} {'value' if count == 1 else 'values'} {parsed.why}: {shown}"
    if "blank_unreadable" in desk.repairs_asked and parsed.values.notna().any():
        desk.repairs.append(f"made missing in '{name}': {text}; rows {quoted(first_rows(parsed.bad))}")
        return
    mend = parsed.mend
    desk.problems.add(text, column=name, rows=first_rows(parsed.bad), count=count, mend=mend)


def _typed_frame(frame: pd.DataFrame, schema: Schema | None, desk: _Desk, reading: Reading) -> pd.DataFrame:
    """Bring the declared columns of a frame to their kinds; leave the others as they are."""
    for column in schema.columns if schema else ():
        if column.name not in frame.columns:
            continue
        values = frame[column.name]
        if not _is_kind(values, column.kind):
            empty = values.isna().tolist()
            texts = [None if gone else str(value) for gone, value in zip(empty, values.tolist(), strict=True)]
            typed = _typed_column(pa.array(texts, pa.string()), column.name, column, desk, reading)
            frame[column.name] = typed.set_axis(frame.index)
    return frame.reset_index(drop=True)


def _is_kind(values: pd.Series[Any], kind: str) -> bool:
    dtype = values.dtype
    if kind == "datetime":
        return pd.api.types.is_datetime64_any_dtype(dtype)
    if kind == "boolean":
        return pd.api.types.is_bool_dtype(dtype)
    if kind == "integer":
        return pd.api.types.is_integer_dtype(dtype)
    if kind == "number":
        return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
    if not pd.api.types.is_object_dtype(dtype):
        return pd.api.types.is_string_dtype(dtype)
    return all(isinstance(value, str) for value in values.dropna())


def _checked(frame: pd.DataFrame, schema: Schema | None, desk: _Desk) -> pd.DataFrame:
    if schema is None:
        desk.problems.raise_if_any()
        return frame
    unreadable = Problems(desk.source, [problem for problem in desk.problems if problem.rows])
    named = {problem.column for problem in unreadable}
    found = Problems(desk.source)
    readable = Schema(tuple(column for column in schema.columns if column.name not in named), schema.key)
    bad = readable.check(frame, found)
    hopeless = [problem for problem in found if not problem.rows]
    if "drop_bad_rows" in desk.repairs_asked and not hopeless and not desk.problems:
        if bad.any():
            desk.repairs.append(f"left out {int(bad.sum()):,} bad rows: {quoted(first_rows(bad))}")
            desk.repairs.extend(str(problem).split(" Correct")[0].rstrip(".") for problem in found)
            frame = frame[~bad].reset_index(drop=True)
            if len(frame) == 0:
                raise fail(desk.source, "no row is left after leaving out the bad ones", "Correct the table.")
    else:
        desk.problems.found.extend(found)
    repeated_problems = Problems(desk.source)
    repeated = schema.check_key(frame, repeated_problems) if not named else np.zeros(len(frame), dtype=bool)
    if repeated.any():
        if "keep_last_duplicate" in desk.repairs_asked:
            desk.repairs.append(
                f"left out {int(repeated.sum()):,} rows with a repeated key: {quoted(first_rows(repeated))}"
            )
            frame = frame[~repeated].reset_index(drop=True)
        else:
            desk.problems.found.extend(repeated_problems)
    desk.problems.raise_if_any()
    return frame
