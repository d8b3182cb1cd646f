"""One run a folder: a lock that the system itself lets go when the process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import StoreError, quote

__all__ = ["only_one"]

NAME = ".hexad-running"
# A link is not followed: the lock would lie, and be removed, in another place.
OPENING = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold a folder for this process alone.

    Parameters
    ----------
    folder : path
        Made where it is not there.

    Raises
    ------
    StoreError
        Another process holds it, or a file that is not ours stands where the lock belongs.

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
    handle = _hold(path)
    if handle is None:
        raise StoreError(f"{folder}: another run is writing to this folder; wait for it, or name another folder")
    try:
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                if os.path.samestat(os.fstat(handle), path.lstat()):  # the folder may be another by now
                    path.unlink()
    finally:
        os.close(handle)


def _hold(path: Path) -> int | None:
    """Open a lock file and lock it; None where another process holds it."""
    foreign = StoreError(f"{quote([path], longest=200)} is no lock of a run. Move it elsewhere, or name another folder")
    while True:
        try:
            handle = os.open(path, OPENING, 0o666)
        except OSError as error:
            if path.is_symlink() or path.is_dir():
                raise foreign from error
            raise
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode) or os.fstat(handle).st_size:
                raise foreign
            locked = _locked(handle)
            # The last holder may have removed the file between our opening and our locking it.
            if locked and path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except (OSError, StoreError):
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
