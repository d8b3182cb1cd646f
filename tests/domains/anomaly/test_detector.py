"""Rows of any table: text, dates, gaps; alerts and their reasons."""

import numpy as np
import pandas as pd
import pytest

from domains.anomaly import AnomalyDetector, DetectionTask
from shared.errors import DataError, HexadWarning, SettingsError
from shared.runtime.store import load_model, save_model


def make_table(n=1500, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "amount": rng.gamma(2, 20, n),
            "country": rng.choice(["AT", "DE", "CH"], n, p=[0.6, 0.35, 0.05]),
            "when": pd.date_range("2024-01-01", periods=n, freq="37min"),
            "age": np.where(rng.random(n) < 0.02, np.nan, rng.normal(40, 10, n)),
            "currency": "EUR",
            "order": [f"no {number}" for number in range(n)],
        }
    )


@pytest.fixture(scope="module")
def table():
    return make_table()


@pytest.fixture(scope="module")
def detector(table):
    return AnomalyDetector(random_state=0).fit(table)


@pytest.fixture
def new():
    return make_table(60, seed=1)


def why(detector, rows):
    return {alert.row: alert.explain() for alert in detector.find_alerts(rows, budget=len(rows)).alerts}


def test_a_country_never_seen_is_found_and_named(detector, new):
    new.loc[7, "country"] = "XX"
    found = detector.find_alerts(new, budget=1).alerts[0]
    assert found.row == 7
    assert found.explain() == "Row 7: country is 'XX', never seen before."


def test_a_gap_where_there_never_was_one_is_found_and_named(detector, new):
    new.loc[7, "country"] = None
    assert detector.find_alerts(new, budget=1).alerts[0].explain() == "Row 7: country is missing, as it never was."


def test_a_gap_where_there_are_few_is_told_with_its_share(table, new):
    table = table.assign(age=table["age"].fillna(40.0))
    table.loc[:5, "age"] = np.nan
    new.loc[7, ["age", "amount"]] = np.nan, 160.0
    told = why(AnomalyDetector(random_state=0).fit(table), new)[7]
    assert "age is missing, as in 0.4 % of rows" in told


def test_usual_gaps_do_not_stand_before_gross_values():
    rng = np.random.default_rng(0)
    odd = rng.random(1000) < 0.04
    amount, gaps = rng.gamma(2, 20, 1000) + 300 * odd, rng.random(1000) < 0.02
    table = pd.DataFrame({"amount": amount, "rate": np.where(gaps, np.nan, rng.normal(size=1000))})
    with_gaps = AnomalyDetector(random_state=0).fit(table).find_alerts(table, budget=40)
    filled = table.fillna(0.0)
    without = AnomalyDetector(random_state=0).fit(filled).find_alerts(filled, budget=40)
    found, best = (sum(odd[alert.place] for alert in alerts.alerts) for alerts in (with_gaps, without))
    assert found >= best - 3


def test_an_ordinary_row_that_was_asked_for_has_no_reason(detector, new):
    told = why(detector, new)
    assert any(text.endswith("no column stands out.") for text in told.values())
    assert not any("goes ill" in text and detector.p_values(new.loc[[row]])[0] > 0.2 for row, text in told.items())


def test_one_row_with_a_gap_is_scored_as_in_a_batch(detector, new):
    for column in ("country", "age", "when"):
        rows = new.copy()
        rows.loc[7, column] = None
        np.testing.assert_array_equal(detector.score_samples(rows.loc[[7]]), detector.score_samples(rows)[[7]])


def test_dates_are_read_in_the_zone_that_was_learnt(table, new):
    zoned = table.assign(
        when=table["when"].dt.tz_localize("Europe/Vienna", ambiguous=True, nonexistent="shift_forward")
    )
    there = new.assign(when=new["when"].dt.tz_localize("Europe/Vienna", ambiguous=True, nonexistent="shift_forward"))
    detector = AnomalyDetector(random_state=0).fit(zoned)
    utc = there.assign(when=there["when"].dt.tz_convert("UTC"))
    np.testing.assert_array_equal(detector.score_samples(utc), detector.score_samples(there))
    with pytest.raises(
        DataError, match="column 'when': has stamps without a time zone, but the model learnt from stamps in"
    ):
        detector.score_samples(new)


