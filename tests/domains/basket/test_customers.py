"""Customers are what is drawn where they are named: rules, tests, intervals and holdouts."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from domains.basket import Rules, association_rules, item_pairs, permutation_test, validate_rules
from domains.basket.customers import correct_by_customers, count_customers, owners_of, say_neighbours
from domains.basket.customers.spread import quasi_poisson_tail
from shared.data import BasketColumns, CustomerCut, Incidence
from shared.errors import HexadError

WEIGHTS = np.arange(1, 301) ** -0.6
WEIGHTS /= WEIGHTS.sum()


def named(lists, customers):
    rows = [(order, item, who) for order, (held, who) in enumerate(zip(lists, customers, strict=True)) for item in held]
    table = pd.DataFrame(rows, columns=["order", "item", "who"])
    return Incidence.from_frame(table, BasketColumns(customer="who"))


def favourites(seed, customers=60, baskets=25):
    """Customers with five favourites each among 2,000 products, each bought half the time, and three others."""
    rng = np.random.default_rng(seed)
    lists, owner = [], []
    for who in range(customers):
        liked = rng.choice(2000, 5, replace=False)
        for _ in range(baskets):
            lists.append(sorted({*liked[rng.random(5) < 0.5].tolist(), *rng.choice(2000, 3).tolist()}))
            owner.append(who)
    return lists, owner


def popular(seed, customers=200, pairs=0):
    """Customers whose favourites and other products are drawn by popularity, with planted pairs."""
    rng = np.random.default_rng(seed)
    lists, owner = [], []
    for who in range(customers):
        liked = rng.choice(300, 5, replace=False, p=WEIGHTS)
        for _ in range(20):
            held = {*liked[rng.random(5) < 0.5].tolist(), *rng.choice(300, 3, replace=False, p=WEIGHTS).tolist()}
            for pair in range(pairs):
                first = rng.random() < 0.1
                held |= {1000 + 2 * pair} if first else set()
                held |= {1001 + 2 * pair} if rng.random() < (0.5 if first else 0.02) else set()
            lists.append(sorted(held))
            owner.append(who)
    return lists, owner


def of_customers(lists, owner, chosen):
    keep = [place for place, who in enumerate(owner) if who in chosen]
    return named([lists[place] for place in keep], [owner[place] for place in keep])


# The habits of few are no rules


@pytest.mark.any_pandas
def test_favourites_of_thirty_customers_are_no_rules():
    for seed in range(4):
        lists, owner = favourites(seed)
        baskets = of_customers(lists, owner, range(30))
        for least in (None, 1):
            rules = association_rules(baskets, 0.2, min_support=10, min_customers=least).test()
            assert not rules.columns["kept"].any()
        nobody = association_rules(Incidence.from_lists(baskets.to_lists()), 0.2, min_support=10).test()
        assert nobody.columns["kept"].mean() > 0.9  # baskets alone take them for rules


@pytest.mark.any_pandas
def test_of_popular_favourites_nothing_is_kept_and_planted_pairs_are():
    for seed in range(4):
        assert not association_rules(named(*popular(seed)), 0.2, min_support=10).test().columns["kept"].any()
    lists, owner = popular(9, 400, pairs=10)
    rules = association_rules(of_customers(lists, owner, range(200)), 0.2, min_support=10).test().significant
    sides = {frozenset(left + right) for left, right in map(rules.names, range(len(rules))) if len(left) == 1}
    assert sum(frozenset({1000 + 2 * pair, 1001 + 2 * pair}) in sides for pair in range(10)) >= 9
    assert rules.validate(of_customers(lists, owner, range(200, 400))).share >= 0.95


def test_items_kept_apart_at_home_are_as_certain_as_there_are_homes():
    """Everybody has one of two kinds of milk: were the kinds independent, 2 to the minus 40 of such worlds."""
    rng = np.random.default_rng(0)
    lists, owner = [], []
    for who in range(40):
        kind = "whole milk" if who % 2 else "skimmed milk"
        lists += [[kind] if rng.random() < 0.7 else ["bread"] for _ in range(10)]
        owner += [who] * 10
    pairs = [
        item_pairs(one, 0.1).test("fisher", family="mined", alternative="less") for one in (named(lists, owner), lists)
    ]
    by_customer, by_basket = (found.columns["p_value"][found.joint_counts == 0].min() for found in pairs)
    assert by_basket < 1e-25
    assert 1e-17 < by_customer < 1e-9


@pytest.mark.parametrize("test", ["matched", "fisher"])
def test_one_basket_a_customer_is_the_test_over_baskets(test):
    rng = np.random.default_rng(1)
    lists = [[item for item in "abcdef" if rng.random() < 0.4] or ["g"] for _ in range(300)]
    alone = association_rules(lists, 0.1, min_support=5).test(test)
    each = association_rules(named(lists, range(300)), 0.1, min_support=5, min_customers=5).test(test)
    np.testing.assert_allclose(each.columns["p_value"], alone.columns["p_value"], rtol=1e-12)
    assert each.columns["customers"].tolist() == each.joint_counts.tolist()


@pytest.mark.any_pandas
def test_the_design_effect_is_that_of_the_definition():
    lists, owner = popular(3, 20)
    baskets = named(lists, owner)
    rules = association_rules(baskets, 0.2, min_support=10, min_customers=1)
    rules = rules.take(np.arange(min(60, len(rules))))
    owners, sizes = owners_of(baskets), baskets.sizes
    one = np.ones(len(rules))
    for matched in (True, False):
        found = correct_by_customers(rules, baskets, sizes, owners, one * 0, one, one, matched=matched)
        held = [set(row) for row in baskets.to_lists()]
        for k in range(len(rules)):
            left, right = map(set, rules.names(k))
            a, b = np.array([left <= row for row in held]), np.array([right <= row for row in held])
            strata = np.array([len(row - left) if matched else 0 for row in held])
            product = np.zeros(len(held))
            for stratum in np.unique(strata):
                mine = strata == stratum
                product[mine] = (a[mine] - a[mine].mean()) * (b[mine] - b[mine].mean())
            mean, sums = product.mean(), np.bincount(owners.of_row, weights=product)
            many = np.bincount(owners.of_row)
            touched = np.bincount(owners.of_row, weights=a | b) > 0
            by_owner = ((sums - many * mean)[touched] ** 2).sum() + ((many * mean)[~touched] ** 2).sum()
            habits = 1.0
            for side in (a, b):
                apart = side - side.mean()
                together = (np.bincount(owners.of_row, weights=apart) ** 2).sum() - (apart**2).sum()
                habits *= max(together / (many * (many - 1)).sum() / side.var(), 0.0)
            null = 1 + habits * (many * (many - 1)).sum() / len(held)
            wanted = max(by_owner / ((product - mean) ** 2).sum(), null, 1.0)
            assert found.alike[k] == pytest.approx(wanted, rel=1e-9)
            assert found.customers[k] == len(np.unique(owners.of_row[a & b]))


def test_tails_are_poissons_where_mean_and_variance_agree():
    mean = np.array([0.3, 4.0, 20.0])
    count = np.array([2.0, 9.0, 12.0])
    np.testing.assert_allclose(quasi_poisson_tail(count, mean, mean, upper=True), stats.poisson.sf(count - 1, mean))
    np.testing.assert_allclose(quasi_poisson_tail(count, mean, mean, upper=False), stats.poisson.cdf(count, mean))
    assert quasi_poisson_tail([0.0], mean[:1], mean[:1], upper=True).tolist() == [1.0]


# How many customers a rule rests on


def shop():
    lists = [["tea", "milk"]] * 12 + [["tea"], ["milk"], ["soap"]] * 6
    owner = [*range(11), 0, *[20] * 18]
    return named(lists, owner)


def test_support_is_told_in_baskets_and_in_customers():
    rules = association_rules(shop(), 0.2, min_support=5)
    assert rules.columns["customers"].tolist() == [11, 11]
    assert rules.sentence(0) == "tea → milk: 12 of 18 baskets of 11 customers (66.7 %), lift 1.11"
    assert "in at least 5 of 30 baskets (16.7 %) and of at least 10 of 12 customers" in rules.explain()
    assert rules.to_frame()["customers"].tolist() == [11, 11]


def test_too_few_customers_are_left_out_and_told():
    rules = association_rules(shop(), 0.2, min_support=5, min_customers=12)
    assert len(rules) == 0
    assert "2 rules with fewer than 12 customers behind them were left out (min_customers)" in rules.explain()
    assert len(association_rules(shop(), 0.2, min_support=5, min_customers=1)) == 2


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "ten"])
def test_a_number_of_customers_is_a_whole_number(wrong):
    with pytest.raises(HexadError, match="min_customers"):
        association_rules(shop(), 0.2, min_support=5, min_customers=wrong)


def test_where_nobody_is_named_customers_cannot_be_asked_for():
    with pytest.raises(
        HexadError, match=r"min_customers=5 needs baskets that name their customers: BasketColumns\(cust"
    ):
        association_rules([["a", "b"]] * 5, 0.2, min_support=2, min_customers=5)


def test_a_guest_is_a_customer_of_their_own():
    table = pd.DataFrame(
        {"order": [0, 0, 1, 1, 2, 2, 3, 3], "item": ["tea", "milk"] * 4, "who": ["a"] * 4 + [None] * 4}
    )
    baskets = Incidence.from_frame(table, BasketColumns(customer="who"), missing="drop")
    assert owners_of(baskets).n == 3
    rules = association_rules(baskets, 0.2, min_support=1, min_customers=1)
    assert count_customers(rules, baskets, owners_of(baskets)).tolist() == [3, 3]


def test_customers_are_saved_with_the_rules(tmp_path):
    rules = association_rules(shop(), 0.2, min_support=5)
    rules.save(tmp_path / "rules.parquet")
    again = Rules.load(tmp_path / "rules.parquet")
    assert again.columns["customers"].tolist() == [11, 11]
    assert again.query.min_customers == 10
    assert "of at least 10 customers" in again.explain()


# Intervals and holdouts


def test_the_interval_is_wider_where_customers_repeat_themselves():
    lists, owner = favourites(5, customers=40, baskets=10)
    rules = association_rules(named(lists, owner), 0.2, min_support=4, min_customers=1)
    by_customer, by_basket = (
        validate_rules(rules, baskets).interval() for baskets in (named(lists, owner), Incidence.from_lists(lists))
    )
    assert (by_customer[1] / by_customer[0] > by_basket[1] / by_basket[0]).all()


def test_with_one_basket_each_the_interval_is_that_over_baskets():
    rng = np.random.default_rng(2)
    lists = [[item for item in "abcd" if rng.random() < 0.5] or ["e"] for _ in range(400)]
    rules = association_rules(lists, 0.1, min_support=5)
    alone, each = validate_rules(rules, lists).interval(), validate_rules(rules, named(lists, range(400))).interval()
    np.testing.assert_allclose(each, alone, rtol=2e-3)


@pytest.mark.any_pandas
@pytest.mark.parametrize("habit", [0.0, 0.8])
def test_the_interval_over_customers_holds_what_it_promises(habit):
    """Lift 1 by construction; with a habit, whoever likes an item takes it in most baskets."""
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(200):
        likes = rng.random((80, 2)) < 0.3
        chance = np.where(likes, 0.3 + habit * 0.6, 0.3 - habit * 0.25)
        baskets = rng.random((80, 8, 2)) < chance[:, None, :]
        lists = [[name for name, has in zip("ab", row, strict=True) if has] or ["c"] for row in baskets.reshape(-1, 2)]
        found = named(lists, np.repeat(np.arange(80), 8))
        rules = association_rules(found, 0.0, min_support=1, min_customers=1)
        place = next(k for k in range(len(rules)) if rules.names(k) == (("a",), ("b",)))
        low, high = validate_rules(rules, found).interval()
        held += low[0, place] <= 1 <= high[0, place]
    assert 0.9 <= held / 200 <= 0.99


def test_customers_lie_on_one_side_of_a_cut():
    lists, owner = popular(2, 30)
    baskets = named(lists, owner)
    (cut,) = CustomerCut(0.5, random_state=1).splits(baskets)
    first, second = baskets.take(cut.train), baskets.take(cut.test)
    assert not set(first.customers) & set(second.customers)
    assert len(cut.train) + len(cut.test) == baskets.n_rows
    assert CustomerCut(0.5, random_state=1).splits(baskets)[0].train.tolist() == cut.train.tolist()


@pytest.mark.parametrize(
    ("share", "baskets", "said"),
    [
        (0.5, Incidence.from_lists([["a"]]), "name their customers"),
        (1.5, named([["a"], ["b"]], [0, 1]), "between 0 and 1"),
        (0.1, named([["a"], ["b"]], [0, 1]), "2 customers cannot be cut at 10 %"),
    ],
)
def test_what_cannot_be_cut_by_customer_is_told(share, baskets, said):
    with pytest.raises(HexadError, match=said):
        CustomerCut(share).splits(baskets)


def test_baskets_of_the_same_customers_are_told_as_such():
    lists, owner = popular(2, 30)
    baskets = named(lists, owner)
    rules = association_rules(baskets, 0.2, min_support=10, min_customers=1)
    assert "They are baskets of customers of whom the rules were mined" in rules.validate(baskets).explain()
    (cut,) = CustomerCut(0.5).splits(baskets)
    rules = association_rules(baskets.take(cut.train), 0.2, min_support=10, min_customers=1)
    assert "of whom the rules were mined" not in rules.validate(baskets.take(cut.test)).explain()


# Where nobody is named


def test_baskets_that_stand_together_and_look_alike_are_told():
    lists, _ = favourites(0)
    said = say_neighbours(Incidence.from_lists(lists))
    assert said.startswith("baskets next to each other have ")
    assert "name the customers" in association_rules(lists, 0.2, min_support=10).test().explain()


def test_baskets_in_no_order_are_not():
    lists, _ = favourites(0)
    order = np.random.default_rng(0).permutation(len(lists))
    assert say_neighbours(Incidence.from_lists([lists[place] for place in order])) is None
    assert say_neighbours(Incidence.from_lists([["a"]] * 500)) is None
    assert say_neighbours(named(*favourites(0))) is None


def test_what_takes_baskets_for_independent_keeps_no_habit_of_customers(tmp_path):
    lists, owner = favourites(0, customers=30)
    rules = association_rules(named(lists, owner), 0.2, min_support=10, min_customers=1)
    assert len(rules) > 20
    assert not rules.test().columns["kept"].any()
    mixed = permutation_test(rules, 19)
    assert not mixed.rules.columns["kept"].any()
    assert "hold over customers, too" in mixed.explain()
    rules.test().save(tmp_path / "a.parquet")
    with pytest.raises(HexadError, match="mined over customers"):
        Rules.load(tmp_path / "a.parquet").test("fisher", family="mined")


def test_baskets_of_a_handful_of_customers_are_not_tested():
    lists, _ = favourites(0, customers=2)
    rules = association_rules(named(lists, ["x"] * len(lists)), 0.2, min_support=5, min_customers=1)
    with pytest.raises(HexadError, match="of 1 customer, and so few tell nothing"):
        rules.test()


@pytest.mark.parametrize("owners", ["guests", "orders"])
def test_a_customer_a_basket_is_looked_at_as_if_none_were_named(owners):
    lists, owner = favourites(0, customers=30)
    table = pd.DataFrame(
        [(k, item, who) for k, (held, who) in enumerate(zip(lists, owner, strict=True)) for item in held]
    )
    table.columns = ["order", "item", "who"]
    table["who"] = table["order"] if owners == "orders" else table["who"].where(table["who"] == 0)
    baskets = Incidence.from_frame(table, BasketColumns(customer="who"), missing="drop")
    assert "next to each other" in say_neighbours(baskets)
