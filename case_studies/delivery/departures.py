"""When vehicles leave: as late as they can, with some of their waiting kept in hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from domains.geodata import RoutePlan
from shared.typing import Floats, Ints

from .day import Day

__all__ = ["leave_late", "list_rounds", "measure_slack"]


def list_rounds(day: Day, plan: RoutePlan) -> Iterator[tuple[int, float, Ints]]:
    """Of each vehicle that is used its depot, when it leaves, and its stops in order.

    Parameters
    ----------
    day : Day
    plan : RoutePlan

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> len(list(list_rounds(small.day, small.plan)))
    1
    """
    depots = list(day.depots["depot"])
    for one in plan.routes.itertuples():
        stops = plan.stops.loc[plan.stops["vehicle"] == one.vehicle, "stop"]
        yield depots.index(one.depot), float(one.start), stops.to_numpy(dtype=int)


def measure_slack(day: Day, plan: RoutePlan) -> Floats:
    """Minutes by which a vehicle may begin later at each stop, without being late there, further on or at home.

    Parameters
    ----------
    day : Day
        With the windows as they are asked for.
    plan : RoutePlan

    Returns
    -------
    numpy.ndarray
        NaN for stops that are not served.

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> measure_slack(small.day, small.plan).round().tolist()
    [114.0, 114.0, 114.0]
    """
    slack = np.full(len(day), np.nan)
    late, service = day.stops["late"].to_numpy(float), day.stops["service"].to_numpy(float)
    begins = (plan.stops["arrive"] + plan.stops["wait"]).set_axis(plan.stops["stop"].to_numpy(dtype=int))
    for depot, _, stops in list_rounds(day, plan):
        there, latest = len(day) + depot, day.closes
        for stop in stops[::-1].tolist():
            latest = min(latest - day.travel[stop, there] - service[stop], late[stop])
            slack[stop], there = latest - begins[stop], stop
    return slack


def leave_late(day: Day, plan: RoutePlan) -> RoutePlan:
    """The same plan with vehicles that leave so late that they wait no longer on the way than the margin of the day.

    Nobody is later home, and no stop is served after its window, whose end is that of the day with its margin.

    Parameters
    ----------
    day : Day
    plan : RoutePlan

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> float(small.plan.stops["wait"].max())  # plans have been through it
    0.0
    """
    slack = measure_slack(day, plan)
    early, service = (day.stops[name].to_numpy(float) for name in ("early", "service"))
    arrive, wait, leave = (plan.stops[name].to_numpy(float, copy=True) for name in ("arrive", "wait", "leave"))
    starts = plan.routes["start"].to_numpy(float, copy=True)
    for number, (depot, start, rows) in enumerate(list_rounds(day, plan)):
        mine = np.flatnonzero(plan.stops["vehicle"] == plan.routes["vehicle"].iloc[number])
        room = min(float(wait[mine].sum()), float(slack[rows[0]])) - day.margin
        if room <= 0:
            continue
        now, here = start + room, len(day) + depot
        starts[number] = now
        for place, stop in zip(mine.tolist(), rows.tolist(), strict=True):
            arrive[place] = now + day.travel[here, stop]
            wait[place] = max(early[stop] - arrive[place], 0.0)
            now, here = arrive[place] + wait[place] + service[stop], stop
            leave[place] = now
    stops = plan.stops.drop(columns="clock").assign(arrive=arrive, wait=wait, leave=leave)
    return replace(plan, stops=stops, routes=plan.routes.assign(start=starts))
