"""Quadratic programs are solved where the conditions of Karush, Kuhn and Tucker hold: they are proof enough."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.decision import QuadraticProgram, solve_quadratic


def worst_violation(program, answer, *, exact=True):
    """By how much an answer breaks any of the four conditions, each relative to the size of its numbers.

    An exact answer has a price or some room, and never both; one that is not has a small product of the two.
    """
    x, y, reduced = answer.x, answer.row_prices, answer.bound_prices
    held = program.matrix @ x
    reach = 1 + np.abs(x).max(initial=0.0)
    slope = program.gradient(x) - program.matrix.T @ y
    size = max(
        np.abs(program.cost).max(initial=0.0),
        np.abs(program.times(x)).max(initial=0.0),
        np.abs(program.matrix.T * y).max(initial=0.0),
        1e-300,
    )
    rows = 1 + np.abs(program.matrix).sum(axis=1) * reach
    off = [
        np.maximum(program.lower - x, 0).max(initial=0.0) / reach,
        np.maximum(x - program.upper, 0).max(initial=0.0) / reach,
        (np.maximum(program.row_lower - held, 0) / rows).max(initial=0.0),
        (np.maximum(held - program.row_upper, 0) / rows).max(initial=0.0),
        np.abs(slope - reduced).max(initial=0.0) / size,
    ]
    # A price needs its bound to be tight: the product of both, in units of the objective.
    with np.errstate(invalid="ignore"):
        for price, low, high, at in (
            (reduced / size, x - program.lower, program.upper - x, reach),
            (y / size * np.abs(program.matrix).max(axis=1, initial=0.0), held - program.row_lower,
             program.row_upper - held, rows),
        ):  # fmt: skip
            gap = np.where(price > 0, low, high) / at
            slack = np.where(price == 0, 0.0, np.where(np.isfinite(gap), np.abs(gap), 1.0))
            both = np.minimum(np.abs(price), slack) if exact else np.abs(price) * slack
            off.append(both.max(initial=0.0))
    return float(max(off))


def make(rng, n, m, rank, *, scale=1.0, two_sided=False, degenerate=False, free=False, fixed=False, upper=True):
    """A convex program with a feasible point."""
    factor = rng.normal(size=(rank, n))
    square = factor.T @ factor / n * scale
    cost = rng.normal(size=n) * scale
    lower = np.where(rng.random(n) < 0.3, -np.inf, -rng.random(n)) if free else np.zeros(n)
    high = np.where(rng.random(n) < 0.5, 1.0 + rng.random(n), np.inf) if upper else np.full(n, np.inf)
    point = np.where(np.isfinite(lower), lower, 0.0) + (0.0 if degenerate else 0.1 * rng.random(n))
    point = np.minimum(point, high)
    if fixed:
        stay = rng.random(n) < 0.3
        lower, high = np.where(stay, point, lower), np.where(stay, point, high)
    matrix = rng.normal(size=(m, n))
    if m and degenerate:
        matrix[-1] = matrix[0]
    held = matrix @ point
    low_row, high_row = held.copy(), held.copy()
    for row in range(m):
        kind = row % 3
        if kind == 1:
            high_row[row] = np.inf if not two_sided else held[row] + rng.random()
        if kind == 2:
            low_row[row] = -np.inf if not two_sided else held[row] - rng.random()
    return QuadraticProgram(cost, matrix, low_row, high_row, lower, high, square)


def make_bounded(program):
    """The same, every column between bounds, so that there is an optimum whatever the rank."""
    n = len(program.cost)
    return QuadraticProgram(
        program.cost,
        program.matrix,
        program.row_lower,
        program.row_upper,
        np.where(np.isfinite(program.lower), program.lower, -3.0),
        np.where(np.isfinite(program.upper), program.upper, 3.0 * np.ones(n)),
        program.square,
    )


CASES = [
    (n, m, rank, options)
    for n, m, rank in ((1, 0, 1), (1, 1, 1), (2, 1, 2), (5, 0, 5), (6, 3, 6), (8, 4, 3), (20, 5, 20), (40, 6, 10))
    for options in (
        {},
        {"two_sided": True},
        {"fixed": True},
        {"free": True},
        {"free": True, "fixed": True, "two_sided": True},
        {"degenerate": True},
    )
]


@pytest.mark.parametrize(("n", "m", "rank", "options"), CASES)
def test_conditions_of_optimality_hold(n, m, rank, options):
    for seed in range(4):
        program = make_bounded(make(np.random.default_rng(seed), n, m, rank, **options))
        answer = solve_quadratic(program)
        assert answer.converged
        assert worst_violation(program, answer, exact="degenerate" not in options) < 1e-7
        assert answer.bound <= answer.objective
        assert answer.objective - answer.bound < 1e-6 * max(1.0, abs(answer.objective))


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e3, 1e6])
def test_the_size_of_the_objective_does_not_matter(scale):
    for seed in range(6):
        one = make_bounded(make(np.random.default_rng(seed), 12, 3, 12, two_sided=True))
        other = QuadraticProgram(
            one.cost * scale, one.matrix, one.row_lower, one.row_upper, one.lower, one.upper, one.square * scale
        )
        first, second = solve_quadratic(one), solve_quadratic(other)
        assert worst_violation(other, second) < 1e-7
        np.testing.assert_allclose(second.x, first.x, atol=1e-7)
        np.testing.assert_allclose(second.row_prices / scale, first.row_prices, atol=1e-6)
        assert second.objective == pytest.approx(first.objective * scale, rel=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_columns_and_rows_of_very_different_sizes(seed):
    rng = np.random.default_rng(seed)
    n = 10
    base = make_bounded(make(rng, n, 3, n, two_sided=True))
    rows = 10.0 ** rng.uniform(-6, 6, 3)
    program = QuadraticProgram(
        base.cost,
        base.matrix * rows[:, None],
        base.row_lower * rows,
        base.row_upper * rows,
        base.lower,
        base.upper,
        base.square,
    )
    answer = solve_quadratic(program)
    np.testing.assert_allclose(answer.x, solve_quadratic(base).x, atol=1e-6)
    np.testing.assert_allclose(answer.row_prices * rows, solve_quadratic(base).row_prices, atol=1e-5)


def simplex(n, square=None, factor=None, diagonal=None, cost=None):
    ones = np.ones((1, n))
    return QuadraticProgram(
        np.zeros(n) if cost is None else cost,
        ones,
        np.ones(1),
        np.ones(1),
        np.zeros(n),
        np.full(n, np.inf),
        square,
        factor,
        diagonal,
    )


@pytest.mark.parametrize("n", [301, 400])
@pytest.mark.parametrize("kind", ["full", "few dimensions", "factors and own"])
def test_many_columns_are_solved_as_a_part_that_grows(n, kind):
    rng = np.random.default_rng(n)
    factor = rng.normal(size=(12 if kind != "full" else n + 50, n)) * np.linspace(0.5, 2.0, n) * 1e-2
    diagonal = 1e-4 * rng.random(n) if kind == "factors and own" else None
    cost = -1e-3 * rng.random(n)
    whole = factor.T @ factor + (0 if diagonal is None else np.diag(diagonal))
    for program in (
        simplex(n, factor=factor, diagonal=diagonal, cost=cost),
        simplex(n, square=whole, cost=cost),
    ):
        for start in (None, np.array([3])):
            answer = solve_quadratic(program, start)
            assert worst_violation(program, answer) < 1e-7
            assert answer.objective - answer.bound < 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_a_part_grows_by_columns_that_stand_at_other_bounds_than_zero(seed):
    rng = np.random.default_rng(seed)
    n = 330
    factor = rng.normal(size=(n, n)) / np.sqrt(n)
    lower = np.where(rng.random(n) < 0.2, -0.001, np.where(rng.random(n) < 0.1, 0.001, 0.0))
    upper = np.where(rng.random(n) < 0.3, lower + 0.004, 1.0)
    program = QuadraticProgram(
        rng.normal(size=n), np.ones((1, n)), np.ones(1), np.ones(1), lower, upper, factor.T @ factor
    )
    start = np.flatnonzero(upper > 0.5)
    answer = solve_quadratic(program, start)
    assert worst_violation(program, answer) < 1e-7


def test_a_program_without_curvature_is_a_linear_one():
    from scipy.optimize import linprog

    rng = np.random.default_rng(0)
    for _ in range(10):
        n, m = 8, 3
        matrix, cost = rng.normal(size=(m, n)), rng.normal(size=n)
        at = matrix @ rng.random(n)
        program = QuadraticProgram(cost, matrix, at, at, np.zeros(n), np.ones(n), np.zeros((n, n)))
        answer = solve_quadratic(program)
        best = linprog(cost, A_eq=matrix, b_eq=at, bounds=[(0, 1)] * n)
        assert answer.objective == pytest.approx(best.fun, abs=1e-7)
        assert answer.bound <= best.fun + 1e-9


def test_rows_that_say_the_same_and_columns_that_are_twins():
    rng = np.random.default_rng(0)
    factor = rng.normal(size=(20, 4))
    factor = np.hstack([factor, factor[:, :2]])
    ones = np.ones((3, 6))
    program = QuadraticProgram(
        np.zeros(6), ones, np.ones(3), np.ones(3), np.zeros(6), np.full(6, np.inf), factor.T @ factor
    )
    answer = solve_quadratic(program)
    assert worst_violation(program, answer) < 1e-7
    single = solve_quadratic(simplex(4, square=(factor.T @ factor)[:4, :4]))
    assert answer.objective == pytest.approx(single.objective, rel=1e-8)


@pytest.mark.parametrize("n", [3, 10, 60])
def test_limits_that_leave_no_room_between_them(n):
    """Caps that add up to what is to be held, so that no point lies inside."""
    rng = np.random.default_rng(n)
    factor = rng.normal(size=(n + 5, n))
    half = np.concatenate([np.ones(n // 2), np.zeros(n - n // 2)])
    rows = np.vstack([np.ones(n), half, 1 - half])
    share = 0.3
    for cap in (share / (n // 2), np.inf):
        program = QuadraticProgram(
            np.zeros(n),
            rows,
            np.array([1.0, -np.inf, -np.inf]),
            np.array([1.0, share, 1 - share]),
            np.zeros(n),
            np.where(half > 0, cap, np.inf),
            factor.T @ factor,
        )
        answer = solve_quadratic(program)
        assert worst_violation(program, answer, exact=False) < 1e-7
        assert answer.objective - answer.bound < 1e-6 * answer.objective


def test_a_bound_is_finite_where_rows_have_one_side():
    for seed in range(40):
        for n, m, rank in ((6, 3, 6), (8, 4, 3)):
            program = make_bounded(make(np.random.default_rng(seed), n, m, rank, degenerate=True))
            assert np.isfinite(solve_quadratic(program).bound)


def test_a_bound_is_below_every_feasible_point_even_where_the_answer_is_poor():
    """What has no lower end has no bound, whatever stands in the answer."""
    program = QuadraticProgram(
        np.array([-1.0, 0.0]), np.zeros((0, 2)), np.zeros(0), np.zeros(0), np.zeros(2), np.full(2, np.inf),
        np.diag([0.0, 1.0]),
    )  # fmt: skip
    answer = solve_quadratic(program)
    assert not answer.converged
    assert answer.bound == -np.inf


def test_all_columns_fixed_and_none_at_all_bounded():
    program = QuadraticProgram(
        np.array([1.0, -1.0]), np.ones((1, 2)), np.array([3.0]), np.array([3.0]), *[np.array([1.0, 2.0])] * 2, np.eye(2)
    )
    assert solve_quadratic(program).x.tolist() == [1.0, 2.0]
    free = QuadraticProgram(
        np.array([-1.0, 2.0]), np.zeros((0, 2)), np.zeros(0), np.zeros(0), *np.outer([-np.inf, np.inf], [1, 1]),
        np.diag([1.0, 4.0]),
    )  # fmt: skip
    np.testing.assert_allclose(solve_quadratic(free).x, [1.0, -0.5])


def test_no_warning_reaches_who_solves_a_singular_program():
    factor = np.random.default_rng(0).normal(size=(3, 12))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for twin in (0.0, 1e-13):
            square = factor.T @ factor
            square[0] = square[1] + twin
            square[:, 0] = square[0]
            square[0, 0] = square[1, 1]
            solve_quadratic(simplex(12, square=square))
    assert [str(one.message) for one in told] == []


@given(st.integers(0, 10**6), st.integers(1, 25), st.integers(0, 4), st.booleans(), st.booleans())
def test_any_small_convex_program(seed, n, m, two_sided, degenerate):
    rng = np.random.default_rng(seed)
    program = make_bounded(
        make(rng, n, m, int(rng.integers(1, n + 1)), two_sided=two_sided, degenerate=degenerate, free=seed % 2 == 0)
    )
    answer = solve_quadratic(program)
    assert worst_violation(program, answer, exact=not degenerate) < 1e-7
