"""Whether baskets that stand next to each other are alike, as those of one customer are that nobody named."""

from __future__ import annotations

import numpy as np

from domains.basket.customers.owners import owners_of
from shared.data import Incidence

__all__ = ["say_neighbours"]

MAX_PAIRS = 20_000
LEAST_ROWS = 100
# Baskets of a week have more in common than those of a year; a half more is what only the same buyers explain.
RATIO, SPREADS = 1.5, 6.0


def say_neighbours(baskets: Incidence) -> str | None:
    """Say that baskets look as if customers made several, where customers are not named; None where they do not.

    Parameters
    ----------
    baskets : Incidence
        In the order of the table, or of time.

    >>> say_neighbours(Incidence.from_lists([["tea"], ["milk"]])) is None
    True
    """
    rows = np.arange(baskets.n_rows)
    if (owners := owners_of(baskets)) is not None:  # guests, and keys of orders, are customers of one basket each
        rows = rows[np.bincount(owners.of_row, minlength=owners.n)[owners.of_row] == 1]
    n = len(rows)
    if n < max(LEAST_ROWS, baskets.n_rows / 2):
        return None
    rng = np.random.default_rng(0)
    first = np.arange(n - 1) if n <= MAX_PAIRS else np.sort(rng.choice(n - 1, MAX_PAIRS, replace=False))
    inside = baskets.to_sparse()[rows]
    far = (first + rng.integers(2, n - 1, size=len(first))) % n
    near, other = (
        np.asarray(inside[first].multiply(inside[place]).sum(axis=1), dtype=float).ravel() for place in (first + 1, far)
    )
    spread = float(np.sqrt((near.var() + other.var()) / len(first)))
    if not spread or near.mean() < RATIO * other.mean() or near.mean() - other.mean() < SPREADS * spread:
        return None
    times = near.mean() / other.mean() if other.mean() else float("inf")
    return (
        f"baskets next to each other have {times:.1f} times as many items in common as others, as if customers had made"
        " several of them: name the customers (BasketColumns(customer=...)), or their habits pass for rules"
    )
