"""The chapters of the features report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import pandas as pd

from shared.reporting import Table
from shared.reporting.charts import bar_figure

from .rows import Rows
from .sayings import (
    say_comparison,
    say_nested,
    say_sure,
)
from .search import SURE, Choice
from .settings import FeaturesSettings
from .tables import Tables
from .trial import ALL, CHOSEN, Trial, name_guess

BARS, ROWS = 15, 30


def column_parts(tables: Tables, choice: Choice, trial: Trial) -> list[Any]:
    """Every column with its reason, and how often it was chosen."""
    advice = tables.columns
    shown = pd.DataFrame(
        {
            "keep": ["yes" if keep else "no" for keep in advice["keep"]],
            "chosen again, %": (100 * advice["frequency"]).to_numpy(dtype=float),
            "R² alone": advice["alone"].to_numpy(dtype=float),
            "why": advice["why"].tolist(),
        },
        index=pd.Index(advice["column"], name="column"),
    )
    ranked = choice.table.sort_values(["frequency", "chosen"], ascending=False, kind="stable")
    ranked = ranked[ranked["chosen"] | (ranked["frequency"] > 0)].head(BARS)
    bars = bar_figure(
        {str(name): 100 * float(one) for name, one in ranked["frequency"].items()},
        highlight=[str(name) for name in ranked.index[ranked["chosen"]]],
        x_label=f"share of {choice.searches:,} searches on other rows that chose it, %",
        alt="Bars: how often each column was chosen.",
        caption=(
            f"Coloured columns are those chosen on all rows learnt from; from {100 * SURE:.0f} % on they count as sure."
        ),
    ).tell(say_sure(tables))
    told = ""
    if trial.action == "keep none":
        told = " Since nothing is shown to predict, what the search found is told here for completeness only."
    return [
        "“Chosen again” is the share of searches, each on another four fifths of the rows, that chose the column."
        " “R² alone” is the squared correlation with what is predicted, on the rows learnt from; what R² changes by"
        f" beside other columns is measured on folds left out of the fit.{told}",
        bars,
        Table(
            shown.head(ROWS),
            (
                f"The first {min(ROWS, len(shown)):,} of {len(shown):,} columns, in the order of the searches; the"
                " file has all."
            ),
            name="columns",
            data=advice,
            fold=True,
        ),
    ]


def error_parts(tables: Tables, trial: Trial, choice: Choice, settings: FeaturesSettings) -> list[Any]:
    """Errors of all models, and the comparisons in words."""
    unit = f", {settings.unit}" if settings.unit else ""
    rows = {}
    other = "rmse" if trial.metric == "mae" else "mae"
    for name in (CHOSEN, *trial.rivals):
        found = None if name == CHOSEN else trial.beside(name)
        change = (None,) * 3 if found is None else (100 * one for one in (found.improvement, found.lower, found.upper))
        errors = [float(trial.scores.values(name, one).mean()) for one in (trial.metric, other)]
        rows[name] = (trial.sizes[name], *errors, *change)
    heads = [
        "columns",
        f"{trial.metric.upper()}{unit}",
        f"{other.upper()}{unit}",
        "less error with the chosen set, %",
        "from",
        "to",
    ]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=heads).rename_axis("model")
    return [
        Table(
            table,
            "Errors on rows held out, means over the parts: less is better. Behind them by how much the error is"
            " less with the chosen set, with its 95 % interval.",
            CHOSEN,
            name="errors",
        ),
        [say_comparison(one) for one in trial.against.items],
        say_nested(tables, choice),
    ]


def metrics(rows: Rows, choice: Choice, trial: Trial, settings: FeaturesSettings) -> dict[str, float]:
    """The figures of the run."""
    found = {
        "columns offered": float(rows.n_offered),
        "columns dropped before the search": float(len(rows.dropped)),
        "columns chosen": float(len(choice.columns)),
        "columns chosen again": float(len(choice.sure)),
        "columns kept": float(
            {"keep chosen": len(choice.columns), "keep all": rows.X.shape[1], "keep none": 0}[trial.action]
        ),
        "inner score": choice.selection.inner,
        "improvement on all columns": float(1 - trial.error(CHOSEN) / trial.error(ALL)),
        "improvement on no model": float(1 - trial.error(CHOSEN) / trial.error(trial.reference)),
    }
    if choice.selection.outer == choice.selection.outer:
        found["outer score"] = choice.selection.outer
    names = {name_guess(settings): "the guess"}  # figures go by the same names, whatever columns are called
    return found | {f"error of {names.get(name, name)}": trial.error(name) for name in (CHOSEN, *trial.rivals)}
