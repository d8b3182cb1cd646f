"""Costs along streets against plain searches: one-way, parallel, looped and torn streets, points midway, and routes."""

import heapq
import itertools

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from domains.geodata import (
    Positions,
    StreetNetwork,
    compute_costs,
    find_map,
    find_nearest,
    find_routes,
    make_grid_town,
    read_osm,
    snap_points,
)
from domains.geodata.network.costs import measure_positions
from domains.geodata.network.hierarchy import Elimination
from domains.geodata.projection import measure_distance

INF = np.inf
# Costs that are exact in binary, with many ties and zeros among them.
COSTS = st.sampled_from([0.0, 0.0, 0.5, 1.0, 1.0, 3.0, 7.25, 1e6])


@st.composite
def graphs(draw):
    """Nodes, and arcs between them: some parallel, some loops, some parts that nothing joins."""
    n = draw(st.integers(1, 12))
    node = st.integers(0, n - 1)
    return n, draw(st.lists(st.tuples(node, node, COSTS), max_size=40))


def search(n: int, arcs, starts) -> np.ndarray:
    """Dijkstra's algorithm as the books have it; `starts` are pairs of a node and what entering there costs."""
    out = [[] for _ in range(n)]
    for tail, head, cost in arcs:
        out[tail].append((head, cost))
    found = np.full(n, INF)
    queue = [(cost, node) for node, cost in starts if cost < INF]
    heapq.heapify(queue)
    while queue:
        cost, node = heapq.heappop(queue)
        if cost >= found[node]:
            continue
        found[node] = cost
        for head, step in out[node]:
            heapq.heappush(queue, (cost + step, head))
    return found


def weigh(n: int, arcs):
    tail, head, cost = (np.array(part) for part in zip(*arcs, strict=True)) if arcs else ([], [], [])
    tail, head = np.asarray(tail, dtype=np.int64), np.asarray(head, dtype=np.int64)
    return Elimination.order(n, tail, head).weigh(tail, head, np.asarray(cost, dtype=float))


@given(graphs(), st.data())
def test_an_elimination_gives_the_costs_of_a_plain_search(graph, data):
    n, arcs = graph
    hierarchy = weigh(n, arcs)
    node = st.integers(0, n - 1)
    entry = st.tuples(node, node, st.sampled_from([0.0, 2.0, INF]), st.sampled_from([0.0, 0.25, INF]))
    entries = data.draw(st.lists(entry, min_size=1, max_size=20))
    seeds, costs = np.array([one[:2] for one in entries]), np.array([one[2:] for one in entries])
    wanted = np.array(data.draw(st.lists(node, min_size=1, max_size=5)))
    plain = np.array([search(n, arcs, [(one[0], one[2]), (one[1], one[3])]) for one in entries])
    np.testing.assert_array_equal(hierarchy.measure(seeds, costs), plain)
    np.testing.assert_array_equal(hierarchy.measure(seeds, costs, wanted), plain[:, wanted])
    turned = [(head, tail, cost) for tail, head, cost in arcs]
    back = np.array([search(n, turned, [(one[0], one[2]), (one[1], one[3])]) for one in entries])
    np.testing.assert_array_equal(hierarchy.reverse().measure(seeds, costs), back)


def by_scipy(n: int, tail, head, cost, starts) -> np.ndarray:
    order = np.lexsort((cost, head, tail))
    key = tail[order] * n + head[order]
    first = order[np.concatenate([[True], key[1:] != key[:-1]])]
    return dijkstra(sparse.csr_array((cost[first], (tail[first], head[first])), (n, n)), indices=starts)


def ring(n: int):
    here = np.arange(n)
    there = (here + 1) % n
    return n, np.concatenate([here, there]), np.concatenate([there, here])


def grid(side: int):
    """Four fifths of the edges of a grid, a third of them one-way."""
    rng = np.random.default_rng(side)
    place = np.arange(side * side).reshape(side, side)
    tail = np.concatenate([place[:, :-1].ravel(), place[:-1].ravel()])
    head = np.concatenate([place[:, 1:].ravel(), place[1:].ravel()])
    kept = rng.random(len(tail)) < 0.8
    tail, head = tail[kept], head[kept]
    both = rng.random(len(tail)) < 2 / 3
    return side * side, np.concatenate([tail, head[both]]), np.concatenate([head, tail[both]])


