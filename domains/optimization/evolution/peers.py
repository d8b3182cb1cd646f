"""DEAP and pyswarms behind our face: no file is left behind, and nothing global is changed."""

from __future__ import annotations

import contextlib
import logging
import random as python_random
from typing import Any

import numpy as np

from domains.optimization.evolution.engines import draw_first
from shared.errors import require
from shared.typing import Floats

__all__ = ["run_deap", "run_pyswarms"]

NONE = 1e300  # no value


class _EndError(Exception):
    """The evaluations are used."""


def run_deap(
    width: int, size: int, judge: Any, stop: int, random: np.random.Generator, start: Floats | None, turn: int
) -> None:
    """DEAP's generational algorithm with tournaments of three, bounded crossover and mutation.

    Parameters
    ----------
    width, size : int
        Keys and population.
    judge : callable
        From points to values; knows how many it has valued.
    stop : int
        Evaluations at which to end.
    random : numpy.random.Generator
    start : numpy.ndarray of shape (k, width), optional
    turn : int
        Number of the restart.

    >>> from domains.optimization import GeneticOptimizer, Real, SearchProblem
    >>> problem = SearchProblem(lambda X: (X**2).sum(axis=1), [Real(-5, 5)] * 2)
    >>> GeneticOptimizer(engine="deap", evaluations=500, population=20).optimize(problem).evaluations
    500
    """
    require("deap", package="deap", extra="optimization")
    from deap import base, tools

    class Fitness(base.Fitness):  # type: ignore[misc]
        weights = (-1.0,)

    class Individual(list[float]):
        """A list with a fitness: what DEAP's creator would put into a global module."""

        def __init__(self, values: Any = ()) -> None:
            super().__init__(values)
            self.fitness = Fitness()

    toolbox = base.Toolbox()
    toolbox.register("mate", tools.cxSimulatedBinaryBounded, eta=15.0, low=0.0, up=1.0)
    toolbox.register("mutate", tools.mutPolynomialBounded, eta=20.0, low=0.0, up=1.0, indpb=1.0 / width)
    toolbox.register("select", tools.selTournament, tournsize=3)
    first = draw_first(random, size, width, start)
    # DEAP draws from Python's global generator, which is put back as it was.
    before = python_random.getstate()
    python_random.seed(int(random.integers(2**31)))
    try:
        population = [Individual(row) for row in first.tolist()]
        _value(population, judge, stop, turn)
        while judge.used < stop and not judge.ended:
            parents = toolbox.select(population, size)
            children = [Individual(one) for one in parents]
            for child, parent in zip(children, parents, strict=True):
                child.fitness.values = parent.fitness.values
            for one, two in zip(children[::2], children[1::2], strict=False):
                if python_random.random() < 0.9:  # noqa: S311  # DEAP's own generator, seeded
                    toolbox.mate(one, two)
                    del one.fitness.values, two.fitness.values
            for child in children:
                toolbox.mutate(child)
                if child.fitness.valid:
                    del child.fitness.values
            _value(children, judge, stop, turn)
            population = [one for one in children if one.fitness.valid]
    finally:
        python_random.setstate(before)


def _value(population: list[Any], judge: Any, stop: int, turn: int) -> None:
    new = [one for one in population if not one.fitness.valid][: max(0, stop - judge.used)]
    if new:
        for one, value in zip(new, judge(np.array(new), turn).tolist(), strict=True):
            one.fitness.values = (value,)


def run_pyswarms(
    width: int, size: int, judge: Any, stop: int, random: np.random.Generator, start: Floats | None, turn: int
) -> None:
    """The swarm of pyswarms around its best, with constricted speeds.

    Parameters
    ----------
    width, size, judge, stop, random, start, turn
        As in `run_deap`.

    >>> from domains.optimization import ParticleSwarmOptimizer, Real, SearchProblem
    >>> problem = SearchProblem(lambda X: (X**2).sum(axis=1), [Real(-5, 5)] * 2)
    >>> ParticleSwarmOptimizer(engine="pyswarms", evaluations=500, population=20).optimize(problem).evaluations
    500
    """
    require("pyswarms", package="pyswarms", extra="optimization")
    first = draw_first(random, size, width, start)
    # Its reporter would write report.log into the current folder, and configure everybody's logging.
    import logging.config as configuration

    known = configuration.dictConfig
    logger = logging.getLogger("pyswarms.single.global_best")
    silent = logger.disabled
    state = np.random.get_state()  # noqa: NPY002  # what pyswarms draws from; put back below
    try:
        configuration.dictConfig = lambda *_: None
        import pyswarms

        logger.disabled = True
        np.random.seed(int(random.integers(2**31)))  # noqa: NPY002
        options = {"c1": 1.49618, "c2": 1.49618, "w": 0.7298}
        bounds = (np.zeros(width), np.ones(width))
        swarm = pyswarms.single.GlobalBestPSO(size, width, options, bounds=bounds, init_pos=first)

        def value(points: Floats) -> Floats:
            left = stop - judge.used
            if left <= 0 or judge.ended:
                raise _EndError
            found = np.full(len(points), NONE)
            # It knows no infinite values.
            found[:left] = np.minimum(judge(np.clip(points[:left], 0.0, 1.0), turn), NONE)
            return found

        with contextlib.suppress(_EndError):
            swarm.optimize(value, iters=-(-stop // size) + 1, verbose=False)
    finally:
        configuration.dictConfig = known
        np.random.set_state(state)  # noqa: NPY002
        logger.disabled = silent
