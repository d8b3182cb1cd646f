"""Convex quadratic programs: an interior-point method on the columns that matter, then the exact answer.

What is tried first is block pivoting: guess which limits hold, solve the equations of those, exchange what is on the
wrong side, all at once (Kostreva, Linear Algebra and its Applications 21, 1978). Where that does not end soon, an
interior-point method tells which limits hold, and one linear system gives the answer to the last digits, with exact
zeros. Of many columns a few hundred are enough to begin with; the rest stay at a bound until their reduced cost calls
for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shared.decision.interior import InteriorPoint
from shared.result import OneLine
from shared.typing import Bools, Floats, Ints

__all__ = ["QuadraticAnswer", "QuadraticProgram", "solve_quadratic"]

MANY = 300  # columns from which on a part of them is solved first
FIRST = 100  # columns of that first part
MORE = 100  # columns that each round may add
FINISHES = 20  # rounds of exchanges after the interior-point method
PIVOTS = 12  # rounds of block pivoting, after which it hardly ever ends
CLOSE = 1e-9  # by which an exact answer may miss a bound, after scaling
ROUGH = 1e-6  # reduced costs below, relative to what the gradient is made of, count as 0 where a column has no bound


@dataclass(frozen=True, repr=False)
class QuadraticProgram(OneLine):
    """Minimise x'Qx / 2 + c'x with lower <= x <= upper and row_lower <= A x <= row_upper.

    Attributes
    ----------
    cost : numpy.ndarray of shape (n,)
        c.
    matrix : numpy.ndarray of shape (m, n)
        A.
    row_lower, row_upper : numpy.ndarray of shape (m,)
        Equal where the row is an equation; infinite where there is no bound.
    lower, upper : numpy.ndarray of shape (n,)
    square : numpy.ndarray of shape (n, n), optional
        Q, positive semidefinite.
    factor : numpy.ndarray of shape (k, n), optional
        F with Q = F'F, in place of Q, where Q has few dimensions or is singular.
    diagonal : numpy.ndarray of shape (n,), optional
        Added to the diagonal of Q.

    >>> ones = np.ones((1, 2))
    >>> program = QuadraticProgram(np.zeros(2), ones, np.ones(1), np.ones(1), np.zeros(2), np.ones(2), np.eye(2))
    >>> program.gradient(np.array([0.5, 0.5])).tolist()
    [0.5, 0.5]
    """

    cost: Floats
    matrix: Floats
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats
    square: Floats | None = None
    factor: Floats | None = None
    diagonal: Floats | None = None
    sizes: Floats = field(init=False)

    def __post_init__(self) -> None:
        sizes = np.zeros(len(self.cost))
        if self.square is not None:
            sizes += np.diag(self.square)
        if self.factor is not None:
            sizes += np.einsum("ij,ij->j", self.factor, self.factor)
        if self.diagonal is not None:
            sizes += self.diagonal
        object.__setattr__(self, "sizes", sizes)

    def gradient(self, x: Floats) -> Floats:
        """Qx + c.

        Parameters
        ----------
        x : numpy.ndarray of shape (n,)
        """
        return self.times(x) + self.cost

    def times(self, x: Floats) -> Floats:
        """Qx.

        Parameters
        ----------
        x : numpy.ndarray of shape (n,)
        """
        places = np.flatnonzero(x)
        few = len(places) < len(x) / 2
        found = np.zeros(len(x))
        if self.square is not None:
            found += x[places] @ self.square[places] if few else self.square @ x
        if self.factor is not None:
            found += (self.factor[:, places] @ x[places] if few else self.factor @ x) @ self.factor
        if self.diagonal is not None:
            found += self.diagonal * x
        return found

    def value(self, x: Floats) -> float:
        """The objective.

        Parameters
        ----------
        x : numpy.ndarray of shape (n,)
        """
        return float(0.5 * x @ self.times(x) + self.cost @ x)

    def block(self, places: Ints) -> Floats:
        """The part of Q of some columns.

        Parameters
        ----------
        places : numpy.ndarray of int
        """
        found = np.zeros((len(places), len(places)))
        if self.square is not None:
            found += self.square[np.ix_(places, places)]
        if self.factor is not None:
            part = self.factor[:, places]
            found += part.T @ part
        if self.diagonal is not None:
            found[np.diag_indices(len(places))] += self.diagonal[places]
        return found


@dataclass(frozen=True, repr=False)
class QuadraticAnswer(OneLine):
    """What was found.

    Attributes
    ----------
    x : numpy.ndarray of shape (n,)
    row_prices : numpy.ndarray of shape (m,)
        By how much the objective rises where a row's bound rises by one.
    bound_prices : numpy.ndarray of shape (n,)
        The same for the bounds of columns.
    objective, bound : float
        The value, and a proven lower bound of it.
    converged : bool

    >>> QuadraticAnswer(np.zeros(1), np.zeros(0), np.zeros(1), 0.0, 0.0, True).converged
    True
    """

    x: Floats
    row_prices: Floats
    bound_prices: Floats
    objective: float
    bound: float
    converged: bool


def solve_quadratic(program: QuadraticProgram, start: Ints | None = None) -> QuadraticAnswer:
    """Solve a convex quadratic program that has a feasible point.

    Parameters
    ----------
    program : QuadraticProgram
    start : numpy.ndarray of int, optional
        Columns among which there is a feasible point while all others stand at the bound nearer to 0.

    Returns
    -------
    QuadraticAnswer
        Its `bound` is that of Lagrange's dual function at the prices found, so that it holds whatever the rounding.

    >>> ones = np.ones((1, 2))
    >>> program = QuadraticProgram(np.zeros(2), ones, np.ones(1), np.ones(1), np.zeros(2), np.ones(2), np.eye(2))
    >>> solve_quadratic(program).x.tolist()
    [0.5, 0.5]
    """
    n = len(program.cost)
    rest = np.where(np.isfinite(program.lower), program.lower, np.where(np.isfinite(program.upper), program.upper, 0))
    if n <= MANY or start is None:
        chosen = np.arange(n)
    else:
        small = np.argsort(program.sizes, kind="stable")[:FIRST]
        free = np.flatnonzero(~np.isfinite(program.lower) | (program.lower < -CLOSE))
        chosen = np.unique(np.concatenate([start, small, free]))
    while True:
        x, y, fine = _solve_part(program, chosen, rest)
        reduced = program.gradient(x) - program.matrix.T @ y
        if len(chosen) == n:
            break
        size = CLOSE * max(1e-300, np.abs(program.cost).max(initial=0.0), np.abs(reduced).max(initial=0.0))
        others = np.ones(n, dtype=bool)
        others[chosen] = False
        others &= (reduced < -size) & (program.upper > program.lower)
        wanted = np.flatnonzero(others)
        if len(wanted) == 0:
            break
        wanted = wanted[np.argsort(reduced[wanted], kind="stable")[:MORE]]
        chosen = np.union1d(chosen, wanted)
    # A row without a bound on one side has no price there; rounding must not make one of it.
    nothing = np.where(y > 0, np.isinf(program.row_lower), np.isinf(program.row_upper)) & (y != 0)
    if nothing.any():
        y = np.where(nothing, 0.0, y)
        reduced = program.gradient(x) - program.matrix.T @ y
    objective = program.value(x)
    bound = _dual_value(program, x, y, reduced)
    return QuadraticAnswer(x, y, reduced, objective, min(bound, objective), fine)


def _dual_value(program: QuadraticProgram, x: Floats, y: Floats, reduced: Floats) -> float:
    """Lagrange's dual function: x'Qx / 2 linearised at x lies below it everywhere."""
    at_rows = np.where(y > 0, program.row_lower, program.row_upper)
    at_bounds = np.where(reduced > 0, program.lower, program.upper)
    with np.errstate(invalid="ignore"):
        rows = np.where(y == 0, 0.0, y * at_rows)
        # A column without a bound stays where it is: its reduced cost is 0 but for rounding, or nothing is proven.
        moved = program.times(x)
        reach = program.sizes.max(initial=0.0) * np.abs(x).max(initial=0.0)
        size = max(np.abs(program.cost).max(initial=0.0), reach, 1e-300)
        loose = ~np.isfinite(at_bounds)
        if (np.abs(reduced[loose]) > ROUGH * size).any():
            return -np.inf
        ends = np.where(loose, x, at_bounds)
        return float(-0.5 * x @ moved + rows.sum() + (reduced * ends).sum())


def _solve_part(program: QuadraticProgram, chosen: Ints, rest: Floats) -> tuple[Floats, Floats, bool]:
    """Solve for some columns, with the others at their place."""
    fixed = rest.copy()
    fixed[chosen] = 0.0
    moved = program.times(fixed)[chosen] if fixed.any() else np.zeros(len(chosen))
    shift = program.matrix @ fixed
    square = program.block(chosen)
    part = _Scaled(
        square,
        program.cost[chosen] + moved,
        program.matrix[:, chosen],
        program.row_lower - shift,
        program.row_upper - shift,
        program.lower[chosen],
        program.upper[chosen],
    )
    inner, y, fine = part.solve()
    fixed[chosen] = inner
    return fixed, y, fine


class _Scaled:
    """One dense program, its objective scaled to the size of 1."""

    def __init__(
        self,
        square: Floats,
        cost: Floats,
        matrix: Floats,
        row_lower: Floats,
        row_upper: Floats,
        lower: Floats,
        upper: Floats,
    ) -> None:
        biggest = max(np.abs(np.diag(square)).max(initial=0.0), np.abs(cost).max(initial=0.0))
        self.scale = 1.0 / biggest if biggest > 0 else 1.0
        self.square = square * self.scale
        self.cost = cost * self.scale
        norms = np.abs(matrix).max(axis=1, initial=0.0) if len(matrix) else np.zeros(0)
        self.row_scale = np.where(norms > 0, 1.0 / np.where(norms > 0, norms, 1.0), 1.0)
        self.matrix = matrix * self.row_scale[:, None]
        self.row_lower, self.row_upper = row_lower * self.row_scale, row_upper * self.row_scale
        self.lower, self.upper = lower, upper
        self.equal = self.row_upper - self.row_lower <= 1e-13 * (1 + np.abs(self.row_upper))
        self.equal[np.isinf(self.row_lower) | np.isinf(self.row_upper)] = False

    def solve(self) -> tuple[Floats, Floats, bool]:
        """The answer, the prices of rows in the user's units, and whether it is exact."""
        fixed = self.upper - self.lower <= 1e-15
        if fixed.any():
            return self._without_fixed(fixed)
        n, m = len(self.cost), len(self.matrix)
        guess = np.where(self.equal, 2, np.zeros(m, dtype=np.int64))
        nothing = np.zeros(n, dtype=bool)
        exact = self._finish(nothing, nothing, guess, PIVOTS) if n <= MANY else None
        if exact is not None:
            x, y = exact
            return x, y * self.row_scale / self.scale, True
        end = InteriorPoint(
            self.square, self.cost, self.matrix, self.row_lower, self.row_upper, self.lower, self.upper, self.equal
        ).solve()
        exact = self._finish(end.at_low, end.at_high, end.rows, FINISHES)
        x, y = exact if exact is not None else (end.x, end.y)
        fine = exact is not None or end.converged
        return np.clip(x, self.lower, self.upper), y * self.row_scale / self.scale, fine

    def _without_fixed(self, fixed: Bools) -> tuple[Floats, Floats, bool]:
        """Solve for the columns that can move."""
        x = self.lower.copy()
        if fixed.all():
            return x, np.zeros(len(self.matrix)), True
        stay, move = np.flatnonzero(fixed), np.flatnonzero(~fixed)
        shift = self.matrix[:, stay] @ x[stay]
        part = _Scaled(
            self.square[np.ix_(move, move)],
            self.cost[move] + self.square[np.ix_(move, stay)] @ x[stay],
            self.matrix[:, move],
            self.row_lower - shift,
            self.row_upper - shift,
            self.lower[move],
            self.upper[move],
        )
        x[move], y, fine = part.solve()
        return x, y * self.row_scale / self.scale, fine

    def _finish(self, at_low: Bools, at_high: Bools, active: Ints, rounds: int) -> tuple[Floats, Floats] | None:
        """Solve the equations of the limits that hold, exchange what is on the wrong side; None where that goes on."""
        low, high, rows = at_low.copy(), at_high & ~at_low, active.copy()
        for _ in range(rounds):
            free = np.flatnonzero(~(low | high))
            held = np.flatnonzero(rows != 0)
            place = np.where(low, self.lower, np.where(high, self.upper, 0.0))
            a = self.matrix[np.ix_(held, free)]
            right = np.where(rows > 0, self.row_upper, self.row_lower)[held] - self.matrix[held] @ place
            k, m = len(free), len(held)
            system = np.zeros((k + m, k + m))
            system[:k, :k] = self.square[np.ix_(free, free)]
            system[:k, k:], system[k:, :k] = -a.T, a
            known = np.concatenate([-(self.cost[free] + self.square[free] @ place), right])
            try:
                # NumPy's, because SciPy's would warn of what the residuals are looked at for.
                found = np.linalg.solve(system, known)
            except np.linalg.LinAlgError:
                return None
            if not np.all(np.isfinite(found)) or np.abs(system @ found - known).max(initial=0.0) > CLOSE:
                return None
            new = place.copy()
            new[free] = found[:k]
            prices = np.zeros(len(rows))
            prices[held] = found[k:]
            reduced = self.square @ new + self.cost - self.matrix.T @ prices
            values = self.matrix @ new
            below, above = new < self.lower - CLOSE, new > self.upper + CLOSE
            loosen_low, loosen_high = low & (reduced < -CLOSE), high & (reduced > CLOSE)
            row_low = (rows == 0) & (values < self.row_lower - CLOSE)
            row_high = (rows == 0) & (values > self.row_upper + CLOSE)
            drop = ((rows == -1) & (prices < -CLOSE)) | ((rows == 1) & (prices > CLOSE))
            if not (below | above | loosen_low | loosen_high).any() and not (row_low | row_high | drop).any():
                return np.clip(new, self.lower, self.upper), prices
            low = (low | below) & ~loosen_low
            high = (high | above) & ~loosen_high & ~low
            rows = np.where(row_low, -1, np.where(row_high, 1, np.where(drop, 0, rows)))
        return None
