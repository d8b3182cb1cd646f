"""Figures in one style, claims with their sources, and the one-file report."""

from shared.reporting.claims import Claim, Evidence, Number, Said, given
from shared.reporting.figures import Figure
from shared.reporting.page import Link, Report
from shared.reporting.run import Run
from shared.reporting.table import Table

__all__ = ["Claim", "Evidence", "Figure", "Link", "Number", "Report", "Run", "Said", "Table", "given"]
