"""What a loaded model's arrays have to look like, so that no kernel ever sees an index out of its bounds.

A class says of its arrays what holds of every fitted one: ``learnt_arrays(self)`` returns, by the attribute's name, an
`ArrayOf`, or the class that it has to be of. The store asks each object in a model file; scikit-learn's trees are checked here.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from shared.runtime.hints import mismatch

__all__ = ["ArrayOf", "check_learnt", "objects_in"]

PLAIN = (str, bytes, int, float, complex, type(None), np.generic)
MISSING = object()
OURS = ("domains.", "shared.")
# What kernels are compiled for, and what they index with.
SIZES = {"f": (4, 8), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8)}


@dataclass(frozen=True)
class ArrayOf:
    """What holds of a learnt array, or of a number (an array of shape ()).

    Parameters
    ----------
    kind : {"f", "i", "b", "a"}
        Floats (whole numbers will do), whole numbers, truth values, or any single values, such as names.
    shape : tuple of (int or None)
        None for any length.
    low, high : float, optional
        Least and greatest value; not a number is let through among floats unless `finite`.
    first, last : int, optional
        Of row pointers.
    increasing : bool
        Whether no value is below the one before it.
    finite : bool
        Whether every value is a finite number.
    unique : bool
        Whether no value comes twice.
    optional : bool
        Whether it may be None or not there.

    >>> ArrayOf("i", (None,), low=0, high=2).problem(np.array([0, 3]))
    'holds 3, above 2'
    """

    kind: str
    shape: tuple[int | None, ...] = (None,)
    low: float | None = None
    high: float | None = None
    first: int | None = None
    last: int | None = None
    increasing: bool = False
    finite: bool = False
    unique: bool = False
    optional: bool = False

    def problem(self, value: Any) -> str:
        """Say what is wrong with a value; nothing where all is well."""
        if value is None or value is MISSING:
            return "" if self.optional else "is missing"
        if not isinstance(value, np.ndarray | np.generic | numbers.Number | list | tuple):
            return f"is a {type(value).__name__}"
        array = np.asarray(value)
        if array.dtype.kind not in {"f": "fiu", "i": "iu", "b": "b", "a": "fiubUSMm"}[self.kind] and array.size:
            return f"holds values of the kind {array.dtype}"
        if not array.dtype.isnative or array.dtype.itemsize not in SIZES.get(array.dtype.kind, (array.dtype.itemsize,)):
            return f"holds values of the kind {array.dtype}"
        if array.ndim != len(self.shape) or any(
            want not in {None, have} for want, have in zip(self.shape, array.shape, strict=True)
        ):
            return f"has the shape {array.shape}, not {self.shape}".replace("None", "any")
        return self._out_of_range(array) if array.size else self._ends(array)

    def _out_of_range(self, array: Any) -> str:
        if self.finite and not np.isfinite(array).all():
            return "holds what is no finite number"
        with np.errstate(invalid="ignore"):
            least, most = (np.nanmin(array), np.nanmax(array)) if self._bounded(array) else (None, None)
        if least is not None and self.low is not None and least < self.low:
            return f"holds {least}, below {self.low}"
        if most is not None and self.high is not None and most > self.high:
            return f"holds {most}, above {self.high}"
        if self.unique and len(np.unique(array)) < len(array):
            return "holds a value twice"
        if self.increasing and (array[1:] < array[:-1]).any():
            return "does not increase"
        return self._ends(array)

    def _bounded(self, array: Any) -> bool:
        return (self.low is not None or self.high is not None) and not (
            array.dtype.kind == "f" and np.isnan(array).all()
        )

    def _ends(self, array: Any) -> str:
        for want, place in ((self.first, 0), (self.last, -1)):
            if want is not None and (array.size == 0 or array[place] != want):
                return f"does not {'begin' if place == 0 else 'end'} with {want}"
        return ""


def objects_in(model: Any) -> Iterator[Any]:
    """Every object that a model is made of, itself first; each once.

    >>> [type(part).__name__ for part in objects_in({"a": [1, np.zeros(2)]})]
    ['dict', 'list', 'ndarray']
    """
    stack, seen = [model], set[int]()
    while stack:
        part = stack.pop()
        if isinstance(part, (*PLAIN, type)) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        if isinstance(part, np.ndarray):
            inner: Any = part.ravel().tolist() if part.dtype == object else ()
        elif isinstance(part, dict):
            inner = [*part.values(), *(key for key in part if not isinstance(key, PLAIN))]
        elif isinstance(part, list | tuple | set | frozenset):
            inner = part
        else:
            inner = getattr(part, "__dict__", {}).values()
        stack.extend(inner)


def check_learnt(model: Any) -> None:
    """Check every learnt array that a model declares, and every tree in it.

    Raises
    ------
    ValueError
        Saying which array of which class is not as it can be.

    >>> check_learnt({"a": 1})
    """
    for part in objects_in(model):
        kind = type(part)
        declared = getattr(kind, "learnt_arrays", None)
        if kind.__module__.startswith(OURS) and (problem := mismatch(part)):
            raise ValueError(problem)
        if declared is not None:
            _check_declared(part, declared)
        elif kind.__module__.startswith("sklearn."):
            _check_trees(part)


def _check_declared(part: Any, declared: Callable[[Any], dict[str, ArrayOf | type]]) -> None:
    name = type(part).__name__
    if hasattr(part, "get_params") and not any(
        key.endswith("_") and not key.startswith("_") for key in getattr(part, "__dict__", {})
    ):
        return  # an estimator that is not fitted
    try:
        arrays = declared(part)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
        raise ValueError(f"{name} lacks what belongs to it ({error})") from error
    for attribute, wanted in arrays.items():
        value = getattr(part, attribute, MISSING)
        if isinstance(wanted, type):
            if not isinstance(value, wanted):
                raise ValueError(f"{attribute} of {name} is no {wanted.__name__}")
            continue
        for found in _each(value):
            if problem := wanted.problem(found):
                raise ValueError(f"{attribute} of {name} {problem}")


def _check_trees(estimator: Any) -> None:
    for name, check in TREES.items():
        if hasattr(estimator, name):
            try:
                check(estimator)
            except (AttributeError, TypeError) as error:
                raise ValueError(f"{type(estimator).__name__} lacks what belongs to it ({error})") from error


def _each(value: Any) -> list[Any]:
    """A value, or the arrays of a collection, each of which has to be as declared."""
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple) and any(isinstance(one, np.ndarray) for one in value):
        return list(value)
    return [value]


def _check_nodes(left: Any, right: Any, feature: Any, leaf: Any, n_features: int) -> None:
    """Children come after their parents, so that every walk ends, and features are there."""
    places = np.arange(len(leaf))
    for child in (left, right):
        if (((child <= places) | (child >= len(leaf))) & ~leaf).any():
            raise ValueError("a node of a tree leads to none below it")
    if (((feature < 0) | (feature >= n_features)) & ~leaf).any():
        raise ValueError("a node of a tree asks for a feature that is not there")


def _check_tree(estimator: Any) -> None:
    """A decision tree of scikit-learn: `sklearn.tree._tree.Tree`."""
    tree, n_features = estimator.tree_, int(estimator.n_features_in_)
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
    for count in (n_features, n_trees):
        if problem := ArrayOf("i", (), low=1).problem(count):
            raise ValueError(f"a number of features or trees of a boosting {problem}")
    baseline, mapper = estimator._baseline_prediction, estimator._bin_mapper  # noqa: SLF001
    if np.asarray(baseline).dtype.kind != "f" or np.size(baseline) != n_trees:
        raise ValueError("a boosting begins with what is no number for each of its trees")
    if not hasattr(estimator._preprocessor, "transform") and estimator._preprocessor is not None:  # noqa: SLF001
        raise ValueError("what prepares a boosting's table cannot")
    if len(mapper.bin_thresholds_) != n_features or len(mapper.is_categorical_) != n_features:
        raise ValueError("the bins of a boosting are not those of its features")
    for known, categorical in zip(mapper.bin_thresholds_, mapper.is_categorical_, strict=True):
        if categorical and (problem := ArrayOf("f", low=0, high=255, finite=True).problem(known)):
            raise ValueError(f"the known categories of a boosting: an array {problem}")
    for stage in estimator._predictors:  # noqa: SLF001
        if len(stage) != n_trees:
            raise ValueError("a stage of a boosting has another number of trees than it says")
        for predictor in stage:
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


TREES: dict[str, Callable[[Any], None]] = {"tree_": _check_tree, "_predictors": _check_boosted}
