"""What a day of deliveries asks for: stops with loads and hours, vehicles with depots and days, checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from shared.checks import is_number, is_whole
from shared.data.io.frames import as_pandas
from shared.errors import Problems, SettingsError
from shared.result import OneLine
from shared.typing import Floats, Ints

__all__ = ["Fleet", "RoutingProblem", "read_clock", "read_stops"]

DAY = 24 * 60.0  # minutes
CLOCK = re.compile(
    r"^(?:\d{4}-\d{2}-\d{2}[T ]\s*)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([ap])?\.?(m)?\.?$", re.IGNORECASE
)
DATE = re.compile(r"^\d{4}-\d{2}-\d{2}")
# Times that are all below this are hours (8.5) or parts of a day (0.35, as spreadsheets keep them), not minutes.
HOURS = 24.0
MAX_ROWS = 6
TIMES = ("early", "late")


def read_clock(value: object) -> float:
    """Read a time of day as minutes from midnight; NaN where it is none.

    Parameters
    ----------
    value : str, number, datetime.time or datetime.datetime
        "8:30", "1:15 pm", 510 minutes, or a time; of a date with a time the time counts.

    >>> read_clock("8:30"), read_clock(510), read_clock("1:15 pm"), read_clock("late")
    (510.0, 510.0, 795.0, nan)
    """
    if hasattr(value, "hour") and hasattr(value, "minute"):
        return float(value.hour * 60 + value.minute + getattr(value, "second", 0) / 60)
    if is_number(value):
        return float(value)
    text = str(value).strip()
    match = CLOCK.match(text)
    if not match:
        number = pd.to_numeric(text, errors="coerce")
        return float(number) if pd.notna(number) else float("nan")
    hour, minute, half = int(match[1]), int(match[2]), (match[4] or "").lower()
    if minute > 59 or hour > (12 if half else 24) or bool(half) != bool(match[5]):
        return float("nan")
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour * 60 + minute + int(match[3] or 0) / 60


def _read_date(value: object) -> float:
    """Day of a date with a time, counted from some day; NaN where there is none."""
    if hasattr(value, "toordinal"):
        return float(value.toordinal()) if pd.notna(value) else float("nan")  # type: ignore[call-overload]
    text = str(value).strip()
    stamp = pd.to_datetime(text[:10], errors="coerce") if DATE.match(text) else pd.NaT
    return float(stamp.toordinal()) if pd.notna(stamp) else float("nan")


@dataclass(frozen=True, repr=False)
class Fleet(OneLine):
    """Vehicles of one kind.

    Parameters
    ----------
    n : int
        How many.
    capacity : float, optional
        Load that each carries; any where left out.
    start, end : str or float
        Of its working day: "8:00", or minutes from midnight.
    depot : object, optional
        Key of the depot where it starts and ends; the only one where left out.
    fixed : float
        What using one costs, in the unit of the objective.
    name : str

    Raises
    ------
    SettingsError

    >>> Fleet(3, capacity=100, start="7:30").minutes
    (450.0, 1440.0)
    """

    n: int
    capacity: float | None = None
    start: str | float = 0.0
    end: str | float = DAY
    depot: Any = None
    fixed: float = 0.0
    name: str = "vehicle"

    def __post_init__(self) -> None:
        if not is_whole(self.n):
            raise SettingsError(f"n={self.n!r}: a fleet has one vehicle or more")
        if self.capacity is not None and (not is_number(self.capacity) or not self.capacity > 0):
            raise SettingsError(f"capacity={self.capacity!r}: give the load that a vehicle carries, above 0")
        if not is_number(self.fixed, least=0):
            raise SettingsError(f"fixed={self.fixed!r}: what using a vehicle costs is 0 or more")
        low, high = self.minutes
        if is_number(self.end) and high <= HOURS:
            raise SettingsError(
                f"end={self.end!r} is minutes from midnight, and looks like hours: write '16:30', or 990"
            )
        if not low < high:
            raise SettingsError(f"start={self.start!r}, end={self.end!r}: give a day, as in '8:00' and '16:30'")

    @property
    def minutes(self) -> tuple[float, float]:
        """Begin and end of its day, in minutes from midnight."""
        return read_clock(self.start), read_clock(self.end)


@dataclass(frozen=True)
class RoutingProblem:
    """A day, as arrays in minutes; places are customers first, then depots.

    Attributes
    ----------
    travel, cost : numpy.ndarray of shape (n + k, n + k)
    load, early, late, service : numpy.ndarray of shape (n,)
    depots, capacity, opens, closes, fixed : numpy.ndarray of shape (n_vehicles,)

    >>> RoutingProblem.__name__
    'RoutingProblem'
    """

    travel: Floats
    cost: Floats
    load: Floats
    early: Floats
    late: Floats
    service: Floats
    depots: Ints
    capacity: Floats
    opens: Floats
    closes: Floats
    fixed: Floats
    names: list[str] = field(default_factory=list)


def read_stops(
    stops: Any, columns: dict[str, str | None], defaults: dict[str, float], source: str = "stops"
) -> dict[str, Floats]:
    """Loads, hours and service times of stops, checked.

    Parameters
    ----------
    stops : frame
    columns : dict of str to str
        Names of the columns of "load", "early", "late" and "service"; None where there is none.
    defaults : dict of str to float
    source : str

    Raises
    ------
    DataError

    >>> table = pd.DataFrame({"from": ["8:00"], "to": ["9:00"]})
    >>> columns = {"load": None, "early": "from", "late": "to", "service": None}
    >>> read_stops(table, columns, {"load": 1.0, "early": 0.0, "late": 1440.0, "service": 5.0})["late"].tolist()
    [540.0]
    """
    problems = Problems(source)
    table = as_pandas(stops, source, copy=False) if not isinstance(stops, pd.DataFrame) else stops
    found = {}
    for name, column in columns.items():
        if column is None:
            found[name] = np.full(len(table), defaults[name])
        elif column not in table.columns:
            shown = ", ".join(map(repr, map(str, table.columns[:8])))
            problems.add(f"is missing; the table has {shown}", column=column, fix=f"Name it, or leave {name}= out.")
        elif name not in TIMES:
            found[name] = _read_numbers(table[column], column, problems)
    named = {name: str(columns[name]) for name in TIMES if columns.get(name) in table.columns}
    found |= _read_times(table, named, defaults, problems)
    problems.raise_if_any()
    return found


def _read_numbers(values: pd.Series[Any], column: str, problems: Problems) -> Floats:
    numbers = (
        pd.to_numeric(values, errors="coerce") if values.dtype.kind not in "bmM" else pd.Series(np.nan, values.index)
    )
    found: Floats = np.asarray(numbers.to_numpy(dtype=float, na_value=np.nan), dtype=float)
    wrong = ~np.isfinite(found) | (found < 0)
    if wrong.any():
        _add(problems, column, wrong, "no number of 0 or more", "Write numbers as in 4, and 0 for none.")
    return found


def _read_times(
    table: pd.DataFrame, named: dict[str, str], defaults: dict[str, float], problems: Problems
) -> dict[str, Floats]:
    """Minutes from midnight; where dates stand with the times, from that before the first of them."""
    found = {name: np.array([read_clock(one) for one in table[column]], dtype=float) for name, column in named.items()}
    days = {name: np.array([_read_date(one) for one in table[column]], dtype=float) for name, column in named.items()}
    dated = np.concatenate([*days.values(), np.zeros(0)])
    first = float(np.nanmin(dated)) if np.isfinite(dated).any() else 0.0
    given = {}
    for name, column in named.items():
        empty = (table[column].isna() | (table[column].astype(str).str.strip() == "")).to_numpy(dtype=bool)
        minutes = found[name] + DAY * np.where(np.isfinite(days[name]), days[name] - first, 0.0)
        wrong = ~empty & (~np.isfinite(minutes) | (minutes < 0))
        if wrong.any():
            _add(problems, column, wrong, "no time of day", "Write times as in 8:30.")
        if (later := ~empty & (minutes > 2 * DAY)).any() and np.isfinite(days[name][later]).any():
            _add(problems, column, later, "a later date than others", "Give the stops of one day.")
        found[name], given[name] = np.where(empty, defaults[name], minutes), ~empty
        _check_hours(problems, table[column], column, minutes[~empty], ~empty)
    if set(found) == set(TIMES) and not problems:
        crossed = (found["early"] > found["late"]) & given["early"] & given["late"]
        if crossed.any():
            fix = "Exchange them, or correct one."
            _add(problems, ", ".join(named.values()), crossed, "a window that ends before it begins", fix)
    return found


def _check_hours(problems: Problems, values: pd.Series[Any], column: str, minutes: Floats, given: Any) -> None:
    """Refuse hours and parts of a day, which would pass for the first minutes after midnight."""
    plain = [not hasattr(one, "hour") and ":" not in str(one) for one in values[given]]
    if len(minutes) and all(plain) and (minutes <= HOURS).all() and (minutes > 0).any():
        fix = "Write times as in 8:30, or minutes from midnight as in 510."
        _add(problems, column, given, "a number that looks like hours, or like a part of a day", fix)


def _add(problems: Problems, column: str, wrong: Any, what: str, fix: str) -> None:
    count = int(wrong.sum())
    rows: Sequence[int] = (np.flatnonzero(wrong)[:MAX_ROWS] + 1).tolist()
    verb = "row has" if count == 1 else "rows have"
    problems.add(f"{count:,} {verb} {what}", column=column, rows=rows, count=count, fix=fix)
