"""The lag forecaster: recovers what is known, keeps its promises, refuses what it cannot do."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression

from domains.timeseries import Exogenous, Fourier, LagForecaster, Recipe, Rolling, SeasonalNaive, drivers
from domains.timeseries.recipe import default_recipe
from shared.data.frequency import Frequency
from shared.errors import CalibrationError, DataError, HexadError, SettingsError


def ar_table(n: int = 600, seed: int = 0, key=None) -> pd.DataFrame:
    """y[t] = 1 + 0.6 y[t-1] + 0.5 x[t] + small noise, with x known in the future."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=n), np.zeros(n)
    for t in range(1, n):
        y[t] = 1 + 0.6 * y[t - 1] + 0.5 * x[t] + 0.01 * rng.normal()
    table = pd.DataFrame({"ds": np.arange(n), "y": y, "x": x})
    return table if key is None else table.assign(unique_id=key)


KNOWN = Recipe((1,), exogenous=(Exogenous("x", known=True, lags=(0,)),))


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_recovers_an_autoregression_with_known_input(strategy):
    table = ar_table()
    recipe = KNOWN if strategy == "recursive" else Recipe((1,), exogenous=(Exogenous("x", known=True, lags=(0, 1, 2)),))
    model = LagForecaster(LinearRegression(), recipe=recipe, strategy=strategy, horizon=3, calibration_folds=0)
    model.fit(table[:597])
    made = model.predict(future=table[597:]).to_frame()
    np.testing.assert_allclose(made["mean"], table.y[597:], atol=0.06)
    first = model.regressors_[0]
    names = model.get_feature_names_out().tolist()
    assert first.coef_[names.index("y lag 1")] == pytest.approx(0.6, abs=0.01)
    assert first.coef_[names.index("x")] * model.scaling_.units.scales[0] == pytest.approx(0.5, abs=0.01)


def test_recursive_equals_feeding_back_by_hand():
    table = ar_table()[["ds", "y"]]
    model = LagForecaster(
        LinearRegression(), recipe=Recipe((1, 3), rolling=(Rolling(4),)), strategy="recursive", horizon=6,
        calibration_folds=0,
    ).fit(table)  # fmt: skip
    scale = model.scaling_.units.scales[0]  # the regressor sees the series in units of its own scale
    values, regressor = (table.y / scale).tolist(), model.regressors_[0]
    for _ in range(6):
        row = [[values[-1], values[-3], np.mean(values[-4:])]]
        values.append(float(regressor.predict(row)[0]))
    np.testing.assert_allclose(model.predict().to_frame()["mean"] / scale, values[-6:], rtol=1e-9)


def test_a_longer_horizon_keeps_its_first_steps():
    table = ar_table()[["ds", "y"]]
    short, long = (LagForecaster(recipe=Recipe((1, 2)), horizon=h, calibration_folds=0).fit(table) for h in (2, 5))
    np.testing.assert_allclose(short.predict().to_frame()["mean"], long.predict(2).to_frame()["mean"])


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_intervals_cover_their_share_of_fresh_data(strategy):
    table = pd.concat([ar_table(400, seed, key) for seed, key in enumerate("abcdefgh")])[["unique_id", "ds", "y"]]
    model = LagForecaster(recipe=Recipe((1, 2)), strategy=strategy, horizon=3).fit(table[table.ds < 300])
    inside = []
    for end in range(300, 396, 3):
        made = model.predict(levels=[80]).to_frame().merge(table, on=["unique_id", "ds"])
        inside.append(made.y.between(made["lo-80"], made["hi-80"]).mean())
        model.update(table[(table.ds >= end) & (table.ds < end + 3)])
    assert 0.76 <= np.mean(inside) <= 0.84


