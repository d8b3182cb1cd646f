"""Channels that limits or weeks tie together, proven: branch and bound on outer approximations of concave envelopes."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from domains.optimization.budget.curves import ResponseCurves
from shared.decision import Program, Session
from shared.typing import Bools, Floats, Ints

__all__ = ["JointAnswer", "solve_joint"]

FIRST_POINTS = 6  # tangents of each curve to begin with
ROUNDS = 4  # in which a node's approximation is sharpened
ALIKE = 2e-3  # of a curve's half, or of the point where that is less, within which two tangents are as good as one
LEAST_PART = 0.02  # of an interval, on either side of where it is split
LEAST_SECONDS = 10.0  # for one linear program, whatever the limit, so that there is something to answer with
CLIMB = 10  # of how many nodes one is climbed from, whatever its value
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


class _Search:
    """One program in HiGHS, its lines, and the intervals of a node."""

    def __init__(self, program: Program, curves: ResponseCurves, inputs: object, time_limit: float) -> None:
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
            time_limit=max(time_limit, LEAST_SECONDS),
        )
        # The first row of each term is its chord, whose slope changes with the node; tangents follow.
        self.slopes = np.zeros(k)
        self.session.add_rows(self._lines(np.arange(k), self.slopes), np.full(k, -np.inf), np.full(k, np.inf))
        self.terms = np.zeros(0, dtype=np.int64)
        self.tangent_slopes, self.intercepts, self.points = np.zeros(0), np.zeros(0), np.zeros(0)
        self.stopped = False
        self.until = time.process_time() + time_limit

    def tangents(self, low: Floats, high: Floats) -> Floats:
        """Where envelopes leave their chords."""
        from domains.optimization.budget.kernels import tangent_points

        c = self.curves
        found: Floats = tangent_points(low, high, c.inflection, c.top, c.half, c.shape, c.kind == "log")
        return found

    def _lines(self, terms: Ints, slopes: Floats) -> Any:
        """Rows that say: response - slope * input."""
        places, count = np.arange(len(terms)), len(terms)
        return sparse.csr_array(
            (
                np.concatenate([np.ones(count), -slopes]),
                (np.concatenate([places, places]), np.concatenate([self.n + self.k + terms, self.n + terms])),
            ),
            shape=(count, self.n + 2 * self.k),
        )

    def add_tangents(self, which: Ints, at: Floats) -> bool:
        """Add tangents at points of the concave parts, but for those that have one as near; whether any was new."""
        part = self.curves.take(which)
        value, slopes = part.value(at), part.slope(at)
        fresh = np.isfinite(slopes)
        for place, (term, point) in enumerate(zip(which, at, strict=True)):
            near = self.points[self.terms == term]
            fresh[place] &= not (np.abs(near - point) <= ALIKE * min(self.curves.half[term], point)).any()
        which, at, value, slopes = which[fresh], at[fresh], value[fresh], slopes[fresh]
        if not len(which):
            return False
        intercepts = value - slopes * at
        self.session.add_rows(self._lines(which, slopes), np.full(len(which), -np.inf), intercepts)
        self.terms = np.concatenate([self.terms, which])
        self.tangent_slopes = np.concatenate([self.tangent_slopes, slopes])
        self.intercepts = np.concatenate([self.intercepts, intercepts])
        self.points = np.concatenate([self.points, at])
        return True

    def activate(self, low: Floats, high: Floats, tangents: Floats) -> None:
        """Set the chords of a node, and let those tangents count that lie above its envelopes."""
        has_chord = (tangents > low) & (high > low)
        start, end = self.curves.value(low), self.curves.value(tangents)
        slopes = np.where(has_chord, (end - start) / np.where(has_chord, tangents - low, 1.0), self.slopes)
        for term in np.flatnonzero(slopes != self.slopes):
            self.session.change_coefficient(self.first_row + term, self.n + term, -slopes[term])
        self.slopes = slopes
        chords = np.where(has_chord, start - slopes * low, np.inf)
        at_low = start[self.terms]
        # A tangent holds on the node's interval where it lies above the curve at the left end.
        holds = self.intercepts + self.tangent_slopes * low[self.terms] >= at_low - 1e-12 * (1 + np.abs(at_low))
        upper = np.concatenate([chords, np.where(holds, self.intercepts, np.inf)])
        rows = self.first_row + np.arange(len(upper))
        self.session.bound_rows(rows, np.full(len(upper), -np.inf), upper)
        self.session.bound_columns(self.n + np.arange(self.k), low, high)
        self.session.bound_columns(self.n + self.k + np.arange(self.k), np.zeros(self.k), self.curves.value(high))

    def value(self, x: Floats) -> float:
        """The response to some columns."""
        return float(self.curves.value(np.maximum(np.asarray(self.inputs @ x), 0.0)).sum())


def _tighten(program: Program) -> Program:
    """Columns cannot be larger than what a row of coefficients from 0 on allows each by itself."""
    table = sparse.csr_array(program.matrix)
    upper = program.upper.copy()
    for row in np.flatnonzero(np.isfinite(program.row_upper)):
        part = slice(table.indptr[row], table.indptr[row + 1])
        places, values = table.indices[part], table.data[part]
        if len(places) and (values > 0).all():
            left = program.row_upper[row] - float(values @ program.lower[places])
            upper[places] = np.minimum(upper[places], program.lower[places] + left / values)
    return program.change(upper=np.maximum(upper, program.lower))


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
    scales = _Scales.make(_tighten(program), curves, sparse.csr_array(inputs))
    answer = _solve(*scales.shrink(), gap, time_limit)
    if answer is None:
        return None
    x = np.clip(scales.columns * answer.x, program.lower, program.upper)
    response = float(curves.value(np.maximum(np.asarray(sparse.csr_array(inputs) @ x), 0.0)).sum())
    return replace(answer, x=x, response=response, bound=max(response, scales.response * answer.bound))


@dataclass(frozen=True)
class _Scales:
    """Units in which columns, inputs of curves, rows and the response are about 1: solvers round what is small."""

    program: Program
    curves: ResponseCurves
    inputs: Any
    columns: Floats
    terms: Floats
    rows: Floats
    response: float

    @classmethod
    def make(cls, program: Program, curves: ResponseCurves, inputs: Any) -> _Scales:
        columns = np.where(program.upper > 0, program.upper, 1.0)
        most = np.asarray(inputs @ program.upper)
        terms = np.where(most > 0, most, 1.0)
        rows = np.asarray(abs(program.matrix) @ columns)
        top = float(curves.value(most).max(initial=0.0))
        return cls(program, curves, inputs, columns, terms, np.where(rows > 0, rows, 1.0), top if top > 0 else 1.0)

    def shrink(self) -> tuple[Program, ResponseCurves, Any]:
        """The same problem in these units."""
        one, by = self.program, sparse.diags_array(self.columns)
        program = one.change(
            lower=one.lower / self.columns,
            upper=one.upper / self.columns,
            matrix=sparse.csr_array(sparse.diags_array(1.0 / self.rows) @ one.matrix @ by),
            row_lower=one.row_lower / self.rows,
            row_upper=one.row_upper / self.rows,
        )
        curves = replace(self.curves, top=self.curves.top / self.response, half=self.curves.half / self.terms)
        return program, curves, sparse.csr_array(sparse.diags_array(1.0 / self.terms) @ self.inputs @ by)


def _solve(
    program: Program, curves: ResponseCurves, inputs: object, gap: float, time_limit: float
) -> JointAnswer | None:
    """Branch and bound, in units in which all is about 1."""
    search = _Search(program, curves, inputs, time_limit)
    low, high = search.low.copy(), search.high.copy()
    tangents = search.tangents(low, high)
    everything = np.arange(search.k)
    for share in np.linspace(0, 1, FIRST_POINTS):
        at = tangents + share**2 * (high - tangents)
        search.add_tangents(everything, np.maximum(at, 1e-6 * np.maximum(high, 1e-300)))
    best, x = -np.inf, np.zeros(search.n)
    queue: list[tuple[float, int, Floats, Floats]] = [(-np.inf, 0, low, high)]
    number, nodes, finished, floor = 0, 0, True, -np.inf
    while queue:
        if -queue[0][0] <= best + gap * abs(best):
            break
        if nodes and time.process_time() > search.until:
            finished = False
            break
        inherited, _, low, high = heapq.heappop(queue)
        nodes += 1
        found = _look(search, low, high, best, gap)
        if found is None and search.stopped:
            finished, floor = False, max(floor, -inherited)  # nothing is known of this node
            break
        if found is None:
            if nodes == 1:
                return None
            continue
        bound, columns, errors, points = found
        best, x = _improve(search, program, columns, best, x, nodes)
        bound = min(bound, -inherited)
        branch = int(np.argmax(errors))
        if bound <= best + gap * abs(best) or errors[branch] <= 1e-12 * max(1.0, abs(bound)):
            floor = max(floor, bound)  # nothing in this node is better than that
            continue
        for child in _split(low, high, branch, float(points[branch])):
            number += 1
            heapq.heappush(queue, (-bound, number, *child))
    bound = max([best, floor, *(-entry[0] for entry in queue)])
    return JointAnswer(x, best, bound, nodes, finished)


def _split(low: Floats, high: Floats, branch: int, at: float) -> list[tuple[Floats, Floats]]:
    """Both parts of a node's interval of one term, neither of them next to nothing."""
    width = high[branch] - low[branch]
    at = min(max(at, low[branch] + LEAST_PART * width), high[branch] - LEAST_PART * width)
    left, right = high.copy(), low.copy()
    left[branch] = right[branch] = at
    return [(low, left), (right, high)]


def _improve(
    search: _Search, program: Program, columns: Floats, best: float, x: Floats, nodes: int
) -> tuple[float, Floats]:
    """The best of what is known and what a node leads to."""
    value = search.value(columns)
    if value <= best and nodes % CLIMB != 1:
        return best, x
    climbed = _climb(search, program, value, columns)
    return climbed if climbed[0] > best else (best, x)


def _look(
    search: _Search, low: Floats, high: Floats, best: float, gap: float
) -> tuple[float, Floats, Floats, Floats] | None:
    """Solve a node, sharpening its lines: its bound, columns, errors and inputs; None where it is empty or stopped."""
    tangents = search.tangents(low, high)
    bound = np.inf
    for turn in range(ROUNDS):
        search.activate(low, high, tangents)
        answer = search.session.solve()
        if answer.status != "optimal" or answer.x is None:
            search.stopped = answer.status != "infeasible"
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
        at = np.maximum(points[which], np.maximum(tangents[which], 1e-9 * high[which]))
        if not len(which) or not search.add_tangents(which, at):
            break
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
