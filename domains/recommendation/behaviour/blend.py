"""One score of several parts: their weights are learnt on the last period of what is learnt from, or on hidden rows."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from domains.recommendation.behaviour.history import History
from domains.recommendation.behaviour.parts import FactorPart, Part, TrendPart
from shared.runtime.array_of import ArrayOf
from shared.typing import Ints, Reals

__all__ = ["Blend", "Holdout", "fit_weights", "hold_out", "learn_parts", "top_items"]

BLOCK = 512
# Items that compete for a user's list in learning weights: what no part would show says nothing of its order.
CANDIDATES = 100
# Users whose lists weights are learnt from, and whose scores say how a part spreads.
MOST_USERS = 2500
SPREAD_USERS = 1000
# Scores worked out at most for either; with many items fewer users say as much.
MOST_CELLS = 40_000_000
FEWEST_SAMPLED = 400
PENALTY = 20.0
SHARE_HIDDEN = 0.2
FEWEST_USERS = 20


@dataclass(frozen=True)
class Holdout:
    """What is learnt from first, and what came after.

    Attributes
    ----------
    before : History
    users : numpy.ndarray of int
        Users with something to be found.
    right : scipy sparse matrix
        What they came to, a row a user of the history.
    how : str
        In words.

    >>> Holdout(None, np.zeros(0, int), None, "the last 28 days").how
    'the last 28 days'
    """

    before: History
    users: Ints
    right: Any
    how: str


def hold_out(
    history: History, period: float | None, *, repeats: bool, rng: np.random.Generator, unit: str = ""
) -> Holdout | None:
    """Take the last period off, or a random fifth of all pairs where there are no times; None where too little is left.

    Parameters
    ----------
    history : History
    period : float, optional
    repeats : bool
        Whether what a user had before counts again.
    rng : numpy.random.Generator
    unit : str
        Of the period, in words.

    >>> history = History(np.zeros(9, np.int32), np.arange(9, dtype=np.int32), None, None, 1, 9)
    >>> hold_out(history, None, repeats=False, rng=np.random.default_rng(0)) is None
    True
    """
    if period is not None and history.ages is not None:
        late = history.ages < period
        how = f"the last {period:.3g} {unit}".strip()
    else:
        pattern = history.presence
        hidden = rng.random(len(pattern.data)) < SHARE_HIDDEN
        late = hidden[history.places]
        how = "a fifth of the pairs, hidden at random"
    if late.all() or not late.any():
        return None
    before, after = history.take(~late), history.take(late)
    right = after.presence
    if not repeats:
        right = right - right.multiply(before.presence)
        right.eliminate_zeros()
    users = np.flatnonzero((np.diff(right.indptr) > 0) & (before.activity > 0))
    if len(users) < FEWEST_USERS:
        return None
    users = _sample(users, MOST_USERS, history.n_items, rng)
    return Holdout(before, users, right, how)


def learn_parts(parts: Sequence[Part], history: History, period: float | None) -> list[Part]:
    """Let copies of parts learn from a history; what they have in common is worked out once.

    Parameters
    ----------
    parts : sequence of Part
    history : History
    period : float, optional

    >>> from domains.recommendation.behaviour.parts import TrendPart
    >>> history = History(np.zeros(1, np.int32), np.zeros(1, np.int32), None, None, 1, 1)
    >>> [part.name for part in learn_parts([TrendPart("popularity")], history, None)]
    ['popularity']
    """
    cache: dict[str, Any] = {"most factors": max([p.n_factors for p in parts if isinstance(p, FactorPart)], default=0)}
    return [copy.copy(part).learn(history, period, cache) for part in parts]


@dataclass(frozen=True, eq=False)
class Blend:
    """Parts, and how their scores are weighed: the sum estimates the log-odds of what was held out.

    Attributes
    ----------
    parts : list of Part
    weights, means, scales : numpy.ndarray of float64, shape (n_parts,)
        A part adds ``weight * (score - mean) / scale``.
    intercept : float

    >>> from domains.recommendation.behaviour.parts import TrendPart
    >>> zero, one = np.zeros(1), np.ones(1)
    >>> Blend([TrendPart("popularity")], one, zero, one, 0.0).weights.tolist()
    [1.0]
    """

    parts: list[Part]
    weights: Reals
    means: Reals
    scales: Reals
    intercept: float

    @classmethod
    def measure(cls, parts: list[Part], history: History, repeats: bool, rng: np.random.Generator) -> Blend:
        """Learn how far the scores of each part spread, over what is ranked; every part weighs alike.

        Parameters
        ----------
        parts : list of Part
            Fitted.
        history : History
        repeats : bool
            Whether what a user had is ranked, too.
        rng : numpy.random.Generator
        """
        users = _sample(np.flatnonzero(history.activity > 0), SPREAD_USERS, history.n_items, rng)
        total, squares, count = np.zeros(len(parts)), np.zeros(len(parts)), 0
        for block in _blocks(users):
            ranked = np.ones((len(block), history.n_items), dtype=bool)
            if not repeats:
                ranked &= ~history.had(block)
            count += int(ranked.sum())
            for number, part in enumerate(parts):
                values = part.score(history, block)
                total[number] += np.einsum("ij,ij->", values, ranked, dtype=np.float64)
                squares[number] += np.einsum("ij,ij,ij->", values, values, ranked, dtype=np.float64)
        means = total / max(count, 1)
        spread = np.sqrt(np.maximum(squares / max(count, 1) - means**2, 0.0))
        flat = spread <= 1e-9 * np.maximum(np.abs(means), 1e-9)
        return cls(parts, np.where(flat, 0.0, 1.0), means, np.where(flat, 1.0, spread), 0.0)

    def with_weights(self, weights: Reals, intercept: float) -> Blend:
        """The same parts, weighed otherwise.

        Parameters
        ----------
        weights : array of shape (n_parts,)
        intercept : float
        """
        return Blend(self.parts, np.asarray(weights, dtype=float), self.means, self.scales, float(intercept))

    def score(self, history: History, users: Ints) -> Reals:
        """Score every item for some users.

        Parameters
        ----------
        history : History
        users : array of int

        Returns
        -------
        numpy.ndarray of float32, shape (n_users, n_items)
        """
        total = np.full((len(users), history.n_items), self.intercept, dtype=np.float32)
        for part, weight, mean, scale in zip(self.parts, self.weights, self.means, self.scales, strict=True):
            if weight:
                # A part that is the same for everybody is one row, and is added as such.
                values = part.level[None, :] if isinstance(part, TrendPart) else part.score(history, users)
                total += (values - np.float32(mean)) * np.float32(weight / scale)
        return total

    def split(self, history: History, users: Ints) -> dict[str, Reals]:
        """What each group of parts adds to the scores; they sum up to them, but for the intercept.

        Parameters
        ----------
        history : History
        users : array of int
        """
        found: dict[str, Reals] = {}
        for part, weight, mean, scale in zip(self.parts, self.weights, self.means, self.scales, strict=True):
            if weight:
                values = part.level[None, :] if isinstance(part, TrendPart) else part.score(history, users)
                own = (values - np.float32(mean)) * np.float32(weight / scale)
                found[part.group] = found[part.group] + own if part.group in found else own
        return {group: np.broadcast_to(own, (len(users), history.n_items)) for group, own in found.items()}

    def learn_weights(self, held: Holdout, repeats: bool) -> tuple[Reals, float]:
        """Weights by which the parts order best what was held out.

        Candidates are the items that the present weights put first; they are drawn again by the weights found, once.

        Parameters
        ----------
        held : Holdout
        repeats : bool
        """
        weights, intercept = self.weights, 0.0
        for _ in range(2):
            weights, intercept = fit_weights(*self.with_weights(weights, intercept).draw_candidates(held, repeats))
        return weights, intercept

    def draw_candidates(self, held: Holdout, repeats: bool) -> tuple[Reals, Reals, Ints]:
        """Standardised scores of the parts for the items that compete, whether they were right, and for whom.

        Parameters
        ----------
        held : Holdout
        repeats : bool
        """
        rows, labels, owners = [], [], []
        most = min(CANDIDATES, held.before.n_items)
        for block in _blocks(held.users):
            scores = self.score(held.before, block)
            if not repeats:
                scores[held.before.had(block)] = -np.inf
            best = top_items(scores, most)
            at = np.repeat(np.arange(len(block)), best.shape[1])
            which = best.ravel()
            open_ = np.isfinite(scores[at, which])
            at, which = at[open_], which[open_]
            columns = [
                (part.score(held.before, block)[at, which] - mean) / scale
                for part, mean, scale in zip(self.parts, self.means, self.scales, strict=True)
            ]
            rows.append(np.stack(columns, axis=1))
            labels.append(held.right[block].toarray()[at, which] > 0)
            owners.append(block[at])
        return (
            np.concatenate(rows).astype(np.float64),
            np.concatenate(labels).astype(np.float64),
            np.concatenate(owners),
        )

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays; checked when a model is loaded."""
        n_parts = len(self.parts)
        return {name: ArrayOf("f", (n_parts,), finite=True) for name in ("weights", "means", "scales")}


