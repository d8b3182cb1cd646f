"""What the portfolio study reads: prices, limits and groups, checked before anything is decided by them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pandas as pd

from case_studies.common.limits import read_limits
from domains.optimization import compute_returns
from shared.data.contract import contract_of
from shared.data.io.tables import TableReport
from shared.decision import Limit, Limits, read_groups
from shared.errors import DataError, Problem, Problems
from shared.reporting import Run

from .settings import PortfolioSettings

__all__ = ["Groups", "Market", "read_market", "to_prices"]

Groups = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Market:
    """What can be bought, and what is allowed.

    Attributes
    ----------
    prices : pandas.DataFrame
        Dates as index, a column an asset.
    limits : Limits
    groups : dict of dict
        Of each map, such as sectors, the group of each asset.

    >>> Market(pd.DataFrame({"a": [10.0, 11.0]})).returns["a"].round(3).tolist()
    [0.1]
    """

    prices: pd.DataFrame
    limits: Limits = Limits()  # noqa: RUF009  # nothing in it changes
    groups: Groups = field(default_factory=dict)

    @property
    def returns(self) -> pd.DataFrame:
        """Simple returns."""
        return compute_returns(self.prices)

    @property
    def last(self) -> pd.Series:
        """Prices of the last date."""
        return self.prices.iloc[-1]


def read_market(out: Run, settings: PortfolioSettings) -> tuple[Market, TableReport]:
    """Read the bundled tables, or the user's own.

    Parameters
    ----------
    out : Run
    settings : PortfolioSettings

    Raises
    ------
    DataError
        Prices are missing or wrong, there are too few, or a limit cannot be read.

    >>> from pathlib import Path
    >>> read_market(Run("demo", Path("none"), "A demo", "", "no-such-file.csv"), PortfolioSettings())
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file...
    """
    own = settings.own_table() if out.data is not None else None

    def check(table: pd.DataFrame, source: str) -> None:
        to_prices(table, settings, source)

    table, reading = out.load_table("stocks", own, check=check)
    prices = to_prices(table, settings, reading.source)
    used = [settings.columns.time, *prices.columns]
    out.contract = replace(
        contract_of(table[used]), others=tuple(str(name) for name in table.columns if name not in used)
    )
    return Market(prices, _read_limits(out, settings), _read_groups(out, settings, list(prices.columns))), reading


def to_prices(table: pd.DataFrame, settings: PortfolioSettings, source: str, least: int | None = None) -> pd.DataFrame:
    """Bring a table to prices by date, in the order of time.

    Parameters
    ----------
    table : pandas.DataFrame
    settings : PortfolioSettings
    source : str
        For messages.
    least : int, optional
        Rows there have to be; one more than the window where left out.

    Raises
    ------
    DataError
        A column that was named is missing, prices are missing or not above 0, dates come twice, or rows are too few.

    >>> table = pd.DataFrame({"Date": pd.date_range("2024-01-01", periods=3)[::-1], "a": [3.0, 2.0, 1.0], "b": 1.0})
    >>> to_prices(table, PortfolioSettings(), "table", least=2)["a"].tolist()
    [1.0, 2.0, 3.0]
    """
    time = settings.columns.time
    problems = Problems(source)
    settings.own_table().check(table, problems)
    problems.raise_if_any()
    numbers = table.select_dtypes("number").columns
    assets = settings.columns.assets or [str(name) for name in numbers if name != time]
    if len(assets) < 2:
        what = f"has {len(assets)} columns of prices, and at least 2 are needed to choose among"
        raise DataError(source, [Problem(what, fix="Give a column an asset.")])
    prices = table.set_index(time)[assets].sort_index(kind="stable").astype(float)
    compute_returns(prices, source=source)
    least = settings.window + 1 if least is None else least
    if len(prices) < least:
        what = f"has {len(prices):,} rows of prices, and {least:,} are needed to learn from {settings.window:,} returns"
        raise DataError(source, [Problem(what, fix="Give more, or a smaller window: --set window=...")])
    return prices


def _read_limits(out: Run, settings: PortfolioSettings) -> Limits:
    """Limits of the settings, and those of the table."""
    limits = []
    if settings.most_weight < 1:
        limits.append(Limit("most in one asset", "every asset", most=settings.most_weight))
    if settings.least_weight > 0:
        limits.append(Limit("least of what is held", "every held asset", least=settings.least_weight))
    if settings.most_assets > 0:
        limits.append(Limit("assets held", "number of assets", most=settings.most_assets))
    given = read_limits(out, "stock_limits", settings.columns.limits)
    return Limits([*limits, *given], source=given.source)


def _read_groups(out: Run, settings: PortfolioSettings, assets: list[str]) -> Groups:
    if not out.has_table("groups"):
        return {}
    asked = settings.columns.groups
    table, reading = out.load_table("stock_sectors", asked.table_schema("columns.groups"), table="groups")
    maps = asked.groups or [str(name) for name in table.columns if name != asked.asset]
    return read_groups(table[[asked.asset, *maps]], assets, reading.source)
