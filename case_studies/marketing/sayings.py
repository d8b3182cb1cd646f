"""What the marketing report says of its results, sentence by sentence, each worked out from a table of the run."""

from __future__ import annotations

from case_studies.common.claims import claim_of
from case_studies.common.report import weave
from shared.reporting import Claim, Number, Said, given
from shared.text import format_number, join_words

from .learning import Learnt
from .plan import Plan
from .settings import MarketingSettings
from .tables import Tables
from .trial import BARE

SIMULATED = (
    "All channels, spending and sales here are simulated by the project: the figures show what the way from a table"
    " to a budget is worth, and say nothing about any real channel."
)
NOTHING = "Nothing was found beyond today's split: spend as you do now."
NAMED = 8  # channels that are named on the first screen; all are in the table
NEXT = {"next": "next", "low": "next_low", "high": "next_high"}
KNOWN, UNKNOWN = "a forecast that knows of advertising", "one that does not"


def number(value: float) -> str:
    """Write an amount or a response for people, with three digits below 1,000.

    Parameters
    ----------
    value : float

    >>> number(12345.6), number(1.23456), number(-0.0)
    ('12,346', '1.23', '0')
    """
    return format_number(value + 0.0 if value else 0.0, 3)


def _safe(name: object) -> str:
    return str(name).replace("{", "{{").replace("}", "}}")


def say_split(plan: Plan, learnt: Learnt, tables: Tables, settings: MarketingSettings) -> Claim:
    """What to spend on each channel, or that no money should be moved."""
    if not plan.go:
        what = "split" if len(plan.spend) > 1 else "amount"
        stay = (
            f". Stay with today's {what} until the table tells more: vary one channel at a time, on purpose, and run"
            " it again."
        )
        return Claim.join("Don't move money on this: ", say_against(tables), stay)
    order = tables.plan.sort_values("spend", ascending=False, kind="stable")
    parts = []
    for name, same in zip(order["channel"].head(NAMED), order["same"].head(NAMED), strict=True):
        row = tables.rows("plan", channel=name)
        if same:
            parts.append(
                Claim.of(f"{_safe(name)} {{spend}} (about as now)", spend=row.value("spend", decimals=_places(plan)))
            )
        else:
            amounts = {side: row.value(side, decimals=_places(plan)) for side in ("spend", "now")}
            parts.append(Claim.of(f"{_safe(name)} {{spend}} (now {{now}})", **amounts))
    total = tables.rows("gain").value("total", settings.currency, decimals=_places(plan))
    begin = Claim.of(f"Of {{total}} a {learnt.history.period}, spend: ", total=total)
    woven: list[Said] = [one for place, part in enumerate(parts) for one in ((", ", part) if place else (part,))]
    rest = "; the other channels are listed below" if len(order) > NAMED else ""
    short = ""
    if plan.total < plan.same.sum() * (1 - 1e-6):
        short = " Limits allow no more to be spent."
    return Claim.join(begin, *woven, f"{rest}.{short}")


def _places(plan: Plan) -> int | None:
    """Decimals of amounts: none where they are large."""
    return 0 if plan.total >= 1000 else None


def say_against(tables: Tables) -> Claim:
    """Why no money should be moved, as clauses."""
    parts: list[Said] = []
    for place in tables.against["place"]:
        clause = tables.rows("against", place=place).value("doubt")
        parts += ["; "] if parts else []
        parts.append(Claim.of("{clause}", clause=clause))
    return Claim.join(*parts)


def _level(tables: Tables) -> Number:
    """Of the intervals over draws."""
    return tables.rows("gain").value("level", "%")


def say_gain(plan: Plan, learnt: Learnt, tables: Tables) -> Claim:
    """What the split would bring, with its interval."""
    history, row = learnt.history, tables.rows("gain")
    same = abs(plan.now.sum() - plan.total) <= 1e-6 * plan.total
    against = "today's split" if same else "the same money in today's shares"
    gain, low, high = (row.value(name) for name in ("gain", "low", "high"))
    word = "would bring" if plan.go else "might bring"
    told = Claim.of(
        f"That {word} {{gain}} {_safe(history.response)} a {history.period} more than {against} ({{level}} interval:"
        " {low} to {high})",
        level=_level(tables),
        gain=gain,
        low=low,
        high=high,
    )
    if not tables.gain["share"].notna().all():
        return Claim.join(told, ".")
    return Claim.join(
        told, Claim.of(f", {{share}} of all {_safe(history.response)}.", share=row.value("share", "%", digits=2))
    )


