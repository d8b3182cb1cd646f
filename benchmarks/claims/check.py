"""All claims of a finished run, checked; nothing of this is shared with the code that wrote them.

What is looked at: each number against its table, its rounding, that the sentence says it and the page the sentence, that no
digit stands there for nothing, that clocks are those of the rows, and of comparisons sign, interval, wins and verdict.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.claims.loose import find_loose
from benchmarks.claims.numbers import NoTableError, Tables, check_number, recompute, says_value
from benchmarks.claims.page import Page, plain, read_page
from benchmarks.claims.sentence import Sentence, check_clocks, check_words, find_strangers
from benchmarks.claims.verdicts import (
    ENDS,
    Again,
    check_comparison,
    compare_again,
    compare_rows,
    is_comparison,
    numbers_of,
    says_one_of,
    verdicts_of,
)

__all__ = ["Checked", "Finding", "check_run"]

LOW, HIGH = re.compile(r"(?:^|[_ -])(?:low|lower)$"), re.compile(r"(?:^|[_ -])(?:high|upper)$")
COMPARED = ("improvement, lower", "improvement, upper", "gain, lower", "gain, upper", "wins", "ties")


@dataclass(frozen=True)
class Finding:
    """What is wrong with a claim.

    Attributes
    ----------
    claim : int
        Its number in the page; -1 for what is of none.
    what : str
    text : str
        The sentence.
    """

    claim: int
    what: str
    text: str

    def __str__(self) -> str:
        return f"claim {self.claim}: {self.what}. It says: {self.text!r}"


@dataclass
class Checked:
    """What came of a run.

    Attributes
    ----------
    page : Page
    claims, numbers : int
        How many were checked.
    wrong : list of Finding
    loose : list of str
        Sentences that compare outside of claims, beside those that no data can make false.
    untraced : list of str
        Numbers that claims give without a table, and that are neither settings nor metrics of the run.
    """

    page: Page
    claims: int = 0
    numbers: int = 0
    wrong: list[Finding] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    untraced: list[str] = field(default_factory=list)


@dataclass
class _Folder:
    """What a run keeps, as the checks need it."""

    tables: Tables
    settings: dict[str, Any]
    known: list[float]

    @classmethod
    def of(cls, folder: Path) -> _Folder:
        path = folder / "settings.toml"
        settings = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        return cls(Tables(folder), settings, [*_numbers_in(settings), *metrics.values()])


def _numbers_in(given: Any) -> Iterable[float]:
    """Numbers among settings, those within texts such as "2D", too."""
    if isinstance(given, bool):
        return
    if isinstance(given, int | float):
        yield float(given)
    elif isinstance(given, str):
        digits = "".join(sign if sign.isdigit() or sign == "." else " " for sign in given).split()
        yield from (float(part) for part in digits if part.strip(".") and part.count(".") <= 1)
    else:
        for one in given.values() if isinstance(given, Mapping) else given:
            yield from _numbers_in(one)


def check_run(folder: Path) -> Checked:
    """Check all claims of a finished run.

    Parameters
    ----------
    folder : Path
        With report.html, settings.toml, metrics.json and the tables.
    """
    page, kept = read_page(folder / "report.html"), _Folder.of(folder)
    checked = Checked(page, loose=find_loose(page))
    again = {number: _compare(claim, kept) for number, claim in enumerate(page.claims) if is_comparison(claim)}
    parts = [_compare_parts(claim, kept) for claim in page.claims]
    for number, claim in enumerate(page.claims):
        wrong = _check_numbers(claim, kept, checked)
        found = again.get(number)
        if isinstance(found, Again):
            wrong += check_comparison(claim, found, _family(number, page.claims, again))
        elif isinstance(found, str):
            wrong.append(found)
        elif claim["verdict"]:
            wrong += _check_joined_verdict(claim, parts[number])
        wrong += _check_ends(claim, parts[number])
        known = [one for part in parts[number] if isinstance(part, Again) for one in numbers_of(claim["detail"], part)]
        wrong += _check_sentence(claim, known, kept)
        wrong += [*check_clocks(claim, kept.tables), *check_words(claim)]
        wrong += _check_elements(number, claim, page, known)
        checked.claims += 1
        checked.wrong += [Finding(number, what, claim["text"]) for what in dict.fromkeys(wrong)]
    strangers = {element.claim for element in page.elements} - set(range(len(page.claims)))
    checked.wrong += [Finding(number, "the page names a claim that is not there", "") for number in sorted(strangers)]
    return checked


def _compare(claim: Mapping[str, Any], kept: _Folder) -> Again | str:
    try:
        return compare_again(claim, kept.tables)
    except (NoTableError, KeyError) as error:
        return f"the comparison cannot be computed again: {error}"


def _family(number: int, claims: Sequence[Mapping[str, Any]], again: Mapping[int, Again | str]) -> list[float]:
    """p-values of the comparisons made together, this one's first, as far as the page has them as claims."""

    def of(claim: Mapping[str, Any]) -> tuple[Any, ...]:
        basis: Mapping[str, Any] = next((one for one in claim["numbers"] if one["against"] and one["by"]), {})
        where = {name: value for name, value in basis.get("where", {}).items() if name != "model"}
        detail = claim["detail"]
        return (
            detail["model"],
            detail["metric"],
            detail.get("together"),
            basis.get("table"),
            str(sorted(where.items())),
        )

    others: dict[str, float] = {}
    mine = claims[number]
    for place, found in again.items():
        if isinstance(found, Again) and of(claims[place]) == of(mine) and not np.isnan(found.p_value):
            others[claims[place]["detail"]["against"]] = found.p_value
    own = others.pop(mine["detail"]["against"], float("nan"))
    return [own, *others.values()]


