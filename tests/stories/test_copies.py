"""A copy of a study runs its own files, wherever it lies and whatever it is called; and only its user's word runs it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

import case_studies
from case_studies.common.copies import copy_study
from case_studies.common.runs import predict_from, run_study
from case_studies.common.study import find_study, load_study
from shared.errors import SettingsError

HOME = Path(case_studies.__file__).parent
QUICK = ["origins=2", "horizon=6h"]


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "state"))


def edited(folder: Path) -> Path:
    """Another title, and the model without the season of a week."""
    change(folder / "study.py", "Electricity demand: what comes next", "My own title")
    change(folder / "models.py", 'seasonal=("1D", "7D"),\n        rolling', 'seasonal=("1D",),\n        rolling')
    return folder


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture(params=["hexad new", "cp -r"])
def copy(request, tmp_path) -> Path:
    folder = tmp_path / "elsewhere" / "my-copy"
    if request.param == "cp -r":
        shutil.copytree(HOME / "demand", folder)
    else:
        copy_study("demand", folder)
    return edited(folder)


def metrics(folder: Path) -> dict[str, float]:
    return json.loads((folder / "metrics.json").read_text())


def new_rows(path: Path) -> Path:
    stamps = pd.date_range("2015-01-01", periods=96, freq="30min", tz="Australia/Melbourne")
    wave = np.sin(np.arange(96) / 48 * 2 * np.pi)
    table = pd.DataFrame({"Demand": 4500 + 800 * wave, "Temperature": 20 + 5 * wave, "Holiday": np.arange(96) < 48})
    table.assign(Time=stamps.strftime("%Y-%m-%dT%H:%M:%S%z")).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    """A run of the installed study."""
    return run_study("demand", out=tmp_path_factory.mktemp("installed") / "run", quick=True, overrides=QUICK).parent


def test_it_runs_its_own_files_as_study_and_as_script(copy, plain, tmp_path):
    first = run_study(copy, out=tmp_path / "first", quick=True, overrides=[*QUICK, "n_jobs=2"]).parent
    made = subprocess.run(
        [sys.executable, str(copy / "study.py"), "--quick", "--out", "second", *(f"--set={text}" for text in QUICK)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert metrics(first) == metrics(tmp_path / "second")
    assert metrics(first) != metrics(plain)
    for folder in (first, tmp_path / "second"):
        assert "My own title" in (folder / "report.html").read_text()


def test_its_classes_reach_workers_that_are_processes(tmp_path):
    copy = copy_study("demand", tmp_path / "mine")
    change(copy / "models.py", "def baselines(", "class Own(SeasonalNaive):\n    pass\n\n\ndef baselines(")
    change(copy / "models.py", 'SeasonalNaive("1D", **names)', 'Own("1D", **names)')
    plain = run_study(copy, out=tmp_path / "plain", quick=True, overrides=QUICK).parent
    with joblib.parallel_config(backend="loky", n_jobs=2):
        spread = run_study(copy, out=tmp_path / "spread", quick=True, overrides=QUICK).parent
    assert metrics(plain) == metrics(spread)


def test_a_prediction_uses_the_copy_where_its_user_ran_it_or_names_it_wherever_it_has_moved(tmp_path, monkeypatch):
    copy = copy_study("demand", tmp_path / "my-copy")
    change(copy / "predict.py", "return forecast, [", 'return forecast, ["said by the copy", ')
    folder = run_study(copy, out=tmp_path / "run", quick=True, overrides=QUICK).parent
    rows = new_rows(tmp_path / "week.csv")
    assert "Said by the copy." in predict_from(folder, data=rows)[1]
    moved = copy.rename(tmp_path / "moved")
    with pytest.raises(SettingsError, match="not there any more.*--study FOLDER"):
        predict_from(folder, data=rows)
    moved.rename(copy)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "of another user"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "of another user"))
    with pytest.raises(SettingsError, match="not run here before.*--study"):
        predict_from(folder, data=rows)
    assert "Said by the copy." in predict_from(folder, data=rows, study=copy)[1]
    with pytest.raises(SettingsError, match="is a run of the study 'my-copy', not of 'demand'"):
        predict_from(folder, data=rows, study="demand")


@pytest.mark.parametrize(
    ("file", "line", "told"),
    [
        ("models.py", "def broken(:\n", r"models\.py, line \d+: "),
        (
            "report.py",
            "import no_such_library\n",
            r"report\.py, line \d+: ModuleNotFoundError: No module named 'no_such",
        ),
        ("settings.py", "nothing + 1\n", r"settings\.py, line \d+: NameError: name 'nothing'"),
        ("study.py", "STUDY = None\n", "states no study"),
    ],
)
def test_what_is_wrong_in_its_code_is_told_with_file_and_line(tmp_path, file, line, told):
    copy = copy_study("demand", tmp_path / "mine")
    with (copy / file).open("a") as end:
        end.write(line)
    with pytest.raises(SettingsError, match=told):
        run_study(copy, out=tmp_path / "run")
    change(copy / file, line, "")
    assert load_study(find_study(copy)).predict is not None


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_a_copy_is_made_of_and_to_nothing_else(tmp_path):
    (tmp_path / "goal").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "goal")
    with pytest.raises(SettingsError, match="something already"):
        copy_study("demand", tmp_path / "link")
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsError, match="no files can be written there|something already"):
        copy_study("demand", tmp_path / "file" / "mine")
    copy = copy_study("grocery", tmp_path / "shop")
    again = copy_study(str(copy), tmp_path / "again")
    assert {path.name for path in again.iterdir()} == {
        path.name for path in (HOME / "grocery").iterdir() if path.name != "__pycache__"
    }
