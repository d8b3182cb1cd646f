"""What the grocery report speaks from: every rule at both looks, offers, pairs apart, and hidden items found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from domains.basket import PermutationTest, Rules, Stability
from domains.basket.names import format_set
from shared.reporting import Evidence

from .baskets import Shop

HITS = "hit_rate@10"
FELL = 0.8  # of what it was when mined: a rule below fell by more than a fifth


@dataclass(frozen=True)
class Tables:
    """What the report's sentences are worked out from, as the run keeps it.

    Attributes
    ----------
    rules : pandas.DataFrame
        A row a rule mined: whether the test kept it, its adjusted lift when mined and later, with its interval.
    offers, apart, anyway : pandas.DataFrame
        A row a pair.
    hits : pandas.DataFrame
        A row a hidden item and way to look for it: whether it was among ten guesses.
    parts : pandas.DataFrame
        A row a rule shown: its adjusted lift in each part of the time.
    others : pandas.DataFrame
        A row a rule of half of the customers, looked at in the baskets of the other half.
    chance : pandas.DataFrame
        A row a set of randomised baskets.
    """

    rules: pd.DataFrame
    offers: pd.DataFrame
    apart: pd.DataFrame
    anyway: pd.DataFrame
    hits: pd.DataFrame
    parts: pd.DataFrame
    others: pd.DataFrame
    chance: pd.DataFrame

    def kept(self) -> dict[str, pd.DataFrame]:
        """The tables by the name of their files; "rules" is that of the rules themselves."""
        named = {"second_look": self.rules, "other_customers": self.others, "chance": self.chance}
        named |= {name: getattr(self, name) for name in ("offers", "apart", "anyway", "hits", "parts")}
        return named

    def look(self, **equal: bool) -> Evidence:
        """Rules at both looks; of ``kept=True`` those that the test kept."""
        return Evidence("second_look", self.rules, equal)

    def pairs(self, **equal: bool) -> Evidence:
        """Rules of one item on either side at both looks, as offers are; all rules where no such one was kept."""
        alone = self.rules["items"] == 2
        some = (alone & self.rules["kept"]).any() or not self.n_kept
        return Evidence("second_look", self.rules, {**equal, **({"items": 2} if some and alone.any() else {})})

    def offer(self, rank: int) -> Evidence:
        """One of the offers."""
        return Evidence("offers", self.offers, {"rank": rank})

    @property
    def n_kept(self) -> int:
        """Rules that the test kept."""
        return int(self.rules["kept"].sum())


def list_rules(again: Stability, shop: Shop, shown: Rules) -> pd.DataFrame:
    """Every rule at both looks.

    Parameters
    ----------
    again : Stability
        Of all rules mined, in the later baskets.
    shop : Shop
    shown : Rules
        Those that the report lists.

    >>> from domains.basket import association_rules
    >>> from shared.data import Incidence
    >>> from .settings import GrocerySettings
    >>> shop = Shop.cut(Incidence.from_lists([["a", "b"], ["c"]] * 150), GrocerySettings(), "table")
    >>> rules = association_rules(shop.train, 0.2, min_support=5).test("fisher")
    >>> list_rules(rules.validate(shop.test), shop, rules)[["if", "then", "kept", "holds"]].values.tolist()
    [['b', 'a', True, True], ['a', 'b', True, True]]
    """
    rules = shop.rename(again.rules)
    low, high = again.interval()
    listed = set(zip(shown.antecedent.tolist(), shown.consequent.tolist(), strict=True))
    mined, later = again.mined, again.values[0]
    sides = [tuple(map(format_set, rules.names(k))) for k in range(len(rules))]
    with np.errstate(invalid="ignore"):
        frame = pd.DataFrame(
            {
                "if": [left for left, _ in sides],
                "then": [right for _, right in sides],
                "items": (rules.antecedent_lengths + 1).astype(np.int64),
                "kept": np.asarray(rules.columns.get("kept", np.zeros(len(rules))), dtype=bool),
                "shown": [pair in listed for pair in zip(rules.antecedent, rules.consequent, strict=True)],
                "baskets": rules.joint_counts.astype(np.int64),
                "confidence": rules.confidence,
                "mined": mined,
                "later": later,
                "lower": low[0],
                "upper": high[0],
                "holds": again.holds,
                "certain": low[0] > 1,
                "fell": ~(later >= FELL * mined),
            }
        )
    if "customers" in rules.columns:
        frame.insert(6, "customers", np.asarray(rules.columns["customers"], dtype=np.int64))
    return frame


def list_parts(quarters: Stability | None, shop: Shop) -> pd.DataFrame:
    """Adjusted lift of the rules shown in each part of the time, and whether it is above one in all.

    >>> list_parts(None, None).columns.tolist()
    ['if', 'then', 'holds']
    """
    if quarters is None:
        return pd.DataFrame({"if": [], "then": [], "holds": []})
    rules = shop.rename(quarters.rules)
    sides = [tuple(map(format_set, rules.names(k))) for k in range(len(rules))]
    frame = pd.DataFrame(sides, columns=["if", "then"])
    for number in range(len(quarters.parts)):
        frame[f"part {number + 1}"] = quarters.values[number]
    return frame.assign(holds=quarters.holds)


def list_chance(chance: PermutationTest | None) -> pd.DataFrame:
    """What the same search and test found in each set of randomised baskets.

    >>> list_chance(None).columns.tolist()
    ['mined', 'any kept']
    """
    if chance is None:
        return pd.DataFrame({"mined": [], "any kept": []})
    return pd.DataFrame({"mined": np.asarray(chance.mined, dtype=float), "any kept": np.asarray(chance.any_kept)})
