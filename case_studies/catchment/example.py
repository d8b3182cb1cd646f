"""A small town for the examples: nine by nine streets, two places, and people at every crossing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from case_studies.common.town import measure_edge
from domains.geodata import make_grid_town, snap_points

from .places import Places
from .town import People, Town

__all__ = ["make_example"]


def make_example() -> Town:
    """Make a town 800 m wide whose two places lie at its western side.

    >>> make_example().people.total
    81.0
    """
    streets = make_grid_town(9, 9, spacing=100.0, lon=8.0, lat=50.0)
    crossings = pd.DataFrame({"lon": streets.lon, "lat": streets.lat})
    people = snap_points(streets, crossings)
    places = Places(people.take([0, 72]), ["South", "North"], "place of “health/pharmacy”")
    return Town("town.osm", streets, places, People(people, np.ones(81), "people"), measure_edge(streets, people))
