"""Lists, doubles and searches, as the catalogue report shows them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.recommendation import SemanticIndex
from shared.reporting import Table
from shared.text import count_of

from .alike import Alike, pick_shown
from .cells import set_apart
from .finder import NAMES, search_items, select_items
from .items import Items
from .sayings import say_twins
from .settings import CatalogueSettings

__all__ = ["list_parts", "search_parts", "twin_parts"]

MOST_ROWS = 12


def list_parts(alike: Alike, items: Items, columns: pd.DataFrame, settings: CatalogueSettings) -> list[Any]:
    """Neighbours of a handful of items, with reasons, and how columns weigh.

    Parameters
    ----------
    alike : Alike
    items : Items
    columns : pandas.DataFrame
        Every column and its weight.
    settings : CatalogueSettings

    >>> list_parts.__name__
    'list_parts'
    """
    rows, lost = pick_shown(items, settings)
    how = "Items named in the settings" if settings.shown else "Items drawn by chance"
    told: list[Any] = [f"{how}, and what is like them; the reasons name what is rarest in common first."]
    told += [f"No item is called {', '.join(f'“{name}”' for name in lost)}." if lost else ""]
    for row in rows:
        inside = alike.lists_of(row, settings.found)
        title = f"More like “{items.titles[row]}”"
        if len(inside):
            told.append(Table(inside, f"{title}.", name="more-like-this"))
        else:
            told.append(f"{title}: nothing at all.")
    weights = columns[columns["weight"].notna()].set_index("column")[["weight", "note"]]
    weights = weights.assign(weight=100 * weights["weight"]).rename(columns={"weight": "weight, %"})
    return [
        *filter(lambda one: not isinstance(one, str) or one, told),
        Table(weights, "How columns weigh in the lists.", name="weights"),
    ]


def twin_parts(alike: Alike, items: Items, settings: CatalogueSettings) -> list[Any]:
    """What stands there twice, and what nothing is like.

    Parameters
    ----------
    alike : Alike
    items : Items
    settings : CatalogueSettings

    >>> twin_parts.__name__
    'twin_parts'
    """
    parts: list[Any] = [say_twins(alike, items)]
    if len(alike.twins):
        shown = alike.twins.head(MOST_ROWS).set_index("first")
        if (shown["called"] == shown["and"]).all():
            shown = shown.drop(columns="and")
        caption = f"Keys of the first {len(shown)} of {count_of(len(alike.twins), 'pair')}."
        parts.append(Table(shown, caption, name="twins", data=alike.twins))
    order = np.argsort(alike.closest, kind="stable")[:MOST_ROWS]
    known = items.table[list(items.compared)].notna().sum(axis=1).to_numpy()
    lonely = pd.DataFrame(
        {
            "columns filled": [f"{known[row]} of {len(items.compared)}" for row in order],
            "closeness": alike.closest[order].astype(float),
        },
        index=pd.Index([items.titles[row] for row in order], name="item"),
    )
    return [
        *parts,
        "Items whose nearest is hardly like them: closeness is 1 for two items with the same cells, and below"
        f" {settings.lonely:g} (--set lonely) nothing is called like an item. It is not the similarity of the lists,"
        " which weighs the columns; nearest.parquet says which items are alone.",
        Table(lonely, "The loneliest items.", name="loneliest"),
    ]


def search_parts(items: Items, index: SemanticIndex, settings: CatalogueSettings) -> list[Any]:
    """Example queries, and the same with filters.

    Parameters
    ----------
    items : Items
    index : SemanticIndex
    settings : CatalogueSettings

    >>> from domains.recommendation import TextEncoder
    >>> items = Items(pd.DataFrame({"id": ["a"]}), "id")
    >>> index = SemanticIndex(TextEncoder("words", n_factors=1).fit(["words"]))
    >>> search_parts(items, index, CatalogueSettings())[1][:23]
    'No query was stated: --'
    """
    how = "by words and by meaning" if items.text and index.encoder.model_hash_ else "by words"
    told: list[Any] = [
        f"Items are searched {how} over titles, texts and kinds; a list is filled with what fits in part, so look at"
        " how many words were found. What is right nobody stated, so that the search was not judged."
    ]
    if not settings.queries:
        return [
            *told,
            "No query was stated: --set 'queries=[\"...\"]' searches here, and hexad predict in the saved run.",
        ]
    shown = ["words found", *(set_apart(name, NAMES) for name in items.compared[:3])]
    for where in ([], settings.where) if settings.where else ([],):
        allowed = select_items(items, where) if where else None
        found = search_items(items, index, settings.queries, settings.found, allowed)
        for query, rows in found.groupby("query", sort=False):
            titles = pd.Index(items.keys).get_indexer(pd.Index(rows[set_apart(items.key, NAMES)]))
            table = rows[shown].set_axis(pd.Index([items.titles[row] for row in titles], name="found"), axis=0)
            only = f" where {' and '.join(where)} ({int(allowed.sum()):,} items)" if allowed is not None else ""
            told.append(Table(table, f"“{query}”{only}.", name="found"))
        if lost := [query for query in settings.queries if query not in set(found["query"])]:
            told.append(f"Nothing was found for {', '.join(f'“{query}”' for query in lost)}.")
    return told
