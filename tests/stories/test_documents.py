"""Every command of README and docs does what is written: quickly here, whole and as it stands with HEXAD_WHOLE=1.

Files of a user's own are made from the bundled tables, with the columns that the command names. Runs on bundled data are
those that all tests share. Python's examples are run as doctests.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import webbrowser
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer.main

import case_studies
from case_studies.common import cli, reports, runs
from case_studies.common.study import find_studies, find_study, load_study
from shared.data import datasets

ROOT = Path(case_studies.__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LANGUAGES = {"python", "sh", "powershell", "bat"}
REASON = re.compile(r"<!-- not run by the tests: (.{20,}) -->")
# Lines that install or activate: those of the README are run by the test marked network.
INSTALLS = ("python -m pip", "python3 -m venv", ". .venv", "make ", "python -m pytest")
# Rows of the bundled table that a made file has, and those held back for the file of new rows.
ROWS = {
    "demand": (21_600, 96),
    "sensors": (6000, 48),
    "portfolio": (1200, 1),
    "catalogue": (600, 5),
    "candidates": (40, 0),
}
FEW, NEW = 20_000, 20


@dataclass
class Block:
    """Lines between two fences."""

    path: Path
    line: int
    language: str
    text: str
    reason: str = ""

    def commands(self):
        """Its lines; those that end in a backslash go on."""
        return [line for line in self.text.replace("\\\n", " ").splitlines() if line.strip()]


def read_blocks(path):
    found, opened, reason = [], None, ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fence = re.fullmatch(r"\s*```(\w*)", line)
        if fence and opened is None:
            opened = Block(path, number, fence[1], "", reason)
        elif fence:
            found.append(opened)
            opened = None
        elif opened is not None:
            opened.text += line + "\n"
        elif line.strip():
            reason = match[1] if (match := REASON.fullmatch(line.strip())) else ""
    assert opened is None, f"{path.name}: the block of line {opened.line} does not end"
    return found


BLOCKS = [block for path in DOCUMENTS for block in read_blocks(path)]
SHELL = [block for block in BLOCKS if block.language == "sh"]


def test_every_block_says_what_it_is():
    """So that no line stands where nobody tries it."""
    assert [f"{block.path.name}:{block.line}" for block in BLOCKS if block.language not in LANGUAGES] == []
    assert {"run", "open", "predict", "list", "new", "datasets"} <= {
        line.split()[1] for block in SHELL for line in block.commands() if line.startswith("hexad ")
    }


@pytest.mark.parametrize("language", ["powershell", "bat"])
def test_the_lines_for_windows_are_those_for_linux(language):
    """They cannot be run here: but for the environment, they have to be the same commands."""
    (posix,) = [block for block in SHELL if "venv .venv" in block.text]
    (windows,) = [block for block in BLOCKS if block.language == language]
    activate = {"powershell": r".venv\Scripts\Activate.ps1", "bat": r".venv\Scripts\activate.bat"}[language]
    same = [line.replace("python3 ", "py ").replace(". .venv/bin/activate", activate) for line in posix.commands()]
    assert windows.commands() == same


@dataclass
class Desk:
    """A user's folder: what was run into which, and which tables were made for it."""

    folder: Path
    shared: object
    asked: dict = field(default_factory=dict)

    def run(self, words, call):
        """Do what a line says."""
        target = None
        if ">" in words:
            words, target = words[: words.index(">")], words[-1]
        command = {"run": self._run, "predict": self._predict}.get(words[0])
        told = command(words, call) if command else call(words)
        if target:
            (self.folder / target).write_text(told, encoding="utf-8")

    def _run(self, words, call):
        given = options_of(words)
        study, own = words[1], given.get("settings", [""])[0]
        if given.get("settings") == [""]:
            return call(words)
        specs = given.get("data", [])
        self._make_files(study, specs, given.get("set", []))
        found = find_study(study)
        asked = runs._Asked.of(found, given.get("set", []), specs or None, True, Path(own) if own else None)
        out = given.get("out", [f"runs/{found.name}-20240131-12000{len(self.asked)}"])[0]
        self.asked[out] = (found.name, asked)
        if specs:
            return call([*words, "--quick", "--set", "n_jobs=1", *(["--out", out] if "out" not in given else [])])
        shutil.copytree(self.shared(found.name, "quick"), out)
        return ""

    def _predict(self, words, call):
        data = options_of(words)["data"][0]
        study, asked = self.asked[words[1]]
        if not Path(data).exists():
            make_new(study, asked).pipe(write, Path(data))
        return call(words)

    def _make_files(self, study, specs, overrides):
        loaded = load_study(find_study(study))
        asked = runs._Asked.of(find_study(study), overrides, {next(iter(loaded.tables)): "x"}, True, None)
        for spec in specs:
            role, sign, file = spec.partition("=")
            role, file = (role, file) if sign else (next(iter(loaded.tables)), spec)
            if role in loaded.maps:
                shutil.copy(datasets.describe(loaded.maps[role].dataset).path(), file)
            else:
                write(own_table(study, loaded, asked.settings, role)[0], Path(file))


