"""The words and figures that the reports of all forecasting studies share."""

from __future__ import annotations

from typing import Any

import pandas as pd

from domains.timeseries import horizon_parts, reliability
from shared.evaluation import Comparison, Comparisons, Scores
from shared.text import capitalise

__all__ = [
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
    4
    """
    found = reliability(scores, model, y=y)
    return [
        (
            quarters(scores, level),
            f"Share of outcomes inside the {level:g} % interval, by part of the horizon.",
            model,
        ),
        found.explain(),
        found.plot(),
        (
            found.table(),
            f"Share of outcomes below each quantile of {model}: over all steps, and by steps of the horizon.",
        ),
    ]
