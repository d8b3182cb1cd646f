"""Response curves by what is likely: a mean over all curves that fit, in place of the one that fits best."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares, nnls
from scipy.signal import lfilter
from scipy.special import log_ndtr, ndtr, ndtri

from domains.optimization.budget.curves import ResponseCurves
from domains.optimization.budget.response import (
    HALVES,
    MOST_CARRIED,
    SHAPES,
    WIDTHS,
    Fit,
    ResponseModel,
    carry_all,
    encode_fit,
    span_columns,
)
from shared.checks import is_whole
from shared.errors import SettingsError
from shared.typing import Floats

__all__ = ["BayesianResponseModel"]

CHAINS = 2
TRIES = 2  # new curves that are tried for a channel in a sweep
TUNED = 50  # sweeps after which the size of steps is looked at, while a chain settles
ACCEPTED = 0.25  # share of tries that are taken where steps have a good size (Roberts, Gelman and Gilks, 1997)
STEPS = (0.01, 0.6)
MOVED = 0.67  # chance that a try moves a parameter
SETTLED = 1.2  # of R-hat, above which chains do not say the same (Gelman and Rubin, 1992)
GRID = 40  # amounts at which the mean curve is looked at


class BayesianResponseModel(ResponseModel):
    """A response model whose curves are a mean over all that the data allow, weighted by how likely each is.

    Of many curves that fit about as well, the one that fits best is an extreme one, and a budget that is split by it
    leans on its errors. The mean does so less, and what it promises comes nearer to what comes true; draws say how sure
    that is.

    Parameters
    ----------
    kind : {"hill", "log", "linear"}
    trend : bool
    n_draws : int
        Curves that are drawn; at least 20.
    evaluations : int
        Of the search for the best fit, at which chains begin.
    sweeps : int
        Times each chain passes over all channels, after a quarter as many to settle.
    before : {"nothing", "mean"}
        As for `ResponseModel`.
    random_state : int

    Attributes
    ----------
    settled_ : float
        The largest R-hat over channels' responses at their mean spending: near 1 where the chains agree.

    Notes
    -----
    The model of Jin, Wang, Sun, Chan and Koehler (Google, 2017), by Metropolis steps within Gibbs sampling in two
    chains. All carry-overs, logarithms of half and shape within the bounds of `ResponseModel` are held to be alike
    before the data are seen, as are all responses from 0 on at the mean spending; errors are independent and normal.
    Constant, trend and other columns are solved for.

    >>> random = np.random.default_rng(0)
    >>> spend = np.column_stack([random.uniform(0, 10, 80)])
    >>> import pandas as pd
    >>> sold = 5 + 20 * spend[:, 0] / (4 + spend[:, 0]) + random.normal(0, 0.1, 80)
    >>> model = BayesianResponseModel(sweeps=200).fit(pd.DataFrame(spend, columns=["tv"]), sold)
    >>> low, high = np.percentile([one.value([8.0])[0] - one.value([2.0])[0] for one in model.draws_], [5, 95])
    >>> bool(low < 20 * 8 / 12 - 20 * 2 / 6 < high)
    True
    """

    def __init__(
        self,
        *,
        kind: str = "hill",
        trend: bool = True,
        n_draws: int = 100,
        evaluations: int = 3000,
        sweeps: int = 2000,
        before: str = "nothing",
        random_state: int = 0,
    ) -> None:
        super().__init__(
            kind=kind, trend=trend, n_draws=n_draws, evaluations=evaluations, before=before, random_state=random_state
        )
        self.sweeps = sweeps

    def _check(self) -> None:
        super()._check()
        if not is_whole(self.n_draws, least=20) or not is_whole(self.sweeps, least=self.n_draws):
            raise SettingsError(
                f"n_draws={self.n_draws!r}, sweeps={self.sweeps!r}: whole numbers from 20 on, and not fewer sweeps than"
                " draws"
            )

    def _draw(self, x: Floats, y: Floats, base: Floats, best: Fit) -> list[Fit]:
        chains = [_Chain(self, x, y, base, best, place) for place in range(CHAINS)]
        each = -(-self.n_draws // CHAINS)
        kept = [chain.run(self.sweeps, each) for chain in chains]
        self.settled_ = max(_compare_chains([chain.seen[:, i] for chain in chains]) for i in range(x.shape[1]))
        return [one for fits in kept for one in fits][: self.n_draws]

    def _choose(self, x: Floats, y: Floats, base: Floats, best: Fit, draws: list[Fit]) -> Fit:
        """Curves of the mean response to the same spending in every period, up to the largest amounts seen."""
        share = np.median([one.share for one in draws], axis=0)
        found = np.array([self._fit_mean(i, float(x[:, i].max()), draws) for i in range(x.shape[1])])
        top, steady, shape = found.T
        chosen = Fit(share, steady / (1 - share), shape, top, best.rest, best.squares, best.fitted)
        inputs = carry_all(x, share, self.earlier_)
        brought = self._curves(self.channels_, chosen).value(inputs).sum(axis=1)
        rest = np.linalg.lstsq(base, y - brought, rcond=None)[0]
        fitted = base @ rest + brought
        return Fit(*chosen[:4], rest, float(((y - fitted) ** 2).sum()), fitted)

    def _fit_mean(self, i: int, most: float, draws: list[Fit]) -> tuple[float, float, float]:
        """Top, half and shape of the curve that comes nearest to the mean of drawn ones."""
        grid = np.linspace(0, most, GRID + 1)[1:]
        drawn = [self._make_steady(self.channels_, one).take(np.array([i])).value(grid[:, None])[:, 0] for one in draws]
        mean = np.mean(drawn, axis=0)
        if mean[-1] <= 0:
            return 0.0, most, 1.0
        free = WIDTHS[self.kind] - 1
        if self.kind == "linear":
            half = 1e3 * most
            return float(mean @ np.log1p(grid / half) / (np.log1p(grid / half) ** 2).sum()), half, 1.0

        def miss(point: Floats) -> Floats:
            top, half, shape = np.exp([*point, 0.0][:3])
            made = ResponseCurves(
                (self.channels_[i],), np.array([top]), np.array([half]), np.array([shape]), self._name
            )
            return np.asarray((made.value(grid[:, None])[:, 0] - mean) / mean[-1])

        start = [np.log(1.5 * mean[-1]), np.log(0.5 * most), *[0.0] * (free - 1)]
        low = [start[0] - 9, np.log(0.01 * most), *[np.log(0.4)] * (free - 1)]
        high = [start[0] + 9, np.log(20 * most), *[np.log(SHAPES[1])] * (free - 1)]
        point = least_squares(miss, start, bounds=(low, high)).x
        top, half, shape = np.exp([*point, 0.0][:3])
        return float(top), float(half), float(shape)

    @property
    def _name(self) -> str:
        return "hill" if self.kind == "hill" else "log"

    def _note(self, x: Floats, best: Fit, draws: list[Fit], channels: tuple[str, ...]) -> tuple[str, ...]:
        notes = super()._note(x, best, draws, channels)
        if self.settled_ > SETTLED:
            notes = (*notes, f"the draws did not settle (R-hat {self.settled_:.2f}); more sweeps would help")
        return notes


class _Column(NamedTuple):
    """A channel's responses with 1 at its mean spending, without what constant, trend and other columns explain."""

    values: Floats
    scale: float  # what the response at mean spending is to be divided by for the top


