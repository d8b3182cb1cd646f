"""Loops over rules that count by customer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.runtime.compile import jit
from shared.typing import Floats, Ints

__all__ = ["cluster_spread", "count_owners", "matched_squares", "owner_squares", "ratio_squares"]

Ranks = NDArray[np.int32]


@jit(nogil=True)
def count_owners(item_ptr: Ints, held: Ranks, set_ptr: Ints, codes: Ranks, owner: Ints, n_owners: int) -> Ints:
    """Number of customers with a basket that holds all items of a set, for each set."""
    overlap, last = np.zeros(len(owner), np.int32), np.full(n_owners, -1, np.int64)
    found = np.zeros(len(set_ptr) - 1, np.int64)
    for k in range(len(set_ptr) - 1):
        many = set_ptr[k + 1] - set_ptr[k]
        for q in range(set_ptr[k], set_ptr[k + 1]):
            for place in range(item_ptr[codes[q]], item_ptr[codes[q] + 1]):
                row = held[place]
                overlap[row] += 1
                if overlap[row] == many and last[owner[row]] != k:
                    last[owner[row]] = k
                    found[k] += 1
        for q in range(set_ptr[k], set_ptr[k + 1]):
            for place in range(item_ptr[codes[q]], item_ptr[codes[q] + 1]):
                overlap[held[place]] = 0
    return found


@jit(nogil=True)
def owner_squares(
    item_ptr: Ints, held: Ranks, set_ptr: Ints, codes: Ranks, owner: Ints, baskets_of: Ints
) -> tuple[Floats, Floats, Floats]:
    """For each set the number of its baskets; the sum over customers of its square; of its product with all baskets."""
    overlap, of = np.zeros(len(owner), np.int32), np.zeros(len(baskets_of), np.int64)
    n_sets = len(set_ptr) - 1
    count, square, product = np.zeros(n_sets), np.zeros(n_sets), np.zeros(n_sets)
    for k in range(n_sets):
        many = set_ptr[k + 1] - set_ptr[k]
        for q in range(set_ptr[k], set_ptr[k + 1]):
            for place in range(item_ptr[codes[q]], item_ptr[codes[q] + 1]):
                row = held[place]
                overlap[row] += 1
                if overlap[row] == many:
                    one = owner[row]
                    count[k] += 1.0
                    square[k] += 2.0 * of[one] + 1.0  # from of ** 2 to (of + 1) ** 2
                    product[k] += baskets_of[one]
                    of[one] += 1
        for q in range(set_ptr[k], set_ptr[k + 1]):
            for place in range(item_ptr[codes[q]], item_ptr[codes[q] + 1]):
                row = held[place]
                overlap[row] = 0
                of[owner[row]] = 0
    return count, square, product


@jit(nogil=True)
def ratio_squares(
    item_ptr: Ints,
    held: Ranks,
    set_ptr: Ints,
    codes: Ranks,
    left: Ints,
    right: Ints,
    owner: Ints,
    baskets_of: Ints,
) -> Floats:
    """Variance of the logarithm of each rule's lift over customers: the sum of squares of what each adds to it.

    A customer adds ``both / joint - left / a - right / b + baskets / n``. Infinite where no basket holds both sides.
    """
    n_rows, n_owners = len(owner), len(baskets_of)
    squared = 0.0
    for one in range(n_owners):
        squared += (baskets_of[one] / n_rows) ** 2
    in_left, in_right = np.zeros(n_rows, np.int32), np.zeros(n_rows, np.int32)
    a_of, b_of, ab_of = np.zeros(n_owners), np.zeros(n_owners), np.zeros(n_owners)
    met, touched = np.empty(n_owners, np.int64), np.zeros(n_owners, np.int8)
    found = np.full(len(left), np.inf)
    for r in range(len(left)):
        n_met, a, b, ab = 0, 0, 0, 0
        for side in range(2):
            chosen, marks = (left[r], in_left) if side == 0 else (right[r], in_right)
            many = set_ptr[chosen + 1] - set_ptr[chosen]
            for q in range(set_ptr[chosen], set_ptr[chosen + 1]):
                for place in range(item_ptr[codes[q]], item_ptr[codes[q] + 1]):
                    row = held[place]
                    marks[row] += 1
                    if marks[row] != many:
                        continue
                    one = owner[row]
                    if touched[one] == 0:
                        touched[one] = 1
                        met[n_met] = one
                        n_met += 1
                    if side == 0:
                        a_of[one] += 1
                        a += 1
                    else:
                        b_of[one] += 1
                        b += 1
                        if in_left[row] == set_ptr[left[r] + 1] - set_ptr[left[r]]:
                            ab_of[one] += 1
                            ab += 1
        total = squared
        for k in range(n_met):
            one = met[k]
            own = baskets_of[one] / n_rows
            if ab > 0:
                total += (ab_of[one] / ab - a_of[one] / a - b_of[one] / b + own) ** 2 - own**2
            a_of[one], b_of[one], ab_of[one], touched[one] = 0.0, 0.0, 0.0, 0
        if ab > 0:
            found[r] = total * n_owners / max(n_owners - 1, 1)
        for side in range(2):
            chosen, marks = (left[r], in_left) if side == 0 else (right[r], in_right)
            for q in range(set_ptr[chosen], set_ptr[chosen + 1]):
                for place in range(item_ptr[codes[q]], item_ptr[codes[q] + 1]):
                    marks[held[place]] = 0
    return found


@jit(nogil=True)
def cluster_spread(
    item_ptr: Ints,
    held: Ranks,
    sizes: Ints,
    lhs_ptr: Ints,
    lhs: Ranks,
    group_ptr: Ints,
    rhs_ptr: Ints,
    rhs: Ranks,
    owner: Ints,
    owned_ptr: Ints,
    owned_size: Ints,
    owned_count: Ints,
    matched: bool,
) -> tuple[Floats, Floats, Ints]:
    """How alike the baskets of one customer are to a rule: squares of customers' sums, squares of baskets, customers.

    A basket counts by ``(A - a / n) (B - b / n)``, with the shares a / n and b / n of both sides among the baskets of
    its stratum (see `stratified_tail`); that sums to what is found beyond what is expected. Both squares are taken
    around the mean. The third is the number of customers with both sides in one basket. `owner` is the customer of each
    basket; the sizes of a customer's baskets, and how many have them, are ``owned_size`` and ``owned_count`` between
    ``owned_ptr``. Where not `matched`, all sizes are zero, and all baskets are one stratum.
    """
    own = 1 if matched else 0  # items of the antecedent count for nothing where baskets are not told apart by size
    n_rules = len(rhs_ptr) - 1
    n_rows, n_owners, most = len(sizes), len(owned_ptr) - 1, 0
    for row in range(n_rows):
        most = max(most, sizes[row])
    base = np.zeros(most + 1, np.int64)
    for row in range(n_rows):
        base[sizes[row]] += 1
    baskets_of = np.zeros(n_owners, np.int64)
    for row in range(n_rows):
        baskets_of[owner[row]] += 1
    squared = 0.0
    for one in range(n_owners):
        squared += float(baskets_of[one]) ** 2
    overlap = np.zeros(n_rows, np.int32)
    by_owner, by_row, customers = np.zeros(n_rules), np.zeros(n_rules), np.zeros(n_rules, np.int64)
    total, part, mine = np.zeros(most + 1, np.int64), np.zeros(most + 1, np.int64), np.zeros(most + 1, np.int64)
    common, first, second = np.zeros(most + 1, np.int64), np.zeros(most + 1), np.zeros(most + 1)
    near, whole, right = np.empty(n_rows, np.int64), np.empty(n_rows, np.int64), np.empty(n_rows, np.int64)
    marks = np.zeros(n_rows, np.int32)
    sums, joint, touched = np.zeros(n_owners), np.zeros(n_owners, np.int32), np.zeros(n_owners, np.int8)
    met = np.empty(n_owners, np.int64)
    for g in range(len(group_ptr) - 1):
        many = lhs_ptr[g + 1] - lhs_ptr[g]
        total[:] = base
        part[:] = 0
        n_near, n_whole = 0, 0
        for q in range(lhs_ptr[g], lhs_ptr[g + 1]):
            for place in range(item_ptr[lhs[q]], item_ptr[lhs[q] + 1]):
                row = held[place]
                if overlap[row] == 0:
                    near[n_near] = row
                    n_near += 1
                total[sizes[row] - own * overlap[row]] -= 1
                overlap[row] += 1
                total[sizes[row] - own * overlap[row]] += 1
                if overlap[row] == many:
                    part[sizes[row] - own * many] += 1
                    whole[n_whole] = row
                    n_whole += 1
        for r in range(group_ptr[g], group_ptr[g + 1]):
            mine[:] = 0
            common[:] = 0
            n_met, n_right = 0, 0
            wanted = rhs_ptr[r + 1] - rhs_ptr[r]
            for q in range(rhs_ptr[r], rhs_ptr[r + 1]):
                for place in range(item_ptr[rhs[q]], item_ptr[rhs[q] + 1]):
                    row = held[place]
                    marks[row] += 1
                    if marks[row] == wanted:
                        right[n_right] = row
                        n_right += 1
                        mine[sizes[row] - own * overlap[row]] += 1
            for q in range(rhs_ptr[r], rhs_ptr[r + 1]):
                for place in range(item_ptr[rhs[q]], item_ptr[rhs[q] + 1]):
                    marks[held[place]] = 0
            for s in range(most + 1):
                first[s] = part[s] / total[s] if total[s] > 0 else 0.0
                second[s] = mine[s] / total[s] if total[s] > 0 else 0.0
            for k in range(n_right):
                row = right[k]
                one, s = owner[row], sizes[row] - own * overlap[row]
                if touched[one] == 0:
                    touched[one] = 1
                    met[n_met] = one
                    n_met += 1
                sums[one] -= first[s]
                if overlap[row] == many:
                    sums[one] += 1.0
                    common[s] += 1
                    if joint[one] == 0:
                        customers[r] += 1
                    joint[one] += 1
            for k in range(n_whole):
                row = whole[k]
                one = owner[row]
                if touched[one] == 0:
                    touched[one] = 1
                    met[n_met] = one
                    n_met += 1
                sums[one] -= second[sizes[row] - own * many]
            for k in range(n_met):
                one = met[k]
                for place in range(owned_ptr[one], owned_ptr[one + 1]):
                    s = owned_size[place]
                    sums[one] += owned_count[place] * first[s] * second[s]
            for k in range(n_near):
                row = near[k]
                if touched[owner[row]] == 1:
                    s = sizes[row] - own * overlap[row]
                    sums[owner[row]] += first[s] * second[s] - first[sizes[row]] * second[sizes[row]]
            excess = 0.0
            for s in range(most + 1):
                if total[s] == 0:
                    continue
                a, b = first[s], second[s]
                excess += common[s] - part[s] * b
                by_row[r] += (
                    common[s] * ((1 - a) * (1 - b)) ** 2
                    + (part[s] - common[s]) * ((1 - a) * b) ** 2
                    + (mine[s] - common[s]) * (a * (1 - b)) ** 2
                    + (total[s] - part[s] - mine[s] + common[s]) * (a * b) ** 2
                )
            mean = excess / n_rows
            rest = squared
            for k in range(n_met):
                one = met[k]
                by_owner[r] += (sums[one] - baskets_of[one] * mean) ** 2
                rest -= float(baskets_of[one]) ** 2
                sums[one], joint[one], touched[one] = 0.0, 0, 0
            by_owner[r] += rest * mean**2  # customers with neither side count by the mean alone
            by_row[r] -= n_rows * mean**2
        for k in range(n_near):
            overlap[near[k]] = 0
    return by_owner, by_row, customers


@jit(nogil=True)
def matched_squares(
    item_ptr: Ints,
    held: Ranks,
    sizes: Ints,
    lhs_ptr: Ints,
    lhs: Ranks,
    group_ptr: Ints,
    rhs: Ranks,
    owner: Ints,
    owned_ptr: Ints,
    owned_size: Ints,
    owned_count: Ints,
    clustered: bool,
) -> tuple[Floats, Floats]:
    """What each rule should be met by sizes of baskets, and the variance of the logarithm of found over expected.

    Rules come in groups of the same antecedent, and baskets in strata, as in `stratified_tail`. The variance is the sum
    of squares of what each basket adds to the logarithm, or, where `clustered`, each customer: a basket of a stratum of
    n, of which a hold the antecedent and b the consequent, adds ``both / found - (left * b + right * a) / (n *
    expected) + a * b / (n**2 * expected)``. It is infinite where no basket holds both sides.
    """
    n_rules, n_rows, n_owners, most = len(rhs), len(sizes), len(owned_ptr) - 1, 0
    for row in range(n_rows):
        most = max(most, sizes[row])
    base = np.zeros(most + 1, np.int64)
    for row in range(n_rows):
        base[sizes[row]] += 1
    units = n_owners if clustered else n_rows
    expected, squares = np.zeros(n_rules), np.full(n_rules, np.inf)
    total, part = np.zeros(most + 1, np.int64), np.zeros(most + 1, np.int64)
    mine, common = np.zeros(most + 1, np.int64), np.zeros(most + 1, np.int64)
    of_left, of_right, of_all = np.zeros(most + 1), np.zeros(most + 1), np.zeros(most + 1)
    overlap, sums = np.zeros(n_rows, np.int32), np.zeros(n_owners)
    near, whole = np.empty(n_rows, np.int64), np.empty(n_rows, np.int64)
    for g in range(len(group_ptr) - 1):
        many = lhs_ptr[g + 1] - lhs_ptr[g]
        total[:] = base
        part[:] = 0
        n_near, n_whole = 0, 0
        for q in range(lhs_ptr[g], lhs_ptr[g + 1]):
            for place in range(item_ptr[lhs[q]], item_ptr[lhs[q] + 1]):
                row = held[place]
                if overlap[row] == 0:
                    near[n_near] = row
                    n_near += 1
                total[sizes[row] - overlap[row]] -= 1
                overlap[row] += 1
                total[sizes[row] - overlap[row]] += 1
                if overlap[row] == many:
                    part[sizes[row] - many] += 1
                    whole[n_whole] = row
                    n_whole += 1
        for r in range(group_ptr[g], group_ptr[g + 1]):
            mine[:] = 0
            common[:] = 0
            found = 0
            for place in range(item_ptr[rhs[r]], item_ptr[rhs[r] + 1]):
                row = held[place]
                mine[sizes[row] - overlap[row]] += 1
                if overlap[row] == many:
                    common[sizes[row] - many] += 1
                    found += 1
            for s in range(most + 1):
                if total[s] > 0:
                    expected[r] += part[s] * mine[s] / total[s]
            if found == 0:
                continue
            for s in range(most + 1):
                if total[s] == 0:
                    of_left[s], of_right[s], of_all[s] = 0.0, 0.0, 0.0
                    continue
                of_left[s] = mine[s] / (total[s] * expected[r])
                of_right[s] = part[s] / (total[s] * expected[r])
                of_all[s] = part[s] * of_left[s] / total[s]
            squared = 0.0
            if clustered:
                for one in range(n_owners):
                    sums[one] = 0.0
                    for place in range(owned_ptr[one], owned_ptr[one + 1]):
                        sums[one] += owned_count[place] * of_all[owned_size[place]]
                for k in range(n_near):
                    row = near[k]
                    sums[owner[row]] += of_all[sizes[row] - overlap[row]] - of_all[sizes[row]]
                for k in range(n_whole):
                    row = whole[k]
                    sums[owner[row]] -= of_left[sizes[row] - many]
                for place in range(item_ptr[rhs[r]], item_ptr[rhs[r] + 1]):
                    row = held[place]
                    sums[owner[row]] -= of_right[sizes[row] - overlap[row]]
                    if overlap[row] == many:
                        sums[owner[row]] += 1.0 / found
                for one in range(n_owners):
                    squared += sums[one] ** 2
            else:
                for s in range(most + 1):
                    both, left, right = common[s], part[s] - common[s], mine[s] - common[s]
                    squared += (
                        both * (1.0 / found - of_left[s] - of_right[s] + of_all[s]) ** 2
                        + left * (of_all[s] - of_left[s]) ** 2
                        + right * (of_all[s] - of_right[s]) ** 2
                        + (total[s] - both - left - right) * of_all[s] ** 2
                    )
            squares[r] = squared * units / max(units - 1, 1)
        for k in range(n_near):
            overlap[near[k]] = 0
    return expected, squares
