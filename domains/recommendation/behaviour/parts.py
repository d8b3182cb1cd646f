"""Parts of a score: each learns from what users did, and scores every item for some users.

A part is small and stands alone; models are made of one, and `Recommender` weighs several.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from domains.recommendation.behaviour.history import History
from shared.errors import HexadError
from shared.runtime.array_of import ArrayOf
from shared.runtime.parallel import use_one_blas_thread
from shared.typing import Ints, Reals

__all__ = [
    "FactorPart",
    "HabitPart",
    "LinearPart",
    "NeighbourPart",
    "Part",
    "TrendPart",
    "rate_of_newcomers",
    "signal_of",
]

Cache = dict[str, Any]

# Average users added to both sides of a cosine: what two of three users share says little (see `NeighbourPart`).
PRIOR_USERS = 20.0
# Users added to those who could have come to an item, so that a rate of one in one is not believed.
PRIOR_NEWCOMERS = 50.0
# A user's decayed count from which an item is among the recent ones: one visit up to 1.7 half-lives ago.
RECENT_COUNT = 0.3
# Power of an item's popularity by which it is scaled before factors are sought (house notes; .25 to .5 do alike).
SCALE_POWER = 0.25


def signal_of(history: History, signal: str, period: float | None) -> Any:
    """What counts of a history: a matrix with a row a user.

    Parameters
    ----------
    history : History
    signal : {"presence", "recent", "log", "recent_log", "rating", "scaled"}
        One for all that a user had; for what there was in the last two periods or so; the logarithm of visits, or of
        those decayed with two periods; ratings over their largest; presence over powers of the user's number of items
        and the item's number of users.
    period : float, optional
        None without times, where nothing fades.

    >>> ages = np.array([9.0, 0.0])
    >>> history = History(np.zeros(2, np.int32), np.array([0, 1], np.int32), ages, None, 1, 2)
    >>> signal_of(history, "recent", 1.0).toarray().tolist()
    [[0.0, 1.0]]
    """
    if signal == "presence" or (signal == "recent" and period is None):
        return history.presence
    return history.keep(f"{signal} {period}", lambda: _make_signal(history, signal, period))


def _make_signal(history: History, signal: str, period: float | None) -> Any:
    half_life = np.inf if period is None else 2 * period
    if signal == "recent":
        found = history.decay(half_life).copy()
        found.data = (found.data > RECENT_COUNT).astype(np.float32)
        return found
    if signal in {"log", "recent_log"}:
        found = history.decay(np.inf if signal == "log" else half_life).copy()
        found.data = np.log1p(found.data)
        return found
    if signal == "rating":
        found = history.ratings.copy()
        found.data = found.data / max(float(found.data.max(initial=0.0)), 1e-30)
        return found
    found = history.presence.copy()
    rows = np.repeat(np.maximum(history.activity, 1) ** -0.5, history.activity)
    found.data = (rows * np.maximum(history.popularity, 1)[found.indices] ** -SCALE_POWER).astype(np.float32)
    return found


@dataclass(init=False, repr=False, eq=False)
class Part(ABC):
    """One part of a score; a dataclass, so that model files hold it.

    Attributes
    ----------
    name : str
        What its weight goes by.
    group : {"habit", "similar", "trend"}
        What its reasons speak of: the user's own past, what goes together, what everybody does.

    >>> TrendPart("popularity").name
    'popularity'
    """

    name: str
    group: ClassVar[str] = "similar"

    @abstractmethod
    def learn(self, history: History, period: float | None, cache: Cache) -> Part:
        """Learn from a history.

        Parameters
        ----------
        history : History
        period : float, optional
            None without times.
        cache : dict
            What parts that learn from the same history share.
        """

    @abstractmethod
    def score(self, history: History, users: Ints) -> Reals:
        """Score every item for some users.

        Parameters
        ----------
        history : History
            Of the same items; its users need not be those learnt from.
        users : numpy.ndarray of int, shape (n,)

        Returns
        -------
        numpy.ndarray of float32, shape (n, n_items)
        """

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays; checked when a model is loaded."""
        return {}


