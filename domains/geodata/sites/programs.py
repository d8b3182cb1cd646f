"""Goals that are programs with integers: most weight covered, fewest sites for everybody, sites that are full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from domains.geodata.sites.medians import MedianAnswer
from domains.geodata.sites.status import FREE, OPEN, SHUT
from shared.decision import Program, Session
from shared.typing import Bools, Bytes, Floats

__all__ = ["CapacityGoal", "CoverGoal", "FewestGoal", "add_pairs", "make_program", "solve_program"]

COVER_STEPS = 1000  # of the bound of covering; it ends by itself after some hundred


def add_pairs(matrix: Any, low: Floats, high: Floats, clash: Bools | None) -> tuple[Any, Floats, Floats]:
    """Add a row for every pair of sites that may not both be open.

    Parameters
    ----------
    matrix : sparse array of shape (m, n)
        Its first columns are the sites.
    low, high : numpy.ndarray of shape (m,)
    clash : numpy.ndarray of bool, shape (n_sites, n_sites), optional

    >>> clash = np.array([[False, True], [False, False]])
    >>> add_pairs(sparse.csr_array((0, 2)), np.zeros(0), np.zeros(0), clash)[2].tolist()
    [1.0]
    """
    if clash is None or not clash.any():
        return matrix, low, high
    one, other = np.nonzero(np.triu(clash | clash.T, 1))
    pairs = np.arange(len(one))
    rows = sparse.csr_array(
        (np.ones(2 * len(one)), (np.tile(pairs, 2), np.concatenate([one, other]))), (len(one), matrix.shape[1])
    )
    more = np.ones(len(one))
    return sparse.vstack([matrix, rows]), np.concatenate([low, -np.inf * more]), np.concatenate([high, more])


def make_program(
    cost: Floats, matrix: ArrayLike, low: Floats, high: Floats, status: Bytes, whole: Bools | None = None
) -> Program:
    """Make a program whose first columns are sites, open or shut for good where that is said.

    Parameters
    ----------
    cost : numpy.ndarray of shape (n,)
    matrix : sparse array of shape (m, n)
    low, high : numpy.ndarray of shape (m,)
    status : numpy.ndarray of uint8, shape (n_sites,)
    whole : numpy.ndarray of bool, shape (n,), optional
        Columns that are whole numbers; all where left out.

    >>> row = sparse.csr_array(np.ones((1, 2)))
    >>> make_program(np.ones(2), row, np.ones(1), np.ones(1), np.array([0, 2], np.uint8)).upper.tolist()
    [1.0, 0.0]
    """
    more = len(cost) - len(status)
    return Program.make(
        [f"x{place}" for place in range(len(cost))],
        cost=cost,
        rows=matrix,
        row_lower=low,
        row_upper=high,
        lower=np.concatenate([(status == OPEN).astype(float), np.zeros(more)]),
        upper=np.concatenate([(status != SHUT).astype(float), np.ones(more)]),
        whole=True if whole is None else whole,
    )


def solve_program(program: Program, n_sites: int, time_limit: float) -> tuple[MedianAnswer, Floats | None]:
    """Solve it with HiGHS; of infinite cost, and proven, where nothing is allowed.

    Parameters
    ----------
    program : Program
    n_sites : int
    time_limit : float
        Seconds.

    >>> row = sparse.csr_array(np.ones((1, 2)))
    >>> program = make_program(np.array([2.0, 1.0]), row, np.ones(1), np.ones(1), np.zeros(2, np.uint8))
    >>> solve_program(program, 2, 5.0)[0].chosen.tolist()
    [1]
    """
    answer = Session(program, time_limit=max(time_limit, 0.1), gap=0.0).solve()
    nobody = np.zeros(0, dtype=np.int64)
    if answer.status == "infeasible":
        return MedianAnswer(nobody, np.inf, np.inf, True, 0), None
    bound = answer.bound if np.isfinite(answer.bound) else -np.inf
    if answer.x is None:
        return MedianAnswer(nobody, np.inf, bound, False, 0), None
    chosen = np.flatnonzero(answer.x[:n_sites] > 0.5)
    proven = answer.status == "optimal"
    return MedianAnswer(chosen, answer.objective, answer.objective if proven else bound, proven, 0), answer.x


@dataclass
class CoverGoal:
    """Most weight within a limit of some site (maximal covering; Church & ReVelle 1974).

    >>> goal = CoverGoal(np.array([[True, False], [False, True]]), np.array([1.0, 5.0]), 1)
    >>> goal.say_value(goal.solve(np.zeros(2, np.uint8), 1.0).cost)
    5.0
    """

    covers: Bools
    weights: Floats
    p: int
    clash: Bools | None = None
    maximise = True

    def __post_init__(self) -> None:
        self._rows, self._weights = _merge(self.covers, self.weights)

    def solve(self, status: Bytes, time_limit: float) -> MedianAnswer:
        """See `Goal`."""
        free, held = int((status == FREE).sum()), int((status == OPEN).sum())
        if (self.clash is not None and self.clash.any()) or self.p < 2 or not held < self.p < held + free:
            return self.solve_program(status, time_limit)
        return self._bound_first(status, time_limit)

    def _bound_first(self, status: Bytes, time_limit: float) -> MedianAnswer:
        """A good set and a bound decide most sites; what is left goes to HiGHS."""
        from domains.geodata.sites.kernels import descend, interchange

        rows, weights = self._rows, self._weights
        _, sites = np.nonzero(rows)
        starts = np.concatenate([[0], np.cumsum(rows.sum(axis=1))])
        bound, worth, _, picked = descend(starts, sites, weights, status, self.p, 0.0, COVER_STEPS)
        missed = np.ascontiguousarray(np.where(rows, 0.0, weights[:, None]).T)
        total = float(weights.sum())
        picked, lost = interchange(missed, status, picked, np.zeros((0, 0), dtype=bool))
        chosen, best = np.sort(picked), total - lost
        # Of whole numbers the next better one is a whole one better.
        step = 1.0 - 1e-6 if (weights == np.round(weights)).all() else 1e-9 * max(total, 1.0)
        room = bound - best - step
        if room < 0:
            return MedianAnswer(chosen, -best, -best, True, 0)
        free = np.flatnonzero(status == FREE)
        more = self.p - int((status == OPEN).sum())
        line = -np.partition(-worth[free], (more - 1, more))[[more - 1, more]]
        fixed = status.copy()
        fixed[free[line[0] - worth[free] > room]] = SHUT
        fixed[free[worth[free] - line[1] > room]] = OPEN
        # Whom an open site covers is served; of the others only sites that may open make a difference.
        opened, cols = np.flatnonzero(fixed == OPEN), np.flatnonzero(fixed == FREE)
        left = ~rows[:, opened].any(axis=1)
        rest = CoverGoal(rows[np.ix_(left, cols)], weights[left], self.p - len(opened))
        found = rest.solve_program(np.zeros(len(cols), dtype=np.uint8), time_limit)
        served = float(weights[~left].sum())
        bound = max(found.bound - served, -bound)
        if not len(found.chosen) or served - found.cost < best:
            return MedianAnswer(chosen, -best, -best if found.proven else min(bound, -best), found.proven, 0)
        return MedianAnswer(
            np.sort(np.concatenate([opened, cols[found.chosen]])), found.cost - served, bound, found.proven, 0
        )

    def solve_program(self, status: Bytes, time_limit: float) -> MedianAnswer:
        """Solve all of it with HiGHS.

        Parameters
        ----------
        status : numpy.ndarray of uint8, shape (n_sites,)
        time_limit : float
            Seconds.
        """
        rows, weights = self._rows, self._weights
        n_sites, n_rows = len(status), len(rows)
        covered = sparse.hstack([sparse.csr_array(-rows.astype(float)), sparse.eye_array(n_rows)])
        count = sparse.csr_array(np.concatenate([np.ones(n_sites), np.zeros(n_rows)])[None, :])
        low = np.concatenate([np.full(n_rows, -np.inf), [float(self.p)]])
        high = np.concatenate([np.zeros(n_rows), [float(self.p)]])
        matrix, low, high = add_pairs(sparse.vstack([covered, count]), low, high, self.clash)
        whole = np.concatenate([np.ones(n_sites, bool), np.zeros(n_rows, bool)])
        cost = np.concatenate([np.zeros(n_sites), -weights])
        return solve_program(make_program(cost, matrix, low, high, status, whole), n_sites, time_limit)[0]

    def say_value(self, cost: float) -> float:
        """The weight covered."""
        return 0.0 - cost


def _merge(covers: Bools, weights: Floats) -> tuple[Bools, Floats]:
    """Clients whom the same sites cover are one: of a town's many cells some hundred are left."""
    bits = np.packbits(covers, axis=1)
    _, first, group = np.unique(
        bits.view([("", bits.dtype, bits.shape[1])]).ravel(), return_index=True, return_inverse=True
    )
    rows = covers[first]
    merged: Floats = np.bincount(group.ravel(), weights.astype(float), minlength=len(rows)).astype(float)
    kept = rows.any(axis=1) & (merged > 0)
    return rows[kept], merged[kept]


