"""Permutation importance: how much larger the error gets when a group of features is shuffled, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.reporting.figures import Figure


import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shared.checks import check_level
from shared.errors import HexadError, SettingsError, quote
from shared.evaluation.explain.designs import Design, designs_of, groups_of
from shared.result import Result
from shared.text import join_names, listed_name
from shared.typing import Floats

__all__ = ["Importance", "permutation_importance"]

LOSSES: dict[str, Callable[[Any, Any], Floats]] = {
    "absolute": lambda y, p: np.abs(np.asarray(y, dtype=float) - np.asarray(p, dtype=float)),
    "squared": lambda y, p: (np.asarray(y, dtype=float) - np.asarray(p, dtype=float)) ** 2,
    "zero_one": lambda y, p: (np.asarray(y) != np.asarray(p)).astype(float),
}
# Bootstrap rounds: the ends of a 95 % interval then rest on some twelve draws each.
DRAWS = 500


@dataclass(frozen=True, repr=False)
class Importance(Result):
    """Importance of groups of features, over all steps and step by step.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``group, increase, lower, upper``, the most important first: growth of the mean loss, as a fraction, when the
        group is shuffled, with its interval.
    steps : pandas.DataFrame
        The same with a column ``step``, as fractions of the mean loss over all steps, so that steps can be compared;
        empty where there is one step.
    rows : int
        Rows it was measured on.
    level : float
        Nominal coverage of the intervals, in percent.
    seen : bool, optional
        Whether the model had learnt from these rows; None where nobody says.
    unit : str
        What a row is called.

    >>> frame = pd.DataFrame({"group": ["age"], "increase": [0.5], "lower": [0.4], "upper": [0.6]})
    >>> Importance(frame, frame[:0], 100).explain()
    'Shuffling age makes the error 50 % larger (40 to 60). Measured on 100 rows; ranges are 95 % intervals.'
    """

    frame: pd.DataFrame
    steps: pd.DataFrame
    rows: int
    level: float = 95.0
    seen: bool | None = None
    unit: str = "rows"

    def to_frame(self) -> pd.DataFrame:
        """Return one row a group, the most important first."""
        return self.frame.copy()

    def by_step(self) -> pd.DataFrame:
        """Growth of the error, as a fraction of that over all steps: one row a group, one column a step."""
        if self.steps.empty:
            return self.frame.set_index("group")[["increase"]]
        wide = self.steps.pivot(index="group", columns="step", values="increase")
        return wide.loc[self.frame["group"], list(dict.fromkeys(self.steps["step"]))]

    def explain(self) -> str:
        """Say what matters most, what cannot be told from nothing, and how it changes over the horizon."""
        parts: list[str] = []
        for group, growth, low, high in self.frame.head(3).itertuples(index=False, name=None):
            if low > 0:
                larger = f"makes the error {_percent(growth)} % larger" if not parts else f"{_percent(growth)} %"
                parts.append(f"{listed_name(group)} {larger} ({_percent(low)} to {_percent(high)})")
        text = f"Shuffling {', '.join(parts)}." if parts else "No group makes the error larger when it is shuffled."
        lost = [str(group) for group, low in zip(self.frame["group"], self.frame["lower"], strict=True) if low <= 0]
        if lost and parts:
            shown = f"{join_names(lost[:5], ', ')} and {len(lost) - 5} more" if len(lost) > 5 else join_names(lost)
            text += f" No use can be seen in {shown}."
        learnt = {True: " that the model had learnt from", False: " that the model had not learnt from", None: ""}
        text += f" Measured on {self.rows:,} {self.unit}{learnt[self.seen]}; ranges are {self.level:g} % intervals."
        return text + self._over_steps()

    def _over_steps(self) -> str:
        """How the most important groups change from the first step to the last."""
        wide = self.by_step()
        if wide.shape[1] < 2:
            return ""
        first, last = wide.columns[0], wide.columns[-1]
        parts = [
            f"{group} from {_percent(wide.loc[group, first])} % at {first} to {_percent(wide.loc[group, last])} % at"
            f" {last}"
            for group in wide.index[:3]
        ]
        return f" Over the horizon their worth changes (in % of the mean error): {', '.join(parts)}."

    def preview(self) -> pd.DataFrame:
        """Return what a notebook shows: its table, rounded."""
        return self.frame.round(3).head(10)

    def count_rows(self) -> int:
        """Count the rows of its table."""
        return len(self.frame)

    def plot(self) -> Figure:
        """Draw the groups as bars with intervals."""
        from shared.reporting.charts import bar_figure

        values = dict(zip(self.frame["group"].tolist(), (100 * self.frame["increase"]).tolist(), strict=True))
        return bar_figure(
            values,
            lower=(100 * self.frame["lower"]).tolist(),
            upper=(100 * self.frame["upper"]).tolist(),
            x_label="growth of the error when shuffled, %",
            title="What the error grows by without each group of inputs",
            alt="Importance of groups of features, the most important on top.",
            caption=(
                "Each group of features is shuffled over the rows; what the error grows by is its worth. Thin lines"
                f" are {self.level:g} % intervals. Groups that say the same can stand in for each other, so the bars do"
                " not add up."
            ),
        )

    def plot_steps(self) -> Figure:
        """Draw how the worth of each group changes over the horizon."""
        from shared.reporting.charts import line_figure

        wide = 100 * self.by_step()
        found = [re.search(r"\d+(\.\d+)?", str(name)) for name in wide.columns]
        places = [float(one.group()) if one else float(place) for place, one in enumerate(found, 1)]
        unit = str(wide.columns[0]).replace(found[0].group(), "").strip() if found[0] else "step"
        shown = list(wide.index[:3])
        return line_figure(
            {str(group): (places, wide.loc[group].to_numpy()) for group in shown},
            x_label=f"{unit} ahead".replace("ahead ahead", "ahead"),
            y_label="growth of the error, % of the mean error",
            title="The same, step by step",
            alt="Importance of groups of features by step of the horizon.",
            caption="What a group is worth near the origin and far from it.",
        )


def _percent(share: Any) -> str:
    return f"{100 * float(share):,.0f}" if abs(float(share)) >= 0.01 else f"{100 * float(share):.2g}"


def permutation_importance(
    model: object,
    X: object = None,
    y: object = None,
    *,
    groups: object = "correlated",
    loss: str | Callable[[Any, Any], Any] = "absolute",
    rounds: int = 10,
    level: float = 95.0,
    random_state: int = 0,
    seen: bool | None = None,
    unit: str = "rows",
) -> Importance:
    """Measure how much each group of features matters to a fitted model.

    Parameters
    ----------
    model : fitted model, function of X, Design or sequence of Design
        What is explained. Several designs are the steps of a horizon.
    X : frame or array of shape (n_rows, n_features), optional
        Rows to measure on, in the order of time where they have one; best such that the model has not learnt from.
    y : array of shape (n_rows,), optional
        What came.
    groups : None, "correlated" or dict of str to features
        Features that are shuffled together: each alone, those with a rank correlation of at least 0.8, or as given.
    loss : {"absolute", "squared", "zero_one"} or callable
        Loss of each row, as ``loss(y, predicted) -> array``.
    rounds : int
        Shuffles.
    level : float
        Nominal coverage of the intervals, in percent.
    random_state : int
        Seed.
    seen : bool, optional
        Whether the model learnt from these rows, for the sentence.
    unit : str
        What a row is called, for the sentence.

    Returns
    -------
    Importance
        Intervals cover the chance in the rows (blocks of neighbours drawn anew) and in the shuffles.

    Raises
    ------
    HexadError, SettingsError
        Nothing to measure on, an unknown feature or loss, or a model without any error.

    Notes
    -----
    Source: Breiman (2001), Machine Learning 45(1), section 10; for groups Strobl et al. (2008), BMC Bioinformatics
    9:307. Blocks as in Künsch (1989), Annals of Statistics 17(3).

    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(200, 2)), columns=["used", "idle"])
    >>> found = permutation_importance(lambda X: X["used"], X, X["used"] + 0.1 * rng.normal(size=200))
    >>> found.frame["group"].tolist(), bool(found.frame["lower"].iloc[0] > 1)
    (['used', 'idle'], True)
    """
    designs = designs_of(model, X, y)
    if rounds < 1:
        raise SettingsError(f"rounds={rounds}: at least one shuffle is needed")
    check_level(level)
    if isinstance(loss, str) and loss not in LOSSES:
        raise SettingsError(f"there is no loss {loss!r}; there are {', '.join(LOSSES)}, or a function")
    row_loss = LOSSES[loss] if isinstance(loss, str) else loss
    if any(design.y is None for design in designs):
        raise HexadError("importance is measured by the error: give what came, y=")
    labels = [design.label for design in designs if design.label]
    if twice := {label for label in labels if labels.count(label) > 1}:
        raise HexadError(f"two steps are called {quote(sorted(twice))}; give each a label of its own")
    together = groups_of(designs[0], groups)
    rng = np.random.default_rng(random_state)
    names, places = _row_places(designs)
    base = np.zeros((len(designs), len(names)))
    growth = {group: np.zeros((len(designs), rounds, len(names))) for group in together}
    for step, (design, mine) in enumerate(zip(designs, places, strict=True)):
        before = _losses(row_loss, design, design.X)
        base[step, mine] = before
        orders = [rng.permutation(len(design)) for _ in range(rounds)]
        for group, columns in together.items():
            for number, order in enumerate(orders):
                after = _losses(row_loss, design, design.with_columns(columns, order))
                growth[group][step, number, mine] = after - before
    if base.sum() <= 0:
        raise HexadError("the model has no error on these rows, so nothing can be said by how much it would grow")
    draws = _draws(len(names), rounds, rng)
    overall = [(group, *_summary(one.sum(axis=0), base.sum(axis=0), draws, level)) for group, one in growth.items()]
    frame = pd.DataFrame(overall, columns=["group", "increase", "lower", "upper"])
    frame = frame.sort_values("increase", ascending=False, kind="stable").reset_index(drop=True)
    rows = [
        (
            group,
            design.label or f"step {step + 1}",
            *_scale_to(_summary(one[step], base[step], draws, level), base, step, places),
        )
        for step, design in enumerate(designs)
        for group, one in growth.items()
        if len(designs) > 1
    ]
    steps = pd.DataFrame(rows, columns=["group", "step", "increase", "lower", "upper"])
    return Importance(frame, steps, len(names), level, seen, unit)


def _losses(row_loss: Callable[[Any, Any], Any], design: Design, X: object) -> Floats:
    """Loss of each row.

    Raises
    ------
    HexadError
        The losses are no numbers, or not one a row.
    """
    answer = np.asarray(design.predict(X))
    if answer.shape == (len(design), 1):
        answer = answer[:, 0]
    try:
        losses = np.asarray(row_loss(design.y, answer), dtype=float)
    except (TypeError, ValueError) as error:
        raise HexadError(
            f"the loss of these answers cannot be worked out ({error}); choose loss='zero_one', or a function, for them"
        ) from error
    if losses.shape != (len(design),):
        raise HexadError(
            f"the loss has the shape {losses.shape}, but there are {len(design):,} rows: give one number a row"
        )
    odd = int((~np.isfinite(losses)).sum())
    if odd:
        raise HexadError(f"the losses of {odd:,} rows are no numbers: look for missing values in y= and in the answers")
    return losses


def _row_places(designs: Sequence[Design]) -> tuple[Any, list[Any]]:
    """Names of all rows, and for each design the places of its rows among them."""
    given = [np.arange(len(design)) if design.rows is None else np.asarray(design.rows) for design in designs]
    names = np.unique(np.concatenate(given))
    return names, [np.searchsorted(names, one) for one in given]


def _scale_to(
    found: tuple[float, float, float], base: Floats, step: int, places: Sequence[Any]
) -> tuple[float, float, float]:
    """Growth at a step as a fraction of the mean loss a row over all steps, so that steps can be compared."""
    per_row = base[step].sum() / len(places[step])
    overall = base.sum() / sum(len(one) for one in places)
    return found[0] * per_row / overall, found[1] * per_row / overall, found[2] * per_row / overall


def _draws(n: int, rounds: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Rows drawn anew in blocks of neighbours of about the cube root of n, and shuffles drawn anew, as counts."""
    length = max(1, round(n ** (1 / 3)))
    starts = rng.integers(0, n, size=(DRAWS, -(-n // length)))
    rows = ((starts[:, :, None] + np.arange(length)) % n).reshape(DRAWS, -1)[:, :n]
    counts = np.zeros((DRAWS, n))
    np.add.at(counts, (np.arange(DRAWS)[:, None], rows), 1.0)
    return counts, rng.multinomial(rounds, np.full(rounds, 1 / rounds), size=DRAWS) / rounds


def _summary(growth: Floats, base: Floats, draws: tuple[Any, Any], level: float) -> tuple[float, float, float]:
    """Mean growth as a fraction of the mean loss, with its interval; `growth` has the shape (rounds, n)."""
    counts, shuffles = draws
    whole = counts @ base
    totals = np.einsum("dr,dr->d", counts @ growth.T, shuffles)
    ratios = totals[whole > 0] / whole[whole > 0]
    tail = (100 - level) / 2
    low, high = np.percentile(ratios, [tail, 100 - tail]) if len(ratios) else (np.nan, np.nan)
    mean = growth.sum() / len(growth) / base.sum() if base.sum() > 0 else np.nan
    return float(mean), float(low), float(high)
