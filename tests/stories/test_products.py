"""The study of products: own tables, with and without times; new rows; what no past can show is said."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from benchmarks.claims.check import check_run
from case_studies.common.runs import predict_from, run_study
from case_studies.products.lists import Lists
from case_studies.products.reading import find_period, prepare
from case_studies.products.settings import ProductSettings
from case_studies.products.visits import Visits, make_incidence
from domains.recommendation import Recommendations, Recommender
from shared.errors import DataError, SettingsError, StoreError

ASKED = ["columns.user=Kunde", "columns.item=Ware", "n_jobs=1", "tried_on=50"]
TIMED = [*ASKED, "columns.time=Tag", "columns.items.item=Nr", "columns.items.kind=Art", "who=customer", "what=ware"]


def taken(seed: int = 0, n_users: int = 80) -> pd.DataFrame:
    """Customers of two tastes who come weekly and take again what they took; with a column that says nothing."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(n_users):
        taste = rng.permutation(30) + 30 * (user % 2)
        weights = rng.dirichlet(np.full(30, 0.3)) * 0.7 + 0.01
        for week in range(40):
            for item in rng.choice(taste, 3, p=weights / weights.sum()):
                rows.append((f"k{user:03d}", f"w{item:02d}", pd.Timestamp("2024-01-01") + pd.Timedelta(7 * week, "D")))
    return pd.DataFrame(rows, columns=["Kunde", "Ware", "Tag"]).assign(Filiale="a")


def wares() -> pd.DataFrame:
    """What is known of 60 wares and of three that nobody has: two like others, one like nothing."""
    rows = [(f"w{number:02d}", f"art {number // 6}") for number in range(60)]
    return pd.DataFrame([*rows, ("neu 1", "art 0"), ("neu 2", "art 9"), ("fremd", "of its own")], columns=["Nr", "Art"])


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    taken().to_csv(folder / "kauf.csv", index=False)
    wares().to_csv(folder / "waren.csv", index=False)
    data = {"purchases": folder / "kauf.csv", "items": folder / "waren.csv"}
    return run_study("products", data=data, overrides=TIMED, out=folder / "run").parent


# Own tables


def test_own_tables_make_lists_for_everyone(own):
    new, coming = (pd.read_parquet(own / f"{name}.parquet") for name in ("new", "next"))
    assert list(new.columns[:3]) == ["Kunde", "Ware", "rank"]
    assert new["Kunde"].nunique() == coming["Kunde"].nunique() == 80
    had = set(zip(taken()["Kunde"], taken()["Ware"], strict=True))
    assert not had & set(zip(new["Kunde"], new["Ware"], strict=True))
    kinds = new["Ware"].map(wares().set_index("Nr")["Art"])
    assert kinds.groupby(new["Kunde"]).value_counts().max() <= 2
    assert "fremd" not in set(new["Ware"])


def test_what_comes_again_is_found_by_the_own_past(own):
    figures = json.loads((own / "metrics.json").read_text())
    assert figures["next: ndcg of recommender"] > 1.5 * figures["next: ndcg of popularity"]
    assert figures["new: ndcg of recommender"] > 1.2 * figures["new: ndcg of popularity"]
    assert figures["never taken"] == 3


def test_the_report_says_what_to_do_and_what_it_cannot_say(own):
    page = (own / "report.html").read_text()
    first = page[: page.index("<section id=")].replace("\u00a0", " ")
    assert "customers with lists of 10" in first
    assert "Show lists of what" in first
    assert "The recommender is better than “" in first
    assert "Much of what is shown would have been taken anyway" in first
    assert "No leak was found" in page
    assert "3 wares in the table of items: never taken" in page


def test_where_nothing_goes_together_the_first_screen_says_so(tmp_path):
    table = taken(n_users=60)
    table["Ware"] = np.random.default_rng(3).permutation(table["Ware"].to_numpy())
    table.to_csv(tmp_path / "kauf.csv", index=False)
    asked = [*ASKED, "columns.time=Tag", "who=customer", "what=ware"]
    folder = run_study("products", data=tmp_path / "kauf.csv", overrides=asked, out=tmp_path / "run").parent
    page = (folder / "report.html").read_text()
    assert "Nothing was found beyond what is popular" in page[: page.index("<section id=")]


def test_every_number_of_the_report_is_that_of_its_table(own):
    checked = check_run(own)
    assert checked.claims > 10
    assert [str(finding) for finding in checked.wrong] == []
    assert checked.loose == []


def test_without_times_what_is_next_is_not_asked_and_that_is_told(tmp_path):
    taken(n_users=60).drop(columns="Tag").to_csv(tmp_path / "kauf.csv", index=False)
    folder = run_study("products", data=tmp_path / "kauf.csv", overrides=ASKED, out=tmp_path / "run").parent
    page = (folder / "report.html").read_text()
    assert "a fifth of all pairs was hidden at random" in page
    assert not (folder / "next.parquet").exists()
    assert not any(name.startswith("next") for name in json.loads((folder / "metrics.json").read_text()))
    pd.DataFrame({"Kunde": ["neu", "k001"], "Ware": ["w01", "w02"]}).to_csv(tmp_path / "neu.csv", index=False)
    path, _ = predict_from(folder, data=tmp_path / "neu.csv", out=tmp_path / "out.csv")
    assert set(pd.read_csv(path)["question"]) == {"new"}