def star(n: int):
    """One node in the middle of all."""
    return n, np.zeros(n - 1, dtype=np.int64), np.arange(1, n)


@pytest.mark.parametrize(
    "graph", [ring(3), ring(3000), ring(20_000), grid(60), star(2000), (3, np.array([0]), np.array([1]))], ids=str
)
def test_large_graphs_cost_what_scipy_finds(graph):
    """On a ring of a thousand nodes and more, the factor's entries once faded to 0 and paths were lost."""
    n, tail, head = graph
    cost = np.random.default_rng(n).random(len(tail))
    starts = np.array([0, n // 2, n - 1])
    hierarchy = Elimination.order(n, tail, head).weigh(tail, head, cost)
    found = hierarchy.measure(np.column_stack([starts, starts]), np.zeros((3, 2)))
    np.testing.assert_allclose(found, by_scipy(n, tail, head, cost, starts), rtol=1e-12, atol=1e-12)


# Points in the middle of street pieces


def make_streets(n: int, pieces, seconds=None) -> StreetNetwork:
    """A network of bent pieces: (tail, head, length, forward, backward) each."""
    tail, head = np.array([one[0] for one in pieces]), np.array([one[1] for one in pieces])
    angle = 2 * np.pi * np.arange(n) / n
    lon, lat = 10 + 0.01 * np.cos(angle), 50 + 0.01 * np.sin(angle)
    bend = 1e-3 * np.arange(1, len(pieces) + 1)  # no two pieces have one line
    points = np.stack(
        [
            np.column_stack([lon[tail], lat[tail]]),
            np.column_stack([lon[tail] + bend, lat[tail]]),
            np.column_stack([lon[head], lat[head] + bend]),
            np.column_stack([lon[head], lat[head]]),
        ],
        axis=1,
    ).reshape(-1, 2)
    number = np.arange(len(pieces))
    length = np.array([one[2] for one in pieces], dtype=float)
    return StreetNetwork(
        "drive",
        lon,
        lat,
        np.arange(n) + 1,
        tail,
        head,
        length,
        length * 2 if seconds is None else np.asarray(seconds, dtype=float),
        np.array([one[3] for one in pieces], dtype=bool),
        np.array([one[4] for one in pieces], dtype=bool),
        number,
        np.array([f"Street {place}" for place in number], dtype=object),
        np.full(len(pieces), "residential", dtype=object),
        points,
        4 * number,
        4 * number + 3,
        np.zeros(len(pieces), dtype=bool),
    )


def put(places, snapped=None) -> Positions:
    piece, share = np.array([one[0] for one in places]), np.array([one[1] for one in places], dtype=float)
    zero = np.zeros(len(piece))
    on = np.ones(len(piece), dtype=bool) if snapped is None else np.asarray(snapped)
    return Positions(pd.RangeIndex(len(piece)), piece, share, zero, on, zero, zero)


def split(n: int, pieces, places) -> tuple[int, list, list[int]]:
    """Cut every piece at the points on it; gives the arcs of the graph, and the node that each point became."""
    nodes = []
    arcs = []
    for number, (tail, head, length, forward, backward) in enumerate(pieces):
        cuts = sorted({share for piece, share in places if piece == number and 0 < share < 1})
        at = {0.0: tail, 1.0: head}
        for share in cuts:
            at[share] = n
            n += 1
        for low, high in itertools.pairwise([0.0, *cuts, 1.0]):
            if forward:
                arcs.append((at[low], at[high], (high - low) * length))
            if backward:
                arcs.append((at[high], at[low], (high - low) * length))
        nodes += [(place, at[share]) for place, (piece, share) in enumerate(places) if piece == number]
    return n, arcs, [node for _, node in sorted(nodes)]


@st.composite
def towns(draw):
    n = draw(st.integers(1, 6))
    node = st.integers(0, n - 1)
    piece = st.tuples(node, node, COSTS, st.booleans(), st.booleans())
    pieces = draw(st.lists(piece, min_size=1, max_size=9))
    share = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
    place = st.tuples(st.integers(0, len(pieces) - 1), share)
    return n, pieces, draw(st.lists(place, min_size=1, max_size=4)), draw(st.lists(place, min_size=1, max_size=8))


@given(towns())
def test_points_midway_cost_what_split_streets_do(town):
    n, pieces, origins, targets = town
    streets = make_streets(n, pieces)
    n_nodes, arcs, nodes = split(n, pieces, [*origins, *targets])
    start, end = nodes[: len(origins)], nodes[len(origins) :]
    plain = np.array([search(n_nodes, arcs, [(node, 0.0)])[end] for node in start])
    for factor, by in ((1.0, "distance"), (2.0, "time")):
        found = measure_positions(streets, put(origins), put(targets), by=by)
        np.testing.assert_allclose(found, factor * plain, rtol=1e-12, atol=1e-9)
    # The search runs from the fewer side: the other way round it has to say the same.
    turned = [(tail, head, length, backward, forward) for tail, head, length, forward, backward in pieces]
    back = measure_positions(make_streets(n, turned), put(targets), put(origins), by="distance").T
    np.testing.assert_allclose(back, plain, rtol=1e-12, atol=1e-9)


def test_points_on_one_piece_go_straight_or_round():
    """A one-way piece of 8 from 0 to 1, and 5 back: behind one another the short way, else round."""
    streets = make_streets(2, [(0, 1, 8.0, True, False), (1, 0, 5.0, True, False)])
    here, there = put([(0, 0.25)]), put([(0, 0.75)])
    assert measure_positions(streets, here, there, by="distance").tolist() == [[4.0]]
    assert measure_positions(streets, there, here, by="distance").tolist() == [[9.0]]
    assert measure_positions(streets, here, here, by="distance").tolist() == [[0.0]]


def test_a_loop_is_gone_round_one_way_and_the_shorter_way():
    for backward, wanted in ((False, [[6.0, 2.0]]), (True, [[2.0, 2.0]])):
        streets = make_streets(2, [(0, 0, 8.0, True, backward), (0, 1, 1.0, True, True)])
        found = measure_positions(streets, put([(0, 0.5)]), put([(0, 0.25), (0, 0.75)]), by="distance")
        assert found.tolist() == wanted


def test_what_is_not_joined_or_on_no_street_is_infinitely_far():
    streets = make_streets(4, [(0, 1, 1.0, True, False), (2, 3, 1.0, True, True)])
    places = put([(0, 0.5), (1, 0.5), (1, 0.5)], [True, True, False])
    found = measure_positions(streets, places, places, by="distance")
    assert found.tolist() == [[0.0, INF, INF], [INF, 0.0, INF], [INF, INF, INF]]


def scatter(streets: StreetNetwork, n: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "lon": rng.uniform(streets.lon.min(), streets.lon.max(), n),
            "lat": rng.uniform(streets.lat.min(), streets.lat.max(), n),
        },
        index=[f"p{seed}-{number}" for number in range(n)],
    )


@pytest.fixture(scope="module", params=["drive", "walk"])
def streets(request) -> StreetNetwork:
    return read_osm(find_map("helsinki"), streets=[request.param]).streets(request.param)


def test_a_real_town_costs_what_a_search_on_split_streets_finds(streets):
    origins, targets = scatter(streets, 6), scatter(streets, 40, 1)
    start, end = snap_points(streets, origins), snap_points(streets, targets)
    pieces = list(
        zip(
            streets.tail.tolist(),
            streets.head.tolist(),
            streets.length.tolist(),
            streets.forward.tolist(),
            streets.backward.tolist(),
            strict=True,
        )
    )
    places = [*zip(start.piece, start.share, strict=True), *zip(end.piece, end.share, strict=True)]
    n_nodes, arcs, nodes = split(streets.n_nodes, pieces, places)
    plain = np.array([search(n_nodes, arcs, [(node, 0.0)])[nodes[6:]] for node in nodes[:6]])
    found = compute_costs(streets, origins, targets, by="distance")
    np.testing.assert_allclose(found.values, plain, rtol=0, atol=1e-6)
    assert found.unreachable == 0
    assert found.to_frame().loc[41].tolist() == ["p0-1", "p1-1", found.values[1, 1]]


def test_junctions_are_at_every_street_that_begins_there(streets):
    """A point at a junction is snapped to one of its streets, which may be one-way; all others are at hand, too."""
    ends = np.unique(np.concatenate([streets.tail[streets.open_air], streets.head[streets.open_air]]))
    picked = np.random.default_rng(0).choice(ends, 60, replace=False)
    points = pd.DataFrame({"lon": streets.lon[picked], "lat": streets.lat[picked]})
    tail, head, piece = streets.arcs()
    plain = by_scipy(streets.n_nodes, tail, head, streets.length[piece], picked)[:, picked]
    np.testing.assert_allclose(compute_costs(streets, points, points, by="distance").values, plain, atol=1e-6)
    alone = [snap_points(streets, points.iloc[[row]]) for row in range(60)]
    assert {float(one.share[0]) for one in alone} == {0.0, 1.0}


def test_any_number_of_threads_gives_the_same_bytes(streets):
    origins, targets = scatter(streets, 600), scatter(streets, 700, 1)
    one, two = (compute_costs(streets, origins, targets, n_jobs=n_jobs).values for n_jobs in (1, 2))
    assert one.tobytes() == two.tobytes()
    assert np.isfinite(one).all()
    if streets.directed:
        back = compute_costs(streets, targets, origins).values.T
        assert not np.allclose(one, back)


def test_points_are_snapped_to_the_nearest_street_within_a_limit(streets):
    points = scatter(streets, 30, 2)
    on = snap_points(streets, points)
    x, y = streets.projection.to_plane(points["lon"].to_numpy(), points["lat"].to_numpy())
    dots = shapely.points(x, y)
    lines = streets.lines(np.flatnonzero(streets.open_air), plane=True)
    np.testing.assert_allclose(on.off, [shapely.distance(lines, dot).min() for dot in dots], atol=1e-9)
    assert streets.open_air[on.piece].all()
    middle = float(np.median(on.off))
    near = snap_points(streets, points, max_snap=middle)
    np.testing.assert_array_equal(near.snapped, on.off <= middle)
    assert near.notes[0].startswith("15 of 30 rows of points are further than")
    found = compute_costs(streets, near, on).values
    assert np.isinf(found[~near.snapped]).all()
    assert np.isfinite(found[near.snapped]).all()


def test_the_nearest_are_those_of_a_sorted_table(streets):
    origins, targets = scatter(streets, 20), scatter(streets, 30, 1)
    costs = compute_costs(streets, origins, targets).values
    limit = float(np.quantile(costs, 0.1))
    found = find_nearest(streets, origins, targets, k=4, limit=limit)
    rows = []
    for place, label in enumerate(origins.index):
        order = np.argsort(costs[place], kind="stable")[:4]
        near = [one for one in order if costs[place, one] <= limit]
        rows += [(label, rank, targets.index[one], costs[place, one]) for rank, one in enumerate(near, 1)]
    wanted = pd.DataFrame(rows, columns=["origin", "rank", "target", "cost"])
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False, rtol=1e-12)
    assert len(find_nearest(streets, origins.iloc[:2], targets, k=99)) == 60
    assert (find_nearest(streets, origins, targets, limit=0.0)["cost"] == 0).all()


