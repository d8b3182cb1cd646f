"""From databases to a frame: SQLite and DuckDB files, and anything SQLAlchemy has an address for; read only."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pyarrow as pa

from shared.data.formats import arrow_to_pandas
from shared.data.json_lines import typed
from shared.data.sources import MAX_COLUMNS, check_path, fail, too_large
from shared.errors import Problems, quoted, require

__all__ = ["from_database", "from_url", "is_url", "shown_url", "without_password"]

ROWS_AT_ONCE = 50_000
CELL_BYTES = 40
SELECTS = re.compile(r"\s*(select|with|from)\b", re.IGNORECASE)
WHICH = "Pass query= with a table's name or a SELECT."
URL = re.compile(r"[a-z][a-z0-9+]+://", re.IGNORECASE)


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
    """A path or address without the password in it.

    >>> without_password("postgresql://me:secret@host/sales")
    'postgresql://me:***@host/sales'
    """
    return re.sub(r"(?<=://)([^/@:]*):[^@]*@", r"\1:***@", str(source))


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


def _from_sqlite(path: Path, query: str | None, max_bytes: int) -> pd.DataFrame:
    allowed = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, 33}  # 33: recursive

    def authorised(action: int, *named: Any) -> int:
        harmless = action in allowed and "load_extension" not in named
        return sqlite3.SQLITE_OK if harmless else sqlite3.SQLITE_DENY

    try:
        base = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)
        try:
            base.set_authorizer(authorised)
            rows = base.execute(
                "select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%'"
            )
            asked = _asked(path.name, query, [str(row[0]) for row in rows])
            cursor = base.execute(asked)
            names = [str(column[0]) for column in cursor.description or ()]
            return _gathered(names, iter(lambda: cursor.fetchmany(ROWS_AT_ONCE), []), path.name, max_bytes)
        finally:
            base.close()
    except (sqlite3.Error, sqlite3.Warning, UnicodeDecodeError) as error:
        raise fail(path.name, f"the database cannot be read ({str(error)[:200]})", WHICH) from error


def _from_duckdb(path: Path, query: str | None, max_bytes: int) -> pd.DataFrame:
    require("duckdb", package="duckdb", extra="sql")
    import duckdb

    config: dict[str, Any] = {
        "enable_external_access": "false",  # a view in the file may name other files, or addresses
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "threads": "1",  # rows in their order
    }
    try:
        base = duckdb.connect(str(path), read_only=True, config=config)
        try:
            listed = base.execute("select table_name from information_schema.tables order by 1").fetchall()
            asked = _asked(path.name, query, [str(row[0]) for row in listed])
            statements = duckdb.extract_statements(asked)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise fail(path.name, "the query does more than select", WHICH)
            reader: Any = base.execute(asked).to_arrow_reader(ROWS_AT_ONCE)
            parts, size = [], 0
            for batch in reader:
                parts.append(batch)
                size += batch.nbytes
                if size > max_bytes:
                    raise too_large(path.name, size, max_bytes, "at least ")
            return arrow_to_pandas(pa.Table.from_batches(parts, reader.schema), path.name)
        finally:
            base.close()
    except duckdb.Error as error:
        raise fail(path.name, f"the database cannot be read ({str(error)[:200]})", WHICH) from error


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
    shared.errors.DataError: nonsense://host/name: the database cannot be reached ...
    """
    require("sqlalchemy", package="sqlalchemy", extra="sql")
    import sqlalchemy as sa

    name = shown_url(url)
    try:
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            present = sa.inspect(connection)
            asked = _asked(name, query, [*present.get_table_names(), *present.get_view_names()])
            result = connection.execution_options(stream_results=True).execute(sa.text(asked))
            names = [str(column) for column in result.keys()]  # noqa: SIM118
            return _gathered(names, result.partitions(ROWS_AT_ONCE), name, max_bytes)
    except (sa.exc.SQLAlchemyError, sa.exc.NoSuchModuleError, ImportError, OSError) as error:
        told = re.sub(r"\s+", " ", str(error).replace(url, name))[:200]
        raise fail(name, f"the database cannot be reached or read ({told})", "Check the address; " + WHICH) from error


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


def _gathered(names: list[str], parts: Iterable[Sequence[Any]], source: str, max_bytes: int) -> pd.DataFrame:
    """A frame of rows that come in parts, up to the limit."""
    if len(names) > MAX_COLUMNS:
        raise fail(source, f"the table has {len(names):,} columns, more than {MAX_COLUMNS:,}", "Select some of them.")
    columns: list[list[Any]] = [[] for _ in names]
    size = 0
    for rows in parts:
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column.extend(values)
            size += CELL_BYTES * len(values) + sum(len(value) for value in values if isinstance(value, str | bytes))
        if size > max_bytes:
            raise too_large(source, size, max_bytes, "at least ")
    problems = Problems(source)
    made: dict[str, Any] = {}
    for name, column in zip(names, columns, strict=True):
        blobs = [place for place, value in enumerate(column, 1) if isinstance(value, bytes | memoryview)]
        if blobs:
            problems.add(
                f"{len(blobs):,} values are binary",
                column=name,
                rows=blobs,
                count=len(blobs),
                mend="Select other columns.",
            )
        if name in made:
            problems.add("is there twice", column=name, mend="Give every column a name of its own: select x as y.")
        made[name] = typed(column)
    problems.raise_if_any()
    if not columns or not columns[0]:
        raise fail(source, "the table has no rows", "Select at least one.")
    return pd.DataFrame(made)
