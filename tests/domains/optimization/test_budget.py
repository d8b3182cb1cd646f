"""Budgets against dense grids, dynamic programming, finite differences and sums by hand."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.optimization import ResponseCurves, allocate_budget, make_budget_problem, plan_weeks, spend_of
from domains.optimization.budget.joint import solve_joint
from domains.optimization.budget.kernels import split_money, tangent_points
from domains.optimization.budget.separable import solve_split
from shared.decision import InfeasibleError, Limit, Program
from shared.errors import DataError, SettingsError

SEEDS = st.integers(0, 10**6)


def make_curves(rng, n, *, shapes=(0.4, 4.0), kind="hill"):
    return ResponseCurves.make(
        [f"c{i}" for i in range(n)], top=rng.uniform(5, 50, n), half=rng.uniform(2, 30, n),
        shape=rng.uniform(*shapes, n), kind=kind,
    )  # fmt: skip


def abc(**changes):
    given_ = {"top": [100, 60, 20], "half": [40, 10, 30], "shape": [3, 1, 1]} | changes
    return ResponseCurves.make(["a", "b", "c"], **given_)


GROUPS = {"kind": {"a": "x", "b": "x", "c": "y"}}


# Curves.


@pytest.mark.parametrize("kind", ["hill", "log"])
def test_slopes_are_those_of_the_values(kind):
    curves = make_curves(np.random.default_rng(0), 12, kind=kind)
    for share in (1e-3, 0.1, 0.7, 1.0, 3.0, 40.0):
        x = share * curves.half
        step = 1e-5 * x
        found = (curves.value(x + step) - curves.value(x - step)) / (2 * step)
        rounding = 4 * np.finfo(float).eps * curves.value(x) / step
        assert (np.abs(curves.slope(x) - found) <= 1e-6 * found + rounding).all()
        assert (rounding < 0.2 * found).all()


def test_slopes_at_nothing():
    curves = ResponseCurves.make(["a", "b", "c"], top=[6, 6, 6], half=3, shape=[0.5, 1, 2])
    assert curves.slope(np.zeros(3)).tolist() == [np.inf, 2.0, 0.0]
    assert curves.value(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
    assert ResponseCurves.make(["a"], top=6, half=3, kind="log").slope([0.0]).tolist() == [2.0]


def test_slopes_are_largest_at_the_inflection():
    curves = make_curves(np.random.default_rng(1), 8, shapes=(1.1, 5))
    at = curves.inflection
    assert (at > 0).all()
    for other in (0.98, 1.02):
        assert (curves.slope(other * at) < curves.slope(at)).all()
    flat = ResponseCurves.make(["a", "b"], top=1, half=1, shape=[0.5, 1])
    assert flat.inflection.tolist() == [0.0, 0.0]
    assert ResponseCurves.make(["a"], top=1, half=1, shape=3, kind="log").inflection.tolist() == [0.0]


@pytest.mark.parametrize("x", [1e-200, 1e-20, 1e20, 1e200])
def test_steep_curves_do_not_overflow(x):
    curves = ResponseCurves.make(["a"], top=7, half=10, shape=20)
    assert curves.value([x])[0] == pytest.approx(0.0 if x < 1 else 7.0)
    assert curves.slope([x])[0] == pytest.approx(0.0, abs=1e-15)


def test_a_matrix_of_spending_is_read_by_rows():
    curves = make_curves(np.random.default_rng(2), 3)
    x = np.random.default_rng(3).uniform(0, 20, (5, 3))
    np.testing.assert_array_equal(curves.value(x), [curves.value(row) for row in x])
    np.testing.assert_array_equal(curves.slope(x), [curves.slope(row) for row in x])


@pytest.mark.parametrize("kind", ["hill", "log"])
def test_tables_and_back(kind):
    curves = make_curves(np.random.default_rng(4), 4, kind=kind)
    frame = curves.to_frame()
    for table in (frame, frame.reset_index()):
        back = ResponseCurves.from_frame(table, kind=kind)
        assert back.channels == curves.channels
        np.testing.assert_array_equal(back.value(np.arange(4.0)), curves.value(np.arange(4.0)))
    assert ResponseCurves.from_frame(frame[["top", "half"]]).shape.tolist() == [1.0] * 4


def test_rows_picked_from_a_sheet_keep_their_names():
    sheet = pd.DataFrame({"channel": ["a", "b", "c", "d"], "top": [1, 2, 3, 4], "half": 1.0})
    for picked in (sheet[sheet["top"] != 3], sheet.sort_values("top", ascending=False)):
        assert ResponseCurves.from_frame(picked).channels == tuple(picked["channel"])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"top": [1, np.nan, -1]}, "top of 'b', 'c' is no number at least 0"),
        ({"half": [0, 1, np.inf]}, "half of 'a', 'c' is no number above 0"),
        ({"shape": [1, -2, 1]}, "shape of 'b' is no number above 0"),
        ({"top": [1, 2]}, "top does not have one number a channel"),
        ({"half": "many"}, "half does not have one number a channel"),
        ({"kind": "cubic"}, "kind='cubic' is none of 'hill', 'log'"),
    ],
)
def test_wrong_parameters_are_told(changes, told):
    with pytest.raises(DataError) as error:
        abc(**changes)
    assert told in str(error.value)


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(DataError) as error:
        ResponseCurves.make(["a", "a"], top=-1, half=0, shape=np.nan)
    assert all(word in str(error.value) for word in ("twice", "top of", "half of", "shape of"))
    with pytest.raises(DataError, match="there is no column 'half'"):
        ResponseCurves.from_frame(pd.DataFrame({"top": [1.0]}, index=["a"]))


# Kernels.


def upper_hull(x, y):
    """The least concave function above points, at the points: a hull in plain Python."""
    hull = []
    for point in zip(x, y, strict=True):
        while len(hull) > 1:
            (x1, y1), (x2, y2) = hull[-2:]
            if (y2 - y1) * (point[0] - x1) > (point[1] - y1) * (x2 - x1):
                break
            hull.pop()
        hull.append(point)
    return np.interp(x, [p[0] for p in hull], [p[1] for p in hull])


@given(SEEDS)
def test_envelopes_are_hulls(seed):
    rng = np.random.default_rng(seed)
    kind = rng.choice(["hill", "log"], p=[0.8, 0.2])
    curves = make_curves(rng, 6, kind=kind)
    low = np.where(rng.random(6) < 0.5, 0.0, rng.uniform(0, 15, 6))
    high = low + np.where(rng.random(6) < 0.2, 0.0, rng.uniform(0.5, 60, 6))
    at = tangent_points(low, high, curves.inflection, curves.top, curves.half, curves.shape, kind == "log")
    assert ((low <= at) & (at <= high)).all()
    for i in range(6):
        if high[i] == low[i]:
            assert at[i] == low[i]
            continue
        x = np.unique(np.concatenate([np.linspace(low[i], high[i], 3000), [at[i]]]))
        one = curves.take(np.array([i]))
        y = one.value(x[:, None])[:, 0]
        start, end = one.value([low[i]])[0], one.value([at[i]])[0]
        width = max(at[i] - low[i], 1e-300)
        envelope = np.where(x < at[i], start + (end - start) * (x - low[i]) / width, y)
        np.testing.assert_allclose(envelope, upper_hull(x, y), atol=1e-7 * curves.top[i])


def split(curves, total, low, high):
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    return split_money(
        float(total), low, high, curves.inflection, curves.top, curves.half, curves.shape, curves.kind == "log"
    )


def best_of_grid(curves, total, low, high, steps=160):
    """The best of all splits on a grid, in which the last channel takes the rest."""
    n = len(curves)
    axes = [np.linspace(low[i], high[i], steps) for i in range(n - 1)]
    points = np.array(list(itertools.product(*axes)))
    last = total - points.sum(axis=1)
    dust = 1e-13 * max(1.0, total)  # of a difference of sums, which roots would make something of
    kept = (last >= low[-1] - dust) & (last <= high[-1] + dust)
    last = np.where(np.abs(last - low[-1]) <= dust, low[-1], np.minimum(last, high[-1]))
    points = np.column_stack([points, last])[kept]
    return curves.value(points).sum(axis=1).max() if len(points) else -np.inf


@given(SEEDS)
def test_money_is_split_within_bounds_and_the_bound_holds(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 4))
    curves = make_curves(rng, n, kind=str(rng.choice(["hill", "log"], p=[0.8, 0.2])))
    low = np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0, 10, n))
    high = low + np.where(rng.random(n) < 0.2, 0.0, rng.uniform(1, 50, n))
    share = rng.choice([0.0, 1.0, rng.random()])
    total = float(low.sum() + share * (high - low).sum())
    spend, bound, price, errors = split(curves, total, low, high)
    assert spend.sum() == pytest.approx(total, rel=1e-9)
    assert (spend >= low - 1e-12).all()
    assert (spend <= high + 1e-12).all()
    assert price >= 0
    assert (errors >= -1e-9).all()
    value = curves.value(spend).sum()
    assert bound >= best_of_grid(curves, total, low, high, 60) * (1 - 1e-9)
    assert value + errors.sum() == pytest.approx(bound, rel=1e-6)
    answer = solve_split(curves, total, low, high)
    assert answer.finished
    assert answer.response == pytest.approx(curves.value(answer.spend).sum(), rel=1e-12)
    assert answer.response >= best_of_grid(curves, total, low, high) * (1 - 2e-6)
    assert answer.response <= answer.bound <= answer.response * (1 + 1.01e-6)
    assert answer.spend.sum() == pytest.approx(total, rel=1e-9)


def test_infinite_slopes_leave_nobody_without():
    """Of roots, money goes where the slopes are equal: in proportion to top^2 / half while it is little."""
    curves = ResponseCurves.make(["a", "b"], top=[10, 20], half=1e9, shape=0.5)
    for total in (1e-6, 1.0):
        answer = solve_split(curves, total, np.zeros(2), np.full(2, 1e6))
        np.testing.assert_allclose(answer.spend, [0.2 * total, 0.8 * total], rtol=1e-3)


def test_saturated_channels_do_not_get_more_than_there_is():
    curves = ResponseCurves.make(["a", "b"], top=1, half=1, shape=3)
    answer = solve_split(curves, 3000.0, np.full(2, 1000.0), np.full(2, 2000.0))
    np.testing.assert_allclose(answer.spend, 1500.0, rtol=1e-3)


def best_by_steps(curves, total, low, high, steps):
    """Dynamic programming over multiples of a step."""
    size = total / steps
    amounts = np.arange(steps + 1) * size
    best = np.where(np.arange(steps + 1) == 0, 0.0, -np.inf)
    for i in range(len(curves)):
        values = curves.take(np.array([i])).value(amounts[:, None])[:, 0]
        values[(amounts < low[i] - 1e-9) | (amounts > high[i] + 1e-9)] = -np.inf
        best = np.array([np.max(best[: k + 1] + values[k::-1]) for k in range(steps + 1)])
    return best[-1]


@pytest.mark.parametrize("seed", range(12))
def test_splits_are_never_worse_than_by_dynamic_programming(seed):
    rng = np.random.default_rng(seed)
    n, total, steps = 8, float(rng.uniform(10, 200)), 400
    curves = make_curves(rng, n, shapes=(0.5, 6))
    low = np.where(rng.random(n) < 0.3, 5, 0) * total / steps
    high = np.where(rng.random(n) < 0.5, 120, 400) * total / steps
    answer = solve_split(curves, total, low, high)
    oracle = best_by_steps(curves, total, low, high, steps)
    assert answer.finished
    assert answer.response >= oracle * (1 - 1e-6)
    assert answer.response <= answer.bound <= answer.response * (1 + 1e-6)
    steepest = curves.slope(np.maximum(curves.inflection, total / steps)).max()
    assert oracle >= answer.response - n * steepest * total / steps


def test_time_that_is_up_leaves_a_split_and_an_honest_bound():
    curves = make_curves(np.random.default_rng(5), 20, shapes=(2, 5))
    low, high = np.full(20, 1.0), np.full(20, 60.0)
    best = solve_split(curves, 90.0, low, high)
    hasty = solve_split(curves, 90.0, low, high, time_limit=0.0)
    assert not hasty.finished
    assert hasty.spend.sum() == pytest.approx(90.0)
    assert (hasty.spend >= 1.0).all()
    assert 0 < hasty.response <= best.response <= best.bound <= hasty.bound * (1 + 1e-9)


# Allocation.


def test_limits_hold_and_fixed_channels_stay():
    limits = [Limit("as now", "c", 5, 5), Limit("floor", "b", least=20), Limit("cap", "a", most=50)]
    found = allocate_budget(abc(), 80, limits=limits)
    spend = found.values["value"]
    assert spend.sum() == pytest.approx(80)
    assert spend["c"] == 5
    np.testing.assert_allclose(spend, [50, 25, 5], atol=1e-4)
    assert found.values.loc["c", "why"] == "kept as it is by as now"
    assert "held back by cap" in found.values.loc["a", "why"]
    assert found.objective == pytest.approx(found.values["response"].sum())
    np.testing.assert_allclose(found.values["next"], abc().slope(spend))


def test_groups_couple_and_the_grid_finds_nothing_better():
    curves = abc()
    limits = [Limit("few", "kind = x", least=10, most=40), Limit("some", "c", least=2)]
    found = allocate_budget(curves, 70, limits=limits, groups=GROUPS)
    spend = found.values["value"].to_numpy()
    grid = np.linspace(0, 40, 401)
    a, b = np.meshgrid(grid, grid)
    a, b = a.ravel(), b.ravel()
    kept = (a + b <= 40) & (a + b >= 10)
    points = np.column_stack([a, b, 70 - a - b])[kept]
    best = curves.value(points).sum(axis=1).max()
    assert found.objective >= best * (1 - 1.01e-3)
    assert best * (1 - 1e-9) <= found.bound <= found.objective * (1 + 1.01e-3)
    assert spend.sum() == pytest.approx(70, rel=1e-7)
    assert 10 - 1e-6 <= spend[:2].sum() <= 40 + 1e-6


@pytest.mark.parametrize("money", [1e-3, 1e6, 1e9])
@pytest.mark.parametrize("sold", [1e-6, 1e6])
def test_units_do_not_matter(money, sold):
    limits = [Limit("few", "kind = x", most=30 * money)]
    curves = abc(top=sold * np.array([100, 60, 20]), half=money * np.array([40.0, 10, 30]))
    found = allocate_budget(curves, 80 * money, limits=limits, groups=GROUPS)
    plain = allocate_budget(abc(), 80, limits=[Limit("few", "kind = x", most=30)], groups=GROUPS)
    assert plain.objective > 50
    assert found.objective / sold == pytest.approx(plain.objective, rel=1e-3)
    assert found.values["value"].sum() == pytest.approx(80 * money, rel=1e-7)


def test_little_money_and_infinite_slopes_under_a_group():
    curves = abc(top=[10, 12, 8], half=1000, shape=[0.5, 0.4, 0.6])
    limits = [Limit("few", "kind = x", most=0.3)]
    found = allocate_budget(curves, 1.0, limits=limits, groups=GROUPS, time_limit=20)
    assert found.status in {"optimal", "within gap"}
    a = np.linspace(0, 0.3, 3001)
    best = curves.value(np.column_stack([a, 0.3 - a, np.full(3001, 0.7)])).sum(axis=1).max()
    assert found.objective >= best * (1 - 1.01e-3)
    assert found.bound >= best * (1 - 1e-9)


def test_money_is_spent_even_where_it_brings_nothing():
    found = allocate_budget(
        abc(top=[10, 10, 0]), 100, limits=[Limit("few", "kind = x", most=30)], groups=GROUPS
    )  # fmt: skip
    assert found.values["value"].sum() == pytest.approx(100)
    assert found.values.loc["c", "value"] == pytest.approx(70)


def test_what_cannot_be_met_is_told_by_names_with_the_least_relaxation():
    limits = [Limit("much tv", "a", least=50), Limit("much web", "b", least=45), Limit("idle", "c", most=3)]
    with pytest.raises(InfeasibleError) as error:
        allocate_budget(abc(), 80, limits=limits)
    conflict = error.value.conflict
    assert set(conflict.clash["limit"]) == {"much tv", "much web", "the budget"}
    assert conflict.total == pytest.approx(15)
    with pytest.raises(InfeasibleError) as error:
        allocate_budget(
            abc(), 80, limits=[Limit("lots", "kind = x", least=30), Limit("few", "every kind", most=20)], groups=GROUPS
        )
    assert set(error.value.conflict.clash["limit"]) == {"lots", "few"}
    assert error.value.conflict.total == pytest.approx(10)
    with pytest.raises(InfeasibleError) as error:
        allocate_budget(abc(), 80, limits=[Limit("lots", "a", least=90)])
    assert error.value.conflict.total == pytest.approx(10)


def test_comparisons_by_hand():
    curves = abc()
    today = {"c": 30, "a": 20, "b": 10}
    found = allocate_budget(curves, 60, today=today)
    assert found.values["today"].tolist() == [20, 10, 30]
    now = 100 / 9 + 60 / 2 + 20 / 2
    equal = 100 / (1 + 8) + 60 * 20 / 30 + 20 * 20 / 50
    assert f"in place of {now:.4g} with today's split, {100 * (found.objective / now - 1):+.1f} %" in found.notes[0]
    assert f"would bring {equal:.4g}" in found.notes[-1]
    assert "limits do not allow" not in found.notes[-1]
    again = allocate_budget(curves, 60, today=found.values["value"])
    assert "the split of today is the best there is" in again.notes[0]
    less = allocate_budget(curves, 60, today={"a": 1, "b": 1, "c": 1})
    assert "today 3 is spent, here 60" in less.notes[0]
    barred = allocate_budget(curves, 60, limits=[Limit("cap", "c", most=5)])
    assert "which limits do not allow" in barred.notes[-1]


@pytest.mark.parametrize(
    ("today", "told"),
    [
        ({"a": 1, "b": 2}, "there is no amount for 'c'"),
        ({"a": 1, "b": 2, "c": 3, "d": 4}, "'d' have no response curve"),
        ({"a": 1, "b": -2, "c": "x"}, "amounts of 'b', 'c'"),
    ],
)
def test_wrong_todays_are_told(today, told):
    with pytest.raises(DataError) as error:
        allocate_budget(abc(), 60, today=today)
    assert told in str(error.value)


def with_room(limits, name, side, step):
    return [
        Limit(one.name, one.applies_to, one.least - step * (side == "least"), one.most + step * (side == "most"))
        if one.name == name else one
        for one in limits
    ]  # fmt: skip


CASES = {
    "one free": ([Limit("cap", "a", most=45), Limit("floor", "c", least=15)], 80, {}),
    "every": ([Limit("caps", "every channel", most=30)], 80, {"top": [300, 60, 20]}),
    "nobody free": ([Limit("cap", "a", most=50), Limit("other", "b", most=30), Limit("none", "c", most=0)], 80, {}),
    "at least": ([Limit("many", "kind = y", least=40)], 80, {"shape": [1, 1, 1]}),
}


@pytest.mark.parametrize("case", CASES)
def test_prices_are_what_more_room_brings(case):
    limits, total, changes = CASES[case]
    curves, step = abc(**changes), 0.05

    def solve(limits, total):
        return allocate_budget(curves, total, limits=limits, groups=GROUPS, gap=1e-12)

    found = solve(limits, total)
    assert found.proven
    prices = {(row.limit, row.side): row.price for row in found.binding.itertuples()}
    assert ("the budget", "most") in prices
    if case != "nobody free":
        assert len(prices) > 1
    names = [one.name for one in limits]
    for name, side in itertools.product(["the budget", *names], ["least", "most"]):
        if name == "the budget" and side == "least":
            continue
        more = (
            solve(limits, total + step) if name == "the budget" else solve(with_room(limits, name, side, step), total)
        )
        gain = (more.objective - found.objective) / step
        assert prices.get((name, side), 0.0) == pytest.approx(gain, rel=0.02, abs=1e-4), (name, side)
    assert sorted(prices.values(), reverse=True) == list(prices.values())


def test_prices_under_a_group_by_hand():
    """Money moves within the group at 0.8 a unit, outside it brings 1/80."""
    curves = ResponseCurves.make(["a", "b", "c"], top=[50, 50, 8], half=10)
    found = allocate_budget(curves, 100, limits=[Limit("few", "kind = x", most=30)], groups=GROUPS)
    prices = found.binding.set_index("limit")["price"]
    outside = 8 * 10 / 80**2
    assert prices["the budget"] == pytest.approx(outside, rel=1e-3)
    assert prices["few"] == pytest.approx(50 * 10 / 25**2 - outside, rel=0.03)


def test_prices_of_limits_within_a_group():
    curves = abc(shape=1)
    both = curves.take(np.array([0, 1]))

    def best(few, cap):
        return solve_split(both, few, np.zeros(2), np.array([few, cap]), gap=1e-12).response

    limits = [Limit("few", "kind = x", most=50), Limit("cap", "b", most=10)]
    found = allocate_budget(curves, 80, limits=limits, groups=GROUPS)
    prices = found.binding.set_index("limit")["price"]
    outside = curves.slope([1, 1, 30])[2]
    assert prices["the budget"] == pytest.approx(outside, rel=1e-3)
    assert prices["few"] == pytest.approx((best(50.01, 10) - best(50, 10)) / 0.01 - outside, rel=0.01)
    assert prices["cap"] == pytest.approx((best(50, 10.01) - best(50, 10)) / 0.01, rel=0.01)


def test_reasons_are_true_by_numbers():
    curves = abc(top=[100, 60, 3], half=[40, 10, 100])
    found = allocate_budget(curves, 80)
    assert found.values.loc["c", "value"] == 0
    price = found.binding.set_index("limit").loc["the budget", "price"]
    assert found.values.loc["c", "why"] == (
        f"out: a unit of money would bring {3 / 100:.3g} at best, and brings {price:.3g} elsewhere"
    )
    assert price > 3 / 100
    assert found.values["next"][["a", "b"]].to_numpy() == pytest.approx(price, rel=1e-4)


def test_channels_with_a_threshold_are_judged_by_the_best_they_could_bring():
    curves = ResponseCurves.make(["a", "b"], top=10, half=5, shape=3)
    found = allocate_budget(curves, 8)
    x = np.linspace(0.01, 8, 100_000)
    best = (curves.value(np.column_stack([x, x]))[:, 0] / x).max()
    out = found.values.index[found.values["value"] == 0]
    assert len(out) == 1
    told = found.values.loc[out[0], "why"]
    assert told == f"out: a unit of money would bring {best:.3g} at best, and what others lose by it is more"
    assert found.objective > curves.value(np.array([[4.0, 4.0]])).sum()


def test_a_channel_that_a_group_keeps_out_is_told_so():
    curves = ResponseCurves.make(["a", "b", "c"], top=[50, 10, 8], half=[5, 20, 40])
    found = allocate_budget(curves, 60, limits=[Limit("few", "kind = x", most=6)], groups=GROUPS)
    row = found.values.loc["b"]
    assert row["value"] < 1e-6
    assert row["why"] == "out: a unit of money would bring 0.5 at best, but is held back by few"


def test_caps_that_cannot_take_the_total():
    limits = [Limit("cap", "every channel", most=10)]
    found = allocate_budget(abc(), 80, limits=limits)
    assert found.values["value"].tolist() == [10, 10, 10]
    assert found.proven
    assert "the budget" not in found.binding["limit"].tolist()
    assert "limits allow 30 of 80 to be spent" in found.notes[0]
    np.testing.assert_allclose(found.binding["price"], abc().slope(np.full(3, 10.0)).sum(), rtol=1e-6)


@pytest.mark.parametrize("total", ["80", 0, -1, float("nan"), float("inf"), None, True, [80]])
def test_wrong_totals_are_told(total):
    for call in (
        lambda: allocate_budget(abc(), total),
        lambda: plan_weeks(abc(), 2, total),
        lambda: make_budget_problem(abc(), total, 100),
    ):
        with pytest.raises(SettingsError, match="is no amount of money above 0"):
            call()


def test_unknown_channels_and_wrong_limits_are_told():
    curves = ResponseCurves.make(["television", "web"], top=1, half=1)
    with pytest.raises(DataError, match="did you mean 'television'"):
        allocate_budget(curves, 5, limits=[Limit("cap", "televison", most=2)])
    with pytest.raises(DataError, match="did you mean 'television'"):
        plan_weeks(curves, 2, 5, limits=[Limit("cap", "televison", most=2)])
    with pytest.raises(DataError, match="'cap' allow less than nothing"):
        allocate_budget(curves, 5, limits=[Limit("cap", "web", most=-2)])
    with pytest.raises(SettingsError, match="other channels"):
        allocate_budget(curves, 5, draws=[ResponseCurves.make(["web", "television"], top=1, half=1)])


@pytest.mark.parametrize("coupled", [False, True])
def test_the_order_of_channels_does_not_matter(coupled):
    rng = np.random.default_rng(7)
    curves = make_curves(rng, 6)
    names = list(curves.channels)
    groups = {"kind": {name: "xy"[i % 2] for i, name in enumerate(names)}} if coupled else None
    limits = [Limit("cap", "c1", most=9), Limit("floor", "c4", least=3)]
    limits += [Limit("few", "kind = x", most=20)] if coupled else []
    there = allocate_budget(curves, 60, limits=limits, groups=groups)
    back = allocate_budget(curves.take(np.arange(6)[::-1]), 60, limits=limits, groups=groups)
    assert back.values.index.tolist() == names[::-1]
    if coupled:
        assert back.objective == pytest.approx(there.objective, rel=1.01e-3)
        return
    assert back.objective == pytest.approx(there.objective, rel=1.01e-6)
    np.testing.assert_allclose(back.values["value"].loc[names], there.values["value"], atol=0.1)


def test_draws_say_how_far_the_split_moves():
    curves = abc()
    draws = [abc(top=[100, 60 + k, 20]) for k in range(-20, 21)]
    found = allocate_budget(curves, 80, draws=draws)
    splits = np.array([allocate_budget(one, 80).values["value"] for one in draws])
    np.testing.assert_allclose(found.values["low"], np.percentile(splits, 5, axis=0), atol=1.0)
    np.testing.assert_allclose(found.values["high"], np.percentile(splits, 95, axis=0), atol=1.0)
    assert (found.values["high"] > found.values["low"] + 1).any()
    assert any("one of 41 other draws" in note for note in found.notes)
    same = allocate_budget(curves, 80, draws=[curves] * 3)
    assert any("reaches 100.0 % of what is possible" in note for note in same.notes)


# Joint.


@pytest.mark.parametrize("seed", range(4))
def test_joint_and_separable_agree_where_only_the_total_couples(seed):
    rng = np.random.default_rng(seed)
    curves = make_curves(rng, 5)
    most = rng.uniform(20, 60, 5)
    program = Program.make(curves.channels, cost=np.zeros(5), rows=[np.ones(5)], row_upper=[70.0], upper=most)
    joint = solve_joint(program, curves, np.eye(5), gap=1e-4)
    alone = solve_split(curves, 70.0, np.zeros(5), most)
    assert joint.finished
    assert joint.response == pytest.approx(alone.response, rel=1.01e-4)
    assert joint.bound >= alone.response * (1 - 1e-9)
    assert program.violation(joint.x) <= 1e-6


@pytest.mark.parametrize("seed", range(6))
def test_joint_answers_beat_a_grid_and_hold_every_row(seed):
    rng = np.random.default_rng(seed)
    curves = make_curves(rng, 3, shapes=(0.6, 5))
    program = Program.make(
        curves.channels, cost=np.zeros(3), rows=[[1, 1, 1], [1, 1, 0], [0, 1, 2]], row_upper=[60.0, 30.0, 70.0],
        row_lower=[-np.inf, 5.0, 4.0], upper=[40.0, 30.0, 50.0],
    )  # fmt: skip
    found = solve_joint(program, curves, np.eye(3))
    axes = np.meshgrid(*(np.linspace(0, top, 61) for top in program.upper), indexing="ij")
    points = np.column_stack([axis.ravel() for axis in axes])
    held = points @ program.matrix.toarray().T
    kept = ((held >= program.row_lower - 1e-9) & (held <= program.row_upper + 1e-9)).all(axis=1)
    best = curves.value(points[kept]).sum(axis=1).max()
    assert found.finished
    assert program.violation(found.x) <= 1e-6
    assert found.response == pytest.approx(curves.value(found.x).sum(), rel=1e-12)
    assert found.response >= best * (1 - 1.01e-3)
    assert found.response <= found.bound <= found.response * (1 + 1.01e-3)
    assert found.bound >= best * (1 - 1e-9)


def test_joint_answers_without_time_are_feasible_and_told():
    curves = make_curves(np.random.default_rng(3), 8, shapes=(2, 5))
    rows = [np.ones(8), np.arange(8) < 4]
    program = Program.make(
        curves.channels, cost=np.zeros(8), rows=rows, row_lower=[-np.inf, 9.0], row_upper=[60.0, 20.0], upper=50.0
    )
    hasty = solve_joint(program, curves, np.eye(8), gap=1e-7, time_limit=0.0)
    best = solve_joint(program, curves, np.eye(8))
    assert not hasty.finished
    assert program.violation(hasty.x) <= 1e-6
    assert 0 < hasty.response <= best.bound
    assert hasty.bound >= best.response * (1 - 1e-9)
    groups = {"kind": {name: "x" if i < 4 else "y" for i, name in enumerate(curves.channels)}}
    limits = [Limit("few", "kind = x", 9, 20)]
    told = allocate_budget(curves, 60, limits=limits, groups=groups, time_limit=0.0)
    assert told.status == "stopped by time"
    assert "Time was up" in told.explain()
    assert told.values["value"].sum() == pytest.approx(60)


def test_joint_says_that_nothing_is_feasible():
    program = Program.make(["a"], cost=[0], rows=[[1]], row_lower=[5], upper=3)
    assert solve_joint(program, ResponseCurves.make(["a"], top=1, half=1), np.eye(1)) is None


# Weeks.


def test_what_is_carried_over_by_hand():
    curves = ResponseCurves.make(["a", "b"], top=[10, 20], half=[5, 8], shape=[1, 2])
    kept, before = {"b": 0.25, "a": 0.5}, {"a": 4.0, "b": 8.0}
    found = plan_weeks(curves, 4, 40, carry_over=kept, carried=before)
    total = 0.0
    for name in curves.channels:
        rows = found.values.loc[name]
        assert rows.index.tolist() == [1, 2, 3, 4]
        stock = before[name]
        for row in rows.itertuples():
            stock = row.value + kept[name] * stock
            assert row.effective == pytest.approx(stock, abs=1e-6)
            one = curves.take(np.array([curves.channels.index(name)]))
            assert row.response == pytest.approx(one.value([stock])[0], abs=1e-9)
            total += row.response
    assert found.objective == pytest.approx(total, rel=1e-9)
    assert found.values["value"].sum() <= 40 * (1 + 1e-7)


def test_money_goes_to_early_weeks_where_all_is_carried_over():
    """Nothing saturates: what is spent first works longest."""
    curves = ResponseCurves.make(["a"], top=1e6, half=1e6)
    found = plan_weeks(curves, 3, 6, carry_over=0.5, limits=[Limit("cap", "a", most=4, period="every")])
    np.testing.assert_allclose(found.values["value"], [4, 2, 0], atol=1e-3)


def test_periods_of_limits():
    curves = ResponseCurves.make(["a", "b"], top=[50, 10], half=[5, 5])
    limits = [
        Limit("steady", "a", least=2, most=6, period="every"),
        Limit("launch", "b", least=3, period="2"),
        Limit("in all", "b", most=4, period=" "),
        Limit("week", "total", most=9, period="every week"),
        Limit("last", "total", most=5, period=3),
    ]
    found = plan_weeks(curves, 3, 100, limits=limits)
    spend = found.values["value"].unstack("channel")
    assert (spend["a"] >= 2 - 1e-6).all()
    assert (spend["a"] <= 6 + 1e-6).all()
    assert spend.loc[2, "b"] >= 3 - 1e-6
    assert spend["b"].sum() <= 4 + 1e-6
    sums = spend.sum(axis=1)
    assert (sums <= np.array([9, 9, 5]) + 1e-6).all()
    assert {"in all", "last"} <= set(found.binding["limit"])
    assert "the budget" not in set(found.binding["limit"])


@pytest.mark.parametrize("period", ["4", "0", "1.5", "never", "inf", "nan", "-1"])
def test_wrong_periods_are_told(period):
    with pytest.raises(DataError, match="is no week from 1 to 3"):
        plan_weeks(abc(), 3, 10, limits=[Limit("fine", "b", most=1), Limit("q", "a", most=1, period=period)])


@pytest.mark.parametrize("coupled", [False, True])
def test_one_week_is_an_allocation(coupled):
    limits = [Limit("cap", "a", most=50)] + ([Limit("few", "kind = x", most=55)] if coupled else [])
    week = plan_weeks(abc(), 1, 80, limits=limits, groups=GROUPS)
    alone = allocate_budget(abc(), 80, limits=limits, groups=GROUPS)
    assert week.objective == pytest.approx(alone.objective, rel=1.01e-3)
    assert week.bound >= alone.objective * (1 - 1e-9)


def test_two_weeks_against_a_grid():
    curves = ResponseCurves.make(["a"], top=10, half=6, shape=3)
    found = plan_weeks(curves, 2, 10, carry_over=0.4, carried=3)
    first = np.linspace(0, 10, 2001)
    stock = first + 0.4 * 3
    both = np.column_stack([stock, 10 - first + 0.4 * stock])
    best = curves.value(both[:, :1])[:, 0] + curves.value(both[:, 1:])[:, 0]
    assert found.objective >= best.max() * (1 - 1.01e-3)
    assert best.max() * (1 - 1e-9) <= found.bound <= found.objective * (1 + 1.01e-3)


def test_half_a_year_is_proven():
    curves = abc(shape=[3, 1, 0.5])
    limits = [Limit("w", "total", most=60, period="every")]
    found = plan_weeks(
        curves, 26, 780, carry_over={"a": 0.5, "b": 0.2, "c": 0}, carried=20, limits=limits, time_limit=9
    )
    assert found.status == "within gap"
    assert found.gap <= 1e-3


def test_weeks_that_cannot_be_met_are_told():
    limits = [Limit("steady", "a", least=5, period="every"), Limit("low", "total", most=12)]
    with pytest.raises(InfeasibleError) as error:
        plan_weeks(abc(), 3, 80, limits=limits)
    assert set(error.value.conflict.clash["limit"]) == {"steady", "low"}
    # One limit gives, by 1 in each of its three weeks.
    assert error.value.conflict.relaxation[["limit", "at", "to"]].to_numpy().tolist() == [
        ["steady", 5, pytest.approx(4)]
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"n_weeks": 0}, "n_weeks=0"),
        ({"n_weeks": 2.0}, "n_weeks=2.0"),
        ({"carry_over": 1.0}, "carry_over has to be numbers from 0 to below 1"),
        ({"carry_over": "much"}, "carry_over has to be numbers"),
        ({"carry_over": {"a": "x", "b": 0, "c": 0}}, "carry_over has to be numbers"),
        ({"carried": -1}, "carried has to be numbers from 0"),
        ({"carried": float("nan")}, "carried has to be numbers from 0"),
        ({"carried": {"a": 1}}, "there is none for 'b', 'c'"),
    ],
)
def test_wrong_weeks_are_told(changes, told):
    settings = {"n_weeks": 2, "total": 10} | changes
    with pytest.raises((SettingsError, DataError)) as error:
        plan_weeks(abc(), **settings)
    assert told in str(error.value)


# Search.


@given(SEEDS)
def test_keys_of_any_kind_become_the_total_within_caps(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    keys = rng.random((20, n))
    keys[0], keys[1], keys[2] = 0.0, 1.0, 0.5
    keys[3] = np.where(np.arange(n) == 0, 0.5 + 1e-12, 0.0)
    most = rng.uniform(0, 10, n) * rng.choice([0, 1, 1], n)
    most[0] += 1.0
    total = float(most.sum() * rng.choice([1.0, 1e-9, rng.random()]))
    spend = spend_of(keys, total, most)
    np.testing.assert_allclose(spend.sum(axis=1), total, rtol=1e-9)
    assert (spend >= 0).all()
    assert (spend <= most * (1 + 1e-12) + 1e-12).all()


def test_the_search_problem_is_the_response_of_what_is_spent():
    curves = abc()
    problem = make_budget_problem(curves, 80, [60, 50, 40])
    keys = np.random.default_rng(0).random((30, 3))
    values = curves.value(spend_of(keys, 80, np.array([60.0, 50, 40]))).sum(axis=1)
    np.testing.assert_allclose(problem.evaluate(keys), -values)
    limits = [Limit(f"cap {c}", c, most=m) for c, m in zip("abc", [60, 50, 40], strict=True)]
    assert values.max() <= allocate_budget(curves, 80, limits=limits).bound
    for most in ([10, 10, 10], [60, 50], [60, -1, 90], [np.nan] * 3):
        with pytest.raises(SettingsError, match="caps"):
            make_budget_problem(curves, 80, most)


def test_limits_for_a_week_are_refused_where_there_are_no_weeks():
    curves = ResponseCurves.make(["a", "b"], top=[10, 10], half=[5, 5])
    with pytest.raises(
        DataError, match=r"column 'period': 'cap' is for '2', and this budget knows no periods \(row 1\)"
    ):
        allocate_budget(curves, 8, limits=[Limit("cap", "a", most=3, period="2")])


def test_what_is_carried_over_of_unknown_channels_is_told():
    curves = ResponseCurves.make(["a", "b"], top=[10, 10], half=[5, 5])
    with pytest.raises(DataError, match="'radio' have no response curve"):
        plan_weeks(curves, 2, 8.0, carry_over={"a": 0.1, "b": 0.2, "radio": 0.3})


def test_a_limit_on_several_channels_is_the_reason_of_each_that_it_holds_back():
    curves = ResponseCurves.make(["a", "b", "c"], top=[50, 40, 20], half=10)
    values = allocate_budget(
        curves, 40, limits=[Limit("both", "kind = x", most=10)], groups={"kind": {"a": "x", "b": "x", "c": "y"}}
    ).values
    assert values["why"][["a", "b"]].str.startswith("held back by both: the next unit would bring ").all()
    assert values["why"]["c"] == ""
