"""The tables a study reads, declared once: the role of every column, what it means, and what is lost without it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from pydantic import PrivateAttr, model_validator

from case_studies.common.map_file import is_map_file
from shared.data.columns import is_taken
from shared.data.io.parse import Kind
from shared.data.schema import Column, Schema
from shared.errors import SettingsError, quote
from shared.runtime.config import Settings

__all__ = ["Columns", "Role", "Table", "name_tables"]


@dataclass(frozen=True)
class Role:
    """What a column is to a study; stands in the annotation of a field of `Columns`.

    Parameters
    ----------
    kind : {"number", "integer", "text", "boolean", "datetime"}
        What its values are.
    means : str
        In a plain clause, such as "start of the half-hour".
    without : str
        What is lost where no column fills it, as a clause; empty for a role that has to be filled.
    allow_missing : bool
        Whether single values may be missing.
    minimum, maximum : float, optional
        Bounds, both included.
    truth : bool
        Whether a column of numbers may hold true and false instead, read as 1 and 0.

    >>> Role("number", "price of the hour").required
    True
    """

    kind: Kind
    means: str
    without: str = ""
    allow_missing: bool = False
    minimum: float | None = None
    maximum: float | None = None
    truth: bool = False

    @property
    def required(self) -> bool:
        """Whether a column has to fill it."""
        return not self.without

    def column(self, name: str, setting: str, *, required: bool) -> Column:
        """The column of a schema that fills it.

        Parameters
        ----------
        name : str
            Of the column.
        setting : str
            Of the role, for messages.
        required : bool
            Whether the table must have it.
        """
        return Column(
            name,
            self.kind,
            self.means,
            required=required,
            allow_missing=self.allow_missing,
            minimum=self.minimum,
            maximum=self.maximum,
            setting=setting,
            truth=self.truth,
        )


class Columns(Settings):
    """Which column of a table fills which role: a field a role, its default the column of the bundled table.

    A field is text, or a list of texts where several columns may fill the role; empty where none does.

    >>> from typing import Annotated
    >>> class Sales(Columns):
    ...     time: Annotated[str, Role("datetime", "when it was sold")] = "Date"
    ...     known: Annotated[list[str], Role("number", "what is known ahead", without="it is not used")] = ["price"]
    >>> Sales(time="Tag").table_schema().names
    ('Tag', 'price')
    >>> Sales().keep(["Date"]).known
    []
    """

    key: ClassVar[tuple[str, ...]] = ()
    """Roles whose columns together occur once."""

    beside: ClassVar[frozenset[str] | None] = None
    """For tables of series: names that the study's own tables use beside those of forecasts; None for other tables."""

    _lost: dict[str, tuple[str, ...]] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        named = [name for role in self.roles() for name in self.columns_of(role)]
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise ValueError(f"{quote(twice)} fills two roles; a column can fill one")
        if empty := [role for role, what in self.roles().items() if what.required and not self.columns_of(role)]:
            raise ValueError(f"{quote(empty)} has to be filled; name its column")
        single = [name for role in self.roles() if isinstance(name := getattr(self, role), str)]
        if self.beside is not None and (taken := [name for name in single if name in self.beside or is_taken(name)]):
            raise ValueError(
                f"the run's own tables have a column {quote(taken[:1])}, too; call yours another in the file, such as"
                f" {quote([taken[0] + '_'])}"
            )
        return self

    @classmethod
    def roles(cls) -> dict[str, Role]:
        """Every role by its name."""
        found = {name: [m for m in field.metadata if isinstance(m, Role)] for name, field in cls.model_fields.items()}
        return {name: roles[0] for name, roles in found.items() if roles}

    def columns_of(self, role: str) -> tuple[str, ...]:
        """Columns that fill a role.

        Parameters
        ----------
        role : str
        """
        given = getattr(self, role)
        return tuple(name for name in ([given] if isinstance(given, str) else given) if name)

    def _is_own(self, role: str) -> bool:
        """Whether a role was given another column than the bundled table's."""
        return bool(getattr(self, role) != type(self).model_fields[role].default)

    def table_schema(self, prefix: str = "columns", **changes: Any) -> Schema:
        """What a table has to look like: roles that have to be filled, and those whose column was named, are required.

        Parameters
        ----------
        prefix : str
            Of the settings, for messages.
        **changes
            Of single roles, as in ``time={"kind": "text"}``; with None a role is left unchecked.
        """
        columns = [
            replace(what, **changes.get(role, {})).column(
                name, f"{prefix}.{role}", required=what.required or self._is_own(role)
            )
            for role, what in self.roles().items()
            for name in self.columns_of(role)
            if changes.get(role, {}) is not None
        ]
        return Schema(tuple(columns), tuple(name for role in self.key for name in self.columns_of(role)))

    def keep(self, present: Collection[str]) -> Self:
        """The same, without the columns that a table does not have and can do without.

        Parameters
        ----------
        present : collection of str
            Names of the table's columns.
        """
        kept: dict[str, Any] = {}
        lost = dict(self._lost)
        for role, what in self.roles().items():
            there = [name for name in self.columns_of(role) if name in present or what.required]
            kept[role] = there if isinstance(getattr(self, role), list) else (there[0] if there else "")
            if gone := tuple(name for name in self.columns_of(role) if name not in there):
                lost[role] = gone
        made = self.model_copy(update=kept)
        made._lost = lost  # noqa: SLF001
        return made

    def explain_missing(self) -> list[str]:
        """What is lost for want of a column: a sentence for each role that nothing fills, or less than was named.

        >>> Columns().explain_missing()
        []
        """
        told = []
        for role, what in self.roles().items():
            if not self.columns_of(role) and (type(self).model_fields[role].default or role in self._lost):
                told.append(f"No column is there for {role} ({what.means}): {what.without}.")
            elif self.columns_of(role) and role in self._lost:
                told.append(f"There is no column {quote(self._lost[role])} for {role}: it is not used.")
        return told


