"""Anything that learns or computes, run on a table: what it makes, step by step, with the rows it stands for."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shared.data import columns as names
from shared.data.splits import Split, find_positions
from shared.errors import HexadError
from shared.evaluation.leakage.diff import as_frame, digest_parts, is_sparse
from shared.evaluation.task import ColumnRoles, Task
from shared.runtime.seeds import clone_seeded
from shared.typing import Ints

__all__ = ["StepOutput"]

# Single numbers may be scores, which depend on test rows by right, or settings, which may not; their names tell.
CHOSEN = re.compile(r"param|alpha|depth|thresh|chosen|select|n_trees|n_estimators|rounds|n_iter|iterations")
ANSWERS = ("predict_proba", "score_samples", "decision_function", "predict", "transform")


@dataclass(frozen=True)
class StepOutput:
    """One thing that a pipeline made.

    Attributes
    ----------
    step : str
        Where, for people.
    value : object
        A frame with one row for each of `rows`; of fitted models and other wholes the parts (see `digest_parts`), as
        they were when it was made.
    rows : numpy.ndarray of int64, optional
        Positions of its rows in the table; None for fitted models and other wholes.
    what : {"features", "fit", "answers", "unmatched"}
        What it is; "unmatched" for what fits no rows of the table.

    >>> StepOutput("step 'scale'", pd.DataFrame({"a": [1.0]}), np.array([0])).what
    'features'
    """

    step: str
    value: Any
    rows: Ints | None = None
    what: str = "features"


@dataclass(frozen=True)
class Checkable:
    """A pipeline of any form, ready to be run on tables.

    Attributes
    ----------
    name : str
        The pipeline, for people.
    run : callable
        ``run(table, train, test) -> list of StepOutput``.
    checked : tuple of str
        What is compared.
    features_only : bool
        Whether it only computes features, row by row, so that it can be tried at any cut.
    origin : bool
        Whether all columns but those known ahead are unknown in the rows asked for, as for a forecast from an origin.
    """

    name: str
    run: Callable[[pd.DataFrame, Ints, Ints], list[StepOutput]]
    checked: tuple[str, ...]
    features_only: bool = False
    origin: bool = False


def as_checkable(pipeline: object, roles: ColumnRoles, task: Task | None, random_state: int) -> Checkable:
    """Recognise the form of a pipeline.

    Raises
    ------
    HexadError
        It has none of the forms that `leakage_check` names.
    """
    if task is not None:
        return _from_task(pipeline, roles, task, random_state)
    if _takes_horizon(pipeline):
        raise HexadError(
            f"a {type(pipeline).__name__} forecasts from a table: give the task that asks it, task=ForecastTask()"
        )
    if hasattr(pipeline, "fit"):
        return _from_estimator(pipeline, roles, random_state)
    if isinstance(pipeline, Sequence) and not isinstance(pipeline, str):
        return _from_steps(pipeline, roles, random_state)
    if callable(pipeline):
        return _from_function(pipeline, roles)
    raise HexadError(
        f"a {type(pipeline).__name__} cannot be checked for leaks; give an estimator, a forecaster, a list of "
        "(name, step), or a function of the table"
    )


def _takes_horizon(pipeline: object) -> bool:
    predict = getattr(type(pipeline), "predict", None)
    return hasattr(pipeline, "fit") and predict is not None and "horizon" in inspect.signature(predict).parameters


def _from_task(model: object, roles: ColumnRoles, task: Task, random_state: int) -> Checkable:
    """A model that its task fits and asks."""
    asked: list[Task] = []

    def run(table: pd.DataFrame, train: Ints, test: Ints) -> list[StepOutput]:
        mine = clone_seeded(model, random_state)
        if not asked:  # the whole table comes first
            asked.append(task.pin(table, Split("the cut", train, test)))
        predicted, _ = asked[0].run(mine, table, [Split("the cut", train, test)])
        aside = {*task.outcomes, roles.time, roles.unique_id, names.SPLIT}
        answers = predicted.drop(columns=[name for name in predicted.columns if name in aside])
        return [StepOutput("fit", digest_parts(mine), what="fit"), StepOutput("answers", answers, test, "answers")]

    return Checkable(type(model).__name__, run, ("the fitted model", "its answers"), origin=task.from_origin)


def _from_estimator(model: object, roles: ColumnRoles, random_state: int) -> Checkable:
    def run(table: pd.DataFrame, train: Ints, test: Ints) -> list[StepOutput]:
        return _fit_and_ask(model, table, roles, train, test, random_state)

    return Checkable(type(model).__name__, run, ("the fitted model", _answer_of(model)))


def _answer_of(model: object) -> str:
    return "predictions" if any(hasattr(model, name) for name in ANSWERS[:4]) else "transformed rows"


def _fit_and_ask(
    model: object, table: pd.DataFrame, roles: ColumnRoles, train: Ints, test: Ints, random_state: int
) -> list[StepOutput]:
    """Fit on the training rows, as anyone would, and ask for the test rows."""
    mine = clone_seeded(model, random_state)
    inputs = roles.inputs(table)
    if roles.y is not None and roles.y in table.columns:
        mine.fit(inputs.iloc[train], table[roles.y].iloc[train])
    else:
        mine.fit(inputs.iloc[train])
    steps = [(name, step) for name, step in getattr(mine, "steps", []) if step is not None and step != "passthrough"]
    made = [StepOutput(f"step {name!r}", digest_parts(step), what="fit") for name, step in steps]
    made = made or [StepOutput("fit", digest_parts(mine), what="fit")]
    way = next((name for name in ANSWERS if hasattr(mine, name)), None)
    if way is None:
        return made
    asked = test if way != "transform" else np.arange(len(table))
    batch = inputs.iloc[asked]
    for name, step in steps[:-1]:  # the way through a pipeline, to name the step that leaks
        batch = step.transform(batch)
        frame = as_frame(batch)
        if frame is None or frame.shape[0] != len(asked):
            break
        made.append(StepOutput(f"step {name!r}", frame, asked, "answers"))
    answers = as_frame(getattr(mine, way)(inputs.iloc[asked]))
    if answers is not None and answers.shape[0] == len(asked):
        made.append(StepOutput(f"step {steps[-1][0]!r}" if steps else way, answers, asked, "answers"))
    return made


def _from_steps(steps: Sequence[Any], roles: ColumnRoles, random_state: int) -> Checkable:
    pairs = [(str(step[0]), step[1]) if isinstance(step, tuple) else (_name_of(step), step) for step in steps]
    wrong = [name for name, step in pairs if not (callable(step) or hasattr(step, "fit"))]
    if wrong or not pairs:
        raise HexadError(
            f"these steps are neither functions nor estimators: {wrong}" if pairs else "there are no steps"
        )

    def run(table: pd.DataFrame, train: Ints, test: Ints) -> list[StepOutput]:
        made: list[StepOutput] = []
        current, rows = table, np.arange(len(table))
        for name, step in pairs:
            inside = [find_positions(part, rows) for part in (train, test)]
            if not hasattr(step, "fit"):
                found = _call(step, current, *inside)
                added, current, rows = _collect(name, found, current, rows, inside, roles)
                made += added
                continue
            if hasattr(step, "transform"):
                made_here, current = _transform(name, step, current, rows, roles, inside[0], random_state)
            else:
                made_here = [
                    StepOutput(f"step {name!r}", m.value, None if m.rows is None else rows[m.rows], m.what)
                    for m in _fit_and_ask(step, current, roles, inside[0], inside[1], random_state)
                ]
            made += made_here
        return made

    pure = all(not hasattr(step, "fit") and _arguments(step) == 1 for _, step in pairs)
    return Checkable("the pipeline", run, tuple(f"step {name!r}" for name, _ in pairs), features_only=pure)


def _transform(
    name: str, step: object, current: pd.DataFrame, rows: Ints, roles: ColumnRoles, train: Ints, random_state: int
) -> tuple[list[StepOutput], pd.DataFrame]:
    """A transformer among steps: fitted on the training rows, applied to all."""
    mine = clone_seeded(step, random_state)
    inputs = roles.inputs(current)
    target = current[roles.y].iloc[train] if roles.y in current.columns else None
    mine.fit(inputs.iloc[train], target) if target is not None else mine.fit(inputs.iloc[train])
    answer = mine.transform(inputs)
    frame = as_frame(answer.toarray() if is_sparse(answer) else answer)
    if frame is None or len(frame) != len(current):
        raise HexadError(f"step {name!r} gave no table with as many rows as it was given")
    frame = frame.set_axis(current.index)
    if len(frame.columns) == len(inputs.columns):
        frame = frame.set_axis(inputs.columns, axis=1)
    aside = [column for column in current.columns if column not in inputs.columns and column not in frame.columns]
    made = [StepOutput(f"step {name!r}", digest_parts(mine), what="fit"), StepOutput(f"step {name!r}", frame, rows)]
    return made, pd.concat([current[aside], frame], axis=1)


def _from_function(function: Callable[..., Any], roles: ColumnRoles) -> Checkable:
    name = _name_of(function)
    count = _arguments(function)

    def run(table: pd.DataFrame, train: Ints, test: Ints) -> list[StepOutput]:
        rows = np.arange(len(table))
        found = _call(function, table, train, test)
        return _collect(name, found, table, rows, [train, test], roles)[0]

    looked = "every column it gives" if count == 1 else "everything it gives back"
    return Checkable(name, run, (looked,), features_only=count == 1)


def _name_of(step: object) -> str:
    return str(getattr(step, "__name__", None) or type(step).__name__)


def _arguments(function: Callable[..., Any]) -> int:
    """Number of arguments without a default: 1 for the table alone, 3 for table, train and test."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1
    plain = [p for p in parameters if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}]
    return max(1, sum(p.default is p.empty for p in plain))


