"""What a map file holds: streets, places, addresses and turn restrictions as they stand in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from domains.geodata.osm.areas import NodePositions, draw_relation, draw_ways
from domains.geodata.osm.file import open_map, refuse_reading
from domains.geodata.osm.pbf import Block, PackingError, read_blocks
from domains.geodata.osm.tagged import Tagged, Texts
from domains.geodata.projection import wrap_degrees
from shared.errors import HexadError
from shared.typing import Floats, Ints

__all__ = ["ADDRESS", "NUMBER", "STREET", "STREET_KEYS", "Scan", "scan_map"]

# Tags of a street that decide who may use it, in which direction and how fast; a column each.
STREET_KEYS = (
    "highway", "name", "oneway", "junction", "maxspeed", "access", "service", "area", "vehicle", "motor_vehicle",
    "motorcar", "tunnel", "foot", "bicycle", "oneway:bicycle", "cycleway", "sidewalk",
)  # fmt: skip
STREET, NUMBER, TOWN, POSTCODE = "addr:street", "addr:housenumber", "addr:city", "addr:postcode"
ADDRESS = (STREET, NUMBER, TOWN, POSTCODE)
RESTRICTION = "restriction"
AREAS = ("multipolygon", "boundary")  # types of relations that are areas

Tags = dict[str, str]


@dataclass
class Scan:
    """What a file holds, unjudged.

    Attributes
    ----------
    way_ids : numpy.ndarray of int64, shape (n_ways,)
    way_tags : list of tuple
        In the order of `STREET_KEYS`; None where a street has no such tag.
    refs : numpy.ndarray of int64, shape (n_points,)
        Node of each point of each street.
    points : numpy.ndarray of shape (n_points, 2)
        Longitude and latitude.
    starts : numpy.ndarray of shape (n_ways + 1,)
        Where each street's points begin.
    places : list of tuple
        "node", "way" or "relation", id, tags, and either longitude and latitude or a geometry.
    addresses : list of tuple
        Longitude, latitude, street, number, town and postcode of what is no place.
    restrictions : int
        Relations that forbid or command a turn.
    torn : int
        Streets that are cut, because positions of some of their nodes are missing.

    >>> Scan.of_streets([], [], [], []).torn
    0
    """

    way_ids: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    way_tags: list[tuple[str | None, ...]] = field(default_factory=list)
    refs: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    points: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    starts: Ints = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    places: list[tuple[str, int, Tags, float, float, Any]] = field(default_factory=list)
    addresses: list[tuple[float, float, str, str, str, str]] = field(default_factory=list)
    restrictions: int = 0
    torn: int = 0

    @classmethod
    def of_streets(
        cls, ids: list[int], tags: list[tuple[str | None, ...]], refs: list[list[int]], lines: list[Any]
    ) -> Scan:
        """Make one of streets alone.

        Parameters
        ----------
        ids : list of int
        tags : list of tuple
        refs : list of list of int
            Nodes of each street.
        lines : list of array of shape (n, 2)
            Longitude and latitude of each node.

        >>> Scan.of_streets([7], [("path",)], [[1, 2]], [[(8.0, 50.0), (8.1, 50.0)]]).starts.tolist()
        [0, 2]
        """
        starts = np.concatenate([[0], np.cumsum([len(one) for one in refs], dtype=np.int64)])
        nodes = np.array([node for one in refs for node in one], dtype=np.int64)
        points = np.concatenate([np.zeros((0, 2)), *lines])
        return cls(np.array(ids, dtype=np.int64), tags, nodes, points, starts)


def scan_map(path: str | Path, place_keys: Sequence[str], highways: frozenset[str] | None = None) -> Scan:
    """Read a file once.

    Parameters
    ----------
    path : path
    place_keys : sequence of str
        Tags that make an object a place.
    highways : frozenset of str, optional
        Classes of streets that are wanted; all where left out.

    Raises
    ------
    DataError

    >>> from domains.geodata import find_map
    >>> scan_map(find_map("helsinki"), ["shop"]).restrictions
    45
    """
    try:
        try:
            return _scan(path, place_keys, highways, convert=False)
        except PackingError:
            return _scan(path, place_keys, highways, convert=True)
    except HexadError:
        raise
    except (RuntimeError, ValueError) as error:
        raise refuse_reading(Path(path).name, error) from error


def _scan(path: str | Path, place_keys: Sequence[str], highways: frozenset[str] | None, *, convert: bool) -> Scan:
    reader = _Reader(place_keys, highways)
    with open_map(path, convert=convert) as file:
        for block in read_blocks(file):
            reader.take(block)
    return reader.finish()


class _Reader:
    """Takes what is wanted out of each block, and puts it together at the end."""

    def __init__(self, place_keys: Sequence[str], highways: frozenset[str] | None) -> None:
        self.highways = highways
        listed = list(dict.fromkeys((*STREET_KEYS, *ADDRESS, RESTRICTION, *place_keys)))
        # Number of each key that means something here; 0 is any other.
        self.meanings = {key.encode(): number for number, key in enumerate(listed, 1)}
        self.place_keys = tuple(place_keys)
        self.of_places = np.isin(["", *listed], list(place_keys))
        self.nodes: list[tuple[Ints, Floats, Floats]] = []
        self.ways: list[tuple[Ints, Ints, Ints]] = []
        self.street_ids: list[Ints] = []
        self.street_tags: list[tuple[str | None, ...]] = []
        self.street_refs: list[tuple[Ints, Ints]] = []
        self.way_places: list[tuple[int, Tags]] = []
        self.way_refs: list[tuple[Ints, Ints]] = []
        self.way_addresses: list[tuple[str, ...]] = []
        self.way_ends: list[Ints] = []
        self.relations: list[tuple[int, Tags, Ints]] = []
        self.places: list[tuple[str, int, Tags, float, float, Any]] = []
        self.addresses: list[tuple[float, float, str, str, str, str]] = []
        self.restrictions = 0

    def take(self, block: Block) -> None:
        """Take a block."""
        texts = Texts(block.texts, self.meanings)
        if len(block.node_ids):
            self.nodes.append((block.node_ids, block.lon, block.lat))
            self._take_nodes(block, Tagged(*block.node_tags, texts))
        if len(block.way_ids):
            self.ways.append((block.way_ids, block.ref_starts, block.refs))
            starts, keys, values = block.way_tags
            owner = np.repeat(np.arange(len(block.way_ids)), np.diff(starts))
            tagged = Tagged(owner, keys, values, texts)
            self._take_streets(block, tagged)
            self._take_ways(block, tagged)
        for one in block.relations:
            code = texts.codes[one.keys]
            self.restrictions += bool((code == self.meanings[RESTRICTION.encode()]).any())
            if self.of_places[code].any() or (code == self.meanings[NUMBER.encode()]).any():
                tags = texts.tags(one.keys, one.values)
                ways = one.find_ways() if tags.pop("type", "") in AREAS else ()
                if len(ways):
                    self.relations.append((one.number, tags, np.asarray(ways)))

    def _split(self, tagged: Tagged) -> tuple[Ints, Ints, list[tuple[str, ...]]]:
        """Places, other objects with a house number, and their addresses."""
        places = tagged.having(self.of_places[tagged.code])
        others = np.setdiff1d(tagged.having(tagged.code == self.meanings[NUMBER.encode()]), places)
        columns = [tagged.column(others, self.meanings[key.encode()], "").tolist() for key in ADDRESS]
        return places, others, list(zip(*columns, strict=True))

    def _take_nodes(self, block: Block, tagged: Tagged) -> None:
        real = (np.abs(block.lon) <= 180.0) & (np.abs(block.lat) <= 90.0)
        places, others, addresses = self._split(tagged)
        where = zip(
            block.node_ids[places].tolist(), block.lon[places].tolist(), block.lat[places].tolist(), strict=True
        )
        for (node, lon, lat), tags, fine in zip(where, tagged.tags(places), real[places].tolist(), strict=True):
            if fine:
                self.places.append(("node", node, tags, lon, lat, None))
        points = zip(block.lon[others].tolist(), block.lat[others].tolist(), strict=True)
        for (lon, lat), address, fine in zip(points, addresses, real[others].tolist(), strict=True):
            if fine:
                self.addresses.append((lon, lat, *address))

    def _take_ways(self, block: Block, tagged: Tagged) -> None:
        some = np.diff(block.ref_starts) > 0
        places, others, addresses = self._split(tagged)
        kept = places[some[places]]
        self.way_places += zip(block.way_ids[kept].tolist(), tagged.tags(kept), strict=True)
        self.way_refs.append(_pick(block.ref_starts, block.refs, kept))
        self.way_addresses += [one for one, fine in zip(addresses, some[others].tolist(), strict=True) if fine]
        others = others[some[others]]
        first, counts = block.ref_starts[others], np.diff(block.ref_starts)[others]
        self.way_ends.append(np.column_stack([block.refs[first], block.refs[first + counts // 2]]))

    def _take_streets(self, block: Block, tagged: Tagged) -> None:
        marked = tagged.code == self.meanings[b"highway"]
        if self.highways is not None and marked.any():
            wanted = [one for one in np.unique(tagged.values[marked]).tolist() if tagged.texts[one] in self.highways]
            marked &= np.isin(tagged.values, wanted)
        ways = tagged.having(marked)
        ways = ways[np.diff(block.ref_starts)[ways] >= 2]
        columns = [tagged.column(ways, self.meanings[key.encode()], None).tolist() for key in STREET_KEYS]
        self.street_ids.append(block.way_ids[ways])
        self.street_tags.extend(zip(*columns, strict=True))
        self.street_refs.append(_pick(block.ref_starts, block.refs, ways))

    def finish(self) -> Scan:
        """Give what was found."""
        whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
        positions = NodePositions(
            *(np.concatenate(part) for part in zip((whole, real, real), *self.nodes, strict=True))
        )
        scan = self._find_streets(positions)
        self._find_ways(positions)
        self._find_addresses(positions)
        self._find_relations(positions)
        scan.places, scan.addresses, scan.restrictions = self.places, self.addresses, self.restrictions
        return scan

    def _find_streets(self, positions: NodePositions) -> Scan:
        whole = np.zeros(0, dtype=np.int64)
        ids = np.concatenate([whole, *self.street_ids])
        counts, refs = (np.concatenate(part) for part in zip((whole, whole), *self.street_refs, strict=True))
        points, known = positions.find(refs)
        if known.all():
            return Scan(ids, self.street_tags, refs, points, np.concatenate([whole, [0], np.cumsum(counts)]))
        # What is left where positions are missing, as at the edge of an extract: runs of nodes that are known.
        way = np.repeat(np.arange(len(ids)), counts)
        fresh = np.concatenate([[True], (way[1:] != way[:-1]) | ~known[:-1]])
        run = np.cumsum(fresh & known)[known] - 1
        long = np.bincount(run)[run] >= 2 if len(run) else np.zeros(0, dtype=bool)
        first = np.flatnonzero(np.diff(run[long], prepend=-1))
        of = way[known][long][first]
        return Scan(
            ids[of],
            [self.street_tags[one] for one in of],
            refs[known][long],
            points[known][long],
            np.concatenate([first, [long.sum()]]),
            torn=len(np.unique(way[~known])),
        )

    def _find_addresses(self, positions: NodePositions) -> None:
        ends = np.concatenate([np.zeros((0, 2), dtype=np.int64), *self.way_ends])
        middles = _find_middles(positions.find(ends.ravel())[0])
        known = ~np.isnan(middles[:, 0])
        for address, place, fine in zip(self.way_addresses, middles.tolist(), known.tolist(), strict=True):
            if fine:
                self.addresses.append((*place, *address))

    def _find_ways(self, positions: NodePositions) -> None:
        """Outlines and lines of places; torn ones stand as points."""
        if not self.way_places:
            return
        counts, refs = (np.concatenate(part) for part in zip(*self.way_refs, strict=True))
        points, known = positions.find(refs)
        starts = np.concatenate([[0], np.cumsum(counts)])
        way = np.repeat(np.arange(len(counts)), counts)
        whole = (np.bincount(way[~known], minlength=len(counts)) == 0) & (counts >= 2)
        shapes = np.full(len(counts), None, dtype=object)
        lines = np.array([tags.get("area") == "no" for _, tags in self.way_places])
        ends = np.concatenate([[0], np.cumsum(counts[whole])])
        shapes[whole] = draw_ways(points[whole[way]], ends, lines[whole])
        middles = _find_middles(points[np.column_stack([starts[:-1], starts[:-1] + counts // 2]).ravel()])
        for (number, tags), shape, (lon, lat) in zip(self.way_places, shapes, middles.tolist(), strict=True):
            if shape is not None:
                self.places.append(("way", number, tags, np.nan, np.nan, shape))
            elif not np.isnan(lon):
                self.places.append(("way", number, tags, lon, lat, None))

    def _find_relations(self, positions: NodePositions) -> None:
        import shapely

        if not self.relations:
            return
        wanted = np.unique(np.concatenate([ways for _, _, ways in self.relations]))
        lines: dict[int, Any] = {}
        for ids, starts, refs in self.ways:
            for row in np.flatnonzero(np.isin(ids, wanted)).tolist():
                points, known = positions.find(refs[starts[row] : starts[row + 1]])
                if len(points) >= 2 and known.all():
                    lines[int(ids[row])] = shapely.LineString(points)
        for number, tags, ways in self.relations:
            held = [lines.get(way) for way in ways.tolist()]
            area = draw_relation(held) if all(one is not None for one in held) else None
            if area is None:
                continue
            if any(key in tags for key in self.place_keys):
                self.places.append(("relation", number, tags, np.nan, np.nan, area))
            else:
                middle = shapely.point_on_surface(area)
                self.addresses.append((middle.x, middle.y, *(tags.get(key, "") for key in ADDRESS)))


def _pick(starts: Ints, refs: Ints, ways: Ints) -> tuple[Ints, Ints]:
    """How many nodes some ways have, and which."""
    counts = starts[ways + 1] - starts[ways]
    ends = np.cumsum(counts)
    places = np.arange(int(counts.sum())) + np.repeat(starts[ways] - (ends - counts), counts)
    return counts, refs[places]


def _find_middles(ends: Floats) -> Floats:
    """Between the first node of an outline and that half-way round: in a building's middle, or nearly.

    Where one of the two is not known, the other one; NaN where neither is.
    """
    pairs = ends.reshape(-1, 2, 2).copy()
    leaps = np.abs(pairs[:, 0, 0] - pairs[:, 1, 0]) > 180.0
    pairs[leaps, :, 0] = np.mod(pairs[leaps, :, 0], 360.0)
    known = ~np.isnan(pairs[:, :, :1])
    total = np.where(known, pairs, 0.0).sum(axis=1)
    count = known.sum(axis=1)
    found: Floats = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    found[:, 0] = wrap_degrees(found[:, 0])
    return found
