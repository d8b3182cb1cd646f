"""The chapters of the portfolio report on the past: how strategies did, and whether a forecast is worth anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from domains.optimization import Backtest
from shared.text import count_of

from .sayings import percent, say_forecast, say_gaps
from .settings import PortfolioSettings
from .strategies import EQUAL
from .trial import FEW_MONTHS, LEARNT_MONTHS, Trial

BEYOND = "“Beyond luck” is the chance that a Sharpe ratio is above that of the best of as many worthless strategies."


def _table(backtest: Backtest) -> pd.DataFrame:
    found = backtest.table
    shown = pd.DataFrame(index=found.index)
    for name in ("growth", "volatility"):
        shown[name] = [percent(one) for one in found[name]]
    spans = found[["sharpe", "low", "high"]].itertuples(index=False)
    shown["Sharpe ratio"] = [f"{ratio:.2f} ({low:.2f} to {high:.2f})" for ratio, low, high in spans]
    shown["beyond luck"] = [">99 %" if one > 0.99 else percent(one, 0) for one in found["beyond luck"]]
    shown["worst fall"] = [percent(one, 0) for one in found["drawdown"]]
    shown["cost"] = [percent(one, 2) for one in found["cost"]]
    return shown


def trial_parts(trial: Trial | None, settings: PortfolioSettings) -> list[Any]:
    """Every strategy, month by month."""
    if trial is None:
        return [
            f"The prices hold fewer than {FEW_MONTHS} months after the first {settings.window:,} rows: nothing was tried."
        ]
    backtest = trial.backtest
    best = str(backtest.table["sharpe"].idxmax())
    shown = list(dict.fromkeys([EQUAL, trial.chosen, best]))
    few = (
        f" Those on how many assets are held apply to “{trial.chosen}” only."
        if trial.chosen != settings.strategy
        else ""
    )
    return [
        f"Each month, weights were found from the {settings.window:,} rows before it, bought at a cost of"
        f" {percent(settings.cost, 2)} of what is traded, and left to drift. Limits on turnover and on the expected"
        f" return are left out here.{few} Growth, volatility, Sharpe ratio and cost are {backtest.word}. {BEYOND}",
        (_table(backtest), "Strategies after costs."),
        replace(backtest, wealth=backtest.wealth[shown]).plot(),
        backtest.explain(),
        say_gaps(trial),
        trial.scores.explain_leaks(),
    ]


def view_parts(views: Trial | None, settings: PortfolioSettings) -> list[Any]:
    """A forecast beside past means and beside none."""
    if views is None:
        return [
            f"The prices are too few for it: {FEW_MONTHS} months are needed after the first {settings.history:,} rows"
            f" (--set history=...), and {LEARNT_MONTHS} months in these."
        ]
    assert views.forecast is not None  # noqa: S101  # made with every trial of views
    return [
        f"Three portfolios of the same risk aversion and limits: one takes a forecast of each asset's next month from its"
        f" past ones (learnt each month from the {settings.history:,} rows before it), one the means of the last"
        f" {settings.window:,} rows, one holds all returns to be alike.",
        (
            _table(views.backtest),
            f"Over {count_of(views.months, 'month')}, after costs, {views.backtest.word}.",
        ),
        say_forecast(views),
        f"Month by month: {views.forecast.explain()}",
        views.scores.explain_leaks(),
    ]
