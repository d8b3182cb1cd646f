"""Growing, walking and explaining trees that isolate rows: complete binary trees in heap order, one array for all.

Node k has its children at 2 k + 1 and 2 k + 2. A branch that ends early is filled up below with nodes that send every
row to the left, and the same value everywhere, so that every walk takes the same number of steps and has no branch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.runtime.compile import jit
from shared.typing import Floats, Ints

__all__ = [
    "AXIS",
    "EXTENDED",
    "FAIR_CUT",
    "add_oblique_paths",
    "add_paths",
    "explain_paths",
    "grow_trees",
    "mean_path",
    "take_paths",
]

Singles = NDArray[np.float32]
Columns = NDArray[np.uint16]
AXIS, EXTENDED, FAIR_CUT = 0, 1, 2
LANES = 16  # rows walked side by side
EULER = 0.5772156649015329


@jit()
def mean_path(n: int) -> float:
    """Mean steps of an unsuccessful search in a binary tree of n values (Liu et al. 2008, equation 1)."""
    if n <= 1:
        return 0.0
    if n == 2:
        return 1.0
    return float(2.0 * (np.log(n - 1.0) + EULER) - 2.0 * (n - 1.0) / n)


@jit()
def _next(state: NDArray[np.uint64]) -> float:
    """Draw a number from 0 to 1 (splitmix64, Steele et al. 2014)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@jit()
def _spread(values: Floats, n: int) -> float:
    total = 0.0
    for i in range(n):
        total += values[i]
    middle, square = total / n, 0.0
    for i in range(n):
        square += (values[i] - middle) ** 2
    return float(np.sqrt(square / n))


