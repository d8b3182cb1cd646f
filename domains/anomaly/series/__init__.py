"""Anomalies in series: values, stretches and standstills unlike all others."""

from domains.anomaly.series.detector import SeriesDetector
from domains.anomaly.series.incidents import Incident, Incidents

__all__ = ["Incident", "Incidents", "SeriesDetector"]
