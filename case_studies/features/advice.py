"""What is kept and what is dropped, column by column, each with its reason; and the model of those that are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.dummy import DummyRegressor

from domains.timeseries import StandardizedRidge

from .rows import Rows
from .search import Choice
from .settings import FeaturesSettings
from .trial import Trial

__all__ = ["advise", "fit_final", "keep_columns"]

ALIKE = 0.9  # correlation from which one column may stand in for another
LITTLE = 0.01  # R squared of a column alone that is next to nothing


def keep_columns(trial: Trial, choice: Choice, rows: Rows) -> list[str]:
    """Columns that are recommended.

    Parameters
    ----------
    trial : Trial
    choice : Choice
    rows : Rows

    >>> from domains.optimization import Selection
    >>> from shared.evaluation import Comparisons, Scores
    >>> rows = Rows(pd.DataFrame({"a": np.arange(9.0)}), pd.Series(np.arange(9.0)), None, (5, 7), {})
    >>> table = pd.DataFrame({"chosen": [True], "frequency": [1.0]}, index=["a"])
    >>> nothing = Trial(Scores(*[pd.DataFrame()] * 3, ()), Comparisons(()), {}, pd.DataFrame(), "mae", 0.02)
    >>> keep_columns(nothing, Choice(table, Selection(table, 0.5, 0.4, 0.3, 0.5), 5), rows)
    []
    """
    every = [str(name) for name in rows.X.columns]
    return {"keep chosen": choice.columns, "keep all": every, "keep none": []}[trial.action]


def fit_final(kept: list[str], rows: Rows, settings: FeaturesSettings) -> Any:
    """Fit a model of the kept columns on all rows; one number for all rows where none is kept.

    Parameters
    ----------
    kept : list of str
    rows : Rows
    settings : FeaturesSettings

    >>> rows = Rows(pd.DataFrame({"a": np.arange(9.0)}), pd.Series(np.arange(9.0)), None, (5, 7), {})
    >>> fit_final(["a"], rows, FeaturesSettings()).predict(pd.DataFrame({"a": [20.0]})).round(1).tolist()
    [20.0]
    """
    if not kept:
        return DummyRegressor(strategy="median" if settings.metric == "mae" else "mean").fit(rows.X.iloc[:, :0], rows.y)
    return StandardizedRidge().fit(rows.X[kept], rows.y)


def advise(trial: Trial, choice: Choice, rows: Rows) -> pd.DataFrame:
    """A row a column: whether to keep it, how often it was chosen, what it tells alone, and why.

    Parameters
    ----------
    trial : Trial
    choice : Choice
    rows : Rows

    >>> from domains.optimization import Selection
    >>> from shared.evaluation import Comparisons, Scores
    >>> X = pd.DataFrame({"a": np.arange(9.0), "b": np.arange(9.0) ** 2})
    >>> rows = Rows(X, X["a"], None, (5, 7), {"c": "never changes"})
    >>> table = pd.DataFrame({"chosen": [True, False], "frequency": 1.0, "alone": 0.9, "worth": 0.1}, index=["a", "b"])
    >>> nothing = Trial(Scores(*[pd.DataFrame()] * 3, ()), Comparisons(()), {}, pd.DataFrame(), "mae", 0.02)
    >>> advise(nothing, Choice(table, Selection(table, 0.5, 0.4, 0.3, 0.5), 5), rows)["why"].tolist()[1:]
    ['says nearly the same as a (correlation 0.96); chosen in 5 of 5 other searches', 'never changes']
    """
    kept = set(keep_columns(trial, choice, rows))
    X, _ = rows.learnt
    alike = np.abs(np.nan_to_num(np.corrcoef(X.to_numpy(), rowvar=False)))
    found = []
    for name in choice.ranking():
        row = choice.table.loc[name]
        found.append((name, name in kept, row["frequency"], row["alone"], _why(name, choice, alike)))
    found += [(name, False, np.nan, np.nan, why) for name, why in rows.dropped.items()]
    return pd.DataFrame(found, columns=["column", "keep", "frequency", "alone", "why"])


def _write_likeness(shared: float) -> str:
    return "correlation above 0.99" if shared > 0.99 else f"correlation {shared:.2f}"


def _why(name: str, choice: Choice, alike: Any) -> str:
    """Why a column was chosen, or was not."""
    row, names = choice.table.loc[name], [str(one) for one in choice.table.index]
    place = names.index(name)
    chosen = choice.table["chosen"].to_numpy()
    times = f"{round(row['frequency'] * choice.searches)} of {choice.searches:,} other searches"
    others = np.where((chosen != row["chosen"]) & (np.arange(len(names)) != place), alike[place], 0.0)
    near = int(np.argmax(others))
    if row["chosen"]:
        worth = (
            f"without it R² falls by {row['worth']:.3f}"
            if row["worth"] > 0
            else "beside the others it adds nothing sure"
        )
        said = f"{worth}; chosen in {times}"
        if name not in choice.sure and others[near] >= ALIKE:
            said += f"; {names[near]} could stand in for it ({_write_likeness(others[near])})"
        return said
    if others[near] >= ALIKE:
        return f"says nearly the same as {names[near]} ({_write_likeness(others[near])}); chosen in {times}"
    if row["alone"] < LITTLE:
        return f"alone it tells next to nothing; beside those chosen R² changes by {row['worth']:+.3f}"
    return f"beside those chosen R² changes by {row['worth']:+.3f}; chosen in {times}"
