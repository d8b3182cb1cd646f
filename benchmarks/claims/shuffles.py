"""Tables in which there is nothing to be found: what is asked for is dealt anew, all else stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from shared.data import datasets

__all__ = ["SHUFFLES", "deal_baskets"]

Tables = dict[str, pd.DataFrame]


def _permute(table: pd.DataFrame, column: str, seed: int, within: str = "") -> pd.DataFrame:
    """Deal the values of a column anew, over all rows or within groups of them."""
    rng = np.random.default_rng(seed)
    values = table[column].to_numpy(copy=True)
    groups = table.groupby(within, sort=False, observed=True).indices.values() if within else [np.arange(len(table))]
    for places in groups:
        values[places] = values[rng.permutation(places)]
    return table.assign(**{column: values})


def deal_baskets(orders: Any, items: Any, rng: np.random.Generator) -> Any:
    """Deal items anew so that every basket keeps its size, and every item its number of baskets.

    Items are mixed over all places; of those that a basket then holds twice, each is swapped with a place drawn at
    random, again and again, until none is there twice.

    Parameters
    ----------
    orders, items : array of shape (n,)
        Whole numbers from 0; no basket holds an item twice.
    rng : numpy.random.Generator

    >>> orders, items = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 2])
    >>> dealt = deal_baskets(orders, items, np.random.default_rng(0))
    >>> np.bincount(dealt).tolist(), pd.DataFrame({"a": orders, "b": dealt}).duplicated().any()
    ([2, 2, 1], np.False_)
    """
    items = rng.permutation(items)
    width = int(items.max()) + 1
    for _ in range(10_000):
        keys = orders.astype(np.int64) * width + items
        twice = np.flatnonzero(pd.Series(keys).duplicated().to_numpy())
        if len(twice) == 0:
            return items
        others = rng.choice(len(items), len(twice), replace=False)
        for one, other in zip(twice.tolist(), others.tolist(), strict=True):
            items[one], items[other] = items[other], items[one]
    raise RuntimeError("no such baskets were found: one of them holds nearly all items")


def _demand(seed: int) -> Tables:
    return {"": _permute(datasets.load("vic_elec"), "Demand", seed)}


def _prices(seed: int) -> Tables:
    return {"": _permute(datasets.load("epf_fr_be"), "y", seed, within="unique_id")}


def _purchases() -> pd.DataFrame:
    products = datasets.load("grocery_products")[["product_id", "product_type"]]
    products["product_id"] = products["product_id"].astype("int64")
    table = datasets.load("grocery_transactions").merge(products, on="product_id")
    return table.dropna(subset=["product_type"])


def _grocery(seed: int) -> Tables:
    columns = ["basket_id", "product_type", "week", "household_id"]
    table = _purchases()[columns].drop_duplicates(columns[:2]).reset_index(drop=True)
    items, names = pd.factorize(table["product_type"])
    dealt = deal_baskets(pd.factorize(table["basket_id"])[0], items, np.random.default_rng(seed))
    return {"": table.assign(product_type=np.asarray(names)[dealt])}


def _products(seed: int) -> Tables:
    table = _purchases()[["household_id", "product_type", "transaction_timestamp"]]
    products = datasets.load("grocery_products")[["product_type", "product_category"]].dropna()
    once = products.drop_duplicates("product_type").reset_index(drop=True)
    return {"purchases": _permute(table.reset_index(drop=True), "product_type", seed), "items": once}


def _portfolio(seed: int) -> Tables:
    """Prices whose daily changes stand in another order, one for each share."""
    table, rng = datasets.load("stocks"), np.random.default_rng(seed)
    names = [name for name in table.columns if name != "Date"]
    changes = np.log(table[names].to_numpy(dtype=float))
    steps = np.column_stack([rng.permutation(column) for column in np.diff(changes, axis=0).T])
    made = np.exp(np.vstack([changes[:1], changes[:1] + np.cumsum(steps, axis=0)]))
    return {"": pd.DataFrame(made, columns=names).assign(Date=table["Date"])[["Date", *names]]}


def _shuttle(seed: int) -> Tables:
    """Readings that belong together no more: each column is dealt anew."""
    table = datasets.load("shuttle")
    for place, name in enumerate(table.columns.drop("anomaly")):
        table = _permute(table, name, seed + 1000 * place)
    return {"": table}


SHUFFLES: dict[str, Callable[[int], Tables]] = {
    "demand": _demand,
    "prices": _prices,
    "grocery": _grocery,
    "products": _products,
    "features": lambda seed: {"": _permute(datasets.load("price_predictors"), "price", seed)},
    "marketing": lambda seed: {"": _permute(datasets.load("channels"), "sales", seed)},
    "sensors": lambda seed: {"": _permute(datasets.load("pedestrian"), "Count", seed, within="Sensor")},
    "fraud": lambda seed: {"": _permute(datasets.load("cards"), "fraud", seed)},
    "shuttle": _shuttle,
    "portfolio": _portfolio,
    "catalogue": lambda seed: {"": _permute(datasets.load("films"), "genre", seed)},
    "delivery": lambda seed: {"": _permute(datasets.load("helsinki_stops"), "load", seed)},
    "site": lambda seed: {
        "customers": datasets.load("helsinki_demand"),
        "visits": _permute(datasets.load("helsinki_visits"), "site", seed),
    },
    "catchment": lambda seed: {
        "": datasets.load("helsinki_addresses").assign(
            people=np.random.default_rng(seed).integers(1, 9, len(datasets.load("helsinki_addresses")))
        )
    },
}
