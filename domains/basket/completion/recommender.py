"""Completing baskets from rules, the basket as a whole and the customer's past, with a reason for every item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from domains.basket.completion.ease import ease_weights
from domains.basket.completion.history import customer_history
from domains.basket.completion.weights import rule_weights
from domains.basket.mining.search import as_baskets
from domains.basket.task import CompletionTask
from shared.checks import is_whole
from shared.data import Incidence
from shared.data.durations import WrittenDurations
from shared.data.names import plain_names
from shared.errors import HexadError, quote
from shared.runtime.array_of import ArrayOf
from shared.typing import Codes, Floats, Ints

__all__ = ["SEARCH_GRID", "RuleRecommender"]

# Weight of plain popularity: it orders what rules and history leave level, and outweighs neither.
POPULAR = 0.1
CHUNK = 1024
PARTS = ("from_rules", "from_whole", "from_history", "from_popularity")
SEARCH_GRID: dict[str, Sequence[Any]] = {
    "household": (1.5, 2.2, 3.0, 4.0),
    "indirect": (0.0, 0.2, 0.3, 0.4, 0.5),
    "shrinkage": (20.0, 50.0, 100.0),
    "popularity": (0.2, 0.4, 0.6),
    "ease": (0.0, 2.0, 3.0, 5.0),
    "ease_from": (8.0, 12.0, 18.0),
}
"""Settings of `RuleRecommender` that are worth a search, one after the other (`shared.evaluation.tune`)."""


class RuleRecommender(WrittenDurations, BaseEstimator):  # type: ignore[misc]
    """Rank what is missing from a basket: by rules, the basket as a whole, the customer's history, and popularity.

    Every item of a basket of q items adds ``weight / sqrt(q)`` for each rule that starts from it (`rule_weights`).
    Rules of thirty items count one need many times, so that large baskets lean on a linear model of whole baskets
    (`ease_weights`): it takes the share ``q**2 / (q**2 + ease_from**2)`` of the rules' place. The share of the
    customer's past baskets that held an item, shrunk by ten baskets, adds `household` times that (`customer_history`).

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
    ease : float
        Weight of the linear model of whole baskets; 0 leaves the rules alone.
    ease_from : float
        Items in a basket at which that model and the rules weigh alike.
    ease_penalty : float
        Its ridge penalty, in baskets.
    significance : float, optional
        Largest p-value of a rule (Fisher's exact test, one by one).
    max_rules : int
        Rules kept for each antecedent, and weights of the linear model for each item.

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
        ease: float = 3.0,
        ease_from: float = 12.0,
        ease_penalty: float = 50.0,
        significance: float | None = 0.05,
        max_rules: int = 200,
    ) -> None:
        self.shrinkage = shrinkage
        self.popularity = popularity
        self.indirect = indirect
        self.household = household
        self.half_life = half_life
        self.ease = ease
        self.ease_from = ease_from
        self.ease_penalty = ease_penalty
        self.significance = significance
        self.max_rules = max_rules

    def fit(self, baskets: Any, y: object = None) -> RuleRecommender:
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
        self.items_ = plain_names(found.items)
        self.counts_ = found.counts.astype(np.int64)
        self.n_baskets_ = found.n_rows
        self.rule_ptr_, self.rule_items_ = rules.indptr, rules.indices
        self.rule_weights_, self.rule_together_ = rules.weights, rules.joint_counts
        self.popularity_ = rules.share
        self.n_rules_ = len(rules.weights)
        self._learn_ease(found)
        self._learn_customers(found)
        return self

    def default_task(self) -> CompletionTask:
        """How it is evaluated where nothing else is said: by completing baskets."""
        return CompletionTask()

    def _check(self) -> None:
        for name in ("shrinkage", "popularity", "indirect", "household", "ease", "ease_from", "ease_penalty"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < np.inf:
                raise HexadError(f"{name}={value!r} is no number of at least 0")
        if self.ease and not self.ease_penalty > 0:
            raise HexadError(f"ease_penalty={self.ease_penalty!r} is not above 0")
        odd = isinstance(self.significance, str | bool)
        if self.significance is not None and (odd or not 0 < self.significance <= 1):
            raise HexadError(f"significance={self.significance!r} does not lie between 0 and 1")
        if not is_whole(self.max_rules):
            raise HexadError(f"max_rules={self.max_rules!r} is no whole number from 1 on")

    def _learn_customers(self, baskets: Incidence) -> None:
        self.customers_: Any = None
        found = customer_history(baskets, self.half_life)
        if found is None or baskets.customer_keys is None:
            return
        self.customers_ = plain_names(baskets.customer_keys)
        self.customer_baskets_ = found.n_baskets
        self.history_ptr_, self.history_items_ = found.indptr, found.indices
        self.history_counts_, self.history_share_ = found.counts, found.share

    def _learn_ease(self, baskets: Incidence) -> None:
        self.ease_items_: Any = None
        if not self.ease:
            return
        found = ease_weights(baskets, penalty=self.ease_penalty, max_weights=self.max_rules)
        self.ease_ptr_, self.ease_items_ = found.indptr, found.indices
        self.ease_weights_, self.ease_together_ = found.weights, found.joint_counts
        self.ease_modelled_ = found.modelled

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        n_items, n_rules = len(self.items_), self.n_rules_
        arrays = {
            **{name: ArrayOf("f", (), low=0, finite=True) for name in ("household", "ease", "ease_from")},
            "items_": ArrayOf("a", (n_items,), unique=True),
            "counts_": ArrayOf("i", (n_items,), low=0),
            "rule_ptr_": ArrayOf("i", (n_items + 1,), first=0, last=n_rules, increasing=True),
            "rule_items_": ArrayOf("i", (n_rules,), low=0, high=n_items - 1),
            "rule_weights_": ArrayOf("f", (n_rules,), finite=True),
            "rule_together_": ArrayOf("i", (n_rules,), low=0),
            "popularity_": ArrayOf("f", (n_items,), low=0, high=1, finite=True),
        }
        if self.ease_items_ is not None:
            n_weights = len(self.ease_items_)
            arrays |= {
                "ease_ptr_": ArrayOf("i", (n_items + 1,), first=0, last=n_weights, increasing=True),
                "ease_items_": ArrayOf("i", (n_weights,), low=0, high=n_items - 1),
                "ease_weights_": ArrayOf("f", (n_weights,), finite=True),
                "ease_together_": ArrayOf("i", (n_weights,), low=0),
                "ease_modelled_": ArrayOf("b", (n_items,)),
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

    def _parts(self, baskets: Incidence) -> tuple[Floats, Floats, Floats, Floats]:
        """Contributions of rules, whole basket, history and popularity; each of shape (n_baskets, n_items)."""
        from scipy import sparse

        n_items = len(self.items_)
        inside, size = baskets.to_sparse(), np.maximum(baskets.sizes, 1).astype(float)[:, None]
        rules = sparse.csr_array((self.rule_weights_, self.rule_items_, self.rule_ptr_), shape=(n_items, n_items))
        from_rules = (inside @ rules).toarray() / np.sqrt(size)
        from_whole, from_history = np.zeros((2, baskets.n_rows, n_items))
        if self.ease_items_ is not None:
            ease = sparse.csr_array((self.ease_weights_, self.ease_items_, self.ease_ptr_), shape=(n_items, n_items))
            share = size**2 / (size**2 + self.ease_from**2)
            from_whole = self.ease * share * (inside @ ease).toarray()
            from_rules = np.where(self.ease_modelled_, from_rules * (1.0 - share), from_rules)
        owner = self.owners(baskets)
        if owner is not None:
            past = (self.history_share_, self.history_items_, self.history_ptr_)
            history = sparse.csr_array(past, shape=(len(self.customers_), n_items))
            from_history[owner >= 0] = self.household * history[owner[owner >= 0]].toarray()
        return from_rules, from_whole, from_history, np.broadcast_to(POPULAR * self.popularity_, from_rules.shape)

    def owners(self, baskets: Incidence) -> Any:
        """Number of each basket's customer among those learnt, -1 for new ones and guests; None without customers.

        Parameters
        ----------
        baskets : Incidence
            Baskets with customers or without.
        """
        if self.customers_ is None or baskets.customers is None or baskets.customer_keys is None:
            return None
        place = pd.Index(self.customers_).get_indexer(pd.Index(plain_names(baskets.customer_keys)))
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
            ``from_whole`` basket, ``from_history``, ``from_popularity``) and ``because``.

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
        scores = np.sum(parts, axis=0)
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
                **{name: part[row, code] for name, part in zip(PARTS, parts, strict=True)},
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
        from_rules, from_whole, from_history, _ = parts
        held = baskets.codes[baskets.indptr[row] : baskets.indptr[row + 1]]
        if from_history >= max(from_rules, from_whole) and from_history > 0:
            place = _find(self.history_ptr_, self.history_items_, owner, code)
            bought, of = self.history_counts_[place], self.customer_baskets_[owner]
            return f"the customer's own history: in {bought:,} of {of:,} baskets"
        if from_whole > from_rules:
            table = (self.ease_ptr_, self.ease_items_, self.ease_weights_, self.ease_together_)
        else:
            table = (self.rule_ptr_, self.rule_items_, self.rule_weights_, self.rule_together_)
        strongest = _strongest(*table, held, code)
        if strongest is None:
            return f"popular: in {self.counts_[code]:,} of {self.n_baskets_:,} baskets"
        item, together = strongest
        name, of = quote([self.items_[item]]), self.counts_[item]
        if from_whole > from_rules:
            return f"the basket as a whole, {name} first: {together:,} of the {of:,} baskets with it hold this, too"
        return f"{name}: {together:,} of its {of:,} baskets hold it, too"


def _find(indptr: Ints, indices: Ints, row: int, column: int) -> int | None:
    """Where an entry of a table in compressed rows stands; None where it has none."""
    begin, stop = indptr[row], indptr[row + 1]
    place = begin + int(np.searchsorted(indices[begin:stop], column))
    return place if place < stop and indices[place] == column else None


def _strongest(
    indptr: Ints, indices: Ints, weights: Floats, together: Ints, held: Codes, code: int
) -> tuple[int, int] | None:
    """Which item of a basket adds most to an item, and how many baskets hold both; None where none adds anything."""
    places = [(int(item), place) for item in held if (place := _find(indptr, indices, item, code)) is not None]
    item, place = max(places, key=lambda one: weights[one[1]], default=(0, None))
    return None if place is None or weights[place] <= 0 else (item, int(together[place]))


def _pieces(baskets: Incidence) -> list[Incidence]:
    return [
        baskets.take(np.arange(begin, min(begin + CHUNK, baskets.n_rows))) for begin in range(0, baskets.n_rows, CHUNK)
    ]
