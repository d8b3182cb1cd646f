"""What a search found: a decision without a bound, and how it came to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shared.decision import Decision

if TYPE_CHECKING:
    from shared.reporting import Figure

__all__ = ["SearchDecision"]


@dataclass(frozen=True, repr=False)
class SearchDecision(Decision):
    """The best point found; nothing is proven of it.

    Attributes
    ----------
    best : dict
        The point, by the names of its variables.
    history : pandas.DataFrame
        A row a turn: "evaluations" and "best" so far; and "restart".
    evaluations : int
    feasible : bool
        Whether the best point breaks no constraint.

    >>> from domains.optimization import AdaptiveOptimizer, Real, SearchProblem
    >>> problem = SearchProblem(lambda X: (X**2).sum(axis=1), [Real(-5, 5)] * 2)
    >>> found = AdaptiveOptimizer(evaluations=2000).optimize(problem)
    >>> found.objective < 1e-8
    True
    """

    best: dict[str, Any] = field(default_factory=dict)
    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    evaluations: int = 0
    feasible: bool = True

    def explain(self) -> str:
        """Say what was found, and that nothing is proven."""
        if not self.feasible:
            return (
                f"No point was found in {self.evaluations:,} evaluations that meets all constraints; the one returned"
                " breaks them least."
            )
        told = f"The best {self.goal} found in {self.evaluations:,} evaluations is {self.objective:.6g}"
        told += f" {self.unit}" if self.unit else ""
        last = self.history[self.history["best"] != self.history["best"].iloc[-1]]
        at = int(last["evaluations"].iloc[-1]) if len(last) else 0
        told += f", reached after {at:,}" if at else ""
        said = [f"{told}; a search proves nothing about what it did not try."]
        said += [f"{note[0].upper()}{note[1:]}." for note in self.notes]
        return " ".join(said)

    def plot(self) -> Figure:
        """Draw the best value over evaluations."""
        from shared.reporting.charts import line_figure

        step = max(1, len(self.history) // 500)
        rows = np.unique(np.append(np.arange(0, len(self.history), step), len(self.history) - 1))
        part = self.history.iloc[rows]
        lines: dict[str, tuple[Any, Any]] = {"best so far": (part["evaluations"].to_numpy(), part["best"].to_numpy())}
        return line_figure(
            lines,
            x_label="evaluations",
            y_label=self.goal,
            alt="Line: the best value found by the number of evaluations.",
            caption="The best value found so far.",
        )
