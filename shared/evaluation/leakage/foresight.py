"""The third instrument: what a column knows of the target that the target's own past does not tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from shared.evaluation.task import ColumnRoles
from shared.typing import Floats

__all__ = ["Foresight", "find_foresight"]

# A share of what is left after the past: .99 is an error of a tenth of what the past alone would give. Weather, prices
# and plans stay below it on everything measured here; the target rounded, in other units or with a little noise does
# not.
TELLING = 0.99
# Of a target that hardly moves from row to row little is left after its last value, and noise hides some of that: a
# column that alone, without any past, is the target but for a thousandth of its variance tells enough with less.
TELLING_ALONE, TELLING_BESIDE = 0.999, 0.95
LAGS = 8
FEWEST_KINDS = 3  # values of a column below which ranges that do not meet may be chance, or a plan
KNOTS = 8
MAX_SERIES, MAX_ROWS, MAX_AHEAD = 5, 2000, 30
WINDOWS = (1, 2, 3, 6, 12, 24, 48)  # rows ahead of which a column may be made up
LEAST_ROWS = 40
MAX_SEASON = 400
# Of most columns the last rows of one series show that they know nothing: the rest is not worth a regression then.
FIRST_ROWS, NOTHING = 500, 0.8


@dataclass(frozen=True)
class Foresight:
    """What a column knows.

    Attributes
    ----------
    column : str
    ahead : int
        Rows that it looks ahead; 0 where it knows the target of its own row.
    share : float
        Of the variance of the target that its past leaves open, what the column explains.

    >>> Foresight("x", 0, 0.9991).percent
    '99.9 %'
    """

    column: str
    ahead: int
    share: float

    @property
    def percent(self) -> str:
        """The share, for people; never rounded up to all of it."""
        return f"{min(np.floor(1000 * self.share) / 10, 99.9):.1f} %"


def find_foresight(table: pd.DataFrame, columns: list[str], roles: ColumnRoles, *, ahead: bool) -> list[Foresight]:
    """Find columns that know the target's answer, at their own row or ahead of it.

    Everything is measured on what is left after the last values and the season are taken away, so that trends, random
    walks and calendars tell nothing: a regression of the target on its past is compared with one that has the column,
    bent at eight quantiles, its value before, and its product with the last target, too. Columns with few values, such
    as plans and days off, are no copies of a target with many.

    Parameters
    ----------
    table : pandas.DataFrame
        Long; in any order.
    columns : list of str
        To be looked at; those that hold no numbers are passed over.
    roles : ColumnRoles
        With `y` and `time`.
    ahead : bool
        Whether to look at targets of later rows, for columns whose past alone is known, or at that of the own row, for
        columns that are known ahead.

    Returns
    -------
    list of Foresight
        In the order of the columns; of one column the nearest row of which it knows the answer.

    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame({"t": range(200), "y": rng.normal(size=200).cumsum()})
    >>> table["x"] = table["y"].shift(-1).round(2)
    >>> find_foresight(table, ["x"], ColumnRoles("y", "t"), ahead=True)[0].ahead
    1
    """
    y = _numbers(table[roles.y])
    if y is None:
        return []
    parts = list(_series(table, roles))
    if not parts:
        return []
    distinct = len(np.unique(y[np.isfinite(y)]))
    found = []
    for name in columns:
        x = _numbers(table[name])
        if x is None:
            continue
        own = [(x[rows], y[rows]) for rows in parts]
        if len(np.unique(x[np.isfinite(x)])) < (min(KNOTS, distinct) if ahead else KNOTS):
            if ahead and (few := _sort_ahead(name, own)) is not None:
                found.append(few)
            continue
        if (one := _look_ahead(name, own) if ahead else _look(name, own, 0)) is not None:
            found.append(one)
    return found


def _look_ahead(name: str, own: list[tuple[Floats, Floats]]) -> Foresight | None:
    """What a column knows of later rows: of one of them, or of several that it is made up of."""
    shortest = min((len(y) for _, y in own), default=0)
    for step in range(1, min(MAX_AHEAD, shortest // 4) + 1):
        if (one := _look(name, own, step)) is not None:
            return one
    for window in WINDOWS:
        if window > shortest // 6:
            break
        share = _median_share(_made_of_later, own, window)
        if share is not None and share >= TELLING:
            return Foresight(name, window, share)
    return None


def _sort_ahead(name: str, own: list[tuple[Floats, Floats]]) -> Foresight | None:
    """What a column of few values knows: whether each of them stands before later targets of a range of its own."""
    shortest = min((len(y) for _, y in own), default=0)
    for step in range(1, min(MAX_AHEAD, shortest // 4) + 1):
        told = [share for x, y in own if (share := _sorted_share(x[:-step], y[step:])) is not None]
        if told and min(told) > 0:
            return Foresight(name, step, float(np.median(told)))
    return None


def _sorted_share(x: Floats, y: Floats) -> float | None:
    """Share of a target's variance between the values of a column, where these part it into ranges that do not meet.

    0 where the ranges meet; None where the column has too few values, or only counts on in time.
    """
    full = np.isfinite(x) & np.isfinite(y)
    x, y = x[full], y[full]
    kinds = np.unique(x)
    if len(kinds) < FEWEST_KINDS or len(y) < LEAST_ROWS // 2 or len(np.unique(y)) <= len(kinds):
        return None
    # What only rises in time is parted by anything that counts on in time.
    if len(np.flatnonzero(np.diff(x))) < 2 * len(kinds):
        return None
    spans = sorted((float(y[x == kind].min()), float(y[x == kind].max())) for kind in kinds)
    if any(before[1] > after[0] for before, after in pairwise(spans)):
        return 0.0
    within = sum(float(((y[x == kind] - y[x == kind].mean()) ** 2).sum()) for kind in kinds)
    return 1 - within / float(((y - y.mean()) ** 2).sum())


def _look(name: str, own: list[tuple[Floats, Floats]], step: int) -> Foresight | None:
    """What a column knows of the target some rows ahead; the median over series."""
    share = _median_share(_explained, own, step)
    if share is None:
        return None
    if share < TELLING and all(_is_function_of(*pair, step) for pair in own):
        share = 1.0
    if share >= TELLING:
        return Foresight(name, step, share)
    alone = share >= TELLING_BESIDE and step <= 1 and float(np.median([_alone(*pair, step) for pair in own]))
    return Foresight(name, step, share) if alone >= TELLING_ALONE else None


def _median_share(
    share_of: Callable[[Floats, Floats, int], float | None], own: list[tuple[Floats, Floats]], step: int
) -> float | None:
    """Median over series of a share; None where no series tells it."""
    x, y = own[0]
    first = share_of(x[-FIRST_ROWS:], y[-FIRST_ROWS:], step)
    if first is not None and first < NOTHING:
        return first
    shares = [share for pair in own if (share := share_of(*pair, step)) is not None]
    return float(np.median(shares)) if shares else None


def _is_function_of(x: Floats, y: Floats, ahead: int) -> bool:
    """Whether a column only rises, or only falls, with the target some rows ahead, as that does when it is rounded."""
    a, b = x[: len(x) - ahead], y[ahead:]
    full = np.isfinite(a) & np.isfinite(b)
    a, b = a[full], b[full]
    order = np.lexsort((a, b))
    changes, in_time = np.diff(a[order]), np.diff(b)
    equal = np.diff(b[order]) == 0
    if (changes[equal] != 0).any() or len(np.unique(a)) < KNOTS:
        return False
    # What only rises in time does so with anything else that only rises in time.
    return bool(((changes >= 0).all() or (changes <= 0).all()) and (in_time > 0).any() and (in_time < 0).any())


def _numbers(values: pd.Series[Any]) -> Floats | None:
    """A column as numbers; None where it holds none."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype) or isinstance(values.dtype, pd.CategoricalDtype):
        return None
    if not pd.api.types.is_numeric_dtype(values.dtype):
        parsed = pd.to_numeric(values.astype(object), errors="coerce")
        if parsed.notna().sum() < 0.9 * max(int(values.notna().sum()), 1):
            return None
        values = parsed
    numbers = np.asarray(pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan), dtype=float)
    return numbers if np.isfinite(numbers).sum() >= LEAST_ROWS else None


