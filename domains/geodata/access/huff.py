"""Huff's model: who goes where, learnt from shares that were seen, and what a site takes from whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import optimize
from scipy.special import logsumexp, softmax
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from domains.geodata.access.inputs import as_numbers, check_order, find_sites, read_costs, read_values
from shared.checks import check_level, is_number, is_whole
from shared.errors import HexadError, Problems, SettingsError
from shared.result import Result
from shared.runtime.seeds import make_rng
from shared.text import count_of, format_number, listed_name, sentences
from shared.typing import Floats

__all__ = ["HuffModel", "MarketShares", "check_exponent", "find_floor", "weigh_market", "weigh_pull"]

# Costs below this share of the median are taken as it: at no distance a pull would be infinite.
FLOOR = 1e-3
MOST_EXPONENT = 20.0
MOST_LOG = 600.0  # of a pull: nothing is left for others long before


def weigh_pull(costs: Floats, sizes: Floats, exponent: float, *, floor: float | None = None) -> Floats:
    """How strongly each site draws each client: size over cost to a power (Huff 1964).

    Parameters
    ----------
    costs : numpy.ndarray of shape (n_clients, n_sites)
        At least 0; infinite: no pull.
    sizes : numpy.ndarray of shape (n_sites,)
    exponent : float
    floor : float, optional
        Least cost that counts; a thousandth of the median where left out.

    >>> weigh_pull(np.array([[1.0, 2.0]]), np.array([100.0, 50.0]), 2.0).round(9).tolist()
    [[100.0, 12.5]]
    """
    return np.asarray(np.exp(_log_pull(costs, sizes, exponent, 1.0, find_floor(costs, floor))))


def weigh_market(
    costs: Floats, sizes: Floats, other_costs: Floats, other_sizes: Floats, exponent: float
) -> tuple[Floats, Floats]:
    """How strongly each of one's sites draws each client, in units of what all sites of others do together.

    Shares depend on nothing else, and a high exponent does no harm.

    Parameters
    ----------
    costs, other_costs : numpy.ndarray of shape (n_clients, n_sites), (n_clients, n_others)
    sizes, other_sizes : numpy.ndarray
    exponent : float

    Returns
    -------
    pull : numpy.ndarray of shape (n_clients, n_sites)
    others : numpy.ndarray of shape (n_clients,)
        1, or 0 where none of theirs is reached.

    >>> weigh_market(np.array([[1.0, 2.0]]), np.ones(2), np.array([[0.5]]), np.ones(1), 2.0)
    (array([[0.25  , 0.0625]]), array([1.]))
    """
    every = np.column_stack([costs, other_costs])
    logs = _log_pull(every, np.concatenate([sizes, other_sizes]), exponent, 1.0, find_floor(every))
    own, theirs = logs[:, : costs.shape[1]], logsumexp(logs[:, costs.shape[1] :], axis=1)
    there = np.isfinite(theirs)
    base = np.where(there, theirs, own.max(axis=1, initial=-np.inf))
    pull = np.exp(np.minimum(own - np.where(np.isfinite(base), base, 0.0)[:, None], MOST_LOG))
    return pull, there.astype(float)


def check_exponent(exponent: object) -> None:
    """Refuse exponents by which far sites would draw as much as near ones.

    Parameters
    ----------
    exponent : float

    >>> check_exponent(2.0)
    """
    if not is_number(exponent) or not exponent > 0:
        raise SettingsError(f"exponent={exponent!r}: it is above 0, so that far sites draw less")


def find_floor(costs: Floats, floor: float | None = None) -> float:
    """The least cost that counts: the one given, or a thousandth of the median of those above 0.

    Parameters
    ----------
    costs : numpy.ndarray
    floor : float, optional

    >>> find_floor(np.array([0.0, 1000.0, 3000.0, np.inf]))
    2.0
    """
    if floor is not None:
        return floor
    known = costs[np.isfinite(costs) & (costs > 0)]
    return FLOOR * float(np.median(known)) if len(known) else 1.0


def _log_pull(costs: Floats, sizes: Floats, exponent: float, power: float, floor: float) -> Floats:
    # A site of no size draws nobody, whatever the power.
    size = np.where(sizes > 0, power * np.log(np.where(sizes > 0, sizes, 1.0)), -np.inf)
    value = size - exponent * np.log(np.maximum(costs, floor))
    return np.asarray(np.where(np.isfinite(costs), value, -np.inf))


@dataclass(frozen=True, repr=False)
class MarketShares(Result):
    """Who goes where.

    Attributes
    ----------
    shares : pandas.DataFrame
        A row a client, a column a site; they sum to 1, or to 0 where a client reaches none.
    won : pandas.Series
        Demand that each site wins.
    notes : tuple of str

    >>> model = HuffModel(exponent=2.0)
    >>> market = model.share_market(np.array([[1.0, 2.0]]), [100.0, 50.0])
    >>> market.won.round(5).tolist()
    [0.88889, 0.11111]
    """

    shares: pd.DataFrame
    won: pd.Series[float]
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """A row a site: "site", "won" and its "share" of all demand."""
        total = max(float(self.won.sum()), 1e-300)
        return pd.DataFrame({"site": self.won.index, "won": self.won.to_numpy(), "share": self.won.to_numpy() / total})

    def explain(self) -> str:
        """Say which sites win most."""
        table = self.to_frame().sort_values("won", ascending=False, kind="stable").head(3)
        told = [
            f"{listed_name(site)} {100 * share:.3g} %"
            for site, share in zip(table["site"], table["share"], strict=True)
        ]
        return f"Of all demand: {', '.join(told)}. {sentences(self.notes)}".strip()


class HuffModel(BaseEstimator):  # type: ignore[misc]
    """Shares of a market by size and cost: a client's chance of a site is size^power / cost^exponent, over all sites.

    Computed by logarithms, so that a cost of 0 or an exponent of 100 does no harm; costs below a thousandth of the
    median count as that.

    Parameters
    ----------
    exponent : float, optional
        How fast the pull falls with the cost; learnt by `fit` where left out.
    power : float, optional
        How the pull grows with size; 1 is proportional, None is learnt.
    floor : float, optional
        Least cost that counts.
    level : float
        Of intervals, in percent.
    n_draws : int
        Clients drawn anew for the intervals.
    random_state : int

    Attributes
    ----------
    exponent_, power_ : float
    interval_ : tuple of float
        Of the exponent.
    fit_ : float
        Share of the deviance of equal shares that is explained.

    References
    ----------
    Huff, D. L. (1964). Defining and estimating a trading area. Journal of Marketing 28(3), 34-38. Fitted by maximum
    likelihood (Haines, Simon & Alexis 1972), with clients as the unit of the bootstrap.

    >>> costs = np.array([[1.0, 2.0, 4.0], [3.0, 1.0, 2.0], [2.0, 2.0, 1.0]])
    >>> truth = HuffModel(exponent=1.5).share_market(costs, [1.0, 2.0, 1.0]).shares
    >>> round(HuffModel().fit(costs, [1.0, 2.0, 1.0], truth).exponent_, 3)
    1.5
    """

    def __init__(
        self,
        *,
        exponent: float | None = None,
        power: float | None = 1.0,
        floor: float | None = None,
        level: float = 95,
        n_draws: int = 200,
        random_state: int = 0,
    ) -> None:
        self.exponent = exponent
        self.power = power
        self.floor = floor
        self.level = level
        self.n_draws = n_draws
        self.random_state = random_state

    def fit(self, costs: Any, sizes: Any, observed: Any) -> HuffModel:
        """Learn the exponent, and the power of size where it is None, from shares or visits that were seen.

        Parameters
        ----------
        costs : StreetCosts, frame or array of shape (n_clients, n_sites)
        sizes : array of shape (n_sites,)
        observed : frame or array of shape (n_clients, n_sites)
            Visits, or shares, of each client at each site; at least 0. Clients with more visits count more.

        Raises
        ------
        DataError, SettingsError
        """
        self._check_settings()
        values, clients, sites = read_costs(costs)
        size = read_values(sizes, sites, "sizes", "sites")
        seen = self._read_observed(observed, values, size, clients, sites)
        rows = np.flatnonzero(seen.sum(axis=1) > 0)
        if not len(rows):
            raise HexadError("nothing was observed: every row of observed is 0")
        values, seen = values[rows], seen[rows]
        self.floor_ = find_floor(values, self.floor)
        self._check_told(values, size)
        self.n_clients_ = len(rows)
        best = self._climb(values, size, seen)
        self.exponent_, self.power_ = best
        self.fit_ = self._explain_deviance(values, size, seen)
        self.interval_ = self._draw_interval(values, size, seen)
        return self

    def _check_settings(self) -> None:
        check_level(self.level)
        if self.exponent is not None:
            check_exponent(self.exponent)
        if self.power is not None and (not is_number(self.power) or not self.power >= 0):
            raise SettingsError(f"power={self.power!r}: it is 0 or more")
        if self.floor is not None and (not is_number(self.floor) or not self.floor > 0):
            raise SettingsError(f"floor={self.floor!r}: the least cost that counts is above 0")
        if not is_whole(self.n_draws, least=10) or not is_whole(self.random_state, least=0):
            raise SettingsError(f"n_draws={self.n_draws!r}, random_state={self.random_state!r}: give whole numbers")

    def _check_told(self, costs: Floats, sizes: Floats) -> None:
        """Refuse what says nothing of a number that is to be learnt: clients who have no choice, or all of one kind."""
        there = np.isfinite(costs) & (sizes > 0)
        for wanted, values, name in (
            (self.exponent is None, np.maximum(costs, self.floor_), "exponent"),
            (self.power is None, np.broadcast_to(sizes, costs.shape), "power"),
        ):
            low, high = (
                pick(values, axis=1, where=there, initial=start) for pick, start in ((np.min, np.inf), (np.max, 0.0))
            )
            if wanted and not (high > low).any():
                of = "costs" if name == "exponent" else "sizes"
                raise HexadError(
                    f"the {name} cannot be learnt: no client can choose between sites whose {of} differ; give {name}="
                )

    def _read_observed(
        self, observed: Any, costs: Floats, sizes: Floats, clients: pd.Index[Any], sites: pd.Index[Any]
    ) -> Floats:
        seen = as_numbers(observed, "observed")
        problems = Problems("observed")
        if seen.shape != costs.shape:
            problems.add(
                f"has the shape {seen.shape}, costs {costs.shape}", fix="Give a row a client, a column a site."
            )
            problems.raise_if_any()
        if isinstance(observed, pd.DataFrame):
            check_order(observed.index, clients, "clients", problems)
            check_order(observed.columns, sites, "sites", problems)
        wrong = ~np.isfinite(seen) | (seen < 0)
        if wrong.any():
            rows = np.flatnonzero(wrong.any(axis=1)) + 1
            fix = "Shares and visits are 0 or more."
            problems.add(f"{wrong.sum():,} values are missing or negative", rows=rows, count=len(rows), fix=fix)
        there = (seen > 0) & np.isinf(costs)
        if there.any():
            rows = np.flatnonzero(there.any(axis=1)) + 1
            fix = "Somebody went where no street leads: look at the costs, or raise max_snap=."
            problems.add(f"{there.sum():,} visits to sites out of reach", rows=rows, count=len(rows), fix=fix)
        nothing = (seen > 0) & (sizes == 0)
        if nothing.any():
            rows = np.flatnonzero(nothing.any(axis=1)) + 1
            fix = "A site of size 0 draws nobody: correct its size, or leave it out."
            problems.add(f"{nothing.sum():,} visits to sites of size 0", rows=rows, count=len(rows), fix=fix)
        problems.raise_if_any()
        return seen

    def _climb(
        self, costs: Floats, sizes: Floats, seen: Floats, start: tuple[float, float] = (1.0, 1.0)
    ) -> tuple[float, float]:
        """Most likely exponent and power: a concave problem, in two numbers at most."""
        free = [self.exponent is None, self.power is None]
        fixed = np.array([self.exponent or start[0], start[1] if self.power is None else self.power])
        if not any(free):
            return float(fixed[0]), float(fixed[1])
        far = np.log(np.where(np.isfinite(costs), np.maximum(costs, self.floor_), 1.0))
        with np.errstate(divide="ignore"):
            large = np.broadcast_to(np.log(sizes), costs.shape)
        barred = ~np.isfinite(costs) | ~np.isfinite(large)
        large = np.where(np.isfinite(large), large, 0.0)
        total = seen.sum(axis=1)

        def lose(free_values: Floats) -> tuple[float, Floats]:
            both = fixed.copy()
            both[free] = free_values
            logits = np.where(barred, -np.inf, both[1] * large - both[0] * far)
            chance = softmax(logits, axis=1)
            norm = logsumexp(logits, axis=1)
            value = -float((seen * np.where(barred, 0.0, logits)).sum() - total @ norm)
            left = total[:, None] * chance - seen
            slope = np.array([-(left * far).sum(), (left * large).sum()])[free]
            scale = max(float(total.sum()), 1e-300)
            return value / scale, slope / scale

        bounds = [
            bound for bound, is_free in zip(((1e-6, MOST_EXPONENT), (0.0, MOST_EXPONENT)), free, strict=True) if is_free
        ]
        found = optimize.minimize(
            lose, fixed[free], jac=True, bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-14}
        )
        fixed[free] = found.x
        return float(fixed[0]), float(fixed[1])

    def _explain_deviance(self, costs: Floats, sizes: Floats, seen: Floats) -> float:
        chance = self._chances(costs, sizes, self.exponent_, self.power_, self.floor_)
        equal = np.isfinite(costs) / np.maximum(np.isfinite(costs).sum(axis=1, keepdims=True), 1)
        share = seen / seen.sum(axis=1, keepdims=True)
        weight = seen.sum(axis=1, keepdims=True)

        def deviance(model: Floats) -> float:
            some = share > 0
            with np.errstate(divide="ignore"):
                ratio = np.log(share, where=some, out=np.zeros_like(share)) - np.log(np.maximum(model, 1e-300))
            return float((weight * np.where(some, share * ratio, 0.0)).sum())

        null = deviance(equal)
        return 1.0 - deviance(chance) / null if null > 0 else float("nan")

    def _draw_interval(self, costs: Floats, sizes: Floats, seen: Floats) -> tuple[float, float]:
        """Interval of the exponent from clients drawn anew, about the estimate (basic bootstrap, Student's t)."""
        if self.exponent is not None:
            return (self.exponent, self.exponent)
        rng = make_rng(self.random_state)
        n = len(costs)
        if n == 1:
            return (0.0, float("inf"))  # how clients differ, one alone does not tell
        drawn = []
        for _ in range(self.n_draws):
            rows = rng.integers(n, size=n)
            drawn.append(self._climb(costs[rows], sizes, seen[rows], (self.exponent_, self.power_))[0])
        from scipy.stats import t

        # The spread of draws, a little wider where clients are few: they estimate it, too.
        half = (
            float(t.ppf(0.5 + self.level / 200, max(n - 1, 1)))
            * float(np.std(drawn, ddof=1))
            * np.sqrt(n / max(n - 1, 1))
        )
        return (float(max(self.exponent_ - half, 0.0)), float(self.exponent_ + half))

    @staticmethod
    def _chances(costs: Floats, sizes: Floats, exponent: float, power: float, floor: float) -> Floats:
        logits = _log_pull(costs, sizes, exponent, power, floor)
        lost = ~np.isfinite(logits).any(axis=1)
        logits[lost] = 0.0
        chance = softmax(logits, axis=1)
        chance[lost] = 0.0
        return np.asarray(chance)

    def share_market(self, costs: Any, sizes: Any, demand: Any = None) -> MarketShares:
        """Share each client's demand among the sites.

        Parameters
        ----------
        costs : StreetCosts, frame or array of shape (n_clients, n_sites)
        sizes : array of shape (n_sites,)
        demand : array of shape (n_clients,), optional
            1 each where left out.

        Raises
        ------
        DataError, SettingsError
            Values that cannot be; an exponent neither given nor learnt.
        """
        self._check_settings()
        if self.exponent is None:
            check_is_fitted(self, "exponent_")
        values, clients, sites = read_costs(costs)
        size = read_values(sizes, sites, "sizes", "sites")
        weight = _read_demand(demand, clients)
        return self._share(values, size, weight, clients, sites)

    def _share(
        self, values: Floats, size: Floats, weight: Floats, clients: pd.Index[Any], sites: pd.Index[Any]
    ) -> MarketShares:
        exponent = self.exponent if self.exponent is not None else self.exponent_
        power = self.power if self.power is not None else getattr(self, "power_", 1.0)
        floor = getattr(self, "floor_", None) or find_floor(values, self.floor)
        chance = self._chances(values, size, exponent, power, floor)
        lost = (chance.sum(axis=1) == 0) & (weight > 0)
        notes: tuple[str, ...] = ()
        if lost.any():
            share = 100 * weight[lost].sum() / weight.sum()
            verb = "reaches" if lost.sum() == 1 else "reach"
            clients_ = "client" if lost.sum() == 1 else "clients"
            notes = (f"{lost.sum():,} {clients_} with {share:.3g} % of the demand {verb} no site: nobody wins them",)
        shares = pd.DataFrame(chance, index=clients, columns=sites)
        return MarketShares(shares, pd.Series(weight @ chance, index=sites, name="won"), notes)

    def compare_sites(
        self, costs: Any, sizes: Any, demand: Any = None, *, opens: Any = (), closes: Any = ()
    ) -> pd.DataFrame:
        """What each site wins before and after some open and others close: what is taken from whom.

        Parameters
        ----------
        costs : StreetCosts, frame or array of shape (n_clients, n_sites)
            Of all sites, those that open among them.
        sizes : array of shape (n_sites,)
        demand : array of shape (n_clients,), optional
        opens, closes : sequence
            Keys of sites that are there only afterwards, or only before.

        Returns
        -------
        pandas.DataFrame
            By site: "before", "after" and "change".

        >>> costs = np.array([[1.0, 2.0, 1.0], [2.0, 1.0, 1.0]])
        >>> HuffModel(exponent=2.0).compare_sites(costs, [1.0, 1.0, 1.0], opens=[2])["change"].round(3).tolist()
        [-0.444, -0.444, 0.889]
        """
        self._check_settings()
        if self.exponent is None:
            check_is_fitted(self, "exponent_")
        values, clients, sites = read_costs(costs)
        size = read_values(sizes, sites, "sizes", "sites")
        weight = _read_demand(demand, clients)
        before, after = size.copy(), size.copy()
        for keys, sizes_then, argument in ((opens, before, "opens"), (closes, after, "closes")):
            sizes_then[find_sites(keys, sites, argument)] = 0.0
        first = self._share(values, before, weight, clients, sites).won
        second = self._share(values, after, weight, clients, sites).won
        return pd.DataFrame({"before": first, "after": second, "change": second - first})

    def explain(self) -> str:
        """Say what was learnt, and how well it tells the shares."""
        check_is_fitted(self, "exponent_")
        low, high = self.interval_
        certain = f"{self.level:g} % interval {format_number(low, 3)} to {format_number(high, 3)}, from"
        certain = "no interval can be told from" if np.isinf(high) else certain
        return (
            f"The pull of a site falls with the cost to the power {format_number(self.exponent_, 3)}"
            f" ({certain} {count_of(self.n_clients_, 'client')}), and this explains {100 * self.fit_:.0f} % of how far"
            " shares are from equal."
        )


def _read_demand(demand: ArrayLike, clients: pd.Index[Any]) -> Floats:
    return np.ones(len(clients)) if demand is None else read_values(demand, clients, "demand", "clients")
