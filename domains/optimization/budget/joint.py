"""Channels that limits or weeks tie together, proven: branch and bound on outer approximations of concave envelopes."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from domains.optimization.budget.curves import ResponseCurves
from shared.decision import Program, Session
from shared.typing import Bools, Floats, Ints

__all__ = ["JointAnswer", "solve_joint"]

FIRST_POINTS = 6  # tangents of each curve to begin with
ROUNDS = 4  # in which a node's approximation is sharpened
NEAR = 0.05  # share of the gap below which an error of an envelope is not worth a new tangent


@dataclass(frozen=True)
class JointAnswer:
    """What to put into the curves, and what is proven of it.

    Attributes
    ----------
    x : numpy.ndarray of shape (n,)
        Columns of the program.
    response, bound : float
    nodes : int
    finished : bool

    >>> JointAnswer(np.ones(1), 1.0, 1.0, 1, True).finished
    True
    """

    x: Floats
    response: float
    bound: float
    nodes: int
    finished: bool


@dataclass
class _Pool:
    """Lines that lie above curves: y <= slope * a + intercept, where their interval holds the node's."""

    terms: list[int] = field(default_factory=list)
    slopes: list[float] = field(default_factory=list)
    intercepts: list[float] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)


class _Search:
    """One program in HiGHS, its lines, and the intervals of a node."""

    def __init__(self, program: Program, curves: ResponseCurves, inputs: Any, time_limit: float) -> None:
        self.curves = curves
        self.inputs = sparse.csr_array(inputs)
        k, n = self.inputs.shape
        self.n, self.k = n, k
        self.first_row = program.n_rows + k
        low = np.maximum(np.asarray(self.inputs @ program.lower), 0.0)
        high = np.asarray(self.inputs @ program.upper)
        self.low, self.high = low, high
        whole = sparse.block_array(
            [
                [program.matrix, sparse.csr_array((program.n_rows, 2 * k))],
                [self.inputs, sparse.hstack([-sparse.eye_array(k), sparse.csr_array((k, k))])],
            ],
            format="csr",
        )
        names = [*program.names, *(f"input {i}" for i in range(k)), *(f"response {i}" for i in range(k))]
        zeros = np.zeros(k)
        self.session = Session(
            Program.make(
                names,
                cost=np.concatenate([np.zeros(n + k), np.ones(k)]),
                rows=whole,
                row_lower=np.concatenate([program.row_lower, zeros]),
                row_upper=np.concatenate([program.row_upper, zeros]),
                lower=np.concatenate([program.lower, low, zeros]),
                upper=np.concatenate([program.upper, high, np.full(k, np.inf)]),
                maximise=True,
            ),
            time_limit=time_limit,
        )
        self.pool = _Pool()
        self.until = time.process_time() + time_limit

    def tangents(self, low: Floats, high: Floats) -> Floats:
        """Where envelopes leave their chords."""
        from domains.optimization.budget.kernels import tangent_points

        c = self.curves
        found: Floats = tangent_points(low, high, c.inflection, c.top, c.half, c.shape, c.kind == "log")
        return found

    def add(self, terms: Ints, slopes: Floats, intercepts: Floats, low: Floats, high: Floats) -> None:
        """Add lines to the pool and to the program."""
        if not len(terms):
            return
        pool, count = self.pool, len(terms)
        pool.terms += terms.tolist()
        pool.slopes += slopes.tolist()
        pool.intercepts += intercepts.tolist()
        pool.lows += low.tolist()
        pool.highs += high.tolist()
        places = np.arange(count)
        rows = sparse.csr_array(
            (
                np.concatenate([np.ones(count), -slopes]),
                (np.concatenate([places, places]), np.concatenate([self.n + self.k + terms, self.n + terms])),
            ),
            shape=(count, self.n + 2 * self.k),
        )
        self.session.add_rows(rows, np.full(count, -np.inf), intercepts)

    def add_chords(self, which: Ints, low: Floats, high: Floats, tangents: Floats) -> None:
        """Chords of some envelopes; of those that are curves from the left end on there are none."""
        which = which[(tangents[which] > low[which]) & (high[which] > low[which])]
        part = self.curves.take(which)
        start, end = part.value(low[which]), part.value(tangents[which])
        slopes = (end - start) / (tangents[which] - low[which])
        self.add(which, slopes, start - slopes * low[which], low[which], high[which])

    def add_tangents(self, which: Ints, at: Floats) -> None:
        """Tangents at points of the concave parts; they hold wherever the left end lies below them."""
        part = self.curves.take(which)
        value, slopes = part.value(at), part.slope(at)
        fine = np.isfinite(slopes)
        which, at, value, slopes = which[fine], at[fine], value[fine], slopes[fine]
        # The smallest left end from which the line lies above: found where it is below the curve at 0.
        intercepts = value - slopes * at
        self.add(which, slopes, intercepts, np.full(len(which), -1.0), np.full(len(which), np.inf))

    def activate(self, low: Floats, high: Floats) -> None:
        """Let those lines count that lie above the node's envelopes."""
        pool = self.pool
        terms = np.array(pool.terms)
        slopes, intercepts = np.array(pool.slopes), np.array(pool.intercepts)
        lows, highs = np.array(pool.lows), np.array(pool.highs)
        at_low = self.curves.value(low)[terms]
        tangent = lows < 0
        above = intercepts + slopes * low[terms] >= at_low - 1e-12 * (1 + np.abs(at_low))
        held = (low[terms] >= lows - 1e-12) & (high[terms] <= highs + 1e-12)
        active = np.where(tangent, above, held)
        rows = self.first_row + np.arange(len(terms))
        self.session.bound_rows(rows, np.full(len(terms), -np.inf), np.where(active, intercepts, np.inf))
        self.session.bound_columns(self.n + np.arange(self.k), low, high)
        self.session.bound_columns(self.n + self.k + np.arange(self.k), np.zeros(self.k), self.curves.value(high))

    def value(self, x: Floats) -> float:
        """The response to some columns."""
        return float(self.curves.value(np.maximum(np.asarray(self.inputs @ x), 0.0)).sum())


