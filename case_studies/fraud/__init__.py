"""Card payments: which to look at, why, and what that saves."""
