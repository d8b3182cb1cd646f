"""The leak guard inside an evaluation: every model is asked again with everything unknown replaced."""

from __future__ import annotations

import pandas as pd

from shared.data import columns as names
from shared.data.splits import Split
from shared.errors import HexadError, quote
from shared.evaluation.leakage.diff import Difference, find_changed_rows
from shared.evaluation.leakage.overlap import overlap
from shared.evaluation.leakage.report import Leak, LeakReport
from shared.evaluation.task import Task
from shared.runtime.seeds import clone_seeded, find_unseeded

FIX = (
    "Look in the model and in what it is given for something that holds the whole table: a column known ahead that is "
    "not, data read anew, or state shared between fits. leakage_check names the step."
)


def predict_perturbed(
    model: object, data: object, split: Split, task: Task
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Predictions of a model at a split of perturbed data; and where it has no seed, of the data themselves, too.

    Parameters
    ----------
    model : estimator
        Left unfitted.
    data : as for the task
        Left unchanged.
    split : Split
    task : Task
        With ``perturb(data, split)``.
    """
    from sklearn.base import clone

    found = task.perturb(data, split)
    if found is None:
        raise HexadError(f"{type(task).__name__} does not say what is known at a split")
    other, same_split = found
    if not find_unseeded(model):
        return task.run(clone(model), other, [same_split])[0], None
    return task.run(clone_seeded(model), other, [same_split])[0], task.run(clone_seeded(model), data, [split])[0]


def compare_predictions(
    name: str, model: object, data: object, split: Split, task: Task, first: pd.DataFrame, second: pd.DataFrame
) -> LeakReport:
    """Compare predictions with those made of perturbed data; a difference is made sure of before it is reported.

    Parameters
    ----------
    name : str
        Of the model.
    model : estimator
    data, split, task
        As for `predict_perturbed`.
    first, second : pandas.DataFrame
        Predictions made of the data, and of the perturbed data.
    """
    checked = (f"its predictions at the first split ({split.label})",)
    known = task.roles(data).known
    notes = (f"it was shown {quote(known)} ahead: true only where these are known then",) if known else ()
    changed = _find_changes(first, second, task)
    if not changed:
        return LeakReport(name, (), checked, notes)
    again, original = predict_perturbed(model, data, split, task)
    original = task.run(clone_seeded(model), data, [split])[0] if original is None else original
    if not find_unseeded(model) and _find_changes(first, original, task):
        return LeakReport(name, (), (), (*notes, "it differs from run to run, so nothing can be said"))
    sure = _find_changes(original, again, task)
    if not sure:
        return LeakReport(name, (), checked, notes)
    rows = max(int(change.rows.sum()) for change in sure)
    what = f"{rows:,} of {len(first):,} predictions change when only what comes after the cut does"
    return LeakReport(name, (Leak(f"model {name!r}", what, FIX, tuple(c.column for c in sure)),), checked, notes)


def _find_changes(first: pd.DataFrame, second: pd.DataFrame, task: Task) -> list[Difference]:
    aside = {*task.outcomes, names.SPLIT}
    a, b = (
        frame.drop(columns=[name for name in frame.columns if name in aside]).reset_index(drop=True)
        for frame in (first, second)
    )
    if len(a) != len(b):
        return find_changed_rows(a, a.assign(**dict.fromkeys(a.columns)))
    return [] if a.equals(b) else find_changed_rows(a, b)


def check_columns(data: object, split: Split, task: Task) -> tuple[Leak, ...]:
    """Leaks in the columns that models are shown beside the target, and in the split itself.

    Parameters
    ----------
    data, split, task
        As for `predict_perturbed`.
    """
    roles = task.roles(data)
    if not isinstance(data, pd.DataFrame) or not roles.features:
        return ()
    return tuple(overlap(data, split.train, split.test, roles.without_known()))
