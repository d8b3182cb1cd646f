"""What the portfolio study reads: prices, limits and groups, checked before anything is decided by them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from case_studies.common.half_numbers import refuse_half_numbers
from case_studies.common.limits import read_limits
from domains.optimization import compute_returns
from shared.data.contract import contract_of
from shared.data.io.tables import TableReport
from shared.data.schema import first_rows
from shared.decision import Limit, Limits, read_groups
from shared.errors import Argument, DataError, Fix, Problem, Problems
from shared.reporting import Run
from shared.text import count_of

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
    repairs : tuple of str
        Rows that were left out because it was asked for.

    >>> Market(pd.DataFrame({"a": [10.0, 11.0]})).returns["a"].round(3).tolist()
    [0.1]
    """

    prices: pd.DataFrame
    limits: Limits = Limits()  # noqa: RUF009  # nothing in it changes
    groups: Groups = field(default_factory=dict)
    repairs: tuple[str, ...] = ()

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
    limits, groups = _read_limits(out, settings), _read_groups(out, settings, list(prices.columns))
    return Market(prices, limits, groups, _list_repairs(table, prices, settings)), reading


def _list_repairs(table: pd.DataFrame, prices: pd.DataFrame, settings: PortfolioSettings) -> tuple[str, ...]:
    """Say which rows were left out because it was asked for."""
    days = table[settings.columns.time].nunique()
    told = []
    if again := len(table) - days:
        told.append(f"left out {count_of(again, 'row')} of a date that comes again")
    if gone := days - len(prices):
        told.append(
            f"left out {count_of(gone, 'day')} on which a price is missing: returns then span what lies between"
        )
    return tuple(told)


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
    assets = _name_assets(table, settings, source)
    _check_days(table, time, assets, settings, source)
    prices = table.drop_duplicates(time, keep="last").set_index(time)[assets].sort_index(kind="stable").astype(float)
    if settings.missing == "leave_out":
        prices = prices.dropna()
    compute_returns(prices, source=source)
    least = settings.window + 1 if least is None else least
    if len(prices) < least:
        what = f"has {len(prices):,} rows of prices, and {least:,} are needed to learn from {settings.window:,} returns"
        raise DataError(source, [Problem(what, fix="Give more, or a smaller window: --set window=...")])
    return prices


def _name_assets(table: pd.DataFrame, settings: PortfolioSettings, source: str) -> list[str]:
    """The columns of prices: those named, or all of numbers."""
    if settings.columns.assets:
        return settings.columns.assets
    others = [str(name) for name in table.columns if name != settings.columns.time]
    problems = Problems(source)
    otherwise = "name the assets: --set columns.assets='[\"NAME\"]'"
    refuse_half_numbers(table, others, problems, lambda _: otherwise, decimal=settings.read.decimal)
    problems.raise_if_any()
    assets = [str(name) for name in table[others].select_dtypes("number").columns]
    if len(assets) < 2:
        what = f"has {count_of(len(assets), 'column')} of prices, and at least 2 are needed to choose among"
        fix = "Give a column an asset."
        if table[settings.columns.time].duplicated().any() and len(assets) < len(others):
            fix = (
                "A table with a row an asset and day is made one with a column an asset by pandas' pivot, or by a"
                " pivot table."
            )
        raise DataError(source, [Problem(what, fix=fix)])
    return assets


def _check_days(table: pd.DataFrame, time: str, assets: list[str], settings: PortfolioSettings, source: str) -> None:
    """Refuse dates that come twice, and missing prices where nobody said what becomes of them; all at once."""
    problems = Problems(source)
    twice = table[time].duplicated().to_numpy()
    if twice.any() and "keep_last_duplicate" not in settings.read.repair:
        fix = Fix("Keep one row a date, or pass ", Argument("repair", "keep_last_duplicate"), ".")
        problems.add("dates come twice", column=time, rows=first_rows(twice), count=int(twice.sum()), fix=fix)
    gone = table[assets].isna().to_numpy()
    days = int(gone.any(axis=1).sum())
    for place in np.flatnonzero(gone.any(axis=0)) if settings.missing == "refuse" else ():
        count = int(gone[:, place].sum())
        fix = Fix(
            f"Fill {'it' if count == 1 else 'them'} in, leave the asset out (--set columns.assets=...), or pass ",
            Argument("missing", "leave_out"),
            f": {count_of(days, 'day')} on which any price is missing {'is' if days == 1 else 'are'} then left out.",
        )
        what = f"{count_of(count, 'price')} {'is' if count == 1 else 'are'} missing"
        problems.add(what, column=assets[place], rows=first_rows(gone[:, place]), count=count, fix=fix)
    problems.raise_if_any()


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
