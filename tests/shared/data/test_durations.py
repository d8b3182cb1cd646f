"""A length of time may be said by whatever object Python's and pandas' users have at hand."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from domains.basket import RuleRecommender
from domains.recommendation import HistoryRecommender
from domains.timeseries import AutoForecaster, LagForecaster, Recipe, SeasonalMean, SeasonalNaive
from shared.data import BasketColumns, Incidence, InteractionColumns, WalkForward
from shared.data.durations import as_duration, parse_duration
from shared.errors import SettingsError
from shared.runtime.store import dump_model, load_model, save_model

WEEK = ["7D", 7, np.int64(7), pd.Timedelta("7D"), dt.timedelta(days=7), np.timedelta64(7, "D"), np.timedelta64(1, "W")]
WEEK += [pd.offsets.Day(7), pd.DateOffset(days=7), "7 days", "1W"]
TABLE = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=140), "y": np.arange(140) % 7 + 1.0})


@pytest.mark.parametrize("week", WEEK, ids=repr)
def test_a_week_is_a_week(week):
    assert len(AutoForecaster(members="theta").fit(TABLE).predict(week).to_frame()) == 7
    model = LagForecaster(recipe=Recipe([1, 7]), horizon=week, calibration_folds=0, every=week).fit(TABLE)
    assert len(model.predict().to_frame()) == 7
    naive = SeasonalNaive(week).fit(TABLE).predict(7).to_frame()["mean"].tolist()
    assert naive == TABLE["y"].tolist()[-7:]
    assert [len(cut.test) for cut in WalkForward(week, every=week, n_splits=2, gap=week).splits(TABLE)] == [7, 7]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (pd.Timedelta("90min"), "90min"),
        (dt.timedelta(hours=36), "36h"),
        (np.timedelta64(3, "M"), "3M"),
        (np.timedelta64(2, "Y"), "2Y"),
        (pd.DateOffset(months=3), "3M"),
        (pd.DateOffset(2, weeks=1), "2W"),
        (pd.offsets.BusinessDay(5), "5B"),
        (np.int32(4), 4),
        ("x", "x"),
    ],
    ids=repr,
)
def test_objects_are_written_as_text(given, written):
    assert as_duration(given) == written
    assert type(as_duration(given)) in {int, str}


@pytest.mark.parametrize(
    "given",
    [
        7.0,
        True,
        None,
        [7],
        pd.Timedelta(0),
        pd.Timedelta("-1D"),
        pd.NaT,
        pd.Timedelta("1ms"),
        pd.DateOffset(days=1, hours=2),
    ],
    ids=repr,
)
def test_what_is_no_length_is_refused_with_its_name(given):
    with pytest.raises(SettingsError, match="^horizon="):
        parse_duration(given, "horizon")


def test_baskets_and_visits_take_them_too(tmp_path):
    table = pd.DataFrame(
        {"order": np.arange(400) // 2, "item": ["a", "b", "c", "a"] * 100, "customer": np.arange(400) // 40}
    )
    table["time"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(table["order"], unit="D")
    baskets = Incidence.from_frame(table, BasketColumns(time="time", customer="customer"))
    visits = Incidence.from_interactions(table, InteractionColumns(user="customer", timestamp="time"))
    for made, data in (
        (lambda length: RuleRecommender(half_life=length), baskets),
        (lambda length: HistoryRecommender(half_life=length), visits),
    ):
        text, objects = made("30D").fit(data), made(pd.Timedelta("30D")).fit(data)
        assert dump_model(text) == dump_model(objects)


def test_a_model_that_was_given_an_object_travels(tmp_path):
    model = SeasonalMean(pd.Timedelta("7D"), k=2).fit(TABLE)
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    pd.testing.assert_frame_equal(again.predict(3).to_frame(), model.predict(3).to_frame())
