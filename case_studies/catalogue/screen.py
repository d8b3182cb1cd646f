"""The first screen of the catalogue report: whether to use the lists, how sure that is, when not to believe it."""

from __future__ import annotations

from collections.abc import Iterator

from case_studies.common.report import add_comparison, too_few
from shared.reporting import Claim, Evidence, Figure, Run, Said
from shared.reporting.charts import bar_figure
from shared.text import count_of, join_words

from .alike import Alike
from .check import BY_CHANCE, LEVEL, Trial
from .items import Items
from .sayings import NOTHING, say_alone, say_check, say_doubt, say_simple, say_thirds
from .settings import CatalogueSettings
from .tables import Tables

MANY_TWINS = 0.01  # pairs per item, from which they flatter the check
FEW = 200  # items judged: a share of 50 % is then known to 7 points


def write_first_screen(
    run: Run, settings: CatalogueSettings, items: Items, tables: Tables, trial: Trial | None, alike: Alike
) -> None:
    """Whether to use the lists, how sure that is, and when not to believe them."""
    compared = join_words([f"“{name}”" for name in (*items.text, *items.compared)])
    run.report.subtitle = f"{count_of(len(items.table), 'item')}, compared by {compared}."
    if trial is not None and not tables.beats_chance:
        run.advise_against(Claim(NOTHING))
    elif trial is None:
        run.add_advice("Look at the lists before you use them: whether they are right was not judged.")
    else:
        lists = (
            f"Show the {settings.neighbours} items of each list as “more like this”: neighbours.parquet holds them all."
        )
        run.add_advice(lists, [say_alone(tables, settings)])
    run.add_certainty([say_check(trial, tables, items, settings)], say_simple(trial, tables))
    if trial is not None and tables.beats_chance and (thirds := say_thirds(trial, tables)) is not None:
        run.add_certainty([thirds])
    run.add_doubt(*_list_doubts(trial, items, alike))
    if trial is not None:
        share = tables.by(trial.used).mean("value", "%", decimals=0)
        run.add_fact(share, f"of the neighbours share “{items.check}”")
        for item in tables.pairs[:2]:
            add_comparison(run, item, tables.judge(item.against), "right neighbours")
        run.show(draw_shares(trial, tables, items))
    run.add_fact(Evidence("nearest", tables.nearest, {"alone": True}).count(), "items that nothing is like")
    if trial is None:
        run.add_fact(Evidence("twins", alike.twins).count(), "pairs that seem the same item twice")


def _list_doubts(trial: Trial | None, items: Items, alike: Alike) -> Iterator[Said | list[Said]]:
    """Reasons not to believe the lists, those that weigh most first."""
    if (flattered := say_flattered(trial, items, alike)) is not None:
        yield [flattered]
    if trial is not None:
        yield from too_few(trial.n_judged, FEW, "items were judged")
    yield say_doubt()


def say_flattered(trial: Trial | None, items: Items, alike: Alike) -> Claim | None:
    """That doubles make the check look well; None where there are few."""
    if trial is None or len(alike.twins) < MANY_TWINS * len(items.table):
        return None
    return Claim.of(
        "{n} seem the same item twice: such neighbours are right by themselves, so that the share of right ones is too"
        " high. Leave the doubles out and run it again.",
        n=Evidence("twins", alike.twins).count("pair"),
    )


def draw_shares(trial: Trial, tables: Tables, items: Items) -> Figure:
    """The share of right neighbours by each way to find them, and by chance."""
    table = trial.table.sort_values("share", ascending=False, kind="stable")
    bars = {str(way): 100 * float(share) for way, share in table["share"].items()} | {BY_CHANCE: 100 * trial.chance}
    title = Claim.of(
        f"{{share}} of the neighbours share “{items.check}”, by chance {{chance}}",
        share=tables.by(trial.used).mean("value", "%", decimals=0),
        chance=tables.by(BY_CHANCE).mean("value", "%", decimals=0),
    )
    return bar_figure(
        bars,
        lower=[*(100 * table["low"]), 100 * trial.chance],
        upper=[*(100 * table["high"]), 100 * trial.chance],
        highlight=[trial.used],
        x_label="right neighbours, %",
        alt="Bars of the share of right neighbours, by each way to find them.",
        caption=f"With {LEVEL} % intervals over items; the lists go by the coloured way.",
    ).tell(title)
