"""The chapters of the features report on how it was tested, when not to believe it, and what was read."""

from __future__ import annotations

from shared.text import join_words, sentences

from .rows import Rows
from .sayings import find_suspects
from .search import Choice
from .settings import FeaturesSettings
from .trial import Trial


def protocol_parts(rows: Rows, trial: Trial, settings: FeaturesSettings) -> list[str]:
    """How it was tested."""
    how = (
        "Before each part all models learn anew from every row before it"
        if rows.times is not None
        else "The rows were mixed; all models learn from the rows by which columns were chosen"
    )
    return [
        f"Columns were chosen on {rows.n_learnt:,} rows by evolution and then by adding and removing single ones,"
        f" judged by {settings.folds} folds; a column has to bring R² {settings.penalty:g}. {how}. All columns, the"
        " chosen ones and those taken by correlation go into the same ridge regression, whose penalty the rows"
        " learnt from choose; lasso has its own. Lasso and correlations choose anew for each fit, the search does"
        " not.",
        trial.scores.explain_leaks(),
    ]


def doubts(rows: Rows, choice: Choice) -> list[str]:
    """When not to believe it."""
    told = [
        "A column that is kept is useful for predicting; it need not be a cause. Changing it may change nothing.",
        (
            "Columns act by straight lines here: one that matters only by a curve, or together with another, may be"
            " dropped."
        ),
        (
            "Whether a column is known when the prediction is made, nobody can see from the table: look through those"
            " kept."
        ),
    ]
    if suspects := find_suspects(choice):
        told.insert(0, f"Nearly all of {rows.y.name} follows from {join_words(suspects)} alone: that is often a leak.")
    if rows.y.nunique() == 2:
        told.append(
            f"{rows.y.name} has two values: a prediction is a score between them, or a little beyond, and no"
            " probability."
        )
    if rows.times is None:
        told.append("Rows were mixed by chance. If they follow in time, name the column: --set columns.time=NAME.")
    return told


def data_parts(rows: Rows, settings: FeaturesSettings) -> list[str]:
    """What is to be known of the data."""
    told = [text for text in settings.columns.explain_missing() if " for predictors " not in text]
    return [*told, *([sentences(rows.notes)] if rows.notes else [])]
