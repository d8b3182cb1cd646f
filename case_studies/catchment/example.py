"""A small town for the examples: nine by nine streets, two places, and people at every crossing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from case_studies.common.town import measure_edge
from domains.geodata import make_grid_town, snap_points

from .further import find_further
from .places import Places
from .reach import Reach, compute_reach
from .settings import CatchmentSettings
from .tables import Tables, make_tables
from .town import People, Town

__all__ = ["make_example", "make_example_report"]


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


def make_example_report() -> tuple[Town, Reach, Tables, CatchmentSettings]:
    """Make what the sentences of its report are worked out from.

    >>> make_example_report()[1].limits
    [5.0, 8.0]
    """
    town, settings = make_example(), CatchmentSettings(limits=[5, 8])
    reach = compute_reach(town, settings)
    return town, reach, make_tables(town, reach, find_further(town, reach, settings), settings), settings
