"""File to drive network and GeoDataFrames of streets and places, beside OSMnx and pyrosm; of two towns the worse."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.geodata.extracts import TOWNS, find_extract, write_tiny, write_ways, write_xml
from benchmarks.geodata.readings import Call, Reading, Work, alternate, find_middle, find_peer, say_ratio
from domains.geodata import PLACE_KEYS, read_osm

__all__ = ["measure"]

TAGS: dict[str, bool | str | list[str]] = dict.fromkeys(PLACE_KEYS, True)
SHOWN = 8


def load_ours(path: str, tiny: str) -> Work:
    """Streets to drive on and places, as tables.

    Parameters
    ----------
    path, tiny : str
        The map, and one to warm up on.
    """

    def load(file: str) -> tuple[Any, Any, Any]:
        town = read_osm(file, streets=["drive"])
        network = town.streets("drive")
        return network, network.to_frame(), town.places

    def tell(found: tuple[Any, Any, Any]) -> dict[str, Any]:
        network, frame, places = found
        return {
            "places": sorted(" ".join(places["sources"]).split()),
            "metres": float(frame["length"].sum()),
            "ways": sorted(set(network.way_ids.tolist())),
        }

    load(tiny)
    return Work(lambda: load(path), tell)


def load_osmnx(ways: str, path: str, tiny: str) -> Work:
    """The graph of the same ways, and features of the same tags.

    Parameters
    ----------
    ways, path, tiny : str
        XML files.
    """
    import osmnx

    def load(streets: str, features: str) -> tuple[Any, Any]:
        graph = osmnx.graph_from_xml(streets, retain_all=True)
        return graph, osmnx.features_from_xml(features, tags=TAGS)

    def tell(found: tuple[Any, Any]) -> dict[str, Any]:
        graph, places = found
        streets = osmnx.convert.to_undirected(graph)
        return {
            "places": sorted(f"{kind[0]}{number}" for kind, number in places.index),
            "metres": float(sum(length for _, _, length in streets.edges(data="length"))),
        }

    load(tiny, tiny)
    return Work(lambda: load(ways, path), tell)


def load_pyrosm(path: str, tiny: str) -> Work:
    """Its drive network with nodes, and places of the same tags.

    Parameters
    ----------
    path, tiny : str
    """
    import pyrosm

    def load(file: str) -> tuple[Any, Any, Any]:
        town = pyrosm.OSM(file)
        nodes, edges = town.get_network("driving", nodes=True)
        return nodes, edges, town.get_pois(custom_filter=TAGS)

    def tell(found: tuple[Any, Any, Any]) -> dict[str, Any]:
        _, edges, places = found
        keys = {f"{kind[0]}{number}" for kind, number in zip(places["osm_type"], places["id"], strict=True)}
        return {"places": sorted(keys), "metres": float(edges["length"].sum())}

    load(tiny)
    return Work(lambda: load(path), tell)


def measure(data: Path, peers: bool) -> dict[str, float]:
    """Times, memory, and what both found.

    Parameters
    ----------
    data : path
    peers : bool
    """
    found: dict[str, list[float]] = {}
    with_osmnx, with_pyrosm = find_peer("osmnx", peers), find_peer("pyrosm", peers)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        tiny_xml, tiny_pbf = write_tiny(place)
        for town in TOWNS:
            path = find_extract(data, town)
            calls = {"ours": Call(__name__, "load_ours", (str(path), str(tiny_pbf)))}
            if with_osmnx:
                ways = alternate(calls, 1)["ours"][0].answer["ways"]
                write_ways(path, place / "ways.osm", set(ways))
                write_xml(path, place / "all.osm")
                files = [str(place / "ways.osm"), str(place / "all.osm"), str(tiny_xml)]
                calls["osmnx"] = Call(__name__, "load_osmnx", files)
            if with_pyrosm:
                calls["pyrosm"] = Call(__name__, "load_pyrosm", (str(path), str(tiny_pbf)))
            readings = alternate(calls)
            for key, value in _compare(town, readings).items():
                found.setdefault(key, []).append(value)
    # Of ratios by which we are faster, and of the share of places, the smaller is the worse.
    return {key: (min if "speedup" in key or "share" in key else max)(values) for key, values in found.items()}


def _compare(town: str, readings: dict[str, list[Reading]]) -> dict[str, float]:
    for name, some in readings.items():
        middle = [find_middle(some, what) for what in ("seconds", "wall", "megabytes")]
        print(f"  {town}, {name}: {middle[0]:.3f} s ({middle[1]:.3f} s on the clock), {middle[2]:.0f} MB")
    ours = readings["ours"]
    found = {"load_seconds_max": find_middle(ours), "load_megabytes": find_middle(ours, "megabytes")}
    if "osmnx" in readings:
        theirs = readings["osmnx"]
        found |= _compare_answers(town, ours[0].answer, theirs[0].answer)
        found["load_speedup_osmnx"] = say_ratio(ours, theirs)
        found["load_memory_ratio"] = 1 / say_ratio(ours, theirs, "megabytes")
    if "pyrosm" in readings:
        found["load_speedup_pyrosm"] = say_ratio(ours, readings["pyrosm"])
        own, theirs_too = set(ours[0].answer["places"]), set(readings["pyrosm"][0].answer["places"])
        print(f"  {town}: {len(theirs_too)} places by pyrosm, {len(theirs_too - own)} of them not ours")
    return found


def _compare_answers(town: str, ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, float]:
    mine, others = set(ours["places"]), set(theirs["places"])
    lacking, more = sorted(others - mine), sorted(mine - others)
    print(f"  {town}: {len(others)} places by OSMnx, {len(mine)} objects of ours; lacking {lacking[:SHOWN]},"
          f" more {more[:SHOWN]}; {theirs['metres'] / 1000:.1f} km by OSMnx, {ours['metres'] / 1000:.1f} ours")  # fmt: skip
    return {
        "places_share": 1 - len(lacking) / len(others),
        "places_other": len(more) / len(mine),
        "length_error": abs(ours["metres"] / theirs["metres"] - 1),
    }
