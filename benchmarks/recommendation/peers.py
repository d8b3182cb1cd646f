"""Recommenders that each answer with one idea, in plain NumPy: what a blend has to beat, with grids to be tuned by."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

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


def popularity(events: Events) -> Iterator[Reals]:
    """Households that had it, or visits."""
    for counts in (events.signal("presence"), events.matrix()):
        yield np.broadcast_to(counts.sum(axis=0), (events.n_users, events.n_items))


def fading_popularity(events: Events) -> Iterator[Reals]:
    """Visits with a half-life in weeks."""
    for half_life in (1, 2, 4, 8, 16):
        yield np.broadcast_to(events.matrix(half_life).sum(axis=0), (events.n_users, events.n_items))


def history(events: Events) -> Iterator[Reals]:
    """The household's own visits with a half-life; popularity decides among what it never had."""
    popular = events.signal("presence").sum(axis=0)
    for half_life in (2, 4, 8, 16, 32, np.inf):
        yield events.matrix(half_life).toarray() + 1e-6 * popular / popular.max()


def item_knn(events: Events) -> Iterator[Reals]:
    """Neighbours of items by shrunk cosine."""
    for name in ("presence", "log"):
        taken = events.signal(name)
        common = (taken.T @ taken).toarray()
        size = np.diag(common).copy()
        for shrinkage in (0.0, 20.0, 100.0):
            near = common / np.sqrt(np.outer(size + shrinkage, size + shrinkage) + 1e-12)
            np.fill_diagonal(near, 0.0)
            for most in (50, 200, events.n_items):
                kept = near
                if most < events.n_items:
                    bound = np.partition(near, events.n_items - most, axis=0)[events.n_items - most]
                    kept = np.where(near >= bound, near, 0.0)
                yield np.asarray(taken @ kept)


def ease(events: Events) -> Iterator[Reals]:
    """Steck's linear model of all items on all items."""
    for name in ("presence", "log"):
        taken = events.signal(name)
        gram = (taken.T @ taken).toarray()
        for penalty in (300.0, 1000.0, 3000.0, 10_000.0):
            inverse = np.linalg.inv(gram + penalty * np.eye(events.n_items))
            weights = -inverse / np.diag(inverse)
            np.fill_diagonal(weights, 0.0)
            yield np.asarray(taken @ weights)


def als(events: Events) -> Iterator[Reals]:
    """Factors by alternating least squares, of implicit; visits are the confidence."""
    from implicit.als import AlternatingLeastSquares

    for factors in (16, 48):
        for penalty in (1.0, 30.0):
            for alpha in (1.0, 10.0):
                model = AlternatingLeastSquares(
                    factors=factors, regularization=penalty, alpha=alpha, iterations=12, num_threads=1, random_state=0
                )
                model.fit(sparse.csr_matrix(events.signal("log").astype(np.float32)), show_progress=False)
                yield model.user_factors @ model.item_factors.T


def settings_of(peers: bool) -> dict[str, Callable[[Events], Iterator[Any]]]:
    """Peers by name; each yields its scores by every setting of its grid, always in the same order."""
    found: dict[str, Callable[[Events], Iterator[Any]]] = {
        "popularity": popularity,
        "fading popularity": fading_popularity,
        "history": history,
        "item kNN": item_knn,
        "EASE": ease,
    }
    if peers and importlib.util.find_spec("implicit"):
        found["ALS"] = als
    return found
