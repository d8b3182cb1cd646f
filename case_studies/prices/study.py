"""Tomorrow's electricity prices in two markets, hour by hour, and the quantiles to bid at."""

if __name__ == "__main__":  # as a script: python case_studies/prices/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from dataclasses import replace
from typing import Any

from case_studies.common.report import add_closing
from case_studies.common.study import Study
from domains.timeseries import ForecastTask, drivers
from shared.evaluation import compare, evaluate
from shared.reporting import Run

from . import report, trust
from .markets import Markets
from .models import MODEL, NAIVE, PLAIN, baselines, price_model
from .predict import predict
from .screen import write_first_screen
from .settings import TABLES, PricesSettings
from .tables import Tables, find_loads


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
    loads = find_loads(alone, settings, grid)
    out.mark_step("compared")

    # The forecast itself: learnt from everything before the day that nobody knows, or that was held back.
    model = out.fit_or_resume(models[MODEL], markets.past)
    forecast = model.predict(markets.steps, future=markets.future, levels=levels)
    driving = {key: drivers(model.forecasters_[key], random_state=settings.seed) for key in markets.keys}
    tables = Tables.of(settings, alone, without, loads, forecast, markets)
    out.save_results(model=markets.with_held_back_day(model), forecast=forecast.to_frame(), **tables.kept())
    out.mark_step("forecast")

    write_first_screen(out, settings, tables, alone, verdicts, forecast, markets)
    report.write_outlook(out, forecast, tables, markets, settings)
    out.add_section("What to bid", *report.bids(tables, markets, settings))
    out.add_section("What choosing the hours is worth", *report.worth(loads, tables, settings))
    for key in markets.keys:
        name = settings.call(key)
        out.add_section(f"How far to trust it: {name}", *trust.trust(key, alone[key], tables, verdicts[key], settings))
    out.add_section("When it fails", *trust.doubts(alone, tables, settings))
    for key, found in driving.items():
        out.add_section(f"What drives it: {settings.call(key)}", found.plot(), found.explain())
    out.add_section("How it was tried", *trust.protocol(scores, markets, settings), fold=True)
    add_closing(out, reading, *trust.data(markets, settings), mended=bool(markets.notes))
    out.metrics.update(report.metrics(alone, loads, forecast, tables, settings.series))


STUDY = Study("Electricity prices: what the next day costs, and what to bid", PricesSettings, run, predict, TABLES)
