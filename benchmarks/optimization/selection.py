"""Choice of predictors: how many of the true ones are found, and how often skill is promised where there is none."""

from __future__ import annotations

import numpy as np

from domains.optimization import EvolutionarySelector

__all__ = ["selection"]

ROWS, COLUMNS, TRUE = 500, 60, 8


def selection(n_noise: int = 100) -> dict[str, float]:
    """Recall over ten seeds, and alarms over a hundred tables of noise."""
    recall = []
    for seed in range(10):
        random = np.random.default_rng(seed)
        X = random.normal(size=(ROWS, COLUMNS))
        true = random.choice(COLUMNS, TRUE, replace=False)
        y = X[:, true] @ random.choice([-1.0, 1.0], TRUE) * 0.5 + random.normal(0, 1.5, ROWS)
        found = EvolutionarySelector(outer=0, random_state=seed).fit(X, y)
        recall.append(float(found.support_[true].mean()))
    alarms = 0
    for seed in range(n_noise):
        random = np.random.default_rng(1000 + seed)
        X, y = random.normal(size=(ROWS, COLUMNS)), random.normal(size=ROWS)
        alarms += EvolutionarySelector(random_state=seed).fit(X, y).selection_.skilled
    return {"selector_recall": float(np.mean(recall)), "noise_alarms": int(alarms)}
