"""Folders as users have them: whatever the command, every file that a run did not write has the same bytes afterwards."""

import hashlib
import os
import stat
import sys
import types
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pydantic import Field
from sklearn.linear_model import LinearRegression

from case_studies.common import runs
from case_studies.common import study as studies
from shared.errors import HexadError
from shared.reporting import Run
from shared.runtime.config import Settings
from shared.runtime.manifest import MANIFEST

pytestmark = pytest.mark.any_pandas


posix = pytest.mark.skipif(os.name == "nt", reason="needs links and pipes")


class ToySettings(Settings):
    """Settings of the toy study."""

    factor: float = Field(2.0, gt=0)
    read_options: dict[str, str] = {}


class Forecast:
    """What `hexad predict` writes down."""

    def __init__(self, rows):
        self.rows = rows

    def to_frame(self):
        return pd.DataFrame({"row": range(self.rows)})

    def explain(self):
        return f"{self.rows} rows."


def state_study(monkeypatch, study):
    """Put a study in the place that its file would be imported to."""
    monkeypatch.setitem(sys.modules, "case_studies.toy.study", types.SimpleNamespace(STUDY=study))


def stated():
    return sys.modules["case_studies.toy.study"].STUDY


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A study that takes no time, beside the real ones."""
    home = tmp_path / "studies"
    (home / "toy").mkdir(parents=True)
    (home / "toy" / "settings.toml").write_text("factor = 2.0\n")
    (home / "toy" / "study.py").write_text('"""A toy."""\n')

    def tell(settings: ToySettings, run: Run) -> None:
        table, _ = run.load_table("vic_elec")
        run.metrics["total"] = settings.factor * float(table["Demand"].sum())
        run.save_results(forecast=table.head(3), scores=table.tail(2))

    def predict(settings, run, source, accept_drift):
        return Forecast(len(pd.read_csv(source))), []

    monkeypatch.setattr(studies, "HERE", home)
    state_study(monkeypatch, studies.Study("Toy", ToySettings, tell, predict))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def demand_file(path, rows=4):
    path.parent.mkdir(parents=True, exist_ok=True)
    stamps = pd.date_range("2024-01-01", periods=rows, freq="30min")
    frame = pd.DataFrame({"Time": stamps, "Demand": 1.0, "Temperature": 20.0, "Holiday": False})
    frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path, index=False)
    return path


def run(out, *, data=None, factor=2.0):
    data = data or demand_file(Path("data") / "own.csv")
    return runs.run_study("toy", data=data, out=Path(out), overrides=[f"factor={factor}"])


def snapshot(folder, leave_out=()):
    """What every file, link and pipe under a folder is: bytes, target or kind."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if name in leave_out:
            continue
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[name] = stat.filemode(path.lstat().st_mode)[0]
    return found


def refused(call, *needles):
    with pytest.raises(HexadError) as told:
        call()
    assert all(needle in str(told.value) for needle in needles), str(told.value)


