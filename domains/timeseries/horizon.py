"""Parts of a horizon: the first steps, the next ones, and so on."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from shared.data import columns as names

__all__ = ["horizon_edges", "horizon_parts"]


def horizon_edges(steps: ArrayLike, parts: int) -> NDArray[Any]:
    """Steps after which the parts of a horizon end, with 0 in front.

    Parameters
    ----------
    steps : array of int
        Steps ahead, from 1.
    parts : int

    >>> horizon_edges([1, 2, 3, 4], 2).tolist()
    [0, 2, 4]
    """
    return np.unique(np.linspace(0, np.max(steps), parts + 1).round().astype(int))


def horizon_parts(parts: int = 4) -> Callable[[pd.DataFrame], Any]:
    """What labels each prediction by its part of the horizon, for ``Scores.by``.

    Steps that a gap leaves out, and parts beyond a short horizon, do not come.

    Parameters
    ----------
    parts : int

    >>> horizon_parts(2)(pd.DataFrame({"step": [1, 2, 3, 4]})).tolist()
    ['steps 1 to 2', 'steps 1 to 2', 'steps 3 to 4', 'steps 3 to 4']
    """

    def label(predictions: pd.DataFrame) -> Any:
        steps = predictions[names.STEP].to_numpy()
        edges = horizon_edges(steps, parts)
        labels = [f"steps {first + 1} to {last}" for first, last in pairwise(edges)]
        places = np.searchsorted(edges, steps, side="left") - 1
        return pd.Categorical([labels[place] for place in places], labels, ordered=True)

    return label
