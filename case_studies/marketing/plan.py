"""The decision: a split with its proof, what it would bring and how sure that is, and searches beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from domains.optimization import (
    BayesianResponseModel,
    GeneticOptimizer,
    ParticleSwarmOptimizer,
    Real,
    ResponseCurves,
    SearchProblem,
    allocate_budget,
    spend_of,
)
from shared.decision import Decision, Limits, relative_gap
from shared.text import format_number
from shared.typing import Floats

from .limits import make_limits
from .settings import MarketingSettings
from .wishes import Wishes

__all__ = ["LEVEL", "Plan", "compare_searches", "decide"]

LEVEL = 90  # of intervals, in percent
ENDS = ((100 - LEVEL) / 2, (100 + LEVEL) / 2)
KEPT = 20  # draws for which the best split is looked for
SEARCHES = {"genetic algorithm": GeneticOptimizer, "particle swarm": ParticleSwarmOptimizer}


@dataclass(frozen=True)
class Plan:
    """What to spend.

    Attributes
    ----------
    decision : Decision
    free : Decision, optional
        What would be best without the user's own limits.
    now : pandas.Series
        What is spent now, by channel.
    same : pandas.Series
        The budget in the shares of now; what the split is compared with.
    gains, over_equal : numpy.ndarray of shape (n_draws,)
        What the split brings a period more than today's shares, and than equal parts, by each draw.
    last : pandas.DataFrame
        What one unit of money more brings at the split, by channel: the interval over draws, "low" and "high".
    searches : pandas.DataFrame
        A row a way of searching.
    doubts : tuple of str
        Why no money should be moved, as clauses; empty where it may be.

    >>> decision = Decision("optimal", pd.DataFrame({"value": [1.0]}, index=["tv"]), 1.0, 1.0)
    >>> now = pd.Series({"tv": 1.0})
    >>> Plan(decision, None, now, now, np.array([0.1, 0.2]), np.zeros(2), pd.DataFrame()).go
    True
    """

    decision: Decision
    free: Decision | None
    now: pd.Series
    same: pd.Series
    gains: Floats
    over_equal: Floats
    last: pd.DataFrame
    searches: pd.DataFrame = field(default_factory=pd.DataFrame)
    doubts: tuple[str, ...] = ()

    @property
    def go(self) -> bool:
        """Whether money may be moved."""
        return not self.doubts

    @property
    def spend(self) -> pd.Series:
        """The split."""
        return self.decision.values["value"]

    @property
    def total(self) -> float:
        """Of the split."""
        return float(self.spend.sum())

    @property
    def gain(self) -> tuple[float, float, float]:
        """What it brings a period more than today's shares of the same money: mean and interval."""
        return _sum_up(self.gains)

    @property
    def gain_over_equal(self) -> tuple[float, float, float]:
        """What it brings a period more than equal parts: mean and interval."""
        return _sum_up(self.over_equal)

    def to_frame(self) -> pd.DataFrame:
        """A row a channel: what is spent, what to spend, its range over draws, what the next unit brings, and why."""
        values = self.decision.values
        return pd.DataFrame(
            {
                "channel": [str(name) for name in values.index],
                "now": self.now.to_numpy(),
                "spend": values["value"].to_numpy(),
                "low": values["low"].to_numpy(),
                "high": values["high"].to_numpy(),
                "next": values["next"].to_numpy(),
                "next_low": self.last["low"].to_numpy(),
                "next_high": self.last["high"].to_numpy(),
                "why": values["why"].astype(str).to_numpy(),
            }
        )


def _sum_up(drawn: Floats) -> tuple[float, float, float]:
    low, high = np.percentile(drawn, ENDS)
    return float(drawn.mean()), float(low), float(high)


