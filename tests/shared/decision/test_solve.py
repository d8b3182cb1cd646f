import itertools
import pickle

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.decision import Decision, InfeasibleError, Program, explain_infeasible, solve
from shared.errors import HexadError, SettingsError
from tests.shared.decision.test_session import hard_knapsack


def refused(call) -> str:
    with pytest.raises(HexadError) as error:
        call()
    return str(error.value)


def carpenter():
    model = pyo.ConcreteModel()
    model.chair = pyo.Var(domain=pyo.NonNegativeIntegers)
    model.table = pyo.Var(bounds=(0, 10))
    model.given = pyo.Var(initialize=1.0)
    model.given.fix()
    model.hours = pyo.Constraint(expr=model.chair + model.table + model.given <= 5.5)
    model.wood = pyo.Constraint(expr=(None, model.chair + 3 * model.table - 1, 5))
    model.idle = pyo.Constraint(expr=model.chair >= 3)
    model.idle.deactivate()
    model.profit = pyo.Objective(expr=3 * model.chair + 5 * model.table + 7, sense=pyo.maximize)
    return model


def test_a_pyomo_model_gets_its_values_back():
    model = carpenter()
    decision = solve(model)
    best = max(
        7 + 3 * chair + 5 * table
        for chair in range(5)
        for table in [max(0.0, min(4.5 - chair, (6 - chair) / 3))]
        if chair <= 4.5
    )
    assert decision.proven
    assert decision.objective == pytest.approx(best)
    assert pyo.value(model.profit) == pytest.approx(best)
    assert isinstance(model.chair.value, int)
    assert decision.values["value"].to_dict() == pytest.approx({"chair": model.chair.value, "table": model.table.value})
    assert "given" not in decision.values.index


def test_what_is_not_a_linear_model_is_refused():
    model = carpenter()
    model.bent = pyo.Constraint(expr=model.table**2 <= 4)
    assert "constraint 'bent' is not linear" in refused(lambda: solve(model))
    model.bent.deactivate()
    model.other = pyo.Objective(expr=model.table)
    assert "2 active objectives: 'profit', 'other'" in refused(lambda: solve(model))
    model.profit.deactivate()
    model.other.deactivate()
    assert solve(model).objective == 0.0
    model.square = pyo.Objective(expr=model.table * model.chair)
    assert "objective 'square' is not linear" in refused(lambda: solve(model))
    assert "a dict is neither a Program nor a Pyomo model" in refused(lambda: solve({}))


@pytest.mark.parametrize("solver", ["ipopt", "no-such-solver"])
def test_a_solver_that_is_missing_is_named(solver, caplog):
    told = refused(lambda: solve(carpenter(), solver=solver))
    assert repr(solver) in told
    assert "not installed" in told
    assert "hexad[optimization]" in told
    assert repr(solver) in refused(lambda: solve(Program.make(["x"], cost=[1.0]), solver=solver))


def test_another_solver_says_the_same():
    program = Program.make(["x", "y"], cost=[3, 5], rows=[[1, 1], [1, 3]], row_upper=[4, 6], maximise=True)
    named = solve(program, solver="appsi_highs")
    assert named.status == "optimal"
    assert named.objective == pytest.approx(14.0)
    assert named.maximise
    impossible = Program.make(["x"], cost=[1], rows=[[1]], row_lower=[2], upper=1)
    assert solve(impossible, solver="appsi_highs").status == "infeasible"


@pytest.mark.parametrize("settings", [{"time_limit": 0}, {"time_limit": np.nan}, {"gap": 1.0}, {"gap": -0.1}])
def test_settings_are_checked(settings):
    with pytest.raises(SettingsError, match="seconds above 0"):
        solve(Program.make(["x"], cost=[1.0]), **settings)


def test_crossed_bounds_of_columns_are_named_and_of_rows_explained():
    told = refused(lambda: solve(Program.make(["x", "y"], cost=[1, 1], lower=[3, 0], upper=2)))
    assert "bounds of 'x' cross" in told
    decision = solve(Program.make(["x"], cost=[1], rows=[[1]], row_lower=[2], row_upper=[1], row_names=["odd"]))
    assert decision.status == "infeasible"
    assert "odd (least 2) and odd (most 1)" in decision.explain()


def test_unbounded_is_said_by_the_way_it_goes():
    assert "can fall without end" in solve(Program.make(["x"], cost=[-1.0])).explain()
    assert "can grow without end" in solve(Program.make(["x"], cost=[1.0], maximise=True)).explain()
    assert solve(Program.make(["x"], cost=[1.0], maximise=True, whole=True)).status == "unbounded"


def test_time_limits_are_never_optimal():
    decision = solve(hard_knapsack(), time_limit=0.1, gap=0.0, goal="load", unit="kg")
    assert decision.status == "stopped by time"
    assert not decision.proven
    assert decision.explain().startswith("Time was up")
    assert hard_knapsack().violation(decision.values["value"].to_numpy()) < 1e-6


def test_a_gap_that_was_allowed_is_told_as_one():
    program = Program.make(
        [f"x{i}" for i in range(30)], cost=np.arange(30) + 50.0, rows=[np.arange(30) * 1.07 + 49.3], row_upper=[777.7],
        upper=1, whole=True, maximise=True,
    )  # fmt: skip
    decision = solve(program, gap=0.5, prices=False)
    best = solve(program, prices=False)
    assert best.status == "optimal"
    assert decision.objective <= best.objective <= decision.bound + 1e-9
    assert decision.status == ("optimal" if decision.gap <= 1e-6 else "within gap")


