"""What a column of an own table is, guessed by what stands in it, and said with the evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .cells import is_number, split_cells

__all__ = ["explain_silence", "guess_check", "guess_key", "guess_separator", "guess_texts"]

SEPARATORS = (", ", "; ", ";", "|", " / ")
SPLIT, REUSED = 0.05, 0.6  # share of the cells with a separator, and of their parts that stand in other rows, too
COMMON = 0.1  # share of the items that have to share a value with another, for a column to say what they are like
KEY_LENGTH = 40  # characters; where more than a twentieth is longer, it is no key but a text
WORDS = 4  # a cell on average, from which a column is one of texts
CONSTANT = 0.98  # share of the rows with one value, from which a column tells the others next to nothing
CHECKED, SHARED = 20, 0.8  # others with the same value, for this share of the items: a column that can be checked by


def guess_separator(table: pd.DataFrame, names: Sequence[str]) -> tuple[str, str]:
    """Find what stands between several kinds in a cell, and say by what it was found.

    Parameters
    ----------
    table : pandas.DataFrame
        Cleaned.
    names : sequence of str
        Columns of kinds.

    >>> table = pd.DataFrame({"genre": ["war, love", "love", "war", "war, crime", "crime"] * 4})
    >>> guess_separator(table, ["genre"])[0]
    ', '
    """
    for separator in SEPARATORS:
        for name in names:
            cells = [one for one in table[name] if one is not None]
            several = [one for one in cells if separator in one]
            if len(several) < SPLIT * len(cells) or not several:
                continue
            # Once a cell, however often that stands in the table: else a repeated cell would vouch for itself.
            count = Counter(part for cell in split_cells(list(dict.fromkeys(cells)), separator) for part in cell)
            parts = [part for cell in split_cells(several, separator) for part in cell]
            reused = float(np.mean([count[part] > 1 for part in parts]))
            if reused >= REUSED:
                why = (
                    f"“{separator.strip()}” is taken for what stands between several kinds in a cell: “{name}” holds"
                    f" it in {len(several):,} of {len(cells):,} cells, and {reused:.0%} of the parts stand in other"
                    " cells, too"
                )
                return separator, why
    return "", ""


def guess_key(table: pd.DataFrame, taken: set[str]) -> str:
    """Find the first column that differs in every row and is short enough to name it, but for a few.

    Parameters
    ----------
    table : pandas.DataFrame
        As read.
    taken : set of str
        Columns that are something else.

    >>> guess_key(pd.DataFrame({"kind": ["a", "a"], "code": [7, 9]}), set())
    'code'
    """
    for name in table.columns:
        column = table[name]
        if str(name) in taken or column.isna().any() or column.duplicated().any():
            continue
        text = not pd.api.types.is_numeric_dtype(column.dtype) and _most_length(column) <= KEY_LENGTH
        if text or pd.api.types.is_integer_dtype(column.dtype):
            return str(name)
    return ""


def _most_length(column: pd.Series[Any]) -> float:
    """Length of its values in characters, but for the longest twentieth."""
    return float(column.astype(str).str.len().quantile(0.95))


def guess_check(table: pd.DataFrame, names: Sequence[str], separator: str) -> tuple[str, str]:
    """Find the column of kinds with the most values among those that most items share with some others.

    Parameters
    ----------
    table : pandas.DataFrame
        Cleaned.
    names : sequence of str
        Columns of kinds.
    separator : str

    Returns
    -------
    column, why
        Both empty where there is none.

    >>> guess_check(pd.DataFrame({"kind": list("ab") * 30, "code": range(60)}), ["kind"], "")[0]
    'kind'
    """
    best, most, told = "", 1, ""
    for name in names:
        cells = split_cells(table[name].tolist(), separator)
        count = Counter(part for cell in cells for part in cell)
        shared = sum(any(count[part] > CHECKED for part in cell) for cell in cells)
        if len(count) > most and shared >= SHARED * len(cells):
            best, most = name, len(count)
            told = (
                f"“{name}” is held out to judge the neighbours: of the columns whose value {CHECKED} others have, for"
                f" at least {SHARED:.0%} of the items, it has the most values ({len(count):,}); --set"
                " columns.check=NAME takes another"
            )
    return best, told


def guess_texts(table: pd.DataFrame, names: Sequence[str]) -> tuple[str, ...]:
    """Columns whose cells are sentences rather than kinds.

    Parameters
    ----------
    table : pandas.DataFrame
        Cleaned.
    names : sequence of str
        Columns that differ in nearly every row.

    >>> notes = [f"a dry red wine, number {n}" for n in range(9)]
    >>> guess_texts(pd.DataFrame({"note": notes, "code": [f"C{n}" for n in range(9)]}), ["note", "code"])
    ('note',)
    """
    return tuple(
        name
        for name in names
        if not is_number(table[name])
        and float(np.mean([len(str(cell).split()) for cell in table[name].dropna()] or [0])) >= WORDS
    )


def explain_silence(column: pd.Series[Any], separator: str) -> str:
    """Say why a column tells nothing of what an item is like; nothing where it may.

    Parameters
    ----------
    column : pandas.Series
        Cleaned.
    separator : str

    >>> explain_silence(pd.Series(["a", "a"], dtype=object), "")
    'never changes'
    """
    known = column.dropna()
    if known.nunique() < 2:
        return "never changes"
    if (share := float(known.value_counts(normalize=True).iloc[0])) >= CONSTANT:
        return f"has one value in {100 * share:.3g} % of the rows"
    if is_number(column):
        steps = np.diff(known)
        return "numbers the rows" if len(known) == len(column) and (steps > 0).all() and (steps % 1 == 0).all() else ""
    cells = split_cells(known.tolist(), separator)
    count = Counter(part for cell in cells for part in cell)
    shared = float(np.mean([any(count[part] > 1 for part in cell) for cell in cells]))
    return "differs in nearly every row (name it under text if it is one)" if shared < COMMON else ""
