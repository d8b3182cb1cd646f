"""Words and numbers in sentences: each way of writing them is written once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import SupportsFloat

__all__ = [
    "capitalise",
    "count_of",
    "format_column",
    "format_number",
    "format_stamp",
    "format_value",
    "join_names",
    "join_words",
    "listed_name",
    "sentences",
]


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


def join_names(names: Iterable[object], last: str = " and ") -> str:
    """List names as a sentence does; one with a comma is quoted, so that it is not taken for two.

    Parameters
    ----------
    names : iterable
    last : str
        What stands before the last one.

    >>> join_names(["tea", "milk, skimmed", "jam"]), join_names(["a", "b"], last=", "), join_names(["tea, green"])
    ("tea, 'milk, skimmed' and jam", 'a, b', 'tea, green')
    """
    listed = list(names)
    texts = [listed_name(name) for name in listed] if len(listed) > 1 else [str(name) for name in listed]
    return f"{', '.join(texts[:-1])}{last}{texts[-1]}" if len(texts) > 1 else "".join(texts)


def listed_name(name: object) -> str:
    """Write a name as it stands in a list: quoted where it has a comma itself.

    >>> listed_name("tea"), listed_name("tea, green")
    ('tea', "'tea, green'")
    """
    text = str(name)
    return f"'{text}'" if "," in text else text


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


def format_column(values: Sequence[SupportsFloat]) -> list[str]:
    """Write numbers that stand below one another with one number of decimals; missing ones are empty.

    The number of decimals gives three significant digits to a number of middling size, and none from 1,000 on; but no
    number that is not zero is written as one, as far as three decimals go.

    >>> format_column([1.5, 22.25, 3.0]), format_column([1234.5, 17.0]), format_column([0.012, float("nan")])
    (['1.50', '22.25', '3.00'], ['1,234', '17'], ['0.0120', ''])
    >>> format_column([1234.5, 0.04])
    ['1,234.50', '0.04']
    """
    numbers = [float(value) for value in values]
    sizes = sorted(abs(value) for value in numbers if math.isfinite(value) and value != 0)
    if not sizes or all(size == int(size) for size in sizes):
        decimals = 0
    else:
        middle = sizes[len(sizes) // 2]
        decimals = 0 if sizes[-1] >= 999.5 else max(0, min(6, 2 - math.floor(math.log10(middle))))
        needed = -math.floor(math.log10(sizes[0]))
        if sizes[0] < 0.5 * 10.0**-decimals and needed <= 3:
            decimals = max(decimals, needed)
    return [_write(value, decimals) for value in numbers]


def _write(value: float, decimals: int) -> str:
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:,.{decimals}f}"
    return text.replace("-", "−" if text.strip("-0.,") else "")


def format_value(value: SupportsFloat, unit: str = "", digits: int = 3, decimals: int | None = None) -> str:
    """Write a number with its unit: whole from 1,000 on, with some significant digits below.

    >>> format_value(4836.2, "MW"), format_value(36, "%"), format_value(-0.04567), format_value(2.345, decimals=1)
    ('4,836 MW', '36 %', '−0.0457', '2.3')
    >>> format_value(150, "m"), format_value(20.0, digits=2)
    ('150 m', '20')
    """
    number = float(value)
    if not math.isfinite(number):
        text = "not known" if math.isnan(number) else "∞" if number > 0 else "−∞"
    elif decimals is None and abs(number) < 999.5 and number != 0:
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(number))))
        text = f"{number:,.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if number == int(number) and decimals else text
    else:
        text = f"{number:,.{decimals or 0}f}"
    text = text.replace("-", "−" if text.strip("-0.,") else "")  # no minus before a zero
    return f"{text} {unit}" if unit else text


def format_stamp(stamp: datetime, *, clock: bool = False) -> str:
    """Write a day, with its clock unless that is midnight; then, too, with `clock`.

    >>> format_stamp(datetime(2015, 1, 2, 17)), format_stamp(datetime(2015, 1, 2))
    ('Fri 2 Jan 2015, 17:00', 'Fri 2 Jan 2015')
    """
    day = f"{stamp:%a} {stamp.day} {stamp:%b %Y}"
    if stamp.second or stamp.microsecond:
        return f"{day}, {stamp:%H:%M:%S}"
    return f"{day}, {stamp:%H:%M}" if clock or stamp.hour or stamp.minute else day
