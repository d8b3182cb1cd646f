"""Which items may be shown: by what stands in their columns."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from domains.recommendation.text.packed import PackedTexts
from shared.checks import nearest
from shared.errors import HexadError, SettingsError, quote
from shared.runtime.array_of import ArrayOf
from shared.typing import Bools

__all__ = ["ItemColumns"]

# Characters from which a column is packed: in an array each cell takes four bytes a character of the longest.
LONG = 100


@dataclass(eq=False, repr=False)
class ItemColumns:
    """Columns of a table of items, for filters, caps and reasons, in the order of a vocabulary.

    Parameters
    ----------
    columns : mapping of str to numpy.ndarray
        Text, or numbers; a row an item.
    separator : str, optional
        What stands between several kinds in a cell.
    texts : mapping of str to PackedTexts, optional
        Columns of long texts.

    >>> columns = ItemColumns({"genre": np.array(["war, love", "love"]), "year": np.array([1950.0, 2001.0])}, ", ")
    >>> columns.select({"genre": "war"}, 2).tolist(), columns.select({"year": (2000, None)}, 2).tolist()
    ([True, False], [False, True])
    """

    columns: dict[str, Any]
    separator: str | None = None
    texts: dict[str, PackedTexts] | None = None

    @classmethod
    def of(cls, columns: Mapping[str, Any], separator: str | None = None) -> ItemColumns:
        """Keep columns, those of long texts packed.

        Parameters
        ----------
        columns : mapping of str to sequence
            Numbers as arrays, text as lists.
        separator : str, optional
        """
        plain, packed = {}, {}
        for name, values in columns.items():
            if isinstance(values, list) and max(map(len, values), default=0) > LONG:
                packed[name] = PackedTexts.of(values)
            else:
                plain[name] = np.array(values, dtype=str) if isinstance(values, list) else values
        return cls(plain, separator, packed)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return (*self.columns, *(self.texts or {}))

    def select(self, where: Mapping[str, Any] | None, n_items: int) -> Bools:
        """Which items meet every condition.

        Parameters
        ----------
        where : mapping of str to object, optional
            By column: a value; a list or set of values, any of which will do; or a pair ``(least, most)`` of numbers,
            None for an open end.
        n_items : int

        Raises
        ------
        HexadError
            There is no such column, or a range is asked of text.
        """
        found = np.ones(n_items, dtype=bool)
        if where is None:
            return found
        if not isinstance(where, Mapping):
            raise SettingsError(f"where={where!r}: give conditions by column, as in {{'price': (None, 20)}}")
        for name, wanted in where.items():
            found &= self._meets(name, wanted)
        return found

    def values_of(self, name: str) -> Any:
        """A column.

        Parameters
        ----------
        name : str

        Raises
        ------
        HexadError
            There is none of that name.
        """
        if name in self.columns:
            return self.columns[name]
        if name not in self.names:
            raise HexadError(f"items have no column {quote([name])}; {nearest(name, self.names)}")
        return np.array((self.texts or {})[name].tolist(), dtype=object)

    def _meets(self, name: str, wanted: object) -> Bools:
        values = self.values_of(name)
        numeric = values.dtype.kind == "f"
        if isinstance(wanted, tuple):
            if len(wanted) != 2 or not numeric:
                why = "is text, and has no range" if not numeric else "needs (least, most)"
                raise SettingsError(f"where: {name!r} {why}; several values are given as a list")
            if wrong := [one for one in wanted if one is not None and not isinstance(one, Real)]:
                raise SettingsError(f"where: {name!r} holds numbers, not {quote(wrong)}")
            least, most = (None if one is None else float(one) for one in wanted)
            inside = np.isfinite(values)
            if least is not None:
                inside &= values >= least
            if most is not None:
                inside &= values <= most
            return np.asarray(inside)
        several = list(wanted) if isinstance(wanted, list | Set | np.ndarray) else [wanted]
        if numeric:
            try:
                return np.isin(values, np.array(several, dtype=float))
            except (TypeError, ValueError):
                raise SettingsError(f"where: {name!r} holds numbers, not {quote(several)}") from None
        texts = {str(one) for one in several}
        if not self.separator:
            return np.array([one in texts for one in values.tolist()], dtype=bool)
        return np.array([not texts.isdisjoint(part.strip() for part in one.split(self.separator)) for one in values])

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """A value an item in each."""
        packed = self.texts or {}
        sizes = [len(one) for one in [*self.columns.values(), *packed.values()]]
        if any(size != sizes[0] for size in sizes) or not all(isinstance(one, PackedTexts) for one in packed.values()):
            raise ValueError("columns of items are of several lengths or kinds")
        return {"columns": ArrayOf("a", (sizes[0],))} if self.columns else {}
