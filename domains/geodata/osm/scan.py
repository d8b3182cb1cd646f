"""One pass over a map file: streets, places, addresses and turn restrictions as they stand in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from domains.geodata.osm.file import open_map, refuse_reading
from shared.typing import Floats, Ints

__all__ = ["STREET_KEYS", "Scan", "scan_map"]

# Tags of a street that decide who may use it, in which direction and how fast; a column each.
STREET_KEYS = (
    "highway", "name", "oneway", "junction", "maxspeed", "access", "service", "area", "vehicle", "motor_vehicle",
    "motorcar", "tunnel", "foot", "bicycle", "oneway:bicycle", "cycleway", "sidewalk",
)  # fmt: skip
N_DRIVE_KEYS = 12  # the first of them, which drivers heed
STREET, NUMBER, TOWN, POSTCODE = "addr:street", "addr:housenumber", "addr:city", "addr:postcode"


@dataclass
class Scan:
    """What a file holds, unjudged.

    Attributes
    ----------
    way_ids : list of int
    way_tags : list of tuple
        In the order of `STREET_KEYS`; None where a street has no such tag.
    way_refs : list of list of int
        Nodes of each street.
    way_lines : list of str
        Its line, as well-known binary in hexadecimal.
    places : list of tuple
        "node", "way" or "relation", id, tags, and either longitude and latitude or a geometry.
    addresses : list of tuple
        Longitude, latitude, street, number, town and postcode of what is no place.
    restrictions : int
        Relations that forbid or command a turn.
    torn : int
        Streets left out, or cut, because positions of their nodes are missing.
    objects : int
        How many objects were looked at.

    >>> Scan().torn
    0
    """

    way_ids: list[int] = field(default_factory=list)
    way_tags: list[tuple[str | None, ...]] = field(default_factory=list)
    way_refs: list[list[int]] = field(default_factory=list)
    way_lines: list[str] = field(default_factory=list)
    places: list[tuple[str, int, dict[str, str], float, float, str]] = field(default_factory=list)
    addresses: list[tuple[float, float, str, str, str, str]] = field(default_factory=list)
    restrictions: int = 0
    torn: int = 0
    objects: int = 0

    def coordinates(self) -> tuple[Floats, Ints, Ints]:
        """Positions of all nodes of all streets, their ids, and where each street begins."""
        import shapely

        lengths = np.fromiter(map(len, self.way_refs), dtype=np.int64, count=len(self.way_refs))
        starts = np.concatenate([[0], np.cumsum(lengths)])
        refs = np.fromiter((ref for refs in self.way_refs for ref in refs), dtype=np.int64, count=int(starts[-1]))
        lines = shapely.from_wkb([bytes.fromhex(line) for line in self.way_lines])
        return shapely.get_coordinates(lines), refs, starts


def scan_map(
    path: str | Path, place_keys: Sequence[str], highways: frozenset[str] | None = None, *, by_car_alone: bool = False
) -> Scan:
    """Read a file once.

    Parameters
    ----------
    path : path
    place_keys : sequence of str
        Tags that make an object a place.
    highways : frozenset of str, optional
        Classes of streets that are wanted; all where left out.
    by_car_alone : bool
        Whether tags that only walkers and cyclists heed are left unread, which is faster.

    Raises
    ------
    DataError

    >>> from domains.geodata import find_map
    >>> scan_map(find_map("helsinki"), ["shop"]).restrictions
    45
    """
    file = open_map(path)
    import osmium

    keys = list(place_keys)
    processor = (
        osmium.FileProcessor(file)
        .with_areas(osmium.filter.KeyFilter(*keys))
        .with_filter(osmium.filter.KeyFilter("highway", "restriction", NUMBER, *keys))
    )
    reader = _Reader(keys, highways, N_DRIVE_KEYS if by_car_alone else len(STREET_KEYS))
    try:
        reader.read(processor)
    except (RuntimeError, ValueError) as error:
        raise refuse_reading(Path(path).name, error) from error
    return reader.finish()


class _Reader:
    """Sorts objects as they come; osmium's objects are gone after their turn, so all is copied at once."""

    def __init__(self, keys: list[str], highways: frozenset[str] | None, n_street_keys: int) -> None:
        import osmium

        self.found = Scan()
        self.keys = keys
        self.highways = highways
        self.street_keys = STREET_KEYS[:n_street_keys]
        self.unread = (None,) * (len(STREET_KEYS) - n_street_keys)
        self.geometry = osmium.geom.WKBFactory()
        self.all_nodes = osmium.geom.use_nodes.ALL
        self.outlines: dict[int, tuple[dict[str, str], str, tuple[float, float]]] = {}

    def read(self, processor: Any) -> None:
        """Take every object to where it belongs."""
        from osmium.osm.types import Area, Node, Way

        found = self.found
        for one in processor:
            kind = type(one)
            found.objects += 1
            if kind is Way:
                self._take_way(one)
            elif kind is Node:
                self._take_node(one)
            elif kind is Area:
                self._take_area(one)
            else:
                found.restrictions += "restriction" in one.tags

    def _take_way(self, way: Any) -> None:
        tags = way.tags
        highway = tags.get("highway")
        if highway is not None and (self.highways is None or highway in self.highways):
            self._take_street(way, tags)
        if self._is_place(tags):
            self.outlines[way.id] = (dict(tags), self._line(way), _find_middle(way.nodes))
        elif NUMBER in tags:
            self._take_address(way.nodes, tags)

    def _take_street(self, way: Any, tags: Any) -> None:
        import osmium

        found = self.found
        nodes = way.nodes
        refs = [nodes[place].ref for place in range(len(nodes))]
        if len(refs) < 2:
            return
        try:
            line = self.geometry.create_linestring(way, self.all_nodes)
        except (RuntimeError, osmium.InvalidLocationError):
            found.torn += 1
            parts = _cut_torn(nodes)
        else:
            parts = [(refs, line)]
        for some, drawn in parts:
            found.way_ids.append(way.id)
            found.way_tags.append(tuple([tags.get(key) for key in self.street_keys]) + self.unread)
            found.way_refs.append(some)
            found.way_lines.append(drawn)

    def _line(self, way: Any) -> str:
        import osmium

        try:
            return str(self.geometry.create_linestring(way, self.all_nodes))
        except (RuntimeError, osmium.InvalidLocationError):
            return ""

    def _take_node(self, node: Any) -> None:
        tags, location = node.tags, node.location
        if not location.valid():
            return
        if self._is_place(tags):
            self.found.places.append(("node", node.id, dict(tags), location.lon, location.lat, ""))
        elif NUMBER in tags:
            self.found.addresses.append((location.lon, location.lat, *_read_address(tags)))

    def _take_area(self, area: Any) -> None:
        tags = area.tags
        if not self._is_place(tags):
            if NUMBER in tags and not area.from_way():
                self._take_address(next(iter(area.outer_rings())), tags)
            return
        kind = "way" if area.from_way() else "relation"
        try:
            shape = self.geometry.create_multipolygon(area)
        except RuntimeError:
            return  # no ring closes; a way of that kind is taken by its line
        if kind == "way":
            self.outlines.pop(area.orig_id(), None)
        self.found.places.append((kind, area.orig_id(), dict(tags), np.nan, np.nan, shape))

    def _take_address(self, nodes: Any, tags: Any) -> None:
        where = _find_middle(nodes)
        if not np.isnan(where[0]):
            self.found.addresses.append((*where, *_read_address(tags)))

    def _is_place(self, tags: Any) -> bool:
        return any(key in tags for key in self.keys)

    def finish(self) -> Scan:
        """Give what was found; outlines that close to no area stand as lines, and torn ones as points."""
        for way, (tags, line, middle) in self.outlines.items():
            if line:
                self.found.places.append(("way", way, tags, np.nan, np.nan, line))
            elif not np.isnan(middle[0]):
                self.found.places.append(("way", way, tags, *middle, ""))
        return self.found


def _find_middle(nodes: Any) -> tuple[float, float]:
    """Between the first node of an outline and that half-way round: in a building's middle, or nearly."""
    places = [nodes[place].location for place in (0, len(nodes) // 2)] if len(nodes) else []
    known = [(one.lon, one.lat) for one in places if one.valid()]
    if not known:
        return (float("nan"), float("nan"))
    return (sum(one[0] for one in known) / len(known), sum(one[1] for one in known) / len(known))


def _cut_torn(nodes: Any) -> list[tuple[list[int], str]]:
    """What is left of a street where positions of some nodes are missing, as at the edge of an extract."""
    import shapely

    runs: list[list[tuple[int, float, float]]] = [[]]
    for node in nodes:
        if node.location.valid():
            runs[-1].append((node.ref, node.location.lon, node.location.lat))
        elif runs[-1]:
            runs.append([])
    return [
        ([one[0] for one in run], shapely.to_wkb(shapely.LineString([one[1:] for one in run]), hex=True))
        for run in runs
        if len(run) > 1
    ]


def _read_address(tags: Any) -> tuple[str, str, str, str]:
    return (tags.get(STREET, ""), tags.get(NUMBER, ""), tags.get(TOWN, ""), tags.get(POSTCODE, ""))
