"""From databases to a frame: SQLite and DuckDB files, and anything SQLAlchemy has an address for; read only."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from shared.data.io.frames import arrow_to_pandas, check_names
from shared.data.io.json_lines import refuse_infinite, to_column
from shared.data.io.limits import BOMB_LEAST, BOMB_RATIO
from shared.data.io.sources import check_path, fail, too_large
from shared.data.io.subprocess_reader import as_fix, read_in_subprocess
from shared.data.io.subprocess_worker import ROWS_AT_ONCE, WHICH, RefusedError, find_select
from shared.errors import Argument, DataError, Fix, Problems, require

__all__ = ["from_database", "from_url", "is_url", "display_url", "without_password"]

CELL_BYTES = 40
DUCKDB_MEMORY = "512MB"
URL = re.compile(r"[a-z][a-z0-9+]+://", re.IGNORECASE)
WEB = ("http://", "https://", "ftp://", "s3://", "gs://", "file://")


def is_url(source: object) -> bool:
    """Whether a source is the address of a database, as SQLAlchemy writes them.

    >>> is_url("postgresql://me@host/sales"), is_url("sales.csv")
    (True, False)
    """
    return isinstance(source, str) and URL.match(source) is not None


def display_url(source: Any) -> str:
    """A source for people: of a path the file's name, of an address everything but the password.

    >>> display_url("postgresql://me:secret@host/sales"), display_url("data/sales.csv")
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

    >>> import sqlite3, tempfile
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
    size = path.stat().st_size
    own: dict[str, Any] = {"query": query, "unpacked": size, "own_query": bool(query) and " " in str(query)}
    if head.startswith(b"SQLite format 3\x00"):
        frames = read_in_subprocess("sqlite", path, **own)
        first = next(frames)
        return _gather_frame(first[1], (frame[1] for frame in frames), path.name, max_bytes, size)
    if head[8:12] == b"DUCK":
        require("duckdb", package="duckdb", extra="sql")
        frames = read_in_subprocess("duckdb", path, **own, duckdb_memory=DUCKDB_MEMORY)
        return _arrow_frame(_batches(frames), path.name, max_bytes, size)
    raise fail(path.name, "this is neither an SQLite nor a DuckDB database", "Give such a file, or a table as CSV.")


def _batches(frames: Iterator[tuple[Any, ...]]) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The schema, and the batches that follow it, of frames of Arrow streams."""
    streams = (pa.ipc.open_stream(frame[1]) for frame in frames)
    return next(streams).schema, chain.from_iterable(streams)


def _unreadable(name: str, error: Exception, first: str = "") -> DataError:
    told = re.sub(r"\s+", " ", re.sub(r"\(Background on this error.*", "", str(error), flags=re.DOTALL))
    return fail(name, f"the database cannot be read ({told.strip()[:200]})", Fix(first, as_fix(WHICH)))


def _arrow_frame(
    batches: tuple[pa.Schema, Iterator[pa.RecordBatch]], name: str, max_bytes: int, packed: int
) -> pd.DataFrame:
    """A frame of Arrow batches, up to the limit; nothing binary, nothing nested."""
    schema, reader = batches
    check_names(schema.names, name)
    problems = Problems(name)
    for field in schema:
        kind = field.type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            problems.add(f"holds {kind}, not single values", column=field.name, fix="Select other columns.")
    problems.raise_if_any()
    parts, size = [], 0
    for batch in reader:
        parts.append(batch)
        size += batch.nbytes
        if size > max_bytes:
            raise too_large(name, size, max_bytes, "at least ")
        _refuse_swelling(name, size, packed)
    table = pa.Table.from_batches(parts, schema)
    if table.num_rows == 0:
        raise fail(name, "the table has no rows", "Select at least one.")
    return arrow_to_pandas(table, name)


def _refuse_swelling(source: str, size: int, packed: int) -> None:
    """Refuse what a view or a generated column in a small file makes up; of a server's table no size is known."""
    if packed and size > 4 * BOMB_LEAST and size > BOMB_RATIO * packed:
        what = f"it swells to more than {BOMB_RATIO} times the file's size"
        raise fail(source, what, Fix("Select fewer rows or columns: ", Argument("query"), "."))


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

    try:
        parsed = sa.engine.make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return from_database(Path((parsed.database or "").removeprefix("file:")), query, max_bytes)
        if parsed.get_backend_name() == "duckdb":
            raise fail(name, "DuckDB files are read by their path", "Give the path of the file instead.")
        with sa.create_engine(url).connect() as connection:
            with contextlib.suppress(sa.exc.SQLAlchemyError):  # where a database knows it
                connection.exec_driver_sql("set transaction read only")
            present = sa.inspect(connection)
            asked = _choose_query(name, query, [*present.get_table_names(), *present.get_view_names()])
            result = connection.execution_options(stream_results=True).exec_driver_sql(asked)
            if not result.returns_rows:
                raise fail(name, "the query gives no rows back", as_fix(WHICH))
            names = [str(column) for column in result.keys()]  # noqa: SIM118
            parts = (list(zip(*rows, strict=True)) for rows in result.partitions(ROWS_AT_ONCE))
            frame = _gather_frame(names, parts, name, max_bytes)
            connection.rollback()
            return frame
    except DataError:
        raise
    except (sa.exc.SQLAlchemyError, ImportError, OSError, ValueError) as error:
        told = ValueError(str(error).replace(url, name))
        raise _unreadable(name, told, "Check the address. ") from error


def _choose_query(name: str, query: str | None, tables: Sequence[str]) -> str:
    try:
        return find_select(query, list(tables))
    except RefusedError as error:
        raise fail(name, error.what, as_fix(error.fix)) from error


def _gather_frame(
    names: list[str], parts: Iterable[Sequence[Any]], source: str, max_bytes: int, packed: int = 0
) -> pd.DataFrame:
    """A frame of columns that come in parts, up to the limit."""
    check_names(names, source)
    columns: list[list[Any]] = [[] for _ in names]
    size = 0
    for part in parts:
        for column, values in zip(columns, part, strict=True):
            column.extend(values)
            size += CELL_BYTES * len(values) + sum(len(value) for value in values if isinstance(value, str | bytes))
        if size > max_bytes:
            raise too_large(source, size, max_bytes, "at least ")
        _refuse_swelling(source, size, packed)
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
                    fix="Select other columns.",
                )
        made[name] = to_column(column)
    problems.raise_if_any()
    if not columns or not columns[0]:
        raise fail(source, "the table has no rows", "Select at least one.")
    frame = pd.DataFrame(made)
    refuse_infinite(frame, source)
    return frame
