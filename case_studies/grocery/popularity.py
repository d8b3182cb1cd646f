"""The naive way to complete a basket: what sells most."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from shared.data import Incidence

__all__ = ["Popular"]


class Popular(BaseEstimator):  # type: ignore[misc]
    """Rank items by the number of baskets that hold them.

    >>> Popular().fit(Incidence.from_lists([["a"], ["a", "b"]])).scores(Incidence.from_lists([["b"]])).tolist()
    [[2.0, 1.0]]
    """

    def fit(self, baskets: Incidence, y: object = None) -> Popular:
        """Count the baskets of every item."""
        self.items_ = baskets.items
        self.counts_ = baskets.counts.astype(float)
        return self

    def scores(self, baskets: Incidence) -> NDArray[Any]:
        """The same for every basket; shape (n_baskets, n_items)."""
        return np.broadcast_to(self.counts_, (baskets.n_rows, len(self.counts_)))
