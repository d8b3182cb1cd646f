"""The chapters of the portfolio report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from shared.reporting import Claim, Evidence, Figure, Table
from shared.text import count_of, format_stamp, join_words, sentences

from .market import Market
from .plan import Plan
from .sayings import say_limits, say_luck, say_passed, say_promise
from .settings import PortfolioSettings
from .tables import Tables
from .trial import Trial


def order_parts(plan: Plan, tables: Tables, settings: PortfolioSettings) -> list[Any]:
    """Orders, and the reason of every weight."""
    orders = tables.orders[tables.orders["order"] != 0].set_index("asset")
    unit = f", {settings.currency}" if settings.currency else ""
    shown = pd.DataFrame(
        {
            "order": [f"{'buy' if n > 0 else 'sell'} {abs(n):,}" for n in orders["order"]],
            f"price{unit}": orders["price"].astype(float),
            f"value held{unit}": orders["value"].round(0),
            "weight, %": 100 * orders["weight"],
            "wanted, %": 100 * orders["target"],
        }
    )
    values = plan.decision.values
    ranked = values.loc[values["value"].sort_values(ascending=False, kind="stable").index]
    out = ranked[ranked["value"] == 0]
    told = []
    if len(out) and len(set(out["why"])) == 1:  # the same of each: one sentence
        ranked = ranked[ranked["value"] != 0]
        told = [f"Not held: {join_words([str(name) for name in out.index])} ({out['why'].iloc[0]})."]
    why = pd.DataFrame({"weight, %": 100 * ranked["value"]}, index=ranked.index)
    if "risk_share" in ranked:
        why["share of the risk, %"] = 100 * ranked["risk_share"]
    why["why"] = ranked["why"]
    return [
        Table(
            shown,
            f"Orders at the prices of {format_stamp(plan.day)}, in lots of {count_of(settings.lot, 'share')}.",
            name="orders",
            data=tables.orders,
        ),
        plan.orders.explain(),
        Table(why, "Wanted weights, and what holds each of them.", name="reasons", fold=True),
        *told,
    ]


def limit_parts(plan: Plan, market: Market, tables: Tables) -> list[Any]:
    """The limits, those that bind, and what they cost."""
    if plan.free is None:
        return ["No limits were set. --set most_weight=0.1, or a table of limits (--data limits=FILE), sets some."]
    unit = plan.decision.unit or f"of the {plan.decision.goal}"
    binding = plan.decision.binding
    rows = []
    for one in market.limits:
        found = binding[binding["limit"] == one.name]
        price = float(found["price"].abs().max()) / 100 if len(found) else np.nan
        bounds = ["" if not np.isfinite(side) else f"{side:g}" for side in (one.least, one.most)]
        rows.append((one.name, one.applies_to, *bounds, "yes" if len(found) else "no", price if price > 0 else np.nan))
    gain = f"gain, {unit}"
    table = pd.DataFrame(rows, columns=["limit", "applies to", "from", "up to", "holds back", gain])
    caption = (
        f"Limits. The gain is the change of the {plan.decision.goal} with a hundredth more room, where that is known."
    )
    return [
        say_limits(plan, tables),
        Table(table.set_index("limit"), caption, name="limits"),
        *([say_passed(tables)] if plan.passed else []),
    ]


def frontier_parts(figure: Figure, tables: Tables, settings: PortfolioSettings) -> list[Any]:
    """The frontier with the chosen portfolio."""
    rows = Evidence("frontier", tables.frontier)
    title = Claim.of(
        "Expected returns from {least} to {most}, for volatilities from {calm} to {wild}",
        least=rows.label_at("min", "volatility", "expected_return", "%", decimals=1),
        most=rows.label_at("max", "volatility", "expected_return", "%", decimals=1),
        calm=rows.min("volatility", "%", decimals=1),
        wild=rows.max("volatility", "%", decimals=1),
    )
    proven = Claim.of(
        "{proven} of {all} points are proven.",
        proven=rows.where(status="optimal").count(),
        all=rows.count(),
    )
    return [
        figure.tell(title),
        [proven, "What is expected is an estimate; the higher it is, the larger the part of it that is likely luck."],
        f"Risks and returns are those of the last {settings.window:,} rows; expected returns are estimated as “"
        f"{settings.means}”. A year of prices says next to nothing of them.",
    ]


def doubts(own: bool, plan: Plan, tables: Tables, trial: Trial | None, settings: PortfolioSettings) -> list[Any]:
    """When not to believe it."""
    told: list[Any] = []
    if trial is not None:
        told += [say_promise(trial, tables)]
        told += [luck] if (luck := say_luck(trial, tables)) is not None else []
        told.append(
            Claim.of(
                "{n} strategies and variants were tried, here and before: of that many, one looks good by luck.",
                n=tables.walked("strategies", trial.chosen).value("tried", decimals=0),
            )
        )
    told += [
        "If the assets were picked today, those that failed are missing, and all growth figures are too good."
        if own
        else "These 20 stocks are firms that still exist and are large. Who chose in 1990 did not know which would be: all"
        " growth figures are too good, those of equal weights included.",
        "Risks are estimated from the last rows: after a calm year they are promised too low. Expected returns are a"
        " guess; the more a portfolio leans on them, the less its figures mean.",
        (
            "Prices are taken as they stand: without dividends if they are left out, and wrong at splits that were not"
            " adjusted."
        ),
        f"Costs of {100 * settings.cost:g} % are charged on every trade. Taxes and the effect of own orders on prices"
        " are not.",
    ]
    return told + ([sentences(plan.decision.notes)] if plan.decision.notes else [])


def data_parts(market: Market, settings: PortfolioSettings) -> list[str]:
    """What is to be known of the data."""
    told = settings.columns.explain_missing()
    names = [str(name) for name in market.prices.columns]
    for kind, of in market.groups.items():
        if lost := [name for name in names if name not in of]:
            told.append(f"No {kind} is known for {join_words(lost)}: limits on it do not hold for them.")
    return [*told, f"Assets: {join_words(names)}."]
