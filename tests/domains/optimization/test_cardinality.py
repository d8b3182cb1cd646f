"""The exact choice of assets against all choices, each solved by itself."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from domains.optimization.kernels import bound_node, relax_node
from domains.optimization.portfolio.cardinality import CardinalityProgram, solve_cardinality, split_diagonal
from shared.decision import Program, QuadraticProgram, Session, solve_quadratic


def solve_choice(program, chosen):
    """The best weights of some assets, all between least and most; infinite where there are none."""
    s = np.array(chosen, dtype=np.int64)
    if (program.least[s] > program.most[s]).any():
        return np.inf
    rows = program.rows[:, s]
    feasible = Program.make(
        [str(i) for i in s], cost=np.zeros(len(s)), rows=rows, row_lower=program.row_lower,
        row_upper=program.row_upper, lower=program.least[s], upper=program.most[s],
    )  # fmt: skip
    if Session(feasible).solve().status != "optimal":
        return np.inf
    return solve_quadratic(
        QuadraticProgram(
            program.cost[s], rows, program.row_lower, program.row_upper, program.least[s], program.most[s],
            2 * program.square[np.ix_(s, s)],
        )
    ).objective  # fmt: skip


def try_all(program, must=None):
    """The objective of the best of all choices, in plain Python."""
    n = len(program.cost)
    needed = set() if must is None else set(np.flatnonzero(must).tolist())
    return min(
        (
            solve_choice(program, chosen)
            for size in range(max(1, program.fewest), program.largest + 1)
            for chosen in itertools.combinations(range(n), size)
            if needed <= set(chosen)
        ),
        default=np.inf,
    )


def make(rng, *, scale=1.0, crossed=False):
    n = int(rng.integers(2, 7))
    factor = rng.normal(size=(n + 3 if rng.random() < 0.7 else max(1, n - 2), n))
    square = factor.T @ factor / n
    fewest = int(rng.integers(0, n))
    largest = int(rng.integers(max(1, fewest), n + 1))
    least = np.where(rng.random(n) < 0.5, rng.choice([0, 0.05, 0.1, 0.25]), 0.0)
    most = np.maximum(np.where(rng.random(n) < 0.5, rng.choice([0.3, 0.5, 0.6]), 1.0), least)
    if crossed:
        most = np.where((rng.random(n) < 0.3) & (least > 0), 0.02, most)
    m = int(rng.integers(0, 3))
    rows = np.vstack([np.ones(n), *((rng.random(n) < 0.5).astype(float) for _ in range(m))])
    low = np.array([1.0, *(rng.choice([-np.inf, 0.1, 0.3]) for _ in range(m))])
    high = np.array([1.0, *(rng.choice([np.inf, 0.5, 0.7]) for _ in range(m))])
    cost = rng.normal(size=n) * rng.choice([0, 0.3, 1])
    must = (rng.random(n) < 0.3) & (least > 0)
    return (
        CardinalityProgram(
            scale * square, scale * split_diagonal(square), scale * cost, least, most, rows, low, high, fewest, largest
        ),
        must,
    )  # fmt: skip


def check(program, must):
    best = try_all(program, must)
    answer = solve_cardinality(program, must=must)
    assert answer.finished
    assert np.isfinite(answer.objective) == np.isfinite(best)
    if not np.isfinite(best):
        return False
    room = max(1e-6 * abs(best), 1e-9 * program.size)
    assert answer.objective == pytest.approx(best, abs=room)
    assert answer.bound <= best + 1e-9 * program.size
    assert answer.objective - answer.bound <= 2 * room
    w = answer.weights
    held = w > 0
    assert program.value(w) == pytest.approx(answer.objective, abs=1e-12 * program.size)
    assert program.fewest <= held.sum() <= program.largest
    assert held[must].all()
    assert (w[held] >= program.least[held] - 1e-8).all()
    assert (w <= program.most + 1e-8).all()
    assert (program.rows @ w >= program.row_lower - 1e-8).all()
    assert (program.rows @ w <= program.row_upper + 1e-8).all()
    return True


@pytest.mark.parametrize("crossed", [False, True])
def test_the_best_of_all_choices_is_found_and_proven(crossed):
    solved = [check(*make(np.random.default_rng(seed), crossed=crossed)) for seed in range(40)]
    assert 10 < sum(solved) < 40


@pytest.mark.parametrize("scale", [1e-8, 1e-4, 1e5])
def test_the_size_of_the_objective_does_not_matter(scale):
    for seed in range(12):
        check(*make(np.random.default_rng(seed), scale=scale))


def test_what_has_to_be_held_is_held_though_others_were_better():
    """Asset 0 is by far the worst; so is any start without it."""
    n = 6
    square = np.diag([100.0, 1.0, 1.0, 1.0, 1.0, 1.0]) + 0.1
    must = np.arange(n) == 0
    program = CardinalityProgram(
        square, split_diagonal(square), np.zeros(n), np.full(n, 0.05), np.ones(n), np.ones((1, n)), np.ones(1),
        np.ones(1), 2, 3,
    )  # fmt: skip
    answer = solve_cardinality(program, must=must, starts=[np.array([1, 2, 3])])
    assert answer.weights[0] == pytest.approx(0.05)
    assert answer.objective == pytest.approx(try_all(program, must), rel=1e-6)


def test_a_row_without_bounds_is_no_row():
    program, _ = make(np.random.default_rng(0))
    more = CardinalityProgram(
        program.square, program.diagonal, program.cost, program.least, program.most,
        np.vstack([program.rows, np.ones(len(program.cost))]), np.append(program.row_lower, -np.inf),
        np.append(program.row_upper, np.inf), program.fewest, program.largest,
    )  # fmt: skip
    assert solve_cardinality(more).objective == solve_cardinality(program).objective


def test_time_that_is_up_leaves_a_bound_that_holds():
    rng = np.random.default_rng(0)
    n = 60
    factor = rng.normal(size=(n, n))
    square = factor.T @ factor / n
    program = CardinalityProgram(
        square, split_diagonal(square), -0.5 * rng.random(n), np.full(n, 0.01), np.ones(n), np.ones((1, n)), np.ones(1),
        np.ones(1), 5, 5,
    )  # fmt: skip
    short = solve_cardinality(program, time_limit=0.0, starts=[np.arange(5)])
    assert not short.finished
    assert short.bound == -np.inf
    assert (short.weights > 0).sum() == 5
    longer = solve_cardinality(program, time_limit=0.5)
    assert longer.bound <= longer.objective <= short.objective


@pytest.mark.parametrize("seed", range(10))
def test_a_diagonal_that_is_taken_leaves_a_covariance(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 30))
    factor = rng.normal(size=(n + 5, n)) * 10.0 ** rng.uniform(-4, 1, n)
    square = factor.T @ factor
    size = np.sqrt(np.diag(square))
    for weights in (None, rng.random(n)):
        diagonal = split_diagonal(square, weights)
        assert (diagonal >= 0).all()
        scaled = (square - np.diag(diagonal)) / np.outer(size, size)
        assert np.linalg.eigvalsh(scaled)[0] > 0
    assert split_diagonal(square).sum() > 0
    assert split_diagonal(np.ones((3, 3))).tolist() == [0, 0, 0]
    assert split_diagonal(np.diag([1.0, 0.0])).tolist() == [0, 0]


def node(rng):
    """A node of a search: some assets in, some out, the rest open."""
    program, _ = make(rng)
    some = np.isfinite(program.row_lower) | np.isfinite(program.row_upper)
    program = replace(
        program, rows=program.rows[some], row_lower=program.row_lower[some], row_upper=program.row_upper[some]
    )
    n = len(program.cost)
    state = rng.choice([0, 1, 2, 2, 2], size=n).astype(np.uint8)
    diagonal = program.diagonal
    return program, state, np.ascontiguousarray(program.square - np.diag(diagonal)), diagonal


def best_of_node(program, state):
    n = len(state)
    return min(
        (
            (solve_choice(program, chosen), chosen)
            for size in range(max(1, program.fewest), program.largest + 1)
            for chosen in itertools.combinations(range(n), size)
            if all(state[i] != 0 for i in chosen) and all(i in chosen for i in np.flatnonzero(state == 1))
        ),
        default=(np.inf, ()),
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_bound_holds_at_any_point_and_prices(seed):
    """Weak duality: whatever w and y are, no choice of the node is cheaper; and what is ruled out is not the best."""
    rng = np.random.default_rng(seed)
    program, state, rest, diagonal = node(rng)
    best, chosen = best_of_node(program, state)
    arrays = (rest, diagonal, program.cost, program.least, program.most, program.rows, program.row_lower,
              program.row_upper, state, program.fewest, program.largest)  # fmt: skip
    before = state.copy()
    for turn in range(6):
        w, y = rng.random(len(state)), rng.normal(size=len(program.row_lower)) * rng.choice([0.0, 0.1, 1.0])
        if turn == 0:
            w, _, y, _ = relax_node(*arrays, 1e-9, 100)
        known = best + abs(best) * 1e-3 + 1e-6 if np.isfinite(best) else np.inf
        bound, after = bound_node(*arrays, w, y, known)
        assert bound <= best + 1e-9
        if np.isfinite(best):
            for i in range(len(state)):
                assert not (after[i] == 0 and i in chosen)
                assert not (after[i] == 1 and i not in chosen)
    np.testing.assert_array_equal(state, before)


@pytest.mark.parametrize("seed", range(25))
def test_a_relaxation_is_below_its_node_and_its_bound_close_to_it(seed):
    rng = np.random.default_rng(100 + seed)
    program, state, rest, diagonal = node(rng)
    best, _ = best_of_node(program, state)
    arrays = (rest, diagonal, program.cost, program.least, program.most, program.rows, program.row_lower,
              program.row_upper, state, program.fewest, program.largest)  # fmt: skip
    w, z, y, _ = relax_node(*arrays, 1e-10, 100)
    if not np.isfinite(best):
        return
    assert (w[state == 0] == 0).all()
    assert (z[state == 1] == 1).all()
    assert (w >= program.least * z - 1e-8).all()
    assert (w <= program.most * z + 1e-8).all()
    assert z.sum() <= program.largest + 1e-7
    assert z.sum() >= program.fewest - 1e-7
    held = program.rows @ w
    assert (held >= program.row_lower - 1e-8).all()
    assert (held <= program.row_upper + 1e-8).all()
    alive = state > 0
    value = w @ rest @ w + program.cost @ w + (diagonal[alive] * w[alive] ** 2 / z[alive]).sum()
    assert value <= best + 1e-7
    bound, _ = bound_node(*arrays, w, y, np.inf)
    assert bound <= value + 1e-7
    assert bound == pytest.approx(value, abs=1e-5)
