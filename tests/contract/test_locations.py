"""What fits on points keeps to scikit-learn's habits: settings are only stored, clones equal, rows stay in order."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from domains.geodata import LocationFeatures, make_grid_town
from shared.data import SpatialBlocks
from shared.errors import DataError, HexadError, SettingsError

pytestmark = pytest.mark.any_pandas


@pytest.fixture(scope="module")
def town():
    return make_grid_town(12, 12, spacing=100.0)


@pytest.fixture(scope="module")
def places(town):
    nodes = town.nodes_to_frame().sample(60, random_state=0).reset_index(drop=True)
    nodes["category"] = [["food/cafe", "shop/shoes", "food/bar"][number % 3] for number in range(len(nodes))]
    return nodes


@pytest.fixture(scope="module")
def rows(town):
    rng = np.random.default_rng(1)
    lon, lat = town.projection.to_degrees(rng.uniform(-500, 500, 40), rng.uniform(-500, 500, 40))
    return pd.DataFrame({"lon": lon, "lat": lat}, index=[f"row {number}" for number in range(40)])


def test_settings_are_stored_as_they_are_and_cloned(town, places):
    model = LocationFeatures(town, places, limits=[300.0], least=5)
    assert model.get_params()["limits"] == [300.0]
    again = LocationFeatures(**model.get_params())
    assert again.network is town
    assert clone(LocationFeatures(limits=(1.0,))).limits == (1.0,)


def test_columns_are_counts_distances_and_diversity(town, places, rows):
    model = LocationFeatures(town, places, limits=[200, 400], logs=False).fit(rows)
    table = model.transform(rows)
    assert list(table.index) == list(rows.index)
    assert model.get_feature_names_out().tolist() == list(table.columns)
    assert (table["food_within_200"] <= table["food_within_400"]).all()
    both = table["food_within_400"] + table["shop_within_400"]
    pd.testing.assert_series_equal(both, table["all_within_400"], check_names=False)
    assert table["diversity_0_400"].max() == 2


def test_each_row_is_measured_by_itself_in_any_order_and_with_any_number_of_threads(town, places, rows):
    model = LocationFeatures(town, places).fit(rows)
    whole = model.transform(rows)
    turned = model.transform(rows.iloc[::-1]).iloc[::-1]
    pd.testing.assert_frame_equal(whole, turned)
    alone = model.transform(rows.iloc[[7]])
    pd.testing.assert_frame_equal(whole.iloc[[7]], alone)
    threads = LocationFeatures(town, places, n_jobs=2).fit(rows).transform(rows)
    pd.testing.assert_frame_equal(whole, threads)


def test_the_rows_that_are_fitted_on_change_nothing(town, places, rows):
    one = LocationFeatures(town, places).fit(rows.iloc[:5]).transform(rows)
    other = LocationFeatures(town, places).fit(rows.iloc[20:]).transform(rows)
    pd.testing.assert_frame_equal(one, other)


def test_location_carries_a_price_that_depends_on_it_over_spatial_blocks(town, places):
    rng = np.random.default_rng(2)
    lon, lat = town.projection.to_degrees(rng.uniform(-540, 540, 300), rng.uniform(-540, 540, 300))
    table = pd.DataFrame({"lon": lon, "lat": lat})
    truth = LocationFeatures(town, places, limits=[300], logs=False).fit_transform(table)["food_within_300"]
    price = 100 + 10 * np.log1p(truth) + rng.normal(0, 1, len(table))
    model = make_pipeline(LocationFeatures(town, places, limits=[300]), Ridge())
    scores = cross_val_score(model, table, price, cv=SpatialBlocks(300, n_splits=4), scoring="r2")
    assert scores.mean() > 0.8


@pytest.mark.parametrize("settings", [{}, {"network": "town"}])
def test_without_network_or_places_it_says_what_it_needs(settings, rows):
    with pytest.raises(SettingsError, match="needs a network and places"):
        LocationFeatures(**settings).fit(rows)


def test_wrong_rows_are_told(town, places, rows):
    with pytest.raises(DataError, match="no column of longitude"):
        LocationFeatures(town, places).fit(rows.rename(columns={"lon": "a"}))
    with pytest.raises(HexadError, match="places is empty"):
        LocationFeatures(town, places.iloc[:0]).fit(rows)
    model = LocationFeatures(town, places).fit(rows)
    with pytest.raises(DataError, match="values? (is|are) missing"):
        model.transform(rows.assign(lat=np.nan))