class LinearPart(Part):
    """A linear model of all items on all items: EASE (Steck, "Embarrassingly shallow autoencoders", WWW 2019).

    With P the inverse of the items' Gram matrix plus the penalty on its diagonal, item a adds ``-P[a, c] / P[c, c]`` to
    item c.

    Parameters
    ----------
    penalty : float
        Times the mean of the Gram matrix's diagonal.
    learn_from, apply_to : str
        Signals, see `signal_of`: what the model is learnt from, and what it is applied to.

    >>> LinearPart(4.0).name
    'linear presence 4'
    """

    def __init__(self, penalty: float, learn_from: str = "presence", apply_to: str | None = None) -> None:
        self.penalty = penalty
        self.learn_from = learn_from
        self.apply_to = apply_to or learn_from
        self.name = f"linear {self.apply_to} {penalty:g}"

    def learn(self, history: History, period: float | None, cache: Cache) -> LinearPart:
        """Invert the Gram matrix; see `Part.learn`.

        Parameters
        ----------
        history : History
        period : float, optional
        cache : dict
        """
        self.period = period
        key = f"{self.learn_from} {self.penalty}"
        if key not in cache:
            cache[key] = _ease_weights(_gram(history, self.learn_from, period, cache), self.penalty)
        self.weights = cache[key]
        if self.apply_to == "scaled":
            self.scale = (np.maximum(history.popularity, 1) ** SCALE_POWER).astype(np.float32)
        return self

    def score(self, history: History, users: Ints) -> Reals:
        """Add up what a user's items add to the others; see `Part.score`.

        Parameters
        ----------
        history : History
        users : numpy.ndarray of int
        """
        found: Reals = np.asarray(signal_of(history, self.apply_to, self.period)[users] @ self.weights)
        if self.apply_to == "scaled":
            found *= self.scale
            found *= np.sqrt(np.maximum(history.activity[users], 1)).astype(np.float32)[:, None]
        return found

    def gain(self, history: History, user: int, item: int) -> float:
        """What the sum of weights is multiplied with for one user and item.

        Parameters
        ----------
        history : History
        user, item : int
        """
        return float(self.scale[item] * max(history.activity[user], 1) ** 0.5) if self.apply_to == "scaled" else 1.0

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """A square of weights."""
        n_items = len(self.weights)
        scaled = self.apply_to == "scaled"
        return {
            "weights": ArrayOf("f", (n_items, n_items), finite=True),
            "scale": ArrayOf("f", (n_items,), low=0, finite=True, optional=not scaled),
        }


class FactorPart(Part):
    """Truncated singular value decomposition of who had what, items scaled by a power of their popularity.

    Cremonesi, Koren & Turrin, "Performance of recommender algorithms on top-n recommendation tasks", RecSys 2010
    (PureSVD).

    Parameters
    ----------
    n_factors : int

    >>> FactorPart(8).name
    'factors 8'
    """

    def __init__(self, n_factors: int) -> None:
        self.n_factors = n_factors
        self.name = f"factors {n_factors}"

    def learn(self, history: History, period: float | None, cache: Cache) -> FactorPart:
        """Find the leading eigenvectors of the Gram matrix; see `Part.learn`.

        Parameters
        ----------
        history : History
        period : float, optional
        cache : dict
        """
        self.scale = (np.maximum(history.popularity, 1) ** SCALE_POWER).astype(np.float32)
        if "factors" not in cache:
            gram = _gram(history, "presence", period, cache) / np.outer(self.scale, self.scale)
            cache["factors"] = _leading_vectors(gram, cache.get("most factors", self.n_factors))
        self.vectors = np.ascontiguousarray(cache["factors"][:, : self.n_factors])
        return self

    def score(self, history: History, users: Ints) -> Reals:
        """Project users' items on the factors, and back; see `Part.score`.

        Parameters
        ----------
        history : History
        users : numpy.ndarray of int
        """
        scaled = history.presence[users].copy()
        scaled.data = scaled.data / self.scale[scaled.indices]
        found: Reals = np.asarray((scaled @ self.vectors) @ self.vectors.T) * self.scale
        return found

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """Vectors, and the scale of every item."""
        n_items = len(self.scale)
        return {
            "vectors": ArrayOf("f", (n_items, None), finite=True),
            "scale": ArrayOf("f", (n_items,), low=0, finite=True),
        }


