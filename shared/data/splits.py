"""Cuts through time that scikit-learn and the runner both understand: the last n, a share, and walking forward."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shared.data import columns as names
from shared.data.frequency import Frequency, infer_frequency, parse_duration
from shared.data.schema import first_rows, missing_column
from shared.errors import HexadError, Problems, SettingsError, quote
from shared.typing import Bools, Ints

__all__ = ["LastN", "Split", "TimeCut", "WalkForward", "cut_in_time", "find_positions"]

DAY_NS = 86400 * 10**9


@dataclass(frozen=True)
class Split:
    """One cut: rows to learn from, rows to be tested on.

    Attributes
    ----------
    label : object
        Of a cut in time the first stamp that may not be learnt from, a forecast's origin; else a number.
    train, test : numpy.ndarray of int64
        Row positions, in table order.

    >>> Split(3, np.array([0, 1]), np.array([2])).label
    3
    """

    label: Any
    train: Ints
    test: Ints


def find_positions(wanted: Ints, rows: Ints) -> Ints:
    """Where the wanted rows lie among those that are left, in the order in which they are wanted.

    >>> find_positions(np.array([7, 3, 5]), np.array([3, 4, 7])).tolist()
    [2, 0]
    """
    places = pd.Index(rows).get_indexer(pd.Index(wanted))
    return np.asarray(places[places >= 0], dtype=np.int64)


class LastN:
    """Learn from all but the last n stamps of each series, test on these.

    Parameters
    ----------
    n : int
        Stamps per series.
    gap : int
        Stamps before them that are left out of both.
    unique_id, ds : str
        Key and stamp column; without the key column the table is one series.

    >>> table = pd.DataFrame({"ds": [1, 2, 3, 4], "y": [1, 2, 3, 4]})
    >>> [(train.tolist(), test.tolist()) for train, test in LastN(1).split(table)]
    [([0, 1, 2], [3])]
    """

    in_time = True

    def __init__(self, n: int, *, gap: int = 0, unique_id: str = names.UNIQUE_ID, ds: str = names.DS) -> None:
        self.n = n
        self.gap = gap
        self.unique_id = unique_id
        self.ds = ds

    def splits(self, table: pd.DataFrame) -> list[Split]:
        """Cut a table; the label is None, because series may end at different stamps.

        Parameters
        ----------
        table : pandas.DataFrame
            With the columns that the constructor named.
        """
        if self.n < 1 or self.gap < 0:
            raise SettingsError(f"LastN(n={self.n}, gap={self.gap}): n is at least 1 and gap at least 0")
        stamps = _stamps_of(table, self.ds)
        if self.unique_id in table.columns:
            keys = table[self.unique_id]
            lost = keys.isna().to_numpy()
            if lost.any():
                problems = Problems("table")
                _missing(problems, lost, "keys", self.unique_id)
            back = stamps.groupby(keys).rank(method="dense", ascending=False)
        else:
            back = stamps.rank(method="dense", ascending=False)
        rank = back.to_numpy()
        train = np.flatnonzero(rank > self.n + self.gap)
        if len(train) == 0:
            raise HexadError(f"LastN({self.n}): no row is left to learn from; the table has {int(rank.max())} stamps")
        return [Split(None, train, np.flatnonzero(rank <= self.n))]

    def split(self, X: pd.DataFrame, y: object = None, groups: object = None) -> Iterator[tuple[Ints, Ints]]:
        """Yield row positions to learn from and to test on, as scikit-learn's splitters do.

        Parameters
        ----------
        X : pandas.DataFrame
            The table to cut.
        y, groups : object
            Not used; scikit-learn's signature.
        """
        for cut in self.splits(X):
            yield cut.train, cut.test

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return the number of cuts: one.

        Parameters
        ----------
        X, y, groups : object
            Not used; scikit-learn's signature.
        """
        return 1


