"""Text for a page: everything escaped, no line broken between a number and its unit, terms linked, claims as data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.reporting.claims import Claim, Said
from shared.reporting.glossary import TERMS, pattern_of

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Writer", "bind_units", "make_slug", "term_id"]

NO_BREAK = "\u00a0"
UNITS = r"%|°C|×|MW|GW|kW|MWh|kWh|EUR|USD|AUD|GBP|km|m|ms|min|s|h|points?|of"
BINDING = re.compile(rf"(?<=\d) (?=(?:{UNITS})(?![\w-]))")


def bind_units(text: str) -> str:
    """Put blanks that do not break between numbers and their units.

    >>> bind_units("36 % of 184 MW, 3 of 5").count(NO_BREAK)
    3
    """
    return BINDING.sub(NO_BREAK, text)


def make_slug(text: str, taken: set[str]) -> str:
    """Make a name that can stand in a link or a file's name, and note it as taken.

    Parameters
    ----------
    text : str
    taken : set of str
        Names there are; the new one is added.

    >>> names = set()
    >>> make_slug("When not to believe it", names), make_slug("When not to believe it", names), make_slug("日本", names)
    ('when-not-to-believe-it', 'when-not-to-believe-it-2', 'part')
    """
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:48].strip("-") or "part"
    name, number = slug, 1
    while name in taken:
        number += 1
        name = f"{slug}-{number}"
    taken.add(name)
    return name


@dataclass
class Writer:
    r"""Writes the texts of one page, and remembers the claims and the terms in them.

    >>> writer = Writer()
    >>> str(writer.write("A & B, 5 %"))
    'A &amp; B, 5\xa0%'
    >>> str(writer.write(Claim("The lift is 3.")))
    '<span class="claim" data-claim="0">The <a class="term" href="#term-lift">lift</a> is 3.</span>'
    """

    claims: list[Claim] = field(default_factory=list)
    terms: set[str] = field(default_factory=set)
    pictures: int = 0

    def write(self, *parts: Said) -> Markup:
        """Sentences, claims or not, as HTML.

        Parameters
        ----------
        *parts : str or Claim
        """
        from markupsafe import Markup

        return Markup(" ").join(self._write_one(part) for part in parts if str(part))

    def _write_one(self, part: Said) -> Markup:
        from markupsafe import Markup

        if not isinstance(part, Claim):
            return self._write_text(part)
        verdict = f" {part.verdict.replace(' ', '-')}" if part.verdict else ""
        place = self.note(part)
        return Markup('<span class="claim{}" data-claim="{}">{}</span>').format(
            verdict, place, self._write_text(part.text)
        )

    def note(self, claim: Claim) -> int:
        """Remember a claim; return its number in the page.

        Parameters
        ----------
        claim : Claim
        """
        self.claims.append(claim)
        return len(self.claims) - 1

    def _write_text(self, text: str) -> Markup:
        """Escape a text, and link the first use of each term of the page."""
        from markupsafe import Markup, escape

        text = bind_units(text)
        found: list[tuple[int, int, str]] = []
        for term in TERMS:
            match = None if term in self.terms else pattern_of(term).search(text)
            if match and not any(match.start() < end and start < match.end() for start, end, _ in found):
                found.append((match.start(), match.end(), term))
        self.terms.update(term for _, _, term in found)
        made, at = Markup(), 0
        for start, end, term in sorted(found):
            made += escape(text[at:start])
            made += Markup('<a class="term" href="#{}">{}</a>').format(term_id(term), text[start:end])
            at = end
        return made + escape(text[at:])

    def glossary(self) -> list[dict[str, Any]]:
        """The terms that were met, with what they mean."""
        return [
            {"id": term_id(term), "term": term, "meaning": bind_units(TERMS[term])}
            for term in sorted(self.terms, key=str.casefold)
        ]


def term_id(term: str) -> str:
    """Where the glossary explains a term.

    >>> term_id("hit rate")
    'term-hit-rate'
    """
    return f"term-{term.lower().replace(' ', '-')}"
