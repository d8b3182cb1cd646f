"""Whether 1 % asked is 1 % found: random halves of each set, fitted on one, measured on the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.stats import ks_2samp

from benchmarks.anomaly.data import read_sets
from domains.anomaly import CombinedDetector, binomial_band

__all__ = ["budgets"]

SHARE = 0.01


def budgets(folder: Path, n_halves: int) -> dict[str, float]:
    """Shares of all rows, and of clean rows where clean ones were learnt from; bands; held-out against new scores."""
    shares, alarms, covered, alike = [], [], [], []
    for name, X, y in read_sets(folder):
        rows = []
        for seed in range(n_halves):
            order = np.random.default_rng(seed).permutation(len(X))
            first, second = order[: len(X) // 2], order[len(X) // 2 :]
            model = CombinedDetector(budget=SHARE, random_state=seed).fit(X[first])
            share = float((model.predict(X[second]) < 0).mean())
            low, high = binomial_band(len(model.scale_.scores), len(second), SHARE)
            clean, others = first[y[first] == 0], second[y[second] == 0]
            model = CombinedDetector(budget=SHARE, random_state=seed).fit(X[clean])
            alarm = float((model.predict(X[others]) < 0).mean())
            same = ks_2samp(-model.score_samples(X[others]), model.scale_.scores).pvalue > 0.01
            rows.append((share, low <= share <= high, alarm, same))
        share, cover, alarm, same = np.mean(rows, axis=0)
        print(
            f"{name:14} budget {share:.4f}, false alarms {alarm:.4f}, in the band {cover:.2f}, alike {same:.2f}",
            flush=True,
        )
        shares.append(share)
        alarms.append(alarm)
        covered.append(cover)
        alike.append(same)
    return {
        "budget_mean": float(np.mean(shares)),
        "budget_least": min(shares),
        "budget_most": max(shares),
        "alarms_least": min(alarms),
        "alarms_most": max(alarms),
        "band_cover": float(np.mean(covered)),
        "ks_alike": float(np.mean(alike)),
    }