def fit_weights(rows: Reals, labels: Reals, groups: Ints, penalty: float = PENALTY) -> tuple[Reals, float]:
    """Logistic regression within groups, with weights of at least zero.

    Columns are centred within each group, whose own share of right rows is the offset, so that only the order within a
    list counts, and not which user has much. A group of p right rows counts as ``1 / sqrt(p)`` of them do: a long list
    says more than a short one, but not in proportion.

    Parameters
    ----------
    rows : array of shape (n_rows, n_parts)
    labels : array of shape (n_rows,)
        1 for what was right.
    groups : array of int, shape (n_rows,)
        List of each row; rows of a list stand together.
    penalty : float
        Of the squared weights, per standard deviation of a part.

    Returns
    -------
    weights : numpy.ndarray of float64, shape (n_parts,)
    intercept : float
        With which as many are right as were.

    >>> rows, labels = np.array([[0.0, 1.0], [1.0, 0.0]] * 50), np.array([0.0, 1.0] * 50)
    >>> weights, _ = fit_weights(rows, labels, np.repeat(np.arange(50), 2), penalty=1.0)
    >>> weights.round(1).tolist()
    [6.7, 0.0]
    """
    from scipy.optimize import minimize

    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    sizes = np.diff(np.r_[starts, len(groups)])
    right = np.add.reduceat(labels, starts)
    share = (right + 0.5) / (sizes + 1)
    offset = np.repeat(np.log(share / (1 - share)), sizes)
    each = np.repeat(np.maximum(right, 1) ** -0.5, sizes)
    each /= each.mean()
    inside = rows - np.repeat(np.add.reduceat(rows, starts) / sizes[:, None], sizes, axis=0)
    spread = inside.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    inside /= spread
    n_parts = rows.shape[1]

    def loss(at: Reals) -> tuple[float, Reals]:
        odds = inside @ at[:n_parts] + at[n_parts] + offset
        chance = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
        value = (each * (np.logaddexp(0, odds) - labels * odds)).sum() + penalty * (at[:n_parts] ** 2).sum() / 2
        wrong = each * (chance - labels)
        return float(value), np.r_[inside.T @ wrong + penalty * at[:n_parts], wrong.sum()]

    bounds = [(0.0, None)] * n_parts + [(None, None)]
    start = np.zeros(n_parts + 1)
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 300}).x
    weights = np.where(found[:n_parts] > 1e-8, found[:n_parts], 0.0) / spread
    return weights, _intercept(rows @ weights, labels)


