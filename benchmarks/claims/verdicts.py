"""What is said of a comparison, held against the pairs of rows that it rests on: sign, interval, wins and verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.claims import chance
from benchmarks.claims.numbers import NoTableError, Tables, pair_rows, says_value, select
from benchmarks.claims.page import plain

__all__ = [
    "BAND",
    "ENDS",
    "Again",
    "check_comparison",
    "compare_again",
    "compare_rows",
    "is_comparison",
    "numbers_of",
    "says_one_of",
    "verdicts_of",
]

# An end of an interval may differ by this share of its width: two ways to compute the same differ in the last digits.
ENDS = 0.005
# Within this distance of 5 %, the verdict may go either way.
BAND = 0.002
MORE_IS_BETTER = re.compile(r"hit|ndcg|precision|recall|auc|coverage|diversity|share|sharpe|r2|accuracy|lift|return")
LESS_IS_BETTER = re.compile(r"mae|mase|mse|mape|error|interval.?score|pinball|loss|brier|crps|regret|cost|distance")
WORDS = {
    "better": (" better than ", " worse than "),
    "worse": (" worse than ", " better than "),
    "none": ("", ""),
    "too few": (" cannot be said", ""),
}


@dataclass(frozen=True)
class Again:
    """A comparison computed again.

    Attributes
    ----------
    gain : float
        Share by which the model is better; the difference of the means, turned so that above zero is better, where
        there is no share.
    lower, upper : float
        95 % interval of it; NaN where there are too few pairs.
    wins, ties, n : int
    p_value : float
        Of this comparison alone.
    worth : float
        Independent pairs that they are worth.
    """

    gain: float
    lower: float
    upper: float
    wins: int
    ties: int
    n: int
    p_value: float
    worth: float


def is_comparison(claim: Mapping[str, Any]) -> bool:
    """Whether a claim is about one model and another."""
    return {"model", "against", "metric", "wins", "n"} <= set(claim["detail"])


def compare_again(claim: Mapping[str, Any], tables: Tables) -> Again:
    """Compute a comparison from the rows that its numbers name.

    Raises
    ------
    NoTableError
        It names none, or they are not there.
    """
    basis = next((one for one in claim["numbers"] if one["against"] and one["by"]), None)
    if basis is None:
        raise NoTableError("no rows are named that could show it")
    return compare_rows(basis, claim["detail"], tables)


def compare_rows(basis: Mapping[str, Any], detail: Mapping[str, Any], tables: Tables) -> Again:
    """Compare the two groups of rows that a number names.

    Parameters
    ----------
    basis : mapping
        The number.
    detail : mapping
        What the claim says of the comparison; nothing where it is one of several in a sentence.
    tables : Tables

    Raises
    ------
    NoTableError
        The rows are not there, or of other models than the claim says.
    """
    column, by = basis["column"], basis["by"]
    table = tables.get(basis["table"])
    rows, other = (select(table, basis[side], column) for side in ("where", "against"))
    if rows.empty or other.empty:
        raise NoTableError("no rows are as it says")
    detail = {
        "model": basis["where"].get("model", ""),
        "against": basis["against"].get("model", ""),
        "metric": basis["where"].get("metric", column),
        **detail,
    }
    _check_names(detail, rows, other)
    sign = _sign_of(detail)
    pairs = pair_rows(rows, other, by, column)
    pair, worth = _measure(detail, tables, (rows, other), by, column, pairs)
    a, b = _means(rows, other, column)
    lead = sign * (pairs[:, 0] - pairs[:, 1])  # what is summed up in two orders differs in its last digits
    noise = 1e-9 * np.abs(pairs).max(axis=1)
    won, tied = int((lead > noise).sum()), int((np.abs(lead) <= noise).sum())
    share = b > 0 and not (pair is not None and np.isnan(pair.ratio()[0]))
    gain = sign * (a / b - 1) if share else sign * (a - b)
    if pair is None:
        return Again(gain, np.nan, np.nan, won, tied, len(pairs), np.nan, worth)
    least = 0.0 if min(rows[column].min(), other[column].min()) >= 0 else -np.inf
    ends = (
        [sign * (max(end, least) - 1) for end in pair.ratio()] if share else [sign * end for end in pair.difference()]
    )
    return Again(gain, min(ends), max(ends), won, tied, len(pairs), pair.p_value(), worth)


def _check_names(detail: Mapping[str, Any], rows: pd.DataFrame, other: pd.DataFrame) -> None:
    """The rows are of the models that the sentence names, with or without an article, and of the metric."""
    for part, said in ((rows, detail["model"]), (other, detail["against"])):
        names = part["model"].unique()
        if len(names) != 1 or str(names[0]).casefold() not in str(said).casefold():
            raise NoTableError(f"the sentence is about {said!r}, but the rows are of {', '.join(map(str, names))}")
    if "metric" in rows.columns and set(rows["metric"]) | set(other["metric"]) != {detail["metric"]}:
        raise NoTableError(f"the sentence is about {detail['metric']!r}, but the rows are of other metrics")


def _sign_of(detail: Mapping[str, Any]) -> float:
    """1 where more of a metric is better, by what is known of it; what the report says of it has to agree."""
    metric = str(detail["metric"]).lower()
    more, less = (pattern.search(metric) is not None for pattern in (MORE_IS_BETTER, LESS_IS_BETTER))
    said = detail.get("greater")
    if said is not None and more != less and bool(said) != more:
        raise NoTableError(f"it takes {'more' if said else 'less'} of {metric!r} for better")
    return 1.0 if (more if more != less else bool(said)) else -1.0


def _means(rows: pd.DataFrame, other: pd.DataFrame, column: str) -> tuple[float, float]:
    return float(rows[column].astype(float).mean()), float(other[column].astype(float).mean())


def _measure(
    detail: Mapping[str, Any],
    tables: Tables,
    groups: tuple[pd.DataFrame, pd.DataFrame],
    by: str,
    column: str,
    pairs: Any,
) -> tuple[chance.Pair | None, float]:
    """Means with what is not known of them, and how many independent pairs there are; none where they are too few."""
    rows, other = groups
    kind = detail.get("kind") or ("splits" if pd.api.types.is_datetime64_any_dtype(rows[by]) else "folds")
    if kind == "units":
        sizes = rows.groupby(by, sort=False, observed=True).size().to_numpy(dtype=float)
        worth = float(sizes.sum() ** 2 / (sizes**2).sum())
        if worth < chance.LEAST[kind]:
            return None, worth
        both = np.column_stack([rows[column].to_numpy(dtype=float), other[column].to_numpy(dtype=float)])
        if not np.array_equal(rows[by].to_numpy(), other[by].to_numpy()):
            raise NoTableError("the units of both models do not stand in one order")
        return chance.over_clusters(both, rows[by].to_numpy()), worth
    if kind == "splits":
        overlap = _overlap(tables, by, rows, len(pairs))
        worth = float(chance.side_by_side(len(pairs), overlap))
        if worth < chance.LEAST[kind]:
            return None, worth
        order = np.argsort(rows.groupby(by, sort=False, observed=True)[column].mean().index.to_numpy(), kind="stable")
        return chance.over_time(pairs[order], overlap), worth
    if len(pairs) < chance.LEAST["folds"]:
        return None, float(len(pairs))
    return chance.over_folds(pairs, _reuse(detail, pairs)), float(len(pairs))


def _overlap(tables: Tables, by: str, rows: pd.DataFrame, n: int) -> list[float]:
    """How far splits overlap, by the stamps of what was predicted in them; not at all where the run keeps none.

    Of predictions from several times of day, or of several markets, only those count that the rows are scores of.
    """
    try:
        predictions = tables.get("predictions")
    except NoTableError:
        return [1.0]
    for name in predictions.columns.intersection(rows.columns).drop([by, "model"], errors="ignore"):
        if (rows[name] == rows[name].iloc[0]).all() and rows[name].iloc[0] in set(predictions[name]):
            predictions = predictions[predictions[name] == rows[name].iloc[0]]
    if by not in predictions.columns or predictions[by].nunique() < n:
        return [1.0]
    return chance.overlap_of(predictions, by)


def _reuse(detail: Mapping[str, Any], pairs: Any) -> float:
    """Rows tested over rows learnt from, which no table holds: the one at which the interval is as wide as it is told.

    With one end so fitted, the other, the p-value and the verdict still have to agree.
    """
    told = [float(detail.get(name, np.nan)) for name in ("difference_lower", "difference_upper")]
    if not np.isfinite(told).all():
        return 0.0
    low, high = chance.over_folds(pairs, 0.0).difference()
    wider = ((told[1] - told[0]) / max(high - low, 1e-300)) ** 2
    reuse = (wider - 1) / len(pairs)
    if not -1e-9 <= reuse <= 1:
        raise NoTableError(f"the interval is {wider**0.5:.2f} times as wide as that of independent folds")
    return max(reuse, 0.0)


def check_comparison(claim: Mapping[str, Any], again: Again, family: Sequence[float]) -> list[str]:
    """What is wrong with a comparison.

    Parameters
    ----------
    claim : mapping
    again : Again
    family : sequence of float
        p-values of the comparisons made together with it, this one's first, so far as the page tells them.
    """
    wrong = [*_check_figures(claim["detail"], again), *check_said(claim, again)]
    verdict = claim["verdict"]
    if verdict not in verdicts_of(claim["detail"], again, family):
        p_value = "too few" if np.isnan(again.p_value) else f"p = {again.p_value:.4g}"
        wrong.append(f"the verdict is {verdict!r}, but the gain is {again.gain:.4g} ({p_value}, n = {again.n})")
    must, never = WORDS.get(verdict, ("", ""))
    text = f" {claim['text']} "
    if " better than " in text or " worse than " in text or " cannot be " in text:
        if (must and must not in text) or (never and never in text):
            wrong.append(f"the verdict is {verdict!r}, but the sentence says otherwise")
        if verdict == "none" and " cannot be told apart" not in text and " seems " not in text:
            wrong.append("no difference is shown, but the sentence says there is one")
    return wrong


def _check_figures(detail: Mapping[str, Any], again: Again) -> list[str]:
    """Wins, gain and interval of the data against those computed again."""
    wrong = []
    if (detail["wins"], detail["n"]) != (again.wins, again.n):
        wrong.append(f"wins are {detail['wins']} of {detail['n']}, but {again.wins} of {again.n} by the table")
    told = {name: float(value) for name, value in detail.items() if name in _GAINS}
    share = not np.isnan(told["improvement"])
    gain, low, high = (told[name] for name in (_GAINS[:3] if share else _GAINS[3:]))
    if not np.isclose(gain, again.gain, rtol=1e-6, atol=1e-9):
        wrong.append(f"the gain is {gain:.6g}, but {again.gain:.6g} by the table")
    if np.isnan(low) != np.isnan(again.lower):
        wrong.append("an interval is told of too few, or none of enough")
    elif not np.isnan(low):
        room = ENDS * max(again.upper - again.lower, 1e-12)
        if abs(low - again.lower) > room or abs(high - again.upper) > room:
            wrong.append(
                f"the interval is {low:.4g} to {high:.4g}, but {again.lower:.4g} to {again.upper:.4g} by the table"
            )
    return wrong


_GAINS = ("improvement", "lower", "upper", "difference", "difference_lower", "difference_upper")


def verdicts_of(detail: Mapping[str, Any], again: Again, family: Sequence[float]) -> set[str]:
    """Verdicts that the rows allow."""
    if np.isnan(again.p_value):
        return {"too few"}
    together = int(detail.get("together", 100))  # how many there are, where nothing says so
    if len(family) == together:
        least = most = chance.holm(list(family))[0]
    else:  # others of the family stand elsewhere: Holm's p-value lies between these
        least, most = again.p_value, min(1.0, together * again.p_value)
    found = set()
    if least < 0.05 + BAND:
        found.add("better" if again.gain > 0 else "worse")
    if most >= 0.05 - BAND:
        found.add("none")
    return found


def numbers_of(detail: Mapping[str, Any], again: Again) -> list[float]:
    """All numbers that a sentence of this comparison may say beside those it names."""
    ends = [100 * again.lower, 100 * again.upper, again.lower, again.upper, 100 * again.gain, again.gain]
    counts = [again.wins, again.n, float(detail.get("together", 1)), again.worth, *chance.LEAST.values(), 95.0]
    return [abs(number) for number in [*ends, *counts] if np.isfinite(number)]


def says_one_of(token: str, numbers: Sequence[float]) -> bool:
    """Whether a number of a text is one of some, rounded."""
    return any(says_value(token.lstrip("-"), number) for number in numbers)


SPAN = r"(?P<low>-?[\d.,e+]+) (?:to|and) (?P<high>-?[\d.,e+]+)(?P<unit> %)?"
FORMS = {
    "better": re.compile(rf" (?:is|are|seems|seem) better than .+? by {SPAN}"),
    "worse": re.compile(rf" (?:is|are|seems|seem) worse than .+? by {SPAN}"),
    "none": re.compile(rf" cannot be told apart .*?: the improvement lies between {SPAN}"),
}
WINS = re.compile(r"better on (?P<wins>[\d,]+) of (?P<n>[\d,]+) |, on (?P<wins2>[\d,]+) of (?P<n2>[\d,]+) ")
TOGETHER = re.compile(r"not once all (?P<count>\d+) comparisons")


def check_said(claim: Mapping[str, Any], again: Again) -> list[str]:
    """Whether the sentence of a comparison says its interval, wins and number in the order and direction that they have."""
    text, wrong = f" {plain(claim['text'])} ", []
    found = [(name, match) for name, form in FORMS.items() if (match := form.search(text))]
    for name, match in found:
        low, high = (-again.upper, -again.lower) if name == "worse" else (again.lower, again.upper)
        scale = 100.0 if match["unit"] else 1.0
        if not (_is(match["low"], scale * low) and _is(match["high"], scale * high)):
            wrong.append(f"it says {match.group().strip()!r}, but it is {scale * low:.4g} to {scale * high:.4g}")
        if (name == "better" and again.gain < 0) or (name == "worse" and again.gain > 0):
            wrong.append(f"it says {name}, but the gain is {again.gain:.4g}")
    if not found and claim["verdict"] in FORMS and " told apart" in text:
        wrong.append("it does not say between what the improvement lies")
    if found and (match := WINS.search(text)) and _counts(match) != (again.wins, again.n):
        wrong.append(f"it says {match.group().strip()!r}, but it was better on {again.wins} of {again.n}")
    elif found and not match:
        wrong.append("it does not say how often it was better")
    if (match := TOGETHER.search(text)) and int(match["count"]) != int(claim["detail"].get("together", 1)):
        wrong.append(f"it says {match.group()!r}, but {claim['detail'].get('together')} were made")
    return wrong


def _counts(match: re.Match[str]) -> tuple[int, int]:
    wins, n = match["wins"] or match["wins2"], match["n"] or match["n2"]
    return int(wins.replace(",", "")), int(n.replace(",", ""))


def _is(told: str, value: float) -> bool:
    """Whether an end is told as rounded; one of three digits by these."""
    if "e" in told:
        return bool(np.isclose(float(told), value, rtol=0.005))
    return says_value(told, value) or bool(np.isclose(float(told.replace(",", "")), value, rtol=0.0051))