@dataclass(frozen=True)
class Table:
    """One table of a study.

    Attributes
    ----------
    dataset : str
        The bundled data set in its place.
    columns : type
        Its roles.
    about : str
        What a row is, in a clause.
    setting : str
        The setting that holds its roles.

    >>> Table("vic_elec", Columns, "a half-hour").dataset
    'vic_elec'
    """

    dataset: str
    columns: type[Columns]
    about: str = ""
    setting: str = "columns"


def name_tables(given: list[str], tables: Mapping[str, Table], maps: Collection[str] = ()) -> dict[str, str]:
    """The user's own files by the table or map whose place they take.

    Parameters
    ----------
    given : list of str
        As on the command line: "sales.csv", or "sales=a.xlsx#Sheet2" where a study has several tables. A map is known
        by what is in it.
    tables : mapping of str to Table
        Those of the study.
    maps : collection of str
        Names of the study's maps.

    Raises
    ------
    SettingsError
        A table is named twice, or not at all.

    >>> name_tables(["sales=a.csv", "products=b.csv"], {"sales": None, "products": None})
    {'sales': 'a.csv', 'products': 'b.csv'}
    >>> name_tables(["map=a.osm", "b.csv"], {"people": None, "places": None}, ["map"])
    {'map': 'a.osm', 'people': 'b.csv'}
    """
    found = [_split_name(text, tables, maps) for text in given]
    unnamed = [file for name, file in found if not name]
    if unnamed and len(tables) > 1 and sum(name not in maps for name, _ in found) > 1:
        example = f"--data {next(iter(tables))}={unnamed[0]}"
        raise SettingsError(f"--data {quote(unnamed[:1])}: say which table it is, as in {example}")
    named: dict[str, str] = {}
    for name, file in found:
        role = name or next(iter(tables), "data")
        if role in named:
            kind = "map" if role in maps else "table"
            raise SettingsError(f"--data: the {kind} {quote([role])} is given twice")
        named[role] = file
    return named


def _split_name(text: str, tables: Collection[str], maps: Collection[str]) -> tuple[str, str]:
    """The name in front of a file and the file; a study's only map needs no name, being no table."""
    head, sign, rest = text.partition("=")
    if sign and head in {*tables, *maps}:
        return head, rest
    return (next(iter(maps)) if len(maps) == 1 and is_map_file(text) else ""), text
