"""Routes for a day: planned, timed, drawn along the streets, and checked once more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from domains.geodata.network.costs import measure_positions
from domains.geodata.network.paths import trace_pairs
from domains.geodata.network.snap import MAX_SNAP, Positions, check_rows, join_positions, snap_points
from domains.geodata.network.streets import StreetNetwork
from domains.geodata.projection import WGS84
from domains.geodata.routing.check import check_plan
from domains.geodata.routing.problem import DAY, Fleet, RoutingProblem, read_stops
from domains.geodata.routing.solve import solve_by_pyvrp, solve_by_search
from shared.checks import is_number, is_whole
from shared.errors import DataError, HexadError, Problem, SettingsError, quote
from shared.result import Result
from shared.text import count_of, format_number, sentences
from shared.typing import Floats, Ints, Seed

if TYPE_CHECKING:
    import geopandas as gpd

    from shared.reporting import Figure

__all__ = ["RoutePlan", "plan_routes"]

ENGINES = ("search", "pyvrp")
MINUTE = 60.0


@dataclass(frozen=True, repr=False)
class RoutePlan(Result):
    """Who goes where, and when.

    Attributes
    ----------
    stops : pandas.DataFrame
        A row a stop in the order of the day: "vehicle", "position" (from 1), "stop", "arrive", "wait", "leave" (minutes
        from midnight), "clock" (of the arrival, as in 8:05), "load" (delivered here) and "on_board" (before it).
    routes : geopandas.GeoDataFrame
        A row a vehicle that is used: "vehicle", "depot", "stops", "load", "start", "end" (minutes), "driving"
        (minutes), "length" (metres) and the line along the streets.
    unserved : pandas.DataFrame
        "stop" and "why" of those that nobody can serve.
    objective : float
        What was kept least: minutes of driving or metres, and what the vehicles cost that are used (`Fleet.fixed`).
    by : {"time", "distance"}
    engine : str
    notes : tuple of str

    >>> from domains.geodata import make_grid_town, plan_routes
    >>> town = make_grid_town(3, 3, spacing=100.0)
    >>> nodes = town.nodes_to_frame()
    >>> plan = plan_routes(town, nodes.iloc[[1, 2]], nodes.iloc[[0]], [Fleet(1)], iterations=100, by="distance")
    >>> round(plan.objective)
    400
    """

    stops: pd.DataFrame
    routes: gpd.GeoDataFrame
    unserved: pd.DataFrame
    objective: float
    by: str
    engine: str
    notes: tuple[str, ...] = field(default=())

    def to_frame(self) -> pd.DataFrame:
        """The stops in the order of the day."""
        return self.stops

    def explain(self) -> str:
        """Say how many vehicles go how far, and who is not served."""
        served = len(self.stops)
        driving, length = self.routes["driving"].sum(), self.routes["length"].sum() / 1000
        told = [
            f"{count_of(len(self.routes), 'vehicle')} {'serves' if len(self.routes) == 1 else 'serve'}"
            f" {count_of(served, 'stop')} in {format_number(driving)} minutes of driving ({format_number(length, 3)}"
            " km); found by search, not proven to be the least."
        ]
        if len(self.unserved):
            first = "; ".join(f"{stop}: {why}" for stop, why in self.unserved.head(3).itertuples(index=False))
            more = "; ..." if len(self.unserved) > 3 else ""
            told.append(f"{count_of(len(self.unserved), 'stop')} not served ({first}{more}).")
        return " ".join([*told, sentences(self.notes)]).strip()

    def plot(self) -> Figure:
        """Draw the routes.

        Raises
        ------
        DataError
            No stop is served.
        """
        from domains.geodata.maps.layers import MapLayer
        from domains.geodata.maps.static import draw_map

        colours = ("accent", "second", "third", "fourth", "ink")
        layers = [
            MapLayer(str(name), self.routes.iloc[[place]], colour=colours[place % len(colours)])
            for place, name in enumerate(self.routes["vehicle"])
        ]
        return draw_map(None, layers, alt="Lines: the route of each vehicle.", caption=self.explain())


def plan_routes(
    network: StreetNetwork,
    stops: Any,
    depots: Any,
    fleets: Sequence[Fleet] | Fleet,
    *,
    load: str | None = None,
    early: str | None = None,
    late: str | None = None,
    service: str | float = 0.0,
    key: str | None = None,
    by: str = "time",
    engine: str = "search",
    iterations: int | None = None,
    random_state: int = 0,
    max_snap: float = MAX_SNAP,
    n_jobs: int | None = None,
    hold: float | None = None,
) -> RoutePlan:
    """Plan the routes of a day: capacity, time windows, working days, one depot or several.

    Parameters
    ----------
    network : StreetNetwork
    stops, depots : frame or GeoDataFrame
        See `read_points`.
    fleets : Fleet or sequence of Fleet
        The vehicles, by kind.
    load, early, late : str, optional
        Columns of `stops`: what is delivered, and between which times of day service may begin ("8:30", or minutes from
        midnight); a vehicle that comes too early waits.
    service : str or float
        Column of the minutes that a stop takes, or the minutes of every stop.
    key : str, optional
        Column by which stops (and depots, if they have it) are called; their index where left out.
    by : {"time", "distance"}
        What is kept least: driving time or metres. Arrivals are those of the fastest way between two stops all the
        same, which may be longer than the shortest one.
    engine : {"search", "pyvrp"}
        Our own search (slack induction by string removals; Christiaens & Vanden Berghe 2020), or PyVRP's hybrid search
        (Wouda, Lan & Kool 2024; extra "routing"). Both stop after iterations, so that the same seed gives the same
        routes on every machine.
    iterations : int, optional
        2,000 a stop and 20,000 at least for the search, 5,000 for PyVRP, where left out.
    random_state : int
    max_snap : float
    n_jobs : int, optional
        Threads for the costs.
    hold : float, optional
        Minutes of its waiting that a vehicle keeps in hand for drives that take longer: it leaves its depot so late
        that it waits no longer than this, or than it has to. Where left out, it keeps all of it, but for what it would
        wait at its first stop.

    Returns
    -------
    RoutePlan
        Stops that nobody can serve are told with the reason, and the others planned.

    Raises
    ------
    DataError, SettingsError

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(3, 3, spacing=100.0)
    >>> nodes = town.nodes_to_frame()
    >>> plan_routes(town, nodes.iloc[1:], nodes.iloc[[0]], Fleet(2), iterations=200).stops["stop"].nunique()
    8
    """
    listed = [fleets] if isinstance(fleets, Fleet) else list(fleets) if isinstance(fleets, Iterable) else []
    _check_settings(listed, service, by, engine, iterations, random_state, hold)
    where = snap_points(network, stops, max_snap=max_snap, source="stops", key=key)
    depot_key = key if key is not None and hasattr(depots, "columns") and key in depots.columns else None
    home = snap_points(network, depots, max_snap=max_snap, source="depots", key=depot_key)
    check_rows(where, "stops")
    check_rows(home, "depots")
    if not home.snapped.all():
        far = quote(home.labels[~home.snapped])
        fault = Problem(f"depot {far} is on no street", fix="Correct its place, or raise max_snap=.")
        raise DataError("depots", [fault])
    columns = {"load": load, "early": early, "late": late, "service": service if isinstance(service, str) else None}
    minutes = 0.0 if isinstance(service, str) else float(service)
    values = read_stops(stops, columns, {"load": 0.0, "early": 0.0, "late": DAY, "service": minutes})
    problem = _make_problem(network, where, home, listed, values, by, n_jobs)
    why = _find_hopeless(problem, where)
    able = np.array([not reason for reason in why], dtype=bool)
    routes = _use_first(_solve(problem, np.flatnonzero(able), engine, iterations, random_state), listed)
    wrong = check_plan(problem, routes)
    if wrong:
        raise HexadError(f"the plan that was found does not hold: {wrong}; this is a fault of the engine {engine!r}")
    return _describe(network, problem, routes, where, home, why, by, engine, hold)


def _check_settings(
    fleets: list[Fleet], service: object, by: str, engine: str, iterations: object, random_state: Seed, hold: object
) -> None:
    if not fleets or not all(isinstance(one, Fleet) for one in fleets):
        raise SettingsError("fleets= holds no Fleet; give Fleet(n, capacity=...) for each kind of vehicle")
    if not isinstance(service, str) and not is_number(service, least=0):
        raise SettingsError(f"service={service!r}: give the minutes of every stop, 0 or more, or a column of them")
    if hold is not None and not is_number(hold, least=0):
        raise SettingsError(f"hold={hold!r}: give the minutes of waiting that vehicles keep in hand, 0 or more")
    if by not in {"time", "distance"}:
        raise SettingsError(f"by={by!r}: keep 'time' or 'distance' least")
    if engine not in ENGINES:
        raise SettingsError(f"engine={engine!r}: the engines are {', '.join(map(repr, ENGINES))}")
    if iterations is not None and not is_whole(iterations):
        raise SettingsError(f"iterations={iterations!r} is no whole number from 1 on")
    if not is_whole(random_state, least=0):
        raise SettingsError(f"random_state={random_state!r} is no whole number from 0 on")


def _make_problem(
    network: StreetNetwork,
    where: Positions,
    home: Positions,
    fleets: list[Fleet],
    values: dict[str, Floats],
    by: str,
    n_jobs: int | None,
) -> RoutingProblem:
    places = join_positions([where, home], pd.Index([*where.labels, *home.labels], dtype=object))
    travel = measure_positions(network, places, places, by="time", n_jobs=n_jobs) / MINUTE
    cost = travel if by == "time" else measure_positions(network, places, places, by="distance", n_jobs=n_jobs)
    n = len(where)
    depots: list[int] = []
    names_of: list[str] = []
    for fleet in fleets:
        depot = _find_depot(fleet, home)
        depots += [n + depot] * fleet.n
        names_of += [f"{fleet.name} {len(names_of) + number + 1}" for number in range(fleet.n)]
    each = [fleet for fleet in fleets for _ in range(fleet.n)]
    return RoutingProblem(
        travel,
        cost,
        values["load"],
        values["early"],
        values["late"],
        values["service"],
        np.array(depots, dtype=np.int64),
        np.array([np.inf if one.capacity is None else one.capacity for one in each], dtype=float),
        np.array([one.minutes[0] for one in each]),
        np.array([one.minutes[1] for one in each]),
        np.array([one.fixed for one in each], dtype=float),
        names_of,
    )


def _find_depot(fleet: Fleet, home: Positions) -> int:
    if fleet.depot is None:
        if len(home) > 1:
            raise SettingsError(
                f"there are {len(home)} depots: say which is each fleet's, as in Fleet(depot={home.labels[0]!r})"
            )
        return 0
    place = home.labels.get_indexer(pd.Index([fleet.depot]))[0]
    if place < 0:
        raise SettingsError(f"depot={fleet.depot!r} is none of the depots, which are {quote(home.labels)}")
    return int(place)


def _find_hopeless(problem: RoutingProblem, where: Positions) -> list[str]:
    """Why a stop cannot be served by any vehicle, even alone; empty where it can."""
    why = []
    for stop in range(len(where)):
        there, back = problem.travel[problem.depots, stop], problem.travel[stop, problem.depots]
        begin = np.maximum(problem.opens + there, problem.early[stop])
        home = begin + problem.service[stop] + back
        if not where.snapped[stop]:
            why.append(f"it is {where.off[stop]:,.0f} m from any street")
        elif np.isinf(there + back).all():
            why.append("no street leads there and back")
        elif (problem.load[stop] > problem.capacity).all():
            why.append(f"its load of {problem.load[stop]:g} is more than a vehicle carries")
        elif (begin > problem.late[stop]).all():
            why.append("no vehicle can be there in its window")
        elif (home > problem.closes).all():
            why.append("no vehicle would be back by the end of its day")
        elif ((begin > problem.late[stop]) | (home > problem.closes) | (problem.load[stop] > problem.capacity)).all():
            why.append("no vehicle that carries it can be there in its window, and back in time")
        else:
            why.append("")
    return why


def _solve(
    problem: RoutingProblem, able: Ints, engine: str, iterations: int | None, random_state: int
) -> list[list[int]]:
    if not len(able):
        return [[] for _ in problem.depots]
    solve = solve_by_pyvrp if engine == "pyvrp" else solve_by_search
    return solve(problem, able, iterations, random_state)


def _use_first(routes: list[list[int]], fleets: list[Fleet]) -> list[list[int]]:
    """Of vehicles that are alike the first are used, and the last stay at home."""
    found: list[list[int]] = []
    for fleet in fleets:
        found += sorted(routes[len(found) : len(found) + fleet.n], key=lambda route: not route)
    return found


def _describe(
    network: StreetNetwork,
    problem: RoutingProblem,
    routes: list[list[int]],
    where: Positions,
    home: Positions,
    why: list[str],
    by: str,
    engine: str,
    hold: float | None,
) -> RoutePlan:
    import geopandas as gpd

    rows, lines, total = [], [], 0.0
    for vehicle, route in enumerate(routes):
        if not route:
            continue
        timed, driving, cost = _time_stops(problem, vehicle, route, where, hold)
        rows += timed
        total += cost
        length, shape = _draw_route(network, problem, vehicle, route, where, home, by)
        depot = home.labels[problem.depots[vehicle] - len(where)]
        lines.append(
            {
                "vehicle": problem.names[vehicle],
                "depot": depot,
                "stops": len(route),
                "load": float(problem.load[route].sum()),
                "start": timed[0]["arrive"] - problem.travel[problem.depots[vehicle], route[0]],
                "end": timed[-1]["leave"] + problem.travel[route[-1], problem.depots[vehicle]],
                "driving": driving,
                "length": length,
                "geometry": shape,
            }
        )
    columns = ["vehicle", "position", "stop", "clock", "arrive", "wait", "leave", "load", "on_board"]
    served = {stop for route in routes for stop in route}
    lost = [stop for stop in range(len(where)) if stop not in served]
    unserved = pd.DataFrame(
        [(where.labels[stop], why[stop] or "no vehicle has room or time left for it") for stop in lost],
        columns=["stop", "why"],
    )
    line_columns = ["vehicle", "depot", "stops", "load", "start", "end", "driving", "length", "geometry"]
    frame = gpd.GeoDataFrame(pd.DataFrame(lines, columns=line_columns), geometry="geometry", crs=WGS84)
    return RoutePlan(
        pd.DataFrame(rows, columns=columns), frame, unserved, total, by, engine, (*where.notes, *home.notes)
    )


def _time_stops(
    problem: RoutingProblem, vehicle: int, route: list[int], where: Positions, hold: float | None
) -> tuple[list[dict[str, Any]], float, float]:
    depot = int(problem.depots[vehicle])
    now = find_departure(problem, vehicle, route, hold)
    here, driving, cost = depot, 0.0, float(problem.fixed[vehicle])
    left = float(problem.load[route].sum())
    rows = []
    for place, stop in enumerate(route):
        step = float(problem.travel[here, stop])
        cost += float(problem.cost[here, stop])
        arrive = now + step
        begin = max(arrive, float(problem.early[stop]))
        now = begin + float(problem.service[stop])
        driving += step
        rows.append(
            {
                "vehicle": problem.names[vehicle],
                "position": place + 1,
                "stop": where.labels[stop],
                "clock": _write_clock(arrive),
                "arrive": arrive,
                "wait": begin - arrive,
                "leave": now,
                "load": float(problem.load[stop]),
                "on_board": left,
            }
        )
        left -= float(problem.load[stop])
        here = stop
    back = float(problem.travel[here, depot])
    return rows, driving + back, cost + float(problem.cost[here, depot])


def find_departure(problem: RoutingProblem, vehicle: int, route: list[int], hold: float | None = None) -> float:
    """When a vehicle leaves its depot: so late that it waits not at its first stop, elsewhere no longer than asked.

    Nobody is later home for it, and no stop is served after its window.

    Parameters
    ----------
    problem : RoutingProblem
    vehicle : int
    route : list of int
        Stops in order.
    hold : float, optional
        Minutes of its waiting that are kept in hand; all of it but for the first stop's where left out.

    >>> legs = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 1.0], [2.0, 1.0, 0.0]])
    >>> none, one = np.zeros(2), np.zeros(1)
    >>> early, late, day = np.array([0.0, 30.0]), np.full(2, 99.0), np.array([99.0])
    >>> problem = RoutingProblem(legs, legs, none, early, late, none, np.array([2]), np.array([9.0]), one, day, one)
    >>> [find_departure(problem, 0, [0, 1], hold) for hold in (None, 0, 10)]
    [0.0, 27.0, 17.0]
    """
    depot = int(problem.depots[vehicle])
    early, late, service = (values[route] for values in (problem.early, problem.late, problem.service))
    legs = problem.travel[[depot, *route], [*route, depot]]
    start = max(float(problem.opens[vehicle]), float(early[0] - legs[0]))
    if hold is None:
        return start
    now, first, waits = start, 0.0, 0.0
    for place in range(len(route)):
        arrive = now + float(legs[place])
        begin = max(arrive, float(early[place]))
        waits += begin - arrive
        first = first if place else begin
        now = begin + float(service[place])
    latest = float(problem.closes[vehicle])
    for place in reversed(range(len(route))):
        latest = min(latest - float(legs[place + 1]) - float(service[place]), float(late[place]))
    return start + max(min(waits, latest - first) - hold, 0.0)


def _write_clock(minutes: float) -> str:
    whole = int(minutes + 1e-9)
    return f"{whole // 60}:{whole % 60:02d}"


def _draw_route(
    network: StreetNetwork,
    problem: RoutingProblem,
    vehicle: int,
    route: list[int],
    where: Positions,
    home: Positions,
    by: str,
) -> tuple[float, Any]:
    import shapely

    depot = home.take(np.array([problem.depots[vehicle] - len(where)]))
    tour = [depot, *(where.take(np.array([stop])) for stop in route), depot]
    numbers = pd.RangeIndex(len(tour) - 1)
    start, end = join_positions(tour[:-1], numbers), join_positions(tour[1:], numbers)
    legs = trace_pairs(network, start, end, by)
    points = shapely.get_coordinates(legs.geometry.to_numpy())
    shape = shapely.LineString(points) if len(points) > 1 else shapely.LineString()
    return float(legs["length"].sum()), shape
