"""Which parts are tried: all that the data allow; those that do not help get no weight."""

from __future__ import annotations

import numpy as np

from domains.recommendation.behaviour.parts import FactorPart, HabitPart, LinearPart, NeighbourPart, Part, TrendPart

__all__ = ["choose_parts"]

# Half-lives and windows in periods: a ladder of doublings from a quarter of what is asked for to far beyond it.
HALF_LIVES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, np.inf)
WINDOWS = (0.5, 1.0, 2.0, 4.0)
FACTORS = (8, 16, 24, 48)


def choose_parts(question: str, *, timed: bool, rated: bool, dense: bool, rank: int) -> list[Part]:
    """Parts for a question.

    Parameters
    ----------
    question : {"new", "next"}
    timed : bool
        Whether interactions have times.
    rated : bool
        Whether they have ratings or quantities that differ.
    dense : bool
        Whether a square of items fits into memory.
    rank : int
        Users or items, whichever are fewer: as many factors give back what went in, and rank nothing else.

    >>> [part.name for part in choose_parts("new", timed=False, rated=False, dense=False, rank=9)]
    ['neighbours', 'popularity']
    """
    found: list[Part] = []
    if question == "next":
        found += [HabitPart(one) for one in (HALF_LIVES if timed else (np.inf,))]
    if dense:
        found += [LinearPart(2.0), LinearPart(8.0), LinearPart(8.0, "scaled")]
        if question == "next":
            found += [LinearPart(4.0, "log", "recent_log")]
        elif timed:
            found += [LinearPart(8.0, "presence", "recent")]
        if rated:
            found += [LinearPart(8.0, "rating")]
        found += [FactorPart(count) for count in FACTORS if 2 * count <= rank]
    found.append(NeighbourPart())
    if timed:
        found += [TrendPart("newcomers", window) for window in WINDOWS] if question == "new" else []
        found += [TrendPart("recent", window) for window in WINDOWS[:3]]
    return [*found, TrendPart("popularity")]
