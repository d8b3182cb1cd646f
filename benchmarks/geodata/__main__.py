"""Geodata, measured: python -m benchmarks.geodata --data FOLDER [--peers] [--only load streets ...].

FOLDER holds osm/ and orlib_pmed/. CPU seconds, one thread; each reading in a process of its own, peers alternate with
us; the last line is one JSON object. A part is a module of `benchmarks.geodata.parts`.
"""

from __future__ import annotations

import os

from benchmarks.geodata.readings import THREADS

os.environ.update(dict.fromkeys(THREADS, "1"))

import argparse
import importlib
import json
import pkgutil
import warnings
from pathlib import Path

from benchmarks.geodata import parts

PARTS = sorted(module.name for module in pkgutil.iter_modules(parts.__path__))


def main() -> None:
    """Run the parts asked for and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder with osm/ and orlib_pmed/")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run")
    parser.add_argument("--peers", action="store_true", help="run peers, too, where they are installed")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    found: dict[str, float | int] = {}
    for name in given.only:
        part = importlib.import_module(f"{parts.__name__}.{name}")
        print(f"{name}: {(part.__doc__ or '').splitlines()[0]}", flush=True)
        found |= part.measure(given.data.resolve(), given.peers)
    print(
        json.dumps({key: float(f"{value:.6g}") if isinstance(value, float) else value for key, value in found.items()})
    )


if __name__ == "__main__":
    main()
