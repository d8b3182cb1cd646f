"""Searches for the columns worth keeping: one that decides, nested so that it is judged, and others that shake it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from domains.optimization import EvolutionarySelector, Selection
from domains.timeseries import StandardizedRidge
from shared.runtime.parallel import map_parallel
from shared.typing import Floats, Ints

from .rows import Rows
from .settings import FeaturesSettings

__all__ = ["SURE", "Choice", "LaterParts", "choose_columns"]

BLOCKS = 20  # stretches of the rows learnt from; a search that shakes the choice leaves some out whole
LEFT_OUT = 4
SURE = 0.8  # share of these searches that have to agree


class LaterParts:
    """Folds in time: each part of the later half is predicted from all rows before it.

    Parameters
    ----------
    folds : int

    >>> [(len(train), test.tolist()) for train, test in LaterParts(2).split(np.zeros((8, 1)))]
    [(4, [4, 5]), (6, [6, 7])]
    """

    def __init__(self, folds: int) -> None:
        self.folds = folds

    def split(self, X: Any, y: object = None, groups: object = None) -> Iterator[tuple[Ints, Ints]]:
        """Yield rows to learn from and to judge by, as scikit-learn's splitters do.

        Parameters
        ----------
        X : array of shape (n_rows, n_columns)
            In the order of time.
        y, groups : object
            Not used.
        """
        bounds = np.linspace(len(X) // 2, len(X), self.folds + 1).astype(int)
        for begin, end in pairwise(bounds):
            yield np.arange(begin), np.arange(begin, end)

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return the number of parts.

        Parameters
        ----------
        X, y, groups : object
            Not used.
        """
        return self.folds


@dataclass(frozen=True)
class Choice:
    """Columns that a search chose, and how sure that is.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a column that was searched: "chosen", "frequency" (share of the searches on other rows that chose it),
        "alone" (R squared of a straight line of it alone) and "worth" (R squared on folds that is lost without it, of
        one that was chosen, or won with it).
    selection : Selection
        What the search is worth, nested.
    searches : int

    >>> table = pd.DataFrame({"chosen": [True, False], "frequency": [1.0, 0.2]}, index=["a", "b"])
    >>> Choice(table, Selection(pd.DataFrame(), 0.5, 0.4, 0.3, 0.5), 5).columns
    ['a']
    """

    table: pd.DataFrame
    selection: Selection
    searches: int

    @property
    def columns(self) -> list[str]:
        """Those chosen, in the order of the table."""
        return [str(name) for name in self.table.index[self.table["chosen"]]]

    @property
    def sure(self) -> list[str]:
        """Those of them that at least four of five searches on other rows chose, too."""
        return [name for name in self.columns if self.table["frequency"][name] >= SURE]

    def ranking(self) -> list[str]:
        """All columns, the best first: chosen ones, then by how often others were."""
        keys = ["chosen", "frequency", "worth"]
        return [str(name) for name in self.table.sort_values(keys, ascending=False, kind="stable").index]


def choose_columns(rows: Rows, settings: FeaturesSettings) -> Choice:
    """Search on the rows learnt from: once nested, and again and again on four fifths of them.

    Parameters
    ----------
    rows : Rows
    settings : FeaturesSettings

    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(200, 4)), columns=list("abcd"))
    >>> rows = Rows(X, 3 * X["b"] + rng.normal(size=200), None, (150, 175), {})
    >>> choose_columns(rows, FeaturesSettings(searches=3, evaluations=50, n_jobs=1)).columns
    ['b']
    """
    X, y = rows.learnt
    folds: Any = LaterParts(settings.folds) if rows.times is not None else settings.folds
    jobs = [(np.arange(len(X)), folds, settings.seed)]
    for number in range(1, settings.searches + 1):
        # A search has a seed of its own for every fold around it, so that none is another's.
        seed = settings.seed + number * (settings.folds + 1)
        jobs.append((_leave_out(len(X), seed), 0, seed))

    def search(job: tuple[Ints, Any, int], values: Floats, target: Floats) -> EvolutionarySelector:
        kept, outer, seed = job
        return EvolutionarySelector(
            cv=folds,
            outer=outer,
            evaluations=settings.evaluations,
            penalty=settings.penalty,
            random_state=seed,
        ).fit(values[kept], target[kept])

    done = map_parallel(search, jobs, n_jobs=settings.n_jobs, common=(X.to_numpy(), y.to_numpy()))
    first, *others = done
    table = pd.DataFrame(
        {
            "chosen": first.support_,
            "frequency": np.mean([one.support_ for one in others], axis=0),
            "alone": np.nan_to_num(X.corrwith(y).to_numpy() ** 2),
            "worth": _weigh_columns(X.to_numpy(), y.to_numpy(), first.support_, settings.folds, rows.times is not None),
        },
        index=pd.Index(X.columns.astype(str), name="column"),
    )
    return Choice(table, first.selection_, settings.searches)


def _leave_out(n: int, seed: int) -> Ints:
    """Rows without some stretches of them."""
    out = np.random.default_rng(seed).choice(BLOCKS, size=LEFT_OUT, replace=False)
    return np.flatnonzero(~np.isin(np.arange(n) * BLOCKS // n, out))


def _weigh_columns(X: Floats, y: Floats, chosen: Any, folds: int, in_time: bool) -> Floats:
    """What each column is worth beside the chosen ones, by folds."""
    bounds = np.linspace(0, len(X), folds + 1).astype(int)
    rows = np.arange(len(X))
    parts = [(np.r_[rows[:a], rows[b:]], rows[a:b]) for a, b in pairwise(bounds)]
    cuts = list(LaterParts(folds).split(X)) if in_time else parts

    def score(mask: Any) -> float:
        found = []
        for train, test in cuts:
            guess = np.full(len(test), y[train].mean())
            rest = ((y[test] - guess) ** 2).sum()
            if mask.any():
                guess = StandardizedRidge().fit(X[train][:, mask], y[train]).predict(X[test][:, mask])
            found.append(1 - ((y[test] - guess) ** 2).sum() / rest if rest > 0 else 0.0)
        return float(np.mean(found))

    whole = score(chosen)
    others = []
    for place in range(X.shape[1]):
        other = chosen.copy()
        other[place] = not other[place]
        others.append(score(other))
    return np.where(chosen, whole - np.array(others), np.array(others) - whole)
