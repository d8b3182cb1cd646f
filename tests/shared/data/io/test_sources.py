"""From a path to text: compression, size limit and encoding are told from the bytes, or refused in plain words."""

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pytest

from shared.data.io.sources import Text, read_bytes, read_text
from shared.errors import DataError

TABLE = b"a,b\n" + b"".join(b"%d,%d\n" % (number, number**2) for number in range(400))


def zipped(*names, body=TABLE):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, b"" if name.endswith("/") else body)
    return buffer.getvalue()


def damaged(data, places):
    broken = bytearray(data)
    for place in places:
        broken[place] ^= 0xFF
    return bytes(broken)


PACKED = {
    "": TABLE,
    "gzip": gzip.compress(TABLE, mtime=0),
    "bz2": bz2.compress(TABLE),
    "xz": lzma.compress(TABLE),
    "zip": zipped("folder/", "folder/a.csv"),
}


@pytest.mark.parametrize("compression", PACKED)
def test_bytes_are_unpacked_whatever_the_file_is_called(tmp_path, compression):
    path = tmp_path / "table.dat"
    path.write_bytes(PACKED[compression])
    assert read_bytes(path, max_bytes=len(TABLE)) == (TABLE, compression)


@pytest.mark.parametrize("compression", PACKED)
def test_no_more_than_the_limit_is_unpacked(tmp_path, compression):
    path = tmp_path / "table.dat"
    path.write_bytes(PACKED[compression])
    with pytest.raises(DataError, match=r"table\.dat: the table is larger than the limit .* Raise max_bytes"):
        read_bytes(path, max_bytes=len(TABLE) - 1)


def test_a_bomb_is_stopped_long_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"0" * 60_000_000))
    with pytest.raises(DataError, match=r"larger than the limit of 1 MB for what is read at once"):
        read_bytes(path, max_bytes=1_000_000)


@pytest.mark.parametrize("compression", ["gzip", "bz2", "xz", "zip"])
def test_a_torn_file_is_named_with_its_compression(tmp_path, compression):
    path = tmp_path / "table.dat"
    path.write_bytes(PACKED[compression][: len(PACKED[compression]) // 2])
    with pytest.raises(DataError, match=rf"table\.dat: the {compression} cannot be read to its end .* fetch it again"):
        read_bytes(path, max_bytes=10**6)


@pytest.mark.parametrize("compression", ["gzip", "bz2", "xz", "zip"])
def test_damage_in_the_middle_is_named_with_its_compression(tmp_path, compression):
    path = tmp_path / "table.dat"
    # In a zip the bytes before are headers, of which some are stored twice.
    places = [85, 86] if compression == "zip" else [60, 61]
    path.write_bytes(damaged(PACKED[compression], places))
    with pytest.raises(DataError, match=rf"table\.dat: the {compression} cannot be read"):
        read_bytes(path, max_bytes=10**6)


def test_a_zip_holds_one_table(tmp_path):
    path = tmp_path / "two.zip"
    path.write_bytes(zipped("a.csv", "b.csv"))
    with pytest.raises(DataError, match=r"two\.zip: the zip holds 2 files\. Give a zip with exactly one table"):
        read_bytes(path, max_bytes=10**6)


@pytest.mark.parametrize("body", [b"", b" \n\n ", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused(tmp_path, body):
    path = tmp_path / "empty.csv"
    path.write_bytes(body)
    with pytest.raises(DataError, match=r"empty\.csv: the file is empty\. Give a file with a header"):
        read_bytes(path, max_bytes=100)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    with pytest.raises(DataError, match=r"lost\.csv: there is no such file: .*lost\.csv\. Check the spelling"):
        read_bytes(tmp_path / "lost.csv", max_bytes=100)
    with pytest.raises(DataError, match=r"is a folder\. Name the file inside it"):
        read_bytes(tmp_path, max_bytes=100)


def test_an_impossible_file_name_is_refused(tmp_path):
    with pytest.raises(DataError, match="csv"):
        read_bytes(tmp_path / ("x" * 300 + ".csv"), max_bytes=100)


def test_a_file_that_may_not_be_opened_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "locked.csv"
    path.write_bytes(b"a,b\n1,2\n")

    def locked(self, *more, **settings):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", locked)
    with pytest.raises(DataError, match=r"locked\.csv: .*ermission"):
        read_bytes(path, max_bytes=100)


@pytest.mark.parametrize(
    ("data", "asked", "found"),
    [
        ("ä,1".encode(), None, "utf-8"),
        ("ä,1".encode("utf-8-sig"), None, "utf-8"),
        ("ä,1".encode("utf-8-sig"), "UTF_8", "UTF_8"),
        ("ä,1".encode("utf-8-sig"), "utf-8-sig", "utf-8-sig"),
        (b"\xff\xfe" + "ä,1".encode("utf-16-le"), None, "utf-16-le"),
        (b"\xfe\xff" + "ä,1".encode("utf-16-be"), None, "utf-16-be"),
        ("ä,1".encode("utf-16"), "utf-16", "utf-16"),
        ("ä,1".encode("latin-1"), "latin-1", "latin-1"),
        ("ä,1".encode("mac-roman"), "mac-roman", "mac-roman"),
    ],
)
def test_text_comes_out_as_utf8_without_a_mark(data, asked, found):
    assert read_text(data, "t.csv", asked) == Text("ä,1".encode(), found, "")


@pytest.mark.parametrize("asked", ["utf-16-le", "u8"])
def test_a_byte_order_mark_never_becomes_part_of_a_name(asked):
    data = "\ufeffa,1".encode(asked)
    assert read_text(data, "t.csv", asked).data == b"a,1"


def test_windows_text_is_recognised_and_told():
    text = read_text("größe;€".encode("cp1252"), "t.csv", None, "gzip")
    assert (text.data.decode(), text.encoding, text.compression) == ("größe;€", "cp1252", "gzip")
    assert text.notes == ("not UTF-8: read as Windows-1252 (cp1252); pass encoding= if that is wrong",)


@pytest.mark.parametrize(
    ("data", "asked", "says"),
    [
        ("a\nä".encode() + "\nö".encode("cp1252"), None, "UTF-8 and another encoding are mixed, first in line 3"),
        (b"a\n\x81\x8d", None, "line 2 is neither UTF-8 nor Windows-1252. Pass encoding="),
        ("a\nä".encode("cp1252"), "utf-8", "line 2 is not utf-8: byte 0xe4. Save the file as UTF-8"),
        (b"\xff\xfea\x00b", None, "line 1 is not utf-16-le"),
        (b"a\n\x00b", None, "line 2 holds a NUL character: this is no text table"),
        (b"a", "klingon", "unknown encoding 'klingon'. Use a name Python knows"),
        (b"a,b\n1,2\n", "punycode", "punycode"),
        (b"\\ud800,1", "unicode_escape", "unicode_escape"),
    ],
)
def test_what_fits_no_encoding_is_refused_with_its_line(data, asked, says):
    with pytest.raises(DataError) as caught:
        read_text(data, "t.csv", asked)
    assert says in str(caught.value)
    assert str(caught.value).startswith("t.csv: ")
