"""To and from OSMnx: its graphs for whoever works with them, and its way to Overpass for places by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from domains.geodata.network.build import Ways, build_network
from domains.geodata.network.streets import StreetNetwork
from domains.geodata.osm.scan import STREET_KEYS
from domains.geodata.osm.speeds import CLASS_SPEEDS, CYCLING_PACE, WALKING_PACE, parse_speed
from domains.geodata.osm.streets import MODES
from shared.errors import HexadError, SettingsError, require
from shared.typing import Floats

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["chain_ways", "from_osmnx", "to_osmnx"]

PACES = {"walk": WALKING_PACE, "bike": CYCLING_PACE}


def to_osmnx(network: StreetNetwork) -> nx.MultiDiGraph:
    """Write a network as a graph of OSMnx's kind, for its plots and statistics.

    Parameters
    ----------
    network : StreetNetwork

    Returns
    -------
    networkx.MultiDiGraph
        Nodes by OpenStreetMap's ids with "x" and "y"; edges with "osmid", "name", "highway", "length", "travel_time",
        "oneway", "reversed", "tunnel" and "geometry"; in WGS 84.

    >>> from domains.geodata import make_grid_town
    >>> graph = to_osmnx(make_grid_town(2, 2))
    >>> graph.number_of_nodes(), graph.number_of_edges(), graph.graph["crs"]
    (4, 8, 'epsg:4326')
    """
    require("osmnx", package="osmnx", extra="geodata")
    import networkx as nx

    graph = nx.MultiDiGraph(crs="epsg:4326", simplified=True)
    for node, lon, lat in zip(network.node_ids.tolist(), network.lon.tolist(), network.lat.tolist(), strict=True):
        graph.add_node(node, x=lon, y=lat, street_count=0)
    counts = np.bincount(np.concatenate([network.tail, network.head]), minlength=network.n_nodes)
    for node, count in zip(network.node_ids.tolist(), counts.tolist(), strict=True):
        graph.nodes[node]["street_count"] = count
    lines = network.lines(np.arange(network.n_pieces))
    tail, head, piece = network.arcs()
    there = int(network.forward.sum())
    for place, (one, other, at) in enumerate(zip(tail.tolist(), head.tolist(), piece.tolist(), strict=True)):
        back = place >= there
        graph.add_edge(
            int(network.node_ids[one]),
            int(network.node_ids[other]),
            osmid=int(network.way_ids[at]),
            name=str(network.names[at]),
            highway=str(network.classes[at]),
            length=float(network.length[at]),
            travel_time=float(network.seconds[at]),
            oneway=bool(network.forward[at] != network.backward[at]),
            reversed=back,
            tunnel="yes" if network.below[at] else None,
            geometry=lines[at].reverse() if back else lines[at],
        )
    return graph


def from_osmnx(graph: nx.MultiDiGraph, mode: str = "drive") -> StreetNetwork:
    """Make a network of a graph of OSMnx's, simplified or not.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        In degrees, as OSMnx gives it before `project_graph`.
    mode : {"drive", "walk", "bike"}
        By which speeds are chosen: the edges' own "travel_time", else "maxspeed", else the class of road.

    Raises
    ------
    HexadError, SettingsError
        It is projected, or has no edges.

    >>> from domains.geodata import make_grid_town
    >>> town = make_grid_town(3, 3)
    >>> again = from_osmnx(to_osmnx(town), "walk")
    >>> again.n_nodes, round(float(again.length.sum() / town.length.sum()), 6)
    (9, 1.0)
    """
    if mode not in MODES:
        raise SettingsError(f"mode={mode!r}: the ways of moving are {', '.join(map(repr, MODES))}")
    crs = str(graph.graph.get("crs", "epsg:4326")).lower()
    if "4326" not in crs:
        raise HexadError(f"the graph is projected ({crs}); give it in degrees, as it was before ox.project_graph")
    if not graph.number_of_edges():
        raise HexadError("the graph has no edges")
    return _build(list(_read_edges(graph)), mode)


class _Edge:
    """One piece of street, with the directions in which it is open."""

    def __init__(self, tail: int, head: int, points: Floats, data: dict[str, Any]) -> None:
        self.tail, self.head, self.points, self.data = tail, head, points, data
        self.forward, self.backward = True, False


def _read_edges(graph: nx.MultiDiGraph) -> Iterator[_Edge]:
    """Pieces, each once: the arc back along the same line is the other direction of the same piece."""
    known: dict[tuple[int, int, Any, bytes], _Edge] = {}
    for tail, head, data in graph.edges(data=True):
        line = data.get("geometry")
        ends = [(graph.nodes[node]["x"], graph.nodes[node]["y"]) for node in (tail, head)]
        points = np.asarray(ends if line is None else line.coords, dtype=float)[:, :2]
        osmid = data.get("osmid")
        way = tuple(sorted(osmid)) if isinstance(osmid, list) else osmid
        line_of = points.round(7)
        back = known.get((head, tail, way, line_of[::-1].tobytes()))
        if back is not None and not back.backward:
            back.backward = True
            continue
        known.setdefault((tail, head, way, line_of.tobytes()), _Edge(tail, head, points, data))
    yield from known.values()


def _build(edges: list[_Edge], mode: str) -> StreetNetwork:
    counts = [len(edge.points) for edge in edges]
    starts = np.concatenate([[0], np.cumsum(counts)])
    ids = {node: place for place, node in enumerate(sorted({end for edge in edges for end in (edge.tail, edge.head)}))}
    names = np.array(list(ids), dtype=object)
    # Points between junctions get ids of their own, below those of the junctions.
    refs = -1 - np.arange(starts[-1], dtype=np.int64)
    refs[starts[:-1]] = [ids[edge.tail] for edge in edges]
    refs[starts[1:] - 1] = [ids[edge.head] for edge in edges]
    ways = Ways(
        np.array([_first(edge.data.get("osmid"), 0) for edge in edges], dtype=np.int64),
        np.array([str(_first(edge.data.get("name"), "")) for edge in edges], dtype=object),
        np.array([str(_first(edge.data.get("highway"), "")) for edge in edges], dtype=object),
        refs,
        np.concatenate([edge.points for edge in edges]),
        starts,
        np.array([_first(edge.data.get("tunnel"), "") == "yes" for edge in edges], dtype=bool),
    )
    forward = np.array([edge.forward for edge in edges])
    backward = np.array([edge.backward for edge in edges])
    if mode == "walk":
        forward = backward = np.ones(len(edges), dtype=bool)
    network = build_network(ways, mode, forward, backward, np.array([_find_speed(edge.data, mode) for edge in edges]))
    numbers = [int(name) if isinstance(name, int | np.integer) else place for place, name in enumerate(names)]
    from dataclasses import replace

    return replace(network, node_ids=np.array(numbers, dtype=np.int64)[network.node_ids])


def _first(value: object, default: object) -> Any:
    """OSMnx joins what differs along a simplified edge into a list."""
    if isinstance(value, list):
        value = value[0] if value else None
    return default if value is None or value != value else value  # noqa: PLR0124  # NaN is not equal to itself


def _find_speed(data: dict[str, Any], mode: str) -> float:
    if mode in PACES:
        return PACES[mode]
    length, seconds = data.get("length"), data.get("travel_time")
    if length and seconds:
        return 3.6 * float(length) / float(seconds)
    told = parse_speed(str(_first(data.get("maxspeed"), "")))
    usual = CLASS_SPEEDS.get(str(_first(data.get("highway"), "")), CLASS_SPEEDS["unclassified"])
    return usual if np.isnan(told) else told


def chain_ways(graph: nx.MultiDiGraph) -> list[tuple[int, tuple[str | None, ...], list[int]]]:
    """Put the edges of an unsimplified graph together to the ways they came from: id, tags and nodes in order.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        As OSMnx gives it with ``simplify=False``.

    >>> import networkx as nx
    >>> graph = nx.MultiDiGraph()
    >>> graph.add_edges_from([(1, 2, {"osmid": 7, "highway": "path"}), (2, 3, {"osmid": 7, "highway": "path"})])
    [0, 0]
    >>> chain_ways(graph)[0][2]
    [1, 2, 3]
    """
    steps: dict[int, list[tuple[int, int, dict[str, Any]]]] = defaultdict(list)
    for tail, head, data in graph.edges(data=True):
        if not data.get("reversed", False):
            steps[int(_first(data.get("osmid"), 0))].append((tail, head, data))
    found = []
    for way, edges in steps.items():
        tags = _write_tags(edges[0][2])
        found += [(way, tags, chain) for chain in _chain([(tail, head) for tail, head, _ in edges])]
    return found


def _chain(edges: Sequence[tuple[int, int]]) -> list[list[int]]:
    after: dict[int, list[int]] = defaultdict(list)
    comes = {head for _, head in edges}
    for tail, head in edges:
        after[tail].append(head)
    chains = []
    starts = [tail for tail, _ in edges if tail not in comes] + [tail for tail, _ in edges]
    for start in starts:
        if not after[start]:
            continue
        chain = [start]
        while after[chain[-1]]:
            chain.append(after[chain[-1]].pop())
        chains.append(chain)
    return chains


def _write_tags(data: dict[str, Any]) -> tuple[str | None, ...]:
    tags = []
    for key in STREET_KEYS:
        value = _first(data.get(key), None)
        if key == "oneway" and isinstance(value, bool | np.bool_):
            value = "yes" if value else None
        tags.append(None if value is None else str(value))
    return tuple(tags)
