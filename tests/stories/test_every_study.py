"""What is true of every case study, said once: figures, report, files, bytes, and how a wrong file is told."""

import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import case_studies
from case_studies.common.runs import run_study
from case_studies.common.study import find_studies, find_study, load_study
from shared.errors import DataError
from shared.reporting import Report

HOME = Path(case_studies.__file__).parent
ALWAYS = {
    "hexad-files.sha256",
    "report.html",
    "metrics.json",
    "run.json",
    "settings.toml",
    "schema.json",
    "model.hexad",
}
each_study = pytest.mark.parametrize("study", sorted(find_studies()))


@each_study
@pytest.mark.parametrize("size", ["quick", "whole"])
def test_the_figures_are_those_expected(study, size, study_run):
    expected = json.loads((HOME / study / "expected.json").read_text())
    found = json.loads((study_run(study, size) / "metrics.json").read_text())
    assert set(found) == set(expected[size])
    for name, value in expected[size].items():
        assert found[name] == pytest.approx(value, rel=expected["relative_tolerance"]), name


@each_study
def test_the_report_is_one_small_file_that_asks_nobody(study, study_run):
    page = (study_run(study, "quick") / "report.html").read_text()
    assert len(page.encode()) <= 1_000_000
    own = page.replace('xlink:href="#', "").replace('xlink:href="data:', "")
    if load_study(find_study(study)).maps:
        own = own.replace('<a href="map.html">', "")
    tables = {path.name for path in (study_run(study, "quick") / "tables").iterdir()}
    linked = re.findall(r'<a [^>]*href="tables/([\w.-]+)" download>', own)
    assert len(linked) > 3
    assert set(linked) <= tables
    own = re.sub(r'href="tables/[\w.-]+"', "", own)
    assert not re.findall(r"(?:src|href)\s*=\s*(?![\"']?#)", own)
    assert not re.findall(r"url\((?!#)", page)
    assert page.count("<script") == 2  # the claims as data, and the page's own, known by its hash
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert "What to do" in page
    assert "This is a quick run" in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert "When not to believe it" in page


@each_study
def test_all_is_kept_and_nothing_else(study, study_run):
    folder = study_run(study, "quick")
    names = {path.name for path in folder.iterdir()}
    assert names >= ALWAYS
    page = {"map.html"} if load_study(find_study(study)).maps else set()
    assert {Path(name).suffix for name in names - ALWAYS - page - {"tables"}} == {".parquet"}
    assert {path.suffix for path in (folder / "tables").iterdir()} == {".csv", ".xlsx", ".sha256"}
    assert json.loads((folder / "run.json").read_text())["peak_memory_mb"] > 0


@each_study
def test_same_seed_same_bytes_for_every_number_of_workers(study, study_run, tmp_path):
    first = study_run(study, "quick")
    assert "n_jobs = 1" in (first / "settings.toml").read_text()
    second = run_study(study, overrides=["n_jobs=2"], out=tmp_path / "run", quick=True).parent
    for path in (path.relative_to(first) for path in first.rglob("*") if path.is_file()):
        if path.name not in {"report.html", "run.json", "settings.toml", "hexad-files.sha256"}:
            assert (first / path).read_bytes() == (second / path).read_bytes(), path


@each_study
def test_a_file_of_something_else_is_told_with_what_is_missing(study, tmp_path):
    path = tmp_path / "letters.csv"
    pd.DataFrame({"sender": list("abcdef"), "pages": np.arange(6)}).to_csv(path, index=False)
    with pytest.raises(DataError) as told:
        run_study(study, data=path, out=tmp_path / "run")
    assert "letters.csv" in str(told.value)
    needs = [role for table in load_study(find_study(study)).tables.values() for role in table.columns.roles().values()]
    if any(role.required for role in needs):
        assert "is missing" in str(told.value)
        assert "'sender'" in str(told.value)
    else:  # a study that takes any table can only say that this one is too small
        assert "6 rows" in str(told.value)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["letters.csv"]


@each_study
def test_its_folder_is_short_and_whole(study):
    folder = HOME / study
    assert len((folder / "study.py").read_text().splitlines()) <= 80
    assert (folder / "settings.toml").is_file()
    for path in folder.glob("*.py"):
        absolute = re.findall(rf"(?:from|import) case_studies\.(?!common\b){study}\b", path.read_text())
        assert absolute == [], f"{path.name} imports files of its own absolutely: a copy would run the installed ones"


def test_a_page_of_nothing_passes_for_none_of_this():
    page = Report("Empty").html()
    assert "When not to believe it" not in page
