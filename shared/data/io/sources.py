"""From a path to UTF-8 text: compression, encoding and size, each recognised from the bytes themselves."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from shared.data.io.limits import BOMB_LEAST, BOMB_RATIO, CHUNK, MAX_PATH
from shared.errors import DataError, Problem, quote, shorten

__all__ = ["Text", "check_path", "read_bytes", "read_text", "split_sheet"]

NO_TEXT = {
    "unicode_escape",
    "raw_unicode_escape",
    "unicode-escape",
    "raw-unicode-escape",
    "idna",
    "punycode",
    "undefined",
}
MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
}
BOMS = [(b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")]


@dataclass(frozen=True)
class Text:
    """The text of a file as UTF-8 bytes without a byte order mark.

    >>> Text(b"a,b", encoding="utf-8", compression="").encoding
    'utf-8'
    """

    data: bytes
    encoding: str
    compression: str
    notes: tuple[str, ...] = ()


def fail(source: str, what: str, fix: str, rows: tuple[int, ...] = ()) -> DataError:
    """Build the error of a file that has one problem as a whole."""
    return DataError(source, [Problem(what, rows=rows, fix=fix)])


def check_path(path: Path) -> None:
    """Refuse a path that is no file that can be opened.

    >>> check_path(Path("no-such-file.csv"))
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file. Check the spelling and the
    folder.
    """
    name = path.name or str(path)
    name = name if len(name) <= 80 else f"{name[:40]}...{name[-37:]}"
    try:
        shown = str(path) if len(str(path)) <= MAX_PATH else f"...{str(path)[-MAX_PATH:]}"
        if path.is_dir():
            raise fail(name, f"{shown} is a folder", "Name the file inside it.")
        if not path.exists():
            raise fail(
                name,
                "there is no such file" + ("" if shown == name else f": {shown}"),
                "Check the spelling and the folder.",
            )
        if not path.is_file():
            raise fail(name, f"{shown} is no regular file but a device or a pipe", "Save the table to a file first.")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise fail(
            name, f"the file cannot be opened ({str(error)[:MAX_PATH]})", "Check its name and who may read it."
        ) from error


def split_sheet(place: str | os.PathLike[str]) -> tuple[Path, str | None]:
    """Take the name of a sheet off a workbook's: "a.xlsx#Sheet2".

    Parameters
    ----------
    place : str or path

    >>> split_sheet("a.xlsx#Sheet2")[1], split_sheet("a#b.csv")[1]
    ('Sheet2', None)
    """
    text = os.fspath(place)
    head, sign, sheet = text.rpartition("#")
    if sign and sheet and head.lower().endswith((".xlsx", ".xlsm")) and not os.path.lexists(text):
        return Path(head), sheet
    return Path(place), None


def read_bytes(path: Path, max_bytes: int) -> tuple[bytes, str]:
    """Read a file, unpacking gzip, bz2, xz or a zip of one member, but never more than `max_bytes`.

    Returns the bytes and the name of the compression ("" for none).

    Raises
    ------
    DataError
        The file is missing, empty, torn or larger than `max_bytes` once unpacked.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.csv.gz"
    ...     _ = path.write_bytes(gzip.compress(b"a,b"))
    ...     read_bytes(path, max_bytes=100)
    (b'a,b', 'gzip')
    """
    check_path(path)
    packed = path.stat().st_size
    if packed > max_bytes:
        raise too_large(path.name, packed, max_bytes)
    with path.open("rb") as file:
        head = file.read(8)
        file.seek(0)
        compression = next((name for magic, name in MAGIC.items() if head.startswith(magic)), "")
        try:
            data = _unpack(file, compression, path.name, max_bytes)
        except DataError:
            raise
        except (EOFError, OSError, lzma.LZMAError, zipfile.BadZipFile, zlib.error, RuntimeError, ValueError) as error:
            raise fail(
                path.name,
                f"the {compression or 'file'} cannot be read to its end ({shorten(error, 200)})",
                "It is torn or locked: fetch it again.",
            ) from error
    if not data.strip():
        raise fail(path.name, "the file is empty", "Give a file with a header and at least one row.")
    return data, compression


def too_large(name: str, size: int, max_bytes: int, least: str = "") -> DataError:
    """Build the error of a table that is larger than the limit."""
    return fail(
        name,
        f"the table is larger than the limit of {max_bytes / 1e6:,.0f} MB for what is read at once:"
        f" {least}{size / 1e6:,.0f} MB",
        "Raise max_bytes if three times as much fits into memory, or read it in parts (read_chunks), or fewer columns"
        " of a Parquet file (columns=).",
    )


def _unpack(file: IO[bytes], compression: str, name: str, max_bytes: int) -> bytes:
    if compression == "gzip":
        return _unpack_limited(gzip.GzipFile(fileobj=file), file, name, max_bytes)
    if compression == "bz2":
        return _unpack_limited(bz2.BZ2File(file), file, name, max_bytes)
    if compression == "xz":
        return _unpack_limited(lzma.LZMAFile(file), file, name, max_bytes)
    if compression == "zip":
        archive = zipfile.ZipFile(file)
        members = [member for member in archive.infolist() if not member.filename.endswith("/")]
        if len(members) != 1:
            raise fail(name, f"the zip holds {len(members)} files", "Give a zip with exactly one table in it.")
        if members[0].file_size > max_bytes:
            raise too_large(name, members[0].file_size, max_bytes)
        with archive.open(members[0]) as member:
            return _unpack_limited(member, file, name, max_bytes)
    return file.read()


def _unpack_limited(stream: IO[bytes] | gzip.GzipFile, file: IO[bytes], name: str, max_bytes: int) -> bytes:
    """Unpack a stream bit by bit, up to the limit, and no further where it swells beyond belief."""
    buffer = io.BytesIO()
    while chunk := stream.read(CHUNK):
        buffer.write(chunk)
        size = buffer.tell()
        if size > max_bytes:
            raise too_large(name, size, max_bytes, "at least ")
        if size > BOMB_LEAST and size > BOMB_RATIO * file.tell():
            what = f"it swells to more than {BOMB_RATIO} times its size when unpacked"
            raise fail(name, what, "Unpack it yourself if you trust it.")
    return buffer.getvalue()


def read_text(data: bytes, name: str, encoding: str | None, compression: str = "") -> Text:  # noqa: C901
    """Decode bytes: a byte order mark first, then UTF-8, then Windows-1252, which is told in the notes.

    Raises
    ------
    DataError
        The bytes fit no encoding, or mix UTF-8 with another one; the line is named.

    >>> read_text("größe;1".encode("cp1252"), "a.csv", None).encoding
    'cp1252'
    """
    notes: list[str] = []
    if encoding is not None and not is_encoding(encoding):
        raise fail(name, f"unknown encoding {quote([encoding])}", "Use a name Python knows: 'utf-8', 'cp1252'.")
    if encoding is None:
        for mark, marked in BOMS:
            if data.startswith(mark):
                data, encoding = data[len(mark) :], marked
                break
    try:
        text = data.decode(encoding or "utf-8")
        encoding = encoding or "utf-8"
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        if encoding is not None:
            raise fail(
                name,
                f"line {line} is not {encoding}: byte 0x{data[error.start]:02x}",
                "Save the file as UTF-8, or leave encoding out to have it recognised.",
            ) from error
        text, encoding = _as_windows(data, name, line), "cp1252"
        notes.append("not UTF-8: read as Windows-1252 (cp1252); pass encoding= if that is wrong")
    except UnicodeError as error:
        raise fail(name, f"the file is not {encoding} ({error})", "Save it as UTF-8.") from error
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise fail(name, "the file is empty", "Give a file with a header and at least one row.")
    try:
        utf8 = text.encode()
    except UnicodeEncodeError as error:
        line = text[: error.start].count("\n") + 1
        raise fail(name, f"line {line} is not {encoding}: it holds half a character", "Save it as UTF-8.") from error
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise fail(name, f"line {line} holds a NUL character: this is no text table", "Export it as CSV or Parquet.")
    return Text(utf8, encoding, compression, tuple(notes))


def is_encoding(name: str) -> bool:
    """Whether Python knows an encoding of plain text by that name; those of escapes are none."""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return False
    return found.name not in NO_TEXT and bool(getattr(found, "_is_text_encoding", True))


def _as_windows(data: bytes, name: str, line: int) -> str:
    """Read as Windows-1252, unless the rest is clearly UTF-8: then two encodings are mixed."""
    sequences = data.decode("utf-8", errors="ignore")
    if any(ord(char) > 127 for char in sequences):
        raise fail(
            name,
            f"UTF-8 and another encoding are mixed, first in line {line}",
            "Save the file in one encoding, best UTF-8; the parts that were pasted in are damaged.",
        )
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise fail(
            name,
            f"line {line} is neither UTF-8 nor Windows-1252",
            "Pass encoding= with the file's own, or save it as UTF-8.",
        ) from error
