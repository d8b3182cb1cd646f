"""Why a wish list cannot be met: the wishes that clash, and the least that would have to give."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from shared.decision.highs import Session
from shared.decision.program import Program
from shared.errors import HexadError
from shared.result import Result
from shared.text import count_of, join_names
from shared.typing import Floats

__all__ = ["Conflict", "explain_infeasible"]

# A program counts as feasible where its rows are broken by less than this in all: what solvers round.
ROUNDING = 1e-7


@dataclass(frozen=True, repr=False)
class Conflict(Result):
    """Limits that cannot hold together.

    Attributes
    ----------
    clash : pandas.DataFrame
        The limits that clash: "limit", "side" ("least", "most" or "exactly") and "at". Without any one of them, the
        rest can hold.
    relaxation : pandas.DataFrame
        The least that would have to give, over all limits: "limit", "side", "at", "to" and "by".
    total : float
        Sum of "by": no smaller one is enough.
    finished : bool
        False where time was up, so that some of the clash may not be needed for it.
    proven : bool
        False where time was up, so that less may have to give.

    >>> bounds = {"row_lower": [2, -np.inf], "row_upper": [np.inf, 1], "row_names": ["at least two", "cap"]}
    >>> program = Program.make(["x"], cost=[0], rows=[[1], [1]], **bounds)
    >>> print(explain_infeasible(program).explain())
    Two limits cannot hold together: at least two (least 2) and cap (most 1). The least that would have to give is 1 in
    all: at least two, from 2 to 1.
    """

    clash: pd.DataFrame
    relaxation: pd.DataFrame
    total: float
    finished: bool = True
    proven: bool = True

    def to_frame(self) -> pd.DataFrame:
        """The limits that clash, with what each would have to give."""
        gives = self.relaxation.set_index(["limit", "side"])[["to", "by"]]
        every = pd.concat([self.clash, self.relaxation[["limit", "side", "at"]]]).drop_duplicates(["limit", "side"])
        found = every.join(gives, on=["limit", "side"]).fillna({"by": 0.0})
        found["clashes"] = [pair in set(_pairs(self.clash)) for pair in _pairs(found)]
        return found.reset_index(drop=True)

    def explain(self) -> str:
        """Say which limits clash, and the least that would have to give."""
        names = [f"{one.limit} ({one.side} {one.at:.6g})" for one in self.clash.itertuples()]
        if not names:
            said = "What holds by definition cannot hold: no limit is to blame."
        elif len(names) == 1:
            said = f"One limit cannot be met: {names[0]}."
        else:
            numbers = {2: "Two", 3: "Three", 4: "Four", 5: "Five", 6: "Six"}
            number = numbers.get(len(names), f"{len(names):,}")
            said = f"{number} limits cannot hold together: {join_names(names)}."
        if not self.finished:
            said += " Time was up; perhaps some of them are not needed for it."
        if len(self.relaxation):
            gives = [f"{one.limit}, from {one.at:.6g} to {one.to:.6g}" for one in self.relaxation.itertuples()]
            start = "The least that would have to give is" if self.proven else "It would be enough to give"
            said += f" {start} {self.total:.6g} in all: {'; '.join(gives)}."
        return said


def _pairs(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(frame["limit"], frame["side"], strict=True))


@dataclass(frozen=True)
class _Wish:
    """One side of a limit, with all of its rows."""

    limit: str
    side: str
    rows: tuple[int, ...]
    at: float


def _find_wishes(program: Program) -> list[_Wish]:
    found: dict[tuple[str, str], list[int]] = {}
    for row in np.flatnonzero(~program.hard).tolist():
        for side in _sides(program.row_lower[row], program.row_upper[row]):
            found.setdefault((program.limits[row], side), []).append(row)
    return [
        _Wish(limit, side, tuple(rows), float((program.row_upper if side == "most" else program.row_lower)[rows[0]]))
        for (limit, side), rows in found.items()
    ]


class _Oracle:
    """Whether some of a program's wishes can hold together; each answer is kept."""

    def __init__(self, program: Program, until: float) -> None:
        self.program = program
        self.until = until
        n = program.n_columns
        self.session = Session(program.change(cost=np.zeros(n)), time_limit=max(0.1, until - time.monotonic()))
        self.wishes = _find_wishes(program)
        self.known: dict[frozenset[int], bool] = {}
        self.finished = True

    def holds(self, members: Sequence[int]) -> bool:
        """Whether these wishes, by their place in `wishes`, can hold together with what is hard."""
        key = frozenset(members)
        if key not in self.known:
            if time.monotonic() > self.until:
                self.finished = False
                return True
            program = self.program
            low, high = program.row_lower.copy(), program.row_upper.copy()
            soft = ~program.hard
            low[soft], high[soft] = -np.inf, np.inf
            for one in members:
                wish = self.wishes[one]
                rows = list(wish.rows)
                if wish.side != "most":
                    low[rows] = program.row_lower[rows]
                if wish.side != "least":
                    high[rows] = program.row_upper[rows]
            self.session.bound_rows(np.arange(program.n_rows), low, high)
            self.session.time_limit = max(0.01, self.until - time.monotonic())
            status = self.session.solve().status
            if status == "stopped by time":
                self.finished = False
            self.known[key] = status != "infeasible"
        return self.known[key]

    def proof(self) -> list[int]:
        """Wishes in a proof that all of them cannot hold; all where there is none to be had."""
        everything = list(range(len(self.wishes)))
        if self.program.whole.any():
            return everything
        program = self.program
        self.session.bound_rows(np.arange(program.n_rows), program.row_lower, program.row_upper)
        ray = self.session.solve().ray
        if ray is None:
            return everything
        used = set(np.flatnonzero(np.abs(ray) > 1e-9 * max(1e-300, np.abs(ray).max(initial=0.0))).tolist())
        found = [place for place, wish in enumerate(self.wishes) if used & set(wish.rows)]
        return found if not self.holds(found) else everything