@given(st.integers(0, 10**6))
def test_prices_are_what_one_more_unit_brings(seed):
    """Against finite differences, where the program can still be solved and the price does not change on the way."""
    rng = np.random.default_rng(seed)
    n, m = 4, 3
    program = Program.make(
        list("wxyz"), cost=rng.normal(size=n), rows=rng.normal(size=(m, n)), row_lower=-rng.random(m),
        row_upper=rng.random(m), upper=3, maximise=bool(rng.integers(2)),
    )  # fmt: skip
    decision = solve(program)
    assert decision.status == "optimal"
    for row in decision.binding.itertuples():
        place = program.row_names.index(row.limit)
        step = 1e-6
        low, high = program.row_lower.copy(), program.row_upper.copy()
        assert row.at == pytest.approx(low[place] if row.side == "least" else high[place])
        if row.side == "least":
            low[place] -= step
        else:
            high[place] += step
        more = solve(program.change(row_lower=low, row_upper=high)).objective
        gained = (more - decision.objective) * (1 if program.maximise else -1) / step
        assert gained >= -1e-6
        assert gained == pytest.approx(row.price, rel=1e-4, abs=1e-4)


@given(st.integers(0, 10**6))
def test_reasons_of_columns_are_what_one_unit_more_changes(seed):
    rng = np.random.default_rng(seed)
    n = 4
    program = Program.make(
        list("wxyz"), cost=rng.normal(size=n), rows=rng.normal(size=(2, n)), row_lower=-1 - rng.random(2),
        row_upper=1 + rng.random(2), upper=np.where(rng.random(n) < 0.2, 0.0, 2.0), maximise=bool(rng.integers(2)),
    )  # fmt: skip
    decision = solve(program)
    for place, row in enumerate(decision.values.itertuples()):
        if not row.why:
            continue
        step = 1e-6
        at = row.value + step
        moved = program.change(
            lower=np.where(np.arange(n) == place, at, program.lower), upper=np.where(np.arange(n) == place, at, program.upper)
        )  # fmt: skip
        change = (solve(moved).objective - decision.objective) / step
        said = float(row.why.rsplit(" ", 1)[1])
        sign = {"lose": -1, "cost": 1, "gain": 1, "save": -1}[row.why.rsplit(" ", 2)[1]]
        assert change == pytest.approx(sign * said, rel=1e-3, abs=1e-3)
        assert row.why.startswith("at its least" if row.value == program.lower[place] else "at its most")


def test_a_column_that_cannot_move_has_no_reason():
    decision = solve(Program.make(["x", "y"], cost=[-3, 1], lower=[2, 0], upper=[2, 1]))
    assert decision.values["why"].to_dict() == {"x": "", "y": "at its least: one unit more would cost 1"}


@given(st.integers(0, 10**6))
def test_prices_with_whole_numbers_are_those_of_another_search(seed):
    rng = np.random.default_rng(seed)
    n = 4
    worth, weight = rng.integers(1, 9, size=n), rng.integers(1, 6, size=(2, n))
    room = rng.integers(2, 10, size=2)

    def best(room):
        every = np.array(list(itertools.product(range(3), repeat=n)))
        return int((every @ worth)[(every @ weight.T <= room).all(axis=1)].max())

    program = Program.make(
        list("wxyz"), cost=worth, rows=weight, row_upper=room, upper=2, whole=True, maximise=True, row_names=["a", "b"]
    )  # fmt: skip
    decision = solve(program)
    assert decision.objective == pytest.approx(best(room))
    held = weight @ decision.values["value"].to_numpy()
    assert set(decision.binding["limit"]) == {name for name, gap in zip("ab", room - held, strict=True) if gap < 1e-6}
    for row in decision.binding.itertuples():
        more = room + np.array([row.limit == "a", row.limit == "b"])
        assert row.price == pytest.approx(best(more) - best(room))
    assert solve(program, prices=False).binding["price"].isna().all()


def test_an_infeasible_model_says_why_and_the_error_travels():
    rows = {"rows": [[1], [1]], "row_lower": [2, -np.inf], "row_upper": [np.inf, 1], "row_names": ["two", "cap"]}
    program = Program.make(["x"], cost=[1], **rows)
    decision = solve(program)
    assert isinstance(decision, Decision)
    assert decision.status == "infeasible"
    assert set(decision.conflict.clash["limit"]) == {"two", "cap"}
    assert decision.values["value"].isna().all()
    error = InfeasibleError(explain_infeasible(program), "No plan.")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert str(error).startswith("No plan. Two limits")
    assert again.conflict.total == 1.0
    assert str(InfeasibleError(None, "Nothing.")) == "Nothing."


def test_decisions_over_pyomo_indices():
    model = pyo.ConcreteModel()
    model.days = pyo.Set(initialize=["mon", "tue"])
    model.hours = pyo.Var(model.days, within=pyo.NonNegativeReals)
    model.enough = pyo.Constraint(model.days, rule=lambda model, day: model.hours[day] >= 3)
    model.cap = pyo.Constraint(expr=sum(model.hours.values()) <= 5)
    told = solve(model).explain()
    assert "enough[mon] (least 3)" in told
    assert "cap (most 5)" in told
