"""Optimizers: one face for engines of our own, of DEAP and of pyswarms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from domains.optimization.evolution.adaptive import AdaptiveEngine
from domains.optimization.evolution.engines import Engine, GeneticEngine, ShadeEngine, SwarmEngine
from domains.optimization.evolution.problem import SearchProblem, rank_constrained
from domains.optimization.evolution.result import SearchDecision
from shared.checks import is_whole
from shared.errors import HexadError, SettingsError, quote
from shared.runtime.progress import progress
from shared.typing import Floats

__all__ = ["AdaptiveOptimizer", "GeneticOptimizer", "ParticleSwarmOptimizer", "SearchOptimizer"]


class SearchOptimizer(BaseEstimator, ABC):  # type: ignore[misc]
    """What looks for the best point of a `SearchProblem`; a subclass names its engines.

    >>> issubclass(GeneticOptimizer, SearchOptimizer)
    True
    """

    engines: tuple[str, ...] = ("own",)

    def __init__(
        self,
        *,
        evaluations: int = 10_000,
        population: int | None = None,
        restarts: int = 0,
        engine: str = "own",
        random_state: int = 0,
    ) -> None:
        self.evaluations = evaluations
        self.population = population
        self.restarts = restarts
        self.engine = engine
        self.random_state = random_state

    @abstractmethod
    def _make(
        self, problem: SearchProblem, evaluations: int, random: np.random.Generator, start: Floats | None
    ) -> Engine:
        """An engine of our own."""

    def optimize(
        self,
        problem: SearchProblem,
        *,
        start: Any = None,
        callback: Callable[[int, float], object] | None = None,
        show: bool | None = False,
        goal: str = "value",
        unit: str = "",
    ) -> SearchDecision:
        """Search.

        Parameters
        ----------
        problem : SearchProblem
        start : mapping, array, or list of them, optional
            Points to begin with, at most as many as the population; the result is none worse.
        callback : callable, optional
            Takes evaluations so far and the best value, NaN before one that meets all constraints; where it returns
            True, the search ends.
        show : bool, optional
            Whether to show progress.
        goal, unit : str
            What the objective is, for sentences.

        Returns
        -------
        SearchDecision

        Raises
        ------
        SettingsError, HexadError
        """
        self._check(problem)
        keys = self._read_start(problem, start)
        judge = _Judge(problem, callback)
        each = self.evaluations // (self.restarts + 1)
        if each < max(1, 0 if keys is None else len(keys)):
            raise SettingsError(
                f"evaluations={self.evaluations!r}, restarts={self.restarts!r}: {each:,} evaluations a search are too"
                " few for the points to start from"
            )
        with progress("searching", self.evaluations, show=show) as advance:
            judge.advance = advance
            for turn in range(self.restarts + 1):
                random = np.random.default_rng((self.random_state, turn))
                stop = self.evaluations if turn == self.restarts else each * (turn + 1)
                self._run(problem, judge, stop, random, keys if turn == 0 else None, turn)
                if judge.ended:
                    break
        return judge.tell(goal, unit)

    def _run(
        self,
        problem: SearchProblem,
        judge: _Judge,
        stop: int,
        random: np.random.Generator,
        start: Floats | None,
        turn: int,
    ) -> None:
        if self.engine == "own":
            engine = self._make(problem, stop - judge.used, random, start)
            run_engine(engine, judge, stop, turn)
            return
        from domains.optimization.evolution.peers import run_deap, run_pyswarms

        size = self.population or 100
        {"deap": run_deap, "pyswarms": run_pyswarms}[self.engine](problem.width, size, judge, stop, random, start, turn)

    def _check(self, problem: SearchProblem) -> None:
        if not isinstance(problem, SearchProblem):
            raise SettingsError(f"a {type(problem).__name__} is no SearchProblem")
        if not is_whole(self.evaluations, least=10):
            raise SettingsError(f"evaluations={self.evaluations!r} is no whole number from 10 on")
        if self.population is not None and not is_whole(self.population, least=4):
            raise SettingsError(f"population={self.population!r} is no whole number from 4 on")
        if not is_whole(self.restarts, least=0) or not is_whole(self.random_state, least=0):
            raise SettingsError(
                f"restarts={self.restarts!r}, random_state={self.random_state!r}: whole numbers from 0 on"
            )
        if self.engine not in self.engines:
            raise SettingsError(f"engine={self.engine!r} is none of {quote(self.engines)}")

    @staticmethod
    def _read_start(problem: SearchProblem, start: Any) -> Floats | None:
        if start is None:
            return None
        many = isinstance(start, list) and len(start) > 0 and not np.isscalar(start[0])
        return np.array([problem.encode(one) for one in (start if many else [start])])


class _Judge:
    """Values points, keeps the best, and knows when to end."""

    def __init__(self, problem: SearchProblem, callback: Callable[[int, float], object] | None) -> None:
        self.problem = problem
        self.callback = callback
        self.used = 0
        self.ended = False
        self.key: Floats | None = None
        self.value, self.broken = np.inf, np.inf
        self.rows: list[tuple[int, float, int]] = []
        self.advance: Callable[..., object] = lambda *_: None

    def __call__(self, keys: Floats, turn: int = 0) -> Floats:
        """Values for an engine; the lower, the better."""
        values, broken = self.problem.judge(keys) if self.problem.constraints else (self.problem.evaluate(keys), None)
        self.used += len(keys)
        if broken is None:
            ranked, at = values, int(np.argmin(values))
            if values[at] < self.value or self.key is None:
                self.key, self.value, self.broken = keys[at].copy(), float(values[at]), 0.0
        else:
            ranked = rank_constrained(values, broken)
            at = int(np.lexsort((values, broken))[0])
            if self.key is None or (float(broken[at]), float(values[at])) < (self.broken, self.value):
                self.key, self.value, self.broken = keys[at].copy(), float(values[at]), float(broken[at])
        best = -self.value if self.problem.maximise else self.value
        best = best if self.broken <= 0 and np.isfinite(best) else np.nan
        self.rows.append((self.used, best, turn))
        if self.callback is not None:
            said = self.callback(self.used, best)
            self.ended = isinstance(said, (bool, np.bool_)) and bool(said)
        return ranked

    def tell(self, goal: str, unit: str) -> SearchDecision:
        """The decision."""
        if self.key is None or not np.isfinite(self.value):
            raise HexadError(f"the objective gave no finite number in {self.used:,} evaluations")
        best = self.problem.name_values(self.key)
        rows = []
        for name, value in best.items():
            rows += [(name, value)] if np.ndim(value) == 0 else [(f"{name}[{i}]", one) for i, one in enumerate(value)]
        values = pd.DataFrame(
            {"value": [one for _, one in rows]}, index=pd.Index([name for name, _ in rows], name="name")
        )
        history = pd.DataFrame(self.rows, columns=["evaluations", "best", "restart"])
        return SearchDecision(
            "not proven",
            values,
            -self.value if self.problem.maximise else self.value,
            maximise=self.problem.maximise,
            goal=goal,
            unit=unit,
            best=best,
            history=history,
            evaluations=self.used,
            feasible=self.broken <= 0,
        )


def run_engine(engine: Engine, judge: _Judge, stop: int, turn: int) -> None:
    """Ask and tell until the evaluations are used.

    Parameters
    ----------
    engine : Engine
    judge : callable
        From points to values; knows how many it has valued.
    stop : int
        Evaluations at which to end.
    turn : int
        Number of the restart.
    """
    while judge.used < stop and not engine.is_done and not judge.ended:
        points = engine.ask()
        left = stop - judge.used
        if len(points) > left:
            judge(points[:left], turn)
            break
        engine.tell(points, judge(points, turn))


class AdaptiveOptimizer(SearchOptimizer):
    """The default: climbs, looks whether variables act on their own, and starts again in several ways.

    Parameters
    ----------
    evaluations : int
        Points that are valued.
    population : int, optional
        Points a turn at first; 4 + 3 log n where left out.
    restarts : int
        Whole searches, each from anew, among which the evaluations are shared; the engine restarts by itself, too.
    engine : {"own", "shade"}
        "shade" is differential evolution that learns its rates, alone.
    random_state : int

    >>> from domains.optimization import Binary, Real
    >>> problem = SearchProblem(lambda X: ((X - 1) ** 2).sum(axis=1), [Real(-5, 5)] * 3)
    >>> AdaptiveOptimizer(evaluations=3000).optimize(problem).values["value"].round(4).tolist()
    [1.0, 1.0, 1.0]
    """

    engines = ("own", "shade")

    def _make(
        self, problem: SearchProblem, evaluations: int, random: np.random.Generator, start: Floats | None
    ) -> Engine:
        if problem.discrete.mean() > 0.5:  # a normal distribution has nothing to learn there
            size = self.population or 100
            return GeneticEngine(problem.width, size, evaluations, random, start, discrete=problem.discrete)
        size = self.population or 4 + int(3 * np.log(problem.width))
        # Along single variables a search can be caught between constraints.
        return AdaptiveEngine(problem.width, size, evaluations, random, start, probe=not problem.constraints)

    def _run(
        self,
        problem: SearchProblem,
        judge: _Judge,
        stop: int,
        random: np.random.Generator,
        start: Floats | None,
        turn: int,
    ) -> None:
        if self.engine == "shade":
            size = self.population or int(np.clip(18 * problem.width, 20, max(20, stop // 20)))
            run_engine(ShadeEngine(problem.width, size, stop - judge.used, random, start), judge, stop, turn)
            return
        super()._run(problem, judge, stop, random, start, turn)


class GeneticOptimizer(SearchOptimizer):
    """A genetic algorithm.

    Parameters
    ----------
    evaluations : int
    population : int, optional
        100 where left out.
    restarts : int
    engine : {"own", "deap"}
        "deap" runs DEAP's eaSimple with the same operators.
    random_state : int

    >>> from domains.optimization import Binary, Real
    >>> problem = SearchProblem(lambda x: x["pick"].sum(axis=1), {"pick": Binary(20)}, maximise=True)
    >>> GeneticOptimizer(evaluations=4000).optimize(problem).objective
    20.0
    """

    engines = ("own", "deap")

    def _make(
        self, problem: SearchProblem, evaluations: int, random: np.random.Generator, start: Floats | None
    ) -> Engine:
        return GeneticEngine(
            problem.width, self.population or 100, evaluations, random, start, discrete=problem.discrete
        )


class ParticleSwarmOptimizer(SearchOptimizer):
    """A particle swarm.

    Parameters
    ----------
    evaluations : int
    population : int, optional
        50 where left out.
    restarts : int
    engine : {"own", "pyswarms"}
        "pyswarms" runs its GlobalBestPSO.
    random_state : int

    >>> from domains.optimization import Binary, Real
    >>> problem = SearchProblem(lambda X: (X**2).sum(axis=1), [Real(-5, 5)] * 2)
    >>> ParticleSwarmOptimizer(evaluations=3000).optimize(problem).objective < 1e-6
    True
    """

    engines = ("own", "pyswarms")

    def _make(
        self, problem: SearchProblem, evaluations: int, random: np.random.Generator, start: Floats | None
    ) -> Engine:
        return SwarmEngine(problem.width, self.population or 50, evaluations, random, start)
