"""Columns that give a held-out one away, and texts that name its values."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from .cells import split_cells
from .items import Items

__all__ = ["find_leaks", "mask_names"]

DECIDES = (
    0.9  # share of the items whose value another item of the same cell would tell: the column gives the answer away
)
NAMES_IT = 0.2  # share of the items whose cell names their own value
LONG_WORD = 4  # letters, from which a word of a value is masked by itself
WORD = re.compile(r"[^\W_]+")


def find_leaks(items: Items) -> dict[str, str]:
    """Columns that give the held-out one away: by deciding it, or by naming it.

    Parameters
    ----------
    items : Items

    >>> table = pd.DataFrame({"id": list("abcd"), "town": list("xxyy"), "land": list("uuvv")})
    >>> find_leaks(Items(table, "id", attributes=("town",), check="land"))
    {'town': 'the same value of it goes with the same value in 100% of the items'}
    """
    values = items.table[items.check]
    own = split_cells(values.tolist(), items.separator)
    found = {}
    for name in items.attributes:
        pairs = pd.DataFrame({"cell": items.table[name], "value": values}).dropna()
        counts = pairs.groupby(["cell", "value"]).size()
        groups = pairs.groupby("cell").size()
        best = counts.groupby(level="cell").max()
        shared = groups[groups > 1].index
        # Of the other items of a cell, those with its commonest value; every item counts once.
        right = groups[shared] * (best[shared] - 1) / (groups[shared] - 1)
        told = float(right.sum() / groups[shared].sum()) if len(shared) else 0.0
        spread = float(values.value_counts(normalize=True).max())
        named = _share_named(items.table[name], own)
        if told >= DECIDES and groups[shared].sum() >= 0.1 * len(pairs) and spread < DECIDES:
            found[name] = f"the same value of it goes with the same value in {told:.0%} of the items"
        elif named >= NAMES_IT:
            found[name] = f"it names the value itself in {named:.0%} of the items"
    return found


def _share_named(column: pd.Series[Any], own: list[tuple[str, ...]]) -> float:
    """Share of the items whose cell holds one of their own values, as words."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return 0.0
    cells = [_words_of(one or "") for one in column]
    inside = [
        any(_words_of(part) in cell for part in parts if len(part) > 2) for cell, parts in zip(cells, own, strict=True)
    ]
    return float(np.mean(inside))


def _words_of(text: str) -> str:
    """The words of a text between single blanks."""
    return f" {' '.join(WORD.findall(text)).casefold()} "


def mask_names(items: Items) -> tuple[pd.DataFrame, int]:
    """Take the names of the held-out values, and their longer words, out of the texts.

    Parameters
    ----------
    items : Items

    Returns
    -------
    table, texts changed

    >>> table = pd.DataFrame({"id": ["a"], "note": ["A ripe Pinot."], "grape": ["Pinot Noir"]})
    >>> mask_names(Items(table, "id", text=("note",), check="grape"))[0]["note"].tolist()
    ['A ripe  .']
    """
    values = {part for cell in split_cells(items.table[items.check].tolist(), items.separator) for part in cell}
    words = [WORD.findall(value.casefold()) for value in values]
    hidden = {word for one in words for word in one if len(word) >= LONG_WORD or len(one) == 1}
    table, changed = items.table.copy(), np.zeros(len(items.table), dtype=bool)
    for name in items.text:
        before = table[name].fillna("").astype(str)
        after = [WORD.sub(lambda m: " " if m[0].casefold() in hidden else m[0], one) for one in before]
        changed |= np.array([one != other for one, other in zip(before, after, strict=True)])
        table[name] = pd.Series(after, dtype=object)
    return table, int(changed.sum())
