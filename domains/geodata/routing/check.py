"""A plan of routes checked anew, in plain steps that share nothing with the search."""

from __future__ import annotations

from collections.abc import Sequence

from domains.geodata.routing.problem import RoutingProblem

__all__ = ["check_plan"]


def check_plan(problem: RoutingProblem, routes: Sequence[Sequence[int]]) -> str:
    """Check a plan anew, in plain steps; the first thing that does not hold, or nothing.

    Parameters
    ----------
    problem : RoutingProblem
    routes : sequence of sequence of int
        Of each vehicle the customers in order.

    >>> import numpy as np
    >>> legs, none, day, one = np.ones((3, 3)), np.zeros(2), np.full(2, 99.0), np.zeros(1)
    >>> vehicle = (np.array([2]), np.array([9.0]), one, np.array([2.5]), one, ["van"])
    >>> check_plan(RoutingProblem(legs, legs, none, none, day, none, *vehicle), [[0, 1]])
    'van is back after the end of its day'
    """
    seen: set[int] = set()
    for vehicle, route in enumerate(routes):
        if not route:
            continue
        now, here = problem.opens[vehicle], int(problem.depots[vehicle])
        if sum(problem.load[stop] for stop in route) > problem.capacity[vehicle] + 1e-6:
            return f"{problem.names[vehicle]} carries more than it can"
        for stop in route:
            if stop in seen:
                return f"stop {stop} is served twice"
            seen.add(stop)
            now = max(now + problem.travel[here, stop], problem.early[stop])
            if now > problem.late[stop] + 1e-6:
                return f"{problem.names[vehicle]} comes to stop {stop} after its window"
            now += problem.service[stop]
            here = stop
        if now + problem.travel[here, problem.depots[vehicle]] > problem.closes[vehicle] + 1e-6:
            return f"{problem.names[vehicle]} is back after the end of its day"
    return ""
