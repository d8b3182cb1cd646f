"""Compiled loops of vehicle routing: ruin by strings of neighbours, recreate greedily, accept as in annealing.

Slack induction by string removals (Christiaens & Vanden Berghe 2020), with time windows, several depots, vehicles that
differ, and customers that may stay unserved at a price.
"""

from __future__ import annotations

import numpy as np

from shared.runtime.compile import jit
from shared.typing import Floats, Ints

__all__ = ["anneal", "time_route"]

MEAN_REMOVED = 10.0  # customers ruined an iteration, on average (the paper's)
LONGEST_STRING = 10
SPLIT = 0.5  # chance that a string keeps some customers in its middle
BLINK = 0.01  # chance that a place is overlooked


@jit(nogil=True)
def time_route(
    route: Ints,
    size: int,
    depot: int,
    travel: Floats,
    early: Floats,
    late: Floats,
    service: Floats,
    opens: float,
    closes: float,
    arrive: Floats,
    latest: Floats,
) -> bool:
    """When a route reaches its stops at the earliest, and by when at the latest it must; whether both agree.

    Parameters
    ----------
    route : numpy.ndarray of int
        Places in the matrix, the first `size` of them.
    size, depot : int
    travel : numpy.ndarray of shape (n, n)
    early, late, service : numpy.ndarray of shape (n,)
    opens, closes : float
        Of the vehicle's day.
    arrive, latest : numpy.ndarray
        Filled: the start of service at the earliest, and at the latest.
    """
    now, here = opens, depot
    fine = True
    for i in range(size):
        stop = route[i]
        now = max(now + travel[here, stop], early[stop])
        if now > late[stop]:
            fine = False
        arrive[i] = now
        now += service[stop]
        here = stop
    if now + travel[here, depot] > closes:
        fine = False
    then, here = closes, depot
    for k in range(size):
        i = size - 1 - k
        stop = route[i]
        then = min(then - travel[stop, here] - service[stop], late[stop])
        latest[i] = then
        here = stop
    return fine


@jit(nogil=True)
def _route_cost(route: Ints, size: int, depot: int, cost: Floats, fixed: float) -> float:
    if size == 0:
        return 0.0
    total: float = fixed + cost[depot, route[0]]
    for i in range(1, size):
        total += cost[route[i - 1], route[i]]
    total += cost[route[size - 1], depot]
    return total


@jit(nogil=True)
def _remove(
    routes: Ints,
    sizes: Ints,
    r: int,
    first: int,
    count: int,
    keep: int,
    kept: int,
    at: Ints,
    absent: Ints,
    n_absent: int,
) -> int:
    """Take a string out of a route, but for `kept` customers from its place `keep` on."""
    size = sizes[r]
    put = first
    for i in range(first, size):
        inside = i < first + count and not (keep <= i - first < keep + kept)
        if inside:
            absent[n_absent] = routes[r, i]
            at[routes[r, i]] = -1
            n_absent += 1
        else:
            routes[r, put] = routes[r, i]
            put += 1
    sizes[r] = put
    return n_absent


@jit(nogil=True)
def _copy_routes(routes: Ints, sizes: Ints, to: Ints, to_sizes: Ints) -> None:
    for r in range(len(sizes)):
        to_sizes[r] = sizes[r]
        for i in range(sizes[r]):
            to[r, i] = routes[r, i]


