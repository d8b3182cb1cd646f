"""Search by words: BM25 over the texts of a collection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shared.typing import Reals

__all__ = ["WordIndex"]

# Robertson & Zaragoza, "The probabilistic relevance framework: BM25 and beyond", FnTIR 3:333 (2009), section 3.2.
K1, B = 1.2, 0.75


class WordIndex:
    """Words of texts, weighed by BM25.

    Parameters
    ----------
    texts : sequence of str

    >>> WordIndex(["dry red wine", "sweet wine", "cheese"]).score(["red wine"]).argmax(axis=1).tolist()
    [0]
    """

    def __init__(self, texts: Sequence[str]) -> None:
        from scipy import sparse
        from sklearn.feature_extraction.text import CountVectorizer

        words = CountVectorizer(strip_accents="unicode", dtype=np.float32)
        try:
            counts = words.fit_transform(texts).tocsr()
        except ValueError:  # no text holds a word
            self.words, self.weights = None, sparse.csc_array((len(texts), 0), dtype=np.float32)
            return
        length = np.asarray(counts.sum(axis=1)).ravel()
        share = length / max(float(length.mean()), 1e-9)
        have = np.bincount(counts.indices, minlength=counts.shape[1])
        rarity = np.log(1 + (len(texts) - have + 0.5) / (have + 0.5))
        rows = np.repeat(np.arange(len(texts)), np.diff(counts.indptr))
        found = counts.data * (K1 + 1) / (counts.data + K1 * (1 - B + B * share[rows])) * rarity[counts.indices]
        shape = counts.shape
        self.words = words
        self.weights = sparse.csc_array(
            sparse.csr_array((found.astype(np.float32), counts.indices, counts.indptr), shape)
        )

    def score(self, queries: Sequence[str]) -> Reals:
        """How well every text fits each query; 0 where they share no word.

        Parameters
        ----------
        queries : sequence of str

        Returns
        -------
        numpy.ndarray of float32, shape (n_queries, n_texts)
        """
        if self.words is None:
            return np.zeros((len(queries), self.weights.shape[0]), dtype=np.float32)
        asked = self.words.transform(queries)
        asked.data = np.minimum(asked.data, 1)
        found: Any = asked @ self.weights.T
        return np.asarray(found.toarray(), dtype=np.float32)
