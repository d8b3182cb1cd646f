"""Incidence: which rows hold which items, in flat arrays. It is made here and nowhere else.

Rows are baskets (or users), items are what they hold (or what users chose). It is a sparse matrix of zeros and ones,
with weights where there are quantities, that knows its names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from shared.checks import is_whole
from shared.data.columns import BasketColumns, InteractionColumns
from shared.data.incidence_checks import Entries, Missing, Returns, from_sequences, from_table, pick_rows
from shared.data.incidence_matrix import from_matrix
from shared.data.interactions import read_visits
from shared.data.io.frames import as_pandas
from shared.errors import HexadError, quote
from shared.result import Tabular
from shared.text import count_of, sentences
from shared.typing import Codes, Floats, Ints

__all__ = ["BasketColumns", "Incidence"]


@dataclass(frozen=True, eq=False, repr=False)
class Incidence(Tabular):
    """Rows that hold items, each at most once, in flat arrays.

    Attributes
    ----------
    indptr : numpy.ndarray of int64, shape (n_rows + 1,)
        Entries of row i are ``indptr[i]:indptr[i + 1]``.
    codes : numpy.ndarray of int32, shape (n_entries,)
        Numbers of the items in `items`, ascending and different within a row.
    items : pandas.Index
        Names of the items, sorted; the user's own type.
    keys : pandas.Index
        Keys of the rows.
    weights : numpy.ndarray of float64, shape (n_entries,), optional
        Quantities, summed where an item stood in a row more than once.
    times : pandas.Index, optional
        Time of each row; rows are then in the order of time.
    customers : numpy.ndarray of int32, shape (n_rows,), optional
        Number of each row's customer in `customer_keys`; -1 for guests.
    customer_keys : pandas.Index, optional
    columns : BasketColumns
        The user's column names.
    notes : tuple of str
        What was found and done on the way in.

    >>> baskets = Incidence.from_lists([["milk", "bread"], ["milk"], []])
    >>> baskets.n_rows, baskets.n_items, baskets.counts.tolist()
    (3, 2, [1, 2])
    """

    indptr: Ints
    codes: Codes
    items: pd.Index[Any]
    keys: pd.Index[Any]
    weights: Floats | None = None
    times: pd.Index[Any] | None = None
    customers: Codes | None = None
    customer_keys: pd.Index[Any] | None = None
    columns: BasketColumns = field(default_factory=BasketColumns)
    notes: tuple[str, ...] = ()

    @classmethod
    def from_frame(
        cls,
        frame: object,
        columns: BasketColumns | None = None,
        *,
        returns: Returns = "refuse",
        cancelled: str | Sequence[str] | None = None,
        missing: Missing = "refuse",
        strip: bool = False,
        largest: int | None = None,
        source: str = "basket table",
    ) -> Incidence:
        """Read a long table, a row an item in an order.

        An item that stands in an order several times counts once; its quantities are summed.

        Parameters
        ----------
        frame : frame
            Long table: pandas, Polars or Arrow; left unchanged. Orders keep the order in which they first come, or
            that of their times.
        columns : BasketColumns, optional
            Its column names.
        returns : {"refuse", "drop", "net"}
            What becomes of quantities of zero or less: an error, left out, or set off against the purchases of the
            same item in the same order.
        cancelled : str or sequence of str, optional
            Beginnings of the keys of cancelled orders, as in "C"; they are left out.
        missing : {"refuse", "drop"}
            What becomes of rows without an order, an item or a quantity. With "drop", orders without a customer are
            kept as those of guests.
        strip : bool
            Whether outer blanks are taken off the names of items.
        largest : int, optional
            Baskets of more different items are left out.
        source : str
            What the table is called in errors.

        Raises
        ------
        DataError
            Listing every problem.

        >>> table = pd.DataFrame({"order": [7, 7, 8], "item": ["tea", "milk", "tea"]})
        >>> Incidence.from_frame(table).to_lists()
        [['milk', 'tea'], ['tea']]
        """
        columns = BasketColumns() if columns is None else columns
        if not isinstance(columns, BasketColumns):
            raise HexadError(f"columns={columns!r} are no BasketColumns; write BasketColumns(order=..., item=...)")
        table = as_pandas(frame, source, copy=False)
        entries, times, customers, names = from_table(
            table, columns, returns=returns, cancelled=cancelled, missing=missing, strip=strip, source=source
        )
        made = cls._pack(entries, largest, drop_empty=False)
        kept = made.keys.get_indexer(entries.keys) >= 0 if made.n_rows < entries.n_rows else slice(None)
        return replace(
            made,
            times=None if times is None else times[kept],
            customers=None if customers is None else customers[kept],
            customer_keys=names,
            columns=columns,
        )

    @classmethod
    def from_lists(
        cls,
        lists: Iterable[Iterable[Any]],
        *,
        keys: object = None,
        missing: Missing = "refuse",
        drop_empty: bool = False,
        largest: int | None = None,
        source: str = "baskets",
    ) -> Incidence:
        """Read a list of items a basket.

        Parameters
        ----------
        lists : iterable of iterables
            Items of each basket, all of one type: text or whole numbers.
        keys : array-like, optional
            Keys of the baskets; they are numbered from 1 where left out.
        missing : {"refuse", "drop"}
            What becomes of missing items.
        drop_empty : bool
            Whether empty baskets are left out; they count among all baskets where not.
        largest : int, optional
            Baskets of more different items are left out.
        source : str
            What the lists are called in errors.

        Raises
        ------
        DataError
            Baskets that are text, items that are missing or of several types, keys that repeat.

        >>> Incidence.from_lists([["b", "a", "b"]]).notes
        ('1 item that stands in its basket again was counted once',)
        """
        return cls._pack(from_sequences(lists, keys, missing=missing, source=source), largest, drop_empty=drop_empty)

    @classmethod
    def from_onehot(
        cls,
        matrix: object,
        *,
        items: object = None,
        returns: Returns = "refuse",
        drop_empty: bool = False,
        largest: int | None = None,
        source: str = "basket matrix",
    ) -> Incidence:
        """Read a matrix with a row a basket and a column an item, dense or sparse; counts are taken as presence.

        Parameters
        ----------
        matrix : pandas.DataFrame or scipy sparse matrix
            Zeros and ones, truth values, or counts.
        items : array-like, optional
            Names of the columns, where they are not a frame's own.
        returns : {"refuse", "drop"}
            What becomes of negative counts.
        drop_empty, largest, source
            See `from_lists`.

        Raises
        ------
        DataError

        >>> frame = pd.DataFrame({"tea": [True, False], "milk": [True, True]})
        >>> Incidence.from_onehot(frame).to_lists()
        [['milk', 'tea'], ['milk']]
        """
        return cls._pack(from_matrix(matrix, items, returns=returns, source=source), largest, drop_empty=drop_empty)

    @classmethod
    def from_interactions(
        cls,
        frame: object,
        columns: InteractionColumns | None = None,
        *,
        missing: Missing = "refuse",
        source: str = "interactions",
    ) -> Incidence:
        """Read a long table of who did what: a row is then a visit, one user at one time; without times, a user.

        What stands there several times is summed. Visits name their users as baskets name their customers.

        Parameters
        ----------
        frame : frame
            Long table: pandas, Polars or Arrow; left unchanged.
        columns : InteractionColumns, optional
            Its column names.
        missing : {"refuse", "drop"}
            What becomes of rows without a user, an item, a rating or a time.
        source : str
            What the table is called in errors.

        Raises
        ------
        DataError
            Listing every problem.

        >>> table = pd.DataFrame({"user": ["ann", "bob", "ann"], "item": ["tea", "tea", "milk"]})
        >>> Incidence.from_interactions(table).to_lists()
        [['milk', 'tea'], ['tea']]
        """
        found = read_visits(as_pandas(frame, source, copy=False), columns, missing=missing, source=source)
        named = found.columns
        return cls(
            found.indptr,
            found.codes,
            found.items,
            pd.RangeIndex(1, len(found.indptr)),
            found.weights,
            found.times,
            found.users,
            found.user_keys,
            BasketColumns("visit", named.item, named.rating, named.timestamp, named.user),
            found.notes,
        )

    @classmethod
    def _pack(cls, entries: Entries, largest: int | None, *, drop_empty: bool) -> Incidence:
        """Sort entries by row and item, join repeated ones, and apply what was declared of empty and large rows."""
        n_items = max(len(entries.items), 1)
        pair = entries.rows * n_items + entries.codes
        if entries.weights is None:
            distinct = np.unique(pair)
            weights: Any = None
        else:
            distinct, group = np.unique(pair, return_inverse=True)
            weights = np.bincount(group, weights=entries.weights, minlength=len(distinct))
        told = list(entries.notes)
        if repeated := len(pair) - len(distinct):
            what = (
                "item that stands in its basket again was"
                if repeated == 1
                else "items that stand in their baskets again were"
            )
            told.append(f"{repeated:,} {what} counted once")
        rows, codes = distinct // n_items, (distinct % n_items).astype(np.int32)
        sizes = np.bincount(rows, minlength=entries.n_rows)
        made = cls(
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), codes, entries.items, entries.keys, weights
        )
        keep = np.ones(entries.n_rows, dtype=bool)
        if largest is not None:
            if not is_whole(largest):
                raise HexadError(f"largest={largest!r} is no whole number from 1 on")
            large = sizes > largest
            keep &= ~large
            if large.any():
                told.append(f"{int(large.sum()):,} baskets of more than {largest:,} items were left out")
        if empty := int((sizes == 0).sum()):
            keep &= (sizes > 0) | (not drop_empty)
            told.append(
                f"{empty:,} {'basket is' if empty == 1 else 'baskets are'} empty and "
                + ("left out" if drop_empty else f"counted among the {entries.n_rows:,}")
            )
        if alike := _alike(entries.items):
            told.append(
                f"{len(alike)} item names differ from others only in case or outer blanks: {quote(alike)} (strip=True"
                " takes blanks off)"
            )
        return replace(made if keep.all() else made.take(np.flatnonzero(keep)), notes=tuple(told))

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.indptr) - 1

    @property
    def n_items(self) -> int:
        """Number of items in the vocabulary, those of no row included."""
        return len(self.items)

    @cached_property
    def sizes(self) -> Ints:
        """Number of items of each row."""
        return np.diff(self.indptr)

    @cached_property
    def counts(self) -> Ints:
        """Number of rows that hold each item."""
        return np.bincount(self.codes, minlength=self.n_items)

    @cached_property
    def rows(self) -> Ints:
        """Row of every entry."""
        return np.repeat(np.arange(self.n_rows), self.sizes)

    def take(self, rows: ArrayLike) -> Incidence:
        """Keep some rows, by number or by a mask; the vocabulary stays.

        Parameters
        ----------
        rows : array of int or of bool
            Positions of the rows, in the order wanted, or whether to keep each.

        >>> Incidence.from_lists([["a"], ["b"]]).take([1]).to_lists()
        [['b']]
        """
        chosen = pick_rows(rows, self.n_rows)
        sizes = self.sizes[chosen]
        indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        entries = np.repeat(self.indptr[chosen] - indptr[:-1], sizes) + np.arange(indptr[-1])
        return replace(
            self,
            indptr=indptr,
            codes=self.codes[entries],
            keys=self.keys[chosen],
            weights=None if self.weights is None else self.weights[entries],
            times=None if self.times is None else self.times[chosen],
            customers=None if self.customers is None else self.customers[chosen],
            notes=(),
        )

    def reindex_items(self, items: Any) -> Incidence:
        """Bring the rows to another vocabulary; items it does not know are left out and told.

        Parameters
        ----------
        items : sequence
            The vocabulary, in the order wanted.

        >>> Incidence.from_lists([["a", "b"]]).reindex_items(["b", "c"]).to_lists()
        [['b']]
        """
        names = pd.Index(items)
        place = names.get_indexer(self.items)
        codes = place[self.codes]
        keep = codes >= 0
        unknown = np.unique(self.codes[~keep])
        told: tuple[str, ...] = ()
        if len(unknown):
            verb, what = ("is", "item") if len(unknown) == 1 else ("are", "items")
            told = (
                f"{len(unknown):,} {what} {verb} not known, and {count_of(int((~keep).sum()), 'entry', 'entries')} left"
                f" out: {quote(self.items[unknown])}",
            )
        entries = Entries(
            self.rows[keep],
            codes[keep].astype(np.int64),
            self.n_rows,
            names,
            self.keys,
            None if self.weights is None else self.weights[keep],
        )
        made = self._pack(entries, None, drop_empty=False)
        return replace(
            made,
            times=self.times,
            customers=self.customers,
            customer_keys=self.customer_keys,
            columns=self.columns,
            notes=told,
        )

    def map_items(self, names: Mapping[Any, Any] | pd.Series[Any]) -> Incidence:
        """Put every item under another name, such as its category; items without one are left out and told.

        Parameters
        ----------
        names : mapping or pandas.Series
            From an item's name to the new one; several items may share it.

        >>> baskets = Incidence.from_lists([["beer", "wine"], ["tea"]])
        >>> baskets.map_items({"beer": "alcohol", "wine": "alcohol", "tea": "hot drinks"}).to_lists()
        [['alcohol'], ['hot drinks']]
        """
        found = pd.Series(list(self.items)).map(dict(names) if not isinstance(names, pd.Series) else names.to_dict())
        codes, kinds = pd.factorize(found, sort=True)
        new = np.asarray(codes, dtype=np.int64)[self.codes]
        keep = new >= 0
        entries = Entries(self.rows[keep], new[keep], self.n_rows, pd.Index(kinds), self.keys)
        made = self._pack(entries, None, drop_empty=False)
        told = () if keep.all() else (f"{int((~keep).sum()):,} entries of items without a name were left out",)
        return replace(
            made,
            times=self.times,
            customers=self.customers,
            customer_keys=self.customer_keys,
            columns=self.columns,
            notes=told,
        )

    def item_codes(self, items: Iterable[Any]) -> Ints:
        """Numbers of items by their names.

        Parameters
        ----------
        items : iterable
            Names of items.

        Raises
        ------
        HexadError
            Naming those that no row could hold.

        >>> Incidence.from_lists([["a", "b"]]).item_codes(["b"]).tolist()
        [1]
        """
        return encode_items(self.items, items)

    def to_lists(self) -> list[list[Any]]:
        """Names of the items of every row."""
        names = self.items.to_numpy(dtype=object)[self.codes]
        return [list(part) for part in np.split(names, self.indptr[1:-1])] if self.n_rows else []

    def to_frame(self) -> pd.DataFrame:
        """Long table in the user's column names; rows without items are not in it.

        >>> Incidence.from_lists([["a"]], keys=["x"]).to_frame().to_dict("list")
        {'order': ['x'], 'item': ['a']}
        """
        columns = self.columns
        frame: dict[str, Any] = {columns.order: self.keys[self.rows], columns.item: self.items[self.codes]}
        if self.weights is not None:
            frame[columns.quantity or "quantity"] = self.weights
        if self.times is not None:
            frame[columns.time or "time"] = self.times[self.rows]
        if self.customers is not None and self.customer_keys is not None:
            names = self.customer_keys.take(np.maximum(self.customers, 0)).where(self.customers >= 0)
            frame[columns.customer or "customer"] = names[self.rows]
        return pd.DataFrame(frame)

    def to_sparse(self) -> Any:
        """Zeros and ones as a scipy matrix in compressed rows, of float64.

        >>> Incidence.from_lists([["a"], ["a", "b"]]).to_sparse().shape
        (2, 2)
        """
        from scipy.sparse import csr_array

        return csr_array((np.ones(len(self.codes)), self.codes, self.indptr), shape=(self.n_rows, self.n_items))

    def to_onehot(self) -> pd.DataFrame:
        """Truth values with a row a basket and a column an item, as mlxtend takes them; dense.

        >>> Incidence.from_lists([["a"], ["b"]]).to_onehot().to_numpy().tolist()
        [[True, False], [False, True]]
        """
        dense = np.zeros((self.n_rows, self.n_items), dtype=bool)
        dense[self.rows, self.codes] = True
        return pd.DataFrame(dense, index=self.keys, columns=self.items)

    def describe(self) -> str:
        """Say in a sentence what it holds, and what was done on the way in.

        >>> Incidence.from_lists([["a"], ["a", "b"]]).describe()
        '2 baskets hold 3 entries of 2 items; a basket holds 1.5 on average, up to 2.'
        """
        mean = len(self.codes) / self.n_rows if self.n_rows else 0.0
        text = (
            f"{self.n_rows:,} baskets hold {len(self.codes):,} entries of {int((self.counts > 0).sum()):,} items; "
            f"a basket holds {mean:.1f} on average, up to {int(self.sizes.max(initial=0)):,}."
        )
        return f"{text} {sentences(self.notes)}".rstrip()

    def __repr__(self) -> str:
        return f"Incidence({self.n_rows:,} rows, {self.n_items:,} items, {len(self.codes):,} entries)"


def encode_items(names: pd.Index[Any], items: Iterable[Any]) -> Ints:
    """Numbers of items in a vocabulary.

    >>> encode_items(pd.Index(["milk", "tea"]), ["mlk"])
    Traceback (most recent call last):
    ...
    shared.errors.HexadError: there is no item 'mlk'; did you mean 'milk'?
    """
    import difflib

    wanted = [items] if isinstance(items, str) or not hasattr(items, "__iter__") else list(items)
    if wrong := [one for one in wanted if isinstance(one, list | set | dict)]:
        raise HexadError(f"items are given as lists: {quote(wrong)}; give single items")
    place = names.get_indexer(pd.Index(wanted, dtype=names.dtype if not wanted else None))
    lost = [one for one, found in zip(wanted, place, strict=True) if found < 0]
    if lost:
        kinds = type(lost[0]).__name__, type(names[0]).__name__ if len(names) else ""
        near = difflib.get_close_matches(str(lost[0]), [str(name) for name in names[:5000]], n=1)
        hint = f"; did you mean {quote(near)}?" if near else ""
        if near == [str(lost[0])]:
            hint = f"; it is of type {kinds[0]}, the items are of type {kinds[1]}"
        raise HexadError(f"there is no item {quote(lost)}{hint}")
    return np.asarray(place, dtype=np.int64)


def _alike(items: pd.Index[Any]) -> list[str]:
    """Names that differ from another only in case or outer blanks."""
    if len(items) == 0 or not isinstance(items[0], str):
        return []
    folded = pd.Series(list(items)).str.strip().str.casefold()
    return [str(items[int(place)]) for place in np.flatnonzero(folded.duplicated(keep=False).to_numpy())]