def _split_crossed(program: Program) -> Program:
    """The same with a row for each side where the two sides of a row cross, so that each of them can give."""
    crossed = np.flatnonzero(program.row_lower > program.row_upper)
    if not len(crossed):
        return program
    upper = program.row_upper.copy()
    upper[crossed] = np.inf
    return program.change(
        matrix=sparse.vstack([program.matrix, program.matrix[crossed]], format="csr"),
        row_names=(*program.row_names, *(f"{program.row_names[row]} at most" for row in crossed)),
        row_lower=np.append(program.row_lower, np.full(len(crossed), -np.inf)),
        row_upper=np.append(upper, program.row_upper[crossed]),
        hard=np.append(program.hard, program.hard[crossed]),
        labels=(*program.limits, *(program.limits[row] for row in crossed)),
    )


def _sides(low: float, high: float) -> tuple[str, ...]:
    if low == high:
        return ("exactly",)
    return tuple(side for side, value in (("least", low), ("most", high)) if np.isfinite(value))


def explain_infeasible(program: Program, *, time_limit: float = 10.0) -> Conflict | None:
    """Say why a program has no feasible point; None where it has one.

    Parameters
    ----------
    program : Program
        Its rows are the wishes, but for those that are hard; bounds of columns are taken as they are.
    time_limit : float
        Seconds.

    Returns
    -------
    Conflict or None

    Raises
    ------
    HexadError
        Bounds of a column cross, so that no row is to blame; or time was up before it was known whether there is a
        feasible point.

    Notes
    -----
    The clash is found by divide and conquer over a test of feasibility, so that integers are respected (Junker,
    QUICKXPLAIN, AAAI 2004); without integers it starts from a proof by Farkas' lemma. The relaxation is the optimum of
    the elastic program, in which every side of a row may give (Chinneck, Feasibility and Infeasibility in Optimization,
    2008).

    >>> program = Program.make(["x"], cost=[0], rows=[[1]], row_lower=[2], row_names=["floor"], upper=1)
    >>> explain_infeasible(program).total
    1.0
    """
    crossed = np.flatnonzero(program.lower > program.upper)
    if len(crossed):
        names = [program.names[place] for place in crossed[:3]]
        raise HexadError(f"bounds of {count_of(len(crossed), 'column')} cross, as of {', '.join(names)}; correct them")
    program = _split_crossed(program)
    until = time.monotonic() + time_limit
    oracle = _Oracle(program, until)
    everything = list(range(len(oracle.wishes)))
    if oracle.holds(everything):
        if not oracle.finished:
            raise HexadError(
                f"time was up before it was known whether the program has a feasible point; give it more than"
                f" time_limit={time_limit:g}"
            )
        return None
    if not oracle.holds([]):
        return Conflict(_clash(oracle, []), _no_relaxation(), np.nan)
    members = sorted(_quick_explain(oracle.holds, [], [], oracle.proof()))
    gives, total, proven = _relax(program, oracle.wishes, max(0.5, until - time.monotonic()))
    return Conflict(_clash(oracle, members), gives, total, oracle.finished, proven)


