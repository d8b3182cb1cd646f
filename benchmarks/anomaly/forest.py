"""Speed, equality and memory of the forest, and cost of the default, beside scikit-learn's forest."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np
from sklearn.ensemble import IsolationForest

from domains.anomaly import CombinedDetector, ForestDetector

__all__ = ["memory", "speed"]

ROUNDS = 3
SIZES = (100_000, 1_000_000)
N_COLUMNS = 30
MEMORY = """
import json, resource
import numpy as np
from domains.anomaly import ForestDetector
few = np.random.default_rng(0).normal(size=(2000, 30))
model = ForestDetector(random_state=0).fit(few)
model.score_samples(few)
X = np.random.default_rng(0).normal(size=(1_000_000, 30))  # the largest thing so far, so that growth is seen
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
model.score_samples(X)
print(json.dumps((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / X.nbytes))
"""


def seconds(work: Callable[[], Any]) -> float:
    """CPU time of a piece of work."""
    began = process_time()
    work()
    return process_time() - began


def speed() -> dict[str, float]:
    """Medians of ratios to scikit-learn, alternating."""
    rng = np.random.default_rng(0)
    warm = rng.normal(size=(500, N_COLUMNS))
    for cuts in ("axis", "fair_cut"):
        ForestDetector(cuts, random_state=0).fit(warm).explain(warm)
    CombinedDetector(random_state=0).fit(warm).score_samples(warm)
    found: dict[str, float] = {}
    for n in SIZES:
        X = rng.normal(size=(n, N_COLUMNS))
        ratios = []
        for _ in range(ROUNDS if n < SIZES[-1] else 1):
            peer, ours = IsolationForest(random_state=0), ForestDetector(random_state=0)
            fit_peer, fit = seconds(lambda: peer.fit(X)), seconds(lambda: ours.fit(X))  # noqa: B023
            same = ForestDetector.from_sklearn(peer, X[:1000])
            score_peer, score = seconds(lambda: peer.score_samples(X)), seconds(lambda: same.score_samples(X))  # noqa: B023
            reasons = seconds(lambda: ours.explain_paths(X))  # noqa: B023
            ratios.append((score_peer / score, fit / fit_peer, reasons / score_peer))
        middle = np.median(ratios, axis=0)
        gap = float(np.abs(peer.score_samples(X[:100_000]) - same.score_samples(X[:100_000])).max())
        size = f"{n // 1000}k"
        found |= {
            f"score_speedup_{size}": middle[0],
            f"fit_ratio_{size}": middle[1],
            f"explain_ratio_{size}": middle[2],
        }
        found[f"score_gap_{size}"] = gap
        if n == SIZES[0]:
            parts = ours.explain_paths(X[:10_000])
            sums = np.abs(parts.sum(axis=1) - np.log2(-ours.score_samples(X[:10_000])))
            found |= {"explain_gap": float(sums.max())} | _rows(peer, ours, X) | _default(X)
    return {key: float(value) for key, value in found.items()}


def _rows(peer: Any, ours: ForestDetector, X: Any) -> dict[str, float]:
    row, values, score = X[:1], X[0], ours.prepare_scorer()
    score(values)
    ratios = []
    for _ in range(ROUNDS):
        one = seconds(lambda: [peer.score_samples(row) for _ in range(20)]) / 20
        checked = seconds(lambda: [ours.score_samples(row) for _ in range(2000)]) / 2000
        bare = seconds(lambda: [score(values) for _ in range(2000)]) / 2000
        ratios.append((one / checked, one / bare))
    middle = np.median(ratios, axis=0)
    return {"row_speedup": middle[0], "row_speedup_prepared": middle[1]}


def _default(X: Any) -> dict[str, float]:
    ratios = []
    for _ in range(ROUNDS):
        peer = seconds(lambda: IsolationForest(random_state=0).fit(X).score_samples(X))
        ratios.append(seconds(lambda: CombinedDetector(random_state=0).fit(X).score_samples(X)) / peer)
    return {"default_ratio": float(np.median(ratios))}


def memory() -> dict[str, float]:
    """What scoring a million rows takes beside them, as a share of them: growth of the largest resident size."""
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    return {"memory_share": float(json.loads(done.stdout))}
