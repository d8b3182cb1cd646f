"""Regular time: stamps become consecutive whole numbers, and back; months, business days and daylight saving right."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal
from zoneinfo import available_timezones

import numpy as np
import pandas as pd

from shared.data.business_days import WEEKDAYS, read_business_days
from shared.data.calendar_days import closed_days, day_of_month, refuse_contradiction, say_days
from shared.data.durations import MAX_STEPS, NS, Duration, as_duration, parse_duration
from shared.errors import HexadError, SettingsError
from shared.runtime.array_of import ArrayOf
from shared.typing import Bools, Ints

__all__ = ["MAX_STEPS", "Duration", "Frequency", "frequency_of", "infer_frequency", "parse_duration", "wall_clock"]

DAY = NS["D"]
MAX_DAY = 2**20


@dataclass(frozen=True)
class Frequency:
    """A regular grid of stamps.

    Parameters
    ----------
    kind : {"integer", "fixed", "wall", "month", "business"}
        Whole numbers; equal steps of elapsed time (below a day); whole days on the wall clock; months; weekdays.
    step : int
        Units, nanoseconds (fixed, wall), months or business days per step.
    phase : int
        Offset of the grid, in the unit of `step`.
    day : int
        Day of the month of a monthly grid, or its last one where the month is shorter; 0 for the last one, -1 for the
        last weekday.
    clock : int
        Time of day of a monthly or business grid, in nanoseconds.
    tz : str, optional
        Zone of the stamps; None for naive ones.
    open_days : str
        Days of the week of a business grid, from Monday, as numpy's ``weekmask``: "1111110" for Monday to Saturday.
    closed : tuple of int
        Days since 1970 that a business grid leaves out; see `business_days`.

    Notes
    -----
    Stamps are int64: nanoseconds since 1970 in UTC (naive stamps: as they are), or the integers themselves.

    >>> grid = infer_frequency(pd.DatetimeIndex(["2024-01-31", "2024-02-29", "2024-03-31"]).as_unit("ns").asi8)
    >>> grid.kind, grid.day
    ('month', 0)
    >>> print(pd.Timestamp(grid.stamps(grid.ordinals(np.array([pd.Timestamp("2024-03-31").value])) + 1)[0]))
    2024-04-30 00:00:00
    """

    kind: Literal["integer", "fixed", "wall", "month", "business"]
    step: int
    phase: int = 0
    day: int = 1
    clock: int = 0
    tz: str | None = None
    open_days: str = WEEKDAYS
    closed: tuple[int, ...] = ()

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        if not isinstance(self.open_days, str) or not re.fullmatch("(?=.*1)[01]{7}", self.open_days):
            raise ValueError("days of the week that are none")
        if not all(type(day) is int and abs(day) < MAX_DAY for day in self.closed):
            raise ValueError("closed days that are none")
        return {
            "step": ArrayOf("i", (), low=1, high=2**62),
            "phase": ArrayOf("i", (), low=-(2**62), high=2**62),
            "day": ArrayOf("i", (), low=-1, high=31),
            "clock": ArrayOf("i", (), low=0, high=DAY),
        }

    def ordinals(self, stamps: Ints) -> Ints:
        """Number of each stamp on the grid; stamps off the grid are rounded down (see `on_grid`).

        Parameters
        ----------
        stamps : array of int
            Nanoseconds since 1970, of UTC where the grid has a zone; the numbers themselves on a grid of whole numbers.
        """
        if self.kind in {"integer", "fixed"}:
            ordinals = stamps - self.phase
            ordinals //= self.step
            return ordinals
        wall = wall_clock(stamps, self.tz)
        if self.kind == "wall":
            return (wall - self.phase) // self.step
        days = wall.astype("datetime64[ns]").astype("datetime64[D]")
        if self.kind == "business":
            first = np.datetime64("1970-01-01")
            weekdays = np.busday_count(first, np.maximum(days, first), busdaycal=self.calendar).astype(np.int64)
            if (days < first).any():  # numpy counts backwards without the first day, but with the last
                weekdays -= np.busday_count(np.minimum(days, first), first, busdaycal=self.calendar)
            return np.asarray((weekdays - self.phase) // self.step)
        months = days.astype("datetime64[M]").astype(np.int64)
        return (months - self.phase) // self.step

    def stamps(self, ordinals: Ints) -> Ints:
        """Stamp of each number on the grid; the inverse of `ordinals`.

        Parameters
        ----------
        ordinals : array of int
            Numbers on the grid.
        """
        ordinals = np.asarray(ordinals, dtype=np.int64)
        if len(ordinals) and self.kind != "integer" and np.abs(ordinals).max() > self._reach():
            raise HexadError(
                "dates before 1677 or after 2262 cannot be counted in nanoseconds; use whole-number stamps"
            )
        if self.kind in {"integer", "fixed"}:
            return ordinals * self.step + self.phase
        if self.kind == "wall":
            wall = ordinals * self.step + self.phase
        elif self.kind == "business":
            first = np.datetime64("1970-01-01")
            weekdays = np.busday_offset(
                first, ordinals * self.step + self.phase, roll="forward", busdaycal=self.calendar
            )
            wall = weekdays.astype("datetime64[ns]").astype(np.int64) + self.clock
        else:
            months = (ordinals * self.step + self.phase).astype("datetime64[M]")
            ends = (months + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
            days = ends if self.day == 0 else np.busday_offset(ends, 0, roll="backward")
            if self.day > 0:
                days = np.minimum(months.astype("datetime64[D]") + np.timedelta64(self.day - 1, "D"), ends)
            wall = np.asarray(days).astype(np.int64) * DAY + self.clock
        return _from_wall(wall, self.tz)

    @property
    def calendar(self) -> np.busdaycalendar:
        """Open and closed days of a business grid, as numpy counts them."""
        return np.busdaycalendar(self.open_days, np.asarray(self.closed, dtype="datetime64[D]"))

    def _reach(self) -> int:
        """Largest number of a stamp that nanoseconds can hold."""
        step = {"month": 31 * DAY, "business": 2 * DAY}.get(self.kind, 1) * self.step
        return (2**63 - 1) // step - 2

    def on_grid(self, stamps: Ints) -> Bools:
        """Whether each stamp lies on the grid.

        Parameters
        ----------
        stamps : array of int
            Nanoseconds since 1970, of UTC where the grid has a zone; the numbers themselves on a grid of whole numbers.
        """
        if self.kind in {"integer", "fixed"}:
            apart = stamps - self.phase
            apart %= self.step
            return np.asarray(apart == 0)
        return np.asarray(self.stamps(self.ordinals(stamps)) == stamps)

    def steps(self, duration: object, name: str = "") -> int:
        """Number of steps in a duration.

        Parameters
        ----------
        duration : str, int, datetime.timedelta, pandas.Timedelta, numpy.timedelta64 or pandas offset
            As in "1D", "2h", "1Y"; a whole number is one of steps.
        name : str
            What it is called in errors.

        Raises
        ------
        SettingsError
            The duration is no whole number of steps.

        >>> Frequency("fixed", 1800 * 10**9).steps("1D")
        48
        >>> Frequency("month", 1).steps("1Y")
        12
        """
        asked = parse_duration(duration, name)
        if asked.steps:
            return asked.steps
        per_step = {
            "fixed": asked.ns,
            "wall": asked.ns,
            "month": asked.months,
            "business": asked.business_days,
        }
        size = per_step.get(self.kind, 0)
        if self.kind == "business" and asked.ns and asked.ns % NS["W"] == 0:
            size = asked.ns // NS["W"] * self.days_a_week
        if size == 0 or size % self.step:
            said = as_duration(duration)
            about = f"{name}=" if name else ""
            raise SettingsError(f"{about}{said!r} is no whole number of steps of {self.describe()}; give steps instead")
        return size // self.step

    @property
    def days_a_week(self) -> int:
        """Days of the week that a business grid has."""
        return self.open_days.count("1")

    def wall_offset(self, ordinals: Ints) -> Ints:
        """Steps by which the wall clock is ahead of the grid; constant but for daylight saving.

        Only sub-daily grids in a zone have one; an offset that is no whole number of steps is rounded down.

        Parameters
        ----------
        ordinals : array of int
            Numbers on the grid.
        """
        if self.kind != "fixed" or self.tz is None:
            return np.zeros(len(ordinals), dtype=np.int64)
        stamps = self.stamps(ordinals)
        return (wall_clock(stamps, self.tz) - stamps) // self.step

    def describe(self) -> str:
        """Name the step in words.

        >>> Frequency("fixed", 1800 * 10**9).describe()
        '30 minutes'
        >>> Frequency("month", 3).describe()
        '3 months'
        """
        if self.kind == "integer":
            return f"{self.step} (integer time)"
        if self.kind in {"month", "business"}:
            unit, count = ("month" if self.kind == "month" else "business day"), self.step
            if self.kind == "business" and (self.open_days != WEEKDAYS or self.closed):
                unit = "business day" if self.open_days == WEEKDAYS else f"day from {say_days(self.open_days)}"
                without = f", {len(self.closed):,} days closed" if self.closed else ""
                return f"{count} {unit if count == 1 else unit.replace('day', 'days', 1)}{without}"
        else:
            name, size = next(
                (n, s)
                for n, s in (
                    ("day", DAY),
                    ("hour", NS["h"]),
                    ("minute", NS["min"]),
                    ("second", NS["s"]),
                    ("ns", 1),
                )
                if self.step % s == 0
            )
            unit, count = name, self.step // size
        return f"{count} {unit}{'s' if count != 1 and unit != 'ns' else ''}"

    def to_pandas(self, stamps: Ints, unit: str = "ns") -> pd.Series[Any]:
        """Give stamps back as pandas values in the grid's zone.

        Parameters
        ----------
        stamps : array of int
            Nanoseconds since 1970, of UTC where the grid has a zone; the numbers themselves on a grid of whole numbers.
        unit : str
            Resolution of the result, as in "us".
        """
        if self.kind == "integer":
            return pd.Series(stamps, copy=False)
        index = pd.DatetimeIndex(stamps.astype("datetime64[ns]")).as_unit(unit)  # type: ignore[arg-type]
        return pd.Series(index.tz_localize("UTC").tz_convert(self.tz) if self.tz else index)


def wall_clock(stamps: Ints, tz: str | None) -> Ints:
    """Local time of UTC stamps, as naive nanoseconds.

    >>> noon = np.array([pd.Timestamp("2024-07-01 12:00").value])
    >>> print(pd.Timestamp(wall_clock(noon, "Europe/Berlin")[0]))
    2024-07-01 14:00:00
    """
    if tz is None:
        return stamps
    index = pd.DatetimeIndex(stamps.astype("datetime64[ns]"), tz="UTC").tz_convert(tz).tz_localize(None)
    return np.asarray(index.as_unit("ns").asi8)


def _from_wall(wall: Ints, tz: str | None) -> Ints:
    if tz is None:
        return wall
    index = pd.DatetimeIndex(wall.astype("datetime64[ns]"))
    first = np.ones(len(wall), dtype=bool)
    zoned = index.tz_localize(tz, ambiguous=first, nonexistent="shift_forward")
    return np.asarray(zoned.tz_convert("UTC").as_unit("ns").asi8)


def frequency_of(freq: object, stamps: Ints, tz: str | None, *, integer: bool) -> Frequency:
    """Build the grid that a declared frequency and the first stamps make.

    >>> stamps = pd.date_range("2024-01-01", periods=3, freq="h").as_unit("ns").asi8
    >>> frequency_of("h", stamps, None, integer=False).describe()
    '1 hour'
    """
    text = as_duration(freq, "freq")
    asked = parse_duration(text, "freq")
    first = stamps[:1]
    if integer or asked.steps:
        if not integer:
            raise SettingsError(f"freq={text!r} counts steps, but the stamps are dates; write it as in '30min' or '1D'")
        if not asked.steps:
            raise SettingsError(
                f"freq={text!r} is a length of time, but the stamps are whole numbers; give steps, as in 1"
            )
        return Frequency("integer", asked.steps, int(first[0] % asked.steps))
    wall = wall_clock(first, tz)
    clock = int(wall[0] % DAY)
    refuse_contradiction(text, wall_clock(stamps, tz))
    if asked.business_days:
        _, mask, closed = read_business_days(str(text)) or (1, WEEKDAYS, ())
        grid = Frequency("business", asked.business_days, 0, clock=clock, tz=tz, open_days=mask, closed=closed)
        return replace(grid, phase=int(replace(grid, step=1).ordinals(first)[0]) % asked.business_days)
    if asked.months:
        days = wall_clock(stamps, tz).astype("datetime64[ns]").astype("datetime64[D]")
        months = days.astype("datetime64[M]")
        in_month = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
        found = day_of_month(days)
        day = int(in_month[0]) if found is None else found
        return Frequency("month", asked.months, int(months.astype(np.int64)[0] % asked.months), day, clock, tz)
    if asked.ns % DAY == 0:
        return Frequency("wall", asked.ns, int(wall[0] % asked.ns), tz=tz)
    return Frequency("fixed", asked.ns, int(first[0] % asked.ns), tz=tz)


def infer_frequency(stamps: Ints, tz: str | None = None, *, integer: bool = False) -> Frequency | None:
    """Find the grid of sorted, distinct stamps of one series; None where there is none.

    The most frequent step counts, so that gaps do not hide the grid.

    Parameters
    ----------
    stamps : numpy.ndarray of int64, shape (n,)
        At least two, ascending.

    >>> infer_frequency(np.array([1, 2, 3, 5]), integer=True)
    Frequency(kind='integer', step=1, phase=0, day=1, clock=0, tz=None, open_days='1111100', closed=())
    """
    if len(stamps) < 2:
        return None
    if integer:
        step = _mode(np.diff(stamps))
        return Frequency("integer", step, int(stamps[0] % step))
    wall = wall_clock(stamps, tz)
    days = wall.astype("datetime64[ns]").astype("datetime64[D]")
    step = _mode(np.diff(stamps))
    if step < DAY and step != _mode(np.diff(wall)):
        step = min(step, _mode(np.diff(wall)))
    if step >= DAY - NS["h"] and len(np.unique(days)) == len(days):
        # Where a zone skips midnight, a day begins an hour late; the clock of the others counts.
        clocks, counts = np.unique(wall % DAY, return_counts=True)
        if counts.max() == len(wall) or (tz is not None and counts.max() >= 0.9 * len(wall)):
            clock = int(clocks[np.argmax(counts)])
            return _daily_or_coarser(days.astype(np.int64) * DAY + clock, days, tz)
    return Frequency("fixed", step, int(stamps[0] % step), tz=tz)


def _daily_or_coarser(wall: Ints, days: Any, tz: str | None) -> Frequency:
    step = _mode(np.diff(wall))
    clock = int(wall[0] % DAY)
    months = days.astype("datetime64[M]")
    month_step = _mode(np.diff(months.astype(np.int64)))
    if month_step > 0 and step >= 28 * DAY and (day := day_of_month(days)) is not None:
        return Frequency("month", month_step, int(months.astype(np.int64)[0] % month_step), day, clock, tz)
    weekdays = np.is_busday(days)
    fridays = (days[1:] - days[:-1]).astype(np.int64) == 3
    if step == DAY and weekdays.all() and len(days) > 5 and fridays.any():
        return Frequency("business", 1, clock=clock, tz=tz)
    plain = Frequency("wall", step, int(wall[0] % step), tz=tz)
    irregular = step == DAY or (step < NS["W"] and not ((wall - plain.phase) % step == 0).all())
    if irregular and (closed := closed_days(days)):
        return Frequency("business", 1, clock=clock, tz=tz, open_days=closed)
    return plain


def _mode(differences: Ints) -> int:
    values, counts = np.unique(differences[differences > 0], return_counts=True)
    return int(values[np.argmax(counts)]) if len(values) else 1


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Whether pandas knows a zone by its name.

    >>> is_zone("Europe/Berlin"), is_zone("Mars/Base")
    (True, False)
    """
    if name not in _zones() and not re.fullmatch(r"(UTC)?[+-]\d{2}:\d{2}", name):
        return False  # pandas would also open files: "dateutil//path"
    try:
        pd.Timestamp("2024-01-01", tz=name)
    except (KeyError, ValueError, TypeError, OSError, IndexError):
        return False
    return True
