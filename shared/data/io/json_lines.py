"""From JSON to a frame: one object a line, or one list of objects; nothing nested, nothing guessed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from shared.data.io.frames import check_names
from shared.data.io.limits import EMPTY_RATIO, MAX_COLUMNS, MAX_EMPTY, MAX_RECORD
from shared.data.io.sources import fail, read_bytes, read_text
from shared.data.schema import first_rows
from shared.errors import DataError, Problems, quote

__all__ = ["from_json", "refuse_infinite", "to_column"]

HALF = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def from_json(path: Path, max_bytes: int, encoding: str | None = None) -> pd.DataFrame:
    r"""Read JSON lines, plain or packed, or a list of objects; each object is a row, each key a column.

    Keys that an object leaves out are missing values. Whole numbers keep every digit.

    Raises
    ------
    DataError
        A line is no object, names a key twice, or holds lists, objects or numbers that are none.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.jsonl"
    ...     _ = path.write_text('{"a": 1}\n{"a": 2, "b": "x"}\n')
    ...     frame = from_json(path, 1000)
    >>> frame["a"].tolist(), frame["b"].isna().tolist()
    ([1, 2], [True, False])
    """
    data, compression = read_bytes(path, max_bytes)
    text = read_text(data, path.name, encoding, compression).data.decode()
    if HALF.search(text):
        line = text[: HALF.search(text).start()].count("\n") + 1  # type: ignore[union-attr]
        raise fail(
            path.name, f"line {line} holds half a character", "Write both halves of the pair, or the character itself."
        )
    columns = _Columns(path.name)
    for row in _list(text, path.name) if text.lstrip().startswith("[") else _lines(text, path.name):
        columns.add(row)
    frame = columns.frame()
    refuse_infinite(frame, path.name)
    return frame


class _Columns:
    """Objects, one after the other, as columns: nothing is kept of an object but its values."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.values: dict[str, list[Any]] = {}
        self.nested: dict[str, list[int]] = {}
        self.rows = 0
        self.filled = 0

    def add(self, row: dict[str, Any]) -> None:
        """Take one more row; columns that it leaves out are filled later, all at once."""
        self._check(row)
        for name, value in row.items():
            column = self.values.setdefault(name, [])
            if len(column) < self.rows:
                column.extend([None] * (self.rows - len(column)))
            if isinstance(value, list | dict):
                self.nested.setdefault(name, []).append(self.rows + 1)
            column.append(None if isinstance(value, list | dict) else value)
        self.rows += 1
        self.filled += len(row)

    def _check(self, row: dict[str, Any]) -> None:
        """Refuse a row whose columns would be too many, or nearly empty, before they are made."""
        n_rows = self.rows + 1
        n_columns = len(self.values) + sum(name not in self.values for name in row)
        if n_columns > MAX_COLUMNS:
            raise fail(
                self.source, f"the objects name more than {MAX_COLUMNS:,} columns", "Give one row a value instead."
            )
        filled = self.filled + len(row)
        if n_rows * n_columns - filled > max(MAX_EMPTY, EMPTY_RATIO * filled):
            raise fail(
                self.source,
                f"nearly all cells would be empty: {n_rows:,} objects name {n_columns:,} columns",
                "Give one row a value instead.",
            )

    def frame(self) -> pd.DataFrame:
        """A frame of all rows."""
        problems = Problems(self.source)
        for name, places in self.nested.items():
            problems.add(
                f"{len(places):,} values are lists or objects",
                column=name,
                rows=places,
                count=len(places),
                fix="Write each part into a column of its own.",
            )
        problems.raise_if_any()
        if not self.values:
            raise fail(self.source, "the objects hold nothing", 'Write one JSON object a line, as in {"a": 1}.')
        check_names(list(self.values), self.source)
        made = {}
        for name in list(self.values):
            column = self.values.pop(name)
            column.extend([None] * (self.rows - len(column)))
            made[name] = to_column(column)
        return pd.DataFrame(made)


def to_column(values: list[Any]) -> pd.Series[Any]:
    """Make Python values a column; whole numbers and truth values with gaps keep their type, every digit stays.

    >>> to_column([1, None]).dtype.name, to_column([2**70]).tolist() == [2**70]
    ('Int64', True)
    """
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int} and all(value is None or -(2**63) <= value < 2**63 for value in values):
        return pd.Series(values, dtype="Int64" if None in values else "int64")
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean" if None in values else "bool")
    if (
        kinds
        and kinds <= {int, float}
        and all(not isinstance(value, int) or abs(value) <= 2**53 for value in values if value is not None)
    ):
        return pd.Series(values, dtype="float64")
    made = pd.Series(values, dtype=object)
    return made if int in kinds else made.infer_objects()


