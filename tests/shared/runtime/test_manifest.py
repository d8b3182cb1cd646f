"""A list of one's own files: what it owns, what it leaves, and what a killed process leaves in it."""

import hashlib
import os
import subprocess

import pytest

from shared.errors import StoreError
from shared.runtime.files import read_plain, torn_name, write_bytes
from shared.runtime.manifest import MANIFEST, Manifest


@pytest.fixture
def own(tmp_path):
    return Manifest.of(tmp_path)


def test_what_was_written_is_owned_until_it_is_changed(own, tmp_path):
    own.write("a.txt", b"1")
    own.write("a.txt", b"2")
    assert own.owns("a.txt")
    (tmp_path / "a.txt").write_bytes(b"3")
    assert not own.owns("a.txt")
    with pytest.raises(StoreError, match="was left as it is"):
        own.write("a.txt", b"4")
    own.remove()
    assert (tmp_path / "a.txt").read_bytes() == b"3"
    assert own.find_changed() == ["a.txt"]


def test_only_what_is_ours_and_unchanged_is_read(own, tmp_path):
    own.write("a.txt", b"1")
    assert own.read("a.txt", 10) == b"1"
    assert own.read("a.txt", 0) is None
    (tmp_path / "a.txt").write_bytes(b"2")
    assert own.read("a.txt", 10) is None
    assert own.read("none.txt", 10) is None


@pytest.mark.parametrize("name", ["../a", "a/b", ".hidden", "", "a\nb", "/etc/x", "a\0"])
def test_names_lie_in_the_folder(own, name):
    with pytest.raises(StoreError, match="no name for a file"):
        own.write(name, b"")


def test_a_list_that_names_files_elsewhere_removes_none(own, tmp_path):
    outside = tmp_path.parent / f"{tmp_path.name}-outside.txt"
    outside.write_bytes(b"theirs")
    digest = hashlib.sha256(b"theirs").hexdigest()
    (tmp_path / MANIFEST).write_text(f"{digest}  ../{outside.name}\n{digest}  {outside}\n")
    own.remove()
    own.dissolve()
    assert outside.read_bytes() == b"theirs"


def test_a_killed_process_leaves_a_list_that_goes_on(own, tmp_path):
    own.write("a.txt", b"1")
    whole = (tmp_path / MANIFEST).read_bytes()
    for cut in range(len(whole)):
        (tmp_path / "b.txt").unlink(missing_ok=True)
        (tmp_path / MANIFEST).write_bytes(whole + whole[:cut])
        own.write("b.txt", b"2")
        assert own.owns("a.txt")
        assert own.owns("b.txt")


@pytest.mark.parametrize("content", [b"[tool]\n", b"{}\n", b"\xff\n", b"0" * 64 + b" *a\n"])
def test_another_programs_list_is_refused(own, tmp_path, content):
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(StoreError, match="no list of a run's files"):
        own.list_files()


def test_only_our_own_torn_files_are_cleared(own, tmp_path):
    own.add("a.txt", b"was to be written")
    ours = tmp_path / torn_name(hashlib.sha256(b"was to be written").hexdigest())
    theirs = tmp_path / torn_name(hashlib.sha256(b"something else").hexdigest())
    for path in (ours, theirs):
        path.write_bytes(b"was")
    own.clear_torn()
    assert not ours.exists()
    assert theirs.exists()


def test_the_list_is_one_that_sha256sum_checks(own, tmp_path):
    own.write("a.txt", b"1")
    own.write("a.txt", b"2")
    own.settle()
    done = subprocess.run(["sha256sum", "-c", MANIFEST], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "a.txt: OK\n")


def test_who_may_read_a_file_follows_the_umask(tmp_path):
    for mask, mode in ((0o077, 0o600), (0o022, 0o644), (0o002, 0o664)):
        before = os.umask(mask)
        try:
            write_bytes(tmp_path / f"{mask}", b"")
        finally:
            os.umask(before)
        assert (tmp_path / f"{mask}").stat().st_mode & 0o777 == mode


def test_a_plain_file_that_is_too_large_or_no_file(tmp_path):
    (tmp_path / "a").write_bytes(b"123")
    assert read_plain(tmp_path / "a", 3) == b"123"
    with pytest.raises(StoreError, match="holds more than"):
        read_plain(tmp_path / "a", 2)
    with pytest.raises((StoreError, OSError)):
        read_plain(tmp_path, 10)
