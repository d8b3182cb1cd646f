"""Is A better than B, by how much, and how sure is that? Paired over the same splits or units, and said in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from shared.errors import HexadError
from shared.evaluation.design import SplitDesign
from shared.evaluation.p_values import adjust_p_values
from shared.evaluation.sample import LEAST, Kind, Sample
from shared.evaluation.scores import Scores
from shared.reporting.claims import Claim, Number, Verdict
from shared.result import Result, Several, as_line

__all__ = ["Comparison", "Comparisons", "Outcome", "compare", "compare_units"]

Outcome = Literal["better", "worse", "undecided", "too few"]

NONE = float("nan")
MANY_TIES = 0.1  # share of units on which two did as well, from which that is told beside the wins
ALIKE = 1e-9  # share of a value by which two that are computed differ, and are the same
TENTHS = 0.95  # percent, below which tenths of a percent are written: 0.96 is 1


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """One model compared with another on the same splits or units.

    Attributes
    ----------
    model, against, metric : str
        Who is compared with whom, in what.
    improvement : float
        0.2 is 20 % better: 1 - mean of the model / mean of the other where less is better, else their ratio - 1. NaN
        where the other's mean may as well be zero; then the difference counts.
    lower, upper : float
        95 % interval of the improvement; NaN where there are too few to say.
    wins, n : int
        Splits (or units) on which the model was better, and all of them.
    p_value : float
        Two-sided, of no difference; corrected by Holm over all comparisons made together. NaN where there are too few.
    unit : str
        What a split or unit is called.
    difference, difference_lower, difference_upper : float
        Mean of the model less that of the other, in the metric's own unit, turned so that above zero is better; and its
        95 % interval.
    kind : {"splits", "folds", "units"}
        What chance is reckoned over: splits in time, splits that are not, or units within them.
    independent : float
        How many independent ones they are worth: splits that fit side by side, or clusters of one size.
    together : int
        Comparisons made together, for which the p-value is corrected.
    greater : bool
        Whether more of the metric is better.
    ties : int
        Splits (or units) on which the two did as well.

    >>> print(Comparison("A", "B", "mae", 0.2, 0.12, 0.31, 47, 52, 0.001, "weeks").explain())
    A is better than B by 12 to 31 % (MAE), on 47 of 52 weeks.
    """

    model: str
    against: str
    metric: str
    improvement: float
    lower: float
    upper: float
    wins: int
    n: int
    p_value: float
    unit: str = "splits"
    difference: float = NONE
    difference_lower: float = NONE
    difference_upper: float = NONE
    kind: Kind = "splits"
    independent: float = NONE
    together: int = 1
    greater: bool = False
    ties: int = 0

    @property
    def interval(self) -> tuple[float, float]:
        """Interval of the improvement; of the difference where there is no improvement in percent."""
        if np.isnan(self.improvement):
            return self.difference_lower, self.difference_upper
        return self.lower, self.upper

    @property
    def outcome(self) -> Outcome:
        """What can be said at 5 %: "better", "worse", "undecided"; or "too few" to say anything."""
        if np.isnan(self.p_value):
            return "too few"
        if self.p_value >= 0.05:
            return "undecided"
        return "better" if self._gain > 0 else "worse"

    @property
    def significant(self) -> bool:
        """Whether there is a difference, at 5 %."""
        return self.outcome in ("better", "worse")

    @property
    def _gain(self) -> float:
        return self.difference if np.isnan(self.improvement) else self.improvement

    @property
    def verdict(self) -> Verdict:
        """The outcome as a claim says it: "none" where no difference is shown."""
        outcome = self.outcome
        return "none" if outcome == "undecided" else outcome

    @property
    def tendency(self) -> Literal["better", "worse"] | None:
        """Where the whole interval lies, which no other comparison widens; None where it holds zero or is not known.

        >>> Comparison("A", "B", "mae", 0.2, 0.01, 0.31, 40, 52, 0.08, together=4).tendency
        'better'
        """
        low, high = self.interval
        return "better" if low > 0 else "worse" if high < 0 else None

    def explain(self) -> str:
        """Say the outcome in one sentence, and what it rests on."""
        return self.claim().text

    def claim(self, table: str = "", *, name: str = "", context: str = "", split: str = "split") -> Claim:
        """Say the outcome in one sentence whose numbers can be worked out again from the scores.

        Parameters
        ----------
        table : str
            Name under which a run keeps the scores: one row a model, split and metric.
        name : str
            What the metric is called; its own name in capitals where left out.
        context : str
            When and where this holds, such as "in trials from 12:00"; it stands behind the numbers.
        split : str
            Column of that table which names the splits.

        >>> item = Comparison("A", "B", "mae", 0.2, 0.12, 0.31, 47, 52, 0.001, "weeks")
        >>> claim = item.claim("scores", context="from 12:00")
        >>> claim.text, claim.verdict
        ('A is better than B by 12 to 31 % (MAE), on 47 of 52 weeks from 12:00.', 'better')
        """
        low, high = self.interval
        told = f" {context}" if context else ""
        alike = f" ({self.ties:,} alike)" if self._tells_ties else ""
        on = f"on {self.wins:,} of {self.n:,} {self.unit}{alike}{told}{self._share()}"
        metric = name or (self.metric.upper() if self.metric.isalnum() else self.metric.replace("_", " "))
        return Claim(
            self._say(metric, on, low, high),
            self._numbers(table, split),
            self.verdict,
            self._detail(context),
        )

    def _numbers(self, table: str, split: str) -> tuple[Number, ...]:
        """Interval and wins, with the rows of the scores that they come from."""
        if not table:
            return ()
        low, high = self.interval
        rows = {"model": self.model, "metric": self.metric}
        other = {**rows, "model": self.against}
        share = not np.isnan(self.improvement)
        wins = Number(f"{self.wins:,} of {self.n:,}", self.wins, table, "wins", "value", rows, other, split)
        if self.outcome == "too few":
            return (wins,)
        ties = Number(f"{self.ties:,}", self.ties, table, "ties", "value", rows, other, split)
        counts = (wins, ties) if self._tells_ties else (wins,)
        ends = (("lower", low), ("upper", high))
        kind = "improvement" if share else "gain"
        bounds = (
            Number(
                self._range(end, end).split(" to ")[0], end, table, f"{kind}, {which}", "value", rows, other, split,
                scale=100.0 if share else 1.0,
            )
            for which, end in ends
        )  # fmt: skip
        return (*bounds, *counts)

    @property
    def _tells_ties(self) -> bool:
        """Whether the two did as well often enough for the wins to mislead without it."""
        return self.ties >= MANY_TIES * self.n and self.wins > 0

    def _detail(self, context: str) -> dict[str, object]:
        names = "model against metric improvement lower upper difference difference_lower difference_upper"
        names += " wins ties n p_value unit together greater kind independent"
        return {**{name: getattr(self, name) for name in names.split()}, "context": context}

    def _say(self, metric: str, on: str, low: float, high: float) -> str:
        model, against = self.model, self.against
        if self.outcome == "too few":
            return self._say_too_few(metric)
        if self.outcome == "better":
            return f"{model} is better than {against} by {self._range(low, high)} ({metric}), {on}."
        if self.outcome == "worse":
            return f"{model} is worse than {against} by {self._range(-high, -low)} ({metric}); it was better {on}."
        alone = f", but not once all {self.together} comparisons are counted."
        if self.tendency == "better":
            return f"{model} seems better than {against} by {self._range(low, high)} ({metric}), {on}{alone}"
        if self.tendency == "worse":
            seems = f"{model} seems worse than {against} by {self._range(-high, -low)} ({metric})"
            return f"{seems}; it was better {on}{alone}"
        return (
            f"{model} and {against} cannot be told apart ({metric}): the improvement lies between "
            f"{self._range(low, high, ' and ')}; {model} was better {on}."
        )

    def _share(self) -> str:
        """What the splits have in common, where that is not plain."""
        if not self.independent < self.n or self.kind == "units":
            return ""
        if self.kind == "folds":
            return ", which learnt from rows they share"
        return f", which overlap and are worth {self.independent:.0f} side by side"

    def _say_too_few(self, metric: str) -> str:
        least, worth = LEAST[self.kind], f"{self.n} {self.unit}"
        if self.kind == "splits" and self.independent < self.n:
            worth += f" overlap and are worth {self.independent:.0f} side by side"
        elif self.kind == "units" and round(self.independent) < self.n:
            worth += f" of such different size are worth {self.independent:.0f}"
        else:
            worth = f"there {'is' if self.n == 1 else 'are'} {worth if self.n > 1 else f'only one of {self.unit}'}"
        gain = self._gain
        so_far = "there is no difference so far"
        if gain:
            amount = _write(abs(gain)) if np.isnan(self.improvement) else f"{_write_percent(abs(gain))} %"
            so_far = f"so far {self.model} is {amount} {'better' if gain > 0 else 'worse'}"
        return (
            f"Whether {self.model} is better than {self.against} cannot be said ({metric}): {worth}, and at least"
            f" {least} are needed; {so_far}."
        )

    def _range(self, low: float, high: float, between: str = " to ") -> str:
        if np.isnan(self.improvement):
            return f"{_write(low)}{between}{_write(high)} in its own units"
        return f"{_write_percent(low)}{between}{_write_percent(high)} %"


def _write(value: float) -> str:
    """A number in the units of the metric: whole where it is large."""
    return _sign(f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}")


def _write_percent(share: float) -> str:
    """A share in whole percent, and in tenths of one below that."""
    percent = 100 * share
    return _sign(f"{percent:.0f}" if abs(percent) >= TENTHS else f"{percent:.1f}".removesuffix(".0"))


def _sign(text: str) -> str:
    """A minus sign where there is a minus, and none before a zero."""
    if not text.startswith("-"):
        return text
    return f"{'−' if text.strip('-0.') else ''}{text[1:]}"


@dataclass(frozen=True, repr=False)
class Comparisons(Several):
    """Comparisons of one model with several others, corrected for their number.

    >>> Comparisons(()).explain()
    ''
    """

    items: tuple[Comparison, ...]

    def each(self) -> tuple[Comparison, ...]:
        """Return them one by one."""
        return self.items

    def to_frame(self) -> pd.DataFrame:
        """One row a comparison."""
        return pd.DataFrame([{**vars(item), "outcome": item.outcome} for item in self.items])

    def explain(self) -> str:
        """One sentence a comparison."""
        return " ".join(item.explain() for item in self.items)

    def __repr__(self) -> str:
        told = [f"{item.model} against {item.against}: {item.outcome}" for item in self.items]
        return as_line(type(self).__name__, *told)


def compare(
    scores: Scores,
    model: str,
    against: str | Sequence[str] | None = None,
    *,
    metric: str | None = None,
    unit: str | None = None,
) -> Comparisons:
    """Compare a model with others: paired by split where splits follow one another in time, else by unit.

    Parameters
    ----------
    scores : Scores
        From `evaluate`.
    model : str
        Who is compared.
    against : str or sequence of str, optional
        With whom; all baselines where left out.
    metric : str, optional
        The first one where left out. Its own sign says what is better.
    unit : str, optional
        What a split or unit is called, for the sentences; "splits", "folds" or "units" where left out.

    Returns
    -------
    Comparisons

    Raises
    ------
    HexadError
        The metric has a target, so that neither more nor less is better; or the models were not asked for the same.

    Notes
    -----
    Splits in time may overlap, and neighbours may be alike: see `shared.evaluation.means.mean_in_time`. All series of
    one split count as one value, because what moves one of them moves the others. Where fewer than eight splits fit
    side by side, units (users, baskets) are compared instead if they may be taken for independent, all that one of them
    did as one; else the answer is "too few". Folds of a cross-validation learn from the same rows, which widens the
    interval: see `shared.evaluation.means.mean_of_folds`.

    >>> rows = [(name, i, "mae", base + i % 3) for name, base in [("a", 1.0), ("b", 3.0)] for i in range(12)]
    >>> frame = pd.DataFrame(rows, columns=["model", "split", "metric", "value"])
    >>> print(compare(Scores(frame, frame, frame, ("b",)), "a").explain())
    a is better than b by ... to ... % (MAE), on 12 of 12 folds.
    """
    metric = metric or str(scores.scores["metric"].iloc[0])
    greater = scores.greater_is_better(metric)
    if greater is None:
        raise HexadError(f"neither more nor less of {metric} is better; compare by an error, or an interval score")
    others = [against] if isinstance(against, str) else list(against if against is not None else scores.baselines)
    items = [
        _compare_two(scores.sample((model, other), metric), model, other, metric, greater, unit) for other in others
    ]
    told = [place for place, item in enumerate(items) if not np.isnan(item.p_value)]
    adjusted = adjust_p_values([items[place].p_value for place in told])
    for place, p_value in zip(told, adjusted, strict=True):
        items[place] = replace(items[place], p_value=float(p_value), together=len(told))
    return Comparisons(tuple(items))


def compare_units(
    table: pd.DataFrame, model: str, against: str, *, metric: str, by: str, unit: str, greater: bool = False
) -> Comparison:
    """Compare two ways of deciding over units that may be taken for independent: customers, days, baskets.

    Parameters
    ----------
    table : pandas.DataFrame
        "model", the units in a column, and "value"; the units of both in one order.
    model, against : str
    metric : str
        What the values are.
    by : str
        Column of the units.
    unit : str
        What units are called, in the plural.
    greater : bool
        Whether more is better.

    Raises
    ------
    HexadError
        The units differ.

    >>> rows = [(name, day, base + day % 3) for name, base in [("a", 1.0), ("b", 3.0)] for day in range(12)]
    >>> table = pd.DataFrame(rows, columns=["model", "day", "value"])
    >>> print(compare_units(table, "a", "b", metric="hours", by="day", unit="days").explain())
    a is better than b by ... to ... % (HOURS), on 12 of 12 days.
    """
    one, other = (table[table["model"] == name] for name in (model, against))
    labels = one[by].to_numpy()
    if not np.array_equal(labels, other[by].to_numpy()):
        raise HexadError(f"{model} and {against} were not tried on the same {unit}")
    values = np.column_stack([part["value"].to_numpy(dtype=float) for part in (one, other)])
    return _compare_two(Sample(values, labels, "units", SplitDesign()), model, against, metric, greater, unit)


def _compare_two(sample: Sample, model: str, other: str, metric: str, greater: bool, unit: str | None) -> Comparison:
    """Compare the two columns of a sample; the p-value is not corrected yet."""
    sign = 1.0 if greater else -1.0
    a, b = sample.values.mean(axis=0)
    one, its = (sign * sample.by_label()).T
    improvement = NONE if b <= 0 else (float(a / b) - 1) * sign
    same = ALIKE * np.maximum(np.abs(one), np.abs(its))
    found = Comparison(
        model,
        other,
        metric,
        improvement,
        NONE,
        NONE,
        int((one - its > same).sum()),
        len(one),
        NONE,
        unit or sample.kind,
        float(sign * (a - b)),
        kind=sample.kind,
        independent=sample.independent,
        ties=int((np.abs(one - its) <= same).sum()),
        greater=greater,
    )
    if sample.too_few:
        return found
    means = sample.estimate([1.0, -1.0])
    low, high = means.interval([sign, -sign])
    ratio = means.ratio_interval() if b > 0 else (NONE, NONE)
    if sample.values.min() >= 0:  # of two means of what is never below zero
        ratio = (max(ratio[0], 0.0), max(ratio[1], 0.0)) if not np.isnan(ratio[0]) else ratio
    shares = sorted(sign * (bound - 1) for bound in ratio)
    return replace(
        found,
        improvement=NONE if np.isnan(shares[0]) else improvement,
        lower=shares[0],
        upper=shares[1],
        p_value=means.p_value([1.0, -1.0]),
        difference_lower=low,
        difference_upper=high,
    )
