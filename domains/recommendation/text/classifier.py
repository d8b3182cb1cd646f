"""Which class a text belongs to, and how sure that is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from domains.recommendation.text.encoder import TextEncoder
from domains.recommendation.text.lsa import check_texts
from shared.checks import is_whole
from shared.data.incidence_checks import of_one_kind
from shared.data.schema import first_rows
from shared.errors import DataError, Problem, Problems, SettingsError
from shared.typing import Reals

__all__ = ["TextClassifier"]

FOLDS = 3
STRENGTHS = (3.0, 10.0, 30.0)
# Weight of the vectors beside tf-idf, both of length one.
VECTOR_SHARES = (1.0, 0.0)


class TextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Logistic regression on words, pairs of words, and the vectors of `TextEncoder`; its chances are calibrated.

    How strong the penalty is, and how much vectors count beside words, is chosen by the log-loss of held-out folds, on
    which a temperature is learnt, too, that brings stated chances to what came true (Guo et al., "On calibration of
    modern neural networks", ICML 2017).

    Parameters
    ----------
    encoder : TextEncoder, optional
    random_state : int

    Attributes
    ----------
    classes_ : numpy.ndarray
    held_out_accuracy_ : float
        Share of texts that folds which had not seen them got right.

    >>> texts = ["oaky cherry", "cherry and oak", "dark cherry", "green apple", "lime and apple", "crisp lime"] * 3
    >>> kinds = ["red", "red", "red", "white", "white", "white"] * 3
    >>> model = TextClassifier(encoder=TextEncoder("words", n_factors=4)).fit(texts, kinds)
    >>> model.predict(["cherry"]).tolist()
    ['red']
    """

    def __init__(self, *, encoder: TextEncoder | None = None, random_state: int = 0) -> None:
        self.encoder = encoder
        self.random_state = random_state

    def fit(self, texts: Any, y: object) -> TextClassifier:
        """Learn from texts and their classes.

        Parameters
        ----------
        texts : sequence of str
        y : array-like of shape (n_texts,)

        Raises
        ------
        DataError
            Fewer than two classes, labels that are missing, or a class of fewer than two texts.
        """
        from sklearn.base import clone
        from sklearn.feature_extraction.text import TfidfVectorizer

        if not is_whole(self.random_state, least=0):
            raise SettingsError(f"random_state={self.random_state!r} is no whole number from 0 on")
        given = check_texts(texts)
        labels = self._check_labels(y, len(given))
        self.classes_, codes = np.unique(labels, return_inverse=True)
        self.encoder_ = TextEncoder() if self.encoder is None else clone(self.encoder)
        vectors = self.encoder_.fit_transform(given)
        self.words_ = TfidfVectorizer(
            sublinear_tf=True, ngram_range=(1, 2), min_df=2 if len(given) >= 100 else 1, strip_accents="unicode"
        )
        try:
            words = self.words_.fit_transform(given)
        except ValueError:
            raise DataError(
                "texts", [Problem("no text holds a word", fix="Give texts of at least a few words.")]
            ) from None
        self._choose(words, vectors, codes)
        self.model_ = self._model(self.strength_).fit(self._join(words, vectors, self.share_), codes)
        return self

    def _choose(self, words: Any, vectors: Reals, codes: Any) -> None:
        """Penalty and share of the vectors by held-out log-loss, and the temperature of the best."""
        from scipy.optimize import minimize_scalar
        from sklearn.model_selection import StratifiedKFold

        smallest = int(np.bincount(codes).min())
        folds = StratifiedKFold(min(FOLDS, smallest), shuffle=True, random_state=self.random_state)
        cuts = list(folds.split(np.zeros(len(codes)), codes))
        best: tuple[float, float, float, Reals] | None = None
        for share in VECTOR_SHARES:
            rows = self._join(words, vectors, share)
            # Without vectors only the penalty is tried that was best with them: each costs a fit a fold.
            for strength in STRENGTHS if best is None else (best[2],):
                odds: Reals = np.zeros((len(codes), len(self.classes_)))
                for train, test in cuts:
                    odds[test] = self._odds(self._model(strength).fit(rows[train], codes[train]), rows[test])
                loss = _log_loss(odds, codes)
                if best is None or loss < best[0]:
                    best = (loss, share, strength, odds)
        if best is None:
            raise SettingsError("nothing was tried")
        _, self.share_, self.strength_, held_out = best
        found = minimize_scalar(
            lambda cold: _log_loss(held_out * np.exp(cold), codes), bounds=(-3.0, 3.0), method="bounded"
        )
        self.sharpness_ = float(np.exp(found.x))
        self.held_out_accuracy_ = float((held_out.argmax(axis=1) == codes).mean())

    def _model(self, strength: float) -> Any:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=strength, max_iter=100, tol=1e-3)

    @staticmethod
    def _odds(model: Any, rows: ArrayLike) -> Reals:
        found = np.asarray(model.decision_function(rows), dtype=float)
        return np.stack([np.zeros(len(found)), found], axis=1) if found.ndim == 1 else found

    @staticmethod
    def _join(words: object, vectors: Reals, share: float) -> Any:
        from scipy import sparse

        if share == 0:
            return sparse.csr_matrix(words)
        return sparse.csr_matrix(sparse.hstack([words, sparse.csr_matrix(vectors * share)]))

    def predict_proba(self, texts: Any) -> Reals:
        """Chance of each class.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        numpy.ndarray of float64, shape (n_texts, n_classes)
        """
        check_is_fitted(self)
        given = check_texts(texts)
        if not given:
            return np.zeros((0, len(self.classes_)))
        rows = self._join(self.words_.transform(given), self.encoder_.transform(given), self.share_)
        return _softmax(self._odds(self.model_, rows) * self.sharpness_)

    def predict(self, texts: Any) -> Any:
        """The most likely class of each text.

        Parameters
        ----------
        texts : sequence of str
        """
        check_is_fitted(self)
        return self.classes_[self.predict_proba(texts).argmax(axis=1)]

    def _check_labels(self, y: object, n_texts: int) -> Any:
        if isinstance(y, str) or not hasattr(y, "__iter__"):
            raise DataError("labels", [Problem(f"are given as {y!r}", fix="Give a list with one a text.")])
        labels = pd.Series(list(y), dtype=object)
        if len(labels) != n_texts:
            raise DataError("labels", [Problem(f"are {len(labels):,} for {n_texts:,} texts", fix="Give one a text.")])
        gone = labels.isna().to_numpy()
        if gone.any():
            rows = tuple(first_rows(gone))
            fix = "Leave out the texts without a label."
            raise DataError(
                "labels", [Problem(f"{int(gone.sum()):,} missing", rows=rows, count=int(gone.sum()), fix=fix)]
            )
        problems = Problems("labels")
        of_one_kind(labels, gone, "label", problems)
        problems.raise_if_any()
        counts = labels.value_counts()
        if len(counts) < 2:
            raise DataError("labels", [Problem("name one class only", fix="Give texts of at least two classes.")])
        if (counts < 2).any():
            rare = [str(name) for name in counts.index[counts < 2][:3]]
            fix = "Give each class at least two texts, or leave it out."
            raise DataError(
                "labels", [Problem(f"classes with a single text: {rare}", count=int((counts < 2).sum()), fix=fix)]
            )
        return np.array(labels.tolist())


def _softmax(odds: Reals) -> Reals:
    shifted = np.exp(odds - odds.max(axis=1, keepdims=True))
    found: Reals = shifted / shifted.sum(axis=1, keepdims=True)
    return found


def _log_loss(odds: Reals, codes: Any) -> float:
    highest = odds.max(axis=1)
    total = highest + np.log(np.exp(odds - highest[:, None]).sum(axis=1))
    return float((total - odds[np.arange(len(codes)), codes]).mean())
