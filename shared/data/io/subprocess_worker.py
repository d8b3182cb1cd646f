"""What runs in the process that reads a file apart: databases and workbooks, row by row, to the pipe that asked.

It is started as a script with nothing but the standard library on its way; the parent says where packages lie. What it
sends are frames: a length, and a value as `marshal` writes it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import marshal
import re
import sqlite3
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

__all__ = ["JOBS", "ROWS_AT_ONCE", "WHICH", "RefusedError", "find_select"]

ROWS_AT_ONCE = 1_000
MOST_SHEETS = 20  # that a message names
UNCALCULATED = "a formula without a value"
SELECTS = ("select", "with", "from", "values")
COMMENT = re.compile(r"\s+|--[^\n]*(?:\n|$)|/\*.*?\*/", re.DOTALL)
# A fix is text, or parts that pass between processes: text, and in a list of one the name of an argument.
Advice = str | list[str | list[str]]
WHICH: Advice = ["Pass ", ["query"], " with a table's name or a SELECT."]
# 22 and 32: transactions and savepoints, 33: recursive. What is asked of the database about itself has no second name.
HARMLESS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, 22, 32, 33}
LISTED = (
    "select name, type from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%' order by rowid"
)
Frames = Iterator[tuple[Any, ...]]


class RefusedError(Exception):
    """What is wrong with a file, and how to correct it.

    >>> RefusedError("it holds no table", "Give another.").fix
    'Give another.'
    """

    def __init__(self, what: str, fix: Advice) -> None:
        super().__init__(what, fix)
        self.what, self.fix = what, fix


def find_select(query: str | None, tables: list[str]) -> str:
    """The SELECT that is meant: a table's name becomes one, and where there is one table it need not be named.

    >>> find_select(None, ["sales"])
    'select * from "sales"'
    """
    from shared.errors import quote

    if query is None:
        if len(tables) != 1:
            has = f"holds the tables {quote(tables)}" if tables else "holds no table"
            raise RefusedError(f"it {has}", WHICH)
        query = tables[0]
    if query in tables:
        return 'select * from "' + query.replace('"', '""') + '"'  # noqa: S608  # quoted, and one of its own tables
    if not _is_select(query):
        raise RefusedError(f"there is no table {quote([query])}; there are {quote(tables)}", WHICH)
    return query


def _is_select(query: str) -> bool:
    """Whether a query begins with a word of reading, behind blanks and comments; each letter is looked at once."""
    place = 0
    while found := COMMENT.match(query, place):
        place = found.end()
    word = re.match(r"[a-z]+\b", query[place : place + 10], re.IGNORECASE)
    return word is not None and word[0].lower() in SELECTS


class _Clock:
    """Ends what a view in a file sets off, where it does not end by itself."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = float("inf")

    def start(self) -> None:
        self.end = time.monotonic() + self.seconds

    def check(self) -> None:
        if time.monotonic() > self.end:
            raise RefusedError(
                f"a view in it gives no end within {self.seconds:g} seconds",
                ["Read its tables, or pass the SELECT you mean as ", ["query"], "."],
            )


def read_sqlite(job: dict[str, Any]) -> Frames:
    """Names, and then the columns of a few rows at a time, of a table or a SELECT in an SQLite file."""
    path, clock = Path(job["file"]), _Clock(job["view_seconds"])
    calm = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"  # otherwise files are left beside it
    base = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro{calm}", uri=True)

    def authorise(action: int, *named: object) -> int:
        asks = action == sqlite3.SQLITE_PRAGMA and named[1] is None
        harmless = (action in HARMLESS or asks) and "load_extension" not in named
        return sqlite3.SQLITE_OK if harmless else sqlite3.SQLITE_DENY

    base.set_authorizer(authorise)
    base.set_progress_handler(lambda: int(time.monotonic() > clock.end), 10_000)
    base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, job["longest_text"])
    try:
        kinds = {str(name): str(kind) for name, kind in base.execute(LISTED)}
        query = job["query"]
        select = find_select(query, list(kinds))
        if kinds.get(query if query is not None else next(iter(kinds))) == "view":
            clock.start()
        cursor = base.execute(select)
        yield "names", [str(column[0]) for column in cursor.description or ()]
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            # Of binary values only that they are there is told: they are refused.
            yield (
                "columns",
                [
                    [b"" if isinstance(value, bytes) else value for value in column]
                    for column in zip(*rows, strict=True)
                ],
            )
            clock.check()
    except (sqlite3.Error, sqlite3.Warning, UnicodeDecodeError) as error:
        clock.check()
        told = re.sub(r"\s+", " ", str(error)).strip()[:200]
        raise RefusedError(f"the database cannot be read ({told})", WHICH) from error
    finally:
        base.close()


def read_duckdb(job: dict[str, Any]) -> Frames:
    """Batches, as Arrow streams them, of a table or a SELECT in a DuckDB file."""
    import threading

    import duckdb

    config: dict[str, Any] = {
        "enable_external_access": "false",  # a view in the file may name other files, or addresses
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "threads": "1",  # rows in their order
        "memory_limit": job["duckdb_memory"],
    }
    clock = _Clock(job["view_seconds"])
    timer = None
    try:
        base = duckdb.connect(job["file"], read_only=True, config=config)
        try:
            listed = base.execute("select table_name, table_type from information_schema.tables order by 1").fetchall()
            kinds = {str(name): str(kind) for name, kind in listed}
            query = job["query"]
            select = find_select(query, list(kinds))
            statements = duckdb.extract_statements(select)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise RefusedError("the query does more than select", WHICH)
            if kinds.get(query if query is not None else next(iter(kinds))) == "VIEW":
                base.execute("set memory_limit = '256MB'")
                clock.start()
                timer = threading.Timer(clock.seconds, base.interrupt)
                timer.daemon = True
                timer.start()
            reader: Any = base.sql(select).to_arrow_reader(ROWS_AT_ONCE)
            yield from _arrow(reader)
        finally:
            if timer is not None:
                timer.cancel()
            base.close()
    except (duckdb.Error, OSError) as error:  # Arrow passes on what DuckDB says as an OSError
        clock.check()
        told = re.sub(r"\s+", " ", re.sub(r"LINE \d+:.*", "", str(error), flags=re.DOTALL)).strip()[:200]
        raise RefusedError(f"the database cannot be read ({told})", WHICH) from error


