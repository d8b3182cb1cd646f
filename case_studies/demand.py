"""Two days of Victoria's electricity demand, every half-hour, and the reserve to hold for them."""

import sys

from case_studies.__main__ import main
from case_studies.demand_parts import COLUMNS, KNOWN, MODEL, Trials, baselines, chapters, lag_model
from case_studies.demand_parts.ahead import predict  # noqa: F401  # what hexad predict asks
from case_studies.demand_parts.settings import DemandSettings
from domains.timeseries import drivers, follows, reserve_needed
from shared.data import Panel
from shared.evaluation import compare
from shared.reporting import Run

TITLE = "Electricity demand: what comes next, and the reserve to hold"
Settings = DemandSettings


def tell(settings: DemandSettings, run: Run) -> None:
    """Read, split, model, compare, explain, decide."""
    table, reading = run.table("vic_elec")  # bundled, or the user's own file: same checks
    panel = Panel.from_frame(  # refuses gaps, repeats and missing values
        table, COLUMNS, tz=settings.timezone, repair=settings.panel_repairs, source=reading.source
    )
    demand, grid = panel.to_frame(), panel.frequency
    run.step("read")

    # Try the model and the naives at past origins: fitted once before the first, later rows only as history.
    trials = Trials(settings, demand, grid, run.pieces).checked(reading.source)
    models = {MODEL: lag_model(settings, grid)}
    scores = {clock: trials.at(clock, models, baselines(), levels=(settings.level,)) for clock in settings.clocks}
    first = scores[settings.clocks[0]]
    best = first.best_baseline("mase")
    run.step("tried")

    # How good could it get? The same with the weather of the two days known: an upper bound, not a forecast.
    bound = {KNOWN: lag_model(settings, grid, weather_known=True)}
    naive = {best: baselines()[best]}
    bounds = {clock: trials.at(clock, bound, naive, known=("Temperature",)) for clock in settings.clocks}
    weekdays = trials.each_weekday(models, baselines()) if settings.other_weekdays else None
    run.step("compared")

    # What is it worth, and what drives it?
    verdict = compare(first, MODEL, metric="mase", unit=settings.tries, random_state=settings.seed)
    reserve = reserve_needed(first.predictions, MODEL, best, risk=settings.risk, y=COLUMNS.y, unit=settings.unit)
    watched = trials.watched(lag_model(settings, grid))
    driving = drivers(watched, random_state=settings.seed)
    weather = follows(watched, "Temperature", answer=f"demand in {settings.unit}", random_state=settings.seed)
    run.step("explained")

    # The forecast itself: learnt from everything, for the two days after the data.
    model = run.fitted(lag_model(settings, grid), demand)
    forecast = model.predict(future=settings.upcoming(panel), levels=[settings.level])
    run.keeps(model=model, forecast=forecast.to_frame(), scores=first.to_frame(), predictions=first.predictions)
    run.step("forecast")

    others = [*bounds.values(), *([weekdays] if weekdays is not None else [])]
    chapters.summary(run, settings, scores, verdict, reserve, forecast, others)
    run.tells("What to expect", forecast.plot(), forecast.explain(), *chapters.outlook(forecast, scores, settings))
    run.tells("How it was tried", *chapters.protocol(settings, trials, panel))
    run.tells("How far to trust it", *chapters.trust(first, verdict, settings))
    run.tells("When not to believe it", *chapters.doubts(first, bounds, demand, settings))
    run.tells("Other hours, other days, other weather", *chapters.others(scores, bounds, weekdays, settings))
    run.tells(
        "What drives it", driving.plot(), driving.explain(), driving.plot_steps(), weather.explain(), weather.plot()
    )
    run.tells("The reserve to hold", *chapters.reserve(reserve, settings, first))
    run.tells("What was read", reading.explain(), *chapters.data(panel, demand))
    run.tells("Do it again").code(run.command)
    run.metrics.update(chapters.metrics(scores, bounds, weekdays, reserve, forecast))


if __name__ == "__main__":
    main(["run", "demand", *sys.argv[1:]])
