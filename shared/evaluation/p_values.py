"""p-values of several tests at once: what is left of them when their number is taken into account."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from shared.errors import SettingsError
from shared.typing import Floats

__all__ = ["adjust_p_values"]

METHODS = ("holm", "bonferroni", "bh")


def adjust_p_values(
    p_values: ArrayLike, method: Literal["holm", "bonferroni", "bh"] = "holm", *, size: int | None = None
) -> Floats:
    """Correct p-values for the number of tests made together.

    Parameters
    ----------
    p_values : array of shape (n,)
        Between 0 and 1.
    method : {"holm", "bonferroni", "bh"}
        Holm's step-down and Bonferroni's bound the chance of any false finding; Benjamini and Hochberg's the expected
        share of false ones among the findings.
    size : int, optional
        Number of tests that were made, where only the smallest p-values are left; as many as are given where left out.

    Returns
    -------
    numpy.ndarray of shape (n,)
        In the order given, at most 1.

    Notes
    -----
    Sources: Holm (1979), Scandinavian Journal of Statistics 6(2); Benjamini & Hochberg (1995), JRSS B 57(1).

    >>> adjust_p_values([0.01, 0.04]).tolist()
    [0.02, 0.04]
    """
    p = np.asarray(p_values, dtype=float)
    if method not in METHODS:
        raise SettingsError(f"method={method!r} is none of {', '.join(METHODS)}")
    size = len(p) if size is None else size
    if size < len(p):
        raise SettingsError(f"size={size} is less than the {len(p)} p-values given")
    if method == "bonferroni":
        return np.asarray(np.minimum(p * size, 1.0), dtype=float)
    order = np.argsort(p, kind="stable")
    place = np.arange(len(p))
    adjusted = np.empty(len(p))
    if method == "holm":
        adjusted[order] = np.maximum.accumulate(np.minimum((size - place) * p[order], 1.0))
    else:
        adjusted[order] = np.minimum.accumulate(np.minimum(p[order] * size / (place + 1), 1.0)[::-1])[::-1]
    return adjusted
