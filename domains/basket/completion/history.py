"""What customers bought before: the share of a customer's baskets that hold an item, small and recent ones first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from shared.checks import is_number
from shared.data import Incidence
from shared.data.durations import Duration, is_time, parse_duration
from shared.data.frequency import DAY
from shared.errors import HexadError
from shared.typing import Floats, Ints

__all__ = ["CustomerHistory", "customer_history"]

# Average baskets added to a customer's own history: from about ten on, it counts more than the rest.
PRIOR_HISTORY = 10.0


@dataclass(frozen=True)
class CustomerHistory:
    """Items of each customer's past baskets, in compressed rows.

    Attributes
    ----------
    n_baskets : numpy.ndarray of int, shape (n_customers,)
        Past baskets of each customer that count.
    indptr, indices : numpy.ndarray of int
        Items that customer c bought are ``indices[indptr[c]:indptr[c + 1]]``, ascending.
    counts : numpy.ndarray of int
        Baskets of the customer that hold the item.
    share : numpy.ndarray of float64
        Weighted share of them, shrunk.

    >>> none = np.zeros(0, dtype=np.int64)
    >>> CustomerHistory(none, none, none, none, np.zeros(0)).share.shape
    (0,)
    """

    n_baskets: Ints
    indptr: Ints
    indices: Ints
    counts: Ints
    share: Floats


def customer_history(baskets: Incidence, half_life: float | str | None) -> CustomerHistory | None:
    """Sum up what each customer bought; None where no customers are named.

    A basket of s items, at least two, counts ``1 / sqrt(s)``, and half as much every `half_life`; errands for a single
    thing say little of what fills a basket.

    Parameters
    ----------
    baskets : Incidence
    half_life : float or str, optional
        In units of the baskets' times, or as in "112D"; no fading where left out.

    Raises
    ------
    HexadError
        `half_life` does not fit the baskets' times, or they have none.

    >>> table = pd.DataFrame({"order": [1, 1, 2, 2], "item": ["a", "b", "a", "c"], "who": "x"})
    >>> from shared.data import BasketColumns
    >>> found = customer_history(Incidence.from_frame(table, BasketColumns(customer="who")), None)
    >>> found.counts.tolist(), found.share.round(3).tolist()
    ([2, 1, 1], [0.167, 0.083, 0.083])
    """
    from scipy import sparse

    ages = _ages(baskets, half_life)
    if baskets.customers is None or baskets.customer_keys is None:
        return None
    large = (baskets.sizes >= 2) & (baskets.customers >= 0)  # guests have no history
    age, n_customers, baskets = ages[large], len(baskets.customer_keys), baskets.take(large)
    each = np.maximum(baskets.sizes, 1) ** -0.5 * age
    owner = np.asarray(baskets.customers, dtype=np.int64)
    place = (owner, np.arange(baskets.n_rows))
    inside = baskets.to_sparse()
    sums = sparse.csr_array(sparse.csr_array((each, place), (n_customers, baskets.n_rows)) @ inside)
    counts = sparse.csr_array(sparse.csr_array((np.ones(len(owner)), place), (n_customers, baskets.n_rows)) @ inside)
    sums.sort_indices()  # both have the same pattern
    counts.sort_indices()
    prior = PRIOR_HISTORY * max(float(each.mean()) if len(each) else 0.0, 1e-300)
    total = np.bincount(owner, weights=each, minlength=n_customers) + prior
    return CustomerHistory(
        np.bincount(owner, minlength=n_customers),
        counts.indptr.astype(np.int64),
        counts.indices.astype(np.int64),
        counts.data.astype(np.int64),
        sums.data / np.repeat(total, np.diff(counts.indptr)),
    )


def _ages(baskets: Incidence, half_life: object) -> Floats:
    """What a basket counts for its age: one half every half-life before the last one."""
    if half_life is None:
        return np.ones(baskets.n_rows)
    if baskets.times is None:
        raise HexadError("half_life needs the baskets' times: name their column, as in BasketColumns(time=...)")
    stamps = pd.Series(baskets.times)
    if pd.api.types.is_numeric_dtype(stamps.dtype):
        if not is_number(half_life) or half_life <= 0:
            raise HexadError(f"half_life={half_life!r} is no number above 0, and the baskets' times are numbers")
        behind = (stamps.max() - stamps).to_numpy(dtype=float)
        return np.asarray(np.maximum(0.5 ** (behind / half_life), 1e-200), dtype=float)
    if not is_time(half_life):
        raise HexadError(f"half_life={half_life!r} is no text as in '112D', and the baskets' times are dates")
    behind = ((stamps.max() - stamps) / pd.Timedelta(1, "D")).to_numpy(dtype=float)
    return np.asarray(np.maximum(0.5 ** (behind / _days(parse_duration(half_life, "half_life"))), 1e-200), dtype=float)


def _days(duration: Duration) -> float:
    """Length of a duration in days; months count 30.4."""
    if duration.steps:
        raise HexadError("half_life counts steps, but the baskets' times are dates; write it as in '112D'")
    return float(duration.ns / DAY + 30.4375 * duration.months + 1.4 * duration.business_days)