def test_numbered_weeks_and_quantities_do(tmp_path):
    table = taken(n_users=60)
    table["Woche"] = (table["Tag"] - table["Tag"].min()).dt.days // 7
    table["Menge"] = 1.0 + np.arange(len(table)) % 3
    table.loc[::50, "Menge"] = -1
    table.drop(columns="Tag").to_csv(tmp_path / "kauf.csv", index=False)
    asked = [*ASKED, "columns.time=Woche", "columns.quantity=Menge", "period=4", "cuts=2"]
    folder = run_study("products", data=tmp_path / "kauf.csv", overrides=asked, out=tmp_path / "run").parent
    page = (folder / "report.html").read_text()
    assert "in the 4 steps of “Woche” after" in page
    assert "with “Menge” of zero or less are left out" in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.head(30), "names 1 users"),
        (lambda table: table[table["Tag"] < "2024-01-20"], "periods of"),
        (lambda table: table.rename(columns={"Ware": "rank"}), "'Ware': is missing"),
    ],
)
def test_too_little_is_told(change, said, tmp_path):
    change(taken()).to_csv(tmp_path / "kauf.csv", index=False)
    with pytest.raises(DataError, match=said):
        run_study("products", data=tmp_path / "kauf.csv", overrides=[*TIMED, "period=10D"], out=tmp_path / "run")


def test_names_that_lists_need_and_periods_that_do_not_fit_are_told():
    rows = pd.DataFrame({"a": ["x"], "rank": ["y"]})
    settings = ProductSettings(columns={"user": "a", "item": "rank", "time": ""})
    with pytest.raises(DataError, match="is a name that the lists need"):
        prepare(rows, settings, "table")
    with pytest.raises(DataError, match="is no length of them"):
        find_period(pd.date_range("2024-01-01", periods=90), ProductSettings(period="4"), "table")
    with pytest.raises(SettingsError, match="period"):
        run_study("products", overrides=["period=soon"], out="nowhere")


def test_what_is_seldom_before_a_cut_is_left_out_and_what_comes_later_is_not():
    rows = pd.DataFrame({"u": list("abcabdd"), "i": list("xxxyyzn"), "t": [1, 1, 1, 1, 1, 1, 9]})
    settings = ProductSettings(columns={"user": "u", "item": "i", "time": "t"}, most_items=2)
    data = make_incidence(rows, settings, "table")
    visits = Visits(data, data, settings, period=1)
    assert visits.narrow().data.items.tolist() == ["x", "y"]
    assert visits.narrow(before=5).data.items.tolist() == ["n", "x", "y"]


# New rows


def test_new_rows_make_lists_for_those_who_stand_in_them(own, tmp_path):
    later = pd.Timestamp("2024-12-01")
    rows = [("k000", "w05", later), ("k000", "w06", later), ("fresh", "w31", later), ("odd", "unheard of", later)]
    pd.DataFrame(rows, columns=["Kunde", "Ware", "Tag"]).to_csv(tmp_path / "neu.csv", index=False)
    path, told = predict_from(own, data=tmp_path / "neu.csv", out=tmp_path / "out.csv")
    made = pd.read_csv(path)
    assert made["Kunde"].unique().tolist() == ["k000", "fresh", "odd"]
    assert set(made["question"]) == {"next", "new"}
    assert told[0] == "6 lists for 3 customers."
    assert any("'unheard of'" in text for text in told)
    new = made[made["question"] == "new"]
    assert not {"w05", "w06"} & set(new.loc[new["Kunde"] == "k000", "Ware"])
    assert "w31" in made.loc[(made["question"] == "next") & (made["Kunde"] == "fresh"), "Ware"].tolist()
    assert (new.loc[new["Kunde"] == "odd", "path"] != "behaviour").all()


def test_rows_that_the_run_has_seen_are_not_counted_again(own, tmp_path):
    taken().head(600).to_csv(tmp_path / "alt.csv", index=False)
    path, told = predict_from(own, data=tmp_path / "alt.csv", out=tmp_path / "out.parquet")
    made, before = pd.read_parquet(path), pd.read_parquet(own / "next.parquet")
    coming = made[made["question"] == "next"].reset_index(drop=True)
    same = before[before["Kunde"].isin(coming["Kunde"])].reset_index(drop=True)
    assert coming["Ware"].tolist() == same["Ware"].tolist()
    assert any("taken for known already" in text for text in told)


def test_new_rows_without_times_or_a_damaged_model_are_told(own, tmp_path):
    taken().head(5).drop(columns="Tag").to_csv(tmp_path / "neu.csv", index=False)
    with pytest.raises(DataError, match="'Tag': is missing"):
        predict_from(own, data=tmp_path / "neu.csv", out=tmp_path / "out.csv")
    taken().head(5).to_csv(tmp_path / "neu.csv", index=False)
    shutil.copytree(own, tmp_path / "run")
    (tmp_path / "run" / "model.hexad").write_bytes(b"PK no more")
    with pytest.raises(StoreError, match=r"model\.hexad"):
        predict_from(tmp_path / "run", data=tmp_path / "neu.csv", out=tmp_path / "out.csv")


def test_lists_that_hold_new_items_are_counted_once(own):
    new = pd.read_parquet(own / "new.parquet")
    rows = new[new["path"] == "content"]
    page = (own / "report.html").read_text().replace("\u00a0", " ")
    n, items = rows["Kunde"].nunique(), rows["Ware"].nunique()
    assert pd.read_parquet(own / "users.parquet")["with new"].sum() == n > 0
    assert f"of them {items} stand{'s' if items == 1 else ''} in {n} lists of what is new" in page
    twice = {"user": list("aab"), "item": ["x", "y", "x"], "rank": [1, 2, 1], "path": ["content"] * 3}
    assert Lists("new", Recommender(), Recommendations(pd.DataFrame(twice), 2), []).n_with_new == 2
