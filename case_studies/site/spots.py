"""Where one might open: a table of the user's own, or busy junctions of the map, spread evenly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from case_studies.common.town import measure_edge, name_crossings
from domains.geodata import OsmMap, Points, StreetNetwork, snap_points
from shared.typing import Floats, Ints

from .settings import SiteSettings

__all__ = ["make_spots", "spread_out"]

# Groups of the map's places that say nothing of how many people pass by.
QUIET = ("street", "transport")
FEWEST = 50  # spots that are made at least, where the map has as many junctions
CROSSING = 3  # street pieces that meet at a junction
APART = 40.0  # m between spots: the four corners of a crossing are one


def make_spots(town: OsmMap, network: StreetNetwork, settings: SiteSettings, guard: float) -> tuple[pd.DataFrame, str]:
    """Make spots from a map: junctions with enough places around, drawn so that they are spread evenly.

    Parameters
    ----------
    town : OsmMap
    network : StreetNetwork
    settings : SiteSettings
    guard : float
        Metres from the edge of the map within which none is made.

    Returns
    -------
    table, sentence
        "name" (of the crossing), "lon", "lat"; and how they were made.

    >>> from domains.geodata import find_map, read_osm
    >>> town = read_osm(find_map("helsinki"), streets=["walk"])
    >>> table, told = make_spots(town, town.streets("walk"), SiteSettings(candidates=60), 100.0)
    >>> 50 <= len(table) <= 60, told[:10]
    (True, 'Spots are ')
    """
    nodes = _find_junctions(network)
    at = Points(network.lon[nodes], network.lat[nodes], pd.RangeIndex(len(nodes)))
    nodes = nodes[measure_edge(network, at) >= guard]
    count = _count_around(town, network, nodes, settings.around)
    for least in _list_bars(count, settings.least_around):
        found = nodes[count >= least]
        where = network.node_plane[found]
        picked = found[spread_out(where, settings.candidates, settings.seed, APART)]
        if len(picked) >= FEWEST:
            break
    far = float(cKDTree(network.node_plane[picked]).query(where)[0].max(initial=0.0))
    table = pd.DataFrame({"lon": network.lon[picked], "lat": network.lat[picked]})
    table.insert(0, "name", name_crossings(network, snap_points(network, table)))
    told = (
        f"Spots are {len(picked):,} junctions with {least:,} or more places within {settings.around:g} m, spread"
        f" evenly: each of the {len(found):,} such junctions is within {far:.0f} m of one. Whether rooms are to be had"
        " there, and at what rent, is not looked at."
    )
    return table, told


def _find_junctions(network: StreetNetwork) -> Ints:
    """Where streets meet, one with a name among them; fewer is asked where that leaves too few."""
    used = np.flatnonzero(network.open_air)
    ends = np.concatenate([network.tail[used], network.head[used]])
    degree = np.bincount(ends, minlength=network.n_nodes)
    named = np.zeros(network.n_nodes, dtype=bool)
    named[ends[np.tile(network.names[used] != "", 2)]] = True
    for wanted in ((degree >= CROSSING) & named, degree >= CROSSING):
        if (wanted & network.strong).sum() >= FEWEST:
            return np.flatnonzero(wanted & network.strong)
    return np.flatnonzero((degree > 0) & network.strong)


def _list_bars(count: Ints, least: int) -> list[int]:
    """The bar that was set, and lower ones at which there are more junctions."""
    return [least, *np.unique(count[count < least])[::-1].tolist()]


def _count_around(town: OsmMap, network: StreetNetwork, nodes: Ints, metres: float) -> Ints:
    """Places near each junction, as the crow flies."""
    places = town.places
    loud = ~places["category"].str.split("/").str[0].isin(QUIET).to_numpy(dtype=bool)
    x, y = network.projection.to_plane(places["lon"].to_numpy()[loud], places["lat"].to_numpy()[loud])
    if not len(x):
        return np.zeros(len(nodes), dtype=np.int64)
    found: Any = cKDTree(np.column_stack([x, y])).query_ball_point(
        network.node_plane[nodes], metres, return_length=True
    )
    return np.asarray(found, dtype=np.int64)


def spread_out(points: Floats, most: int, seed: int, apart: float = 0.0) -> Ints:
    """Draw points that keep away from one another: as many as possible up to a number (dart throwing).

    Parameters
    ----------
    points : numpy.ndarray of shape (n, 2)
        In metres.
    most : int
    seed : int
    apart : float
        Metres between two of them at least.

    >>> spread_out(np.array([[0.0, 0.0], [1.0, 0.0], [90.0, 0.0]]), 2, 1).tolist()
    [0, 2]
    """
    if not len(points):
        return np.zeros(0, dtype=np.int64)
    order = np.random.default_rng(seed).permutation(len(points))
    best = _throw(points, order, apart)
    low, high = apart, float(np.ptp(points, axis=0).max()) + 1.0
    for _ in range(20 if len(best) > most else 0):
        middle = (low + high) / 2
        best = _throw(points, order, middle)
        low, high = (middle, high) if len(best) > most else (low, middle)
    return best if len(best) <= most else _throw(points, order, high)


def _throw(points: Floats, order: Ints, apart: float) -> Ints:
    """Keep each point, in some order, that is as far as that from all that were kept."""
    free = np.ones(len(points), dtype=bool)
    kept = []
    near = cKDTree(points).query_ball_point(points, apart)
    for place in order.tolist():
        if free[place]:
            kept.append(place)
            free[near[place]] = False
    return np.sort(np.array(kept, dtype=np.int64))
