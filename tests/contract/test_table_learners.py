"""What every learner over a long table keeps to, whichever it is."""

import copy
import functools
import importlib
import inspect
import pkgutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression

import domains
from domains.timeseries import (
    AutoForecaster,
    Drift,
    Exogenous,
    ForecastTask,
    Fourier,
    HistoricalMean,
    LagForecaster,
    Naive2,
    PerSeries,
    QuantileBoosting,
    Recipe,
    Rolling,
    SeasonalMean,
    SeasonalNaive,
    SimilarDay,
)
from shared.data import WalkForward
from shared.evaluation import evaluate
from shared.runtime.store import load_model, save_model

RICH = Recipe(
    (1, 2, 7),
    seasonal=("7D",),
    rolling=(Rolling(7), Rolling(7, "std"), Rolling("14D", "max", lag=2)),
    calendar=("day_of_week", "month"),
    fourier=(Fourier("1Y"),),
    holidays="holiday",
    exogenous=(Exogenous("weather", lags=(1,), hinges=(0.0,)), Exogenous("price", known=True, lags=(0, 1))),
)
LEARNERS = {
    "SeasonalNaive": SeasonalNaive("7D"),
    "SeasonalMean": SeasonalMean("7D", k=3),
    "Drift": Drift(),
    "HistoricalMean": HistoricalMean(),
    "Naive2": Naive2(7),
    "AutoForecaster": AutoForecaster(horizon=5, regressor=HistGradientBoostingRegressor(max_iter=5, max_leaf_nodes=4)),
    "LagForecaster differences": LagForecaster(
        recipe=clone(RICH).set_params(
            exogenous=(
                Exogenous("weather", lags=(1, 2, 8, 9), hinges=(0.0,)),
                *(Exogenous(name, known=True, lags=(0, 1, 7, 8)) for name in ("price", "holiday")),
            )
        ),
        horizon=5,
        calibration_folds=4,
        differences=("7D", 1),
    ),
    "LagForecaster recursive differences": LagForecaster(
        recipe=Recipe((1, 2, 7)), strategy="recursive", horizon=5, calibration_folds=4, differences=(1,), log="asinh"
    ),
    "PerSeries": PerSeries(LagForecaster(recipe=RICH, horizon=5, calibration_folds=4)),
    "SimilarDay": SimilarDay(),
    "LagForecaster spread": LagForecaster(recipe=RICH, horizon=5, calibration_folds=4, spread=True, half_life="60D"),
    "LagForecaster quantiles": LagForecaster(
        QuantileBoosting((0.25, 0.5, 0.75), max_iter=3, max_leaf_nodes=4),
        recipe=RICH,
        horizon=2,
        calibration_folds=2,
        spread="own",
    ),
    "LagForecaster direct": LagForecaster(recipe=RICH, horizon=5, calibration_folds=4),
    "LagForecaster default recipe": LagForecaster(horizon=5, calibration_folds=4),
    "LagForecaster recursive": LagForecaster(
        LinearRegression(), recipe=Recipe((1, 2, 7), calendar=("day_of_week",)), strategy="recursive", horizon=5
    ),
    "LagForecaster boosted": LagForecaster(
        HistGradientBoostingRegressor(max_iter=5, max_leaf_nodes=4), recipe=RICH, horizon=2, calibration_folds=2
    ),
    "LagForecaster forest": LagForecaster(
        RandomForestRegressor(n_estimators=3, max_depth=3), recipe=RICH, horizon=2, calibration_folds=2, log=True
    ),
}


def is_table_learner(one) -> bool:
    fits = inspect.isclass(one) and issubclass(one, BaseEstimator) and hasattr(one, "fit")
    return fits and list(inspect.signature(one.fit).parameters)[1] == "table"


# A learner that nobody put on the list is on it as it is.
for room in pkgutil.iter_modules(domains.__path__, "domains."):
    face = importlib.import_module(room.name)
    for learner in filter(is_table_learner, (getattr(face, public) for public in face.__all__)):
        if learner not in {type(known) for known in LEARNERS.values()}:
            LEARNERS[learner.__name__] = learner()
each_learner = pytest.mark.parametrize("name", LEARNERS)


def panel_table(days: int = 150) -> pd.DataFrame:
    """Three daily series of different length, keys out of order."""
    rng = np.random.default_rng(7)
    parts = []
    for number, (key, cut) in enumerate([("b", 0), ("a", 30), ("c", 12)]):
        ds = pd.date_range("2023-01-02", periods=days - cut, freq="D")
        level = 100 * (number + 1)
        weather = rng.normal(size=len(ds))
        y = level * (1 + 0.2 * np.sin(2 * np.pi * np.arange(len(ds)) / 7)) + 5 * weather + rng.normal(size=len(ds))
        price = rng.normal(size=len(ds))
        holiday = np.arange(len(ds)) % 30 == 3
        parts.append(
            pd.DataFrame({"unique_id": key, "ds": ds, "y": y, "weather": weather, "price": price, "holiday": holiday})
        )
    return pd.concat(parts, ignore_index=True)


