"""How completions are evaluated: an item of each later basket is hidden, and models rank all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from domains.basket.customers import owners_of
from domains.basket.mining.search import as_baskets, whole_number
from shared.data import Incidence
from shared.data import columns as names
from shared.data.splits import Split
from shared.errors import HexadError
from shared.evaluation.metrics import Metric, mean_ranks, metric
from shared.evaluation.task import Stopwatch, Task
from shared.typing import Floats, Ints

__all__ = ["CompletionTask"]

CHUNK = 1024
BASKET, CUSTOMER, DRAW, RANK, FIRST = "basket", "customer", "draw", "rank", "first"


@dataclass(frozen=True)
class CompletionTask(Task):
    """Hide one item of each test basket, drawn uniformly, and ask models to rank what it does not show.

    Parameters
    ----------
    n_baskets : int
        Baskets of each draw; all where there are fewer.
    seeds : sequence of int
        Draws of baskets and hidden items.
    min_items : int
        Smallest basket used.

    Notes
    -----
    Data are an `Incidence`; models have ``fit(baskets)``, ``items_`` and ``scores(baskets)`` of shape (n_baskets,
    n_items). Predictions have a row a hidden item: "draw", "basket" (its key), "customer" (a number, the basket's own
    where none is named: what one customer bought counts as one where chance is reckoned), "item", "rank" among all
    items that were not shown (from 1, ties at the mean), "n_shown", "known" (whether it had been seen in learning) and
    "first", what the model ranked first. Items never seen in learning rank last.

    >>> CompletionTask().metric("ndcg@5").name
    'ndcg@5'
    """

    n_baskets: int = 5000
    seeds: Sequence[int] = (0,)
    min_items: int = 3

    def __post_init__(self) -> None:
        if isinstance(self.seeds, int | str) or not len(self.seeds):
            raise HexadError(f"seeds={self.seeds!r} is no list of whole numbers, as in (0, 1)")
        whole_number(self.n_baskets, "n_baskets", 2**31)
        whole_number(self.min_items, "min_items", 2**31)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The hidden item, and what follows from it."""
        return (names.ITEM, RANK, "known")

    def metric(self, name: str, **options: Any) -> Metric:
        """Make a metric of ranks: "hit_rate@10", "ndcg@10" or "reciprocal_rank"; every hidden item counts alike.

        Parameters
        ----------
        name : str
        **options
            As `shared.evaluation.metric` takes them: k, label.
        """
        return metric(name, unit=CUSTOMER, **options)

    def to_table(self, data: Any) -> Incidence:
        """Bring data to an Incidence, as for a model's ``fit``.

        Parameters
        ----------
        data : Incidence, frame or list of baskets

        >>> CompletionTask().to_table([["tea", "milk"], ["tea"]]).n_rows
        2
        """
        return as_baskets(data)

    def run(self, model: Any, data: Incidence, splits: Sequence[Split]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Fit on the training baskets, and rank what is hidden in the test baskets.

        Parameters
        ----------
        model : estimator
        data : Incidence
        splits : sequence of Split

        Raises
        ------
        HexadError
            No test basket is large enough.
        """
        found, watch = [], Stopwatch()
        for split in splits:
            with watch("fit", split):
                model.fit(data.take(split.train))
            with watch("predict", split):
                found.append(self._rank(model, data.take(split.test)).assign(**{names.SPLIT: split.label}))
        return pd.concat(found, ignore_index=True), watch.to_frame()

    def perturb(self, data: Incidence, split: Split) -> tuple[Incidence, Split]:
        """Put other items where they are hidden, in baskets that only one draw uses.

        Parameters
        ----------
        data : Incidence
        split : Split

        >>> baskets = Incidence.from_lists([["a", "b", "c"], ["a", "b", "c"], ["d"]])
        >>> other, _ = CompletionTask().perturb(baskets, Split(1, np.array([0]), np.array([1])))
        >>> other.take([0]).to_lists(), "d" in other.take([1]).to_lists()[0]
        ([['a', 'b', 'c']], True)
        """
        test = data.take(split.test)
        draws = [self._draw(test, seed) for seed in self.seeds]
        rows, count = np.unique(np.concatenate([rows for rows, _ in draws]), return_counts=True)
        once = rows[count == 1]
        rng = np.random.default_rng(0)
        codes = data.codes.copy()
        for drawn, place in draws:
            alone = np.isin(drawn, once)
            at = data.indptr[split.test[drawn[alone]]] + (place[alone] - test.indptr[drawn[alone]])
            for entry, row in zip(at, split.test[drawn[alone]], strict=True):
                held = data.codes[data.indptr[row] : data.indptr[row + 1]]
                others = np.setdiff1d(rng.integers(0, data.n_items, size=2 * len(held) + 8), held)
                codes[entry] = rng.choice(others) if len(others) else codes[entry]
        return replace(data, codes=codes), split

    def _draw(self, baskets: Incidence, seed: int) -> tuple[Ints, Ints]:
        """Rows of the baskets that a draw uses, and the entry hidden in each."""
        large = np.flatnonzero(baskets.sizes >= self.min_items)
        if len(large) == 0:
            raise HexadError(f"no basket to be tested on holds {self.min_items} items")
        rng = np.random.default_rng(seed)
        rows = large if len(large) <= self.n_baskets else np.sort(rng.choice(large, self.n_baskets, replace=False))
        return rows, baskets.indptr[rows] + (rng.random(len(rows)) * baskets.sizes[rows]).astype(np.int64)

    def _rank(self, model: Any, baskets: Incidence) -> pd.DataFrame:
        """Hide, ask and rank, draw by draw, some baskets at a time."""
        learnt = pd.Index(model.items_)
        known = baskets if baskets.items.equals(learnt) else _in_vocabulary(baskets, learnt)
        owners = owners_of(baskets)
        customer = np.arange(baskets.n_rows) if owners is None else owners.of_row
        frames = []
        for seed in self.seeds:
            rows, place = self._draw(known, seed)
            hidden = known.codes[place].astype(np.int64)
            for begin in range(0, len(rows), CHUNK):
                part = slice(begin, begin + CHUNK)
                ranks, first = _ask(model, _without(known, rows[part], place[part]), hidden[part])
                frames.append(
                    pd.DataFrame(
                        {
                            DRAW: seed,
                            BASKET: known.keys[rows[part]],
                            CUSTOMER: customer[rows[part]],
                            names.ITEM: known.items[hidden[part]],
                            RANK: ranks,
                            "n_shown": known.sizes[rows[part]] - 1,
                            "known": hidden[part] < len(learnt),
                            FIRST: known.items[first],
                        }
                    )
                )
        return pd.concat(frames, ignore_index=True)


def _ask(model: Any, shown: Incidence, hidden: Ints) -> tuple[Floats, Ints]:
    """Rank of each hidden item among those not shown, and the item that the model ranks first."""
    excluded = np.zeros((shown.n_rows, shown.n_items), dtype=bool)
    excluded[shown.rows, shown.codes] = True
    scores = np.asarray(model.scores(shown), dtype=float)
    if scores.shape[1] < shown.n_items:  # items that were never seen rank last
        unseen = np.full((len(scores), shown.n_items - scores.shape[1]), scores.min() - 1.0)
        scores = np.concatenate([scores, unseen], axis=1)
    ranks = mean_ranks(scores, hidden, excluded=excluded)
    return ranks, np.argmax(np.where(excluded, -np.inf, scores), axis=1)


def _in_vocabulary(baskets: Incidence, items: pd.Index[Any]) -> Incidence:
    """The baskets in a model's vocabulary, with items that it does not know behind it."""
    return baskets.reindex_items(items.append(baskets.items.difference(items)))


def _without(baskets: Incidence, rows: Ints, place: Ints) -> Incidence:
    """Some baskets, each without one of its entries."""
    part = baskets.take(rows)
    gone = part.indptr[:-1] + (place - baskets.indptr[rows])
    keep = np.ones(len(part.codes), dtype=bool)
    keep[gone] = False
    return replace(
        part,
        indptr=part.indptr - np.arange(len(part.indptr)),
        codes=part.codes[keep],
        weights=None if part.weights is None else part.weights[keep],
    )
