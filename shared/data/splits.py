"""Cuts through time that scikit-learn and the runner both understand: the last n, a share, and walking forward."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from shared.checks import is_whole
from shared.data import columns as names
from shared.data.frequency import parse_duration
from shared.data.stamps import DAY_NS, StampGrid, need_stamps, refuse_missing
from shared.errors import HexadError, Problems, SettingsError
from shared.result import OneLine
from shared.runtime.seeds import make_rng
from shared.typing import Ints

__all__ = ["CustomerCut", "LastN", "Split", "TimeCut", "WalkForward", "cut_in_time", "find_positions"]


@dataclass(frozen=True, repr=False)
class Split(OneLine):
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


class TimeSplitter(ABC):
    """What cuts through time: a subclass says how, and this makes a splitter of scikit-learn's kind of it."""

    in_time = True
    n_splits = 1

    @abstractmethod
    def splits(self, data: Any) -> list[Split]:
        """Cut the data.

        Parameters
        ----------
        data : pandas.DataFrame or Incidence
            With the columns that the constructor named.
        """

    def split(self, X: ArrayLike, y: object = None, groups: object = None) -> Iterator[tuple[Ints, Ints]]:
        """Yield row positions to learn from and to test on, as scikit-learn's splitters do.

        Parameters
        ----------
        X : pandas.DataFrame or Incidence
            The data to cut.
        y, groups : object
            Not used; scikit-learn's signature.
        """
        for cut in self.splits(X):
            yield cut.train, cut.test

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return the number of cuts.

        Parameters
        ----------
        X, y, groups : object
            Not used; scikit-learn's signature.
        """
        return self.n_splits


class LastN(TimeSplitter):
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

    def splits(self, data: pd.DataFrame) -> list[Split]:
        """Cut a table; the label is None, because series may end at different stamps.

        Parameters
        ----------
        data : pandas.DataFrame
            With the columns that the constructor named.
        """
        if not is_whole(self.n) or not is_whole(self.gap, least=0):
            raise SettingsError(
                f"LastN(n={self.n!r}, gap={self.gap!r}): n is at least 1 and gap at least 0, in whole stamps"
            )
        stamps = need_stamps(data, self.ds, type(self).__name__)
        if self.unique_id in data.columns:
            keys = data[self.unique_id]
            lost = keys.isna().to_numpy()
            if lost.any():
                problems = Problems("table")
                refuse_missing(problems, lost, "keys", self.unique_id)
            back = stamps.groupby(keys).rank(method="dense", ascending=False)
        else:
            back = stamps.rank(method="dense", ascending=False)
        rank = back.to_numpy()
        train = np.flatnonzero(rank > self.n + self.gap)
        if len(train) == 0:
            raise HexadError(f"LastN({self.n}): no row is left to learn from; the table has {int(rank.max())} stamps")
        return [Split(None, train, np.flatnonzero(rank <= self.n))]


class TimeCut(TimeSplitter):
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
            stamps: Any = need_stamps(data, self.ds, type(self).__name__)
            order = np.argsort(stamps.to_numpy(), kind="stable")
            stamps = stamps.iloc[order]
        else:
            stamps, order = data.times, np.arange(data.n_rows)
            if stamps is None and self.ds != names.DS:
                raise HexadError(
                    f"TimeCut(ds={self.ds!r}) names a column of times, and these data were read without times; name the"
                    " column where they are made: Incidence.from_interactions(table,"
                    " InteractionColumns(timestamp=...)),"
                    " Incidence.from_frame(table, BasketColumns(time=...))"
                )
            if stamps is not None:
                _refuse_equal(stamps, data.columns.time or self.ds, "TimeCut")
        (cut,) = cut_in_time(stamps, len(order), [self.share])
        label = cut if stamps is None else pd.Series(stamps).iloc[cut]
        label = label.item() if isinstance(label, np.generic) else label
        return [Split(label, np.sort(order[:cut]), np.sort(order[cut:]))]


def _refuse_equal(times: pd.Index[Any], column: str, splitter: str) -> None:
    if times.nunique() < 2:
        raise HexadError(
            f"{splitter} cuts by time, and all times in column {column!r} are equal, so that none comes before another;"
            " name the column that holds when each thing happened"
        )


class CustomerCut:
    """Learn from a share of the customers of baskets, test on all baskets of the others.

    Parameters
    ----------
    share : float
        Of the customers, to learn from; between 0 and 1. Guests are one customer each.
    random_state : int
        Seed of the draw.

    >>> from shared.data import BasketColumns, Incidence
    >>> table = pd.DataFrame({"order": [1, 2, 3], "item": "tea", "customer": ["a", "a", "b"]})
    >>> (cut,) = CustomerCut(0.5).splits(Incidence.from_frame(table, BasketColumns(customer="customer")))
    >>> sorted([len(cut.train), len(cut.test)])
    [1, 2]
    """

    n_splits = 1

    def __init__(self, share: float = 0.8, *, random_state: int = 0) -> None:
        self.share = share
        self.random_state = random_state

    def splits(self, data: Any) -> list[Split]:
        """Cut an Incidence once.

        Parameters
        ----------
        data : Incidence
            That names customers.

        Raises
        ------
        HexadError
            It names none, or too few to be on both sides.
        """
        owner = getattr(data, "customers", None)
        if owner is None:
            raise HexadError("CustomerCut needs baskets that name their customers: BasketColumns(customer=...)")
        if isinstance(self.share, bool | str) or not 0 < self.share < 1:
            raise SettingsError(f"share={self.share!r} does not lie between 0 and 1")
        owner = np.where(owner < 0, owner.max(initial=0) + 1 + np.arange(len(owner)), owner)
        customers = np.unique(owner)
        count = round(self.share * len(customers))
        if not 0 < count < len(customers):
            raise HexadError(f"{len(customers):,} customers cannot be cut at {100 * self.share:g} %")
        chosen = make_rng(self.random_state).choice(customers, size=count, replace=False)
        first = np.isin(owner, chosen)
        return [Split(0, np.flatnonzero(first), np.flatnonzero(~first))]


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


class WalkForward(TimeSplitter):
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

    def splits(self, data: Any) -> list[Split]:
        """Cut a table, or baskets or interactions by their own times.

        Parameters
        ----------
        data : pandas.DataFrame or Incidence
            A frame has the columns that the constructor named.

        Raises
        ------
        HexadError
            The table is too short for the cutoffs asked for; it says how many fit. An Incidence has no times.
        """
        if isinstance(data, pd.DataFrame) or not hasattr(data, "times"):
            stamps = need_stamps(data, self.ds, type(self).__name__)
        elif getattr(data, "times", None) is None:
            raise HexadError("WalkForward cuts by time, and these baskets or interactions have none; name their column")
        else:
            name = data.columns.time or self.ds
            stamps = need_stamps(pd.DataFrame({name: data.times}), name)
            _refuse_equal(data.times, name, "WalkForward")
        self._check(stamps)
        walk = StampGrid(stamps, self.ds)
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
        if not is_whole(self.n_splits):
            raise SettingsError(f"n_splits={self.n_splits!r}: give a whole number; at least one cut is needed")
        every = parse_duration(self.every, "every")
        parse_duration(self.horizon, "horizon")
        if self.gap != 0:
            parse_duration(self.gap, "gap")
        if self.at is None:
            return
        if not isinstance(self.at, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", self.at):
            raise SettingsError(f"at={self.at!r}: write the time of day as in '12:00'")
        if stamps.dtype.kind in "iu":
            raise SettingsError(f"at={self.at!r} is a time of day, but {self.ds!r} holds whole numbers")
        if not every.months and not every.business_days and (every.steps or every.ns % DAY_NS):
            raise SettingsError(f"at={self.at!r} needs every= in whole days, as in '1D' or '7D', not {self.every!r}")

    def _cutoffs(self, walk: StampGrid) -> list[Any]:
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

    def _fits(self, walk: StampGrid, cutoff: object) -> bool:
        start = walk.move(cutoff, self.gap, 1)
        if start is None:
            return False
        length = parse_duration(self.horizon)
        if length.steps:
            return walk.rows_from(start) >= length.steps
        end = walk.move(start, self.horizon, 1)
        return end is not None and bool(end <= walk.after)

    def _latest(self, walk: StampGrid) -> Any:
        for place in range(len(walk.stamps) - 1, 0, -1):
            stamp = walk.at(place)
            if (self.at is None or f"{stamp:%H:%M}" == self.at) and self._fits(walk, stamp):
                return stamp
        return None
