"""What was bought, read and cleaned: fees left out, one spelling a name, and what is spent on an item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from shared.data import datasets
from shared.data.io.tables import TableReport
from shared.errors import quote
from shared.reporting import Run
from shared.text import count_of

from .settings import GrocerySettings

__all__ = ["Purchases", "fold_names", "leave_out", "read_purchases", "soften", "spend_of"]


@dataclass(frozen=True)
class Purchases:
    """The table of purchases, and what is known beside it.

    Attributes
    ----------
    table : pandas.DataFrame
        A row an item in an order.
    reading : TableReport
    notes : tuple of str
        What was left out or folded.
    spend : pandas.Series, optional
        What a basket that holds an item spends on it, by item; None where no price is known.
    own : bool
        Whether the table is the user's.

    >>> Purchases(pd.DataFrame({"item": ["tea"]}), None).notes
    ()
    """

    table: pd.DataFrame
    reading: TableReport
    notes: tuple[str, ...] = ()
    spend: pd.Series[float] | None = None
    own: bool = False


def read_purchases(run: Run, settings: GrocerySettings) -> tuple[Purchases, GrocerySettings]:
    r"""The bundled table, or the user's own; a column of times that is no number is read as one of dates.

    Parameters
    ----------
    run : Run
    settings : GrocerySettings

    Returns
    -------
    purchases, settings
        The second without the roles that the table has no column for.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "a.csv").write_text("order,item,day\n1,tea,13.01.2024\n")
    ...     run = Run("grocery", Path(folder), "A shop", data=Path(folder) / "a.csv")
    ...     asked = GrocerySettings(columns={"order": "order", "item": "item", "time": "day", "amount": ""})
    ...     print(read_purchases(run, asked)[0].table["day"].iloc[0])
    2024-01-13 00:00:00
    """
    time, own = settings.columns.time, run.data is not None
    table, reading = run.load_table("grocery_transactions", own=settings.own_table())
    kinds = (pd.api.types.is_numeric_dtype, pd.api.types.is_datetime64_any_dtype)
    if own and time in table.columns and not any(kind(table[time]) for kind in kinds):
        run.report.sources.clear()
        table, reading = run.load_table("grocery_transactions", own=settings.own_table(dated=True))
    if not own:  # product numbers become types
        products = datasets.load("grocery_products")[["product_id", "product_type"]]
        products["product_id"] = products["product_id"].astype("int64")
        table = table.merge(products, on="product_id", how="left")
    settings = settings.for_table(table.columns)
    item, notes = settings.columns.item, []
    if settings.fold_case:
        folded = fold_names(table[item])
        if changed := int((folded.notna() & (folded != table[item])).sum()):
            notes.append(f"{count_of(changed, 'name')} in other capitals were folded into their commoner spelling")
        table = table.assign(**{item: folded})
    table, left = leave_out(table, item, settings.without_items)
    prices = _read_prices(run, settings) if own and run.has_table("products") else None
    return Purchases(table, reading, (*notes, *left), spend_of(table, settings, prices), own), settings


def _read_prices(run: Run, settings: GrocerySettings) -> pd.Series[float] | None:
    """Prices by item from the user's table of products."""
    asked = settings.columns.products
    table, _ = run.load_table("grocery_products", asked.table_schema("columns.products"), table="products")
    asked = asked.keep(table.columns)
    if not asked.price:
        return None
    names = fold_names(table[asked.item]) if settings.fold_case else table[asked.item]
    return table[asked.price].groupby(names).mean()


