"""The chapters of the report on products: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from shared.reporting import Run
from shared.reporting.charts import bar_figure
from shared.text import capitalise, sentences

from .lists import Lists
from .rivals import OURS
from .sayings import (
    LABELS,
    percent,
    say_basis,
    say_few,
    say_kinds,
    say_lists,
    say_new,
    say_strangers,
    say_weights,
    say_worth,
    warn,
)
from .settings import ProductSettings
from .trial import Trial
from .visits import Visits

EXAMPLE = 5  # of an example list
PARTS = 10  # new items, and parts of a model, that are shown
METRICS = ("ndcg", "recall", "precision", "coverage", "novelty")
MEANS = (
    "NDCG is 1 where all that was taken stands on top of the list, 0 where nothing of it is in it; recall is the share of what"
    " was taken that the list holds; precision the share of the list that was taken; coverage the share of all that anybody"
    " is shown; novelty grows the fewer have what is shown (bits)."
)


def summary(run: Run, settings: ProductSettings, visits: Visits, lists: list[Lists], trials: list[Trial]) -> None:
    """Sentences for a manager and the numbers behind them."""
    users, items = len(visits.users), len(visits.data.items)
    run.report.subtitle = f"{settings.count_users(users)}, {settings.count_items(items)}{_span(visits)}."
    run.add_summary(say_lists(lists, visits, settings))
    for trial in trials:
        mine, theirs = (trial.value(name, "ndcg") for name in (OURS, trial.simple))
        run.add_summary(say_worth(trial, visits, settings))
        run.add_fact(f"{mine:.3f}", f"NDCG, {LABELS[trial.question]}; {trial.simple} {theirs:.3f}")
    run.add_fact(f"{users:,}", f"{settings.who}s with lists of {settings.shown}")
    run.add_summary(f"{say_basis(trials, visits, settings)} {say_few(trials[-1], settings)}".rstrip(), warn(settings))


def _span(visits: Visits) -> str:
    times = visits.data.times
    if times is None:
        return "; no times"
    first, last = times.min(), times.max()
    if isinstance(first, pd.Timestamp):
        return f"; {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    return f"; “{visits.settings.columns.time}” {first:g} to {last:g}"


def list_parts(lists: Lists, visits: Visits, settings: ProductSettings) -> list[Any]:
    """Some lists with their reasons: of those of whom little, something and much is known."""
    user, item = (str(name) for name in lists.table.columns[:2])
    counts = pd.Series(lists.model.history_.activity[: len(visits.users)], index=visits.users)
    ordered = counts[counts > 0].sort_values(kind="stable")
    places = np.linspace(0.1, 0.9, settings.examples) if settings.examples > 1 else [0.5]
    chosen = dict.fromkeys(ordered.index[int(share * (len(ordered) - 1))] for share in places)
    parts: list[Any] = []
    for key in chosen:
        rows = lists.table[lists.table[user] == key].set_index("rank")[[item, "because"]].head(EXAMPLE)
        known = settings.count_items(int(counts[key]))
        parts.append((rows, f"{capitalise(LABELS[lists.question])} for “{user}” {key}, of whom {known} are known."))
    return parts


def made_parts(lists: list[Lists], visits: Visits, settings: ProductSettings) -> list[Any]:
    """What lists are made of."""
    parts: list[Any] = [
        "Several ways to order what can be shown are weighed; the weights were found on the last period of what is learnt"
        " from, none by hand."
        if visits.period is not None
        else "Several ways to order what can be shown are weighed; the weights were found on a hidden fifth, none by hand."
    ]
    for one in lists:
        weights = pd.Series(one.model.weights_, dtype=float).sort_values(ascending=False, kind="stable").head(PARTS)
        shares = weights / sum(one.model.weights_.values())
        table = pd.DataFrame({"share of the weights": [percent(share) for share in shares]}, index=shares.index)
        parts += [
            say_weights(one, settings),
            (table.rename_axis("part"), f"{capitalise(LABELS[one.question])}: the parts."),
        ]
    return [*parts, say_kinds(lists[-1], visits, settings)]


def trial_parts(trial: Trial, visits: Visits, settings: ProductSettings) -> list[Any]:
    """A question's recommender beside all others."""
    n = trial.shown
    table = trial.scores.table()[[f"{name}@{n}" for name in METRICS]].sort_values(f"ndcg@{n}", ascending=False)
    shown = pd.DataFrame(index=table.index)
    for name in METRICS:
        values = table[f"{name}@{n}"]
        shown[name if name != "ndcg" else "NDCG"] = [
            percent(x, 1) if name == "coverage" else f"{x:.3f}" for x in values
        ]
    spans = trial.scores.intervals(f"ndcg@{n}").reindex(table.index)
    figure = bar_figure(
        {str(name): float(value) for name, value in spans["mean"].items()},
        lower=spans["lower"].tolist() if spans["lower"].notna().all() else None,
        upper=spans["upper"].tolist() if spans["upper"].notna().all() else None,
        highlight=[OURS],
        x_label=f"NDCG@{n}",
        caption=f"{capitalise(LABELS[trial.question])}: mean and 95 % interval.",
    )
    when = "of what was hidden" if visits.period is None else f"of what was taken in the {visits.length} after a cut"
    return [
        f"{capitalise(LABELS[trial.question])}: {settings.count_users(trial.n_users)} had something to be found, {trial.n_asked:,} lists"
        f" in all, each the best of {settings.count_items(trial.n_items)}; those who took nothing{' new' if trial.question == 'new' else ''} are left out.",
        figure,
        (shown, f"{capitalise(LABELS[trial.question])}: lists of {n}, {when}."),
        MEANS,
        trial.comparisons.explain(),
        trial.guard,
    ]


