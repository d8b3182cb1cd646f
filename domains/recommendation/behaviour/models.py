"""Models of one part: what popularity, one's own past, neighbours, factors and linear models recommend alone."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from domains.recommendation.behaviour.blend import learn_parts, top_items
from domains.recommendation.behaviour.history import History, as_interactions, read_period
from domains.recommendation.behaviour.parts import FactorPart, HabitPart, LinearPart, NeighbourPart, Part, TrendPart
from domains.recommendation.lists.result import Recommendations
from domains.recommendation.task import RankingTask
from shared.checks import is_number, is_whole
from shared.data import Incidence
from shared.data.durations import WrittenDurations
from shared.data.names import plain_names
from shared.errors import HexadError, SettingsError, quote
from shared.runtime.array_of import ArrayOf
from shared.text import count_of
from shared.typing import Ints, Reals

__all__ = [
    "BehaviourModel",
    "EaseRecommender",
    "FactorRecommender",
    "HistoryRecommender",
    "NeighbourRecommender",
    "PopularityRecommender",
    "as_keys",
]

BLOCK = 512
QUESTIONS = ("new", "next")
# Columns of lists beside those of users and items.
TAKEN = frozenset({"rank", "score", "path", "because", "query"})


def as_keys(users: object) -> list[Any]:
    """Keys of users or items as a list; one alone may be given as it is.

    Parameters
    ----------
    users : sequence, or one key

    Raises
    ------
    HexadError
        Some are missing, or are lists.

    >>> as_keys("ann"), as_keys([1, 2])
    (['ann'], [1, 2])
    """
    given = [users] if isinstance(users, str) or not hasattr(users, "__iter__") else list(users)
    if wrong := [one for one in given if isinstance(one, list | tuple | set | dict | np.ndarray)]:
        raise HexadError(f"what is asked for are lists, not single keys: {quote(wrong)}")
    if gone := int(pd.isna(pd.Series(given, dtype=object)).sum()):
        raise HexadError(
            f"{gone:,} of the {count_of(len(given), 'key')} asked for {'is' if gone == 1 else 'are'} missing"
        )
    return given


class BehaviourModel(WrittenDurations, BaseEstimator):  # type: ignore[misc]
    """Base of what learns from interactions: users, items and history, and lists of the best.

    >>> issubclass(EaseRecommender, BehaviourModel)
    True
    """

    question: str

    def fit(self, interactions: Any, items: Any = None) -> BehaviourModel:
        """Learn from who did what.

        Parameters
        ----------
        interactions : Incidence, or frame with the columns user, item, and rating and timestamp where there are any
        items : ignored
            What is known of items; `Recommender` uses it.

        Raises
        ------
        DataError, SettingsError
        """
        self._learn_history(as_interactions(interactions), ())
        self.part_ = learn_parts([self._part()], self.history_, self._length())[0]
        return self

    @abstractmethod
    def _part(self) -> Part:
        """The part that scores."""

    def default_task(self) -> RankingTask:
        """How it is evaluated where nothing else is said: by ranking what users come to later."""
        return RankingTask(question=self.question)

    def _learn_history(self, interactions: Incidence, more_items: Sequence[Any]) -> None:
        """Users, items and history; items that nobody has yet stand behind the others."""
        self._check_question()
        keys = interactions.keys if interactions.customer_keys is None else interactions.customer_keys
        self.users_ = plain_names(pd.Index(keys), "interactions")
        vocabulary = interactions.items
        if len(more_items):
            vocabulary = vocabulary.append(pd.Index(list(more_items)))
        self.items_ = plain_names(pd.Index(vocabulary), "interactions")
        columns = interactions.columns
        self.names_ = [columns.customer or "user", columns.item]
        if taken := [name for name in self.names_ if name in TAKEN or str(name).startswith("from_")]:
            raise SettingsError(
                f"lists have columns of the name{'s' if len(taken) > 1 else ''} {quote(taken)} themselves; give yours"
                f" another: table.rename(columns={{{taken[0]!r}: {taken[0] + '_'!r}}})"
            )
        found = History.of(interactions)
        # One user more, who has nothing: whoever is not known is scored as this one.
        self.history_ = History(
            found.users, found.items, found.ages, found.weights, len(self.users_) + 1, len(self.items_)
        )
        times = interactions.times
        self.dated_ = times is not None and isinstance(times, pd.DatetimeIndex)
        self.last_ = 0.0 if times is None else _as_number(times.max())
        self.notes_ = list(interactions.notes)

    def _length(self) -> float | None:
        """Length of a period in the unit of the ages."""
        return read_period(getattr(self, "period", None), self.history_, self.dated_)

    def _check_question(self) -> None:
        if self.question not in QUESTIONS:
            raise SettingsError(f"question={self.question!r} is neither 'new' nor 'next'")

    def scores(self, users: Any) -> Reals:
        """Score of every item for some users, what they had included; the higher, the better.

        Parameters
        ----------
        users : sequence, or one key
            Unknown ones are scored as those who have nothing yet.

        Returns
        -------
        numpy.ndarray of float32, shape (n_users, n_items)
        """
        check_is_fitted(self)
        codes = self.user_codes(users)
        blocks = [self._score(codes[begin : begin + BLOCK]) for begin in range(0, len(codes), BLOCK)]
        return np.concatenate(blocks) if blocks else np.zeros((0, len(self.items_)), dtype=np.float32)

    def _score(self, codes: Ints) -> Reals:
        """By the part; what is popular for those who have nothing; what nobody has comes last."""
        found = np.array(self.part_.score(self.history_, codes), dtype=np.float32)
        if not isinstance(self.part_, TrendPart):  # that scores all alike, strangers too
            found[self.history_.activity[codes] == 0] = np.log(self.history_.popularity + 0.5)
        unseen = self.history_.popularity == 0
        if unseen.any():
            found[:, unseen] = found[:, ~unseen].min(axis=1, keepdims=True) - 1
        return found

    def user_codes(self, users: Any) -> Ints:
        """Numbers of users; that of the one who has nothing for those who are not known.

        Parameters
        ----------
        users : sequence, or one key
        """
        given = as_keys(users)
        known = pd.Index(self.users_)
        if len(given) == 0:
            return np.zeros(0, dtype=np.int64)
        numeric = known.dtype.kind in "iufb"
        if wrong := [one for one in given if isinstance(one, Number) != numeric] if len(known) else []:
            raise HexadError(
                f"users are given as {type(wrong[0]).__name__}, as in {quote(wrong[:1])}, and were learnt as"
                f" {type(known[0]).__name__}, as in {quote(known[:1])}"
            )
        place = known.get_indexer(pd.Index(given))
        return np.where(place < 0, len(known), place).astype(np.int64)

    def recommend(self, users: Any, n: int = 10) -> Recommendations:
        """The best items for each user; of the question "new" only what the user never had.

        Parameters
        ----------
        users : sequence, or one key
        n : int
            Items a user; fewer where no more are left.

        Raises
        ------
        SettingsError

        >>> table = pd.DataFrame({"user": ["a", "a", "b", "b", "c"], "item": ["x", "y", "x", "y", "x"]})
        >>> NeighbourRecommender().fit(table).recommend("c").to_frame()[["user", "item", "rank"]].to_dict("list")
        {'user': ['c'], 'item': ['y'], 'rank': [1]}
        """
        check_is_fitted(self)
        if not is_whole(n):
            raise SettingsError(f"n={n!r} is no whole number from 1 on")
        given = list(dict.fromkeys(as_keys(users)))
        codes = self.user_codes(given)
        rows, items, scores, ranks = [], [], [], []
        for begin in range(0, len(codes), BLOCK):
            part = codes[begin : begin + BLOCK]
            block = self._score(part)
            if self.question == "new":
                block[self.history_.had(part)] = -np.inf
            best = top_items(block, int(n))
            value = np.take_along_axis(block, best, axis=1)
            left = np.isfinite(value)
            rows.append(begin + np.nonzero(left)[0])
            items.append(best[left])
            scores.append(value[left])
            ranks.append(np.nonzero(left)[1] + 1)
        row = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
        table = pd.DataFrame(
            {
                self.names_[0]: pd.Index(given)[row],
                self.names_[1]: pd.Index(self.items_)[np.concatenate(items) if items else row],
                "rank": np.concatenate(ranks) if ranks else row,
                "score": np.concatenate(scores).astype(float) if scores else row.astype(float),
            }
        )
        told = self._tell_strangers(given, codes) + self._tell_short(table, given, int(n))
        return Recommendations(table, int(n), tuple(told))

    def _tell_strangers(self, given: list[Any], codes: Ints) -> list[str]:
        unknown = [name for name, code in zip(given, codes, strict=True) if self.history_.activity[code] == 0]
        if not unknown:
            return []
        verb = "is not known and gets" if len(unknown) == 1 else "are not known and get"
        return [f"{count_of(len(unknown), 'user')} {verb} what is popular: {quote(unknown[:3])}"]

    def _tell_short(self, table: pd.DataFrame, given: list[Any], n: int) -> list[str]:
        full = int((table.groupby(self.names_[0], sort=False).size() >= n).sum()) if len(table) else 0
        short = len(given) - full
        return [f"{count_of(short, 'list')} of fewer than {n} items: no more may be shown"] if short else []

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of its arrays; checked when a model is loaded."""
        return {
            "users_": ArrayOf("a", (self.history_.n_users - 1,), unique=True),
            "items_": ArrayOf("a", (self.history_.n_items,), unique=True),
            "history_": History,
            "part_": Part,
        }


