"""What the portfolio report speaks from: orders, the plan's figures, strategies, and scores month by month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from case_studies.common.forecasting.words import keep_scores
from domains.optimization import Frontier
from shared.reporting import Evidence

from .plan import Plan
from .trial import Trial


@dataclass(frozen=True)
class Tables:
    """What the report's sentences are worked out from, as the run keeps it.

    Attributes
    ----------
    orders : pandas.DataFrame
        A row an asset: what to buy or sell, what is held then and its weight.
    plan : pandas.DataFrame
        One row: the objective, what it would be without limits, what may be missing to the best, and cash left.
    frontier : pandas.DataFrame
        Volatility and expected return of each portfolio of the frontier, as shares.
    strategies : pandas.DataFrame
        A row a walk and strategy: what came of it in the past.
    passed : pandas.DataFrame
        A row a limit that whole lots pass, and by what share of the money.
    scores : pandas.DataFrame
        A row a walk, month, strategy and metric.
    """

    orders: pd.DataFrame
    plan: pd.DataFrame
    frontier: pd.DataFrame
    strategies: pd.DataFrame
    passed: pd.DataFrame
    scores: pd.DataFrame

    @classmethod
    def of(cls, plan: Plan, frontier: Frontier, trial: Trial | None, views: Trial | None) -> Tables:
        """Make them from the results."""
        walks = {name: one for name, one in (("strategies", trial), ("views", views)) if one is not None}
        return cls(
            list_orders(plan),
            sum_up(plan),
            scale_frontier(frontier),
            list_strategies(walks),
            pd.DataFrame(plan.passed, columns=["limit", "amount"]),
            keep_scores({name: one.scores for name, one in walks.items()}, "walk")["scores"]
            if walks
            else pd.DataFrame(),
        )

    def kept(self) -> dict[str, pd.DataFrame]:
        """The tables by the name of their files; those without rows are left out."""
        tables = {
            name: getattr(self, name) for name in ("orders", "plan", "frontier", "strategies", "passed", "scores")
        }
        return {name: table for name, table in tables.items() if len(table)}

    def ordered(self, **rows: object) -> Evidence:
        """Orders, or some of them."""
        return Evidence("orders", self.orders, rows)

    def planned(self) -> Evidence:
        """The plan's figures."""
        return Evidence("plan", self.plan)

    def walked(self, walk: str, strategy: str) -> Evidence:
        """What came of a strategy in one of the walks."""
        return Evidence("strategies", self.strategies, {"walk": walk, "strategy": strategy})


def list_orders(plan: Plan) -> pd.DataFrame:
    """A row an asset, the weight that is held then beside the order."""
    table = plan.to_frame()
    weight = plan.orders.table["weight"].reindex(table["asset"]).fillna(0.0).to_numpy()
    order = table["order"]
    side = np.select([order > 0, order < 0], ["buy", "sell"], "none")
    return table.assign(side=side, buy=order.clip(lower=0), sell=(-order).clip(lower=0), weight=weight)


def sum_up(plan: Plan) -> pd.DataFrame:
    """The figures of the plan, in one row."""
    decision, free = plan.decision, plan.free
    row = {
        "goal": decision.goal,
        "unit": decision.unit,
        "objective": decision.objective,
        "gap": decision.gap,
        "objective_without_limits": np.nan if free is None else free.objective,
        "cash": plan.orders.cash,
        "held": int((plan.orders.table["shares"] > 0).sum()),
    }
    return pd.DataFrame([row])


def scale_frontier(frontier: Frontier) -> pd.DataFrame:
    """Volatility and expected return a year of each point, or a period where dates tell no year."""
    periods = frontier.periods_per_year if np.isfinite(frontier.periods_per_year) else 1.0
    table = frontier.table
    return pd.DataFrame(
        {
            "volatility": np.sqrt(periods) * table["risk"].to_numpy(dtype=float),
            "expected_return": periods * table["expected_return"].to_numpy(dtype=float),
            "status": table["status"].astype(str).to_numpy(),
        }
    )


def list_strategies(walks: Mapping[str, Trial]) -> pd.DataFrame:
    """What came of each strategy, and its Sharpe ratio less that of the baseline.

    Parameters
    ----------
    walks : mapping of str to Trial
    """
    found = []
    for walk, trial in walks.items():
        backtest = trial.backtest
        gaps = backtest.differences.add_prefix("gap_").rename(columns={"gap_difference": "gap"})
        table = backtest.table.join(gaps).rename_axis("strategy").reset_index()
        kept = [trial.kept if name == trial.chosen else np.nan for name in table["strategy"]]
        became = backtest.wealth.iloc[-1].reindex(table["strategy"]).to_numpy(dtype=float)
        told = {"level": backtest.level / 100, "tried": backtest.n_tried}
        found.append(table.assign(walk=walk, months=trial.months, became=became, times_promised=kept, **told))
    table = pd.concat(found, ignore_index=True) if found else pd.DataFrame()
    return table.rename(columns={"beyond luck": "beyond_luck"})
