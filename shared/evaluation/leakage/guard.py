"""The leak guard inside an evaluation: every model is asked again with everything unknown replaced."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import numpy as np
import pandas as pd

from shared.data import columns as names
from shared.data.splits import Split
from shared.errors import HexadError, quote
from shared.evaluation.leakage.diff import Difference, find_changed_rows
from shared.evaluation.leakage.foresight import Foresight, find_foresight
from shared.evaluation.leakage.overlap import SAME_WORDS, overlap
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
    found = overlap(data, split.train, split.test, roles.without_known())
    # A plan with as many states as the target decides it by right; whether it is known ahead, its user has said.
    found = [leak for leak in found if not (leak.what == SAME_WORDS and set(leak.columns) <= set(roles.known))]
    if roles.time is not None:  # of rows that are forecast only what is known ahead is shown: a copy tells no more
        found = [leak for leak in found if leak.ahead != 0 or not leak.columns or set(leak.columns) & set(roles.known)]
    return tuple(found)


def find_telling_columns(data: object, task: Task) -> tuple[Foresight, ...]:
    """Columns that nobody declared known, and that know the target of later rows, for those who look at them.

    Parameters
    ----------
    data : as for the task
    task : Task
    """
    roles = task.roles(data)
    if not isinstance(data, pd.DataFrame) or roles.y not in data.columns or roles.time not in data.columns:
        return ()
    aside = {roles.y, roles.time, roles.unique_id, roles.groups, *roles.known}
    others = [name for name in data.columns if name not in aside]
    return tuple(find_foresight(data, others, roles, ahead=True))


def find_proxies(data: object, task: Task, aside: Container[str] = ()) -> tuple[str, ...]:
    """Say which of the columns declared known ahead know the target itself.

    Parameters
    ----------
    data : as for the task
    task : Task
    aside : container of str
        Columns that were told before.
    """
    roles = task.roles(data)
    if not isinstance(data, pd.DataFrame) or roles.y not in data.columns or roles.time not in data.columns:
        return ()
    known = [name for name in roles.known if name in data.columns and name not in aside]
    return tuple(
        f"{found.column!r}, declared known ahead, knows the answer to {found.percent} of what the past leaves open:"
        " make sure that it is known then, and not made of the target"
        for found in find_foresight(data, known, roles, ahead=False)
    )


def read_columns(
    model: object, data: Any, split: Split, task: Task, columns: Sequence[str], random_state: int = 0
) -> list[str]:
    """Those of some columns that a model looks at: its predictions change when their values are shuffled.

    Parameters
    ----------
    model : estimator
        Left unfitted.
    data, split, task
        As for `predict_perturbed`.
    columns : sequence of str
    random_state : int
        Of the shuffles.
    """
    rng = np.random.default_rng(random_state)
    first = task.run(clone_seeded(model), data, [split])[0]
    read = []
    for name in columns:
        other = data.assign(**{name: data[name].array[rng.permutation(len(data))]})
        try:
            changed = bool(_find_changes(first, task.run(clone_seeded(model), other, [split])[0], task))
        except (HexadError, ValueError):  # who refuses the shuffled column has looked at it
            changed = True
        if changed:
            read.append(name)
    return read


def say_foresight(found: Foresight) -> Leak:
    """A leak of a column that knows later targets.

    >>> say_foresight(Foresight("x", 1, 0.9999)).step
    "column 'x'"
    """
    rows = f"{found.ahead:,} row{'s' if found.ahead > 1 else ''}"
    what = f"knows the target {rows} ahead to {found.percent} of what the past leaves open"
    fix = "Leave it out, or shift it to where it is known; what is known ahead is declared: known=."
    return Leak(f"column {found.column!r}", what, fix, (found.column,), found.ahead, "overlap")
