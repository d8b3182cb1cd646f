"""What texts say by their own words: latent semantic analysis of words and pairs of words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from shared.checks import is_whole
from shared.errors import DataError, Problem, SettingsError, shorten
from shared.runtime.array_of import ArrayOf
from shared.text import count_of
from shared.typing import Reals

__all__ = ["LsaEncoder", "check_texts", "unit_rows"]

# Words of one text alone join nothing; below this many texts, where few words come twice, they are kept.
MANY_TEXTS = 20


def check_texts(texts: object, name: str = "texts") -> list[str]:
    """Texts as a list; missing ones are empty.

    Parameters
    ----------
    texts : sequence of str
    name : str
        What they are called in errors.

    Raises
    ------
    DataError
        They are one text, or some are no text.

    >>> check_texts(["dry", None])
    ['dry', '']
    """
    if isinstance(texts, str) or not hasattr(texts, "__iter__"):
        raise DataError(name, [Problem(f"is {shorten(texts)!r}", fix=f"Give a list of texts, as in [{texts!r}].")])
    given = list(texts)
    gone = pd.isna(pd.Series(given, dtype=object)).to_numpy() if given else np.zeros(0, dtype=bool)
    wrong = [place for place, one in enumerate(given) if not gone[place] and not isinstance(one, str)]
    if wrong:
        kind = type(given[wrong[0]]).__name__
        problem = Problem(
            f"holds no text in {count_of(len(wrong), 'row')}, the first of type {kind}",
            rows=tuple(place + 1 for place in wrong[:5]),
            count=len(wrong),
            fix="Write them as text, as in table[column].astype(str).",
        )
        raise DataError(name, [problem])
    return ["" if lost else str(one) for one, lost in zip(given, gone, strict=True)]


def unit_rows(vectors: Reals) -> Reals:
    """Rows of length one; rows of zeros stay.

    Parameters
    ----------
    vectors : array of shape (n, d)

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    found: Reals = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return found


class LsaEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Texts as vectors of the corpus's own themes: tf-idf of words and pairs, and its leading factors.

    Deerwester et al., "Indexing by latent semantic analysis", Journal of the American Society for Information Science
    41:391 (1990).

    Parameters
    ----------
    n_factors : int
        Length of a vector; fewer where there are fewer texts or words.
    pairs : bool
        Whether pairs of neighbouring words count, too.
    random_state : int

    Attributes
    ----------
    n_features_out_ : int

    >>> texts = ["ripe cherry and oak", "cherry with oak", "lime and green apple", "crisp apple, lime"]
    >>> vectors = LsaEncoder(2).fit_transform(texts)
    >>> (abs(vectors @ vectors.T) > 0.5)[0].tolist()
    [True, True, False, False]
    """

    def __init__(self, n_factors: int = 60, *, pairs: bool = True, random_state: int = 0) -> None:
        self.n_factors = n_factors
        self.pairs = pairs
        self.random_state = random_state

    def fit(self, texts: Any, y: object = None) -> LsaEncoder:
        """Learn words and factors.

        Parameters
        ----------
        texts : sequence of str
        y : ignored

        Raises
        ------
        DataError
            No text holds a word.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.utils.extmath import randomized_svd

        if not is_whole(self.n_factors):
            raise SettingsError(f"n_factors={self.n_factors!r} is no whole number from 1 on")
        if not is_whole(self.random_state, least=0):
            raise SettingsError(f"random_state={self.random_state!r} is no whole number from 0 on")
        given = check_texts(texts)
        words = TfidfVectorizer(
            sublinear_tf=True,
            ngram_range=(1, 2 if self.pairs else 1),
            min_df=2 if len(given) >= MANY_TEXTS else 1,
            strip_accents="unicode",
            stop_words="english",
            dtype=np.float64,
        )
        try:
            matrix = words.fit_transform(given)
        except ValueError:
            problem = Problem("no text holds a word that counts", fix="Give texts of at least a few words.")
            raise DataError("texts", [problem]) from None
        count = min(self.n_factors, *matrix.shape)
        _, _, factors = randomized_svd(matrix, count, random_state=self.random_state)
        self.words_ = words
        self.factors_ = np.ascontiguousarray(factors.T.astype(np.float32))
        self.n_features_out_ = count
        return self

    def transform(self, texts: Any) -> Reals:
        """Vectors of length one; zeros for a text without a known word.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        numpy.ndarray of float32, shape (n_texts, n_features_out_)
        """
        check_is_fitted(self)
        given = check_texts(texts)
        if not given:
            return np.zeros((0, self.n_features_out_), dtype=np.float32)
        found = np.asarray(self.words_.transform(given) @ self.factors_, dtype=np.float32)
        return unit_rows(found)

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays; checked when a model is loaded."""
        return {"factors_": ArrayOf("f", (len(self.words_.idf_), self.n_features_out_), finite=True)}


def join_columns(columns: Sequence[Sequence[str]]) -> list[str]:
    """Texts of several columns, joined row by row.

    Parameters
    ----------
    columns : sequence of sequences of str

    >>> join_columns([["a", ""], ["b", "c"]])
    ['a. b', 'c']
    """
    return [". ".join(part for part in row if part) for row in zip(*columns, strict=True)]
