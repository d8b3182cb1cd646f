"""The relaxation behind exact cardinality, and the bound that it proves."""

from __future__ import annotations

import numpy as np

from shared.runtime.compile import jit
from shared.typing import Bytes, Floats

__all__ = ["bound_node", "relax_node"]

TINY = 1e-17  # below which a gap is rounding


@jit(nogil=True)
def _factorise(system: Floats, n: int) -> bool:
    """Cholesky's factor in place of the lower triangle; False where the matrix is not positive definite."""
    for j in range(n):
        pivot = system[j, j]
        for k in range(j):
            pivot -= system[j, k] * system[j, k]
        if not pivot > 0.0:
            return False
        pivot = np.sqrt(pivot)
        system[j, j] = pivot
        for i in range(j + 1, n):
            value = system[i, j]
            row, other = system[i], system[j]
            for k in range(j):
                value -= row[k] * other[k]
            system[i, j] = value / pivot
    return True


@jit(nogil=True)
def _solve_lower(chol: Floats, right: Floats, n: int) -> None:
    """Overwrite a vector with the solution of L x = right."""
    for i in range(n):
        value = right[i]
        for k in range(i):
            value -= chol[i, k] * right[k]
        right[i] = value / chol[i, i]


@jit(nogil=True)
def _solve_upper(chol: Floats, right: Floats, n: int) -> None:
    """Overwrite a vector with the solution of L' x = right."""
    for i in range(n - 1, -1, -1):
        value = right[i] / chol[i, i]
        right[i] = value
        for k in range(i):
            right[k] -= chol[i, k] * value