def _call(function: Callable[..., Any], table: pd.DataFrame, train: Ints, test: Ints) -> Any:
    count = _arguments(function)
    if count == 1:
        return function(table.copy())
    if count == 2:
        return function(table.copy(), Split("the cut", train, test))
    return function(table.copy(), train, test)


def _collect(
    name: str, found: object, table: pd.DataFrame, rows: Ints, inside: list[Ints], roles: ColumnRoles
) -> tuple[list[StepOutput], pd.DataFrame, Ints]:
    """What a function gave back: one result or several by name; a frame goes on to the next step."""
    if isinstance(found, dict) and not hasattr(found, "columns"):
        parts = {f"{key!r}": value for key, value in found.items()}
    elif isinstance(found, tuple):
        parts = {f"result {number}": value for number, value in enumerate(found, 1)}
    else:
        parts = {f"step {name!r}": found}
    made: list[StepOutput] = []
    current, current_rows = table, rows
    told: dict[int, Any] = {}
    for label, value in parts.items():
        if id(value) in told or value is None or (_is_score(value) and not CHOSEN.search(label.lower())):
            continue
        told[id(value)] = value
        frame = (
            None
            if hasattr(value, "fit") or (isinstance(value, list | tuple | set) and _is_choice(value))
            else as_frame(value)
        )
        own = None if frame is None else _rows_of(value, frame, label, table, inside, roles)
        if frame is not None and own is not None:
            kind = "answers" if np.array_equal(own, inside[1]) and len(own) != len(table) else "features"
            made.append(StepOutput(label, frame, rows[own], kind))
            if len(parts) == 1 and isinstance(frame, pd.DataFrame):
                current, current_rows = frame, rows[own]
        elif frame is None or _is_choice(value) or _is_score(value):
            made.append(StepOutput(label, digest_parts(value), what="fit"))
        else:
            made.append(StepOutput(label, None, what="unmatched"))
    return made, current, current_rows


