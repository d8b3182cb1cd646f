"""Rules in columns: the sets on their sides, the whole numbers behind them, their measures, and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd

from domains.basket.mining.search import as_baskets, as_fraction
from domains.basket.mining.tree import Tree
from domains.basket.names import as_lists, format_set, percent
from domains.basket.rules.measures import DEFAULT_MEASURES, MEASURES, Counts, evaluate_measures
from domains.basket.rules.query import RuleQuery
from domains.basket.rules.words import say_customers, say_why_none
from shared.checks import is_whole
from shared.data import Incidence
from shared.data.incidence import encode_items
from shared.data.incidence_checks import pick_rows
from shared.errors import HexadError, quote
from shared.result import Result
from shared.text import count_of, sentences
from shared.typing import Codes, Floats, Ints

__all__ = ["R", "RuleTable", "Sets", "need_baskets", "with_columns"]

R = TypeVar("R", bound="RuleTable")

SHOWN = ("support", "confidence", "lift")
# Relative distance of a measure from its bound within which it is worked out exactly, by fractions.
NEAR = 1e-9


@dataclass(frozen=True, eq=False)
class Sets:
    """Sets of items in flat arrays, and how many baskets hold each.

    >>> Sets(np.array([0, 2]), np.array([0, 1]), np.array([5])).lengths.tolist()
    [2]
    """

    indptr: Ints
    codes: Codes
    counts: Codes

    @property
    def lengths(self) -> Ints:
        """Number of items of each set."""
        return np.diff(self.indptr)

    def take(self, chosen: Any) -> Sets:
        """Keep some sets, by number."""
        lengths = self.lengths[chosen]
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        places = np.repeat(self.indptr[chosen] - indptr[:-1], lengths) + np.arange(indptr[-1])
        return Sets(indptr, self.codes[places], self.counts[chosen])


@dataclass(frozen=True, eq=False, repr=False)
class RuleTable(Result):
    """Rules "who has the antecedent has the consequent", with the whole numbers behind them; see `Rules`.

    Attributes
    ----------
    items : pandas.Index
        Names of the items.
    n_baskets : int
        Number of baskets they were mined from, empty ones included.
    sets : Sets
        All sets that occur.
    antecedent, consequent : numpy.ndarray of int, shape (n_rules,)
        Numbers of the sets on the left and on the right.
    joint_counts : numpy.ndarray of int, shape (n_rules,)
        Baskets that hold both sides.
    query : RuleQuery
        What was asked for.
    columns : dict of str to numpy.ndarray
        Further columns, such as those of a test.
    baskets : Incidence, optional
        What they were mined from; not saved.
    tree : Tree, optional
        All frequent sets as a tree, in the order of `sets`, where all were mined; not saved.
    notes : tuple of str
        What was done to them, in sentences.

    >>> from domains.basket import association_rules
    >>> baskets = [["tea", "milk"], ["tea", "milk"], ["milk"], ["tea"]]
    >>> rules = association_rules(baskets, min_support=2, min_confidence=0.6)
    >>> print(rules.sentence(0))
    tea → milk: 2 of 3 baskets (66.7 %), lift 0.889
    """

    items: pd.Index[Any]
    n_baskets: int
    sets: Sets
    antecedent: Codes
    consequent: Codes
    joint_counts: Codes
    query: RuleQuery
    columns: dict[str, Any] = field(default_factory=dict)
    baskets: Incidence | None = None
    tree: Tree | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.joint_counts)

    @property
    def antecedent_counts(self) -> Codes:
        """Baskets that hold each antecedent."""
        return self.sets.counts[self.antecedent]

    @property
    def consequent_counts(self) -> Codes:
        """Baskets that hold each consequent."""
        return self.sets.counts[self.consequent]

    @cached_property
    def lift(self) -> Floats:
        """Lift of each rule."""
        return self.measure("lift")

    @cached_property
    def confidence(self) -> Floats:
        """Confidence of each rule."""
        return self.measure("confidence")

    @property
    def antecedent_lengths(self) -> Ints:
        """Number of items of each antecedent."""
        return self.sets.lengths[self.antecedent]

    def measure(self, name: str) -> Floats:
        """Values of one measure.

        Parameters
        ----------
        name : str
            One of `domains.basket.MEASURES`.

        >>> from domains.basket import association_rules
        >>> association_rules([["a", "b"], ["a"]], min_support=1, min_confidence=0.5).measure("lift").tolist()
        [1.0, 1.0]
        """
        return self.measures([name])[name].to_numpy()

    def measures(self, names: Iterable[str] = DEFAULT_MEASURES) -> pd.DataFrame:
        """Table of interest measures, a row a rule; see `domains.basket.MEASURES` for meanings and sources.

        Parameters
        ----------
        names : iterable of str
            Of `domains.basket.MEASURES`.

        >>> from domains.basket import association_rules
        >>> rules = association_rules([["a", "b"], ["a"], ["b"], []], min_support=1, min_confidence=0.5)
        >>> rules.measures(["lift", "jaccard"]).round(3).to_dict("list")
        {'lift': [1.0, 1.0], 'jaccard': [0.333, 0.333]}
        """
        names = [names] if isinstance(names, str) else names
        values = evaluate_measures(
            names, self.n_baskets, self.joint_counts, self.antecedent_counts, self.consequent_counts
        )
        return pd.DataFrame(values, copy=False)

    def take(self, chosen: Any) -> Self:
        """Keep some rules, by number or by a mask; what was declared before a test stays.

        Parameters
        ----------
        chosen : array of int or of bool
            Positions of the rules, in the order wanted, or whether to keep each.
        """
        chosen = pick_rows(chosen, len(self))
        return replace(
            self,
            antecedent=self.antecedent[chosen],
            consequent=self.consequent[chosen],
            joint_counts=self.joint_counts[chosen],
            columns={name: values[chosen] for name, values in self.columns.items()},
        )

    def where(self, **least: object) -> Self:
        """Keep the rules whose measures are at least as given; quotients of whole numbers are compared exactly.

        Parameters
        ----------
        **least : float or Fraction
            Bounds by measure, as in ``lift=1.5``.

        >>> from domains.basket import association_rules
        >>> rules = association_rules([["a", "b"], ["a", "b"], ["c"]], min_support=1, min_confidence=0.5)
        >>> len(rules.where(lift=1.5, leverage=0))
        2
        """
        values = self.measures(least)
        keep = np.ones(len(self), dtype=bool)
        for name, bound in least.items():
            exact, value = as_fraction(bound, name), values[name].to_numpy()
            with np.errstate(invalid="ignore"):
                passed = value >= float(exact)
                near = np.abs(value - float(exact)) <= NEAR * max(1.0, abs(float(exact)))
            for k in np.flatnonzero(near) if MEASURES[name].rational else ():
                counts = (self.joint_counts[k], self.antecedent_counts[k], self.consequent_counts[k])
                found = MEASURES[name].formula(Counts(Fraction(self.n_baskets), *(Fraction(int(c)) for c in counts)))
                meets = np.asarray(found, dtype=object).item() >= exact
                passed[k] = meets if isinstance(bound, Fraction) else passed[k] or meets
            keep &= passed
        return replace(
            self.take(keep), notes=(*self.notes, f"{len(self) - int(keep.sum()):,} rules fell short of {least}")
        )

    def with_items(self, *, antecedent: Iterable[Any] | None = None, consequent: Iterable[Any] | None = None) -> Self:
        """Keep the rules whose sides hold all of the given items.

        Parameters
        ----------
        antecedent : iterable, optional
            Names of items that the left side holds.
        consequent : iterable, optional
            Names of items that the right side holds.

        >>> from domains.basket import association_rules
        >>> rules = association_rules([["a", "b"], ["a", "b"], ["c"]], min_support=1, min_confidence=0.5)
        >>> rules.with_items(consequent=["b"]).sentence(0)
        'a → b: 2 of 2 baskets (100 %), lift 1.5'
        """
        keep = np.ones(len(self), dtype=bool)
        held = np.repeat(np.arange(len(self.sets.counts)), self.sets.lengths)
        for side, asked in ((self.antecedent, antecedent), (self.consequent, consequent)):
            for code in encode_items(self.items, asked) if asked is not None else ():
                has = np.zeros(len(self.sets.counts), dtype=bool)
                has[held[self.sets.codes == code]] = True
                keep &= has[side]
        return self.take(keep)

    def sort(self, by: str = "lift", *, ascending: bool = False) -> Self:
        """Order the rules by a measure or a column of a test; ties stay in their order.

        Parameters
        ----------
        by : str
            One of `domains.basket.MEASURES`, or a column that a test has added, such as "p_value".
        ascending : bool
            Smallest first.
        """
        values = np.asarray(self.columns[by], dtype=float) if by in self.columns else self.measure(by)
        return self.take(np.argsort(values if ascending else -values, kind="stable"))

    def top(self, n: int = 10, by: str = "lift") -> pd.DataFrame:
        """Table of the best rules by a measure.

        Parameters
        ----------
        n : int
            Rows at most.
        by : str
            As in `sort`; largest first.

        >>> from domains.basket import association_rules
        >>> len(association_rules([["a", "b"]], min_support=1, min_confidence=0.5).top(1))
        1
        """
        if not is_whole(n, 0):
            raise HexadError(f"n={n!r} is no whole number from 0 on")
        return self.sort(by).take(np.arange(min(n, len(self)))).to_frame()

    def names(self, number: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Names of the items on both sides of one rule.

        Parameters
        ----------
        number : int
            Position of the rule, from 0.
        """
        sides = (self.antecedent[number], self.consequent[number])
        ptr = self.sets.indptr
        first, second = (tuple(self.items[self.sets.codes[ptr[side] : ptr[side + 1]]]) for side in sides)
        return first, second

    def label(self, number: int) -> str:
        """Both sides of one rule, as in "bread, milk → butter".

        Parameters
        ----------
        number : int
            Position of the rule, from 0.
        """
        first, second = self.names(number)
        return f"{format_set(first)} → {format_set(second)}"

    def sentence(self, number: int) -> str:
        """One rule with its counts.

        Parameters
        ----------
        number : int
            Position of the rule, from 0.
        """
        a, ab = int(self.antecedent_counts[number]), int(self.joint_counts[number])
        behind = (
            f" of {count_of(int(self.columns['customers'][number]), 'customer')}" if "customers" in self.columns else ""
        )
        return (
            f"{self.label(number)}: {ab:,} of {a:,} baskets{behind} ({percent(ab, a)} %), lift {self.lift[number]:.3g}"
        )

    def to_frame(self, measures: Iterable[str] = SHOWN) -> pd.DataFrame:
        """Table with a row a rule: both sides as lists (Arrow), counts, measures, and what tests have found.

        Parameters
        ----------
        measures : iterable of str
            Of `domains.basket.MEASURES`, a column each.

        >>> from domains.basket import association_rules
        >>> list(association_rules([["a", "b"]], min_support=1, min_confidence=0.5).to_frame().columns)
        ['antecedent', 'consequent', 'count', 'antecedent_count', 'consequent_count', 'support', 'confidence', 'lift']
        """
        first, second = self.sets.take(self.antecedent), self.sets.take(self.consequent)
        columns = {
            "antecedent": as_lists(first.indptr, first.codes, self.items),
            "consequent": as_lists(second.indptr, second.codes, self.items),
            "count": self.joint_counts,
            "antecedent_count": first.counts,
            "consequent_count": second.counts,
        }
        return pd.DataFrame({**columns, **self.measures(measures), **self.columns}, copy=False)

    def to_mlxtend(self) -> pd.DataFrame:
        """Table with frozensets and the columns that mlxtend's functions read."""
        names = self.items.to_numpy(dtype=object)

        def sets_of(side: Codes) -> list[frozenset[Any]]:
            ptr, codes = self.sets.indptr, self.sets.codes
            return [frozenset(names[codes[ptr[k] : ptr[k + 1]]]) for k in side]

        values = self.measures(["coverage", "prevalence", "support", "confidence", "lift", "leverage", "conviction"])
        values.columns = pd.Index(
            ["antecedent support", "consequent support", "support", "confidence", "lift", "leverage", "conviction"]
        )
        values.insert(0, "antecedents", pd.Series(sets_of(self.antecedent), dtype=object))
        values.insert(1, "consequents", pd.Series(sets_of(self.consequent), dtype=object))
        return values

    @cached_property
    def used(self) -> RuleTable:
        """The same rules with only the sets that they use."""
        both = np.concatenate([self.antecedent, self.consequent])
        chosen, place = np.unique(both, return_inverse=True)
        first, second = place[: len(self)].astype(np.int32), place[len(self) :].astype(np.int32)
        return replace(self, sets=self.sets.take(chosen), antecedent=first, consequent=second, tree=None)

    @property
    def significant(self) -> Self:
        """The rules that a test kept.

        Raises
        ------
        HexadError
            They were not tested.
        """
        if "kept" not in self.columns:
            raise HexadError(
                "these rules were not tested; call rules.test() first, and .significant on what it returns"
            )
        return self.take(self.columns["kept"])

    def explain(self) -> str:
        """Say in plain sentences what was found, and what a test has made of it."""
        share = percent(self.query.min_count, max(self.n_baskets, 1))
        behind = say_customers(self.query.min_customers, self.baskets) if "customers" in self.columns else ""
        text = (
            f"{len(self):,} {'rule is' if len(self) == 1 else 'rules are'} in at least {self.query.min_count:,} of "
            f"{self.n_baskets:,} baskets ({share} %){behind} with a confidence of at least "
            f"{100 * float(self.query.min_confidence):g} %."
        )
        if self.query.pairs:
            text = (
                f"{len(self):,} {'rule is' if len(self) == 1 else 'rules are'} of two items that are each in at least"
                f" {self.query.min_count:,} of {self.n_baskets:,} baskets ({share} %){behind}."
            )
        if len(self):
            best = self.sort("lift").take([0])
            text += f" Highest lift: {best.sentence(0)}."
        elif not self.notes:
            longest = int(self.sets.lengths.max(initial=0))
            why = say_why_none(self.query, longest, self.n_baskets, self.baskets)
            text += f" {why}"
        return f"{text} {sentences(self.notes)}".rstrip()

    def preview(self) -> pd.DataFrame:
        """Return what a notebook shows: the rules of highest lift."""
        return self.top(10)

    def count_rows(self) -> int:
        """Count the rows of the whole table, without making it."""
        return len(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self):,} from {self.n_baskets:,} baskets)"


