"""Distances from 1,000 junctions of Porto Alegre to all others, by car, beside networkx and scipy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from benchmarks.geodata.extracts import find_extract
from benchmarks.geodata.readings import Call, Reading, Work, alternate, find_middle, find_peer, say_ratio
from domains.geodata import Positions, StreetNetwork, make_grid_town, read_osm
from shared.typing import Floats, Ints

__all__ = ["draw_origins", "make_matrix", "measure", "stand_at"]

N_ORIGINS = 1000
N_SLOW = 40  # of these origins networkx is asked, and what it takes is scaled
CHECKED = 12  # origins whose distances are written out, to see that all give the same


def draw_origins(network: StreetNetwork, n: int, seed: int = 0) -> Ints:
    """Junctions of the part in which one gets everywhere and back.

    Parameters
    ----------
    network : StreetNetwork
    n : int
    seed : int
    """
    found: Ints = np.random.default_rng(seed).choice(np.flatnonzero(network.strong), n, replace=False)
    return found


def stand_at(network: StreetNetwork, nodes: Ints) -> Positions:
    """Positions at junctions; as points those in tunnels would be set on the street above.

    Parameters
    ----------
    network : StreetNetwork
    nodes : numpy.ndarray of int
        Of the part in which one gets everywhere and back.
    """
    pieces = np.flatnonzero(network.usable)
    piece, share = np.full(network.n_nodes, -1), np.zeros(network.n_nodes)
    piece[network.head[pieces]], share[network.head[pieces]] = pieces, 1.0
    piece[network.tail[pieces]], share[network.tail[pieces]] = pieces, 0.0
    return Positions(
        pd.RangeIndex(len(nodes)),
        piece[nodes],
        share[nodes],
        np.zeros(len(nodes)),
        np.ones(len(nodes), dtype=bool),
        network.lon[nodes],
        network.lat[nodes],
    )


def make_matrix(network: StreetNetwork) -> sparse.csr_matrix:
    """The network as scipy takes it; of parallel arcs the shortest, because a sparse matrix adds them up.

    Parameters
    ----------
    network : StreetNetwork
    """
    tail, head, piece = network.arcs()
    length = network.length[piece]
    order = np.lexsort((length, head, tail))
    _, first = np.unique(tail[order] * network.n_nodes + head[order], return_index=True)
    kept = order[first]
    return sparse.csr_matrix((length[kept], (tail[kept], head[kept])), (network.n_nodes, network.n_nodes))


def measure_ours(path: str, n_jobs: int | None) -> Work:
    """The hierarchy is built within the clock.

    Parameters
    ----------
    path : str
    n_jobs : int, optional
    """
    network, origins = _prepare(path)
    seeds, costs = np.column_stack([origins, origins]), np.zeros((len(origins), 2))
    tiny = make_grid_town(4, 4, mode="drive").hierarchy("distance")
    tiny.measure(np.array([[0, 0], [1, 1]]), np.zeros((2, 2)), n_jobs=n_jobs)

    def tell(found: Floats) -> dict[str, Any]:
        true = dijkstra(make_matrix(network), indices=origins)
        same = np.isfinite(true) == np.isfinite(found)
        error = np.abs(np.where(np.isfinite(true), found, 0.0) - np.where(np.isfinite(true), true, 0.0)).max()
        back = found[:, origins]
        return {
            "error": float(error) if same.all() else float("inf"),
            "nodes": network.n_nodes,
            "one_way": float((np.abs(back - back.T) > 1.0).mean()),
            "distances": found[:CHECKED].sum(axis=1, where=np.isfinite(found[:CHECKED])).tolist(),
        }

    return Work(lambda: network.hierarchy("distance").measure(seeds, costs, n_jobs=n_jobs), tell)


def measure_scipy(path: str) -> Work:
    """Dijkstra's search on a matrix that is made before the clock.

    Parameters
    ----------
    path : str
    """
    network, origins = _prepare(path)
    matrix = make_matrix(network)
    dijkstra(make_matrix(make_grid_town(4, 4, mode="drive")), indices=[0, 1])
    return Work(lambda: dijkstra(matrix, indices=origins), _tell_rows)


def measure_networkx(path: str) -> Work:
    """Lengths alone, without paths, from a graph that is made before the clock.

    Parameters
    ----------
    path : str
    """
    import networkx as nx

    network, origins = _prepare(path)
    graph = nx.from_scipy_sparse_array(make_matrix(network), create_using=nx.DiGraph)

    def run() -> list[dict[int, float]]:
        search = nx.single_source_dijkstra_path_length
        return [search(graph, origin, weight="weight") for origin in origins[:N_SLOW].tolist()]

    def tell(found: list[dict[int, float]]) -> dict[str, Any]:
        return {"distances": [sum(one.values()) for one in found[:CHECKED]]}

    return Work(run, tell)


def _prepare(path: str) -> tuple[StreetNetwork, Ints]:
    network = read_osm(path, streets=["drive"]).streets("drive")
    return network, draw_origins(network, N_ORIGINS)


def _tell_rows(found: Floats) -> dict[str, Any]:
    rows = found[:CHECKED]
    return {"distances": rows.sum(axis=1, where=np.isfinite(rows)).tolist()}


def measure(data: Path, peers: bool) -> dict[str, float]:
    """How many times faster than each, on one thread and on two, and the largest error.

    Parameters
    ----------
    data : path
    peers : bool
    """
    path = str(find_extract(data, "porto_alegre"))
    calls = {
        "ours": Call(__name__, "measure_ours", (path, None)),
        "ours on two threads": Call(__name__, "measure_ours", (path, 2)),
        "scipy": Call(__name__, "measure_scipy", (path,)),
    }
    if find_peer("networkx", peers):
        calls["networkx"] = Call(__name__, "measure_networkx", (path,))
    readings = alternate(calls)
    for name, some in readings.items():
        origins = N_SLOW if name == "networkx" else N_ORIGINS
        print(
            f"  {name}, {origins:,} origins: {find_middle(some):.3f} s ({find_middle(some, 'wall'):.3f} s on the clock)"
        )
    ours, two = readings["ours"], readings["ours on two threads"]
    answer = ours[0].answer
    print(f"  {answer['nodes']:,} junctions, errors of {answer['error']:.1e} m at most; there and back differ by more than 1 m for {100 * answer['one_way']:.0f} % of"
          " the pairs")  # fmt: skip
    _check(readings)
    found = {
        "od_seconds": find_middle(ours),
        "od_error": max(one.answer["error"] for one in (*ours, *two)),
        "od_speedup_scipy1": say_ratio(ours, readings["scipy"]),
        "od_speedup_best": say_ratio(two, readings["scipy"], "wall"),
    }
    if "networkx" in readings:
        found["od_speedup_nx"] = say_ratio(ours, readings["networkx"]) * N_ORIGINS / N_SLOW
    return found


def _check(readings: dict[str, list[Reading]]) -> None:
    """All have to give the same distances."""
    own = np.array(readings["ours"][0].answer["distances"])
    for name, some in readings.items():
        if not np.allclose(some[0].answer["distances"], own, rtol=1e-12):
            raise SystemExit(f"{name} gives other distances than ours")
