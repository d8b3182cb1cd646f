import itertools
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from domains.optimization import EvolutionarySelector, Selection
from domains.optimization.evolution.selector import _Moments
from shared.errors import HexadError, SettingsError


def planted(seed=0, rows=150, columns=12, noise=0.3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns)) * 10.0 ** rng.uniform(-3, 3, columns) + rng.normal(size=columns) * 5
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    return X, Z[:, 1] - 2 * Z[:, 4] + Z[:, 7] + noise * rng.normal(size=rows)


def small(estimator=None, **more):
    return EvolutionarySelector(estimator, **({"evaluations": 300, "population": 20} | more))


@pytest.mark.parametrize("seed", range(4))
def test_a_planted_truth_is_found(seed):
    X, y = planted(seed)
    selector = EvolutionarySelector(evaluations=600, population=30, random_state=seed, penalty=0.005).fit(X, y)
    assert selector.get_support(indices=True).tolist() == [1, 4, 7]
    assert selector.selection_.skilled
    table = selector.selection_.table
    assert (table["frequency"][table["selected"]] >= 5 / 6).all()
    assert selector.selection_.outer == pytest.approx(6 / 6.09, abs=0.02)
    np.testing.assert_array_equal(selector.transform(X), X[:, [1, 4, 7]])


def test_the_choice_is_the_best_of_all_subsets():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(60, 6))
    X[:, 3] = X[:, 0] + 0.5 * rng.normal(size=60)
    y = X @ [0.5, 0.3, 0.0, 0.4, 0.1, -0.2] + rng.normal(size=60)
    folds = list(KFold(5, shuffle=True, random_state=0).split(X))

    def score(chosen):
        found = []
        for train, test in folds:
            error = y[test] - LinearRegression().fit(X[train][:, chosen], y[train]).predict(X[test][:, chosen])
            found.append(1 - (error**2).sum() / ((y[test] - y[train].mean()) ** 2).sum())
        return np.mean(found) - 0.001 * len(chosen)

    every = [list(one) for size in range(1, 7) for one in itertools.combinations(range(6), size)]
    best = max(every, key=score)
    selector = small(outer=0).fit(X, y)
    assert selector.get_support(indices=True).tolist() == best
    assert selector.selection_.inner == pytest.approx(score(best) + 0.001 * len(best), abs=1e-3)


@pytest.mark.parametrize("columns", [1, 4])
def test_moments_agree_with_a_plain_loop(columns):
    X, y = planted(3, rows=40, columns=12)
    target = np.column_stack([y, -(y**2)])[:, :1]
    folds = list(KFold(4).split(X))
    masks = np.random.default_rng(0).random((30, 12)) < columns / 12
    got = _Moments(X, target, folds).scores(masks)
    for mask, value in zip(masks, got, strict=True):
        found = []
        for train, test in folds:
            size = X[train].std(axis=0)
            Z = (X[:, mask] - X[train][:, mask].mean(axis=0)) / size[mask]
            guess = y[train].mean()
            if mask.any():
                guess = guess + Ridge(alpha=1e-3 * len(train), fit_intercept=False).fit(
                    Z[train], y[train] - guess
                ).predict(Z[test])  # fmt: skip
            found.append(1 - ((y[test] - guess) ** 2).sum() / ((y[test] - y[train].mean()) ** 2).sum())
        assert value == pytest.approx(np.mean(found), abs=1e-9)


