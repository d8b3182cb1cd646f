"""Intervals and sample paths: weighted quantiles, spreads learnt from features, joint errors, coverage on made-up data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.timeseries import (
    Drift,
    Exogenous,
    LagForecaster,
    NaturalGradientBoosting,
    QuantileBoosting,
    Recipe,
    SeasonalNaive,
)
from domains.timeseries.calibration import Calibration
from domains.timeseries.conformal import count_independent, fading_weights, interval_radius
from domains.timeseries.spread import Spread
from shared.errors import CalibrationError, HexadError, SettingsError

pytestmark = pytest.mark.any_pandas

LEVELS = (50, 80, 90)


@given(st.lists(st.floats(-100, 100), min_size=12, max_size=60), st.sampled_from(LEVELS))
def test_equal_weights_give_the_plain_quantile(errors, level):
    column = np.tile(errors, 5)[:, None]
    assert interval_radius(column, level, np.ones(len(column))) == pytest.approx(interval_radius(column, level))


@pytest.mark.parametrize("n", [3, 8, 20, 60])
@pytest.mark.parametrize("level", [80, 95])
def test_few_errors_cover_by_students_t(n, level):
    """Normal errors, a new world each time: nominal for every number of errors."""
    rng = np.random.default_rng(0)
    inside = np.abs(rng.normal(size=3000)) <= interval_radius(rng.normal(size=(n, 3000)), level)
    assert -0.025 < np.mean(inside) - level / 100 < 0.05


def test_errors_of_overlapping_horizons_are_worth_fewer():
    walk = np.random.default_rng(0).normal(size=420).cumsum()
    errors = np.array([walk[o : o + 8] - walk[o - 1] for o in range(1, 400)])
    told = count_independent(errors, np.arange(1, 400))
    assert told[0] > 350
    assert 399 / 8 < told[7] < 399 / 3
    apart = count_independent(errors[::8], np.arange(1, 400)[::8])
    assert apart[7] == len(errors[::8])


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.01, 1)), min_size=1, max_size=40), st.sampled_from(LEVELS))
def test_the_weighted_quantile_is_the_smallest_that_weighs_enough(pairs, level):
    sizes, weights = (np.array(side) for side in zip(*pairs, strict=True))
    need = level / 100 * (weights.sum() + 1)
    fitting = [size for size in sizes if weights[sizes <= size].sum() >= need - 1e-9]
    if not fitting:
        with pytest.raises(CalibrationError, match="fade more slowly"):
            interval_radius(sizes[:, None], level, weights)
    else:
        assert interval_radius(sizes[:, None], level, weights)[0] == min(fitting)


def test_weights_halve_with_the_half_life_and_the_last_error_counts_1():
    origins = np.array([30, 10, 20])
    np.testing.assert_allclose(fading_weights(origins, 10.0), [1.0, 0.25, 0.5])


def test_fading_errors_follow_a_change_of_size():
    """Errors grow tenfold for the last fifth: with a half-life the interval follows, without one it lags."""
    rng = np.random.default_rng(0)
    errors = rng.normal(size=(500, 1)) * np.where(np.arange(500) < 400, 1.0, 10.0)[:, None]
    alike, fading = (Calibration(errors, np.arange(500), [], half_life).radius(80, 1)[0] for half_life in (None, 20.0))
    assert fading == pytest.approx(12.8, rel=0.35)
    assert alike < 0.6 * fading


def test_a_spread_is_not_negative_and_stays_within_what_it_had_seen():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    spread = Spread().fit(X, np.exp(X[:, 0]) * rng.normal(size=300))
    far = spread.predict(np.array([[50.0, 0, 0], [-50.0, 0, 0]]))
    near = spread.predict(X)
    assert far[0] == near.max()
    assert far[1] == near.min()
    assert (near > 0).all()


@pytest.mark.parametrize("errors", [np.zeros(100), np.empty(0), np.ones(5)])
def test_a_spread_of_few_or_no_errors_is_one_size(errors):
    spread = Spread().fit(np.ones((len(errors), 1)), errors)
    assert len(set(spread.predict(np.array([[1.0], [9.0], [np.nan]])))) == 1


def test_errors_are_measured_by_spreads_that_had_not_seen_them():
    """Changing the errors of one block changes no size that the block itself is measured by."""
    rng = np.random.default_rng(1)
    X, errors = rng.normal(size=(120, 2)), rng.normal(size=120)
    block = np.arange(120) < 40
    other = np.where(block, 1000 * errors, errors)
    sizes, again = (Spread().out_of_block(X, e, [block, ~block]) for e in (errors, other))
    np.testing.assert_array_equal(sizes[block], again[block])
    assert not np.allclose(sizes[~block], again[~block])


def uneven(n: int = 3000, seed: int = 0) -> pd.DataFrame:
    """A series whose noise is four times as large where a variable, known ahead, says so."""
    rng = np.random.default_rng(seed)
    wild = rng.integers(0, 2, n).astype(float)
    return pd.DataFrame({"ds": range(n), "y": rng.normal(size=n) * (1 + 3 * wild), "wild": wild})


def uneven_panel() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ten such series: what is learnt from, and fifty later rows of each."""
    table = pd.concat([uneven(300, seed).assign(unique_id=seed) for seed in range(10)], ignore_index=True)
    return table[table["ds"] < 250], table[table["ds"] >= 250]


