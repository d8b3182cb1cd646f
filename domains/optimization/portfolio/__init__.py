"""Portfolios: moments, limits, allocators, frontiers, orders and backtests."""
