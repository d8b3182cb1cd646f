"""Huff's model: shares known by hand, none that is no number, and exponents that were planted and found again."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from domains.geodata import HuffModel
from shared.typing import Floats

__all__ = ["measure"]

SEEDS = range(20)
BY_HAND = np.array([8 / 9, 1 / 9])
# Costs and exponents at which powers over- or underflow: no distance at all, metres, and a site out of reach.
HARD = np.array([[0.0, 2.0, 1e-9], [1.0, 1.0, 5.0], [9e4, 7e4, 1e5], [0.0, 0.0, 3.0], [np.inf, 4e3, 8e3]])
STEEP = (2.0, 20.0, 100.0)


class World(NamedTuple):
    """Who goes where in a world whose exponent is known.

    Attributes
    ----------
    exponent : float
    clients, sites, visits : int
        Visits of each client.
    spread : float
        Standard deviation of the exponent from client to client; the model knows of none.
    power : float, optional
        Of size; learnt, too, where it is said.
    """

    exponent: float
    clients: int = 60
    sites: int = 8
    visits: int = 200
    spread: float = 0.0
    power: float | None = None

    def draw(self, seed: int) -> tuple[Floats, Floats, Floats]:
        """Costs, sizes and visits.

        Parameters
        ----------
        seed : int
        """
        random = np.random.default_rng(seed)
        costs = random.uniform(1.0, 21.0, (self.clients, self.sites))
        sizes = random.uniform(10.0, 110.0, self.sites)
        own = self.exponent + self.spread * random.standard_normal((self.clients, 1))
        pull = sizes ** (1.0 if self.power is None else self.power) * costs**-own
        chances = pull / pull.sum(axis=1, keepdims=True)
        return costs, sizes, np.array([random.multinomial(self.visits, one) for one in chances], dtype=float)


# The two in the figures are what is asked for: many visits, and few.
WORLDS = {
    "": [World(0.8), World(1.6), World(2.5)],
    "few_": [World(exponent, visits=20) for exponent in (0.8, 1.6, 2.5)],
    "spread_": [World(1.6, spread=0.3)],
    "scarce_": [World(1.6, clients=12, sites=4)],
    "power_": [World(1.6, power=0.7)],
}


def measure(data: Path, peers: bool) -> dict[str, float]:
    """Shares by hand, finite ones, and exponents found again.

    Parameters
    ----------
    data : path
        Not used: the worlds are drawn.
    peers : bool
        Not used.
    """
    del data, peers
    by_hand = HuffModel(exponent=2.0).share_market([[1.0, 2.0]], [100.0, 50.0]).shares.to_numpy()[0]
    print(f"  sizes 100 and 50, distances 1 and 2, exponent 2: {by_hand[0]:.5f} and {by_hand[1]:.5f}")
    found: dict[str, float] = {
        "huff_by_hand_error": float(np.abs(by_hand - BY_HAND).max()),
        "huff_not_finite": _count_not_finite(),
    }
    for key, worlds in WORLDS.items():
        told = [_recover(world) for world in worlds]
        found[f"huff_{key}error_max"] = max(errors.max() for errors, _ in told)
        found[f"huff_{key}covered"] = min(covered for _, covered in told)
    return found


def _count_not_finite() -> int:
    wrong = 0
    for exponent in STEEP:
        for sizes in ([100.0, 50.0, 1.0], [1e-6, 1e9, 1.0], [0.0, 1.0, 1.0]):
            shares = HuffModel(exponent=exponent).share_market(HARD, sizes).shares.to_numpy()
            wrong += int((~np.isfinite(shares)).sum() + (np.abs(shares.sum(axis=1) - 1.0) > 1e-9).sum())
    print(f"  at distance 0 and exponents up to {STEEP[-1]:g}: {wrong} shares that are no numbers or do not sum to 1")
    return wrong


def _recover(world: World) -> tuple[Floats, int]:
    """Relative errors of the exponent, and how often its 95 % interval holds it."""
    errors, covered = [], 0
    for seed in SEEDS:
        power = 1.0 if world.power is None else None
        model = HuffModel(power=power, random_state=seed).fit(*world.draw(seed))
        errors.append(abs(model.exponent_ / world.exponent - 1.0))
        covered += int(model.interval_[0] <= world.exponent <= model.interval_[1])
    print(f"  {world}: errors of {np.mean(errors):.3f} on average and {max(errors):.3f} at most,"
          f" within the interval {covered} times of {len(SEEDS)}", flush=True)  # fmt: skip
    return np.array(errors), covered
