"""One way to solvers: a program or any Pyomo model goes in, a decision with its proof comes out."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from shared.decision.decision import Decision, make_binding
from shared.decision.highs import Session, Solution
from shared.decision.infeasible import Conflict, explain_infeasible
from shared.decision.program import Program
from shared.errors import HexadError, SettingsError, quote, require
from shared.typing import Floats

if TYPE_CHECKING:
    import pyomo.environ as pyo

__all__ = ["InfeasibleError", "read_pyomo", "solve"]

CLOSE = 1e-7  # within which a row is at its bound
MOST_PRICED = 10  # binding rows of a program with integers that are solved again with more room


class InfeasibleError(HexadError):
    """Limits that cannot hold together; ``error.conflict`` says which, and the least that would have to give.

    >>> issubclass(InfeasibleError, ValueError)
    True
    """

    def __init__(self, conflict: Conflict | None, what: str = "") -> None:
        self.conflict = conflict
        super().__init__(" ".join(one for one in (what, conflict.explain() if conflict else "") if one))

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.conflict, self.args)


def _again(conflict: Conflict | None, told: tuple[str, ...]) -> InfeasibleError:
    error = InfeasibleError(conflict)
    error.args = told
    return error


def solve(
    model: Program | pyo.ConcreteModel,
    *,
    solver: str | None = None,
    time_limit: float = 60.0,
    gap: float = 1e-6,
    prices: bool = True,
    goal: str = "objective",
    unit: str = "",
) -> Decision:
    """Solve a program or a Pyomo model.

    Parameters
    ----------
    model : Program or pyomo.ConcreteModel
        A Pyomo model gets the values found, too.
    solver : str, optional
        One of Pyomo's solvers, such as "ipopt", for models that are not linear; HiGHS where left out.
    time_limit : float
        Seconds.
    gap : float
        Relative gap at which a program with integers counts as solved.
    prices : bool
        Whether, with integers, binding rows are solved again with one unit more room, ten at most.
    goal, unit : str
        What the objective is, for sentences.

    Returns
    -------
    Decision
        With its `conflict` where nothing is feasible.

    Raises
    ------
    HexadError
        The model is not linear and no solver was named, or the solver is not installed.

    >>> rows = dict(rows=[[1, 1], [1, 3]], row_upper=[4, 6], row_names=["hours", "wood"])
    >>> decision = solve(Program.make(["chair", "table"], cost=[3, 5], maximise=True, **rows), goal="profit")
    >>> decision.objective, decision.binding[["limit", "price"]].to_dict("records")
    (14.0, [{'limit': 'hours', 'price': 2.0}, {'limit': 'wood', 'price': 1.0}])
    """
    if not time_limit > 0 or not 0 <= gap < 1:
        raise SettingsError(f"time_limit={time_limit!r}, gap={gap!r}: give seconds above 0, and a share below 1")
    if not isinstance(model, Program):
        if solver is not None and solver != "highs":
            return _solve_by_name(model, solver, time_limit, goal, unit)
        program = read_pyomo(model)
    elif solver not in {None, "highs"}:
        return _solve_by_name(model.to_pyomo(), str(solver), time_limit, goal, unit)
    else:
        program = model
    crossed = np.flatnonzero(program.lower > program.upper)
    if len(crossed):
        raise HexadError(f"bounds of {quote(program.names[place] for place in crossed)} cross; correct them")
    session = Session(program, time_limit=time_limit, gap=gap)
    answer = session.solve()
    values = pd.DataFrame(
        {"value": np.nan if answer.x is None else answer.x}, index=pd.Index(program.names, name="name")
    )
    if answer.status == "infeasible":
        conflict = None
        with contextlib.suppress(HexadError):  # that it is infeasible is known, if time should not do for the reason
            conflict = explain_infeasible(program, time_limit=time_limit)
        return Decision("infeasible", values, maximise=program.maximise, conflict=conflict, goal=goal, unit=unit)
    if answer.x is not None:
        for part, value in zip(program.pyomo_parts, answer.x, strict=False):
            part.set_value(round(float(value)) if not part.is_continuous() else float(value), skip_validation=True)
        values["why"] = _reasons(program, answer)
    binding = _binding(program, answer, session if prices else None)
    return Decision(
        answer.status,
        values,
        answer.objective,
        answer.bound,
        program.maximise,
        binding,
        goal=goal,
        unit=unit,
    )


def _binding(program: Program, answer: Solution, session: Session | None) -> pd.DataFrame:
    """Rows at a bound, dearest first."""
    if answer.x is None:
        return make_binding()
    held = program.matrix @ answer.x
    size = CLOSE * (1 + np.abs(held))
    found = []
    for row in np.flatnonzero((np.abs(held - program.row_lower) <= size) | (np.abs(held - program.row_upper) <= size)):
        low, high = program.row_lower[row], program.row_upper[row]
        if low == high:
            continue
        side = "least" if abs(held[row] - low) <= size[row] else "most"
        price = np.nan if answer.row_prices is None else abs(float(answer.row_prices[row]))
        found.append((row, program.row_names[row], side, float(low if side == "least" else high), price))
    if answer.row_prices is None and session is not None:
        found = [_price_again(program, answer, session, one) for one in found[:MOST_PRICED]] + found[MOST_PRICED:]
    return make_binding(sorted((one[1:] for one in found), key=lambda one: -one[3] if one[3] == one[3] else np.inf))


def _price_again(program: Program, answer: Solution, session: Session, one: tuple[Any, ...]) -> tuple[Any, ...]:
    """What one unit more room would bring, with integers: solved again."""
    row, name, side, at, _ = one
    low, high = float(program.row_lower[row]), float(program.row_upper[row])
    session.bound_row(row, low - 1 if side == "least" else low, high + 1 if side == "most" else high)
    if answer.x is not None:
        session.start(answer.x)
    again = session.solve()
    session.bound_row(row, low, high)
    price = abs(again.objective - answer.objective) if again.status == "optimal" else np.nan
    return row, name, side, at, price


def _reasons(program: Program, answer: Solution) -> list[str]:
    """Why each column stands where it is, as far as prices tell."""
    if answer.x is None or answer.column_prices is None:
        return [""] * program.n_columns
    told = []
    for x, low, high, price in zip(answer.x, program.lower, program.upper, answer.column_prices, strict=True):
        if abs(price) <= CLOSE or low == high:
            told.append("")
        elif abs(x - low) <= CLOSE:
            word = "lose" if program.maximise else "cost"
            told.append(f"at its least: one unit more would {word} {abs(price):.4g}")
        elif abs(x - high) <= CLOSE:
            word = "gain" if program.maximise else "save"
            told.append(f"at its most: one unit more would {word} {abs(price):.4g}")
        else:
            told.append("")
    return told


def read_pyomo(model: pyo.ConcreteModel) -> Program:
    """Read a linear Pyomo model as arrays: its active constraints and objective, its variables and their bounds.

    Parameters
    ----------
    model : pyomo.ConcreteModel

    Raises
    ------
    HexadError
        It is no model, not linear, or has other than one objective.

    >>> import pyomo.environ as pyo
    >>> model = pyo.ConcreteModel()
    >>> model.x = pyo.Var(bounds=(0, 4))
    >>> model.enough = pyo.Constraint(expr=2 * model.x >= 3)
    >>> model.cost = pyo.Objective(expr=model.x)
    >>> read_pyomo(model).row_names
    ('enough',)
    """
    require("pyomo", package="pyomo", extra="optimization")
    import pyomo.environ as pyo

    if not hasattr(model, "component_data_objects"):
        raise HexadError(f"a {type(model).__name__} is neither a Program nor a Pyomo model")
    reader = _Reader()
    for part in model.component_data_objects(pyo.Var, active=True, descend_into=True):
        if not part.fixed:
            reader.place(part)
    names: list[str] = []
    low: list[float] = []
    high: list[float] = []
    data: list[float] = []
    rows: list[int] = []
    columns: list[int] = []
    for part in model.component_data_objects(pyo.Constraint, active=True, descend_into=True):
        used, numbers, constant = reader.read_linear(part.body, f"constraint {part.name!r}")
        rows += [len(names)] * len(used)
        columns += used
        data += numbers
        names.append(part.name)
        low.append(-np.inf if part.lower is None else float(pyo.value(part.lower)) - constant)
        high.append(np.inf if part.upper is None else float(pyo.value(part.upper)) - constant)
    cost, constant, maximise = reader.read_objective(model)
    parts = reader.parts
    return Program.make(
        [part.name for part in parts],
        cost=cost,
        rows=sparse.csr_array((data, (rows, columns)), shape=(len(names), len(parts))),
        row_lower=low,
        row_upper=high,
        row_names=names,
        lower=[-np.inf if part.lb is None else float(part.lb) for part in parts],
        upper=[np.inf if part.ub is None else float(part.ub) for part in parts],
        whole=[not part.is_continuous() for part in parts],
        maximise=maximise,
        constant=constant,
    ).change(pyomo_parts=tuple(parts))


class _Reader:
    """Variables of a Pyomo model as they turn up, each with its place."""

    def __init__(self) -> None:
        self.places: dict[int, int] = {}
        self.parts: list[Any] = []

    def place(self, part: Any) -> int:
        if id(part) not in self.places:
            self.places[id(part)] = len(self.parts)
            self.parts.append(part)
        return self.places[id(part)]

    def read_linear(self, expression: Any, name: str) -> tuple[list[int], list[float], float]:
        """Places, coefficients and constant of a linear expression."""
        from pyomo.environ import value
        from pyomo.repn import generate_standard_repn

        found = generate_standard_repn(expression, quadratic=False)
        if found.nonlinear_expr is not None:
            raise HexadError(f"{name} is not linear; name a solver that takes it, as in solver='ipopt'")
        numbers = [float(value(one)) for one in found.linear_coefs]
        return [self.place(one) for one in found.linear_vars], numbers, float(value(found.constant))

    def read_objective(self, model: Any) -> tuple[Floats, float, bool]:
        """Costs, constant and sense; nothing to minimise where there is none."""
        import pyomo.environ as pyo

        objectives = list(model.component_data_objects(pyo.Objective, active=True, descend_into=True))
        if len(objectives) > 1:
            raise HexadError(f"there are {len(objectives)} active objectives: {quote(one.name for one in objectives)}")
        if not objectives:
            return np.zeros(len(self.parts)), 0.0, False
        used, numbers, constant = self.read_linear(objectives[0].expr, f"objective {objectives[0].name!r}")
        cost = np.zeros(len(self.parts))
        np.add.at(cost, used, numbers)
        return cost, constant, objectives[0].sense == pyo.maximize


def _solve_by_name(model: Any, solver: str, time_limit: float, goal: str, unit: str) -> Decision:
    """Solve by one of Pyomo's solvers; what it proves is taken from its own report."""
    require("pyomo", package="pyomo", extra="optimization")
    import pyomo.environ as pyo
    from pyomo.opt import TerminationCondition as Ended

    maker = pyo.SolverFactory(solver)
    if not maker.available(exception_flag=False):
        raise HexadError(
            f"Pyomo's solver {solver!r} is not installed here; HiGHS is what comes with hexad[optimization]"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = (
            {"timelimit": time_limit} if solver in {"glpk", "cbc", "cplex", "gurobi", "scip", "appsi_highs"} else {}
        )
        report = maker.solve(model, load_solutions=False, **options)
    ended = report.solver.termination_condition
    variables = list(model.component_data_objects(pyo.Var, active=True))
    objective = next(model.component_data_objects(pyo.Objective, active=True), None)
    maximise = objective is not None and objective.sense == pyo.maximize
    names = pd.Index([one.name for one in variables], name="name")
    if ended in {Ended.infeasible, Ended.infeasibleOrUnbounded, Ended.unbounded}:
        status = "unbounded" if ended == Ended.unbounded else "infeasible"
        return Decision(status, pd.DataFrame({"value": np.nan}, index=names), maximise=maximise, goal=goal, unit=unit)
    model.solutions.load_from(report)
    value = float(pyo.value(objective)) if objective is not None else 0.0
    bound = report.problem.upper_bound if maximise else report.problem.lower_bound
    bound = float(bound) if isinstance(bound, int | float) and np.isfinite(bound) else np.nan
    status = "optimal" if ended == Ended.optimal else "stopped by time"
    notes = () if np.isfinite(bound) else (f"optimal is what {solver} says; it gives no bound to check that by",)
    values = pd.DataFrame({"value": [float(pyo.value(one)) for one in variables]}, index=names)
    return Decision(status, values, value, bound, maximise, goal=goal, unit=unit, notes=notes)
