"""A small day for the examples: six stops along two streets, of which one asks for more than a vehicle carries."""

from __future__ import annotations

import pandas as pd

from domains.geodata import make_grid_town

from .day import Day, make_day
from .settings import DeliverySettings

__all__ = ["make_example"]


def make_example() -> tuple[Day, DeliverySettings]:
    """Make a day in a town whose crossings are five minutes apart.

    >>> day, settings = make_example()
    >>> day.names, day.counts, settings.margin
    (['a', 'b', 'c', 'd', 'e', 'f'], (3,), 5.0)
    """
    streets = make_grid_town(4, 4, spacing=400.0, lon=8.0, lat=50.0)
    crossings = pd.DataFrame({"lon": streets.lon, "lat": streets.lat})
    stops = crossings.iloc[[1, 2, 3, 4, 8, 12]].assign(
        stop=list("abcdef"), load=[1, 1, 1, 1, 1, 9], late=["8:10", "9:00", "9:00", None, None, None]
    )
    depots = crossings.iloc[[0]].assign(depot="home", vehicles=3)
    settings = DeliverySettings(
        start="8:00",
        end="9:30",
        vehicles=3,
        capacity=4,
        service=2,
        margin=5,
        searches=1,
        iterations=50,
        days=20,
        slower=[0, 20],
        n_jobs=1,
    )
    return make_day(streets, stops.reset_index(drop=True), "stops", depots.reset_index(drop=True), settings), settings
