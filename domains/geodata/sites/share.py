"""Largest share of the market under Huff's rule: a greedy set, exchanges, and a search that its gains bound."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domains.geodata.sites.medians import MedianAnswer
from domains.geodata.sites.status import FREE, OPEN
from shared.typing import Bools, Bytes, Floats, Ints

__all__ = ["ShareGoal"]

CLOSE = 1e-6  # relative gap that counts as proven


@dataclass
class ShareGoal:
    """Most weight won from rivals, where each client shares its weight among all sites by their pull (Huff 1964).

    What a site adds is the less the more are open (the share is submodular), so that a set wins at most what it has and
    the largest gains of those still to come (Nemhauser, Wolsey & Fisher 1978): a best-first search by that bound.

    >>> goal = ShareGoal(np.array([[4.0, 1.0]]), np.array([1.0]), np.array([10.0]), 1)
    >>> goal.say_value(goal.solve(np.zeros(2, np.uint8), 5.0).cost)
    8.0
    """

    pull: Floats
    rivals: Floats
    weights: Floats
    p: int
    clash: Bools | None = None
    maximise = True

    def capture(self, chosen: Ints) -> float:
        """Weight won by a set of sites.

        Parameters
        ----------
        chosen : numpy.ndarray of int
        """
        own = self.pull[:, chosen].sum(axis=1)
        return float((self.weights * _share(own, self.rivals)).sum())

    def share_clients(self, chosen: Ints) -> Floats:
        """What of each client each site of a set wins, of shape (n_clients, n_chosen).

        Parameters
        ----------
        chosen : numpy.ndarray of int
        """
        own = self.pull[:, chosen]
        total = own.sum(axis=1) + self.rivals
        return np.asarray(np.divide(own, total[:, None], out=np.zeros(own.shape), where=total[:, None] > 0))

    def revise(self, sets: Sequence[Ints], status: Bytes) -> tuple[float, Ints, float]:
        """Weight won by the first of some sets, and the best set found by exchanges from them; not proven.

        Parameters
        ----------
        sets : sequence of numpy.ndarray of int
        status : numpy.ndarray of uint8
        """
        won = [self.capture(one) for one in sets]
        chosen = self._exchange(sets[int(np.argmax(won))], status)
        return won[0], chosen, self.capture(chosen)

    def say_value(self, cost: float) -> float:
        """The weight won."""
        return 0.0 - cost

    def solve(self, status: Bytes, time_limit: float) -> MedianAnswer:
        """See `Goal`."""
        end = time.monotonic() + time_limit
        nobody = np.zeros(0, np.int64)
        held = np.flatnonzero(status == OPEN)
        if len(held) > self.p or any(self._clashes(int(site), held.tolist()) for site in held):
            return MedianAnswer(nobody, np.inf, np.inf, True, 0)
        # Where sites clash the greedy set may come to no end; the search finds whether there is one.
        chosen = self._search(status)
        best = -1.0 if chosen is None else self.capture(chosen)
        counter = itertools.count()
        heap = [(-np.inf, next(counter), held, np.flatnonzero(status == FREE))]
        nodes = 0
        while heap and -heap[0][0] > best * (1 + CLOSE):
            if time.monotonic() > end:
                found = (nobody, np.inf) if chosen is None else (np.sort(chosen), -best)
                return MedianAnswer(*found, heap[0][0], False, nodes)
            nodes += 1
            _, _, held, free = heapq.heappop(heap)
            for bound, more, rest in self._split(held, free):
                if len(more) == self.p:
                    if bound > best:
                        best, chosen = bound, more
                elif bound > best * (1 + CLOSE):
                    heapq.heappush(heap, (-bound, next(counter), more, rest))
        if chosen is None:
            return MedianAnswer(nobody, np.inf, np.inf, True, nodes)
        return MedianAnswer(np.sort(chosen), -best, -best, True, nodes)

    def _split(self, held: Ints, free: Ints) -> list[tuple[float, Ints, Ints]]:
        """Sets with one site more, each with what it can win at most and the sites that may follow."""
        own = self.pull[:, held].sum(axis=1)
        value = self.weights @ _share(own, self.rivals)
        free = free[[not self._clashes(int(site), held.tolist()) for site in free]]
        to_come = self.p - len(held)
        if to_come == 0:
            return [(float(value), held, free)]
        gain = self.weights @ _share(own[:, None] + self.pull[:, free], self.rivals[:, None]) - value
        order = np.argsort(-gain, kind="stable")
        gain, free = gain[order], free[order]
        # Later sites gain less: the next few bound what may follow.
        sums = np.concatenate([[0.0], np.cumsum(gain)])
        last = len(free) - to_come + 1
        return [
            (
                float(value + sums[place + to_come] - sums[place]),
                np.append(held, free[place]),
                free[place + 1 :],
            )
            for place in range(max(last, 0))
        ]

    def _search(self, status: Bytes) -> Ints | None:
        """Take the best site each time, then exchange while that helps."""
        chosen: list[int] = np.flatnonzero(status == OPEN).tolist()
        free = set(np.flatnonzero(status == FREE).tolist())
        while len(chosen) < self.p:
            fits = [site for site in sorted(free) if not self._clashes(site, chosen)]
            if not fits:
                return None
            own = self.pull[:, chosen].sum(axis=1)
            won = self.weights @ _share(own[:, None] + self.pull[:, fits], self.rivals[:, None])
            chosen.append(fits[int(won.argmax())])
            free.discard(chosen[-1])
        return self._exchange(np.array(chosen, dtype=np.int64), status) if len(chosen) == self.p else None

    def _exchange(self, chosen: Ints, status: Bytes) -> Ints:
        improved = True
        while improved:
            improved = False
            for place in np.flatnonzero(status[chosen] == FREE):
                rest = np.delete(chosen, place)
                others = [site for site in np.flatnonzero(status == FREE) if site not in set(rest.tolist())]
                others = [site for site in others if not self._clashes(int(site), list(rest))]
                own = self.pull[:, rest].sum(axis=1)
                won = self.weights @ _share(own[:, None] + self.pull[:, others], self.rivals[:, None])
                if won.max() > self.capture(chosen) * (1 + 1e-12):
                    chosen = chosen.copy()
                    chosen[place] = others[int(won.argmax())]
                    improved = True
        return chosen

    def _clashes(self, site: int, chosen: list[int]) -> bool:
        return self.clash is not None and bool((self.clash[site, chosen] | self.clash[chosen, site]).any())


def _share(own: Floats, rivals: Floats) -> Floats:
    total = own + rivals
    return np.asarray(np.divide(own, total, out=np.zeros(np.broadcast(own, rivals).shape), where=total > 0))
