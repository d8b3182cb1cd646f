"""The chapters of the demand report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.forecasting.words import (
    by_origin,
    calibration,
    claim_coverage,
    coverage_of,
    gain,
    say_nothing,
    say_skill,
)
from case_studies.common.forecasting.words import judge as judge_one
from case_studies.common.report import add_comparison, too_few, weave
from domains.timeseries import Forecast, Reserve, horizon_parts
from domains.timeseries.figures import forecast_figure
from shared.data import Panel
from shared.data.columns import interval_columns, median_of
from shared.evaluation import Comparison, Comparisons, Scores, compare
from shared.evaluation.explain import Dependence, Importance
from shared.reporting import Claim, Evidence, Run, Said, Table, given
from shared.reporting.charts import density_figure, line_figure
from shared.text import format_column, format_stamp, join_words

from .backtest import Trials
from .models import KNOWN, MODEL, PAST
from .settings import DemandSettings
from .tables import Tables, is_daily, stamp_column

FEW = 26  # trials a week apart: half a year, one of the two seasons that demand has
HELD = ("held", "needed")  # columns of the reserve: on average in the trials, and what the risk would have taken
FEWEST_HOT = 3  # trials, below which nothing is said of heat
MOST_DAYS = 3  # days whose reserve is told in a sentence
ALONE = (
    "Each curve varies one input alone. The latest demand, which tells of the weather already, stays as it was: so a curve"
    " may fall where demand itself rises, as the picture under “What was read” shows."
)
LABELS = {"mase": "MASE", "mae": "MAE"}


def write_first_screen(
    run: Run,
    settings: DemandSettings,
    tables: Tables,
    scores: dict[str, Scores],
    verdict: Comparisons,
    forecast: Forecast,
    others: Iterable[Scores] = (),
) -> None:
    """What to hold, how sure that is, and when not to believe it."""
    first = scores[tables.clock]
    frame, ds = forecast.to_frame(), settings.columns.time
    if run.data is not None:
        run.report.title = f"{settings.series.y}: what comes next, and the reserve to hold"
    item, claim = judge(tables, verdict, first.best_baseline("mase"))
    alone, past = judge(tables, verdict, PAST)
    run.report.subtitle = (
        f"{format_stamp(frame[ds].iloc[0])} to {format_stamp(frame[ds].iloc[-1])}, every"
        f" {_say_step(frame[ds])}; tried {item.n} times on the past{'' if is_daily(frame[ds]) else ', from the same hour of the day'}."
    )
    rival = None if item.against == PAST else compare(first, item.against, PAST, metric="mase").items[0]
    nothing = say_nothing(alone, item, rival)
    if nothing:
        run.advise_against(nothing, [say_plain_reserve(tables, settings)])
    else:
        run.add_advice([say_reserve(tables, settings)], say_peak(tables, settings))
    run.add_certainty(say_skill(claim, past), say_coverage(tables, settings), say_saving(tables, settings))
    run.add_doubt(*_list_doubts(tables, settings, item, [*scores.values(), *others], own=run.data is not None))
    rows = Evidence("reserve_ahead", tables.ahead)
    unit = settings.unit
    if nothing:
        run.add_fact(of_rival(tables).mean("needed", unit), f"of reserve on average with “{rival_of(tables)}”")
    else:
        run.add_fact(rows.label_at("max", "expected", "reserve", unit), "of reserve at the highest peak")
        run.add_fact(rows.max("expected", unit), "expected at that peak")
    add_comparison(run, item, claim)
    share = tables.of_model().where(metric=f"coverage-{settings.level:g}").mean("value", "%", decimals=0)
    run.add_fact(share, f"of past outcomes inside the {settings.level:g} % interval")
    title = f"What the {MODEL} forecasts: not to plan with" if nothing else say_peak(tables, settings)
    run.show(forecast.plot(unit=settings.unit).tell(title, data=tables.ahead))


def judge(tables: Tables, verdict: Comparisons, against: str) -> tuple[Comparison, Claim]:
    """One of the comparisons, and the sentence that it makes."""
    clock = tables.clock
    return judge_one(verdict, against, {"clock": clock}, name="error, MASE", context=f"in {tables.tried}")


def say_peak(tables: Tables, settings: DemandSettings) -> Claim:
    """When demand is highest, and how high."""
    rows, ds = Evidence("reserve_ahead", tables.ahead), stamp_column(settings.columns.time)
    return Claim.of(
        f"{settings.series.y} is expected to peak at {{peak}} on {{when}}.",
        peak=rows.max("expected", settings.unit),
        when=rows.label_at("max", "expected", ds),
    )


def say_reserve(tables: Tables, settings: DemandSettings) -> Claim:
    """How much to hold above the forecast at each day's peak."""
    ds, parts = stamp_column(settings.columns.time), []
    daily = is_daily(tables.ahead[ds])
    for place, day in enumerate(list(dict.fromkeys(tables.ahead["day"]))[:MOST_DAYS]):
        rows = Evidence("reserve_ahead", tables.ahead, {"day": day})
        parts.append(
            Claim.of(
                "{reserve} on {when}" if daily else f"{{reserve}} for {'that' if place else 'the peak'} on {{when}}",
                reserve=rows.label_at("max", "expected", "reserve", settings.unit),
                when=rows.label_at("max", "expected", ds),
            )
        )
    risk = Claim.of(
        "A reserve held this way was exceeded by {short} of the outcomes in the trials; {risk} was meant.",
        short=Evidence("reserve", tables.reserve, {"model": MODEL}).mean("short", "%", decimals=1),
        risk=given(settings.risk, "%"),
    )
    return Claim.join("Above the forecast, hold ", *weave(parts), ". ", risk)


