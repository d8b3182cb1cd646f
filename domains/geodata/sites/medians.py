"""The p-median problem with proof: vertex interchange, a Lagrangian bound, and branch and bound between them."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from domains.geodata.sites.status import FREE, OPEN, SHUT
from shared.runtime.seeds import make_rng
from shared.typing import Bools, Bytes, Floats, Ints

__all__ = ["MedianAnswer", "MedianProblem"]

TRIES = 50  # random orders in which sites that may be open together are looked for
STARTS = 5  # random starts of the interchange
KICKS = 40  # times that the best set is shaken and improved again
KICK_NODES, MORE_KICKS = 20, 2  # during the search: so often, so many more
ROOT_STEPS, NODE_STEPS = 600, 60
STALLED = 400  # nodes after which what is left is handed to HiGHS
SMALL_MIP = 60_000  # assignments that HiGHS is given at most


@dataclass(frozen=True)
class MedianAnswer:
    """Sites that are open, and what is proven of them.

    Attributes
    ----------
    chosen : numpy.ndarray of int
        Ascending.
    cost, bound : float
    proven : bool
    nodes : int

    >>> MedianAnswer(np.array([1]), 5.0, 5.0, True, 0).proven
    True
    """

    chosen: Ints
    cost: float
    bound: float
    proven: bool
    nodes: int


class Ascent(NamedTuple):
    """What `ascend` gives.

    Attributes
    ----------
    bound : float
    multipliers, reduced, share : numpy.ndarray
    best : float
    chosen : numpy.ndarray of int
    theta : float
    """

    bound: float
    multipliers: Floats
    reduced: Floats
    share: Floats
    best: float
    chosen: Ints
    theta: float


class _Node(NamedTuple):
    """A part of the search: what is open and shut, and the bound of it; those of the lowest bound come first."""

    bound: float
    number: int
    status: Bytes
    multipliers: Floats
    share: Floats


class MedianProblem:
    """Open p sites so that the sum of each client's cost to the nearest is least.

    Parameters
    ----------
    costs : numpy.ndarray of shape (n_clients, n_sites)
        Weighted; finite.
    p : int
        Sites to be open in all, those open for good among them.
    status : numpy.ndarray of uint8, shape (n_sites,), optional
        0 free, 1 open for good, 2 shut for good.
    clash : numpy.ndarray of bool, shape (n_sites, n_sites), optional
        Pairs of sites that may not both be open.
    random_state : int

    >>> MedianProblem(np.array([[0.0, 5.0, 9.0], [5.0, 0.0, 4.0], [9.0, 4.0, 0.0]]), 1).solve().chosen.tolist()
    [1]
    """

    def __init__(
        self,
        costs: Floats,
        p: int,
        status: Bytes | None = None,
        *,
        clash: Bools | None = None,
        random_state: int = 0,
    ) -> None:
        self.costs = np.ascontiguousarray(costs, dtype=float)
        self.by_site = np.ascontiguousarray(self.costs.T)
        self.p = int(p)
        n_sites = self.costs.shape[1]
        self.status = np.zeros(n_sites, dtype=np.uint8) if status is None else status.astype(np.uint8)
        self.clash = np.zeros((0, 0), dtype=bool) if clash is None or not clash.any() else clash | clash.T
        self.rng = make_rng(random_state)
        self.whole = bool((self.costs == np.round(self.costs)).all())
        self.order = np.argsort(self.costs, axis=1, kind="stable")
        self.sorted_costs = np.take_along_axis(self.costs, self.order, axis=1)
        self.best = np.inf
        self.chosen = np.zeros(0, dtype=np.int64)

    def solve(self, time_limit: float = 30.0) -> MedianAnswer:
        """Find the best set, and prove it or say how far it may be from the best.

        Parameters
        ----------
        time_limit : float
            Seconds.

        Returns
        -------
        MedianAnswer
            Of infinite cost, and proven, where no set is allowed.
        """
        end = time.monotonic() + time_limit
        self.status = self._shut_clashing(self.status)
        held = np.flatnonzero(self.status == OPEN)
        if not len(held) <= self.p <= (self.status != SHUT).sum() or not self._agree(held):
            return MedianAnswer(self.chosen, np.inf, np.inf, True, 0)
        self._search(self.status, STARTS)
        return self._branch(end)

    def _shake(self, kicks: int, end: float) -> None:
        """Exchange some sites of the best set at random, and improve again (iterated local search)."""
        free = np.flatnonzero(self.status == FREE)
        for _ in range(kicks):
            held = self.chosen[self.status[self.chosen] == FREE]
            others = np.setdiff1d(free, self.chosen)
            most = min(max(len(held) // 2, 2), len(held), len(others))
            if not most or time.monotonic() > end:
                return
            few = int(self.rng.integers(max(most // 2, 1), most + 1))
            kept = np.setdiff1d(self.chosen, self.rng.choice(held, few, replace=False))
            picked = np.concatenate([kept, self.rng.choice(others, few, replace=False)])
            if self._agree(picked):
                self._keep(*self.improve(picked))

    def improve(self, chosen: Ints, status: Bytes | None = None) -> tuple[Ints, float]:
        """Exchange sites while that helps.

        Parameters
        ----------
        chosen : numpy.ndarray of int
        status : numpy.ndarray of uint8, optional
        """
        from domains.geodata.sites.kernels import interchange

        status = self.status if status is None else status
        if self.p == 1:  # nothing to exchange it with but any other
            allowed = np.flatnonzero(status == OPEN) if (status == OPEN).any() else np.flatnonzero(status == FREE)
            totals = self.by_site[allowed].sum(axis=1)
            return allowed[[int(totals.argmin())]], float(totals.min())
        found, cost = interchange(self.by_site, status, chosen.astype(np.int64), self.clash)
        return np.sort(found), float(cost)

    def _keep(self, chosen: Ints, cost: float) -> None:
        if cost < self.best - 1e-12 * abs(cost):
            self.best, self.chosen = cost, np.sort(chosen)

    def _search(self, status: Bytes, starts: int) -> None:
        for _ in range(starts):
            picked = self._draw(status)
            if picked is not None:
                self._keep(*self.improve(picked, status))

    def _draw(self, status: Bytes) -> Ints | None:
        """Sites at random that may be open together; None where none were found."""
        held, free = np.flatnonzero(status == OPEN), np.flatnonzero(status == FREE)
        more = self.p - len(held)
        if more > len(free):
            return None
        if not len(self.clash):
            return np.concatenate([held, self.rng.choice(free, more, replace=False)])
        for _ in range(TRIES):
            picked = list(held)
            barred = np.asarray(self.clash[held].any(axis=0))
            if barred[held].any():
                return None
            for site in self.rng.permutation(free):
                if len(picked) == self.p:
                    break
                if not barred[site]:
                    picked.append(site)
                    barred |= self.clash[site]
            if len(picked) == self.p:
                return np.array(picked, dtype=np.int64)
        return None

    def _shut_clashing(self, status: Bytes) -> Bytes:
        """Shut what may not be open beside what is open for good."""
        if not len(self.clash):
            return status
        status = status.copy()
        status[self.clash[status == OPEN].any(axis=0) & (status == FREE)] = SHUT
        return status

    def _agree(self, chosen: Ints) -> bool:
        return not len(self.clash) or not self.clash[np.ix_(chosen, chosen)].any()

    def _ascend(self, lam: Floats, status: Bytes, steps: int, theta: float, patience: int) -> Ascent:
        from domains.geodata.sites.kernels import ascend

        upper = self.best if np.isfinite(self.best) else float(self.sorted_costs[:, -1].sum())
        found = ascend(
            self.order, self.sorted_costs, lam, status, self.p, upper, steps, theta, patience, self.whole, self.clash
        )
        if len(found[5]):
            self._keep(*self.improve(found[5]))
        return Ascent(*found)

    def _round(self, bound: float) -> float:
        return float(np.ceil(bound - 1e-6)) if self.whole else bound

    def _closed(self, bound: float) -> bool:
        return self._round(bound) >= self.best - 1e-9 * abs(self.best)

    def _fix(self, status: Bytes, bound: float, rho: Floats) -> Bytes:
        """Open or shut for good what the bound does not allow otherwise."""
        status = status.copy()
        free = np.flatnonzero(status == FREE)
        more = self.p - int((status == OPEN).sum())
        if more <= 0 or more >= len(free):
            status[free] = SHUT if more <= 0 or more > len(free) else OPEN
            return status
        line = np.partition(rho[free], (more - 1, more))
        room = self.best - (1 - 1e-6 if self.whole else 1e-9 * abs(self.best)) - bound
        status[free[rho[free] - line[more - 1] > room]] = SHUT
        inside = free[rho[free] <= line[more - 1]][:more]
        status[inside[line[more] - rho[inside] > room]] = OPEN
        return self._shut_clashing(status)

    def _finish_by_highs(self, root: tuple[float, Floats, Floats], bound: float, end: float) -> MedianAnswer | None:
        """Hand what the root's bound leaves to HiGHS; None where that is too much, or it finds no proof in time."""
        from shared.decision import Program, Session

        value, lam, rho = root
        status = self._fix(self.status, value, rho)
        room = self.best - (1 - 1e-6 if self.whole else 1e-9 * abs(self.best)) - value
        more = self.p - int((status == OPEN).sum())
        free = np.flatnonzero(status == FREE)
        line = np.partition(rho[free], more - 1)[more - 1] if 0 < more <= len(free) else np.inf
        extra = np.where(status == OPEN, 0.0, np.maximum(rho - line, 0.0))
        held = np.maximum(self.costs - lam[:, None], 0.0) + extra <= room
        held &= status != SHUT
        client, site = np.nonzero(held)
        if not len(free) or len(client) > SMALL_MIP or end - time.monotonic() < 1.0:
            return None
        n_sites, n_pairs, n_clients = self.costs.shape[1], len(client), len(self.costs)
        one = np.ones(n_pairs)
        pairs = np.arange(n_pairs)
        rows = np.concatenate([client, n_clients + pairs, n_clients + pairs, np.full(n_sites, n_clients + n_pairs)])
        columns = np.concatenate([n_sites + pairs, n_sites + pairs, site, np.arange(n_sites)])
        data = np.concatenate([one, one, -one, np.ones(n_sites)])
        low = np.concatenate([np.ones(n_clients), np.full(n_pairs, -np.inf), [self.p]])
        high = np.concatenate([np.ones(n_clients), np.zeros(n_pairs), [self.p]])
        matrix = sparse.csr_array((data, (rows, columns)), (n_clients + n_pairs + 1, n_sites + n_pairs))
        matrix, low, high = self._add_clashes(matrix, low, high)
        names = [f"s{j}" for j in range(n_sites)] + [f"a{k}" for k in range(n_pairs)]
        program = Program.make(
            names,
            cost=np.concatenate([np.zeros(n_sites), self.costs[client, site]]),
            rows=matrix,
            row_lower=low,
            row_upper=high,
            lower=np.concatenate([(status == OPEN).astype(float), np.zeros(n_pairs)]),
            upper=np.concatenate([(status != SHUT).astype(float), np.ones(n_pairs)]),
            whole=np.concatenate([np.ones(n_sites, bool), np.zeros(n_pairs, bool)]),
        )
        answer = Session(program, time_limit=end - time.monotonic(), gap=0.0).solve()
        if answer.x is not None:
            chosen = np.flatnonzero(answer.x[:n_sites] > 0.5)
            if len(chosen) == self.p:
                self._keep(chosen, float(self.by_site[chosen].min(axis=0).sum()))
        if answer.status in {"optimal", "infeasible"}:
            return MedianAnswer(self.chosen, self.best, self.best, True, STALLED)
        low_bound = max(bound, answer.bound if np.isfinite(answer.bound) else bound)
        return MedianAnswer(
            self.chosen, self.best, min(self._round(low_bound), self.best), self._closed(low_bound), STALLED
        )

    def _add_clashes(self, matrix: Any, low: Floats, high: Floats) -> tuple[Any, Floats, Floats]:
        """A row a pair of sites that may not both be open."""
        if not len(self.clash):
            return matrix, low, high
        one, other = np.nonzero(np.triu(self.clash, 1))
        pairs = np.arange(len(one))
        rows = sparse.csr_array(
            (np.ones(2 * len(one)), (np.tile(pairs, 2), np.concatenate([one, other]))), (len(one), matrix.shape[1])
        )
        more = np.ones(len(one))
        return sparse.vstack([matrix, rows]), np.concatenate([low, -np.inf * more]), np.concatenate([high, more])

    def _branch(self, end: float) -> MedianAnswer:
        start = self.sorted_costs[:, min(1, self.costs.shape[1] - 1)].copy()
        root = self._ascend(start, self.status, ROOT_STEPS, 1.0, 15)
        if not self._closed(root.bound):
            self._shake(KICKS, end)
        status = self._fix(self.status, root.bound, root.reduced)
        counter = itertools.count()
        heap = [_Node(root.bound, next(counter), status, root.multipliers, root.share)]
        nodes = 0
        while heap and not self._closed(heap[0].bound):
            nodes += 1
            if time.monotonic() > end:
                return MedianAnswer(self.chosen, self.best, min(self._round(heap[0].bound), self.best), False, nodes)
            if nodes % KICK_NODES == 0:
                self._shake(MORE_KICKS, end)
            if nodes == STALLED:
                answer = self._finish_by_highs((root.bound, root.multipliers, root.reduced), heap[0].bound, end)
                if answer is not None:
                    return answer
            for child in self._split(heapq.heappop(heap), counter):
                heapq.heappush(heap, child)
        return MedianAnswer(self.chosen, self.best, self.best, True, nodes)

    def _split(self, node: _Node, counter: Iterator[int]) -> Iterator[_Node]:
        """Open, and shut, the free site that was open most often on the way to the bound."""
        free = np.flatnonzero(node.status == FREE)
        if not len(free):
            if (node.status == OPEN).sum() == self.p:
                self._search(node.status, 1)
            return
        site = free[np.argmax(node.share[free])]
        for side in (OPEN, SHUT):
            child = node.status.copy()
            child[site] = side
            child = self._shut_clashing(child)
            if (child == OPEN).sum() > self.p or (child != SHUT).sum() < self.p:
                continue
            found = self._ascend(node.multipliers, child, NODE_STEPS, 0.5, 6)
            bound = max(found.bound, node.bound)
            if not self._closed(bound):
                status = self._fix(child, found.bound, found.reduced)
                yield _Node(bound, next(counter), status, found.multipliers, found.share)
