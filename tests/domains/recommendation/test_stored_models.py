"""Recommenders in model files: what is loaded recommends the same, and a damaged matrix is refused."""

import numpy as np
import pandas as pd
import pytest

from domains.recommendation import EaseRecommender, HistoryRecommender, NeighbourRecommender, Recommender
from shared.runtime.store import load_model, save_model


def visits() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 2000), "D")
    return pd.DataFrame(
        {"user": rng.integers(0, 60, 2000), "item": rng.integers(0, 40, 2000).astype(str), "timestamp": days}
    )


def kinds(n: int = 45) -> pd.DataFrame:
    return pd.DataFrame({"item": np.arange(n).astype(str), "kind": [str(number % 4) for number in range(n)]})


@pytest.mark.parametrize("question", ["new", "next"])
def test_a_loaded_model_recommends_the_same(question, tmp_path):
    model = Recommender(question=question).fit(visits(), kinds())
    model.recommend([1])  # what was worked out on the way is not stored
    save_model(model, tmp_path / "a.hexad")
    loaded = load_model(tmp_path / "a.hexad")
    users = [1, 2, 99]
    pd.testing.assert_frame_equal(loaded.recommend(users).table, model.recommend(users).table)
    more = pd.DataFrame({"user": [1, 77], "item": ["3", "4"], "timestamp": pd.Timestamp("2025-01-01")})
    pd.testing.assert_frame_equal(
        loaded.update(more).recommend([1, 77]).table, model.update(more).recommend([1, 77]).table
    )


@pytest.mark.parametrize("model", [EaseRecommender(), HistoryRecommender(), NeighbourRecommender()])
def test_models_of_one_part_are_stored_too(model, tmp_path):
    save_model(model.fit(visits()), tmp_path / "a.hexad")
    loaded = load_model(tmp_path / "a.hexad")
    assert loaded.recommend([1, 99]).lists() == model.recommend([1, 99]).lists()


def test_a_new_item_that_is_like_nothing_is_never_shown():
    items = pd.concat([kinds(), pd.DataFrame({"item": ["odd"], "kind": ["of its own"]})])
    model = Recommender(question="new").fit(visits(), items)
    shown = model.recommend(list(range(60)), n=45).table
    assert "odd" not in shown.loc[shown["rank"] <= 5, "item"].tolist()
    assert any("like none of the others" in note for note in model.notes_)
