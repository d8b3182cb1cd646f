"""What a person has looked at and found to be nothing, and what is like it."""

from __future__ import annotations

from dataclasses import dataclass

from domains.anomaly.reasons import Reason

__all__ = ["Dismissals"]

# Part of the evidence from which a column has to be among the reasons of what was dismissed.
HEAVY = 0.25
# A value somewhat farther off than the one that was dismissed is still like it.
FARTHER = 1.1


@dataclass(frozen=True)
class Dismissals:
    """Rows that were dismissed, by their reasons.

    Attributes
    ----------
    reasons : tuple of tuple of Reason
        Of each row.

    >>> large = Reason("amount", 900.0, 40.0, 10.0, 90.0, 0.9, "amount is 900")
    >>> said = Dismissals(((large,),))
    >>> other = Reason("amount", 5000.0, 40.0, 10.0, 90.0, 0.9, "amount is 5,000")
    >>> said.cover((large,)), said.cover((other,))
    (True, False)
    """

    reasons: tuple[tuple[Reason, ...], ...]

    def cover(self, reasons: tuple[Reason, ...]) -> bool:
        """Whether a row is like one that was dismissed: odd for no other reason, and in nothing farther off.

        Parameters
        ----------
        reasons : tuple of Reason
        """
        heavy = [reasons[0], *(one for one in reasons[1:] if one.share >= HEAVY)]
        return any(all(any(_is_like(one, said) for said in row) for one in heavy) for row in self.reasons)


def _is_like(one: Reason, said: Reason) -> bool:
    """Whether a column's value lies on the same side of what is usual, no farther off; or is the same text or gap."""
    if one.column != said.column:
        return False
    if (
        isinstance(one.value, float)
        and isinstance(said.value, float)
        and one.usual is not None
        and said.usual is not None
    ):
        gap, other = one.value - one.usual, said.value - said.usual
        return gap * other > 0 and abs(gap) <= FARTHER * abs(other)
    return one.value == said.value or (one.value is not None and one.text == said.text)
