"""What a model learnt from, remembered column by column, so that a new table can be held against it."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from shared.data.io.coerce import is_kind
from shared.data.io.parse import Kind
from shared.errors import Argument, Fix, Problems, quote

__all__ = ["ColumnContract", "TableContract", "contract_of"]

MAX_LABELS = 1000
# Ranges beyond what was learnt from which values are of another unit or column, and not of another season.
FAR = 3.0
# Where values lie beyond what was learnt from by at least this share of its range, and would lie inside it in another
# unit, they are taken for such: a column that grows goes less far in the time that is forecast.
BESIDE = 0.25
MANY_LOST = 2  # columns up to which each that is missing is told on its own
UNITS: tuple[tuple[str, float, float], ...] = (
    ("degrees Fahrenheit where Celsius was learnt", 1 / 1.8, -32 / 1.8),
    ("degrees Celsius where Fahrenheit was learnt", 1.8, 32.0),
    ("kelvins where Celsius was learnt", 1.0, -273.15),
    ("degrees Celsius where kelvins were learnt", 1.0, 273.15),
    *((f"a unit {factor:,} times as small", 1 / factor, 0.0) for factor in (1000, 100, 60, 24, 1_000_000)),
    *((f"a unit {factor:,} times as large", float(factor), 0.0) for factor in (1000, 100, 60, 24, 1_000_000)),
    ("miles where kilometres were learnt", 1.609344, 0.0),
    ("kilometres where miles were learnt", 1 / 1.609344, 0.0),
    ("km/h where m/s was learnt", 1 / 3.6, 0.0),
    ("m/s where km/h was learnt", 3.6, 0.0),
    ("pounds where kilograms were learnt", 1 / 2.20462, 0.0),
    ("kilograms where pounds were learnt", 2.20462, 0.0),
)
ACCEPT = Argument("accept_drift", True)
KINDS: dict[Kind, str] = {
    "datetime": "dates",
    "boolean": "truth values",
    "integer": "whole numbers",
    "number": "numbers",
    "text": "text",
}


@dataclass(frozen=True)
class ColumnContract:
    """What one column held.

    Attributes
    ----------
    name : str
    kind : {"text", "integer", "number", "boolean", "datetime"}
    zone : str
        Time zone of dates; empty for none.
    missing : bool
        Whether values were missing.
    low, median, high : float, optional
        Of numbers: smallest, middle and largest.
    labels : tuple of str
        Of text: the values, where there were at most 1,000.

    >>> contract_of(pd.DataFrame({"n": [1, 2, 3]})).columns[0].median
    2.0
    """

    name: str
    kind: Kind
    zone: str = ""
    missing: bool = False
    low: float | None = None
    median: float | None = None
    high: float | None = None
    labels: tuple[str, ...] = ()

    def suits(self, values: pd.Series[Any]) -> bool:
        """Whether values could be this column's: of its kind, and where they are numbers of its size."""
        if _kind_of(values) != self.kind:
            return False
        return self.kind not in {"number", "integer"} or not self.far(values)

    def far(self, values: pd.Series[Any]) -> bool:
        """Whether most numbers lie far off everything learnt from: by more than three times its whole range."""
        if self.low is None or self.high is None or values.notna().sum() == 0:
            return False
        middle = float(values.median())
        reach = FAR * max(self.high - self.low, 1e-12 * max(abs(self.high), 1.0))
        small = self.low > 0 and 0 <= middle < self.low / 10 and self.high < 100 * self.low
        return bool(middle > self.high + reach or middle < self.low - reach or small or self.unit_of(values))

    def unit_of(self, values: pd.Series[Any]) -> str:
        """Unit that values seem to be in where it is not that of what was learnt from; empty where they may be alike.

        Parameters
        ----------
        values : pandas.Series

        >>> learnt = contract_of(pd.DataFrame({"t": [2.0, 15.0, 41.0]})).columns[0]
        >>> learnt.unit_of(pd.Series([58.0, 60.0, 61.0]))
        'degrees Fahrenheit where Celsius was learnt'
        """
        known = values.dropna()
        if self.low is None or self.high is None or len(known) == 0:
            return ""
        low, middle, high = float(known.min()), float(known.median()), float(known.max())
        room = BESIDE * (self.high - self.low)
        if self.low - room <= middle <= self.high + room or self.high == self.low:
            return ""
        fitting = {
            name: abs(factor * middle + shift - (self.median or 0.0))
            for name, factor, shift in UNITS
            if self.low - room <= factor * low + shift
            and factor * high + shift <= self.high + room
            and self.low <= factor * middle + shift <= self.high
        }
        return min(fitting, key=lambda name: fitting[name], default="")


