"""Engines of search on the unit cube: each is asked for points, and told their values."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from domains.optimization.evolution.problem import BARRED
from shared.errors import SettingsError
from shared.typing import Bools, Floats

__all__ = ["CovarianceEngine", "Engine", "GeneticEngine", "ShadeEngine", "SwarmEngine", "draw_first"]


def draw_first(random: np.random.Generator, population: int, n: int, start: Floats | None) -> Floats:
    """Points to begin with: those that are given, and others from anywhere.

    Parameters
    ----------
    random : numpy.random.Generator
    population, n : int
    start : numpy.ndarray of shape (k, n), optional

    Raises
    ------
    SettingsError
        More are given than there is room for.

    >>> draw_first(np.random.default_rng(0), 4, 1, np.array([[0.5]])).shape
    (4, 1)
    """
    first = random.random((population, n))
    if start is not None:
        if len(start) > population:
            raise SettingsError(f"{len(start):,} points to start from are more than the population of {population:,}")
        first[: len(start)] = np.clip(start, 0.0, 1.0)
    return first


class Engine(ABC):
    """What looks for the least value on the unit cube.

    Parameters
    ----------
    n : int
        Variables.
    population : int
        Points a turn.
    evaluations : int
        How many there will be in all, for engines that change with time.
    random : numpy.random.Generator
    start : numpy.ndarray of shape (k, n), optional
        Points to begin with.

    >>> engine = SwarmEngine(2, 10, 100, np.random.default_rng(0))
    >>> engine.ask().shape
    (10, 2)
    """

    def __init__(
        self, n: int, population: int, evaluations: int, random: np.random.Generator, start: Floats | None = None
    ) -> None:
        self.n = n
        self.population = population
        self.evaluations = evaluations
        self.random = random
        self.used = 0
        self.first = draw_first(random, population, n, start)

    @abstractmethod
    def ask(self) -> Floats:
        """Points that are to be valued, of shape (m, n)."""

    @abstractmethod
    def tell(self, points: Floats, values: Floats) -> None:
        """Take the values of the points that were asked for.

        Parameters
        ----------
        points : numpy.ndarray of shape (m, n)
        values : numpy.ndarray of shape (m,)
            The lower, the better; infinite where there is none.
        """

    @property
    def is_done(self) -> bool:
        """Whether it has converged, so that nothing better will come of it."""
        return False


class SwarmEngine(Engine):
    """Particle swarm with constricted speeds, in which each particle follows the best of its neighbours in a ring.

    Source: Clerc and Kennedy, IEEE Transactions on Evolutionary Computation 6 (2002); ring: Kennedy and Mendes (2002).

    >>> SwarmEngine(2, 10, 100, np.random.default_rng(0)).is_done
    False
    """

    INERTIA, PULL = 0.7298, 1.49618

    def __init__(
        self, n: int, population: int, evaluations: int, random: np.random.Generator, start: Floats | None = None
    ) -> None:
        super().__init__(n, population, evaluations, random, start)
        self.x = self.first
        self.speed = 0.2 * (random.random((population, n)) - 0.5)
        self.best = self.x.copy()
        self.best_value = np.full(population, np.inf)
        self._around = (np.arange(population)[:, None] + np.array([-1, 0, 1])) % population

    def ask(self) -> Floats:
        """Move the swarm, but for the first time."""
        if self.used:
            near = self._around[np.arange(self.population), self.best_value[self._around].argmin(axis=1)]
            guide = self.best[near]
            pulls = self.random.random((2, self.population, self.n)) * self.PULL
            self.speed = self.INERTIA * self.speed + pulls[0] * (self.best - self.x) + pulls[1] * (guide - self.x)
            x = self.x + self.speed
            out = (x < 0) | (x > 1)
            if out.any():
                self.speed[out] *= -0.5
                x = np.clip(x, 0.0, 1.0)
            self.x = x
        return self.x

    def tell(self, points: Floats, values: Floats) -> None:
        """Remember each particle's best place."""
        self.used += len(points)
        better = values < self.best_value
        self.best[better], self.best_value[better] = points[better], values[better]


