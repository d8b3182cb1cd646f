"""The benchmark's baskets: three files of a folder, and the bundled purchases."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from shared.data import BasketColumns, Incidence, datasets

__all__ = ["CASES", "groceries", "lists_of", "product_types", "purchases"]

CASES = {
    "groceries_0p1": ("groceries.csv.gz", 0.001, 13_492),
    "retail_0p1": ("retail.dat.gz", 0.001, 7_589),
    "retail_0p02": ("retail.dat.gz", 0.0002, 67_186),
    "mushroom_20": ("mushroom.dat.gz", 0.2, 53_583),
    "mushroom_10": ("mushroom.dat.gz", 0.1, 574_431),
}
"""File, support, and the number of itemsets that is known."""


def lists_of(folder: Path, name: str) -> list[list[Any]]:
    """Baskets of a file: names between commas, or whole numbers between blanks."""
    with gzip.open(folder / name, "rt", encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file]
    if name.startswith("groceries"):
        return [line.split(",") for line in lines]
    return [[int(text) for text in line.split()] for line in lines]


def groceries(folder: Path) -> Incidence:
    """The groceries, in the order of their file."""
    return Incidence.from_lists(lists_of(folder, "groceries.csv.gz"))


def purchases() -> Incidence:
    """All purchases of the bundled retailer, product by product."""
    return Incidence.from_frame(datasets.load("grocery_transactions"), BasketColumns("basket_id", "product_id"))


def product_types() -> Incidence:
    """The same by product type, with weeks and households; products without a type are dropped."""
    table = datasets.load("grocery_transactions")[["household_id", "basket_id", "product_id", "week"]]
    products = datasets.load("grocery_products")[["product_id", "product_type"]].dropna()
    products["product_id"] = products["product_id"].astype("int64")
    columns = BasketColumns("basket_id", "product_type", time="week", customer="household_id")
    return Incidence.from_frame(table.merge(products, on="product_id"), columns)
