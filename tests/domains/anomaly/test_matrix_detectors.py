import numpy as np
import pytest
from sklearn.base import clone

from domains.anomaly import (
    CombinedDetector,
    ForestDetector,
    MarginDetector,
    MixtureDetector,
    NeighbourDetector,
    ScoreScale,
    StreamDetector,
    SubspaceDetector,
    binomial_band,
)
from domains.anomaly.kernels import column_tails, kth_distances, neighbour_parts
from shared.errors import DataError, SettingsError
from shared.runtime.store import load_model, save_model
from tests.domains.anomaly import plain

pytestmark = pytest.mark.any_pandas

DETECTORS = [
    ForestDetector(n_trees=20, random_state=0),
    ForestDetector("fair_cut", n_trees=20, random_state=0),
    NeighbourDetector(random_state=0),
    MarginDetector(random_state=0),
    CombinedDetector(random_state=0),
    StreamDetector(NeighbourDetector(), random_state=0),
    SubspaceDetector(random_state=0),
    SubspaceDetector("residual", random_state=0),
    SubspaceDetector("robust", random_state=0),
    MixtureDetector(random_state=0),
]
named = pytest.mark.parametrize(
    "detector", DETECTORS, ids=lambda one: f"{type(one).__name__} {getattr(one, 'cuts', getattr(one, 'kind', ''))}"
)


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(1200, 6))
    X[:, 1] += X[:, 0]
    X[:, 5] = rng.integers(0, 3, 1200)
    return X


@named
def test_a_row_does_not_depend_on_its_batch(detector, X):
    model = clone(detector).fit(X)
    whole = model.score_samples(X)
    np.testing.assert_array_equal(whole[:3], model.score_samples(X[:3]))
    np.testing.assert_array_equal(whole[::-1], model.score_samples(X[::-1]))
    np.testing.assert_array_equal(whole[7:8], model.score_samples(X[7:8]))
    np.testing.assert_array_equal(model.explain(X)[5:6], model.explain(X[5:6]))


@named
def test_reasons_are_parts_of_the_evidence(detector, X):
    model = clone(detector).fit(X)
    parts = model.explain(X)
    assert (parts >= 0).all()
    np.testing.assert_allclose(parts.sum(axis=1), model.evidence(X), atol=1e-9)


@named
def test_p_values_of_new_rows_are_even(detector, X):
    if isinstance(detector, ForestDetector):  # a row is judged by fewer trees than a new one: with few it shows
        detector = clone(detector).set_params(n_trees=200)
    rng = np.random.default_rng(7)
    shares = []
    for _ in range(8):
        order = rng.permutation(len(X))
        model = clone(detector).fit(X[order[:600]])
        p = model.p_values(X[order[600:]])
        shares.append([(p <= bound).mean() for bound in (0.02, 0.1, 0.5)])
    # Three standard errors of the means over 8 halves of the same 1,200 rows.
    assert (np.abs(np.mean(shares, axis=0) - [0.02, 0.1, 0.5]) < [0.008, 0.018, 0.036]).all()


@named
def test_what_is_learnt_is_learnt_from_the_rows_given_and_from_no_label(detector, X):
    one = clone(detector).fit(X)
    other = clone(detector).fit(X, np.arange(len(X)))
    np.testing.assert_array_equal(one.score_samples(X), other.score_samples(X))


@named
def test_saved_is_loaded(detector, X, tmp_path):
    model = clone(detector).fit(X)
    save_model(model, tmp_path / "model.hexad")
    again = load_model(tmp_path / "model.hexad")
    np.testing.assert_array_equal(again.score_samples(X), model.score_samples(X))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


@named
def test_the_budget_is_that_of_decisions(detector, X):
    model = clone(detector).set_params(budget=0.05).fit(X)
    np.testing.assert_array_equal(model.predict(X) < 0, model.p_values(X) <= 0.05)
    np.testing.assert_array_equal(model.predict(X) < 0, model.decision_function(X) < 0)


@named
def test_a_budget_too_small_for_the_rows_reports_nothing(detector, X):
    model = clone(detector).set_params(budget=0.001).fit(X[:100])
    assert (model.predict(X) == 1).all()
    assert (model.decision_function(X) > 0).all()


