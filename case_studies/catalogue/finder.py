"""Search in a catalogue: by words over all that is said of an item, by meaning where there are texts, with filters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd

from domains.recommendation import ItemSpace, SemanticIndex, TextEncoder
from shared.checks import nearest
from shared.errors import SettingsError, quote
from shared.typing import Bools

from .cells import is_number, set_apart, split_cells
from .items import Items

__all__ = ["NAMES", "build_index", "search_items", "select_items"]

TEXT = "text"  # what `ItemSpace` calls the block of texts
NAMES = ("query", "rank", "words found")
RANGE = re.compile(r"(-?[\d.]+)?\s*to\s*(-?[\d.]+)?")


def build_index(items: Items, space: ItemSpace) -> SemanticIndex:
    """Index titles, texts and kinds of all items.

    Parameters
    ----------
    items : Items
    space : ItemSpace
        Of the same items; its vectors of texts are taken.

    >>> table = pd.DataFrame({"id": list("abc"), "kind": ["red wine", "white wine", "cheese"]})
    >>> items = Items(table, "id", attributes=("kind",))
    >>> index = build_index(items, ItemSpace(key="id").fit(table))
    >>> search_items(items, index, ["cheese"], 1)["id"].tolist()
    ['c']
    """
    names = [*filter(None, [items.title]), *items.text, *items.kinds]
    columns = [items.table[name].fillna("").astype(str).tolist() for name in names] or [items.keys]
    texts = [". ".join(part for part in row if part) for row in zip(*columns, strict=True)]
    encoder = space.encoder_
    if encoder is None:  # no texts: words alone, so that no vector of the encoder is ever asked for
        words = TextEncoder("words", n_factors=1).fit(["words"])
        return SemanticIndex(words).add(items.keys, texts, np.zeros((len(texts), 1), dtype=np.float32))
    rows = np.arange(len(texts))
    return SemanticIndex(encoder).add(items.keys, texts, space.text_of(rows))


def select_items(items: Items, where: Sequence[str]) -> Bools:
    """Which items meet all conditions.

    Parameters
    ----------
    items : Items
    where : sequence of str
        As in "year = 1960 to 1975", "price = to 20" or "country = Italy | France".

    Raises
    ------
    SettingsError
        A condition cannot be read, or names no column.

    >>> items = Items(pd.DataFrame({"id": list("ab"), "year": [1960.0, 2000.0]}), "id", attributes=("year",))
    >>> select_items(items, ["year = to 1975"]).tolist()
    [True, False]
    """
    found = np.ones(len(items.table), dtype=bool)
    for text in where:
        name, sign, wanted = (part.strip() for part in text.partition("="))
        if not sign or not wanted:
            raise SettingsError(f"where: {text!r} is no condition; write one as in 'year = 1960 to 1975'")
        if name not in items.compared:
            raise SettingsError(f"where: items have no column {quote([name])}; {nearest(name, items.compared)}")
        found &= _meets(items, name, wanted)
    if not found.any():
        raise SettingsError(f"where: no item meets {quote(where)}")
    return found


def _meets(items: Items, name: str, wanted: str) -> Bools:
    column = items.table[name]
    if not is_number(column):
        kinds = {one.strip().casefold() for one in wanted.split("|")}
        cells = split_cells(column.tolist(), items.separator)
        return np.array([any(part.casefold() in kinds for part in cell) for cell in cells])
    values = column.to_numpy(dtype=float)
    span = RANGE.fullmatch(wanted)
    try:
        ends = [float(one) if one else None for one in span.groups()] if span else [float(wanted)] * 2
    except ValueError:
        raise SettingsError(f"where: {name!r} holds numbers; write a range, as in '{name} = 10 to 20'") from None
    low, high = ends
    inside = np.isfinite(values)
    inside &= True if low is None else values >= low
    return np.asarray(inside & (True if high is None else values <= high))


def search_items(
    items: Items, index: SemanticIndex, queries: Sequence[str], most: int, allowed: Bools | None = None
) -> pd.DataFrame:
    """The items that fit each query best.

    Parameters
    ----------
    items : Items
    index : SemanticIndex
    queries : sequence of str
    most : int
        Items a query.
    allowed : array of bool, optional

    Returns
    -------
    pandas.DataFrame
        "query", "rank", "words found" (of the query's, in all that is said of the item), key, title and all columns
        that describe the item.

    >>> table = pd.DataFrame({"id": list("ab"), "kind": ["red wine", "cheese"]})
    >>> items = Items(table, "id", attributes=("kind",))
    >>> index = build_index(items, ItemSpace(key="id").fit(table))
    >>> search_items(items, index, ["red cheese"], 2)["words found"].tolist()
    ['1 of 2', '1 of 2']
    """
    mode = "both" if items.text else "words"
    found = index.search(list(queries), most, mode=mode, allowed=allowed)
    row = pd.Index(items.keys).get_indexer(pd.Index(found["key"]))
    shown = [*filter(None, [items.key, items.title]), *items.compared]
    described = items.table[shown].iloc[row].reset_index(drop=True).rename(columns=lambda name: set_apart(name, NAMES))
    hits = [_count_words(query, index.texts[at]) for query, at in zip(found["query"], row, strict=True)]
    return pd.concat([found[["query", "rank"]].assign(**{"words found": hits}), described], axis=1)


def _count_words(query: str, text: str) -> str:
    """How many words of a query stand in a text."""
    asked, inside = set(_fold(query)), set(_fold(text))
    return f"{len(asked & inside)} of {len(asked)}"


def _fold(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode() if text else ""
    return re.findall(r"\w+", plain.casefold())
