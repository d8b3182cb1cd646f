"""Loops over rules: subsets by links between sets, rules by whole numbers, exact tests, and randomised baskets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.runtime.compile import jit
from shared.typing import Bools, Floats, Ints, Lengths

__all__ = ["best_general", "fisher_tail", "link_subsets", "stratified_tail", "generate_rules", "swap_randomise"]

Ranks = NDArray[np.int32]
# Multiplications up to which the distribution of a sum is worked out exactly; beyond, its tail is a saddlepoint's.
EXACT_STEPS = 100_000
# Exponent from which a probability, e to the minus 200, is none.
NEGLIGIBLE = 200.0
"""Terms this many nats below the largest are left out of a stratum."""


@jit(nogil=True)
def link_subsets(item: Ranks, length: Lengths, ptr: Ints, n_items: int) -> tuple[Ranks, Ranks]:
    """For every set of a tree with all subsets, and each of its items: the set without that item (-1: the empty one).

    The set without its j-th item is a child of the prefix without its j-th item; children are found by hashing.
    Returns the links, flat like the items, and the parents.
    """
    n = len(item)
    size = 16
    while size < 2 * n:
        size *= 2
    keys, values = np.full(size, -1, np.int64), np.empty(size, np.int32)
    mask = size - 1
    parent, latest = np.empty(n, np.int32), np.empty(32768, np.int32)
    for k in range(n):
        depth = length[k]
        parent[k] = -1 if depth == 1 else latest[depth - 1]
        latest[depth] = k
        key = np.int64(parent[k] + 1) * n_items + item[k]
        slot = (key * np.int64(-7046029254386353131) >> 20) & mask
        while keys[slot] >= 0:
            slot = (slot + 1) & mask
        keys[slot], values[slot] = key, k
    links = np.empty(ptr[n], np.int32)
    for k in range(n):
        depth, above = length[k], parent[k]
        links[ptr[k] + depth - 1] = above
        for j in range(depth - 1):
            key = np.int64(links[ptr[above] + j] + 1) * n_items + item[k]
            slot = (key * np.int64(-7046029254386353131) >> 20) & mask
            while keys[slot] != key:
                slot = (slot + 1) & mask
            links[ptr[k] + j] = values[slot]
    return links, parent


@jit(nogil=True)
def _twice(old: Any) -> Any:
    new = np.empty(2 * len(old), old.dtype)
    new[: len(old)] = old
    return new


@jit(nogil=True)
def generate_rules(
    item: Ranks,
    length: Lengths,
    count: Ranks,
    ptr: Ints,
    links: Ranks,
    flat: Ranks,
    single: Ranks,
    needed: Ranks,
    before: Bools,
    after: Bools,
    longest: int,
    limit: int,
) -> tuple[Ranks, Ranks, Ranks, bool]:
    """All rules whose set is in at least ``needed[baskets of the antecedent]`` baskets.

    A consequent is grown item by item, in the order of the set: where it fails, all larger ones do, because their
    antecedents are in no fewer baskets. `before` and `after` mark the items that may stand on either side, `single` is
    the node of each item alone, and `flat` holds the ranks of every set.

    Returns sets, antecedents and consequents by their nodes, and whether there are more than `limit`.
    """
    n = len(item)
    sets, lhs, rhs = np.empty(1024, np.int32), np.empty(1024, np.int32), np.empty(1024, np.int32)
    found = 0
    at, ante, conse = np.empty(32768, np.int64), np.empty(32768, np.int64), np.empty(32768, np.int64)
    # Children of a node follow it; the node of a consequent is found by walking them.
    stop = np.empty(n, np.int64)
    trail = np.empty(32768, np.int64)
    depth_now = 0
    for k in range(n):
        while depth_now >= length[k]:
            stop[trail[depth_now]] = k
            depth_now -= 1
        depth_now = int(length[k])
        trail[depth_now] = k
    while depth_now >= 1:
        stop[trail[depth_now]] = n
        depth_now -= 1
    for k in range(n):
        size = np.int64(length[k])
        if size < 2:
            continue
        barred = 0
        for j in range(size):
            if not before[flat[ptr[k] + j]]:
                barred += 1
        level = 0
        at[0], ante[0], conse[0] = 0, k, -1
        freed = np.zeros(1, np.int64)  # barred items that stand in the consequent, along the way down
        while level >= 0:
            j = at[level]
            if j >= size or level >= longest or level >= size - 1:
                if level > 0:
                    j = at[level - 1] - 1
                    if not before[flat[ptr[k] + j]]:
                        freed[0] -= 1
                level -= 1
                continue
            at[level] += 1
            one = flat[ptr[k] + j]
            if not after[one]:
                continue
            # The j-th item of the set is the (j - level)-th of an antecedent that lacks `level` items before it.
            without = links[ptr[ante[level]] + j - level]
            if count[k] < needed[count[without]]:
                continue
            node = np.int64(single[one])
            if level > 0:
                node = conse[level] + 1
                while item[node] != one:
                    node = stop[node]
            if not before[one]:
                freed[0] += 1
            if freed[0] == barred:
                if found >= limit:
                    return sets[:found], lhs[:found], rhs[:found], True
                if found == len(sets):
                    sets, lhs, rhs = _twice(sets), _twice(lhs), _twice(rhs)
                sets[found], lhs[found], rhs[found] = k, without, node
                found += 1
            level += 1
            at[level], ante[level], conse[level] = j + 1, without, node
    return sets[:found], lhs[:found], rhs[:found], False


@jit(nogil=True)
def best_general(
    sets: Ranks, lhs: Ranks, count: Ranks, length: Lengths, ptr: Ints, links: Ranks, flat: Ranks, empty: float
) -> Floats:
    """Highest confidence among the rules with a smaller antecedent and the same consequent, the empty one included.

    `empty` is the number of all baskets. Antecedents are shrunk item by item, each subset once.
    """
    best = np.zeros(len(sets))
    at, whole, part = np.empty(32768, np.int64), np.empty(32768, np.int64), np.empty(32768, np.int64)
    for r in range(len(sets)):
        size = np.int64(length[lhs[r]])
        level = 0
        at[0], whole[0], part[0] = 0, sets[r], lhs[r]
        highest = 0.0
        while level >= 0:
            j = at[level]
            if j >= size - level:
                level -= 1
                continue
            at[level] += 1
            gone = flat[ptr[part[level]] + j]
            smaller = np.int64(links[ptr[part[level]] + j])
            p = ptr[whole[level]]
            while flat[p] != gone:
                p += 1
            rest = np.int64(links[p])
            share = count[rest] / (empty if smaller < 0 else float(count[smaller]))
            highest = max(highest, share)
            if smaller >= 0:
                level += 1
                at[level], whole[level], part[level] = j, rest, smaller
        best[r] = highest
    return best


@jit(nogil=True)
def _log_factorials(n: int) -> Floats:
    """Logarithms of the factorials up to n, by compensated sums."""
    table = np.zeros(n + 1)
    lost = 0.0
    for k in range(2, n + 1):
        step = np.log(float(k)) - lost
        total = table[k - 1] + step
        lost = (total - table[k - 1]) - step
        table[k] = total
    return table


@jit(nogil=True)
def fisher_tail(n: int, together: Ints, first: Ints, second: Ints, upper: bool) -> Floats:
    """One-sided Fisher p-values: the chance of at least (at most) `together` common baskets, both margins given."""
    table = _log_factorials(n)
    p = np.empty(len(together))
    for r in range(len(p)):
        a, b, x = first[r], second[r], together[r]
        low, high = max(0, a + b - n), min(a, b)
        if (upper and x <= low) or (not upper and x >= high):
            p[r] = 1.0
            continue
        # Beyond the mode the sum is small; before it, what is missing to one is: the tail from the next value on.
        mode = (a + 1) * (b + 1) // (n + 2)
        rest = x <= mode if upper else x >= mode
        up = upper != rest
        if rest:
            x += -1 if upper else 1
        term = np.exp(
            table[a]
            - table[x]
            - table[a - x]
            + table[n - a]
            - table[b - x]
            - table[n - a - b + x]
            + table[b]
            + table[n - b]
            - table[n]
        )
        # Terms rise up to the mode and fall behind it; the sum goes on until they no longer matter.
        total, k = term, x
        if up:
            while k < high:
                ratio = (a - k) / (k + 1) * (b - k) / (n - a - b + k + 1)
                term *= ratio
                total += term
                k += 1
                if ratio < 1 and term < 1e-17 * total:
                    break
        else:
            while k > low:
                ratio = k / (a - k + 1) * (n - a - b + k) / (b - k + 1)
                term *= ratio
                total += term
                k -= 1
                if ratio < 1 and term < 1e-17 * total:
                    break
        p[r] = max(0.0, 1.0 - total) if rest else min(1.0, total)
    return p


@jit(nogil=True)
def _stratum(n: int, a: int, b: int, table: Floats, into: Floats) -> tuple[int, int]:
    """Write the hypergeometric probabilities of a stratum that matter; return the first value and how many."""
    low, high = max(0, a + b - n), min(a, b)
    mode = int((a + 1) * (b + 1) / (n + 2))
    mode = max(low, min(high, mode))
    top = (
        table[a]
        - table[mode]
        - table[a - mode]
        + table[n - a]
        - table[b - mode]
        - table[n - a - b + mode]
        + table[b]
        + table[n - b]
        - table[n]
    )
    cut = np.exp(-NEGLIGIBLE)
    first, last = mode, mode
    term = 1.0
    while first > low:
        term *= first / (a - first + 1) * (n - a - b + first) / (b - first + 1)
        if term < cut:
            break
        first -= 1
    term = 1.0
    while last < high:
        term *= (a - last) / (last + 1) * (b - last) / (n - a - b + last + 1)
        if term < cut:
            break
        last += 1
    into[mode - first] = np.exp(top)
    for k in range(mode, first, -1):
        into[k - 1 - first] = into[k - first] * (k / (a - k + 1)) * ((n - a - b + k) / (b - k + 1))
    for k in range(mode, last):
        into[k + 1 - first] = into[k - first] * ((a - k) / (k + 1)) * ((b - k) / (n - a - b + k + 1))
    return first, last - first + 1


@jit(nogil=True)
def _normal_tail(w: float) -> Any:
    """Chance that a standard normal variable exceeds w, of good relative accuracy far out (w >= 0)."""
    if w < 5.0:
        return 0.5 * math.erfc(w / np.sqrt(2.0))
    share = 0.0  # continued fraction of Mills' ratio
    for k in range(60, 0, -1):
        share = k / (w + share)
    return np.exp(-0.5 * w * w) / np.sqrt(2 * np.pi) / (w + share)


@jit(nogil=True)
def _sum_tail(value: Floats, begin: Ints, size: Ints, offset: Ints, n_strata: int, x: int) -> Any:
    """Chance that a sum of independent counts is at least x: exactly where that is cheap, else by saddlepoint.

    Lugannani & Rice (1980) with Daniels' (1987) second correction for counts; their relative error is of the order of
    one over the variance, and only sums of many counts come here.
    """
    steps, width = 0, 1
    lowest = 0
    for s in range(n_strata):
        steps += width * size[s]
        width += size[s] - 1
        lowest += offset[s]
    if x <= lowest:
        return 1.0
    if x > lowest + width - 1:
        return np.exp(-NEGLIGIBLE)
    if steps <= EXACT_STEPS:
        whole = np.zeros(width)
        whole[0] = 1.0
        filled = 1
        for s in range(n_strata):
            new = np.zeros(filled + size[s] - 1)
            for i in range(filled):
                here = whole[i]
                for j in range(size[s]):
                    new[i + j] += here * value[begin[s] + j]
            filled += size[s] - 1
            whole[:filled] = new
        total = 0.0
        for i in range(filled - 1, x - lowest - 1, -1):
            total += whole[i]
        return min(1.0, total)
    target = x - 0.5 - lowest
    low, high = -60.0, 60.0
    t, k0, k1, k2 = 0.0, 0.0, 0.0, 0.0
    mean, variance = 0.0, 0.0
    for turn in range(60):
        k0, k1, k2 = 0.0, 0.0, 0.0
        for s in range(n_strata):
            m0, m1, m2 = 0.0, 0.0, 0.0
            growth, scale = np.exp(t), 1.0
            for j in range(size[s]):
                weight = value[begin[s] + j] * scale
                m0 += weight
                m1 += j * weight
                m2 += j * j * weight
                scale *= growth
            k0 += np.log(m0)
            k1 += m1 / m0
            k2 += m2 / m0 - (m1 / m0) ** 2
        if turn == 0:
            mean, variance = k1, k2
        if abs(k1 - target) < 1e-7 * (1.0 + abs(target - mean)):
            break
        if k1 < target:
            low = t
        else:
            high = t
        step = t + (target - k1) / max(k2, 1e-12)
        t = step if low < step < high and abs(step - t) < 1.0 else 0.5 * (max(low, t - 1.0) + min(high, t + 1.0))
    z = (target - mean) / np.sqrt(variance)
    w = np.sqrt(max(2 * (t * target - k0), 0.0))
    if abs(z) < 0.05 or w < 0.05:
        return 0.5 * math.erfc(z / np.sqrt(2.0))
    v = 2 * np.sinh(0.5 * abs(t)) * np.sqrt(k2)
    beyond = _normal_tail(w) + np.exp(-0.5 * w * w) / np.sqrt(2 * np.pi) * (1 / v - 1 / w)
    beyond = min(max(beyond, 0.0), 1.0)
    return beyond if t > 0 else 1.0 - beyond


@jit(nogil=True)
def stratified_tail(
    item_ptr: Ints,
    held: Ranks,
    sizes: Ints,
    lhs_ptr: Ints,
    lhs: Ranks,
    group_ptr: Ints,
    rhs: Ranks,
    together: Ints,
    upper: bool,
) -> tuple[Floats, Floats, Floats]:
    """One-sided exact p-values that match baskets on how much else they hold; expected counts and their variances.

    Rules come in groups of the same antecedent (`group_ptr`); `rhs` are single items. Baskets with r items besides
    those of the antecedent form stratum r, in which the consequent is dealt out as by Fisher's test; the p-value is
    that of the sum over strata.
    """
    n_rows = len(sizes)
    most = 0
    for row in range(n_rows):
        most = max(most, sizes[row])
    table = _log_factorials(n_rows)
    base = np.zeros(most + 1, np.int64)
    for row in range(n_rows):
        base[sizes[row]] += 1
    overlap = np.zeros(n_rows, np.int32)
    p, expected, variance = np.ones(len(rhs)), np.zeros(len(rhs)), np.zeros(len(rhs))
    total, part, mine = np.zeros(most + 1, np.int64), np.zeros(most + 1, np.int64), np.zeros(most + 1, np.int64)
    begin, size, offset = np.empty(most + 1, np.int64), np.empty(most + 1, np.int64), np.empty(most + 1, np.int64)
    value = np.empty(n_rows + most + 2)
    for g in range(len(group_ptr) - 1):
        many = lhs_ptr[g + 1] - lhs_ptr[g]
        total[:] = base
        part[:] = 0
        for q in range(lhs_ptr[g], lhs_ptr[g + 1]):
            for place in range(item_ptr[lhs[q]], item_ptr[lhs[q] + 1]):
                row = held[place]
                total[sizes[row] - overlap[row]] -= 1
                overlap[row] += 1
                total[sizes[row] - overlap[row]] += 1
                if overlap[row] == many:
                    part[sizes[row] - many] += 1
        for r in range(group_ptr[g], group_ptr[g + 1]):
            mine[:] = 0
            for place in range(item_ptr[rhs[r]], item_ptr[rhs[r] + 1]):
                row = held[place]
                mine[sizes[row] - overlap[row]] += 1
            n_strata, used = 0, 0
            for s in range(most + 1):
                a, b, n = part[s], mine[s], total[s]
                if a == 0 or b == 0:
                    continue
                expected[r] += a * b / n
                if n > 1:
                    variance[r] += a * b / n * ((n - a) / n) * ((n - b) / (n - 1))
                begin[n_strata] = used
                offset[n_strata], size[n_strata] = _stratum(n, a, b, table, value[used:])
                used += size[n_strata]
                n_strata += 1
            if upper:
                p[r] = _sum_tail(value, begin, size, offset, n_strata, together[r])
            else:
                for s in range(n_strata):  # the other tail is that of what is missing to the largest values
                    values = value[begin[s] : begin[s] + size[s]]
                    values[:] = values[::-1].copy()
                    offset[s] = -(offset[s] + size[s] - 1)
                p[r] = _sum_tail(value, begin, size, offset, n_strata, -together[r])
        for q in range(lhs_ptr[g], lhs_ptr[g + 1]):
            for place in range(item_ptr[lhs[q]], item_ptr[lhs[q] + 1]):
                overlap[held[place]] = 0
    return p, expected, variance


@jit(nogil=True)
def swap_randomise(row_ptr: Ints, codes: Ranks, n_items: int, trades: int, seed: int) -> Ranks:
    """Randomised baskets with the same sizes and item counts, by trades between two baskets (Strona et al. 2014).

    Two baskets drawn at random put what only one of them holds on a heap, and deal it out again at random.
    """
    np.random.seed(seed)  # the generator that compiled code has
    n_rows = len(row_ptr) - 1
    flat = codes.copy()
    mark = np.zeros(n_items, np.int8)
    heap = np.empty(2 * n_items + 1, np.int32)
    if n_rows < 2:
        return flat
    for _ in range(trades):
        first, second = np.random.randint(0, n_rows), np.random.randint(0, n_rows)
        if first == second:
            continue
        a, b = flat[row_ptr[first] : row_ptr[first + 1]], flat[row_ptr[second] : row_ptr[second + 1]]
        for one in a:
            mark[one] += 1
        for one in b:
            mark[one] += 2
        size, own = 0, 0
        for one in a:
            if mark[one] == 1:
                heap[size] = one
                size += 1
        own = size
        for one in b:
            if mark[one] == 2:
                heap[size] = one
                size += 1
        if own > 0 and size > own:
            for k in range(own):
                other = k + np.random.randint(0, size - k)
                heap[k], heap[other] = heap[other], heap[k]
            dealt = 0
            for q in range(len(a)):
                if mark[a[q]] == 1:
                    mark[a[q]] = 0
                    a[q] = heap[dealt]
                    dealt += 1
                else:
                    mark[a[q]] = 0
            for q in range(len(b)):
                if mark[b[q]] == 2:
                    b[q] = heap[dealt]
                    dealt += 1
            for k in range(size):
                mark[heap[k]] = 0
            for one in b:
                mark[one] = 0
        else:
            for one in a:
                mark[one] = 0
            for one in b:
                mark[one] = 0
    for row in range(n_rows):
        flat[row_ptr[row] : row_ptr[row + 1]].sort()
    return flat
