"""Whether a series varies in proportion to its level, so that its logarithm is what to model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from shared.errors import HexadError

if TYPE_CHECKING:
    from shared.data.panel import Panel

__all__ = ["estimate_power", "takes_log"]

# Powers that are tried, and the one below which the logarithm is nearer than the values as they are.
POWERS, HALF = np.linspace(-1, 2, 61), 0.5
LEAST_BLOCKS = 4  # whose means and spreads tell how one follows the other


def estimate_power(values: ArrayLike, block: int) -> float:
    """Estimate the power of a Box-Cox transform after which a series varies alike at every level.

    Parameters
    ----------
    values : array of shape (n,)
        One series above 0, in time order.
    block : int
        Steps within which the level is taken to stay, such as a season; at least 2.

    Returns
    -------
    float
        From -1 to 2: about 1 where the spread does not follow the level, 0 (the logarithm) where it is in proportion.
        1 where there are fewer than four blocks, or none that varies.

    Raises
    ------
    HexadError
        Values that are not above 0, or a block below 2.

    Notes
    -----
    Source: Guerrero (1993), Time-series analysis supported by power transformations, Journal of Forecasting 12(1): the
    power for which the spread of a block over the (1 - power)th power of its mean varies least from block to block.

    >>> level = np.repeat([10.0, 20.0, 40.0, 80.0, 160.0], 6)
    >>> swing = np.tile([0.9, 1.1, 1.0], 10)
    >>> round(estimate_power(level * swing, 6), 2), round(estimate_power(level + swing, 6), 2)
    (0.0, 1.0)
    """
    series = np.asarray(values, dtype=float)
    if block < 2 or not (series > 0).all():
        raise HexadError(f"a power needs values above 0, in blocks of at least 2 steps; block={block!r} was given")
    count = len(series) // block
    if count < LEAST_BLOCKS:
        return 1.0
    blocks = series[len(series) - count * block :].reshape(count, block)
    mean, spread = blocks.mean(axis=1), blocks.std(axis=1, ddof=1)
    if not spread.any():
        return 1.0
    shares = spread / (mean / mean.mean()) ** (1 - POWERS[:, None])
    return float(POWERS[np.argmin(shares.std(axis=1) / shares.mean(axis=1))])


def takes_log(panel: Panel, season: int) -> bool:
    """Say whether most series of a panel, all above 0, vary in proportion to their level rather than not at all.

    >>> from shared.data.panel import Panel
    >>> import pandas as pd
    >>> grows = np.exp(np.arange(40) / 10) * np.tile([0.9, 1.1], 20)
    >>> takes_log(Panel.from_frame(pd.DataFrame({"ds": range(40), "y": grows})), 4)
    True
    """
    if not (panel.values > 0).all():
        return False
    series = np.split(panel.values, panel.indptr[1:-1])
    return float(np.median([estimate_power(one, max(season, 2)) for one in series])) < HALF
