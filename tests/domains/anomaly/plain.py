"""Plain counterparts of the loops."""

import numpy as np


def walk(tree, row, column, second, slope, cut, depth):
    """Node of the last row of a tree that a row comes to."""
    node = 0
    for _ in range(depth):
        value = row[column[tree, node]]
        if slope[tree, node]:
            value = value + slope[tree, node] * row[second[tree, node]]
        node = 2 * node + 1 + int(value > cut[tree, node])
    return node


def path_sums(forest, X):
    """Sum of a row's paths over all trees."""
    X = X.astype(np.float32)
    arrays = (forest.column_, forest.second_, forest.slope_, forest.cut_, forest.depth_)
    trees = range(len(forest.column_))
    return np.array([sum(forest.expected_[t, walk(t, row, *arrays)] for t in trees) for row in X])


def kth_distance(rows, references, k):
    """Distance of each row to its k-th nearest reference."""
    gaps = ((rows[:, None, :].astype(float) - references[None].astype(float)) ** 2).sum(axis=2)
    return np.sqrt(np.sort(gaps, axis=1)[:, k - 1])


def tail_evidence(values, column, known):
    """Evidence of values against their column."""
    found = []
    for value in values:
        if np.isnan(value):
            found.append(0.0)
            continue
        seen = column[~np.isnan(column)]
        smaller = min((seen <= value).sum(), (seen >= value).sum())
        n = len(seen)
        if known:
            smaller, n = smaller - 1, n - 1
        found.append(max(0.0, -np.log(2 * (1 + smaller) / (1 + n))))
    return np.array(found)
