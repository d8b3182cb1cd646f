"""Frequent itemsets, exactly: the search, the guard before it, and mlxtend in its place."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from numbers import Integral, Real
from types import ModuleType
from typing import Any, Literal

import numpy as np
import pandas as pd

from domains.basket.errors import TooManyError
from domains.basket.mining.itemsets import Itemsets, Kind
from domains.basket.mining.tree import Layout, Tree
from shared.checks import is_whole
from shared.data import Incidence
from shared.data.columns import ITEM, ORDER
from shared.data.io.frames import as_pandas
from shared.errors import Argument, DataError, HexadError, quote, require
from shared.typing import Codes, Floats, Lengths

__all__ = ["as_baskets", "as_fraction", "estimate_itemsets", "frequent_itemsets", "min_count_of"]

# Sets found before the rest is estimated: they take a second or two.
FIRST_LIMIT = 1_000_000
# Random descents from each first item; how far their estimate scatters is worked out from them, too.
TRIES = 16
KINDS = ("all", "closed", "maximal")
MAX_LENGTH = 32_000


def _kernels() -> ModuleType:
    """Compiled loops, which are loaded where they are first needed."""
    from domains.basket.mining import kernels

    return kernels


def frequent_itemsets(
    baskets: object,
    min_support: float = 0.01,
    *,
    max_length: int | None = None,
    kind: Kind = "all",
    with_items: Iterable[Any] | None = None,
    without_items: Iterable[Any] | None = None,
    max_itemsets: int = 10_000_000,
    engine: Literal["hexad", "mlxtend"] = "hexad",
) -> Itemsets:
    """Find all sets of items that are in many baskets.

    Depth first over projected databases as bitsets (Zaki 2000, Eclat; closed sets by extensions that keep the prefix,
    Uno, Asai, Uchida & Arimura 2004, LCM). Counts are whole numbers, and the threshold is exact.

    Parameters
    ----------
    baskets : Incidence, list of lists, or frame
        A frame with columns ``order`` and ``item`` is a long table; any other is taken as a matrix of zeros and ones.
    min_support : float or int
        Least share of all baskets (a float up to 1), or least number of baskets (an int).
    max_length : int, optional
        Largest number of items in a set.
    kind : {"all", "closed", "maximal"}
        All frequent sets; those that no item can join without losing a basket; or those that no item can join at all.
    with_items : iterable, optional
        Only sets that hold at least one of these. This is pushed into the search, which then looks at nothing else.
    without_items : iterable, optional
        Items to be left out before the search.
    max_itemsets : int
        The search stops before it begins where the answer is estimated to be larger.
    engine : {"hexad", "mlxtend"}
        mlxtend's ``fpgrowth`` gives the same sets, later.

    Returns
    -------
    Itemsets

    Raises
    ------
    HexadError
        A support out of range, unknown items, or too many sets; then with a support at which they would fit.
    DataError
        What is wrong with the baskets.

    >>> sets = frequent_itemsets([["milk", "bread"], ["milk"], ["milk", "bread"]], min_support=2)
    >>> sets.counts.tolist()
    [2, 2, 3]
    """
    found = as_baskets(baskets)
    least = min_count_of(min_support, found.n_rows)
    if kind not in KINDS:
        raise HexadError(f"kind={kind!r} is none of {quote(KINDS)}")
    longest = whole_number(max_length, "max_length", MAX_LENGTH)
    limit = whole_number(max_itemsets, "max_itemsets", 2**31 - 1)
    wanted = None if with_items is None else found.item_codes(with_items)
    barred = np.zeros(0, np.int64) if without_items is None else found.item_codes(without_items)
    asked: dict[str, Any] = {
        "min_count": least,
        "kind": kind,
        "max_length": max_length,
        "with_items": None if wanted is None else tuple(found.items[wanted]),
        "without_items": None if without_items is None else tuple(found.items[barred]),
    }
    if wanted is not None and len(both := np.intersect1d(wanted, barred)):
        raise HexadError(f"{quote(found.items[both])} are asked for and left out; take them from one of the two")
    if engine == "mlxtend":
        return _with_mlxtend(found, asked, wanted, barred, longest)
    if engine != "hexad":
        raise HexadError(f"engine={engine!r} is none of 'hexad', 'mlxtend'")
    order, n_first = _rank_items(found, least, wanted, barred)
    layout = Layout.of(found, order)
    if kind != "all":
        return _search_closed(found, layout, asked, n_first, longest, limit)
    return _all(found, layout, asked, n_first, longest, limit)


def as_baskets(baskets: Any) -> Incidence:
    """Take what a user has as baskets.

    >>> as_baskets([["a"]]).n_rows
    1
    """
    if type(baskets).__module__.split(".")[0] in {"polars", "pyarrow"} and hasattr(baskets, "schema"):
        baskets = as_pandas(baskets, "baskets")
    if isinstance(baskets, pd.DataFrame) and {ORDER, ITEM} <= {*baskets.columns, *baskets.index.names}:
        baskets = as_pandas(baskets, "baskets", copy=False)
    try:
        found = _make_baskets(baskets)
    except DataError as error:
        raise error.respell(_spell) from None
    if found.n_rows == 0:
        raise HexadError("there are no baskets")
    return found


def _spell(argument: Argument) -> str:
    """Say where an argument is given that is not one of the functions that take baskets."""
    return f"{argument} to Incidence.from_frame, from_lists or from_onehot, and its baskets here"


def _make_baskets(baskets: Any) -> Incidence:
    if isinstance(baskets, Incidence):
        found = baskets
    elif isinstance(baskets, pd.DataFrame) and {ORDER, ITEM} <= set(baskets.columns):
        found = Incidence.from_frame(baskets)
    elif isinstance(baskets, pd.DataFrame) and {"itemset", "itemsets"} & set(map(str, baskets.columns)):
        raise HexadError(
            "this is a table of itemsets and no longer one of baskets: association_rules(table, ...) makes rules of it"
        )
    elif isinstance(baskets, pd.DataFrame):
        if not _is_onehot(baskets):
            raise HexadError(
                f"this table has the columns {quote(baskets.columns)} and holds more than zeros and ones. If it is"
                " long, a row an item, say which is which: Incidence.from_frame(table, BasketColumns(order=...,"
                " item=...)); if its columns are items and its values counts: Incidence.from_onehot(table)"
            )
        found = Incidence.from_onehot(baskets)
    elif hasattr(baskets, "tocoo") or (isinstance(baskets, np.ndarray) and baskets.ndim == 2):
        found = Incidence.from_onehot(baskets)
    else:
        found = Incidence.from_lists(baskets)
    return found


def _is_onehot(frame: pd.DataFrame) -> bool:
    """Whether every column holds only zeros and ones, or truth values; missing values are told elsewhere."""
    for number in range(frame.shape[1]):
        column = frame.iloc[:, number]
        if isinstance(column.dtype, pd.SparseDtype):
            column = pd.Series(column.array.sp_values)
        if not column.dropna().isin([0, 1]).all():
            return False
    return True


def as_fraction(value: object, name: str) -> Fraction:
    """Take a number as it is meant: 0.2 is one fifth, and 7 / 15 seven fifteenths, not the nearest binary fraction.

    >>> as_fraction(0.2, "min_confidence"), as_fraction(7 / 15, "min_support")
    (Fraction(1, 5), Fraction(7, 15))
    """
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real) or not math.isfinite(value):
        raise HexadError(f"{name}={value!r} is no number")
    if isinstance(value, Integral):
        return Fraction(int(value))
    if isinstance(value, np.floating) and not isinstance(value, np.float64):
        value = float(str(value))  # a shorter float is meant as it is written: np.float32(0.3) is 0.3
    # Two fractions of small denominators are never the same float, so the first one found is the one that was meant.
    exact = Fraction(float(value))
    near = [exact.limit_denominator(10**power) for power in range(1, 9)]
    # What was worked out, as 0.1 + 0.2 or numpy.arange, is off by a few units of its last place. A root of something is
    # that near to fractions of large denominators only.
    off = 4 * math.ulp(float(value))
    meant = (one for one in near[:6] if abs(float(one) - float(value)) <= off)
    same = (one for one in near if float(one) == float(value))
    return next(meant, next(same, Fraction(str(float(value)))))


def min_count_of(min_support: object, n_baskets: int) -> int:
    """Least number of baskets, exactly.

    >>> min_count_of(0.002, 4917), min_count_of(3, 10), min_count_of(0.3, 10)
    (10, 3, 3)
    """
    share = as_fraction(min_support, "min_support")
    if isinstance(min_support, Integral):
        if share < 1:
            raise HexadError(
                f"min_support={min_support} is less than one basket; give a share between 0 and 1, or a count"
            )
        return int(share)
    if not 0 < share <= 1:
        raise HexadError(f"min_support={min_support} is no share between 0 and 1; for a number of baskets give an int")
    return max(1, math.ceil(share * n_baskets))


def whole_number(value: object, name: str, most: int) -> int:
    """A whole number from 1 on, held at `most`; None stands for `most`."""
    if value is None:
        return most
    if not is_whole(value):
        raise HexadError(f"{name}={value!r} is no whole number from 1 on")
    return min(int(value), most)


def whole_seed(value: object) -> int:
    """A seed that compiled code takes, too."""
    if not is_whole(value, 0, 2**31 - 1):
        raise HexadError(f"random_state={value!r} is no whole number from 0 to {2**31 - 1:,}")
    return int(value)


def _rank_items(baskets: Incidence, least: int, wanted: Any, barred: Any) -> tuple[Any, int]:
    """Frequent items by rank, the rarest first, those asked for before all others; and how many may come first."""
    counts = baskets.counts
    order = np.argsort(counts, kind="stable")
    keep = counts[order] >= least
    if len(barred):
        keep &= ~np.isin(order, barred)
    order = order[keep]
    if wanted is None:
        return order, len(order)
    asked = np.isin(order, wanted)
    return np.concatenate([order[asked], order[~asked]]), int(asked.sum())


def _all(baskets: Incidence, layout: Layout, asked: dict[str, Any], n_first: int, longest: int, limit: int) -> Itemsets:
    least = asked["min_count"]
    item, length, count, broken = _search_all(layout, n_first, least, longest, min(limit, FIRST_LIMIT))
    if broken and limit > FIRST_LIMIT and _estimate(layout, n_first, least, longest)[0] <= limit:
        item, length, count, broken = _search_all(layout, n_first, least, longest, limit)
    if broken:
        raise _too_many(layout, n_first, least, longest, limit, baskets.n_rows, "all")
    tree = Tree(layout.order, item, length, count)
    return Itemsets(
        tree.indptr, tree.codes, count, baskets, tree=tree if n_first == len(layout.order) else None, **asked
    )


def _search_all(
    layout: Layout, n_first: int, least: int, longest: int, most: int
) -> tuple[Codes, Lengths, Codes, bool]:
    """The frequent sets as columns of a tree, and whether the search was left because there are more than `most`."""
    found: tuple[Codes, Lengths, Codes, bool] = _kernels().frequent_sets(
        layout.row_items, layout.item_ptr, layout.begins, layout.stops, n_first, least, longest, most
    )
    return found


def _search_closed(
    baskets: Incidence, layout: Layout, asked: dict[str, Any], n_first: int, longest: int, limit: int
) -> Itemsets:
    least, kind = asked["min_count"], asked["kind"]
    ptr, flat, count, broken = _kernels().mine_closed(
        layout.row_ptr,
        layout.row_items,
        layout.item_ptr,
        layout.held,
        n_first,
        least,
        longest,
        limit,
        kind == "maximal",
    )
    if broken:
        raise _too_many(layout, n_first, least, longest, limit, baskets.n_rows, kind)
    return Itemsets(ptr, layout.order[flat], count, baskets, **asked)


def estimate_itemsets(
    baskets: object, min_support: float = 0.01, *, max_length: int | None = None, random_state: int = 0
) -> tuple[float, float]:
    """Estimate how many frequent itemsets there are, without finding them all, by random walks (Knuth 1975).

    Parameters
    ----------
    baskets, min_support, max_length
        As of `frequent_itemsets`.
    random_state : int

    Returns
    -------
    float, float
        The estimate, and its standard error. Where a few branches hold most of the sets, it tends to be too small.

    >>> estimate_itemsets([["a", "b"], ["a", "b"]], min_support=2)
    (3.0, 0.0)
    """
    found = as_baskets(baskets)
    least = min_count_of(min_support, found.n_rows)
    order, n_first = _rank_items(found, least, None, [])
    seed = whole_seed(random_state)
    return _estimate(Layout.of(found, order), n_first, least, whole_number(max_length, "max_length", MAX_LENGTH), seed)


def _estimate(layout: Layout, n_first: int, least: int, longest: int, seed: int = 0) -> tuple[float, float]:
    sizes: Floats = _kernels().estimate_size(
        layout.row_items, layout.item_ptr, layout.begins, layout.stops, n_first, least, longest, TRIES, seed
    )
    if sizes.size == 0:
        return 0.0, 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        spread = float(np.sqrt(sizes.var(axis=1, ddof=1).sum() / TRIES))
        return float(sizes.mean(axis=1).sum()), spread


def _too_many(
    layout: Layout, n_first: int, least: int, longest: int, limit: int, n_baskets: int, kind: str
) -> TooManyError:
    """Say how many sets there are, and with which support they would fit."""
    about = max(_estimate(layout, n_first, least, longest)[0], float(limit))
    advice, best = "", least
    while best < n_baskets and not advice:
        best = min(max(best + 1, math.ceil(best * 1.25)), n_baskets)
        if _estimate(layout, n_first, best, longest)[0] <= limit:
            many = _sets_at(layout, n_first, best, longest, limit)
            advice = (
                f"Raise min_support to {best} baskets ({best / n_baskets:.3g}; {many:,} sets), or pass " if many else ""
            )
    pairs = _estimate(layout, n_first, least, min(longest, 3))[0]
    short = "max_length=3, " if longest > 3 and pairs <= limit else ""
    closed = "" if kind != "all" else "kind='closed', "
    number = f"about {about:.2g}" if kind == "all" and about > limit else f"more than {limit:,}"
    return TooManyError(
        f"{number} {'' if kind == 'all' else kind + ' '}itemsets are in at least {least:,} baskets, more than"
        f" max_itemsets={limit:,}. {advice or 'Pass '}{short}{closed}or a larger max_itemsets (a million sets take"
        " about 50 MB)"
    )


def _sets_at(layout: Layout, n_first: int, least: int, longest: int, limit: int) -> int:
    """How many sets there are, counted; 0 where they do not fit, or there are none."""
    item, _, _, broken = _search_all(layout, n_first, least, longest, limit)
    return 0 if broken else len(item)


def _with_mlxtend(baskets: Incidence, asked: dict[str, Any], wanted: Any, barred: object, longest: int) -> Itemsets:
    """The same through mlxtend's fpgrowth, from dense truth values."""
    if asked["kind"] != "all":
        raise HexadError(f"mlxtend finds no {asked['kind']} sets here; leave engine out")
    require("mlxtend", package="mlxtend", extra="basket")
    from mlxtend.frequent_patterns import fpgrowth

    least = asked["min_count"]
    order, _ = _rank_items(baskets, least, None, barred)
    if len(order) == 0:
        none = np.zeros(0, dtype=np.int32)
        tree = Tree(none, none, none.astype(np.int16), none) if wanted is None else None
        return Itemsets(np.zeros(1, dtype=np.int64), none, none, baskets, tree=tree, **asked)
    column = np.full(max(baskets.n_items, 1), -1)
    column[order] = np.arange(len(order))
    inside = column[baskets.codes] >= 0
    dense = np.zeros((baskets.n_rows, len(order)), dtype=bool)
    dense[baskets.rows[inside], column[baskets.codes[inside]]] = True
    # Half a basket less: mlxtend compares shares of binary fractions, which lose sets that are exactly at the bound.
    table = fpgrowth(
        pd.DataFrame(dense, columns=range(len(order))),
        min_support=(least - 0.5) / baskets.n_rows,
        max_len=None if longest == MAX_LENGTH else longest,
    )
    sets = [
        sorted((int(order[one_column]) for one_column in one), key=lambda code: (baskets.counts[code], code))
        for one in table["itemsets"]
    ]
    if wanted is not None:
        chosen = set(wanted.tolist())
        kept = [bool(chosen & set(one)) for one in sets]
        table, sets = table[kept], [one for one, keep in zip(sets, kept, strict=True) if keep]
    counts = np.rint(table["support"].to_numpy(dtype=float) * baskets.n_rows).astype(np.int32)
    ranked = sorted(range(len(sets)), key=lambda k: [(int(baskets.counts[code]), code) for code in sets[k]])
    lengths = np.array([len(sets[k]) for k in ranked], dtype=np.int64)
    flat = np.array([code for k in ranked for code in sets[k]], dtype=np.int32)
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    made = Itemsets(indptr, flat, counts[ranked], baskets, **asked)
    if wanted is not None:
        return made
    rank = np.zeros(max(baskets.n_items, 1), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    last = rank[flat[indptr[1:] - 1]] if len(flat) else np.zeros(0, np.int32)
    tree = Tree(order.astype(np.int32), last, lengths.astype(np.int16), made.counts)
    return Itemsets(indptr, flat, made.counts, baskets, tree=tree, **asked)
