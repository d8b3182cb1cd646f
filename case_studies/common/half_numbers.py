"""Columns of numbers that a few words made text: nothing is left out for them without a word."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from shared.data.io.parse import mask_numbers
from shared.data.schema import first_rows
from shared.errors import Argument, Fix, Problems, quote
from shared.text import count_of

__all__ = ["refuse_half_numbers"]

HALF = 0.5


def refuse_half_numbers(
    table: pd.DataFrame,
    columns: Iterable[str],
    problems: Problems,
    otherwise: Callable[[str], str],
    *,
    decimal: str | None = None,
    most: float = HALF,
) -> None:
    """Note columns of text that hold numbers but for some words, or numbers that can be read in two ways.

    Parameters
    ----------
    table : pandas.DataFrame
    columns : iterable of str
        Those to look at; what is no text is passed over.
    problems : Problems
        Where it is noted.
    otherwise : callable
        From a column's name to what can be done but correcting it, as a clause.
    decimal : str, optional
        The decimal mark, where it was said: numbers by the other one are words then.
    most : float
        Share of the values that may be words, from 0 to 1, for the column to be taken for one of numbers.

    >>> problems = Problems("prices.csv")
    >>> table = pd.DataFrame({"a": ["1.5", "-", "2.5"], "b": ["x", "y", "1"]})
    >>> refuse_half_numbers(table, table.columns, problems, lambda name: "leave it out")
    >>> print(*problems)
    column 'a': holds numbers, but not in 1 row: '-' (row 2). Correct it or leave the cell empty, or leave it out.
    """
    for name in columns:
        if pd.api.types.infer_dtype(table[name], skipna=True) != "string":
            continue
        texts = pc.utf8_trim_whitespace(pa.array(table[name].astype(object), pa.string(), from_pandas=True))
        full = texts.is_valid().to_numpy(zero_copy_only=False)
        words = full & ~mask_numbers(texts, decimal)
        count = int(words.sum())
        if 0 < count <= most * full.sum() and count < full.sum():
            cells = "it or leave the cell empty" if count == 1 else "them or leave the cells empty"
            problems.add(
                f"holds numbers, but not in {count_of(count, 'row')}: {quote(table[name][words].unique()[:3])}",
                column=str(name),
                rows=first_rows(words),
                count=count,
                fix=f"Correct {cells}, or {otherwise(str(name))}.",
            )
        elif not count and decimal is None and full.any() and (two := _find_two_ways(texts)) is not None:
            problems.add(
                f"holds numbers that can be read in two ways, such as {quote([two])}",
                column=str(name),
                fix=Fix("Say how: ", Argument("decimal", ","), " or ", Argument("decimal", "."), "."),
            )


def _find_two_ways(texts: pa.Array) -> str | None:
    """A number whose mark may be that of decimals or of thousands; None where there are codes such as 007."""
    listed = [text for text in texts.to_pylist() if text]
    if any(text.lstrip("+-").startswith("0") and text.lstrip("+-0")[:1] not in (".", ",", "") for text in listed):
        return None
    return next((text for text in listed if "." in text or "," in text), None)
