"""Odd rows of any table: which to look at, why, and how many of them pay."""
