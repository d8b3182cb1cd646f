"""The study of card payments: an own table with and without labels, the past of cards, and new payments."""

import json

import numpy as np
import pandas as pd
import pytest

from case_studies.common.runs import predict_from, run_study
from case_studies.fraud.features import MADE, add_history
from case_studies.fraud.payments import Payments
from case_studies.fraud.settings import FraudSettings, PaymentColumns
from case_studies.fraud.trial import compare_rankings, pick_each_day
from shared.data import datasets
from shared.errors import DataError, SettingsError, StoreError
from tests.stories.recount import recount

OTHER = {"paid": "Zeit", "card": "Karte", "category": "Sparte", "country": "Land", "amount": "Betrag", "payment": "Nr"}
NAMES = [
    "columns.time=Zeit",
    "columns.card=Karte",
    "columns.category=Sparte",
    "columns.country=Land",
    "columns.amount=Betrag",
    "columns.payment=Nr",
]


def cards(every: int) -> pd.DataFrame:
    table = datasets.load("cards")
    return table[table["card"].str[1:].astype(int) % every == 0].reset_index(drop=True)


@pytest.fixture(scope="module")
def own_run(tmp_path_factory):
    """Without labels, under other names, without merchants."""
    folder = tmp_path_factory.mktemp("payments")
    table = cards(10).drop(columns=["fraud", "merchant"]).rename(columns=OTHER)
    table.sample(frac=1, random_state=0).to_csv(folder / "zahlungen.csv", index=False)
    asked = [*NAMES, "per_day=5", "currency=CHF"]
    return run_study("fraud", data=folder / "zahlungen.csv", overrides=asked, out=folder / "run").parent


@pytest.fixture(scope="module")
def labelled_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labelled")
    table = cards(4)
    table.assign(fraud=np.where(table["fraud"] == 1, "yes", "no")).to_parquet(folder / "paid.parquet", index=False)
    asked = ["columns.label=fraud", "columns.payment=payment", "odd=yes"]
    return run_study("fraud", data=folder / "paid.parquet", overrides=asked, out=folder / "run").parent


# Without labels


def test_an_own_table_without_labels_has_alerts_with_reasons(own_run):
    page = (own_run / "report.html").read_text()
    assert "How much is found cannot be said, because no label is known" in page
    assert "No column is there for merchant (whom it paid): merchants are not looked at." in page
    assert "imulated" not in page
    alerts = pd.read_parquet(own_run / "alerts.parquet")
    assert len(alerts) == 5
    assert alerts["why"].str.len().min() > 0
    figures = json.loads((own_run / "metrics.json").read_text())
    assert set(figures) == {"payments learnt from", "new payments", "alerts of the last day"}


def odd_payments(history: pd.DataFrame) -> pd.DataFrame:
    """A day of usual payments, and three odd ones of a card whose past is known."""
    last = history["Zeit"].max().normalize() + pd.Timedelta(1, "D")
    usual = history.groupby("Karte").tail(1).head(40)
    usual = usual.assign(
        Nr=[f"N{n:02d}" for n in range(40)], Zeit=last + pd.to_timedelta(600 + np.arange(40), unit="min")
    )
    usual["Betrag"] = history.groupby("Karte")["Betrag"].median().loc[usual["Karte"]].to_numpy()
    mine = history[history["Karte"] == usual["Karte"].iloc[0]]
    known = mine["Land"].mode()[0]
    away = next(land for land in ("BR", "ZA", "TH") if land not in set(mine["Land"]))
    odd = pd.DataFrame(
        {
            "Nr": ["ODD-large", "ODD-abroad", "ODD-abroad2"],
            "Zeit": last + pd.to_timedelta([180, 190, 195], unit="min"),
            "Karte": mine["Karte"].iloc[0],
            "Sparte": ["electronics", "cash", "cash"],
            "Land": [known, away, away],
            "Betrag": [80 * mine["Betrag"].median(), 6 * mine["Betrag"].median(), 5 * mine["Betrag"].median()],
        }
    )
    return pd.concat([odd, usual], ignore_index=True)


