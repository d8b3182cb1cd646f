import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from domains.anomaly import ForestDetector
from domains.anomaly.forest.kernels import mean_path
from shared.errors import HexadError, SettingsError
from tests.domains.anomaly import plain

pytestmark = pytest.mark.any_pandas

CUTS = ["axis", "extended", "fair_cut"]


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(size=(600, 5)), rng.normal(6, 1, size=(20, 5))])


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("n_rows", [1, 7, 8, 9, 17, 100])
def test_walks_are_those_of_a_plain_loop(X, cuts, n_rows):
    forest = ForestDetector(cuts, n_trees=10, random_state=0).fit(X)
    paths = plain.path_sums(forest, X[:n_rows])
    expected = -(2.0 ** (-paths / (10 * forest.mean_path_)))
    np.testing.assert_allclose(forest.score_samples(X[:n_rows]), expected, rtol=1e-13)


def test_the_mean_path_is_that_of_the_paper():
    # c(n) = 2 H(n - 1) - 2 (n - 1) / n, with harmonic numbers by their limit, as in the authors' own code
    assert mean_path(1) == 0.0
    assert mean_path(2) == 1.0
    assert mean_path(256) == pytest.approx(2 * (np.log(255) + np.euler_gamma) - 2 * 255 / 256)


@pytest.mark.parametrize("settings", [{}, {"max_samples": 37}, {"n_estimators": 7}, {"max_samples": 620}])
def test_the_trees_of_scikit_learn_give_its_scores(X, settings):
    peer = IsolationForest(random_state=1, **settings).fit(X)
    ours = ForestDetector.from_sklearn(peer, X)
    assert np.abs(ours.score_samples(X) - peer.score_samples(X)).max() < 1e-12


def test_a_value_on_a_cut_goes_where_scikit_learn_sends_it():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, size=(500, 3)) / 3.0
    peer = IsolationForest(random_state=0).fit(X)
    ours = ForestDetector.from_sklearn(peer, X)
    cuts = np.concatenate([tree.tree_.threshold[tree.tree_.feature == 0] for tree in peer.estimators_])
    rows = np.repeat(cuts[:, None], 3, axis=1)
    assert np.abs(ours.score_samples(rows) - peer.score_samples(rows)).max() < 1e-12


def test_what_is_no_such_forest_is_refused(X):
    with pytest.raises(HexadError, match="a fitted IsolationForest, not a IsolationForest|IsolationForest"):
        ForestDetector.from_sklearn(IsolationForest(), X)
    with pytest.raises(HexadError, match=r"max_features=1\.0"):
        ForestDetector.from_sklearn(IsolationForest(max_features=0.5, random_state=0).fit(X), X)


@pytest.mark.parametrize("cuts", CUTS)
def test_reasons_add_up_to_the_score(X, cuts):
    forest = ForestDetector(cuts, random_state=0).fit(X)
    parts = forest.explain_paths(X)
    np.testing.assert_allclose(parts.sum(axis=1), np.log2(-forest.score_samples(X)), atol=1e-9)
    np.testing.assert_allclose(forest.explain(X).sum(axis=1), forest.evidence(X), atol=1e-9)


@pytest.mark.parametrize("cuts", CUTS)
def test_the_column_that_is_odd_has_the_largest_part(X, cuts):
    forest = ForestDetector(cuts, n_trees=300, random_state=0).fit(X[:600])
    rows = np.zeros((5, 5))
    rows[np.arange(5), np.arange(5)] = 9.0
    assert forest.explain(rows).argmax(axis=1).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("cuts", CUTS)
def test_a_small_group_far_off_is_found(X, cuts):
    scores = ForestDetector(cuts, random_state=0).fit(X).score_samples(X)
    assert set(np.argsort(scores)[:20]) == set(range(600, 620))


def test_fair_cuts_fall_between_two_groups():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 0.1, size=(128, 1)), rng.normal(10, 0.1, size=(128, 1))])
    forest = ForestDetector("fair_cut", n_trees=20, random_state=0).fit(X)
    assert ((forest.cut_[:, 0] > 1) & (forest.cut_[:, 0] < 9)).all()


def test_rows_are_judged_by_trees_that_did_not_see_them(X):
    forest = ForestDetector(n_trees=5, max_samples=300, random_state=0).fit(X)
    # A row far from all others has a shorter path in trees that did not see it than in those that isolate it.
    rng = np.random.default_rng(forest_seed := np.random.RandomState(0).randint(np.iinfo(np.int32).max))
    assert isinstance(forest_seed, int)
    samples = [set(rng.choice(620, 300, replace=False)) for _ in range(5)]
    X32 = X.astype(np.float32)
    arrays = (forest.column_, forest.second_, forest.slope_, forest.cut_, forest.depth_)
    held_out = []
    for r in range(620):
        trees = [t for t in range(5) if r not in samples[t]] or range(5)
        paths = [forest.expected_[t, plain.walk(t, X32[r], *arrays)] for t in trees]
        held_out.append(2.0 ** (-np.mean(paths) / forest.mean_path_))
    np.testing.assert_allclose(forest.scale_.scores, np.sort(held_out), rtol=1e-12)


def test_gaps_go_left_and_are_scored(X):
    X = X.copy()
    X[::7, 2] = np.nan
    forest = ForestDetector(random_state=0).fit(X)
    assert np.isfinite(forest.score_samples(X)).all()
    low = X.copy()
    low[np.isnan(low)] = -1e17
    np.testing.assert_array_equal(forest.score_samples(X), forest.score_samples(low))


def test_trees_taken_over_refuse_gaps(X):
    ours = ForestDetector.from_sklearn(IsolationForest(random_state=0).fit(X), X)
    with pytest.raises(ValueError, match="NaN"):
        ours.score_samples(np.full((1, 5), np.nan))


def test_the_prepared_scorer_gives_the_same_to_the_last_digit(X):
    for cuts in CUTS:
        forest = ForestDetector(cuts, random_state=0).fit(X)
        score = forest.prepare_scorer()
        assert [score(row) for row in X[:30]] == forest.score_samples(X[:30]).tolist()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"cuts": "diagonal"}, "'axis', 'extended' and 'fair_cut'"),
        ({"n_trees": 0}, "whole number from 1"),
        ({"max_samples": 1}, "whole number from 2"),
        ({"budget": 0}, "above 0 and at most 0.5"),
        ({"budget": 20}, "above 0 and at most 0.5"),
    ],
)
def test_settings_out_of_range_are_refused(X, settings, told):
    with pytest.raises(SettingsError, match=told):
        ForestDetector(**settings).fit(X)