def test_outer_scores_never_see_the_search():
    """Each is that of a search on the training rows alone, on rows that it did not have."""
    X, y = planted(1, rows=80)
    X[:, 10] = y + 0.1 * np.random.default_rng(0).normal(size=80)
    selector = small(outer=4, random_state=2).fit(X, y)
    folds = list(KFold(4, shuffle=True, random_state=2).split(X))
    assert len(selector.outer_scores_) == 4
    for turn, (train, test) in enumerate(folds, 1):
        mask, _ = small(random_state=2)._search(X[train], y[train], y[train, None], turn)
        size = X[train].std(axis=0)
        Z = ((X - X[train].mean(axis=0)) / size)[:, mask]
        model = Ridge(alpha=1e-3 * len(train)).fit(Z[train], y[train])
        error = y[test] - model.predict(Z[test])
        told = 1 - (error**2).sum() / ((y[test] - y[train].mean()) ** 2).sum()
        assert selector.outer_scores_[turn - 1] == pytest.approx(told, abs=1e-9)
    # What the test rows hold changes nothing of what is chosen without them.
    train, test = folds[0]
    other = y.copy()
    other[test] = np.random.default_rng(1).permutation(other[test])
    again, _ = small(random_state=2)._search(X[train], other[train], other[train, None], 1)
    first, _ = small(random_state=2)._search(X[train], y[train], y[train, None], 1)
    np.testing.assert_array_equal(again, first)
    assert small(outer=4, random_state=2).fit(X, other).outer_scores_[0] < selector.outer_scores_[0] - 0.3


def test_a_copy_of_the_target_is_chosen_alone():
    X, y = planted(2)
    X[:, 9] = 3 * y - 1
    selector = small().fit(X, y)
    assert selector.get_support(indices=True).tolist() == [9]
    assert selector.selection_.outer > 0.999


@pytest.mark.parametrize("kind", ["numbers", "classes"])
def test_noise_promises_nothing(kind):
    promised, inner = 0, []
    for seed in range(10):
        rng = np.random.default_rng(1000 + seed)
        X, y = rng.normal(size=(200, 20)), rng.normal(size=200)
        found = small(random_state=seed).fit(X, y if kind == "numbers" else np.where(y > 0, "yes", "no")).selection_
        promised += found.skilled
        inner.append(found.inner)
        assert ("no skill is shown" in found.explain()) is not found.skilled
        assert found.nothing == 0
        assert "of no predictor" not in found.explain()
    assert promised <= 2
    assert min(inner) > 0, "the score that chose is too good"


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_noise_promises_nothing_of_an_estimator(share):
    """Half of all answers are right by chance, or nine of ten: that is no skill."""
    promised = 0
    for seed in range(2):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(120, 3)), np.where(rng.random(120) < share, "yes", "no")
        found = small(LogisticRegression(), evaluations=10, population=4, cv=3, random_state=seed).fit(X, y).selection_
        promised += found.skilled
        assert found.nothing == pytest.approx(max((y == "yes").mean(), (y == "no").mean()), abs=0.02)
        assert f"of no predictor at all {found.nothing:.3f}" in found.explain()
    assert promised == 0


def test_scores_below_zero_are_set_against_no_predictor():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 4))
    y = 3 * X[:, 1] + 2 * X[:, 2] + rng.normal(size=100)
    found = small(Ridge(), scoring="neg_mean_squared_error", evaluations=20, population=4, cv=3).fit(X, y)
    assert found.get_support(indices=True).tolist() == [1, 2]
    assert found.selection_.outer == pytest.approx(-1, abs=0.4)
    assert found.selection_.nothing == pytest.approx(-14, abs=3)
    assert found.selection_.skilled


def test_an_estimator_is_scored_as_it_is():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(60, 4))
    label = np.where(X[:, 1] - 2 * X[:, 3] + rng.normal(size=60) > 0, "up", "down")
    model = make_pipeline(StandardScaler(), LogisticRegression())
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    for scoring, name in ((None, "accuracy"), ("roc_auc", "roc_auc")):
        selector = small(model, scoring=scoring, evaluations=12, population=6, cv=3, outer=3).fit(X, label)
        told = cross_val_score(
            model, X[:, selector.support_], label, cv=list(folds.split(X, label)), scoring=name
        ).mean()
        assert selector.selection_.inner == pytest.approx(told)
        assert selector.support_[3]
        assert not hasattr(model[0], "mean_"), "the estimator that is given is not fitted"
    every = [np.array(one) for one in itertools.product([False, True], repeat=4) if any(one)]
    best = max(
        cross_val_score(model, X[:, one], label, cv=list(folds.split(X, label)), scoring="roc_auc").mean()
        - 0.001 * one.sum()
        for one in every
    )
    assert selector.selection_.inner - 0.001 * selector.support_.sum() == pytest.approx(best)


