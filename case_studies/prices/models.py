"""The models of the prices study: the market's naives, and a ridge for every hour of each market."""

from __future__ import annotations

from typing import Any

from domains.timeseries import (
    Exogenous,
    HistoricalMean,
    LagForecaster,
    PerSeries,
    Recipe,
    Rolling,
    SeasonalNaive,
    SimilarDay,
)
from shared.data import Frequency

from .markets import NEIGHBOURS, SPARE_HOURS
from .settings import PricesSettings

__all__ = ["MODEL", "NAIVE", "PAST", "PLAIN", "baselines", "price_model"]

MODEL = "price model"
PLAIN = "price model without what is known ahead"
NAIVE = "similar day"
PAST = "mean of the past"
# Latest values that a model reads; finer grids take every second or third one.
MOST_LAGS = 48
FOLDS = 32  # blocks of a few weeks: nearly as close to what is learnt as the days that follow it


def baselines(settings: PricesSettings) -> dict[str, Any]:
    """What anyone could do without a model.

    >>> list(baselines(PricesSettings()))
    ['similar day', 'same hour yesterday', 'same hour last week', 'mean of the past']
    """
    names = settings.column_names
    return {
        NAIVE: SimilarDay(**names),
        "same hour yesterday": SeasonalNaive("1D", **names),
        "same hour last week": SeasonalNaive("7D", **names),
        PAST: HistoricalMean(**names),
    }


def price_model(
    settings: PricesSettings, grid: Frequency, *, neighbours: bool = False, known: bool = True, intervals: bool = True
) -> PerSeries:
    """A ridge for every step of the day ahead, of each market alone, on the inverse hyperbolic sine of its price.

    Its features are all prices of the last day, those of the same hour a day and a week ago, the means of a day and a
    week, the day of the week, what is known ahead (at that hour, the hour before, a day and a week ago, and its mean
    over the day) and what the other markets paid. The recipe was chosen on the first half of 2016.

    >>> model = price_model(PricesSettings(), Frequency("fixed", 3600 * 10**9))
    >>> model.forecaster.recipe.known_columns
    ('gen_forecast', 'system_load')
    """
    day = grid.steps("1D")
    ahead = tuple(
        Exogenous(name, known=True, lags=(0, max(1, day // 24), day, 7 * day), rolling=(Rolling("1D"),))
        for name in (settings.series.exogenous if known else ())
    )
    others = (Exogenous(NEIGHBOURS, seasonal=("1D", "7D"), rolling=(Rolling("1D"),)),) if neighbours else ()
    recipe = Recipe(
        tuple(range(1, day + 1, -(-day // MOST_LAGS))),
        seasonal=("1D", "7D"),
        rolling=(Rolling("1D"), Rolling("7D")),
        calendar=("day_of_week",),
        exogenous=(*ahead, *others),
    )
    return PerSeries(
        LagForecaster(
            recipe=recipe,
            horizon=day + (SPARE_HOURS * day // 24 if grid.tz is not None else 0),  # a day of 25 hours is one, too
            every="1D",
            log="asinh",
            calibration_folds=FOLDS if intervals else 0,
            half_life=settings.half_life or None,
            random_state=settings.seed,
            tz=settings.zone,
            **settings.column_names,
        )
    )
