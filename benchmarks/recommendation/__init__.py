"""Recommenders, texts and searches, measured beside peers."""
