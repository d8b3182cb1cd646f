"""How well the curves forecast a part held out, beside a baseline that knows nothing of advertising."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from domains.optimization import BayesianResponseModel
from shared.data import WalkForward
from shared.data import columns as names
from shared.data.splits import Split
from shared.evaluation import Comparison, Scores, compare, evaluate
from shared.evaluation.task import Stopwatch, Task
from shared.typing import Floats

from .history import History
from .settings import MarketingSettings

__all__ = ["BARE", "CURVES", "NoAdverts", "SpendTask", "Trial", "make_model", "try_held_out"]

CURVES, BARE = "with advertising", "without advertising"
SEARCHED = 1500  # points for the best fit, where the sampler begins


@dataclass(frozen=True)
class SpendTask(Task):
    """Learn from all periods before a split, and say what is sold in those after it for what is spent in them.

    Parameters
    ----------
    response : str
    spend, others : tuple of str

    >>> SpendTask("sales", ("tv",)).response
    'sales'
    """

    response: str
    spend: tuple[str, ...]
    others: tuple[str, ...] = ()

    def run(self, model: Any, data: Any, splits: Sequence[Split]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Fit on what is before each split, and ask for what is after it.

        Parameters
        ----------
        model : estimator
        data : pandas.DataFrame
        splits : sequence of Split
        """
        watch, found = Stopwatch(), []
        spend, others = data[list(self.spend)], data[list(self.others)] if self.others else None
        y = data[self.response].to_numpy(dtype=float)
        for split in splits:
            known = None if others is None else others.iloc[split.train]
            with watch("fit", split):
                model.fit(spend.iloc[split.train], y[split.train], known)
            end = int(split.test[-1]) + 1
            with watch("predict", split):
                ahead = model.predict(spend.iloc[:end], None if others is None else others.iloc[:end])
            found.append(
                pd.DataFrame({names.SPLIT: split.label, names.Y: y[split.test], names.MEAN: ahead[split.test]})
            )
        return pd.concat(found, ignore_index=True), watch.to_frame()

    def perturb(self, data: Any, split: Split) -> tuple[Any, Split]:
        """Another future: what is sold from the split on, turned round; what is spent is known.

        Parameters
        ----------
        data : pandas.DataFrame
        split : Split
        """
        y = data[self.response].to_numpy(dtype=float).copy()
        later = np.setdiff1d(np.arange(len(y)), split.train)
        y[later] = -0.5 * y[later[::-1]]
        return data.assign(**{self.response: y}), split


class NoAdverts(BaseEstimator):  # type: ignore[misc]
    """What is sold by trend, season and what else is known: the baseline that knows nothing of advertising.

    >>> NoAdverts().fit(None, [1.0, 2.0, 3.0]).predict(pd.DataFrame(index=range(4))).round(6).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """

    def fit(self, spend: Any, response: Any, others: Any = None) -> NoAdverts:
        """Solve for constant, trend and other columns.

        Parameters
        ----------
        spend : frame
            Not looked at.
        response : array
        others : frame, optional
        """
        y = np.asarray(response, dtype=float)
        self.rest_ = np.linalg.lstsq(self._base(len(y), others), y, rcond=None)[0]
        return self

    def predict(self, spend: Any, others: Any = None) -> Floats:
        """Responses from the first period on.

        Parameters
        ----------
        spend : frame
            Only counted.
        others : frame, optional
        """
        return np.asarray(self._base(len(spend), others) @ self.rest_)

    @staticmethod
    def _base(n: int, others: ArrayLike) -> Floats:
        extra = np.zeros((n, 0)) if others is None else np.asarray(others, dtype=float)
        return np.column_stack([np.ones(n), np.arange(n), extra])


@dataclass(frozen=True)
class Trial:
    """How well a part held out is forecast.

    Attributes
    ----------
    scores : Scores
    comparison : Comparison
        With advertising beside without it.
    rows : int
        Held out.

    >>> empty = pd.DataFrame()
    >>> comparison = Comparison(CURVES, BARE, "mae", 0.2, 0.1, 0.3, 7, 8, 0.01)
    >>> Trial(Scores(empty, empty, empty, (BARE,)), comparison, 8).helps
    True
    """

    scores: Scores
    comparison: Comparison
    rows: int

    @property
    def helps(self) -> bool:
        """Whether the curves forecast better than nothing known of advertising."""
        return self.comparison.difference > 0 or self.comparison.improvement > 0

    def error(self, model: str) -> float:
        """Mean absolute error.

        Parameters
        ----------
        model : str
        """
        return float(self.scores.table()["mae"][model])


def make_model(settings: MarketingSettings, *, quick: bool = False) -> BayesianResponseModel:
    """The model of the curves; a quicker one for those tries of which only forecasts are looked at.

    Parameters
    ----------
    settings : MarketingSettings
    quick : bool

    >>> make_model(MarketingSettings(), quick=True).sweeps
    250
    """
    sweeps = max(20, settings.sweeps // 4) if quick else settings.sweeps
    draws = min(settings.draws, sweeps) if quick else settings.draws
    searched = SEARCHED // 3 if quick else SEARCHED
    return BayesianResponseModel(
        n_draws=draws, sweeps=max(draws, sweeps), evaluations=searched, before="mean", random_state=settings.seed
    )


def try_held_out(history: History, settings: MarketingSettings, keep: Path | None) -> Trial | None:
    """Walk through the last rows, each piece forecast from all rows before it; None where rows are too few.

    Parameters
    ----------
    history : History
    settings : MarketingSettings
    keep : path, optional
        For pieces that are finished.

    >>> table = pd.DataFrame({"t": pd.date_range("2024-01-01", periods=9, freq="7D"), "tv": 1.0, "y": 2.0})
    >>> try_held_out(History(table, "t", "y", ("tv",), (), "week"), MarketingSettings(), None) is None
    True
    """
    n = len(history.table)
    tries = min(settings.tries, round(settings.holdout * n))
    if tries < 2:
        return None
    length = round(settings.holdout * n) // tries
    first = n - tries * length
    widest = 2 + len(history.others)
    if first < 4 * len(history.channels) + 6 + widest:
        return None
    walk = WalkForward(length, every=length, n_splits=tries, ds=history.time)
    task = SpendTask(history.response, history.channels, history.others)
    models = {CURVES: make_model(settings, quick=True)}
    scores = evaluate(
        models,
        history.table,
        walk,
        ["mae"],
        baselines={BARE: NoAdverts()},
        task=task,
        n_jobs=settings.n_jobs,
        keep=keep,
    )
    found = compare(scores, CURVES, BARE, metric="mae", unit="stretches of time").items[0]
    return Trial(scores, found, tries * length)
