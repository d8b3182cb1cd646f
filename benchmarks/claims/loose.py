"""Sentences that compare outside of claims, but for those that no data can make false."""

from __future__ import annotations

import functools
import re
import tomllib
from importlib.resources import files

from benchmarks.claims.page import Page

__all__ = ["always_true", "find_loose", "split_sentences"]

COMPARING = re.compile(r"\b(?:than|better|worse|best|most|least)\b", re.IGNORECASE)
END = re.compile(r"(?<=[.!?])\s+(?=[A-Z“\"…])|(?<=…)\s+(?=[A-Z])")


def split_sentences(text: str) -> list[str]:
    """Sentences of a paragraph.

    >>> split_sentences("It is 3.5 MW. Is it? Yes")
    ['It is 3.5 MW.', 'Is it?', 'Yes']
    """
    return [part for part in END.split(text) if part]


@functools.cache
def always_true() -> list[re.Pattern[str]]:
    """Patterns of sentences that no data can make false, each with its reason in always_true.toml."""
    text = files("benchmarks.claims").joinpath("always_true.toml").read_text(encoding="utf-8")
    return [re.compile(one["pattern"]) for one in tomllib.loads(text)["sentence"]]


def find_loose(page: Page) -> list[str]:
    """Sentences of a page that compare outside of a claim, each once.

    The name of a model, such as "the most correlated set", and what stands in quotation marks, do not compare by
    themselves.

    Parameters
    ----------
    page : Page
    """
    names = _names_of(page)
    found = [
        sentence
        for block in page.blocks
        for sentence in split_sentences(block.loose)
        if COMPARING.search(_strike_out(sentence, names))
        and not any(known.fullmatch(sentence) for known in always_true())
    ]
    return list(dict.fromkeys(found))


def _names_of(page: Page) -> list[str]:
    """Names of models in the rows that claims rest on, the longest first."""
    sides = [
        number[side] or {} for claim in page.claims for number in claim["numbers"] for side in ("where", "against")
    ]
    return sorted({str(side["model"]) for side in sides if "model" in side}, key=len, reverse=True)


def _strike_out(sentence: str, names: list[str]) -> str:
    sentence = re.sub("“[^”]{1,40}”", "…", sentence)  # what something is called
    for name in names:
        sentence = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", sentence, flags=re.IGNORECASE)
    return sentence
