"""How often `compare` calls equal models different, and finds those that are: python -m benchmarks.comparisons.

Losses are drawn, no model is fitted. Options: --seeds N (worlds a cell), --only time power rankings completions. The
last line is one JSON object; every share is of comparisons that found a difference, or called the model better.
"""

from __future__ import annotations

import os

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))

import argparse  # noqa: E402
import json  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from shared.data.splits import Split  # noqa: E402
from shared.evaluation import Scores, compare, metric  # noqa: E402
from shared.evaluation.design import SplitDesign, describe_splits  # noqa: E402
from shared.typing import Floats  # noqa: E402

PARTS = ("time", "power", "rankings", "completions")
HORIZONS, COUNTS, SERIES = (1, 14, 48), (12, 50, 100, 200), (1, 50)
START = 20  # steps before the first origin: more than the longest season
CORRELATIONS = (0.0, 0.8, 0.95, 1.0)
WORSE = 1.1

World = Callable[[np.random.Generator, Floats, int, int, int], tuple[Floats, Floats]]


def windows(values: Floats, n: int, horizon: int, every: int, back: int = 0) -> Floats:
    """What lies in each split's test, `back` steps earlier: shape (series, n, horizon)."""
    first = START - back + every * np.arange(n)
    return values[:, first[:, None] + np.arange(horizon)]


def naives(_rng: np.random.Generator, y: Floats, n: int, horizon: int, every: int) -> tuple[Floats, Floats]:
    """Errors of seasonal naives of 15 and 16 on white noise."""
    outcome, errors = windows(y, n, horizon, every), []
    for season in (15, 16):
        first = START - season + every * np.arange(n)
        errors.append(outcome - y[:, first[:, None] + np.arange(horizon) % season])
    return errors[0], errors[1]


def noise_of_targets(rng: np.random.Generator, y: Floats, n: int, horizon: int, every: int) -> tuple[Floats, Floats]:
    """Two forecasts that miss each target by noise of their own, the same from every origin."""
    first, second = (windows(0.7 * rng.normal(size=y.shape), n, horizon, every) for _ in range(2))
    return first, second


def noise_of_forecasts(rng: np.random.Generator, y: Floats, n: int, horizon: int, _every: int) -> tuple[Floats, Floats]:
    """Two forecasts that miss by new noise at every origin."""
    shape = (len(y), n, horizon)
    return 0.7 * rng.normal(size=shape), 0.7 * rng.normal(size=shape)


WORLDS: dict[str, World] = {
    "naives": naives, "noise of targets": noise_of_targets, "noise of forecasts": noise_of_forecasts
}  # fmt: skip


def design_of(n: int, horizon: int, every: int) -> SplitDesign:
    """What n splits have in common."""
    origins = START + every * np.arange(n)
    cuts = [Split(int(at), np.arange(at), np.arange(at, at + horizon)) for at in origins]
    return describe_splits(cuts, in_time=True, units=False)


def scores_of(a: Floats, b: Floats, design: SplitDesign) -> Scores:
    """Scores of two models whose losses are given by split."""
    n = len(a)
    frame = pd.DataFrame(
        {"model": np.repeat(["a", "b"], n), "split": np.tile(np.arange(n), 2), "metric": "mae", "value": [*a, *b]}
    )
    return Scores(frame, pd.DataFrame(), pd.DataFrame(), ("b",), (metric("mae"),), (None,), design=design)


def cells() -> Iterator[tuple[int, int, int]]:
    """Horizon, step and number of splits."""
    for horizon in HORIZONS:
        for every in sorted({1, 7, horizon}):
            for n in COUNTS:
                yield horizon, every, n


def measure_time(seeds: int) -> dict[str, object]:
    """Share of equal models of which one is called better, by world, panel and cell."""
    shares: dict[str, float] = {}
    silent = 0
    for horizon, every, n in cells():
        design = design_of(n, horizon, every)
        if design.side_by_side(n) < 8:
            silent += len(WORLDS) * len(SERIES)
            assert compare(scores_of(np.ones(n), np.ones(n), design), "a").items[0].outcome == "too few"
            continue
        for series in SERIES:
            for name, world in WORLDS.items():
                called = 0
                for seed in range(seeds):
                    rng = np.random.default_rng([seed, horizon, every, n, series])
                    steps = START + every * (n - 1) + horizon
                    y = rng.normal(size=(series, steps))
                    if series > 1:
                        y = (y + rng.normal(size=steps)) / np.sqrt(2)
                    a, b = (np.abs(errors).mean(axis=(0, 2)) for errors in world(rng, y, n, horizon, every))
                    called += compare(scores_of(a, b, design), "a").items[0].significant
                key = f"{name}, {series} series, horizon {horizon} every {every}, {n} splits"
                shares[key] = called / seeds
                print(f"{key:65} {shares[key]:.3f}", flush=True)
    worst = max(shares, key=lambda key: shares[key])
    return {
        "cells": len(shares),
        "cells_too_few": silent,
        "equal_mean": float(np.mean(list(shares.values()))),
        "equal_worst": shares[worst],
        "equal_worst_cell": worst,
    }


