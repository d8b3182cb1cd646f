"""Rules of investing written over whole tables, and watched for a look at the future."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from domains.optimization.portfolio.base import Allocator, make_values
from domains.optimization.portfolio.returns import Returns
from shared.decision import Decision
from shared.errors import HexadError, quote
from shared.typing import Floats

__all__ = ["RuleStrategy"]


class RuleStrategy(Allocator):
    """Weights by a rule of one's own, written the way such rules are: over the whole table at once.

    Parameters
    ----------
    rule : callable
        From a table of returns (dates as index) to weights, a row a date: what is held after that date. It may use the
        returns up to and including that date; `evaluate`'s leak guard reports a rule that uses more.

    >>> momentum = RuleStrategy(lambda returns: (returns.rolling(2).sum() > 0) / returns.shape[1])
    >>> momentum.fit(pd.DataFrame({"a": [0.1, 0.1], "b": [-0.1, 0.0]})).weights_.tolist()
    [0.5, 0.0]
    """

    def __init__(self, rule: Callable[[pd.DataFrame], Any]) -> None:
        self.rule = rule

    def weigh(self, returns: pd.DataFrame) -> pd.DataFrame:
        """Weights for every row of a table; what is not yet known is 0.

        Parameters
        ----------
        returns : pandas.DataFrame

        Raises
        ------
        HexadError
            The rule gives no table with a row a date.
        """
        given = self.rule(returns)
        if isinstance(given, np.ndarray) and given.shape == returns.shape:
            given = pd.DataFrame(given, index=returns.index, columns=returns.columns)
        found = pd.DataFrame(given)
        if len(found) != len(returns):
            raise HexadError(f"the rule gives {len(found):,} rows of weights for {len(returns):,} of returns")
        if not found.index.equals(returns.index):
            raise HexadError("the rule gives weights at other dates than those of the returns, or in another order")
        try:
            return found.astype(float).fillna(0.0)
        except (TypeError, ValueError) as error:
            raise HexadError(f"the rule gives weights that are no numbers: {error}") from error

    def _decide(self, table: Returns) -> tuple[Floats, Decision]:
        frame = pd.DataFrame(table.values, index=table.index, columns=list(table.assets))
        last = self.weigh(frame).iloc[-1]
        last.index = last.index.map(str)
        unknown = [name for name in last.index if name not in set(table.assets)]
        if unknown:
            raise HexadError(f"weights of {quote(unknown)}, which cannot be held")
        weights = last.reindex(list(table.assets)).fillna(0.0).to_numpy(dtype=float)
        values = make_values(table.assets, weights, None, ["by the rule"] * len(weights))
        note = "by a rule; nothing was optimised"
        return weights, Decision("not proven", values, goal="rule", notes=(note,))
