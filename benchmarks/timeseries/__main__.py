"""Forecasting, measured: python -m benchmarks.timeseries --data FOLDER [--peers] [--only m4 sets ...].

FOLDER holds M4's hourly and weekly tables (see `m4`). One thread; the last line is one JSON object.
"""

from __future__ import annotations

import os

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))

import argparse  # noqa: E402
import json  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

from benchmarks.timeseries import boosting, features, m4, sets  # noqa: E402

PARTS = ("m4", "sets", "features", "boosting")
ROUNDS = 5


def measure_m4(folder: Path, peers: bool) -> dict[str, Any]:
    """Accuracy on both sets, and CPU seconds beside mlforecast's own configurations."""
    found: dict[str, Any] = {}
    for name in m4.M4_SETS:
        found |= m4.run_set(folder, name)
        if peers:
            found |= m4.beside_mlforecast(folder, name, ROUNDS)
    return found


def measure_sets(_folder: Path, _peers: bool) -> dict[str, Any]:
    """The default against the seasonal naive on every bundled set."""
    ratios = []
    print(f"\n{'set':48} series   MASE  naive  ratio")
    for one in sets.SETS:
        row = sets.score_set(one)
        ratios.append(row["ratio"])
        print(
            f"{row['set']:48} {row['series']:6} {row['mase']:6.3f} {row['naive']:6.3f} {row['ratio']:6.3f}", flush=True
        )
    return {
        "sets": len(ratios),
        "sets_worst_ratio": max(ratios),
        "sets_geometric_mean": float(np.exp(np.mean(np.log(ratios)))),
    }


def measure_features(folder: Path, peers: bool) -> dict[str, Any]:
    """Time, memory and growth of features and recursive forecasts."""
    found = features.cost_growth(3)
    if peers:
        found |= features.features(ROUNDS) | features.recursion(m4.read(folder, "hourly")[0], ROUNDS)
    return found


def measure_boosting(_folder: Path, peers: bool) -> dict[str, Any]:
    """Natural-gradient boosting beside NGBoost."""
    return boosting.speed(ROUNDS) | boosting.accuracy() if peers else {}


def main() -> None:
    """Run the parts asked for and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder with M4's hourly and weekly tables")
    parser.add_argument("--peers", action="store_true", help="also run the peers, those of the extra bench")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run")
    given = parser.parse_args()
    found: dict[str, Any] = {}
    for part in given.only:
        found |= globals()[f"measure_{part}"](given.data, given.peers)
    print(json.dumps({key: round(value, 4) if isinstance(value, float) else value for key, value in found.items()}))


if __name__ == "__main__":
    main()
