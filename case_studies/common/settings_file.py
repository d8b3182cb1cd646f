"""Settings as files: the study's own, its tables [quick] and [own_data], the user's on top, and how they are shown."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from shared.errors import SettingsError, quote
from shared.runtime.config import plain_values, read_toml, to_line

__all__ = ["read_layers", "show_settings"]

LAYERS = ("own_data", "quick")
# What every study's settings have, and none of their files: shown below them.
READ = """
# How a file of your own is read, where that cannot be told from it.
[read]
separator = ";"                 # between columns
decimal = ","                   # decimal mark
encoding = "cp1252"             # of its text, where that is no UTF-8
dates = "day-first"             # or "month-first", or a format as in "%d/%m/%y"
tz = "Europe/Berlin"            # zone of stamps that have none
query = "select ..."            # SQL, where it is a database
# What may be mended: drop_ragged_rows, blank_unreadable, drop_bad_rows, keep_last_duplicate, and of series in time
# interpolate, drop_missing_ends.
repair = []
"""
HEADER = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?$")
KEY = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")


def read_layers(path: Path, own: Path | None = None, *, own_data: bool, quick: bool) -> dict[str, Any]:
    """Read a study's settings and the user's over them, each with its tables [own_data] and [quick] where they apply.

    What is asked for on the command line counts more than a file: with `quick`, the study's [quick] stands over the
    user's file, which may have a table [quick] of its own.

    Parameters
    ----------
    path : path
        The study's settings.toml.
    own : path, optional
        The user's file; any of its settings may be left out.
    own_data : bool
        Whether the user's own data are read.
    quick : bool
        Whether fewer trials are made.

    Raises
    ------
    SettingsError
        A file cannot be read.

    >>> import case_studies
    >>> place = Path(case_studies.__file__).parent / "demand" / "settings.toml"
    >>> read_layers(place, own_data=False, quick=True)["origins"]
    13
    """
    try:
        study = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{quote([path], longest=200)} cannot be read ({error})") from error
    user = {} if own is None else read_toml(own)
    apart = {name: (_table(study, name, path), _table(user, name, own)) for name in LAYERS}
    layers = [study]
    layers += [apart["own_data"][0]] if own_data else []
    layers += [user]
    layers += [apart["own_data"][1]] if own_data else []
    layers += [*apart["quick"]] if quick else []
    content: dict[str, Any] = {}
    for layer in layers:
        _merge(content, layer)
    return content


def _table(content: dict[str, Any], name: str, path: Path | None) -> dict[str, Any]:
    """Take a table out of a file's content."""
    found = content.pop(name, {})
    if not isinstance(found, dict):
        raise SettingsError(f"{path and path.name}: {quote([name])} is a table of settings: write it as [{name}]")
    return found


def _merge(content: dict[str, Any], layer: Mapping[str, Any]) -> None:
    """Put settings over others; tables are merged, and lists are not."""
    for key, value in layer.items():
        before = content.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            _merge(before, value)
        else:
            content[key] = dict(value) if isinstance(value, dict) else value


@dataclass
class _Part:
    """The lines of one table, and the names that stand in it."""

    path: tuple[str, ...]
    head: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


def show_settings(text: str, settings: BaseModel) -> str:
    r"""Write the settings in force as a study's settings.toml writes them, with its comments.

    Parameters
    ----------
    text : str
        The study's settings.toml.
    settings : Settings
        Those in force.

    >>> class Own(BaseModel):
    ...     horizon: int = 96
    >>> print(show_settings("horizon = 96    # how far\n[quick]\nhorizon = 4\n", Own(horizon=48)), end="")
    horizon = 48    # how far
    """
    values = plain_values(settings)
    if "read" in values and not re.search(r"^\[read\]", text, re.MULTILINE):
        text += READ
    parts = [
        _fill(part, _inner(values, part.path)) for part in _split(text) if part.path[:1] not in {(n,) for n in LAYERS}
    ]
    known = {part.path for part in parts}
    defaults = type(settings)
    for part in parts:
        part.lines += _write_missing(_inner(values, part.path), part.names, known, part.path, defaults)
    shown = "\n".join(line for part in parts for line in [*part.head, *part.lines]) + "\n"
    shown += "".join(_write_tables(values, known, defaults))
    return re.sub(r"\n{3,}", "\n\n", shown).rstrip("\n") + "\n"


def _split(text: str) -> Iterator[_Part]:
    """The tables of a file; comments in front of a header belong to it."""
    part = _Part(())
    waiting: list[str] = []
    for line in text.splitlines():
        header = HEADER.match(line)
        if header is not None:
            yield part
            part = _Part(tuple(header[1].strip().split(".")), [*waiting, line])
            waiting = []
        elif KEY.match(line) or ((line[:1].isspace() or line[:1] == "]") and not waiting):
            part.lines += [*waiting, line]
            waiting = []
        else:
            waiting.append(line)
    part.lines += waiting
    yield part


def _fill(part: _Part, values: Mapping[str, Any]) -> _Part:
    """Put the values in force in the places of those of the file; lines of which nothing changes stay as they are."""
    filled, left = [], list(part.lines)
    while left:
        line = left.pop(0)
        if (match := KEY.match(line)) is None:
            filled.append(line)
            continue
        while (found := _take_apart(line)) is None and left:  # a list over several lines
            line = f"{line}\n{left.pop(0)}"
        name = match[1]
        part.names.add(name)
        if name not in values:  # nothing is in force, which TOML cannot say
            filled += [f"# {one}" for one in line.split("\n")]
        elif found is None or found[0] != values[name]:
            filled.append(_replace(line, to_line(name, values[name]), found[1] if found else ""))
        else:
            filled.append(line)
    part.lines = filled
    return part


def _replace(line: str, written: str, comment: str) -> str:
    """Another value in a line, with the comment where it stood."""
    if not comment or "\n" in line:
        return written
    width = max(line.index(comment), len(written) + 2)
    return f"{written:<{width}}{comment}"


def _take_apart(line: str) -> tuple[Any, str] | None:
    """The value in a line, and the comment behind it; None where it goes on. A '#' inside a text begins no comment."""
    for place in [*(place for place, char in enumerate(line) if char == "#"), len(line)]:
        try:
            (value,) = tomllib.loads(line[:place]).values()
        except ValueError:
            continue
        return value, line[place:]
    return None


def _write_missing(
    values: Mapping[str, Any],
    names: set[str],
    known: set[tuple[str, ...]],
    path: tuple[str, ...],
    kind: type[BaseModel],
) -> list[str]:
    """Settings of a table that the file does not name, and that are not what they are by default."""
    plain = {
        name: value
        for name, value in values.items()
        if name not in names and (*path, name) not in known and not isinstance(value, dict)
    }
    usual = _inner(plain_values(kind.model_construct()), path) if plain else {}
    return [to_line(name, value) for name, value in plain.items() if usual.get(name) != value]


def _write_tables(values: Mapping[str, Any], known: set[tuple[str, ...]], kind: type[BaseModel]) -> Iterator[str]:
    """Tables that the file does not name at all."""
    for name, inner in values.items():
        if isinstance(inner, dict) and (name,) not in known:
            lines = _write_missing(inner, set(), known, (name,), kind)
            yield "\n".join(["", f"[{name}]", *lines, ""]) if lines else ""


def _inner(values: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    for name in path:
        found = values.get(name)
        values = found if isinstance(found, dict) else {}
    return values