def test_dates_of_two_zones_are_refused_and_not_lost():
    zones = [pd.Timestamp("2024-01-01", tz=zone) for zone in ("Europe/Vienna", "UTC")] * 20
    with pytest.raises(DataError, match="column 'at': holds dates that go into no one column"):
        AnomalyDetector().fit(pd.DataFrame({"at": pd.Series(zones, dtype=object), "x": np.arange(40.0)}))


def test_a_slip_in_a_column_of_numbers_is_named(table):
    mixed = table.assign(amount=table["amount"].astype(object))
    mixed.loc[5, "amount"] = "n/a"
    with pytest.raises(DataError, match=r"column 'amount': 1 of 1,500 values are no numbers.*'n/a' \(row 6\)"):
        AnomalyDetector().fit(mixed)


def test_truth_values_are_spoken_of_as_such(table, new):
    detector = AnomalyDetector(random_state=0).fit(table.assign(ok=np.arange(1500) % 300 > 0))
    told = why(detector, new.assign(ok=np.arange(60) != 7))[7]
    assert "ok is 'False', as in 0.33 % of rows" in told
    by_number = new.assign(ok=(np.arange(60) != 7).astype(int))
    np.testing.assert_array_equal(
        detector.score_samples(by_number), detector.score_samples(new.assign(ok=np.arange(60) != 7))
    )


def test_a_multiple_of_nothing_is_not_told():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": np.repeat([0.0, 1.0], [990, 10]), "s": rng.normal(size=1000)})
    reason = AnomalyDetector(random_state=0).fit(table).find_alerts(table, budget=10).alerts[0].reasons[0]
    assert "times" not in reason.text
    assert "e-" not in reason.text


def test_an_index_of_two_levels_is_what_rows_are_called(detector, new):
    rows = new.set_index(pd.MultiIndex.from_product([["a", "b"], range(30)]))
    assert isinstance(detector.find_alerts(rows, budget=1).alerts[0].row, tuple)


def test_an_array_needs_the_columns_of_the_array_learnt_from():
    X = np.random.default_rng(0).normal(size=(200, 2))
    detector = AnomalyDetector(random_state=0).fit(X)
    with pytest.raises(DataError, match="is an array of 3 columns, where an array of 2 columns was learnt from"):
        detector.score_samples(np.zeros((1, 3)))
    named = AnomalyDetector(random_state=0).fit(pd.DataFrame(X, columns=["a", "b"]))
    with pytest.raises(DataError, match="where a table with the columns 'a', 'b' was learnt from"):
        named.score_samples(X)


def test_too_few_rows_for_the_budget_are_told_in_fitting():
    with pytest.warns(HexadWarning, match="30 rows learnt from cannot tell a share of 1 %: at least 99 are needed"):
        AnomalyDetector(random_state=0).fit(np.random.default_rng(0).normal(size=(30, 2)))


def test_a_value_beyond_all_is_told_with_the_range(detector, new, table):
    new.loc[7, "age"] = 140.0
    low, high = table["age"].min(), table["age"].max()
    assert detector.find_alerts(new, budget=1).alerts[0].explain() == (
        f"Row 7: age is 140, beyond all 1,500 rows learnt from ({low:.3g} to {high:.3g})."
    )


def test_another_value_in_a_column_that_never_changed_is_found(detector, new):
    new.loc[7, "currency"] = "USD"
    assert "currency is 'USD', never seen before" in detector.find_alerts(new, budget=1).explain()


def test_a_multiple_of_what_similar_rows_have_is_told(detector, new):
    new.loc[7, "amount"] = 150.0
    reason = next(alert for alert in detector.find_alerts(new, budget=60).alerts if alert.row == 7).reasons[0]
    assert reason.column == "amount"
    assert reason.usual == pytest.approx(33.6, abs=15)  # median of a gamma distribution (2, 20); of 37 rows
    assert f"{150 / reason.usual:.2g} times what similar rows have" in reason.text


