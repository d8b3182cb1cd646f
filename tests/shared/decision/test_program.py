import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from shared.decision import Program, read_pyomo, solve
from shared.errors import DataError, HexadError


def refused(call) -> str:
    with pytest.raises(HexadError) as error:
        call()
    return str(error.value)


def test_numbers_stand_for_arrays():
    program = Program.make(["x", "y"], cost=[1, 2], lower=-1, upper=[3, 4], whole=True, rows=[[1, 1]], row_upper=5)
    assert program.lower.tolist() == [-1, -1]
    assert program.upper.tolist() == [3, 4]
    assert program.whole.tolist() == [True, True]
    assert program.row_lower.tolist() == [-np.inf]
    assert program.row_names == ("row 1",)
    assert program.limits == ("row 1",)
    assert program.value(np.array([1.0, 1.0])) == 3.0


def test_arrays_given_stay_the_callers():
    lower = np.zeros(2)
    program = Program.make(["x", "y"], cost=[1, 2], lower=lower)
    lower[0] = 5.0
    assert program.lower.tolist() == [0, 0]


@pytest.mark.parametrize(
    "settings",
    [
        {"cost": [1.0]},
        {"cost": [[1.0, 2.0]]},
        {"cost": [1.0, 2.0], "rows": [[1.0]]},
        {"cost": [1.0, 2.0], "rows": [[1.0, 2.0]], "row_names": ["a", "b"]},
    ],
)
def test_shapes_have_to_fit(settings):
    assert "2 names of columns" in refused(lambda: Program.make(["x", "y"], **settings))


def test_every_problem_is_told_at_once():
    with pytest.raises(DataError) as error:
        Program.make(
            ["x", "y"],
            cost=[np.nan, np.inf],
            rows=[[np.nan, 1], [1, 1], [1, 1]],
            row_lower=[np.nan, np.inf, 0],
            row_names=["a", "b", "a"],
            lower=[np.nan, 0],
            upper=[1, -np.inf],
            labels=["one"],
        )
    told = str(error.value)
    for part in (
        "cost holds values that are no numbers",
        "matrix holds values that are no numbers",
        "bounds of columns hold values that are no numbers",
        "bounds of rows hold values that are no numbers",
        "1 columns have an infinite bound on the wrong side",
        "1 rows have an infinite bound on the wrong side",
        "1 labels for 3 rows",
        "two rows are called 'a'",
    ):
        assert part in told
    assert error.value.problems[0].count == 2


def test_violation_is_the_worst_of_all_bounds():
    program = Program.make(
        ["x", "y"], cost=[0, 0], rows=[[1, 1], [1, 0]], row_lower=[1, -np.inf], row_upper=[np.inf, 2], upper=3,
        whole=[True, False],
    )  # fmt: skip
    assert program.violation(np.array([1.0, 0.5])) == 0.0
    assert program.violation(np.array([0.0, 0.25])) == 0.75
    assert program.violation(np.array([0.0, 3.5])) == 0.5
    assert program.violation(np.array([4.0, 0.0])) == 2.0
    assert program.violation(np.array([0.0, -2.0])) == 3.0
    assert program.violation(np.array([0.75, 0.5])) == 0.25


def test_columns_of_one_name_are_told_apart_by_place_but_not_in_pyomo():
    program = Program.make(["x", "x"], cost=[1, 1], rows=[[1, 1]], row_lower=[1])
    assert solve(program).objective == 1.0
    assert "two columns have the same name" in refused(program.to_pyomo)


def make(rng, whole):
    n, m = int(rng.integers(1, 5)), int(rng.integers(0, 5))
    matrix = rng.integers(-3, 4, size=(m, n)).astype(float)
    at = matrix @ rng.integers(0, 3, size=n)
    kind = rng.integers(0, 4, size=m)
    return Program.make(
        [f"x {i}" for i in range(n)],
        cost=rng.integers(-3, 4, size=n),
        rows=sparse.csr_array(matrix),
        row_lower=np.where(kind == 1, -np.inf, at - (kind > 1)),
        row_upper=np.where(kind == 2, np.inf, at + (kind > 1)),
        row_names=[f"row, {i}" for i in range(m)],
        lower=np.where(rng.random(n) < 0.2, -2.0, 0.0),
        upper=rng.integers(2, 6, size=n),
        whole=whole,
        maximise=bool(rng.integers(2)),
        constant=float(rng.integers(-2, 3)),
    )


@given(st.integers(0, 10**6), st.booleans())
def test_a_round_trip_through_pyomo_changes_nothing(seed, whole):
    program = make(np.random.default_rng(seed), whole)
    back = read_pyomo(program.to_pyomo())
    kept = [i for i in range(program.n_rows) if np.isfinite(program.row_lower[i]) or np.isfinite(program.row_upper[i])]
    np.testing.assert_array_equal(back.matrix.toarray(), program.matrix.toarray()[kept])
    for name in ("cost", "lower", "upper", "whole"):
        np.testing.assert_array_equal(getattr(back, name), getattr(program, name))
    np.testing.assert_array_equal(back.row_lower, program.row_lower[kept])
    np.testing.assert_array_equal(back.row_upper, program.row_upper[kept])
    assert (back.maximise, back.constant) == (program.maximise, program.constant)
    first, second = solve(program, prices=False), solve(program.to_pyomo(), prices=False)
    assert first.status == second.status == "optimal"
    assert first.objective == pytest.approx(second.objective, abs=1e-7)
    assert program.violation(first.values["value"].to_numpy()) < 1e-6
    assert program.value(first.values["value"].to_numpy()) == pytest.approx(first.objective, abs=1e-7)
