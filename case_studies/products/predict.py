"""The study's models at work: new rows come in, and lists for those who stand in them come out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.saved_run import SavedRun
from domains.recommendation import Recommender
from shared.data import datasets
from shared.data.io.tables import TableReport
from shared.errors import DataError, Problem, StoreError, quote
from shared.result import Result
from shared.text import count_of

from .lists import recommend
from .reading import needs_dates, prepare
from .settings import ProductSettings
from .visits import make_incidence

__all__ = ["NewLists", "predict"]

QUESTION = "question"


@dataclass(frozen=True, repr=False)
class NewLists(Result):
    """Lists for the users of a file.

    Attributes
    ----------
    table : pandas.DataFrame
        A row an item of a list; "question" says of which.
    who : str
        What a user is called.

    >>> print(NewLists(pd.DataFrame({"question": ["new"], "user": ["a"], "item": ["x"]}), "user").explain())
    1 list for 1 user.
    """

    table: pd.DataFrame
    who: str

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table

    def explain(self) -> str:
        """Say how many lists there are."""
        lists = len(self.table.iloc[:, :2].drop_duplicates())
        return f"{count_of(lists, 'list')} for {count_of(self.table.iloc[:, 1].nunique(), self.who)}."


def predict(
    settings: ProductSettings, run: SavedRun, data: Path | str, accept_drift: bool
) -> tuple[NewLists, list[str]]:
    """Read new rows, add them to the past of their users, and make the lists of these.

    Returns
    -------
    lists, notes

    >>> from shared.data.contract import TableContract
    >>> run = SavedRun(Path("runs/none"), "products", TableContract(()))
    >>> predict(ProductSettings(), run, "no-such-file.csv", False)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file. ...
    """
    kinds = {column.name: column.kind for column in run.contract.columns}
    settings = settings.model_copy(update={"columns": settings.columns.keep(kinds)})
    table, reading = _read(settings, data, kinds)
    models = _open_models(run)
    notes = [*reading.repairs, *run.contract.check(table.dropna(how="all"), reading.source, accept_drift=accept_drift)]
    table, told = prepare(table, settings, reading.source)
    table, known = _leave_known(table, settings, models)
    user, item = settings.columns.user, settings.columns.item
    users = list(dict.fromkeys(table[user].dropna().tolist() + known))
    fresh = table[table[item].isin(next(iter(models.values())).items_)]
    notes += [*told, *_tell(table, fresh, known, settings)]
    frames = []
    for question, model in models.items():
        if len(fresh):
            model.update(make_incidence(fresh, settings, reading.source))
        lists = recommend(model, users, settings, _kind_of(model, settings))
        frames.append(lists.table.assign(**{QUESTION: question}))
        notes += [note for note in lists.notes if note not in notes]
    found = pd.concat(frames, ignore_index=True)
    return NewLists(found[[QUESTION, *(name for name in found.columns if name != QUESTION)]], settings.who), notes


def _read(settings: ProductSettings, data: Path | str, kinds: dict[str, Any]) -> tuple[pd.DataFrame, TableReport]:
    """Rows in the columns that were learnt from, each of the kind that it had."""
    named = settings.columns
    empty = settings.missing == "drop"
    changes: dict[str, Any] = {
        role: {"kind": kinds[getattr(named, role)], "allow_missing": empty}
        for role in ("user", "item")
        if getattr(named, role) in kinds
    }
    own = settings.own_table(changes)
    table, reading = datasets.load_with_report("grocery_transactions", data, own=own, **settings.read_options)
    if needs_dates(table, settings):
        own = settings.own_table(changes, dated=True)
        table, reading = datasets.load_with_report("grocery_transactions", data, own=own, **settings.read_options)
    if named.time and named.time not in table.columns:
        what = "is missing, and the run learnt when things were taken"
        raise DataError(reading.source, [Problem(what, column=named.time, fix="Give the time of every row.")])
    return table, reading


def _open_models(run: SavedRun) -> dict[str, Recommender]:
    models = run.model()
    if not isinstance(models, dict) or not all(isinstance(one, Recommender) for one in models.values()) or not models:
        raise StoreError(f"{run.folder / 'model.hexad'} holds no model of this study. Run the study again")
    return models


def _leave_known(
    table: pd.DataFrame, settings: ProductSettings, models: dict[str, Recommender]
) -> tuple[pd.DataFrame, list[Any]]:
    """Rows without those that the run has seen, and whose these are.

    It has seen what users it knows did before its last time; of that time, which may be a day that was not over, what
    it holds.
    """
    time, user, item = settings.columns.time, settings.columns.user, settings.columns.item
    model = next(iter(models.values()))
    if not time:
        return table, []
    last: Any = pd.Timestamp(int(model.last_)) if model.dated_ else model.last_
    if model.dated_ != pd.api.types.is_datetime64_any_dtype(table[time]):
        here, there = ("dates" if dated else "numbers" for dated in (not model.dated_, model.dated_))
        what = f"holds {here}, and the run learnt from {there}"
        raise DataError("new rows", [Problem(what, column=time, fix="Write times as they were.")])
    pairs = pd.MultiIndex.from_frame(table[[user, item]])
    held = (table[time] < last).to_numpy() | ((table[time] == last).to_numpy() & pairs.isin(_list_last(model)))
    old = table[user].isin(model.users_).to_numpy() & held
    return table[~old], table.loc[old, user].drop_duplicates().tolist()


def _list_last(model: Recommender) -> pd.MultiIndex:
    """Who took what at the last time that was learnt from."""
    history = model.history_
    last = np.zeros(len(history.users), dtype=bool) if history.ages is None else np.asarray(history.ages <= 0)
    users, items = np.asarray(model.users_), np.asarray(model.items_)
    return pd.MultiIndex.from_arrays([users[history.users[last]], items[history.items[last]]])


def _kind_of(model: Recommender, settings: ProductSettings) -> str:
    kind = settings.columns.items.kind
    return kind if kind in model.columns_.names else ""


def _tell(table: pd.DataFrame, fresh: pd.DataFrame, known: list[Any], settings: ProductSettings) -> list[str]:
    """What of the rows was new, known already, or not known at all."""
    user, item = settings.columns.user, settings.columns.item
    told = [f"{count_of(len(fresh), 'row')} of {settings.count_users(fresh[user].nunique())} added to what is known"]
    if known:
        told.append(
            f"rows that the run has seen, or that lie before its end, are taken for known already, of"
            f" {settings.count_users(len(known))}: such as {quote(known[:1])}"
        )
    if lost := table.loc[~table[item].isin(fresh[item]), item].dropna().unique().tolist():
        verb, them = ("is", "it") if len(lost) == 1 else ("are", "them")
        few = f" (among the {settings.most_items:,} that many took)" if settings.most_items else ""
        told.append(
            f"{settings.count_items(len(lost))} {verb} left out, for the run's lists do not have {them}{few}:"
            f" {quote([str(x) for x in lost[:3]])}"
        )
    return told
