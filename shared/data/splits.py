"""Cuts through time that scikit-learn and the runner both understand: the last n, and walking forward."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shared.data import columns as names
from shared.data.frequency import parse_duration
from shared.errors import HexadError, SettingsError

__all__ = ["LastN", "Split", "WalkForward"]

Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Split:
    """One cut: rows to learn from, rows to be tested on.

    Attributes
    ----------
    label : object
        The cutoff: the first stamp that may not be learnt from.
    train, test : numpy.ndarray of int64
        Row positions, in table order.

    >>> Split(3, np.array([0, 1]), np.array([2])).label
    3
    """

    label: Any
    train: Ints
    test: Ints


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

    def __init__(self, n: int, *, gap: int = 0, unique_id: str = names.UNIQUE_ID, ds: str = names.DS) -> None:
        self.n = n
        self.gap = gap
        self.unique_id = unique_id
        self.ds = ds

    def splits(self, table: pd.DataFrame) -> list[Split]:
        """Cut a table; the label is None, because series may end at different stamps."""
        if self.n < 1 or self.gap < 0:
            raise SettingsError(f"LastN(n={self.n}, gap={self.gap}): n is at least 1 and gap at least 0")
        stamps = table[self.ds]
        if self.unique_id in table.columns:
            back = stamps.groupby(table[self.unique_id]).rank(method="dense", ascending=False)
        else:
            back = stamps.rank(method="dense", ascending=False)
        rank = back.to_numpy()
        train = np.flatnonzero(rank > self.n + self.gap)
        if len(train) == 0:
            raise HexadError(f"LastN({self.n}): no row is left to learn from; the table has {int(rank.max())} stamps")
        return [Split(None, train, np.flatnonzero(rank <= self.n))]

    def split(self, X: pd.DataFrame, y: Any = None, groups: Any = None) -> Iterator[tuple[Ints, Ints]]:
        """Yield row positions to learn from and to test on, as scikit-learn's splitters do."""
        for cut in self.splits(X):
            yield cut.train, cut.test

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of cuts: one."""
        return 1


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

    def __init__(
        self,
        horizon: int | str,
        *,
        every: int | str,
        n_splits: int,
        first: Any = None,
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

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of cuts."""
        return self.n_splits

    def split(self, X: pd.DataFrame, y: Any = None, groups: Any = None) -> Iterator[tuple[Ints, Ints]]:
        """Yield row positions to learn from and to test on, as scikit-learn's splitters do."""
        for cut in self.splits(X):
            yield cut.train, cut.test

    def splits(self, table: pd.DataFrame) -> list[Split]:
        """Cut a table.

        Raises
        ------
        HexadError
            The table is too short for the cutoffs asked for; it says how many fit.
        """
        if self.n_splits < 1:
            raise SettingsError(f"n_splits={self.n_splits}: at least one cut is needed")
        if self.at is not None and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", self.at):
            raise SettingsError(f"at={self.at!r}: write the time of day as in '12:00'")
        if self.at is not None and table[self.ds].dtype.kind in "iu":
            raise SettingsError(f"at={self.at!r} is a time of day, but {self.ds!r} holds whole numbers")
        stamps = table[self.ds]
        grid = pd.Index(np.sort(stamps.unique())) if stamps.dtype.kind in "iu" else pd.DatetimeIndex(stamps.unique())
        grid = grid.sort_values()
        cutoffs = self._cutoffs(grid)
        cuts = []
        for cutoff in cutoffs:
            start = self._moved(grid, cutoff, self.gap, 1)
            end = self._moved(grid, start, self.horizon, 1)
            train = np.flatnonzero((stamps < cutoff).to_numpy())
            inside = stamps >= start
            test = np.flatnonzero((inside if end is None else inside & (stamps < end)).to_numpy())
            if len(train) == 0 or len(test) == 0:
                side = "to learn from before" if len(train) == 0 else "to test on after"
                raise HexadError(
                    f"WalkForward: no row is left {side} the cutoff {cutoff}; the table runs from {grid[0]} to {grid[-1]}"
                )
            cuts.append(Split(cutoff, train, test))
        return cuts

    def _cutoffs(self, grid: pd.Index[Any]) -> list[Any]:
        if self.first is not None:
            first = self._stamp(grid, self.first)
            cutoffs = [first]
            while len(cutoffs) < self.n_splits:
                following = self._moved(grid, cutoffs[-1], self.every, 1)
                if following is None:
                    break
                cutoffs.append(following)
            fitting = [cutoff for cutoff in cutoffs if self._fits(grid, cutoff)]
        else:
            latest = self._latest(grid)
            fitting = [latest] if latest is not None else []
            while fitting and len(fitting) < self.n_splits:
                earlier = self._moved(grid, fitting[0], self.every, -1)
                if earlier is None or earlier <= grid[0]:
                    break
                fitting.insert(0, earlier)
        if len(fitting) < self.n_splits:
            raise HexadError(
                f"WalkForward: {self.n_splits} cutoffs were asked for, but only {len(fitting)} with a test of "
                f"{self.horizon} fit into {grid[0]} to {grid[-1]}. Lower n_splits, every or horizon, or move first."
            )
        return fitting

    def _fits(self, grid: pd.Index[Any], cutoff: Any) -> bool:
        start = self._moved(grid, cutoff, self.gap, 1)
        if start is None or not isinstance(start, type(cutoff)):
            return False
        if parse_duration(self.horizon).steps:
            return bool(len(grid) - grid.searchsorted(start) >= parse_duration(self.horizon).steps)
        end = self._moved(grid, start, self.horizon, 1)
        step = grid[-1] - grid[-2] if len(grid) > 1 else grid[-1] - grid[-1]
        return bool(end <= grid[-1] + step)

    def _latest(self, grid: pd.Index[Any]) -> Any:
        for place in range(len(grid) - 1, 0, -1):
            if (self.at is None or f"{grid[place]:%H:%M}" == self.at) and self._fits(grid, grid[place]):
                return self._at(grid, place)
        return None

    def _stamp(self, grid: pd.Index[Any], stamp: Any) -> Any:
        if not isinstance(grid, pd.DatetimeIndex):
            return stamp
        stamp = pd.Timestamp(stamp)
        if self.at is not None:
            stamp = pd.Timestamp(f"{stamp:%Y-%m-%d} {self.at}", tz=stamp.tz)
        if grid.tz is not None and stamp.tz is None:
            return stamp.tz_localize(grid.tz)
        return stamp

    @staticmethod
    def _at(grid: pd.Index[Any], place: int) -> Any:
        stamp = grid[place]
        return int(stamp) if isinstance(stamp, np.integer) else stamp

    def _moved(self, grid: pd.Index[Any], stamp: Any, by: int | str, sign: int) -> Any:
        """Move a stamp: by steps of the grid, or by calendar time on the wall clock; None off the grid's end."""
        if by == 0:
            return stamp
        length = parse_duration(by)
        if length.steps:
            place = int(grid.searchsorted(stamp)) + sign * length.steps
            return self._at(grid, place) if 0 <= place < len(grid) else None
        if not isinstance(stamp, pd.Timestamp):
            raise SettingsError(f"{by!r} is calendar time, but {self.ds!r} holds whole numbers; give steps instead")
        if length.months:
            return stamp + sign * pd.DateOffset(months=length.months)
        if length.business_days:
            return stamp + sign * pd.offsets.BDay(length.business_days)
        days, rest = divmod(length.ns, 86400 * 10**9)
        return stamp + sign * pd.DateOffset(days=days) + sign * pd.Timedelta(rest, unit="ns")
