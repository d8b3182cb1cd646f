"""Sites that exist, sites that may not be, and sites that are full: 100 small cases beside Pyomo with HiGHS."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.geodata.readings import find_peer
from domains.geodata import choose_sites
from shared.decision import InfeasibleError
from shared.typing import Floats

__all__ = ["measure"]

N_CASES = 100
TOLERANCE = 1e-6


class Case(NamedTuple):
    """What is asked in one case.

    Attributes
    ----------
    costs : numpy.ndarray of shape (n_clients, n_sites)
    weights : numpy.ndarray of shape (n_clients,)
    n : int
        New sites.
    existing, forbidden : list of int
    capacity : numpy.ndarray of shape (n_sites,), optional
    split : bool
    """

    costs: Floats
    weights: Floats
    n: int
    existing: list[int]
    forbidden: list[int]
    capacity: Floats | None
    split: bool


def make_case(seed: int) -> Case:
    """A third of the cases without capacities, a third with, a third with clients that may go to several sites.

    Parameters
    ----------
    seed : int
    """
    random = np.random.default_rng(seed)
    n_clients, n_sites = int(random.integers(8, 25)), int(random.integers(6, 11))
    clients, sites = random.random((n_clients, 2)), random.random((n_sites, 2))
    costs = np.round(np.linalg.norm(clients[:, None] - sites[None], axis=2) * 1000)
    weights = random.integers(1, 20, n_clients).astype(float)
    order = random.permutation(n_sites).tolist()
    existing, forbidden = order[: random.integers(0, 3)], order[3 : 3 + random.integers(0, 3)]
    n = int(random.integers(1, 4))
    capacity = None
    if seed % 3:
        # Some of them too tight for any set of sites.
        mean = random.uniform(0.75, 1.8) * weights.sum() / (len(existing) + n)
        capacity = np.round(mean * random.uniform(0.7, 1.3, n_sites))
    return Case(costs, weights, n, existing, forbidden, capacity, seed % 3 == 2)


def solve_ours(case: Case) -> float:
    """Total cost; infinite where no set is allowed.

    Parameters
    ----------
    case : Case
    """
    try:
        found = choose_sites(
            case.costs,
            case.n,
            weights=case.weights,
            existing=case.existing,
            forbidden=case.forbidden,
            capacity=case.capacity,
            split=case.split and case.capacity is not None,
        )
    except InfeasibleError:
        return float("inf")
    if found.status != "optimal":
        raise SystemExit(f"a case of {case.costs.shape} is not proved")
    return found.objective


def solve_pyomo(case: Case) -> float:
    """The same as a model of Pyomo's.

    Parameters
    ----------
    case : Case
    """
    import pyomo.environ as pyo

    n_clients, n_sites = case.costs.shape
    model: Any = pyo.ConcreteModel()
    model.open = pyo.Var(range(n_sites), domain=pyo.Binary)
    part = pyo.NonNegativeReals if case.split else pyo.Binary
    model.goes = pyo.Var(range(n_clients), range(n_sites), domain=part)
    model.cost = pyo.Objective(
        expr=sum(
            case.costs[i, j] * case.weights[i] * model.goes[i, j] for i in range(n_clients) for j in range(n_sites)
        )
    )
    model.served = pyo.Constraint(range(n_clients), rule=lambda m, i: sum(m.goes[i, j] for j in range(n_sites)) == 1)
    model.linked = pyo.Constraint(range(n_clients), range(n_sites), rule=lambda m, i, j: m.goes[i, j] <= m.open[j])
    model.count = pyo.Constraint(expr=sum(model.open[j] for j in range(n_sites)) == case.n + len(case.existing))
    for places, value in ((case.existing, 1), (case.forbidden, 0)):
        for j in places:
            model.open[j].fix(value)
    if case.capacity is not None:
        room = case.capacity
        model.room = pyo.Constraint(
            range(n_sites),
            rule=lambda m, j: (
                sum(case.weights[i] * m.goes[i, j] for i in range(n_clients)) <= float(room[j]) * m.open[j]
            ),
        )
    solver = pyo.SolverFactory("appsi_highs")
    solver.options["mip_rel_gap"] = 0.0
    found = solver.solve(model, load_solutions=False)
    if found.solver.termination_condition != pyo.TerminationCondition.optimal:
        return float("inf")
    return float(found.problem.upper_bound)


def measure(data: Path, peers: bool) -> dict[str, float]:
    """How many answers differ.

    Parameters
    ----------
    data : path
        Not used: the cases are drawn.
    peers : bool
    """
    del data
    if not find_peer("pyomo", peers):
        return {}
    logging.getLogger("pyomo").setLevel(logging.ERROR)
    differ, nowhere = [], 0
    for seed in range(N_CASES):
        case = make_case(seed)
        ours, theirs = solve_ours(case), solve_pyomo(case)
        nowhere += int(np.isinf(theirs))
        if ours != theirs and not abs(ours - theirs) <= TOLERANCE * abs(theirs):
            differ.append(seed)
            print(f"  case {seed}: {ours:,.3f} here, {theirs:,.3f} by Pyomo")
    print(f"  {N_CASES} cases, {nowhere} of them impossible, {len(differ)} differ")
    return {"limits_differ": len(differ), "limits_impossible": nowhere}
