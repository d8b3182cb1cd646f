"""Optimization: portfolios, budgets and searches, each with a proof or an honest gap."""

from domains.optimization.budget.allocate import allocate_budget
from domains.optimization.budget.curves import ResponseCurves
from domains.optimization.budget.posterior import BayesianResponseModel
from domains.optimization.budget.response import ResponseModel, carry_over
from domains.optimization.budget.search import make_budget_problem, spend_of
from domains.optimization.budget.weeks import plan_weeks
from domains.optimization.evolution.optimizers import (
    AdaptiveOptimizer,
    GeneticOptimizer,
    ParticleSwarmOptimizer,
    SearchOptimizer,
)
from domains.optimization.evolution.problem import Binary, Order, Real, SearchProblem, Variable, Whole
from domains.optimization.evolution.result import SearchDecision
from domains.optimization.evolution.selector import EvolutionarySelector, Selection
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
    "AdaptiveOptimizer",
    "Allocator",
    "Backtest",
    "BayesianResponseModel",
    "Binary",
    "EqualWeight",
    "EvolutionarySelector",
    "Frontier",
    "GeneticOptimizer",
    "IndexTracker",
    "InvestmentTask",
    "MaximumSharpe",
    "MeanVariance",
    "MinimumCVaR",
    "MinimumVariance",
    "MomentEstimator",
    "Moments",
    "Order",
    "Orders",
    "ParticleSwarmOptimizer",
    "Real",
    "ResponseCurves",
    "ResponseModel",
    "RiskParity",
    "RuleStrategy",
    "SearchDecision",
    "SearchOptimizer",
    "SearchProblem",
    "Selection",
    "Variable",
    "Whole",
    "allocate_budget",
    "carry_over",
    "compute_cvar",
    "compute_frontier",
    "compute_returns",
    "deflate_sharpe",
    "make_budget_problem",
    "plan_orders",
    "plan_weeks",
    "spend_of",
    "summarise_backtest",
]


def __dir__() -> list[str]:
    return sorted(__all__)
