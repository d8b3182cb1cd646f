"""Two days of Victoria's electricity demand, every half-hour, and the reserve to hold for them."""

if __name__ == "__main__":  # as a script: python case_studies/demand/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from case_studies.common.study import Study
from domains.timeseries import drivers, follows, reserve_needed
from shared.data import Panel
from shared.evaluation import compare
from shared.reporting import Run

from . import report
from .backtest import Trials
from .models import COLUMNS, KNOWN, MODEL, baselines, lag_model
from .predict import predict
from .settings import DemandSettings


def run(settings: DemandSettings, out: Run) -> None:
    """Read, split, model, compare, explain, decide."""
    table, reading = out.table("vic_elec")  # bundled, or the user's own file: same checks
    panel = Panel.from_frame(  # refuses gaps, repeats and missing values
        table, COLUMNS, tz=settings.timezone, repair=settings.panel_repairs, source=reading.source
    )
    demand, grid = panel.to_frame(), panel.frequency
    out.step("read")

    # Try the model and the naives at past origins: fitted once before the first, later rows only as history.
    trials = Trials(settings, demand, grid, out.pieces).checked(reading.source)
    models = {MODEL: lag_model(settings, grid)}
    scores = {clock: trials.at(clock, models, baselines(), levels=(settings.level,)) for clock in settings.clocks}
    first = scores[settings.clocks[0]]
    best = first.best_baseline("mase")
    out.step("tried")

    # How good could it get? The same with the weather of the two days known: an upper bound, not a forecast.
    bound = {KNOWN: lag_model(settings, grid, weather_known=True)}
    naive = {best: baselines()[best]}
    bounds = {clock: trials.at(clock, bound, naive, known=("Temperature",)) for clock in settings.clocks}
    weekdays = trials.each_weekday(models, baselines()) if settings.other_weekdays else None
    out.step("compared")

    # What is it worth, and what drives it?
    verdict = compare(first, MODEL, metric="mase", unit=settings.tries, random_state=settings.seed)
    reserve = reserve_needed(first.predictions, MODEL, best, risk=settings.risk, y=COLUMNS.y, unit=settings.unit)
    watched = trials.watched(lag_model(settings, grid))
    driving = drivers(watched, random_state=settings.seed)
    weather = follows(watched, "Temperature", answer=f"demand in {settings.unit}", random_state=settings.seed)
    out.step("explained")

    # The forecast itself: learnt from everything, for the two days after the data.
    model = out.fitted(lag_model(settings, grid), demand)
    forecast = model.predict(future=settings.upcoming(panel), levels=[settings.level])
    out.keeps(model=model, forecast=forecast.to_frame(), scores=first.to_frame(), predictions=first.predictions)
    out.step("forecast")

    others = [*bounds.values(), *([weekdays] if weekdays is not None else [])]
    report.summary(out, settings, scores, verdict, reserve, forecast, others)
    out.tells("What to expect", forecast.plot(), forecast.explain(), *report.outlook(forecast, scores, settings))
    out.tells("How it was tried", *report.protocol(settings, trials, panel))
    out.tells("How far to trust it", *report.trust(first, verdict, settings))
    out.tells("When not to believe it", *report.doubts(first, bounds, demand, settings))
    out.tells("Other hours, other days, other weather", *report.others(scores, bounds, weekdays, settings))
    out.tells(
        "What drives it", driving.plot(), driving.explain(), driving.plot_steps(), weather.explain(), weather.plot()
    )
    out.tells("The reserve to hold", *report.reserve(reserve, settings, first))
    out.tells("What was read", reading.explain(), *report.data(panel, demand))
    out.tells("Do it again").code(out.command)
    out.metrics.update(report.metrics(scores, bounds, weekdays, reserve, forecast))


STUDY = Study("Electricity demand: what comes next, and the reserve to hold", DemandSettings, run, predict)
