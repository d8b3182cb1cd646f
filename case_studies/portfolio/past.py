"""The chapters of the portfolio report on the past: how strategies did, and whether a forecast is worth anything."""

from __future__ import annotations

from typing import Any

import pandas as pd

from case_studies.common.claims import claim_of
from domains.optimization import Backtest
from shared.reporting import Claim, Figure, Table
from shared.reporting.charts import line_figure
from shared.text import count_of

from .sayings import say_calm, say_forecast, say_gap, say_growth, say_highest, say_promise
from .settings import PortfolioSettings
from .strategies import EQUAL, FORECAST, PAST
from .tables import Tables
from .trial import FEW_MONTHS, LEARNT_MONTHS, METRIC, Trial

BEYOND = (
    "Growth and Sharpe ratio should be high; volatility, worst fall and cost low. “Beyond luck” is the chance that"
    " a Sharpe ratio is above that of as many worthless strategies."
)
POINTS = 600  # of a line


def _table(backtest: Backtest, tables: Tables, walk: str, caption: str) -> Table:
    found = backtest.table
    shown = pd.DataFrame(
        {
            "growth, %": 100 * found["growth"],
            "volatility, %": 100 * found["volatility"],
            "Sharpe ratio": found["sharpe"],
            "its interval": [
                f"{a:.2f} to {b:.2f}".replace("-", "−") for a, b in zip(found["low"], found["high"], strict=True)
            ],
            "beyond luck": [">99 %" if one > 0.99 else f"{100 * one:.0f} %" for one in found["beyond luck"]],
            "worst fall, %": 100 * found["drawdown"],
            "cost, %": 100 * found["cost"],
        },
        index=found.index,
    )
    data = tables.strategies[tables.strategies["walk"] == walk]
    return Table(shown, f"{caption} {BEYOND}", name=walk, data=data)


def trial_parts(trial: Trial | None, tables: Tables, settings: PortfolioSettings) -> list[Any]:
    """Every strategy, month by month."""
    if trial is None:
        return [
            (
                f"The prices hold fewer than {FEW_MONTHS} months after the first {settings.window:,} rows: nothing was"
                " tried."
            )
        ]
    backtest = trial.backtest
    few = (
        f" Those on how many assets are held apply to “{trial.chosen}” only."
        if trial.chosen != settings.strategy
        else ""
    )
    return [
        draw_wealth(trial, tables, settings),
        [say_growth(trial, tables), say_promise(trial, tables)],
        say_calm(trial),
        _table(backtest, tables, "strategies", f"Strategies after costs, {backtest.word}."),
        say_highest(trial, tables),
        *(say_gap(trial, tables, "strategies", str(name)) for name in backtest.differences.index),
        f"Each month, weights were found from the {settings.window:,} rows before it, bought at a cost of"
        f" {100 * settings.cost:g} % of what is traded, and left to drift. Limits on turnover and on the expected"
        f" return are left out here.{few}",
        trial.scores.explain_leaks(),
    ]


def draw_wealth(trial: Trial, tables: Tables, settings: PortfolioSettings) -> Figure:
    """What 1 became under the chosen strategy and under equal weights."""
    became = [tables.walked("strategies", name).value("became", decimals=2) for name in (trial.chosen, EQUAL)]
    title = Claim.of(
        "In the past, money became {mine} times as much this way, and {its} times with equal weights",
        mine=became[0],
        its=became[1],
    )
    wealth = trial.backtest.wealth[[trial.chosen, EQUAL]]
    part = wealth.iloc[:: max(1, len(wealth) // POINTS)]
    names = {trial.chosen: "this way", EQUAL: "equal weights"}
    return line_figure(
        {told: (list(part.index), part[name].to_numpy()) for name, told in names.items()},
        y_label=f"What 1{f' {settings.currency}' if settings.currency else ''} became, after costs",
        alt="Lines: what one unit of money became this way and with equal weights, after costs.",
        colours={"this way": "accent", "equal weights": "second"},
        title=title,
    )


def view_parts(views: Trial | None, tables: Tables, settings: PortfolioSettings) -> list[Any]:
    """A forecast beside past means and beside none."""
    if views is None:
        return [
            f"The prices are too few for it: {FEW_MONTHS} months are needed after the first {settings.history:,} rows"
            f" (--set history=...), and {LEARNT_MONTHS} months in these."
        ]
    assert views.forecast is not None  # noqa: S101  # made with every trial of views
    return [
        say_forecast(views, tables),
        "Three portfolios of the same risk aversion and limits: one takes a forecast of each asset's next month from"
        f" its past ones (learnt each month from the {settings.history:,} rows before it), one the means of the last"
        f" {settings.window:,} rows, one holds all returns to be alike.",
        _table(
            views.backtest,
            tables,
            "views",
            f"Over {count_of(views.months, 'month')}, after costs, {views.backtest.word}.",
        ),
        claim_of(
            views.forecast,
            "scores",
            called=("a forecast", "past means"),
            name="growth, month by month",
            split="origin",
            walk="views",
            metric=METRIC,
        ),
        *(say_gap(views, tables, "views", name) for name in (FORECAST, PAST)),
        views.scores.explain_leaks(),
    ]
