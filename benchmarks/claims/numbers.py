"""One number of a claim, computed again from the table that it names, and held against what is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.claims.page import plain

__all__ = ["Tables", "NoTableError", "check_number", "is_stamp", "pair_rows", "recompute", "says_value", "select"]

NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
REDUCERS = ("mean", "sum", "max", "min", "median")


class NoTableError(Exception):
    """A table, column or row that a claim names is not there."""


@dataclass
class Tables:
    """The tables of a run's folder, read when they are asked for."""

    folder: Path
    read: dict[str, pd.DataFrame] = field(default_factory=dict)

    def get(self, name: str) -> pd.DataFrame:
        """A table by its name.

        Raises
        ------
        NoTableError
            The run has none of that name.
        """
        if name not in self.read:
            kept, shown = self.folder / f"{name}.parquet", self.folder / "tables" / f"{name}.csv"
            if kept.is_file():
                self.read[name] = pd.read_parquet(kept)
            elif shown.is_file():
                self.read[name] = pd.read_csv(shown)
            else:
                raise NoTableError(f"the run keeps no table {name!r}")
        return self.read[name]


def select(table: pd.DataFrame, where: Mapping[str, Any], column: str = "") -> pd.DataFrame:
    """Rows with certain values, and a value in a column.

    Raises
    ------
    NoTableError
        There is no such column.
    """
    keep = np.ones(len(table), dtype=bool)
    for name, value in where.items():
        if name not in table.columns:
            raise NoTableError(f"there is no column {name!r}")
        keep &= _equals(table[name], value)
    if column and column not in table.columns:
        raise NoTableError(f"there is no column {column!r}")
    found = table.loc[keep]
    return found.loc[found[column].notna()] if column else found


def _equals(values: pd.Series[Any], wanted: Any) -> Any:
    if pd.api.types.is_datetime64_any_dtype(values):
        stamp = pd.Timestamp(wanted)
        zone = getattr(values.dt, "tz", None)
        if (stamp.tzinfo is None) != (zone is None):
            stamp = stamp.tz_localize(zone) if stamp.tzinfo is None else stamp.tz_localize(None)
        return (values == stamp).to_numpy()
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        number = pd.to_numeric(pd.Series([wanted]), errors="coerce").iloc[0]
        return (values.astype(float) == float(number)).to_numpy()
    return (values.astype(str) == str(wanted)).to_numpy()


def recompute(number: Mapping[str, Any], tables: Tables) -> float | str | tuple[int, int]:
    """The value of a number; both counts of "so many of so many".

    Raises
    ------
    NoTableError
        What it names is not there.
    """
    table, kind, column = tables.get(number["table"]), number["statistic"], number["column"]
    rows = select(table, number["where"], column)
    if kind == "count":
        return float(len(rows))
    if rows.empty:
        raise NoTableError(f"no rows are as it says: {dict(number['where'])}")
    if kind in REDUCERS:
        return float(getattr(np, kind)(rows[column].to_numpy(dtype=float)))
    if kind == "share":
        return float((rows[column].to_numpy(dtype=float) != 0).mean())
    if kind == "value":
        if len(rows) != 1:
            raise NoTableError(f"{len(rows)} rows are as it says, not one: {dict(number['where'])}")
        found = rows[column].iloc[0]
        return str(found) if isinstance(found, str | pd.Timestamp) else float(found)
    if kind in ("at max", "at min"):
        values = rows[column].to_numpy(dtype=float)
        place = int(np.argmax(values) if kind == "at max" else np.argmin(values))
        if number["label"] not in rows.columns:
            raise NoTableError(f"there is no column {number['label']!r}")
        label = rows[number["label"]].iloc[place]
        is_number = isinstance(label, int | float | np.number) and not isinstance(label, bool | np.bool_)
        return float(label) if is_number else str(label)
    return _compare(number, table, rows)