def options_of(words):
    found = {}
    for place, word in enumerate(words):
        if word.startswith("--"):
            following = words[place + 1] if place + 1 < len(words) else ""
            found.setdefault(word[2:], []).append("" if following.startswith("--") else following)
    return found


def own_table(study, loaded, settings, role):
    """The bundled table with the columns that a user's own has, and the rows held back."""
    table = loaded.tables[role]
    columns = settings
    for part in table.setting.split("."):
        columns = getattr(columns, part)
    frame = load_bundled(table.dataset)
    bundled = type(columns)()
    for name in columns.roles():
        olds, news = bundled.columns_of(name), columns.columns_of(name)
        for old, new in zip(olds, news, strict=False):
            frame = frame.rename(columns={old: new})
        for new in news[len(olds) :]:
            frame[new] = made_up(frame, name, columns.roles()[name].kind)
    rows, new = ROWS.get(role, ROWS.get(study, (FEW, NEW)))
    key = columns.columns_of("sensor") if "sensor" in columns.roles() else ()
    parts = [part.tail(rows) for _, part in frame.groupby(list(key), sort=False)] if key else [frame.tail(rows)]
    held = new if role == next(iter(loaded.tables)) else 0
    kept = 0 if loaded.maps else held  # places are no series: the new ones may be old ones
    first = pd.concat([part.iloc[: len(part) - kept] for part in parts])
    return first, pd.concat([part.tail(held) for part in parts]) if held else frame.head(0)


def load_bundled(name):
    """The bundled table, with the kinds of what was bought; stamps without offsets, as most people have them."""
    frame = datasets.load(name)
    if name == "grocery_transactions":
        kinds = datasets.load("grocery_products").assign(product_id=lambda table: table["product_id"].astype(str))
        few = frame["household_id"].drop_duplicates().head(80)  # over the whole year
        frame = frame[frame["household_id"].isin(few)].assign(product_id=lambda table: table["product_id"].astype(str))
        frame = frame.merge(kinds[["product_id", "product_type"]], on="product_id").dropna()
    if name == "grocery_products":
        frame = frame.dropna(subset=["product_type"]).drop_duplicates("product_type")
    if name == "stock_limits":  # one that needs no table of groups
        frame = frame.head(1).assign(applies_to="every asset")
    if name == "channel_limits":
        frame = frame[~frame["applies_to"].str.contains("kind")]
    if name == "helsinki_visits":  # as a user's own tables have them: by the names of sites
        names = datasets.load("helsinki_places")["name"].value_counts()
        frame = frame.assign(site=np.resize(names.index[names == 1], len(frame)))
    for column in frame.select_dtypes("datetimetz"):
        frame[column] = frame[column].dt.tz_convert("UTC").dt.tz_localize(None)
    return frame


def made_up(frame, role, kind):
    """Values for a role that no bundled column fills."""
    if kind in ("number", "integer"):
        return 1
    if role == "text":
        words = frame.select_dtypes(include=["object", "string"]).fillna("").astype("object")
        return words.agg(" ".join, axis=1)
    return [f"no. {row}" for row in range(len(frame))]


def make_new(study, asked):
    """A table of new rows for a finished run."""
    loaded = load_study(find_study(study))
    if study == "marketing":
        return pd.DataFrame({"channel": own_table(study, loaded, asked.settings, "groups")[0].iloc[:, 0]})
    if not asked.files:  # behind the bundled table: its last rows again, later
        last = datasets.load(next(iter(loaded.tables.values())).dataset).tail(ROWS[study][1])
        return last.assign(Time=(last["Time"] + pd.Timedelta("2D")).map(pd.Timestamp.isoformat))
    return own_table(study, loaded, asked.settings, next(iter(loaded.tables)))[1]