def test_a_rare_class_is_in_all_training_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    label = np.where(np.arange(90) < 3, "rare", "common")
    X[:3, 1] += 8
    for seed in range(2):
        selector = small(LogisticRegression(), evaluations=10, population=4, cv=3, outer=3, random_state=seed)
        assert selector.fit(X, label).get_support(indices=True).tolist() == [1]
        assert np.isfinite(selector.outer_scores_).all()


def test_estimators_of_numbers_and_functions_that_score():
    X, y = planted(6, rows=60, columns=8)
    y = y / y.std()

    def scoring(model, X, y):
        return r2_score(y, model.predict(X))

    one = small(Ridge(1e-6), evaluations=24, population=8, cv=3, outer=3)
    two = clone(one).set_params(scoring=scoring)
    assert one.fit(X, y).selection_.outer == pytest.approx(two.fit(X, y).selection_.outer)
    assert one.support_[[1, 4, 7]].all()
    assert one.selection_.nothing == pytest.approx(0, abs=0.2)
    assert one.selection_.nothing <= 0


def test_frames_keep_their_names():
    X, y = planted(0, columns=8)
    frame = pd.DataFrame(X, columns=[f"c{i}" for i in range(8)], index=np.arange(150) * 3)
    selector = small(penalty=0.005).fit(frame, pd.Series(y, index=frame.index))
    assert selector.get_feature_names_out().tolist() == ["c1", "c4", "c7"]
    assert selector.selection_.table.index.tolist() == list(frame.columns)
    assert selector.selection_.to_frame().index.name == "predictor"
    shown = selector.set_output(transform="pandas").transform(frame)
    assert shown.columns.tolist() == ["c1", "c4", "c7"]
    assert (shown.index == frame.index).all()
    with pytest.raises(ValueError, match="feature names"):
        selector.transform(frame.rename(columns={"c0": "z"}))


@pytest.mark.parametrize("names", [["no", "yes"], ["a", "b", "c"], [0, 1], [False, True]])
def test_classes_of_any_name(names):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 6))
    place = np.digitize(X[:, 2] - X[:, 5], [0] if len(names) == 2 else [-0.7, 0.7])
    selector = small(penalty=0.005).fit(X, np.array(names)[place])
    assert selector.get_support(indices=True).tolist() == [2, 5]
    assert selector.selection_.skilled
    other = small(penalty=0.005).fit(X, np.array([f"class {i}" for i in range(len(names))])[place])
    np.testing.assert_allclose(selector.outer_scores_, other.outer_scores_)


def test_one_seed_one_result():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 15)), rng.normal(size=60)
    one, same, other = (small(random_state=seed, evaluations=60).fit(X, y) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.support_, same.support_)
    np.testing.assert_array_equal(one.outer_scores_, same.outer_scores_)
    pd.testing.assert_frame_equal(one.selection_.table, same.selection_.table)
    assert not np.array_equal(one.outer_scores_, other.outer_scores_)


def test_nothing_is_judged_where_that_is_asked_for_or_rows_are_few():
    X, y = planted()
    for selector in (small(outer=0).fit(X, y), small(outer=None).fit(X, y), small().fit(X[:5], y[:5])):
        assert len(selector.outer_scores_) == 0
        assert np.isnan([selector.selection_.outer, selector.selection_.low, selector.selection_.high]).all()
        assert not selector.selection_.skilled
        assert "too few rows" in selector.selection_.explain()
        assert set(selector.selection_.table["frequency"]) <= {0.0, 1.0}
    assert small().fit(X[:2], y[:2]).support_.sum() >= 1
    two = small(outer=2).fit(X, y)
    assert len(two.outer_scores_) == 2
    assert np.isnan(two.selection_.outer)


