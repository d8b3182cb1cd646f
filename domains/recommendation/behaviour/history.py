"""What users did, in flat arrays and in matrices with a row a user: the only thing that models of behaviour see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from shared.checks import is_number
from shared.data import Incidence
from shared.data.durations import is_time, parse_duration
from shared.data.frequency import DAY
from shared.errors import HexadError, SettingsError
from shared.runtime.array_of import ArrayOf
from shared.typing import Codes, Ints, Reals

__all__ = ["History", "as_interactions", "read_period"]

# A period is what "the next four weeks" is where nothing else is said: long enough for most things to come round.
USUAL_PERIOD = 28.0
SHARE_OF_SPAN = 1 / 6
DAYS_OF_A_MONTH = 365.2425 / 12


def as_interactions(data: object) -> Incidence:
    """Interactions as an incidence; a long table with the default column names is read.

    Parameters
    ----------
    data : Incidence or frame

    Raises
    ------
    DataError
        Listing what is wrong with the table.

    >>> as_interactions(pd.DataFrame({"user": [1], "item": ["tea"]})).n_rows
    1
    """
    if isinstance(data, Incidence):
        if len(data.codes) == 0:
            raise HexadError("there are no interactions to learn from")
        return data
    if isinstance(data, str | Mapping) or data is None:
        raise HexadError(
            f"interactions are given as a {type(data).__name__}; give a table with a row an interaction, or"
            " Incidence.from_interactions(table, InteractionColumns(...))"
        )
    return Incidence.from_interactions(data)


@dataclass(frozen=True, eq=False)
class History:
    """Who did what, and how long ago.

    Attributes
    ----------
    users, items : numpy.ndarray of int32, shape (n_events,)
        Number of the user and of the item of each event.
    ages : numpy.ndarray of float64, shape (n_events,), optional
        How long before the last event it was, in days where times are dates, else in their own unit.
    weights : numpy.ndarray of float64, shape (n_events,), optional
        Ratings or quantities.
    n_users, n_items : int

    >>> table = pd.DataFrame({"user": ["a", "a", "b"], "item": [1, 1, 2], "timestamp": [0, 5, 5]})
    >>> history = History.of(Incidence.from_interactions(table))
    >>> history.counts.toarray().tolist(), history.ages.tolist()
    ([[2.0, 0.0], [0.0, 1.0]], [5.0, 0.0, 0.0])
    """

    users: Codes
    items: Codes
    ages: Reals | None
    weights: Reals | None
    n_users: int
    n_items: int

    @classmethod
    def of(cls, interactions: Incidence) -> History:
        """Read an incidence, whose rows are visits with a user each, or users.

        Parameters
        ----------
        interactions : Incidence
            Rows without a user (guests) say nothing, and do not count.
        """
        rows = interactions.rows
        owners = interactions.customers
        users = rows.astype(np.int32) if owners is None else np.asarray(owners)[rows]
        keep = users >= 0
        ages = None if interactions.times is None else _ages(interactions.times)[rows]
        weights = interactions.weights
        names = interactions.customer_keys if owners is not None else interactions.keys
        if not keep.all():
            users, rows = users[keep], rows[keep]
        return cls(
            users,
            interactions.codes[keep] if not keep.all() else interactions.codes,
            ages if ages is None or keep.all() else ages[keep],
            weights if weights is None or keep.all() else weights[keep],
            len(names) if names is not None else 0,
            interactions.n_items,
        )

    def extend(self, more: History, codes: Ints, shift: float, n_users: int) -> History:
        """Add what came later; without times a user has an item once.

        Parameters
        ----------
        more : History
            Of the same items, and with times where this one has some.
        codes : numpy.ndarray of int64
            Number of each of its users here.
        shift : float
            How much later its last event is than the last one here; below zero where it is earlier.
        n_users : int
            Users of both.
        """
        users = np.concatenate([self.users, codes[more.users].astype(np.int32)])
        items = np.concatenate([self.items, more.items])
        ages = weights = None
        if self.weights is not None:
            mean = float(np.mean(self.weights))
            extra = more.weights if more.weights is not None else np.full(len(more.users), mean)
            weights = np.concatenate([self.weights, extra])
        if self.ages is not None and more.ages is not None:
            ages = np.concatenate([self.ages + max(shift, 0.0), more.ages + max(-shift, 0.0)])
        else:
            pairs, place = np.unique(users.astype(np.int64) * self.n_items + items, return_inverse=True)
            users, items = (part.astype(np.int32) for part in np.divmod(pairs, self.n_items))
            weights = None if weights is None else np.bincount(place, weights=weights)
        return History(users, items, ages, weights, n_users, self.n_items)

    def __getstate__(self) -> dict[str, Any]:
        """What was given; what is worked out from it does not travel."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays; checked when a model is loaded."""
        n_events = len(self.users)
        return {
            "users": ArrayOf("i", (None,), low=0, high=self.n_users - 1),
            "items": ArrayOf("i", (n_events,), low=0, high=self.n_items - 1),
            "ages": ArrayOf("f", (n_events,), low=0, finite=True, optional=True),
            "weights": ArrayOf("f", (n_events,), finite=True, optional=True),
            "n_users": ArrayOf("i", (), low=0),
            "n_items": ArrayOf("i", (), low=0),
        }

    @cached_property
    def span(self) -> float:
        """Time from the first to the last event; 0 without times."""
        return 0.0 if self.ages is None or len(self.ages) == 0 else float(self.ages.max())

    @cached_property
    def _pairs(self) -> tuple[Any, Any]:
        """Each pair of user and item once, as a matrix of places, and the place of every event's pair."""
        from scipy import sparse

        pair = self.users.astype(np.int64) * self.n_items + self.items
        order = np.argsort(pair)
        opens = np.ones(len(pair), dtype=bool)
        opens[1:] = pair[order[1:]] != pair[order[:-1]]
        distinct = pair[order[opens]]
        place = np.empty(len(pair), dtype=np.int32)
        place[order] = np.cumsum(opens, dtype=np.int32) - 1
        indptr = np.searchsorted(distinct, np.arange(self.n_users + 1, dtype=np.int64) * self.n_items)
        shape = (self.n_users, self.n_items)
        where = (distinct % max(self.n_items, 1)).astype(np.int32)
        return sparse.csr_array((np.ones(len(distinct), dtype=np.float32), where, indptr), shape=shape), place

    def matrix_of(self, values: Reals) -> Any:
        """Sum values of events by user and item.

        Parameters
        ----------
        values : array of shape (n_events,)

        Returns
        -------
        scipy.sparse.csr_array of float32, shape (n_users, n_items)
        """
        pattern, place = self._pairs
        summed = np.bincount(place, weights=values, minlength=len(pattern.data)).astype(np.float32)
        return self._with(summed)

    def _with(self, data: object) -> Any:
        """The pattern of pairs with other values; the pattern is shared, and nobody writes into it."""
        from scipy import sparse

        pattern = self._pairs[0]
        return sparse.csr_array((data, pattern.indices, pattern.indptr), shape=pattern.shape)

    @cached_property
    def _kept(self) -> dict[str, Any]:
        return {}

    def keep(self, name: str, make: Callable[[], Any]) -> Any:
        """Make something of the history once; who reads it does not write into it.

        Parameters
        ----------
        name : str
        make : callable
        """
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    @cached_property
    def presence(self) -> Any:
        """One for every item that a user had to do with."""
        return self._pairs[0]

    @cached_property
    def counts(self) -> Any:
        """How many visits of a user held an item."""
        return self.matrix_of(np.ones(len(self.users)))

    @cached_property
    def ratings(self) -> Any:
        """Mean rating, or quantity, of an item by a user."""
        if self.weights is None:
            return self.presence
        total = self.matrix_of(self.weights)
        return self._with(total.data / self.counts.data)

    def decay(self, half_life: float) -> Any:
        """Visits that held an item, each counting half as much every half-life.

        Parameters
        ----------
        half_life : float
            In the unit of the ages; infinite for plain counts.
        """
        if self.ages is None or np.isinf(half_life):
            return self.counts
        ages = self.ages
        return self.keep(f"decay {half_life}", lambda: self.matrix_of(0.5 ** (ages / half_life)))

    def first_ages(self) -> Any:
        """How long ago each user first had to do with each item; a matrix of the pairs."""
        return self.keep("first ages", self._first_ages)

    def _first_ages(self) -> Any:
        pattern, place = self._pairs
        oldest = np.zeros(len(pattern.data))
        if self.ages is not None:
            np.maximum.at(oldest, place, self.ages)
        return self._with(oldest)

    def last_ages(self) -> Any:
        """How long ago each user last had to do with each item; a matrix of the pairs."""
        return self.keep("last ages", self._last_ages)

    def _last_ages(self) -> Any:
        pattern, place = self._pairs
        newest = np.full(len(pattern.data), np.inf)
        if self.ages is None:
            newest[:] = 0.0
        else:
            np.minimum.at(newest, place, self.ages)
        return self._with(newest)

    @cached_property
    def popularity(self) -> Reals:
        """Number of users who had to do with each item."""
        return np.bincount(self.presence.indices, minlength=self.n_items).astype(float)

    @cached_property
    def activity(self) -> Ints:
        """Number of different items of each user."""
        sizes: Ints = np.diff(self.presence.indptr).astype(np.int64)
        return sizes

    @property
    def places(self) -> Ints:
        """Place of every event's pair of user and item in `presence`."""
        places: Ints = np.asarray(self._pairs[1])
        return places

    def had(self, users: Ints) -> Any:
        """Whether each item was had by some users.

        Parameters
        ----------
        users : array of int

        Returns
        -------
        numpy.ndarray of bool, shape (n_users, n_items)
        """
        return self.presence[users].toarray() > 0

    def take(self, events: Any) -> History:
        """Some events; ages count from the last that is left.

        Parameters
        ----------
        events : array of bool or of int
        """
        ages = None if self.ages is None else self.ages[events]
        if ages is not None and len(ages):
            ages = ages - ages.min()
        weights = None if self.weights is None else self.weights[events]
        return History(self.users[events], self.items[events], ages, weights, self.n_users, self.n_items)


