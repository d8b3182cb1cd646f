"""The models of the demand study: the naives, and a ridge for every half-hour ahead."""

from __future__ import annotations

from typing import Any

from domains.timeseries import (
    Exogenous,
    Fourier,
    HistoricalMean,
    LagForecaster,
    Recipe,
    Rolling,
    SeasonalMean,
    SeasonalNaive,
)
from shared.data import Frequency

from .settings import DemandSettings

__all__ = ["KNOWN", "MODEL", "PAST", "baselines", "lag_model"]

MODEL = "lag model"
FOLDS = 32  # blocks of three weeks: nearly as close to what is learnt as the days that follow it
FADING = "180D"  # half a year after which an error counts half: intervals follow what changes
HOT = 25.0  # degrees above which every further one takes more cooling
KNOWN = "lag model with the weather known"
PAST = "mean of the past"


def baselines(settings: DemandSettings) -> dict[str, Any]:
    """What anyone could do without a model.

    >>> list(baselines(DemandSettings()))
    ['same time yesterday', 'same time last week', 'mean of the last four weeks', 'mean of the past']
    """
    names: Any = {"ds": settings.columns.time, "y": settings.columns.demand}
    return {
        "same time yesterday": SeasonalNaive("1D", **names),
        "same time last week": SeasonalNaive("7D", **names),
        "mean of the last four weeks": SeasonalMean("7D", k=4, **names),
        PAST: HistoricalMean(**names),
    }


def lag_model(
    settings: DemandSettings, grid: Frequency, *, weather_known: bool = False, whole_year: bool = True
) -> LagForecaster:
    """A ridge for every step ahead, learnt from origins at the same time of day.

    What the hours of a day have in common is a factor, so it works on the logarithm of demand; days only where they
    vary in proportion to their level.

    The weather enters only as observed before the origin, unless it is said to be known. The course of the year is
    learnt only where whole years are there to learn it from: part of one says nothing of the rest.

    >>> lag_model(DemandSettings(), Frequency("fixed", 1800 * 10**9, tz="Australia/Melbourne")).recipe.lags
    (1, 2, 3, 6, 12, 24, 48)
    """
    day = grid.steps("1D")
    columns, comfort = settings.columns, tuple(settings.comfort)
    weather: tuple[Exogenous, ...] = ()
    if columns.temperature and weather_known:
        weather = (
            Exogenous(
                columns.temperature,
                known=True,
                lags=(0, max(1, day // 24)),
                hinges=(*comfort, HOT),
                rolling=(Rolling(max(2, day // 8)), Rolling("1D"), Rolling("3D")),
            ),
        )
    elif columns.temperature:
        weather = (
            Exogenous(
                columns.temperature,
                lags=(1,),
                seasonal=("1D", "7D"),
                rolling=(Rolling("1D"), Rolling("7D")),
                hinges=comfort,
            ),
        )
    recipe = Recipe(
        tuple(dict.fromkeys(max(1, lag) for lag in (1, 2, 3, day // 8, day // 4, day // 2, day))),
        seasonal=("1D", "7D"),
        rolling=(Rolling("1D"), Rolling("7D")),
        calendar=("day_of_week",),
        fourier=(Fourier("1Y", 2),) if whole_year else (),
        holidays=columns.holiday or None,
        exogenous=weather,
    )
    return LagForecaster(
        recipe=recipe,
        horizon=settings.horizon,
        every="1D",
        log=True if day > 1 else "auto",
        calibration_folds=FOLDS,
        half_life=FADING,
        random_state=settings.seed,
        ds=columns.time,
        y=columns.demand,
    )
