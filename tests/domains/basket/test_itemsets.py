"""Itemsets: every kind equals brute force; thresholds are exact; the search stops before an answer that does not fit."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.basket import Itemsets, estimate_itemsets, frequent_itemsets
from domains.basket.mining.search import min_count_of
from domains.basket.mining.tree import Layout, tree_of
from shared.data import Incidence
from shared.errors import HexadError

sys.path.insert(0, str(Path(__file__).parent))
import plain

pytestmark = pytest.mark.any_pandas


basket_lists = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=7), min_size=1, max_size=25)


def as_dict(sets: Itemsets) -> dict:
    found = {frozenset(sets.names(k)): int(sets.counts[k]) for k in range(len(sets))}
    assert len(found) == len(sets)
    return found


@given(basket_lists, st.integers(1, 6), st.sampled_from([None, 1, 2, 3]), st.booleans())
def test_all_sets_equal_brute_force(baskets, least, longest, with_common):
    if with_common:
        baskets = [[*basket, "z"] for basket in baskets]  # an item in every basket
    assert as_dict(frequent_itemsets(baskets, least, max_length=longest)) == plain.frequent(baskets, least, longest)


@given(basket_lists, st.integers(1, 6))
def test_closed_and_maximal_sets_equal_brute_force(baskets, least):
    sets = plain.frequent(baskets, least)
    assert as_dict(frequent_itemsets(baskets, least, kind="closed")) == plain.closed(sets)
    assert as_dict(frequent_itemsets(baskets, least, kind="maximal")) == plain.maximal(sets)


@given(basket_lists, st.integers(1, 4), st.sets(st.sampled_from("abc")), st.sets(st.sampled_from("efg")))
def test_asked_for_and_left_out_items_equal_a_filter(baskets, least, wanted, barred):
    baskets = [*baskets, list("abcdefg")]
    rest = [[item for item in basket if item not in barred] for basket in baskets]
    sets = plain.frequent(rest, least)
    for kind, of_kind in (("all", dict), ("closed", plain.closed), ("maximal", plain.maximal)):
        found = frequent_itemsets(baskets, least, kind=kind, with_items=wanted, without_items=barred)
        assert as_dict(found) == {one: n for one, n in of_kind(sets).items() if one & wanted}


@given(basket_lists, st.integers(1, 4))
def test_mlxtend_as_engine_gives_the_same(baskets, least):
    pytest.importorskip("mlxtend")
    for asked in ({}, {"max_length": 2}, {"with_items": ["a"]}, {"without_items": ["b"]}):
        baskets_ = [*baskets, ["a", "b"]]
        ours = frequent_itemsets(baskets_, least, **asked)
        theirs = frequent_itemsets(baskets_, least, engine="mlxtend", **asked)
        assert as_dict(ours) == as_dict(theirs)
        if not asked:  # rules come out of both alike
            from domains.basket import association_rules

            a, b = (association_rules(one, 0.3, max_consequent=None) for one in (ours, theirs))
            assert sorted(a.sentence(k) for k in range(len(a))) == sorted(b.sentence(k) for k in range(len(b)))


def test_more_than_64_baskets_and_wide_projections_equal_brute_force():
    rng = np.random.default_rng(0)
    baskets = [list(np.flatnonzero(rng.random(9) < 0.45)) for _ in range(1000)]
    for least in (1, 20, 150):
        sets = plain.frequent(baskets, least)
        assert as_dict(frequent_itemsets(baskets, least)) == sets
        assert as_dict(frequent_itemsets(baskets, least, kind="closed")) == plain.closed(sets)
        assert as_dict(frequent_itemsets(baskets, least, kind="maximal")) == plain.maximal(sets)


@pytest.mark.parametrize(
    ("support", "n", "least"),
    [
        (0.1, 30, 3),
        (0.3, 10, 3),
        (0.002, 4917, 10),
        (1.0, 7, 7),
        (1, 7, 1),
        (7, 7, 7),
        (1e-9, 5, 1),
        (Fraction(1, 3), 9, 3),
    ],
)
def test_supports_are_taken_as_they_are_written(support, n, least):
    assert min_count_of(support, n) == least


@pytest.mark.parametrize("support", [0, -1, 0.0, -0.1, 1.5, True, "0.1", float("nan"), float("inf"), None])
def test_supports_out_of_range_are_refused(support):
    with pytest.raises(HexadError, match="min_support"):
        frequent_itemsets([["a"]], support)


def test_a_count_above_all_baskets_finds_nothing_and_says_what_would():
    sets = frequent_itemsets([["a", "b"], ["a"]], 3)
    assert len(sets) == 0
    assert list(sets.to_frame().columns) == ["itemset", "length", "count", "support"]
    assert sets.to_frame().empty
    assert "lower min_support" in sets.explain()
    assert len(sets.to_mlxtend()) == 0


def test_too_many_sets_are_refused_with_a_support_at_which_they_fit():
    rng = np.random.default_rng(0)
    baskets = [list(np.flatnonzero(rng.random(24) < 0.8)) for _ in range(200)]
    with pytest.raises(HexadError, match="max_itemsets") as refused:
        frequent_itemsets(baskets, 2, max_itemsets=20_000)
    text = str(refused.value)
    suggested = int(text.split("Raise min_support to ")[1].split(" ")[0])
    assert len(frequent_itemsets(baskets, suggested, max_itemsets=20_000)) <= 20_000
    with pytest.raises(HexadError, match="max_itemsets"):
        frequent_itemsets(baskets, 2, kind="closed", max_itemsets=1000)


def test_one_huge_basket_is_refused_before_memory_runs_out():
    baskets = [list(range(2000)), [1, 2], [2, 3]]
    with pytest.raises(HexadError, match="Raise min_support"):
        frequent_itemsets(baskets, 1)
    assert as_dict(frequent_itemsets(baskets, 2)) == {
        frozenset([1]): 2, frozenset([2]): 3, frozenset([3]): 2, frozenset([1, 2]): 2, frozenset([2, 3]): 2,
    }  # fmt: skip
    assert len(frequent_itemsets(baskets, 1, kind="closed")) == 4
    assert len(frequent_itemsets(Incidence.from_lists(baskets, largest=100), 1)) == 5


def test_the_estimate_is_right_on_average():
    rng = np.random.default_rng(3)
    baskets = [list(np.flatnonzero(rng.random(12) < 0.5)) for _ in range(150)]
    truth = len(frequent_itemsets(baskets, 10))
    guesses = [estimate_itemsets(baskets, 10, random_state=seed) for seed in range(40)]
    mean = np.mean([guess for guess, _ in guesses])
    spread = np.std([guess for guess, _ in guesses], ddof=1) / np.sqrt(len(guesses))
    assert abs(mean - truth) < 4 * spread + 1e-9
    assert 0.3 < np.mean([error for _, error in guesses]) / np.std([guess for guess, _ in guesses], ddof=1) < 3


def test_names_keep_their_type_and_blanks():
    sets = frequent_itemsets([["beef ", "a"], ["beef "]], 1)
    assert sets.containing(["beef "]).to_frame()["itemset"].map(list).tolist() == [["a", "beef "], ["beef "]]
    numbers = frequent_itemsets([[3, 1], [1]], 2)
    assert numbers.names(0) == (1,)
    assert isinstance(numbers.to_mlxtend()["itemsets"].iloc[0], frozenset)


def test_the_table_is_columnar_and_travels(tmp_path):
    frame = frequent_itemsets([["a", "b"], ["b"]], 1).to_frame()
    assert frame["itemset"].list.len().tolist() == frame["length"].tolist()
    sets = frequent_itemsets([["a", "b"], ["b"]], 1)
    sets.export(tmp_path / "sets.parquet")
    assert pd.read_parquet(tmp_path / "sets.parquet")["itemset"].tolist() == ["a", "a, b", "b"]


@given(basket_lists, basket_lists)
def test_any_sets_are_counted_in_any_baskets(sets, baskets):
    found = Incidence.from_lists([*baskets, list("abcdefg")])
    asked = [sorted({*one}) for one in sets if one] or [["a"]]
    codes = [[found.items.get_loc(item) for item in one] for one in asked]
    indptr = np.concatenate([[0], np.cumsum([len(one) for one in codes])])
    tree, place = tree_of(indptr, np.concatenate(codes), found.n_items)
    counts = Layout.of(found, tree.order).counts(tree)[place]
    assert counts.tolist() == [plain.count(found.to_lists(), one) for one in asked]


def test_unknown_and_contradicting_items_are_refused_by_name():
    baskets = [["milk", "tea"]]
    with pytest.raises(HexadError, match="did you mean 'milk'"):
        frequent_itemsets(baskets, 1, with_items=["mlk"])
    bare, listed = (frequent_itemsets(baskets, 1, without_items=one) for one in ("milk", ["milk"]))
    assert bare.to_frame().equals(listed.to_frame())
    with pytest.raises(HexadError, match="asked for and left out"):
        frequent_itemsets(baskets, 1, with_items=["milk"], without_items=["milk"])
    for wrong in ({"kind": "some"}, {"engine": "weka"}, {"max_length": 0}, {"max_length": True}, {"max_itemsets": -1}):
        with pytest.raises(HexadError):
            frequent_itemsets(baskets, 1, **wrong)
