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
from shared.typing import Floats, Ints

__all__ = ["Fleet", "RoutingProblem", "read_clock", "read_stops"]

DAY = 24 * 60.0  # minutes
CLOCK = re.compile(r"^\s*(\d{1,2}):(\d{2})(?::(\d{2}))?\s*$")
MAX_ROWS = 6


def read_clock(value: object) -> float:
    """Read a time of day as minutes from midnight; NaN where it is none.

    Parameters
    ----------
    value : str, number or datetime.time
        "8:30", 510 minutes, or a time.

    >>> read_clock("8:30"), read_clock(510), read_clock("late")
    (510.0, 510.0, nan)
    """
    if hasattr(value, "hour") and hasattr(value, "minute"):
        return float(value.hour * 60 + value.minute + getattr(value, "second", 0) / 60)
    if is_number(value):
        return float(value)
    match = CLOCK.match(str(value))
    if match and int(match[1]) <= 24 and int(match[2]) < 60:
        return int(match[1]) * 60 + int(match[2]) + int(match[3] or 0) / 60
    number = pd.to_numeric(str(value).strip(), errors="coerce")
    return float(number) if pd.notna(number) else float("nan")


@dataclass(frozen=True)
class Fleet:
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
            continue
        if column not in table.columns:
            shown = ", ".join(map(repr, map(str, table.columns[:8])))
            problems.add(f"is missing; the table has {shown}", column=column, fix=f"Name it, or leave {name}= out.")
            continue
        values = np.array([read_clock(value) for value in table[column]], dtype=float)
        empty = table[column].isna().to_numpy() & (name in {"early", "late"})
        values[empty] = defaults[name]
        wrong = ~np.isfinite(values) | (values < 0)
        if wrong.any():
            kind = "times of day" if name in {"early", "late"} else "numbers of 0 or more"
            _add(problems, column, wrong, f"no {kind}", "Write times as in 8:30, numbers as in 4.")
        found[name] = values
    if columns["early"] and columns["late"] and {"early", "late"} <= set(found):
        crossed = found["early"] > found["late"]
        if crossed.any():
            fix = "Exchange them, or correct one."
            _add(problems, f"{columns['early']}, {columns['late']}", crossed, "windows that end before they begin", fix)
    problems.raise_if_any()
    return found


def _add(problems: Problems, column: str, wrong: Any, what: str, fix: str) -> None:
    count = int(wrong.sum())
    rows: Sequence[int] = (np.flatnonzero(wrong)[:MAX_ROWS] + 1).tolist()
    verb = "row has" if count == 1 else "rows have"
    problems.add(f"{count:,} {verb} {what}", column=column, rows=rows, count=count, fix=fix)
