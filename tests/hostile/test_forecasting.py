"""Bad tables and settings for forecasters: forecast rightly, or refused with what, where and how to fix it."""

import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from domains.timeseries import (
    AutoForecaster,
    ForecastTask,
    LagForecaster,
    PerSeries,
    Recipe,
    SeasonalNaive,
    drivers,
    follows,
)
from shared.data import BasketColumns, SeriesColumns, WalkForward
from shared.errors import DataError, HexadError, RepairWarning, SettingsError, StoreError
from shared.evaluation import evaluate
from shared.runtime.store import save_model

FORECASTERS = {
    "AutoForecaster": lambda **more: AutoForecaster(horizon=3, members=("naive", "theta", "autoregression"), **more),
    "LagForecaster": lambda **more: LagForecaster(recipe=Recipe((1, 2, 7)), horizon=3, **more),
    "SeasonalNaive": lambda **more: SeasonalNaive(7, **more),
}
each_forecaster = pytest.mark.parametrize("make", FORECASTERS.values(), ids=FORECASTERS)


def clean(n: int = 60, freq: str = "D") -> pd.DataFrame:
    """Series 'a' in rows 1 to n, series 'b' in the rows after."""
    rng = np.random.default_rng(0)
    stamps = pd.date_range("2024-01-01", periods=n, freq=freq)
    parts = [
        pd.DataFrame(
            {"unique_id": key, "ds": stamps, "y": 50 + 10 * np.sin(2 * np.pi * np.arange(n) / 7) + rng.normal(size=n)}
        )
        for key in "ab"
    ]
    return pd.concat(parts, ignore_index=True)


def with_cell(row: int, column: str, value, table: pd.DataFrame | None = None) -> pd.DataFrame:
    """One cell of a table replaced; rows are counted from 1."""
    table = clean() if table is None else table
    if isinstance(value, str):
        table[column] = table[column].astype(object)
    table.loc[row - 1, column] = value
    return table


def written(table: pd.DataFrame, form: str = "%Y-%m-%d") -> pd.DataFrame:
    return table.assign(ds=table.ds.dt.strftime(form))


def forecast(model, levels=(60,)) -> pd.DataFrame:
    return model.predict(3, levels=levels).to_frame()


def half_hours(start: str, days: int, zone: str | None = "Europe/Berlin") -> pd.DataFrame:
    last = pd.Timestamp(start) + pd.Timedelta(days=days)
    stamps = pd.date_range(start, last, freq="30min", tz=zone, inclusive="left")
    y = 10 + np.sin(2 * np.pi * np.arange(len(stamps)) / 48) + 0.1 * np.random.default_rng(1).normal(size=len(stamps))
    return pd.DataFrame({"ds": stamps, "y": y})


# Refused: table, frequency, column, first rows, count, what it says, how to fix it.

