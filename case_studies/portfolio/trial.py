"""How strategies would have done, month by month, and whether risks came out as promised."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from domains.optimization import Backtest, InvestmentTask, summarise_backtest
from shared.data import WalkForward
from shared.data.splits import Split
from shared.evaluation import Comparison, Scores, compare, evaluate

from .market import Market
from .settings import PortfolioSettings
from .strategies import EQUAL, FORECAST, NO_VIEW, PARITY, PAST, LeanedOnMeans, loosen, make_allocator

__all__ = ["FEW_MONTHS", "LEARNT_MONTHS", "METRIC", "SWINGS", "Trial", "find_months", "try_strategies", "try_views"]

METRIC, SWINGS = "log_growth", "volatility"
# Months without which a backtest is too short to say anything of.
FEW_MONTHS = 12
# Months without which the forecast learns nothing: a year of lags, and two years to learn from.
LEARNT_MONTHS = 36
VIEWS = 3
RIVALS = ("minimum variance", "maximum Sharpe", PARITY, "CVaR")


@dataclass(frozen=True)
class Trial:
    """A backtest.

    Attributes
    ----------
    scores : Scores
    backtest : Backtest
    months : int
    chosen : str
        The strategy that decides today, by its name in the backtest.
    kept : float
        How many times the promised volatility came, over all months; NaN where nobody promised.
    forecast : Comparison, optional
        The forecast beside past means, month by month.
    calm : Comparison, optional
        The volatility of the chosen strategy within each month beside that of equal weights.

    >>> table = pd.DataFrame({"sharpe": [1.0, 1.2]}, index=["1/N", "risk parity"])
    >>> gaps = pd.DataFrame({"difference": [0.2], "low": [0.1], "high": [0.3]}, index=["risk parity"])
    >>> backtest = Backtest(table, pd.DataFrame(), "1/N", gaps, 2)
    >>> empty = pd.DataFrame()
    >>> Trial(Scores(empty, empty, empty, ("1/N",)), backtest, 24, "risk parity").differs("risk parity")
    True
    """

    scores: Scores
    backtest: Backtest
    months: int
    chosen: str
    kept: float = np.nan
    forecast: Comparison | None = None
    calm: Comparison | None = None

    def value(self, name: str, what: str) -> float:
        """A figure of a strategy, by the column of the backtest's table.

        Parameters
        ----------
        name, what : str
        """
        return float(self.backtest.table[what][name])

    def gap(self, name: str) -> tuple[float, float, float]:
        """Sharpe ratio of a strategy less the baseline's, with its interval.

        Parameters
        ----------
        name : str
        """
        found = self.backtest.differences
        return float(found["difference"][name]), float(found["low"][name]), float(found["high"][name])

    def differs(self, name: str) -> bool:
        """Whether the Sharpe ratio of a strategy is shown to differ from the baseline's.

        Parameters
        ----------
        name : str
        """
        _, low, high = self.gap(name)
        return low > 0 or high < 0


def find_months(returns: pd.DataFrame, least: int, most: int) -> list[Split]:
    """Months to walk through: before each there are enough rows to learn from.

    Parameters
    ----------
    returns : pandas.DataFrame
        Dates as index.
    least : int
        Rows before the first month.
    most : int
        Months, the last ones.

    >>> days = pd.date_range("2024-01-01", periods=200)
    >>> [f"{one.label:%d %b}" for one in find_months(pd.DataFrame({"a": 0.0}, index=days), 100, 9)]
    ['19 Apr', '19 May', '19 Jun']
    """
    if len(returns) <= least:
        return []
    begin, end = returns.index[least], returns.index[-1]
    n = min(most, 12 * (end.year - begin.year) + end.month - begin.month)
    table = pd.DataFrame({"ds": returns.index})
    splits = WalkForward("1M", every="1M", n_splits=n).splits(table) if n > 0 else []
    return [split for split in splits if len(split.train) >= least]


def try_strategies(market: Market, settings: PortfolioSettings, keep: Path | None) -> Trial | None:
    """Walk through the past with each strategy, equal weights as the baseline; nothing where there are too few months.

    Parameters
    ----------
    market : Market
    settings : PortfolioSettings
    keep : path, optional
        For pieces that are finished.

    >>> prices = pd.DataFrame({"a": [9.0, 10.0], "b": 1.0}, pd.DatetimeIndex(["2024-01-01", "2024-01-02"], name="Date"))
    >>> try_strategies(Market(prices), PortfolioSettings(), None) is None
    True
    """
    returns = market.returns
    splits = find_months(returns, settings.window, settings.months)
    if len(splits) < FEW_MONTHS:
        return None
    loose, full = loosen(market.limits), loosen(market.limits, counts=True)
    models = {name: make_allocator(name, settings, loose, market.groups) for name in RIVALS}
    chosen: str = settings.strategy
    if full.about("number of assets", "every held asset"):
        chosen = f"{settings.strategy} (few assets)"
        models = {chosen: make_allocator(settings.strategy, settings, full, market.groups), **models}
    baselines = {EQUAL: make_allocator(EQUAL, settings, loose)}
    task = _make_task(settings, returns, settings.window)
    scores = evaluate(
        models, returns, splits, [METRIC, SWINGS], baselines=baselines, task=task, n_jobs=settings.n_jobs, keep=keep
    )
    tried = len(models) + len(baselines) + VIEWS + settings.tried_elsewhere
    backtest = summarise_backtest(scores, n_tried=tried, seed=settings.seed)
    kept = _weigh_promises(scores, splits, returns, settings, chosen)
    calm = compare(scores, chosen, EQUAL, metric=SWINGS, unit="months").items[0]
    return Trial(scores, backtest, len(splits), chosen, kept, calm=calm)


def try_views(market: Market, settings: PortfolioSettings, keep: Path | None) -> Trial | None:
    """The same portfolios with returns forecast, taken from the past, and all alike; nothing where months are too few.

    Parameters
    ----------
    market : Market
    settings : PortfolioSettings
    keep : path, optional

    >>> prices = pd.DataFrame({"a": [9.0, 10.0], "b": 1.0}, pd.DatetimeIndex(["2024-01-01", "2024-01-02"], name="Date"))
    >>> try_views(Market(prices), PortfolioSettings(), None) is None
    True
    """
    returns, learnt = market.returns, max(settings.history, settings.window)
    splits = find_months(returns, learnt, settings.months)
    if len(splits) < FEW_MONTHS:
        return None
    month = round(float(np.median([len(split.test) for split in splits])))
    if learnt < LEARNT_MONTHS * month:
        return None
    asked: dict[str, Any] = {
        "recent": settings.window,
        "month": month,
        "risk_aversion": settings.risk_aversion,
        "covariance": settings.covariance,
        "limits": loosen(market.limits),
        "groups": market.groups,
    }
    models = {view: LeanedOnMeans(view, **asked) for view in (PAST, FORECAST)}
    baselines = {NO_VIEW: LeanedOnMeans(NO_VIEW, **asked)}
    task = _make_task(settings, returns, learnt)
    scores = evaluate(
        models, returns, splits, [METRIC], baselines=baselines, task=task, n_jobs=settings.n_jobs, keep=keep
    )
    tried = len(RIVALS) + 1 + VIEWS + settings.tried_elsewhere
    backtest = summarise_backtest(scores, n_tried=tried, seed=settings.seed)
    forecast = compare(scores, FORECAST, PAST, metric=METRIC, unit="months").items[0]
    return Trial(scores, backtest, len(splits), FORECAST, forecast=forecast)


def _make_task(settings: PortfolioSettings, returns: pd.DataFrame, window: int) -> InvestmentTask:
    return InvestmentTask(window=window, cost=settings.cost, ds=str(returns.index.name))


def _weigh_promises(
    scores: Scores, splits: list[Split], returns: pd.DataFrame, settings: PortfolioSettings, name: str
) -> float:
    """How many times the volatility that its rows promised each month came, over all months together."""
    rows = scores.predictions[scores.predictions["model"] == name]
    columns = [f"weight of {asset}" for asset in returns.columns]
    weights = rows.groupby("split", sort=False)[columns].first()
    values = returns.to_numpy()
    promised = []
    for split, held in zip(splits, weights.to_numpy(), strict=True):
        past = values[split.train[-settings.window :]] @ held
        promised.append(past.var(ddof=1))
    came = rows.groupby("split", sort=False)["gross"].apply(lambda one: float((one**2).mean()))
    return float(np.sqrt(came.mean() / np.mean(promised)))
