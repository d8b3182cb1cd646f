"""What the portfolio report says of its results, sentence by sentence, each worked out from a table of the run."""

from __future__ import annotations

from case_studies.common.claims import claim_of
from case_studies.common.report import weave
from shared.reporting import Claim, Evidence, Said, given
from shared.reporting.claims import Verdict
from shared.text import join_words

from .plan import Plan
from .settings import PortfolioSettings
from .strategies import EQUAL, FORECAST, NO_VIEW, PAST
from .tables import Tables
from .trial import SWINGS, Trial

NAMED = 10  # orders that are named on the first screen; all are in the table
SURE = 0.95  # probability below which luck is not ruled out
MINE, EQUALLY = "this way of choosing", "equal weights"
AIMS = {
    "minimum variance": "the least volatility",
    "maximum Sharpe": "the highest expected return for its risk",
    "CVaR": "the least mean loss on the worst days",
}


def name_of(strategy: str) -> str:
    """What a strategy is called in sentences.

    >>> name_of("1/N"), name_of("CVaR")
    ('equal weights', '“CVaR”')
    """
    return EQUALLY if strategy == EQUAL else f"“{strategy}”"


def say_orders(tables: Tables, settings: PortfolioSettings) -> Claim:
    """What to buy and sell, by number and name, the largest amounts first."""
    told: list[Said] = []
    for side in ("buy", "sell"):
        part = tables.orders[tables.orders["side"] == side]
        size = (part["order"] * part["price"]).abs().sort_values(ascending=False, kind="stable")
        names = [str(name) for name in part["asset"].reindex(size.index)]
        parts = [
            Claim.of(f"{{n}} {_safe(name)}", n=tables.ordered(asset=name).value(side, decimals=0))
            for name in names[:NAMED]
        ]
        if len(names) > NAMED:
            parts.append(Claim.of("the others of all {n} listed below", n=tables.ordered(side=side).count("asset")))
        if parts:
            told += [f"{'; ' if told else ''}{side} ", *weave(parts)]
    cash = tables.planned().value("cash", settings.currency, decimals=0)
    at_hand = Claim.of("With {cash} at hand: ", cash=given(settings.cash, settings.currency, decimals=0))
    left = Claim.of(". {cash} stay as cash.", cash=cash)
    return Claim.join(at_hand, *(told or ["there is nothing to buy or sell"]), left)


def _safe(name: str) -> str:
    return name.replace("{", "{{").replace("}", "}}")


def say_portfolio(plan: Plan, tables: Tables, settings: PortfolioSettings) -> Claim:
    """What the portfolio is the best of, and how sure that is."""
    within = "" if plan.free is None else " within the limits"
    rows = tables.planned()
    value = rows.value("objective", plan.decision.unit)
    told = (
        f"Of all portfolios{within}, this is the one with {AIMS[settings.strategy]} by the last"
        f" {{window}} prices: a {plan.decision.goal} of {{value}}"
    )
    window = given(settings.window, decimals=0)
    if plan.decision.proven:
        return Claim.of(
            f"{told}. That is proven for those prices, and open for what comes.", value=value, window=window
        )
    gap = rows.value("gap", "%", digits=2)
    return Claim.of(f"{told}; none is better by more than {{gap}}.", value=value, window=window, gap=gap)


def say_limits(plan: Plan, tables: Tables) -> Said:
    """Which limits bind, and what they cost together."""
    if plan.free is None:
        return "No limits were set, so that all of the money may go into one asset."
    if not len(plan.decision.binding):
        return "No limit holds it back."
    names = join_words([f"“{_safe(str(name))}”" for name in plan.decision.binding["limit"].unique()])
    return Claim.of(
        f"It is held back by {names}; without any limit its {plan.free.goal} would be {{free}}.",
        free=tables.planned().value("objective_without_limits", plan.free.unit),
    )


def say_passed(tables: Tables) -> Claim:
    """Which limits the orders pass, because lots are whole."""
    parts = [
        Claim.of(
            f"“{_safe(name)}” by {{amount}}",
            amount=Evidence("passed", tables.passed, {"limit": name}).value("amount", "%", decimals=2),
        )
        for name in tables.passed["limit"]
    ]
    return Claim.join("Whole lots cannot keep all limits: they break ", *weave(parts), ".")


def say_largest(tables: Tables) -> Claim:
    """Where the largest part of the money goes."""
    rows = tables.ordered()
    return Claim.of(
        "The largest part goes into {name}: {share}",
        name=rows.label_at("max", "weight", "asset"),
        share=rows.max("weight", "%", decimals=1),
    )


def say_calm(trial: Trial) -> Claim:
    """Whether it fluctuated less than equal weights, month by month."""
    assert trial.calm is not None  # noqa: S101  # made with every trial of strategies
    return claim_of(
        trial.calm,
        "scores",
        called=(MINE, EQUALLY),
        name="fluctuation within a month",
        split="origin",
        walk="strategies",
        metric=SWINGS,
    )