REFUSED = {
    "a gap": (
        lambda: clean().drop(index=[69, 70]), "D", "ds", (70,), 1,
        r"2 stamps .* \(series 'b'\), the first is 2024-01-10", "Add the rows",
    ),
    "gaps in two series": (
        lambda: clean().drop(index=[9, 69, 70]), "D", "ds", (10, 69), 2,
        r"3 stamps .* 2 gaps \(series 'a', 'b'\)", "Add the rows",
    ),
    "a gap in integer time": (
        lambda: pd.DataFrame({"ds": [*range(40), *range(43, 80)], "y": 1.0}), 1, "ds", (41,), 1,
        "3 stamps are missing .* the first is 40", "Add the rows",
    ),
    "a stamp twice": (
        lambda: pd.concat([clean(), clean()[65:66]], ignore_index=True), "D", "ds", (66, 121), 1,
        r"1 stamp occurs twice .* \(series 'b'\)", "Remove the extra rows",
    ),
    "no key column": (
        lambda: clean().drop(columns="unique_id"), "D", "ds", (1, 2, 3, 4, 5, 6), 60,
        "60 stamps occur twice", "Remove the extra rows",
    ),
    "a value missing": (
        lambda: with_cell(65, "y", np.nan), "D", "y", (65,), 1, r"1 value is missing \(series 'b'\)", "Fill them in",
    ),
    "the last value missing": (
        lambda: with_cell(120, "y", np.nan), "D", "y", (120,), 1,
        r"1 value is missing \(series 'b'\)", "Fill them in",
    ),
    "the first value missing": (
        lambda: with_cell(61, "y", np.nan), "D", "y", (61,), 1, r"1 value is missing \(series 'b'\)", "Fill them in",
    ),
    "None for a value": (
        lambda: with_cell(65, "y", None, clean().astype({"y": object})), "D", "y", (65,), 1,
        r"1 value is missing", "Fill them in",
    ),
    "a series without values": (
        lambda: clean().assign(y=lambda t: t.y.where(t.unique_id == "a")), "D", "y", (), 1,
        r"no value at all \(series 'b'\)", "Leave them out",
    ),
    "infinity": (lambda: with_cell(65, "y", np.inf), "D", "y", (65,), 1, "1 value is infinite", "Correct them"),
    "minus infinity": (lambda: with_cell(2, "y", -np.inf), "D", "y", (2,), 1, "1 value is infinite", "Correct them"),
    "a word among the values": (
        lambda: with_cell(65, "y", "many"), "D", "y", (65,), 1, "cannot be read as numbers: 'many'", "Correct them",
    ),
    "lists as values": (
        lambda: clean().assign(y=[[1]] * 120), "D", "y", (1, 2, 3, 4, 5, 6), 120,
        "cannot be read as numbers", "Correct them",
    ),
    "month ends declared as days": (
        lambda: clean(60, "ME"), "D", "ds", (2, 3, 4, 5, 6, 7), 118,
        "3,474 stamps are missing", "Or the step is 1 month",
    ),
    "months declared as days": (
        lambda: clean(60, "MS"), "D", "ds", (2, 3, 4, 5, 6, 7), 118,
        "3,474 stamps are missing", "Or the step is 1 month",
    ),
    "days declared as hours": (clean, "h", "ds", (2, 3, 4, 5, 6, 7), 118, "stamps are missing", "Or the step is 1 day"),
    "hours declared as days": (
        lambda: clean(60, "h"), "D", "ds", (2, 3, 4, 5, 6, 7), 114,
        "do not lie on the grid of 1 day", "They look like steps of 1 hour",
    ),
    "a stamp off the grid": (
        lambda: with_cell(65, "ds", pd.Timestamp("2024-01-05 06:00")), "D", "ds", (65,), 1,
        "1 stamp does not lie on the grid", "Correct them",
    ),
    "words for dates": (
        lambda: clean().assign(ds=[f"day {i}" for i in range(120)]), "D", "ds", (1, 2, 3, 4, 5, 6), 120,
        "cannot be read as dates: 'day 0'", "Correct them",
    ),
    "one word for a date": (
        lambda: with_cell(65, "ds", "soon", written(clean())), "D", "ds", (65,), 1,
        "1 value cannot be read as dates: 'soon'", "Correct them",
    ),
    "dates of two readings": (
        lambda: written(clean(10), "%d/%m/%Y"), "D", "ds", (1, 2, 3, 4, 5, 6), 20,
        "day-first or month-first", 'dates="day-first"',
    ),
    "fractions for dates": (
        lambda: clean().assign(ds=np.arange(120) + 0.5), "D", "ds", (1, 2, 3, 4, 5, 6), 120,
        "cannot be read as dates", "Give dates",
    ),
    "a missing date": (lambda: with_cell(65, "ds", pd.NaT), "D", "ds", (65,), 1, "1 value is missing", "Correct them"),
    "a date long ago": (
        lambda: with_cell(65, "ds", pd.Timestamp("1500-01-01"), clean().astype({"ds": "datetime64[s]"})),
        "D", "ds", (65,), 1, "before 1678", "Correct them",
    ),
    "a missing key": (
        lambda: with_cell(65, "unique_id", None), "D", "unique_id", (65,), 1,
        "1 keys are missing", "Give every row the key",
    ),
    "keys that are lists": (
        lambda: clean().assign(unique_id=[[1]] * 120), "D", "unique_id", (1, 2, 3, 4, 5, 6), 120,
        "neither text nor numbers", "Give text or numbers",
    ),
    "no rows": (lambda: clean()[:0], "D", None, (), 0, "has no rows", "Give at least one row"),
    "no values": (
        lambda: clean().drop(columns="y"), "D", "y", (), 0,
        r"is missing; the table has 'unique_id', 'ds'", "Name it so",
    ),
    "no dates": (
        lambda: clean().drop(columns="ds"), "D", "ds", (), 0,
        r"is missing; the table has 'unique_id', 'y'", "Name it so",
    ),
    "a column twice": (
        lambda: pd.concat([clean(), clean()[["ds"]]], axis=1), "D", None, (), 0,
        "repeated column names: 'ds'", "a name of its own",
    ),
    "a single row without a frequency": (
        lambda: clean()[:1], None, "ds", (), 0, "cannot be told from one row", "pass freq=",
    ),
    "no table": (
        lambda: {"ds": [1, 2], "y": [1.0, 2.0]}, "D", None, (), 0,
        "is no table", "pandas.DataFrame",
    ),
    "dates and a step in whole numbers": (
        clean, 1, None, (), 0, "counts steps, but the stamps are dates", "write it as in",
    ),
}  # fmt: skip


