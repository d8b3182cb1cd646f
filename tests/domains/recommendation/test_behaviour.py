"""Models of behaviour against plain sums: each formula by hand on a few users, and nothing from later."""

import copy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.recommendation import (
    AlsRecommender,
    EaseRecommender,
    FactorRecommender,
    HistoryRecommender,
    NeighbourRecommender,
    PopularityRecommender,
    Recommender,
)
from domains.recommendation.behaviour.blend import Blend, fit_weights, hold_out, learn_parts, top_items
from domains.recommendation.behaviour.history import History, read_period
from domains.recommendation.behaviour.kernels import find_neighbours
from domains.recommendation.behaviour.parts import (
    FactorPart,
    HabitPart,
    LinearPart,
    NeighbourPart,
    TrendPart,
    rate_of_newcomers,
    signal_of,
)
from shared.data import Incidence
from shared.errors import HexadError
from tests.contract.test_recommenders import shop


def random_history(seed: int = 0, n_users: int = 30, n_items: int = 9, n_events: int = 160) -> History:
    rng = np.random.default_rng(seed)
    users = rng.integers(n_users, size=n_events).astype(np.int32)
    items = np.minimum(rng.geometric(0.3, size=n_events) - 1, n_items - 1).astype(np.int32)
    ages = rng.integers(0, 40, size=n_events).astype(float)
    return History(users, items, ages - ages.min(), rng.integers(1, 6, size=n_events).astype(float), n_users, n_items)


def dense(history: History) -> np.ndarray:
    found = np.zeros((history.n_users, history.n_items))
    found[history.users, history.items] = 1.0
    return found


# What a history holds


def test_a_history_says_what_plain_loops_say():
    history = random_history()
    counts, ratings, decayed = np.zeros((3, history.n_users, history.n_items))
    first, last = np.zeros((2, history.n_users, history.n_items))
    last[:] = np.inf
    for user, item, age, weight in zip(history.users, history.items, history.ages, history.weights, strict=True):
        counts[user, item] += 1
        ratings[user, item] += weight
        decayed[user, item] += 0.5 ** (age / 7.0)
        first[user, item] = max(first[user, item], age)
        last[user, item] = min(last[user, item], age)
    had = counts > 0
    np.testing.assert_array_equal(history.presence.toarray(), had)
    np.testing.assert_array_equal(history.counts.toarray(), counts)
    np.testing.assert_allclose(history.ratings.toarray()[had], (ratings / np.maximum(counts, 1))[had], rtol=1e-6)
    np.testing.assert_allclose(history.decay(7.0).toarray(), decayed, rtol=1e-6)
    np.testing.assert_array_equal(history.decay(np.inf).toarray(), counts)
    np.testing.assert_array_equal(history.first_ages().toarray()[had], first[had])
    np.testing.assert_array_equal(history.last_ages().toarray()[had], last[had])
    np.testing.assert_array_equal(history.popularity, had.sum(axis=0))
    np.testing.assert_array_equal(history.activity, had.sum(axis=1))
    np.testing.assert_array_equal(history.had(np.array([3, 1])), had[[3, 1]])
    assert history.span == history.ages.max()


def test_what_is_taken_counts_ages_anew():
    history = random_history()
    late = history.ages < 10
    before = history.take(~late)
    assert before.ages.min() == 0
    assert (before.n_users, before.n_items) == (history.n_users, history.n_items)
    np.testing.assert_array_equal(before.ages, history.ages[~late] - history.ages[~late].min())


def test_visits_keep_counts_ratings_and_times_of_the_table():
    table = pd.DataFrame(
        {
            "user": ["b", "a", "a", "a", "b"],
            "item": ["x", "x", "y", "x", "x"],
            "rating": [1.0, 2.0, 3.0, 5.0, 1.5],
            "timestamp": pd.to_datetime(["2024-01-05", "2024-01-01", "2024-01-01", "2024-01-03", "2024-01-05"]),
        }
    )
    visits = Incidence.from_interactions(table)
    assert visits.to_lists() == [["x", "y"], ["x"], ["x"]]
    assert visits.customer_keys[visits.customers].tolist() == ["a", "a", "b"]
    assert visits.weights.tolist() == [2.0, 3.0, 5.0, 2.5]
    history = History.of(visits)
    assert history.ages.tolist() == [4.0, 4.0, 2.0, 0.0]
    assert history.ratings.toarray().tolist() == [[3.5, 3.0], [2.5, 0.0]]


