"""The words and figures that the reports of all forecasting studies share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from domains.timeseries import horizon_parts, reliability
from shared.evaluation import Comparison, Comparisons, Scores
from shared.reporting import Claim, Evidence, Said, Table, given
from shared.text import capitalise

__all__ = [
    "NOTHING",
    "by_origin",
    "calibration",
    "claim_coverage",
    "coverage_of",
    "found_nothing",
    "gain",
    "judge",
    "keep_scores",
    "name_origins",
    "quarters",
    "say_nothing",
    "say_skill",
]


def gain(scores: Scores, model: str, best: str | None = None, metric: str = "mase") -> float:
    """Share by which a model's error lies below the best naive's.

    >>> rows = [("m", 1, "mae", 1.0), ("naive", 1, "mae", 2.0)]
    >>> frame = pd.DataFrame(rows, columns=["model", "split", "metric", "value"])
    >>> gain(Scores(frame, frame, frame, ("naive",)), "m", metric="mae")
    0.5
    """
    best = best or scores.best_baseline(metric)
    return 1 - float(scores.values(model, metric).mean() / scores.values(best, metric).mean())


def coverage_of(scores: Scores, model: str, level: float) -> float:
    """Share of outcomes inside a model's interval.

    >>> frame = pd.DataFrame({"model": ["m"], "split": [1], "metric": ["coverage-90"], "value": [0.88]})
    >>> coverage_of(Scores(frame, frame, frame, ()), "m", 90)
    0.88
    """
    return float(scores.values(model, f"coverage-{level:g}").mean())


def keep_scores(found: Mapping[str, Scores], name: str = "clock") -> dict[str, pd.DataFrame]:
    """Scores and predictions of several rounds of trials as a study keeps them, the round's name in a column.

    What evaluation calls a split is an origin here.

    Parameters
    ----------
    found : mapping of str to Scores
        By the name of the round: a time of day, a market.
    name : str
        Of the column.

    >>> frame = pd.DataFrame({"model": ["m"], "split": [1], "metric": ["mae"], "value": [1.0]})
    >>> keep_scores({"00:00": Scores(frame, frame, frame, ())})["scores"].to_dict("records")
    [{'clock': '00:00', 'model': 'm', 'origin': 1, 'metric': 'mae', 'value': 1.0}]
    """
    kept: dict[str, list[pd.DataFrame]] = {"scores": [], "predictions": []}
    for label, scores in found.items():
        for table, frame in name_origins(scores).items():
            rest = frame.drop(columns=name, errors="ignore")
            rest.insert(0, name, label)
            kept[table].append(rest)
    return {table: pd.concat(frames, ignore_index=True) for table, frames in kept.items()}


def judge(
    verdict: Comparisons, against: str, where: Mapping[str, Any], *, name: str, context: str
) -> tuple[Comparison, Claim]:
    """One of the comparisons of a model, and the sentence that it makes from the scores which the run keeps.

    Parameters
    ----------
    verdict : Comparisons
    against : str
        With whom the model is compared.
    where : mapping
        Values of the rows of the table "scores" that this was reckoned from, beside model and metric.
    name : str
        What the metric is called.
    context : str
        When and where this holds, such as "in trials from 12:00".

    >>> item = Comparison("ridge", "B", "mae", 0.2, 0.12, 0.31, 47, 52, 0.001, "weeks")
    >>> found, claim = judge(Comparisons((item,)), "B", {"market": "FR"}, name="error, MAE", context="in France")
    >>> claim.text
    'The ridge is better than “B” by 12 to 31 % (error, MAE), on 47 of 52 weeks in France.'
    >>> dict(claim.numbers[-1].where)
    {'model': 'ridge', 'metric': 'mae', 'market': 'FR'}
    """
    item = next(item for item in verdict.items if item.against == against)
    named = replace(item, model=f"the {item.model}", against=f"“{item.against}”")
    claim = named.claim("scores", name=name, context=context, split="origin")
    numbers = tuple(
        replace(
            one,
            where={**one.where, "model": item.model, **where},
            against={**(one.against or {}), "model": item.against, **where},
        )
        for one in claim.numbers
    )
    return item, replace(claim, text=capitalise(claim.text), numbers=numbers)


def say_skill(claim: Claim, past: Claim) -> list[Said]:
    """Say how a model did against the best baseline, and against the mean of the past where that is another one.

    Parameters
    ----------
    claim : Claim
        The comparison with the best baseline.
    past : Claim
        That with the mean of the past.

    >>> [str(one) for one in say_skill(Claim("A is better than B.", verdict="better"), Claim("C.", verdict="better"))]
    ['A is better than B.']
    """
    if claim == past or past.verdict == "better":
        return [claim]
    # Where there were too few trials to say, the baseline that is hardest to beat comes first.
    return [claim, past] if past.verdict == "too few" else [past, claim]


def found_nothing(past: Comparison, best: str) -> bool:
    """Whether nothing was found beyond the mean of the past.

    Something was where the model is better than it, or seems so while another baseline is nearer than that mean.

    Parameters
    ----------
    past : Comparison
        With the mean of the past.
    best : str
        The baseline with the least error.

    >>> seems = Comparison("ridge", "mean", "mae", 0.9, 0.86, 0.99, 20, 20, 0.08, "weeks", together=4)
    >>> found_nothing(seems, "last week"), found_nothing(seems, "mean")
    (False, True)
    """
    return past.verdict in ("none", "worse") and (best == past.against or past.tendency != "better")


def say_nothing(past: Comparison, best: Comparison, rival: Comparison | None = None) -> str:
    """Say beyond which baseline nothing was found, and so with what to plan; empty where something was found.

    Parameters
    ----------
    past : Comparison
        With the mean of the past.
    best : Comparison
        With the baseline of the least error.
    rival : Comparison, optional
        Of that baseline with the mean of the past, where it is another one.

    >>> worse = Comparison("ridge", "last week", "mae", -0.2, -0.3, -0.1, 9, 52, 0.001, "weeks")
    >>> print(say_nothing(replace(worse, against="the mean"), worse))
    Nothing was found beyond “last week”: plan with that, and with how much the values vary.
    """
    beyond = f"Nothing was found beyond “{best.against}”: plan with that, and with how much the values vary."
    if best.verdict == "worse" and best.against != past.against:
        return beyond
    if not found_nothing(past, best.against):
        return ""
    return NOTHING if rival is None or rival.tendency != "better" else beyond


NOTHING = "Nothing was found beyond the mean of the past: plan with that mean, and with how much the values vary."


def claim_coverage(rows: Evidence, level: float, outcomes: str = "outcomes") -> Claim:
    """Say how many outcomes lay inside an interval, beside how many should have.

    Parameters
    ----------
    rows : Evidence
        The scores of the model, in the trials that count.
    level : float
        Nominal coverage, in percent.
    outcomes : str
        What they are called.

    >>> frame = pd.DataFrame({"model": ["m"], "split": [1], "metric": ["coverage-90"], "value": [0.88]})
    >>> print(claim_coverage(Evidence("scores", frame), 90))
    Of all outcomes, 88 % lay inside the 90 % interval.
    """
    share = rows.where(metric=f"coverage-{level:g}").mean("value", "%", decimals=0)
    return Claim.of(
        "Of all {outcomes}, {share} lay inside the {level} interval.",
        outcomes=outcomes,
        share=share,
        level=given(level / 100, "%"),
    )


def by_origin(scores: Scores, model: str, metric: str) -> tuple[list[Any], Any]:
    """A metric of a model over the origins, as a line of a figure.

    >>> frame = pd.DataFrame({"model": "m", "split": [1, 2], "metric": "mae", "value": [3.0, 4.0]})
    >>> by_origin(Scores(frame, frame, frame, ()), "m", "mae")
    ([1, 2], array([3., 4.]))
    """
    values = scores.values(model, metric)
    return list(values.index), values.to_numpy()


def quarters(scores: Scores, level: float) -> pd.DataFrame:
    """Share of outcomes inside the interval, by model and part of the horizon, in percent.

    >>> from shared.evaluation import metric
    >>> made = pd.DataFrame({"model": "m", "step": [1, 2], "y": 2.0, "mean": 2.5, "lo-50": 1.5, "hi-50": [3.5, 1.9]})
    >>> quarters(Scores(made, made, made, (), (metric("coverage-50"),), (None,)), 50).loc["m"].tolist()
    [100.0, 0.0]
    """
    shares: pd.DataFrame = 100 * scores.by(f"coverage-{level:g}", horizon_parts()).T
    return shares.rename_axis("model")


def name_origins(scores: Scores) -> dict[str, pd.DataFrame]:
    """Scores and predictions as a study keeps them: what evaluation calls a split is an origin here.

    >>> frame = pd.DataFrame({"model": ["m"], "split": [1], "metric": ["mae"], "value": [1.0]})
    >>> list(name_origins(Scores(frame, frame, frame, ()))["scores"].columns)
    ['model', 'origin', 'metric', 'value']
    """
    tables = {"scores": scores.to_frame(), "predictions": scores.predictions}
    return {name: table.rename(columns={"split": "origin"}) for name, table in tables.items()}


def calibration(scores: Scores, model: str, level: float, y: str = "y", *, title: Said = "") -> list[Any]:
    """Coverage and the distribution of outcomes among the quantiles, over the horizon.

    Parameters
    ----------
    scores : Scores
    model : str
    level : float
        Of the interval, in percent.
    y : str
        Column of the outcomes.
    title : str or Claim
        What the picture shows.

    >>> from shared.evaluation import metric
    >>> made = pd.DataFrame({"model": "m", "step": [1, 2], "y": 2.0, "mean": 2.5, "lo-50": 1.5, "hi-50": 3.5})
    >>> len(calibration(Scores(made, made, made, (), (metric("coverage-50"),), (None,)), "m", 50))
    3
    """
    found = reliability(scores, model, y=y)
    return [
        Table(
            quarters(scores, level),
            f"Share of outcomes inside the {level:g} % interval by part of the horizon, %: it should be {level:g}.",
            model,
            name="coverage",
        ),
        found.plot().tell(title),
        Table(
            found.table(),
            f"Share of outcomes below each quantile of {model}: over all steps, and by steps of the horizon.",
            name="quantiles",
            fold=True,
        ),
    ]