@jit()
def _best_cut(ordered: Floats, n: int) -> float:
    """Cut with the largest pooled gain: how far the spread of both sides, weighted by size, falls below the whole's.

    Cortes (2021), "Isolation forests: looking beyond tree depth", section 5.
    """
    shift = ordered[n // 2]
    total, squares = 0.0, 0.0
    for i in range(n):
        total += ordered[i] - shift
        squares += (ordered[i] - shift) ** 2
    left, left_squares, best, cut = 0.0, 0.0, np.inf, ordered[0]
    for i in range(n - 1):
        left += ordered[i] - shift
        left_squares += (ordered[i] - shift) ** 2
        if ordered[i + 1] > ordered[i]:
            first, second = i + 1.0, n - i - 1.0
            one = max(left_squares / first - (left / first) ** 2, 0.0)
            other = max((squares - left_squares) / second - ((total - left) / second) ** 2, 0.0)
            pooled = first * np.sqrt(one) + second * np.sqrt(other)
            if pooled < best:
                best = pooled
                cut = 0.5 * (ordered[i] + ordered[i + 1])
                if cut >= ordered[i + 1]:
                    cut = ordered[i]
    return float(cut)


@jit(nogil=True)
def grow_trees(
    X: Singles,
    samples: Ints,
    seeds: NDArray[np.uint64],
    depth: int,
    kind: int,
    column: Columns,
    second: Columns,
    slope: Singles,
    cut: Singles,
    expected: Floats,
) -> None:
    """Grow a tree from each sample of rows.

    `X` has shape (n_rows, n_columns), `samples` (n_trees, n_sampled); a row goes right at a node where its value in
    `column`, plus `slope` times its value in `second`, is above `cut`. Missing values go left, as if below all others.
    `expected`, shape (n_trees, 2 ** (depth + 1) - 1), gets the mean path of the sampled rows below a node; the last
    2 ** depth are the leaves.
    """
    n_trees, n_sampled = samples.shape
    n_columns = X.shape[1]
    n_inner = 2**depth - 1
    rows, spare = np.empty(n_sampled, np.int64), np.empty(n_sampled, np.int64)
    begin, count = np.zeros(2 * n_inner + 1, np.int64), np.zeros(2 * n_inner + 1, np.int64)
    values, finite = np.empty(n_sampled), np.empty(n_sampled)
    order = np.empty(n_columns, np.int64)
    state = np.empty(1, np.uint64)
    for tree in range(n_trees):
        state[0] = seeds[tree]
        rows[:] = samples[tree]
        begin[:] = 0
        count[:] = -1
        count[0] = n_sampled
        for node in range(n_inner):
            size = count[node]
            level = 0
            while 2 ** (level + 1) - 1 <= node:
                level += 1
            column[tree, node] = 0
            second[tree, node] = 0
            slope[tree, node] = 0.0
            cut[tree, node] = np.inf
            if size < 0:  # below a leaf
                expected[tree, 2 * node + 1] = expected[tree, node]
                expected[tree, 2 * node + 2] = expected[tree, node]
                continue
            low = begin[node]
            found = False
            if size > 1:
                for j in range(n_columns):
                    order[j] = j
                left_to_try = n_columns
                while left_to_try > 0 and not found:
                    pick = min(int(_next(state) * left_to_try), left_to_try - 1)
                    j = order[pick]
                    order[pick] = order[left_to_try - 1]
                    left_to_try -= 1
                    least, most, n_finite = np.inf, -np.inf, 0
                    for i in range(size):
                        v = float(X[rows[low + i], j])
                        values[i] = v
                        if not np.isnan(v):
                            finite[n_finite] = v
                            n_finite += 1
                            least = min(least, v)
                            most = max(most, v)
                    if n_finite == 0 or (least == most and n_finite == size):
                        continue
                    partner, share = j, 0.0
                    if kind != 0 and n_columns > 1 and least < most and n_finite == size:
                        partner = min(int(_next(state) * (n_columns - 1)), n_columns - 2)
                        if partner >= j:
                            partner += 1
                        one = _spread(values, size)
                        for i in range(size):
                            finite[i] = float(X[rows[low + i], partner])
                        other = _spread(finite, size)
                        if other > 0.0:  # false where a value is missing, too
                            angle = 2.0 * np.pi * _next(state)
                            share = float(np.float32(np.tan(angle) * one / other))
                            if abs(share) > 1e6 * one / other:
                                share = 0.0
                        if share != 0.0:
                            least, most = np.inf, -np.inf
                            for i in range(size):
                                r = rows[low + i]
                                v = float(np.float32(X[r, j] + np.float32(share) * X[r, partner]))
                                values[i] = v
                                least = min(least, v)
                                most = max(most, v)
                            if not least < most:
                                continue
                    if kind == 2 and least < most:
                        n_ordered = 0
                        for i in range(size):
                            if not np.isnan(values[i]):
                                finite[n_ordered] = values[i]
                                n_ordered += 1
                        at = np.float32(_best_cut(np.sort(finite[:n_ordered]), n_ordered))
                    else:
                        at = np.float32(least + _next(state) * (most - least))
                    if float(at) >= most:
                        at = np.nextafter(np.float32(most), np.float32(-np.inf))
                    if least == most:  # what is missing goes left, what is there right
                        at = np.nextafter(np.float32(least), np.float32(-np.inf))
                    n_left, n_right = 0, 0
                    for i in range(size):
                        if values[i] > at:
                            spare[n_right] = rows[low + i]
                            n_right += 1
                        else:
                            rows[low + n_left] = rows[low + i]
                            n_left += 1
                    for i in range(n_right):
                        rows[low + n_left + i] = spare[i]
                    if n_left == 0 or n_right == 0:
                        continue
                    found = True
                    column[tree, node] = j
                    second[tree, node] = partner
                    slope[tree, node] = share
                    cut[tree, node] = at
                    begin[2 * node + 1], count[2 * node + 1] = low, n_left
                    begin[2 * node + 2], count[2 * node + 2] = low + n_left, n_right
            if not found:
                value = level + mean_path(size)
                expected[tree, node] = value
                expected[tree, 2 * node + 1] = value
                expected[tree, 2 * node + 2] = value
        for node in range(n_inner, 2 * n_inner + 1):
            if count[node] >= 0:
                expected[tree, node] = depth + mean_path(count[node])
        for node in range(n_inner - 1, -1, -1):
            one, other = count[2 * node + 1], count[2 * node + 2]
            if one > 0 and other > 0:
                expected[tree, node] = (one * expected[tree, 2 * node + 1] + other * expected[tree, 2 * node + 2]) / (
                    one + other
                )


@jit(nogil=True)
def add_paths(X: Singles, depth: int, column: Columns, cut: Singles, expected: Floats, total: Floats) -> None:
    """Add the paths of every row in all trees to `total`, shape (n_rows,); each cut is on one column.

    Eight rows are walked side by side, so that one's waiting for memory is another's work.
    """
    n_rows, width = X.shape[0], np.uint64(X.shape[1])
    flat = X.reshape(-1)
    one = np.uint64(1)
    n_inner = np.uint64(2**depth - 1)
    for first in range(0, n_rows, 1024):
        last = min(first + 1024, n_rows)
        whole = first + (last - first) // 8 * 8
        for tree in range(column.shape[0]):
            at, cuts, paths = column[tree], cut[tree], expected[tree]
            for low in range(first, whole, 8):
                r0 = np.uint64(low) * width
                r1, r2, r3 = r0 + width, r0 + width * np.uint64(2), r0 + width * np.uint64(3)
                r4, r5 = r0 + width * np.uint64(4), r0 + width * np.uint64(5)
                r6, r7 = r0 + width * np.uint64(6), r0 + width * np.uint64(7)
                k0 = k1 = k2 = k3 = k4 = k5 = k6 = k7 = np.uint64(0)
                for _ in range(depth):
                    k0 = k0 + k0 + one + np.uint64(flat[r0 + np.uint64(at[k0])] > cuts[k0])
                    k1 = k1 + k1 + one + np.uint64(flat[r1 + np.uint64(at[k1])] > cuts[k1])
                    k2 = k2 + k2 + one + np.uint64(flat[r2 + np.uint64(at[k2])] > cuts[k2])
                    k3 = k3 + k3 + one + np.uint64(flat[r3 + np.uint64(at[k3])] > cuts[k3])
                    k4 = k4 + k4 + one + np.uint64(flat[r4 + np.uint64(at[k4])] > cuts[k4])
                    k5 = k5 + k5 + one + np.uint64(flat[r5 + np.uint64(at[k5])] > cuts[k5])
                    k6 = k6 + k6 + one + np.uint64(flat[r6 + np.uint64(at[k6])] > cuts[k6])
                    k7 = k7 + k7 + one + np.uint64(flat[r7 + np.uint64(at[k7])] > cuts[k7])
                total[low] += paths[k0]
                total[low + 1] += paths[k1]
                total[low + 2] += paths[k2]
                total[low + 3] += paths[k3]
                total[low + 4] += paths[k4]
                total[low + 5] += paths[k5]
                total[low + 6] += paths[k6]
                total[low + 7] += paths[k7]
            for r in range(whole, last):
                k = np.uint64(0)
                while k < n_inner:
                    k = k + k + one + np.uint64(X[r, np.uint64(at[k])] > cuts[k])
                total[r] += paths[k]


@jit(nogil=True)
def add_oblique_paths(
    X: Singles,
    depth: int,
    column: Columns,
    second: Columns,
    slope: Singles,
    cut: Singles,
    expected: Floats,
    total: Floats,
) -> None:
    """Add the paths of every row in all trees to `total`, shape (n_rows,); cuts can be on two columns."""
    n_rows = X.shape[0]
    for first in range(0, n_rows, 1024):
        last = min(first + 1024, n_rows)
        node = np.zeros(LANES, np.uint64)
        for tree in range(column.shape[0]):
            at, partner, slopes = column[tree], second[tree], slope[tree]
            cuts, paths = cut[tree], expected[tree]
            for low in range(first, last, LANES):
                width = min(LANES, last - low)
                node[:] = 0
                for _ in range(depth):
                    for lane in range(width):
                        k = node[lane]
                        v = X[low + lane, np.uint64(at[k])]
                        if slopes[k] != 0.0:
                            v = v + slopes[k] * X[low + lane, np.uint64(partner[k])]
                        node[lane] = k + k + np.uint64(1) + np.uint64(v > cuts[k])
                for lane in range(width):
                    total[low + lane] += paths[node[lane]]


@jit(nogil=True)
def take_paths(
    X: Singles,
    rows: Ints,
    trees: Ints,
    depth: int,
    column: Columns,
    second: Columns,
    slope: Singles,
    cut: Singles,
    expected: Floats,
    total: Floats,
) -> None:
    """Take the path of each row named in `rows` in the tree named beside it in `trees` off that row's `total`."""
    n_inner = 2**depth - 1
    for pair in range(len(rows)):
        r, tree = rows[pair], trees[pair]
        k = 0
        while k < n_inner:
            v = X[r, column[tree, k]]
            if slope[tree, k] != 0.0:
                v = v + slope[tree, k] * X[r, second[tree, k]]
            k = 2 * k + 1 + (v > cut[tree, k])
        total[r] -= expected[tree, k]


@jit(nogil=True)
def explain_paths(
    X: Singles,
    depth: int,
    column: Columns,
    second: Columns,
    slope: Singles,
    cut: Singles,
    expected: Floats,
    weights: Floats,
    shares: Floats,
) -> None:
    """Add to `shares`, shape (n_rows, n_columns), by how much each column's cuts shortened the path of a row.

    A row's shares sum up, over its columns and the trees, to the expected path at the root minus its own. A cut on two
    columns is shared in proportion to their parts in it: the column's `weights`, its spread, times its slope.
    """
    n_inner = 2**depth - 1
    for first in range(0, X.shape[0], 256):
        last = min(first + 256, X.shape[0])
        for tree in range(column.shape[0]):
            for r in range(first, last):
                k = 0
                while k < n_inner:
                    j, a = column[tree, k], slope[tree, k]
                    v = X[r, j]
                    if a != 0.0:
                        v = v + a * X[r, second[tree, k]]
                    after = 2 * k + 1 + (v > cut[tree, k])
                    gain = expected[tree, k] - expected[tree, after]
                    if a != 0.0:
                        one, other = weights[j], abs(a) * weights[second[tree, k]]
                        part = one / (one + other) if one + other > 0.0 else 0.5
                        shares[r, j] += part * gain
                        shares[r, second[tree, k]] += (1.0 - part) * gain
                    elif gain != 0.0:
                        shares[r, j] += gain
                    k = after
