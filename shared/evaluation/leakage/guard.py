"""The leak guard inside an evaluation: at its first cut every model is asked again with another future."""

from __future__ import annotations

from typing import Any

import pandas as pd

from shared.data import columns as names
from shared.data.splits import Split
from shared.errors import quoted
from shared.evaluation.leakage.differs import changed_rows
from shared.evaluation.leakage.overlap import overlap
from shared.evaluation.leakage.pipelines import Roles
from shared.evaluation.leakage.report import Leak, LeakReport
from shared.runtime.seeds import seeded, unseeded

MEND = (
    "Look in the model and in what it is given for something that holds the whole table: a column known ahead that is "
    "not, data read anew, or state shared between fits. leakage_check names the step."
)


def asked_again(model: Any, table: pd.DataFrame, cut: Split, task: Any) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Predictions of a model at a cut of the table with another future; and where it has no seed, with this one, too.

    Parameters
    ----------
    model : estimator
        Left unfitted.
    table : pandas.DataFrame
        Left unchanged.
    cut : Split
    task : Task
        With ``another_future(table, cut)``.
    """
    from sklearn.base import clone

    other, same_cut = task.another_future(table, cut)
    if not unseeded(model):
        return task.run(clone(model), other, [same_cut])[0], None
    return task.run(seeded(model), other, [same_cut])[0], task.run(seeded(model), table, [cut])[0]


def judged(
    name: str, model: Any, table: pd.DataFrame, cut: Split, task: Any, first: pd.DataFrame, second: pd.DataFrame
) -> LeakReport:
    """Compare predictions with those made with another future; a difference is made sure of before it is told."""
    looked_at = (f"its predictions at the first cut ({cut.label})",)
    known = getattr(task, "known", ())
    notes = (f"it was shown {quoted(known)} ahead: true only where these are known then",) if known else ()
    changed = _changed(first, second, task)
    if not changed:
        return LeakReport(name, (), looked_at, notes)
    again, original = asked_again(model, table, cut, task)
    original = task.run(seeded(model), table, [cut])[0] if original is None else original
    if not unseeded(model) and _changed(first, original, task):
        return LeakReport(name, (), (), (*notes, "it differs from run to run, so nothing can be said"))
    sure = _changed(original, again, task)
    if not sure:
        return LeakReport(name, (), looked_at, notes)
    rows = max(int(change.rows.sum()) for change in sure)
    what = f"{rows:,} of {len(first):,} predictions change when only what comes after the cut does"
    return LeakReport(name, (Leak(f"model {name!r}", what, MEND, tuple(c.column for c in sure)),), looked_at, notes)


def _changed(first: pd.DataFrame, second: pd.DataFrame, task: Any) -> list[Any]:
    aside = [task.columns.y, names.CUTOFF]
    a, b = (
        frame.drop(columns=[name for name in aside if name in frame.columns]).reset_index(drop=True)
        for frame in (first, second)
    )
    if len(a) != len(b):
        return changed_rows(a, a.assign(**dict.fromkeys(a.columns)))
    return [] if a.equals(b) else changed_rows(a, b)


def guarded_columns(table: pd.DataFrame, cut: Split, task: Any) -> tuple[Leak, ...]:
    """Leaks in the columns that models are shown beside the target, and in the cut itself."""
    columns = task.columns
    shown = tuple(dict.fromkeys([*columns.exogenous, *getattr(task, "known", ())]))
    present = tuple(name for name in shown if name in table.columns)
    if not present:
        return ()
    key = columns.unique_id if columns.unique_id in table.columns else None
    roles = Roles(columns.y, columns.ds, key, features=present, known=())
    return tuple(overlap(table, cut.train, cut.test, roles))
