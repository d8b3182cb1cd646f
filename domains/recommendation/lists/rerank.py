"""From scores to lists: the best that may be shown, not too many of one kind, and not all alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from domains.recommendation.behaviour.blend import top_items
from shared.typing import Ints, Reals

__all__ = ["cap_lists", "diversify", "number_kinds"]

# Items that compete for a list when it may not simply be the best n.
POOL = 10


def cap_lists(scores: Reals, n: int, caps: Mapping[int, tuple[Ints, int]]) -> list[Ints]:
    """The best items of every row, with at most so many of one kind.

    Parameters
    ----------
    scores : array of shape (n_rows, n_items)
        Minus infinity for what may not be shown.
    n : int
    caps : mapping of int to (kinds, most)
        Any number of them: the kind of every item, and how many of one kind a list may hold.

    Returns
    -------
    list of numpy.ndarray
        Items of each row, the best first; fewer than n where no more may be shown.

    >>> kinds = np.array([0, 0, 1])
    >>> [found.tolist() for found in cap_lists(np.array([[3.0, 2.0, 1.0]]), 2, {0: (kinds, 1)})]
    [[0, 2]]
    """
    if not caps:
        best = top_items(scores, n)
        return [row[np.isfinite(own[row])] for row, own in zip(best, scores, strict=True)]
    found = []
    for own in scores:
        order = np.argsort(-own, kind="stable")
        order = order[np.isfinite(own[order])]
        taken: list[int] = []
        held: list[dict[int, int]] = [{} for _ in caps]
        for item in order:
            kinds = [int(kind[item]) for kind, _ in caps.values()]
            if all(
                count.get(kind, 0) < most for count, kind, (_, most) in zip(held, kinds, caps.values(), strict=True)
            ):
                taken.append(int(item))
                for count, kind in zip(held, kinds, strict=True):
                    count[kind] = count.get(kind, 0) + 1
                if len(taken) == n:
                    break
        found.append(np.array(taken, dtype=np.int64))
    return found


def diversify(
    scores: Reals, n: int, diversity: float, similarity: Callable[[Ints], Reals], caps: Mapping[int, tuple[Ints, int]]
) -> list[Ints]:
    """Choose items one by one, each good and unlike those already chosen (maximal marginal relevance).

    Carbonell & Goldstein, "The use of MMR", SIGIR 1998. Scores are brought to 0 to 1 within the pool of each list.

    Parameters
    ----------
    scores : array of shape (n_rows, n_items)
        Minus infinity for what may not be shown.
    n : int
    diversity : float
        Between 0 (the best) and 1 (the most different).
    similarity : callable
        Of a pool of items, to one another, at most 1.
    caps : mapping
        As for `cap_lists`.

    >>> alike = lambda items: np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])[np.ix_(items, items)]
    >>> [found.tolist() for found in diversify(np.array([[3.0, 2.9, 1.0]]), 2, 0.6, alike, {})]
    [[0, 2]]
    """
    found = []
    pools = cap_lists(scores, POOL * n, {})
    if caps:  # what a cap lets through may stand behind the best
        more = cap_lists(scores, n, caps)
        pools = [_best_first(own, np.union1d(*both)) for own, *both in zip(scores, pools, more, strict=True)]
    for own, pool in zip(scores, pools, strict=True):
        if len(pool) == 0:
            found.append(pool)
            continue
        near = similarity(pool)
        value = own[pool]
        value = (value - value.min()) / max(float(value.max() - value.min()), 1e-12)
        chosen: list[int] = []
        closest = np.zeros(len(pool))
        open_ = np.ones(len(pool), dtype=bool)
        held: list[dict[int, int]] = [{} for _ in caps]
        while len(chosen) < n and open_.any():
            gain = np.where(open_, (1 - diversity) * value - diversity * closest, -np.inf)
            best = int(np.argmax(gain))
            open_[best] = False
            kinds = [int(kind[pool[best]]) for kind, _ in caps.values()]
            limits = [most for _, most in caps.values()]
            if any(count.get(kind, 0) >= most for count, kind, most in zip(held, kinds, limits, strict=True)):
                continue
            for count, kind in zip(held, kinds, strict=True):
                count[kind] = count.get(kind, 0) + 1
            chosen.append(best)
            closest = np.maximum(closest, near[best])
        found.append(np.asarray(pool[chosen]))
    return found


def _best_first(scores: Reals, items: Ints) -> Ints:
    return items[np.argsort(-scores[items], kind="stable")].astype(np.int64)


def keep_best(scores: Reals, most: int) -> Reals:
    """Scores of the best items of every row; minus infinity for the others.

    Parameters
    ----------
    scores : array of shape (n_rows, n_items)
    most : int

    >>> keep_best(np.array([[1.0, 3.0, 2.0]]), 2).tolist()
    [[-inf, 3.0, 2.0]]
    """
    if most >= scores.shape[1]:
        return scores
    kept = np.full_like(scores, -np.inf)
    if most:
        best = top_items(scores, most)
        np.put_along_axis(kept, best, np.take_along_axis(scores, best, axis=1), axis=1)
    return kept


def number_kinds(values: Any) -> Ints:
    """Number the kinds of a column; an item without one is of a kind of its own, since nothing says it is like others.

    Parameters
    ----------
    values : array

    >>> number_kinds(np.array(["b", "a", "b", "", ""])).tolist()
    [2, 1, 2, 3, 4]
    """
    codes = np.unique(values, return_inverse=True)[1].astype(np.int64)
    missing = np.isnan(values) if values.dtype.kind == "f" else values == ""
    codes[missing] = codes.max(initial=0) + 1 + np.arange(int(missing.sum()))
    return codes
