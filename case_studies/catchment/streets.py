"""Streets by how their people are served."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .reach import Reach

__all__ = ["list_streets"]


def list_streets(reach: Reach, limit: float) -> pd.DataFrame:
    """A row a street, the worst-served first.

    Parameters
    ----------
    reach : Reach
    limit : float
        Minutes.

    Returns
    -------
    pandas.DataFrame
        By street: how many are "beyond" the limit, of how many in "all", "minutes" of the mean and of the "longest"
        way, and how many are nearer to the "edge" of the map than to a place.

    >>> table = pd.DataFrame()
    >>> names = np.array(["Elm", "Oak"], dtype=object)
    >>> reach = Reach(np.array([3.0, 9.0]), np.zeros(2, int), np.ones(2), np.ones(2), names, table, [5.0])
    >>> list_streets(reach, 5.0)["beyond"].to_dict()
    {'Oak': 1.0, 'Elm': 0.0}
    """
    weight = reach.weight
    frame = pd.DataFrame(
        {
            "street": reach.streets,
            "beyond": np.where(reach.reached(limit), 0.0, weight),
            "all": weight,
            "spent": weight * reach.minutes,
            "longest": np.where(weight > 0, reach.minutes, 0.0),
            "edge": np.where(reach.edge < reach.minutes, weight, 0.0),
        }
    )
    kinds = {"beyond": "sum", "all": "sum", "spent": "sum", "longest": "max", "edge": "sum"}
    found = frame.groupby("street", sort=True).agg(kinds)
    found = found[found["all"] > 0]
    found.insert(2, "minutes", found.pop("spent") / found["all"])
    order = np.lexsort((-found["longest"].to_numpy(), -found["beyond"].to_numpy()))
    return found.iloc[order]
