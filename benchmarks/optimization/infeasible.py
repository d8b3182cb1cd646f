"""A hundred wish lists that cannot be met, each answer checked by Pyomo programs of their own."""

from __future__ import annotations

from time import process_time
from typing import Any

import numpy as np
import pandas as pd
import pyomo.environ as pyo

from domains.optimization.portfolio.mandate import Mandate
from shared.decision import Conflict, Limit, Limits, Program, explain_infeasible, read_pyomo
from shared.errors import DataError

__all__ = ["conflicts"]

COUNT = 100
CLOSE = 1e-6


def conflicts() -> dict[str, float]:
    """Sets that are irreducible, relaxations that are least, and the slowest answer."""
    sets, relaxations, slowest, seeds = 0, 0, 0.0, 0
    for seed in range(COUNT):
        program = _make(seed)
        began = process_time()
        conflict = explain_infeasible(program, time_limit=2.0)
        slowest = max(slowest, process_time() - began)
        assert conflict is not None, f"seed {seed} is feasible"
        seeds += 1
        sets += _check_set(program, conflict)
        relaxations += _check_relaxation(program, conflict)
    return {"conflicts": seeds, "iis_right": sets, "relax_right": relaxations, "conflict_seconds": slowest}


def _make(seed: int) -> Program:
    """A portfolio, a budget, or a plain Pyomo model, every third with integers, that has no feasible point."""
    for turn in range(1000):
        random = np.random.default_rng((seed, turn))
        kind = ("portfolio", "budget", "pyomo")[seed % 3]
        whole = (seed // 3) % 3 == 0
        try:
            program = {"portfolio": _portfolio, "budget": _budget, "pyomo": _plain}[kind](random, whole)
        except DataError:
            continue
        if not _is_feasible(program, None):
            return program
    raise RuntimeError(f"no infeasible program for seed {seed}")


def _portfolio(random: np.random.Generator, whole: bool) -> Program:
    n = int(random.integers(8, 25))
    names = [f"asset {i}" for i in range(n)]
    groups = pd.DataFrame(
        {"sector": random.choice(list("ABC"), n), "country": random.choice(list("xyz"), n)}, index=names
    )
    limits = [Limit(f"sector {g}", f"sector = {g}", *sorted(random.uniform(0.1, 0.9, 2))) for g in "ABC"]
    limits += [Limit(f"country {g}", f"country = {g}", most=random.uniform(0.1, 0.6)) for g in "xyz"]
    limits += [Limit(f"floor {i}", names[i], least=random.uniform(0.05, 0.3)) for i in random.choice(n, 3, False)]
    limits.append(Limit("cap", "every asset", most=random.uniform(0.05, 0.3)))
    if whole:
        limits.append(Limit("number", "number of assets", most=int(random.integers(2, 8))))
        limits.append(Limit("least held", "every held asset", least=random.uniform(0.02, 0.2)))
    return Mandate.read(names, Limits(limits), groups).to_program()


def _budget(random: np.random.Generator, whole: bool) -> Program:
    n = int(random.integers(5, 15))
    rows, low, high, names = [np.ones(n)], [100.0], [100.0], ["total"]
    for i in range(n):
        unit = np.zeros(n)
        unit[i] = 1
        rows.append(unit)
        least = random.uniform(0, 25)
        low.append(least)
        high.append(least + random.uniform(0, 20))
        names.append(f"channel {i}")
    for g in range(3):
        rows.append((random.random(n) < 0.4).astype(float))
        low.append(random.uniform(0, 60))
        high.append(low[-1] + random.uniform(0, 40))
        names.append(f"group {g}")
    return Program.make(
        [f"channel {i}" for i in range(n)], cost=np.zeros(n), rows=np.array(rows), row_lower=low, row_upper=high,
        row_names=names, upper=100.0, whole=whole, hard=[True] + [False] * (n + 3),
    )  # fmt: skip


def _plain(random: np.random.Generator, whole: bool) -> Program:
    model = pyo.ConcreteModel()
    n, m = int(random.integers(4, 12)), int(random.integers(6, 25))
    model.x = pyo.Var(range(n), bounds=(0, 10), domain=pyo.Integers if whole else pyo.Reals)
    model.rules = pyo.ConstraintList()
    for _ in range(m):
        a = np.where(random.random(n) < 0.5, random.integers(-5, 6, n), 0)
        if not a.any():
            a[0] = 1
        side = float(random.integers(-20, 40))
        body = sum(float(c) * model.x[i] for i, c in enumerate(a) if c)
        model.rules.add(body >= side if random.random() < 0.6 else body <= side)
    model.goal = pyo.Objective(expr=sum(model.x[i] for i in range(n)))
    return read_pyomo(model)


def _rebuild(program: Program, kept: set[tuple[str, str]] | None, elastic: bool) -> Any:
    """A Pyomo model with what is hard, and the named sides; with elastic sides where asked for."""
    model = pyo.ConcreteModel()
    n = program.n_columns
    model.x = pyo.Var(range(n))
    for j in range(n):
        model.x[j].setlb(None if np.isneginf(program.lower[j]) else float(program.lower[j]))
        model.x[j].setub(None if np.isposinf(program.upper[j]) else float(program.upper[j]))
        if program.whole[j]:
            model.x[j].domain = pyo.Integers
    model.rules = pyo.ConstraintList()
    model.give = pyo.Var(pyo.Any, dense=False, within=pyo.NonNegativeReals)
    table = program.matrix.toarray()
    gives: dict[tuple[str, str, str], Any] = {}
    for row in range(program.n_rows):
        body = sum((float(table[row, j]) * model.x[j] for j in np.flatnonzero(table[row])), 0.0 * model.x[0])
        for side, value in _sides(program, row):
            key = (program.limits[row], side)
            if not program.hard[row] and kept is not None and key not in kept:
                continue
            up = down = 0.0
            if elastic and not program.hard[row]:
                up = gives.setdefault((*key, "up"), model.give[f"{key} up"])
                down = gives.setdefault((*key, "down"), model.give[f"{key} down"])
            if side != "most":
                model.rules.add(body + up >= value)
            if side != "least":
                model.rules.add(body - down <= value)
    model.goal = pyo.Objective(expr=sum(gives.values()) if gives else 0.0 * model.x[0])
    return model


def _sides(program: Program, row: int) -> list[tuple[str, float]]:
    low, high = float(program.row_lower[row]), float(program.row_upper[row])
    if low == high:
        return [("exactly", low)]
    return [(side, value) for side, value in (("least", low), ("most", high)) if np.isfinite(value)]


def _solve(model: Any) -> tuple[bool, float]:
    from pyomo.contrib.appsi.base import TerminationCondition
    from pyomo.contrib.appsi.solvers import Highs

    solver = Highs()
    solver.config.load_solution = False
    solver.highs_options = {
        "presolve": "off",
        "threads": 1,
        "primal_feasibility_tolerance": 1e-9,
        "mip_abs_gap": 1e-9,
        "mip_rel_gap": 1e-9,
    }
    found = solver.solve(model)
    fine = found.termination_condition == TerminationCondition.optimal
    return fine, float(found.best_feasible_objective) if fine else np.inf


def _is_feasible(program: Program, kept: set[tuple[str, str]] | None) -> bool:
    return _solve(_rebuild(program, kept, False))[0]


def _check_set(program: Program, conflict: Conflict) -> bool:
    members = set(zip(conflict.clash["limit"], conflict.clash["side"], strict=True))
    if not members or _is_feasible(program, members):
        return False
    return all(_is_feasible(program, members - {one}) for one in members)


def _check_relaxation(program: Program, conflict: Conflict) -> bool:
    """The limits as they are after giving are feasible, and no smaller total is enough."""
    fine, total = _solve(_rebuild(program, None, True))
    if not fine or abs(total - conflict.total) > CLOSE:
        return False
    low, high = program.row_lower.copy(), program.row_upper.copy()
    limits = np.array(program.limits)
    for one in conflict.relaxation.to_dict("records"):
        rows = (limits == one["limit"]) & ~program.hard
        change = float(one["to"]) - float(one["at"])
        if one["side"] in {"least", "exactly"}:
            low[rows] += change - 1e-7
        if one["side"] in {"most", "exactly"}:
            high[rows] += change + 1e-7
    return _is_feasible(program.change(row_lower=low, row_upper=high), None)
