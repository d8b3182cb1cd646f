"""Exact frontiers with ten assets on OR-Library's markets, and bounds checked by enumeration."""

from __future__ import annotations

import itertools
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from domains.optimization import Moments, compute_frontier
from domains.optimization.portfolio.cardinality import CardinalityProgram, solve_cardinality, split_diagonal
from shared.decision import Limit, Limits, QuadraticProgram, solve_quadratic
from shared.typing import Floats

__all__ = ["enumeration", "frontiers", "read_market"]

TRADEOFFS = np.linspace(0, 1, 50).tolist()
LIMITS = Limits(
    [Limit("ten assets", "number of assets", least=10, most=10), Limit("least", "every held asset", least=0.01)]
)


def read_market(folder: Path, number: int) -> tuple[Moments, pd.DataFrame]:
    """Moments of a market, and its published frontier without cardinality."""
    assets = pd.read_csv(folder / f"port{number}_assets.csv.gz")
    pairs = pd.read_csv(folder / f"port{number}_corr.csv.gz")
    n = len(assets)
    correlation = np.eye(n)
    correlation[pairs["i"] - 1, pairs["j"] - 1] = pairs["corr"]
    correlation[pairs["j"] - 1, pairs["i"] - 1] = pairs["corr"]
    size = assets["std"].to_numpy()
    names = tuple(f"asset {i}" for i in assets["asset"])
    moments = Moments(names, assets["mean"].to_numpy(dtype=float), correlation * np.outer(size, size))
    return moments, pd.read_csv(folder / f"portef{number}.csv.gz")


def frontiers(folder: Path) -> dict[str, float]:
    """Points proven, time, and the median percentage error of the literature."""
    compute_frontier(read_market(folder, 1)[0], tradeoffs=[0.5], limits=LIMITS)  # kernels are compiled
    found: dict[str, float] = {}
    proved, total = 0, 0.0
    for number in (1, 2, 3):
        moments, published = read_market(folder, number)
        began = process_time()
        frontier = compute_frontier(moments, tradeoffs=TRADEOFFS, limits=LIMITS)
        took = process_time() - began
        table = frontier.table
        gap = table["objective"] - table["bound"]
        fine = ((gap <= 1e-6 * table["objective"].abs()) | (gap <= 1e-10)) & (table["status"] == "optimal")
        held = (frontier.weights.to_numpy() > 0).sum(axis=1)
        weights = frontier.weights.to_numpy()
        small = np.where(weights > 0, weights, 1.0).min()
        allowed = (held == 10).all() and small >= 0.01 - 1e-9 and np.abs(weights.sum(axis=1) - 1).max() < 1e-9
        proved += int(fine.sum()) if allowed else 0
        total += took
        errors = _errors(table, published)
        found[f"median_error_port{number}"] = float(np.median(errors))
        print(f"port{number}: {int(fine.sum())} proved, {took:.2f} s, mean error {errors.mean():.4f} %")
    return {"proved": proved, "frontier_seconds": total, **found}


def _errors(table: pd.DataFrame, published: pd.DataFrame) -> Floats:
    """The smaller of the distances to the published frontier along the axes of deviation and of return, in percent."""
    order = published.sort_values("ret")
    ret, std = order["ret"].to_numpy(), np.sqrt(order["variance"].to_numpy())
    x, y = table["risk"].to_numpy(), table["expected_return"].to_numpy()
    by_std = np.abs(x / np.interp(y, ret, std, left=np.nan, right=np.nan) - 1)
    by_ret = np.abs(y / np.interp(x, std, ret, left=np.nan, right=np.nan) - 1)
    found: Floats = 100 * np.fmin(by_std, by_ret)
    return found[np.isfinite(found)]


def enumeration(count: int = 200, n: int = 12, k: int = 4) -> dict[str, float]:
    """Bounds that lie above the best of all choices, and answers that are not it."""
    wrong, worse = 0, 0
    for seed in range(count):
        random = np.random.default_rng(seed)
        periods = int(random.integers(6, 60))
        values = (
            random.normal(size=(periods, n)) * random.uniform(0.01, 0.05, n) + random.normal(size=(periods, 1)) * 0.02
        )
        square, mean, share = np.cov(values.T), random.normal(0, 0.01, n), random.uniform(0.05, 1)
        program = CardinalityProgram(
            share * square, split_diagonal(share * square), -(1 - share) * mean, np.full(n, 0.01), np.ones(n),
            np.ones((1, n)), np.ones(1), np.ones(1), k, k,
        )  # fmt: skip
        answer = solve_cardinality(program)
        best = np.inf
        for chosen in itertools.combinations(range(n), k):
            part = np.array(chosen)
            quadratic = QuadraticProgram(
                program.cost[part], np.ones((1, k)), np.ones(1), np.ones(1), np.full(k, 0.01), np.ones(k),
                2 * program.square[np.ix_(part, part)],
            )  # fmt: skip
            best = min(best, solve_quadratic(quadratic).objective)
        wrong += answer.bound > best + 1e-12 * abs(best)
        worse += answer.objective > best + 1e-6 * abs(best) + 1e-12
    return {"bounds_wrong": int(wrong), "answers_wrong": int(worse)}