@dataclass(frozen=True)
class TableContract:
    """What a whole table held; `check` holds a new one against it.

    Attributes
    ----------
    columns : tuple of ColumnContract
        Those that a model learnt from.
    others : tuple of str
        Names of those that were there and not used.

    >>> learnt = contract_of(pd.DataFrame({"load": [4000.0, 5000.0], "shop": ["a", "b"]}))
    >>> learnt.check(pd.DataFrame({"load": [4100.0], "shop": ["a"], "new": [1]}), "week.csv")
    ("column 'new' was not there when the model learnt; it is not used",)
    """

    columns: tuple[ColumnContract, ...]
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns learnt from."""
        return tuple(column.name for column in self.columns)

    def check(self, frame: pd.DataFrame, source: str, *, accept_drift: bool = False) -> tuple[str, ...]:
        """Refuse a table that is not like the one learnt from; return what is worth knowing and no fault.

        Parameters
        ----------
        frame : pandas.DataFrame
            The new table.
        source : str
            What it is called.
        accept_drift : bool
            Whether values far off those learnt from, labels never seen and missing values are only told.

        Raises
        ------
        DataError
            Naming columns that are missing (with those that look like them), of another kind, far off, or with labels
            that were never seen.
        """
        problems, drift = Problems(source), Problems(source)
        frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
        known = {column.name for column in self.columns} | set(self.others)
        new = [str(name) for name in frame.columns if str(name) not in known]
        lost = [column.name for column in self.columns if column.name not in frame.columns]
        for column in self.columns:
            if column.name in lost:
                continue
            values = frame[column.name]
            kind = _kind_of(values)
            if kind != column.kind and not is_kind(values, column.kind) and values.notna().any():
                problems.add(
                    f"holds {KINDS[kind]}, but the model learnt from {KINDS[column.kind]}",
                    column=column.name,
                    fix=f"Write {KINDS[column.kind]} as before.",
                )
                continue
            self._check_drift(column, values, frame, drift)
        self._add_lost(lost, frame, new, problems)
        if not accept_drift:
            problems.found += drift.found
        problems.raise_if_any()
        renamed = f"{'columns' if len(new) > 1 else 'column'} {quote(new)} {'were' if len(new) > 1 else 'was'}"
        notes = (
            [f"{renamed} not there when the model learnt; {'they are' if len(new) > 1 else 'it is'} not used"]
            if new
            else []
        )
        return tuple(notes + [str(replace(problem, fix="")).rstrip(".") for problem in drift])

    def _add_lost(self, lost: list[str], frame: pd.DataFrame, new: list[str], problems: Problems) -> None:
        """Say which columns are missing, and which new one may be each; of another table altogether, say that once."""
        if len(lost) > MANY_LOST and 2 * len(lost) > len(self.columns):
            problems.add(
                f"has {len(self.columns) - len(lost)} of the {len(self.columns)} columns that the model needs; missing"
                f" are {quote(lost)}, and there are {quote(frame.columns)}",
                fix="This seems to be another table: give one with the columns that the run read.",
            )
            return
        named = {column.name: column for column in self.columns}
        alike = {name: _look_alike(named[name], frame, new) for name in lost}
        for name, found in alike.items():
            if len(found) == 1 and sum(found == other for other in alike.values()) == 1:
                problems.add(
                    f"is missing, and {quote(found)} is new and looks like it",
                    column=name,
                    fix=f"Rename it to {quote([name])} if it is the same.",
                )
            else:
                problems.add(
                    f"is missing; the table has {quote(frame.columns)}",
                    column=name,
                    fix="The model cannot do without it: add it, or learn again without it.",
                )

    def _check_drift(
        self, column: ColumnContract, values: pd.Series[Any], frame: pd.DataFrame, drift: Problems
    ) -> None:
        gone = values.isna().to_numpy()
        if gone.any() and not column.missing:
            count = int(gone.sum())
            rows = [int(row) + 1 for row in np.flatnonzero(gone)[:6]]
            drift.add(
                f"{count:,} {'value is' if count == 1 else 'values are'} missing, none was when the model learnt",
                column=column.name,
                rows=rows,
                count=count,
                fix=Fix("Fill them in, or pass ", ACCEPT, "."),
            )
        if column.kind in {"number", "integer"} and column.far(values):
            middle = float(values.median())
            other = [
                one.name
                for one in self.columns
                if one is not column and one.suits(values) and one.name in frame.columns and one.far(frame[one.name])
            ]
            unit = column.unit_of(values)
            like = f"; they look like those of {quote(other)}: swapped?" if other else "; another unit?"
            like = f"; another unit, such as {unit}?" if unit and not other else like
            drift.add(
                f"values are about {middle:,.4g}, the model learnt from {column.low:,.4g} to {column.high:,.4g}{like}",
                column=column.name,
                fix=Fix("Convert them, or pass ", ACCEPT, " if they are right."),
            )
        if column.labels:
            unseen = ~values.map(str).isin(column.labels).to_numpy() & ~gone
            if unseen.any():
                count = int(unseen.sum())
                rows = [int(row) + 1 for row in np.flatnonzero(unseen)[:6]]
                drift.add(
                    f"{count:,} {'value was' if count == 1 else 'values were'} never seen when the model learnt:"
                    f" {quote(values[unseen].unique()[:5])}",
                    column=column.name,
                    rows=rows,
                    count=count,
                    fix=Fix("Correct them, fit again with them, or pass ", ACCEPT, "."),
                )

    def plain(self) -> dict[str, Any]:
        """The contract as what JSON can hold; see `from_plain`."""
        columns = [{**asdict(column), "labels": list(column.labels)} for column in self.columns]
        return {"columns": columns, "others": list(self.others)}

    @classmethod
    def from_plain(cls, plain: Any) -> TableContract:
        """Read what `plain` gave.

        >>> learnt = contract_of(pd.DataFrame({"shop": ["a", "b"]}))
        >>> TableContract.from_plain(learnt.plain()) == learnt
        True
        """
        columns = tuple(ColumnContract(**{**column, "labels": tuple(column["labels"])}) for column in plain["columns"])
        for column in columns:
            texts = all(isinstance(text, str) for text in (column.name, column.kind, column.zone, *column.labels))
            numbers = all(isinstance(one, int | float | None) for one in (column.low, column.median, column.high))
            if not texts or not numbers or column.kind not in KINDS:
                raise ValueError(f"no contract of a column: {quote([column])}")
        if not columns:
            raise ValueError("a contract of no columns")
        return cls(columns, tuple(map(str, plain.get("others", ()))))


def contract_of(frame: pd.DataFrame) -> TableContract:
    """Remember what a table holds: names, kinds, ranges, labels.

    >>> contract_of(pd.DataFrame({"shop": ["a", "b"]})).columns[0].labels
    ('a', 'b')
    """
    return TableContract(tuple(_column(str(name), frame[name]) for name in frame.columns))


def _column(name: str, values: pd.Series[Any]) -> ColumnContract:
    kind = _kind_of(values)
    missing = bool(values.isna().any())
    if kind in {"number", "integer"}:
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        numbers = numbers[np.isfinite(numbers)]
        if len(numbers):
            low, middle, high = (float(value) for value in np.percentile(numbers, [0, 50, 100]))
            return ColumnContract(name, kind, "", missing, low, middle, high)
    if kind == "datetime":
        zone = str(values.dt.tz) if values.dt.tz is not None else ""
        return ColumnContract(name, kind, zone, missing)
    if kind == "text":
        texts = values.dropna().map(str)
        labels = sorted(texts.unique()) if texts.nunique() <= MAX_LABELS else []
        return ColumnContract(name, kind, "", missing, labels=tuple(labels))
    return ColumnContract(name, kind, "", missing)


def _look_alike(column: ColumnContract, frame: pd.DataFrame, new: list[str]) -> list[str]:
    """Columns that the model did not know and that may be one that it misses: by name, else by what they hold."""
    near = difflib.get_close_matches(column.name.lower(), [name.lower() for name in new], n=1)
    return [name for name in new if name.lower() in near] or [name for name in new if column.suits(frame[name])]


def _kind_of(values: pd.Series[Any]) -> Kind:
    kinds: tuple[Kind, ...] = ("datetime", "boolean", "integer", "number")
    return next((kind for kind in kinds if is_kind(values, kind)), "text")