class GeneticEngine(Engine):
    """Genetic algorithm: tournaments, extended intermediate recombination, polynomial mutation, and the best kept.

    Sources: Muehlenbein and Schlierkamp-Voosen, Evolutionary Computation 1 (1993); Deb and Agrawal, Complex Systems 9
    (1995). Mutation narrows over time.

    Keys that are discrete are taken from either parent, and drawn anew where they mutate.

    >>> GeneticEngine(2, 10, 100, np.random.default_rng(0)).ask().shape
    (10, 2)
    """

    def __init__(
        self,
        n: int,
        population: int,
        evaluations: int,
        random: np.random.Generator,
        start: Floats | None = None,
        *,
        discrete: Bools | None = None,
    ) -> None:
        super().__init__(n, population, evaluations, random, start)
        self.parents = np.zeros((0, n))
        self.values = np.zeros(0)
        self.discrete = np.zeros(n, dtype=bool) if discrete is None else discrete

    def ask(self) -> Floats:
        """Children of the present parents."""
        if not len(self.parents):
            return self.first
        m, n, random = self.population, self.n, self.random
        pairs = random.integers(0, len(self.parents), (2, 2, m))
        winners = np.where(self.values[pairs[0]] <= self.values[pairs[1]], pairs[0], pairs[1])
        one, two = self.parents[winners[0]], self.parents[winners[1]]
        progress = self.used / max(self.evaluations, 1)
        # Extended intermediate recombination: anywhere on the line through both parents, a quarter beyond them.
        share = 1.5 * random.random((m, n)) - 0.25
        if self.discrete.any():
            share[:, self.discrete] = share[:, self.discrete] > 0.5
        child = one + share * (two - one)
        # Each key mutates with a chance of one in n; their number is drawn, then their places.
        count = int(random.binomial(m * n, 1.0 / n))
        if count:
            places = random.integers(0, m * n, count)
            flat = child.reshape(-1)
            v = random.random(count)
            power = 1.0 / (10.0 + 90.0 * progress + 1.0)
            step = np.where(v < 0.5, (2 * v) ** power - 1.0, 1.0 - (2 * (1 - v)) ** power)
            anew = self.discrete[places % n]
            flat[places] = np.where(anew, random.random(count), flat[places] + step)
        return np.asarray(np.clip(child, 0.0, 1.0))

    def tell(self, points: Floats, values: Floats) -> None:
        """Keep the best of parents and children."""
        self.used += len(points)
        both, of = np.vstack([self.parents, points]), np.concatenate([self.values, values])
        kept = np.argsort(of, kind="stable")[: self.population]
        self.parents, self.values = both[kept], of[kept]


