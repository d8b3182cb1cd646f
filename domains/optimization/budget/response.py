"""Response curves from what was spent and sold, with what the data can and cannot tell."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import least_squares, nnls
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from domains.optimization.budget.curves import ResponseCurves
from domains.optimization.evolution.adaptive import AdaptiveEngine
from domains.optimization.evolution.engines import CovarianceEngine, Engine
from shared.checks import is_whole
from shared.data.dates import holds_dates
from shared.data.io.frames import as_pandas
from shared.data.schema import first_rows
from shared.errors import DataError, Problem, Problems, SettingsError, quote
from shared.evaluation.resampling import draw_blocks
from shared.runtime.array_of import ArrayOf
from shared.text import count_of, join_words
from shared.typing import Floats

__all__ = ["ResponseModel", "carry_over"]

KINDS = ("hill", "log", "linear")
BEFORE = ("nothing", "mean")
WIDTHS = {"hill": 3, "log": 2, "linear": 1}  # what is searched for a channel, beside its top
MOST_CARRIED = 0.9
HALVES = (0.05, 3.0)  # of the largest effective spending, between which half of the top is looked for
SHAPES = (0.5, 3.0)
POLISH = 20  # steps of Gauss and Newton after a search, which by itself stops short where there is little noise
SURE = 2.0  # of AICc: what less apart cannot be told apart (Burnham and Anderson, 2002, section 2.6)


def carry_over(spend: ArrayLike, share: float, before: float = 0.0) -> Floats:
    """Effective spending: what is spent, and a share of what was effective before (geometric adstock).

    Parameters
    ----------
    spend : array of shape (n_periods,)
    share : float
        From 0 to below 1.
    before : float
        What was effective in the period before the first.

    >>> carry_over([8, 0, 0], 0.5).tolist()
    [8.0, 4.0, 2.0]
    >>> carry_over([8, 0], 0.5, before=4).tolist()
    [10.0, 5.0]
    """
    values = np.asarray(spend, dtype=float)
    found = np.empty(len(values))
    before = float(before)
    for place, value in enumerate(values.tolist()):
        before = value + share * before
        found[place] = before
    return found


class Fit(NamedTuple):
    """One fit: parameters a channel, and what is left."""

    share: Floats
    half: Floats
    shape: Floats
    top: Floats
    rest: Floats  # constant, trend, and other columns
    squares: float
    fitted: Floats


class ResponseModel(BaseEstimator):  # type: ignore[misc]
    """Fit what is sold as a constant, a trend, and a response curve of each channel's effective spending.

    Parameters
    ----------
    kind : {"hill", "log", "linear"}
        Of the curves; a straight line is a logarithm far from saturation.
    trend : bool
    n_draws : int
        Fits to resampled residuals, for uncertainty.
    evaluations : int
        Of the search for carry-over, half and shape; tops, constant and trend are solved for.
    before : {"nothing", "mean"}
        What was spent before the first period, of which a part is carried over: nothing, or every channel's mean. Most
        tables begin amid advertising, and to take that for nothing makes a slowly wearing effect look like another.
    random_state : int

    Attributes
    ----------
    curves_ : ResponseCurves
    carry_over_ : dict
        Share that is carried over, a channel.
    draws_ : tuple of ResponseCurves
    steady_ : ResponseCurves
        Response of a period to spending the same in every period, with all that is carried over into it; these are the
        curves to split a budget by that is spent evenly, since `curves_` are of effective spending.
    steady_draws_ : tuple of ResponseCurves
        The same of each draw.
    idle_ : tuple of str
        Channels of which no effect is shown.
    criteria_ : dict
        Akaike's criterion (AICc) by kind of curve; the lower, the better.
    table_ : pandas.DataFrame
        A row a channel: "top", "half", "shape", "carry_over", each with "_low" and "_high" (90 %).
    notes_ : tuple of str
        What the data cannot tell.

    Notes
    -----
    Curves and adstock as in Jin, Wang, Sun, Chan and Koehler, Bayesian methods for media mix modeling with carryover
    and shape effects (Google, 2017); fitted by least squares, uncertainty by resampling residuals in blocks.

    >>> random = np.random.default_rng(0)
    >>> spend = pd.DataFrame({"tv": random.uniform(0, 10, 80)})
    >>> sold = 5 + 20 * spend["tv"] / (4 + spend["tv"]) + random.normal(0, 0.1, 80)
    >>> model = ResponseModel(n_draws=5).fit(spend, sold)
    >>> bool(abs(model.curves_.value([4.0])[0] - 10) < 0.5)
    True
    """

    def __init__(
        self,
        *,
        kind: str = "hill",
        trend: bool = True,
        n_draws: int = 50,
        evaluations: int = 3000,
        before: str = "nothing",
        random_state: int = 0,
    ) -> None:
        self.kind = kind
        self.trend = trend
        self.n_draws = n_draws
        self.evaluations = evaluations
        self.before = before
        self.random_state = random_state

    def fit(self, spend: Any, response: Any, others: Any = None) -> ResponseModel:
        """Fit.

        Parameters
        ----------
        spend : frame of shape (n_periods, n_channels)
            Money a period, from 0 on, in the order of time.
        response : array of shape (n_periods,)
            Of the same periods in the same order; where it has an index, as a Series has, the same one as `spend`.
        others : frame of shape (n_periods, k), optional
            Further columns that act linearly, such as prices or holidays.

        Raises
        ------
        DataError
            Amounts are missing or below 0, a channel never changes, or there are too few periods.
        """
        self._check()
        table = _without_index(spend, "spend")
        _refuse_other_order(spend, response, "response")
        _refuse_other_order(spend, others, "others")
        x, y, extra = self._read(table, response, others)
        channels = tuple(map(str, table.columns))
        base = self._base(len(y), extra, len(y))
        self.earlier_ = self._find_earlier(x)
        best = self._search(x, y, base, self.kind, self.evaluations, None, 0)
        self.channels_ = channels
        self.n_periods_, self.n_others_ = extra.shape
        self.idle_ = tuple(name for i, name in enumerate(channels) if self._is_idle(i, x, y, base, best))
        self.criteria_ = self._criteria(x, y, base, best)
        draws = self._draw(x, y, base, best)
        chosen = self._choose(x, y, base, best, draws)
        self.carry_over_ = dict(zip(channels, chosen.share.tolist(), strict=True))
        self.curves_ = self._curves(channels, chosen)
        self.steady_ = self._make_steady(channels, chosen)
        self.rest_ = chosen.rest
        self.fitted_ = chosen.fitted
        total = float(((y - y.mean()) ** 2).sum())
        self.r2_ = 1.0 - chosen.squares / total if total > 0 else np.nan
        self.draws_ = tuple(self._curves(channels, one) for one in draws)
        self.steady_draws_ = tuple(self._make_steady(channels, one) for one in draws)
        self.estimates_ = self._estimate(chosen, draws)
        self.notes_ = self._note(x, chosen, draws, channels)
        return self

    def predict(self, spend: Any, others: Any = None) -> Floats:
        """Responses of periods that follow one another, from the first that fit has seen, with the same before it.

        Parameters
        ----------
        spend : frame of shape (n_periods, n_channels)
        others : frame of shape (n_periods, k), optional
        """
        check_is_fitted(self, "curves_")
        table = _without_index(spend, "spend").rename(columns=str)
        lost = [name for name in self.channels_ if name not in table.columns]
        if lost:
            raise DataError("spend", [Problem(f"there is no column {quote(lost)}", fix="Add what fit has seen.")])
        table = table[list(self.channels_)]
        problems = Problems("spend")
        _check_amounts(table, problems)
        problems.raise_if_any()
        x = table.to_numpy(dtype=float)
        extra = _read_others(others, len(x))
        if extra.shape[1] != self.n_others_:
            what = f"there are {extra.shape[1]} columns, where fit has seen {self.n_others_}"
            raise DataError("others", [Problem(what, fix="Give the same ones, in the same order.")])
        inputs = carry_all(x, [self.carry_over_[name] for name in self.channels_], self.earlier_)
        return np.asarray(
            self._base(len(x), extra, self.n_periods_) @ self.rest_ + self.curves_.value(inputs).sum(axis=1)
        )

    def explain(self) -> str:
        """Say how well it fits, and what the data cannot tell."""
        check_is_fitted(self, "curves_")
        told = [f"The curves explain {100 * self.r2_:.0f} % of the variance of the response."]
        told += [f"{note[0].upper()}{note[1:]}." for note in self.notes_]
        return " ".join(told)

    def _check(self) -> None:
        if self.kind not in KINDS:
            raise SettingsError(f"kind={self.kind!r} is none of {quote(KINDS)}")
        if self.before not in BEFORE:
            raise SettingsError(f"before={self.before!r} is none of {quote(BEFORE)}")
        if not is_whole(self.n_draws, least=0) or not is_whole(self.evaluations, least=50):
            raise SettingsError(
                f"n_draws={self.n_draws!r}, evaluations={self.evaluations!r}: whole numbers from 0, and 50, on"
            )
        if not is_whole(self.random_state, least=0):
            raise SettingsError(f"random_state={self.random_state!r} is no whole number from 0 on")

    @staticmethod
    def _read(table: pd.DataFrame, response: object, others: ArrayLike) -> tuple[Floats, Floats, Floats]:
        problems = Problems("spend")
        if not table.shape[1]:
            problems.add("there is no channel", fix="Give a column a channel.")
        good = _check_amounts(table, problems) if len(table) else []
        for name in good:
            if np.ptp(table[name].to_numpy(dtype=float)) == 0:
                what = "never changes, so that its effect cannot be told from the constant"
                problems.add(what, column=str(name), fix="Leave it out.")
        y = pd.to_numeric(pd.Series(np.asarray(response).tolist()), errors="coerce").to_numpy(dtype=float)
        if y.shape != (len(table),):
            problems.add(f"there are {len(table)} rows of spending and a response of shape {y.shape}")
        elif not np.isfinite(y).all():
            bad = ~np.isfinite(y)
            problems.add(
                "responses are missing, or no numbers", rows=first_rows(bad), count=int(bad.sum()), fix="Correct them."
            )
        elif len(y) and np.ptp(y) == 0:
            problems.add("the response never changes", fix="Give what changes with spending.")
        least = 4 * table.shape[1] + 6
        if len(table) < least:
            what = f"{len(table)} periods, where {table.shape[1]} channels need at least {least}"
            problems.add(what, fix="Give more periods, or fewer channels.")
        problems.raise_if_any()
        return table.to_numpy(dtype=float), y, _read_others(others, len(y))

    def _base(self, n: int, extra: Floats, n_seen: int) -> Floats:
        # The trend goes on beyond the periods that fit has seen.
        columns = [np.ones(n)] + ([np.arange(n) / (n_seen - 1) - 0.5] if self.trend else [])
        return np.column_stack([*columns, extra])

    def _search(
        self, x: Floats, y: Floats, base: Floats, kind: str, evaluations: int, start: Floats | None, seed: int
    ) -> Fit:
        """Carry-over, half and shape by a search; all else by least squares with tops from 0 on."""
        n = x.shape[1]
        widths = WIDTHS[kind]
        random = np.random.default_rng((self.random_state, seed))
        keys = np.full((1, widths * n), 0.4) if start is None else start
        projector = span_columns(base)
        y_free = y - projector @ (projector.T @ y)
        judge = Squares(x, y_free, projector, kind, self._find_earlier(x))
        size = 4 + int(3 * np.log(widths * n + 1))
        engine: Engine = AdaptiveEngine(widths * n, size, evaluations, random, keys)
        if start is not None:
            engine = CovarianceEngine(widths * n, size, evaluations, random, keys, spread=0.1)
        best, value, used = keys[0], float(judge(keys)[0]), 1
        while used < evaluations and not engine.is_done:
            points = engine.ask()[: evaluations - used]
            values = judge(points)
            used += len(points)
            if values.min() < value:
                best, value = points[int(values.argmin())].copy(), float(values.min())
            if used >= evaluations or len(points) < 2:
                break
            engine.tell(points, values)
        polished = least_squares(judge.rest, np.clip(best, 1e-6, 1 - 1e-6), bounds=(0, 1), max_nfev=POLISH).x
        if float(judge(polished[None])[0]) < value:
            best = polished
        return judge.finish(best, y, base)

    def _curves(self, channels: tuple[str, ...], fit: Fit) -> ResponseCurves:
        kind = "hill" if self.kind == "hill" else "log"
        return ResponseCurves.make(channels, top=fit.top, half=fit.half, shape=fit.shape, kind=kind)

    def _find_earlier(self, x: Floats) -> Floats:
        """What is taken for spent in every period before the first."""
        return np.asarray(x.mean(axis=0) if self.before == "mean" else np.zeros(x.shape[1]))

    def _choose(self, x: Floats, y: Floats, base: Floats, best: Fit, draws: list[Fit]) -> Fit:
        """The fit to go by: here the one that comes nearest."""
        return best

    def _make_steady(self, channels: tuple[str, ...], fit: Fit) -> ResponseCurves:
        """The same spending in every period adds up to a multiple of it that is effective, 1 / (1 - share)."""
        return self._curves(channels, fit._replace(half=fit.half * (1.0 - fit.share)))

    def _draw(self, x: Floats, y: Floats, base: Floats, best: Fit) -> list[Fit]:
        rest = y - best.fitted
        scale = np.sqrt(len(y) / max(1, len(y) - base.shape[1] - 2 * x.shape[1]))
        length = max(1.0, len(y) ** (1 / 3))
        start = encode_fit(best, x, self.kind)[None]
        found = []
        for turn, rows in enumerate(
            draw_blocks(len(y), length=length, draws=max(1, self.n_draws), seed=self.random_state)
        ):
            if turn >= self.n_draws:
                break
            drawn = best.fitted + scale * (rest[rows] - rest.mean())
            found.append(self._search(x, drawn, base, self.kind, max(60, self.evaluations // 8), start, turn + 1))
        return found

    @staticmethod
    def _estimate(best: Fit, draws: list[Fit]) -> dict[str, Floats]:
        columns: dict[str, Floats] = {}
        for name, what in (("top", "top"), ("half", "half"), ("shape", "shape"), ("carry_over", "share")):
            columns[name] = getattr(best, what)
            if draws:
                drawn = np.array([getattr(one, what) for one in draws])
                columns[f"{name}_low"], columns[f"{name}_high"] = np.percentile(drawn, [5, 95], axis=0)
        return columns

    @property
    def table_(self) -> pd.DataFrame:
        """Parameters with their intervals, a row a channel; made of arrays, which a file can hold."""
        check_is_fitted(self, "estimates_")
        return pd.DataFrame(self.estimates_, index=pd.Index(self.channels_, name="channel"))

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of the arrays of every fitted one; checked when a model is loaded."""
        n = len(self.channels_)
        every = (self.curves_, self.steady_, *self.draws_, *self.steady_draws_)
        if any(one.channels != self.channels_ for one in every) or set(self.carry_over_) != set(self.channels_):
            raise ValueError("its curves are of other channels")
        if any(values.shape != (n,) for values in self.estimates_.values()):
            raise ValueError("its table has other channels")
        return {
            "curves_": ResponseCurves,
            "steady_": ResponseCurves,
            "rest_": ArrayOf("f", (None,)),
            "earlier_": ArrayOf("f", (n,), low=0, finite=True),
            "fitted_": ArrayOf("f", (self.n_periods_,)),
        }

    def _is_idle(self, i: int, x: Floats, y: Floats, base: Floats, best: Fit) -> bool:
        """Whether a fit without a channel is as good, allowing for the channel's parameters."""
        less = np.delete(x, i, axis=1)
        if less.shape[1]:
            start = encode_fit(_leave_out(best, i), less, self.kind)[None]
            squares = self._search(less, y, base, self.kind, max(60, self.evaluations // 8), start, 996).squares
        else:
            squares = float(((y - base @ np.linalg.lstsq(base, y, rcond=None)[0]) ** 2).sum())
        width = WIDTHS[self.kind] + 1
        count = base.shape[1] + x.shape[1] * width + 1
        return _aicc(squares, len(y), count - width) - _aicc(best.squares, len(y), count) < SURE

    def _criteria(self, x: Floats, y: Floats, base: Floats, best: Fit) -> dict[str, float]:
        """How well each kind of curve fits, allowing for its parameters."""
        found = {}
        for kind in KINDS:
            fit = best if kind == self.kind else self._search(x, y, base, kind, self.evaluations // 2, None, 997)
            count = base.shape[1] + x.shape[1] * (WIDTHS[kind] + 1) + 1
            found[kind] = _aicc(fit.squares, len(y), count)
        return found

    def _note(self, x: Floats, best: Fit, draws: list[Fit], channels: tuple[str, ...]) -> tuple[str, ...]:
        """What cannot be told: whether there is an effect, where it saturates, and which curve it is."""
        notes = []
        scores, idle = self.criteria_, self.idle_
        nearest = min(scores, key=lambda kind: scores[kind])
        alike = [kind for kind in KINDS if scores[kind] - scores[nearest] < SURE]
        words = {"hill": "Hill's curve", "log": "a logarithm", "linear": "a straight line"}
        if len(alike) > 1:
            shown = join_words([words[kind] for kind in alike])
            notes.append(f"the data cannot tell {shown} apart: amounts beyond those seen are a guess")
        elif nearest != self.kind:
            notes.append(
                f"{words[nearest]} is to be preferred to {words[self.kind]}, allowing for its parameters (AICc"
                f" {scores[nearest]:.1f} to {scores[self.kind]:.1f})"
            )
        notes += [f"of {name} no effect is shown" for name in idle]
        if draws:
            seen = x.max(axis=0)
            at = np.array([self._curves(channels, one).value(seen) for one in draws])
            for i, name in enumerate(channels):
                low, high = np.percentile(at[:, i], [5, 95])
                if name not in idle and high > 3 * max(low, 1e-300):
                    notes.append(
                        f"the effect of {name}, at the largest amount seen, is known to a factor of"
                        f" {high / low:.1f} only"
                    )
        if self.kind != "linear":
            most = x.max(axis=0)
            beyond = [name for name, half, top in zip(channels, best.half, most, strict=True) if half > top]
            beyond = [name for name in beyond if name not in idle]
            if beyond:
                notes.append(f"saturation of {join_words(beyond)} lies beyond all amounts seen")
        return tuple(notes)


def carry_all(spend: Floats, shares: Any, earlier: Floats) -> Floats:
    """Effective spending of all channels, each after periods without end that were all alike."""
    columns = [
        carry_over(spend[:, i], float(share), float(earlier[i]) / (1 - float(share))) for i, share in enumerate(shares)
    ]
    return np.column_stack(columns)


def span_columns(base: Floats) -> Floats:
    """Orthonormal columns that span those given, some of which may be sums of others."""
    sizes = np.linalg.norm(base, axis=0)
    left, values, _ = np.linalg.svd(base / np.where(sizes > 0, sizes, 1.0), full_matrices=False)
    return np.asarray(left[:, values > 1e-10 * values[0]])


def _leave_out(fit: Fit, i: int) -> Fit:
    """A fit without one of its channels, to start from."""
    share, half, shape, top = (np.delete(one, i) for one in (fit.share, fit.half, fit.shape, fit.top))
    return fit._replace(share=share, half=half, shape=shape, top=top)


def _check_amounts(table: pd.DataFrame, problems: Problems) -> list[Any]:
    """Note amounts that are none; the columns without any."""
    good = []
    for name in table.columns:
        if holds_dates(table[name]):
            fix = f"Make it the index, of the response, too: spend.set_index({name!r})."
            problems.add("holds dates, and is no channel", column=str(name), fix=fix)
            continue
        values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float)
        bad = ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            what = f"{count_of(int(bad.sum()), 'amount is', 'amounts are')} missing, below 0 or no numbers"
            problems.add(what, column=str(name), rows=first_rows(bad), count=int(bad.sum()), fix="Correct them.")
        else:
            good.append(name)
    return good


def _without_index(given: object, source: str) -> pd.DataFrame:
    """A table whose rows are counted: an index of dates orders them, and is no column."""
    return as_pandas(given.reset_index(drop=True) if isinstance(given, pd.DataFrame) else given, source)


def _refuse_other_order(spend: ArrayLike, other: object, called: str) -> None:
    """Refuse a table or Series whose index is another than that of the spending; one that only counts rows is none."""
    if not isinstance(spend, pd.DataFrame) or not isinstance(other, pd.Series | pd.DataFrame):
        return
    mine, its = spend.index, other.index
    if isinstance(mine, pd.RangeIndex) or isinstance(its, pd.RangeIndex) or len(mine) != len(its) or mine.equals(its):
        return
    common = len(mine.intersection(its))
    what = f"of its {len(its):,} index labels {common:,} are those of the spending" + (
        ", in another order" if common == len(its) else ""
    )
    fix = "Bring both to the same periods, as in response.reindex(spend.index)."
    raise DataError(called, [Problem(what, fix=fix)])


def _read_others(others: ArrayLike, n: int) -> Floats:
    if others is None:
        return np.zeros((n, 0))
    table = _without_index(others, "others")
    extra = table.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    if len(extra) != n or not np.isfinite(extra).all():
        raise DataError("others", [Problem("rows are missing, or values are no numbers", fix="Correct them.")])
    return np.asarray(extra)


def _aicc(squares: float, n: int, count: int) -> float:
    """Akaike's criterion with its small-sample correction (Hurvich and Tsai, 1989)."""
    room = n - count - 1
    small = 2 * count * (count + 1) / room if room > 0 else np.inf
    return float(n * np.log(max(squares, 1e-300) / n) + 2 * count + small)


class Squares:
    """What is left of the response for whole populations of carry-overs, halves and shapes."""

    def __init__(self, x: Floats, y: Floats, projector: Floats, kind: str, earlier: Floats) -> None:
        self.x, self.y, self.projector, self.kind, self.earlier = x, y, projector, kind, earlier
        self.most = x.max(axis=0)

    def decode(self, keys: Floats) -> tuple[Floats, Floats, Floats]:
        """Carry-over, half and shape of one point."""
        n = self.x.shape[1]
        share = MOST_CARRIED * keys[:n]
        level = self.most / (1 - share)
        low, high = np.log(HALVES[0]), np.log(HALVES[1])
        half = level * np.exp(low + keys[n : 2 * n] * (high - low)) if self.kind != "linear" else 1e3 * level
        a, b = np.log(SHAPES[0]), np.log(SHAPES[1])
        shape = np.exp(a + keys[2 * n :] * (b - a)) if self.kind == "hill" else np.ones(n)
        return share, half, shape

    def columns(self, keys: Floats) -> Floats:
        """Responses with a top of 1."""
        share, half, shape = self.decode(keys)
        found = np.empty_like(self.x)
        inputs = carry_all(self.x, share, self.earlier)
        for i, inner in enumerate(inputs.T):
            if self.kind == "hill":
                with np.errstate(divide="ignore", over="ignore"):  # of nothing, and of what may as well be nothing
                    found[:, i] = 1.0 / (1.0 + (half[i] / inner) ** shape[i])
            else:
                found[:, i] = np.log1p(inner / half[i])
        return found

    def __call__(self, keys: Floats) -> Floats:
        found = np.empty(len(keys))
        for place, point in enumerate(keys):
            columns = self.columns(point)
            free = columns - self.projector @ (self.projector.T @ columns)
            found[place] = nnls(free, self.y)[1] ** 2
        return found

    def rest(self, keys: Floats) -> Floats:
        """What is left of each period's response at one point."""
        columns = self.columns(keys)
        free = columns - self.projector @ (self.projector.T @ columns)
        return np.asarray(self.y - free @ nnls(free, self.y)[0])

    def finish(self, keys: Floats, y: Floats, base: Floats) -> Fit:
        """All parameters of one point."""
        columns = self.columns(keys)
        free = columns - self.projector @ (self.projector.T @ columns)
        top = nnls(free, self.y)[0]
        rest = np.linalg.lstsq(base, y - columns @ top, rcond=None)[0]
        fitted = base @ rest + columns @ top
        share, half, shape = self.decode(keys)
        return Fit(share, half, shape, top, rest, float(((y - fitted) ** 2).sum()), fitted)


def encode_fit(fit: Fit, x: Floats, kind: str) -> Floats:
    """Keys of a fit, to start from."""
    level = x.max(axis=0) / (1 - fit.share)
    parts = [fit.share / MOST_CARRIED]
    if kind != "linear":
        parts.append(np.log(fit.half / level / HALVES[0]) / np.log(HALVES[1] / HALVES[0]))
    if kind == "hill":
        parts.append(np.log(fit.shape / SHAPES[0]) / np.log(SHAPES[1] / SHAPES[0]))
    return np.clip(np.concatenate(parts), 0.0, 1.0)
