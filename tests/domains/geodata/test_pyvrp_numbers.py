"""Loads, windows and legs that are no whole numbers, given to PyVRP: its plans hold, and none is refused for a rounding."""

import itertools

import numpy as np
import pytest

from domains.geodata.routing.check import check_plan
from domains.geodata.routing.problem import RoutingProblem
from domains.geodata.routing.solve import solve_by_pyvrp

pytest.importorskip("pyvrp")


def ask(
    *, load=(1.0, 1.0, 1.0), early=0.0, late=1440.0, leg=1.0, cost=None, capacity=np.inf, fixed=0.0, vehicles=2, seed=0
):
    """Three customers and a depot, all a leg apart; the problem, and who goes where."""
    travel = np.full((4, 4), leg) * (1 - np.eye(4))
    each = np.ones(vehicles)
    problem = RoutingProblem(
        travel,
        travel if cost is None else np.asarray(cost, dtype=float),
        np.array(load, dtype=float),
        np.broadcast_to(np.array(early, dtype=float), 3).copy(),
        np.broadcast_to(np.array(late, dtype=float), 3).copy(),
        np.zeros(3),
        np.full(vehicles, 3),
        capacity * each,
        0.0 * each,
        1440.0 * each,
        fixed * each,
        [f"van {number}" for number in range(vehicles)],
    )
    return problem, solve_by_pyvrp(problem, np.arange(3), 200, seed)


def count(routes):
    return sorted(len(route) for route in routes)


def test_loads_are_not_rounded_down():
    problem, routes = ask(load=(0.3334, 0.3334, 0.3334), capacity=1.0)
    assert not check_plan(problem, routes)
    assert count(routes) == [1, 2]


def test_loads_that_just_fit_do():
    assert count(ask(load=(0.1, 0.2, 0.3), capacity=0.6)[1]) == [0, 3]


@pytest.mark.parametrize("vehicles", [1, 2])
def test_a_fleet_too_small_serves_as_many_as_it_can(vehicles):
    problem, routes = ask(load=(2.0, 2.0, 3.0), capacity=3.0, vehicles=vehicles)
    assert not check_plan(problem, routes)
    assert count(routes) == [1] * vehicles


def test_hours_too_short_for_all_serve_as_many_as_can_be():
    problem, routes = ask(early=(510.0, 510.0, 510.0), late=(511.0, 511.0, 511.0), leg=30.0, vehicles=2)
    assert not check_plan(problem, routes)
    assert count(routes) == [1, 1]


def test_vehicles_without_a_capacity_carry_anything():
    assert count(ask(load=(2e9, 2e9, 2e9))[1]) == [0, 3]


def test_windows_of_a_moment():
    moments = np.array([510.0 + 20 / 60, 511.005, 530.0 + 1 / 60])
    problem, routes = ask(early=moments, late=moments, leg=0.5)
    assert not check_plan(problem, routes)
    assert sum(map(len, routes)) == 3


def test_the_longest_legs_differ():
    # 200 km or 400 km: the far customer has to be the first or the last.
    cost = np.full((4, 4), 200_000.0)
    cost[0, 1] = cost[1, 0] = 400_000.0
    cost[0, 2] = cost[2, 0] = 400_000.0
    cost[1, 3] = cost[3, 1] = 300_000.0
    np.fill_diagonal(cost, 0.0)
    _, routes = ask(cost=cost, vehicles=1)

    def measure(route):
        return sum(cost[one, other] for one, other in itertools.pairwise([3, *route, 3]))

    assert measure(routes[0]) == min(map(measure, itertools.permutations(range(3))))


def test_dear_vehicles_leave_nobody_out():
    assert count(ask(fixed=1e9, leg=0.01)[1]) == [0, 3]


def test_any_seed():
    assert sum(map(len, ask(seed=2**40)[1])) == 3
