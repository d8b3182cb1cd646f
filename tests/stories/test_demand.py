"""The demand study: its figures, its bytes, its command line, and a user's own file in its place."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import case_studies
from case_studies.common.cli import app
from case_studies.common.runs import run_study
from case_studies.common.study import installed_studies
from shared.data import datasets
from shared.errors import DataError, SettingsError
from shared.runtime.store import load_model

HERE = Path(case_studies.__file__).parent
EXPECTED = json.loads((HERE / "demand" / "expected.json").read_text())
SMALL = ["origins=3", "other_weekdays=false", 'clocks=["12:00"]', "every=56D"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The whole study, run once."""
    return run_study("demand", out=tmp_path_factory.mktemp("demand") / "run").parent


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Path:
    """The last 400 days of the bundled data, disguised: decimal comma, semicolons, German offsets, shuffled rows."""
    table = datasets.load("vic_elec").iloc[-400 * 48 :]
    table = table.sample(frac=1, random_state=0)
    table["Time"] = table["Time"].dt.strftime("%Y-%m-%dT%H:%M:%S%z")
    path = tmp_path_factory.mktemp("own") / "mine.csv"
    table.to_csv(path, sep=";", decimal=",", index=False)
    return path


def metrics(folder: Path) -> dict[str, float]:
    return json.loads((folder / "metrics.json").read_text())


def test_the_figures_are_those_expected(whole):
    found = metrics(whole)
    assert set(found) == set(EXPECTED["metrics"])
    for name, value in EXPECTED["metrics"].items():
        assert found[name] == pytest.approx(value, rel=EXPECTED["relative_tolerance"]), name


def test_the_protocol_reaches_its_goals(whole):
    found = metrics(whole)
    assert found["12:00 gain"] >= 0.25
    assert found["00:00 gain"] >= 0.18
    assert min(found[f"{clock} gain with the weather known"] for clock in ("12:00", "00:00")) >= 0.5
    for clock in ("12:00", "00:00"):
        assert 0.87 <= found[f"{clock} coverage-90 of lag model"] <= 0.93
        assert min(found[f"{clock} coverage in quarter {number}"] for number in range(1, 5)) >= 0.85


def test_origins_are_52_weeks_at_noon_of_2014_and_96_half_hours_each(whole):
    made = pd.read_parquet(whole / "predictions.parquet")
    cutoffs = made.cutoff.drop_duplicates()
    assert len(cutoffs) == 52
    assert (cutoffs.dt.tz_convert("Australia/Melbourne").dt.strftime("%H:%M") == "12:00").all()
    assert (cutoffs.dt.year == 2014).all()
    counts = made[made.model == "lag model"].groupby("cutoff").size()
    assert (counts == 96).all()
    assert (made.Time >= made.cutoff).all()


def test_the_report_is_one_small_file_that_asks_nobody(whole):
    page = (whole / "report.html").read_text()
    assert len(page.encode()) <= 1_000_000
    assert not re.findall(
        r"(?:src|href)\s*=\s*[\"']?(?!#)", page.replace('xlink:href="#', "").replace('xlink:href="data:', "")
    )
    assert not re.findall(r"url\((?!#)", page)
    assert "<script" not in page
    assert "not stated" in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_everything_is_kept(whole):
    names = {path.name for path in whole.iterdir()}
    assert names == {
        "hexad-files.sha256", "report.html", "metrics.json", "run.json", "settings.toml", "schema.json", "model.hexad",
        "forecast.parquet", "scores.parquet", "predictions.parquet",
    }  # fmt: skip
    run = json.loads((whole / "run.json").read_text())
    assert run["seconds"] <= 120
    assert run["peak_memory_mb"] > 0
    model = load_model(whole / "model.hexad")
    forecast = pd.read_parquet(whole / "forecast.parquet")
    future = forecast[["Time"]].assign(Holiday=forecast.Time.dt.strftime("%Y-%m-%d") == "2015-01-01")
    again = model.predict(future=future, levels=[90]).to_frame()
    pd.testing.assert_frame_equal(again, forecast, check_exact=True)


