"""Tests of rules: which ones would survive a second look, with a bound on the chance that any of them is false."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from domains.basket.mining.search import frequent_itemsets
from domains.basket.rules.association import association_rules
from domains.basket.rules.correction import CORRECTIONS, Correction, Family, adjusted
from domains.basket.rules.rules import Rules, need_baskets, with_columns
from shared.data import Incidence
from shared.errors import HexadError, quoted

__all__ = ["PermutationTest", "declared_family", "permutation_test", "randomised", "tested"]

Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
Test = Literal["matched", "fisher"]
KEPT_BY = "are kept by the"
NO_OTHERS = "could not be compared, because no baskets without their antecedent hold as"
NO_OTHERS_MEND = "where all baskets are of one size, test='fisher' is right"
TRADES = 5
"""Trades a basket when baskets are randomised; items are well mixed from about two on."""


def tested(
    rules: Rules,
    test: Test = "matched",
    *,
    correction: Correction = "holm",
    alpha: float = 0.05,
    family: Literal["testable", "mined"] = "testable",
    layered: bool = True,
    inherit: bool = True,
    alternative: Literal["greater", "less"] = "greater",
    baskets: Any = None,
) -> Rules:
    """Test every rule for association of its sides, corrected for everything that could have been tested.

    ``"fisher"`` is Fisher's exact test: given how many baskets hold each side, how likely are so many with both?
    It takes large baskets for association: whoever buys much buys anything with anything. ``"matched"`` compares
    baskets only with others that hold as many items besides those of the antecedent, by Fisher's test within each such
    stratum and the exact distribution of the sum (Gart 1970; in item response theory, Holland & Thayer 1988).

    The declared family holds every rule whose both sides are frequent enough for the rule to be, whether it was mined
    or not. A rule says that its consequent depends on the items of its antecedent; if that is certain of some of
    these items, it is of all. So with ``inherit`` a rule takes over the smallest adjusted p-value of the tested rules
    with the same consequent and part of its antecedent (a logical implication, as in closed testing, Marcus, Peritz &
    Gabriel 1976: the bound on false rules stays). It is kept if that is at most `alpha` and it is itself met more
    often than expected. What a longer antecedent adds is another question: see `without_redundant`.

    Parameters
    ----------
    rules : Rules
    test : {"matched", "fisher"}
        The first needs single items on the right, and the baskets.
    correction : {"holm", "bonferroni", "bh", "none"}
        Over the family; "bh" bounds the share of false rules among those kept, and takes neither layers nor inheritance.
    alpha : float
        Bound on the chance of any false rule (or on their share).
    family : {"testable", "mined"}
        "mined" counts only the rules at hand, which is too few where they were chosen by the same baskets.
    layered, inherit : bool
    alternative : {"greater", "less"}
        Together more often than expected, or less often: rules of items that keep apart.
    baskets : Incidence, optional
        Where the rules were loaded.

    Returns
    -------
    Rules
        With columns ``p_value``, ``p_adjusted``, ``expected`` (baskets), ``adjusted_lift`` (found over expected) and
        ``kept``.

    Raises
    ------
    HexadError

    >>> baskets = [["tea", "milk"]] * 20 + [["tea"], ["milk"]] + [["soap"]] * 20
    >>> rules = tested(association_rules(baskets, 0.5, min_support=5), "fisher")
    >>> rules.found["kept"].tolist()
    [True, True]
    """
    for name, value, choices in (
        ("test", test, ("matched", "fisher")), ("correction", correction, CORRECTIONS),
        ("family", family, ("testable", "mined")), ("alternative", alternative, ("greater", "less")),
    ):  # fmt: skip
        if value not in choices:
            raise HexadError(f"{name}={value!r} is none of {quoted(choices)}")
    if not 0 < alpha < 1:
        raise HexadError(f"alpha={alpha} does not lie between 0 and 1")
    upper = alternative == "greater"
    if test == "fisher":
        (p, expected), alone = _fisher(rules, upper), 0
    else:
        p, expected, alone = _matched(rules, need_baskets(rules, baskets, "the matched test"), upper)
    declared = declared_family(rules, baskets) if family == "testable" else _mined(rules)
    lengths = rules.antecedent_lengths
    corrected = adjusted(p, lengths, declared, correction, layered=layered)
    hands_on = inherit and correction in {"holm", "bonferroni"}
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = rules.together / expected
    beyond = ratio > 1 if upper else ratio < 1
    if hands_on:
        corrected = _inherited(rules, corrected, beyond, alpha)
    kept = (corrected <= alpha) & beyond
    bound = "the share of false ones among them" if correction == "bh" else "the chance that any of them is false"
    said = "" if correction == "none" else f"; {bound} is at most {100 * alpha:g} %"
    family_text = f"{declared.total:,} {'testable' if family == 'testable' else 'mined'} hypotheses"
    note = (
        f"{int(kept.sum()):,} of {len(rules):,} rules {KEPT_BY} {test} test "
        f"({'no correction' if correction == 'none' else correction + ' over ' + family_text}{said})"
    )
    found = {"p_value": p, "p_adjusted": corrected, "expected": expected, "adjusted_lift": ratio, "kept": kept}
    compared = (f"{alone:,} rules {NO_OTHERS} many other items: {NO_OTHERS_MEND}",) if alone else ()
    earlier = tuple(told for told in rules.told if KEPT_BY not in told and NO_OTHERS not in told)  # a new test replaces what an earlier one said
    return with_columns(replace(rules, told=earlier), found, note, *compared)


def _fisher(rules: Rules, upper: bool) -> tuple[Floats, Floats]:
    from domains.basket.rules.kernels import fisher_tail

    a, b, ab = (
        np.asarray(x, dtype=np.int64) for x in (rules.antecedent_counts, rules.consequent_counts, rules.together)
    )
    return fisher_tail(rules.n_baskets, ab, a, b, upper), a * b / max(rules.n_baskets, 1)


def _matched(rules: Rules, baskets: Incidence, upper: bool) -> tuple[Floats, Floats, int]:
    """P-values, expected counts, and how many rules no baskets could be compared for."""
    from domains.basket.mining.tree import Layout
    from domains.basket.rules.kernels import matched_tail

    lengths = rules.sets.lengths
    if len(rules) and int(lengths[rules.consequent].max()) > 1:
        raise HexadError(
            "the matched test needs single items on the right; mine with max_consequent=1, or pass test='fisher'"
        )
    if baskets.n_rows != rules.n_baskets:
        raise HexadError(
            f"the rules were mined from {rules.n_baskets:,} baskets, but {baskets.n_rows:,} are given; "
            "to look at rules again in other baskets, use held_out"
        )
    order = np.argsort(rules.antecedent, kind="stable")
    groups, begin = np.unique(rules.antecedent[order], return_index=True)
    left = rules.sets.take(groups)
    right = rules.sets.codes[rules.sets.indptr[rules.consequent[order]]]
    layout = Layout.of(baskets, np.arange(baskets.n_items))
    p, expected, variance = matched_tail(
        layout.item_ptr, layout.held, baskets.sizes, left.indptr, np.asarray(left.codes, dtype=np.int32),
        np.append(begin, len(order)).astype(np.int64), np.asarray(right, dtype=np.int32),
        rules.together[order].astype(np.int64), upper,
    )  # fmt: skip
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return p[back], expected[back], int((variance == 0).sum())


def declared_family(rules: Rules, baskets: Any = None) -> Family:
    """How many rules could have been mined and tested: both sides frequent, within the templates and lengths asked for.

    >>> rules = association_rules([["a", "b"], ["a", "b"], ["c"]], 0.5, min_support=1)
    >>> declared_family(rules).sizes
    {1: 6, 2: 1}
    """
    asked = rules.asked
    most = None if asked.max_length is None else asked.max_length - 1
    simple = asked.antecedents is None and asked.consequents is None
    if simple and rules.tree is not None:
        counted = np.bincount(rules.tree.length, minlength=2)
        by_length = {int(k): int(counted[k]) for k in np.flatnonzero(counted)}
        right, overlap = int(counted[1]), True
    else:
        found = need_baskets(rules, baskets, "the family of tests")
        items = found.items if asked.antecedents is None else found.items[found.codes_of(asked.antecedents)]
        barred = found.items.difference(items) if asked.antecedents is not None else None
        gone = set(asked.without_items or ()) | (set(barred) if barred is not None else set())
        sets = frequent_itemsets(found, asked.min_count, max_length=most, without_items=list(gone) or None)
        counted = np.bincount(sets.lengths) if len(sets) else np.zeros(1, np.int64)
        by_length = {int(k): int(counted[k]) for k in np.flatnonzero(counted)}
        allowed = np.arange(found.n_items) if asked.consequents is None else found.codes_of(asked.consequents)
        allowed = allowed[~np.isin(found.items[allowed], list(asked.without_items or ()))]
        right = int((found.counts[allowed] >= asked.min_count).sum())
        overlap = simple
    sizes: dict[int, int] = {}
    for length, many in sorted(by_length.items()):
        if most is not None and length > most:
            continue
        if asked.max_consequent > 1:
            room = sum(
                count for size, count in by_length.items()
                if size <= asked.max_consequent and (asked.max_length is None or size + length <= asked.max_length)
            )  # fmt: skip
        else:
            room = max(right - length, 0) if overlap else right
        if many * room:
            sizes[length] = many * room
    return Family(sizes)


def _mined(rules: Rules) -> Family:
    lengths, many = np.unique(rules.antecedent_lengths, return_counts=True)
    return Family({int(k): int(m) for k, m in zip(lengths, many, strict=True)}, "mined")


def _inherited(rules: Rules, corrected: Floats, beyond: Bools, alpha: float) -> Floats:
    """Let every rule take over the smallest adjusted p-value of its part-rules; only those at most alpha matter."""
    out = corrected.copy()
    givers = np.flatnonzero((corrected <= alpha) & beyond)
    if len(givers) == 0:
        return out
    ptr, codes, lengths = rules.sets.indptr, rules.sets.codes, rules.sets.lengths
    by_right: dict[int, Any] = {}
    order = np.argsort(rules.consequent, kind="stable")
    rights, begin = np.unique(rules.consequent[order], return_index=True)
    for right, part in zip(rights.tolist(), np.split(order, begin[1:]), strict=True):
        by_right[right] = part
    flat: dict[int, tuple[Any, Any]] = {}
    for giver in givers:
        right = int(rules.consequent[giver])
        part = by_right[right]
        if right not in flat:
            left = rules.sets.take(rules.antecedent[part])
            flat[right] = (left.codes, np.repeat(np.arange(len(part)), left.lengths))
        held, owner = flat[right]
        wanted = codes[ptr[rules.antecedent[giver]] : ptr[rules.antecedent[giver] + 1]]
        inside = np.bincount(owner[np.isin(held, wanted)], minlength=len(part)) == lengths[rules.antecedent[giver]]
        takers = part[inside]
        out[takers] = np.minimum(out[takers], corrected[giver])
    return out


def randomised(baskets: Incidence, random_state: int = 0) -> Incidence:
    """Baskets of the same sizes that hold every item as often, but otherwise at random.

    Trades between two baskets drawn at random (Strona, Nappo, Boccacci, Fattorini & San-Miguel-Ayanz 2014); what is
    found in them is found by chance (Gionis, Mannila, Mielikäinen & Tsaparas 2007).

    >>> baskets = Incidence.from_lists([["a", "b"], ["c"], ["a", "c"]])
    >>> mixed = randomised(baskets, 1)
    >>> mixed.counts.tolist() == baskets.counts.tolist(), mixed.sizes.tolist() == baskets.sizes.tolist()
    (True, True)
    """
    from domains.basket.rules.kernels import swapped

    codes = swapped(baskets.indptr, baskets.codes, max(baskets.n_items, 1), TRADES * baskets.n_rows, int(random_state))
    return replace(baskets, codes=codes, weights=None, told=())


@dataclass(frozen=True, eq=False)
class PermutationTest:
    """How the same search fares on baskets without any association.

    Attributes
    ----------
    rules : Rules
        The rules, with ``p_adjusted`` by the smallest p-values of the randomised baskets, and ``kept``.
    smallest : numpy.ndarray, shape (n_randomised,)
        Smallest p-value found in each randomised set of baskets.
    mined, any_kept : numpy.ndarray, shape (n_randomised,)
        Number of rules mined in each, and whether the same test kept any.

    >>> PermutationTest.__name__
    'PermutationTest'
    """

    rules: Rules
    smallest: Floats
    mined: Any
    any_kept: Bools

    def explain(self) -> str:
        """Say in plain sentences how often chance alone passes."""
        n = len(self.smallest)
        return (
            f"In {n:,} randomised sets of baskets (same sizes, same item counts) the same search mined {np.median(self.mined):,.0f} "
            f"rules on average, against {len(self.rules):,} in the real ones, and the test kept any rule in "
            f"{int(self.any_kept.sum()):,} of {n:,} ({100 * self.any_kept.mean():.1f} %). "
            f"{int(self.rules.found['kept'].sum()):,} real rules have a smaller p-value than chance gives in 95 % of them."
        )


def permutation_test(
    rules: Rules, n_randomised: int = 99, *, test: Test = "matched", alpha: float = 0.05, random_state: int = 0,
    n_jobs: int = 1,
) -> PermutationTest:  # fmt: skip
    """Run the same search and test on randomised baskets, and adjust by the smallest p-values found there.

    Westfall & Young's (1993) single-step minimum p: valid whatever the dependence between rules.

    Parameters
    ----------
    rules : Rules
        As mined, with their baskets.
    n_randomised : int
        Sets of randomised baskets; with 99 the smallest adjusted p-value is 0.01.
    test, alpha
        See `tested`.
    random_state : int
        Seeds of the randomised baskets are this and those that follow it.
    n_jobs : int

    >>> rules = association_rules([["a", "b"]] * 30 + [["a"], ["b"], ["c"]] * 10, 0.2, min_support=5)
    >>> len(permutation_test(rules, 19, test="fisher").smallest)
    19
    """
    from shared.runtime.parallel import map_parallel

    baskets = need_baskets(rules, None, "the permutation test")
    jobs = [(baskets, rules, test, alpha, random_state + turn) for turn in range(n_randomised)]
    found = map_parallel(_by_chance, jobs, n_jobs=n_jobs)
    smallest = np.array([one[0] for one in found])
    real = tested(rules, test, alpha=alpha)
    p = real.found["p_value"]
    rank = np.searchsorted(np.sort(smallest), p, side="right")
    corrected = (1 + rank) / (n_randomised + 1)
    beyond = real.found["adjusted_lift"] > 1
    new = {**real.found, "p_adjusted": corrected, "kept": (corrected <= alpha) & beyond}
    return PermutationTest(
        with_columns(rules, new), smallest, np.array([one[1] for one in found]), np.array([one[2] for one in found])
    )


def _by_chance(job: tuple[Incidence, Rules, Test, float, int]) -> tuple[float, int, bool]:
    baskets, rules, test, alpha, seed = job
    again = mined_alike(rules, randomised(baskets, seed))
    if len(again) == 0:
        return 1.0, 0, False
    by_chance = tested(again, test, alpha=alpha)
    return float(by_chance.found["p_value"].min()), len(again), bool(by_chance.found["kept"].any())


def mined_alike(rules: Rules, baskets: Incidence) -> Rules:
    """Mine other baskets as these rules were mined.

    >>> rules = association_rules([["a", "b"]], 0.5, min_support=1)
    >>> len(mined_alike(rules, Incidence.from_lists([["a", "b"], ["c"]])))
    2
    """
    asked = rules.asked
    return association_rules(
        frequent_itemsets(baskets, asked.min_count, max_length=asked.max_length, without_items=asked.without_items),
        float(asked.min_confidence) if asked.min_confidence.denominator == 1 else asked.min_confidence,  # type: ignore[arg-type]
        max_consequent=asked.max_consequent, antecedents=asked.antecedents, consequents=asked.consequents,
    )  # fmt: skip
