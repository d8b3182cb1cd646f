"""What the delivery report speaks from: totals, vehicles, other fleets, other ways, longer drives, and days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shared.evaluation import Comparison, compare_units
from shared.reporting import Evidence, Number

from .answers import say_clock
from .departures import list_rounds
from .fleets import count_lost
from .results import Results
from .rules import Rule
from .settings import DeliverySettings
from .trials import drive_days

__all__ = ["HAND", "PLAN", "Tables", "make_tables", "share_of"]

PLAN = "the plan"
HAND = "by hand: "
METRIC = "minutes of driving"
CLOSE = 1e-6  # relative gain that is none but rounding


@dataclass(frozen=True)
class Tables:
    """What the report's sentences are worked out from, as the run keeps it.

    Attributes
    ----------
    kept : dict of pandas.DataFrame
        By the name of their files.
    rule : Rule, optional
        The rule of thumb that does best; none where no stop can be served.
    comparison : Comparison, optional
        The plan with that rule, over simulated days; none where they drive the same or cannot be compared.

    >>> Tables({"totals": pd.DataFrame({"n": [3]})}).rows("totals").value("n").text
    '3'
    """

    kept: dict[str, pd.DataFrame]
    rule: Rule | None = None
    comparison: Comparison | None = None

    def rows(self, table: str, **where: object) -> Evidence:
        """Rows of a table.

        Parameters
        ----------
        table : str
        **where
            Values by column.
        """
        return Evidence(table, self.kept[table], where)


def share_of(rows: Evidence, column: str) -> Number:
    """The only value of a column in percent; what is neither nothing nor all is not rounded to it.

    >>> table = Evidence("a", pd.DataFrame({"all": [1.0], "few": [0.0004], "some": [0.123]}))
    >>> [share_of(table, column).text for column in ("all", "few", "some")]
    ['100 %', '0.04 %', '12 %']
    """
    found = [rows.value(column, "%", decimals=decimals) for decimals in range(6)]
    part = 0 < float(found[0].value) < 1
    rounded = (one for one in found if not part or float(one.text.split()[0]) not in (0.0, 100.0))
    return next(rounded, found[-1])


def make_tables(results: Results, settings: DeliverySettings) -> Tables:
    """Make them from the results.

    Parameters
    ----------
    results : Results
    settings : DeliverySettings

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> make_tables(small.results, small.settings).kept["sizes"]["vehicles"].tolist()
    [1]
    """
    day, plan = results.day, results.plans.best
    kept = {
        "vehicles": _list_vehicles(results),
        "totals": _count_up(results, settings),
        "sizes": _list_sizes(results, settings),
        "ways": _list_ways(results),
        "lateness": pd.DataFrame(
            [
                {"margin": margin, "slower": one.slower, "late": one.late, "days": one.days, "back": one.back}
                for margin, trial in results.trials.items()
                for one in trial
            ]
        ),
    }
    if len(plan.unserved):
        rows = plan.unserved["stop"].to_numpy(dtype=int)
        kept["unserved"] = pd.DataFrame(
            {"name": [day.names[row] for row in rows], "why": plan.unserved["why"].to_numpy()}
        )
    rule = _pick_rule(results)
    if rule is None:
        return Tables(kept)
    driven = {
        PLAN: drive_days(day, [(depot, stops.tolist()) for depot, _, stops in list_rounds(day, plan)], settings),
        rule.name: drive_days(day, rule.rounds, settings),
    }
    days = np.arange(1, settings.days + 1)
    kept["compared"] = pd.concat(
        [pd.DataFrame({"model": k, "metric": METRIC, "day": days, "value": v}) for k, v in driven.items()],
        ignore_index=True,
    )
    if results.metres or abs(rule.cost - results.cost(plan)) <= CLOSE * max(rule.cost, 1.0):
        return Tables(kept, rule)
    told: Any = {"metric": METRIC, "by": "day", "unit": "simulated days"}
    return Tables(kept, rule, compare_units(kept["compared"], PLAN, rule.name, **told))


def _pick_rule(results: Results) -> Rule | None:
    """The rule that does best with as many vehicles as the plan has, or else with the fewest."""
    plan = results.plans.best
    if not len(plan.routes) or not results.rules or count_lost(results.day, plan):
        return None
    few = [rule for rule in results.rules if rule.vehicles <= len(plan.routes)]
    return min(few, key=lambda rule: rule.cost) if few else results.rules[0]


def _list_vehicles(results: Results) -> pd.DataFrame:
    """A row a vehicle, with its times of day and what it waits."""
    plan = results.plans.best
    routes = plan.routes.drop(columns="geometry")
    waits = plan.stops.groupby("vehicle")["wait"].sum().reindex(routes["vehicle"])
    return pd.DataFrame(routes).assign(
        leaves=[say_clock(one) for one in routes["start"]],
        back=[say_clock(one) for one in routes["end"]],
        waits=waits.to_numpy(dtype=float),
        km=routes["length"].to_numpy(dtype=float) / 1000,
    )


def _count_up(results: Results, settings: DeliverySettings) -> pd.DataFrame:
    """One row of what the plan comes to, and what it is compared with."""
    day, plans = results.day, results.plans
    plan, free, without = plans.best, plans.free, plans.margins[0.0]
    spent = {
        "driving": float(plan.routes["driving"].sum()),
        "serving": float((plan.stops["leave"] - plan.stops["arrive"] - plan.stops["wait"]).sum()),
        "waiting": float(plan.stops["wait"].sum()),
    }
    total, least = sum(spent.values()), results.cost(plan)
    return pd.DataFrame(
        [
            {
                "stops": len(day),
                "served": len(plan.stops),
                "available": sum(day.counts) if settings.vehicles else 0,
                "minutes": spent["driving"],
                "km": float(plan.routes["length"].sum() / 1000),
                "hours": total / 60,
                **{f"share {name}": minutes / total if total else 0.0 for name, minutes in spent.items()},
                "slack": float(np.nanmin(results.slack)) if len(plan.stops) else np.nan,
                "cost": least,
                "spread": plans.spread,
                "rival": (plans.rival - least) / least if least > 0 else 0.0,
                "load": float(day.stops["load"][~day.hopeless].sum()),
                "free vehicles": len(free.routes),
                "free cost": results.cost(free),
                "free change": (results.cost(free) - least) / least if least > 0 else 0.0,
                "free stops": len(free.stops) - len(plan.stops),
                "margin cost": least - results.cost(without),
                "margin stops": len(plan.unserved) - len(without.unserved),
            }
        ]
    )


def _list_sizes(results: Results, settings: DeliverySettings) -> pd.DataFrame:
    """A row a number of vehicles."""
    day, rows = results.day, []
    for n, plan in results.plans.sizes.items():
        late = next(one for one in results.sizes[n] if np.isclose(one.slower, settings.usual_doubt))
        work = float((plan.routes["end"] - plan.routes["start"]).sum())
        rows.append((n, count_lost(day, plan), results.cost(plan), work / 60, late.days, n * day.capacity))
    return pd.DataFrame(rows, columns=["vehicles", "lost", "cost", "hours", "days", "room"])


def _list_ways(results: Results) -> pd.DataFrame:
    """A row a search or rule of thumb: vehicles, what is kept least, and how much more that is."""
    plans, least = results.plans, results.cost(results.plans.best)
    own = int(np.argmin(np.nan_to_num(plans.found, nan=np.inf)))
    rows: list[tuple[str, str, int | None, float]] = [
        (f"search {place + 1}{': the plan' if place == own else ''}", "search", used, cost)
        for place, (used, cost) in enumerate(zip(plans.used, plans.found, strict=True))
    ]
    rows += [("PyVRP’s search", "rival", None, plans.rival)] if np.isfinite(plans.rival) else []
    rows += [(f"{HAND}{rule.name}", "hand", rule.vehicles, rule.cost) for rule in results.rules]
    found = pd.DataFrame(rows, columns=["how", "kind", "vehicles", "cost"])
    found["vehicles"] = found["vehicles"].astype(float)
    return found.assign(more=found["cost"] / least - 1 if least > 0 else np.nan)
