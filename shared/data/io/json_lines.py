"""From JSON to a frame: one object a line, or one list of objects; nothing nested, nothing guessed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shared.data.io.formats import check_names
from shared.data.io.sources import MAX_COLUMNS, fail, read_bytes, read_text
from shared.data.schema import first_rows
from shared.errors import Problems, quoted

__all__ = ["from_json", "refuse_infinite", "typed"]

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
    problems = Problems(path.name)
    rows = _list(text, path.name) if text.lstrip().startswith("[") else _lines(text, path.name)
    names: dict[str, None] = {}
    nested: dict[str, list[int]] = {}
    for number, row in enumerate(rows, 1):
        for name, value in row.items():
            names[name] = None
            if isinstance(value, list | dict):
                nested.setdefault(name, []).append(number)
        if len(names) > MAX_COLUMNS:
            raise fail(
                path.name, f"the objects name more than {MAX_COLUMNS:,} columns", "Give one row a value instead."
            )
    for name, places in nested.items():
        problems.add(
            f"{len(places):,} values are lists or objects", column=name, rows=places, count=len(places),
            mend="Write each part into a column of its own.",
        )  # fmt: skip
    problems.raise_if_any()
    if not names:
        raise fail(path.name, "the objects hold nothing", 'Write one JSON object a line, as in {"a": 1}.')
    check_names(list(names), path.name)
    frame = pd.DataFrame({name: typed([row.get(name) for row in rows]) for name in names})
    refuse_infinite(frame, path.name)
    return frame


def typed(values: list[Any]) -> pd.Series[Any]:
    """Make Python values a column; whole numbers and truth values with gaps keep their type, every digit stays.

    >>> typed([1, None]).dtype.name, typed([2**70]).tolist() == [2**70]
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
                    "holds numbers that are too large", column=str(name), rows=first_rows(far), count=int(far.sum()),
                    mend="Correct them, or leave them out.",
                )  # fmt: skip
    problems.raise_if_any()


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = [name for place, (name, _) in enumerate(pairs) if name in dict(pairs[:place])]
        raise ValueError(f"names {quoted(dict.fromkeys(twice))} twice")
    return made


def _lines(text: str, name: str) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            rows.append(_row(line, name, f"line {number}"))
    return rows


def _list(text: str, name: str) -> list[dict[str, Any]]:
    found = _row(text, name, "the list", wanted=list)
    odd = [place for place, row in enumerate(found, 1) if not isinstance(row, dict)]
    if odd or not found:
        what = f"{len(odd):,} entries are no objects" if odd else "the list has no rows"
        raise fail(name, what, 'Write one object a row, as in {"a": 1}.', tuple(odd[:6]))
    return list(found)


def _row(text: str, name: str, where: str, wanted: type = dict) -> Any:
    try:
        found = json.loads(text, parse_constant=_refuse, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        why = "is nested too deeply" if isinstance(error, RecursionError) else f"cannot be read ({str(error)[:120]})"
        raise fail(name, f"{where} {why}", 'Write one JSON object a line, as in {"a": 1}.') from error
    if not isinstance(found, wanted):
        raise fail(name, f"{where} is no JSON object", 'Write one JSON object a line, as in {"a": 1}.')
    return found
