"""Streets under the ground: nobody enters them midway, and nobody walks where only lorries go."""

import pandas as pd
import pytest

from domains.geodata import compute_costs, find_map, read_osm, snap_points


def crossing(tags: str) -> str:
    """A street along the latitude of 50 degrees, another 100 m north of it, joined at both ends, and a tunnel between."""
    nodes = {1: (50.0, 8.0), 2: (50.0, 8.01), 3: (50.001, 8.0), 4: (50.001, 8.01)}
    points = "".join(f'<node id="{one}" lat="{lat}" lon="{lon}"/>' for one, (lat, lon) in nodes.items())
    middle = '<node id="5" lat="50.0005" lon="8.003"/><node id="6" lat="50.0005" lon="8.007"/>'
    streets = [
        ((1, 2), "residential", "South"),
        ((3, 4), "residential", "North"),
        ((1, 3), "residential", "West"),
        ((2, 4), "residential", "East"),
    ]
    ways = "".join(
        f'<way id="{number}"><nd ref="{a}"/><nd ref="{b}"/><tag k="highway" v="{kind}"/><tag k="name" v="{name}"/></way>'
        for number, ((a, b), kind, name) in enumerate(streets, 10)
    )
    tunnel = f'<way id="20"><nd ref="1"/><nd ref="5"/><nd ref="6"/><nd ref="2"/><tag k="name" v="Under"/>{tags}</way>'
    return f'<osm version="0.6">{points}{middle}{ways}{tunnel}</osm>'


def tag(**tags: str) -> str:
    return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())


@pytest.mark.parametrize(
    ("tags", "mode", "there", "snapped"),
    [
        (tag(highway="residential"), "walk", True, True),
        (tag(highway="residential", tunnel="yes"), "walk", True, False),
        (tag(highway="residential", tunnel="building_passage"), "walk", True, True),
        (tag(highway="service", tunnel="yes"), "walk", False, False),
        (tag(highway="service", tunnel="yes"), "bike", False, False),
        (tag(highway="service", tunnel="yes", foot="yes"), "walk", True, False),
        (tag(highway="service", tunnel="yes"), "drive", True, False),
        (tag(highway="service"), "walk", True, True),
    ],
)
def test_points_are_not_snapped_to_what_is_under_them(tags, mode, there, snapped, tmp_path):
    (tmp_path / "town.osm").write_text(crossing(tags))
    town = read_osm(tmp_path / "town.osm", streets=[mode]).streets(mode)
    assert ("Under" in town.names) == there
    on = snap_points(town, pd.DataFrame({"lon": [8.005], "lat": [50.00052]}))
    assert (town.names[on.piece[0]] == "Under") == snapped


def test_a_way_through_a_tunnel_counts(tmp_path):
    (tmp_path / "town.osm").write_text(crossing(tag(highway="footway", tunnel="yes")))
    town = read_osm(tmp_path / "town.osm", streets=["walk"]).streets("walk")
    assert town.below.tolist().count(True) == 1


def test_neighbours_above_a_tunnel_are_neighbours():
    """In Helsinki a shop and a pharmacy 52 m apart stand above tunnels that are 24 minutes apart."""
    town = read_osm(find_map("helsinki"), streets=["walk"]).streets("walk")
    points = pd.DataFrame({"lon": [24.943131, 24.943109], "lat": [60.169127, 60.169595]})
    assert compute_costs(town, points, points).values.max() < 360
