"""What is raised where a search finds more than can be kept."""

from __future__ import annotations

from shared.errors import HexadError

__all__ = ["TooManyError"]


class TooManyError(HexadError):
    """There are more itemsets or rules than were asked for at most.

    >>> raise TooManyError("there are more than 10 rules")
    Traceback (most recent call last):
    ...
    domains.basket.errors.TooManyError: there are more than 10 rules
    """
