"""Tests of rules: which ones would survive a second look, with a bound on the chance that any of them is false."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from domains.basket.customers import Owners, correct_by_customers, owners_of, say_neighbours
from domains.basket.mining.search import as_baskets, frequent_itemsets
from domains.basket.mining.tree import Layout
from domains.basket.rules.family import CORRECTIONS, Correction, Family, adjust_family
from domains.basket.rules.query import RuleQuery
from domains.basket.rules.rule_table import R, RuleTable, need_baskets, with_columns
from shared.data import Incidence
from shared.errors import HexadError, quote
from shared.text import count_of
from shared.typing import Bools, Floats

__all__ = ["assess_rules", "declare_family"]

Test = Literal["matched", "fisher"]
NAMES = {"holm": "Holm", "bonferroni": "Bonferroni", "bh": "Benjamini & Hochberg"}
KEPT_BY = "are kept by the"
NO_OTHERS = "could not be compared, because no baskets without their antecedent hold as"
NEIGHBOURS = "baskets next to each other"
NO_OTHERS_FIX = "where all baskets are of one size, test='fisher' is right"

# Customers below which the spread between them says nothing of those to come.
LEAST_CUSTOMERS = 5


def assess_rules(
    rules: R,
    test: Test = "matched",
    *,
    correction: Correction = "holm",
    alpha: float = 0.05,
    family: Literal["testable", "mined"] = "testable",
    layered: bool = True,
    inherit: bool = True,
    alternative: Literal["greater", "less"] = "greater",
    baskets: object = None,
) -> R:
    """Test every rule for association of its sides, corrected for everything that could have been tested.

    ``"fisher"`` is Fisher's exact test: given how many baskets hold each side, how likely are so many with both?
    It takes large baskets for association: whoever buys much buys anything with anything. ``"matched"`` compares
    baskets only with others that hold as many items besides those of the antecedent, by Fisher's test within each such
    stratum and the exact distribution of the sum (Gart 1970; in item response theory, Holland & Thayer 1988).

    Where customers are named, they are what is drawn: what baskets of one customer have in common is allowed for (see
    `domains.basket.customers.spread.correct_by_customers`), so that a rule that a few customers repeat is not kept.

    The declared family holds every rule whose both sides are frequent enough for the rule to be, whether it was mined
    or not; with templates, or several items on the right, it is counted from above.

    A rule says that its consequent depends on the items of its antecedent; if that is certain of some of these items,
    it is of all. So with ``inherit`` a rule takes over the smallest adjusted p-value of the tested rules with the same
    consequent and part of its antecedent (a logical implication, as in closed testing, Marcus, Peritz & Gabriel 1976:
    the bound on false rules stays). It is kept if that is at most `alpha`, and it is itself met more often than
    expected, with a lift above one. What a longer antecedent adds is another question: see `without_redundant`.

    Parameters
    ----------
    rules : RuleTable
    test : {"matched", "fisher"}
        The first needs single items on the right, and the baskets.
    correction : {"holm", "bonferroni", "bh", "none"}
        Over the family; "bh" bounds the share of false rules among those kept, and takes neither layers nor
        inheritance.
    alpha : float
        Bound on the chance of any false rule (or on their share).
    family : {"testable", "mined"}
        "mined" counts only the rules at hand, which is too few where they were chosen by the same baskets.
    layered : bool
        Whether rules of one item on the left get half of `alpha`, those of two a quarter, and so on (Webb 2008).
    inherit : bool
        Whether rules take over from their part-rules, as above; only those at most `alpha` are handed on.
    alternative : {"greater", "less"}
        Together more often than expected, or less often: rules of items that keep apart.
    baskets : Incidence, optional
        Where the rules were loaded.

    Returns
    -------
    Rules
        With columns ``p_value``, ``p_adjusted``, ``expected`` (baskets), ``adjusted_lift`` (found over expected),
        ``kept``, and ``customers`` (with both sides in one basket) where they are named.

    Raises
    ------
    HexadError

    >>> from domains.basket import association_rules
    >>> baskets = [["tea", "milk"]] * 20 + [["tea"], ["milk"]] + [["soap"]] * 20
    >>> rules = assess_rules(association_rules(baskets, 0.5, min_support=5), "fisher")
    >>> rules.columns["kept"].tolist()
    [True, True]
    """
    for name, value, choices in (
        ("test", test, ("matched", "fisher")),
        ("correction", correction, CORRECTIONS),
        ("family", family, ("testable", "mined")),
        ("alternative", alternative, ("greater", "less")),
    ):
        if value not in choices:
            raise HexadError(f"{name}={value!r} is none of {quote(choices)}")
    if isinstance(alpha, str | bool) or not 0 < alpha < 1:
        raise HexadError(f"alpha={alpha!r} does not lie between 0 and 1")
    upper = alternative == "greater"
    known = whole = None
    _refuse_blind(rules, baskets)
    if test == "matched" or baskets is not None or rules.baskets is not None:
        known = need_baskets(rules, baskets, f"the {test} test", same=True)
        whole = known if baskets is None else as_baskets(baskets)  # items that no rule knows make baskets large, too
    if test == "fisher" or known is None or whole is None:
        (p, expected, variance), alone = _fisher(rules, upper), 0
    else:
        p, expected, variance = _test_matched(rules, known, whole.sizes, upper)
        alone = int((variance == 0).sum())
    owners = None if whole is None else owners_of(whole)
    by_customers, over = None, ""
    _refuse_few(owners)
    if known is not None and whole is not None and owners is not None:
        by_customers = correct_by_customers(
            rules, known, whole.sizes, owners, p, expected, variance, upper=upper, matched=test == "matched"
        )
        p = by_customers.p_value
        over = f" over {count_of(owners.n, 'customer')}"
    declared = declare_family(rules, baskets) if family == "testable" else _find_mined(rules)
    lengths = rules.antecedent_lengths
    corrected = adjust_family(p, lengths, declared, correction, layered=layered)
    hands_on = inherit and correction in {"holm", "bonferroni"}
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = rules.joint_counts / expected
    beyond = (ratio > 1) & (rules.lift > 1) if upper else ratio < 1
    if hands_on:
        corrected = _inherit(rules, corrected, beyond, alpha)
    kept = (corrected <= alpha) & beyond
    bound = "the share of false ones among them" if correction == "bh" else "the chance that any of them is false"
    said = "" if correction == "none" else f"; {bound} is at most {100 * alpha:g} %"
    family_text = f"{declared.total:,} {'testable' if family == 'testable' else 'mined'} hypotheses"
    note = (
        f"{int(kept.sum()):,} of {len(rules):,} rules {KEPT_BY} {test} test{over} "
        f"({'no correction' if correction == 'none' else NAMES[correction] + ' over ' + family_text}{said})"
    )
    found = {"p_value": p, "p_adjusted": corrected, "expected": expected, "adjusted_lift": ratio, "kept": kept}
    if by_customers is not None:
        found["customers"] = by_customers.customers
    compared = [f"{alone:,} rules {NO_OTHERS} many other items: {NO_OTHERS_FIX}"] if alone else []
    if whole is not None and (alike := say_neighbours(whole)):
        compared.append(alike)
    # A new test replaces what an earlier one said.
    earlier = tuple(
        told for told in rules.notes if not any(words in told for words in (KEPT_BY, NO_OTHERS, NEIGHBOURS))
    )
    return with_columns(replace(rules, notes=earlier), found, note, *compared)


def _refuse_blind(rules: RuleTable, baskets: object) -> None:
    """Refuse rules mined over customers whose baskets are not at hand."""
    if baskets is None and rules.baskets is None and "customers" in rules.columns:
        raise HexadError(
            "these rules were mined over customers, and without the baskets what one customer repeats cannot be told"
            " from a rule: pass baskets=, with the customers named"
        )


def _refuse_few(owners: Owners | None) -> None:
    """Refuse baskets of a handful of customers."""
    if owners is not None and owners.repeat and owners.n < LEAST_CUSTOMERS:
        raise HexadError(
            f"the baskets are of {count_of(owners.n, 'customer')}, and so few tell nothing of others: at least"
            f" {LEAST_CUSTOMERS} are needed"
        )


def _fisher(rules: RuleTable, upper: bool) -> tuple[Floats, Floats, Floats]:
    from domains.basket.rules.kernels import fisher_tail

    a, b, ab = (
        np.asarray(x, dtype=np.int64) for x in (rules.antecedent_counts, rules.consequent_counts, rules.joint_counts)
    )
    n = max(rules.n_baskets, 1)
    expected = a * b / n
    variance = expected * ((n - a) / n) * ((n - b) / max(n - 1, 1))
    return fisher_tail(rules.n_baskets, ab, a, b, upper), expected, variance


def _test_matched(rules: RuleTable, baskets: Incidence, sizes: Any, upper: bool) -> tuple[Floats, Floats, Floats]:
    """P-values, expected counts, and their variances, zero where no baskets could be compared."""
    from domains.basket.rules.kernels import stratified_tail

    lengths = rules.sets.lengths
    if len(rules) and int(lengths[rules.consequent].max()) > 1:
        raise HexadError(
            "the matched test needs single items on the right; mine with max_consequent=1, or pass test='fisher'"
        )
    order = np.argsort(rules.antecedent, kind="stable")
    groups, begin = np.unique(rules.antecedent[order], return_index=True)
    left = rules.sets.take(groups)
    right = rules.sets.codes[rules.sets.indptr[rules.consequent[order]]]
    layout = Layout.of(baskets, np.arange(baskets.n_items))
    p, expected, variance = stratified_tail(
        layout.item_ptr,
        layout.held,
        sizes,
        left.indptr,
        np.asarray(left.codes, dtype=np.int32),
        np.append(begin, len(order)).astype(np.int64),
        np.asarray(right, dtype=np.int32),
        rules.joint_counts[order].astype(np.int64),
        upper,
    )
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return p[back], expected[back], variance[back]


def declare_family(rules: RuleTable, baskets: object = None) -> Family:
    """How many rules could have been mined and tested: both sides frequent, within the templates and lengths asked for.

    >>> from domains.basket import association_rules
    >>> rules = association_rules([["a", "b"], ["a", "b"], ["c"]], 0.5, min_support=1)
    >>> declare_family(rules).sizes
    {1: 6, 2: 1}
    """
    asked = rules.query
    if asked.pairs:
        n_items = len(rules.sets.counts)
        return Family({1: n_items * (n_items - 1) // 2})
    simple = asked.antecedents is None and asked.consequents is None
    if simple and rules.tree is not None:
        counted = np.bincount(rules.tree.length)
        left = right = {int(k): int(counted[k]) for k in np.flatnonzero(counted)}
    else:
        known = need_baskets(rules, baskets, "the family of tests", same=True)
        found = known if baskets is None else as_baskets(baskets)  # with the items that no rule knows
        left = _frequent_by_length(found, asked, asked.antecedents)
        right = left if simple else _frequent_by_length(found, asked, asked.consequents, asked.max_consequent)
    sizes: dict[int, int] = {}
    for length, many in sorted(left.items()):
        room = sum(
            count
            for size, count in right.items()
            if size <= asked.max_consequent and (asked.max_length is None or size + length <= asked.max_length)
        )
        if simple and asked.max_consequent == 1:
            room = max(room - length, 0)  # no item stands on both sides
        if many * room:
            sizes[length] = many * room
    return Family(sizes)


def _frequent_by_length(
    baskets: Incidence, asked: RuleQuery, items: tuple[Any, ...] | None, longest: int | None = None
) -> dict[int, int]:
    """Number of frequent sets of each length over some of the items."""
    gone = set(asked.without_items or ())
    if items is not None:
        gone |= set(baskets.items) - set(baskets.items[baskets.item_codes(items)])
    most = [one for one in (longest, None if asked.max_length is None else asked.max_length - 1) if one is not None]
    sets = frequent_itemsets(
        baskets, asked.min_count, max_length=min(most, default=None), without_items=list(gone) or None
    )
    lengths, counts = np.unique(sets.lengths, return_counts=True)
    return {int(length): int(count) for length, count in zip(lengths, counts, strict=True)}


def _find_mined(rules: RuleTable) -> Family:
    lengths, many = np.unique(rules.antecedent_lengths, return_counts=True)
    return Family({int(k): int(m) for k, m in zip(lengths, many, strict=True)}, "mined")


def _inherit(rules: RuleTable, corrected: Floats, beyond: Bools, alpha: float) -> Floats:
    """Let every rule take over the smallest adjusted p-value of its part-rules; only those at most alpha matter."""
    out = corrected.copy()
    givers = np.flatnonzero((corrected <= alpha) & beyond)
    if len(givers) == 0:
        return out
    ptr, codes, lengths = rules.sets.indptr, rules.sets.codes, rules.sets.lengths
    same = _by_content(rules)
    order = np.argsort(same, kind="stable")
    rights, begin = np.unique(same[order], return_index=True)
    by_right: dict[int, Any] = dict(zip(rights.tolist(), np.split(order, begin[1:]), strict=True))
    flat: dict[int, tuple[Any, Any]] = {}
    for giver in givers:
        right = int(same[giver])
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


def _by_content(rules: RuleTable) -> NDArray[Any]:
    """A number for every rule's consequent, the same for the same items, however the sets are kept."""
    ptr, codes = rules.sets.indptr, rules.sets.codes
    if int(rules.sets.lengths[rules.consequent].max()) == 1:
        return codes[ptr[rules.consequent]].astype(np.int64)
    known: dict[tuple[int, ...], int] = {}
    ids = {
        int(side): known.setdefault(tuple(sorted(codes[ptr[side] : ptr[side + 1]].tolist())), len(known))
        for side in np.unique(rules.consequent)
    }
    return np.array([ids[int(side)] for side in rules.consequent], dtype=np.int64)
