"""Items as vectors of what is known of them: texts, kinds, and numbers, each a block with its own weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from domains.recommendation.behaviour.blend import fit_weights, top_items
from domains.recommendation.content.table import refuse_lists
from domains.recommendation.text.encoder import TextEncoder
from domains.recommendation.text.lsa import join_columns
from domains.recommendation.text.packed import PackedTexts
from shared.checks import is_number
from shared.data.io.frames import as_pandas
from shared.data.schema import first_rows, missing_column
from shared.errors import DataError, HexadError, Problem, Problems, SettingsError, quote
from shared.runtime.array_of import ArrayOf
from shared.text import join_names
from shared.typing import Ints, Reals

__all__ = ["ItemSpace"]

TEXT = "text"
KNOTS = 8
BLOCK = 512
CANDIDATES = 60
MOST_LABELLED = 3000
# A column of kinds that differ in nearly every row names items, and says of none what it is like.
MOST_KINDS = 0.9
# What is told of two items: similarity of numbers (of one interval between quantiles, a fifth of it) and of texts.
CLOSE, ALIKE_TEXTS = 0.9, 0.5
MOST_SHARED = 3


@dataclass(frozen=True)
class _Kinds:
    """Values of a column of kinds, and how telling each is."""

    values: Any  # PackedTexts; an array in models of before
    rarity: Reals

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """Values, and a number each."""
        count = len(self.values)
        if len(set(self.values.tolist())) < count:
            raise ValueError("a kind is there twice")
        values = PackedTexts if isinstance(self.values, PackedTexts) else ArrayOf("a", (count,))
        return {"values": values, "rarity": ArrayOf("f", (count,), low=0, finite=True)}


class ItemSpace(BaseEstimator):  # type: ignore[misc]
    """How alike items are, by what is known of them.

    Texts are compared by `TextEncoder`. Columns of kinds are compared by their values, rare ones telling more than
    common ones; several values may stand in a cell. Numbers are near where they lie near among all others' quantiles.
    Similarity is the weighted sum of the blocks'.

    Parameters
    ----------
    text : str or sequence of str
        Columns of free text, joined.
    attributes : sequence of str, optional
        Columns of kinds and numbers; all others but the key where left out.
    key : str
        Column that names the items.
    separator : str, optional
        What stands between several kinds in a cell, as in ", ".
    weights : mapping of str to float, optional
        Weight of each block: "text", or the attribute's name; all 1 where left out, unless `fit` learns them.
    encoder : TextEncoder, optional

    Attributes
    ----------
    weights_ : dict of str to float
        They sum to 1.
    notes_ : list of str

    >>> films = pd.DataFrame({"item": ["a", "b", "c"], "genre": ["war", "war", "love"], "year": [1950, 1952, 2001]})
    >>> space = ItemSpace().fit(films)
    >>> space.similarity([0])[0].round(2).tolist()[1] > space.similarity([0])[0].tolist()[2]
    True
    """

    def __init__(
        self,
        text: str | Sequence[str] = (),
        *,
        attributes: Sequence[str] | None = None,
        key: str = "item",
        separator: str | None = None,
        weights: Mapping[str, float] | None = None,
        encoder: TextEncoder | None = None,
    ) -> None:
        self.text = text
        self.attributes = attributes
        self.key = key
        self.separator = separator
        self.weights = weights
        self.encoder = encoder

    def fit(self, items: Any, y: object = None) -> ItemSpace:
        """Learn values, quantiles and texts of a table with a row an item; and weights, where it is said what is alike.

        Parameters
        ----------
        items : frame
        y : array-like of shape (n_items,), optional
            A label a row: what has the same is alike. Rows whose label is missing are not learnt from.

        Raises
        ------
        DataError
            A column is missing, or nothing is left to compare.
        """
        from sklearn.base import clone

        table = self._check(items)
        self.notes_: list[str] = []
        self.encoder_ = None
        text = self._texts(table)
        vectors: dict[str, Any] = {}
        if text is not None:
            if not any(text):
                names = [self.text] if isinstance(self.text, str) else list(self.text)
                problem = Problem(f"no row holds a text in {quote(names)}", fix="Name another column: text=.")
                raise DataError("items", [problem])
            self.encoder_ = TextEncoder() if self.encoder is None else clone(self.encoder)
            vectors[TEXT] = self.encoder_.fit_transform(text)
            self.notes_ += self.encoder_.notes_
        self._learn_columns(table)
        vectors |= self._encode(table)
        if not vectors:
            problem = Problem("holds nothing that items can be compared by", fix="Name a column of text: text=.")
            raise DataError("items", [problem])
        self.weights_ = self._weights(list(vectors))
        if y is not None:
            self.weights_ = self._learn_weights(vectors, y)
        self._keep(vectors)
        return self

    def vectors(self, items: Any) -> Any:
        """Vectors of other items of the same columns; their products are similarities.

        Parameters
        ----------
        items : frame
            A column that is not there counts as empty in every row.

        Returns
        -------
        scipy sparse array, shape (n_items, n_features)

        Raises
        ------
        DataError
            None of the columns is there, or one holds text where numbers were learnt from.
        """
        check_is_fitted(self)
        table = self._check(items)
        self._check_learnt(table)
        found: dict[str, Any] = {}
        text = self._texts(table)
        if self.encoder_ is not None and text is not None:
            found[TEXT] = self.encoder_.transform(text)
        return self._stack(found | self._encode(table))

    def text_vectors(self, texts: Sequence[str]) -> Any:
        """Vectors of texts alone, to be compared with items.

        Parameters
        ----------
        texts : sequence of str

        Raises
        ------
        HexadError
            Items have no texts.
        """
        check_is_fitted(self)
        if self.encoder_ is None:
            raise HexadError("items have no texts to be searched; name their column: text=")
        return self.encoder_.transform(list(texts))

    def text_of(self, rows: ArrayLike) -> Reals:
        """Vectors of the texts of some items.

        Parameters
        ----------
        rows : array of int
            Of the table that was learnt from.

        Returns
        -------
        numpy.ndarray of float32, shape (n_rows, n_features)
        """
        check_is_fitted(self)
        for name, begin, stop in self.layout_:
            if name == TEXT and self.weights_[TEXT] > 0:
                part = self.matrix_[np.asarray(rows, dtype=np.int64)][:, begin:stop]
                return np.asarray(part.toarray() / np.sqrt(self.weights_[TEXT]), dtype=np.float32)
        raise HexadError("items have no texts to be searched; name their column: text=")

    def similarity(self, rows: Any, others: Any = None) -> Reals:
        """Similarity of some items to all, or to some others.

        Parameters
        ----------
        rows : array of int
            Of the table that was learnt from.
        others : array of int, optional

        Returns
        -------
        numpy.ndarray of float32, shape (n_rows, n_others)
        """
        check_is_fitted(self)
        right = self.matrix_ if others is None else self.matrix_[others]
        found = self.matrix_[np.asarray(rows, dtype=np.int64)] @ right.T
        return np.asarray(found.toarray() if hasattr(found, "toarray") else found, dtype=np.float32)

    def nearest(self, rows: Ints, among: Ints, most: int) -> tuple[Ints, Reals]:
        """The nearest of some items, block by block.

        Parameters
        ----------
        rows, among : array of int
        most : int
            Neighbours of each row, fewer where there are no more.

        Returns
        -------
        neighbours : numpy.ndarray of int, shape (n_rows, most)
            Places in `among`.
        similarity : numpy.ndarray of float32, shape (n_rows, most)
        """
        most = min(most, len(among))
        place, near = [], []
        for begin in range(0, len(rows), BLOCK):
            part = rows[begin : begin + BLOCK]
            found = self.similarity(part, among)
            found[np.asarray(part)[:, None] == np.asarray(among)[None, :]] = -np.inf
            best = top_items(found, most)
            place.append(best)
            near.append(np.take_along_axis(found, best, axis=1))
        if not place:
            return np.zeros((0, most), dtype=np.int64), np.zeros((0, most), dtype=np.float32)
        similar = np.concatenate(near)
        return np.concatenate(place), np.where(np.isfinite(similar), np.maximum(similar, 0.0), 0.0)

    def shared(self, first: int, second: int) -> list[str]:
        """What kinds two items have in common, as column and value, the most telling first; three at most.

        Parameters
        ----------
        first, second : int
            Rows of the table that was learnt from.
        """
        check_is_fitted(self)
        worth = self._row(first) * self._row(second)
        found = np.flatnonzero(worth > 0)
        found = found[np.argsort(-worth[found], kind="stable")]
        named = [self._name_of(int(place)) for place in found]
        return list(dict.fromkeys(f"{name} {value}" for name, value in named if value))[:MOST_SHARED]

    def tell(self, first: int, second: int) -> str:
        """What two items have in common, in words; empty where it is nothing that can be named.

        Kinds are the same; numbers are close where few items lie between them, and texts alike from a similarity of a
        half on.

        Parameters
        ----------
        first, second : int
            Rows of the table that was learnt from.

        >>> films = pd.DataFrame({"item": list("abc"), "genre": ["war", "war", "love"], "year": [1950, 1950, 2001]})
        >>> ItemSpace().fit(films).tell(0, 1)
        'same genre war; close in year'
        """
        told = [f"same {', '.join(kinds)}"] if (kinds := self.shared(first, second)) else []
        worth = self._row(first) * self._row(second)
        near = {
            name: float(worth[begin:stop].sum()) / self.weights_[name]
            for name, begin, stop in self.layout_
            if self.weights_[name] > 0
        }
        close = [name for name in self.knots_ if near.get(name, 0.0) >= CLOSE]
        told += [f"close in {join_names(close[:MOST_SHARED])}"] if close else []
        if self.encoder_ is not None and near.get(TEXT, 0.0) >= ALIKE_TEXTS:
            told.append("texts are alike")
        return "; ".join(told)

    def _row(self, number: int) -> Reals:
        span = slice(int(self.indptr_[number]), int(self.indptr_[number + 1]))
        found = np.zeros(self.layout_[-1][2])
        found[self.indices_[span]] = self.data_[span]
        return found

    def _name_of(self, place: int) -> tuple[str, str]:
        """Block of a feature, and its value where it is a kind."""
        for name, begin, stop in self.layout_:
            if begin <= place < stop:
                kinds = self.kinds_.get(name)
                return name, "" if kinds is None else str(kinds.values[place - begin])
        return "", ""

    def _check(self, items: object) -> pd.DataFrame:
        table = as_pandas(items, "items", copy=False)
        problems = Problems("items")
        text = [self.text] if isinstance(self.text, str) else list(self.text)
        if isinstance(self.attributes, str):
            raise SettingsError(f"attributes={self.attributes!r}: give a list, as in [{self.attributes!r}]")
        for name in [*text, *(self.attributes or ())]:
            if name not in table.columns:
                missing_column(name, [str(one) for one in table.columns], problems)
        refuse_lists(table, problems)
        if text and TEXT not in text and TEXT in (self.attributes or table.columns):
            problems.add(
                f"is the name by which the weight of {quote(text)} goes",
                column=TEXT,
                fix=f"Call the column otherwise: table.rename(columns={{{TEXT!r}: 'text_'}}).",
            )
        if len(table) == 0:
            problems.add("has no rows", fix="Give at least one item.")
        problems.raise_if_any()
        return table

    def _check_learnt(self, table: pd.DataFrame) -> None:
        """Refuse other items that have none of the columns, or text for numbers."""
        problems = Problems("items")
        learnt = [*self.kinds_, *self.knots_]
        if self.encoder_ is None and not set(learnt) & set(table.columns):
            problems.add(
                f"has none of the columns that items are compared by: {quote(learnt)}", fix="Give some of them."
            )
        for name in [one for one in self.knots_ if one in table.columns]:
            wrong = (pd.to_numeric(table[name], errors="coerce").isna() & table[name].notna()).to_numpy()
            if wrong.any():
                what = f"holds {quote(table[name][wrong].unique()[:3])}, and numbers were learnt from"
                rows, count = first_rows(wrong), int(wrong.sum())
                problems.add(what, column=name, rows=rows, count=count, fix="Give numbers, or leave the cells empty.")
        problems.raise_if_any()

    def _texts(self, table: pd.DataFrame) -> list[str] | None:
        names = [self.text] if isinstance(self.text, str) else list(self.text)
        if not names:
            return None
        columns = [["" if pd.isna(one) else str(one) for one in table[name]] for name in names]
        return join_columns(columns)

    def _learn_columns(self, table: pd.DataFrame) -> None:
        text = {self.text} if isinstance(self.text, str) else set(self.text)
        names = self.attributes
        if names is None:
            names = [name for name in table.columns if name != self.key and name not in text]
        self.kinds_: dict[str, _Kinds] = {}
        self.knots_: dict[str, Reals] = {}
        for name in names:
            column = table[name]
            if pd.api.types.is_datetime64_any_dtype(column.dtype):
                self.notes_.append(f"dates are not compared: {quote([name])}")
            elif pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
                values = column.to_numpy(dtype=float, na_value=np.nan)
                inside = values[np.isfinite(values)]
                knots = np.unique(np.quantile(inside, np.linspace(0, 1, KNOTS))) if len(inside) else inside
                if len(knots) > 1:
                    self.knots_[name] = knots
            else:
                self._learn_kinds(name, column, len(table))

    def _learn_kinds(self, name: str, column: pd.Series[Any], n_items: int) -> None:
        _, values = self._tokens(column)
        if not len(values):
            return
        kinds, codes = np.unique(values, return_inverse=True)
        shared = np.bincount(codes)
        if (
            self.attributes is None
            and n_items > CANDIDATES
            and len(kinds) > MOST_KINDS * n_items
            and self.separator is None
        ):
            self.notes_.append(f"{quote([name])} differs in nearly every row, so that it is not compared")
            return
        rarity = np.log(n_items / shared) / np.log(max(n_items, 2))
        self.kinds_[name] = _Kinds(PackedTexts.of(kinds.tolist()), rarity)

    def _tokens(self, column: pd.Series[Any]) -> tuple[Ints, Any]:
        """Kinds of every row as text, several where they are separated."""
        texts = ["" if pd.isna(one) else str(one).strip() for one in column]
        cells = [text.split(self.separator) if self.separator else [text] for text in texts]
        pairs = [(row, one.strip()) for row, cell in enumerate(cells) for one in dict.fromkeys(cell) if one.strip()]
        rows = np.array([row for row, _ in pairs], dtype=np.int64)
        values = np.empty(len(pairs), dtype=object)  # an array of text gives each the room of the longest
        values[:] = [one for _, one in pairs]
        return rows, values

    def _encode(self, table: pd.DataFrame) -> dict[str, Any]:
        """Blocks of kinds and numbers, sparse; a row's square sum is how telling its values are."""
        from scipy import sparse

        found: dict[str, Any] = {}
        for name, kinds in self.kinds_.items():
            if name not in table.columns:
                continue
            rows, values = self._tokens(table[name])
            place = pd.Index(kinds.values.tolist(), dtype=object).get_indexer(pd.Index(values, dtype=object))
            rows, place = rows[place >= 0], place[place >= 0]
            telling = kinds.rarity[place]
            squares = np.bincount(rows, weights=telling**2, minlength=len(table))
            means = np.bincount(rows, weights=telling, minlength=len(table)) / np.maximum(
                np.bincount(rows, minlength=len(table)), 1
            )
            factor = np.sqrt(means / np.maximum(squares, 1e-30))
            shape = (len(table), len(kinds.values))
            found[name] = sparse.csr_array(((telling * factor[rows]).astype(np.float32), (rows, place)), shape=shape)
        for name, knots in self.knots_.items():
            if name in table.columns:
                found[name] = _hats(table[name].to_numpy(dtype=float, na_value=np.nan), knots)
        return found

    def _weights(self, names: list[str]) -> dict[str, float]:
        given = dict(self.weights or {})
        if lost := [name for name in given if name not in names]:
            raise SettingsError(f"weights name {quote(lost)}; there are {quote(names)}")
        if wrong := [name for name, one in given.items() if not is_number(one, 0)]:
            raise SettingsError(f"weights of {quote(wrong)} are below 0 or no numbers")
        raw = {name: float(given.get(name, 0.0 if given else 1.0)) for name in names}
        total = sum(raw.values())
        if total == 0:
            raise SettingsError("weights are all zero")
        return {name: one / total for name, one in raw.items()}

    def _learn_weights(self, vectors: dict[str, Any], y: Any) -> dict[str, float]:
        """Weights by which rows of the same label lie nearest; candidates are drawn by equal weights, then by those."""
        labels = pd.factorize(pd.Series(list(y), dtype=object))[0]
        if len(labels) != next(iter(vectors.values())).shape[0]:
            raise DataError("items", [Problem(f"has {len(labels):,} labels", fix="Give one a row.")])
        rows = np.flatnonzero(labels >= 0)
        if len(np.unique(labels[rows])) < 2:
            raise DataError("items", [Problem("labels are all alike", fix="Give at least two different ones.")])
        rng = np.random.default_rng(0)
        asked = rows if len(rows) <= MOST_LABELLED else np.sort(rng.choice(rows, MOST_LABELLED, replace=False))
        names, weights = list(vectors), np.array([self.weights_[name] for name in vectors])
        for _ in range(2):
            columns, right, groups = [], [], []
            for begin in range(0, len(asked), BLOCK):
                part = asked[begin : begin + BLOCK]
                parts = [_product(vectors[name][part], vectors[name][rows]) for name in names]
                total = sum(weight * one for weight, one in zip(weights, parts, strict=True))
                total[part[:, None] == rows[None, :]] = -np.inf
                best = top_items(np.asarray(total), min(CANDIDATES, len(rows) - 1))
                at = np.repeat(np.arange(len(part)), best.shape[1])
                columns.append(np.stack([one[at, best.ravel()] for one in parts], axis=1))
                right.append(labels[rows[best.ravel()]] == labels[part[at]])
                groups.append(part[at])
            found, _ = fit_weights(
                np.concatenate(columns).astype(float), np.concatenate(right).astype(float), np.concatenate(groups), 1.0
            )
            if found.sum() > 0:
                weights = found / found.sum()
        return {name: float(weight) for name, weight in zip(names, weights, strict=True)}

    def _keep(self, vectors: dict[str, Any]) -> None:
        self.layout_ = []
        begin = 0
        for name, block in vectors.items():
            self.layout_.append((name, begin, begin + block.shape[1]))
            begin += block.shape[1]
        matrix = self._stack(vectors)
        self.data_, self.indices_, self.indptr_ = matrix.data, matrix.indices, matrix.indptr

    @property
    def matrix_(self) -> Any:
        """Vectors of the items learnt from; made of flat arrays, which are what travels."""
        from scipy import sparse

        shape = (len(self.indptr_) - 1, self.layout_[-1][2])
        return sparse.csr_array((self.data_, self.indices_, self.indptr_), shape=shape)

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays; checked when a model is loaded."""
        n_entries = len(self.data_)
        return {
            "data_": ArrayOf("f", (n_entries,), finite=True),
            "indices_": ArrayOf("i", (n_entries,), low=0, high=self.layout_[-1][2] - 1),
            "indptr_": ArrayOf("i", (None,), first=0, last=n_entries, increasing=True),
            "knots_": ArrayOf("f", (None,), increasing=True, finite=True),
        }

    def _stack(self, vectors: dict[str, Any]) -> Any:
        """Blocks side by side, each times the root of its weight; dense where texts are."""
        from scipy import sparse

        blocks = []
        for name, begin, stop in (
            self.layout_ if hasattr(self, "layout_") else [(n, 0, b.shape[1]) for n, b in vectors.items()]
        ):
            block = vectors.get(name)
            if block is None:
                rows = next(iter(vectors.values())).shape[0]
                block = sparse.csr_array((rows, stop - begin), dtype=np.float32)
            blocks.append(sparse.csr_array(block) * np.float32(np.sqrt(self.weights_[name])))
        return sparse.csr_array(sparse.hstack(blocks, format="csr", dtype=np.float32))


def _product(left: Any, right: Any) -> Reals:
    found = left @ right.T
    return np.asarray(found.toarray() if hasattr(found, "toarray") else found)


def _hats(values: Reals, knots: Reals) -> Any:
    """Numbers as shares of the two knots they lie between, of length one; not known ones as zeros."""
    from scipy import sparse

    known = np.isfinite(values)
    inside = np.clip(values[known], knots[0], knots[-1])
    upper = np.clip(np.searchsorted(knots, inside, side="right"), 1, len(knots) - 1)
    share = (inside - knots[upper - 1]) / (knots[upper] - knots[upper - 1])
    length = np.sqrt(share**2 + (1 - share) ** 2)
    rows = np.flatnonzero(known)
    data = np.concatenate([(1 - share) / length, share / length]).astype(np.float32)
    at = (np.concatenate([rows, rows]), np.concatenate([upper - 1, upper]))
    return sparse.csr_array((data, at), shape=(len(values), len(knots)))