def test_same_seed_same_bytes(tmp_path):
    folders = [run_study("demand", overrides=[*SMALL, f"n_jobs={n}"], out=tmp_path / str(n)).parent for n in (1, 2)]
    for name in ("metrics.json", "model.hexad", "forecast.parquet", "scores.parquet", "predictions.parquet"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name


def test_an_own_file_takes_the_place_of_the_bundled_one(own, tmp_path):
    settings = ["origins=2", "other_weekdays=false", 'clocks=["12:00"]', "risk=0.1"]
    page = run_study("demand", overrides=settings, data=own, out=tmp_path / "run").read_text()
    assert "mine.csv" in page
    assert "your own file" in page
    made = pd.read_parquet(tmp_path / "run" / "predictions.parquet")
    assert str(made.cutoff.max()) == "2014-12-29 12:00:00+11:00"


def test_a_wrong_own_file_is_told_at_once(tmp_path):
    path = tmp_path / "wrong.csv"
    path.write_text(
        "Time,Demand,Temperature,Holiday\n2024-01-01T00:00:00Z,5,-300,true\n2024-01-01T00:30:00Z,x,20,maybe\n"
    )
    with pytest.raises(DataError) as told:
        run_study("demand", data=path, out=tmp_path / "run")
    text = str(told.value)
    for part in ("wrong.csv", "'Demand'", "'x'", "row 2", "'Temperature'", "below -90", "'Holiday'", "'maybe'"):
        assert part in text


def test_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    listed = runner.invoke(app, ["list"])
    assert "demand" in listed.output
    shown = runner.invoke(app, ["datasets"])
    assert "vic_elec" in shown.output
    assert "Licence of the data: not stated" in shown.output
    with pytest.raises(SettingsError, match="did you mean 'horizon'"):
        runner.invoke(app, ["run", "demand", "--set", "horizn=3"], catch_exceptions=False)
    with pytest.raises(SettingsError, match="there is no study 'demnad'; did you mean 'demand'"):
        runner.invoke(app, ["run", "demnad"], catch_exceptions=False)


def test_module_and_script_are_the_same_command(tmp_path):
    made = {}
    for name, command in {
        "module": ["-m", "case_studies", "run", "demand"],
        "script": [str(HERE / "demand" / "study.py")],
    }.items():
        options = ["--out", str(tmp_path / name), "--quick", "--set", "origins=2"]
        run = subprocess.run(
            [sys.executable, *command, *options], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        assert run.stdout.startswith("Report: ")
        assert run.stderr == ""
        made[name] = (tmp_path / name / "metrics.json").read_bytes()
    assert made["module"] == made["script"]


def test_a_run_broken_off_goes_on_where_it_was(tmp_path, monkeypatch):
    """A run that dies while comparing keeps its finished pieces; the next one ends with the bytes of an unbroken one."""
    from case_studies.demand import study
    from shared.evaluation import ForecastingTask

    whole = run_study("demand", overrides=SMALL, out=tmp_path / "whole").parent
    fits = []
    run = ForecastingTask.run
    monkeypatch.setattr(ForecastingTask, "run", lambda self, *a: (fits.append(1), run(self, *a))[1])
    with monkeypatch.context() as broken:

        def die(*arguments, **options):
            raise KeyboardInterrupt

        broken.setattr(study, "compare", die)
        with pytest.raises(KeyboardInterrupt):
            run_study("demand", overrides=SMALL, out=tmp_path / "broken")
    first = len(fits)
    again = run_study("demand", overrides=SMALL, out=tmp_path / "broken").parent
    assert first > 0
    assert len(fits) == first
    for name in ("metrics.json", "model.hexad", "forecast.parquet", "scores.parquet", "predictions.parquet"):
        assert (again / name).read_bytes() == (whole / name).read_bytes(), name


def test_errors_are_told_in_one_message_without_a_traceback(tmp_path):
    made = subprocess.run(
        [sys.executable, "-m", "case_studies", "run", "demand", "--set", "risk=2", "--set", "orgins=3"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 2
    assert "Traceback" not in made.stderr
    assert "'risk'" in made.stderr
    assert "unknown setting 'orgins'; did you mean 'origins'?" in made.stderr


def hexad(*arguments, cwd, **options):
    command = [sys.executable, "-m", "case_studies", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--version"], 0, "hexad "),
        (["rn"], 2, "No such command 'rn'"),
        (["run", "demand", "--set", "n_jobs=0"], 2, "no work without workers"),
        (["run", "demand", "--set", "timezone=Mars"], 2, "no such time zone"),
        (["run", "demand", "--set", "comfort=[20, 14]"], 2, "ascending"),
        (["run", "demand", "--set", "upcoming_holidays=[1]"], 2, "upcoming_holidays"),
        (["run", "demand", "--set", "read.repair=foo"], 2, "there is no repair 'foo'"),
        (["run", "demand", "--out", "taken"], 2, "no files can be written there"),
        (["run", "demand", "--out", "mine"], 2, "holds other things"),
        (["run", "demand", "--data", "nothing.csv"], 2, "there is no such file"),
    ],
)
def test_slips_on_the_command_line_are_told_in_one_message(arguments, code, told, tmp_path):
    (tmp_path / "taken").write_text("a file")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    made = hexad(*arguments, cwd=tmp_path)
    assert made.returncode == code
    assert told in made.stdout + made.stderr
    assert "Traceback" not in made.stderr


def test_gaps_are_told_with_the_option_that_mends_them_and_mended(own, tmp_path):
    table = pd.read_csv(own, sep=";", decimal=",").sort_values("Time", kind="stable")
    table.drop(table.index[[100, 5000]]).to_csv(tmp_path / "gaps.csv", index=False)
    options = [
        "run",
        "demand",
        "--set",
        "origins=2",
        "--set",
        "other_weekdays=false",
        "--data",
        "gaps.csv",
        "--out",
        "made",
    ]
    refused = hexad(*options, cwd=tmp_path)
    assert refused.returncode == 2
    for part in ("gaps.csv", "2 stamps are missing in 2 gaps", "pass --set read.repair=interpolate"):
        assert part in refused.stderr
    mended = hexad(*options, "--set", "read.repair=interpolate", "--set", "risk=0.1", cwd=tmp_path)
    assert mended.returncode == 0, mended.stderr
    assert "interpolated" in (tmp_path / "made" / "report.html").read_text()


def test_stamps_without_offset_are_local_time(tmp_path):
    table = datasets.load("vic_elec").iloc[-500 * 48 :]
    table.assign(Time=table.Time.dt.tz_localize(None)).to_csv(tmp_path / "local.csv", index=False)
    settings = ["origins=2", "other_weekdays=false", "clocks=['12:00']", "risk=0.1"]
    run_study("demand", overrides=settings, data=tmp_path / "local.csv", out=tmp_path / "run")
    made = pd.read_parquet(tmp_path / "run" / "predictions.parquet")
    assert str(made.cutoff.max()) == "2014-12-29 12:00:00+11:00"


def test_ctrl_c_is_told(tmp_path):
    script = (
        "import _thread, threading; from case_studies.common.cli import main; "
        "threading.Timer(6, _thread.interrupt_main).start(); main(['run', 'demand', '--out', 'made'])"
    )
    made = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert made.returncode == 130
    assert "stopped. The same command with the same --out goes on" in made.stderr
    assert "Traceback" not in made.stderr


def test_every_study_is_short_and_has_its_settings_and_expectations():
    for name in installed_studies():
        assert len((HERE / name / "study.py").read_text().splitlines()) <= 80
        assert (HERE / name / "expected.json").is_file()
