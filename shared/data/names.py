"""Names of rows and items as plain arrays, which a model file can hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shared.errors import DataError, Problem

__all__ = ["plain_names"]


def plain_names(index: pd.Index[Any], source: str = "baskets") -> NDArray[Any]:
    """Names as a numpy array of text or numbers.

    Parameters
    ----------
    index : pandas.Index
    source : str
        What they come from, for the error.

    Raises
    ------
    DataError
        They are neither text nor numbers.

    >>> plain_names(pd.Index(["tea", "milk"])).dtype.kind
    'U'
    """
    values = index.to_numpy()
    if values.dtype != object:
        return values
    if all(isinstance(value, str) for value in values):
        return np.array(values.tolist(), dtype=str)
    odd = [str(value) for value in values if not isinstance(value, str)]
    raise DataError(source, [Problem(f"names are neither text nor numbers: {odd[:3]}", fix="Write them as text.")])
