"""Itemsets: what is bought together and how often, in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from shared.reporting.figures import Figure


from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from domains.basket.mining.tree import Tree
from domains.basket.names import as_lists, format_set, percent
from shared.checks import is_whole
from shared.data import Incidence
from shared.data.incidence_checks import pick_rows
from shared.errors import HexadError
from shared.result import Result
from shared.runtime.export import write_table
from shared.typing import Codes, Floats, Ints

__all__ = ["Itemsets"]

Kind = Literal["all", "closed", "maximal"]


@dataclass(frozen=True, eq=False, repr=False)
class Itemsets(Result):
    """Sets of items and the number of baskets that hold each, in flat arrays.

    Attributes
    ----------
    indptr : numpy.ndarray of int64, shape (n_sets + 1,)
        Items of set i are ``codes[indptr[i]:indptr[i + 1]]``.
    codes : numpy.ndarray of int32
        Numbers of the items in `items`, within a set the rarest first.
    counts : numpy.ndarray of int32, shape (n_sets,)
        Number of baskets that hold each set.
    baskets : Incidence
        What they were mined from.
    min_count : int
        Least number of baskets.
    kind : {"all", "closed", "maximal"}
    max_length : int, optional
        Largest number of items asked for.
    with_items, without_items : tuple, optional
        What was asked for.
    tree : Tree, optional
        The same sets as a tree, where there are all of them.

    >>> from domains.basket import frequent_itemsets
    >>> sets = frequent_itemsets([["milk", "bread"], ["milk"], ["milk", "bread"]], min_support=2)
    >>> [(sets.names(k), int(sets.counts[k])) for k in range(len(sets))]
    [(('bread',), 2), (('bread', 'milk'), 2), (('milk',), 3)]
    """

    indptr: Ints
    codes: Codes
    counts: Codes
    baskets: Incidence
    min_count: int
    kind: Kind = "all"
    max_length: int | None = None
    with_items: tuple[Any, ...] | None = None
    without_items: tuple[Any, ...] | None = None
    tree: Tree | None = None

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def items(self) -> pd.Index[Any]:
        """Names of the items."""
        return self.baskets.items

    @property
    def n_baskets(self) -> int:
        """Number of baskets, empty ones included."""
        return self.baskets.n_rows

    @property
    def lengths(self) -> Ints:
        """Number of items of each set."""
        return np.diff(self.indptr)

    @property
    def support(self) -> Floats:
        """Share of the baskets that hold each set."""
        return self.counts / max(self.n_baskets, 1)

    @cached_property
    def is_complete(self) -> bool:
        """Whether every subset of a set is there, too, up to what was asked for."""
        return self.kind == "all" and self.with_items is None

    def names(self, number: int) -> tuple[Any, ...]:
        """Names of the items of one set.

        Parameters
        ----------
        number : int
            Position of the set, from 0.

        >>> from domains.basket import frequent_itemsets
        >>> frequent_itemsets([["a", "b"]], min_support=1).names(1)
        ('a', 'b')
        """
        number = int(pick_rows([number], len(self))[0])
        return tuple(self.items[self.codes[self.indptr[number] : self.indptr[number + 1]]])

    def take(self, chosen: ArrayLike) -> Itemsets:
        """Keep some sets, by number or by a mask.

        Parameters
        ----------
        chosen : array of int or of bool
            Positions of the sets, in the order wanted, or whether to keep each.
        """
        chosen = pick_rows(chosen, len(self))
        lengths = self.lengths[chosen]
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        places = np.repeat(self.indptr[chosen] - indptr[:-1], lengths) + np.arange(indptr[-1])
        return replace(self, indptr=indptr, codes=self.codes[places], counts=self.counts[chosen], tree=None)

    def top(self, n: int = 10, *, min_length: int = 1) -> pd.DataFrame:
        """Table of the most frequent sets of at least `min_length` items.

        Parameters
        ----------
        n : int
            Rows at most.
        min_length : int
            Items that a set has at least.

        >>> from domains.basket import frequent_itemsets
        >>> frequent_itemsets([["a", "b"], ["b"]], min_support=1).top(1)["count"].tolist()
        [2]
        """
        if not is_whole(n, 0):
            raise HexadError(f"n={n!r} is no whole number from 0 on")
        fits = np.flatnonzero(self.lengths >= min_length)
        best = fits[np.argsort(-self.counts[fits], kind="stable")[:n]]
        return self.take(best).to_frame()

    def containing(self, items: Iterable[Any]) -> Itemsets:
        """Keep the sets that hold all of the given items.

        Parameters
        ----------
        items : iterable
            Names of items; a name that no basket could hold is refused.

        >>> from domains.basket import frequent_itemsets
        >>> len(frequent_itemsets([["a", "b"], ["b"]], min_support=1).containing(["a"]))
        2
        """
        keep = np.ones(len(self), dtype=bool)
        rows = np.repeat(np.arange(len(self)), self.lengths)
        for code in self.baskets.item_codes(items):
            keep &= np.bincount(rows[self.codes == code], minlength=len(self)) > 0
        return self.take(keep)

    def to_frame(self) -> pd.DataFrame:
        """Table with a row a set: its items as a list (Arrow), length, count and support; in the miner's order.

        The names are a dictionary that all rows share, so that the table costs little more than the numbers. pandas
        writes such a column to Parquet, but cannot read it back; for files use `export`.
        """
        return pd.DataFrame(
            {
                "itemset": as_lists(self.indptr, self.codes, self.items),
                "length": self.lengths.astype(np.int16),
                "count": self.counts,
                "support": self.support,
            },
            copy=False,
        )

    def export(self, path: str | Path) -> None:
        """Write a table for people: a .csv or .parquet with the items of each set as text.

        Parameters
        ----------
        path : str or Path
            Ends in .csv or .parquet; a file there is replaced, whole or not at all.

        >>> import tempfile
        >>> from domains.basket import frequent_itemsets
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     frequent_itemsets([["b", "a"]], min_support=1).export(Path(folder) / "sets.csv")
        ...     (Path(folder) / "sets.csv").read_text().splitlines()[2]
        '"a, b",2,1,1.0'
        """
        frame = self.to_frame()
        frame["itemset"] = [format_set(names, longest=200) for names in frame["itemset"]]
        write_table(frame, Path(path))

    def to_mlxtend(self) -> pd.DataFrame:
        """Table as mlxtend's functions give it: support, and a frozenset a row.

        >>> from domains.basket import frequent_itemsets
        >>> frequent_itemsets([["a"]], min_support=1).to_mlxtend().to_dict("list")
        {'support': [1.0], 'itemsets': [frozenset({'a'})]}
        """
        names = self.items.to_numpy(dtype=object)[self.codes]
        sets = np.empty(len(self), dtype=object)
        for number in range(len(self)):
            sets[number] = frozenset(names[self.indptr[number] : self.indptr[number + 1]])
        return pd.DataFrame({"support": self.support, "itemsets": sets})

    def plot(self, n: int = 15, *, min_length: int = 2) -> Figure:
        """Bars of the most frequent sets.

        Parameters
        ----------
        n : int
            Sets to draw at most.
        min_length : int
            Items that a set has at least.
        """
        from shared.reporting.charts import bar_figure

        table = self.top(n, min_length=min_length)
        bars = {
            format_set(names): 100 * support for names, support in zip(table["itemset"], table["support"], strict=True)
        }
        return bar_figure(
            bars,
            x_label="share of baskets, %",
            alt=f"Bars of the {len(bars)} most frequent sets of items.",
            caption=f"The most frequent sets of at least {min_length} items.",
        )

    def explain(self) -> str:
        """Say in plain sentences what was found.

        >>> from domains.basket import frequent_itemsets
        >>> print(frequent_itemsets([["a", "b"], ["a"]], min_support=2).explain())
        1 set of items is in at least 2 of 2 baskets (100 %). None has more than one item.
        """
        share = percent(self.min_count, max(self.n_baskets, 1))
        what = "" if self.kind == "all" else f"{self.kind} "
        many = "set" if len(self) == 1 else "sets"
        text = (
            f"{len(self):,} {what}{many} of items {'is' if len(self) == 1 else 'are'} in at least {self.min_count:,} of"
            f" {self.n_baskets:,} baskets ({share} %)."
        )
        if len(self) == 0:
            return f"{text} {self._hint()}"
        longest = int(self.lengths.max())
        if longest == 1:
            return f"{text} None has more than one item."
        best = self.top(1, min_length=2)
        pair = format_set(best["itemset"].iloc[0])
        return (
            f"{text} The longest has {longest} items. Most often together: {pair}, in "
            f"{int(best['count'].iloc[0]):,} baskets ({percent(int(best['count'].iloc[0]), self.n_baskets)} %)."
        )

    def _hint(self) -> str:
        most = int(self.baskets.counts.max(initial=0))
        if most == 0:
            return "The baskets are empty."
        name = self.items[int(self.baskets.counts.argmax())]
        if most < self.min_count:
            return f"The most frequent item, {format_set([name])}, is in {most:,}: lower min_support to that or less."
        return "Nothing fits what was asked for: look at with_items, without_items and min_support."

    def preview(self) -> pd.DataFrame:
        """Return what a notebook shows: the most frequent sets."""
        return self.top(10)

    def count_rows(self) -> int:
        """Count the rows of the whole table, without making it."""
        return len(self)

    def __repr__(self) -> str:
        return f"Itemsets({len(self):,} {self.kind}, in at least {self.min_count:,} of {self.n_baskets:,} baskets)"
