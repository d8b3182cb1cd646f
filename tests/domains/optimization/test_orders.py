import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.optimization import plan_orders
from shared.decision import Limit, Limits
from shared.errors import DataError, HexadError, SettingsError


def best_by_trying(target, price, cash, held, lot, fee, fee_share):
    """The least distance over all lists of whole lots, in plain Python."""
    total = cash + sum(h * p for h, p in zip(held, price, strict=True))
    best = np.inf
    ranges = [range(-(h // size), int(total // (p * size)) + 1) for h, p, size in zip(held, price, lot, strict=True)]
    for lots in itertools.product(*ranges):
        orders = [n * size for n, size in zip(lots, lot, strict=True)]
        paid = sum(fee_share * abs(o) * p + fee * (o != 0) for o, p in zip(orders, price, strict=True))
        left = cash - sum(o * p for o, p in zip(orders, price, strict=True)) - paid
        if left < -1e-9:
            continue
        after = [(h + o) * p / total for h, o, p in zip(held, orders, price, strict=True)]
        best = min(best, sum(abs(a - t) for a, t in zip(after, target, strict=True)))
    return best


@given(st.integers(0, 10**6))
def test_no_list_of_whole_lots_is_nearer(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 4))
    names = list("abc")[:n]
    price = rng.integers(5, 60, n) + rng.choice([0.0, 0.37])
    lot = rng.choice([1, 1, 2, 5], n)
    held = rng.integers(0, 4, n) * lot
    cash = float(rng.integers(0, 150))
    target = rng.dirichlet(np.ones(n)) * rng.choice([1.0, 0.8, 0.0])
    fee, fee_share = float(rng.choice([0, 0, 3.0])), float(rng.choice([0, 0.01]))
    if cash + held @ price == 0:
        cash = 100.0
    orders = plan_orders(
        dict(zip(names, target, strict=True)), dict(zip(names, price, strict=True)), cash=cash,
        holdings=dict(zip(names, held, strict=True)), lot=dict(zip(names, lot, strict=True)), fee=fee,
        fee_share=fee_share,
    )  # fmt: skip
    best = best_by_trying(target, price, cash, held.tolist(), lot.tolist(), fee, fee_share)
    assert orders.distance == pytest.approx(best, abs=1e-6)
    assert orders.bound <= best + 1e-9
    assert orders.status == "optimal"
    check_money(orders, price, cash, held, lot, fee, fee_share)


def check_money(orders, price, cash, held, lot, fee, fee_share):
    table = orders.table
    order = table["order"].to_numpy()
    assert (order % lot == 0).all()
    assert (held + order >= 0).all()
    np.testing.assert_array_equal(table["shares"], held + order)
    paid = fee_share * np.abs(order) * price + fee * (order != 0)
    np.testing.assert_allclose(table["fee"], paid)
    assert orders.fees == pytest.approx(paid.sum())
    assert orders.cash == pytest.approx(cash - order @ price - paid.sum(), abs=1e-6)
    assert orders.cash >= 0
    total = cash + held @ price
    assert orders.distance == pytest.approx(np.abs((held + order) * price / total - table["target"]).sum())


@pytest.mark.parametrize("seed", range(12))
def test_cash_is_never_below_zero_where_shares_are_dear(seed):
    """Prices up to that of a house, and money that just does, or just does not."""
    rng = np.random.default_rng(seed)
    n = 4
    price = np.round(10.0 ** rng.uniform(0, 5.8, n), 2)
    shares = rng.integers(1, 5, n)
    exact = float(shares @ price)
    names = [f"s{i}" for i in range(n)]
    for cash in (exact, exact - 0.01, exact + 0.01):
        orders = plan_orders(dict(zip(names, shares * price / exact, strict=True)), dict(zip(names, price, strict=True)),
                             cash=cash)  # fmt: skip
        check_money(orders, price, cash, np.zeros(n), np.ones(n), 0.0, 0.0)
        if cash >= exact:
            assert orders.table["order"].tolist() == shares.tolist()


def test_what_has_no_target_is_sold():
    orders = plan_orders(
        {"a": 1.0}, {"a": 10.0, "b": 20.0, "c": 5.0}, cash=0.0, holdings={"b": 3, "c": 0}, fee_share=0.01
    )
    assert orders.table["order"].to_dict() == {"a": 5, "b": -3}
    assert orders.fees == pytest.approx(1.1)
    assert orders.cash == pytest.approx(60 - 50 - 1.1)
    assert orders.to_frame().index.tolist() == ["a", "b"]
    assert "Buy 1 asset for 50.00, sell 1 asset for 60.00, fees 1.10, cash left 8.90." in orders.explain()


def test_a_fee_that_costs_more_than_it_brings_leaves_all_as_it_is():
    orders = plan_orders({"a": 0.5, "b": 0.5}, {"a": 10.0, "b": 10.0}, cash=1.0, holdings={"a": 6, "b": 4}, fee=50.0)
    assert orders.table["order"].tolist() == [0, 0]
    assert orders.to_frame().empty
    assert orders.cash == 1.0


def test_nothing_is_traded_for_nothing():
    orders = plan_orders({"a": 0.5, "b": 0.5}, {"a": 10.0, "b": 10.0}, cash=0.0, holdings={"a": 5, "b": 5})
    assert orders.table["order"].tolist() == [0, 0]
    assert orders.distance == 0.0
    cash = plan_orders({}, {"a": 10.0}, cash=0.0, holdings={"a": 5})
    assert cash.table["order"].tolist() == [-5]


def test_names_may_be_numbers_and_series():
    weights = pd.Series([0.5, 0.5], index=[1, 2])
    orders = plan_orders(weights, {"1": 10.0, "2": 20.0}, cash=100.0)
    assert orders.table["order"].to_dict() == {"1": 5, "2": 2}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"prices": {"a": 1.0}}, "there is no price for 'b'"),
        ({"prices": {"a": 0.0, "b": np.nan}}, "prices of 'a', 'b' are not numbers above 0"),
        ({"prices": {"a": np.inf, "b": 1.0}}, "prices of 'a' are not"),
        ({"prices": {"a": "dear", "b": 1.0}}, "prices of 'a' are not"),
        ({"weights": {"a": -0.1, "b": np.nan}}, "weights of 'a', 'b' are below 0 or no numbers"),
        ({"weights": {"a": "half", "b": 0.5}}, "weights of 'a' are below 0 or no numbers"),
        ({"weights": {"a": 60, "b": 40}}, "weights sum to 100, where 1 is all money"),
        ({"weights": pd.Series([0.5, 0.5], index=["a", "a"])}, "weights of 'a' come twice"),
        ({"holdings": {"a": 1.5, "b": -2}}, "holdings of 'a', 'b' are no whole numbers from 0 on"),
        ({"holdings": {"z": 3}}, "there is no price for 'z'"),
        ({"holdings": {"a": np.nan}}, "holdings of 'a' are no whole numbers"),
        ({"holdings": {"a": 3}, "lot": 2}, "'a' are held in shares that make no whole lots"),
        ({"lot": 0}, "lot=0 is no whole number from 1 on"),
        ({"lot": {"a": 1.5}}, "no whole number from 1 on"),
        ({"lot": pd.Series([1, 1], index=["a", "a"])}, "lots of 'a' come twice"),
        ({"lot": "ten"}, "lot='ten' is no whole number from 1 on"),
    ],
)
def test_wrong_input_is_told(settings, told):
    given_ = {"weights": {"a": 0.5, "b": 0.5}, "prices": {"a": 10.0, "b": 20.0}, "cash": 100.0, **settings}
    with pytest.raises(DataError) as error:
        plan_orders(given_.pop("weights"), given_.pop("prices"), **given_)
    assert told in str(error.value)


