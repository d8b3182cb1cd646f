"""Texts as vectors, sorted into topics and classes."""
