"""Costs from clients to sites, and a number for each of these, checked once for all that take them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from domains.geodata.network.costs import StreetCosts
from shared.data.io.frames import as_pandas
from shared.errors import Problems, SettingsError, quote
from shared.text import count_of
from shared.typing import Floats, Ints

__all__ = ["as_numbers", "check_order", "find_sites", "read_costs", "read_values"]

MAX_ROWS = 6


def as_numbers(values: ArrayLike, source: str) -> Floats:
    """Take an array of numbers from anything that holds them; what is none becomes NaN.

    Parameters
    ----------
    values : array, frame or series
    source : str

    Raises
    ------
    SettingsError
        Rows of different lengths, or complex numbers.

    >>> as_numbers([1, "2", None, "x"], "sizes").tolist()
    [1.0, 2.0, nan, nan]
    """
    try:
        found = np.asarray(values)
    except ValueError as error:
        raise SettingsError(f"{source} has rows of different lengths; give a table") from error
    if found.dtype.kind == "c":
        raise SettingsError(f"{source} holds complex numbers; give real ones")
    if found.dtype.kind in "biuf":
        return found.astype(float)
    flat = pd.to_numeric(pd.Series(found.ravel(), dtype=object), errors="coerce")
    return np.asarray(flat.to_numpy(dtype=float, na_value=np.nan).reshape(found.shape))


def read_costs(costs: ArrayLike) -> tuple[Floats, pd.Index[Any], pd.Index[Any]]:
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
    clients: pd.Index[Any] | None = None
    sites: pd.Index[Any] | None = None
    if isinstance(costs, StreetCosts):
        values, clients, sites = costs.values, costs.origins, costs.targets
    else:
        table = costs if isinstance(costs, pd.DataFrame) or not hasattr(costs, "columns") else as_pandas(costs, "costs")
        values = as_numbers(table, "costs")
        if isinstance(table, pd.DataFrame):
            clients, sites = table.index, table.columns
    if values.ndim != 2 or 0 in values.shape:
        raise SettingsError(f"costs of shape {values.shape}: give a row a client, and a column a site")
    clients = pd.RangeIndex(values.shape[0]) if clients is None else clients.to_flat_index()
    sites = pd.RangeIndex(values.shape[1]) if sites is None else sites.to_flat_index()
    problems = Problems("costs")
    wrong = np.isnan(values) | (values < 0)
    if wrong.any():
        rows = np.flatnonzero(wrong.any(axis=1)) + 1
        fix = "Costs are at least 0; write infinity where there is no way."
        count = int(wrong.sum())
        told = "value is missing, no number or negative" if count == 1 else "values are missing, no numbers or negative"
        problems.add(f"{count:,} {told}", rows=rows, count=len(rows), fix=fix)
    if not sites.is_unique:
        twice = sites[sites.duplicated()]
        fix = "Give every site a key of its own."
        problems.add(f"{quote(twice.unique())} names more than one site", count=len(twice), fix=fix)
    problems.raise_if_any()
    return values, clients, sites


def read_values(values: ArrayLike, labels: pd.Index[Any], source: str, of: str) -> Floats:
    """One number of 0 or more for each site or client, not all of them 0.

    Parameters
    ----------
    values : array of shape (n,)
    labels : pandas.Index
        What the sites or clients are called.
    source : str
        What the values are called in messages.
    of : str
        What has one each, in the plural.

    Raises
    ------
    DataError

    >>> read_values([1, 2], pd.Index(["a", "b"]), "sizes", "sites").tolist()
    [1.0, 2.0]
    """
    numbers = as_numbers(values, source)
    problems = Problems(source)
    if numbers.shape != (len(labels),):
        given = count_of(len(numbers), "value") if numbers.ndim == 1 else f"an array of shape {numbers.shape}"
        problems.add(f"holds {given} for {len(labels)} {of}", fix="Give one each.")
        problems.raise_if_any()
    if isinstance(values, pd.Series):
        check_order(values.index, labels, of, problems)
    wrong = ~np.isfinite(numbers) | (numbers < 0)
    if wrong.any():
        rows = np.flatnonzero(wrong)[:MAX_ROWS] + 1
        count = int(wrong.sum())
        told = "value is" if count == 1 else "values are"
        problems.add(f"{count:,} {told} missing, infinite or negative", rows=rows, count=count, fix="Give 0 or more.")
    elif not numbers.any():
        problems.add("all are 0", fix="At least one has to be above 0.")
    problems.raise_if_any()
    return numbers


def check_order(given: pd.Index[Any], labels: pd.Index[Any], of: str, problems: Problems) -> None:
    """Refuse labels in another order than those of the costs: values go by their place.

    Costs whose labels are but numbers from 0 on have none to compare with.

    Parameters
    ----------
    given, labels : pandas.Index
    of : str
    problems : Problems

    >>> problems = Problems("weights")
    >>> check_order(pd.Index(["b", "a"]), pd.Index(["a", "b"]), "clients", problems)
    >>> next(iter(problems)).what
    "names the clients in another order than the costs: 'b' stands first, not 'a'"
    """
    given = given.to_flat_index()
    if (
        isinstance(labels, pd.RangeIndex)
        or not len(given)
        or given.equals(labels)
        or not given.is_unique
        or not given.isin(labels).all()
    ):
        return
    place = int(np.flatnonzero(np.asarray(given != labels))[0])
    where = "first" if place == 0 else f"in place {place + 1}"
    problems.add(
        f"names the {of} in another order than the costs: '{given[place]}' stands {where}, not '{labels[place]}'",
        fix="Bring it in their order with reindex, or give an array.",
    )


def find_sites(keys: Any, sites: pd.Index[Any], argument: str) -> Ints:
    """Places of the sites that some keys name.

    Parameters
    ----------
    keys : sequence, or one key
    sites : pandas.Index
    argument : str
        What the keys were given as.

    Raises
    ------
    SettingsError

    >>> find_sites(["b"], pd.Index(["a", "b"]), "existing").tolist()
    [1]
    """
    alone = isinstance(keys, str) or not isinstance(keys, Iterable)
    listed = [keys] if alone else list(keys)
    places = sites.get_indexer(pd.Index(listed, tupleize_cols=False)) if listed else np.zeros(0, dtype=np.int64)
    unknown = [key for key, place in zip(listed, places, strict=True) if place < 0]
    if unknown:
        raise SettingsError(f"{argument}= names {quote(unknown)}, which is no site; there are {quote(sites)}")
    return np.asarray(places, dtype=np.int64)
