"""The study of columns: what is kept of a planted truth, of noise and of leaks, and new rows."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from case_studies.common import cli
from case_studies.common.runs import predict_from, run_study
from case_studies.features.datasets import make_predictors
from case_studies.features.search import LaterParts
from shared.data import datasets
from shared.errors import DataError, SettingsError, StoreError

FEW = ["columns.target=Umsatz", "n_jobs=1", "searches=3", "parts=8", "evaluations=50", "folds=3"]


def table(rows=240, columns=8, noise=1.0, seed=0) -> pd.DataFrame:
    """Columns of chance of which two make the target: twice "k1", less "k4"."""
    rng = np.random.default_rng(seed)
    made = pd.DataFrame(rng.normal(size=(rows, columns)), columns=[f"k{place}" for place in range(columns)])
    made["Umsatz"] = 2 * made["k1"] - made["k4"] + noise * rng.normal(size=rows)
    return made


def run(made, folder, *more, name="run"):
    made.to_csv(folder / "eigene.csv", index=False)
    return run_study("features", data=folder / "eigene.csv", overrides=[*FEW, *more], out=folder / name).parent


def summary_of(folder) -> str:
    """The first screen, as plain text."""
    first = (folder / "report.html").read_text().split('<div class="body">', 1)[0].split("<header", 1)[1]
    return re.sub(r"\s+", " ", re.sub(r"<svg.*?</svg>|<[^>]+>", "", first, flags=re.DOTALL))


def claims_of(folder) -> list[dict]:
    page = (folder / "report.html").read_text()
    return json.loads(re.search(r'<script type="application/json" id="claims">(.*?)</script>', page, re.DOTALL)[1])


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return run(table(), tmp_path_factory.mktemp("own"))


# What is kept


def test_a_planted_truth_is_kept_with_reasons(own):
    columns = pd.read_parquet(own / "columns.parquet").set_index("column")
    assert columns.loc[["k1", "k4"], "keep"].all()
    assert (columns.loc[["k1", "k4"], "frequency"] == 1).all()
    assert columns.loc["k1", "alone"] > columns.loc["k4", "alone"] > 0.05
    assert columns.loc["k1", "why"].startswith("without it R² falls by 0.")
    figures = json.loads((own / "metrics.json").read_text())
    assert figures["columns kept"] == columns["keep"].sum() < 8
    assert figures["error of the chosen set"] == pytest.approx(1.0, abs=0.2)
    assert "To keep: " in summary_of(own)
    assert "The chosen set is better than one number for all rows by" in summary_of(own)
    assert (
        f"Keep {columns['keep'].sum()} of the 8 columns and drop the other {(~columns['keep']).sum()}."
        in summary_of(own)
    )


def test_claims_agree_with_the_tables_beside_the_report(own):
    scores, columns = pd.read_parquet(own / "scores.parquet"), pd.read_parquet(own / "columns.parquet")
    errors = scores.groupby(["model", "metric"])["value"].mean()
    found = [number for claim in claims_of(own) for number in claim["numbers"]]
    means = [number for number in found if number["statistic"] == "mean"]
    assert {number["where"]["model"] for number in means} >= {"the chosen set", "the full set"}
    for number in means:
        assert number["value"] == pytest.approx(errors[number["where"]["model"], number["where"]["metric"]])
    kept = [number for number in found if number["table"] == "columns" and number["where"] == {"keep": True}]
    assert kept
    assert {number["value"] for number in kept} == {columns["keep"].sum()}


def test_of_noise_nothing_is_recommended(tmp_path):
    made = table(seed=3).assign(Umsatz=np.random.default_rng(9).normal(size=240))
    folder = run(made, tmp_path)
    assert "Keep none of the 8 columns" in summary_of(folder)
    assert "nothing was found that predicts Umsatz beyond" in summary_of(folder)
    assert "No column is recommended." in summary_of(folder)
    assert not any(
        claim["verdict"] == "better" for claim in claims_of(folder) if "the chosen set" in claim["text"].lower()
    )
    assert not pd.read_parquet(folder / "columns.parquet")["keep"].any()
    made.head(3).drop(columns="Umsatz").to_csv(tmp_path / "new.csv", index=False)
    path, told = predict_from(folder, data=tmp_path / "new.csv", out=tmp_path / "out.csv")
    assert np.ptp(pd.read_csv(path)["prediction"]) == 0
    assert any("no column was shown to predict it" in text.lower() for text in told)


def test_where_all_columns_count_the_others_are_missed(tmp_path):
    """Forty columns of little worth each: a search that asks a lot of each drops most, and that is told."""
    rng = np.random.default_rng(1)
    made = pd.DataFrame(rng.normal(size=(600, 40)), columns=[f"k{place}" for place in range(40)])
    made["Umsatz"] = made.sum(axis=1) + rng.normal(size=600)
    folder = run(made, tmp_path, "penalty=0.03")
    assert "Keep all of the 40 columns" in summary_of(folder)
    assert "The chosen set is worse than the full set by" in summary_of(folder)
    assert json.loads((folder / "metrics.json").read_text())["columns kept"] == 40


def test_columns_that_say_nothing_of_their_own_are_dropped_and_told(tmp_path):
    made = table().assign(still=5.0, twice=lambda one: 3 - 2 * one["k1"], word="a", when="2024-01-01")
    folder = run(made, tmp_path)
    columns = pd.read_parquet(folder / "columns.parquet").set_index("column")
    assert columns.loc["still", "why"] == "never changes"
    assert columns.loc["twice", "why"] == "says the same as k1"
    assert not columns.loc[["still", "twice"], "keep"].any()
    assert "word" not in columns.index
    assert "Columns that hold no numbers are not looked at: word and when." in (folder / "report.html").read_text()


def test_near_copies_stand_in_for_each_other(tmp_path):
    made = table(rows=300)
    made["near"] = made["k1"] + 0.05 * np.random.default_rng(5).normal(size=300)
    why = pd.read_parquet(run(made, tmp_path) / "columns.parquet").set_index("column")["why"]
    assert "k1" in why["near"] or "near" in why["k1"]


def test_more_columns_than_are_searched_are_reduced_and_told(tmp_path):
    folder = run(table(columns=12), tmp_path, "most_columns=5")
    columns = pd.read_parquet(folder / "columns.parquet")
    assert (columns["why"] == "least correlated; only 5 columns are searched").sum() == 7
    assert "of 12 columns to keep" in summary_of(folder)


# Time


def test_with_a_time_later_rows_are_predicted_from_earlier_ones(tmp_path):
    made = table().assign(Tag=pd.date_range("2023-01-01", periods=240))
    one = run(made, tmp_path, "columns.time=Tag", name="sorted")
    other = run(made.sample(frac=1, random_state=0), tmp_path, "columns.time=Tag", name="mixed")
    assert (one / "metrics.json").read_bytes() == (other / "metrics.json").read_bytes()
    page = (one / "report.html").read_text()
    assert "the first 180 rows chose, the last 60 judged" in page
    assert "No leak was found" in page
    assert "Rows were mixed" not in page


def test_the_last_rows_change_nothing_of_what_is_chosen(tmp_path):
    made = table().assign(Tag=pd.date_range("2023-01-01", periods=240))
    one = run(made, tmp_path, "columns.time=Tag", name="one")
    made.loc[180:, "Umsatz"] = np.random.default_rng(2).normal(size=60)
    other = run(made, tmp_path, "columns.time=Tag", name="other")
    first, second = (pd.read_parquet(folder / "columns.parquet").set_index("column") for folder in (one, other))
    pd.testing.assert_frame_equal(first[["frequency", "alone", "why"]], second[["frequency", "alone", "why"]])
    assert "Keep none" in summary_of(other)


def test_without_a_time_it_is_said_that_rows_were_mixed(own):
    assert "they were mixed" in summary_of(own)
    assert "--set columns.time=NAME" in (own / "report.html").read_text()


def test_later_parts_follow_what_they_are_predicted_from():
    for train, test in LaterParts(3).split(np.zeros((31, 2))):
        assert train.tolist() == list(range(test[0]))
    assert LaterParts(3).get_n_splits() == 3


# What is wrong with a table


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda one: one.assign(cents=100 * one["Umsatz"] + 7),
            r"column 'cents': is 'Umsatz' over again: it would tell",
        ),
        (lambda one: one.assign(e=np.exp(one["Umsatz"])), r"column 'e': is 'Umsatz' over again, on another scale"),
        (lambda one: one.assign(Umsatz=3.0), "column 'Umsatz': never changes"),
        (lambda one: one.assign(Umsatz="gut"), "column 'Umsatz'.*(no number|text|cannot be read)"),
        (lambda one: one.head(40), "has 40 rows, and at least 80 are needed"),
        (lambda one: one[["Umsatz", "k1"]], "has 1 column of numbers beside 'Umsatz'"),
        (lambda one: one[["Umsatz", "k1"]].assign(still=1.0), "has 1 column of numbers that changes"),
        (lambda one: one.assign(k2=one["k2"].where(one.index > 4)), r"column 'k2': 5 values are missing \(rows 1, 2"),
        (lambda one: one.assign(Umsatz=one["Umsatz"].where(one.index > 4)), r"column 'Umsatz': 5 values are missing"),
        (
            lambda one: one.assign(k2=np.where(one.index > 238, np.inf, 1.0)),
            r"column 'k2': holds numbers, but not in 1 row: 'inf' \(row 240",
        ),
        (lambda one: table(100, 90), "has 75 rows to choose by, and 90 columns to choose from"),
    ],
)
def test_wrong_tables_are_told(change, said, tmp_path):
    with pytest.raises(DataError, match=said):
        run(change(table()), tmp_path)
    assert not (tmp_path / "run" / "report.html").exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (['columns.predictors=["k1", "Umsatz"]'], "'Umsatz' fills two roles"),
        (["holdout=0"], "holdout"),
        (["metric=r2"], "metric"),
    ],
)
def test_wrong_settings_are_told(asked, said, tmp_path):
    with pytest.raises(SettingsError, match=said):
        run(table(), tmp_path, *asked)


def test_named_columns_have_to_be_there_and_numbers(tmp_path):
    with pytest.raises(DataError, match=r"column 'k9': is missing"):
        run(table(), tmp_path, 'columns.predictors=["k1", "k9"]')
    with pytest.raises(DataError, match=r"column 'k9': is missing.*columns\.ignored"):
        run(table(), tmp_path, 'columns.ignored=["k9"]')
    with pytest.raises(DataError, match="column 'word'"):
        run(table().assign(word="a"), tmp_path, 'columns.predictors=["k1", "word"]')


def test_a_leak_is_left_out_as_the_message_says(tmp_path, capsys, monkeypatch):
    table().assign(cents=lambda one: 100 * one["Umsatz"]).to_csv(tmp_path / "eigene.csv", index=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        cli.main(["run", "features", "--data", "eigene.csv", *(f"--set={one}" for one in FEW)])
    (fix,) = re.findall(r"--set '(columns\.ignored=[^']+)'", capsys.readouterr().err)
    folder = run(table().assign(cents=lambda one: 100 * one["Umsatz"]), tmp_path, fix)
    assert "cents" not in pd.read_parquet(folder / "columns.parquet")["column"].tolist()


def test_a_column_that_tells_nearly_all_is_asked_about(tmp_path):
    made = table()
    made["later"] = made["Umsatz"] + 0.05 * np.random.default_rng(1).normal(size=240)
    assert "Do not believe it before you know why later tells nearly all of Umsatz" in summary_of(run(made, tmp_path))


@pytest.mark.parametrize(("missing", "columns"), [("rows", 8), ("columns", 7), ("median", 8)])
def test_missing_values_are_treated_as_asked_for(missing, columns, tmp_path):
    made = table()
    made.loc[:9, "k2"] = np.nan
    folder = run(made, tmp_path, f"missing={missing}")
    page = re.sub(r"<[^>]+>", "", (folder / "report.html").read_text())
    told = pd.read_parquet(folder / "columns.parquet").set_index("column")
    assert told["alone"].notna().sum() == columns
    assert {
        "rows": "10 rows with missing values left out, as asked for" in page,
        "columns": told.loc["k2", "why"] == "10 values missing",
        "median": "10 missing values filled with the column&#39;s median" in page.replace("'", "&#39;"),
    }[missing]


def test_two_values_are_judged_by_squared_errors(tmp_path):
    made = table().assign(Umsatz=lambda one: (one["Umsatz"] > 0).astype(int))
    assert pd.read_parquet(run(made, tmp_path) / "columns.parquet").set_index("column").loc["k1", "keep"]
    with pytest.raises(DataError, match="has two values only.*metric=rmse"):
        run(made, tmp_path, "metric=mae", name="other")


# New rows


def test_new_rows_need_the_kept_columns_and_no_others(own, tmp_path):
    columns = pd.read_parquet(own / "columns.parquet")
    kept = columns.loc[columns["keep"], "column"].tolist()
    new = table(rows=50, seed=7)
    new[kept].assign(more="x").to_csv(tmp_path / "new.csv", index=False)
    path, told = predict_from(own, data=tmp_path / "new.csv", out=tmp_path / "out.csv")
    made = pd.read_csv(path)
    assert made.columns.tolist() == ["row", "prediction", "lo-90", "hi-90"]
    assert np.abs(made["prediction"] - (2 * new["k1"] - new["k4"])).mean() < 0.4
    inside = (new["Umsatz"] >= made["lo-90"]) & (new["Umsatz"] <= made["hi-90"])
    assert 0.75 <= inside.mean() <= 1
    assert told[0].startswith(f"50 rows: Umsatz is predicted from {len(kept)} columns, from ")
    new.drop(columns="k1").to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match=r"new\.csv: column 'k1': is missing"):
        predict_from(own, data=tmp_path / "new.csv", out=tmp_path / "out.csv")


def test_new_rows_that_are_unlike_those_learnt_from_are_told(own, tmp_path):
    new = table(rows=50, seed=7)
    new.assign(k1=1000 * new["k1"] + 5000).to_csv(tmp_path / "far.csv", index=False)
    with pytest.raises(DataError, match="column 'k1'"):
        predict_from(own, data=tmp_path / "far.csv", out=tmp_path / "out.csv")
    new.loc[3, "k1"] = np.nan
    new.to_csv(tmp_path / "gap.csv", index=False)
    with pytest.raises(DataError, match=r"column 'k1': 1 value is missing"):
        predict_from(own, data=tmp_path / "gap.csv", out=tmp_path / "out.csv")
    path, told = predict_from(own, data=tmp_path / "gap.csv", out=tmp_path / "out.csv", accept_drift=True)
    made = pd.read_csv(path)
    assert made["prediction"].notna().all()
    assert made["filled"].dropna().to_dict() == {3: "k1"}
    assert any(text.startswith("1 missing value in 1 row filled") for text in told)
    new.assign(k1="much").to_csv(tmp_path / "text.csv", index=False)
    with pytest.raises(DataError, match="column 'k1': holds text"):
        predict_from(own, data=tmp_path / "text.csv", out=tmp_path / "out.csv")


def test_rows_that_the_run_would_have_left_out_are_not_predicted(tmp_path):
    made = table()
    made.loc[5, "k1"] = np.nan
    folder = run(made, tmp_path, "missing=rows")
    new = table(rows=50, seed=7)
    new.loc[[3, 9], "k1"] = np.nan
    new.to_csv(tmp_path / "gap.csv", index=False)
    path, told = predict_from(folder, data=tmp_path / "gap.csv", out=tmp_path / "out.csv")
    found = pd.read_csv(path)
    assert len(found) == 50
    assert found.index[found["prediction"].isna()].tolist() == [3, 9]
    assert any("2 rows without a value in 'k1' not predicted (rows 4, 10)" in text for text in told)
    new.assign(k1=np.nan).to_csv(tmp_path / "none.csv", index=False)
    with pytest.raises(DataError, match="column .k1.: 50 values are missing"):
        predict_from(folder, data=tmp_path / "none.csv", out=tmp_path / "out.csv")


@pytest.mark.parametrize("setting", ["columns.target=word", "columns.predictors=k1,word"])
def test_a_column_of_words_where_numbers_are_needed_names_the_setting(tmp_path, setting):
    with pytest.raises(DataError, match=r"or name a column of numbers in its place: --set columns\.\w+=NAME"):
        run(table().assign(word="a"), tmp_path, setting)


def test_a_run_that_was_damaged_is_told(own, tmp_path):
    import shutil

    shutil.copytree(own, tmp_path / "run")
    (tmp_path / "run" / "tested.parquet").write_bytes(b"PAR1 no more")
    table().to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(StoreError, match=r"tested\.parquet is missing or damaged"):
        predict_from(tmp_path / "run", data=tmp_path / "new.csv", out=tmp_path / "out.csv")


# The bundled table


def test_what_is_bundled_is_known_the_day_before():
    """Every predictor of a day stands in the hours of the days before it, or is a forecast for it."""
    made = make_predictors().set_index("day")
    hours = datasets.load("epf_fr_be")
    fr = hours[hours["unique_id"] == "FR"].set_index("ds")
    day = made.index[100]
    before = day - pd.Timedelta(1, "D")
    assert made.loc[day, "price"] == fr.loc[day + pd.Timedelta("18h"), "y"]
    assert made.loc[day, "FR price 23h yesterday"] == fr.loc[before + pd.Timedelta("23h"), "y"]
    assert made.loc[day, "price 7 days ago"] == fr.loc[day - pd.Timedelta(7, "D") + pd.Timedelta("18h"), "y"]
    assert made.loc[day, "load forecast 05h"] == fr.loc[day + pd.Timedelta("5h"), "system_load"]
    week = [fr.loc[day - pd.Timedelta(back, "D") + pd.Timedelta("18h"), "y"] for back in range(1, 8)]
    assert made.loc[day, "mean price of 7 days"] == pytest.approx(np.mean(week))
    assert len(made.columns) - 1 >= 60


def test_on_the_bundled_table_the_words_follow_the_figures(study_run):
    folder = study_run("features", "quick")
    figures, page = json.loads((folder / "metrics.json").read_text()), summary_of(folder)
    assert f"Keep {figures['columns chosen']:.0f} of the {figures['columns offered']:.0f} columns" in page
    assert f"is {figures['error of the chosen set']:.3g} EUR/MWh" in page
    assert "“FR price 18h yesterday” as it is" in page
    assert "““" not in page
    assert "made of hourly prices" in (folder / "report.html").read_text()
