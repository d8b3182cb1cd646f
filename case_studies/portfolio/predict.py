"""The portfolio study's rule at work: new prices, the next weights, and the orders that lead to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from case_studies.common.saved_run import SavedRun
from domains.optimization import Allocator
from shared.data import datasets
from shared.data.io.tables import read_table
from shared.decision import Limits, read_groups
from shared.errors import DataError, Problem, StoreError
from shared.result import Result
from shared.runtime.config import load_settings
from shared.text import format_stamp

from .market import Market, to_prices
from .plan import Plan, plan_day
from .settings import PortfolioSettings

__all__ = ["NextOrders", "keep_rules", "predict"]

FIRST = 20  # orders that are told in the terminal; all are in the table


@dataclass(frozen=True, repr=False)
class NextOrders(Result):
    """What to buy and sell next.

    Attributes
    ----------
    plan : Plan

    >>> from domains.optimization import plan_orders
    >>> from shared.decision import Decision
    >>> orders = plan_orders({"a": 1.0}, {"a": 10.0}, cash=100.0)
    >>> decision = Decision("optimal", pd.DataFrame({"value": [1.0], "why": [""]}, index=["a"]), 1.0, 1.0)
    >>> plan = Plan(pd.Timestamp("2024-01-02"), pd.Series({"a": 1.0}), decision, orders)
    >>> NextOrders(plan).explain()[:53]
    'At the prices of Tue 2 Jan 2024: Buy 1 asset for 100.'
    """

    plan: Plan

    def to_frame(self) -> pd.DataFrame:
        """A row an asset: order, shares after it, price, value, target weight and why."""
        return self.plan.to_frame()

    def explain(self) -> str:
        """Say what is bought and sold."""
        return f"At the prices of {format_stamp(self.plan.day)}: {self.plan.orders.explain()}"


def keep_rules(market: Market, plan: Plan, settings: PortfolioSettings) -> dict[str, pd.DataFrame]:
    """Tables that the next decision needs: limits, groups, the last prices, and what is held after the orders.

    Parameters
    ----------
    market : Market
    plan : Plan
    settings : PortfolioSettings

    >>> from domains.optimization import plan_orders
    >>> from shared.decision import Decision
    >>> decision = Decision("optimal", pd.DataFrame({"value": [1.0], "why": [""]}, index=["a"]), 1.0, 1.0)
    >>> orders = plan_orders({"a": 1.0}, {"a": 10.0}, cash=100.0)
    >>> plan = Plan(pd.Timestamp("2024-01-02"), pd.Series({"a": 1.0}), decision, orders)
    >>> prices = pd.DataFrame({"a": [9.0, 10.0]}, pd.DatetimeIndex(["2024-01-01", "2024-01-02"], name="Date"))
    >>> list(keep_rules(Market(prices), plan, PortfolioSettings()))
    ['orders', 'history']
    """
    tables = {"orders": plan.to_frame(), "history": market.prices.tail(settings.window + 1).reset_index()}
    if len(market.limits):
        tables["limits"] = market.limits.to_frame().drop(columns="period")
    if market.groups:
        tables["groups"] = pd.DataFrame(market.groups).rename_axis("asset").reset_index()
    return tables


def predict(
    settings: PortfolioSettings, run: SavedRun, data: Path | str, accept_drift: bool
) -> tuple[NextOrders, list[str]]:
    """Read new prices, and decide again.

    Returns
    -------
    orders, notes

    >>> from shared.data.contract import TableContract
    >>> run = SavedRun(Path("runs/none"), "portfolio", TableContract(()))
    >>> predict(PortfolioSettings(), run, "no-such-file.csv", False)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file...
    """
    assets = [name for name in run.contract.names if name != settings.columns.time]
    columns = settings.columns.model_copy(update={"assets": assets})
    settings = settings.model_copy(update={"columns": columns})
    own = settings.own_table()
    table, reading = datasets.load_with_report("stocks", data, own=own, **settings.read_options)
    model = run.model()
    if not isinstance(model, Allocator):
        raise StoreError(f"{run.folder / 'model.hexad'} holds no model of this study. Run the study again")
    prices = to_prices(table, settings, reading.source, least=1)
    notes = [*reading.repairs]
    if accept_drift:
        notes.append("accept_drift changes nothing here: weights follow from the new prices")
    if len(prices) <= settings.window:
        before = _read(run, "history").set_index(settings.columns.time)[assets]
        zones = [getattr(frame.index, "tz", None) for frame in (before, prices)]
        if (zones[0] is None) != (zones[1] is None):
            here, there = ("without a time zone" if zone is None else f"in {zone}" for zone in zones[::-1])
            what = f"has dates {here}, but the run learnt from dates {there}"
            raise DataError(
                reading.source, [Problem(what, column=settings.columns.time, fix="Bring them to the same.")]
            )
        before = before[before.index < prices.index[0]]
        notes.append(f"{len(before):,} rows of prices from the run stand before the {len(prices):,} new ones")
        prices = to_prices(pd.concat([before, prices]).reset_index(), settings, reading.source)
    kept = {name: _read(run, name) for name in ("limits", "groups") if (run.folder / f"{name}.parquet").exists()}
    limits = Limits.from_frame(kept["limits"], source="limits.parquet") if "limits" in kept else Limits()
    groups = read_groups(kept.get("groups"), assets, "groups.parquet")
    market = Market(prices, limits, groups)
    cash, holdings, told = _take_up(settings, run)
    plan = plan_day(model.set_params(limits=limits, groups=groups), market, settings, cash, holdings)
    ordered = plan.orders.to_frame()["order"].head(FIRST)
    orders = [f"{'buy' if n > 0 else 'sell'} {abs(n):,} {name}" for name, n in ordered.items()]
    return NextOrders(plan), [*notes, told, *orders, *plan.decision.notes]


def _take_up(settings: PortfolioSettings, run: SavedRun) -> tuple[float, dict[str, float], str]:
    """Cash and shares: as the run's orders left them, unless they are stated anew."""
    before = load_settings(PortfolioSettings, run.folder / "settings.toml")
    if (settings.cash, settings.holdings) != (before.cash, before.holdings):
        return settings.cash, settings.holdings, "cash and holdings are those that were stated"
    orders = _read(run, "orders")
    held = {str(name): float(n) for name, n in zip(orders["asset"], orders["shares"], strict=True) if n}
    cash = max(0.0, before.cash - float((orders["order"] * orders["price"]).sum() + orders["fee"].sum()))
    return cash, held, "the run's orders are taken for carried out; if they were not, say --set cash=... and holdings"


def _read(run: SavedRun, name: str) -> Any:
    path = run.folder / f"{name}.parquet"
    try:
        return read_table(path)
    except (DataError, OSError) as error:
        raise StoreError(f"{path} is missing or damaged ({str(error)[:200]}). Run the study again") from error