def decide(
    model: BayesianResponseModel,
    now: pd.Series,
    most: pd.Series,
    wishes: Wishes,
    settings: MarketingSettings,
    doubts: tuple[str, ...] = (),
) -> Plan:
    """Split the budget, and weigh what that would bring.

    Parameters
    ----------
    model : BayesianResponseModel
        Fitted.
    now, most : pandas.Series
        What is spent a period now, and at most so far, by channel.
    wishes : Wishes
    settings : MarketingSettings
    doubts : tuple of str
        Why the curves cannot be told, as clauses.

    Raises
    ------
    InfeasibleError
        Limits clash.

    >>> rng = np.random.default_rng(0)
    >>> spend = pd.DataFrame({"tv": rng.uniform(1, 9, 40), "web": rng.uniform(1, 9, 40)})
    >>> model = BayesianResponseModel(n_draws=20, sweeps=40, evaluations=200)
    >>> model = model.fit(spend, 50 + 10 * np.sqrt(spend["tv"]) + np.sqrt(spend["web"]))
    >>> settings = MarketingSettings(evaluations=200)
    >>> plan = decide(model, spend.mean(), spend.max(), Wishes(total=10.0), settings)
    >>> bool(plan.spend["tv"] > plan.spend["web"]), round(plan.total, 6)
    (True, 10.0)
    """
    curves, draws = model.steady_, model.steady_draws_
    limits = make_limits(now, most, wishes.limits, settings)
    asked: dict[str, Any] = {"groups": wishes.groups}
    step = max(1, len(draws) // KEPT)
    decision = allocate_budget(curves, wishes.total, limits=limits, draws=draws[::step][:KEPT], **asked)
    free = None
    if len(wishes.limits):
        loose = make_limits(now, most, Limits(), settings.model_copy(update={"fixed": []}))
        free = allocate_budget(curves, wishes.total, limits=loose)
    split = decision.values["value"].to_numpy()
    shares = now / now.sum() if now.sum() > 0 else pd.Series(1 / len(now), index=now.index)
    same = shares * split.sum()
    equal = np.full(len(split), split.sum() / len(split))
    gains, over_equal = (
        np.array([float((one.value(split) - one.value(other)).sum()) for one in draws]) for other in (same, equal)
    )
    told = list(doubts)
    low, high = np.percentile(gains, ENDS)
    if len(now) > 1 and not doubts and not low > 0:
        told.append(
            f"by what the table tells, the best split may bring less than today's ({LEVEL} %: {format_number(low)}"
            f" to {format_number(high)})"
        )
    searches = compare_searches(decision, curves, limits, wishes, settings) if len(now) > 1 else pd.DataFrame()
    ends = np.percentile([one.slope(split) for one in draws], ENDS, axis=0)
    last = pd.DataFrame({"low": ends[0], "high": ends[1]}, index=now.index)
    return Plan(decision, free, now, same, gains, over_equal, last, searches, tuple(told))


def compare_searches(
    decision: Decision, curves: ResponseCurves, limits: Limits, wishes: Wishes, settings: MarketingSettings
) -> pd.DataFrame:
    """Set searches of the same split beside the proof.

    Parameters
    ----------
    decision : Decision
    curves : ResponseCurves
    limits : Limits
    wishes : Wishes
    settings : MarketingSettings

    >>> curves = ResponseCurves.make(["tv", "web"], top=[10, 6], half=[4, 2])
    >>> decision = allocate_budget(curves, 8.0)
    >>> found = compare_searches(decision, curves, Limits(), Wishes(total=8.0), MarketingSettings(evaluations=2000))
    >>> bool(found["gap"].max() < 1e-3)
    True
    """
    rows = limits.to_rows(list(curves.channels), wishes.groups, kind="channel", quantities=("total",))
    single = (rows.matrix != 0).sum(axis=1) == 1
    least, most = np.zeros(len(curves)), np.full(len(curves), wishes.total)
    for row in np.flatnonzero(single):
        i = int(rows.matrix[row].argmax())
        least[i], most[i] = max(least[i], rows.lower[row]), min(most[i], rows.upper[row])
    free = float(decision.values["value"].sum() - least.sum())
    couple = rows.matrix[~single], rows.lower[~single], rows.upper[~single]
    if free <= 0 or not (most > least).any():
        return pd.DataFrame()
    most = np.maximum(most, least)

    def to_money(keys: Floats) -> Floats:
        return least + spend_of(keys, free, most - least)

    def passed(keys: Floats) -> Floats:
        held = to_money(keys) @ couple[0].T
        over = np.maximum(held - couple[2], couple[1] - held)
        return np.asarray(np.maximum(over, 0.0).sum(axis=1) - 1e-9 * wishes.total)

    problem = SearchProblem(
        lambda keys: curves.value(to_money(keys)).sum(axis=1),
        [Real(0, 1)] * len(curves),
        constraints=[passed] if len(couple[0]) else [],
        maximise=True,
    )
    made = [("proof", decision.objective, decision.gap, 0, True)]
    for name, kind in SEARCHES.items():
        size = min(50, max(4, settings.evaluations // 20))
        found = kind(evaluations=settings.evaluations, population=size, random_state=settings.seed).optimize(problem)
        short = relative_gap(found.objective, max(decision.bound, found.objective))
        made.append((name, found.objective, short, found.evaluations, found.feasible))
    return pd.DataFrame(made, columns=["way", "response", "gap", "evaluations", "feasible"])
