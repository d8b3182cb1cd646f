"""Baselines against hand-worked values and plain pandas."""

import numpy as np
import pandas as pd
import pytest

from domains.timeseries import (
    AutoForecaster,
    Drift,
    HistoricalMean,
    LagForecaster,
    Naive2,
    PerSeries,
    SeasonalMean,
    SeasonalNaive,
    SimilarDay,
    drivers,
    follows,
)
from domains.timeseries.decomposition import is_seasonal, seasonal_indices
from shared.errors import CalibrationError, DataError, HexadError, SettingsError


def mean_of(forecast) -> list[float]:
    return forecast.to_frame()["mean"].round(9).tolist()


def series(values, **more) -> pd.DataFrame:
    return pd.DataFrame({"ds": range(len(values)), "y": np.asarray(values, dtype=float), **more})


def test_the_mean_of_the_past_is_that_of_all_values_before_the_origin():
    assert mean_of(HistoricalMean().fit(series([2, 9, 4])).predict(2)) == [5, 5]


def test_seasonal_naive_repeats_the_last_season():
    assert mean_of(SeasonalNaive(3).fit(series([9, 9, 9, 1, 2, 3])).predict(7)) == [1, 2, 3, 1, 2, 3, 1]
    assert mean_of(SeasonalNaive().fit(series([1, 2])).predict(2)) == [2, 2]


def test_seasonal_mean_averages_whole_seasons_even_far_ahead():
    model = SeasonalMean(2, k=3).fit(series([100, 100, 1, 10, 2, 20, 3, 30]))
    assert mean_of(model.predict(5)) == [2, 20, 2, 20, 2]


def test_drift_follows_the_line_from_first_to_last():
    assert mean_of(Drift().fit(series([2, 9, 6])).predict(3)) == [8, 10, 12]


@pytest.mark.parametrize("season", ["1D", "7D"])
def test_same_time_yesterday_follows_the_wall_clock(season):
    ds = pd.date_range("2014-03-20", "2014-04-06 12:00", freq="30min", tz="Australia/Melbourne", inclusive="left")
    clock = ds.hour * 100.0 + ds.minute
    made = SeasonalNaive(season).fit(pd.DataFrame({"ds": ds, "y": clock})).predict(96).to_frame()
    wanted = made.ds.dt.hour * 100.0 + made.ds.dt.minute
    assert made["mean"].tolist() == wanted.tolist()


def test_short_series_are_named():
    table = pd.concat([series([1, 2, 3], unique_id="long"), series([1], unique_id="short")])
    assert "1 series ('short') shorter" in SeasonalNaive(3, freq=1).fit(table).predict(1).explain()
    with pytest.raises(DataError, match=r"1 series are shorter than the 3 rows that SeasonalNaive needs.*'short'"):
        SeasonalNaive(3, freq=1).fit(table[table["unique_id"] == "short"])
    with pytest.raises(SettingsError, match="k=0"):
        SeasonalMean(3, k=0, freq=1).fit(table)


def test_naive2_without_a_season_is_the_naive():
    walk = np.cumsum(np.random.default_rng(3).normal(size=60)) + 50
    assert mean_of(Naive2(12).fit(series(walk)).predict(2)) == [round(walk[-1], 9)] * 2
    assert mean_of(Naive2(1).fit(series([1, 5])).predict(2)) == [5, 5]


def test_naive2_finds_a_multiplicative_season():
    pattern = np.array([0.5, 1.0, 1.5, 1.0])
    values = np.tile(pattern, 10) * 100
    assert mean_of(Naive2(4).fit(series(values[:-1])).predict(5)) == [100, 50, 100, 150, 100]


def test_seasonality_test_and_indices():
    assert not is_seasonal(np.ones(40), 4)
    assert not is_seasonal(np.tile([1.0, 2.0], 2), 2)
    assert is_seasonal(np.tile([1.0, 2.0, 3.0], 8), 3)
    odd = seasonal_indices(np.tile([1.0, 2.0, 3.0], 8), 3)
    np.testing.assert_allclose(odd, [0.5, 1.0, 1.5])
    np.testing.assert_array_equal(seasonal_indices(np.tile([1.0, -1.0], 8), 2), [1.0, 1.0])
    np.testing.assert_array_equal(seasonal_indices(np.tile([0.0, 4.0], 8), 2), [1.0, 1.0])


@pytest.mark.parametrize("model", [SeasonalNaive(), SeasonalMean(1, k=2), Drift(), HistoricalMean(), Naive2()])
def test_intervals_cover_what_comes(model):
    rng = np.random.default_rng(0)
    tables = [series(rng.normal(size=300), unique_id=key) for key in range(20)]
    table = pd.concat(tables)
    train, test = table[table.ds < 290], table[table.ds >= 290]
    made = model.fit(train).predict(10, levels=[80]).to_frame().merge(test, on=["unique_id", "ds"])
    inside = made.y.between(made["lo-80"], made["hi-80"]).mean()
    assert 0.74 <= inside <= 0.9


