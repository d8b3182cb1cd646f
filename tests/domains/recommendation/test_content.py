"""Items by what is known of them: blocks by hand, weights that are learnt, and new items scored without their future."""

import numpy as np
import pandas as pd
import pytest

from domains.recommendation import ItemSpace, Recommender, TextEncoder
from domains.recommendation.content import newcomers as module
from shared.data import Incidence
from shared.errors import DataError
from tests.contract.test_recommenders import shop

FILMS = pd.DataFrame(
    {
        "item": list("abcde"),
        "genre": ["war", "war, love", "love", "love", None],
        "year": [1950.0, 1952.0, 2001.0, np.nan, 2010.0],
        "plot": ["soldiers at sea", "soldiers in love", "a wedding", "a wedding at sea", ""],
    }
)
WORDS = TextEncoder("words", n_factors=3)


def test_kinds_are_compared_by_how_rare_they_are():
    space = ItemSpace(attributes=["genre"], separator=", ").fit(FILMS)
    rarity = {"war": np.log(5 / 2) / np.log(5), "love": np.log(5 / 3) / np.log(5)}

    def vector(kinds):
        own = {kind: rarity[kind] for kind in kinds}
        length = np.sqrt(sum(own.values()) / max(len(own), 1) / max(sum(one**2 for one in own.values()), 1e-30))
        return np.array([own.get(kind, 0.0) * length for kind in ("love", "war")])

    wanted = np.array([vector(kinds) for kinds in (["war"], ["war", "love"], ["love"], ["love"], [])])
    np.testing.assert_allclose(space.similarity(range(5)), wanted @ wanted.T, atol=1e-5)
    assert space.shared(0, 1) == ["genre war"]
    assert space.shared(0, 2) == []


def test_numbers_are_near_by_their_quantiles():
    values = np.r_[np.arange(50.0), np.nan]
    space = ItemSpace().fit(pd.DataFrame({"item": range(51), "x": values}))
    near = space.similarity([10])[0]
    assert near[10] == pytest.approx(1.0)
    assert (np.diff(near[10:50]) <= 1e-6).all()
    assert (np.diff(near[:11]) >= -1e-6).all()
    assert near[50] == 0
    skewed = ItemSpace().fit(pd.DataFrame({"item": range(51), "x": np.exp(values)}))
    assert (skewed.similarity([10])[0, 20:] == 0).sum() > 15  # far by rank, however near by value


def test_a_similarity_is_the_weighted_sum_of_its_blocks():
    given = {"text": 2.0, "genre": 1.0, "year": 1.0}
    whole = ItemSpace("plot", separator=", ", encoder=WORDS, weights=given).fit(FILMS)
    assert whole.weights_ == {"text": 0.5, "genre": 0.25, "year": 0.25}
    alone = [
        ItemSpace("plot", separator=", ", encoder=WORDS, weights={name: 1.0}).fit(FILMS).similarity(range(5))
        for name in given
    ]
    np.testing.assert_allclose(
        whole.similarity(range(5)), 0.5 * alone[0] + 0.25 * alone[1] + 0.25 * alone[2], atol=1e-5
    )
    np.testing.assert_allclose(whole.similarity([1], [0, 2]), whole.similarity([1])[:, [0, 2]])
    assert (whole.text_of([4]) == 0).all()


def test_other_items_get_the_vectors_that_the_same_ones_have():
    space = ItemSpace("plot", separator=", ", encoder=WORDS).fit(FILMS)
    found = space.vectors(FILMS.iloc[[2, 0]])
    np.testing.assert_allclose((found @ found.T).toarray(), space.similarity([2, 0], [2, 0]), atol=1e-5)
    strange = pd.DataFrame({"item": ["z"], "genre": ["opera"], "year": [1800.0], "plot": ["qqq"]})
    assert np.isfinite(space.vectors(strange).toarray()).all()
    less = space.vectors(FILMS[["item", "plot"]])
    assert less.shape == (5, space.matrix_.shape[1])


def test_the_nearest_are_those_of_a_stable_sort_without_oneself():
    space = ItemSpace("plot", separator=", ", encoder=WORDS).fit(FILMS)
    rows, among = np.array([1, 3]), np.array([0, 1, 2, 3, 4])
    place, near = space.nearest(rows, among, 3)
    for number, row in enumerate(rows):
        value = space.similarity([row])[0].astype(float)
        value[row] = -np.inf
        order = np.argsort(-value, kind="stable")[:3]
        assert place[number].tolist() == order.tolist()
        np.testing.assert_allclose(near[number], np.maximum(value[order], 0), atol=1e-6)
    assert space.nearest(rows, among, 99)[0].shape == (2, 5)
    assert space.nearest(np.zeros(0, int), among, 3)[0].shape == (0, 3)