@named
def test_values_that_no_one_can_calculate_with_are_named(detector, X):
    X = X.copy()
    X[[3, 8], 2] = 1e300
    with pytest.raises(DataError, match=r"column '2': 2 values are beyond 1e\+18: 1e\+300 \(rows 4, 9\)"):
        clone(detector).fit(X)
    model = clone(detector).fit(np.nan_to_num(np.where(X > 1e18, 0.0, X)))
    with pytest.raises(DataError, match="column '2': 2 values are beyond"):
        model.score_samples(X)


@named
def test_half_duplicates_and_constant_columns_are_no_trouble(detector):
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(200, 3)), 3, axis=0)
    X[:400] = 1.5
    X[:, 1] = 4.0
    model = clone(detector).fit(X)
    assert np.isfinite(model.score_samples(X)).all()
    assert (model.predict(X) == 1).mean() > 0.95


def test_a_row_of_which_there_are_many_is_judged_as_a_new_one_would_be():
    rng = np.random.default_rng(0)
    X = np.concatenate([np.zeros((300, 3)), rng.normal(size=(700, 3))])
    model = CombinedDetector(random_state=0).fit(X)
    score = -model.score_samples(np.zeros((1, 3)))[0]
    assert (np.abs(model.scale_.scores - score) < 0.01).sum() >= 300


def test_whitened_distances_are_mahalanobis_and_residuals_are_what_is_left(X):
    from scipy.spatial.distance import mahalanobis
    from sklearn.decomposition import PCA

    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    inverse = np.linalg.inv(np.cov(Z.T, bias=True))
    expected = [mahalanobis(row, np.zeros(6), inverse) for row in Z[:50]]
    np.testing.assert_allclose(-SubspaceDetector().fit(X).score_samples(X[:50]), expected, rtol=1e-4)
    left = PCA(4).fit(Z)
    model = SubspaceDetector("residual", explained=float(left.explained_variance_ratio_.sum()) - 1e-9).fit(X)
    gap = np.linalg.norm(Z - left.inverse_transform(left.transform(Z)), axis=1)
    np.testing.assert_allclose(-model.score_samples(X[:50]), gap[:50], rtol=1e-3)


def test_robust_axes_are_not_drawn_by_a_third_of_odd_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(900, 3))
    X[::3] += [8.0, -8.0, 8.0]
    robust = -SubspaceDetector("robust", random_state=0).fit(X).score_samples(X)
    plain = -SubspaceDetector(random_state=0).fit(X).score_samples(X)
    odd = np.arange(900) % 3 == 0
    assert robust[odd].min() > robust[~odd].max()
    assert plain[odd].min() < plain[~odd].max()


def test_the_density_is_that_of_scikit_learn_and_the_number_of_parts_that_of_the_groups():
    from sklearn.mixture import GaussianMixture

    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(centre, 1, size=(300, 2)) for centre in (-6, 0, 6)])
    model = MixtureDetector(random_state=0).fit(X)
    assert len(model.centres_) == 3
    Z = model.standardiser_.apply(X).astype(float)
    peer = GaussianMixture(3, reg_covar=1e-3, random_state=0).fit(Z)
    np.testing.assert_allclose(model.score_samples(X), peer.score_samples(Z), atol=0.05)


def test_more_columns_than_rows_leave_one_normal_distribution():
    X = np.random.default_rng(0).normal(size=(60, 80))
    model = MixtureDetector(random_state=0).fit(X)
    assert len(model.centres_) == 1
    assert np.isfinite(model.score_samples(X)).all()


def test_distances_are_those_of_a_plain_loop():
    rng = np.random.default_rng(0)
    rows, references = rng.normal(size=(40, 5)).astype(np.float32), rng.normal(size=(333, 5)).astype(np.float32)
    references[:60] = references[0]
    for k in (1, 7, 60, 332):
        out = np.empty(40)
        kth_distances(rows, np.ascontiguousarray(references.T), np.full(40, -1), k, out)
        np.testing.assert_allclose(out, plain.kth_distance(rows, references, k), rtol=1e-5)


def test_a_row_is_not_its_own_neighbour():
    references = np.array([[0.0], [1.0], [3.0]], dtype=np.float32)
    out = np.empty(2)
    kth_distances(references[:2], np.ascontiguousarray(references.T), np.array([0, -1]), 1, out)
    assert out.tolist() == [1.0, 0.0]


def test_parts_of_neighbours_are_mean_squares():
    references = np.array([[0.0, 0.0], [2.0, 0.0], [9.0, 9.0]], dtype=np.float32)
    parts = np.empty((1, 2))
    neighbour_parts(np.array([[1.0, 3.0]], dtype=np.float32), np.ascontiguousarray(references.T), 2, parts)
    assert parts.tolist() == [[1.0, 9.0]]


