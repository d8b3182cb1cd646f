"""What the marketing report says of its results, sentence by sentence, so that none can disagree with a table."""

from __future__ import annotations

import pandas as pd

from shared.text import count_of, format_number, join_words

from .firms import Truth
from .learning import Learnt
from .plan import LEVEL, Plan
from .settings import MarketingSettings
from .trial import BARE, CURVES

SIMULATED = (
    "All channels, spending and sales here are simulated by the project: the figures show what the way from a table to a"
    " budget is worth, and say nothing about any real channel."
)
CLOSE = 5e-3  # of the total, below which a channel counts as unchanged


def number(value: float) -> str:
    """Write an amount or a response for people, with three digits below 1,000.

    Parameters
    ----------
    value : float

    >>> number(12345.6), number(1.23456), number(-0.0)
    ('12,346', '1.23', '0')
    """
    return format_number(value + 0.0 if value else 0.0, 3)


def say_split(plan: Plan, learnt: Learnt, settings: MarketingSettings) -> str:
    """What to spend on each channel, or that no money should be moved."""
    period = learnt.history.period
    if not plan.go:
        what = "split" if len(plan.spend) > 1 else "amount"
        return (
            f"Don't move money on this: {'; '.join(plan.doubts)}. Stay with today's {what} until the table tells more:"
            " vary one channel at a time, on purpose, and run it again."
        )
    spend = plan.spend.sort_values(ascending=False, kind="stable")
    told = []
    for name, amount in spend.items():
        now = float(plan.now[str(name)])
        same = abs(amount - now) <= CLOSE * plan.total
        told.append(f"{name} {number(amount)} ({'as now' if same else f'now {number(now)}'})")
    short = ""
    if plan.total < plan.same.sum() * (1 - 1e-6):
        short = f" Limits allow no more than {settings.money(plan.total)} to be spent."
    return f"Of {settings.money(plan.total)} a {period}, spend: {', '.join(told)}.{short}"


def say_gain(plan: Plan, learnt: Learnt) -> str:
    """What the split would bring, with its interval."""
    history = learnt.history
    mean, low, high = plan.gain
    usual = float(history.table[history.response].tail(52).mean())
    share = f", {100 * mean / usual:.1f} % of all {history.response}" if usual > 0 else ""
    same = abs(plan.now.sum() - plan.total) <= 1e-6 * plan.total
    against = "today's split" if same else "the same money in today's shares"
    other, other_low, other_high = plan.gain_over_equal
    side = "less" if other >= 0 else "more"
    ends = sorted((abs(other_low), abs(other_high))) if other_low * other_high > 0 else None
    sure = f"{number(ends[0])} to {number(ends[1])}" if ends else "which may be chance"
    equal = f"Equal parts of it would bring {number(abs(other))} {side} than that ({sure})"
    word = "would bring" if plan.go else "might bring"
    return (
        f"That {word} {number(mean)} {history.response} a {history.period} more than {against} ({LEVEL} %: {number(low)} to"
        f" {number(high)}){share}. {equal}."
    )


def say_trial(learnt: Learnt) -> str:
    """How well a part held out is forecast."""
    trial, history = learnt.trial, learnt.history
    if trial is None:
        return f"With {len(history.table):,} rows, nothing could be held out to try the curves on."
    bare, curves = trial.error(BARE), trial.error(CURVES)
    less = 100 * (1 - curves / bare) if bare > 0 else 0.0
    word = "less" if less >= 0 else "more"
    shown = {
        "better": "chance alone would not do that",
        "worse": "chance alone would not do that",
        "undecided": "that may be chance",
        "too few": "too few pieces to rule out chance",
    }[trial.comparison.outcome]
    return (
        f"The last {count_of(trial.rows, history.period)}, each forecast from before with spending known, are missed by"
        f" {number(curves)} {history.response} on average, {abs(less):.0f} % {word} than without knowing of advertising"
        f" ({shown})."
    )


def say_range(plan: Plan) -> str:
    """How far the answer moves when the curves are drawn again."""
    values = plan.decision.values
    if "low" not in values or len(values) < 2:
        return ""
    wide = (values["high"] - values["low"]).sort_values(ascending=False, kind="stable")
    names = [str(name) for name in wide.index[:2] if wide[name] > CLOSE * plan.total]
    if not names:
        return "If the curves are drawn again from all that fit, the best split stays nearly the same."
    told = [f"{name} {number(values['low'][name])} to {number(values['high'][name])}" for name in names]
    return f"If the curves are drawn again from all that fit, the best amounts move most for {join_words(told)}."


