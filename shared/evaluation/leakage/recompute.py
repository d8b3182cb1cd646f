"""The first instrument: compute again with another future, and look at what changes that must not."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from shared.errors import quoted
from shared.evaluation.leakage.altered import Altered, Sight, altered, truncated
from shared.evaluation.leakage.differs import changed_parts, changed_rows, take_rows
from shared.evaluation.leakage.pipelines import Made, Roles, Work, places_of
from shared.evaluation.leakage.report import Leak, named
from shared.runtime.seeds import fixed_seeds

Bools = np.ndarray[Any, np.dtype[np.bool_]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
WHOLE = 0.5
INTO_TEST = 0.38
PAST = "Use past rows only: a window that ends before the row (no center=True), a shift towards the past, series by series."
OWN = (
    "Leave it out, or shift it: a row's target, and what is summed up with it, is not known when the row is asked for."
)
ALL = "Learn it on the training rows only: make it a step of a Pipeline that is fitted on them; of a series take the past."
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
    taken_away: bool
    sight: Sight
    replaced: bool = False


def recompute(
    work: Work, table: pd.DataFrame, train: Ints, test: Ints, sight: Sight, roles: Roles, random_state: int = 0
) -> Recomputed:
    """Run a pipeline on a table, once with everything unknown replaced, and once with it taken away.

    In time order the two look at different cuts: some way into the test rows, and at the split itself or, for functions
    that only compute features, behind a gap. A change is made sure of by running the unchanged table again.
    """
    keep = tuple(name for name in (roles.time, roles.unique_id, roles.groups, *roles.known) if name)
    notes: list[str] = []
    original, drew = _run(work, table, train, test, random_state)
    unmatched = [made.step for made in original if made.what == "unmatched"]
    if not original:
        notes.append("it gave back nothing that could be looked at: no frame, array or fitted model")
    if unmatched:
        notes.append(f"what {', '.join(unmatched)} gave could not be matched with rows, so it was not looked at")
    findings: list[_Finding] = []
    first = sight if work.origin else (_into_the_test(sight, test) or sight)
    second = (_after_a_gap(table, sight, keep) if work.features_only else None) or sight
    for taken_away, here in ((False, first), (not roles.known, second)):  # what is known ahead has to stay
        found = _another_future(work, table, train, test, here, roles, keep, taken_away, random_state, original, notes)
        findings = _merged(findings, found)
    runs = 3
    if drew and (only := [one.step for one in findings if one.taken_away and not one.replaced]):
        notes.append(f"{', '.join(only)} changes with the number of rows, perhaps only because it draws at random")
        findings = [one for one in findings if not one.taken_away or one.replaced]
    if findings:
        again, _ = _run(work, table, train, test, random_state)
        runs += 1
        findings = _sure(findings, original, again, notes)
    blind = bool(notes) or not any(made.what != "unmatched" for made in original)
    return Recomputed(tuple(_leak(one, table) for one in findings), tuple(notes), runs, blind)


def _run(work: Work, table: pd.DataFrame, train: Ints, test: Ints, random_state: int) -> tuple[list[Made], bool]:
    """What a pipeline makes of a table, and whether it drew at random."""
    # One array a column in every run: sums over a table's blocks depend on how it is laid out in memory.
    same_layout = pd.DataFrame(
        {n: pd.Series(table[n].array.copy(), table.index, table[n].dtype, copy=False) for n in table.columns},
        index=table.index, copy=False,
    )  # fmt: skip
    with fixed_seeds(random_state) as drawn:
        made = work.run(same_layout, train, test)
        return made, drawn()


def _another_future(
    work: Work,
    table: pd.DataFrame,
    train: Ints,
    test: Ints,
    sight: Sight,
    roles: Roles,
    keep: tuple[str, ...],
    taken_away: bool,
    random_state: int,
    original: list[Made],
    notes: list[str],
) -> list[_Finding]:
    """One run on another future, a tamer one where the pipeline refuses the first; what changed first."""
    error: Exception | None = None
    for tame in (False, True):
        other = (
            truncated(table, sight, half=tame)
            if taken_away
            else altered(table, sight, y=roles.y, keep=keep, tame=tame, own_too=work.origin, random_state=random_state)
        )
        for name in other.unchanged:
            note = f"column {quoted([name])} holds what has no other values to try"
            if note not in notes:
                notes.append(note)
        kept_train, kept_test = (places_of(part, other.rows) for part in (train, test))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about values that are not the user's
                made, _ = _run(work, other.table, kept_train, kept_test, random_state)
        except Exception as problem:  # the pipeline's own refusal, whatever it is  # noqa: BLE001
            error = problem
            continue
        return _compared(original, made, other, table, sight, roles, work, taken_away)
    what = "fewer rows" if taken_away else "other values"
    notes.append(f"it refuses {what} ({type(error).__name__}: {str(error)[:120]}), so this could not be looked at")
    return []


def _into_the_test(sight: Sight, test: Ints) -> Sight | None:
    """A cut some way into the test rows, where all rows to learn from lie before them; None otherwise."""
    if not (sight.order > 0).any():
        return None
    in_test = np.zeros(len(sight.train), dtype=bool)
    in_test[test] = True
    seen = np.zeros(len(in_test), dtype=bool)
    own = np.zeros(len(in_test), dtype=bool)
    for number in np.unique(sight.series[test]):
        mine = sight.series == number
        asked = np.unique(sight.order[mine & in_test])
        learnt = sight.order[mine & sight.train]
        if len(learnt) and learnt.max() >= asked[0]:
            return None
        at = asked[int(INTO_TEST * (len(asked) - 1))]
        seen |= mine & (sight.order < at)
        own |= mine & (sight.order == at)
    return Sight(sight.train | seen, own, sight.order, sight.series)


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
    if not (sight.order < at).any():
        return None
    return Sight(sight.order < at, sight.order == at, sight.order, sight.series)


# -- what changed ------------------------------------------------------------------------------------------------------


def _compared(
    original: list[Made],
    made: list[Made],
    other: Altered,
    table: pd.DataFrame,
    sight: Sight,
    roles: Roles,
    work: Work,
    taken_away: bool,
) -> list[_Finding]:
    """Everything that changed and must not have, up to and with the first step that did."""
    found: list[_Finding] = []
    for mine, its in _paired(original, made):
        if found and mine.step != found[0].step:
            break
        if mine.what == "unmatched":
            continue
        if mine.what == "fit":
            parts = changed_parts(mine.value, its.value) if its is not None else []
            if parts:
                found.append(_Finding(mine.step, "fit", tuple(parts), None, taken_away, sight))
        elif its is not None:
            found += _changed_columns(mine, its, other, table, sight, roles, work, taken_away)
    # Of a step that was fitted on what it should not see, its outputs say nothing new.
    fitted = [one for one in found if one.rows is None]
    return fitted or found


def _paired(original: list[Made], made: list[Made]) -> list[tuple[Made, Made | None]]:
    """The same things of two runs, by step and kind."""
    left = list(made)
    pairs: list[tuple[Made, Made | None]] = []
    for mine in original:
        at = next((i for i, one in enumerate(left) if (one.step, one.what) == (mine.step, mine.what)), None)
        pairs.append((mine, None if at is None else left.pop(at)))  # by place: frames cannot be compared with ==
    return pairs


def _changed_columns(
    mine: Made,
    its: Made,
    other: Altered,
    table: pd.DataFrame,
    sight: Sight,
    roles: Roles,
    work: Work,
    taken_away: bool,
) -> list[_Finding]:
    if mine.rows is None or its.rows is None:
        return []
    seen = np.ones(len(table), dtype=bool) if work.origin else sight.seen
    back = other.rows[its.rows]
    found = []
    gone = _came_or_went(mine.rows, back, other.rows, seen)
    if gone.any():
        found.append(_Finding(mine.step, "rows", ("rows",), gone, taken_away, sight))
    places = pd.Index(back).get_indexer(pd.Index(mine.rows))
    common = (places >= 0) & seen[mine.rows]
    a, b = take_rows(mine.value, np.flatnonzero(common)), take_rows(its.value, places[common])
    rows = mine.rows[common]
    gathered: dict[bytes, list[str]] = {}
    for change in changed_rows(a, b):
        mask = change.rows
        if change.column == roles.y:
            mask = (
                mask & (sight.train & ~sight.own)[rows]
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
        _Finding(mine.step, mine.what, tuple(columns), np.frombuffer(key, dtype=bool), taken_away, sight)
        for key, columns in gathered.items()
    ]


def _came_or_went(mine: Ints, its: Ints, there: Ints, seen: Bools) -> Bools:
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
    return not changed_rows(frame[[column]].reset_index(drop=True), table[[column]].iloc[rows].reset_index(drop=True))


def _merged(before: list[_Finding], new: list[_Finding]) -> list[_Finding]:
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


def _sure(findings: list[_Finding], original: list[Made], again: list[Made], notes: list[str]) -> list[_Finding]:
    """Findings without what differs between two runs on the same table."""
    moving: dict[str, set[str]] = {}
    for mine, its in _paired(original, again):
        if its is None or mine.what == "unmatched":
            continue
        if mine.what == "fit":
            moving.setdefault(mine.step, set()).update(changed_parts(mine.value, its.value))
        elif mine.value.shape == its.value.shape:
            moving.setdefault(mine.step, set()).update(one.column for one in changed_rows(mine.value, its.value))
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


def _leak(found: _Finding, table: pd.DataFrame) -> Leak:
    """Say what was found, how far it looks ahead, and how to mend it."""
    ordered = bool((found.sight.order > 0).any())
    source = "rows after the cut" if ordered else "other rows that are tested on"
    if found.rows is None:
        shown = [name for name in found.columns if not name.split(".")[-1].isdigit()]
        which = f" ({quoted(shown)})" if shown and shown != ["values"] else ""
        return Leak(found.step, f"what it learnt{which} depends on {source}", FIT, found.columns)
    number = int(found.rows.sum())
    columns, count = named(found.columns), f"{number:,} row" if number == 1 else f"{number:,} rows"
    one = len(found.columns) == 1
    if found.what == "rows":
        what = f"whether it keeps {count} depends on {source}"
        return Leak(found.step, what, DROP, ())
    ahead = _ahead(found)
    if found.what == "answers":
        if ahead == 0 and not found.taken_away:
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


def _ahead(found: _Finding) -> int | None:
    """Rows between the earliest row that changed and the first unknown one; None for statistics of all rows."""
    rows, sight = found.rows, found.sight
    if rows is None or not (sight.order > 0).any() or rows.sum() > WHOLE * sight.seen.sum():
        return 0 if rows is not None and not found.taken_away and not (rows & ~sight.own).any() else None
    furthest = -1
    for number in np.unique(sight.series[rows]):
        mine = sight.series == number
        changed = sight.order[mine & rows]
        hidden = sight.order[mine & (sight.later if found.taken_away else sight.later | sight.own)]
        if len(hidden) == 0 or changed.min() <= sight.order[mine].min() + 1:
            return None
        # A window or a shift changes every row up to the cut; scattered rows are those that a statistic moves.
        span = sight.order[mine & sight.seen].max() - changed.min() + 1
        if len(np.unique(changed)) < 0.5 * span:
            return None
        furthest = max(furthest, int(hidden.min() - changed.min()))
    return furthest if furthest >= 0 else None
