"""Metrics of lists by hand and against independent implementations, and ranks against scipy's."""

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from domains.recommendation import PopularityRecommender, RankingTask
from shared.data import Incidence, Split
from shared.errors import HexadError, SettingsError
from shared.evaluation.metrics import list_metric, rank_pairs


@given(st.integers(0, 100_000))
def test_ranks_are_those_of_scipy_among_what_is_not_excluded(seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, size=(4, 7)).astype(np.float32)
    excluded = rng.random(scores.shape) < 0.3
    rows, items = np.nonzero(~excluded)
    order = rng.permutation(len(rows))
    rows, items = rows[order], items[order]
    found = rank_pairs(scores, rows, items, excluded=excluded)
    for row, item, rank in zip(rows, items, found, strict=True):
        ranked = np.flatnonzero(~excluded[row])
        assert rank == rankdata(-scores[row, ranked], method="average")[list(ranked).index(item)]
    np.testing.assert_array_equal(rank_pairs(scores, rows, items), rank_pairs(scores, rows, items, excluded=scores > 9))


def test_ranks_refuse_what_cannot_be_ranked():
    with pytest.raises(ValueError, match="not all finite"):
        rank_pairs([[1.0, np.nan]], [0], [0])
    with pytest.raises(ValueError, match="excluded"):
        rank_pairs([[1.0, 2.0]], [0], [0], excluded=[[True, False]])
    assert rank_pairs(np.zeros((2, 3)), [], []).tolist() == []


FRAME = pd.DataFrame({"user": ["a", "a", "a", "b", "c"], "rank": [1.0, 3.0, 9.0, 7.0, 2.0]})


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("recall@3", [2 / 3, 0.0, 1.0]),
        ("found@2", [1 / 2, 0.0, 1.0]),
        ("precision@3", [2 / 3, 0.0, 1 / 3]),
        ("hit_rate@3", [1.0, 0.0, 1.0]),
        ("reciprocal_rank", [1.0, 1 / 7, 1 / 2]),
        ("ndcg@3", [(1 + 1 / 2) / (1 + 1 / np.log2(3) + 1 / 2), 0.0, 1 / np.log2(3)]),
    ],
)
def test_what_was_found_by_hand(name, wanted):
    found = list_metric(name).units(FRAME)
    assert found.index.tolist() == ["a", "b", "c"]
    assert found.tolist() == pytest.approx(wanted)
    assert list_metric(name).greater_is_better


@given(st.integers(0, 100_000), st.integers(1, 12))
def test_ndcg_is_that_of_scikit_learn(seed, k):
    rng = np.random.default_rng(seed)
    scores = rng.permutation(12).astype(float)[None, :]
    right = rng.random(12) < 0.4
    right[rng.integers(12)] = True
    items = np.flatnonzero(right)
    ranks = rank_pairs(scores, np.zeros(len(items), int), items)
    found = list_metric(f"ndcg@{k}").units(pd.DataFrame({"user": 0, "rank": ranks}))
    assert found.iloc[0] == pytest.approx(sk.ndcg_score(right[None, :].astype(float), scores, k=k))


def test_what_was_shown_by_hand():
    lists = pd.DataFrame({"user": [1, 1, 2], "rank": 1.0, "shown_1": ["x", "x", "y"], "shown_2": ["y", "y", "new"]})
    table = pd.DataFrame({"user": [1, 1, 2, 3, 4], "item": ["x", "y", "x", "z", "x"]})
    train = Incidence.from_interactions(table)
    shown = ("shown_1", "shown_2")
    coverage = list_metric("coverage@2", shown=shown)
    assert coverage.units(lists.replace("new", "x"), coverage.prepare(train)).tolist() == [2 / 3]
    novelty = list_metric("novelty@2", shown=shown)
    by_hand = [-(np.log2(3 / 4) + np.log2(1 / 4)) / 2, -(np.log2(1 / 4) + np.log2(1 / 8)) / 2]
    found = novelty.units(lists, novelty.prepare(train))
    assert found.index.tolist() == [1, 2]
    assert found.tolist() == pytest.approx(by_hand)
    diversity = list_metric("diversity@2", shown=shown, kinds={"x": "k", "y": "k", "new": "m"})
    assert diversity.units(lists).tolist() == [0.0, 1.0]
    assert [one.greater_is_better for one in (coverage, novelty, diversity)] == [None] * 3
    assert coverage.reads == ("user", "shown_1", "shown_2")


def test_names_of_metrics_and_their_lengths():
    assert list_metric("recall", k=7).name == "recall@7"
    assert list_metric("ndcg@5", label="mine").name == "mine"
    assert RankingTask(n_shown=3).metric("coverage@3").shown == ("shown_1", "shown_2", "shown_3")
    with pytest.raises(SettingsError, match="only 3 items are shown"):
        RankingTask(n_shown=3).metric("novelty")


# The task


class Fixed(PopularityRecommender):
    """Scores that are given, by user."""

    def scores(self, users):
        return np.array([SCORES[user] for user in users], dtype=float)


SCORES = {"a": [4.0, 3.0, 2.0, 1.0], "b": [1.0, 1.0, 5.0, 1.0], "c": [0.0, 0.0, 0.0, 0.0]}


