"""Sites within limits: 100 small cases of every goal beside Pyomo with HiGHS, clashes among them, and large ones."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.geodata.readings import Call, Work, alternate, find_middle, find_peer
from domains.geodata import SiteDecision, choose_sites
from shared.decision import InfeasibleError
from shared.typing import Bools, Floats

__all__ = ["measure"]

N_CASES = 100
# Goal, whether sites have room for so much, and whether a client may go to several.
KINDS = (
    ("median", False, False),
    ("median", True, False),
    ("median", True, True),
    ("cover", False, False),
    ("fewest", False, False),
    ("share", False, False),
)
TOLERANCE = 1e-6
CLASHING = 0.3  # of the sides of the square: nearer than that two sites may not be
# Clients, sites, and how many are opened.
LARGE = ((2000, 500, 50), (1000, 1000, 100))
INSTANCES = range(10)
LIMIT = 30.0  # seconds


class Case(NamedTuple):
    """What is asked in one case.

    Attributes
    ----------
    goal : str
    costs, pull : numpy.ndarray of shape (n_clients, n_sites)
    weights, rivals : numpy.ndarray of shape (n_clients,)
    n : int
        New sites.
    limit : float
    existing, forbidden : list of int
    capacity : numpy.ndarray of shape (n_sites,), optional
    split : bool
    clash : numpy.ndarray of bool, optional
    """

    goal: str
    costs: Floats
    pull: Floats
    weights: Floats
    rivals: Floats
    n: int
    limit: float
    existing: list[int]
    forbidden: list[int]
    capacity: Floats | None
    split: bool
    clash: Bools | None

    def asks(self, chosen: Iterable[int]) -> bool:
        """Whether a set may be: what exists is in it, and nothing that is forbidden or clashes.

        Parameters
        ----------
        chosen : iterable of int
        """
        listed = list(chosen)
        clashes = self.clash is not None and bool(self.clash[np.ix_(listed, listed)].any())
        return set(self.existing) <= set(listed) and not set(self.forbidden) & set(listed) and not clashes


def make_case(seed: int) -> Case:
    """Draw a case: every second one with whole costs, every third one with sites that clash.

    Parameters
    ----------
    seed : int
    """
    random = np.random.default_rng([seed, 7])
    goal, full, split = KINDS[seed % len(KINDS)]
    n_clients, n_sites = int(random.integers(8, 26)), int(random.integers(7, 12))
    clients, sites = random.random((n_clients, 2)), random.random((n_sites, 2))
    costs = np.linalg.norm(clients[:, None] - sites[None], axis=2) * 100
    costs = np.round(costs) if random.random() < 0.5 else costs
    between = np.linalg.norm(sites[:, None] - sites[None], axis=2)
    clash = np.asarray(between < CLASHING) if random.random() < 0.6 else None
    if clash is not None:
        np.fill_diagonal(clash, False)
    weights = random.integers(0, 20, n_clients).astype(float)
    weights[0] += 1.0
    order = random.permutation(n_sites).tolist()
    existing, forbidden = order[: random.integers(0, 3)], order[3 : 3 + random.integers(0, 4)]
    n = min(int(random.integers(1, 4)), n_sites - len(existing) - len(forbidden))
    capacity = None
    if full:
        # Some of them too tight for any set of sites.
        mean = random.uniform(0.75, 1.8) * weights.sum() / (len(existing) + n)
        capacity = np.round(mean * random.uniform(0.6, 1.4, n_sites))
    pull = random.uniform(5.0, 50.0, n_sites) / np.maximum(costs, 1.0) ** 2
    rivals = random.uniform(0.0, 0.2, n_clients)
    limit = float(random.uniform(20.0, 45.0))
    return Case(goal, costs, pull, weights, rivals, n, limit, existing, forbidden, capacity, split, clash)


def solve_ours(case: Case) -> float:
    """The objective; NaN where no set is allowed, and an error where what is told of the set does not hold.

    Parameters
    ----------
    case : Case
    """
    more: dict[str, Any] = {}
    if case.goal == "share":
        more = {"pull": case.pull, "rivals": case.rivals}
    if case.goal in {"cover", "fewest"}:
        more = {"limit": case.limit}
    try:
        found = choose_sites(
            case.costs,
            None if case.goal == "fewest" else case.n,
            weights=case.weights,
            goal=case.goal,
            existing=case.existing,
            forbidden=case.forbidden,
            capacity=case.capacity,
            split=case.split,
            clash=case.clash,
            **more,
        )
    except InfeasibleError:
        return float("nan")
    return found.objective if _holds(case, found) else float("-inf")


def _holds(case: Case, found: SiteDecision) -> bool:
    """Whether a decision keeps to what was asked, and its numbers to one another."""
    chosen = [int(str(site)) for site in found.values.index]
    count = case.goal == "fewest" or len(found.sites) == case.n
    comes, cost = found.values["value"].to_numpy(), found.values["cost"].fillna(0.0).to_numpy()
    room = case.capacity is None or bool((comes <= case.capacity[chosen] + TOLERANCE).all())
    told = {"median": comes @ cost, "share": comes.sum()}.get(case.goal, found.objective)
    sums = bool(np.isclose(told, found.objective))
    return found.status == "optimal" and count and room and sums and case.asks(chosen)


def solve_pyomo(case: Case) -> float:
    """The same as a model of Pyomo's; where its goal is no linear one, all sets are tried.

    Parameters
    ----------
    case : Case
    """
    if case.goal == "share":
        return _try_all(case)
    import pyomo.environ as pyo

    model = _make_sites(case)
    if case.goal == "median":
        _add_assignment(model, case)
    else:
        _add_cover(model, case)
    solver = pyo.SolverFactory("appsi_highs")
    solver.options["mip_rel_gap"] = 0.0
    found = solver.solve(model, load_solutions=False)
    if found.solver.termination_condition != pyo.TerminationCondition.optimal:
        return float("nan")
    return float(found.problem.upper_bound if case.goal != "cover" else found.problem.lower_bound)


def _make_sites(case: Case) -> Any:
    import pyomo.environ as pyo

    n_sites = case.costs.shape[1]
    model: Any = pyo.ConcreteModel()
    model.open = pyo.Var(range(n_sites), domain=pyo.Binary)
    for places, value in ((case.existing, 1), (case.forbidden, 0)):
        for j in places:
            model.open[j].fix(value)
    if case.goal != "fewest":
        model.count = pyo.Constraint(expr=sum(model.open[j] for j in range(n_sites)) == case.n + len(case.existing))
    model.apart = pyo.ConstraintList()
    for one, other in itertools.combinations(range(n_sites), 2):
        if case.clash is not None and case.clash[one, other]:
            model.apart.add(model.open[one] + model.open[other] <= 1)
    return model


def _add_assignment(model: Any, case: Case) -> None:
    import pyomo.environ as pyo

    clients, sites = (range(n) for n in case.costs.shape)
    model.goes = pyo.Var(clients, sites, domain=pyo.NonNegativeReals if case.split else pyo.Binary)
    worth = case.costs * case.weights[:, None]
    model.cost = pyo.Objective(expr=sum(float(worth[i, j]) * model.goes[i, j] for i in clients for j in sites))
    model.served = pyo.Constraint(clients, rule=lambda m, i: sum(m.goes[i, j] for j in sites) == 1)
    model.linked = pyo.Constraint(clients, sites, rule=lambda m, i, j: m.goes[i, j] <= m.open[j])
    if case.capacity is not None:
        room = case.capacity
        model.room = pyo.Constraint(
            sites,
            rule=lambda m, j: sum(float(case.weights[i]) * m.goes[i, j] for i in clients) <= float(room[j]) * m.open[j],
        )


def _add_cover(model: Any, case: Case) -> None:
    import pyomo.environ as pyo

    clients, sites = (range(n) for n in case.costs.shape)
    near = np.asarray(case.costs <= case.limit)
    covering = [sum(model.open[j] for j in sites if near[i, j]) for i in clients]
    if case.goal == "fewest":
        # Clients whom no site that may open covers are told, and ask for nothing.
        able = np.asarray(np.delete(near, case.forbidden, axis=1).any(axis=1))
        model.covered = pyo.ConstraintList()
        for i in clients:
            if able[i]:
                model.covered.add(covering[i] >= 1)
        model.cost = pyo.Objective(expr=sum(model.open[j] for j in sites))
        return
    model.got = pyo.Var(clients, bounds=(0, 1))
    model.linked = pyo.Constraint(clients, rule=lambda m, i: m.got[i] <= covering[i])
    weighted = sum(float(case.weights[i]) * model.got[i] for i in clients)
    model.cost = pyo.Objective(expr=weighted, sense=pyo.maximize)


def _try_all(case: Case) -> float:
    best = float("nan")
    for chosen in itertools.combinations(range(case.costs.shape[1]), case.n + len(case.existing)):
        if case.asks(chosen):
            own = case.pull[:, list(chosen)].sum(axis=1)
            won = float(case.weights @ (own / (own + case.rivals)))
            best = won if np.isnan(best) else max(best, won)
    return best


def solve_large(seed: int, n_clients: int, n_sites: int, p: int) -> Work:
    """Medians in a square, whose clients weigh 1 to 100.

    Parameters
    ----------
    seed, n_clients, n_sites, p : int
    """
    import highspy  # noqa: F401  # loaded before the clock

    from domains.geodata.sites.medians import MedianAnswer, MedianProblem

    random = np.random.default_rng(seed)
    clients, sites = random.random((n_clients, 2)), random.random((n_sites, 2))
    costs = np.round(np.linalg.norm(clients[:, None] - sites[None], axis=2) * 10_000)
    costs *= random.integers(1, 101, n_clients)[:, None]
    MedianProblem(np.random.default_rng(0).random((20, 20)), 3).solve()

    def tell(found: MedianAnswer) -> dict[str, Any]:
        return {"proven": found.proven, "gap": (found.cost - found.bound) / found.cost}

    return Work(lambda: MedianProblem(costs, p).solve(LIMIT), tell)


def measure(data: Path, peers: bool) -> dict[str, float]:
    """Answers that differ, and how much is proved of large cases.

    Parameters
    ----------
    data : path
        Not used: the cases are drawn.
    peers : bool
    """
    del data
    found: dict[str, float] = {}
    if find_peer("pyomo", peers):
        logging.getLogger("pyomo").setLevel(logging.ERROR)
        found = _compare_small()
    for n_clients, n_sites, p in LARGE:
        calls = {str(seed): Call(__name__, "solve_large", (seed, n_clients, n_sites, p)) for seed in INSTANCES}
        readings = [some[0] for some in alternate(calls, 1).values()]
        proved = sum(one.answer["proven"] for one in readings)
        gaps = [one.answer["gap"] for one in readings]
        print(
            f"  {n_clients:,} clients, {p} of {n_sites:,} sites: {proved} of {len(readings)} proved within {LIMIT:g} s"
            f" on the clock, {find_middle(readings):.1f} s of CPU in the median, gaps of {max(gaps):.2e} at most",
            flush=True,
        )
        found |= {f"sites_{n_clients}_proved": proved / len(readings), f"sites_{n_clients}_gap_max": max(gaps)}
    return found


def _compare_small() -> dict[str, float]:
    wrong, nowhere = 0, 0
    for seed in range(N_CASES):
        case = make_case(seed)
        ours, theirs = solve_ours(case), solve_pyomo(case)
        nowhere += int(np.isnan(theirs))
        if not np.isclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            wrong += 1
            print(f"  case {seed}, {case.goal}: {ours:,.3f} here, {theirs:,.3f} by Pyomo")
    print(f"  {N_CASES} cases, {nowhere} of them impossible, {wrong} wrong")
    return {"sites_wrong": wrong, "sites_checked": N_CASES, "sites_impossible": nowhere}
