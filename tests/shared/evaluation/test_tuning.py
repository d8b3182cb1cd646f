"""Settings chosen by trying them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import KFold

from domains.timeseries import LagForecaster, Recipe
from shared.data import WalkForward
from shared.errors import HexadError, SettingsError
from shared.evaluation import tune
from tests.shared.evaluation.test_task import DetectionTask, Distance, rows

FOLDS = KFold(3, shuffle=True, random_state=0)


def test_the_best_setting_is_found_by_either_search():
    for search in ("coordinate", "grid"):
        found = tune(Distance(0), {"column": [0, 1]}, rows(), FOLDS, "roc_auc", search=search)
        assert found.settings == {"column": 1}
        assert found.best.column == 1
        assert not hasattr(found.best, "mean_")
        assert found.to_frame()["roc_auc"].idxmax() == found.frame["column"].tolist().index(1)
        assert "2 combinations of column were tried; the best has column=1, with roc_auc 0.9" in found.explain()


def test_losses_are_turned_and_several_metrics_summed():
    table = pd.DataFrame({"ds": range(120), "y": [float(i % 7) for i in range(120)]})
    walk = WalkForward(7, every=7, n_splits=3)
    grid = {"recipe": [Recipe((1,)), Recipe((7,))]}
    found = tune(LagForecaster(recipe=Recipe((1,)), horizon=7), grid, table, walk, ["mae", "rmse"])
    assert found.best.recipe.lags == (7,)
    row = found.frame.iloc[int(found.frame["judged by"].argmax())]
    assert row["judged by"] == pytest.approx(-row["mae"] - row["rmse"])


def test_a_coordinate_search_tries_less_than_all_and_nothing_twice():
    tried = []

    class Spy(Distance):
        def __init__(self, column=None, power=1.0, shift=0.0):
            super().__init__(column)
            self.power = power
            self.shift = shift

        def fit(self, X, y=None):
            tried.append((self.column, self.power, self.shift))
            return super().fit(X)

    grid = {"column": [0, 1], "power": [1.0, 2.0, 3.0], "shift": [0.0, 1.0]}
    found = tune(Spy(0), grid, rows(), FOLDS, "roc_auc", task=DetectionTask(), rounds=3)
    assert len(found.frame) < 12
    assert len(tried) == 3 * len(set(tried)) == 3 * len(found.frame)
    assert not found.frame.duplicated(list(grid)).any()


def test_workers_change_nothing():
    one, two = (tune(Distance(0), {"column": [0, 1, None]}, rows(), FOLDS, "roc_auc", n_jobs=n) for n in (1, 2))
    pd.testing.assert_frame_equal(one.frame, two.frame)


def test_of_equals_the_first_stays():
    found = tune(Distance(1), {"column": [1, np.int64(1)]}, rows(), FOLDS, "roc_auc", search="grid")
    assert type(found.best.column) is int


@pytest.mark.parametrize(
    ("grid", "metric", "text"),
    [
        ({}, "roc_auc", "nothing to try"),
        ({"depth": [1]}, "roc_auc", "Distance has no setting 'depth'; it has column"),
        ({"column": 1}, "roc_auc", "give a list of values for 'column'"),
        ({"column": []}, "roc_auc", "give a list of values for 'column'"),
        ({"column": [1]}, "coverage-90", "neither more nor less of 'coverage-90' is better"),
    ],
)
def test_what_cannot_be_chosen_is_refused(grid, metric, text):
    with pytest.raises(SettingsError, match=text):
        tune(Distance(), grid, rows(), FOLDS, metric)


def test_an_unknown_search_is_refused():
    with pytest.raises(SettingsError, match="neither 'coordinate' nor 'grid'"):
        tune(Distance(), {"column": [1]}, rows(), FOLDS, "roc_auc", search="random")


def test_models_without_a_task_need_one():
    from sklearn.ensemble import IsolationForest

    with pytest.raises(HexadError, match="'IsolationForest' do not say"):
        tune(IsolationForest(), {"n_estimators": [5]}, rows(), FOLDS, "roc_auc")
