"""Response curves: what is sold for what is spent, with a threshold and saturation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from shared.checks import as_tuple
from shared.errors import DataError, Problem, Problems, quote
from shared.result import Result
from shared.runtime.array_of import ArrayOf
from shared.text import format_number, listed_name
from shared.typing import Floats

if TYPE_CHECKING:
    from shared.reporting import Figure

__all__ = ["ResponseCurves"]

KINDS = ("hill", "log")


@dataclass(frozen=True, repr=False)
class ResponseCurves(Result):
    """Responses of several channels to spending.

    Attributes
    ----------
    channels : tuple of str
    top : numpy.ndarray of shape (n,)
        Of Hill's curves the response that no spending passes; of logarithms the response to 1.72 times `half`.
    half : numpy.ndarray of shape (n,)
        Spending at which half of the top is reached; above 0.
    shape : numpy.ndarray of shape (n,)
        Hill's exponent; above 1 the curve is an S, with a threshold. Not used by logarithms.
    kind : {"hill", "log"}
        top * x^shape / (half^shape + x^shape), or top * log(1 + x / half).

    Raises
    ------
    DataError
        Values that are no numbers or not above 0, told for every channel.

    >>> curves = ResponseCurves.make(["tv", "web"], top=[100, 50], half=[10, 5], shape=[2, 1])
    >>> curves.value(np.array([10.0, 5.0])).tolist()
    [50.0, 25.0]
    """

    channels: tuple[str, ...]
    top: Floats
    half: Floats
    shape: Floats
    kind: str = "hill"

    @classmethod
    def make(
        cls, channels: Sequence[str], *, top: Any, half: Any, shape: Any = 1.0, kind: str = "hill"
    ) -> ResponseCurves:
        """Check parameters and make curves of them.

        Parameters
        ----------
        channels : sequence of str
        top, half, shape : number or array of shape (n,)
        kind : {"hill", "log"}

        >>> ResponseCurves.make(["tv"], top=1, half=1, kind="log").value(np.array([np.e - 1])).tolist()
        [1.0]
        """
        names = tuple(map(str, as_tuple(channels, "channels")))
        problems = Problems("response curves")
        if kind not in KINDS:
            problems.add(f"kind={kind!r} is none of {quote(KINDS)}")
        if len(set(names)) < len(names) or not names:
            problems.add("channels come twice, or there are none", fix="Give each its own name.")
        arrays = {}
        for what, given in (("top", top), ("half", half), ("shape", shape)):
            try:
                arrays[what] = np.broadcast_to(np.asarray(given, dtype=float), len(names)).copy()
            except (ValueError, TypeError):
                problems.add(f"{what} does not have one number a channel", fix=f"Give {len(names)}.")
                continue
            least = 0.0 if what == "top" else 1e-300
            bad = ~(np.isfinite(arrays[what]) & (arrays[what] >= least))
            if bad.any():
                where = quote(names[i] for i in np.flatnonzero(bad))
                word = "at least 0" if what == "top" else "above 0"
                problems.add(f"{what} of {where} is no number {word}", count=int(bad.sum()), fix="Correct it.")
        problems.raise_if_any()
        return cls(names, arrays["top"], arrays["half"], arrays["shape"], kind)

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of the arrays of all curves; checked when a model is loaded."""
        one = ArrayOf("f", (len(self.channels),), low=0, finite=True)
        if self.kind not in KINDS:
            raise ValueError(f"there is no kind {self.kind!r}")
        return {"top": one, "half": one, "shape": one}

    def __len__(self) -> int:
        return len(self.channels)

    def value(self, spend: ArrayLike) -> Floats:
        """Response to spending.

        Parameters
        ----------
        spend : array of shape (n,) or (m, n)
            At least 0.
        """
        x = np.asarray(spend, dtype=float)
        if self.kind == "log":
            return np.asarray(self.top * np.log1p(x / self.half))
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray(self.top / (1.0 + (self.half / x) ** self.shape))

    def slope(self, spend: ArrayLike) -> Floats:
        """Response to one unit of money more.

        Parameters
        ----------
        spend : array of shape (n,) or (m, n)
        """
        x = np.asarray(spend, dtype=float)
        if self.kind == "log":
            return np.asarray(self.top / (self.half + x))
        a = self.shape
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            # Either power may overflow, and the slope is 0 then.
            found = self.top * a / (x * (1.0 + (x / self.half) ** a) * (1.0 + (self.half / x) ** a))
        at_nothing = np.where(a > 1, 0.0, np.where(a == 1, self.top / self.half, np.inf))
        return np.asarray(np.where(x <= 0, at_nothing, found))

    @property
    def inflection(self) -> Floats:
        """Spending up to which the next unit brings more than the last; 0 where there is no threshold."""
        if self.kind == "log":
            return np.zeros(len(self))
        a = np.maximum(self.shape, 1.0)
        return np.asarray(self.half * ((a - 1.0) / (a + 1.0)) ** (1.0 / a))

    def take(self, places: Any) -> ResponseCurves:
        """Some of the channels.

        Parameters
        ----------
        places : array of int
        """
        chosen = [self.channels[int(i)] for i in places]
        return ResponseCurves(tuple(chosen), self.top[places], self.half[places], self.shape[places], self.kind)

    def to_frame(self) -> pd.DataFrame:
        """Parameters, a row a channel."""
        index = pd.Index(self.channels, name="channel")
        return pd.DataFrame({"top": self.top, "half": self.half, "shape": self.shape}, index=index)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, kind: str = "hill") -> ResponseCurves:
        """Take them from a table as `to_frame` gives it.

        Parameters
        ----------
        frame : pandas.DataFrame
            Channels as index, or in its first column where the index holds numbers and that column none.
        kind : {"hill", "log"}

        >>> curves = ResponseCurves.make(["tv"], top=1, half=2)
        >>> ResponseCurves.from_frame(curves.to_frame()).half.tolist()
        [2.0]
        """
        numbered = pd.api.types.is_numeric_dtype(frame.index) and len(frame.columns) > 0
        named = numbered and not pd.api.types.is_numeric_dtype(frame.iloc[:, 0])
        # Rows that were picked from a sheet keep its numbers as their index.
        first = named or (numbered and frame.columns[0] not in {"top", "half", "shape"} and not frame.index.name)
        table = frame.set_index(frame.columns[0]) if first else frame
        lost = [name for name in ("top", "half") if name not in table.columns]
        if lost:
            raise DataError("response curves", [Problem(f"there is no column {quote(lost)}", fix="Add it.")])
        shape = table["shape"] if "shape" in table.columns else 1.0
        return cls.make(list(table.index), top=table["top"], half=table["half"], shape=shape, kind=kind)

    def explain(self) -> str:
        """Say which channels have a threshold, and where they saturate."""
        bent = [name for name, at in zip(self.channels, self.inflection, strict=True) if at > 0]
        told = f"{len(bent)} of {len(self)} channels have a threshold" if bent else "No channel has a threshold"
        if self.kind == "log":
            return f"{told}; responses grow by the logarithm of spending."
        steep = [
            f"{listed_name(name)} at {format_number(at)}" for name, at in zip(self.channels, self.half, strict=True)
        ][:3]
        return f"{told}; half of what can be reached is reached with: {', '.join(steep)}."

    def plot(self) -> Figure:
        """Draw the first five curves up to three times their half."""
        from shared.reporting.charts import line_figure

        x = np.linspace(0, 3 * float(self.half[:5].max()), 121)
        lines: dict[str, tuple[Any, Any]] = {
            name: (x, self.take(np.array([i])).value(x[:, None])[:, 0]) for i, name in enumerate(self.channels[:5])
        }
        return line_figure(
            lines, x_label="spent", y_label="response", alt="Lines: response of channels to spending.",
            caption="Response to spending.",
        )  # fmt: skip