def say_limits(plan: Plan, learnt: Learnt, settings: MarketingSettings) -> str:
    """What keeps the split where it is, and what own limits cost."""
    proof = "By these curves, no split within the limits is better: that is proven"
    if not plan.decision.proven:
        proof = f"By these curves, no split within the limits is better by more than {100 * plan.decision.gap:.2g} %"
    kept = "No channel gets more than it ever had in a period" + (
        f", nor changes by more than {100 * settings.most_change:g} %" if settings.most_change > 0 else ""
    )
    if plan.free is None:
        return f"{proof}. {kept}."
    cost = max(0.0, plan.free.objective - plan.decision.objective)
    history = learnt.history
    if cost <= 1e-4 * abs(plan.gain[0]):
        return f"{proof}. {kept}. The limits that were given cost nothing."
    return f"{proof}. {kept}. The limits that were given cost {number(cost)} {history.response} a {history.period}."


def say_what_is_known(learnt: Learnt) -> str:
    """Whether the data tell the curve, in plain words."""
    model, name = learnt.model, learnt.history.response
    effect = {channel for channel in learnt.history.channels if channel not in model.idle_}
    told = []
    if model.idle_:
        told.append(f"no effect on {name} is shown of {join_words(model.idle_)}")
    best = min(model.criteria_.values())
    if effect and model.criteria_["linear"] - best < 2:
        told.append("a straight line fits as well as a curve: where more money stops paying is not known")
    elif effect:
        told.append("that returns fall as spending grows is shown")
    return "; ".join(told)


def say_doubts(learnt: Learnt) -> list[str]:
    """What else stands against it, as sentences."""
    found = []
    history = learnt.history
    if history.years < 1:
        found.append(
            f"The table holds {len(history.table):,} rows, less than a year: what comes of the season cannot be told from"
            " what comes of advertising."
        )
    return found


def say_one_channel(learnt: Learnt, settings: MarketingSettings) -> str:
    """What is to be said of a single channel."""
    history, model = learnt.history, learnt.model
    now = history.now(settings.recent).to_numpy()
    more = [float((one.value(1.1 * now) - one.value(now)).sum()) for one in model.steady_draws_]
    low, high = pd.Series(more).quantile([0.05, 0.95])
    return (
        f"One channel leaves nothing to split. Ten percent more on {history.channels[0]} than the"
        f" {number(float(now[0]))} of now would bring {number(sum(more) / len(more))} {history.response} a"
        f" {history.period} ({LEVEL} %: {number(low)} to {number(high)})."
    )


def say_truth(truth: Truth, learnt: Learnt, plan: Plan) -> str:
    """What the split really brings, by the simulator."""
    history = learnt.history
    mean, low, high = plan.gain
    came = truth.split - truth.now
    inside = "inside" if low <= came <= high else "outside"
    word = "more" if came >= 0 else "less"
    other = truth.split - truth.equal
    return (
        f"By the simulator's truth, the split really brings {number(abs(came))} {history.response} a {history.period} {word}"
        f" than today's, where {number(mean)} were promised ({inside} the interval of {number(low)} to {number(high)}), and"
        f" {number(other)} more than equal parts; one who knows the curves could gain {number(truth.best - truth.now)}."
    )


def say_firms(firms: pd.DataFrame) -> str:
    """What came true of the promises to further simulated firms."""
    inside = int(((firms["low"] <= firms["came"]) & (firms["came"] <= firms["high"])).sum())
    moved = firms[firms["moved"] > 0]
    better = int((moved["came"] > 0).sum())
    told = (
        f"Of {count_of(len(firms), 'further simulated firm')}, money was moved for {len(moved):,}, and {better:,} of them"
        " really gained"
    )
    if len(moved):
        told += (
            f": {number(moved['came'].mean())} on average, where {number(moved['promised'].mean())} were promised and"
        )
        told += f" {number(moved['possible'].mean())} possible"
    return f"{told}. The truth lay inside the {LEVEL} % interval for {inside:,} of {len(firms):,}."