def _is_score(value: object) -> bool:
    """Single numbers, and dicts of them: what is measured on test rows depends on them by right."""
    if isinstance(value, dict):
        return bool(value) and all(_is_score(item) for item in value.values())
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _is_choice(value: object) -> bool:
    """Names or truth values: what was chosen, such as features."""
    array = np.asarray(value) if isinstance(value, list | tuple | np.ndarray) else None
    return (
        array is not None
        and array.dtype.kind in "bUSO"
        and all(isinstance(x, str | bool | np.bool_) for x in array.ravel())
    )


def _rows_of(
    value: object, frame: Any, label: str, table: pd.DataFrame, inside: list[Ints], roles: ColumnRoles
) -> Ints | None:
    """Rows of the table that a result stands for: by its stamps and keys, by its index, otherwise by its length."""
    length = frame.shape[0]
    if isinstance(value, pd.DataFrame) and roles.time in value.columns:
        keys = [name for name in (roles.unique_id, roles.time) if name is not None and name in table.columns]
        if set(keys) <= set(value.columns) and not table.duplicated(keys).any() and not value.duplicated(keys).any():
            places = pd.MultiIndex.from_frame(table[keys]).get_indexer(pd.MultiIndex.from_frame(value[keys]))
            if (places >= 0).all():
                return np.asarray(places, dtype=np.int64)
    if length == len(table):
        return np.arange(len(table))
    fits = [part for part in inside if len(part) == length]
    if isinstance(value, pd.DataFrame | pd.Series):
        fresh = isinstance(value.index, pd.RangeIndex) and value.index.start == 0 and value.index.step == 1
        if not fresh and table.index.is_unique and value.index.is_unique:
            places = table.index.get_indexer(value.index)
            if (places >= 0).all():
                return np.asarray(places, dtype=np.int64)
    if len(fits) == 2:
        wanted = 0 if "train" in label.lower() else 1
        return fits[wanted]
    return fits[0] if fits else None
