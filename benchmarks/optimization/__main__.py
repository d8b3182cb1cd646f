"""Optimization, measured: python -m benchmarks.optimization --data FOLDER [--peers] [--only cardinality cvar ...].

FOLDER holds orlib_portfolio/. CPU seconds, one thread; peers alternate with us; the last line is one JSON object.
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

from benchmarks.optimization import (  # noqa: E402
    backtests,
    budgets,
    cardinality,
    engines,
    frontiers,
    infeasible,
    selection,
)

PARTS = (
    "cardinality", "enumeration", "cvar", "quadratic", "objectives", "budgets", "searches", "weeks", "overhead", "bbob",
    "infeasible", "backtest", "selection",
)  # fmt: skip


def main() -> None:
    """Run the parts asked for and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder with orlib_portfolio/")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run")
    parser.add_argument("--peers", action="store_true", help="run peers, too, where they are installed")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    parts: dict[str, Any] = {
        "cardinality": lambda: cardinality.frontiers(given.data.resolve() / "orlib_portfolio"),
        "enumeration": cardinality.enumeration,
        "cvar": lambda: frontiers.cvar(given.peers),
        "quadratic": lambda: frontiers.quadratic(given.peers),
        "objectives": lambda: frontiers.objectives(given.peers),
        "budgets": budgets.budgets,
        "searches": budgets.searches,
        "weeks": budgets.weeks,
        "overhead": engines.overhead,
        "bbob": engines.bbob,
        "infeasible": infeasible.conflicts,
        "backtest": backtests.backtest,
        "selection": selection.selection,
    }
    found: dict[str, Any] = {}
    for part in given.only:
        found |= parts[part]()
    print(json.dumps({key: round(value, 10) if isinstance(value, float) else value for key, value in found.items()}))


if __name__ == "__main__":
    main()
