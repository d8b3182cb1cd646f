"""A small table for the examples: forty households who take their own two products and, now and then, another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from .lists import Lists, make_lists
from .settings import ProductSettings
from .tables import Tables, make_tables
from .trial import Trial, try_questions
from .visits import Visits, make_incidence

__all__ = ["Example", "make_example"]


@dataclass(frozen=True)
class Example:
    """What the sentences of a report are worked out from.

    Attributes
    ----------
    settings : ProductSettings
    visits : Visits
    trials : list of Trial
    lists : list of Lists
    tables : Tables

    >>> make_example().trials[0].question
    'next'
    """

    settings: ProductSettings
    visits: Visits
    trials: list[Trial]
    lists: list[Lists]
    tables: Tables


@cache
def make_example() -> Example:
    """Try and make the lists of forty households, once a process.

    >>> len(make_example().visits.users)
    40
    """
    rng = np.random.default_rng(0)
    n = 1200
    who = rng.integers(40, size=n)
    what = np.where(rng.random(n) < 0.7, (who + rng.integers(2, size=n)) % 12, rng.integers(12, size=n))
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(112, size=n), unit="D")
    rows = pd.DataFrame(
        {
            "household_id": [f"h{one:02}" for one in who],
            "product_type": [f"p{one:02}" for one in what],
            "transaction_timestamp": days,
        }
    )
    settings = ProductSettings(columns={"quantity": ""}, shown=3, n_jobs=1)
    data = make_incidence(rows, settings, "table")
    visits = Visits(data, data, settings, period="28D", cuts=1)
    trials = try_questions(visits, settings, None)
    lists = [make_lists(question, visits, settings) for question in visits.questions]
    return Example(settings, visits, trials, lists, make_tables(trials, lists, [], visits, settings))
