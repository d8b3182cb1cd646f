"""A budget over channels: how much goes where, proven, with reasons and the limits that hold it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from domains.optimization.budget.curves import ResponseCurves
from domains.optimization.budget.joint import solve_joint
from domains.optimization.budget.separable import solve_split
from shared.decision import (
    Decision,
    InfeasibleError,
    Limits,
    Program,
    Session,
    explain_infeasible,
    make_binding,
    read_groups,
    relative_gap,
)
from shared.errors import DataError, Problem, Problems, SettingsError, quote
from shared.text import format_number
from shared.typing import Floats

__all__ = ["allocate_budget"]

TOTAL = "total"
TOTAL_ROW = "the budget"
EVEN = 0.01  # of the budget's price, within which a channel's next unit brings as much as any other's
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
    check_total(total)
    program = _make_program(curves.channels, float(total), table, groups)
    least, most, couples = _read_bounds(program, float(total))
    coupled = bool(couples.any())
    _need_feasible(program, least, most, float(total), coupled)
    spend, response, bound, finished = _split(program, curves, float(total), least, most, coupled, gap, time_limit)
    prices = _prices(program, curves, spend)
    price = prices[TOTAL_ROW, "most"]
    values = pd.DataFrame(
        {"value": spend, "response": curves.value(spend), "next": curves.slope(spend)},
        index=pd.Index(curves.channels, name="channel"),
    )
    notes = [
        *_compare_today(curves, today, spend, float(total), response, values),
        *_compare_equal(curves, spend, program),
    ]
    if spend.sum() < total * (1 - 1e-6):
        notes.insert(0, f"limits allow {spend.sum():.6g} of {total:.6g} to be spent")
    if draws:
        notes += _spread(draws, program, curves, float(total), least, most, coupled, time_limit, values, spend)
    values["why"] = _reasons(curves, spend, least, most, price, program)
    proven = relative_gap(response, bound) <= max(1e-6, 1.01 * (max(gap, 1e-3) if coupled else gap))
    exact = relative_gap(response, bound) <= 1e-6
    status = "optimal" if exact else "within gap" if finished and proven else "stopped by time"
    binding = _binding(program, spend, prices, float(total))
    return Decision(status, values, response, bound, True, binding, goal="response", unit=unit, notes=tuple(notes))


def check_total(total: Any) -> None:
    """Refuse a total that is no amount of money."""
    if isinstance(total, bool) or not isinstance(total, Real) or not 0 < float(total) < np.inf:
        raise SettingsError(f"total={total!r} is no amount of money above 0")


def _make_program(channels: Sequence[str], total: float, limits: Limits, groups: object) -> Program:
    """The total and every limit as named rows over channels."""
    n = len(channels)
    problems = Problems(limits.source)
    for row, limit in enumerate(limits, 1):
        if limit.period is not None:
            what = f"{limit.name!r} is for {limit.period!r}, and this budget knows no periods"
            problems.add(what, column="period", rows=[row], count=1, fix="Leave it empty, or use plan_weeks.")
    problems.raise_if_any()
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
        row_names=make_unique([TOTAL_ROW, *names]),
        labels=[TOTAL_ROW, *labels],
        hard=[False] + [False] * len(names),
        lower=0.0,
        upper=total,
    )


def make_unique(names: list[str]) -> list[str]:
    """Names of rows, of which those that come again get a stroke."""
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
    # Where more brings nothing, it is spent all the same.
    filled = Session(tight.change(cost=np.ones(len(curves)), lower=np.minimum(found.x, most), maximise=True)).solve()
    spend = np.clip(found.x if filled.x is None else filled.x, least, most)
    response = float(curves.value(spend).sum())
    return spend, response, max(response, found.bound), found.finished


def _prices(program: Program, curves: ResponseCurves, spend: Floats) -> dict[tuple[str, str], float]:
    """What one unit more room in each limit that binds brings, by linear programs of the slopes around the split.

    A split that is only near the best could still be improved a little, whatever the limit; that is not its price.
    """
    held = np.asarray(program.matrix @ spend)
    size = CLOSE * float(program.row_upper[0])
    n = len(spend)
    low = np.where(held <= program.row_lower + size, 0.0, -np.inf)
    high = np.where(held >= program.row_upper - size, 0.0, np.inf)
    slopes = np.minimum(curves.slope(spend), 1e300)
    unit = float(slopes.max(initial=0.0)) or 1.0
    around = program.change(
        cost=slopes / unit,
        lower=np.where(spend <= program.lower + size, 0.0, -(n + 1.0)),
        upper=np.full(n, n + 1.0),
        row_lower=low,
        row_upper=high,
        maximise=True,
    )
    session = Session(around)
    start = session.solve().objective
    found = {(TOTAL_ROW, "most"): 0.0}
    limits = np.array(program.limits)
    for side, bounds in (("least", low), ("most", high)):
        for limit in dict.fromkeys(limits[bounds == 0.0].tolist()):
            rows = np.flatnonzero((limits == limit) & (bounds == 0.0))
            room = np.ones(len(rows))
            more = (low[rows] - room, high[rows]) if side == "least" else (low[rows], high[rows] + room)
            session.bound_rows(rows, *more)
            gain = unit * (session.solve().objective - start)
            found[limit, side] = max(gain, 0.0) if gain > 1e-9 * unit else 0.0
            session.bound_rows(rows, low[rows], high[rows])
    return found


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
    held_back = _limits_that_couple(program, spend)
    told = []
    for i, amount in enumerate(spend):
        if least[i] == most[i]:
            told.append(f"kept as it is by {by.get((i, 'least'), 'its limit')}")
        elif amount <= size and least[i] <= 0:
            out = f"out: a unit of money would bring {top[i]:.3g} at best"
            if top[i] <= price or i not in held_back:
                more = f"and brings {price:.3g} elsewhere" if top[i] <= price else "and what others lose by it is more"
                told.append(f"{out}, {more}")
            else:
                told.append(f"{out}, but is held back by {held_back[i]}")
        elif amount >= most[i] - size and (i, "most") in by:
            told.append(f"held back by {by[i, 'most']}: the next unit would bring {curves.slope(spend)[i]:.3g}")
        elif amount <= least[i] + size and (i, "least") in by:
            told.append(f"held up by {by[i, 'least']}: its last unit brings {curves.slope(spend)[i]:.3g}")
        elif i in held_back and curves.slope(spend)[i] > price * (1 + EVEN):
            told.append(f"held back by {held_back[i]}: the next unit would bring {curves.slope(spend)[i]:.3g}")
        else:
            told.append("")
    return told


def _limits_that_couple(program: Program, spend: Floats) -> dict[int, str]:
    """The first limit on several channels that leaves a channel no room, a channel each."""
    held = np.asarray(program.matrix @ spend)
    found: dict[int, str] = {}
    for row in range(1, program.n_rows):
        used = program.matrix.indices[program.matrix.indptr[row] : program.matrix.indptr[row + 1]]
        if len(used) > 1 and held[row] >= program.row_upper[row] - CLOSE * float(program.row_upper[0]):
            found = {int(i): program.limits[row] for i in used} | found
    return found


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


def _binding(program: Program, spend: Floats, prices: dict[tuple[str, str], float], total: float) -> pd.DataFrame:
    """Limits that bind, dearest first: of those on single channels, the ones whose room would bring something."""
    held = np.asarray(program.matrix @ spend)
    single = np.diff(program.matrix.indptr) == 1
    rows: dict[tuple[str, str], float] = {}
    for row, name in enumerate(program.limits):
        for side, bound in (("least", program.row_lower[row]), ("most", program.row_upper[row])):
            if not np.isfinite(bound) or abs(held[row] - bound) > CLOSE * total:
                continue
            if row == 0 or not single[row] or prices[name, side] > 0:
                rows[name, side] = float(bound)
    order = sorted(((*key, bound, prices[key]) for key, bound in rows.items()), key=lambda row: -row[3])
    return make_binding(order)


def _compare_today(
    curves: ResponseCurves, today: object, spend: Floats, total: float, response: float, values: pd.DataFrame
) -> list[str]:
    if today is None:
        return []
    now = _read_today(today, curves.channels)
    values["today"] = now
    before = float(curves.value(now).sum())
    said = f"{format_number(response)} in place of {format_number(before)} with today's split"
    if before > 0:
        said += f", {100 * (response / before - 1):+.1f} %"
    if abs(now.sum() - total) > 1e-6 * total:
        said += f"; today {now.sum():.6g} is spent, here {total:.6g}"
    if np.abs(spend - now).max() <= 1e-6 * total:
        said += "; the split of today is the best there is"
    return [said]


def _read_today(today: object, channels: Sequence[str]) -> Floats:
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


def _compare_equal(curves: ResponseCurves, spend: Floats, program: Program) -> list[str]:
    split = np.full(len(spend), spend.sum() / len(spend))
    equal = float(curves.value(split).sum())
    barred = program.violation(split) > CLOSE * float(program.row_upper[0])
    which = "split equally, which limits do not allow" if barred else "split equally"
    return [f"{which}, the same money would bring {format_number(equal)}"] if equal > 0 else []


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
        f" {format_number(values['low'].iloc[widest])} to {format_number(values['high'].iloc[widest])}"
    ]