@pytest.mark.parametrize(
    ("period", "dated", "wanted"),
    [(None, True, 28.0), (None, False, 50.0), ("4W", True, 28.0), (3, True, 3.0), ("1M", True, 365.2425 / 12)],
)
def test_a_period_is_what_was_asked_for_or_what_the_times_allow(period, dated, wanted):
    ages = np.array([0.0, 300.0])
    history = History(np.zeros(2, np.int32), np.zeros(2, np.int32), ages, None, 1, 1)
    assert read_period(period, history, dated) == pytest.approx(wanted)


# Parts


def test_the_linear_model_is_ridge_regression_of_each_item_on_the_others():
    """EASE's closed form gives what solving for each item, its own weight held at zero, gives."""
    history = random_history()
    x = dense(history)
    penalty = 3.0 * np.diag(x.T @ x).mean()
    (part,) = learn_parts([LinearPart(3.0)], history, None)
    wanted = np.zeros((history.n_items, history.n_items))
    for item in range(history.n_items):
        others = np.arange(history.n_items) != item
        gram = x[:, others].T @ x[:, others] + penalty * np.eye(history.n_items - 1)
        wanted[others, item] = np.linalg.solve(gram, x[:, others].T @ x[:, item])
    np.testing.assert_allclose(part.weights, wanted, atol=1e-5)
    np.testing.assert_allclose(part.score(history, np.arange(5)), x[:5] @ wanted, atol=1e-5)


@pytest.mark.parametrize("learn_from", ["log", "rating", "scaled"])
def test_other_signals_are_regressed_alike(learn_from):
    history = random_history()
    counts = np.asarray(history.counts.todense())
    x = dense(history)
    signal = {
        "log": np.log1p(counts),
        "rating": history.ratings.toarray() / history.ratings.toarray().max(),
        "scaled": x * np.maximum(x.sum(axis=1), 1)[:, None] ** -0.5 * np.maximum(x.sum(axis=0), 1)[None, :] ** -0.25,
    }[learn_from]
    np.testing.assert_allclose(signal_of(history, learn_from, None).toarray(), signal, rtol=1e-5)
    (part,) = learn_parts([LinearPart(2.0, learn_from)], history, None)
    gram = signal.T @ signal
    inverse = np.linalg.inv(gram + 2.0 * np.diag(gram).mean() * np.eye(history.n_items))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    wanted = signal @ weights
    if learn_from == "scaled":  # back to the scale of items and users
        wanted = wanted * np.maximum(x.sum(axis=0), 1) ** 0.25 * np.maximum(x.sum(axis=1), 1)[:, None] ** 0.5
    np.testing.assert_allclose(part.score(history, np.arange(history.n_users)), wanted, atol=1e-4)


def test_recent_signals_hold_what_was_there_of_late():
    history = random_history()
    decayed = np.zeros((history.n_users, history.n_items))
    for user, item, age in zip(history.users, history.items, history.ages, strict=True):
        decayed[user, item] += 0.5 ** (age / 10.0)
    np.testing.assert_array_equal(signal_of(history, "recent", 5.0).toarray() > 0, decayed > 0.3)
    np.testing.assert_allclose(signal_of(history, "recent_log", 5.0).toarray(), np.log1p(decayed), rtol=1e-5)
    np.testing.assert_array_equal(signal_of(history, "recent", None).toarray(), dense(history))


