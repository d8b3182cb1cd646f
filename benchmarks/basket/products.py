"""A year of purchases, product by product: time and memory of one process, loading included, and a second engine."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.basket.data import purchases
from domains.basket import frequent_itemsets

__all__ = ["products"]

SUPPORT, HIGHER = 0.0002, 0.005


def products() -> dict[str, Any]:
    """Run the search in a process of its own; compare with mlxtend's engine at a higher support."""
    start = time.perf_counter()
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.basket.products"], capture_output=True, text=True, check=True
    )
    seconds = time.perf_counter() - start
    found: dict[str, Any] = json.loads(made.stdout.strip().splitlines()[-1])
    baskets = purchases()
    ours, theirs = (frequent_itemsets(baskets, HIGHER, engine=engine) for engine in ("hexad", "mlxtend"))
    same = {frozenset(ours.names(k)): int(ours.counts[k]) for k in range(len(ours))} == {
        frozenset(theirs.names(k)): int(theirs.counts[k]) for k in range(len(theirs))
    }
    if not same:
        raise SystemExit("mlxtend and Hexad find different itemsets of products")
    print(
        f"products: {found['products_sets']:,} itemsets in {seconds:.1f} s and {found['products_mb']:.0f} MB;"
        f" {len(ours)} at {HIGHER} agree"
    )
    return {**found, "products_seconds": seconds, "products_same_at_higher": len(ours)}


if __name__ == "__main__":
    table = frequent_itemsets(purchases(), SUPPORT).to_frame()
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(float(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    print(json.dumps({"products_sets": len(table), "products_mb": peak}))
