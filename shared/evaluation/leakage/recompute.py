"""The first instrument: compute again with another future, and look at what changes that must not."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from shared.data.splits import find_positions
from shared.errors import quote
from shared.evaluation.leakage.diff import find_changed_parts, find_changed_rows, take_rows
from shared.evaluation.leakage.perturb import Perturbed, Visibility, perturb, truncate
from shared.evaluation.leakage.pipelines import Checkable, StepOutput
from shared.evaluation.leakage.report import Leak, name_columns
from shared.evaluation.task import ColumnRoles
from shared.runtime.seeds import fix_seeds
from shared.typing import Bools, Ints

# Share of the known rows above which a change is that of the whole table (a mean, a scaler), not of a window.
WHOLE = 0.5
# Place of the second cut in the test, off the middle, where a window that is centred could balance itself.
INTO_TEST = 0.38
PAST = (
    "Use past rows only: a window that ends before the row (no center=True), a shift towards the past, series by"
    " series."
)
OWN = (
    "Leave it out, or shift it: a row's target, and what is summed up with it, is not known when the row is asked for."
)
ALL = (
    "Learn it on the training rows only: make it a step of a Pipeline that is fitted on them; of a series take the"
    " past."
)
FILL = "Fill with a value learnt on the training rows, or in time order from earlier rows (ffill)."
FIT = "Give fit nothing but training rows: take those for early stopping, selection and tuning out of them, too."
BATCH = (
    "Answer each row from its own values and what fit learnt: compute no means, ranks or windows over the rows asked."
)
DROP = "Decide on each row by itself, or by limits learnt on the training rows."


@dataclass(frozen=True)
class Recomputed:
    """What recomputation found; `blind` where a part of it could not be looked at."""

    leaks: tuple[Leak, ...]
    notes: tuple[str, ...]
    runs: int
    blind: bool = False


@dataclass(frozen=True)
class _Finding:
    """Something that changed: parts of a fitted model (rows is None), or columns in some rows."""

    step: str
    what: str
    columns: tuple[str, ...]
    rows: Bools | None
    removed: bool
    visibility: Visibility
    replaced: bool = False


def recompute(
    checkable: Checkable,
    table: pd.DataFrame,
    train: Ints,
    test: Ints,
    visibility: Visibility,
    roles: ColumnRoles,
    random_state: int = 0,
) -> Recomputed:
    """Run a pipeline on a table, once with everything unknown replaced, and once with it taken away.

    In time order the two look at different cuts: some way into the test rows, and at the split itself or, for functions
    that only compute features, behind a gap. A change is made sure of by running the unchanged table again.
    """
    keep = tuple(name for name in (roles.time, roles.unique_id, roles.groups, *roles.known) if name)
    notes: list[str] = []
    original, drew = _run(checkable, table, train, test, random_state)
    unmatched = [made.step for made in original if made.what == "unmatched"]
    if not original:
        notes.append("it gave back nothing that could be looked at: no frame, array or fitted model")
    if unmatched:
        notes.append(f"what {', '.join(unmatched)} gave could not be matched with rows, so it was not looked at")
    findings: list[_Finding] = []
    first = visibility if checkable.origin else (_into_the_test(visibility, test) or visibility)
    second = (_after_a_gap(table, visibility, keep) if checkable.features_only else None) or visibility
    for removed, here in ((False, first), (not roles.known, second)):  # what is known ahead has to stay
        found = _run_perturbed(checkable, table, train, test, here, roles, keep, removed, random_state, original, notes)
        findings = _merge(findings, found)
    runs = 3
    if drew and (only := [one.step for one in findings if one.removed and not one.replaced]):
        notes.append(f"{', '.join(only)} changes with the number of rows, perhaps only because it draws at random")
        findings = [one for one in findings if not one.removed or one.replaced]
    if findings:
        again, _ = _run(checkable, table, train, test, random_state)
        runs += 1
        findings = _keep_certain(findings, original, again, notes)
    blind = bool(notes) or not any(made.what != "unmatched" for made in original)
    return Recomputed(tuple(_describe(one, table) for one in findings), tuple(notes), runs, blind)


def _run(
    checkable: Checkable, table: pd.DataFrame, train: Ints, test: Ints, random_state: int
) -> tuple[list[StepOutput], bool]:
    """What a pipeline makes of a table, and whether it drew at random."""
    # One array a column in every run: sums over a table's blocks depend on how it is laid out in memory.
    same_layout = pd.DataFrame(
        {n: pd.Series(table[n].array.copy(), table.index, table[n].dtype, copy=False) for n in table.columns},
        index=table.index,
        copy=False,
    )
    with fix_seeds(random_state) as drawn:
        made = checkable.run(same_layout, train, test)
        return made, drawn()


def _run_perturbed(
    checkable: Checkable,
    table: pd.DataFrame,
    train: Ints,
    test: Ints,
    visibility: Visibility,
    roles: ColumnRoles,
    keep: tuple[str, ...],
    removed: bool,
    random_state: int,
    original: list[StepOutput],
    notes: list[str],
) -> list[_Finding]:
    """One run on another future, a tamer one where the pipeline refuses the first; what changed first."""
    error: Exception | None = None
    for tame in (False, True):
        other = (
            truncate(table, visibility, half=tame)
            if removed
            else perturb(
                table, visibility, y=roles.y, keep=keep, tame=tame, own_too=checkable.origin, random_state=random_state
            )
        )
        for name in other.unchanged:
            note = f"column {quote([name])} holds what has no other values to try"
            if note not in notes:
                notes.append(note)
        kept_train, kept_test = (find_positions(part, other.rows) for part in (train, test))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about values that are not the user's
                made, _ = _run(checkable, other.table, kept_train, kept_test, random_state)
        except Exception as problem:  # the pipeline's own refusal, whatever it is  # noqa: BLE001
            error = problem
            continue
        return _find_changes(original, made, other, table, visibility, roles, checkable, removed)
    what = "fewer rows" if removed else "other values"
    notes.append(f"it refuses {what} ({type(error).__name__}: {str(error)[:120]}), so this could not be looked at")
    return []


def _into_the_test(visibility: Visibility, test: Ints) -> Visibility | None:
    """A cut some way into the test rows, where all rows to learn from lie before them; None otherwise."""
    if not (visibility.order > 0).any():
        return None
    in_test = np.zeros(len(visibility.train), dtype=bool)
    in_test[test] = True
    seen = np.zeros(len(in_test), dtype=bool)
    own = np.zeros(len(in_test), dtype=bool)
    for number in np.unique(visibility.series[test]):
        mine = visibility.series == number
        asked = np.unique(visibility.order[mine & in_test])
        learnt = visibility.order[mine & visibility.train]
        if len(learnt) and learnt.max() >= asked[0]:
            return None
        at = asked[int(INTO_TEST * (len(asked) - 1))]
        seen |= mine & (visibility.order < at)
        own |= mine & (visibility.order == at)
    return Visibility(visibility.train | seen, own, visibility.order, visibility.series)


def _after_a_gap(table: pd.DataFrame, visibility: Visibility, keep: tuple[str, ...]) -> Visibility | None:
    """The last row that has a missing value before a known one: there a filling from the future shows itself."""
    if not (visibility.order > 0).any():
        return None
    order = np.lexsort((visibility.order, visibility.series))
    ends = np.zeros(len(table), dtype=bool)
    same = visibility.series[order][1:] == visibility.series[order][:-1]
    for name in table.columns:
        gone = table[name].isna().to_numpy() if name not in keep else None
        if gone is not None and gone.any():
            sorted_ = gone[order]
            ends[order[:-1]] |= sorted_[:-1] & ~sorted_[1:] & same
    if not ends.any():
        return None
    at = visibility.order[ends].max()
    if not (visibility.order < at).any():
        return None
    return Visibility(visibility.order < at, visibility.order == at, visibility.order, visibility.series)


# -- what changed ------------------------------------------------------------------------------------------------------


def _find_changes(
    original: list[StepOutput],
    made: list[StepOutput],
    other: Perturbed,
    table: pd.DataFrame,
    visibility: Visibility,
    roles: ColumnRoles,
    checkable: Checkable,
    removed: bool,
) -> list[_Finding]:
    """Everything that changed and must not have, up to and with the first step that did."""
    found: list[_Finding] = []
    for mine, its in _pair_outputs(original, made):
        if found and mine.step != found[0].step:
            break
        if mine.what == "unmatched":
            continue
        if mine.what == "fit":
            parts = find_changed_parts(mine.value, its.value) if its is not None else []
            if parts:
                found.append(_Finding(mine.step, "fit", tuple(parts), None, removed, visibility))
        elif its is not None:
            found += _find_changed_columns(mine, its, other, table, visibility, roles, checkable, removed)
    # Of a step that was fitted on what it should not see, its outputs say nothing new.
    fitted = [one for one in found if one.rows is None]
    return fitted or found


def _pair_outputs(original: list[StepOutput], made: list[StepOutput]) -> list[tuple[StepOutput, StepOutput | None]]:
    """The same things of two runs, by step and kind."""
    left = list(made)
    pairs: list[tuple[StepOutput, StepOutput | None]] = []
    for mine in original:
        at = next((i for i, one in enumerate(left) if (one.step, one.what) == (mine.step, mine.what)), None)
        pairs.append((mine, None if at is None else left.pop(at)))  # by place: frames cannot be compared with ==
    return pairs


def _find_changed_columns(
    mine: StepOutput,
    its: StepOutput,
    other: Perturbed,
    table: pd.DataFrame,
    visibility: Visibility,
    roles: ColumnRoles,
    checkable: Checkable,
    removed: bool,
) -> list[_Finding]:
    if mine.rows is None or its.rows is None:
        return []
    seen = np.ones(len(table), dtype=bool) if checkable.origin else visibility.seen
    back = other.rows[its.rows]
    found = []
    gone = _find_lone_rows(mine.rows, back, other.rows, seen)
    if gone.any():
        found.append(_Finding(mine.step, "rows", ("rows",), gone, removed, visibility))
    places = pd.Index(back).get_indexer(pd.Index(mine.rows))
    common = (places >= 0) & seen[mine.rows]
    a, b = take_rows(mine.value, np.flatnonzero(common)), take_rows(its.value, places[common])
    rows = mine.rows[common]
    gathered: dict[bytes, list[str]] = {}
    for change in find_changed_rows(a, b):
        mask = change.rows
        if change.column == roles.y:
            mask = (
                mask & (visibility.train & ~visibility.own)[rows]
            )  # the target itself, perhaps transformed: unknown where asked for
        elif (
            isinstance(a, pd.DataFrame) and change.column in table.columns and _passed_on(a, change.column, table, rows)
        ):
            continue
        if mask.any():
            whole = np.zeros(len(table), dtype=bool)
            whole[rows[mask]] = True
            gathered.setdefault(whole.tobytes(), []).append(change.column)
    return found + [
        _Finding(mine.step, mine.what, tuple(columns), np.frombuffer(key, dtype=bool), removed, visibility)
        for key, columns in gathered.items()
    ]


def _find_lone_rows(mine: Ints, its: Ints, there: Ints, seen: Bools) -> Bools:
    """Seen rows that only one of two results has, though both were given them."""
    masks = []
    for rows in (mine, its, there):
        mask = np.zeros(len(seen), dtype=bool)
        mask[rows] = True
        masks.append(mask)
    return np.asarray((masks[0] ^ masks[1]) & masks[2] & seen)


def _passed_on(frame: pd.DataFrame, column: str, table: pd.DataFrame, rows: Ints) -> bool:
    """Whether a column is one of the table's own, as it was given."""
    if not frame.columns.is_unique:
        return False
    return not find_changed_rows(
        frame[[column]].reset_index(drop=True), table[[column]].iloc[rows].reset_index(drop=True)
    )


