"""Whose each basket is, as numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.data import Incidence
from shared.result import OneLine
from shared.typing import Ints

__all__ = ["Owners", "owners_of"]


@dataclass(frozen=True, eq=False, repr=False)
class Owners(OneLine):
    """Customers of baskets; every guest is one of their own, because nothing says who came again.

    Attributes
    ----------
    of_row : numpy.ndarray of int64, shape (n_baskets,)
        Number of each basket's customer.
    n : int
        Customers and guests.

    >>> Owners(np.array([0, 1, 0]), 2).n
    2
    """

    of_row: Ints
    n: int

    @property
    def repeat(self) -> bool:
        """Whether any of them has two baskets."""
        return self.n < len(self.of_row)

    def sizes(self, sizes: Ints) -> tuple[Ints, Ints, Ints]:
        """Sizes of each customer's baskets and how many have them: ``ptr, size, count``, customer after customer.

        Parameters
        ----------
        sizes : numpy.ndarray of int, shape (n_baskets,)

        >>> [part.tolist() for part in Owners(np.array([0, 1, 0]), 2).sizes(np.array([3, 2, 3]))]
        [[0, 1, 2], [3, 2], [2, 1]]
        """
        width = int(sizes.max(initial=0)) + 1
        keys, counts = np.unique(self.of_row * width + sizes, return_counts=True)
        ptr = np.searchsorted(keys, np.arange(self.n + 1) * width).astype(np.int64)
        return ptr, (keys % width).astype(np.int64), counts.astype(np.int64)


def owners_of(baskets: Incidence) -> Owners | None:
    """Whose baskets these are; None where customers are not named.

    Parameters
    ----------
    baskets : Incidence

    >>> owners_of(Incidence.from_lists([["a"]])) is None
    True
    """
    if baskets.customers is None:
        return None
    owner = np.asarray(baskets.customers, dtype=np.int64)
    guests = owner < 0
    _, known = np.unique(owner[~guests], return_inverse=True)
    found = np.empty(len(owner), dtype=np.int64)
    n_known = int(known.max(initial=-1)) + 1
    found[~guests] = known
    found[guests] = n_known + np.arange(int(guests.sum()))
    return Owners(found, n_known + int(guests.sum()))
