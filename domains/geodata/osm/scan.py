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
from shared.errors import HexadError
from shared.typing import Floats, Ints

__all__ = ["STREET_KEYS", "Scan", "scan_map"]

# Tags of a street that decide who may use it, in which direction and how fast; a column each.
STREET_KEYS = (
    "highway", "name", "oneway", "junction", "maxspeed", "access", "service", "area", "vehicle", "motor_vehicle",
    "motorcar", "tunnel", "foot", "bicycle", "oneway:bicycle", "cycleway", "sidewalk",
)  # fmt: skip
STREET, NUMBER, TOWN, POSTCODE = "addr:street", "addr:housenumber", "addr:city", "addr:postcode"
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
    """

    way_ids: Ints
    way_tags: list[tuple[str | None, ...]]
    refs: Ints
    points: Floats
    starts: Ints
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


class _Texts:
    """Texts of a block, decoded when they are asked for."""

    def __init__(self, texts: list[bytes]) -> None:
        self.texts = texts
        self.known: dict[int, str] = {}

    def __getitem__(self, place: int) -> str:
        found = self.known.get(place)
        if found is None:
            found = self.known[place] = self.texts[place].decode("utf-8", "replace")
        return found

    def tags(self, keys: Ints, values: Ints) -> Tags:
        """Tags of one object."""
        return {self[key]: self[value] for key, value in zip(keys.tolist(), values.tolist(), strict=True)}

    def column(self, values: Ints) -> Any:
        """Texts as an array."""
        unique, place = np.unique(values, return_inverse=True)
        return np.array([self[one] for one in unique.tolist()], dtype=object)[place]


class _Reader:
    """Takes what is wanted out of each block, and puts it together at the end."""

    def __init__(self, place_keys: Sequence[str], highways: frozenset[str] | None) -> None:
        self.highways = highways
        listed = list(dict.fromkeys((*STREET_KEYS, NUMBER, RESTRICTION, *place_keys)))
        # Number of each key that means something here; 0 is any other.
        self.codes = {key.encode(): number for number, key in enumerate(listed, 1)}
        self.number, self.restriction = self.codes[NUMBER.encode()], self.codes[RESTRICTION.encode()]
        self.of_places = np.isin(["", *listed], list(place_keys))
        self.nodes: list[tuple[Ints, Floats, Floats]] = []
        self.ways: list[tuple[Ints, Ints, Ints]] = []
        self.street_ids: list[Ints] = []
        self.street_tags: list[tuple[str | None, ...]] = []
        self.street_refs: list[tuple[Ints, Ints]] = []
        self.way_places: list[tuple[int, Tags, Ints]] = []
        self.way_addresses: list[tuple[Tags, int, int]] = []
        self.relations: list[tuple[int, Tags, Ints]] = []
        self.places: list[tuple[str, int, Tags, float, float, Any]] = []
        self.addresses: list[tuple[float, float, str, str, str, str]] = []
        self.restrictions = 0

    def take(self, block: Block) -> None:
        """Take a block."""
        codes = np.fromiter((self.codes.get(text, 0) for text in block.texts), dtype=np.int64, count=len(block.texts))
        texts = _Texts(block.texts)
        if len(block.node_ids):
            self.nodes.append((block.node_ids, block.lon, block.lat))
        self._take_nodes(block, codes, texts)
        if len(block.way_ids):
            self.ways.append((block.way_ids, block.ref_starts, block.refs))
            self._take_ways(block, codes, texts)
        for one in block.relations:
            code = codes[one.keys]
            self.restrictions += bool((code == self.restriction).any())
            if self.of_places[code].any() and len(one.ways):
                tags = texts.tags(one.keys, one.values)
                if tags.get("type") in AREAS:
                    self.relations.append((one.number, tags, one.ways))

    def _take_nodes(self, block: Block, codes: Ints, texts: _Texts) -> None:
        owner, keys, values = block.node_tags
        code = codes[keys]
        is_place = self.of_places[code]
        places = np.unique(owner[is_place])
        others = np.setdiff1d(owner[code == self.number], places)
        for rows, kept in ((places, True), (others, False)):
            low, high = np.searchsorted(owner, rows, "left"), np.searchsorted(owner, rows, "right")
            for row, start, end in zip(rows.tolist(), low.tolist(), high.tolist(), strict=True):
                lon, lat = float(block.lon[row]), float(block.lat[row])
                if abs(lon) > 180.0 or abs(lat) > 90.0:
                    continue
                tags = texts.tags(keys[start:end], values[start:end])
                if kept:
                    self.places.append(("node", int(block.node_ids[row]), tags, lon, lat, None))
                else:
                    self.addresses.append((lon, lat, *_read_address(tags)))

    def _take_ways(self, block: Block, codes: Ints, texts: _Texts) -> None:
        starts, keys, values = block.way_tags
        code = codes[keys]
        owner = np.repeat(np.arange(len(block.way_ids)), np.diff(starts))
        self._take_streets(block, code, owner, texts)
        places = np.unique(owner[self.of_places[code]])
        others = np.setdiff1d(owner[code == self.number], places)
        refs, ends = block.refs, block.ref_starts
        for way in places.tolist():
            tags = texts.tags(keys[starts[way] : starts[way + 1]], values[starts[way] : starts[way + 1]])
            self.way_places.append((int(block.way_ids[way]), tags, refs[ends[way] : ends[way + 1]]))
        for way in others.tolist():
            tags = texts.tags(keys[starts[way] : starts[way + 1]], values[starts[way] : starts[way + 1]])
            nodes = refs[ends[way] : ends[way + 1]]
            if len(nodes):
                self.way_addresses.append((tags, int(nodes[0]), int(nodes[len(nodes) // 2])))

    def _take_streets(self, block: Block, code: Ints, owner: Ints, texts: _Texts) -> None:
        values = block.way_tags[2]
        marked = np.flatnonzero(code == self.codes[b"highway"])
        if self.highways is not None and len(marked):
            wanted = [one for one in np.unique(values[marked]).tolist() if texts[one] in self.highways]
            marked = marked[np.isin(values[marked], wanted)]
        n_refs = np.diff(block.ref_starts)
        ways = np.unique(owner[marked])
        ways = ways[n_refs[ways] >= 2]
        if not len(ways):
            return
        row = np.full(len(block.way_ids), -1)
        row[ways] = np.arange(len(ways))
        columns = []
        for key in STREET_KEYS:
            tagged = np.flatnonzero(code == self.codes[key.encode()])
            tagged = tagged[row[owner[tagged]] >= 0]
            column = np.full(len(ways), None, dtype=object)
            column[row[owner[tagged]]] = texts.column(values[tagged])
            columns.append(column.tolist())
        counts = n_refs[ways]
        ends = np.cumsum(counts)
        places = np.arange(ends[-1]) + np.repeat(block.ref_starts[ways] - (ends - counts), counts)
        self.street_ids.append(block.way_ids[ways])
        self.street_tags.extend(zip(*columns, strict=True))
        self.street_refs.append((counts, block.refs[places]))

    def finish(self) -> Scan:
        """Give what was found."""
        whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
        positions = NodePositions(
            *(np.concatenate(part) for part in zip((whole, real, real), *self.nodes, strict=True))
        )
        scan = self._find_streets(positions)
        self._find_ways(positions)
        self._find_relations(positions)
        scan.places, scan.addresses, scan.restrictions = self.places, self.addresses, self.restrictions
        return scan

    def _find_streets(self, positions: NodePositions) -> Scan:
        whole = np.zeros(0, dtype=np.int64)
        ids = np.concatenate([whole, *self.street_ids])
        counts, refs = (np.concatenate(part) for part in zip((whole, whole), *self.street_refs, strict=True))
        points, known = positions.find(refs)
        way = np.repeat(np.arange(len(ids)), counts)
        if known.all():
            return Scan(ids, self.street_tags, refs, points, np.concatenate([whole, [0], np.cumsum(counts)]))
        # What is left where positions are missing, as at the edge of an extract: runs of nodes that are known.
        fresh = np.concatenate([[True], (way[1:] != way[:-1]) | ~known[:-1]])
        run = np.cumsum(fresh & known)[known] - 1
        of, refs, points = way[known], refs[known], points[known]
        length = np.bincount(run)
        long = length[run] >= 2 if len(run) else np.zeros(0, dtype=bool)
        first = np.flatnonzero(np.diff(run[long], prepend=-1))
        of, starts = of[long][first], np.concatenate([first, [long.sum()]])
        torn = len(np.unique(way[~known]))
        return Scan(ids[of], [self.street_tags[one] for one in of], refs[long], points[long], starts, torn=torn)

    def _find_ways(self, positions: NodePositions) -> None:
        nodes = np.array([one[1:] for one in self.way_addresses], dtype=np.int64).reshape(-1, 2)
        middles = _find_middles(positions.find(nodes.ravel())[0])
        for (tags, _, _), (lon, lat) in zip(self.way_addresses, middles.tolist(), strict=True):
            if lon == lon:  # noqa: PLR0124  # NaN is not equal to itself
                self.addresses.append((lon, lat, *_read_address(tags)))
        found = [(one, *positions.find(one[2])) for one in self.way_places if len(one[2])]
        whole = [(way, points) for way, points, known in found if len(points) >= 2 and known.all()]
        if whole:
            starts = np.concatenate([[0], np.cumsum([len(points) for _, points in whole])])
            lines = np.array([way[1].get("area") == "no" for way, _ in whole])
            shapes = draw_ways(np.concatenate([points for _, points in whole]), starts, lines)
            self.places += [
                ("way", way[0], way[1], np.nan, np.nan, shape) for (way, _), shape in zip(whole, shapes, strict=True)
            ]
        # Torn ones stand as points.
        for way, points, known in found:
            if known.all() and len(points) >= 2:
                continue
            lon, lat = _find_middles(points[[0, len(points) // 2]])[0].tolist()
            if lon == lon:  # noqa: PLR0124
                self.places.append(("way", way[0], way[1], lon, lat, None))

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
            if area is not None:
                self.places.append(("relation", number, tags, np.nan, np.nan, area))


def _find_middles(ends: Floats) -> Floats:
    """Between the first node of an outline and that half-way round: in a building's middle, or nearly.

    Where one of the two is not known, the other one; NaN where neither is.
    """
    pairs = ends.reshape(-1, 2, 2)
    known = ~np.isnan(pairs[:, :, :1])
    total = np.where(known, pairs, 0.0).sum(axis=1)
    count = known.sum(axis=1)
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _read_address(tags: Tags) -> tuple[str, str, str, str]:
    return (tags.get(STREET, ""), tags.get(NUMBER, ""), tags.get(TOWN, ""), tags.get(POSTCODE, ""))
