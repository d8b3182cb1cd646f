"""The chapters of the prices report on the day ahead: what to expect, what to bid, what choosing the hours is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from case_studies.common.forecasting.words import gain
from domains.timeseries import FlexibleLoad, Forecast, reliability
from shared.data import SeriesColumns
from shared.evaluation import Scores
from shared.reporting import Claim, Run, Table

from .markets import Markets
from .models import MODEL, NAIVE, PLAIN
from .sayings import (
    say_accepted,
    say_bid,
    say_held_back,
    say_hindsight,
    say_paid,
    say_run,
    say_when,
    say_wins,
    write_lines,
)
from .screen import draw_day
from .settings import PricesSettings
from .tables import ALL_DAY, HINDSIGHT, Alone, Tables, name_quantiles

PATHS = 1000


def write_outlook(run: Run, forecast: Forecast, tables: Tables, markets: Markets, settings: PricesSettings) -> None:
    """The chapter on the day ahead; where that day is over, with the line to add for the next one."""
    chapter = run.add_section("What to expect", *outlook(forecast, tables, markets, settings))
    if markets.held_back:
        header, line = write_lines(markets, settings)
        chapter.note(*say_held_back(markets, tables, settings)).code(header).code(line)


def outlook(forecast: Forecast, tables: Tables, markets: Markets, settings: PricesSettings) -> list[Any]:
    """The day ahead in each market, and its mean and extremes as joint paths tell them."""
    series = settings.series
    paths = forecast.sample(PATHS, random_state=settings.seed)
    each = paths.groupby([series.unique_id, "sample"], sort=False, observed=True)[series.y].agg(["mean", "min", "max"])
    tail, unit = (100 - settings.level) / 200, settings.unit_after_label
    rows = {}
    for key in markets.keys:
        day = each.loc[key]
        ends = [day[name].quantile(q) for name in ("mean", "min", "max") for q in (tail, 1 - tail)]
        rows[settings.call(key)] = [*ends, 100 * float((day["min"] < 0).mean())]
    heads = [f"{what}, {end}" for what in ("mean", "lowest", "highest") for end in ("from", "to")]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=[*heads, "any below zero, %"]).rename_axis("market")
    return [
        *forecast.notes,
        *(draw_day(tables, forecast, markets, key, settings) for key in markets.keys),
        Table(
            table,
            f"What the day may bring{unit}: {settings.level:g} % ranges of its mean, lowest and highest price, and the"
            f" chance of any price below zero, from {PATHS:,} joint paths, which keep together what errors of a day had"
            " together.",
            name="ranges",
        ),
    ]


def bids(tables: Tables, markets: Markets, settings: PricesSettings) -> list[Any]:
    """When to run, and the quantiles of every step with how many bids at each would have been accepted."""
    keys = list(markets.keys)
    parts: list[Any] = [
        [say_run(tables, keys, settings), say_bid(tables, keys, settings)],
        "A limit bid to buy is accepted where the market's price lies at or below it, one to sell where it lies at or"
        " above it. Whoever bids pays or gets the market's price, not the bid.",
        say_accepted(tables, keys, settings),
    ]
    columns = [f"{q:g} %" for q in name_quantiles(settings)]
    for key in keys:
        rows = tables.ahead[tables.ahead["market"] == key]
        were = tables.bids[tables.bids["market"] == key].set_index("quantile")["accepted"]
        shown = rows.set_index("from")[columns]
        shown.columns = pd.Index([f"{name} (was {100 * were[name]:.0f} %)" for name in columns])
        shown.insert(0, "run", ["yes" if cheap else "" for cheap in rows["cheap"]])
        told = Claim.of(
            "Bids for {market} on {day}{unit}: by how many are meant to be accepted (and how many were).",
            market=settings.call(key),
            day=str(say_when(tables)),
            unit=settings.unit_after_label,
        )
        parts.append(
            Table(shown.rename_axis("from"), str(told), name=f"bids {settings.call(key)}", data=rows, fold=True)
        )
    wide = 100 * tables.bids.pivot(index="meant", columns="market", values="accepted")[keys]
    wide.columns = pd.Index([settings.call(key) for key in keys])
    wide.index = pd.Index([f"{100 * q:g} %" for q in wide.index], name="meant to be accepted")
    parts.append(Table(wide, "Bids to buy that would have been accepted on the days tried, %.", name="accepted"))
    return parts


def worth(found: Mapping[str, FlexibleLoad], tables: Tables, settings: PricesSettings) -> list[Any]:
    """What a load with a choice paid."""
    ways = [MODEL, NAIVE, ALL_DAY, HINDSIGHT]
    table = tables.loads.groupby(["market", "way"], sort=False)["paid"].mean().unstack()[ways]
    table.insert(2, f"saved by the {MODEL}, %", [100 * found[str(key)].reached for key in table.index])
    table.insert(3, f"saved by {NAIVE}, %", [100 * found[str(key)].reached_against for key in table.index])
    table.index = pd.Index([settings.call(str(key)) for key in table.index], name="market")
    return [
        say_paid(tables, list(found), settings),
        *([say_wins(tables, key, settings), say_hindsight(tables, key, settings)] for key in found),
        Table(
            table,
            f"Mean price paid{settings.unit_after_label} by a load that runs {tables.hours:g} hours a day, by what"
            " its hours are chosen from, and the share reached of what choosing could save. It takes prices as they"
            " are: a load so large that it moves them would save another sum.",
            name="loads",
            data=tables.loads,
        ),
    ]


def metrics(
    alone: Alone, found: Mapping[str, FlexibleLoad], forecast: Forecast, tables: Tables, series: SeriesColumns
) -> dict[str, float]:
    """Everything worth comparing between two runs, by name."""
    told: dict[str, float] = {}
    for key, scores in alone.items():
        for model, row in scores.table().iterrows():
            told |= {f"{key} {metric} of {model}": float(value) for metric, value in row.items()}
        told |= _gains(key, scores, series)
        told[f"{key} mae of {PLAIN}"] = float(tables.of_model(key, model=PLAIN).mean("value").value)
        load = found[key]
        told |= {f"{key} price paid": load.paid, f"{key} price paid with {NAIVE}": load.paid_against}
        told[f"{key} share of what could be saved"] = load.reached
        told[f"{key} forecast mean"] = float(forecast.one(key)["mean"].mean())
    return told


def _gains(key: str, scores: Scores, series: SeriesColumns) -> dict[str, float]:
    return {
        f"{key} gain": gain(scores, MODEL, metric="mae"),
        f"{key} gain against {NAIVE}": gain(scores, MODEL, NAIVE, "mae"),
        f"{key} largest distance of a quantile": reliability(scores, MODEL, y=series.y).max_deviation,
    }