class _Chain:
    """One chain of draws."""

    def __init__(self, model: BayesianResponseModel, x: Floats, y: Floats, base: Floats, best: Fit, place: int) -> None:
        self.kind, self.x, self.y, self.base = model.kind, x, y, base
        self.earlier = model.earlier_
        self.random = np.random.default_rng((model.random_state, 1, place))
        self.projector = span_columns(base)
        self.most, self.mean = x.max(axis=0), x.mean(axis=0)
        n, width = x.shape[1], WIDTHS[model.kind]
        keys = encode_fit(best, x, model.kind).reshape(width, n).T
        # The second chain begins elsewhere, so that agreement of the two means something.
        self.keys = keys if place == 0 else self.random.uniform(0.2, 0.8, (n, width))
        self.columns = [self._make_column(i, self.keys[i]) for i in range(n)]
        free = y - self.projector @ (self.projector.T @ y)
        table = np.column_stack([one.values for one in self.columns])
        self.effect = nnls(table, free)[0]
        self.rest = free - table @ self.effect
        self.room = max(1, len(y) - self.projector.shape[1])
        self.variance = float(self.rest @ self.rest) / max(1, self.room - n)
        self.seen = np.zeros((0, n))

    def _decode(self, i: int, keys: Floats) -> tuple[float, float, float]:
        share = MOST_CARRIED * float(keys[0])
        level = float(self.most[i]) / (1 - share)
        low, high = np.log(HALVES)
        half = level * float(np.exp(low + keys[1] * (high - low))) if self.kind != "linear" else 1e3 * level
        low, high = np.log(SHAPES)
        return share, half, float(np.exp(low + keys[2] * (high - low))) if self.kind == "hill" else 1.0

    def _make_column(self, i: int, keys: Floats) -> _Column:
        share, half, shape = self._decode(i, keys)
        before = np.array([share * self.earlier[i] / (1 - share)])
        inner = np.append(lfilter([1.0], [1.0, -share], self.x[:, i], zi=before)[0], self.mean[i] / (1 - share))
        if self.kind == "hill":
            with np.errstate(divide="ignore"):
                found = 1.0 / (1.0 + (half / inner) ** shape)
        else:
            found = np.log1p(inner / half)
        scale = float(found[-1])
        values = found[:-1] / scale
        return _Column(values - self.projector @ (self.projector.T @ values), scale)

    def run(self, sweeps: int, count: int) -> list[Fit]:
        """Settle, then sweep; keep so many fits, evenly spaced."""
        settling = max(TUNED, sweeps // 4)
        n = len(self.keys)
        size, taken = np.full(n, 0.1), np.zeros(n)
        keep = set(np.linspace(0, sweeps - 1, count).round().astype(int).tolist())
        seen, found = np.empty((sweeps, n)), []
        for turn in range(-settling, sweeps):
            for i in range(n):
                taken[i] += sum(self._step(i, float(size[i])) for _ in range(TRIES))
            self.variance = float(self.rest @ self.rest) / float(self.random.chisquare(self.room))
            if turn < 0 and (turn + settling + 1) % TUNED == 0:
                size = np.clip(size * np.where(taken < ACCEPTED * TRIES * TUNED, 0.8, 1.2), *STEPS)
                taken[:] = 0
            if turn >= 0:
                seen[turn] = self.effect
                if turn in keep:
                    found.append(self._finish())
        self.seen = seen
        return found

    def _step(self, i: int, size: float) -> bool:
        """Try another curve for a channel, its effect left open, then draw the effect."""
        new = self.keys[i] + size * self.random.standard_normal(self.keys.shape[1]) * (
            self.random.random(self.keys.shape[1]) < MOVED
        )
        new = np.abs(new)
        new = np.clip(np.where(new > 1, 2 - new, new), 0.0, 1.0)  # back from the bounds
        column = self._make_column(i, new)
        free = self.rest + self.effect[i] * self.columns[i].values
        before, after = self._weigh(self.columns[i].values, free), self._weigh(column.values, free)
        taken = bool(np.log(self.random.random()) < after[2] - before[2])
        if taken:
            self.keys[i], self.columns[i] = new, column
        middle, spread, _ = after if taken else before
        below = float(ndtr(-middle / spread))
        rank = np.clip(below + self.random.random() * (1 - below), 1e-12, 1 - 1e-12)
        self.effect[i] = max(0.0, middle + spread * float(ndtri(rank)))
        self.rest = free - self.effect[i] * self.columns[i].values
        return taken

    def _weigh(self, column: Floats, free: Floats) -> tuple[float, float, float]:
        """Mean and deviation of an effect not yet held at 0 or more, and the curve's likelihood over all effects."""
        size = max(float(column @ column), 1e-300)
        middle, spread = float(column @ free) / size, float(np.sqrt(self.variance / size))
        return middle, spread, 0.5 * (middle / spread) ** 2 + np.log(spread) + float(log_ndtr(middle / spread))

    def _finish(self) -> Fit:
        found = np.array([self._decode(i, keys) for i, keys in enumerate(self.keys)])
        top = self.effect / np.array([one.scale for one in self.columns])
        share, half, shape = found.T
        return Fit(
            share, half, shape, top, np.zeros(self.base.shape[1]), float(self.rest @ self.rest), self.y - self.rest
        )


def _compare_chains(chains: list[Floats]) -> float:
    """R-hat of chains, each cut in two halves."""
    halves = np.array([part for chain in chains for part in np.array_split(chain[: len(chain) // 2 * 2], 2)])
    n = halves.shape[1]
    within = float(halves.var(axis=1, ddof=1).mean())
    between = float(halves.mean(axis=1).var(ddof=1))
    return float(np.sqrt((n - 1) / n + between / within)) if within > 0 else 1.0
