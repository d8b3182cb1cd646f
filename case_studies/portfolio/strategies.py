"""The strategies that are tried: with the limits, with a view of returns from a forecast, and without any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from domains.optimization import (
    Allocator,
    EqualWeight,
    MaximumSharpe,
    MeanVariance,
    MinimumCVaR,
    MinimumVariance,
    MomentEstimator,
    RiskParity,
)
from domains.timeseries import LagForecaster, Recipe
from shared.data import columns as names
from shared.decision import Limit, Limits

from .settings import PortfolioSettings

__all__ = [
    "EQUAL",
    "FORECAST",
    "NO_VIEW",
    "PARITY",
    "PAST",
    "LeanedOnMeans",
    "forecast_means",
    "loosen",
    "make_allocator",
]

EQUAL, PARITY = "1/N", "risk parity"
NO_VIEW, PAST, FORECAST = "no view of returns", "past means", "forecast"
# Months back whose returns the forecast looks at: momentum and reversal are found at these in the literature.
LAGS = (1, 2, 3, 6, 12)


def make_allocator(
    name: str, settings: PortfolioSettings, limits: Limits, groups: Any = None, holdings: Any = None
) -> Allocator:
    """Make one of the strategies by its name.

    Parameters
    ----------
    name : str
    settings : PortfolioSettings
    limits : Limits
    groups : dict of dict, optional
    holdings : mapping, optional
        Present weights.

    >>> make_allocator("CVaR", PortfolioSettings(), Limits())
    MinimumCVaR(limits=Limits(0 limits))
    """
    moments = MomentEstimator(covariance=settings.covariance, mean=settings.means)
    asked = {"limits": limits, "groups": groups, "holdings": holdings}
    made: dict[str, Callable[[], Allocator]] = {
        "minimum variance": lambda: MinimumVariance(moments=moments, **asked),
        "maximum Sharpe": lambda: MaximumSharpe(otherwise="minimum variance", moments=moments, **asked),
        "CVaR": lambda: MinimumCVaR(**asked),
        EQUAL: EqualWeight,
        PARITY: lambda: RiskParity(moments=moments),
    }
    return made[name]()


def loosen(limits: Limits, *, counts: bool = False) -> Limits:
    """Limits for a walk through the past.

    Without those on turnover and expected return, which need today's holdings or a view; and without those on how many
    assets are held, unless asked for.

    Parameters
    ----------
    limits : Limits
    counts : bool
        Whether the number of assets, and the least weight of what is held, stay limited.

    >>> loosen(Limits([Limit("few", "number of assets", most=3), Limit("cap", "every held asset", 0.1, 0.2)])).to_frame()[
    ...     ["name", "applies_to", "most"]
    ... ].values.tolist()
    [['cap', 'every asset', 0.2]]
    """
    kept = limits.without("turnover", "expected return")
    if counts:
        return kept
    held = [
        Limit(one.name, "every asset", most=one.most) for one in kept.about("every held asset") if one.most < np.inf
    ]
    return Limits([*kept.without("number of assets", "every held asset"), *held], source=limits.source)


def forecast_means(returns: pd.DataFrame, month: int) -> pd.Series:
    """Forecast the mean return a period over the next month, by a regression on the lagged returns of past months.

    Parameters
    ----------
    returns : pandas.DataFrame
        What is known; a column an asset.
    month : int
        Rows that make a month; months are counted back from the last row.

    >>> rng = np.random.default_rng(0)
    >>> forecast_means(pd.DataFrame(rng.normal(0, 0.01, (400, 3)), columns=list("abc")), 10).index.tolist()
    ['a', 'b', 'c']
    """
    logs = np.log1p(np.maximum(returns.to_numpy(dtype=float), -0.999))
    n = len(logs) // month
    months = logs[len(logs) - n * month :].reshape(n, month, -1).sum(axis=1)
    keys = [str(name) for name in returns.columns]
    panel = pd.DataFrame(
        {
            names.UNIQUE_ID: np.repeat(keys, n),
            names.DS: np.tile(np.arange(n), len(keys)),
            names.Y: months.T.ravel(),
        }
    )
    model = LagForecaster(horizon=1, recipe=Recipe(LAGS), local_scale=False, calibration_folds=0).fit(panel)
    found = model.predict().to_frame().set_index(names.UNIQUE_ID)["mean"].reindex(keys)
    # From the mean of logarithms to that of returns.
    means: pd.Series = found / month + pd.Series(logs.var(axis=0) / 2, index=keys)
    return means


class LeanedOnMeans(BaseEstimator):  # type: ignore[misc]
    """Mean-variance weights whose expected returns come from a forecast, from the past, or are all alike.

    Risks come from the last rows; a forecast learns from all that it is given.

    Parameters
    ----------
    view : str
        "forecast", "past means" or "no view of returns".
    recent : int
        Rows that risks and past means are estimated from.
    month : int
        Rows that make a month.
    risk_aversion : float
    covariance : str
        As in `MomentEstimator`.
    limits, groups
        As in `MeanVariance`.

    Attributes
    ----------
    weights_ : pandas.Series

    >>> returns = pd.DataFrame(np.random.default_rng(0).normal(0, 0.01, (400, 3)), columns=list("abc"))
    >>> float(LeanedOnMeans(NO_VIEW, month=10).fit(returns).weights_.sum().round(6))
    1.0
    """

    def __init__(
        self,
        view: str = FORECAST,
        *,
        recent: int = 250,
        month: int = 21,
        risk_aversion: float = 5.0,
        covariance: str = "sample",
        limits: object = None,
        groups: object = None,
    ) -> None:
        self.view = view
        self.recent = recent
        self.month = month
        self.risk_aversion = risk_aversion
        self.covariance = covariance
        self.limits = limits
        self.groups = groups

    def fit(self, returns: pd.DataFrame, y: object = None) -> LeanedOnMeans:
        """Find the weights, from the rows that are given and no others."""
        means: Any = {NO_VIEW: "zero", PAST: "sample"}.get(self.view)
        if means is None:
            means = forecast_means(returns, self.month)
        allocator = MeanVariance(
            risk_aversion=self.risk_aversion,
            moments=MomentEstimator(covariance=self.covariance, mean=means),
            limits=self.limits,
            groups=self.groups,
        )
        self.weights_: pd.Series = allocator.fit(returns.tail(self.recent)).weights_
        return self
