"""The figures of the portfolio study, for comparing two runs."""

from __future__ import annotations

from .plan import Plan
from .trial import Trial

__all__ = ["metrics"]


def metrics(plan: Plan, trial: Trial | None, views: Trial | None) -> dict[str, float]:
    """The figures of the run."""
    found = {
        "assets held": float((plan.orders.table["shares"] > 0).sum()),
        "objective": plan.decision.objective,
        "money invested": float(plan.orders.table["value"].sum()),
        "distance from weights": plan.orders.distance,
    }
    if plan.free is not None:
        found["objective without limits"] = plan.free.objective
    for one in (trial, views):
        if one is not None:
            for name, row in one.backtest.table.iterrows():
                found |= {f"{what} of {name}": float(row[what]) for what in ("growth", "sharpe", "beyond luck")}
    if trial is not None:
        found["times promised volatility"] = trial.kept
    return found