@jit(nogil=True)
def relax_node(
    square: Floats,
    diagonal: Floats,
    cost: Floats,
    least: Floats,
    most: Floats,
    rows: Floats,
    row_lower: Floats,
    row_upper: Floats,
    state: Bytes,
    fewest: int,
    largest: int,
    tolerance: float,
    steps: int,
) -> tuple[Floats, Floats, Floats, bool]:
    """Solve the perspective relaxation of a node: w'Mw + sum d w^2 / z + c'w, with least z <= w <= most z.

    Parameters
    ----------
    square, diagonal : numpy.ndarray of shape (n, n), (n,)
        M, positive semidefinite, and d >= 0; M + diag(d) is the whole quadratic form.
    cost : numpy.ndarray of shape (n,)
    least, most : numpy.ndarray of shape (n,)
        Of what is held.
    rows, row_lower, row_upper : numpy.ndarray of shape (m, n), (m,), (m,)
    state : numpy.ndarray of uint8, shape (n,)
        0 for out, 1 for in, 2 for free.
    fewest, largest : int
        Number held.
    tolerance : float
        Of residuals, relative to the objective's size.
    steps : int
        At most.

    Returns
    -------
    w, z, y : numpy.ndarray of shape (n,), (n,), (m,)
        Point, relaxed choice, and prices of the rows.
    converged : bool

    Notes
    -----
    A primal-dual interior-point method; z and the row over z are eliminated, so that a step costs one factorisation of
    as many columns as are not out. The perspective is Frangioni and Gentile's (Mathematical Programming 106, 2006).
    """
    n_all, m = len(cost), len(row_lower)
    count = 0
    for i in range(n_all):
        count += 1 if state[i] > 0 else 0
    ids = np.empty(count, dtype=np.int64)
    k = 0
    fixed_in = 0
    for i in range(n_all):
        if state[i] > 0:
            ids[k] = i
            k += 1
            fixed_in += 1 if state[i] == 1 else 0
    n = count
    q = np.empty((n, n))
    d = np.empty(n)
    c = np.empty(n)
    lo = np.empty(n)
    up = np.empty(n)
    free = np.empty(n, dtype=np.bool_)
    a = np.empty((m + 1, n))
    size = 1e-300
    for i in range(n):
        for j in range(n):
            q[i, j] = 2.0 * square[ids[i], ids[j]]
        d[i], c[i], lo[i], up[i] = diagonal[ids[i]], cost[ids[i]], least[ids[i]], most[ids[i]]
        free[i] = state[ids[i]] == 2
        for r in range(m):
            a[r, i] = rows[r, ids[i]]
        size = max(size, abs(c[i]), q[i, i] + 2.0 * d[i])
    n_free = n - fixed_in
    # The objective is brought to the size of 1.
    for i in range(n):
        for j in range(n):
            q[i, j] /= size
        d[i] /= size
        c[i] /= size
    # Start inside.
    low_count, high_count = fewest - fixed_in, min(largest - fixed_in, n_free)
    share = 1.0 if n_free == 0 else min(0.999, max(1e-3, 0.5 * (max(low_count, 0) + high_count) / n_free))
    w = np.empty(n)
    z = np.ones(n)
    for i in range(n):
        if free[i]:
            z[i] = share
        w[i] = z[i] * (lo[i] + min(0.5 * (up[i] - lo[i]), 1.0 / max(1, fewest)))
    y = np.zeros(m + 1)  # the last one for the number held
    n_rows = m + 1
    r_lo = np.empty(n_rows)
    r_up = np.empty(n_rows)
    equal = np.empty(n_rows, dtype=np.bool_)
    for r in range(m):
        r_lo[r], r_up[r] = row_lower[r], row_upper[r]
    r_lo[m], r_up[m] = float(low_count), float(high_count)
    use_count = n_free > 0 and (low_count > 0 or high_count < n_free)
    for r in range(n_rows):
        equal[r] = r_up[r] - r_lo[r] < 1e-13
    # Slacks of loose rows, with prices of both sides.
    s = np.zeros(n_rows)
    v_lo = np.zeros(n_rows)
    v_up = np.zeros(n_rows)
    for r in range(n_rows):
        if not equal[r]:
            left, right = r_lo[r] > -np.inf, r_up[r] < np.inf
            v_lo[r] = 0.1 if left else 0.0
            v_up[r] = 0.1 if right else 0.0
            s[r] = 0.5 * (r_lo[r] + r_up[r]) if left and right else (r_lo[r] + 0.1 if left else r_up[r] - 0.1)
    pa = np.full(n, 0.1)  # prices of w >= least z
    pb = np.full(n, 0.1)  # of w <= most z
    pe = np.full(n, 0.1)  # of z <= 1
    for i in range(n):
        if not free[i]:
            pe[i] = 0.0
    hzz = np.ones(n)
    hwz = np.zeros(n)
    rw = np.empty(n)
    rz = np.zeros(n)
    system = np.empty((n, n))
    half = np.empty((n_rows, n))
    small = np.empty((n_rows, n_rows))
    known = np.empty(n_rows)
    first = np.empty(n)
    dw = np.empty(n)
    dz = np.zeros(n)
    ds = np.zeros(n_rows)
    converged = False
    pairs = 0
    for i in range(n):
        pairs += 3 if free[i] else 2
    for r in range(n_rows):
        if not equal[r]:
            pairs += (1 if r_lo[r] > -np.inf else 0) + (1 if r_up[r] < np.inf else 0)
    last_length = 1.0
    for _ in range(steps):
        # Residuals.
        mu = 0.0
        off = 0.0
        for i in range(n):
            value = c[i]
            for j in range(n):
                value += q[i, j] * w[j]
            value += 2.0 * d[i] * w[i] / z[i]
            for r in range(m):
                value -= a[r, i] * y[r]
            s1, s2 = max(w[i] - lo[i] * z[i], TINY), max(up[i] * z[i] - w[i], TINY)
            mu += pa[i] * s1 + pb[i] * s2
            rw[i] = -(value - pa[i] + pb[i])
            off = max(off, abs(rw[i]))
            if free[i]:
                mu += pe[i] * (1.0 - z[i])
                gz = -d[i] * (w[i] / z[i]) ** 2 + lo[i] * pa[i] - up[i] * pb[i] + pe[i]
                gz -= y[m] if use_count else 0.0
                rz[i] = -gz
                off = max(off, abs(gz))
        for r in range(n_rows):
            if r == m and not use_count:
                known[r] = 0.0
                continue
            value = 0.0
            if r < m:
                for i in range(n):
                    value += a[r, i] * w[i]
            else:
                for i in range(n):
                    if free[i]:
                        value += z[i]
            aim = r_lo[r] if equal[r] else s[r]
            known[r] = aim - value
            off = max(off, abs(known[r]))
            if not equal[r]:
                if r_lo[r] > -np.inf:
                    mu += v_lo[r] * (s[r] - r_lo[r])
                if r_up[r] < np.inf:
                    mu += v_up[r] * (r_up[r] - s[r])
                off = max(off, abs(y[r] - v_lo[r] + v_up[r]))
        mu /= max(1, pairs)
        if max(off, mu) < tolerance:
            converged = True
            break
        sigma = 0.1 if last_length > 0.8 else 0.4
        aim_mu = sigma * mu
        # Second derivatives, with the barrier's part.
        for i in range(n):
            s1, s2 = max(w[i] - lo[i] * z[i], TINY), max(up[i] * z[i] - w[i], TINY)
            ra, rb = pa[i] / s1, pb[i] / s2
            hww = 2.0 * d[i] / z[i] + ra + rb
            right = rw[i] + (aim_mu / s1 - pa[i]) - (aim_mu / s2 - pb[i])
            if free[i]:
                ratio = w[i] / z[i]
                s3 = max(1.0 - z[i], TINY)
                hwz[i] = -2.0 * d[i] * ratio / z[i] - lo[i] * ra - up[i] * rb
                hzz[i] = (
                    1e-300 + 2.0 * d[i] * ratio * ratio / z[i] + lo[i] * lo[i] * ra + up[i] * up[i] * rb + pe[i] / s3
                )
                rz[i] += -lo[i] * (aim_mu / s1 - pa[i]) + up[i] * (aim_mu / s2 - pb[i]) - (aim_mu / s3 - pe[i])
                part = hwz[i] / hzz[i]
                hww -= hwz[i] * part
                right -= part * rz[i]
                a[m, i] = -part
            else:
                a[m, i] = 0.0
            for j in range(i + 1):
                system[i, j] = q[i, j]
            system[i, i] += hww + 1e-12
            first[i] = right
        if not _factorise(system, n):
            break
        _solve_lower(system, first, n)
        top = n_rows if use_count else m
        for r in range(top):
            for i in range(n):
                half[r, i] = a[r, i]
            _solve_lower(system, half[r], n)
        for r in range(top):
            for t in range(r + 1):
                value = 0.0
                for i in range(n):
                    value += half[r, i] * half[t, i]
                small[r, t] = value
            small[r, r] += 1e-13
        if use_count:
            for i in range(n):
                if free[i]:
                    small[m, m] += 1.0 / hzz[i]
                    known[m] -= rz[i] / hzz[i]
        for r in range(top):
            for i in range(n):
                known[r] -= half[r, i] * first[i]
            if not equal[r]:
                weight = 1e-300
                push = -y[r]
                if r_lo[r] > -np.inf:
                    weight += v_lo[r] / max(s[r] - r_lo[r], TINY)
                    push += aim_mu / max(s[r] - r_lo[r], TINY)
                if r_up[r] < np.inf:
                    weight += v_up[r] / max(r_up[r] - s[r], TINY)
                    push -= aim_mu / max(r_up[r] - s[r], TINY)
                small[r, r] += 1.0 / weight
                known[r] += push / weight
        if top > 0:
            if not _factorise(small, top):
                break
            _solve_lower(small, known, top)
            _solve_upper(small, known, top)
        for i in range(n):
            value = first[i]
            for r in range(top):
                value += half[r, i] * known[r]
            dw[i] = value
        _solve_upper(system, dw, n)
        # The longest step that stays inside.
        length = 1.0
        for i in range(n):
            dz[i] = 0.0
            if free[i]:
                dz[i] = (rz[i] + (known[m] if use_count else 0.0) - hwz[i] * dw[i]) / hzz[i]
            s1, s2 = max(w[i] - lo[i] * z[i], TINY), max(up[i] * z[i] - w[i], TINY)
            d1, d2 = dw[i] - lo[i] * dz[i], up[i] * dz[i] - dw[i]
            if d1 < 0.0:
                length = min(length, -0.995 * s1 / d1)
            if d2 < 0.0:
                length = min(length, -0.995 * s2 / d2)
            p1 = (aim_mu - pa[i] * d1) / s1 - pa[i]
            p2 = (aim_mu - pb[i] * d2) / s2 - pb[i]
            if p1 < 0.0:
                length = min(length, -0.995 * pa[i] / p1)
            if p2 < 0.0:
                length = min(length, -0.995 * pb[i] / p2)
            if free[i]:
                s3 = max(1.0 - z[i], TINY)
                if dz[i] > 0.0:
                    length = min(length, 0.995 * s3 / dz[i])
                elif dz[i] < 0.0:
                    length = min(length, -0.995 * z[i] / dz[i])
                p3 = (aim_mu + pe[i] * dz[i]) / s3 - pe[i]
                if p3 < 0.0:
                    length = min(length, -0.995 * pe[i] / p3)
        for r in range(top):
            if equal[r]:
                continue
            weight = 1e-300
            push = -y[r]
            if r_lo[r] > -np.inf:
                weight += v_lo[r] / max(s[r] - r_lo[r], TINY)
                push += aim_mu / max(s[r] - r_lo[r], TINY)
            if r_up[r] < np.inf:
                weight += v_up[r] / max(r_up[r] - s[r], TINY)
                push -= aim_mu / max(r_up[r] - s[r], TINY)
            ds[r] = (push - known[r]) / weight
            if r_lo[r] > -np.inf:
                if ds[r] < 0.0:
                    length = min(length, -0.995 * (s[r] - r_lo[r]) / ds[r])
                change = (aim_mu - v_lo[r] * ds[r]) / max(s[r] - r_lo[r], TINY) - v_lo[r]
                if change < 0.0:
                    length = min(length, -0.995 * v_lo[r] / change)
            if r_up[r] < np.inf:
                if ds[r] > 0.0:
                    length = min(length, 0.995 * (r_up[r] - s[r]) / ds[r])
                change = (aim_mu + v_up[r] * ds[r]) / max(r_up[r] - s[r], TINY) - v_up[r]
                if change < 0.0:
                    length = min(length, -0.995 * v_up[r] / change)
        for i in range(n):
            s1, s2 = max(w[i] - lo[i] * z[i], TINY), max(up[i] * z[i] - w[i], TINY)
            d1, d2 = dw[i] - lo[i] * dz[i], up[i] * dz[i] - dw[i]
            pa[i] += length * ((aim_mu - pa[i] * d1) / s1 - pa[i])
            pb[i] += length * ((aim_mu - pb[i] * d2) / s2 - pb[i])
            if free[i]:
                pe[i] += length * ((aim_mu + pe[i] * dz[i]) / max(1.0 - z[i], TINY) - pe[i])
        for i in range(n):
            w[i] += length * dw[i]
            z[i] += length * dz[i]
        for r in range(top):
            if not equal[r]:
                if r_lo[r] > -np.inf:
                    v_lo[r] += length * ((aim_mu - v_lo[r] * ds[r]) / max(s[r] - r_lo[r], TINY) - v_lo[r])
                if r_up[r] < np.inf:
                    v_up[r] += length * ((aim_mu + v_up[r] * ds[r]) / max(r_up[r] - s[r], TINY) - v_up[r])
                s[r] += length * ds[r]
            y[r] += length * known[r]
        last_length = length
        if length < 1e-10:
            break
    w_all = np.zeros(n_all)
    z_all = np.zeros(n_all)
    for i in range(n):
        w_all[ids[i]] = w[i]
        z_all[ids[i]] = z[i]
    return w_all, z_all, y[:m] * size, converged


