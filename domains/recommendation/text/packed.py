"""Texts one behind the other: an array of texts gives each the room of the longest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from shared.runtime.array_of import ArrayOf
from shared.typing import Ints

__all__ = ["PackedTexts"]


@dataclass(frozen=True, eq=False, repr=False)
class PackedTexts:
    """Texts as one array of bytes, which takes the room that they need and no more, also in a model file.

    Attributes
    ----------
    data : numpy.ndarray of uint8
        UTF-8, one text behind the other.
    ends : numpy.ndarray of int64
        Where each begins, and the last one ends.

    >>> texts = PackedTexts.of(["dry", "", "süß"])
    >>> texts[2], texts.tolist(), len(texts)
    ('süß', ['dry', '', 'süß'], 3)
    """

    data: Any
    ends: Ints

    @classmethod
    def of(cls, texts: Iterable[str]) -> PackedTexts:
        """Pack texts.

        Parameters
        ----------
        texts : iterable of str
        """
        parts = [one.encode("utf-8", "replace") for one in texts]
        ends = np.zeros(len(parts) + 1, dtype=np.int64)
        np.cumsum([len(one) for one in parts], out=ends[1:])
        return cls(np.frombuffer(b"".join(parts), dtype=np.uint8).copy(), ends)

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, place: int) -> str:
        number = int(place) + (len(self) if place < 0 else 0)
        if not 0 <= number < len(self):
            raise IndexError(f"there is no text {place} among {len(self):,}")
        return str(self.data[self.ends[number] : self.ends[number + 1]].tobytes().decode("utf-8", "replace"))

    def tolist(self) -> list[str]:
        """All texts.

        >>> PackedTexts.of(["a"]).tolist()
        ['a']
        """
        whole, ends = self.data.tobytes(), self.ends.tolist()
        return [whole[a:b].decode("utf-8", "replace") for a, b in pairwise(ends)]

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays; checked when a model is loaded."""
        return {
            "data": ArrayOf("i", (None,), low=0, high=255),
            "ends": ArrayOf("i", (None,), first=0, last=len(self.data), increasing=True),
        }
