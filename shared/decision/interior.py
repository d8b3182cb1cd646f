"""An interior-point method for dense convex quadratic programs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from shared.typing import Bools, Floats, Ints

__all__ = ["InteriorEnd", "InteriorPoint"]

STEPS = 100
TOLERANCE = 1e-10  # of residuals and complementarity, for an objective of the size of 1
GOOD = 1e-7  # and what is still an answer where rounding allows no more
# What keeps steps short along prices of rows that say the same, or that leave no room between them: a proximal term of
# the dual (Friedlander and Orban, Mathematical Programming Computation 4, 2012), which vanishes as the steps do.
PROXIMAL = 1e-9
SHORT = 0.995  # of the way to the nearest wall


@dataclass(frozen=True)
class InteriorEnd:
    """Where it ended.

    Attributes
    ----------
    x, y : numpy.ndarray of shape (n,), (m,)
        Point and prices of rows.
    converged : bool
    at_low, at_high : numpy.ndarray of bool, shape (n,)
        Columns that end at a bound.
    rows : numpy.ndarray of int, shape (m,)
        -1 and 1 for rows at their lower and upper bound, 2 for equations, 0 for others.

    >>> none = np.zeros(0, dtype=bool)
    >>> InteriorEnd(np.zeros(0), np.zeros(0), True, none, none, np.zeros(0, dtype=np.int64)).converged
    True
    """

    x: Floats
    y: Floats
    converged: bool
    at_low: Bools
    at_high: Bools
    rows: Ints


@dataclass
class _State:
    """Columns and loose rows (v), prices of rows (y), gaps to bounds (p, q), and their prices."""

    v: Floats
    y: Floats
    p: Floats
    q: Floats
    z_low: Floats
    z_high: Floats

    def copy(self) -> _State:
        return _State(*(one.copy() for one in (self.v, self.y, self.p, self.q, self.z_low, self.z_high)))

    def move(self, step: _State, length: float) -> None:
        self.v = self.v + length * step.v
        self.y = self.y + length * step.y
        self.p, self.q = self.p + length * step.p, self.q + length * step.q
        self.z_low, self.z_high = self.z_low + length * step.z_low, self.z_high + length * step.z_high

    def longest(self, step: _State) -> float:
        """How far gaps and prices can go and stay above 0, at most 1."""
        least = 1.0
        pairs = ((self.p, step.p), (self.q, step.q), (self.z_low, step.z_low), (self.z_high, step.z_high))
        for values, steps in pairs:
            down = steps < 0
            if down.any():
                least = min(least, float((values[down] / -steps[down]).min()))
        return least

    def product(self, step: _State, length: float) -> float:
        """Sum of gaps times prices after a step."""
        low = (self.p + length * step.p) * (self.z_low + length * step.z_low)
        high = (self.q + length * step.q) * (self.z_high + length * step.z_high)
        return float((low + high).sum())


@dataclass(frozen=True)
class _Residuals:
    """What is to become 0."""

    dual: Floats
    primal: Floats
    gap_low: Floats
    gap_high: Floats
    mu: float

    @property
    def size(self) -> float:
        parts = (self.dual, self.primal, self.gap_low, self.gap_high)
        return float(max(self.mu, *(np.abs(part).max(initial=0.0) for part in parts)))


class InteriorPoint:
    """Minimise x'Qx / 2 + c'x with lower <= x <= upper and row_lower <= A x <= row_upper.

    Parameters
    ----------
    square : numpy.ndarray of shape (n, n)
        Q, positive semidefinite, of the size of 1.
    cost : numpy.ndarray of shape (n,)
    matrix : numpy.ndarray of shape (m, n)
    row_lower, row_upper : numpy.ndarray of shape (m,)
    lower, upper : numpy.ndarray of shape (n,)
        No column may be fixed.
    equal : numpy.ndarray of bool, shape (m,)
        Which rows are equations.

    Notes
    -----
    Mehrotra's predictor-corrector on the normal equations (Nocedal and Wright, Numerical Optimization, 2nd edition,
    sections 14.2 and 16.6).

    >>> ones = np.ones(2)
    >>> point = InteriorPoint(np.eye(2), 0 * ones, ones[None], ones[:1], ones[:1], 0 * ones, ones, np.array([True]))
    >>> point.solve().x.round(6).tolist()
    [0.5, 0.5]
    """

    def __init__(
        self,
        square: Floats,
        cost: Floats,
        matrix: Floats,
        row_lower: Floats,
        row_upper: Floats,
        lower: Floats,
        upper: Floats,
        equal: Bools,
    ) -> None:
        self.square, self.cost, self.matrix, self.equal = square, cost, matrix, equal
        self.n, self.m = len(cost), len(matrix)
        self.loose = np.flatnonzero(~equal)
        # One vector of all that has bounds: columns, then rows that are no equations.
        low = np.concatenate([lower, row_lower[self.loose]])
        high = np.concatenate([upper, row_upper[self.loose]])
        self.has_low, self.has_high = np.isfinite(low), np.isfinite(high)
        self.low, self.high = np.where(self.has_low, low, 0.0), np.where(self.has_high, high, 0.0)
        self.width = np.where(self.has_low & self.has_high, self.high - self.low, 1.0)
        self.target = np.where(equal, row_lower, 0.0)
        self.count = max(1, int(self.has_low.sum() + self.has_high.sum()))
        self.ridge = 1e-13 * max(1e-10, float(np.abs(np.diag(square)).max(initial=0.0)))

    def _begin(self) -> _State:
        """Well inside the bounds; near the middle of what one equation allows."""
        low, high, width, n = self.low, self.high, self.width, self.n
        inside = low + np.where(self.has_high, 0.5 * width, 1.0)
        v = np.where(self.has_low, inside, np.where(self.has_high, high - 1.0, 0.0))
        sums = self.target[self.equal]
        if n and self.has_low[:n].all() and len(sums) == 1:
            row = self.matrix[self.equal][0]
            total = float(row.sum())
            step = (float(sums[0]) - float(row @ low[:n])) / total if total > 0 else 0.0
            if step > 0:
                room = 1e-3 * width[:n]
                top = np.where(self.has_high[:n], high[:n] - room, np.inf)
                v[:n] = np.clip(low[:n] + step, low[:n] + room, top)
        return _State(
            v,
            np.zeros(self.m),
            np.where(self.has_low, np.maximum(v - low, 1e-3 * width), 1.0),
            np.where(self.has_high, np.maximum(high - v, 1e-3 * width), 1.0),
            self.has_low.astype(float),
            self.has_high.astype(float),
        )

    def _residuals(self, at: _State) -> _Residuals:
        x = at.v[: self.n]
        dual = self.square @ x + self.cost - self.matrix.T @ at.y
        primal = self.matrix @ x - self.target
        primal[self.loose] -= at.v[self.n :]
        return _Residuals(
            np.concatenate([dual, at.y[self.loose]]) - at.z_low + at.z_high,
            primal,
            np.where(self.has_low, at.v - self.low - at.p, 0.0),
            np.where(self.has_high, self.high - at.v - at.q, 0.0),
            float((at.p * at.z_low + at.q * at.z_high).sum()) / self.count,
        )

    def solve(self) -> InteriorEnd:
        """Step until nothing is left that should be 0, or rounding allows no more."""
        at = self._begin()
        kept, best = at.copy(), np.inf
        for _ in range(STEPS):
            off = self._residuals(at)
            size = off.size
            if size < best:
                best, kept = size, at.copy()
            if size < TOLERANCE or not np.isfinite(size) or size > 1e4 * max(best, 1e-6):
                break
            try:
                factors = self._factorise(at)
            except linalg.LinAlgError:
                break
            affine = self._direct(at, off, factors, -at.p * at.z_low, -at.q * at.z_high)
            left = at.product(affine, at.longest(affine)) / self.count
            mu = off.mu
            aim = (max(left, 0.0) / mu) ** 3 * mu if mu > 0 else 0.0
            step = self._direct(
                at,
                off,
                factors,
                np.where(self.has_low, aim - at.p * at.z_low - affine.p * affine.z_low, 0.0),
                np.where(self.has_high, aim - at.q * at.z_high - affine.q * affine.z_high, 0.0),
            )
            at.move(step, min(1.0, SHORT * at.longest(step)))
        at_low, at_high = self.has_low & (kept.p < kept.z_low), self.has_high & (kept.q < kept.z_high)
        rows = np.zeros(self.m, dtype=np.int64)
        rows[self.loose[at_low[self.n :]]] = -1
        rows[self.loose[at_high[self.n :]]] = 1
        rows[self.equal] = 2
        return InteriorEnd(kept.v[: self.n], kept.y, best < GOOD, at_low[: self.n], at_high[: self.n], rows)

    def _factorise(self, at: _State) -> tuple[Floats, Floats, Floats, Floats]:
        """Cholesky factors of the columns' system and of the rows', and what lies between."""
        weight = at.z_low / at.p + at.z_high / at.q
        system = self.square.copy()
        system[np.diag_indices(self.n)] += weight[: self.n] + self.ridge
        columns = linalg.cholesky(system, lower=True, overwrite_a=True, check_finite=False)
        inverse = 1.0 / np.maximum(weight[self.n :], 1e-300)
        if not self.m:
            return columns, np.zeros((self.n, 0)), np.zeros((0, 0)), inverse
        half = linalg.solve_triangular(columns, self.matrix.T, lower=True, check_finite=False)
        small = half.T @ half
        small[self.loose, self.loose] += inverse
        small[np.diag_indices(self.m)] += PROXIMAL
        return columns, half, linalg.cholesky(small, lower=True, check_finite=False), inverse

    def _direct(
        self,
        at: _State,
        off: _Residuals,
        factors: tuple[Floats, Floats, Floats, Floats],
        aim_low: Floats,
        aim_high: Floats,
    ) -> _State:
        """Newton's direction, for changes of gaps times prices that are given."""
        columns, half, rows, inverse = factors
        right = -off.dual + (aim_low - at.z_low * off.gap_low) / at.p - (aim_high - at.z_high * off.gap_high) / at.q
        first = linalg.solve_triangular(columns, right[: self.n], lower=True, check_finite=False)
        dy = np.zeros(self.m)
        if self.m:
            known = -off.primal - half.T @ first
            known[self.loose] += right[self.n :] * inverse
            dy = linalg.cho_solve((rows, True), known, check_finite=False)
            first = first + half @ dy
        dx = linalg.solve_triangular(columns, first, lower=True, trans=1, check_finite=False)
        dv = np.concatenate([dx, (right[self.n :] - dy[self.loose]) * inverse])
        dp = np.where(self.has_low, dv + off.gap_low, 0.0)
        dq = np.where(self.has_high, -dv + off.gap_high, 0.0)
        return _State(
            dv,
            dy,
            dp,
            dq,
            np.where(self.has_low, (aim_low - at.z_low * dp) / at.p, 0.0),
            np.where(self.has_high, (aim_high - at.z_high * dq) / at.q, 0.0),
        )