@each_forecaster
@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_table_is_refused_with_its_place_and_a_mend(make, case):
    table, freq, column, rows, count, what, fix = REFUSED[case]
    with pytest.raises(HexadError, match=what) as caught:
        make(freq=freq).fit(table())
    assert fix in str(caught.value)
    if isinstance(caught.value, DataError):
        (problem,) = caught.value.problems
        assert (problem.column, problem.rows, problem.count) == (column, rows, count)
    else:
        assert isinstance(caught.value, SettingsError)


@each_forecaster
def test_rows_are_counted_as_they_stand_whatever_their_index(make):
    table = with_cell(65, "y", np.nan).sample(frac=1, random_state=0)
    place = int(np.flatnonzero(table.y.isna())[0]) + 1
    with pytest.raises(DataError, match=rf"\(row {place}\)"):
        make(freq="D").fit(table)


@each_forecaster
def test_all_that_is_wrong_with_the_values_is_told_at_once(make):
    table = with_cell(3, "y", np.nan).drop(index=69)
    with pytest.raises(DataError, match="2 problems") as caught:
        make(freq="D").fit(table)
    assert {problem.column for problem in caught.value.problems} == {"ds", "y"}


@each_forecaster
@pytest.mark.parametrize(
    "case", ["a value missing", "infinity", "a stamp twice", "words for dates", "no rows", "no values"]
)
def test_an_update_with_bad_rows_is_refused_and_leaves_the_model_as_it_was(make, case):
    model = make(freq="D").fit(clean())
    before = forecast(model)
    with pytest.raises(HexadError, match=REFUSED[case][5]):
        model.update(REFUSED[case][0]())
    pd.testing.assert_frame_equal(forecast(model), before, check_exact=True)


@each_forecaster
def test_a_bad_table_leaves_an_earlier_fit_as_it_was(make):
    model = make(freq="D").fit(clean())
    before = forecast(model)
    with pytest.raises(DataError):
        model.fit(with_cell(65, "y", np.nan))
    pd.testing.assert_frame_equal(forecast(model), before, check_exact=True)


REPAIRS = {
    "interpolate": (lambda: clean().drop(index=[69, 70]), "interpolate", "interpolated 2 values"),
    "keep_last_duplicate": (
        lambda: pd.concat([clean(), clean()[65:66]], ignore_index=True), "keep_last_duplicate", "kept the later row",
    ),
    "drop_missing_ends": (
        lambda: with_cell(120, "y", np.nan), ("interpolate", "drop_missing_ends"), "cut 1 missing value off the ends",
    ),
}  # fmt: skip


@each_forecaster
@pytest.mark.parametrize("case", REPAIRS)
def test_a_repair_that_an_error_names_is_made_when_asked_for_and_told(make, case):
    table, repair, told = REPAIRS[case]
    with pytest.raises(DataError, match=f'"{case}"'):
        make(freq="D").fit(table())
    with pytest.warns(RepairWarning, match=told):
        model = make(freq="D").fit(table(), repair=repair)
    made = forecast(model)
    assert made.unique_id.tolist() == ["a"] * 3 + ["b"] * 3
    assert np.isfinite(made[["mean", "lo-60", "hi-60"]].to_numpy()).all()
    with pytest.raises(SettingsError, match="unknown repair 'all'; there are 'interpolate'"):
        make(freq="D").fit(table(), repair="all")


@each_forecaster
def test_rows_of_an_update_are_repaired_when_asked_for(make):
    table = pd.concat([clean()[:60]], ignore_index=True)
    model = make(freq="D").fit(table[:50])
    with pytest.raises(DataError, match="1 stamp is missing"):
        model.update(table[50:].drop(index=54))
    with pytest.warns(RepairWarning, match="interpolated 1 value"):
        model.update(table[50:].drop(index=54), repair="interpolate")
    assert forecast(model).ds.min() == table.ds.max() + pd.Timedelta(days=1)


# Accepted: the same forecast as of the clean table.

