"""Optimization: portfolios with a proof or an honest gap."""

from domains.optimization.portfolio.allocators import (
    EqualWeight,
    IndexTracker,
    MaximumSharpe,
    MeanVariance,
    MinimumVariance,
)
from domains.optimization.portfolio.backtest import Backtest, deflate_sharpe, summarise_backtest
from domains.optimization.portfolio.base import Allocator
from domains.optimization.portfolio.frontier import Frontier, compute_frontier
from domains.optimization.portfolio.moments import MomentEstimator, Moments
from domains.optimization.portfolio.orders import Orders, plan_orders
from domains.optimization.portfolio.parity import RiskParity
from domains.optimization.portfolio.returns import compute_returns
from domains.optimization.portfolio.rules import RuleStrategy
from domains.optimization.portfolio.tails import MinimumCVaR, compute_cvar
from domains.optimization.portfolio.task import InvestmentTask

__all__ = [
    "Allocator",
    "Backtest",
    "EqualWeight",
    "Frontier",
    "IndexTracker",
    "InvestmentTask",
    "MaximumSharpe",
    "MeanVariance",
    "MinimumCVaR",
    "MinimumVariance",
    "MomentEstimator",
    "Moments",
    "Orders",
    "RiskParity",
    "RuleStrategy",
    "compute_cvar",
    "compute_frontier",
    "compute_returns",
    "deflate_sharpe",
    "plan_orders",
    "summarise_backtest",
]
