"""What new spots would win, alone and in the place of those that were chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shared.result import Result
from shared.typing import Bools, Floats

from .market import Market
from .words import percent

__all__ = ["SpotScores", "score_spots"]

CLOSE = 1e-9  # relative gain that is none but rounding


@dataclass(frozen=True, repr=False)
class SpotScores(Result):
    """New spots with what each would win.

    Attributes
    ----------
    table : pandas.DataFrame
        The spots with their answers.
    won : numpy.ndarray
        Share of the demand that each wins alone; NaN of those without an answer.
    better : numpy.ndarray of bool
        Whether the set is better with it, in the place of one that was chosen.

    >>> print(SpotScores(pd.DataFrame(), np.array([0.02, 0.03]), np.array([False, True])).explain())
    Alone, a spot wins 2.0 % to 3.0 % of the demand; 1 of 2 makes the set that was chosen better, in the place of one
    of it.
    """

    table: pd.DataFrame
    won: Floats
    better: Bools

    def to_frame(self) -> pd.DataFrame:
        """A row a spot, in their order."""
        return self.table

    def explain(self) -> str:
        """Say what they win, and how many are better than those that were chosen."""
        there = self.won[np.isfinite(self.won)]
        if not len(there):
            return "No spot got an answer."
        count = int(self.better.sum())
        verb = "makes" if count == 1 else "make"
        return (
            f"Alone, a spot wins {percent(there.min())} to {percent(there.max())} of the demand; {count:,} of"
            f" {len(there):,} {verb} the set that was chosen better, in the place of one of it."
        )


def score_spots(market: Market, chosen: list[int], rival_minutes: Floats, there: Bools) -> tuple[dict[str, Any], Bools]:
    """Score new spots, which stand before those that were chosen.

    Parameters
    ----------
    market : Market
    chosen : list of int
        Spots that were chosen; the new ones are those before them.
    rival_minutes : numpy.ndarray of shape (n_new, n_rivals)
        From the new spots.
    there : numpy.ndarray of bool
        Which of the new ones lie on a street: the others get no answer.

    Returns
    -------
    answers, better
        Columns by their names, and whether each makes the set better.

    >>> ways = np.array([[1.0, 2.0]])
    >>> market = Market(np.ones(1), ["", "b"], ["c"], ways, ways[:, :1], np.ones(2), np.ones(1), np.zeros(1, bool), 2.0)
    >>> answers, better = score_spots(market, [1], np.array([[3.0]]), np.ones(1, bool))
    >>> answers["demand won"].tolist(), answers["beats"], answers["in the place of"], better.tolist()
    ([0.5], ['1 of 1'], ['b'], [True])
    """
    n, k = len(there), len(chosen)
    alone, old = market.win_alone(), market.win(chosen)
    rest = [[one for one in chosen if one != gone] for gone in chosen]
    swaps = np.array([[market.win([*kept, place]) for kept in rest] for place in range(n)]).reshape(n, k)
    best = swaps.argmax(axis=1)
    better = np.asarray(there & (swaps.max(axis=1, initial=-np.inf) > old * (1 + CLOSE)))
    rivals = [name for name, mine in zip(market.sites, market.own, strict=True) if not mine]
    nearest = rival_minutes.argmin(axis=1)
    numbers = {
        "demand won": alone[:n].round(3),
        "share of the demand": (alone[:n] / market.total).round(5),
        "mean minutes": np.array([market.walk_to(place) for place in range(n)]).round(2),
        "minutes to the nearest rival": rival_minutes.min(axis=1).round(2),
        "set wins": swaps.max(axis=1).round(3),
        "chosen set wins": np.full(n, round(old, 3)),
    }
    texts = {
        "nearest rival": [rivals[place] for place in nearest],
        "beats": [f"{int((alone[place] > alone[chosen]).sum())} of {k}" for place in range(n)],
        "in the place of": [market.spots[chosen[place]] for place in best],
    }
    answers: dict[str, Any] = {name: np.where(there, values, np.nan) for name, values in numbers.items()}
    answers |= {
        name: [one if on else None for one, on in zip(values, there, strict=True)] for name, values in texts.items()
    }
    order = (
        "demand won", "share of the demand", "mean minutes", "minutes to the nearest rival", "nearest rival", "beats",
        "in the place of", "set wins", "chosen set wins",
    )  # fmt: skip
    return {name: answers[name] for name in order} | {"better": better}, better
