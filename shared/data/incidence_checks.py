"""The door of an incidence: rows, lists or a matrix become entries (row, item), checked as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Literal

import numpy as np
import pandas as pd

from shared.data.columns import BasketColumns
from shared.data.schema import first_rows, missing_column
from shared.errors import Argument, Fix, HexadError, Problems, quote, shorten
from shared.typing import Bools, Codes, Floats, Ints

Returns = Literal["refuse", "drop", "net"]
Missing = Literal["refuse", "drop"]
MAX_ITEMS = 2**31 - 1
WITHOUT_CUSTOMER = Fix(
    "Fill them in, or pass ", Argument("missing", "drop"), " to keep their baskets without a customer."
)
KIND_NAMES = {"str": "text", "int": "whole numbers", "float": "numbers", "bool": "truth values"}


@dataclass
class Entries:
    """Entries of an incidence in the making; `rows` and `codes` may repeat and stand in any order.

    Attributes
    ----------
    rows : numpy.ndarray of int64
        Number of the row (basket) of each entry.
    codes : numpy.ndarray of int64
        Number of its item in `items`.
    n_rows : int
    items, keys : pandas.Index
        Names of the items, and keys of the rows.
    weights : numpy.ndarray of float64, optional
    notes : list of str
        What was found and done.
    """

    rows: Ints
    codes: Ints
    n_rows: int
    items: pd.Index[Any]
    keys: pd.Index[Any]
    weights: Floats | None = None
    notes: list[str] = field(default_factory=list)


def pick_rows(chosen: object, n: int) -> Ints:
    """Numbers of chosen rows: from a mask, a slice, or numbers that may count from the end.

    >>> pick_rows([0, -1], 3).tolist(), pick_rows(np.array([True, False]), 2).tolist()
    ([0, 2], [0])
    """
    if isinstance(chosen, slice):
        return np.arange(n)[chosen]
    rows = np.atleast_1d(np.asarray(chosen))
    if rows.dtype == bool:
        if rows.shape != (n,):
            raise HexadError(f"a mask of {len(rows):,} values is given for {n:,} rows")
        return np.flatnonzero(rows)
    if rows.size == 0:
        return np.zeros(0, dtype=np.int64)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise HexadError(f"rows are chosen by whole numbers, a mask or a slice, not by {shorten(chosen)!r}")
    if int(rows.max()) >= n or int(rows.min()) < -n:
        raise HexadError(f"there is no row {int(rows.max()) if int(rows.max()) >= n else int(rows.min())} of {n:,}")
    return np.where(rows < 0, rows + n, rows).astype(np.int64)


def one_of(value: object, choices: Sequence[str], name: str) -> None:
    """Refuse a word that is none of the choices.

    >>> one_of("drp", ("refuse", "drop"), "missing")
    Traceback (most recent call last):
    ...
    shared.errors.HexadError: missing='drp' is none of 'refuse', 'drop'
    """
    if value not in choices:
        raise HexadError(f"{name}={value!r} is none of {quote(choices)}")


def encode_values(
    values: pd.Series[Any], column: str, problems: Problems, missing: Missing
) -> tuple[Ints, pd.Index[Any]]:
    """Number the different values in sorted order; missing ones get -1, and values of several kinds are refused."""
    empty = values.isna().to_numpy()
    if empty.any() and missing == "refuse":
        count = int(empty.sum())
        problems.add(
            f"{count:,} {'value is' if count == 1 else 'values are'} missing",
            column=column,
            rows=first_rows(empty),
            count=count,
            fix=Fix("Fill them in, or pass ", Argument("missing", "drop"), " to leave them out."),
        )
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.dtype.categories.dtype)
    if isinstance(values.dtype, pd.PeriodDtype | pd.IntervalDtype) or values.dtype.kind in "mc":
        problems.add(f"holds values of type {values.dtype}", column=column, fix="Write them as text, numbers or dates.")
        return np.full(len(values), -1), pd.Index([])
    if values.dtype == object and not of_one_kind(values, empty, column, problems):
        return np.full(len(values), -1), pd.Index([])
    try:
        codes, found = pd.factorize(values, sort=True)
    except TypeError:
        problems.add(
            "the values can be neither told apart nor sorted", column=column, fix="Give text or whole numbers."
        )
        return np.full(len(values), -1), pd.Index([])
    return codes.astype(np.int64, copy=False), pd.Index(found)


def of_one_kind(values: pd.Series[Any], empty: Bools, column: str, problems: Problems) -> bool:
    """Refuse values of several kinds, which would be told apart although they look the same, and lists."""
    kinds = np.asarray([_kind(value) for value in values], dtype=object)
    names, counts = np.unique(kinds[~empty].astype(str), return_counts=True)
    nested = np.isin(kinds, ("list", "tuple", "dict", "set", "ndarray", "frozenset")) & ~empty
    if nested.any():
        problems.add(
            "holds lists, not single values",
            column=column,
            rows=first_rows(nested),
            count=int(nested.sum()),
            fix="For a list a basket, use Incidence.from_lists.",
        )
        return False
    if len(names) <= 1:
        return True
    fewest = kinds == names[int(np.argmin(counts))]
    notes = ", ".join(f"{count:,} of type {name}" for name, count in zip(names, counts, strict=True))
    problems.add(
        f"the values are of several types ({notes})",
        column=column,
        rows=first_rows(fewest & ~empty),
        count=int(counts.min()),
        fix=f"Bring them to one, as in table[{column!r}].astype(str).",
    )
    return False


def _kind(value: object) -> str:
    """Name of a value's type; numpy's text and numbers count as Python's."""
    name = type(value).__name__
    return {"str_": "str", "bool_": "bool", "bool": "bool"}.get(name) or re.sub(r"^u?(int|float)\d+$", r"\1", name)