class ShadeEngine(Engine):
    """Differential evolution that learns its rates from success, with a shrinking population.

    Source: L-SHADE, Tanabe and Fukunaga, IEEE CEC 2014; memory of 6, archive of 2.6 populations, best 11 %.

    >>> ShadeEngine(2, 10, 100, np.random.default_rng(0)).ask().shape
    (10, 2)
    """

    MEMORY, ARCHIVE, BEST, LEAST = 6, 2.6, 0.11, 4

    def __init__(
        self, n: int, population: int, evaluations: int, random: np.random.Generator, start: Floats | None = None
    ) -> None:
        super().__init__(n, population, evaluations, random, start)
        self.x = self.first
        self.values = np.full(population, np.inf)
        self.archive = np.zeros((0, n))
        self.scale = np.full(self.MEMORY, 0.5)
        self.rate = np.full(self.MEMORY, 0.5)
        self.place = 0
        self.trial_scale = np.zeros(0)
        self.trial_rate = np.zeros(0)

    def ask(self) -> Floats:
        """Trial points, one for each of the present ones."""
        if not self.used:
            return self.x
        random, m, n = self.random, len(self.x), self.n
        memory = random.integers(0, self.MEMORY, m)
        rate = np.clip(random.normal(self.rate[memory], 0.1), 0.0, 1.0)
        rate[self.rate[memory] < 0] = 0.0
        scale = self.scale[memory] + 0.1 * np.tan(np.pi * (random.random(m) - 0.5))
        low = scale <= 0
        while low.any():
            scale[low] = self.scale[memory[low]] + 0.1 * np.tan(np.pi * (random.random(int(low.sum())) - 0.5))
            low = scale <= 0
        scale = np.minimum(scale, 1.0)
        order = np.argsort(self.values, kind="stable")
        best = order[random.integers(0, max(2, round(self.BEST * m)), m)]
        one = (np.arange(m) + random.integers(1, m, m)) % m
        pool = np.vstack([self.x, self.archive]) if len(self.archive) else self.x
        two = random.integers(0, len(pool), m)
        same = (two == np.arange(m)) | (two == one)
        two[same] = (two[same] + 1 + random.integers(0, len(pool) - 1, int(same.sum()))) % len(pool)
        f = scale[:, None]
        mutant = self.x + f * (self.x[best] - self.x) + f * (self.x[one] - pool[two])
        cross = random.random((m, n)) < rate[:, None]
        cross[np.arange(m), random.integers(0, n, m)] = True
        trial = np.where(cross, mutant, self.x)
        # Half-way back from the present point, as in the source.
        trial = np.where(trial < 0, 0.5 * self.x, np.where(trial > 1, 0.5 * (1 + self.x), trial))
        self.trial_scale, self.trial_rate = scale, rate
        return trial

    def tell(self, points: Floats, values: Floats) -> None:
        """Keep what is better, and learn the rates that brought it."""
        first = not self.used
        self.used += len(points)
        if first:
            self.values = values.copy()
            return
        better = values < self.values
        if better.any():
            gain = np.where(np.isfinite(self.values[better]), self.values[better] - values[better], 1.0)
            weight = gain / gain.sum() if gain.sum() > 0 else np.full(len(gain), 1 / len(gain))
            scale, rate = self.trial_scale[better], self.trial_rate[better]
            self.scale[self.place] = float(weight @ scale**2 / (weight @ scale))
            top = float(weight @ rate)
            dead = self.rate[self.place] < 0 or rate.max() <= 0
            self.rate[self.place] = -1.0 if dead else float(weight @ rate**2) / top
            self.place = (self.place + 1) % self.MEMORY
            self.archive = np.vstack([self.archive, self.x[better]])
        equal = values <= self.values
        self.x = np.where(equal[:, None], points, self.x)
        self.values = np.where(equal, values, self.values)
        share = min(1.0, self.used / max(self.evaluations, 1))
        size = max(self.LEAST, round(self.population + (self.LEAST - self.population) * share))
        if size < len(self.x):
            kept = np.sort(np.argsort(self.values, kind="stable")[:size])
            self.x, self.values = self.x[kept], self.values[kept]
        room = int(self.ARCHIVE * len(self.x))
        if len(self.archive) > room:
            self.archive = self.archive[self.random.permutation(len(self.archive))[:room]]

    @property
    def is_done(self) -> bool:
        """Whether all points have one value."""
        if not self.used or not np.isfinite(self.values).all():
            return False
        return bool(np.ptp(self.values) <= 1e-13 * (1e-300 + np.abs(self.values).max()))


