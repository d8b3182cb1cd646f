"""Corrections for many tests over a declared family: what was tested, and what could have been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from shared.errors import HexadError, quote
from shared.evaluation.p_values import adjust_p_values
from shared.typing import Floats, Ints

__all__ = ["CORRECTIONS", "Family", "adjust_family"]

Correction = Literal["holm", "bonferroni", "bh", "none"]
CORRECTIONS = ("holm", "bonferroni", "bh", "none")


@dataclass(frozen=True)
class Family:
    """How many hypotheses were open to a test before the baskets were looked at, by number of items on the left.

    Attributes
    ----------
    sizes : dict of int to int
        Hypotheses by length of the antecedent.
    declared : {"testable", "mined"}
        Every rule whose sides are both frequent; or only those found, which is too few where they were chosen by the
        same baskets.

    >>> Family({1: 100, 2: 400}).total
    500
    """

    sizes: dict[int, int]
    declared: str = "testable"

    @property
    def total(self) -> int:
        """All hypotheses."""
        return sum(self.sizes.values())


def adjust_family(
    p: Floats, lengths: Ints, family: Family, correction: Correction = "holm", *, layered: bool = True
) -> Floats:
    """Adjust p-values for a family of which only some members were tested; the others count as p = 1.

    Parameters
    ----------
    p : numpy.ndarray, shape (n_rules,)
    lengths : numpy.ndarray of int, shape (n_rules,)
        Number of items of each antecedent.
    family : Family
    correction : {"holm", "bonferroni", "bh", "none"}
        Holm 1979 and Bonferroni bound the chance of any false rule, Benjamini & Hochberg 1995 the share of false ones.
    layered : bool
        Whether antecedents of one item get half of the error, those of two a quarter, and so on (Webb 2008), so that
        the many long ones do not drown the few short ones. Not for "bh".

    >>> adjust_family(np.array([0.001, 0.04]), np.array([1, 1]), Family({1: 10}), layered=False).round(3).tolist()
    [0.01, 0.36]
    """
    if correction not in CORRECTIONS:
        raise HexadError(f"correction={correction!r} is none of {quote(CORRECTIONS)}")
    if correction == "none" or len(p) == 0:
        return p.copy()
    if correction == "bh" or not layered:
        return adjust_p_values(p, correction, size=max(family.total, len(p)))
    out = np.ones(len(p))
    for length in np.unique(lengths):
        mine = lengths == length
        size = max(family.sizes.get(int(length), 0), int(mine.sum()))
        out[mine] = np.minimum(adjust_p_values(p[mine], correction, size=size) * 2.0**length, 1.0)
    return out