def test_weights_are_learnt_from_what_is_said_to_be_alike():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, 200)
    table = pd.DataFrame(
        {
            "item": range(200),
            "telling": [f"t{label}" if rng.random() < 0.9 else "t9" for label in labels],
            "noise": [f"n{one}" for one in rng.integers(0, 5, 200)],
        }
    )
    learnt = ItemSpace().fit(table, y=labels).weights_
    assert learnt["telling"] > 0.8
    assert sum(learnt.values()) == pytest.approx(1.0)
    some = [int(label) if number % 2 else None for number, label in enumerate(labels)]
    again = ItemSpace().fit(table, y=some).weights_
    changed = [label if label is not None else None for label in some]
    assert again == ItemSpace().fit(table, y=changed).weights_
    assert again["telling"] > 0.7


def test_columns_that_name_items_are_not_compared_and_dates_are_told():
    table = pd.DataFrame(
        {"item": range(100), "title": [f"film {n}" for n in range(100)], "kind": ["a", "b"] * 50, "same": 1.0}
    )
    table["seen"] = pd.Timestamp("2024-01-01")
    space = ItemSpace().fit(table)
    assert list(space.weights_) == ["kind"]
    assert "'title' differs in nearly every row" in " ".join(space.notes_)
    assert "dates are not compared: 'seen'" in space.notes_
    asked = ItemSpace(attributes=["title"]).fit(table)
    assert list(asked.weights_) == ["title"]


# New items


def tables(seed: int = 0):
    """Three tastes by the genre of 60 items; the last of each genre are new to everybody."""
    rng = np.random.default_rng(seed)
    genres = np.arange(60) % 3
    rows = []
    for user in range(120):
        own = np.flatnonzero((genres == user % 3) & (np.arange(60) < 51))
        for item in rng.choice(own, 8, replace=False):
            rows.append((f"u{user}", f"i{item}"))
        rows.append((f"u{user}", f"i{rng.integers(51)}"))
    table = pd.DataFrame(rows, columns=["user", "item"]).drop_duplicates()
    items = pd.DataFrame(
        {"item": [f"i{number}" for number in range(60)], "genre": [f"g{genre}" for genre in genres], "other": "x"}
    )
    return table, items


def test_new_items_go_to_those_who_like_their_kind():
    table, items = tables()
    found = Recommender().fit(table, items)
    assert "9 items that nobody has yet are scored by the items nearest to them" in found.notes_
    new = [f"i{number}" for number in range(51, 60)]
    place = pd.Index(found.items_).get_indexer(new)
    scores = found.scores([f"u{user}" for user in range(120)])[:, place]
    right = (np.arange(51, 60) % 3)[None, :] == (np.arange(120) % 3)[:, None]
    assert scores[right].mean() > scores[~right].mean() + 0.5
    frame = found.recommend("u0", n=60).to_frame()
    content = frame[frame["path"] == "content"]
    assert set(content["item"]) == set(new)
    assert content["because"].str.startswith("new, and like ").all()
    own = set(table.loc[table["user"] == "u0", "item"])
    for because in content["because"]:
        if "which they had" in because:
            assert because.split("'")[1] in own
            assert "same genre g" in because


def test_what_is_not_in_the_table_of_items_is_ranked_by_behaviour_alone():
    table, items = tables()
    found = Recommender().fit(table, items[~items["item"].isin(["i0", "i1", "i59"])])
    assert "nothing is known of 2 items beyond who had them" in found.notes_
    assert "i59" not in found.items_
    assert np.isfinite(found.scores(["u0"])).all()
    assert found.recommend("u0", n=99).to_frame()["item"].isin(found.items_).all()
    assert found.recommend("u3", n=3, diversity=0.5).to_frame().shape[0] == 3


def test_items_without_new_ones_change_no_score():
    table, items = tables()
    plain = Recommender().fit(table)
    beside = Recommender().fit(table, items[items["item"].isin(table["item"])])
    np.testing.assert_array_equal(plain.scores(["u0", "u1"]), beside.scores(["u0", "u1"]))


def test_played_items_are_not_their_own_neighbours(monkeypatch):
    """Known items that play new ones are compared with the others alone, or weights would be learnt from themselves."""
    seen = []
    score = module.NewItems._columns

    def spy(self, history, users, scores):
        seen.append((self.items, self.neighbours))
        return score(self, history, users, scores)

    monkeypatch.setattr(module.NewItems, "_columns", spy)
    table, items = tables()
    Recommender().fit(table, items)
    (played, neighbours) = seen[0]
    assert len(played) >= 5
    assert not np.isin(neighbours, played).any()


