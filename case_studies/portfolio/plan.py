"""The decision of the day: weights with their proof, what limits cost, the frontier, and orders in whole lots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import clone

from domains.optimization import Allocator, Frontier, MomentEstimator, Orders, compute_frontier, plan_orders
from shared.decision import Decision, Limits
from shared.errors import DataError, Problem, SettingsError, quote
from shared.reporting import Figure

from .market import Market
from .settings import PortfolioSettings

__all__ = ["Plan", "draw_frontier", "plan_day", "weigh_holdings"]

POINTS = 25
# What limits may be about beside assets and groups: shares of the money are not compared with these.
QUANTITIES = ("number of assets", "every held asset", "turnover", "expected return")
CLOSE = 5e-5  # of all money: what is not seen in percent with two decimals


@dataclass(frozen=True)
class Plan:
    """What to do.

    Attributes
    ----------
    day : pandas.Timestamp
        Of the last prices.
    weights : pandas.Series
    decision : Decision
    orders : Orders
    free : Decision, optional
        What would be possible without any limit.
    passed : tuple of (str, float)
        Limits that the orders pass, because lots are whole, each with the share of the money by which.

    >>> decision = Decision("optimal", pd.DataFrame({"value": [1.0], "why": [""]}, index=["a"]), 1.0, 1.0)
    >>> orders = plan_orders({"a": 1.0}, {"a": 10.0}, cash=100.0)
    >>> Plan(pd.Timestamp("2024-01-02"), pd.Series({"a": 1.0}), decision, orders).to_frame()["order"].tolist()
    [10]
    """

    day: pd.Timestamp
    weights: pd.Series
    decision: Decision
    orders: Orders
    free: Decision | None = None
    passed: tuple[tuple[str, float], ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """A row an asset: orders, what is held after them, weight and why."""
        table = self.orders.table[["order", "shares", "price", "value", "fee", "target"]]
        why = self.decision.values["why"].reindex(table.index).fillna("")
        return table.assign(why=why.astype(str)).rename_axis("asset").reset_index()


def weigh_holdings(holdings: dict[str, float], prices: pd.Series, cash: float) -> dict[str, float]:
    """Weights of what is held now, of all money.

    Parameters
    ----------
    holdings : mapping
        Shares.
    prices : pandas.Series
    cash : float

    Raises
    ------
    DataError
        Something is held that has no prices.

    >>> weigh_holdings({"a": 2}, pd.Series({"a": 10.0, "b": 1.0}), 20.0)
    {'a': 0.5}
    """
    if lost := [name for name in holdings if name not in prices.index]:
        fix = "Add their column, or leave them out after selling."
        raise DataError("holdings", [Problem(f"{quote(lost)} are held, and have no prices", fix=fix)])
    values = {name: shares * float(prices[name]) for name, shares in holdings.items() if shares}
    total = cash + sum(values.values())
    if not total > 0:
        raise SettingsError("there is neither cash nor anything held: --set cash=...")
    return {name: value / total for name, value in values.items()}


def plan_day(
    allocator: Allocator, market: Market, settings: PortfolioSettings, cash: float, holdings: dict[str, float]
) -> Plan:
    """Decide from the last rows, and plan orders at the last prices.

    Parameters
    ----------
    allocator : Allocator
        With limits and groups.
    market : Market
    settings : PortfolioSettings
    cash : float
    holdings : mapping
        Shares held now.

    Raises
    ------
    InfeasibleError
        No portfolio meets the limits.

    >>> from domains.optimization import MinimumVariance
    >>> walk = np.random.default_rng(0).normal(0, 0.01, (40, 3)).cumsum(axis=0)
    >>> market = Market(pd.DataFrame(100 * np.exp(walk), pd.date_range("2024-01-01", periods=40), list("abc")))
    >>> plan = plan_day(MinimumVariance(), market, PortfolioSettings(window=30, cost=0), 1000.0, {"a": 2})
    >>> int(plan.orders.table["shares"].sum())
    11
    """
    recent, last = market.returns.tail(settings.window), market.last
    present = weigh_holdings(holdings, last, cash)
    allocator = clone(allocator).set_params(holdings=present or None).fit(recent)
    free = None
    if len(market.limits):
        free = clone(allocator).set_params(limits=Limits(), groups=None).fit(recent).decision_
    orders = plan_orders(
        allocator.weights_,
        last,
        cash=cash,
        holdings=holdings,
        lot=settings.lot,
        fee=settings.fee,
        fee_share=settings.cost,
        limits=market.limits,
        groups=market.groups,
    )
    passed = _find_passed(market, orders)
    return Plan(market.prices.index[-1], allocator.weights_, allocator.decision_, orders, free, passed)


def _find_passed(market: Market, orders: Orders) -> tuple[tuple[str, float], ...]:
    """Limits on assets and groups that weights in whole lots pass."""
    weights = orders.table["weight"].reindex([str(name) for name in market.prices.columns]).fillna(0.0)
    rows = market.limits.to_rows(list(weights.index), market.groups, quantities=QUANTITIES)
    held = rows.matrix @ weights.to_numpy()
    over = np.maximum(held - rows.upper, rows.lower - held)
    found: dict[str, float] = {}
    for name, amount in zip(rows.limits, over, strict=True):
        if amount > CLOSE:
            found[name] = max(amount, found.get(name, 0.0))
    return tuple(found.items())


def draw_frontier(plan: Plan, market: Market, settings: PortfolioSettings) -> tuple[Frontier, Figure]:
    """The frontier within the limits, and its figure with the chosen portfolio and equal weights beside it.

    Parameters
    ----------
    plan : Plan
    market : Market
    settings : PortfolioSettings

    >>> from domains.optimization import MinimumVariance
    >>> walk = np.random.default_rng(0).normal(0, 0.01, (40, 3)).cumsum(axis=0)
    >>> market = Market(pd.DataFrame(100 * np.exp(walk), pd.date_range("2024-01-01", periods=40), list("abc")))
    >>> plan = plan_day(MinimumVariance(), market, PortfolioSettings(window=30, cost=0), 1000.0, {"a": 2})
    >>> draw_frontier(plan, market, PortfolioSettings(window=30))[1].alt
    'Line: the highest expected return for each amount of risk. Points: chosen, equal weights.'
    """
    recent = market.returns.tail(settings.window)
    moments = MomentEstimator(covariance=settings.covariance, mean=settings.means)
    frontier = compute_frontier(
        recent, points=POINTS, moments=moments, limits=market.limits.without("turnover"), groups=market.groups
    )
    found = moments.fit(recent).moments_
    n = len(found.assets)
    points = {}
    for name, weights in (("chosen", plan.weights.to_numpy(dtype=float)), ("equal weights", np.full(n, 1.0 / n))):
        points[name] = (float(np.sqrt(weights @ found.covariance @ weights)), float(weights @ found.mean))
    return frontier, frontier.plot(points)
