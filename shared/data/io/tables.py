"""Read a table: from a file or a frame, checked against a schema, repaired only where asked."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from shared.data.fingerprint import fingerprint
from shared.data.frequency import is_zone
from shared.data.io.coerce import coerce, find_numbers, is_kind
from shared.data.io.excel import read_excel
from shared.data.io.frames import as_pandas, check_columns, say_index_left_out
from shared.data.io.json_lines import from_json
from shared.data.io.limits import MAX_BYTES
from shared.data.io.parquet import read_parquet
from shared.data.io.parse import CORRECT, Parsed, Reading, guess_kind, parse_column, sniff_decimal
from shared.data.io.sniff import parse_csv
from shared.data.io.sources import fail, is_encoding, read_bytes, read_text, split_sheet
from shared.data.io.sql import display_url, from_database, from_url, is_url
from shared.data.io.table_report import TableReport
from shared.data.io.text_columns import read_text_columns
from shared.data.schema import Column, Schema, first_rows
from shared.errors import Problems, RepairWarning, SettingsError, quote
from shared.text import count_of
from shared.typing import Bools, Ints

__all__ = [
    "MAX_BYTES",
    "REPAIRS",
    "Repair",
    "TableReport",
    "check_frame",
    "fingerprint",
    "read_part",
    "read_table",
    "read_table_with_report",
]


JSON = {".jsonl", ".ndjson", ".json"}
DATABASES = {".sqlite", ".sqlite3", ".db", ".duckdb"}
PACKED = {".gz", ".bz2", ".xz", ".zip"}

Repair = Literal["drop_ragged_rows", "drop_bad_rows", "keep_last_duplicate", "blank_unreadable"]
REPAIRS: dict[str, str] = {
    "drop_ragged_rows": "leave out rows with another number of fields than the header",
    "blank_unreadable": "make values missing that cannot be read as their kind",
    "drop_bad_rows": "leave out rows with missing, unreadable or out-of-range values",
    "keep_last_duplicate": "of rows with the same key keep the last",
}


@dataclass
class _Desk:
    """What is gathered while one table is read."""

    source: str
    repairs_asked: frozenset[str]
    problems: Problems
    notes: list[str] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)
    unreadable: Bools | None = None
    local: bool = False
    numbers: Ints | None = None

    def leave_out(self, mask: Bools) -> None:
        """Keep the numbers that the remaining rows have in the source."""
        numbers = np.arange(1, len(mask) + 1) if self.numbers is None else self.numbers
        self.numbers = numbers[~mask]

    def rows(self, mask: Bools) -> list[int]:
        """Numbers, in the source, of the first few marked rows."""
        return self.source_rows(first_rows(mask))

    def source_rows(self, rows: Iterable[int]) -> list[int]:
        """Numbers in the source of rows counted in the table as it is now."""
        return list(rows) if self.numbers is None else [int(self.numbers[row - 1]) for row in rows]

    def adopt(self, found: Problems) -> None:
        """Take problems over, with the rows' numbers in the source."""
        for problem in found:
            self.problems.found.append(replace(problem, rows=tuple(self.source_rows(problem.rows))))


