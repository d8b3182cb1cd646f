"""Cells of a table of items: numbers, text, and several kinds in one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["clean_column", "is_number", "set_apart", "split_cells"]


def set_apart(name: str, taken: Collection[str]) -> str:
    """The name of a user's column beside columns of ours: another one only where it would be one of those.

    Parameters
    ----------
    name : str
    taken : collection of str

    >>> set_apart("film", ["rank"]), set_apart("rank", ["rank"])
    ('film', 'own rank')
    """
    return f"own {name}" if name in taken else name


def is_number(column: pd.Series[Any]) -> bool:
    """Whether a column holds numbers to be compared as such.

    Parameters
    ----------
    column : pandas.Series

    >>> is_number(pd.Series([1])), is_number(pd.Series([True]))
    (True, False)
    """
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)


def clean_column(column: pd.Series[Any]) -> pd.Series[Any]:
    """Write numbers as floats, and all else as text; None for what is empty.

    Parameters
    ----------
    column : pandas.Series

    >>> clean_column(pd.Series([" a ", "", None])).tolist()
    ['a', None, None]
    """
    if is_number(column):
        return pd.Series(column.to_numpy(dtype=float, na_value=np.nan), name=column.name)
    texts = ["" if pd.isna(one) else str(one).strip() for one in column]
    return pd.Series([one or None for one in texts], dtype=object, name=column.name)


def split_cells(column: Sequence[Any], separator: str) -> list[tuple[str, ...]]:
    """Kinds in every cell, each once.

    Parameters
    ----------
    column : sequence of str or None
    separator : str

    >>> split_cells(["war, love", None], ", ")
    [('war', 'love'), ()]
    """
    cells = [[] if one is None else one.split(separator) if separator else [one] for one in column]
    return [tuple(dict.fromkeys(part.strip() for part in cell if part.strip())) for cell in cells]