def solve_joint(
    program: Program,
    curves: ResponseCurves,
    inputs: Any,
    *,
    gap: float = 1e-3,
    time_limit: float = 60.0,
) -> JointAnswer | None:
    """Maximise the sum of responses to sums of columns, where columns obey the rows of a program.

    Parameters
    ----------
    program : Program
        Its objective is not looked at; columns have finite bounds from 0 on.
    curves : ResponseCurves
        One a term.
    inputs : array or sparse array of shape (n_terms, n_columns)
        What goes into each curve, from 0 on: spending, or spending carried over.
    gap : float
        Relative gap that is proven.
    time_limit : float
        CPU seconds.

    Returns
    -------
    JointAnswer or None
        None where nothing is feasible.

    Notes
    -----
    Each node is a linear program of lines above concave envelopes, sharpened by tangents where it ends; the term whose
    envelope errs most is split at its own input (Falk and Soland, 1969). All of them are one program with other bounds.

    >>> program = Program.make(["a", "b"], cost=[0, 0], rows=[[1, 1]], row_upper=[8], upper=20)
    >>> curves = ResponseCurves.make(["a", "b"], top=[10, 10], half=[5, 5], shape=[3, 3])
    >>> solve_joint(program, curves, np.eye(2)).x.round(3).max().item()
    8.0
    """
    search = _Search(program, curves, inputs, time_limit)
    low, high = search.low.copy(), search.high.copy()
    tangents = search.tangents(low, high)
    everything = np.arange(search.k)
    search.add_chords(everything, low, high, tangents)
    for share in np.linspace(0, 1, FIRST_POINTS):
        at = tangents + share**2 * (high - tangents)
        search.add_tangents(everything, np.maximum(at, 1e-6 * np.maximum(high, 1e-300)))
    best, x = -np.inf, np.zeros(search.n)
    queue: list[tuple[float, int, Floats, Floats]] = [(-np.inf, 0, low, high)]
    number, nodes, finished, floor = 0, 0, True, -np.inf
    root = True
    while queue:
        if -queue[0][0] <= best + gap * abs(best):
            break
        if time.process_time() > search.until:
            finished = False
            break
        inherited, _, low, high = heapq.heappop(queue)
        nodes += 1
        found = _look(search, low, high, best, gap)
        if found is None:
            if root:
                return None
            continue
        root = False
        bound, columns, errors, points = found
        value = search.value(columns)
        if value > best:
            best, x = value, columns
            best, x = _climb(search, program, best, x)
        bound = min(bound, -inherited)
        branch = int(np.argmax(errors))
        if bound <= best + gap * abs(best) or errors[branch] <= 1e-12 * max(1.0, abs(bound)):
            floor = max(floor, bound)  # nothing in this node is better than that
            continue
        at = float(points[branch])
        width = high[branch] - low[branch]
        at = min(max(at, low[branch] + 0.02 * width), high[branch] - 0.02 * width)
        for side in (0, 1):
            child_low, child_high = low.copy(), high.copy()
            (child_high if side == 0 else child_low)[branch] = at
            ends = search.tangents(child_low, child_high)
            search.add_chords(np.array([branch]), child_low, child_high, ends)
            number += 1
            heapq.heappush(queue, (-bound, number, child_low, child_high))
    bound = max([best, floor, *(-entry[0] for entry in queue)])
    return JointAnswer(x, best, bound, nodes, finished)


