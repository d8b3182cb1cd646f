"""Rules from tables of itemsets, and which threshold is to blame where there are none."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from domains.basket import association_rules, frequent_itemsets
from domains.basket.mining.search import min_count_of
from domains.basket.rules.set_tables import rules_of_table
from shared.data import Incidence
from shared.errors import HexadError

BASKETS = [["tea", "milk"]] * 6 + [["tea"]] * 3 + [["milk", "soap"]] * 2 + [["soap"]] * 2


def told(rules):
    return {(rules.label(k), int(rules.joint_counts[k]), round(float(rules.lift[k]), 12)) for k in range(len(rules))}


@pytest.mark.parametrize("form", ["ours", "mlxtend", "records", "shuffled"])
def test_a_table_of_itemsets_gives_the_rules_of_its_baskets(form):
    sets = frequent_itemsets(BASKETS, 1)
    table = sets.to_mlxtend() if form == "mlxtend" else sets.to_frame()
    if form == "records":
        table = pd.DataFrame(table.assign(itemset=[list(one) for one in table["itemset"]]).to_dict("records"))
    if form == "shuffled":
        table = table.sample(frac=1, random_state=0)
    found = association_rules(table, 0.3)
    assert told(found) == told(association_rules(sets, 0.3))
    assert found.n_baskets == 13
    with pytest.raises(HexadError, match="needs the baskets"):
        found.test()


def test_what_was_asked_of_rules_is_asked_of_tables():
    sets = frequent_itemsets(BASKETS + [["tea", "milk", "soap"]] * 3, 1)
    for asked in ({"max_consequent": 2}, {"consequents": ["tea"]}, {"antecedents": ["soap"]}, {"min_lift": 1.1}):
        assert told(association_rules(sets.to_frame(), 0.1, **asked)) == told(association_rules(sets, 0.1, **asked))


def test_rules_with_sides_that_are_not_counted_are_told():
    table = frequent_itemsets(BASKETS, 1).to_mlxtend()
    table = table[table["itemsets"] != frozenset(["milk"])]
    found = association_rules(table, 0.1)
    assert "rules were left out whose sides the table does not count" in found.explain()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"support": [0.5, 0.2, 2.0]}, "no shares above 0 and up to 1"),
        ({"itemsets": ["a", "b", "a, b"]}, "row 1 of column 'itemsets' is 'a', no set or list of items"),
        ({"itemsets": [frozenset(), frozenset("b"), frozenset("ab")]}, "row 1 of column 'itemsets' is empty"),
        ({"itemsets": [frozenset("b"), frozenset("b"), frozenset("ab")]}, "1 sets of the table come twice"),
        ({"support": [np.pi / 4, 0.5, 0.5]}, "add a column 'count'"),
    ],
)
def test_a_table_that_is_none_is_told(change, said):
    table = pd.DataFrame({"support": [1.0, 0.5, 0.5], "itemsets": [frozenset("a"), frozenset("b"), frozenset("ab")]})
    with pytest.raises(HexadError, match=said):
        association_rules(table.assign(**change), 0.5)


def test_counts_without_support_do_not_tell_the_number_of_baskets():
    table = pd.DataFrame({"count": [2, 1], "itemset": [["a"], ["a", "b"]]})
    with pytest.raises(HexadError, match="keep 'support', too"):
        rules_of_table(table, Fraction(1, 2))


def test_thresholds_of_baskets_are_none_of_tables():
    with pytest.raises(HexadError, match="need baskets, not their itemsets"):
        association_rules(frequent_itemsets(BASKETS, 1).to_frame(), 0.5, min_support=2)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"min_support": 50}, "There are fewer baskets than min_support=50: lower it, or give a share"),
        ({"min_support": 12}, r"No item is in 12 baskets \(the most frequent is in 9\): lower min_support"),
        ({"min_support": 7}, "No two items are together in 7 baskets: lower min_support"),
        ({"min_support": 2, "min_confidence": 1}, None),
        ({"min_support": 6, "min_confidence": 0.99}, "no rule is that confident: lower min_confidence"),
    ],
)
def test_where_there_is_no_rule_the_threshold_to_blame_is_named(asked, said):
    rules = association_rules(BASKETS, **asked)
    if said is None:
        return
    assert len(rules) == 0
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(rules.explain())


@pytest.mark.parametrize("share", [np.float32(0.3), np.float16(0.3), np.float64(0.3), 0.3, Fraction(3, 10)])
def test_a_share_is_meant_as_it_is_written(share):
    assert min_count_of(share, 10) == 3
    assert min_count_of(share, 1000) == 300


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"support": [0.5, 0.5, 0.9], "itemsets": [{"a"}, {"b"}, {"a", "b"}]}, "in more baskets"),
        ({"itemset": [["a"], ["b"]], "count": [-5, 3], "support": [0.5, 0.3]}, "no numbers of baskets"),
        ({"itemset": [["a"], ["b"]], "count": [12.5, 3], "support": [0.5, 0.3]}, "no numbers of baskets"),
        ({"itemset": [["a"], ["b"]], "count": [np.nan, 3], "support": [0.5, 0.3]}, "no numbers of baskets"),
        ({"itemset": [["a"], ["b"]], "count": [5, 5], "support": [0.5, 0.1]}, "contradict"),
        ({"itemset": [["a"], [3]], "count": [5, 5], "support": [0.5, 0.5]}, "text and others are not"),
        ({"itemset": [[["a"]], ["b"]], "count": [5, 5], "support": [0.5, 0.5]}, "no text"),
    ],
)
def test_tables_that_no_baskets_give_are_refused(table, said):
    with pytest.raises(HexadError, match=said):
        association_rules(pd.DataFrame(table), 0.1)


def test_a_table_without_counts_says_what_does_not_hold():
    sets = frequent_itemsets([["a", "b"], ["a", "b", "c"], ["a"], ["c"]] * 25, 0.2)
    assert any("no counts: 4 is the smallest" in note for note in association_rules(sets.to_mlxtend(), 0.1).notes)
    assert association_rules(sets.to_frame(), 0.1).notes == ()
    with pytest.raises(HexadError, match="which no set of the table holds"):
        association_rules(sets.to_frame(), 0.1, antecedents=["zzz"])
    with pytest.raises(HexadError, match="a table of itemsets"):
        frequent_itemsets(sets.to_frame(), 1)


@pytest.mark.parametrize(
    "share", [0.1 + 0.2, np.arange(0.1, 0.5, 0.1)[2], np.linspace(0.1, 0.5, 5)[2], np.float32(0.3)]
)
def test_a_share_that_was_worked_out_is_meant_as_it_would_be_written(share):
    assert min_count_of(share, 10) == 3
    sets = frequent_itemsets([["a", "b"]] * 3 + [["a"]] * 7, 1)
    assert len(association_rules(sets, share)) == len(association_rules(sets, 0.3)) == 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"min_lift": 50}, "None of 2 rules has a lift of 50"),
        ({"consequents": ["c"]}, "consequents= leave"),
        ({"max_length": 1}, "max_length=1 leaves one"),
        ({"without_items": ["a", "b"]}, "without_items= leave"),
    ],
)
def test_the_limit_that_leaves_no_rule_is_named(asked, said):
    baskets = [["a", "b"]] * 3 + [["a"]] * 3 + [["b"]] * 2 + [["c"]] * 2
    told = association_rules(baskets, 0.1, **{"min_support": 1, **asked}).explain()
    assert said in told
    assert "lower min_support" not in told


@pytest.mark.parametrize(
    "keys", [range(20), np.arange(1001.0, 1021.0), [str(one) for one in range(1001, 1021)], pd.Categorical(range(20))]
)
def test_keys_of_orders_are_no_items_whatever_their_type(keys):
    matrix = pd.DataFrame(np.random.default_rng(0).integers(0, 2, (20, 2)), columns=["tea", "jam"])
    assert Incidence.from_onehot(matrix).items.tolist() == ["jam", "tea"]
    matrix.insert(0, "order_id", keys)
    with pytest.raises(HexadError, match="as the key of a basket does"):
        Incidence.from_onehot(matrix)


@pytest.mark.parametrize("n", [-2, 1.5, "x", None])
def test_a_number_of_rows_that_is_none_is_refused(n):
    sets = frequent_itemsets(BASKETS, 1)
    for found in (sets, association_rules(sets, 0.1)):
        with pytest.raises(HexadError, match="no whole number from 0"):
            found.top(n)
        assert len(found.top(1)) == 1
