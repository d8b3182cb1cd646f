"""What was decided, how sure that is the best, which limits bind, and what they cost."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from shared.errors import HexadError
from shared.result import Result
from shared.text import count_of

if TYPE_CHECKING:
    from shared.decision.infeasible import Conflict
    from shared.reporting import Figure

__all__ = ["BINDING_COLUMNS", "STATUSES", "Decision", "make_binding", "relative_gap"]

STATUSES = ("optimal", "within gap", "stopped by time", "not proven", "infeasible", "unbounded")
MOST_BARS = 15
SHARE = 0.01  # more room of a limit that is a share, whose price is told
BINDING_COLUMNS = ("limit", "side", "at", "price")


def relative_gap(objective: float, bound: float) -> float:
    """How far an objective may be from the best, relative to it; NaN where there is no bound.

    Parameters
    ----------
    objective, bound : float

    >>> relative_gap(100.0, 101.0)
    0.01
    """
    return abs(objective - bound) / max(abs(objective), 1e-300) if objective != bound else 0.0


@functools.cache
def _template() -> pd.DataFrame:
    kinds = {"limit": object, "side": object, "at": float, "price": float}
    return pd.DataFrame({name: pd.Series(dtype=kinds[name]) for name in BINDING_COLUMNS})


def make_binding(rows: Iterable[tuple[str, str, float, float]] = ()) -> pd.DataFrame:
    """Make the table of limits that bind.

    Parameters
    ----------
    rows : iterable of tuple
        Limit, side, at, price; dearest first.

    >>> make_binding([("cap", "most", 0.1, 2.0)]).to_dict("records")
    [{'limit': 'cap', 'side': 'most', 'at': 0.1, 'price': 2.0}]
    """
    given = list(rows)
    return pd.DataFrame(given, columns=list(BINDING_COLUMNS)) if given else _template().copy()


@dataclass(frozen=True, repr=False)
class Decision(Result):
    """A decision with its proof.

    Attributes
    ----------
    status : str
        "optimal" (proven), "within gap" (the gap is proven), "stopped by time" (the best so far), "not proven" (by
        a search or a rule), "infeasible" or "unbounded".
    values : pandas.DataFrame
        What to do, a row each: column "value", and "why" where reasons are known.
    objective : float
        In `unit`.
    bound : float
        What no decision can beat; NaN where nothing is proven.
    maximise : bool
    binding : pandas.DataFrame
        Limits that hold the decision back: "limit", "side" ("least" or "most"), "at" and "price": what the objective
        would gain from one unit more room.
    conflict : Conflict, optional
        Why nothing is feasible.
    goal, unit : str
        What the objective is, for sentences.
    notes : tuple of str
        What is worth knowing.

    >>> Decision("optimal", pd.DataFrame({"value": [0.5, 0.5]}, index=["a", "b"]), 3.0, 3.0, goal="profit").explain()
    'The best profit is 3; nothing better is possible.'
    """

    status: str
    values: pd.DataFrame
    objective: float = np.nan
    bound: float = np.nan
    maximise: bool = False
    binding: pd.DataFrame = field(default_factory=make_binding)
    conflict: Conflict | None = None
    goal: str = "objective"
    unit: str = ""
    notes: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """How much better a decision could be at most, relative to the objective; NaN where nothing is proven."""
        return relative_gap(self.objective, self.bound)

    @property
    def proven(self) -> bool:
        """Whether nothing better is possible."""
        return self.status == "optimal"

    def to_frame(self) -> pd.DataFrame:
        """What to do, a row each."""
        return self.values

    def explain(self) -> str:
        """Say how good it is, what is proven, and which limits cost most."""
        if self.status == "infeasible":
            return self.conflict.explain() if self.conflict else "No decision meets all limits."
        if self.status == "unbounded":
            word = "grow" if self.maximise else "fall"
            return f"The {self.goal} can {word} without end: a limit is missing."
        # What a rule gives has no objective, and nobody waited for it.
        told = [] if self.status == "not proven" and np.isnan(self.objective) else [self._say_objective()]
        if len(self.binding):
            told.append(self._say_binding())
        told += [f"{note[0].upper()}{note[1:]}." for note in self.notes]
        return " ".join(told)

    def _say_objective(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        if np.isnan(self.objective):
            known = f": the {self.goal} cannot pass {self.bound:.6g}{unit}" if np.isfinite(self.bound) else ""
            return f"Time was up before any decision was found{known}."
        value = f"{self.objective:.6g}{unit}"
        if self.status == "optimal":
            return f"The best {self.goal} is {value}; nothing better is possible."
        if np.isnan(self.bound):
            return f"The {self.goal} is {value}; how far that is from the best is not known."
        far = f"at most {100 * self.gap:.2g} % from the best possible"
        if self.gap > 1:  # beside an objective of next to nothing, a share says nothing
            side = "at most" if self.maximise else "at least"
            far = f"and the best possible is {side} {self.bound:.6g}{unit}"
        if self.status == "within gap":
            return f"The {self.goal} is {value}, {far}."
        return f"Time was up: the {self.goal} is {value}, {far}."

    def _say_binding(self) -> str:
        shown = self.binding.head(3)
        said = []
        for row in shown.to_dict("records"):
            price = abs(float(row["price"]))
            gain = ""
            if np.isfinite(price) and price > 0:  # of a share a whole unit is more than there is
                step, room = (SHARE, f"{SHARE:g} more") if 0 < abs(float(row["at"])) <= 1 else (1.0, "one unit more")
                gain = f", {room} room would bring {price * step:.3g}"
            said.append(f"{row['limit']} ({row['side']} {row['at']:.4g}){gain}")
        more = len(self.binding) - len(shown)
        rest = f"; and {count_of(more, 'other')}" if more else ""
        return f"Held back by: {'; '.join(said)}{rest}."

    def plot(self) -> Figure:
        """Draw the largest values as bars.

        Raises
        ------
        HexadError
            There is no value other than 0.
        """
        from shared.reporting.charts import bar_figure

        values = self.values["value"].to_numpy(dtype=float) if "value" in self.values else np.zeros(0)
        order = np.argsort(-np.abs(values), kind="stable")[:MOST_BARS]
        order = order[np.abs(values[order]) > 0]
        if not len(order):
            raise HexadError("there is nothing to draw: every value is 0")
        keys = [self.values.index[int(place)] for place in order]
        names = [", ".join(map(str, key)) if isinstance(key, tuple) else str(key) for key in keys]
        return bar_figure(
            dict(zip(names, values[order].tolist(), strict=True)),
            x_label="value",
            alt="Bars: what was decided, the largest first.",
            caption=self._say_objective(),
        )
