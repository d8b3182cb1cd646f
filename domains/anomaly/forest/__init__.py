"""Forests that isolate rows."""

from domains.anomaly.forest.detector import ForestDetector

__all__ = ["ForestDetector"]