def test_factors_are_the_leading_singular_vectors():
    history = random_history()
    x = dense(history)
    scale = np.maximum(x.sum(axis=0), 1) ** 0.25
    _, _, vectors = np.linalg.svd(x / scale, full_matrices=False)
    part, more = learn_parts([FactorPart(2), FactorPart(4)], history, None)
    for found, count in ((part, 2), (more, 4)):
        wanted = (x / scale) @ vectors[:count].T @ vectors[:count] * scale
        np.testing.assert_allclose(found.score(history, np.arange(history.n_users)), wanted, atol=1e-4)


@given(st.integers(0, 10_000), st.integers(1, 9), st.sampled_from([0.0, 1.0, 20.0]))
def test_neighbours_are_those_that_brute_force_finds(seed, most, shrinkage):
    history = random_history(seed, n_users=12, n_items=8, n_events=50)
    x = dense(history)
    common = x.T @ x
    scale = 1 / np.sqrt(np.maximum(x.sum(axis=0) + shrinkage, 1e-12))
    by_item = history.presence.T.tocsr()
    indptr, indices, weights = find_neighbours(
        history.presence.indptr.astype(np.int64),
        history.presence.indices.astype(np.int32),
        by_item.indptr.astype(np.int64),
        by_item.indices.astype(np.int32),
        scale,
        most,
    )
    assert indptr[0] == 0
    assert len(indices) == len(weights) == indptr[-1]
    for item in range(history.n_items):
        value = common[item] * scale
        others = [other for other in range(history.n_items) if other != item and common[item, other] > 0]
        kept = sorted(sorted(others, key=lambda other, v=value: (-v[other], other))[:most])
        assert indices[indptr[item] : indptr[item + 1]].tolist() == kept
        np.testing.assert_allclose(weights[indptr[item] : indptr[item + 1]], value[kept] * scale[item], rtol=1e-5)


def test_a_neighbours_score_is_the_sum_of_what_a_user_had():
    history = random_history()
    x = dense(history)
    (part,) = learn_parts([NeighbourPart(5.0, 99)], history, None)
    size = np.sqrt(x.sum(axis=0) + 5.0)
    near = x.T @ x / size[:, None] / size[None, :]
    np.fill_diagonal(near, 0.0)
    np.testing.assert_allclose(part.score(history, np.arange(6)), x[:6] @ near, rtol=1e-4, atol=1e-6)


def test_habits_are_logarithms_of_decayed_counts():
    history = random_history()
    plain, fading = learn_parts([HabitPart(), HabitPart(2.0)], history, 5.0)
    users = np.arange(history.n_users)
    np.testing.assert_allclose(plain.score(history, users), np.log1p(history.counts.toarray()), rtol=1e-6)
    np.testing.assert_allclose(fading.score(history, users), np.log1p(history.decay(10.0).toarray()), rtol=1e-6)


def test_trends_are_counts_of_users_and_visits():
    history = random_history()
    x = dense(history)
    late = np.zeros_like(x)
    fading = np.zeros(history.n_items)
    for user, item, age in zip(history.users, history.items, history.ages, strict=True):
        late[user, item] = max(late[user, item], float(age <= 8.0))
        fading[item] += 0.5 ** (age / 8.0)
    wanted = {"popularity": x.sum(axis=0), "recent": late.sum(axis=0), "fading": fading}
    for kind, counts in wanted.items():
        (part,) = learn_parts([TrendPart(kind, 2.0)], history, 4.0)
        np.testing.assert_allclose(part.score(history, np.array([0, 7])), np.log([counts + 0.5] * 2), rtol=1e-4)


def test_the_rate_of_newcomers_by_hand():
    history = random_history()
    came, had, alive = np.zeros(history.n_items), np.zeros(history.n_items), set()
    for user, age in zip(history.users, history.ages, strict=True):
        if age <= 20.0:
            alive.add(int(user))
    for user in range(history.n_users):
        for item in range(history.n_items):
            ages = history.ages[(history.users == user) & (history.items == item)]
            if len(ages):
                came[item] += ages.max() <= 10.0
                had[item] += user in alive
    without = len(alive) - had
    wanted = np.log((came + 0.5) / (without + came + 50.0))
    np.testing.assert_allclose(rate_of_newcomers(history, 10.0, 20.0), wanted, rtol=1e-6)


# Blends