@jit(nogil=True)
def bound_node(
    square: Floats,
    diagonal: Floats,
    cost: Floats,
    least: Floats,
    most: Floats,
    rows: Floats,
    row_lower: Floats,
    row_upper: Floats,
    state: Bytes,
    fewest: int,
    largest: int,
    w: Floats,
    y: Floats,
    known: float,
) -> tuple[float, Bytes]:
    """Prove a lower bound of a node from any point and prices, and what has to be in or out to beat `known`.

    Parameters
    ----------
    square, diagonal, cost, least, most, rows, row_lower, row_upper, state, fewest, largest
        As in `relax_node`.
    w, y : numpy.ndarray of shape (n,), (m,)
        The better they are, the better the bound; whatever they are, it holds.
    known : float
        An objective that is to be beaten.

    Returns
    -------
    bound : float
    state : numpy.ndarray of uint8
        With more places in or out.

    Notes
    -----
    w'Mw lies above its tangent at any point, and rows may be priced; what is left is one problem a column, of which the
    cheapest are taken, as many as may be held.
    """
    n, m = len(cost), len(row_lower)
    values = np.zeros(n)
    bound = 0.0
    for r in range(m):
        if y[r] > 0.0:
            bound += y[r] * row_lower[r] if row_lower[r] > -np.inf else -np.inf
        elif y[r] < 0.0:
            bound += y[r] * row_upper[r] if row_upper[r] < np.inf else -np.inf
    n_in, n_free = 0, 0
    for i in range(n):
        tangent = 0.0
        for j in range(n):
            if w[j] != 0.0:
                tangent += square[i, j] * w[j]
        bound -= w[i] * tangent
        if state[i] == 0:
            continue
        slope = 2.0 * tangent + cost[i]
        for r in range(m):
            slope -= y[r] * rows[r, i]
        at = least[i] if slope >= 0.0 else most[i]
        if diagonal[i] > 0.0:
            at = min(most[i], max(least[i], -0.5 * slope / diagonal[i]))
        values[i] = diagonal[i] * at * at + slope * at
        if state[i] == 1:
            bound += values[i]
            n_in += 1
        else:
            n_free += 1
    free = np.empty(n_free, dtype=np.int64)
    k = 0
    for i in range(n):
        if state[i] == 2:
            free[k] = i
            k += 1
    order = free[np.argsort(values[free])]
    need, room = fewest - n_in, min(largest - n_in, n_free)
    after = state.copy()
    if need > n_free or room < 0:
        return np.inf, after
    taken = 0
    while taken < n_free and (taken < need or (taken < room and values[order[taken]] < 0.0)):
        bound += values[order[taken]]
        taken += 1
    # Forcing one in drives out the dearest that may go, or costs itself; forcing one out calls the next.
    for k in range(n_free):
        i = order[k]
        if k < taken:
            instead = -values[i]
            if taken < n_free and (taken <= need or values[order[taken]] < 0.0):
                instead += values[order[taken]]
            elif taken <= need and taken == n_free:
                instead = np.inf
            if bound + instead >= known:
                after[i] = 1
        else:
            extra = values[i]
            if taken > 0 and (taken == room or values[order[taken - 1]] > 0.0):
                extra -= values[order[taken - 1]]
            elif taken == 0 and room == 0:
                extra = np.inf
            if bound + extra >= known:
                after[i] = 0
    return bound, after
