"""What every detector over series keeps to, whichever it is."""

import inspect

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from shared.data import Panel
from shared.runtime.store import load_model, save_model
from tests.contract.test_matrix_estimators import first_of_fit, public_estimators

DETECTORS = [one for one in public_estimators() if first_of_fit(one) == "series"]
LEARNT = 150


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    parts = []
    for key, n in (("b", 300), ("a", 260)):
        wave = 10 * np.sin(2 * np.pi * np.arange(n) / 24) + rng.normal(size=n)
        parts.append(
            pd.DataFrame({"unique_id": key, "ds": pd.date_range("2024-01-01", periods=n, freq="h"), "y": wave})
        )
    return pd.concat(parts, ignore_index=True)


def first(table):
    return table[table.groupby("unique_id").cumcount() < LEARNT]


def rest(table):
    return table[table.groupby("unique_id").cumcount() >= LEARNT]


def test_there_are_some():
    assert DETECTORS


@pytest.mark.parametrize("kind", DETECTORS)
def test_it_keeps_to_the_contract(kind, table, tmp_path):
    before, fresh = table.copy(), kind(random_state=0)
    for name, parameter in inspect.signature(kind.__init__).parameters.items():
        if name not in {"self", "random_state"}:
            assert getattr(fresh, name) is parameter.default
    with pytest.raises(NotFittedError):
        fresh.score_samples(table)
    model = clone(fresh)
    assert model.fit(first(table)) is model
    scores = model.score_samples(rest(table))
    pd.testing.assert_frame_equal(table, before)
    assert scores.shape == (len(rest(table)),)
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(scores, clone(fresh).fit(first(table)).score_samples(rest(table)))
    np.testing.assert_array_equal(scores[::-1], model.score_samples(rest(table)[::-1]))
    assert set(model.predict(rest(table))) <= {-1, 1}
    for number in (1, 2):
        save_model(clone(fresh).fit(first(table)), tmp_path / f"{number}.hexad")
    assert (tmp_path / "1.hexad").read_bytes() == (tmp_path / "2.hexad").read_bytes()
    np.testing.assert_array_equal(load_model(tmp_path / "1.hexad").score_samples(rest(table)), scores)


@pytest.mark.parametrize("kind", DETECTORS)
def test_a_series_is_judged_by_itself(kind, table):
    both = kind(random_state=0).fit(first(table)).score(rest(table))
    whole = kind(random_state=0).score_whole(table)
    for key in ("a", "b"):
        own = table[table["unique_id"] == key]
        alone = kind(random_state=0).fit(first(own)).score(rest(own))
        pd.testing.assert_frame_equal(alone, both[both["unique_id"] == key].reset_index(drop=True), check_exact=True)
        alone = kind(random_state=0).score_whole(own)
        pd.testing.assert_frame_equal(alone, whole[whole["unique_id"] == key].reset_index(drop=True), check_exact=True)


@pytest.mark.parametrize("kind", DETECTORS)
def test_pieces_of_any_size_give_the_same(kind, table):
    at_once = kind(random_state=0).fit(first(table)).score(rest(table))
    model, pieces = kind(random_state=0).fit(first(table)), []
    for begin, stop in ((150, 151), (151, 200), (200, 260), (260, 300)):
        number = table.groupby("unique_id").cumcount()
        piece = table[(number >= begin) & (number < stop)]
        pieces.append(model.score(piece))
        model.update(piece)
    keys = ["unique_id", "ds"]
    joined = pd.concat(pieces).sort_values(keys, ignore_index=True)
    pd.testing.assert_frame_equal(joined, at_once.sort_values(keys, ignore_index=True), check_exact=True)


@pytest.mark.parametrize("kind", DETECTORS)
def test_nothing_later_reaches_a_row(kind, table):
    own = table[table["unique_id"] == "b"]
    poisoned = own.copy()
    poisoned.loc[poisoned.index[220:], "y"] = 1e6
    one, other = (kind(random_state=0).fit(first(own)).score(rest(each)) for each in (own, poisoned))
    kept = ["evidence", "rate", "usual"]
    pd.testing.assert_frame_equal(one.loc[:69, kept], other.loc[:69, kept], check_exact=True)
    assert (one["evidence"].iloc[70:] != other["evidence"].iloc[70:]).any()


@pytest.mark.parametrize("kind", DETECTORS)
def test_a_panel_is_a_table(kind, table):
    panel = Panel.from_frame(table)
    pd.testing.assert_frame_equal(kind(random_state=0).score_whole(panel), kind(random_state=0).score_whole(table))


@pytest.mark.parametrize("kind", DETECTORS)
def test_workers_change_nothing(kind, table):
    one, two = (kind(random_state=0, n_jobs=n).fit(first(table)).score(rest(table)) for n in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