@pytest.mark.parametrize("later", [0, 6])
def test_a_short_random_walk_is_not_forecast_to_return(later):
    rng = np.random.default_rng(0)
    missed, naive, inside = [], [], []
    for _ in range(60):
        y = 50 + rng.normal(size=47).cumsum()
        table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=47), "y": y})
        model = LagForecaster(horizon=7).fit(table[: 40 - later])
        if later:
            model.update(table[40 - later : 40])
        made = model.predict(levels=[95]).to_frame()
        missed.append(np.abs(made["mean"].to_numpy() - y[40:]))
        naive.append(np.abs(y[39] - y[40:]))
        inside.append((y[40:] >= made["lo-95"].to_numpy()) & (y[40:] <= made["hi-95"].to_numpy()))
    assert np.mean(missed) < 1.3 * np.mean(naive)
    assert 0.88 <= np.mean(inside) <= 0.99


def test_an_error_has_no_part_in_the_unit_it_is_measured_in():
    y = np.random.default_rng(0).normal(size=40).cumsum()
    model = LagForecaster(horizon=3).fit(pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=40), "y": y}))
    found = model._units_without(model.panel_, np.array([20, 39]), np.array([0, 0]))
    changes = np.abs(y[7:] - y[:-7])
    for row, step in ((20, 0), (20, 2), (39, 0), (39, 2)):
        at = np.arange(7, 40)
        rest = changes[(at < row) | (at > row + step)]
        assert found[int(row == 39), step] == pytest.approx(changes.mean() / rest.mean())


def test_update_keeps_the_regressors_and_adds_errors_that_were_out_of_sample():
    table = ar_table()[["ds", "y"]]
    model = LagForecaster(recipe=Recipe((1, 2)), horizon=2).fit(table[:500])
    before, coefficients = len(model.errors_), model.regressors_[0].coef_.copy()
    made = model.predict().to_frame()["mean"].to_numpy()
    model.update(table[500:503])
    np.testing.assert_array_equal(model.regressors_[0].coef_, coefficients)
    new = model.errors_[before:]
    # Origins 500, 501 and 502; of the last only the first step has been seen, of the second both.
    assert np.isfinite(new).sum() == 5
    np.testing.assert_allclose(new[0] * model.scaling_.units.scales[0], table.y[500:502] - made, rtol=1e-9)
    with pytest.raises(DataError, match="goes on at 503, but the new rows start at 504"):
        model.update(table[504:506])
    with pytest.raises(DataError, match="goes on at 503, but the new rows start at 500"):
        model.update(table[500:506])


def half_hourly(days: int) -> pd.DataFrame:
    ds = pd.date_range("2024-01-01", periods=48 * days, freq="30min", tz="Europe/Berlin")
    rng = np.random.default_rng(0)
    clock = ds.hour + ds.minute / 60
    y = 100 + 20 * np.sin(2 * np.pi * clock / 24) * (1 + 0.2 * (ds.day_of_week >= 5)) + rng.normal(size=len(ds))
    return pd.DataFrame({"ds": ds, "y": y})


def test_origins_at_the_same_time_of_day():
    table = half_hourly(150)
    model = LagForecaster(horizon="1D", calibration_folds=2).fit(table[:-48])
    assert model.every_ == 48
    assert len(model.regressors_) == 48
    error = model.predict().to_frame()["mean"].to_numpy() - table.y[-48:].to_numpy()
    assert np.abs(error).mean() < 1.2
    model.update(table[-48:-40])
    with pytest.raises(HexadError, match=r"learnt from origins every 48 steps.*ends before .*between two of them"):
        model.predict()
    any_time = LagForecaster(horizon=2, every=1, calibration_folds=0).fit(table[:-48]).update(table[-48:-40])
    assert len(any_time.predict().to_frame()) == 2


def test_daylight_saving_does_not_move_the_forecast():
    ds = pd.date_range("2023-11-01", "2024-04-03", freq="30min", tz="Europe/Berlin", inclusive="left")
    y = np.where((ds.hour >= 8) & (ds.hour < 20), 100.0, 10.0)
    model = LagForecaster(recipe=Recipe(seasonal=("1D",)), horizon="2D", calibration_folds=0, every="1D")
    model.fit(pd.DataFrame({"ds": ds, "y": y})[:-96])
    made = model.predict().to_frame()
    wanted = np.where((made.ds.dt.hour >= 8) & (made.ds.dt.hour < 20), 100.0, 10.0)
    assert np.abs(made["mean"] - wanted).max() < 5


