"""Hiding an item of each basket and looking for it: how well baskets are completed, and with which settings best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from domains.basket.completion.recommender import RuleRecommender
from domains.basket.mining.search import as_baskets, whole_number
from shared.data import Incidence
from shared.errors import HexadError, quoted
from shared.evaluation.ranking import hit_rate, mean_ranks, ndcg

__all__ = ["CompletionTrial", "completion_trial", "tuned_recommender"]

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
CHUNK = 1024
RESAMPLES = 1000
GRID: dict[str, Sequence[Any]] = {
    "household": (1.5, 2.2, 3.0, 4.0),
    "indirect": (0.0, 0.2, 0.3, 0.4, 0.5),
    "shrinkage": (20.0, 50.0, 100.0),
    "popularity": (0.2, 0.4, 0.6),
}
"""What `tuned_recommender` looks through, one setting after the other."""


@dataclass(frozen=True, eq=False)
class CompletionTrial:
    """Where the hidden items stood.

    Attributes
    ----------
    ranks : dict of str to numpy.ndarray, shape (n_trials,)
        By model: rank of the hidden item among all items that were not in the basket, from 1; ties at the mean.
    hidden : numpy.ndarray of int
        Number of each hidden item.
    sizes : numpy.ndarray of int
        Items that each basket kept.
    basket : numpy.ndarray of int
        Number of the basket of each trial, which may come in several draws.
    known : numpy.ndarray of bool
        Whether the hidden item had been seen in learning.

    >>> trial = CompletionTrial({"a": np.array([1.0, 20.0])}, np.array([0, 1]), np.array([2, 3]), np.array([0, 1]),
    ...     np.array([True, True]))
    >>> float(trial.table().loc["a", "hit rate at 10"])
    0.5
    """

    ranks: dict[str, Floats]
    hidden: Ints
    sizes: Ints
    basket: Ints
    known: Any

    def table(self, k: int = 10, *, random_state: int = 0) -> pd.DataFrame:
        """Hit rate and NDCG at k of each model, with 95 % bootstrap intervals over baskets."""
        rows = {}
        for name, ranks in self.ranks.items():
            low, high = self._interval((ranks <= k).astype(float), random_state)
            gain = np.where(ranks <= k, 1 / np.log2(1 + ranks), 0.0)
            gain_low, gain_high = self._interval(gain, random_state)
            rows[name] = {
                f"hit rate at {k}": hit_rate(ranks, k), "lower": low, "upper": high,
                f"NDCG at {k}": ndcg(ranks, k), "NDCG lower": gain_low, "NDCG upper": gain_high,
            }  # fmt: skip
        return pd.DataFrame.from_dict(rows, orient="index")

    def gain(self, model: str, other: str, k: int = 10, *, random_state: int = 0) -> tuple[float, float, float]:
        """Difference of two models' hit rates, and its 95 % bootstrap interval over baskets."""
        if wrong := [name for name in (model, other) if name not in self.ranks]:
            raise HexadError(f"there is no model {quoted(wrong)}; there are {quoted(self.ranks)}")
        difference = (self.ranks[model] <= k).astype(float) - (self.ranks[other] <= k)
        low, high = self._interval(difference, random_state)
        return float(difference.mean()), low, high

    def _interval(self, values: Floats, seed: int) -> tuple[float, float]:
        """Baskets are drawn again whole, with all their draws."""
        _, group = np.unique(self.basket, return_inverse=True)
        sums, sizes = np.bincount(group, weights=values), np.bincount(group).astype(float)
        drawn = np.random.default_rng(seed).integers(0, len(sums), (RESAMPLES, len(sums)), dtype=np.int32)
        means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
        low, high = np.quantile(means, [0.025, 0.975])
        return float(low), float(high)

    def explain(self) -> str:
        """Say in plain sentences how often the hidden item was among the first ten."""
        told = [
            f"{name}: {100 * row['hit rate at 10']:.1f} % ({100 * row['lower']:.1f} to {100 * row['upper']:.1f})"
            for name, row in self.table().iterrows()
        ]
        unseen = int((~np.asarray(self.known)).sum())
        more = f" {unseen:,} hidden items had never been seen in learning, and count as misses." if unseen else ""
        return f"Of {len(self.hidden):,} hidden items these were among the first ten: {'; '.join(told)}.{more}"


