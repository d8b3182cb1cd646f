"""The automatic forecaster from outside: one call on any table, honest intervals and paths, and no look ahead."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression

from domains.timeseries import AutoForecaster, ForecastTask, SeasonalNaive
from shared.data import LastN, WalkForward
from shared.errors import CalibrationError, DataError, HexadError, SettingsError
from shared.evaluation import evaluate, leakage_check
from shared.runtime.store import load_model, save_model

LIGHT = ("naive", "theta", "autoregression")


def series(y, key=None, start: int = 0) -> pd.DataFrame:
    """One series on integer time."""
    table = pd.DataFrame({"ds": np.arange(start, start + len(y)), "y": np.asarray(y, dtype=float)})
    return table if key is None else table.assign(unique_id=key)


def panel_of(*known) -> pd.DataFrame:
    return pd.concat([series(y, f"s{number:03d}") for number, y in enumerate(known)], ignore_index=True)


def walk(n: int, seed: int = 0, level: float = 100.0) -> np.ndarray:
    return level + np.cumsum(np.random.default_rng(seed).normal(size=n))


def daily(days: int = 150, keys: str = "bac") -> pd.DataFrame:
    """Daily series of different level and length with a week, keys out of order."""
    rng = np.random.default_rng(7)
    parts = []
    for number, key in enumerate(keys):
        n = days - 11 * number
        level = 100.0 * (number + 1)
        y = level * (1 + 0.2 * np.sin(2 * np.pi * np.arange(n) / 7)) + 3 * rng.normal(size=n)
        parts.append(pd.DataFrame({"unique_id": key, "ds": pd.date_range("2023-01-02", periods=n, freq="D"), "y": y}))
    return pd.concat(parts, ignore_index=True)


def mean_of(forecast) -> np.ndarray:
    return forecast.to_frame()["mean"].to_numpy()


def nested(frame: pd.DataFrame) -> bool:
    columns = frame[["lo-95", "lo-80", "mean", "hi-80", "hi-95"]].to_numpy()
    return bool((np.diff(columns, axis=1) >= 0).all())


# The advertised call.


def test_one_call_forecasts_and_says_why():
    table = daily()
    model = AutoForecaster("D").fit(table)
    made = model.predict(10, levels=[80, 95])
    frame = made.to_frame()
    assert list(frame) == ["unique_id", "ds", "mean", "median", "lo-80", "hi-80", "lo-95", "hi-95"]
    assert frame.unique_id.unique().tolist() == ["b", "a", "c"]
    for key, own in frame.groupby("unique_id"):
        last = table.ds[table.unique_id == key].max()
        assert own.ds.tolist() == pd.date_range(last, periods=11, freq="D")[1:].tolist()
    assert nested(frame)
    assert (frame["hi-95"] > frame["lo-95"]).all()
    assert model.horizon_ == 14
    assert model.seasons_ == (7,)
    assert "Chosen for " in model.explain()
    assert "3 series" in made.explain()


def test_what_was_chosen_is_told_and_scored():
    model = AutoForecaster("D", members=LIGHT).fit(daily())
    choice = model.choice_
    text = model.explain()
    assert re.fullmatch(r"Seasons of '?7'? steps\. " + re.escape(choice.explain()), text)
    assert [type(member) for member in model.members_] == [type(member) for member in choice.members]
    for member in choice.members:
        assert member.name in text
    assert choice.table.chosen.sum() == 1
    single = choice.table[~choice.table.index.str.startswith("median of")]
    assert choice.table.score[choice.table.chosen].iloc[0] <= 1.05 * single.score.min()
    assert choice.errors.shape == (3, choice.origins, 14)
    assert np.isfinite(choice.errors).all()


@pytest.mark.any_pandas
def test_members_that_are_not_named_are_not_tried():
    table = daily(100)
    for members, families in {
        ("theta",): "theta|naive",
        ("autoregression",): "autoregression|naive",
        ("boosting",): "boosting|naive",
        ("naive",): "naive",
    }.items():
        tried = AutoForecaster(members=members).fit(table).choice_.table.index
        assert tried.str.contains(f"{families}|median of").all()


def test_seasons_may_be_given():
    table = series(5 + np.tile([1.0, 8.0, 3.0], 40) + 0.1 * walk(120))
    assert AutoForecaster(seasons=(6, 3), members=LIGHT).fit(table).seasons_ == (3, 6)
    model = AutoForecaster(seasons=(), members=LIGHT).fit(table)
    assert model.seasons_ == ()
    assert model.explain().startswith("No season. ")


# What is right.


@pytest.mark.any_pandas
@pytest.mark.parametrize("period", [4, 7, 12])
def test_a_pure_season_goes_on_almost_exactly(period):
    figure = 20 + 10 * np.random.default_rng(period).random(period)
    y = np.tile(figure, 25)[: 25 * period - 3]
    made = mean_of(AutoForecaster().fit(series(y)).predict(2 * period))
    np.testing.assert_allclose(made, np.tile(figure, 30)[len(y) :][: 2 * period], rtol=1e-3)


def test_a_season_of_all_sizes_goes_on_almost_exactly():
    figure = np.array([-1.0, 0.0, 2.0, -1.0, 4.0, 1.0])
    table = panel_of(*(size * np.tile(figure, 20) for size in (1.0, 50.0, 1e-3)))
    made = mean_of(AutoForecaster().fit(table).predict(6)).reshape(3, 6)
    for own, size in zip(made, (1.0, 50.0, 1e-3), strict=True):
        np.testing.assert_allclose(own, size * figure, atol=1e-2 * size)


@pytest.mark.any_pandas
@pytest.mark.parametrize("level", [300.0, 0.0])
def test_on_random_walks_it_does_no_worse_than_the_naive(level):
    errors = {"auto": [], "naive": []}
    for seed in range(3):
        known = [walk(190, 100 * seed + i, level) for i in range(8)]
        train = panel_of(*(own[:180] for own in known))
        ahead = np.array([own[180:] for own in known])
        model = AutoForecaster(1, horizon=10, random_state=seed).fit(train)
        errors["auto"].append(np.abs(mean_of(model.predict()).reshape(8, 10) - ahead).mean())
        errors["naive"].append(np.abs(mean_of(SeasonalNaive(1).fit(train).predict(10)).reshape(8, 10) - ahead).mean())
    assert np.mean(errors["auto"]) <= 1.05 * np.mean(errors["naive"])


def test_a_line_is_followed_further_than_by_the_naive():
    y = 10 + 2.0 * np.arange(80) + np.random.default_rng(0).normal(size=80)
    made = mean_of(AutoForecaster(members=LIGHT).fit(series(y)).predict(6))
    np.testing.assert_allclose(made, 10 + 2.0 * np.arange(80, 86), atol=6)


# Grids.


@pytest.mark.parametrize(
    ("freq", "alias", "periods", "seasons", "horizon"),
    [
        ("30min", "30min", 48 * 24, (48, 336), 96),
        ("h", "h", 24 * 24, (24, 168), 48),
        ("D", "D", 200, (7,), 14),
        ("B", "B", 150, (5,), 10),
        ("W", "W-SUN", 180, (52,), 13),
        ("M", "ME", 90, (12,), 18),
        ("M", "MS", 90, (12,), 18),
        ("3M", "QE", 60, (4,), 8),
        ("Y", "YE", 40, (), 6),
    ],
)
def test_every_usual_grid_is_known(freq, alias, periods, seasons, horizon):
    stamps = pd.date_range("2001-01-01", periods=periods + horizon, freq=alias)
    y = 50 + 10 * np.sin(2 * np.pi * np.arange(periods) / max((*seasons[:1], 1))) + 0.3 * walk(periods, 1, 0.0)
    model = AutoForecaster(freq, members=LIGHT).fit(pd.DataFrame({"ds": stamps[:periods], "y": y}))
    assert (model.seasons_, model.horizon_) == (seasons, horizon)
    made = model.predict(levels=[60]).to_frame()
    assert made.ds.tolist() == stamps[periods:].tolist()
    assert np.isfinite(made[["mean", "lo-60", "hi-60"]].to_numpy()).all()
    inferred = AutoForecaster(members=LIGHT).fit(pd.DataFrame({"ds": stamps[:periods], "y": y}))
    pd.testing.assert_frame_equal(inferred.predict(levels=[60]).to_frame(), made)


@pytest.mark.parametrize(("freq", "seasons", "horizon"), [("h", (24, 168), 48), ("D", (7,), 14), ("M", (12,), 18)])
def test_a_name_beside_integer_time_tells_seasons_and_horizon(freq, seasons, horizon):
    y = 50 + 10 * np.sin(2 * np.pi * np.arange(520) / seasons[0]) + np.random.default_rng(0).normal(size=520)
    model = AutoForecaster(freq, members=LIGHT).fit(series(y))
    assert (model.seasons_, model.horizon_) == (seasons, horizon)
    assert model.predict(3).to_frame().ds.tolist() == [520, 521, 522]
    model.update(series(y[:2], start=520))
    assert model.predict(1).to_frame().ds.tolist() == [522]


def test_steps_of_whole_numbers_may_be_larger_than_one():
    table = series(walk(100)).assign(ds=np.arange(0, 500, 5))
    assert AutoForecaster(members=LIGHT).fit(table).predict(2).to_frame().ds.tolist() == [500, 505]
    assert AutoForecaster(5, members=LIGHT).fit(table).predict(2).to_frame().ds.tolist() == [500, 505]


def test_a_name_beside_a_single_row_of_integer_time_is_enough():
    assert AutoForecaster("h").fit(series([3.0])).predict(2).to_frame().ds.tolist() == [1, 2]


def test_a_horizon_may_be_a_length_of_time():
    model = AutoForecaster("D", horizon="1W", members=LIGHT).fit(daily())
    assert model.horizon_ == 7
    assert len(model.predict("3D", ids=["a"]).to_frame()) == 3


# Odd series.


def test_values_below_zero_are_forecast_and_bounded_as_they_are():
    table = panel_of(*(walk(150, seed, level) for seed, level in enumerate((0.0, -500.0, 20.0))))
    made = AutoForecaster(members=LIGHT).fit(table).predict(8, levels=[80, 95]).to_frame()
    assert nested(made)
    below = made[made.unique_id == "s001"]
    assert (below["hi-95"] < -400).all()


def test_what_is_never_below_zero_is_not_forecast_below_zero():
    rng = np.random.default_rng(0)
    table = panel_of(*(rng.poisson(rate, size=140) for rate in (0.2, 1.0, 4.0)), np.linspace(40, 0, 140))
    made = AutoForecaster(members=LIGHT).fit(table).predict(20, levels=[80, 95]).to_frame()
    assert (made[["mean", "lo-80", "lo-95"]] >= 0).all(axis=None)
    assert (made[["hi-80", "hi-95"]].to_numpy() > 0).all()


def test_a_series_never_below_zero_stays_so_beside_series_of_both_signs():
    counts = np.random.default_rng(0).poisson(0.5, size=150)
    made = (
        AutoForecaster(1, members=LIGHT)
        .fit(panel_of(walk(150, 1, 0.0), counts, walk(140, 2, -50.0)))
        .predict(6, levels=[80, 95])
    )
    frame, paths = made.to_frame(), made.sample(50)
    assert nested(frame)
    assert (frame[frame.unique_id == "s001"]["lo-95"] >= 0).all()
    assert (paths[paths.unique_id == "s001"].y >= 0).all()
    assert (frame[frame.unique_id == "s002"]["hi-95"] < 0).any()


@pytest.mark.parametrize("level", [0.0, 1.0, 1e9, -3.0])
def test_a_constant_series_goes_on(level):
    made = mean_of(AutoForecaster().fit(series(np.full(120, level))).predict(5))
    np.testing.assert_allclose(made, level, rtol=1e-9)


@pytest.mark.parametrize("level", [0.0, 4.0])
def test_a_constant_series_alone_has_intervals_of_no_width(level):
    made = AutoForecaster(members=LIGHT).fit(series(np.full(120, level))).predict(5, levels=[80]).to_frame()
    np.testing.assert_allclose(made[["lo-80", "mean", "hi-80"]], level)


def test_constant_series_beside_others_change_nothing_for_them():
    known = [walk(120, seed) for seed in range(3)]
    made = AutoForecaster(members=("theta",)).fit(panel_of(*known)).predict(4, levels=[80]).to_frame()
    more = AutoForecaster(members=("theta",)).fit(panel_of(*known, np.full(120, 2.0), np.zeros(120)))
    wider = more.predict(4, levels=[80]).to_frame()
    assert np.isfinite(wider.drop(columns="unique_id").to_numpy(dtype=float)).all()
    np.testing.assert_allclose(wider["mean"][12:], np.repeat([2.0, 0.0], 4), atol=1e-9)
    if [m.name for m in more.members_] == ["naive"]:
        np.testing.assert_allclose(wider["lo-80"][:12], made["lo-80"], rtol=0.05)


@pytest.mark.parametrize("level", [2.0, 3.0, 4.0])
def test_intervals_hold_the_mean_to_the_last_bit(level):
    table = panel_of(walk(120, 1), walk(120, 2), np.full(120, level))
    assert nested(AutoForecaster(members=("theta",)).fit(table).predict(4, levels=[80, 95]).to_frame())


def test_a_series_of_a_single_row_stands_beside_long_ones():
    table = pd.concat([panel_of(walk(150, 1), walk(120, 2)), series([7.0], "one")])
    made = AutoForecaster(1, members=LIGHT).fit(table).predict(4).to_frame()
    assert made[made.unique_id == "one"]["mean"].tolist() == [7.0] * 4
    assert made[made.unique_id == "one"]["ds"].tolist() == [1, 2, 3, 4]


def test_a_series_of_a_single_row_has_an_interval():
    table = pd.concat([panel_of(walk(150, 1), walk(120, 2)), series([107.0], "one")])
    made = AutoForecaster(1, members=LIGHT).fit(table).predict(4, levels=[95]).to_frame()
    own = made[made.unique_id == "one"]
    assert (own["hi-95"] - own["lo-95"] > 0.5).all()


def test_a_series_of_a_single_row_above_zero_has_an_interval_beside_series_of_both_signs():
    table = pd.concat([panel_of(walk(150, 1, 0.0), walk(120, 2, 0.0)), series([7.0], "one")])
    made = AutoForecaster(1, members=("theta",)).fit(table).predict(3, levels=[95], ids=["one"]).to_frame()
    assert (made["hi-95"] - made["lo-95"] > 0.5).all()


def test_series_of_very_different_length_are_each_forecast_from_their_own_end():
    lengths = (1, 2, 3, 5, 8, 13, 40, 400, 900)
    table = pd.concat([series(walk(n, n), f"{n:03d}", start=n % 7) for n in lengths])
    made = AutoForecaster(1, members=LIGHT).fit(table).predict(5, levels=[50]).to_frame()
    assert np.isfinite(made.drop(columns="unique_id").to_numpy(dtype=float)).all()
    for n in lengths:
        own = made[made.unique_id == f"{n:03d}"]
        assert own.ds.tolist() == list(range(n + n % 7, n + n % 7 + 5))
        last = walk(n, n)[-1]
        assert (np.abs(own["mean"] - last) < 12).all()


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_a_short_series_alone_has_the_interval_that_its_few_changes_allow(n):
    """A27."""
    model = AutoForecaster("D").fit(pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=n), "y": walk(n)}))
    made = model.predict(1, levels=[80, 95]).to_frame()
    assert "too short for a trial" in model.explain()
    assert nested(made)
    assert (made["hi-95"] - made["lo-95"] > 0.5).all()
    assert np.isfinite(model.predict(1).sample(3)["y"]).all()
    assert np.isfinite(mean_of(model.predict(7))).all()


def test_a_single_row_tells_of_no_error():
    model = AutoForecaster("D").fit(pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=1), "y": [5.0]}))
    assert mean_of(model.predict(7)).tolist() == [5.0] * 7
    for ask in (lambda: model.predict(7, levels=[80]), lambda: model.predict(7).sample(3)):
        with pytest.raises(CalibrationError, match="no errors"):
            ask()


def test_a_single_origin_beside_a_short_series_is_enough_for_a_forecast_with_intervals():
    table = pd.concat([panel_of(*(walk(30, seed) for seed in range(30))), series(walk(10), "short")])
    model = AutoForecaster(1, members=("theta",), horizon=12).fit(table)
    assert model.choice_.origins == 4
    made = model.predict(4, levels=[80]).to_frame()
    assert (made["lo-80"] < made["hi-80"]).all()


# Determinism.


@pytest.mark.any_pandas
@pytest.mark.parametrize("members", [LIGHT, ("boosting",)])
def test_the_same_seed_gives_the_same_bytes(members):
    def made(seed):
        model = AutoForecaster("D", members=members, random_state=seed).fit(daily())
        forecast = model.predict(9, levels=[80])
        return forecast.to_frame(), forecast.sample(20, random_state=3)

    for one, other in zip(made(5), made(5), strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_the_seed_reaches_a_regressor_that_draws():
    table = panel_of(*(50 + 10 * np.sin(np.arange(300) / 2) + walk(300, seed, 0.0) for seed in range(3)))

    def made():
        regressor = ExtraTreesRegressor(4, max_depth=5)
        return AutoForecaster(members=("boosting",), regressor=regressor, random_state=5).fit(table).choice_.table

    pd.testing.assert_frame_equal(made(), made(), check_exact=True)


def test_the_order_of_rows_does_not_matter():
    table = daily()
    mixed = table.sample(frac=1, random_state=1)
    straight, shuffled = (AutoForecaster("D").fit(one).predict(9, levels=[80]).to_frame() for one in (table, mixed))
    keys = ["unique_id", "ds"]
    pd.testing.assert_frame_equal(
        straight.sort_values(keys, ignore_index=True), shuffled.sort_values(keys, ignore_index=True), check_exact=True
    )


def test_fitting_twice_is_fitting_once_and_leaves_the_table_alone():
    table = daily()
    once = AutoForecaster("D", members=LIGHT).fit(table)
    twice = AutoForecaster("D", members=LIGHT).fit(daily(90, "xy")).fit(table)
    pd.testing.assert_frame_equal(
        once.predict(9, levels=[80]).to_frame(), twice.predict(9, levels=[80]).to_frame(), check_exact=True
    )
    pd.testing.assert_frame_equal(table, daily())


def test_a_subset_of_series_gets_the_same_forecast():
    model = AutoForecaster("D").fit(daily())
    whole = model.predict(6, levels=[80]).to_frame()
    part = model.predict(6, levels=[80], ids=["c", "b"]).to_frame()
    wanted = pd.concat([whole[whole.unique_id == key] for key in ("c", "b")], ignore_index=True)
    pd.testing.assert_frame_equal(part, wanted, rtol=1e-10)


def test_a_clone_has_the_same_parameters_and_nothing_learnt():
    model = AutoForecaster("D", members=LIGHT, seasons=(7,), regressor=LinearRegression(), random_state=4).fit(daily())
    copy = clone(model)
    assert repr(copy.get_params()) == repr(model.get_params())
    with pytest.raises(NotFittedError):
        copy.predict(2)
    with pytest.raises(NotFittedError):
        copy.update(daily())
    with pytest.raises(NotFittedError):
        copy.predict()


# Later rows.


def test_a_forecast_starts_after_the_rows_of_an_update():
    table = daily()
    last = table.groupby("unique_id").cumcount(ascending=False) < 5
    model = AutoForecaster("D", members=LIGHT).fit(table[~last])
    before = model.predict(3).to_frame()
    after = model.update(table[last]).predict(3).to_frame()
    assert (after.ds - before.ds == pd.Timedelta(days=5)).all()


def test_members_that_learn_nothing_forecast_after_an_update_as_if_fitted_on_everything():
    table = panel_of(walk(160, 1), walk(140, 2), walk(120, 3))
    last = table.groupby("unique_id").cumcount(ascending=False) < 7
    updated = AutoForecaster(1, members=("naive",)).fit(table[~last]).update(table[last])
    fresh = AutoForecaster(1, members=("naive",)).fit(table)
    assert [m.name for m in updated.members_] == [m.name for m in fresh.members_] == ["naive"]
    pd.testing.assert_frame_equal(updated.predict(6).to_frame(), fresh.predict(6).to_frame(), check_exact=True)
    naive = SeasonalNaive(1).fit(table).predict(6).to_frame()
    pd.testing.assert_frame_equal(updated.predict(6).to_frame(), naive, check_exact=True)


@pytest.mark.any_pandas
def test_an_update_moves_every_member_to_the_new_end():
    table = daily()
    last = table.groupby("unique_id").cumcount(ascending=False) < 14
    updated = AutoForecaster("D").fit(table[~last]).update(table[last])
    fresh = AutoForecaster("D").fit(table)
    ours, theirs = mean_of(updated.predict(7)), mean_of(fresh.predict(7))
    assert np.abs(ours / theirs - 1).mean() < 0.03


def test_new_series_may_come_with_an_update():
    model = AutoForecaster(1, members=LIGHT).fit(panel_of(walk(150, 1), walk(140, 2), walk(130, 4)))
    late = pd.concat([series(walk(120, 3, 1000.0), "new", start=40), series([12.0], "newest"), series([3.0, 3.0], "a")])
    made = model.update(late).predict(4, levels=[80]).to_frame()
    assert made.unique_id.unique().tolist() == ["s000", "s001", "s002", "new", "newest", "a"]
    assert np.isfinite(made.drop(columns="unique_id").to_numpy(dtype=float)).all()
    own = made[made.unique_id == "new"]
    assert own.ds.tolist() == [160, 161, 162, 163]
    assert (np.abs(own["mean"] - walk(120, 3, 1000.0)[-1]) < 15).all()
    assert (own["lo-80"] < own["mean"]).all()
    assert made[made.unique_id == "newest"]["mean"].tolist() == [12.0] * 4
    assert (made[made.unique_id == "s000"]["ds"] == [150, 151, 152, 153]).all()


def test_a_new_series_is_forecast_like_its_twin_that_was_learnt_from():
    """Its weights come from its own rows, and not from those of another series."""
    rng = np.random.default_rng(0)
    known = []
    for weight in (0.95, -0.9, 0.5):
        rest = np.zeros(200)
        for t in range(1, 200):
            rest[t] = weight * rest[t - 1] + rng.normal()
        known.append(100 + rest)
    model = AutoForecaster(1, members=("autoregression",), horizon=4).fit(panel_of(*known))
    assert any("autoregression" in member.name for member in model.members_)
    made = model.update(series(known[0], "twin")).predict().to_frame().set_index("unique_id")["mean"]
    np.testing.assert_allclose(made["twin"], made["s000"], rtol=1e-9)


def test_rows_that_overlap_or_leave_a_gap_are_refused():
    table = series(walk(100))
    model = AutoForecaster(1, members=LIGHT).fit(table[:90])
    for part in (table[85:95], table[92:]):
        with pytest.raises(DataError, match=r"goes on at 90, but the new rows start at"):
            model.update(part)
    assert model.predict(1).to_frame().ds.tolist() == [90]


def test_later_rows_below_zero_are_forecast_below_zero():
    y = np.r_[walk(150, 1, 20.0) + 20, np.linspace(20, -100, 60)]
    model = AutoForecaster(1, members=("naive",)).fit(series(y[:150])).update(series(y[150:], start=150))
    made = model.predict(3, levels=[80]).to_frame()
    assert made["median"].tolist() == [-100.0] * 3
    assert (made["mean"] < 0).all()


def test_a_new_series_below_zero_has_an_interval_of_its_size():
    model = AutoForecaster(1, members=("naive",)).fit(panel_of(walk(150, 1), walk(140, 2)))
    made = model.update(series(-walk(120, 3), "new")).predict(3, levels=[80], ids=["new"]).to_frame()
    assert (np.abs(made[["mean", "hi-80", "lo-80"]]) < 200).all(axis=None)
    assert (made["mean"] < 0).all()


# Horizons.


@pytest.mark.any_pandas
def test_a_longer_horizon_than_was_learnt_for_is_learnt_for():
    table = daily()
    model = AutoForecaster("D", horizon=5).fit(table)
    made = model.predict(20, levels=[80]).to_frame()
    fresh = AutoForecaster("D", horizon=20).fit(table).predict(levels=[80]).to_frame()
    pd.testing.assert_frame_equal(made, fresh, check_exact=True)


def test_a_longer_horizon_after_an_update_is_learnt_on_the_rows_that_fit_saw():
    table = panel_of(walk(160, 1), walk(140, 2))
    last = table.groupby("unique_id").cumcount(ascending=False) < 3
    model = AutoForecaster(1, horizon=4, members=LIGHT).fit(table[~last]).update(table[last])
    later = AutoForecaster(1, horizon=9, members=LIGHT).fit(table[~last]).update(table[last])
    pd.testing.assert_frame_equal(model.predict(9).to_frame(), later.predict(9).to_frame(), check_exact=True)


def test_a_longer_horizon_that_was_learnt_for_goes_along_with_updates():
    table = daily()
    last = table.groupby("unique_id").cumcount(ascending=False) < 5
    model = AutoForecaster("D", horizon=5, members=LIGHT).fit(table[~last])
    before = model.predict(20).to_frame()
    after = model.update(table[last]).predict(20).to_frame()
    assert (after.ds - before.ds == pd.Timedelta(days=5)).all()


@pytest.mark.any_pandas
def test_a_shorter_horizon_has_the_choice_made_for_it():
    """A32: without learning again."""
    model = AutoForecaster("D").fit(daily())
    for steps, plan in ((1, 0), (2, 1), (3, 2), (5, 3), (8, 3), (9, 4), (14, 4)):
        assert model._plan(steps) is model.plans_[plan]
        assert [m.name for m in model.plans_[plan].members] == [m.name for m in model.plans_[plan].choice.members]
    four, three = (model.predict(h, levels=[80], ids=["a"]).to_frame() for h in (4, 3))
    pd.testing.assert_frame_equal(three, four[:3], rtol=1e-10)


@pytest.mark.any_pandas
def test_a_shorter_horizon_than_was_learnt_for_is_forecast_by_trees():
    rng = np.random.default_rng(0)
    t = np.arange(250)
    known = [100 + 100 * (t % 7 == 5) + np.where(rng.random(250) < 0.1, 60, 0) + rng.normal(size=250) for _ in range(4)]
    model = AutoForecaster("D").fit(panel_of(*known))
    assert {member.family.split()[0] for member in model.members_} == {"boosting"}
    made = model.predict(4).to_frame()["median"].to_numpy().reshape(4, 4)
    truth = 100 + 100 * (np.arange(250, 254) % 7 == 5)
    assert np.abs(made - truth).mean() < 12


def test_predicting_further_changes_no_later_forecast():
    model = AutoForecaster("D", horizon=5, members=LIGHT).fit(daily())
    before = model.predict(levels=[80]).to_frame()
    model.predict(20)
    pd.testing.assert_frame_equal(model.predict(levels=[80]).to_frame(), before, check_exact=True)


def test_a_horizon_that_is_refused_leaves_the_model_as_it_was():
    model = AutoForecaster("D", horizon=5, members=LIGHT).fit(daily())
    with pytest.raises(HexadError, match="after 2262"):
        model.predict(900_000)
    assert len(model.predict(ids=["a"]).to_frame()) == 5


def test_series_too_short_for_what_was_chosen_are_named():
    rising = panel_of(*(walk(150, seed) + 5.0 * np.arange(150) for seed in (1, 2)))
    table = pd.concat([rising, series([107.0, 3.0], "two")])
    made = AutoForecaster(1, members=("theta",)).fit(table).predict(3)
    assert made.notes == ("1 series is too short for what was chosen and forecast by the naive (series 'two').",)
    assert made.explain().endswith(made.notes[0])
    assert made.one("two")["mean"].tolist() == [3.0] * 3
    assert AutoForecaster(1, members=("theta",)).fit(rising).predict(3).notes == ()


# Settings.


@pytest.mark.parametrize("members", [("prophet",), ("naive", "Theta"), (), None, 5, ([],)])
def test_unknown_members_are_refused_and_the_known_ones_named(members):
    with pytest.raises(
        SettingsError, match="members(=.*'naive', 'theta', 'autoregression', 'boosting'|: names are text)"
    ):
        AutoForecaster(members=members).fit(series(walk(50)))


@pytest.mark.parametrize("seasons", [(0,), (-3,), (7.5,), ("week",), (None,), (True,), "7"])
def test_seasons_that_are_no_whole_numbers_from_one_are_refused(seasons):
    with pytest.raises(SettingsError, match="seasons"):
        AutoForecaster(seasons=seasons, members=LIGHT).fit(series(walk(100)))


@pytest.mark.parametrize("horizon", [0, -2, 2.5, True, "soon", "2D", [3]])
def test_horizons_that_are_none_are_refused(horizon):
    with pytest.raises(SettingsError):
        AutoForecaster(horizon=horizon, members=LIGHT).fit(series(walk(100)))
    with pytest.raises(SettingsError):
        AutoForecaster(members=LIGHT).fit(series(walk(100))).predict(horizon)


def test_columns_may_have_other_names():
    table = daily().rename(columns={"unique_id": "store", "ds": "day", "y": "sales"})
    model = AutoForecaster("D", unique_id="store", ds="day", y="sales", members=LIGHT).fit(table)
    made = model.predict(2, levels=[80])
    assert list(made.to_frame()) == ["store", "day", "mean", "median", "lo-80", "hi-80"]
    assert list(made.sample(2)) == ["store", "day", "sample", "sales"]


# Sample paths.


def test_paths_are_long_tables_and_the_same_for_the_same_seed():
    made = AutoForecaster("D", members=LIGHT).fit(daily()).predict(6, ids=["c", "a"])
    paths = made.sample(40, random_state=2)
    assert list(paths) == ["unique_id", "ds", "sample", "y"]
    assert len(paths) == 2 * 40 * 6
    assert paths.unique_id.unique().tolist() == ["c", "a"]
    assert paths["sample"].unique().tolist() == list(range(40))
    keys = made.to_frame()[["unique_id", "ds"]]
    for _, one in paths.groupby("sample"):
        pd.testing.assert_frame_equal(one[["unique_id", "ds"]].reset_index(drop=True), keys)
    pd.testing.assert_frame_equal(paths, made.sample(40, random_state=2), check_exact=True)
    assert not paths.equals(made.sample(40, random_state=3))
    assert np.isfinite(paths.y).all()


@pytest.mark.parametrize("level", [1000.0, 0.0])
def test_single_steps_of_paths_spread_as_the_intervals_say(level):
    table = panel_of(*(walk(400, seed, level) for seed in range(20)))
    made = AutoForecaster(1, horizon=8, members=("theta",)).fit(table).predict(levels=[80])
    paths = made.sample(400).groupby(["unique_id", "ds"]).y.quantile([0.1, 0.9]).unstack()
    frame = made.to_frame().set_index(["unique_id", "ds"])
    ratio = (paths[0.9] - paths[0.1]) / (frame["hi-80"] - frame["lo-80"])
    assert 0.85 < ratio.mean() < 1.15
    centre = (paths[0.9] + paths[0.1]) / 2 - frame["mean"]
    assert np.abs(centre.mean()) < 0.25 * (frame["hi-80"] - frame["lo-80"]).mean()


@pytest.mark.any_pandas
@pytest.mark.parametrize("level", [1000.0, 0.0])
def test_sums_over_the_horizon_are_covered_by_paths(level):
    known = [walk(210, 1000 + seed, level) for seed in range(150)]
    train = panel_of(*(own[:200] for own in known))
    made = AutoForecaster(1, horizon=10, members=("theta", "autoregression")).fit(train).predict()
    sums = (
        made.sample(300).groupby(["unique_id", "sample"]).y.sum().groupby("unique_id").quantile([0.05, 0.95]).unstack()
    )
    came = np.array([own[200:].sum() for own in known])
    inside = (came >= sums[0.05].to_numpy()) & (came <= sums[0.95].to_numpy())
    assert 0.80 <= inside.mean() <= 0.98


def test_intervals_cover_what_comes():
    known = [walk(210, 500 + seed, 1000.0) for seed in range(100)]
    train, ahead = panel_of(*(own[:200] for own in known)), np.concatenate([own[200:] for own in known])
    made = AutoForecaster(1, horizon=10, members=("theta",)).fit(train).predict(levels=[80, 95]).to_frame()
    assert 0.74 < ((ahead >= made["lo-80"]) & (ahead <= made["hi-80"])).mean() < 0.86
    assert 0.91 < ((ahead >= made["lo-95"]) & (ahead <= made["hi-95"])).mean() < 0.98


def test_paths_of_what_is_never_below_zero_stay_above_zero():
    rng = np.random.default_rng(0)
    made = AutoForecaster(members=LIGHT).fit(panel_of(*(rng.poisson(2.0, size=150) for _ in range(3)))).predict(6)
    assert (made.sample(200).y >= 0).all()


def test_a_peak_is_likelier_in_paths_than_in_single_steps():
    """Steps of a random walk hang together: whole paths vary more than steps drawn one by one would."""
    table = panel_of(*(walk(300, seed, 0.0) for seed in range(10)))
    paths = AutoForecaster(1, horizon=8, members=("theta",)).fit(table).predict().sample(300)
    wide = paths.pivot_table(
        index=["unique_id", "sample"], columns=paths.groupby(["unique_id", "sample"]).cumcount(), values="y"
    )
    centred = wide - wide.groupby("unique_id").transform("mean")
    assert centred.sum(axis=1).var() > 3 * centred.var().sum()


@pytest.mark.parametrize("n", [0, -1, 2.5, True, "many", None])
def test_numbers_of_paths_that_are_none_are_refused(n):
    made = AutoForecaster(members=("naive",)).fit(series(walk(80))).predict(3)
    with pytest.raises(SettingsError, match=r"n=.*at least 1"):
        made.sample(n)


def test_a_forecast_keeps_its_paths_when_its_model_learns_something_else():
    model = AutoForecaster(1, horizon=5, members=("theta",)).fit(panel_of(walk(150, 1), walk(150, 2)))
    made = model.predict()
    before = made.sample(20)
    model.fit(panel_of(1000 * walk(150, 3), 1000 * walk(150, 4)))
    pd.testing.assert_frame_equal(made.sample(20), before, check_exact=True)


# Evaluation, leaks, storage.


@pytest.mark.parametrize("model", [SeasonalNaive(1), AutoForecaster("D", members=LIGHT)])
def test_a_forecast_goes_to_another_process(model):
    made = model.fit(daily()).predict(3)
    again = pickle.loads(pickle.dumps(made))
    pd.testing.assert_frame_equal(again.to_frame(), made.to_frame(), check_exact=True)


@pytest.mark.any_pandas
def test_the_leak_guard_raises_no_alarm():
    report = leakage_check(AutoForecaster("D"), daily(90), LastN(5), y="y", time="ds")
    assert report.clean, report.explain()
    assert not report.notes, report.notes


@pytest.mark.any_pandas
def test_it_runs_in_an_evaluation_beside_baselines():
    walk_forward = WalkForward(5, every=7, n_splits=3)
    scores = evaluate(
        {"auto": AutoForecaster("D", horizon=5), "light": AutoForecaster("D", members=LIGHT)},
        daily(),
        walk_forward,
        ["mae", "coverage-80"],
        baselines={"naive": SeasonalNaive(1)},
        task=ForecastTask(levels=(80,)),
    )
    table = scores.table()
    assert table.loc["auto", "mae"] < table.loc["naive", "mae"]
    assert table.loc["light", "mae"] < table.loc["naive", "mae"]
    assert table.filter(like="coverage").loc["auto"].iloc[0] > 0.5
    assert not any(report.leaks for report in scores.leaks)


@pytest.mark.any_pandas
def test_saved_is_loaded_again(tmp_path):
    model = AutoForecaster("D").fit(daily())
    for horizon in (5, 20):
        made = model.predict(horizon, levels=[80])
        save_model(model, tmp_path / "model.hexad")
        again = load_model(tmp_path / "model.hexad").predict(horizon, levels=[80])
        pd.testing.assert_frame_equal(again.to_frame(), made.to_frame(), check_exact=True)
        pd.testing.assert_frame_equal(again.sample(5), made.sample(5), check_exact=True)
