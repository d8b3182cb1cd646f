"""Conflicts against an oracle that tries every set of wishes, and relaxations against another elastic program."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import linprog, milp

from shared.decision import Program, explain_infeasible
from shared.errors import HexadError


def sides(program):
    """Each side of each limit with its rows, in plain Python."""
    found = {}
    for row in range(program.n_rows):
        if program.hard[row]:
            continue
        low, high = program.row_lower[row], program.row_upper[row]
        if low == high:
            found.setdefault((program.limits[row], "exactly"), []).append(row)
            continue
        if np.isfinite(low):
            found.setdefault((program.limits[row], "least"), []).append(row)
        if np.isfinite(high):
            found.setdefault((program.limits[row], "most"), []).append(row)
    return found


def can_hold(program, wishes):
    """Whether a point meets these wishes and all that is hard, by SciPy."""
    every = sides(program)
    low = np.where(program.hard, program.row_lower, -np.inf)
    high = np.where(program.hard, program.row_upper, np.inf)
    for wish in wishes:
        for row in every[wish]:
            if wish[1] != "most":
                low[row] = program.row_lower[row]
            if wish[1] != "least":
                high[row] = program.row_upper[row]
    if (low > high).any():
        return False
    found = milp(
        np.zeros(program.n_columns),
        constraints=[(program.matrix.toarray(), low, high)] if program.n_rows else [],
        bounds=(program.lower, program.upper),
        integrality=program.whole.astype(int),
    )
    return found.status == 0


def least_total(program):
    """The optimum of the elastic program, every limit with one variable a side, by SciPy."""
    every = [(wish, sign, rows) for wish, rows in sides(program).items() for sign in (1, -1)
             if (wish[1], sign) not in {("least", -1), ("most", 1)}]  # fmt: skip
    n = program.n_columns
    extra = np.zeros((program.n_rows, len(every)))
    for place, (_, sign, rows) in enumerate(every):
        extra[rows, place] = sign
    found = milp(
        np.concatenate([np.zeros(n), np.ones(len(every))]),
        constraints=[(np.hstack([program.matrix.toarray(), extra]), program.row_lower, program.row_upper)],
        bounds=(np.append(program.lower, np.zeros(len(every))), np.append(program.upper, np.full(len(every), np.inf))),
        integrality=np.append(program.whole, np.zeros(len(every), dtype=bool)).astype(int),
    )
    return found.fun if found.status == 0 else np.nan


def make(rng, whole, labelled):
    n, m = int(rng.integers(1, 4)), int(rng.integers(2, 6))
    low = rng.integers(-3, 4, size=m).astype(float)
    width = rng.integers(0, 3, size=m)
    kind = rng.integers(0, 3, size=m)
    matrix = rng.integers(-2, 3, size=(m, n)).astype(float)
    return Program.make(
        [f"x{i}" for i in range(n)],
        cost=np.zeros(n),
        rows=matrix,
        row_lower=np.where(kind == 1, -np.inf, low),
        row_upper=np.where(kind == 2, np.inf, low + width),
        hard=rng.random(m) < 0.15,
        labels=[f"limit {i // 2 if labelled else i}" for i in range(m)],
        lower=np.where(rng.random(n) < 0.3, -2.0, 0.0),
        upper=3.0,
        whole=whole,
    )


def check(program):
    every = list(sides(program))
    found = explain_infeasible(program)
    if can_hold(program, every):
        assert found is None
        return
    assert found is not None
    clash = list(zip(found.clash["limit"], found.clash["side"], strict=True))
    if not can_hold(program, []):
        assert clash == []
        assert found.relaxation.empty
        assert "no limit is to blame" in found.explain()
        return
    assert clash
    assert not can_hold(program, clash)
    for one in clash:
        assert can_hold(program, [other for other in clash if other != one]), one
    smallest = [
        set(some) for size in range(1, len(clash) + 1) for some in itertools.combinations(every, size)
        if not can_hold(program, some)
    ]  # fmt: skip
    assert any(some == set(clash) for some in smallest)
    total = least_total(program)
    assert found.total == pytest.approx(total, abs=1e-6, nan_ok=True)
    if np.isfinite(total):
        assert found.relaxation["by"].sum() == pytest.approx(total, abs=1e-6)
        check_that_it_is_enough(program, found)


def check_that_it_is_enough(program, found):
    """With what gives, all the rest can hold."""
    low, high = program.row_lower.copy(), program.row_upper.copy()
    for one in found.relaxation.itertuples():
        for row in sides(program)[one.limit, one.side]:
            move = one.to - one.at
            assert abs(move) == pytest.approx(one.by)
            if move < 0 and one.side != "most":
                low[row] += move - 1e-7
            if move > 0 and one.side != "least":
                high[row] += move + 1e-7
    loose = program.change(row_lower=low, row_upper=high)
    assert can_hold(loose, list(sides(loose)))


@given(st.integers(0, 10**6), st.booleans(), st.booleans())
def test_clash_and_relaxation_of_small_programs(seed, whole, labelled):
    check(make(np.random.default_rng(seed), whole, labelled))


def test_clash_and_relaxation_of_many_fixed_programs():
    infeasible = 0
    for seed in range(40):
        program = make(np.random.default_rng(seed), seed % 2 == 0, seed % 3 == 0)
        infeasible += not can_hold(program, list(sides(program)))
        check(program)
    assert infeasible > 12


def test_a_clash_that_only_whole_numbers_have():
    program = Program.make(
        ["x", "y"], cost=[0, 0], rows=[[2, 2], [1, 0]], row_lower=[3, 0], row_upper=[3, 9], row_names=["odd", "idle"],
        whole=True, upper=5,
    )  # fmt: skip
    found = explain_infeasible(program)
    assert found.clash["limit"].tolist() == ["odd"]
    assert found.explain().startswith("One limit cannot be met: odd (exactly 3).")
    assert found.total == pytest.approx(1.0)
    assert explain_infeasible(program.change(whole=np.zeros(2, dtype=bool))) is None


def test_whole_numbers_are_whole_in_what_has_to_give():
    program = Program.make(["x"], cost=[0], rows=[[1]], row_lower=[0.2], row_upper=[0.7], row_names=["a"], whole=True)
    found = explain_infeasible(program)
    assert found.total == pytest.approx(0.2, abs=1e-8)
    assert "from 0.2 to 0." in found.explain()


def test_all_rows_of_a_limit_give_alike():
    """A cap on each of four that have to sum to one: each may be 0.05 more, which is told once."""
    eye = np.eye(4)
    program = Program.make(
        list("abcd"), cost=np.zeros(4), rows=np.vstack([np.ones(4), eye]), row_lower=[1] + [-np.inf] * 4,
        row_upper=[1] + [0.2] * 4, hard=[True] + [False] * 4, labels=["sum"] + ["cap"] * 4,
        row_names=["sum", *(f"cap: {one}" for one in "abcd")],
    )  # fmt: skip
    found = explain_infeasible(program)
    assert found.clash.to_dict("records") == [{"limit": "cap", "side": "most", "at": 0.2}]
    assert found.relaxation["to"].tolist() == pytest.approx([0.25])
    assert found.to_frame().to_dict("records") == [
        {
            "limit": "cap",
            "side": "most",
            "at": 0.2,
            "to": pytest.approx(0.25),
            "by": pytest.approx(0.05),
            "clashes": True,
        }
    ]
    assert "cap, from 0.2 to 0.25" in found.explain()


def test_what_has_to_give_all_is_told_to_go_to_nothing():
    program = Program.make(["x"], cost=[0], rows=[[3.0]], row_lower=[0.3], upper=0.0, row_names=["some"])
    assert "some, from 0.3 to 0." in explain_infeasible(program).explain()
    assert explain_infeasible(program).relaxation["to"].tolist() == [0.0]


def test_only_what_is_hard_is_to_blame():
    program = Program.make(
        ["x"], cost=[0], rows=[[1], [1], [1]], row_lower=[2, -np.inf, 0], row_upper=[np.inf, 1, 5],
        hard=[True, True, False],
    )  # fmt: skip
    found = explain_infeasible(program)
    assert found.clash.empty
    assert found.to_frame().empty
    assert np.isnan(found.total)
    assert found.explain() == "What holds by definition cannot hold: no limit is to blame."
    assert "no limit" in found._repr_html_()
    bare = Program.make(["x"], cost=[0], lower=0.2, upper=0.8, whole=True)
    assert explain_infeasible(bare).clash.empty


def test_bounds_that_cross():
    program = Program.make(["x", "y"], cost=[0, 0], lower=[3, 0], upper=[2, 1])
    with pytest.raises(HexadError, match="bounds of 1 column cross, as of x"):
        explain_infeasible(program)
    row = Program.make(["x"], cost=[0], rows=[[1]], row_lower=[2], row_upper=[1], row_names=["odd"])
    found = explain_infeasible(row)
    assert found.clash["side"].tolist() == ["least", "most"]
    assert found.total == pytest.approx(1.0)


def test_limits_of_the_same_row_in_different_units():
    program = Program.make(
        ["x"], cost=[0], rows=[[1.0], [1e6]], row_lower=[2, -np.inf], row_upper=[np.inf, 1e6],
        row_names=["small", "large"],
    )  # fmt: skip
    found = explain_infeasible(program)
    assert set(found.clash["limit"]) == {"small", "large"}
    assert found.total == pytest.approx(1.0)
    assert found.relaxation["limit"].tolist() == ["small"]


@pytest.mark.parametrize("program", [
    Program.make(["x"], cost=[0], rows=[[1], [1]], row_lower=[2, -np.inf], row_upper=[np.inf, 1]),
    Program.make(["x"], cost=[0]),
])  # fmt: skip
def test_without_time_nothing_is_said(program):
    with pytest.raises(HexadError, match="time was up before it was known"):
        explain_infeasible(program, time_limit=0)


def test_time_that_is_up_in_the_middle_is_told(monkeypatch):
    import shared.decision.infeasible as module

    m = 12
    program = Program.make(
        ["x"], cost=[0], rows=np.ones((m, 1)), row_lower=[5.0] + [-np.inf] * (m - 1), row_upper=[np.inf] + [1.0] * (m - 1),
        whole=True,
    )  # fmt: skip
    whole = explain_infeasible(program)
    assert len(whole.clash) == 2
    assert whole.finished
    ticks = itertools.count()
    monkeypatch.setattr(module.time, "monotonic", lambda: 3.0 * next(ticks))
    found = explain_infeasible(program, time_limit=28.0)
    assert not found.finished
    assert "Time was up; perhaps some of them are not needed for it." in found.explain()
    assert not can_hold(program, list(zip(found.clash["limit"], found.clash["side"], strict=True)))


def test_elastic_total_against_another_formulation():
    rng = np.random.default_rng(3)
    for _ in range(10):
        n, m = 3, 6
        matrix, upper = rng.normal(size=(m, n)), rng.normal(size=m) - 1.0
        program = Program.make(list("xyz"), cost=np.zeros(n), rows=matrix, row_upper=upper, lower=-5, upper=5)
        other = linprog(
            np.append(np.zeros(n), np.ones(m)), A_ub=np.hstack([matrix, -np.eye(m)]), b_ub=upper,
            bounds=[(-5, 5)] * n + [(0, None)] * m,
        )  # fmt: skip
        found = explain_infeasible(program)
        assert (0.0 if found is None else found.total) == pytest.approx(other.fun, abs=1e-7)


@given(st.integers(0, 10**6))
def test_what_is_feasible_has_no_conflict(seed):
    rng = np.random.default_rng(seed)
    program = make(rng, False, False)
    at = rng.uniform(program.lower, program.upper)
    held = program.matrix @ at
    inside = program.change(
        row_lower=np.minimum(program.row_lower, held), row_upper=np.maximum(program.row_upper, held)
    )
    assume(inside.violation(at) == 0)
    assert explain_infeasible(inside) is None
