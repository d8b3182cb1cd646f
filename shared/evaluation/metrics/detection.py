"""Metrics for detectors and classifiers: how well scores part two classes, and how good labels are (scikit-learn's)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shared.errors import HexadError
from shared.evaluation.metrics.base import check_arrays

__all__ = ["accuracy", "average_precision", "balanced_accuracy", "f1", "roc_auc"]


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
