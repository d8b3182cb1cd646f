"""Rules of thumb that a plan is compared with: what a dispatcher does by hand, under the same limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .day import Day

__all__ = ["Rule", "try_rules"]

Rounds = list[list[int]]


@dataclass(frozen=True)
class Rule:
    """What a rule of thumb makes of the day, with as many vehicles as it needs.

    Attributes
    ----------
    name : str
    vehicles : int
    cost : float
        What is kept least: minutes of driving or km.
    rounds : tuple of (int, list of int)
        Depot and stops of each vehicle.

    >>> Rule("nearest next", 3, 50.0).vehicles
    3
    """

    name: str
    vehicles: int
    cost: float
    rounds: tuple[tuple[int, list[int]], ...] = ()


def try_rules(day: Day, fixed: float = 0.0) -> list[Rule]:
    """Plan the stops that can be served by each rule; the best first: fewest vehicles, then least driving.

    Stops belong to the depot that is nearest to each; windows, loads and the working day are kept.

    Parameters
    ----------
    day : Day
    fixed : float
        What the use of a vehicle counts.

    >>> from domains.geodata import make_grid_town
    >>> from .day import make_day
    >>> from .settings import DeliverySettings
    >>> spots = make_grid_town(3, 3, spacing=100.0).nodes_to_frame()[["lon", "lat"]]
    >>> depots = spots.iloc[[0]].assign(depot="home", vehicles=1)
    >>> day = make_day(make_grid_town(3, 3, spacing=100.0), spots.iloc[[1, 2]], "stops", depots, DeliverySettings())
    >>> [(rule.vehicles, round(rule.cost)) for rule in try_rules(day)]
    [(1, 5), (1, 5), (1, 5), (1, 5)]
    """
    n = len(day)
    there = day.cost[n:, :n] + day.cost[:n, n:].T
    able = np.flatnonzero(~day.hopeless)
    alone = np.array([[day.fits(depot, [stop]) for stop in range(n)] for depot in range(len(day.depots))], dtype=bool)
    nearest = np.where(alone, there, np.inf).argmin(axis=0)
    rules: dict[str, Callable[[Day, int, list[int]], Rounds]] = {
        "nearest next": lambda day, depot, stops: _go_next(day, depot, stops, soonest=False),
        "soonest next": lambda day, depot, stops: _go_next(day, depot, stops, soonest=True),
        "by direction": _sweep,
        "savings": _save,
    }
    found = []
    for name, rule in rules.items():
        rounds = [
            (depot, one)
            for depot in range(len(day.depots))
            for one in rule(day, depot, [int(stop) for stop in able if nearest[stop] == depot])
        ]
        driven = sum(day.measure(depot, one) for depot, one in rounds)
        found.append(Rule(name, len(rounds), driven + fixed * len(rounds), tuple(rounds)))
    return sorted(found, key=lambda rule: (rule.vehicles, rule.cost))


def _go_next(day: Day, depot: int, stops: list[int], *, soonest: bool) -> Rounds:
    """From where a vehicle is to the nearest stop that it can still serve, or to the one it can serve soonest."""
    early, service = day.stops["early"].to_numpy(float), day.stops["service"].to_numpy(float)
    left, rounds = list(stops), []
    while left:
        one: list[int] = []
        now, here = day.opens, len(day) + depot
        while able := [stop for stop in left if day.fits(depot, [*one, stop])]:
            begin = {stop: max(now + day.travel[here, stop], early[stop]) for stop in able}
            near = {stop: float(day.cost[here, stop]) for stop in able}
            first, second = (begin, near) if soonest else (near, begin)
            stop = min(able, key=lambda one: (first[one], second[one]))  # called at once
            one.append(stop)
            left.remove(stop)
            now, here = begin[stop] + service[stop], stop
        rounds.append(one)
    return rounds


def _sweep(day: Day, depot: int, stops: list[int]) -> Rounds:
    """Stops by their direction from the depot, each put where it costs least in the vehicle at hand."""
    home = day.depots[["lon", "lat"]].to_numpy(float)[depot]
    off = day.stops[["lon", "lat"]].to_numpy(float)[stops] - home
    angle = np.arctan2(off[:, 1], off[:, 0] * np.cos(np.radians(home[1])))
    order = np.argsort(angle, kind="stable")
    if len(order) > 1:  # from the widest gap on
        gaps = np.diff(angle[order], append=angle[order][0] + 2 * np.pi)
        order = np.roll(order, -int(gaps.argmax()) - 1)
    rounds: Rounds = []
    for place in order.tolist():
        stop = stops[place]
        tried = [[*rounds[-1][:k], stop, *rounds[-1][k:]] for k in range(len(rounds[-1]) + 1)] if rounds else []
        fitting = [one for one in tried if day.fits(depot, one)]
        if fitting:
            rounds[-1] = min(fitting, key=lambda one: day.measure(depot, one))
        else:
            rounds.append([stop])
    return rounds


def _save(day: Day, depot: int, stops: list[int]) -> Rounds:
    """Join rounds end to end while that saves most: Clarke & Wright (1964), the parallel form."""
    home = len(day) + depot
    cost = day.cost
    pairs = [(one, other) for one in stops for other in stops if one != other]
    saved = np.array([cost[one, home] + cost[home, other] - cost[one, other] for one, other in pairs])
    round_of = {stop: [stop] for stop in stops}
    for place in np.argsort(-saved, kind="stable").tolist():
        if saved[place] <= 0:
            break
        one, other = pairs[place]
        first, second = round_of[one], round_of[other]
        if first is second or first[-1] != one or second[0] != other or not day.fits(depot, [*first, *second]):
            continue
        first += second
        round_of |= dict.fromkeys(second, first)
    unique = {id(one): one for one in round_of.values()}
    return list(unique.values())
