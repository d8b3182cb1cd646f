"""The tables that the marketing report speaks from: the plan, what it would bring, trials, and what is true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from case_studies.common.forecasting.words import keep_scores
from shared.reporting import Evidence

from .learning import Learnt
from .plan import LEVEL, Plan
from .simulated import Simulated
from .trial import CURVES

__all__ = ["Tables"]

CLOSE = 5e-3  # of the total, below which a channel counts as unchanged
TINY = 1e-4  # gap below which it is told as this much
USUAL = 52  # periods whose mean response is taken for the usual one
ENDS = (0.05, 0.95)


@dataclass(frozen=True)
class Tables:
    """What the report's sentences are worked out from, as the run keeps it.

    Attributes
    ----------
    plan : pandas.DataFrame
        A row a channel: what is spent now, what to spend, and by how much that is changed.
    against : pandas.DataFrame
        A row a reason why no money should be moved.
    gain : pandas.DataFrame
        One row: what the split would bring beyond today's shares and beyond equal parts, with intervals.
    more : pandas.DataFrame
        A row a table with one channel: what a tenth more of spending would bring.
    scores : pandas.DataFrame
        A row a table ("own" or "series"), piece, model and metric.
    trials : pandas.DataFrame
        A row a table: the periods held out.
    truth : pandas.DataFrame
        One row, of the simulated firm: what the split really brings.
    curves : pandas.DataFrame
        A row a channel of the simulated firm: what is true, and what was learnt.
    firms : pandas.DataFrame
        A row a further simulated firm.
    """

    plan: pd.DataFrame
    against: pd.DataFrame
    gain: pd.DataFrame
    more: pd.DataFrame
    scores: pd.DataFrame
    trials: pd.DataFrame
    truth: pd.DataFrame
    curves: pd.DataFrame
    firms: pd.DataFrame

    @classmethod
    def of(cls, learnt: Learnt, plan: Plan, simulated: Simulated | None, series_recent: int = 3) -> Tables:
        """Make them from the results."""
        none = pd.DataFrame()
        walks = {"own": learnt} | ({"series": simulated.series} if simulated is not None else {})
        tried = {name: one.trial.scores for name, one in walks.items() if one.trial is not None}
        single = {
            name: (one, float(one.history.now(series_recent if name == "series" else len(plan.now)).iloc[0]))
            for name, one in walks.items()
            if len(one.history.channels) == 1
        }
        if "own" in single:
            single["own"] = (learnt, float(plan.now.iloc[0]))
        return cls(
            list_plan(plan),
            pd.DataFrame({"place": range(1, len(plan.doubts) + 1), "doubt": list(plan.doubts)}),
            sum_gain(plan, learnt),
            say_more(single),
            keep_scores(tried, "walk")["scores"] if tried else none,
            count_held_out(walks),
            none if simulated is None else sum_truth(simulated, plan),
            none if simulated is None else simulated.truth.curves.rename_axis("channel").reset_index(),
            none if simulated is None else list_firms(simulated.firms),
        )

    def kept(self) -> dict[str, pd.DataFrame]:
        """The tables by the name of their files; those without rows are left out."""
        names = ("plan", "against", "gain", "more", "scores", "trials", "truth", "curves", "firms")
        return {name: getattr(self, name) for name in names if len(getattr(self, name))}

    def rows(self, name: str, **where: object) -> Evidence:
        """Rows of one of the tables."""
        return Evidence(name, getattr(self, name), where)

    def error(self, walk: str, model: str = CURVES) -> Evidence:
        """Errors of a model in the pieces held out."""
        return self.rows("scores", walk=walk, model=model, metric="mae")


def list_plan(plan: Plan) -> pd.DataFrame:
    """The plan with the change of each channel."""
    table = plan.to_frame()
    change = table["spend"] - table["now"]
    more = (table["spend"] - plan.same.to_numpy(dtype=float)).clip(lower=0.0)
    return table.assign(
        change=change,
        size=change.abs(),
        same=change.abs() <= CLOSE * plan.total,
        range=table["high"] - table["low"],
        moved=more / max(plan.total, 1e-300),
    )


def sum_gain(plan: Plan, learnt: Learnt) -> pd.DataFrame:
    """What the split would bring, in one row."""
    usual = float(learnt.history.table[learnt.history.response].tail(USUAL).mean())
    mean, low, high = plan.gain
    equal, equal_low, equal_high = plan.gain_over_equal
    free = np.nan if plan.free is None else max(0.0, plan.free.objective - plan.decision.objective)
    row = {
        "gain": mean,
        "low": low,
        "high": high,
        "share": mean / usual if usual > 0 else np.nan,
        "over_equal": equal,
        "over_equal_low": equal_low,
        "over_equal_high": equal_high,
        "total": plan.total,
        "gap": plan.decision.gap,
        "limits_cost": free,
        "level": LEVEL / 100,
        "gap_told": max(plan.decision.gap, TINY),
    }
    return pd.DataFrame([row])


def say_more(single: Mapping[str, tuple[Learnt, float]]) -> pd.DataFrame:
    """What a tenth more on the only channel of a table would bring, by the draws."""
    rows = []
    for walk, (learnt, now) in single.items():
        at = np.array([now])
        more = pd.Series([float((one.value(1.1 * at) - one.value(at)).sum()) for one in learnt.model.steady_draws_])
        low, high = more.quantile(list(ENDS))
        rows.append({"walk": walk, "now": now, "more": float(more.mean()), "low": float(low), "high": float(high)})
    return pd.DataFrame(rows)


def count_held_out(walks: Mapping[str, Learnt]) -> pd.DataFrame:
    """Periods held out of each table, of those where any were."""
    rows = [(walk, one.trial.rows) for walk, one in walks.items() if one.trial is not None]
    return pd.DataFrame(rows, columns=["walk", "rows"])


def sum_truth(simulated: Simulated, plan: Plan) -> pd.DataFrame:
    """What the split really brings, in one row."""
    truth = simulated.truth
    came = truth.split - truth.now
    row = {"came": came, "over_equal": truth.split - truth.equal, "possible": truth.best - truth.now}
    return pd.DataFrame([{**row, "inside": plan.gain[1] <= came <= plan.gain[2]}])


def list_firms(firms: pd.DataFrame) -> pd.DataFrame:
    """Further firms, with whether the truth lay inside the interval, and whether money that was moved really gained."""
    table = firms.assign(moved=firms["moved"] > 0)
    inside = (table["low"] <= table["came"]) & (table["came"] <= table["high"])
    return table.assign(inside=inside, gained=table["moved"] & (table["came"] > 0))
