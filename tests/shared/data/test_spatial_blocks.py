"""Folds of whole squares: neighbours never on both sides, rows shared out evenly, gaps kept, wrong input told."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import KFold, cross_val_score

from shared.data import SpatialBlocks
from shared.errors import DataError, HexadError, SettingsError

METRE = 1 / 111_195.08  # degrees of latitude


def make_table(n=400, seed=0, lat=60.0):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 5000, n), rng.uniform(0, 5000, n)
    return pd.DataFrame({"lon": 24.0 + x * METRE / np.cos(np.radians(lat)), "lat": lat + y * METRE, "x": x, "y": y})


def test_squares_stay_whole_and_every_row_is_tested_once():
    table = make_table()
    splits = SpatialBlocks(700, n_splits=4).splits(table)
    tested = np.concatenate([split.test for split in splits])
    assert sorted(tested) == list(range(len(table)))
    for split in splits:
        assert not set(split.train) & set(split.test)
        assert len(split.train) + len(split.test) == len(table)
    sizes = [len(split.test) for split in splits]
    assert max(sizes) - min(sizes) < 40


def test_a_gap_keeps_neighbours_out():
    table = make_table()
    for split in SpatialBlocks(1000, n_splits=4, gap=300).splits(table):
        train, test = table.iloc[split.train][["x", "y"]].to_numpy(), table.iloc[split.test][["x", "y"]].to_numpy()
        far = np.sqrt(((train[:, None] - test[None]) ** 2).sum(axis=2)).min(axis=1)
        assert far.min() > 295


def test_same_seed_same_folds_another_seed_others():
    table = make_table()
    one, other, third = (
        [split.test.tolist() for split in SpatialBlocks(500, random_state=seed).splits(table)] for seed in (0, 0, 1)
    )
    assert one == other != third


def test_across_the_180th_meridian_neighbours_stay_together():
    table = pd.DataFrame({"lon": [179.9995, -179.9995, 179.0, -179.0], "lat": 0.0})
    for split in SpatialBlocks(2000, n_splits=2).splits(table):
        assert (0 in split.test) == (1 in split.test)


class Nearest(RegressorMixin, BaseEstimator):
    """Predicts what the nearest row had: it knows neighbours, and nothing else."""

    def fit(self, X, y):
        self.X_, self.y_ = X[["x", "y"]].to_numpy(), np.asarray(y)
        return self

    def predict(self, X):
        far = ((X[["x", "y"]].to_numpy()[:, None] - self.X_[None]) ** 2).sum(axis=2)
        return self.y_[far.argmin(axis=1)]


def test_folds_at_random_flatter_a_model_that_only_knows_neighbours():
    table = make_table(600)
    rng = np.random.default_rng(3)
    towns = rng.normal(size=(6, 6))
    level = towns[(table["x"] // 850).astype(int).clip(0, 5), (table["y"] // 850).astype(int).clip(0, 5)]
    flattered = cross_val_score(Nearest(), table, level, cv=KFold(5, shuffle=True, random_state=0)).mean()
    honest = cross_val_score(Nearest(), table, level, cv=SpatialBlocks(1700, n_splits=5)).mean()
    assert flattered > 0.6 > honest + 0.3


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"size": 0}, "size=0"),
        ({"gap": -1}, "gap=-1"),
        ({"n_splits": 1}, "n_splits=1"),
        ({"random_state": -1}, "random_state"),
    ],
)
def test_wrong_settings_are_told(settings, told):
    with pytest.raises(SettingsError, match=told):
        SpatialBlocks(**settings).splits(make_table())


def test_wrong_tables_are_told():
    with pytest.raises(DataError, match="column 'lon': is missing; the table has 'a', 'lat'"):
        SpatialBlocks().splits(pd.DataFrame({"a": [1.0], "lat": [2.0]}))
    with pytest.raises(DataError, match=r"column 'lat': 1 values? .*degrees \(row 2\)"):
        SpatialBlocks().splits(pd.DataFrame({"lon": [1.0, 2.0], "lat": [2.0, 99.0]}))
    with pytest.raises(HexadError, match="fill 1 squares of 1e"):
        SpatialBlocks(1e6).splits(make_table())
    with pytest.raises(HexadError, match="leaves no row to learn from"):
        SpatialBlocks(2500, n_splits=2, gap=1e6).splits(make_table())
