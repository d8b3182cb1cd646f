"""The recommender of each question, and what it is held against."""

from __future__ import annotations

from typing import Any

from domains.recommendation import (
    EaseRecommender,
    HistoryRecommender,
    NeighbourRecommender,
    PopularityRecommender,
    Recommender,
)
from shared.data.frequency import parse_duration

from .visits import Visits

__all__ = ["EASE", "NEAR", "OURS", "make_recommender", "make_rivals"]

OURS = "recommender"
POPULAR, LATELY, OWN, NEAR, EASE = "popularity", "popularity of late", "own history", "neighbours", "EASE"
# Half-lives in periods. Of the past of one's own, twice what is asked for; neither is tuned.
HALF_LIFE = {LATELY: 1.0, OWN: 2.0}
DAY_NS, DAYS_OF_A_MONTH = 86_400e9, 365.2425 / 12


def make_recommender(question: str, visits: Visits) -> Recommender:
    """The model of a question, not fitted.

    Parameters
    ----------
    question : str
    visits : Visits

    >>> import pandas as pd
    >>> from shared.data import Incidence
    >>> data = Incidence.from_interactions(pd.DataFrame({"user": list("aab"), "item": ["tea", "milk", "tea"]}))
    >>> settings = type("", (), {"seed": 0})
    >>> make_recommender("new", Visits(data, data, settings)).question
    'new'
    """
    return Recommender(
        question=question,
        text=tuple(visits.settings.columns.items.text) if visits.items is not None else (),
        period=visits.period,
        random_state=visits.settings.seed,
    )


def make_rivals(question: str, visits: Visits) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the recommender is held against: models, and what needs none.

    Parameters
    ----------
    question : str
    visits : Visits

    Returns
    -------
    models, baselines

    >>> import pandas as pd
    >>> from shared.data import Incidence
    >>> data = Incidence.from_interactions(pd.DataFrame({"user": list("aab"), "item": ["tea", "milk", "tea"]}))
    >>> settings = type("", (), {"seed": 0})
    >>> [list(models) for models in make_rivals("new", Visits(data, data, settings))]
    [['neighbours', 'EASE'], ['popularity']]
    """
    signal = "log" if question == "next" else "presence"
    models = {NEAR: NeighbourRecommender(question=question), EASE: EaseRecommender(signal=signal, question=question)}
    baselines: dict[str, Any] = {POPULAR: PopularityRecommender(question=question)}
    if visits.period is not None:
        baselines[LATELY] = PopularityRecommender(_stretch(visits.period, HALF_LIFE[LATELY]), question=question)
    if question == "next":  # of what one never had, one's own past orders nothing
        baselines[OWN] = HistoryRecommender(_stretch(visits.period, HALF_LIFE[OWN]), question=question)
    return models, baselines


def _stretch(period: float | str | None, times: float) -> float | None:
    """So many periods: in days where times are dates, else in their unit."""
    if isinstance(period, str):
        length = parse_duration(period)
        return times * (length.ns / DAY_NS + length.months * DAYS_OF_A_MONTH)
    return None if period is None else times * period
