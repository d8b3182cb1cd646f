"""Comparisons of models by units such as customers, and the rows that they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from shared.evaluation import Comparison, Scores
from shared.evaluation.compare import compare_units
from shared.evaluation.p_values import adjust_p_values

__all__ = ["compare_pairs", "keep_pairs"]


def keep_pairs(scores: Scores, models: Sequence[str], metric: str, label: str = "whose") -> pd.DataFrame:
    """Values of a metric by unit (or split), in one order for all models, as comparisons take them.

    Parameters
    ----------
    scores : Scores
    models : sequence of str
    metric : str
    label : str
        Column that says whose each value is.

    >>> rows = [("a", 1, "mae", 1.0), ("b", 1, "mae", 2.0)]
    >>> frame = pd.DataFrame(rows, columns=["model", "split", "metric", "value"])
    >>> keep_pairs(Scores(frame, frame, frame, ("b",)), ["a", "b"], "mae").values.tolist()
    [['a', 'mae', '1', 1.0], ['b', 'mae', '1', 2.0]]
    """
    sample = scores.sample(tuple(models), metric)
    whose = [str(one) for one in np.asarray(sample.labels)]
    parts = [
        pd.DataFrame({"model": model, "metric": metric, label: whose, "value": sample.values[:, place]})
        for place, model in enumerate(models)
    ]
    return pd.concat(parts, ignore_index=True)


def compare_pairs(
    table: pd.DataFrame, model: str, against: Sequence[str], *, metric: str, by: str, unit: str, greater: bool = True
) -> list[Comparison]:
    """Compare a model with several others over units that may be taken for independent, corrected for their number.

    Parameters
    ----------
    table : pandas.DataFrame
        As `shared.evaluation.compare_units` takes it.
    model : str
    against : sequence of str
    metric, by, unit : str
        What the values are, the column of the units, and what these are called.
    greater : bool
        Whether more is better.

    >>> rows = [(name, day, base + day % 3) for name, base in [("a", 3.0), ("b", 1.0)] for day in range(12)]
    >>> table = pd.DataFrame(rows, columns=["model", "day", "value"])
    >>> [one.outcome for one in compare_pairs(table, "a", ["b"], metric="right", by="day", unit="days")]
    ['better']
    """
    found = [compare_units(table, model, one, metric=metric, by=by, unit=unit, greater=greater) for one in against]
    told = [place for place, item in enumerate(found) if not np.isnan(item.p_value)]
    adjusted = adjust_p_values([found[place].p_value for place in told])
    for place, p_value in zip(told, adjusted, strict=True):
        found[place] = replace(found[place], p_value=float(p_value), together=len(told))
    return found