@pytest.mark.parametrize(
    "settings", [{"cash": -1}, {"cash": np.nan}, {"cash": "all"}, {"fee": -1}, {"fee_share": np.inf}, {"cash": 0.0}]
)
def test_settings_are_checked(settings):
    with pytest.raises(SettingsError):
        plan_orders({"a": 1.0}, {"a": 10.0}, **{"cash": 100.0, **settings})


def test_every_problem_is_told_at_once():
    with pytest.raises(HexadError) as error:
        plan_orders({"a": -0.5, "b": 0.1}, {"a": 0.0}, cash=1.0, holdings={"a": 0.5})
    told = str(error.value)
    for part in ("no price for 'b'", "prices of 'a'", "weights of 'a'", "holdings of 'a'"):
        assert part in told


def test_limits_are_kept_where_whole_lots_can_keep_them():
    limits = Limits((Limit("most in one", "every asset", most=0.5), Limit("most in tech", "sector = tech", most=0.6)))
    groups = {"sector": {"a": "tech", "b": "tech", "c": "food"}}
    weights, prices = {"a": 0.5, "b": 0.1, "c": 0.4}, {"a": 130.0, "b": 90.0, "c": 55.0}
    free = plan_orders(weights, prices, cash=1000.0)
    kept = plan_orders(weights, prices, cash=1000.0, limits=limits, groups=groups)
    assert free.table["weight"]["a"] > 0.5
    assert kept.table["weight"].max() <= 0.5
    assert kept.table["weight"][["a", "b"]].sum() <= 0.6
    assert kept.distance >= free.distance


def test_limits_that_no_whole_lot_keeps_are_left_aside():
    limits = Limits((Limit("least in b", "b", least=0.3, most=0.35),))
    prices = {"a": 10.0, "b": 900.0}
    found, free = (plan_orders({"a": 0.7, "b": 0.3}, prices, cash=1000.0, **one) for one in ({"limits": limits}, {}))
    pd.testing.assert_frame_equal(found.table, free.table)