class CovarianceEngine(Engine):
    """CMA-ES: a normal distribution that learns the lie of the land.

    Source: Hansen, The CMA evolution strategy: a tutorial, arXiv 1604.00772 (2016), with active updates.

    >>> CovarianceEngine(2, 6, 100, np.random.default_rng(0)).ask().shape
    (6, 2)
    """

    def __init__(
        self,
        n: int,
        population: int,
        evaluations: int,
        random: np.random.Generator,
        start: Floats | None = None,
        *,
        spread: float = 0.3,
    ) -> None:
        super().__init__(n, population, evaluations, random, start)
        self.mean = self.first[0].copy()
        self.spread = spread
        m = population
        raw = np.log((m + 1) / 2) - np.log(np.arange(1, m + 1))
        half = m // 2
        self.effective = float(raw[:half].sum() ** 2 / (raw[:half] ** 2).sum())
        mu = self.effective
        self.c_sigma = (mu + 2) / (n + mu + 5)
        self.damping = 1 + 2 * max(0.0, np.sqrt((mu - 1) / (n + 1)) - 1) + self.c_sigma
        self.c_path = (4 + mu / n) / (n + 4 + 2 * mu / n)
        self.c_one = 2 / ((n + 1.3) ** 2 + mu)
        self.c_mu = min(1 - self.c_one, 2 * (0.25 + mu + 1 / mu - 2) / ((n + 2) ** 2 + mu))
        down = raw[half:]
        effective_down = float(down.sum() ** 2 / (down**2).sum()) if len(down) and (down**2).sum() > 0 else 1.0
        most = min(
            1 + self.c_one / self.c_mu,
            1 + 2 * effective_down / (mu + 2),
            (1 - self.c_one - self.c_mu) / (n * self.c_mu),
        )
        self.weights = np.where(raw >= 0, raw / raw[raw > 0].sum(), most * raw / max(1e-300, -raw[raw < 0].sum()))
        self.path = np.zeros(n)
        self.path_sigma = np.zeros(n)
        self.c = np.eye(n)
        self.axes, self.sizes = np.eye(n), np.ones(n)
        self.turn = 0
        self.chi = np.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n))
        self.history: list[float] = []
        self.drawn = np.zeros((0, n))
        # Axes are found again only when the matrix has moved by a tenth.
        self.lazy = max(1, int(0.15 / (self.c_one + self.c_mu)))
        self.stuck = False

    def ask(self) -> Floats:
        """Draw a population; what lies outside is put back on the wall."""
        z = self.random.standard_normal((self.population, self.n))
        self.drawn = (z * self.sizes) @ self.axes.T
        return np.asarray(np.clip(self.mean + self.spread * self.drawn, 0.0, 1.0))

    def tell(self, points: Floats, values: Floats) -> None:
        """Move the distribution towards what was good."""
        self.used += len(points)
        self.turn += 1
        # Of what was put back on the wall, the step is what is left of it, and it counts by how far it was out.
        wanted = self.mean + self.spread * self.drawn
        off = wanted - points
        outside = np.einsum("ij,ij->i", off, off)
        if outside.any():
            fine = values < BARRED
            sorted_ = np.sort(values[fine] if fine.sum() > 1 else values[np.isfinite(values)])
            m = len(sorted_)
            range_ = float(sorted_[3 * m // 4] - sorted_[m // 4]) if m > 1 else 1.0
            scale = range_ / max(self.spread**2 * float(self.sizes @ self.sizes) / self.n, 1e-300)
            ranked = values + (scale / self.n) * outside
        else:
            ranked = values
        order = np.argsort(ranked, kind="stable")
        y = self.drawn[order]
        half = self.population // 2
        step = self.weights[:half] @ y[:half]
        self.mean = np.clip(self.mean + self.spread * step, 0.0, 1.0)
        white = self.axes @ ((self.axes.T @ step) / self.sizes)
        self.path_sigma = (1 - self.c_sigma) * self.path_sigma + np.sqrt(
            self.c_sigma * (2 - self.c_sigma) * self.effective
        ) * white
        length = float(np.sqrt(self.path_sigma @ self.path_sigma))
        calm = length / np.sqrt(1 - (1 - self.c_sigma) ** (2 * self.turn)) < (1.4 + 2 / (self.n + 1)) * self.chi
        self.path = (1 - self.c_path) * self.path + calm * np.sqrt(
            self.c_path * (2 - self.c_path) * self.effective
        ) * step
        weights = self.weights
        back = (y[half:] @ self.axes) / self.sizes
        weights = weights.copy()
        weights[half:] *= self.n / np.maximum(np.einsum("ij,ij->i", back, back), 1e-300)
        loss = (1 - calm) * self.c_path * (2 - self.c_path)
        self.c *= 1 + self.c_one * loss - self.c_one - self.c_mu * self.weights.sum()
        self.c += self.c_one * np.outer(self.path, self.path) + self.c_mu * (y.T * weights) @ y
        self.spread *= float(np.exp(min(1.0, (self.c_sigma / self.damping) * (length / self.chi - 1))))
        if self.turn % self.lazy == 0:
            sizes, axes = np.linalg.eigh(self.c)
            if not sizes[0] > 0 or sizes[-1] > 1e14 * sizes[0]:
                self.stuck = True
                sizes = np.maximum(sizes, 1e-14 * sizes[-1])
            self.sizes, self.axes = np.sqrt(sizes), axes
        self.history.append(float(values[order[0]]))
        self._watch(values)

    def _watch(self, values: Floats) -> None:
        """Notice that nothing moves any more."""
        recent = 10 + int(np.ceil(30 * self.n / self.population))
        flat = False
        if len(self.history) >= recent:
            last = self.history[-recent:]
            low = min(last)
            flat = max(*last, float(values.max())) - low < 1e-12 * (1 + abs(low))
        small = self.spread * float(self.sizes.max()) < 1e-12
        worse = False
        if len(self.history) > 120 + recent and self.turn % 10 == 0:
            now, before = self.history[-20:], self.history[-recent - 20 : -recent]
            worse = bool(np.median(now) >= np.median(before))
        self.stuck = self.stuck or flat or small or worse or not np.isfinite(self.spread)

    @property
    def is_done(self) -> bool:
        """Whether nothing moves any more."""
        return self.stuck
