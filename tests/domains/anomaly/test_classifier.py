"""Labels: chances come true, reasons are those that made them, costs decide, and the order of time is kept."""

import numpy as np
import pandas as pd
import pytest

from domains.anomaly import AlertClassifier, AnomalyDetector
from shared.errors import DataError, SettingsError
from shared.evaluation.metrics import average_precision
from shared.runtime.store import load_model, save_model


def payments(n=12_000, seed=0):
    """Amounts and countries; large amounts abroad are fraud more often, and so is nothing else."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(rng.choice(10**7, n, replace=False)), unit="s"),
            "amount": rng.gamma(2, 20, n),
            "country": rng.choice(["AT", "DE", "XX"], n, p=[0.7, 0.25, 0.05]),
            "age": np.where(rng.random(n) < 0.05, np.nan, rng.normal(40, 10, n)),
        }
    )
    chance = 1 / (1 + np.exp(6.5 - 0.03 * table["amount"] - 3 * (table["country"] == "XX")))
    return table.assign(fraud=(rng.random(n) < chance).astype(int)), chance.to_numpy()


@pytest.fixture(scope="module")
def model():
    return AlertClassifier(label="fraud", time="at", random_state=0).fit(payments()[0])


@pytest.mark.any_pandas
def test_chances_come_true_and_rank_better_than_oddness_alone(model):
    new, chance = payments(seed=1)
    found = model.predict_proba(new)[:, 1]
    assert found.sum() == pytest.approx(new["fraud"].sum(), rel=0.25)
    for low, high in ((0.0, 0.02), (0.02, 0.1), (0.1, 1.0)):
        mine = (found >= low) & (found < high)
        assert found[mine].mean() == pytest.approx(chance[mine].mean(), rel=0.5)
    odd = -AnomalyDetector(random_state=0).fit(payments()[0].drop(columns="fraud")).score_samples(new)
    assert average_precision(new["fraud"], found) > 1.2 * average_precision(new["fraud"], odd)


@pytest.mark.any_pandas
def test_the_check_is_of_rows_that_nothing_was_learnt_from(model):
    table, _ = payments()
    other = table.copy()
    last = slice(int(0.8 * len(table)), None)
    other.loc[other.index[last], "fraud"] = np.random.default_rng(0).integers(0, 2, len(table) - int(0.8 * len(table)))
    one, two = model, AlertClassifier(label="fraud", time="at", random_state=0).fit(other)
    np.testing.assert_array_equal(one.predict_proba(table), two.predict_proba(table))
    assert one.calibration_.n_odd < two.calibration_.n_odd
    assert one.calibration_.n_rows == len(table) - int(0.8 * len(table))
    assert abs(one.calibration_.counts @ one.calibration_.chances - one.calibration_.n_odd) < 30
    assert "later rows" in one.calibration_.explain()
    assert one.calibration_.plot().alt.startswith("Lines: share of odd rows")


def test_rows_are_taken_in_the_order_of_time(model):
    table, _ = payments()
    mixed = table.sample(frac=1, random_state=3)
    one, two = model, AlertClassifier(label="fraud", time="at", random_state=0).fit(mixed)
    np.testing.assert_array_equal(one.predict_proba(table), two.predict_proba(table))


def test_the_reasons_are_what_makes_a_row_likely(model):
    new = pd.DataFrame(
        {"at": pd.Timestamp("2024-05-01 12:00"), "amount": [150.0, 20.0], "country": ["XX", "AT"], "age": [41.0, 39.0]}
    )
    alert = model.find_alerts(new, budget=1).alerts[0]
    assert alert.row == 0
    assert {reason.column for reason in alert.reasons[:2]} == {"amount", "country"}
    assert "% if it were ordinary)" in alert.explain()
    assert f"odd with a chance of {100 * alert.chance:.2g} %" in alert.explain()


def test_a_row_is_reported_where_looking_costs_less_than_it_saves(model):
    new, _ = payments(4000, seed=2)
    chance = model.predict_proba(new)[:, 1]
    found = model.find_alerts(new, look_cost=2, miss_cost=20)
    assert sorted(alert.place for alert in found.alerts) == np.flatnonzero(20 * chance > 2).tolist()
    assert found.explain().splitlines()[-1].startswith("Looking at them is expected to save ")
    staked = model.find_alerts(new, look_cost=3, miss_cost="amount")
    worth = chance * new["amount"].to_numpy()
    assert sorted(alert.place for alert in staked.alerts) == np.flatnonzero(worth > 3).tolist()
    assert worth[staked.alerts[0].place] == worth.max()
    assert len(model.find_alerts(new, look_cost=2, miss_cost=20, budget=3).alerts) == 3
    assert model.find_alerts(new, budget=5).to_frame()["chance"].is_monotonic_decreasing


@pytest.mark.any_pandas
def test_it_is_saved_to_the_last_digit(model, tmp_path):
    new, _ = payments(100, seed=2)
    save_model(model, tmp_path / "model.hexad")
    loaded = load_model(tmp_path / "model.hexad")
    np.testing.assert_array_equal(loaded.predict_proba(new), model.predict_proba(new))
    assert loaded.calibration_.explain() == model.calibration_.explain()
    again = AlertClassifier(label="fraud", time="at", random_state=0).fit(payments()[0])
    np.testing.assert_array_equal(again.predict_proba(new), model.predict_proba(new))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.drop(columns="fraud"), "column 'fraud': .*is missing"),
        (lambda t: t.rename(columns={"at": "paid"}), "column 'at': .*is missing"),
        (lambda t: t.assign(fraud=np.arange(len(t)) % 3), "has 3 values"),
        (lambda t: t.assign(fraud=(np.arange(len(t)) < 40).astype(int)), "40, 0 and 0 are odd. At least 10"),
    ],
)
def test_bad_labels_are_refused(change, said):
    with pytest.raises(DataError, match=said):
        AlertClassifier(label="fraud", time="at").fit(change(payments(2000)[0]))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "say how many rows"),
        ({"budget": 0}, "budget=0"),
        ({"budget": 2.5}, "budget=2.5"),
        ({"miss_cost": -1}, "miss_cost=-1"),
        ({"miss_cost": "amont"}, "did you mean 'amount'"),
        ({"miss_cost": "country"}, "no column of numbers"),
        ({"budget": 2, "look_cost": 0}, "look_cost=0"),
    ],
)
def test_what_cannot_be_meant_is_refused(model, asked, said):
    with pytest.raises(SettingsError, match=said):
        model.find_alerts(payments(50, seed=2)[0], **asked)
