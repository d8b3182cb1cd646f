"""Outside columns: used, or refused; their change where the model is one of changes; the clock of a zone."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter
from sklearn.linear_model import LinearRegression

from domains.timeseries import (
    AutoForecaster,
    Drift,
    Exogenous,
    ForecastTask,
    LagForecaster,
    PerSeries,
    Recipe,
    SeasonalNaive,
)
from shared.data import WalkForward
from shared.data.contract import contract_of
from shared.errors import DataError, HexadWarning, SettingsError
from shared.evaluation import evaluate


def promotions(n=200):
    x = (np.random.default_rng(0).random(n) < 0.2).astype(float)
    table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=n), "y": 10 + 50 * x, "x": x})
    return table.head(n - 28), table.tail(28)[["ds", "x"]]


# What is passed and not used


@pytest.mark.parametrize(
    "model", [AutoForecaster(horizon=28), SeasonalNaive(7), Drift(), PerSeries(Drift()), LagForecaster(horizon=28)]
)
def test_a_future_that_nobody_reads_is_refused(model):
    known, ahead = promotions()
    with pytest.raises(
        SettingsError, match="reads no column ahead, so that 'x' of future= would change nothing; leave it out"
    ):
        model.fit(known).predict(28, future=ahead)
    assert len(model.predict(28, future=ahead[["ds"]]).to_frame()) == 28  # stamps alone do no harm


def test_a_future_that_is_read_is_used():
    known, ahead = promotions()
    recipe = Recipe((1,), exogenous=(Exogenous("x", known=True),))
    made = LagForecaster(recipe=recipe, horizon=28, calibration_folds=0).fit(known).predict(future=ahead).to_frame()
    assert np.abs(made["mean"].to_numpy() - (10 + 50 * ahead["x"].to_numpy())).max() < 1.0


def test_in_an_evaluation_only_those_are_shown_a_future_that_read_it():
    known, _ = promotions()
    recipe = Recipe((1,), exogenous=(Exogenous("x", known=True),))
    scores = evaluate(
        {"lags": LagForecaster(recipe=recipe, horizon=7, calibration_folds=0), "auto": AutoForecaster(horizon=7)},
        known, WalkForward(7, every=7, n_splits=3), ["mae"],
        baselines={"naive": SeasonalNaive(7), "each": PerSeries(Drift())}, task=ForecastTask(known=("x",)),
    )  # fmt: skip
    assert scores.table()["mae"].idxmin() == "lags"


# A model of changes


def changes(lags, differences=(1,), seasonal=(), days=False):
    rng = np.random.default_rng(1)
    x = rng.normal(size=160).cumsum()
    stamps = pd.date_range("2024-01-01", periods=160) if days else range(160)
    table = pd.DataFrame({"ds": stamps, "y": 3 * x + 100, "x": x})
    recipe = Recipe((1,), exogenous=(Exogenous("x", known=True, lags=lags, seasonal=seasonal),))
    model = LagForecaster(
        LinearRegression(), recipe=recipe, horizon=5, differences=differences, log=False, calibration_folds=0
    )
    model.fit(table.head(155))
    made = model.predict(future=table.tail(5)[["ds", "x"]]).to_frame()["mean"].to_numpy()
    return np.abs(made - table["y"].tail(5).to_numpy()).max()


@pytest.mark.parametrize(
    ("differences", "lags", "advised"),
    [
        ((1,), (), (0, 1)),
        ((1,), (0, 7), (0, 1)),
        ((7,), (), (0, 7)),
        ((7,), (0, 1), (0, 7)),
        (("7D",), (0, 1), (0, 7)),
        ((1, 7), (0, 1), (0, 1, 7, 8)),
        ((1, 7), (0, 1, 7), (0, 1, 7, 8)),
        ((1, 1), (0, 1), (0, 1, 2)),
    ],
)
def test_a_model_of_changes_that_is_not_shown_the_same_change_is_told_and_then_right(differences, lags, advised):
    text = rf"not shown the change of 'x' over the same steps: .*Exogenous\('x', known=True, lags=\({str(advised)[1:-1]}\)\)"
    days = isinstance(differences[0], str)
    with pytest.warns(HexadWarning, match=text):
        assert changes(lags, differences, days=days) > 0.1
    with warnings.catch_warnings():
        warnings.simplefilter("error", HexadWarning)
        assert changes(advised, differences, days=days) < 1e-6
        assert changes((*advised, 3), differences, days=days) < 1e-6


def test_a_season_back_shows_a_change_over_it():
    with warnings.catch_warnings():
        warnings.simplefilter("error", HexadWarning)
        assert changes((0,), (7,), seasonal=(7,)) < 1e-6
    with pytest.warns(HexadWarning, match=r"lags=\(0, 7\)"):
        assert changes((), (7,), seasonal=(7,)) > 0.1


def test_of_two_columns_only_the_one_without_its_change_is_told():
    x, z = np.random.default_rng(1).normal(size=(2, 160)).cumsum(axis=1)
    table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=160), "y": 3 * x - 2 * z, "x": x, "z": z})

    def worst(lags):
        columns = (Exogenous("x", known=True, lags=(0, 1)), Exogenous("z", known=True, lags=lags))
        model = LagForecaster(
            LinearRegression(), recipe=Recipe((1,), exogenous=columns), horizon=5, differences=("1D",), log=False,
            calibration_folds=0,
        )  # fmt: skip
        made = model.fit(table.head(155)).predict(future=table.tail(5)[["ds", "x", "z"]]).to_frame()["mean"]
        return np.abs(made.to_numpy() - table["y"].tail(5).to_numpy()).max()

    with pytest.warns(HexadWarning, match=r"the change of 'z' over the same steps: .*lags=\(0, 1\)\)"):
        assert worst((0,)) > 1
    assert worst((0, 1)) < 1e-6


# The clock of a zone


@pytest.mark.parametrize(
    ("begin", "change"),
    [  # with a model for each hour, and with one for all
        ("2023-11-01", "2024-03-31"),
        ("2024-01-10", "2024-03-31"),
        ("2024-05-29", "2024-10-27"),
        ("2024-08-07", "2024-10-27"),
    ],
)
def test_the_default_recipe_follows_the_clock_over_a_change_of_the_hour(begin, change):
    day = pd.Timestamp(change)
    stamps = pd.date_range(begin, day + pd.Timedelta("3D"), freq="h", tz="Europe/Berlin", inclusive="left")
    noise = lfilter([2.0], [1, -0.8], np.random.default_rng(0).normal(size=len(stamps)))
    clock = 2 * np.pi * stamps.hour / 24
    y = 100 + 20 * np.sin(clock) + 8 * np.cos(2 * clock) + 10 * (stamps.day_of_week < 5) + noise
    table = pd.DataFrame({"ds": stamps, "y": y})
    before = table[table["ds"] < day.tz_localize("Europe/Berlin")]
    after = table.iloc[len(before) : len(before) + 48]
    made = LagForecaster(horizon="2D", calibration_folds=0).fit(before).predict().to_frame()["mean"].to_numpy()
    naive = SeasonalNaive("7D").fit(before).predict(48).to_frame()["mean"].to_numpy()
    error, theirs = (np.abs(one - after["y"].to_numpy()).mean() for one in (made, naive))
    assert error < 0.9 * theirs


# Another unit

RNG = np.random.default_rng(3)
LEARNT = {
    "celsius": RNG.normal(16, 7, 900).clip(1, 43),
    "metres a second": RNG.gamma(4, 1.5, 900),
    "kilograms": RNG.normal(70, 12, 900),
    "watts": RNG.normal(5000, 900, 900),
    "kelvins": RNG.normal(288, 7, 900),
}


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("celsius", lambda x: 1.8 * x + 32),
        ("celsius", lambda x: x + 273.15),
        ("kelvins", lambda x: x - 273.15),
        ("kilograms", lambda x: x * 2.20462),
        ("watts", lambda x: x / 1000),
        ("metres a second", lambda x: x * 3.6),
    ],
)
def test_another_unit_is_refused(column, change):
    learnt = contract_of(pd.DataFrame({column: LEARNT[column]}))
    new = pd.DataFrame(
        {column: change(RNG.choice(LEARNT[column], 96) + (0.6 * LEARNT[column].mean() if "second" in column else 0))}
    )
    with pytest.raises(DataError, match=f"column '{column}': values are about .*another unit"):
        learnt.check(new, "new.csv")
    assert learnt.check(new, "new.csv", accept_drift=True)


@pytest.mark.parametrize("column", LEARNT)
def test_a_hard_season_is_no_other_unit(column):
    values = LEARNT[column]
    learnt = contract_of(pd.DataFrame({column: values}))
    for part in (np.sort(values)[-96:], np.sort(values)[:96], np.sort(values)[-20:] * 1.05):
        assert learnt.check(pd.DataFrame({column: part}), "new.csv") == ()


def test_a_column_that_grows_is_no_other_unit():
    learnt = contract_of(pd.DataFrame({"index": np.linspace(100, 130, 900)}))
    assert learnt.check(pd.DataFrame({"index": np.linspace(130, 134, 96)}), "new.csv") == ()
