"""From a table of numbers, text, dates and gaps to a matrix: what is rare becomes large."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from shared.data.io.frames import as_pandas
from shared.errors import DataError, Problem, Problems, quote
from shared.runtime.array_of import ArrayOf
from shared.typing import Bools, Floats, Ints

__all__ = ["ColumnCode", "TableCode", "to_plain_columns"]

Kind = Literal["number", "text", "datetime"]
# Beyond this, squares of single-precision numbers overflow.
FAR = 1e18
# A text column in which a larger share of the values differ names rows and does not describe them.
NAMES = 0.5
MISSING = "missing"
# Share of a column's values that are numbers from which the others are taken for slips.
NEARLY = 0.8
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def to_plain_columns(rows: ArrayLike, source: str) -> pd.DataFrame:
    """Bring a table's columns to numbers (NaN where missing), text or dates, with text as names.

    Parameters
    ----------
    rows : pandas, Polars or Arrow frame, or array of shape (n_rows, n_columns)
        The index of a pandas frame is what its rows are called, and no column.
    source : str
        What it is called in messages.

    Raises
    ------
    DataError
        Naming every column that holds what is no number, text or date, or numbers without bounds, with its rows.

    >>> to_plain_columns(pd.DataFrame({"a": [1, None], "b": ["x", "y"]}), "rows").dtypes.astype(str).tolist()[0]
    'float64'
    """
    if isinstance(rows, np.ndarray | list | tuple):
        matrix = np.asarray(rows)
        if matrix.ndim != 2:
            what = f"has {matrix.ndim} dimension{'' if matrix.ndim == 1 else 's'}, not two"
            raise DataError(source, [Problem(what, fix="Give rows and columns; one row as [row].")])
        rows = pd.DataFrame(matrix)
    index = rows.index if isinstance(rows, pd.DataFrame) else None
    if isinstance(rows, pd.DataFrame):
        rows = rows.reset_index(drop=True)  # the index is what the rows are called, and no column
    if isinstance(rows, pd.Series):
        rows = rows.to_frame("value" if rows.name is None else str(rows.name))
    frame = as_pandas(rows, source)
    frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    problems = Problems(source)
    if frame.columns.duplicated().any():
        twice = frame.columns[frame.columns.duplicated()].unique()
        problems.add(f"columns have the same name: {quote(twice)}", fix="Rename one of each.")
        problems.raise_if_any()
    columns = {name: _plain(name, frame[name], problems) for name in frame.columns}
    problems.raise_if_any()
    plain = pd.DataFrame(columns, index=frame.index)
    return plain if index is None else plain.set_axis(index)


def _plain(name: str, values: pd.Series[Any], problems: Problems) -> pd.Series[Any]:
    """Bring one column to its kind."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values
    if pd.api.types.is_timedelta64_dtype(values.dtype):
        values = values.dt.total_seconds()
    inferred = pd.api.types.infer_dtype(values, skipna=True)
    if pd.api.types.is_complex_dtype(values.dtype) or inferred == "complex":
        problems.add("holds complex numbers", column=name, fix="Give their sizes, or both parts as columns.")
        return values
    if inferred in {"date", "datetime"}:
        return _dates(name, values, problems)
    if inferred == "boolean":
        return values.astype(object).map({True: "True", False: "False"}).where(values.notna(), None)
    if pd.api.types.is_numeric_dtype(values.dtype) or inferred in {
        "integer",
        "floating",
        "mixed-integer-float",
        "decimal",
        "empty",
    }:
        numbers = values.astype(object).where(values.notna(), np.nan).astype(float)
        far = numbers.abs().to_numpy() > FAR
        if far.any():
            found = [float(one) for one in numbers[far].iloc[:3]]
            count = int(far.sum())
            problems.add(
                f"{count:,} {'value is' if count == 1 else 'values are'} infinite or beyond {FAR:g}: {quote(found)}",
                column=name,
                rows=[int(row) + 1 for row in np.flatnonzero(far)[:6]],
                count=count,
                fix="Correct them, or leave the cells empty.",
            )
        return numbers
    return _texts(name, values, problems)


