"""A budget over channels, and over weeks: how much goes where, proven, with reasons and the limits that hold it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from domains.optimization.budget.curves import ResponseCurves
from domains.optimization.budget.joint import solve_joint
from domains.optimization.budget.separable import solve_split
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
from shared.typing import Floats

__all__ = ["allocate_budget", "plan_weeks"]

TOTAL = "total"
EVERY = "every"
CLOSE = 1e-7  # of the total, within which an amount is at its bound


def allocate_budget(
    curves: ResponseCurves,
    total: float,
    *,
    limits: Any = None,
    groups: Any = None,
    today: Any = None,
    draws: Sequence[ResponseCurves] = (),
    gap: float = 1e-6,
    time_limit: float = 60.0,
    unit: str = "",
) -> Decision:
    """Split a budget over channels so that the sum of responses is largest.

    Parameters
    ----------
    curves : ResponseCurves
    total : float
        Money, all of which is spent where limits allow it.
    limits : Limits, or what `Limits.make` takes
        On channels, groups and "every channel", in money; least = most keeps a channel as it is.
    groups : frame or mapping, optional
        Maps of groups of channels.
    today : mapping or Series, optional
        What is spent now, for comparison.
    draws : sequence of ResponseCurves
        The same curves drawn again, as `ResponseModel.draw_curves` gives them: how far the split moves, and what it is
        worth if another draw is the truth.
    gap : float
        Relative gap that is proven; 0.1 % at best where limits on groups couple channels.
    time_limit : float
        Seconds.
    unit : str
        Of the response, for sentences.

    Returns
    -------
    Decision
        Its values have a row a channel: "value" (money), "response", "next" (response to one unit more), "today",
        "low" and "high" over draws, and "why".

    Raises
    ------
    DataError, InfeasibleError, SettingsError

    >>> from shared.decision import Limit
    >>> curves = ResponseCurves.make(["tv", "web", "mail"], top=[100, 60, 20], half=[40, 10, 30], shape=[3, 1, 1])
    >>> allocate_budget(curves, 80, limits=[Limit("as now", "mail", 5, 5)]).values["value"].round(1).tolist()
    [59.3, 15.7, 5.0]
    """
    table = Limits.make(limits)
    _check_total(total)
    program = _make_program(curves.channels, float(total), table, groups)
    least, most, couples = _read_bounds(program, float(total))
    coupled = bool(couples.any())
    _need_feasible(program, least, most, float(total), coupled)
    spend, response, bound, finished = _split(program, curves, float(total), least, most, coupled, gap, time_limit)
    price = _price(curves, spend, least, most)
    values = pd.DataFrame(
        {"value": spend, "response": curves.value(spend), "next": curves.slope(spend)},
        index=pd.Index(curves.channels, name="channel"),
    )
    notes = [*_compare_today(curves, today, spend, float(total), response, values), *_compare_equal(curves, spend)]
    if draws:
        notes += _spread(draws, program, curves, float(total), least, most, coupled, time_limit, values, spend)
    values["why"] = _reasons(curves, spend, least, most, price, program)
    proven = relative_gap(response, bound) <= max(1e-6, 1.01 * (max(gap, 1e-3) if coupled else gap))
    exact = relative_gap(response, bound) <= 1e-6
    status = "optimal" if exact else "within gap" if finished and proven else "stopped by time"
    binding = _binding(program, spend, price, curves, float(total))
    return Decision(status, values, response, bound, True, binding, goal="response", unit=unit, notes=tuple(notes))


def _check_total(total: Any) -> None:
    if isinstance(total, bool | str) or not np.isfinite(total) or not total > 0:
        raise SettingsError(f"total={total!r} is no amount of money above 0")


def _make_program(channels: Sequence[str], total: float, limits: Limits, groups: Any) -> Program:
    """The total and every limit as named rows over channels."""
    n = len(channels)
    rows = limits.without(TOTAL).to_rows(channels, read_groups(groups, channels), kind="channel", quantities=(TOTAL,))
    names, labels = list(rows.names), list(rows.limits)
    matrix, low, high = rows.matrix, list(rows.lower), list(rows.upper)
    for limit in limits.about(TOTAL):
        matrix = np.vstack([matrix, np.ones(n)])
        names.append(limit.name)
        labels.append(limit.name)
        low.append(limit.least)
        high.append(limit.most)
    negative = [name for name, value in zip(names, high, strict=True) if value < 0]
    if negative:
        what = f"{quote(negative)} allow less than nothing"
        raise DataError(limits.source, [Problem(what, column="most", fix="Give amounts of money from 0 on.")])
    return Program.make(
        channels,
        cost=np.zeros(n),
        rows=np.vstack([np.ones(n), matrix]),
        row_lower=[-np.inf, *low],
        row_upper=[total, *high],
        row_names=_unique(["the budget", *names]),
        labels=["the budget", *labels],
        hard=[False] + [False] * len(names),
        lower=0.0,
        upper=total,
    )


def _unique(names: list[str]) -> list[str]:
    found: dict[str, None] = {}
    for name in names:
        free = name
        while free in found:
            free += "'"
        found[free] = None
    return list(found)


def _read_bounds(program: Program, total: float) -> tuple[Floats, Floats, Any]:
    """Bounds of single channels, and which rows couple several."""
    n = program.n_columns
    least, most = np.zeros(n), np.full(n, total)
    table = program.matrix.toarray()
    couples = np.zeros(program.n_rows, dtype=bool)
    for row in range(1, program.n_rows):
        used = np.flatnonzero(table[row])
        if len(used) == 1:
            i = int(used[0])
            least[i] = max(least[i], program.row_lower[row])
            most[i] = min(most[i], program.row_upper[row])
        else:
            couples[row] = True
    return least, most, couples


def _need_feasible(program: Program, least: Floats, most: Floats, total: float, coupled: bool) -> None:
    if not coupled and (least <= most).all() and least.sum() <= total * (1 + 1e-12):
        return
    conflict = explain_infeasible(program, time_limit=10.0)
    if conflict is not None:
        raise InfeasibleError(conflict, "No split of the budget meets the limits.")


def _split(
    program: Program,
    curves: ResponseCurves,
    total: float,
    least: Floats,
    most: Floats,
    coupled: bool,
    gap: float,
    time_limit: float,
) -> tuple[Floats, float, float, bool]:
    if not coupled:
        answer = solve_split(curves, total, least, most, gap=gap, time_limit=time_limit)
        return answer.spend, answer.response, answer.bound, answer.finished
    tight = replace(program, lower=least, upper=most)
    found = solve_joint(tight, curves, np.eye(len(curves)), gap=max(gap, 1e-4), time_limit=time_limit)
    if found is None:
        raise InfeasibleError(None, "No split of the budget meets the limits.")
    return np.maximum(found.x, 0.0), found.response, found.bound, found.finished


def _price(curves: ResponseCurves, spend: Floats, least: Floats, most: Floats) -> float:
    """What the next unit of money brings where channels are free to take it."""
    size = CLOSE * max(float(spend.sum()), 1e-300)
    free = (spend > least + size) & (spend < most - size)
    if free.any():
        return float(np.median(curves.slope(spend)[free]))
    up = spend < most - size
    return float(curves.slope(spend)[up].max()) if up.any() else 0.0


def _reasons(
    curves: ResponseCurves, spend: Floats, least: Floats, most: Floats, price: float, program: Program
) -> list[str]:
    size = CLOSE * max(float(spend.sum()), 1e-300)
    by = _limits_of(program)
    # What a channel brings a unit of money at best, from nothing on.
    from domains.optimization.budget.kernels import tangent_points

    zero = np.zeros(len(spend))
    end = np.maximum(most, 1e-12)
    at = np.maximum(
        tangent_points(zero, end, curves.inflection, curves.top, curves.half, curves.shape, curves.kind == "log"),
        1e-9 * end,
    )
    top = curves.value(at) / at
    told = []
    for i, amount in enumerate(spend):
        if least[i] == most[i]:
            told.append(f"kept as it is by {by.get((i, 'least'), 'its limit')}")
        elif amount <= size and least[i] <= 0:
            told.append(f"out: a unit of money would bring {top[i]:.3g} at best, and brings {price:.3g} elsewhere")
        elif amount >= most[i] - size and (i, "most") in by:
            told.append(f"held back by {by[i, 'most']}: the next unit would bring {curves.slope(spend)[i]:.3g}")
        elif amount <= least[i] + size and (i, "least") in by:
            told.append(f"held up by {by[i, 'least']}: its last unit brings {curves.slope(spend)[i]:.3g}")
        else:
            told.append("")
    return told


def _limits_of(program: Program) -> dict[tuple[int, str], str]:
    """The limit behind each channel's bounds."""
    table = program.matrix.toarray()
    found: dict[tuple[int, str], tuple[float, str]] = {}
    for row in range(1, program.n_rows):
        used = np.flatnonzero(table[row])
        if len(used) != 1:
            continue
        i = int(used[0])
        low, high = float(program.row_lower[row]), float(program.row_upper[row])
        if np.isfinite(low) and low > found.get((i, "least"), (-np.inf, ""))[0]:
            found[i, "least"] = (low, program.limits[row])
        if np.isfinite(high) and high < found.get((i, "most"), (np.inf, ""))[0]:
            found[i, "most"] = (high, program.limits[row])
    return {key: name for key, (_, name) in found.items()}


