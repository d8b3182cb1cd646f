"""Natural-gradient boosting of a normal distribution with trees on histograms; bins are made once.

A tree of depth d is kept as arrays of ``2**d - 1`` split features and split bins (a row goes right where its bin is
above; a feature of -1 sends all rows left) and ``2**d`` leaf values, in the order of a complete binary tree.
"""

from __future__ import annotations

import numpy as np

from shared.runtime.compile import jit
from shared.typing import Bytes, Floats, Ints

__all__ = ["HIGHEST", "LOWEST", "boost", "sum_leaves"]

# Of the log standard deviation, where values are scaled to one: 5e-5 to 20 of their spread.
LOWEST, HIGHEST = -10.0, 3.0


@jit()
def boost(
    bins: Bytes,
    used: Ints,
    y: Floats,
    start: Floats,
    rounds: int,
    rate: float,
    depth: int,
    least: int,
    penalty: float,
    tolerance: float,
) -> tuple[Ints, Ints, Floats, Floats]:
    """Fit mean and log standard deviation of every row's normal distribution, from those that all rows start with.

    The log standard deviation is held between `LOWEST` and `HIGHEST`: rows that are fitted exactly have no least one.
    Returns split features and bins (rounds, 2, inner nodes), leaf values (rounds, 2, leaves) with step and rate in
    them, and the mean negative log-likelihood before every round and after the last.
    """
    n, p = bins.shape
    inner, leaves = 2**depth - 1, 2**depth
    feature = np.full((rounds, 2, inner), -1, np.int64)
    split = np.zeros((rounds, 2, inner), np.int64)
    value = np.zeros((rounds, 2, leaves))
    losses = np.full(rounds + 1, np.nan)
    theta = np.empty((2, n))
    for i in range(n):
        theta[0, i], theta[1, i] = start[0], start[1]
    gradient, node = np.empty((2, n)), np.zeros((2, n), np.int64)
    sums = np.zeros((leaves, p, 256))
    counts = np.zeros((leaves, p, 256))
    for turn in range(rounds):
        losses[turn] = _loss(y, theta, value[turn], node, 0.0)
        for i in range(n):
            error = y[i] - theta[0, i]
            gradient[0, i] = -error
            gradient[1, i] = 0.5 * (1 - error * error * np.exp(-2 * theta[1, i]))
        for k in range(2):
            _grow(
                bins,
                used,
                gradient[k],
                depth,
                least,
                penalty,
                feature[turn, k],
                split[turn, k],
                value[turn, k],
                node[k],
                sums,
                counts,
            )
        size = 0.0
        for i in range(n):
            size += np.sqrt(value[turn, 0, node[0, i]] ** 2 + value[turn, 1, node[1, i]] ** 2)
        size /= n
        step = _step(y, theta, value[turn], node, losses[turn], size, tolerance)
        for k in range(2):
            for leaf in range(leaves):
                value[turn, k, leaf] *= -rate * step
            for i in range(n):
                theta[k, i] += value[turn, k, node[k, i]]
        for i in range(n):
            theta[1, i] = min(max(theta[1, i], LOWEST), HIGHEST)
        if size < tolerance:
            break
    losses[rounds] = _loss(y, theta, value[0], node, 0.0)
    return feature, split, value, losses


@jit()
def _loss(y: Floats, theta: Floats, value: Floats, node: Ints, step: float) -> float:
    """Mean negative log-likelihood after a step against the trees' values."""
    total = 0.0
    for i in range(len(y)):
        mean = theta[0, i] - step * value[0, node[0, i]]
        log = theta[1, i] - step * value[1, node[1, i]]
        error = (y[i] - mean) * np.exp(-log)
        total += log + 0.5 * error * error
    return total / len(y) + 0.9189385332046727


@jit()
def _step(y: Floats, theta: Floats, value: Floats, node: Ints, before: float, size: float, tolerance: float) -> float:
    """The power of two at which a whole step gets worse than none, halved until it is better."""
    step = 1.0
    while step <= 256:
        loss = _loss(y, theta, value, node, step)
        if not np.isfinite(loss) or loss > before:
            break
        step *= 2
    while step * size >= tolerance:
        loss = _loss(y, theta, value, node, step)
        if np.isfinite(loss) and loss < before:
            break
        step /= 2
    return step