def history(days: int = 150) -> pd.DataFrame:
    table = panel_table(days)
    return table[table.groupby("unique_id").cumcount(ascending=False) >= 5].reset_index(drop=True)


def shown(model, ahead: pd.DataFrame) -> dict:
    """The future for those who read it; others refuse to be shown one."""
    return {"future": ahead} if model.future_columns() else {}


def future(days: int = 150) -> pd.DataFrame:
    table = panel_table(days)
    ahead = table[table.groupby("unique_id").cumcount(ascending=False) < 5]
    return ahead[["unique_id", "ds", "price", "holiday"]]


def forecast(model, levels=(80,), **options) -> pd.DataFrame:
    horizon = getattr(model, "horizon", 5)
    return model.predict(horizon, levels=levels, **shown(model, future()), **options).to_frame()


@functools.cache
def fitted(name: str):
    """A learner fitted on the history, for all tests that only ask it; nobody changes it."""
    return clone(LEARNERS[name]).fit(history())


@functools.cache
def first_forecast(name: str) -> pd.DataFrame:
    """What it forecasts; nobody changes it."""
    return forecast(fitted(name))


def single(model) -> list:
    """The forecasters that a model is made of."""
    return list(model.forecasters_.values()) if isinstance(model, PerSeries) else [model]


@each_learner
def test_clone_and_parameters(name):
    model = LEARNERS[name]
    other = clone(model)
    assert repr(other.get_params()) == repr(model.get_params())
    column = "y" if "y" in other.get_params(deep=False) else "forecaster__y"
    assert other.set_params(**{column: "sales"}).get_params()[column] == "sales"
    assert model.get_params()[column] == "y"


@each_learner
def test_input_is_not_changed(name):
    table, before = history(), history()
    ahead = future()
    model = clone(LEARNERS[name]).fit(table)
    model.predict(getattr(model, "horizon", 5), **shown(model, ahead))
    pd.testing.assert_frame_equal(table, before)
    pd.testing.assert_frame_equal(ahead, future())


@each_learner
def test_fit_twice_is_fit_once(name):
    twice = clone(LEARNERS[name]).fit(history(120)).fit(history())
    pd.testing.assert_frame_equal(first_forecast(name), forecast(twice), check_exact=True)


@each_learner
def test_predicting_changes_nothing(name):
    pd.testing.assert_frame_equal(first_forecast(name), forecast(fitted(name)), check_exact=True)


@each_learner
def test_unfitted_is_told(name):
    with pytest.raises(NotFittedError):
        clone(LEARNERS[name]).predict(2)
    with pytest.raises(NotFittedError):
        clone(LEARNERS[name]).update(history())


@each_learner
def test_row_order_does_not_matter(name):
    shuffled = history().sample(frac=1, random_state=1)
    straight, mixed = first_forecast(name), forecast(clone(LEARNERS[name]).fit(shuffled))
    keys = ["unique_id", "ds"]
    pd.testing.assert_frame_equal(
        straight.sort_values(keys, ignore_index=True), mixed.sort_values(keys, ignore_index=True), check_exact=True
    )


@each_learner
def test_series_come_back_in_the_users_order(name):
    assert first_forecast(name).unique_id.unique().tolist() == ["b", "a", "c"]


@each_learner
def test_a_subset_of_series_gets_the_same_forecast(name):
    whole, part = first_forecast(name), forecast(fitted(name), ids=["c", "b"])
    wanted = pd.concat([whole[whole.unique_id == key] for key in ("c", "b")], ignore_index=True)
    pd.testing.assert_frame_equal(part, wanted, rtol=1e-10)


@pytest.mark.parametrize("name", [name for name in LEARNERS if not name.startswith(("Lag", "Auto"))])
def test_baselines_treat_each_series_by_itself(name):
    whole = forecast(fitted(name), levels=())
    table = history()
    for key in ("a", "b", "c"):
        alone = forecast(clone(LEARNERS[name]).fit(table[table.unique_id == key]), levels=())
        wanted = whole[whole.unique_id == key].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, wanted, check_exact=True)


