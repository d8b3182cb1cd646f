"""The chapters of the catalogue report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.recommendation import ItemSpace
from shared.reporting import Run
from shared.reporting.charts import bar_figure
from shared.text import count_of, join_words, sentences

from .alike import Alike
from .check import LEVEL, TEXTS, Trial
from .items import Items
from .sayings import percent, say_check, say_doubt, say_lists, say_simple, say_twins
from .settings import CatalogueSettings

MANY_TWINS = 0.01  # pairs per item, from which they flatter the check


def summary(run: Run, settings: CatalogueSettings, items: Items, trial: Trial | None, alike: Alike) -> None:
    """Sentences for a manager and the numbers behind them."""
    compared = join_words([f"“{name}”" for name in (*items.text, *items.compared)])
    run.report.subtitle = f"{count_of(len(items.table), 'item')}, compared by {compared}."
    run.add_summary(" ".join(filter(None, [say_check(trial, items, settings), say_simple(trial)])))
    run.add_summary(say_lists(trial, alike, settings), say_doubt(), say_twins(alike, items))
    if trial is not None:
        share = trial.share(trial.used)
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
        | {
            f"{LEVEL} % interval": [
                f"{percent(a)} to {percent(b)}" for a, b in zip(table["low"], table["high"], strict=True)
            ]
        },
        index=table.index,
    )
    told = [
        f"{count_of(trial.n_judged, 'item')} were judged, drawn by chance among those whose “{items.check}” another item"
        f" has, too; where a cell holds several kinds, one in common is enough. Weights were learnt from the other"
        " items alone. Intervals come from drawing the judged items again."
    ]
    if items.text:
        how = "by a sentence model and by their words" if TEXTS in table.index else "by their words"
        masked = f"the words of the values of “{items.check}” were masked in {count_of(trial.masked, 'text')}"
        told.append(f"Texts are compared {how}. Before, {masked}.")
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


def doubts(items: Items, trial: Trial | None, space: ItemSpace, alike: Alike, settings: CatalogueSettings) -> list[str]:
    """When not to believe it."""
    told = [say_doubt()]
    if trial is not None and len(alike.twins) >= MANY_TWINS * len(items.table):
        told.append(
            f"{count_of(len(alike.twins), 'pair')} seem the same item twice: such neighbours are right by themselves, so that"
            " the share of right ones is too high. Leave the doubles out and run it again."
        )
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
        why = (
            f"more than most_sentences={settings.most_sentences:,} items"
            if space.encoder_.views == "words"
            else "none is installed"
        )
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
    found |= {"right": trial.share(trial.used), "right by chance": trial.chance}
    found |= {"right among the nearest third": trial.thirds[1], "right among the farthest third": trial.thirds[0]}
    if trial.best_single in trial.leads:
        gap, low, _ = trial.leads[trial.best_single]
        found |= {"lead over the best column": gap, "least lead over the best column": low}
    return found