@jit()
def _grow(
    bins: Bytes,
    used: Ints,
    g: Floats,
    depth: int,
    least: int,
    penalty: float,
    feature: Ints,
    split: Ints,
    value: Floats,
    node: Ints,
    sums: Floats,
    counts: Floats,
) -> None:
    """Grow one least-squares tree; `node` becomes each row's leaf."""
    n = len(bins)
    for i in range(n):
        node[i] = 0
    sizes, totals = np.zeros(2**depth), np.zeros(2**depth)
    for level in range(depth):
        width, base = 2**level, 2**level - 1
        _count(bins, used, g, node, width, sizes, sums, counts)
        for k in range(width):
            feature[base + k], split[base + k] = _best(sums[k], counts[k], used, least, penalty)
        for k in range(2 * width):
            sizes[k] = 0.0
        for i in range(n):
            k = node[i]
            f = feature[base + k]
            node[i] = 2 * k + (1 if f >= 0 and bins[i, f] > split[base + k] else 0)
            sizes[node[i]] += 1
    for i in range(n):
        totals[node[i]] += g[i]
    for leaf in range(2**depth):
        value[leaf] = totals[leaf] / (sizes[leaf] + penalty) if sizes[leaf] > 0 else 0.0


@jit()
def _count(
    bins: Bytes, used: Ints, g: Floats, node: Ints, width: int, sizes: Floats, sums: Floats, counts: Floats
) -> None:
    """Histograms of a level's nodes: of the smaller child by counting, of the other by what is left of its parent."""
    p = bins.shape[1]
    fresh = np.zeros(width, np.bool_)
    fresh[0] = width == 1
    for parent in range(width // 2 - 1, -1, -1):  # parents lie in front, children go to the places 2k and 2k + 1
        small = 2 * parent if sizes[2 * parent] <= sizes[2 * parent + 1] else 2 * parent + 1
        fresh[small] = True
        _copy(sums, counts, 4 * parent + 1 - small, parent, 1.0)
    for k in range(width):
        if fresh[k]:
            _copy(sums, counts, k, k, 0.0)
    for i in range(len(bins)):
        k = node[i]
        if fresh[k]:
            for f in range(p):
                sums[k, f, bins[i, f]] += g[i]
                counts[k, f, bins[i, f]] += 1
    for parent in range(width // 2):
        small = 2 * parent if fresh[2 * parent] else 2 * parent + 1
        other = 4 * parent + 1 - small
        for f in range(p):
            for b in range(used[f]):
                sums[other, f, b] -= sums[small, f, b]
                counts[other, f, b] -= counts[small, f, b]


@jit()
def _copy(sums: Floats, counts: Floats, to: int, source: int, factor: float) -> None:
    """Copy one node's histogram to another's place, or empty it."""
    for f in range(sums.shape[1]):
        for b in range(sums.shape[2]):
            sums[to, f, b] = factor * sums[source, f, b]
            counts[to, f, b] = factor * counts[source, f, b]


@jit()
def _best(sums: Floats, counts: Floats, used: Ints, least: int, penalty: float) -> tuple[int, int]:
    """Feature and bin of the split that lowers a node's squared error most; -1 where none does."""
    best, feature, split = 1e-12, -1, 0
    total, count = 0.0, 0.0
    for b in range(used[0]):
        total += sums[0, b]
        count += counts[0, b]
    whole = total * total / (count + penalty) if count > 0 else 0.0
    for f in range(len(used)):
        left, rows = 0.0, 0.0
        for b in range(used[f] - 1):
            left += sums[f, b]
            rows += counts[f, b]
            if rows < least:
                continue
            if count - rows < least:
                break
            gain = left * left / (rows + penalty) + (total - left) ** 2 / (count - rows + penalty) - whole
            if gain > best:
                best, feature, split = gain, f, b
    return feature, split


@jit()
def sum_leaves(bins: Bytes, feature: Ints, split: Ints, value: Floats, start: Floats, depth: int) -> Floats:
    """Parameters of rows, shape (2, n): the start and every round's leaf."""
    n = len(bins)
    theta = np.empty((2, n))
    for k in range(2):
        theta[k] = start[k]
        for turn in range(len(feature)):
            for i in range(n):
                place = 0
                for level in range(depth):
                    at = 2**level - 1 + place
                    f = feature[turn, k, at]
                    place = 2 * place + (1 if f >= 0 and bins[i, f] > split[turn, k, at] else 0)
                theta[k, i] += value[turn, k, place]
    return theta
