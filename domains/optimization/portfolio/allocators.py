"""Allocators by mean and variance: least variance, a trade-off, the highest Sharpe ratio, an index, equal weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from domains.optimization.portfolio.base import Allocator, explain_bounds, is_held, make_values, risk_shares, yearly
from domains.optimization.portfolio.mandate import TURNOVER, Mandate
from domains.optimization.portfolio.moments import Moments
from domains.optimization.portfolio.returns import Returns
from domains.optimization.portfolio.weights import Weights, maximise_ratio, minimise_quadratic
from shared.decision import Decision, make_binding
from shared.errors import DataError, HexadError, Problem, SettingsError
from shared.typing import Floats

__all__ = ["EqualWeight", "IndexTracker", "MaximumSharpe", "MeanVariance", "MinimumVariance"]


RISKLESS = 1e-12  # of an asset's variance: below, that of a portfolio is rounding


class EqualWeight(Allocator):
    """The same weight for each asset: the baseline that is hard to beat.

    Source: DeMiguel, Garlappi and Uppal, Review of Financial Studies 22 (2009).

    >>> import pandas as pd
    >>> EqualWeight().fit(pd.DataFrame({"a": [0.1, 0.0], "b": [0.0, 0.1]})).weights_.tolist()
    [0.5, 0.5]
    """

    def _decide(self, table: Returns) -> tuple[Floats, Decision]:
        n = len(table.assets)
        weights = np.full(n, 1.0 / n)
        values = make_values(table.assets, weights, None, [""] * n)
        note = "the weights are equal by definition; nothing was optimised"
        return weights, Decision("not proven", values, goal="rule", notes=(note,))


class _ByMoments(Allocator):
    """What mean-variance allocators share."""

    limits: Any
    groups: Any
    holdings: Any
    moments: Any

    def _check_level(self, name: str, least: float = -np.inf) -> None:
        given = getattr(self, name)
        if given is None:
            return
        if isinstance(given, bool | str) or not np.isfinite(given) or given < least:
            bound = f" of at least {least:g}" if np.isfinite(least) else ""
            raise SettingsError(f"{name}={given!r} is no number{bound}")

    def _with_return(self, mandate: Mandate, moments: Moments, floor: float | None) -> Mandate:
        if floor is None:
            return mandate
        from shared.decision import Limit, Limits

        limit = Limit("least expected return", "expected return", least=floor)
        limits = Limits([*mandate.limits, limit], source=mandate.limits.source)
        return Mandate.read(moments.assets, limits, self.groups, self.holdings, moments.mean)

    def _variance_decision(self, table: Returns, moments: Moments, mandate: Mandate, found: Weights) -> Decision:
        """A decision in terms of volatility."""
        periods, word = yearly(table.periods_per_year)
        percent = 100 * np.sqrt(periods)
        volatility, bound = (percent * float(np.sqrt(max(value, 0.0))) for value in (found.objective, found.bound))
        binding = found.prices.copy()
        binding["price"] = _chain(binding["price"].to_numpy(dtype=float), found.objective, percent)
        why, unknown = [], _say_out(mandate)
        moved = moments.covariance @ found.weights
        for i in range(len(found.weights)):
            told = explain_bounds(found, i)
            if not told and not is_held(found.weights[i]):
                told = unknown
                if found.swaps is not None and np.isfinite(found.swaps[i]):
                    then = percent * float(np.sqrt(max(found.swaps[i], 0.0)))
                    told = f"out: in the best place of another, the volatility would be {then:.2f} % {word}"
                if np.isfinite(found.reduced[i]) and found.objective > RISKLESS * moments.covariance[i, i]:
                    beta = moved[i] / found.objective
                    until = beta - found.reduced[i] / (2 * found.objective)
                    told = f"out until its beta to this portfolio falls below {until:.2f}; it is {beta:.2f}"
            why.append(told)
        values = make_values(table.assets, found.weights, risk_shares(found.weights, moments.covariance), why)
        return Decision(
            found.status, values, volatility, bound, False, binding, goal="volatility", unit=f"% {word}",
            notes=self.notes_,
        )  # fmt: skip


def _say_out(mandate: Mandate) -> str:
    """Why an asset is out, where no number tells."""
    return "out: not among those chosen" if mandate.counts else "out: not worth a trade" if mandate.trades else "out"


def _chain(prices: Floats, variance: float, percent: float) -> Floats:
    """Prices in variance as prices in volatility."""
    return prices * percent / (2 * np.sqrt(variance)) if variance > 0 else np.zeros(len(prices))


class MinimumVariance(_ByMoments):
    """The least variance, with a least expected return where one is asked for.

    Parameters
    ----------
    least_return : float, optional
        Expected return a period, at least.
    moments : MomentEstimator, optional
        How moments are estimated; sample moments where left out.
    limits : Limits, or what `Limits.make` takes
        On assets, groups, "every asset", "every held asset", "number of assets", "turnover", "expected return".
    groups : frame or mapping, optional
        Maps of groups, such as sectors, a column each.
    holdings : mapping or Series, optional
        Present weights, for turnover.
    time_limit : float
        CPU seconds, where the number of assets is limited.

    >>> import pandas as pd
    >>> returns = pd.DataFrame({"a": [0.01, -0.01, 0.01, -0.01], "b": [0.02, 0.02, -0.02, -0.02]})
    >>> MinimumVariance().fit(returns).weights_.round(3).to_dict()
    {'a': 0.8, 'b': 0.2}
    """

    def __init__(
        self,
        *,
        least_return: float | None = None,
        moments: object = None,
        limits: object = None,
        groups: object = None,
        holdings: object = None,
        time_limit: float = 60.0,
    ) -> None:
        self.least_return = least_return
        self.moments = moments
        self.limits = limits
        self.groups = groups
        self.holdings = holdings
        self.time_limit = time_limit

    def _decide(self, table: Returns) -> tuple[Floats, Decision]:
        self._check_level("least_return")
        moments = self._estimate(table, self.moments)
        mandate = self._with_return(self._mandate(table, moments.mean), moments, self.least_return)
        found = minimise_quadratic(
            moments, mandate, risk=1.0, cost=np.zeros(len(table.assets)), time_limit=self.time_limit, reasons=True
        )
        return found.weights, self._variance_decision(table, moments, mandate, found)


class MeanVariance(_ByMoments):
    """The best trade-off: expected return less half the risk aversion times the variance, less the cost of trading.

    Parameters
    ----------
    risk_aversion : float
        3 is a common choice; the higher, the calmer.
    trade_cost : float
        Share of what is bought and sold that it costs, 0.001 for ten basis points, paid once.
    holding_periods : int
        Periods over which that cost is spread.
    moments, limits, groups, holdings, time_limit
        As in `MinimumVariance`.

    >>> import pandas as pd
    >>> returns = pd.DataFrame({"a": [0.01, -0.01, 0.01, -0.01], "b": [0.02, 0.02, -0.02, -0.01]})
    >>> MeanVariance(risk_aversion=5).fit(returns).weights_.round(3).to_dict()
    {'a': 0.0, 'b': 1.0}
    """

    def __init__(
        self,
        *,
        risk_aversion: float = 3.0,
        trade_cost: float = 0.0,
        holding_periods: int = 21,
        moments: object = None,
        limits: object = None,
        groups: object = None,
        holdings: object = None,
        time_limit: float = 60.0,
    ) -> None:
        self.risk_aversion = risk_aversion
        self.trade_cost = trade_cost
        self.holding_periods = holding_periods
        self.moments = moments
        self.limits = limits
        self.groups = groups
        self.holdings = holdings
        self.time_limit = time_limit

    def _decide(self, table: Returns) -> tuple[Floats, Decision]:
        for name, least in (("risk_aversion", 0.0), ("trade_cost", 0.0), ("holding_periods", 1)):
            self._check_level(name, least)
        moments = self._estimate(table, self.moments)
        mandate = self._mandate(table, moments.mean)
        found = minimise_quadratic(
            moments,
            mandate,
            risk=0.5 * self.risk_aversion,
            cost=-moments.mean,
            trade_cost=self.trade_cost / self.holding_periods,
            time_limit=self.time_limit,
        )
        periods, word = yearly(table.periods_per_year)
        percent = 100 * periods
        why, unknown = [], _say_out(mandate)
        for i in range(len(found.weights)):
            told = explain_bounds(found, i)
            if not told and not is_held(found.weights[i]):
                told = unknown
                if np.isfinite(found.reduced[i]):
                    until, now = percent * (moments.mean[i] + found.reduced[i]), percent * moments.mean[i]
                    told = f"out until its expected return passes {until:.2f} % {word}; it is {now:.2f} %"
            why.append(told)
        values = make_values(table.assets, found.weights, risk_shares(found.weights, moments.covariance), why)
        binding = found.prices.assign(price=found.prices["price"] * percent)
        goal = "expected return less the price of risk"
        return found.weights, Decision(
            found.status, values, -percent * found.objective, -percent * found.bound, True, binding, goal=goal,
            unit=f"% {word}", notes=self.notes_,
        )  # fmt: skip


class MaximumSharpe(_ByMoments):
    """The highest ratio of expected excess return to volatility.

    Parameters
    ----------
    risk_free : float
        Return a period without risk.
    otherwise : {"refuse", "minimum variance"}
        What to do where no portfolio's expected return passes the risk-free one.
    moments, limits, groups, holdings, time_limit
        As in `MinimumVariance`. With a number of assets, the best of a frontier of trade-offs is taken, and its gap to
        the best ratio without that limit told.

    Raises
    ------
    HexadError
        In fit, where nothing beats the risk-free return.

    >>> import pandas as pd
    >>> returns = pd.DataFrame({"a": [0.02, -0.01, 0.02, -0.01], "b": [0.02, 0.02, -0.02, -0.01]})
    >>> MaximumSharpe().fit(returns).weights_.round(3).to_dict()
    {'a': 0.692, 'b': 0.308}
    """

    def __init__(
        self,
        *,
        risk_free: float = 0.0,
        otherwise: str = "refuse",
        moments: object = None,
        limits: object = None,
        groups: object = None,
        holdings: object = None,
        time_limit: float = 60.0,
    ) -> None:
        self.risk_free = risk_free
        self.otherwise = otherwise
        self.moments = moments
        self.limits = limits
        self.groups = groups
        self.holdings = holdings
        self.time_limit = time_limit

    def _decide(self, table: Returns) -> tuple[Floats, Decision]:
        self._check_level("risk_free")
        if self.otherwise not in {"refuse", "minimum variance"}:
            raise SettingsError(f"otherwise={self.otherwise!r} is neither 'refuse' nor 'minimum variance'")
        moments = self._estimate(table, self.moments)
        mandate = self._mandate(table, moments.mean)
        loose = replace(mandate, fewest=0, largest=len(table.assets), held_least=np.zeros(len(table.assets)))
        if mandate.counts:
            mandate.find_start()
        found = maximise_ratio(moments, loose, self.risk_free)
        periods, word = yearly(table.periods_per_year)
        if found is None:
            return self._without_ratio(table, moments, mandate)
        ratio = float(np.sqrt(periods / found.objective)) if found.objective > 0 else np.inf
        bound = float(np.sqrt(periods / found.bound)) if found.bound > 0 else np.inf
        weights, status, reduced = found.weights, found.status, found.reduced / max(found.objective, 1e-300)
        if mandate.counts:
            weights, ratio, status = self._choose(moments, mandate, periods)
            reduced = np.full(len(weights), np.nan)
        percent = 100 * periods
        why, unknown = [], _say_out(mandate)
        for i, weight in enumerate(weights):
            told = ""
            if not is_held(weight):
                told = unknown
                if np.isfinite(reduced[i]):
                    until, now = percent * (moments.mean[i] + reduced[i]), percent * moments.mean[i]
                    told = f"out until its expected return passes {until:.2f} % {word}; it is {now:.2f} %"
            why.append(told)
        values = make_values(table.assets, weights, risk_shares(weights, moments.covariance), why)
        binding = _binding_of(mandate, weights)
        return weights, Decision(
            status, values, ratio, bound, True, binding, goal=f"Sharpe ratio {word}", notes=self.notes_
        )

    def _without_ratio(self, table: Returns, moments: Moments, mandate: Mandate) -> tuple[Floats, Decision]:
        periods, word = yearly(table.periods_per_year)
        what = (
            f"no portfolio's expected return passes the risk-free {100 * periods * self.risk_free:.2f} % {word}; the"
            f" highest of one asset is {100 * periods * moments.mean.max():.2f} %"
        )
        if self.otherwise == "refuse":
            raise HexadError(
                f"{what}. Hold what is without risk, lower risk_free, or pass otherwise='minimum variance'"
            )
        self.notes_ = (*self.notes_, f"{what}: the portfolio of least variance is held instead")
        found = minimise_quadratic(
            moments, mandate, risk=1.0, cost=np.zeros(len(table.assets)), time_limit=self.time_limit
        )
        return found.weights, self._variance_decision(table, moments, mandate, found)

    def _choose(self, moments: Moments, mandate: Mandate, periods: float) -> tuple[Floats, float, str]:
        """The best ratio among exact trade-offs, refined around the best one."""
        from domains.optimization.portfolio.cardinality import split_diagonal

        diagonal = split_diagonal(moments.covariance)
        best: tuple[float, Floats] = (-np.inf, np.zeros(len(moments.mean)))
        starts: list[Any] = []
        levels = np.linspace(0.02, 1.0, 12)
        for _ in range(3):
            scored = []
            for level in levels:
                found = minimise_quadratic(
                    moments, mandate, risk=float(level), cost=-(1 - float(level)) * moments.mean,
                    time_limit=self.time_limit / 36, starts=starts, diagonal=diagonal,
                )  # fmt: skip
                starts = [np.flatnonzero(found.weights > 0)]
                w = found.weights
                variance = max(float(w @ moments.covariance @ w), 1e-300)
                ratio = float(w @ moments.mean - self.risk_free) / float(np.sqrt(variance))
                scored.append(ratio)
                if ratio > best[0]:
                    best = (ratio, w)
            top = int(np.argmax(scored))
            levels = np.linspace(levels[max(0, top - 1)], levels[min(len(levels) - 1, top + 1)], 12)
        return best[1], best[0] * float(np.sqrt(periods)), "within gap"


def _binding_of(mandate: Mandate, weights: Floats) -> Any:
    """Limits that weights stand at, without prices."""
    found = {}
    for (i, side), name in mandate.bound_names.items():
        at = float(mandate.lower[i] if side == "least" else mandate.upper[i])
        if abs(weights[i] - at) <= 1e-8:
            found[name, side] = at
    held = mandate.matrix @ weights
    for row, name in enumerate(mandate.row_limits):
        for side, value in (("least", mandate.row_lower[row]), ("most", mandate.row_upper[row])):
            if np.isfinite(value) and abs(held[row] - value) <= 1e-8:
                found[name, side] = float(value)
    if np.abs(weights - mandate.holdings).sum() >= mandate.turnover - 1e-8:
        found[mandate.limits.about(TURNOVER)[0].name, "most"] = mandate.turnover
    return make_binding((name, side, at, np.nan) for (name, side), at in found.items())


class IndexTracker(_ByMoments):
    """The portfolio that follows an index most closely, by the sum of squared differences of returns.

    Parameters
    ----------
    index : str
        The column of the table that holds the index's returns; it cannot be held.
    limits, groups, holdings, time_limit
        As in `MinimumVariance`; with a number of assets, the best of that many is proven.

    >>> import pandas as pd
    >>> returns = pd.DataFrame({"a": [0.01, -0.01, 0.03], "b": [0.02, 0.02, -0.02], "all": [0.015, 0.005, 0.005]})
    >>> IndexTracker("all").fit(returns).weights_.round(3).to_dict()
    {'a': 0.5, 'b': 0.5}
    """

    def __init__(
        self,
        index: str,
        *,
        limits: object = None,
        groups: object = None,
        holdings: object = None,
        time_limit: float = 60.0,
    ) -> None:
        self.index = index
        self.limits = limits
        self.groups = groups
        self.holdings = holdings
        self.time_limit = time_limit

    def _decide(self, table: Returns) -> tuple[Floats, Decision]:
        if self.index not in table.assets:
            what = f"there is no column {self.index!r}, which is to be followed"
            raise DataError("returns", [Problem(what, fix="Name it as in IndexTracker('S&P 500').")])
        place = table.assets.index(self.index)
        others = np.array([i for i in range(len(table.assets)) if i != place])
        if len(others) == 0:
            raise DataError(
                "returns", [Problem(f"there is no asset beside {self.index!r}", fix="Give what may be held.")]
            )
        names = tuple(table.assets[i] for i in others)
        self.assets_ = names
        values, target = table.values[:, others], table.values[:, place]
        n_periods = len(values)
        # The weights sum to 1, so that the difference is the sum of weighted differences.
        factor = (values - target[:, None]) / np.sqrt(n_periods)
        moments = Moments(names, values.mean(axis=0), factor.T @ factor, factor)
        self.moments_ = moments
        part = Returns(values, names, table.index)
        mandate = self._mandate(part, moments.mean)
        found = minimise_quadratic(moments, mandate, risk=1.0, cost=np.zeros(len(names)), time_limit=self.time_limit)
        decision = self._variance_decision(part, moments, mandate, found)
        # A beta to how the index is missed says little.
        why = decision.values["why"].str.replace(
            r"^out until .*", "out: some of it would follow less closely", regex=True
        )
        return found.weights, replace(decision, values=decision.values.assign(why=why), goal="distance from the index")