def visits() -> Incidence:
    table = pd.DataFrame(
        {
            "user": ["a", "b", "b", "a", "a", "b", "c"],
            "item": ["w", "x", "z", "w", "y", "w", "z"],
            "timestamp": [0, 0, 1, 5, 6, 6, 7],
        }
    )
    return Incidence.from_interactions(table)


SPLIT = Split(5, np.array([0, 1, 2]), np.array([3, 4, 5, 6]))


def test_new_items_are_ranked_among_what_a_user_never_had():
    frame, timings = RankingTask(n_shown=2).run(Fixed(), visits(), [SPLIT])
    rows = frame.set_index(["user", "item"])
    assert rows["rank"].to_dict() == {("a", "y"): 2.0, ("b", "w"): 2.0, ("c", "z"): 2.5}
    assert rows["n_known"].to_dict() == {("a", "y"): 1, ("b", "w"): 2, ("c", "z"): 0}
    assert rows["n_users"].to_dict() == {("a", "y"): 0, ("b", "w"): 1, ("c", "z"): 1}
    assert frame[["shown_1", "shown_2"]].to_numpy().tolist() == [["x", "y"], ["y", "w"], ["w", "x"]]
    assert set(timings["what"]) == {"fit", "predict"}


def test_what_comes_next_is_ranked_among_everything():
    frame, _ = RankingTask("next", n_shown=2).run(Fixed(), visits(), [SPLIT])
    ranks = frame.set_index(["user", "item"])["rank"].to_dict()
    assert ranks == {("a", "w"): 1.0, ("a", "y"): 3.0, ("b", "w"): 3.0, ("c", "z"): 2.5}


def test_items_a_model_never_saw_rank_last():
    class Own(Fixed):
        def fit(self, interactions, items=None):
            return super().fit(interactions.reindex_items(interactions.items[np.unique(interactions.codes)]))

        def scores(self, users):
            return np.zeros((len(users), len(self.items_)))

    frame, _ = RankingTask("next").run(Own(), visits(), [SPLIT])
    assert frame.set_index(["user", "item"])["rank"].to_dict()[("a", "y")] == 4.0
    learnt = PopularityRecommender().fit(visits().take([0, 1, 2]))
    assert learnt.scores(["a"]).argmin() == list(learnt.items_).index("y")


def test_nothing_right_is_told():
    split = Split(5, np.array([0, 1, 2]), np.array([3]))
    with pytest.raises(HexadError, match="after the cut 5 no user comes to anything"):
        RankingTask().run(Fixed(), visits(), [split])
    frame, _ = RankingTask("next").run(Fixed(), visits(), [split])
    assert len(frame) == 1


def test_fits_see_the_training_rows_and_the_items_alone():
    seen = []

    class Spy(Fixed):
        def fit(self, interactions, items=None):
            seen.append((interactions.to_lists(), interactions.times.max(), items))
            return super().fit(interactions)

    known = pd.DataFrame({"item": ["w"], "kind": ["k"]})
    RankingTask(items=known).run(Spy(), visits(), [SPLIT])
    ((lists, last, items),) = seen
    assert lists == [["w"], ["x"], ["z"]]
    assert last == 1
    assert items is known


def test_other_right_items_leave_what_was_known_alone():
    data = visits()
    for question in ("new", "next"):
        other, split = RankingTask(question).perturb(data, SPLIT)
        assert split is SPLIT
        inside = np.isin(data.rows, SPLIT.train)
        np.testing.assert_array_equal(other.codes[inside], data.codes[inside])
        assert (other.codes[~inside] != data.codes[~inside]).any()


def test_a_user_in_several_splits_has_a_list_in_each():
    rows = pd.DataFrame({"user": ["a", "a", "b"], "rank": [1.0, 2.0, 1.0], "split": [1, 2, 2]})
    alone = [list_metric("ndcg").units(part)["a"] for _, part in rows.groupby("split")]
    assert list_metric("ndcg").units(rows)["a"] == pytest.approx(np.mean(alone))
    assert list_metric("ndcg").units(rows)["b"] == 1.0


def test_lists_that_are_shorter_count_by_what_they_hold():
    shown = ("shown_1", "shown_2", "shown_3")
    frame = pd.DataFrame({"user": ["a", "b"], "rank": 1.0, "shown_1": ["x", "y"], "shown_2": ["y", None]})
    frame["shown_3"] = None
    prepared = pd.Index(["x", "y", "z"]), np.array([4, 2, 1]), 8
    kinds = {"x": "red", "y": "white"}
    value = {
        name: list_metric(f"{name}@3", shown=shown, kinds=kinds).units(frame, prepared).to_dict()
        for name in ("coverage", "novelty", "diversity")
    }
    assert value["coverage"] == {"all": pytest.approx(2 / 3)}
    assert value["novelty"] == {"a": pytest.approx(1.5), "b": pytest.approx(2.0)}
    assert value["diversity"]["a"] == 1.0


def test_a_reciprocal_rank_is_not_cut():
    with pytest.raises(SettingsError, match="is not cut at k=5"):
        list_metric("reciprocal_rank@5")