def say_equal(plan: Plan, tables: Tables) -> Claim:
    """What equal parts would bring beside the split."""
    row = tables.rows("gain")
    names = {"mean": "over_equal", "low": "over_equal_low", "high": "over_equal_high"}
    shown = plan.gain_over_equal[1] * plan.gain_over_equal[2] > 0
    return Claim.of(
        f"Beyond equal parts, the split would bring {{mean}} ({{level}} interval: {{low}} to {{high}}"
        f"{'' if shown else ': no difference is shown'}).",
        level=_level(tables),
        **{short: row.value(name) for short, name in names.items()},
    )


def say_trial(learnt: Learnt, tables: Tables, walk: str = "own") -> Claim:
    """How well a part held out is forecast."""
    trial, history = learnt.trial, learnt.history
    if trial is None:
        return Claim.of("With {n} rows, nothing could be held out to try the curves on.", n=given(len(history.table)))
    return Claim.of(
        f"The last {{rows}} {history.period}s, each forecast from before with spending known, are missed by {{ours}}"
        f" {_safe(history.response)} on average, and without knowing of advertising by {{bare}}.",
        rows=tables.rows("trials", walk=walk).value("rows", decimals=0),
        ours=tables.error(walk).mean("value"),
        bare=tables.error(walk, BARE).mean("value"),
    )


def say_comparison(learnt: Learnt, walk: str = "own") -> Claim | None:
    """Whether knowing of advertising makes forecasts better; None where nothing was held out."""
    if learnt.trial is None:
        return None
    return claim_of(
        learnt.trial.comparison, "scores", called=(KNOWN, UNKNOWN), name="mean error", split="origin", walk=walk
    )


def say_range(tables: Tables) -> Claim | None:
    """How far the answer moves when the curves are drawn again; None where there is nothing to say."""
    plan = tables.plan
    if plan["range"].isna().all() or len(plan) < 2:
        return None
    wide = plan.sort_values("range", ascending=False, kind="stable").head(2)
    parts: list[Said] = [
        Claim.of(
            f"{_safe(name)} {{low}} to {{high}}",
            **{end: tables.rows("plan", channel=name).value(end) for end in ("low", "high")},
        )
        for name in wide["channel"]
    ]
    begin = "If the curves are drawn again from all that fit, the amounts of the split move most for "
    return Claim.join(begin, *weave(parts), ".")


def say_proof(tables: Tables) -> Claim:
    """How much better a split could be at the utmost, by the curves."""
    gap = tables.rows("gain").value("gap_told", "%", digits=1)
    return Claim.of(
        "By these curves, no split within the limits is better by more than {gap}: that is proven for the curves,"
        " which are themselves estimates.",
        gap=gap,
    )


def say_limits(plan: Plan, learnt: Learnt, tables: Tables, settings: MarketingSettings) -> Claim:
    """What keeps the split where it is, and what own limits cost."""
    kept: Said = " No channel gets more than it ever had in a period."
    if settings.most_change > 0:
        kept = Claim.of(
            " No channel gets more than it ever had in a period, nor changes by more than {share}.",
            share=given(settings.most_change, "%"),
        )
    told = Claim.join(say_proof(tables), kept)
    if plan.free is None:
        return told
    cost = Claim.of(
        f" The limits that were given cost {{cost}} {_safe(learnt.history.response)} a {learnt.history.period}.",
        cost=tables.rows("gain").value("limits_cost"),
    )
    return Claim.join(told, cost)