def test_few_errors_for_an_interval_are_told():
    made = SeasonalNaive().fit(series([1, 2, 1, 2])).predict(1, levels=[99])
    assert "The 99 % interval rests on 3 independent errors" in made.explain()
    with pytest.raises(
        CalibrationError, match="99 % interval needs errors out of sample, but at step 1 there are none"
    ):
        SeasonalNaive(freq=1).fit(series([1])).predict(1, levels=[99])


def test_similar_days_are_yesterday_or_a_week_ago():
    hours = pd.date_range("2024-01-01", periods=21 * 24, freq="h")  # a Monday
    table = pd.DataFrame({"ds": hours, "y": np.arange(len(hours), dtype=float)})
    for days in range(7, 14):
        made = SimilarDay().fit(table[: days * 24]).predict(24).to_frame()
        weekday = made["ds"].iloc[0].day_of_week
        back = 7 if weekday in {0, 5, 6} else 1
        assert (made["mean"] == np.arange(days * 24, (days + 1) * 24) - back * 24).all()


def test_similar_days_follow_the_wall_clock_of_their_zone():
    hours = pd.date_range(
        "2024-03-24", periods=8 * 24 - 1, freq="h", tz="Europe/Berlin"
    )  # the clocks change on the 31st
    table = pd.DataFrame({"ds": hours, "y": hours.hour.astype(float) + 100 * hours.day_of_week})
    made = SimilarDay().fit(table).predict(24).to_frame()
    assert made["ds"].iloc[0] == pd.Timestamp("2024-04-01", tz="Europe/Berlin")
    assert made["mean"].tolist() == list(range(24))  # last Monday, hour by hour


def test_similar_days_need_dates_and_days_of_the_week():
    with pytest.raises(SettingsError, match="needs dates"):
        SimilarDay().fit(pd.DataFrame({"ds": range(30), "y": 1.0}))
    with pytest.raises(SettingsError, match="numbered from 0, Monday"):
        SimilarDay(weekly=(7,)).fit(pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=30), "y": 1.0}))


@pytest.mark.parametrize("level", [-1.0, 0.0, 0.5, 1.2])
def test_naive2_stays_near_what_was_seen_where_values_cross_zero(level):
    for seed in range(40):
        rng = np.random.default_rng(seed)
        y = level + np.sin(2 * np.pi * np.arange(60) / 7) + 0.3 * rng.normal(size=60)
        made = Naive2(7).fit(pd.DataFrame({"ds": range(60), "y": y})).predict(14).to_frame()["mean"]
        assert made.abs().max() < 2 * np.abs(y).max()


def test_naive2_adds_where_it_cannot_multiply():
    y = np.tile([-2.0, 0.0, 2.0], 12)
    made = Naive2(3).fit(pd.DataFrame({"ds": range(36), "y": y})).predict(3).to_frame()["mean"]
    assert made.tolist() == pytest.approx([-2.0, 0.0, 2.0])


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (SeasonalNaive(7), "this SeasonalNaive shows none$"),
        (Drift(), "this Drift shows none$"),
        (PerSeries(Drift()), "this PerSeries shows none$"),
        (AutoForecaster(horizon=3), r"this AutoForecaster shows none: explain\(\) says what it is made of$"),
        (LagForecaster(horizon=3), "this LagForecaster shows none: fit it first$"),
    ],
)
def test_models_without_features_say_so(model, said):
    if not isinstance(model, LagForecaster):
        model.fit(pd.DataFrame({"ds": range(60), "y": np.arange(60.0)}))
    assert hasattr(model, "explain") == ("explain" in said)
    with pytest.raises(HexadError, match=rf"drivers\(\) looks at the features of a fitted LagForecaster; {said}"):
        drivers(model)
    with pytest.raises(HexadError, match=rf"follows\(\) looks at the features of a fitted LagForecaster; {said}"):
        follows(model, "y")


def test_every_series_is_drawn_with_its_history():
    """Not only the first few: whoever asks for a picture of one series sees where it comes from."""
    table = pd.DataFrame([(f"c{i:03d}", 1952 + 5 * j, float(i + j)) for i in range(60) for j in range(12)])
    table.columns = ["unique_id", "ds", "y"]
    forecast = SeasonalNaive(1).fit(table).predict(2)
    assert forecast.history["unique_id"].nunique() == 60
    late = forecast.history[forecast.history["unique_id"] == "c059"]
    assert late["y"].tolist() == [59.0 + j for j in range(12)]
