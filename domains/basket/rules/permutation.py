"""What the same search and test find where there is nothing to be found: randomised baskets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from domains.basket.customers import owners_of
from domains.basket.mining.search import as_baskets, frequent_itemsets, whole_number, whole_seed
from domains.basket.rules.association import association_rules
from domains.basket.rules.pairs import item_pairs
from domains.basket.rules.rule_table import need_baskets, with_columns
from domains.basket.rules.rules import Rules
from domains.basket.rules.significance import assess_rules
from shared.data import Incidence
from shared.errors import HexadError
from shared.result import Result
from shared.runtime.parallel import map_parallel
from shared.typing import Bools, Floats

__all__ = ["PermutationTest", "permutation_test", "randomise"]

Test = Literal["matched", "fisher"]
# Trades a basket: each then trades with some ten others.
TRADES = 5
"""Trades a basket when baskets are randomised; items are well mixed from about two on."""


def randomise(baskets: object, random_state: int = 0) -> Incidence:
    """Baskets of the same sizes that hold every item as often, but otherwise at random.

    Trades between two baskets drawn at random (Strona, Nappo, Boccacci, Fattorini & San-Miguel-Ayanz 2014); what is
    found in them is found by chance (Gionis, Mannila, Mielikäinen & Tsaparas 2007).

    Parameters
    ----------
    baskets : Incidence, or what `frequent_itemsets` takes
    random_state : int
        Seed of the trades; the same seed gives the same baskets.

    >>> baskets = Incidence.from_lists([["a", "b"], ["c"], ["a", "c"]])
    >>> mixed = randomise(baskets, 1)
    >>> mixed.counts.tolist() == baskets.counts.tolist(), mixed.sizes.tolist() == baskets.sizes.tolist()
    (True, True)
    """
    from domains.basket.rules.kernels import swap_randomise

    found, seed = as_baskets(baskets), whole_seed(random_state)
    codes = swap_randomise(found.indptr, found.codes, max(found.n_items, 1), TRADES * found.n_rows, seed)
    return replace(found, codes=codes, weights=None, notes=())


@dataclass(frozen=True, eq=False, repr=False)
class PermutationTest(Result):
    """How the same search fares on baskets without any association.

    Attributes
    ----------
    rules : Rules
        The rules, with ``p_adjusted`` by the smallest p-values of the randomised baskets, and ``kept``.
    smallest : numpy.ndarray, shape (n_randomised,)
        Smallest p-value found in each randomised set of baskets.
    mined, any_kept : numpy.ndarray, shape (n_randomised,)
        Number of rules mined in each, and whether the same test kept any.
    by_customers : bool
        Whether customers have several baskets each: then only those are kept that the test over customers keeps, too.

    >>> PermutationTest.__name__
    'PermutationTest'
    """

    rules: Rules
    smallest: Floats
    mined: Any
    any_kept: Bools
    by_customers: bool = False

    def explain(self) -> str:
        """Say in plain sentences how often chance alone passes."""
        n = len(self.smallest)
        return (
            f"In {n:,} randomised sets of baskets (same sizes, same item counts) the same search mined"
            f" {np.median(self.mined):,.0f} rules on average, against {len(self.rules):,} in the real ones, and the"
            f" test kept any rule in {int(self.any_kept.sum()):,} of {n:,} ({100 * self.any_kept.mean():.1f} %)."
            f" {int(self.rules.columns['kept'].sum()):,} real rules have a smaller p-value than chance gives in 95 % of"
            f" them{', and hold over customers, too' if self.by_customers else ''}."
        )


def permutation_test(
    rules: Rules,
    n_randomised: int = 99,
    *,
    test: Test = "matched",
    alternative: Literal["greater", "less"] = "greater",
    alpha: float = 0.05,
    random_state: int = 0,
    n_jobs: int = 1,
) -> PermutationTest:
    """Run the same search and test on randomised baskets, and adjust by the smallest p-values found there.

    Westfall & Young's (1993) single-step minimum p: valid whatever the dependence between rules.

    Parameters
    ----------
    rules : Rules
        As mined, with their baskets. Filters that came after the mining are not repeated on the randomised ones: with
        them the result is on the safe side.
    n_randomised : int
        Sets of randomised baskets; with 99 the smallest adjusted p-value is 0.01.
    test, alternative, alpha
        See `assess_rules`.
    random_state : int
        Seeds of the randomised baskets are this and those that follow it.
    n_jobs : int

    >>> rules = association_rules([["a", "b"]] * 30 + [["a"], ["b"], ["c"]] * 10, 0.2, min_support=5)
    >>> len(permutation_test(rules, 19, test="fisher").smallest)
    19
    """
    if n_randomised is None:
        raise HexadError("n_randomised=None is no whole number from 1 on")
    n_randomised, seed = whole_number(n_randomised, "n_randomised", 10**6), whole_seed(random_state)
    baskets = need_baskets(rules, None, "the permutation test")
    jobs = [(baskets, rules, test, alternative, alpha, (seed + turn) % 2**31) for turn in range(n_randomised)]
    found = map_parallel(_by_chance, jobs, n_jobs=n_jobs)
    smallest = np.array([one[0] for one in found])
    real = assess_rules(rules, test, alternative=alternative, alpha=alpha)
    p = real.columns["p_value"]
    rank = np.searchsorted(np.sort(smallest), p, side="right")
    corrected = (1 + rank) / (n_randomised + 1)
    ratio = real.columns["adjusted_lift"]
    beyond = ratio > 1 if alternative == "greater" else ratio < 1
    kept = (corrected <= alpha) & beyond
    owners = owners_of(baskets)
    repeated = owners is not None and owners.repeat
    if repeated:  # trades between baskets break up the habits of customers, and so do not tell them from rules
        kept &= real.columns["kept"]
    new = {**real.columns, "p_adjusted": corrected, "kept": kept}
    mined, any_kept = (np.array([one[place] for one in found]) for place in (1, 2))
    return PermutationTest(with_columns(rules, new), smallest, mined, any_kept, repeated)


def _by_chance(job: tuple[Incidence, Rules, Test, Literal["greater", "less"], float, int]) -> tuple[float, int, bool]:
    baskets, rules, test, alternative, alpha, seed = job
    again = mine_again(rules, randomise(baskets, seed))
    if len(again) == 0:
        return 1.0, 0, False
    by_chance = assess_rules(again, test, alternative=alternative, alpha=alpha)
    return float(by_chance.columns["p_value"].min()), len(again), bool(by_chance.columns["kept"].any())


def mine_again(rules: Rules, baskets: Incidence) -> Rules:
    """Mine other baskets as these rules were mined.

    >>> rules = association_rules([["a", "b"]], 0.5, min_support=1)
    >>> len(mine_again(rules, Incidence.from_lists([["a", "b"], ["c"]])))
    2
    """
    asked = rules.query
    if asked.pairs:
        return item_pairs(baskets, asked.min_count, max_items=baskets.n_items)
    return association_rules(
        frequent_itemsets(baskets, asked.min_count, max_length=asked.max_length, without_items=asked.without_items),
        asked.min_confidence,
        min_customers=None if baskets.customers is None else asked.min_customers,
        max_consequent=asked.max_consequent,
        antecedents=asked.antecedents,
        consequents=asked.consequents,
    )
