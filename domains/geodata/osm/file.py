"""Which kind of map file it is, by what is in it, and whether it can be read at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import DataError, HexadError, Problem, quote, require

__all__ = ["is_map", "open_map"]

FORMATS = (
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
)
HEAD = 4096
NOT_A_MAP = "Give an OpenStreetMap file: .osm, .osm.gz, .osm.bz2 or .osm.pbf, such as an extract of a town."


@contextmanager
def open_map(path: str | Path, *, convert: bool = False) -> Iterator[Path]:
    """Give a map file as PBF, whatever it is called: files of other formats are converted first.

    Parameters
    ----------
    path : path
    convert : bool
        Whether one that is PBF is converted, too, because it is packed in an unusual way.

    Raises
    ------
    DataError
        It is missing, empty, a folder, or no map.
    MissingExtraError
        osmium is not installed.

    >>> with open_map("no-such-town.osm.pbf") as file:
    ...     pass
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-town.osm.pbf: there is no such file ...
    """
    file = Path(path)
    what = _find_fault(file)
    if what:
        raise DataError(file.name or str(file), [Problem(what, fix=NOT_A_MAP)])
    kind = _sniff(file)
    if kind == "pbf" and not convert:
        yield file
        return
    require("osmium", package="osmium", extra="geodata")
    import osmium

    with tempfile.TemporaryDirectory(prefix="hexad-") as folder:
        target = Path(folder) / "map.osm.pbf"
        reader = osmium.io.Reader(osmium.io.File(str(file), kind))
        writer = osmium.WriteHandler(str(target))
        osmium.apply(reader, writer)
        writer.close()
        reader.close()
        yield target


def is_map(path: str | Path) -> bool:
    """Whether a file is an OpenStreetMap file, by how it begins; what is missing, empty or a folder is none.

    Parameters
    ----------
    path : path

    >>> from domains.geodata import find_map
    >>> is_map(find_map("helsinki")), is_map("no-such-file.osm")
    (True, False)
    """
    try:
        file = Path(path)
        return not _find_fault(file) and bool(_sniff(file))
    except (DataError, ValueError, TypeError):  # of another kind, a name that no file can have, or no name at all
        return False


def _find_fault(file: Path) -> str:
    try:
        if file.is_dir():
            return "is a folder"
        if not file.exists():
            return f"there is no such file (in the folder {quote([file.parent.resolve()], longest=200)})"
        if file.stat().st_size == 0:
            return "is empty"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return ""


def _sniff(file: Path) -> str:
    """The format as osmium names it: what it is packed in, and what is inside."""
    packed = ""
    try:
        with file.open("rb") as stream:
            head = stream.read(HEAD)
        for mark, name in FORMATS:
            if head.startswith(mark):
                packed = f".{name}"
                head = _unpack(file, name)
    except (OSError, EOFError) as error:
        raise DataError(file.name, [Problem(f"cannot be read: {error}", fix=NOT_A_MAP)]) from error
    if head[4:].startswith(b"\n\tOSMHeader") or b"OSMHeader" in head[:64]:
        return "pbf"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"<osmChange" in head:
        problem = Problem("holds changes to a map (osmChange), not a map", fix="Apply them to a map, and give that.")
        raise DataError(file.name, [problem])
    if text.startswith(b"<") and b"<osm" in head:
        return f"osm{packed}"
    raise DataError(file.name, [Problem(f"is no OpenStreetMap file: it begins with {_show(head)}", fix=NOT_A_MAP)])


def _unpack(file: Path, kind: str) -> bytes:
    import bz2
    import gzip

    with (gzip if kind == "gz" else bz2).open(file, "rb") as stream:
        return bytes(stream.read(HEAD))


def _show(head: bytes) -> str:
    return quote([head[:24].decode("latin-1")])


def refuse_reading(source: str, error: Exception) -> HexadError:
    """Make one error of what the reader met in the middle of a file.

    Parameters
    ----------
    source : str
    error : Exception
    """
    told = " ".join(str(error).split()) or type(error).__name__
    fix = "The file is torn or altered; fetch or export it again."
    return DataError(source, [Problem(f"cannot be read to its end: {told[:160]}", fix=fix)])
