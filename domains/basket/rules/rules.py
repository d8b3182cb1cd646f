"""Association rules: what is bought when something else is; to be tested, looked at again, drawn, saved and applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.reporting.figures import Figure


from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import pandas as pd

from domains.basket.rules import files, redundancy, scoring, significance, stability
from domains.basket.rules.family import Correction
from domains.basket.rules.measures import DEFAULT_MEASURES
from domains.basket.rules.rule_table import RuleTable
from domains.basket.rules.significance import Test
from domains.basket.rules.stability import Stability
from shared.errors import HexadError

__all__ = ["Rules"]


@dataclass(frozen=True, eq=False, repr=False)
class Rules(RuleTable):
    """Rules "who has the antecedent has the consequent", as `association_rules` mines them; see `RuleTable`.

    >>> from domains.basket import association_rules
    >>> baskets = [["tea", "milk"], ["tea", "milk"], ["milk"], ["tea"]]
    >>> rules = association_rules(baskets, min_support=2, min_confidence=0.6)
    >>> print(rules.sentence(0))
    tea → milk: 2 of 3 baskets (66.7 %), lift 0.889
    """

    def test(
        self,
        test: Test = "matched",
        *,
        correction: Correction = "holm",
        alpha: float = 0.05,
        family: Literal["testable", "mined"] = "testable",
        layered: bool = True,
        inherit: bool = True,
        alternative: Literal["greater", "less"] = "greater",
        baskets: object = None,
    ) -> Self:
        """Test every rule for association of its sides, corrected for everything that could have been tested.

        Methods and their sources: `domains.basket.rules.significance.assess_rules`.

        Parameters
        ----------
        test : {"matched", "fisher"}
            Compare baskets only with others that hold as many items, or all of them (Fisher's exact test). The first
            needs single items on the right, and the baskets.
        correction : {"holm", "bonferroni", "bh", "none"}
            Over the family; "bh" bounds the share of false rules among those kept.
        alpha : float
            Bound on the chance of any false rule (or on their share).
        family : {"testable", "mined"}
            Every rule that could have been mined, or only the rules at hand, which is too few where they were chosen by
            the same baskets.
        layered : bool
            Whether rules of one item on the left get half of `alpha`, those of two a quarter, and so on.
        inherit : bool
            Whether rules take over from their part-rules.
        alternative : {"greater", "less"}
            Together more often than expected, or less often.
        baskets : Incidence, optional
            Where the rules were loaded.

        Returns
        -------
        Rules
            With columns ``p_value``, ``p_adjusted``, ``expected``, ``adjusted_lift`` and ``kept``; see `significant`.

        Raises
        ------
        HexadError
        """
        return significance.assess_rules(
            self,
            test,
            correction=correction,
            alpha=alpha,
            family=family,
            layered=layered,
            inherit=inherit,
            alternative=alternative,
            baskets=baskets,
        )

    def without_redundant(self, min_improvement: float = 0.0, baskets: object = None) -> Self:
        """Leave out rules that a more general one makes superfluous; see `domains.basket.improvement`.

        Parameters
        ----------
        min_improvement : float
            Confidence that a rule has to add to every more general one.
        baskets : Incidence, optional
            Where the rules were loaded.
        """
        return redundancy.without_redundant(self, min_improvement, baskets)

    def validate(self, baskets: Any, *, adjusted: bool = False) -> Stability:
        """Count the rules again in baskets that they were not mined from; see `domains.basket.validate_rules`.

        Parameters
        ----------
        baskets : Incidence, or what `frequent_itemsets` takes
        adjusted : bool
            Whether adjusted lift, as tested rules have it, tells what holds.
        """
        return stability.validate_rules(self, baskets, adjusted=adjusted)

    def by_period(self, baskets: object = None, *, parts: int = 2, adjusted: bool = False) -> Stability:
        """Count the rules part by part of the baskets' time; see `domains.basket.count_by_period`.

        Parameters
        ----------
        baskets : Incidence, optional
            Those the rules were mined from where left out.
        parts : int
        adjusted : bool
            As in `validate`.
        """
        return stability.count_by_period(self, baskets, parts=parts, adjusted=adjusted)

    def score(self, baskets: Any, n: int = 5) -> pd.DataFrame:
        """For new baskets, what the rules would add; with its best rule for each item.

        Parameters
        ----------
        baskets : Incidence, or what `frequent_itemsets` takes
        n : int
            Largest number of items a basket.
        """
        return scoring.recommend_items(self, baskets, n)

    def save(self, path: str | Path) -> None:
        """Write the rules as a Parquet file that any tool reads, and that `Rules.load` brings back.

        Parameters
        ----------
        path : path
        """
        files.save_rules(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read rules that `save` wrote; nothing in the file is executed.

        Parameters
        ----------
        path : path

        Raises
        ------
        StoreError
            The file is torn, or no file of rules.
        """
        return files.load_rules(Path(path), cls)

    def export(self, path: str | Path, measures: Iterable[str] = DEFAULT_MEASURES) -> None:
        """Write a table for people: a .csv or .parquet with both sides as text and the measures.

        Parameters
        ----------
        path : path
        measures : iterable of str
        """
        files.export_rules(self, Path(path), measures)

    def plot(self, kind: Literal["network", "scatter"] = "network", n: int = 40) -> Figure:
        """Draw the rules.

        Parameters
        ----------
        kind : {"network", "scatter"}
            See `domains.basket.rule_network` and `domains.basket.rule_scatter`.
        n : int
            Most rules of a network.

        Returns
        -------
        shared.reporting.figures.Figure
        """
        from domains.basket.figures import rule_network, rule_scatter

        if kind not in {"network", "scatter"}:
            raise HexadError(f"kind={kind!r} is none of 'network', 'scatter'")
        return rule_network(self, n) if kind == "network" else rule_scatter(self)
