"""What enters a panel: a long table with stamps and values of their kinds, and the series of every row."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from shared.data.columns import SeriesColumns
from shared.data.io.frames import as_pandas, missing_stamps
from shared.data.io.tables import check_frame
from shared.data.schema import Column, Schema, first_rows, missing_column
from shared.errors import Argument, DataError, Problem, Problems
from shared.typing import Ints

# Arguments of `read_table` that say how text is read.
READ_FIRST = ("dates", "decimal", "separator")


def to_typed_table(
    frame: object, columns: SeriesColumns, need_y: bool, source: str, tz: str | None = None
) -> pd.DataFrame:
    """Bring the stamps to dates or whole numbers and the values to floats, through the same door as files."""
    frame = series_to_frame(frame, columns)
    given = frame
    frame = as_pandas(frame, source, copy=False)
    if columns.ds in frame.columns:
        frame = _with_plain_stamps(frame, columns.ds)
    present = frame.columns
    problems = Problems(source)
    wanted = [columns.ds, *([columns.y] if need_y else []), *columns.exogenous]
    arguments = {name: (columns.owner, argument) for argument, name in (("y", columns.y), ("ds", columns.ds))}
    for name in wanted:
        if name not in list(present):
            tell = partial(missing_stamps, given) if name == columns.ds else missing_column
            tell(name, [str(column) for column in present], problems, named_in=arguments.get(name))
    problems.raise_if_any()
    integer = pd.api.types.is_integer_dtype(frame[columns.ds].dtype)
    schema = Schema(
        (
            Column(columns.ds, "integer" if integer else "datetime"),
            *(Column(name, "number", allow_missing=True) for name in wanted[1:] if not _is_bool(frame, name)),
        )
    )
    zone = tz if not integer and _has_offsets(frame[columns.ds]) else None
    try:
        return check_frame(frame, schema, source, tz=zone)
    except DataError as error:
        raise error.respell(_for_panel) from None


def read_stamps(values: pd.Series[Any], columns: SeriesColumns) -> pd.Series[Any]:
    """Stamps of a table as dates or whole numbers, read as those of a panel.

    Parameters
    ----------
    values : pandas.Series
    columns : SeriesColumns

    Raises
    ------
    DataError

    >>> read_stamps(pd.Series(["2024-01-31"]), SeriesColumns()).dt.day.tolist()
    [31]
    """
    only = SeriesColumns(columns.unique_id, columns.ds, columns.y)
    try:
        read: Any = to_typed_table(pd.DataFrame({columns.ds: values}), only, need_y=False, source="table")[columns.ds]
    except DataError as error:
        raise error.respell(lambda one: "utc=True to pandas.to_datetime" if one.name == "tz" else str(one)) from None
    return read.set_axis(values.index)  # type: ignore[no-any-return]


def _with_plain_stamps(frame: pd.DataFrame, ds: str) -> pd.DataFrame:
    """Periods by their first day, and Arrow's dates as those of numpy."""
    kind = frame[ds].dtype
    if isinstance(kind, pd.PeriodDtype):
        return frame.assign(**{ds: frame[ds].dt.to_timestamp()})
    if isinstance(kind, pd.ArrowDtype) and pa.types.is_temporal(kind.pyarrow_dtype):
        plain = pa.chunked_array([pa.array(frame[ds])]) if len(frame) == 0 else pa.array(frame[ds])
        return frame.assign(**{ds: pd.Series(plain.to_pandas(date_as_object=False)).set_axis(frame.index)})
    return frame


def series_to_frame(given: object, columns: SeriesColumns) -> Any:
    """Make a long table of a pandas Series: its index holds the stamps, or keys and stamps; all else stays as it is.

    Parameters
    ----------
    given : object
    columns : SeriesColumns
        What its columns are called.

    Raises
    ------
    DataError
        Its index has more than two levels, or two and none of them holds dates alone.

    >>> days = pd.date_range("2024-01-01", periods=2)
    >>> series_to_frame(pd.Series([1.0, 2.0], index=days), SeriesColumns()).columns.tolist()
    ['ds', 'y']
    """
    if not isinstance(given, pd.Series):
        return given
    levels = [given.index.get_level_values(place) for place in range(given.index.nlevels)]
    dated = [isinstance(level, pd.DatetimeIndex | pd.PeriodIndex) for level in levels]
    if len(levels) == 1:
        return pd.DataFrame({columns.ds: levels[0], columns.y: given.to_numpy()})
    if len(levels) != 2 or sum(dated) != 1:
        what = f"the index of the series has {len(levels)} levels, of which {sum(dated)} hold dates"
        fix = "Give it one level of stamps, or one of keys and one of dates; or make a table of it: reset_index()."
        raise DataError("series table", [Problem(what, fix=fix)])
    stamps, keys = (levels[0], levels[1]) if dated[0] else (levels[1], levels[0])
    return pd.DataFrame({columns.unique_id: keys, columns.ds: stamps, columns.y: given.to_numpy()})


def _for_panel(argument: Argument) -> str:
    """How an argument of `read_table` is passed where a panel is made: before, but for its repairs, which have none."""
    if argument.name == "repair":
        return ""
    return f"{argument} to read_table before" if argument.name in READ_FIRST else str(argument)


def _has_offsets(values: pd.Series[Any]) -> bool:
    """Whether stamps are text that says how far they are from UTC."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype):
        return False
    first = values.dropna().head(1).astype(str)
    return bool(first.str.contains(r"\d(?:Z|[+-]\d{2}:?\d{2})$").any())


def _is_bool(frame: pd.DataFrame, name: str) -> bool:
    return pd.api.types.infer_dtype(frame[name], skipna=True) == "boolean"


def sort_key(key: Any) -> tuple[str, Any]:
    """Order keys of mixed types, by type first."""
    return (type(key).__name__, key)


def series_codes(
    table: pd.DataFrame, columns: SeriesColumns, has_key: bool, problems: Problems
) -> tuple[Ints, tuple[Any, ...], tuple[int, ...]]:
    """Number every row's series; return the numbers, the sorted keys, and the series in order of appearance."""
    if not has_key:
        return np.zeros(len(table), dtype=np.int64), (columns.y,), (0,)
    missing = table[columns.unique_id].isna().to_numpy()
    if missing.any():
        count = int(missing.sum())
        problems.add(
            f"{count:,} keys are missing",
            column=columns.unique_id,
            rows=first_rows(missing),
            count=count,
            fix="Give every row the key of its series.",
        )
        return np.zeros(len(table), dtype=np.int64), (), ()
    try:
        codes, uniques = pd.factorize(table[columns.unique_id], sort=False)
        found = list(pd.Series(uniques).tolist())
        rank = sorted(range(len(found)), key=lambda i: sort_key(found[i]))
    except TypeError:
        odd = ~table[columns.unique_id].map(lambda key: isinstance(key, str | int | float | date)).to_numpy(dtype=bool)
        problems.add(
            f"{int(odd.sum()):,} keys are neither text nor numbers nor dates",
            column=columns.unique_id,
            rows=first_rows(odd),
            count=int(odd.sum()),
            fix="Give text or numbers as keys.",
        )
        return np.zeros(len(table), dtype=np.int64), (), ()
    position = np.empty(len(found), dtype=np.int64)
    position[rank] = np.arange(len(found))
    return position[codes], tuple(found[i] for i in rank), tuple(int(p) for p in position)