def say_largest_change(tables: Tables, settings: MarketingSettings) -> Claim:
    """Which channel changes most."""
    if tables.plan["same"].all():
        return Claim("Each channel stays as it is now")
    rows = tables.rows("plan")
    name = rows.label_at("max", "size", "channel")
    one = tables.rows("plan", channel=str(name.value))
    return Claim.of(
        "{name} changes most: from {now} to {spend}",
        name=name,
        now=one.value("now", settings.currency),
        spend=one.value("spend", settings.currency),
    )


def say_next(name: str, learnt: Learnt, tables: Tables) -> Claim:
    """What one unit of money more brings in a channel, at the split."""
    row = tables.rows("plan", channel=name)
    values = {short: row.value(column) for short, column in NEXT.items()}
    return Claim.of(
        f"{_safe(name)}: the next unit of money brings {{next}} {_safe(learnt.history.response)} ({{level}} interval:"
        " {low} to {high})",
        level=_level(tables),
        **values,
    )


def say_doubts(learnt: Learnt) -> list[str]:
    """What else stands against it, as sentences."""
    history = learnt.history
    if history.years >= 1:
        return []
    return [
        f"The table holds {len(history.table):,} rows, less than a year: what comes of the season cannot be told from"
        " what comes of advertising."
    ]


def say_idle(learnt: Learnt) -> str:
    """Of which channels the table shows no effect; empty where it shows one of all, or of none.

    Parameters
    ----------
    learnt : Learnt
    """
    idle = learnt.model.idle_
    if not idle or len(idle) == len(learnt.history.channels):
        return ""
    has, them, their = ("has", "it", "its") if len(idle) == 1 else ("have", "them", "their")
    return (
        f"That {join_words(idle)} {has} any effect is not shown: what came can be explained without {them}. If the"
        f" split changes {their} amounts, that is a guess: vary {them} on purpose, and run it again."
    )


def say_one_channel(learnt: Learnt, tables: Tables, walk: str = "own") -> Claim:
    """What is to be said of a single channel."""
    history, row = learnt.history, tables.rows("more", walk=walk)
    return Claim.of(
        f"One channel leaves nothing to split. Ten percent more on {_safe(history.channels[0])} than the {{now}} of now"
        f" would bring {{more}} {_safe(history.response)} a {history.period} ({{level}} interval: {{low}} to"
        " {high}).",
        level=_level(tables),
        **{name: row.value(name) for name in ("now", "more", "low", "high")},
    )


def say_truth(learnt: Learnt, tables: Tables) -> Claim:
    """What the split really brings, by the simulator."""
    history, row, gain = learnt.history, tables.rows("truth"), tables.rows("gain")
    inside = "inside" if bool(tables.truth["inside"].iloc[0]) else "outside"
    return Claim.of(
        f"By the simulator's truth, the split really brings {{came}} {_safe(history.response)} a {history.period}"
        f" beyond today's, where {{gain}} were promised ({inside} the interval of {{low}} to {{high}}).",
        came=row.value("came"),
        **{name: gain.value(name) for name in ("gain", "low", "high")},
    )


def say_possible(tables: Tables) -> Claim:
    """What more was possible, by the simulator."""
    row = tables.rows("truth")
    return Claim.of(
        "That is {equal} beyond what equal parts bring; one who knows the curves could gain {possible}.",
        equal=row.value("over_equal"),
        possible=row.value("possible"),
    )


def say_firms(tables: Tables) -> Claim:
    """What came true of the promises to further simulated firms."""
    rows, moved = tables.rows("firms"), tables.rows("firms", moved=True)
    told: list[Said] = [
        Claim.of(
            "Of {all}, money was moved for {moved}, and {gained} of them really gained",
            all=rows.count("further simulated firm"),
            moved=moved.count(),
            gained=tables.rows("firms", gained=True).count(),
        )
    ]
    if tables.firms["moved"].any():
        told.append(
            Claim.of(
                ": {came} on average, where {promised} were promised and {possible} possible",
                **{name: moved.mean(name) for name in ("came", "promised", "possible")},
            )
        )
    inside = tables.rows("firms", inside=True).count()
    told.append(Claim.of(". The truth lay inside the {level} interval for {n}.", n=inside, level=_level(tables)))
    return Claim.join(*told)
