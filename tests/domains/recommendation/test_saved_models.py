"""Items in a space, an index of texts and a recommender come back from a model file as they were."""

import numpy as np
import pandas as pd
import pytest

from domains.recommendation import ItemSpace, Recommender, SemanticIndex, TextEncoder
from shared.errors import StoreError
from shared.runtime.store import dump_model, load_model, save_model

NOTES = [
    "ripe cherry and oak",
    "cherries, some oak",
    "lime and green apple",
    "crisp apple, lime",
    "plum and leather",
] * 6
ITEMS = pd.DataFrame(
    {
        "item": [f"i{number:02d}" for number in range(30)],
        "note": NOTES,
        "kind": ["red", "red", "white", "white", "red"] * 6,
        "price": np.arange(30.0) % 11,
    }
)
WORDS = TextEncoder("words", n_factors=4)


def bought() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"user": rng.integers(0, 25, 200), "item": rng.choice(ITEMS["item"].head(25), 200)})


def test_a_space_comes_back(tmp_path):
    space = ItemSpace("note", encoder=WORDS).fit(ITEMS)
    save_model(space, tmp_path / "m")
    again = load_model(tmp_path / "m")
    np.testing.assert_array_equal(again.similarity([0, 7]), space.similarity([0, 7]))
    np.testing.assert_array_equal(again.vectors(ITEMS).toarray(), space.vectors(ITEMS).toarray())
    assert dump_model(space) == dump_model(ItemSpace("note", encoder=WORDS).fit(ITEMS))


def test_an_index_comes_back(tmp_path):
    index = SemanticIndex(TextEncoder("words", n_factors=4)).add(ITEMS["item"].tolist(), NOTES)
    save_model(index, tmp_path / "m")
    found = load_model(tmp_path / "m").search(["apple", "oak"], n=5)
    pd.testing.assert_frame_equal(found, index.search(["apple", "oak"], n=5))


@pytest.mark.parametrize("interactions", [None, "some"])
def test_a_recommender_comes_back(interactions, tmp_path):
    model = Recommender(text="note", encoder=WORDS).fit(bought() if interactions else None, ITEMS)
    model.search("cherry")
    save_model(model, tmp_path / "m")
    again = load_model(tmp_path / "m")
    pd.testing.assert_frame_equal(again.similar("i03").to_frame(), model.similar("i03").to_frame())
    pd.testing.assert_frame_equal(again.search("plum").to_frame(), model.search("plum").to_frame())
    if interactions:
        users = list(model.users_[:3])
        pd.testing.assert_frame_equal(again.recommend(users).to_frame(), model.recommend(users).to_frame())


@pytest.mark.parametrize("damage", ["column", "negative", "pointer"])
def test_a_sparse_matrix_whose_indices_lead_outside_is_refused(damage, tmp_path):
    space = ItemSpace("note", encoder=WORDS).fit(ITEMS)
    matrix = space.matrix_
    if damage == "pointer":
        matrix.indptr[1] = matrix.indptr[-1] + 5
    else:
        matrix.indices[0] = 10**6 if damage == "column" else -4
    save_model(space, tmp_path / "m")
    with pytest.raises(StoreError, match="cannot be loaded"):
        load_model(tmp_path / "m")


def test_one_long_text_takes_no_more_room_than_its_own(tmp_path):
    items = ITEMS.assign(note=[*NOTES[:-1], "plum " * 100_000], other=[*NOTES[:-1], "leather " * 100_000])
    model = Recommender(text="note", encoder=WORDS).fit(bought(), items)
    save_model(model, tmp_path / "m")
    assert (tmp_path / "m").stat().st_size < 8e6  # an array of texts would hold 30 times two megabytes a column
    assert model._need_index().texts.data.nbytes < 1e6
    again = load_model(tmp_path / "m")
    shown = again.recommend(0, n=3, where={"note": NOTES[0], "kind": "red"}).to_frame()["item"]
    assert set(shown) <= set(items.loc[items["note"] == NOTES[0], "item"])
    assert len(shown)
    assert again.search("plum", n=1, where={"note": items["note"].iloc[-1]}).lists() == {"plum": ["i29"]}


def test_models_that_were_saved_with_arrays_of_texts_are_read(tmp_path):
    model = Recommender(text="note", encoder=WORDS).fit(bought(), ITEMS)
    index = SemanticIndex(WORDS).add(ITEMS["item"].tolist(), NOTES)
    shown, found = model.recommend(0, n=3).to_frame(), index.search("cherry", n=2)
    for kinds in model.space_.kinds_.values():
        object.__setattr__(kinds, "values", np.array(kinds.values.tolist()))
    index.texts = np.array(index.texts.tolist())
    save_model({"a": model, "b": index}, tmp_path / "m")
    again = load_model(tmp_path / "m")
    pd.testing.assert_frame_equal(again["a"].recommend(0, n=3).to_frame(), shown)
    assert again["a"].space_.vectors(ITEMS).nnz == model.space_.matrix_.nnz
    pd.testing.assert_frame_equal(again["b"].search("cherry", n=2), found)
    assert len(again["b"].remove(["i00"]).texts) == 29