def held_by_kind(model, test: pd.DataFrame) -> pd.Series:
    """Share of outcomes inside the 80 % interval, step by step, where it is easy and where it is hard."""
    inside = []
    for _, rows in test.groupby("ds"):
        frame = model.predict(future=rows[["unique_id", "ds", "wild"]], levels=[80]).to_frame()
        made = rows.merge(frame, on=["unique_id", "ds"])
        inside.append(made.assign(held=made["y"].between(made["lo-80"], made["hi-80"])))
        model.update(rows)
    found = pd.concat(inside)
    assert len(found) == len(test)
    return found.groupby("wild")["held"].mean()


WILD = Recipe((1,), exogenous=(Exogenous("wild", known=True),))


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_intervals_with_a_spread_hold_where_it_is_hard_and_where_it_is_easy(strategy):
    train, test = uneven_panel()
    held = {}
    for spread in (False, True):
        model = LagForecaster(recipe=WILD, horizon=1, strategy=strategy, every=1, spread=spread).fit(train)
        held[spread] = held_by_kind(model, test)
    assert held[False][0.0] > 0.95
    assert held[False][1.0] < 0.7
    assert held[True].between(0.73, 0.87).all()


@pytest.mark.parametrize("half_life", [None, 200])
def test_sample_paths_have_the_spread_and_the_hold_of_what_came(half_life):
    """Of a random walk the last step of five varies five times as much as the first, and steps go together."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"ds": range(1500), "y": rng.normal(size=1500).cumsum()})
    model = LagForecaster(recipe=Recipe((1, 2)), horizon=5, every=1, half_life=half_life).fit(table)
    forecast = model.predict(levels=[80])
    paths = forecast.sample(4000).pivot(index="sample", columns="ds", values="y").to_numpy()
    steps = np.arange(1, 6)
    np.testing.assert_allclose(paths.var(axis=0), steps, rtol=0.25)
    assert np.corrcoef(paths[:, 3], paths[:, 4])[0, 1] == pytest.approx(np.sqrt(4 / 5), abs=0.05)
    inside = (paths >= forecast.frame["lo-80"].to_numpy()) & (paths <= forecast.frame["hi-80"].to_numpy())
    np.testing.assert_allclose(inside.mean(axis=0), 0.8, atol=0.05)


def test_paths_of_a_logarithm_stay_above_its_limit_and_are_the_same_for_a_seed():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"ds": range(300), "y": np.exp(rng.normal(size=300))})
    model = LagForecaster(recipe=Recipe((1,)), horizon=2, every=1, log=True).fit(table)
    forecast = model.predict()
    paths = forecast.sample(500, random_state=3)
    assert (paths["y"] > -1).all()
    model.fit(table[:200])  # a forecast stays what it is
    pd.testing.assert_frame_equal(forecast.sample(500, random_state=3), paths, check_exact=True)


@pytest.mark.parametrize("model", [SeasonalNaive(7), Drift()])
def test_baselines_draw_paths_from_their_own_errors(model):
    rng = np.random.default_rng(0)
    keys = np.repeat(["a", "b"], 200)
    table = pd.DataFrame(
        {"unique_id": keys, "ds": [*range(200)] * 2, "y": rng.normal(size=400) * (1 + 99 * (keys == "b"))}
    )
    forecast = model.fit(table).predict(3, levels=[80])
    paths = forecast.sample(2000)
    assert paths.groupby("unique_id")["y"].std()["b"] > 30 * paths.groupby("unique_id")["y"].std()["a"]
    both = paths.merge(forecast.frame, on=["unique_id", "ds"])
    assert both["y"].between(both["lo-80"], both["hi-80"]).mean() == pytest.approx(0.8, abs=0.06)


def test_paths_that_cannot_be_drawn_say_why():
    table = pd.DataFrame({"ds": range(60), "y": np.random.default_rng(0).normal(size=60)})
    none = LagForecaster(recipe=Recipe((1,)), horizon=2, every=1, calibration_folds=0).fit(table)
    with pytest.raises(
        CalibrationError, match="sample paths are calibrated in fit: say horizon= and calibration_folds="
    ):
        none.predict().sample()
    few = SeasonalNaive(7).fit(table)
    with pytest.raises(CalibrationError, match="at least 10 errors over the whole horizon, but there are"):
        few.predict(3).sample()
    with pytest.raises(HexadError, match="calibrated for 2 steps, not 4"):
        LagForecaster(recipe=Recipe((1,)), horizon=2, strategy="recursive").fit(table).predict(4, levels=[80])


def test_update_adds_errors_in_units_of_what_was_expected():
    table = uneven(1000)
    model = LagForecaster(recipe=WILD, horizon=1, every=1, spread=True).fit(table[:800])
    before = len(model.errors_)
    model.update(table[800:])
    new = model.errors_[before:, 0]
    by_kind = pd.Series(np.abs(new)).groupby(table["wild"][800:].to_numpy()).median()
    assert 0.5 < by_kind[0.0] / by_kind[1.0] < 2


@pytest.mark.parametrize(
    "regressor",
    [
        QuantileBoosting((0.1, 0.25, 0.5, 0.75, 0.9), max_iter=40),
        NaturalGradientBoosting(n_estimators=60, learning_rate=0.1),
    ],
)
def test_intervals_of_a_regressors_own_spread_hold_where_it_is_hard_and_where_it_is_easy(regressor):
    train, test = uneven_panel()
    model = LagForecaster(regressor, recipe=WILD, horizon=1, every=1, spread="own", calibration_folds=3).fit(train)
    held = held_by_kind(model, test)
    assert held.between(0.72, 0.88).all()


def test_own_spreads_need_a_regressor_that_knows_them():
    table = uneven(200)
    with pytest.raises(SettingsError, match="StandardizedRidge does not: take QuantileBoosting"):
        LagForecaster(recipe=WILD, horizon=1, every=1, spread="own").fit(table)
    for options in ({"strategy": "recursive"}, {"differences": (1,)}):
        with pytest.raises(SettingsError, match="spread='own': it is True, False"):
            LagForecaster(QuantileBoosting(), recipe=WILD, horizon=1, spread="own", **options).fit(table)


def test_boosted_quantiles_do_not_cross_and_hold_their_shares():
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(4000, 2))
    y = X[:, 0] + (0.1 + X[:, 1]) * rng.normal(size=4000)
    model = QuantileBoosting(max_iter=50).fit(X[:3000], y[:3000])
    found = model.predict_quantiles(X[3000:])
    assert (np.diff(found, axis=1) >= 0).all()
    np.testing.assert_allclose((y[3000:, None] < found).mean(axis=0), model.quantiles, atol=0.04)
    np.testing.assert_allclose(model.predict(X[3000:]), found[:, 2])
    between = model.predict_quantiles(X[3000:], (0.5, 0.6, 0.99))
    assert (between[:, 1] >= between[:, 0]).all()
    np.testing.assert_allclose(between[:, 2], found[:, -1])
    with pytest.raises(SettingsError, match="ascending"):
        QuantileBoosting((0.5, 0.1)).fit(X, y)


def test_ngboost_as_it_comes_gives_intervals_in_units_of_its_own_spread():
    ngboost = pytest.importorskip("ngboost")
    table = uneven(600)
    regressor = ngboost.NGBRegressor(n_estimators=40, learning_rate=0.1, verbose=False)
    model = LagForecaster(regressor, recipe=WILD, horizon=1, every=1, spread="own", calibration_folds=2).fit(table)
    widths = []
    for wild in (0.0, 1.0):
        frame = model.predict(future=pd.DataFrame({"ds": [600], "wild": [wild]}), levels=[80]).to_frame()
        widths.append(frame["hi-80"][0] - frame["lo-80"][0])
    assert 2 < widths[1] / widths[0] < 7
