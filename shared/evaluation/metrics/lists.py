"""Metrics of ranked lists in which several items may be right: what was found, and what was shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from shared.data import columns as names
from shared.errors import SettingsError, quote
from shared.evaluation.metrics.registry import split_name
from shared.typing import Floats, Ints

__all__ = ["ListMetric", "list_metric", "list_metric_names", "rank_pairs"]

BLOCK = 256
FOUND = ("ndcg", "recall", "precision", "hit_rate", "found", "reciprocal_rank")
SHOWN = ("coverage", "novelty", "diversity")


def rank_pairs(scores: ArrayLike, rows: ArrayLike, items: ArrayLike, *, excluded: ArrayLike | None = None) -> Floats:
    """Rank of each (row, item) pair among the items of its row, from 1; equal scores share the mean of their ranks.

    Parameters
    ----------
    scores : array of shape (n_rows, n_items)
        The higher the better; all finite.
    rows, items : array of int, shape (n_pairs,)
    excluded : array of bool, shape (n_rows, n_items), optional
        Items that are not ranked.

    Raises
    ------
    ValueError
        A score is not finite, or a pair is excluded.

    >>> rank_pairs(np.array([[0.5, 0.9, 0.5, 0.1]]), [0, 0], [1, 2]).tolist()
    [1.0, 2.5]
    """
    values = np.asarray(scores)
    if not np.isfinite(values).all():
        raise ValueError("scores are not all finite, so that items cannot be ranked")
    at, which = np.asarray(rows, dtype=np.int64), np.asarray(items, dtype=np.int64)
    own = values[at, which]
    if excluded is not None:
        out = np.asarray(excluded, dtype=bool)
        if out[at, which].any():
            raise ValueError("a right item is among the excluded ones")
        values = np.where(out, -np.inf, values)
    ordered = np.sort(values, axis=1)
    ranks = np.empty(len(at))
    order = np.argsort(at, kind="stable")
    starts = np.searchsorted(at[order], np.arange(len(values) + 1))
    for row in np.unique(at):
        pairs = order[starts[row] : starts[row + 1]]
        below = np.searchsorted(ordered[row], own[pairs], side="left")
        upto = np.searchsorted(ordered[row], own[pairs], side="right")
        ranks[pairs] = values.shape[1] - (below + upto - 1) / 2
    return ranks


@dataclass(frozen=True)
class ListMetric:
    """A metric of lists; predictions have a row a right item of a user, and repeat the list shown in each.

    Parameters
    ----------
    name : str
        Name in the score table.
    kind : str
        One of `list_metric_names`.
    k : int
        Length of the list.
    unit : str
        Column of users.
    shown : tuple of str
        Columns of what was shown, the first first.
    kinds : mapping, optional
        Group of each item, for "diversity".

    Notes
    -----
    Right items are all alike. "ndcg" is the sum of ``1 / log2(1 + rank)`` over that of the best list (Järvelin &
    Kekäläinen, ACM Transactions on Information Systems 20:422, 2002); "recall" what was found of all right ones,
    "found" of at most k; "precision" of k; "novelty" minus the mean binary logarithm of the share of users who had what
    is shown; "coverage" the share of all items that are shown to anybody; "diversity" the share of pairs shown together
    that are of different groups.

    >>> frame = pd.DataFrame({"user": ["a", "a"], "rank": [1.0, 30.0]})
    >>> float(list_metric("recall@10").units(frame)["a"])
    0.5
    """

    name: str
    kind: str
    k: int = 10
    unit: str = "user"
    shown: tuple[str, ...] = ()
    kinds: Mapping[Any, Any] | None = None

    @property
    def greater_is_better(self) -> bool | None:
        """More is better for what was found; what was shown has no better."""
        return True if self.kind in FOUND else None

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns of the predictions that it needs."""
        return (self.unit, "rank") if self.kind in FOUND else (self.unit, *self.shown[: self.k])

    def prepare(self, train: Any) -> Any:
        """Count users and items before the first split, for novelty and coverage.

        Parameters
        ----------
        train : Incidence
            Of interactions.
        """
        if self.kind in FOUND or self.kind == "diversity":
            return None
        owners = train.rows if train.customers is None else np.asarray(train.customers)[train.rows]
        pairs = np.unique(owners.astype(np.int64) * train.n_items + train.codes) % max(train.n_items, 1)
        return train.items, np.bincount(pairs, minlength=train.n_items), len(np.unique(owners))

    def units(self, predictions: pd.DataFrame, prepared: Any = None) -> pd.Series[float]:
        """One value a user; see `Metric.units`.

        Parameters
        ----------
        predictions : pandas.DataFrame
            Of one model; a user who stands in several splits counts with the mean over them.
        prepared : object
            What `prepare` gave.
        """
        splits = predictions[names.SPLIT] if names.SPLIT in predictions.columns else None
        if splits is not None and len(pd.unique(splits)) > 1:  # a user who stands in several has a list in each
            each = [self.units(part, prepared) for _, part in predictions.groupby(splits, dropna=False, sort=False)]
            pooled = pd.concat(each)
            return pooled.groupby(pooled.index).mean()
        if self.kind in FOUND:
            return self._found(predictions)
        first = predictions.drop_duplicates(self.unit)
        lists = first[list(self.shown[: self.k])]
        if self.kind == "diversity":
            return pd.Series(self._differ(lists), index=first[self.unit].to_numpy(), dtype=float)
        items, counts, n_users = prepared
        if self.kind == "coverage":
            every = lists.to_numpy(dtype=object).ravel()
            shown = pd.unique(every[~pd.isna(every)])
            return pd.Series([len(shown) / max(len(items), 1)], index=["all"], dtype=float)
        place = np.stack([items.get_indexer(pd.Index(lists[name])) for name in lists], axis=1)
        share = np.where(place >= 0, counts[np.maximum(place, 0)], 0.5) / max(n_users, 1)
        surprise = -np.log2(np.maximum(share, 0.5 / max(n_users, 1)))
        there = lists.notna().to_numpy()  # a list that is shorter than k counts by what it holds
        means = np.where(there, surprise, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        return pd.Series(means, index=first[self.unit].to_numpy(), dtype=float)

    def _found(self, predictions: pd.DataFrame) -> pd.Series[float]:
        codes, users = pd.factorize(predictions[self.unit], sort=True)
        ranks = predictions["rank"].to_numpy(dtype=float)
        n_right = np.bincount(codes, minlength=len(users))
        inside = np.bincount(codes, weights=ranks <= self.k, minlength=len(users))
        if self.kind == "ndcg":
            worth = np.where(ranks <= self.k, 1 / np.log2(1 + ranks), 0.0)
            best = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, self.k + 2)))])
            value: Floats = np.bincount(codes, weights=worth) / best[np.minimum(n_right, self.k)]
        elif self.kind == "reciprocal_rank":
            value = np.zeros(len(users))
            np.maximum.at(value, codes, 1 / ranks)
        else:
            by: dict[str, Ints] = {
                "recall": n_right,
                "found": np.minimum(n_right, self.k),
                "precision": np.full(len(users), self.k),
                "hit_rate": np.maximum(inside, 1).astype(np.int64),
            }
            value = inside / by[self.kind]
        return pd.Series(value, index=pd.Index(users), dtype=float)

    def _differ(self, lists: pd.DataFrame) -> Floats:
        """Share of pairs of a list that are of different groups."""
        groups = pd.Series(dict(self.kinds or {}))
        flat = pd.factorize(pd.Series(lists.to_numpy(dtype=object).ravel()).map(groups), use_na_sentinel=False)[0]
        codes = flat.reshape(lists.shape)
        there = lists.notna().to_numpy()
        both = there[:, :, None] & there[:, None, :]
        size = there.sum(axis=1)
        same = ((codes[:, :, None] == codes[:, None, :]) & both).sum(axis=(1, 2)) - size
        pairs = np.maximum(size * (size - 1), 1)
        found: Floats = 1 - same / pairs
        return found


