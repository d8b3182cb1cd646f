"""Maps by the name of a place or by corners, through OSMnx and Overpass: cached, and given up after a while."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from domains.geodata.osm.categories import PLACE_KEYS
from domains.geodata.osm.convert import chain_ways
from domains.geodata.osm.map import OsmMap, check_modes, make_map
from domains.geodata.osm.scan import Scan
from shared.checks import is_number
from shared.errors import HexadError, SettingsError, require

__all__ = ["from_bbox", "from_place"]

TAGS = ("oneway:bicycle", "cycleway", "sidewalk", "motor_vehicle", "motorcar", "vehicle", "foot", "bicycle", "area")
BY_FILE = (
    "without the network, give a file: read_osm('town.osm.pbf'), such as an extract of the town from Geofabrik or"
    " BBBike"
)


def from_place(
    place: str, *, streets: Sequence[str] = ("walk",), place_keys: Sequence[str] = PLACE_KEYS, timeout: float = 60.0
) -> OsmMap:
    """Fetch the map of a place by its name.

    What was fetched is kept in OSMnx's cache (``osmnx.settings.cache_folder``), and taken from there the next time.

    Parameters
    ----------
    place : str
        As in "Kallio, Helsinki, Finland".
    streets : sequence of {"drive", "walk", "bike"}
    place_keys : sequence of str
    timeout : float
        Seconds after which it is given up.

    Raises
    ------
    HexadError
        There is no network, no such place, or no answer in time; a file can be read without.
    MissingExtraError

    >>> from_place("")
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: place='': give the name of a place, as in 'Kallio, Helsinki, Finland'
    """
    if not isinstance(place, str) or not place.strip():
        raise SettingsError(f"place={place!r}: give the name of a place, as in 'Kallio, Helsinki, Finland'")

    def fetch(ox: Any, tags: dict[str, bool]) -> tuple[Any, Any]:
        shape = ox.geocode_to_gdf(place).union_all()
        return _fetch_polygon(ox, shape, tags)

    return _fetch(fetch, place, streets, place_keys, timeout)


def from_bbox(
    west: float,
    south: float,
    east: float,
    north: float,
    *,
    streets: Sequence[str] = ("walk",),
    place_keys: Sequence[str] = PLACE_KEYS,
    timeout: float = 60.0,
) -> OsmMap:
    """Fetch the map between corners in degrees.

    Parameters
    ----------
    west, south, east, north : float
        Longitude, latitude, longitude, latitude.
    streets : sequence of {"drive", "walk", "bike"}
    place_keys : sequence of str
    timeout : float
        Seconds after which it is given up.

    Raises
    ------
    HexadError, MissingExtraError
        See `from_place`.

    >>> from_bbox(24.9, 60.3, 25.0, 60.1)
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: corners 24.9, 60.3, 25.0, 60.1: give west < east (-180 to 180) and south < north...
    """
    corners = (west, south, east, north)
    fine = all(is_number(one) for one in corners) and -180 <= west < east <= 180 and -90 <= south < north <= 90
    if not fine:
        told = ", ".join(map(str, corners))
        raise SettingsError(f"corners {told}: give west < east (-180 to 180) and south < north (-90 to 90), in degrees")

    def fetch(ox: Any, tags: dict[str, bool]) -> tuple[Any, Any]:
        from shapely.geometry import box

        return _fetch_polygon(ox, box(*corners), tags)

    return _fetch(fetch, f"{west:g}, {south:g} to {east:g}, {north:g}", streets, place_keys, timeout)


def _fetch_polygon(ox: Any, shape: Any, tags: dict[str, bool]) -> tuple[Any, Any]:
    graph = ox.graph_from_polygon(shape, network_type="all", simplify=False, retain_all=True, truncate_by_edge=True)
    return graph, ox.features_from_polygon(shape, tags=tags)


def _fetch(
    fetch: Callable[[Any, dict[str, bool]], tuple[Any, Any]],
    source: str,
    streets: Sequence[str],
    place_keys: Sequence[str],
    timeout: float,
) -> OsmMap:
    if not is_number(timeout) or not timeout > 0:
        raise SettingsError(f"timeout={timeout!r}: give seconds, above 0")
    modes = check_modes(streets)
    require("osmnx", package="osmnx", extra="geodata")
    import osmnx as ox

    with _settings(ox, timeout):
        graph, features = _call(lambda: fetch(ox, dict.fromkeys(place_keys, True)), source, timeout)
    return make_map(_to_scan(graph, features), source, modes, place_keys)


def _call(work: Callable[[], tuple[Any, Any]], source: str, timeout: float) -> tuple[Any, Any]:
    """Do it in a thread of its own: a service that neither answers nor refuses is given up."""
    found: list[Any] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001  # told below, whatever it is
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout)
    if failed:
        told = " ".join(str(failed[0]).split())[:120] or type(failed[0]).__name__
        raise HexadError(f"the map of {source!r} could not be fetched ({told}); {BY_FILE}") from failed[0]
    if not found:
        raise HexadError(f"the map of {source!r} did not come within {timeout:g} s; {BY_FILE}")
    graph, features = found[0]
    return graph, features


@contextlib.contextmanager
def _settings(ox: Any, timeout: float) -> Iterator[None]:
    """OSMnx's settings for a while: its cache, our time limit, and the tags that decide who may use a street."""
    names = ("requests_timeout", "use_cache", "useful_tags_way")
    before = {name: getattr(ox.settings, name) for name in names}
    ox.settings.requests_timeout = max(int(timeout), 1)
    ox.settings.use_cache = True
    ox.settings.useful_tags_way = [*before["useful_tags_way"], *TAGS]
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(ox.settings, name, value)


def _to_scan(graph: Any, features: Any) -> Scan:
    """What was fetched, as if it had stood in a file."""
    where = {node: (data["x"], data["y"]) for node, data in graph.nodes(data=True)}
    ways = chain_ways(graph)
    found = Scan.of_streets(
        [way for way, _, _ in ways],
        [tags for _, tags, _ in ways],
        [nodes for _, _, nodes in ways],
        [[where[node] for node in nodes] for _, _, nodes in ways],
    )
    table = features.reset_index()
    columns = [name for name in table.columns if name not in {"element", "element_type", "id", "osmid", "geometry"}]
    kinds = table["element"] if "element" in table.columns else table["element_type"]
    ids = table["id"] if "id" in table.columns else table["osmid"]
    for kind, number, shape, row in zip(kinds, ids, table.geometry, table[columns].to_dict("records"), strict=True):
        said = {str(key): value for key, value in row.items() if isinstance(value, str)}
        if shape.geom_type == "Point":
            found.places.append((str(kind), int(number), said, float(shape.x), float(shape.y), None))
        else:
            found.places.append((str(kind), int(number), said, np.nan, np.nan, shape))
    return found
