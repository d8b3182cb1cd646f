"""Places within 1 km of every junction of Porto Alegre, beside pandana and cityseer; brute force says what is right."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.geodata import oracle
from benchmarks.geodata.extracts import find_extract
from benchmarks.geodata.readings import Call, Reading, Work, alternate, find_middle, find_peer, say_ratio
from domains.geodata import StreetNetwork, make_grid_town, measure_access, read_osm
from shared.typing import Bools, Floats

__all__ = ["measure"]

LIMIT = 1000.0  # metres
ROUNDS = 3
SLACK = 1e-6  # metres by which a place at just the limit may be in or out
UTM = 32722  # EPSG's number of the zone in which Porto Alegre lies
PEERS = ("pandana", "cityseer")


def read_town(path: str, mode: str) -> tuple[StreetNetwork, pd.DataFrame, Bools]:
    """Streets, places, and the junctions that are asked: those with a street under the sky, from which one gets anywhere.

    Parameters
    ----------
    path, mode : str
    """
    town = read_osm(path, streets=[mode])
    network = town.streets(mode)
    above = np.zeros(network.n_nodes, dtype=bool)
    for ends in (network.tail, network.head):
        above[ends[network.open_air]] = True
    return network, town.places, above & network.strong


def measure_ours(path: str, mode: str) -> Work:
    """Junctions and places are set on the streets, and the hierarchy is made, within the clock.

    Parameters
    ----------
    path, mode : str
    """
    network, places, asked = read_town(path, mode)
    nodes = network.nodes_to_frame()[asked]
    direction = "from" if network.directed else None
    tiny = make_grid_town(4, 4)
    corners = tiny.nodes_to_frame()
    measure_access(tiny, corners, corners, [150.0])

    def run() -> Floats:
        found = measure_access(network, nodes, places, [LIMIT], direction=direction)
        return found[f"all_within_{LIMIT:g}"].to_numpy()

    def tell(counts: Floats) -> dict[str, Any]:
        piece, share, off = oracle.snap(network, *(places[name].to_numpy() for name in ("lon", "lat")))
        near = off <= LIMIT
        least, most = oracle.count_within(network, (piece[near], share[near]), "distance", LIMIT, SLACK)
        wrong = (counts < least[asked]) | (counts > most[asked])
        return {
            "again": _time(run),
            "nodes": int(asked.sum()),
            "places": len(places),
            "mean": float(counts.mean()),
            "wrong": int(wrong.sum()),
            "counts": counts.tolist(),
        }

    return Work(run, tell)


def measure_pandana(path: str, mode: str) -> Work:
    """Its network is built, and places are set on the nearest junctions, within the clock.

    Parameters
    ----------
    path, mode : str
    """
    import pandana

    network, places, asked = read_town(path, mode)
    tail, head, piece = network.arcs()
    weights = pd.DataFrame({"length": network.length[piece]})
    x, y, at_x, at_y = (pd.Series(one) for one in (*network.node_plane.T, *_place_plane(network, places)))

    def ask(net: Any, at: Any = None) -> Floats:
        net.set(net.get_node_ids(at_x, at_y) if at is None else at, name="places")
        return np.asarray(net.aggregate(LIMIT, type="count", name="places"))[asked]

    def run() -> tuple[Any, Floats]:
        net = pandana.Network(x, y, pd.Series(tail), pd.Series(head), weights, twoway=False)
        return net, ask(net)

    def tell(found: tuple[Any, Floats]) -> dict[str, Any]:
        net, counts = found
        nodes = network.nodes_to_frame()
        direction = "from" if network.directed else None
        at = net.get_node_ids(at_x, at_y)
        at = at[asked[at]]
        ours = measure_access(network, nodes[asked], nodes.iloc[at], [LIMIT], direction=direction).iloc[:, 0].to_numpy()
        return _tell_peer(counts, lambda: ask(net)) | {"same": float((ours == ask(net, at)).mean())}

    return Work(run, tell)


def measure_cityseer(path: str, mode: str) -> Work:
    """Its network is built from a graph that is made before the clock; streets are open both ways, it knows no others.

    Parameters
    ----------
    path, mode : str
    """
    import geopandas as gpd
    import networkx as nx
    from cityseer.metrics import layers
    from cityseer.tools import io as city

    logging.disable(logging.INFO)
    network, places, asked = read_town(path, mode)
    graph: Any = nx.MultiGraph(crs=UTM)
    for node, (x, y) in enumerate(network.node_plane.tolist()):
        graph.add_node(str(node), x=x, y=y)
    lines = network.lines(np.arange(network.n_pieces), plane=True)
    for one, other, line in zip(network.tail, network.head, lines, strict=True):
        if one != other:
            graph.add_edge(str(one), str(other), geom=line)
    points = gpd.points_from_xy(*_place_plane(network, places))
    table = gpd.GeoDataFrame({"kind": ["all"] * len(places)}, geometry=points, crs=UTM)

    def ask(nodes: Any, streets: Any) -> Floats:
        with contextlib.redirect_stderr(io.StringIO()):
            found = layers.compute_accessibilities(
                table, "kind", ["all"], nodes, streets, max_netw_assign_dist=int(LIMIT), distances=[int(LIMIT)]
            )
        return np.asarray(found[f"cc_all_{LIMIT:g}_nw"])[asked]

    def run() -> tuple[Any, Any, Floats]:
        with contextlib.redirect_stderr(io.StringIO()):
            nodes, _, streets = city.network_structure_from_nx(graph)
        return nodes, streets, ask(nodes, streets)

    def tell(found: tuple[Any, Any, Floats]) -> dict[str, Any]:
        nodes, streets, counts = found
        return _tell_peer(counts, lambda: ask(nodes, streets))

    return Work(run, tell)


def _place_plane(network: StreetNetwork, places: pd.DataFrame) -> tuple[Floats, Floats]:
    return network.projection.to_plane(places["lon"].to_numpy(), places["lat"].to_numpy())


def _time(ask: Callable[[], object]) -> float:
    """Seconds that it takes when all that is built stands already."""
    began = process_time()
    ask()
    return process_time() - began


def _tell_peer(counts: Floats, ask: Callable[[], object]) -> dict[str, Any]:
    return {"again": _time(ask), "mean": float(np.mean(counts)), "counts": np.asarray(counts, dtype=float).tolist()}


def measure(data: Path, peers: bool) -> dict[str, float | None]:
    """Counts that differ from brute force, and how many times what we take the peers take, at first and when asked again.

    Parameters
    ----------
    data : path
    peers : bool
    """
    path = str(find_extract(data, "porto_alegre"))
    wanted = [name for name in PEERS if find_peer(name, peers)]
    found: dict[str, float | None] = {
        "access_error": 0,
        "access_speedup_pandana": None,
        "access_speedup_cityseer": None,
    }
    for mode in ("drive", "walk"):
        # Streets that are one-way are nothing that cityseer counts along.
        rivals = [name for name in wanted if name == "pandana" or mode == "walk"]
        calls = {name: Call(__name__, f"measure_{name}", (path, mode)) for name in ("ours", *rivals)}
        readings = alternate(calls, ROUNDS)
        answer = readings["ours"][0].answer
        found["access_error"] = (found["access_error"] or 0) + answer["wrong"]
        found[f"access_seconds_{mode}"] = find_middle(readings["ours"])
        print(f"  {mode}: {answer['places']:,} places, {answer['nodes']:,} junctions, {answer['wrong']} counts differ from"
              " brute force")  # fmt: skip
        for name, some in readings.items():
            same = f", {some[0].answer['same']:.4f} with places at junctions" if "same" in some[0].answer else ""
            print(f"  {mode}, {name}: {find_middle(some):.3f} s, {_find_again(some):.3f} s when asked again;"
                  f" {some[0].answer['mean']:.2f} places on average, {_agree(some[0], readings['ours'][0]):.3f} of the"
                  f" junctions with our count{same}", flush=True)  # fmt: skip
        for name in rivals:
            ratio = say_ratio(readings["ours"], readings[name])
            known = found[f"access_speedup_{name}"]
            found[f"access_speedup_{name}"] = ratio if known is None else min(known, ratio)
            found[f"access_again_{name}_{mode}"] = _find_again(readings[name]) / _find_again(readings["ours"])
    return found


def _find_again(readings: list[Reading]) -> float:
    return float(np.median([one.answer["again"] for one in readings]))


def _agree(one: Reading, other: Reading) -> float:
    return float(np.mean(np.array(one.answer["counts"]) == np.array(other.answer["counts"])))
