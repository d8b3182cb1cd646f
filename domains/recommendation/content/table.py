"""The door of a table of items: one row an item, named as the interactions name it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from shared.data.incidence_checks import of_one_kind
from shared.data.io.frames import as_pandas
from shared.data.schema import first_rows, missing_column
from shared.errors import Problems
from shared.text import count_of
from shared.typing import Ints

__all__ = ["check_items", "order_column", "refuse_lists"]


def check_items(items: Any, key: str, known: pd.Index[Any] | None) -> pd.DataFrame:
    """Check that every item has one row, and that its key is of the interactions' kind.

    Parameters
    ----------
    items : frame
    key : str
        Column that names the items.
    known : pandas.Index, optional
        Items of the interactions.

    Raises
    ------
    DataError
        Listing every problem.

    >>> len(check_items(pd.DataFrame({"item": ["a", "b"]}), "item", None))
    2
    """
    table = as_pandas(items, "items", copy=False)
    problems = Problems("items")
    if key not in table.columns:
        missing_column(key, [str(one) for one in table.columns], problems)
        problems.raise_if_any()
    gone = table[key].isna().to_numpy()
    if gone.any():
        problems.add(
            f"{count_of(int(gone.sum()), 'key')} missing",
            column=key,
            rows=first_rows(gone),
            count=int(gone.sum()),
            fix="Fill them in, or leave the rows out.",
        )
    refuse_lists(table.drop(columns=key), problems)
    if table[key].dtype == object:
        of_one_kind(table[key], gone, key, problems)
        problems.raise_if_any()
    twice = table[key].duplicated(keep=False).to_numpy() & ~gone
    if twice.any():
        problems.add(
            f"{int(twice.sum()):,} rows share a key with others",
            column=key,
            rows=first_rows(twice),
            count=int(twice.sum()),
            fix="Give every item one row: table.drop_duplicates().",
        )
    problems.raise_if_any()
    if known is not None and len(table):
        kinds = pd.Index(table[key]).dtype.kind in "iuf", known.dtype.kind in "iuf"
        if kinds[0] != kinds[1]:
            words = {True: "numbers", False: "text"}
            what = f"holds {words[kinds[0]]}, the interactions name items by {words[kinds[1]]}"
            problems.add(what, column=key, fix=f"Bring both to one, as in table[{key!r}].astype(str).")
        elif not pd.Index(table[key]).isin(known).any():
            fix = "Check that both tables name items alike."
            problems.add("names none of the items of the interactions", column=key, fix=fix)
    problems.raise_if_any()
    return table


def refuse_lists(table: pd.DataFrame, problems: Problems) -> None:
    """Refuse columns whose cells are lists: what several kinds in a cell are told apart by is a separator.

    Parameters
    ----------
    table : pandas.DataFrame
    problems : Problems
        Those found are added.

    >>> problems = Problems("items")
    >>> refuse_lists(pd.DataFrame({"genre": [["war", "love"], ["war"]]}), problems)
    >>> bool(problems)
    True
    """
    for name in table.columns:
        if table[name].dtype != object:
            continue
        nested = np.array([isinstance(one, list | tuple | set | dict | np.ndarray) for one in table[name]], dtype=bool)
        if nested.any():
            problems.add(
                "holds lists, not single values",
                column=name,
                rows=first_rows(nested),
                count=int(nested.sum()),
                fix=f"Join them to text, as in table[{name!r}].str.join(', '), and pass separator=', '.",
            )


def order_column(column: pd.Series[Any], place: Ints) -> Any:
    """Bring a column to the order of a vocabulary, as an array of numbers or a list of texts; None where it is empty.

    Parameters
    ----------
    column : pandas.Series
    place : array of int
        Row of each item of the vocabulary; -1 for those without one.

    >>> order_column(pd.Series([3, 4]), np.array([1, -1])).tolist()
    [4.0, nan]
    """
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        return np.where(place >= 0, values[np.maximum(place, 0)], np.nan) if len(values) else None
    texts = ["" if pd.isna(one) else str(one) for one in column]
    return [texts[row] if row >= 0 else "" for row in place.tolist()] if texts else None
