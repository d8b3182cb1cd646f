"""Maximal covering, 15 of 200 sites for 500 clients in a square, beside spopt with CBC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.geodata.parts.medians import SIDE, agree, make_cbc, make_square, tell_spopt
from benchmarks.geodata.readings import ROUNDS, Call, Work, alternate, find_middle, find_peer, say_ratio
from domains.geodata.sites.medians import MedianAnswer
from domains.geodata.sites.programs import CoverGoal
from shared.typing import Floats

__all__ = ["measure"]

# Radii as shares of the side, what they are called, and rounds: at the second hardly anybody is left out, and ties abound.
CASES = ((0.1, "mclp", ROUNDS), (0.15, "mclp_tied", ROUNDS))
N_SITES_OPEN = 15
LIMIT = 60.0  # seconds


def make_cover() -> tuple[Floats, Floats]:
    """Distances in the square, and weights of the clients."""
    return make_square(500, 200), np.random.default_rng(1).integers(1, 101, 500).astype(float)


def solve_ours(radius: float) -> Work:
    """The goal alone, as spopt has it: without reasons and runners-up.

    Parameters
    ----------
    radius : float
    """
    distances, weights = make_cover()
    _cover(distances[:5, :5], weights[:5], radius, 2)

    def tell(found: MedianAnswer) -> dict[str, Any]:
        return {"cost": -found.cost, "proven": found.proven, "of": float(weights.sum())}

    return Work(lambda: _cover(distances, weights, radius, N_SITES_OPEN), tell)


def _cover(distances: Floats, weights: Floats, radius: float, p: int) -> MedianAnswer:
    goal = CoverGoal(distances <= radius * SIDE, weights, p)
    return goal.solve(np.zeros(distances.shape[1], dtype=np.uint8), LIMIT)


def solve_spopt(radius: float) -> Work:
    """MCLP of spopt: model, CBC and its processes.

    Parameters
    ----------
    radius : float
    """
    from spopt.locate import MCLP

    distances, weights = make_cover()
    MCLP.from_cost_matrix(distances[:5, :5], weights[:5], radius * SIDE, 2).solve(make_cbc())

    def run() -> Any:
        return MCLP.from_cost_matrix(distances, weights, radius * SIDE, N_SITES_OPEN).solve(make_cbc())

    return Work(run, tell_spopt)


def measure(data: Path, peers: bool) -> dict[str, float]:
    """Time, and the ratio to spopt's.

    Parameters
    ----------
    data : path
        Not used: the square is drawn.
    peers : bool
    """
    del data
    wanted = find_peer("spopt", peers)
    found: dict[str, float] = {}
    for radius, key, rounds in CASES:
        calls = {"ours": Call(__name__, "solve_ours", (radius,))}
        if wanted:
            calls["spopt"] = Call(__name__, "solve_spopt", (radius,))
        readings = alternate(calls, rounds)
        answer = readings["ours"][0].answer
        found[f"{key}_seconds"] = find_middle(readings["ours"])
        found[f"{key}_proved"] = int(answer["proven"])
        told = f"  within {radius}: {100 * answer['cost'] / answer['of']:.1f} % of the weight, "
        told += f"{'proved' if answer['proven'] else 'NOT proved'}, {found[f'{key}_seconds']:.3f} s"
        if wanted:
            theirs = readings["spopt"]
            agree(f"covering within {radius}", answer["cost"], theirs[0].answer["cost"])
            found[f"{key}_ratio"] = 1 / say_ratio(readings["ours"], theirs)
            told += f"; spopt and CBC {find_middle(theirs):.2f} s, ratio {found[f'{key}_ratio']:.3f}"
        print(told, flush=True)
    return found
