"""What lists of ten are worth: written apart from the domain's own metrics, and with differences that are paired."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from shared.typing import Bools, Ints, Reals

__all__ = ["best", "find_share", "lower_bound", "ndcg"]

K = 10
DRAWS = 2000


def best(scores: Reals, k: int = K) -> Ints:
    """Columns of the highest scores of each row, the best first; of equal ones the first by number."""
    order: Ints = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return order


def ndcg(scores: Reals, right: Bools, excluded: Bools | None = None) -> Reals:
    """NDCG at ten of each row, all columns but the excluded ones ranked; not a number for a row with nothing right."""
    if excluded is not None:
        scores, right = np.where(excluded, -np.inf, scores), right & ~excluded
    gain = 1 / np.log2(np.arange(2, K + 2))
    ideal = np.concatenate([[0.0], np.cumsum(gain)])
    use = right.any(axis=1)
    found = np.full(len(right), np.nan)
    hits = np.take_along_axis(right[use], best(scores[use]), axis=1)
    found[use] = (hits * gain).sum(axis=1) / ideal[np.minimum(right[use].sum(axis=1), K)]
    return found


def find_share(scores: Reals, right: Bools) -> float:
    """Mean share of min(10, right ones) that lists of ten hold, over rows with something right."""
    use = right.any(axis=1)
    hits = np.take_along_axis(right[use], best(scores[use]), axis=1).sum(axis=1)
    return float((hits / np.minimum(right[use].sum(axis=1), K)).mean())


def lower_bound(ours: Iterable[Reals], theirs: Iterable[Reals]) -> float:
    """Lower end of the 95 % interval of the mean difference, users drawn with replacement.

    Every array holds a value a user, not a number where there is none; a user is drawn with all that it has.
    """
    gap = np.stack(list(ours)) - np.stack(list(theirs))
    total, count = np.nansum(gap, axis=0), np.isfinite(gap).sum(axis=0)
    total, count = total[count > 0], count[count > 0]
    random = np.random.default_rng(0)
    drawn = random.multinomial(len(total), np.full(len(total), 1 / len(total)), size=DRAWS)
    return float(np.quantile((drawn @ total) / (drawn @ count), 0.025))
