"""A small table for the examples: forty weeks of two channels, one whose returns fall and one that does little."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from .history import History
from .learning import Learnt, learn
from .plan import Plan, decide
from .settings import MarketingSettings
from .tables import Tables
from .wishes import Wishes

__all__ = ["SETTINGS", "make_example"]

SETTINGS = MarketingSettings(draws=20, sweeps=40, evaluations=200, tries=2, season=0, n_jobs=1)


@cache
def make_example() -> tuple[Learnt, Plan, Tables]:
    """Learn its curves, split its budget, and make what its report's sentences are worked out from, once a process.

    >>> learnt, plan, tables = make_example()
    >>> learnt.history.channels
    ('tv', 'web')
    """
    rng = np.random.default_rng(0)
    weeks = pd.date_range("2024-01-01", periods=40, freq="7D")
    table = pd.DataFrame({"week": weeks, "tv": rng.uniform(1, 9, 40), "web": rng.uniform(1, 9, 40)})
    table["sales"] = 50 + 10 * np.sqrt(table["tv"]) + 0.5 * table["web"] + rng.normal(0, 0.5, 40)
    history = History(table, "week", "sales", ("tv", "web"), (), "week")
    learnt, now = learn(history, SETTINGS), history.now(13)
    plan = decide(learnt.model, now, history.most, Wishes(total=float(now.sum())), SETTINGS, tuple(learnt.doubts()))
    return learnt, plan, Tables.of(learnt, plan, None)
