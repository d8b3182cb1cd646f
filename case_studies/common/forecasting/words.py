"""The words and figures that the reports of all forecasting studies share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from domains.timeseries import horizon_parts, reliability
from shared.evaluation import Comparison, Comparisons, Scores
from shared.reporting import Claim, Evidence, Said, Table, given
from shared.text import capitalise

__all__ = [
    "NOTHING",
    "claim_coverage",
    "found_nothing",
    "keep_scores",
    "say_skill",
    "below",
    "by_origin",
    "calibration",
    "coverage_of",
    "gain",
    "origin_tables",
    "quarters",
    "sentences",
    "as_change",
    "verdict_and_coverage",
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
        for table, frame in origin_tables(scores).items():
            frame.insert(0, name, label)
            kept[table].append(frame)
    return {table: pd.concat(frames, ignore_index=True) for table, frames in kept.items()}


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
    return [claim] if claim == past or past.verdict == "better" else [past, claim]


def found_nothing(past: Claim) -> bool:
    """Whether nothing was found beyond the mean of the past.

    >>> found_nothing(Claim("", verdict="none")), found_nothing(Claim("", verdict="too few"))
    (True, False)
    """
    return past.verdict in ("none", "worse")


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
        f"Of all {outcomes}, {{share}} lay inside the {{level}} interval.", share=share, level=given(level / 100, "%")
    )


def below(share: float) -> str:
    """Say how far an error lies below another.

    >>> below(0.324), below(-0.05)
    ('32 % below', '5 % above')
    """
    return f"{100 * abs(share):.0f} % {'below' if share >= 0 else 'above'}"


def as_change(share: float) -> str:
    """Write a gain as the change of an error.

    >>> as_change(-0.05)
    '+5.0 %'
    """
    return f"{'−' if share >= 0 else '+'}{100 * abs(share):.1f} %"


def sentences(verdict: Comparisons) -> str:
    """The comparisons as sentences that begin with a capital.

    >>> sentences(Comparisons(()))
    ''
    """
    return " ".join(capitalise(item.explain()) for item in verdict.items)


def by_origin(scores: Scores, model: str, metric: str) -> tuple[list[Any], Any]:
    """A metric of a model over the origins, as a line of a figure.

    >>> frame = pd.DataFrame({"model": "m", "split": [1, 2], "metric": "mae", "value": [3.0, 4.0]})
    >>> by_origin(Scores(frame, frame, frame, ()), "m", "mae")
    ([1, 2], array([3., 4.]))
    """
    values = scores.values(model, metric)
    return list(values.index), values.to_numpy()


def verdict_and_coverage(item: Comparison, share: float, level: float) -> str:
    """A comparison with the best naive, and whether the intervals kept their promise, as the end of a sentence.

    >>> item = Comparison("A", "B", "mae", 0.2, 0.12, 0.31, 47, 52, 0.001, 0.002, "weeks")
    >>> verdict_and_coverage(item, 0.92, 90).split("; ")[-1]
    'the intervals held 92 % of what came, 90 % was promised.'
    """
    return (
        f"{item.explain().rstrip('.')}; the intervals held {100 * share:.0f} % of what came, {level:g} % was promised."
    )


def quarters(scores: Scores, level: float) -> pd.DataFrame:
    """Share of outcomes inside the interval, by model and part of the horizon, for people.

    >>> from shared.evaluation import metric
    >>> made = pd.DataFrame({"model": "m", "step": [1, 2], "y": 2.0, "mean": 2.5, "lo-50": 1.5, "hi-50": [3.5, 1.9]})
    >>> quarters(Scores(made, made, made, (), (metric("coverage-50"),), (None,)), 50).loc["m"].tolist()
    ['100.0 %', '0.0 %']
    """
    shares = 100 * scores.by(f"coverage-{level:g}", horizon_parts()).T
    return shares.map(lambda share: f"{share:.1f} %").rename_axis("model")


def origin_tables(scores: Scores) -> dict[str, pd.DataFrame]:
    """Scores and predictions as a study keeps them: what evaluation calls a split is an origin here.

    >>> frame = pd.DataFrame({"model": ["m"], "split": [1], "metric": ["mae"], "value": [1.0]})
    >>> list(origin_tables(Scores(frame, frame, frame, ()))["scores"].columns)
    ['model', 'origin', 'metric', 'value']
    """
    tables = {"scores": scores.to_frame(), "predictions": scores.predictions}
    return {name: table.rename(columns={"split": "origin"}) for name, table in tables.items()}


def calibration(scores: Scores, model: str, level: float, y: str = "y") -> list[Any]:
    """Coverage and the distribution of what came among the quantiles, over the horizon.

    >>> from shared.evaluation import metric
    >>> made = pd.DataFrame({"model": "m", "step": [1, 2], "y": 2.0, "mean": 2.5, "lo-50": 1.5, "hi-50": 3.5})
    >>> len(calibration(Scores(made, made, made, (), (metric("coverage-50"),), (None,)), "m", 50))
    3
    """
    found = reliability(scores, model, y=y)
    return [
        Table(
            quarters(scores, level),
            f"Share of outcomes inside the {level:g} % interval, by part of the horizon.",
            model,
            name="coverage",
        ),
        found.plot(),
        Table(
            found.table(),
            f"Share of outcomes below each quantile of {model}: over all steps, and by steps of the horizon.",
            name="quantiles",
            fold=True,
        ),
    ]
