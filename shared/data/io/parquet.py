"""Reading Parquet files, part by part and under limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from shared.data.io.frames import arrow_to_pandas, check_columns, check_names, refuse_unusable
from shared.data.io.limits import BOMB_LEAST, BOMB_RATIO
from shared.data.io.sources import check_path, fail, too_large
from shared.errors import DataError, Problems, shorten

__all__ = ["read_parquet"]


def read_parquet(path: Path, max_bytes: int, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a Parquet file, or some of its columns; an index that pandas stored becomes columns where it has names.

    Raises
    ------
    DataError
        The file is missing, torn, empty or larger than `max_bytes` once unpacked.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pd.DataFrame({"a": [1, 2]}).to_parquet(Path(folder) / "t.parquet")
    ...     read_parquet(Path(folder) / "t.parquet", 10_000).a.tolist()
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
        read = [_read_columns(path, max_bytes, wanted)]
    except DataError:
        raise
    except MemoryError:  # Arrow has one of its own, which is an error of Arrow, too
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise fail(
            path.name, f"this is no readable Parquet file ({shorten(error, 200)})", "Fetch or write it again."
        ) from error
    return refuse_unusable(arrow_to_pandas(read.pop().select(wanted), path.name), path.name)


def _read_columns(path: Path, max_bytes: int, columns: list[str]) -> pa.Table:
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
