"""Frontiers: what each amount of risk can earn, point by point, each with its proof and its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from domains.optimization.portfolio.base import yearly
from domains.optimization.portfolio.cardinality import split_diagonal
from domains.optimization.portfolio.mandate import Mandate
from domains.optimization.portfolio.moments import MomentEstimator, Moments
from domains.optimization.portfolio.returns import read_returns
from domains.optimization.portfolio.tails import make_cvar_program
from domains.optimization.portfolio.weights import HELD_FROM, best_mean, minimise_quadratic
from shared.checks import check_level, is_whole
from shared.decision import Limit, Limits, Session, relative_gap
from shared.errors import HexadError, SettingsError
from shared.result import Result
from shared.text import join_names
from shared.typing import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from shared.reporting import Figure

__all__ = ["Frontier", "compute_frontier"]

RISKS = ("variance", "cvar")
SHADES, MARKS = ("accent", "second", "third", "fourth"), "osD^"


@dataclass(frozen=True, repr=False)
class Frontier(Result):
    """A frontier as one table.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a point: "expected_return" and "risk" a period, "objective", "bound", "gap", "status" and "assets", the
        number held; with trade-offs "tradeoff", too.
    weights : pandas.DataFrame
        A row a point, a column an asset.
    risk : str
        "variance" (the table's risk is then the volatility) or "cvar".
    periods_per_year : float

    >>> returns = pd.DataFrame({"a": [0.01, -0.01, 0.03], "b": [0.02, 0.02, -0.02], "c": [0.0, 0.01, 0.0]})
    >>> compute_frontier(returns, points=3).table["status"].tolist()
    ['optimal', 'optimal', 'optimal']
    """

    table: pd.DataFrame
    weights: pd.DataFrame
    risk: str = "variance"
    periods_per_year: float = np.nan

    def to_frame(self) -> pd.DataFrame:
        """Points with their weights."""
        return self.table.join(self.weights)

    def explain(self) -> str:
        """Say what the ends are, and how much of it is proven."""
        periods, word = yearly(self.periods_per_year)
        proven = int((self.table["status"] == "optimal").sum())
        low, high = (
            self.table.iloc[int(self.table["risk"].argmin())],
            self.table.iloc[int(self.table["expected_return"].argmax())],
        )
        root = np.sqrt(periods) if self.risk == "variance" else 1.0
        name = "volatility" if self.risk == "variance" else "mean loss of the worst periods"

        def say(point: Any) -> str:
            return (
                f"{100 * periods * point['expected_return']:.2f} % expected {word} at a {name} of"
                f" {100 * root * point['risk']:.2f} %"
            )

        return (
            f"From {say(low)} to {say(high)}. {proven:,} of {len(self.table):,} points are proven optimal; what is"
            " expected is an estimate, and the higher it is, the more of it is likely to be luck."
        )

    def plot(self, points: Mapping[str, tuple[float, float]] | None = None) -> Figure:
        """Draw expected return over risk.

        Parameters
        ----------
        points : mapping of str to (risk, expected return), optional
            Portfolios that are to be seen beside the line, both numbers a period, as in the table.
        """
        from shared.reporting.figures import add_legend, draw, finish_axes

        periods, word = yearly(self.periods_per_year)
        root = 100 * (np.sqrt(periods) if self.risk == "variance" else 1.0)
        line = self.table.sort_values("risk", kind="stable")
        name = f"volatility, % {word}" if self.risk == "variance" else "mean loss of the worst periods, %"

        def paint(axes: Axes, colours: Mapping[str, str]) -> None:
            risk, mean = (line[column].to_numpy(dtype=float) for column in ("risk", "expected_return"))
            axes.plot(root * risk, 100 * periods * mean, label="frontier", color=colours["soft"])
            for place, (label, (x, y)) in enumerate((points or {}).items()):
                shade, mark = colours[SHADES[place % len(SHADES)]], MARKS[place % len(MARKS)]
                axes.plot([root * x], [100 * periods * y], mark, label=label, color=shade, markersize=7)
            finish_axes(axes, name, f"expected return, % {word}")
            axes.margins(x=0.05)
            if points:
                add_legend(axes)

        beside = f" Points: {join_names(points, ', ')}." if points else ""
        return draw(
            paint,
            alt=f"Line: the highest expected return for each amount of risk.{beside}",
            caption=f"What each amount of risk can earn: {len(line)} portfolios.",
        )


def compute_frontier(
    returns: Any,
    *,
    points: int = 50,
    risk: str = "variance",
    tradeoffs: Sequence[float] | None = None,
    moments: Any = None,
    level: float = 95.0,
    limits: Any = None,
    groups: Any = None,
    holdings: Any = None,
    time_limit: float = 60.0,
) -> Frontier:
    """Compute a frontier.

    Parameters
    ----------
    returns : frame, array, or `Moments`
        As for allocators; moments that are known serve for variances.
    points : int
        Return floors, evenly from the portfolio of least risk to the highest expected return allowed.
    risk : {"variance", "cvar"}
    tradeoffs : sequence of float, optional
        In place of floors, for variances: numbers t from 0 to 1; t * variance - (1 - t) * expected return is minimised,
        as in the literature on cardinality (Chang and others, Computers & Operations Research 27, 2000).
    moments : MomentEstimator, optional
    level : float
        Of the CVaR, in percent.
    limits, groups, holdings
        As in `MinimumVariance`; each point is exact with a number of assets, too.
    time_limit : float
        Seconds a point, where the number of assets is limited.

    Raises
    ------
    DataError, InfeasibleError, SettingsError

    >>> returns = pd.DataFrame({"a": [0.01, -0.01, 0.03], "b": [0.02, 0.02, -0.02]})
    >>> len(compute_frontier(returns, points=5, risk="cvar").weights)
    5
    """
    if risk not in RISKS or not is_whole(points, least=2):
        raise SettingsError(f"risk={risk!r}, points={points!r}: 'variance' or 'cvar', and a whole number from 2 on")
    if tradeoffs is not None:
        known = len(tradeoffs) > 0 and all(0 <= one <= 1 for one in tradeoffs)
        if risk != "variance" or not known:
            raise SettingsError("tradeoffs are numbers from 0 to 1, one at least, for variances only")
    if isinstance(returns, Moments):
        if risk == "cvar":
            raise HexadError("a CVaR needs returns, not moments")
        return _by_variance(returns, np.nan, points, tradeoffs, limits, groups, holdings, time_limit)
    table = read_returns(returns)
    if risk == "cvar":
        mean = table.values.mean(axis=0)
        mandate = Mandate.read(table.assets, limits, groups, holdings, mean)
        return _by_cvar(table.values, mandate, mean, points, check_level(level), time_limit, table.periods_per_year)
    estimator = MomentEstimator() if moments is None else moments
    found = estimator.fit(table).moments_
    return _by_variance(found, table.periods_per_year, points, tradeoffs, limits, groups, holdings, time_limit)


def _by_variance(
    moments: Moments,
    periods: float,
    points: int,
    tradeoffs: Sequence[float] | None,
    limits: object,
    groups: object,
    holdings: ArrayLike,
    time_limit: float,
) -> Frontier:
    base = Limits.make(limits)
    mandate = Mandate.read(moments.assets, base, groups, holdings, moments.mean)
    diagonal = split_diagonal(moments.covariance) if mandate.counts else None
    n = len(moments.mean)
    nothing = np.zeros(n)
    rows: list[dict[str, Any]] = []
    kept: list[Floats] = []
    if tradeoffs is None:
        first = minimise_quadratic(moments, mandate, risk=1.0, cost=nothing, time_limit=time_limit, diagonal=diagonal)
        low = float(moments.mean @ first.weights)
        high = best_mean(moments, mandate)
        levels = np.linspace(low, max(low, high), points)
    else:
        levels = np.asarray(tradeoffs, dtype=float)
    starts: list[Any] = []
    for place, one in enumerate(levels):
        if tradeoffs is None:
            # The last floor is the highest return there is; rounding must not ask for more.
            floor = float(one) - 1e-12 * max(1.0, abs(float(one)))
            limit = Limit("least expected return of the point", "expected return", least=floor)
            part = mandate if place == 0 else Mandate.read(
                moments.assets, Limits([*base, limit]), groups, holdings, moments.mean
            )  # fmt: skip
            weight, cost = 1.0, nothing
        else:
            part, weight, cost = mandate, float(one), -(1.0 - float(one)) * moments.mean
        found = minimise_quadratic(
            moments, part, risk=weight, cost=cost, time_limit=time_limit, starts=starts, diagonal=diagonal
        )
        starts = [np.flatnonzero(found.weights > 0)]
        w = found.weights
        row = {
            "expected_return": float(moments.mean @ w),
            "risk": float(np.sqrt(max(float(w @ moments.covariance @ w), 0.0))),
            "objective": found.objective,
            "bound": found.bound,
            "gap": relative_gap(found.objective, found.bound),
            "status": found.status,
            "assets": int((np.abs(w) > HELD_FROM).sum()),
        }
        rows.append(row if tradeoffs is None else {"tradeoff": float(one), **row})
        kept.append(w)
    return _gather(rows, kept, moments.assets, "variance", periods)


def _by_cvar(
    values: Floats, mandate: Mandate, mean: Floats, points: int, level: float, time_limit: float, periods: float
) -> Frontier:
    """One program, of which only the floor changes."""
    mandate.find_start()
    program = make_cvar_program(values, mandate, level, mean, -np.inf)
    session = Session(program, time_limit=time_limit)
    floor = program.n_rows - 1
    n = len(mean)
    first = session.solve()
    if first.x is None:
        raise HexadError("no first point was found within the time")
    low = float(mean @ first.x[:n])
    high = best_mean(Moments(mandate.assets, mean, np.zeros((n, n))), mandate)
    rows: list[dict[str, Any]] = []
    kept: list[Floats] = []
    for one in np.linspace(low, max(low, high), points):
        session.bound_row(floor, float(one) - 1e-12 * max(1.0, abs(float(one))), np.inf)
        found = session.solve()
        if found.x is None:
            raise HexadError(f"no portfolio was found with an expected return of {one:.3g} within the time")
        w = np.where(np.abs(found.x[:n]) > HELD_FROM, found.x[:n], 0.0)
        rows.append(
            {
                "expected_return": float(mean @ w),
                "risk": found.objective,
                "objective": found.objective,
                "bound": found.bound,
                "gap": relative_gap(found.objective, found.bound),
                "status": found.status,
                "assets": int((w != 0).sum()),
            }
        )
        kept.append(w)
    return _gather(rows, kept, mandate.assets, "cvar", periods)


def _gather(
    rows: list[dict[str, Any]], kept: list[Floats], assets: Sequence[str], risk: str, periods: float
) -> Frontier:
    index = pd.RangeIndex(len(rows), name="point")
    return Frontier(
        pd.DataFrame(rows, index=index), pd.DataFrame(np.array(kept), index=index, columns=list(assets)), risk, periods
    )
