"""Costs from clients to sites, and a number for each of these, checked once for all that take them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.geodata.network.costs import StreetCosts
from shared.errors import Problems, SettingsError
from shared.typing import Floats

__all__ = ["read_costs", "read_values"]

MAX_ROWS = 6


def read_costs(costs: Any) -> tuple[Floats, pd.Index[Any], pd.Index[Any]]:
    """Costs from clients to sites, checked, with what both are called.

    Parameters
    ----------
    costs : StreetCosts, frame or array of shape (n_clients, n_sites)

    Raises
    ------
    DataError, SettingsError

    >>> read_costs([[1.0, 2.0]])[0].tolist()
    [[1.0, 2.0]]
    """
    if isinstance(costs, StreetCosts):
        values, clients, sites = costs.values, costs.origins, costs.targets
    elif isinstance(costs, pd.DataFrame):
        values, clients, sites = costs.to_numpy(dtype=float), costs.index, costs.columns
    else:
        values = np.asarray(costs, dtype=float)
        if values.ndim != 2 or 0 in values.shape:
            raise SettingsError(f"costs of shape {values.shape}: give a row a client, and a column a site")
        clients, sites = pd.RangeIndex(values.shape[0]), pd.RangeIndex(values.shape[1])
    wrong = np.isnan(values) | (values < 0)
    if wrong.any():
        problems = Problems("costs")
        rows = np.flatnonzero(wrong.any(axis=1))[:MAX_ROWS] + 1
        fix = "Costs are at least 0; write infinity where there is no way."
        problems.add(f"{wrong.sum():,} values are missing or negative", rows=rows, count=int(wrong.sum()), fix=fix)
        problems.raise_if_any()
    return values, clients, sites


def read_values(values: Any, n: int, source: str, of: str) -> Floats:
    """One number of 0 or more for each site or client, not all of them 0.

    Parameters
    ----------
    values : array of shape (n,)
    n : int
    source : str
        What they are called in messages.
    of : str
        What has one each, in the plural.

    Raises
    ------
    DataError

    >>> read_values([1, 2], 2, "sizes", "sites").tolist()
    [1.0, 2.0]
    """
    numbers = np.asarray(values, dtype=float)
    problems = Problems(source)
    if numbers.shape != (n,):
        problems.add(f"there are {numbers.shape} for {n} {of}", fix="Give one each.")
        problems.raise_if_any()
    wrong = ~np.isfinite(numbers) | (numbers < 0)
    if wrong.any():
        rows = np.flatnonzero(wrong)[:MAX_ROWS] + 1
        told = f"{wrong.sum():,} values are missing, infinite or negative"
        problems.add(told, rows=rows, count=int(wrong.sum()), fix="Give 0 or more.")
    elif not numbers.any():
        problems.add("all are 0", fix="At least one has to be above 0.")
    problems.raise_if_any()
    return numbers
