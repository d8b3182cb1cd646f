"""Plain files: read up to a bound, written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import stat
from pathlib import Path

from shared.errors import StoreError, quote

__all__ = ["as_json", "hash_file", "read_plain", "torn_name", "write_bytes", "write_json", "write_text"]

CHUNK = 1 << 20
# O_NONBLOCK: opening a pipe that nobody writes to returns at once instead of waiting for ever.
READING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
WRITING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def read_plain(path: Path, max_bytes: int) -> bytes:
    """Read a regular file of at most so many bytes; pipes, devices and what grows meanwhile are refused.

    Parameters
    ----------
    path : path
    max_bytes : int
        The most that a file of this kind can need.

    Raises
    ------
    StoreError
        It is no regular file, or larger.
    OSError
        It is not there or cannot be opened.

    >>> read_plain(Path(os.devnull), 10)
    Traceback (most recent call last):
    ...
    shared.errors.StoreError: '...' is no regular file
    """
    with os.fdopen(os.open(path, READING), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise StoreError(f"{quote([path.name])} is no regular file")
        data = file.read(max_bytes + 1) if status.st_size <= max_bytes else b""
    if max(status.st_size, len(data)) > max_bytes:
        raise StoreError(f"{quote([path.name])} holds more than {max_bytes / 1e6:,.3g} MB")
    return data


def hash_file(path: Path) -> str | None:
    """SHA-256 of a regular file; None for a link, a folder, a device, or what cannot be read.

    >>> hash_file(Path(os.devnull)) is None
    True
    """
    digest = hashlib.sha256()
    try:
        with os.fdopen(os.open(path, READING | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode) or path.is_symlink():
                return None
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest()


def torn_name(digest: str) -> str:
    """Name of a file while it is being written: it tells what the bytes were to be, so that only ours is cleared away.

    >>> torn_name("0123456789abcdef" * 4).startswith(".hexad-0123456789abcdef-")
    True
    """
    return f".hexad-{digest[:16]}-{secrets.token_hex(4)}.part"


def write_bytes(path: Path, data: bytes, *, make_folder: bool = True) -> None:
    """Write a file whole or not at all: to a temporary name, flushed to the disk, then renamed.

    Who may read it follows from the user's umask, as for any file.

    Parameters
    ----------
    path : path
    data : bytes
    make_folder : bool
        Whether its folder is made where it is not there.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bytes(Path(folder) / "a.bin", b"abc")
    ...     (Path(folder) / "a.bin").read_bytes()
    b'abc'
    """
    if path.is_dir():
        raise StoreError(f"{quote([path])} is a folder; give the name of a file in it")
    if make_folder:
        path.parent.mkdir(parents=True, exist_ok=True)
    torn = path.parent / torn_name(hashlib.sha256(data).hexdigest())
    try:
        with os.fdopen(os.open(torn, WRITING, 0o666), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        torn.replace(path)
    except BaseException as error:
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # errors of a full disk do not say where
        with contextlib.suppress(OSError):
            torn.unlink()
        raise


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file whole or not at all.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(Path(folder) / "a.txt", "ä")
    ...     (Path(folder) / "a.txt").read_text(encoding="utf-8")
    'ä'
    """
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: object) -> None:
    """Write sorted, indented JSON whole or not at all; not-a-number is refused.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_json(Path(folder) / "a.json", {"b": 1, "a": 2.5})
    ...     print((Path(folder) / "a.json").read_text())
    {
      "a": 2.5,
      "b": 1
    }
    <BLANKLINE>
    """
    write_text(path, as_json(value))


def as_json(value: object) -> str:
    r"""Sorted, indented JSON; not-a-number is refused.

    >>> as_json([1])
    '[\n  1\n]\n'
    """
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
