"""A budget over channels and weeks, where a part of what is spent goes on working."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from domains.optimization.budget.allocate import CLOSE, TOTAL, check_total, make_unique
from domains.optimization.budget.curves import ResponseCurves
from domains.optimization.budget.joint import solve_joint
from shared.checks import is_whole
from shared.decision import (
    Decision,
    InfeasibleError,
    Limits,
    Program,
    explain_infeasible,
    make_binding,
    read_groups,
    relative_gap,
)
from shared.errors import DataError, Problem, Problems, SettingsError, quote
from shared.text import format_number
from shared.typing import Floats

__all__ = ["plan_weeks"]

EVERY = "every"


def plan_weeks(
    curves: ResponseCurves,
    n_weeks: int,
    total: float,
    *,
    carry_over: Any = 0.0,
    carried: Any = 0.0,
    limits: Any = None,
    groups: Any = None,
    gap: float = 1e-3,
    time_limit: float = 60.0,
    unit: str = "",
) -> Decision:
    """Plan spending over weeks, where a part of what is spent goes on working in the next.

    Parameters
    ----------
    curves : ResponseCurves
        Response of a week to its spending and what is carried over.
    n_weeks : int
    total : float
        Money for all weeks.
    carry_over : number, or mapping from channel to number
        Share of the effective spending that is still there a week later, from 0 to below 1 (geometric adstock).
    carried : number, or mapping
        Effective spending at hand before the first week.
    limits : Limits, or what `Limits.make` takes
        As for `allocate_budget`, and with `period`: a week's number, or "every" for each week; all weeks together where
        left empty. "total" stands for all channels.
    groups, gap, time_limit, unit
        As for `allocate_budget`.

    Returns
    -------
    Decision
        Values have a row a channel and week: "value", "effective" (with what is carried over) and "response".

    Raises
    ------
    DataError, InfeasibleError, SettingsError

    >>> curves = ResponseCurves.make(["tv"], top=[10], half=[5], shape=[3])
    >>> plan_weeks(curves, 3, 12.0).values["value"].round(1).sum().item()
    12.0
    """
    if not is_whole(n_weeks):
        raise SettingsError(f"n_weeks={n_weeks!r} is no whole number from 1 on")
    check_total(total)
    channels = curves.channels
    kept = _read_shares(carry_over, channels, "carry_over", 1.0)
    start = _read_shares(carried, channels, "carried", np.inf)
    program = _make_week_program(channels, int(n_weeks), float(total), Limits.make(limits), groups)
    conflict = explain_infeasible(program, time_limit=10.0) if len(program.row_names) > 1 else None
    if conflict is not None:
        raise InfeasibleError(conflict, "No plan meets the limits.")
    n, t = len(channels), int(n_weeks)
    lag = np.arange(t)[:, None] - np.arange(t)[None, :]
    blocks = [np.where(lag >= 0, share ** np.maximum(lag, 0), 0.0) for share in kept]
    # What was there before the first week is a column that is fixed.
    base = np.concatenate([start[i] * kept[i] ** np.arange(1, t + 1) for i in range(n)])
    inputs = sparse.hstack([sparse.block_diag(blocks), sparse.csr_array(base[:, None])], format="csr")
    wide = Program.make(
        [*program.names, "carried"],
        cost=np.zeros(n * t + 1),
        rows=sparse.hstack([program.matrix, sparse.csr_array((program.n_rows, 1))]),
        row_lower=program.row_lower,
        row_upper=program.row_upper,
        row_names=program.row_names,
        lower=np.append(program.lower, 1.0),
        upper=np.append(program.upper, 1.0),
    )
    every = ResponseCurves(
        tuple(program.names),
        np.repeat(curves.top, t),
        np.repeat(curves.half, t),
        np.repeat(curves.shape, t),
        curves.kind,
    )
    found = solve_joint(wide, every, inputs, gap=gap, time_limit=time_limit)
    if found is None:
        raise InfeasibleError(None, "No plan meets the limits.")
    spend = np.maximum(found.x[:-1], 0.0)
    effective = np.asarray(inputs @ found.x)
    index = pd.MultiIndex.from_product([channels, range(1, t + 1)], names=["channel", "week"])
    values = pd.DataFrame({"value": spend, "effective": effective, "response": every.value(effective)}, index=index)
    exact = relative_gap(found.response, found.bound)
    status = "optimal" if exact <= 1e-6 else "within gap" if found.finished else "stopped by time"
    held = np.asarray(program.matrix @ spend)
    bind = [
        (program.limits[row], side, float(bound), np.nan)
        for row in range(program.n_rows)
        for side, bound in (("least", program.row_lower[row]), ("most", program.row_upper[row]))
        if np.isfinite(bound) and abs(held[row] - bound) <= CLOSE * float(total)
    ]
    even = np.tile(spend.sum() / (n * t), n * t)
    flat = float(every.value(np.asarray(inputs @ np.append(even, 1.0))).sum())
    barred = ", which limits do not allow" if program.violation(even) > CLOSE * float(total) else ""
    notes = (
        (f"spread evenly over channels and weeks{barred}, the same money would bring {format_number(flat)}",)
        if flat > 0
        else ()
    )
    return Decision(
        status, values, found.response, found.bound, True, make_binding(list(dict.fromkeys(bind))), goal="response",
        unit=unit, notes=notes,
    )  # fmt: skip


def _read_shares(given: object, channels: Sequence[str], name: str, below: float) -> Floats:
    if isinstance(given, Mapping | pd.Series):
        series = pd.Series(given)
        series.index = series.index.map(str)
        lost = [one for one in channels if one not in series.index]
        if lost:
            raise DataError(name, [Problem(f"there is none for {quote(lost)}", fix="Write 0 where there is none.")])
        more = [one for one in series.index if one not in channels]
        if more:
            raise DataError(name, [Problem(f"{quote(more)} have no response curve", fix="Leave them out.")])
        values = pd.to_numeric(series.loc[list(channels)], errors="coerce").to_numpy(dtype=float)
    else:
        values = np.full(len(channels), float(given) if isinstance(given, Real) else np.nan)
    if not ((values >= 0) & (values < below)).all():
        bound = "" if np.isinf(below) else f" to below {below:g}"
        raise SettingsError(f"{name} has to be numbers from 0{bound}")
    return values


def _make_week_program(channels: Sequence[str], t: int, total: float, limits: Limits, groups: object) -> Program:
    """Rows over channels and weeks: the total, and every limit in its weeks."""
    n = len(channels)
    maps = read_groups(groups, channels)
    rows: list[Floats] = [np.ones(n * t)]
    low, high = [-np.inf], [total]
    names, labels = ["the budget"], ["the budget"]
    problems = Problems(limits.source)
    for number, limit in enumerate(limits, 1):
        weeks = _find_weeks(limit.period, t)
        if weeks is None:
            what = f"{limit.name!r}: {limit.period!r} is no week from 1 to {t}, nor 'every'"
            problems.add(what, column="period", rows=[number], fix="Leave it empty for all weeks together.")
            continue
        if limit.applies_to.lower() == TOTAL:
            parts = [(limit.name, np.ones(n))]
        else:
            found = Limits([limit], source=limits.source).to_rows(channels, maps, kind="channel", quantities=(TOTAL,))
            parts = [(found.names[i], found.matrix[i]) for i in range(len(found.names))]
        for label, members in parts:
            for group in weeks:
                pick = np.zeros(t)
                pick[group] = 1.0
                rows.append(np.asarray(np.kron(members, pick), dtype=float))
                low.append(limit.least)
                high.append(limit.most)
                names.append(label if len(weeks) == 1 else f"{label}, week {group[0] + 1}")
                labels.append(limit.name)
    problems.raise_if_any()
    return Program.make(
        [f"{channel}, week {week + 1}" for channel in channels for week in range(t)],
        cost=np.zeros(n * t),
        rows=np.array(rows),
        row_lower=low,
        row_upper=high,
        row_names=make_unique(names),
        labels=labels,
        lower=0.0,
        upper=total,
    )


def _find_weeks(period: str | None, t: int) -> list[list[int]] | None:
    if period is None or not str(period).strip():
        return [list(range(t))]
    text = str(period).strip().lower()
    if text in {EVERY, "every week", "each"}:
        return [[week] for week in range(t)]
    try:
        week = int(float(text))
    except (ValueError, OverflowError):
        return None
    return [[week - 1]] if 1 <= week <= t and float(text) == week else None