def test_what_was_left_out_is_told(detector):
    assert detector.notes_ == (
        "column 'currency' has the same value everywhere: only another one is reported",
        "column 'order' has a text of its own in nearly every row, as a name has, and is not used",
    )


def test_an_hour_that_is_rare_is_a_reason():
    rng = np.random.default_rng(0)
    day = pd.Timestamp("2024-01-01")
    table = pd.DataFrame(
        {"at": [day + pd.Timedelta(hours=int(h)) for h in rng.integers(8, 18, 800)], "x": rng.normal(size=800)}
    )
    detector = AnomalyDetector(random_state=0).fit(table)
    odd = pd.DataFrame({"at": [day + pd.Timedelta(hours=3), day + pd.Timedelta(hours=9)], "x": [0.0, 0.0]})
    assert detector.find_alerts(odd, budget=1).alerts[0].explain() == (
        "Row 0: at falls on the hour of 03:00 (0 of 800 rows)."
    )


def test_many_single_names_make_a_new_one_nothing_odd():
    rng = np.random.default_rng(0)
    names = [f"shop {rng.integers(0, 300)}" if rng.random() < 0.8 else f"new {k}" for k in range(1000)]
    table = pd.DataFrame({"shop": names, "x": rng.normal(size=1000)})
    detector = AnomalyDetector(random_state=0).fit(table)
    new = pd.DataFrame({"shop": [f"other {k}" for k in range(200)], "x": rng.normal(size=200)})
    assert (detector.predict(new) < 0).mean() < 0.06


def test_columns_are_found_by_name(detector, new):
    turned = new[new.columns[::-1]].assign(extra=1)
    np.testing.assert_array_equal(detector.score_samples(turned), detector.score_samples(new))


def test_what_is_missing_or_of_another_kind_is_told_at_once(detector, new):
    with pytest.raises(DataError) as caught:
        detector.score_samples(new.drop(columns="age").assign(amount="much", years=40.0))
    told = str(caught.value)
    assert "2 problems" in told
    assert "column 'amount': holds text, but the model learnt from numbers" in told
    assert "column 'age': is missing, and 'years' is new and looks like it" in told


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300])
def test_values_without_bounds_are_named_with_their_rows(detector, new, value):
    new.loc[[3, 8], "amount"] = value
    with pytest.raises(DataError, match=r"column 'amount': 2 values are infinite or beyond 1e\+18: .* \(rows 4, 9\)"):
        detector.predict(new)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (make_table(19), "has 19 rows, of which none can be called rare. Give at least 20 rows"),
        (pd.DataFrame({"a": [1.0] * 30, "b": "x"}), "every column is constant, empty, or names its rows: 'a', 'b'"),
        (pd.DataFrame({"a": [[1]] * 30}), "column 'a': holds values of the kind list"),
        (pd.DataFrame({"a": [1j] * 30}), "column 'a': holds complex numbers"),
        (pd.DataFrame(np.ones((30, 2)), columns=["a", "a"]), "'a'"),
        (np.ones(30), "has 1 dimension, not two"),
    ],
)
def test_tables_that_tell_nothing_are_refused(rows, told):
    with pytest.raises(DataError, match=told):
        AnomalyDetector().fit(rows)


def test_an_array_is_a_table_without_names():
    X = np.random.default_rng(0).normal(size=(200, 3))
    detector = AnomalyDetector(random_state=0).fit(X)
    assert "1 is 9, beyond all 200 rows" in detector.find_alerts([[0.0, 9.0, 0.0]], budget=1).explain()


def test_neither_the_table_nor_its_index_is_changed(table):
    before = table.copy()
    labelled = table.set_axis([f"r{k}" for k in range(len(table))])
    found = AnomalyDetector(random_state=0).fit(table).find_alerts(labelled, budget=5)
    pd.testing.assert_frame_equal(table, before)
    assert set(found.to_frame()["row"]) <= set(labelled.index)


