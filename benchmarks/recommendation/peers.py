"""Recommenders that each answer with one idea, in plain NumPy: what a blend has to beat, with grids to be tuned by."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
from scipy import sparse

from shared.typing import Ints, Reals

__all__ = ["Events", "settings_of"]


@dataclass(frozen=True)
class Events:
    """Visits before a cut: who, what, and how many weeks before."""

    users: Ints
    items: Ints
    ages: Reals
    n_users: int
    n_items: int

    def matrix(self, half_life: float = np.inf) -> sparse.csr_array:
        """Visits by user and item, each counting half as much every so many weeks."""
        worth = 0.5 ** (self.ages / half_life)
        found = sparse.csr_array((worth, (self.users, self.items)), shape=(self.n_users, self.n_items))
        found.sum_duplicates()
        return found

    def signal(self, name: str) -> sparse.csr_array:
        """One for what was had, or the logarithm of one and its visits."""
        found = self.matrix()
        found.data = np.ones_like(found.data) if name == "presence" else np.log1p(found.data)
        return found


Settings = list[Callable[[], Reals]]


def popularity(events: Events) -> Settings:
    """Households that had it, or visits."""
    return [
        lambda: _everybody(events, events.signal("presence")),
        lambda: _everybody(events, events.matrix()),
    ]


def fading_popularity(events: Events) -> Settings:
    """Visits with a half-life in weeks."""

    def score(weeks: float) -> Reals:
        return _everybody(events, events.matrix(weeks))

    return [partial(score, weeks) for weeks in (1, 2, 4, 8, 16, 32)]


def _everybody(events: Events, counts: sparse.csr_array) -> Reals:
    return np.broadcast_to(counts.sum(axis=0), (events.n_users, events.n_items))


def history(events: Events) -> Settings:
    """The household's own visits with a half-life; popularity decides among what it never had."""

    def score(weeks: float) -> Reals:
        popular = events.signal("presence").sum(axis=0)
        found: Reals = events.matrix(weeks).toarray() + 1e-6 * popular / popular.max()
        return found

    return [partial(score, weeks) for weeks in (2, 4, 8, 16, 32, np.inf)]


def item_knn(events: Events) -> Settings:
    """Neighbours of items by shrunk cosine."""

    def score(name: str, shrinkage: float, most: int) -> Reals:
        taken = events.signal(name)
        common = (taken.T @ taken).toarray()
        size = np.diag(common) + shrinkage
        near = common / np.sqrt(np.outer(size, size) + 1e-12)
        np.fill_diagonal(near, 0.0)
        if most < events.n_items:
            bound = np.partition(near, events.n_items - most, axis=0)[events.n_items - most]
            near = np.where(near >= bound, near, 0.0)
        return np.asarray(taken @ near)

    grid = product(("presence", "log"), (0.0, 20.0, 100.0), (50, 200, events.n_items))
    return [partial(score, *one) for one in grid]


def ease(events: Events) -> Settings:
    """Steck's linear model of all items on all items."""

    def score(name: str, penalty: float) -> Reals:
        taken = events.signal(name)
        inverse = np.linalg.inv((taken.T @ taken).toarray() + penalty * np.eye(events.n_items))
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0.0)
        return np.asarray(taken @ weights)

    return [partial(score, *one) for one in product(("presence", "log"), (300.0, 1000.0, 3000.0, 10_000.0))]


def als(events: Events) -> Settings:
    """Factors by alternating least squares, of implicit; visits are the confidence."""

    def score(factors: int, penalty: float, alpha: float) -> Reals:
        from implicit.als import AlternatingLeastSquares

        model = AlternatingLeastSquares(
            factors=factors, regularization=penalty, alpha=alpha, iterations=12, num_threads=1, random_state=0
        )
        model.fit(sparse.csr_matrix(events.signal("log").astype(np.float32)), show_progress=False)
        return np.asarray(model.user_factors @ model.item_factors.T)

    return [partial(score, *one) for one in product((16, 48, 96), (10.0, 30.0, 100.0), (1.0, 10.0))]


def settings_of(peers: bool) -> dict[str, Callable[[Events], Settings]]:
    """Peers by name; each gives a way to score by every setting of its grid, always in the same order."""
    found: dict[str, Callable[[Events], Settings]] = {
        "popularity": popularity,
        "fading popularity": fading_popularity,
        "history": history,
        "item kNN": item_knn,
        "EASE": ease,
    }
    if peers and importlib.util.find_spec("implicit"):
        found["ALS"] = als
    return found