def _quick_explain(
    holds: Callable[[Sequence[int]], bool], base: list[int], added: list[int], members: list[int]
) -> list[int]:
    """A minimal part of the members that cannot hold together with the base."""
    if added and not holds(base):
        return []
    if len(members) == 1:
        return members
    middle = len(members) // 2
    first, second = members[:middle], members[middle:]
    from_second = _quick_explain(holds, base + first, first, second)
    from_first = _quick_explain(holds, base + from_second, from_second, first)
    return from_first + from_second


def _clash(oracle: _Oracle, members: Sequence[int]) -> pd.DataFrame:
    rows = [(oracle.wishes[one].limit, oracle.wishes[one].side, oracle.wishes[one].at) for one in members]
    return pd.DataFrame(rows, columns=["limit", "side", "at"])


def _no_relaxation() -> pd.DataFrame:
    return pd.DataFrame({"limit": pd.Series(dtype=object), "side": pd.Series(dtype=object)}).assign(
        **{name: pd.Series(dtype=float) for name in ("at", "to", "by")}
    )


def _relax(program: Program, wishes: Sequence[_Wish], seconds: float) -> tuple[pd.DataFrame, float, bool]:
    """The least total by which limits have to give, and whether that is proven; all rows of one give alike."""
    n, m = program.n_columns, program.n_rows
    # A column for each direction in which a limit may give: up helps what is too small.
    ways = [(wish, 1.0) for wish in wishes if wish.side != "most"] + [
        (wish, -1.0) for wish in wishes if wish.side != "least"
    ]
    rows = np.array([row for wish, _ in ways for row in wish.rows], dtype=np.int64)
    columns = np.array([place for place, (wish, _) in enumerate(ways) for _ in wish.rows], dtype=np.int64)
    signs = np.array([sign for wish, sign in ways for _ in wish.rows], dtype=float)
    gives = len(ways)
    extra: Any = sparse.csr_array((signs, (rows, columns)), shape=(m, gives))
    elastic = Program.make(
        [*(f"x{i}" for i in range(n)), *(f"give{i}" for i in range(gives))],
        cost=np.concatenate([np.zeros(n), np.ones(gives)]),
        rows=sparse.hstack([program.matrix, extra], format="csr"),
        row_lower=program.row_lower,
        row_upper=program.row_upper,
        row_names=program.row_names,
        lower=np.concatenate([program.lower, np.zeros(gives)]),
        upper=np.concatenate([program.upper, np.full(gives, np.inf)]),
        whole=np.concatenate([program.whole, np.zeros(gives, dtype=bool)]),
    )
    answer = Session(elastic, time_limit=seconds, gap=1e-9).solve()
    if answer.x is None:
        return _no_relaxation(), np.nan, False
    by: Floats = answer.x[n:]
    found = []
    for place in np.flatnonzero(by > ROUNDING):
        wish, sign = ways[place]
        to = wish.at - sign * float(by[place])
        to = 0.0 if abs(to) < ROUNDING * abs(wish.at) else to
        found.append((wish.limit, wish.side, wish.at, to, float(by[place])))
    table = pd.DataFrame(found, columns=["limit", "side", "at", "to", "by"])
    return table, float(by.sum()), answer.status != "stopped by time"
