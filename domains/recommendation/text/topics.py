"""What texts are about: groups of alike texts, named by the words that set them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from domains.recommendation.text.encoder import TextEncoder
from domains.recommendation.text.lsa import check_texts
from shared.checks import is_whole
from shared.errors import DataError, Problem, SettingsError
from shared.result import Result
from shared.runtime.array_of import ArrayOf
from shared.text import count_of
from shared.typing import Ints, Reals

__all__ = ["TopicModel", "Topics"]

NAMED = 5
# Numbers of topics that are tried where none is given.
TRIED = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30)
SAMPLE = 2000
UNCLEAR = 0.05


@dataclass(frozen=True, repr=False, eq=False)
class Topics(Result):
    """Topics of some texts.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a topic: "topic", "texts", "share", "words", and "example", the text nearest to its middle.
    separation : float
        Mean silhouette of the texts, -1 to 1: near 0 topics run into one another.

    >>> row = {"topic": 0, "texts": 2, "share": 1.0, "words": "red, dry", "example": "dry red"}
    >>> table = pd.DataFrame([row])
    >>> print(Topics(table, 0.5).explain())
    1 topic, of 2 texts; the largest holds 100 %: red, dry. They are well apart (silhouette 0.50).
    """

    table: pd.DataFrame
    separation: float

    def to_frame(self) -> pd.DataFrame:
        """Return a row a topic."""
        return self.table

    def explain(self) -> str:
        """Say how many there are, what the largest is about, and whether they can be told apart."""
        first = self.table.sort_values("texts", ascending=False).iloc[0]
        word = "well apart" if self.separation > 0.25 else "apart" if self.separation > UNCLEAR else "hardly apart"
        return (
            f"{count_of(len(self.table), 'topic')}, of {count_of(int(self.table['texts'].sum()), 'text')}; the largest"
            " holds"
            f" {100 * first['share']:.0f} %: {first['words']}. They are {word} (silhouette {self.separation:.2f})."
        )


class TopicModel(BaseEstimator):  # type: ignore[misc]
    """Groups alike texts, and names each group by the words that are frequent in it and rare elsewhere.

    Vectors of `TextEncoder` are grouped by k-means; names are those of class-based tf-idf (Grootendorst, "BERTopic",
    arXiv 2203.05794, 2022, section 3.3).

    Parameters
    ----------
    n_topics : int, optional
        Left out, the number from 2 to 30 whose groups lie best apart (silhouette) is taken.
    encoder : TextEncoder, optional
    random_state : int

    Attributes
    ----------
    topics_ : Topics
    labels_ : numpy.ndarray of int
        Topic of each text that was learnt from.

    >>> texts = ["cherry and oak", "oaky cherry", "oak, cherry", "lime and apple", "apple, lime", "lime apple"] * 4
    >>> model = TopicModel(2, encoder=TextEncoder("words", n_factors=4)).fit(texts)
    >>> sorted(model.topics_.table["texts"])
    [12, 12]
    """

    def __init__(
        self, n_topics: int | None = None, *, encoder: TextEncoder | None = None, random_state: int = 0
    ) -> None:
        self.n_topics = n_topics
        self.encoder = encoder
        self.random_state = random_state

    def fit(self, texts: Any, y: object = None) -> TopicModel:
        """Group texts, and name the groups.

        Parameters
        ----------
        texts : sequence of str
        y : ignored

        Raises
        ------
        DataError, SettingsError
            There are fewer different texts than topics.
        """
        from sklearn.base import clone
        from sklearn.cluster import KMeans

        if not is_whole(self.random_state, least=0):
            raise SettingsError(f"random_state={self.random_state!r} is no whole number from 0 on")
        given = check_texts(texts)
        most = len(set(given) - {""})
        if self.n_topics is not None and not is_whole(self.n_topics, 2):
            raise SettingsError(f"n_topics={self.n_topics!r} is no whole number from 2 on")
        if most < max(self.n_topics or 2, 2) + 1:
            problem = Problem(f"{most:,} different texts are too few", fix="Give more texts, or ask for fewer topics.")
            raise DataError("texts", [problem])
        self.encoder_ = TextEncoder() if self.encoder is None else clone(self.encoder)
        vectors = self.encoder_.fit_transform(given).astype(np.float64)
        full = np.flatnonzero(np.any(vectors != 0, axis=1))
        most = min(most, len(np.unique(vectors[full], axis=0)))
        if most < max(self.n_topics or 2, 2) + 1:
            told = f"{most:,} different texts hold words that count, which are too few"
            raise DataError("texts", [Problem(told, fix="Give more texts, or ask for fewer topics.")])
        counts = [self.n_topics] if self.n_topics else [count for count in TRIED if count < most]
        best: Any = None
        for count in counts:
            found = KMeans(count, n_init=5, random_state=self.random_state).fit(vectors[full])
            apart = self._separation(vectors[full], found.labels_)
            if best is None or apart > best[0]:
                best = (apart, found)
        separation, model = best
        self.centres_ = model.cluster_centers_
        self.labels_ = self._assign(vectors)
        self.words_ = self._name(given)
        self.separation_ = float(separation)
        self.examples_ = self._find_examples(given, vectors)
        return self

    @property
    def topics_(self) -> Topics:
        """The topics that were found."""
        check_is_fitted(self)
        counts = np.bincount(self.labels_[self.labels_ >= 0], minlength=len(self.words_))
        rows = [
            (topic, int(count), int(count) / len(self.labels_), words, example)
            for topic, (count, words, example) in enumerate(zip(counts, self.words_, self.examples_, strict=True))
            if count
        ]
        return Topics(pd.DataFrame(rows, columns=["topic", "texts", "share", "words", "example"]), self.separation_)

    def predict(self, texts: Any) -> Ints:
        """Topic of each text; -1 for one that says nothing.

        Parameters
        ----------
        texts : sequence of str
        """
        check_is_fitted(self)
        return self._assign(self.encoder_.transform(check_texts(texts)).astype(np.float64))

    def _separation(self, vectors: Reals, labels: Ints) -> float:
        from sklearn.metrics import silhouette_score

        if len(np.unique(labels)) < 2:
            return -1.0
        size = min(SAMPLE, len(vectors))
        return float(silhouette_score(vectors, labels, sample_size=size, random_state=self.random_state))

    def _assign(self, vectors: Reals) -> Ints:
        distance = (self.centres_**2).sum(axis=1)[None, :] - 2 * vectors @ self.centres_.T
        return np.where(np.any(vectors != 0, axis=1), distance.argmin(axis=1), -1).astype(np.int64)

    def _name(self, given: list[str]) -> list[str]:
        """Words of each topic by class-based tf-idf."""
        from sklearn.feature_extraction.text import CountVectorizer

        words = CountVectorizer(strip_accents="unicode", stop_words="english", min_df=1)
        counts = words.fit_transform(given)
        n_topics = len(self.centres_)
        found = np.zeros((n_topics, counts.shape[1]))
        for topic in range(n_topics):
            found[topic] = np.asarray(counts[self.labels_ == topic].sum(axis=0)).ravel()
        frequency = found / np.maximum(found.sum(axis=1, keepdims=True), 1)
        average = found.sum() / n_topics
        weight = frequency * np.log(1 + average / np.maximum(found.sum(axis=0), 1))
        names = words.get_feature_names_out()
        order = np.argsort(-weight, axis=1, kind="stable")[:, :NAMED]
        return [", ".join(names[place] for place in row if weight[topic, place] > 0) for topic, row in enumerate(order)]

    def _find_examples(self, given: list[str], vectors: Reals) -> list[str]:
        """The text nearest to the middle of each topic."""
        found = []
        for topic in range(len(self.centres_)):
            inside = np.flatnonzero(self.labels_ == topic)
            found.append(given[inside[int(np.argmax(vectors[inside] @ self.centres_[topic]))]] if len(inside) else "")
        return found

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays; checked when a model is loaded."""
        n_topics = len(self.centres_)
        return {
            "centres_": ArrayOf("f", (n_topics, None), finite=True),
            "labels_": ArrayOf("i", (None,), low=-1, high=n_topics - 1),
        }
