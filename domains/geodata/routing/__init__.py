"""Routes of vehicles on street costs: capacity, time windows, working days."""
