"""The runner with a task that knows nothing of series: rows and folds, scores of two classes, other futures."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import IsolationForest
from sklearn.model_selection import KFold, ShuffleSplit

from shared.data import Incidence, Split, TimeCut
from shared.errors import HexadError
from shared.evaluation import ColumnRoles, LeakWarning, Stopwatch, Task, compare, evaluate, leakage_check
from shared.evaluation.task import make_splits, take_rows


@dataclass(frozen=True)
class DetectionTask(Task):
    """Fit on rows, score others."""

    features: tuple[str, ...] = ("a", "b")

    def run(self, model, data, splits):
        found, watch = [], Stopwatch()
        for split in splits:
            train, test = data.iloc[split.train], data.iloc[split.test]
            with watch("fit", split):
                model.fit(train[list(self.features)].to_numpy())
            with watch("predict", split):
                score = -model.score_samples(test[list(self.features)].to_numpy())
            found.append(pd.DataFrame({"split": split.label, "row": split.test, "y": test["odd"], "score": score}))
        return pd.concat(found, ignore_index=True), watch.to_frame()

    @property
    def outcomes(self):
        return ("y", "row")

    def roles(self, data):
        return ColumnRoles(y="odd", features=self.features)

    def perturb(self, data, split):
        other = data.copy()
        other.loc[other.index[split.test], "odd"] = 1 - other.loc[other.index[split.test], "odd"]
        return other, split


class Distance(BaseEstimator):
    """How far a row lies from the mean of those learnt from; blind to what it is told to leave out."""

    def __init__(self, column=None):
        self.column = column

    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self

    def score_samples(self, X):
        apart = np.abs(X - self.mean_)
        return -(apart if self.column is None else apart[:, [self.column]]).max(axis=1)

    def default_task(self):
        return DetectionTask()


def rows(n=300):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n), "odd": (rng.random(n) < 0.1).astype(int)})
    frame["b"] += 4 * frame["odd"]
    return frame


def detected(models=None, splits=None, metrics=("roc_auc", "average_precision"), **options):
    return evaluate(
        models or {"distance": Distance()}, rows(), splits or KFold(5, shuffle=True, random_state=0), metrics,
        baselines={"one column": Distance(0)}, **options,
    )  # fmt: skip


def test_detectors_are_compared_by_the_area_under_the_curve():
    scores = detected({"distance": Distance(), "forest": IsolationForest(random_state=0)})
    table = scores.table()
    assert table.loc["distance", "roc_auc"] > 0.9
    assert 0.3 < table.loc["one column", "roc_auc"] < 0.7
    assert scores.best_baseline("roc_auc") == "one column"
    assert scores.guarded
    assert "of one column, distance and forest stayed the same" in scores.explain_leaks()
    verdict = compare(scores, "distance", metric="roc_auc", unit="folds").items[0]
    assert (verdict.wins, verdict.n) == (5, 5)
    assert verdict.improvement > 0.3
    assert scores.explain().startswith("3 models were tried at 5 splits; best roc_auc: distance with 0.9")
    assert not scores.design.in_time


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_pieces_are_kept_and_workers_change_nothing(tmp_path, n_jobs):
    once, again, fresh = (detected(keep=keep, n_jobs=n_jobs) for keep in (tmp_path, tmp_path, None))
    for other in (again, fresh):
        pd.testing.assert_frame_equal(once.scores, other.scores)
        pd.testing.assert_frame_equal(once.predictions, other.predictions)


STORE = {}


class Peeks(Distance):
    """Reads the answers that lie about."""

    def score_samples(self, X):
        return -STORE["odd"][np.searchsorted(STORE["a"], X[:, 0])].astype(float)


class PeekedTask(DetectionTask):
    """Leaves the answers about."""

    def run(self, model, data, splits):
        order = np.argsort(data["a"].to_numpy())
        STORE["a"], STORE["odd"] = data["a"].to_numpy()[order], data["odd"].to_numpy()[order]
        return super().run(model, data, splits)


def test_a_model_that_reads_the_answers_is_found():
    with pytest.warns(LeakWarning, match="model 'peeks': 60 of 60 predictions change"):
        scores = detected({"peeks": Peeks()}, task=PeekedTask())
    assert scores.table().loc["peeks", "roc_auc"] == 1.0
    assert "Do not believe the scores of peeks" in scores.explain()


def test_a_column_that_holds_the_answer_is_found():
    with pytest.warns(LeakWarning, match="'b'"):
        scores = evaluate(
            {"distance": Distance()}, rows().assign(b=lambda t: 2.0 * t["odd"] + 1), KFold(3), ["roc_auc"],
            baselines={"one column": Distance(0)},
        )  # fmt: skip
    assert not scores.guarded


def test_the_leak_guard_asks_the_task_alone_too():
    split = next(iter(ShuffleSplit(1, random_state=0).split(rows())))
    assert not leakage_check(Distance(), rows(), split, y="odd").leaks


def test_a_task_that_says_nothing_of_what_is_known_is_not_called_guarded():
    class Plain(DetectionTask):
        def perturb(self, data, split):
            return None

    scores = detected(task=Plain())
    assert not scores.guarded
    assert "does not say what is known at a split" in scores.explain_leaks()


def test_a_metric_without_its_column_is_told_by_name():
    with pytest.raises(HexadError, match="mae needs the column 'mean', but the predictions have 'split', 'row', 'y'"):
        detected(metrics=["mae"])


# Splits and rows


def test_splits_of_every_kind():
    table = pd.DataFrame({"ds": [1, 2, 3, 3], "y": 1.0})
    assert [s.label for s in make_splits(KFold(2), table)] == [0, 1]
    assert [s.label for s in make_splits(TimeCut(0.6), table)] == [3]
    own = [Split("a", np.array([0]), np.array([1]))]
    assert make_splits(own, table) == own
    baskets = Incidence.from_lists([["a"], ["b"], ["c"], ["d"]])
    assert len(make_splits(KFold(4), baskets)) == 4
    assert make_splits(TimeCut(0.5), baskets)[0].test.tolist() == [2, 3]
    with pytest.raises(HexadError, match="a str is no splitter"):
        make_splits("folds", table)
    with pytest.raises(HexadError, match="made no split"):
        make_splits([], table)


def test_rows_are_taken_from_frames_arrays_and_baskets():
    assert take_rows(np.arange(6).reshape(3, 2), [2]).tolist() == [[4, 5]]
    assert take_rows(pd.Series([1, 2, 3]), [1]).tolist() == [2]
    assert take_rows(Incidence.from_lists([["a"], ["b"]]), [1]).to_lists() == [["b"]]