def test_new_items_are_scored_from_training_alone():
    table, items = tables()
    dated = table.assign(timestamp=np.arange(len(table)) % 90)
    later = dated["timestamp"] >= 60
    fitted = []
    for shift in (0, 1):
        changed = dated.copy()
        changed.loc[later, "item"] = [f"i{(int(name[1:]) + 17 * shift) % 60}" for name in dated.loc[later, "item"]]
        visits = Incidence.from_interactions(changed)
        train = visits.take(np.flatnonzero(np.asarray(visits.times) < 60))
        fitted.append(Recommender().fit(train.reindex_items(sorted(set(dated.loc[~later, "item"]))), items))
    one, other = fitted
    assert one.new_ is not None
    np.testing.assert_array_equal(one.items_, other.items_)
    np.testing.assert_array_equal(one.scores(["u0", "u7"]), other.scores(["u0", "u7"]))
    np.testing.assert_array_equal(one.new_.weights, other.new_.weights)


def test_many_items_are_ranked_without_a_square_of_them():
    table = shop(n_users=80)
    found = Recommender(dense_items=10).fit(table)
    assert any("more than dense_items=10" in note for note in found.notes_)
    assert not [name for name in found.weights_ if name.startswith(("linear", "factors"))]
    assert found.recommend("u1", 3).lists()["u1"]


def test_an_attribute_called_text_is_refused_beside_other_texts():
    table = pd.DataFrame({"item": ["a", "b"], "note": ["red wine", "white wine"], "text": ["dry red", "sweet white"]})
    with pytest.raises(DataError, match=r"text.*goes.*rename"):
        ItemSpace("note").fit(table)
    assert set(ItemSpace("text", attributes=()).fit(table).weights_) == {"text"}


def test_what_items_have_in_common_is_told_as_it_is():
    years = np.r_[1948.0, 1954.0, 1948.5, np.linspace(1940, 2014, 60)]
    notes = ["soldiers at sea", "wedding in spring", "soldiers at sea"]
    notes += [f"{a} {b}" for a, b in zip(["sea", "spring"] * 30, ["soldiers", "wedding", "train"] * 20, strict=True)]
    films = pd.DataFrame({"item": [f"i{n}" for n in range(63)], "genre": ["war", "war", *["love"] * 61]})
    films = films.assign(year=years, plot=notes)
    space = ItemSpace("plot", encoder=TextEncoder("words", n_factors=4)).fit(films)
    assert space.tell(0, 1) == "same genre war"  # six years and other texts lie between them
    assert space.tell(0, 2) == "close in year; texts are alike"
    assert space.shared(0, 2) == []
    found = Recommender(text="plot", encoder=TextEncoder("words", n_factors=4)).fit(items=films)
    because = found.similar("i0", n=60, by="content").to_frame().set_index("item")["because"]
    assert because["i2"] == "close in year; texts are alike"
    assert "year" not in because.get("i1", "")


def test_what_a_new_item_has_in_common_is_that_with_the_item_named():
    table, items = tables()
    found = Recommender().fit(table, items)
    kinds = items.set_index("item")["genre"]
    frame = found.recommend([f"u{user}" for user in range(60)], n=60).to_frame()
    for item, because in frame.loc[frame["path"] == "content", ["item", "because"]].itertuples(index=False):
        first = because.split("'")[1]
        assert ("same genre" in because) == (kinds[item] == kinds[first])


def test_similar_items_by_all_agree_with_each_alone():
    table, items = tables()
    found = Recommender().fit(table, items)
    whole = found.similar(list(found.items_), n=5).to_frame()
    rows = pd.Index(found.items_)
    alone = found.space_.similarity(found.rows_[[7]], found.rows_)[0]
    both = found.history_.presence.toarray().T @ found.history_.presence.toarray()
    size = np.sqrt(found.history_.popularity + 20.0)
    wanted = (alone + both[7] / size / size[7]) / 2 if found.history_.popularity[7] else alone
    own = whole[whole["like item"] == rows[7]]
    np.testing.assert_allclose(own["score"], wanted[rows.get_indexer(own["item"])], rtol=1e-5)


def test_cells_that_are_lists_are_refused_by_name():
    films = pd.DataFrame({"item": ["a", "b"], "genre": [["war", "love"], ["war"]]})
    for fit in (ItemSpace().fit, lambda table: Recommender().fit(items=table)):
        with pytest.raises(DataError, match=r"genre.*holds lists, not single values.*separator=', '"):
            fit(films)


def test_other_items_of_other_columns_are_refused():
    space = ItemSpace().fit(pd.DataFrame({"item": list("abc"), "year": [1950.0, 1960.0, 1970.0]}))
    with pytest.raises(DataError, match=r"none of the columns that items are compared by: 'year'"):
        space.vectors(pd.DataFrame({"item": ["d"]}))
    with pytest.raises(DataError, match=r"year.*holds 'soon', and numbers were learnt"):
        space.vectors(pd.DataFrame({"item": ["d"], "year": ["soon"]}))
    assert space.vectors(pd.DataFrame({"item": ["d"], "year": [None]})).nnz == 0