FOREIGN = {
    "data and another program's settings": {"my_prices.parquet": b"PAR1", "settings.toml": b"[tool]\n"},
    "settings alone": {"settings.toml": b"theirs = true\n"},
    "a report": {"report.html": b"<p>mine</p>"},
    "a model": {"model.hexad": b"mine"},
    "a run's names, all of them": dict.fromkeys(
        ("report.html", "metrics.json", "run.json", "settings.toml", "schema.json", "forecast.parquet"), b"mine"
    ),
    "pieces": {"pieces/photo.jpg": b"jpg"},
    "pieces and hidden files": {"pieces/0123456789abcdef01234567.parquet": b"mine", ".env": b"KEY=1"},
    "a list of files of another program": {MANIFEST: b"a list of mine\n", "settings.toml": b"x"},
    "a list that names nothing": {MANIFEST: b"", "photo.jpg": b"jpg"},
    "a git checkout": {".git/config": b"[core]", "src/main.py": b"print()"},
    "a table": {"forecast.parquet": b"PAR1 mine"},
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_folder_of_other_things_is_refused_untouched(toy, name):
    mine = toy / "mine"
    for file, data in FOREIGN[name].items():
        (mine / file).parent.mkdir(parents=True, exist_ok=True)
        (mine / file).write_bytes(data)
    before = snapshot(mine)
    refused(lambda: run(mine), "mine")
    assert snapshot(mine) == before


def test_data_beside_settings_of_another_program_are_not_lost(toy):
    data = demand_file(toy / "mine" / "my_prices.parquet")
    (toy / "mine" / "settings.toml").write_text("[another]\nprogram = true\n")
    before = snapshot(toy / "mine")
    refused(lambda: run("mine", data=data), "the folder holds other things")
    assert snapshot(toy / "mine") == before


@pytest.mark.parametrize("hidden", [".env", ".running", ".hexad.part", ".report.html.abc.part", ".hexad-x-y.part"])
def test_hidden_files_of_the_user_stay(toy, hidden):
    (toy / "mine").mkdir()
    (toy / "mine" / hidden).write_bytes(b"theirs")
    run("mine")
    run("mine", factor=3)
    assert (toy / "mine" / hidden).read_bytes() == b"theirs"


def test_what_lies_beside_a_run_outlives_other_settings(toy):
    run("mine")
    theirs = {"notes.txt": b"n", "prices.parquet": b"p", "predictions-week.parquet": b"q", "sub/a.parquet": b"a"}
    for name, data in theirs.items():
        (toy / "mine" / name).parent.mkdir(exist_ok=True)
        (toy / "mine" / name).write_bytes(data)
    data = demand_file(toy / "mine" / "more.parquet", rows=6)
    before = data.read_bytes()
    run("mine", data=data, factor=5)
    assert {name: (toy / "mine" / name).read_bytes() for name in theirs} == theirs
    assert data.read_bytes() == before
    assert "5.0" in (toy / "mine" / "settings.toml").read_text()


@pytest.mark.parametrize("name", ["settings.toml", "report.html", "metrics.json", "forecast.parquet", "scores.parquet"])
def test_a_file_of_the_run_that_was_changed_is_the_users(toy, name):
    run("mine")
    (toy / "mine" / name).write_bytes(b"edited by hand")
    before = snapshot(toy / "mine")
    refused(lambda: run("mine", factor=3), name, "changed")
    assert snapshot(toy / "mine") == before


def test_a_table_of_the_users_in_the_place_of_a_new_one_is_left(toy, monkeypatch):
    run("mine")
    (toy / "mine" / "extra.parquet").write_bytes(b"theirs")
    tell = stated().run

    def more(settings, run):
        tell(settings, run)
        run.save_results(extra=pd.DataFrame({"a": [1]}))

    state_study(monkeypatch, replace(stated(), run=more))
    refused(lambda: run("mine", factor=3), "extra.parquet", "was left as it is")
    assert (toy / "mine" / "extra.parquet").read_bytes() == b"theirs"


def test_results_outlive_data_that_cannot_be_read(toy):
    run("mine")
    before = snapshot(toy / "mine")
    (toy / "bad.csv").write_text("a,b\n1,2\n")
    refused(lambda: run("mine", data=toy / "bad.csv", factor=9), "bad.csv")
    refused(lambda: run("mine", data=toy / "none.csv", factor=9), "none.csv")
    assert snapshot(toy / "mine") == before


def test_the_runs_own_table_is_no_data_for_the_same_folder(toy):
    run("mine")
    before = snapshot(toy / "mine")
    for path in ("mine/forecast.parquet", "mine/../mine/forecast.parquet"):
        refused(lambda path=path: run("mine", data=toy / path, factor=3), "forecast.parquet")
    assert snapshot(toy / "mine") == before


@posix
def test_links_are_neither_followed_nor_replaced(toy):
    outside = toy / "outside.txt"
    outside.write_text("theirs")
    for name in ("report.html", "pieces", ".hexad-running", MANIFEST):
        mine = toy / f"mine-{name}"
        mine.mkdir()
        (mine / name).symlink_to(outside)
        before = snapshot(mine)
        refused(lambda mine=mine: run(mine))
        assert snapshot(mine) == before
        assert outside.read_text() == "theirs"
    absent = toy / "absent"
    (toy / "loose").mkdir()
    (toy / "loose" / ".hexad-running").symlink_to(absent)
    refused(lambda: run("loose"), "no lock of a run")
    assert not absent.exists()


@posix
@pytest.mark.parametrize("name", ["settings.toml", "report.html", "forecast.parquet", MANIFEST])
def test_a_pipe_or_a_device_in_a_runs_folder_is_refused_at_once(toy, name):
    for make in (os.mkfifo, endless):
        mine = toy / f"{name}-{make.__name__}"
        run(mine)
        (mine / name).unlink()
        make(mine / name)
        before = snapshot(mine)
        refused(lambda mine=mine: run(mine, factor=3))
        assert snapshot(mine) == before
        if name == "settings.toml":
            refused(lambda mine=mine: runs.predict_from(mine, data=toy / "data" / "own.csv"))


@posix
def test_a_piece_that_is_a_pipe_is_made_anew_elsewhere(toy):
    run("mine")
    (toy / "mine" / "pieces").mkdir()
    os.mkfifo(toy / "mine" / "pieces" / "0123456789abcdef01234567.parquet")
    refused(lambda: run("mine", factor=3), "pieces")


def test_files_in_the_folder_of_pieces_stay(toy, monkeypatch):
    tell = stated().run

    def halfway(settings, run):
        run.load_table("vic_elec")
        run.fit_or_resume(Line(), pd.DataFrame({"x": [0.0, 1.0], "y": [1.0, 3.0]}))
        raise KeyboardInterrupt

    state_study(monkeypatch, replace(stated(), run=halfway))
    with pytest.raises(KeyboardInterrupt):
        run("mine")
    pieces = toy / "mine" / "pieces"
    made = [path for path in pieces.iterdir() if path.suffix == ".hexad"]
    assert len(made) == 1
    (pieces / "notes.txt").write_text("theirs")
    state_study(monkeypatch, replace(stated(), run=tell))
    run("mine")
    assert [path.name for path in pieces.iterdir()] == ["notes.txt"]


def test_two_runs_side_by_side_do_not_know_each_other(toy):
    run("one")
    before = snapshot(toy / "one")
    run("two", factor=3)
    run("one/inner", factor=4)
    assert snapshot(toy / "one", {name for name in snapshot(toy / "one") if name.startswith("inner")}) == before


def test_a_renamed_folder_is_still_the_runs(toy):
    run("mine")
    (toy / "mine").rename(toy / "other")
    run("other", factor=3)
    assert "3.0" in (toy / "other" / "settings.toml").read_text()


@pytest.mark.parametrize("how", ["removed", "renamed"])
def test_a_folder_that_goes_away_meanwhile_is_told(toy, monkeypatch, how):
    tell = stated().run

    def vanishing(settings, run):
        run.load_table("vic_elec")
        (toy / "mine").rename(toy / "moved")
        if how == "removed":
            (toy / "mine").mkdir()
        run.save_results(forecast=pd.DataFrame({"a": [1]}))
        tell(settings, run)

    state_study(monkeypatch, replace(stated(), run=vanishing))
    refused(lambda: run("mine"), "removed or renamed")
    assert (toy / "moved" / "settings.toml").exists()


def test_a_folder_that_may_not_be_written_is_refused(toy, monkeypatch):
    run("mine")
    before = snapshot(toy / "mine")

    def denied(**_):
        raise PermissionError(13, "Permission denied")  # the superuser, who may run this test, may write anywhere

    monkeypatch.setattr(runs.tempfile, "TemporaryFile", denied)
    refused(lambda: run("mine", factor=3), "no files can be written")
    assert snapshot(toy / "mine") == before


def predict(toy, out=None, data="new.csv"):
    pd.DataFrame({"a": [1, 2]}).to_csv(toy / "new.csv", index=False)
    return runs.predict_from(toy / "mine", data=toy / data, out=out and toy / out)[0]


@pytest.fixture
def finished(toy, monkeypatch):
    run("mine")
    (toy / "mine" / "model.hexad").write_bytes(b"")  # the toy has no model
    return toy


def test_predictions_are_replaced_while_they_are_ours(finished):
    for out in (None, "elsewhere.csv", "mine/predictions-b.parquet"):
        first = predict(finished, out)
        assert predict(finished, out) == first
        first.write_bytes(b"edited")
        refused(lambda out=out: predict(finished, out), "there is a file of that name")
        assert first.read_bytes() == b"edited"


@pytest.mark.parametrize("out", ["elsewhere.csv", "mine/predictions-new.csv", "mine/predictions-x.parquet"])
def test_a_file_that_was_there_is_not_replaced_by_predictions(finished, out):
    (finished / out).write_bytes(b"theirs")
    refused(lambda: predict(finished, out), "there is a file of that name")
    assert (finished / out).read_bytes() == b"theirs"


@pytest.mark.parametrize("out", ["mine/forecast.parquet", "mine/settings.csv", "other/forecast.parquet"])
def test_predictions_do_not_go_among_a_runs_files(finished, out):
    run("other")
    before = snapshot(finished, {"new.csv"})
    refused(lambda: predict(finished, out), "own files")
    assert snapshot(finished, {"new.csv"}) == before


def test_predictions_outlive_the_next_run(finished):
    path = predict(finished, "mine/predictions-b.parquet")
    data = path.read_bytes()
    (finished / "mine" / "model.hexad").unlink()
    run("mine", factor=7)
    assert path.read_bytes() == data


def endless(path):
    path.symlink_to("/dev/zero")


class Line:
    """An estimator whose fitted form a run can keep."""

    def get_params(self, deep=True):
        return {}

    def fit(self, table):
        return LinearRegression().fit(table[["x"]], table["y"])