def _texts(name: str, values: pd.Series[Any], problems: Problems) -> pd.Series[Any]:
    """Bring one column to text, None where it is missing."""
    texts = values.astype(object).where(values.notna(), None).map(lambda one: one if one is None else str(one))
    if isinstance(values.dtype, pd.StringDtype):
        return texts  # which holds nothing else, so that there is no value to be looked at
    odd = values.map(lambda one: isinstance(one, list | dict | set | tuple | np.ndarray | bytes)).to_numpy(dtype=bool)
    if odd.any():
        first = values[odd].iloc[0]
        problems.add(
            f"holds values of the kind {type(first).__name__}",
            column=name,
            rows=[int(row) + 1 for row in np.flatnonzero(odd)[:6]],
            count=int(odd.sum()),
            fix="Give numbers, text or dates; spread a list over columns of its own.",
        )
    there = values.notna().to_numpy()
    is_number = values.map(lambda one: isinstance(one, int | float | Decimal)).to_numpy(dtype=bool) & there
    if NEARLY * there.sum() <= is_number.sum() > 0:
        other = there & ~is_number
        problems.add(
            f"{int(other.sum()):,} of {len(values):,} values are no numbers, as the others are: "
            f"{quote(dict.fromkeys(texts[other].head(20)))}",
            column=name,
            rows=[int(row) + 1 for row in np.flatnonzero(other)[:6]],
            count=int(other.sum()),
            fix="Correct them, or leave the cells empty.",
        )
    return texts


