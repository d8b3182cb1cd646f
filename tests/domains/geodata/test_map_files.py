"""Maps are the same in whatever format, what is damaged is told, and compiled loops agree with plain ones."""

import struct
import zlib

import numpy as np
import osmium
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.geodata import find_map, read_osm
from domains.geodata.osm.kernels import count_parts, list_fields, read_elements, unpack_numbers
from shared.errors import DataError

TOWN = """<osm version="0.6">
<node id="-1" version="1" lat="50" lon="8"/><node id="2" version="1" lat="50" lon="8.01"/>
<node id="3" version="1" lat="50.01" lon="8.01"/><node id="4" version="1" lat="50.01" lon="8"/>
<node id="5" version="1" lat="50.004" lon="8.004"/><node id="6" version="1" lat="50.004" lon="8.006"/>
<node id="7" version="1" lat="50.006" lon="8.006"/><node id="8" version="1" lat="50.006" lon="8.004"/>
<node id="9" version="1" lat="50.002" lon="8.002"><tag k="shop" v="bakery"/><tag k="name" v="Krümel &amp; Söhne"/></node>
<node id="10" version="1" lat="50.003" lon="8.002"><tag k="addr:housenumber" v="7"/><tag k="addr:street" v="Weg"/></node>
<node id="11" version="1"><tag k="shop" v="nowhere"/></node>
<way id="20" version="1"><nd ref="-1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="primary"/><tag k="oneway" v="yes"/>
<tag k="maxspeed" v="50"/><tag k="name" v="Straße"/></way>
<way id="21" version="1"><nd ref="3"/><nd ref="4"/><nd ref="-1"/><tag k="highway" v="residential"/></way>
<way id="22" version="1"><nd ref="4"/><nd ref="99"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="path"/></way>
<way id="23" version="1"><nd ref="-1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="-1"/></way>
<way id="24" version="1"><nd ref="5"/><nd ref="6"/><nd ref="7"/><nd ref="8"/><nd ref="5"/></way>
<way id="25" version="1"><nd ref="5"/><nd ref="6"/><nd ref="7"/><nd ref="5"/><tag k="amenity" v="school"/></way>
<way id="26" version="1"><nd ref="5"/><nd ref="6"/><nd ref="7"/><nd ref="5"/><tag k="leisure" v="track"/>
<tag k="area" v="no"/></way>
<way id="27" version="1"><nd ref="6"/><nd ref="7"/><nd ref="8"/><nd ref="6"/><tag k="addr:housenumber" v="9"/></way>
<way id="28" version="1"><nd ref="6"/><nd ref="98"/><nd ref="8"/><nd ref="6"/><tag k="shop" v="torn"/></way>
<relation id="30" version="1"><member type="way" ref="24" role="inner"/><member type="way" ref="23" role="outer"/>
<tag k="type" v="multipolygon"/><tag k="leisure" v="park"/></relation>
<relation id="31" version="1"><member type="way" ref="20" role="from"/><tag k="type" v="restriction"/>
<tag k="restriction" v="no_u_turn"/></relation>
<relation id="32" version="1"><member type="way" ref="97" role="outer"/><tag k="type" v="multipolygon"/>
<tag k="leisure" v="park"/></relation>
</osm>"""
KINDS = (
    "pbf",
    "pbf,pbf_dense_nodes=false",
    "pbf,pbf_compression=none",
    "pbf,pbf_compression=lz4",
    "pbf,locations_on_ways=true",
    "osm.gz",
    "osm.bz2",
)


def write(source, target, kind):
    """A map in another format, by osmium."""
    with osmium.SimpleWriter(osmium.io.File(str(target), kind), overwrite=True) as writer:
        found = osmium.FileProcessor(str(source))
        for one in found.with_locations() if "locations" in kind else found:
            writer.add(one)
    return target


@pytest.fixture
def xml(tmp_path):
    path = tmp_path / "town.osm"
    path.write_text(TOWN, encoding="utf-8")
    return path


@pytest.fixture
def plain(xml, tmp_path):
    """The bytes of the town as PBF that is not compressed."""
    return write(xml, tmp_path / "plain.pbf", "pbf,pbf_compression=none").read_bytes()