def test_the_index_is_what_rows_are_called_and_no_column(detector, table, new):
    named = table.rename_axis("number")
    np.testing.assert_array_equal(
        AnomalyDetector(random_state=0).fit(named).score_samples(new), detector.score_samples(new)
    )
    called = new.set_axis(pd.Index([f"order {k}" for k in range(60)], name="order"))
    np.testing.assert_array_equal(detector.score_samples(called.drop(columns="order")), detector.score_samples(new))
    assert detector.find_alerts(called, budget=1).alerts[0].row.startswith("order ")


def test_same_seed_same_scores_and_saved_is_loaded(detector, table, new, tmp_path):
    again = AnomalyDetector(random_state=0).fit(table)
    np.testing.assert_array_equal(again.score_samples(new), detector.score_samples(new))
    save_model(detector, tmp_path / "model.hexad")
    loaded = load_model(tmp_path / "model.hexad")
    np.testing.assert_array_equal(loaded.score_samples(new), detector.score_samples(new))
    assert loaded.find_alerts(new, budget=3).explain() == detector.find_alerts(new, budget=3).explain()


def test_a_row_does_not_depend_on_its_batch(detector, new):
    np.testing.assert_array_equal(detector.score_samples(new)[9:10], detector.score_samples(new.iloc[[9]]))


def test_reasons_sum_up_to_the_evidence(detector, new):
    parts = detector.explain(new)
    assert list(parts.columns) == ["amount", "country", "when", "age", "currency"]
    np.testing.assert_allclose(parts.sum(axis=1), detector.evidence(new), atol=1e-9)


def test_a_number_of_alerts_is_kept(detector, new):
    alerts = detector.find_alerts(new, budget=7)
    frame = alerts.to_frame()
    assert len(frame) == 7
    assert frame["evidence"].is_monotonic_decreasing
    assert alerts.explain().startswith("7 of 60 rows are reported, the oddest.")
    assert len(alerts.reasons_to_frame()["row"].unique()) == 7


@pytest.mark.any_pandas
def test_a_share_is_that_of_rows_like_those_learnt_from(detector):
    low, high = detector.expected_band(4000)
    assert 0 < low < 0.01 < high < 0.02
    shares = []
    for seed in range(4):
        one = AnomalyDetector(random_state=seed).fit(make_table(seed=seed))
        rows = make_table(4000, seed=50 + seed).assign(order="x")
        shares.append(len(one.find_alerts(rows).alerts) / 4000)
    # The band of one is .0055 to .0153 wide; that of a mean of four is half as wide.
    assert 0.007 < np.mean(shares) < 0.013


def test_a_share_that_cannot_be_told_says_so(detector, new):
    alerts = detector.find_alerts(new, budget=2e-4)
    assert alerts.alerts == ()
    assert "1,500 rows learnt from cannot tell a share of 0.02 %: at least 4,999 are needed" in alerts.explain()


@pytest.mark.any_pandas
def test_few_of_the_alerts_are_ordinary_where_a_rate_was_asked_for():
    ordinary, rates = 0, []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        detector = AnomalyDetector(random_state=0).fit(rng.normal(size=(1000, 3)))
        rows = np.concatenate([rng.normal(size=(180, 3)), rng.normal(6, 1, size=(20, 3))])
        found = [alert.place for alert in detector.find_alerts(rows, false_discoveries=0.2).alerts]
        assert len(found) >= 18
        ordinary = sum(place < 180 for place in found)
        rates.append(ordinary / len(found))
    # The promise is .2 * 180 / 200 on average; its standard error over 20 draws is some .02.
    assert np.mean(rates) <= 0.18 + 2 * 0.02


