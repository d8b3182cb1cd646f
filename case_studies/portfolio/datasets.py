"""Example limits for the bundled stocks, and their sectors; made up for the study of portfolios."""

from __future__ import annotations

import pandas as pd

from shared.data.datasets import Dataset
from shared.data.schema import Column, Schema

__all__ = ["DATASETS"]

# By the sectors of the Global Industry Classification Standard; retailers as consumer firms.
SECTORS = {
    "Consumer": "BBY HD KO PEP PG WMT",
    "Energy": "CVX RRC XOM",
    "Financials": "BAC JPM",
    "Health care": "JNJ LLY MRK PFE UNH",
    "Industrials": "GE",
    "Technology": "AAPL AMD MSFT",
}


def make_limits() -> pd.DataFrame:
    """Limits as one keeps them in a spreadsheet.

    >>> make_limits()["applies_to"].tolist()
    ['every sector', 'sector = Energy']
    """
    rows = [("most in a sector", "every sector", None, "40 %"), ("most in energy", "sector = Energy", None, "10 %")]
    return pd.DataFrame(rows, columns=["name", "applies_to", "least", "most"]).astype("str").replace("None", None)


def make_sectors() -> pd.DataFrame:
    """The sector of each stock.

    >>> make_sectors().shape
    (20, 2)
    """
    rows = [(asset, sector) for sector, assets in SECTORS.items() for asset in assets.split()]
    return pd.DataFrame(sorted(rows), columns=["asset", "sector"])


DATASETS = (
    Dataset(
        "stock_limits",
        "Example limits for a portfolio of the bundled stocks",
        "made up for the example, case_studies/portfolio/datasets.py",
        "that of Hexad itself",
        "hexad",
        "case_studies",
        "portfolio/datasets.py",
        (2, 4),
        Schema(
            (
                Column("name", "text", "what the limit is called"),
                Column("applies_to", "text", "what it limits"),
                Column("least", "text", "at least", allow_missing=True),
                Column("most", "text", "at most", allow_missing=True),
            )
        ),
        make=make_limits,
        how="made up for the example",
    ),
    Dataset(
        "stock_sectors",
        "Sectors of the bundled stocks",
        "written down for the example, case_studies/portfolio/datasets.py",
        "that of Hexad itself",
        "hexad",
        "case_studies",
        "portfolio/datasets.py",
        (20, 2),
        Schema((Column("asset", "text", "the stock", unique=True), Column("sector", "text", "its sector"))),
        make=make_sectors,
        how="written down for the example",
    ),
)