def test_what_stands_in_a_map_is_found(xml):
    town = read_osm(xml)
    places = town.places.set_index("place")
    assert sorted(places.index) == ["n9", "r30", "w25", "w26", "w28"]
    assert places.loc["n9", "name"] == "Krümel & Söhne"
    park = places.loc["r30", "outline"]
    assert park.geom_type == "MultiPolygon"
    np.testing.assert_allclose(park.area, 0.01**2 - 0.002**2)
    assert "type" not in places.loc["r30", "tags"]
    assert places.loc["w25", "area"] > 0
    assert places.loc["w26", "outline"].geom_type == "LineString"
    # Of an outline with a gap: between its first node and the one half-way, which are 6 and 8.
    np.testing.assert_allclose(places.loc["w28", ["lon", "lat"]].astype(float), [8.005, 50.005])
    assert places.loc["w28", "outline"] is None
    assert sorted(town.addresses["number"]) == ["7", "9"]
    drive = town.streets("drive")
    assert drive.n_pieces == 2
    assert sorted(drive.node_ids.tolist()) == [-1, 3]
    one_way = drive.names == "Straße"
    assert drive.forward[one_way].all()
    assert not drive.backward[one_way].any()
    # The path is cut where node 99 is missing: only from 2 to 3 is left of it.
    path = town.streets("walk").classes == "path"
    assert path.sum() == 1
    assert any("1 street cut" in note for note in town.notes)
    assert any("1 turn restriction" in note for note in town.notes)


@pytest.mark.parametrize("kind", KINDS)
def test_the_format_makes_no_difference(xml, kind, tmp_path):
    first, other = read_osm(xml), read_osm(write(xml, tmp_path / "other.osm", kind))
    columns = ["place", "category", "name", "lon", "lat", "area", "sources", "tags"]
    assert first.places[columns].equals(other.places[columns])
    assert first.addresses.equals(other.addresses)
    for mode in ("drive", "walk", "bike"):
        assert first.streets(mode).to_frame().equals(other.streets(mode).to_frame())


def test_a_real_map_holds_what_osmium_finds():
    path = find_map("helsinki")
    town = read_osm(path)
    found = set(" ".join(town.places["sources"]).split())
    keys = osmium.filter.KeyFilter("shop", "leisure")
    areas = {
        f"{'w' if one.from_way() else 'r'}{one.orig_id()}": osmium.geom.WKBFactory().create_multipolygon(one)
        for one in osmium.FileProcessor(str(path)).with_areas(keys).with_filter(keys)
        if isinstance(one, osmium.osm.Area)
    }
    nodes = {
        f"n{one.id}" for one in osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(keys)
        if one.tags.get("shop") not in {"vacant", "no"}
    }  # fmt: skip
    assert len(nodes) > 500
    assert nodes <= found
    drawn = town.places.set_index("place")["outline"]
    same = [
        shapely.equals(shapely.from_wkb(shape), drawn[key])
        for key, shape in areas.items()
        if key in drawn.index and drawn[key] is not None
    ]
    assert len(same) > 20
    assert all(same)


def test_every_torn_end_is_told(plain, tmp_path):
    path = tmp_path / "torn.osm.pbf"
    for length in sorted(set(range(20, len(plain), 7)) - set(_find_ends(plain))):  # a file may end where a block does
        path.write_bytes(plain[:length])
        with pytest.raises(DataError, match="torn.osm.pbf"):
            read_osm(path)


@pytest.mark.parametrize("seed", range(40))
def test_altered_bytes_are_read_or_refused(plain, seed, tmp_path):
    random = np.random.default_rng(seed)
    data = bytearray(plain)
    for place in random.integers(0, len(data), random.integers(1, 5)):
        data[place] = random.integers(0, 256)
    path = tmp_path / "altered.osm.pbf"
    path.write_bytes(bytes(data))
    try:
        read_osm(path).streets("walk")
    except ValueError as error:
        assert "Traceback" not in str(error)


def _find_ends(data):
    at = 0
    while at < len(data):
        header = int.from_bytes(data[at : at + 4], "big")
        at += 4 + header
        size = data[data.rindex(b"\x18", 0, at) + 1 : at]
        at += sum((byte & 0x7F) << 7 * place for place, byte in enumerate(size))
        yield at


def _field(number, data):
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(value):
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _blob(kind, raw, packed=None):
    blob = _field(3, zlib.compress(raw)) if packed is None else packed
    header = _field(1, kind) + bytes([3 << 3]) + _varint(len(blob))
    return struct.pack(">I", len(header)) + header + blob