def from_table(
    table: pd.DataFrame,
    columns: BasketColumns,
    *,
    returns: Returns,
    cancelled: str | Sequence[str] | None,
    missing: Missing,
    strip: bool,
    source: str,
) -> tuple[Entries, pd.Index[Any] | None, Codes | None, pd.Index[Any] | None]:
    """Entries of a long table, and times and customers of its orders; orders in time, or as they come."""
    one_of(returns, ("refuse", "drop", "net"), "returns")
    one_of(missing, ("refuse", "drop"), "missing")
    problems = Problems(source)
    for role in ("order", "item", "quantity", "time", "customer"):
        name = getattr(columns, role)
        if name is not None and name not in table.columns:
            present = [str(column) for column in table.columns]
            missing_column(name, present, problems, named_in=("BasketColumns", role))
    problems.raise_if_any()
    notes: list[str] = []
    order_codes, orders = encode_values(table[columns.order], columns.order, problems, missing)
    called = table[columns.item]
    if strip and pd.api.types.infer_dtype(called, skipna=True) == "string":
        bare = called.str.strip()
        if changed := int((bare != called).fillna(False).sum()):
            notes.append(f"outer blanks were taken off {changed:,} item names")
        called = bare
    item_codes, items = encode_values(called, columns.item, problems, missing)
    keep = (order_codes >= 0) & (item_codes >= 0)
    owners = _owners(table, columns, problems, missing, notes)
    if not problems and not keep.all():
        notes.append(f"{int((~keep).sum()):,} rows without an order or an item were left out")
    keep = _without_cancelled(table, columns, cancelled, keep, order_codes, notes)
    weights = None
    if columns.quantity is not None:
        weights = _quantities(table[columns.quantity], columns.quantity, keep, missing, problems, notes)
        if weights is not None:
            keep &= ~np.isnan(weights)
            keep = _without_returns(
                weights, keep, order_codes, item_codes, len(items), returns, columns, problems, notes
            )
    times, customers = _attributes(table, columns, keep, order_codes, owners, problems, notes)
    problems.raise_if_any()
    before = len(np.unique(order_codes[order_codes >= 0]))
    place, kept = _order_of(order_codes[keep], len(orders), times)
    if before > len(kept):
        notes.append(f"{before - len(kept):,} orders had nothing left and are no baskets")
    rows = place[order_codes[keep]]
    entries = Entries(
        rows, item_codes[keep], len(kept), items, orders[kept], None if weights is None else weights[keep], notes
    )
    stamps = None if times is None else pd.Index(times.loc[pd.Index(kept)])
    if customers is None:
        return entries, stamps, None, None
    codes, names = customers
    return entries, stamps, codes[kept].astype(np.int32), names


def _owners(
    table: pd.DataFrame, columns: BasketColumns, problems: Problems, missing: Missing, notes: list[str]
) -> tuple[Ints, pd.Index[Any]] | None:
    """Customer of every row; -1 where there is none."""
    if columns.customer is None:
        return None
    found = encode_values(table[columns.customer], columns.customer, problems, missing)
    problems.found[:] = [
        (replace(one, fix=WITHOUT_CUSTOMER) if one.column == columns.customer and "missing" in one.what else one)
        for one in problems.found
    ]
    guests = found[0] < 0
    if guests.any() and missing == "drop":
        notes.append(f"{int(guests.sum()):,} rows without a customer were kept as those of guests")
    return found