def _binding(program: Program, spend: Floats, price: float, curves: ResponseCurves, total: float) -> pd.DataFrame:
    held = np.asarray(program.matrix @ spend)
    slope = curves.slope(spend)
    table = program.matrix.toarray()
    rows: dict[tuple[str, str], tuple[float, float]] = {}
    for row, name in enumerate(program.limits):
        for side, bound in (("least", program.row_lower[row]), ("most", program.row_upper[row])):
            if not np.isfinite(bound) or abs(held[row] - bound) > CLOSE * total:
                continue
            used = np.flatnonzero(table[row])
            gain = np.nan
            if row == 0:
                gain = price
            elif len(used) == 1:
                gain = float(slope[used[0]] - price) * (1.0 if side == "most" else -1.0)
                if gain <= 0:
                    continue
            key = (name, side)
            rows[key] = (float(bound), gain + rows[key][1] if key in rows else gain)
    order = sorted(((*key, *what) for key, what in rows.items()), key=lambda row: -row[3] if row[3] == row[3] else 0.0)
    return make_binding(order)


def _compare_today(
    curves: ResponseCurves, today: Any, spend: Floats, total: float, response: float, values: pd.DataFrame
) -> list[str]:
    if today is None:
        return []
    now = _read_today(today, curves.channels)
    values["today"] = now
    before = float(curves.value(now).sum())
    said = f"{response:.4g} in place of {before:.4g} with today's split"
    if before > 0:
        said += f", {100 * (response / before - 1):+.1f} %"
    if abs(now.sum() - total) > 1e-6 * total:
        said += f"; today {now.sum():.6g} is spent, here {total:.6g}"
    if np.abs(spend - now).max() <= 1e-6 * total:
        said += "; the split of today is the best there is"
    return [said]


