"""Claims are found true by code that shares nothing with the report's, and planted faults are found."""

import ast
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import benchmarks.claims
from benchmarks.claims.check import check_run
from benchmarks.claims.faults import FAULTS, catch_faults, plant
from shared.evaluation import Scores, compare
from shared.evaluation.design import SplitDesign
from shared.reporting import Run
from shared.reporting.claims import Claim, Evidence, given

pytestmark = pytest.mark.any_pandas

HOURS = 48


def make_scores(gain: float, every: str = "7D", n: int = 30, seed: int = 0) -> Scores:
    """Errors of a model and two baselines at origins at noon, and predictions of two days from each."""
    rng = np.random.default_rng(seed)
    origins = pd.date_range("2024-01-01 12:00", periods=n, freq=every, tz="Australia/Melbourne")
    usual = rng.gamma(9.0, 10.0, n)
    errors = {
        "m": usual * (1 - gain) * rng.uniform(0.8, 1.2, n),
        "mean of the past": usual,
        "yesterday": usual * rng.uniform(0.9, 1.6, n),
    }
    rows = [
        (name, at, "mae", value) for name, values in errors.items() for at, value in zip(origins, values, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["model", "split", "metric", "value"])
    parts = [
        pd.DataFrame({"model": name, "split": at, "ds": pd.date_range(at, periods=HOURS, freq="h")})
        for name in errors
        for at in origins
    ]
    span = pd.Timedelta(HOURS, "h") / pd.Timedelta(every)
    overlap = tuple(float(max(0.0, 1 - lag / span)) for lag in range(int(np.ceil(span)) or 1))
    design = SplitDesign(True, overlap or (1.0,), units=False)
    return Scores(frame, pd.concat(parts, ignore_index=True), frame, ("mean of the past", "yesterday"), design=design)


def write_run(folder: Path, scores: Scores, *more: Claim) -> Path:
    """A finished run whose report says how the model did, and where its peak lies."""
    run = Run("demo", folder, "A demo")
    tables = {
        name: table.rename(columns={"split": "origin"})
        for name, table in (("scores", scores.to_frame()), ("predictions", scores.predictions))
    }
    hours = pd.date_range("2024-06-07", periods=24, freq="h")
    forecast = pd.DataFrame({"Time": hours, "mean": 4000 + 836.4 * np.sin(np.arange(24) / 24 * np.pi)})
    run.save_results(forecast=forecast, **tables)
    rows = Evidence("forecast", forecast)
    peak = Claim.of(
        "Expect {peak} on {when}, in {n}; {risk} may lie above.",
        peak=rows.max("mean", "MW"),
        when=rows.label_at("max", "mean", "Time"),
        n=rows.count("hour"),
        risk=given(0.05, "%"),
    )
    found = [
        item.claim("scores", context="from 12:00", split="origin") for item in compare(scores, "m", unit="weeks").items
    ]
    error = Evidence("scores", tables["scores"]).where(model="m", metric="mae")
    run.add_advice([peak])
    run.add_certainty(found)
    run.add_fact(error.mean("value", "MW"), "error on average")
    run.add_fact("5 %", "may lie above", peak)
    run.add_section("How it did", *more)
    run.finish()
    return folder


@pytest.mark.parametrize("gain", [0.4, 0.0, -0.4])
@pytest.mark.parametrize("every", ["7D", "1D"])
@pytest.mark.parametrize("n", [5, 30])
def test_what_a_report_says_is_found_true(gain, every, n, tmp_path):
    checked = check_run(write_run(tmp_path, make_scores(gain, every, n)))
    assert [str(one) for one in checked.wrong] == []
    assert checked.claims == 5
    assert checked.loose == []
    assert checked.page.converted
    verdicts = {claim["verdict"] for claim in checked.page.claims if claim["detail"]}
    assert verdicts <= {"too few"} if n == 5 else verdicts & {"better", "none", "worse"}


def test_three_planted_faults_are_caught(tmp_path):
    folder = write_run(tmp_path / "run", make_scores(0.4))
    assert catch_faults(folder, tmp_path) == dict.fromkeys(FAULTS, True)
    assert check_run(folder).wrong == []


def test_a_planted_fault_is_one_of_the_report_and_not_of_the_planting(tmp_path):
    folder = write_run(tmp_path / "run", make_scores(0.4))
    assert plant(folder, lambda claim: bool(claim["detail"])) >= 0
    assert check_run(folder).wrong == []


def wrong_claims(tmp_path: Path, claim: Claim) -> str:
    return " ".join(one.what for one in check_run(write_run(tmp_path, make_scores(0.4), claim)).wrong)


def evidence() -> Evidence:
    return Evidence("scores", make_scores(0.4).to_frame().rename(columns={"split": "origin"})).where(metric="mae")


def test_numbers_of_other_rows_are_told(tmp_path):
    rows = evidence()
    honest = rows.where(model="m").mean("value", "MW")
    other = rows.where(model="yesterday").mean("value", "MW")
    assert "table says" in wrong_claims(tmp_path / "a", Claim.of("Off by {n}.", n=replace(honest, where=other.where)))
    assert "is written" in wrong_claims(tmp_path / "b", Claim.of("Off by {n}.", n=replace(honest, text="1 MW")))
    assert "no table" in wrong_claims(tmp_path / "c", Claim.of("Off by {n}.", n=replace(honest, table="none")))


def test_digits_without_a_source_are_told(tmp_path):
    n = evidence().where(model="m").mean("value", "MW")
    assert "accounts for '17'" in wrong_claims(tmp_path, Claim.of("Off by {n} at 17 shops.", n=n))


def test_a_clock_of_no_rows_is_told(tmp_path):
    n = evidence().where(model="m").mean("value", "MW")
    assert "17:30" in wrong_claims(tmp_path / "a", Claim.of("Off by {n} from 17:30.", n=n))
    assert wrong_claims(tmp_path / "b", Claim.of("Off by {n} from 12:00.", n=n)) == ""


def test_a_verdict_without_a_comparison_is_told(tmp_path):
    n = evidence().where(model="m").reduction("value", model="yesterday")
    assert "rests on no comparison" in wrong_claims(tmp_path, Claim.of("Off by {n} less.", "better", n=n))


def test_words_that_rest_on_nothing_are_told(tmp_path):
    error = evidence().where(model="m").mean("value", "MW")
    more = evidence().where(model="yesterday").reduction("value", model="m")
    assert "rests on no number" in wrong_claims(tmp_path / "a", Claim("This is better than all else."))
    assert "it says '-" in wrong_claims(tmp_path / "b", Claim.of("{n} less, {m}.", n=more, m=error))


def test_sentences_that_compare_outside_of_claims_are_told(tmp_path):
    run = Run("demo", tmp_path, "A demo")
    n = Evidence("t", pd.DataFrame({"a": [3.0]})).sum("a")
    run.save_results(t=pd.DataFrame({"a": [3.0]}))
    run.add_section("Which is best", ["It is better.", Claim.of("It is more than {n}.", n=n), "It is."])
    run.finish()
    assert check_run(tmp_path).loose == ["Which is best", "It is better."]


def test_what_no_data_can_make_false_leaves_no_room_for_data():
    path = Path(benchmarks.claims.__file__).with_name("always_true.toml")
    for one in tomllib.loads(path.read_text())["sentence"]:
        assert len(one["reason"]) > 10
        assert not re.search(r"\\d|\.[*+]|\\w", one["pattern"]), one["pattern"]


def test_the_checker_shares_nothing_with_the_report():
    folder = Path(benchmarks.claims.__file__).parent
    for name in ("page", "chance", "numbers", "verdicts", "sentence", "loose", "check"):
        tree = ast.parse((folder / f"{name}.py").read_text())
        used = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        used += [one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names]
        tops = {str(one).split(".")[0] for one in used}
        assert not tops & {"shared", "domains", "case_studies"}, name
        assert {one for one in used if str(one).startswith("benchmarks")} <= {
            "benchmarks.claims",
            *(f"benchmarks.claims.{part}" for part in ("page", "chance", "numbers", "verdicts", "sentence", "loose")),
        }, name
