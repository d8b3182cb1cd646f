"""A table of items: which column names them, which describe them, and how several kinds in a cell are told apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from shared.data.contract import contract_of
from shared.data.io.tables import TableReport
from shared.data.schema import first_rows, missing_column
from shared.errors import DataError, Problem, Problems
from shared.reporting import Run
from shared.text import count_of

from .cells import clean_column, is_number, set_apart
from .guesses import explain_silence, guess_check, guess_key, guess_separator, guess_texts
from .settings import CatalogueSettings

__all__ = ["FEWEST", "NUMBERED", "Items", "name_columns", "prepare_items"]

FEWEST = 20  # items, for anything to be said of neighbours
NUMBERED = "row"  # key of items whose rows are numbered


@dataclass(frozen=True)
class Items:
    """A catalogue.

    Attributes
    ----------
    table : pandas.DataFrame
        A row an item, numbered from 0; numbers as floats, all else as text, or None.
    key, title, check : str
        Columns; title and check may be empty.
    text, attributes : tuple of str
    separator : str
        Empty for none.
    notes : tuple of str
        What was taken for what, and what was left out.

    >>> Items(pd.DataFrame({"id": ["a"], "kind": ["x, y"]}), "id", attributes=("kind",), separator=", ").keys
    ['a']
    """

    table: pd.DataFrame
    key: str
    title: str = ""
    text: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    check: str = ""
    separator: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, out: Run, settings: CatalogueSettings) -> tuple[Items, TableReport]:
        """Load the bundled films, or the user's own file.

        Parameters
        ----------
        out : Run
        settings : CatalogueSettings

        Raises
        ------
        DataError
            The table cannot be used.
        """
        own = settings.own_table() if out.data is not None else None

        def check(table: pd.DataFrame, source: str) -> None:
            prepare_items(table, settings, source)

        table, reading = out.load_table("films", own, check=check)
        items = prepare_items(table, settings, reading.source)
        used = [*items.text, *items.compared]
        # A value never seen, or none, is nothing unusual in a new item.
        columns = tuple(replace(one, labels=(), missing=True) for one in contract_of(items.table[used]).columns)
        others = tuple(str(name) for name in table.columns if name not in used)
        out.contract = replace(contract_of(items.table[used]), columns=columns, others=others)
        return items, reading

    @property
    def keys(self) -> list[str]:
        """Key of every item."""
        return self.table[self.key].tolist()

    @property
    def titles(self) -> list[str]:
        """What every item is called: its title, else its key."""
        if not self.title:
            return self.keys
        return [one or key for one, key in zip(self.table[self.title], self.keys, strict=True)]

    @property
    def compared(self) -> tuple[str, ...]:
        """Columns of kinds and numbers that the lists go by: the attributes, and what is checked by."""
        return (*self.attributes, self.check) if self.check else self.attributes

    @property
    def kinds(self) -> tuple[str, ...]:
        """Those of them that hold kinds."""
        return tuple(name for name in self.compared if not is_number(self.table[name]))


def name_columns(table: pd.DataFrame, settings: CatalogueSettings, source: str) -> tuple[str, list[str], list[str]]:
    """Key, attributes and notes, from what was named, else from what is there.

    Parameters
    ----------
    table : pandas.DataFrame
        As read.
    settings : CatalogueSettings
        Its roles filled by columns of the table.
    source : str
        For messages.

    Raises
    ------
    DataError
        An attribute that was named is not there.

    >>> table = pd.DataFrame({"id": [3, 1], "colour": ["red", "blue"]})
    >>> name_columns(table, CatalogueSettings().for_table(table.columns), "own.csv")[:2]
    ('id', ['colour'])
    """
    asked, notes = settings.columns, []
    problems = Problems(source)
    for name in asked.attributes:
        if name not in table.columns:
            missing_column(name, list(map(str, table.columns)), problems, "columns.attributes", "to compare by")
    problems.raise_if_any()
    roles = {asked.title, asked.check, *asked.text, *asked.attributes}
    key = asked.item
    if not key and (key := guess_key(table, roles)):
        notes.append(f"“{key}” is taken for the key: it is the first column that differs in every row")
    names = list(asked.attributes) or [str(name) for name in table.columns if str(name) not in {key, *roles}]
    if dates := [name for name in names if pd.api.types.is_datetime64_any_dtype(table[name].dtype)]:
        notes.append(f"dates are not compared: {', '.join(dates)}")
    return key, [name for name in names if name not in dates], notes


def prepare_items(table: pd.DataFrame, settings: CatalogueSettings, source: str) -> Items:
    """Make a catalogue of a table.

    Parameters
    ----------
    table : pandas.DataFrame
        As read.
    settings : CatalogueSettings
    source : str
        For messages.

    Raises
    ------
    DataError
        There are too few items, keys repeat, or nothing is left to compare by.

    >>> table = pd.DataFrame({"id": range(40), "kind": list("ab") * 20, "price": list(range(20)) * 2})
    >>> items = prepare_items(table, CatalogueSettings(columns={"check": ""}), "own.csv")
    >>> items.key, items.attributes, items.check
    ('id', ('kind', 'price'), '')
    """
    _check_size(table, source)
    asked_attributes = list(settings.columns.attributes)
    settings = settings.for_table({*map(str, table.columns), *asked_attributes})
    key, names, notes = name_columns(table, settings, source)
    asked = settings.columns
    notes = [*(text.rstrip(".") for text in asked.explain_missing() if not _is_guessed(text, key)), *notes]
    if len(table) > settings.most_items:
        rows = np.random.default_rng(settings.seed).choice(len(table), settings.most_items, replace=False)
        notes.append(
            f"of {len(table):,} items, {settings.most_items:,} were drawn by chance and the others are left out:"
            " --set most_items=N takes more"
        )
        table = table.iloc[np.sort(rows)]
    kept = [*filter(None, [asked.title, asked.check]), *asked.text, *names]
    clean = pd.DataFrame({name: clean_column(table[name]) for name in kept}, index=pd.RangeIndex(len(table)))
    if asked.check:
        clean[asked.check] = clean_column(clean[asked.check].map(_as_text))
    keys = table[key].map(_as_text) if key else pd.Series(np.arange(1, len(table) + 1).astype(str))
    key = key or set_apart(NUMBERED, kept)
    clean = clean.drop(columns=[key], errors="ignore")
    clean.insert(0, key, keys.to_numpy(dtype=object))
    _check_keys(clean, key, source)
    return _describe(clean, key, names, settings, source, notes)


def _describe(
    clean: pd.DataFrame, key: str, names: list[str], settings: CatalogueSettings, source: str, notes: list[str]
) -> Items:
    asked = settings.columns
    separator = settings.separator
    kinds = [name for name in [*names, asked.check] if name and not is_number(clean[name])]
    if separator == "guess":
        separator, why = guess_separator(clean, kinds)
        notes += [why] if why else []
    silent = {name: why for name in names if (why := explain_silence(clean[name], separator))}
    texts = tuple(asked.text) or guess_texts(clean, [] if asked.attributes else list(silent))
    notes += [f"“{name}” is taken for a text: it differs in nearly every row" for name in texts if name in silent]
    notes += [f"“{name}” is not compared: it {why}" for name, why in silent.items() if name not in texts]
    names = [name for name in names if name not in silent]
    check = asked.check
    if not check and (len(names) > 1 or texts):
        check, why = guess_check(clean, [name for name in kinds if name in names], separator)
        notes += [why] if why else []
    attributes = tuple(name for name in names if name != check)
    if not attributes and not texts:
        what = f"holds no column that items can be compared by{f' beside {check!r}' if check else ''}"
        fix = "Name columns of kinds, numbers or text: --set columns.text=NAME, or columns.attributes."
        raise DataError(source, [Problem(what, fix=fix)])
    table = clean[list(dict.fromkeys([*filter(None, [key, asked.title]), *texts, *attributes, *filter(None, [check])]))]
    return Items(table, key, asked.title, texts, attributes, check, separator, tuple(notes))


def _is_guessed(text: str, key: str) -> bool:
    """Whether what is said of a missing role is said better by what was found in its place."""
    return text.startswith("No column is there for check") or (
        bool(key) and text.startswith("No column is there for item")
    )


def _as_text(value: Any) -> str | None:
    if pd.isna(value):
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _check_size(table: pd.DataFrame, source: str) -> None:
    if len(table) < FEWEST:
        what = f"has {count_of(len(table), 'row')}, and at least {FEWEST} are needed"
        raise DataError(source, [Problem(what, fix="Give a row an item.")])


def _check_keys(clean: pd.DataFrame, key: str, source: str) -> None:
    problems = Problems(source)
    gone = clean[key].isna().to_numpy()
    twice = clean[key].duplicated(keep=False).to_numpy() & ~gone
    for rows, what in ((gone, "keys are missing"), (twice, "rows share a key with others")):
        if rows.any():
            fix = "Give every item one row and a key of its own, or name another column: --set columns.item=NAME."
            problems.add(
                f"{int(rows.sum()):,} {what}", column=key, rows=first_rows(rows), count=int(rows.sum()), fix=fix
            )
    problems.raise_if_any()