class NeighbourPart(Part):
    """Item neighbours by cosine, shrunk so that a chance in common between rare items counts little.

    Parameters
    ----------
    shrinkage : float
        Users added to both items' number under the root.
    n_neighbours : int
        Neighbours kept for every item.

    >>> NeighbourPart().name
    'neighbours'
    """

    name = "neighbours"

    def __init__(self, shrinkage: float = PRIOR_USERS, n_neighbours: int = 100) -> None:
        self.shrinkage = shrinkage
        self.n_neighbours = n_neighbours

    def learn(self, history: History, period: float | None, cache: Cache) -> NeighbourPart:
        """Find every item's nearest; see `Part.learn`.

        Parameters
        ----------
        history : History
        period : float, optional
        cache : dict
        """
        from domains.recommendation.behaviour.kernels import find_neighbours

        presence = history.presence
        by_item = presence.T.tocsr()
        scale = 1 / np.sqrt(history.popularity + self.shrinkage)
        found = find_neighbours(
            presence.indptr.astype(np.int64),
            presence.indices.astype(np.int32),
            by_item.indptr.astype(np.int64),
            by_item.indices.astype(np.int32),
            scale,
            min(self.n_neighbours, max(history.n_items - 1, 1)),
        )
        self.indptr, self.indices, self.weights = found
        return self

    def score(self, history: History, users: Ints) -> Reals:
        """Add up how near a user's items are; see `Part.score`.

        Parameters
        ----------
        history : History
        users : numpy.ndarray of int
        """
        from scipy import sparse

        n_items = len(self.indptr) - 1
        near = sparse.csr_array((self.weights, self.indices, self.indptr), shape=(n_items, n_items))
        found: Reals = (history.presence[users] @ near).toarray()
        return found

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """Neighbours in compressed rows."""
        n_items, n_entries = len(self.indptr) - 1, len(self.indices)
        return {
            "indptr": ArrayOf("i", (None,), first=0, last=n_entries, increasing=True),
            "indices": ArrayOf("i", (n_entries,), low=0, high=n_items - 1),
            "weights": ArrayOf("f", (n_entries,), finite=True),
        }


class HabitPart(Part):
    """The user's own past: how many visits held an item, each counting half as much every half-life.

    Parameters
    ----------
    half_life : float
        In periods; infinite for plain counts.

    >>> HabitPart(2.0).name
    'own past, half-life 2 periods'
    """

    group = "habit"

    def __init__(self, half_life: float = np.inf) -> None:
        self.half_life = half_life
        self.name = "own past" if np.isinf(half_life) else f"own past, half-life {half_life:g} periods"

    def learn(self, history: History, period: float | None, cache: Cache) -> HabitPart:
        """Remember the length of a period; see `Part.learn`.

        Parameters
        ----------
        history : History
        period : float, optional
        cache : dict
        """
        self.scale = np.inf if period is None else self.half_life * period
        return self

    def score(self, history: History, users: Ints) -> Reals:
        """Logarithm of one plus the decayed number of visits; see `Part.score`.

        Parameters
        ----------
        history : History
        users : numpy.ndarray of int
        """
        found: Reals = np.log1p(history.decay(self.scale)[users].toarray())
        return found


