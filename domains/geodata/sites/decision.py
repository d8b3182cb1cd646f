"""Sites with their proof: a reason each, what comes next best, and how the choice moves with the demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from shared.decision import Decision
from shared.errors import HexadError
from shared.text import capitalise

if TYPE_CHECKING:
    from shared.reporting import Figure

__all__ = ["SiteDecision"]


@dataclass(frozen=True, repr=False)
class SiteDecision(Decision):
    """Which sites to open.

    Attributes
    ----------
    values : pandas.DataFrame
        A row a site, by its key: "value" (the weight that comes to it), "share" of all weight, "cost" (the mean of
        those who come), "role" ("new" or "existing"), "loses" (by how much the objective is worse without it, the best
        replacement taken), and "why".
    runners_up : pandas.DataFrame
        The best set without each new site: "without", "instead" (what takes its place), "objective" and "loses".
    stability : pandas.DataFrame
        With the demand drawn anew: "site", and the share of draws in whose best set it is; sites that were not chosen
        are there, too.
    regret : float
        By what share of the objective the chosen set is worse than the best set of a draw, on average.
    assignment : pandas.DataFrame
        A row a client: "client", "site" and "cost"; empty where it reaches none.

    >>> from domains.geodata import choose_sites
    >>> choose_sites([[0, 5, 9], [5, 0, 4], [9, 4, 0]], 1).values["value"].to_dict()
    {1: 3.0}
    """

    runners_up: pd.DataFrame = field(default_factory=pd.DataFrame)
    stability: pd.DataFrame = field(default_factory=pd.DataFrame)
    regret: float = np.nan
    assignment: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def sites(self) -> list[object]:
        """Keys of the new sites."""
        return list(self.values.index[self.values["role"] == "new"])

    def explain(self) -> str:
        """Say how good the set is, what is proven, what each site brings, and how firmly it was chosen."""
        told = [super().explain()]
        new = self.values[self.values["role"] == "new"]
        told += [f"{capitalise(str(name))}: {why}." for name, why in new["why"].items() if why]
        if len(self.stability):
            share = self.stability.set_index("site")["share"]
            firm = [share.get(name, 0.0) for name in new.index]
            if firm:
                weakest = new.index[int(np.argmin(firm))]
                told.append(
                    f"With the demand drawn anew, the sites chosen stay in the best set in {100 * np.mean(firm):.0f} %"
                    f" of the draws on average ({weakest} in {100 * min(firm):.0f} %), and the set as it is loses"
                    f" {100 * self.regret:.2g} % against the best of each draw."
                )
        return " ".join(told)

    def plot(self) -> Figure:
        """Draw the weight that comes to each site as bars.

        Raises
        ------
        HexadError
            No site was chosen.
        """
        from shared.reporting.charts import bar_figure

        if not len(self.values):
            raise HexadError("there is nothing to draw: no site was chosen")
        shown = self.values.sort_values("value", ascending=False, kind="stable")
        return bar_figure(
            {
                f"{name} ({role})": float(value)
                for name, role, value in zip(shown.index, shown["role"], shown["value"], strict=True)
            },
            x_label="demand that comes",
            alt="Bars: the demand that comes to each site, the largest first.",
            caption=self._say_objective(),
        )
