"""Sites with proof: pmed1-10 of OR-Library, and medians in a square, beside spopt with CBC."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse.csgraph import floyd_warshall

from benchmarks.geodata.readings import Call, Work, alternate, find_middle, find_peer, say_ratio
from domains.geodata.sites.medians import MedianAnswer, MedianProblem
from shared.typing import Floats

__all__ = ["SIDE", "agree", "make_cbc", "make_square", "measure", "read_graph", "tell_spopt"]

GRAPHS = range(1, 11)
COMPARED = (1, 2, 5, 10)
PROVED_SQUARE = 475_781.0  # cost of 15 of 200 sites for 500 clients
SIDE = 10_000  # of the square
LIMIT = 60.0  # seconds


def read_graph(folder: Path, number: int) -> tuple[Floats, int]:
    """Distances of all pairs, and how many sites to open; of an edge that is told several times the last one counts.

    Parameters
    ----------
    folder : path
    number : int
    """
    with gzip.open(folder / f"pmed{number}.txt.gz", "rt") as stream:
        values = np.array(stream.read().split(), dtype=np.int64)
    n, p = int(values[0]), int(values[2])
    lengths = np.full((n, n), np.inf)
    for i, j, length in values[3:].reshape(-1, 3).tolist():
        lengths[i - 1, j - 1] = lengths[j - 1, i - 1] = length
    np.fill_diagonal(lengths, 0.0)
    return floyd_warshall(lengths), p


def read_optima(folder: Path) -> dict[int, float]:
    """Published optima.

    Parameters
    ----------
    folder : path
    """
    lines = (folder / "pmedopt.txt").read_text(encoding="ascii").split()
    names = [place for place, word in enumerate(lines) if word.startswith("pmed") and word[4:].isdigit()]
    return {int(lines[place][4:]): float(lines[place + 1]) for place in names}


def make_square(n_clients: int, n_sites: int) -> Floats:
    """Distances, rounded, from clients to sites in a square.

    Parameters
    ----------
    n_clients, n_sites : int
    """
    random = np.random.default_rng(0)
    clients, sites = random.random((n_clients, 2)), random.random((n_sites, 2))
    return np.asarray(np.round(np.linalg.norm(clients[:, None] - sites[None], axis=2) * SIDE))


def solve_graph(folder: str, number: int) -> Work:
    """Ours on one of OR-Library's.

    Parameters
    ----------
    folder : str
    number : int
    """
    costs, p = read_graph(Path(folder), number)
    return _solve(costs, p, LIMIT)


def solve_square(n_clients: int, n_sites: int, p: int, limit: float) -> Work:
    """Ours in the square.

    Parameters
    ----------
    n_clients, n_sites, p : int
    limit : float
    """
    return _solve(make_square(n_clients, n_sites), p, limit)


def _solve(costs: Floats, p: int, limit: float) -> Work:
    _warm_up()
    return Work(lambda: MedianProblem(costs, p).solve(limit), _tell_answer)


def _warm_up() -> None:
    """Compile what is compiled, and load the solver that finishes hard cases."""
    import highspy  # noqa: F401

    MedianProblem(np.random.default_rng(0).random((20, 20)), 3).solve()


def _tell_answer(found: MedianAnswer) -> dict[str, Any]:
    """What JSON can carry of an answer.

    Parameters
    ----------
    found : MedianAnswer
    """
    return {"cost": found.cost, "bound": found.bound, "proven": found.proven, "nodes": found.nodes}


def solve_graph_spopt(folder: str, number: int) -> Work:
    """PMedian of spopt: model, CBC and its processes.

    Parameters
    ----------
    folder : str
    number : int
    """
    from spopt.locate import PMedian

    costs, p = read_graph(Path(folder), number)
    ones = np.ones(len(costs))

    PMedian.from_cost_matrix(costs[:5, :5], ones[:5], 2).solve(make_cbc())
    return Work(lambda: PMedian.from_cost_matrix(costs, ones, p).solve(make_cbc()), tell_spopt)


def make_cbc() -> Any:
    """CBC on one thread, without a word."""
    import pulp

    return pulp.PULP_CBC_CMD(msg=False, threads=1)


def tell_spopt(found: Any) -> dict[str, Any]:
    """The objective of spopt's answer.

    Parameters
    ----------
    found : a solved model of spopt
    """
    return {"cost": float(found.problem.objective.value())}


def measure(data: Path, peers: bool) -> dict[str, float]:
    """Times, proofs and gaps.

    Parameters
    ----------
    data : path
    peers : bool
    """
    wanted = find_peer("spopt", peers)
    return _measure_graphs(data / "orlib_pmed", wanted) | _measure_squares()


def _measure_graphs(folder: Path, peers: bool) -> dict[str, float]:
    optima = read_optima(folder)
    seconds, ratios, proved = [], [], 0
    for number in GRAPHS:
        calls = {"ours": Call(__name__, "solve_graph", (str(folder), number))}
        if peers and number in COMPARED:
            calls["spopt"] = Call(__name__, "solve_graph_spopt", (str(folder), number))
        readings = alternate(calls)
        answer = readings["ours"][0].answer
        right = answer["proven"] and answer["cost"] == optima[number]
        proved += right
        seconds.append(find_middle(readings["ours"]))
        told = f"  pmed{number}: {answer['cost']:,.0f}, {'proved and' if right else 'NOT'} as published,"
        told += f" {answer['nodes']} nodes, {seconds[-1]:.3f} s"
        if "spopt" in readings:
            theirs = readings["spopt"]
            agree(f"pmed{number}", answer["cost"], theirs[0].answer["cost"])
            ratios.append(1 / say_ratio(readings["ours"], theirs))
            told += f"; spopt and CBC {find_middle(theirs):.2f} s"
        print(told, flush=True)
    found = {"pmed_proved": proved, "pmed_seconds_max": max(seconds)}
    return found | ({"pmed_ratio": float(np.median(ratios))} if ratios else {})


def _measure_squares() -> dict[str, float]:
    readings = alternate({"ours": Call(__name__, "solve_square", (500, 200, 15, LIMIT))})["ours"]
    answer = readings[0].answer
    if not answer["proven"] or answer["cost"] != PROVED_SQUARE:
        raise SystemExit(f"500 x 200, 15 sites: {answer['cost']:,.0f} is not the proven {PROVED_SQUARE:,.0f}")
    found = {"euclid_seconds": find_middle(readings)}
    print(f"  500 x 200, 15 sites: {answer['cost']:,.0f} proved, {found['euclid_seconds']:.2f} s", flush=True)
    for limit in (5, 30):
        call = {"ours": Call(__name__, "solve_square", (1000, 1000, 20, float(limit)))}
        one = alternate(call, 1)["ours"][0]
        gap = (one.answer["cost"] - one.answer["bound"]) / one.answer["cost"]
        found[f"gap_{limit}s"] = gap
        print(f"  1,000 x 1,000, 20 sites: {one.answer['cost']:,.0f}, gap {100 * gap:.3f} % after {one.wall:.1f} s",
              flush=True)  # fmt: skip
    return found


def agree(what: str, ours: float, theirs: float) -> None:
    """End where both answers are not worth the same.

    Parameters
    ----------
    what : str
    ours, theirs : float
    """
    if abs(ours - theirs) > 1e-6 * abs(theirs):
        raise SystemExit(f"{what}: {ours:,.3f} here, {theirs:,.3f} by spopt")
