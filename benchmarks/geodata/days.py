"""Days of deliveries in Porto Alegre, and plans of them checked in plain Python on ways that scipy measured."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.geodata import oracle
from domains.geodata import Fleet, RoutePlan, StreetNetwork, plan_routes
from shared.typing import Floats

__all__ = ["DAYS", "Day", "Kind", "check_by_hand", "draw_day"]

CLOSE = 1e-6  # minutes, or metres


@dataclass(frozen=True)
class Kind:
    """What is asked of a day.

    Attributes
    ----------
    by : {"time", "distance"}
    depots : int
    vehicles : int
        Of each depot.
    window : int, optional
        Minutes that a window is long; half of the customers have one.
    share : float
        Of customers who have a window.
    fixed : float
        What it costs to use a vehicle, in minutes or metres.
    """

    by: str = "time"
    depots: int = 1
    vehicles: int = 20
    window: int = 120
    share: float = 0.5
    fixed: float = 0.0


# The first is what is asked for; the others vary one thing each.
DAYS = {
    "windows": Kind(),
    "distance": Kind(by="distance"),
    "depots": Kind(depots=3, vehicles=7),
    "tight": Kind(window=30, share=1.0, vehicles=30),
    "fixed": Kind(fixed=30.0),
    "too_few": Kind(vehicles=7),
}
CAPACITY, SERVICE = 60, 5
OPENS, CLOSES = 8 * 60, 18 * 60


@dataclass(frozen=True)
class Day:
    """A day drawn.

    Attributes
    ----------
    network : StreetNetwork
    kind : Kind
    stops, depots : pandas.DataFrame
        Stops with "load", "early" and "late".
    minutes, metres : numpy.ndarray
        Between all of them, stops first; by scipy.
    """

    network: StreetNetwork
    kind: Kind
    stops: pd.DataFrame
    depots: pd.DataFrame
    minutes: Floats
    metres: Floats

    @property
    def cost(self) -> Floats:
        """What is kept least."""
        return self.minutes if self.kind.by == "time" else self.metres

    def plan(self, engine: str, seed: int) -> RoutePlan:
        """Plan it by ours.

        Parameters
        ----------
        engine : {"search", "pyvrp"}
        seed : int
        """
        fleets = [
            Fleet(
                self.kind.vehicles,
                capacity=CAPACITY,
                start="8:00",
                end="18:00",
                depot=depot,
                fixed=self.kind.fixed,
                name=f"of {depot}",
            )
            for depot in self.depots.index
        ]
        return plan_routes(
            self.network,
            self.stops,
            self.depots,
            fleets,
            load="load",
            early="early",
            late="late",
            service=float(SERVICE),
            by=self.kind.by,
            engine=engine,
            random_state=seed,
        )


def draw_day(network: StreetNetwork, name: str, seed: int, n: int = 100) -> Day:
    """Customers and depots at junctions.

    Parameters
    ----------
    network : StreetNetwork
    name : str
    seed, n : int
    """
    kind = DAYS[name]
    random = np.random.default_rng(seed)
    nodes = np.flatnonzero(network.strong)[random.choice(int(network.strong.sum()), n + kind.depots, replace=False)]
    points = network.nodes_to_frame().iloc[nodes]
    stops = pd.DataFrame(points.iloc[:n][["lon", "lat"]].to_numpy(), columns=["lon", "lat"])
    depots = pd.DataFrame(points.iloc[n:][["lon", "lat"]].to_numpy(), columns=["lon", "lat"])
    depots.index = pd.Index([f"depot {place + 1}" for place in range(kind.depots)])
    stops["load"] = random.integers(1, 11, n)
    early, late = np.full(n, OPENS), np.full(n, CLOSES)
    some = random.random(n) < kind.share
    early[some] = OPENS + random.integers(0, (CLOSES - OPENS) // 60 - 4, int(some.sum())) * 60
    late[some] = early[some] + kind.window
    stops["early"], stops["late"] = early, late
    minutes, metres = (oracle.measure_nodes(network, nodes, by) for by in ("time", "distance"))
    return Day(network, kind, stops, depots, minutes / 60, metres)


def check_by_hand(day: Day, plan: RoutePlan) -> tuple[float, list[str]]:
    """What a plan costs, and all that is wrong with it.

    Parameters
    ----------
    day : Day
    plan : RoutePlan
    """
    wrong: list[str] = []
    numbers = {label: place for place, label in enumerate(day.stops.index)}
    homes = {label: len(numbers) + place for place, label in enumerate(day.depots.index)}
    told = {row.vehicle: row for row in plan.routes.itertuples()}
    seen = [*plan.stops["stop"], *plan.unserved["stop"]]
    if sorted(seen) != sorted(numbers):
        wrong.append("a stop is served twice, or forgotten")
    used: dict[str, int] = {}
    cost = 0.0
    for vehicle, rows in plan.stops.groupby("vehicle", sort=False):
        route = told.pop(vehicle)
        home = homes[route.depot]
        used[route.depot] = used.get(route.depot, 0) + 1
        cost += day.kind.fixed
        tour = [home, *(numbers[stop] for stop in rows["stop"]), home]
        cost += sum(float(day.cost[one, other]) for one, other in itertools.pairwise(tour))
        wrong += _check_route(day, str(vehicle), tour, rows, route)
    wrong += [f"{vehicle} has a route without stops" for vehicle in told]
    wrong += [f"more vehicles of {home} than there are" for home, n in used.items() if n > day.kind.vehicles]
    if abs(cost - plan.objective) > CLOSE * max(cost, 1.0):
        wrong.append(f"the objective is {cost:.6f}, not {plan.objective:.6f}")
    return cost, wrong


def _check_route(day: Day, vehicle: str, tour: list[int], rows: pd.DataFrame, route: Any) -> list[str]:
    wrong = []
    load = sum(int(day.stops["load"].iloc[stop]) for stop in tour[1:-1])
    if load > CAPACITY or load != route.load or route.stops != len(tour) - 2:
        wrong.append(f"{vehicle} carries {load}")
    if list(rows["position"]) != list(range(1, len(rows) + 1)):
        wrong.append(f"{vehicle} counts its stops wrongly")
    now, left = float(route.start), load
    if now < OPENS - CLOSE:
        wrong.append(f"{vehicle} starts before its day")
    for here, stop, row in zip(tour[:-2], tour[1:-1], rows.to_dict("records"), strict=True):
        now += float(day.minutes[here, stop])
        begin = max(now, float(day.stops["early"].iloc[stop]))
        if begin > float(day.stops["late"].iloc[stop]) + CLOSE:
            wrong.append(f"{vehicle} comes to {row['stop']} after its window")
        if abs(row["arrive"] - now) + abs(row["wait"] - (begin - now)) + abs(row["on_board"] - left) > CLOSE:
            wrong.append(f"{vehicle} tells another time or load at {row['stop']} than is true")
        now = begin + SERVICE
        left -= int(row["load"])
    now += float(day.minutes[tour[-2], tour[-1]])
    if now > CLOSES + CLOSE:
        wrong.append(f"{vehicle} is back after its day")
    if abs(now - route.end) > CLOSE:
        wrong.append(f"{vehicle} tells another end than is true")
    return wrong
