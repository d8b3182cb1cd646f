"""One run a folder: whom the lock refuses, when it is free again, and what it clears away."""

import builtins
import errno
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from shared.errors import StoreError
from shared.runtime import lock
from shared.runtime.lock import only_one

ROOT = Path(lock.__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from shared.runtime.lock import only_one
with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder until its input ends."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def refused(folder):
    with pytest.raises(StoreError, match="another run is writing to this folder"), only_one(folder):
        pass


def test_a_folder_is_made_held_and_left_as_it_was(tmp_path):
    folder = tmp_path / "new" / "er"
    with only_one(folder):
        assert names(folder) == [".hexad-running"]
        refused(folder)
    assert names(folder) == []
    with only_one(folder):
        pass


def test_it_is_free_again_after_an_error(tmp_path):
    with pytest.raises(KeyboardInterrupt), only_one(tmp_path):
        raise KeyboardInterrupt
    assert names(tmp_path) == []
    with only_one(tmp_path):
        pass


def test_another_process_is_refused_until_the_first_one_ends(tmp_path, holder):
    refused(tmp_path)
    refused(tmp_path)
    holder.stdin.close()
    assert holder.wait(timeout=30) == 0
    with only_one(tmp_path):
        pass


def test_the_refused_one_names_the_folder_and_touches_nothing(tmp_path, holder):
    (tmp_path / ".model.hexad.abc.part").write_text("half")
    with pytest.raises(StoreError, match=str(tmp_path)), only_one(tmp_path):
        pass
    assert names(tmp_path) == [".hexad-running", ".model.hexad.abc.part"]


def test_it_is_free_once_its_holder_is_killed(tmp_path, holder):
    holder.kill()
    holder.wait(timeout=30)
    assert names(tmp_path) == [".hexad-running"]
    with only_one(tmp_path):
        pass
    assert names(tmp_path) == []


def test_nothing_else_in_the_folder_is_touched(tmp_path):
    kept = ["a.part", ".hidden", ".report.html.x1.part", "report.html", "pieces/.a.parquet.x2.part", "pieces/b.part"]
    (tmp_path / "pieces").mkdir()
    for name in kept:
        (tmp_path / name).write_text("x")
    with only_one(tmp_path):
        assert names(tmp_path) == sorted([*kept, "pieces", ".hexad-running"])
    assert names(tmp_path) == sorted([*kept, "pieces"])


def test_a_file_of_the_users_in_the_locks_place_is_left(tmp_path):
    (tmp_path / ".hexad-running").write_text("theirs")
    with pytest.raises(StoreError, match="is no lock of a run"), only_one(tmp_path):
        pass
    assert (tmp_path / ".hexad-running").read_text() == "theirs"


def test_a_folder_with_odd_letters(tmp_path):
    folder = tmp_path / "[a*] ?ü"
    folder.mkdir()
    with only_one(folder):
        assert names(folder) == [".hexad-running"]


def test_a_folder_and_one_inside_it_are_two(tmp_path):
    with only_one(tmp_path), only_one(tmp_path / "inner"):
        refused(tmp_path)
        refused(tmp_path / "inner")
    assert names(tmp_path) == ["inner"]


def test_what_a_run_in_a_folder_inside_is_writing_is_left_alone(tmp_path):
    with only_one(tmp_path / "inner"):
        (tmp_path / "inner" / ".report.html.x1.part").write_text("being written")
        with only_one(tmp_path):
            assert (tmp_path / "inner" / ".report.html.x1.part").exists()


def test_a_lock_taken_while_its_last_holder_goes_keeps_others_out(tmp_path, monkeypatch):
    first = only_one(tmp_path)
    first.__enter__()
    original = lock._locked

    def late(handle):  # the first holder goes after the second has opened its file, before it locks it
        monkeypatch.setattr(lock, "_locked", original)
        first.__exit__(None, None, None)
        return original(handle)

    monkeypatch.setattr(lock, "_locked", late)
    with only_one(tmp_path):
        refused(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="needs a system's users")
def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    folder = tmp_path / "readonly"
    folder.mkdir()
    folder.chmod(0o555)
    monkeypatch.chdir(folder)
    root = os.geteuid() == 0
    if root:  # who may write everywhere
        os.seteuid(65534)
    try:
        with pytest.raises(PermissionError), only_one(Path()):
            pass
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)
    assert names(folder) == []


def test_a_full_disk_leaves_no_handle_open(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(lock.os, "open", full)
    with pytest.raises(OSError, match="No space left"), only_one(tmp_path):
        pass
    monkeypatch.undo()
    with only_one(tmp_path):
        pass


def test_the_handle_is_closed_when_it_is_refused(tmp_path):
    handles = Path("/proc/self/fd")
    if not handles.is_dir():
        pytest.skip("the system does not tell its handles")
    with only_one(tmp_path):
        before = len(list(handles.iterdir()))
        for _ in range(5):
            refused(tmp_path)
        assert len(list(handles.iterdir())) == before


@pytest.mark.parametrize("free", [True, False])
def test_where_there_is_no_flock(tmp_path, monkeypatch, free):
    original = builtins.__import__

    def windows(name, *more, **options):
        if name == "fcntl":
            raise ImportError(name)
        return original(name, *more, **options)

    def locking(handle, how, length):
        if not free:
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(locking=locking, LK_NBLCK=2))
    monkeypatch.setattr(builtins, "__import__", windows)
    if free:
        with only_one(tmp_path):
            assert names(tmp_path) == [".hexad-running"]
    else:
        refused(tmp_path)