def read_table(
    source: object,
    schema: Schema | None = None,
    *,
    repair: Repair | Iterable[Repair] = (),
    separator: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    dates: str | None = None,
    tz: str | None = None,
    sheet: str | int = 0,
    query: str | None = None,
    columns: Sequence[str] | None = None,
    max_bytes: int = MAX_BYTES,
) -> pd.DataFrame:
    r"""Read a table and check it, changing nothing silently.

    Parameters
    ----------
    source : path, address or frame
        CSV or JSON lines (plain, gzip, bz2, xz or zip), Parquet, Excel (a sheet as in "a.xlsx#Sheet2"), an SQLite or
        DuckDB database; the address of a database as SQLAlchemy writes it; or a pandas, Polars or Arrow frame.
    schema : Schema, optional
        What the table has to look like. Without it kinds are recognised, and left as text where in doubt.
    repair : str or iterable of str
        Repairs to make, of `REPAIRS`; each one made is told by a `RepairWarning`.
    separator, encoding : str, optional
        Of a CSV file; recognised where left out.
    decimal : str, optional
        Decimal mark of a CSV file, recognised where left out. Where it is given, columns of text of other tables are
        read as well if all their values are numbers.
    dates : str, optional
        "iso", "day-first", "month-first" or a format such as "%d/%m/%y"; columns of text as for `decimal`.
    tz : str, optional
        Zone in which stamps with an offset are shown, as in "Europe/Berlin". Stamps without one stay as they are, and
        keys of which they are part are not checked for repeats: an hour comes twice in autumn. `Panel` tells them
        apart.
    sheet : str or int
        Sheet of an Excel file.
    query : str, optional
        Of a database: a table's name or a SELECT; may be left out where there is one table. Nothing is ever written.
    columns : sequence of str, optional
        Only these columns; of a Parquet file the others are not even read.
    max_bytes : int
        Largest size accepted, once unpacked.

    Returns
    -------
    pandas.DataFrame
        A copy; the source is never changed. Whole numbers with missing values are Int64, so no digit is lost.

    Raises
    ------
    DataError
        Listing every problem with column, rows, count and fix.

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
        query=query,
        columns=columns,
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
    query: str | None = None,
    columns: Sequence[str] | None = None,
    max_bytes: int = MAX_BYTES,
) -> tuple[pd.DataFrame, TableReport]:
    """Read a table as `read_table` does, and return beside it how it was read and what was repaired.

    Parameters
    ----------
    source : str, Path or frame
        As in `read_table`, and so all that follows.
    schema : Schema, optional
        Columns that have to be there, and what they hold.
    repair : str or iterable of str
        What may be mended.
    separator, decimal, encoding : str, optional
        How a text file is written; found where left out.
    dates : str, optional
        Order of day, month and year where it can't be told.
    tz : str, optional
        Time zone of stamps that have none.
    sheet : str or int
        Of a workbook.
    query : str, optional
        Of a database.
    columns : sequence of str, optional
        Those wanted; all where left out.
    max_bytes : int
        Size that a table may have in memory.

    >>> frame, report = read_table_with_report(pd.DataFrame({"a": ["x"]}))
    >>> print(report.explain())
    DataFrame: 1 row, 1 column. Nothing was repaired.
    """
    asked = frozenset([repair] if isinstance(repair, str) else repair)
    if unknown := asked - set(REPAIRS):
        raise SettingsError(f"unknown repair {quote(sorted(unknown))}; there are {quote(REPAIRS)}")
    if decimal not in {None, ".", ","}:
        raise SettingsError(f"decimal={decimal!r} is not known; it is '.' or ','")
    check_options(separator, encoding, dates, tz)
    if schema is not None:
        schema.check_itself()
    reading = Reading(decimal, dates, tz)
    stored = isinstance(source, str | os.PathLike)
    name = display_url(source) if stored else type(source).__name__
    desk = _Desk(name, asked, Problems(name), local=tz is not None)
    if query is not None and not _is_database(source):
        raise SettingsError(f"query= is for databases, but {quote([name])} is none")
    if stored:
        source, named = (source, None) if is_url(source) else split_sheet(source)
        how = _How(separator, encoding, sheet if named is None else named, query, columns, max_bytes)
        frame = _from_source(source, schema, desk, reading, how)
    else:
        desk.notes.extend(say_index_left_out(source))
        frame = _type_frame(as_pandas(source, name), schema, desk, reading)
    if columns is not None:
        check_columns(columns, [str(column) for column in frame.columns], name)
        frame = frame[list(columns)]
    frame = _check_frame(frame, schema, desk)
    report = TableReport(
        desk.source, len(frame), frame.shape[1], tuple(desk.notes), tuple(desk.repairs), fingerprint(frame)
    )
    return frame, report


def check_options(
    separator: str | None = None, encoding: str | None = None, dates: str | None = None, tz: str | None = None
) -> None:
    """Refuse options that no reader could follow; see `read_table`.

    >>> check_options(";;")
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: separator=';;' is not one plain character, such as ',' or ';'
    """
    if encoding is not None and not is_encoding(encoding):
        raise SettingsError(f"encoding={quote([encoding])} is not known; use a name Python knows: 'utf-8', 'cp1252'")
    if separator is not None and not (len(separator) == 1 and separator.isascii() and separator not in '\n\r"\0'):
        raise SettingsError(f"separator={quote([separator])} is not one plain character, such as ',' or ';'")
    if dates is not None and dates not in {"iso", "day-first", "month-first"}:
        sample = datetime(2024, 2, 29)
        try:
            written = sample.strftime(dates)
            usable = "%" in dates and datetime.strptime(written, dates) is not None
            pd.to_datetime(pd.Series([written]), format=dates)  # pandas reads fewer formats
        except (ValueError, TypeError, re.error):
            usable = False
        if not usable:
            raise SettingsError(
                f"dates={quote([dates])} is not 'iso', 'day-first', 'month-first' or a format such as '%d/%m/%y'"
            )
    if tz is not None and not is_zone(tz):
        raise SettingsError(f"tz={quote([tz])} is no time zone; write it as in 'Europe/Berlin'")


def check_frame(frame: object, schema: Schema, source: str, *, tz: str | None = None) -> pd.DataFrame:
    """Bring a frame's declared columns to their kinds and check them, as `read_table` does, without a report.

    >>> days = pd.DataFrame({"ds": ["2024-01-31"]})
    >>> check_frame(days, Schema((Column("ds", "datetime"),)), "table").ds.dt.day.tolist()
    [31]
    """
    desk = _Desk(source, frozenset(), Problems(source), local=tz is not None)
    reading = Reading() if tz is None else Reading(tz=tz)
    return _check_frame(_type_frame(as_pandas(frame, source, copy=False), schema, desk, reading), schema, desk)


def read_part(
    part: Any, schema: Schema | None, source: str, start: int, *, decimal: str, dates: str | None, tz: str | None
) -> pd.DataFrame:
    """Type and check one part of a large table: text from a CSV, or a frame; rows are counted from `start`.

    >>> read_part(pd.DataFrame({"a": [1]}), None, "t", 0, decimal=".", dates=None, tz=None).a.tolist()
    [1]
    """
    desk = _Desk(source, frozenset(), Problems(source), local=tz is not None)
    desk.numbers = np.arange(start + 1, start + 1 + (part.num_rows if isinstance(part, pa.Table) else len(part)))
    reading = Reading(decimal, dates, tz)
    if isinstance(part, pa.Table):
        declared = {column.name: column for column in schema.columns} if schema else {}
        columns = {}
        for name in part.column_names:
            strings = part.column(name).combine_chunks()
            columns[name] = _type_column(
                strings, name, declared.get(name, Column(name, "text", allow_missing=True)), desk, reading
            )
        return _check_frame(pd.DataFrame(columns), schema, desk)
    return _check_frame(_type_frame(part, schema, desk, reading, whole=False), schema, desk)


@dataclass(frozen=True)
class _How:
    """How a file is to be opened."""

    separator: str | None
    encoding: str | None
    sheet: str | int
    query: str | None
    columns: Sequence[str] | None
    max_bytes: int


def _is_database(source: object) -> bool:
    return is_url(source) or (isinstance(source, str | os.PathLike) and Path(source).suffix.lower() in DATABASES)


def _from_source(source: Any, schema: Schema | None, desk: _Desk, reading: Reading, how: _How) -> pd.DataFrame:
    """Open a file by what its name says it is, or a database."""
    if is_url(source):
        return _type_frame(from_url(str(source), how.query, how.max_bytes), schema, desk, reading, dated=True)
    path = Path(source)
    suffix = path.suffix.lower()
    kind = path.with_suffix("").suffix.lower() if suffix in PACKED else suffix
    if kind in JSON:
        return _type_frame(from_json(path, how.max_bytes, how.encoding), schema, desk, reading, dated=True)
    if suffix in DATABASES:
        return _type_frame(from_database(path, how.query, how.max_bytes), schema, desk, reading, dated=True)
    if suffix in {".xlsx", ".xlsm", ".xls", ".ods"}:
        return _type_frame(read_excel(path, how.sheet, how.max_bytes), schema, desk, reading)
    if suffix in {".parquet", ".pq"}:
        return _type_frame(read_parquet(path, how.max_bytes, how.columns), schema, desk, reading)
    if suffix in {".pkl", ".pickle", ".joblib"}:
        raise fail(path.name, "pickles are never read: they can run code", "Save the table as Parquet or CSV.")
    data, compression = read_bytes(path, how.max_bytes)
    text = read_text(data, path.name, how.encoding, compression)
    desk.notes.extend(text.notes)
    raw = parse_csv(text.data, path.name, how.separator, drop_ragged="drop_ragged_rows" in desk.repairs_asked)
    desk.notes.extend(raw.notes)
    if raw.dropped:
        desk.repairs.append(f"left out {len(raw.dropped):,} ragged rows: {quote(raw.dropped)}")
        desk.leave_out(np.isin(np.arange(1, raw.table.num_rows + len(raw.dropped) + 1), raw.dropped))
    return _type_text(raw.table, raw.separator, schema, desk, reading)


def _type_text(table: pa.Table, separator: str, schema: Schema | None, desk: _Desk, reading: Reading) -> pd.DataFrame:
    arrays = {name: table.column(name).combine_chunks() for name in table.column_names}
    if reading.decimal is None:
        decimal = sniff_decimal(list(arrays.values()), separator)
        if decimal == ",":
            desk.notes.append("decimal mark ',' recognised")
        reading = Reading(decimal, reading.dates, reading.tz)
    declared = {column.name: column for column in schema.columns} if schema else {}
    columns = {}
    for name, strings in arrays.items():
        own = _read_by(strings, reading, separator)
        if own.decimal == "," != reading.decimal:
            desk.notes.append(f"'{name}': decimal mark ',' recognised, which other columns do not have")
        columns[name] = _type_column(strings, name, declared.get(name), desk, own)
    if reading.dates is not None and not any(one.dtype.kind == "M" for one in columns.values()):
        desk.notes.append(f"dates={reading.dates!r} fits no column")
    return pd.DataFrame(columns)


def _read_by(strings: pa.Array, reading: Reading, separator: str) -> Reading:
    """How a column is read: where the file's columns do not agree on a decimal mark, by its own.

    Not between commas: one inside a cell there has been quoted, and is more likely no decimal mark.
    """
    own = sniff_decimal([strings], separator) if reading.decimal is None and separator != "," else None
    return reading if own is None else Reading(own, reading.dates, reading.tz)


def _type_column(
    strings: pa.Array,
    name: str,
    declared: Column | None,
    desk: _Desk,
    reading: Reading,
    numbers: pd.Series[Any] | None = None,
) -> pd.Series[Any]:
    """Read a column of text; `numbers` are what stands there as a number among it."""
    if declared is None:
        kind, notes = guess_kind(pa.array(pd.Series(strings.to_pandas()).str.strip(), pa.string()), reading)
        desk.notes.extend(f"'{name}' {note}" for note in notes)
    else:
        kind = declared.kind
    parsed = parse_column(strings, kind, reading)
    if declared is not None and declared.truth and guess_kind(strings, reading)[0] == "boolean":
        return _count_truth(parse_column(strings, "boolean", reading).values, name, desk)
    if numbers is not None:
        parsed = replace(parsed, values=pd.Series(parsed.values).where(numbers.isna().to_numpy(), numbers.to_numpy()))
    desk.notes.extend(f"'{name}': {note}" for note in parsed.notes)
    examples = strings.to_pylist() if parsed.bad.any() else []
    _report_unreadable(parsed, name, desk, examples=examples, declared=declared)
    return parsed.values


def _report_unreadable(
    parsed: Parsed, name: str, desk: _Desk, examples: Sequence[Any], declared: Column | None = None
) -> None:
    count = int(parsed.bad.sum())
    if not count:
        return
    shown = quote(dict.fromkeys(examples[int(place)] for place in np.flatnonzero(parsed.bad)[:20]))
    why = (
        re.sub(r"^(have|fit)\b", lambda verb: {"have": "has", "fit": "fits"}[verb[0]], parsed.why)
        if count == 1
        else parsed.why
    )
    text = f"{count:,} {'value' if count == 1 else 'values'} {why}: {shown}"
    rows = desk.rows(parsed.bad)
    if "blank_unreadable" in desk.repairs_asked and parsed.values.notna().any():
        desk.repairs.append(f"made missing in '{name}': {text}; rows {quote(rows)}")
        return
    if "drop_bad_rows" in desk.repairs_asked and not parsed.bad.all():
        desk.unreadable = parsed.bad if desk.unreadable is None else desk.unreadable | parsed.bad
        desk.repairs.append(f"column '{name}': {text} (rows {', '.join(map(str, rows))})")
        return
    fix = parsed.fix
    if fix == CORRECT and declared is not None and declared.setting and not parsed.values.notna().any():
        fix = f"Correct them, or name a column of numbers in its place: --set {declared.setting}=NAME."
    desk.problems.add(text, column=name, rows=rows, count=count, fix=fix)


def _type_frame(
    frame: pd.DataFrame,
    schema: Schema | None,
    desk: _Desk,
    reading: Reading,
    *,
    dated: bool = False,
    whole: bool = True,
) -> pd.DataFrame:
    """Bring the declared columns of a frame to their kinds; leave the others as they are.

    With `dated` other columns of text become dates where all their values are: JSON and SQLite know no dates. Of a
    `whole` table they do, and numbers, too, where the caller says how those are written.
    """
    declared = set(schema.names) if schema else set()
    known = {column.kind for column in schema.columns} if schema else set()
    for name in frame.columns if reading.tz is not None else ():
        if isinstance(frame[name].dtype, pd.DatetimeTZDtype):
            frame[name] = frame[name].dt.tz_convert(reading.tz)
    for name in frame.columns if dated else ():
        if name not in declared and pd.api.types.infer_dtype(frame[name], skipna=True) == "string":
            texts = pa.array(frame[name].astype(object), pa.string(), from_pandas=True)
            kind, notes = guess_kind(texts, reading)
            if kind == "datetime":
                known.add(kind)
                desk.notes.extend(f"'{name}' {note}" for note in notes)
                frame[name] = _type_column(texts, name, Column(name, kind), desk, reading).set_axis(frame.index)
    if whole:
        desk.notes.extend(
            read_text_columns(frame, [one for one in frame.columns if one not in declared], reading, known)
        )
    for column in schema.columns if schema else ():
        if column.name in frame.columns and not is_kind(frame[column.name], column.kind):
            frame[column.name] = _type_declared(frame[column.name], column, desk, reading).set_axis(frame.index)
    return frame.reset_index(drop=True)


def _type_declared(values: pd.Series[Any], column: Column, desk: _Desk, reading: Reading) -> pd.Series[Any]:
    """Bring a declared column to its kind."""
    if column.truth and pd.api.types.infer_dtype(values, skipna=True) == "boolean":
        return _count_truth(values, column.name, desk)
    parsed = coerce(values, column.kind)
    if parsed is not None:
        _report_unreadable(parsed, column.name, desk, examples=values.tolist(), declared=column)
        return parsed.values
    numbers = find_numbers(values) if column.kind == "number" else None
    empty = (values.isna() if numbers is None else values.isna() | numbers.notna()).tolist()
    texts = [None if gone else _text(value) for gone, value in zip(empty, values.tolist(), strict=True)]
    return _type_column(pa.array(texts, pa.string()), column.name, column, desk, reading, numbers)


def _count_truth(values: pd.Series[Any], name: str, desk: _Desk) -> pd.Series[Any]:
    """True and false as 1 and 0."""
    desk.notes.append(f"'{name}': true and false read as 1 and 0")
    return values.astype(object).map({True: 1.0, False: 0.0}).astype(float)


def _text(value: object) -> str:
    """Write a value as text; a float that is a whole number is a key that went through a spreadsheet."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _check_frame(frame: pd.DataFrame, schema: Schema | None, desk: _Desk) -> pd.DataFrame:
    if schema is None:
        desk.problems.raise_if_any()
        return frame
    named = {problem.column for problem in desk.problems if problem.rows}
    found = Problems(desk.source)
    readable = Schema(tuple(column for column in schema.columns if column.name not in named), schema.key)
    # Rows already marked for leaving out need not be told twice.
    marked = desk.unreadable if desk.unreadable is not None else np.zeros(len(frame), dtype=bool)
    bad = readable.check(frame[~marked], found) if marked.any() else readable.check(frame, found)
    hopeless = [problem for problem in found if not problem.rows]
    if "drop_bad_rows" in desk.repairs_asked and not hopeless and not desk.problems:
        frame = _without(frame, marked, bad, found, desk)
    else:
        desk.adopt(found)
    repeats = Problems(desk.source)
    if desk.local and any(_is_naive(frame, name) for name in schema.key):
        # On the wall clock an hour comes twice in autumn; a panel knows which is which, a key does not.
        schema = replace(schema, key=())
    repeated = schema.check_key(frame, repeats) if not named else np.zeros(len(frame), dtype=bool)
    if repeated.any():
        if "keep_last_duplicate" in desk.repairs_asked:
            text = f"left out {count_of(int(repeated.sum()), 'row')} with a repeated key: {quote(desk.rows(repeated))}"
            desk.repairs.append(text)
            desk.leave_out(repeated)
            frame = frame[~repeated].reset_index(drop=True)
        else:
            desk.adopt(repeats)
    desk.problems.raise_if_any()
    return frame


def _is_naive(frame: pd.DataFrame, name: str) -> bool:
    return name in frame.columns and pd.api.types.is_datetime64_any_dtype(frame[name]) and frame[name].dt.tz is None


def _without(frame: pd.DataFrame, marked: Bools, bad: Bools, found: Problems, desk: _Desk) -> pd.DataFrame:
    """Leave out rows that are marked as unreadable, and of the rest those that are bad; tell both."""
    lost = marked.copy()
    lost[np.flatnonzero(~marked)[bad]] = True
    if not lost.any():
        return frame
    if lost.all():
        raise fail(desk.source, "no row is left after leaving out the bad ones", "Correct the table.")
    desk.repairs.append(f"left out {int(lost.sum()):,} bad rows: {quote(desk.rows(lost))}")
    kept = np.flatnonzero(~marked)
    for problem in found:
        rows = tuple(desk.source_rows(int(kept[row - 1]) + 1 for row in problem.rows))
        desk.repairs.append(str(replace(problem, rows=rows, fix="")).rstrip("."))
    desk.leave_out(lost)
    return frame[~lost].reset_index(drop=True)
