"""The only place that imports numba: loops are compiled, and kept, where nobody else can put anything.

Numba keeps what it compiled in files that are pickles, and reads where to look for them from ``.numba_config.yaml`` in
the current folder. Here that file is not read, and compiled loops are kept in the installation itself, beside the
sources they come from; where that cannot be written to, in the folder that the environment variable
``NUMBA_CACHE_DIR`` names; else they are compiled in memory, which a warning tells.
"""

from __future__ import annotations

import functools
import inspect
import os
import stat
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from shared.errors import HexadWarning
from shared.runtime.announce import announce_compiling

__all__ = ["jit", "numba"]

F = TypeVar("F", bound=Callable[..., Any])
_LOCK = threading.RLock()


def _import_numba() -> ModuleType:
    """Import numba without the YAML reader, so that no configuration file of the current folder is read."""
    absent = object()
    with _LOCK:
        before = sys.modules.get("yaml", absent)
        sys.modules["yaml"] = None  # type: ignore[assignment]  # how Python says that a module cannot be imported
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="A Numba config file is found")
                import numba as module
        finally:
            if before is absent:
                del sys.modules["yaml"]
            else:
                sys.modules["yaml"] = before  # type: ignore[assignment]
    return module


numba = _import_numba()
announce_compiling(numba)


@functools.cache
def cache_folder(sources: Path) -> Path | None:
    """Folder in which what is compiled from a folder's sources is kept: "." for beside them, None for nowhere.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     str(cache_folder(Path(folder)))
    '.'
    """
    if _is_safe(sources / "__pycache__"):
        return Path()
    named = os.environ.get("NUMBA_CACHE_DIR", "")
    if Path(named).is_absolute() and _is_safe(Path(named)):
        return Path(named)
    _warn_once()
    return None


@functools.cache
def _warn_once() -> None:
    warnings.warn(
        "the installation cannot be written to, so that loops are compiled anew by each process, which takes some"
        " seconds; set NUMBA_CACHE_DIR to a folder of your own that nobody else may write to, and they are kept there",
        HexadWarning,
        stacklevel=3,
    )


def _is_safe(folder: Path) -> bool:
    """Whether we may write to a folder, and not everybody may."""
    try:
        folder.mkdir(exist_ok=True)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or (os.name != "nt" and status.st_mode & stat.S_IWOTH):
            return False
        if hasattr(os, "geteuid") and status.st_uid not in {os.geteuid(), 0}:
            return False
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@contextmanager
def _keep_in(folder: Path) -> Iterator[None]:
    """Let numba choose our folder, whatever else it was told, while a function is decorated."""
    config = numba.core.config
    ours = {"CACHE_DIR": "" if folder == Path() else str(folder), "CACHE_LOCATOR_CLASSES": ""}
    with _LOCK:
        before = {name: getattr(config, name) for name in ours if hasattr(config, name)}
        try:
            for name in before:
                setattr(config, name, ours[name])
            yield
        finally:
            for name, value in before.items():
                setattr(config, name, value)


def jit(*, nogil: bool = False) -> Callable[[F], F]:
    """Compile a function when it is first called (numba's nopython mode), and keep it for later processes.

    Parameters
    ----------
    nogil : bool
        Whether other threads go on meanwhile.

    >>> @jit()
    ... def twice(x):
    ...     return 2 * x
    >>> twice(3)
    6
    """

    def decorate(function: F) -> F:
        source = Path(inspect.getfile(function))
        folder = cache_folder(source.parent) if source.exists() else None
        if folder is None:
            return numba.njit(nogil=nogil)(function)  # type: ignore[no-any-return]
        with _keep_in(folder):
            return numba.njit(cache=True, nogil=nogil)(function)  # type: ignore[no-any-return]

    return decorate
