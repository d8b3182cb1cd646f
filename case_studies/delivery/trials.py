"""The plan tried on simulated days, on which drives and stops take longer or shorter than planned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from domains.geodata import RoutePlan
from shared.typing import Floats

from .day import TOLERANCE, Day
from .departures import list_rounds
from .settings import DeliverySettings

__all__ = ["Lateness", "drive_days", "try_days"]


@dataclass(frozen=True)
class Lateness:
    """How days went on which all drives took longer.

    Attributes
    ----------
    slower : float
        Longer by so many %.
    late : float
        Share of the served stops with an end of their window that were reached after it, over all days.
    days : float
        Share of days with a late stop.
    back : float
        Share of rounds that ended after the working day.
    by_stop : numpy.ndarray
        Share of days on which each stop was late.

    >>> Lateness(10.0, 0.02, 0.5, 0.0, np.zeros(3)).late
    0.02
    """

    slower: float
    late: float
    days: float
    back: float
    by_stop: Floats


def try_days(day: Day, plan: RoutePlan, settings: DeliverySettings) -> list[Lateness]:
    """Drive the plan on simulated days; the same stop has the same luck in every plan.

    The minutes of each drive and of each stop are those planned times a lognormal factor with a mean of 1. Vehicles
    leave when they are planned to and keep the order of their stops.

    Parameters
    ----------
    day : Day
        With the windows as they are asked for, without a margin.
    plan : RoutePlan
    settings : DeliverySettings

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> len(try_days(small.day, small.plan, small.settings)) > 1
    True
    """
    drives, stays, returns = _draw_days(day, settings)
    return [_try(day, plan, 1 + slower / 100, drives, stays, returns) for slower in settings.slower]


def drive_days(day: Day, rounds: Iterable[tuple[int, Sequence[int]]], settings: DeliverySettings) -> Floats:
    """Minutes of driving that some rounds take on each simulated day, with the luck that each stop has in every plan.

    Parameters
    ----------
    day : Day
    rounds : iterable of (int, sequence of int)
        Depot and stops of each vehicle.
    settings : DeliverySettings

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> len(drive_days(small.day, [(0, [0, 1])], small.settings)) == small.settings.days
    True
    """
    drives, _, returns = _draw_days(day, settings)
    total = np.zeros(settings.days)
    for depot, stops in rounds:
        home = here = len(day) + depot
        for stop in stops:
            total += day.travel[here, stop] * drives[:, stop]
            here = stop
        total += day.travel[here, home] * returns[:, here] if here != home else 0.0
    return total


def _draw_days(day: Day, settings: DeliverySettings) -> tuple[Floats, Floats, Floats]:
    """Factors of the drive to each stop, of the minutes there, and of the drive home from it, by day."""
    rng = np.random.default_rng(settings.seed)
    shape = (settings.days, len(day))
    drives, stays = (_draw(rng, shape, spread) for spread in (settings.drive_spread, settings.stop_spread))
    return drives, stays, _draw(rng, shape, settings.drive_spread)


def _draw(rng: np.random.Generator, shape: tuple[int, int], spread: float) -> Floats:
    return np.exp(spread * rng.standard_normal(shape) - spread**2 / 2)


def _try(day: Day, plan: RoutePlan, pace: float, drives: Floats, stays: Floats, returns: Floats) -> Lateness:
    late = np.zeros(drives.shape, dtype=bool)
    after = []
    early, end, service = (day.stops[name].to_numpy(float) for name in ("early", "late", "service"))
    for depot, start, stops in list_rounds(day, plan):
        home = len(day) + depot
        now, here = np.full(len(drives), start), home
        for stop in stops.tolist():
            now = np.maximum(now + day.travel[here, stop] * pace * drives[:, stop], early[stop])
            late[:, stop] = now > end[stop] + TOLERANCE
            now, here = now + service[stop] * stays[:, stop], stop
        now = now + day.travel[here, home] * pace * returns[:, here]
        after.append(now > day.closes + TOLERANCE)
    asked = day.windowed[plan.stops["stop"].to_numpy(dtype=int)]
    late &= day.windowed
    return Lateness(
        round(100 * (pace - 1), 6),
        float(late.sum() / len(late) / asked.sum()) if asked.any() else 0.0,
        float(late.any(axis=1).mean()),
        float(np.mean(after)) if after else 0.0,
        late.mean(axis=0),
    )