ACCEPTED = {
    "rows in any order": lambda: clean().sample(frac=1, random_state=3),
    "dates as text": lambda: written(clean()),
    "dates as German text": lambda: written(clean(), "%d.%m.%Y"),
    "dates and times as text": lambda: written(clean(), "%Y-%m-%d 00:00:00"),
    "dates as Python's": lambda: clean().assign(ds=lambda t: t.ds.dt.date),
    "values as text": lambda: clean().assign(y=lambda t: t.y.map(repr)),
    "nullable numbers": lambda: clean().astype({"y": "Float64", "unique_id": "string"}),
    "keys as categories": lambda: clean().astype({"unique_id": "category"}),
    "an index of its own": lambda: clean().set_index(np.arange(120)[::-1]),
    "columns in another order": lambda: clean()[["y", "ds", "unique_id"]],
    "columns beside": lambda: clean().assign(price=np.arange(120.0), note="x", gap=np.nan),
    "Polars": lambda: pl.from_pandas(clean()),
    "Arrow": lambda: pl.from_pandas(clean()).to_arrow(),
}


@each_forecaster
@pytest.mark.parametrize("case", ACCEPTED)
def test_an_unusual_table_is_forecast_like_the_clean_one(make, case):
    made = forecast(make(freq="D").fit(ACCEPTED[case]())).sort_values(["unique_id", "ds"], ignore_index=True)
    wanted = forecast(make(freq="D").fit(clean()))
    assert made.unique_id.astype(str).tolist() == wanted.unique_id.tolist()
    assert pd.to_datetime(made.ds).tolist() == wanted.ds.tolist()
    numbers = ["mean", "lo-60", "hi-60"]
    np.testing.assert_array_equal(made[numbers], wanted[numbers])


INDEXED = {
    "stamps": lambda table: table[table["unique_id"] == "a"].set_index("ds")[["y"]],
    "keys and stamps": lambda table: table.set_index(["unique_id", "ds"]),
    "months": lambda table: table[:60].assign(ds=pd.period_range("2020-01", periods=60, freq="M")).set_index("ds"),
}


@each_forecaster
@pytest.mark.parametrize("case", INDEXED)
def test_an_index_that_has_the_names_of_columns_is_taken_for_them(make, case):
    table = INDEXED[case](clean())
    made, wanted = (forecast(make().fit(one)) for one in (table, table.reset_index()))
    assert len(made) == (6 if case == "keys and stamps" else 3)
    pd.testing.assert_frame_equal(made, wanted)


UNNAMED = {
    "dates": lambda table: table[:60].drop(columns="unique_id").set_index("ds").rename_axis(None),
    "text": lambda table: table[:60].drop(columns="unique_id").set_index(table["ds"][:60].astype(str)).drop(columns="ds").rename_axis(None),
    "periods": lambda table: table[:60].assign(ds=pd.period_range("2024-01-01", periods=60)).set_index("ds").rename_axis(None),
    "keys and dates": lambda table: table.set_index(["unique_id", "ds"]).rename_axis([None, None]),
    "dates and keys": lambda table: table.set_index(["ds", "unique_id"]).rename_axis([None, None]),
}  # fmt: skip


@each_forecaster
@pytest.mark.parametrize("case", UNNAMED)
@pytest.mark.parametrize("ds", ["ds", "day"])
def test_an_index_without_a_name_is_told_and_what_is_advised_works(make, case, ds):
    frame = UNNAMED[case](clean())
    model = make(ds=ds)
    walk = WalkForward(3, every=3, n_splits=2, ds=ds)
    for door in (model.fit, lambda data: evaluate({}, data, walk, ["mae"], baselines={"m": model})):
        with pytest.raises(DataError, match=f"column '{ds}': is missing; .*the index, which has no name") as caught:
            door(frame)
        advised = re.search(r"frame\.rename_axis\((.*)\)\.reset_index\(\)\.$", str(caught.value))[1]
        named = frame.rename_axis(eval(advised)).reset_index()
        assert set(named.columns) >= {ds, "y"}
    made = forecast(model.fit(named))
    assert len(made) == (6 if "keys" in case else 3)


@pytest.mark.parametrize("index", [pd.RangeIndex(60), np.arange(60) * 2])
def test_numbers_of_rows_are_no_index_to_tell_of(index):
    frame = clean()[:60].drop(columns="ds").set_index(index)
    with pytest.raises(DataError, match=r"say under which name it is: SeasonalNaive\(ds=...\)\.$"):
        SeasonalNaive(7).fit(frame)


@each_forecaster
@pytest.mark.parametrize("rows", [lambda: (row for row in clean().to_numpy()), lambda: clean().itertuples()])
def test_rows_that_come_one_by_one_are_no_table(make, rows):
    with pytest.raises(DataError, match=r"is no table\. Give a pandas, Polars or Arrow frame"):
        make().fit(rows())


