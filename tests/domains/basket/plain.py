"""Plain counterparts of the basket domain, over Python's own sets and fractions; slow, and easy to see through."""

import math
from fractions import Fraction
from itertools import chain, combinations


def subsets(items, largest=None):
    listed = sorted(items)
    top = len(listed) if largest is None else min(largest, len(listed))
    return chain.from_iterable(combinations(listed, size) for size in range(1, top + 1))


def frequent(baskets, least, longest=None):
    """Every set of items and its count, by looking at all subsets of all baskets."""
    counts = {}
    for basket in baskets:
        for one in subsets(set(basket), longest):
            counts[frozenset(one)] = counts.get(frozenset(one), 0) + 1
    return {one: count for one, count in counts.items() if count >= least}


def closed(sets):
    return {one: n for one, n in sets.items() if not any(one < other and n == m for other, m in sets.items())}


def maximal(sets):
    return {one: n for one, n in sets.items() if not any(one < other for other in sets)}


def count(baskets, items):
    return sum(1 for basket in baskets if set(items) <= set(basket))


def rules(sets, confidence: Fraction, longest=None):
    """Every rule as (left, right): common count, by exact fractions."""
    found = {}
    for whole, n in sets.items():
        for right in subsets(whole, longest):
            left = whole - set(right)
            if left and Fraction(n, sets[left]) >= confidence:
                found[left, frozenset(right)] = n
    return found


def hypergeometric(n, a, b):
    """Chances of every common count, as exact fractions."""
    whole = math.comb(n, b)
    return {
        x: Fraction(math.comb(a, x) * math.comb(n - a, b - x), whole) for x in range(max(0, a + b - n), min(a, b) + 1)
    }


def matched_tail(baskets, left, right, upper=True):
    """The matched test by summing over all outcomes of all strata, in exact fractions; and the expected count."""
    left = set(left)
    strata = {}
    for basket in map(set, baskets):
        cell = strata.setdefault(len(basket - left), [0, 0, 0])
        cell[0] += 1
        cell[1] += left <= basket
        cell[2] += right in basket
    chances, expected = {0: Fraction(1)}, Fraction(0)
    for n, a, b in strata.values():
        expected += Fraction(a * b, n)
        own = hypergeometric(n, a, b)
        merged = {}
        for x, p in chances.items():
            for y, q in own.items():
                merged[x + y] = merged.get(x + y, 0) + p * q
        chances = merged
    seen = count(baskets, left | {right})
    return float(sum(p for x, p in chances.items() if (x >= seen if upper else x <= seen))), float(expected)