def _dates(name: str, values: pd.Series[Any], problems: Problems) -> pd.Series[Any]:
    """Bring dates to a column of stamps; those of several zones, or of one and none, are refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas 2 warns of mixed zones, and then leaves them as they are
        try:
            found = pd.to_datetime(values)
        except (ValueError, TypeError):
            found = values
    if not pd.api.types.is_datetime64_any_dtype(found.dtype):
        problems.add(
            "holds dates that go into no one column: of several time zones, with and without one, or out of range",
            column=name,
            fix="Bring them to one zone: pd.to_datetime(column, utc=True).dt.tz_convert('Europe/Berlin').",
        )
        return pd.Series(pd.NaT, index=values.index)
    return found


@dataclass(frozen=True)
class ColumnCode:
    """How often each value of a column was seen, and what becomes of it.

    Attributes
    ----------
    name : str
    kind : {"number", "text", "datetime"}
    labels : tuple of str
        Values of text; hours and weekdays of dates.
    counts : numpy.ndarray of int
        Rows with each label.
    n_missing, n_rows : int
    clock : bool
        Whether dates have a time of day.
    zone : str
        Their time zone; empty for none.

    >>> code = ColumnCode.of("shop", pd.Series(["a", "a", "b", None]))
    >>> code.labels, code.counts.tolist(), code.n_missing
    (('a', 'b'), [2, 1], 1)
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    counts: Ints
    n_missing: int
    n_rows: int
    clock: bool = False
    zone: str = ""

    @classmethod
    def of(cls, name: str, values: pd.Series[Any]) -> ColumnCode:
        """Count what a plain column holds."""
        kind: Kind = "text"
        clock, zone = False, ""
        if pd.api.types.is_datetime64_any_dtype(values.dtype):
            kind = "datetime"
            zone = str(values.dt.tz) if values.dt.tz is not None else ""
            known = values.dropna()
            clock = bool((known != known.dt.normalize()).any())
        elif pd.api.types.is_float_dtype(values.dtype):
            kind = "number"
        labels: dict[str, int] = {}
        for texts in _labels_of(values, kind, clock):
            labels |= {str(one): int(count) for one, count in texts.dropna().value_counts(sort=False).items()}
        ordered = sorted(labels)
        counts = np.array([labels[one] for one in ordered], dtype=np.int64)
        return cls(name, kind, tuple(ordered), counts, int(values.isna().sum()), len(values), clock, zone)

    @property
    def names_rows(self) -> bool:
        """Whether this is text that names rows, as a number of an order does."""
        known = self.n_rows - self.n_missing
        return self.kind == "text" and known > 0 and len(self.labels) > max(NAMES * known, 10)

    @property
    def features(self) -> tuple[str, ...]:
        """What the column becomes: a number or rarities, and the rarity of a gap."""
        if self.kind == "datetime":
            return ("weekday", "hour", MISSING) if self.clock else ("weekday", MISSING)
        return ("value" if self.kind == "number" else "rarity", MISSING)

    def count(self, label: str) -> int:
        """Rows in which a label was seen.

        >>> ColumnCode.of("shop", pd.Series(["a", "a", "b"])).count("c")
        0
        """
        place = int(np.searchsorted(np.array(self.labels, dtype=object), label)) if self.labels else 0
        return int(self.counts[place]) if place < len(self.labels) and self.labels[place] == label else 0

    def encode(self, values: pd.Series[Any]) -> Floats:
        """Make the column's features, shape (n_rows, n_features).

        Parameters
        ----------
        values : pandas.Series
            Plain (`to_plain_columns`).
        """
        missing = values.isna().to_numpy()
        made = []
        if self.kind == "number":
            made.append(values.to_numpy(dtype=float))
        for texts in _labels_of(values, self.kind, self.clock):
            place = (
                pd.Index(self.labels).get_indexer(pd.Index(texts.fillna("").astype(str)))
                if self.labels
                else np.full(len(texts), -1)
            )
            count = np.where(place >= 0, np.append(self.counts, 0)[place], 0)
            made.append(np.where(missing, np.nan, self._rarity(count)))
        made.append(np.where(missing, self._rarity(np.array(self.n_missing)), 0.0))
        return np.stack(made, axis=1)

    def _rarity(self, count: Ints) -> Floats:
        """Minus the logarithm of a label's share; what was never seen is as rare as what was seen once.

        Where many labels are single, as names of merchants, one more is nothing odd; where none is, it lies beyond all.
        """
        return np.asarray(-np.log(np.maximum(count, 1.0) / self.n_rows))

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of the arrays of every one; checked when a model is loaded."""
        return {"counts": ArrayOf("i", (len(self.labels),), low=1)}


def _labels_of(values: pd.Series[Any], kind: Kind, clock: bool) -> Iterator[pd.Series[Any]]:
    """Labels of each value that are counted: text itself, weekdays and hours of dates; none of numbers."""
    if kind == "text":
        yield values
    elif kind == "datetime":
        yield values.dt.day_of_week.map(dict(enumerate(WEEKDAYS)))
        if clock:
            yield values.dt.hour.map({hour: f"{hour:02d}:00" for hour in range(24)})


@dataclass(frozen=True)
class TableCode:
    """How a table becomes a matrix.

    Attributes
    ----------
    columns : tuple of ColumnCode
        Those used.

    >>> frame = to_plain_columns(pd.DataFrame({"amount": [1.0, 2.0, 3.0], "shop": ["a", "a", "b"]}), "rows")
    >>> code = TableCode.of(frame)
    >>> code.encode(frame).shape, code.origin.tolist()
    ((3, 4), [0, 0, 1, 1])
    """

    columns: tuple[ColumnCode, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> TableCode:
        """Count what the columns of a plain table hold."""
        return cls(tuple(ColumnCode.of(str(name), frame[name]) for name in frame.columns))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns used."""
        return tuple(column.name for column in self.columns)

    @property
    def gaps(self) -> Ints:
        """Numbers of the features that say how rare a gap is."""
        ends = np.cumsum([len(column.features) for column in self.columns])
        return np.asarray(ends - 1)

    @property
    def n_rows(self) -> int:
        """Rows that were counted."""
        return self.columns[0].n_rows

    @property
    def origin(self) -> Ints:
        """Number of the column that each feature comes from."""
        return np.repeat(np.arange(len(self.columns)), [len(column.features) for column in self.columns])

    def encode(self, frame: pd.DataFrame) -> Floats:
        """Make the matrix, shape (n_rows, n_features); see `ColumnCode.encode`."""
        parts = [column.encode(frame[column.name]) for column in self.columns]
        return np.ascontiguousarray(np.concatenate(parts, axis=1))

    def per_column(self, parts: Floats) -> Floats:
        """Sum the parts of features to those of columns, shape (n_rows, n_columns).

        Parameters
        ----------
        parts : array of shape (n_rows, n_features)
        """
        return np.asarray(np.add.reduceat(parts, np.searchsorted(self.origin, np.arange(len(self.columns))), axis=1))

    def missing(self, frame: pd.DataFrame) -> Bools:
        """Where values are missing, shape (n_rows, n_columns)."""
        return frame[list(self.names)].isna().to_numpy()