@pytest.mark.parametrize("by", ["time", "distance"])
def test_routes_go_along_the_streets_and_cost_what_the_table_says(streets, by):
    origins, targets = scatter(streets, 25), scatter(streets, 25, 1)
    ways = find_routes(streets, origins, targets, by=by)
    start, end = snap_points(streets, origins), snap_points(streets, targets)
    unit = "seconds" if by == "time" else "length"
    np.testing.assert_allclose(ways[unit], np.diag(compute_costs(streets, start, end, by=by).values), rtol=1e-9)
    plane = streets.projection
    web = shapely.union_all(streets.lines(np.arange(streets.n_pieces), plane=True))
    assert (ways.geometry.is_empty == (ways["length"] == 0)).all()
    for row in np.flatnonzero(ways["length"] > 0):
        line = ways.geometry.iloc[row]
        points = shapely.get_coordinates(line)
        flat = np.column_stack(plane.to_plane(points[:, 0], points[:, 1]))
        for where, at in ((start, 0), (end, -1)):
            piece = streets.lines(where.piece[[row]], plane=True)[0]
            wanted = shapely.get_coordinates(piece.interpolate(where.share[row], normalized=True))[0]
            np.testing.assert_allclose(flat[at], wanted, atol=0.01)
        drawn = measure_distance(points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1]).sum()
        assert drawn == pytest.approx(ways["length"].iloc[row], abs=0.05)
        middles = shapely.points(np.concatenate([flat, (flat[1:] + flat[:-1]) / 2]))
        assert shapely.distance(middles, web).max() < 0.01