@pytest.mark.parametrize("known", [False, True])
def test_tails_are_those_of_a_plain_count(known):
    rng = np.random.default_rng(0)
    column = np.sort(np.append(rng.integers(0, 20, 60) / 4.0, [np.nan] * 5))
    values = column if known else np.append(rng.uniform(-1, 6, 30), [np.nan, column[3], -9.0, 9.0])
    tails = np.empty((len(values), 1))
    column_tails(values[:, None], column[None], np.array([60]), np.full(len(values), known), tails)
    np.testing.assert_allclose(tails[:, 0], plain.tail_evidence(values, column, known))


def test_one_impossible_value_is_found_and_named(X):
    model = CombinedDetector(random_state=0).fit(X)
    rng = np.random.default_rng(0)
    rows = X[rng.choice(len(X), 60, replace=False)].copy()
    columns = rng.integers(0, X.shape[1], 60)
    rows[np.arange(60), columns] = (X.max(axis=0) + 3 * X.std(axis=0))[columns]
    assert (model.predict(rows) == -1).all()
    assert (model.explain(rows).argmax(axis=1) == columns).all()
    rows[np.arange(60), columns] = (X.min(axis=0) - 3 * X.std(axis=0))[columns]
    assert (model.predict(rows) == -1).all()


def test_a_change_in_a_column_that_never_changed_is_found(X):
    X = np.column_stack([X, np.full(len(X), 7.0)])
    model = CombinedDetector(random_state=0).fit(X)
    row = np.array([[0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 7.5]])
    assert model.predict(row)[0] == -1
    assert model.explain(row)[0].argmax() == 6


def test_a_value_that_is_odd_only_beside_another_is_found_by_neighbours():
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    X = np.column_stack([x, x + 0.1 * rng.normal(size=2000)])
    model = NeighbourDetector(random_state=0).fit(X)
    assert model.predict([[1.5, -1.5], [1.5, 1.5]]).tolist() == [-1, 1]


def test_the_threshold_is_exact():
    scale = ScoreScale.of(np.arange(1000.0))
    for share in (0.001, 0.01, 0.0999, 0.1, 0.5):
        bound = scale.threshold(share)
        scores = np.arange(-1.0, 1001.0, 0.5)
        np.testing.assert_array_equal(scores > bound, scale.p_values(scores) <= share)


def test_evidence_never_falls_and_goes_on_beyond_the_last_score():
    scale = ScoreScale.of(np.random.default_rng(0).normal(size=500))
    evidence = scale.evidence(np.linspace(-5, 50, 400))
    assert (np.diff(evidence) >= 0).all()
    assert evidence[-1] > evidence[-2] > np.log(501)


def test_equal_scores_have_a_scale():
    scale = ScoreScale.of(np.ones(10))
    assert scale.evidence([0.0, 1.0]).tolist() == [0.0, 0.0]
    assert scale.evidence([2.0])[0] > 2


def test_the_band_holds_what_is_realised():
    # Ranks of 300 new rows among 500 held out, drawn at random: nothing but chance.
    rng = np.random.default_rng(0)
    low, high = binomial_band(500, 300, 0.05)
    inside = []
    for _ in range(2000):
        scale = ScoreScale.of(rng.random(500))
        inside.append(low <= (rng.random(300) > scale.threshold(0.05)).mean() <= high)
    assert 0.90 <= np.mean(inside) <= 0.96  # at least the level, and more for shares are multiples of 1 / 300


@pytest.mark.parametrize("given", [(0, 10, 0.1), (10, 0, 0.1), (10, 10, 0.0), (10, 10, 1.0)])
def test_no_band_of_nothing(given):
    with pytest.raises(SettingsError):
        binomial_band(*given)


def test_rows_of_one_p_value_keep_their_order():
    scale = ScoreScale.of([*np.arange(98.0), 1e6])
    scores = np.array([100.0, 5e5, 200.0, 1e6, 97.0])
    assert len(np.unique(scale.p_values(scores[:4]))) == 1
    assert np.argsort(scale.evidence(scores)).tolist() == [4, 0, 2, 1, 3]
    assert np.ptp(scale.evidence(scores[:4])) <= 1e-6
    assert scale.evidence([1e6])[0] == -np.log(scale.p_values([1e6])[0])  # never above what the p-value says