def completion_trial(
    models: Mapping[str, Any], baskets: Incidence, *, n: int = 5000, seeds: Sequence[int] = (0,), min_items: int = 3
) -> CompletionTrial:
    """Hide one item of each basket, drawn uniformly, and let fitted models rank all items that the basket does not show.

    Parameters
    ----------
    models : mapping of str to fitted models
        With ``items_`` and ``scores(baskets)``; all must know the same items.
    baskets : Incidence
        From after the time that the models learnt from.
    n : int
        Baskets for each seed; all where there are fewer.
    seeds : sequence of int
        Draws of baskets and hidden items.
    min_items : int
        Smallest basket used.

    Raises
    ------
    HexadError
        No basket is large enough, or the models know different items.

    >>> learn = Incidence.from_lists([["a", "b"]] * 5 + [["c", "d"]] * 5)
    >>> model = RuleRecommender().fit(learn)
    >>> completion_trial({"rules": model}, Incidence.from_lists([["a", "b"]]), min_items=2).ranks["rules"].tolist()
    [1.0]
    """
    if not models:
        raise HexadError("there is no model to try; give them by name, as in {'rules': recommender}")
    if wrong := [name for name, model in models.items() if not hasattr(model, "items_")]:
        raise HexadError(f"{quoted(wrong)} is not fitted; call fit before the trial")
    if isinstance(seeds, int | str) or not len(seeds):
        raise HexadError(f"seeds={seeds!r} is no list of whole numbers, as in (0, 1)")
    n, min_items = whole_number(n, "n", 2**31), whole_number(min_items, "min_items", 2**31)
    baskets = as_baskets(baskets)
    names = {name: pd.Index(model.items_) for name, model in models.items()}
    first = next(iter(names.values()))
    if not all(index.equals(first) for index in names.values()):
        raise HexadError(
            "the models know different items, so that their ranks do not compare; fit them on the same baskets"
        )
    known = baskets if baskets.items.equals(first) else _onto(baskets, first)
    large = np.flatnonzero(known.sizes >= min_items)
    if len(large) == 0:
        raise HexadError(f"no basket holds {min_items} items")
    ranks: dict[str, list[Floats]] = {name: [] for name in models}
    hidden, chosen = [], []
    for seed in seeds:
        draw = np.random.default_rng(seed)
        rows = large if len(large) <= n else np.sort(draw.choice(large, n, replace=False))
        place = known.indptr[rows] + (draw.random(len(rows)) * known.sizes[rows]).astype(np.int64)
        hidden.append(known.codes[place].astype(np.int64))
        chosen.append(rows)
        for begin in range(0, len(rows), CHUNK):
            part = slice(begin, begin + CHUNK)
            shown = _without(known, rows[part], place[part])
            excluded = np.zeros((shown.n_rows, len(known.items)), dtype=bool)
            excluded[shown.rows, shown.codes] = True
            for name, model in models.items():
                scores = model.scores(shown)
                if scores.shape[1] < len(known.items):  # items that were never seen rank last
                    unseen = np.full((len(scores), len(known.items) - scores.shape[1]), scores.min() - 1.0)
                    scores = np.concatenate([scores, unseen], axis=1)
                ranks[name].append(mean_ranks(scores, hidden[-1][part], excluded=excluded))
    every = np.concatenate(chosen)
    target = np.concatenate(hidden)
    return CompletionTrial(
        {name: np.concatenate(parts) for name, parts in ranks.items()}, target, known.sizes[every] - 1, every,
        target < len(first),
    )  # fmt: skip


def _onto(baskets: Incidence, items: pd.Index[Any]) -> Incidence:
    """The baskets in the models' vocabulary, with items that these do not know behind it."""
    new = baskets.items.difference(items)
    return baskets.known_as(items.append(new))


def _without(baskets: Incidence, rows: Ints, place: Ints) -> Incidence:
    """Some baskets, each without one of its entries."""
    from dataclasses import replace

    part = baskets.take(rows)
    gone = part.indptr[:-1] + (place - baskets.indptr[rows])
    keep = np.ones(len(part.codes), dtype=bool)
    keep[gone] = False
    return replace(
        part, indptr=part.indptr - np.arange(len(part.indptr)), codes=part.codes[keep],
        weights=None if part.weights is None else part.weights[keep],
    )  # fmt: skip


def tuned_recommender(
    learn: Incidence,
    validate: Incidence,
    *,
    start: RuleRecommender | None = None,
    grid: Mapping[str, Sequence[Any]] | None = None,
    n: int = 3000,
    seeds: Sequence[int] = (0,),
    rounds: int = 2,
) -> RuleRecommender:
    """Choose settings on baskets that come after those learnt from; what is returned is not fitted.

    One setting after the other is tried over its values, the others held; a round that changes nothing is the last.
    Values are judged by the sum of hit rate and NDCG at 10 over the same hidden items.

    Parameters
    ----------
    learn, validate : Incidence
    start : RuleRecommender, optional
        Where to begin, and what is not in the grid.
    grid : mapping of str to sequence, optional
        Values by setting.
    n, seeds
        Of `completion_trial`.
    rounds : int

    >>> learn = Incidence.from_lists([["a", "b", "c"]] * 9 + [["d", "e", "f"]] * 9)
    >>> tuned_recommender(learn, learn, grid={"indirect": (0.0, 0.4)}, n=5).indirect
    0.4
    """
    looked = GRID if grid is None else dict(grid)
    best = clone(start if start is not None else RuleRecommender())
    if wrong := [name for name in looked if name not in best.get_params()]:
        raise HexadError(f"the recommender has no setting {quoted(wrong)}; it has {', '.join(best.get_params())}")
    if wrong := [name for name, values in looked.items() if isinstance(values, str | int | float) or not len(values)]:
        raise HexadError(f"give a list of values for {quoted(wrong)}")
    learn, validate = as_baskets(learn), as_baskets(validate)
    if learn.customers is None and grid is None:
        looked = {name: values for name, values in looked.items() if name != "household"}
    known: dict[tuple[Any, ...], float] = {}

    def judged(settings: dict[str, Any]) -> float:
        key = tuple(sorted(settings.items(), key=str))
        if key not in known:
            model = clone(best).set_params(**settings).fit(learn)
            ranks = completion_trial({"model": model}, validate, n=n, seeds=seeds).ranks["model"]
            known[key] = hit_rate(ranks) + ndcg(ranks)
        return known[key]

    now = {name: getattr(best, name) for name in looked}
    for _ in range(rounds):
        before = dict(now)
        for name, values in looked.items():
            found = [(judged({**now, name: value}), -abs(place)) for place, value in enumerate(values)]
            if max(found)[0] > judged(now):
                now[name] = values[found.index(max(found))]
        if now == before:
            break
    chosen: RuleRecommender = best.set_params(**now)
    return chosen
