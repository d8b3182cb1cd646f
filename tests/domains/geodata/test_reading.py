"""Reading maps: who may use a street which way and how fast, places once each, addresses, and files that are torn."""

import bz2
import gzip
import html

import numpy as np
import pandas as pd
import pytest
import shapely

from domains.geodata import compute_costs, compute_isochrones, find_map, is_map, read_osm, snap_points
from domains.geodata.osm.speeds import CLASS_SPEEDS, parse_speed
from shared.errors import DataError

MODES = ("drive", "walk", "bike")
LAT, LON = 60.0, 25.0
STEP = 0.001  # 111 m north, 56 m east


def write_tags(tags) -> str:
    return "".join(f'<tag k="{html.escape(key)}" v="{html.escape(value)}"/>' for key, value in tags.items())


def write_osm(nodes, ways=(), relations=()) -> str:
    """Nodes by id: (east, north, tags) in steps; ways: (id, nodes, tags); relations: (id, [(type, ref, role)], tags)."""
    text = ['<?xml version="1.0" encoding="UTF-8"?><osm version="0.6">']
    for one, (east, north, *tags) in nodes.items():
        lat, lon = LAT + STEP * north, (LON + STEP * east + 180.0) % 360.0 - 180.0
        text.append(f'<node id="{one}" version="1" lat="{lat:.7f}" lon="{lon:.7f}">{write_tags(*tags or [{}])}</node>')
    for one, refs, tags in ways:
        points = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        text.append(f'<way id="{one}" version="1">{points}{write_tags(tags)}</way>')
    for one, members, tags in relations:
        parts = "".join(f'<member type="{kind}" ref="{ref}" role="{role}"/>' for kind, ref, role in members)
        text.append(f'<relation id="{one}" version="1">{parts}{write_tags(tags)}</relation>')
    return "".join([*text, "</osm>"])


@pytest.fixture
def read(tmp_path):
    def read_text(nodes, ways=(), relations=(), **settings):
        file = tmp_path / "town.osm"
        file.write_text(write_osm(nodes, ways, relations), encoding="utf-8")
        return read_osm(file, **settings)

    return read_text


SQUARE = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1)}


# Who may use a street, and in which direction: for drivers, walkers and cyclists "=" both ways, ">" along the line,
# "<" against it, "-" not at all.
USES = [
    ("===", {"highway": "residential"}),
    (">=>", {"highway": "residential", "oneway": "yes"}),
    (">=>", {"highway": "residential", "oneway": "1"}),
    (">=>", {"highway": "residential", "oneway": "true"}),
    ("<=<", {"highway": "residential", "oneway": "-1"}),
    ("<=<", {"highway": "residential", "oneway": "reverse"}),
    ("===", {"highway": "residential", "oneway": "no"}),
    ("===", {"highway": "residential", "oneway": "reversible"}),
    (">==", {"highway": "residential", "oneway": "yes", "oneway:bicycle": "no"}),
    (">=<", {"highway": "residential", "oneway": "yes", "oneway:bicycle": "-1"}),
    (">==", {"highway": "residential", "oneway": "yes", "cycleway": "opposite_lane"}),
    (">=>", {"highway": "tertiary", "junction": "roundabout"}),
    (">=>", {"highway": "tertiary", "junction": "circular"}),
    ("===", {"highway": "tertiary", "junction": "roundabout", "oneway": "no"}),
    (">--", {"highway": "motorway"}),
    ("=--", {"highway": "motorway_link"}),
    ("=--", {"highway": "trunk"}),
    ("==-", {"highway": "trunk", "sidewalk": "both"}),
    ("-=-", {"highway": "footway"}),
    ("-==", {"highway": "footway", "bicycle": "yes"}),
    ("-=-", {"highway": "pedestrian"}),
    ("-==", {"highway": "path"}),
    ("-==", {"highway": "track"}),
    ("-=-", {"highway": "steps"}),
    ("-=-", {"highway": "steps", "bicycle": "no"}),
    ("--=", {"highway": "cycleway"}),
    ("-==", {"highway": "cycleway", "foot": "designated"}),
    ("-->", {"highway": "cycleway", "oneway": "yes"}),
    ("---", {"highway": "construction"}),
    ("---", {"highway": "proposed"}),
    ("---", {"highway": "bus_stop"}),
    ("---", {"highway": "pedestrian", "area": "yes"}),
    ("---", {"highway": "residential", "access": "private"}),
    ("---", {"highway": "residential", "access": "no"}),
    ("===", {"highway": "residential", "access": "destination"}),
    ("-=-", {"highway": "residential", "access": "no", "foot": "yes"}),
    ("--=", {"highway": "residential", "access": "no", "bicycle": "designated"}),
    ("=--", {"highway": "residential", "access": "no", "motor_vehicle": "yes"}),
    ("-==", {"highway": "residential", "motor_vehicle": "no"}),
    ("-=-", {"highway": "residential", "vehicle": "no"}),
    ("==-", {"highway": "residential", "vehicle": "no", "motorcar": "yes"}),
    ("-==", {"highway": "residential", "motorcar": "no", "motor_vehicle": "yes"}),
    ("=-=", {"highway": "residential", "foot": "no"}),
    ("=-=", {"highway": "residential", "foot": "use_sidepath"}),
    ("==-", {"highway": "residential", "bicycle": "no"}),
    ("==-", {"highway": "residential", "bicycle": "dismount"}),
    ("-==", {"highway": "service", "service": "driveway"}),
    ("-==", {"highway": "service", "service": "parking_aisle"}),
    ("===", {"highway": "service", "service": "alley"}),
]


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """Each street alone, in a map in which nothing else hinders it."""
    nodes, ways = {}, []
    for number in range(len(USES)):
        nodes |= {10 * number + 1: (0, number), 10 * number + 2: (1, number)}
        ways.append((number + 1, [10 * number + 1, 10 * number + 2], USES[number][1]))
    file = tmp_path_factory.mktemp("uses") / "town.osm"
    file.write_text(write_osm(nodes, ways))
    town = read_osm(file)
    found = {}
    for mode in MODES:
        streets = town.streets(mode)
        for way, forward, backward in zip(streets.way_ids, streets.forward, streets.backward, strict=True):
            found[mode, int(way)] = {(1, 1): "=", (1, 0): ">", (0, 1): "<", (0, 0): "-"}[int(forward), int(backward)]
    return found


