"""Lists: only what may be shown, in the right order, never padded, and told where they are shorter."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.recommendation import Recommendations, Recommender, TextEncoder
from domains.recommendation.behaviour.blend import Blend
from domains.recommendation.behaviour.history import History, as_interactions
from domains.recommendation.behaviour.parts import LinearPart
from domains.recommendation.lists.filters import ItemColumns
from domains.recommendation.lists.rerank import cap_lists, diversify, number_kinds
from domains.recommendation.reasons import Reasons
from shared.errors import SettingsError
from tests.contract.test_recommenders import shop

N_ITEMS = 30  # 24 that users had, 6 that nobody has


@pytest.fixture(scope="module")
def table():
    return shop()


@pytest.fixture(scope="module")
def items():
    numbers = np.arange(N_ITEMS)
    return pd.DataFrame(
        {
            "item": [f"i{number}" for number in numbers],
            "kind": [f"k{number // 8}" for number in numbers],
            "tags": ["red, dry" if number % 3 == 0 else "red" if number % 3 == 1 else "white" for number in numbers],
            "price": np.where(numbers % 5 == 4, np.nan, numbers + 1.0),
            "note": [f"taste of {'cherry' if number % 2 else 'apple'} and number{number % 7}" for number in numbers],
        }
    )


@pytest.fixture(scope="module")
def model(table, items):
    return Recommender(text="note", separator=", ", encoder=TextEncoder("words", n_factors=5)).fit(table, items)


USERS = [f"u{number}" for number in range(12)] + ["stranger"]
NO = frozenset()


def had(table, user):
    return set(table.loc[table["user"] == user, "item"])


def test_every_item_once_best_first_and_never_what_was_had(model, table):
    found = model.recommend(USERS, n=99)
    frame = found.to_frame()
    for user, part in frame.groupby("user", sort=False):
        assert set(part["item"]) == {f"i{number}" for number in range(N_ITEMS)} - had(table, user)
        assert part["item"].is_unique
        assert part["rank"].tolist() == list(range(1, len(part) + 1))
        assert (part["score"].diff().dropna() <= 1e-6).all()
    assert np.isfinite(frame["score"]).all()
    assert list(found.lists()) == USERS
    assert "13 lists of fewer than 99 items: no more may be shown" in found.notes


def test_scores_are_those_of_the_model_and_the_sum_of_their_groups(model):
    frame = model.recommend(USERS[:-1], n=8).to_frame()
    scores = model.scores(USERS[:-1])
    place = pd.Index(model.items_).get_indexer(frame["item"])
    rows = [USERS.index(user) for user in frame["user"]]
    np.testing.assert_allclose(frame["score"], scores[rows, place], rtol=1e-5, atol=1e-5)
    known = frame["path"] == "behaviour"
    groups = [name for name in frame.columns if name.startswith("from_")]
    total = frame.loc[known, groups].sum(axis=1) + model.blend_.intercept
    np.testing.assert_allclose(frame.loc[known, "score"], total, atol=1e-4)
    assert frame.loc[~known, groups].isna().all().all()
    new = {f"i{number}" for number in range(24, N_ITEMS)}
    assert (frame["item"].isin(new) == (frame["path"] == "content")).all()


@pytest.mark.parametrize(
    ("where", "meets"),
    [
        ({"kind": "k1"}, lambda row: row["kind"] == "k1"),
        ({"kind": ["k1", "k3"]}, lambda row: row["kind"] in {"k1", "k3"}),
        ({"kind": {"k1", "k3"}}, lambda row: row["kind"] in {"k1", "k3"}),
        ({"tags": "dry"}, lambda row: "dry" in row["tags"]),
        ({"tags": "red"}, lambda row: "red" in row["tags"]),
        ({"price": (10, None)}, lambda row: row["price"] >= 10),
        ({"price": (None, 12)}, lambda row: row["price"] <= 12),
        ({"price": (3, 7), "tags": "white"}, lambda row: 3 <= row["price"] <= 7 and row["tags"] == "white"),
        ({"price": 8}, lambda row: row["price"] == 8),
        ({"price": [8, 9.0]}, lambda row: row["price"] in {8, 9}),
    ],
)
def test_conditions_act_before_the_list_is_cut(model, table, items, where, meets):
    allowed = {row["item"] for _, row in items.iterrows() if meets(row)}
    for user, shown in model.recommend(USERS, n=N_ITEMS, where=where).lists().items():
        assert set(shown) == allowed - had(table, user)
    if len(allowed) > 4:
        assert all(len(shown) == 3 for shown in model.recommend("stranger", n=3, where=where).lists().values())
    near = model.similar("i2", n=N_ITEMS, where=where).to_frame()["item"]
    assert set(near) <= allowed - {"i2"}
    found = model.search("cherry", n=N_ITEMS, where=where).to_frame()["item"]
    assert set(found) <= allowed


@pytest.mark.parametrize("most", [0, 1, 3, 99])
def test_no_more_items_that_nobody_has_than_asked_for(model, most):
    free = model.recommend(USERS, n=N_ITEMS).to_frame()
    found = model.recommend(USERS, n=6, max_new=most)
    for user, shown in found.lists().items():
        own = free[free["user"] == user]
        new = own.loc[own["path"] == "content", "item"].tolist()[:most]
        wanted = [item for item in own["item"] if item in new or own.set_index("item")["path"][item] != "content"]
        assert shown == wanted[:6]
    with pytest.raises(SettingsError, match="max_new=-1 is no whole number from 0 on"):
        model.recommend(USERS, max_new=-1)


def test_what_is_left_out_is_never_shown(model, table):
    best = model.recommend("u1", n=3).lists()["u1"]
    for exclude in (best, set(best), np.array(best), pd.Series(best)):
        lists = model.recommend(USERS, n=99, exclude=exclude).lists()
        assert all(not set(shown) & set(best) for shown in lists.values())
        assert len(lists["stranger"]) == N_ITEMS - 3
    assert model.recommend("u1", n=1, exclude=best[0]).lists()["u1"] == [best[1]]


def test_no_more_of_one_kind_than_asked_for(model, items, table):
    kind = items.set_index("item")["kind"]
    plain = model.recommend(USERS, n=N_ITEMS).lists()
    for user, shown in model.recommend(USERS, n=6, max_per={"kind": 2}).lists().items():
        assert kind[shown].value_counts().max() <= 2
        wanted, counts = [], {}
        for item in plain[user]:  # the best that the cap leaves
            counts[kind[item]] = counts.get(kind[item], 0) + 1
            if counts[kind[item]] <= 2:
                wanted.append(item)
        assert shown == wanted[:6]
    both = model.recommend(USERS, n=9, max_per={"kind": 2, "tags": 3})
    tags = items.set_index("item")["tags"]
    for shown in both.lists().values():
        assert kind[shown].value_counts().max() <= 2
        assert tags[shown].value_counts().max() <= 3
    assert any("of fewer than 9 items" in note for note in both.notes)


def test_what_is_boosted_rises_by_so_much_and_what_is_held_back_sinks(model):
    plain = model.recommend("u1", n=99).to_frame().set_index("item")
    last, first = plain.index[-1], plain.index[0]
    lifted = model.recommend("u1", n=99, boost={last: 50.0, first: -50}).to_frame().set_index("item")
    assert lifted.index[0] == last
    assert lifted.index[-1] == first
    assert lifted.loc[last, "score"] == pytest.approx(plain.loc[last, "score"] + 50, rel=1e-5)
    others = plain.index[1:-1]
    pd.testing.assert_frame_equal(lifted.loc[others].drop(columns="rank"), plain.loc[others].drop(columns="rank"))
    held = set(plain.index)
    for item in set(model.items_) - held:  # what the user had is not shown, however it is boosted
        assert item not in model.recommend("u1", n=99, boost={item: 1e6}).lists()["u1"]


def test_more_different_lists_are_more_different(model):
    def alike(shown):
        rows = model.rows_[pd.Index(model.items_).get_indexer(shown)]
        near = model.space_.similarity(rows, rows)
        return (near.sum() - np.trace(near)) / (len(shown) * (len(shown) - 1))

    means = []
    for diversity in (0.0, 0.3, 0.7, 1.0):
        lists = model.recommend(USERS, n=5, diversity=diversity).lists()
        assert all(len(shown) == len(set(shown)) == 5 for shown in lists.values())
        means.append(np.mean([alike(shown) for shown in lists.values()]))
    assert means[0] > means[2] > means[3] - 1e-9
    best = model.recommend(USERS, n=5).lists()
    assert {user: shown[0] for user, shown in model.recommend(USERS, n=5, diversity=0.5).lists().items()} == {
        user: shown[0] for user, shown in best.items()
    }
    capped = model.recommend(USERS, n=5, diversity=0.5, max_per={"kind": 1}, exclude=["i0"]).lists()
    assert all("i0" not in shown and len(shown) <= 4 for shown in capped.values())


def test_a_cap_beside_diversity_reaches_behind_the_best():
    """A list that a cap leaves short is filled from all that may be shown, not from the best of them alone."""
    scores = np.arange(100.0)[None, ::-1]
    kinds = np.r_[np.zeros(95, int), np.arange(1, 6)]
    near = lambda items: np.zeros((len(items), len(items)))  # noqa: E731
    for diversity in (0.1, 1.0):
        (found,) = diversify(scores, 3, diversity, near, {0: (kinds, 1)})
        assert sorted(kinds[found]) == [0, 1, 2]


def test_diversity_without_items_goes_by_who_had_them(table):
    found = Recommender().fit(table)
    lists = found.recommend(USERS, n=5, diversity=0.8).lists()
    assert all(len(set(shown)) == 5 for shown in lists.values())
    assert lists != found.recommend(USERS, n=5).lists()


def test_reasons_are_true_and_may_be_left_out(model, table, items):
    frame = model.recommend(USERS, n=6).to_frame()
    own = table.drop_duplicates(["user", "item"])
    n_users = table["user"].nunique()
    counts = own["item"].value_counts()
    for user, item, path, because in frame[["user", "item", "path", "because"]].itertuples(index=False):
        if because.startswith("popular"):
            assert because == f"popular: {counts[item]} of {n_users} users had it"
        elif because.startswith("had of late"):
            assert f" of its {counts[item]} users had it in the last " in because
            assert counts[item] < counts.sum() / len(model.items_)
        elif path == "content":
            assert because.startswith("new, and like ")
        else:
            first = because.split("'")[1]
            assert first in had(table, user)
            both = len(set(own.loc[own["item"] == first, "user"]) & set(own.loc[own["item"] == item, "user"]))
            assert f": {both} of the {counts[first]} users of '{first}' had it" in because
    bare = model.recommend(USERS, n=6, reasons=False).to_frame()
    pd.testing.assert_frame_equal(bare, frame.drop(columns="because"))
    assert (frame.loc[frame["user"] == "stranger", "path"].isin(["popularity", "content"])).all()


def test_habits_say_how_often_and_when():
    rng = np.random.default_rng(0)
    rows = [
        (f"u{user}", f"i{(5 * user + int(rng.integers(3))) % 24}", 4 * step + user % 4)
        for user in range(40)
        for step in range(30)
    ]
    table = pd.DataFrame(rows, columns=["user", "item", "timestamp"])
    table["timestamp"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(table["timestamp"], unit="D")
    found = Recommender(question="next").fit(table)
    frame = found.recommend(USERS[:-1], n=5).to_frame()
    habits = frame[frame["because"].str.startswith("had it")]
    assert len(habits) > 5
    end = table["timestamp"].max()
    for user, item, because in habits[["user", "item", "because"]].itertuples(index=False):
        own = table[(table["user"] == user) & (table["item"] == item)]
        visits = own["timestamp"].nunique()
        assert because.startswith("had it once" if visits == 1 else f"had it {visits} times")
        days = (end - own["timestamp"].max()).days
        assert f"last {days} day" in because if days else "last day" in because


def test_similar_items_share_what_is_told(model, items, table):
    frame = model.similar(["i1", "i27"], n=5).to_frame()
    assert list(frame.columns[:2]) == ["like item", "item"]
    assert not (frame["like item"] == frame["item"]).any()
    assert set(frame.loc[frame["like item"] == "i27", "path"]) == {"content"}
    columns = items.set_index("item")
    for first, other, because in frame[["like item", "item", "because"]].itertuples(index=False):
        if "same " in because and "kind" in because:
            assert columns.loc[first, "kind"] == columns.loc[other, "kind"]
    behaviour = model.similar("i1", n=3, by="behaviour").to_frame()
    own = table.drop_duplicates(["user", "item"]).assign(one=1.0)
    x = own.pivot(index="user", columns="item", values="one").fillna(0.0)
    near = (x.T @ x["i1"]) / np.sqrt(x.sum() + 20) / np.sqrt(x["i1"].sum() + 20)
    wanted = near.drop("i1").sort_values(ascending=False, kind="stable").head(3)
    np.testing.assert_allclose(behaviour["score"], wanted, rtol=1e-5)


# The small functions


@given(st.integers(0, 100_000))
def test_caps_against_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 5, size=(3, 9)).astype(float)
    scores[rng.random(scores.shape) < 0.3] = -np.inf
    kinds = rng.integers(0, 3, size=9)
    for n, most in ((4, 1), (4, 2), (9, 9)):
        for row, found in zip(scores, cap_lists(scores, n, {0: (kinds, most)}), strict=True):
            wanted = []
            for item in np.argsort(-row, kind="stable"):
                alike = sum(kinds[one] == kinds[item] for one in wanted)
                if np.isfinite(row[item]) and alike < most and len(wanted) < n:
                    wanted.append(int(item))
            assert found.tolist() == wanted
    for row, found in zip(scores, cap_lists(scores, 4, {}), strict=True):
        order = np.argsort(-row, kind="stable")
        assert found.tolist() == order[np.isfinite(row[order])][:4].tolist()


@given(st.integers(0, 100_000), st.floats(0, 1))
def test_maximal_marginal_relevance_against_a_plain_loop(seed, diversity):
    rng = np.random.default_rng(seed)
    scores = rng.permutation(8).astype(float)[None, :]
    scores[0, rng.integers(8)] = -np.inf
    near = rng.random((8, 8))
    near = (near + near.T) / 2
    (found,) = diversify(scores, 4, diversity, lambda items: near[np.ix_(items, items)], {})
    pool = np.flatnonzero(np.isfinite(scores[0]))
    value = scores[0, pool] - scores[0, pool].min()
    value = dict(zip(pool, value / value.max(), strict=True))
    chosen = []
    for _ in range(4):
        gain = {
            item: (1 - diversity) * value[item] - diversity * max([near[item, one] for one in chosen], default=0.0)
            for item in pool
            if item not in chosen
        }
        chosen.append(max(sorted(gain, key=lambda item: -value[item]), key=lambda item: gain[item]))
    assert found.tolist() == chosen


def test_columns_with_separators_and_missing_numbers():
    columns = ItemColumns({"tags": np.array(["a; b", "b", ""]), "price": np.array([1.0, np.nan, 3.0])}, ";")
    assert columns.select({"tags": "b"}, 3).tolist() == [True, True, False]
    assert columns.select({"tags": ["a"]}, 3).tolist() == [True, False, False]
    assert columns.select({"price": (None, None)}, 3).tolist() == [True, False, True]
    assert columns.select(None, 3).all()
    assert number_kinds(np.array(["b", "a", "b"])).tolist() == [1, 0, 1]


def test_results_say_what_they_hold():
    table = pd.DataFrame({"user": ["a", "a", "b"], "item": ["x", "y", "x"], "rank": [1, 2, 1], "score": 0.5})
    found = Recommendations(table, 2, ("1 list of fewer than 2 items: no more may be shown",))
    assert found.explain() == "3 items in 2 lists. 1 list of fewer than 2 items: no more may be shown."
    assert found.lists() == {"a": ["x", "y"], "b": ["x"]}
    assert found.key == "user"


def test_what_is_added_to_a_strangers_score_sums_up_to_it():
    table = shop()
    for question in ("new", "next"):
        found = Recommender(question=question).fit(table)
        frame = found.recommend(["nobody", table["user"].iloc[0]]).to_frame()
        groups = frame.filter(like="from_")
        gap = frame["score"] - groups.sum(axis=1)
        if "from_trend" in groups:
            assert np.ptp(gap[frame["user"] == "nobody"]) < 1e-4
            assert gap.iloc[0] == pytest.approx(found.blend_.intercept, abs=1e-4)


def test_a_reason_names_what_counts_for_the_score():
    # Of two items that go alike with a third, the one had of late is named where only what is recent counts.
    part = LinearPart(1.0, "presence", "recent")
    users = np.repeat(np.arange(40), 3)
    history = History(users.astype(np.int32), np.tile(np.arange(3), 40).astype(np.int32), np.zeros(120), None, 41, 3)
    part.learn(history, 1.0, {})
    asked = History(
        np.r_[users, 40, 40].astype(np.int32),
        np.r_[np.tile(np.arange(3), 40), 0, 1].astype(np.int32),
        np.r_[np.zeros(120), 90.0, 0.0],
        None,
        41,
        3,
    )
    blend = Blend([part], np.ones(1), np.zeros(1), np.ones(1), 0.0)
    why = Reasons(asked, blend, np.array(["old", "late", "asked"]), 1.0, "day")
    assert why.tell(40, 2, {"similar": 1.0}).startswith("goes with 'late', which they had")


def test_what_few_had_is_not_called_popular():
    """Of things that everybody had long ago, and one that some come to of late."""
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(200), "D")
    rng = np.random.default_rng(0)
    old = pd.DataFrame({"user": np.repeat(np.arange(200), 6), "item": np.tile(list("abcdef"), 200)})
    old["timestamp"] = days[rng.integers(0, 150, len(old))]
    some = pd.DataFrame({"user": np.arange(40), "item": "late", "timestamp": days[195]})
    history = History.of(as_interactions(pd.concat([old, some])))
    blend = Blend([], np.zeros(0), np.zeros(0), np.zeros(0), 0.0)
    why = Reasons(history, blend, np.array([*"abcdef", "late"]), 7.0, "day")
    assert why.trend(0) == "popular: 200 of 200 users had it"
    assert why.trend(6) == "had of late: 40 of its 40 users had it in the last 7 days"
    assert Reasons(history, blend, why.items, None, "").trend(6) == "popular: 40 of 200 users had it"


def test_items_without_a_kind_are_not_of_one():
    assert number_kinds(np.array([1.0, np.nan, 1.0, np.nan])).tolist() == [0, 2, 0, 3]
    table = shop()
    items = pd.DataFrame({"item": [f"i{number}" for number in range(24)], "kind": ["a", "a", "a", *[None] * 21]})
    found = Recommender(question="next").fit(table, items)
    frame = found.recommend(USERS, n=10, max_per={"kind": 1}).to_frame()
    assert (frame.groupby("user").size() == 10).all()
    assert (frame[frame["item"].isin(["i0", "i1", "i2"])].groupby("user").size() <= 1).all()


def test_users_may_be_truth_values():
    table = pd.DataFrame({"user": [True, True, False], "item": ["tea", "milk", "tea"]})
    assert Recommender().fit(table).recommend([False]).lists() == {False: ["milk"]}


def test_who_had_both_is_the_same_from_the_whole_square_and_from_a_part(table, monkeypatch):
    lists = Recommender().fit(table).recommend(USERS, n=5, diversity=0.5).lists()
    monkeypatch.setattr("domains.recommendation.content.alike.SQUARE", 0)
    assert lists == Recommender().fit(table).recommend(USERS, n=5, diversity=0.5).lists()
