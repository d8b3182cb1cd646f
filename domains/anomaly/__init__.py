"""Anomalies: found, explained, and within the alert budget."""

from domains.anomaly.alerts import Alert, Alerts
from domains.anomaly.classifier import AlertClassifier, Calibration
from domains.anomaly.combined import CombinedDetector
from domains.anomaly.detector import LEAST_ROWS, AnomalyDetector
from domains.anomaly.evidence import ScoreScale, binomial_band
from domains.anomaly.figures import detection_curve, incident_lines, reason_bars
from domains.anomaly.forest import ForestDetector
from domains.anomaly.margins import MarginDetector
from domains.anomaly.mixture import MixtureDetector
from domains.anomaly.neighbours import NeighbourDetector
from domains.anomaly.reasons import Reason
from domains.anomaly.series import Incident, Incidents, SeriesDetector
from domains.anomaly.stream import Drift, StreamDetector
from domains.anomaly.subspace import SubspaceDetector
from domains.anomaly.task import DetectionTask, find_odd

__all__ = [
    "LEAST_ROWS",
    "Alert",
    "AlertClassifier",
    "Alerts",
    "AnomalyDetector",
    "Calibration",
    "CombinedDetector",
    "DetectionTask",
    "Drift",
    "ForestDetector",
    "Incident",
    "Incidents",
    "MarginDetector",
    "MixtureDetector",
    "NeighbourDetector",
    "Reason",
    "ScoreScale",
    "SeriesDetector",
    "StreamDetector",
    "SubspaceDetector",
    "binomial_band",
    "detection_curve",
    "find_odd",
    "incident_lines",
    "reason_bars",
]


def __dir__() -> list[str]:
    return sorted(__all__)
