"""Detectors of anomalies, measured."""
