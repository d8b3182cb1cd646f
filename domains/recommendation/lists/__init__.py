"""Lists: what may be shown, how it is ordered, and what comes out."""
