"""The study of portfolios: own prices, limits that clash, orders of the next day, and what a forecast is worth."""

import json

import numpy as np
import pandas as pd
import pytest

from case_studies.common import cli
from case_studies.common.runs import predict_from, run_study
from case_studies.portfolio.strategies import FORECAST, NO_VIEW, PAST, LeanedOnMeans, forecast_means, loosen
from case_studies.portfolio.trial import find_months
from domains.optimization import EqualWeight, InvestmentTask
from shared.data import datasets
from shared.decision import InfeasibleError, Limit, Limits
from shared.errors import DataError, SettingsError, StoreError
from shared.evaluation import evaluate
from tests.stories.recount import claims_of, recount

NAMES = {"Date": "Tag", "JNJ": "kurs a", "KO": "kurs b", "XOM": "kurs c", "CVX": "kurs d", "AAPL": "kurs e"}
FEW = ["columns.time=Tag", "window=100", "history=760", "months=14", "cash=20000", "currency=EUR"]


def prices(rows: int) -> pd.DataFrame:
    return datasets.load("stocks").tail(rows)[list(NAMES)].rename(columns=NAMES).reset_index(drop=True)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Prices from the last to the first, limits in a sheet under other names, and groups."""
    folder = tmp_path_factory.mktemp("own")
    prices(1110).head(1100)[::-1].to_csv(folder / "kurse.csv", index=False)
    with pd.ExcelWriter(folder / "grenzen.xlsx") as book:
        pd.DataFrame({"x": [1]}).to_excel(book, sheet_name="other", index=False)
        rows = [("Oel hoechstens", "Branche = Oel", None, 0.1), ("je hoechstens", "every asset", None, "40 %")]
        table = pd.DataFrame(rows, columns=["Name", "Wofuer", "Min", "Max"])
        table.to_excel(book, sheet_name="Grenzen", index=False)
    groups = pd.DataFrame({"Wert": list(NAMES.values())[1:], "Branche": ["Pharma", "Essen", "Oel", "Oel", "Technik"]})
    groups.to_csv(folder / "gruppen.csv", index=False)
    data = {
        "prices": folder / "kurse.csv",
        "limits": f"{folder}/grenzen.xlsx#Grenzen",
        "groups": folder / "gruppen.csv",
    }
    asked = [
        *FEW,
        "columns.limits.name=Name",
        "columns.limits.applies_to=Wofuer",
        "columns.limits.least=Min",
        "columns.limits.most=Max",
        "columns.groups.asset=Wert",
    ]
    return run_study("portfolio", data=data, overrides=asked, out=folder / "run").parent


# Own prices and limits


def test_own_prices_limits_and_groups_make_orders(own):
    orders = pd.read_parquet(own / "orders.parquet").set_index("asset")
    assert orders.index.tolist() == list(NAMES.values())[1:]
    assert orders["target"].sum() == pytest.approx(1)
    assert orders["target"].max() <= 0.4 + 1e-9
    assert orders.loc[["kurs c", "kurs d"], "target"].sum() <= 0.1 + 1e-9
    paid = (orders["order"] * orders["price"]).sum() + orders["fee"].sum()
    assert 0 <= 20000 - paid < orders["price"].max()
    assert orders["fee"].tolist() == pytest.approx((0.001 * orders["order"] * orders["price"]).tolist())
    page = (own / "report.html").read_text()
    assert "With 20,000 EUR at hand: buy " in page
    assert "“Oel hoechstens”" in page
    assert "Kurs" not in page
    assert "firms" not in page


def test_a_limit_on_nothing_is_told_with_its_row(tmp_path):
    prices(400).to_csv(tmp_path / "kurse.csv", index=False)
    table = pd.DataFrame({"applies_to": ["kurs a", "kurs z"], "most": [0.3, 0.3]})
    table.to_csv(tmp_path / "limits.csv", index=False)
    data = {"prices": tmp_path / "kurse.csv", "limits": tmp_path / "limits.csv"}
    with pytest.raises(DataError, match=r"limits\.csv.*'kurs z' is no asset") as told:
        run_study("portfolio", data=data, overrides=FEW, out=tmp_path / "run")
    assert "row 2" in str(told.value)


def test_limits_that_clash_are_told_with_the_least_that_would_have_to_give(tmp_path, monkeypatch, capsys):
    asked = ["most_weight=0.2", "most_assets=4"]
    with pytest.raises(InfeasibleError) as told:
        run_study("portfolio", quick=True, overrides=asked, out=tmp_path / "run")
    assert "Two limits cannot hold together" in str(told.value)
    assert "assets held, from 4 to 5" in str(told.value) or "most in one asset, from 0.2 to 0.25" in str(told.value)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", "portfolio", "--quick", "--set", asked[0], "--set", asked[1]])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("hexad: No portfolio meets the limits. Two limits cannot hold together: ")
    assert "The least that would have to give" in said


def test_without_limits_it_says_so(tmp_path):
    prices(400).to_csv(tmp_path / "kurse.csv", index=False)
    page = run_study("portfolio", data=tmp_path / "kurse.csv", overrides=FEW, out=tmp_path / "run").read_text()
    assert "No limits were set, so that all of the money may go into one asset." in page
    assert "within the limits" not in page


def test_short_prices_make_a_decision_without_a_backtest(tmp_path):
    prices(120).to_csv(tmp_path / "kurse.csv", index=False)
    folder = run_study("portfolio", data=tmp_path / "kurse.csv", overrides=FEW, out=tmp_path / "run").parent
    page = (folder / "report.html").read_text()
    assert "The prices hold fewer than 12 months after the first 100 rows: nothing was tried." in page
    assert "The prices are too few for it: 12 months are needed after the first 760 rows" in page
    assert not any(name.startswith("sharpe") for name in json.loads((folder / "metrics.json").read_text()))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.head(60), "has 60 rows of prices, and 101 are needed"),
        (lambda table: table.assign(**{"kurs b": 0.0}), "column 'kurs b': 400 prices are not above 0"),
        (lambda table: table.assign(**{"kurs b": table["kurs b"].where(table.index > 9)}), "column 'kurs b': 10"),
        (lambda table: pd.concat([table, table.tail(1)]), "dates come twice"),
        (lambda table: table[["Tag", "kurs a"]], "has 1 columns of prices|has 1 column of prices"),
    ],
)
def test_wrong_prices_are_told(change, said, tmp_path):
    change(prices(400)).to_csv(tmp_path / "kurse.csv", index=False)
    with pytest.raises(DataError, match=said):
        run_study("portfolio", data=tmp_path / "kurse.csv", overrides=FEW, out=tmp_path / "run")


def test_what_is_held_is_traded_from(tmp_path):
    prices(400).to_csv(tmp_path / "kurse.csv", index=False)
    asked = [*FEW, "cash=0", 'holdings={"kurs e" = 100}', "most_weight=0.4"]
    folder = run_study("portfolio", data=tmp_path / "kurse.csv", overrides=asked, out=tmp_path / "run").parent
    orders = pd.read_parquet(folder / "orders.parquet").set_index("asset")
    assert orders.loc["kurs e", "order"] < 0
    assert "sell " in (folder / "report.html").read_text()
    with pytest.raises(DataError, match="'kurs z' are held, and have no prices|'kurs z' is held"):
        run_study(
            "portfolio",
            data=tmp_path / "kurse.csv",
            overrides=[*FEW, 'holdings={"kurs z" = 1}'],
            out=tmp_path / "other",
        )
    with pytest.raises(SettingsError, match="whole numbers of shares"):
        run_study("portfolio", overrides=["holdings={AAPL = 1.5}"], out=tmp_path / "third")


def test_every_number_that_is_said_comes_from_a_table(own, study_run):
    for folder in (own, study_run("portfolio", "quick")):
        assert recount(folder) > 30
        told = [claim["text"] for claim in claims_of(folder)]
        assert any(text.startswith("With ") and " buy " in text for text in told)


def test_prices_whose_assets_are_all_alike_show_nothing_beyond_equal_weights(tmp_path):
    """Independent walks of one size: no portfolio is calmer by choice, or earns more for its risk."""
    rng = np.random.default_rng(5)
    walks = 100 * np.exp(rng.normal(0.0003, 0.01, (700, 6)).cumsum(axis=0))
    table = pd.DataFrame(walks, columns=list("abcdef")).round(4)
    table.insert(0, "Tag", pd.bdate_range("2020-01-01", periods=700))
    table.to_csv(tmp_path / "kurse.csv", index=False)
    page = run_study("portfolio", data=tmp_path / "kurse.csv", overrides=FEW, out=tmp_path / "run").read_text()
    advice = page[page.index("What to do") : page.index("How sure that is")]
    assert "Nothing was found beyond equal weights" in advice
    assert "none is shown" in page


# The next day


def test_new_prices_make_the_next_orders(own, tmp_path):
    prices(10).to_csv(tmp_path / "neu.csv", index=False)
    path, told = predict_from(own, data=tmp_path / "neu.csv", out=tmp_path / "out.csv")
    before = pd.read_parquet(own / "orders.parquet").set_index("asset")
    after = pd.read_csv(path).set_index("asset")
    assert (after["shares"] - after["order"]).tolist() == before["shares"].tolist()
    assert after["price"].tolist() == pytest.approx(prices(1).iloc[0, 1:].tolist())
    assert after["target"].max() <= 0.4 + 1e-9
    assert after.loc[["kurs c", "kurs d"], "target"].sum() <= 0.1 + 1e-9
    assert told[0].startswith("At the prices of Wed 28 Dec 2022: Buy ")
    assert any(text.startswith("The run's orders are taken for carried out") for text in told)
    assert any(text.startswith("101 rows of prices from the run stand before the 10 new ones") for text in told)


def test_next_orders_start_from_what_is_stated(own, tmp_path):
    prices(300).to_csv(tmp_path / "neu.csv", index=False)
    asked = ["cash=5000", 'holdings={"kurs a" = 7}']
    path, told = predict_from(own, data=tmp_path / "neu.csv", overrides=asked, out=tmp_path / "out.csv")
    after = pd.read_csv(path).set_index("asset")
    assert (after["shares"] - after["order"]).to_dict() == {**dict.fromkeys(after.index, 0), "kurs a": 7}
    assert any(text.startswith("Cash and holdings are those that were stated") for text in told)
    assert not any("rows of prices from the run" in text for text in told)


def test_new_prices_that_lack_an_asset_or_a_run_without_history_are_told(own, tmp_path):
    import shutil

    prices(10).drop(columns="kurs b").to_csv(tmp_path / "neu.csv", index=False)
    with pytest.raises(DataError, match=r"neu\.csv: column 'kurs b': is missing"):
        predict_from(own, data=tmp_path / "neu.csv", out=tmp_path / "out.csv")
    prices(10).to_csv(tmp_path / "neu.csv", index=False)
    shutil.copytree(own, tmp_path / "run")
    (tmp_path / "run" / "history.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match=r"history\.parquet is missing or damaged"):
        predict_from(tmp_path / "run", data=tmp_path / "neu.csv", out=tmp_path / "out.csv")


# What a forecast is worth


def test_on_the_bundled_prices_no_forecast_is_shown_to_be_worth_anything(study_run):
    page = (study_run("portfolio", "quick") / "report.html").read_text()
    assert "A forecast of returns is not shown to be worth anything" in page
    assert "No leak was found" in page


def test_returns_that_can_be_forecast_are():
    """Every month takes back most of the one before: the forecast finds that, past means do not."""
    rng = np.random.default_rng(1)
    month, n = 20, 90
    levels = np.zeros((n, 4))
    for place in range(1, n):
        levels[place] = -0.8 * levels[place - 1] + rng.normal(0, 0.004, 4)
    values = np.repeat(levels, month, axis=0) + rng.normal(0, 0.004, (n * month, 4))
    days = pd.bdate_range("2015-01-01", periods=n * month)
    returns = pd.DataFrame(values, index=days, columns=list("abcd"))
    found = forecast_means(returns, month)
    assert np.corrcoef(found, -levels[-1])[0, 1] > 0.8
    assert np.abs(found).max() < 0.03
    weights = {
        view: LeanedOnMeans(view, recent=200, month=month).fit(returns).weights_ for view in (NO_VIEW, PAST, FORECAST)
    }
    assert weights[FORECAST].idxmax() == "abcd"[int(np.argmin(levels[-1]))]
    assert weights[FORECAST].max() > weights[NO_VIEW].max()


def test_the_guard_watches_the_forecast():
    returns = datasets.load("stocks").set_index("Date").tail(700).iloc[:, :4].pct_change().iloc[1:]
    splits = find_months(returns, 400, 3)
    scores = evaluate(
        {FORECAST: LeanedOnMeans(recent=100)},
        returns,
        splits,
        ["log_growth"],
        baselines={"1/N": EqualWeight()},
        task=InvestmentTask(window=400, ds="Date"),
        show=False,
    )
    assert scores.guarded, scores.explain_leaks()
    assert "No leak was found" in scores.explain_leaks()


# Months, and limits of the past


def test_months_have_enough_before_them():
    days = pd.bdate_range("2020-01-01", periods=600)
    splits = find_months(pd.DataFrame({"a": 0.0}, index=days), 250, 100)
    assert min(len(split.train) for split in splits) >= 250
    assert len(splits[0].train) < 250 + 23
    assert splits[-1].test[-1] >= 595
    assert find_months(pd.DataFrame({"a": 0.0}, index=days), 600, 100) == []


def test_limits_that_need_today_are_left_out_of_the_past():
    limits = Limits(
        [
            Limit("calm", "turnover", most=0.2),
            Limit("few", "number of assets", most=5),
            Limit("held", "every held asset", least=0.05, most=0.4),
            Limit("cap", "a", most=0.1),
        ]
    )
    assert [one.applies_to for one in loosen(limits)] == ["a", "every asset"]
    assert [one.name for one in loosen(limits, counts=True)] == ["few", "held", "cap"]


@pytest.mark.parametrize("asked", ["cash=-1", "window=5", "strategy=1/N", "most_weight=0", "cost=0.5"])
def test_settings_out_of_range_are_refused(asked, tmp_path):
    with pytest.raises(SettingsError, match=asked.split("=")[0]):
        run_study("portfolio", quick=True, overrides=[asked], out=tmp_path / "run")


# What is not told apart by itself


@pytest.fixture(scope="module")
def few():
    """Prices of three assets."""
    steps = np.random.default_rng(0).normal(0, 0.01, (420, 3))
    made = pd.DataFrame(100 * np.exp(np.cumsum(steps, axis=0)), columns=list("abc"))
    return made.assign(Date=pd.bdate_range("2022-01-03", periods=420))


def run_few(table, folder, *asked):
    folder.mkdir()
    table.to_csv(folder / "prices.csv", index=False)
    overrides = ["window=100", "history=200", "n_jobs=1", *asked]
    return run_study("portfolio", data=folder / "prices.csv", overrides=overrides, out=folder / "run", quick=True)


def test_prices_that_a_word_made_text_are_not_left_out_without_a_word(few, tmp_path):
    worded = few.astype({"b": object})
    worded.loc[6, "b"] = "-"
    with pytest.raises(DataError, match=r"column 'b': holds numbers, but not in 1 row: '-' \(row 7\)"):
        run_few(worded, tmp_path / "worded")
    with pytest.raises(DataError, match=r"has 1 column of prices.*by pandas' pivot"):
        run_few(few.melt("Date", var_name="name"), tmp_path / "long")


def test_days_without_a_price_are_told_with_the_dates_that_come_twice_and_left_out_where_asked(few, tmp_path):
    gappy = few.copy()
    gappy.loc[30, "b"] = np.nan
    gappy = pd.concat([gappy, gappy.iloc[[7]]])[::-1]
    with pytest.raises(DataError) as error:
        run_few(gappy, tmp_path / "refused")
    assert "dates come twice (row 414)" in str(error.value)
    assert "column 'b': 1 price is missing (row 391)" in str(error.value)  # as the file has them
    asked = ["missing=leave_out", 'read.repair=["keep_last_duplicate"]']
    made = run_few(gappy, tmp_path / "asked", *asked).parent
    same = run_few(few.drop(index=30), tmp_path / "clean").parent
    assert (made / "metrics.json").read_bytes() == (same / "metrics.json").read_bytes()
    assert "Left out 1 day on which a price is missing" in (made / "report.html").read_text()
