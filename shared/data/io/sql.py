"""From databases to a frame: SQLite and DuckDB files, and anything SQLAlchemy has an address for; read only."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pyarrow as pa

from shared.data.io.formats import arrow_to_pandas, check_names
from shared.data.io.json_lines import refuse_infinite, typed
from shared.data.io.sources import check_path, fail, too_large
from shared.errors import DataError, Problems, quoted, require

__all__ = ["from_database", "from_url", "is_url", "shown_url", "without_password"]

ROWS_AT_ONCE = 5_000
CELL_BYTES = 40
LONGEST_TEXT = 1 << 27
VIEW_SECONDS = 1.5
SELECTS = re.compile(r"\s*(--[^\n]*\n\s*|/\*.*?\*/\s*)*(select|with|from|values)\b", re.IGNORECASE | re.DOTALL)
WHICH = "Pass query= with a table's name or a SELECT."
URL = re.compile(r"[a-z][a-z0-9+]+://", re.IGNORECASE)
WEB = ("http://", "https://", "ftp://", "s3://", "gs://", "file://")
# 22 and 32: transactions and savepoints, 33: recursive. What is asked of the database about itself has no second name.
HARMLESS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, 22, 32, 33}


def is_url(source: Any) -> bool:
    """Whether a source is the address of a database, as SQLAlchemy writes them.

    >>> is_url("postgresql://me@host/sales"), is_url("sales.csv")
    (True, False)
    """
    return isinstance(source, str) and URL.match(source) is not None


def shown_url(source: Any) -> str:
    """A source for people: of a path the file's name, of an address everything but the password.

    >>> shown_url("postgresql://me:secret@host/sales"), shown_url("data/sales.csv")
    ('postgresql://me:***@host/sales', 'sales.csv')
    """
    return without_password(source) if is_url(source) else Path(source).name


def without_password(source: Any) -> str:
    """A path or address without what is secret in it: the password, and everything behind the question mark.

    >>> without_password("postgresql://me:se@cret@host/sales?sslpassword=x")
    'postgresql://me:***@host/sales?...'
    """
    hidden = re.sub(r"(?<=://)([^/@:]*):.*@", r"\1:***@", str(source))
    return re.sub(r"\?.*", "?...", hidden) if is_url(source) else hidden


def from_database(path: Path, query: str | None, max_bytes: int) -> pd.DataFrame:
    """Read a table, or what a SELECT gives, from an SQLite or DuckDB file; nothing in the file is changed.

    Raises
    ------
    DataError
        The file is no database, holds several tables and none is named, or the query is none that only reads.
    MissingExtraError
        DuckDB is not installed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "sales.sqlite"
    ...     base = sqlite3.connect(path)
    ...     _ = base.executescript("create table sales (shop text, n integer); insert into sales values ('a', 1)")
    ...     base.close()
    ...     from_database(path, None, 10_000).to_dict("list")
    {'shop': ['a'], 'n': [1]}
    """
    check_path(path)
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"SQLite format 3\x00"):
        return _from_sqlite(path, query, max_bytes)
    if head[8:12] == b"DUCK":
        return _from_duckdb(path, query, max_bytes)
    raise fail(path.name, "this is neither an SQLite nor a DuckDB database", "Give such a file, or a table as CSV.")


class _Clock:
    """Ends what a view in a file sets off, where it does not end by itself; a SELECT of the user's own may take its time."""

    def __init__(self) -> None:
        self.end = float("inf")

    def start(self) -> None:
        self.end = time.monotonic() + VIEW_SECONDS

    def over(self) -> bool:
        return time.monotonic() > self.end


def _read_only(path: Path, clock: _Clock) -> sqlite3.Connection:
    """Open an SQLite file so that nothing can be written, attached or loaded."""
    calm = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"  # otherwise files are left beside it
    base = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro{calm}", uri=True, check_same_thread=False)

    def authorised(action: int, *named: Any) -> int:
        asks = action == sqlite3.SQLITE_PRAGMA and named[1] is None
        harmless = (action in HARMLESS or asks) and "load_extension" not in named
        return sqlite3.SQLITE_OK if harmless else sqlite3.SQLITE_DENY

    base.set_authorizer(authorised)
    base.set_progress_handler(lambda: int(clock.over()), 10_000)
    base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_TEXT)
    return base


