"""To OSMnx and back: the same streets, the same ways along them, and the same costs."""

import itertools

import numpy as np
import pandas as pd
import pytest

from domains.geodata import compute_costs, find_map, from_osmnx, make_grid_town, read_osm, to_osmnx
from domains.geodata.osm.convert import chain_ways
from domains.geodata.osm.scan import STREET_KEYS


@pytest.fixture(scope="module")
def helsinki():
    return read_osm(find_map("helsinki"))


@pytest.mark.parametrize("mode", ["drive", "walk", "bike"])
def test_streets_come_back_as_they_went(helsinki, mode):
    streets = helsinki.streets(mode)
    graph = to_osmnx(streets)
    again = from_osmnx(graph, mode)
    assert again.n_nodes == streets.n_nodes
    assert again.n_pieces == streets.n_pieces
    for name in ("length", "seconds"):
        assert getattr(again, name).sum() == pytest.approx(getattr(streets, name).sum(), rel=1e-9)
    for name in ("forward", "backward", "below"):
        assert getattr(again, name).sum() == getattr(streets, name).sum()
    rng = np.random.default_rng(0)
    low, high = streets.points.min(axis=0), streets.points.max(axis=0)
    points = pd.DataFrame(rng.uniform(low, high, (40, 2)), columns=["lon", "lat"])
    for by in ("time", "distance"):
        there, back = (compute_costs(one, points, points, by=by).values for one in (streets, again))
        np.testing.assert_allclose(back, there, atol=1e-6)


def test_loops_and_parallel_streets_keep_their_directions(tmp_path):
    """A two-way loop, a one-way loop, and two ways between the same corners of which one is one-way."""
    places = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (2, 0), 6: (3, 0), 7: (3, -1), 8: (2, -1), 9: (1, 0.5)}
    nodes = "".join(f'<node id="{one}" lat="{50 + y / 1000}" lon="{8 + x / 1000}"/>' for one, (x, y) in places.items())
    ways = [([1, 3, 4, 1], False), ([5, 6, 7, 8, 5], True), ([1, 2, 5], False), ([1, 9, 5], True)]
    text = "".join(
        f'<way id="{number}">{"".join(f"""<nd ref="{ref}"/>""" for ref in refs)}<tag k="highway" v="residential"/>'
        f'{"""<tag k="oneway" v="yes"/>""" if one_way else ""}</way>'
        for number, (refs, one_way) in enumerate(ways, 1)
    )
    (tmp_path / "town.osm").write_text(f'<osm version="0.6">{nodes}{text}</osm>')
    streets = read_osm(tmp_path / "town.osm", streets=["drive"]).streets("drive")
    again = from_osmnx(to_osmnx(streets))
    for town in (streets, again):
        told = pd.DataFrame({"way": town.way_ids, "forward": town.forward, "backward": town.backward})
        told = told.sort_values("way").to_numpy().tolist()
        assert told == [[1, True, True], [2, True, False], [3, True, True], [4, True, False]]


def test_ways_are_chained_from_an_unsimplified_graph():
    import networkx as nx

    graph = nx.MultiDiGraph()
    tags = {"highway": "residential", "name": ["A", "B"], "oneway": False}
    for way, chain in ((7, [1, 2, 3, 4]), (8, [4, 5, 6, 4]), (9, [2, 9])):
        for tail, head in itertools.pairwise(chain):
            graph.add_edge(tail, head, osmid=way, reversed=False, **tags)
            graph.add_edge(head, tail, osmid=way, reversed=True, **tags)
    found = {way: (told, nodes) for way, told, nodes in chain_ways(graph)}
    assert {way: nodes for way, (_, nodes) in found.items()} == {7: [1, 2, 3, 4], 8: [4, 5, 6, 4], 9: [2, 9]}
    told = dict(zip(STREET_KEYS, found[7][0], strict=True))
    assert (told["highway"], told["name"], told["oneway"]) == ("residential", "A", None)


def test_a_grid_of_a_graph_without_lines_or_speeds_is_a_grid():
    graph = to_osmnx(make_grid_town(4, 4))
    for _, _, data in graph.edges(data=True):
        for name in ("geometry", "travel_time", "osmid", "length"):
            del data[name]
    again = from_osmnx(graph, "walk")
    assert (again.n_nodes, again.n_pieces) == (16, 24)
    np.testing.assert_allclose(again.length, 100, rtol=1e-3)
    assert (again.forward & again.backward).all()