@jit(nogil=True)
def anneal(
    cost: Floats,
    travel: Floats,
    demand: Floats,
    early: Floats,
    late: Floats,
    service: Floats,
    price: Floats,
    depots: Ints,
    capacity: Floats,
    opens: Floats,
    closes: Floats,
    fixed: Floats,
    near: Ints,
    n_steps: int,
    hot: float,
    cold: float,
    seed: int,
) -> tuple[Ints, Ints, float]:
    """Search for cheap routes.

    Parameters
    ----------
    cost, travel : numpy.ndarray of shape (n, n)
        Between all places, customers first; infinite where there is no way.
    demand, early, late, service, price : numpy.ndarray of shape (n_customers,)
        Load; when service may begin; how long it takes; what it costs not to serve.
    depots, capacity, opens, closes, fixed : numpy.ndarray of shape (n_vehicles,)
        Place of each vehicle's depot, what it carries, its day, and what using it costs.
    near : numpy.ndarray of int, shape (n_customers, k)
        Customers by how near they are, each first to itself.
    n_steps : int
    hot, cold : float
        Temperatures at the start and the end, in units of cost.
    seed : int

    Returns
    -------
    routes : numpy.ndarray of int, shape (n_vehicles, n_customers)
    sizes : numpy.ndarray of int, shape (n_vehicles,)
    float
        Total cost, prices of the unserved included.
    """
    np.random.seed(seed)  # numba's generator, of this thread alone
    n, m = len(demand), len(depots)
    routes, sizes = np.zeros((m, n), np.int64), np.zeros(m, np.int64)
    load, at = np.zeros(m), np.full(n, -1, np.int64)
    arrive, latest = np.zeros((m, n + 1)), np.zeros((m, n + 1))
    absent, n_absent = np.arange(n), n
    ruined, key, waiting = np.zeros(m, np.bool_), np.zeros(n), np.zeros(n, np.int64)
    costs = np.zeros(m)
    best_routes, best_sizes, best = np.zeros((m, n), np.int64), np.zeros(m, np.int64), np.inf
    old_routes, old_sizes, old_load = np.zeros((m, n), np.int64), np.zeros(m, np.int64), np.zeros(m)
    old_at, old_absent, n_old_absent, old_costs = np.full(n, -1, np.int64), np.arange(n), n, np.zeros(m)
    old_arrive, old_latest = np.zeros((m, n + 1)), np.zeros((m, n + 1))
    current = np.inf
    temperature = hot
    cooling = (cold / hot) ** (1.0 / max(n_steps - 1, 1))
    for step in range(n_steps):
        for r in range(m):
            ruined[r] = False
        if step > 0:
            used, served = 0, 0
            for r in range(m):
                used += sizes[r] > 0
                served += sizes[r]
            mean_size = served / used if used else 1.0
            longest = min(float(LONGEST_STRING), mean_size)
            most = 4.0 * MEAN_REMOVED / (1.0 + longest) - 1.0
            strings = int(np.random.random() * most + 1.0)
            centre = np.random.randint(n)
            done = 0
            for k in range(near.shape[1]):
                if done >= strings:
                    break
                c = near[centre, k]
                r = at[c]
                if r < 0 or ruined[r]:
                    continue
                size = sizes[r]
                length = int(np.random.random() * min(float(size), longest) + 1.0)
                length = min(length, size)
                place = 0
                while routes[r, place] != c:
                    place += 1
                keep, kept, span = 0, 0, length
                if length < size and length > 1 and np.random.random() < SPLIT:
                    kept = 1
                    while length + kept < size and np.random.random() > SPLIT:
                        kept += 1
                    span = length + kept
                    keep = np.random.randint(1, length)
                low = max(0, place - span + 1)
                high = min(place, size - span)
                first = low + np.random.randint(high - low + 1)
                n_absent = _remove(routes, sizes, r, first, span, keep, kept, at, absent, n_absent)
                ruined[r] = True
                done += 1
            for r in range(m):
                if ruined[r]:
                    load[r] = 0.0
                    for i in range(sizes[r]):
                        load[r] += demand[routes[r, i]]
                    time_route(
                        routes[r],
                        sizes[r],
                        depots[r],
                        travel,
                        early,
                        late,
                        service,
                        opens[r],
                        closes[r],
                        arrive[r],
                        latest[r],
                    )
        # Recreate: in an order that changes, each customer to its cheapest place.
        kind = np.random.randint(13)
        for k in range(n_absent):
            c = absent[k]
            if kind < 4:
                key[k] = np.random.random()
            elif kind < 8:
                key[k] = -demand[c]
            elif kind < 10:
                key[k] = -cost[depots[0], c]
            elif kind < 11:
                key[k] = cost[depots[0], c]
            elif kind < 12:
                key[k] = late[c] - early[c]
            else:
                key[k] = late[c]
        for k in range(n_absent):  # few: sorted by insertion
            c, worth, i = absent[k], key[k], k - 1
            while i >= 0 and key[i] > worth:
                key[i + 1], waiting[i + 1] = key[i], waiting[i]
                i -= 1
            key[i + 1], waiting[i + 1] = worth, c
        n_waiting, n_absent = n_absent, 0
        for k in range(n_waiting):
            c = waiting[k]
            where, place, least = -1, 0, price[c]
            empty_depot = -1
            for r in range(m):
                if load[r] + demand[c] > capacity[r] + 1e-9:
                    continue
                size, depot = sizes[r], depots[r]
                if size == 0:
                    # Empty vehicles of one kind are the same: the first is enough.
                    e = empty_depot
                    if e >= 0 and depots[e] == depot and capacity[e] == capacity[r] and fixed[e] == fixed[r]:
                        if opens[e] == opens[r] and closes[e] == closes[r]:
                            continue
                    empty_depot = r
                for i in range(size + 1):
                    before = routes[r, i - 1] if i > 0 else depot
                    after = routes[r, i] if i < size else depot
                    extra = cost[before, c] + cost[c, after]
                    extra += fixed[r] if size == 0 else -cost[before, after]
                    if not extra < least:
                        continue
                    if np.random.random() < BLINK:
                        continue
                    start = arrive[r, i - 1] + service[before] if i > 0 else opens[r]
                    begin = max(start + travel[before, c], early[c])
                    if begin > late[c]:
                        continue
                    end = begin + service[c] + travel[c, after]
                    if end > (latest[r, i] if i < size else closes[r]):
                        continue
                    where, place, least = r, i, extra
            if where < 0:
                absent[n_absent] = c
                n_absent += 1
                continue
            for i in range(sizes[where], place, -1):
                routes[where, i] = routes[where, i - 1]
            routes[where, place] = c
            sizes[where] += 1
            load[where] += demand[c]
            at[c] = where
            ruined[where] = True
            time_route(
                routes[where],
                sizes[where],
                depots[where],
                travel,
                early,
                late,
                service,
                opens[where],
                closes[where],
                arrive[where],
                latest[where],
            )
        total = 0.0
        for r in range(m):
            if ruined[r]:
                costs[r] = _route_cost(routes[r], sizes[r], depots[r], cost, fixed[r])
            total += costs[r]
        for k in range(n_absent):
            total += price[absent[k]]
        if total < best - 1e-9:
            best = total
            _copy_routes(routes, sizes, best_routes, best_sizes)
        if total < current - temperature * np.log(np.random.random()):
            current = total
            for r in range(m):
                if ruined[r]:
                    for i in range(sizes[r]):
                        old_routes[r, i], old_arrive[r, i], old_latest[r, i] = routes[r, i], arrive[r, i], latest[r, i]
                    old_sizes[r], old_load[r], old_costs[r] = sizes[r], load[r], costs[r]
            for c in range(n):
                old_at[c], old_absent[c] = at[c], absent[c]
            n_old_absent = n_absent
        else:
            for r in range(m):
                if ruined[r]:
                    sizes[r], load[r], costs[r] = old_sizes[r], old_load[r], old_costs[r]
                    for i in range(sizes[r]):
                        routes[r, i], arrive[r, i], latest[r, i] = old_routes[r, i], old_arrive[r, i], old_latest[r, i]
            for c in range(n):
                at[c], absent[c] = old_at[c], old_absent[c]
            n_absent = n_old_absent
        temperature *= cooling
    return best_routes, best_sizes, best
