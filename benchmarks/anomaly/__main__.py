"""Detectors of anomalies, measured: python -m benchmarks.anomaly --data FOLDER [--only accuracy forest ...].

FOLDER holds adbench/ (ten sets of ADBench as .npz) and nab/ (eleven series of NAB). One thread, CPU time, the peer (scikit-learn's forest) and we
alternating; the last line is one JSON object.
"""

from __future__ import annotations

import os

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))

import argparse  # noqa: E402
import json  # noqa: E402
import warnings  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from benchmarks.anomaly import accuracy, budgets, forest, series, stream  # noqa: E402

PARTS = ("accuracy", "extremes", "shuttle", "budgets", "forest", "memory", "stream", "series")


def main() -> None:
    """Run the parts asked for and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder with adbench/ and nab/")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run")
    parser.add_argument("--halves", type=int, default=20, help="random halves of each set for the budgets")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    folder = given.data.resolve() / "adbench"
    parts: dict[str, Any] = {
        "accuracy": lambda: accuracy.accuracy(folder),
        "extremes": lambda: accuracy.extremes(folder),
        "shuttle": lambda: accuracy.shuttle(folder),
        "budgets": lambda: budgets.budgets(folder, given.halves),
        "forest": forest.speed,
        "memory": forest.memory,
        "stream": lambda: stream.stream(folder),
        "series": lambda: series.series(given.data.resolve() / "nab"),
    }
    found: dict[str, Any] = {}
    for part in given.only:
        found |= parts[part]()
    print(json.dumps({key: round(value, 4) if isinstance(value, float) else value for key, value in found.items()}))


if __name__ == "__main__":
    main()
