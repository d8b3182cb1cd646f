"""Why an item is recommended, in words: the part that weighs most, and what in the user's past brought it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from domains.recommendation.behaviour.blend import Blend
from domains.recommendation.behaviour.history import History
from domains.recommendation.behaviour.parts import FactorPart, LinearPart, NeighbourPart, signal_of
from shared.errors import quote
from shared.text import count_of
from shared.typing import Ints, Reals

__all__ = ["Reasons"]

NAMED = 2


class Reasons:
    """Finds reasons for the items of one list after another.

    Parameters
    ----------
    history : History
    blend : Blend
    items : numpy.ndarray
        Names.
    period : float, optional
        In the unit of the ages.
    unit : str
        Of the ages, in words: "day", or nothing.

    >>> Reasons.__name__
    'Reasons'
    """

    def __init__(self, history: History, blend: Blend, items: Any, period: float | None, unit: str) -> None:
        self.history = history
        self.blend = blend
        self.items = items
        self.period = period
        self.unit = unit
        self.counts = history.counts
        self.last = history.last_ages() if history.ages is not None else None
        self.n_users = int((history.activity > 0).sum())
        self.usual = float(history.popularity.mean()) if history.n_items else 0.0
        self.late: Ints | None = None
        self.common: dict[tuple[int, int], int] = {}

    def tell(self, user: int, item: int, adds: dict[str, float]) -> str:
        """Say why a known item stands in a list.

        Parameters
        ----------
        user, item : int
        adds : dict of str to float
            What each group of parts adds.
        """
        group = max(adds, key=lambda name: adds[name]) if adds else "trend"
        if group == "habit" and (told := self._habit(user, item)):
            return told
        if group in {"habit", "similar"} and (told := self._similar(user, item)):
            return told
        return self.trend(item)

    def trend(self, item: int) -> str:
        """Say how many users have an item; of one that is less popular than most are on average, how many of late.

        Parameters
        ----------
        item : int
        """
        have = int(self.history.popularity[item])
        if self.last is None or self.period is None or have >= self.usual:
            return f"popular: {have:,} of {self.n_users:,} users had it"
        late = int(self._count_late()[item])
        if late == 0:
            return f"{have:,} of {self.n_users:,} users had it"
        number = f"{self.period:.3g}"
        length = f"{number} {self.unit}s" if self.unit and number != "1" else self.unit or "period"
        return f"had of late: {late:,} of its {count_of(have, 'user')} had it in the last {length}"

    def _count_late(self) -> Ints:
        """Users of each item who had it within the last period."""
        if self.late is None:
            last: Any = self.last
            self.late = np.bincount(last.indices[last.data < self.period], minlength=len(self.items)).astype(np.int64)
        return self.late

    def like(self, user: int, item: int, neighbours: Ints, near: Reals, tell: Callable[[int], str]) -> str:
        """Say which known items one is like that nobody had when the model learnt.

        Parameters
        ----------
        user, item : int
        neighbours : array of int
            The nearest first.
        near : array of float
        tell : callable
            What it has in common with another item, in words; see `ItemSpace.tell`.
        """
        own = set(self._own(user).tolist())
        held = [int(one) for one, close in zip(neighbours, near, strict=True) if one in own and close > 0][:NAMED]
        named = held or [int(one) for one in neighbours[:1]]
        common = f" ({told})" if named and (told := tell(named[0])) else ""
        like = "like" if self.history.popularity[item] else "new, and like"
        return f"{like} {quote(self.items[named])}{', which they had' if held else ''}{common}"

    def _own(self, user: int) -> Ints:
        presence = self.history.presence
        found: Ints = presence.indices[presence.indptr[user] : presence.indptr[user + 1]]
        return found

    def _habit(self, user: int, item: int) -> str:
        own = self._own(user)
        place = int(np.searchsorted(own, item))
        if place >= len(own) or own[place] != item:
            return ""
        at = int(self.counts.indptr[user]) + place
        count = int(self.counts.data[at])
        told = f"had it {({1: 'once', 2: 'twice'}).get(count, f'{count:,} times')}"
        if self.last is None or not self.unit:
            return told
        ago = round(float(self.last.data[at]))
        return f"{told}, last {count_of(ago, self.unit)} ago" if ago else f"{told}, last on the last day"

    def _similar(self, user: int, item: int) -> str:
        own = self._own(user)
        own = own[own != item]
        if len(own) == 0:
            return ""
        adds = np.zeros(len(own))
        for part, weight, scale in zip(self.blend.parts, self.blend.weights, self.blend.scales, strict=True):
            if weight:
                adds += weight / scale * _brings(part, self.history, user, own, item)
        order = [int(place) for place in np.argsort(-adds, kind="stable")[:NAMED] if adds[place] > 0]
        if not order:
            return ""
        first = int(own[order[0]])
        both = self._both(first, item)
        named = quote(self.items[own[order]])
        return (
            f"goes with {named}, which they had: {both:,} of the {int(self.history.popularity[first]):,} users of"
            f" {quote(self.items[[first]])} had it"
        )

    def _both(self, first: int, second: int) -> int:
        """Users who had both; of many lists the same pairs come again and again, and each is counted once."""
        pair = first, second
        if pair not in self.common:
            columns = self.history.keep("by item", self.history.presence.tocsc)
            one = columns.indices[columns.indptr[first] : columns.indptr[first + 1]]
            two = columns.indices[columns.indptr[second] : columns.indptr[second + 1]]
            self.common[pair] = len(np.intersect1d(one, two, assume_unique=True))
        return self.common[pair]


def _brings(part: Any, history: History, user: int, own: Ints, item: int) -> Reals:
    """What each of a user's items adds to another by a part that compares items."""
    if isinstance(part, LinearPart):
        signal = signal_of(history, part.apply_to, part.period)
        begin, stop = signal.indptr[user], signal.indptr[user + 1]
        given = signal.data[begin:stop][np.isin(signal.indices[begin:stop], own)]
        return np.asarray(part.weights[own, item] * given * part.gain(history, user, item), dtype=float)
    if isinstance(part, FactorPart):
        near = part.vectors[own] @ part.vectors[item]
        return np.asarray(near * part.scale[item] / part.scale[own], dtype=float)
    if isinstance(part, NeighbourPart):
        begin, stop = part.indptr[item], part.indptr[item + 1]
        place = np.searchsorted(part.indices[begin:stop], own)
        place = np.minimum(place, max(stop - begin - 1, 0))
        if stop == begin:
            return np.zeros(len(own))
        hit = part.indices[begin:stop][place] == own
        return np.where(hit, part.weights[begin:stop][place], 0.0).astype(float)
    return np.zeros(len(own))
