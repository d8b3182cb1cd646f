"""The terms of the field that reports use, each in one or two plain sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["TERMS", "find_terms", "pattern_of"]

# Term: what it is. A term is found as a whole word, in its own spelling or with a capital.
TERMS = {
    "average precision": "How far up a list the right items stand: 1 where all of them come first.",
    "baseline": "What anyone could do without a model, such as repeating yesterday. A model is worth something only as"
    " far as it beats the best of them.",
    "confidence": "Of the baskets that hold the left side of a rule, the share that also hold its right side.",
    "coverage": "The share of outcomes that fell inside an interval. Of a 90 % interval it should be about 90 %.",
    "demand point": "A place where customers are, with a number that says how many, or how much they buy.",
    "fingerprint": "A short code made from all values of a table: the same code, the same data.",
    "Holm": "A correction for looking many times: the more comparisons, the smaller the p-value that each has to reach,"
    " so that all together are wrong with no more than the stated chance (Holm 1979).",
    "Huff": "A rule that shares out customers among sites: the larger and the nearer a site, the larger its share (Huff"
    " 1963).",
    "interval score": "The width of an interval plus a penalty for every outcome outside it; less is better (Winkler"
    " 1972).",
    "isochrone": "The area that can be reached within a given time.",
    "lift": "How many times as often two things are bought together as they would be if they had nothing to do with one"
    " another.",
    "adjusted lift": "Lift among baskets of the same size: large baskets hold many pairs by size alone, and that is"
    " taken out.",
    "MAE": "Mean absolute error: by how much a forecast is off on average, in the unit of the data.",
    "MASE": "Mean absolute error divided by that of repeating the last season on the rows before the trials: below 1 is"
    " better than that was (Hyndman and Koehler 2006).",
    "median": "The middle value: half lie below, half above.",
    "naive": "A forecast without a model: the value of the same time yesterday, of last week, or a mean of the past.",
    "NDCG": "How far up a list the right items stand, from 0 to 1; an item further down counts less.",
    "origin": "The moment from which a trial forecasts: nothing from it on is known to the model.",
    "p-value": "How often chance alone would show a difference at least as large, if there were none.",
    "PIT": "Where outcomes lie among the quantiles of their forecasts: evenly spread when the quantiles are true.",
    "precision": "Of the cases that were pointed out, the share that was right.",
    "proven": "A solver has shown that nothing better exists under the stated rules; a gap says how much better"
    " something could still be.",
    "quantile": "The value below which a stated share of outcomes is expected: below the 90 % quantile, nine in ten.",
    "R²": "The share of how much values vary that a model explains: 1 is all of it, 0 is what their mean does.",
    "recall": "Of the cases that there are, the share that was found.",
    "Sharpe ratio": "What was earned, divided by how much that fluctuated: the more, the better for the same risk.",
    "similar day": "Repeating last week's prices on Mondays, Saturdays and Sundays, and yesterday's on other days: the"
    " usual forecast of electricity prices without a model.",
    "support": "The share of baskets, or their number, that hold all items of a rule.",
    "volatility": "How much returns vary: their standard deviation, over a year unless said otherwise.",
    "shrinkage": "Pulling an estimate towards a plain value, the more so the less data there are behind it.",
    "hit rate": "The share of cases in which what was hidden is among the first guesses.",
    "out of sample": "On data that took no part in learning or choosing.",
}


def find_terms(text: str, terms: Iterable[str] = tuple(TERMS)) -> list[str]:
    """Find the terms that a text uses, in the order of the alphabet.

    Parameters
    ----------
    text : str
    terms : iterable of str
        To look for.

    >>> find_terms("The MASE of the best naive; coverages differ.")
    ['coverage', 'MASE', 'naive']
    """
    return sorted((term for term in terms if pattern_of(term).search(text)), key=str.casefold)


def pattern_of(term: str) -> re.Pattern[str]:
    """How a term is found: as a word, singular or plural.

    >>> bool(pattern_of("quantile").search("Quantiles are"))
    True
    """
    flags = 0 if term[:1].isupper() else re.IGNORECASE
    return re.compile(rf"(?<![\w-]){re.escape(term)}s?(?![\w-])", flags)
