"""Texts as vectors of two views joined: a sentence model's, half-whitened, and that of the texts' own words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from domains.recommendation.text.lsa import LsaEncoder, check_texts, unit_rows
from domains.recommendation.text.sentences import SentenceModel, has_bundled_model
from shared.checks import is_number
from shared.errors import DataError, Problem, SettingsError, StoreError
from shared.runtime.array_of import ArrayOf
from shared.typing import Reals

__all__ = ["TextEncoder"]

VIEWS = ("both", "sentences", "words")
ENGINES = ("auto", "torch", "onnx")
# Principal components whose scale is below this share of the largest hold rounding, not meaning.
LEAST_SCALE = 1e-4


class TextEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Texts as vectors of length one, near each other where texts are alike in meaning or in words.

    The sentence model's vectors are half-whitened: principal components are divided by the root of their scale, so that
    what all texts of a corpus have in common (that they are about wine) does not drown what tells them apart. Beside
    them stands latent semantic analysis of words and pairs of words.

    Parameters
    ----------
    views : {"both", "sentences", "words"}
        "both" falls back on words, with a note, where no sentence model is installed.
    model : path, optional
        Folder of a sentence-transformers model; the bundled all-MiniLM-L6-v2 where left out.
    balance : float
        Share of the sentence model in a similarity, between 0 and 1.
    n_factors : int
        Factors of the words' view.
    engine : {"auto", "torch", "onnx"}
        See `SentenceModel`.
    cache : path, optional
        Folder for vectors and the exported model, see `SentenceModel`.
    random_state : int

    Attributes
    ----------
    notes_ : list of str
        What was done, and what could not be.
    model_hash_ : str
        Of the sentence model; empty where only words are read.

    >>> texts = ["ripe cherry and oak", "cherries, some oak", "lime and green apple", "crisp apple, lime"] * 3
    >>> vectors = TextEncoder("words", n_factors=2).fit_transform(texts)
    >>> vectors.shape
    (12, 2)
    """

    def __init__(
        self,
        views: str = "both",
        *,
        model: str | Path | None = None,
        balance: float = 0.5,
        n_factors: int = 60,
        engine: str = "auto",
        cache: str | Path | None = None,
        random_state: int = 0,
    ) -> None:
        self.views = views
        self.model = model
        self.balance = balance
        self.n_factors = n_factors
        self.engine = engine
        self.cache = cache
        self.random_state = random_state

    def fit(self, texts: Any, y: object = None) -> TextEncoder:
        """Learn words and the spread of the sentence model's vectors.

        Parameters
        ----------
        texts : sequence of str
        y : ignored

        Raises
        ------
        DataError, SettingsError, MissingExtraError
        """
        self._learn(check_texts(texts))
        return self

    def fit_transform(self, texts: Any, y: object = None) -> Reals:
        """Learn, and give the vectors of the same texts; they are encoded once.

        Parameters
        ----------
        texts : sequence of str
        y : ignored

        Returns
        -------
        numpy.ndarray of float32, shape (n_texts, n_features)
        """
        given = check_texts(texts)
        return self._join(self._learn(given), given)

    def transform(self, texts: Any) -> Reals:
        """Vectors of length one; zeros for a text that says nothing.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        numpy.ndarray of float32, shape (n_texts, n_features)

        Raises
        ------
        StoreError
            The sentence model is not the one that was learnt with.
        """
        check_is_fitted(self)
        given = check_texts(texts)
        if not self.model_hash_:
            return self._join(None, given)
        if self._sentences().model_hash != self.model_hash_:
            raise StoreError("the sentence model is another than the one the encoder was fitted with; fit it again")
        sentences = self._sentences().encode(given)
        if sentences.shape[1] == 0:  # all are empty
            sentences = np.zeros((len(given), len(self.mean_)), dtype=np.float32)
        return self._join(sentences, given)

    def _learn(self, given: list[str]) -> Reals | None:
        if self.views not in VIEWS:
            raise SettingsError(f"views={self.views!r} is none of {', '.join(map(repr, VIEWS))}")
        if not is_number(self.balance, 0, 1):
            raise SettingsError(f"balance={self.balance!r} does not lie between 0 and 1")
        if self.engine not in ENGINES:
            raise SettingsError(f"engine={self.engine!r} is none of {', '.join(map(repr, ENGINES))}")
        self.notes_: list[str] = []
        reads_sentences = self.views == "sentences" or (
            self.views == "both" and (self.model is not None or has_bundled_model())
        )
        if self.views == "both" and not reads_sentences:
            self.notes_.append(
                "no sentence model is installed (extra: recommendation), so that only words are compared"
            )
        self.words_ = None
        if self.views != "sentences":
            self.words_ = LsaEncoder(self.n_factors, random_state=self.random_state).fit(given)
        self.model_hash_ = ""
        if not reads_sentences:
            return None
        model = self._sentences()
        vectors = model.encode(given)
        self.model_hash_ = model.model_hash
        self.notes_ += model.notes
        self._learn_spread(vectors)
        return vectors

    def _learn_spread(self, vectors: Reals) -> None:
        full = vectors[np.any(vectors != 0, axis=1)].astype(np.float64)
        if len(full) == 0:
            raise DataError("texts", [Problem("all are empty", fix="Give texts of at least a few words.")])
        self.mean_ = full.mean(axis=0).astype(np.float32)
        _, scale, axes = np.linalg.svd(full - full.mean(axis=0), full_matrices=False)
        keep = scale > LEAST_SCALE * max(float(scale.max(initial=0.0)), 1e-30)
        signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
        scale = scale / np.sqrt(max(len(full) - 1, 1))
        self.axes_ = ((axes * signs[:, None])[keep] / np.sqrt(scale[keep])[:, None]).T.astype(np.float32)

    def _sentences(self) -> SentenceModel:
        """The sentence model; it is no part of what is saved."""
        return load_sentences(None if self.model is None else str(self.model), self.engine, self.cache)

    def _join(self, sentences: Reals | None, given: list[str]) -> Reals:
        views = []
        if sentences is not None:
            centred = np.where(np.any(sentences != 0, axis=1)[:, None], sentences - self.mean_, 0.0)
            share = 1.0 if self.words_ is None else self.balance
            views.append(unit_rows((centred @ self.axes_).astype(np.float32)) * np.float32(np.sqrt(share)))
        if self.words_ is not None:
            share = 1.0 if sentences is None else 1 - self.balance
            views.append(self.words_.transform(given) * np.float32(np.sqrt(share)))
        return unit_rows(np.concatenate(views, axis=1))

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays; checked when a model is loaded."""
        if not self.model_hash_:
            return {}
        width = len(self.mean_)
        return {
            "mean_": ArrayOf("f", (width,), finite=True),
            "axes_": ArrayOf("f", (width, None), finite=True),
        }


_LOADED: dict[tuple[str | None, str, str], SentenceModel] = {}


def load_sentences(path: str | None, engine: str, cache: str | Path | None) -> SentenceModel:
    """Load a sentence model once.

    Parameters
    ----------
    path : str, optional
    engine : str
    cache : path, optional

    >>> load_sentences(None, "auto", None) is load_sentences(None, "auto", None)
    True
    """
    key = (path, engine, str(cache))
    if key not in _LOADED:
        _LOADED[key] = SentenceModel(path, engine=engine, cache=cache)
    return _LOADED[key]
