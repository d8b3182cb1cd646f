"""Geodata: from a map file to the right site, with streets, catchments, routes and location as a feature."""

from domains.geodata.access.features import LocationFeatures
from domains.geodata.access.huff import HuffModel, MarketShares, weigh_pull
from domains.geodata.access.measure import (
    FloatingCatchment,
    compute_floating_catchment,
    compute_hill,
    measure_access,
)
from domains.geodata.bundled import find_map
from domains.geodata.isochrones.polygons import compute_isochrones
from domains.geodata.maps.interactive import write_map
from domains.geodata.maps.layers import MapLayer
from domains.geodata.maps.static import draw_map
from domains.geodata.network.costs import StreetCosts, compute_costs, find_nearest
from domains.geodata.network.grid import make_grid_town
from domains.geodata.network.paths import find_routes
from domains.geodata.network.snap import Positions, snap_points
from domains.geodata.network.streets import StreetNetwork
from domains.geodata.osm.addresses import FoundAddresses, find_addresses
from domains.geodata.osm.categories import CATEGORIES, PLACE_KEYS, categorise
from domains.geodata.osm.convert import from_osmnx, to_osmnx
from domains.geodata.osm.file import is_map
from domains.geodata.osm.map import ATTRIBUTION, OsmMap, read_osm
from domains.geodata.osm.online import from_bbox, from_place
from domains.geodata.osm.speeds import WALKING_PACE
from domains.geodata.points import Points, read_points
from domains.geodata.routing.plan import RoutePlan, plan_routes
from domains.geodata.routing.problem import Fleet, read_stops
from domains.geodata.sites.choose import choose_sites
from domains.geodata.sites.decision import SiteDecision
from domains.geodata.sites.rank import rank_sites

__all__ = [
    "ATTRIBUTION",
    "CATEGORIES",
    "Fleet",
    "FloatingCatchment",
    "FoundAddresses",
    "HuffModel",
    "LocationFeatures",
    "MapLayer",
    "MarketShares",
    "OsmMap",
    "PLACE_KEYS",
    "Points",
    "Positions",
    "StreetCosts",
    "StreetNetwork",
    "RoutePlan",
    "SiteDecision",
    "WALKING_PACE",
    "categorise",
    "choose_sites",
    "compute_costs",
    "compute_floating_catchment",
    "compute_hill",
    "compute_isochrones",
    "draw_map",
    "find_addresses",
    "find_map",
    "find_nearest",
    "find_routes",
    "is_map",
    "from_bbox",
    "from_osmnx",
    "from_place",
    "make_grid_town",
    "measure_access",
    "plan_routes",
    "rank_sites",
    "read_osm",
    "read_points",
    "read_stops",
    "snap_points",
    "to_osmnx",
    "weigh_pull",
    "write_map",
]


def __dir__() -> list[str]:
    return sorted(__all__)
