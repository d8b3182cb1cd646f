"""The first instrument: compute again with another future, and look at what changes that must not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shared.errors import quoted
from shared.evaluation.leakage.altered import Altered, Sight, altered
from shared.evaluation.leakage.differs import changed_parts, changed_rows, frame_of
from shared.evaluation.leakage.pipelines import Made, Roles, Work, places_of
from shared.evaluation.leakage.report import Leak, named
from shared.runtime.seeds import fixed_seeds

__all__ = ["Recomputed", "recompute"]

Bools = np.ndarray[Any, np.dtype[np.bool_]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
WHOLE = 0.5
PAST = "Use past rows only: a window that ends at the row (no center=True), or a shift by {0} more row{1}."
OWN = "Leave it out, or shift it by at least one row: a row's target is not known when it is asked for."
ALL = "Learn it on the training rows only: make it a step of a Pipeline that is fitted on them."
FILL = "Fill from earlier rows (ffill), or with a value learnt on the training rows."
FIT = "Give fit nothing but training rows: take those for early stopping, selection and tuning out of them, too."
BATCH = (
    "Answer each row from its own values and what fit learnt: compute no means, ranks or windows over the rows asked."
)


@dataclass(frozen=True)
class Recomputed:
    """What recomputation found."""

    leaks: tuple[Leak, ...]
    notes: tuple[str, ...]
    runs: int


@dataclass(frozen=True)
class _Finding:
    step: str
    what: str
    columns: tuple[str, ...]
    rows: Bools | None
    target: bool
    sight: Sight


def recompute(
    work: Work, table: pd.DataFrame, train: Ints, test: Ints, sight: Sight, roles: Roles, random_state: int = 0
) -> Recomputed:
    """Run a pipeline on the table and twice on the table with another future; report what changes.

    The first time only the target is replaced, the second time everything unseen, and a part of it is taken away.
    A change is made sure of by running the unchanged table once more.
    """
    keep = tuple(name for name in (roles.time, roles.unique_id, roles.groups, *roles.known) if name)
    notes: list[str] = []
    original = _run(work, table, train, test, random_state)
    runs = 1
    findings: list[_Finding] = []
    for target_only in (True, False):
        if target_only and roles.y is None:
            continue
        here = sight
        if work.features_only and not target_only:
            here = _after_a_gap(table, sight, keep) or sight
        found = _with_another_future(
            work, table, train, test, here, roles, keep, target_only, random_state, original, notes
        )
        runs += 1
        findings += [one for one in found if (one.step, one.columns) not in {(f.step, f.columns) for f in findings}]
    if roles.y is None:  # nothing to predict: the second look takes rows away only
        found = _with_another_future(work, table, train, test, sight, roles, keep, None, random_state, original, notes)
        findings += [one for one in found if (one.step, one.columns) not in {(f.step, f.columns) for f in findings}]
        runs += 1
    if findings:
        again = _run(work, table, train, test, random_state)
        runs += 1
        shaky = {m.step for m, other in zip(original, again, strict=False) if _moved(m, other)}
        if shaky:
            notes.append(f"{quoted(sorted(shaky))} differ from run to run even with fixed seeds and cannot be checked")
        findings = [one for one in findings if one.step not in shaky]
    return Recomputed(tuple(_leak(one, table) for one in findings), tuple(notes), runs)


def _run(work: Work, table: pd.DataFrame, train: Ints, test: Ints, random_state: int) -> list[Made]:
    with fixed_seeds(random_state):
        return work.run(table, train, test)


def _with_another_future(
    work: Work,
    table: pd.DataFrame,
    train: Ints,
    test: Ints,
    sight: Sight,
    roles: Roles,
    keep: tuple[str, ...],
    target_only: bool | None,
    random_state: int,
    original: list[Made],
    notes: list[str],
) -> list[_Finding]:
    """One run on an altered table, tamer where the pipeline refuses wild values; the first step that changed."""
    error: Exception | None = None
    for tame in (False, True):
        other = altered(
            table, sight, y=roles.y, keep=keep, rest=not target_only, drop=not target_only, tame=tame,
            own_too=work.origin, random_state=random_state,
        )  # fmt: skip
        kept_train, kept_test = (places_of(part, other.rows) for part in (train, test))
        try:
            made = _run(work, other.table, kept_train, kept_test, random_state)
        except Exception as problem:  # the pipeline's own refusal, whatever it is  # noqa: BLE001
            error = problem
            continue
        return _compared(original, made, other, table, sight, roles, work, bool(target_only))
    what = "another target" if target_only else "other rows after the cut"
    notes.append(f"it refuses {what} ({type(error).__name__}: {str(error)[:120]}), so this could not be looked at")
    return []


def _after_a_gap(table: pd.DataFrame, sight: Sight, keep: tuple[str, ...]) -> Sight | None:
    """The last row that has a missing value before a known one: there a filling from the future shows itself."""
    if not (sight.order > 0).any():
        return None
    order = np.lexsort((sight.order, sight.series))
    ends = np.zeros(len(table), dtype=bool)
    same = sight.series[order][1:] == sight.series[order][:-1]
    for name in table.columns:
        gone = table[name].isna().to_numpy() if name not in keep else None
        if gone is not None and gone.any():
            sorted_ = gone[order]
            ends[order[:-1]] |= sorted_[:-1] & ~sorted_[1:] & same
    if not ends.any():
        return None
    at = sight.order[ends].max()
    return Sight(sight.order < at, sight.order == at, sight.order, sight.series)


def _compared(
    original: list[Made],
    made: list[Made],
    other: Altered,
    table: pd.DataFrame,
    sight: Sight,
    roles: Roles,
    work: Work,
    target_only: bool,
) -> list[_Finding]:
    """Everything that changed and must not have, up to and with the first step that did."""
    found: list[_Finding] = []
    exact = len(other.rows) == len(table)
    for mine, its in zip(original, made, strict=False):
        if found and mine.step != found[0].step:
            break
        if mine.what == "fit":
            parts = changed_parts(mine.value, its.value)
            if parts:
                found.append(_Finding(mine.step, "fit", tuple(parts), None, target_only, sight))
            continue
        found += _changed_columns(mine, its, other, table, sight, roles, work, target_only, exact)
    # Of a step that was fitted on what it should not see, its outputs say nothing new.
    fitted = [one for one in found if one.rows is None]
    return fitted or found


def _changed_columns(
    mine: Made,
    its: Made,
    other: Altered,
    table: pd.DataFrame,
    sight: Sight,
    roles: Roles,
    work: Work,
    target_only: bool,
    exact: bool,
) -> list[_Finding]:
    first, second = frame_of(mine.value), frame_of(its.value)
    if first is None or second is None or mine.rows is None or its.rows is None:
        return []
    seen = np.ones(len(table), dtype=bool) if work.origin else sight.seen
    back = other.rows[its.rows]
    places = pd.Index(back).get_indexer(pd.Index(mine.rows))
    common = (places >= 0) & seen[mine.rows]
    a, b = first.iloc[common], second.iloc[places[common]]
    rows = mine.rows[common]
    gathered: dict[bytes, list[str]] = {}
    for change in changed_rows(a, b, exact=exact):
        mask = change.rows
        if change.column == roles.y:
            mask = mask & sight.train[rows]  # the target itself, perhaps transformed: unknown in the rows asked for
        elif change.column in table.columns and _passed_on(a, change.column, table, rows):
            continue
        if mask.any():
            whole = np.zeros(len(table), dtype=bool)
            whole[rows[mask]] = True
            gathered.setdefault(whole.tobytes(), []).append(change.column)
    return [
        _Finding(mine.step, mine.what, tuple(columns), np.frombuffer(key, dtype=bool), target_only, sight)
        for key, columns in gathered.items()
    ]


def _passed_on(frame: pd.DataFrame, column: str, table: pd.DataFrame, rows: Ints) -> bool:
    """Whether a column is one of the table's own, as it was given."""
    values = frame[column] if frame.columns.is_unique else None
    if values is None:
        return False
    given = table[[column]].iloc[rows]
    return not changed_rows(values.to_frame(column), given, exact=True)


