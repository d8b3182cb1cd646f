"""How alike items are: by what is known of them, by who had both, or by the mean of the two."""

from __future__ import annotations

from typing import Any

import numpy as np

from domains.recommendation.behaviour.history import History
from domains.recommendation.content.space import ItemSpace
from shared.errors import HexadError, quote
from shared.typing import Ints, Reals

__all__ = ["Likeness"]

# Items of which a square of who had both fits into memory.
SQUARE = 4000


class Likeness:
    """Compares items of a vocabulary.

    Parameters
    ----------
    history : History
    space : ItemSpace, optional
    rows : numpy.ndarray of int
        Row of each item in the space; -1 for those of which nothing is known.
    items : numpy.ndarray
        Names.

    >>> history = History(np.array([0, 0], np.int32), np.array([0, 1], np.int32), None, None, 1, 2)
    >>> Likeness(history, None, np.array([-1, -1]), np.array(["a", "b"])).say_why(0, 1)
    '1 of its 1 users had both'
    """

    def __init__(self, history: History, space: ItemSpace | None, rows: Ints, items: Any) -> None:
        self.history = history
        self.space = space
        self.rows = rows
        self.items = items
        self._known: Any = None

    def among(self, pool: Ints) -> Reals:
        """How alike some items are to one another: by what is known of them, else by who had both.

        Parameters
        ----------
        pool : array of int

        Returns
        -------
        numpy.ndarray, shape (n_items, n_items)
        """
        if self.space is not None and (self.rows[pool] >= 0).all():
            return self.space.similarity(self.rows[pool], self.rows[pool])
        if len(self.items) <= SQUARE:  # the same for every list, and worked out once
            whole = self.history.keep("in common", self._count_common)
            both = whole[np.ix_(pool, pool)].astype(float)
        else:
            columns = self.history.keep("by item", self.history.presence.tocsc)[:, pool]
            both = np.asarray((columns.T @ columns).toarray(), dtype=float)
        size = np.sqrt(np.maximum(np.diag(both), 1.0))
        found: Reals = both / size[:, None] / size[None, :]
        return found

    def _count_common(self) -> Reals:
        """How many users had both, for all pairs of items."""
        presence = self.history.presence
        found: Reals = (presence.T @ presence).toarray()
        return found

    def to_all(self, code: int, by: str) -> tuple[Reals, str]:
        """Similarity of an item to all, and what it was found by.

        Parameters
        ----------
        code : int
        by : {"both", "content", "behaviour"}

        Raises
        ------
        HexadError
            There is nothing to compare it by.
        """
        content = behaviour = None
        if by != "behaviour" and self.space is not None and self.rows[code] >= 0:
            content = np.zeros(len(self.items))
            known, vectors = self._vectors()
            content[known] = vectors @ vectors[[int(np.searchsorted(known, code))]].toarray()[0]
        if by != "content" and self.history.popularity[code] > 0:
            columns = self.history.keep("by item", self.history.presence.tocsc)
            users = columns.indices[columns.indptr[code] : columns.indptr[code + 1]]
            both = np.bincount(self.history.presence[users].indices, minlength=len(self.items)).astype(float)
            size = np.sqrt(self.history.popularity + 20.0)
            behaviour = both / size / size[code]
        if content is None and behaviour is None:
            raise HexadError(
                f"nothing is known of {quote(self.items[[code]])} by which it could be compared: by={by!r}"
            )
        if content is None or behaviour is None:
            return (content, "content") if content is not None else (behaviour, "behaviour")  # type: ignore[return-value]
        return (content + behaviour) / 2, "content and behaviour"

    def _vectors(self) -> tuple[Ints, Any]:
        """Items of which something is known, and their vectors; worked out once for all that are asked for."""
        if self._known is None:
            known = np.flatnonzero(self.rows >= 0)
            self._known = known, None if self.space is None else self.space.matrix_[self.rows[known]]
        found: tuple[Ints, Any] = self._known
        return found

    def say_why(self, code: int, other: int) -> str:
        """Say what two items have in common.

        Parameters
        ----------
        code, other : int
        """
        told = []
        if self.space is not None and self.rows[code] >= 0 and self.rows[other] >= 0:
            told += [common] if (common := self.space.tell(int(self.rows[code]), int(self.rows[other]))) else []
        if self.history.popularity[code] > 0:
            both = self._both(code, other)
            if both:
                told.append(f"{both:,} of its {int(self.history.popularity[code]):,} users had both")
        return "; ".join(told)

    def _both(self, code: int, other: int) -> int:
        columns = self.history.keep("by item", self.history.presence.tocsc)
        one = columns.indices[columns.indptr[code] : columns.indptr[code + 1]]
        two = columns.indices[columns.indptr[other] : columns.indptr[other + 1]]
        return len(np.intersect1d(one, two, assume_unique=True))
