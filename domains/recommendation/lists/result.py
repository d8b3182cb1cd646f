"""What is recommended to whom, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from shared.result import Result
from shared.text import count_of, sentences

__all__ = ["Recommendations"]


@dataclass(frozen=True, repr=False, eq=False)
class Recommendations(Result):
    """Lists of items for users, or items like others.

    Attributes
    ----------
    table : pandas.DataFrame
        A row an item shown: whom or what it is for, the item, "rank", "score", the path that was taken ("behaviour",
        "content", "popularity", "text"), what each group of parts adds ("from_..."), and "because".
    n : int
        Items asked for.
    notes : tuple of str
        What is worth knowing: whom nothing is known of, which lists are shorter.

    >>> table = pd.DataFrame({"user": ["ann"], "item": ["tea"], "rank": [1], "score": [0.5], "because": ["popular"]})
    >>> print(Recommendations(table, 1).explain())
    1 item in 1 list.
    """

    table: pd.DataFrame
    n: int
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> Any:
        """Name of the column that says for whom a list is."""
        return self.table.columns[0]

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def lists(self) -> dict[Any, list[Any]]:
        """Items of every list, the best first, by whom it is for.

        >>> Recommendations(pd.DataFrame({"user": ["ann", "ann"], "item": ["tea", "milk"]}), 2).lists()
        {'ann': ['tea', 'milk']}
        """
        return {key: part.iloc[:, 1].tolist() for key, part in self.table.groupby(self.key, sort=False)}

    def explain(self) -> str:
        """Say how much was found, and what is worth knowing."""
        count = self.table[self.key].nunique()
        named = f"{count_of(len(self.table), 'item')} in {count_of(count, 'list')}."
        return f"{named} {sentences(self.notes)}".rstrip()

    def plot(self) -> Any:
        """Draw what scores are made of, for the first list."""
        from domains.recommendation.figures import score_bars

        return score_bars(self)
