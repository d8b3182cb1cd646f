"""Commands that work here: how Hexad is called in this environment, and how what is missing is installed.

Every message that names a command takes it from here, so that what is told can be typed: in a checkout or with a wheel,
whether the environment is activated or not.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shlex
import shutil
import sys
import sysconfig
import tomllib
from pathlib import Path

__all__ = ["find_missing", "list_requirements", "spell_command", "spell_install"]

ROOT = Path(__file__).parents[1]
PROJECT = "hexad"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
OF_EXTRA = re.compile(r"extra\s*==\s*[\"']([^\"']+)[\"']")


def spell_command(*words: str) -> str:
    """Write a command of Hexad's as it can be typed in this environment.

    Parameters
    ----------
    *words : str
        What follows the command's name; quoted where they need it.

    >>> spell_command("run", "demand").endswith("run demand")
    True
    """
    return " ".join([_spell_hexad(), *map(_quote, words)])


def spell_install(extra: str, package: str = "") -> str:
    """Write the command that installs what an extra needs: the extra in a checkout, its packages beside a wheel.

    Hexad is on no index, so that ``pip install hexad[...]`` would find nothing.

    Parameters
    ----------
    extra : str
        Named as in pyproject.toml.
    package : str
        What to install where nothing is known of the extra.

    >>> "pip install" in spell_install("basket")
    True
    """
    folder = _checkout()
    if folder is not None:
        place = "." if folder == _here() else str(folder)
        return f'{_spell_pip()} --editable "{place}[{extra}]"'
    wanted = list_requirements(extra) or ([package] if package else [])
    return " ".join([_spell_pip(), *(f'"{one}"' for one in wanted)])


def list_requirements(extra: str) -> list[str]:
    """Requirements of an extra, those of the extras that it names included; empty where it is none of ours.

    Parameters
    ----------
    extra : str

    >>> list_requirements("basket")
    ['mlxtend>=0.23']
    """
    return _expand(extra, _read_extras(), set())


def find_missing(extra: str) -> list[str]:
    """Names of the packages of an extra that are not installed.

    Parameters
    ----------
    extra : str

    >>> find_missing("no-such-extra")
    []
    """
    from importlib.metadata import PackageNotFoundError, distribution

    missing = []
    for name in (match[0] for one in list_requirements(extra) if (match := NAME.match(one))):
        try:
            distribution(name)
        except PackageNotFoundError:
            missing.append(name)
    return missing


def _expand(extra: str, extras: dict[str, list[str]], seen: set[str]) -> list[str]:
    """Requirements of an extra, with those of the extras it names in their places."""
    found: dict[str, None] = {}
    for one in extras.get(extra, []) if extra not in seen else []:
        head, bracket, rest = one.partition("[")
        if head.strip() == PROJECT and bracket:
            inner = [name.strip() for name in rest.partition("]")[0].split(",")]
            found.update(dict.fromkeys(more for name in inner for more in _expand(name, extras, {*seen, extra})))
        else:
            found[one] = None
    return list(found)


@functools.cache
def _read_extras() -> dict[str, list[str]]:
    """Every extra with its requirements: as pyproject.toml states them in a checkout, otherwise as installed."""
    folder = _checkout()
    if folder is not None:
        stated = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return dict(stated.get("optional-dependencies", {}))
    from importlib.metadata import PackageNotFoundError, requires

    try:
        listed = requires(PROJECT) or []
    except PackageNotFoundError:
        return {}
    extras: dict[str, list[str]] = {}
    for one in listed:
        requirement, _, marker = one.partition(";")
        for name in OF_EXTRA.findall(marker):
            extras.setdefault(name, []).append(requirement.strip())
    return extras


@functools.cache
def _checkout() -> Path | None:
    """The project's folder, where its packages are used from there; None for an installed wheel."""
    try:
        stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return ROOT if stated.get("project", {}).get("name") == PROJECT else None


def _here() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # the folder was removed
        return None


def _spell_pip() -> str:
    """How packages are installed into this environment; environments made by uv have no pip of their own."""
    if importlib.util.find_spec("pip") is None and shutil.which("uv"):
        return f"uv pip install --python {_spell_path(sys.executable)}"
    return f"{_spell_python()} -m pip install"


def _spell_python() -> str:
    """How this very Python is called: by its name where the shell finds it, otherwise by its path."""
    for name in ("python", "python3", Path(sys.executable).name):
        found = shutil.which(name)
        if found and _beside(found, sys.executable) and os.path.realpath(found) == os.path.realpath(sys.executable):
            return name
    return _spell_path(sys.executable)


def _spell_hexad() -> str:
    """How the command is called: by its name where the shell finds it, by its path, or as a module of Python's."""
    places = {str(Path(sys.executable).parent), sysconfig.get_path("scripts")}
    found = shutil.which(PROJECT)
    if found and any(_beside(found, f"{place}/{PROJECT}") for place in places):
        return PROJECT
    for place in sorted(places):
        if (script := shutil.which(PROJECT, path=place)) is not None:
            return _spell_path(script)
    return f"{_spell_python()} -m {'hexad' if importlib.util.find_spec('hexad') else 'case_studies'}"


def _beside(one: str, other: str) -> bool:
    """Whether two files lie in one folder; links are not followed, which would lead out of the environment."""
    return os.path.dirname(os.path.abspath(one)) == os.path.dirname(os.path.abspath(other))  # noqa: PTH100, PTH120


def _spell_path(path: str) -> str:
    """A path as it can be typed: from the current folder where it lies there."""
    here = _here()
    if here is not None and Path(path).is_relative_to(here) and here != Path(here.anchor):
        path = str(Path(path).relative_to(here))
    return _quote(path.removesuffix(".exe") if os.name == "nt" else path)


def _quote(word: str) -> str:
    """A word as the shell takes it: bash and its like, or the two of Windows."""
    if os.name != "nt":
        return shlex.quote(word)
    return word if re.fullmatch(r"[\w@%+=:,./\\~-]+", word) else '"' + word.replace('"', '\\"') + '"'
