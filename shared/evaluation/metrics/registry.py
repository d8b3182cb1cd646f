"""Metrics by name, as the runner takes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from shared.checks import check_level as need_level
from shared.checks import is_whole
from shared.data import columns as names
from shared.errors import SettingsError
from shared.evaluation.metrics import detection, intervals, ranking, regression
from shared.evaluation.metrics.base import ArrayMetric

__all__ = ["check_level", "metric", "metric_names", "split_name"]

SCORE = "score"
RANK = "rank"
LABEL = "label"


@dataclass(frozen=True)
class _Kind:
    """What a name stands for: its function, the columns it reads, and whether more is better."""

    function: Callable[..., Any]
    reads: tuple[str, ...]
    greater_is_better: bool | None = False
    per_row: bool = False
    undefined: Callable[..., Any] | None = None
    varies: bool = False


def _is_zero(y: ArrayLike, _mean: object) -> Any:
    """Rows that MAPE would divide by zero."""
    return y == 0


POINT, SCORED, LABELLED, RANKED = (names.Y, names.MEAN), (names.Y, SCORE), (names.Y, LABEL), (RANK,)
KINDS: Mapping[str, _Kind] = {
    "mae": _Kind(regression.mae, POINT),
    "rmse": _Kind(regression.rmse, POINT),
    "r2": _Kind(regression.r2, POINT, greater_is_better=True, varies=True),
    "mape": _Kind(regression.mape, POINT, undefined=_is_zero),
    "smape": _Kind(regression.smape, POINT),
    "coverage": _Kind(intervals.coverage, (names.Y,), greater_is_better=None),
    "interval_score": _Kind(intervals.interval_score, (names.Y,)),
    "roc_auc": _Kind(detection.roc_auc, SCORED, greater_is_better=True),
    "average_precision": _Kind(detection.average_precision, SCORED, greater_is_better=True),
    "vus_pr": _Kind(detection.vus_pr, SCORED, greater_is_better=True),
    "accuracy": _Kind(detection.accuracy, LABELLED, greater_is_better=True),
    "balanced_accuracy": _Kind(detection.balanced_accuracy, LABELLED, greater_is_better=True),
    "f1": _Kind(detection.f1, LABELLED, greater_is_better=True),
    "hit_rate": _Kind(ranking.hits, RANKED, greater_is_better=True, per_row=True),
    "ndcg": _Kind(ranking.gains, RANKED, greater_is_better=True, per_row=True),
    "reciprocal_rank": _Kind(ranking.reciprocal_ranks, RANKED, greater_is_better=True, per_row=True),
}
INTERVAL = ("coverage", "interval_score")
AT_K = ("hit_rate", "ndcg")


def metric(
    name: str,
    *,
    reads: Sequence[str] = (),
    unit: str | None = None,
    level: float | None = None,
    k: int | None = None,
    label: str | None = None,
) -> ArrayMetric:
    """Make a metric by its name.

    Parameters
    ----------
    name : str
        One of `metric_names`; with its level or k behind it where it has one, as in "coverage-90" or "ndcg@10".
    reads : sequence of str
        Columns of the predictions, in the order of the function's arguments; left out, those that tasks give: "y" and
        "mean" for numbers, "lo-90" and "hi-90" for intervals, "score" for detectors, "label" for classes, "rank" for
        lists.
    unit : str, optional
        Column whose values are judged apart, such as the key of series.
    level : float, optional
        Nominal coverage in percent, for "coverage" and "interval_score".
    k : int, optional
        Length of the list, for "hit_rate" and "ndcg", 10 where left out; for "vus_pr" the widest buffer in rows.
    label : str, optional
        Name in the score table; the metric's own, with its level or k, where left out.

    Raises
    ------
    SettingsError
        There is no such metric, or its level is missing or out of range.

    >>> metric("coverage-90").reads
    ('y', 'lo-90', 'hi-90')
    >>> metric("ndcg", k=5).name
    'ndcg@5'
    """
    base, level, k = split_name(name, level, k)
    if base not in KINDS:
        raise SettingsError(f"there is no metric {name!r}; there are {', '.join(metric_names())}")
    kind = KINDS[base]
    takes = "level" if base in INTERVAL else "k" if base in (*AT_K, "vus_pr") else "neither a level nor a k"
    if (level is not None and takes != "level") or (k is not None and takes != "k"):
        given = f"level={level:g}" if level is not None and takes != "level" else f"k={k!r}"
        raise SettingsError(f"metric {name!r} takes {takes}{' alone' if len(takes) < 6 else ''}, and was given {given}")
    if k is not None and not is_whole(k):
        raise SettingsError(f"metric {name!r}: k={k!r} is no whole number from 1 on")
    options: dict[str, Any] = {}
    columns, shown = tuple(reads) or kind.reads, base
    if base in INTERVAL:
        level = check_level(base, level)
        if not reads:
            columns = (*kind.reads, *names.interval_columns(level))
        options = {} if base == "coverage" else {"level": level}
        shown = f"{base}-{level:g}"
    elif base in AT_K:
        options = {"k": 10 if k is None else k}
        shown = f"{base}@{options['k']}"
    elif base == "vus_pr":
        if k is None:
            raise SettingsError("metric 'vus_pr' needs its widest buffer in rows, as in 'vus_pr@24'")
        options, shown = {"window": k}, f"{base}@{k}"
    return ArrayMetric(
        label or shown,
        kind.function,
        columns,
        kind.greater_is_better,
        unit,
        kind.per_row,
        options,
        kind.undefined,
        kind.varies,
    )


def metric_names() -> tuple[str, ...]:
    """Names that `metric` knows.

    >>> "roc_auc" in metric_names()
    True
    """
    return tuple(KINDS)


def split_name(name: str, level: float | None, k: int | None) -> tuple[str, float | None, int | None]:
    """Take a level or a k off the end of a name.

    >>> split_name("coverage-97.5", None, None), split_name("ndcg@5", None, None)
    (('coverage', 97.5, None), ('ndcg', None, 5))
    """
    if found := re.fullmatch(r"(\w+)-(\d+(?:\.\d+)?)", name):
        return found[1], float(found[2]) if level is None else level, k
    if found := re.fullmatch(r"(\w+)@([1-9]\d*)", name):
        return found[1], level, int(found[2]) if k is None else k
    return name, level, k


def check_level(name: str, level: float | None) -> float:
    """Refuse a metric of intervals without its level, or with one that is no percentage.

    >>> check_level("coverage", 90)
    90.0
    """
    if level is None:
        raise SettingsError(f"metric {name!r} needs level=, the nominal coverage in percent, as in '{name}-90'")
    return need_level(level)
