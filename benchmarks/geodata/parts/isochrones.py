"""Areas on foot from 100 junctions within 400, 800 and 1,200 m, judged by 40,000 points along the streets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse.csgraph import dijkstra

from benchmarks.geodata.extracts import TOWNS, find_extract
from benchmarks.geodata.parts.streets import draw_origins, make_matrix, stand_at
from benchmarks.geodata.readings import Call, Work, alternate, find_middle
from domains.geodata import StreetNetwork, compute_isochrones, find_map, make_grid_town, read_osm
from domains.geodata.isochrones.polygons import find_mesh
from shared.errors import MissingExtraError
from shared.typing import Floats, Ints

__all__ = ["measure"]

N_ORIGINS = 100
LIMITS = (400.0, 800.0, 1200.0)  # m
N_POINTS = 40_000
FIRST = "porto_alegre"  # the town whose figures bear no name


def _read(path: str) -> tuple[StreetNetwork, Ints, Any]:
    """The streets to walk, the origins on them, and kernels compiled."""
    network = read_osm(path, streets=["walk"]).streets("walk")
    town = make_grid_town(6, 6)
    compute_isochrones(town, town.nodes_to_frame().iloc[[0, 7]], [100.0, 250.0], by="distance")
    origins = draw_origins(network, N_ORIGINS)
    return network, origins, stand_at(network, origins)


def _prepare(network: StreetNetwork) -> StreetNetwork:
    """What is made once a network: the mesh and the hierarchy."""
    find_mesh(network)
    network.hierarchy("distance")
    return network


def prepare_town(path: str) -> Work:
    """What is made before the first area.

    Parameters
    ----------
    path : str
    """
    network, _, _ = _read(path)
    return Work(lambda: _prepare(network), lambda found: {"pieces": int(found.usable.sum())})


def index_town(path: str) -> Work:
    """The index by which points are set on streets, whatever is asked of them then.

    Parameters
    ----------
    path : str
    """
    network, _, _ = _read(path)
    return Work(lambda: network.tree, lambda found: len(found[1]))


def draw_areas(path: str, hulls: bool) -> Work:
    """All areas of a town.

    Parameters
    ----------
    path : str
    hulls : bool
        Whether convex hulls of what is reached are judged, too.
    """
    network, origins, positions = _read(path)
    _prepare(network)

    def tell(found: Any) -> dict[str, Any]:
        judged = {"ours": list(found.geometry)}
        costs = dijkstra(make_matrix(network), indices=origins)
        if hulls:
            judged["hulls"] = _draw_hulls(network, costs)
        shares = {name: _judge(network, costs, areas) for name, areas in judged.items()}
        corners = float(found.geometry.count_coordinates().mean())
        return {"valid": bool(found.geometry.is_valid.all()), "corners": corners, "shares": shares}

    return Work(lambda: compute_isochrones(network, positions, LIMITS, by="distance"), tell)


def _draw_hulls(network: StreetNetwork, costs: Floats) -> list[Any]:
    """Convex hulls of the junctions reached, as is often done."""
    import shapely

    points = shapely.points(network.lon, network.lat)
    return [shapely.convex_hull(shapely.multipoints(points[row <= limit])) for row in costs for limit in LIMITS]


def _judge(network: StreetNetwork, costs: Floats, areas: list[Any]) -> dict[str, float]:
    """Share of what is reached that lies inside, and share of what lies inside that is reached: points along streets."""
    import shapely

    random = np.random.default_rng(0)
    pieces = np.flatnonzero(network.usable)
    length = network.length[pieces]
    piece = random.choice(pieces, N_POINTS, p=length / length.sum())
    share = random.random(N_POINTS)
    points = shapely.line_interpolate_point(network.lines(piece, plane=True), share, normalized=True)
    lon, lat = network.projection.to_degrees(shapely.get_x(points), shapely.get_y(points))
    whole = network.length[piece]
    from_tail = np.where(network.forward[piece], share * whole, np.inf)
    from_head = np.where(network.backward[piece], (1 - share) * whole, np.inf)
    recall, precision = [], []
    for place, area in enumerate(areas):
        row, limit = costs[place // len(LIMITS)], LIMITS[place % len(LIMITS)]
        true = np.minimum(row[network.tail[piece]] + from_tail, row[network.head[piece]] + from_head) <= limit
        shapely.prepare(area)
        inside = shapely.contains_xy(area, lon, lat)
        both = (inside & true).sum()
        # An area that holds no point at all has missed those that it should hold, and says nothing wrong.
        recall += [both / true.sum()] if true.any() else []
        precision += [both / inside.sum()] if inside.any() else []
    return {
        "recall": float(np.mean(recall)),
        "precision": float(np.mean(precision)),
        "recall_p10": float(np.quantile(recall, 0.1)),
        "precision_p10": float(np.quantile(precision, 0.1)),
        "areas": len(precision),
    }


def measure(data: Path, peers: bool) -> dict[str, float]:
    """Times and shares of each town.

    Parameters
    ----------
    data : path
    peers : bool
        Whether convex hulls are shown beside.
    """
    paths = {town: find_extract(data, town) for town in TOWNS}
    try:
        paths["helsinki"] = find_map("helsinki")
    except MissingExtraError as error:
        print(f"  helsinki is left out: {error}")
    found: dict[str, float] = {}
    for town, path in paths.items():
        found |= _measure_town(town, str(path), peers)
    return found


def _measure_town(town: str, path: str, peers: bool) -> dict[str, float]:
    calls = {
        "prepare": Call(__name__, "prepare_town", (path,)),
        "index": Call(__name__, "index_town", (path,)),
        "draw": Call(__name__, "draw_areas", (path, peers)),
    }
    readings = alternate(calls)
    answer = readings["draw"][0].answer
    end = "" if town == FIRST else f"_{town}"
    found: dict[str, float] = {
        f"iso_prepare{end}": find_middle(readings["prepare"]),
        f"iso_index{end}": find_middle(readings["index"]),
        f"iso_seconds{end}": find_middle(readings["draw"]),
        f"iso_valid{end}": int(answer["valid"]),
    }
    pieces = readings["prepare"][0].answer["pieces"]
    print(f"  {town}: {pieces:,} street pieces, prepared in {found[f'iso_prepare{end}']:.2f} s, index in"
          f" {found[f'iso_index{end}']:.2f} s, drawn in {found[f'iso_seconds{end}']:.2f} s, {answer['corners']:.0f} corners an area")  # fmt: skip
    for name, shares in answer["shares"].items():
        told = ", ".join(f"{word} {value:.4f}" for word, value in shares.items() if word != "areas")
        print(f"  {town}, {name}: {told}; {shares['areas']} areas")
    own = answer["shares"]["ours"]
    return found | {f"iso_{word}{end}": value for word, value in own.items() if word != "areas"}
