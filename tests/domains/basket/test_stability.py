"""A second look at rules equals plain counting, and refuses time that tells nothing."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.basket import association_rules, count_by_period, validate_rules
from shared.data import BasketColumns, Incidence
from shared.errors import HexadError

sys.path.insert(0, str(Path(__file__).parent))
import plain

basket_lists = st.lists(st.lists(st.sampled_from("abcde"), max_size=5), min_size=2, max_size=20)


@given(basket_lists, basket_lists, st.sampled_from([1, None]))
def test_counts_in_other_baskets_are_plain_counts(learnt, others, longest):
    rules = association_rules([*learnt, list("abcde")], 0.3, min_support=1, max_consequent=longest)
    found = validate_rules(rules, [*others, ["a", "stranger"]])
    for k in range(len(rules)):
        left, right = rules.names(k)
        a, b, ab = (plain.count(others + [["a"]], one) for one in (left, right, (*left, *right)))
        assert (found.antecedent[0, k], found.consequent[0, k], found.joint_counts[0, k]) == (a, b, ab)
        lift = found.lift[0, k]
        assert np.isnan(lift) if a * b == 0 else lift == pytest.approx((len(others) + 1) * ab / (a * b))
        assert found.holds[k] == (a * b > 0 and (len(others) + 1) * ab > a * b)
    assert found.to_frame().shape[0] == len(rules)


def test_a_rule_that_cannot_be_looked_at_does_not_hold():
    rules = association_rules([["a", "b"], ["a", "b"], ["c"]], 0.5, min_support=2)
    found = validate_rules(rules, [["a"], ["c"]])
    assert found.share == 0.0
    assert "could not be looked at" in found.explain()
    assert "not to be told" in found.sentence(0)


@pytest.mark.any_pandas
def test_intervals_cover_the_lift_they_should():
    rng = np.random.default_rng(0)
    rules = association_rules([["a", "b"]] * 5 + [["c"]] * 5, 0.5, min_support=2)
    inside = 0
    for _ in range(400):
        a = rng.random(2000) < 0.1
        b = np.where(a, rng.random(2000) < 0.4, rng.random(2000) < 0.1)
        lists = [[name for name, has in zip("ab", pair, strict=True) if has] for pair in zip(a, b, strict=True)]
        low, high = validate_rules(rules, lists).interval()
        truth = 0.4 / (0.1 * 0.4 + 0.9 * 0.1)
        inside += bool(low[0, 0] <= truth <= high[0, 0])
    assert 0.9 <= inside / 400 <= 0.99


def test_parts_of_time_keep_baskets_of_a_day_together():
    days = pd.to_datetime(["2024-01-03"] * 3 + ["2024-01-01"] * 4 + ["2024-01-02"] * 3)
    table = pd.DataFrame({"order": range(10), "item": ["a"] * 10, "day": days})
    other = table.assign(item="b")
    baskets = Incidence.from_frame(pd.concat([table, other]), BasketColumns(time="day"))
    rules = association_rules(baskets, 0.5, min_support=2)
    assert count_by_period(rules, parts=2).n_baskets.tolist() == [4, 6]
    assert count_by_period(rules, parts=3).n_baskets.tolist() == [4, 3, 3]
    with pytest.raises(HexadError, match="column 'day': 10 rows with 3 different times cannot be cut into 4 parts"):
        count_by_period(rules, parts=4)
    same = Incidence.from_frame(pd.concat([table, other]).assign(day=days[0]), BasketColumns(time="day"))
    with pytest.raises(HexadError, match="with 1 different times"):
        count_by_period(rules, same)
    for wrong in (1, 0, True, 2.0, 11):
        with pytest.raises(HexadError):
            count_by_period(rules, parts=wrong)


def test_without_times_the_order_of_baskets_is_their_time():
    rules = association_rules([["a", "b"], ["a", "b"], ["c"], ["c"]], 0.5, min_support=2)
    found = count_by_period(rules)
    assert found.joint_counts.tolist() == [[2, 2], [0, 0]]
    assert "in the second half" in found.sentence(0)


def test_baskets_that_share_nothing_are_refused():
    rules = association_rules([["a", "b"]], 0.5, min_support=1)
    with pytest.raises(HexadError, match="share no item"):
        validate_rules(rules, [["x"], ["y"]])


def test_later_baskets_change_nothing_about_the_rules():
    baskets = Incidence.from_lists([["a", "b"], ["a", "b"], ["c"], ["a", "c"]])
    rules = association_rules(baskets.take([0, 1, 2]), 0.5, min_support=1).test("fisher")
    again = association_rules([["a", "b"], ["a", "b"], ["c"]], 0.5, min_support=1).test("fisher")
    assert [rules.sentence(k) for k in range(len(rules))] == [again.sentence(k) for k in range(len(again))]
    np.testing.assert_array_equal(rules.columns["p_value"], again.columns["p_value"])
