"""What a set of sites is to be best at: every goal gives a cost to keep low, and a bound of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from domains.geodata.sites.medians import MedianAnswer, MedianProblem
from shared.typing import Bools, Bytes, Floats, Ints

__all__ = ["Goal", "MedianGoal"]


class Goal(Protocol):
    """A goal.

    >>> MedianGoal.maximise
    False
    """

    maximise: bool

    def solve(self, status: Bytes, time_limit: float) -> MedianAnswer:
        """Choose sites.

        Parameters
        ----------
        status : numpy.ndarray of uint8, shape (n_sites,)
            0 free, 1 open for good, 2 shut for good.
        time_limit : float
            Seconds.
        """
        ...

    def say_value(self, cost: float) -> float:
        """The objective that a cost stands for.

        Parameters
        ----------
        cost : float
        """
        ...


@dataclass
class MedianGoal:
    """Least weighted cost from each client to the nearest site (p-median; Hakimi 1964).

    >>> goal = MedianGoal(np.array([[0.0, 2.0], [3.0, 1.0]]), np.ones(2), 1)
    >>> goal.say_value(goal.solve(np.zeros(2, np.uint8), 1.0).cost)
    3.0
    """

    costs: Floats
    weights: Floats
    p: int
    clash: Bools | None = None
    random_state: int = 0
    maximise = False

    def __post_init__(self) -> None:
        weighted = self.costs * self.weights[:, None]
        # What cannot be reached costs more than anything that can: as few as possible stay unserved.
        lost = np.isinf(self.costs) & (self.weights[:, None] > 0)
        finite = np.where(np.isfinite(weighted), weighted, 0.0)
        self.penalty = 1.0 + float(finite.max(axis=1, initial=0.0).sum()) if lost.any() else 0.0
        self.weighted = np.where(lost, self.penalty, finite)

    def problem(self, status: Bytes) -> MedianProblem:
        """The p-median problem behind it.

        Parameters
        ----------
        status : numpy.ndarray of uint8
        """
        return MedianProblem(self.weighted, self.p, status, clash=self.clash, random_state=self.random_state)

    def revise(self, sets: Sequence[Ints], status: Bytes) -> tuple[float, Ints, float]:
        """Cost of the first of some sets, and the best set found by exchanges from each, with its cost; not proven.

        Parameters
        ----------
        sets : sequence of numpy.ndarray of int
        status : numpy.ndarray of uint8
        """
        problem = self.problem(status)
        kept = float(problem.by_site[sets[0]].min(axis=0).sum())
        chosen, cost = min((problem.improve(one) for one in sets), key=lambda found: found[1])
        return kept, chosen, cost

    def solve(self, status: Bytes, time_limit: float) -> MedianAnswer:
        """See `Goal`."""
        return self.problem(status).solve(time_limit)

    def say_value(self, cost: float) -> float:
        """The total cost of those who are served."""
        # Half of the 1 by which a penalty is above the rest: what sums lose to rounding does not count one less.
        lost = np.floor((cost + 0.5) / self.penalty) if self.penalty else 0.0
        return max(cost - lost * self.penalty, 0.0)
