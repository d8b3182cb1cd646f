"""The first screen of the features report: which columns to keep, how sure that is, and when not to believe it."""

from __future__ import annotations

from case_studies.common.report import add_comparison
from shared.reporting import Run
from shared.reporting.charts import line_figure
from shared.reporting.figures import Figure
from shared.text import count_of

from .rows import Rows
from .sayings import list_doubts, say_advice, say_comparison, say_errors, say_harmless, say_kept, say_names
from .search import Choice
from .settings import FeaturesSettings
from .tables import Tables
from .trial import ALL, CHOSEN, Trial


def write_first_screen(
    run: Run, settings: FeaturesSettings, tables: Tables, rows: Rows, choice: Choice, trial: Trial
) -> None:
    """Which columns to keep, how sure that is, and when not to believe it."""
    n, judged = rows.n_learnt, len(rows.y) - rows.n_learnt
    how = f"the first {n:,} rows chose, the last {judged:,} judged"
    if rows.times is None:
        how = f"{n:,} rows chose, {judged:,} drawn by chance judged"
    run.report.subtitle = (
        f"What predicts {rows.y.name}: {count_of(rows.n_offered, 'column')} of {len(rows.y):,} rows; {how}."
    )
    if trial.action == "keep none":
        run.advise_against(say_advice(tables, trial, rows))
    else:
        run.add_advice(say_advice(tables, trial, rows))
        run.add_advice(say_names(trial, choice))
    skill, whole = trial.skills[CHOSEN], trial.beside(ALL)
    told = say_comparison(skill), say_comparison(whole)
    run.add_certainty(told[0], [told[1], *say_harmless(trial)])
    run.add_doubt(*list_doubts(tables, choice, rows))
    kept = say_kept(tables)
    value, _, label = kept.text.partition(": ")
    run.add_fact(value, label, kept)
    run.add_fact(tables.errors(trial.model, settings.metric).mean("value", settings.unit), f"error with {trial.model}")
    add_comparison(run, skill, told[0])
    add_comparison(run, whole, told[1])
    run.show(draw_sizes(tables, trial, settings))


def draw_sizes(tables: Tables, trial: Trial, settings: FeaturesSettings) -> Figure:
    """The error on rows held out by number of columns."""
    curve = trial.curve
    shades = dict(zip(map(str, curve.columns), ("accent", "second"), strict=False))
    return line_figure(
        {str(way): (curve.index.tolist(), curve[way].to_numpy()) for way in curve.columns},
        x_label="number of columns",
        y_label=f"{trial.metric.upper()}{f', {settings.unit}' if settings.unit else ''}",
        marks={trial.reference: trial.error(trial.reference)},
        alt="Lines: the error on rows held out by number of columns.",
        caption="Less is better. Nothing was chosen by this picture.",
        colours=shades,
    ).tell(say_errors(tables, settings))