def group_parts(trial: Trial, visits: Visits, settings: ProductSettings) -> list[Any]:
    """For whom, and for which items, lists are right."""
    parts: list[Any] = [say_few(trial, settings)] if say_few(trial, settings) else []
    activity = trial.by_activity(settings)
    popular = trial.by_popularity(len(visits.users), settings)
    for table, caption in (
        (activity, f"{capitalise(LABELS[trial.question])}: NDCG, by what was known before the cut."),
        (
            popular,
            f"{capitalise(LABELS[trial.question])}: share found of what was taken, by how common it was before the cut.",
        ),
    ):
        if len(table):
            shown = table.copy().astype(object)
            for name in table.columns[1:]:
                shown[name] = [f"{value:.3f}" for value in table[name]]
            shown[table.columns[0]] = [f"{int(value):,}" for value in table.iloc[:, 0]]
            parts.append((shown, caption))
    return parts


def new_parts(lists: Lists, unseen: list[Any], visits: Visits, settings: ProductSettings) -> list[Any]:
    """Items that nobody has yet, and users of whom nothing is known."""
    if visits.items is None:
        told = "No table of items was given: what nobody has yet is not known, and cannot be recommended."
        return [told, say_strangers(lists, settings)]
    parts: list[Any] = [say_new(lists, unseen, settings)]
    if len(found := lists.new_items.head(PARTS)):
        parts.append((found, "Never taken, and in most lists, with one of the reasons."))
    return [*parts, say_strangers(lists, settings)]


def doubts(visits: Visits, trials: list[Trial], settings: ProductSettings) -> list[str]:
    """When not to believe it."""
    told = [
        warn(settings),
        f"Whoever took nothing in the time after a cut does not count: figures are of those who came back. For {settings.who}s"
        " with a short past, lists lean on what is popular.",
        "What is taken has seasons. Lists for a holiday that lies further back than what is learnt from fades know little of it;"
        " run the study again every few weeks.",
        "What one was shown before, what was out of stock and what things cost is not known here; all of it forms what is taken.",
    ]
    if visits.period is None:
        told.insert(0, say_basis(trials, visits, settings))
    return told


def data_parts(visits: Visits, lists: list[Lists], settings: ProductSettings) -> list[str]:
    """What is to be known of the data."""
    told = visits.settings.columns.explain_missing()
    if visits.items is not None:
        told += settings.columns.items.keep(visits.items.columns).explain_missing()
    if visits.covered < 1:
        told.append(
            f"Lists are of the {settings.count_items(len(visits.data.items))} that most {settings.who}s took,"
            f" {percent(visits.covered, 1)} of all that was taken; in the trial, of those before the first cut: --set most_items=..."
        )
    notes = dict.fromkeys([*visits.notes, *(note for one in lists for note in one.model.notes_)])
    return [*told, *([sentences(notes)] if notes else [])]


def metrics(visits: Visits, lists: list[Lists], trials: list[Trial], unseen: list[Any]) -> dict[str, float]:
    """The figures of the run."""
    found = {
        "users": float(len(visits.users)),
        "items": float(len(visits.data.items)),
        "never taken": float(len(unseen)),
    }
    for one in trials:
        name = one.question
        found |= {f"{name}: ndcg of {model}": one.value(model, "ndcg") for model in one.scores.models}
        found |= {f"{name}: {what}": one.value(OURS, what) for what in ("recall", "coverage", "novelty")}
        found[f"{name}: lists tried"] = float(one.n_asked)
    found["new: never taken in lists"] = float(len(lists[-1].new_items))
    return found
