"""Arrays by what they hold, written once."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bools", "Bytes", "Codes", "Estimator", "Floats", "Ints", "Lengths", "Predictor", "Reals", "Seed"]

Floats = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]  # of single or double precision
Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Lengths = NDArray[np.int16]
Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]
Seed = int | np.random.Generator | np.random.RandomState | None  # what random draws begin with


class Estimator(Protocol):
    """What can be cloned and fitted, as scikit-learn's and our own estimators.

    >>> def takes(model: Estimator) -> None: ...
    """

    def fit(self, *data: object, **options: object) -> Any:
        """Learn from data."""
        ...

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Settings by name."""
        ...

    def set_params(self, **settings: object) -> Any:
        """Change settings."""
        ...


class Predictor(Estimator, Protocol):
    """An estimator that answers.

    >>> def takes(model: Predictor) -> None: ...
    """

    def predict(self, *data: object, **options: object) -> Any:
        """Answer for rows, or for a horizon."""
        ...
