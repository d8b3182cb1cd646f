"""How often intervals hold what comes, on series whose truth is known: python -m benchmarks.intervals.

Every world is drawn anew for each series; `AutoForecaster` and `LagForecaster` forecast a week at 95 %, alone (a fit a
series) and in a panel, with all rows learnt from or the last ones only taken in by `update`. Options: --series N,
--worlds, --models, --lengths, --alone N (series of each world that are fitted alone). The last line is one JSON object.
"""

from __future__ import annotations

import os

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))

import argparse  # noqa: E402
import json  # noqa: E402
import warnings  # noqa: E402
from collections.abc import Callable  # noqa: E402
from time import process_time  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from domains.timeseries import AutoForecaster, LagForecaster  # noqa: E402
from shared.errors import HexadError  # noqa: E402
from shared.typing import Floats  # noqa: E402

HORIZON, LEVEL = 7, 95
World = Callable[[np.random.Generator, int], Floats]


def noise(rng: np.random.Generator, n: int) -> Floats:
    """White noise around a level."""
    return 10 + rng.normal(size=n)


def walk(rng: np.random.Generator, n: int) -> Floats:
    """A random walk."""
    return 50 + rng.normal(size=n).cumsum()


def trend(rng: np.random.Generator, n: int) -> Floats:
    """A straight line and noise."""
    return 10 + 0.2 * np.arange(n) + rng.normal(size=n)


def season(rng: np.random.Generator, n: int) -> Floats:
    """A week and noise."""
    return 20 + 5 * np.sin(2 * np.pi * np.arange(n) / 7) + rng.normal(size=n)


def shift(rng: np.random.Generator, n: int) -> Floats:
    """A level that went from 10 to 100, at least 20 rows before the origin."""
    change = int(rng.integers(max(2, n - HORIZON - 60), n - HORIZON - 19))
    return np.where(np.arange(n) < change, 10.0, 100.0) + rng.normal(size=n)


def revived(rng: np.random.Generator, n: int) -> Floats:
    """All zero, then sold."""
    change = int(rng.integers(max(2, n - HORIZON - 60), n - HORIZON - 19))
    return np.where(np.arange(n) < change, 0, rng.poisson(20, n)).astype(float)


def sparse(rng: np.random.Generator, n: int) -> Floats:
    """Counts, mostly zero."""
    return rng.poisson(rng.uniform(0.05, 1.0), n).astype(float)


def constant(rng: np.random.Generator, n: int) -> Floats:
    """One value, of any unit."""
    return np.full(n, 10.0 ** rng.uniform(-3, 6))


WORLDS: dict[str, World] = {
    made.__name__: made for made in (noise, walk, trend, season, shift, revived, sparse, constant)
}
MODELS: dict[str, Callable[[], Any]] = {
    "auto": lambda: AutoForecaster(horizon=HORIZON),
    "lag": lambda: LagForecaster(horizon=HORIZON),
}


def table_of(series: Floats) -> pd.DataFrame:
    """Series of equal length as a long table."""
    n = series.shape[1]
    return pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(len(series)), n),
            "ds": np.tile(pd.date_range("2024-01-01", periods=n), len(series)),
            "y": series.ravel(),
        }
    )


def forecast(make: Callable[[], Any], series: Floats, later: int) -> tuple[Floats, Floats, Floats]:
    """Median and bounds for the last week of some series, (n, horizon) each; the last rows before come by update."""
    known = series[:, :-HORIZON]
    model = make().fit(table_of(known[:, : known.shape[1] - later]))
    if later:
        table = table_of(known)
        model.update(table[table.groupby("unique_id").cumcount() >= known.shape[1] - later])
    frame = model.predict(levels=[LEVEL]).to_frame()
    shape = (len(series), HORIZON)
    median, low, high = (frame[name].to_numpy().reshape(shape) for name in ("median", f"lo-{LEVEL}", f"hi-{LEVEL}"))
    return median, low, high


def measure(make: Callable[[], Any], series: Floats, alone: bool, later: int) -> dict[str, float]:
    """Coverage, how far bounds lie beyond what a series has done in units of its range, width, refusals."""
    parts = [series[i : i + 1] for i in range(len(series))] if alone else [series]
    found, refused, began = [], 0, process_time()
    for part in parts:
        try:
            mean, low, high = forecast(make, part, later)
        except HexadError as error:
            refused += len(part)
            print("   refused:", str(error)[:150])
            continue
        true, known = part[:, -HORIZON:], part[:, :-HORIZON]
        least, most = known.min(axis=1)[:, None], known.max(axis=1)[:, None]
        beyond = np.maximum(high - most, least - low) / np.maximum(most - least, 1e-300)
        covered = (true >= low - 1e-9 * np.abs(low)) & (true <= high + 1e-9 * np.abs(high))
        found.append((covered, np.where(most > least, beyond, 0.0), high - low, np.abs(true - mean)))
    if not found:
        return {"refused": refused}
    covered, beyond, width, missed = (np.concatenate(part) for part in zip(*found, strict=True))
    return {
        "coverage": round(float(covered.mean()), 4),
        "beyond": round(float(beyond.max()), 2),
        "width": round(float(width.mean()), 3),
        "mae": round(float(missed.mean()), 3),
        "refused": refused,
        "cpu": round(process_time() - began, 1),
    }


def main() -> None:
    """Measure what is asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--series", type=int, default=500)
    parser.add_argument("--alone", type=int)
    parser.add_argument("--worlds", nargs="*", default=list(WORLDS))
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    parser.add_argument("--lengths", nargs="*", type=int, default=[40, 120])
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    summary = {}
    for model in asked.models:
        for world in asked.worlds:
            for length in asked.lengths:
                rng = np.random.default_rng(asked.seed)
                series = np.array([WORLDS[world](rng, length + HORIZON) for _ in range(asked.series)])
                for alone in (True, False):
                    some = series[: asked.alone] if alone and asked.alone is not None else series
                    for later in (0, length // 6):
                        if len(some) == 0:
                            continue
                        name = f"{model} {world} {length} {'alone' if alone else 'panel'}{' updated' if later else ''}"
                        summary[name] = measure(MODELS[model], some, alone, later)
                        print(f"{name:38} {summary[name]}", flush=True)
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
