"""Natural-gradient boosting beside NGBoost: seconds on 28,000 x 18 rows, and accuracy on five real sets.

Both sides get the same rows, rounds, rate and distribution. NGBoost draws the order of its columns from numpy's global
generator, so that is seeded before each of its fits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from scipy.stats import t as student

from benchmarks.timeseries.sets import series_of
from domains.timeseries.natural import NaturalGradientBoosting, Normal

__all__ = ["REGRESSIONS", "accuracy", "speed"]

ROUNDS, RATE, SEEDS, MOST_ROWS = 150, 0.05, 5, 6_000


def _lag_table(name: str, key: str, lags: tuple[int, ...], ahead: int) -> tuple[Any, Any]:
    """Values `ahead` steps later, from lags, the hour and the day of the week."""
    table = series_of(name)
    table = table[table["unique_id"] == key].sort_values("ds")
    y, stamps = table["y"].to_numpy(), table["ds"]
    rows = np.arange(max(lags), len(y) - ahead)
    columns = [y[rows - lag] for lag in lags]
    means = np.convolve(y, np.ones(24) / 24, "valid")[rows - 23]
    hours = stamps.dt.hour.to_numpy()[rows + ahead]
    weekdays = stamps.dt.dayofweek.to_numpy()[rows + ahead]
    return np.column_stack([*columns, means, hours, weekdays]), y[rows + ahead]


def _diabetes() -> tuple[Any, Any]:
    from sklearn.datasets import load_diabetes

    return load_diabetes(return_X_y=True)  # type: ignore[no-any-return]


LAGS = (0, 1, 2, 3, 23, 24, 47, 143, 144, 167)
REGRESSIONS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "diabetes": _diabetes,
    "vic_elec": lambda: _lag_table("vic_elec", "Victoria", tuple(2 * lag for lag in LAGS), 48),
    "EPF Belgium": lambda: _lag_table("epf_fr_be", "BE", LAGS, 24),
    "EPF France": lambda: _lag_table("epf_fr_be", "FR", LAGS, 24),
    "pedestrian": lambda: _lag_table("pedestrian (hourly", "Southern Cross Station", LAGS, 24),
}


def friedman(n: int = 28_000, p: int = 18) -> tuple[Any, Any]:
    """Friedman's first function with noise that grows with one column and jumps with another."""
    random = np.random.default_rng(0)
    X, noise = random.random((n, p)), random.standard_normal(n)
    mean = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2 + 10 * X[:, 3] + 5 * X[:, 4]
    return X, mean + np.exp(-0.5 + 1.5 * X[:, 5] + 0.5 * (X[:, 6] > 0.5)) * noise


def ours(X: object, y: object) -> Callable[[Any], Normal]:
    """Fit ours; returns what predicts distributions."""
    model = NaturalGradientBoosting(n_estimators=ROUNDS, learning_rate=RATE).fit(X, y)
    return model.predict_distribution  # type: ignore[return-value]


def ngboost(X: object, y: object, seed: int = 0) -> Callable[[Any], Normal]:
    """Fit NGBoost as it comes; returns what predicts distributions."""
    from ngboost import NGBRegressor
    from ngboost.distns import Normal as PeerNormal

    np.random.seed(seed)  # noqa: NPY002 - NGBoost's trees draw from the global generator
    model = NGBRegressor(
        Dist=PeerNormal, n_estimators=ROUNDS, learning_rate=RATE, verbose=False, random_state=seed
    ).fit(X, y)

    def predict(rows: Any) -> Normal:
        found = model.pred_dist(rows)
        return Normal(np.asarray(found.loc), np.asarray(found.scale))

    return predict


def speed(rounds: int) -> dict[str, float]:
    """CPU seconds of the fit, alternately; medians and their ratio."""
    X, y = friedman()
    cut = int(0.8 * len(y))
    ours(X[:200], y[:200])
    seconds: dict[str, list[float]] = {"ours": [], "ngboost": []}
    scores = {}
    for _ in range(rounds):
        for name, fit in (("ours", ours), ("ngboost", ngboost)):
            begun = time.process_time()
            predict = fit(X[:cut], y[:cut])
            seconds[name].append(time.process_time() - begun)
            found = predict(X[cut:])
            scores[name] = (float(-found.logpdf(y[cut:]).mean()), float(found.crps(y[cut:]).mean()))
    print(f"\nFriedman 28,000 x 18: NLL and CRPS {scores}, CPU seconds {seconds}")
    return {"ngboost_speedup": median(seconds["ngboost"]) / median(seconds["ours"])}


def accuracy() -> dict[str, Any]:
    """NLL and CRPS of both on every set; differences over seeds with their paired 95 % interval (Student)."""
    found: dict[str, Any] = {}
    shares: dict[str, list[float]] = {"nll": [], "crps": []}
    for name, make in REGRESSIONS.items():
        X, y = make()
        differences: dict[str, list[float]] = {"nll": [], "crps": []}
        relative: list[float] = []
        for seed in range(SEEDS):
            order = np.random.default_rng(seed).permutation(len(y))[:MOST_ROWS]
            train, test = order[: int(0.8 * len(order))], order[int(0.8 * len(order)) :]
            mine, peer = ours(X[train], y[train])(X[test]), ngboost(X[train], y[train], seed)(X[test])
            differences["nll"].append(float((peer.logpdf(y[test]) - mine.logpdf(y[test])).mean()))
            differences["crps"].append(float((mine.crps(y[test]) - peer.crps(y[test])).mean()))
            relative.append(differences["crps"][-1] / float(peer.crps(y[test]).mean()))
        shares["nll"].append(float(np.mean(differences["nll"])))
        shares["crps"].append(float(np.mean(relative)))
        row = {}
        for metric, values in differences.items():
            half = float(student.ppf(0.975, SEEDS - 1) * np.std(values, ddof=1) / np.sqrt(SEEDS))
            row[metric] = f"{np.mean(values):+.4f} +- {half:.4f}"
            found[f"{metric}_no_worse_{name}"] = bool(np.mean(values) - half <= 0)
        print(
            f"{name:12} ours minus NGBoost: NLL {row['nll']}, CRPS {row['crps']} ({np.mean(relative):+.2%})", flush=True
        )
    return found | {
        "nll_mean_difference": float(np.mean(shares["nll"])),
        "crps_mean_change": float(np.mean(shares["crps"])),
    }
