"""Columns are named once: in a model, in the task or in the splitter; who was told none reads those of the others."""

import numpy as np
import pandas as pd
import pytest

from domains.timeseries import (
    AutoForecaster,
    Exogenous,
    ForecastTask,
    LagForecaster,
    PerSeries,
    Recipe,
    SeasonalMean,
    SeasonalNaive,
)
from shared.data import LastN, Panel, SeriesColumns, WalkForward
from shared.errors import DataError, HexadError, SettingsError
from shared.evaluation import evaluate
from shared.evaluation.leakage import leakage_check
from shared.evaluation.tuning import tune

NAMES = {"unique_id": "Shop", "ds": "Time", "y": "Sold"}
PLAIN = pd.DataFrame(
    {
        "unique_id": ["a"] * 60 + ["b"] * 60,
        "ds": [*pd.date_range("2024-01-01", periods=60)] * 2,
        "y": np.random.default_rng(0).normal(10, 1, 120),
    }
)
TABLE = PLAIN.rename(columns=NAMES)
USUAL = evaluate(
    {"mean": SeasonalMean(7)},
    PLAIN,
    WalkForward(7, every=7, n_splits=3),
    ["mae"],
    baselines={"naive": SeasonalNaive(7)},
).table()


@pytest.mark.parametrize(
    ("model", "naive", "walk", "task"),
    [
        (NAMES, {}, {}, {}),
        ({}, NAMES, {}, {}),
        ({}, {}, {}, NAMES),
        ({"y": "Sold"}, {"unique_id": "Shop"}, {"ds": "Time"}, {}),
        (NAMES, NAMES, {"ds": "Time"}, NAMES),
        ({"y": "Sold"}, {}, {"ds": "Time"}, {"unique_id": "Shop"}),
    ],
)
def test_once_is_enough_wherever_it_is(model, naive, walk, task):
    mean = SeasonalMean(7, **model)
    found = evaluate(
        {"mean": mean},
        TABLE,
        WalkForward(7, every=7, n_splits=3, **walk),
        ["mae"],
        baselines={"naive": SeasonalNaive(7, **naive)},
        task=ForecastTask(SeriesColumns(**task)) if task else None,
    )
    pd.testing.assert_frame_equal(found.table(), USUAL)
    assert set(found.predictions.columns) >= {"Shop", "Time", "Sold"}
    assert mean.get_params() == SeasonalMean(7, **model).get_params()  # what the user holds stays as it was


def test_forecasters_inside_others_are_told_too():
    inner = PerSeries(SeasonalMean(7))
    found = evaluate([inner], TABLE, WalkForward(7, every=7, n_splits=3), "mae", baselines=SeasonalNaive(7, **NAMES))
    assert found.table()["mae"].tolist() == USUAL["mae"].tolist()


def test_last_stamps_of_each_series_are_found_by_the_tasks_columns():
    found = evaluate([SeasonalMean(7, **NAMES)], TABLE, LastN(7), "mae", baselines=[SeasonalNaive(7)])
    usual = evaluate([SeasonalMean(7)], PLAIN, LastN(7), "mae", baselines=[SeasonalNaive(7)])
    assert found.table()["mae"].tolist() == usual.table()["mae"].tolist()


def test_what_a_recipe_declares_known_need_not_be_said_again():
    table = TABLE.assign(Promotion=np.tile([0.0, 1.0], 60), Rain=1.0)
    recipe = Recipe([1, 7], exogenous=[Exogenous("Promotion", known=True), "Rain"])
    model = LagForecaster(recipe=recipe, horizon=7)
    task = ForecastTask(SeriesColumns(**NAMES), levels=90)
    found = evaluate(
        [model],
        table,
        WalkForward(7, every=7, n_splits=2),
        ["mae", "coverage-90"],
        baselines=[SeasonalNaive(7)],
        task=task,
    )
    assert not any(report.leaks for report in found.leaks)
    agreed = task.agree([model])
    assert agreed.known == ("Promotion",)
    assert agreed.columns.exogenous == ("Promotion",)  # nobody else is judged by what one model looks at
    assert ForecastTask(known="Rain").agree([model]).known == ("Rain",)


@pytest.mark.parametrize(
    ("model", "told"),
    [(SeasonalNaive(7, y="sold"), "y='sold'"), (PerSeries(SeasonalNaive(7, ds="Day")), "forecaster__ds='Day'")],
)
def test_a_mismatch_is_one_clear_error(model, told):
    with pytest.raises(
        SettingsError, match=rf"^{type(model).__name__}\({told}\) reads another column than the task, whose"
    ):
        evaluate(
            [SeasonalMean(7)],
            TABLE,
            WalkForward(7, every=7, n_splits=3),
            "mae",
            baselines=[model],
            task=ForecastTask(SeriesColumns(**NAMES)),
        )
    with pytest.raises(SettingsError, match="name the columns once"):
        evaluate([SeasonalMean(7, **NAMES)], TABLE, WalkForward(7, every=7, n_splits=3), "mae", baselines=[model])