def _check_numbers(claim: Mapping[str, Any], kept: _Folder, checked: Checked) -> list[str]:
    """Each number against its table."""
    wrong = []
    for number in claim["numbers"]:
        checked.numbers += 1
        if number["statistic"] in COMPARED:
            continue  # with the comparison as a whole
        name = f"{number['text']!r} ({number['statistic']} of {number['column'] or 'rows'} in {number['table']})"
        if not number["table"]:
            wrong += _check_given(number, kept, checked)
            continue
        try:
            wrong += [f"{name} {what}" for what in check_number(number, recompute(number, kept.tables))]
        except NoTableError as error:
            wrong.append(f"{name} cannot be computed again: {error}")
    return wrong


def _check_given(number: Mapping[str, Any], kept: _Folder, checked: Checked) -> list[str]:
    """A number that no table holds: it has to be written as it is; where it comes from is looked for."""
    value = float(number["value"])
    if not any(
        np.isclose(value, one, rtol=1e-6) or np.isclose(value * number["scale"], one, rtol=1e-6)
        for known in kept.known
        for one in (known, 1 - known, 1 - 2 * known)
    ):
        checked.untraced.append(number["text"])
    if says_value(number["text"], value * number["scale"]):
        return []
    return [f"{number['text']!r} is given as {value * number['scale']:.6g}"]


def _compare_parts(claim: Mapping[str, Any], kept: _Folder) -> list[Again | str | None]:
    """The comparison that each number is part of, computed again; none for those that are of none."""
    made: dict[str, Again | str] = {}
    found: list[Again | str | None] = []
    for number in claim["numbers"]:
        if number["statistic"] not in COMPARED:
            found.append(None)
            continue
        key = str((number["table"], number["where"], number["against"]))
        if key not in made:
            try:
                made[key] = compare_rows(number, claim["detail"], kept.tables)
            except (NoTableError, KeyError, TypeError) as error:
                made[key] = f"{number['text']!r} ({number['statistic']}) cannot be computed again: {error}"
        found.append(made[key])
    return found


