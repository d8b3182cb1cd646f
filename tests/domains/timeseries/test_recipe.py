"""A recipe takes what is plainly meant, in whatever form it is written, and refuses the rest when it is written."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from domains.timeseries import Exogenous, Fourier, LagForecaster, Recipe, Rolling, StandardizedRidge
from shared.errors import SettingsError

DAYS = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=120), "y": np.arange(120) % 7 * 1.0, "temp": 1.0})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"lags": [1, 2]}, {"lags": (1, 2)}),
        ({"lags": range(1, 3)}, {"lags": (1, 2)}),
        ({"lags": np.array([1, 2])}, {"lags": (1, 2)}),
        ({"lags": pd.Series([1, 2])}, {"lags": (1, 2)}),
        ({"seasonal": "7D"}, {"seasonal": ("7D",)}),
        ({"seasonal": 7}, {"seasonal": (7,)}),
        ({"seasonal": [pd.Timedelta("7D"), dt.timedelta(days=14)]}, {"seasonal": ("7D", "14D")}),
        ({"rolling": [7]}, {"rolling": (Rolling(7),)}),
        ({"rolling": (7, "14D")}, {"rolling": (Rolling(7), Rolling("14D"))}),
        ({"rolling": Rolling(7, "std")}, {"rolling": (Rolling(7, "std"),)}),
        ({"rolling": Rolling(dt.timedelta(days=7))}, {"rolling": (Rolling("7D"),)}),
        ({"calendar": "day_of_week"}, {"calendar": ("day_of_week",)}),
        ({"calendar": ["month"]}, {"calendar": ("month",)}),
        ({"fourier": "1Y"}, {"fourier": (Fourier("1Y"),)}),
        ({"fourier": ("1Y", 3)}, {"fourier": (Fourier("1Y", 3),)}),
        ({"fourier": [("1Y", 3), 7]}, {"fourier": (Fourier("1Y", 3), Fourier(7))}),
        ({"exogenous": ["temp"]}, {"exogenous": (Exogenous("temp"),)}),
        ({"exogenous": "temp"}, {"exogenous": (Exogenous("temp"),)}),
        ({"exogenous": Exogenous("temp", lags=1)}, {"exogenous": (Exogenous("temp", lags=(1,)),)}),
        (
            {"exogenous": Exogenous("temp", lags=range(1, 3), hinges=5)},
            {"exogenous": (Exogenous("temp", lags=(1, 2), hinges=(5,)),)},
        ),
        (
            {"exogenous": Exogenous("temp", rolling=[7], seasonal="7D")},
            {"exogenous": (Exogenous("temp", rolling=(Rolling(7),), seasonal=("7D",)),)},
        ),
    ],
    ids=str,
)
def test_what_is_meant_is_taken(written, meant):
    once, twice = Recipe(**{"lags": (1,), **written}), Recipe(**{"lags": (1,), **meant})
    assert once.get_params() == twice.get_params()
    assert Recipe([1]).set_params(**written).get_params() == twice.get_params()
    assert clone(once).get_params() == once.get_params()
    made = [
        LagForecaster(recipe=recipe, horizon=2, calibration_folds=0).fit(DAYS).predict() for recipe in (once, twice)
    ]
    pd.testing.assert_frame_equal(made[0].to_frame(), made[1].to_frame())


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda: Recipe((0,)), "lags are whole numbers from 1, but '0' were given"),
        (lambda: Recipe(0), "lags are whole numbers from 1"),
        (lambda: Recipe(3), r"lags=3: give a list, \[3\] for this one or range\(1, 4\) for the last 3"),
        (lambda: Recipe((1.5,)), "lags are whole numbers"),
        (lambda: Recipe((True,)), "lags are whole numbers from 1"),
        (lambda: Recipe({1, 2}), r"lags=\{1, 2\}: give a list"),
        (lambda: Recipe([1]).set_params(lags=[0]), "lags are whole numbers from 1"),
        (lambda: Recipe([1]).set_params(lag=[1]), "a recipe has no 'lag'; did you mean 'lags'"),
        (lambda: Recipe(calendar="dayofweek"), "unknown calendar parts 'dayofweek'; did you mean 'day_of_week'"),
        (lambda: Recipe(calendar=("moon",)), "unknown calendar parts 'moon'"),
        (lambda: Recipe(calendar=[3]), "calendar: names are text"),
        (lambda: Recipe(seasonal="x"), "seasonal='x' is no duration"),
        (lambda: Recipe(seasonal=0), "seasonal=0: a duration of 0 steps is not positive"),
        (lambda: Recipe(rolling=[-1]), "window=-1: a duration"),
        (lambda: Recipe(holidays=["Holiday"]), "name one column that marks them"),
        (lambda: Recipe(exogenous=[3]), "named by the text of its column, not 3"),
        (lambda: Rolling(3, "mode"), "unknown statistic 'mode'"),
        (lambda: Rolling(3, lag=0), "lags of windows are whole numbers from 1"),
        (lambda: Fourier("1Y", 0), "order=0: give a whole number of harmonics"),
        (lambda: Fourier("x"), "period='x' is no duration"),
        (lambda: Exogenous("x", lags=(0,)), "lags of unknown variable 'x' are whole numbers from 1"),
        (lambda: Exogenous("x", known=True, lags=(-1,)), "lags of known variable 'x' are whole numbers from 0"),
        (lambda: Exogenous("x", hinges=["a"]), "hinges are numbers, but 'a' were given"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_it_is_written(write, message):
    with pytest.raises(SettingsError, match=message):
        write()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recipe": {"lags": [1]}}, "give a Recipe"),
        ({"regressor": "ridge"}, "regressor='ridge' cannot be fitted; give an object"),
        (
            {"regressor": StandardizedRidge},
            r"regressor=StandardizedRidge cannot be fitted; give an object, as in StandardizedRidge\(\)",
        ),
        ({"n_jobs": "x"}, "n_jobs='x': give a whole number of workers"),
        ({"n_jobs": 0}, "n_jobs=0: give a whole number of workers"),
        ({"random_state": "x"}, "random_state='x' is no seed"),
        ({"horizon": "x"}, "horizon='x' is no duration"),
        ({"horizon": 7.5}, "horizon='7.5' is no duration"),
        ({"every": "x"}, "every='x' is no duration"),
        ({"differences": "x"}, "differences='x' is no duration"),
        ({"half_life": "x"}, "half_life='x' is no duration"),
        ({"freq": "x"}, "freq='x' is no duration"),
    ],
)
def test_a_message_names_the_parameter(options, message):
    with pytest.raises(SettingsError, match=message):
        LagForecaster(**{"recipe": Recipe([1]), "horizon": 2, **options}).fit(DAYS)
