"""Runs that are killed, stopped, out of disk or not alone: nothing torn, clearly told, and the same bytes at last."""

import importlib
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from shared.runtime.manifest import MANIFEST

with pytest.MonkeyPatch.context() as patch:  # a bare `pytest` does not look for packages beside the tests
    patch.syspath_prepend(str(Path(__file__).parents[2]))
    runs = importlib.import_module("benchmarks.broken_runs")

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux' processes and limits")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An unbroken run."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    made = runs.Whole(folder, runs.run(folder))
    assert made.ended.code == 0, made.ended.told
    assert len(made.ended.watch.pieces) == 15
    assert runs.torn(folder) == []
    return made


def go_until(folder, pieces, how, whole):
    """Run until there are so many finished pieces, then send a signal to the whole process group."""
    process, since = runs.start(folder), time.monotonic()
    while len(runs.list_finished(folder)) < pieces and process.poll() is None:
        time.sleep(0.005)
    os.killpg(process.pid, how)
    ended = runs.finish(process, folder, since)
    assert runs.torn(folder) == []
    assert runs.others(folder, whole, complete=False) == []
    assert len(runs.list_finished(folder)) >= pieces, (ended.code, ended.told)
    return ended


def go_on(folder, whole):
    """Run to the end: the same files and bytes as an unbroken run, and no finished piece done twice."""
    before = runs.list_finished(folder)
    ended = runs.run(folder)
    assert ended.code == 0, ended.told
    assert runs.others(folder, whole, complete=True) == []
    assert {path.name for path in folder.iterdir()} == {path.name for path in whole.folder.iterdir()}
    assert all(ended.watch.pieces.get(name, {seen}) == {seen} for name, seen in before.items())
    assert set(before) | set(ended.watch.pieces) == set(whole.ended.watch.pieces)


def test_what_is_torn_is_seen(tmp_path, whole):
    files = [path for path in whole.folder.iterdir() if path.is_file() and path.name != MANIFEST]
    for path in files:
        half = path.read_bytes()[: path.stat().st_size // 2]
        (tmp_path / path.name).write_bytes(half if path.suffix != ".toml" else half + b"=")
    assert len(runs.torn(tmp_path)) == len(files)
    assert set(runs.others(tmp_path, whole, complete=True)) == set(runs.SAME)


def test_a_run_killed_three_times_goes_on_each_time(tmp_path, whole):
    folder = tmp_path / "run"
    kept = {}
    for pieces in (1, 6, 15):
        ended = go_until(folder, pieces, signal.SIGKILL, whole)
        assert ended.code == -signal.SIGKILL
        found = runs.list_finished(folder)
        assert kept.items() <= found.items()
        kept = found
    assert (folder / ".hexad-running").exists()
    go_on(folder, whole)


def test_a_run_stopped_with_ctrl_c_says_how_to_go_on(tmp_path, whole):
    folder = tmp_path / "run"
    ended = go_until(folder, 8, signal.SIGINT, whole)
    assert ended.code == 130
    assert ended.told == "hexad: stopped. The same command with the same --out goes on where it was."
    assert not (folder / ".hexad-running").exists()
    assert not list(folder.rglob(".*.part"))
    go_on(folder, whole)


def test_a_full_disk_is_told_in_one_message(tmp_path, whole):
    folder = tmp_path / "run"
    ended = runs.run(folder, RLIMIT_FSIZE=200_000)  # the trials are smaller, the fitted model is not
    assert ended.code == 1
    assert ended.told.startswith("hexad: ")
    assert "File too large" in ended.told
    assert "What was finished is kept; the same --out goes on there." in ended.told
    assert len(ended.told.splitlines()) == 1
    assert runs.torn(folder) == []
    assert len(runs.list_finished(folder)) == 14
    assert not list(folder.rglob(".*"))
    go_on(folder, whole)


def test_of_two_runs_in_one_folder_the_second_is_refused_at_once(tmp_path, whole):
    folder = tmp_path / "run"
    first, since = runs.start(folder), time.monotonic()
    while not runs.list_finished(folder) and first.poll() is None:
        time.sleep(0.01)
    second = runs.run(folder)
    assert first.poll() is None
    assert second.code == 2
    assert "another run is writing to this folder" in second.told
    assert len(second.told.splitlines()) == 1
    ended = runs.finish(first, folder, since)
    assert ended.code == 0, ended.told
    assert runs.others(folder, whole, complete=True) == []
    assert {path.name for path in folder.iterdir()} == {path.name for path in whole.folder.iterdir()}
