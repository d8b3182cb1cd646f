"""Basket rules, measured: python -m benchmarks.basket --data FOLDER [--peers] [--only counts speed ...].

FOLDER holds groceries.csv.gz, retail.dat.gz and mushroom.dat.gz. One thread; the last line is one JSON object.
"""

from __future__ import annotations

import os

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))

import argparse  # noqa: E402
import json  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from benchmarks.basket import completion, measures, products, speed, truth  # noqa: E402

PARTS = ("counts", "speed", "memory", "measures", "truth", "completion", "products")
PEERS = ("speed", "memory")


def main() -> None:
    """Run the parts asked for and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder with groceries, retail and mushroom")
    parser.add_argument("--peers", action="store_true", help="also run the peers, those of the extra bench, and pyfim")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run")
    given = parser.parse_args()
    folder = given.data.resolve()
    parts: dict[str, Any] = {
        "counts": lambda: speed.counts(folder),
        "speed": lambda: speed.speed(folder),
        "memory": lambda: speed.memory(folder),
        "measures": lambda: measures.measures(folder),
        "truth": lambda: truth.truth(folder),
        "completion": completion.completion,
        "products": products.products,
    }
    found: dict[str, Any] = {}
    for part in given.only:
        if given.peers or part not in PEERS:
            found |= parts[part]()
    print(json.dumps({key: round(value, 4) if isinstance(value, float) else value for key, value in found.items()}))


if __name__ == "__main__":
    main()
