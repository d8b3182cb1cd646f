"""The grocery study: its figures, a user's own baskets in its place, and the completion of new ones."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.claims.check import check_run
from case_studies.common.runs import predict_from, run_study
from case_studies.grocery.baskets import Shop
from case_studies.grocery.settings import GroceryColumns, GrocerySettings
from domains.basket import Rules
from shared.data import Incidence
from shared.errors import DataError, SettingsError

OWN = ["columns.order=Invoice", "columns.item=Product", "min_support=0.01", "randomised=1"]


@pytest.fixture
def whole(study_run) -> Path:
    return study_run("grocery", "whole")


def metrics(folder: Path) -> dict[str, float]:
    return json.loads((folder / "metrics.json").read_text())


def till(n: int = 900, seed: int = 0, *, themes: bool = True) -> pd.DataFrame:
    """A till's rows: invoices of themes that go together, or of anything."""
    rng = np.random.default_rng(seed)
    rows = []
    for invoice in range(n):
        day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=invoice // 10)
        theme = rng.integers(5)
        pool = [f"theme{theme}-{k}" for k in range(4)] if themes else [f"thing {k}" for k in range(20)]
        basket = {*rng.choice(pool, 3, replace=False), *(f"other {k}" for k in rng.integers(0, 15, 2))}
        customer = f"c{rng.integers(60)}"
        rows += [(f"{invoice:05d}", item, day, customer, int(rng.integers(1, 4))) for item in sorted(basket)]
    return pd.DataFrame(rows, columns=["Invoice", "Product", "Date", "Customer", "Pieces"])


def written(table: pd.DataFrame, path: Path) -> Path:
    table.to_csv(path, index=False)
    return path


def test_the_study_reaches_its_goals(whole):
    found = metrics(whole)
    assert found["share of rules kept that hold"] >= 0.95
    assert found["hit rate at 10 of rules and history"] >= 0.25
    assert found["hit rate at 10 of rules and history"] > 2 * found["hit rate at 10 of popularity"]
    assert found["share of rules kept with an adjusted lift above one later"] >= 0.95
    assert found["share of rules turned down with an adjusted lift above one later"] <= 0.75


def test_the_report_says_what_to_do_and_what_its_data_are(study_run):
    page = (study_run("grocery", "quick") / "report.html").read_text()
    for told in ("Rules that hold", "What to promote together", "What not to bundle", "simulated", "801 households"):
        assert told in page


def test_what_it_recommends_is_certain_and_goes_one_way(whole):
    offers = pd.read_parquet(whole / "offers.parquet")
    assert (offers["lower"] > 1).all()
    assert (offers["mined"] >= 1.3).all()
    assert offers["worth"].is_monotonic_decreasing
    pairs = [frozenset(pair) for pair in zip(offers["if"], offers["then"], strict=True)]
    assert len(set(pairs)) == len(pairs)
    apart = pd.read_parquet(whole / "apart.parquet")
    assert (apart["mined"] < 1).all()
    assert (apart["later"] < 1).all()
    rules = Rules.load(whole / "rules.parquet")
    assert rules.columns["kept"].all()
    assert (rules.columns["customers"] >= GrocerySettings().min_customers).all()


def test_new_baskets_are_completed_with_reasons(whole, tmp_path):
    new = written(
        pd.DataFrame(
            {"basket_id": ["7", "7", "8"], "product_type": ["HAMBURGER BUNS", "no such thing", "LAYER CAKE MIX"]}
        ),
        tmp_path / "new.csv",
    )
    path, told = predict_from(whole, data=new, out=tmp_path / "missing.csv")
    table = pd.read_csv(path)
    assert table.groupby("basket_id").size().tolist() == [5, 5]
    assert table.loc[table["basket_id"] == 8, "product_type"].iloc[0] == "FROSTING"
    assert any("no such thing" in sentence for sentence in told)
    assert any("Completed 2 of 2 baskets" in sentence for sentence in told)
    strange = written(pd.DataFrame({"basket_id": ["1"], "product_type": ["zebra"]}), tmp_path / "strange.csv")
    with pytest.raises(DataError, match="the model knows none of its items"):
        predict_from(whole, data=strange, out=tmp_path / "x.csv")