def _intercept(scores: Reals, labels: Reals) -> float:
    """What to add to log-odds so that as many are right as were; by Newton's method."""
    rate = min(max(float(labels.mean()), 1e-6), 1 - 1e-6)
    found = float(np.log(rate / (1 - rate)) - scores.mean())
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(scores + found, -500, 500)))
        step = float((labels - chance).sum() / max((chance * (1 - chance)).sum(), 1e-9))
        found += min(max(step, -2.0), 2.0)
        if abs(step) < 1e-9:
            break
    return found


def top_items(scores: Reals, most: int) -> Ints:
    """Items with the highest scores of every row, the best first; of equal ones the first by number.

    Parameters
    ----------
    scores : array of shape (n_rows, n_items)
    most : int

    >>> top_items(np.array([[0.1, 0.9, 0.9]]), 2).tolist()
    [[1, 2]]
    """
    n_items = scores.shape[1]
    most = min(most, n_items)
    if most < n_items:
        best = np.argpartition(scores, n_items - most, axis=1)[:, n_items - most :]
        bound = np.take_along_axis(scores, best, axis=1).min(axis=1, keepdims=True)
        for row in np.flatnonzero(
            (scores >= bound).sum(axis=1) > most
        ):  # which of equal ones stay depends on no chance
            above = np.flatnonzero(scores[row] > bound[row])
            level = np.flatnonzero(scores[row] == bound[row])
            best[row] = np.concatenate([above, level[: most - len(above)]])
        best.sort(axis=1)
    else:
        best = np.broadcast_to(np.arange(n_items), scores.shape)
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)


def _sample(users: Ints, most: int, n_items: int, rng: np.random.Generator) -> Ints:
    """Some users, fewer where there are many items."""
    most = min(most, max(MOST_CELLS // max(n_items, 1), FEWEST_SAMPLED))
    return users if len(users) <= most else np.sort(rng.choice(users, most, replace=False))


def _blocks(users: Ints) -> list[Ints]:
    return [users[begin : begin + BLOCK] for begin in range(0, len(users), BLOCK)]
