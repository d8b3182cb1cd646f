"""The rounds of a plan, and how much later a vehicle may be at each of its stops."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from domains.geodata import RoutePlan
from shared.typing import Floats, Ints

from .day import Day

__all__ = ["list_rounds", "measure_slack"]


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
