"""The chapters of the catalogue report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.recommendation import ItemSpace
from shared.reporting import Table
from shared.text import count_of, sentences

from .alike import Alike
from .check import LEVEL, TEXTS, Trial
from .items import Items
from .sayings import say_check, say_doubt, say_judged, say_thirds
from .screen import draw_shares, say_flattered
from .settings import CatalogueSettings
from .tables import Tables


def check_parts(trial: Trial | None, tables: Tables, items: Items, settings: CatalogueSettings) -> list[Any]:
    """How many neighbours are right, by each way to find them."""
    if trial is None:
        return [say_check(trial, tables, items, settings)]
    shown = (100 * trial.table).rename(columns={"share": "right, %", "low": "from", "high": "to"})
    told: list[Any] = [[tables.judge(item.against) for item in tables.pairs], say_judged(trial, items)]
    if items.text:
        how = "by a sentence model and by their words" if TEXTS in trial.table.index else "by their words"
        masked = f"the words of the values of “{items.check}” were masked in {count_of(trial.masked, 'text')}"
        told.append(f"Texts are compared {how}. Before, {masked}.")
    told += [f"“{name}” was left out here, since it gives the answer away: {why}." for name, why in trial.leaks.items()]
    if (thirds := say_thirds(trial, tables)) is not None:
        told.append([thirds])
    caption = f"Neighbours that share “{items.check}”, with {LEVEL} % intervals from drawing the judged items again."
    return [say_check(trial, tables, items, settings), draw_shares(trial, tables, items), *told, Table(shown, caption)]


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


def doubts(trial: Trial | None, space: ItemSpace, items: Items, alike: Alike, settings: CatalogueSettings) -> list[Any]:
    """When not to believe it."""
    told: list[Any] = [say_doubt()]
    if (flattered := say_flattered(trial, items, alike)) is not None:
        told.append(flattered)
    if trial is not None:
        told.append(
            f"“{items.check}” stands in for likeness: where other things make items alike, it says little. Other"
            " columns can be held out: --set columns.check=NAME."
        )
        if len([name for name in items.compared if name not in trial.weights]) > 0:
            told.append(
                "In the lists all columns count, also those that the check leaves out; the lists themselves were"
                " not judged."
            )
    told.append(sentences(space.notes_) if space.notes_ else "")
    if items.text and space.encoder_ is not None and not space.encoder_.model_hash_:
        why = (
            f"there are over most_sentences={settings.most_sentences:,} items"
            if space.encoder_.views == "words"
            else "none is installed"
        )
        told.append(f"Texts are compared by their words alone, not by a sentence model ({why}).")
    return [text for text in told if str(text)]


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