def test_new_payments_are_judged_beside_the_past_of_their_cards(own_run, tmp_path):
    history = pd.read_parquet(own_run / "history.parquet")
    new = odd_payments(history)
    new.to_csv(tmp_path / "neu.csv", index=False)
    path, told = predict_from(own_run, data=tmp_path / "neu.csv", overrides=["per_day=3"], out=tmp_path / "out.csv")
    judged = pd.read_csv(path).set_index("Nr")
    assert judged.index.tolist() == new["Nr"].tolist()
    assert "chance" not in judged
    assert set(judged.index[judged["reported"]]) == {"ODD-large", "ODD-abroad", "ODD-abroad2"}
    assert (
        "times what the card usually pays" in judged.loc["ODD-large", "why"]
        or "Betrag is" in judged.loc["ODD-large", "why"]
    )
    assert f"Land {new['Land'][1]} is new to the card" in judged.loc["ODD-abroad", "why"]
    assert (
        "1 other payment of the card" in judged.loc["ODD-abroad", "why"]
        or "paid in the hour from 03:00" in judged.loc["ODD-abroad", "why"]
    )
    assert told[0] == "3 of 43 payments are reported, at most 3 of each day."
    assert any(text.startswith("Row ODD-large") for text in told)


def test_payments_known_from_the_run_are_passed_over(own_run, tmp_path):
    history = pd.read_parquet(own_run / "history.parquet")
    known = history.tail(4)
    pd.concat([known, odd_payments(history)]).to_parquet(tmp_path / "neu.parquet", index=False)
    path, told = predict_from(own_run, data=tmp_path / "neu.parquet", out=tmp_path / "out.parquet")
    assert "4 payments known from before are passed over." in told
    assert len(pd.read_parquet(path)) == 43
    known.to_parquet(tmp_path / "alt.parquet", index=False)
    with pytest.raises(DataError, match="all of its 4 payments are known from the run"):
        predict_from(own_run, data=tmp_path / "alt.parquet", out=tmp_path / "out2.parquet")


def test_new_payments_without_a_column_or_in_a_zone_are_refused(own_run, tmp_path):
    new = odd_payments(pd.read_parquet(own_run / "history.parquet"))
    new.drop(columns="Land").to_csv(tmp_path / "neu.csv", index=False)
    with pytest.raises(DataError, match=r"neu\.csv: column 'Land': is missing"):
        predict_from(own_run, data=tmp_path / "neu.csv", out=tmp_path / "out.csv")
    new.assign(Zeit=new["Zeit"].dt.tz_localize("Europe/Vienna")).to_parquet(tmp_path / "zone.parquet", index=False)
    with pytest.raises(
        DataError, match="column 'Zeit': has stamps in Europe/Vienna, but the run learnt from stamps without"
    ):
        predict_from(own_run, data=tmp_path / "zone.parquet", out=tmp_path / "out.csv")


