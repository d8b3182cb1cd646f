"""How many assets to hold, exactly: branch and bound on the perspective relaxation."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from shared.typing import Bools, Bytes, Floats, Ints

__all__ = ["CardinalityAnswer", "CardinalityProgram", "price_swaps", "solve_cardinality", "split_diagonal"]

# Gaps up to which an answer counts as proven: of the objective, and of the largest number in it.
RELATIVE, ABSOLUTE = 1e-6, 1e-10
SHARE = 0.98  # of the diagonal that could be taken, so that what is left stays well conditioned
MOST_SWAPS = 2000  # exchanges that are tried for reasons
LAST_MU = 3e-3
ROUNDS = 10
COARSE, FINE = 1e-7, 1e-11  # residuals of a relaxation, and of a portfolio of chosen assets


@dataclass(frozen=True)
class CardinalityProgram:
    """Minimise w'Qw + c'w, where fewest to largest of the w are not 0, and these lie between least and most.

    Attributes
    ----------
    square : numpy.ndarray of shape (n, n)
        Q, positive semidefinite.
    diagonal : numpy.ndarray of shape (n,)
        Part of the diagonal of Q without which it stays positive semidefinite; see `split_diagonal`.
    cost, least, most : numpy.ndarray of shape (n,)
    rows, row_lower, row_upper : numpy.ndarray of shape (m, n), (m,), (m,)
    fewest, largest : int

    >>> eye, ones = np.eye(3), np.ones(3)
    >>> whole = (ones[None], ones[:1], ones[:1])  # weights sum to 1
    >>> program = CardinalityProgram(eye, split_diagonal(eye), 0 * ones, 0.1 * ones, ones, *whole, 2, 2)
    >>> solve_cardinality(program).weights.round(6).tolist()
    [0.5, 0.5, 0.0]
    """

    square: Floats
    diagonal: Floats
    cost: Floats
    least: Floats
    most: Floats
    rows: Floats
    row_lower: Floats
    row_upper: Floats
    fewest: int
    largest: int

    @property
    def size(self) -> float:
        """The largest number of the objective; 1 where all are 0."""
        size = max(float(np.diag(self.square).max(initial=0.0)), float(np.abs(self.cost).max(initial=0.0)))
        return size if size > 0 else 1.0

    def scale(self) -> CardinalityProgram:
        """The same in units of its largest number, without rows that say nothing."""
        # So that an absolute gap means the same for every currency and period.
        size, said = self.size, np.isfinite(self.row_lower) | np.isfinite(self.row_upper)
        return replace(
            self,
            square=self.square / size,
            diagonal=self.diagonal / size,
            cost=self.cost / size,
            rows=self.rows[said],
            row_lower=self.row_lower[said],
            row_upper=self.row_upper[said],
        )

    def value(self, w: Floats) -> float:
        """The objective.

        Parameters
        ----------
        w : numpy.ndarray of shape (n,)
        """
        return float(w @ self.square @ w + self.cost @ w)


@dataclass(frozen=True)
class CardinalityAnswer:
    """The best choice found, and what is proven of it.

    Attributes
    ----------
    weights : numpy.ndarray of shape (n,)
    objective, bound : float
        No choice has an objective below the bound.
    nodes : int
        Relaxations solved.
    finished : bool
        False where time was up.

    >>> CardinalityAnswer(np.ones(1), 1.0, 1.0, 1, True).finished
    True
    """

    weights: Floats
    objective: float
    bound: float
    nodes: int
    finished: bool


def split_diagonal(square: Floats, weights: Floats | None = None) -> Floats:
    """Find a large diagonal that can be taken off a matrix without making it indefinite.

    Parameters
    ----------
    square : numpy.ndarray of shape (n, n)
        Positive semidefinite.
    weights : numpy.ndarray of shape (n,), optional
        How much each place of the diagonal is worth; all the same, relative to the diagonal, where left out.

    Notes
    -----
    Minimum-trace factor analysis by an interior-point method: maximise a weighted sum of d plus a shrinking
    multiple of the logarithms of the determinant of what is left and of d (Vandenberghe and Boyd, SIAM Review 38,
    1996).

    >>> split_diagonal(np.eye(2) + 1.0).round(2).tolist()
    [0.98, 0.98]
    """
    n = len(square)
    size = np.sqrt(np.maximum(np.diag(square), 0.0))
    if n == 0 or not (size > 0).all():
        return np.zeros(n)
    scaled = square / np.outer(size, size)
    least = float(np.linalg.eigvalsh(scaled)[0])
    if least <= 1e-9:
        return np.zeros(n)
    worth = np.ones(n) if weights is None else weights * size**2
    worth = worth / max(worth.mean(), 1e-300) + 1e-3
    d = np.full(n, 0.5 * least)
    mu = 0.5
    while mu > LAST_MU:
        for _ in range(20):
            inverse = np.linalg.inv(scaled - np.diag(d))
            gradient = worth - mu * np.diag(inverse) + mu / d
            hessian = mu * inverse**2
            hessian[np.diag_indices(n)] += mu / d**2
            step = np.linalg.solve(hessian, gradient)
            decrease = float(gradient @ step)
            length = 1.0
            while length > 1e-6:
                new = d + length * step
                if (new > 0).all() and _is_positive(scaled - np.diag(new)):
                    break
                length *= 0.5
            else:
                break
            d = new
            if decrease < 0.1 * mu:
                break
        mu *= 0.3
    return np.asarray(SHARE * d * size**2)


def _is_positive(matrix: Floats) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


class _Search:
    """One search: what is known, and what is still open."""

    def __init__(self, program: CardinalityProgram, root: Bytes, time_limit: float) -> None:
        self.p = program
        self.root = root
        self.split(program.diagonal)
        self.best = np.inf
        self.weights = np.zeros(len(program.cost))
        self.nodes = 0
        self.tried: set[bytes] = set()
        self.until = time.process_time() + time_limit

    def split(self, diagonal: Floats) -> None:
        """Take a diagonal off the quadratic form."""
        self.diagonal = diagonal
        self.rest = np.ascontiguousarray(self.p.square - np.diag(diagonal))

    @property
    def goal(self) -> float:
        """What an open node has to come below to be worth a look."""
        if not np.isfinite(self.best):
            return np.inf
        return self.best - 0.5 * max(RELATIVE * abs(self.best), ABSOLUTE)

    def relax(self, state: Bytes, tolerance: float) -> tuple[Floats, Floats, Floats, bool]:
        from domains.optimization.kernels import relax_node

        p = self.p
        self.nodes += 1
        return relax_node(
            self.rest, self.diagonal, p.cost, p.least, p.most, p.rows, p.row_lower, p.row_upper, state,
            p.fewest, p.largest, tolerance, 100,
        )  # fmt: skip

    def bound(self, state: Bytes, w: Floats, y: Floats) -> tuple[float, Bytes]:
        from domains.optimization.kernels import bound_node

        p = self.p
        return bound_node(
            self.rest, self.diagonal, p.cost, p.least, p.most, p.rows, p.row_lower, p.row_upper, state,
            p.fewest, p.largest, w, y, self.goal,
        )  # fmt: skip

    def tighten(self, state: Bytes, rounds: int) -> tuple[float, Bytes, Floats, Floats]:
        """Relax a node, and take off the diagonal that raises its bound most; of what is out, nothing need be kept.

        The bound rises with d_i by w_i^2 (1 / z_i - 1), so that these are what the diagonal's places are worth (Zheng,
        Sun and Li, INFORMS Journal on Computing 26, 2014, find the best diagonal by a semidefinite program).
        """
        best, kept = -np.inf, self.diagonal
        for turn in range(rounds + 1):
            w, z, y, _ = self.relax(state, COARSE)
            self.round(state, w, z)
            if turn == 0:
                self.improve()
            bound, state = self.bound(state, w, y)
            if bound > best:
                best, kept = bound, self.diagonal
            if best >= self.goal or not (state == 2).any() or turn == rounds:
                break
            alive = np.flatnonzero(state > 0)
            part = np.maximum(z[alive], 1e-6)
            worth = w[alive] ** 2 * (1 / part - 1)
            step = 2.0 / (turn + 4)
            diagonal = (1 - step) * self.diagonal
            diagonal[alive] += step * split_diagonal(self.p.square[np.ix_(alive, alive)], worth)
            self.split(diagonal)
        self.split(kept)
        return best, state, w, z

    def look(self, state: Bytes) -> tuple[float, Bytes, Floats, Floats]:
        """Relax a node, round it, and prove its bound."""
        w, z, y, _ = self.relax(state, COARSE)
        before = self.best
        self.round(state, w, z)
        if self.best < before:
            self.improve()
        bound, after = self.bound(state, w, y)
        return bound, after, w, z

    def hold(self, chosen: Ints) -> bool:
        """Find the best weights of some assets, all held; True where they are the best so far."""
        state = np.zeros(len(self.p.cost), dtype=np.uint8)
        state[chosen] = 1
        key = state.tobytes()
        if key in self.tried or not self.p.fewest <= len(chosen) <= self.p.largest:
            return False
        if (self.root[chosen] == 0).any() or (state[self.root == 1] == 0).any():
            return False
        self.tried.add(key)
        w, _, _, fine = self.relax(state, FINE)
        held = self.p.rows @ w
        off = max(
            np.maximum(self.p.row_lower - held, 0).max(initial=0.0),
            np.maximum(held - self.p.row_upper, 0).max(initial=0.0),
        )
        if not fine and off > 1e-9:
            return False
        value = self.p.value(w)
        if value >= self.best:
            return False
        self.best, self.weights = value, w
        return True

    def round(self, state: Bytes, w: Floats, z: Floats) -> None:
        """Hold what a relaxation holds most of."""
        order = np.lexsort((-w, -np.round(z, 6), state != 1))
        order = order[state[order] > 0]
        share = float(z[state > 0].sum())
        number = int(min(max(round(share), self.p.fewest), self.p.largest, len(order)))
        self.hold(order[:number])

    def improve(self) -> None:
        """Swap one asset for another, cheapest by the tangent first, while that helps."""
        for _ in range(20):
            held = np.flatnonzero(self.weights > 0)
            out = np.flatnonzero(self.weights <= 0)
            slope = 2 * self.p.square @ self.weights + self.p.cost
            leave = held[np.argsort(self.weights[held], kind="stable")[:3]]
            enter = out[np.argsort(slope[out], kind="stable")[:4]]
            if not any(self.hold(np.sort(np.append(held[held != a], b))) for a in leave for b in enter):
                return


def solve_cardinality(
    program: CardinalityProgram,
    *,
    starts: Iterable[Ints] = (),
    time_limit: float = 60.0,
    must: Bools | None = None,
) -> CardinalityAnswer:
    """Find the best portfolio of a bounded number of assets, and prove it.

    Parameters
    ----------
    program : CardinalityProgram
    starts : iterable of numpy.ndarray of int
        Choices worth a try, such as those of a neighbouring problem.
    time_limit : float
        CPU seconds.
    must : numpy.ndarray of bool, shape (n,), optional
        What has to be held.

    Returns
    -------
    CardinalityAnswer
        With an infinite objective where no feasible choice was found.

    >>> eye, ones = np.diag([1.0, 2.0, 3.0]), np.ones(3)
    >>> whole = (ones[None], ones[:1], ones[:1])  # weights sum to 1
    >>> program = CardinalityProgram(eye, split_diagonal(eye), 0 * ones, 0.1 * ones, ones, *whole, 1, 2)
    >>> solve_cardinality(program).weights.round(4).tolist()
    [0.6667, 0.3333, 0.0]
    """
    size = program.size
    program = program.scale()
    root = np.full(len(program.cost), 2, dtype=np.uint8)
    cannot = program.least > program.most
    wanted = np.zeros(len(root), dtype=bool) if must is None else must
    if (wanted & cannot).any():
        return CardinalityAnswer(np.zeros(len(root)), np.inf, np.inf, 0, True)
    root[cannot], root[wanted] = 0, 1
    search = _Search(program, root, time_limit)
    for start in starts:
        search.hold(np.asarray(start, dtype=np.int64))
    queue: list[tuple[float, int, Bytes]] = [(-np.inf, 0, root)]
    number, finished = 0, True
    while queue:
        inherited, _, state = queue[0]
        if inherited >= search.goal:
            break
        if time.process_time() > search.until:
            finished = False
            break
        heapq.heappop(queue)
        if number == 0:
            bound, after, w, z = search.tighten(state, ROUNDS)
        else:
            bound, after, w, z = search.look(state)
        bound = max(bound, inherited)
        free = np.flatnonzero(after == 2)
        held = int((after == 1).sum())
        if bound >= search.goal:
            continue
        if len(free) == 0 or held == program.largest or held + len(free) == program.fewest:
            search.hold(np.flatnonzero(after == 1 if held == program.largest else after > 0))
            continue
        branch = free[np.argmin(np.abs(z[free] - 0.5) - 1e-3 * w[free])]
        for side in (1, 0):
            child = after.copy()
            child[branch] = side
            number += 1
            heapq.heappush(queue, (bound, number, child))
    # What was left out on the way cannot come below the goal as it stood then, and goals only fall.
    bound = search.goal if finished or not queue else min(search.goal, queue[0][0])
    return CardinalityAnswer(search.weights, search.best * size, bound * size, search.nodes, finished)


def price_swaps(program: CardinalityProgram, weights: Floats, must: Bools) -> Floats:
    """What each asset that is out would lead to, taken in for the one whose going hurts least.

    Parameters
    ----------
    program : CardinalityProgram
    weights : numpy.ndarray of shape (n,)
        Of a portfolio, such as the best.
    must : numpy.ndarray of bool, shape (n,)
        What has to be held.

    Returns
    -------
    numpy.ndarray of shape (n,)
        The objective after the best such exchange; NaN where it is not known, or nothing meets the rows.

    >>> eye, ones = np.diag([1.0, 2.0, 3.0]), np.ones(3)
    >>> whole = (ones[None], ones[:1], ones[:1])
    >>> program = CardinalityProgram(eye, split_diagonal(eye), 0 * ones, 0.1 * ones, ones, *whole, 1, 2)
    >>> price_swaps(program, np.array([2 / 3, 1 / 3, 0.0]), np.zeros(3, dtype=bool)).round(3).tolist()
    [nan, nan, 0.75]
    """
    found = np.full(len(weights), np.nan)
    size, program = program.size, program.scale()
    held, out = np.flatnonzero(weights > 0), np.flatnonzero((weights <= 0) & (program.least <= program.most))
    leave = held[~must[held]]
    if len(leave) * len(out) > MOST_SWAPS:
        return found
    search = _Search(program, np.full(len(weights), 2, dtype=np.uint8), np.inf)
    for enter in out:
        for gone in leave:
            search.best = np.inf
            if search.hold(np.sort(np.append(held[held != gone], enter))):
                found[enter] = np.fmin(found[enter], search.best * size)
    return found
