"""From other libraries' frames to pandas, without losing a digit or a column; what every table's columns must be."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from shared.data.columns import DS, UNIQUE_ID
from shared.data.io.limits import MAX_COLUMNS
from shared.data.io.parse import off_calendar
from shared.data.io.sources import fail
from shared.data.schema import missing_column
from shared.errors import Fix, Problems, quote
from shared.text import count_of

__all__ = [
    "arrow_to_pandas",
    "as_pandas",
    "check_columns",
    "check_names",
    "missing_stamps",
    "refuse_unusable",
    "say_index_left_out",
]


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
    return refuse_unusable(frame, name)


def say_index_left_out(source: object) -> tuple[str, ...]:
    """Say that the index of a frame holds what becomes no column, and how to keep it; nothing where it does not.

    >>> say_index_left_out(pd.DataFrame({"y": [1]}, index=pd.to_datetime(["2024-01-31"])))
    ("its index has no name and was left out; to keep it: frame.rename_axis('ds').reset_index()",)
    """
    if not isinstance(source, pd.DataFrame):
        return ()
    taken = [name for name in source.index.names if name is not None and name in source.columns]
    if not taken and not _is_unnamed(source.index):
        return ()
    why = f"has the name of a column, {quote(taken)}," if taken else "has no name"
    names = _name_levels(source.index, DS, UNIQUE_ID, source.columns)
    return (f"its index {why} and was left out; to keep it: {_how_to_columns(names)}",)


def missing_stamps(
    source: object,
    name: str,
    present: Sequence[str],
    problems: Problems,
    *,
    named_in: tuple[str, str] | None = None,
) -> None:
    """Add a missing column of stamps to `problems`, and what to do where an index without a name holds them.

    >>> problems = Problems("table")
    >>> missing_stamps(pd.DataFrame({"y": [1]}, index=pd.to_datetime(["2024-01-31"])), "ds", ["y"], problems)
    >>> print(next(iter(problems)))
    column 'ds': is missing; the table has 'y'. Name it so, or say under which name it is. If the index, which has no
    name, holds the stamps, make a column of it: frame.rename_axis('ds').reset_index().
    """
    missing_column(name, list(present), problems, named_in=named_in)
    if not isinstance(source, pd.DataFrame) or not _is_unnamed(source.index):
        return
    several = source.index.nlevels > 1
    names = _name_levels(source.index, name, UNIQUE_ID, source.columns) if several else [name]
    index = f"If the index, which has no name, holds the stamps, make a column of it: {_how_to_columns(names)}."
    fix = problems.found[-1].fix
    joined = Fix(*fix.parts, f" {index}") if isinstance(fix, Fix) else f"{fix} {index}"
    problems.found[-1] = replace(problems.found[-1], fix=joined)


def _is_unnamed(index: pd.Index[Any]) -> bool:
    """Whether an index has no name and is more than the numbers of rows."""
    levels = [index.get_level_values(place) for place in range(index.nlevels)]
    return all(level.name is None for level in levels) and not all(map(pd.api.types.is_integer_dtype, levels))


def _name_levels(index: pd.Index[Any], stamps: str, key: str, taken: Iterable[Any]) -> list[str]:
    """Names for the levels of an index that no column has: dates are stamps, anything else is a key."""
    names: list[str] = []
    used = {str(name) for name in taken}
    for place in range(index.nlevels):
        level = index.get_level_values(place)
        dated = pd.api.types.infer_dtype(level, skipna=True) in {"datetime", "datetime64", "date", "period"}
        wanted = [str(level.name)] if level.name is not None else []
        wanted += [stamps if dated else key, f"level_{place}", f"index level {place}"]
        names.append(next(name for name in wanted if name not in used))
        used.add(names[-1])
    return names


def _how_to_columns(names: list[str]) -> str:
    return f"frame.rename_axis({(names[0] if len(names) == 1 else names)!r}).reset_index()"


def _how_to_table(source: object) -> str:
    """Say how to make a table of what was given."""
    if isinstance(source, str | os.PathLike):
        return "Read the file first: read_table(path)."
    if isinstance(source, pd.Series):
        return (
            "Make a table of it: series.to_frame('y'), or with its index as a column"
            " series.rename_axis('ds').reset_index(name='y'), with your own column names."
        )
    if isinstance(source, dict) or (isinstance(source, list) and source and isinstance(source[0], dict)):
        return "Make a table of it: pandas.DataFrame(...)."
    return "Give a pandas, Polars or Arrow frame; read_table takes a path, too."


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


def check_names(names: Sequence[str], source: str) -> None:
    """Refuse column names that are empty, repeated or too many.

    >>> check_names(["a"], "table")
    """
    empty = [place for place, name in enumerate(names, 1) if not str(name).strip()]
    if empty:
        raise fail(
            source,
            f"{count_of(len(empty), 'column has', 'columns have')} no name (place {quote(empty)})",
            "Name them or remove them.",
        )
    if len(names) > MAX_COLUMNS:
        raise fail(
            source, f"the table has {len(names):,} columns, more than {MAX_COLUMNS:,}", "Give one row a value instead."
        )
    repeated = sorted(name for name, count in Counter(map(str, names)).items() if count > 1)
    if repeated:
        raise fail(source, f"repeated column names: {quote(repeated)}", "Give every column a name of its own.")


def refuse_unusable(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """Refuse a frame without rows, with odd column names, or with stamps off the calendar; return it otherwise.

    Raises
    ------
    DataError

    >>> refuse_unusable(pd.DataFrame({"a": [1]}), "table").shape
    (1, 1)
    """
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
