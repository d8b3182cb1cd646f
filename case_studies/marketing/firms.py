"""The test of the whole way: simulated firms, of which is known what a split really brings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from domains.optimization import BayesianResponseModel, ResponseCurves, allocate_budget
from shared.decision import Limits
from shared.runtime.parallel import map_parallel
from shared.typing import Floats

from .datasets import SEED, World, simulate_world
from .history import History, to_history
from .learning import fit_curves
from .limits import make_limits
from .plan import Plan, decide
from .settings import MarketingSettings, SpendColumns
from .wishes import Wishes

__all__ = ["Truth", "find_truth", "the_firm", "try_firms"]

FIRST = 1000  # seed of the first further firm; none of them was looked at when the study was made


@dataclass(frozen=True)
class Truth:
    """What is really so in a simulated firm.

    Attributes
    ----------
    curves : pandas.DataFrame
        A row a channel: what half of today's spending more brings a period than half of it less, by the simulator, and
        as learnt with the interval.
    now, equal, split, best : float
        What advertising really brings a period by today's shares, equal parts, the split, and the best split within the
        same limits by one who knows the curves.

    >>> Truth(pd.DataFrame(), 10.0, 9.0, 12.0, 14.0).share
    0.5
    """

    curves: pd.DataFrame
    now: float
    equal: float
    split: float
    best: float

    @property
    def share(self) -> float:
        """Of what the best split gains over today's, what the split does."""
        return (self.split - self.now) / (self.best - self.now) if self.best > self.now else float("nan")


def find_truth(
    world: World,
    history: History,
    plan: Plan,
    model: BayesianResponseModel,
    wishes: Wishes,
    settings: MarketingSettings,
) -> Truth:
    """Set what is really so beside what was learnt from the table alone.

    Parameters
    ----------
    world : World
    history : History
    plan : Plan
    model : BayesianResponseModel
    wishes : Wishes
    settings : MarketingSettings

    >>> settings = MarketingSettings(draws=20, sweeps=40, evaluations=200, firms=2, n_jobs=1)
    >>> world = the_firm()
    >>> history = to_history(world.table, settings, "the firm")
    >>> model, now = fit_curves(history, settings), history.now(13)
    >>> wishes = Wishes(total=float(now.sum()))
    >>> plan = decide(model, now, history.most, wishes, settings)
    >>> truth = find_truth(world, history, plan, model, wishes, settings)
    >>> truth.split <= truth.best * (1 + 1e-6)
    True
    """
    parts = world.truth
    true = ResponseCurves.make(list(parts.index), top=parts["top"], half=parts["half"], shape=parts["shape"])
    limits = make_limits(plan.now, history.most, wishes.limits, settings)
    best = allocate_budget(true, wishes.total, limits=limits, groups=wishes.groups).values["value"]
    now = plan.now.to_numpy()
    drawn = np.array([_move(one, now) for one in model.steady_draws_])
    low, high = np.percentile(drawn, [5, 95], axis=0)
    table = pd.DataFrame(
        {"truth": _move(true, now), "learnt": drawn.mean(axis=0), "low": low, "high": high}, index=parts.index
    )
    equal = np.full(len(now), plan.total / len(now))
    brings = [float(true.value(np.asarray(one)).sum()) for one in (plan.same, equal, plan.spend, best)]
    return Truth(table, *brings)


def _move(curves: ResponseCurves, now: Floats) -> Floats:
    return curves.value(1.5 * now) - curves.value(0.5 * now)


def try_firms(settings: MarketingSettings) -> pd.DataFrame:
    """Go the whole way for further simulated firms, and see what came true.

    Parameters
    ----------
    settings : MarketingSettings

    Returns
    -------
    pandas.DataFrame
        A row a firm: whether money was moved, what was promised with its interval, what came true, and what would have
        been possible.

    >>> settings = MarketingSettings(draws=20, sweeps=40, evaluations=200, firms=2, n_jobs=1)
    >>> try_firms(settings).columns.tolist()
    ['moved', 'promised', 'low', 'high', 'came', 'possible']
    """
    settings = settings.model_copy(update={"columns": SpendColumns(), "fixed": [], "total": 0.0})
    rows = map_parallel(
        _try_firm, [(FIRST + place, settings) for place in range(settings.firms)], n_jobs=settings.n_jobs
    )
    return pd.DataFrame(rows)


def _try_firm(piece: tuple[int, MarketingSettings]) -> dict[str, float]:
    seed, settings = piece
    world = simulate_world(seed)
    history = to_history(world.table, settings, f"firm {seed}")
    now = history.now(settings.recent)
    wishes = Wishes(Limits(), None, float(now.sum()))
    model = fit_curves(history, settings)
    few = settings.model_copy(update={"evaluations": 100})
    plan = decide(model, now, history.most, wishes, few)
    truth = find_truth(world, history, plan, model, wishes, settings)
    promised, low, high = plan.gain
    return {
        "moved": float(plan.go),
        "promised": promised,
        "low": low,
        "high": high,
        "came": truth.split - truth.now,
        "possible": truth.best - truth.now,
    }


def the_firm() -> World:
    """The bundled firm, with what it does not see.

    >>> the_firm().truth.shape
    (6, 4)
    """
    return simulate_world(SEED)
