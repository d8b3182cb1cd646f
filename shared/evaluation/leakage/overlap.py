"""The second instrument: the same rows, groups and answers on both sides of a split."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from shared.errors import quote
from shared.evaluation.leakage.report import Leak
from shared.evaluation.task import ColumnRoles
from shared.runtime.seeds import make_rng
from shared.typing import Bools, Ints

__all__ = ["LATE", "SAME_WORDS", "overlap"]

SAME_WORDS = "says the same as the target in other words"
LATE = "are not earlier than the first row tested on"

MAX_TRAIN, MAX_TEST, MAX_COLUMNS = 50_000, 5_000, 40
# Fewer rows of the test found again in training, and a smaller share of it, are chance.
LEAST, SHARE = 3, 0.01
MAX_SHIFT = 48
NEIGHBOURS = 11


def overlap(table: pd.DataFrame, train: Ints, test: Ints, roles: ColumnRoles, *, random_state: int = 0) -> list[Leak]:
    """Look for rows, groups and answers that lie on both sides of a split.

    >>> table = pd.DataFrame({"person": [1, 1, 2], "x": [0.1, 0.2, 0.3]})
    >>> overlap(table, np.array([0, 2]), np.array([1]), ColumnRoles(groups="person"))[0].what
    "1 of 1 groups asked for, such as '1', were learnt from, too"
    """
    rng = make_rng(random_state)
    leaks: list[Leak] = []
    leaks += _same_rows_twice(train, test)
    leaks += _time(table, train, test, roles)
    leaks += _groups(table, train, test, roles)
    some_train = _some(train, MAX_TRAIN, rng)
    some_test = _some(test, MAX_TEST, rng)
    features = [name for name in roles.inputs(table).columns if _plain(table[name])]
    if roles.y is not None and roles.y in table.columns:
        leaks += _giveaways(table, some_train, some_test, roles, features)
    if roles.time is None:
        leaks += _twins(table, some_train, some_test, roles, features[:MAX_COLUMNS])
    return leaks


def _some(rows: Ints, most: int, rng: np.random.Generator) -> Ints:
    return rows if len(rows) <= most else np.sort(rng.choice(rows, size=most, replace=False))


def _plain(values: pd.Series[Any]) -> bool:
    if values.dtype != object:
        return True
    return bool(values.dropna().map(np.isscalar).all())


def _same_rows_twice(train: Ints, test: Ints) -> list[Leak]:
    both = np.intersect1d(train, test)
    if len(both) == 0:
        return []
    what = f"{len(both):,} rows are learnt from and tested on, the first is row {int(both[0]) + 1}"
    return [Leak("the split", what, "Split again, so that no row lies on both sides.", kind="overlap")]


def _time(table: pd.DataFrame, train: Ints, test: Ints, roles: ColumnRoles) -> list[Leak]:
    """Rows to learn from that are no earlier than the first one tested on, series by series."""
    if roles.time is None or len(train) == 0 or len(test) == 0:
        return []
    stamps = table[roles.time].rank(method="dense").to_numpy(dtype=float)
    keyed = roles.unique_id is not None and roles.unique_id in table.columns
    series = pd.factorize(table[roles.unique_id])[0] if keyed else np.zeros(len(table), dtype=np.int64)
    first = pd.Series(stamps[test]).groupby(series[test]).min()
    limits = pd.Series(series[train]).map(first).to_numpy(dtype=float)
    late = int((stamps[train] >= limits).sum())
    if late == 0:
        return []
    what = f"{late:,} of {len(train):,} rows to learn from {LATE}"
    return [Leak("the split", what, "Split by time: WalkForward or LastN.", kind="overlap")]


def _groups(table: pd.DataFrame, train: Ints, test: Ints, roles: ColumnRoles) -> list[Leak]:
    if roles.groups is None:
        return []
    known = pd.unique(table[roles.groups].iloc[train])
    asked = pd.unique(table[roles.groups].iloc[test])
    both = [key for key in asked if key in set(known)]
    if not both:
        return []
    what = f"{len(both):,} of {len(asked):,} groups asked for, such as {quote(both[:1])}, were learnt from, too"
    return [
        Leak(f"the groups in {roles.groups!r}", what, "Split by group: GroupKFold, LeaveOneGroupOut.", kind="overlap")
    ]


# -- columns that give the target away ---------------------------------------------------------------------------------


def _giveaways(table: pd.DataFrame, train: Ints, test: Ints, roles: ColumnRoles, features: list[str]) -> list[Leak]:
    leaks = []
    y = table[roles.y]
    shown = [name for name in features if name not in roles.known] if roles.known else features
    for name in dict.fromkeys([*shown, *roles.known]):
        if name not in table.columns or name == roles.y:
            continue
        found = _follows(table, name, roles)
        if found is not None:
            ahead, window = found
            when = "of its own row" if ahead == 0 else f"{ahead:,} row{'s' if ahead > 1 else ''} ahead"
            what = f"holds the target {when}, but for unit and offset"
            if window > 1:
                what = f"is a mean of the target over {window:,} rows, up to {when}"
            fix = "Leave it out, or shift it to where it is known."
            leaks.append(Leak(f"column {name!r}", what, fix, (name,), ahead, "overlap"))
        elif _same_words(table[name], y):
            fix = "Leave it out: it is the answer."
            leaks.append(Leak(f"column {name!r}", SAME_WORDS, fix, (name,), 0, "overlap"))
        elif roles.time is None and _names_the_target(table[name], y, train, test):
            what = "is an id, and the ids learnt from give the target of those asked for away"
            fix = "Leave it out, and split so that no id lies on both sides: GroupKFold."
            leaks.append(Leak(f"column {name!r}", what, fix, (name,), None, "overlap"))
    return leaks


def _follows(table: pd.DataFrame, name: str, roles: ColumnRoles) -> tuple[int, int] | None:
    """Rows that a numeric column looks ahead in the target, and over how many it takes its mean.

    None where it is not the target's in other clothes: itself, itself of later rows, or a centred or later window over
    it.
    """
    x, y = table[name], table[roles.y]
    for values in (x, y):
        if not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
            return None
    a, b = (values.to_numpy(dtype=float, na_value=np.nan) for values in (x, y))
    if len(np.unique(b[np.isfinite(b)])) < 10:
        return None
    if roles.time is None:
        return (0, 1) if _same_but_for_unit(a, b) else None
    keyed = roles.unique_id is not None and roles.unique_id in table.columns
    series = pd.factorize(table[roles.unique_id])[0] if keyed else np.zeros(len(table), dtype=np.int64)
    order = np.lexsort((table[roles.time].rank(method="dense").to_numpy(dtype=float), series))[:MAX_TRAIN]
    a, b, series = a[order], b[order], series[order]
    for ahead in range(min(MAX_SHIFT, len(a) // 3) + 1):
        inside = series[: len(a) - ahead] == series[ahead:]
        if _same_but_for_unit(a[: len(a) - ahead][inside], b[ahead:][inside]):
            return ahead, 1
    for window in range(2, min(MAX_SHIFT + 1, len(a) // 3) + 1):
        mean = _mean_over(b, series, window)
        for ahead in sorted({max(1, (window - 1) // 2), window // 2, window - 1, window}):
            inside = series[: len(a) - ahead] == series[ahead:]
            if _same_but_for_unit(a[: len(a) - ahead][inside], mean[ahead:][inside]):
                return ahead, window
    return None


def _mean_over(values: NDArray[Any], series: Any, window: int) -> NDArray[Any]:
    """Mean of each row and those before it in its series; NaN where there are too few."""
    sums = np.cumsum(np.r_[0.0, np.nan_to_num(values)])
    holes = np.cumsum(np.r_[0, ~np.isfinite(values)])
    found = np.full(len(values), np.nan)
    full = (series[window - 1 :] == series[: len(series) - window + 1]) & (holes[window:] == holes[:-window])
    found[window - 1 :] = np.where(full, (sums[window:] - sums[:-window]) / window, np.nan)
    return found


def _same_words(column: pd.Series[Any], y: pd.Series[Any]) -> bool:
    """Whether every label of the target goes with one value of the column, and the other way round."""
    both = column.notna() & y.notna()
    if both.sum() < 50 or not 2 <= y[both].nunique() <= 20 or column[both].nunique() != y[both].nunique():
        return False
    pairs = pd.Series(pd.factorize(column[both])[0]).groupby(pd.factorize(y[both])[0]).nunique()
    return bool((pairs == 1).all())


def _same_but_for_unit(a: NDArray[Any], b: NDArray[Any]) -> bool:
    full = np.isfinite(a) & np.isfinite(b)
    if full.sum() < 10:
        return False
    a, b = a[full], b[full]
    # Most columns are ruled out by a handful of rows.
    for part in (slice(0, 200), slice(None)):
        one, two = a[part] - a[part].mean(), b[part] - b[part].mean()
        size = float(np.sqrt((one @ one) * (two @ two)))
        if size <= 0 or not np.isfinite(size) or abs(float(one @ two)) < (1 - 1e-9) * size:
            return False
    return len(np.unique(b)) >= 10


def _names_the_target(column: pd.Series[Any], y: pd.Series[Any], train: Ints, test: Ints) -> bool:
    """Whether a column that names things, rather than measuring them, is known on both sides with its target."""
    if pd.api.types.is_float_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return False
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return False
    known, asked = column.iloc[train], column.iloc[test]
    kinds = known.nunique()
    if kinds < 20:
        return False
    target = y.iloc[train]
    codes = pd.factorize(target)[0].astype(float)
    numeric = pd.api.types.is_float_dtype(y.dtype) or target.nunique() > 20
    if kinds < 0.9 * len(known):
        return _by_repeated_name(known, asked, target, y.iloc[test], numeric)
    if not pd.api.types.is_integer_dtype(column.dtype) or not column.is_unique:
        return False
    if int(column.max()) - int(column.min()) > 3 * len(column):
        return False
    # Running numbers: does the nearest number learnt from have the same target?
    order = np.argsort(known.to_numpy())
    place = np.clip(np.searchsorted(known.to_numpy()[order], asked.to_numpy()), 0, len(order) - 1)
    values = target.to_numpy(dtype=float) if numeric else codes
    guess = values[order][place]
    truth = y.iloc[test].to_numpy(dtype=float) if numeric else _codes_of(y.iloc[test], target)
    return _tells(guess, truth, values, numeric)


def _codes_of(values: pd.Series[Any], like: pd.Series[Any]) -> Any:
    labels = pd.factorize(like)[1]
    return pd.Index(labels).get_indexer(values).astype(float)


def _by_repeated_name(
    known: pd.Series[Any], asked: pd.Series[Any], target: pd.Series[Any], truth: pd.Series[Any], numeric: bool
) -> bool:
    values = target.to_numpy(dtype=float) if numeric else pd.factorize(target)[0].astype(float)
    by_name = pd.Series(values).groupby(known.to_numpy()).mean()
    guess = asked.map(by_name).to_numpy(dtype=float)
    there = np.isfinite(guess)
    if there.sum() < 10 or there.mean() < 0.2:
        return False
    its = truth.to_numpy(dtype=float) if numeric else _codes_of(truth, target)
    return _tells(guess[there], its[there], values, numeric)


def _tells(guess: object, truth: Any, known: Any, numeric: bool) -> bool:
    """Whether a guess is so good that it must know: 99 % of the variance, or of the labels where chance has fewer."""
    if numeric:
        spread = float(((truth - known.mean()) ** 2).sum())
        return spread > 0 and float(((truth - guess) ** 2).sum()) < 0.01 * spread
    chance = float(pd.Series(known).value_counts(normalize=True).iloc[0])
    right = float(np.mean(np.abs(guess - truth) < 1e-9))
    return right > 0.99 and chance < 0.95


# -- the same rows again -----------------------------------------------------------------------------------------------


def _twins(table: pd.DataFrame, train: Ints, test: Ints, roles: ColumnRoles, features: list[str]) -> list[Leak]:
    """Rows tested on that were learnt from, too: copies, and copies with a little noise.

    Copies agree in everything. Where rows agree by nature, because their columns hold few values, about as many
    agree in all columns but one; such rows are no copies.
    """
    columns = [name for name in features if not _is_name(table[name])]
    columns += [roles.y] if roles.y is not None and roles.y in table.columns else []
    if not columns:
        return []
    hashed = np.column_stack([_hash(table[name]) for name in columns])
    total = hashed.sum(axis=1, dtype=np.uint64)
    equal = _count_in(total[test], total[train])
    copies = equal > 0
    nearly = np.zeros(len(test), dtype=bool)
    for place in range(len(columns)):
        rest = total - hashed[:, place]
        nearly |= _count_in(rest[test], rest[train]) > equal
    enough = max(LEAST, SHARE * len(test))
    fix = "Drop the copies (drop_duplicates) before the split, or keep them on one side: GroupKFold over them."
    found = int(copies.sum())
    if found >= enough and found > nearly.sum() and len(columns) > 1:
        what = (
            f"{found:,} of {len(test):,} rows tested on are copies of rows learnt from, such as row"
            f" {_first(test, copies)}"
        )
        return [Leak("the split", what, fix, kind="overlap")]
    neighbours = _neighbours(table, train, test, features)
    if neighbours is None:
        return []
    close, between = neighbours
    for mask, what in ((close, "all but equal to rows learnt from"), (between, "mixtures of two rows learnt from")):
        if mask.sum() >= max(LEAST, 5 * SHARE * len(test)):
            told = f"{int(mask.sum()):,} of {len(test):,} rows tested on are {what}, such as row {_first(test, mask)}"
            return [Leak("the split", told, fix, kind="overlap")]
    return []


def _count_in(wanted: Any, known: NDArray[Any]) -> NDArray[Any]:
    """How often each wanted value is among the known ones."""
    values, counts = np.unique(known, return_counts=True)
    places = np.minimum(np.searchsorted(values, wanted), len(values) - 1)
    return np.where(values[places] == wanted, counts[places], 0)


def _is_name(values: pd.Series[Any]) -> bool:
    """Whether a column only tells rows apart, as a running number or a stamp does."""
    return not pd.api.types.is_float_dtype(values.dtype) and bool(values.is_unique)


def _first(test: Ints, mask: Bools) -> int:
    return int(test[np.flatnonzero(mask)[0]]) + 1


def _hash(values: pd.Series[Any]) -> NDArray[Any]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    hashed = pd.util.hash_array(values.to_numpy() if values.dtype != object else values.astype(str).to_numpy())
    return pd.util.hash_array(hashed + np.uint64(zlib.crc32(str(values.name).encode())))


def _several_dimensions(X: NDArray[Any]) -> bool:
    """Whether rows fill more than a line, curved or not: each column's rank tells little of the others'."""
    ranks = np.argsort(np.argsort(X[:2000], axis=0), axis=0).astype(float)
    return bool(np.abs(np.corrcoef(ranks, rowvar=False) - np.eye(ranks.shape[1])).min(axis=0).min() < 0.98) and not all(
        _follows_smoothly(X[:2000, 0], X[:2000, place]) for place in range(1, X.shape[1])
    )


def _follows_smoothly(x: ArrayLike, y: NDArray[Any]) -> bool:
    """Whether a column is a function of another: neighbours in one are neighbours in the other."""
    step = np.abs(np.diff(y[np.argsort(x, kind="stable")]))
    return bool(np.median(step) < 0.02 * (np.percentile(y, 95) - np.percentile(y, 5) + 1e-300))


def _neighbours(table: pd.DataFrame, train: Ints, test: Ints, features: list[str]) -> tuple[Bools, Bools] | None:
    """Rows far nearer to a row learnt from than to the next ones, and rows exactly on a line between two of them."""
    from sklearn.neighbors import NearestNeighbors

    names = [
        name
        for name in features
        if pd.api.types.is_float_dtype(table[name].dtype) and table[name].min() < table[name].max()
    ]
    if len(names) < 2 or len(train) < 20:
        return None
    X = table[names].to_numpy(dtype=float)
    full = np.isfinite(X).all(axis=1)
    learnt, asked = train[full[train]][:20_000], test[full[test]]
    if len(learnt) < 20 or len(asked) < 10:
        return None
    spread = X[learnt].std(axis=0)
    X = (X - X[learnt].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    distance, place = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(X[learnt]).kneighbors(X[asked])
    near = (distance[:, 0] > 0) & (distance[:, 0] < 0.05 * distance[:, 4])
    if not _several_dimensions(X[learnt]):  # on a line the nearest is often that near by chance
        near[:] = False
    between = np.zeros(len(asked), dtype=bool)
    fine = [place_ for place_, name in enumerate(names) if table[name].nunique() > 0.5 * len(table)]
    if len(fine) >= 3:  # in fewer dimensions, or on a lattice, rows lie on lines by nature
        ways = X[learnt][:, fine][place] - X[asked][:, fine][:, None, :]
        length = np.linalg.norm(ways, axis=2, keepdims=True)
        ways = np.where(length > 0, ways / np.maximum(length, 1e-300), 0.0)
        between = (ways @ ways.transpose(0, 2, 1)).min(axis=(1, 2)) < -1 + 1e-9
    found = [np.zeros(len(test), dtype=bool) for _ in range(2)]
    for mask, rows in zip(found, (near, between), strict=True):
        mask[np.isin(test, asked[rows])] = True
    return found[0], found[1]
