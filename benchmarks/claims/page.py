"""What a report says: its claims as data, the elements that hold them, and the sentences outside of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

__all__ = ["BLOCKS", "Block", "Element", "Page", "plain", "read_page"]

BLOCKS = ("p", "li", "h1", "h2", "figcaption", "caption", "th")  # what holds sentences
SILENT = ("script", "style", "svg", "nav", "code")
VOID = ("meta", "link", "br", "img", "input", "hr", "wbr", "source", "col")


@dataclass
class Element:
    """What holds a claim: a sentence, or a card whose number and label stand apart."""

    claim: int
    tag: str
    text: str = ""
    bold: str = ""
    verdict: str = ""


@dataclass
class Block:
    """A paragraph, heading, caption or the like, and what of it stands outside claims: "…" stands for each of these."""

    tag: str
    first_screen: bool
    text: str = ""
    loose: str = ""


@dataclass
class Page:
    """A report as read."""

    claims: list[dict[str, Any]] = field(default_factory=list)
    elements: list[Element] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    @property
    def first_screen(self) -> str:
        """All that is said on it."""
        return " ".join(block.text for block in self.blocks if block.first_screen)

    @property
    def converted(self) -> bool:
        """Whether the first screen says what to do, and not only what was found."""
        return any(block.first_screen and block.tag == "h2" and block.text == "What to do" for block in self.blocks)


def plain(text: str) -> str:
    """Text with common blanks and minus signs, each blank once.

    >>> plain("5\u00a0%  of \u22123")
    '5 % of -3'
    """
    return re.sub(r"\s+", " ", text.replace("\u2212", "-")).strip()


class _Reader(HTMLParser):
    """Walks through the page with a stack of open elements."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.stack: list[str] = []
        self.data = ""
        self.in_data = False
        self.header = 0
        self.silent = 0
        self.bold = 0
        self.element: tuple[int, Element] | None = None
        self.open: list[tuple[int, Block]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in VOID:
            return
        self.stack.append(tag)
        depth = len(self.stack)
        self.silent += tag in SILENT
        self.header += tag == "header"
        self.bold += tag == "b"
        self.in_data = self.in_data or (tag == "script" and given.get("id") == "claims")
        if self.silent:
            return
        if tag in BLOCKS or "finding" in (given.get("class") or "").split():
            self.open.append((depth, Block(tag, self.header > 0)))
        if given.get("data-claim") is not None and self.element is None:
            verdict = " ".join(name for name in (given.get("class") or "").split() if name != "claim")
            found = Element(int(given["data-claim"] or -1), tag, verdict=verdict.replace("-", " "))
            self.element = (depth, found)
            self._add_loose("…")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID or tag not in self.stack:
            return
        while True:
            depth, last = len(self.stack), self.stack.pop()
            self._close(depth, last)
            if last == tag:
                return

    def _close(self, depth: int, tag: str) -> None:
        self.silent -= tag in SILENT
        self.header -= tag == "header"
        self.bold -= tag == "b"
        self.in_data = self.in_data and tag != "script"
        if self.element is not None and self.element[0] == depth:
            self.page.elements.append(self.element[1])
            self.element = None
        if self.open and self.open[-1][0] == depth:
            block = self.open.pop()[1]
            block.text, block.loose = plain(block.text), plain(block.loose)
            self.page.blocks.append(block)

    def _add_loose(self, text: str) -> None:
        if self.open:
            self.open[-1][1].loose += text

    def handle_data(self, data: str) -> None:
        if self.in_data:
            self.data += data
        if self.silent or not self.stack:
            return
        for _, block in self.open[-1:]:
            block.text += data
        if self.element is None:
            self._add_loose(data)
        else:
            self.element[1].text += data
            if self.bold:
                self.element[1].bold += data


def read_page(path: Path) -> Page:
    """Read a report.

    Parameters
    ----------
    path : Path
        Of report.html.
    """
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    reader.page.claims = json.loads(reader.data or "[]")
    for element in reader.page.elements:
        element.text, element.bold = plain(element.text), plain(element.bold)
    return reader.page