def refuse_infinite(frame: pd.DataFrame, source: str) -> None:
    """Refuse numbers beyond the range of decimal numbers.

    >>> refuse_infinite(pd.DataFrame({"a": [1.0]}), "table")
    """
    problems = Problems(source)
    for name in frame.columns:
        if pd.api.types.is_float_dtype(frame[name].dtype):
            far = np.isinf(frame[name].to_numpy(dtype=float, na_value=np.nan))
            if far.any():
                problems.add(
                    "holds numbers that are too large",
                    column=str(name),
                    rows=first_rows(far),
                    count=int(far.sum()),
                    fix="Correct them, or leave them out.",
                )
    problems.raise_if_any()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise ValueError(f"names {quote([name for name, count in counts.items() if count > 1])} twice")
    return made


DECODER = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_object)
LINE = re.compile(r"[^\n]*[^\s][^\n]*")
BLANK = re.compile(r"[ \t\r\n]*")


def _lines(text: str, name: str) -> Iterator[dict[str, Any]]:
    number, before = 1, 0
    for line in LINE.finditer(text):
        number += text.count("\n", before, line.start())
        before = line.start()
        where = f"line {number}"
        if line.end() - line.start() > MAX_RECORD:
            raise fail(name, f"{where} has {line.end() - line.start():,} characters", "Write one JSON object a line.")
        row, end = _decode(line[0], name, where)
        if line[0][end:].strip():
            raise _unreadable(name, where, "more follows the object")
        yield row


def _list(text: str, name: str) -> Iterator[dict[str, Any]]:
    """Objects of a list, decoded one by one out of parts of the text, so that none is built that is too large."""
    place, number, odd = _skip_blanks(text, 0) + 1, 0, list[int]()
    if text[_skip_blanks(text, place) :][:1] == "]":
        raise fail(name, "the list has no rows", 'Write one object a row, as in {"a": 1}.')
    sign = ","
    while sign == ",":
        number += 1
        value, place = _element(text, _skip_blanks(text, place), name, number)
        if isinstance(value, dict):
            yield value
        else:
            odd.append(number)
        place = _skip_blanks(text, place) + 1
        sign = text[place - 1 : place]
    if sign != "]":
        raise _unreadable(name, "the list", f"there is neither a comma nor its end behind entry {number:,}")
    if _skip_blanks(text, place) < len(text):
        raise _unreadable(name, "the list", "something follows it")
    if odd:
        what = f"{len(odd):,} entries are no objects"
        raise fail(name, what, 'Write one object a row, as in {"a": 1}.', tuple(odd[:6]))


def _skip_blanks(text: str, place: int) -> int:
    return BLANK.match(text, place).end()  # type: ignore[union-attr]  # it matches nothing, too


def _element(text: str, place: int, name: str, number: int) -> tuple[Any, int]:
    """One entry of a list, and where it ends; the part of the text that is decoded grows until it holds it whole."""
    size, end = 1 << 12, len(text)
    # An object of which no brace closes within the limit cannot end in time: nothing is built to find that out.
    endless = end - place > MAX_RECORD and text.startswith("{", place) and text.find("}", place, place + MAX_RECORD) < 0
    if endless:
        raise _too_long(name, number)
    while True:
        stop = min(end, place + size)
        try:
            value, used = DECODER.raw_decode(text[place:stop])
            if place + used < stop or stop == end:
                return value, place + used
        except RecursionError as error:
            raise _unreadable(name, f"entry {number:,} of the list", error) from error
        except ValueError as error:
            if stop == end or str(error).startswith("names "):
                where = "the list" if place == end else f"entry {number:,} of the list"
                raise _unreadable(name, where, error) from error
        if size >= MAX_RECORD:
            raise _too_long(name, number)
        size *= 8


def _too_long(name: str, number: int) -> DataError:
    return fail(name, f"entry {number:,} of the list has more than {MAX_RECORD:,} characters", "Write smaller objects.")


def _decode(text: str, name: str, where: str) -> tuple[dict[str, Any], int]:
    try:
        found, end = DECODER.raw_decode(text, len(text) - len(text.lstrip()))
    except (ValueError, RecursionError) as error:
        raise _unreadable(name, where, error) from error
    if not isinstance(found, dict):
        raise fail(name, f"{where} is no JSON object", 'Write one JSON object a line, as in {"a": 1}.')
    return found, end


def _unreadable(name: str, where: str, why: str | Exception) -> DataError:
    told = "is nested too deeply" if isinstance(why, RecursionError) else f"cannot be read ({str(why)[:120]})"
    return fail(name, f"{where} {told}", 'Write one JSON object a line, as in {"a": 1}.')
