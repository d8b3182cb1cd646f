"""Places within 1 km of every junction on foot, checked by Dijkstra's search, beside pandana and cityseer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from benchmarks.geodata.extracts import find_extract
from benchmarks.geodata.parts.streets import make_matrix, stand_at
from benchmarks.geodata.readings import Call, Reading, Work, alternate, find_middle, find_peer, say_ratio
from domains.geodata import StreetNetwork, make_grid_town, measure_access, read_osm, snap_points
from domains.geodata.network.snap import find_entries
from shared.typing import Floats, Ints

__all__ = ["measure"]

LIMIT = 1000.0  # m
EDGE = 1e-6  # m from the limit within which a place may count or not


def _read(path: str) -> tuple[StreetNetwork, Any, Ints]:
    """The streets to walk, places, and the junction nearest to each."""
    town = read_osm(path, streets=["walk"])
    network = town.streets("walk")
    places = town.places
    x, y = network.projection.to_plane(places["lon"].to_numpy(), places["lat"].to_numpy())
    strong = np.flatnonzero(network.strong)
    _, nearest = cKDTree(network.node_plane[strong]).query(np.column_stack([x, y]))
    return network, places, strong[nearest]


def measure_ours(path: str, at_junctions: bool) -> Work:
    """The hierarchy, and the index by which points are set on streets, are built within the clock.

    Parameters
    ----------
    path : str
    at_junctions : bool
        Whether places stand at the nearest junction, as peers have it, and not on the street before them.
    """
    network, places, at = _read(path)
    tiny = make_grid_town(4, 4).nodes_to_frame()
    measure_access(make_grid_town(4, 4), tiny, tiny, 150.0)
    points = stand_at(network, np.flatnonzero(network.strong))
    targets = stand_at(network, at) if at_junctions else places

    def tell(found: Any) -> dict[str, Any]:
        counts, nearest = found[f"all_within_{LIMIT:g}"].to_numpy(), found["all_nearest"].to_numpy()
        told: dict[str, Any] = {"counts": counts.tolist(), "places": len(targets)}
        return told | ({} if at_junctions else _compare_with_search(network, places, counts, nearest))

    return Work(lambda: measure_access(network, points, targets, LIMIT), tell)


def _compare_with_search(network: StreetNetwork, places: Any, counts: Floats, nearest: Floats) -> dict[str, Any]:
    """Counts and least distances by Dijkstra's search from both ends of each place's street."""
    on = snap_points(network, places)
    ends, costs = find_entries(network, on, "distance", leave=True)
    unique, place = np.unique(ends, return_inverse=True)
    reach = dijkstra(make_matrix(network), indices=unique)[:, network.strong]
    place = place.reshape(ends.shape)
    far = np.minimum(reach[place[:, 0]] + costs[:, :1], reach[place[:, 1]] + costs[:, 1:])
    low, high = (far <= LIMIT - EDGE).sum(axis=0), (far <= LIMIT + EDGE).sum(axis=0)
    return {
        "wrong": int(((counts < low) | (counts > high)).sum()),
        "error": float(np.abs(far.min(axis=0) - nearest).max()),
    }


def measure_pandana(path: str) -> Work:
    """Its network is built within the clock, too.

    Parameters
    ----------
    path : str
    """
    import pandana

    network, _, at = _read(path)
    tail, head, piece = network.arcs()
    lengths = pd.DataFrame({"metres": network.length[piece]})
    x, y = (pd.Series(one) for one in network.node_plane.T)

    def run() -> Any:
        net = pandana.Network(x, y, pd.Series(tail), pd.Series(head), lengths, twoway=False)
        net.set(pd.Series(at), name="places")
        return net.aggregate(LIMIT, type="sum", decay="flat", name="places")

    return Work(run, lambda found: {"counts": found.to_numpy()[network.strong].tolist()})


def measure_cityseer(path: str) -> Work:
    """Its network is built before the clock: that is made from a graph of networkx.

    Parameters
    ----------
    path : str
    """
    import geopandas as gpd
    import networkx as nx
    from cityseer.metrics import layers
    from cityseer.tools import io

    network, _, at = _read(path)
    strong = np.flatnonzero(network.usable)
    graph = nx.MultiGraph(crs="EPSG:32722")  # any plane in metres
    for node in np.unique(np.concatenate([network.tail[strong], network.head[strong]])).tolist():
        graph.add_node(str(node), x=float(network.node_plane[node, 0]), y=float(network.node_plane[node, 1]))
    lines = network.lines(strong, plane=True)
    for tail, head, line in zip(network.tail[strong].tolist(), network.head[strong].tolist(), lines, strict=True):
        graph.add_edge(str(tail), str(head), geom=line)
    nodes, _, structure = io.network_structure_from_nx(graph)
    points = gpd.points_from_xy(*network.node_plane[at].T)
    places = gpd.GeoDataFrame({"kind": ["place"] * len(at)}, geometry=points, crs="EPSG:32722")

    def run() -> Any:
        return layers.compute_accessibilities(
            places, "kind", ["place"], nodes, structure, distances=[int(LIMIT)], decay_fn="1"
        )

    def tell(found: Any) -> dict[str, Any]:
        column = next(name for name in found.columns if name.startswith(f"cc_place_{LIMIT:.0f}"))
        counts = found[column].reindex([str(node) for node in np.flatnonzero(network.strong)])
        return {"counts": counts.fillna(0).tolist()}

    return Work(run, tell)


def measure(data: Path, peers: bool) -> dict[str, float]:
    """Errors, times, and how often peers count otherwise.

    Parameters
    ----------
    data : path
    peers : bool
    """
    path = str(find_extract(data, "porto_alegre"))
    calls = {
        "ours": Call(__name__, "measure_ours", (path, False)),
        "ours at junctions": Call(__name__, "measure_ours", (path, True)),
    }
    if find_peer("pandana", peers):
        calls["pandana"] = Call(__name__, "measure_pandana", (path,))
    if find_peer("cityseer", peers):
        calls["cityseer"] = Call(__name__, "measure_cityseer", (path,))
    readings = alternate(calls)
    for name, some in readings.items():
        print(f"  {name}: {find_middle(some):.2f} s")
    answer = readings["ours"][0].answer
    print(f"  {len(answer['counts']):,} junctions, {answer['places']} places, {answer['wrong']} counts wrong, errors of the"
          f" nearest {answer['error']:.1e} m at most")  # fmt: skip
    found = {
        "access_seconds": find_middle(readings["ours"]),
        "access_wrong": answer["wrong"],
        "access_error": answer["error"],
    }
    for name in ("pandana", "cityseer"):
        if name in readings:
            found |= _compare(name, readings["ours at junctions"], readings[name])
    return found


def _compare(name: str, ours: list[Reading], theirs: list[Reading]) -> dict[str, float]:
    own, other = (np.array(one[0].answer["counts"]) for one in (ours, theirs))
    same = float((own == other).mean())
    print(f"  {name} counts as ours at {100 * same:.2f} % of the junctions, within one at"
          f" {100 * (np.abs(own - other) <= 1).mean():.2f} %")  # fmt: skip
    return {f"access_speedup_{name}": say_ratio(ours, theirs), f"access_same_{name}": same}
