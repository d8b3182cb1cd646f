"""Budgets: response curves, and the split of money that is proven best."""
