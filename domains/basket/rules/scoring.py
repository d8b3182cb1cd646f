"""What rules say of new baskets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from domains.basket.rules.rule_table import RuleTable, need_baskets
from shared.checks import is_whole
from shared.errors import HexadError, printable

__all__ = ["recommend_items"]

CHUNK = 2048


def recommend_items(rules: RuleTable, baskets: object, n: int = 5) -> pd.DataFrame:
    """For every basket, the items that its rules would add, each with its most confident rule.

    Parameters
    ----------
    rules : RuleTable
        With single items on the right.
    baskets : Incidence, or what `frequent_itemsets` takes
        Items that the rules do not know fire none.
    n : int
        Largest number of items a basket.

    Returns
    -------
    pandas.DataFrame
        Columns of the baskets' order and item, ``rank`` from 1, ``confidence``, ``lift``, ``rule`` (its number) and
        ``because`` (its antecedent). Baskets without a rule are not in it.

    >>> from domains.basket import association_rules
    >>> rules = association_rules([["a", "b"], ["a", "b"], ["c"]], 0.5, min_support=2)
    >>> recommend_items(rules, [["a"], ["c"]]).drop(columns="rule").to_dict("records")
    [{'order': 1, 'item': 'b', 'rank': 1, 'confidence': 1.0, 'lift': 1.5, 'because': 'a'}]
    """
    from scipy.sparse import csr_array

    if not is_whole(n):
        raise HexadError(f"n={n!r} is no whole number from 1 on")
    found = need_baskets(rules, baskets, "scoring")
    if len(rules) and int(rules.sets.lengths[rules.consequent].max()) > 1:
        raise HexadError("rules with several items on the right cannot be scored; mine with max_consequent=1")
    left = rules.sets.take(rules.antecedent)
    right = rules.sets.codes[rules.sets.indptr[rules.consequent]] if len(rules) else np.zeros(0, np.int32)
    holds = csr_array((np.ones(len(left.codes), np.float32), left.codes, left.indptr), (len(rules), len(rules.items)))
    by_item = holds.T.tocsr()
    inside = found.to_sparse().astype(np.float32).tocsr()
    parts = []
    for begin in range(0, found.n_rows, CHUNK):
        common = (inside[begin : begin + CHUNK] @ by_item).tocoo()
        fires = common.data == left.lengths[common.col]
        row, rule = common.row[fires].astype(np.int64), common.col[fires].astype(np.int64)
        parts.append(pd.DataFrame({"row": row + begin, "rule": rule}))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"row": [], "rule": []}, dtype=np.int64)
    table["code"] = right[table["rule"].to_numpy()]
    table["confidence"] = rules.confidence[table["rule"].to_numpy()]
    table["lift"] = rules.lift[table["rule"].to_numpy()]
    held = set((found.rows * max(found.n_items, 1) + found.codes).tolist())
    pair = table["row"].to_numpy() * max(found.n_items, 1) + table["code"].to_numpy()
    table = table[~np.fromiter((one in held for one in pair.tolist()), bool, len(pair))]
    table = table.sort_values(
        ["row", "confidence", "lift", "rule"], ascending=[True, False, False, True], kind="stable"
    )
    table = table.drop_duplicates(["row", "code"])
    table["rank"] = table.groupby("row").cumcount() + 1
    table = table[table["rank"] <= n]
    columns = found.columns
    return pd.DataFrame(
        {
            columns.order: found.keys[table["row"].to_numpy()],
            columns.item: rules.items[table["code"].to_numpy()],
            "rank": table["rank"].to_numpy(),
            "confidence": table["confidence"].to_numpy(),
            "lift": table["lift"].to_numpy(),
            "rule": table["rule"].to_numpy(),
            "because": [printable(", ".join(map(str, rules.names(number)[0]))) for number in table["rule"]],
        }
    )
