"""A model for each series: the same as fitting each alone, with everything that is wrong told at once."""

import numpy as np
import pandas as pd
import pytest

from domains.timeseries import Drift, Exogenous, LagForecaster, PerSeries, Recipe, SeasonalNaive
from shared.errors import DataError, HexadError

MODEL = LagForecaster(recipe=Recipe((1, 2), exogenous=(Exogenous("x", known=True),)), horizon=3, every=1)


def table(n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    keys = np.repeat(["south", "north", "west"], n)
    x = rng.normal(size=3 * n)
    effect = pd.Series(keys).map({"south": 5.0, "north": -5.0, "west": 0.0}).to_numpy()
    stamps = list(pd.date_range("2024-01-01", periods=n, freq="h")) * 3
    return pd.DataFrame({"unique_id": keys, "ds": stamps, "y": effect * x + rng.normal(size=3 * n), "x": x})


def split(n: int = 120, ahead: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    whole = table(n)
    last = whole.groupby("unique_id").cumcount(ascending=False) < ahead
    return whole[~last].reset_index(drop=True), whole[last].reset_index(drop=True)


def test_it_equals_fitting_each_series_alone():
    past, ahead = split()
    made = PerSeries(MODEL).fit(past).predict(future=ahead, levels=[80])
    parts = []
    for key in ("south", "north", "west"):
        own, its = past[past.unique_id == key], ahead[ahead.unique_id == key]
        parts.append(LagForecaster(**MODEL.get_params(deep=False)).fit(own).predict(future=its, levels=[80]).to_frame())
    pd.testing.assert_frame_equal(made.to_frame(), pd.concat(parts, ignore_index=True), check_exact=True)
    paths = made.sample(20)
    assert len(paths) == 3 * 20 * 3
    assert list(paths.unique_id.unique()) == ["south", "north", "west"]


def test_opposite_effects_are_learnt_apart_where_a_common_model_learns_none():
    past, ahead = split()
    alone, common = (m.fit(past).predict(future=ahead).to_frame() for m in (PerSeries(MODEL), MODEL))
    errors = [np.abs(made["mean"] - ahead["y"]).mean() for made in (alone, common)]
    assert errors[0] < 0.5 * errors[1]


def test_update_takes_in_rows_and_learns_new_series():
    past, ahead = split()
    model = PerSeries(MODEL).fit(past[past.unique_id != "west"])
    model.update(pd.concat([ahead[ahead.unique_id == "north"], past[past.unique_id == "west"]]))
    assert list(model.forecasters_) == ["north", "south", "west"]
    assert len(model.forecasters_["north"].panel_.values) == 120
    assert len(model.forecasters_["south"].panel_.values) == 117
    shown = model.predict(1, future=table(130), ids=["west", "north"]).to_frame()
    assert shown.unique_id.tolist() == ["west", "north"]


def test_what_is_wrong_with_several_series_is_told_at_once():
    past, ahead = split()
    with pytest.raises(DataError) as told:
        PerSeries(MODEL).fit(past).update(ahead[ahead.ds > ahead.ds.min()])
    for key in ("north", "south", "west"):
        assert f"series '{key}' goes on at" in str(told.value)
    with pytest.raises(DataError) as told:
        PerSeries(MODEL).fit(past.groupby("unique_id").head(8))
    assert str(told.value).count("only") == 1 or "series 'north'" in str(told.value)
    with pytest.raises(DataError, match="future: the recipe reads 'x'"):
        PerSeries(MODEL).fit(past).predict()
    with pytest.raises(DataError, match="series 'north' has no rows"):
        PerSeries(MODEL).fit(past).predict(future=ahead[ahead.unique_id != "north"])
    with pytest.raises(HexadError, match="no history is known of the series 'east'"):
        PerSeries(MODEL).fit(past).predict(future=ahead, ids=["east"])


def test_a_table_without_keys_is_one_series():
    past, ahead = split()
    own = past[past.unique_id == "west"].drop(columns="unique_id")
    its = ahead[ahead.unique_id == "west"].drop(columns="unique_id")
    made = PerSeries(MODEL).fit(own).predict(future=its).to_frame()
    assert list(made.columns) == ["ds", "mean", "median"]
    with pytest.raises(DataError):
        PerSeries(MODEL).fit(own).update(ahead)


@pytest.mark.parametrize("inner", [SeasonalNaive("1D"), Drift()])
def test_baselines_come_out_as_they_are(inner):
    past, _ = split()
    ours, its = (m.fit(past).predict(3).to_frame() for m in (PerSeries(inner), inner))
    pd.testing.assert_frame_equal(ours, its, check_exact=True)


@pytest.mark.parametrize("forecaster", [SeasonalNaive(7), LagForecaster(recipe=Recipe((1, 7)), horizon=2)])
def test_a_short_series_among_others_is_forecast_by_its_last_value_and_named(forecaster):
    """B3."""
    days = pd.date_range("2024-01-01", periods=60)
    long = pd.DataFrame({"unique_id": "long", "ds": days, "y": np.arange(60) % 7 + 1.0})
    short = pd.DataFrame({"unique_id": "short", "ds": days[:3], "y": [1.0, 2.0, 5.0]})
    model = PerSeries(forecaster).fit(pd.concat([long, short]))
    made = model.predict(2, levels=[80])
    assert made.one("short")["mean"].tolist() == [5.0, 5.0]
    assert sum("1 series ('short') is too short" in note for note in made.notes) == 1
    assert made.one("long")["mean"].tolist() == PerSeries(forecaster).fit(long).predict(2).one("long")["mean"].tolist()
    later = pd.DataFrame({"unique_id": "new", "ds": days[:2], "y": [3.0, 4.0]})
    assert model.update(later).predict(2).one("new")["mean"].tolist() == [4.0, 4.0]
    with pytest.raises(DataError, match=r"shorter than the 7 rows|only 0 rows have all features"):
        PerSeries(forecaster).fit(short)
