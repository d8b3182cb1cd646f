"""The tables that the features report speaks from: columns with their reasons, errors on rows held out, the search."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from shared.reporting import Evidence

from .rows import Rows
from .search import SURE, Choice
from .trial import Trial


@dataclass(frozen=True)
class Tables:
    """What the report's sentences are worked out from, as the run keeps it.

    Attributes
    ----------
    columns : pandas.DataFrame
        A row a column: whether it is kept, was chosen, and was chosen again; its reason.
    scores : pandas.DataFrame
        Errors by model, part of the rows held out, and metric.
    sizes : pandas.DataFrame
        Columns that each model uses.
    search : pandas.DataFrame
        One row: what the search is worth, and how many rows there were.

    >>> columns = pd.DataFrame({"column": ["a", "b"], "keep": [True, False]})
    >>> Tables(columns, columns, columns, columns).named(keep=True).count("column").text
    '1 column'
    """

    columns: pd.DataFrame
    scores: pd.DataFrame
    sizes: pd.DataFrame
    search: pd.DataFrame

    @classmethod
    def of(cls, advice: pd.DataFrame, trial: Trial, choice: Choice, rows: Rows) -> Tables:
        """Make them from the results."""
        found = choice.selection
        search = {
            "inner": found.inner,
            "outer": found.outer,
            "low": max(found.low, -9.99),
            "high": min(found.high, 1.0),
            "searches": choice.searches,
            "sure from": SURE,
            "rows learnt from": rows.n_learnt,
            "rows held out": len(rows.y) - rows.n_learnt,
            "columns": rows.X.shape[1],
        }
        chosen, sure = advice["column"].isin(choice.columns), advice["column"].isin(choice.sure)
        return cls(
            advice.assign(chosen=chosen, again=sure),
            trial.scores.to_frame().rename(columns={"split": "part"}),
            pd.DataFrame(list(trial.sizes.items()), columns=["model", "columns"]),
            pd.DataFrame([search]),
        )

    def kept(self) -> dict[str, pd.DataFrame]:
        """The tables by the name of their files."""
        return dict(vars(self))

    def named(self, **equal: object) -> Evidence:
        """Rows of the table of columns."""
        return Evidence("columns", self.columns, equal)

    def errors(self, model: str, metric: str) -> Evidence:
        """Errors of a model on the rows held out."""
        return Evidence("scores", self.scores, {"model": model, "metric": metric})

    def size(self, model: str) -> Evidence:
        """The row that says how many columns a model uses."""
        return Evidence("sizes", self.sizes, {"model": model})

    @property
    def of_search(self) -> Evidence:
        """What the search is worth, and how many rows there were."""
        return Evidence("search", self.search)
