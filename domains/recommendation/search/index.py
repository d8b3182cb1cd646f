"""Search by meaning and by words: exact, filtered inside, and true to the model that made its vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from domains.recommendation.behaviour.blend import top_items
from domains.recommendation.search.lexical import WordIndex
from domains.recommendation.text.encoder import TextEncoder
from domains.recommendation.text.lsa import check_texts, unit_rows
from domains.recommendation.text.packed import PackedTexts
from shared.checks import is_whole
from shared.data.names import plain_names
from shared.errors import DataError, HexadError, MissingExtraError, Problem, SettingsError, StoreError, quote
from shared.result import OneLine
from shared.runtime.array_of import ArrayOf
from shared.typing import Bools, Ints, Reals

__all__ = ["SemanticIndex", "nearest_rows"]

QUERIES, ROWS = 64, 16_384
# Cormack, Clarke & Büttcher, "Reciprocal rank fusion", SIGIR 2009: ranks count as one over sixty and themselves.
FUSION = 60.0
MODES = ("both", "meaning", "words")
POOL = 200


def nearest_rows(vectors: Reals, queries: Reals, n: int, allowed: Bools | None = None) -> tuple[Ints, Reals]:
    """The rows with the largest products with each query, exactly, block by block.

    Parameters
    ----------
    vectors : array of float32, shape (n_rows, d)
    queries : array of float32, shape (n_queries, d)
    n : int
        Rows a query; fewer where fewer are allowed.
    allowed : array of bool, shape (n_rows,), optional
        Rows that may be found.

    Returns
    -------
    rows : numpy.ndarray of int64, shape (n_queries, n)
        The best first; of equal ones the first by number.
    products : numpy.ndarray of float32, shape (n_queries, n)

    >>> vectors = np.eye(3, dtype=np.float32)
    >>> nearest_rows(vectors, vectors[:1], 1, np.array([False, True, True]))[0].tolist()
    [[1]]
    """
    places = np.arange(len(vectors)) if allowed is None else np.flatnonzero(allowed)
    inside = vectors if allowed is None else vectors[places]
    n = min(n, len(places))
    rows: list[Ints] = []
    products: list[Reals] = []
    for begin in range(0, len(queries), QUERIES):
        asked = queries[begin : begin + QUERIES]
        if len(places) <= 2 * ROWS:
            found = asked @ inside.T
            best = top_items(found, n)
            rows.append(places[best])
            products.append(np.take_along_axis(found, best, axis=1))
            continue
        rows_of, value_of = _scan(inside, asked, n)
        rows.append(places[rows_of])
        products.append(value_of)
    if not rows:
        return np.zeros((0, n), dtype=np.int64), np.zeros((0, n), dtype=np.float32)
    return np.concatenate(rows), np.concatenate(products)


def _scan(vectors: Reals, asked: Reals, n: int) -> tuple[Ints, Reals]:
    """Go through many vectors: only what beats the n best so far of a query is looked at again."""
    best = np.zeros((len(asked), 0), dtype=np.int64)
    value = np.zeros((len(asked), 0), dtype=np.float32)
    for first in range(0, len(vectors), ROWS):
        found = asked @ vectors[first : first + ROWS].T
        if best.shape[1] < n:
            here = top_items(found, n)
            best = np.concatenate([best, here + first], axis=1)
            value = np.concatenate([value, np.take_along_axis(found, here, axis=1)], axis=1)
        else:
            row, column = np.nonzero(found > value[:, -1:])
            if len(row) == 0:
                continue
            width = int(np.bincount(row, minlength=len(asked)).max())
            extra = np.full((len(asked), width), -np.inf, dtype=np.float32)
            at = np.zeros((len(asked), width), dtype=np.int64)
            place = np.arange(len(row)) - np.searchsorted(row, row)
            extra[row, place], at[row, place] = found[row, column], column + first
            best, value = np.concatenate([best, at], axis=1), np.concatenate([value, extra], axis=1)
        order = np.argsort(-value, axis=1, kind="stable")[:, :n]
        best, value = np.take_along_axis(best, order, axis=1), np.take_along_axis(value, order, axis=1)
    return best, value


@dataclass(init=False, eq=False, repr=False)
class SemanticIndex(OneLine):
    """Texts that are found by meaning and by words.

    Ranks of both are fused. Filters act inside the search, so that a list is never shorter than what may be found.

    Parameters
    ----------
    encoder : TextEncoder, optional
        Fitted, or not; one of the default views where left out.

    Attributes
    ----------
    keys : numpy.ndarray
        Of the texts.
    vectors : numpy.ndarray of float32, shape (n_texts, n_features)

    >>> from domains.recommendation.text.encoder import TextEncoder
    >>> index = SemanticIndex(TextEncoder("words", n_factors=3))
    >>> index.add(["a", "b", "c"], ["dry red wine", "a sweet wine", "hard cheese"]).search("cheese", n=1)["key"].tolist()
    ['c']
    """

    encoder: TextEncoder
    keys: Any
    texts: Any
    vectors: Reals

    def __init__(self, encoder: TextEncoder | None = None) -> None:
        self.encoder = TextEncoder() if encoder is None else encoder
        self.keys: Any = np.zeros(0, dtype=str)
        self.texts: Any = PackedTexts.of([])
        self.vectors: Reals = np.zeros((0, 0), dtype=np.float32)
        self.words: WordIndex | None = None
        self.graph: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """Keys, texts and vectors; words are indexed anew where they are asked for, and the graph is built anew."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.words = None
        self.graph = None

    def add(self, keys: Sequence[Any], texts: Sequence[str], vectors: Reals | None = None) -> SemanticIndex:
        """Add texts; the first ones are what the encoder learns from, where it is not fitted.

        Parameters
        ----------
        keys : sequence
            Text or whole numbers, each once.
        texts : sequence of str
        vectors : array of shape (n_texts, n_features), optional
            Made by the same encoder before; worked out where left out.

        Raises
        ------
        DataError
            Keys repeat, or vectors are of another width or not finite.
        """
        given, names = check_texts(texts), plain_names(pd.Index(list(keys)), "keys")
        if len(given) != len(names):
            raise DataError("texts", [Problem(f"has {len(given):,} rows for {len(names):,} keys")])
        both = pd.Index(np.concatenate([self.keys.astype(object), names.astype(object)]))
        if both.has_duplicates:
            twice = both[both.duplicated()].unique()
            fix = "Remove the old text first, or give another key."
            raise DataError("keys", [Problem(f"{quote(twice[:3])} stand there already", count=len(twice), fix=fix)])
        if vectors is None:
            fitted = hasattr(self.encoder, "model_hash_")
            vectors = self.encoder.transform(given) if fitted else self.encoder.fit_transform(given)
        else:
            check_is_fitted(self.encoder)  # that it made them is what makes queries comparable
            vectors = self._check_vectors(vectors, len(names))
        first = len(self.keys) == 0
        self.keys = names if first else plain_names(both, "keys")
        self.texts = PackedTexts.of([*self.texts.tolist(), *given])
        self.vectors = np.ascontiguousarray(vectors if first else np.concatenate([self.vectors, vectors]))
        self.words = None
        self.graph = None
        return self

    def remove(self, keys: Sequence[Any]) -> SemanticIndex:
        """Take texts away.

        Parameters
        ----------
        keys : sequence

        Raises
        ------
        HexadError
            There is none of that key.
        """
        place = pd.Index(self.keys).get_indexer(pd.Index(list(keys)))
        if (place < 0).any():
            lost = [key for key, at in zip(keys, place, strict=True) if at < 0]
            raise HexadError(f"there is no text of the key {quote(lost)}")
        keep = np.ones(len(self.keys), dtype=bool)
        keep[place] = False
        self.texts = PackedTexts.of(text for text, stays in zip(self.texts.tolist(), keep, strict=True) if stays)
        self.keys, self.vectors = self.keys[keep], self.vectors[keep]
        self.words = None
        self.graph = None
        return self

    def search(
        self, query: str | Sequence[str], n: int = 10, *, mode: str = "both", allowed: object = None
    ) -> pd.DataFrame:
        """The texts that fit a query best.

        Parameters
        ----------
        query : str or sequence of str
        n : int
        mode : {"both", "meaning", "words"}
        allowed : array of bool, or sequence of keys, optional
            What may be found.

        Returns
        -------
        pandas.DataFrame
            Columns "query", "key", "rank", "score"; fewer rows where nothing more fits.

        Raises
        ------
        HexadError, SettingsError
        """
        if len(self.keys) == 0:
            raise HexadError("the index is empty; add texts first")
        if mode not in MODES or not is_whole(n):
            raise SettingsError(f"mode={mode!r}, n={n!r}: mode is one of {quote(MODES)}, n a whole number from 1 on")
        queries = [query] if isinstance(query, str) else check_texts(query, "queries")
        if not queries:
            raise HexadError("there is no query; give a text, or a list of texts")
        rows, scores = self.rank(queries, n, mode=mode, allowed=self._allowed(allowed))
        frames = []
        for text, row, score in zip(queries, rows, scores, strict=True):
            keep = np.isfinite(score)
            found = pd.DataFrame({"query": text, "key": self.keys[row[keep]], "score": score[keep].astype(float)})
            found.insert(2, "rank", np.arange(1, len(found) + 1))
            frames.append(found)
        return pd.concat(frames, ignore_index=True)

    def rank(self, queries: Sequence[str], n: int, *, mode: str, allowed: Bools | None) -> tuple[Ints, Reals]:
        """Rows of the best texts for each query, and their scores; minus infinity where nothing more fits.

        Parameters
        ----------
        queries : sequence of str
        n : int
        mode : {"both", "meaning", "words"}
        allowed : array of bool, optional
        """
        asked = list(queries)
        parts = [
            self._rank_block(asked[begin : begin + QUERIES], n, mode, allowed)
            for begin in range(0, max(len(asked), 1), QUERIES)
        ]
        return np.concatenate([rows for rows, _ in parts]), np.concatenate([scores for _, scores in parts])

    def _rank_block(self, queries: list[str], n: int, mode: str, allowed: Bools | None) -> tuple[Ints, Reals]:
        """Rank for so many queries that a score of every text fits into memory."""
        pool = n if mode == "meaning" else max(POOL, n)
        count = len(self.keys) if allowed is None else int(allowed.sum())
        pool = min(pool, count)
        fused = np.full((len(queries), len(self.keys)), -np.inf, dtype=np.float32)
        if mode != "words":
            asked = self.encoder.transform(queries)
            rows, products = nearest_rows(self.vectors, asked, pool, allowed)
            products = np.where(products > 0, products, -np.inf)
            if mode == "meaning":
                return rows, products
            self._fuse(fused, rows, products)
        if self.words is None:
            self.words = WordIndex(self.texts.tolist())
        lexical = self.words.score(queries)
        if allowed is not None:
            lexical[:, ~allowed] = 0.0
        rows = top_items(lexical, pool)
        value = np.take_along_axis(lexical, rows, axis=1)
        self._fuse(fused, rows, np.where(value > 0, value, -np.inf))
        best = top_items(fused, min(n, fused.shape[1]))
        return best, np.take_along_axis(fused, best, axis=1)

    @staticmethod
    def _fuse(fused: Reals, rows: Ints, values: Reals) -> None:
        """Add one over sixty and the rank, for what fits at all."""
        for number, (row, value) in enumerate(zip(rows, values, strict=True)):
            fits = np.isfinite(value)
            own = fused[number]
            gain = (1 / (FUSION + 1 + np.arange(len(row)))).astype(np.float32)[fits]
            own[row[fits]] = np.where(np.isfinite(own[row[fits]]), own[row[fits]], 0.0) + gain

    def build_graph(self) -> Any:
        """Build an approximate index of usearch over the vectors; `nearest` then takes it.

        It pays from hundreds of thousands of texts on, and many queries; measure its recall with `measure_recall`.

        Raises
        ------
        MissingExtraError
            usearch is not installed.
        """
        try:
            from usearch.index import Index
        except ImportError:
            raise MissingExtraError("usearch", "fast-search") from None
        graph = Index(ndim=self.vectors.shape[1], metric="ip", dtype="f16")
        graph.add(np.arange(len(self.vectors), dtype=np.uint64), self.vectors, threads=1)
        self.graph = graph
        return self

    def nearest(self, vectors: Reals, n: int = 10, *, exact: bool = True) -> tuple[Ints, Reals]:
        """Rows nearest to some vectors: exactly, or by the graph.

        Parameters
        ----------
        vectors : array of shape (n_queries, n_features)
        n : int
        exact : bool
            Whether every vector is looked at.
        """
        asked = self._check_vectors(vectors, len(vectors))
        if exact or self.graph is None:
            return nearest_rows(self.vectors, asked, n)
        found = self.graph.search(asked, n, threads=1)
        return np.asarray(found.keys, dtype=np.int64).reshape(len(asked), -1), 1 - np.asarray(found.distances).reshape(
            len(asked), -1
        )

    def measure_recall(self, n_queries: int = 200, n: int = 10) -> float:
        """Share of the true nearest that the graph finds, for some of the texts.

        Parameters
        ----------
        n_queries, n : int
        """
        step = max(len(self.vectors) // n_queries, 1)
        asked = self.vectors[::step][:n_queries]
        exact, _ = self.nearest(asked, n)
        found, _ = self.nearest(asked, n, exact=False)
        return float(np.mean([np.isin(a, b).mean() for a, b in zip(exact, found, strict=True)]))

    def _allowed(self, allowed: object) -> Bools | None:
        if allowed is None:
            return None
        given = np.asarray(list(allowed) if isinstance(allowed, Set | Mapping) else allowed)
        if given.dtype == bool:
            if given.shape != (len(self.keys),):
                raise HexadError(f"a mask of {given.size:,} values is given for {len(self.keys):,} texts")
            found: Bools = given
        else:
            found = np.isin(self.keys, given)
        if not found.any():
            raise HexadError("no text may be found: the filter lets nothing through")
        return found

    def _check_vectors(self, vectors: object, count: int) -> Reals:
        try:
            given = np.asarray(vectors, dtype=np.float32)
        except (TypeError, ValueError):
            raise DataError("vectors", [Problem("are no numbers", fix=f"Give {count:,} rows of numbers.")]) from None
        if given.ndim != 2 or len(given) != count:
            raise DataError(
                "vectors", [Problem(f"have the shape {given.shape}", fix=f"Give {count:,} rows of numbers.")]
            )
        if not np.isfinite(given).all():
            wrong = np.flatnonzero(~np.isfinite(given).all(axis=1))
            raise DataError(
                "vectors",
                [Problem("hold what is no finite number", rows=tuple((wrong[:5] + 1).tolist()), count=len(wrong))],
            )
        if len(self.keys) and given.shape[1] != self.vectors.shape[1]:
            raise StoreError(
                f"vectors have {given.shape[1]} numbers, those of the index {self.vectors.shape[1]}: they are of"
                " another model"
            )
        return unit_rows(given)

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of its arrays; checked when a model is loaded."""
        count = len(self.keys)
        if len(self.texts) != count:
            raise ValueError(f"there are {len(self.texts):,} texts of {count:,} keys")
        return {
            "keys": ArrayOf("a", (count,), unique=True),
            "texts": PackedTexts if isinstance(self.texts, PackedTexts) else ArrayOf("a", (count,)),  # of before
            "vectors": ArrayOf("f", (count, None), finite=True),
        }