def _check_ends(claim: Mapping[str, Any], parts: Sequence[Again | str | None]) -> list[str]:
    """Ends of intervals, and wins, as the numbers of comparisons write them."""
    wrong = []
    for number, again in zip(claim["numbers"], parts, strict=True):
        kind = number["statistic"]
        if isinstance(again, str):
            wrong.append(again)
        elif again is not None and kind == "wins":
            wrong += [f"wins {what}" for what in check_number(number, (again.wins, again.n))]
        elif again is not None and kind == "ties":
            wrong += [f"ties {what}" for what in check_number(number, float(again.ties))]
        elif again is not None:
            end = again.lower if kind.endswith("lower") else again.upper
            room = ENDS * max(again.upper - again.lower, 1e-12)
            value = float(number["value"])
            if not abs(value - end) <= room or not says_value(number["text"], value * number["scale"]):
                wrong.append(f"{kind} is written {number['text']!r}, but it is {end * number['scale']:.5g}")
    return wrong


def _check_joined_verdict(claim: Mapping[str, Any], parts: Sequence[Again | str | None]) -> list[str]:
    """A verdict has to be that of all comparisons of the sentence, or agree with the interval that it tells from a table."""
    made = [part for part in parts if isinstance(part, Again)]
    if made:
        odd = [part for part in made if claim["verdict"] not in verdicts_of({}, part, ())]
        return [f"the verdict is {claim['verdict']!r}, but the gain is {part.gain:.4g}" for part in odd]
    ends = [[float(one["value"]) for one in claim["numbers"] if is_end.search(one["column"])] for is_end in (LOW, HIGH)]
    if not ends[0] or len(ends[0]) != len(ends[1]):
        return [f"the verdict {claim['verdict']!r} rests on no comparison and no interval"]
    allowed = [_verdicts_by(low, high) for low, high in zip(*ends, strict=True)]
    if all(claim["verdict"] in names for names in allowed):
        return []
    return [f"the verdict is {claim['verdict']!r}, but the interval is {ends[0]} to {ends[1]}"]


def _verdicts_by(low: float, high: float) -> set[str]:
    """Verdicts that an interval of a difference allows; which direction is the better one, the interval does not tell."""
    return {"none"} if low <= 0 <= high else {"better", "worse"}


def _check_sentence(claim: Mapping[str, Any], known: Sequence[float], kept: _Folder) -> list[str]:
    """Every number is said, and nothing else."""
    sentence, wrong = Sentence(claim["text"]), []
    for number in sorted(claim["numbers"], key=lambda one: -len(one["text"])):
        text = plain(number["text"])
        said = sentence.account(text)
        if number["statistic"] in COMPARED and not said:
            said = sentence.account(text.lstrip("-") if text.startswith("-") else f"-{text}")
        if not said and not (claim["verdict"] == "too few" and number["statistic"] in COMPARED):
            wrong.append(f"the sentence does not say {number['text']!r}")
    left = find_strangers(claim, sentence, kept.settings, kept.tables)
    return wrong + [f"nothing accounts for {token!r}" for token in left if not says_one_of(token, known)]


def _check_elements(number: int, claim: Mapping[str, Any], page: Page, known: Sequence[float]) -> list[str]:
    """The page says the sentence, or shows a number of it on a card, with the same verdict."""
    elements = [element for element in page.elements if element.claim == number]
    if not elements:
        return ["the page does not show it"]
    wrong = []
    for element in elements:
        if element.verdict != claim["verdict"]:
            wrong.append(f"the page shows the verdict {element.verdict!r}, the claim has {claim['verdict']!r}")
        if element.tag != "li":
            if element.text != plain(claim["text"]):
                wrong.append(f"the page says {element.text!r}")
            continue
        card = Sentence(element.text)
        for one in sorted(claim["numbers"], key=lambda one: -len(one["text"])):
            card.account(one["text"])
        for piece in (claim["detail"].get("model", ""), claim["detail"].get("against", "")):
            card.account(piece)
        said = Sentence(claim["text"]).text
        left = [one for one in card.left() if not says_one_of(one, known) and one not in said]
        wrong += [f"nothing of the claim accounts for {one!r} on the card {element.text!r}" for one in left]
    return wrong