def leave_out(table: pd.DataFrame, item: str, patterns: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """Leave out rows of items such as fees, by their names or by patterns of them, whatever their capitals.

    Parameters
    ----------
    table : pandas.DataFrame
    item : str
        The column of names.
    patterns : sequence of str
        As in "POSTAGE" or "POSTAGE*"; "*" stands for anything.

    >>> rows = pd.DataFrame({"item": ["tea", "Postage EU", "postage"]})
    >>> kept, notes = leave_out(rows, "item", ["POSTAGE*", "gift wrap"])
    >>> kept["item"].tolist()
    ['tea']
    >>> notes
    ['2 rows of 2 items that without_items names were left out', "without_items: no item is called 'gift wrap'"]
    """
    if not patterns:
        return table, []
    names = pd.Series(table[item].dropna().unique())
    gone = pd.Series(data=False, index=names.index)
    notes = []
    for pattern in patterns:
        found = names.map(lambda name, wanted=pattern: _is_called(str(name), wanted)).astype(bool)
        if not found.any():
            notes.append(f"without_items: no item is called {quote([pattern])}")
        gone |= found
    rows = table[item].isin(names[gone])
    if rows.any():
        told = f"{count_of(int(rows.sum()), 'row')} of {count_of(int(gone.sum()), 'item')}"
        notes.insert(0, f"{told} that without_items names were left out")
    return table[~rows], notes


def _is_called(name: str, pattern: str) -> bool:
    """Whether a name is what a pattern says, as it stands or with its stars."""
    name, pattern = name.casefold(), pattern.casefold()
    return name == pattern or fnmatchcase(name, pattern)


def fold_names(names: pd.Series[str], known: Iterable[str] = ()) -> pd.Series[str]:
    """Give names that differ in capitals alone one spelling: a known one, or the commonest.

    Parameters
    ----------
    names : pandas.Series
    known : iterable of str, optional
        Spellings that are taken before any other.

    >>> fold_names(pd.Series(["tea", "Tea", "Tea", "milk"])).tolist()
    ['Tea', 'Tea', 'Tea', 'milk']
    >>> fold_names(pd.Series(["TEA"]), ["tea"]).tolist()
    ['tea']
    """
    counts = names.dropna().value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable")
    spelling: dict[str, object] = {str(name).casefold(): name for name in known}
    for name in counts.index:
        spelling.setdefault(str(name).casefold(), name)
    return names.map({name: spelling[str(name).casefold()] for name in counts.index})


def spend_of(
    table: pd.DataFrame, settings: GrocerySettings, prices: pd.Series[float] | None = None
) -> pd.Series[float] | None:
    """What a basket that holds an item spends on it, on average, by item; None where no price is known.

    Parameters
    ----------
    table : pandas.DataFrame
        Purchases; rows of returns and free ones do not count.
    settings : GrocerySettings
        Name the column of amounts, or of prices a piece.
    prices : pandas.Series, optional
        Prices a piece by item, for where the table has neither.

    >>> rows = pd.DataFrame({"o": [1, 1, 2], "i": ["tea", "tea", "tea"], "p": [2.0, 2.0, 3.0], "n": [1, 1, 2]})
    >>> named = {"order": "o", "item": "i", "time": "", "customer": "", "price": "p", "quantity": "n", "amount": ""}
    >>> spend_of(rows, GrocerySettings(columns=named)).to_dict()
    {'tea': 5.0}
    """
    named = settings.columns
    if named.amount:
        paid = table[named.amount].to_numpy(dtype=float, na_value=np.nan)
    elif named.price:
        paid = table[named.price].to_numpy(dtype=float, na_value=np.nan)
        if named.quantity:
            paid = paid * table[named.quantity].to_numpy(dtype=float, na_value=np.nan)
    else:
        return prices
    orders, items = table[named.order], table[named.item]
    rows = np.isfinite(paid) & (paid > 0) & orders.notna().to_numpy() & items.notna().to_numpy()
    codes, names = pd.factorize(items[rows])
    order_codes, _ = pd.factorize(orders[rows])
    pairs = np.unique(codes.astype(np.int64) * (int(order_codes.max(initial=0)) + 1) + order_codes)
    baskets = np.bincount(pairs // (int(order_codes.max(initial=0)) + 1), minlength=len(names))
    return pd.Series(np.bincount(codes, weights=paid[rows], minlength=len(names)) / np.maximum(baskets, 1), index=names)


def soften(name: object) -> str:
    """Write a name in capitals as people read it; for the bundled names alone, a shop's own stay as they are.

    >>> soften("HOT DOG BUNS"), soften("iPod")
    ('Hot dog buns', 'iPod')
    """
    text = str(name)
    return text.capitalize() if text.isupper() else text
