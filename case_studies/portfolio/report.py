"""The chapters of the portfolio report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.optimization import Frontier
from shared.reporting import Figure, Run
from shared.text import count_of, join_words, sentences

from .market import Market
from .plan import Plan
from .sayings import (
    percent,
    say_forecast,
    say_limits,
    say_orders,
    say_past,
    say_portfolio,
    say_promise,
    warn_of_growth,
)
from .settings import PortfolioSettings
from .strategies import EQUAL
from .trial import Trial


def summary(
    run: Run, settings: PortfolioSettings, market: Market, plan: Plan, trial: Trial | None, views: Trial | None
) -> None:
    """Sentences for a manager and the numbers behind them."""
    n, held = len(plan.weights), int((plan.orders.table["shares"] > 0).sum())
    first, last = (f"{pd.Timestamp(day):%Y-%m-%d}" for day in market.prices.index[[0, -1]])
    run.report.subtitle = f"Decided at the prices of {last}; {n:,} assets, whose prices begin at {first}."
    run.add_summary(say_orders(plan, settings), f"{say_portfolio(plan, settings)} {say_limits(plan)}")
    run.add_fact(f"{held:,}", f"of {n:,} assets to hold")
    run.add_fact(f"{plan.decision.objective:.3g} {plan.decision.unit}".rstrip(), f"{plan.decision.goal} promised")
    if trial is not None:
        one, other = (trial.value(name, "sharpe") for name in (trial.chosen, EQUAL))
        run.add_summary(f"{say_past(trial)} {say_promise(trial)}")
        run.add_fact(f"{one:.2f}", f"Sharpe ratio in the past; equal weights {other:.2f}")
    if views is not None:
        run.add_summary(say_forecast(views))
    run.add_summary(warn_of_growth(run.data is not None, trial))


def order_parts(plan: Plan, settings: PortfolioSettings) -> list[Any]:
    """Orders, and the reason of every weight."""
    orders, values = plan.orders.to_frame(), plan.decision.values
    shown = pd.DataFrame(
        {
            "order": [f"{'buy' if n > 0 else 'sell'} {abs(n):,}" for n in orders["order"]],
            "price": [f"{one:,.2f}" for one in orders["price"]],
            "value held": [f"{one:,.0f}" for one in orders["value"]],
            "weight": [percent(one) for one in orders["weight"]],
            "wanted": [percent(one) for one in orders["target"]],
        },
        index=orders.index,
    )
    ranked = values.loc[values["value"].sort_values(ascending=False, kind="stable").index]
    out = ranked[ranked["value"] == 0]
    told = []
    if len(out) and len(set(out["why"])) == 1:  # the same of each: one sentence
        ranked = ranked[ranked["value"] != 0]
        told = [f"Not held: {join_words([str(name) for name in out.index])} ({out['why'].iloc[0]})."]
    why = pd.DataFrame({"weight": [percent(one) for one in ranked["value"]]}, index=ranked.index)
    if "risk_share" in ranked:
        why["share of the risk"] = [percent(one) for one in ranked["risk_share"]]
    why["why"] = ranked["why"]
    return [
        plan.orders.explain(),
        (shown, f"Orders at the prices of {plan.day:%Y-%m-%d}, in lots of {count_of(settings.lot, 'share')}."),
        (why, "Wanted weights, with what holds them; where nothing is said, more or less of it would be worse."),
        *told,
    ]


def limit_parts(plan: Plan, market: Market) -> list[Any]:
    """The limits, those that bind, and what they cost."""
    if plan.free is None:
        return ["No limits were set. --set most_weight=0.1, or a table of limits (--data limits=FILE), sets some."]
    unit = plan.decision.unit or f"of the {plan.decision.goal}"
    binding = plan.decision.binding
    rows = []
    for one in market.limits:
        found = binding[binding["limit"] == one.name]
        price = float(found["price"].abs().max()) / 100 if len(found) else 0.0
        gain = "" if not len(found) else f"{price:.3f}" if price > 0 else "not known"
        bounds = ["" if not np.isfinite(side) else f"{side:g}" for side in (one.least, one.most)]
        rows.append((one.name, one.applies_to, *bounds, "yes" if len(found) else "no", gain))
    names = ["limit", "applies to", "least", "most", "holds back", "gain"]
    table = pd.DataFrame(rows, columns=names).set_index("limit")
    gain = f"The gain is what the {plan.decision.goal} would improve by with a hundredth more room, in {unit}."
    lots = f" In whole lots, weights exceed {join_words(plan.passed)}." if plan.passed else ""
    return [say_limits(plan), (table, "Limits, those that hold back, and what they cost."), f"{gain}{lots}"]


def frontier_parts(frontier: Frontier, figure: Figure, settings: PortfolioSettings) -> list[Any]:
    """The frontier with the chosen portfolio."""
    return [
        figure,
        frontier.explain(),
        f"Risks and returns are those of the last {settings.window:,} rows; expected returns are estimated as “"
        f"{settings.means}”. They are the least certain of all: a year of prices says next to nothing of them.",
    ]


def doubts(own: bool, plan: Plan, trial: Trial | None, settings: PortfolioSettings) -> list[str]:
    """When not to believe it."""
    told = [
        "Risks are estimated from the last rows: after a calm year they are promised too low. Expected returns are far"
        " less certain; the more a portfolio leans on them, the less its figures mean.",
        "Prices are taken as they stand: without dividends if they are left out, and wrong at splits that were not adjusted.",
        f"Costs of {percent(settings.cost, 2)} are charged on every trade. Taxes and the effect of own orders on prices"
        " are not.",
    ]
    if not own:
        told.insert(
            0,
            "These 20 stocks are firms that still exist and are large. Who chose in 1990 did not know which would"
            " be: all growth figures are too good, those of equal weights most of all.",
        )
    else:
        told.insert(
            0, "If the assets were picked today, those that failed are missing, and all growth figures are too good."
        )
    if trial is not None:
        told.append(
            f"{trial.backtest.n_tried:,} strategies and variants were tried, here and before; the more are tried, the"
            " better the best looks by luck."
        )
    return told + ([sentences(plan.decision.notes)] if plan.decision.notes else [])


def data_parts(market: Market, settings: PortfolioSettings) -> list[str]:
    """What is to be known of the data."""
    told = settings.columns.explain_missing()
    names = [str(name) for name in market.prices.columns]
    for kind, of in market.groups.items():
        if lost := [name for name in names if name not in of]:
            told.append(f"No {kind} is known for {join_words(lost)}: limits on it do not hold for them.")
    return [*told, f"Assets: {join_words(names)}."]


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