def test_own_baskets_take_the_place_of_the_bundled_ones(tmp_path):
    own = written(till(), tmp_path / "till.csv")
    asked = [
        *OWN,
        "columns.time=Date",
        "columns.customer=Customer",
        "columns.quantity=Pieces",
        "half_life=60D",
        "min_customers=5",
    ]
    folder = run_study("grocery", data=own, overrides=asked, out=tmp_path / "run").parent
    found = metrics(folder)
    assert found["rules kept"] > 20
    assert found["share of rules kept that hold"] >= 0.95
    rules = Rules.load(folder / "rules.parquet")
    for k in range(len(rules)):
        left, right = rules.names(k)
        assert len({name[:6] for name in (*left, *right) if name.startswith("theme")}) == 1
    page = (folder / "report.html").read_text()
    assert "Mon 1 Jan 2024" in page
    assert "801 households" not in page
    new = written(pd.DataFrame({"Invoice": ["1"], "Product": ["theme1-0"]}), tmp_path / "new.csv")
    path, _ = predict_from(folder, data=new, out=tmp_path / "missing.csv")
    assert pd.read_csv(path)["Product"].str.startswith("theme1").sum() == 3


def test_the_least_own_table_will_do(tmp_path):
    own = written(till()[["Invoice", "Product"]], tmp_path / "till.csv")
    folder = run_study("grocery", data=own, overrides=OWN, out=tmp_path / "run").parent
    page = (folder / "report.html").read_text()
    assert "in the order of the table" in page
    assert "No time was given" in page
    assert "Without customers it cannot be told" in page


def test_where_there_is_nothing_to_be_found_it_says_so(tmp_path):
    own = written(till(themes=False)[["Invoice", "Product"]], tmp_path / "till.csv")
    folder = run_study("grocery", data=own, overrides=OWN, out=tmp_path / "run").parent
    found = metrics(folder)
    assert found["rules kept"] == 0
    assert found["offers by adjusted lift"] == 0
    page = (folder / "report.html").read_text()
    first = page[: page.index("<section id=")]
    assert "No rule: of" in first
    assert "Do not act on any of the rules" in first
    assert "No rule was kept" in page
    looks = pd.read_parquet(folder / "second_look.parquet")
    assert not looks["kept"].any()
    assert 0.3 < looks["holds"].mean() < 0.7


def test_later_baskets_change_nothing_about_what_is_kept(tmp_path):
    table = till(900)
    late = table["Date"] >= table["Date"].quantile(0.75)
    other = table.assign(Product=table["Product"].mask(late, "other 0"))
    kept = []
    for number, one in enumerate((table, other)):
        own = written(one, tmp_path / f"{number}.csv")
        folder = run_study(
            "grocery", data=own, overrides=[*OWN, "columns.time=Date"], out=tmp_path / str(number)
        ).parent
        kept.append(metrics(folder)["rules kept"])
    assert kept[0] == kept[1] > 0


def test_bad_tables_and_settings_are_refused(tmp_path):
    few = written(till(50), tmp_path / "few.csv")
    with pytest.raises(DataError, match="holds 50 baskets"):
        run_study("grocery", data=few, overrides=OWN, out=tmp_path / "a")
    with pytest.raises(DataError, match="column 'order': is missing"):
        run_study("grocery", data=few, out=tmp_path / "b")
    same = written(till(300).assign(Date="2024-01-01"), tmp_path / "same.csv")
    with pytest.raises(DataError, match="too many baskets have the same time"):
        run_study("grocery", data=same, overrides=[*OWN, "columns.time=Date"], out=tmp_path / "c")
    back = written(till(300).assign(Pieces=-1), tmp_path / "back.csv")
    with pytest.raises(DataError, match="zero or negative"):
        run_study(
            "grocery", data=back, overrides=[*OWN, "columns.quantity=Pieces", "returns=refuse"], out=tmp_path / "d"
        )
    for wrong in ("n_jobs=0", "half_life=soon", "min_support=2", "returns=maybe", "max_length=1"):
        with pytest.raises(SettingsError):
            run_study("grocery", overrides=[wrong], out=tmp_path / "e")


