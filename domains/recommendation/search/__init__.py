"""Search in texts."""
