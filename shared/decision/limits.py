"""Limits as a table that people keep in a spreadsheet: a name, what it applies to, at least, at most."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shared.checks import nearest
from shared.data.io.frames import as_pandas
from shared.data.io.tables import read_table
from shared.data.schema import Column, Schema
from shared.errors import DataError, Problem, Problems, SettingsError, quote
from shared.result import OneLine
from shared.text import count_of
from shared.typing import Floats

__all__ = ["Limit", "LimitRows", "Limits", "read_groups"]

COLUMNS = ("name", "applies_to", "least", "most")
GROUP = re.compile(r"^\s*(?P<map>[^=]+?)\s*=\s*(?P<group>.+?)\s*$")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
EVERY = re.compile(r"^\s*every\s+(?P<what>.+?)\s*$", re.IGNORECASE)

GroupMaps = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Limit:
    """One limit.

    Parameters
    ----------
    name : str
        By which answers speak of it; what it says where left empty.
    applies_to : str
        An item ("AAPL"), a group of a map ("sector = Energy"), every one of a kind ("every asset", "every sector"),
        or a quantity that the model knows ("turnover", "number of assets").
    least, most : float or str
        As in 0.3 or "30 %"; left out, or None, where there is no bound.
    period : str, optional
        For plans over time; all of it where left out.

    Raises
    ------
    SettingsError
        A bound is no number.

    >>> Limit("", "sector = Energy", most=0.3).name
    'sector = Energy'
    """

    name: str
    applies_to: str
    least: float = -np.inf
    most: float = np.inf
    period: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "applies_to", " ".join(str(self.applies_to).split()))
        object.__setattr__(self, "name", str(self.name).strip() or self.applies_to)
        for side, nothing in (("least", -np.inf), ("most", np.inf)):
            value = getattr(self, side)
            number = nothing if value is None else _read_number(value)
            if number is None:
                raise SettingsError(f"{side}={value!r} of {self.name!r} is no number; write it as in 0.3 or '30 %'")
            object.__setattr__(self, side, number)


@dataclass(frozen=True, repr=False)
class LimitRows(OneLine):
    """Limits on sums of items, as rows.

    Attributes
    ----------
    matrix : numpy.ndarray of shape (m, n)
    lower, upper : numpy.ndarray of shape (m,)
    names : tuple of str
        Of the rows; where a limit has several, with what each is about.
    limits : tuple of str
        Of the limit that each row belongs to.

    >>> LimitRows(np.zeros((0, 1)), np.zeros(0), np.zeros(0), ()).names
    ()
    """

    matrix: Floats
    lower: Floats
    upper: Floats
    names: tuple[str, ...]
    limits: tuple[str, ...] = ()


class Limits:
    """A table of limits.

    Parameters
    ----------
    limits : iterable of Limit

    Raises
    ------
    DataError
        A limit has no bound, bounds cross, or two have one name; every such row is told.

    >>> limits = Limits([Limit("Energy", "sector = Energy", most=0.3), Limit("floor", "AAPL", least=0.05)])
    >>> rows = limits.to_rows(["AAPL", "XOM", "CVX"], {"sector": {"AAPL": "Tech", "XOM": "Energy", "CVX": "Energy"}})
    >>> rows.matrix.tolist(), rows.names
    ([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]], ('Energy', 'floor'))
    """

    def __init__(self, limits: Iterable[Limit] = (), *, source: str = "limits") -> None:
        self.limits = tuple(limits)
        self.source = source
        problems = Problems(source)
        seen: dict[tuple[str, str | None], int] = {}
        for row, limit in enumerate(self.limits, 1):
            if not isinstance(limit, Limit):
                problems.add(
                    f"row {row} is a {type(limit).__name__}", fix="Give Limit(name, applies_to, least=, most=)."
                )
                continue
            if not limit.applies_to:
                problems.add("is empty", column="applies_to", rows=[row], count=1, fix="Say what the limit is about.")
            if np.isnan(limit.least) or np.isnan(limit.most):
                problems.add(f"the bounds of {limit.name!r} are no numbers", rows=[row], count=1)
            elif np.isposinf(limit.least) or np.isneginf(limit.most):
                problems.add(f"{limit.name!r} can never hold", rows=[row], count=1, fix="Leave out what has no bound.")
            elif np.isneginf(limit.least) and np.isposinf(limit.most):
                problems.add(f"{limit.name!r} has no bound", rows=[row], count=1, fix="Fill in least or most.")
            elif limit.least > limit.most:
                problems.add(
                    f"{limit.name!r} asks for at least {limit.least:g} and at most {limit.most:g}",
                    rows=[row],
                    count=1,
                    fix="Exchange them, or correct one.",
                )
            if (limit.name, limit.period) in seen:
                problems.add(
                    f"{limit.name!r} is the name of row {seen[limit.name, limit.period]}, too",
                    column="name",
                    rows=[row],
                    count=1,
                    fix="Give each its own: answers speak of limits by their names.",
                )
            seen.setdefault((limit.name, limit.period), row)
        problems.raise_if_any()

    @classmethod
    def from_frame(cls, frame: Any, *, source: str = "limits") -> Limits:
        """Take them from a table with the columns applies_to, least and most, and where there are any, name and period.

        Parameters
        ----------
        frame : pandas, Polars or Arrow frame
            Empty cells of least and most are no bound. "30 %" is read as 0.3.
        source : str
            For messages.

        >>> Limits.from_frame(pd.DataFrame({"applies_to": ["AAPL"], "least": [None], "most": ["5 %"]})).limits[0].most
        0.05
        """
        return cls._from_table(as_pandas(frame, source), source, ".")

    @classmethod
    def _from_table(cls, table: pd.DataFrame, source: str, decimal: str) -> Limits:
        problems = Problems(source)
        plain = [_plain_name(name) for name in table.columns]
        for name in (*COLUMNS, "period"):
            if plain.count(name) > 1:
                same = quote(column for column, one in zip(table.columns, plain, strict=True) if one == name)
                problems.add(f"columns {same} are the same to limits", column=name, fix="Leave one of them out.")
        problems.raise_if_any()
        table = table.set_axis(plain, axis=1)
        for name in ("applies_to",):
            if name not in table.columns:
                problems.add(f"is missing; the table has {quote(table.columns)}", column=name, fix="Name it so.")
        if not {"least", "most"} & set(table.columns):
            problems.add("there is neither a column least nor one most", fix="Add what is allowed.")
        problems.raise_if_any()
        bounds = {side: _read_bounds(table, side, problems, decimal) for side in ("least", "most")}
        problems.raise_if_any()
        texts = {name: _read_texts(table, name) for name in ("name", "applies_to", "period")}
        return cls(
            (
                Limit(
                    texts["name"][i],
                    texts["applies_to"][i],
                    -np.inf if np.isnan(bounds["least"][i]) else bounds["least"][i],
                    np.inf if np.isnan(bounds["most"][i]) else bounds["most"][i],
                    texts["period"][i] or None,
                )
                for i in range(len(table))
            ),
            source=source,
        )

    @classmethod
    def read(cls, path: str | Path, **options: Any) -> Limits:
        """Read them from a file, such as a sheet of a spreadsheet.

        Parameters
        ----------
        path : path
        **options
            Further arguments of `read_table`, such as ``sheet`` or ``decimal``.

        Raises
        ------
        DataError
            See `from_frame`.
        """
        columns = tuple(Column(name, "text", allow_missing=True, required=False) for name in (*COLUMNS, "period"))
        table = read_table(path, Schema(columns), **options)
        return cls._from_table(table, Path(path).name, str(options.get("decimal") or "."))

    @classmethod
    def make(cls, limits: Any) -> Limits:
        """Take limits as anything that holds some: Limits, limits, a table, or a file's path; None for none.

        Parameters
        ----------
        limits : Limits, iterable of Limit, frame, path or None
        """
        if limits is None:
            return cls()
        if isinstance(limits, cls):
            return limits
        if isinstance(limits, str | Path):
            return cls.read(limits)
        if isinstance(limits, Limit):
            return cls([limits])
        if hasattr(limits, "columns") or hasattr(limits, "column_names"):
            return cls.from_frame(limits)
        if not isinstance(limits, Iterable):
            raise SettingsError(f"limits={limits!r}: give Limits, a list of Limit, a table, or the path of one")
        return cls(limits)

    def __len__(self) -> int:
        return len(self.limits)

    def __iter__(self) -> Iterator[Limit]:
        return iter(self.limits)

    def __repr__(self) -> str:
        return f"Limits({count_of(len(self), 'limit')})"

    def to_frame(self) -> pd.DataFrame:
        """The table, without bounds where there are none."""
        return pd.DataFrame(
            [(one.name, one.applies_to, one.least, one.most, one.period) for one in self.limits],
            columns=[*COLUMNS, "period"],
        ).replace([np.inf, -np.inf], np.nan)

    def about(self, *quantities: str) -> list[Limit]:
        """Limits of some quantities, by what they apply to.

        Parameters
        ----------
        *quantities : str
            As in "turnover"; case does not matter.

        >>> Limits([Limit("calm", "turnover", most=0.2)]).about("turnover")[0].most
        0.2
        """
        wanted = {one.lower() for one in quantities}
        return [one for one in self.limits if one.applies_to.lower() in wanted]

    def without(self, *quantities: str) -> Limits:
        """The other limits.

        Parameters
        ----------
        *quantities : str
        """
        taken = set(map(id, self.about(*quantities)))
        return Limits((one for one in self.limits if id(one) not in taken), source=self.source)

    def say_ungrouped(self, items: Sequence[str], groups: GroupMaps | None) -> tuple[str, ...]:
        """Say which items no limit on groups touches, because they are in none.

        Parameters
        ----------
        items : sequence of str
        groups : mapping of mappings

        >>> limits = Limits([Limit("cap", "every sector", most=0.3)])
        >>> limits.say_ungrouped(["a", "b"], {"sector": {"a": "x"}})
        ("'b' is in no sector, so that 'cap' does not touch it",)
        """
        told = []
        for limit in self.limits:
            every, named = EVERY.match(limit.applies_to), GROUP.match(limit.applies_to)
            wanted = every["what"] if every else named["map"] if named else ""
            of = next((one for name, one in (groups or {}).items() if name.lower() == wanted.lower()), None)
            lost = [item for item in items if of is not None and item not in of]
            if every and lost:
                verb, whom = ("is", "it") if len(lost) == 1 else ("are", "them")
                told.append(f"{quote(lost)} {verb} in no {wanted}, so that {limit.name!r} does not touch {whom}")
        return tuple(told)

    def to_rows(
        self,
        items: Sequence[str],
        groups: GroupMaps | None = None,
        *,
        kind: str = "asset",
        quantities: Sequence[str] = (),
    ) -> LimitRows:
        """Write limits on items and groups as rows over the items; those of quantities are left to the caller.

        Parameters
        ----------
        items : sequence of str
        groups : mapping of mappings
            Of each map, the group of each item.
        kind : str
            What an item is called, for "every asset".
        quantities : sequence of str
            What else limits may apply to.

        Raises
        ------
        DataError
            A limit applies to what is not there; the nearest name is told.
        """
        maps = {} if groups is None else {name: dict(one) for name, one in groups.items()}
        places = {_single_spaced(item): place for place, item in enumerate(items)}
        folded = {name.lower(): name for name in maps}
        known = {one.lower() for one in quantities}
        problems = Problems(self.source)
        rows: list[tuple[Floats, float, float, str, str]] = []
        for row, limit in enumerate(self.limits, 1):
            if limit.applies_to.lower() in known:
                continue
            for label, members in self._members(limit, row, places, maps, folded, kind, quantities, problems):
                coefficients = np.zeros(len(places))
                coefficients[members] = 1.0
                rows.append((coefficients, limit.least, limit.most, label, limit.name))
        problems.raise_if_any()
        matrix = np.array([row[0] for row in rows]).reshape(len(rows), len(places))
        return LimitRows(
            matrix,
            np.array([row[1] for row in rows], dtype=float),
            np.array([row[2] for row in rows], dtype=float),
            tuple(row[3] for row in rows),
            tuple(row[4] for row in rows),
        )

    def _members(
        self,
        limit: Limit,
        row: int,
        places: Mapping[str, int],
        maps: GroupMaps,
        folded: Mapping[str, str],
        kind: str,
        quantities: Sequence[str],
        problems: Problems,
    ) -> list[tuple[str, list[int]]]:
        """Sets of items that a limit applies to, each with its name."""
        if limit.applies_to in places:
            return [(limit.name, [places[limit.applies_to]])]
        every = EVERY.match(limit.applies_to)
        if every:
            what = every["what"].lower()
            if what == kind:
                return [(f"{limit.name}: {item}", [place]) for item, place in places.items()]
            if what in folded:
                of = _gather(maps[folded[what]], places)
                return [(f"{limit.name}: {group}", members) for group, members in of.items()]
            near = nearest(what, [kind, *folded.values()]) if maps else "no map of groups was given"
            problems.add(
                f"{limit.applies_to!r}: there is no {every['what']!r}; {near}",
                column="applies_to",
                rows=[row],
                fix=""
                if maps
                else f"Pass groups=, a table with a row an item and a column a map, or say every {kind}.",
            )
            return []
        named = GROUP.match(limit.applies_to)
        if named:
            if named["map"].lower() not in folded:
                near = nearest(named["map"], folded.values()) if maps else "no map of groups was given"
                fix = "" if maps else "Pass groups=, a table with a row an item and a column a map."
                what = f"{limit.applies_to!r}: there is no map {named['map']!r}; {near}"
                problems.add(what, column="applies_to", rows=[row], fix=fix)
                return []
            of = _gather(maps[folded[named["map"].lower()]], places)
            if named["group"] not in of:
                near = nearest(named["group"], of)
                what = f"{limit.applies_to!r}: no {kind} is in {named['group']!r}; {near}"
                problems.add(what, column="applies_to", rows=[row])
                return []
            return [(limit.name, of[named["group"]])]
        near = nearest(limit.applies_to, [*places, *quantities, f"every {kind}"])
        problems.add(f"{limit.applies_to!r} is no {kind}, group or quantity; {near}", column="applies_to", rows=[row])
        return []


def _gather(of: Mapping[str, str], places: Mapping[str, int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    groups = {_single_spaced(item): _single_spaced(group) for item, group in of.items()}
    for item, place in places.items():
        if item in groups:
            found.setdefault(groups[item], []).append(place)
    return found


def _single_spaced(name: object) -> str:
    """A name as limits spell it: without spaces around, and one between."""
    return " ".join(str(name).split())


def _read_number(value: Any, decimal: str = ".") -> float | None:
    """A number, as in 0.3 or "30 %"; None where it is none."""
    if isinstance(value, str):
        text = value.strip()
        share = text.endswith("%")
        text = text.removesuffix("%").strip().replace(decimal, ".")
        if not NUMBER.fullmatch(text):
            return None
        return float(text) / 100 if share else float(text)
    if isinstance(value, bool | np.bool_):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _plain_name(name: object) -> str:
    return re.sub(r"[\s_]+", "_", str(name).strip().lower())


def _read_texts(table: pd.DataFrame, name: str) -> list[str]:
    if name not in table.columns:
        return [""] * len(table)
    return ["" if pd.isna(value) else str(value).strip() for value in table[name]]


def _read_bounds(table: pd.DataFrame, side: str, problems: Problems, decimal: str) -> Floats:
    found = np.full(len(table), np.nan)
    if side not in table.columns:
        return found
    bad = []
    for place, value in enumerate(table[side]):
        if value is None or (not isinstance(value, str) and pd.isna(value)) or not str(value).strip():
            continue
        number = _read_number(value, decimal)
        if number is None:
            bad.append(place)
            continue
        found[place] = number
    if bad:
        shown = quote(table[side].iloc[bad[:3]])
        problems.add(
            f"{count_of(len(bad), 'value')} cannot be read as numbers: {shown}",
            column=side,
            rows=[place + 1 for place in bad],
            count=len(bad),
            fix="Write numbers, as in 0.3 or 30 %; leave the cell empty where there is no bound.",
        )
    return found


def read_groups(groups: Any, items: Sequence[str], source: str = "groups") -> dict[str, dict[str, str]]:
    """Bring maps of groups to one form.

    Parameters
    ----------
    groups : frame with a row an item and a column a map, mapping of mappings, or None
        A frame has the items as its index, or in its first column.
    items : sequence of str
    source : str

    Returns
    -------
    dict of dict
        Of each map, the group of each item.

    Raises
    ------
    DataError
        An item stands in two rows, or the table holds none of the items.

    >>> read_groups(pd.DataFrame({"asset": ["a", "b"], "sector": ["x", "y"]}), ["a", "b"])
    {'sector': {'a': 'x', 'b': 'y'}}
    """
    if groups is None:
        return {}
    if isinstance(groups, Mapping):
        for name, one in groups.items():
            if not isinstance(one, Mapping | pd.Series):
                what = f"{str(name)!r} is given a {type(one).__name__}, not the group of each item"
                fix = "Write them as in groups={'sector': {'AAPL': 'Technology'}}."
                raise DataError(source, [Problem(what, fix=fix)])
        maps = {str(name): {str(k): str(v) for k, v in one.items() if not pd.isna(v)} for name, one in groups.items()}
        if maps and not set().union(*maps.values()) & set(map(str, items)):
            raise DataError(
                source, [Problem(f"holds none of the items {quote(items)}", fix="Give each item its group.")]
            )
        return maps
    table = as_pandas(groups, source)
    wanted = set(map(str, items))
    if not set(map(str, table.index)) & wanted:
        table = table.set_index(table.columns[0])
    keys = table.index.map(str)
    repeated = keys[keys.duplicated()]
    if len(repeated):
        raise DataError(source, [Problem(f"{quote(repeated.unique())} stand in two rows", fix="Keep one row an item.")])
    lost = [item for item in items if item not in set(keys)]
    if len(lost) == len(items):
        what = f"holds none of the items {quote(items)}"
        raise DataError(source, [Problem(what, fix="Give a row an item, its name in the first column.")])
    return {
        str(name): {key: str(value) for key, value in zip(keys, table[name], strict=True) if not pd.isna(value)}
        for name in table.columns
    }