def say_gap(trial: Trial, tables: Tables, walk: str, name: str) -> Claim:
    """The Sharpe ratio of a strategy beside the baseline's, and whether a difference is shown."""
    verdict: Verdict = "none"
    if trial.differs(name):
        verdict = "better" if trial.gap(name)[0] > 0 else "worse"
    shown = {"none": "none is shown", "better": "that is better", "worse": "that is worse"}[verdict]
    rows, base = tables.walked(walk, name), trial.backtest.baseline
    mine = "it" if name == trial.chosen and walk == "strategies" else name_of(name)
    return Claim.of(
        f"For its risk (Sharpe ratio), {_safe(mine)} earned {{mine}}, {name_of(base)} {{its}}; the"
        f" difference lies between {{low}} and {{high}} ({{level}}): {shown}.",
        verdict,
        level=rows.value("level", "%"),
        mine=rows.value("sharpe", decimals=2),
        its=tables.walked(walk, base).value("sharpe", decimals=2),
        low=rows.value("gap_low", decimals=2),
        high=rows.value("gap_high", decimals=2),
    )


def say_growth(trial: Trial, tables: Tables) -> Claim:
    """How it would have grown, beside equal weights."""
    parts = []
    for name in (trial.chosen, EQUAL):
        rows = tables.walked("strategies", name)
        parts.append(
            Claim.of(
                f"{{growth}} {trial.backtest.word} with a volatility of {{volatility}}",
                growth=rows.value("growth", "%", decimals=1),
                volatility=rows.value("volatility", "%", decimals=1),
            )
        )
    months = tables.walked("strategies", EQUAL).value("months", decimals=0)
    begin = Claim.of("In {months} months of the past, after costs, it would have grown by ", months=months)
    return Claim.join(begin, parts[0], "; equal weights by ", parts[1], ".")


def say_promise(trial: Trial, tables: Tables) -> Claim:
    """Whether risks came out as promised."""
    kept = tables.walked("strategies", trial.chosen).value("times_promised", decimals=2)
    return Claim.of("Its volatility came out {kept} times what prices before each month had promised.", kept=kept)


def say_luck(trial: Trial, tables: Tables) -> Claim | None:
    """That luck is not ruled out, where it is not."""
    if not trial.value(trial.chosen, "beyond luck") < SURE:
        return None
    chance = tables.walked("strategies", trial.chosen).value("beyond_luck", "%", decimals=0)
    return Claim.of("Luck is not ruled out: what it earned is more than luck with a chance of {chance}.", chance=chance)


def say_highest(trial: Trial, tables: Tables) -> Claim:
    """Which strategy had the highest Sharpe ratio."""
    rows = Evidence("strategies", tables.strategies, {"walk": "strategies"})
    return Claim.of(
        "After costs, “{name}” has the highest Sharpe ratio, {ratio}; {n} were tried, and of that many one"
        " looks good by luck alone.",
        name=rows.label_at("max", "sharpe", "strategy"),
        ratio=rows.max("sharpe", decimals=2),
        n=tables.walked("strategies", trial.chosen).value("tried", decimals=0),
    )


def say_forecast(views: Trial, tables: Tables) -> Claim:
    """Whether a forecast of returns is worth anything."""
    assert views.forecast is not None  # noqa: S101  # made with every trial of views
    beats_none = views.differs(FORECAST) and views.gap(FORECAST)[0] > 0
    said = {
        (True, True): "A forecast of returns is shown to help: it beats past means, and no view of returns at all",
        (True, False): "A forecast of returns beats past means, but is not shown to beat no view of returns at all",
        (False, True): "A forecast of returns beats no view of returns, but is not shown to beat past means",
        (False, False): "A forecast of returns is not shown to be worth anything",
    }[views.forecast.outcome == "better", beats_none]
    ratios = [tables.walked("views", name).value("sharpe", decimals=2) for name in (FORECAST, PAST, NO_VIEW)]
    rows = tables.walked("views", FORECAST)
    # What beats one of both and not the other is told in words alone.
    mixed: Verdict = "none" if not beats_none else ""
    return Claim.of(
        f"{said} (Sharpe ratios: {{one}} with a forecast, {{two}} with past means, {{three}} without either; the"
        " difference of the first and the last lies between {low} and {high}).",
        "better" if views.forecast.outcome == "better" and beats_none else mixed,
        low=rows.value("gap_low", decimals=2),
        high=rows.value("gap_high", decimals=2),
        **dict(zip(("one", "two", "three"), ratios, strict=True)),
    )


def found_nothing(trial: Trial | None) -> bool:
    """Whether the past shows nothing that equal weights do not have: neither calmer, nor more for its risk."""
    if trial is None or trial.calm is None:
        return False
    calmer, earned = trial.calm.verdict, trial.differs(trial.chosen) and trial.gap(trial.chosen)[0] > 0
    return calmer in ("none", "worse") and not earned
