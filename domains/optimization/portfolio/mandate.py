"""What a portfolio may hold: limits, groups and present holdings, compiled for a list of assets."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse

from shared.decision import InfeasibleError, Limit, Limits, Program, Session, explain_infeasible, read_groups
from shared.errors import DataError, HexadError, Problem, Problems, quote
from shared.typing import Floats, Ints

__all__ = ["QUANTITIES", "Mandate", "read_holdings"]

NUMBER, HELD, TURNOVER, RETURN = "number of assets", "every held asset", "turnover", "expected return"
QUANTITIES = (NUMBER, HELD, TURNOVER, RETURN)


@dataclass(frozen=True)
class Mandate:
    """What is allowed, for weights that sum to 1.

    Attributes
    ----------
    assets : tuple of str
    lower, upper : numpy.ndarray of shape (n,)
        Of weights; from 0 on unless a limit on an asset, or on every asset, says otherwise, and up to what the least
        of the others leave of 1.
    matrix, row_lower, row_upper : numpy.ndarray of shape (m, n), (m,), (m,)
        Limits on groups, and on the expected return.
    row_names, row_limits : tuple of str
        Names of the rows, and of the limits they belong to.
    bound_names : dict
        The limit behind an asset's bound, by (place, "least" or "most").
    fewest, largest : int
        Number of assets held; 0 and n where it is free.
    held_least : numpy.ndarray of shape (n,)
        Least weight of what is held.
    turnover : float
        Sum of what is bought and sold, at most.
    holdings : numpy.ndarray of shape (n,)
        Present weights; zeros where there are none.

    >>> Mandate.read(("a", "b"), Limits([Limit("cap", "every asset", most=0.6)])).upper.tolist()
    [0.6, 0.6]
    """

    assets: tuple[str, ...]
    lower: Floats
    upper: Floats
    matrix: Floats
    row_lower: Floats
    row_upper: Floats
    row_names: tuple[str, ...]
    row_limits: tuple[str, ...]
    bound_names: Mapping[tuple[int, str], str] = field(default_factory=dict)
    fewest: int = 0
    largest: int = 0
    held_least: Floats = field(default_factory=lambda: np.zeros(0))
    turnover: float = np.inf
    holdings: Floats = field(default_factory=lambda: np.zeros(0))
    limits: Limits = field(default_factory=Limits)
    found: dict[str, Ints] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def read(
        cls,
        assets: Sequence[str],
        limits: Any = None,
        groups: Any = None,
        holdings: Any = None,
        mean: Floats | None = None,
    ) -> Mandate:
        """Compile limits for some assets.

        Parameters
        ----------
        assets : sequence of str
        limits : anything that `Limits.make` takes
        groups : anything that `shared.decision.read_groups` takes
        holdings : mapping or Series of weights, optional
        mean : numpy.ndarray of shape (n,), optional
            Expected returns a period, for limits on the expected return.

        Raises
        ------
        DataError
            A limit applies to nothing, or asks for what weights cannot be.
        """
        table = Limits.make(limits)
        names = tuple(map(str, assets))
        n = len(names)
        rows = table.to_rows(names, read_groups(groups, names), quantities=QUANTITIES)
        _check(table, n)
        single = (rows.matrix != 0).sum(axis=1) == 1 if len(rows.names) else np.zeros(0, dtype=bool)
        made = _Bounds(n)
        for row in np.flatnonzero(single):
            place = int(np.flatnonzero(rows.matrix[row])[0])
            made.narrow(place, float(rows.lower[row]), float(rows.upper[row]), rows.limits[row])
        kept = ~single
        matrix, low, high = rows.matrix[kept], rows.lower[kept], rows.upper[kept]
        row_names = [name for name, keep in zip(rows.names, kept, strict=True) if keep]
        row_limits = [name for name, keep in zip(rows.limits, kept, strict=True) if keep]
        fewest, largest = _read_numbers(table, n)
        held_least = np.zeros(n)
        for limit in table.about(HELD):
            held_least = np.maximum(held_least, limit.least)
            for place in range(n):
                made.narrow(place, -np.inf, limit.most, limit.name)
        turnover = min((limit.most for limit in table.about(TURNOVER)), default=np.inf)
        for limit in table.about(RETURN):
            if mean is None:
                problem = Problem(f"{limit.name!r} limits the expected return, which is not estimated here")
                raise DataError(table.source, [problem])
            matrix = np.vstack([matrix, mean])
            low, high = np.append(low, limit.least), np.append(high, limit.most)
            row_names.append(limit.name)
            row_limits.append(limit.name)
        if fewest > max(1, int((made.lower > 0).sum())) and not (held_least > 0).all():
            _refuse_number(table)
        return cls(
            names, made.lower, made.upper, matrix, low, high, tuple(row_names), tuple(row_limits), made.names, fewest,
            largest, held_least, turnover, read_holdings(holdings, names), table,
        )  # fmt: skip

    @property
    def is_free(self) -> bool:
        """Whether weights from 0 to 1 that sum to 1 are all there is to it."""
        return len(self.limits) == 0

    @property
    def counts(self) -> bool:
        """Whether the number of assets held is limited, or what is held has a least weight."""
        n = len(self.assets)
        return self.fewest > 0 or self.largest < n or bool((self.held_least > np.maximum(self.lower, 0)).any())

    @property
    def trades(self) -> bool:
        """Whether it matters what is held at present."""
        return np.isfinite(self.turnover) or bool((self.holdings != 0).any())

    def find_start(self) -> Ints | None:
        """Find a portfolio that meets all limits: places of what it holds.

        Returns
        -------
        numpy.ndarray of int
            None where there are no limits.

        Raises
        ------
        InfeasibleError
            There is none; it says which limits clash, and the least that would have to give.
        """
        if self.is_free:
            return None
        if "start" in self.found:
            return self.found["start"]
        program = self.to_program()
        answer = Session(program, time_limit=30.0).solve()
        if answer.x is None:
            if answer.status == "infeasible":
                conflict = None
                with contextlib.suppress(HexadError):
                    conflict = explain_infeasible(program, time_limit=10.0)
                raise InfeasibleError(conflict, "No portfolio meets the limits.")
            raise InfeasibleError(None, "Time was up before any portfolio was found that meets the limits.")
        self.found["start"] = np.flatnonzero(answer.x[: len(self.assets)] > 1e-9)
        return self.found["start"]

    def to_program(self) -> Program:
        """Every limit as rows of a program over weights, purchases and sales, and what is held or not."""
        n = len(self.assets)
        trades = np.isfinite(self.turnover)
        counts = self.counts
        first = n * (3 if trades else 1)  # of what is held or not
        width = first + (n + 1 if counts else 0)  # with a column that is 1
        names = [*self.assets]
        names += [f"{what} {one}" for what in ("buy", "sell") for one in self.assets] if trades else []
        names += [*(f"hold {one}" for one in self.assets), "one"] if counts else []
        table = _Rows()
        table.add(dict.fromkeys(range(n), 1.0), 1.0, 1.0, "weights sum to 1")
        for row, name in enumerate(self.row_names):
            used = {int(i): float(self.matrix[row, i]) for i in np.flatnonzero(self.matrix[row])}
            table.add(used, float(self.row_lower[row]), float(self.row_upper[row]), name, self.row_limits[row])
        for (i, side), name in self.bound_names.items():
            bounds = (float(self.lower[i]), np.inf) if side == "least" else (-np.inf, float(self.upper[i]))
            table.add({i: 1.0}, *bounds, f"{name}: {self.assets[i]}", name)
        if trades:
            for i, one in enumerate(self.assets):
                used = {i: 1.0, n + i: -1.0, 2 * n + i: 1.0}
                table.add(used, float(self.holdings[i]), float(self.holdings[i]), f"trades of {one}")
            name = self.limits.about(TURNOVER)[0].name
            table.add(dict.fromkeys(range(n, 3 * n), 1.0), -np.inf, self.turnover, name, name)
        if counts:
            for i, one in enumerate(self.assets):
                table.add({i: 1.0, first + i: -1.0}, -np.inf, 0.0, f"hold {one} or not")
                least = float(self.held_least[i])
                if least > 0:
                    name = self.limits.about(HELD)[0].name
                    used = {i: 1.0, first + i: -least, width - 1: least}
                    table.add(used, least, np.inf, f"{name}: {one} at least", name)
            for limit in self.limits.about(NUMBER):
                table.add({first + i: 1.0 for i in range(n)}, limit.least, limit.most, limit.name, limit.name)
        lower, upper = np.zeros(width), np.full(width, np.inf)
        lower[:n] = np.minimum(self.lower, 0.0)
        upper[:n] = 1.0 - np.minimum(self.lower, 0.0).sum()
        if counts:
            upper[first:], lower[-1] = 1.0, 1.0
        return table.to_program(names, lower, upper, np.arange(width) >= (first if counts else width))


class _Rows:
    """Rows of a program, gathered one by one."""

    def __init__(self) -> None:
        self.data: list[float] = []
        self.places: list[int] = []
        self.numbers: list[int] = []
        self.bounds: list[tuple[float, float]] = []
        self.names: dict[str, str] = {}
        self.hard: list[bool] = []

    def add(self, used: Mapping[int, float], low: float, high: float, name: str, limit: str = "") -> None:
        """Add a row; without a limit it holds by definition."""
        self.data += used.values()
        self.places += used.keys()
        self.numbers += [len(self.bounds)] * len(used)
        self.bounds.append((low, high))
        self.hard.append(not limit)
        while name in self.names:
            name += "'"
        self.names[name] = limit or name

    def to_program(self, names: Sequence[str], lower: Floats, upper: Floats, whole: Any) -> Program:
        """Make the program; there is nothing to minimise."""
        shape = (len(self.bounds), len(names))
        return Program.make(
            names,
            cost=np.zeros(len(names)),
            rows=sparse.csr_array((self.data, (self.numbers, self.places)), shape=shape),
            row_lower=[low for low, _ in self.bounds],
            row_upper=[high for _, high in self.bounds],
            row_names=list(self.names),
            labels=list(self.names.values()),
            hard=self.hard,
            lower=lower,
            upper=upper,
            whole=whole,
        )


class _Bounds:
    """Bounds of weights by the tightest limits on one asset each, and the names of these."""

    def __init__(self, n: int) -> None:
        self.least, self.most = np.full(n, -np.inf), np.full(n, np.inf)
        self.behind: dict[tuple[int, str], str] = {}

    def narrow(self, place: int, least: float, most: float, name: str) -> None:
        """Take a limit on one asset into account."""
        if least > self.least[place]:
            self.least[place] = least
            self.behind[place, "least"] = name
        if most < self.most[place]:
            self.most[place] = most
            self.behind[place, "most"] = name

    @property
    def lower(self) -> Floats:
        """From 0 on where no limit says otherwise."""
        return np.where(np.isfinite(self.least), self.least, 0.0)

    @property
    def implied(self) -> Floats:
        """What the least of all others leaves of 1."""
        short = np.minimum(self.lower, 0.0)
        return np.asarray(1.0 - (short.sum() - short))

    @property
    def upper(self) -> Floats:
        """Up to what is left where no limit says less."""
        return np.asarray(np.minimum(self.most, self.implied))

    @property
    def names(self) -> dict[tuple[int, str], str]:
        """Limits behind bounds; what says no more than what is so anyway is no limit to be told."""
        lower, implied = self.lower, self.implied
        idle = {"least": lower == 0, "most": self.most >= implied}
        return {(place, side): name for (place, side), name in self.behind.items() if not idle[side][place]}


def _read_numbers(limits: Limits, n: int) -> tuple[int, int]:
    """The fewest and the most assets that may be held."""
    about = limits.about(NUMBER)
    fewest = [int(np.ceil(limit.least - 1e-9)) for limit in about if np.isfinite(limit.least)]
    largest = [int(np.floor(limit.most + 1e-9)) for limit in about if np.isfinite(limit.most)]
    return max([0, *fewest]), min([n, *largest])


def _check(limits: Limits, n: int) -> None:
    """Refuse bounds that no weight can have, told row by row."""
    problems = Problems(limits.source)
    for row, limit in enumerate(limits, 1):
        what = limit.applies_to.lower()
        if limit.period is not None:
            said = f"{limit.name!r} is for {limit.period!r}, and a portfolio is decided for one period"
            problems.add(said, column="period", rows=[row], count=1, fix="Leave it empty.")
        if what == NUMBER:
            _check_number(limit, row, n, problems)
        elif what == TURNOVER:
            _check_turnover(limit, row, problems)
        elif what != RETURN:
            _check_weight(limit, row, problems)
    problems.raise_if_any()


def _refuse_number(limits: Limits) -> None:
    """Refuse a least number of assets where one of them may be held with next to nothing."""
    problems = Problems(limits.source)
    for row, limit in enumerate(limits, 1):
        if limit.applies_to.lower() == NUMBER and np.isfinite(limit.least):
            what = f"{limit.name!r} asks for {limit.least:g} assets, and next to nothing would count as one"
            fix = "Add a limit on 'every held asset', such as at least 1 %."
            problems.add(what, column="least", rows=[row], count=1, fix=fix)
    problems.raise_if_any()


def _check_number(limit: Limit, row: int, n: int, problems: Problems) -> None:
    if np.isfinite(limit.least) and limit.least > n:
        said = f"{limit.name!r} asks for {limit.least:g} assets, and there are {n:,}"
        problems.add(said, column="least", rows=[row], count=1, fix="Ask for fewer.")
    if np.isfinite(limit.most) and limit.most < 1:
        said = f"{limit.name!r} allows {limit.most:g} assets"
        problems.add(said, column="most", rows=[row], count=1, fix="Allow one at least.")


def _check_turnover(limit: Limit, row: int, problems: Problems) -> None:
    if np.isfinite(limit.least):
        problems.add(f"{limit.name!r}: turnover has no least", column="least", rows=[row], fix="Leave it empty.")
    if limit.most < 0:
        problems.add(f"{limit.name!r}: turnover cannot be below 0", column="most", rows=[row], fix="Correct it.")


def _check_weight(limit: Limit, row: int, problems: Problems) -> None:
    for side in ("least", "most"):
        value = getattr(limit, side)
        if np.isfinite(value) and abs(value) > 1.5:
            said = f"{limit.name!r}: a weight of {value:g}, where 1 is all of the money"
            fix = f"Did you mean {value / 100:g}, or {value:g} %?" if abs(value) <= 100 else "Correct it."
            problems.add(said, column=side, rows=[row], count=1, fix=fix)
    if limit.applies_to.lower() == HELD and np.isfinite(limit.least) and limit.least < 0:
        problems.add(f"{limit.name!r} is below 0", column="least", rows=[row], count=1, fix="Give a share above 0.")


def read_holdings(holdings: ArrayLike, assets: Sequence[str]) -> Floats:
    """Present weights of some assets; zeros for those that are not held.

    Parameters
    ----------
    holdings : mapping or Series, optional
    assets : sequence of str

    Raises
    ------
    DataError
        Something is held that is not among the assets, or a weight is no number.

    >>> read_holdings({"b": 0.4}, ["a", "b"]).tolist()
    [0.0, 0.4]
    """
    found = np.zeros(len(assets))
    if holdings is None:
        return found
    places = {str(name): place for place, name in enumerate(assets)}
    given = pd.Series(holdings)
    given.index = given.index.map(str)
    lost = [name for name in given.index if name not in places]
    if lost:
        fix = "Leave them out after selling, or give their returns, too."
        raise DataError("holdings", [Problem(f"{quote(lost)} are held, and have no returns", fix=fix)])
    values = pd.to_numeric(given, errors="coerce").to_numpy(dtype=float)
    if not np.isfinite(values).all():
        bad = given.index[~np.isfinite(values)]
        raise DataError("holdings", [Problem(f"{quote(bad)} have no weight that is a number", fix="Correct them.")])
    for name, value in zip(given.index, values, strict=True):
        found[places[name]] += value
    return found
