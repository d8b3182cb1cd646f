"""The chapters of the catalogue report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.recommendation import ItemSpace, SemanticIndex
from shared.reporting import Run
from shared.reporting.figures import bar_figure
from shared.text import count_of, join_words, sentences

from .alike import Alike, pick_shown
from .check import LEVEL, Trial
from .finder import search_items, select_items
from .items import Items
from .sayings import percent, say_check, say_doubt, say_lists, say_simple, say_twins
from .settings import CatalogueSettings

__all__ = ["check_parts", "column_table", "doubts", "list_parts", "metrics", "search_parts", "summary", "twin_parts"]

MOST_ROWS = 12


def summary(run: Run, settings: CatalogueSettings, items: Items, trial: Trial | None, alike: Alike) -> None:
    """Sentences for a manager and the numbers behind them."""
    compared = join_words([f"“{name}”" for name in (*items.text, *items.compared)])
    run.report.subtitle = f"{count_of(len(items.table), 'item')}, compared by {compared}."
    run.add_summary(" ".join(filter(None, [say_check(trial, items, settings), say_simple(trial)])))
    run.add_summary(say_lists(trial, alike, settings), say_doubt(), say_twins(alike, items))
    if trial is not None:
        share = float(trial.table.loc[trial.used, "share"])
        run.add_fact(percent(share), f"of the neighbours are right; {percent(trial.chance)} by chance")
    run.add_fact(f"{int((alike.closest < settings.lonely).sum()):,}", "items that nothing is like")
    run.add_fact(f"{len(alike.twins):,}", "pairs that seem the same item twice")


def check_parts(trial: Trial | None, items: Items, settings: CatalogueSettings) -> list[Any]:
    """How many neighbours are right, by each way to find them."""
    if trial is None:
        return [say_check(trial, items, settings)]
    table = trial.table
    bars = {str(way): 100 * float(share) for way, share in table["share"].items()} | {"by chance": 100 * trial.chance}
    figure = bar_figure(
        bars,
        lower=[*(100 * table["low"]), 100 * trial.chance],
        upper=[*(100 * table["high"]), 100 * trial.chance],
        highlight=[trial.used],
        x_label=f"right neighbours, % (same {items.check})",
        caption=f"Neighbours that share “{items.check}”, with {LEVEL} % intervals; the lists go by the coloured way.",
    )
    shown = pd.DataFrame(
        {"right": [percent(one) for one in table["share"]]}
        | {f"{LEVEL} % interval": [f"{percent(a)} to {percent(b)}" for a, b in zip(table["low"], table["high"], strict=True)]},
        index=table.index,
    )
    told = [
        f"{count_of(trial.n_judged, 'item')} were judged, drawn by chance among those whose “{items.check}” another item"
        f" has, too; where a cell holds several kinds, one in common is enough. Weights were learnt from the other"
        " items alone. Intervals come from drawing the judged items again."
    ]
    if items.text:
        told.append(f"Before, the words of the values of “{items.check}” were masked in {count_of(trial.masked, 'text')}.")
    told += [f"“{name}” was left out here, since it gives the answer away: {why}." for name, why in trial.leaks.items()]
    return [figure, *told, (shown, "The same as a table.")]


def column_table(items: Items, space: ItemSpace, trial: Trial | None) -> pd.DataFrame:
    """Every column, what it is taken for, and how it weighs in the lists."""
    roles = [(items.key, "key"), (items.title, "title"), *((name, "text") for name in items.text)]
    rows = [(name, role, np.nan, "") for name, role in roles if name]
    for name in items.compared:
        why = "held out in the check" if name == items.check else (trial.leaks.get(name, "") if trial else "")
        rows.append((name, "check" if name == items.check else "attribute", space.weights_.get(name, 0.0), why))
    table = pd.DataFrame(rows, columns=["column", "role", "weight", "note"])
    first = table.index[table["role"] == "text"]
    if len(first):  # texts weigh as one
        table.loc[first[0], "weight"] = space.weights_.get("text", 0.0)
    return table


def list_parts(alike: Alike, items: Items, columns: pd.DataFrame, settings: CatalogueSettings) -> list[Any]:
    """Neighbours of a handful of items, with reasons, and how columns weigh."""
    rows, lost = pick_shown(items, settings)
    how = "Items named in the settings" if settings.shown else "Items drawn by chance"
    told: list[Any] = [f"{how}, and what is most like them; the reasons name what is rarest in common first."]
    told += [f"No item is called {', '.join(f'“{name}”' for name in lost)}." if lost else ""]
    for row in rows:
        inside = alike.lists_of(row)
        title = f"Most like “{items.titles[row]}”"
        if len(inside):
            inside["similarity"] = [f"{one:.2f}" for one in inside["similarity"]]
            told.append((inside, f"{title}."))
        else:
            told.append(f"{title}: nothing at all.")
    weights = columns[columns["weight"].notna()].set_index("column")[["weight", "note"]]
    weights["weight"] = [percent(one) for one in weights["weight"]]
    return [*filter(lambda one: not isinstance(one, str) or one, told), (weights, "How columns weigh in the lists.")]


def twin_parts(alike: Alike, items: Items, settings: CatalogueSettings) -> list[Any]:
    """What stands there twice, and what nothing is like."""
    parts: list[Any] = [say_twins(alike, items)]
    if len(alike.twins):
        shown = alike.twins.head(MOST_ROWS).set_index("first")
        shown["similarity"] = [f"{one:.2f}" for one in shown["similarity"]]
        parts.append((shown, f"Keys of the first {len(shown)} of {count_of(len(alike.twins), 'pair')}."))
    order = np.argsort(alike.closest, kind="stable")[:MOST_ROWS]
    known = items.table[list(items.compared)].notna().sum(axis=1).to_numpy()
    lonely = pd.DataFrame(
        {
            "columns filled": [f"{known[row]} of {len(items.compared)}" for row in order],
            "similarity": [f"{alike.closest[row]:.2f}" for row in order],
        },
        index=pd.Index([items.titles[row] for row in order], name="least like any other"),
    )
    return [
        *parts,
        f"Items whose nearest is least like them, on a scale on which two items with the same cells have 1; below"
        f" {settings.lonely:g} (--set lonely) nothing is called like an item.",
        (lonely, "The loneliest items."),
    ]


def search_parts(items: Items, index: SemanticIndex, settings: CatalogueSettings) -> list[Any]:
    """Example queries, and the same with filters."""
    how = "by words and by meaning" if items.text and index.encoder.model_hash_ else "by words"
    told: list[Any] = [
        f"Items are searched {how} over titles, texts and kinds; a list is filled with what fits in part, so look at"
        " how many words were found. What is right nobody stated, so that the search was not judged."
    ]
    if not settings.queries:
        return [*told, "No query was stated: --set 'queries=[\"...\"]' searches here, and hexad predict in the saved run."]
    shown = ["words found", *items.compared[:3]]
    for where in ([], settings.where) if settings.where else ([],):
        allowed = select_items(items, where) if where else None
        found = search_items(items, index, settings.queries, settings.found, allowed)
        for query, rows in found.groupby("query", sort=False):
            titles = pd.Index(items.table.set_index(items.key).index.get_indexer(rows[items.key]))
            table = rows[shown].set_axis(pd.Index([items.titles[row] for row in titles], name="found"), axis=0)
            only = f" where {' and '.join(where)} ({int(allowed.sum()):,} items)" if allowed is not None else ""
            told.append((table, f"“{query}”{only}."))
        if lost := [query for query in settings.queries if query not in set(found["query"])]:
            told.append(f"Nothing was found for {', '.join(f'“{query}”' for query in lost)}.")
    return told


def doubts(items: Items, trial: Trial | None, space: ItemSpace, settings: CatalogueSettings) -> list[str]:
    """When not to believe it."""
    told = [say_doubt()]
    if trial is not None:
        told.append(
            f"“{items.check}” stands in for likeness: where other things make items alike, it says little. Other columns can"
            " be held out: --set columns.check=NAME."
        )
        if trial.n_judged < 200:
            told.append(f"Only {trial.n_judged:,} items were judged: enough to see that it runs, too few to decide on.")
        if len([name for name in items.compared if name not in trial.weights]) > 0:
            told.append(
                "In the lists all columns count, also those that the check leaves out; the lists themselves were not judged."
            )
    told.append(sentences(space.notes_) if space.notes_ else "")
    if items.text and space.encoder_ is not None and not space.encoder_.model_hash_:
        why = f"more than most_sentences={settings.most_sentences:,} items" if space.encoder_.views == "words" else "none is installed"
        told.append(f"Texts are compared by their words alone, not by a sentence model ({why}).")
    return [text for text in told if text]


def metrics(items: Items, trial: Trial | None, alike: Alike, settings: CatalogueSettings) -> dict[str, float]:
    """The numbers that a later run is held against."""
    found = {
        "items": float(len(items.table)),
        "columns compared": float(len(items.compared)),
        "lonely items": float((alike.closest < settings.lonely).sum()),
        "twins": float(len(alike.twins)),
        "median closeness": float(np.median(alike.closest)),
    }
    if trial is None:
        return found
    found |= {"right": float(trial.table.loc[trial.used, "share"]), "right by chance": trial.chance}
    found |= {"right among the nearest third": trial.thirds[1], "right among the farthest third": trial.thirds[0]}
    if trial.best_single in trial.leads:
        gap, low, _ = trial.leads[trial.best_single]
        found |= {"lead over the best column": gap, "least lead over the best column": low}
    return found
