"""Metrics bound to their parameters."""

import numpy as np
import pandas as pd
import pytest

from shared.data.panel import SeriesColumns
from shared.errors import HexadError, SettingsError
from shared.evaluation import metrics
from shared.evaluation.scorers import INTERVAL, POINT, SCALED, Scorer, scorer

COLUMNS = SeriesColumns()
OWN = SeriesColumns("shop", "day", "sold")


def predictions(**more):
    return pd.DataFrame({"y": [1.0, 2.0, 4.0], "mean": [2.0, 2.0, 1.0], "lo-80": 0.0, "hi-80": 3.0, **more})


@pytest.mark.parametrize("name", POINT)
def test_point_scorers(name):
    table = predictions()
    assert scorer(name).name == name
    assert scorer(name).scales(table, COLUMNS) is None
    assert scorer(name).score(table, COLUMNS) == getattr(metrics, name)(table["y"], table["mean"])


@pytest.mark.parametrize("name", SCALED)
@pytest.mark.parametrize("season", [1, 2])
def test_scaled_scorers_of_one_series(name, season):
    train = pd.DataFrame({"ds": [3, 1, 2, 4], "y": [4.0, 1.0, 2.0, 8.0]})
    table = predictions()
    bound = scorer(name, seasonality=season)
    scale = metrics.naive_scale([1, 2, 4, 8], season, squared=name == "rmsse")
    assert bound.scales(train, COLUMNS) == {None: scale}
    wanted = getattr(metrics, name)(table["y"], table["mean"], scale=scale)
    assert bound.score(table, COLUMNS, bound.scales(train, COLUMNS)) == wanted


def test_interval_scorers():
    table = predictions()
    y, low, high = table["y"], table["lo-80"], table["hi-80"]
    assert scorer("coverage", level=80).score(table, COLUMNS) == pytest.approx(2 / 3)
    wanted = metrics.interval_score(y, low, high, level=80)
    assert scorer("interval_score", level=80).score(table, COLUMNS) == wanted
    assert scorer("msis", level=80).score(table, COLUMNS, {None: 2.0}) == wanted / 2
    assert scorer("msis", level=80).scales(pd.DataFrame({"ds": [1, 2], "y": [1.0, 4.0]}), COLUMNS) == {None: 3.0}


def test_the_level_of_a_hand_made_scorer_is_90():
    table = pd.DataFrame({"y": [1.0], "lo-90": [0.0], "hi-90": [2.0]})
    assert Scorer("c", "coverage").score(table, COLUMNS) == 1.0


def test_several_series_count_alike():
    table = pd.DataFrame({"shop": ["a", "a", "b"], "day": [3, 4, 3], "sold": [1.0, 1.0, 5.0], "mean": [2.0, 4.0, 1.0]})
    train = pd.DataFrame({"shop": ["b", "a", "a", "b"], "day": [1, 2, 1, 2], "sold": [1.0, 3.0, 2.0, 5.0]})
    assert scorer("mae").score(table, OWN) == pytest.approx((2 + 4) / 2)
    bound = scorer("mase")
    assert bound.scales(train, OWN) == {"a": 1.0, "b": 4.0}
    assert bound.score(table, OWN, bound.scales(train, OWN)) == pytest.approx((2 + 1) / 2)


def test_series_named_by_a_category():
    table = pd.DataFrame({"shop": pd.Categorical(["a", "b"], categories=["a", "b", "c"]), "sold": [1.0, 2.0]})
    train = pd.concat([table.assign(day=1), (table.assign(sold=5.0, day=2))], ignore_index=True)
    bound = scorer("mase")
    assert bound.scales(train, OWN) == {"a": 4.0, "b": 3.0}
    assert bound.score(table.assign(mean=0.0), OWN, bound.scales(train, OWN)) == pytest.approx((1 / 4 + 2 / 3) / 2)


def test_a_level_names_the_scorer():
    assert scorer("coverage", level=97.5).name == "coverage-97.5"
    assert scorer("msis", level=90.0, seasonality=7) == Scorer("msis-90", "msis", 7, 90.0)


def test_an_unknown_metric_is_refused():
    with pytest.raises(SettingsError, match=r"no metric 'maee'; there are mae, rmse, .*msis"):
        scorer("maee")


@pytest.mark.parametrize("name", INTERVAL)
def test_an_interval_metric_needs_its_level(name):
    with pytest.raises(SettingsError, match="needs level="):
        scorer(name)


@pytest.mark.parametrize("level", [0, 100, 150, -1, np.nan])
def test_a_level_out_of_range_is_refused_when_it_is_bound(level):
    with pytest.raises(SettingsError):
        scorer("coverage", level=level)


def test_predictions_without_the_interval_say_so():
    with pytest.raises(HexadError, match="95"):
        scorer("coverage", level=95).score(predictions(), COLUMNS)


def test_a_scaled_metric_without_scales_says_so():
    with pytest.raises(HexadError, match="scale"):
        scorer("mase").score(predictions(), COLUMNS)