LISTED = (
    "select name, type from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%' order by rowid"
)


def _from_sqlite(path: Path, query: str | None, max_bytes: int) -> pd.DataFrame:
    clock = _Clock()
    try:
        base = _read_only(path, clock)
        try:
            kinds = {str(name): str(kind) for name, kind in base.execute(LISTED)}
            asked = _asked(path.name, query, list(kinds))
            if kinds.get(query if query is not None else next(iter(kinds))) == "view":
                clock.start()
            cursor = base.execute(asked)
            names = [str(column[0]) for column in cursor.description or ()]
            return _gathered(names, iter(lambda: cursor.fetchmany(ROWS_AT_ONCE), []), path.name, max_bytes, clock)
        finally:
            base.close()
    except (sqlite3.Error, sqlite3.Warning, UnicodeDecodeError, MemoryError) as error:
        raise _unreadable(path.name, error, clock.over()) from error


def _unreadable(name: str, error: Exception, endless: bool, first: str = "") -> DataError:
    if endless:
        what = f"a view in it gives no end within {VIEW_SECONDS:g} seconds"
        return fail(name, what, "Read its tables, or pass the SELECT you mean as query=.")
    told = re.sub(r"\s+", " ", re.sub(r"\(Background on this error.*|LINE \d+:.*", "", str(error), flags=re.DOTALL))
    return fail(name, f"the database cannot be read ({told.strip()[:200]})", first + WHICH)


def _from_duckdb(path: Path, query: str | None, max_bytes: int) -> pd.DataFrame:
    require("duckdb", package="duckdb", extra="sql")
    import duckdb

    config: dict[str, Any] = {
        "enable_external_access": "false",  # a view in the file may name other files, or addresses
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "threads": "1",  # rows in their order
    }
    endless: Callable[[], bool] = bool
    try:
        base = duckdb.connect(str(path), read_only=True, config=config)
        try:
            listed = base.execute("select table_name, table_type from information_schema.tables order by 1").fetchall()
            kinds = {str(name): str(kind) for name, kind in listed}
            asked = _asked(path.name, query, list(kinds))
            statements = duckdb.extract_statements(asked)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise fail(path.name, "the query does more than select", WHICH)
            view = kinds.get(query if query is not None else next(iter(kinds))) == "VIEW"
            if view:
                base.execute("set memory_limit = '256MB'")
            with _interrupted(base, view) as endless:
                reader: Any = base.sql(asked).to_arrow_reader(ROWS_AT_ONCE)
                return _arrow_frame(reader, path.name, max_bytes)
        finally:
            base.close()
    except (duckdb.Error, OSError) as error:  # Arrow passes on what DuckDB says as an OSError
        raise _unreadable(path.name, error, endless()) from error


@contextlib.contextmanager
def _interrupted(base: Any, on: bool) -> Iterator[Callable[[], bool]]:
    """Interrupt a database after the time that a view may take; says whether that came to pass."""
    fired = threading.Event()

    def stop() -> None:
        fired.set()
        base.interrupt()

    timer = threading.Timer(VIEW_SECONDS, stop)
    if on:
        timer.start()
    try:
        yield fired.is_set
    finally:
        timer.cancel()


def _arrow_frame(reader: Any, name: str, max_bytes: int) -> pd.DataFrame:
    """A frame of Arrow batches, up to the limit; nothing binary, nothing nested."""
    check_names(reader.schema.names, name)
    problems = Problems(name)
    for field in reader.schema:
        kind = field.type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            problems.add(f"holds {kind}, not single values", column=field.name, mend="Select other columns.")
    problems.raise_if_any()
    parts, size = [], 0
    for batch in reader:
        parts.append(batch)
        size += batch.nbytes
        if size > max_bytes:
            raise too_large(name, size, max_bytes, "at least ")
    table = pa.Table.from_batches(parts, reader.schema)
    if table.num_rows == 0:
        raise fail(name, "the table has no rows", "Select at least one.")
    return arrow_to_pandas(table, name)


