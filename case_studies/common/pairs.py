"""Comparisons of models by units such as customers, kept as the rows that they rest on, and said from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from shared.evaluation import Comparison, Scores
from shared.evaluation.compare import compare_two
from shared.evaluation.design import SplitDesign
from shared.evaluation.p_values import adjust_p_values
from shared.evaluation.sample import Sample
from shared.reporting import Claim
from shared.text import capitalise

__all__ = ["claim_pair", "compare_units", "keep_pairs"]


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


def compare_units(
    values: pd.DataFrame, model: str, against: Sequence[str], *, metric: str, unit: str, greater: bool = True
) -> list[Comparison]:
    """Compare a model with others by units that may be taken for independent, corrected for their number.

    Parameters
    ----------
    values : pandas.DataFrame
        A row a unit, a column a model; the index says whose a row is.
    model : str
    against : sequence of str
    metric, unit : str
        What they are called.
    greater : bool
        Whether more is better.

    >>> values = pd.DataFrame({"a": [2.0, 3.0, 4.0] * 4, "b": [1.0, 2.0, 2.0] * 4})
    >>> [one.outcome for one in compare_units(values, "a", ["b"], metric="right", unit="items")]
    ['better']
    """
    found = []
    for other in against:
        pair = values[[model, other]].to_numpy(dtype=float)
        sample = Sample(pair, np.asarray(values.index), "units", SplitDesign())
        found.append(compare_two(sample, model, other, metric, greater, unit))
    told = [place for place, item in enumerate(found) if not np.isnan(item.p_value)]
    adjusted = adjust_p_values([found[place].p_value for place in told])
    for place, p_value in zip(told, adjusted, strict=True):
        found[place] = replace(found[place], p_value=float(p_value), together=len(told))
    return found


def claim_pair(
    item: Comparison,
    table: str,
    *,
    name: str = "",
    split: str = "whose",
    context: str = "",
    where: Mapping[str, Any] | None = None,
) -> Claim:
    """The sentence that a comparison makes, the rival's name in quotation marks, from rows of a table.

    Parameters
    ----------
    item : Comparison
    table : str
        Name under which the run keeps the rows.
    name, split, context
        As in `Comparison.claim`.
    where : mapping, optional
        Further values that the rows have.

    >>> item = Comparison("rules", "popularity", "hits", 0.2, 0.12, 0.31, 47, 52, 0.001, "customers", greater=True)
    >>> claim = claim_pair(item, "hits", where={"question": "new"})
    >>> claim.text, claim.numbers[0].against["question"]
    ('Rules is better than “popularity” by 12 to 31 % (HITS), on 47 of 52 customers.', 'new')
    """
    said = replace(item, against=f"“{item.against}”").claim(table, name=name, split=split, context=context)
    mine = {**(where or {}), "model": item.model}
    its = {**(where or {}), "model": item.against}
    numbers = tuple(
        replace(one, where={**one.where, **mine}, against={**(one.against or {}), **its}) for one in said.numbers
    )
    return replace(said, text=capitalise(said.text), numbers=numbers)