def _as_number(stamp: Any) -> float:
    return float(stamp.value) if isinstance(stamp, pd.Timestamp) else float(stamp)


class PopularityRecommender(BehaviourModel):
    """What most users have, or had of late.

    Parameters
    ----------
    half_life : float or str, optional
        Visits count half as much every half-life: in the unit of the times, or as in "28D"; no fading where left out.
    question : {"new", "next"}

    >>> table = pd.DataFrame({"user": [1, 2, 2], "item": ["tea", "tea", "milk"]})
    >>> PopularityRecommender().fit(table).recommend(3, n=1).lists()
    {3: ['tea']}
    """

    def __init__(self, half_life: float | str | None = None, *, question: str = "new") -> None:
        self.half_life = half_life
        self.question = question

    def _part(self) -> Part:
        if self.half_life is None:
            return TrendPart("popularity")
        length = read_period(self.half_life, self.history_, self.dated_, name="half_life", least=0.0)
        part = TrendPart("fading", 1.0)
        self.length_ = length
        return part

    def _length(self) -> float | None:
        return getattr(self, "length_", None)


class HistoryRecommender(BehaviourModel):
    """What the user had most often, and of late; popularity behind it.

    Parameters
    ----------
    half_life : float or str, optional
        In the unit of the times, or as in "56D"; no fading where left out.
    question : {"new", "next"}

    >>> table = pd.DataFrame({"user": [1, 1, 1], "item": ["tea", "milk", "tea"], "timestamp": [1, 2, 3]})
    >>> HistoryRecommender().fit(table).recommend(1, n=1).lists()
    {1: ['tea']}
    """

    def __init__(self, half_life: float | str | None = None, *, question: str = "next") -> None:
        self.half_life = half_life
        self.question = question

    def _part(self) -> Part:
        if self.half_life is None:
            return HabitPart()
        length = read_period(self.half_life, self.history_, self.dated_, name="half_life", least=0.0)
        self.length_ = length
        return HabitPart(1.0)

    def _length(self) -> float | None:
        return getattr(self, "length_", None)

    def _score(self, codes: Ints) -> Reals:
        popular = self.history_.popularity
        share = (1e-3 * popular / max(popular.max(initial=0.0), 1.0)).astype(np.float32)
        return np.asarray(super()._score(codes) + share, dtype=np.float32)


