"""Search: exact against numpy, filtered inside, fused by ranks, and the same after a file as before."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.recommendation import Recommender, SemanticIndex, TextEncoder
from domains.recommendation.search import index as module
from domains.recommendation.search.index import nearest_rows
from domains.recommendation.search.lexical import WordIndex
from domains.recommendation.text.lsa import unit_rows
from shared.errors import HexadError, MissingExtraError, StoreError
from shared.runtime.store import load_model, save_model

WINES = {
    "a": "dry red wine of ripe cherry",
    "b": "sweet white wine",
    "c": "hard cheese of sheep",
    "d": "red cherry jam, sweet",
    "e": "soft cheese with white rind",
}


def index() -> SemanticIndex:
    return SemanticIndex(TextEncoder("words", n_factors=4)).add(list(WINES), list(WINES.values()))


def brute(vectors, queries, n, allowed=None):
    found = queries @ vectors.T
    if allowed is not None:
        found[:, ~allowed] = -np.inf
    order = np.argsort(-found, axis=1, kind="stable")
    return order[:, : min(n, len(vectors) if allowed is None else int(allowed.sum()))], found


@given(st.integers(0, 100_000), st.integers(1, 30), st.booleans())
def test_the_nearest_are_those_of_numpy(seed, n, filtered):
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-2, 3, size=(25, 3)).astype(np.float32)  # many products are equal
    queries = rng.integers(-2, 3, size=(70, 3)).astype(np.float32)
    allowed = rng.random(25) < 0.4 if filtered else None
    if filtered:
        allowed[rng.integers(25)] = True
    rows, products = nearest_rows(vectors, queries, n, allowed)
    wanted, found = brute(vectors, queries, n, allowed)
    np.testing.assert_array_equal(rows, wanted)
    np.testing.assert_array_equal(products, np.take_along_axis(found, wanted, axis=1))


@given(st.integers(0, 100_000), st.integers(1, 12), st.booleans())
def test_many_rows_are_gone_through_in_blocks_to_the_same_end(seed, n, equal):
    rng = np.random.default_rng(seed)
    make = (lambda shape: rng.integers(-2, 3, size=shape)) if equal else (lambda shape: rng.normal(size=shape))
    vectors, queries = make((100, 3)).astype(np.float32), make((9, 3)).astype(np.float32)
    rows, products = module._scan(vectors, queries, n)
    whole = module.ROWS
    try:
        module.ROWS = 7
        parts, values = module._scan(vectors, queries, n)
    finally:
        module.ROWS = whole
    wanted, found = brute(vectors, queries, n)
    np.testing.assert_allclose(products, np.take_along_axis(found, wanted, axis=1), rtol=1e-5)
    np.testing.assert_allclose(values, products, rtol=1e-5)
    np.testing.assert_array_equal(parts, wanted if equal else rows)


def test_long_lists_are_sorted_alike():
    rng = np.random.default_rng(0)
    vectors = rng.integers(-3, 4, size=(500, 3)).astype(np.float32)
    queries = rng.integers(-3, 4, size=(5, 3)).astype(np.float32)
    for n in (199, 200, 300, 500, 900):
        rows, _ = nearest_rows(vectors, queries, n)
        np.testing.assert_array_equal(rows, brute(vectors, queries, n)[0])


def test_meaning_is_the_product_of_vectors_and_words_are_bm25():
    own = index()
    encoder = TextEncoder("words", n_factors=4).fit(list(WINES.values()))
    vectors = encoder.transform(list(WINES.values()))
    products = (encoder.transform(["red cherry"]) @ vectors.T)[0]
    found = own.search("red cherry", 5, mode="meaning")
    order = list(np.array(list(WINES))[np.argsort(-products, kind="stable")])
    assert found["key"].tolist() == [key for key in order if products[list(WINES).index(key)] > 0]
    np.testing.assert_allclose(found["score"], np.sort(products[products > 0])[::-1], rtol=1e-5)
    words = own.search("sweet cheese", 5, mode="words")
    assert set(words["key"]) == {"b", "c", "d", "e"}
    assert words["rank"].tolist() == [1, 2, 3, 4]


def test_bm25_by_hand():
    texts = ["red wine wine", "red jam", "cheese"]
    found = WordIndex(texts).score(["wine red red", "cheese", "nothing"])
    lengths = np.array([3, 2, 1]) / 2.0

    def weight(count, length, have):
        return np.log(1 + (3 - have + 0.5) / (have + 0.5)) * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length))

    wanted = [weight(2, lengths[0], 1) + weight(1, lengths[0], 2), weight(1, lengths[1], 2), 0.0]
    np.testing.assert_allclose(found[0], wanted, rtol=1e-5)
    np.testing.assert_allclose(found[1], [0, 0, weight(1, lengths[2], 1)], rtol=1e-5)
    assert (found[2] == 0).all()
    assert WordIndex(["", "?"]).score(["red"]).tolist() == [[0.0, 0.0]]


def test_both_fuse_ranks():
    own = index()
    meaning = own.search("sweet red", 5, mode="meaning")
    words = own.search("sweet red", 5, mode="words")
    both = own.search("sweet red", 5)
    wanted = {}
    for part in (meaning, words):
        for key, rank in zip(part["key"], part["rank"], strict=True):
            wanted[key] = wanted.get(key, 0.0) + 1 / (60 + rank)
    assert dict(zip(both["key"], both["score"], strict=True)) == pytest.approx(wanted, rel=1e-5)
    assert (both["score"].diff().dropna() <= 0).all()


@pytest.mark.parametrize("mode", ["both", "meaning", "words"])
def test_filters_act_inside(mode):
    own = index()
    mask = np.array([key in {"b", "e"} for key in own.keys])
    for allowed in (mask, ["b", "e"], np.array(["e", "b"]), {"b", "e"}):
        found = own.search(["white", "sweet red cherry wine cheese"], 1, mode=mode, allowed=allowed)
        assert set(found["key"]) <= {"b", "e"}
        assert found.groupby("query").size().tolist() == [1, 1]  # never shorter than what may be found


def test_texts_come_and_go():
    own = index()
    assert own.search("goat", 3, mode="words").empty
    own.add(["f"], ["goat cheese"])
    assert own.search("goat", 3, mode="words")["key"].tolist() == ["f"]
    assert own.search("cheese", 9, mode="words")["key"].nunique() == 3
    own.remove(["f", "c"])
    assert own.search("goat", 3, mode="words").empty
    assert own.search("cheese", 1)["key"].tolist() == ["e"]
    assert own.keys.tolist() == ["a", "b", "d", "e"]
    assert len(own.texts) == len(own.vectors) == 4
    own.remove(["a", "b", "d", "e"])
    with pytest.raises(HexadError, match="the index is empty"):
        own.search("cheese")
    own.add([1, 2], ["red wine", "hard cheese"])  # an empty one takes keys of any type
    assert own.search("cheese", 1)["key"].tolist() == [2]


def test_vectors_that_were_made_before_are_taken():
    encoder = TextEncoder("words", n_factors=4).fit(list(WINES.values()))
    vectors = encoder.transform(list(WINES.values()))
    before = vectors.copy()
    own = SemanticIndex(encoder).add(list(WINES), list(WINES.values()), 3 * vectors)
    np.testing.assert_array_equal(vectors, before)
    np.testing.assert_allclose(own.vectors, unit_rows(vectors), atol=1e-6)
    assert own.search("cherry")["key"].tolist() == index().search("cherry")["key"].tolist()
    with pytest.raises(StoreError, match="another model"):
        own.nearest(np.ones((1, 9)))


def test_an_index_travels(tmp_path):
    own = index()
    save_model(own, tmp_path / "before.hexad")
    found = own.search(["cherry", "cheese"], 3)
    save_model(own, tmp_path / "after.hexad")
    assert (tmp_path / "before.hexad").read_bytes() == (tmp_path / "after.hexad").read_bytes()
    again = load_model(tmp_path / "before.hexad")
    assert again.search(["cherry", "cheese"], 3).equals(found)
    again.add(["z"], ["cherry pie"]).remove(["a"])
    assert set(again.search("cherry", 2)["key"]) == {"d", "z"}


def test_an_approximate_index_says_how_much_it_finds():
    pytest.importorskip("usearch")
    own = index().build_graph()
    assert own.measure_recall(5, 2) > 0.9
    rows, near = own.nearest(own.vectors[:2], 1, exact=False)
    assert rows.ravel().tolist() == [0, 1]
    np.testing.assert_allclose(near, 1.0, atol=1e-2)


def test_without_the_package_an_approximate_index_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "usearch", None)
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(MissingExtraError, match=r"\[fast-search\]"):
        index().build_graph()
    rows, _ = index().nearest(index().vectors[:1], 1, exact=False)  # exact where there is none
    assert rows.tolist() == [[0]]


def test_a_recommender_searches_and_suits_the_user():
    import pandas as pd

    rng = np.random.default_rng(0)
    items = pd.DataFrame(
        {
            "item": range(40),
            "note": [f"{'red' if n % 2 else 'white'} wine of {'oak' if n % 4 < 2 else 'lime'}" for n in range(40)],
        }
    )
    rows = [
        (user, int(item)) for user in range(60) for item in rng.choice(np.arange(user % 4, 40, 4), 4, replace=False)
    ]
    table = pd.DataFrame(rows, columns=["user", "item"])
    found = Recommender(text="note", encoder=TextEncoder("words", n_factors=4)).fit(table, items)
    plain = found.search("red wine", 10).to_frame()
    assert (plain["item"] % 2 == 1).all()
    assert plain.columns.tolist() == ["query", "item", "rank", "score", "path"]
    for user in (1, 3):
        own = found.search("red wine", 10, user=user).to_frame()
        assert (own["item"] % 2 == 1).mean() > 0.7
        assert (own["item"] % 4 == user).sum() > (plain["item"] % 4 == user).sum()
    both = found.search(["lime", "oak"], 3, where={"note": "white wine of oak"}).lists()
    assert set(both["oak"]) <= set(range(0, 40, 4))


def test_many_queries_find_what_each_finds_alone():
    texts = [f"{a} {b}" for a in ("cherry", "oak", "lime", "apple", "plum") for b in ("red", "white", "dry", "sweet")]
    index = SemanticIndex(TextEncoder("words", n_factors=5)).add(list(range(20)), texts)
    queries = [text.split()[0] for text in texts] * 10  # more than are ranked at once
    together = index.search(queries, n=4)
    first = index.search(queries[150], n=4)
    at = [rows for _, rows in together.groupby(np.repeat(np.arange(200), 4))][150]
    pd.testing.assert_frame_equal(at.reset_index(drop=True), first)


def test_a_search_for_somebody_unknown_tells_so():
    items = pd.DataFrame({"item": list(WINES), "note": list(WINES.values())})
    visits = pd.DataFrame({"user": ["ann", "ann", "bob"], "item": ["a", "b", "a"]})
    found = Recommender(text="note", encoder=TextEncoder("words", n_factors=3)).fit(visits, items)
    assert "Nothing is known of user 'zoe'" in found.search("red wine", user="zoe").explain()
    assert found.search("red wine", user="ann").notes == ()
