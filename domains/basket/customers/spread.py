"""How alike the baskets of one customer are to a rule, and what that leaves of a test or an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from domains.basket.customers.owners import Owners
from domains.basket.mining.tree import Layout
from shared.data import Incidence
from shared.typing import Floats, Ints

if TYPE_CHECKING:
    from domains.basket.rules.rule_table import RuleTable, Sets

__all__ = ["ByCustomers", "count_customers", "lift_spread", "correct_by_customers"]


@dataclass(frozen=True, eq=False)
class ByCustomers:
    """A test of rules over customers.

    Attributes
    ----------
    p_value : numpy.ndarray, shape (n_rules,)
    alike : numpy.ndarray, shape (n_rules,)
        How many baskets of one customer are worth one: 1 where they are independent.
    customers : numpy.ndarray of int, shape (n_rules,)
        With both sides in one basket.

    >>> ByCustomers(np.ones(1), np.ones(1), np.ones(1, int)).alike.tolist()
    [1.0]
    """

    p_value: Floats
    alike: Floats
    customers: Ints


def correct_by_customers(
    rules: RuleTable,
    baskets: Incidence,
    sizes: Ints,
    owners: Owners,
    p_value: Floats,
    expected: Floats,
    variance: Floats,
    *,
    upper: bool = True,
    matched: bool = True,
) -> ByCustomers:
    """Correct p-values over baskets for what baskets of one customer have in common.

    The null hypothesis is that over customers what a rule finds beyond what sizes of baskets explain has mean zero. The
    baskets of a customer who happens to like both sides repeat that; so the variance is multiplied by the design
    effect, and the p-value is the tail of a Poisson distribution in units that give it this variance: in customers'
    worth of baskets. The design effect is the larger of two: the squares of customers' sums over those of their
    baskets, as surveys do it; and what follows from how much each side by itself is a habit, were both independent (the
    product of their correlations within customers, times the baskets of a customer beside one). Where baskets are as
    good as independent, it is the p-value over baskets that was given; it never falls below it.

    Parameters
    ----------
    rules : RuleTable
    baskets : Incidence
        In the vocabulary of the rules.
    sizes : numpy.ndarray of int, shape (n_baskets,)
        Of the baskets, with items that no rule knows.
    owners : Owners
    p_value, expected, variance : numpy.ndarray, shape (n_rules,)
        Of the test over baskets.
    upper : bool
        Whether rules met more often than expected are looked for, or less often.
    matched : bool
        Whether the test matched baskets on their size.

    Notes
    -----
    Sources: Rao & Scott (1992), A simple method for the analysis of clustered binary data, Biometrics 48(2); Moulton
    (1986), Random group effects and the precision of regression estimates, Journal of Econometrics 32(3).

    >>> import pandas as pd
    >>> from domains.basket import association_rules
    >>> from domains.basket.customers import owners_of
    >>> from shared.data import BasketColumns
    >>> table = pd.DataFrame({"order": [1, 1, 2, 2], "item": ["tea", "milk"] * 2, "customer": "a"})
    >>> baskets = Incidence.from_frame(table, BasketColumns(customer="customer"))
    >>> rules = association_rules(baskets, 0.5, min_support=1, min_customers=1)
    >>> half = np.full(2, 0.5)
    >>> correct_by_customers(rules, baskets, baskets.sizes, owners_of(baskets), half, half, half).customers.tolist()
    [1, 1]
    """
    order = np.argsort(rules.antecedent, kind="stable")
    groups, begin = np.unique(rules.antecedent[order], return_index=True)
    left = rules.sets.take(groups)
    right = rules.sets.take(rules.consequent[order])
    sizes = sizes if matched else np.zeros_like(sizes)
    layout = Layout.of(baskets, np.arange(baskets.n_items))
    found = _kernels().cluster_spread(
        layout.item_ptr,
        layout.held,
        sizes,
        left.indptr,
        np.asarray(left.codes, dtype=np.int32),
        np.append(begin, len(order)).astype(np.int64),
        right.indptr,
        np.asarray(right.codes, dtype=np.int32),
        owners.of_row,
        *owners.sizes(sizes),
        matched,
    )
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    by_owner, by_basket, customers = found[0][back], found[1][back], found[2][back]
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = np.where(by_basket > 0, by_owner / by_basket, 1.0)
    alike = np.maximum(np.maximum(alike, _habits(rules, layout, owners)), 1.0)
    tail = quasi_poisson_tail(rules.joint_counts, expected, variance * alike, upper=upper)
    return ByCustomers(np.where(alike > 1, np.maximum(p_value, tail), p_value), alike, customers)


def _habits(rules: RuleTable, layout: Layout, owners: Owners) -> Floats:
    """Design effect of each rule if its sides were independent: 1 where neither is a habit, or customers come once."""
    small = rules.used
    baskets_of = np.bincount(owners.of_row, minlength=owners.n).astype(np.int64)
    n, squared = float(len(owners.of_row)), float((baskets_of.astype(float) ** 2).sum())
    codes = np.asarray(small.sets.codes, dtype=np.int32)
    count, square, product = _kernels().owner_squares(
        layout.item_ptr, layout.held, small.sets.indptr, codes, owners.of_row, baskets_of
    )
    share = count / n
    within = square - 2 * share * product + share**2 * squared - n * share * (1 - share)
    pairs = squared - n
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = np.nan_to_num(np.clip(within / pairs / (share * (1 - share)), 0.0, 1.0)) if pairs > 0 else 0 * share
    return np.asarray(1 + pairs / n * alike[small.antecedent] * alike[small.consequent], dtype=float)


def _kernels() -> Any:
    """The compiled loops, which take numba along."""
    from domains.basket.customers import kernels

    return kernels


def quasi_poisson_tail(count: ArrayLike, mean: Floats, variance: Floats, *, upper: bool) -> Floats:
    """Tail of a Poisson distribution in other units, so that its mean and variance are as given.

    Parameters
    ----------
    count, mean, variance : array of shape (n,)
    upper : bool
        Whether the chance of so many or more is asked for, or that of so many or fewer.

    >>> quasi_poisson_tail([2.0], np.array([1.0]), np.array([1.0]), upper=True).round(3).tolist()
    [0.264]
    """
    from scipy import special

    found = np.asarray(count, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = np.where((mean > 0) & (variance > 0), variance / mean, 1.0)
        if upper:
            return np.where(found > 0, special.gammainc(np.maximum(found / unit, 1e-300), mean / unit), 1.0)
        return np.asarray(special.gammaincc(found / unit + 1, mean / unit), dtype=float)


def count_customers(rules: RuleTable, baskets: Incidence, owners: Owners) -> Ints:
    """Number of customers with both sides of a rule in one basket, for each rule.

    Parameters
    ----------
    rules : RuleTable
    baskets : Incidence
        In the vocabulary of the rules.
    owners : Owners

    >>> import pandas as pd
    >>> from domains.basket import association_rules
    >>> from domains.basket.customers import owners_of
    >>> from shared.data import BasketColumns
    >>> table = pd.DataFrame({"order": [1, 1, 2, 2], "item": ["tea", "milk"] * 2, "customer": "a"})
    >>> baskets = Incidence.from_frame(table, BasketColumns(customer="customer"))
    >>> rules = association_rules(baskets, 0.5, min_support=1, min_customers=1)
    >>> count_customers(rules, baskets, owners_of(baskets)).tolist()
    [1, 1]
    """
    if not len(rules):
        return np.zeros(0, dtype=np.int64)
    first, second = rules.sets.take(rules.antecedent), rules.sets.take(rules.consequent)
    owner = np.concatenate([np.repeat(np.arange(len(rules)), part.lengths) for part in (first, second)])
    both = np.concatenate([first.codes, second.codes])[np.argsort(owner, kind="stable")]
    ptr = np.concatenate([[0], np.cumsum(first.lengths + second.lengths)]).astype(np.int64)
    layout = Layout.of(baskets, np.arange(baskets.n_items))
    codes = np.asarray(both, dtype=np.int32)
    return np.asarray(_kernels().count_owners(layout.item_ptr, layout.held, ptr, codes, owners.of_row, owners.n))


def lift_spread(sets: Sets, left: ArrayLike, right: ArrayLike, baskets: Incidence, owners: Owners) -> Floats:
    """Standard error of the logarithm of each rule's lift, over customers; infinite where both sides never meet.

    Parameters
    ----------
    sets : Sets
    left, right : array of int, shape (n_rules,)
        Numbers of the sets on both sides.
    baskets : Incidence
        In the vocabulary of the sets.
    owners : Owners

    >>> import pandas as pd
    >>> from domains.basket import association_rules
    >>> from domains.basket.customers import owners_of
    >>> from shared.data import BasketColumns
    >>> table = pd.DataFrame({"order": [1, 1, 2, 2], "item": ["tea", "milk"] * 2, "customer": "a"})
    >>> baskets = Incidence.from_frame(table, BasketColumns(customer="customer"))
    >>> rules = association_rules(baskets, 0.5, min_support=1, min_customers=1)
    >>> lift_spread(rules.sets, rules.antecedent, rules.consequent, baskets, owners_of(baskets)).tolist()
    [0.0, 0.0]
    """
    layout = Layout.of(baskets, np.arange(baskets.n_items))
    baskets_of = np.bincount(owners.of_row, minlength=owners.n).astype(np.int64)
    squares: Floats = _kernels().ratio_squares(
        layout.item_ptr,
        layout.held,
        sets.indptr,
        np.asarray(sets.codes, dtype=np.int32),
        np.asarray(left, dtype=np.int64),
        np.asarray(right, dtype=np.int64),
        owners.of_row,
        baskets_of,
    )
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)), dtype=float)  # rounding can leave less than nothing