@given(st.integers(0, 10_000), st.integers(1, 12))
def test_the_best_items_are_those_of_a_stable_sort(seed, most):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, size=(5, 9)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.2] = -np.inf
    wanted = np.argsort(-scores, axis=1, kind="stable")[:, :most]
    np.testing.assert_array_equal(top_items(scores, most), wanted)


def test_a_blend_is_the_weighted_sum_of_its_parts():
    history = random_history()
    parts = learn_parts([LinearPart(2.0), TrendPart("popularity"), HabitPart()], history, None)
    users = np.arange(7)
    blend = Blend.measure(parts, history, True, np.random.default_rng(0)).with_weights(np.array([0.5, 2.0, 0.0]), -1.0)
    wanted = np.full((7, history.n_items), -1.0)
    for part, weight in zip(parts, blend.weights, strict=True):
        every = part.score(history, np.flatnonzero(history.activity > 0)).astype(float)
        wanted += weight * (part.score(history, users) - every.mean()) / every.std()
    np.testing.assert_allclose(blend.score(history, users), wanted, atol=1e-4)
    split = blend.split(history, users)
    assert set(split) == {"similar", "trend"}
    np.testing.assert_allclose(sum(split.values()) - 1.0, wanted, atol=1e-4)


def test_a_part_that_says_the_same_of_all_items_gets_no_weight():
    history = History(np.array([0, 1], np.int32), np.array([0, 1], np.int32), None, None, 2, 2)
    parts = learn_parts([TrendPart("popularity"), HabitPart()], history, None)
    blend = Blend.measure(parts, history, True, np.random.default_rng(0))
    assert blend.weights.tolist() == [0.0, 1.0]
    assert np.isfinite(blend.score(history, np.array([0, 1]))).all()


def test_what_is_held_out_is_the_last_period_and_new():
    history = random_history(n_users=60, n_events=500)
    held = hold_out(history, 8.0, repeats=False, rng=np.random.default_rng(0), unit="days")
    assert held.how == "the last 8 days"
    late = history.ages < 8.0
    before, after = (dense(history.take(part)) > 0 for part in (~late, late))
    new = after & ~before
    np.testing.assert_array_equal(held.right.toarray() > 0, new)
    np.testing.assert_array_equal(held.users, np.flatnonzero(new.any(axis=1) & before.any(axis=1)))
    again = hold_out(history, 8.0, repeats=True, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(again.right.toarray() > 0, after)


def test_hidden_pairs_are_hidden_with_all_their_visits():
    history = random_history(n_users=60, n_events=500)
    held = hold_out(history, None, repeats=False, rng=np.random.default_rng(0))
    assert not (held.right.multiply(held.before.presence)).nnz
    assert 0.1 < held.right.nnz / history.presence.nnz < 0.3


def test_weights_are_those_of_a_logistic_regression_and_never_below_zero():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(4000, 3))
    groups = np.repeat(np.arange(400), 10)
    chance = 1 / (1 + np.exp(-(rows @ [1.5, 0.0, -1.0])))
    labels = (rng.random(4000) < chance).astype(float)
    weights, intercept = fit_weights(rows, labels, groups, penalty=1e-3)
    assert weights[0] > 1.0
    assert weights[1] < 0.1
    assert weights[2] == 0.0
    made = 1 / (1 + np.exp(-(rows @ weights + intercept)))
    assert made.mean() == pytest.approx(labels.mean(), abs=1e-6)


# Whole models


def test_single_models_are_their_parts():
    table = shop()
    ease = EaseRecommender(4.0).fit(table)
    np.testing.assert_allclose(ease.scores(["u3"]), ease.part_.score(ease.history_, ease.user_codes(["u3"])), rtol=1e-6)
    popular = PopularityRecommender().fit(table).recommend("nobody", 3).lists()["nobody"]
    counts = table.groupby("item")["user"].nunique()
    ordered = sorted(counts.index, key=lambda item: (-counts[item], item))
    assert popular == ordered[:3]
    assert FactorRecommender(3).fit(table).part_.vectors.shape == (24, 3)
    assert NeighbourRecommender(n_neighbours=2).fit(table).part_.indptr[-1] <= 48