@pytest.mark.parametrize("number", range(len(USES)), ids=[str(tags) for _, tags in USES])
def test_streets_are_used_as_their_tags_say(used, number):
    assert "".join(used.get((mode, number + 1), "-") for mode in MODES) == USES[number][0]


def test_reading_for_drivers_alone_reads_the_same_streets(read):
    nodes = {number: (number, 0) for number in range(1, 2 * len(USES) + 1)}
    ways = [(number + 1, [2 * number + 1, 2 * number + 2], tags) for number, (_, tags) in enumerate(USES)]
    one = read(nodes, ways, streets=["drive"]).streets("drive")
    other = read(nodes, ways).streets("drive")
    for name in ("way_ids", "forward", "backward", "length", "seconds"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize(
    ("text", "speed"),
    [
        ("50", 50),
        ("50 km/h", 50),
        (" 50 kmh ", 50),
        ("30 mph", 48.28032),
        ("30mph", 48.28032),
        ("5 knots", 9.26),
        ("22.5", 22.5),
        ("none", 130),
        ("walk", 5),
        ("DE:urban", 50),
        ("DE:rural", 100),
        ("de:urban", 50),
        ("FR:urban", 50),
        ("FR:rural", 80),
        ("GB:nsl_single", 96.56064),
        ("DE:zone:30", 30),
        ("DE:zone30", 30),
        ("US:30", 48.28032),
        ("50;30", 30),
        ("50|80", 50),
        ("30, 50", 30),
        ("50;signals", 50),
    ],
)
def test_limits_are_read_in_every_spelling(text, speed):
    assert parse_speed(text) == pytest.approx(speed, rel=1e-9)


@pytest.mark.parametrize(
    "text", ["", "signals", "variable", "0", "-30", "5000", "fast", "DE:", "DE:moon", "50 m/s", "٣٠x"]
)
def test_limits_that_cannot_be_read_are_nothing(text):
    assert np.isnan(parse_speed(text))


def test_speeds_are_those_written_else_those_of_the_class(read):
    nodes = {number: (number, 0) for number in range(1, 30)}
    limits = ["30 mph", "fast", None, "none", "50;20"]
    ways = [
        (number, [number, number + 1], {"highway": "residential"} | ({"maxspeed": limit} if limit else {}))
        for number, limit in enumerate(limits, 1)
    ]
    town = read(nodes, ways).streets("drive")
    usual = CLASS_SPEEDS["residential"]
    speeds = 3.6 * town.length / town.seconds
    np.testing.assert_allclose(speeds, [30 * 1.609344, usual, usual, 130, 20])
    assert "40 % of the streets have no speed limit that can be read" in town.notes[0]
    many = [(number, [number, number + 1], {"highway": "primary", "maxspeed": "40"}) for number in range(1, 25)]
    town = read(nodes, [*many, (25, [25, 26], {"highway": "primary"})]).streets("drive")
    np.testing.assert_allclose(3.6 * town.length / town.seconds, 40)


# Nodes and lines


def test_streets_are_cut_where_they_meet_and_nowhere_else(read):
    """A cross whose streets share node 5, a bend at 6, and a bridge over the first street that shares no node."""
    nodes = {1: (-2, 0), 2: (2, 0), 3: (0, -2), 4: (0, 2), 5: (0, 0), 6: (1, 0.5), 7: (-1, -1), 8: (-1, 1)}
    street = {"highway": "residential"}
    ways = [(1, [1, 5, 6, 2], street), (2, [3, 5, 4], street), (3, [7, 8], street | {"bridge": "yes"})]
    town = read(nodes, ways).streets("walk")
    assert sorted(town.node_ids.tolist()) == [1, 2, 3, 4, 5, 7, 8]
    assert town.n_pieces == 5
    assert town.length.sum() == pytest.approx(
        sum(np.hypot(dx * 55.66, dy * 111.19) for dx, dy in ((2, 0), (1, 0.5), (1, 0.5), (0, 4), (0, 2))), rel=1e-3
    )


def test_a_way_that_is_a_loop_is_one_piece_and_can_be_gone_round(read):
    ways = [(1, [1, 2, 3, 4, 1], {"highway": "residential"})]
    town = read(SQUARE, ways, streets=["walk"]).streets("walk")
    assert (town.n_nodes, town.n_pieces) == (1, 1)
    assert town.length[0] == pytest.approx(2 * (55.6 + 111.2), rel=0.01)
    corners = pd.DataFrame({"lon": [LON, LON + STEP, LON], "lat": [LAT, LAT, LAT + STEP]})
    costs = compute_costs(town, corners, corners, by="distance").values
    np.testing.assert_allclose(costs[0], [0, 55.6, 111.2], rtol=0.01)
    np.testing.assert_allclose(costs, costs.T)


def test_a_lollipop_and_a_way_that_touches_itself(read):
    """A street that comes back to its own middle: cut there, and no part is lost."""
    nodes = {**SQUARE, 5: (-1, 0)}
    ways = [(1, [5, 1, 2, 3, 4, 1], {"highway": "residential"})]
    town = read(nodes, ways, streets=["walk"]).streets("walk")
    assert (town.n_nodes, town.n_pieces) == (2, 2)
    assert town.length.sum() == pytest.approx(55.6 + 2 * (55.6 + 111.2), rel=0.01)


def test_nodes_that_repeat_and_streets_of_no_length_do_no_harm(read):
    nodes = {1: (0, 0), 2: (1, 0), 3: (1, 0), 4: (2, 0), 9: (0, 1)}
    street = {"highway": "residential"}
    ways = [
        (1, [1, 1, 2, 2, 3, 4, 4], street),
        (2, [2, 3], street),
        (3, [9], street),
        (4, [9, 9], street),
        (5, [], street),
    ]
    town = read(nodes, ways, streets=["walk"]).streets("walk")
    assert town.length.sum() == pytest.approx(2 * 55.6, rel=0.01)
    ends = pd.DataFrame({"lon": [LON, LON + STEP, LON + 2 * STEP], "lat": [LAT] * 3})
    costs = compute_costs(town, ends, ends, by="distance").values
    np.testing.assert_allclose(costs[0], [0, 55.6, 111.2], rtol=0.01, atol=1e-6)
    np.testing.assert_allclose(costs, costs.T)
    assert shapely.is_valid(compute_isochrones(town, ends, 60, by="distance").geometry.to_numpy()).all()


def test_streets_are_cut_at_nodes_that_are_missing(read):
    nodes = {1: (0, 0), 2: (1, 0), 4: (3, 0), 5: (4, 0), 6: (9, 9)}
    street = {"highway": "residential"}
    town = read(nodes, [(1, [1, 2, 3, 4, 5], street), (2, [6, 7], street)], streets=["walk"])
    assert "2 streets cut" in town.explain()
    assert sorted(town.streets("walk").node_ids.tolist()) == [1, 2, 4, 5]


def test_the_largest_part_is_snapped_to_and_islands_are_told(read):
    """A square of two-way streets; an island; a one-way street from which nobody comes back."""
    nodes = {**SQUARE, 5: (5, 5), 6: (6, 5), 7: (2, 0)}
    street = {"highway": "residential"}
    ways = [(1, [1, 2, 3, 4, 1], street), (2, [5, 6], street), (3, [2, 7], street | {"oneway": "yes"})]
    town = read(nodes, ways, streets=["drive"]).streets("drive")
    assert any("2 street pieces" in note and "nothing is snapped there" in note for note in town.notes)
    on = snap_points(town, pd.DataFrame({"lon": [LON + 5 * STEP, LON + 2 * STEP], "lat": [LAT + 5 * STEP, LAT]}))
    assert set(town.way_ids[on.piece]) == {1}
    assert on.off[1] == pytest.approx(55.6, rel=0.01)


# Places


def test_places_are_categorised_by_their_tags_and_each_is_there_once(read):
    nodes = {
        1: (0, 0, {"amenity": "cafe", "name": "Kafé & Söhne", "opening_hours": "Mo-Fr 08:00-18:00", "brand": "K"}),
        2: (1, 0, {"shop": "vacant"}),
        3: (2, 0, {"shop": "yes", "amenity": "pharmacy"}),
        4: (3, 0, {"shop": "yes"}),
        5: (4, 0, {"amenity": "fuel;car_wash"}),
        6: (5, 0, {"leisure": "sport"}),
        7: (6, 0, {"natural": "tree"}),
        8: (7, 0, {"amenity": "no", "tourism": "hotel"}),
        9: (8, 0, {"healthcare": "dentist", "amenity": "dentist"}),
        10: (9, 0, {"amenity": ""}),
    }
    places = read(nodes, streets=()).places.set_index("place")
    assert places["category"].to_dict() == {
        "n1": "food/cafe",
        "n3": "health/pharmacy",
        "n4": "shop/other",
        "n5": "transport/fuel",
        "n6": "leisure/sport",
        "n8": "lodging/hotel",
        "n9": "health/dentist",
    }
    told = places.loc["n1"]
    assert (told["name"], told["brand"], told["opening_hours"]) == ("Kafé & Söhne", "K", "Mo-Fr 08:00-18:00")
    assert (told["lon"], told["lat"], told["area"], told["sources"]) == (LON, LAT, 0.0, "n1")
    assert told["tags"]["amenity"] == "cafe"
    only = read(nodes, streets=(), place_keys=["tourism"])
    assert only.places["place"].tolist() == ["n8"]


HOUSE = {11: (0, 0), 12: (0.4, 0), 13: (0.4, 0.2), 14: (0, 0.2)}  # 22 m by 22 m
RING = [11, 12, 13, 14, 11]
MARKET = {"shop": "supermarket", "name": "Market"}


def test_a_node_and_the_outline_of_one_shop_are_one_place_that_knows_both(read):
    node = {1: (0.2, 0.1, {"shop": "supermarket", "name": "MARKET", "phone": "1", "addr:street": "Way", "brand": "B"})}
    town = read(node | HOUSE, [(5, RING, MARKET | {"addr:housenumber": "7"})], streets=())
    place = town.places.iloc[0]
    assert len(town.places) == 1
    assert (place["place"], place["sources"], place["name"]) == ("w5", "w5 n1", "Market")
    assert (place["street"], place["number"], place["brand"], place["tags"]["phone"]) == ("Way", "7", "B", "1")
    assert place["area"] == pytest.approx(22.2 * 22.2, rel=0.02)
    assert place["outline"].contains(place.geometry)
    assert "1 object of the same category and name as an outline there: merged with it" in town.notes


@pytest.mark.parametrize(
    ("east", "tags", "kept"),
    [
        (0.2, {"shop": "supermarket"}, 1),  # inside, and has no name of its own
        (0.9, {"shop": "supermarket"}, 2),  # beside, without a name
        (0.9, {"shop": "supermarket", "name": "Market"}, 1),  # by the door
        (1.3, {"shop": "supermarket", "name": "Market"}, 2),  # 50 m away: another branch
        (0.2, {"shop": "supermarket", "name": "Other"}, 2),
        (0.2, {"shop": "bakery", "name": "Market"}, 2),  # a shop in the market
        (0.2, {"amenity": "cafe"}, 2),
    ],
)
def test_what_is_another_place_is_not_merged(read, east, tags, kept):
    town = read({1: (east, 0.1, tags)} | HOUSE, [(5, RING, MARKET)], streets=())
    assert len(town.places) == kept


def test_shops_in_a_mall_are_shops_and_two_of_a_chain_are_two(read):
    nodes = {
        1: (0.1, 0.1, {"shop": "clothes", "name": "A"}),
        2: (0.2, 0.1, {"shop": "clothes", "name": "A"}),
        3: (0.3, 0.1, {"shop": "mall", "name": "Inner"}),
    }
    town = read(nodes | HOUSE, [(5, RING, {"shop": "mall", "name": "Centre"})], streets=())
    assert town.places["sources"].tolist() == ["n1", "n2", "n3", "w5"]


def test_a_place_of_several_outlines_with_a_yard_is_one_with_the_area_between(read):
    inner = {21: (0.1, 0.05), 22: (0.3, 0.05), 23: (0.3, 0.15), 24: (0.1, 0.15)}
    second = {31: (1, 0), 32: (1.4, 0), 33: (1.4, 0.2), 34: (1, 0.2)}
    ways = [(1, RING, {}), (2, [21, 22, 23, 24, 21], {}), (3, [31, 32, 33], {}), (4, [33, 34, 31], {})]
    members = [("way", 1, "outer"), ("way", 2, "inner"), ("way", 3, "outer"), ("way", 4, "outer")]
    tags = {"type": "multipolygon", "amenity": "school", "name": "School"}
    town = read(HOUSE | inner | second, ways, [(9, members, tags)], streets=())
    place = town.places.iloc[0]
    assert town.places["place"].tolist() == ["r9"]
    assert place["area"] == pytest.approx((1 - 0.25 + 1) * 22.2**2, rel=0.02)
    assert place["outline"].intersects(place.geometry)


def test_a_relation_that_repeats_its_outline_is_one_place(read):
    tags = {"amenity": "school", "name": "School"}
    relation = (9, [("way", 1, "outer")], tags | {"type": "multipolygon"})
    town = read(HOUSE, [(1, RING, tags)], [relation], streets=())
    assert town.places["sources"].tolist() == ["r9 w1"]


def test_outlines_that_do_not_close_stand_as_lines_or_points(read):
    ways = [(1, [11, 12, 13], {"amenity": "marketplace"}), (2, [14, 99], {"amenity": "theatre"})]
    places = read(HOUSE, ways, streets=()).places
    assert places["place"].tolist() == ["w1", "w2"]
    assert places["area"].tolist() == [0, 0]
    assert places[["lon", "lat"]].notna().all(axis=None)
    crossed = read(HOUSE, [(1, [11, 13, 12, 14, 11], {"amenity": "school"})], streets=()).places
    assert len(crossed) == 1
    assert crossed[["lon", "lat"]].notna().all(axis=None)


@pytest.mark.parametrize("with_street", [False, True])
def test_areas_are_square_metres_though_nothing_but_outlines_is_in_the_map(read, with_street):
    ways = [(1, RING, {"amenity": "school"})] + [(2, [11, 12], {"highway": "path"})] * with_street
    assert read(HOUSE, ways).places["area"].iloc[0] == pytest.approx(22.2 * 22.2, rel=0.02)


# Addresses


def test_addresses_of_nodes_outlines_relations_and_places(read):
    def address(number):
        return {"addr:street": "Way", "addr:housenumber": number, "addr:city": "Town", "addr:postcode": "00100"}

    house = {21: (1, 0), 22: (1.4, 0), 23: (1.4, 0.2), 24: (1, 0.2)}
    nodes = {1: (0, 0, address("1")), 2: (2, 0, address("2") | {"shop": "bakery"}), 3: (3, 0, {"addr:street": "Way"})}
    ways = [
        (5, RING, address("5") | {"building": "yes"}),
        (6, [21, 22, 23, 24, 21], {}),
        (7, [11, 12], {"addr:interpolation": "odd"}),
    ]
    relation = (8, [("way", 6, "outer")], address("8") | {"type": "multipolygon", "building": "yes"})
    town = read(nodes | HOUSE | house, ways, [relation], streets=())
    found = town.addresses.set_index("number").sort_index()
    assert found.index.tolist() == ["1", "2", "5", "8"]
    assert (found["street"] == "Way").all()
    assert (found["town"] == "Town").all()
    assert (found["postcode"] == "00100").all()
    np.testing.assert_allclose((found["lon"] - LON) / STEP, [0, 2, 0.2, 1.2], atol=0.02)
    assert "4 addresses" in town.explain()


# Across the 180th meridian


def read_road(tmp_path, west: float):
    """A road of four nodes from `west` on, and a hall with an address at 0.5 degrees from there."""
    east = (west - LON) / STEP
    nodes = {number: (east + far / STEP, 0) for number, far in enumerate([0.0, 0.2, 0.4, 0.6], 1)}
    nodes |= {11: (east + 499, 1), 12: (east + 501, 1), 13: (east + 501, 2), 14: (east + 499, 2)}
    ways = [(number, [number, number + 1], {"highway": "residential", "name": "Road"}) for number in (1, 2, 3)]
    ways += [(8, RING, {"amenity": "townhall"}), (9, RING, {"addr:street": "Road", "addr:housenumber": "1"})]
    file = tmp_path / "town.osm"
    file.write_text(write_osm(nodes, ways))
    found = read_osm(file, streets=["drive"])
    town = found.streets("drive")
    points = pd.DataFrame({"lon": west + np.array([0.1, 0.45, 0.55]), "lat": [LAT] * 3})
    points["lon"] = (points["lon"] + 180) % 360 - 180
    costs = compute_costs(town, points, points, by="distance").values
    alone = snap_points(town, points.iloc[[0]])  # far from both ends of the range of longitudes
    area = compute_isochrones(town, points, 2000, by="distance")
    return found, town, costs, alone, area


def test_a_town_across_the_180th_meridian_is_a_town_as_any_other(tmp_path):
    """Streets from 179.5 to -179.9; the hall stands on the meridian itself."""
    found, town, costs, alone, area = read_road(tmp_path, 179.5)
    _, other, other_costs, other_alone, other_area = read_road(tmp_path, 10.0)
    np.testing.assert_allclose(town.length, 0.2 * 55_597, rtol=1e-3)
    np.testing.assert_allclose(town.length, other.length, rtol=1e-9)
    np.testing.assert_allclose(costs, other_costs, atol=1e-3)
    np.testing.assert_allclose(alone.off, other_alone.off, atol=1e-3)
    place = found.places.iloc[0]
    assert abs(place["lon"]) == pytest.approx(180, abs=0.001)
    assert place["area"] == pytest.approx(0.002 * 55_597 * 111.19, rel=0.01)
    assert abs(found.addresses["lon"].iloc[0]) == pytest.approx(180, abs=0.001)
    np.testing.assert_allclose(area["area"], other_area["area"], rtol=1e-3)
    assert area.geometry.is_valid.all()
    assert (np.ptp(area.bounds[["minx", "maxx"]].to_numpy(), axis=1) < 0.1).all()


# Files


@pytest.fixture(scope="module")
def town_text():
    return write_osm(SQUARE | {5: (0.5, 0.5, {"shop": "bakery"})}, [(1, [1, 2, 3, 4, 1], {"highway": "residential"})])


def write_pbf(text: str, path, locations: bool = True) -> None:
    import osmium

    class Copy(osmium.SimpleHandler):
        def __init__(self, writer):
            super().__init__()
            self.node, self.way = (writer.add_node if locations else lambda node: None), writer.add_way

    with osmium.SimpleWriter(str(path)) as writer:
        Copy(writer).apply_buffer(text.encode(), "osm")


@pytest.mark.parametrize("kind", ["osm", "gz", "bz2", "pbf", "bom"])
def test_a_map_is_known_by_what_is_in_it_whatever_it_is_called(kind, town_text, tmp_path):
    file = tmp_path / "map.data"
    if kind == "pbf":
        write_pbf(town_text, tmp_path / "town.osm.pbf")
        (tmp_path / "town.osm.pbf").rename(file)
    else:
        pack = {"gz": gzip.compress, "bz2": bz2.compress, "bom": lambda raw: b"\xef\xbb\xbf" + raw}.get(kind, bytes)
        file.write_bytes(pack(town_text.encode()))
    assert is_map(file)
    town = read_osm(file)
    assert town.places["category"].tolist() == ["grocery/bakery"]
    assert town.streets("bike").length.sum() == pytest.approx(333.6, rel=0.01)


def refused(path) -> str:
    with pytest.raises(DataError) as error:
        read_osm(path)
    assert not is_map(path) or "torn" in str(error.value) or "holds no" in str(error.value)
    return str(error.value)


CHANGE = '<osmChange version="0.6"><create><node id="1" lat="1" lon="1"/></create></osmChange>'


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"lon,lat\n24.9,60.2\n", "is no OpenStreetMap file: it begins with 'lon,lat"),
        (b"\x00" * 5000, "is no OpenStreetMap file"),
        (b"<html><body>Not found</body></html>", "is no OpenStreetMap file"),
        (CHANGE.encode(), "holds changes to a map (osmChange)"),
        (gzip.compress(CHANGE.encode(), mtime=0), "holds changes to a map (osmChange)"),
        (gzip.compress(b"lon,lat", mtime=0), "is no OpenStreetMap file"),
        (b"\x1f\x8b", "cannot be read"),
        (b"\x1f\x8bnothing", "cannot be read"),
        (b'<osm version="0.6"></osm>', "holds no street, place or address"),
        (b'<osm version="0.6"><node id="1" lat="1" lon=', "cannot be read to its end"),
        (b'<osm version="0.6"><node id="x" lat="a" lon="1"/></osm>', "cannot be read to its end"),
        (b"PK\x03\x04 a zip", "is no OpenStreetMap file"),
    ],
)
def test_what_is_no_map_is_refused_and_named(content, told, tmp_path):
    file = tmp_path / "town.osm.pbf"
    file.write_bytes(content)
    text = refused(file)
    assert text.startswith("town.osm.pbf: ")
    assert told in text


