"""How often rules should be met by the sizes of baskets alone, counted anew in other baskets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from domains.basket.customers import Owners
from domains.basket.mining.tree import Layout
from shared.data import Incidence
from shared.errors import HexadError
from shared.typing import Floats, Ints

if TYPE_CHECKING:
    from domains.basket.rules.rule_table import RuleTable

__all__ = ["expect_by_size"]


def expect_by_size(
    rules: RuleTable, baskets: Incidence, sizes: Ints, owners: Owners | None = None
) -> tuple[Floats, Floats]:
    """Baskets that should hold both sides of each rule, given how much else baskets hold; and how sure the ratio is.

    A basket is compared only with others that hold as many items besides those of the antecedent, as in the matched
    test (`domains.basket.rules.significance.assess_rules`).

    Parameters
    ----------
    rules : RuleTable
        With single items on the right.
    baskets : Incidence
        In the vocabulary of the rules.
    sizes : numpy.ndarray of int, shape (n_baskets,)
        Of the baskets, with items that no rule knows.
    owners : Owners, optional
        Whose they are: all baskets of a customer are then drawn together.

    Returns
    -------
    expected, spread : numpy.ndarray, shape (n_rules,)
        The second is the standard error of the logarithm of found over expected, by the delta method; infinite where
        both sides never meet.

    Raises
    ------
    HexadError
        A rule has several items on the right.

    >>> from domains.basket import association_rules
    >>> rules = association_rules([["a", "b"], ["a", "b"], ["c"]], 0.5, min_support=2)
    >>> later = Incidence.from_lists([["a", "b"], ["a", "c"], ["b", "c"], ["c"]])
    >>> expect_by_size(rules, later.reindex_items(rules.items), later.sizes)[0].round(3).tolist()
    [0.667, 0.667]
    """
    from domains.basket.customers.kernels import matched_squares

    if not len(rules):
        return np.zeros(0), np.zeros(0)
    if int(rules.sets.lengths[rules.consequent].max()) > 1:
        raise HexadError("adjusted lift needs single items on the right; mine with max_consequent=1")
    order = np.argsort(rules.antecedent, kind="stable")
    groups, begin = np.unique(rules.antecedent[order], return_index=True)
    left = rules.sets.take(groups)
    right = rules.sets.codes[rules.sets.indptr[rules.consequent[order]]]
    layout = Layout.of(baskets, np.arange(baskets.n_items))
    empty = np.zeros(1, dtype=np.int64)
    whose = np.zeros(len(sizes), dtype=np.int64) if owners is None else owners.of_row
    ptr, size, count = (empty, empty, empty) if owners is None else owners.sizes(sizes)
    expected, squares = matched_squares(
        layout.item_ptr,
        layout.held,
        sizes,
        left.indptr,
        np.asarray(left.codes, dtype=np.int32),
        np.append(begin, len(order)).astype(np.int64),
        np.asarray(right, dtype=np.int32),
        whose,
        ptr,
        size,
        count,
        owners is not None,
    )
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return expected[back], np.sqrt(squares[back])
