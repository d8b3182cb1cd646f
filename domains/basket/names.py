"""Names of items for people and for tables: lists that share one dictionary, and sets written out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from shared.errors import shorten
from shared.text import join_names

__all__ = ["as_lists", "percent", "format_set"]


def as_lists(indptr: Any, codes: object, items: pd.Index[Any]) -> pd.Series[Any]:
    """Column of lists of names (Arrow, with one dictionary), from sets in flat arrays.

    >>> as_lists(np.array([0, 2]), np.array([1, 0], np.int32), pd.Index(["tea", "milk"])).tolist()
    [['milk', 'tea']]
    """
    import pyarrow as pa

    names = pa.array(items.to_numpy(dtype=object) if items.dtype == object else items)
    entries = pa.DictionaryArray.from_arrays(pa.array(np.asarray(codes, dtype=np.int32)), names)
    make, kind = (pa.ListArray, np.int32) if int(indptr[-1]) < 2**31 else (pa.LargeListArray, np.int64)
    return pd.Series(pd.arrays.ArrowExtensionArray(make.from_arrays(pa.array(indptr.astype(kind)), entries)))


def percent(part: int, whole: int) -> str:
    """A share in percent, of three digits; 100 only where it is all.

    >>> percent(1, 3), percent(9999, 10000), percent(5, 5)
    ('33.3', '99.9', '100')
    """
    text = f"{100 * part / whole:.3g}"
    return "99.9" if text == "100" and part < whole else text


def format_set(names: Iterable[Any], longest: int = 40) -> str:
    """Write a set for people; a name with a comma is quoted where it stands beside others.

    >>> format_set(["milk", "bread"]), format_set(["tea, green", "milk"])
    ('bread, milk', "milk, 'tea, green'")
    """
    return join_names(sorted(shorten(name, longest) for name in names), ", ")