def _read_today(today: Any, channels: Sequence[str]) -> Floats:
    given = pd.Series(today)
    given.index = given.index.map(str)
    problems = Problems("today")
    lost = [name for name in channels if name not in given.index]
    more = [name for name in given.index if name not in channels]
    if lost:
        problems.add(f"there is no amount for {quote(lost)}", fix="Write 0 for what is not spent.")
    if more:
        problems.add(f"{quote(more)} have no response curve", fix="Leave them out, or give their curves.")
    numbers = pd.to_numeric(given, errors="coerce")
    bad = numbers.index[~(np.isfinite(numbers) & (numbers >= 0))]
    if len(bad):
        problems.add(f"amounts of {quote(bad)} are no numbers from 0 on", fix="Correct them.")
    problems.raise_if_any()
    return numbers.loc[list(channels)].to_numpy(dtype=float)


def _compare_equal(curves: ResponseCurves, spend: Floats) -> list[str]:
    equal = float(curves.value(np.full(len(spend), spend.sum() / len(spend))).sum())
    return [f"split equally, the same money would bring {equal:.4g}"] if equal > 0 else []


def _spread(
    draws: Sequence[ResponseCurves],
    program: Program,
    curves: ResponseCurves,
    total: float,
    least: Floats,
    most: Floats,
    coupled: bool,
    time_limit: float,
    values: pd.DataFrame,
    spend: Floats,
) -> list[str]:
    """How far the split moves when curves are drawn again, and what this one reaches of each draw's best."""
    splits, reached = [], []
    for one in draws:
        if one.channels != curves.channels:
            raise SettingsError("draws have other channels than the curves")
        found = _split(program, one, total, least, most, coupled, 1e-3, time_limit / len(draws))
        splits.append(found[0])
        best = found[1]
        reached.append(float(one.value(spend).sum()) / best if best > 0 else 1.0)
    values["low"], values["high"] = np.percentile(splits, [5, 95], axis=0)
    widest = int(np.argmax((values["high"] - values["low"]).to_numpy()))
    name = curves.channels[widest]
    return [
        f"if the curves are as in one of {len(draws)} other draws, this split reaches"
        f" {100 * float(np.median(reached)):.1f} % of what is possible (95 of 100: at least"
        f" {100 * float(np.percentile(reached, 5)):.1f} %); the best amount for {name} moves most, from"
        f" {values['low'].iloc[widest]:.4g} to {values['high'].iloc[widest]:.4g}"
    ]


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
    _check_total(total)
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
    notes = (f"spread evenly over channels and weeks, the same money would bring {flat:.4g}",) if flat > 0 else ()
    return Decision(
        status, values, found.response, found.bound, True, make_binding(list(dict.fromkeys(bind))), goal="response",
        unit=unit, notes=notes,
    )  # fmt: skip


def _read_shares(given: Any, channels: Sequence[str], name: str, below: float) -> Floats:
    if isinstance(given, Mapping | pd.Series):
        series = pd.Series(given)
        series.index = series.index.map(str)
        lost = [one for one in channels if one not in series.index]
        if lost:
            raise DataError(name, [Problem(f"there is none for {quote(lost)}", fix="Write 0 where there is none.")])
        values = series.loc[list(channels)].to_numpy(dtype=float)
    else:
        values = np.full(len(channels), float(given))
    if not ((values >= 0) & (values < below)).all():
        bound = "" if np.isinf(below) else f" to below {below:g}"
        raise SettingsError(f"{name} has to be numbers from 0{bound}")
    return values


def _make_week_program(channels: Sequence[str], t: int, total: float, limits: Limits, groups: Any) -> Program:
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
        row_names=_unique(names),
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
    except ValueError:
        return None
    return [[week - 1]] if 1 <= week <= t and float(text) == week else None