def _ages(times: pd.Index[Any]) -> Reals:
    """Ages of visits, in days where times are dates."""
    if isinstance(times, pd.DatetimeIndex):
        stamps = times.to_numpy()
        found: Reals = (stamps.max() - stamps) / np.timedelta64(1, "s") / 86_400.0
        return found
    numbers = times.to_numpy(dtype=float)
    return np.asarray(numbers.max() - numbers, dtype=float)


def read_period(
    period: float | str | None, history: History, dated: bool, *, name: str = "period", least: float = 2.0
) -> float | None:
    """Length of a period in the unit of the ages; None without times.

    Parameters
    ----------
    period : float or str, optional
        A number, or for dates as in "28D"; 28 days, and at most a sixth of what the times span, where left out.
    history : History
    dated : bool
        Whether times are dates.
    name : str
        Of the setting, for errors.
    least : float
        How many of it the times have to span.

    Raises
    ------
    SettingsError
        It is no length, there are no times that differ, or they span less than `least` of it.

    >>> ages = np.array([0.0, 100.0])
    >>> history = History(np.zeros(2, np.int32), np.zeros(2, np.int32), ages, None, 1, 1)
    >>> read_period("2D", history, True), round(read_period(None, history, True), 1)
    (2.0, 16.7)
    """
    if period is None and (history.ages is None or history.span == 0):
        return None
    if history.ages is None:
        raise SettingsError(f"{name}={period!r} needs interactions with times; name their column")
    if history.span == 0:
        raise SettingsError(f"{name}={period!r} needs times that differ, and all interactions have the same")
    if period is None:
        usual = USUAL_PERIOD if dated else np.inf
        return float(min(usual, history.span * SHARE_OF_SPAN))
    if is_time(period):
        length = parse_duration(period, name)
        if not dated or not (length.ns or length.months):
            raise SettingsError(f"{name}={period!r} fits no times that are {'dates' if dated else 'numbers'}")
        found = length.ns / DAY + length.months * DAYS_OF_A_MONTH
    else:
        found = float(period) if is_number(period) else 0.0
    if not 0 < found < np.inf:
        raise SettingsError(f"{name}={period!r} is no length above 0")
    if history.span < least * found:
        raise SettingsError(
            f"{name}={period!r}: the interactions span only {history.span:g}{' days' if dated else ''}; give at most"
            f" {history.span / least:g}"
        )
    return found
