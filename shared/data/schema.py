"""What a table has to look like, declared once and checked at once with every problem gathered."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shared.data.io.parse import Kind
from shared.errors import Argument, Fix, Problems, SettingsError, quote
from shared.typing import Bools

__all__ = ["Column", "Schema", "first_rows"]

MAX_NEAR = 1000


@dataclass(frozen=True)
class Column:
    """One declared column.

    Parameters
    ----------
    name : str
        Its name in the table.
    kind : {"number", "integer", "text", "boolean", "datetime"}
        What its values are. Keys such as order numbers are "text": leading zeros stay.
    role : str
        What it means, in the field's words; shown to people.
    required : bool
        Whether the table must have it.
    allow_missing : bool
        Whether single values may be missing.
    minimum, maximum : float, optional
        Bounds, both included.
    choices : tuple of str
        The only values allowed; empty for any.
    unique : bool
        Whether no value may occur twice.
    setting : str
        Name of the setting that says which column it is, for messages; empty where there is none.
    truth : bool
        Whether a column of numbers may hold true and false instead, read as 1 and 0.

    >>> Column("Demand", "number", minimum=0).kind
    'number'
    """

    name: str
    kind: Kind
    role: str = ""
    required: bool = True
    allow_missing: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    unique: bool = False
    setting: str = ""
    truth: bool = False


@dataclass(frozen=True)
class Schema:
    """A declared table.

    Parameters
    ----------
    columns : tuple of Column
        The declared columns; others are left as they are.
    key : tuple of str
        Columns that together occur once.

    >>> schema = Schema((Column("y", "number"),))
    >>> problems = Problems("table")
    >>> _ = schema.check(pd.DataFrame({"x": [1.0]}), problems)
    >>> print(next(iter(problems)))
    column 'y': is missing; the table has 'x'. Name it so, or say under which name it is.
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the declared columns.

        >>> Schema((Column("y", "number"),)).names
        ('y',)
        """
        return tuple(column.name for column in self.columns)

    def check_itself(self) -> None:
        """Refuse a schema that declares a column twice.

        >>> Schema((Column("y", "number"), Column("y", "text"))).check_itself()
        Traceback (most recent call last):
        ...
        shared.errors.SettingsError: the schema declares 'y' more than once
        """
        twice = [name for name, count in Counter(self.names).items() if count > 1]
        if twice:
            raise SettingsError(f"the schema declares {quote(twice)} more than once")

    def check(self, frame: pd.DataFrame, problems: Problems) -> Bools:
        """Add every problem of a typed frame to `problems`; return the rows that have one.

        Parameters
        ----------
        frame : pandas.DataFrame
            Values already of their kinds.
        problems : Problems
            Where to add what is found.

        Returns
        -------
        numpy.ndarray of bool, shape (n_rows,)
            Rows with a missing value or one out of range.
        """
        bad = np.zeros(len(frame), dtype=bool)
        for column in self.columns:
            if column.name not in frame.columns:
                if column.required:
                    present = [str(name) for name in frame.columns]
                    missing_column(column.name, present, problems, column.setting, column.role)
                continue
            bad |= _check_values(column, frame[column.name], problems)
        return bad

    def check_key(self, frame: pd.DataFrame, problems: Problems) -> Bools:
        """Add repeated keys and repeated unique values to `problems`; return the rows that a later one repeats.

        Parameters
        ----------
        frame : pandas.DataFrame
        problems : Problems
            Takes what is found.

        >>> problems = Problems("table")
        >>> Schema((), key=("a",)).check_key(pd.DataFrame({"a": [1, 1]}), problems).tolist()
        [True, False]
        """
        repeated = np.zeros(len(frame), dtype=bool)
        keys = [(column.name,) for column in self.columns if column.unique]
        for key in ([self.key] if self.key else []) + keys:
            if not set(key) <= set(map(str, frame.columns)):
                continue
            nested = [name for name in key if not _hashable(frame[name])]
            if nested:
                problems.add(
                    "holds lists or mappings, which cannot be a key", column=nested[0], fix="Name another key."
                )
                continue
            earlier = frame.duplicated(list(key), keep="last").to_numpy()
            later = frame.duplicated(list(key), keep="first").to_numpy()
            if later.any():
                problems.add(
                    f"{later.sum():,} {'row repeats' if later.sum() == 1 else 'rows repeat'} an earlier"
                    f" {' and '.join(key)}",
                    column=", ".join(key),
                    rows=first_rows(later),
                    count=int(later.sum()),
                    fix=Fix(
                        _clock_hint(frame, key),
                        "Remove them, or pass ",
                        Argument("repair", "keep_last_duplicate"),
                        ".",
                    ),
                )
            repeated |= earlier
        return repeated


def _clock_hint(frame: pd.DataFrame, key: tuple[str, ...]) -> Fix:
    """What else may be the matter with stamps without a zone."""
    local = any(isinstance(frame[name].dtype, np.dtype) and frame[name].dtype.kind == "M" for name in key)
    back = ("If the clocks went back there, pass the zone, as in ", Argument("tz", "Europe/Berlin"), ". Otherwise: ")
    return Fix(*back) if local else Fix()


def _hashable(values: pd.Series[Any]) -> bool:
    return values.dtype != object or bool(values.map(lambda value: isinstance(value, Hashable)).all())


def missing_column(
    name: str,
    present: list[str],
    problems: Problems,
    setting: str = "",
    means: str = "",
    *,
    named_in: tuple[str, str] | None = None,
) -> None:
    """Add a missing column to `problems`, with the nearest name that is there and what would name it.

    Parameters
    ----------
    name : str
        The column that is not there.
    present : list of str
    problems : Problems
    setting, means : str
        The setting of a study that names it, and what it means there.
    named_in : tuple of str, optional
        The class and the argument in which Python names it, as in ("SeriesColumns", "ds").

    >>> problems = Problems("table")
    >>> missing_column("Demand", ["demand"], problems)
    >>> "did you mean 'demand'" in str(next(iter(problems)))
    True
    >>> missing_column("ds", ["Time"], problems, named_in=("SeasonalNaive", "ds"))
    >>> problems.found[-1].fix
    'Name it so, or say under which name it is: SeasonalNaive(ds=...).'
    """
    folded = {other.lower(): other for other in present[:MAX_NEAR]}
    near = difflib.get_close_matches(name.lower(), folded, n=1)
    hint = f"did you mean '{folded[near[0]]}'?" if near else f"the table has {quote(present)}"
    where = f": --set {setting}=NAME" if setting else ""
    meant = f" ({means})" if means and setting else ""
    fix = f"Name it so, or say under which name it is{where}."
    if named_in is not None:
        kind, argument = named_in
        fix = Fix("Name it so, or say under which name it is", Fix(f": {kind}(", Argument(argument), "...)"), ".")
    problems.add(f"is missing{meant}; {hint}", column=name, fix=fix)


def first_rows(mask: Bools) -> list[int]:
    """Return the first few marked rows, counted from 1.

    >>> first_rows(np.array([False, True]))
    [2]
    """
    return [int(row) + 1 for row in np.flatnonzero(mask)[:6]]


def _check_values(column: Column, values: pd.Series[Any], problems: Problems) -> Bools:
    empty = values.isna().to_numpy()
    bad = np.zeros(len(values), dtype=bool)

    def found(mask: Bools, what: str, fix: str) -> None:
        if mask.any():
            count = int(mask.sum())
            text = f"{count:,} {'value is' if count == 1 else 'values are'} {what}"
            problems.add(text, column=column.name, rows=first_rows(mask), count=count, fix=fix)
            bad[mask] = True

    leave_out = Fix(", or pass ", Argument("repair", "drop_bad_rows"), " to leave the rows out")
    fix = Fix("Correct them", leave_out, ".")
    if not column.allow_missing:
        found(empty, "missing", fix)
    if column.kind in {"number", "integer"}:
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        found(np.isinf(numbers), "infinite", fix)
        with np.errstate(invalid="ignore"):
            if column.minimum is not None:
                found((numbers < column.minimum) & ~np.isinf(numbers), f"below {column.minimum:g}", fix)
            if column.maximum is not None:
                found((numbers > column.maximum) & ~np.isinf(numbers), f"above {column.maximum:g}", fix)
    if column.choices:
        other = ~values.isin(column.choices).to_numpy() & ~empty
        if other.any():
            near = quote(values[other].unique()[:3])
            found(other, f"none of {quote(column.choices)} but {near}", fix)
    return bad
