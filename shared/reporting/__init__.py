"""Figures in one style and the one-file report."""

from shared.reporting.figures import Figure
from shared.reporting.page import Link, Report
from shared.reporting.run import Run

__all__ = ["Figure", "Link", "Report", "Run"]
