"""Frontiers and single portfolios beside solvers called by hand, and beside skfolio and PyPortfolioOpt."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from domains.optimization import (
    MaximumSharpe,
    MinimumCVaR,
    MinimumVariance,
    RiskParity,
    compute_cvar,
    compute_frontier,
    compute_returns,
)
from shared.data import datasets
from shared.decision import QuadraticProgram, solve_quadratic
from shared.typing import Floats

__all__ = ["cvar", "make_market", "objectives", "quadratic"]

ROUNDS = 5
POINTS = 50


def make_market(n: int, n_periods: int, seed: int = 0) -> Floats:
    """Daily returns with one common factor."""
    random = np.random.default_rng(seed)
    common = np.outer(random.normal(0, 0.01, n_periods), random.uniform(0.5, 1.5, n))
    return common + random.normal(size=(n_periods, n)) * random.uniform(0.008, 0.03, n) + random.normal(4e-4, 4e-4, n)


def _seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    began = process_time()
    found = work()
    return process_time() - began, found


def cvar(peers: bool) -> dict[str, float]:
    """Fifty points with 250 scenarios: our time over that of highspy by hand, and over cvxpy's with a parameter."""
    found: dict[str, float] = {}
    for n in (100, 500):
        values = make_market(n, 250)
        ours: Callable[[], Any] = lambda: compute_frontier(values, points=POINTS, risk="cvar")  # noqa: B023, E731
        table = ours().table
        floors = np.linspace(table["expected_return"].iloc[0], float(values.mean(axis=0).max()), POINTS)
        by_hand: Callable[[], Any] = lambda: _highs_by_hand(values, floors)  # noqa: B023, E731
        by_hand()
        times = [(_seconds(ours)[0], _seconds(by_hand)[0]) for _ in range(ROUNDS)]
        other = by_hand()
        gap = float(np.abs(table["objective"].to_numpy() - other).max() / np.abs(other).max())
        ratio = float(np.median([a / b for a, b in times]))
        found |= {f"cvar_ratio_{n}": ratio, f"cvar_gap_{n}": gap}
        print(f"CVaR frontier, {n} assets: ours {np.median([a for a, _ in times]):.3f} s, ratio {ratio:.2f}")
        if n == 500 and peers and importlib.util.find_spec("cvxpy"):
            middle = float(np.median([a for a, _ in times]))
            took, answers = _seconds(lambda: _cvxpy(values, floors))  # noqa: B023
            found["cvar_vs_cvxpy_500"] = took / middle
            found["cvar_gap_cvxpy"] = float(np.abs(answers - other).max() / np.abs(other).max())
    return found


def _highs_by_hand(values: Floats, floors: Floats) -> Floats:
    """The model passed once, one bound changed a point, weights read."""
    import highspy as api

    highspy: Any = api

    n_periods, n = values.shape
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    lp = highspy.HighsLp()
    width = n + 1 + n_periods
    lp.num_col_, lp.num_row_ = width, n_periods + 2
    lp.col_cost_ = np.concatenate([np.zeros(n), [1.0], np.full(n_periods, 1 / (0.05 * n_periods))])
    lp.col_lower_ = np.concatenate([np.zeros(n), [-np.inf], np.zeros(n_periods)])
    lp.col_upper_ = np.full(width, np.inf)
    lp.row_lower_ = np.concatenate([np.zeros(n_periods), [1.0, -np.inf]])
    lp.row_upper_ = np.concatenate([np.full(n_periods, np.inf), [1.0, np.inf]])
    dense = np.zeros((n_periods + 2, width))
    dense[:n_periods, :n], dense[:n_periods, n] = values, 1.0
    dense[:n_periods, n + 1 :] = np.eye(n_periods)
    dense[n_periods, :n], dense[n_periods + 1, :n] = 1.0, values.mean(axis=0)
    matrix = sparse.csc_array(dense)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    highs.passModel(lp)
    found, weights = [], []
    for floor in floors:
        highs.changeRowBounds(n_periods + 1, float(floor) - 1e-12, np.inf)
        highs.run()
        found.append(highs.getInfo().objective_function_value)
        weights.append(np.asarray(highs.getSolution().col_value)[:n])
    return np.array(found)


def _cvxpy(values: Floats, floors: Floats) -> Floats:
    cp: Any = importlib.import_module("cvxpy")

    n_periods, n = values.shape
    w, threshold, over = cp.Variable(n, nonneg=True), cp.Variable(), cp.Variable(n_periods, nonneg=True)
    floor = cp.Parameter()
    rules = [over >= -values @ w - threshold, cp.sum(w) == 1, values.mean(axis=0) @ w >= floor]
    problem = cp.Problem(cp.Minimize(threshold + cp.sum(over) / (0.05 * n_periods)), rules)
    found = []
    for one in floors:
        floor.value = float(one) - 1e-12
        problem.solve(solver="HIGHS")
        found.append(problem.value)
    return np.array(found)


