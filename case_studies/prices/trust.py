"""The chapters of the prices report on how far to trust it, when it fails, how it was tried, and what was read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.forecasting.words import by_origin, calibration
from domains.timeseries.figures import forecast_figure
from shared.data import columns as names
from shared.data.columns import interval_columns
from shared.evaluation import Comparisons, Scores
from shared.reporting import Claim, Table
from shared.reporting.charts import line_figure
from shared.text import capitalise, format_stamp, join_words

from .markets import Markets
from .models import MODEL, NAIVE
from .sayings import compare_market, say_coverage, say_dear, say_gap, say_same, say_stamps, say_worth_of_known
from .settings import PricesSettings
from .tables import Alone, Tables


def trust(key: str, scores: Scores, tables: Tables, verdict: Comparisons, settings: PricesSettings) -> list[Any]:
    """The score table of a market, the comparisons in words, and its quantiles against outcomes."""
    level, best = settings.level, scores.best_baseline("mae")
    told = [compare_market(verdict, key, item.against, settings)[1] for item in verdict.items]
    ours = tables.of_model(key)
    title = Claim.of(
        "In {market} the error lay below that of “{naive}” on {wins}",
        market=settings.call(key),
        naive=best,
        wins=ours.wins("value", "origin", thing="days", model=best),
    )
    errors = line_figure(
        {name: by_origin(scores, name, "mae") for name in (MODEL, best)},
        y_label=f"mean absolute error by day{settings.unit_after_label}",
        alt=f"Error of the {MODEL} and of “{best}” on each day.",
        colours={MODEL: "accent", best: "second"},
    ).tell(title)
    return [
        _score_table(key, scores, settings),
        [*told, "Ranges are 95 % intervals over the days."],
        errors,
        *([say_worth_of_known(tables, key, settings)] if settings.series.exogenous else []),
        *calibration(scores, MODEL, level, settings.series.y, title=_say_edges(key, tables, settings)),
    ]


def _score_table(key: str, scores: Scores, settings: PricesSettings) -> Table:
    """Errors, coverage and interval score of every model."""
    level = settings.level
    coverage, winkler = f"coverage-{level:g}", f"interval_score-{level:g}"
    table = scores.table()[["mae", coverage, winkler]]
    table.insert(1, f"MAE / {NAIVE}", table["mae"] / float(scores.values(NAIVE, "mae").mean()))
    table[coverage] *= 100
    heads = {
        "mae": f"MAE{settings.unit_after_label}",
        coverage: f"inside {level:g} %, %",
        winkler: f"interval score{settings.unit_after_label}",
    }
    return Table(
        table.rename(columns=heads).rename_axis("model"),
        f"Means over the days tried in {settings.call(key)}. Of errors and interval scores less is better; inside the"
        f" interval should be {level:g} %.",
        MODEL,
        name=f"scores {settings.call(key)}",
    )


def _say_edges(key: str, tables: Tables, settings: PricesSettings) -> Claim:
    """How many outcomes lay below the lowest and above the highest quantile that is forecast."""
    low, high = (f"{50 + sign * settings.level / 2:g} %" for sign in (-1, 1))
    rows = tables.rows("bids", key)
    return Claim.of(
        "{market}: {below} of prices lay below the {low} quantile, {under} below the {high} quantile",
        market=settings.call(key),
        low=rows.where(quantile=low).value("meant", "%"),
        high=rows.where(quantile=high).value("meant", "%"),
        below=rows.where(quantile=low).value("accepted", "%", decimals=0),
        under=rows.where(quantile=high).value("accepted", "%", decimals=0),
    )


def doubts(alone: Alone, tables: Tables, settings: PricesSettings) -> list[Any]:
    """Coverage, spikes, months and the worst day of each market."""
    parts: list[Any] = [*settings.columns.explain_missing(), *say_same(tables, settings)]
    parts.append(say_dear(tables, list(alone), settings))
    for key, scores in alone.items():
        parts += [
            [say_coverage(tables, key, settings), say_gap(tables, key, settings)],
            by_month(key, scores, settings),
            _draw_worst(key, scores, tables, settings),
        ]
    parts.append(
        "The models know nothing of fuel and carbon prices, outages, wind and sun beyond what the columns known ahead"
        " say of them. When the level of prices leaves what was learnt from, errors grow before the intervals do: watch"
        " the coverage month by month, and learn again."
    )
    return parts


def _draw_worst(key: str, scores: Scores, tables: Tables, settings: PricesSettings) -> Any:
    """The day with the largest error: forecast, interval and outcome."""
    series = settings.series
    errors: Any = scores.values(MODEL, "mae")
    rows = scores.predictions
    day = rows[(rows[names.MODEL] == MODEL) & (rows[names.SPLIT] == errors.idxmax())]
    low, high = interval_columns(settings.level)
    ours = tables.of_model(key)
    title = Claim.of(
        "{market}: the day with the largest error, {day}: off by {error} on average",
        market=settings.call(key),
        day=ours.label_at("max", "value", "origin"),
        error=ours.max("value", settings.unit),
    )
    return forecast_figure(
        [],
        [],
        day[series.ds],
        day["median"],
        lower=day[low],
        upper=day[high],
        level=settings.level,
        actual=day[series.y],
        y_label=f"price in {settings.call(key)}{settings.unit_after_label}",
        alt=f"The day with the largest error in {settings.call(key)}: forecast, interval and outcome.",
    ).tell(title)


def by_month(key: str, scores: Scores, settings: PricesSettings) -> Table:
    """Errors and coverage by month."""
    best = scores.best_baseline("mae")
    coverage = scores.values(MODEL, f"coverage-{settings.level:g}")
    wide = pd.DataFrame({MODEL: scores.values(MODEL, "mae"), best: scores.values(best, "mae"), "inside": coverage})
    means = wide.groupby(pd.DatetimeIndex(wide.index).tz_localize(None).to_period("M")).mean()
    unit = settings.unit_after_label
    table = pd.DataFrame(
        {
            f"MAE of the {MODEL}{unit}": means[MODEL],
            f"MAE of {best}{unit}": means[best],
            "less error, %": 100 * (1 - means[MODEL] / means[best]),
            f"inside {settings.level:g} %, %": 100 * means["inside"],
        }
    )
    table.index = pd.Index([month.strftime("%B %Y") for month in means.index], name="month")
    return Table(table, f"{settings.call(key)} by month of the days tried.", name=f"months {settings.call(key)}")


def protocol(scores: Scores, markets: Markets, settings: PricesSettings) -> list[Any]:
    """How the trials were made."""
    series = settings.series
    cuts = list(dict.fromkeys(scores.scores[names.SPLIT]))
    fits = -(-len(cuts) // settings.refit_every)
    steps = markets.panel.frequency.steps("1D")
    known = join_words([settings.call(name) for name in series.exogenous]) if series.exogenous else ""
    ahead = f"but the {known}, which were published a day ahead" if known else "but the calendar"
    return [
        (
            f"{len(cuts)} days from {format_stamp(cuts[0])} to {format_stamp(cuts[-1])}; from {settings.clock} on the"
            f" {steps} steps of {markets.panel.frequency.describe()} of the day are forecast, as an auction on the day"
            f" before asks for. Nothing from that day on is used {ahead}."
            + (f" {planned}" if (planned := markets.plan(settings)[1]) else "")
        ),
        (
            f"The models learnt at {fits} of them, every {settings.refit_every} tries, from everything before; between,"
            " prices entered as history only. Intervals come from errors on blocks of time that the model had not"
            " seen, and on forecasts whose outcome was known by"
            f" then{f'; an error counts half after {settings.half_life}' if settings.half_life else ''}."
        ),
        (
            f"“{NAIVE}” takes Mondays, Saturdays and Sundays from last week and other days from yesterday: the usual"
            " naive of electricity markets."
        ),
        scores.explain_leaks(),
    ]


def data(markets: Markets, settings: PricesSettings) -> list[Any]:
    """What the table holds, in figures."""
    series, past = settings.series, markets.past
    clock = past[series.ds].dt.strftime("%H:%M")
    day = past.groupby([series.unique_id, clock], sort=False, observed=True)[series.y].mean()
    hours = {settings.call(key): day.loc[key].sort_index() for key in markets.keys}
    lines: dict[str, Any] = {
        name: (np.linspace(0, 24, len(mean), endpoint=False), mean.to_numpy()) for name, mean in hours.items()
    }
    prices = past.groupby(series.unique_id, sort=False, observed=True)[series.y]
    below = prices.agg(lambda y: int((y < 0).sum()))
    table = pd.DataFrame(
        {"rows": prices.size(), "mean": prices.mean(), "lowest": prices.min(), "highest": prices.max()}
    ).assign(**{"below zero": below.astype(int)})
    table.index = pd.Index([settings.call(str(key)) for key in table.index], name="market")
    grid = markets.panel.frequency.describe()
    codes = [f"“{code}” is the {words}" for code in settings.series.exogenous if (words := settings.call(code)) != code]
    return [
        Table(table, f"Prices{settings.in_unit} {say_stamps(markets, settings)}, one every {grid}.", name="prices"),
        *([f"{join_words(codes)}."] if codes else []),
        *([" ".join(f"{capitalise(note)}." for note in markets.notes)] if markets.notes else []),
        line_figure(
            lines,
            x_label="hour of the day",
            y_label=f"mean price over the day{settings.unit_after_label}",
            alt="Mean price over the day.",
        ),
    ]