def _compare(number: Mapping[str, Any], table: pd.DataFrame, rows: pd.DataFrame) -> float | tuple[int, int]:
    """What compares two groups of rows."""
    kind, column = number["statistic"], number["column"]
    if number["against"] is None:
        raise NoTableError(f"{kind!r} compares with no rows")
    other = select(table, number["against"], column)
    if other.empty:
        raise NoTableError(f"no rows are as it says: {dict(number['against'])}")
    a, b = (float(part[column].to_numpy(dtype=float).mean()) for part in (rows, other))
    if kind in ("reduction", "ratio", "difference"):
        return {"reduction": 1 - a / b, "ratio": a / b, "difference": a - b}[kind]
    if kind in ("wins, less", "wins, more"):
        values = pair_rows(rows, other, number["by"], column)
        won = values[:, 0] < values[:, 1] if kind == "wins, less" else values[:, 0] > values[:, 1]
        return int(won.sum()), len(values)
    raise NoTableError(f"{kind!r} is no statistic that can be computed again")


def pair_rows(rows: pd.DataFrame, other: pd.DataFrame, by: str, column: str) -> Any:
    """Means of two groups of rows side by side, by what pairs them; in the order of time, or of the table.

    Raises
    ------
    NoTableError
        There is no such column, or the groups have other labels.
    """
    if by not in rows.columns:
        raise NoTableError(f"there is no column {by!r} to pair by")
    one, its = (part.groupby(by, sort=False, observed=True)[column].mean() for part in (rows, other))
    if set(one.index) != set(its.index):
        raise NoTableError(f"the rows compared have other {by!r} than these")
    return np.column_stack([one.to_numpy(dtype=float), its.reindex(one.index).to_numpy(dtype=float)])


def check_number(number: Mapping[str, Any], found: float | str | tuple[int, int]) -> list[str]:
    """What is wrong with a number, given what its table says."""
    value, text = number["value"], plain(number["text"])
    if isinstance(found, tuple):
        told = [int(part.replace(",", "")) for part in NUMBER.findall(text)[:2]]
        wrong = [] if value == found[0] else [f"is {value}, but the table says {found[0]} of {found[1]}"]
        return wrong + ([] if told == list(found) else [f"is written {text!r}, but it is {found[0]} of {found[1]}"])
    if isinstance(found, str):
        wrong = [] if str(value) == found else [f"is {value!r}, but the table says {found!r}"]
        return wrong + ([] if says_label(text, found) else [f"is written {text!r}, but it is {found!r}"])
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return [f"is {value!r}, but the table says {found:.10g}"]
    wrong = (
        []
        if np.isclose(value, found, rtol=1e-9, atol=1e-12, equal_nan=True)
        else [f"is {value:.10g}, but the table says {found:.10g}"]
    )
    return wrong + (
        []
        if says_value(text, found * number["scale"])
        else [f"is written {text!r}, but it is {found * number['scale']:.6g}"]
    )


def says_value(text: str, value: float) -> bool:
    """Whether a text is a value, rounded to the decimals that it shows.

    >>> says_value("12.3 MW", 12.34), says_value("12.3 MW", 12.36), says_value("4,836", 4836.2)
    (True, False, True)
    """
    if not np.isfinite(value):
        return plain(text).split(" ")[0] in ("∞", "-∞") or plain(text).startswith("not known")
    match = NUMBER.search(plain(text))
    if match is None:
        return False
    told = match.group().replace(",", "")
    decimals = len(told.partition(".")[2])
    return abs(float(told) - value) <= 0.5 * 10.0**-decimals * (1 + 1e-9) + 1e-9 * abs(value)


def is_stamp(value: str) -> bool:
    """Whether a value is a day or a stamp."""
    return re.match(r"\d{4}-\d\d-\d\d(?:[ T]|$)", value) is not None


def says_label(text: str, value: str) -> bool:
    """Whether a text tells a label, or a stamp: none of its parts may say another.

    >>> says_label("Fri 2 Jan 2015, 17:00", "2015-01-02 17:00:00+11:00"), says_label("Fri 17:30", "2015-01-02 17:00:00")
    (True, False)
    """
    if not is_stamp(value):
        return plain(value) in text
    stamp = pd.Timestamp(value)
    clocks = re.findall(r"\b\d\d:\d\d", text)
    if any(clock != f"{stamp:%H:%M}" for clock in clocks):
        return False
    rest = re.sub(r"\b\d\d:\d\d(:\d\d)?", "", text)
    words = {word[:3] for word in re.findall(r"[A-Z][a-z]+", rest)}
    known = {f"{stamp:%a}", MONTHS[stamp.month - 1]}
    dates = {stamp.day, stamp.month, stamp.year}
    return words <= known and all(int(part) in dates for part in re.findall(r"\d+", rest)) and bool(clocks or words)
