"""Features in one pass, against pandas."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.timeseries import Exogenous, LagForecaster, Recipe, Rolling, lag_features
from domains.timeseries.rolling import STATISTIC_CODES, bounds, fill_lags, fill_window
from shared.errors import DataError, SettingsError

RECIPE = Recipe((1, 3), rolling=(Rolling(4), Rolling(4, "std", lag=2), Rolling(5, "min"), Rolling(7, "max", lag=3)))


def long_table(lengths, seed=0):
    rng = np.random.default_rng(seed)
    parts = [
        pd.DataFrame({"unique_id": f"s{i:02d}", "ds": np.arange(5, 5 + n), "y": rng.normal(10.0, 3.0, n)})
        for i, n in enumerate(lengths)
    ]
    return pd.concat(parts, ignore_index=True)


def by_pandas(table):
    table = table.sort_values(["unique_id", "ds"], ignore_index=True)
    y = table.groupby("unique_id")["y"]

    def rolled(window, statistic, lag):
        return y.transform(lambda own: getattr(own.shift(lag).rolling(window), statistic)())

    columns = [
        y.shift(1),
        y.shift(3),
        rolled(4, "mean", 1),
        rolled(4, "std", 2),
        rolled(5, "min", 1),
        rolled(7, "max", 3),
    ]
    return pd.concat([table, *columns], axis=1).dropna().reset_index(drop=True)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(0, 1000))
def test_features_are_those_of_pandas(lengths, seed):
    table = long_table([*lengths, 30], seed)
    shuffled = table.sample(frac=1, random_state=seed)
    made = lag_features(shuffled, RECIPE)
    expected = by_pandas(table)
    assert made[["unique_id", "ds"]].equals(expected[["unique_id", "ds"]])
    np.testing.assert_allclose(made.iloc[:, 2:], expected.iloc[:, 2:], rtol=1e-9)


@given(
    st.integers(1, 9), st.integers(1, 4), st.sampled_from(list(STATISTIC_CODES)), st.integers(0, 1000), st.booleans()
)
def test_windows_are_right_for_cells_in_any_order(steps, lag, statistic, seed, gaps):
    rng = np.random.default_rng(seed)
    steps += statistic == "std"
    values = rng.normal(size=40)
    if gaps:
        values[rng.integers(40, size=3)] = np.nan
    begin = np.repeat([0, 15], [15, 25])
    rows = np.concatenate([np.arange(40), rng.integers(1, 40, size=30)])
    out = np.empty((len(rows), 1))
    fill_window(values, rows, begin[rows], lag, steps, STATISTIC_CODES[statistic], out, 0)
    options = {"ddof": 1} if statistic == "std" else {}
    for row, found in zip(rows, out[:, 0], strict=True):
        last = row - lag
        window = values[last - steps + 1 : last + 1] if last - steps + 1 >= begin[row] else np.array([np.nan])
        expected = np.nan if len(window) < steps else getattr(np, statistic)(window, **options)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_windows_do_not_lose_digits_beside_large_values():
    values = np.r_[np.full(50, 1e12), np.tile([1.0, 2.0], 50)]
    out = np.empty((1, 1))
    fill_window(values, np.array([150]), np.array([0]), 1, 10, STATISTIC_CODES["std"], out, 0)
    assert out[0, 0] == pytest.approx(np.std(np.tile([1.0, 2.0], 5), ddof=1), rel=1e-12)


def test_nothing_from_the_row_on_is_read():
    table = long_table([30])
    made = lag_features(table, RECIPE)
    changed = lag_features(table.assign(y=np.where(table.ds >= 25, 1e6, table.y)), RECIPE)
    before = made.ds <= 25
    pd.testing.assert_frame_equal(made[before].drop(columns="y"), changed[before].drop(columns="y"))
    assert not made[~before].iloc[:, 3:].equals(changed[~before].iloc[:, 3:])


def test_known_variables_are_read_at_the_row_and_rows_without_are_left_out():
    table = long_table([30]).assign(price=np.arange(30.0))
    recipe = Recipe((1,), calendar=(), exogenous=(Exogenous("price", known=True, lags=(0, 2)),))
    made = lag_features(table, recipe)
    assert made["price"].tolist() == np.arange(2.0, 30.0).tolist()
    assert made["price lag 2"].tolist() == np.arange(28.0).tolist()


def test_dates_and_keys_come_back_in_the_users_types():
    days = pd.date_range("2024-01-01", periods=20, freq="D", tz="Europe/Berlin", unit="s")
    table = pd.DataFrame({"shop": 7, "day": days, "sales": np.arange(20.0)})
    made = lag_features(table, Recipe((1,), calendar=("weekend",)), unique_id="shop", ds="day", y="sales")
    assert made["shop"].tolist() == [7] * 19
    assert made["day"].tolist() == days[1:].tolist()
    assert made["weekend"].tolist() == [float(day.weekday() >= 5) for day in days[1:]]


def test_too_short_is_told():
    with pytest.raises(DataError, match="no row has all features; the longest of 2 series has 5 rows"):
        lag_features(long_table([5, 3]), Recipe((9,)))


def test_lags_and_bounds():
    values = np.array([1.0, 5.0, 2.0])
    out = np.empty((2, 1))
    fill_lags(values, np.array([1, 3]), np.array([0, 0]), np.array([2]), out, 0)
    assert np.isnan(out[0, 0])
    assert out[1, 0] == 5.0
    low, high = bounds(values, np.array([0]), np.array([3]))
    assert (low[0], high[0]) == (-3.0, 9.0)


def middle(windows):
    return np.median(windows, axis=1)


def test_a_statistic_of_ones_own_is_a_rolling_one():
    """A function of windows gives what pandas' rolling gives, in direct and recursive models, ragged series included."""
    rng = np.random.default_rng(0)
    table = pd.concat(
        [
            pd.DataFrame({"unique_id": key, "ds": range(n), "y": rng.normal(size=n)})
            for key, n in (("a", 40), ("b", 3), ("c", 25))
        ]
    )
    made = lag_features(table, Recipe((1,), rolling=(Rolling(5, middle, lag=2), Rolling(5, "mean"))))
    wanted = table.groupby("unique_id")["y"].transform(lambda y: y.rolling(5).median().shift(2)).to_numpy()
    name = "y middle of 5 at lag 2"
    merged = table.assign(wanted=wanted).merge(made, on=["unique_id", "ds"], how="right")
    np.testing.assert_allclose(merged[name], merged["wanted"])
    for strategy in ("direct", "recursive"):
        recipe = Recipe((1,), rolling=(Rolling(3, lambda w: w.mean(axis=1)),))
        named = Recipe((1,), rolling=(Rolling(3, "mean"),))
        ours, its = (
            LagForecaster(recipe=r, strategy=strategy, horizon=3, every=1, calibration_folds=2)
            .fit(table)
            .predict(levels=[50])
            .frame
            for r in (recipe, named)
        )
        pd.testing.assert_frame_equal(ours, its)


def test_a_statistic_of_the_wrong_shape_is_told():
    table = pd.DataFrame({"ds": range(30), "y": np.arange(30.0)})
    with pytest.raises(SettingsError, match=r"'<lambda>' made an array of shape \(\) .* one number a window"):
        lag_features(table, Recipe((1,), rolling=(Rolling(3, lambda w: w.mean()),)))
    with pytest.raises(SettingsError, match="and functions of windows"):
        lag_features(table, Recipe((1,), rolling=(Rolling(3, "mode"),)))
