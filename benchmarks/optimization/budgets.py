"""Budgets over S-curves: gaps, time, local solvers, searches, and weeks with carry-over."""

from __future__ import annotations

from time import process_time
from typing import Any

import numpy as np
from scipy.optimize import minimize

from domains.optimization import (
    GeneticOptimizer,
    ParticleSwarmOptimizer,
    ResponseCurves,
    allocate_budget,
    make_budget_problem,
    plan_weeks,
)
from domains.optimization.budget.separable import solve_split
from shared.decision import Limit
from shared.typing import Floats

__all__ = ["budgets", "searches", "weeks"]

SEEDS = range(20)
SHARES = (0.05, 0.15, 0.35)
STARTS = 20
EVALUATIONS = 20_000


def make_curves(n: int, seed: int) -> tuple[ResponseCurves, Floats]:
    """Hill curves with exponents from .7 to 4, and caps."""
    random = np.random.default_rng(seed)
    curves = ResponseCurves.make(
        [f"channel {i}" for i in range(n)],
        top=random.uniform(50, 500, n),
        half=random.uniform(10, 100, n),
        shape=random.uniform(0.7, 4, n),
    )
    return curves, random.uniform(100, 300, n)


def budgets() -> dict[str, float]:
    """Largest gap and time over seeds and totals, and how often twenty local searches find more."""
    worst, slowest, losses = 0.0, 0.0, 0
    solve_split(make_curves(3, 0)[0], 10.0, np.zeros(3), np.full(3, 50.0))
    for n in (10, 30):
        for seed in SEEDS:
            curves, caps = make_curves(n, seed)
            limits = [Limit(f"cap {name}", name, most=cap) for name, cap in zip(curves.channels, caps, strict=True)]
            for share in SHARES:
                total = share * float(caps.sum())
                began = process_time()
                found = allocate_budget(curves, total, limits=limits)
                slowest = max(slowest, process_time() - began)
                worst = max(worst, 100 * found.gap)
                losses += _best_local(curves, caps, total, seed) > found.objective * (1 + 1e-9)
    return {"budget_gap_max": worst, "budget_seconds_max": slowest, "budget_losses": losses}


def _best_local(curves: ResponseCurves, caps: Floats, total: float, seed: int) -> float:
    """The best of SLSQP's answers from twenty starts."""
    random = np.random.default_rng(seed)
    best = -np.inf
    rule = {"type": "eq", "fun": lambda x: x.sum() - total, "jac": lambda x: np.ones(len(x))}
    for _ in range(STARTS):
        start = np.minimum(random.dirichlet(np.ones(len(caps))) * total, caps)
        found = minimize(
            lambda x: -float(curves.value(np.maximum(x, 0)).sum()),
            start,
            jac=lambda x: -np.minimum(curves.slope(np.maximum(x, 1e-9)), 1e6),
            bounds=[(0, cap) for cap in caps],
            constraints=[rule],
            method="SLSQP",
        )
        if found.success and abs(found.x.sum() - total) < 1e-6 * total:
            # What it spends beyond the total by its tolerance is no better split.
            spend = np.clip(found.x * min(1.0, total / found.x.sum()), 0.0, caps)
            best = max(best, float(curves.value(spend).sum()))
    return best


def searches() -> dict[str, float]:
    """Median gaps of searches at thirty channels, ours and, behind the same face, DEAP's and pyswarms'."""
    kinds: dict[str, Any] = {
        "ga": GeneticOptimizer,
        "pso": ParticleSwarmOptimizer,
        "deap": lambda **more: GeneticOptimizer(engine="deap", **more),
        "pyswarms": lambda **more: ParticleSwarmOptimizer(engine="pyswarms", **more),
    }
    gaps: dict[str, list[float]] = {name: [] for name in kinds}
    for seed in SEEDS:
        curves, caps = make_curves(30, seed)
        total = 0.15 * float(caps.sum())
        bound = solve_split(curves, total, np.zeros(30), caps).bound
        problem = make_budget_problem(curves, total, caps)
        for name, kind in kinds.items():
            found = kind(evaluations=EVALUATIONS, random_state=seed).optimize(problem)
            gaps[name].append(100 * (bound - found.objective) / bound)
    return {f"budget_{name}_gap": float(np.median(values)) for name, values in gaps.items()}


def weeks() -> dict[str, float]:
    """Largest gap and time of ten channels over twelve weeks with carry-over and limits a week."""
    worst, slowest = 0.0, 0.0
    for seed in range(5):
        curves, caps = make_curves(10, seed)
        random = np.random.default_rng(100 + seed)
        kept = dict(zip(curves.channels, random.uniform(0, 0.7, 10), strict=True))
        limits = [Limit("a week", "total", 0.05 * caps.sum(), 0.2 * caps.sum(), "every")]
        limits += [
            Limit(f"cap {name}", name, most=cap, period="every")
            for name, cap in zip(curves.channels, caps, strict=True)
        ]
        began = process_time()
        found = plan_weeks(curves, 12, 0.15 * 12 * float(caps.sum()), carry_over=kept, limits=limits, time_limit=10.0)
        slowest = max(slowest, process_time() - began)
        worst = max(worst, 100 * found.gap)
    return {"weeks_gap_max": worst, "weeks_seconds_max": slowest}
