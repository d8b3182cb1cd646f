"""The first screen of the report on products: whom to show what, how sure that is, and when not to believe it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from case_studies.common.report import add_comparison, not_real
from shared.reporting import Claim, Evidence, Figure, Number, Run, Said, given
from shared.reporting.charts import bar_figure
from shared.text import capitalise, format_stamp

from .rivals import OURS
from .sayings import LABELS, NOTHING, beats_selling, judge, say_basis, say_few, say_taken, say_worth, warn
from .settings import ProductSettings
from .tables import Tables, selling
from .trial import Trial
from .visits import Visits


def write_first_screen(
    run: Run, settings: ProductSettings, visits: Visits, tables: Tables, trials: list[Trial]
) -> None:
    """Whom to show what, how sure that is, and when not to believe it."""
    users, items = len(visits.users), len(visits.data.items)
    drawn = f", drawn of {visits.n_before:,}" if users < visits.n_before and settings.most_users else ""
    run.report.subtitle = f"{settings.count_users(users)}{drawn}, {settings.count_items(items)}{_span(visits)}."
    found = [beats_selling(trial) for trial in trials]
    if not any(one is not False for one in found):
        run.advise_against(Claim(NOTHING))
    else:
        run.add_advice(*([say_worth(trial, tables, visits)] for trial in trials))
    for trial, beats in zip(trials, found, strict=True):
        run.add_certainty(_certainty(trial, nothing=beats is False))
        rival = selling(trial) if beats is False else trial.simple
        add_comparison(run, trial.against(rival), judge(trial, rival), f"hits ({LABELS[trial.question]})")
    if visits.period is None:
        run.add_doubt(say_basis(trials, visits, settings))
    else:
        run.add_certainty(say_basis(trials, visits, settings))
    run.add_doubt(warn(settings), *not_real(run.data is not None))
    for trial in trials:
        if (few := say_few(trial, tables, settings)) is not None and "find less" in few.text:
            run.add_doubt([few])
            break
    taken = tables.tried(trials[0].question, OURS, "taken").mean("value", decimals=2)
    after = "hidden" if visits.period is None else "taken"
    label = f"of {{shown}} shown {after}: {LABELS[trials[0].question]}"
    _add_card(run, taken, label, settings)
    _add_card(run, Evidence("users", tables.users).count(), f"{settings.who}s with lists of {{shown}}", settings)
    run.show(draw_taken(trials[0], tables, visits))


def _add_card(run: Run, number: Number, label: str, settings: ProductSettings) -> None:
    """A number on a card whose label tells the length of a list."""
    claim = Claim.of(f"{{number}}: {label}", number=number, shown=given(settings.shown))
    run.add_fact(number.text, label.format(shown=settings.shown), claim)


def _certainty(trial: Trial, *, nothing: bool) -> list[Said]:
    """The comparison with what needs no model; with what sells most where nothing was found beyond that."""
    return [judge(trial, selling(trial) if nothing else trial.simple)]


def draw_taken(trial: Trial, tables: Tables, visits: Visits) -> Figure:
    """How many of those shown were taken, by each way to choose them."""
    found = trial.scores.intervals(f"precision@{trial.shown}") * trial.shown
    rows: Any = tables.trials
    rows = rows[(rows["question"] == trial.question) & (rows["metric"] == "taken")]
    means = rows.groupby("model", sort=False)["value"].mean().sort_values(ascending=False, kind="stable")
    found = found.reindex(means.index)
    sure = bool(found[["lower", "upper"]].notna().all(axis=None))
    after = "hidden ones" if visits.period is None else f"taken in the {visits.length} after"
    return bar_figure(
        {str(name): float(value) for name, value in means.items()},
        lower=found["lower"].tolist() if sure else None,
        upper=found["upper"].tolist() if sure else None,
        highlight=[OURS],
        x_label=f"of {trial.shown} shown, {after}",
        alt=f"Bars of how many of {trial.shown} shown were taken, by each way to choose them.",
    ).tell(Claim.join(f"{capitalise(LABELS[trial.question])}: ", say_taken(trial, tables, visits)))


def _span(visits: Visits) -> str:
    times = visits.data.times
    if times is None:
        return "; no times"
    first, last = times.min(), times.max()
    if isinstance(first, pd.Timestamp):
        return f"; {format_stamp(first)} to {format_stamp(last)}"
    return f"; “{visits.settings.columns.time}” {first:g} to {last:g}"