def _without_cancelled(
    table: pd.DataFrame,
    columns: BasketColumns,
    cancelled: str | Sequence[str] | None,
    keep: Bools,
    orders: Ints,
    notes: list[str],
) -> Bools:
    """Leave out the orders whose keys begin as those of cancelled ones do."""
    marks = tuple(mark for mark in ([cancelled] if isinstance(cancelled, str) else cancelled or ()) if mark)
    if not marks:
        return keep
    gone = table[columns.order].astype(str).str.startswith(marks).to_numpy(dtype=bool) & keep
    if gone.any():
        notes.append(
            f"{int(gone.sum()):,} rows of {len(np.unique(orders[gone])):,} cancelled orders "
            f"(whose key begins with {' or '.join(map(repr, marks))}) were left out"
        )
    return keep & ~gone


def _quantities(
    values: pd.Series[Any], column: str, keep: Bools, missing: Missing, problems: Problems, notes: list[str]
) -> Floats | None:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = np.isnan(numbers) & values.notna().to_numpy() | np.isinf(numbers)
    if wrong.any():
        problems.add(
            f"{int(wrong.sum()):,} values are no finite numbers: {quote(values[wrong].unique()[:3])}",
            column=column,
            rows=first_rows(wrong),
            count=int(wrong.sum()),
            fix="Correct them.",
        )
        return None
    empty = np.isnan(numbers) & keep
    if empty.any():
        count = int(empty.sum())
        if missing == "refuse":
            problems.add(
                f"{count:,} quantities are missing",
                column=column,
                rows=first_rows(empty),
                count=count,
                fix=Fix("Fill them in, or pass ", Argument("missing", "drop"), " to leave them out."),
            )
            return None
        notes.append(f"{count:,} rows without a quantity were left out")
    return numbers


def _without_returns(
    weights: Floats,
    keep: Bools,
    orders: Ints,
    codes: Ints,
    n_items: int,
    returns: Returns,
    columns: BasketColumns,
    problems: Problems,
    notes: list[str],
) -> Bools:
    """Refuse rows that are no purchases, leave them out, or set them off against the purchases of their order."""
    back = (weights <= 0) & keep
    if not back.any():
        return keep
    count = int(back.sum())
    if returns == "refuse":
        problems.add(
            f"{count:,} quantities are zero or negative",
            column=columns.quantity,
            rows=first_rows(back),
            count=count,
            fix=Fix(
                "Pass ",
                Argument("returns", "drop"),
                " to leave returns out, or ",
                Argument("returns", "net"),
                " to set them off within their order.",
            ),
        )
        return keep
    if returns == "drop":
        notes.append(f"{count:,} rows of returns (quantities of zero or less) were left out")
        return keep & ~back
    pair = orders * max(n_items, 1) + codes
    _, group = np.unique(pair[keep], return_inverse=True)
    rest = np.bincount(group, weights=weights[keep])[group]
    kept = keep.copy()
    kept[keep] = rest > 0
    notes.append(
        f"{count:,} rows of returns were set off within their orders: "
        f"{int((keep & ~back).sum() - (kept & ~back).sum()):,} rows of purchases were wholly returned"
    )
    return kept


def _attributes(
    table: pd.DataFrame,
    columns: BasketColumns,
    keep: Bools,
    orders: Ints,
    owners: tuple[Ints, pd.Index[Any]] | None,
    problems: Problems,
    notes: list[str],
) -> tuple[pd.Series[Any] | None, tuple[Ints, pd.Index[Any]] | None]:
    """The earliest time of every order, and its customer, by the order's number."""
    n_orders = int(orders.max(initial=-1)) + 1
    times = customers = None
    if columns.time is not None:
        given = table[columns.time]
        empty = given.isna().to_numpy() & keep
        if empty.any():
            count = int(empty.sum())
            problems.add(
                f"{count:,} times are missing",
                column=columns.time,
                rows=first_rows(empty),
                count=count,
                fix="Fill them in, or leave the rows out.",
            )
        elif not (pd.api.types.is_datetime64_any_dtype(given.dtype) or pd.api.types.is_numeric_dtype(given.dtype)):
            problems.add(
                "holds neither dates nor numbers",
                column=columns.time,
                fix="Read it as dates, as in pandas.to_datetime.",
            )
        else:
            by_order = given[keep].groupby(orders[keep], sort=True)
            first = by_order.min()
            spread = int((by_order.max() != first).sum())
            if spread:
                notes.append(f"{spread:,} orders have rows of several times; the earliest counts")
            times = first
    if owners is not None:
        codes, names = owners
        if not problems:
            named = keep & (codes >= 0)
            pairs = pd.DataFrame({"order": orders[named], "customer": codes[named]}).drop_duplicates()
            twice = pairs["order"].duplicated(keep=False).to_numpy()
            if twice.any():
                several = np.isin(orders, pairs["order"][twice]) & named
                count = int(pairs["order"][twice].nunique())
                problems.add(
                    f"{count:,} orders belong to several customers",
                    column=columns.customer,
                    rows=first_rows(several),
                    count=int(several.sum()),
                    fix="Give every order a key of its own.",
                )
            owner = np.full(n_orders, -1, dtype=np.int64)
            owner[pairs["order"].to_numpy()] = pairs["customer"].to_numpy()
            customers = owner, names
    return times, customers


