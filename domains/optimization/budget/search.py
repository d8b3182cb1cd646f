"""A budget as a search problem, for those who want to see how near searches come to the proof."""

from __future__ import annotations

from typing import Any

import numpy as np

from domains.optimization.budget.allocate import check_total
from domains.optimization.budget.curves import ResponseCurves
from domains.optimization.evolution.problem import Real, SearchProblem
from shared.errors import SettingsError
from shared.typing import Floats

__all__ = ["make_budget_problem", "spend_of"]

NOTHING = 0.5  # keys up to here spend nothing: with thresholds, most channels of a good split do
FILLS = 8


def spend_of(keys: Any, total: float, most: Floats) -> Floats:
    """Spending of whole populations: keys in proportion, filled up to the total within the caps.

    Parameters
    ----------
    keys : array of shape (m, n)
        From 0 to 1.
    total : float
    most : numpy.ndarray of shape (n,)

    >>> spend_of(np.array([[1.0, 0.2]]), 10.0, np.array([8.0, 20.0])).tolist()
    [[8.0, 2.0]]
    """
    spend = np.maximum(np.asarray(keys, dtype=float) - NOTHING, 0.0) * most
    for _ in range(FILLS):
        sums = spend.sum(axis=1, keepdims=True)
        spend = np.minimum(np.where(sums > 0, spend * (total / np.maximum(sums, 1e-300)), 0.0), most)
    # What those that were chosen cannot take is spread over what room there is.
    left = np.maximum(total - spend.sum(axis=1, keepdims=True), 0.0)
    room = most - spend
    return np.asarray(spend + room * (left / np.maximum(room.sum(axis=1, keepdims=True), 1e-300)))


def make_budget_problem(curves: ResponseCurves, total: float, most: Any) -> SearchProblem:
    """Make a search problem of one total over channels; `spend_of` turns its answers into money.

    Parameters
    ----------
    curves : ResponseCurves
    total : float
    most : array of shape (n,)
        Caps, which sum to the total at least.

    Raises
    ------
    SettingsError

    >>> problem = make_budget_problem(ResponseCurves.make(["a", "b"], top=[10, 5], half=5), 8.0, [20, 20])
    >>> problem.evaluate(np.array([[1.0, 0.0]])).round(2).tolist()
    [-6.15]
    """
    check_total(total)
    if np.shape(most) not in {(), (len(curves),)}:
        raise SettingsError(f"{len(curves)} channels, but caps of shape {np.shape(most)}; give one a channel")
    caps = np.broadcast_to(np.asarray(most, dtype=float), len(curves)).copy()
    if not (np.isfinite(caps) & (caps >= 0)).all() or caps.sum() < total * (1 - 1e-12):
        raise SettingsError(f"caps that sum to {caps.sum():g} cannot take a total of {total:g}")
    return SearchProblem(
        lambda keys: curves.value(spend_of(keys, total, caps)).sum(axis=1),
        [Real(0, 1)] * len(curves),
        maximise=True,
    )