def _arrow(reader: Any) -> Frames:
    import pyarrow as pa

    def stream(batches: list[Any]) -> bytes:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, reader.schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        return bytes(sink.getvalue())

    yield "arrow", stream([])
    for batch in reader:
        yield "arrow", stream([batch])


def read_sheet(job: dict[str, Any]) -> Frames:
    """Rows that hold something, of a sheet of a workbook, with their numbers and the cells in which an error stands."""
    import openpyxl
    from openpyxl.worksheet import _reader

    most = int(job["max_rows"])
    parse, parse_one = _reader.WorkSheetParser.parse_row, _reader.WorkSheetParser.parse_cell

    def parse_row(self: Any, row: Any) -> Any:
        number, cells = parse(self, row)
        if number > most:  # before openpyxl makes all the empty rows that would come before it
            raise RefusedError(
                f"a row has the number {number:,}, but sheets end with row {most:,}", "Remove stray cells."
            )
        return number, cells

    def parse_cell(self: Any, element: Any) -> Any:
        cell = parse_one(self, element)
        formula = cell["value"] is None and element.find(_reader.FORMULA_TAG) is not None
        if formula and element.get("t") != "str":  # nobody has worked it out yet; an empty text is a value
            cell |= {"value": UNCALCULATED, "data_type": "e"}
        return cell

    _reader.WorkSheetParser.parse_row, _reader.WorkSheetParser.parse_cell = parse_row, parse_cell
    try:
        with warnings.catch_warnings():
            # What openpyxl warns of is style, or comes out as an error in the cell.
            warnings.simplefilter("ignore", UserWarning)
            with Path(job["file"]).open("rb") as file:
                book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
                sheet = job["sheet"]
                if not isinstance(sheet, int) and sheet not in book.sheetnames:
                    named = ", ".join(repr(name) for name in book.sheetnames[:MOST_SHEETS])
                    more = ", ..." if len(book.sheetnames) > MOST_SHEETS else ""
                    raise RefusedError(f"there is no sheet {sheet!r}; there are {named}{more}", "Name one of them.")
                page = book.worksheets[sheet] if isinstance(sheet, int) else book[sheet]
                page.reset_dimensions()
                yield from _fill_cells(page, job)
    except RefusedError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # openpyxl raises whatever a damaged part leads to
        raise RefusedError(f"the sheet cannot be read ({str(error)[:200]})", "Check file and sheet name.") from error
    finally:
        _reader.WorkSheetParser.parse_row, _reader.WorkSheetParser.parse_cell = parse, parse_one


def _fill_cells(page: Any, job: dict[str, Any]) -> Frames:
    # Only rows that hold cells are sent: a stray cell far off makes a million empty ones before it.
    width, part, broken = 0, [], []
    for number, row in enumerate(page.iter_rows()):
        if not row:
            continue
        values = [_plain(cell.value) for cell in row]
        broken += [(number, str(cell.value)) for cell in row if cell.data_type == "e"]
        while values and values[-1] is None:
            values.pop()
        if not values:
            continue
        width = max(width, len(values))
        part.append((number, values))
        if width > job["max_columns"] or width * (number + 1) > job["max_cells"]:
            raise RefusedError(
                f"the sheet reaches over {number + 1:,} rows and {width:,} columns", "Remove stray cells far off."
            )
        if len(part) >= ROWS_AT_ONCE:
            yield "rows", part, broken
            part, broken = [], []
    yield "rows", part, broken


def _plain(value: object) -> Any:
    """A cell's value; whole numbers as such, because workbooks know only one kind of number; dates in parts."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dt.datetime):
        return ("datetime", value.isoformat())
    if isinstance(value, dt.date | dt.time):
        return (type(value).__name__, value.isoformat())
    if isinstance(value, dt.timedelta):
        return ("timedelta", value.days, value.seconds, value.microseconds)
    if value is None or isinstance(value, str | int | float | bool):
        return None if value == "" else value
    return str(value)


JOBS = {"sqlite": read_sqlite, "duckdb": read_duckdb, "sheet": read_sheet}


def _limit(memory: int, seconds: int) -> None:
    """Bound this process's memory and processor time, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        taken = 0
        with contextlib.suppress(OSError):
            taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (taken + memory, taken + memory))


def main() -> None:
    """Do the job that comes in as one line of JSON."""
    job = json.loads(sys.stdin.buffer.readline())
    sys.path[:] = job["path"]

    def send(*frame: Any) -> None:
        data = marshal.dumps(frame)
        sys.stdout.buffer.write(len(data).to_bytes(8, "little") + data)

    for module in job["imports"]:
        __import__(module)
    _limit(job["memory"], job["seconds"])
    try:
        for frame in JOBS[job["kind"]](job):
            send(*frame)
        send("end")
    except RefusedError as error:
        send("refused", error.what, error.fix)
    except MemoryError:
        send("memory")
    except Exception as error:  # noqa: BLE001  # told by the process that asked, in the words of the file's reader
        send("refused", f"it cannot be read ({type(error).__name__}: {str(error)[:200]})", "Fetch or write it again.")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
