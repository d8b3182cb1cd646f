"""Scored, then learnt, batch by batch: accuracy beside a forest fitted on all, speed beside river, alarms of change."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.anomaly.data import read_sets
from domains.anomaly import ForestDetector, StreamDetector
from shared.typing import Floats, Ints

__all__ = ["stream"]

SETS = ("shuttle", "mammography")
FIRST, BATCH, SEEDS, SHUFFLES, PEER_ROWS = 2000, 1000, range(6), 20, 5000


def run(X: Floats, seed: int = 0, *, score: bool = True) -> tuple[Floats, list[int], float]:
    """Scores of all rows after the first 2,000, rows after which a change was told, and CPU time."""
    model = StreamDetector(random_state=seed).fit(X[:FIRST])
    scores, told, began = [], [], process_time()
    for begin in range(FIRST, len(X), BATCH):
        batch = X[begin : begin + BATCH]
        if score:
            scores.append(-model.score_samples(batch))
        if model.update(batch).changed:
            told.append(begin + len(batch))
    return np.concatenate(scores) if score else np.zeros(0), told, process_time() - began


def peer_time(X: Floats) -> float:
    """CPU time a row of river's half-space trees, each row scored and then learnt; rows from 0 to 1, as it needs."""
    from river import anomaly

    low, reach = X.min(axis=0), np.ptp(X, axis=0)
    rows = [dict(enumerate(row)) for row in ((X[:PEER_ROWS] - low) / reach).tolist()]
    model, began = anomaly.HalfSpaceTrees(seed=0), process_time()
    for row in rows:
        model.score_one(row)  # type: ignore[no-untyped-call]
        model.learn_one(row)  # type: ignore[no-untyped-call]
    return (process_time() - began) / len(rows)


def judge(X: Floats, y: Ints) -> tuple[float, float]:
    """Mean area under the ROC curve of the stream, and of a forest fitted on all rows."""
    found = [
        (
            roc_auc_score(y[FIRST:], run(X, seed)[0]),
            roc_auc_score(y[FIRST:], -ForestDetector(random_state=seed).fit(X).score_samples(X)[FIRST:]),
        )
        for seed in SEEDS
    ]
    one, other = np.mean(found, axis=0)
    return float(one), float(other)


def stream(folder: Path) -> dict[str, float]:
    """Figures of both sets: the lowest difference to the forest, the least speed-up, shuffles with a false alarm."""
    gaps, ratios, alarms, delays = [], [], [], []
    for name, X, y in read_sets(folder, most=10**9):
        if name not in SETS:
            continue
        order = np.random.default_rng(0).permutation(len(X))
        one, other = judge(X[order], y[order])
        took = [(run(X[order])[2] / (len(X) - FIRST), peer_time(X[order])) for _ in range(3)]
        ratio = float(np.median([peer / ours for ours, peer in took]))
        shuffled = (X[np.random.default_rng(seed).permutation(len(X))] for seed in range(SHUFFLES))
        false = sum(bool(run(rows, score=False)[1]) for rows in shuffled)
        shifted, at = X[order].copy(), len(X) // 2
        shifted[at:, 0] += shifted[:, 0].std()
        told = [end for end in run(shifted, score=False)[1] if end > at]
        print(
            f"{name:12} {one:.4f} (fitted on all {other:.4f}), {ratio:.1f} times river, {false} of {SHUFFLES} false alarms"
        )
        gaps.append(one - other)
        ratios.append(ratio)
        alarms.append(false)
        delays.append(told[0] - at if told else len(X))
    return {
        "stream_gap": min(gaps),
        "stream_speedup": min(ratios),
        "stream_false_alarms": max(alarms),
        "stream_delay": max(delays),
    }
