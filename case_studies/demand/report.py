"""The chapters of the demand report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
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
from domains.timeseries import Forecast, Reserve, horizon_parts
from domains.timeseries.figures import forecast_figure
from shared.data import Panel
from shared.data.columns import interval_columns
from shared.evaluation import Comparisons, Scores
from shared.evaluation.explain import Dependence, Importance
from shared.reporting import Run
from shared.reporting.charts import density_figure, line_figure

from .backtest import Trials
from .models import KNOWN, MODEL
from .settings import DemandSettings

# Hours whose errors are a fifth larger than usual are named.
HOT_RATIO = 1.2
FEW = 26  # trials a week apart: half a year, one of the two seasons that demand has
LABELS = {"mase": "MASE", "mae": "MAE"}


def summary(
    run: Run,
    settings: DemandSettings,
    scores: dict[str, Scores],
    verdict: Comparisons,
    reserve: Reserve,
    forecast: Forecast,
    others: Iterable[Scores] = (),
) -> None:
    """Three sentences for a manager, and the numbers behind them; a warning where the intervals did not hold."""
    first = scores[settings.clocks[0]]
    best = first.best_baseline("mase")
    frame, ds = forecast.to_frame(), settings.columns.time
    peak = frame.iloc[int(frame["mean"].argmax())]
    high = interval_columns(settings.level)[1]
    item = next(item for item in verdict.items if item.against == best)
    share = coverage_of(first, MODEL, settings.level)
    run.report.subtitle = (
        f"A forecast of {frame[ds].iloc[0]:%d %B %Y} and what follows, and how such forecasts did in {item.n} trials "
        "against what anyone could do without a model."
    )
    run.add_summary(
        f"Expect a peak of about {peak['mean']:,.0f}{settings.unit_after_number} on {peak[ds]:%A %d %B %Y at %H:%M};"
        f" the chance that demand then exceeds {peak[high]:,.0f}{settings.unit_after_number} is meant to be"
        f" {100 * settings.risk:g} %.",
        f"In {item.n} trials at {settings.clocks[0]} the {verdict_and_coverage(item, share, settings.level)}",
        f"For the same risk of running short the forecast {reserve.saving()}"
        f"{'; rely on it least on the hottest days' if settings.columns.temperature else ''}.",
    )
    if share < settings.level / 100 - 0.03:
        run.add_summary(
            f"Warning: the intervals were too narrow. They held {100 * share:.0f} % instead of {settings.level:g} %, so"
            " the chance of exceeding an upper bound is larger than stated. Hold more, or give a longer history."
        )
    tried = [*scores.values(), *others]
    if not all(trial.guarded for trial in tried):
        run.add_summary(next(trial for trial in tried if not trial.guarded).explain_leaks())
    run.add_summary(*too_few(item.n, FEW, "trials were made"))
    run.add_fact(as_change(gain(first, MODEL)), f"error (MASE) against the best naive, “{best}”")
    run.add_fact(f"{100 * share:.1f} %", f"of outcomes inside the {settings.level:g} % interval")
    run.add_fact(f"{item.wins} of {item.n}", f"{settings.tries} better than the best naive")
    saved = f"{abs(reserve.saved):,.0f}{settings.unit_after_number}"
    run.add_fact(saved, f"{'less' if reserve.saved > 0 else 'more'} reserve for the same risk")


def outlook(forecast: Forecast, scores: dict[str, Scores], settings: DemandSettings) -> list[Any]:
    """Highest and lowest expected demand of each day, and how forecasts from this hour did."""
    frame, ds = forecast.to_frame(), settings.columns.time
    clock = f"{frame[ds].iloc[0]:%H:%M}"
    told = f"This forecast starts at {clock}; the trials that count most started at {settings.clocks[0]}."
    if clock in scores:
        trial = scores[clock]
        told = (
            f"This forecast starts at {clock}. In the trials from that hour the error lay {below(gain(trial, MODEL))}"
            f" that of the best naive, and {100 * coverage_of(trial, MODEL, settings.level):.0f} % of what came lay"
            " inside the interval."
        )
    low, high = interval_columns(settings.level)
    days = frame.groupby(frame[ds].dt.strftime("%A %d %B %Y"), sort=False)
    rows = {}
    for day, group in days:
        top, bottom = group.iloc[int(group["mean"].argmax())], group.iloc[int(group["mean"].argmin())]
        rows[day] = [
            f"{top['mean']:,.0f} at {top[ds]:%H:%M}",
            f"{top[low]:,.0f} to {top[high]:,.0f}",
            f"{bottom['mean']:,.0f} at {bottom[ds]:%H:%M}",
        ]
    columns = [
        f"Peak{settings.unit_after_label}",
        f"Its {settings.level:g} % interval",
        f"Trough{settings.unit_after_label}",
    ]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    parts: list[Any] = [(table, "Expected demand by day.")]
    if settings.columns.holiday:
        holidays = ", ".join(settings.upcoming_holidays)
        holidays = (
            holidays or "none was named. If there is one, set upcoming_holidays: it changes the forecast a good deal"
        )
        parts.append(f"Public holidays taken into account in these days: {holidays}.")
    return [*parts, told]


def protocol(settings: DemandSettings, trials: Trials, panel: Panel) -> list[Any]:
    """How the trials were made."""
    cuts = trials.walk(settings.clocks[0]).splits(trials.demand)
    return [
        (
            f"{len(cuts)} origins from {cuts[0].label:%d %B %Y} to {cuts[-1].label:%d %B %Y}, each at"
            f" {settings.clocks[0]}{f' ({settings.timezone})' if settings.timezone else ''}; from each the next"
            f" {trials.horizon} steps of {panel.frequency.describe()} are forecast. An origin is the first stamp that"
            " is not known: nothing from it on is used but the"
            f" calendar{' and public holidays' if settings.columns.holiday else ''}."
        ),
        (
            f"Every model was fitted once, on the {len(cuts[0].train):,} rows before the first origin; later rows"
            " entered as history only. Intervals were calibrated on errors from before the first origin, made by"
            " models that had not seen them, and on forecasts whose outcomes had been observed by the origin."
        ),
        (
            "MASE is the mean absolute error divided by that of “same time last week” on the rows before the first"
            " origin: below 1 is better than that naive was then."
        ),
    ]


def trust(scores: Scores, verdict: Comparisons, settings: DemandSettings) -> list[Any]:
    """The score table, the comparisons in words, and coverage by part of the horizon."""
    level = settings.level
    table = scores.table().rename(columns=LABELS)
    coverage, winkler = f"coverage-{level:g}", f"interval_score-{level:g}"
    table[coverage] = [f"{100 * share:.1f} %" for share in table[coverage]]
    table = table.rename(
        columns={"MAE": f"MAE{settings.unit_after_label}", coverage: f"inside {level:g} %", winkler: "interval score"}
    )
    best = scores.best_baseline("mase")
    lines = {name: by_origin(scores, name, "mase") for name in (MODEL, best)}
    return [
        (table.rename_axis("model"), f"Means over the origins at {settings.clocks[0]}; lower is better.", MODEL),
        f"{sentences(verdict)} Ranges are 95 % intervals over the trials.",
        line_figure(
            lines,
            y_label="MASE by origin",
            alt="Error of the lag model and of the best naive at each origin.",
            caption="Each point is one trial, the whole horizon ahead.",
        ),
        scores.explain_leaks(),
        *calibration(scores, MODEL, level, settings.columns.demand),
    ]


def doubts(scores: Scores, bounds: dict[str, Scores], demand: pd.DataFrame, settings: DemandSettings) -> list[Any]:
    """The worst trial, what the weather had to do with it, and what else to keep in mind."""
    ds, y, temperature = settings.columns.time, settings.columns.demand, settings.columns.temperature
    errors = scores.values(MODEL, "mase")
    worst: Any = errors.idxmax()
    rows = scores.predictions
    rows = rows[(rows["model"] == MODEL) & (rows["split"] == worst)]
    low, high = interval_columns(settings.level)
    before = demand[demand[ds] < worst].tail(len(rows))
    heat = ""
    parts: list[Any] = []
    if temperature:
        hot = pd.Series(
            {cut: float(demand.loc[_window(demand[ds], cut, len(rows)), temperature].max()) for cut in errors.index}
        )
        heat = f" The temperature then reached {hot[worst]:.0f} °C."
        parts = [_heat(errors, hot)]
    picture = forecast_figure(
        before[ds],
        before[y],
        rows[ds],
        rows["median"],
        lower=rows[low],
        upper=rows[high],
        level=settings.level,
        actual=rows[y],
        y_label=f"{y}{settings.unit_after_label}: the worst trial",
        alt="The trial with the largest error: forecast, interval and outcome.",
        caption=f"The worst trial, from {worst:%d %B %Y %H:%M}: MASE {errors.max():.2f}.{heat}",
    )
    parts.append(picture)
    if bounds:
        bound = bounds[settings.clocks[0]]
        parts.append(
            f"With the weather of the horizon known, the error would lie {below(gain(bound, KNOWN))} that of the best"
            " naive: this is what a perfect weather forecast would bring. It is a bound, not a forecast, because it"
            " uses what nobody knew then."
        )
    return [
        *settings.columns.explain_missing(),
        *parts,
        (
            f"The model learnt from {demand[ds].iloc[0]:%B %Y} on. What changes demand for other reasons (prices, solar"
            " panels, a large user that opens or closes) is not in these data. Fit again when the coverage leaves its"
            " target."
        ),
    ]


def _heat(errors: Any, hot: Any) -> str:
    """What heat had to do with the errors."""
    limit = float(np.quantile(hot, 0.9))
    ratio = errors[hot >= limit].mean() / errors[hot < limit].mean()
    advice = (
        "On such days the weather decides, and the model knows it only up to the origin: ask for a weather forecast."
        if ratio >= HOT_RATIO
        else "In these trials heat made no large difference."
    )
    return (
        f"In the {int((hot >= limit).sum())} hottest of the {len(hot)} trials, reaching {limit:.0f} °C or more, the"
        f" error was {ratio:.1f} times that of the others. {advice}"
    )


def others(
    scores: dict[str, Scores], bounds: dict[str, Scores], weekdays: Scores | None, settings: DemandSettings
) -> list[Any]:
    """The same table at other times of day, with the weather known, and on every day of the week."""
    parts: list[Any] = []
    rows = {}
    for clock, found in scores.items():
        best = found.best_baseline("mase")
        rows[f"{clock}: {best}"] = [float(found.values(best, "mase").mean()), "", ""]
        low = f"{100 * coverage_of(found, MODEL, settings.level):.1f} %"
        rows[f"{clock}: {MODEL}"] = [
            float(found.values(MODEL, "mase").mean()),
            as_change(gain(found, MODEL)),
            low,
        ]
        if clock in bounds:
            bound = bounds[clock]
            rows[f"{clock}: {KNOWN}"] = [float(bound.values(KNOWN, "mase").mean()), as_change(gain(bound, KNOWN)), ""]
    columns = ["MASE", "against the best naive", f"inside {settings.level:g} %"]
    parts.append((pd.DataFrame.from_dict(rows, orient="index", columns=columns), "The same trials by time of day."))
    if weekdays is not None:
        table = by_weekday(weekdays)
        best = weekdays.best_baseline("mase")
        parts.append(
            f"Tried on every day rather than once a week ({weekdays.scores['split'].nunique()} origins), the model's"
            f" error lies {below(gain(weekdays, MODEL))} that of “{best}”, the best naive over all days."
        )
        parts.append((table, f"By the weekday of the origin ({settings.clocks[0]})."))
    return parts


def by_weekday(scores: Scores) -> pd.DataFrame:
    """MASE of the model and of the naive that is best on that weekday."""
    wide = scores.scores[scores.scores["metric"] == "mase"].pivot(index="split", columns="model", values="value")
    wide["day"] = pd.DatetimeIndex(wide.index).strftime("%A")
    means = wide.groupby("day", sort=False).mean()
    naives = means[list(scores.baselines)]
    return pd.DataFrame(
        {
            MODEL: means[MODEL],
            "best naive": naives.min(axis=1),
            "which": naives.idxmin(axis=1),
            "gain": [f"{100 * share:.0f} %" for share in 1 - means[MODEL] / naives.min(axis=1)],
        }
    ).rename_axis("origin on")


def driving(found: Importance, by_weather: list[Dependence]) -> list[Any]:
    """What drives the forecast, over the horizon, and how it follows the weather."""
    return [
        found.plot(),
        found.explain(),
        found.plot_steps(),
        *(part for one in by_weather for part in (one.explain(), one.plot())),
    ]


def reserve(reserve: Reserve, settings: DemandSettings, scores: Scores) -> list[Any]:
    """The reserve, over the horizon, and what it is worth at the assumed price."""
    steps = reserve.by_step
    hours = steps.index.to_numpy() * _step_hours(scores, settings.columns.time)
    lines = {name: (list(hours), steps[name].to_numpy()) for name in steps.columns}
    per_day = float(f"{reserve.saved * 24 * settings.reserve_price:.2g}")
    money = f" {settings.currency}" if settings.currency else ""
    worth = f"the saving is worth about {per_day:,.0f}{money} a day" if per_day > 0 else "there is no saving to count"
    return [
        reserve.explain("periods"),
        line_figure(
            lines,
            x_label="hours after the origin",
            y_label=f"mean reserve{settings.unit_after_label}",
            alt="Reserve by hours after the origin, lag model and best naive.",
            caption=(
                "What was held: the distance from the forecast to the upper bound, on average over the origins. The "
                "text above compares what exactly the risk aimed at would have taken."
            ),
        ),
        (
            f"At {settings.reserve_price:g}{money} for holding one {settings.unit or 'unit'} for an hour (an"
            f" assumption: set reserve_price to your own) {worth}."
        ),
    ]


def data(panel: Panel, demand: pd.DataFrame, settings: DemandSettings) -> list[Any]:
    """What the table holds, in figures."""
    ds, y, temperature, holiday = (
        getattr(settings.columns, role) for role in ("time", "demand", "temperature", "holiday")
    )
    stamps = demand[ds]
    shifts = int((pd.Series(panel.frequency.wall_offset(panel.ordinals())).diff().fillna(0) != 0).sum())
    week = demand.groupby([demand[ds].dt.day_of_week >= 5, demand[ds].dt.strftime("%H:%M")])[y].mean()
    hours = np.linspace(0, 24, len(week[False]), endpoint=False)
    state = (
        f"after repairs that were asked for: {'; '.join(panel.repairs)}" if panel.repairs else "without gaps or repeats"
    )
    text = (
        f"{len(demand):,} rows from {stamps.iloc[0]} to {stamps.iloc[-1]}, one every {panel.frequency.describe()},"
        f" {state}"
    )
    text += f"; the clocks change {shifts} times." if panel.frequency.tz is not None else "."
    parts: list[Any] = [text + (f" {int(demand[holiday].sum()):,} rows are public holidays." if holiday else "")]
    if temperature:
        parts.append(
            density_figure(
                demand[temperature],
                demand[y],
                x_label="temperature, °C",
                y_label=f"{y} by temperature",
                alt="Where rows lie by temperature and demand, with the median demand.",
                caption="Darker where there are more rows; the line is the median.",
            )
        )
    parts.append(
        line_figure(
            {
                "Monday to Friday": (list(hours), week[False].to_numpy()),
                "weekend": (list(hours), week[True].to_numpy()),
            },
            x_label="hour of the day",
            y_label=f"mean {y} over the day",
            alt="Mean demand over the day.",
        )
    )
    return parts


def metrics(
    scores: dict[str, Scores],
    bounds: dict[str, Scores],
    weekdays: Scores | None,
    held: Reserve,
    forecast: Forecast,
) -> dict[str, float]:
    """Everything worth comparing between two runs, by name."""
    found: dict[str, float] = {}
    for clock, trial in scores.items():
        for model, row in trial.table().iterrows():
            found |= {f"{clock} {metric} of {model}": float(value) for metric, value in row.items()}
        found[f"{clock} gain"] = gain(trial, MODEL)
        if clock in bounds:
            found[f"{clock} gain with the weather known"] = gain(bounds[clock], KNOWN)
        level = next(name for name in trial.scores["metric"] if name.startswith("coverage-"))
        quarters = trial.by(level, horizon_parts())[MODEL]
        found |= {f"{clock} coverage in quarter {number}": float(q) for number, q in enumerate(quarters, 1)}
    if weekdays is not None:
        found["every day gain"] = gain(weekdays, MODEL)
    found |= {"reserve held": held.held, "reserve needed": held.needed, "reserve saved": held.saved}
    found["share run short"] = held.short
    return found | {"forecast mean": float(forecast.frame["mean"].mean())}


def _window(stamps: Any, origin: object, length: int) -> Any:
    place = int(stamps.searchsorted(origin))
    return stamps.index[place : place + length]


def _step_hours(scores: Scores, ds: str) -> float:
    stamps = scores.predictions[ds]
    return float((stamps.iloc[1] - stamps.iloc[0]).total_seconds() / 3600)
