"""The command line in one process: what is listed, and how slips are told."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import case_studies
from case_studies.common import cli, runs


@pytest.fixture
def hexad(tmp_path, monkeypatch, capsys):
    """Call it; the code it ends with, and what it wrote to both streams."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main(list(arguments))
        both = capsys.readouterr()
        return ended.value.code, both.out, both.err

    return call


def test_studies_and_data_sets_are_listed(hexad):
    assert "demand " in hexad("list")[1]
    shown = hexad("datasets")[1]
    assert "vic_elec" in shown
    assert "Licence of the data: not stated" in shown


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--version"], 0, "hexad "),
        (["rn"], 2, "No such command 'rn'"),
        (["run", "demnad"], 2, "there is no study 'demnad'; did you mean 'demand'"),
        (["run", "mine"], 2, "the folder 'mine' holds no study.py and settings.toml"),
        (["run", "demand", "--set", "horizn=3"], 2, "unknown setting 'horizn'; did you mean 'horizon'?"),
        (["run", "demand", "--set", "risk=2", "--set", "orgins=3"], 2, "'risk'"),
        (["run", "demand", "--set", "n_jobs=0"], 2, "no work without workers"),
        (["run", "demand", "--set", "timezone=Mars"], 2, "no such time zone"),
        (["run", "demand", "--set", "comfort=[20, 14]"], 2, "ascending"),
        (["run", "demand", "--set", "upcoming_holidays=[1]"], 2, "upcoming_holidays"),
        (["run", "demand", "--set", "read.repair=foo"], 2, "there is no repair 'foo'"),
        (["run", "demand", "--out", "taken"], 2, "no files can be written there"),
        (["run", "demand", "--out", "mine"], 2, "holds other things"),
        (["run", "demand", "--data", "nothing.csv"], 2, "there is no such file"),
        (["new", "demand", "--out", "copy"], 2, "--code"),
        (["new", "demand", "--code", "--out", "mine"], 2, "there is something already"),
        (["new", "demnad", "--code", "--out", "copy"], 2, "did you mean 'demand'"),
    ],
)
def test_slips_are_told_in_one_message(hexad, arguments, code, told, tmp_path):
    (tmp_path / "taken").write_text("a file")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    ended, out, err = hexad(*arguments)
    assert ended == code
    assert told in out + err
    assert "Traceback" not in err
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"
    assert not (tmp_path / "copy").exists()


def test_ctrl_c_is_told(hexad, monkeypatch):
    def stopped(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "load_study", stopped)
    code, _, err = hexad("run", "demand", "--out", "made")
    assert code == 130
    assert "stopped. The same command with the same --out goes on" in err


def test_help_and_list_load_no_table_library():
    script = (
        "import sys; from case_studies.common.cli import app\n"
        "for words in (['--help'], ['list']):\n"
        "    try: app(words, standalone_mode=False)\n"
        "    except SystemExit: pass\n"
        "print([name for name in ('pandas', 'numpy', 'pyarrow', 'sklearn') if name in sys.modules])"
    )
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert made.stdout.splitlines()[-1] == "[]"


def test_the_script_of_a_study_is_the_command(tmp_path):
    """As a script of its own, in a process of its own, with the bytes of the run in this one."""
    script = Path(case_studies.__file__).parent / "demand" / "study.py"
    few = ["origins=2", "horizon=6h"]
    made = subprocess.run(
        [sys.executable, str(script), "--quick", "--out", "made", *(f"--set={text}" for text in few)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("Report: ")
    assert made.stderr == ""
    ours = runs.run_study("demand", out=tmp_path / "ours", quick=True, overrides=few).parent
    for name in ("metrics.json", "model.hexad", "forecast.parquet"):
        assert (tmp_path / "made" / name).read_bytes() == (ours / name).read_bytes(), name
    for name in ("made", "ours"):
        shutil.rmtree(tmp_path / name)
