"""The chapters of the features report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import pandas as pd

from shared.reporting import Run
from shared.reporting.charts import bar_figure, line_figure
from shared.text import capitalise, count_of

from .rows import Rows
from .sayings import (
    say_advice,
    say_cost,
    say_limits,
    say_nested,
    say_rivals,
    say_sure,
    write_change,
)
from .search import SURE, Choice
from .settings import FeaturesSettings
from .trial import ALL, CHOSEN, Trial, name_guess

BARS, ROWS = 15, 30


def summary(run: Run, settings: FeaturesSettings, rows: Rows, choice: Choice, trial: Trial) -> None:
    """Sentences for a manager and the numbers behind them."""
    n, judged = rows.n_learnt, len(rows.y) - rows.n_learnt
    how = f"the first {n:,} rows chose, the last {judged:,} judged"
    if rows.times is None:
        how = f"{n:,} rows chose, {judged:,} drawn by chance judged"
    run.report.subtitle = (
        f"What predicts {rows.y.name}: {count_of(rows.n_offered, 'column')} of {len(rows.y):,} rows; {how}."
    )
    run.add_summary(say_advice(trial, choice, rows), say_cost(trial, settings))
    if trial.action != "keep none":
        run.add_summary(say_sure(choice))
    run.add_summary(say_rivals(trial, settings), say_limits(choice, rows))
    size = {"keep chosen": len(choice.columns), "keep all": rows.X.shape[1], "keep none": 0}[trial.action]
    run.add_fact(f"{size:,}", f"of {count_of(rows.n_offered, 'column')} to keep")
    run.add_fact(
        write_change(trial.beside(ALL), settings.unit).split(" (")[0], "error of the chosen columns against all of them"
    )
    if trial.action != "keep none":
        run.add_fact(f"{len(choice.sure):,} of {len(choice.columns):,}", "chosen columns found again on other rows")


def column_parts(advice: pd.DataFrame, choice: Choice, trial: Trial) -> list[Any]:
    """Every column with its reason, and how often it was chosen."""
    shown = pd.DataFrame(
        {
            "keep": ["yes" if keep else "no" for keep in advice["keep"]],
            "chosen again": ["" if pd.isna(one) else f"{100 * one:.0f} %" for one in advice["frequency"]],
            "R² alone": ["" if pd.isna(one) else f"{one:.2f}" for one in advice["alone"]],
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
        caption=f"Coloured columns are those chosen on all rows learnt from; from {100 * SURE:.0f} % on they count as sure.",
    )
    told = ""
    if trial.action == "keep none":
        told = " Since nothing is shown to predict, what the search found is told here for completeness only."
    return [
        "“Chosen again” is the share of searches, each on another four fifths of the rows, that chose the column. “R² alone”"
        " is the squared correlation with what is predicted, on the rows learnt from; what R² changes by beside other"
        f" columns is measured on folds left out of the fit.{told}",
        bars,
        (
            shown.head(ROWS),
            f"The first {min(ROWS, len(shown)):,} of {len(shown):,} columns, the best first; all are in columns.parquet.",
        ),
    ]


def error_parts(trial: Trial, choice: Choice, settings: FeaturesSettings) -> list[Any]:
    """Errors of all models, and by number of columns."""
    unit = f", {settings.unit}" if settings.unit else ""
    rows = {}
    other = "rmse" if trial.metric == "mae" else "mae"
    for name in (CHOSEN, *trial.rivals):
        change = "" if name == CHOSEN else write_change(trial.beside(name), settings.unit)
        errors = [f"{float(trial.scores.values(name, one).mean()):.3g}" for one in (trial.metric, other)]
        rows[name] = (trial.sizes[name], *errors, change)
    heads = ["columns", trial.metric.upper(), other.upper(), "change"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=heads).rename_axis("model")
    curve = trial.curve
    figure = line_figure(
        {str(way): (curve.index.tolist(), curve[way].to_numpy()) for way in curve.columns},
        x_label="number of columns",
        y_label=f"{trial.metric.upper()}{unit}",
        marks={"the best without a model": trial.error(trial.reference)},
        alt="Lines: the error on rows held out by number of columns.",
        caption=f"Error on rows held out by number of columns. The search chose {len(choice.columns):,}; nothing was"
        " chosen by this picture.",
    )
    return [
        (
            table,
            f"Errors on rows held out{unit}, means over the parts; and their change (95 %) if the chosen set takes over.",
        ),
        " ".join(capitalise(one.explain()) for one in trial.against.items),
        figure,
        say_nested(choice),
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