def test_series_may_end_at_different_stamps_and_new_ones_may_come():
    table = pd.concat([ar_table(200, 1, "a"), ar_table(150, 2, "b"), ar_table(160, 3, "late")])[
        ["unique_id", "ds", "y"]
    ]
    old = table[table.unique_id != "late"]
    model = LagForecaster(recipe=Recipe((1, 2)), horizon=2, calibration_folds=3).fit(old)
    made = model.predict(levels=[80]).to_frame()
    assert made.ds.tolist() == [200, 201, 150, 151]
    model.update(table[table.unique_id == "late"])
    made = model.predict(levels=[80]).to_frame()
    assert made.unique_id.tolist() == ["a", "a", "b", "b", "late", "late"]
    assert np.isfinite(made[["mean", "lo-80", "hi-80"]].to_numpy()).all()
    with pytest.raises(HexadError, match="no history is known of the series 'nobody'"):
        model.predict(ids=["nobody"])


def test_log_gives_positive_forecasts_and_refuses_what_has_no_logarithm():
    rng = np.random.default_rng(0)
    y = np.exp(rng.normal(size=300)) * np.tile([1.0, 10.0, 0.0], 100)
    table = pd.DataFrame({"ds": range(300), "y": y})
    model = LagForecaster(recipe=Recipe((1, 2, 3), seasonal=(3,)), horizon=3, log=True).fit(table)
    made = model.predict(levels=[50]).to_frame()
    assert (made["lo-50"] > -1).all()
    assert (made["lo-50"] <= made["mean"]).all()
    with pytest.raises(DataError, match=r"column 'y': log=True needs values above -1, but 3 are not"):
        LagForecaster(horizon=3, log=True).fit(table.assign(y=np.r_[[-1, -2, -3], y[3:]]))


@pytest.mark.parametrize(("grows", "log"), [(True, True), (False, False)])
def test_auto_takes_the_logarithm_where_the_spread_follows_the_level(grows, log):
    rng = np.random.default_rng(0)
    time, noise = np.arange(240) / 60, rng.normal(0, 1, 240)
    y = 20 * np.exp(time + 0.1 * noise) if grows else 20 + 20 * time + noise
    table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=240), "y": y})
    model = LagForecaster(horizon=7, log="auto").fit(table)
    assert model.scaling_.log is log
    told = LagForecaster(horizon=7, log=log).fit(table)
    pd.testing.assert_frame_equal(model.predict(levels=[80]).to_frame(), told.predict(levels=[80]).to_frame())
    # Neither order nor unit decides, nor what comes later.
    assert LagForecaster(horizon=7, log="auto").fit(table.assign(y=1000 * y)).scaling_.log is log
    with_zeros = table.assign(y=np.r_[0.0, y[1:]])
    assert LagForecaster(horizon=7, log="auto").fit(with_zeros).scaling_.log is False


@pytest.mark.parametrize("log", [True, "auto"])
def test_later_values_without_a_logarithm_are_refused(log):
    rng = np.random.default_rng(0)
    y = np.exp(np.cumsum(rng.normal(0, 0.1, 200)) + 3)
    table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=200), "y": y})
    model = LagForecaster(horizon=7, log=log).fit(table)
    later = pd.DataFrame({"ds": pd.date_range("2024-07-19", periods=3), "y": [1.0, -5.0, 3.0]})
    with pytest.raises(DataError, match=r"column 'y': log=.* values above -1, but 1 is not"):
        model.update(later)
    assert np.isfinite(model.predict().to_frame()["mean"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "both", "horizon": 2}, "strategy='both' is not known"),
        ({}, "say horizon="),
        ({"horizon": "2D"}, "no whole number of steps"),
        ({"horizon": 2, "recipe": Recipe(calendar=("hour",))}, "calendar features need dates"),
        ({"horizon": 2, "recipe": Recipe(rolling=(Rolling(1, "std"),))}, "at least 2 steps"),
        ({"horizon": 2, "recipe": Recipe(fourier=(Fourier("1Y"),))}, "needs dates"),
        (
            {"horizon": 2, "strategy": "recursive", "recipe": Recipe((1,), exogenous=(Exogenous("x", lags=(1,)),))},
            "would need 'x' after the origin",
        ),
    ],
)
def test_wrong_settings_are_refused(options, message):
    with pytest.raises(SettingsError, match=message):
        LagForecaster(**options).fit(ar_table())


