"""What the features report says of its results, sentence by sentence, so that none can disagree with a table."""

from __future__ import annotations

from shared.evaluation import Comparison
from shared.text import count_of, join_words

from .rows import Rows
from .search import Choice
from .settings import FeaturesSettings
from .trial import ALL, BEST, CHOSEN, LASSO, Trial

NAMED = 15  # columns that are named in a sentence; all are in the table
TOO_GOOD = 0.98  # R squared on rows held out above which a column is asked about
FEW_ROWS = 10  # rows learnt from a column, below which a choice is mostly luck


def list_names(names: list[str]) -> str:
    """Name columns, the first ones of many.

    Parameters
    ----------
    names : list of str

    >>> list_names(["a", "b"])
    'a and b'
    """
    more = [f"{len(names) - NAMED:,} more"] if len(names) > NAMED else []
    return join_words([*names[:NAMED], *more])


def write_error(value: float, settings: FeaturesSettings) -> str:
    """Write an error with its unit.

    Parameters
    ----------
    value : float
    settings : FeaturesSettings

    >>> write_error(3.456, FeaturesSettings(unit="EUR"))
    '3.46 EUR'
    """
    return f"{value:.3g} {settings.unit}".rstrip()


def write_change(found: Comparison, unit: str = "") -> str:
    """Write what the error changes by, and its 95 % interval in brackets.

    Parameters
    ----------
    found : Comparison
    unit : str
        Of the error, for changes that cannot be told in percent.

    >>> write_change(Comparison("a", "b", "mae", 0.1, -0.02, 0.2, 7, 12, 0.1, "parts"))
    '-10 % (-20 to +2 %)'
    """
    low, high = found.interval
    if found.improvement == found.improvement and found.lower == found.lower:
        change, best, worst = (f"{-round(100 * one) or 0:+d}" for one in (found.improvement, high, low))
        return f"{change} % ({best} to {worst} %)"
    return f"{-found.difference:+.3g} {unit} ".replace("  ", " ") + f"({-high:+.3g} to {-low:+.3g})"


def say_advice(trial: Trial, choice: Choice, rows: Rows) -> str:
    """What to keep and what to drop."""
    target, n, p = rows.y.name, len(choice.columns), rows.n_offered
    if trial.action == "keep none":
        return (
            f"Keep none of the {p:,} columns for this: on rows held out, neither those chosen nor all of them are shown to"
            f" predict {target} better than {trial.reference}. No column is recommended."
        )
    if trial.action == "keep all":
        gone = f", but the {len(rows.dropped):,} that say nothing of their own" if rows.dropped else ""
        return f"Keep all of the {p:,} columns{gone}: the {n:,} that the search chose are not shown to do without the others."
    drop = p - n
    if not drop:
        return f"Keep all of the {p:,} columns: the search dropped none."
    return f"Keep {n:,} of the {p:,} columns and drop the other {drop:,}. To keep: {list_names(choice.columns)}."


def say_cost(trial: Trial, settings: FeaturesSettings) -> str:
    """What keeping fewer columns costs or brings."""
    found, word = trial.beside(ALL), "mean absolute error" if trial.metric == "mae" else "root mean squared error"
    one, other = (write_error(trial.error(name), settings) for name in (CHOSEN, ALL))
    outcome = {
        "better": "the chosen ones alone are better, by more than chance would do",
        "worse": "the others are missed, by more than chance would do",
        "too few": "too few rows to say more",
    }.get(found.outcome)
    if outcome is None and trial.harmless:
        outcome = f"no gain is shown, and a growth by more than {100 * trial.tolerance:g} % is ruled out"
        if found.interval[0] > 0:
            outcome = f"a gain is likely, but not shown once all {found.together} comparisons are counted"
    outcome = outcome or (
        f"no difference is shown, and a growth by more than {100 * trial.tolerance:g} % is not ruled out"
    )
    return (
        f"On {_say_held_out(trial)} the {word} with the {trial.sizes[CHOSEN]:,} chosen columns is {one}, with all"
        f" {trial.sizes[ALL]:,} it is {other}. Change by keeping fewer: {write_change(found, settings.unit)}, at 95 %; {outcome}."
    )


