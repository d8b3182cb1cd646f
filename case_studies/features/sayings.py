"""What the features report says of its results, sentence by sentence, each worked out from the run's tables."""

from __future__ import annotations

from shared.evaluation import Comparison
from shared.reporting import Claim, Said, given
from shared.text import capitalise, join_words

from .rows import Rows
from .search import Choice
from .settings import FeaturesSettings
from .tables import Tables
from .trial import ALL, CHOSEN, Trial

NAMED = 16  # columns that are named in a sentence; all are in the table
TOO_GOOD = 0.98  # R squared on the rows learnt from above which a column is asked about
FEW_ROWS = 10  # rows learnt from a column, below which a choice is mostly luck
ERRORS = {"mae": "mean absolute error", "rmse": "root mean squared error"}


def list_names(names: list[str]) -> str:
    """Name columns, the first ones of many.

    Parameters
    ----------
    names : list of str

    >>> list_names(["a", "b"])
    'a and b'
    """
    more = [f"{len(names) - NAMED:,} more, listed below"] if len(names) > NAMED else []
    return join_words([*names[:NAMED], *more])


def say_comparison(item: Comparison) -> Claim:
    """Say how two models compare on the rows held out.

    Parameters
    ----------
    item : Comparison
        From the trial.

    >>> print(say_comparison(Comparison("the chosen set", "the full set", "mae", 0.2, 0.1, 0.3, 11, 12, 0.01, "parts")))
    The chosen set is better than the full set by 10 to 30 % (error, MAE), on 11 of 12 parts of the rows held out.
    """
    name = f"error, {item.metric.upper()}"
    claim = item.claim("scores", name=name, context="of the rows held out", split="part")
    return Claim(capitalise(claim.text), claim.numbers, claim.verdict, claim.detail)


def say_advice(tables: Tables, trial: Trial, rows: Rows) -> Claim:
    """What to keep and what to drop."""
    every, kept, dropped = tables.named(), tables.named(keep=True), tables.named(keep=False)
    if trial.action == "keep none":
        return Claim.of(
            (
                "Keep none of the {p}: nothing was found that predicts {target} beyond {reference}. No column is"
                " recommended."
            ),
            p=every.count("column"),
            target=str(rows.y.name),
            reference=trial.reference,
        )
    if len(kept.frame) == int(kept.frame["keep"].sum()):
        return Claim.of("Keep all of the {p}.", p=every.count("column"))
    if trial.action == "keep all":
        return Claim.of(
            "Keep all of the {p} but the {n} that say nothing of their own.",
            p=every.count("column"),
            n=dropped.count(),
        )
    return Claim.of(
        "Keep {n} of the {p} and drop the other {other}.",
        n=kept.count(),
        p=every.count("column"),
        other=dropped.count(),
    )


def say_kept(tables: Tables) -> Claim:
    """How many columns are to be kept, for a card."""
    kept, every = tables.named(keep=True).count(), tables.named().count("column")
    return Claim.of("{n}: of {p} to keep", n=kept, p=every)


def say_names(trial: Trial, choice: Choice) -> str:
    """Which columns are to be kept, or why all are."""
    if trial.action == "keep all":
        return "Those that the search chose are not shown to do without the others."
    return f"To keep: {list_names(choice.columns)}."


def say_errors(tables: Tables, settings: FeaturesSettings) -> Claim:
    """The error with the chosen columns, beside that with all of them."""
    metric = settings.metric
    return Claim.of(
        "With the {n} the {error} on rows held out is {one}, with all {p} it is {other}",
        n=tables.size(CHOSEN).value("columns", "chosen columns"),
        p=tables.size(ALL).value("columns"),
        error=ERRORS[metric],
        one=tables.errors(CHOSEN, metric).mean("value", settings.unit),
        other=tables.errors(ALL, metric).mean("value", settings.unit),
    )


def say_harmless(trial: Trial) -> list[Said]:
    """That keeping fewer columns costs next to nothing, where that is shown."""
    if not trial.harmless or trial.beside(ALL).outcome == "better":
        return []
    return [
        Claim.of(
            "That doing without the other columns costs over {most} of error is ruled out.",
            most=given(trial.tolerance, "%"),
        )
    ]


def say_sure(tables: Tables) -> Claim:
    """How sure the choice is."""
    return Claim.of(
        "Of the {n} chosen, {sure} were chosen again in {share} or more of {searches} searches on other rows.",
        n=tables.named(chosen=True).count("column"),
        sure=tables.named(again=True).count(),
        share=tables.of_search.value("sure from", "%"),
        searches=tables.of_search.value("searches"),
    )


def say_nested(tables: Tables, choice: Choice) -> Said:
    """The score that chose beside that on rows the search had not seen."""
    if choice.selection.outer != choice.selection.outer:
        return "There were too few rows to judge the search by folds around it."
    rows = tables.of_search
    return Claim.of(
        "The score that chose is R² {inner}, and no judge of its own choice. The whole search, done again without"
        " the rows it is judged on, gets {outer} ({low} to {high}).",
        inner=rows.value("inner", decimals=2),
        outer=rows.value("outer", decimals=2),
        low=rows.value("low", decimals=2),
        high=rows.value("high", decimals=2),
    )


def find_suspects(choice: Choice) -> list[str]:
    """Columns that alone tell nearly all: first those that were chosen, and of them what tells most.

    Parameters
    ----------
    choice : Choice
    """
    alone = choice.table["alone"]
    found = alone[alone > TOO_GOOD].sort_values(ascending=False, kind="stable")
    return sorted(map(str, found.index), key=lambda name: name not in choice.columns)


def list_doubts(tables: Tables, choice: Choice, rows: Rows) -> list[Said | list[Said]]:
    """When not to believe it, what was measured first."""
    target = str(rows.y.name)
    told: list[Said | list[Said]] = [_ask_about(tables, name, target) for name in find_suspects(choice)[:3]]
    unsure = [name for name in choice.columns if name not in choice.sure]
    if unsure and tables.columns["keep"].any():
        told.append([say_sure(tables), "Others may be there by luck: give their names no meaning."])
    if rows.n_learnt < FEW_ROWS * max(rows.X.shape[1], 1):
        told.append(
            Claim.of(
                "There were {rows} to learn from for {p}: much of any choice is luck.",
                rows=tables.of_search.value("rows learnt from", "rows"),
                p=tables.of_search.value("columns", "columns"),
            )
        )
    told += [f"{capitalise(note)}." for note in rows.notes if note.startswith("columns that hold no numbers")]
    told.append(
        "Rows were drawn by chance: if they belong together in time or by person, they were mixed, and neighbours tell"
        " each other's answers."
        if rows.times is None
        else f"It holds for times like those held out, and for columns that are known before {target} is."
    )
    return told


def _ask_about(tables: Tables, name: str, target: str) -> Claim:
    return Claim.of(
        "Do not believe it before you know why {name} tells nearly all of {target} alone (R² {alone}): is it known"
        " beforehand?",
        name=name,
        target=target,
        alone=tables.named(column=name).value("alone", decimals=2),
    )
