"""The chapters of the prices report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.forecasting.words import (
    as_change,
    below,
    by_origin,
    calibration,
    coverage_of,
    gain,
    sentences,
    verdict_and_coverage,
)
from case_studies.common.report import too_few
from domains.timeseries import FlexibleLoad, Forecast, flexible_load, reliability
from domains.timeseries.figures import forecast_figure
from shared.data import Frequency, SeriesColumns
from shared.data import columns as names
from shared.data.columns import interval_columns
from shared.evaluation import Comparisons, Scores
from shared.reporting import Run
from shared.reporting.charts import line_figure
from shared.text import capitalise

from .markets import Markets
from .models import MODEL, NAIVE, PLAIN
from .settings import PricesSettings

PATHS = 1000
FEW = 26  # days: nearly four of each day of the week
Alone = dict[str, Scores]


def loads(alone: Alone, settings: PricesSettings, grid: Frequency) -> dict[str, FlexibleLoad]:
    """What a load that runs a few hours a day would have paid in each market."""
    day = grid.steps("1D")
    steps = min(max(1, round(settings.hours * day / 24)), max(1, day - 1))
    return {
        key: flexible_load(
            scores.predictions,
            MODEL,
            NAIVE,
            steps=steps,
            unit=settings.unit,
            unique_id=settings.columns.market,
            y=settings.columns.price,
        )
        for key, scores in alone.items()
    }


def summary(
    run: Run,
    settings: PricesSettings,
    alone: Alone,
    verdicts: dict[str, Comparisons],
    found: dict[str, FlexibleLoad],
    forecast: Forecast,
) -> None:
    """Three sentences for a manager, and the numbers behind them; a warning where the intervals did not hold."""
    series = settings.series
    frame = forecast.to_frame()
    first = next(iter(alone.values()))
    days = first.scores[names.SPLIT].nunique()
    run.report.subtitle = (
        f"A forecast of {frame[series.ds].iloc[0]:%d %B %Y}, step by step, and how such forecasts did on {days} days"
        " against what anyone could do without a model."
    )
    told = []
    for key in alone:
        own = forecast.one(key)
        top = own.iloc[int(own["mean"].argmax())]
        told.append(
            f"{key} {own['mean'].mean():.1f}{settings.unit_after_number} on average and {top['mean']:.1f} at"
            f" {top[series.ds]:%H:%M}"
        )
    run.add_summary(f"Expect on {frame[series.ds].iloc[0]:%A %d %B %Y}: {'; '.join(told)}.")
    kept = {key: coverage_of(scores, MODEL, settings.level) for key, scores in alone.items()}
    for key, verdict in verdicts.items():
        item = next(item for item in verdict.items if item.against == alone[key].best_baseline("mae"))
        run.add_summary(f"{key}, {item.n} days: the {verdict_and_coverage(item, kept[key], settings.level)}")
        run.add_fact(
            as_change(gain(alone[key], MODEL, metric="mae")),
            f"error (MAE) in {key} against “{item.against}”, the best naive",
        )
        run.add_fact(f"{100 * kept[key]:.1f} %", f"of prices in {key} inside the {settings.level:g} % interval")
    parts = [
        f"{100 * load.reached:.0f} % in {key} ({NAIVE}: {100 * load.reached_against:.0f} %)"
        for key, load in found.items()
    ]
    run.add_summary(
        f"A load that runs {running(found, first)} a day in the hours forecast to be cheapest reaches of what choosing"
        f" could save: {', '.join(parts)}."
    )
    held = {key: _dearest(scores, settings)[2] for key, scores in alone.items()}
    hard = [f"{100 * share:.0f} % in {key}" for key, share in held.items() if share < kept[key] - 0.03]
    if hard:
        run.add_summary(
            f"Rely on it least where prices climb: of the dearest twentieth the intervals held only {', '.join(hard)}."
        )
    low = [key for key, share in kept.items() if share < settings.level / 100 - 0.03]
    if low:
        run.add_summary(
            f"Warning: in {' and '.join(low)} the intervals were too narrow, so that bids at their bounds fail more"
            " often than stated. See when not to believe it."
        )
    if not first.guarded:
        run.add_summary(first.explain_leaks())
    run.add_summary(*too_few(days, FEW, "days were tried"))


def outlook(forecast: Forecast, markets: Markets, settings: PricesSettings) -> list[Any]:
    """The day ahead in each market, and its mean and extremes as joint paths tell them."""
    series = settings.series
    frame = forecast.to_frame()
    low, high = interval_columns(settings.level)
    steps = len(frame) // len(markets.keys)
    parts: list[Any] = []
    for key in markets.keys:
        own = forecast.one(key)
        before = markets.past[markets.past[series.unique_id] == key].tail(3 * steps)
        came = own.merge(
            markets.future[[series.unique_id, series.ds, series.y]], on=[series.unique_id, series.ds], how="left"
        )[series.y]
        parts.append(
            forecast_figure(
                before[series.ds],
                before[series.y],
                own[series.ds],
                own["median"],
                lower=own[low],
                upper=own[high],
                level=settings.level,
                actual=came if came.notna().all() else None,
                y_label=f"{key}{settings.unit_after_label}",
                alt=f"Price forecast of {key} with its interval.",
            )
        )
    paths = forecast.sample(PATHS, random_state=settings.seed)
    each = paths.groupby([series.unique_id, "sample"], sort=False, observed=True)[series.y].agg(["mean", "min", "max"])
    rows = {}
    for key in markets.keys:
        day = each.loc[key]
        tail = (100 - settings.level) / 200
        ranges = [day[name].quantile([tail, 1 - tail]) for name in ("mean", "min", "max")]
        rows[key] = [f"{span.iloc[0]:.1f} to {span.iloc[1]:.1f}" for span in ranges]
        rows[key].append(f"{100 * float((day['min'] < 0).mean()):.0f} %")
    columns = ["mean", "lowest", "highest", "any below zero"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("market")
    parts.append(
        (
            table,
            (
                f"What the whole day may bring: {settings.level:g} % ranges{settings.in_unit}, and the chance of any "
                f"price below zero, from {PATHS:,} joint paths: they keep together what errors of a day had together."
            ),
        )
    )
    return [*forecast.notes, *parts]


def bids(forecast: Forecast, alone: Alone, settings: PricesSettings) -> list[Any]:
    """The quantiles of every step, and how often a bid at each would have been accepted."""
    series = settings.series
    frame = forecast.to_frame()
    quantiles = {50.0: "median"}
    for level in settings.levels:
        low, high = interval_columns(level)
        quantiles |= {50 - level / 2: low, 50 + level / 2: high}
    parts: list[Any] = [
        (
            "A limit bid to buy at a quantile is accepted with about its probability, one to sell with the rest;"
            " whoever bids pays or gets the market's price, not the bid. To be served nearly surely, buy at a high"
            " quantile; to buy only when it is cheap, at a low one."
        ),
    ]
    for key in alone:
        own = forecast.one(key)
        shown = pd.DataFrame({f"{q:g} %": own[column].map("{:.1f}".format) for q, column in sorted(quantiles.items())})
        shown.index = pd.Index([f"{stamp:%H:%M}" for stamp in own[series.ds]], name=key)
        parts.append(
            (
                shown,
                (
                    f"{key}, {frame[series.ds].iloc[0]:%A %d %B %Y}: prices below which the market is expected to"
                    f" clear{settings.unit_after_label}."
                ),
            )
        )
    rates = pd.DataFrame({key: reliability(scores, MODEL, y=series.y).table()["all"] for key, scores in alone.items()})
    parts.append((rates, "Share of bids to buy at each quantile that would have been accepted on the days tried."))
    return parts


def worth(found: dict[str, FlexibleLoad], settings: PricesSettings, alone: Alone) -> list[Any]:
    """What a load with a choice paid."""
    hours = running(found, next(iter(alone.values())))
    rows = {
        key: [
            f"{load.paid_flat:.2f}",
            f"{load.paid_against:.2f} ({100 * load.reached_against:.0f} %)",
            f"{load.paid:.2f} ({100 * load.reached:.0f} %)",
            f"{load.paid_best:.2f}",
        ]
        for key, load in found.items()
    }
    columns = ["all hours", NAIVE, MODEL, "all known"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("market")
    return [
        *(f"{key}: {load.explain('steps', 'day')}" for key, load in found.items()),
        (
            table,
            (
                f"Mean price paid{settings.unit_after_label}, by a load that runs {hours} a day, by what its hours are"
                " chosen from; in brackets the share of what choosing could save. It takes prices as they are: a load"
                " so large that it moves them would save less."
            ),
        ),
    ]


def running(found: dict[str, FlexibleLoad], scores: Scores) -> str:
    """How long a load runs, in whole steps."""
    steps = int(scores.predictions[names.STEP].max())
    hours = 24 * next(iter(found.values())).steps / steps
    return f"{hours:g} hour{'' if hours == 1 else 's'}"


def protocol(scores: Scores, markets: Markets, settings: PricesSettings) -> list[Any]:
    """How the trials were made."""
    series = settings.series
    cuts = list(dict.fromkeys(scores.scores[names.SPLIT]))
    fits = -(-len(cuts) // settings.refit_every)
    steps = markets.panel.frequency.steps("1D")
    ahead = (
        f"but {', '.join(series.exogenous)}, which were published a day ahead"
        if series.exogenous
        else "but the calendar"
    )
    return [
        (
            f"{len(cuts)} days from {cuts[0]:%d %B %Y} to {cuts[-1]:%d %B %Y}; from {settings.clock} on the {steps}"
            f" steps of {markets.panel.frequency.describe()} of the day are forecast, as an auction on the day before"
            f" asks for. Nothing from that day on is used {ahead}."
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


def trust(scores: Scores, verdict: Comparisons, settings: PricesSettings, without: Scores) -> list[Any]:
    """The score table of a market, the comparisons in words, and its quantiles against what came."""
    series = settings.series
    level = settings.level
    coverage, winkler = f"coverage-{level:g}", f"interval_score-{level:g}"
    table = scores.table()[["mae", coverage, winkler]]
    naive = float(scores.values(NAIVE, "mae").mean())
    table.insert(1, f"MAE / {NAIVE}", [f"{error / naive:.2f}" for error in table["mae"]])
    table[coverage] = [f"{100 * share:.1f} %" for share in table[coverage]]
    table = table.rename(
        columns={"mae": f"MAE{settings.unit_after_label}", coverage: f"inside {level:g} %", winkler: "interval score"}
    )
    best = scores.best_baseline("mae")
    parts: list[Any] = [
        (table.rename_axis("model"), "Means over the days tried; lower is better.", MODEL),
        f"{sentences(verdict)} Ranges are 95 % intervals over the days.",
    ]
    if series.exogenous:
        share = 1 - float(scores.values(MODEL, "mae").mean() / own_error(without, scores, series))
        parts.append(
            f"What is known ahead ({', '.join(series.exogenous)}) puts the error {below(share)} that of the same model"
            " without it."
        )
    parts.append(
        line_figure(
            {name: by_origin(scores, name, "mae") for name in (MODEL, best)},
            y_label=f"mean absolute error by day{settings.unit_after_label}",
            alt="Error of the price model and of the best naive on each day.",
        )
    )
    return [*parts, *calibration(scores, MODEL, level, series.y)]


def doubts(alone: Alone, settings: PricesSettings) -> list[Any]:
    """Months, spikes and the worst day of each market."""
    series = settings.series
    parts: list[Any] = [*settings.columns.explain_missing()]
    for key, scores in alone.items():
        months, best = by_month(scores, settings)
        parts.append(
            (months, f"{key} by month: mean absolute error of the model and of “{best}”, and the interval's coverage.")
        )
        rows = scores.predictions[scores.predictions[names.MODEL] == MODEL]
        low, high = interval_columns(settings.level)
        dear, limit, inside = _dearest(scores, settings)
        gap = float((dear[series.y] - dear["mean"]).mean())
        under = int((rows[series.y] < 0).sum())
        text = (
            f"{key}: of the dearest twentieth of prices ({limit:.0f}{settings.unit_after_number} and more) the"
            f" {settings.level:g} % interval held {100 * inside:.0f} %; the forecast lay"
            f" {abs(gap):.0f}{settings.unit_after_number} {'below' if gap >= 0 else 'above'} them on average. Spikes"
            " come from outages and scarcity, which nothing here announces."
        )
        if under:
            text += f" {under} prices were below zero; the forecast expected {int((rows['mean'] < 0).sum())}."
        parts.append(text)
        errors = scores.values(MODEL, "mae")
        worst: Any = errors.idxmax()
        day = rows[rows[names.SPLIT] == worst]
        parts.append(
            forecast_figure(
                [],
                [],
                day[series.ds],
                day["median"],
                lower=day[low],
                upper=day[high],
                level=settings.level,
                actual=day[series.y],
                y_label=f"{key}{settings.unit_after_label}: the worst day",
                alt=f"The day with the largest error in {key}: forecast, interval and outcome.",
                caption=(
                    f"{worst:%A %d %B %Y}: the forecast was off by {errors.max():.1f}{settings.unit_after_number} on"
                    " average."
                ),
            )
        )
    parts.append(
        "The models know nothing of fuel and carbon prices, outages, wind and sun beyond what the columns known ahead"
        " say of them. When the level of prices leaves what was learnt from, errors grow before the intervals do: watch"
        " the coverage month by month, and learn again."
    )
    return parts


def _dearest(scores: Scores, settings: PricesSettings) -> tuple[pd.DataFrame, float, float]:
    """The dearest twentieth of prices, from what price on, and the share of them inside the model's interval."""
    series = settings.series
    rows = scores.predictions[scores.predictions[names.MODEL] == MODEL]
    low, high = interval_columns(settings.level)
    limit = float(rows[series.y].quantile(0.95))
    dear = rows[rows[series.y] >= limit]
    return dear, limit, float(((dear[series.y] >= dear[low]) & (dear[series.y] <= dear[high])).mean())


