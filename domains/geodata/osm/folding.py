"""Names without case, accents and shortened words, so that the same name is found however it is written."""

from __future__ import annotations

import functools
import unicodedata

__all__ = ["fold_text"]

# The same word, long and short, in the languages in which streets are most often shortened.
SHORT = {
    "str": "strasse", "st": "street", "ave": "avenue", "av": "avenida", "rd": "road", "blvd": "boulevard", "dr": "drive",
    "ln": "lane", "sq": "square", "pl": "platz", "r": "rua", "k": "katu", "t": "tie",
}  # fmt: skip
DOUBLES = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("ss", "s"))


@functools.lru_cache(maxsize=65536)
def fold_text(text: str) -> str:
    """Write a name so that case, accents, umlauts written out and shortened words make no difference.

    Parameters
    ----------
    text : str

    >>> fold_text("Kärntner Str."), fold_text("KAERNTNER STRASSE")
    ('karntner strase', 'karntner strase')
    """
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ø", "o").replace("ł", "l"))
    plain = "".join(letter if letter.isalnum() else " " for letter in plain if not unicodedata.combining(letter))
    words = plain.split()
    if len(words) > 1:
        words = [SHORT.get(word, word) for word in words]
    if words and len(words[-1]) > 3 and words[-1].endswith("str"):
        words[-1] += "asse"
    joined = " ".join(words)
    for double, single in DOUBLES:
        joined = joined.replace(double, single)
    return joined
