"""What chance is reckoned over when models are judged: splits in time, folds, or units such as users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from shared.evaluation.design import SplitDesign
from shared.evaluation.means import Means, mean_in_time, mean_of_clusters, mean_of_folds
from shared.typing import Floats

__all__ = ["LEAST", "Kind", "Sample"]

Kind = Literal["splits", "folds", "units"]

# With fewer, a t test asks for so much that its answer says more about their number than about the models: with eight,
# the difference has to be 0.84 of its spread from split to split, with four 1.6. Folds share what they learn from,
# which their variance counts as if there were half as many; five of them are common practice.
LEAST: dict[Kind, int] = {"splits": 8, "folds": 5, "units": 8}


@dataclass(frozen=True)
class Sample:
    """Values of one metric for some models, in pairs.

    Attributes
    ----------
    values : numpy.ndarray of shape (n, k)
        One column a model.
    labels : numpy.ndarray of shape (n,)
        Of the splits or units; units of one label belong together.
    kind : {"splits", "folds", "units"}
        Splits in time, in their order; other splits; units.
    design : SplitDesign

    >>> Sample(np.ones((4, 1)), np.arange(4), "splits", SplitDesign(True)).too_few
    True
    """

    values: Floats
    labels: NDArray[np.generic]
    kind: Kind
    design: SplitDesign

    @property
    def independent(self) -> float:
        """How many independent values the sample is worth: splits side by side, folds, or clusters of one size."""
        n = len(self.values)
        if self.kind == "splits":
            return float(self.design.side_by_side(n))
        if self.kind == "folds":
            return n / (1 + n * self.design.reuse)
        sizes = np.bincount(pd.factorize(self.labels, use_na_sentinel=False)[0]).astype(float)
        return float(sizes.sum() ** 2 / (sizes**2).sum())

    @property
    def too_few(self) -> bool:
        """Whether they are too few to say anything."""
        return (len(self.values) if self.kind == "folds" else self.independent) < LEAST[self.kind]

    def estimate(self, contrast: ArrayLike | None = None) -> Means:
        """Means of the models, and how sure they are.

        Parameters
        ----------
        contrast : array of shape (k,), optional
            What is asked of them; see `mean_in_time`.
        """
        if self.kind == "splits":
            return mean_in_time(self.values, self.design.overlap, contrast)
        if self.kind == "folds":
            return mean_of_folds(self.values, self.design.reuse)
        return mean_of_clusters(self.values, self.labels)

    def by_label(self) -> Floats:
        """Mean of each label's values, of shape (number of labels, k), in order of first appearance."""
        codes, keys = pd.factorize(self.labels, use_na_sentinel=False)
        if len(keys) == len(self.values):
            return self.values
        sums = np.column_stack([np.bincount(codes, weights=column) for column in self.values.T])
        return np.asarray(sums / np.bincount(codes)[:, None], dtype=float)
