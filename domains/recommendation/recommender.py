"""One model of behaviour, text and attributes: what to show whom, filtered, diverse, and with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from domains.recommendation.base import RecommenderBase
from domains.recommendation.behaviour.history import History, as_interactions
from domains.recommendation.behaviour.models import BLOCK, as_keys
from domains.recommendation.content.alike import Likeness
from domains.recommendation.lists.conditions import check_asked, find_allowed, read_boosts, read_caps
from domains.recommendation.lists.rerank import cap_lists, diversify, keep_best
from domains.recommendation.lists.result import Recommendations
from domains.recommendation.reasons import Reasons
from domains.recommendation.search.index import SemanticIndex
from domains.recommendation.text.lsa import check_texts
from shared.checks import is_whole
from shared.data import Incidence, InteractionColumns
from shared.data.incidence import encode_items
from shared.data.io.frames import as_pandas
from shared.data.names import plain_names
from shared.errors import Argument, DataError, Fix, HexadError, Problem, SettingsError, quote
from shared.text import count_of
from shared.typing import Ints, Reals

__all__ = ["Recommender"]

GROUPS = ("habit", "similar", "trend")


class Recommender(RecommenderBase):
    """Rank items for users by what they and others did, and by what is known of the items.

    Several parts score every item: linear models of what goes together, factors, neighbours, the user's own past with
    several half-lives, and what everybody comes to of late. Their weights, none below zero, are learnt on the last
    period of what is learnt from (without times: on a fifth that is hidden at random), and the parts that weigh most
    are the reasons. Items that nobody has yet are scored by the items most like them, where a table of items is given;
    users of whom nothing is known get what is popular.

    Parameters
    ----------
    question : {"new", "next"}
        "new" recommends what the user never had; "next" what the user will take next, had before or not.
    text : str or sequence of str
        Columns of free text in the table of items.
    attributes : sequence of str, optional
        Columns of kinds and numbers in it by which items are compared; all others where left out.
    period : float or str, optional
        What "next" means, as in "28D" (or in the unit of numeric times): the length on which weights are learnt; 28
        days, and at most a sixth of what the times span, where left out.
    separator : str, optional
        What stands between several kinds in a cell of the items' table, as in ", ".
    encoder : TextEncoder, optional
        How texts are read.
    dense_items : int
        Above so many items linear models and factors, which need a square of them, give way to neighbours.
    random_state : int

    Attributes
    ----------
    weights_ : dict of str to float
        Weight of each part.
    items_, users_ : numpy.ndarray
    notes_ : list of str
        What was found and done.

    >>> table = pd.DataFrame({"user": list("aabbcc"), "item": ["tea", "milk", "tea", "milk", "tea", "nuts"]})
    >>> Recommender().fit(table).recommend("c", n=1).to_frame()[["user", "item", "path"]].to_dict("list")
    {'user': ['c'], 'item': ['milk'], 'path': ['behaviour']}
    """

    def recommend(
        self,
        users: Any,
        n: int = 10,
        *,
        where: Mapping[str, Any] | None = None,
        exclude: Sequence[Any] = (),
        max_per: Mapping[str, int] | None = None,
        max_new: int | None = None,
        boost: Mapping[Any, float] | None = None,
        diversity: float = 0.0,
        reasons: bool = True,
    ) -> Recommendations:
        """The best items for each user, with reasons.

        Parameters
        ----------
        users : sequence, or one key
            Those not known get what is popular, and are told.
        n : int
            Items a user; fewer, and told, where no more may be shown.
        where : mapping of str to object, optional
            Conditions on columns of the items' table: a value, a list of values, or a range ``(least, most)``.
        exclude : sequence
            Items not to be shown, such as those out of stock.
        max_per : mapping of str to int, optional
            By column, how many items of one value a list may hold.
        max_new : int, optional
            How many items that nobody has yet a list may hold, the best of them; any number where left out. No past can
            show whether such items are right.
        boost : mapping of item to float, optional
            Added to the score (log-odds) of an item; below zero to hold it back.
        diversity : float
            From 0 (the best) to 1 (the most different), by maximal marginal relevance.
        reasons : bool
            Whether each item says why it is there; without, it is quicker.

        Raises
        ------
        HexadError, SettingsError

        >>> table = pd.DataFrame({"user": list("aabbc"), "item": ["tea", "milk", "tea", "milk", "tea"]})
        >>> Recommender().fit(table).recommend("c", n=1).to_frame()["because"].tolist()
        ['popular: 2 of 3 users had it']
        """
        check_is_fitted(self, "items_")
        self._need_behaviour()
        check_asked(n, diversity)
        if max_new is not None and not (is_whole(max_new) or (max_new == 0 and not isinstance(max_new, bool))):
            raise SettingsError(f"max_new={max_new!r} is no whole number from 0 on")
        given = list(dict.fromkeys(as_keys(users)))
        codes = self.user_codes(given)
        items = pd.Index(self.items_)
        allowed, added = find_allowed(self.columns_, items, where, exclude), read_boosts(items, boost)
        caps = read_caps(self.columns_, max_per)
        frames, told = [], self._tell_strangers(given, codes)
        why = self._reasons() if reasons else None
        unknown = self.history_.popularity == 0  # nobody has them, and they are like nothing: their score says nothing
        if self.new_ is not None:
            unknown[self.new_.items] = False
        for begin in range(0, len(codes), BLOCK):
            part = codes[begin : begin + BLOCK]
            scores, groups = self._split(part)
            scores += added
            scores[:, ~allowed | unknown] = -np.inf
            if self.question == "new":
                scores[self.history_.had(part)] = -np.inf
            if max_new is not None and self.new_ is not None:
                scores[:, self.new_.items] = keep_best(scores[:, self.new_.items], int(max_new))
            if diversity:
                lists = diversify(scores, int(n), diversity, self._likeness().among, caps)
            else:
                lists = cap_lists(scores, int(n), caps)
            frames.append(self._tabulate(given[begin : begin + BLOCK], part, lists, scores, groups, why))
        table = pd.concat(frames, ignore_index=True) if frames else self._tabulate([], codes, [], None, {}, None)
        told += self._tell_short(table, given, int(n))
        return Recommendations(table, int(n), tuple(told))

    def similar(
        self, items: Any, n: int = 10, *, where: Mapping[str, Any] | None = None, by: str = "both"
    ) -> Recommendations:
        """Items like others: by what is known of them, by who had both, or by the mean of the two.

        Parameters
        ----------
        items : sequence, or one key
        n : int
        where : mapping, optional
            See `recommend`.
        by : {"both", "content", "behaviour"}

        Raises
        ------
        HexadError
            An item is not known, or there is nothing to compare by.

        >>> films = pd.DataFrame({"item": ["a", "b", "c"], "genre": ["war", "war", "love"]})
        >>> Recommender().fit(items=films).similar("a", n=1).to_frame()["item"].tolist()
        ['b']
        """
        check_is_fitted(self, "items_")
        check_asked(n, 0.0)
        if by not in {"both", "content", "behaviour"}:
            raise SettingsError(f"by={by!r} is none of 'both', 'content', 'behaviour'")
        given = list(dict.fromkeys(as_keys(items)))
        codes = encode_items(pd.Index(self.items_), given)
        allowed = find_allowed(self.columns_, pd.Index(self.items_), where, ())
        key = f"like {self.names_[1]}"
        rows, likeness = [], self._likeness()
        for name, code in zip(given, codes, strict=True):
            near, paths = likeness.to_all(int(code), by)
            near[~allowed] = -np.inf
            near[code] = -np.inf
            near[near <= 0] = -np.inf
            for rank, item in enumerate(cap_lists(near[None, :], int(n), {})[0], start=1):
                because = likeness.say_why(int(code), int(item))
                rows.append((name, self.items_[item], rank, float(near[item]), paths, because))
        table = pd.DataFrame(rows, columns=[key, self.names_[1], "rank", "score", "path", "because"])
        short = len(given) - int((table.groupby(key).size() >= n).sum()) if len(table) else len(given)
        told = (f"{count_of(short, 'list')} of fewer than {n} items: no more are alike",) if short else ()
        return Recommendations(table, int(n), told)

    def search(
        self, query: str | Sequence[str], n: int = 10, *, user: Any = None, where: Mapping[str, Any] | None = None
    ) -> Recommendations:
        """Items whose texts fit a query, by meaning and by words; with a user, those that also suit the user.

        Parameters
        ----------
        query : str or sequence of str
        n : int
        user : key, optional
        where : mapping, optional
            See `recommend`.

        Raises
        ------
        HexadError
            Items have no texts.

        >>> wines = pd.DataFrame({"item": ["a", "b"], "note": ["dry and red with cherry", "sweet and white"]})
        >>> from domains.recommendation import TextEncoder
        >>> encoder = TextEncoder("words", n_factors=2)
        >>> Recommender(text="note", encoder=encoder).fit(items=wines).search("cherry").to_frame()["item"].tolist()
        ['a']
        """
        check_is_fitted(self, "items_")
        check_asked(n, 0.0)
        index = self._need_index()
        queries = [query] if isinstance(query, str) else check_texts(query, "queries")
        if not queries:
            raise HexadError("there is no query; give a text, or a list of texts")
        allowed = find_allowed(self.columns_, pd.Index(self.items_), where, ())[self._indexed()]
        if not allowed.any():
            raise HexadError("no item may be found: where= lets nothing through")
        pool = int(n) if user is None else max(10 * int(n), 200)
        rows, scores = index.rank(queries, pool, mode="both", allowed=allowed)
        items = self._indexed()[rows]
        if user is not None:
            scores = self._suit(items, scores, user)
        found = []
        for text, row, score in zip(queries, items, scores, strict=True):
            order = np.argsort(-score, kind="stable")[: int(n)]
            order = order[np.isfinite(score[order])]
            for rank, place in enumerate(order, start=1):
                found.append((text, self.items_[row[place]], rank, float(score[place]), "text"))
        table = pd.DataFrame(found, columns=["query", self.names_[1], "rank", "score", "path"])
        stranger = user is not None and self.history_.activity[self.user_codes([user])[0]] == 0
        told = (f"nothing is known of user {quote([user])}: beside the query counts what is popular",)
        return Recommendations(table, int(n), told if stranger else ())

    def update(self, rows: Any) -> Recommender:
        """Add interactions without learning anew: users' pasts grow, what goes together stays as it was learnt.

        Parameters
        ----------
        rows : Incidence or frame
            As for `fit`; new users may stand in it. Items that were not there in fitting are left out, and told.

        Raises
        ------
        DataError, HexadError
        """
        check_is_fitted(self, "items_")
        self._need_behaviour()
        found = self._as_learnt(rows)
        known = found.reindex_items(pd.Index(self.items_))
        self.notes_ = [*known.notes]
        more = History.of(known)
        keys = pd.Index(known.keys if known.customer_keys is None else known.customer_keys)
        users = pd.Index(self.users_)
        self.user_codes(list(keys))  # refuses keys of another type
        fresh = keys.difference(users, sort=False)
        users = users.append(fresh)
        codes = users.get_indexer(keys)
        if (self.history_.ages is None) != (more.ages is None):
            raise HexadError(
                "the interactions that were learnt from have times and the new ones have none, or the reverse"
            )
        shift = 0.0
        if known.times is not None:
            if isinstance(known.times, pd.DatetimeIndex) != self.dated_:
                kinds = ("numbers", "dates") if self.dated_ else ("dates", "numbers")
                raise HexadError(f"the new times are {kinds[0]}, and {kinds[1]} were learnt from")
            last = _number(known.times.max())
            shift = (last - self.last_) / (86_400e9 if self.dated_ else 1.0)
            self.last_ = max(last, self.last_)
        self.users_ = plain_names(users, "interactions")
        self.history_ = self.history_.extend(more, codes, shift, len(self.users_) + 1)
        if len(fresh):
            self.notes_.append(f"{count_of(len(fresh), 'new user')}")
        return self

    # Help

    def _as_learnt(self, rows: ArrayLike) -> Incidence:
        """New interactions, read with the column names that were learnt."""
        if isinstance(rows, Incidence):
            return as_interactions(rows)
        table = as_pandas(rows, "interactions", copy=False)
        if self.names_[0] in table.columns and self.names_[1] in table.columns:
            rating, stamp = (name if name in table.columns else None for name in self.more_names_)
            named = InteractionColumns(self.names_[0], self.names_[1], rating, stamp)
            return Incidence.from_interactions(table, named)
        return as_interactions(table)

    def _reasons(self) -> Reasons:
        return Reasons(self.history_, self._need_behaviour(), self.items_, self.length_, "day" if self.dated_ else "")

    def _likeness(self) -> Likeness:
        return Likeness(self.history_, self.space_, self.rows_, self.items_)

    def _tabulate(
        self,
        users: list[Any],
        codes: Ints,
        lists: list[Ints],
        scores: Any,
        groups: dict[str, Reals],
        why: Reasons | None,
    ) -> pd.DataFrame:
        """A row an item shown."""
        rows = np.repeat(np.arange(len(lists)), [len(one) for one in lists]) if lists else np.zeros(0, dtype=np.int64)
        items = np.concatenate(lists).astype(np.int64) if lists else rows
        new = set() if self.new_ is None else set(self.new_.items.tolist())
        nobody = self.history_.activity[codes] == 0 if len(codes) else np.zeros(0, dtype=bool)
        path = np.where(nobody[rows], "popularity", "behaviour").astype(object) if len(rows) else rows.astype(object)
        is_new = np.array([int(item) in new for item in items], dtype=bool)
        path[is_new] = "content"
        table = pd.DataFrame(
            {
                self.names_[0]: pd.Index(users)[rows] if users else pd.Index(self.users_)[:0],
                self.names_[1]: pd.Index(self.items_)[items],
                "rank": np.concatenate([np.arange(1, len(one) + 1) for one in lists]) if lists else rows,
                "score": scores[rows, items].astype(float) if len(rows) else rows.astype(float),
                "path": pd.Series(path, dtype=str),
            }
        )
        for name in GROUPS:
            if name in groups:
                own = groups[name][rows, items].astype(float)
                # Strangers are scored by what everybody does alone: the other groups add nothing.
                table[f"from_{name}"] = np.where(is_new, np.nan, np.where(nobody[rows] & (name != "trend"), 0.0, own))
        if why is not None:
            table["because"] = [
                self._because(
                    why,
                    int(codes[row]),
                    int(item),
                    bool(nobody[row]),
                    {k: float(v[row, item]) for k, v in groups.items()},
                    int(item) in new,
                )
                for row, item in zip(rows, items, strict=True)
            ]
        return table

    def _because(self, why: Reasons, user: int, item: int, stranger: bool, adds: dict[str, float], is_new: bool) -> str:
        if is_new and self.new_ is not None and self.space_ is not None:
            at = int(np.searchsorted(self.new_.items, item))
            space, row = self.space_, int(self.rows_[item])
            near, similarity = self.new_.neighbours[at], self.new_.similarity[at]
            return why.like(user, item, near, similarity, lambda other: space.tell(row, int(self.rows_[other])))
        return why.trend(item) if stranger else why.tell(user, item, adds)

    def _indexed(self) -> Ints:
        return np.flatnonzero(self.rows_ >= 0)

    def _need_index(self) -> SemanticIndex:
        if self.index_ is None:
            if self.space_ is None or self.space_.encoder_ is None:
                fix = Fix("Name the column of text, ", Argument("text", "description"), ", and give a table of items.")
                raise DataError("items", [Problem("have no texts to be searched", fix=fix)])
            index = SemanticIndex(self.space_.encoder_)
            items = self._indexed()
            self.index_ = index.add(
                self.items_[items].tolist(), self._texts(items), self.space_.text_of(self.rows_[items])
            )
        return self.index_

    def _texts(self, items: Ints) -> list[str]:
        names = [self.text] if isinstance(self.text, str) else list(self.text)
        columns = [map(str, self.columns_.values_of(name)[items].tolist()) for name in names]
        return [". ".join(part for part in row if part) for row in zip(*columns, strict=True)]

    def _suit(self, items: Ints, scores: Reals, user: object) -> Reals:
        """Fused with the order in which the found items suit a user."""
        own = self._score(self.user_codes([user]))[0]
        found = scores.copy()
        for number, row in enumerate(items):
            fits = np.isfinite(scores[number])
            order = np.argsort(np.argsort(-own[row][fits], kind="stable"), kind="stable")
            found[number][fits] = scores[number][fits] + 0.5 / (61.0 + order)
        return found

    def default_task(self) -> Any:
        """How it is evaluated where nothing else is said: by ranking what users come to later."""
        return replace(super().default_task(), question=self.question)


def _number(stamp: Any) -> float:
    return float(stamp.value) if isinstance(stamp, pd.Timestamp) else float(stamp)
