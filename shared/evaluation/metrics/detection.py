"""Metrics for detectors and classifiers: how well scores part two classes, and how good labels are (scikit-learn's)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shared.checks import is_whole
from shared.errors import HexadError
from shared.evaluation.metrics.base import check_arrays
from shared.typing import Bools, Floats, Ints

__all__ = ["accuracy", "average_precision", "balanced_accuracy", "f1", "roc_auc", "vus_pr"]

THRESHOLDS = 250


def roc_auc(y_true: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a positive has a higher score than a negative; equal scores count half.

    Parameters
    ----------
    y_true : array of shape (n,)
        Two values; the larger one is the positive class.
    score : array of shape (n,)
        The higher, the more it is a positive. Detectors' ``score_samples`` are the other way round: take their
        negative.

    Raises
    ------
    HexadError
        There is one class only.

    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    from sklearn.metrics import roc_auc_score

    positive, scores = _two_classes(y_true, score)
    return float(roc_auc_score(positive, scores))


def average_precision(y_true: ArrayLike, score: ArrayLike) -> float:
    """Mean precision over the recalls that a falling threshold reaches; a guess has the share of positives.

    Parameters
    ----------
    y_true, score : array of shape (n,)
        As for `roc_auc`.

    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    from sklearn.metrics import average_precision_score

    positive, scores = _two_classes(y_true, score)
    return float(average_precision_score(positive, scores))


def accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Share of labels that are right.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels.

    >>> accuracy(["a", "b"], ["a", "a"])
    0.5
    """
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(*_labels(y_true, y_pred)))


def balanced_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Mean over the classes of the share of labels that are right.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels.

    >>> balanced_accuracy([0, 0, 0, 1], [0, 0, 0, 0])
    0.5
    """
    from sklearn.metrics import recall_score

    return float(recall_score(*_labels(y_true, y_pred), average="macro", zero_division=0.0))


def f1(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Harmonic mean of precision and recall of the larger of two labels.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels of two kinds.

    >>> f1([0, 0, 1, 1], [0, 1, 1, 1])
    0.8
    """
    from sklearn.metrics import f1_score

    true, predicted = _labels(y_true, y_pred)
    classes = np.unique(np.concatenate([true, predicted]))
    if len(classes) > 2:
        raise HexadError(f"F1 is one of two classes, but there are {len(classes)}; take balanced_accuracy")
    return float(f1_score(true, predicted, pos_label=classes[-1], zero_division=0.0))


def vus_pr(y_true: ArrayLike, score: ArrayLike, window: int) -> float:
    """Volume under the precision-recall surface: how well scores along a series find stretches, near misses included.

    Parameters
    ----------
    y_true, score : array of shape (n,)
        As for `roc_auc`, in the order of time.
    window : int
        The widest buffer around a stretch, in rows; its season, or what else is near.

    Returns
    -------
    float
        The mean over all buffers from 0 to `window` of the area under the precision-recall curve.

    Raises
    ------
    HexadError
        There is one class only, or the window is no number of rows.

    Notes
    -----
    Paparrizos et al. (2022), "Volume under the surface", PVLDB 15. For a buffer of l rows, labels fall on either side
    of a stretch as sqrt(1 - d / l) at a distance of d rows up to l / 2. Of the rows at a threshold, precision is the
    mean label; recall is the sum of their labels by the mean of the sums with and without buffer, at most 1, times the
    share of stretches, buffers included, that have such a row. There are 250 thresholds, at evenly spaced ranks.

    >>> labels = [0, 0, 0, 1, 1, 0, 0, 0]
    >>> round(vus_pr(labels, labels, 2), 2), round(vus_pr(labels, [0, 0, 1, 1, 0, 0, 0, 0], 2), 2)
    (0.95, 0.48)
    """
    if not is_whole(window, 0):
        raise HexadError(f"window={window!r}: give a number of rows, from 0 on")
    odd, scores = _two_classes(y_true, score)
    n, labels = len(odd), odd.astype(float)
    edges = np.diff(labels, prepend=0.0, append=0.0)
    begins, ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0) - 1
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    thresholds = falling[np.linspace(0, n - 1, THRESHOLDS).astype(int)]
    reported = np.searchsorted(-falling, -thresholds, side="right")
    areas = []
    for width in range(window + 1):
        buffered = _buffer(labels, begins, ends, width)
        hits = np.cumsum(buffered[order])[reported - 1]
        recall = np.minimum(2 * hits / (labels.sum() + buffered.sum()), 1.0)
        recall *= _found(scores, buffered > 0, thresholds)
        areas.append(float(np.diff(recall, prepend=0.0) @ (hits / reported)))
    return float(np.mean(areas))


def _buffer(labels: Floats, begins: Ints, ends: Ints, width: int) -> Floats:
    """Labels that fall off on both sides of each stretch; where buffers meet, they add up to 1 at most."""
    buffered = labels.copy()
    for distance in range(1, width // 2 + 1):
        for places in (begins - distance, ends + distance):
            np.add.at(buffered, places[(places >= 0) & (places < len(labels))], np.sqrt(1 - distance / width))
    return np.asarray(np.minimum(buffered, 1.0))


def _found(scores: Floats, inside: Bools, thresholds: Floats) -> Floats:
    """Share of stretches that have a score as high as each threshold."""
    edges = np.diff(inside.astype(int), prepend=0, append=0)
    begins, ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
    highest = np.array([scores[begin:end].max() for begin, end in zip(begins, ends, strict=True)])
    return np.asarray((highest >= thresholds[:, None]).mean(axis=1))


def _two_classes(y_true: ArrayLike, score: ArrayLike) -> tuple[Any, Any]:
    """Whether each row is a positive, and its score."""
    true, scores = check_arrays(y_true, score)
    classes = np.unique(true)
    if len(classes) != 2:
        raise HexadError(f"two classes are needed, but there {'is' if len(classes) == 1 else 'are'} {len(classes)}")
    return true == classes[1], scores


def _labels(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Any, Any]:
    true, predicted = np.asarray(y_true), np.asarray(y_pred)
    if true.ndim != 1 or true.shape != predicted.shape or len(true) == 0:
        raise HexadError(
            f"labels are two arrays of one length, but these have shapes {true.shape} and {predicted.shape}"
        )
    return true, predicted
