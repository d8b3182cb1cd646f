"""What the study of sites reads: a map, customers, spots where one might open, the sites that are open, and visits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from case_studies.common.town import measure_edge, tell_apart, usual_speed
from domains.geodata import OsmMap, Positions, StreetNetwork
from shared.reporting import Run
from shared.typing import Floats

from .reading import Reader
from .settings import SiteSettings

__all__ = ["Town", "read_town"]

LEFT = 1 / 3  # of the demand that has to count; a guard that leaves less is shortened


@dataclass(frozen=True)
class Town:
    """A map with what is asked of it; every table lies on its streets, and has the order of its positions.

    Attributes
    ----------
    source : str
        What the map is called.
    network : StreetNetwork
    customers : pandas.DataFrame
        In the user's columns, and "kind" where they were made from the map.
    weights : numpy.ndarray
        Demand of each.
    counts : numpy.ndarray
        The same, and 0 within the guard: nearer to the edge of the map, rivals beyond it are not seen.
    guard : float
        Minutes.
    unit : str
        What demand is counted in: the user's column; empty where it was made.
    spots : pandas.DataFrame
        "spot" (each once), "lon", "lat" and "size".
    open : pandas.DataFrame
        "key", "site" (each once), "lon", "lat", "size" and "own".
    sized : bool
        Whether sizes count; else all sites are alike.
    positions : dict of Positions
        "customers", "spots" and "open".
    edge : dict of numpy.ndarray
        Minutes to the edge of the map, as the crow flies, by the same names.
    kind : str
        What the rivals are.
    demand_source, spot_source : str
        How demand and spots were made from the map; empty where they are the user's.
    notes : tuple of str
        What was left out.
    read : tuple of str
        How tables were read.

    >>> from .example import make_example
    >>> make_example().open["site"].tolist()
    ['Left', 'Right']
    """

    source: str
    network: StreetNetwork
    customers: pd.DataFrame
    weights: Floats
    counts: Floats
    guard: float
    unit: str
    spots: pd.DataFrame
    open: pd.DataFrame
    sized: bool
    positions: dict[str, Positions]
    edge: dict[str, Floats]
    kind: str
    demand_source: str
    spot_source: str
    notes: tuple[str, ...] = ()
    read: tuple[str, ...] = ()


def read_town(out: Run, settings: SiteSettings) -> tuple[Town, OsmMap]:
    """Read the bundled map, or the user's own files; what they lack is made from the map.

    Parameters
    ----------
    out : Run
    settings : SiteSettings

    Raises
    ------
    DataError, SettingsError
        A file cannot be used, no rival is there, or spots are too few.

    >>> from pathlib import Path
    >>> read_town(Run("demo", Path("none"), "A demo", "", {"map": "no-such.osm"}), SiteSettings())
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such.osm (map): there is no such file ...
    """
    reader = Reader(out, settings)
    customers, home, weights, unit, demand_source = reader.customers()
    speed = usual_speed(reader.network)
    near = measure_edge(reader.network, home) / speed
    guard = _shorten(settings.guard, near, weights)
    spots, where, spot_source = reader.spots(guard)
    sites, there = reader.open()
    spots, sites, sized = reader.settle_sizes(spots, sites)
    positions = {"customers": home, "spots": where, "open": there}
    # One set of names for all: they stand side by side in tables.
    names = tell_apart([*spots["spot"], *sites["site"]])
    town = Town(
        source=reader.town.source,
        network=reader.network,
        customers=customers,
        weights=weights,
        counts=np.where(near >= guard, weights, 0.0),
        guard=guard,
        unit=unit,
        spots=spots.assign(spot=names[: len(spots)]),
        open=sites.assign(site=names[len(spots) :]),
        sized=sized,
        positions=positions,
        edge={name: measure_edge(reader.network, found) / speed for name, found in positions.items()},
        kind=reader.say_rivals(),
        demand_source=demand_source,
        spot_source=spot_source,
        notes=tuple(reader.notes),
        read=tuple(reader.read),
    )
    return town, reader.town


def _shorten(guard: float, edge: Floats, weights: Floats) -> float:
    """Minutes of the guard, but no more than leave a third of the demand."""
    order = np.argsort(-edge, kind="stable")
    place = int(np.searchsorted(np.cumsum(weights[order]), LEFT * weights.sum()))
    return min(guard, float(edge[order[min(place, len(order) - 1)]]))