@pytest.mark.any_pandas
@pytest.mark.parametrize("name", [name for name in LEARNERS if name.startswith("Lag")])
def test_workers_do_not_change_a_bit(name):
    one = clone(LEARNERS[name]).set_params(n_jobs=1).fit(history())
    two = clone(LEARNERS[name]).set_params(n_jobs=2).fit(history())
    pd.testing.assert_frame_equal(forecast(one), forecast(two), check_exact=True)


@pytest.mark.any_pandas
def test_what_is_saved_is_loaded_in_another_process(tmp_path):
    """One process loads them all, and forecasts what they forecast here."""
    future().to_parquet(tmp_path / "future.parquet")
    ours = {}
    for number, name in enumerate(LEARNERS):
        save_model(fitted(name), tmp_path / f"{number}.hexad")
        ours[name] = first_forecast(name)
    script = (
        "import sys, pandas as pd; from pathlib import Path; from shared.runtime.store import load_model\n"
        "folder = Path(sys.argv[1]); future = pd.read_parquet(folder / 'future.parquet')\n"
        "for path in folder.glob('*.hexad'):\n"
        "    model = load_model(path)\n"
        "    shown = {'future': future} if model.future_columns() else {}\n"
        "    made = model.predict(getattr(model, 'horizon', 5), levels=(80,), **shown)\n"
        "    made.to_frame().to_parquet(path.with_suffix('.made'))\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    for number, name in enumerate(LEARNERS):
        made = pd.read_parquet(tmp_path / f"{number}.made")
        pd.testing.assert_frame_equal(made, ours[name], check_exact=True, obj=name)


@pytest.mark.any_pandas
@each_learner
def test_saved_twice_is_the_same_file(name, tmp_path):
    for number, model in ((1, fitted(name)), (2, clone(LEARNERS[name]).fit(history()))):
        save_model(model, tmp_path / f"{number}.hexad")
    assert (tmp_path / "1.hexad").read_bytes() == (tmp_path / "2.hexad").read_bytes()
    assert type(load_model(tmp_path / "1.hexad")) is type(LEARNERS[name])


@each_learner
def test_update_equals_knowing_the_rows_from_the_start_for_the_history(name):
    """After an update a baseline forecasts as if fitted on everything; a model keeps what it learnt."""
    table = panel_table()
    rest = table[table.groupby("unique_id").cumcount(ascending=False) < 5]
    updated = copy.deepcopy(fitted(name)).update(rest)
    assert sum(len(part.panel_.values) for part in single(updated)) == len(table)
    if isinstance(single(updated)[0], LagForecaster):
        fresh = fitted(name)
        assert repr(updated.get_params()) == repr(fresh.get_params())
        for mine, its in zip(single(updated), single(fresh), strict=True):
            ours, theirs = ([r.coef_ for r in m.regressors_ if hasattr(r, "coef_")] for m in (mine, its))
            np.testing.assert_array_equal(ours, theirs)
    else:
        fresh = clone(LEARNERS[name]).fit(table)
        pd.testing.assert_frame_equal(updated.predict(3).to_frame(), fresh.predict(3).to_frame(), check_exact=True)


# Beside another pandas one of each kind is enough: tables are cut at an origin in the same place for all.
VARIANTS = [
    name for name in LEARNERS if name.startswith("LagForecaster ") and not name.endswith(("direct", "recursive"))
]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.any_pandas] * (name in VARIANTS)) for name in LEARNERS]
)
def test_nothing_after_an_origin_reaches_its_forecast(name):
    """Everything that is not known at an origin is replaced by nonsense: its forecast does not change by a bit."""
    model = LEARNERS[name]
    table = panel_table()
    walk = WalkForward(getattr(model, "horizon", 5), every=7, n_splits=4)
    task = ForecastTask(known=("price", "holiday"), levels=(80,))
    naive = {"naive": SeasonalNaive("7D")}

    def predicted(data: pd.DataFrame, cuts, **options) -> pd.DataFrame:
        return evaluate({"model": model}, data, cuts, ["mae"], baselines=naive, task=task, **options).predictions

    clean = predicted(table, walk)
    for number, cut in enumerate(cuts := list(walk.splits(table)), 1):
        poisoned = table.copy()
        late = poisoned.ds >= cut.label
        for column in ("y", "weather"):
            poisoned.loc[late, column] = 1e6 * np.arange(1.0, late.sum() + 1)
        upto = clean["split"] <= cut.label
        kept = ["model", "split", "unique_id", "ds", "mean", "median", "lo-80", "hi-80"]
        found = predicted(poisoned, cuts[:number], guard=False)  # the guard has looked at the clean table
        pd.testing.assert_frame_equal(
            found[kept].reset_index(drop=True), clean.loc[upto, kept].reset_index(drop=True), check_exact=True
        )
