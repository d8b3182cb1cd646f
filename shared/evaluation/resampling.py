"""The one bootstrap: rows drawn anew, alone, in blocks of neighbours, or with all rows of their cluster."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from shared.errors import HexadError
from shared.typing import Floats, Ints

__all__ = ["block_length", "bootstrap_means", "draw_rows", "percentile_interval"]

# Ends of a 95 % interval then rest on fifty draws each, and scatter by some 2 % of its width.
ROUNDS = 2000
CELLS = 4_000_000  # of one piece of draws: 32 MB


def block_length(n: int) -> int:
    """Length of blocks that keeps what is alike between neighbours: the cube root of n.

    Source: the order that minimises the error of the variance, Künsch (1989), Annals of Statistics 17(3), section 3.

    >>> block_length(27)
    3
    """
    return max(1, int(np.round(np.cbrt(n))))


def draw_rows(n: int, rounds: int, rng: np.random.Generator, *, block: int = 1) -> Iterator[Ints]:
    """Draw rows with replacement, round after round; pieces of shape (some rounds, n), so that memory stays small.

    Parameters
    ----------
    n : int
        Rows.
    rounds : int
        How often they are drawn.
    rng : numpy.random.Generator
    block : int
        Length of blocks of neighbours that are drawn together; around the end they go on at the beginning
        (Politis & Romano 1992).

    >>> next(draw_rows(4, 1, np.random.default_rng(0), block=4)).shape
    (1, 4)
    """
    blocks = -(-n // block)
    piece = max(1, CELLS // max(n, 1))
    for begin in range(0, rounds, piece):
        starts = rng.integers(0, n, size=(min(piece, rounds - begin), blocks))
        if block == 1:
            yield starts
        else:
            yield ((starts[:, :, None] + np.arange(block)) % n).reshape(len(starts), -1)[:, :n]


def bootstrap_means(
    values: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    block: int = 1,
    rounds: int = ROUNDS,
    random_state: int = 0,
) -> Floats:
    """Means of rows drawn anew.

    Parameters
    ----------
    values : array of shape (n,) or (n, k)
        Rows in the order of time where blocks are drawn; columns are drawn together.
    clusters : array of shape (n,), optional
        Label of each row's cluster: all rows of one are drawn together, as those of one customer.
    block : int
        Length of blocks of neighbouring rows (or clusters) that are drawn together; 1 for none.
    rounds : int
    random_state : int
        Seed.

    Returns
    -------
    numpy.ndarray of shape (rounds,) or (rounds, k)

    Raises
    ------
    HexadError
        There are no rows, or some are not finite.

    >>> bootstrap_means([2.0, 2.0], rounds=3).tolist()
    [2.0, 2.0, 2.0]
    """
    rows = np.asarray(values, dtype=float)
    flat = rows.ndim == 1
    rows = rows[:, None] if flat else rows
    if len(rows) == 0 or not np.isfinite(rows).all():
        raise HexadError("a bootstrap needs at least one row, all of them finite")
    sizes = None
    if clusters is not None:
        codes, labels = pd.factorize(np.asarray(clusters))
        if len(labels) < len(rows):
            sizes = np.bincount(codes).astype(float)
            rows = np.column_stack([np.bincount(codes, weights=column) for column in rows.T])
    made = []
    for picks in draw_rows(len(rows), rounds, np.random.default_rng(random_state), block=block):
        if sizes is None:
            made.append(np.column_stack([column[picks].mean(axis=1) for column in rows.T]))
        else:
            drawn = sizes[picks].sum(axis=1)
            made.append(np.column_stack([column[picks].sum(axis=1) / drawn for column in rows.T]))
    means = np.concatenate(made)
    return means[:, 0] if flat else means


def percentile_interval(draws: ArrayLike, level: float = 95.0) -> tuple[float, float]:
    """Central interval of what was drawn.

    Parameters
    ----------
    draws : array of shape (rounds,)
    level : float
        In percent.

    >>> percentile_interval([1.0, 2.0, 3.0], 50)
    (1.5, 2.5)
    """
    if not 0 < level < 100:
        raise HexadError(f"level={level} does not lie between 0 and 100 percent")
    tail = (100 - level) / 2
    low, high = np.percentile(np.asarray(draws, dtype=float), [tail, 100 - tail])
    return float(low), float(high)