def own_error(without: Scores, scores: Scores, series: SeriesColumns) -> float:
    """Mean absolute error, in one market, of the model without what is known ahead."""
    key = scores.predictions[series.unique_id].iloc[0]
    return float(without.only(**{series.unique_id: key}).values(PLAIN, "mae").mean())


def by_month(scores: Scores, settings: PricesSettings) -> tuple[pd.DataFrame, str]:
    """Errors and coverage by month, for people; and the name of the best naive."""
    best = scores.best_baseline("mae")
    wide = pd.DataFrame(
        {
            MODEL: scores.values(MODEL, "mae"),
            best: scores.values(best, "mae"),
            "inside": scores.values(MODEL, f"coverage-{settings.level:g}"),
        }
    )
    order = pd.DatetimeIndex(wide.index)
    means = wide.groupby(order.tz_localize(None).to_period("M")).mean()
    table = pd.DataFrame(
        {
            MODEL: means[MODEL].map("{:.2f}".format),
            best: means[best].map("{:.2f}".format),
            "gain": [as_change(share) for share in 1 - means[MODEL] / means[best]],
            f"inside {settings.level:g} %": [f"{100 * share:.1f} %" for share in means["inside"]],
        }
    )
    table.index = pd.Index([f"{month.strftime('%B %Y')}" for month in means.index], name="month")
    return table, best


