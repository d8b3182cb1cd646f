"""Routes for 100 customers on Porto Alegre's streets, by our search and by PyVRP; every plan is checked in plain Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.geodata.days import CAPACITY, CLOSES, DAYS, OPENS, SERVICE, Day, check_by_hand, draw_day
from benchmarks.geodata.extracts import find_extract
from benchmarks.geodata.readings import Call, Reading, Work, alternate, find_middle, find_peer
from domains.geodata import Fleet, RoutePlan, make_grid_town, plan_routes, read_osm

__all__ = ["measure"]

SEEDS, FEWER_SEEDS = range(10), range(3)
STEPS = 5000  # of PyVRP
ENGINES = ("search", "pyvrp", "direct")
# What it costs PyVRP to leave a customer out, in its own model: less than what carrying too much of his thousandths does.
MISSED, LOADS = 10**7, 1000


def plan_day(path: str, name: str, seed: int, engine: str) -> Work:
    """Plan a day by one of our engines; streets are read before the clock, costs are measured within it.

    Parameters
    ----------
    path, name : str
    seed : int
    engine : {"search", "pyvrp"}
    """
    day = _read_day(path, name, seed)
    tiny = make_grid_town(3, 3)
    corners = tiny.nodes_to_frame()
    plan_routes(tiny, corners.iloc[1:], corners.iloc[[0]], Fleet(2), iterations=10, engine=engine)
    day.network.hierarchy("time")

    def tell(found: RoutePlan) -> dict[str, Any]:
        cost, wrong = check_by_hand(day, found)
        routes = [rows["stop"].tolist() for _, rows in found.stops.groupby("vehicle", sort=False)]
        return {"cost": cost, "wrong": wrong, "served": len(found.stops), "routes": routes}

    return Work(lambda: day.plan(engine, seed), tell)


def plan_directly(path: str, name: str, seed: int) -> Work:
    """The same whole numbers given to PyVRP's own model, vehicles by kind.

    Parameters
    ----------
    path, name : str
    seed : int
    """
    import pyvrp
    from pyvrp.stop import MaxIterations

    day = _read_day(path, name, seed)

    def run() -> list[list[int]]:
        model = pyvrp.Model()
        n = len(day.stops)
        places = [model.add_location(0, 0) for _ in range(n + len(day.depots))]
        homes = [model.add_depot(place) for place in places[n:]]
        for stop, row in enumerate(day.stops.to_dict("records")):
            model.add_client(
                places[stop],
                delivery=int(row["load"]) * LOADS,
                service_duration=SERVICE * 60,
                tw_early=int(row["early"]) * 60,
                tw_late=int(row["late"]) * 60,
                prize=MISSED,
                required=False,
            )
        for home in homes:
            model.add_vehicle_type(
                day.kind.vehicles,
                capacity=CAPACITY * LOADS,
                start_depot=home,
                end_depot=home,
                fixed_cost=round(day.kind.fixed * 60),
                tw_early=OPENS * 60,
                tw_late=CLOSES * 60,
            )
        distance = np.round(day.cost * 60).astype(int).tolist()
        duration = np.ceil(day.minutes * 60).astype(int).tolist()
        for one, place in enumerate(places):
            for other, end in enumerate(places):
                if one != other:
                    model.add_edge(place, end, distance=distance[one][other], duration=duration[one][other])
        found = model.solve(MaxIterations(STEPS), seed=seed, display=False).best
        if not found.is_feasible():
            return []
        return [
            [n + route.start_depot(), *(visit.idx for visit in route if visit.is_client())] for route in found.routes()
        ]

    def tell(found: list[list[int]]) -> dict[str, Any]:
        legs = [(one, other) for tour in found for one, other in zip(tour, [*tour[1:], tour[0]], strict=True)]
        cost = sum(float(day.cost[leg]) for leg in legs) + day.kind.fixed * len(found)
        return {"cost": cost, "wrong": [], "served": sum(len(tour) - 1 for tour in found), "routes": found}

    return Work(run, tell)


def _read_day(path: str, name: str, seed: int) -> Day:
    return draw_day(read_osm(path, streets=["drive"]).streets("drive"), name, seed)


def measure(data: Path, peers: bool) -> dict[str, float]:
    """Gaps to PyVRP, seconds, and plans that do not hold.

    Parameters
    ----------
    data : path
    peers : bool
    """
    path = str(find_extract(data, "porto_alegre"))
    engines = ENGINES if find_peer("pyvrp", peers) else ENGINES[:1]
    found: dict[str, float] = {"vrp_wrong": 0}
    for name in DAYS:
        seeds = SEEDS if name == "windows" else FEWER_SEEDS
        plans = {seed: _run(path, name, seed, engines) for seed in seeds}
        ours = [some["search"] for some in plans.values()]
        found["vrp_wrong"] += _tell_wrong(name, plans)
        print(f"  {name}: ours {find_middle(ours):.2f} s, {max(one.seconds for one in ours):.2f} s at most,"
              f" {np.mean([one.answer['served'] for one in ours]):.1f} served", flush=True)  # fmt: skip
        if name == "windows":
            found["vrp_seconds_max"] = max(one.seconds for one in ours)
        for engine in engines[1:]:
            gap = _compare(name, engine, plans)
            key = "" if name == "windows" else f"{name}_"
            found[f"vrp_{key}{'fallback_gap' if engine == 'pyvrp' else 'direct_gap'}"] = gap
    if len(engines) > 1:
        again = {engine: [_run(path, "windows", 0, [engine])[engine] for _ in range(2)] for engine in engines[:2]}
        same = [len({str(one.answer["routes"]) for one in some}) == 1 for some in again.values()]
        print(f"  planned twice: ours {'the same' if same[0] else 'NOT the same'}, PyVRP {'the same' if same[1] else 'NOT the same'}")  # fmt: skip
        found |= {"vrp_repeats": same[1], "vrp_repeats_ours": same[0]}
    return found


def _run(path: str, name: str, seed: int, engines: Any) -> dict[str, Reading]:
    calls = {
        engine: Call(__name__, "plan_directly", (path, name, seed))
        if engine == "direct"
        else Call(__name__, "plan_day", (path, name, seed, engine))
        for engine in engines
    }
    return {engine: some[0] for engine, some in alternate(calls, 1).items()}


def _tell_wrong(name: str, plans: dict[int, dict[str, Reading]]) -> int:
    count = 0
    for seed, some in plans.items():
        for engine, one in some.items():
            count += bool(one.answer["wrong"])
            for fault in one.answer["wrong"][:3]:
                print(f"  {name}, seed {seed}, {engine}: {fault}")
    return count


def _compare(name: str, engine: str, plans: dict[int, dict[str, Reading]]) -> float:
    """The mean of ours over theirs, less 1, of those days on which both serve as many."""
    gaps, more, fewer = [], 0, 0
    plans = {seed: some for seed, some in plans.items() if some[engine].answer["served"]}
    if not plans:
        print(f"  {name}: {engine} found no plan that holds")
        return float("nan")
    for some in plans.values():
        ours, theirs = some["search"].answer, some[engine].answer
        more += ours["served"] > theirs["served"]
        fewer += ours["served"] < theirs["served"]
        if ours["served"] == theirs["served"]:
            gaps.append(ours["cost"] / theirs["cost"] - 1)
    seconds = find_middle([some[engine] for some in plans.values()])
    told = f"{np.mean(gaps):+.4f} on average, {min(gaps):+.4f} to {max(gaps):+.4f}" if gaps else "no day to compare"
    print(f"  {name}: ours beside {engine} ({seconds:.2f} s): {told}; more served on {more} days, fewer on {fewer}",
          flush=True)  # fmt: skip
    return float(np.mean(gaps)) if gaps else float("nan")