def quadratic(peers: bool) -> dict[str, float]:
    """Daily covariances with a floor on the expected return, also a singular one beside Clarabel."""
    found: dict[str, float] = {}
    for n, n_periods in ((500, 1000), (2000, 1000), (500, 250)):
        values = make_market(n, n_periods, 1)
        mean = values.mean(axis=0)
        centred = (values - mean) / np.sqrt(n_periods - 1)
        floor = float(np.quantile(mean, 0.7))
        program = QuadraticProgram(
            np.zeros(n), np.vstack([np.ones(n), mean]), np.array([1.0, floor]), np.array([1.0, np.inf]), np.zeros(n),
            np.full(n, np.inf), 2 * centred.T @ centred if n_periods > n else None,
            None if n_periods > n else np.sqrt(2) * centred,
        )  # fmt: skip
        start = np.array([int(mean.argmax())])
        solve_quadratic(program, start)
        times = [_seconds(lambda: solve_quadratic(program, start))[0] for _ in range(ROUNDS)]  # noqa: B023
        answer = solve_quadratic(program, start)
        if (n, n_periods) == (500, 250):
            found["qp_singular_proof"] = (answer.objective - answer.bound) / answer.objective
            if peers and importlib.util.find_spec("clarabel") and importlib.util.find_spec("cvxpy"):
                other = _clarabel(centred, mean, floor)
                found["qp_singular_gap"] = answer.objective / other - 1
        else:
            found[f"qp_seconds_{n}"] = float(np.median(times))
    return found


def _clarabel(factor: Floats, mean: Floats, floor: float) -> float:
    cp: Any = importlib.import_module("cvxpy")

    w = cp.Variable(len(mean), nonneg=True)
    scaled = 1e4 * cp.sum_squares(factor @ w)
    problem = cp.Problem(cp.Minimize(scaled), [cp.sum(w) == 1, mean @ w >= floor])
    problem.solve(solver="CLARABEL", tol_gap_rel=1e-10, tol_gap_abs=1e-12, tol_feas=1e-12)
    return float(problem.value) / 1e4


def objectives(peers: bool) -> dict[str, float]:
    """How much worse than a peer's any of our objectives is, on the last 1,250 days of the bundled stocks."""
    if not peers or not importlib.util.find_spec("skfolio"):
        return {}
    returns = compute_returns(datasets.load("stocks").set_index("Date")).tail(1250)
    values = returns.to_numpy()
    square, mean = np.cov(values.T), values.mean(axis=0)

    def measure(name: str, weights: Any) -> float:
        w = np.asarray(weights, dtype=float)
        w = np.maximum(w, 0) / np.maximum(w, 0).sum()
        if name == "variance":
            return float(w @ square @ w)
        if name == "sharpe":
            return -float(mean @ w) / float(np.sqrt(w @ square @ w))
        if name == "cvar":
            return compute_cvar(values @ w, 95)
        shares = w * (square @ w) / (w @ square @ w)
        return float(np.abs(shares - 1 / len(w)).max())

    ours = {
        "variance": MinimumVariance().fit(returns).weights_,
        "sharpe": MaximumSharpe().fit(returns).weights_,
        "cvar": MinimumCVaR().fit(returns).weights_,
        "parity": RiskParity().fit(returns).weights_,
    }
    found: dict[str, float] = {}
    for peer, theirs in (("skfolio", _skfolio(returns)), ("pypfopt", _pypfopt(returns))):
        for name, weights in theirs.items():
            a, b = measure(name, ours[name]), measure(name, weights)
            found[f"{name}_less_{peer}"] = a - b if name == "parity" else (a - b) / abs(b)
    found["objectives_worst"] = max(found.values())
    return found


def _skfolio(returns: pd.DataFrame) -> dict[str, Any]:
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk, ObjectiveFunction, RiskBudgeting

    return {
        "variance": MeanRisk(risk_measure=RiskMeasure.VARIANCE).fit(returns).weights_,
        "sharpe": MeanRisk(objective_function=ObjectiveFunction.MAXIMIZE_RATIO).fit(returns).weights_,
        "cvar": MeanRisk(risk_measure=RiskMeasure.CVAR).fit(returns).weights_,
        "parity": RiskBudgeting(risk_measure=RiskMeasure.VARIANCE).fit(returns).weights_,
    }


def _pypfopt(returns: pd.DataFrame) -> dict[str, Any]:
    if not importlib.util.find_spec("pypfopt"):
        return {}
    from pypfopt import EfficientCVaR, EfficientFrontier

    mean, square = returns.mean(), returns.cov()
    return {
        "variance": list(EfficientFrontier(mean, square).min_volatility().values()),
        "sharpe": list(EfficientFrontier(mean, square).max_sharpe(risk_free_rate=0.0).values()),
        "cvar": list(EfficientCVaR(mean, returns).min_cvar().values()),
    }
