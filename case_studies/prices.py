"""Tomorrow's electricity prices in two markets, hour by hour, and the quantiles to bid at."""

import sys
from dataclasses import replace
from typing import Any

from case_studies.__main__ import main
from case_studies.prices_parts import MODEL, NAIVE, PLAIN, Markets, baselines, chapters, price_model
from case_studies.prices_parts.ahead import predict  # noqa: F401  # what hexad predict asks
from case_studies.prices_parts.settings import PricesSettings
from domains.timeseries import drivers
from shared.evaluation import ForecastingTask, compare, evaluate, scorer
from shared.reporting import Run

TITLE = "Electricity prices: what tomorrow costs, and what to bid"
Settings = PricesSettings


def tell(settings: PricesSettings, run: Run) -> None:
    """Read, split, model, compare, explain, decide."""
    table, reading = run.table("epf_fr_be", settings.known)  # bundled, or the user's own file: same checks
    markets = Markets.of(table, settings, reading.source)
    grid, levels = markets.panel.frequency, tuple(settings.levels)
    run.step("read")

    # Try the model and the naives day by day; later prices enter as history, and every week it learns again.
    models = {MODEL: price_model(settings, grid, neighbours=markets.neighbours)}
    metrics = [scorer("mae")]
    metrics += [scorer(name, level=level) for level in levels for name in ("coverage", "interval_score")]
    task = ForecastingTask(markets.columns, tuple(settings.known), levels, settings.refit_every)
    tries: Any = {"n_jobs": settings.n_jobs, "keep": run.pieces, "guard": settings.leak_guard}
    walk = markets.walk(settings)
    scores = evaluate(models, markets.whole, walk, metrics, baselines=baselines(), task=task, **tries)
    # What are the columns worth that are known a day ahead? The same without them; nobody needs its intervals.
    plain = {PLAIN: price_model(settings, grid, neighbours=markets.neighbours, known=False, intervals=False)}
    naive = {NAIVE: baselines()[NAIVE]}
    bare = replace(task, known=(), levels=())
    without = evaluate(plain, markets.whole, walk, metrics[:1], baselines=naive, task=bare, **tries)
    run.step("tried")

    # Each market for itself: is it better, and what would a load have saved that can choose its hours?
    alone = {key: scores.of_series(key, metrics) for key in markets.keys}
    verdicts = {
        key: compare(own, MODEL, metric="mae", unit="days", random_state=settings.seed) for key, own in alone.items()
    }
    loads = chapters.loads(alone, settings, grid)
    run.step("compared")

    # The forecast itself: learnt from everything before the day that nobody knows, or that was held back.
    model = run.fitted(models[MODEL], markets.past)
    forecast = model.predict(markets.steps, future=markets.future, levels=levels)
    driving = {key: drivers(model.forecasters_[key], random_state=settings.seed) for key in markets.keys}
    run.keeps(
        model=markets.seen_by(model),
        forecast=forecast.to_frame(),
        scores=scores.to_frame(),
        predictions=scores.predictions,
    )
    run.step("forecast")

    chapters.summary(run, settings, alone, verdicts, loads, forecast)
    run.tells("What to expect", *chapters.outlook(forecast, markets, settings))
    run.tells("What to bid", *chapters.bids(forecast, alone, settings))
    run.tells("What it is worth to choose the hours", *chapters.worth(loads, settings, alone))
    run.tells("How it was tried", *chapters.protocol(scores, markets, settings))
    for key in markets.keys:
        run.tells(f"How far to trust it: {key}", *chapters.trust(alone[key], verdicts[key], settings, without))
    run.tells("When not to believe it", *chapters.doubts(alone, settings))
    for key, found in driving.items():
        run.tells(f"What drives it: {key}", found.plot(), found.explain())
    run.tells("What was read", reading.explain(), *chapters.data(markets, settings))
    run.tells("Do it again").code(run.command)
    run.metrics.update(chapters.metrics(alone, loads, forecast, without))


if __name__ == "__main__":
    main(["run", "prices", *sys.argv[1:]])