def with_columns(rules: R, columns: Mapping[str, Any], *notes: str) -> R:
    """The same rules with further columns, and what is to be said of them.

    >>> from domains.basket import association_rules
    >>> rules = association_rules([["a", "b"]], min_support=1, min_confidence=0.5)
    >>> list(with_columns(rules, {"mine": np.zeros(2)}).columns)
    ['mine']
    """
    return replace(rules, columns={**rules.columns, **columns}, notes=(*rules.notes, *notes))


def need_baskets(rules: RuleTable, baskets: object, what: str, *, same: bool = False) -> Incidence:
    """The baskets given, or those the rules were mined from, in the rules' vocabulary; with `same` no others.

    Parameters
    ----------
    rules : RuleTable
    baskets : Incidence, or what `frequent_itemsets` takes, optional
    what : str
        Who needs them, for the message.
    same : bool
        Whether they have to be those that the rules were mined from.

    >>> from domains.basket import association_rules
    >>> rules = association_rules([["a", "b"]], min_support=1, min_confidence=0.5)
    >>> need_baskets(rules, [["b", "new"]], "a test").to_lists()
    [['b']]
    """
    if baskets is None:
        if rules.baskets is None:
            raise HexadError(f"{what} needs the baskets, and loaded rules have none; pass baskets=")
        return rules.baskets
    found = as_baskets(baskets)
    if found.items.equals(rules.items):
        return found if not same else _check_baskets(rules, found)
    if not len(found.items.intersection(rules.items)) and found.n_items:
        raise HexadError(
            f"these baskets share no item with the rules: they hold {quote(found.items[:3])}, the rules"
            f" {quote(rules.items[:3])}"
        )
    known = found.reindex_items(rules.items)
    return known if not same else _check_baskets(rules, known)


def _check_baskets(rules: RuleTable, baskets: Incidence) -> Incidence:
    """Refuse baskets that the rules cannot have been mined from."""
    alone = np.flatnonzero(rules.sets.lengths == 1)
    codes = rules.sets.codes[rules.sets.indptr[alone]]
    wrong = np.flatnonzero(baskets.counts[codes] != rules.sets.counts[alone])
    if baskets.n_rows != rules.n_baskets or len(wrong):
        first = ""
        if len(wrong):
            code = codes[wrong[0]]
            first = (
                f": {quote([rules.items[code]])} is in {baskets.counts[code]:,} of these, and in"
                f" {rules.sets.counts[alone[wrong[0]]]:,} of those"
            )
        raise HexadError(
            f"the rules were mined from {rules.n_baskets:,} other baskets than the {baskets.n_rows:,} given{first}; to"
            " look at rules again in other baskets, use held_out"
        )
    return baskets
