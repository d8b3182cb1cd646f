"""Tables larger than memory, part by part, each checked as a whole table would be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from shared.data.io.frames import arrow_to_pandas, check_columns
from shared.data.io.sniff import check_header
from shared.data.io.sources import check_path, fail
from shared.data.io.tables import check_options, read_part
from shared.data.schema import Schema
from shared.errors import DataError, SettingsError, quote, shorten

__all__ = ["read_chunks"]

SAMPLE = 1 << 20


def read_chunks(
    source: str | Path,
    schema: Schema | None = None,
    *,
    rows: int = 1_000_000,
    columns: Sequence[str] | None = None,
    separator: str | None = None,
    decimal: str = ".",
    encoding: str | None = None,
    dates: str | None = None,
    tz: str | None = None,
) -> Iterator[pd.DataFrame]:
    r"""Read a large Parquet or plain CSV file part by part; never more than one part is in memory.

    Parameters
    ----------
    source : path
        Parquet, or CSV that is not packed.
    schema : Schema, optional
        What each part has to look like. Kinds of a CSV's columns can't be told from a part, so columns that are not
        declared stay text. Keys are checked within a part only.
    rows : int
        Rows of a part, about.
    columns : sequence of str, optional
        Only these columns.
    separator, decimal, encoding, dates, tz
        As for `read_table`; nothing but the separator is recognised.

    Yields
    ------
    pandas.DataFrame

    Raises
    ------
    DataError
        Naming column and rows of the whole file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.csv"
    ...     _ = path.write_text("id,n\n007,1\n008,2\n")
    ...     [part.to_dict("list") for part in read_chunks(path)]
    [{'id': ['007', '008'], 'n': ['1', '2']}]
    """
    path = Path(source)
    check_path(path)
    check_options(separator, encoding, dates, tz)
    if decimal not in {".", ","}:
        raise SettingsError(f"decimal={quote([decimal])} is not known; it is '.' or ','")
    if rows < 1:
        raise fail(path.name, f"rows={rows} is no size of a part", "Give at least 1.")
    start = 0
    for part in _parts(path, rows, columns, separator, encoding):
        made = read_part(part, schema, path.name, start, decimal=decimal, dates=dates, tz=tz)
        start += len(made)
        yield made
    if start == 0:
        raise fail(path.name, "the table has no rows", "Give at least one row.")


def _parts(
    path: Path, rows: int, columns: Sequence[str] | None, separator: str | None, encoding: str | None
) -> Iterator[Any]:
    """Parts as they lie in the file: Arrow tables of text (CSV), or frames (Parquet)."""
    if path.suffix.lower() in {".parquet", ".pq"}:
        yield from _parquet(path, rows, columns)
        return
    if path.suffix.lower() not in {".csv", ".tsv", ".txt"}:
        raise fail(
            path.name, "only Parquet and plain CSV files are read in parts", "Unpack it, or write it as Parquet."
        )
    yield from _csv(path, rows, columns, separator, encoding)


def _parquet(path: Path, rows: int, columns: Sequence[str] | None) -> Iterator[pd.DataFrame]:
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        names = [name for name in file.schema_arrow.names if not name.startswith("__index_level_")]
        check_columns(columns or names, names, path.name)
        for batch in file.iter_batches(batch_size=rows, columns=list(columns or names)):
            yield arrow_to_pandas(pa.Table.from_batches([batch]), path.name)
    except DataError:
        raise
    except MemoryError:  # Arrow has one of its own, which is an error of Arrow, too
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise fail(
            path.name, f"this is no readable Parquet file ({shorten(error, 200)})", "Fetch or write it again."
        ) from error


def _csv(
    path: Path, rows: int, columns: Sequence[str] | None, separator: str | None, encoding: str | None
) -> Iterator[pa.Table]:
    import pyarrow.csv as pacsv

    with path.open("rb") as file:
        head = file.read(SAMPLE)
    if encoding is not None and encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32", "utf16", "utf32")):
        raise fail(path.name, f"{encoding} is not read in parts", "Save the file as UTF-8.")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise fail(path.name, "UTF-16 is not read in parts", "Save the file as UTF-8.")
    if b"\n" not in head and b"\r" not in head and len(head) == SAMPLE:
        raise fail(
            path.name, "the first line does not end within 1 MB", "Give one line of column names, and rows below."
        )
    header, separator, width, above = check_header(head, path.name, separator, encoding)
    check_columns(columns or header, header, path.name)
    wrong: list[int] = []

    def refuse(row: pacsv.InvalidRow) -> str:
        wrong.append(row.number or 0)
        return "error"

    try:
        reader = pacsv.open_csv(
            path,
            read_options=pacsv.ReadOptions(
                use_threads=False,
                block_size=max(SAMPLE, min(rows * width, 1 << 28)),
                encoding=encoding or "utf-8",
                column_names=header,
                skip_rows=above,
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                invalid_row_handler=refuse,
                ignore_empty_lines=len(header) > 1,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                strings_can_be_null=False,
                include_columns=list(columns or header),
            ),
        )
        for batch in reader:
            yield pa.Table.from_batches([batch])
    except MemoryError:  # Arrow has one of its own, which is an error of Arrow, too
        raise
    except pa.ArrowException as error:
        if "invalid UTF8" in str(error) or "UTF8" in str(error):
            raise fail(
                path.name, "it is not UTF-8", "Pass encoding=, such as 'cp1252', or save it as UTF-8."
            ) from error
        if wrong and wrong[0]:
            what = f"a row has another number of fields than the header ({len(header)})"
            fix = "Check quotes, and quote fields that hold the separator."
            raise fail(path.name, what, fix, (wrong[0] - above,)) from error
        told = shorten(str(error).split("Row #")[0], 160)
        raise fail(path.name, f"it cannot be split into columns ({told})", "Check quotes and separators.") from error
