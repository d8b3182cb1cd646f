"""Tomorrow's electricity prices in two markets, hour by hour, and the quantiles to bid at."""

if __name__ == "__main__":  # as a script: python case_studies/prices/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from dataclasses import replace
from typing import Any

from case_studies.common.forecasting.words import origin_tables
from case_studies.common.report import add_closing
from case_studies.common.study import Study
from domains.timeseries import ForecastTask, drivers
from shared.evaluation import compare, evaluate
from shared.reporting import Run

from . import report
from .markets import Markets
from .models import MODEL, NAIVE, PLAIN, baselines, price_model
from .predict import predict
from .settings import TABLES, PricesSettings


def run(settings: PricesSettings, out: Run) -> None:
    """Read, split, model, compare, explain, decide."""
    known = settings.columns.known
    table, reading = out.load_table("epf_fr_be", settings.columns.table_schema(), also=known)  # or the user's own file
    settings = settings.for_table(table.columns)
    markets = Markets.of(table, settings, reading.source)
    grid, levels = markets.panel.frequency, tuple(settings.levels)
    out.mark_step("read")

    # Try the model and the naives day by day; later prices enter as history, and every week it learns again.
    models = {MODEL: price_model(settings, grid, neighbours=markets.neighbours)}
    metrics = ["mae", *(f"{name}-{level:g}" for level in levels for name in ("coverage", "interval_score"))]
    task = ForecastTask(markets.columns, settings.series.exogenous, levels, settings.refit_every)
    tries: Any = {"n_jobs": settings.n_jobs, "keep": out.checkpoints, "guard": settings.leak_guard}
    walk = markets.walk(settings)
    scores = evaluate(models, markets.whole, walk, metrics, baselines=baselines(settings), task=task, **tries)
    # What are the columns worth that are known a day ahead? The same without them; nobody needs its intervals.
    plain = {PLAIN: price_model(settings, grid, neighbours=markets.neighbours, known=False, intervals=False)}
    naive = {NAIVE: baselines(settings)[NAIVE]}
    bare = replace(task, known=(), levels=())
    without = evaluate(plain, markets.whole, walk, metrics[:1], baselines=naive, task=bare, **tries)
    out.mark_step("tried")

    # Each market for itself: is it better, and what would a load have saved that can choose its hours?
    alone = {key: scores.only(**{settings.columns.market: key}) for key in markets.keys}
    verdicts = {key: compare(own, MODEL, metric="mae", unit="days") for key, own in alone.items()}
    loads = report.loads(alone, settings, grid)
    out.mark_step("compared")

    # The forecast itself: learnt from everything before the day that nobody knows, or that was held back.
    model = out.fit_or_resume(models[MODEL], markets.past)
    forecast = model.predict(markets.steps, future=markets.future, levels=levels)
    driving = {key: drivers(model.forecasters_[key], random_state=settings.seed) for key in markets.keys}
    out.save_results(
        model=markets.with_held_back_day(model),
        forecast=forecast.to_frame(),
        **origin_tables(scores),
    )
    out.mark_step("forecast")

    report.summary(out, settings, alone, verdicts, loads, forecast)
    out.add_section("What to expect", *report.outlook(forecast, markets, settings))
    out.add_section("What to bid", *report.bids(forecast, alone, settings))
    out.add_section("What it is worth to choose the hours", *report.worth(loads, settings, alone))
    out.add_section("How it was tried", *report.protocol(scores, markets, settings))
    for key in markets.keys:
        out.add_section(f"How far to trust it: {key}", *report.trust(alone[key], verdicts[key], settings, without))
    out.add_section("When not to believe it", *report.doubts(alone, settings))
    for key, found in driving.items():
        out.add_section(f"What drives it: {key}", found.plot(), found.explain())
    add_closing(out, reading, *report.data(markets, settings))
    out.metrics.update(report.metrics(alone, loads, forecast, without, settings.series))


STUDY = Study("Electricity prices: what tomorrow costs, and what to bid", PricesSettings, run, predict, TABLES)
