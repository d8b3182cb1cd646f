"""Completing baskets from rules and from what the customer bought before, with a reason for every item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from domains.basket.completion.weights import rule_weights
from domains.basket.mining.search import as_baskets
from domains.basket.task import CompletionTask
from shared.checks import is_whole
from shared.data import Incidence
from shared.data.frequency import DAY, Duration, parse_duration
from shared.errors import DataError, HexadError, Problem, shorten
from shared.runtime.array_of import ArrayOf
from shared.typing import Floats

__all__ = ["SEARCH_GRID", "RuleRecommender"]

# Average baskets added to a customer's own history: from about ten on, it counts more than the rest.
PRIOR_HISTORY = 10.0
# Weight of plain popularity: it orders what rules and history leave level, and outweighs neither.
POPULAR = 0.1
CHUNK = 1024
SEARCH_GRID: dict[str, Sequence[Any]] = {
    "household": (1.5, 2.2, 3.0, 4.0),
    "indirect": (0.0, 0.2, 0.3, 0.4, 0.5),
    "shrinkage": (20.0, 50.0, 100.0),
    "popularity": (0.2, 0.4, 0.6),
}
"""Settings of `RuleRecommender` that are worth a search, one after the other (`shared.evaluation.tune`)."""


class RuleRecommender(BaseEstimator):  # type: ignore[misc]
    """Rank what is missing from a basket: by rules, by the customer's history, and by popularity.

    Every item of a basket of q items adds ``weight / sqrt(q)`` for each rule that starts from it (`rule_weights`); the
    share of the customer's past baskets that held an item, shrunk by ten baskets, adds `household` times that. Small
    and recent baskets say more of what a customer comes back for: a past basket of s items, at least two, counts
    ``1 / sqrt(s)``, and half as much every `half_life`.

    Parameters
    ----------
    shrinkage : float
        Average baskets without the consequent that are added to every antecedent's.
    popularity : float
        Power of the consequent's popularity by which confidence is divided: 0 for confidence, 1 for lift.
    indirect : float
        Share of what flows through third items that is taken off; it matters most, and wants tuning.
    household : float
        Weight of the customer's history; without customers it does nothing.
    half_life : float or str, optional
        In units of the baskets' times, or as in "112D"; no fading where left out.
    significance : float, optional
        Largest p-value of a rule (Fisher's exact test, one by one).
    max_rules : int
        Rules kept for each antecedent.

    Attributes
    ----------
    items_ : numpy.ndarray
        Names of the items.
    n_rules_ : int
        Number of rules.

    >>> baskets = [["tea", "milk"], ["tea", "milk"], ["tea", "milk"], ["beer", "nuts"], ["beer", "nuts"]]
    >>> recommender = RuleRecommender(significance=None).fit(baskets)
    >>> recommender.recommend([["tea"]], n=1)[["item", "because"]].to_dict("records")
    [{'item': 'milk', 'because': "'tea': 3 of its 3 baskets hold it, too"}]
    """

    def __init__(
        self,
        *,
        shrinkage: float = 50.0,
        popularity: float = 0.4,
        indirect: float = 0.4,
        household: float = 3.0,
        half_life: float | str | None = None,
        significance: float | None = 0.05,
        max_rules: int = 200,
    ) -> None:
        self.shrinkage = shrinkage
        self.popularity = popularity
        self.indirect = indirect
        self.household = household
        self.half_life = half_life
        self.significance = significance
        self.max_rules = max_rules

    def fit(self, baskets: Any, y: Any = None) -> RuleRecommender:
        """Learn rules, and customers' histories where the baskets have customers.

        Parameters
        ----------
        baskets : Incidence, or what `frequent_itemsets` takes
        y : ignored

        Raises
        ------
        HexadError, DataError
        """
        found = as_baskets(baskets)
        self._check()
        if not (found.sizes >= 2).any():
            raise HexadError("no basket holds two items, so that there is nothing to learn rules from")
        rules = rule_weights(
            found,
            shrinkage=self.shrinkage,
            popularity=self.popularity,
            indirect=self.indirect,
            significance=self.significance,
            max_rules=self.max_rules,
        )
        self.items_ = _plain(found.items)
        self.counts_ = found.counts.astype(np.int64)
        self.n_baskets_ = found.n_rows
        self.rule_ptr_, self.rule_items_ = rules.indptr, rules.indices
        self.rule_weights_, self.rule_together_ = rules.weights, rules.joint_counts
        self.popularity_ = rules.share
        self.n_rules_ = len(rules.weights)
        self._learn_customers(found)
        return self

    def default_task(self) -> CompletionTask:
        """How it is evaluated where nothing else is said: by completing baskets."""
        return CompletionTask()

    def _check(self) -> None:
        for name in ("shrinkage", "popularity", "indirect", "household"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < np.inf:
                raise HexadError(f"{name}={value!r} is no number of at least 0")
        odd = isinstance(self.significance, str | bool)
        if self.significance is not None and (odd or not 0 < self.significance <= 1):
            raise HexadError(f"significance={self.significance!r} does not lie between 0 and 1")
        if not is_whole(self.max_rules):
            raise HexadError(f"max_rules={self.max_rules!r} is no whole number from 1 on")

    def _learn_customers(self, baskets: Incidence) -> None:
        from scipy import sparse

        self.customers_: Any = None
        ages = self._ages(baskets)
        if baskets.customers is None or baskets.customer_keys is None:
            return
        keys = baskets.customer_keys
        # Errands for a single thing say little of what fills a basket, and guests have no history.
        large = (baskets.sizes >= 2) & (baskets.customers >= 0)
        age, baskets = ages[large], baskets.take(large)
        each = np.maximum(baskets.sizes, 1) ** -0.5 * age
        n_customers = len(keys)
        owner = np.asarray(baskets.customers, dtype=np.int64)
        inside = baskets.to_sparse()
        place = (owner, np.arange(baskets.n_rows))
        sums = sparse.csr_array(sparse.csr_array((each, place), (n_customers, baskets.n_rows)) @ inside)
        counts = sparse.csr_array(
            sparse.csr_array((np.ones(len(owner)), place), (n_customers, baskets.n_rows)) @ inside
        )
        sums.sort_indices()  # both have the same pattern
        counts.sort_indices()
        total = np.bincount(owner, weights=each, minlength=n_customers) + PRIOR_HISTORY * max(
            float(each.mean()), 1e-300
        )
        self.customers_ = _plain(keys)
        self.customer_baskets_ = np.bincount(owner, minlength=n_customers)
        self.history_ptr_, self.history_items_ = counts.indptr.astype(np.int64), counts.indices.astype(np.int64)
        self.history_counts_ = counts.data.astype(np.int64)
        self.history_share_ = sums.data / np.repeat(total, np.diff(counts.indptr))

    def _ages(self, baskets: Incidence) -> Floats:
        """What a basket counts for its age: one half every half-life before the last one."""
        if self.half_life is None:
            return np.ones(baskets.n_rows)
        if baskets.times is None:
            raise HexadError("half_life needs the baskets' times: name their column, as in BasketColumns(time=...)")
        stamps = pd.Series(baskets.times)
        if pd.api.types.is_numeric_dtype(stamps.dtype):
            half = self.half_life
            if isinstance(half, str) or not half > 0:
                raise HexadError(f"half_life={half!r} is no number above 0, and the baskets' times are numbers")
            behind = (stamps.max() - stamps).to_numpy(dtype=float)
        else:
            if not isinstance(self.half_life, str):
                raise HexadError(
                    f"half_life={self.half_life!r} is no text as in '112D', and the baskets' times are dates"
                )
            behind = ((stamps.max() - stamps) / pd.Timedelta(1, "D")).to_numpy(dtype=float)
            half = _days(parse_duration(self.half_life))
        return np.asarray(np.maximum(0.5 ** (behind / half), 1e-200), dtype=float)

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        n_items, n_rules = len(self.items_), self.n_rules_
        arrays = {
            "items_": ArrayOf("a", (n_items,), unique=True),
            "counts_": ArrayOf("i", (n_items,), low=0),
            "rule_ptr_": ArrayOf("i", (n_items + 1,), first=0, last=n_rules, increasing=True),
            "rule_items_": ArrayOf("i", (n_rules,), low=0, high=n_items - 1),
            "rule_weights_": ArrayOf("f", (n_rules,), finite=True),
            "rule_together_": ArrayOf("i", (n_rules,), low=0),
            "popularity_": ArrayOf("f", (n_items,), low=0, high=1, finite=True),
        }
        if self.customers_ is not None:
            n_customers, n_entries = len(self.customers_), len(self.history_items_)
            arrays |= {
                "customers_": ArrayOf("a", (n_customers,), unique=True),
                "customer_baskets_": ArrayOf("i", (n_customers,), low=0),
                "history_ptr_": ArrayOf("i", (n_customers + 1,), first=0, last=n_entries, increasing=True),
                "history_items_": ArrayOf("i", (n_entries,), low=0, high=n_items - 1),
                "history_counts_": ArrayOf("i", (n_entries,), low=0),
                "history_share_": ArrayOf("f", (n_entries,), finite=True),
            }
        return arrays

    def scores(self, baskets: Any) -> Floats:
        """Score of every item for every basket, those that it holds included; higher is better.

        Parameters
        ----------
        baskets : Incidence, or what `frequent_itemsets` takes
            Baskets as far as they go, with customers where their history shall count. Items never seen count nothing.

        Returns
        -------
        numpy.ndarray of float64, shape (n_baskets, n_items)
        """
        check_is_fitted(self)
        known = self._reindex(baskets)
        return np.concatenate([sum(self._parts(part)) for part in _pieces(known)]) if known.n_rows else np.zeros((0, 0))

    def _reindex(self, baskets: object) -> Incidence:
        found = as_baskets(baskets)
        items = pd.Index(self.items_)
        return found if found.items.equals(items) else found.reindex_items(items)

    def _parts(self, baskets: Incidence) -> tuple[Floats, Floats, Floats]:
        """Contributions of rules, history and popularity; each of shape (n_baskets, n_items)."""
        from scipy import sparse

        n_items = len(self.items_)
        rules = sparse.csr_array((self.rule_weights_, self.rule_items_, self.rule_ptr_), shape=(n_items, n_items))
        each = np.maximum(baskets.sizes, 1) ** -0.5
        from_rules = (sparse.diags_array(each) @ (baskets.to_sparse() @ rules)).toarray()
        from_history = np.zeros((baskets.n_rows, n_items))
        owner = self.owners(baskets)
        if owner is not None:
            share = (self.history_share_, self.history_items_, self.history_ptr_)
            history = sparse.csr_array(share, shape=(len(self.customers_), n_items))
            from_history[owner >= 0] = self.household * history[owner[owner >= 0]].toarray()
        return from_rules, from_history, np.broadcast_to(POPULAR * self.popularity_, from_rules.shape)

    def owners(self, baskets: Incidence) -> Any:
        """Number of each basket's customer among those learnt, -1 for new ones and guests; None without customers.

        Parameters
        ----------
        baskets : Incidence
            Baskets with customers or without.
        """
        if self.customers_ is None or baskets.customers is None or baskets.customer_keys is None:
            return None
        place = pd.Index(self.customers_).get_indexer(pd.Index(_plain(baskets.customer_keys)))
        return np.where(baskets.customers < 0, -1, np.append(place, -1)[baskets.customers])

    def recommend(self, baskets: Any, n: int = 5) -> pd.DataFrame:
        """Best missing items of every basket, with the strongest reason for each.

        Parameters
        ----------
        baskets : Incidence, or what `frequent_itemsets` takes
        n : int
            Items a basket; fewer where no more are left.

        Returns
        -------
        pandas.DataFrame
            Columns of the baskets' order and item, ``rank``, ``score``, the parts it is the sum of (``from_rules``,
            ``from_history``, ``from_popularity``) and ``because``.

        >>> recommender = RuleRecommender().fit([["a", "b"]] * 5 + [["c", "d"]] * 5)
        >>> recommender.recommend([["a", "zebra"]], n=9)["item"].tolist()
        ['b', 'c', 'd']
        """
        check_is_fitted(self)
        if not is_whole(n):
            raise HexadError(f"n={n!r} is no whole number from 1 on")
        known = self._reindex(baskets)
        columns = known.columns
        frames = [self._recommend(part, int(n)) for part in _pieces(known)]
        table = pd.concat(frames, ignore_index=True) if frames else self._recommend(known, int(n))
        return table.rename(columns={"order": columns.order, "item": columns.item})

    def _recommend(self, baskets: Incidence, n: int) -> pd.DataFrame:
        parts = self._parts(baskets)
        scores = parts[0] + parts[1] + parts[2]
        scores[baskets.rows, baskets.codes] = -np.inf
        best = np.argsort(-scores, axis=1, kind="stable")[:, :n]
        row = np.repeat(np.arange(baskets.n_rows), best.shape[1])
        code = best.ravel()
        left = np.isfinite(scores[row, code])
        row, code = row[left], code[left]
        owner = self.owners(baskets)
        return pd.DataFrame(
            {
                "order": baskets.keys[row],
                "item": pd.Index(self.items_)[code],
                "rank": pd.Series(row).groupby(row).cumcount().to_numpy() + 1,
                "score": scores[row, code],
                "from_rules": parts[0][row, code],
                "from_history": parts[1][row, code],
                "from_popularity": parts[2][row, code],
                "because": [
                    self._reason(
                        baskets, int(r), int(c), -1 if owner is None else int(owner[r]), [part[r, c] for part in parts]
                    )
                    for r, c in zip(row, code, strict=True)
                ],
            }
        )

    def _reason(self, baskets: Incidence, row: int, code: int, owner: int, parts: list[float]) -> str:
        """The strongest contribution to an item, in words."""
        if parts[1] >= parts[0] and parts[1] > 0:
            begin, stop = self.history_ptr_[owner], self.history_ptr_[owner + 1]
            place = begin + int(np.searchsorted(self.history_items_[begin:stop], code))
            return (
                f"the customer's own history: in {self.history_counts_[place]:,} of {self.customer_baskets_[owner]:,}"
                " baskets"
            )
        best, reason = 0.0, f"popular: in {self.counts_[code]:,} of {self.n_baskets_:,} baskets"
        for item in baskets.codes[baskets.indptr[row] : baskets.indptr[row + 1]]:
            begin, stop = self.rule_ptr_[item], self.rule_ptr_[item + 1]
            place = begin + int(np.searchsorted(self.rule_items_[begin:stop], code))
            if place < stop and self.rule_items_[place] == code and self.rule_weights_[place] > best:
                best = float(self.rule_weights_[place])
                name = shorten(self.items_[item])
                reason = f"'{name}': {self.rule_together_[place]:,} of its {self.counts_[item]:,} baskets hold it, too"
        return reason


def _pieces(baskets: Incidence) -> list[Incidence]:
    return [
        baskets.take(np.arange(begin, min(begin + CHUNK, baskets.n_rows))) for begin in range(0, baskets.n_rows, CHUNK)
    ]


def _plain(index: pd.Index[Any]) -> NDArray[Any]:
    """Names as a numpy array of text or numbers, which a model file can hold."""
    values = index.to_numpy()
    if values.dtype != object:
        return values
    if all(isinstance(value, str) for value in values):
        return np.array(values.tolist(), dtype=str)
    odd = [str(value) for value in values if not isinstance(value, str)]
    raise DataError("baskets", [Problem(f"names are neither text nor numbers: {odd[:3]}", fix="Write them as text.")])


def _days(duration: Duration) -> float:
    """Length of a duration in days; months count 30.4."""
    if duration.steps:
        raise HexadError("half_life counts steps, but the baskets' times are dates; write it as in '112D'")
    return float(duration.ns / DAY + 30.4375 * duration.months + 1.4 * duration.business_days)
