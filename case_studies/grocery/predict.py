"""The grocery study's model at work: new baskets, completed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from case_studies.common.saved_run import SavedRun
from domains.basket import RuleRecommender
from shared.data import Schema, datasets
from shared.errors import DataError, Problem, StoreError, quote
from shared.result import Result

from .baskets import baskets_of
from .purchases import fold_names, leave_out
from .settings import GrocerySettings

__all__ = ["Completions", "predict"]

ITEMS = 5


@dataclass(frozen=True, repr=False)
class Completions(Result):
    """What is missing from new baskets.

    Attributes
    ----------
    frame : pandas.DataFrame
        As `RuleRecommender.recommend` gives it.
    n_baskets : int

    >>> Completions(pd.DataFrame({"order": [1]}), 1).explain()
    'Completed 1 of 1 baskets.'
    """

    frame: pd.DataFrame
    n_baskets: int

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.frame

    def explain(self) -> str:
        """Say how many baskets were completed."""
        return f"Completed {self.frame.iloc[:, 0].nunique():,} of {self.n_baskets:,} baskets."


def predict(
    settings: GrocerySettings, run: SavedRun, data: Path | str, accept_drift: bool
) -> tuple[Completions, list[str]]:
    """Read new baskets and say what is missing from them.

    Returns
    -------
    completions, notes

    >>> from shared.data.contract import TableContract
    >>> predict(GrocerySettings(), SavedRun(Path("runs/none"), "grocery", TableContract(())), "no-such-file.csv", False)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file. ...
    """
    roles = settings.columns.model_copy(
        update={"time": "", "price": "", "amount": ""}
    )  # when a basket is filled, and what is paid, does not matter for what is missing
    present = settings.model_copy(update={"columns": roles})
    needed = (roles.order, roles.item)
    columns = tuple(replace(column, required=column.name in needed) for column in present.own_table().columns)
    table, reading = datasets.load_with_report(
        "grocery_transactions", data, own=Schema(columns), **settings.read_options
    )
    present = present.for_table(table.columns)
    model = run.model()
    if not isinstance(model, RuleRecommender):
        raise StoreError(f"{run.folder / 'model.hexad'} holds no model of this study. Run the study again")
    table, left = leave_out(table, roles.item, settings.without_items)
    if settings.fold_case:
        table = table.assign(**{roles.item: fold_names(table[roles.item], model.items_)})
    items = table[[roles.item]].dropna() if settings.missing == "drop" else table[[roles.item]]
    notes = [*reading.repairs, *left, *run.contract.check(items, reading.source, accept_drift=accept_drift)]
    baskets = baskets_of(table, present, reading.source)
    known = baskets.reindex_items(pd.Index(model.items_))
    if len(known.codes) == 0:
        what = f"the model knows none of its items, such as {quote(baskets.items[:3])}"
        fix = f"It learnt items such as {quote(model.items_[:3])}: write them as there."
        raise DataError(reading.source, [Problem(what, column=roles.item, fix=fix)])
    notes += [*baskets.notes, *known.notes]
    if model.customers_ is not None:
        owners = model.owners(known)
        seen = 0 if owners is None else int((owners >= 0).sum())
        notes.append(f"{seen:,} of {baskets.n_rows:,} baskets are of customers whose history the model knows")
    return Completions(model.recommend(known, n=ITEMS), baskets.n_rows), notes
