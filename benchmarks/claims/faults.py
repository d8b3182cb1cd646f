"""Faults planted in a finished report, as a slip in a study would make them: consistent within the page, wrong by its tables."""

from __future__ import annotations

import copy
import html
import json
import re
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from benchmarks.claims.check import check_run
from benchmarks.claims.page import plain, read_page
from benchmarks.claims.sentence import CLOCK

__all__ = ["FAULTS", "catch_faults", "plant"]

SWAP = {"better": "worse", "worse": "better"}
Claim = dict[str, Any]


def flip_sign(claim: Claim) -> bool:
    """Call what is better worse, and turn the interval round; else write a number with a minus. False where neither fits."""
    detail = claim["detail"]
    if claim["verdict"] not in SWAP or "improvement" not in detail:
        return _flip_number(claim)
    before = claim["verdict"]
    claim["verdict"] = SWAP[before]
    claim["text"] = claim["text"].replace(f" {before} than ", f" {SWAP[before]} than ")
    for name in ("", "difference_"):
        low, high = (f"{name}lower", f"{name}upper")
        detail[low], detail[high] = (-float(detail[high]), -float(detail[low]))
    for name in ("improvement", "difference"):
        detail[name] = -float(detail[name])
    ends = {one["statistic"].split(", ")[-1]: one for one in claim["numbers"] if ", " in one["statistic"]}
    for end in ("lower", "upper"):
        if end in ends:
            ends[end]["value"] = detail[end]
            ends[end]["text"] = f"{ends[end]['value'] * ends[end]['scale']:.0f}"
    return True


def _flip_number(claim: Claim) -> bool:
    for one in claim["numbers"]:
        if one["table"] and isinstance(one["value"], int | float) and one["value"] > 0 and one["text"] in claim["text"]:
            claim["text"] = claim["text"].replace(one["text"], f"\u2212{one['text']}")
            one["text"], one["value"] = f"\u2212{one['text']}", -one["value"]
            return True
    return False


def change_clock(claim: Claim) -> bool:
    """Name another clock or day than that of the rows; False where the claim names none."""
    context = str(claim["detail"].get("context", ""))
    own = {match.group() for one in claim["numbers"] for match in CLOCK.finditer(f"{one['value']} {one['text']}")}
    told = [match.group() for match in CLOCK.finditer(claim["text"]) if match.group() not in own]
    if not told:
        return _change_stamp(claim)
    other = "18:30" if told[0] != "18:30" else "07:00"
    claim["text"] = claim["text"].replace(told[0], other)
    claim["detail"]["context"] = context.replace(told[0], other)
    return True


def _change_stamp(claim: Claim) -> bool:
    """Tell a stamp or a clock that the rows have as another one."""
    for one in claim["numbers"]:
        if one["table"] and isinstance(one["value"], str) and (match := CLOCK.search(one["text"])):
            text = one["text"].replace(match.group(), "18:30" if match.group() != "18:30" else "07:00")
            claim["text"] = claim["text"].replace(one["text"], text)
            one["text"] = text
            return True
    return False


def move_end(claim: Claim) -> bool:
    """Move an end of an interval by 3 points; False where the claim has none."""
    upper = next((one for one in claim["numbers"] if one["statistic"].endswith(", upper")), None)
    if upper is None:
        return _move_told_end(claim)
    before = plain(upper["text"]).lstrip("-")
    upper["value"] = float(upper["value"]) + 3 / upper["scale"]
    upper["text"] = f"{upper['value'] * upper['scale']:.0f}"
    name = "upper" if upper["statistic"].startswith("improvement") else "difference_upper"
    claim["detail"][name] = upper["value"]
    pattern = re.compile(rf"(?<![\d.,]){re.escape(before)}(?!\d|[.,]\d)")
    claim["text"] = pattern.sub(upper["text"].lstrip("-"), claim["text"], count=1)
    return True


def _move_told_end(claim: Claim) -> bool:
    """Move an end that stands in a column of a table."""
    for one in claim["numbers"]:
        if re.search(r"(?:^|[_ -])(?:high|upper|hi-\d+)$", one["column"]) and isinstance(one["value"], int | float):
            value = one["value"] * 1.3 + 1
            text = f"{value * one['scale']:,.1f}"
            claim["text"] = claim["text"].replace(one["text"], text)
            one["text"], one["value"] = text, value
            return True
    return False


FAULTS: dict[str, Callable[[Claim], bool]] = {"sign": flip_sign, "clock": change_clock, "interval": move_end}


def plant(folder: Path, change: Callable[[Claim], bool], besides: Collection[int] = ()) -> int:
    """Change the first claim that a fault fits, in the data of the page and in its text; its number, or -1.

    Parameters
    ----------
    folder : Path
        Of a run; its report is written over.
    change : callable
        Changes a claim in place, and says whether it did.
    besides : collection of int
        Claims that are left alone.
    """
    page, path = read_page(folder / "report.html"), folder / "report.html"
    for number in sorted({element.claim for element in page.elements if element.tag != "li"} - set(besides)):
        claims = copy.deepcopy(page.claims)
        if change(claims[number]):
            path.write_text(_put(path.read_text(encoding="utf-8"), claims, number), encoding="utf-8")
            return number
    return -1


def _put(text: str, claims: list[Claim], number: int) -> str:
    """A page with other claims in its data, and the sentence of one of them in its text."""
    data = json.dumps(claims)
    for sign in "<>&'":
        data = data.replace(sign, f"\\u{ord(sign):04x}")
    verdict = claims[number]["verdict"].replace(" ", "-")
    span = f'<span class="claim {verdict}" data-claim="{number}">{html.escape(claims[number]["text"])}</span>'
    head = re.escape('<script type="application/json" id="claims">')
    text = re.sub(rf"({head}).*?(</script>)", lambda match: f"{match[1]}{data}{match[2]}", text, flags=re.DOTALL)
    pattern = rf'<span class="claim[^"]*" data-claim="{number}">.*?</span>'
    return re.sub(pattern, lambda _: span, text, flags=re.DOTALL)


def catch_faults(folder: Path, place: Path) -> dict[str, bool]:
    """Plant each fault in a copy of a run; whether it was caught, by name, for those that the report has a place for.

    A report that names no clock cannot name a wrong one. A fault counts as caught if the check names the claim that it
    was planted in, and did not before.

    Parameters
    ----------
    folder : Path
        Of a finished run; it is not touched.
    place : Path
        For the copies.
    """
    before = {finding.claim for finding in check_run(folder).wrong}
    caught = {}
    for name, change in FAULTS.items():
        made = place / name
        shutil.copytree(folder, made)
        number = plant(made, change, besides=before)
        if number >= 0:
            caught[name] = number in {finding.claim for finding in check_run(made).wrong}
        shutil.rmtree(made)
    return caught
