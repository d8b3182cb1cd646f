"""The map of the catchment report: what is within reach, the places, and who is beyond."""

from __future__ import annotations

import numpy as np
import pandas as pd

from domains.geodata import MapLayer, compute_isochrones, draw_map
from shared.reporting import Figure

from .further import Further, thin_out
from .reach import Reach
from .town import Town

__all__ = ["draw_reach", "make_layers"]

MOST_DOTS = 500  # of those beyond, spread evenly, so that the report stays small


def make_layers(town: Town, reach: Reach, further: Further | None) -> list[MapLayer]:
    """What the map shows, the lowest first: areas within each limit, people beyond the last, places, one more place.

    Parameters
    ----------
    town : Town
    reach : Reach
    further : Further, optional

    >>> from .example import make_example
    >>> from .settings import CatchmentSettings
    >>> town, settings = make_example(), CatchmentSettings(limits=[5, 8])
    >>> from .reach import compute_reach
    >>> reach = compute_reach(town, settings)
    >>> [layer.name for layer in make_layers(town, reach, None)]
    ['within 8 min', 'within 5 min', 'beyond 8 min', 'places']
    """
    seconds = [60 * limit for limit in reach.limits]
    areas = compute_isochrones(town.network, town.places.positions, seconds, direction="to", merge=True)
    layers = [
        MapLayer(f"within {limit:g} min", areas[areas["limit"] == 60 * limit]) for limit in reversed(reach.limits)
    ]
    late = np.flatnonzero(~reach.reached(reach.goal) & (reach.weight > 0))
    if len(late):
        where = town.people.positions.take(late)
        some = thin_out(*town.network.projection.to_plane(where.lon, where.lat), MOST_DOTS)
        drawn = "" if len(some) == len(late) else f", {len(some):,} of {len(late):,} drawn"
        late, where = late[some], where.take(some)
        beyond = pd.DataFrame(
            {"lon": where.lon, "lat": where.lat, "street": reach.streets[late], "minutes": reach.minutes[late].round(1)}
        ).assign(number=reach.weight[late])
        told = ["street", "minutes", "number"]
        size = "number" if len(set(beyond["number"])) > 1 else None
        layers.append(MapLayer(f"beyond {reach.goal:g} min{drawn}", beyond, told, "second", size))
    if further is not None and further.gain:
        spot = pd.DataFrame({"lon": [further.lon], "lat": [further.lat], "street": [further.street]})
        more = spot.assign(more=further.gain, mark="+")
        layers.append(MapLayer("one more place", more, ["street", "more"], "accent", mark="mark"))
    found = town.places.positions
    places = pd.DataFrame({"lon": found.lon, "lat": found.lat, "name": town.places.names})
    places["nearest to"] = reach.places["nearest"]
    layers.append(MapLayer("places", places, ["name", "nearest to"], "ink"))
    return layers


def draw_reach(town: Town, layers: list[MapLayer]) -> Figure:
    """Draw the map for the report.

    Parameters
    ----------
    town : Town
    layers : list of MapLayer

    >>> from .example import make_example
    >>> draw_reach(make_example(), []).alt
    'Map of what is within reach of a place, and of who is beyond.'
    """
    return draw_map(
        town.network,
        layers,
        alt="Map of what is within reach of a place, and of who is beyond.",
        caption="From where one gets to a place in time, along the streets.",
        zoom=False,
        size=(6.4, 5.0),
    )
