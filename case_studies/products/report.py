"""The chapters of the report on products: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from shared.reporting import Claim, Table
from shared.text import capitalise, sentences

from .lists import Lists
from .rivals import OURS
from .sayings import (
    LABELS,
    judge,
    percent,
    say_basis,
    say_few,
    say_kinds,
    say_length,
    say_new,
    say_strangers,
    say_weights,
    warn,
)
from .screen import draw_taken
from .settings import ProductSettings
from .tables import Tables, rivals_of
from .trial import Trial
from .visits import Visits

EXAMPLE = 5  # of an example list
PARTS = 10  # new items, and parts of a model, that are shown
HEADERS = {"ndcg": "NDCG", "coverage": "coverage, %"}
METRICS = ("ndcg", "recall", "precision", "coverage", "novelty")
MEANS = (
    "NDCG is 1 where all that was taken stands on top of the list, 0 where nothing of it is in it; recall is the"
    " share of what was taken that the list holds; precision the share of the list that was taken; coverage the share"
    " of all that anybody is shown; novelty grows the fewer have what is shown (bits)."
)


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
        caption = (
            f"{capitalise(LABELS[lists.question])} for {settings.who} {key}, of whom {known}"
            f" {'is' if counts[key] == 1 else 'are'} known."
        )
        parts.append(Table(rows, caption, name=f"{lists.question}-{key}"))
    return parts


def made_parts(lists: list[Lists], tables: Tables, visits: Visits, settings: ProductSettings) -> list[Any]:
    """What lists are made of."""
    parts: list[Any] = [
        "Several ways to order what can be shown are weighed; the weights were found on the last period of what is"
        " learnt from, none by hand."
        if visits.period is not None
        else (
            "Several ways to order what can be shown are weighed; the weights were found on a hidden fifth, none by"
            " hand."
        )
    ]
    for one in lists:
        weights = pd.Series(one.model.weights_, dtype=float).sort_values(ascending=False, kind="stable").head(PARTS)
        shares = weights / sum(one.model.weights_.values())
        table = pd.DataFrame({"share of the weights, %": 100 * shares}, index=shares.index).rename_axis("part")
        caption = f"{capitalise(LABELS[one.question])}: the parts."
        parts += [say_weights(one, tables, settings), Table(table, caption, name=f"parts-{one.question}", fold=True)]
    return [*parts, say_kinds(lists[-1], tables, visits, settings)]


def trial_parts(trial: Trial, tables: Tables, visits: Visits, settings: ProductSettings) -> list[Any]:
    """A question's recommender beside all others."""
    n, label = trial.shown, capitalise(LABELS[trial.question])
    table = trial.scores.table()[[f"{name}@{n}" for name in METRICS]].sort_values(f"ndcg@{n}", ascending=False)
    shown = pd.DataFrame(
        {HEADERS.get(name, name): table[f"{name}@{n}"] * (100 if name == "coverage" else 1) for name in METRICS},
        index=table.index,
    )
    when = "of what was hidden" if visits.period is None else f"of what was taken in the {visits.length} after a cut"
    ndcg = tables.tried(trial.question, OURS, f"ndcg@{n}")
    return [
        [
            Claim.of(f"{label}: {{n}} tried by each, of ", n=ndcg.count("list")),
            f"{settings.count_users(trial.n_users)} who had something to be found, chosen from"
            f" {settings.count_items(trial.n_items)}; those who took nothing"
            f"{' new' if trial.question == 'new' else ''} are left out.",
        ],
        draw_taken(trial, tables, visits),
        Table(
            shown.rename_axis("list by"),
            f"{label}: lists of {n}, {when}. {MEANS}",
            OURS,
            name=f"trial-{trial.question}",
        ),
        [judge(trial, name) for name in rivals_of(trial)],
        trial.guard,
    ]


def group_parts(trial: Trial, tables: Tables, settings: ProductSettings) -> list[Any]:
    """For whom, and for which items, lists are right."""
    few, label = say_few(trial, tables, settings), capitalise(LABELS[trial.question])
    parts: list[Any] = [[few]] if few is not None else []
    for by, first, counted, caption in (
        ("known", f"different {settings.what}s known", "lists", "NDCG, by what was known before the cut."),
        (
            "common",
            f"{settings.who}s who had it before",
            "taken",
            "share found of what each took of them, on average over lists; by how common these were before the cut.",
        ),
    ):
        rows = tables.groups[(tables.groups["question"] == trial.question) & (tables.groups["by"] == by)]
        if len(rows):
            shown = rows.set_index("group").rename_axis(first)[["n", "ours", "simple"]]
            shown.columns = pd.Index([counted, OURS, trial.simple])
            parts.append(Table(shown, f"{label}: {caption}", name=f"{by}-{trial.question}"))
    return parts


def new_parts(lists: Lists, tables: Tables, visits: Visits, settings: ProductSettings) -> list[Any]:
    """Items that nobody has yet, and users of whom nothing is known."""
    if visits.items is None:
        told = "No table of items was given: what nobody has yet is not known, and cannot be recommended."
        return [told, say_strangers(lists, settings)]
    parts: list[Any] = [say_new(tables, settings)]
    if len(found := lists.new_items.head(PARTS)):
        parts.append(Table(found, "Never taken, and in many lists, with one of the reasons.", name="never-taken"))
    return [*parts, say_strangers(lists, settings)]


def doubts(visits: Visits, trials: list[Trial], settings: ProductSettings) -> list[str]:
    """When not to believe it."""
    told = [
        warn(settings),
        "Whoever took nothing in the time after a cut does not count: figures are of those who came back. For"
        f" {settings.who}s"
        " with a short past, lists lean on what is popular.",
        "What is taken has seasons, and what lies far back fades: lists know little of last year's holiday. Run the"
        " study again every few weeks.",
        (
            "What one was shown before, what was out of stock and what things cost is not known here; all of it forms"
            " what is taken."
        ),
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
            f"Lists are of the {settings.count_items(len(visits.data.items))} that many {settings.who}s took,"
            f" {percent(visits.covered, 1)} of all that was taken; in the trial, of those before the first cut: --set"
            " most_items=..."
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
    if visits.period is not None:
        found["period"] = float(say_length(visits).value)
    found["new: never taken in lists"] = float(len(lists[-1].new_items))
    return found