def test_baskets_of_one_time_stay_together():
    table = till(400)
    baskets = Incidence.from_frame(
        table,
        GrocerySettings(columns=GroceryColumns(order="Invoice", item="Product", time="Date", customer="")).baskets,
    )
    shop = Shop.cut(baskets, GrocerySettings(), "till")
    assert shop.train.times.max() < shop.test.times.min()
    assert shop.inner_train.times.max() < shop.validation.times.min()
    assert shop.train.n_rows + shop.test.n_rows == baskets.n_rows


def test_times_of_any_kind_and_guests(tmp_path):
    table = till(600)
    weeks = table.assign(
        Week=table["Date"].dt.day_of_year // 7, Customer=table["Customer"].mask(table["Invoice"] < "00300")
    )
    own = written(weeks, tmp_path / "weeks.csv")
    asked = [*OWN, "columns.time=Week", "columns.customer=Customer", "half_life=8"]
    folder = run_study("grocery", data=own, overrides=asked, out=tmp_path / "run").parent
    page = (folder / "report.html").read_text()
    assert "without a customer were kept as those of guests" in page
    assert "half_life 8.0" in page
    new = written(weeks.iloc[:3].assign(Customer="who?"), tmp_path / "new.csv")
    _, told = predict_from(folder, data=new, out=tmp_path / "missing.csv")
    assert any("0 of 1 baskets are of customers" in sentence for sentence in told)
    both = written(table.assign(Date="03/04/2024"), tmp_path / "both.csv")
    with pytest.raises(DataError, match="day-first"):
        run_study("grocery", data=both, overrides=[*OWN, "columns.time=Date"], out=tmp_path / "d")
    for wrong in ("half_life=0", "half_life=-2", "half_life=nan"):
        with pytest.raises(SettingsError, match="half_life"):
            run_study("grocery", data=own, overrides=[*asked, wrong], out=tmp_path / "e")


def test_rules_that_are_no_better_than_what_sells_most_are_not_recommended(tmp_path):
    rng = np.random.default_rng(5)
    held = rng.random((900, 30)) < 0.7 / (1 + 0.4 * np.arange(30))  # nothing goes with anything, some sell much more
    order, item = np.nonzero(held)
    table = pd.DataFrame({"Invoice": [f"{one:05d}" for one in order], "Product": [f"thing {one}" for one in item]})
    own = written(table, tmp_path / "till.csv")
    folder = run_study("grocery", data=own, overrides=OWN, out=tmp_path / "run").parent
    assert "no certain gain" in (folder / "report.html").read_text()


def test_fees_are_left_out_capitals_folded_and_cancelled_orders_of_several_marks_dropped(tmp_path):
    table = till(600)
    table.loc[::7, "Product"] = table.loc[::7, "Product"].str.upper()
    fees = table.drop_duplicates("Invoice").assign(Product="Postage EU")
    gone = [table.iloc[:40].assign(Invoice=mark + table["Invoice"].iloc[:40]) for mark in ("C", "ST")]
    own = written(pd.concat([table, fees, *gone]), tmp_path / "till.csv")
    asked = [*OWN, "fold_case=true", "without_items=POSTAGE*,gift wrap", "cancelled=C,ST"]
    folder = run_study("grocery", data=own, overrides=asked, out=tmp_path / "run").parent
    items = set(Rules.load(folder / "rules.parquet").items)
    assert not any("postage" in item.casefold() for item in items)
    assert len({item.casefold() for item in items}) == len(items)
    page = (folder / "report.html").read_text()
    for told in ("without_items names were left out", "no item is called", "begins with", "folded into"):
        assert told in page
    new = pd.DataFrame({"Invoice": ["1", "1"], "Product": ["THEME1-0", "postage uk"]})
    path, _ = predict_from(folder, data=written(new, tmp_path / "new.csv"), out=tmp_path / "missing.csv")
    assert pd.read_csv(path)["Product"].str.casefold().str.startswith("theme1").sum() == 3


