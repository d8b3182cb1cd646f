"""From workbooks, Parquet files and other libraries' frames to pandas, without losing a digit or a column."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from shared.data.sources import check_path, fail
from shared.errors import DataError, quoted, require

__all__ = ["arrow_to_pandas", "as_pandas", "from_excel", "from_parquet"]


def arrow_to_pandas(table: pa.Table) -> pd.DataFrame:
    """Turn an Arrow table into a frame; whole numbers and truth values with gaps keep their type.

    >>> arrow_to_pandas(pa.table({"id": [2**53 + 1, None]})).id.tolist()[0]
    9007199254740993
    """
    columns: dict[str, Any] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        gaps = column.null_count > 0
        if gaps and (pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)):
            missing = np.asarray(column.is_null())
            filled = column.fill_null(False if pa.types.is_boolean(column.type) else 0).to_numpy()
            array: Any = pd.arrays.BooleanArray if pa.types.is_boolean(column.type) else pd.arrays.IntegerArray
            columns[name] = array(np.array(filled), missing)
        else:
            columns[name] = column.to_pandas(date_as_object=False)
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))


def as_pandas(source: Any, name: str) -> pd.DataFrame:
    """Copy a pandas, Polars or Arrow frame into a pandas frame; a named index becomes columns.

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
        frame = source.reset_index() if named and not clash else source.copy()
    elif isinstance(source, pa.Table):
        _check_names(source.column_names, name)
        frame = arrow_to_pandas(source)
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
        eager = native.collect() if isinstance(native, nw.LazyFrame) else native
        frame = arrow_to_pandas(eager.to_arrow())
    frame.columns = [str(column) for column in frame.columns]
    return _checked(frame, name)


def from_parquet(path: Path, max_bytes: int) -> pd.DataFrame:
    """Read a Parquet file; an index that pandas stored becomes columns where it has names.

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
        size = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
        if size > max_bytes:
            raise fail(path.name, f"the table unpacks to {size / 1e6:,.0f} MB, above the limit", "Raise max_bytes.")
        _check_names(metadata.schema.to_arrow_schema().names, path.name)
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise fail(path.name, f"this is no readable Parquet file ({error})", "Fetch or write it again.") from error
    table = table.select([column for column in table.column_names if not column.startswith("__index_level_")])
    return _checked(arrow_to_pandas(table), path.name)


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
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > max_bytes:
            raise fail(path.name, f"the workbook unpacks to {size / 1e6:,.0f} MB, above the limit", "Raise max_bytes.")
        data = io.BytesIO(path.read_bytes())
        cells = pd.read_excel(data, sheet_name=sheet, header=None, dtype=object, keep_default_na=False, na_values=[""])
    except DataError:
        raise
    except Exception as error:  # openpyxl raises whatever a damaged part leads to
        raise fail(path.name, f"the sheet cannot be read ({error})", "Check file and sheet name.") from error
    if len(cells) == 0:
        raise fail(path.name, "the sheet is empty", "Give a header and at least one row.")
    names = ["" if value is None or value != value else str(value).strip() for value in cells.iloc[0]]  # noqa: PLR0124
    empty = [place for place, column in enumerate(names, 1) if not column]
    if empty:
        raise fail(path.name, f"{len(empty)} columns have no name (place {quoted(empty)})", "Name them or remove them.")
    _check_names(names, path.name)
    frame = cells.iloc[1:].reset_index(drop=True)
    frame.columns = names
    return _checked(frame.infer_objects(), path.name)


def _check_names(names: list[str], source: str) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise fail(source, f"repeated column names: {quoted(repeated)}", "Give every column a name of its own.")


def _checked(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    _check_names(list(frame.columns), source)
    if len(frame) == 0:
        raise fail(source, "the table has no rows", "Give at least one row.")
    return frame
