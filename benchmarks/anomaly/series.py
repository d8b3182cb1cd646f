"""Anomalies in series of NAB: volume under the precision-recall surface, of whole series and from the past only."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest

from domains.anomaly import SeriesDetector
from shared.evaluation.metrics import vus_pr
from shared.typing import Floats, Ints

__all__ = ["season_of", "series"]

SEEDS, HISTORY = range(3), 0.15
Peer = Callable[[Floats, int], Floats]


def season_of(values: Floats) -> int:
    """Lag of the highest peak of the autocorrelation from 3 to 300, else 125: the window of the metric."""
    head = values[:20_000] - values[:20_000].mean()
    lagged = np.correlate(head, head, "full")[len(head) - 1 :][: min(401, len(head))][3:]
    peaks = [k for k in range(1, len(lagged) - 1) if lagged[k - 1] < lagged[k] > lagged[k + 1]]
    best = max(peaks, key=lambda k: float(lagged[k]), default=-1)
    return best + 3 if 3 <= best <= 300 else 125


def read_series(folder: Path) -> Iterator[tuple[str, Floats, Ints]]:
    """Name, values and labels of each series; rows inside the windows are positive."""
    windows = json.loads((folder / "combined_windows.json").read_text(encoding="utf-8"))
    for path in sorted(folder.glob("*.csv.gz")):
        group, name = path.name.removesuffix(".csv.gz").split("_", 1)
        with gzip.open(path, "rt", encoding="utf-8") as file:
            table = pd.read_csv(file, parse_dates=["timestamp"])
        odd = np.zeros(len(table), dtype=np.int64)
        for first, last in windows[f"{group}/{name}.csv"]:
            odd[table["timestamp"].between(pd.Timestamp(first), pd.Timestamp(last)).to_numpy()] = 1
        yield name, table["value"].to_numpy(float), odd


def stretches_of(values: Floats, window: int, *, normalised: bool) -> Floats:
    """All stretches of a series, each standardised where asked."""
    rows = np.lib.stride_tricks.sliding_window_view(values, window)
    if not normalised:
        return np.array(rows)
    return np.asarray((rows - rows.mean(axis=1, keepdims=True)) / (rows.std(axis=1, keepdims=True) + 1e-9))


def to_rows(score: Floats, n: int, window: int) -> Floats:
    """Give each row the mean of the stretches that cover it."""
    summed = np.concatenate([[0.0], np.cumsum(score)])
    row = np.arange(n)
    first, stop = np.maximum(row - window + 1, 0), np.minimum(row, n - window) + 1
    return np.asarray((summed[stop] - summed[first]) / (stop - first))


def residual(rows: Floats) -> Floats:
    """What principal axes of half the variance leave."""
    axes = PCA(0.5, svd_solver="full").fit(rows)
    return np.asarray(((rows - axes.inverse_transform(axes.transform(rows))) ** 2).sum(axis=1))


def forest(rows: Floats) -> Floats:
    """scikit-learn's forest on the stretches."""
    return np.asarray(-IsolationForest(random_state=0).fit(rows).score_samples(rows))


def discord(rows: Floats) -> Floats:
    """Distance to the nearest stretch that shares no row: the matrix profile."""
    window, found = rows.shape[1], np.empty(len(rows))
    squares = (rows**2).sum(axis=1)
    for begin in range(0, len(rows), 512):
        gaps = squares[begin : begin + 512, None] + squares - 2 * rows[begin : begin + 512] @ rows.T
        own = np.arange(begin, min(begin + 512, len(rows)))
        gaps[np.abs(own[:, None] - np.arange(len(rows))) < window] = np.inf
        found[own] = np.sqrt(np.maximum(gaps.min(axis=1), 0))
    return found


def windowed(score: Callable[[Floats], Floats], *, normalised: bool) -> Peer:
    """Make a score of rows of one of stretches."""
    return lambda values, window: to_rows(
        score(stretches_of(values, window, normalised=normalised)), len(values), window
    )


PEERS: dict[str, Peer] = {
    "random": lambda values, _: np.random.default_rng(0).random(len(values)),
    "constant": lambda values, _: np.zeros(len(values)),
    "later is worse": lambda values, _: np.arange(float(len(values))),
    "absolute z": lambda values, _: np.abs(values - values.mean()),
    "axes, raw": windowed(residual, normalised=False),
    "axes, normalised": windowed(residual, normalised=True),
    "forest, raw": windowed(forest, normalised=False),
    "forest, normalised": windowed(forest, normalised=True),
    "matrix profile, raw": windowed(discord, normalised=False),
    "matrix profile, normalised": windowed(discord, normalised=True),
}


def series(folder: Path) -> dict[str, float]:
    """Mean volume over the series, both ways, beside that of peers; CPU time of 5,000 rows."""
    found: dict[str, list[float]] = {name: [] for name in ("whole", "causal", *PEERS)}
    took, rows = {"whole": 0.0, "causal": 0.0}, 0
    for name, values, odd in read_series(folder):
        window, past = season_of(values), int(HISTORY * len(values))
        table = pd.DataFrame({"ds": np.arange(len(values)), "y": values})
        scored: dict[str, list[float]] = {"whole": [], "causal": []}
        for seed in SEEDS:
            began = process_time()
            both = SeriesDetector(freq=1, random_state=seed).score_whole(table)["evidence"].to_numpy()
            middle = process_time()
            model = SeriesDetector(freq=1, random_state=seed).fit(table[:past])
            later = model.score(table[past:])["evidence"].to_numpy()
            took["whole"] += middle - began
            took["causal"] += process_time() - middle
            scored["whole"].append(vus_pr(odd, both, window))
            scored["causal"].append(vus_pr(odd[past:], later, window))
        rows += len(values) * len(SEEDS)
        for kind, volumes in scored.items():
            found[kind].append(float(np.mean(volumes)))
        for peer, score in PEERS.items():
            found[peer].append(vus_pr(odd, score(values, window), window))
        print(f"{name:42} {found['whole'][-1]:.3f} {found['causal'][-1]:.3f}")
    for name, volumes in found.items():
        print(f"{name:28} {np.mean(volumes):.4f}")
    return {
        "vus_pr": float(np.mean(found["whole"])),
        "vus_pr_causal": float(np.mean(found["causal"])),
        "series_seconds": max(took.values()) / rows * 5000,
    }
