"""Resampling in blocks, for figures of a series in time that are no means."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from shared.checks import is_whole
from shared.errors import SettingsError
from shared.typing import Ints

__all__ = ["draw_blocks"]


def draw_blocks(n: int, *, length: float, draws: int, seed: int = 0) -> Iterator[Ints]:
    """Yield positions of resampled series: blocks of random length, wrapped round the end.

    Parameters
    ----------
    n : int
        Length of the series.
    length : float
        Mean length of a block.
    draws : int
    seed : int

    Yields
    ------
    numpy.ndarray of int, shape (n,)

    Notes
    -----
    The stationary bootstrap (Politis and Romano, Journal of the American Statistical Association 89, 1994).

    >>> [rows.tolist() for rows in draw_blocks(4, length=2, draws=1, seed=1)]
    [[0, 1, 3, 0]]
    """
    if not is_whole(n) or not is_whole(draws) or not length >= 1:
        raise SettingsError(
            f"n={n!r}, draws={draws!r}, length={length!r}: whole numbers from 1 on, and a length from 1 on"
        )
    random = np.random.default_rng(seed)
    for _ in range(draws):
        begins = random.random(n) < 1.0 / length
        begins[0] = True
        starts = random.integers(0, n, size=n)
        block = np.cumsum(begins) - 1
        first = np.flatnonzero(begins)
        yield (starts[first][block] + np.arange(n) - first[block]) % n
