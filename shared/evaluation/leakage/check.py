"""The leak guard: whether anything learnt or predicted depends on what could not have been known."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from shared.data import columns as names
from shared.data.io.frames import as_pandas
from shared.data.schema import missing_column
from shared.data.splits import Split
from shared.errors import HexadError, Problems, SettingsError, quote
from shared.evaluation.leakage.overlap import LATE, overlap
from shared.evaluation.leakage.perturb import visibility_at
from shared.evaluation.leakage.pipelines import as_checkable
from shared.evaluation.leakage.recompute import recompute
from shared.evaluation.leakage.report import Leak, LeakReport
from shared.evaluation.task import ColumnRoles, lend_stamps
from shared.typing import Ints

__all__ = ["leakage_check"]


def leakage_check(
    pipeline: object,
    table: object,
    split: object,
    *,
    y: object = None,
    time: str | None = None,
    unique_id: str | None = None,
    groups: str | None = None,
    known: Sequence[str] = (),
    features: Sequence[str] = (),
    task: Any = None,
    random_state: int = 0,
) -> LeakReport:
    r"""Look for leaks: things learnt or predicted that depend on what could not have been known at a cut.

    Recomputation runs the pipeline again on the same table with another future: targets that are asked for, and rows
    after the cut, are replaced and taken away. Features, fitted models and answers that change, leak. Overlap looks for
    rows, groups and answers on both sides of the split. Neither is told what to look for.

    Parameters
    ----------
    pipeline : estimator, forecaster, function or list of (name, step)
        - a scikit-learn estimator, transformer, detector or `Pipeline`: fitted on the training rows, asked for the
          others;
        - a model that its task fits and asks, such as a forecaster;
        - a function ``f(table)`` that gives features, one row a row (its index tells which, where it drops some);
        - a function ``f(table, train, test)`` that does everything, with positions of rows; what it gives back is
          looked at: frames, arrays, fitted models, or a dict of them, whose names then say where a leak is. Single
          numbers, such as scores, are not looked at;
        - a list of named steps, each a function or an estimator as above, each given what the one before gave.
    table : frame
        One row an observation, in any order; left unchanged.
    split : Split, pair of arrays, or splitter
        Positions of rows to learn from and to be tested on; of a splitter the first cut is taken.
    y : str or array, optional
        Target column, or its values. Without it there is no target.
    time : str, optional
        Column of stamps. With it the rows after the first one tested on, of each series, count as unknown; without it
        rows have no order, and rows tested on must not matter to each other.
    unique_id : str, optional
        Key column of series; "unique_id" where the table has one.
    groups : str, optional
        Column of groups that may not lie on both sides.
    known : sequence of str
        Columns whose future is known, such as holidays.
    features : sequence of str
        Columns that an estimator learns from; all but the above where left out.
    task : Task, optional
        How the model is fitted and asked; where left out, what the model names: its ``default_task()``.
    random_state : int
        Seed of the replaced values, and of everything in the pipeline that has none of its own.

    Returns
    -------
    LeakReport
        Costs two runs of the pipeline beside the first. A leak costs one more, to make sure of it, and a pipeline that
        refuses values far outside its data another one.

    Raises
    ------
    HexadError
        The pipeline has none of these forms, or the split does not fit the table.

    Notes
    -----
    A pipeline that reads its data from elsewhere than the table it is given cannot be looked through.
    Source of the kinds of leakage: Kaufman et al. (2012), ACM TKDD 6(4); Kapoor & Narayanan (2023), Patterns 4(9).

    >>> table = pd.DataFrame({"t": range(40), "y": [float(i % 7) for i in range(40)]})
    >>> def smooth(table):
    ...     return table.assign(mean=table["y"].rolling(5, center=True).mean())
    >>> report = leakage_check(smooth, table, (range(30), range(30, 40)), y="y", time="t")
    >>> print(report.leaks[0].what)
    its column 'mean' looks at least 2 rows ahead
    """
    table = _as_table(table)
    if y is not None and not isinstance(y, str):
        table, y = _with_target(table, y)
    if task is None and hasattr(pipeline, "default_task"):
        task = pipeline.default_task()
    if task is not None:
        task = task.agree([pipeline], split)
        pipeline = task.lend_columns(pipeline)
    table = table if task is None else task.to_table(table)
    given = ColumnRoles() if task is None else task.roles(table)
    split = lend_stamps(split, given)
    y, time, unique_id = y or given.y, time or given.time or getattr(split, "ds", None), unique_id or given.unique_id
    known = tuple(known) or given.known
    _check_names(table)
    train, test = _cut(split, table, y, groups)
    if unique_id is None and names.UNIQUE_ID in table.columns:
        unique_id = names.UNIQUE_ID
    roles = ColumnRoles(y, time, unique_id, groups, tuple(features), tuple(known))
    checkable = as_checkable(pipeline, roles, task, random_state)
    _check_columns(table, roles)
    visibility = visibility_at(table, train, test, time=time, unique_id=unique_id, random_state=random_state)
    shared_sides = overlap(table, train, test, roles, random_state=random_state)
    if any(leak.what.endswith(LATE) for leak in shared_sides):  # then every lag looks ahead
        return LeakReport(checkable.name, tuple(shared_sides), ("overlap of the split",), (), blind=True)
    found = recompute(checkable, table, train, test, visibility, roles, random_state)
    leaks = (*found.leaks, *_new(shared_sides, found.leaks))
    return LeakReport(
        checkable.name,
        leaks,
        (*checkable.checked, "overlap of the split"),
        found.notes,
        blind=found.blind and not leaks,
    )


def _new(leaks: list[Leak], before: tuple[Leak, ...]) -> list[Leak]:
    """Leaks whose columns were not reported before."""
    told = {column for leak in before for column in leak.columns}
    return [leak for leak in leaks if not leak.columns or not set(leak.columns) <= told]


def _as_table(table: object) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame):
        return table.copy(deep=False)
    if isinstance(table, np.ndarray) and table.ndim == 2:
        return pd.DataFrame(table, columns=[f"x{place}" for place in range(table.shape[1])])
    return as_pandas(table, "table")


def _with_target(table: pd.DataFrame, y: object) -> tuple[pd.DataFrame, str]:
    values = np.asarray(y)
    if values.shape != (len(table),):
        raise HexadError(f"y has the shape {values.shape}, but the table has {len(table):,} rows")
    name = str(y.name) if isinstance(y, pd.Series) and y.name is not None else "target"
    name = name if name not in table.columns else "target of the table"
    return table.assign(**{name: values}), name


def _cut(split: object, table: pd.DataFrame, y: str | None, groups: str | None) -> tuple[Ints, Ints]:
    """Positions to learn from and to be tested on; of a splitter those of its first cut."""
    if isinstance(split, Split):
        pair: Any = (split.train, split.test)
    elif hasattr(split, "splits"):
        first = split.splits(table)[0]
        pair = (first.train, first.test)
    elif hasattr(split, "split"):
        target = table[y] if y is not None else None
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The groups parameter is ignored")
            pair = next(iter(split.split(table, target, table[groups] if groups is not None else None)))
    else:
        pair = split
    try:
        train, test = (np.asarray(list(part) if isinstance(part, range) else part) for part in pair)
    except (TypeError, ValueError) as error:
        raise HexadError("split= is neither a Split, a splitter, nor a pair of row positions (train, test)") from error
    made = []
    for side, part in (("train", train), ("test", test)):
        if part.dtype == bool and len(part) == len(table):
            part = np.flatnonzero(part)  # noqa: PLW2901
        if part.ndim != 1 or not np.issubdtype(part.dtype, np.integer) or len(part) == 0:
            raise HexadError(f"the {side} side of the split holds no positions of rows")
        if part.min() < 0 or part.max() >= len(table):
            raise HexadError(f"the {side} side of the split names rows beyond the {len(table):,} of the table")
        made.append(part.astype(np.int64))
    return made[0], made[1]


def _check_names(table: pd.DataFrame) -> None:
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise HexadError(f"the table has columns of the same name: {quote(dict.fromkeys(twice))}; rename them")


def _check_columns(table: pd.DataFrame, roles: ColumnRoles) -> None:
    problems = Problems("table")
    for name in (roles.y, roles.time, roles.groups, *roles.features, *roles.known):
        if name is not None and name not in table.columns:
            missing_column(name, [str(column) for column in table.columns], problems)
    problems.raise_if_any()
    if roles.time is not None and table[roles.time].isna().any():
        raise SettingsError(f"{int(table[roles.time].isna().sum()):,} stamps in {roles.time!r} are missing")
