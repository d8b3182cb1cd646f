"""Models of what users did."""