@each_forecaster
@pytest.mark.parametrize("key", [("shop", "item"), ["shop", "item"]])
def test_a_key_of_two_columns_is_told_how_and_works_so(make, key):
    table = clean().rename(columns={"unique_id": "shop"}).assign(item=7)
    with pytest.raises(SettingsError, match="A key of several columns becomes one first") as caught:
        make(freq="D", unique_id=key).fit(table)
    told = re.search(r"table\.assign\(key=(.*)\), and name 'key'", str(caught.value))[1]
    parts = re.findall(r"table\['(\w+)'\]\.astype\(str\)", told)
    assert parts == ["shop", "item"]
    joined = table.assign(key=table[parts[0]].astype(str) + " " + table[parts[1]].astype(str))
    assert forecast(make(freq="D", unique_id="key").fit(joined))["key"].tolist() == ["a 7"] * 3 + ["b 7"] * 3


@each_forecaster
@pytest.mark.parametrize("several", [("y", "z"), ["y", "z"]])
def test_a_target_of_two_columns_is_told_how_and_works_so(make, several):
    table = clean().query("unique_id == 'a'").drop(columns="unique_id").assign(z=lambda rows: 2 * rows["y"])
    with pytest.raises(SettingsError, match="The target is one column") as caught:
        make(freq="D", y=several).fit(table)
    assert "key of several" not in str(caught.value)
    told = re.search(r"table\.melt\((.*)\), and name 'value'$", str(caught.value))[1]
    melted = table.melt(*eval(f"({told})"))
    assert forecast(make(freq="D", y="value").fit(melted))["unique_id"].tolist() == ["y"] * 3 + ["z"] * 3


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (lambda: SeriesColumns(ds=("day", "hour")), "Stamps are one column"),
        (lambda: SeriesColumns(exogenous=(("rain", "sun"),)), "Name each further column on its own"),
        (lambda: BasketColumns(time=["day", "hour"]), "Stamps are one column"),
        (lambda: BasketColumns(quantity=["n", "m"]), "The quantity is one column"),
        (lambda: BasketColumns(order=["till", "slip"]), "A key of several columns becomes one first"),
        (lambda: BasketColumns(customer=("firm", "person")), "A key of several columns becomes one first"),
    ],
)
def test_several_columns_are_told_by_what_they_are(columns, said):
    with pytest.raises(SettingsError, match=said) as caught:
        columns()
    assert ("key" in str(caught.value)) == ("key" in said)


# Helpers and files.


