"""Completion of baskets by product types: settings from validation weeks, tested on the weeks after them."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.basket.data import product_types
from domains.basket import SEARCH_GRID, CompletionTask, RuleRecommender
from shared.data.splits import Split
from shared.evaluation import evaluate, tune

__all__ = ["completion"]

LEARN, VALIDATE = 35, 44


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
    outer = [Split(VALIDATE + 1, np.concatenate([first, middle]), last)]
    scores = evaluate({}, baskets, outer, metrics, baselines={"rules": settings}, task=task, guard=False)
    hits: Any = scores.intervals("hit_rate@10").loc["rules"]
    print(f"hit rate at 10: {hits['mean']:.3f} ({hits['lower']:.3f} to {hits['upper']:.3f})")
    chosen = {
        f"chosen_{name}": float(getattr(settings, name))
        for name in ("household", "indirect", "shrinkage", "popularity")
    }
    return {
        "items": baskets.n_items,
        "hr10": float(hits["mean"]),
        "hr10_lower": float(hits["lower"]),
        "hr10_upper": float(hits["upper"]),
        "ndcg10": float(scores.values("rules", "ndcg@10").mean()),
        **chosen,
    }