def test_routes_that_do_not_exist_and_routes_of_no_length():
    streets = make_streets(4, [(0, 1, 1.0, True, True), (2, 3, 1.0, True, True)])
    ways = find_routes(streets, put([(0, 0.5), (0, 0.5)]), put([(1, 0.5), (0, 0.5)]))
    assert ways["seconds"].tolist() == ways["length"].tolist() == [INF, 0.0]
    assert ways.geometry.is_empty.all()
    assert ways["streets"].tolist() == ["", ""]


@given(towns())
def test_routes_cost_what_the_table_says_on_any_streets(town):
    n, pieces, origins, targets = town
    streets = make_streets(n, pieces)
    pairs = list(itertools.product(range(len(origins)), range(len(targets))))
    start, end = put([origins[one] for one, _ in pairs]), put([targets[other] for _, other in pairs])
    costs = measure_positions(streets, put(origins), put(targets), by="distance").ravel()
    ways = find_routes(streets, start, end, by="distance")
    np.testing.assert_allclose(ways["length"], costs, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(ways["seconds"], 2 * costs, rtol=1e-12, atol=1e-9)


# Where degrees are not what they seem


@pytest.mark.parametrize(
    ("lon", "lat"), [(179.997, -16.8), (-180.0, 65.0), (15.6, 78.2), (0.0, 0.0), (-70.0, -54.9), (24.0, 85.0)]
)
def test_towns_everywhere_are_measured_alike(lon, lat):
    """Ten streets by ten of 100 m: across the 180th meridian, in the far north, and at 0, 0."""
    town = make_grid_town(10, 10, lon=lon, lat=lat)
    np.testing.assert_allclose(town.length, 100.0, rtol=1e-4)
    nodes = town.nodes_to_frame().iloc[1:]
    costs = compute_costs(town, nodes, nodes, by="distance").values
    place = np.arange(1, 100)
    row, column = place // 10, place % 10
    steps = abs(row[:, None] - row) + abs(column[:, None] - column)
    np.testing.assert_allclose(costs, 100.0 * steps, rtol=1e-3)
    # From the middle of every block of the southernmost street to the middle of the last.
    ends = np.column_stack([town.first, town.last])[[*range(9), -1]]
    lon, lat = town.projection.to_degrees(*town.plane[ends].mean(axis=1).T)
    middles = pd.DataFrame({"lon": lon, "lat": lat})
    assert snap_points(town, middles).off.max() < 0.05
    ways = find_routes(town, middles, middles.iloc[[9] * 10], by="distance")
    assert ways["length"].iloc[:9].between(500, 2000).all()
    for line, length in zip(ways.geometry, ways["length"], strict=True):
        points = shapely.get_coordinates(line)
        drawn = measure_distance(points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1]).sum()
        assert drawn == pytest.approx(length, rel=1e-6)
