"""How recommenders are evaluated: fitted on what came before a cut, they rank all items for what came after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from domains.recommendation.behaviour.history import as_interactions
from shared.checks import is_whole
from shared.data import Incidence
from shared.data import columns as names
from shared.data.splits import Split
from shared.errors import HexadError, SettingsError
from shared.evaluation.metrics import Metric, list_metric, rank_pairs
from shared.evaluation.task import Stopwatch, Task
from shared.result import OneLine
from shared.typing import Ints

__all__ = ["RankingTask"]

BLOCK = 512
RANK = "rank"


@dataclass(frozen=True, repr=False)
class RankingTask(OneLine, Task):
    """Fit on the visits before a cut, and rank all items for what each user comes to after it.

    Parameters
    ----------
    question : {"new", "next"}
        "new": what a user never had is right, and what the user had is not ranked. "next": whatever comes is right.
    items : frame, optional
        What is known of items, given to each model's fit.
    kinds : mapping, optional
        Group of each item, for the metric "diversity".
    n_shown : int
        Length of the list that is kept of each user.

    Notes
    -----
    Data are an `Incidence` of visits; models have ``fit(interactions, items)``, ``items_`` and ``scores(users)``.
    Users with nothing right are left out. Predictions have a row a right item of a user: "user", "item", "rank" among
    all items (from 1, ties at the mean; items never seen in learning rank last), "n_known" (different items the user
    had), "n_users" (users who had the item), and "shown_1" and on, the list, missing where nothing more can be shown.
    No item is sampled: all are ranked (Krichene & Rendle, "On sampled metrics for item recommendation", KDD 2020).

    >>> RankingTask().metric("ndcg").name
    'ndcg@10'
    """

    question: str = "new"
    items: Any = None
    kinds: Mapping[Any, Any] | None = None
    n_shown: int = 10

    def __post_init__(self) -> None:
        if self.question not in {"new", "next"}:
            raise SettingsError(f"question={self.question!r} is neither 'new' nor 'next'")
        if not is_whole(self.n_shown):
            raise SettingsError(f"n_shown={self.n_shown!r} is no whole number from 1 on")

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The right item, and what follows from it."""
        return (names.ITEM, RANK, "n_users")

    @property
    def shown(self) -> tuple[str, ...]:
        """Columns of the list."""
        return tuple(f"shown_{place}" for place in range(1, self.n_shown + 1))

    def metric(self, name: str, **options: Any) -> Metric:
        """Make a metric of lists: see `shared.evaluation.metrics.list_metric`.

        Parameters
        ----------
        name : str
            Such as "ndcg@10", "recall@10", "coverage@10", "novelty@10".
        **options
            As `list_metric` takes them: k, label.
        """
        return list_metric(name, unit=names.USER, shown=self.shown, kinds=self.kinds, **options)

    def to_table(self, data: Any) -> Incidence:
        """Bring data to an Incidence; a long table with the default column names is read, as for a model's ``fit``.

        Parameters
        ----------
        data : Incidence or frame

        Raises
        ------
        DataError
            The table's columns are called otherwise: `Incidence.from_interactions` takes their names.

        >>> RankingTask().to_table(pd.DataFrame({"user": [1, 1], "item": ["tea", "milk"], "timestamp": [0, 1]})).n_rows
        2
        """
        return as_interactions(data)

    def choose_rows(self, data: Any, splits: Sequence[Split]) -> tuple[list[Split], tuple[str, ...]]:
        """Leave no row out, and say where a split is none in time.

        Parameters
        ----------
        data : Incidence
        splits : sequence of Split
        """
        if data.times is None:
            return list(splits), ()
        times = pd.Series(data.times)
        mixed = [
            split.label
            for split in splits
            if len(split.train) and len(split.test) and times.iloc[split.train].max() > times.iloc[split.test].min()
        ]
        if not mixed:
            return list(splits), ()
        told = f"{len(mixed):,} of {len(splits):,} splits are not cut in time: models learn from what came after"
        return list(splits), (f"{told}, and every figure is too good for use on what comes next",)

    def run(self, model: Any, data: Incidence, splits: Sequence[Split]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Fit on the visits before each cut, and rank.

        Parameters
        ----------
        model : estimator
        data : Incidence
            With a user a row.
        splits : sequence of Split

        Raises
        ------
        HexadError
            No user comes to anything that could be right, or interactions have no times and users are cut apart.
        """
        found, watch = [], Stopwatch()
        for split in splits:
            train = data.take(split.train)
            if data.times is None and not np.isin(_owners(data)[split.test], _owners(data)[split.train]).any():
                raise HexadError(
                    "without times a user's interactions are one row, and no user stands on both sides of a cut; name"
                    " the column of times: InteractionColumns(timestamp=...)"
                )
            with watch("fit", split):
                model.fit(train, self.items)
            with watch("predict", split):
                ranked = self._rank(model, data, split)
            found.append(ranked.assign(**{names.SPLIT: split.label}))
        return pd.concat(found, ignore_index=True), watch.to_frame()

    def perturb(self, data: Incidence, split: Split) -> tuple[Incidence, Split]:
        """Put other items in the place of those that are right; what a user had stays.

        Parameters
        ----------
        data : Incidence
        split : Split

        >>> table = pd.DataFrame({"user": [1, 1, 2], "item": ["a", "b", "c"], "timestamp": [0, 1, 0]})
        >>> visits = Incidence.from_interactions(table)
        >>> other, _ = RankingTask().perturb(visits, Split(1, np.array([0, 1]), np.array([2])))
        >>> other.to_lists()
        [['a'], ['c'], ['c']]
        """
        users, items, right = self._right(data, split)
        had = self._had(data, split)
        rng = np.random.default_rng(0)
        codes = data.codes.copy()
        owner = _owners(data)[data.rows]
        inside = np.zeros(data.n_rows, dtype=bool)
        inside[split.test] = True
        entries = np.flatnonzero(inside[data.rows])
        order = entries[np.argsort(owner[entries], kind="stable")]
        starts = np.searchsorted(owner[order], users, side="left")
        stops = np.searchsorted(owner[order], users, side="right")
        for number, user in enumerate(users):
            own = items[right[number] : right[number + 1]]
            taken = had.get(int(user), np.zeros(0, dtype=np.int64)) if self.question == "new" else np.zeros(0, np.int64)
            free = np.setdiff1d(rng.integers(0, data.n_items, size=4 * len(own) + 16), np.concatenate([own, taken]))
            if len(free) < len(own):
                continue
            other = dict(zip(own.tolist(), rng.permutation(free)[: len(own)].tolist(), strict=True))
            for entry in order[starts[number] : stops[number]]:
                codes[entry] = other.get(int(codes[entry]), codes[entry])
        return replace(data, codes=codes), split

    def _had(self, data: Incidence, split: Split) -> dict[int, Ints]:
        """Items of each user before the cut."""
        wide = max(data.n_items, 1)
        pairs = _distinct_pairs(data.take(split.train))
        users, starts = np.unique(pairs // wide, return_index=True)
        return dict(zip(users.tolist(), np.split(pairs % wide, starts[1:]), strict=True)) if len(users) else {}

    def _right(self, data: Incidence, split: Split) -> tuple[Ints, Ints, Ints]:
        """Users with something right, what is right for them, and where each user's begins."""
        test, train = data.take(split.test), data.take(split.train)
        wide = max(data.n_items, 1)
        pairs = _distinct_pairs(test)
        if self.question == "new":
            before = _distinct_pairs(train)
            pairs = np.setdiff1d(pairs, before, assume_unique=True)
        if len(pairs) == 0:
            raise HexadError(f"after the cut {split.label} no user comes to anything that could be right")
        users, starts = np.unique(pairs // wide, return_index=True)
        return users, pairs % wide, np.append(starts, len(pairs)).astype(np.int64)

    def _rank(self, model: Any, data: Incidence, split: Split) -> pd.DataFrame:
        users, items, starts = self._right(data, split)
        had = self._had(data, split)
        learnt = pd.Index(model.items_)
        place = learnt.get_indexer(data.items)
        train = data.take(split.train)
        keys = data.keys if data.customer_keys is None else data.customer_keys
        popularity = np.bincount(_distinct_pairs(train) % max(data.n_items, 1), minlength=data.n_items)
        frames = []
        for begin in range(0, len(users), BLOCK):
            block = users[begin : begin + BLOCK]
            own = np.asarray(model.scores(list(keys[block])), dtype=float)
            scores = np.full((len(block), data.n_items), own.min(initial=0.0) - 1.0)
            scores[:, place >= 0] = own[:, place[place >= 0]]
            excluded = np.zeros(scores.shape, dtype=bool)
            if self.question == "new":
                for row, user in enumerate(block):
                    excluded[row, had.get(int(user), np.zeros(0, dtype=np.int64))] = True
            counts = np.diff(starts)[begin : begin + BLOCK]
            rows = np.repeat(np.arange(len(block)), counts)
            right = items[starts[begin] : starts[begin + len(block)]]
            ranks = rank_pairs(scores, rows, right, excluded=excluded)
            best = np.argsort(-np.where(excluded, -np.inf, scores), axis=1, kind="stable")[:, : self.n_shown]
            beyond = np.take_along_axis(excluded, best, axis=1)
            frame = pd.DataFrame(
                {
                    names.USER: keys[block[rows]],
                    names.ITEM: data.items[right],
                    RANK: ranks,
                    "n_known": np.array([len(had.get(int(user), ())) for user in block])[rows],
                    "n_users": popularity[right],
                }
            )
            for number, column in enumerate(self.shown):
                if number >= best.shape[1]:
                    frame[column] = None
                    continue
                frame[column] = data.items[best[rows, number]]
                if beyond[:, number].any():
                    frame[column] = frame[column].astype(object).where(~beyond[rows, number], None)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)


def _owners(data: Incidence) -> Ints:
    """User of every row; -1 for guests, whose pairs are negative and are left out."""
    if data.customers is None:
        return np.arange(data.n_rows)
    return np.asarray(data.customers, dtype=np.int64)


def _distinct_pairs(data: Incidence) -> Ints:
    """Each user times the number of items plus the item, once and in order; without guests."""
    from scipy import sparse

    owner = _owners(data)[data.rows]
    known = owner >= 0
    shape = (int(owner.max(initial=0)) + 1, max(data.n_items, 1))
    # Counting into a matrix takes a fraction of the time of sorting the pairs.
    found = sparse.coo_array(
        (np.ones(int(known.sum()), dtype=np.int32), (owner[known], data.codes[known])), shape
    ).tocsr()
    found.sort_indices()
    rows = np.repeat(np.arange(shape[0], dtype=np.int64), np.diff(found.indptr))
    return np.asarray(rows * shape[1] + found.indices, dtype=np.int64)
