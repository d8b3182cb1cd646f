"""The study of sites: where to open next, what that wins, and from whom."""
