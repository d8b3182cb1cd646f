"""The parts of the demand study: its settings, its models, its trials, the chapters of its report, and its forecast."""

from case_studies.demand_parts import ahead, chapters
from case_studies.demand_parts.models import COLUMNS, KNOWN, MODEL, baselines, lag_model
from case_studies.demand_parts.settings import DemandSettings
from case_studies.demand_parts.trials import Trials

__all__ = ["COLUMNS", "KNOWN", "MODEL", "DemandSettings", "Trials", "ahead", "baselines", "chapters", "lag_model"]