def test_splitters_are_taken_as_they_are():
    X, y = planted()
    given = small(cv=TimeSeriesSplit(3), outer=KFold(4)).fit(X, y)
    assert len(given.outer_scores_) == 4
    assert len(small(outer=list(KFold(3).split(X))).fit(X, y).outer_scores_) == 3


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 + 0.3, "a", True])
def test_a_target_without_variety_shows_no_skill(value):
    X = np.random.default_rng(0).normal(size=(30, 4))
    found = small().fit(X, np.full(30, value)).selection_
    assert not found.skilled
    assert found.inner == found.outer == 0
    assert "no skill is shown" in found.explain()


def test_constant_columns_and_copies_are_left_out():
    X, y = planted()
    wide = np.column_stack([np.full(150, 3.0), X, np.zeros(150), np.full(150, 0.1), X[:, 1]])
    selector = small(evaluations=800, penalty=0.005).fit(wide, y)
    chosen = set(selector.get_support(indices=True))
    assert chosen in ({2, 5, 8}, {15, 5, 8})
    only = small().fit(np.ones((30, 3)), y[:30])
    assert only.support_.sum() == 1
    assert not only.selection_.skilled


def test_something_is_always_kept_and_one_column_will_do():
    rng = np.random.default_rng(3)
    for columns in (1, 5):
        selector = small(penalty=0.5).fit(rng.normal(size=(50, columns)), rng.normal(size=50))
        assert selector.support_.sum() == 1
        assert selector.selection_.explain().startswith(f"1 of {columns} predictors are chosen")


@pytest.mark.parametrize(
    "wrong",
    [{"evaluations": 9}, {"evaluations": 50.5}, {"population": 3}, {"cv": 1}, {"outer": 1}, {"outer": -3},
     {"random_state": None}, {"random_state": -1}, {"penalty": -0.1}, {"penalty": np.nan}],
)  # fmt: skip
def test_wrong_settings_are_told(wrong):
    X, y = planted()
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        EvolutionarySelector(**wrong).fit(X, y)


def test_wrong_rows_are_told():
    X, y = planted()
    with pytest.raises(ValueError, match="minimum of 2"):
        small().fit(X[:1], y[:1])
    with pytest.raises(ValueError, match="inconsistent"):
        small().fit(X, y[:-1])
    for value in (np.nan, np.inf):
        X[3, 2] = value
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            small().fit(X, y)
    assert issubclass(SettingsError, HexadError)


def test_wide_tables_take_memory_in_parts():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 400))
    moments = _Moments(X, X[:, :1], [(np.arange(20), np.arange(20, 30))])
    masks = rng.random((200, 400)) < 0.02
    masks[:, 0] = np.arange(200) % 2
    tracemalloc.start()
    found = moments.scores(masks)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 160e6, "all at once they are 256 MB a stack"
    np.testing.assert_allclose(found, [moments.scores(mask[None])[0] for mask in masks], atol=1e-12)


def test_sentences_say_what_is_known():
    table = pd.DataFrame({"selected": [True, True, False], "frequency": [1.0, 0.5, 0.9]})
    good, bad = Selection(table, 0.5, 0.4, 0.2, 0.6), Selection(table, 0.5, 0.4, -0.2, 0.6)
    assert good.explain() == (
        "2 of 3 predictors are chosen, 1 of them in at least four of five searches. The score that chose them is 0.500;"
        " on rows never seen it is 0.400 (0.200 to 0.600): better than no predictor at all."
    )
    assert bad.explain().endswith("0.400 (-0.200 to 0.600): no skill is shown.")
    assert not Selection(table, 0.9, 0.9, 0.8, 1.0, 0.85).skilled
    assert good.to_frame() is table
