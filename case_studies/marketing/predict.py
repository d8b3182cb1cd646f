"""The marketing study's curves at work: the next budget, decided from what a finished run has learnt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.saved_run import SavedRun
from domains.optimization import BayesianResponseModel
from shared.data import datasets
from shared.data.io.tables import read_table
from shared.decision import Limit, Limits, read_groups
from shared.errors import DataError, Problems, SettingsError, StoreError, quote
from shared.result import Result
from shared.runtime.config import load_settings

from .learning import Learnt
from .plan import LEVEL, Plan, decide
from .sayings import number
from .settings import MarketingSettings
from .wishes import Wishes

__all__ = ["NextBudget", "keep_rules", "predict"]


@dataclass(frozen=True, repr=False)
class NextBudget(Result):
    """What to spend next.

    Attributes
    ----------
    plan : Plan
    response, period : str
        What is to be made large, and what spending and it are counted by.

    >>> from shared.decision import Decision
    >>> decision = Decision("optimal", pd.DataFrame({"value": [2.0]}, index=["tv"]), 1.0, 1.0)
    >>> now = pd.Series({"tv": 2.0})
    >>> none, doubts = np.zeros(2), ("no effect is shown of tv",)
    >>> plan = Plan(decision, None, now, now, none, none, pd.DataFrame(), doubts=doubts)
    >>> NextBudget(plan, "sales").explain()
    "Don't move money on this: no effect is shown of tv. The table holds what the curves favour."
    """

    plan: Plan
    response: str
    period: str = "period"

    def to_frame(self) -> pd.DataFrame:
        """A row a channel: what is spent now, and what to spend, with its range and why."""
        return self.plan.to_frame()

    def explain(self) -> str:
        """Say what to spend, or that no money should be moved."""
        plan = self.plan
        if not plan.go:
            return f"Don't move money on this: {'; '.join(plan.doubts)}. The table holds what the curves favour."
        told = [f"{name} {number(amount)} (now {number(plan.now[str(name)])})" for name, amount in plan.spend.items()]
        mean, low, high = plan.gain
        return (
            f"Of {number(plan.total)} a {self.period}, spend: {', '.join(told)}. That would bring {number(mean)}"
            f" {self.response} a"
            f" {self.period} more than the same money in today's shares ({LEVEL} %: {number(low)} to {number(high)})."
        )


def keep_rules(learnt: Learnt, plan: Plan, wishes: Wishes) -> dict[str, pd.DataFrame]:
    """Tables that the next decision needs: the plan, amounts seen, limits, groups, and why curves cannot be told.

    Parameters
    ----------
    learnt : Learnt
    plan : Plan
    wishes : Wishes

    >>> from shared.decision import Decision
    >>> chosen = pd.DataFrame({"value": [2.0], "low": 1.0, "high": 3.0, "next": 0.5, "why": ""}, ["tv"])
    >>> decision = Decision("optimal", chosen)
    >>> now, ends = pd.Series({"tv": 2.0}), pd.DataFrame({"low": [0.4], "high": [0.6]}, ["tv"])
    >>> plan = Plan(decision, None, now, now, np.zeros(2), np.zeros(2), ends)
    >>> from types import SimpleNamespace
    >>> history = SimpleNamespace(channels=("tv",), most=2 * now, period="week")
    >>> learnt = SimpleNamespace(history=history, doubts=lambda: ["no effect is shown of tv"])
    >>> list(keep_rules(learnt, plan, Wishes()))
    ['plan', 'seen', 'doubts']
    """
    history = learnt.history
    seen = pd.DataFrame(
        {"channel": list(history.channels), "now": plan.now.to_numpy(), "most": history.most.to_numpy()}
    ).assign(period=history.period)
    tables = {"plan": plan.to_frame(), "seen": seen}
    if len(wishes.limits):
        tables["limits"] = wishes.limits.to_frame().drop(columns="period")
    if wishes.groups:
        tables["groups"] = pd.DataFrame(wishes.groups).rename_axis("channel").reset_index()
    if doubts := learnt.doubts():
        tables["doubts"] = pd.DataFrame({"doubt": doubts})
    return tables


def predict(
    settings: MarketingSettings, run: SavedRun, data: Path | str, accept_drift: bool
) -> tuple[NextBudget, list[str]]:
    """Read the table of the next budget, and decide.

    Returns
    -------
    budget, notes

    >>> from shared.data.contract import TableContract
    >>> run = SavedRun(Path("runs/none"), "marketing", TableContract(()))
    >>> predict(MarketingSettings(), run, "no-such-file.csv", False)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file...
    """
    asked = settings.columns.next
    own = asked.table_schema("columns.next")
    table, reading = datasets.load_with_report("channel_groups", data, own=own, **settings.read_options)
    asked = asked.keep(table.columns)
    model = run.model()
    if not isinstance(model, BayesianResponseModel):
        raise StoreError(f"{run.folder / 'model.hexad'} holds no model of this study. Run the study again")
    kept = {
        name: _read(run, name) for name in ("seen", "limits", "groups", "doubts") if name == "seen" or _has(run, name)
    }
    seen = kept["seen"].set_index("channel")
    table = table.astype({asked.channel: str}).set_index(asked.channel)
    _check_channels(table, list(seen.index), asked.channel, reading.source)
    notes = [*reading.repairs]
    if accept_drift:
        notes.append("accept_drift changes nothing here: curves are those of the run")
    now = seen["now"].astype(float)
    if asked.present:
        now = table[asked.present].astype(float).reindex(seen.index)
    else:
        notes.append("what is spent now is taken from the run")
    own_limits = Limits.from_frame(kept["limits"], source="limits.parquet") if "limits" in kept else Limits()
    limits = Limits([*own_limits, *_read_bounds(table, asked.least, asked.most)], source=reading.source)
    groups = read_groups(kept["groups"], list(seen.index), "groups.parquet") if "groups" in kept else None
    total = _find_total(settings, run, now)
    beyond = [name for name in seen.index if now[name] > seen["most"][name] * (1 + 1e-9)]
    if beyond:
        notes.append(
            f"on {quote(beyond)} more is spent now than the run had ever seen: what it brings there is a guess"
        )
    most = np.maximum(seen["most"].astype(float), now)
    doubts = tuple(kept["doubts"]["doubt"].astype(str)) if "doubts" in kept else ()
    plan = decide(model, now, most, Wishes(limits, groups, total), settings, doubts)
    moves = [note for note in plan.decision.notes if not note.startswith("split equally")]
    return NextBudget(plan, settings.columns.response, str(seen["period"].iloc[0])), [*notes, *moves]


def _find_total(settings: MarketingSettings, run: SavedRun, now: pd.Series) -> float:
    """The total that was stated, else what is spent now."""
    before = load_settings(MarketingSettings, run.folder / "settings.toml").total
    total = settings.total if settings.total and settings.total != before else float(now.sum()) or settings.total
    if not total > 0:
        raise SettingsError("nothing is spent now, so that there is no budget to split: --set total=...")
    return total


def _check_channels(table: pd.DataFrame, known: list[str], column: str, source: str) -> None:
    problems = Problems(source)
    names = list(table.index)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        problems.add(f"{quote(twice)} stand in two rows", column=column, fix="Keep one row a channel.")
    if new := [name for name in names if name not in known]:
        fix = "The run has no curve of it; leave it out, or run the study with its column."
        problems.add(f"{quote(new)} was never learnt; known are {quote(known)}", column=column, fix=fix)
    if lost := [name for name in known if name not in names]:
        problems.add(
            f"{quote(lost)} is missing", column=column, fix="Give a row a channel; with most 0 it gets nothing."
        )
    problems.raise_if_any()


def _read_bounds(table: pd.DataFrame, least: str, most: str) -> list[Limit]:
    """Limits that stand in the table itself."""
    found = []
    for name, row in table.iterrows():
        low, high = (float(row[one]) if one and pd.notna(row[one]) else np.nan for one in (least, most))
        if np.isnan(low) and np.isnan(high):
            continue
        bounds = (-np.inf if np.isnan(low) else low, np.inf if np.isnan(high) else high)
        found.append(Limit(f"asked for {name}", str(name), *bounds))
    return found


def _has(run: SavedRun, name: str) -> bool:
    return (run.folder / f"{name}.parquet").exists()


def _read(run: SavedRun, name: str) -> Any:
    path = run.folder / f"{name}.parquet"
    try:
        return read_table(path)
    except (DataError, OSError) as error:
        raise StoreError(f"{path} is missing or damaged ({str(error)[:200]}). Run the study again") from error
