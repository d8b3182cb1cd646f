"""A day small enough to be worked out while one reads: three stops and one depot in a town of straight streets."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import pandas as pd

from domains.geodata import RoutePlan, make_grid_town

from .day import Day, make_day
from .results import Results, work_out
from .settings import DeliverySettings
from .tables import Tables, make_tables

__all__ = ["Sample", "make_sample", "make_sample_tables"]


@dataclass(frozen=True)
class Sample:
    """A day, its settings, and all that is worked out of it.

    Attributes
    ----------
    day : Day
    settings : DeliverySettings
    results : Results

    >>> len(make_sample().day)
    3
    """

    day: Day
    settings: DeliverySettings
    results: Results

    @property
    def plan(self) -> RoutePlan:
        """The plan that was taken."""
        return self.results.plans.best


@functools.cache
def make_sample() -> Sample:
    """Make the small day, once a process.

    >>> make_sample().plan.stops["stop"].nunique()
    3
    """
    town = make_grid_town(4, 4, spacing=200.0, mode="drive")
    spots = pd.DataFrame(town.nodes_to_frame()[["lon", "lat"]])
    stops = spots.iloc[[3, 6, 12]].assign(
        stop=["a", "b", "c"], load=[1.0, 2.0, 3.0], early="7:00", late="9:00", service=2
    )
    settings = DeliverySettings(iterations=50, searches=2, days=20)
    depots = spots.iloc[[0]].assign(depot="home", vehicles=2)
    day = make_day(town, stops.reset_index(drop=True), "stops", depots.reset_index(drop=True), settings)
    return Sample(day, settings, work_out(day, settings))


def make_sample_tables() -> tuple[Sample, Tables]:
    """The small day with the tables that its report speaks from.

    >>> sorted(make_sample_tables()[1].kept)
    ['compared', 'lateness', 'sizes', 'totals', 'vehicles', 'ways']
    """
    small = make_sample()
    return small, make_tables(small.results, small.settings)
