import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.ensemble import IsolationForest
from sklearn.model_selection import KFold, StratifiedKFold

from domains.anomaly import AnomalyDetector, DetectionTask, ForestDetector
from shared.data.splits import Split
from shared.errors import DataError, SettingsError
from shared.evaluation import compare, evaluate


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    odd = np.zeros(400, dtype=int)
    odd[::20] = 1
    X = rng.normal(size=(400, 3)) + 4.0 * odd[:, None] * rng.choice([-1, 1], size=(400, 3))
    return pd.DataFrame(X, columns=["a", "b", "c"]).assign(anomaly=odd)


def test_detectors_are_compared_by_what_they_find(table):
    scores = evaluate(
        {"forest": ForestDetector(random_state=0), "default": AnomalyDetector(random_state=0)},
        table,
        KFold(4, shuffle=True, random_state=0),
        ["roc_auc", "average_precision"],
        task=DetectionTask(),
        baselines={"peer": IsolationForest(random_state=0)},
    )
    means = scores.summary() if callable(getattr(scores, "summary", None)) else scores.to_frame()
    assert scores.guarded
    assert "roc_auc" in str(means)
    assert compare(scores, "default", "peer", metric="roc_auc").explain()


def test_no_detector_sees_the_label(table):
    class Seer(OutlierMixin, BaseEstimator):
        def fit(self, X, y=None):
            assert list(X.columns) == ["a", "b", "c"]
            assert y is None
            return self

        def score_samples(self, X):
            assert list(X.columns) == ["a", "b", "c"]
            return np.zeros(len(X))

    split = next(iter(KFold(2).split(table)))
    predictions, _ = DetectionTask().run(Seer(), table, [Split(0, *split)])
    assert list(predictions.columns) == ["split", "y", "score", "predicted"]
    assert len(predictions) == 200


def test_clean_means_that_odd_rows_are_not_learnt_from(table):
    class Counter(OutlierMixin, BaseEstimator):
        def fit(self, X, y=None):
            self.n_ = len(X)
            seen.append(self.n_)
            return self

        def score_samples(self, X):
            return np.zeros(len(X))

    seen: list[int] = []
    split = [Split(0, np.arange(200), np.arange(200, 400))]
    DetectionTask().run(Counter(), table, split)
    DetectionTask(clean=True).run(Counter(), table, split)
    assert seen == [200, 190]


def test_labels_of_two_kinds_are_needed(table):
    split = KFold(2)
    models = {"forest": ForestDetector(random_state=0)}
    base = {"peer": IsolationForest(random_state=0)}
    with pytest.raises(DataError, match=r"column 'fraud': is missing; the table has 'a', 'b', 'c', 'anomaly'"):
        evaluate(models, table, split, ["roc_auc"], task=DetectionTask("fraud"), baselines=base)
    with pytest.raises(DataError, match="has 1 value, and 0 rows without one"):
        evaluate(models, table.assign(anomaly=0), split, ["roc_auc"], task=DetectionTask(), baselines=base)


def test_test_sets_of_one_kind_are_told_before_any_work(table):
    ordered = table.sort_values("anomaly").reset_index(drop=True)
    with pytest.raises(DataError, match=r"in 3 of 4 splits every test row has the same label: 0, 1, 2"):
        evaluate(
            {"forest": ForestDetector(random_state=0)},
            ordered,
            KFold(4),
            ["roc_auc"],
            task=DetectionTask(),
            baselines={"peer": IsolationForest(random_state=0)},
        )


def test_names_are_names():
    assert DetectionTask("fraud", features="amount").features == ("amount",)
    with pytest.raises(SettingsError, match="features: names are text"):
        DetectionTask("fraud", features=[3])


def test_the_value_of_odd_rows_can_be_named_and_the_wrong_one_is_asked_about(table):
    split = [Split(0, np.arange(200), np.arange(200, 400))]
    named = table.assign(anomaly=np.where(table["anomaly"] == 1, "fraud", "ok"))
    with pytest.raises(
        DataError, match=r"column 'anomaly': 'ok' would stand for odd rows, and is in 95 % .* odd=\"fraud\""
    ):
        DetectionTask().run(ForestDetector(random_state=0), named, split)
    first, _ = DetectionTask(odd="fraud").run(ForestDetector(random_state=0), named, split)
    second, _ = DetectionTask().run(ForestDetector(random_state=0), table, split)
    pd.testing.assert_frame_equal(first, second)
    with pytest.raises(DataError, match=r"never is 'odd'; it is 'fraud', 'ok'"):
        DetectionTask(odd="odd").run(ForestDetector(random_state=0), named, split)
    kinds = named.assign(anomaly=named["anomaly"].astype("category"))
    assert DetectionTask(odd="fraud").run(ForestDetector(random_state=0), kinds, split)[0]["y"].sum() == 10


def test_stratified_splits_keep_the_share_of_odd_rows(table):
    scores = evaluate(
        {"forest": ForestDetector(n_trees=5, random_state=0)},
        table.assign(anomaly=table["anomaly"].map({0: "no", 1: "yes"})),
        StratifiedKFold(5, shuffle=True, random_state=0),
        ["roc_auc"],
        task=DetectionTask(),
        baselines={"peer": IsolationForest(n_estimators=5, random_state=0)},
    )
    counts = scores.predictions[scores.predictions["model"] == "forest"].groupby("split")["y"].sum()
    assert counts.tolist() == [4] * 5


def test_features_that_are_not_there_are_told(table):
    with pytest.raises(DataError, match="column 'bb'.*is missing"):
        evaluate(
            {"forest": ForestDetector()},
            table,
            KFold(2),
            ["roc_auc"],
            task=DetectionTask(features=("a", "bb")),
            baselines={"peer": IsolationForest()},
        )
