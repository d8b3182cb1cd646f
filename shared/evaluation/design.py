"""How the splits of an evaluation came about, as far as chance goes: in time and overlapping, or as folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shared.data.splits import Split
from shared.typing import Floats

__all__ = ["SplitDesign", "describe_splits", "sort_in_time"]


@dataclass(frozen=True)
class SplitDesign:
    """What splits and units have in common, so that they are not taken for independent.

    Attributes
    ----------
    in_time : bool
        Whether the splits follow one another in time.
    overlap : tuple of float
        Share of what a split waits for, from its origin to the end of its test, that it has in common with itself, the
        next split, the one after, and so on: ``(1.0,)`` where none overlap, ``(1.0, 0.5)`` for a horizon of two steps
        asked at every step.
    reuse : float
        For splits that are not in time: rows of a test over rows learnt from, where splits learn from the same rows, as
        the folds of a cross-validation do; 0 where they share none.
    units : bool
        Whether the units within a split (users, baskets) may be taken for independent, as series of one time may not.

    >>> SplitDesign(True, (1.0, 0.5)).side_by_side(40)
    20
    """

    in_time: bool = False
    overlap: tuple[float, ...] = (1.0,)
    reuse: float = 0.0
    units: bool = True

    def side_by_side(self, n: int) -> int:
        """How many of n splits in time fit side by side, sharing nothing.

        Parameters
        ----------
        n : int
        """
        return -(-n // len(self.overlap))


def describe_splits(
    splits: Sequence[Split], times: Any = None, *, in_time: bool = False, units: bool = True
) -> SplitDesign:
    """Find out what splits have in common.

    Parameters
    ----------
    splits : sequence of Split
    times : array of shape (n_rows,), optional
        Of the rows that were cut: stamps or numbers. Their positions stand in where left out.
    in_time : bool
        Whether the splitter says that it walks through time; where it does not, the splits themselves tell, if there
        are times.
    units : bool
        See `SplitDesign`.

    Returns
    -------
    SplitDesign

    >>> cuts = [Split(at, np.arange(at), np.arange(at, at + 2)) for at in (5, 6, 7)]
    >>> describe_splits(cuts, np.arange(9)).overlap
    (1.0, 0.5)
    """
    if times is None:
        order = np.arange(1 + max(int(rows.max()) for split in splits for rows in (split.train, split.test)))
    else:
        order = pd.factorize(pd.Series(times), sort=True)[0]
        in_time = in_time or bool((order >= 0).all())
    if in_time:
        begins = np.array([order[split.train].max() + 1 for split in splits], dtype=float)
        starts = np.array([order[split.test].min() for split in splits], dtype=float)
        ends = np.array([order[split.test].max() + 1 for split in splits], dtype=float)
        if (begins <= starts).all():
            return SplitDesign(True, _overlap(begins, ends), units=units)
        if len(splits) == 1 and times is not None and len(np.unique(order)) > 1:  # series that end at different times
            return SplitDesign(True, units=units)
    return SplitDesign(reuse=_reuse(splits), units=units)


def sort_in_time(splits: Sequence[Split], times: Any) -> list[Split]:
    """Put splits in the order of time, where each learns from what came before its test; others stay as they are.

    Parameters
    ----------
    splits : sequence of Split
    times : array of shape (n_rows,), optional
        Of the rows that were cut.

    >>> cuts = [Split(at, np.arange(at), np.arange(at, at + 2)) for at in (6, 5)]
    >>> [cut.label for cut in sort_in_time(cuts, np.arange(9))]
    [5, 6]
    """
    if times is None or len(splits) < 2:
        return list(splits)
    order = pd.factorize(pd.Series(times), sort=True)[0]
    if not all(len(split.train) and len(split.test) for split in splits):
        return list(splits)
    begins = [int(order[split.train].max()) for split in splits]
    starts = [int(order[split.test].min()) for split in splits]
    if any(begin >= start for begin, start in zip(begins, starts, strict=True)):
        return list(splits)
    places = sorted(range(len(splits)), key=lambda place: (begins[place], starts[place]))
    return [splits[place] for place in places]


def _overlap(begins: Floats, ends: Floats) -> tuple[float, ...]:
    """Mean share that spans have in common with the next, the one after that, ..., until none has."""
    order = np.argsort(begins, kind="stable")
    begins, ends = begins[order], ends[order]
    shares = [1.0]
    for lag in range(1, len(begins)):
        common = np.minimum(ends[:-lag], ends[lag:]) - begins[lag:]
        share = float(np.mean(np.maximum(common, 0) / (ends[:-lag] - begins[:-lag])))
        if share <= 0:
            break
        shares.append(min(share, 1.0))
    return tuple(shares)


def _reuse(splits: Sequence[Split]) -> float:
    """Rows of a test over rows learnt from, where any two splits learn from the same rows."""
    learnt = np.bincount(np.concatenate([np.unique(split.train) for split in splits]))
    if len(splits) < 2 or learnt.max(initial=0) < 2:
        return 0.0
    return float(np.mean([len(split.test) / len(split.train) for split in splits]))