def data(markets: Markets, settings: PricesSettings) -> list[Any]:
    """What the table holds, in figures."""
    series = settings.series
    past = markets.past
    day = past.groupby([series.unique_id, past[series.ds].dt.strftime("%H:%M")], sort=False, observed=True)[
        series.y
    ].mean()
    hours = {key: day.loc[key].sort_index() for key in markets.keys}
    lines: dict[str, Any] = {
        key: (np.linspace(0, 24, len(mean), endpoint=False), mean.to_numpy()) for key, mean in hours.items()
    }
    prices = past.groupby(series.unique_id, sort=False, observed=True)[series.y]
    table = pd.DataFrame(
        {
            "rows": prices.size().map("{:,}".format),
            "mean": prices.mean().map("{:.1f}".format),
            "lowest": prices.min().map("{:.1f}".format),
            "highest": prices.max().map("{:.1f}".format),
            "below zero": prices.agg(lambda y: int((y < 0).sum())).map("{:,}".format),
        }
    ).rename_axis("market")
    told = [f"{capitalise(note)}." for note in markets.notes]
    return [
        (
            table,
            (
                f"Prices{settings.in_unit} from {past[series.ds].min()} to {past[series.ds].max()}, one every"
                f" {markets.panel.frequency.describe()}."
            ),
        ),
        *([" ".join(told)] if told else []),
        line_figure(
            lines,
            x_label="hour of the day",
            y_label=f"mean price over the day{settings.unit_after_label}",
            alt="Mean price over the day.",
        ),
    ]


def metrics(
    alone: Alone, found: dict[str, FlexibleLoad], forecast: Forecast, without: Scores, series: SeriesColumns
) -> dict[str, float]:
    """Everything worth comparing between two runs, by name."""
    told: dict[str, float] = {}
    for key, scores in alone.items():
        for model, row in scores.table().iterrows():
            told |= {f"{key} {metric} of {model}": float(value) for metric, value in row.items()}
        told[f"{key} gain"] = gain(scores, MODEL, metric="mae")
        told[f"{key} gain against {NAIVE}"] = gain(scores, MODEL, NAIVE, "mae")
        told[f"{key} largest distance of a quantile"] = reliability(scores, MODEL, y=series.y).max_deviation
        told[f"{key} mae of {PLAIN}"] = own_error(without, scores, series)
        load = found[key]
        told |= {f"{key} price paid": load.paid, f"{key} price paid with {NAIVE}": load.paid_against}
        told[f"{key} share of what could be saved"] = load.reached
        told[f"{key} forecast mean"] = float(forecast.one(key)["mean"].mean())
    return told