def test_a_run_that_lost_its_history_is_told(own_run, tmp_path):
    import shutil

    new = odd_payments(pd.read_parquet(own_run / "history.parquet"))
    new.to_csv(tmp_path / "neu.csv", index=False)
    copy = tmp_path / "run"
    shutil.copytree(own_run, copy)
    (copy / "history.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match=r"history\.parquet is missing or damaged"):
        predict_from(copy, data=tmp_path / "neu.csv", out=tmp_path / "out.csv")


# With labels


def test_with_labels_chances_are_learnt_and_what_is_found_is_counted(labelled_run):
    figures = json.loads((labelled_run / "metrics.json").read_text())
    found = {name: value for name, value in figures.items() if name.startswith("fraud found")}
    assert len(found) == 3
    assert figures["fraud found, classifier, with labels"] > 2 * figures["fraud found, largest amounts of the day"]
    page = (labelled_run / "report.html").read_text()
    assert "payments held back" in page
    assert "looking pays at" in page
    paying = pd.read_parquet(labelled_run / "paying.parquet")
    assert len(paying) == figures["looks that pay"]


def test_every_number_that_is_said_comes_from_a_table(own_run, labelled_run, study_run):
    for folder, least in ((own_run, 5), (labelled_run, 20), (study_run("fraud", "quick"), 20)):
        assert recount(folder) >= least


def test_labels_dealt_at_random_show_nothing_beyond_the_largest_amounts(tmp_path):
    table = cards(4)
    table["fraud"] = np.random.default_rng(3).permutation(table["fraud"].to_numpy())
    table.to_parquet(tmp_path / "paid.parquet", index=False)
    asked = ["columns.label=fraud", "columns.payment=payment"]
    page = run_study("fraud", data=tmp_path / "paid.parquet", overrides=asked, out=tmp_path / "run").read_text()
    advice = page[page.index("What to do") : page.index("How sure that is")]
    assert "Nothing was found beyond the largest amounts of each day" in advice
    assert "cannot be told apart" in page


def test_new_payments_have_chances_where_labels_were_learnt(labelled_run, tmp_path):
    history = pd.read_parquet(labelled_run / "history.parquet")
    card = history["card"].iloc[0]
    level = history.loc[history["card"] == card, "amount"].median()
    start = history["paid"].max().normalize() + pd.Timedelta(2, "D")
    new = pd.DataFrame(
        {
            "payment": [f"N{n}" for n in range(8)],
            "paid": start + pd.to_timedelta([600, 605, 608, 611, 614, 617, 619, 640], unit="min"),
            "card": card,
            "merchant": "M004",
            "category": ["groceries", *["online"] * 7],
            "country": "AT",
            "amount": [level, 1.2, 0.9, 1.5, 2.2, 1.1, 1.3, 20 * level],
        }
    )
    new.to_csv(tmp_path / "new.csv", index=False)
    path, told = predict_from(
        labelled_run, data=tmp_path / "new.csv", overrides=["per_day=3"], out=tmp_path / "out.csv"
    )
    judged = pd.read_csv(path).set_index("payment")
    assert judged["chance"].between(0, 1).all()
    assert judged.loc["N6", "chance"] > 4 * judged.loc["N0", "chance"]
    assert judged["reported"].sum() == 3
    assert not judged.loc["N0", "reported"]
    assert judged.loc[judged["reported"], "why"].str.contains("of the card within the hour before").any()
    assert any("odd with a chance of" in text for text in told)


def test_too_few_labels_are_told_and_the_study_goes_on(tmp_path):
    table = cards(20).assign(fraud=0)
    table.loc[table.index[[30, 900, 1500]], "fraud"] = 1
    table.to_parquet(tmp_path / "paid.parquet", index=False)
    page = (
        run_study("fraud", data=tmp_path / "paid.parquet", overrides=["columns.label=fraud"], out=tmp_path / "run")
        .read_text()
        .replace("\xa0", " ")
    )
    assert "No chances were learnt from labels: of the first 60 %, the next 20 % and the last 20 % of the rows" in page
    assert "fewer than 10 of the new payments are known to be fraud" in page


def test_a_table_of_times_and_amounts_is_enough(tmp_path):
    table = cards(20)[["paid", "amount"]]
    table.to_csv(tmp_path / "paid.csv", index=False)
    folder = run_study("fraud", data=tmp_path / "paid.csv", overrides=["per_day=2"], out=tmp_path / "run").parent
    page = (folder / "report.html").read_text()
    for role in ("card", "category", "country", "merchant"):
        assert f"No column is there for {role}" in page
    assert not (folder / "history.parquet").exists()
    table.tail(30).assign(amount=[5.0] * 29 + [99_999.0]).to_csv(tmp_path / "new.csv", index=False)
    path, _ = predict_from(folder, data=tmp_path / "new.csv", out=tmp_path / "out.csv")
    assert pd.read_csv(path)["reported"].iloc[-1]


# The past of a card


def test_no_later_payment_changes_what_an_earlier_one_is():
    table = cards(10)
    whole = add_history(table, PaymentColumns())
    for n in (1, 500, 2000):
        early = add_history(table.head(n), PaymentColumns())
        pd.testing.assert_frame_equal(whole.head(n), early)


def test_history_is_what_a_plain_loop_says():
    table = cards(60).head(300)
    made = add_history(table, PaymentColumns())
    for place in range(len(table)):
        row = table.iloc[place]
        past = table.iloc[:place]
        past = past[past["card"] == row["card"]]
        found = made.iloc[place]
        if past.empty:
            assert found[[name for name in MADE if name != "hour"]].isna().all()
            continue
        assert found["times_usual"] == pytest.approx(row["amount"] / np.exp(np.log(past["amount"]).mean()))
        assert found["hours_since_last"] == pytest.approx(
            (row["paid"] - past["paid"].max()) / pd.Timedelta(1, "h"), abs=1e-6
        )
        assert found["payments_in_last_hour"] == (past["paid"] >= row["paid"] - pd.Timedelta(1, "h")).sum()
        assert found["new_country"] == ("no" if row["country"] in set(past["country"]) else "yes")
        assert found["new_category"] == ("no" if row["category"] in set(past["category"]) else "yes")


def test_refunds_and_gaps_are_not_compared():
    table = pd.DataFrame(
        {
            "paid": pd.date_range("2024-03-01", periods=4, freq="h"),
            "card": "a",
            "amount": [10.0, -10.0, 0.0, 20.0],
            "country": ["AT", None, "AT", "DE"],
        }
    )
    made = add_history(table, PaymentColumns(category=""))
    assert made["times_usual"].isna().tolist() == [True, True, True, False]
    assert made["times_usual"].iloc[-1] == pytest.approx(2.0)
    assert made["new_country"].tolist()[2:] == ["no", "yes"]
    assert made["new_country"].isna().tolist() == [True, True, False, False]


# What is found


def test_what_is_found_is_counted_by_day():
    rng = np.random.default_rng(0)
    day, odd = np.repeat([0, 1, 2], 40), np.tile(np.arange(40) < 4, 3)
    payments = Payments(pd.DataFrame({"amount": np.ones(120)}), ["amount"], day, odd, 0)
    found = compare_rankings(payments, {"blind": rng.random(120), "all-knowing": odd * 1.0}, FraudSettings(per_day=4))
    assert found.table.loc["all-knowing", ["looked at", "fraud found", "fraud among them"]].tolist() == [12, 1.0, 1.0]
    assert found.table.loc["all-knowing", "after costs"] == 12 - 12 * 5.0
    lead, low, high = found.lead
    assert 0 < low <= lead <= high <= 1


def test_ties_are_broken_by_order():
    assert pick_each_day(np.zeros(4), np.array([0, 0, 1, 1]), 1).tolist() == [True, False, True, False]


# Wrong input


def test_wrong_tables_are_told(tmp_path):
    table = cards(20)
    table.drop(columns="amount").to_csv(tmp_path / "no.csv", index=False)
    with pytest.raises(DataError, match=r"no\.csv: column 'amount': is missing"):
        run_study("fraud", data=tmp_path / "no.csv", out=tmp_path / "run")
    table.to_csv(tmp_path / "paid.csv", index=False)
    with pytest.raises(DataError) as caught:
        run_study(
            "fraud",
            data=tmp_path / "paid.csv",
            overrides=["columns.label=betrug", 'columns.features=["device"]'],
            out=tmp_path / "run",
        )
    assert "column 'betrug': is missing" in str(caught.value)
    assert "column 'device': is missing" in str(caught.value)
    table.head(15).to_csv(tmp_path / "short.csv", index=False)
    with pytest.raises(DataError, match="has 15 rows, of which 9 are learnt from"):
        run_study("fraud", data=tmp_path / "short.csv", out=tmp_path / "run")
    table.assign(hour=1).to_csv(tmp_path / "hour.csv", index=False)
    with pytest.raises(DataError, match="'hour' is a name of what this study makes itself"):
        run_study("fraud", data=tmp_path / "hour.csv", overrides=['columns.features=["hour"]'], out=tmp_path / "run")


def test_a_label_of_three_kinds_is_refused(tmp_path):
    cards(20).assign(kind=lambda table: np.arange(len(table)) % 3).to_csv(tmp_path / "paid.csv", index=False)
    with pytest.raises(DataError, match="column 'kind': has 3 values, and 0 rows without one"):
        run_study("fraud", data=tmp_path / "paid.csv", overrides=["columns.label=kind"], out=tmp_path / "run")


@pytest.mark.parametrize("asked", ["per_day=0", "look_cost=0", "learn_share=1"])
def test_settings_out_of_range_are_refused(asked, tmp_path):
    with pytest.raises(SettingsError, match=asked.split("=")[0]):
        run_study("fraud", quick=True, overrides=[asked], out=tmp_path / "run")


def test_payments_without_names_are_learnt_from_by_what_they_hold(tmp_path):
    """Numbers of rows stand in for names, and are no column that new payments would lack."""
    cards(4).drop(columns="payment").to_parquet(tmp_path / "paid.parquet", index=False)
    out = run_study(
        "fraud", data=tmp_path / "paid.parquet", overrides=["columns.label=fraud"], out=tmp_path / "run"
    ).parent
    assert "payment" not in json.loads((out / "schema.json").read_text())
    made, _ = predict_from(out, data=tmp_path / "paid.parquet", out=tmp_path / "out.csv")
    assert made.is_file()
