"""One run a folder: a lock that the system itself lets go when the process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import StoreError

__all__ = ["PIECES", "only_one"]

NAME = ".running"
PIECES = "pieces"


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold a folder for this process alone, and clear away what a killed one left half-written.

    Parameters
    ----------
    folder : path
        Made where it is not there.

    Raises
    ------
    StoreError
        Another process holds it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, only_one(Path(folder)):
    ...     with only_one(Path(folder)):
    ...         pass
    Traceback (most recent call last):
    ...
    shared.errors.StoreError: ...: another run is writing to this folder; wait for it, or name another folder
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    handle = _held(path)
    if handle is None:
        raise StoreError(f"{folder}: another run is writing to this folder; wait for it, or name another folder")
    try:
        for torn in (*folder.glob(".*.part"), *(folder / PIECES).glob(".*.part")):
            torn.unlink(missing_ok=True)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                path.unlink()
    finally:
        os.close(handle)


def _held(path: Path) -> int | None:
    """Open a lock file and lock it; None where another process holds it."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            locked = _locked(handle)
            # The last holder may have removed the file between our opening and our locking it.
            if locked and path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except OSError:
            os.close(handle)
            raise
        os.close(handle)
        if not locked:
            return None


def _locked(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:
        import msvcrt

        lock = getattr(msvcrt, "locking")  # noqa: B009  # only there on Windows
        how = getattr(msvcrt, "LK_NBLCK")  # noqa: B009
    else:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
    try:
        lock(handle, how, 1)
    except OSError:
        return False
    return True
