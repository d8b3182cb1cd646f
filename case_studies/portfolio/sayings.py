"""What the portfolio report says of its results, sentence by sentence, so that none can disagree with a table."""

from __future__ import annotations

from shared.text import count_of, join_words

from .plan import Plan
from .settings import PortfolioSettings
from .strategies import EQUAL, FORECAST, NO_VIEW, PAST
from .trial import Trial

FIGURES = ("growth", "volatility")
NAMED = 10  # orders that are named in the summary; all are in the table
AIMS = {
    "minimum variance": "the least volatility",
    "maximum Sharpe": "the highest expected return for its risk",
    "CVaR": "the least mean loss on the worst days",
}


def percent(share: float, digits: int = 1) -> str:
    """Write a share for people.

    Parameters
    ----------
    share : float
    digits : int

    >>> percent(0.1234), percent(-0.5, 0)
    ('12.3 %', '-50 %')
    """
    return f"{100 * share:.{digits}f} %"


def say_orders(plan: Plan, settings: PortfolioSettings) -> str:
    """What to buy and sell, by number and name."""
    orders = plan.orders.to_frame()["order"]
    told = []
    for word, part in (("buy", orders[orders > 0]), ("sell", -orders[orders < 0])):
        names = [f"{count:,} {name}" for name, count in part.head(NAMED).items()]
        more = [f"{count_of(len(part) - NAMED, 'other asset')} listed below"] if len(part) > NAMED else []
        told += [f"{word} {join_words([*names, *more])}"] if names else []
    what = "; ".join(told) or "there is nothing to buy or sell"
    return f"With {settings.money(settings.cash)} at hand: {what}. {settings.money(plan.orders.cash)} stay as cash."


def say_portfolio(plan: Plan, settings: PortfolioSettings) -> str:
    """What the portfolio is the best of, and how sure that is."""
    decision = plan.decision
    unit = f" {decision.unit}" if decision.unit else ""
    within = "" if plan.free is None else " within the limits"
    proof = "that is proven to be the best"
    if not decision.proven:
        proof = f"none is better by more than {100 * decision.gap:.2g} %"
    return (
        f"Of all portfolios{within}, it is the one with {AIMS[settings.strategy]} by the last {settings.window:,} rows of"
        f" prices: a {decision.goal} of {decision.objective:.3g}{unit}; {proof}."
    )


def say_limits(plan: Plan) -> str:
    """Which limits bind, and what they cost together."""
    decision, free = plan.decision, plan.free
    if free is None:
        return "No limits were set, so that all of the money may go into one asset."
    if not len(decision.binding):
        return "No limit holds it back."
    names = [str(name) for name in decision.binding["limit"].unique()]
    unit = f" {free.unit}" if free.unit else ""
    return (
        f"It is held back by {join_words([f'“{name}”' for name in names])}; without any limit its {free.goal} would be"
        f" {free.objective:.3g}{unit}."
    )


def say_past(trial: Trial) -> str:
    """How it would have done beside equal weights, and whether a difference is shown."""
    one, other = trial.chosen, EQUAL
    lead, low, high = trial.gap(one)
    shown = f"that is {'better' if lead > 0 else 'worse'}, by more than chance would do"
    growth, volatility = ({name: percent(trial.value(name, what)) for name in (one, other)} for what in FIGURES)
    return (
        f"In {count_of(trial.months, 'month')} of the past, after costs, it would have grown by {growth[one]}"
        f" {trial.backtest.word} with a volatility of {volatility[one]}; equal weights by {growth[other]} with"
        f" {volatility[other]}. Its Sharpe ratio is {trial.value(one, 'sharpe'):.2f}, theirs"
        f" {trial.value(other, 'sharpe'):.2f}; the difference lies between {low:.2f} and {high:.2f}"
        f" ({trial.backtest.level:g} %): {shown if trial.differs(one) else 'none is shown'}."
    )


def say_gaps(trial: Trial) -> str:
    """Every strategy beside equal weights."""
    names = [str(name) for name in trial.backtest.differences.index]
    gaps = {name: trial.gap(name) for name in names}
    told = [f"{name} {lead:+.2f} ({low:.2f} to {high:.2f})" for name, (lead, low, high) in gaps.items()]
    sure = [name for name in names if trial.differs(name)]
    verdict = f"{join_words(sure)} {'is' if len(sure) == 1 else 'are'}" if sure else "none is"
    return f"Sharpe ratio less that of equal weights: {'; '.join(told)}. Of these, {verdict} shown to differ."


def say_promise(trial: Trial) -> str:
    """Whether risks came out as promised."""
    off = 100 * (trial.kept - 1)
    word = "higher" if off >= 0 else "lower"
    return f"The volatility of these months came out {abs(off):.0f} % {word} than the prices before each had promised."


def say_forecast(views: Trial) -> str:
    """Whether a forecast of returns is worth anything."""
    assert views.forecast is not None  # noqa: S101  # made with every trial of views
    ratios = ", ".join(f"{name} {views.value(name, 'sharpe'):.2f}" for name in (FORECAST, PAST, NO_VIEW))
    beats_none = views.differs(FORECAST) and views.gap(FORECAST)[0] > 0
    said = {
        (True, True): "A forecast of returns is shown to help: it beats past means, and no view of returns at all",
        (True, False): "A forecast of returns beats past means, but is not shown to beat no view of returns at all",
        (False, True): "A forecast of returns beats no view of returns, but is not shown to beat past means",
        (False, False): "A forecast of returns is not shown to be worth anything",
    }[views.forecast.outcome == "better", beats_none]
    return f"{said} (Sharpe ratios in {count_of(views.months, 'month')}: {ratios})."


def warn_of_growth(own: bool, trial: Trial | None) -> str:
    """Why growth is no promise."""
    told = "Do not take growth for a promise: these firms are large ones that still exist, picked with hindsight"
    if own:
        told = "Do not take growth for a promise: assets that went under are missing where they are picked today"
    if trial is not None and (chance := trial.value(trial.chosen, "beyond luck")) < 0.95:
        told += f"; nor is luck ruled out as the reason of the Sharpe ratio (probability of more: {percent(chance, 0)})"
    return f"{told}."
