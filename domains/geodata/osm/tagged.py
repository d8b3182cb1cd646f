"""Tags of a block's objects as columns, texts decoded when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from shared.typing import Bools, Codes, Ints

__all__ = ["Tagged", "Texts"]


class Texts:
    """Texts of a block, and what their keys mean.

    Parameters
    ----------
    texts : list of bytes
    meanings : mapping of bytes to int
        Number of each key that means something, above 0.

    >>> texts = Texts([b"", b"shop", b"bakery"], {b"shop": 7})
    >>> texts[2], texts.codes.tolist()
    ('bakery', [0, 7, 0])
    """

    def __init__(self, texts: list[bytes], meanings: Mapping[bytes, int]) -> None:
        self.texts = texts
        self.codes: Ints = np.fromiter((meanings.get(text, 0) for text in texts), dtype=np.int64, count=len(texts))
        self._known: dict[int, str] = {}

    def __getitem__(self, place: int) -> str:
        found = self._known.get(place)
        if found is None:
            found = self._known[place] = self.texts[place].decode("utf-8", "replace")
        return found

    def tags(self, keys: Ints | Codes, values: Ints | Codes) -> dict[str, str]:
        """Tags of one object.

        Parameters
        ----------
        keys, values : numpy.ndarray of int
            Numbers of texts.
        """
        return {self[key]: self[value] for key, value in zip(keys.tolist(), values.tolist(), strict=True)}


class Tagged:
    """Objects of one kind with their tags.

    Parameters
    ----------
    owner, keys, values : numpy.ndarray of int, shape (n_tags,)
        Object of each tag, ascending, and numbers of its texts.
    texts : Texts

    >>> texts = Texts([b"", b"shop", b"bakery", b"name", b"Crumb"], {b"shop": 1, b"name": 2})
    >>> some = Tagged(np.array([0, 0, 3]), np.array([1, 3, 3]), np.array([2, 4, 4]), texts)
    >>> some.having(some.code == 1).tolist(), some.column(np.array([0, 3]), 1, "").tolist()
    ([0], ['bakery', ''])
    >>> list(some.tags(np.array([0])))
    [{'shop': 'bakery', 'name': 'Crumb'}]
    """

    def __init__(self, owner: Ints, keys: Ints | Codes, values: Ints | Codes, texts: Texts) -> None:
        self.owner, self.keys, self.values, self.texts = owner, keys, values, texts
        self.code = texts.codes[keys]

    def having(self, tags: Bools) -> Ints:
        """Objects that have one of some tags.

        Parameters
        ----------
        tags : numpy.ndarray of bool, shape (n_tags,)
        """
        return np.unique(self.owner[tags])

    def column(self, rows: Ints, code: int, missing: Any) -> Any:
        """The value of one key for some objects.

        Parameters
        ----------
        rows : numpy.ndarray of int
            Objects, ascending.
        code : int
            What the key means.
        missing : str or None
            In place of what is not there.
        """
        found = np.full(len(rows), missing, dtype=object)
        tags = np.flatnonzero(self.code == code)
        if not len(tags) or not len(rows):
            return found
        place = np.minimum(np.searchsorted(rows, self.owner[tags]), len(rows) - 1)
        wanted = rows[place] == self.owner[tags]
        unique, which = np.unique(self.values[tags[wanted]], return_inverse=True)
        found[place[wanted]] = np.array([self.texts[one] for one in unique.tolist()], dtype=object)[which]
        return found

    def tags(self, rows: Ints) -> Iterator[dict[str, str]]:
        """All tags of some objects.

        Parameters
        ----------
        rows : numpy.ndarray of int
        """
        low, high = np.searchsorted(self.owner, rows, "left"), np.searchsorted(self.owner, rows, "right")
        for start, end in zip(low.tolist(), high.tolist(), strict=True):
            yield self.texts.tags(self.keys[start:end], self.values[start:end])