def _say_held_out(trial: Trial) -> str:
    count = len(trial.scores.values(CHOSEN, trial.metric))
    return f"rows that no search saw, in {count_of(count, 'part')},"


def say_rivals(trial: Trial, settings: FeaturesSettings) -> str:
    """The chosen columns beside other ways to choose, and beside no model."""
    told = []
    for name in (LASSO, BEST):
        found = trial.beside(name)
        word = {"better": "worse than the chosen ones", "worse": "better than the chosen ones"}.get(
            found.outcome, "not shown to differ from the chosen ones"
        )
        size = count_of(trial.sizes[name], "column")
        told.append(f"{name} ({size}) {write_error(trial.error(name), settings)}, {word}")
    skill = trial.skills[CHOSEN]
    verdict = {"better": "better, by more than chance would do", "worse": "worse, by more than chance would do"}.get(
        skill.outcome, "no difference is shown"
    )
    return (
        f"Simpler ways to choose: {'; '.join(told)}. No model at all: {trial.reference}"
        f" {write_error(trial.error(trial.reference), settings)}; the chosen columns change that by {write_change(skill, settings.unit)},"
        f" {verdict}."
    )


def say_sure(choice: Choice) -> str:
    """How sure the choice is."""
    sure, n = choice.sure, len(choice.columns)
    unsure = [name for name in choice.columns if name not in sure]
    said = (
        f"How sure: {len(sure):,} of the {n:,} chosen columns were chosen again in at least four of five of"
        f" {choice.searches:,} searches on other rows"
    )
    said += f" ({list_names(sure)})." if sure else "."
    if unsure:
        said += (
            " The others may be there by luck, or be exchanged for columns that say nearly the same: give their names no"
            " meaning."
        )
    return said


def say_nested(choice: Choice) -> str:
    """The score that chose beside that on rows the search had not seen."""
    found = choice.selection
    if found.outer != found.outer:
        return "There were too few rows to judge the search by folds around it."
    gap = found.inner - found.outer
    word = "too good, because it chose" if gap > 0 else "not too good this time"
    low, high = max(found.low, -9.99), min(found.high, 1.0)
    skill = "more than no column at all" if found.skilled else "skill is not shown by these folds alone"
    return (
        f"The score that chose is R² {found.inner:.2f}: {word}. The whole search, done again without the rows it is judged"
        f" on, gets {found.outer:.2f} ({low:.2f} to {high:.2f}): {skill}."
    )


def find_suspects(choice: Choice) -> list[str]:
    """Columns that alone tell nearly all.

    Parameters
    ----------
    choice : Choice
    """
    return [str(name) for name in choice.table.index[choice.table["alone"] > TOO_GOOD]]


def say_limits(choice: Choice, rows: Rows) -> str:
    """When not to believe it, in one sentence for the first screen."""
    suspects = find_suspects(choice)
    if suspects:
        word = "tells" if len(suspects) == 1 else "each tell"
        return (
            f"Do not believe it before you know why {join_words(suspects)} {word} nearly all of {rows.y.name} alone: is"
            " that known when it is to be predicted?"
        )
    per = rows.n_learnt / max(rows.X.shape[1], 1)
    few = f" With {per:.1f} rows to learn from a column, much of any choice is luck." if per < FEW_ROWS else ""
    if rows.times is None:
        return (
            "Do not believe it if rows belong together in time or by person: they were mixed, and neighbours would tell"
            f" each other's answers.{few}"
        )
    return (
        f"Do not believe it for other times than the ones like those held out, nor if a column is filled in only after"
        f" {rows.y.name} is known.{few}"
    )
