"""Isochrones: what is inside is reached along the streets, and what is reached is inside; valid, nested, and one-way."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import shapely

from domains.geodata import compute_isochrones, find_map, make_grid_town, read_osm, snap_points
from domains.geodata.network.costs import measure_positions
from domains.geodata.network.snap import Positions

LIMITS = [200, 400, 600]


@pytest.fixture(scope="module")
def helsinki():
    return read_osm(find_map("helsinki"), streets=["walk", "drive"])


def sample(streets, n: int, seed: int) -> tuple[Positions, np.ndarray]:
    """Points along the streets, by length; and where they are."""
    rng = np.random.default_rng(seed)
    pieces = np.flatnonzero(streets.open_air)
    length = streets.length[pieces]
    piece = rng.choice(pieces, n, p=length / length.sum())
    share = rng.random(n)
    dots = shapely.line_interpolate_point(streets.lines(piece, plane=True), share, normalized=True)
    lon, lat = streets.projection.to_degrees(shapely.get_x(dots), shapely.get_y(dots))
    on = Positions(pd.RangeIndex(n), piece, share, np.zeros(n), np.ones(n, dtype=bool), lon, lat)
    return on, shapely.points(lon, lat)


def origins(streets, n: int) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    middle, spread = streets.points.mean(axis=0), streets.points.std(axis=0)
    return pd.DataFrame(
        rng.normal(middle, spread / 2, (n, 2)), columns=["lon", "lat"], index=[f"o{i}" for i in range(n)]
    )


@pytest.mark.parametrize(
    ("mode", "direction", "by"),
    [("walk", None, "distance"), ("walk", None, "time"), ("drive", "from", "distance"), ("drive", "to", "time")],
)
def test_areas_hold_what_is_reached_along_the_streets_and_nothing_else(helsinki, mode, direction, by):
    streets = helsinki.streets(mode)
    start = snap_points(streets, origins(streets, 12))
    along, dots = sample(streets, 4000, 1)
    limits = LIMITS if by == "distance" else [one / 1.3 for one in LIMITS] if mode == "walk" else [30, 60, 90]
    areas = compute_isochrones(streets, start, limits, by=by, direction=direction)
    assert shapely.is_valid(areas.geometry.to_numpy()).all()
    if direction == "to":
        costs = measure_positions(streets, along, start, by=by).T
    else:
        costs = measure_positions(streets, start, along, by=by)
    hits, reached, held = 0, 0, 0
    for place, (limit, shape) in enumerate(zip(areas["limit"], areas.geometry, strict=True)):
        shapely.prepare(shape)
        inside = shapely.contains(shape, dots)
        near = costs[place // 3] <= limit
        hits, reached, held = hits + (inside & near).sum(), reached + near.sum(), held + inside.sum()
    assert reached > 1000
    assert hits / reached >= 0.985
    assert hits / held >= 0.98


def test_areas_are_nested_and_grow(helsinki):
    streets = helsinki.streets("walk")
    areas = compute_isochrones(streets, origins(streets, 8), [600, 200, 400], by="distance")
    assert areas["limit"].tolist() == [600, 200, 400] * 8
    for _, some in areas.sort_values("limit").groupby("origin"):
        shapes = some.geometry.to_numpy()
        assert (np.diff(some["area"]) >= 0).all()
        for small, large in pairwise(shapes):
            assert small.difference(large).area <= 1e-3 * max(small.area, 1e-12)


def test_areas_of_all_origins_together_are_the_union(helsinki):
    streets = helsinki.streets("walk")
    points = origins(streets, 6)
    each = compute_isochrones(streets, points, 300, by="distance")
    both = compute_isochrones(streets, points, 300, by="distance", merge=True)
    assert both["origin"].tolist() == ["all"]
    union = shapely.union_all(each.geometry.to_numpy())
    assert both.geometry.iloc[0].symmetric_difference(union).area < 0.02 * union.area
    assert both["area"].iloc[0] <= each["area"].sum()


def test_areas_in_blocks_of_origins_are_the_same(helsinki, monkeypatch):
    streets = helsinki.streets("walk")
    whole = compute_isochrones(streets, origins(streets, 7), 250, by="distance")
    monkeypatch.setattr("domains.geodata.isochrones.polygons.BLOCK", 3)
    parts = compute_isochrones(streets, origins(streets, 7), 250, by="distance")
    assert [one.wkb for one in whole.geometry] == [one.wkb for one in parts.geometry]


@pytest.fixture(scope="module")
def one_way(tmp_path_factory):
    """A long street from west to east, one way, with a way back far in the north."""
    text = ['<osm version="0.6">']
    for number in range(11):
        text.append(f'<node id="{number + 1}" lat="50.0" lon="{8 + 0.001 * number:.3f}"/>')
    text.append('<node id="20" lat="50.01" lon="8.0"/><node id="21" lat="50.01" lon="8.01"/>')
    there = "".join(f'<nd ref="{number}"/>' for number in range(1, 12))
    tags = '<tag k="highway" v="residential"/>'
    text.append(f'<way id="1">{there}{tags}<tag k="oneway" v="yes"/></way>')
    text.append(f'<way id="2"><nd ref="11"/><nd ref="21"/><nd ref="20"/><nd ref="1"/>{tags}</way></osm>')
    file = tmp_path_factory.mktemp("one_way") / "town.osm"
    file.write_text("".join(text))
    return read_osm(file, streets=["drive"]).streets("drive")


def test_one_way_streets_are_reached_ahead_and_come_from_behind(one_way):
    point = pd.DataFrame({"lon": [8.005], "lat": [50.0]})
    ahead, behind = shapely.Point(8.0075, 50), shapely.Point(8.0025, 50)
    to, away = (
        compute_isochrones(one_way, point, 250, by="distance", direction=direction).geometry.iloc[0]
        for direction in ("to", "from")
    )
    assert (away.contains(ahead), away.contains(behind)) == (True, False)
    assert (to.contains(ahead), to.contains(behind)) == (False, True)


def test_origins_on_no_street_have_no_area():
    town = make_grid_town(5, 5)
    points = town.nodes_to_frame().iloc[[12, 12]][["lon", "lat"]]
    points.iloc[1, 0] += 0.02
    areas = compute_isochrones(town, pd.DataFrame(points), [100, 200], by="distance", max_snap=300)
    assert (areas["area"] > 0).tolist() == [True, True, False, False]
    assert areas.geometry.is_empty.tolist() == [False, False, True, True]
    merged = compute_isochrones(town, pd.DataFrame(points), [100, 200], by="distance", max_snap=300, merge=True)
    np.testing.assert_allclose(merged["area"], areas["area"].iloc[:2])
    lost = compute_isochrones(town, pd.DataFrame(points.iloc[1:]), 100, max_snap=300, merge=True)
    assert lost.geometry.is_empty.all()


@pytest.mark.parametrize("detail", [5.0, 20.0, None])
def test_on_a_grid_areas_are_diamonds(detail):
    """All corners within 200 m along streets at right angles: a square on its tip of 2 * 200² m²."""
    town = make_grid_town(9, 9, spacing=100.0)
    areas = compute_isochrones(town, town.nodes_to_frame().iloc[[40]], [100, 200, 300], by="distance", detail=detail)
    np.testing.assert_allclose(areas["area"], 2 * np.array([100, 200, 300]) ** 2, rtol=0.12)
    plane = town.projection
    for shape, limit in zip(areas.geometry, areas["limit"], strict=True):
        x, y = plane.to_plane(*shapely.get_coordinates(shape).T)
        assert np.hypot(x, y).max() < limit + 15
    seconds = compute_isochrones(town, town.nodes_to_frame().iloc[[40]], 150, by="time")
    assert seconds["area"].iloc[0] == pytest.approx(areas["area"].iloc[1], rel=0.1)  # 150 s at 4.8 km/h are 200 m


def test_everything_is_reached_within_a_limit_beyond_the_town():
    town = make_grid_town(4, 4)
    area = compute_isochrones(town, town.nodes_to_frame().iloc[[0]], [1e3, 1e9], by="distance")
    assert area.geometry.is_valid.all()
    np.testing.assert_allclose(area["area"], area["area"].iloc[0], rtol=0.3)
    assert area["area"].iloc[0] > 300**2
