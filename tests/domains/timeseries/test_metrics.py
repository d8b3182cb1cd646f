"""Metrics of forecasts: bound to their columns, with scales of their own series."""

import numpy as np
import pandas as pd
import pytest

from domains.timeseries import ForecastTask, forecast_metric, metrics
from shared.data import SeriesColumns
from shared.errors import HexadError, SettingsError
from shared.evaluation.metrics import score_split

OWN = SeriesColumns("shop", "day", "sold")
SCALED = ["mase", "rmsse"]


def predictions(**more):
    return pd.DataFrame({"y": [1.0, 2.0, 4.0], "mean": [2.0, 2.0, 1.0], "lo-80": 0.0, "hi-80": 3.0, **more})


@pytest.mark.parametrize("name", metrics.POINT)
def test_point_metrics_are_the_shared_ones(name):
    from shared.evaluation import metrics as shared_metrics

    table = predictions()
    made = forecast_metric(name)
    assert made.name == name
    assert made.prepare(table) is None
    assert score_split(made, table) == getattr(shared_metrics, name)(table["y"], table["mean"])


@pytest.mark.parametrize("name", SCALED)
@pytest.mark.parametrize("season", [1, 2])
def test_scaled_metrics_of_one_series(name, season):
    train = pd.DataFrame({"ds": [3, 1, 2, 4], "y": [4.0, 1.0, 2.0, 8.0]})
    table = predictions()
    made = forecast_metric(name, seasonality=season)
    scale = metrics.naive_scale([1, 2, 4, 8], season, squared=name == "rmsse")
    assert made.prepare(train) == {None: scale}
    wanted = getattr(metrics, name)(table["y"], table["mean"], scale=scale)
    assert score_split(made, table, made.prepare(train)) == wanted


def test_the_scaled_interval_score():
    table = predictions()
    wanted = score_split(forecast_metric("interval_score-80"), table)
    made = forecast_metric("msis-80")
    assert made.prepare(pd.DataFrame({"ds": [1, 2], "y": [1.0, 4.0]})) == {None: 3.0}
    assert score_split(made, table, {None: 2.0}) == wanted / 2


def test_several_series_count_alike():
    table = pd.DataFrame({"shop": ["a", "a", "b"], "day": [3, 4, 3], "sold": [1.0, 1.0, 5.0], "mean": [2.0, 4.0, 1.0]})
    train = pd.DataFrame({"shop": ["b", "a", "a", "b"], "day": [1, 2, 1, 2], "sold": [1.0, 3.0, 2.0, 5.0]})
    assert score_split(forecast_metric("mae", OWN), table) == pytest.approx((2 + 4) / 2)
    made = forecast_metric("mase", OWN)
    assert made.prepare(train) == {"a": 1.0, "b": 4.0}
    assert score_split(made, table, made.prepare(train)) == pytest.approx((2 + 1) / 2)


def test_series_named_by_a_category():
    table = pd.DataFrame({"shop": pd.Categorical(["a", "b"], categories=["a", "b", "c"]), "sold": [1.0, 2.0]})
    train = pd.concat([table.assign(day=1), (table.assign(sold=5.0, day=2))], ignore_index=True)
    made = forecast_metric("mase", OWN)
    assert made.prepare(train) == {"a": 4.0, "b": 3.0}
    assert score_split(made, table.assign(mean=0.0), made.prepare(train)) == pytest.approx((1 / 4 + 2 / 3) / 2)


def test_a_series_without_a_scale_is_named():
    made = forecast_metric("mase")
    made_of_all = predictions(unique_id=["a", "b", "b"])
    assert made.units(made_of_all, {"a": 1.0}).index.tolist() == ["a"]
    assert made.notes(made_of_all, {"a": 1.0}) == (
        "mase left out 1 series ('b') without a scale before the first split (none of its rows, a constant, or no more than a season)",
    )
    with pytest.raises(HexadError, match="not defined for any of these series"):
        made.units(made_of_all, {"c": 1.0})
    with pytest.raises(HexadError, match="needs the scales"):
        made.units(predictions())


def test_a_level_names_the_metric():
    assert forecast_metric("coverage", level=97.5).name == "coverage-97.5"
    made = forecast_metric("msis-90", seasonality=7)
    assert (made.name, made.seasonality, made.options) == ("msis-90", 7, {"level": 90.0})
    assert forecast_metric("mase", label="m").name == "m"


@pytest.mark.parametrize("name", ["maee", "roc_auc", "ndcg@10"])
def test_what_is_no_metric_of_forecasts_is_refused(name):
    with pytest.raises(SettingsError, match=r"there are mae, rmse, .*msis"):
        forecast_metric(name)


@pytest.mark.parametrize("name", ["coverage", "interval_score", "msis"])
@pytest.mark.parametrize("level", [None, 0, 100, 150, -1, np.nan])
def test_an_interval_metric_needs_its_level(name, level):
    with pytest.raises(SettingsError, match="level="):
        forecast_metric(name, level=level)


def test_the_task_knows_its_columns_and_levels():
    task = ForecastTask(OWN, levels=(80,))
    assert task.metric("mae").reads == ("sold", "median")
    assert task.metric("rmse").reads == ("sold", "mean")
    assert task.metric("coverage-80").unit == "shop"
    with pytest.raises(HexadError, match="coverage-95 needs intervals that are not forecast"):
        task.check_metric(task.metric("coverage-95"))
    with pytest.raises(SettingsError, match="no option 'k'"):
        task.metric("mae", k=5)


def test_no_series_changes_without_a_season():
    assert np.isnan(metrics.seasonal_change([1.0, 2.0], 2))
