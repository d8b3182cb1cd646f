"""Sentences of the demand report, each worked out from a table that the run keeps."""

from __future__ import annotations

import pandas as pd

from case_studies.common.forecasting.words import claim_coverage
from case_studies.common.forecasting.words import judge as judge_one
from case_studies.common.report import weave
from shared.evaluation import Comparison, Comparisons
from shared.reporting import Claim, Evidence, given

from .models import MODEL
from .settings import DemandSettings
from .tables import Tables, is_daily, stamp_column

FEWEST_HOT = 3  # trials, below which nothing is said of heat
TWICE = 2  # times the risk that was meant, from which it is told that a part of the horizon exceeds it
PARTS = ("first quarter", "later")
MOST_DAYS = 3  # days whose reserve is told in a sentence


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
        (
            f"With “{rival_of(tables)}”, it would have taken {{its}} of reserve on average to run short in {{risk}} of"
            " the time."
        ),
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


def say_early(tables: Tables, settings: DemandSettings) -> Claim | None:
    """That what comes first exceeds the reserve more often than was meant; None where it does not."""
    short = dict(zip(tables.exceeded["part"], tables.exceeded["short"], strict=True))
    if len(short) < len(PARTS) or short[PARTS[0]] <= TWICE * settings.risk:
        return None
    first, later = (Evidence("exceeded", tables.exceeded, {"part": part}).value("short", "%") for part in PARTS)
    return Claim.of(
        "In the first quarter of the time ahead the reserve was exceeded by {first} of the outcomes, later by {later}:"
        " hold more there.",
        first=first,
        later=later,
    )


def say_needed(tables: Tables, settings: DemandSettings) -> Claim:
    """What was held in the trials, and what it would have taken."""
    rows = Evidence("reserve", tables.reserve, {"model": MODEL})
    return Claim.of(
        (
            "A reserve of {held} on average was held in the trials; for the risk that was meant it would have taken"
            " {needed}."
        ),
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


def errs_in_heat(tables: Tables) -> bool:
    """Whether errors are larger when it is hot."""
    means = tables.heat.groupby("hot")["error"].mean()
    return bool(means[True] > means[False])


def say_step(stamps: pd.Series[pd.Timestamp]) -> str:
    """How far apart the steps are."""
    minutes = (stamps.iloc[1] - stamps.iloc[0]).total_seconds() / 60
    named = {60: "hour", 24 * 60: "day"}.get(round(minutes), "")
    return named or (f"{minutes:g} minutes" if minutes < 60 else f"{minutes / 60:g} hours")
