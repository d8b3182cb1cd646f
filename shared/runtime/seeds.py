"""Randomness held still for a while, so that two runs differ only in what they were given."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from shared.checks import is_whole
from shared.errors import SettingsError
from shared.typing import Seed

__all__ = ["clone_seeded", "fix_seeds", "make_random_state", "make_rng"]


def make_rng(random_state: Seed, name: str = "random_state") -> np.random.Generator:
    """Make a generator of a seed, and refuse what is none.

    Parameters
    ----------
    random_state : int, optional
    name : str
        What it is called in the message.

    Raises
    ------
    SettingsError

    >>> int(make_rng(0).integers(10))
    8
    >>> make_rng("x")
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: random_state='x' is no seed; give a whole number from 0
    """
    if isinstance(random_state, np.random.Generator):
        return random_state
    if random_state is not None and not is_whole(random_state, 0):
        raise SettingsError(f"{name}={random_state!r} is no seed; give a whole number from 0")
    return np.random.default_rng(random_state)


def make_random_state(random_state: Seed, name: str = "random_state") -> np.random.RandomState:
    """Make what scikit-learn's estimators draw from of what they take for a seed, and refuse what is none.

    Parameters
    ----------
    random_state : int or numpy.random.RandomState, optional
    name : str
        What it is called in the message.

    Raises
    ------
    SettingsError

    >>> make_random_state("x")
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: random_state='x' is no seed; give a whole number from 0
    """
    from sklearn.utils import check_random_state

    try:
        made: np.random.RandomState = check_random_state(random_state)
        return made
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{name}={random_state!r} is no seed; give a whole number from 0") from error


@contextmanager
def fix_seeds(seed: int = 0) -> Iterator[Callable[[], bool]]:
    """Seed Python's, numpy's and, where it is loaded, torch's generators; restore their states afterwards.

    Generators that are made without a seed in the meantime (``numpy.random.default_rng()``) get this one. Not for use
    in several threads at once: these generators belong to the process. What it yields says whether anything was drawn.

    >>> with fix_seeds(1) as drawn:
    ...     first, quiet = np.random.default_rng().random(), drawn()
    >>> with fix_seeds(1):
    ...     first == np.random.default_rng().random(), quiet
    (True, True)
    """
    legacy: Any = np.random
    before, numpy_before, make = random.getstate(), legacy.get_state(), np.random.default_rng
    torch = sys.modules.get("torch")
    torch_before = torch.get_rng_state() if torch is not None else None

    asked: list[bool] = []

    def made(given: Any = None) -> np.random.Generator:
        asked.append(True)
        return make(seed if given is None else given)

    random.seed(seed)
    legacy.seed(seed % 2**32)
    if torch is not None:
        torch.manual_seed(seed)
    legacy.default_rng = made
    start, start_python = legacy.get_state()[1:3], random.getstate()

    def drawn() -> bool:
        now = legacy.get_state()[1:3]
        return bool(asked) or start[1] != now[1] or (start[0] != now[0]).any() or start_python != random.getstate()

    try:
        yield drawn
    finally:
        legacy.default_rng = make
        random.setstate(before)
        legacy.set_state(numpy_before)
        if torch is not None:
            torch.set_rng_state(torch_before)


def clone_seeded(model: Any, seed: int = 0) -> Any:
    """Clone a model, with a seed for every ``random_state`` that has none.

    >>> from sklearn.ensemble import RandomForestRegressor
    >>> clone_seeded(RandomForestRegressor(), 3).random_state
    3
    """
    from sklearn.base import clone

    model = clone(model) if hasattr(model, "get_params") else copy.deepcopy(model)
    unset = find_unseeded(model)
    return model.set_params(**dict.fromkeys(unset, seed)) if unset else model


def find_unseeded(model: Any) -> list[str]:
    """Names of the parameters of a model that would have to hold a seed and hold none."""
    if not hasattr(model, "get_params"):
        return []
    found = model.get_params(deep=True).items()
    return [name for name, value in found if value is None and name.rpartition("__")[2] == "random_state"]
