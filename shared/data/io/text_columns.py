"""Columns of text in frames, read as a file's are where the caller says how dates or numbers are written."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from shared.data.io.parse import FIRST, NEARLY, Kind, Reading, guess_kind, mask_numbers, parse_column
from shared.errors import quote

__all__ = ["read_text_columns"]


def read_text_columns(
    frame: pd.DataFrame, names: Iterable[str], reading: Reading, known: Collection[Kind] = ()
) -> list[str]:
    """Make dates or numbers, in place, of the columns of text whose every value fits what is said of them.

    Others stay text. A column that fits in part is told with the values that do not, and so are ways of writing that no
    column fits.

    Parameters
    ----------
    frame : pandas.DataFrame
        Changed in place.
    names : iterable of str
        Columns to look at.
    reading : Reading
        What is said: `dates` for dates, `decimal` for numbers.
    known : collection of str
        Kinds of other columns that are read so, too.

    Returns
    -------
    list of str
        Notes.

    >>> frame = pd.DataFrame({"a": ["1,5", "2"], "b": ["x", "y"]})
    >>> read_text_columns(frame, ["a", "b"], Reading(decimal=",")), frame["a"].tolist()
    ([], [1.5, 2.0])
    """
    texts = {
        name: pa.array(frame[name].astype(object), pa.string(), from_pandas=True)
        for name in names
        if pd.api.types.infer_dtype(frame[name], skipna=True) == "string"
    }
    notes = [note for name in names for note in _tell_odd(frame[name], name)] if reading.decimal is None else []
    numbers = _whole_numbers(frame, names) if reading.dates is not None and "%" in reading.dates else {}
    said: list[tuple[str, tuple[Kind, ...]]] = []
    if reading.dates is not None:
        said.append((f"dates={reading.dates!r}", ("datetime",)))
    if reading.decimal is not None:
        said.append((f"decimal={reading.decimal!r}", ("number", "integer")))
    for argument, kinds in said:
        used = not set(kinds).isdisjoint(known)
        if kinds == ("datetime",):
            used = used or any(frame[name].dtype.kind == "M" for name in names)
        for name, strings in {**texts, **numbers}.items() if kinds == ("datetime",) else texts.items():
            values, told = _read(strings, kinds, reading)
            if values is not None:
                frame[name] = values.set_axis(frame.index)
            notes.extend(f"'{name}'{note}" for note in told)
            used = used or values is not None or bool(told)
        if not used and (texts or kinds == ("datetime",)):
            kept = f" of text; kept as text: {quote(texts)}" if texts else ""
            notes.append(f"{argument} fits no column{kept}")
    return notes


def _whole_numbers(frame: pd.DataFrame, names: Iterable[str]) -> dict[str, pa.Array]:
    """Columns of whole numbers, written out: what a format of dates may be said of."""
    return {
        name: pa.array([None if pd.isna(one) else str(int(one)) for one in frame[name].tolist()], pa.string())
        for name in names
        if pd.api.types.is_integer_dtype(frame[name].dtype)
    }


def _tell_odd(values: pd.Series[Any], name: str) -> list[str]:
    """Name the few values that keep a column from being one of numbers."""
    if pd.api.types.infer_dtype(values.head(FIRST), skipna=True) not in {"string", "mixed", "mixed-integer"}:
        return []
    if not all(isinstance(value, str | int | float) for value in values.head(FIRST).dropna()):
        return []
    head = _written(values.head(FIRST)).drop_null()
    if len(head) == 0 or mask_numbers(head, ".").mean() < NEARLY:
        return []
    kind, why = guess_kind(pc.utf8_trim_whitespace(_written(values)), Reading("."))
    return [f"'{name}' {note}" for note in why if " no number" in note] if kind == "text" else []


def _written(values: pd.Series[Any]) -> pa.Array:
    """Text and numbers as text; nothing for whatever else an object may be, or text that is none."""
    found: list[str | None] = []
    for one in values.tolist():
        text = str(one) if isinstance(one, str | int | float) and not pd.isna(one) else None
        found.append(None if text is None or any("\ud800" <= letter <= "\udfff" for letter in text) else text)
    return pa.array(found, pa.string())


def _read(strings: pa.Array, kinds: tuple[Kind, ...], reading: Reading) -> tuple[pd.Series[Any] | None, list[str]]:
    """A column as one of some kinds, if all its values fit; else what kept it from it, if some do."""
    kind, why = guess_kind(pc.utf8_trim_whitespace(strings), reading)
    if kind not in {"text", *kinds}:
        return None, []
    parsed = parse_column(strings, kind if kind in kinds else kinds[0], reading)
    count = int(parsed.bad.sum())
    if kind in kinds and not count:
        return parsed.values, [*(f" {note}" for note in why), *(f": {note}" for note in parsed.notes)]
    if not parsed.values.notna().any():
        return None, []
    if not count:
        return None, [f" {note}" for note in why]
    odd = np.flatnonzero(parsed.bad)
    shown = quote(dict.fromkeys(strings[int(place)].as_py() for place in odd[:20]))
    where = f"row{'s' if count > 1 else ''} {', '.join(str(place + 1) for place in odd[:5])}"
    what = f"{count:,} {'value' if count == 1 else 'values'} {parsed.why}: {shown}"
    return None, [f" kept as text: {what} ({where}{', ...' if count > 5 else ''})"]