def list_metric_names() -> tuple[str, ...]:
    """Names that `list_metric` knows.

    >>> "ndcg" in list_metric_names()
    True
    """
    return FOUND + SHOWN


def list_metric(
    name: str,
    *,
    k: int | None = None,
    unit: str = "user",
    shown: tuple[str, ...] = (),
    kinds: Mapping[Any, Any] | None = None,
    label: str | None = None,
) -> ListMetric:
    """Make a metric of lists by its name.

    Parameters
    ----------
    name : str
        One of `list_metric_names`, with the length of the list behind it, 10 where left out, as in "ndcg@5".
    k : int, optional
        Length of the list.
    unit, shown, kinds
        See `ListMetric`.
    label : str, optional
        Name in the score table.

    Raises
    ------
    SettingsError
        There is no such metric, or the list shown is shorter.

    >>> list_metric("recall").name, list_metric("ndcg@5").k
    ('recall@10', 5)
    """
    base, _, k = split_name(name, None, k)
    if base not in list_metric_names():
        raise SettingsError(f"there is no metric {name!r} of lists; there are {quote(list_metric_names())}")
    length = 10 if k is None else k
    if base == "reciprocal_rank" and k is not None:
        raise SettingsError(f"{name!r}: a reciprocal rank is that among all items, and is not cut at k={k}")
    if base in SHOWN and shown and length > len(shown):
        raise SettingsError(f"{name!r}: only {len(shown)} items are shown")
    if base == "diversity" and kinds is None:
        raise SettingsError("'diversity' needs the group of each item: RankingTask(kinds=...)")
    own = base if base == "reciprocal_rank" else f"{base}@{length}"
    return ListMetric(label or own, base, length, unit, shown, kinds)