def write(frame, path):
    if path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_csv(path, index=False)


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Call the command in a folder of its own; a browser is there, and opens nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reports, "has_browser", lambda: True)
    monkeypatch.setattr(webbrowser, "open", lambda address: True)

    def called(words):
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        both = capsys.readouterr()
        assert ended.value.code == 0, f"hexad {shlex.join(words)}\n{both.out}{both.err}"
        return both.out

    return called


@pytest.mark.parametrize("block", SHELL, ids=lambda block: f"{block.path.name}-{block.line}")
def test_every_command_of_a_block_does_its_work(block, call, tmp_path, study_run):
    if block.reason:
        pytest.skip(block.reason)
    desk = Desk(tmp_path, study_run)
    for line in block.commands():
        words = shlex.split(line, comments=True)
        if words[0] == "hexad":
            desk.run(words[1:], call)
        elif words[:2] == ["python3", "-c"]:
            subprocess.run([sys.executable, *words[1:]], check=True)
        else:
            assert line.startswith(INSTALLS), f"nobody tries: {line}"


INLINE = sorted(
    {
        (path.name, " ".join(found.split()))
        for path in DOCUMENTS
        for found in re.findall(r"`(hexad [^`]+)`", re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL))
    }
)


@pytest.mark.parametrize(("name", "line"), INLINE)
def test_every_command_in_a_sentence_can_be_typed(name, line, tmp_path, monkeypatch):
    """Its words are those of the command line, and its study and settings are there; what is in capitals is to be filled in."""
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line)[1:]
    command = typer.main.get_command(cli.app).commands[words[0]]
    given = options_of(words)
    assert {f"--{name}" for name in given} <= {option for one in command.params for option in one.opts}
    if words[0] == "run" and len(words) > 1 and words[1] in find_studies():
        runs._Asked.of(find_study(words[1]), given.get("set", []), given.get("data"), False, None)
    else:
        assert words[0] != "run" or words[1:] == [] or words[1].isupper() or words[1] == "my-study"


@pytest.mark.network
@pytest.mark.skipif(os.environ.get("HEXAD_WHOLE") != "1", reason="an hour and downloads: make test-whole runs it")
def test_every_block_of_the_readme_runs_as_it_stands_in_a_bare_environment(tmp_path, monkeypatch):
    """From a clone to the last line, in a shell, with nothing installed before but Python and make."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    outside = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "HEXAD_WHOLE", "PYTEST_CURRENT_TEST"}
    environment = {name: value for name, value in os.environ.items() if name not in outside}
    # The environment's own Python is not a newcomer's; a browser that shows nothing stands for theirs.
    folders = environment["PATH"].split(os.pathsep)
    environment["PATH"] = os.pathsep.join(one for one in folders if Path(one) != Path(sys.executable).parent)
    environment["BROWSER"] = "true"
    for block in [block for block in SHELL if block.path.name == "README.md" and not block.reason]:
        make_all_files(block)
        script = (
            "set -e\n" + ("" if "venv" in block.text or "make" in block.text else ". .venv/bin/activate\n") + block.text
        )
        made = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=False)
        assert made.returncode == 0, f"README.md:{block.line}\n{made.stdout[-3000:]}\n{made.stderr[-3000:]}"


def make_all_files(block):
    """Write the user's files that a block names, beside what it runs."""
    desk, own = Desk(Path.cwd(), None), set()
    for line in block.commands():
        words = shlex.split(line, comments=True)[1:]
        if line.startswith("hexad run") and ">" not in words and (specs := options_of(words).get("data")):
            overrides = options_of(words).get("set", [])
            desk._make_files(words[1], specs, overrides)
            own |= {spec.partition("=")[2] or spec for spec in specs}
            out = options_of(words).get("out", [""])[0]
            desk.asked[out] = (words[1], runs._Asked.of(find_study(words[1]), overrides, specs, False, None))
        elif line.startswith("hexad run") and "--out" in words:
            desk.asked[options_of(words)["out"][0]] = (
                words[1],
                runs._Asked.of(find_study(words[1]), [], None, False, None),
            )
        elif line.startswith("hexad predict"):
            file = options_of(words)["data"][0]
            if file not in own:  # one of that name may stand there for another study's block
                Path(file).unlink(missing_ok=True)
            own.add(file)
            desk._predict(words, lambda words: "")
