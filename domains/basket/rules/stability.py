"""A second look at rules: in other baskets, and part by part over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from shared.reporting.figures import Figure


from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from domains.basket.customers import count_customers, lift_spread, owners_of
from domains.basket.mining.search import as_baskets
from domains.basket.mining.tree import Layout, Tree, tree_of
from domains.basket.rules.matched import expect_by_size
from domains.basket.rules.rule_table import RuleTable, need_baskets
from shared.checks import is_whole
from shared.data import Incidence
from shared.data.splits import cut_in_time
from shared.errors import HexadError
from shared.result import Result
from shared.text import capitalise
from shared.typing import Bools, Floats, Ints

__all__ = ["Stability", "count_by_period", "stability_figure", "validate_rules"]

MAX_POINTS = 800  # dots that can be told apart in a picture of this size
FLOOR = 0.3  # lifts below are drawn there
Z95 = 1.959963984540054


@dataclass(frozen=True, eq=False, repr=False)
class Stability(Result):
    """What became of rules in other baskets.

    Attributes
    ----------
    rules : RuleTable
        As they were mined.
    parts : tuple of str
        Names of the parts looked at.
    n_baskets : numpy.ndarray of int, shape (n_parts,)
    joint_counts, antecedent, consequent : numpy.ndarray of int, shape (n_parts, n_rules)
        Baskets of each part that hold both sides, the left, and the right.
    log_spread : numpy.ndarray, shape (n_parts, n_rules), optional
        Standard error of the logarithm of lift over customers, where the baskets name them.
    customers : numpy.ndarray of int, shape (n_parts, n_rules), optional
        Customers of each part with both sides in one basket.
    same_customers : bool
        Whether customers come again of whom the rules were mined.
    expected : numpy.ndarray, shape (n_parts, n_rules), optional
        Baskets of each part that should hold both sides, given how much else baskets hold; where that was asked for,
        what holds is told by the adjusted lift.
    adjusted_spread : numpy.ndarray, shape (n_parts, n_rules), optional
        Standard error of the logarithm of the adjusted lift, over customers where the baskets name them.

    >>> from domains.basket import association_rules
    >>> rules = association_rules([["a", "b"], ["a", "b"], ["c"]], 0.5, min_support=2)
    >>> validate_rules(rules, [["a", "b"], ["c"]]).lift.tolist()
    [[2.0, 2.0]]
    """

    rules: RuleTable
    parts: tuple[str, ...]
    n_baskets: Ints
    joint_counts: Ints
    antecedent: Ints
    consequent: Ints
    log_spread: Floats | None = None
    customers: Ints | None = None
    same_customers: bool = False
    expected: Floats | None = None
    adjusted_spread: Floats | None = None

    @property
    def lift(self) -> Floats:
        """Lift in each part, NaN where a side did not occur; shape (n_parts, n_rules)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.n_baskets[:, None] * self.joint_counts / (self.antecedent * self.consequent)

    @property
    def adjusted_lift(self) -> Floats:
        """Found over what the sizes of baskets give, in each part, NaN where a side did not occur.

        Raises
        ------
        HexadError
            It was not asked for.

        >>> from domains.basket import association_rules
        >>> baskets = [["a", "b"], ["a", "b"], ["c"], ["a", "c"], ["b", "c"]]
        >>> rules = association_rules(baskets, 0.5, min_support=2).test()
        >>> validate_rules(rules, baskets, adjusted=True).adjusted_lift.round(2).tolist()
        [[1.33, 1.33]]
        """
        if self.expected is None:
            raise HexadError("this look did not adjust lift to the sizes of baskets; ask for it with adjusted=True")
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.joint_counts / self.expected)

    @property
    def measure(self) -> str:
        """What tells whether a rule holds: "lift" or "adjusted lift"."""
        return "lift" if self.expected is None else "adjusted lift"

    @property
    def values(self) -> Floats:
        """That measure in each part; shape (n_parts, n_rules)."""
        return self.lift if self.expected is None else self.adjusted_lift

    @property
    def mined(self) -> Floats:
        """That measure where the rules were mined."""
        if self.expected is None:
            return self.rules.lift
        return np.asarray(self.rules.columns["adjusted_lift"], dtype=float)

    @property
    def confidence(self) -> Floats:
        """Confidence in each part, NaN where the antecedent did not occur; shape (n_parts, n_rules)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.joint_counts / self.antecedent

    @property
    def holds(self) -> Bools:
        """Whether `values` are above one in every part; a rule that could not be looked at does not hold."""
        with np.errstate(invalid="ignore"):
            return np.asarray((self.values > 1).all(axis=0))

    @property
    def share(self) -> float:
        """Share of the rules that hold; NaN where there are none."""
        return float(self.holds.mean()) if len(self.rules) else float("nan")

    def interval(self) -> tuple[Floats, Floats]:
        """95 % interval of each part's `values`, by the delta method for their logarithm.

        Customers are what is drawn where they are named, all baskets of one together; otherwise baskets. Without any
        basket that holds both sides, it reaches from 0 to infinity.
        """
        if self.adjusted_spread is not None:
            return self._around(self.adjusted_spread)
        n = self.n_baskets[:, None].astype(float)
        a, b, ab = self.antecedent / n, self.consequent / n, self.joint_counts / n
        with np.errstate(divide="ignore", invalid="ignore"):
            squares = ab * (1 / ab - 1 / a - 1 / b) ** 2 + (a - ab) / a**2 + (b - ab) / b**2
            spread = np.sqrt(np.maximum(squares - 1, 0) / n) if self.log_spread is None else self.log_spread
        return self._around(spread)

    def _around(self, spread: Floats) -> tuple[Floats, Floats]:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            low, high = self.values * np.exp(-Z95 * spread), self.values * np.exp(Z95 * spread)
        seen = self.joint_counts > 0
        return np.where(seen, low, 0.0), np.where(seen, high, np.inf)

    def to_frame(self) -> pd.DataFrame:
        """A row a rule: both sides, lift (or adjusted lift) and count of every part, and whether it holds."""
        frame = self.rules.to_frame()[["antecedent", "consequent"]].assign(**{f"{self.measure} when mined": self.mined})
        for number, part in enumerate(self.parts):
            frame[f"{self.measure} {part}"] = self.values[number]
            frame[f"count {part}"] = self.joint_counts[number]
        frame["holds"] = self.holds
        return frame

    def sentence(self, number: int) -> str:
        """One rule over all parts.

        Parameters
        ----------
        number : int
            Position of the rule, from 0.

        >>> from domains.basket import association_rules
        >>> rules = association_rules([["a", "b"], ["a", "b"], ["c"]], 0.5, min_support=2)
        >>> validate_rules(rules, [["a", "b"], ["c"]]).sentence(0)
        'b → a: lift 1.5 when mined, 2 in other baskets'
        """
        told = [f"{self.mined[number]:.3g} when mined"] if self.parts == ("in other baskets",) else []
        for part, value in zip(self.parts, self.values[:, number], strict=True):
            told.append(f"{value:.3g} {part}" if np.isfinite(value) else f"not to be told {part}")
        return f"{self.rules.label(number)}: {self.measure} {', '.join(told)}"

    def plot(self) -> Figure:
        """Lift (or adjusted lift) when mined against the lowest of the parts."""
        return stability_figure(self)

    def explain(self) -> str:
        """Say in plain sentences how many rules hold, and which fell most."""
        if not len(self.rules):
            return "There are no rules to look at again."
        fell = int((~self.holds).sum())
        where = self.parts[0] if len(self.parts) == 1 else f"in each of {len(self.parts)} parts"
        text = (
            f"{int(self.holds.sum()):,} of {len(self.rules):,} rules ({100 * self.share:.1f} %) have"
            f" {'a lift' if self.expected is None else 'an adjusted lift'} above one {where}."
        )
        unseen = int(np.isnan(self.values).any(axis=0).sum())
        text += f" {unseen:,} could not be looked at: a side did not occur." if unseen else ""
        if self.same_customers:
            text += (
                " They are baskets of customers of whom the rules were mined, who go on liking what they like: only"
                " those of others (CustomerCut) say whether a rule holds for others."
            )
        if fell:
            lowest = int(np.argmin(np.where(np.isnan(self.values), np.inf, self.values).min(axis=0)))
            text += f" Furthest down: {self.sentence(lowest)}."
        return text


def validate_rules(rules: RuleTable, baskets: object, *, adjusted: bool = False) -> Stability:
    """Count rules again in baskets that they were not mined from.

    Large baskets hold anything with anything, so that lift is above one for nearly every rule. With `adjusted`, what is
    found is set against what baskets that hold as many other items give, as in the matched test.

    Parameters
    ----------
    rules : RuleTable
    baskets : Incidence, or what `frequent_itemsets` takes
        Items that the rules do not know are left out; they make baskets large, too.
    adjusted : bool
        Whether adjusted lift tells what holds, in place of lift; the rules have to be tested, with single items on the
        right.

    Raises
    ------
    HexadError
        The baskets share no item with the rules, or `adjusted` is asked of rules that have no adjusted lift.

    >>> from domains.basket import association_rules
    >>> rules = association_rules([["a", "b"], ["a", "b"], ["c"]], 0.5, min_support=2)
    >>> validate_rules(rules, [["a"], ["b"]]).share
    0.0
    """
    others = need_baskets(rules, baskets, "a second look")
    sizes = [as_baskets(baskets).sizes] if adjusted else None
    found = _count_in(rules, [others], ("in other baskets",), sizes)
    return replace(found, same_customers=_share_customers(rules.baskets, others))


def _share_customers(mined: Incidence | None, others: Incidence) -> bool:
    """Whether a customer whose baskets were mined has others among these."""
    first, second = (_names_of(baskets) for baskets in (mined, others))
    return first is not None and second is not None and bool(first.isin(second).any())


def _names_of(baskets: Incidence | None) -> pd.Index[Any] | None:
    if baskets is None or baskets.customers is None or baskets.customer_keys is None:
        return None
    return baskets.customer_keys[np.unique(baskets.customers[baskets.customers >= 0])]


def count_by_period(rules: RuleTable, baskets: object = None, *, parts: int = 2, adjusted: bool = False) -> Stability:
    """Count rules part by part of the baskets' time, each part of about as many baskets.

    Parameters
    ----------
    rules : RuleTable
    baskets : Incidence, optional
        Those the rules were mined from where left out. Their order is taken for time where they have no times.
    parts : int
    adjusted : bool
        As in `validate_rules`.

    Raises
    ------
    HexadError
        All times are equal, or there are fewer baskets than parts.

    >>> from domains.basket import association_rules
    >>> rules = association_rules([["a", "b"], ["c"], ["a", "b"], ["c"]], 0.5, min_support=2)
    >>> count_by_period(rules).sentence(0)
    'b → a: lift 2 in the first half, 2 in the second half'
    """
    found = need_baskets(rules, baskets, "a look over time")
    if not is_whole(parts, least=2):
        raise HexadError(f"parts={parts!r} is no whole number from 2 on")
    if found.n_rows < parts:
        raise HexadError(f"{found.n_rows:,} baskets cannot be cut into {parts} parts")
    try:
        cuts = cut_in_time(found.times, found.n_rows, [number / parts for number in range(1, parts)])
    except HexadError as error:
        column = found.columns.time or "time"
        raise HexadError(f"column {column!r}: {error}") from None
    bounds = list(pairwise([0, *cuts, found.n_rows]))
    pieces = [found.take(np.arange(begin, stop)) for begin, stop in bounds]
    whole = found if baskets is None else as_baskets(baskets)
    sizes = [whole.sizes[begin:stop] for begin, stop in bounds] if adjusted else None
    if parts == 2:
        names: tuple[str, ...] = ("in the first half", "in the second half")
    else:
        names = tuple(f"in part {number + 1} of {parts}" for number in range(parts))
    return _count_in(rules, pieces, names, sizes)


def _count_in(
    rules: RuleTable, pieces: list[Incidence], names: tuple[str, ...], sizes: list[Ints] | None = None
) -> Stability:
    """Count both sides and their union in every piece; with sizes of baskets, what these give, too."""
    if sizes is not None and "adjusted_lift" not in rules.columns:
        raise HexadError("these rules have no adjusted lift to look at again; call rules.test() first")
    small = rules.used
    first, second = small.sets.take(small.antecedent), small.sets.take(small.consequent)
    size = first.lengths + second.lengths
    owner = np.concatenate([np.repeat(np.arange(len(rules)), part.lengths) for part in (first, second)])
    both = np.concatenate([first.codes, second.codes])[np.argsort(owner, kind="stable")]
    ptr = np.concatenate([small.sets.indptr, small.sets.indptr[-1] + np.cumsum(size)])
    tree, node = tree_of(ptr, np.concatenate([small.sets.codes, both]), len(rules.items))
    n_sets = len(small.sets.counts)
    owners = [owners_of(piece) for piece in pieces]
    spreads, behind = [], []
    together, left, right = (np.zeros((len(pieces), len(rules)), dtype=np.int64) for _ in range(3))
    for number, piece in enumerate(pieces):
        layout = Layout.of(piece, tree.order)
        counts = layout.counts(Tree(tree.order, tree.item, tree.length, tree.count))[node]
        together[number] = counts[n_sets:]
        left[number], right[number] = counts[:n_sets][small.antecedent], counts[:n_sets][small.consequent]
        if (whose := owners[number]) is not None:
            spreads.append(lift_spread(small.sets, small.antecedent, small.consequent, piece, whose))
            behind.append(count_customers(small, piece, whose))
    by_size = [
        expect_by_size(small, piece, size, whose)
        for piece, size, whose in zip(pieces, sizes or (), owners if sizes else (), strict=False)
    ]
    return Stability(
        rules,
        names,
        np.array([piece.n_rows for piece in pieces], dtype=np.int64),
        together,
        left,
        right,
        np.array(spreads) if len(spreads) == len(pieces) else None,
        np.array(behind) if len(spreads) == len(pieces) else None,
        expected=np.array([expected for expected, _ in by_size]) if by_size else None,
        adjusted_spread=np.array([spread for _, spread in by_size]) if by_size else None,
    )


def stability_figure(stability: Stability) -> Figure:
    """Draw each rule's lift (or adjusted lift) when mined against the lowest of its parts; below one it does not hold.

    Of tested rules, those that the test kept and those that it turned down are two clouds.

    Parameters
    ----------
    stability : Stability
        What `validate_rules` or `count_by_period` gave.

    >>> from domains.basket import association_rules, validate_rules
    >>> rules = association_rules([["a", "b"], ["a", "b"], ["c"]], 0.5, min_support=2)
    >>> stability_figure(validate_rules(rules, [["a", "b"], ["c"]])).alt
    'Lift of 2 rules when mined and at a second look.'
    """
    from shared.reporting.figures import add_legend, draw

    if len(stability.rules) == 0:
        raise HexadError("there are no rules to draw")
    mined, measure = stability.mined, stability.measure
    lowest = np.where(np.isnan(stability.values), 0.0, stability.values).min(axis=0)
    groups = [
        (label, chosen[:: max(1, -(-len(chosen) // (MAX_POINTS // 2)))], colour)
        for label, chosen, colour in _two_clouds(stability)
        if len(chosen)
    ]
    drawn = np.concatenate([chosen for _, chosen, _ in groups])
    ends = np.concatenate([mined[drawn], lowest[drawn]])
    high = max(float(ends[np.isfinite(ends)].max(initial=2.0)), 2.0)

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        for label, chosen, colour in groups:
            y = np.maximum(lowest[chosen], FLOOR)
            x = np.maximum(mined[chosen], FLOOR)
            axes.scatter(x, y, s=9, color=colours[colour], alpha=0.55, linewidth=0, label=label)
        axes.plot([1, high], [1, high], color=colours["soft"], linewidth=1, linestyle=(0, (4, 3)), label="unchanged")
        axes.axhline(1.0, color=colours["ink"], linewidth=0.8)
        for scale, axis in ((axes.set_xscale, axes.xaxis), (axes.set_yscale, axes.yaxis)):
            scale("log", base=2)
            axis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlabel(f"{measure} when mined")
        where = "at the second look" if len(stability.parts) == 1 else "lowest of the parts"
        axes.set_title(f"{capitalise(measure)}, {where}", loc="left", fontsize=9)
        add_legend(axes, ends=False)

    thin = "" if len(drawn) == len(mined) else f" {len(drawn):,} of {len(mined):,} rules are drawn."
    return draw(
        paint,
        alt=f"{capitalise(measure)} of {len(mined):,} rules when mined and at a second look.",
        caption=f"A dot is a rule; on the black line it is met exactly as often as expected.{thin}",
    )


def _two_clouds(stability: Stability) -> list[tuple[str, Ints, str]]:
    """Rules by what the test said of them; by whether they hold where it turned none down."""
    kept = stability.rules.columns.get("kept")
    if kept is not None and not np.all(kept):
        return [
            ("turned down", np.flatnonzero(~np.asarray(kept)), "second"),
            ("kept", np.flatnonzero(np.asarray(kept)), "accent"),
        ]
    holds = stability.holds
    return [("holds", np.flatnonzero(holds), "accent"), ("does not hold", np.flatnonzero(~holds), "second")]