def _look(
    search: _Search, low: Floats, high: Floats, best: float, gap: float
) -> tuple[float, Floats, Floats, Floats] | None:
    """Solve a node, sharpening its lines; its bound, columns, errors and inputs."""
    tangents = search.tangents(low, high)
    bound = np.inf
    for turn in range(ROUNDS):
        search.activate(low, high)
        answer = search.session.solve()
        if answer.x is None:
            return None
        bound = min(bound, answer.objective)
        columns = answer.x[: search.n]
        points = np.clip(answer.x[search.n : search.n + search.k], low, high)
        errors = answer.x[search.n + search.k :] - search.curves.value(points)
        if bound <= best + gap * abs(best) or turn == ROUNDS - 1:
            break
        envelope = _envelope(search, low, points, tangents)
        loose = answer.x[search.n + search.k :] - envelope
        # Lines are worth adding where they miss the envelope, not where the envelope misses the curve.
        worth = NEAR * gap * max(abs(bound), 1e-300) / search.k
        which = np.flatnonzero((loose > worth) & (points >= tangents - 1e-12))
        if not len(which):
            break
        search.add_tangents(which, np.maximum(points[which], np.maximum(tangents[which], 1e-9 * high[which])))
    return bound, columns, errors, points


def _envelope(search: _Search, low: Floats, points: Floats, tangents: Floats) -> Floats:
    value = search.curves.value(points)
    on_chord: Bools = (points < tangents) & (tangents > low)
    start, end = search.curves.value(low), search.curves.value(tangents)
    width = np.where(on_chord, tangents - low, 1.0)
    return np.asarray(np.where(on_chord, start + (end - start) * (points - low) / width, value))


def _climb(search: _Search, program: Program, best: float, x: Floats) -> tuple[float, Floats]:
    """Improve a feasible point along feasible directions, by linear programs of its slopes (Frank and Wolfe, 1956)."""
    session = Session(program.change(cost=np.zeros(search.n), maximise=True))
    for _ in range(15):
        inputs = np.maximum(np.asarray(search.inputs @ x), 1e-9 * np.maximum(search.high, 1e-300))
        session.price(np.asarray(search.inputs.T @ np.minimum(search.curves.slope(inputs), 1e9)))
        answer = session.solve()
        if answer.x is None:
            break
        way = answer.x - x
        sizes = np.linspace(0, 1, 33)[1:]
        values = [search.value(x + size * way) for size in sizes]
        top = int(np.argmax(values))
        if values[top] <= best * (1 + 1e-9):
            break
        best, x = values[top], x + sizes[top] * way
    return best, x
