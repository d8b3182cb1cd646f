"""Items that nobody has yet: scored for every user by the items that are most like them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from domains.recommendation.behaviour.blend import Blend, fit_weights, top_items
from domains.recommendation.behaviour.history import History
from domains.recommendation.content.space import ItemSpace
from shared.runtime.array_of import ArrayOf
from shared.typing import Ints, Reals

__all__ = ["NewItems"]

NEAR, WIDE = 20, 100
# Known items that play new ones, and users whose lists weights are learnt from.
SHARE_PLAYED = 0.1
MOST_PLAYED = 800
MOST_USERS = 1000
CANDIDATES = 100
FEWEST_KNOWN = 30
PENALTY = 5.0


@dataclass(frozen=True, eq=False)
class NewItems:
    """How new items are scored: the weighted sum of four things, on the scale of the scores of known ones.

    The share of the nearest 20, and of the nearest 100 known items that the user has; the mean score of the nearest 20
    for the user; and the logarithm of how many users the nearest 20 have. Weights are learnt from known items that play
    new ones: a tenth of them, whose own users are not looked at.

    Attributes
    ----------
    items : numpy.ndarray of int
        The new ones.
    neighbours, similarity : numpy.ndarray, shape (n_items, 100)
        Known items nearest to each, and how near.
    weights, means, scales : numpy.ndarray of float64, shape (4,)
    shift, slope : float
        From their sum to the scale of known items.

    >>> NewItems.__name__
    'NewItems'
    """

    items: Ints
    neighbours: Ints
    similarity: Reals
    weights: Reals
    means: Reals
    scales: Reals
    shift: float
    slope: float

    @classmethod
    def learn(
        cls, space: ItemSpace, rows: Ints, history: History, blend: Blend, new: Ints, rng: np.random.Generator
    ) -> NewItems:
        """Find neighbours, and learn weights.

        Parameters
        ----------
        space : ItemSpace
        rows : array of int, shape (n_items,)
            Row of each item in the space; -1 where nothing is known of it.
        history : History
        blend : Blend
            Of the known items.
        new : array of int
            Items to be scored, with a row in the space; those that are like no known item are left out.
        rng : numpy.random.Generator
        """
        known = np.flatnonzero((history.popularity > 0) & (rows >= 0))
        place, similarity = space.nearest(rows[new], rows[known], WIDE)
        like = similarity.max(axis=1, initial=0.0) > 0  # what is like nothing cannot be scored by what it is like
        new, place, similarity = new[like], place[like], similarity[like]
        bare = cls(new, known[place], similarity, np.array([1.0, 1.0, 1.0, 0.3]), np.zeros(4), np.ones(4), 0.0, 1.0)
        if len(known) < FEWEST_KNOWN:
            return bare
        count = min(max(round(SHARE_PLAYED * len(known)), 10), MOST_PLAYED)
        played = np.sort(rng.choice(known, count, replace=False))
        others = np.setdiff1d(known, played)
        place, near = space.nearest(rows[played], rows[others], WIDE)
        actor = cls(played, others[place], near, *bare._rest())
        active = np.flatnonzero(history.activity > 0)
        users = active if len(active) <= MOST_USERS else np.sort(rng.choice(active, MOST_USERS, replace=False))
        scores = blend.score(history, users)
        # What users did with the played items is hidden from what scores them, through their other items, too.
        blind = history.take(~np.isin(history.items, played))
        columns = actor._columns(blind, users, blend.score(blind, users))
        means = columns.mean(axis=(0, 1))
        scales = columns.std(axis=(0, 1))
        scales = np.where(scales > 1e-9, scales, 1.0)
        columns = (columns - means) / scales
        had = history.had(users)[:, played]
        best = top_items(columns.sum(axis=2), min(CANDIDATES, count))
        at = np.repeat(np.arange(len(users)), best.shape[1])
        inside = columns[at, best.ravel()]
        weights, _ = fit_weights(inside, had[at, best.ravel()].astype(float), at, PENALTY)
        if weights.sum() == 0:
            weights = bare.weights
        # Known items that the user lacks have a score of their own: what is new is brought to the same scale.
        lacking = ~had[at, best.ravel()]
        summed, own = (inside @ weights)[lacking], scores[at, played[best.ravel()]][lacking]
        spread = max(float(summed.std()), 1e-9)
        return cls(
            new,
            bare.neighbours,
            similarity,
            weights,
            means,
            scales,
            float(own.mean() - summed.mean() * own.std() / spread),
            float(own.std() / spread),
        )

    def _rest(self) -> tuple[Reals, Reals, Reals, float, float]:
        return self.weights, self.means, self.scales, self.shift, self.slope

    def score(self, history: History, users: Ints, scores: Reals) -> Reals:
        """Score the new items for some users.

        Parameters
        ----------
        history : History
        users : array of int
        scores : array of shape (n_users, n_items)
            Of all items, by the blend; those of known ones are read.

        Returns
        -------
        numpy.ndarray of float32, shape (n_users, n_new)
        """
        columns = (self._columns(history, users, scores) - self.means) / self.scales
        found: Reals = (self.shift + self.slope * (columns @ self.weights)).astype(np.float32)
        return found

    def _columns(self, history: History, users: Ints, scores: Reals) -> Reals:
        """What the score of every new item is made of; shape (n_users, n_new, 4)."""
        from scipy import sparse

        n_new, n_items = len(self.items), history.n_items
        presence = history.presence[users]

        def average(most: int) -> sparse.csr_array:
            near = self.similarity[:, :most].astype(np.float64)
            near = near / np.maximum(near.sum(axis=1, keepdims=True), 1e-12)
            rows = np.repeat(np.arange(n_new), near.shape[1])
            return sparse.csr_array((near.ravel(), (rows, self.neighbours[:, :most].ravel())), shape=(n_new, n_items))

        close, wide = average(NEAR), average(WIDE)
        popular = close @ np.log(history.popularity + 1.0)
        found = np.empty((len(users), n_new, 4))
        found[:, :, 0] = (presence @ close.T).toarray()
        found[:, :, 1] = (presence @ wide.T).toarray()
        found[:, :, 2] = np.asarray(close @ scores.T.astype(np.float64)).T
        found[:, :, 3] = popular
        return found

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays; checked when a model is loaded."""
        n_new, width = self.neighbours.shape
        four = {name: ArrayOf("f", (4,), finite=True) for name in ("weights", "means", "scales")}
        return four | {
            "items": ArrayOf("i", (n_new,), low=0),
            "neighbours": ArrayOf("i", (n_new, width), low=0),
            "similarity": ArrayOf("f", (n_new, width), low=0, finite=True),
        }
