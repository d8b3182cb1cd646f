"""Rules from tables of itemsets, and which threshold is to blame where there are none."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from domains.basket import association_rules, frequent_itemsets
from domains.basket.mining.search import min_count_of
from domains.basket.rules.set_tables import rules_of_table
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
