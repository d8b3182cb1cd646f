"""A small town for the examples: nine by nine streets, people at every crossing, three spots, and two rivals."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from case_studies.common.town import measure_edge, usual_speed
from domains.geodata import make_grid_town, snap_points

from .choice import choose_best, try_simpler
from .market import Market, make_market
from .settings import SiteSettings
from .tables import Tables, make_tables
from .town import Town
from .trials import try_otherwise

__all__ = ["SETTINGS", "make_example", "make_example_market", "make_example_report"]

SETTINGS = SiteSettings(n=2, n_jobs=1, draws=5, losses=2, random_sets=10, guard=0)


def make_example() -> Town:
    """Make a town 800 m wide with spots at its west, middle and east, and rivals in the north.

    >>> make_example().spots["spot"].tolist()
    ['West', 'Middle', 'East']
    """
    streets = make_grid_town(9, 9, spacing=100.0, lon=8.0, lat=50.0)
    crossings = pd.DataFrame({"lon": streets.lon, "lat": streets.lat})
    spots = crossings.iloc[[36, 40, 44]].reset_index(drop=True)
    sites = crossings.iloc[[74, 78]].reset_index(drop=True)
    positions = {
        name: snap_points(streets, table)
        for name, table in (("customers", crossings), ("spots", spots), ("open", sites))
    }
    speed = usual_speed(streets)
    return Town(
        source="town.osm",
        network=streets,
        customers=crossings.assign(customer=[f"c{place}" for place in range(81)]),
        weights=np.ones(81),
        counts=np.ones(81),
        guard=0.0,
        unit="people",
        spots=spots.assign(spot=["West", "Middle", "East"], size=1.0),
        open=sites.assign(key=["1", "2"], site=["Left", "Right"], size=1.0, own=False),
        sized=False,
        positions=positions,
        edge={name: measure_edge(streets, found) / speed for name, found in positions.items()},
        kind="“food/cafe” on the map",
        demand_source="",
        spot_source="",
    )


def make_example_market() -> Market:
    """Make its market.

    >>> make_example_market().total
    81.0
    """
    return make_market(make_example(), SETTINGS)


@cache
def make_example_report() -> tuple[Town, Tables]:
    """Make what the sentences of its report are worked out from, once a process.

    >>> town, tables = make_example_report()
    >>> tables.kept["spots"].query("chosen")["spot"].tolist()
    ['Middle', 'East']
    """
    town, market = make_example(), make_example_market()
    choice = choose_best(market, SETTINGS)
    trials, simpler = try_otherwise(town, market, choice, None, SETTINGS), try_simpler(market, choice, SETTINGS)
    return town, make_tables(town, market, choice, trials, simpler, SETTINGS)
