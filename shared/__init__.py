"""What all domains stand on: data, evaluation, reporting and runtime. It knows no domain."""

HEXAD_MARKER = "hexad"
"""Tells `domains` that this `shared` is Hexad's own and not a folder of the same name beside a script."""
