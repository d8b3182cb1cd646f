"""The edge of a map, beyond which nothing is seen."""

from __future__ import annotations

import numpy as np

from domains.geodata import Positions, StreetNetwork
from shared.typing import Floats

__all__ = ["measure_edge"]


def measure_edge(network: StreetNetwork, positions: Positions) -> Floats:
    """Metres, as the crow flies, from points to the outline of all streets of the map; 0 beyond it.

    Parameters
    ----------
    network : StreetNetwork
    positions : Positions

    >>> import pandas as pd
    >>> from domains.geodata import make_grid_town, snap_points
    >>> town = make_grid_town(3, 3, spacing=100.0)
    >>> middle = snap_points(town, town.nodes_to_frame().iloc[[4]])
    >>> measure_edge(town, middle).round().tolist()
    [100.0]
    """
    import shapely

    inside = shapely.convex_hull(shapely.multipoints(network.plane))
    shapely.prepare(inside)
    x, y = network.projection.to_plane(positions.lon, positions.lat)
    dots = shapely.points(x, y)
    return np.where(shapely.contains_properly(inside, dots), shapely.distance(inside.boundary, dots), 0.0)