def test_missing_columns_and_futures_are_named():
    with pytest.raises(DataError, match=r"column 'x': is missing"):
        LagForecaster(recipe=KNOWN, horizon=2).fit(ar_table()[["ds", "y"]])
    table = ar_table()
    model = LagForecaster(recipe=KNOWN, horizon=3, calibration_folds=0).fit(table[:500])
    with pytest.raises(DataError, match=r"reads 'x' at the stamps that are forecast.*Pass future="):
        model.predict()
    with pytest.raises(DataError, match=r"reaches from 500 to 501, but 500 to 502 is forecast"):
        model.predict(future=table[500:502])
    with pytest.raises(DataError, match=r"column 'x': 1 value is missing"):
        model.predict(future=table[500:503].assign(x=[0.0, np.nan, 0.0]))
    later = model.predict(future=table[495:520]).to_frame()
    pd.testing.assert_frame_equal(later, model.predict(future=table[500:503]).to_frame())


def test_what_an_interval_needs_is_said():
    table = ar_table()[["ds", "y"]]
    recursive = LagForecaster(recipe=Recipe((1,)), strategy="recursive").fit(table)
    assert len(recursive.predict(4).to_frame()) == 4
    with pytest.raises(SettingsError, match="say how far"):
        recursive.predict()
    with pytest.raises(CalibrationError, match="say horizon="):
        recursive.predict(4, levels=[80])
    model = LagForecaster(recipe=Recipe((1,)), horizon=2).fit(table[:60])
    made = model.predict(levels=[80, 99.9])
    assert re.search(r"The 99\.9 % interval rests on \d+ independent errors", made.explain())
    assert "The 80 % interval rests" not in made.explain()
    with pytest.raises(SettingsError, match="between 0 and 100"):
        model.predict(levels=[0])
    with pytest.raises(SettingsError, match="fitted for 2 steps, not 3"):
        model.predict(3)
    longer = LagForecaster(recipe=Recipe((1,)), strategy="recursive", horizon=2).fit(table)
    with pytest.raises(CalibrationError, match="calibrated for 2 steps, not 3"):
        longer.predict(3, levels=[80])


def test_too_short_is_told_with_what_is_needed():
    with pytest.raises(DataError, match=r"only 0 rows have all features at step 1.*has 20 rows"):
        LagForecaster(recipe=Recipe((30,)), horizon=2).fit(ar_table(20)[["ds", "y"]])
    table = pd.concat([ar_table(200, 1, "a"), ar_table(4, 2, "tiny")])[["unique_id", "ds", "y"]]
    options = {"recipe": Recipe((1, 9)), "horizon": 2, "calibration_folds": 0, "freq": 1}
    model = LagForecaster(short="refuse", **options).fit(table)
    with pytest.raises(DataError, match=r"1 series are too short for the recipe.*'tiny'"):
        model.predict()
    assert len(model.predict(ids=["a"]).to_frame()) == 2


def test_too_short_series_fall_back_to_the_naive_and_say_so():
    table = pd.concat([ar_table(200, 1, "a"), ar_table(4, 2, "tiny")])[["unique_id", "ds", "y"]]
    model = LagForecaster(recipe=Recipe((1, 9)), horizon=2, freq=1).fit(table)
    forecast = model.predict(levels=[80])
    last = table[table.unique_id == "tiny"].y.iloc[-1]
    assert forecast.one("tiny")["mean"].tolist() == pytest.approx([last, last])
    assert "1 series are too short for the recipe, which reaches 9 rows back" in forecast.explain()
    assert "'tiny'" in forecast.notes[0]
    assert model.predict(ids=["a"]).notes == ()


