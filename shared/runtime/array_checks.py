"""What a loaded model's arrays have to look like, so that no kernel ever sees an index out of its bounds.

A class says of its arrays what holds of every fitted one: ``declare_arrays(self)`` returns, by the attribute's name, an
`ArrayOf`, or the class that it has to be of. The store asks each object in a model file; scikit-learn's trees are
checked by `check_sklearn`, and the indices of sparse matrices by scipy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from shared.runtime.array_of import MISSING, ArrayOf
from shared.runtime.hints import mismatch
from shared.runtime.sklearn_parts import check_sklearn

__all__ = ["check_learnt", "objects_in"]

PLAIN = (str, bytes, int, float, complex, type(None), np.generic)
OURS = ("domains.", "shared.")


def objects_in(model: object) -> Iterator[Any]:
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


def check_learnt(model: object) -> None:
    """Check every learnt array that a model declares, and every tree in it.

    Raises
    ------
    ValueError
        Saying which array of which class is not as it can be.

    >>> check_learnt({"a": 1})
    """
    for part in objects_in(model):
        kind = type(part)
        declared = getattr(kind, "declare_arrays", None)
        if kind.__module__.startswith(OURS) and (problem := mismatch(part)):
            raise ValueError(problem)
        if declared is not None:
            _check_declared(part, declared)
        elif kind.__module__.startswith("sklearn."):
            check_sklearn(part)
        elif kind.__module__.startswith("scipy.sparse."):
            _check_sparse(part)


def _check_sparse(part: Any) -> None:
    """Row pointers and indices of a sparse matrix: scipy's own loops do not look at them."""
    if part.data.dtype.kind not in "fiub":
        raise ValueError(f"a sparse matrix holds values of the kind {part.data.dtype}")
    part.check_format(full_check=True)


def _check_declared(part: object, declared: Callable[[Any], dict[str, ArrayOf | type]]) -> None:
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
        for found in _each(value) if wanted.shape else [value]:
            if problem := wanted.problem(found):
                raise ValueError(f"{attribute} of {name} {problem}")


def _each(value: object) -> list[Any]:
    """A value, or the arrays of a collection, each of which has to be as declared."""
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple) and any(isinstance(one, np.ndarray) for one in value):
        return list(value)
    return [value]
