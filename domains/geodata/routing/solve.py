"""The engines that plan routes: our own search, and PyVRP's; both stop by iterations and are seeded."""

from __future__ import annotations

import numpy as np

from domains.geodata.routing.problem import RoutingProblem
from shared.errors import HexadError, require
from shared.typing import Floats, Ints

__all__ = ["solve_by_pyvrp", "solve_by_search"]

STEPS_A_STOP, LEAST_STEPS = 2000, 20_000
PYVRP_STEPS = 5000
# Temperatures, as shares of the mean cost of a leg: at first a leg twice as long is taken, at last a hundredth more.
HOT, COLD = 1.0, 0.01
# A customer left unserved costs as much as so many of the dearest legs.
UNSERVED = 100.0
# PyVRP counts in whole numbers: hundredths of a second, thousandths of a load, and so many parts of the dearest leg.
SCALE, LOADS, COST = 6000.0, 1000.0, 10_000
FAR = 10**9  # what a leg takes that no street joins: longer than any day
# Dearest legs, and vehicles, that it costs to leave out a customer who can be served: much more than a detour, and less
# than what PyVRP takes for a vehicle that carries too much, or else it finds nothing where not all can be served.
PRIZE = 1000
EXACT = 6  # decimals of such a number that are more than noise


def solve_by_search(problem: RoutingProblem, able: Ints, iterations: int | None, random_state: int) -> list[list[int]]:
    """Plan by slack induction by string removals.

    Parameters
    ----------
    problem : RoutingProblem
    able : numpy.ndarray of int
        Customers that can be served.
    iterations : int, optional
    random_state : int

    >>> legs = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 1.0], [2.0, 1.0, 0.0]])
    >>> none, day, one = np.zeros(2), np.full(2, 99.0), np.zeros(1)
    >>> vehicle = (np.array([2]), np.array([9.0]), one, np.array([99.0]), one)
    >>> problem = RoutingProblem(legs, legs, none, none, day, none, *vehicle)
    >>> sorted(solve_by_search(problem, np.array([0, 1]), 50, 0)[0])
    [0, 1]
    """
    from domains.geodata.routing.kernels import anneal

    n, all_places = len(able), len(problem.travel)
    places = np.concatenate([able, np.arange(len(problem.load), all_places)])
    cost, travel = _pick(problem.cost, places), _pick(problem.travel, places)
    between = cost[:n, :n]
    mean = float(between[np.isfinite(between) & (between > 0)].mean()) if (between > 0).any() else 1.0
    dearest = float(cost[np.isfinite(cost)].max(initial=1.0)) + float(problem.fixed.max(initial=0.0))
    near = np.argsort(np.minimum(between, between.T), axis=1, kind="stable")
    routes, sizes, _ = anneal(
        cost,
        travel,
        problem.load[able],
        problem.early[able],
        problem.late[able],
        problem.service[able],
        np.full(n, UNSERVED * dearest),
        problem.depots - len(problem.load) + n,
        problem.capacity,
        problem.opens,
        problem.closes,
        problem.fixed,
        np.ascontiguousarray(near),
        iterations or max(STEPS_A_STOP * n, LEAST_STEPS),
        HOT * mean,
        COLD * mean,
        random_state % 2**32,
    )
    return [able[route[:size]].tolist() for route, size in zip(routes, sizes, strict=True)]


def _pick(values: Floats, places: Ints) -> Floats:
    return np.ascontiguousarray(values[np.ix_(places, places)])


def solve_by_pyvrp(problem: RoutingProblem, able: Ints, iterations: int | None, random_state: int) -> list[list[int]]:
    """Plan by PyVRP's search.

    Parameters
    ----------
    problem : RoutingProblem
    able : numpy.ndarray of int
    iterations : int, optional
    random_state : int

    Raises
    ------
    MissingExtraError, HexadError

    >>> solve_by_pyvrp.__name__  # the package may not be there
    'solve_by_pyvrp'
    """
    require("pyvrp", package="pyvrp", extra="routing")
    import pyvrp
    from pyvrp.stop import MaxIterations

    model = pyvrp.Model()
    everything = [*able.tolist(), *sorted(set(problem.depots.tolist()))]
    where = {place: model.add_location(0, 0, name=str(place)) for place in everything}
    homes = {place: model.add_depot(where[place]) for place in sorted(set(problem.depots.tolist()))}
    known = problem.cost[np.ix_(everything, everything)]
    dearest, vehicle_cost = float(known[np.isfinite(known)].max(initial=0.0)), float(problem.fixed.max(initial=0.0))
    unit = COST / max(dearest, vehicle_cost / COST, 1e-300)
    prize = PRIZE * round(COST + vehicle_cost * unit)
    # Loads and times are rounded against us: what PyVRP finds then holds in ours, too.
    for place in able.tolist():
        model.add_client(
            where[place],
            delivery=_up(problem.load[place] * LOADS),
            service_duration=_up(problem.service[place] * SCALE),
            tw_early=_up(problem.early[place] * SCALE),
            tw_late=_down(problem.late[place] * SCALE),
            prize=prize,
            required=False,
        )
    for vehicle, depot in enumerate(problem.depots.tolist()):
        room = problem.capacity[vehicle]
        model.add_vehicle_type(
            capacity=_down(min(room, problem.load.sum() + 1.0) * LOADS),
            start_depot=homes[depot],
            end_depot=homes[depot],
            fixed_cost=round(problem.fixed[vehicle] * unit),
            tw_early=_up(problem.opens[vehicle] * SCALE),
            tw_late=_down(problem.closes[vehicle] * SCALE),
            name=str(vehicle),
        )
    for one in everything:
        for other in everything:
            if one != other:
                cost, long = problem.cost[one, other], problem.travel[one, other]
                joined = bool(np.isfinite(cost) and np.isfinite(long))
                model.add_edge(
                    where[one],
                    where[other],
                    distance=round(cost * unit) if joined else COST,
                    duration=_up(long * SCALE) if joined else FAR,
                )
    found = model.solve(MaxIterations(iterations or PYVRP_STEPS), seed=random_state % 2**32, display=False)
    if not found.best.is_feasible():
        steps = iterations or PYVRP_STEPS
        raise HexadError(f'PyVRP found no plan that holds in {steps:,} iterations; give more, or take engine="search"')
    routes: list[list[int]] = [[] for _ in problem.depots]
    for route in found.best.routes():
        stops = [int(able[visit.idx]) for visit in route if visit.is_client()]
        routes[route.vehicle_type()] = stops
    return routes


def _up(value: float) -> int:
    return int(np.ceil(round(value, EXACT)))


def _down(value: float) -> int:
    return int(np.floor(round(value, EXACT)))
