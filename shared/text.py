"""Words and numbers in sentences: each way of writing them is written once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import SupportsFloat

__all__ = ["capitalise", "count_of", "format_number", "join_words", "sentences"]


def capitalise(text: str) -> str:
    """Begin with a capital letter; the rest stays as it is.

    >>> capitalise("the CSV was read")
    'The CSV was read'
    """
    return text[:1].upper() + text[1:]


def count_of(number: int, thing: str, things: str | None = None) -> str:
    """Write how many there are of something; its plural ends in s, or is given.

    >>> count_of(1, "row"), count_of(1200, "row"), count_of(2, "address", "addresses")
    ('1 row', '1,200 rows', '2 addresses')
    """
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def sentences(notes: Iterable[str]) -> str:
    """Join notes, which begin small and have no full stop, to sentences.

    >>> sentences(["2 rows were left out", "times are UTC"])
    '2 rows were left out. Times are UTC.'
    """
    return " ".join(f"{capitalise(note)}." for note in notes)


def join_words(words: Sequence[str]) -> str:
    """List words as a sentence does.

    >>> join_words(["a"]), join_words(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def format_number(value: SupportsFloat, digits: int = 4) -> str:
    """Write a number for people: whole from 1,000 on, with some significant digits below.

    >>> format_number(12345.6), format_number(1.23456), format_number(0.5, digits=3)
    ('12,346', '1.235', '0.5')
    """
    value = float(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}"
