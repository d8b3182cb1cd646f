"""Completion of baskets by product types: settings from validation weeks, tested on the weeks after them."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from benchmarks.basket.data import product_types
from domains.basket import SEARCH_GRID, CompletionTask, RuleRecommender
from domains.basket.completion.history import customer_history
from shared.data import Incidence
from shared.data.splits import Split
from shared.evaluation import evaluate, tune
from shared.typing import Floats

__all__ = ["completion"]

LEARN, VALIDATE = 35, 44
LARGE = 15
"""Other items from which on a basket is large."""


class EaseWithHistory(BaseEstimator):  # type: ignore[misc]
    """The peer: EASE (Steck 2019) in dense arrays, all its weights kept, and the customers' history beside it.

    >>> model = EaseWithHistory(penalty=1.0).fit(Incidence.from_lists([["a", "b"]] * 9 + [["c", "d"]] * 9))
    >>> model.scores(Incidence.from_lists([["a"], ["b"], ["c"], ["d"]])).argmax(axis=1).tolist()
    [1, 0, 3, 2]
    """

    def __init__(self, penalty: float = 500.0, household: float = 1.0, half_life: float | None = None) -> None:
        self.penalty = penalty
        self.household = household
        self.half_life = half_life

    def fit(self, baskets: Incidence, y: Any = None) -> EaseWithHistory:
        """Invert, and learn what customers bought."""
        inside = baskets.to_sparse().astype(float)
        inverse = np.linalg.inv((inside.T @ inside).toarray() + self.penalty * np.eye(baskets.n_items))
        self.weights_ = -inverse / np.diag(inverse)
        np.fill_diagonal(self.weights_, 0.0)
        self.items_ = baskets.items
        self.keys_, self.past_ = baskets.customer_keys, customer_history(baskets, self.half_life)
        return self

    def scores(self, baskets: Incidence) -> Floats:
        """Score every item for every basket."""
        from scipy import sparse

        found = baskets.reindex_items(self.items_)
        scores = np.asarray(found.to_sparse() @ self.weights_)
        if self.past_ and self.keys_ is not None and found.customers is not None and found.customer_keys is not None:
            past = (self.past_.share, self.past_.indices, self.past_.indptr)
            history = sparse.csr_array(past, shape=(len(self.keys_), len(self.items_)))
            place = np.append(self.keys_.get_indexer(found.customer_keys), -1)[found.customers]
            known = (found.customers >= 0) & (place >= 0)
            scores[known] += self.household * history[place[known]].toarray()
        return scores


PEER_GRID = {"penalty": (50.0, 100.0, 200.0, 500.0, 1000.0), "household": (0.5, 1.0, 1.5, 2.0, 3.0)}


def completion() -> dict[str, Any]:
    """Tune on weeks 36 to 44, refit on weeks 1 to 44, and test once on weeks 45 to 53."""
    baskets = product_types()
    weeks = baskets.times.to_numpy()  # type: ignore[union-attr]
    rows = np.arange(baskets.n_rows)
    first, middle, last = rows[weeks <= LEARN], rows[(weeks > LEARN) & (weeks <= VALIDATE)], rows[weeks > VALIDATE]
    task, metrics = CompletionTask(5000, seeds=(0, 1, 2)), ["hit_rate@10", "ndcg@10"]
    start = time.perf_counter()
    past = baskets.take(weeks <= VALIDATE)
    inner = [Split(LEARN + 1, first, middle)]
    settings = tune(RuleRecommender(half_life=16.0), SEARCH_GRID, past, inner, metrics, task=task).best
    seconds = time.perf_counter() - start
    print(f"chosen in {seconds:.0f} s: {settings}", flush=True)
    peer = tune(EaseWithHistory(half_life=16.0), PEER_GRID, past, inner, metrics, task=task).best
    print(f"chosen for the peer: {peer}", flush=True)
    outer = [Split(VALIDATE + 1, np.concatenate([first, middle]), last)]
    models = {"rules": settings, "rules alone": clone(settings).set_params(ease=0.0), "ease": peer}
    scores = evaluate({}, baskets, outer, metrics, baselines=models, task=task, guard=False)
    hits: Any = scores.intervals("hit_rate@10").loc["rules"]
    print(f"hit rate at 10: {hits['mean']:.3f} ({hits['lower']:.3f} to {hits['upper']:.3f})")
    large = scores.predictions[scores.predictions["n_shown"] >= LARGE]
    found = (large["rank"] <= 10).groupby(large["model"]).mean()
    print(f"large baskets: {len(large) // len(models):,} hidden items", flush=True)
    chosen = {
        f"chosen_{name}": float(getattr(settings, name))
        for name in ("household", "indirect", "shrinkage", "popularity", "ease", "ease_from")
    }
    return {
        "items": baskets.n_items,
        "hr10": float(hits["mean"]),
        "hr10_lower": float(hits["lower"]),
        "hr10_upper": float(hits["upper"]),
        "hr10_rules": float(scores.values("rules alone", "hit_rate@10").mean()),
        "hr10_large": float(found["rules"]),
        "hr10_large_ease": float(found["ease"]),
        "hr10_large_rules": float(found["rules alone"]),
        "ndcg10": float(scores.values("rules", "ndcg@10").mean()),
        **chosen,
    }