def from_url(url: str, query: str | None, max_bytes: int) -> pd.DataFrame:
    """Read a table, or what a SELECT gives, from a database that SQLAlchemy knows an address of.

    Parameters
    ----------
    url : str
        As in "postgresql://user:password@host/name"; the password is shown nowhere.
    query : str
        A table's name or a SELECT; may be left out where there is one table.

    Raises
    ------
    DataError, MissingExtraError

    >>> from_url("nonsense://host/name", "t", 100)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: nonsense://host/name: the database cannot be read ...
    """
    name = without_password(url)
    if url.lower().startswith(WEB):
        raise fail(name, "this is an address of the web, not of a database", "Download the file, and give its path.")
    require("sqlalchemy", package="sqlalchemy", extra="sql")
    import sqlalchemy as sa

    clock = _Clock()
    try:
        with _engine(sa, url, clock).connect() as connection:
            if connection.dialect.name not in {"sqlite", "duckdb"}:
                with contextlib.suppress(sa.exc.SQLAlchemyError):  # where a database knows it
                    connection.exec_driver_sql("set transaction read only")
            present = sa.inspect(connection)
            asked = _asked(name, query, [*present.get_table_names(), *present.get_view_names()])
            result = connection.execution_options(stream_results=True).exec_driver_sql(asked)
            if not result.returns_rows:
                raise fail(name, "the query gives no rows back", WHICH)
            names = [str(column) for column in result.keys()]  # noqa: SIM118
            frame = _gathered(names, result.partitions(ROWS_AT_ONCE), name, max_bytes, clock)
            connection.rollback()
            return frame
    except DataError:
        raise
    except (sa.exc.SQLAlchemyError, ImportError, OSError, ValueError, sqlite3.Error) as error:
        told = ValueError(str(error).replace(url, name))
        raise _unreadable(name, told, clock.over(), "Check the address. ") from error


def _engine(sa: Any, url: str, clock: _Clock) -> Any:
    """An engine; files of SQLite and DuckDB are opened so that nothing can be written."""
    found = sa.engine.make_url(url)
    if found.get_backend_name() == "sqlite":
        path = Path((found.database or "").removeprefix("file:"))
        check_path(path)
        return sa.create_engine("sqlite://", creator=lambda: _read_only(path, clock), poolclass=sa.pool.StaticPool)
    if found.get_backend_name() == "duckdb":
        raise fail(without_password(url), "DuckDB files are read by their path", "Give the path of the file instead.")
    return sa.create_engine(url)


def _asked(name: str, query: str | None, tables: Sequence[str]) -> str:
    """The SELECT that is meant: a table's name becomes one, and where there is one table it need not be named."""
    if query is None:
        if len(tables) != 1:
            has = f"holds the tables {quoted(tables)}" if tables else "holds no table"
            raise fail(name, f"it {has}", WHICH)
        query = tables[0]
    if query in tables:
        return 'select * from "' + query.replace('"', '""') + '"'  # noqa: S608  # quoted, and one of its own tables
    if not SELECTS.match(query):
        raise fail(name, f"there is no table {quoted([query])}; there are {quoted(tables)}", WHICH)
    return query


def _gathered(
    names: list[str], parts: Iterable[Sequence[Any]], source: str, max_bytes: int, clock: _Clock
) -> pd.DataFrame:
    """A frame of rows that come in parts, up to the limit."""
    check_names(names, source)
    columns: list[list[Any]] = [[] for _ in names]
    size = 0
    for rows in parts:
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column.extend(values)
            size += CELL_BYTES * len(values) + sum(len(value) for value in values if isinstance(value, str | bytes))
        if size > max_bytes:
            raise too_large(source, size, max_bytes, "at least ")
        if clock.over():
            raise _unreadable(source, TimeoutError(), True)
    problems = Problems(source)
    made: dict[str, Any] = {}
    for name, column in zip(names, columns, strict=True):
        for what, kinds in (("binary", bytes | memoryview), ("lists or mappings", list | dict)):
            odd = [place for place, value in enumerate(column, 1) if isinstance(value, kinds)]
            if odd:
                problems.add(
                    f"{len(odd):,} values are {what}",
                    column=name,
                    rows=odd,
                    count=len(odd),
                    mend="Select other columns.",
                )
        made[name] = typed(column)
    problems.raise_if_any()
    if not columns or not columns[0]:
        raise fail(source, "the table has no rows", "Select at least one.")
    frame = pd.DataFrame(made)
    refuse_infinite(frame, source)
    return frame
