"""Films, by a random split that looks into the future: for comparison with published tables only."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from benchmarks.recommendation.lists import ndcg
from domains.recommendation import Recommender
from shared.data import Incidence, InteractionColumns

__all__ = ["films"]

SEEDS = range(5)
FILE = "MovieLens100k_data.parquet.brotli"
COLUMNS = InteractionColumns("user_id", "movie_id", "rating", None)


def films(folder: Path) -> dict[str, float]:
    """Mean NDCG over five random splits, and the most CPU seconds of one: read, tuned, fitted and scored."""
    ratings = pd.read_parquet(next(folder.rglob(FILE))).drop(columns="timestamp")
    users, user_names = pd.factorize(ratings["user_id"], sort=True)
    items, item_names = pd.factorize(ratings["movie_id"], sort=True)
    found, seconds = [], []
    Recommender().fit(Incidence.from_interactions(ratings[:2000], COLUMNS))  # what is compiled once
    for seed in SEEDS:
        drawn = pd.Series(np.random.default_rng(seed).random(len(ratings)))
        train = (drawn.groupby(users).rank(pct=True) <= 0.75).to_numpy()
        began = process_time()
        model = Recommender(random_state=seed).fit(Incidence.from_interactions(ratings[train], COLUMNS))
        own = model.scores(user_names.to_numpy())
        seconds.append(process_time() - began)
        scores = np.full((len(user_names), len(item_names)), own.min() - 1.0)
        scores[:, item_names.get_indexer(pd.Index(model.items_))] = own
        right, had = np.zeros(scores.shape, dtype=bool), np.zeros(scores.shape, dtype=bool)
        right[users[~train], items[~train]] = True
        had[users[train], items[train]] = True
        found.append(float(np.nanmean(ndcg(scores, right, had))))
        print(f"films, seed {seed}: {found[-1]:.4f}, {seconds[-1]:.1f} s", flush=True)
    return {"ndcg_random": float(np.mean(found)), "cpu_random": max(seconds)}