def rival_of(tables: Tables) -> str:
    """The baseline whose reserve is known."""
    return str(next(name for name in tables.reserve["model"] if name != MODEL))


def of_rival(tables: Tables) -> Evidence:
    """Reserve of that baseline."""
    return Evidence("reserve", tables.reserve, {"model": rival_of(tables)})


def say_plain_reserve(tables: Tables, settings: DemandSettings) -> Claim:
    """What reserve the baseline takes."""
    return Claim.of(
        f"With “{rival_of(tables)}”, it would have taken {{its}} of reserve on average to run short in {{risk}} of the time.",
        its=of_rival(tables).mean("needed", settings.unit),
        risk=given(settings.risk, "%"),
    )


def say_coverage(tables: Tables, settings: DemandSettings) -> Claim:
    """Whether intervals held what they promised."""
    return claim_coverage(tables.of_model(), settings.level, f"outcomes in {tables.tried}")


def say_saving(tables: Tables, settings: DemandSettings) -> Claim:
    """What the forecast saves of reserve, for one risk of running short."""
    rows = Evidence("reserve", tables.reserve, {"model": MODEL})
    rival = rival_of(tables)
    mine, its = rows.mean("needed", settings.unit), rows.where(model=rival).mean("needed", settings.unit)
    return Claim.of(
        "To run short in {risk} of the time it would have taken {mine} of reserve on average with this forecast, and"
        f" {{its}} with “{rival}”.",
        mine=mine,
        its=its,
        risk=given(settings.risk, "%"),
    )


def say_needed(tables: Tables, settings: DemandSettings) -> Claim:
    """What was held in the trials, and what it would have taken."""
    rows = Evidence("reserve", tables.reserve, {"model": MODEL})
    return Claim.of(
        "A reserve of {held} on average was held in the trials; for the risk that was meant it would have taken {needed}.",
        held=rows.mean("held", settings.unit),
        needed=rows.mean("needed", settings.unit),
    )


def say_heat(tables: Tables) -> Claim | None:
    """What heat had to do with the errors; None where it cannot be said."""
    heat = tables.heat
    if heat.empty or int(heat["hot"].sum()) < FEWEST_HOT or bool(heat["hot"].all()):
        return None
    rows = Evidence("heat", heat, {"hot": True})
    return Claim.of(
        "In the {count} that reached {least} or more, the error was {ratio} times that of the others.",
        count=rows.count("trial"),
        least=rows.min("temperature", "°C", decimals=0),
        ratio=rows.ratio("error", hot=False, decimals=1),
    )


def _errs_in_heat(tables: Tables) -> bool:
    """Whether errors are larger when it is hot."""
    means = tables.heat.groupby("hot")["error"].mean()
    return bool(means[True] > means[False])


def _list_doubts(
    tables: Tables, settings: DemandSettings, item: Comparison, tried: Sequence[Scores], *, own: bool
) -> Iterator[Said | list[Said]]:
    """Reasons not to believe the forecast, those that weigh most first."""
    share = float(tables.of_model().where(metric=f"coverage-{settings.level:g}").mean("value").value)
    if share < settings.level / 100 - 0.03:
        held, needed = (float(tables.reserve.loc[tables.reserve["model"] == MODEL, name].iloc[0]) for name in HELD)
        more = [say_needed(tables, settings), "Hold more, or give"] if needed > held else ["Give"]
        yield [say_coverage(tables, settings), *more[:-1], f"{more[-1]} a longer history."]
    if (heat := say_heat(tables)) is not None and _errs_in_heat(tables):
        yield [heat, "The model knows the weather only up to the start: add what a weather forecast says of heat."]
    if not all(trial.guarded for trial in tried):
        yield next(trial for trial in tried if not trial.guarded).explain_leaks()
    yield from too_few(item.n, FEW, "trials were made")
    if settings.columns.holiday and not settings.upcoming_holidays:
        yield "No public holiday was named for these days; if there is one, set upcoming_holidays."
    such = "" if own else ": prices, solar panels, a large user"
    yield f"It fails where {settings.called} changes for reasons that are not in the table{such}."


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
            f"At {settings.reserve_price:g}{money} for holding one {settings.unit or 'unit'} for an hour (an assumption:"
            f" set reserve_price to your own), the {difference.text} between the two are worth {worth:,.0f}{money} a day."
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


def _say_step(stamps: pd.Series[pd.Timestamp]) -> str:
    minutes = (stamps.iloc[1] - stamps.iloc[0]).total_seconds() / 60
    named = {60: "hour", 24 * 60: "day"}.get(round(minutes), "")
    return named or (f"{minutes:g} minutes" if minutes < 60 else f"{minutes / 60:g} hours")