def _merge(before: list[_Finding], new: list[_Finding]) -> list[_Finding]:
    """Findings of both looks, each thing once; how far one looks ahead shows where rows are taken away."""
    made = list(before)
    for one in new:
        same = [i for i, old in enumerate(made) if old.step == one.step and set(old.columns) & set(one.columns)]
        if not same:
            made.append(one)
        elif one.rows is None or made[same[0]].rows is None:
            made[same[0]] = replace(made[same[0]], replaced=True)
        else:
            kept = tuple(name for name in made[same[0]].columns if name not in one.columns)
            made[same[0]] = replace(one, columns=(*one.columns, *kept), replaced=True)
    return made


def _keep_certain(
    findings: list[_Finding], original: list[StepOutput], again: list[StepOutput], notes: list[str]
) -> list[_Finding]:
    """Findings without what differs between two runs on the same table."""
    moving: dict[str, set[str]] = {}
    for mine, its in _pair_outputs(original, again):
        if its is None or mine.what == "unmatched":
            continue
        if mine.what == "fit":
            moving.setdefault(mine.step, set()).update(find_changed_parts(mine.value, its.value))
        elif mine.value.shape == its.value.shape:
            moving.setdefault(mine.step, set()).update(one.column for one in find_changed_rows(mine.value, its.value))
    shaky = {step for step, columns in moving.items() if columns}
    kept = []
    for one in findings:
        columns = tuple(name for name in one.columns if name not in moving.get(one.step, set()))
        if columns:
            kept.append(replace(one, columns=columns))
    lost = sorted(shaky - {one.step for one in kept})
    if lost:
        notes.append(f"{', '.join(lost)} differ from run to run even with fixed seeds, so they could not be looked at")
    return kept


