"""Plans with so many vehicles: one search, the fewest vehicles that serve all, and what one less leaves behind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from domains.geodata import Fleet, RoutePlan, plan_routes

from .day import Day
from .settings import DeliverySettings

__all__ = ["count_lost", "find_fewest", "make_plan", "try_sizes"]

MORE = 10  # vehicles that are added, at most, to see how many would serve all


def make_plan(
    day: Day, settings: DeliverySettings, *, counts: Sequence[int] | None = None, seed: int = 0, engine: str = "search"
) -> RoutePlan:
    """Search one plan; its vehicles leave as late as they can.

    Parameters
    ----------
    day : Day
        Its windows are kept as they are; see `Day.with_margin`.
    settings : DeliverySettings
    counts : sequence of int, optional
        Vehicles at each depot, where not all of them are to be used.
    seed : int
    engine : {"search", "pyvrp"}

    >>> from domains.geodata import make_grid_town
    >>> from .day import make_day
    >>> spots = make_grid_town(3, 3, spacing=100.0).nodes_to_frame()[["lon", "lat"]]
    >>> depots = spots.iloc[[0]].assign(depot="home", vehicles=1)
    >>> settings = DeliverySettings(iterations=10)
    >>> day = make_day(make_grid_town(3, 3, spacing=100.0), spots.iloc[[1, 2]], "stops", depots, settings)
    >>> len(make_plan(day, settings).stops)
    2
    """
    fleets = [
        Fleet(
            int(n),
            capacity=day.capacity if np.isfinite(day.capacity) else None,
            start=day.opens,
            end=day.closes,
            depot=depot,
            fixed=settings.fixed * (1.0 if settings.least == "time" else 1000.0),
        )
        for n, depot in zip(counts or day.counts, day.depots["depot"], strict=True)
        if n > 0
    ]
    steps = settings.iterations * len(day) if engine == "search" else None
    return plan_routes(
        day.network,
        day.stops,
        day.depots.set_index("depot")[["lon", "lat"]],
        fleets,
        load="load",
        early="early",
        late="late",
        service="service",
        by=settings.least,
        engine=engine,
        iterations=steps,
        random_state=seed,
        max_snap=settings.max_snap,
        n_jobs=1,
        hold=day.margin,
    )


def count_lost(day: Day, plan: RoutePlan) -> int:
    """Stops that a plan leaves unserved though a vehicle could serve them alone.

    Parameters
    ----------
    day : Day
    plan : RoutePlan

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> count_lost(small.day, small.plan)
    0
    """
    return int((~day.hopeless)[plan.unserved["stop"].to_numpy(dtype=int)].sum())


def find_fewest(day: Day, settings: DeliverySettings) -> tuple[int, ...]:
    """As few vehicles at each depot as serve all that can be served, found by taking away one after the other.

    Parameters
    ----------
    day : Day
    settings : DeliverySettings

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> find_fewest(small.day, small.settings)
    (1,)
    """
    plan = make_plan(day, settings, seed=settings.seed)
    counts = _used(day, plan)
    while sum(counts) > 1:
        fewer = _take_one(day, plan, counts)
        plan_then = make_plan(day, settings, counts=fewer, seed=settings.seed)
        if count_lost(day, plan_then):
            break
        plan, counts = plan_then, fewer
    return counts


def _used(day: Day, plan: RoutePlan) -> tuple[int, ...]:
    """Vehicles that a plan uses at each depot; one at least in all."""
    found = tuple(int((plan.routes["depot"] == depot).sum()) for depot in day.depots["depot"])
    return found if sum(found) else day.counts


def _take_one(day: Day, plan: RoutePlan, counts: tuple[int, ...]) -> tuple[int, ...]:
    """One vehicle less, at the depot whose least busy one serves the fewest stops; an idle one first."""
    used = _used(day, plan)
    idle = [one for one in range(len(counts)) if counts[one] > used[one]]
    fewest = plan.routes.groupby("depot")["stops"].min()
    busy = [one for one in range(len(counts)) if counts[one]]
    where = idle[0] if idle else min(busy, key=lambda one: float(fewest.get(day.depots["depot"].iloc[one], np.inf)))
    return tuple(n - (place == where) for place, n in enumerate(counts))


def try_sizes(day: Day, settings: DeliverySettings, plan: RoutePlan, counts: tuple[int, ...]) -> dict[int, RoutePlan]:
    """Plans with fewer vehicles until some stop is lost, and with more until none is; by the number, the fewest first.

    Parameters
    ----------
    day : Day
    settings : DeliverySettings
    plan : RoutePlan
        The one at hand.
    counts : tuple of int
        Vehicles at each depot that it was allowed.

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> sorted(try_sizes(small.day, small.settings, small.plan, (1,)))
    [1]
    """
    now = _used(day, plan)
    found = {sum(now): plan}
    lost = count_lost(day, plan)
    if lost and sum(counts) > sum(now):
        return found
    while sum(now) > 1 and not lost:
        now = _take_one(day, found[sum(now)], now)
        found[sum(now)] = make_plan(day, settings, counts=now, seed=settings.seed)
        lost = count_lost(day, found[sum(now)])
    more, lost = counts, count_lost(day, plan)
    while lost and sum(more) < sum(counts) + MORE and sum(more) < len(day):
        more = _add_one(day, found[max(found)], more)
        found[sum(more)] = make_plan(day, settings, counts=more, seed=settings.seed)
        lost = count_lost(day, found[sum(more)])
    return dict(sorted(found.items()))


def _add_one(day: Day, plan: RoutePlan, counts: tuple[int, ...]) -> tuple[int, ...]:
    """One vehicle more, at the depot that is nearest to the first stop that was lost."""
    lost = plan.unserved["stop"].to_numpy(dtype=int)
    stop = int(lost[~day.hopeless[lost]][0])
    where = int(np.argmin(day.travel[len(day) :, stop]))
    return tuple(n + (place == where) for place, n in enumerate(counts))