class TrendPart(Part):
    """What everybody does: popularity, of all time or of late, or the rate at which users come to an item.

    Parameters
    ----------
    kind : {"popularity", "recent", "newcomers", "fading"}
        "fading" counts visits, half as much every window.
    window : float
        In periods; not used for plain popularity.

    >>> TrendPart("newcomers", 1.0).name
    'newcomers, 1 periods'
    """

    group = "trend"

    def __init__(self, kind: str, window: float = np.inf) -> None:
        self.kind = kind
        self.window = window
        self.name = kind if np.isinf(window) else f"{kind}, {window:g} periods"

    def learn(self, history: History, period: float | None, cache: Cache) -> TrendPart:
        """Count; see `Part.learn`.

        Parameters
        ----------
        history : History
        period : float, optional
        cache : dict
        """
        window = np.inf if period is None else self.window * period
        if self.kind == "newcomers":
            level = rate_of_newcomers(history, window, 2 * (period or np.inf))
        elif self.kind == "fading":
            level = np.log(np.asarray(history.decay(window).sum(axis=0)).ravel() + 0.5)
        elif self.kind == "recent" and history.ages is not None:
            last = history.last_ages()
            level = np.log(np.bincount(last.indices, weights=last.data <= window, minlength=history.n_items) + 0.5)
        else:
            level = np.log(history.popularity + 0.5)
        self.level = level.astype(np.float32)
        return self

    def score(self, history: History, users: Ints) -> Reals:
        """The same for every user; see `Part.score`.

        Parameters
        ----------
        history : History
        users : numpy.ndarray of int
        """
        return np.broadcast_to(self.level, (len(users), len(self.level)))

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """A level an item."""
        return {"level": ArrayOf("f", (None,), finite=True)}


def rate_of_newcomers(history: History, window: float, active: float) -> Reals:
    """Logarithm of the share of users without an item who came to it of late.

    Parameters
    ----------
    history : History
    window : float
        How far back they may have come, in the unit of the ages.
    active : float
        Only users count who did anything within this time.

    >>> ages = np.array([0.0, 5.0])
    >>> history = History(np.array([0, 1], np.int32), np.zeros(2, np.int32), ages, None, 2, 1)
    >>> rate_of_newcomers(history, 1.0, 9.0).round(2).tolist()
    [-3.53]
    """
    first = history.first_ages()
    came = np.bincount(first.indices, weights=first.data <= window, minlength=history.n_items)
    alive = np.zeros(history.n_users, dtype=bool)
    alive[history.users if history.ages is None else history.users[history.ages <= active]] = True
    rows = np.repeat(np.arange(history.n_users), history.activity)
    had = np.bincount(first.indices, weights=alive[rows], minlength=history.n_items)
    without = max(int(alive.sum()), 1) - had
    found: Reals = np.log((came + 0.5) / (without + came + PRIOR_NEWCOMERS))
    return found


def _gram(history: History, signal: str, period: float | None, cache: Cache) -> Reals:
    """Sum over users of what two items have in common, dense."""
    key = f"gram {signal}"
    if key not in cache:
        matrix = signal_of(history, signal, period)
        cache[key] = (matrix.T @ matrix).toarray().astype(np.float64)
    found: Reals = cache[key]
    return found


def _ease_weights(gram: Reals, penalty: float) -> Reals:
    """Weights of EASE, float32; the diagonal is zero."""
    from scipy.linalg.lapack import dpotrf, dpotri

    inverse = gram.copy()
    diagonal = np.diag_indices(len(gram))
    inverse[diagonal] += penalty * max(float(np.diag(gram).mean()), 1e-30)
    with use_one_blas_thread():
        factor, failed = dpotrf(inverse, lower=True, overwrite_a=True)
        inverse, singular = dpotri(factor, lower=True, overwrite_c=True)
    if failed or singular:
        raise HexadError(f"penalty={penalty!r} is too small for these interactions: their items determine one another")
    lower = np.tril(inverse)
    weights = -(lower + np.tril(inverse, -1).T) / np.diag(inverse)
    weights[diagonal] = 0.0
    found: Reals = weights.astype(np.float32)
    return found


def _leading_vectors(gram: Reals, count: int) -> Reals:
    """Eigenvectors of the largest eigenvalues, the largest first, each with its largest entry positive."""
    from scipy.linalg import eigh

    n_items = len(gram)
    with use_one_blas_thread():
        _, vectors = eigh(gram, subset_by_index=[max(n_items - count, 0), n_items - 1], driver="evr")
    vectors = vectors[:, ::-1]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    found: Reals = (vectors * np.where(signs == 0, 1, signs)).astype(np.float32)
    return found
