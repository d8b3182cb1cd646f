"""Topics and classes of texts: what is planted is found, bad input is refused, and both travel."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from domains.recommendation import AlsRecommender, TextClassifier, TextEncoder, TopicModel
from shared.errors import HexadError
from shared.runtime.store import load_model, save_model
from tests.contract.test_recommenders import shop

WORDS = TextEncoder("words", n_factors=4)
TEXTS = ["oaky cherry", "cherry and oak", "dark cherry", "green apple", "lime and apple", "crisp lime"] * 4
KINDS = ["red", "red", "red", "white", "white", "white"] * 4
CLASSIFIER, TOPICS = TextClassifier(encoder=WORDS), TopicModel(2, encoder=WORDS)


def refused(call) -> str:
    with pytest.raises(HexadError) as error:
        call()
    return str(error.value)


def test_what_is_planted_is_found():
    model = clone(CLASSIFIER).fit(TEXTS, KINDS)
    assert model.predict(["cherry", "lime"]).tolist() == ["red", "white"]
    chances = model.predict_proba(["cherry", "lime", "", "unheard of"])
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)
    assert model.predict([]).tolist() == []
    assert model.predict_proba([]).shape == (0, 2)
    topics = clone(TOPICS).fit([*TEXTS, "", None])
    assert topics.labels_[-2:].tolist() == [-1, -1]
    assert len(set(topics.labels_[:3])) == len(set(topics.labels_[3:6])) == 1
    assert topics.topics_.table["texts"].tolist() == [12, 12]
    assert topics.predict(["cherry", "qqq", ""]).tolist() == [topics.labels_[0], -1, -1]


def test_chances_come_true():
    """Of texts said to be red by p, a share p is."""
    rng = np.random.default_rng(0)
    words = {"red": ["cherry", "oak", "plum", "wine"], "white": ["lime", "apple", "pear", "wine"]}
    kinds = rng.choice(["red", "white"], 1200)
    other = {"red": "white", "white": "red"}
    texts = [
        " ".join(rng.choice(words[kind if rng.random() < 0.6 else other[kind]]) for _ in range(4)) for kind in kinds
    ]
    model = clone(CLASSIFIER).fit(texts[:800], kinds[:800])
    chance = model.predict_proba(texts[800:])[:, list(model.classes_).index("red")]
    right = kinds[800:] == "red"
    for low, high in ((0.0, 0.35), (0.35, 0.65), (0.65, 1.0)):
        inside = (chance >= low) & (chance <= high)
        if inside.sum() > 40:
            assert right[inside].mean() == pytest.approx(chance[inside].mean(), abs=0.12)


@pytest.mark.parametrize(("model", "given"), [(CLASSIFIER, (TEXTS, KINDS)), (TOPICS, (TEXTS,))])
def test_they_keep_to_the_contract_and_travel(model, given, tmp_path):
    fresh = clone(model)
    with pytest.raises(NotFittedError):
        fresh.predict(["cherry"])
    texts = list(TEXTS)
    assert fresh.fit(*given) is fresh
    assert texts == TEXTS
    save_model(fresh, tmp_path / "one.hexad")
    save_model(clone(model).fit(*given), tmp_path / "other.hexad")
    assert (tmp_path / "one.hexad").read_bytes() == (tmp_path / "other.hexad").read_bytes()
    again = load_model(tmp_path / "one.hexad")
    assert again.predict(TEXTS).tolist() == fresh.predict(TEXTS).tolist()


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (None, "labels: are given as None"),
        ("red", "labels: are given as 'red'"),
        (KINDS[:3], "3 for 24 texts"),
        ([None, *KINDS[1:]], "1 missing (row 1)"),
        ([1, *KINDS[1:]], "1 of type int"),
        (["red"] * 24, "one class only"),
        (["rose", *KINDS[1:]], "a single text: ['rose']"),
    ],
)
def test_labels_that_are_none_are_refused(labels, told):
    assert told in refused(lambda: clone(CLASSIFIER).fit(TEXTS, labels))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: TopicModel(1, encoder=WORDS).fit(TEXTS), "n_topics=1"),
        (lambda: TopicModel("a", encoder=WORDS).fit(TEXTS), "n_topics='a'"),
        (lambda: TopicModel(50, encoder=WORDS).fit(TEXTS), "too few"),
        (lambda: TopicModel(encoder=WORDS).fit([]), "too few"),
        (lambda: TopicModel(encoder=WORDS).fit(["the", "of", "and", "a wine", "in"]), "too few"),
        (lambda: TopicModel(random_state="x", encoder=WORDS).fit(TEXTS), "random_state='x'"),
        (lambda: TextClassifier(random_state="x", encoder=WORDS).fit(TEXTS, KINDS), "random_state='x'"),
        (lambda: TextClassifier(encoder=WORDS).fit([""] * 24, KINDS), "no text holds a word"),
        (lambda: AlsRecommender(random_state="x").fit(shop()), "random_state='x'"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(make, told):
    assert told in refused(make)
