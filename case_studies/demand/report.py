"""The chapters of the demand report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.forecasting.words import (
    by_origin,
    calibration,
    coverage_of,
    gain,
)
from domains.timeseries import Forecast, Reserve, horizon_parts
from domains.timeseries.figures import forecast_figure
from shared.data import Panel
from shared.data.columns import interval_columns, median_of
from shared.evaluation import Comparisons, Scores
from shared.evaluation.explain import Dependence, Importance
from shared.reporting import Claim, Evidence, Table, given
from shared.reporting.charts import density_figure, line_figure
from shared.text import format_column, format_stamp, join_words

from .backtest import Trials
from .models import KNOWN, MODEL
from .sayings import judge, rival_of, say_heat, say_reserve, say_saving
from .settings import DemandSettings
from .tables import Tables, is_daily, stamp_column

ALONE = (
    "Each curve varies one input alone. The latest demand, which tells of the weather already, stays as it was: so a"
    " curve may fall where demand itself rises, as the picture under “What was read” shows."
)
LABELS = {"mase": "MASE", "mae": "MAE"}


def outlook(forecast: Forecast, tables: Tables, settings: DemandSettings) -> list[Any]:
    """Highest and lowest expected demand of each day."""
    ds, unit = settings.columns.time, settings.unit_after_label
    frame = forecast.to_frame()
    (low, high), point = interval_columns(settings.level), median_of(frame)  # the median, as everywhere in the report
    rows, daily = {}, is_daily(frame[ds])
    for day, group in frame.groupby(tables.ahead["day"], sort=False):
        top, bottom = group.iloc[int(group[point].argmax())], group.iloc[int(group[point].argmin())]
        written = format_column([top[point], top[low], top[high], bottom[point]])
        within = f"{written[1]} to {written[2]}"
        rows[day] = (
            [written[0], within]
            if daily
            else [f"{written[0]} at {top[ds]:%H:%M}", within, f"{written[3]} at {bottom[ds]:%H:%M}"]
        )
    columns = [f"Peak{unit}", f"Its {settings.level:g} % interval", f"Trough{unit}"]
    columns = [f"Expected{unit}", columns[1]] if daily else columns
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("day")
    parts: list[Any] = [Table(table, f"Expected {settings.called} by day.", name="days"), _list_hours(tables, settings)]
    if settings.columns.holiday and settings.upcoming_holidays:
        days = join_words([format_stamp(pd.Timestamp(day)) for day in settings.upcoming_holidays])
        parts.append(f"Public holidays taken into account: {days}.")
    return parts


def _list_hours(tables: Tables, settings: DemandSettings) -> Table:
    """The forecast and its reserve, step by step."""
    ds, unit = stamp_column(settings.columns.time), settings.unit_after_label
    shown = tables.ahead.assign(when=[format_stamp(one) for one in tables.ahead[ds]]).set_index("when")
    every = max(1, -(-len(shown) // 48))
    shown = shown[["expected", "upper", "reserve"]].iloc[::every]
    shown.columns = pd.Index([f"Expected{unit}", f"Exceeded with {100 * settings.risk:g} %{unit}", f"Reserve{unit}"])
    caption = f"Expected {settings.called} and the reserve above it." + (
        f" One step in {every} is shown; the file has all." if every > 1 else ""
    )
    return Table(shown.rename_axis("from"), caption, name="forecast", data=tables.ahead, fold=True)


def protocol(settings: DemandSettings, trials: Trials, panel: Panel, planned: str) -> list[Any]:
    """How the trials were made, and what was chosen for them."""
    clock = trials.clocks[0]
    cuts = trials.walk(clock).splits(trials.demand)
    return [
        (
            f"{len(cuts)} origins from {cuts[0].label:%d %B %Y} to {cuts[-1].label:%d %B %Y}, each at"
            f" {clock}{f' ({settings.timezone})' if settings.timezone else ''}; from each the next"
            f" {trials.horizon} steps of {panel.frequency.describe()} are forecast. An origin is the first stamp that"
            " is not known: nothing from it on is used but the"
            f" calendar{' and public holidays' if settings.columns.holiday else ''}."
        ),
        (
            (f"{planned} " if planned else "")
            + f"Every model was fitted once, on the {len(cuts[0].train):,} rows before the first origin; later rows"
            " entered as history only. Intervals were calibrated on errors from before the first origin, made by"
            " models that had not seen them, and on forecasts whose outcomes had been observed by the origin."
        ),
        (
            "MASE is the mean absolute error divided by that of “same time last week” on the rows before the first"
            " origin: below 1 is better than that naive was then."
        ),
    ]


def trust(scores: Scores, tables: Tables, verdict: Comparisons, settings: DemandSettings) -> list[Any]:
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
    told = [judge(tables, verdict, item.against)[1] for item in verdict.items]
    return [
        Table(
            table.rename_axis("model"),
            f"Means over {tables.tried}. Of errors and interval scores less is better; inside the"
            f" interval should be {level:g} %.",
            MODEL,
            name="scores",
        ),
        [*told, "Ranges are 95 % intervals over the trials."],
        line_figure(
            lines,
            y_label="MASE",
            title=f"Error in {tables.tried}, the whole horizon ahead",
            alt=f"Error of the {MODEL} and of “{best}” in each trial.",
            colours={MODEL: "accent", best: "second"},
        ),
        scores.explain_leaks(),
        *calibration(scores, MODEL, level, settings.columns.demand),
    ]


def doubts(
    scores: Scores, bounds: dict[str, Scores], tables: Tables, demand: pd.DataFrame, settings: DemandSettings
) -> list[Any]:
    """The worst trial, what the weather had to do with it, and what else to keep in mind."""
    ds, y = settings.columns.time, settings.columns.demand
    errors = scores.values(MODEL, "mase")
    worst: Any = errors.idxmax()
    rows = scores.predictions
    rows = rows[(rows["model"] == MODEL) & (rows["split"] == worst)]
    low, high = interval_columns(settings.level)
    before = demand[demand[ds] < worst].tail(len(rows))
    table = tables.of_model().where(metric="mase")
    title = Claim.of(
        "The trial with the largest error: {when}, MASE {error}",
        when=table.label_at("max", "value", "origin"),
        error=table.max("value"),
    )
    picture = forecast_figure(
        before[ds],
        before[y],
        rows[ds],
        rows["median"],
        lower=rows[low],
        upper=rows[high],
        level=settings.level,
        actual=rows[y],
        y_label=f"{y}{settings.unit_after_label}",
        alt="The trial with the largest error: forecast, interval and outcome.",
    ).tell(title)
    parts: list[Any] = [picture]
    if (heat := say_heat(tables)) is not None:
        parts.append(heat)
    if bounds:
        bound = bounds[tables.clock]
        known, plain = (float(trial.values(name, "mase").mean()) for trial, name in ((bound, KNOWN), (scores, MODEL)))
        parts.append(
            f"With the weather of these days known beforehand, the mean error (MASE) was {known:.2f} instead of"
            f" {plain:.2f}. Nobody knows it beforehand: the figure says what the weather has to do with the errors."
        )
    return [
        *settings.columns.explain_missing(),
        *parts,
        f"The model learnt from {format_stamp(demand[ds].iloc[0])} on. Fit it again when fewer outcomes lie inside the"
        " interval than were promised.",
    ]


def others(
    scores: dict[str, Scores], bounds: dict[str, Scores], weekdays: Scores | None, settings: DemandSettings
) -> list[Any]:
    """The same table at other times of day, with the weather known, and on every day of the week."""
    rows = {}
    for clock, found in scores.items():
        best = found.best_baseline("mase")
        rows[f"{clock}: {best}"] = [float(found.values(best, "mase").mean()), None, None]
        share = 100 * coverage_of(found, MODEL, settings.level)
        rows[f"{clock}: {MODEL}"] = [float(found.values(MODEL, "mase").mean()), 100 * gain(found, MODEL), share]
        if clock in bounds:
            bound = bounds[clock]
            rows[f"{clock}: {KNOWN}"] = [float(bound.values(KNOWN, "mase").mean()), 100 * gain(bound, KNOWN), None]
    columns = ["MASE", "less error than the first row, %", f"inside {settings.level:g} %, %"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("trials from")
    parts: list[Any] = [
        Table(table, "The same trials by time of day; the first row of each is a naive.", name="clocks")
    ]
    if weekdays is not None:
        parts += [
            f"Tried on every day, from {weekdays.scores['split'].nunique()} origins:",
            Table(by_weekday(weekdays), "MASE by the weekday of the origin.", name="weekdays"),
        ]
    return parts


def by_weekday(scores: Scores) -> pd.DataFrame:
    """MASE of the model and of the naive that errs least on that weekday."""
    wide = scores.scores[scores.scores["metric"] == "mase"].pivot(index="split", columns="model", values="value")
    wide["day"] = pd.DatetimeIndex(wide.index).strftime("%A")
    means = wide.groupby("day", sort=False).mean()
    naives = means[list(scores.baselines)]
    return pd.DataFrame(
        {
            MODEL: means[MODEL],
            "strongest naive": naives.min(axis=1),
            "which": naives.idxmin(axis=1),
            "less error, %": 100 * (1 - means[MODEL] / naives.min(axis=1)),
        }
    ).rename_axis("origin on")


def driving(found: Importance, by_weather: list[Dependence]) -> list[Any]:
    """What drives the forecast, over the horizon, and how it follows the weather."""
    return [
        found.plot(),
        found.explain(),
        found.plot_steps(),
        *(part for one in by_weather for part in (one.explain(), one.plot())),
        *([ALONE] if by_weather else []),
    ]


def reserve(reserve: Reserve, tables: Tables, settings: DemandSettings, scores: Scores) -> list[Any]:
    """The reserve, over the horizon, and what it is worth at the assumed price."""
    steps = reserve.by_step
    hours = steps.index.to_numpy() * _step_hours(scores, settings.columns.time)
    lines = {name: (list(hours), steps[name].to_numpy()) for name in steps.columns}
    money = f" {settings.currency}" if settings.currency else ""
    rows = Evidence("reserve", tables.reserve, {"model": MODEL})
    rival = rival_of(tables)
    difference = rows.where(model=rival).difference("needed", settings.unit, model=MODEL)
    worth = float(f"{float(difference.value) * 24 * settings.reserve_price:.2g}")
    return [
        say_reserve(tables, settings),
        say_saving(tables, settings),
        [
            Claim.of(
                "In the trials, {held} was held on average, and {short} of the outcomes exceeded it; {risk} was"
                " meant to.",
                held=rows.mean("held", settings.unit),
                short=rows.mean("short", "%"),
                risk=given(settings.risk, "%"),
            ),
        ],
        line_figure(
            lines,
            x_label="hours after the start",
            y_label=f"Mean reserve{settings.unit_after_label}",
            title="What was held in the trials, by hours after the start",
            alt=f"Reserve by hours after the start, {MODEL} and {rival}.",
            colours={MODEL: "accent", rival: "second"},
        ),
        (
            f"At {settings.reserve_price:g}{money} for holding one {settings.unit or 'unit'} for an hour (an"
            f" assumption: set reserve_price to your own), the {difference.text} between the two are worth"
            f" {worth:,.0f}{money} a day."
            if worth > 0
            else "There is no saving to count."
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
    state = "after these repairs" if panel.repairs else "without gaps or repeats"
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


def _step_hours(scores: Scores, ds: str) -> float:
    stamps = scores.predictions[ds]
    return float((stamps.iloc[1] - stamps.iloc[0]).total_seconds() / 3600)
