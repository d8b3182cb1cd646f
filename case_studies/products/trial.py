"""How lists would have done: at cuts in the past, beside what one does without any model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from domains.recommendation import RankingTask, Recommender
from shared.data import WalkForward
from shared.data.splits import Split
from shared.errors import HexadError
from shared.evaluation import Comparison, Comparisons, Scores, compare, evaluate

from .rivals import EASE, NEAR, OURS, make_recommender, make_rivals
from .settings import ProductSettings
from .visits import Visits, make_incidence

__all__ = ["Trial", "cut_visits"]

HIDING = "is hidden"
HIDDEN = 0.2  # of all pairs, where there are no times
GUARDED_ITEMS = 300  # that the leak guard looks at
GROUPS = 4  # of users, by how much is known of them
# Shares of all users from which an item belongs to the next group.
STEPS = (0.01, 0.1, 0.3)


@dataclass(frozen=True)
class Trial:
    """What a question's lists were worth.

    Attributes
    ----------
    question : str
        "next" or "new".
    scores : Scores
    comparisons : Comparisons
        The recommender beside every other, in how many of those shown were taken: what its reader counts.
    guard : str
        What the leak guard found, on a small part.
    shown : int
        Length of a list.
    n_users, n_asked : int
        Different users with something to be found, and how often they were asked.
    n_items : int
        That were ranked.

    >>> empty = pd.DataFrame({"model": ["a"], "split": 1, "metric": "precision@10", "value": 0.5})
    >>> Trial("new", Scores(empty, empty, empty, ("a",)), Comparisons(()), "", 10, 1, 1, 1).value("a", "precision")
    0.5
    """

    question: str
    scores: Scores
    comparisons: Comparisons
    guard: str
    shown: int
    n_users: int
    n_asked: int
    n_items: int

    def value(self, model: str, metric: str) -> float:
        """Mean of a metric over the cuts.

        Parameters
        ----------
        model, metric : str
            The metric without the length of the list.
        """
        return float(self.scores.values(model, f"{metric}@{self.shown}").mean())

    @property
    def simple(self) -> str:
        """The best of what needs no model."""
        return self.scores.best_baseline(f"precision@{self.shown}")

    def against(self, model: str) -> Comparison:
        """The recommender beside one other.

        Parameters
        ----------
        model : str
        """
        return next(one for one in self.comparisons.items if one.against == model)

    @property
    def helps(self) -> bool:
        """Whether the recommender is shown to be better than the best of what needs no model."""
        return self.against(self.simple).outcome == "better"

    def by_activity(self, settings: ProductSettings) -> pd.DataFrame:
        """NDCG by how many different items were known of a user: a row a group, with its users.

        Parameters
        ----------
        settings : ProductSettings
        """
        first = self.scores.predictions.drop_duplicates(["model", "split", "user"])
        first = first[first["model"] == OURS]
        edges = np.unique(np.floor(first["n_known"].quantile(np.linspace(0, 1, GROUPS + 1)).to_numpy()))
        edges[0] = -1
        lows = np.maximum(edges[:-1] + 1, 0).astype(int)
        if len(edges) < 2:
            return pd.DataFrame()
        spans = zip(lows.tolist(), edges[1:].astype(int).tolist(), strict=True)
        labels = [f"{low:,} to {high:,}" if low < high else f"{low:,}" for low, high in spans]

        def group(rows: pd.DataFrame) -> Any:
            return pd.cut(rows["n_known"], edges.tolist(), labels=labels)

        # A user who was asked at two cuts counts twice, and not as one with both lists.
        at = [self.scores.only(split=label) for label in self.scores.predictions["split"].unique()]
        parts = [one.by(f"ndcg@{self.shown}", group)[[OURS, self.simple]] for one in at]
        found = pd.concat(parts).groupby(level=0, observed=True).mean().reindex(labels).dropna(how="all")
        counts = group(first).value_counts()
        found.insert(0, f"{settings.who}s", [int(counts[label]) for label in found.index])
        return found.rename_axis(f"different {settings.what}s known")

    def by_popularity(self, n_users: int, settings: ProductSettings) -> pd.DataFrame:
        """What was found of all that was right, by how many users had the item before: a row a group.

        Parameters
        ----------
        n_users : int
            All of them.
        settings : ProductSettings
        """
        steps = np.unique([0, *(max(1, int(share * n_users)) for share in STEPS), max(n_users, 2)])
        edges = [-1, *steps]
        spans = [f"{low + 1:,} to {high:,}" for low, high in pairwise(steps.tolist())]
        labels = ["nobody", *spans]

        def group(rows: pd.DataFrame) -> Any:
            return pd.cut(rows["n_users"], edges, labels=labels)

        found = self.scores.by(f"recall@{self.shown}", group)[[OURS, self.simple]]
        rows = self.scores.predictions
        counts = group(rows[rows["model"] == OURS]).value_counts()
        found.insert(0, "taken", [int(counts[label]) for label in found.index])
        return found.rename_axis(f"{settings.who}s who had it before")


def cut_visits(visits: Visits) -> tuple[Visits, list[Split]]:
    """Cuts in time, a period each; without times a fifth of all pairs hidden at random.

    Parameters
    ----------
    visits : Visits

    Returns
    -------
    visits, splits
        Those of items that were not seldom before the first cut; without times a user has two rows, what is known and
        what is hidden.

    >>> from shared.data import Incidence, InteractionColumns
    >>> settings = ProductSettings(columns={"time": ""}, shown=1)
    >>> table = pd.DataFrame({"household_id": list("aab"), "product_type": ["tea", "milk", "tea"]})
    >>> data = Incidence.from_interactions(table, InteractionColumns("household_id", "product_type"))
    >>> visits = Visits(data, data, settings)
    >>> cut, (split,) = cut_visits(visits)
    >>> cut.data.n_rows == len(split.train) + len(split.test)
    True
    """
    if visits.period is not None:
        every: Any = visits.period
        first = WalkForward(every, every=every, n_splits=visits.cuts).splits(visits.data)[0].label
        visits = visits.narrow(before=first)
        return visits, WalkForward(every, every=every, n_splits=visits.cuts, first=first).splits(visits.data)
    rng = np.random.default_rng(visits.settings.seed)
    named, data = visits.settings.columns, visits.data
    owners = data.rows if data.customers is None else np.asarray(data.customers)[data.rows]
    pairs = np.unique(owners.astype(np.int64) * data.n_items + data.codes)
    table = pd.DataFrame(
        {
            named.user: visits.users[pairs // data.n_items],
            named.item: data.items[pairs % data.n_items],
            HIDING: (rng.random(len(pairs)) < HIDDEN).astype("int64"),
        }
    )
    roles = named.model_copy(update={"time": HIDING, "quantity": ""})
    data = make_incidence(table, visits.settings.model_copy(update={"columns": roles}), "table")
    late = np.asarray(data.times) > 0
    split = Split(0, np.flatnonzero(~late), np.flatnonzero(late))
    return replace(visits, data=replace(data, times=None)), [split]


def try_questions(visits: Visits, settings: ProductSettings, keep: Path | None) -> list[Trial]:
    """Try all models at every cut, a question after the other.

    Parameters
    ----------
    visits : Visits
    settings : ProductSettings
    keep : path, optional
        For pieces that are finished.
    """
    cut = cut_visits(visits)
    small = visits.pick(settings.tried_on, GUARDED_ITEMS)
    return [_try_question(question, cut, small, settings, keep) for question in visits.questions]


def _try_question(
    question: str,
    cut: tuple[Visits, list[Split]],
    small: Visits,
    settings: ProductSettings,
    keep: Path | None,
) -> Trial:
    """Try all models of a question at every cut."""
    visits, splits = cut
    models, baselines = make_rivals(question, visits)
    models = {OURS: make_recommender(question, visits), **models}
    task = RankingTask(question=question, items=visits.items, n_shown=settings.shown)
    names = [f"{name}@{settings.shown}" for name in ("ndcg", "recall", "precision", "coverage", "novelty")]
    scores = evaluate(
        models,
        visits.data,
        splits,
        names,
        baselines=baselines,
        task=task,
        n_jobs=settings.n_jobs,
        keep=keep,
        guard=False,
    )
    comparisons = compare(
        scores, OURS, [*baselines, NEAR, EASE], metric=f"precision@{settings.shown}", unit=f"{settings.who}s"
    )
    asked = scores.predictions[scores.predictions["model"] == OURS]
    n_asked = len(asked.drop_duplicates(["split", "user"]))
    guard = _watch(question, small, settings, models, baselines)
    return Trial(
        question, scores, comparisons, guard, settings.shown, asked["user"].nunique(), n_asked, visits.data.n_items
    )


def _watch(
    question: str, small: Visits, settings: ProductSettings, models: dict[str, Any], baselines: dict[str, Any]
) -> str:
    """Ask every model again with another future, on a small part: the whole would take as long as all else."""
    try:
        small, splits = cut_visits(small)
        task = RankingTask(question=question, n_shown=min(settings.shown, small.data.n_items))
        bare = {name: model for name, model in models.items() if name != OURS}
        ours = Recommender(question=question, period=small.period, random_state=settings.seed)
        scores = evaluate(
            {OURS: ours, **bare}, small.data, splits, ["ndcg"], baselines=baselines, task=task, n_jobs=1, show=False
        )
    except HexadError as error:
        return f"The leak guard could not look: {error}"
    return f"{scores.explain_leaks()} That was looked at on up to {settings.count_users(settings.tried_on)}."