def test_seeds_reach_the_regressor():
    table = ar_table(300)[["ds", "y"]]
    regressor = HistGradientBoostingRegressor(max_iter=5, max_features=0.5)
    recipe = Recipe((1, 2, 3, 4))

    def made(seed):
        model = LagForecaster(regressor, recipe=recipe, horizon=2, calibration_folds=0, random_state=seed)
        return model.fit(table).predict().to_frame()["mean"].tolist()

    assert made(1) == made(1)
    assert made(1) != made(2)


@pytest.mark.parametrize(
    ("freq", "periods"),
    [("30min", 48 * 40), ("h", 24 * 60), ("D", 800), ("W", 200), ("B", 300), ("MS", 120), ("QE", 60), ("YE", 40)],
)
def test_default_recipe_works_on_every_grid_and_beats_the_naive_where_there_is_a_season(freq, periods):
    ds = pd.date_range("2000-01-03", periods=periods, freq=freq)
    season = {"30min": 48, "h": 24, "D": 7, "W": 52, "B": 5, "MS": 12, "QE": 4}.get(freq, 1)
    rng = np.random.default_rng(1)
    y = 50 + 10 * np.sin(2 * np.pi * np.arange(periods) / season) + rng.normal(size=periods)
    table = pd.DataFrame({"ds": ds, "y": y})
    made = LagForecaster(horizon=4).fit(table[:-4]).predict(levels=[60]).to_frame()
    pd.testing.assert_series_equal(made.ds, table.ds[-4:].reset_index(drop=True), check_freq=False)
    naive = SeasonalNaive(1).fit(table[:-4]).predict(4).to_frame()
    actual = table.y[-4:].to_numpy()
    if season > 1:
        ours, its = (np.abs(one["mean"].to_numpy() - actual).mean() for one in (made, naive))
        assert ours < 0.8 * its


def test_default_recipe_leaves_out_seasons_that_do_not_fit():
    assert default_recipe(Frequency("wall", 7 * 86400 * 10**9), length=60).seasonal == ()
    assert default_recipe(Frequency("wall", 7 * 86400 * 10**9), length=300).seasonal == (52,)
    assert default_recipe(Frequency("integer", 1), length=100).lags == tuple(range(1, 9))
    assert default_recipe(Frequency("month", 12), length=100).seasonal == ()


def test_drivers_find_what_matters():
    model = LagForecaster(recipe=KNOWN, horizon=2, calibration_folds=0).fit(ar_table()[:400])
    found = drivers(model)
    assert found.seen
    assert set(found.frame.group) == {"latest values", "x"}
    model.update(ar_table()[400:])
    fresh = drivers(model)
    assert not fresh.seen
    assert fresh.rows == 199
    assert "had not learnt from" in fresh.explain()
    bars = fresh.plot()
    assert bars.alt.startswith("Importance of groups of features")
    assert bars.svg.count("var(--accent)") == len(fresh.frame)


def test_forecast_shows_itself():
    table = pd.concat([ar_table(200, 1, "a"), ar_table(150, 2, "b")])[["unique_id", "ds", "y"]]
    made = LagForecaster(recipe=Recipe((1, 2)), horizon=2, calibration_folds=3).fit(table).predict(levels=[50, 80])
    assert "2 series" in made.explain()
    assert "80 % interval" in made.explain()
    assert "var(--accent)" in made.plot("b").svg
    assert made.one().unique_id.unique().tolist() == ["a"]
    assert "<table" in made._repr_html_()
    with pytest.raises(HexadError, match="no forecast of a series 'z'"):
        made.plot("z")