class NeighbourRecommender(BehaviourModel):
    """What users had who had the same: item neighbours by shrunk cosine.

    Parameters
    ----------
    shrinkage : float
        Users added to each item's number.
    n_neighbours : int
        Neighbours kept for every item.
    question : {"new", "next"}

    >>> table = pd.DataFrame({"user": [1, 1, 2, 2, 3], "item": ["tea", "milk", "tea", "milk", "tea"]})
    >>> NeighbourRecommender().fit(table).recommend(3).lists()
    {3: ['milk']}
    """

    def __init__(self, shrinkage: float = 20.0, *, n_neighbours: int = 100, question: str = "new") -> None:
        self.shrinkage = shrinkage
        self.n_neighbours = n_neighbours
        self.question = question

    def _part(self) -> Part:
        if not is_whole(self.n_neighbours):
            raise SettingsError(f"n_neighbours={self.n_neighbours!r} is no whole number from 1 on")
        if not is_number(self.shrinkage, 0):
            raise SettingsError(f"shrinkage={self.shrinkage!r} is no number from 0 on")
        return NeighbourPart(self.shrinkage, self.n_neighbours)


class EaseRecommender(BehaviourModel):
    """A linear model of all items on all items (EASE), see `LinearPart`.

    Parameters
    ----------
    penalty : float
        Times the mean number of users of an item.
    signal : {"presence", "log", "rating", "scaled"}
        What of a user's past counts.
    question : {"new", "next"}

    >>> table = pd.DataFrame({"user": [1, 1, 2, 2, 3], "item": ["tea", "milk", "tea", "milk", "tea"]})
    >>> EaseRecommender().fit(table).recommend(3).lists()
    {3: ['milk']}
    """

    def __init__(self, penalty: float = 8.0, *, signal: str = "presence", question: str = "new") -> None:
        self.penalty = penalty
        self.signal = signal
        self.question = question

    def _part(self) -> Part:
        if self.signal not in {"presence", "log", "rating", "scaled"}:
            raise SettingsError(f"signal={self.signal!r} is none of 'presence', 'log', 'rating', 'scaled'")
        if not is_number(self.penalty) or self.penalty <= 0:
            raise SettingsError(f"penalty={self.penalty!r} is no number above 0")
        if self.signal == "rating" and self.history_.weights is None:
            raise SettingsError("signal='rating' needs interactions with ratings; name their column")
        return LinearPart(float(self.penalty), self.signal)


class FactorRecommender(BehaviourModel):
    """Factors of who had what: a truncated singular value decomposition, see `FactorPart`.

    Parameters
    ----------
    n_factors : int
        At most half as many as there are users or items, whichever are fewer.
    question : {"new", "next"}

    >>> table = pd.DataFrame({"user": [1, 1, 2, 2, 3], "item": ["tea", "milk", "tea", "milk", "tea"]})
    >>> FactorRecommender(1).fit(table).recommend(3).lists()
    {3: ['milk']}
    """

    def __init__(self, n_factors: int = 32, *, question: str = "new") -> None:
        self.n_factors = n_factors
        self.question = question

    def _part(self) -> Part:
        if not is_whole(self.n_factors):
            raise SettingsError(f"n_factors={self.n_factors!r} is no whole number from 1 on")
        # As many factors as users or items give back what went in, and rank nothing else.
        most = max(min(len(self.users_), len(self.items_)) // 2, 1)
        if self.n_factors > most:
            self.notes_.append(
                f"n_factors={self.n_factors} are too many for {count_of(len(self.users_), 'user')} and"
                f" {count_of(len(self.items_), 'item')}: {most} are taken"
            )
        return FactorPart(min(self.n_factors, most))