class Stranger(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


FOREIGN = {
    "one's own": Stranger,
    "lightgbm": lambda: pytest.importorskip("lightgbm").LGBMRegressor(n_estimators=2, verbose=-1),
    "ngboost": lambda: pytest.importorskip("ngboost").NGBRegressor(n_estimators=2, verbose=False),
}


@pytest.mark.parametrize("library", FOREIGN)
@pytest.mark.parametrize(
    "make",
    [
        lambda regressor: AutoForecaster("D", horizon=3, members=("boosting",), regressor=regressor),
        lambda regressor: LagForecaster(regressor, recipe=Recipe((1,)), horizon=2, calibration_folds=0),
        lambda regressor: PerSeries(LagForecaster(regressor, recipe=Recipe((1,)), horizon=2, calibration_folds=0)),
    ],
    ids=["automatic", "lags", "each series"],
)
def test_a_forecaster_with_a_regressor_of_another_library_forecasts_and_says_why_it_is_not_saved(
    tmp_path, make, library
):
    regressor = FOREIGN[library]()
    model = make(regressor).fit(clean())
    assert np.isfinite(model.predict(2).to_frame()["mean"]).all()
    with pytest.raises(
        StoreError, match=rf"types that a model file may not hold: .*{type(regressor).__name__}'.* Use scikit-learn's"
    ):
        save_model(model, tmp_path / "m.hexad")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("asked", [lambda model: model.predict(), lambda model: model.regressors_[0], PerSeries])
def test_what_is_no_forecaster_with_features_is_named(asked):
    model = LagForecaster(recipe=Recipe((1,)), horizon=2, calibration_folds=0).fit(clean())
    other = asked(model)
    for helper in (drivers, lambda one: follows(one, "y")):
        with pytest.raises(
            HexadError, match=f"the features of a fitted LagForecaster; this {type(other).__name__} shows"
        ):
            helper(other)
    assert len(drivers(model).to_frame())


# Length.


def short_and_long() -> pd.DataFrame:
    table = clean()
    return table[(table.unique_id == "a") | (table.index >= 115)]


def test_series_shorter_than_the_lags_are_forecast_by_the_automatic_one():
    made = forecast(FORECASTERS["AutoForecaster"](freq="D").fit(short_and_long()))
    assert made.unique_id.tolist() == ["a"] * 3 + ["b"] * 3
    assert np.isfinite(made[["mean", "lo-60", "hi-60"]].to_numpy()).all()


def test_series_shorter_than_the_lags_are_forecast_by_the_naive_and_told():
    made = FORECASTERS["LagForecaster"](freq="D").fit(short_and_long()).predict(3)
    assert np.isfinite(made.to_frame()["mean"]).all()
    assert "1 series are too short for the recipe" in made.explain()
    assert "(series 'b')" in made.explain()


def test_series_shorter_than_the_lags_can_be_refused():
    model = FORECASTERS["LagForecaster"](freq="D", short="refuse").fit(short_and_long())
    with pytest.raises(
        DataError, match=r"1 series are too short for the recipe.*\(series 'b'\).*Give longer histories"
    ):
        model.predict(3)
    assert len(model.predict(3, ids=["a"]).to_frame()) == 3


def test_nothing_but_short_series_is_refused_where_something_has_to_be_learnt():
    with pytest.raises(DataError, match=r"only \d+ rows have all features .* has 8 rows.*Give longer histories"):
        FORECASTERS["LagForecaster"](freq="D").fit(clean(8))
    with pytest.raises(DataError, match=r"2 series are shorter than the 7 rows .*\(series 'a', 'b'\).*Give longer"):
        FORECASTERS["SeasonalNaive"](freq="D").fit(clean(5))
    for n in range(1, 16):
        made = FORECASTERS["AutoForecaster"](freq="D").fit(clean(n)).predict(3).to_frame()
        assert np.isfinite(made["mean"]).all()


@each_forecaster
def test_series_that_end_earlier_are_forecast_from_their_own_end(make):
    made = forecast(make(freq="D").fit(clean()[:105]))
    assert made.ds.tolist() == [*pd.date_range("2024-03-01", periods=3), *pd.date_range("2024-02-15", periods=3)]


# Values.


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_zeros_have_a_logarithm(log, strategy):
    y = np.tile([0.0, 0.0, 5.0, 2.0, 0.0, 9.0, 1.0], 20) + np.random.default_rng(0).random(140)
    table = pd.DataFrame({"ds": range(140), "y": np.where(y < 1, 0.0, y)})
    model = LagForecaster(recipe=Recipe((1, 2, 7)), horizon=3, log=log, strategy=strategy).fit(table)
    assert np.isfinite(forecast(model)).all(axis=None)


def test_values_below_zero_are_refused_by_a_logarithm_with_their_number():
    table = clean().assign(y=lambda t: np.where(t.index % 40 == 3, -5.0, t.y))
    with pytest.raises(DataError, match="log=True needs values above -1, but 3 are not") as caught:
        LagForecaster(horizon=3, log=True).fit(table)
    assert caught.value.problems[0].column == "y"
    assert "log=False" in caught.value.problems[0].fix


@each_forecaster
def test_values_of_both_signs_are_forecast(make):
    table = clean().assign(y=lambda t: t.y - 50)
    made = forecast(make(freq="D").fit(table))
    assert np.isfinite(made[["mean", "lo-60", "hi-60"]].to_numpy()).all()
    assert (made["lo-60"] < 0).any()


@each_forecaster
@pytest.mark.parametrize("level", [0.0, 5.0, -2.0])
def test_a_constant_series_is_forecast_to_be_constant(make, level):
    made = make(freq="D").fit(clean().assign(y=level)).predict(3).to_frame()
    np.testing.assert_allclose(made["mean"], level, atol=1e-9)


@each_forecaster
def test_constant_series_beside_others_are_forecast_with_intervals(make):
    table = clean().assign(y=lambda t: t.y.where(t.unique_id == "a", 7.0))
    made = forecast(make(freq="D").fit(table))
    assert np.isfinite(made[["mean", "lo-60", "hi-60"]].to_numpy()).all()
    assert np.abs(made["mean"][made.unique_id == "b"] - 7).max() < 2


@each_forecaster
@pytest.mark.parametrize("size", [1e-9, 1e9, 1e100])
def test_small_and_large_units_are_forecast_alike(make, size):
    made = forecast(make(freq="D").fit(clean().assign(y=lambda t: t.y * size)))
    numbers = made[["mean", "lo-60", "hi-60"]].to_numpy()
    assert np.isfinite(numbers).all()
    assert ((20 * size < numbers) & (numbers < 80 * size)).all()


@each_forecaster
def test_values_whose_squares_are_beyond_numbers_are_forecast_or_refused(make):
    try:
        made = make(freq="D").fit(clean().assign(y=lambda t: t.y * 1e200)).predict(3).to_frame()
    except HexadError as error:
        assert "range of numbers" in str(error)
    else:
        assert ((made["mean"] > 20e200) & (made["mean"] < 80e200)).all()


def test_a_recursion_that_diverges_never_leaves_the_neighbourhood_of_its_history():
    table = pd.DataFrame({"ds": range(80), "y": 1.15 ** np.arange(80)})
    made = FORECASTERS["AutoForecaster"](freq=1).fit(table).predict(60).to_frame()
    assert (made["mean"] <= 4 * table.y.max()).all()
    assert (made["mean"] >= 0).all()


# Clocks.


@each_forecaster
def test_stamps_in_a_zone_come_back_in_it_across_a_change_of_the_clocks(make):
    for start in ("2024-03-17", "2024-10-13"):
        table = half_hours(start, 21)
        made = forecast(make(freq="30min").fit(table[:-3]))
        assert made.ds.tolist() == table.ds[-3:].tolist()
        assert str(made.ds.dt.tz) == "Europe/Berlin"


@each_forecaster
def test_wall_clock_stamps_with_a_zone_equal_stamps_in_that_zone(make):
    for start in ("2024-03-17", "2024-10-13"):
        table = half_hours(start, 21)
        naive = table.assign(ds=table.ds.dt.tz_localize(None))
        made, wanted = (
            forecast(make(freq="30min", tz=tz).fit(t)) for t, tz in ((naive, "Europe/Berlin"), (table, None))
        )
        pd.testing.assert_frame_equal(made, wanted)


@each_forecaster
def test_days_of_23_and_25_hours_are_days(make):
    stamps = pd.date_range("2024-03-01", periods=250, freq="D", tz="Europe/Berlin")
    table = pd.DataFrame({"ds": stamps, "y": 5 + np.sin(np.arange(250) / 7 * 2 * np.pi)})
    made = forecast(make(freq="D").fit(table[:-3]))
    assert made.ds.tolist() == stamps[-3:].tolist()


CLOCKS = {
    "an hour that comes twice": (
        lambda: half_hours("2024-10-20", 14).assign(ds=lambda t: t.ds.dt.tz_localize(None)), None,
        "2 stamps occur twice", "If the clocks went back there, pass the zone, as in tz=",
    ),
    "an hour that does not exist": (
        lambda: half_hours("2024-03-25", 14, None), "Europe/Berlin",
        "2 stamps do not exist in Europe/Berlin", "name the right zone",
    ),
    "an hour missing in spring": (
        lambda: half_hours("2024-03-25", 14).assign(ds=lambda t: t.ds.dt.tz_localize(None)), None,
        "2 stamps are missing", "Add the rows",
    ),
    "a zone that there is not": (
        lambda: half_hours("2024-03-25", 14, None), "Mars/Base", "no time zone 'Mars/Base'", "Write it as in",
    ),
}  # fmt: skip


@each_forecaster
@pytest.mark.parametrize("case", CLOCKS)
def test_clocks_that_do_not_fit_are_refused(make, case):
    table, tz, what, fix = CLOCKS[case]
    with pytest.raises(DataError, match=what) as caught:
        make(freq="30min", tz=tz).fit(table())
    assert caught.value.problems[0].column == "ds"
    assert fix in str(caught.value)


@each_forecaster
def test_an_update_on_another_clock_is_refused(make):
    table = half_hours("2024-05-20", 14)
    model = make(freq="30min").fit(table[:-3])
    with pytest.raises(DataError, match="dates without a time zone, but the known stamps are dates in Europe/Berlin"):
        model.update(table[-3:].assign(ds=lambda t: t.ds.dt.tz_localize(None)))
    with pytest.raises(DataError, match="holds whole numbers, but the known stamps are dates"):
        model.update(pd.DataFrame({"ds": [1, 2], "y": 1.0}))


# Settings.


@each_forecaster
@pytest.mark.parametrize("horizon", [0, -1, 1.5, True, "soon", "3h", [3], 1_000_001, 10**30, "99Y", "200Y"])
def test_a_horizon_that_is_none_or_far_too_long_is_refused(make, horizon):
    model = make(freq="D").fit(clean())
    with pytest.raises(SettingsError):
        model.predict(horizon)


@pytest.mark.parametrize("name", ["AutoForecaster", "SeasonalNaive"])
def test_a_horizon_beyond_the_calendar_is_refused(name):
    model = FORECASTERS[name](freq="D").fit(clean())
    with pytest.raises(HexadError, match=r"after 2262.*use whole-number stamps"):
        model.predict(100_000)


@pytest.mark.parametrize("name", ["AutoForecaster", "SeasonalNaive"])
def test_a_huge_horizon_in_integer_time_is_forecast(name):
    table = pd.DataFrame({"ds": range(60), "y": clean().y[:60]})
    made = FORECASTERS[name](freq=1).fit(table).predict(100_000).to_frame()
    assert len(made) == 100_000
    assert np.isfinite(made["mean"]).all()


def test_a_horizon_that_was_not_learnt_for_is_refused_by_the_lag_forecaster():
    with pytest.raises(SettingsError, match="fitted for 3 steps, not 4; fit again"):
        FORECASTERS["LagForecaster"](freq="D").fit(clean()).predict(4)


@each_forecaster
@pytest.mark.parametrize(
    "levels",
    [[0], [100], [-5], [101], [80, 100.5], [np.nan], [np.inf], ["80"], "80", [None], [80j], [[80]]],
    ids=repr,
)
def test_levels_out_of_range_are_refused(make, levels):
    model = make(freq="D").fit(clean())
    with pytest.raises(SettingsError, match="levels="):
        model.predict(3, levels=levels)


@each_forecaster
@pytest.mark.parametrize(("levels", "meant"), [([0.9], "90"), ([80, 0.95], "95"), ([np.float32(0.5)], "50")], ids=repr)
def test_a_level_given_as_a_share_is_asked_about(make, levels, meant):
    model = make(freq="D").fit(clean())
    with pytest.raises(SettingsError, match=f"coverage is given in percent; did you mean {meant}\\?"):
        model.predict(3, levels=levels)
    made = model.predict(3, levels=[float(meant)]).to_frame()
    assert (made[f"hi-{meant}"] > made[f"lo-{meant}"]).all()


@pytest.mark.parametrize(
    "level", [0.999999999, 0.9999999, 0.01, 0.012345, 0.0099999999, 0.0099, 0.005, 1e-300], ids=str
)
def test_a_level_that_is_advised_is_accepted(level):
    model = SeasonalNaive(7, freq="D").fit(clean())
    with pytest.raises(SettingsError, match="coverage is given in percent") as caught:
        model.predict(3, levels=[level])
    meant = re.search(r"did you mean (.*)\?$", str(caught.value))
    if meant is None:
        assert "from 1 to below 100" in str(caught.value)
        assert level < 0.01
    else:
        assert float(meant[1]) == pytest.approx(100 * level)
        assert model.predict(3, levels=[float(meant[1])]).levels == (float(meant[1]),)


@pytest.mark.parametrize(
    ("metrics", "levels", "meant"),
    [(["coverage-0.9"], (), "90"), (["mae", "interval_score-0.95"], (), "95"), (["mae"], (0.8,), "80")],
)
def test_a_share_in_an_evaluation_is_asked_about_before_anything_is_learnt(metrics, levels, meant):
    class Idle(SeasonalNaive):
        def fit(self, table):
            raise AssertionError

    with pytest.raises(SettingsError, match=f"coverage is given in percent; did you mean {meant}\\?"):
        evaluate(
            {"idle": Idle(7)}, clean(), WalkForward(3, every=3, n_splits=3), metrics, baselines={"idle too": Idle(7)},
            task=ForecastTask(levels=levels),
        )  # fmt: skip


@each_forecaster
def test_a_level_that_errors_cannot_show_is_wider_and_told(make):
    made = make(freq="D").fit(clean()).predict(3, levels=[80, 99.99])
    frame = made.to_frame()
    assert (frame["hi-99.99"] > frame["hi-80"]).all()
    assert "The 99.99 % interval rests on " in made.explain()


@each_forecaster
def test_series_that_are_not_known_are_named(make):
    model = make(freq="D").fit(clean())
    with pytest.raises(HexadError, match="no history is known of the series 'c', 'd'; pass it to fit or update first"):
        model.predict(3, ids=["c", "a", "d"])
    for ids in ([], ()):
        with pytest.raises(SettingsError, match="ids="):
            model.predict(3, ids=ids)


@each_forecaster
@pytest.mark.parametrize("freq", ["fortnight", "", "0D", "-1D", 0, -3, 1.5, True, "500Y"])
def test_frequencies_that_are_none_are_refused(make, freq):
    with pytest.raises(HexadError):
        make(freq=freq).fit(clean())


@each_forecaster
def test_nothing_is_warned_about_or_changed_in_a_clean_run(make):
    table = clean()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        forecast(make(freq="D").fit(table))
    pd.testing.assert_frame_equal(table, clean())
