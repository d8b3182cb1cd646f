"""The default engine: it looks whether variables act on their own, climbs, and starts again in several ways."""

from __future__ import annotations

import numpy as np

from domains.optimization.evolution.engines import CovarianceEngine, Engine, ShadeEngine
from shared.typing import Floats

__all__ = ["AdaptiveEngine", "SeparableEngine"]

GRID = 33  # points of a line that are looked at first
NARROW = 17  # and on each narrower one
FINEST = 1e-11
CLOSE = 1e-6  # share of a variable's effect by which it may differ where the others do
ROUNDING = 1e-12  # and share of the value's size


class SeparableEngine(Engine):
    """One variable at a time, for functions that are sums over variables: a grid on the line, then narrower ones.

    Each pass over all variables has a finer grid than the last, whose points lie elsewhere.

    >>> SeparableEngine(2, 10, 100, np.random.default_rng(0), np.full((1, 2), 0.5)).ask().shape
    (33, 2)
    """

    def __init__(
        self, n: int, population: int, evaluations: int, random: np.random.Generator, start: Floats | None = None
    ) -> None:
        super().__init__(n, population, evaluations, random, start)
        self.best = self.first[0].copy()
        self.value = np.inf
        self.variable, self.passes = 0, 0
        # The first pass takes a tenth of the evaluations.
        self.grid = int(np.clip(evaluations // (10 * n), GRID, 400))
        self.line = np.linspace(0.0, 1.0, self.grid)

    def ask(self) -> Floats:
        """Points on a line along one variable."""
        points = np.repeat(self.best[None], len(self.line), axis=0)
        points[:, self.variable] = self.line
        return points

    def tell(self, points: Floats, values: Floats) -> None:
        """Narrow the line, or go on to the next variable."""
        self.used += len(points)
        at = int(np.argmin(values))
        if values[at] < self.value:
            self.value, self.best = float(values[at]), points[at].copy()
        here = float(self.line[at]) if values[at] <= self.value else float(self.best[self.variable])
        step = float(self.line[1] - self.line[0])
        if step > FINEST:
            self.line = np.linspace(max(0.0, here - step), min(1.0, here + step), NARROW)
            return
        self.variable += 1
        if self.variable == self.n:
            self.variable, self.passes = 0, self.passes + 1
            self.grid = 2 * self.grid + 1
        inner = (np.arange(1, self.grid - 1) + self.random.random()) / (self.grid - 1)
        self.line = np.concatenate([[0.0], inner[inner < 1.0], [1.0]])


class AdaptiveEngine(Engine):
    """One variable at a time where they act on their own, which a few points tell; else CMA-ES, and restarts.

    Restarts take turns, by the evaluations that each kind had so far: CMA-ES with a population that doubles, and small
    ones from anywhere (Hansen, BBOB workshop of GECCO 2009), and differential evolution that learns its rates.

    >>> AdaptiveEngine(2, 6, 1000, np.random.default_rng(0)).ask().shape
    (6, 2)
    """

    EVOLVE = 0.4  # share of what is left after the first climb for differential evolution

    def __init__(
        self,
        n: int,
        population: int,
        evaluations: int,
        random: np.random.Generator,
        start: Floats | None = None,
        *,
        probe: bool = True,
    ) -> None:
        super().__init__(n, population, evaluations, random, start)
        self.given_points = None if start is None else self.first[: len(start)]
        centre = np.full((1, n), 0.5) if self.given_points is None else self.given_points[:1]
        self.given = population
        self.engine: Engine = CovarianceEngine(n, population, evaluations, random, centre, spread=0.25)
        self.best, self.value = centre[0].copy(), np.inf
        self.probe = self._make_probe() if probe and n > 1 and evaluations > 40 * n else None
        self.stage = "climb" if self.probe is None else "probe"
        self.large, self.small = 0, 0  # evaluations of both kinds of restarts
        self.doublings = 0

    def ask(self) -> Floats:
        """Points of the engine whose turn it is, after those that are given."""
        if self.given_points is not None and not self.used:
            return self.given_points
        if self.stage == "probe" and self.probe is not None:
            return self.probe
        return self.engine.ask()

    def tell(self, points: Floats, values: Floats) -> None:
        """Tell it, and change engines where it has converged."""
        given = self.given_points is not None and not self.used
        self.used += len(points)
        at = int(np.argmin(values))
        if values[at] < self.value:
            self.value, self.best = float(values[at]), points[at].copy()
        if given:
            if isinstance(self.engine, CovarianceEngine):
                self.engine.mean = self.best.copy()
            return
        if self.stage == "probe":
            self._judge(values)
            return
        self.engine.tell(points, values)
        if self.stage == "large":
            self.large += len(points)
        elif self.stage == "small":
            self.small += len(points)
        if self.engine.is_done:
            self._next()

    def _next(self) -> None:
        """Choose what comes after an engine that has converged."""
        left = self.evaluations - self.used
        if self.stage == "climb" and self.EVOLVE > 0 and left > 20 * self.n:
            size = int(np.clip(self.EVOLVE * left / 50, 4 * self.n, 18 * self.n))
            self.stage = "evolve"
            self.engine = ShadeEngine(self.n, size, int(self.EVOLVE * left), self.random, self.best[None])
            return
        random = self.random
        if self.large <= self.small or self.stage != "large":
            self.stage = "large"
            self.doublings += 1
            size = self.given * 2**self.doublings
            start = 0.1 + 0.8 * random.random((1, self.n))
            self.engine = CovarianceEngine(self.n, size, left, random, start, spread=0.25)
        else:
            self.stage = "small"
            size = max(4, int(self.given * (0.5 * 2**self.doublings) ** (random.random() ** 2)))
            start = 0.1 + 0.8 * random.random((1, self.n))
            self.engine = CovarianceEngine(
                self.n, size, left, random, start, spread=0.25 * 10 ** (-2 * random.random())
            )

    def _make_probe(self) -> Floats:
        """Two points, and both of them with each single variable of the other."""
        one, two = self.random.random((2, self.n)) * 0.8 + 0.1
        own = np.eye(self.n, dtype=bool)
        return np.vstack([one, two, np.where(own, two, one), np.where(own, one, two)])

    def _judge(self, values: Floats) -> None:
        """Whether each variable has the same effect whatever the others are."""
        self.stage = "climb"
        if not np.isfinite(values).all():
            return
        there = values[2 : 2 + self.n] - values[0]
        back = values[1] - values[2 + self.n :]
        # Each is held to its own size: what is small beside another variable may be hard to find all the same.
        room = CLOSE * np.minimum(np.abs(there), np.abs(back)) + ROUNDING * np.abs(values).max()
        left = self.evaluations - self.used
        if np.ptp(values) > 0 and (np.abs(there - back) <= room).all():
            self.stage = "separable"
            self.engine = SeparableEngine(self.n, self.given, left, self.random, self.best[None])
