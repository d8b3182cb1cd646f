"""Whether values are of the kinds that a class says in its annotations: what a damaged file may have changed."""

from __future__ import annotations

import functools
import inspect
import numbers
import types
import typing
from dataclasses import fields, is_dataclass
from typing import Any, Literal, Union

import numpy as np

__all__ = ["matches", "mismatch"]

SINGLE: dict[Any, Any] = {
    int: numbers.Integral,
    float: numbers.Real,
    bool: (bool, np.bool_),
    str: str,
    bytes: bytes,
    None: type(None),
    types.NoneType: type(None),
}


def matches(value: object, hint: Any) -> bool:
    """Whether a value is what an annotation says; annotations that say more than can be looked at are taken as met.

    >>> matches((1, 2), tuple[int, ...]), matches(1.5, int | str), matches(True, int)
    (True, False, False)
    """
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint in SINGLE:
        return isinstance(value, SINGLE[hint]) and (hint is bool or not isinstance(value, bool | np.bool_))
    if origin in {Union, types.UnionType}:
        return any(matches(value, one) for one in inner)
    if origin is Literal:
        return any(value == one and type(value) is type(one) for one in inner)
    if origin is tuple:
        return _is_tuple(value, inner)
    if origin in {list, set, frozenset}:
        return isinstance(value, origin) and all(matches(one, inner[0]) for one in value)
    if origin is dict:
        return isinstance(value, dict) and all(
            matches(key, inner[0]) and matches(one, inner[1]) for key, one in value.items()
        )
    if origin is np.ndarray:
        return isinstance(value, np.ndarray)
    if hint is Any:
        return True
    if isinstance(origin or hint, type) and not getattr(origin or hint, "_is_protocol", False):
        return isinstance(value, origin or hint)
    return True


def _is_tuple(value: object, inner: tuple[Any, ...]) -> bool:
    if not isinstance(value, tuple | list):  # what a user gave as a list does as well
        return False
    if len(inner) == 2 and inner[1] is Ellipsis:
        return all(matches(one, inner[0]) for one in value)
    return len(value) == len(inner) and all(matches(one, hint) for one, hint in zip(value, inner, strict=True))


@functools.cache
def _hints_of(kind: type) -> dict[str, Any]:
    """Annotations of a dataclass's fields, or of an estimator's parameters."""
    try:
        if is_dataclass(kind):
            known = typing.get_type_hints(kind)
            return {one.name: known[one.name] for one in fields(kind)}
    except (NameError, TypeError, KeyError):  # names that are only there for the type checker
        return {}
    if not hasattr(kind, "get_params"):
        return {}
    # Parameters may be whatever fitting takes; that they are there is asked.
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]  # type: ignore[misc]
    return {one.name: Any for one in parameters if one.kind in {one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY}}


@functools.cache
def _find_hints(kind: type) -> dict[str, Any]:
    """What an estimator's classes annotate as learnt: it is there, and of that kind, once it is fitted."""
    names = [
        name
        for base in kind.__mro__
        for name in inspect.get_annotations(base)
        if name.endswith("_") and not name.startswith("_")
    ]
    try:
        known = typing.get_type_hints(kind) if names else {}
    except (NameError, TypeError):  # names that are only there for the type checker
        known = {}
    return {name: known.get(name, Any) for name in names}


def mismatch(part: object) -> str:
    """Say which field or parameter is missing or of another kind than its class says; nothing where all is well.

    >>> mismatch(types.SimpleNamespace())
    ''
    """
    kind: Any = type(part)
    learnt = _find_hints(kind) if hasattr(kind, "get_params") else {}
    fitted = any(hasattr(part, name) for name in learnt)
    for name, hint in {**(learnt if fitted else {}), **_hints_of(kind)}.items():
        if not hasattr(part, name):
            return f"{name} of {type(part).__name__} is missing"
        if not matches(getattr(part, name), hint):
            return f"{name} of {type(part).__name__} is a {type(getattr(part, name)).__name__} that it cannot be"
    return ""
