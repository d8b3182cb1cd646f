"""The base of all allocators: returns in, weights with a proof out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from domains.optimization.portfolio.mandate import Mandate
from domains.optimization.portfolio.moments import MomentEstimator, Moments
from domains.optimization.portfolio.returns import Returns, read_returns
from domains.optimization.portfolio.weights import HELD_FROM, Weights
from shared.decision import Decision, read_groups
from shared.errors import DataError, Problem, SettingsError, quote
from shared.typing import Floats

if TYPE_CHECKING:
    from domains.optimization.portfolio.task import InvestmentTask

__all__ = ["Allocator", "yearly"]


class Allocator(BaseEstimator, ABC):  # type: ignore[misc]
    """What finds weights from a table of returns; a subclass says how.

    Attributes
    ----------
    weights_ : pandas.Series
        A weight an asset, in the order of the columns; they sum to 1.
    decision_ : Decision
        With its proof, the limits that bind, and a reason an asset.
    moments_ : Moments
        What was expected.
    notes_ : tuple of str
        What is worth knowing before acting.

    >>> from domains.optimization import MinimumVariance
    >>> isinstance(MinimumVariance(), Allocator)
    True
    """

    takes_checked: ClassVar[bool] = True
    """Whether `fit` takes `Returns` that were checked as a whole."""

    def fit(self, returns: Any, y: object = None) -> Allocator:
        """Find the weights.

        Parameters
        ----------
        returns : frame, array or Returns
            A row a period (dates as index, or in a column of dates), a column an asset; 0.01 is one percent.
        y : object
            Not used; scikit-learn's signature.

        Raises
        ------
        DataError
            Returns are missing or no returns; a limit applies to nothing.
        InfeasibleError
            No portfolio meets the limits; it says which clash, and the least that would have to give.
        SettingsError
        """
        limit = getattr(self, "time_limit", 60.0)
        if isinstance(limit, bool | str) or not limit >= 0:
            raise SettingsError(f"time_limit={limit!r} is no number of seconds from 0 on")
        table = read_returns(returns)
        self.assets_ = table.assets
        self.n_features_in_ = len(table.assets)
        self.notes_: tuple[str, ...] = table.notes
        weights, decision = self._decide(table)
        self.weights_ = pd.Series(weights, index=pd.Index(self.assets_, name="asset"), name="weight")
        self.decision_ = decision
        return self

    @abstractmethod
    def _decide(self, table: Returns) -> tuple[Floats, Decision]:
        """Find weights for returns that were checked."""

    def predict(self, returns: ArrayLike) -> pd.Series[Any]:
        """Returns of the portfolio, its weights restored every period; `evaluate` lets them drift and charges costs.

        Parameters
        ----------
        returns : frame, array or Returns
            With the assets of fit; others are not looked at.

        Returns
        -------
        pandas.Series of shape (n_periods,)
        """
        check_is_fitted(self, "weights_")
        table = read_returns(returns, least_periods=1)
        places = {name: place for place, name in enumerate(table.assets)}
        lost = [name for name in self.assets_ if name not in places]
        if lost:
            raise DataError("returns", [Problem(f"there is no column for {quote(lost)}", fix="Add what fit has seen.")])
        held = table.values[:, [places[name] for name in self.assets_]]
        return pd.Series(held @ self.weights_.to_numpy(), index=table.index, name="return")

    @staticmethod
    def default_task() -> InvestmentTask:
        """How it is evaluated."""
        from domains.optimization.portfolio.task import InvestmentTask

        return InvestmentTask()

    def _estimate(self, table: Returns, moments: object) -> Moments:
        estimator = MomentEstimator() if moments is None else moments
        if not hasattr(estimator, "fit"):
            raise SettingsError(
                f"moments={moments!r} is no MomentEstimator, as in MomentEstimator(covariance='shrunk')"
            )
        found: Moments = estimator.fit(table).moments_
        self.moments_ = found
        self.notes_ = tuple(dict.fromkeys((*self.notes_, *found.notes)))
        return found

    def _mandate(self, table: Returns, mean: Floats | None) -> Mandate:
        groups = getattr(self, "groups", None)
        limits = getattr(self, "limits", None)
        found = Mandate.read(table.assets, limits, groups, getattr(self, "holdings", None), mean)
        told = found.limits.say_ungrouped(table.assets, read_groups(groups, table.assets))
        self.notes_ = (*self.notes_, *told)
        return found


def yearly(periods: float) -> tuple[float, str]:
    """A factor from a period to a year, and how to say it; 1 and "a period" where dates do not tell.

    Parameters
    ----------
    periods : float
        Periods a year, or NaN.

    >>> yearly(12.0), yearly(float("nan"))
    ((12.0, 'a year'), (1.0, 'a period'))
    """
    return (float(periods), "a year") if np.isfinite(periods) else (1.0, "a period")


def make_values(assets: tuple[str, ...], weights: Floats, shares: Floats | None, why: list[str]) -> pd.DataFrame:
    """The table of a decision: weight, share of the risk, and why."""
    columns = {"value": weights, "risk_share": shares, "why": np.array(why, dtype=object)}
    given = {name: column for name, column in columns.items() if column is not None}
    return pd.DataFrame(given, index=pd.Index(assets, name="asset", dtype=object))


def risk_shares(weights: Floats, covariance: Floats) -> Floats:
    """Share of each asset in the portfolio's variance; zeros where there is none."""
    moved = covariance @ weights
    variance = float(weights @ moved)
    return weights * moved / variance if variance > 0 else np.zeros(len(weights))


def explain_bounds(found: Weights, place: int) -> str:
    """Why an asset stands at a bound, in the name of the limit; empty where it does not."""
    if place not in found.pressed:
        return ""
    name, side = found.pressed[place]
    return f"held {'up' if side == 'least' else 'back'} by {name}"


def is_held(weight: float) -> bool:
    """Whether a weight is one."""
    return abs(weight) > HELD_FROM