def _series(table: pd.DataFrame, roles: ColumnRoles) -> Iterator[Any]:
    """Rows of the longest series, in the order of time, the last ones of each."""
    stamps = table[roles.time].rank(method="dense").to_numpy(dtype=float)
    keyed = roles.unique_id is not None and roles.unique_id in table.columns
    codes = pd.factorize(table[roles.unique_id])[0] if keyed else np.zeros(len(table), dtype=np.int64)
    order = np.lexsort((stamps, codes))
    sizes = np.bincount(codes[codes >= 0])
    ends = np.cumsum(np.r_[0, sizes]) + int((codes < 0).sum())
    for place in np.argsort(-sizes, kind="stable")[:MAX_SERIES]:
        if sizes[place] >= LEAST_ROWS:
            yield order[ends[place] : ends[place + 1]][-MAX_ROWS:]


def _explained(x: Floats, y: Floats, ahead: int) -> float | None:
    """Share a column explains of what the past leaves open of the target some rows ahead; None if that is nothing."""
    n = len(y)
    lags = int(np.clip(n // 20, 2, LAGS))
    season = _season(y)
    back = -(-max(ahead, 1) // season) * season  # whole seasons before the target, known where the column is read
    first = max(lags + 1, back - ahead)
    if n - first - ahead < LEAST_ROWS // 2:
        return None
    now = np.arange(first, n - ahead)
    at = now if ahead else now - 1  # the last target that is known
    past = [y[at - lag] for lag in range(lags)] + [y[now + ahead - back]]
    return _share_explained(past, [x[now - 1], x[now] * y[at], *_bent(x, now)], y[now + ahead])


def _alone(x: Floats, y: Floats, ahead: int) -> float:
    """Share of the target's own variance that a column explains without any past."""
    now = np.arange(len(y) - ahead)
    share = _share_explained([], _bent(x, now), y[now + ahead])
    return 0.0 if share is None else share


def _made_of_later(x: Floats, y: Floats, window: int) -> float | None:
    """Share of what the target so far leaves open of a column that the target's later rows explain."""
    now = np.arange(window, len(y) - window)
    past = [y[now - lag] for lag in range(window + 1)]
    return _share_explained(past, [y[now + lag] for lag in range(1, window + 1)], x[now])


def _bent(x: Floats, now: Any) -> list[Floats]:
    """A column as a regression needs it to follow any smooth function of it."""
    knots = np.unique(np.nanquantile(x, np.linspace(0, 1, KNOTS + 2)[1:-1]))
    own, low, high = x[now], np.nanmin(x), np.nanmax(x)
    shapes = [np.sign(own) * np.sqrt(np.abs(own)), np.log(np.maximum(own - low, 1e-9 * max(high - low, 1e-300)))]
    if high - low < 50:  # further apart, all but the largest values would be nothing
        shapes.append(np.exp(own - high))
    return [own, *shapes, *(np.maximum(own - knot, 0) for knot in knots)]


def _share_explained(given: list[Floats], more: list[Floats], target: Floats) -> float | None:
    """Share of what some columns leave open of a target that more of them explain, degrees of freedom counted."""
    wide = np.column_stack([np.ones(len(target)), *given, *more])
    full = np.isfinite(wide).all(axis=1) & np.isfinite(target)
    wide, target = wide[full], target[full]
    if len(target) < wide.shape[1] + LEAST_ROWS // 2:
        return None
    narrow = wide[:, : 1 + len(given)]
    open_, left = (_residual(design, target) for design in (narrow, wide))
    if open_ <= 1e-9 * float(((target - target.mean()) ** 2).sum()):
        return None
    free = [len(target) - design.shape[1] for design in (narrow, wide)]
    return float(1 - (left / free[1]) / (open_ / free[0]))


def _residual(design: Floats, target: Floats) -> float:
    scale = np.sqrt((design**2).mean(axis=0))
    scaled = design / np.where(scale > 0, scale, 1.0)
    solution = np.linalg.lstsq(scaled, target, rcond=1e-10)[0]
    return float(((target - scaled @ solution) ** 2).sum())


def _season(y: Floats) -> int:
    """Rows after which the changes of a series are most alike; 1 where none are."""
    change = np.diff(np.where(np.isfinite(y), y, np.nanmean(y)))
    change = change - change.mean()
    n, most = len(change), min(len(change) // 3, MAX_SEASON)
    power = float(change @ change)
    if most < 2 or power <= 0:
        return 1
    spectrum = np.abs(np.fft.rfft(change, 2 * n)) ** 2
    alike = np.fft.irfft(spectrum)[2 : most + 1] / power
    best = int(np.argmax(alike))
    return best + 2 if alike[best] > 0.2 else 1