@pytest.mark.parametrize(
    ("blocks", "told"),
    [
        ([_blob(b"OSMData", bytes(1 << 26))], "larger than the format allows"),
        ([_blob(b"OSMData", _field(2, _field(2, _field(1, bytes(1 << 18)))))], "differ in number"),
        ([_blob(b"OSMData", b"", _field(3, b"nonsense"))], "cannot be unpacked"),
        ([_blob(b"OSMData", b"", b"")], "holds nothing"),
        (
            [_blob(b"OSMData", _field(2, _field(3, _field(2, b"\x05") + _field(3, b"\x05"))))],
            "a text that is not there",
        ),
        ([_blob(b"OSMData", _field(2, _field(3, _field(2, b"\x05"))))], "do not fit"),
        ([_blob(b"OSMData", b"\x0f")], "no message of the format"),
    ],
)
def test_files_made_to_harm_are_refused(blocks, told, tmp_path):
    path = tmp_path / "made.osm.pbf"
    path.write_bytes(_blob(b"OSMHeader", _field(4, b"OsmSchema-V0.6")) + b"".join(blocks))
    with pytest.raises(DataError, match=told):
        read_osm(path)


def test_a_map_that_claims_too_many_nodes_is_refused(tmp_path):
    """Zeros shrink a thousand times: a small file must not fill the memory."""
    zeros = bytes(6_000_000)
    dense = _field(1, zeros) + _field(8, zeros) + _field(9, zeros)
    path = tmp_path / "zeros.osm.pbf"
    block = _blob(b"OSMData", _field(2, _field(2, dense)))
    path.write_bytes(_blob(b"OSMHeader", b"") + block)
    with pytest.raises(DataError, match="far more than a map of its size"):
        read_osm(path)


# Compiled loops beside plain ones.


@given(st.lists(st.integers(0, 2**40)))
@settings(max_examples=60, deadline=None)
def test_numbers_are_unpacked(values):
    data = np.frombuffer(b"".join(map(_varint, values)), dtype=np.uint8)
    found, fits = unpack_numbers(data, 0, len(data), False)
    assert fits
    assert found.tolist() == values
    signed, _ = unpack_numbers(data, 0, len(data), True)
    assert signed.tolist() == [(one >> 1) ^ -(one & 1) for one in values]
    if values and values[-1] >= 0x80:
        assert not unpack_numbers(data, 0, len(data) - 1, False)[1]


@given(st.lists(st.tuples(st.integers(1, 15), st.integers(0, 2**40) | st.binary(max_size=9))))
@settings(max_examples=60, deadline=None)
def test_fields_are_listed(fields):
    data = b"".join(
        _field(number, one) if isinstance(one, bytes) else bytes([number << 3]) + _varint(one) for number, one in fields
    )
    buffer = np.frombuffer(data, dtype=np.uint8)
    listed = np.empty((len(fields) + 1, 3), dtype=np.int64)
    assert list_fields(buffer, 0, len(data), listed) == len(fields)
    for (number, one), (field, at, end) in zip(fields, listed.tolist(), strict=False):
        assert field == number
        assert (data[at:end] if end >= 0 else at) == one


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**40),
            st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300))),
            st.lists(st.integers(-(2**35), 2**35)),
        )
    )
)
@settings(max_examples=60, deadline=None)
def test_elements_are_read(elements):
    data, spans = b"", []
    for number, tags, refs in elements:
        steps = np.diff(refs, prepend=0).tolist()
        message = bytes([1 << 3]) + _varint(number)
        message += _field(2, b"".join(_varint(key) for key, _ in tags))
        message += _field(3, b"".join(_varint(value) for _, value in tags))
        message += _field(8, b"".join(_varint(2 * one if one >= 0 else -2 * one - 1) for one in steps))
        spans.append((len(data), len(data) + len(message)))
        data += message
    buffer, places = np.frombuffer(data, dtype=np.uint8), np.array(spans, dtype=np.int64).reshape(-1, 2)
    n_tags, n_refs = count_parts(buffer, places, 8)
    assert (n_tags, n_refs) == (sum(len(one[1]) for one in elements), sum(len(one[2]) for one in elements))
    ids, tag_starts, keys, values, ref_starts, nodes, fits = read_elements(buffer, places, n_tags, n_refs, 8)
    assert fits.all()
    assert ids.tolist() == [number for number, _, _ in elements]
    for row, (_, tags, refs) in enumerate(elements):
        some = slice(tag_starts[row], tag_starts[row + 1])
        assert list(zip(keys[some].tolist(), values[some].tolist(), strict=True)) == tags
        assert nodes[ref_starts[row] : ref_starts[row + 1]].tolist() == refs
