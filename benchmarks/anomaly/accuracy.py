"""What the default finds beside scikit-learn's forest: fitted and scored on the same rows, labels for metrics only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.anomaly.data import read_sets
from domains.anomaly import CombinedDetector, ForestDetector
from shared.typing import Floats, Ints

__all__ = ["accuracy", "extremes", "shuttle"]

SEEDS = range(3)
N_ROWS = 300


def judge(model: Any, X: Floats, y: Ints) -> tuple[float, float]:
    """Area under the ROC curve and average precision of a detector fitted on the rows."""
    score = -model.fit(X).score_samples(X)
    return float(roc_auc_score(y, score)), float(average_precision_score(y, score))


def accuracy(folder: Path) -> dict[str, float]:
    """Means over ten sets and three seeds, and the lowest difference to the peer in any set."""
    rows = []
    print(f"{'set':14}{'ours':>16}{'scikit-learn':>16}")
    for name, X, y in read_sets(folder):
        ours, peer = (
            np.mean([judge(make(seed), X, y) for seed in SEEDS], axis=0)
            for make in (
                lambda seed: CombinedDetector(random_state=seed),
                lambda seed: IsolationForest(random_state=seed),
            )
        )
        rows.append((*ours, *peer))
        print(f"{name:14}{ours[0]:8.3f}{ours[1]:8.3f}{peer[0]:8.3f}{peer[1]:8.3f}", flush=True)
    table = np.array(rows)
    names = ("roc", "pr", "roc_peer", "pr_peer")
    return dict(zip(names, map(float, table.mean(axis=0)), strict=True)) | {
        "worst_drop": float((table[:, 0] - table[:, 2]).min())
    }


def extremes(folder: Path) -> dict[str, float]:
    """Share of clean rows with one impossible value that are reported within 1 %, and named by that column first."""
    found, named = [], []
    for name, X, y in read_sets(folder):
        model = CombinedDetector(random_state=0).fit(X)
        rng = np.random.default_rng(0)
        clean = np.flatnonzero(y == 0)
        rows = X[rng.choice(clean, min(N_ROWS, len(clean)), replace=False)].copy()
        columns = rng.integers(0, X.shape[1], len(rows))
        rows[np.arange(len(rows)), columns] = (X.max(axis=0) + 3 * X.std(axis=0))[columns]
        found.append(float((model.predict(rows) < 0).mean()))
        named.append(float((model.explain(rows).argmax(axis=1) == columns).mean()))
        print(f"{name:14} found {found[-1]:.3f}, named {named[-1]:.3f}", flush=True)
    return {"extreme_found": min(found), "extreme_named": min(named)}


def shuttle(folder: Path) -> dict[str, float]:
    """All 49,097 rows of one set."""
    for name, X, y in read_sets(folder, most=10**9):
        if name == "shuttle":
            roc, pr = judge(CombinedDetector(random_state=0), X, y)
            return {
                "shuttle_roc": roc,
                "shuttle_ap": pr,
                "shuttle_forest_ap": judge(ForestDetector(random_state=0), X, y)[1],
            }
    return {}