def test_only_higher_and_least_skip_what_lies_the_other_way(detector, new):
    new.loc[3, "age"], new.loc[4, "age"] = -60.0, 140.0
    both = detector.find_alerts(new, budget=2).to_frame()["row"].tolist()
    assert set(both) == {3, 4}
    higher = detector.find_alerts(new, budget=2, only={"age": "higher"})
    assert higher.to_frame()["row"].tolist()[0] == 4
    assert 3 not in higher.to_frame()["row"].tolist()
    assert "1 row passed over, because of what was set in only= or least=" in higher.explain()
    assert not {3, 4} & set(detector.find_alerts(new, budget=2, least={"age": 150.0}).to_frame()["row"])


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"budget": 0}, "a number of alerts, from 1 on, or a share of rows below 1"),
        ({"budget": 2.5}, "a number of alerts"),
        ({"budget": True}, "a number of alerts"),
        ({"budget": 1, "false_discoveries": 0.1}, "two promises"),
        ({"false_discoveries": 10}, "a share between 0 and 1"),
        ({"n_reasons": 0}, "a whole number from 1 to 1,000"),
        ({"only": {"agee": "higher"}}, "'agee' is no column of numbers learnt from; did you mean 'age'?"),
        ({"only": {"age": "up"}}, "there are 'higher' and 'lower'"),
    ],
)
def test_what_cannot_be_meant_is_refused(detector, new, asked, told):
    with pytest.raises(SettingsError, match=told.replace("?", r"\?")):
        detector.find_alerts(new, **asked)


def test_its_task_is_that_of_detectors(detector):
    assert detector.default_task() == DetectionTask()


def test_what_was_dismissed_is_muted_and_so_is_its_like():
    rng = np.random.default_rng(0)
    past = pd.DataFrame({"amount": rng.gamma(2, 20, 2000), "country": rng.choice(["AT", "DE"], 2000)})
    detector = AnomalyDetector(random_state=0).fit(past)
    today = pd.DataFrame(
        {"amount": [30.0, 900.0, 850.0, 5000.0, 40.0, 870.0], "country": ["AT", "AT", "DE", "AT", "XX", "XX"]}
    )
    assert set(detector.find_alerts(today, budget=5).to_frame()["row"]) == {1, 2, 3, 4, 5}
    found = detector.find_alerts(today, budget=5, dismissed=today.iloc[[1]])
    rows = found.to_frame()["row"].tolist()
    assert {1, 2}.isdisjoint(rows)  # the row itself, and a smaller one
    assert {3, 4, 5} <= set(rows)  # far larger; odd for another reason; odd for one more
    assert "2 rows passed over, because the like was dismissed" in found.explain()
    both = detector.find_alerts(today, budget=2, dismissed=today.iloc[[4]])
    assert 4 not in both.to_frame()["row"].tolist()
    assert len(both.alerts) == 2
    gap = past.assign(age=np.where(rng.random(2000) < 0.002, np.nan, 40 + rng.normal(size=2000)))
    detector = AnomalyDetector(random_state=0).fit(gap)
    new = pd.DataFrame({"amount": [30.0, 35.0], "country": "AT", "age": [np.nan, np.nan]})
    assert not detector.find_alerts(new, budget=2, dismissed=new.iloc[[0]]).alerts
    with pytest.raises(DataError, match="dismissed: column 'age'"):
        detector.find_alerts(new, dismissed=new.drop(columns="age"))


@pytest.mark.parametrize("seed", range(4))
def test_an_impossible_value_in_the_table_learnt_from_is_among_the_first(seed):
    """Whoever looks for faults in the one table there is learns from the fault, too."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {"amount": rng.gamma(2, 20, 2000), "size": rng.normal(0, 1, 2000), "kind": rng.choice(list("ab"), 2000)}
    )
    row, column = int(rng.integers(2000)), str(rng.choice(["amount", "size"]))
    table.loc[row, column] = table[column].max() + 2 * np.ptp(table[column])
    found = AnomalyDetector(random_state=0).fit(table).find_alerts(table, budget=3)
    alert = next(one for one in found.alerts if one.row == row)
    assert alert.reasons[0].column == column
    assert "the largest of all 2,000 rows learnt from; the next is" in alert.explain()


def test_promises_that_no_number_of_rows_can_keep_say_what_can_be_asked():
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 2)), columns=["a", "b"])
    model = AnomalyDetector(random_state=0).fit(table)
    told = model.find_alerts(pd.concat([table] * 20, ignore_index=True), false_discoveries=0.05).explain()
    assert "Against the 300 rows that were held out no alert among 6,000 rows can be shown at this rate" in told
    assert "ask about at most 15 rows at a time" in told
    assert "give a number of rows instead (budget=)" in model.find_alerts(table, budget=1e-6).explain()
