"""What a backtest says: growth, risk, cost of trading, how sure Sharpe ratios are, and how lucky the best may be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from domains.optimization.portfolio.base import yearly
from domains.optimization.portfolio.returns import find_periods_per_year
from domains.optimization.portfolio.tails import compute_cvar
from shared.checks import check_level, is_whole
from shared.data import columns as names
from shared.errors import HexadError, SettingsError
from shared.evaluation import Scores
from shared.evaluation.resampling import draw_blocks
from shared.result import Result
from shared.typing import Floats

if TYPE_CHECKING:
    from shared.reporting import Figure

__all__ = ["Backtest", "deflate_sharpe", "summarise_backtest"]

STILL = 1e-12  # a standard deviation below, relative to the returns, is that of rounding
EULER = 0.5772156649015329


def deflate_sharpe(returns: ArrayLike, n_tried: int, spread: float) -> float:
    """Probability that a Sharpe ratio is above what the best of several worthless strategies would show by luck.

    Parameters
    ----------
    returns : array of shape (n_periods,)
        Excess returns of the strategy.
    n_tried : int
        Strategies tried, all variants counted.
    spread : float
        Standard deviation of the Sharpe ratios (a period) of those tried.

    Returns
    -------
    float
        Below 0.95, luck is not ruled out.

    Notes
    -----
    The deflated Sharpe ratio (Bailey and Lopez de Prado, Journal of Portfolio Management 40, 2014), which allows for
    skewed returns with fat tails.

    >>> deflate_sharpe(np.tile([0.02, -0.01], 500), 1, 0.0) > 0.99
    True
    """
    from scipy import stats

    values = np.asarray(returns, dtype=float)
    n = len(values)
    size = float(values.std())
    if not is_whole(n_tried) or n < 3 or size <= STILL * np.abs(values).max():
        raise SettingsError(f"n_tried={n_tried!r} with {n} returns of spread {size:.3g}: nothing to say")
    ratio = float(values.mean()) / size
    centred = (values - values.mean()) / size
    skew, kurtosis = float((centred**3).mean()), float((centred**4).mean())
    luck = 0.0
    if n_tried > 1:
        first, second = stats.norm.ppf(1 - 1 / n_tried), stats.norm.ppf(1 - 1 / (n_tried * math.e))
        luck = spread * float((1 - EULER) * first + EULER * second)
    error = np.sqrt(max(1e-12, 1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2) / (n - 1))
    return float(stats.norm.cdf((ratio - luck) / error))


@dataclass(frozen=True, repr=False)
class Backtest(Result):
    """Strategies after costs.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a strategy: "growth", "volatility", "sharpe" with its interval "low" to "high", "beyond luck" (deflated),
        "drawdown", "cvar", "turnover" and "cost"; all but drawdown and CVaR are a year's, as shares.
    wealth : pandas.DataFrame
        What 1 became, a column a strategy.
    baseline : str
        Against whose Sharpe ratio the others are set.
    differences : pandas.DataFrame
        Sharpe ratio less the baseline's, with its interval.
    n_tried : int
    word : str
        "a year", or "a period" where dates do not tell.

    >>> empty = pd.DataFrame()
    >>> Backtest(empty, empty, "1/N", empty, 1).n_tried
    1
    """

    table: pd.DataFrame
    wealth: pd.DataFrame
    baseline: str
    differences: pd.DataFrame
    n_tried: int
    word: str = "a year"
    level: float = 95.0

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table

    def explain(self) -> str:
        """Say which did best, and whether that is more than luck."""
        best = str(self.table["sharpe"].idxmax())
        one = self.table.loc[best]
        told = [
            f"After costs, {best} has the highest Sharpe ratio, {one['sharpe']:.2f} {self.word} ({self.level:g} %:"
            f" {one['low']:.2f} to {one['high']:.2f})."
        ]
        if best != self.baseline and best in self.differences.index:
            gap = self.differences.loc[best]
            sure = gap["low"] > 0
            told.append(
                f"That is {gap['difference']:.2f} above {self.baseline} ({gap['low']:.2f} to {gap['high']:.2f})"
                + (": more than chance would do." if sure else ": no difference is shown.")
            )
        luck = one["beyond luck"]
        chance = f"{100 * luck:.0f} %" if luck <= 0.99 else "more than 99 %"
        told.append(
            f"Of {self.n_tried} tried, the best would look good by luck alone; that it is better than that has a"
            f" probability of {chance}{'' if luck >= 0.95 else ', which does not rule luck out'}."
        )
        return " ".join(told)

    def plot(self) -> Figure:
        """Draw what 1 became."""
        from shared.reporting.charts import line_figure

        step = max(1, len(self.wealth) // 600)
        part = self.wealth.iloc[::step]
        lines: dict[str, tuple[Any, Any]] = {
            str(name): (part.index.to_numpy(), part[name].to_numpy()) for name in part.columns
        }
        return line_figure(
            lines,
            x_label="",
            y_label="what 1 became",
            alt="Lines: what one unit of money became under each strategy, after costs.",
            caption="What 1 became, after costs.",
        )


def summarise_backtest(
    scores: Scores,
    *,
    risk_free: float = 0.0,
    n_tried: int | None = None,
    level: float = 95.0,
    block: float | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> Backtest:
    """Summarise what `evaluate` found for allocators.

    Parameters
    ----------
    scores : Scores
        Of an `InvestmentTask`.
    risk_free : float
        A period.
    n_tried : int, optional
        All strategies and variants that were ever tried, also those not shown; those shown where left out.
    level : float
        Of the intervals, in percent.
    block : float, optional
        Mean length of resampled blocks in periods; a month's worth, or the cube root of the number of periods if that
        is more.
    draws, seed : int

    Raises
    ------
    HexadError
        The scores are of another task.

    >>> from domains.optimization import EqualWeight, MinimumVariance
    >>> from shared.data import WalkForward
    >>> from shared.evaluation import evaluate
    >>> dates = pd.date_range("2020-01-01", periods=120, freq="B")
    >>> random = np.random.default_rng(0)
    >>> returns = pd.DataFrame(random.normal(0.001, 0.01, (120, 3)), index=dates, columns=list("abc"))
    >>> walk = WalkForward(20, every=20, n_splits=3)
    >>> scores = evaluate({"calm": MinimumVariance()}, returns, walk, ["log_growth"], baselines={"1/N": EqualWeight()})
    >>> list(summarise_backtest(scores, draws=20).table.index)
    ['1/N', 'calm']
    """
    check_level(level)
    predictions = scores.predictions
    if not {"return", "turnover"} <= set(predictions.columns):
        raise HexadError("these scores are not of an InvestmentTask: predictions have no returns and turnover")
    twice = predictions.duplicated([names.DS, names.MODEL])
    if twice.any():
        raise HexadError(
            f"{int(twice.sum()):,} returns are of a period that another split tests, too; let splits follow one"
            " another, as WalkForward does where every= is not shorter than the horizon"
        )
    wide = predictions.pivot(index=names.DS, columns=names.MODEL, values="return")
    order = [name for name in scores.models if name in wide.columns]
    wide = wide[order]
    turnover = predictions.groupby(names.MODEL)["turnover"].sum()
    gross = predictions.pivot(index=names.DS, columns=names.MODEL, values="gross")[order]
    periods, word = yearly(find_periods_per_year(wide.index))
    values = wide.to_numpy(dtype=float)
    n, k = values.shape
    if n_tried is None:
        n_tried = k
    if not is_whole(n_tried, least=k):
        raise SettingsError(f"n_tried={n_tried!r}: {k} are shown, so that at least as many were tried")
    length = block or max(periods / 12, n ** (1 / 3), 1.0)
    excess = values - risk_free
    draws_of = np.array([_sharpe(excess[rows]) for rows in draw_blocks(n, length=length, draws=draws, seed=seed)])
    ratios = _sharpe(excess)
    tail = (100 - level) / 2
    low, high = np.percentile(draws_of, [tail, 100 - tail], axis=0) * np.sqrt(periods)
    years = n / periods
    spread = float(ratios.std(ddof=1)) if k > 1 else 0.0
    wealth = np.cumprod(1 + values, axis=0)
    rows = []
    for place, name in enumerate(order):
        path = np.concatenate([[1.0], wealth[:, place]])
        rows.append(
            {
                "growth": wealth[-1, place] ** (1 / years) - 1,
                "volatility": values[:, place].std(ddof=1) * np.sqrt(periods),
                "sharpe": ratios[place] * np.sqrt(periods),
                "low": low[place],
                "high": high[place],
                "beyond luck": (
                    deflate_sharpe(excess[:, place], int(n_tried), spread) if ratios[place] != 0 else np.nan
                ),
                "drawdown": float((1 - path / np.maximum.accumulate(path)).max()),
                "cvar": compute_cvar(values[:, place], 95.0),
                "turnover": float(turnover[name]) / years,
                "cost": _yearly_cost(gross[name].to_numpy(dtype=float), values[:, place], years),
            }
        )
    table = pd.DataFrame(rows, index=pd.Index(order, name="strategy"))
    baseline = scores.baselines[0]
    at = order.index(baseline)
    gaps = (draws_of - draws_of[:, [at]]) * np.sqrt(periods)
    differences = pd.DataFrame(
        {
            "difference": (ratios - ratios[at]) * np.sqrt(periods),
            "low": np.percentile(gaps, tail, axis=0),
            "high": np.percentile(gaps, 100 - tail, axis=0),
        },
        index=table.index,
    ).drop(index=baseline)
    return Backtest(
        table, pd.DataFrame(wealth, index=wide.index, columns=order), baseline, differences, int(n_tried), word, level
    )


def _sharpe(excess: Floats) -> Floats:
    """Mean over standard deviation of each column, a period."""
    size = excess.std(axis=0, ddof=1)
    moves = size > STILL * np.abs(excess).max(axis=0)
    return np.asarray(np.divide(excess.mean(axis=0), size, out=np.zeros(excess.shape[1]), where=moves))


def _yearly_cost(gross: Floats, net: Floats, years: float) -> float:
    return float((np.log1p(gross).sum() - np.log1p(net).sum()) / years)
