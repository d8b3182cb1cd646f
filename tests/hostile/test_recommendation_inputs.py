"""Bad interactions, items, texts and vectors: answered rightly, or refused with what, where, how many and the mend."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import KFold

from domains.recommendation import (
    EaseRecommender,
    FactorRecommender,
    HistoryRecommender,
    ItemSpace,
    NeighbourRecommender,
    PopularityRecommender,
    RankingTask,
    Recommender,
    SemanticIndex,
    TextEncoder,
)
from shared.data import Incidence, InteractionColumns, TimeCut, WalkForward
from shared.errors import HexadError, SettingsError, StoreError
from shared.evaluation import evaluate
from tests.contract.test_recommenders import MADE, NAMES, shop

every = pytest.mark.parametrize("model", MADE, ids=NAMES)


def refused(call) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is said beside the error
        with pytest.raises(HexadError) as error:
            call()
    return str(error.value)


def says(text: str, *parts: str) -> None:
    assert [part for part in parts if part not in text] == [], text


def pairs(**changed) -> pd.DataFrame:
    return pd.DataFrame({"user": ["a", "b", "c"], "item": ["x", "y", "x"]} | changed)


@pytest.fixture(scope="module")
def table():
    return shop()


@pytest.fixture(scope="module")
def items():
    numbers = np.arange(28)
    return pd.DataFrame(
        {
            "item": [f"i{number}" for number in numbers],
            "kind": [f"k{number // 8}" for number in numbers],
            "price": numbers + 1.0,
            "note": ["red wine of cherry" if number % 2 else "hard cheese" for number in numbers],
        }
    )


@pytest.fixture(scope="module")
def model(table, items):
    return Recommender(text="note", encoder=TextEncoder("words", n_factors=4)).fit(table, items)


# Interactions


@every
@pytest.mark.parametrize("column", ["user", "item"])
@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_missing_keys_are_refused_with_their_row_or_left_out(model, column, missing):
    bad = pairs(**{column: ["a", missing, "c"]})
    says(
        refused(lambda: clone(model).fit(bad)), f"column '{column}'", "1 value is missing", "(row 2)", 'missing="drop"'
    )
    kept = Incidence.from_interactions(bad, missing="drop")
    assert kept.notes == ("1 row in which something is missing left out",)
    fitted = clone(model).fit(kept)
    assert int((fitted.history_.activity > 0).sum()) == 2
    if column == "item":  # a user is left of whom nothing is known
        assert any("'b'" in note and "popular" in note for note in fitted.recommend("b").notes)


@pytest.mark.parametrize("column", ["user", "item"])
def test_keys_of_several_types_are_refused_with_their_row(column):
    text = refused(lambda: Recommender().fit(pairs(**{column: ["a", 1, "c"]})))
    says(text, f"column '{column}'", "1 of type int, 2 of type str", "(row 2)", f"table['{column}'].astype(str)")


def test_lists_in_a_cell_and_what_is_no_table_are_refused():
    says(
        refused(lambda: Recommender().fit(pairs(item=[["x", "y"], ["x"], ["y"]]))),
        "column 'item'",
        "lists",
        "rows 1, 2",
    )
    for given, told in (
        (["a,b"], "list"),
        ("a", "str"),
        ({"user": ["a"]}, "dict"),
        (np.ones((2, 2)), "ndarray"),
        (3, "int"),
    ):
        says(refused(lambda given=given: Recommender().fit(given)), f"a {told}", "table")
    says(refused(lambda: Recommender().fit()), "nothing to learn from")
    for one in MADE:
        with pytest.raises(HexadError):
            clone(one).fit(None)


def test_empty_tables_and_missing_columns_are_refused():
    says(refused(lambda: Recommender().fit(pairs().iloc[:0])), "interactions", "no rows")
    says(
        refused(lambda: Recommender().fit(pairs().rename(columns={"user": "usr"}))),
        "column 'user'",
        "did you mean 'usr'?",
    )
    twice = pd.concat([pairs(), pairs()[["user"]]], axis=1)
    says(refused(lambda: Recommender().fit(twice)), "repeated column names", "'user'")


def test_what_stands_there_twice_counts_once_and_is_told():
    double = pd.concat([pairs(), pairs().iloc[[0]]])
    found = PopularityRecommender().fit(double)
    assert found.notes_ == ["1 row repeats the user and item of another, and was added to it"]
    assert found.history_.popularity.tolist() == [2.0, 1.0]
    rated = pairs(rating=[2.0, 3.0, 1.0])
    again = Incidence.from_interactions(pd.concat([rated, rated.iloc[[0]]]))
    assert again.weights.tolist() == [4.0, 3.0, 1.0]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([0, 3, 1], "is zero or negative in 1 row"),
        ([-1, 3, -2], "is zero or negative in 2 rows"),
        ([True, False, True], "is zero or negative in 1 row"),
        ([1, np.nan, 2], "holds no rating in 1 row (row 2)"),
        ([1, np.inf, 2], "holds no finite number in 1 row: 'inf' (row 2)"),
        (["1", "good", "2"], "holds no finite number in 1 row: 'good' (row 2)"),
    ],
)
def test_ratings_that_say_nothing_are_refused_with_their_rows(values, told):
    says(refused(lambda: Recommender().fit(pairs(rating=values))), "column 'rating'", told)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (["2024-01-01", "soon", "x"], "neither dates nor numbers"),
        ([pd.Timestamp("2024-01-01"), pd.NaT, pd.Timestamp("2024-01-02")], "holds no time in 1 row (row 2)"),
        ([1.0, 2.0, np.inf], "holds no time in 1 row (row 3)"),
    ],
)
def test_times_that_are_none_are_refused_with_their_rows(values, told):
    says(refused(lambda: Recommender().fit(pairs(timestamp=values))), "column 'timestamp'", told)


def ranked(table, splits):
    return evaluate(
        {"near": NeighbourRecommender()},
        Incidence.from_interactions(table),
        splits,
        ["ndcg@5"],
        baselines={"popular": PopularityRecommender()},
        task=RankingTask(),
        guard=False,
    )


@pytest.mark.parametrize("splits", [WalkForward("30D", every="30D", n_splits=1), TimeCut(0.8)])
def test_a_cut_in_time_without_times_or_with_equal_ones_is_refused_and_names_the_column(table, splits):
    text = refused(lambda: ranked(table.drop(columns="timestamp"), splits))
    assert "by time" in text or "times" in text
    assert "name the" in text
    says(
        refused(lambda: ranked(table.assign(timestamp=pd.Timestamp("2024-01-01")), splits)),
        "column 'timestamp'",
        "equal",
    )


def test_users_cut_apart_are_no_test_of_what_comes_later(table):
    says(
        refused(lambda: ranked(table.drop(columns="timestamp"), KFold(3))), "no user stands on both sides", "timestamp="
    )


def test_whole_numbers_are_times_as_dates_are(table):
    days = (table["timestamp"] - pd.Timestamp("2024-01-01")).dt.days
    numbers = ranked(table.assign(timestamp=days), WalkForward(30, every=30, n_splits=1))
    dates = ranked(table, WalkForward("30D", every="30D", n_splits=1))
    pd.testing.assert_frame_equal(numbers.predictions.drop(columns="split"), dates.predictions.drop(columns="split"))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Recommender(period="28D"), "period='28D'"),
        (lambda: PopularityRecommender("28D"), "half_life='28D'"),
        (lambda: HistoryRecommender(3.0), "half_life=3.0"),
    ],
)
def test_lengths_of_time_need_times_that_differ(table, make, told):
    says(refused(lambda: make().fit(table.drop(columns="timestamp"))), told, "needs interactions with times")
    says(refused(lambda: make().fit(table.assign(timestamp=7))), told, "needs times that differ")


def test_equal_times_leave_what_needs_none(table):
    found = Recommender().fit(table.assign(timestamp=pd.Timestamp("2024-01-01")))
    assert any("a fifth of the pairs" in note for note in found.notes_)
    assert not [name for name in found.weights_ if "period" in name]


# Settings


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Recommender(question="best"), "question='best'"),
        (lambda: EaseRecommender(question=["new"]), "question"),
        (lambda: Recommender(dense_items=0), "dense_items=0"),
        (lambda: Recommender(random_state="x"), "random_state='x'"),
        (lambda: Recommender(random_state=-1), "random_state=-1"),
        (lambda: Recommender(period="soon"), "'soon' is no duration"),
        (lambda: Recommender(period=-3), "period=-3"),
        (lambda: Recommender(period=True), "period=True"),
        (lambda: Recommender(period=[1]), "period=[1]"),
        (lambda: Recommender(period=float("nan")), "period=nan"),
        (lambda: Recommender(period="365D"), "give at most 59.5"),
        (lambda: PopularityRecommender("soon"), "'soon' is no duration"),
        (lambda: HistoryRecommender(0), "half_life=0 "),
        (lambda: NeighbourRecommender(-1), "shrinkage=-1"),
        (lambda: NeighbourRecommender("a"), "shrinkage='a'"),
        (lambda: NeighbourRecommender(float("nan")), "shrinkage=nan"),
        (lambda: NeighbourRecommender(n_neighbours=0), "n_neighbours=0"),
        (lambda: EaseRecommender(0), "penalty=0"),
        (lambda: EaseRecommender(None), "penalty=None"),
        (lambda: EaseRecommender(float("inf")), "penalty=inf"),
        (lambda: EaseRecommender(signal="votes"), "signal='votes'"),
        (lambda: FactorRecommender(0), "n_factors=0"),
        (lambda: Recommender(text="note"), "text='note'"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(table, make, told):
    says(refused(lambda: make().fit(table)), told)


def test_ratings_that_are_not_there_are_not_weighed(table):
    says(
        refused(lambda: EaseRecommender(signal="rating").fit(table.drop(columns="rating"))),
        "signal='rating'",
        "ratings",
    )


def test_a_half_life_may_be_longer_than_what_the_times_span(table):
    assert HistoryRecommender("365D").fit(table).recommend("u1", 3).lists()["u1"]


# Whom and what is asked for


@every
def test_strangers_get_what_is_popular_and_are_told(model, table):
    found = clone(model).fit(table).recommend(["u1", "stranger"], n=4)
    popular = PopularityRecommender(question=model.question).fit(table).recommend("stranger", n=4).lists()
    assert found.lists()["stranger"] == popular["stranger"]
    assert "1 user is not known and gets what is popular: 'stranger'" in found.notes


@every
def test_more_than_is_left_gives_a_shorter_list_and_tells(model, table):
    found = clone(model).fit(table).recommend("u1", n=999)
    had = table.loc[table["user"] == "u1", "item"].nunique() if model.question == "new" else 0
    assert len(found.lists()["u1"]) == table["item"].nunique() - had
    assert "1 list of fewer than 999 items: no more may be shown" in found.notes


@every
def test_a_single_user_with_a_single_item(model):
    fitted = clone(model).fit(pd.DataFrame({"user": ["a"], "item": ["x"]}))
    lists = fitted.recommend(["a", "b"], n=3).lists()
    assert lists == ({"b": ["x"]} if model.question == "new" else {"a": ["x"], "b": ["x"]})


@every
@pytest.mark.parametrize(
    ("asked", "parts"),
    [
        ([1, 2], ("given as int", "learnt as str", "'u0'")),
        (["u1", 2], ("given as int", "as in '2'")),
        ([None, "u1"], ("1 of the 2 keys", "missing")),
        ([float("nan")], ("missing",)),
        ([["u1"]], ("lists",)),
    ],
)
def test_users_that_are_no_keys_are_refused(model, table, asked, parts):
    fitted = clone(model).fit(table)
    says(refused(lambda: fitted.recommend(asked)), *parts)
    says(refused(lambda: fitted.scores(asked)), *parts)


@every
def test_users_asked_for_twice_are_answered_once(model, table):
    fitted = clone(model).fit(table)
    found = fitted.recommend(["u1", "u2", "u1"], n=3)
    assert found.to_frame().groupby("user").size().to_dict() == {"u1": 3, "u2": 3}
    assert found.notes == ()
    assert fitted.scores(["u1", "u1"]).shape[0] == 2


@every
@pytest.mark.parametrize("n", [0, -1, 1.5, "3", True, None, float("nan")])
def test_lengths_that_are_none_are_refused(model, table, n):
    says(refused(lambda: clone(model).fit(table).recommend("u1", n)), f"n={n!r}")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"where": {"knd": 1}}, "did you mean 'kind'?"),
        ({"where": "kind"}, "where='kind'"),
        ({"where": {"kind": "zz"}}, "the conditions leave none"),
        ({"where": {"kind": ("k0", "k1")}}, "several values are given as a list"),
        ({"where": {"price": (1, 2, 3)}}, "needs (least, most)"),
        ({"where": {"price": ("a", 2)}}, "'price' holds numbers, not 'a'"),
        ({"where": {"price": "cheap"}}, "'price' holds numbers, not 'cheap'"),
        ({"exclude": ["i99"]}, "there is no item 'i99'"),
        ({"exclude": [["i1"]]}, "lists"),
        ({"exclude": [f"i{number}" for number in range(28)]}, "the conditions leave none"),
        ({"boost": {"i1": float("nan")}}, "boost of 'i1'"),
        ({"boost": {"i1": "a lot"}}, "boost of 'i1'"),
        ({"boost": {"i1": None}}, "boost of 'i1'"),
        ({"boost": {"i1": 1e300}}, "boost of 'i1'"),
        ({"boost": {"i99": 1}}, "there is no item 'i99'"),
        ({"boost": ["i1"]}, "boost=['i1']"),
        ({"max_per": "kind"}, "max_per='kind'"),
        ({"max_per": {"kind": 0}}, "max_per: 0"),
        ({"max_per": {"knd": 1}}, "did you mean 'kind'?"),
        ({"diversity": 2}, "diversity=2"),
        ({"diversity": None}, "diversity=None"),
        ({"diversity": float("nan")}, "diversity=nan"),
    ],
)
def test_conditions_that_are_none_are_refused(model, asked, told):
    says(refused(lambda: model.recommend("u1", 3, **asked)), told)


def test_items_that_are_not_known_have_nothing_like_them(model):
    says(refused(lambda: model.similar("i99")), "there is no item 'i99'")
    says(refused(lambda: model.similar([["i1"]])), "lists")
    says(refused(lambda: model.similar("i1", by="taste")), "by='taste'")
    says(refused(lambda: model.similar("i27", by="behaviour")), "'i27'", "by='behaviour'")
    assert model.similar([]).to_frame().empty
    assert model.similar(["i1", "i1"], 3).to_frame().shape[0] == 3


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (None, "queries"),
        (3, "queries"),
        ([], "no query"),
        (["red", 3], "holds no text in 1 row, the first of type int (row 2)"),
    ],
)
def test_queries_that_are_no_texts_are_refused(model, query, told):
    says(refused(lambda: model.search(query)), told)


def test_queries_that_fit_nothing_find_nothing(model):
    for query in ("", "   ", "zzzz", [""], [None, "zzzz"]):
        assert model.search(query).to_frame().empty
    says(refused(lambda: model.search("red", where={"kind": "zz"})), "leave none")
    says(refused(lambda: model.search("red", user=3)), "given as int")
    assert len(model.search("cheese", 3, user="stranger").to_frame()) == 3


def test_what_was_not_learnt_is_not_answered(table, items):
    alone = Recommender(text="note", encoder=TextEncoder("words")).fit(items=items)
    for ask in (lambda: alone.recommend("u1"), lambda: alone.scores("u1"), lambda: alone.update(table)):
        says(refused(ask), "no interactions were learnt from")
    says(refused(lambda: Recommender().fit(table).search("red")), "no texts", 'text="description"')


# What is known of items


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (
            lambda t: pd.concat([t, t.iloc[:2]]),
            ("column 'item'", "share a key", "rows 1, 2, 29, 30", "drop_duplicates"),
        ),
        (lambda t: t.assign(item=[None, *t["item"][1:]]), ("column 'item'", "1 key missing", "row 1")),
        (lambda t: t.assign(item=[1, *t["item"][1:]]), ("items", "column 'item'", "1 of type int", "row 1")),
        (lambda t: t.assign(item=range(28)), ("column 'item'", "holds numbers", "by text", "astype(str)")),
        (lambda t: t.assign(item=t["item"] + "x"), ("column 'item'", "names none of the items")),
        (lambda t: t.rename(columns={"item": "thing"}), ("column 'item'", "is missing", "'thing'")),
        (lambda t: t.iloc[:0], ("items", "no rows")),
        (lambda t: pd.concat([t, t[["kind"]]], axis=1), ("repeated column names", "'kind'")),
        (lambda t: "items.csv", ("items", "read_table")),
        (lambda t: t.assign(note=""), ("no row holds a text in 'note'",)),
        (lambda t: t.assign(note=None), ("no row holds a text in 'note'",)),
        (lambda t: t.rename(columns={"note": "notes"}), ("column 'note'", "did you mean 'notes'?")),
    ],
)
def test_items_that_cannot_be_read_are_refused(table, items, change, parts):
    reader = Recommender(text="note", encoder=TextEncoder("words"))
    says(refused(lambda: reader.fit(table, change(items.copy()))), *parts)


def test_attributes_are_a_list_of_columns(table, items):
    says(refused(lambda: Recommender(attributes="kind").fit(table, items)), "attributes='kind'", "['kind']")
    says(refused(lambda: Recommender(attributes=["knd"]).fit(table, items)), "did you mean 'kind'?")
    strange = items.assign(price=np.inf, kind=np.nan, when=pd.Timestamp("2024-01-01"))
    found = Recommender(text="note", encoder=TextEncoder("words", n_factors=4)).fit(table, strange)
    assert np.isfinite(found.scores(["u1", "stranger"])).all()
    assert any("dates are not compared: 'when'" in note for note in found.notes_)


def test_weights_of_a_space_are_numbers_of_its_blocks(items):
    for weights, told in (
        ({"x": 1}, "weights name 'x'"),
        ({"kind": -1}, "'kind'"),
        ({"kind": "a"}, "'kind'"),
        ({"kind": float("nan")}, "'kind'"),
        ({"kind": 0}, "all zero"),
    ):
        says(refused(lambda w=weights: ItemSpace(weights=w, attributes=["kind"]).fit(items)), told)
    says(refused(lambda: ItemSpace(attributes=["kind"]).fit(items, y=[1, 2])), "2 labels")
    says(refused(lambda: ItemSpace(attributes=["kind"]).fit(items, y=[1] * 28)), "all alike")
    says(refused(lambda: ItemSpace().fit(items[["item"]])), "nothing that items can be compared by")


# New rows


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda t: t.assign(user=[1, 2]), ("given as int", "learnt as str")),
        (lambda t: t.drop(columns="timestamp"), ("times",)),
        (lambda t: t.assign(timestamp=[1, 2]), ("the new times are numbers, and dates were learnt from",)),
        (lambda t: t.assign(rating=[0.0, 1.0]), ("column 'rating'", "zero or negative")),
        (lambda t: t.iloc[:0], ("no rows",)),
        (lambda t: t.rename(columns={"user": "who"}), ("column 'user'", "'who'")),
        (lambda t: None, ("interactions",)),
        (lambda t: "x.csv", ("interactions",)),
    ],
)
def test_new_rows_of_another_kind_are_refused_and_change_nothing(table, change, parts):
    fitted = Recommender().fit(table)
    before = fitted.scores(["u1"])
    new = pd.DataFrame(
        {"user": ["u1", "new"], "item": ["i1", "i2"], "rating": 2.0, "timestamp": pd.to_datetime(["2024-06-01"] * 2)}
    )
    says(refused(lambda: fitted.update(change(new))), *parts)
    np.testing.assert_array_equal(fitted.scores(["u1"]), before)


# Texts and vectors


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ("red wine", "['red wine']"),
        (None, "Give a list of texts"),
        (3, "Give a list of texts"),
        (["red", 1, 2.5], "holds no text in 2 rows, the first of type int (rows 2, 3)"),
        ([["red"]], "holds no text in 1 row, the first of type list (row 1)"),
        ([], "no text holds a word"),
        (["", None], "no text holds a word"),
        (["the of and"], "no text holds a word"),
    ],
)
def test_texts_that_are_none_are_refused(texts, told):
    says(refused(lambda: TextEncoder("words").fit(texts)), told)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"views": "all"}, "views='all'"),
        ({"balance": 2}, "balance=2"),
        ({"balance": None}, "balance=None"),
        ({"balance": "a"}, "balance='a'"),
        ({"n_factors": 0}, "n_factors=0"),
        ({"random_state": "x"}, "random_state='x'"),
        ({"engine": "x"}, "engine='x'"),
        ({"model": "/no/such/folder"}, "/no/such/folder holds no model.safetensors"),
    ],
)
def test_settings_of_an_encoder_are_refused_by_name(settings, told):
    says(refused(lambda: TextEncoder(**settings).fit(["red wine", "white cheese"] * 3)), told)


def test_empty_and_foreign_texts_get_zeros_or_vectors_never_nan():
    encoder = TextEncoder("words", n_factors=3).fit(["red wine", "dry red wine", "сыр и вино", "日本 酒", ""])
    found = encoder.transform(["", None, "сыр", "qqq", "red"])
    assert np.isfinite(found).all()
    assert np.flatnonzero((found == 0).all(axis=1)).tolist() == [0, 1, 3]
    np.testing.assert_allclose(np.linalg.norm(found[[2, 4]], axis=1), 1, rtol=1e-5)
    assert encoder.transform([]).shape == (0, found.shape[1])


def index() -> SemanticIndex:
    return SemanticIndex(TextEncoder("words", n_factors=3)).add(
        ["a", "b", "c"], ["red wine", "sweet cheese", "red apple"]
    )


@pytest.mark.parametrize(
    ("vectors", "parts"),
    [
        ([[0.0, np.nan, 1.0]], ("no finite number", "row 1")),
        ([[0.0, np.inf, 1.0]], ("no finite number", "row 1")),
        (np.ones((1, 5)), ("5 numbers", "the index 3", "another model")),
        (np.ones((2, 3)), ("shape (2, 3)", "1 rows")),
        ([["a", "b", "c"]], ("no numbers",)),
    ],
)
def test_vectors_that_are_none_or_of_another_model_are_refused(vectors, parts):
    own = index()
    says(refused(lambda: own.add(["d"], ["new"], vectors)), *parts)
    if len(vectors) == 1:
        says(refused(lambda: own.nearest(vectors)), parts[0])
    assert own.keys.tolist() == ["a", "b", "c"]


def test_vectors_of_zeros_are_found_by_nothing_and_break_nothing():
    own = index().add(["z"], ["???"], np.zeros((1, 3)))
    assert own.search("red", 9, mode="meaning")["key"].tolist() == ["a", "c"]
    rows, products = own.nearest(np.zeros((1, 3)), 4)
    assert sorted(rows[0]) == [0, 1, 2, 3]
    assert products.tolist() == [[0.0] * 4]


def test_vectors_without_the_encoder_that_made_them_are_refused():
    with pytest.raises(NotFittedError):
        SemanticIndex(TextEncoder("words")).add(["a"], ["red wine"], np.ones((1, 3)))


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda own: own.add(["a"], ["x"]), "'a' stand there already"),
        (lambda own: own.add(["d", "d"], ["x", "y"]), "'d' stand there already"),
        (lambda own: own.add(["d"], ["x", "y"]), "2 rows for 1 keys"),
        (lambda own: own.add([None], ["x"]), "neither text nor numbers"),
        (lambda own: own.add([1], ["x"]), "neither text nor numbers"),
        (lambda own: own.remove(["z"]), "no text of the key 'z'"),
        (lambda own: own.search("red", 0), "n=0"),
        (lambda own: own.search("red", mode="x"), "mode='x'"),
        (lambda own: own.search([]), "no query"),
        (lambda own: own.search(None), "queries"),
        (lambda own: own.search("red", allowed=[]), "the filter lets nothing through"),
        (lambda own: own.search("red", allowed=[True, False]), "a mask of 2 values is given for 3 texts"),
        (lambda own: own.remove(["a", "b", "c"]).search("red"), "the index is empty"),
    ],
)
def test_an_index_refuses_what_it_cannot_do(act, told):
    says(refused(lambda: act(index())), told)


def test_keys_may_be_allowed_as_a_set():
    assert index().search("red", allowed={"c"})["key"].tolist() == ["c"]


def test_a_model_that_changed_is_refused(monkeypatch):
    from domains.recommendation.text import encoder as module

    class Sentences:
        notes = ()

        def __init__(self, name):
            self.model_hash = name

        def encode(self, texts):
            return np.array([[len(text), 1.0, text.count("e")] for text in texts], dtype=np.float32)

    monkeypatch.setattr(module, "load_sentences", lambda *_: Sentences("first"))
    monkeypatch.setattr(module, "has_bundled_model", lambda: True)
    own = SemanticIndex(TextEncoder("sentences")).add(["a", "b", "c"], ["one", "three", "seventeen"])
    assert own.search("one", 1)["key"].tolist() == ["a"]
    monkeypatch.setattr(module, "load_sentences", lambda *_: Sentences("second"))
    with pytest.raises(StoreError, match="another than the one"):
        own.search("one")
    with pytest.raises(StoreError, match="another than the one"):
        own.add(["d"], ["four"])


def test_what_a_task_of_ranking_cannot_be_is_refused():
    says(refused(lambda: RankingTask("best")), "question='best'")
    says(refused(lambda: RankingTask(n_shown=0)), "n_shown=0")
    task = RankingTask()
    for name, told in (("ndgc", "'ndgc'"), ("ndcg@0", "'ndcg@0'"), ("coverage@20", "only 10"), ("diversity", "kinds=")):
        says(refused(lambda name=name: task.metric(name)), told)


@pytest.mark.parametrize("name", ["rank", "score", "because", "from_habit"])
def test_a_column_of_the_name_of_a_lists_own_is_refused(name):
    table = pd.DataFrame({"user": ["a", "b"], name: ["x", "y"]})
    with pytest.raises(SettingsError, match=rf"{name}.*rename"):
        PopularityRecommender().fit(Incidence.from_interactions(table, InteractionColumns(item=name)))


def test_a_table_is_read_by_evaluate_as_by_fit(table):
    models = {"ease": EaseRecommender()}, {"popularity": PopularityRecommender()}
    whole = evaluate(models[0], Incidence.from_interactions(table), TimeCut(0.8), ["ndcg"], baselines=models[1])
    plain = evaluate(models[0], table, TimeCut(0.8), ["ndcg"], baselines=models[1])
    pd.testing.assert_frame_equal(plain.table(), whole.table())
    other = table.rename(columns={"timestamp": "when"})
    with pytest.raises(HexadError, match=r"InteractionColumns\(timestamp=\.\.\.\)"):
        evaluate(models[0], other, TimeCut(0.8, ds="when"), ["ndcg"], baselines=models[1])
