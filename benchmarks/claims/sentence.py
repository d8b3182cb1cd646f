"""Whether a claim's sentence says its numbers and nothing beside them: every digit is accounted for, clocks are those of the rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from benchmarks.claims.numbers import NoTableError, Tables, is_stamp, select
from benchmarks.claims.page import plain

__all__ = ["Sentence", "check_clocks", "check_words", "find_strangers"]

CLOCK = re.compile(r"(?<![\d:])\d\d:\d\d(?![\d:])")
# A number, unless it is part of a word such as PM10.
DIGITS = re.compile(r"(?<![\w.,:])-?\d[\d,]*(?:\.\d+)?")


COMPARING = re.compile(r"\b(?:than|better|worse|best|most|least)\b", re.IGNORECASE)
# A bound that is set beforehand, or the name of something, compares nothing that was found.
BOUND = re.compile(r"\bat (?:most|least)\b|“[^”]{1,40}”", re.IGNORECASE)
# "-3 % less" says of what is more that it is less.
NEGATIVE = re.compile(
    r"-(?=[\d.,]*[1-9])[\d.,]+(?: %| \S+)? (?:less|more|fewer|better|worse|below|above|higher|lower)\b"
)


def check_words(claim: Mapping[str, Any]) -> list[str]:
    """A sentence that compares rests on numbers of tables, and says no negative amount of more or less."""
    text, wrong = plain(claim["text"]), []
    said = BOUND.sub(" ", text)
    if COMPARING.search(said) and not any(number["table"] for number in claim["numbers"]):
        wrong.append("it compares, but rests on no number of a table")
    if found := NEGATIVE.search(text):
        wrong.append(f"it says {found.group()!r}")
    return wrong


class Sentence:
    """A text of which pieces are accounted for one after the other; what is left has to be explained.

    >>> sentence = Sentence("Of 12 shops 3 are shut.")
    >>> sentence.account("12"), sentence.account("30"), sentence.left()
    (True, False, ['3'])
    """

    def __init__(self, text: str) -> None:
        self.text = plain(text)
        self.rest = self.text

    def account(self, piece: str) -> bool:
        """Strike a piece out wherever it stands as a whole; whether it stands anywhere."""
        piece = plain(piece)
        if not piece:
            return False
        before = r"(?<![\d.,:-])" if piece[0].isdigit() else r"(?<![\d\w])" if piece[0] == "-" else ""
        after = r"(?!\d|[.,:]\d)" if piece[-1].isdigit() else ""
        pattern = re.compile(before + re.escape(piece) + after)
        found = pattern.search(self.text) is not None
        self.rest = pattern.sub(lambda match: " " * len(match.group()), self.rest)
        return found

    def left(self) -> list[str]:
        """Numbers that are not accounted for."""
        return [match.group().rstrip(",") for match in DIGITS.finditer(self.rest)]


def names_of(claim: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    """Names that may hold digits: of models, rows, columns and what the settings call things; the longest first."""
    found: set[str] = set()
    for number in claim["numbers"]:
        for side in ("where", "against"):
            found.update(str(value) for value in (number[side] or {}).values() if isinstance(value, str))
    found.update(str(claim["detail"].get(name, "")) for name in ("model", "against", "metric"))
    found.update(_strings(settings))
    return sorted((name for name in found if re.search(r"[A-Za-z]", name)), key=len, reverse=True)


def _strings(given: Any) -> Iterable[str]:
    if isinstance(given, str):
        yield given
    elif isinstance(given, Mapping):
        for one in given.values():
            yield from _strings(one)
    elif isinstance(given, list):
        for one in given:
            yield from _strings(one)


def find_strangers(
    claim: Mapping[str, Any], sentence: Sentence, settings: Mapping[str, Any], tables: Tables
) -> Sequence[str]:
    """Numbers of a sentence that neither its numbers nor names nor the time of its rows account for."""
    for name in names_of(claim, settings):
        sentence.account(name)
        sentence.account(name[:1].upper() + name[1:])
    for token in _times_of(claim, sentence.rest, tables):
        sentence.account(token)
    inside = {digits for name in _places_of(claim) for digits in re.findall(r"\d+(?:\.\d+)?", name)}
    return [token for token in sentence.left() if token not in inside]


def _places_of(claim: Mapping[str, Any]) -> Iterable[str]:
    """Names of the rows and columns that numbers are read from: "coverage-90" is of the 90 % interval."""
    for number in claim["numbers"]:
        yield number["column"]
        for side in ("where", "against"):
            values = (number[side] or {}).values()
            yield from (value for value in values if isinstance(value, str) and re.match("[A-Za-z]", value))


def _times_of(claim: Mapping[str, Any], text: str, tables: Tables) -> Iterable[str]:
    """Clocks, days and years of a text that are those of the rows: their only clock or year, their first or last day."""
    for rows in _rows_of(claim, tables):
        for name in rows.columns:
            if not pd.api.types.is_datetime64_any_dtype(rows[name]) or rows.empty:
                continue
            stamps = rows[name]
            for found in (stamps.min(), stamps.max()):
                day = f"{found.day} {found:%b} {found.year}"
                yield from (f"{found:%a} {day}, {found:%H:%M}", f"{found:%a} {day}", day, f"{found:%Y-%m-%d}")
                yield f"{found.day} {found:%B} {found.year}"
                yield f"{found.day:02d} {found:%B} {found.year}"
            if stamps.min().year == stamps.max().year:
                yield str(stamps.min().year)
    for match in CLOCK.finditer(text):
        yield match.group()  # held against the rows by `check_clocks`


def _rows_of(claim: Mapping[str, Any], tables: Tables) -> Iterable[pd.DataFrame]:
    for number in claim["numbers"]:
        if number["table"]:
            try:
                yield select(tables.get(number["table"]), number["where"])
            except NoTableError:  # told where the number itself is looked at
                continue


def check_clocks(claim: Mapping[str, Any], tables: Tables) -> list[str]:
    """Whether the clocks that a sentence names, or its context, are those of the rows of all its numbers."""
    own = {clock for number in claim["numbers"] for clock in _clocks_of_value(number)}
    told = {match.group() for match in CLOCK.finditer(f"{claim['text']} {claim['detail'].get('context', '')}")}
    wrong, known = [], set[str]()
    for number in claim["numbers"]:
        if not number["table"]:
            continue
        clocks = _clocks_of_rows(number, tables, told)
        known |= clocks
        if clocks and told - own and not clocks & told:
            wrong.append(
                f"says {', '.join(sorted(told - own))}, but the rows of {number['text']!r} are of {min(clocks)}"
            )
    if strange := told - own - known:
        wrong.append(f"says {', '.join(sorted(strange))}, which no rows of its numbers are of")
    return wrong


def _clocks_of_value(number: Mapping[str, Any]) -> set[str]:
    """The clock of a number that is a stamp or a label."""
    value = number["value"]
    if not isinstance(value, str):
        return set()
    if is_stamp(value):
        return {f"{pd.Timestamp(value):%H:%M}"}
    return {match.group() for match in CLOCK.finditer(value)}


def _clocks_of_rows(number: Mapping[str, Any], tables: Tables, told: set[str]) -> set[str]:
    """The clock that rows are chosen by; else that of their stamps, where a column has only one."""
    chosen = [str(value) for value in number["where"].values()]
    stated = {value for value in chosen if CLOCK.fullmatch(value)}
    stated |= {f"{pd.Timestamp(value):%H:%M}" for value in chosen if is_stamp(value) and CLOCK.search(value)}
    if stated or not told:
        return stated
    try:
        rows = select(tables.get(number["table"]), number["where"])
    except NoTableError:
        return set()
    found = set[str]()
    for name in rows.columns:
        if pd.api.types.is_datetime64_any_dtype(rows[name]):
            clocks = set(rows[name].dropna().dt.strftime("%H:%M"))
            found |= clocks if len(clocks) == 1 else set()
    return found
