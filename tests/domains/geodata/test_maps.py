"""Maps to show: one file that asks nobody for anything, runs no script but its own, and says whose data it is."""

import base64
import hashlib
import html.parser
import json
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from domains.geodata import (
    ATTRIBUTION,
    MapLayer,
    compute_isochrones,
    draw_map,
    find_map,
    find_routes,
    make_grid_town,
    read_osm,
    write_map,
)
from domains.geodata.maps.layers import flatten_layer
from domains.geodata.projection import LocalProjection

EVIL = '</script><script>alert(1)</script><img src=x onerror="alert(1)">&amp;\u2028__DATA__'


class Page(html.parser.HTMLParser):
    """What a browser makes of a page: tags with their attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.shown: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in self.inside:
            self.inside[tag].append("")

    def handle_data(self, data):
        if self.cdata_elem in self.inside:
            self.inside[self.cdata_elem][-1] += data
        else:
            self.shown.append(data)

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def check_page(text: str) -> Page:
    """Nothing is asked for, and nothing runs but the one script whose hash is named."""
    page = Page(text)
    policy = next(
        one["content"] for one in page.attributes("meta") if one.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    data, script = page.inside["script"]
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'sha256-{hashed}'"
    assert [one.get("type") for one in page.attributes("script")] == ["application/json", None]
    styled = base64.b64encode(hashlib.sha256(page.inside["style"][0].encode()).digest()).decode()
    assert f"'sha256-{styled}'" in rules["style-src"]
    asking = {"src", "href", "action", "data", "poster", "srcset", "background", "formaction"}
    for tag, attrs in page.tags:
        assert not asking & set(attrs), (tag, attrs)
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
        assert tag not in {"link", "iframe", "object", "embed", "img", "base", "form"}
    assert not re.search(
        r"https?:|//[a-z]|url\(|@import|import\(|fetch\(|XMLHttp|WebSocket|eval\(", script + page.inside["style"][0]
    )
    assert ATTRIBUTION in "".join(page.shown)
    json.loads(data, parse_constant=lambda one: pytest.fail(f"{one} is no JSON"))
    return page


@pytest.fixture(scope="module")
def helsinki():
    return read_osm(find_map("helsinki"), streets=["walk"])


def test_a_map_of_a_town_asks_nobody_and_is_no_larger_than_3_mb(helsinki, tmp_path):
    streets = helsinki.streets("walk")
    cafes = helsinki.find_places("food/cafe")
    areas = compute_isochrones(streets, cafes.iloc[:6], [200, 400], by="distance")
    ways = find_routes(streets, cafes.iloc[:3], cafes.iloc[3:6])
    layers = [
        MapLayer("Areas", areas, colour="second", tooltip=["limit"]),
        MapLayer("Ways", ways, colour="third", tooltip=["streets", "length"]),
        MapLayer("Places", helsinki.places, tooltip=["name", "category"], size="area"),
    ]
    file = write_map(tmp_path / "map.html", streets, layers, title="Helsinki", caption="Cafés & more")
    text = file.read_text(encoding="utf-8")
    assert file.stat().st_size <= 3_000_000
    page = check_page(text)
    shown = "".join(page.shown)
    assert "Cafés & more" in shown
    assert f"Places ({len(helsinki.places):,})" in shown
    data = json.loads(page.inside["script"][0])
    assert [layer["kind"] for layer in data["layers"]] == ["areas", "lines", "points"]
    assert len(data["layers"][2]["parts"]) == len(helsinki.places)
    for layer in data["layers"]:
        assert len(layer["parts"]) == len(layer["owner"])
        assert max(layer["owner"]) < len(layer["texts"]) == len(layer["radius"])
    assert (
        write_map(tmp_path / "again.html", streets, layers, title="Helsinki", caption="Cafés & more").read_bytes()
        == file.read_bytes()
    )


def test_positions_come_back_from_the_file(tmp_path):
    town = make_grid_town(4, 4)
    layer = MapLayer("Corners", town.nodes_to_frame())
    data = json.loads(check_page(write_map(tmp_path / "map.html", town, [layer]).read_text()).inside["script"][0])
    steps = np.array(data["layers"][0]["parts"])
    found = np.cumsum(steps, axis=0) * data["unit"]
    np.testing.assert_allclose(found, town.node_plane, atol=data["unit"])
    west, south, east, north = np.array(data["frame"]) * data["unit"]
    assert west < found[:, 0].min() < found[:, 0].max() < east
    assert south < found[:, 1].min() < found[:, 1].max() < north


def test_names_that_would_be_scripts_are_names(tmp_path):
    town = make_grid_town(3, 3)
    nodes = town.nodes_to_frame().iloc[:2]
    rows = gpd.GeoDataFrame(
        {EVIL: ["a", "b"], "name": [EVIL, "__SCRIPT__"]}, geometry=nodes.geometry.to_numpy(), crs=4326
    )
    file = write_map(
        tmp_path / "map.html", town, [MapLayer(EVIL, rows, tooltip=["name", EVIL])], title=EVIL, caption=EVIL
    )
    text = file.read_text(encoding="utf-8")
    page = check_page(text)
    data = json.loads(page.inside["script"][0])
    assert data["layers"][0]["texts"] == [f"{EVIL}\n{EVIL}: a", f"__SCRIPT__\n{EVIL}: b"]
    assert data["layers"][0]["name"] == EVIL
    assert "<script>alert" not in text
    assert "".join(page.shown).count("<script>alert(1)</script>") >= 4
    assert page.attributes("canvas")[0]["aria-label"].startswith(EVIL)


def test_streets_of_hostile_names_on_a_still_map(tmp_path):
    figure = draw_map(
        make_grid_town(3, 3), [MapLayer(EVIL, make_grid_town(3, 3).nodes_to_frame())], alt=EVIL, caption=EVIL
    )
    assert "<script" not in figure.svg


@pytest.mark.parametrize(
    "values", [[1.5, np.nan], [None, "x"], [pd.NA, 1], [pd.Timestamp("2024-01-01"), pd.NaT], [1e12, -1e-9]]
)
def test_tooltips_hold_what_is_there_and_nothing_that_is_missing(values, tmp_path):
    town = make_grid_town(3, 3)
    rows = town.nodes_to_frame().iloc[:2].assign(told=pd.Series(values, dtype=object).to_numpy())
    page = check_page(write_map(tmp_path / "map.html", town, [MapLayer("a", rows, tooltip="told")]).read_text())
    texts = json.loads(page.inside["script"][0])["layers"][0]["texts"]
    assert [bool(text) for text in texts] == [not pd.isna(value) for value in values]


def test_layers_of_every_kind_are_taken_apart():
    plane = LocalProjection(10.0, 50.0)
    square = shapely.box(10, 50, 10.01, 50.01)
    holed = square.difference(shapely.box(10.002, 50.002, 10.004, 50.004))
    shapes = gpd.GeoSeries([shapely.MultiPolygon([holed, shapely.box(11, 50, 11.01, 50.01)]), None, square], crs=4326)
    found = flatten_layer(MapLayer("areas", shapes), plane)
    assert (found.kind, len(found.parts), found.owner.tolist()) == ("areas", 4, [0, 0, 0, 2])
    metres = flatten_layer(MapLayer("areas", shapes.to_crs(32632)), plane)
    for one, other in zip(found.parts, metres.parts, strict=True):
        np.testing.assert_allclose(one, other, atol=0.01)
    lines = gpd.GeoSeries([shapely.MultiLineString([[(10, 50), (10, 51)], [(10, 52), (10, 53)]])], crs=4326)
    assert flatten_layer(MapLayer("lines", lines), plane).owner.tolist() == [0, 0]
    points = gpd.GeoSeries([shapely.MultiPoint([(10, 50), (10, 51)]), shapely.Point(10, 52)], crs=4326)
    assert flatten_layer(MapLayer("points", points), plane).owner.tolist() == [0, 0, 1]


def test_circles_grow_by_their_area_and_missing_sizes_are_small():
    town = make_grid_town(3, 3)
    rows = town.nodes_to_frame().iloc[:4].assign(people=[0, 100, 400, None])
    radius = flatten_layer(MapLayer("a", rows, size="people"), town.projection).radius
    low, _, most, missing = radius
    assert missing == low < most
    assert (radius[1] - low) / (most - low) == pytest.approx(0.5)


def test_nothing_to_show_is_shown_as_nothing(tmp_path):
    town = make_grid_town(3, 3)
    empty = town.nodes_to_frame().iloc[:0]
    lost = gpd.GeoDataFrame({"a": [1]}, geometry=[None], crs=4326)
    for data in (empty, lost):
        check_page(write_map(tmp_path / "map.html", town, [MapLayer("None", data)]).read_text())
        assert draw_map(town, [MapLayer("None", data)], alt="Streets.").alt == "Streets."
    one = town.nodes_to_frame().iloc[[0]]
    check_page(write_map(tmp_path / "map.html", None, [MapLayer("One", one)]).read_text())
    assert draw_map(None, [MapLayer("One", one)], alt="A point.").alt == "A point."


def test_a_still_map_says_whose_data_it_is_and_what_to_read(helsinki):
    cafes = helsinki.find_places("food/cafe")
    figure = draw_map(
        helsinki.streets("walk"), [MapLayer("Cafés", cafes)], alt="Dots: cafés.", caption="Most are central."
    )
    assert figure.alt == "Dots: cafés."
    assert figure.caption == f"Most are central. Map: {ATTRIBUTION}."
    assert draw_map(make_grid_town(3, 3), caption=f"By {ATTRIBUTION}").caption == f"By {ATTRIBUTION}"


def test_a_town_across_the_180th_meridian_is_drawn_in_one_piece(tmp_path):
    town = make_grid_town(6, 6, lon=179.998, lat=-16.8)
    nodes = town.nodes_to_frame()
    areas = compute_isochrones(town, nodes.iloc[[14]], 250, by="distance")
    page = check_page(write_map(tmp_path / "map.html", town, [MapLayer("a", areas), MapLayer("b", nodes)]).read_text())
    west, _, east, _ = np.array(json.loads(page.inside["script"][0])["frame"]) * 0.5
    assert 500 < east - west < 1500
    alone = check_page(write_map(tmp_path / "map.html", None, [MapLayer("b", nodes)]).read_text())
    west, _, east, _ = np.array(json.loads(alone.inside["script"][0])["frame"]) * 0.5
    assert 500 < east - west < 1500
