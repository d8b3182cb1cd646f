"""Whose files are whose: what a run wrote is listed with its hash, and only that is ever replaced or removed.

A folder's manifest has lines as `sha256sum` writes them: the hash, two blanks, the name. A line is added before its
file is written, so that nothing a killed run left is taken for the user's, and nothing of the user's for a run's.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from shared.errors import StoreError, quote
from shared.runtime.files import hash_file, read_plain, write_bytes

__all__ = ["MANIFEST", "Manifest"]

MANIFEST = "hexad-files.sha256"
MAX_BYTES = 1 << 24
LINE = re.compile(r"([0-9a-f]{64})  ([^\0\n]{1,4096})")
TORN_LINE = re.compile(r"[0-9a-f]{0,64} {0,2}")  # of a run that was killed while it wrote
NAME = re.compile(r"\w[\w.-]{0,127}")
TORN = re.compile(r"\.hexad-([0-9a-f]{16})-[0-9a-f]{8}\.part")
APPENDING = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
ELSEWHERE = "Move it elsewhere, or name another folder"


@dataclass(frozen=True)
class Manifest:
    """The files of ours in one folder.

    Parameters
    ----------
    folder : path
        Has to be there.
    identity : tuple of int
        Device and number of the folder, by which one that was renamed or made anew is told.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "b.txt").write_text("the user's own")
    ...     own = Manifest.of(Path(folder))
    ...     own.write("a.txt", b"ours")
    ...     own.remove(["a.txt", "b.txt"])
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['b.txt', 'hexad-files.sha256']
    """

    folder: Path
    identity: tuple[int, int]

    @classmethod
    def of(cls, folder: Path) -> Manifest:
        """The manifest of a folder that is there; nothing is written yet."""
        return cls(folder, _identity(folder))

    def list_files(self) -> dict[str, set[str]]:
        """Hashes of everything that was written here, by name; names of files elsewhere are whole paths.

        Raises
        ------
        StoreError
            There is a file of that name which is no manifest.
        """
        path = self.folder / MANIFEST
        if not os.path.lexists(path):
            return {}
        found: dict[str, set[str]] = {}
        try:
            lines = read_plain(path, MAX_BYTES).decode().split("\n")[:-1]  # a torn last line was of no file yet
        except (OSError, ValueError) as error:
            raise StoreError(f"{quote([path], longest=200)} is no list of a run's files. {ELSEWHERE}") from error
        for line in lines:
            if (parts := LINE.fullmatch(line)) is not None:
                found.setdefault(parts[2], set()).add(parts[1])
            elif not TORN_LINE.fullmatch(line):
                raise StoreError(f"{quote([path], longest=200)} is no list of a run's files. {ELSEWHERE}")
        return found

    def owns(self, name: str, listed: dict[str, set[str]] | None = None) -> bool:
        """Whether a file is there that was written by us and has not been changed since."""
        hashes = (self.list_files() if listed is None else listed).get(name, set())
        return bool(hashes) and hash_file(self.folder / name) in hashes

    def find_changed(self, reserved: Iterable[str] = ()) -> list[str]:
        """Names of files that stand where ours belong and are not ours, or not as we wrote them."""
        listed = self.list_files()
        names = [name for name in dict.fromkeys([*listed, *reserved]) if NAME.fullmatch(name)]
        return [name for name in names if os.path.lexists(self.folder / name) and not self.owns(name, listed)]

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole or not at all; one of that name that is not ours is left as it is.

        Raises
        ------
        StoreError
            There is such a file, or the folder was removed or renamed.
        """
        path = self.folder / name
        if not NAME.fullmatch(name):
            raise StoreError(f"{quote([name])} is no name for a file of a run; use letters, digits, '.', '-' and '_'")
        self.check_folder()
        if os.path.lexists(path) and not self.owns(name):
            raise StoreError(
                f"{quote([path], longest=200)} was not written by this run, or was changed since; it was left as it is."
                f" {ELSEWHERE}"
            )
        self.add(name, data)
        write_bytes(path, data, make_folder=False)

    def add(self, name: str, data: bytes) -> None:
        """Note what is about to be written under a name."""
        if "\n" in name or "\0" in name:
            raise StoreError(f"{quote([name])} is no name for a file")
        line = f"{hashlib.sha256(data).hexdigest()}  {name}\n".encode()
        handle = os.open(self.folder / MANIFEST, APPENDING, 0o666)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise StoreError(f"{quote([self.folder / MANIFEST], longest=200)} is no regular file. {ELSEWHERE}")
            # A line that a killed run left torn is ended first; one call writes all, so that workers do not mix theirs.
            os.write(handle, line if _ends_whole(self.folder / MANIFEST) else b"\n" + line)
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self, name: str, max_bytes: int) -> bytes | None:
        """Read a file of ours; None where it is not there, or not as it was written."""
        try:
            data = read_plain(self.folder / name, max_bytes)
        except (OSError, StoreError):
            return None
        return data if hashlib.sha256(data).hexdigest() in self.list_files().get(name, ()) else None

    def remove(self, names: Iterable[str] | None = None) -> None:
        """Remove files of ours, all of them by default; what is not ours, or was changed, stays."""
        listed = self.list_files()
        for name in list(listed) if names is None else names:
            if NAME.fullmatch(name) and self.owns(name, listed):
                (self.folder / name).unlink(missing_ok=True)

    def settle(self) -> None:
        """Write the list anew, with what is there and ours alone."""
        self.check_folder()
        listed = self.list_files()
        kept = []
        for name in sorted(listed):
            path = self.folder / name  # of a file elsewhere the path itself
            if (digest := hash_file(path)) in listed[name]:
                kept.append(f"{digest}  {name}\n")
        write_bytes(self.folder / MANIFEST, "".join(kept).encode(), make_folder=False)

    def clear_torn(self) -> None:
        """Remove what a killed run of this folder left half-written."""
        known = {digest[:16] for hashes in self.list_files().values() for digest in hashes}
        for path in self.folder.glob(".hexad-*.part"):
            name = TORN.fullmatch(path.name)
            if name is not None and name[1] in known and path.is_file() and not path.is_symlink():
                path.unlink(missing_ok=True)

    def dissolve(self) -> None:
        """Remove all files of ours, the list, and the folder if nothing else is in it."""
        self.clear_torn()
        self.remove()
        if os.path.lexists(self.folder / MANIFEST):
            (self.folder / MANIFEST).unlink()
        with contextlib.suppress(OSError):  # something of the user's is in it
            self.folder.rmdir()

    def check_folder(self) -> None:
        """Refuse to go on in a folder that was removed or renamed meanwhile.

        Raises
        ------
        StoreError
        """
        try:
            same = _identity(self.folder) == self.identity
        except OSError:
            same = False
        if not same:
            raise StoreError(
                f"{quote([self.folder], longest=200)} was removed or renamed while the run was writing to it. "
                "Run it again; what is in the renamed folder is kept"
            )


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