@dataclass
class FewestGoal:
    """Fewest sites so that every client that can be is within a limit of one (set covering; Toregas et al. 1971).

    >>> goal = FewestGoal(np.array([[True, False], [True, True]]))
    >>> goal.solve(np.zeros(2, np.uint8), 1.0).chosen.tolist()
    [0]
    """

    covers: Bools
    clash: Bools | None = None
    maximise = False

    def solve(self, status: Bytes, time_limit: float) -> MedianAnswer:
        """See `Goal`."""
        n_sites = self.covers.shape[1]
        rows = np.unique(self.covers[self.covers.any(axis=1)], axis=0).astype(float)
        low, high = np.ones(len(rows)), np.full(len(rows), np.inf)
        matrix = sparse.csr_array(rows.reshape(-1, n_sites))
        matrix, low, high = add_pairs(matrix, low, high, self.clash)
        program = make_program(np.ones(n_sites), matrix, low, high, status)
        return solve_program(program, n_sites, time_limit)[0]

    def say_value(self, cost: float) -> float:
        """The number of sites."""
        return cost


@dataclass
class CapacityGoal:
    """Least weighted cost where sites can serve so much weight and no more (capacitated p-median).

    Each client goes to one site, or, with `split`, to several.

    >>> goal = CapacityGoal(np.array([[0.0, 5.0], [0.0, 1.0]]), np.ones(2), 2, np.array([1.0, 1.0]))
    >>> goal.solve(np.zeros(2, np.uint8), 5.0).cost
    1.0
    """

    costs: Floats
    weights: Floats
    p: int
    capacity: Floats
    clash: Bools | None = None
    split: bool = False
    maximise = False

    def solve(self, status: Bytes, time_limit: float) -> MedianAnswer:
        """See `Goal`; shares of clients by site stand in `assigned` afterwards."""
        n_clients, n_sites = self.costs.shape
        client, site = np.nonzero(np.isfinite(self.costs) & (status != SHUT))
        n_pairs = len(client)
        pairs = np.arange(n_pairs)
        once = sparse.csr_array((np.ones(n_pairs), (client, n_sites + pairs)), (n_clients, n_sites + n_pairs))
        # x <= y for every pair keeps the bound close; the capacity row alone would not.
        link = sparse.csr_array(
            (
                np.concatenate([np.ones(n_pairs), -np.ones(n_pairs)]),
                (np.tile(pairs, 2), np.concatenate([n_sites + pairs, site])),
            ),
            (n_pairs, n_sites + n_pairs),
        )
        held = sparse.csr_array(
            (
                np.concatenate([self.weights[client], -self.capacity]),
                (np.concatenate([site, np.arange(n_sites)]), np.concatenate([n_sites + pairs, np.arange(n_sites)])),
            ),
            (n_sites, n_sites + n_pairs),
        )
        count = sparse.csr_array(
            (np.ones(n_sites), (np.zeros(n_sites, int), np.arange(n_sites))), (1, n_sites + n_pairs)
        )
        low = np.concatenate([np.ones(n_clients), np.full(n_pairs + n_sites, -np.inf), [self.p]])
        high = np.concatenate([np.ones(n_clients), np.zeros(n_pairs + n_sites), [self.p]])
        matrix, low, high = add_pairs(sparse.vstack([once, link, held, count]), low, high, self.clash)
        cost = np.concatenate([np.zeros(n_sites), self.costs[client, site] * self.weights[client]])
        whole = np.concatenate([np.ones(n_sites, bool), np.full(n_pairs, not self.split)])
        program = make_program(cost, matrix, low, high, status, whole)
        answer, point = solve_program(program, n_sites, time_limit)
        self.assigned = np.zeros((n_clients, n_sites))
        if point is not None:
            self.assigned[client, site] = np.clip(point[n_sites:], 0.0, 1.0)
        return answer

    def say_value(self, cost: float) -> float:
        """The total cost."""
        return cost
