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


def adjusted_lift(baskets, left, right, whose=None):
    """Found over expected by size, the expected count, and the standard error of the ratio's logarithm by customers.

    The error is that of the jackknife's first step: how far the logarithm moves as a customer's baskets weigh a little
    more, by the derivative written out for every basket.
    """
    left = set(left)
    cells = [(len(set(basket) - left), left <= set(basket), right in basket) for basket in baskets]
    strata = {}
    for size, has_left, has_right in cells:
        cell = strata.setdefault(size, [0, 0, 0])
        cell[0] += 1
        cell[1] += has_left
        cell[2] += has_right
    expected = sum(a * b / n for n, a, b in strata.values())
    seen = count(baskets, left | {right})
    if not seen:
        return (0.0 if expected else math.nan), expected, math.inf
    moved = {}
    for number, (size, has_left, has_right) in enumerate(cells):
        n, a, b = strata[size]
        step = (has_left and has_right) / seen - (has_left * b / n + has_right * a / n - a * b / n**2) / expected
        one = number if whose is None else whose[number]
        moved[one] = moved.get(one, 0.0) + step
    many = len(moved)
    return seen / expected, expected, math.sqrt(sum(step**2 for step in moved.values()) * many / (many - 1))