def errors_in_pairs(rng: np.random.Generator, n: int, correlation: float) -> tuple[Floats, Floats]:
    """Errors of a model, and of one whose errors are a tenth larger."""
    z = rng.normal(size=n)
    return z, WORSE * (correlation * z + np.sqrt(1 - correlation**2) * rng.normal(size=n))


def t_test(a: Floats, b: Floats) -> bool:
    """Whether the paired t test finds a difference."""
    from scipy import stats

    return bool(stats.ttest_rel(a, b).pvalue < 0.05)


def measure_power(seeds: int) -> dict[str, object]:
    """Share of better models that are found, beside the t test on all splits, or on those that do not overlap."""
    found: dict[str, list[float]] = {}
    for horizon, every, n in ((1, 1, 100), (14, 1, 100), (14, 1, 200), (14, 7, 100), (48, 7, 200), (48, 48, 50)):
        design = design_of(n, horizon, every)
        apart = len(design.overlap)
        for correlation in CORRELATIONS:
            ours = theirs = 0
            for seed in range(4 * seeds):
                rng = np.random.default_rng([seed, horizon, every, n])
                better, worse = errors_in_pairs(rng, START + every * (n - 1) + horizon, correlation)
                a, b = (np.abs(windows(e[None], n, horizon, every)).mean(axis=(0, 2)) for e in (better, worse))
                ours += compare(scores_of(a, b, design), "a").items[0].significant
                theirs += t_test(a[::apart], b[::apart])
            key = f"power, horizon {horizon} every {every}, {n} splits, correlation {correlation}"
            found[key] = [ours / seeds / 4, theirs / seeds / 4]
            print(f"{key:62} {found[key][0]:.3f}   t test {found[key][1]:.3f}", flush=True)
    alone = [theirs - ours for key, (ours, theirs) in found.items() if key.startswith("power, horizon 1 ")]
    others = [theirs - ours for key, (ours, theirs) in found.items() if not key.startswith("power, horizon 1 ")]
    return {"power_lost": max(alone), "power_lost_overlapping": max(others), **found}


def users(rng: np.random.Generator, gain: float, correlation: float, *, count: int, most: int) -> pd.DataFrame:
    """Ranks that two models give the events of users with hit rates of their own."""
    own = rng.beta(2, 4, size=count)
    events = rng.integers(1, most + 1, size=count)
    user = np.repeat(np.arange(count), events)
    rate = np.clip(own[user], 0, 1)
    # One draw decides for both where they agree, another for each where they do not.
    together = rng.random(len(user)) < correlation
    first, second = rng.random(len(user)), rng.random(len(user))
    second = np.where(together, first, second)
    hits = {"a": first < np.clip(rate * (1 + gain), 0, 1), "b": second < rate}
    frames = [
        pd.DataFrame({"model": m, "split": 1, "user": user, "rank": np.where(hit, 1, 99)}) for m, hit in hits.items()
    ]
    return pd.concat(frames, ignore_index=True)


def measure_units(seeds: int, *, most: int) -> dict[str, object]:
    """Equal and unequal models by user or customer, beside the t test on means of users."""
    hits = metric("hit_rate@10", unit="user")
    found: dict[str, list[float]] = {}
    for gain in (0.0, 0.1):
        for correlation in (0.0, 0.8, 0.95):
            ours = theirs = 0
            for seed in range(seeds):
                rows = users(np.random.default_rng([seed, most]), gain, correlation, count=300, most=most)
                by_model = rows.assign(hit=rows["rank"] <= 10).groupby("model")["hit"].mean()
                frame = pd.DataFrame(
                    {"model": ["a", "b"], "split": 1, "metric": hits.name, "value": by_model.to_numpy()}
                )
                scores = Scores(frame, rows, rows, ("b",), (hits,), (None,), design=SplitDesign(True))
                ours += compare(scores, "a").items[0].significant
                own = rows.assign(hit=rows["rank"] <= 10).groupby(["model", "user"])["hit"].mean()
                theirs += t_test(own["a"].to_numpy(), own["b"].to_numpy())
            key = f"gain {gain}, agreeing {correlation}"
            print(
                f"users with 1 to {most} events, {key:30} {ours / seeds:.3f}   t test {theirs / seeds:.3f}", flush=True
            )
            found[key] = [ours / seeds, theirs / seeds]
    equal = [ours for key, (ours, _) in found.items() if key.startswith("gain 0.0")]
    lost = [theirs - ours for key, (ours, theirs) in found.items() if not key.startswith("gain 0.0")]
    return {"equal_mean": float(np.mean(equal)), "equal_worst": max(equal), "power_lost": max(lost), **found}


def main() -> None:
    """Measure, and print one JSON object last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=400)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    asked = parser.parse_args()
    found: dict[str, object] = {}
    if "time" in asked.only:
        found |= measure_time(asked.seeds)
    if "power" in asked.only:
        found |= measure_power(asked.seeds)
    if "rankings" in asked.only:
        found |= {f"rankings, {key}": value for key, value in measure_units(asked.seeds, most=20).items()}
    if "completions" in asked.only:
        found |= {f"completions, {key}": value for key, value in measure_units(asked.seeds, most=5).items()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
