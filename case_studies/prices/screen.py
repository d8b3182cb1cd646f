"""The first screen of the prices report: when to run, what to bid, how sure that is, and when not to believe it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from case_studies.common.forecasting.words import NOTHING, coverage_of, found_nothing, say_skill
from case_studies.common.report import add_comparison, too_few
from domains.timeseries import Forecast
from domains.timeseries.figures import forecast_figure
from shared.data import columns as names
from shared.data.columns import interval_columns
from shared.evaluation import Comparisons
from shared.reporting import Claim, Run, Said
from shared.reporting.figures import Figure

from .markets import Markets
from .models import MODEL, PAST
from .sayings import (
    SHORT,
    compare_market,
    say_accepted,
    say_bid,
    say_dear,
    say_expected,
    say_held_back,
    say_late,
    say_paid,
    say_run,
    say_same,
    say_when,
)
from .settings import PricesSettings
from .tables import Alone, Tables

FEW = 26  # days: nearly four of each day of the week
MOST = 2  # markets on the first screen; the others have their chapters


def write_first_screen(
    run: Run,
    settings: PricesSettings,
    tables: Tables,
    alone: Alone,
    verdicts: Mapping[str, Comparisons],
    forecast: Forecast,
    markets: Markets,
) -> None:
    """When to run what can wait, what to bid, how sure that is, and when not to believe it."""
    days = next(iter(alone.values())).scores[names.SPLIT].nunique()
    run.report.subtitle = f"{say_when(tables)}; such forecasts were tried on {days} days."
    keys = list(alone)[:MOST]
    past = {key: compare_market(verdicts[key], key, PAST, settings) for key in keys}
    skilled = [key for key in keys if not found_nothing(past[key][0], alone[key].best_baseline("mae"))]
    if skilled:
        run.add_advice(*_advise(tables, keys, skilled, settings))
    else:
        run.advise_against(NOTHING)
    for key in keys:
        item, claim = compare_market(verdicts[key], key, alone[key].best_baseline("mae"), settings)
        run.add_certainty(say_skill(claim, past[key][1]))
        add_comparison(run, item, claim, f"error in {settings.call(key)}")
    for key in keys:
        mean = tables.rows("ahead", key).mean("expected", settings.unit)
        run.add_fact(mean, f"expected in {settings.call(key)} over the day")
    if skilled:
        run.add_certainty(say_paid(tables, skilled, settings))
        if not _fall_short(tables, skilled, settings):
            run.add_certainty(say_accepted(tables, skilled, settings))
    run.add_doubt(*_list_doubts(tables, alone, skilled, markets, settings))
    if len(alone) > MOST:
        run.add_doubt(f"This page tells of the first {MOST} of {len(alone)} markets; below are all.")
    shown = (skilled or keys)[0]
    run.show(draw_day(tables, forecast, markets, shown, settings))


def _advise(tables: Tables, keys: Sequence[str], skilled: Sequence[str], settings: PricesSettings) -> Iterator[Said]:
    """What to do: in markets where something was found, when to run and what to bid."""
    yield say_run(tables, skilled, settings)
    yield say_bid(tables, skilled, settings)
    for key in keys:
        if key not in skilled:
            yield f"{settings.call(key)}: {NOTHING[:1].lower()}{NOTHING[1:]}"


def _fall_short(tables: Tables, keys: Sequence[str], settings: PricesSettings) -> bool:
    """Whether too few bids would have been accepted in one of the markets."""
    top = 0.5 + settings.level / 200
    rows = [tables.rows("bids", key).where(quantile=f"{100 * top:g} %") for key in keys]
    return any(float(one.mean("accepted").value) < top - SHORT for one in rows)


def _list_doubts(
    tables: Tables, alone: Alone, skilled: Sequence[str], markets: Markets, settings: PricesSettings
) -> Iterator[Said | Sequence[Said]]:
    """Reasons not to believe it, those that weigh most first."""
    keys, scores = list(alone)[:MOST], next(iter(alone.values()))
    if held := say_held_back(markets, tables, settings):
        yield held
    if skilled and _fall_short(tables, skilled, settings):
        yield [say_accepted(tables, skilled, settings), "That is too few: bid above what is stated."]
    for key in [] if tables.scores["late"].all() else skilled:
        if float(tables.of_late(key, settings).mean("value").value) < settings.level / 100 - SHORT:
            yield [say_late(tables, key, settings), "Bid above what is stated."]
    kept = {key: coverage_of(alone[key], MODEL, settings.level) for key in keys}
    dear = [key for key in keys if float(tables.rows("dear", key).mean("inside").value) < kept[key] - SHORT]
    if dear:
        yield say_dear(tables, dear, settings)
    yield from say_same(tables, settings)[:1]
    if not scores.guarded:
        yield scores.explain_leaks()
    yield from too_few(scores.scores[names.SPLIT].nunique(), FEW, "days were tried")


def draw_day(tables: Tables, forecast: Forecast, markets: Markets, key: str, settings: PricesSettings) -> Figure:
    """The day ahead of a market after the days before it, under what is expected of it."""
    series = settings.series
    own = forecast.one(key)
    low, high = interval_columns(settings.level)
    before = markets.past[markets.past[series.unique_id] == key].tail(3 * len(own))
    rows = tables.ahead[tables.ahead["market"] == key]
    came: Any = rows["actual"] if bool(rows["actual"].notna().all()) else None
    title = Claim.join(say_expected(tables, key, settings), " on ", say_when(tables))
    return forecast_figure(
        before[series.ds],
        before[series.y],
        own[series.ds],
        own["median"],
        lower=own[low],
        upper=own[high],
        level=settings.level,
        actual=came,
        y_label=f"price in {settings.call(key)}{settings.unit_after_label}",
        alt=f"Price forecast of {settings.call(key)} with its interval.",
    ).tell(title, data=pd.DataFrame(rows))
