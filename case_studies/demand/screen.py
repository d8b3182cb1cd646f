"""The first screen of the demand report: what to hold, how sure that is, and when not to believe it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from case_studies.common.forecasting.words import say_nothing, say_skill
from case_studies.common.report import add_comparison, too_few
from domains.timeseries import Forecast
from shared.evaluation import Comparison, Comparisons, Scores, compare
from shared.reporting import Evidence, Run, Said
from shared.text import format_stamp

from .models import MODEL, PAST
from .sayings import (
    errs_in_heat,
    judge,
    of_rival,
    rival_of,
    say_coverage,
    say_early,
    say_heat,
    say_needed,
    say_peak,
    say_plain_reserve,
    say_reserve,
    say_saving,
    say_step,
)
from .settings import DemandSettings
from .tables import Tables, is_daily

FEW = 26  # trials a week apart: half a year, one of the two seasons that demand has
HELD = ("held", "needed")  # columns of the reserve: on average in the trials, and what the risk would have taken


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
        f" {say_step(frame[ds])}; tried {item.n} times on the"
        f" past{'' if is_daily(frame[ds]) else ', from the same hour of the day'}."
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


def _list_doubts(
    tables: Tables, settings: DemandSettings, item: Comparison, tried: Sequence[Scores], *, own: bool
) -> Iterator[Said | list[Said]]:
    """Reasons not to believe the forecast, those that weigh most first."""
    share = float(tables.of_model().where(metric=f"coverage-{settings.level:g}").mean("value").value)
    if share < settings.level / 100 - 0.03:
        held, needed = (float(tables.reserve.loc[tables.reserve["model"] == MODEL, name].iloc[0]) for name in HELD)
        more = [say_needed(tables, settings), "Hold more, or give"] if needed > held else ["Give"]
        yield [say_coverage(tables, settings), *more[:-1], f"{more[-1]} a longer history."]
    if (early := say_early(tables, settings)) is not None:
        yield [early]
    if (heat := say_heat(tables)) is not None and errs_in_heat(tables):
        yield [heat, "The model knows the weather only up to the start: add what a weather forecast says of heat."]
    if not all(trial.guarded for trial in tried):
        yield next(trial for trial in tried if not trial.guarded).explain_leaks()
    yield from too_few(item.n, FEW, "trials were made")
    if settings.columns.holiday and not settings.upcoming_holidays:
        yield "No public holiday was named for these days; if there is one, set upcoming_holidays."
    such = "" if own else ": prices, solar panels, a large user"
    yield f"It fails where {settings.called} changes for reasons that are not in the table{such}."
