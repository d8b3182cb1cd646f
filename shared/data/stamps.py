"""The stamps of a table: checked, and as a grid that one can move on, by steps or by the calendar."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from shared.data.frequency import Frequency, infer_frequency, parse_duration
from shared.data.io.frames import missing_stamps
from shared.data.schema import first_rows
from shared.errors import Problems, SettingsError, quote
from shared.typing import Bools

DAY_NS = 86400 * 10**9


class StampGrid:
    """The distinct stamps of a table, and how to move on them."""

    def __init__(self, stamps: pd.Series[Any], ds: str) -> None:
        self.ds = ds
        self.integer = stamps.dtype.kind in "iu"
        distinct = np.sort(stamps.unique()) if self.integer else stamps.unique()
        self.stamps: pd.Index[Any] = (pd.Index(distinct) if self.integer else pd.DatetimeIndex(distinct)).sort_values()
        self.first, self.last = self.at(0), self.at(len(self.stamps) - 1)
        self.grid: Frequency | None = None
        self.after = self._after()

    def at(self, place: int) -> Any:
        """Stamp at a place, in Python's own type."""
        stamp = self.stamps[place]
        return int(stamp) if self.integer else stamp

    def rows_from(self, stamp: Any) -> int:
        """Number of distinct stamps from one on."""
        return len(self.stamps) - int(self.stamps.searchsorted(stamp))

    def _after(self) -> Any:
        """The stamp that would come after the last one."""
        if self.integer:
            return self.last + 1
        index = pd.DatetimeIndex(self.stamps)
        zone = str(index.tz) if index.tz is not None else None
        plain = index.tz_convert("UTC").tz_localize(None) if zone else index
        values = np.asarray(plain.as_unit("ns").asi8)
        self.grid = infer_frequency(values, zone)
        if self.grid is None:
            return self.last
        following = self.grid.to_pandas(self.grid.stamps(self.grid.ordinals(values[-1:]) + 1)).iloc[0]
        return max(self.last, following)

    def stamp(self, given: Any, at: str | None) -> Any:
        """Read a cutoff that the caller names."""
        if self.integer:
            if isinstance(given, bool) or not isinstance(given, int | np.integer):
                raise SettingsError(f"first={quote([given])} is no whole number, but {self.ds!r} holds whole numbers")
            return int(given)
        try:
            stamp = pd.Timestamp(given)
            zone = pd.DatetimeIndex(self.stamps).tz
            if stamp.tz is not None:
                if zone is None:
                    raise SettingsError(f"first={given!r} has a time zone, but the stamps in {self.ds!r} have none")
                stamp = stamp.tz_convert(zone).tz_localize(None)
            if at is not None:
                stamp = pd.Timestamp(f"{stamp:%Y-%m-%d} {at}")
        except (ValueError, TypeError) as error:
            if isinstance(error, SettingsError):
                raise
            raise SettingsError(f"first={quote([given])} is no date; write it as in '2024-01-31'") from error
        placed = stamp if zone is None else stamp.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
        if placed is pd.NaT:
            raise SettingsError(f"first={given!r} is a time that the clock of {zone} skips or shows twice")
        return placed

    def move(self, stamp: object, by: int | str, times: int) -> Any:
        """Move a stamp: by steps of the grid, or by calendar time on the wall clock; None off the grid's ends."""
        if by == 0 or times == 0:
            return stamp
        try:
            return self._move(stamp, by, times)
        except (OverflowError, pd.errors.OutOfBoundsDatetime, pd.errors.OutOfBoundsTimedelta):
            return None  # beyond the calendar

    def _move(self, stamp: Any, by: int | str, times: int) -> Any:
        length = parse_duration(by)
        if length.steps:
            place = int(self.stamps.searchsorted(stamp)) + times * length.steps
            return self.at(place) if 0 <= place < len(self.stamps) else None
        if self.integer:
            raise SettingsError(f"{by!r} is calendar time, but {self.ds!r} holds whole numbers; give steps instead")
        if length.ns % DAY_NS:
            return stamp + times * pd.Timedelta(length.ns, unit="ns")
        wall = stamp.tz_localize(None)
        if length.months:
            wall += pd.DateOffset(months=times * length.months)
            if self.grid is not None and self.grid.kind == "month":
                wall = _onto_month(wall, self.grid)
        elif length.business_days:
            open_days = self.grid if self.grid and self.grid.kind == "business" else Frequency("business", 1)
            steps, today = times * length.business_days, np.datetime64(wall, "D")
            day = np.busday_offset(today, steps, roll="forward", busdaycal=open_days.calendar)
            wall = pd.Timestamp(day) + (wall - wall.normalize())
        else:
            wall += pd.Timedelta(times * length.ns, unit="ns")
        return self._to_zone(wall)

    def _to_zone(self, wall: pd.Timestamp) -> pd.Timestamp:
        """Bring a wall-clock time to the stamps' zone: of a repeated hour the first, after a skipped one the next."""
        zone = pd.DatetimeIndex(self.stamps).tz
        return wall if zone is None else wall.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")


def _onto_month(wall: pd.Timestamp, grid: Frequency) -> pd.Timestamp:
    """The stamp of a monthly grid in the month of a date: the 30th again after a shorter February."""
    if 0 < grid.day <= 28:
        return wall
    month = np.array([np.datetime64(wall, "M").astype(np.int64)])
    return pd.Timestamp(replace(grid, step=1, phase=0, tz=None).stamps(month)[0])


def need_stamps(table: pd.DataFrame, ds: str, owner: str = "") -> pd.Series[Any]:
    """The stamp column of a table, checked; `owner` is the class in which it is named."""
    problems = Problems("table")
    if not isinstance(table, pd.DataFrame):
        problems.add(f"{type(table).__name__} has no columns", fix=f"Give a DataFrame with the stamp column {ds!r}.")
    elif ds not in table.columns:
        named_in = (owner, "ds") if owner else None
        missing_stamps(table, ds, [str(column) for column in table.columns], problems, named_in=named_in)
    elif len(table) == 0:
        problems.add("the table has no rows", fix="Give at least two.")
    problems.raise_if_any()
    stamps = table[ds]
    lost = stamps.isna().to_numpy()
    if lost.any():
        refuse_missing(problems, lost, "stamps", ds)
    if isinstance(stamps.dtype, pd.api.extensions.ExtensionDtype) and pd.api.types.is_integer_dtype(stamps.dtype):
        stamps = stamps.astype("int64")
    if not (pd.api.types.is_integer_dtype(stamps.dtype) or pd.api.types.is_datetime64_any_dtype(stamps.dtype)):
        problems.add(
            f"holds {stamps.dtype}, neither dates nor whole numbers",
            column=ds,
            fix="Read it as dates: pd.to_datetime.",
        )
    problems.raise_if_any()
    return stamps


def refuse_missing(problems: Problems, lost: Bools, what: str, column: str) -> None:
    """Raise, with all problems, for rows of a column that are missing."""
    count = int(lost.sum())
    problems.add(
        f"{count:,} {what} are missing", column=column, rows=first_rows(lost), count=count, fix="Fill them in."
    )
    problems.raise_if_any()
