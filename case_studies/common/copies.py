"""Copies of studies: made by `hexad new`, and remembered once they were run, for `hexad predict`.

A run's folder only says where the code of its study is. That is no reason to run it: the folder may come from somebody
else. A copy is run for a prediction where its user ran it before, or names it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from pathlib import Path

from case_studies.common.study import find_study
from shared.errors import SettingsError, StoreError, quote
from shared.runtime.files import read_plain, write_text

__all__ = ["copy_study", "is_remembered", "remember"]

MAX_BYTES = 1 << 20
MOST = 1000


def copy_study(study: str, folder: Path) -> Path:
    """Copy a study's folder: code, settings and expected figures, to be changed at will.

    Parameters
    ----------
    study : str
        Name of an installed study, or the folder of another one.
    folder : path
        A new or empty one.

    Returns
    -------
    path
        The folder.

    Raises
    ------
    SettingsError
        There is no such study, or the folder cannot be written to or holds something.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     sorted(path.name for path in copy_study("demand", Path(home) / "mine").iterdir())[:3]
    ['__init__.py', 'backtest.py', 'expected.json']
    """
    found = find_study(study)
    shown = quote([folder], longest=200)
    made = [place for place in (folder, *folder.parents) if not os.path.lexists(place)]
    try:
        taken = folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir())))
        if not taken:
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
            shutil.copytree(found.path, folder, ignore=ignored, dirs_exist_ok=True)
    except (OSError, ValueError, shutil.Error) as error:
        if folder in made:
            shutil.rmtree(folder, ignore_errors=True)
        for place in made:
            with contextlib.suppress(OSError):
                place.rmdir()
        why = getattr(error, "strerror", None) or error
        raise SettingsError(f"--out {shown}: no files can be written there ({why}); name another") from error
    if taken:
        raise SettingsError(f"--out {shown}: there is something already; name a folder that is new or empty")
    return folder


def remember(folder: Path) -> None:
    """Note that the user ran a study of their own; where nothing can be noted, nothing is.

    >>> import tempfile
    >>> from unittest import mock
    >>> with tempfile.TemporaryDirectory() as home, mock.patch.dict(os.environ, XDG_STATE_HOME=home, LOCALAPPDATA=home):
    ...     remember(Path("mine"))
    ...     is_remembered(Path("mine"))
    True
    """
    listed = _read_remembered()
    if str(folder) in listed:
        return
    with contextlib.suppress(OSError, StoreError, RuntimeError):
        path = _state_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps([*listed, str(folder)][-MOST:], indent=1) + "\n")


def is_remembered(folder: Path) -> bool:
    """Whether the user ran the study in a folder before.

    >>> is_remembered(Path("never-run"))
    False
    """
    return str(folder) in _read_remembered()


def _read_remembered() -> list[str]:
    try:
        listed = json.loads(read_plain(_state_file(), MAX_BYTES))
    except (OSError, ValueError, StoreError, RuntimeError, RecursionError):
        return []
    return [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []


def _state_file() -> Path:
    """Where a program keeps what it remembers of its user (XDG Base Directory Specification; Windows: LOCALAPPDATA)."""
    named = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_STATE_HOME", "")
    absolute = os.path.isabs(named)  # noqa: PTH117  # an empty one is not
    base = Path(named) if absolute else Path.home() / ".local" / "state"
    return base / "hexad" / "studies.json"
