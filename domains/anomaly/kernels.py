"""Distances, ranks within columns, projections and densities; what a row gets depends on no other row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.runtime.compile import jit
from shared.typing import Floats, Ints

__all__ = ["column_tails", "kth_distances", "mixture_energies", "neighbour_parts", "project_rows"]

Singles = NDArray[np.float32]


@jit(nogil=True)
def _square_distances(row: Singles, columns: Singles, out: Singles) -> None:
    """Squared distances of a row to all references, given column by column, shape (n_columns, n_references)."""
    n = columns.shape[1]
    for first in range(0, n, 256):  # 30 columns of as many references stay in the nearest memory
        last = min(first + 256, n)
        part = out[first:last]
        for i in range(last - first):
            part[i] = 0.0
        for j in range(columns.shape[0]):
            value = row[j]
            others = columns[j, first:last]
            for i in range(last - first):
                gap = others[i] - value
                part[i] += gap * gap


@jit(nogil=True)
def _count_up_to(values: Singles, bound: object) -> Any:
    count = np.int32(0)
    for i in range(len(values)):
        count += np.int32(values[i] <= bound)
    return count


@jit(nogil=True)
def _kth_smallest(values: Singles, k: int, guess: float, room: Singles) -> float:
    """Find the k-th smallest of values from 0 on; a good guess of it saves time, and changes nothing else.

    A bound below which lie k to 4 k values is searched, then the value among these, by halving: the bits of numbers
    from 0 on have the numbers' order. `room` has two places more than there are values.
    """
    n = len(values)
    low, high, bound = np.float32(0.0), np.float32(np.inf), np.float32(guess)
    count = _count_up_to(values, bound)
    for _ in range(40):
        if count < k:
            low = bound
        elif count > 4 * k:
            high = bound
        else:
            break
        bound = np.float32(2.0) * bound + np.float32(1e-6) if high == np.inf else np.float32(0.5) * (low + high)
        if bound <= low or bound >= high:
            bound = high
            break
        count = _count_up_to(values, bound)
    if _count_up_to(values, bound) < k:
        bound = np.float32(np.inf)
    found = np.int64(0)
    for i in range(n):
        room[found] = values[i]
        found += np.int64(values[i] <= bound)
    room[n], room[n + 1] = low, bound
    bits = room.view(np.int32)
    first, last = bits[n], bits[n + 1]
    while first < last:
        middle = first + (last - first) // np.int32(2)
        count = np.int32(0)
        for i in range(found):
            count += np.int32(bits[i] <= middle)
        if count >= k:
            last = middle
        else:
            first = middle + np.int32(1)
    bits[n] = first
    return float(room[n])


@jit(nogil=True)
def kth_distances(rows: Singles, columns: Singles, own: Ints, k: int, out: Floats) -> None:
    """Distance of each row to its k-th nearest reference.

    `columns` has shape (n_columns, n_references); `own` names the reference that is the row itself, -1 for none.
    """
    n = columns.shape[1]
    squares, room = np.empty(n, np.float32), np.empty(n + 2, np.float32)
    near = 1.0
    for r in range(rows.shape[0]):
        _square_distances(rows[r], columns, squares)
        if own[r] >= 0:
            squares[own[r]] = np.inf
        near = _kth_smallest(squares, k, near, room)
        out[r] = np.sqrt(near)
        near *= 1.2


@jit(nogil=True)
def neighbour_parts(rows: Singles, columns: Singles, k: int, parts: Floats) -> None:
    """Mean squared distance of each row to its k nearest references, column by column: shape (n_rows, n_columns)."""
    n = columns.shape[1]
    squares, room = np.empty(n, np.float32), np.empty(n + 2, np.float32)
    near, nearest = np.empty(n, np.int64), 1.0
    for r in range(rows.shape[0]):
        _square_distances(rows[r], columns, squares)
        nearest = _kth_smallest(squares, k, nearest, room)
        count = 0
        for i in range(n):
            if squares[i] <= nearest:
                near[count] = i
                count += 1
        for j in range(columns.shape[0]):
            total = 0.0
            for i in range(count):
                gap = float(columns[j, near[i]] - rows[r, j])
                total += gap * gap
            parts[r, j] = total / count


@jit(nogil=True)
def column_tails(X: Floats, ordered: Floats, counts: Ints, known: NDArray[np.bool_], tails: Floats) -> None:
    """Evidence of each value against its column: minus the logarithm of twice the smaller tail.

    `ordered`, shape (n_columns, n_sorted), holds each column's values, the first `counts` of them; `known` says which
    rows are among them, and are not counted as their own company. A missing value has no evidence.
    """
    for r in range(X.shape[0]):
        for j in range(X.shape[1]):
            value, n = X[r, j], counts[j]
            if np.isnan(value) or n == 0:
                tails[r, j] = 0.0
                continue
            column = ordered[j]
            low, high = 0, n  # how many are below
            while low < high:
                middle = (low + high) // 2
                if column[middle] < value:
                    low = middle + 1
                else:
                    high = middle
            below = low
            high = n
            while low < high:
                middle = (low + high) // 2
                if column[middle] <= value:
                    low = middle + 1
                else:
                    high = middle
            smaller = min(low, n - below)  # at most, at least this value
            others = n
            if known[r]:
                smaller -= 1
                others -= 1
            tails[r, j] = max(0.0, -np.log(2.0 * (1.0 + smaller) / (1.0 + others)))


@jit(nogil=True)
def project_rows(rows: Floats, axes: Floats, out: Floats) -> None:
    """Put every row on axes: `axes` has shape (n_axes, n_columns), `out` (n_rows, n_axes)."""
    for r in range(rows.shape[0]):
        for k in range(axes.shape[0]):
            total = 0.0
            for j in range(rows.shape[1]):
                total += axes[k, j] * rows[r, j]
            out[r, k] = total


@jit(nogil=True)
def mixture_energies(rows: Floats, centres: Floats, roots: Floats, constants: Floats, out: Floats) -> None:
    """Minus the log-density of every row in a mixture of normal distributions.

    `roots`, shape (n_parts, n_columns, n_columns), are square roots of the precisions: the squared length of
    ``roots[k].T @ (row - centres[k])`` is the distance. `constants` are the parts' log-weights and log-determinants.
    """
    n_parts, width = centres.shape
    logs = np.empty(n_parts)
    for r in range(rows.shape[0]):
        highest = -np.inf
        for k in range(n_parts):
            distance = 0.0
            for a in range(width):
                total = 0.0
                for j in range(width):
                    total += roots[k, j, a] * (rows[r, j] - centres[k, j])
                distance += total * total
            logs[k] = constants[k] - 0.5 * distance
            highest = max(highest, logs[k])
        total = 0.0
        for k in range(n_parts):
            total += np.exp(logs[k] - highest)
        out[r] = -(highest + np.log(total))
