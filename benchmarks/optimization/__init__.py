"""Portfolios, budgets and searches, measured beside peers."""
