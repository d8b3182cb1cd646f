"""Completion of baskets by product types: settings from validation weeks, one hidden item a basket in the test weeks."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.basket.data import product_types
from domains.basket import RuleRecommender, completion_trial, tuned_recommender

__all__ = ["completion"]

LEARN, VALIDATE = 35, 44


def completion() -> dict[str, Any]:
    """Tune on weeks 36 to 44, refit on weeks 1 to 44, and test once on weeks 45 to 53."""
    baskets = product_types()
    weeks = baskets.times.to_numpy()  # type: ignore[union-attr]
    learn, validate = baskets.take(weeks <= LEARN), baskets.take((weeks > LEARN) & (weeks <= VALIDATE))
    start = time.perf_counter()
    settings = tuned_recommender(learn, validate, start=RuleRecommender(half_life=16.0), n=5000, seeds=(0, 1, 2))
    seconds = time.perf_counter() - start
    print(f"chosen in {seconds:.0f} s: {settings}", flush=True)
    model = settings.fit(baskets.take(weeks <= VALIDATE))
    trial = completion_trial({"rules": model}, baskets.take(weeks > VALIDATE), n=5000, seeds=(0, 1, 2))
    table: Any = trial.table().loc["rules"]
    print(trial.explain())
    chosen = {
        f"chosen_{name}": float(getattr(settings, name))
        for name in ("household", "indirect", "shrinkage", "popularity")
    }
    return {
        "items": baskets.n_items, "hr10": float(table["hit rate at 10"]), "hr10_lower": float(table["lower"]),
        "hr10_upper": float(table["upper"]), "ndcg10": float(table["NDCG at 10"]), **chosen,
    }  # fmt: skip
