"""What loaded estimators of scikit-learn have to look like, so that no compiled walk leaves its arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.runtime.array_of import ArrayOf

__all__ = ["check_sklearn"]


def check_sklearn(estimator: object) -> None:
    """Check the trees of an estimator of scikit-learn, where it has any.

    Raises
    ------
    ValueError
        Saying what in them cannot be.

    >>> check_sklearn(object())
    """
    if not hasattr(estimator, "get_params"):
        return
    try:
        _check_estimator(estimator)
    except (AttributeError, TypeError) as error:
        raise ValueError(f"{type(estimator).__name__} lacks what belongs to it ({error})") from error


def _check_estimator(estimator: Any) -> None:
    """Its parameters are there, and, where it is fitted and has trees, what it needs of them to predict."""
    estimator.get_params(deep=False)
    if hasattr(estimator, "_validate_params") and hasattr(estimator, "_parameter_constraints"):
        estimator._validate_params()  # noqa: SLF001
    families = {base.__name__ for base in type(estimator).__mro__}
    if not hasattr(estimator, "n_features_in_"):
        return
    for family, check in FAMILIES.items():
        if family in families:
            check(estimator)


def _check_forest(forest: Any) -> None:
    _check_counts(forest.n_features_in_, forest.n_outputs_)
    if not hasattr(forest, "estimator") or not hasattr(forest, "estimator_params"):
        raise ValueError("a forest does not say what it is made of")
    for tree in forest.estimators_:
        if (tree.n_features_in_, tree.n_outputs_) != (forest.n_features_in_, forest.n_outputs_):
            raise ValueError("a tree of a forest has other features or outputs")


def _check_counts(*counts: object) -> None:
    for count in counts:
        if problem := ArrayOf("i", (), low=1).problem(count):
            raise ValueError(f"a number of features, outputs or trees {problem}")


def _check_nodes(left: NDArray[Any], right: NDArray[Any], feature: Any, leaf: Any, n_features: int) -> None:
    """Children come after their parents, so that every walk ends, and features are there."""
    places = np.arange(len(leaf))
    for child in (left, right):
        if (((child <= places) | (child >= len(leaf))) & ~leaf).any():
            raise ValueError("a node of a tree leads to none below it")
    if (((feature < 0) | (feature >= n_features)) & ~leaf).any():
        raise ValueError("a node of a tree asks for a feature that is not there")


def _check_tree(estimator: Any) -> None:
    """A decision tree of scikit-learn: `sklearn.tree._tree.Tree`."""
    tree, n_features = estimator.tree_, estimator.n_features_in_
    _check_counts(n_features, estimator.n_outputs_)
    if tree.n_outputs != estimator.n_outputs_:
        raise ValueError("a tree knows another number of outputs than its estimator")
    state = tree.__getstate__()
    nodes = state["nodes"]
    if len(nodes) != tree.node_count or tree.node_count < 1 or len(state["values"]) != len(nodes):
        raise ValueError("a tree has another number of nodes than it says")
    if tree.n_features != n_features:
        raise ValueError("a tree knows another number of features than its estimator")
    left, right = nodes["left_child"], nodes["right_child"]
    _check_nodes(left, right, nodes["feature"], left == -1, n_features)


def _check_boosted(estimator: Any) -> None:
    """A histogram gradient boosting of scikit-learn: `TreePredictor` and `_BinMapper`."""
    n_features, n_trees = estimator.n_features_in_, estimator.n_trees_per_iteration_
    _check_counts(n_features, n_trees)
    baseline = estimator._baseline_prediction  # noqa: SLF001
    if np.asarray(baseline).dtype.kind != "f" or np.size(baseline) != n_trees:
        raise ValueError("a boosting begins with what is no number for each of its trees")
    if not hasattr(estimator._preprocessor, "transform") and estimator._preprocessor is not None:  # noqa: SLF001
        raise ValueError("what prepares a boosting's table cannot")
    if isinstance(estimator._loss, type) or not hasattr(estimator._loss, "link"):  # noqa: SLF001
        raise ValueError("the loss of a boosting is none")
    _check_bins(estimator._bin_mapper, n_features)  # noqa: SLF001
    for stage in estimator._predictors:  # noqa: SLF001
        if len(stage) != n_trees:
            raise ValueError("a stage of a boosting has another number of trees than it says")
        for predictor in stage:
            _check_predictor(predictor, n_features)


def _check_bins(mapper: Any, n_features: int) -> None:
    if len(mapper.bin_thresholds_) != n_features or len(mapper.is_categorical_) != n_features:
        raise ValueError("the bins of a boosting are not those of its features")
    for known, categorical in zip(mapper.bin_thresholds_, mapper.is_categorical_, strict=True):
        if categorical and (problem := ArrayOf("f", low=0, high=255, finite=True).problem(known)):
            raise ValueError(f"the known categories of a boosting: an array {problem}")


def _check_predictor(predictor: Any, n_features: int) -> None:
    nodes = predictor.nodes
    if nodes.ndim != 1 or len(nodes) < 1:
        raise ValueError("a tree has no nodes")
    leaf = nodes["is_leaf"] != 0
    left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
    _check_nodes(left, right, nodes["feature_idx"], leaf, n_features)
    sets = nodes["bitset_idx"][(nodes["is_categorical"] != 0) & ~leaf]
    for bits in (predictor.binned_left_cat_bitsets, predictor.raw_left_cat_bitsets):
        if bits.ndim != 2 or bits.shape[1] != 8 or (sets >= len(bits)).any():
            raise ValueError("a node of a tree asks for categories that are not there")


def _check_linear(model: Any) -> None:
    for name in ("coef_", "intercept_"):
        values = np.asarray(getattr(model, name))
        if values.dtype.kind != "f" or (name == "coef_" and values.shape[-1:] != (model.n_features_in_,)):
            raise ValueError(f"{name} of a linear model are no numbers for its features")


FAMILIES: dict[str, Callable[[Any], None]] = {
    "LinearModel": _check_linear,
    "BaseDecisionTree": _check_tree,
    "BaseForest": _check_forest,
    "BaseHistGradientBoosting": _check_boosted,
}
