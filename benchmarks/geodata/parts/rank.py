"""Five new sites beside two for Porto Alegre's inhabitants, by car, from the map file to the answer; no socket is opened."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from benchmarks.geodata import oracle
from benchmarks.geodata.extracts import find_extract
from benchmarks.geodata.readings import Call, Work, alternate, find_middle
from domains.geodata import SiteDecision, StreetNetwork, make_grid_town, rank_sites, read_osm

__all__ = ["measure"]

N_CANDIDATES, N_EXISTING, N_NEW = 200, 2, 5
TABLES = ("values", "runners_up", "stability")
MAX_SNAP = 1000.0  # metres; what `rank_sites` takes where nothing is said


class Refused:
    """Stands for a socket, and is none."""

    def __new__(cls, *_: object, **__: object) -> NoReturn:
        """Refuse."""
        raise OSError("nothing may go out")


def rank_town(path: str, cells: str, n_jobs: int | None, cold: bool) -> Work:
    """From the file to the answer.

    Parameters
    ----------
    path, cells : str
        Map, and table of cells.
    n_jobs : int, optional
    cold : bool
        Whether the clock runs from the first import of what is needed, compiled code included.
    """
    socket.socket = Refused  # type: ignore[misc, assignment]
    if not cold:
        town = make_grid_town(5, 5, mode="drive")
        nodes = town.nodes_to_frame()
        rank_sites(town, nodes, nodes.iloc[:10], 2, existing=nodes.iloc[20:21])

    def run() -> tuple[StreetNetwork, pd.DataFrame, pd.DataFrame, SiteDecision]:
        table = pd.read_csv(cells)
        network = read_osm(path, streets=["drive"]).streets("drive")
        nodes = network.nodes_to_frame()
        strong = nodes[nodes["strong"]]
        random = np.random.default_rng(0)
        sites = strong.iloc[random.choice(len(strong), N_CANDIDATES + N_EXISTING, replace=False)]
        new, own = sites.iloc[:N_CANDIDATES], sites.iloc[N_CANDIDATES:]
        found = rank_sites(network, table, new, N_NEW, existing=own, weight="population", direction="to", n_jobs=n_jobs)
        return network, table, sites, found

    return Work(run, lambda found: _tell(*found))


def _tell(network: StreetNetwork, table: pd.DataFrame, sites: pd.DataFrame, found: SiteDecision) -> dict[str, Any]:
    return {
        "tables": [getattr(found, name).to_csv() for name in TABLES],
        "status": found.status,
        "objective": found.objective,
        "error": abs(_measure_again(network, table, sites, found) - found.objective),
        "sites": [str(site) for site in found.values.index],
    }


def _measure_again(network: StreetNetwork, table: pd.DataFrame, sites: pd.DataFrame, found: SiteDecision) -> float:
    """The mean minutes to the nearest open site, by plain means."""
    piece, share, off = oracle.snap(network, table["lon"].to_numpy(), table["lat"].to_numpy())
    near = off <= MAX_SNAP
    labels = [str(label) for label in sites.index]
    chosen = [labels.index(str(site)) for site in found.values.index]
    there = oracle.snap(network, *(sites[name].to_numpy()[chosen] for name in ("lon", "lat")))
    costs = oracle.measure_all(network, (piece[near], share[near]), there[:2], "time")
    weights = table["population"].to_numpy(dtype=float)[near]
    return float(weights @ costs.min(axis=1) / weights.sum() / 60.0)


def measure(data: Path, peers: bool) -> dict[str, float]:
    """Seconds, whether the answer is proved, and whether it is the same in every process.

    Parameters
    ----------
    data : path
    peers : bool
        Not used.
    """
    del peers
    path, cells = str(find_extract(data, "porto_alegre")), str(data / "osm" / "porto_alegre_hexgrid.csv.gz")
    calls = {
        "warm": Call(__name__, "rank_town", (path, cells, None, False)),
        "cold": Call(__name__, "rank_town", (path, cells, None, True)),
        "on two threads": Call(__name__, "rank_town", (path, cells, 2, False)),
    }
    readings = alternate(calls, 3)
    every = [one for some in readings.values() for one in some]
    same = len({tuple(one.answer["tables"]) for one in every}) == 1
    proven = all(one.answer["status"] == "optimal" for one in every)
    answer = every[0].answer
    for name, some in readings.items():
        print(f"  {name}: {find_middle(some):.2f} s")
    print(f"  sites {', '.join(answer['sites'])}: {answer['objective']:.4f} minutes, {'proved' if proven else 'NOT proved'},"
          f" {answer['error']:.1e} off what plain means say; tables {'the same' if same else 'NOT the same'} in"
          f" {len(every)} processes")  # fmt: skip
    return {
        "rank_seconds": find_middle(readings["warm"]),
        "rank_seconds_cold": find_middle(readings["cold"]),
        "rank_proven": proven,
        "rank_repeats": same,
        "rank_error": max(one.answer["error"] for one in every),
    }
