import itertools
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.decision import Program, Session


def test_a_program_is_solved_with_its_prices():
    program = Program.make(["x", "y"], cost=[3, 5], rows=[[1, 1], [1, 3]], row_upper=[4, 6], maximise=True)
    found = Session(program).solve()
    assert found.status == "optimal"
    np.testing.assert_allclose(found.x, [3, 1])
    assert found.objective == found.bound == pytest.approx(14.0)
    np.testing.assert_allclose(found.row_prices, [2, 1])


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("maximise", [False, True])
def test_infeasible_and_unbounded_are_told_apart(whole, maximise):
    settings = {"whole": whole, "maximise": maximise}
    sign = 1 if maximise else -1
    rows = {"rows": [[0, 1], [0, 1]], "row_lower": [2, -np.inf], "row_upper": [np.inf, 1]}
    grows = {"cost": [sign, 0]}
    assert Session(Program.make(["x", "y"], cost=[1, 1], **rows, **settings)).solve().status == "infeasible"
    assert Session(Program.make(["x", "y"], **grows, **rows, **settings)).solve().status == "infeasible"
    free = Program.make(["x", "y"], **grows, rows=[[1, -1]], row_upper=[1], **settings)
    assert Session(free).solve().status == "unbounded"
    assert Session(Program.make(["x", "y"], **grows, **settings)).solve().status == "unbounded"


def test_a_window_without_a_whole_number_is_infeasible():
    program = Program.make(["x"], cost=[1], rows=[[2]], row_lower=[1], row_upper=[1], whole=True)
    found = Session(program).solve()
    assert found.status == "infeasible"
    assert found.x is None
    assert np.isnan(found.objective)


def test_the_ray_of_an_infeasible_program_is_a_proof():
    program = Program.make(
        ["x", "y"], cost=[0, 0], rows=[[1, 1], [1, 0], [0, 1], [1, -1]], row_lower=[3, -np.inf, -np.inf, -9],
        row_upper=[np.inf, 1, 1, 9],
    )  # fmt: skip
    ray = Session(program).solve().ray
    combined = ray @ program.matrix.toarray()
    least = np.where(ray > 0, program.row_lower, program.row_upper)
    most = (np.maximum(combined, 0) * np.where(combined > 0, program.upper, 0)).sum() if (combined > 1e-9).any() else 0
    assert (least[np.abs(ray) > 1e-9] * ray[np.abs(ray) > 1e-9]).sum() > most


@given(st.integers(0, 10**6))
def test_warm_equals_cold(seed):
    rng = np.random.default_rng(seed)
    n, m = 6, 5
    program = Program.make(
        [f"x{i}" for i in range(n)], cost=rng.normal(size=n), rows=rng.normal(size=(m, n)), row_upper=np.ones(m),
        row_lower=-np.ones(m), lower=-2, upper=2,
    )  # fmt: skip
    session = Session(program)
    session.solve()
    for turn in range(4):
        row = int(rng.integers(m))
        low, high = np.sort(rng.normal(size=2))
        cost = rng.normal(size=n)
        session.bound_row(row, low, high)
        session.price(cost)
        lower, upper = program.row_lower.copy(), program.row_upper.copy()
        lower[row], upper[row] = low, high
        program = program.change(row_lower=lower, row_upper=upper, cost=cost)
        warm, cold = session.solve(), Session(program).solve()
        assert warm.status == cold.status, turn
        if cold.status == "optimal":
            assert warm.objective == pytest.approx(cold.objective, abs=1e-8)
            assert program.violation(warm.x) < 1e-7
    session.bound_rows(np.arange(m), -np.ones(m), np.ones(m))
    cold = Session(program.change(row_lower=-np.ones(m), row_upper=np.ones(m))).solve()
    assert session.solve().objective == pytest.approx(cold.objective, abs=1e-8)


def test_a_price_that_was_changed_stays_when_no_end_is_found():
    program = Program.make(["x"], cost=[1.0], rows=[[1.0]], row_lower=[2.0], whole=True)
    session = Session(program)
    session.price(np.array([-1.0]))
    assert session.solve().status == "unbounded"
    session.bound_row(0, 2.0, 7.0)
    assert session.solve().objective == -7.0


@given(st.integers(0, 10**6))
def test_whole_numbers_as_by_trying_all(seed):
    rng = np.random.default_rng(seed)
    n, m = 3, 2
    matrix = rng.integers(-3, 4, size=(m, n)).astype(float)
    program = Program.make(
        list("xyz"), cost=rng.integers(-4, 5, size=n), rows=matrix, row_upper=rng.integers(-2, 5, size=m), upper=3,
        whole=True, maximise=bool(rng.integers(2)),
    )  # fmt: skip
    every = [np.array(x, dtype=float) for x in itertools.product(range(4), repeat=n)]
    allowed = [program.value(x) for x in every if program.violation(x) == 0]
    found = Session(program).solve()
    if not allowed:
        assert found.status == "infeasible"
        return
    assert found.status == "optimal"
    assert found.objective == pytest.approx((max if program.maximise else min)(allowed))
    assert found.row_prices is None


def hard_knapsack():
    """Many equal sums: far from a proof after a tenth of a second."""
    rng = np.random.default_rng(1)
    n, m = 60, 6
    rows = rng.integers(10, 1000, size=(m, n))
    return Program.make(
        [f"x{i}" for i in range(n)], cost=rows.sum(axis=0) + rng.integers(0, 9, n), rows=rows,
        row_upper=rows.sum(axis=1) // 2, upper=1, whole=True, maximise=True,
    )  # fmt: skip


def test_time_that_is_up_is_never_called_optimal_and_counts_anew_each_time():
    session = Session(hard_knapsack(), time_limit=0.15, gap=0.0)
    found = [session.solve() for _ in range(2)]
    for one in found:
        assert one.status == "stopped by time"
        assert np.isnan(one.bound) or one.bound >= one.objective - 1e-6
    easy = Program.make(["x", "y"], cost=[1, 2], rows=[[1, 1]], row_lower=[1])
    session = Session(easy, time_limit=0.05)
    begin, turns = time.process_time(), 0
    while time.process_time() - begin < 0.15:
        session.bound_row(0, 1.0 + turns % 2, np.inf)
        assert session.solve().status == "optimal"
        turns += 1


def test_an_empty_program_has_its_constant():
    found = Session(Program.make([], cost=[], constant=3.0)).solve()
    assert (found.status, found.objective, len(found.x)) == ("optimal", 3.0, 0)


AFTER_OTHERS = """
import highspy
other = highspy.Highs()
other.setOptionValue("output_flag", False)
one = other.addVariable(0, 1, -1, type=highspy.HighsVarType.kInteger)
two = other.addVariable(0, 1, -1, type=highspy.HighsVarType.kInteger)
other.addConstr(one + two <= 1)
other.setOptionValue("threads", 2)
other.run()
from shared.decision import Program, Session
program = Program.make(["x", "y"], cost=[-1, -1], rows=[[1, 1]], row_upper=[1.5], upper=[1, 1], whole=True)
session = Session(program)
print(session.solve().status, session.solve().objective)
"""


def test_highs_that_others_have_run_with_more_threads_still_solves():
    done = subprocess.run([sys.executable, "-c", AFTER_OTHERS], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-2:] == ["optimal", "-1.0"]
