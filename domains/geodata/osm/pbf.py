"""Map files in the format PBF, decoded block by block into flat arrays.

Fields and their numbers are those of https://wiki.openstreetmap.org/wiki/PBF_Format.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from shared.typing import Bytes, Codes, Floats, Ints

__all__ = ["Block", "PackingError", "Relation", "read_blocks"]

MOST_HEADER, MOST_BLOCK = 1 << 16, 1 << 25  # bytes; the format's own limits, unpacked
# Maps take a byte or more a number; files that unpack to more than this many times their size were made to do so.
MOST_NUMBERS, LEAST_NUMBERS = 200, 1 << 24
KNOWN = {b"OsmSchema-V0.6", b"DenseNodes"}  # what a reader has to understand
PRECISION = 1e7  # steps a degree
NANO = 100  # billionths of a degree a step
HEADER, DATA = b"OSMHeader", b"OSMData"
NODE, DENSE, WAY, RELATION = 1, 2, 3, 4  # fields of a group
KINDS = ("node", "way", "relation")


class PackingError(ValueError):
    """The file is packed in a way, or holds what, only osmium knows.

    >>> issubclass(PackingError, ValueError)
    True
    """


@dataclass(frozen=True)
class Relation:
    """A relation.

    Attributes
    ----------
    number : int
    keys, values : numpy.ndarray of int64
        Numbers of texts.
    data : numpy.ndarray of uint8
        Of its block.
    spans : dict of int to tuple of int
        Where in it each field begins and ends.

    >>> nothing = np.zeros(0, dtype=np.int64)
    >>> Relation(1, nothing, nothing, np.zeros(0, dtype=np.uint8), {}).find_ways().tolist()
    []
    """

    number: int
    keys: Ints
    values: Ints
    data: Bytes
    spans: dict[int, tuple[int, int]]

    def find_ways(self) -> Ints:
        """Members that are ways; most relations are never asked."""
        nothing = np.zeros(0, dtype=np.int64)
        members, kinds = (
            _numbers(self.data, *self.spans[field], signed=signed) if field in self.spans else nothing
            for field, signed in ((9, True), (10, False))
        )
        if len(members) != len(kinds):
            raise ValueError("members of a relation and their kinds differ in number")
        return np.asarray(np.cumsum(members)[kinds == KINDS.index("way")])


@dataclass(frozen=True)
class Block:
    """Some thousand elements of a map.

    Attributes
    ----------
    texts : list of bytes
        To which tags refer.
    node_ids, lon, lat : numpy.ndarray of shape (n_nodes,)
    node_tags : tuple of numpy.ndarray
        Node (its place in this block), key and value of each tag.
    way_ids : numpy.ndarray of int64, shape (n_ways,)
    way_tags : tuple of numpy.ndarray
        Where each way's tags begin, keys and values.
    ref_starts, refs : numpy.ndarray of int64
        Where each way's nodes begin, and which they are.
    relations : list of Relation

    >>> from domains.geodata import find_map
    >>> next(read_blocks(find_map("helsinki"))).texts[0]
    b''
    """

    texts: list[bytes]
    node_ids: Ints
    lon: Floats
    lat: Floats
    node_tags: tuple[Ints, Ints, Ints]
    way_ids: Ints
    way_tags: tuple[Ints, Codes, Codes]
    ref_starts: Ints
    refs: Ints
    relations: list[Relation]


def read_blocks(path: Path) -> Iterator[Block]:
    """Read a file block by block.

    Parameters
    ----------
    path : path

    Raises
    ------
    PackingError
        Another reader may know what to do.
    ValueError
        The file is torn or altered.

    >>> from domains.geodata import find_map
    >>> sum(len(block.way_ids) for block in read_blocks(find_map("helsinki"))) > 2000
    True
    """
    room = max(MOST_NUMBERS * path.stat().st_size, LEAST_NUMBERS)
    with path.open("rb") as stream:
        while True:
            length = stream.read(4)
            if not length:
                return
            kind, packed = _read_blob(stream, length)
            if kind == HEADER:
                _check_header(np.frombuffer(_unpack(packed), dtype=np.uint8))
            elif kind == DATA:
                block = _read_block(_unpack(packed))
                room -= 3 * len(block.node_ids) + len(block.refs) + 2 * len(block.way_tags[1])
                if room < 0:
                    raise ValueError("it unpacks to far more than a map of its size can hold")
                yield block


def _read_blob(stream: BinaryIO, length: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(length, "big")
    header = stream.read(size) if len(length) == 4 and size <= MOST_HEADER else b""
    fields = _list(np.frombuffer(header, dtype=np.uint8)) if len(header) == size else np.zeros((0, 3), dtype=np.int64)
    kind, n_bytes = b"", -1
    for field, value, end in fields.tolist():
        if field == 1 and end >= 0:
            kind = header[value:end]
        elif field == 3 and end < 0:
            n_bytes = value
    if not kind or not 0 <= n_bytes <= MOST_BLOCK:
        raise ValueError("a block has no header that can be read")
    packed = stream.read(n_bytes)
    if len(packed) < n_bytes:
        raise ValueError("it ends in the middle of a block")
    return kind, packed


def _unpack(blob: bytes) -> bytes:
    """What a blob holds: as it is, or packed by zlib."""
    for field, at, end in _list(np.frombuffer(blob, dtype=np.uint8)).tolist():
        if end < 0:
            continue
        if field == 1:
            return blob[at:end]
        if field == 3:
            unpacker = zlib.decompressobj()
            try:
                found = unpacker.decompress(blob[at:end], MOST_BLOCK)
            except zlib.error as error:
                raise ValueError(f"a block cannot be unpacked ({error})") from error
            if not unpacker.eof:
                raise ValueError("a block is torn, or larger than the format allows")
            return found
        raise PackingError("a block is packed in another way than by zlib")
    raise ValueError("a block holds nothing")


def _check_header(data: Bytes) -> None:
    needs = {bytes(data[at:end]) for field, at, end in _list(data).tolist() if field == 4 and end >= 0}
    if not needs <= KNOWN:
        raise PackingError(f"it needs {b', '.join(sorted(needs - KNOWN)).decode(errors='replace')}")


def _list(data: Bytes, at: int = 0, end: int | None = None) -> Ints:
    """Fields of a message; see `list_fields`."""
    from domains.geodata.osm.kernels import list_fields

    stop = len(data) if end is None else end
    room = 64
    while True:
        fields = np.empty((room, 3), dtype=np.int64)
        found = list_fields(data, at, stop, fields)
        if found < 0:
            raise ValueError("a block is no message of the format")
        if found < room:
            return fields[:found]
        room *= 16


def _numbers(data: Bytes, at: int, end: int, *, signed: bool = False) -> Ints:
    from domains.geodata.osm.kernels import unpack_numbers

    if end < 0:
        raise ValueError("a number stands where several should")
    found, fits = unpack_numbers(data, at, end, signed)
    if not fits:
        raise ValueError("numbers end in the middle")
    return found


@dataclass(frozen=True)
class _Frame:
    """How positions of a block are counted: degrees are 1e-9 (offset + step x value)."""

    step: int = NANO
    lat: int = 0
    lon: int = 0

    def degrees(self, values: Ints, offset: int) -> Floats:
        steps = values if self.step == NANO and not offset else (offset + self.step * values) // NANO
        return np.asarray(steps / PRECISION)


def _read_block(raw: bytes) -> Block:
    data = np.frombuffer(raw, dtype=np.uint8)
    fields = _list(data)
    texts: list[bytes] = []
    plain = {int(field): int(value) for field, value, end in fields.tolist() if end < 0}
    frame = _Frame(plain.get(17, NANO), plain.get(19, 0), plain.get(20, 0))
    for field, at, end in fields.tolist():
        if field == 1 and end >= 0:
            texts = [raw[start:stop] for _, start, stop in _list(data, at, end).tolist() if stop >= 0]
    groups = [_list(data, at, end) for field, at, end in fields.tolist() if field == 2 and end >= 0]
    parts = np.concatenate([np.zeros((0, 3), dtype=np.int64), *groups])
    parts = parts[parts[:, 2] >= 0]
    nodes = _Nodes(data, frame)
    for at, end in parts[parts[:, 0] == DENSE, 1:].tolist():
        nodes.take_dense(at, end)
    for at, end in parts[parts[:, 0] == NODE, 1:].tolist():
        nodes.take_one(at, end)
    way_ids, way_tags, ref_starts, refs = _read_ways(data, np.ascontiguousarray(parts[parts[:, 0] == WAY, 1:]), nodes)
    relations = [_read_relation(data, at, end) for at, end in parts[parts[:, 0] == RELATION, 1:].tolist()]
    node_ids, lon, lat, node_tags = nodes.join()
    _check_texts(len(texts), *node_tags[1:], *way_tags[1:], *(x for one in relations for x in (one.keys, one.values)))
    return Block(texts, node_ids, lon, lat, node_tags, way_ids, way_tags, ref_starts, refs, relations)


class _Nodes:
    """Gathers the nodes of a block."""

    def __init__(self, data: Bytes, frame: _Frame) -> None:
        self.data, self.frame = data, frame
        self.found: list[tuple[Ints, Floats, Floats]] = []
        self.tags: list[tuple[Ints, Ints, Ints]] = []
        self.count = 0

    def add(self, ids: Ints, lon: Ints, lat: Ints) -> None:
        """Take nodes by the steps of the block."""
        if not len(ids) == len(lon) == len(lat):
            raise ValueError("nodes and positions differ in number")
        self.found.append((ids, self.frame.degrees(lon, self.frame.lon), self.frame.degrees(lat, self.frame.lat)))
        self.count += len(ids)

    def take_dense(self, at: int, end: int) -> None:
        """Nodes as columns; tags stand as key, value, ..., 0 of one node after the other."""
        columns = {
            field: _numbers(self.data, start, stop, signed=field != 10)
            for field, start, stop in _list(self.data, at, end).tolist()
            if field in {1, 8, 9, 10}
        }
        nothing = np.zeros(0, dtype=np.int64)
        ids, lat, lon = (np.cumsum(columns.get(field, nothing)) for field in (1, 8, 9))
        pairs = columns.get(10, nothing)
        ends = pairs == 0
        if len(pairs):
            held = np.flatnonzero(~ends)
            if ends.sum() != len(ids) or len(held) % 2:
                raise ValueError("tags of nodes do not fit their number")
            owner = np.cumsum(ends)[held[::2]]
            self.tags.append((owner + self.count, pairs[held[::2]], pairs[held[1::2]]))
        self.add(ids, lon, lat)

    def take_one(self, at: int, end: int) -> None:
        """A node of its own."""
        plain, keys, values, _ = _read_tags(self.data, at, end)
        self.tags.append((np.full(len(keys), self.count), keys, values))
        ids, lat, lon = (np.array([_unfold(plain.get(field, 0))]) for field in (1, 8, 9))
        self.add(ids, lon, lat)

    def join(self) -> tuple[Ints, Floats, Floats, tuple[Ints, Ints, Ints]]:
        """All of them."""
        whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
        ids, lon, lat = (np.concatenate(part) for part in zip((whole, real, real), *self.found, strict=True))
        owner, keys, values = (np.concatenate(part) for part in zip((whole, whole, whole), *self.tags, strict=True))
        return ids, lon, lat, (owner, keys, values)


def _unfold(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


def _read_ways(data: Bytes, spans: Ints, nodes: _Nodes) -> tuple[Ints, tuple[Ints, Codes, Codes], Ints, Ints]:
    from domains.geodata.osm.kernels import count_parts, read_elements

    def read(field: int) -> tuple[Ints, Ints, Codes, Codes, Ints, Ints]:
        n_tags, n_refs = count_parts(data, spans, field)
        if n_tags < 0:
            raise ValueError("a way is no message of the format")
        found = read_elements(data, spans, n_tags, n_refs, field)
        if not found[-1].all():
            raise ValueError("a way's keys, values or nodes do not fit one another")
        return found[:-1]

    ids, tag_starts, keys, values, ref_starts, refs = read(8)
    # Some files keep positions with the ways, and leave out nodes that nothing else needs.
    if len(spans) and 9 in _list(data, *spans[0].tolist())[:, 0]:
        nodes.add(refs, read(10)[-1], read(9)[-1])
    return ids, (tag_starts, keys, values), ref_starts, refs


def _read_tags(data: Bytes, at: int, end: int) -> tuple[dict[int, int], Ints, Ints, dict[int, tuple[int, int]]]:
    """Plain numbers by field, keys and values of one element, and where its other fields stand."""
    fields = _list(data, at, end).tolist()
    nothing = np.zeros(0, dtype=np.int64)
    spans = {field: (start, stop) for field, start, stop in fields if stop >= 0}
    keys, values = (_numbers(data, *spans[field]) if field in spans else nothing for field in (2, 3))
    if len(keys) != len(values):
        raise ValueError("keys and values differ in number")
    return {field: value for field, value, stop in fields if stop < 0}, keys, values, spans


def _read_relation(data: Bytes, at: int, end: int) -> Relation:
    plain, keys, values, spans = _read_tags(data, at, end)
    return Relation(plain.get(1, 0), keys, values, data, spans)


def _check_texts(n: int, *places: Ints | Codes) -> None:
    for some in places:
        if len(some) and (some.min() < 0 or some.max() >= n):
            raise ValueError("a tag refers to a text that is not there")