def test_large_and_small_series_are_learnt_from_alike():
    rng = np.random.default_rng(0)
    ds = np.arange(300)
    small = pd.DataFrame({"unique_id": "small", "ds": ds, "y": 10 + 2 * np.sin(ds) + 0.1 * rng.normal(size=300)})
    large = pd.DataFrame({"unique_id": "large", "ds": ds, "y": 1e6 * (1 + 0.2 * np.sin(ds + 1)) + rng.normal(size=300)})
    for strategy in ("direct", "recursive"):
        model = LagForecaster(horizon=3, strategy=strategy).fit(pd.concat([small, large]))
        made = model.predict(levels=[80]).to_frame().set_index("unique_id")
        wanted = 10 + 2 * np.sin([300, 301, 302])
        assert np.abs(made.loc["small", "mean"].to_numpy() - wanted).max() < 0.5
        assert (made.loc["small", "hi-80"] - made.loc["small", "lo-80"]).max() < 2


def test_a_variable_without_lags_is_taken_where_it_is_first_known():
    table = ar_table().assign(T=0.0, Temp=ar_table().x)
    recipe = Recipe(
        (1,), exogenous=(Exogenous("Temp", known=True), Exogenous("T"), Exogenous("x", known=True, lags=(3,)))
    )
    model = LagForecaster(recipe=recipe, horizon=2, calibration_folds=0).fit(table)
    assert model.get_feature_names_out().tolist() == ["y lag 1", "T lag 1", "Temp", "x lag 3"]
    found = drivers(model).frame.set_index("group")["increase"]
    assert found["Temp"] > 0.5
    assert abs(found["T"]) < 0.01


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recipe": Recipe()}, "the recipe is empty"),
        ({"calibration_folds": 1}, "at least 2 blocks"),
        ({"calibration_folds": "8"}, "at least 2 blocks"),
    ],
)
def test_slips_are_told(options, message):
    with pytest.raises(SettingsError, match=message):
        LagForecaster(horizon=2, **options).fit(ar_table()[["ds", "y"]])


def test_slips_in_predict_are_told():
    model = LagForecaster(recipe=Recipe((np.int64(1), 1)), horizon=2).fit(ar_table()[["ds", "y"]])
    assert model.feature_names_out_ == ["y lag 1"]
    for options in ({"levels": ["80"]}, {"levels": [80, 80]}, {"ids": []}, {"horizon": "x"}):
        with pytest.raises(SettingsError, match=f"^{next(iter(options))}="):
            model.predict(**options)
    with pytest.raises(HexadError, match="no history is known of the series 'b'"):
        model.predict(ids="b")
    assert model.predict(levels=80).levels == (80.0,)


def test_one_series_may_be_asked_for_by_its_key_alone():
    table = pd.concat([ar_table()[["ds", "y"]].assign(unique_id=key) for key in ("a", "b")])
    model = LagForecaster(recipe=Recipe([1]), horizon=2, calibration_folds=0).fit(table)
    assert model.predict(ids="b").to_frame().equals(model.predict(ids=["b"]).to_frame())


def test_a_diverging_recursion_is_bounded_and_told():
    y = np.exp(0.02 * np.arange(60.0) ** 1.6)
    model = LagForecaster(recipe=Recipe((1,)), strategy="recursive", log=True, calibration_folds=0).fit(
        pd.DataFrame({"ds": range(60), "y": y})
    )
    forecast = model.predict(3000)
    top = np.log1p(y.max()) + np.ptp(np.log1p(y))
    assert np.log1p(forecast.to_frame()["mean"]).max() <= top + 1e-6
    assert "The recursion of 1 series left its history" in forecast.explain()
    assert model.predict(1).notes == ()


def test_a_diverging_recursion_of_differences_is_told_too():
    table = pd.DataFrame({"ds": range(60), "y": np.exp(0.2 * np.arange(60.0))})
    model = LagForecaster(LinearRegression(), recipe=Recipe((1,)), strategy="recursive", differences=(1,), horizon=40,
                          calibration_folds=0).fit(table)  # fmt: skip
    assert "The recursion of 1 series left its history" in model.predict().explain()
    assert model.predict(1).notes == ()