def test_missing_files_and_folders_are_refused(tmp_path):
    assert "there is no such file" in refused(tmp_path / "none.osm.pbf")
    assert str(tmp_path) in refused(tmp_path / "none.osm.pbf")
    assert "is a folder" in refused(tmp_path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.999])
def test_torn_maps_are_refused(share, tmp_path, town_text):
    raw = find_map("helsinki").read_bytes()
    torn = tmp_path / "torn.osm.pbf"
    torn.write_bytes(raw[: int(share * len(raw))])
    assert "torn.osm.pbf: cannot be read to its end" in refused(torn)
    packed = gzip.compress(town_text.encode() * 200)
    torn.write_bytes(packed[: int(share * len(packed))])
    assert "torn.osm.pbf: " in refused(torn)


def test_altered_maps_are_refused_or_read_and_end_nothing(tmp_path):
    raw = bytearray(find_map("helsinki").read_bytes())
    rng = np.random.default_rng(0)
    for _ in range(5):
        other = raw.copy()
        for place in rng.integers(100, len(raw), 20):
            other[place] = rng.integers(256)
        file = tmp_path / "altered.osm.pbf"
        file.write_bytes(other)
        try:
            read_osm(file, streets=())
        except DataError as error:
            assert "altered.osm.pbf: " in str(error)


def test_a_map_without_positions_of_nodes_is_refused(town_text, tmp_path):
    file = tmp_path / "bare.osm.pbf"
    write_pbf(town_text, file, locations=False)
    text = refused(file)
    assert "holds no positions of nodes: 1 street cannot be drawn" in text
    assert "complete_ways" in text


def test_a_file_read_twice_gives_equal_frames(tmp_path):
    one, other = read_osm(find_map("helsinki")), read_osm(find_map("helsinki"))
    pd.testing.assert_frame_equal(pd.DataFrame(one.places), pd.DataFrame(other.places))
    pd.testing.assert_frame_equal(one.addresses, other.addresses)
    assert one.notes == other.notes
    for mode in MODES:
        first, second = one.streets(mode), other.streets(mode)
        pd.testing.assert_frame_equal(pd.DataFrame(first.to_frame()), pd.DataFrame(second.to_frame()))
        assert first.points.tobytes() == second.points.tobytes()
        assert first.seconds.tobytes() == second.seconds.tobytes()