def test_an_own_past_is_counted_and_fades():
    table = pd.DataFrame(
        {
            "user": ["a"] * 5 + ["b"],
            "item": ["tea", "tea", "tea", "milk", "milk", "nuts"],
            "timestamp": [0, 1, 2, 99, 100, 100],
        }
    )
    assert HistoryRecommender().fit(table).recommend("a", 3).lists()["a"] == ["tea", "milk", "nuts"]
    assert HistoryRecommender(10.0).fit(table).recommend("a", 3).lists()["a"] == ["milk", "tea", "nuts"]
    assert PopularityRecommender(10.0).fit(table).recommend("new", 3).lists()["new"] == ["milk", "nuts", "tea"]


def test_planted_tastes_are_found():
    table = shop(n_users=150)
    found = Recommender().fit(table).recommend([f"u{user}" for user in range(30)], n=2).to_frame()
    own = found["user"].str[1:].astype(int) % 3 == found["item"].str[1:].astype(int) // 8
    assert own.mean() > 0.8


# Nothing from later


def changed_later(table: pd.DataFrame, cut: pd.Timestamp) -> pd.DataFrame:
    """The same users and items, but what comes after the cut is another thing."""
    rng = np.random.default_rng(7)
    later = table["timestamp"] >= cut
    made = table.copy()
    made.loc[later, "item"] = rng.permutation(table.loc[later, "item"].to_numpy())
    made.loc[later, "rating"] = 1.0
    return made


@pytest.mark.parametrize("question", ["new", "next"])
def test_weights_and_parts_are_learnt_from_training_alone(question):
    table = shop(n_users=80)
    cut = pd.Timestamp("2024-03-20")
    fitted = []
    for changed in (table, changed_later(table, cut)):
        visits = Incidence.from_interactions(changed)
        assert set(visits.items) == set(table["item"])
        train = visits.take(np.flatnonzero(visits.times < cut))
        fitted.append(Recommender(question=question).fit(train))
    one, other = fitted
    assert one.weights_ == other.weights_
    assert one.notes_ == other.notes_
    users = table["user"].unique().tolist()
    np.testing.assert_array_equal(one.scores(users), other.scores(users))
    assert one.weights_


@pytest.mark.parametrize("timed", [True, False])
def test_what_weights_are_judged_by_no_part_has_seen(monkeypatch, timed):
    seen = []
    learn = Blend.learn_weights

    def spy(self, held, repeats):
        seen.append((copy.deepcopy(self), held))  # the parts learn again, from everything, afterwards
        return learn(self, held, repeats)

    monkeypatch.setattr(Blend, "learn_weights", spy)
    table = shop(n_users=80)
    Recommender().fit(table if timed else table.drop(columns="timestamp"))
    ((blend, held),) = seen
    assert not held.right.multiply(held.before.presence).nnz
    by_name = {part.name: part for part in blend.parts}
    np.testing.assert_allclose(by_name["popularity"].level, np.log(held.before.popularity + 0.5), rtol=1e-6)
    (linear,) = learn_parts([LinearPart(2.0)], held.before, None)
    np.testing.assert_array_equal(by_name["linear presence 2"].weights, linear.weights)


def test_a_penalty_too_small_for_least_squares_is_told():
    pytest.importorskip("implicit")
    table = pd.DataFrame({"user": [1, 1], "item": ["a", "b"]})
    with pytest.raises(HexadError, match="penalty=0 is too small for 64 factors"):
        AlsRecommender(64, penalty=0).fit(table)


def test_strangers_get_what_is_popular_of_late_where_that_is_asked():
    table = pd.DataFrame(
        {"user": [1, 2, 3, 4, 5, 6], "item": ["old"] * 4 + ["new"] * 2, "timestamp": [0, 0, 0, 0, 100, 100]}
    )
    assert PopularityRecommender(5.0).fit(table).recommend([1, 99], n=1).lists() == {1: ["new"], 99: ["new"]}