@pytest.mark.parametrize("log", [1, "log", None, ["asinh"]])
def test_an_unknown_logarithm_is_refused(log):
    with pytest.raises(SettingsError, match="it is True, False, 'asinh' or 'auto'"):
        LagForecaster(recipe=Recipe((1,)), horizon=2, log=log).fit(ar_table(100)[["ds", "y"]])


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_differences_are_undone_and_their_intervals_grow(strategy):
    rng = np.random.default_rng(3)
    walk = pd.DataFrame({"ds": range(600), "y": 50 + np.cumsum(rng.normal(size=600))})
    model = LagForecaster(recipe=Recipe((1,)), strategy=strategy, horizon=16, differences=(1,)).fit(walk)
    frame = model.predict(levels=[80]).to_frame()
    assert frame["mean"].iloc[0] == pytest.approx(walk.y.iloc[-1], abs=0.5)
    width = frame["hi-80"] - frame["lo-80"]
    # The spread of a random walk grows with the root of the steps: after sixteen it is four times that after one.
    assert 2.5 < width.iloc[-1] / width.iloc[0] < 6


def test_a_seasonal_difference_of_a_trend_with_seasons_is_exact():
    t = np.arange(120)
    table = pd.DataFrame({"ds": t, "y": 3.0 * t + np.array([0, 5, 1, 9])[t % 4]})
    model = LagForecaster(recipe=Recipe((1,)), horizon=9, differences=(4, 1), calibration_folds=0).fit(table)
    ahead = np.arange(120, 129)
    expected = 3.0 * ahead + np.array([0, 5, 1, 9])[ahead % 4]
    assert model.predict().to_frame()["mean"].to_numpy() == pytest.approx(expected)


def test_the_inverse_hyperbolic_sine_takes_both_signs():
    t = np.arange(200)
    table = pd.DataFrame({"ds": t, "y": 1000.0 * np.sin(2 * np.pi * t / 8)})
    model = LagForecaster(recipe=Recipe(seasonal=(8,)), horizon=8, log="asinh", calibration_folds=0).fit(table)
    assert model.predict().to_frame()["mean"].to_numpy() == pytest.approx(table.y.to_numpy()[:8], abs=1.0)


def test_new_series_get_errors_at_every_step():
    table = pd.concat([ar_table(200, 1, "a"), ar_table(200, 2, "late")])[["unique_id", "ds", "y"]]
    model = LagForecaster(recipe=Recipe((1,)), horizon=4).fit(table[table.unique_id == "a"])
    before = np.isfinite(model.errors_).sum(axis=0)
    model.update(table[(table.unique_id == "late") & (table.ds < 150)])
    for stamp in range(150, 170):
        model.update(table[(table.unique_id == "late") & (table.ds == stamp)])
    gained = np.isfinite(model.errors_).sum(axis=0) - before
    assert (gained == 20).all()


def test_hours_that_end_at_different_clocks_are_learnt_at_every_step():
    table = half_hourly(120).assign(unique_id="a")
    other = half_hourly(120).iloc[:-5].assign(unique_id="b")
    model = LagForecaster(horizon=2, calibration_folds=0).fit(pd.concat([table, other]))
    assert model.every_ == 1
    assert len(model.predict().to_frame()) == 4


def test_a_direct_forecast_from_unheard_of_values_is_held_and_told():
    """What is known ahead comes in another unit: the forecast stays within reach of the history, and says so."""
    table = ar_table(400)
    model = LagForecaster(recipe=KNOWN, horizon=2, log="asinh").fit(table[:398])
    ahead = table[398:].assign(x=1e6 * (table.x[398:].abs() + 1))
    forecast = model.predict(future=ahead, levels=[50])
    past = table.y[:398]
    width = past.max() - past.min()
    assert forecast.frame["mean"].between(past.min() - width - 1e-6, past.max() + width + 1e-6).all()
    assert "left its history by more than the history's width" in forecast.explain()
    assert "in 'x' above all" in forecast.explain()
    assert not model.predict(future=table[398:]).notes