def _order_of(orders: Ints, n_orders: int, times: pd.Series[Any] | None) -> tuple[Ints, Ints]:
    """Place of every order among those that are left, by time, or as they first come; and the orders."""
    first = np.full(n_orders, len(orders), dtype=np.int64)
    np.minimum.at(first, orders, np.arange(len(orders)))
    left = np.flatnonzero(first < len(orders))
    kept = left[np.argsort(first[left], kind="stable")]
    if times is not None:
        kept = kept[np.argsort(times.loc[pd.Index(kept)].to_numpy(), kind="stable")]
    place = np.full(n_orders, -1, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    return place, kept


def from_sequences(lists: Any, keys: Any, *, missing: Missing, source: str) -> Entries:
    """Entries of a list of items a basket."""
    one_of(missing, ("refuse", "drop"), "missing")
    problems = Problems(source)
    if isinstance(lists, str | bytes | Mapping) or not isinstance(lists, Iterable):
        problems.add(
            f"is a {type(lists).__name__}, not a list of baskets",
            fix="Give a list of lists: [['milk', 'bread'], ['milk']].",
        )
        problems.raise_if_any()
    if isinstance(lists, pd.DataFrame):
        problems.add(
            "is a table, not a list of baskets",
            fix="Use Incidence.from_frame for long tables, Incidence.from_onehot for zeros and ones.",
        )
        problems.raise_if_any()
    baskets = list(lists)
    single = np.array([isinstance(b, str | bytes) or not isinstance(b, Iterable) for b in baskets], dtype=bool)
    if single.any():
        example = next(b for b, one in zip(baskets, single, strict=True) if one)
        fix = "Give a list of items a basket: [['milk', 'bread'], ['milk']]."
        if isinstance(example, str):
            parts = example.split("," if "," in example else None)
            fix = f"Split them first, as {shorten(example)!r} into {shorten(parts, 80)}."
        problems.add(
            f"{int(single.sum()):,} baskets are single values, not lists of items",
            rows=first_rows(single),
            count=int(single.sum()),
            fix=fix,
        )
        problems.raise_if_any()
    baskets = [basket if isinstance(basket, list | tuple) else list(basket) for basket in baskets]
    sizes = np.fromiter((len(basket) for basket in baskets), np.int64, len(baskets))
    rows = np.repeat(np.arange(len(baskets)), sizes)
    flat = list(chain.from_iterable(baskets))
    column = pd.Series(flat, dtype=object if not flat else None)
    inner = Problems(source)
    codes, items = encode_values(column, "item", inner, missing)
    for problem in inner:  # rows are baskets here
        places = [int(rows[row - 1]) + 1 for row in problem.rows]
        as_text = "table['item'].astype(str)"
        fix = problem.fix
        if as_text in fix:
            fix = fix.replace(as_text, "[[str(item) for item in basket] for basket in baskets]")
        problems.add(
            f"of the items, {problem.what}",
            rows=dict.fromkeys(places),
            count=problem.count,
            fix=fix,
        )
    index = pd.RangeIndex(1, len(baskets) + 1) if keys is None else pd.Index(keys)
    if len(index) != len(baskets):
        problems.add(f"{len(index):,} keys are given for {len(baskets):,} baskets", fix="Give one a basket.")
    elif index.has_duplicates:
        again = np.asarray(index.duplicated())
        problems.add(
            f"{int(again.sum()):,} keys repeat an earlier one",
            rows=first_rows(again),
            count=int(again.sum()),
            fix="Give every basket a key of its own.",
        )
    problems.raise_if_any()
    keep = codes >= 0
    notes = [] if keep.all() else [f"{int((~keep).sum()):,} missing items were left out"]
    return Entries(rows[keep], codes[keep], len(baskets), items, index, None, notes)
