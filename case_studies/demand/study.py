"""Two days of Victoria's electricity demand, every half-hour, and the reserve to hold for them."""

if __name__ == "__main__":  # as a script: python case_studies/demand/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from case_studies.common.forecasting.plan import plan_origins
from case_studies.common.report import add_closing
from case_studies.common.study import Study
from domains.timeseries import drivers, follows, reserve_needed
from shared.evaluation import compare
from shared.reporting import Run

from . import report
from .backtest import LEAST, Trials
from .models import KNOWN, MODEL, baselines, lag_model
from .predict import predict
from .screen import write_first_screen
from .settings import TABLES, DemandSettings
from .tables import Tables, find_heat


def run(settings: DemandSettings, out: Run) -> None:
    """Read, split, model, compare, explain, decide."""
    table, reading = out.load_table("vic_elec", settings.columns.table_schema())  # bundled, or the user's own file
    settings = settings.for_table(table.columns)
    table, filled = settings.fill_holidays(table, reading.source)
    panel = settings.read_panel(table, reading.source)  # refuses gaps, repeats and missing values
    demand, grid = panel.to_frame(), panel.frequency
    settings, planned = plan_origins(settings.for_grid(grid), len(demand), grid, LEAST)
    out.mark_step("read")

    # Try the model and the naives at past origins: fitted once before the first, later rows only as history.
    trials = Trials(settings, demand, grid, out.checkpoints).check(reading.source)
    models = {MODEL: lag_model(settings, grid, whole_year=trials.whole_year)}
    scores = {clock: trials.at(clock, models, baselines(settings), levels=(settings.level,)) for clock in trials.clocks}
    first = scores[trials.clocks[0]]  # of the hour at which the forecast starts
    best = first.best_baseline("mase")
    out.mark_step("tried")

    # How good could it get? The same with the weather of the two days known: no forecast, since nobody knows it.
    bound = {KNOWN: lag_model(settings, grid, weather_known=True, whole_year=trials.whole_year)}
    naive, weather = {best: baselines(settings)[best]}, tuple(filter(None, [settings.columns.temperature]))
    bounds = {clock: trials.at(clock, bound, naive, known=weather) for clock in trials.clocks if weather}
    weekdays = trials.each_weekday(models, baselines(settings)) if settings.other_weekdays else None
    out.mark_step("compared")

    # What is it worth, and what drives it?
    verdict = compare(first, MODEL, metric="mase", unit=settings.tries)
    y, unit = settings.series.y, settings.unit
    reserve = reserve_needed(first.predictions, MODEL, best, risk=settings.risk, y=y, unit=unit)
    watched = trials.fit_and_update(models[MODEL])
    driving = drivers(watched, random_state=settings.seed)
    said = f"demand{settings.in_unit}"
    by_weather = [follows(watched, name, answer=said, random_state=settings.seed) for name in weather]
    out.mark_step("explained")

    # The forecast itself: learnt from everything, for the two days after the data.
    model = out.fit_or_resume(models[MODEL], demand)
    forecast = model.predict(future=settings.upcoming(panel), levels=[settings.level])
    tables = Tables.of(settings, scores, reserve, forecast, heat=find_heat(first, demand, settings))
    out.save_results(model=model, forecast=forecast.to_frame(), **tables.kept())
    out.mark_step("forecast")

    others = [*bounds.values(), *([weekdays] if weekdays is not None else [])]
    write_first_screen(out, settings, tables, scores, verdict, forecast, others)
    out.add_section("What to expect", *report.outlook(forecast, tables, settings))
    out.add_section("The reserve to hold", *report.reserve(reserve, tables, settings, first))
    out.add_section("How far to trust it", *report.trust(first, tables, verdict, settings))
    out.add_section("When it fails", *report.doubts(first, bounds, tables, demand, settings))
    out.add_section("Other hours, other days, other weather", *report.others(scores, bounds, weekdays, settings))
    out.add_section("What drives it", *report.driving(driving, by_weather))
    out.add_section("How it was tried", *report.protocol(settings, trials, panel, planned), fold=True)
    add_closing(out, reading, *report.data(panel, demand, settings), repairs=[*filled, *panel.repairs])
    out.metrics.update(report.metrics(scores, bounds, weekdays, reserve, forecast))


STUDY = Study("Electricity demand: what comes next, and the reserve to hold", DemandSettings, run, predict, TABLES)