def _moved(mine: Made, its: Made) -> bool:
    """Whether two runs on the same table differ in a step."""
    if mine.what == "fit":
        return bool(changed_parts(mine.value, its.value))
    first, second = frame_of(mine.value), frame_of(its.value)
    if first is None or second is None or first.shape != second.shape:
        return True
    return bool(changed_rows(first, second, exact=True))


def _leak(found: _Finding, table: pd.DataFrame) -> Leak:
    """Say what was found, how far it looks ahead, and how to mend it."""
    source = "the target of rows that are asked for" if found.target else "rows after the cut"
    if found.rows is None:
        which = "" if found.columns == ("values",) else f" ({quoted(found.columns)})"
        what = f"what it learnt{which} depends on {source}"
        return Leak(found.step, what, FIT, found.columns)
    columns, count = named(found.columns), f"{int(found.rows.sum()):,}"
    if found.what == "answers":
        what = (
            f"its answers change in {count} rows when only {'their targets' if found.target else 'other rows'} change"
        )
        return Leak(found.step, what, FIT if found.target else BATCH, found.columns)
    verb = "looks" if len(found.columns) == 1 else "look"
    missing = table.isna().any(axis=1).to_numpy()
    if missing.any() and not (found.rows & ~missing).any():
        what = f"{columns} {'is' if verb == 'looks' else 'are'} filled, in {count} rows, with what comes from {source}"
        return Leak(found.step, what, FILL, found.columns)
    ahead = _ahead(found)
    if ahead is None:
        what = f"{columns} {'depends' if verb == 'looks' else 'depend'}, in {count} rows, on {source}"
        return Leak(found.step, what, ALL, found.columns)
    if ahead == 0:
        what = f"{columns} {'is' if verb == 'looks' else 'are'} computed from the target of the row itself"
        return Leak(found.step, what, OWN, found.columns, 0)
    what = f"{columns} {verb} {ahead:,} row{'s' if ahead > 1 else ''} ahead"
    return Leak(found.step, what, PAST.format(ahead, "s" if ahead > 1 else ""), found.columns, ahead)


def _ahead(found: _Finding) -> int | None:
    """Rows between the earliest row that changed and the first one that was replaced; None for statistics of all rows."""
    rows, sight = found.rows, found.sight
    if rows is None or not (sight.order > 0).any() or rows.sum() > WHOLE * sight.seen.sum():
        return None
    furthest = -1
    for number in np.unique(sight.series[rows]):
        mine = sight.series == number
        changed = sight.order[mine & rows]
        hidden = sight.order[mine & (sight.later | (sight.own & found.target))]
        if len(hidden) == 0 or changed.min() <= sight.order[mine].min() + 1:
            return None
        # A window or a shift changes every row up to the cut; scattered rows are those that a statistic moves.
        span = sight.order[mine & sight.seen].max() - changed.min() + 1
        if len(np.unique(changed)) < 0.5 * span:
            return None
        furthest = max(furthest, int(hidden.min() - changed.min()))
    return furthest if furthest >= 0 else None
