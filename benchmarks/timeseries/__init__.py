"""Forecasting, measured: M4, bundled sets of every frequency, and the peers' speed."""
