"""Risk parity: weights of which each adds its part of the risk."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import linalg

from domains.optimization.portfolio.base import Allocator, make_values, risk_shares, yearly
from domains.optimization.portfolio.returns import Returns
from shared.decision import Decision
from shared.errors import DataError, HexadError, Problem, SettingsError, quote
from shared.typing import Floats

__all__ = ["RiskParity", "find_risk_parity"]

STEPS = 100
CLOSE = 1e-10  # largest deviation of a share of the risk


def find_risk_parity(covariance: Floats, budgets: Floats) -> Floats:
    """Weights whose shares of the variance are given.

    Parameters
    ----------
    covariance : numpy.ndarray of shape (n, n)
    budgets : numpy.ndarray of shape (n,)
        Above 0, with sum 1.

    Raises
    ------
    HexadError
        The covariance is so singular that a portfolio of positive weights has no risk.

    Notes
    -----
    The minimum of x'Sx / 2 - sum of b_i log x_i, by damped Newton steps (Spinu, An algorithm for computing risk parity
    weights, 2013), on assets scaled to a variance of 1.

    >>> find_risk_parity(np.diag([1.0, 4.0]), np.array([0.5, 0.5])).round(4).tolist()
    [0.6667, 0.3333]
    """
    sizes = np.sqrt(np.diag(covariance))
    if not (sizes > 0).all():
        raise HexadError("an asset that never moves has no risk to share; leave it out")
    scaled = covariance / np.outer(sizes, sizes)
    x = np.sqrt(budgets) / np.sqrt(max(float(np.sqrt(budgets) @ scaled @ np.sqrt(budgets)), 1e-12))
    for _ in range(STEPS):
        moved = scaled @ x
        gradient = moved - budgets / x
        total = float(x @ moved)
        if np.abs(x * moved / total - budgets).max() < CLOSE:
            break
        hessian = scaled + np.diag(budgets / x**2)
        try:
            step = linalg.cho_solve(linalg.cho_factor(hessian, check_finite=False), -gradient, check_finite=False)
        except linalg.LinAlgError:
            break
        decrease = float(np.sqrt(max(0.0, -gradient @ step)))
        least = float((step / x).min())
        # Full steps near the end; before, what self-concordance allows, and never out of the positive.
        length = 1.0 if decrease < 0.3 * float(np.sqrt(budgets.min())) and least > -0.9 else 0.0
        if length == 0.0:
            length = min(1.0, 0.9 / -least) if least < 0 else 1.0
            value = 0.5 * total - float(budgets @ np.log(x))
            while length > 1e-12:
                new = x + length * step
                if 0.5 * float(new @ scaled @ new) - float(budgets @ np.log(new)) <= value + 1e-4 * length * float(
                    gradient @ step
                ):
                    break
                length *= 0.5
        x = x + length * step
    moved = scaled @ x
    if np.abs(x * moved / float(x @ moved) - budgets).max() > 1e-6:
        raise HexadError(
            "no shares of risk were found: the covariance is so singular that some portfolio has next to no risk. Give"
            " more periods, or shrink it: moments=MomentEstimator(covariance='shrunk')"
        )
    weights = x / sizes
    return np.asarray(weights / weights.sum())


class RiskParity(Allocator):
    """Each asset adds the same part of the risk, or the part that its budget says.

    Parameters
    ----------
    budgets : mapping or Series, optional
        Share of the risk of each asset, above 0; equal where left out. They are scaled to sum 1.
    moments : MomentEstimator, optional

    Notes
    -----
    There is one such portfolio without short positions, so that it takes no limits.

    >>> returns = pd.DataFrame({"a": [0.01, -0.01, 0.01, -0.01], "b": [0.02, 0.02, -0.02, -0.02]})
    >>> RiskParity().fit(returns).weights_.round(4).to_dict()
    {'a': 0.6667, 'b': 0.3333}
    """

    def __init__(self, *, budgets: object = None, moments: object = None) -> None:
        self.budgets = budgets
        self.moments = moments

    def _decide(self, table: Returns) -> tuple[Floats, Decision]:
        moments = self._estimate(table, self.moments)
        budgets = self._read_budgets(table.assets)
        weights = find_risk_parity(moments.covariance, budgets)
        shares = risk_shares(weights, moments.covariance)
        periods, word = yearly(table.periods_per_year)
        volatility = 100 * float(np.sqrt(periods * (weights @ moments.covariance @ weights)))
        off = float(np.abs(shares - budgets).max())
        notes = (f"shares of the risk are met to {100 * off:.1g} %", *self.notes_)
        values = make_values(table.assets, weights, shares, [""] * len(weights))
        return weights, Decision(
            "optimal", values, volatility, volatility, False, goal="volatility at these shares of the risk",
            unit=f"% {word}", notes=notes,
        )  # fmt: skip

    def _read_budgets(self, assets: tuple[str, ...]) -> Floats:
        n = len(assets)
        if self.budgets is None:
            return np.full(n, 1.0 / n)
        given = pd.Series(self.budgets)
        given.index = given.index.map(str)
        lost = [name for name in assets if name not in given.index]
        if lost:
            raise DataError("budgets", [Problem(f"there is none for {quote(lost)}", fix="Give each asset one.")])
        unknown = [name for name in given.index if name not in set(assets)]
        if unknown:
            raise DataError("budgets", [Problem(f"{quote(unknown)} are not among the assets", fix="Leave them out.")])
        values = pd.to_numeric(given.loc[list(assets)], errors="coerce").to_numpy(dtype=float)
        if not (np.isfinite(values) & (values > 0)).all():
            raise SettingsError("budgets of risk have to be numbers above 0; leave assets out that are to have none")
        return np.asarray(values / values.sum())
