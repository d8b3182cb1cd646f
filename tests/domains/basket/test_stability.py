"""A second look at rules equals plain counting, and refuses time that tells nothing."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.basket import association_rules, count_by_period, randomise, validate_rules
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


def shops(n, seed, customers=None):
    """Baskets of very different size; b follows a, and c comes with size alone."""
    rng = np.random.default_rng(seed)
    rows = []
    for order in range(n):
        share = rng.choice([0.1, 0.5])
        basket = {name for name in "cdefgh" if rng.random() < share}
        if rng.random() < share:
            basket |= {"a"} | ({"b"} if rng.random() < 0.7 else set())
        elif rng.random() < share / 2:
            basket |= {"b"}
        basket |= {f"stranger {k}" for k in range(rng.integers(3))} | {"i"}
        whose = f"c{rng.integers(customers)}" if customers else f"c{order}"
        rows += [(f"{order:05d}", item, whose) for item in sorted(basket)]
    return pd.DataFrame(rows, columns=["order", "item", "customer"])


def as_incidence(table, *, named):
    return Incidence.from_frame(table, BasketColumns(customer="customer" if named else None))


@pytest.mark.parametrize("named", [False, True])
def test_adjusted_lift_in_other_baskets_is_that_of_plain_strata(named):
    learnt, other = shops(300, 0, 40), shops(200, 1, 30)
    learnt = learnt[~learnt["item"].str.startswith("stranger")]
    least = 1 if named else None
    rules = association_rules(as_incidence(learnt, named=named), 0.1, min_support=5, max_length=3, min_customers=least)
    rules = rules.take(np.arange(0, len(rules), 7)).test(baskets=as_incidence(learnt, named=named))
    found = rules.validate(as_incidence(other, named=named), adjusted=True)
    baskets = other.groupby("order")["item"].agg(set).tolist()
    whose = other.groupby("order")["customer"].first().tolist() if named else list(range(len(baskets)))
    low, high = found.interval()
    assert found.measure == "adjusted lift"
    for k in range(len(rules)):
        left, (right,) = rules.names(k)
        ratio, expected, spread = plain.adjusted_lift(baskets, left, right, whose)
        assert found.expected[0, k] == pytest.approx(expected)
        if found.joint_counts[0, k] == 0:
            assert (low[0, k], high[0, k]) == (0.0, np.inf)
            continue
        assert found.adjusted_lift[0, k] == pytest.approx(ratio)
        assert found.holds[k] == (ratio > 1)
        assert np.log(high[0, k] / low[0, k]) == pytest.approx(2 * 1.959963984540054 * spread)


def test_what_baskets_hold_for_their_size_has_an_adjusted_lift_of_one():
    learnt = as_incidence(shops(3000, 2), named=False)
    rules = association_rules(learnt, 0.05, min_support=50, max_length=2).test()
    later = randomise(as_incidence(shops(20000, 3), named=False), random_state=0)  # of the same sizes, all else chance
    raw, again = rules.validate(later), rules.validate(later, adjusted=True)
    names = [tuple(str(side[0]) for side in rules.names(k)) for k in range(len(rules))]
    both = [k for k, pair in enumerate(names) if set(pair) <= set("abcdefgh")]
    assert np.median(raw.lift[0, both]) > 1.1
    assert again.adjusted_lift[0, both] == pytest.approx(1, abs=0.05)
    low, high = again.interval()
    assert ((low[0] < 1) & (high[0] > 1))[both].mean() > 0.85
    there = rules.validate(as_incidence(shops(20000, 3), named=False), adjusted=True)
    assert there.adjusted_lift[0, names.index(("a", "b"))] > 1.3
    assert "adjusted lift above one" in again.explain()
    assert "Adjusted lift of" in again.plot().alt


@pytest.mark.parametrize("named", [False, True])
def test_intervals_of_adjusted_lift_cover_what_many_baskets_say(named):
    rules = association_rules(as_incidence(shops(2000, 4), named=False), 0.05, min_support=5, max_length=2).test()
    names = [tuple(str(side[0]) for side in rules.names(k)) for k in range(len(rules))]
    rules = rules.take([names.index(("a", "b")), names.index(("c", "d"))])
    truth = rules.validate(as_incidence(shops(40000, 5), named=False), adjusted=True).adjusted_lift[0]
    inside = np.zeros(2)
    for seed in range(60):
        found = rules.validate(as_incidence(shops(400, 10 + seed, 200 if named else None), named=named), adjusted=True)
        low, high = found.interval()
        inside += (low[0] <= truth) & (truth <= high[0])
    assert (inside >= 51).all()


def test_parts_of_time_are_adjusted_each_for_itself():
    table = shops(400, 6)
    baskets = as_incidence(table, named=False)
    rules = association_rules(baskets, 0.1, min_support=10, max_length=2).test()
    found = rules.by_period(parts=2, adjusted=True)
    lists = table.groupby("order")["item"].agg(set).tolist()
    for k in range(len(rules)):
        left, (right,) = rules.names(k)
        for number, part in enumerate((lists[:200], lists[200:])):
            assert found.expected[number, k] == pytest.approx(plain.adjusted_lift(part, left, right)[1])


def test_rules_without_adjusted_lift_are_refused():
    rules = association_rules([["a", "b"], ["a", "b"], ["c"]], 0.5, min_support=2)
    with pytest.raises(HexadError, match="have no adjusted lift to look at again; call rules.test"):
        rules.validate([["a", "b"]], adjusted=True)
    with pytest.raises(HexadError, match="ask for it with adjusted=True"):
        _ = rules.validate([["a", "b"]]).adjusted_lift
