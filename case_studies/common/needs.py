"""What a study needs, read from its files without importing it: packages, seconds, and the columns of own tables.

Listing the studies must not take the second that importing pandas takes. A test holds what is read here against what
the imported studies declare.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.environment import find_missing

__all__ = ["StudyNeeds", "TableNeeds", "read_needs"]

HOME = Path(__file__).parents[1]


@dataclass(frozen=True)
class TableNeeds:
    """The roles of one table of a study.

    Attributes
    ----------
    table : str
        Its name in ``--data NAME=FILE``.
    required, optional : tuple of str
        Roles that a column has to fill, and the others.

    >>> TableNeeds("demand", ("time", "demand"), ("holiday",)).required
    ('time', 'demand')
    """

    table: str
    required: tuple[str, ...]
    optional: tuple[str, ...]


@dataclass(frozen=True)
class StudyNeeds:
    """What a study needs.

    Attributes
    ----------
    missing : tuple of str
        Packages of its extra, named like the study, that are not installed.
    seconds : float, optional
        Of a processor that a whole run took where it was measured.
    maps : tuple of str
        Maps it reads.
    tables : tuple of TableNeeds
        The main one first.

    >>> StudyNeeds((), None, (), ()).missing
    ()
    """

    missing: tuple[str, ...]
    seconds: float | None
    maps: tuple[str, ...]
    tables: tuple[TableNeeds, ...]


def read_needs(study: str) -> StudyNeeds:
    """Read what an installed study needs.

    Parameters
    ----------
    study : str
        Its name.

    >>> read_needs("demand").tables[0].required
    ('time', 'demand')
    """
    folder = HOME / study
    try:
        module = _Module(folder / "settings.py")
        tables = tuple(TableNeeds(name, *_sort(module.roles(call.args[1]))) for name, call in module.calls_in("TABLES"))
        maps = tuple(name for name, _ in module.calls_in("MAPS"))
    except (OSError, SyntaxError, IndexError):  # written otherwise: nothing is said of its tables
        tables, maps = (), ()
    return StudyNeeds(tuple(find_missing(study)), _read_seconds(folder / "expected.json"), maps, tables)


def _read_seconds(path: Path) -> float | None:
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _sort(roles: dict[str, bool]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(name for name in roles if roles[name]), tuple(name for name in roles if not roles[name])


class _Module:
    """A file of Python's, read and not run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.body = ast.parse(path.read_text(encoding="utf-8")).body

    def value_of(self, name: str) -> ast.expr | None:
        """What stands on the right of a name."""
        for one in self.body:
            if isinstance(one, ast.Assign) and [getattr(target, "id", "") for target in one.targets] == [name]:
                return one.value
        return None

    def calls_in(self, name: str) -> Iterator[tuple[str, ast.Call]]:
        """Keys and calls of a dict."""
        found = self.value_of(name)
        if isinstance(found, ast.Dict):
            for key, value in zip(found.keys, found.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(value, ast.Call):
                    yield str(key.value), value

    def roles(self, kind: ast.expr) -> dict[str, bool]:
        """Roles of a class of columns, and whether they have to be filled; those of its base first."""
        name = getattr(kind, "id", "")
        for one in self.body:
            if isinstance(one, ast.ClassDef) and one.name == name:
                inherited = [self.roles(base) for base in one.bases]
                return {role: must for more in [*inherited, self._own_roles(one)] for role, must in more.items()}
            if isinstance(one, ast.ImportFrom) and name in [alias.name for alias in one.names]:
                return {} if name == "Columns" else _Module(self._file_of(one)).roles(kind)
        return {}

    def _own_roles(self, stated: ast.ClassDef) -> dict[str, bool]:
        found = {}
        for one in stated.body:
            if isinstance(one, ast.AnnAssign) and isinstance(one.annotation, ast.Subscript):
                parts = getattr(one.annotation.slice, "elts", [])
                role = next((call for part in parts if (call := self._role(part)) is not None), None)
                if role is not None:
                    found[getattr(one.target, "id", "")] = _is_required(role)
        return found

    def _role(self, part: ast.expr) -> ast.Call | None:
        """The call of Role in an annotation, or that which a name in it stands for."""
        stated: Any = self.value_of(part.id) if isinstance(part, ast.Name) else part
        return stated if isinstance(stated, ast.Call) and getattr(stated.func, "id", "") == "Role" else None

    def _file_of(self, one: ast.ImportFrom) -> Path:
        parts = (one.module or "").split(".")
        folder = self.path.parent if one.level else HOME.parent
        return folder.joinpath(*parts).with_suffix(".py")


def _is_required(role: ast.Call) -> bool:
    """Whether nothing says what is lost without it."""
    return len(role.args) < 3 and all(keyword.arg != "without" for keyword in role.keywords)
