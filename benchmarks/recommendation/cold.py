"""Products that nobody has bought yet: ranked for every household by what is known of them."""

from __future__ import annotations

from collections.abc import Iterable
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks.recommendation.lists import find_share
from domains.recommendation import Recommender
from shared.data import Incidence, InteractionColumns, datasets
from shared.typing import Bools, Ints, Reals

__all__ = ["cold"]

SEEDS = range(5)
FEWEST = 30
PLAIN = ("popular types", "popular categories", "type's share of the household", "household's share of the type")
COLUMNS = InteractionColumns("household_id", "product_id", None, "transaction_timestamp")
# What of a product is given, chosen by seed 10; there squares of all products change nothing but the time.
ATTRIBUTES = ["department", "brand", "product_category", "product_type", "package_size", "manufacturer_id"]
OPTIONS: dict[str, Any] = {"attributes": ATTRIBUTES, "dense_items": 2000}


def read_products() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Purchases of products that at least thirty households bought, and the table of these products."""
    bought = datasets.load("grocery_transactions")[["household_id", "product_id", "transaction_timestamp"]]
    bought["product_id"] = bought["product_id"].astype(str)
    products = datasets.load("grocery_products")
    products["manufacturer_id"] = products["manufacturer_id"].astype(str)
    pairs = bought[["household_id", "product_id"]].drop_duplicates()
    counts = pairs["product_id"].value_counts()
    kept = counts.index[(counts >= FEWEST) & counts.index.isin(products["product_id"])]
    bought = bought[bought["product_id"].isin(kept)].drop_duplicates(ignore_index=True)
    return bought, products[products["product_id"].isin(kept)].sort_values("product_id", ignore_index=True)


class Hidden:
    """A random tenth of the products, whose purchases are hidden."""

    def __init__(self, bought: pd.DataFrame, products: pd.DataFrame, seed: int) -> None:
        self.bought, self.products = bought, products
        items = pd.Index(products["product_id"]).get_indexer(pd.Index(bought["product_id"]))
        users, self.households = pd.factorize(bought["household_id"], sort=True)
        shape = len(self.households), len(products)
        self.had = np.zeros(shape, dtype=bool)
        self.had[users, items] = True
        random = np.random.default_rng(seed)
        self.cold: Ints = np.sort(random.choice(len(products), len(products) // 10, replace=False))
        self.warm: Ints = np.setdiff1d(np.arange(len(products)), self.cold)
        self.shown = ~np.isin(items, self.cold)

    @property
    def right(self) -> Bools:
        """Which of the hidden ones each household bought."""
        return self.had[:, self.cold]

    def rank(self, **options: Any) -> Reals:
        """Our scores of the hidden products."""
        train = Incidence.from_interactions(self.bought[self.shown], COLUMNS)
        model = Recommender(**options).fit(train, self.products)
        place = pd.Index(model.items_).get_indexer(pd.Index(self.products["product_id"].iloc[self.cold]))
        return model.scores(self.households.to_numpy())[:, place]

    def popularity(self, column: str) -> Reals:
        """Mean number of households of the products of the same kind."""
        kinds, member = self._kinds(column)
        popular = (member.T @ self.had[:, self.warm].sum(axis=0)) / np.maximum(member.sum(axis=0), 1)
        return np.broadcast_to(popular[kinds[self.cold]], self.right.shape).astype(float)

    def share(self, column: str, *, of_kind: bool) -> Reals:
        """Share of the kind in what the household had, or of the kind's products that the household had."""
        kinds, member = self._kinds(column)
        warm = self.had[:, self.warm].astype(np.float32)
        total = member.sum(axis=0)[None, :] if of_kind else warm.sum(axis=1)[:, None]
        found: Reals = ((warm @ member) / np.maximum(total, 1))[:, kinds[self.cold]]
        return found

    def _kinds(self, column: str) -> tuple[Ints, Any]:
        kinds = pd.factorize(self.products[column].fillna("unknown"))[0]
        ones = np.ones(len(self.warm), dtype=np.float32)
        shape = len(self.warm), kinds.max() + 1
        return kinds, sparse.csr_array((ones, (np.arange(len(self.warm)), kinds[self.warm])), shape=shape)


def cold(seeds: Iterable[int] = SEEDS, **options: Any) -> dict[str, float]:
    """Share found of min(10, right ones), and its ratio to the best of four plain ways, over five random tenths."""
    bought, products = read_products()
    print(f"{len(products):,} products")
    rows = []
    for seed in seeds:
        hidden = Hidden(bought, products, seed)
        began = process_time()
        ours = find_share(hidden.rank(**(options or OPTIONS)), hidden.right)
        took = process_time() - began
        plain = [
            find_share(scores, hidden.right)
            for scores in (
                hidden.popularity("product_type"),
                hidden.popularity("product_category"),
                hidden.share("product_type", of_kind=False),
                hidden.share("product_type", of_kind=True),
            )
        ]
        rows.append([ours, *plain])
        told = ", ".join(f"{name} {value:.3f}" for name, value in zip(PLAIN, plain, strict=True))
        print(f"cold, seed {seed}: {ours:.4f}; {told}; {took:.1f} s", flush=True)
    mean = np.mean(rows, axis=0)
    return {"cold_products": float(mean[0]), "cold_ratio": float(mean[0] / mean[1:].max())}
