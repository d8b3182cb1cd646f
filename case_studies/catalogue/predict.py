"""The catalogue study's model at work: what new items are most like, or what queries find."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from case_studies.common.saved_run import SavedRun
from domains.recommendation import ItemSpace
from shared.data import datasets
from shared.data.io.tables import read_table
from shared.data.schema import Schema
from shared.errors import DataError, Problem, StoreError
from shared.result import Result
from shared.text import count_of
from shared.typing import Floats, Ints

from .alike import Reasons
from .cells import clean_column, set_apart
from .finder import build_index, search_items, select_items
from .items import NUMBERED, Items
from .settings import CatalogueSettings

__all__ = ["Answers", "predict"]

QUERY = "query"  # the column of a table of queries
BLOCK = 256
TOLD = 3  # names in a note
NAMES = ("rank", "most like", "title", "similarity", "because")


@dataclass(frozen=True, repr=False)
class Answers(Result):
    """What new items are most like, or what queries find.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row an item found.
    asked : int
        New items, or queries.
    what : str
        "new item" or "query".

    >>> Answers(pd.DataFrame({"rank": [1, 2]}), 1, "query").explain()
    '1 query: 2 items of the catalogue are found.'
    """

    frame: pd.DataFrame
    asked: int
    what: str

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.frame

    def explain(self) -> str:
        """Say how much was found."""
        asked = (
            count_of(self.asked, self.what) if self.what != "query" or self.asked == 1 else f"{self.asked:,} queries"
        )
        verb = "is" if len(self.frame) == 1 else "are"
        return f"{asked}: {count_of(len(self.frame), 'item')} of the catalogue {verb} found."


def predict(
    settings: CatalogueSettings, run: SavedRun, data: Path | str, accept_drift: bool
) -> tuple[Answers, list[str]]:
    """Read new items or queries, and find what of the catalogue is most like them, or fits them.

    Returns
    -------
    answers, notes

    >>> from shared.data.contract import TableContract
    >>> run = SavedRun(Path("runs/none"), "catalogue", TableContract(()))
    >>> predict(CatalogueSettings(), run, "no-such-file.csv", False)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file. ...
    """
    table, reading = datasets.load_with_report("films", data, own=Schema(()), **settings.read_options)
    items, space = _load(run)
    if not len(table):
        raise DataError(reading.source, [Problem("has no rows", fix="Give new items, or a column 'query'.")])
    if QUERY in table.columns and not set(run.contract.names) <= set(map(str, table.columns)):
        answers, notes = _answer(table, items, space, settings)
    else:
        notes = list(run.contract.check(_as_learnt(table, run), reading.source, accept_drift=accept_drift))
        answers, more = _compare(table, items, space, settings)
        notes += more
    return answers, [*reading.repairs, *notes]


def _load(run: SavedRun) -> tuple[Items, ItemSpace]:
    """The catalogue and the space of the run."""
    space = run.model()
    try:
        if not isinstance(space, ItemSpace):
            raise StoreError(f"{run.folder / 'model.hexad'} holds no model of this study. Run the study again")
        table, columns = (read_table(run.folder / f"{name}.parquet") for name in ("items", "columns"))
        roles: dict[str, tuple[str, ...]] = {}
        for name, role in zip(columns["column"], columns["role"], strict=True):
            roles[str(role)] = (*roles.get(str(role), ()), str(name))
        named = [name for role in ("key", "title", "text", "check") for name in roles.get(role, ())]
        clean = {name: clean_column(table[name].astype(object) if name in named else table[name]) for name in table}
        (key,), (title,), (check,) = roles["key"], roles.get("title", ("",)), roles.get("check", ("",))
        texts, attributes = roles.get("text", ()), roles.get("attribute", ())
        items = Items(pd.DataFrame(clean), key, title, texts, attributes, check, space.separator or "")
    except (DataError, OSError, KeyError, IndexError, ValueError) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{run.folder}: a table is missing or damaged ({str(error)[:200]}). Run it again") from error
    if len(table) != space.matrix_.shape[0]:
        raise StoreError(f"{run.folder / 'items.parquet'} does not fit the model. Run the study again")
    return items, space


def _as_learnt(table: pd.DataFrame, run: SavedRun) -> pd.DataFrame:
    """Kinds as text, also where those of a few new items look like numbers or are all empty."""
    kinds = {one.name: one.kind for one in run.contract.columns}
    named = [name for name in table.columns if kinds.get(str(name)) == "text"]
    empty = [name for name in table.columns if kinds.get(str(name)) == "number" and table[name].isna().all()]
    texts = {name: clean_column(table[name].astype(object)) for name in named}
    return table.assign(**texts, **{name: np.full(len(table), np.nan) for name in empty})


def _answer(
    table: pd.DataFrame, items: Items, space: ItemSpace, settings: CatalogueSettings
) -> tuple[Answers, list[str]]:
    """Search for every query, each once."""
    asked = [one for one in clean_column(table[QUERY].astype(object)).tolist() if one]
    queries = list(dict.fromkeys(asked))
    if not queries:
        raise DataError("queries", [Problem("are all empty", column=QUERY, fix="Write what is searched for.")])
    index = build_index(items, space)
    allowed = select_items(items, settings.where) if settings.where else None
    found = search_items(items, index, queries, settings.neighbours, allowed)
    notes = []
    if settings.where:
        held = " and ".join(settings.where)
        notes = [f"only items where {held}, as the run's settings say: --set 'where=[]' looks at all"]
    if gone := len(table) - len(queries):
        notes.append(f"{count_of(gone, 'row')} with no query, or one that stands there before, left out")
    if lost := [query for query in queries if query not in set(found[QUERY])]:
        notes.append(f"nothing was found for {', '.join(f'“{query}”' for query in lost[:TOLD])}")
    return Answers(found, len(queries), QUERY), notes


def _compare(
    table: pd.DataFrame, items: Items, space: ItemSpace, settings: CatalogueSettings
) -> tuple[Answers, list[str]]:
    """Find the nearest of every new item, with reasons."""
    named = [name for name in filter(None, [items.key, items.title]) if name in table.columns]
    kept = [*named, *items.text, *items.compared]
    numbers = {name for name in items.compared if name not in items.kinds}
    new = pd.DataFrame(
        {name: clean_column(table[name] if name in numbers else table[name].astype(object)) for name in kept},
        index=pd.RangeIndex(len(table)),
    )
    new = new.astype(dict.fromkeys(numbers, float))
    given = items.key in named
    keys = new[items.key].fillna("").tolist() if given else [str(row) for row in range(1, len(new) + 1)]
    place, near = _nearest(space, new, keys if given else [], items, settings.neighbours)
    fresh = replace(items, table=new)
    reasons = Reasons(items)
    own = reasons.read(fresh.table)
    row, column = np.nonzero(near > 0)
    other = place[row, column]
    names, titles = np.array(items.keys, dtype=object), np.array(items.titles, dtype=object)
    frame = pd.DataFrame(
        {
            set_apart(items.key, NAMES) if given else NUMBERED: [keys[one] for one in row],
            "rank": column + 1,
            "most like": names[other],
            "title": titles[other],
            "similarity": near[row, column].astype(float),
            "because": [
                reasons.tell(own, int(a), reasons.own, int(b), float(text))
                for a, b, text in zip(row, other, _text_similarity(space, fresh, row, other), strict=True)
            ],
        }
    )
    notes = []
    if alone := len(new) - len(set(row.tolist())):
        notes.append(f"nothing of the catalogue is like {count_of(alone, 'new item')}")
    if known := len(set(keys) & set(names)) if given else 0:
        notes.append(f"{count_of(known, 'key')} of the catalogue: the item itself is not listed")
    return Answers(frame, len(new), "new item"), notes


def _text_similarity(space: ItemSpace, fresh: Items, row: Ints, other: Ints) -> Floats:
    """Similarity of the texts of new items and of those found."""
    if not fresh.text:
        return np.zeros(len(row))
    columns = [fresh.table[name].fillna("").tolist() for name in fresh.text]
    vectors = space.text_vectors([". ".join(part for part in one if part) for one in zip(*columns, strict=True)])
    return np.asarray(np.einsum("ij,ij->i", vectors[row], space.text_of(other)))


def _nearest(space: ItemSpace, new: pd.DataFrame, keys: list[str], items: Items, most: int) -> tuple[Ints, Floats]:
    """The nearest of the catalogue, block by block; never the item itself."""
    itself = pd.Index(items.keys).get_indexer(pd.Index(keys)) if keys else np.full(len(new), -1)
    vectors = space.vectors(new)
    places, values = [], []
    for begin in range(0, len(new), BLOCK):
        found = (vectors[np.arange(begin, min(begin + BLOCK, len(new)))] @ space.matrix_.T).toarray()
        at = itself[begin : begin + BLOCK]
        found[np.flatnonzero(at >= 0), at[at >= 0]] = 0.0
        best = np.argsort(-found, axis=1, kind="stable")[:, :most]
        places.append(best)
        values.append(np.take_along_axis(found, best, axis=1))
    return np.concatenate(places), np.concatenate(values)