# -- in words ----------------------------------------------------------------------------------------------------------


def _describe(found: _Finding, table: pd.DataFrame) -> Leak:
    """Say what was found, how far it looks ahead, and how to fix it."""
    ordered = bool((found.visibility.order > 0).any())
    source = "rows after the cut" if ordered else "other rows that are tested on"
    if found.rows is None:
        shown = [name for name in found.columns if not name.split(".")[-1].isdigit()]
        which = f" ({quote(shown)})" if shown and shown != ["values"] else ""
        return Leak(found.step, f"what it learnt{which} depends on {source}", FIT, found.columns)
    number = int(found.rows.sum())
    columns, count = name_columns(found.columns), f"{number:,} row" if number == 1 else f"{number:,} rows"
    one = len(found.columns) == 1
    if found.what == "rows":
        what = f"whether it keeps {count} depends on {source}"
        return Leak(found.step, what, DROP, ())
    ahead = _count_ahead(found)
    if found.what == "answers":
        if ahead == 0 and not found.removed:
            what = f"its answers change in {count} when only their own targets and later rows do"
            return Leak(found.step, what, FIT, found.columns)
        return Leak(found.step, f"its answers in {count} depend on {source}", BATCH, found.columns)
    own_gaps = [table[name].isna().to_numpy() for name in found.columns if name in table.columns]
    if len(own_gaps) == len(found.columns) and not any((found.rows & ~gaps).any() for gaps in own_gaps):
        what = f"{columns} {'is' if one else 'are'} filled, in {count}, with what comes from {source}"
        return Leak(found.step, what, FILL, found.columns)
    if ahead is None:
        what = f"{columns} {'depends' if one else 'depend'}, in {count}, on {source}"
        return Leak(found.step, what, ALL, found.columns)
    if ahead == 0:
        what = f"{columns} {'is' if one else 'are'} computed from the target of the row itself"
        return Leak(found.step, what, OWN, found.columns, 0)
    what = f"{columns} {'looks' if one else 'look'} at least {ahead:,} row{'s' if ahead > 1 else ''} ahead"
    return Leak(found.step, what, PAST, found.columns, ahead)


def _count_ahead(found: _Finding) -> int | None:
    """Rows between the earliest row that changed and the first unknown one; None for statistics of all rows."""
    rows, visibility = found.rows, found.visibility
    if rows is None or not (visibility.order > 0).any() or rows.sum() > WHOLE * visibility.seen.sum():
        return 0 if rows is not None and not found.removed and not (rows & ~visibility.own).any() else None
    furthest = -1
    for number in np.unique(visibility.series[rows]):
        mine = visibility.series == number
        changed = visibility.order[mine & rows]
        hidden = visibility.order[mine & (visibility.later if found.removed else visibility.later | visibility.own)]
        if len(hidden) == 0 or changed.min() <= visibility.order[mine].min() + 1:
            return None
        # A window or a shift changes every row up to the cut; scattered rows are those that a statistic moves.
        span = visibility.order[mine & visibility.seen].max() - changed.min() + 1
        if len(np.unique(changed)) < 0.5 * span:
            return None
        furthest = max(furthest, int(hidden.min() - changed.min()))
    return furthest if furthest >= 0 else None
