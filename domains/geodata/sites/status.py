"""What is said of a site beforehand."""

from __future__ import annotations

__all__ = ["FREE", "OPEN", "SHUT"]

FREE, OPEN, SHUT = 0, 1, 2  # to be decided; open for good; shut for good