class TimeCut:
    """Learn from the first share of the rows in time, test on the rest; rows of one time stay together.

    Parameters
    ----------
    share : float
        Of the rows, to learn from; between 0 and 1.
    ds : str
        Stamp column of a frame. An `Incidence` has its own times; without any, its rows are taken to be in their order.

    >>> [(split.label, len(split.test)) for split in TimeCut(0.5).splits(pd.DataFrame({"ds": [1, 2, 2, 3]}))]
    [(2, 3)]
    """

    in_time = True

    def __init__(self, share: float = 0.8, *, ds: str = names.DS) -> None:
        self.share = share
        self.ds = ds

    def splits(self, data: Any) -> list[Split]:
        """Cut a frame or an Incidence once.

        Parameters
        ----------
        data : pandas.DataFrame or Incidence

        Raises
        ------
        HexadError
            All rows have one time, so that nothing is left on a side.
        """
        if isinstance(data, pd.DataFrame):
            stamps: Any = _stamps_of(data, self.ds)
            order = np.argsort(stamps.to_numpy(), kind="stable")
            stamps = stamps.iloc[order]
        else:
            stamps, order = data.times, np.arange(data.n_rows)
        (cut,) = cut_in_time(stamps, len(order), [self.share])
        label = cut if stamps is None else pd.Series(stamps).iloc[cut]
        label = label.item() if isinstance(label, np.generic) else label
        return [Split(label, np.sort(order[:cut]), np.sort(order[cut:]))]

    def split(self, X: object, y: object = None, groups: object = None) -> Iterator[tuple[Ints, Ints]]:
        """Yield row positions to learn from and to test on, as scikit-learn's splitters do.

        Parameters
        ----------
        X : pandas.DataFrame
            The table to cut.
        y, groups : object
            Not used; scikit-learn's signature.
        """
        for cut in self.splits(X):
            yield cut.train, cut.test

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return the number of cuts: one.

        Parameters
        ----------
        X, y, groups : object
            Not used; scikit-learn's signature.
        """
        return 1


def cut_in_time(times: object, n_rows: int, shares: Sequence[float]) -> list[int]:
    """Where to cut rows that are in the order of time, so that rows of one time stay together.

    Parameters
    ----------
    times : array of shape (n_rows,), optional
        In order; None where there are none, so that rows are cut by their number alone.
    n_rows : int
    shares : sequence of float
        Share of the rows before each cut, rising, between 0 and 1.

    Returns
    -------
    list of int
        Position of the first row behind each cut: the change of time nearest to the share.

    Raises
    ------
    HexadError
        Two cuts fall together, or one leaves nothing on a side: too many rows have the same time.

    >>> cut_in_time([1, 1, 1, 2, 3, 3], 6, [0.4])
    [3]
    """
    if any(isinstance(share, bool) or not 0 < share < 1 for share in shares):
        raise SettingsError(f"shares {list(shares)!r} do not lie between 0 and 1")
    wanted = [round(share * n_rows) for share in shares]
    if times is not None:
        stamps = pd.Series(times)
        if not stamps.is_monotonic_increasing:
            raise HexadError("the rows are not in the order of their times")
        values = stamps.to_numpy()
        starts = np.flatnonzero(values[1:] != values[:-1]) + 1
        wanted = [int(starts[np.argmin(np.abs(starts - cut))]) if len(starts) else 0 for cut in wanted]
    if len({0, *wanted, n_rows}) != len(wanted) + 2:
        distinct = n_rows if times is None else pd.Series(times).nunique()
        raise HexadError(
            f"{n_rows:,} rows with {distinct:,} different times cannot be cut into {len(wanted) + 1} parts; ask for"
            " fewer, or give finer times"
        )
    return wanted


class WalkForward:
    """Walk through time: learn from everything before each cutoff, test on what follows it.

    Parameters
    ----------
    horizon : int or str
        Length of a test: stamps as in 96, or calendar time as in "2D".
    every : int or str
        Distance between cutoffs; days, weeks and months are those of the wall clock.
    n_splits : int
        Number of cutoffs.
    first : stamp, optional
        The first cutoff. Left out, the last cutoffs are taken whose tests the table holds in full.
    at : str, optional
        Time of day of the cutoffs on the wall clock, as in "12:00".
    gap : int or str
        Distance between cutoff and test.
    ds : str
        Stamp column: dates (with or without zone) or whole numbers.

    >>> table = pd.DataFrame({"ds": range(10)})
    >>> [cut.label for cut in WalkForward(2, every=3, n_splits=2).splits(table)]
    [5, 8]
    """

    in_time = True

    def __init__(
        self,
        horizon: int | str,
        *,
        every: int | str,
        n_splits: int,
        first: object = None,
        at: str | None = None,
        gap: int | str = 0,
        ds: str = names.DS,
    ) -> None:
        self.horizon = horizon
        self.every = every
        self.n_splits = n_splits
        self.first = first
        self.at = at
        self.gap = gap
        self.ds = ds

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return the number of cuts.

        Parameters
        ----------
        X, y, groups : object
            Not used; scikit-learn's signature.
        """
        return self.n_splits

    def split(self, X: pd.DataFrame, y: object = None, groups: object = None) -> Iterator[tuple[Ints, Ints]]:
        """Yield row positions to learn from and to test on, as scikit-learn's splitters do.

        Parameters
        ----------
        X : pandas.DataFrame
            The table to cut.
        y, groups : object
            Not used; scikit-learn's signature.
        """
        for cut in self.splits(X):
            yield cut.train, cut.test

    def splits(self, table: pd.DataFrame) -> list[Split]:
        """Cut a table.

        Parameters
        ----------
        table : pandas.DataFrame
            With the columns that the constructor named.

        Raises
        ------
        HexadError
            The table is too short for the cutoffs asked for; it says how many fit.
        """
        stamps = _stamps_of(table, self.ds)
        self._check(stamps)
        walk = _Grid(stamps, self.ds)
        cuts = []
        for cutoff in self._cutoffs(walk):
            start = walk.move(cutoff, self.gap, 1)
            end = walk.move(start, self.horizon, 1)
            train = np.flatnonzero((stamps < cutoff).to_numpy())
            inside = stamps >= start
            test = np.flatnonzero((inside if end is None else inside & (stamps < end)).to_numpy())
            if len(train) == 0 or len(test) == 0:
                side = "to learn from before" if len(train) == 0 else "to test on after"
                raise HexadError(
                    f"WalkForward: no row is left {side} the cutoff {cutoff}; the table runs from {walk.first} to"
                    f" {walk.last}"
                )
            cuts.append(Split(cutoff, train, test))
        return cuts

    def _check(self, stamps: pd.Series[Any]) -> None:
        if self.n_splits < 1:
            raise SettingsError(f"n_splits={self.n_splits}: at least one cut is needed")
        every = parse_duration(self.every)
        parse_duration(self.horizon)
        if self.gap != 0:
            parse_duration(self.gap)
        if self.at is None:
            return
        if not isinstance(self.at, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", self.at):
            raise SettingsError(f"at={self.at!r}: write the time of day as in '12:00'")
        if stamps.dtype.kind in "iu":
            raise SettingsError(f"at={self.at!r} is a time of day, but {self.ds!r} holds whole numbers")
        if not every.months and not every.business_days and (every.steps or every.ns % DAY_NS):
            raise SettingsError(f"at={self.at!r} needs every= in whole days, as in '1D' or '7D', not {self.every!r}")

    def _cutoffs(self, walk: _Grid) -> list[Any]:
        """Cutoffs whose tests fit, all counted from one anchor, so that month ends and skipped hours do not drift."""
        if self.first is not None:
            anchor = walk.stamp(self.first, self.at)
            places: Any = range(self.n_splits)
        else:
            anchor = self._latest(walk)
            places = range(0, -self.n_splits, -1)
        found = []
        for place in places:
            if anchor is None:
                break
            cutoff = walk.move(anchor, self.every, place)
            if cutoff is None or not self._fits(walk, cutoff) or (place < 0 and cutoff <= walk.first):
                break
            found.append(cutoff)
        if len(found) < self.n_splits:
            raise HexadError(
                f"WalkForward: {self.n_splits} cutoffs were asked for, but only {len(found)} with a test of "
                f"{self.horizon} fit into {walk.first} to {walk.last}. Lower n_splits, every or horizon, or move first."
            )
        return sorted(found)

    def _fits(self, walk: _Grid, cutoff: object) -> bool:
        start = walk.move(cutoff, self.gap, 1)
        if start is None:
            return False
        length = parse_duration(self.horizon)
        if length.steps:
            return walk.rows_from(start) >= length.steps
        end = walk.move(start, self.horizon, 1)
        return end is not None and bool(end <= walk.after)

    def _latest(self, walk: _Grid) -> Any:
        for place in range(len(walk.stamps) - 1, 0, -1):
            stamp = walk.at(place)
            if (self.at is None or f"{stamp:%H:%M}" == self.at) and self._fits(walk, stamp):
                return stamp
        return None


class _Grid:
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
            if self.grid is not None and self.grid.kind == "month" and self.grid.day == 0:
                wall += pd.offsets.MonthEnd(0)
        elif length.business_days:
            wall += pd.offsets.BDay(times * length.business_days)
        else:
            wall += pd.Timedelta(times * length.ns, unit="ns")
        return self._to_zone(wall)

    def _to_zone(self, wall: pd.Timestamp) -> pd.Timestamp:
        """Bring a wall-clock time to the stamps' zone: of a repeated hour the first, after a skipped one the next."""
        zone = pd.DatetimeIndex(self.stamps).tz
        return wall if zone is None else wall.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")


def _stamps_of(table: pd.DataFrame, ds: str) -> pd.Series[Any]:
    """The stamp column of a table, checked."""
    problems = Problems("table")
    if not isinstance(table, pd.DataFrame):
        problems.add(f"a {type(table).__name__} has no columns", fix=f"Give a DataFrame with the stamp column {ds!r}.")
    elif ds not in table.columns:
        missing_column(ds, [str(column) for column in table.columns], problems)
    elif len(table) == 0:
        problems.add("the table has no rows", fix="Give at least two.")
    problems.raise_if_any()
    stamps = table[ds]
    lost = stamps.isna().to_numpy()
    if lost.any():
        _missing(problems, lost, "stamps", ds)
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


def _missing(problems: Problems, lost: Bools, what: str, column: str) -> None:
    count = int(lost.sum())
    problems.add(
        f"{count:,} {what} are missing", column=column, rows=first_rows(lost), count=count, fix="Fill them in."
    )
    problems.raise_if_any()