@pytest.mark.parametrize("where", ["rows", "products"])
def test_offers_are_told_in_money_where_a_price_is_known(where, tmp_path):
    table = till(900)
    table = table[np.random.default_rng(1).random(len(table)) < 0.55].reset_index(drop=True)  # half lack the other
    table["Price"] = 1.0 + table["Product"].str[-1].astype(int)
    prices = table.drop_duplicates("Product")[["Product", "Price"]]
    asked = [*OWN, "currency=EUR"]
    if where == "rows":
        data = written(table, tmp_path / "till.csv")
        asked += ["columns.price=Price", "columns.quantity=Pieces"]
    else:
        data = {
            "purchases": written(table.drop(columns="Price"), tmp_path / "till.csv"),
            "products": written(prices, tmp_path / "prices.csv"),
        }
        asked += ["columns.products.item=Product", "columns.products.price=Price"]
    folder = run_study("grocery", data=data, overrides=asked, out=tmp_path / "run").parent
    offers = pd.read_parquet(folder / "offers.parquet")
    first = offers.iloc[0]
    rows = table[table["Product"] == first["then"]]
    paid = rows["Price"] * (rows["Pieces"] if where == "rows" else 1)
    assert first["spend"] == pytest.approx(paid.groupby(rows["Invoice"]).sum().mean())
    assert offers["worth"].to_numpy() == pytest.approx((offers["could bring"] * offers["spend"]).to_numpy())
    first_screen = (folder / "report.html").read_text().partition("<section id=")[0]
    assert "EUR of sales on average" in first_screen.replace("\u00a0", " ")


def test_every_number_of_the_report_is_that_of_its_table(study_run):
    checked = check_run(study_run("grocery", "quick"))
    assert checked.claims > 10
    assert [str(finding) for finding in checked.wrong] == []
    assert checked.loose == []


def large_baskets(n_baskets: int, n_items: int, size: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    baskets = [rng.choice(n_items, size, replace=False) for _ in range(n_baskets)]
    return pd.DataFrame({"Invoice": np.repeat(np.arange(n_baskets), size), "Product": np.concatenate(baskets)})


def test_large_baskets_give_shorter_rules_and_the_first_screen_says_so(tmp_path):
    asked = [*OWN[:3], "n_jobs=1", "randomised=0", "min_confidence=0.01", "hidden=100"]
    file = written(large_baskets(400, 70, 25).astype({"Product": str}), tmp_path / "till.csv")
    folder = run_study("grocery", data=file, overrides=asked, out=tmp_path / "run", quick=True).parent
    assert metrics(folder)["rules mined"] <= 100_000
    page = (folder / "report.html").read_text()
    assert "Rules have up to 2 items: those with 3 would number over 100,000" in page


def test_where_even_pairs_are_too_many_the_bound_is_named(tmp_path):
    asked = [*OWN[:2], "n_jobs=1", "min_support=0.001", "min_baskets=2", "min_confidence=0.001"]
    file = written(large_baskets(400, 500, 120).astype({"Product": str}), tmp_path / "till.csv")
    with pytest.raises(DataError, match=r"more than 100,000 rules.*Raise the bound: --set min_support="):
        run_study("grocery", data=file, overrides=asked, out=tmp_path / "run", quick=True)
