"""Engines of search: what they cost an evaluation, and how near they come on BBOB beside peers."""

from __future__ import annotations

import importlib
import importlib.util
import json
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from domains.optimization import AdaptiveOptimizer, GeneticOptimizer, ParticleSwarmOptimizer, Real, SearchProblem
from shared.typing import Floats

__all__ = ["bbob", "overhead"]

ROUNDS = 5
KEPT = Path(__file__).with_name("bbob_peers.json")  # medians of slow peers, with their versions and settings
WITH_CMA = "pycma"


def rastrigin(x: Floats) -> Floats:
    """Rastrigin's function of a population."""
    return np.asarray((x * x - 10 * np.cos(2 * np.pi * x) + 10).sum(axis=1))


def plain_swarm(n: int = 30, size: int = 100, turns: int = 500) -> float:
    """A particle swarm in eight lines: what an evaluation costs at least."""
    random = np.random.default_rng(0)
    x, v = random.uniform(-5.12, 5.12, (size, n)), np.zeros((size, n))
    best, values = x.copy(), rastrigin(x)
    for _ in range(turns - 1):
        lead = best[values.argmin()]
        v = (
            0.7298 * v
            + 1.49618 * random.random((size, n)) * (best - x)
            + 1.49618 * random.random((size, n)) * (lead - x)
        )
        x = np.clip(x + v, -5.12, 5.12)
        found = rastrigin(x)
        better = found < values
        best[better], values[better] = x[better], found[better]
    return float(values.min())


def overhead() -> dict[str, float]:
    """CPU of our engines over the plain swarm's, the worst of them."""
    problem = SearchProblem(rastrigin, [Real(-5.12, 5.12)] * 30)
    kinds: dict[str, Any] = {
        "ga": GeneticOptimizer,
        "pso": ParticleSwarmOptimizer,
        "adaptive": AdaptiveOptimizer,
    }
    plain_swarm()
    ratios: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(ROUNDS + 1):
        began = process_time()
        plain_swarm()
        base = process_time() - began
        for name, kind in kinds.items():
            began = process_time()
            kind(evaluations=50_000, population=100).optimize(problem)
            if turn:
                ratios[name].append((process_time() - began) / base)
    found = {f"overhead_{name}": float(np.median(values)) for name, values in ratios.items()}
    return {"overhead": max(found.values()), **found}


def bbob() -> dict[str, float]:
    """Functions of 24 on which one default call is at or below the best peer, and at or below pycma's BIPOP alone."""
    if not importlib.util.find_spec("ioh"):
        print("bbob: the package ioh is not installed")
        return {}
    ioh: Any = importlib.import_module("ioh")
    kept = json.loads(KEPT.read_text())
    print(f"bbob: peers {kept['versions']}; settings {kept['settings']}")
    wins, wins_cma = 0, 0
    for number in range(1, 25):
        values = [_run(ioh, number, instance) for instance in range(1, 16)]
        ours = float(np.median(values))
        peers = {name: float(median[str(number)]) for name, median in kept["medians"].items()}
        best = min(value for name, value in peers.items() if name != WITH_CMA)
        wins += ours <= best
        wins_cma += ours <= peers[WITH_CMA]
        print(f"f{number}: ours {ours:.3g}, best of six {best:.3g}, pycma {peers[WITH_CMA]:.3g}")
    return {"bbob_wins": wins, "bbob_wins_cma": wins_cma}


def _run(ioh: Any, number: int, instance: int) -> float:
    problem = ioh.get_problem(number, instance, 10, ioh.ProblemClass.BBOB)
    search = SearchProblem(lambda x: np.array(problem(x.tolist())), [Real(-5, 5)] * 10)
    found = AdaptiveOptimizer(evaluations=10_000, random_state=instance).optimize(search)
    return max(float(found.objective - problem.optimum.y), 1e-8)