def test_tuning_and_the_leak_check_read_the_same_columns():
    walk = WalkForward(7, every=7, n_splits=3)
    found = tune(SeasonalMean(7), {"k": [1, 4]}, TABLE, walk, "mae", task=ForecastTask(SeriesColumns(**NAMES)))
    assert found.settings["k"] == 4
    assert leakage_check(SeasonalMean(7, **NAMES), TABLE, walk).leaks == ()


@pytest.mark.parametrize(
    ("door", "named"),
    [
        (lambda: SeasonalNaive(7).fit(TABLE), ["SeasonalNaive(ds=...)", "SeasonalNaive(y=...)"]),
        (lambda: AutoForecaster(ds="Time").fit(TABLE), ["AutoForecaster(y=...)"]),
        (lambda: Panel.from_frame(TABLE), ["SeriesColumns(ds=...)", "SeriesColumns(y=...)"]),
        (lambda: WalkForward(7, every=7, n_splits=1).splits(TABLE), ["WalkForward(ds=...)"]),
        (lambda: LastN(7).splits(TABLE), ["LastN(ds=...)"]),
        (
            lambda: SeasonalNaive(7, ds="Time", y="Sold", unique_id="Shop").fit(TABLE).update(PLAIN),
            ["SeasonalNaive(ds=...)"],
        ),
    ],
)
def test_a_column_that_is_not_there_is_told_with_the_class_and_argument_that_name_it(door, named):
    with pytest.raises(DataError) as caught:
        door()
    for text in named:
        assert f"say under which name it is: {text}." in str(caught.value)
    assert caught.value.say(lambda argument: "").count("(ds=") == 0  # a command line names columns in its own way


def test_models_need_no_names_of_their_own_but_two_of_a_kind():
    walk = WalkForward(7, every=7, n_splits=3)
    assert evaluate(SeasonalMean(7), PLAIN, walk, "mae", baselines=SeasonalNaive(7)).models == (
        "SeasonalNaive",
        "SeasonalMean",
    )
    with pytest.raises(HexadError, match="two are a 'SeasonalMean'; give them names"):
        evaluate([SeasonalMean(7), SeasonalMean(1)], PLAIN, walk, "mae", baselines=SeasonalNaive(7))
    with pytest.raises(HexadError, match=r"'SeasonalMean' is the class SeasonalMean; give an object: SeasonalMean\(\)"):
        evaluate(SeasonalMean, PLAIN, walk, "mae", baselines=SeasonalNaive(7))
    with pytest.raises(HexadError, match="'str' is a str, which cannot be fitted"):
        evaluate("mean", PLAIN, walk, "mae", baselines=SeasonalNaive(7))


def test_a_series_is_taken_with_its_index():
    one = PLAIN[PLAIN["unique_id"] == "a"].set_index("ds")["y"]
    wanted = SeasonalNaive(7).fit(one.reset_index()).predict(3).to_frame()
    for series in (one, one.rename_axis(None), one.rename("Sold").asfreq("D"), one.to_period("D")):
        pd.testing.assert_frame_equal(SeasonalNaive(7).fit(series).predict(3).to_frame(), wanted)
    both = PLAIN.set_index(["unique_id", "ds"])["y"]
    pd.testing.assert_frame_equal(
        AutoForecaster("D", members="theta").fit(both.swaplevel()).predict(3).to_frame(),
        AutoForecaster("D", members="theta").fit(PLAIN).predict(3).to_frame(),
    )
    assert SeasonalNaive().fit(pd.Series([1.0, 2.0])).predict(1).to_frame()["ds"].tolist() == [2]
    walk = WalkForward(7, every=7, n_splits=2)
    assert evaluate(SeasonalMean(7), both, walk, "mae", baselines=SeasonalNaive(7)).table().notna().all(axis=None)
    with pytest.raises(DataError, match="has 2 levels, of which 0 hold dates"):
        SeasonalNaive().fit(PLAIN.assign(n=1).set_index(["unique_id", "n"])["y"])


def test_a_metric_made_for_usual_names_reads_the_named_ones():
    task = ForecastTask()
    asked = [task.metric("mae"), task.metric("mase", seasonality=7)]

    def scored(table, **names):
        walk = WalkForward(7, every=7, n_splits=3)
        mean, naive = SeasonalMean(7, **names), SeasonalNaive(7)
        return evaluate({"mean": mean}, table, walk, asked, baselines={"naive": naive}).table()

    pd.testing.assert_frame_equal(scored(TABLE, **NAMES), scored(PLAIN))
