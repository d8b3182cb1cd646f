"""Ten million interactions: seconds and memory to learn from them and to recommend to ten thousand users."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from time import process_time

import numpy as np
import pandas as pd

from domains.recommendation import Recommender

__all__ = ["scale"]

N_INTERACTIONS, N_USERS, N_ITEMS = 10_000_000, 200_000, 50_000
N_ASKED = 10_000
DAYS = 365


def make_interactions(n: int = N_INTERACTIONS, n_users: int = N_USERS, n_items: int = N_ITEMS) -> pd.DataFrame:
    """Users alike in activity, items popular like one over their rank, over a year; some tastes are in it.

    Three of four are drawn from all items, the others from the tenth of them that the user's group likes.
    """
    random = np.random.default_rng(0)
    chance = np.cumsum(1 / np.arange(1, n_items + 1))
    users = random.integers(0, n_users, n, dtype=np.int32)
    items = np.searchsorted(chance, random.random(n) * chance[-1]).astype(np.int32)
    own = random.random(n) < 0.25
    items[own] = np.minimum(items[own] // 10 * 10 + users[own] % 10, n_items - 1)
    seconds = random.integers(0, DAYS * 86_400, n)
    stamps = np.datetime64("2025-01-01", "s") + seconds.astype("timedelta64[s]")
    return pd.DataFrame({"user": users, "item": items, "timestamp": stamps}, copy=False)


def gigabytes() -> float:
    """Peak of what this process held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def scale() -> dict[str, float]:
    """Measured in a process of its own, whose peak includes the table and all that is imported."""
    command = [sys.executable, "-m", "benchmarks.recommendation.scale"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    *told, last = done.stdout.strip().splitlines()
    print("\n".join(told), flush=True)
    found: dict[str, float] = json.loads(last)
    return found


def main() -> None:
    """Fit, recommend, and tell what it took."""
    small = make_interactions(20_000, 1000, 500)
    Recommender(dense_items=100).fit(small).recommend([0, 1])  # what is compiled once
    table = make_interactions()
    print(f"table: {gigabytes():.2f} GB")
    began = process_time()
    model = Recommender().fit(table)
    fitted = process_time() - began
    print(f"fit: {fitted:.1f} s, {gigabytes():.2f} GB; {'; '.join(model.notes_)}")
    users = np.random.default_rng(1).choice(N_USERS, N_ASKED, replace=False)
    began = process_time()
    bare = model.recommend(users, reasons=False)
    quick = process_time() - began
    print(f"recommend without reasons: {quick:.1f} s, {gigabytes():.2f} GB")
    began = process_time()
    told = model.recommend(users)
    slow = process_time() - began
    print(f"recommend with reasons: {slow:.1f} s, {gigabytes():.2f} GB")
    if not bare.to_frame()[["user", "item"]].equals(told.to_frame()[["user", "item"]]):
        raise SystemExit("reasons changed what is recommended")
    print(
        json.dumps(
            {
                "scale_seconds": fitted + slow,
                "scale_seconds_bare": fitted + quick,
                "scale_fit_seconds": fitted,
                "scale_gb": gigabytes(),
            }
        )
    )


if __name__ == "__main__":
    main()
