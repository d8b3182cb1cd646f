"""The study of odd rows: a table of one's own with text and gaps, its report, and new rows."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from case_studies.common.runs import predict_from, run_study
from shared.errors import DataError, SettingsError


def payments(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "payment": [f"P{seed}-{number:05d}" for number in range(n)],
            "amount": rng.gamma(2, 30, n).round(2),
            "country": rng.choice(["AT", "DE", "CH"], n, p=[0.7, 0.25, 0.05]),
            "paid": pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 60 * 24 * 60, n), unit="min"),
            "age": np.where(rng.random(n) < 0.03, np.nan, rng.normal(45, 12, n).round()),
        }
    )


def first_screen(folder) -> str:
    """The first screen, as plain text."""
    first = (folder / "report.html").read_text().split('<div class="body">', 1)[0].split("<header", 1)[1]
    return re.sub(r"\s+", " ", re.sub(r"<svg.*?</svg>|<[^>]+>", "", first, flags=re.DOTALL))


@pytest.fixture(scope="module")
def own_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("payments")
    table = payments(900, 0)
    table.loc[700, "country"] = "KP"
    table.loc[800, "amount"] = 50_000.0
    table.to_csv(folder / "payments.csv", index=False)
    asked = ["columns.row=payment", "budget=8"]
    return run_study("shuttle", data=folder / "payments.csv", overrides=asked, out=folder / "run").parent


def test_rows_of_an_own_table_are_reported_by_their_names(own_run):
    alerts = pd.read_parquet(own_run / "alerts.parquet")
    assert len(alerts) == 8
    assert set(alerts["row"].head(2)) == {"P0-00700", "P0-00800"}
    why = dict(zip(alerts["row"], alerts["why"], strict=True))
    assert why["P0-00700"].startswith("country is 'KP', never seen before")
    assert why["P0-00800"].startswith("amount is 50,000, beyond all 450 rows learnt from")


def test_without_labels_nothing_is_said_of_what_is_found(own_run):
    page = (own_run / "report.html").read_text()
    assert "because no label is known" in page
    assert "radiator" not in page
    assert set(json.loads((own_run / "metrics.json").read_text())) == {"rows learnt from", "new rows", "alerts"}


def test_labels_by_chance_are_told_as_such(tmp_path):
    table = payments(1200, 5).assign(fraud=np.random.default_rng(1).random(1200) < 0.1)
    table.to_csv(tmp_path / "march.csv", index=False)
    asked = ["columns.row=payment", "columns.label=fraud", "budget=0.05", "folds=5", "n_jobs=1"]
    folder = run_study("shuttle", data=tmp_path / "march.csv", overrides=asked, out=tmp_path / "run").parent
    said, new = first_screen(folder), pd.read_parquet(folder / "new.parquet")
    share, every = (100 * rows["odd"].mean() for rows in (new[new["reported"]], new))
    told = f"{share:.1f} % of the rows reported are odd, and {every:.1f} % of all new rows"
    assert f"By the labels nothing was found beyond chance: {told}." in said
    assert "Begin with" not in said


def test_what_is_found_by_labels_is_told_with_its_cost(study_run):
    folder = study_run("shuttle", "quick")
    said, new = first_screen(folder), pd.read_parquet(folder / "new.parquet")
    figures, costs = json.loads((folder / "metrics.json").read_text()), pd.read_parquet(folder / "costs.parquet")
    assert f"Look at the {new['reported'].sum()} rows listed below, of {len(new):,} new rows." in said
    assert f"By the labels {100 * new['odd'][new['reported']].mean():.0f} % of them are odd" in said
    cost = costs.set_index("share looked at")["cost a row"]
    assert cost[figures["cheapest share"]] == pytest.approx(figures["cost a row"])
    page = re.sub(r"<[^>]+>", "", (folder / "report.html").read_text()).replace("\u00a0", " ")
    told = f"look at the oddest {100 * figures['cheapest share']:.0f} %: {figures['cost a row']:.3f} a row"
    assert told in page
    assert told not in said  # the first screen gives one number of rows to look at


def test_new_rows_are_judged_with_their_reasons(own_run, tmp_path):
    new = payments(50, 7)
    new.loc[3, "country"] = None
    new.loc[9, "age"] = 240.0
    new.to_csv(tmp_path / "april.csv", index=False)
    path, told = predict_from(own_run, data=tmp_path / "april.csv", overrides=["budget=2"], out=tmp_path / "judged.csv")
    judged = pd.read_csv(path)
    assert judged["payment"].tolist() == new["payment"].tolist()
    assert judged.loc[judged["reported"], "payment"].tolist() == ["P7-00003", "P7-00009"]
    assert judged["why"][3].startswith("country is missing, as it never was")
    assert told[0] == "2 of 50 rows are reported, the oddest."
    assert any(text.startswith("Row P7-00003: country is missing, as it never was") for text in told)


def test_new_rows_without_a_column_are_refused(own_run, tmp_path):
    payments(50, 7).drop(columns="age").to_csv(tmp_path / "april.csv", index=False)
    with pytest.raises(DataError, match=r"april\.csv: column 'age': is missing"):
        predict_from(own_run, data=tmp_path / "april.csv", out=tmp_path / "judged.csv")


def test_columns_that_are_not_there_are_told_at_once(tmp_path):
    payments(200, 1).to_csv(tmp_path / "march.csv", index=False)
    with pytest.raises(DataError) as caught:
        run_study(
            "shuttle",
            data=tmp_path / "march.csv",
            overrides=['columns.features=["amount", "land"]', "columns.label=fraud"],
            out=tmp_path / "run",
        )
    assert "column 'land': is missing" in str(caught.value)
    assert "column 'fraud': is missing" in str(caught.value)
    assert not (tmp_path / "run").exists() or not any((tmp_path / "run").iterdir())


def test_what_is_not_named_is_looked_at_and_noise_is_not_reported_more_often_than_asked(tmp_path):
    payments(1200, 3).to_parquet(tmp_path / "march.parquet", index=False)
    folder = run_study(
        "shuttle", data=tmp_path / "march.parquet", overrides=["budget=0.05"], out=tmp_path / "run"
    ).parent
    figures = json.loads((folder / "metrics.json").read_text())
    assert 10 <= figures["alerts"] <= 50  # 5 % of 600, by the band of 90 % from 18 to 43
    assert "column &#39;payment&#39; has a text of its own in nearly every row" in (
        folder / "report.html"
    ).read_text().replace("Column", "column")


def test_a_label_of_three_kinds_is_refused(tmp_path):
    payments(200, 1).assign(kind=np.arange(200) % 3).to_csv(tmp_path / "march.csv", index=False)
    with pytest.raises(DataError, match="column 'kind': has 3 values, and 0 rows without one"):
        run_study("shuttle", data=tmp_path / "march.csv", overrides=["columns.label=kind"], out=tmp_path / "run")


@pytest.mark.parametrize("budget", ["0", "-1", "0.9", "1", "2.5"])
def test_a_budget_that_is_none_is_refused(budget, tmp_path):
    with pytest.raises(SettingsError, match="budget"):
        run_study("shuttle", quick=True, overrides=[f"budget={budget}"], out=tmp_path / "run")
