"""The first screen of the portfolio report: what to buy, how sure that is, and when not to believe it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from case_studies.common.report import add_comparison
from shared.reporting import Claim, Figure, Run, Said
from shared.reporting.charts import bar_figure
from shared.text import count_of, format_stamp

from .market import Market
from .plan import Plan
from .sayings import (
    EQUALLY,
    found_nothing,
    say_calm,
    say_forecast,
    say_gap,
    say_largest,
    say_limits,
    say_luck,
    say_orders,
    say_portfolio,
    say_promise,
)
from .settings import PortfolioSettings
from .tables import Tables
from .trial import FEW_MONTHS, Trial

MOST_BARS = 12
NOTHING = (
    "Nothing was found beyond equal weights: the same amount of each did as well in the past. Buy that, or what follows"
    " for the sake of the limits."
)
OFF = 1.1  # times the promised volatility, from which on that is a reason for doubt


def write_first_screen(
    run: Run,
    settings: PortfolioSettings,
    market: Market,
    plan: Plan,
    tables: Tables,
    trial: Trial | None,
    views: Trial | None,
) -> None:
    """What to buy, how that did in the past, and what speaks against it."""
    first, last = (format_stamp(day) for day in market.prices.index[[0, -1]])
    run.report.subtitle = (
        f"Decided at the prices of {last}; {count_of(len(plan.weights), 'asset')}, whose prices begin on {first}."
    )
    if found_nothing(trial):
        run.advise_against(NOTHING)
    run.add_advice(say_orders(tables, settings), say_portfolio(plan, tables, settings))
    if plan.free is None:
        run.add_advice(say_limits(plan, tables))
    run.add_certainty(*_list_proofs(tables, trial, views, settings))
    run.add_doubt(*_list_doubts(run.data is not None, tables, trial))
    rows = tables.planned()
    held, assets = rows.value("held", decimals=0), tables.ordered().count("asset")
    run.add_fact(held.text, f"of {assets.text} to hold", Claim.of("Hold {held} of {assets}.", held=held, assets=assets))
    run.add_fact(rows.value("objective", plan.decision.unit), f"{plan.decision.goal} promised")
    if trial is not None and trial.calm is not None:
        add_comparison(run, replace(trial.calm, against=EQUALLY), say_calm(trial), "fluctuation")
        kept = tables.walked("strategies", trial.chosen).value("times_promised", decimals=2)
        run.add_fact(replace(kept, text=f"{kept.text} ×"), "as much volatility came as was promised, in the past")
    run.show(draw_weights(tables, settings.most_weight))


def _list_proofs(
    tables: Tables, trial: Trial | None, views: Trial | None, settings: PortfolioSettings
) -> Iterator[Said]:
    if trial is None:
        yield (
            f"Not at all: the prices hold fewer than {FEW_MONTHS} months after the first {settings.window:,} rows, so"
            " that nothing was tried."
        )
        return
    yield say_calm(trial)
    yield say_gap(trial, tables, "strategies", trial.chosen)
    if views is not None:
        yield say_forecast(views, tables)


def _list_doubts(own: bool, tables: Tables, trial: Trial | None) -> Iterator[Said]:
    if trial is not None:
        if trial.kept > OFF:
            yield say_promise(trial, tables)
        if (luck := say_luck(trial, tables)) is not None:
            yield luck
    if own:
        yield "Growth is no promise: assets that went under are missing where they are picked today."
    else:
        yield (
            "Growth is no promise: these firms are large ones that still exist, picked with hindsight. Limits and"
            " sectors are made up for the example."
        )


def draw_weights(tables: Tables, most_weight: float = 1.0) -> Figure:
    """Bars of what is held after the orders."""
    held = tables.orders[tables.orders["weight"] > 0].sort_values("weight", ascending=False, kind="stable")
    shown = held.head(MOST_BARS)
    title: Said = say_largest(tables) if len(held) else Claim("Nothing is held")
    more = f" The first {len(shown)} of {len(held):,} assets." if len(held) > len(shown) else ""
    if most_weight < 1:
        more += f" No asset may take over {100 * most_weight:g} % of the money."
    return bar_figure(
        {str(name): 100 * share for name, share in zip(shown["asset"], shown["weight"], strict=True)},
        x_label="% of the money, after the orders",
        alt="Bars: share of the money in each asset after the orders.",
        caption=more.strip(),
    ).tell(title, data=held[["asset", "order", "shares", "price", "value", "weight"]])
